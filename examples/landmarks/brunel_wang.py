"""Working memory: a cued population stays active, and not with AMPA in place of NMDA (Brunel & Wang 2001)."""

from brian2_nmda.protocols.landmarks import brunel_wang

found = brunel_wang.landmark()
print(found)
brunel_wang.draw(found).savefig("brunel_wang.png", dpi=120)
