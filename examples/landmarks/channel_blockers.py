"""Memantine spares phasic more than tonic activation of NMDA receptors (Xia 2010); ketamine beside it."""

from brian2_nmda.protocols.landmarks import channel_blockers

found = channel_blockers.landmark()
print(found)
channel_blockers.draw(found).savefig("channel_blockers.png", dpi=120)
