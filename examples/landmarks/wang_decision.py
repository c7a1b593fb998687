"""A decision: one of two populations wins, sooner and rightly where motion is clear (Wang 2002)."""

from brian2_nmda.protocols.landmarks import wang_decision

found = wang_decision.landmark()
print(found)
wang_decision.draw(found).savefig("wang_decision.png", dpi=120)
