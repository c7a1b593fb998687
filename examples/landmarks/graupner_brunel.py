"""Spike-timing curves of all classes from two calcium thresholds, and frequency (Graupner & Brunel 2012)."""

from brian2_nmda.protocols.landmarks import graupner_brunel

found = graupner_brunel.landmark()
print(found)
graupner_brunel.draw(found).savefig("graupner_brunel.png", dpi=120)
