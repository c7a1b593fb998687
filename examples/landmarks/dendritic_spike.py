"""A dendritic NMDA spike: synapses close together make a plateau, spread out they do not (Schiller 2000)."""

from brian2_nmda.protocols.landmarks import dendritic_spike

found = dendritic_spike.landmark()
print(found)
dendritic_spike.draw(found).savefig("dendritic_spike.png", dpi=120)
