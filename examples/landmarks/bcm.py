"""The curve of Bienenstock, Cooper & Munro (1982), and its threshold, which slides with activity."""

from brian2_nmda.protocols.landmarks import bcm

found = bcm.landmark()
print(found)
bcm.draw(found).savefig("bcm.png", dpi=120)
