"""Pairs and triplets of spikes by the triplet rule (Bi & Poo 1998, Sjöström et al. 2001)."""

from brian2_nmda.protocols.landmarks import spike_timing

found = spike_timing.landmark()
print(found)
spike_timing.draw(found).savefig("spike_timing.png", dpi=120)
