"""Synaptic scaling restores the firing rate after the input has changed, and keeps the ratios of weights."""

from brian2_nmda.protocols.landmarks import rate_scaling

found = rate_scaling.landmark()
print(found)
rate_scaling.draw(found).savefig("rate_scaling.png", dpi=120)
