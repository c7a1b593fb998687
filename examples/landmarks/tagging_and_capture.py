"""Tagging and capture, and late LTP lost without protein synthesis (Clopath et al. 2008)."""

from brian2_nmda.protocols.landmarks import tagging_and_capture

found = tagging_and_capture.landmark()
print(found)
tagging_and_capture.draw(found).savefig("tagging_and_capture.png", dpi=120)
