"""A number of receptors that outlives them: bistable CaMKII and turnover (Graupner & Brunel 2007)."""

from brian2_nmda.protocols.landmarks import bistable_receptors

found = bistable_receptors.landmark()
print(found)
bistable_receptors.draw(found).savefig("bistable_receptors.png", dpi=120)
