"""A silent synapse is unsilenced: no AMPA receptors, then spikes paired with 0 mV (Isaac 1995, Liao 1995)."""

from brian2_nmda.protocols.landmarks import silent_synapse

found = silent_synapse.landmark()
print(found)
silent_synapse.draw(found).savefig("silent_synapse.png", dpi=120)
