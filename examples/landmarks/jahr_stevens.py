"""Current against voltage with and without magnesium (Jahr & Stevens 1990)."""

from brian2_nmda.protocols.landmarks import jahr_stevens

found = jahr_stevens.landmark()
print(found)
jahr_stevens.draw(found).savefig("jahr_stevens.png", dpi=120)
