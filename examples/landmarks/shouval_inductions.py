"""Pairing with a voltage, frequency and spike timing by one calcium rule (Shouval, Bear & Cooper 2002)."""

from brian2_nmda.protocols.landmarks import shouval_inductions

found = shouval_inductions.landmark()
print(found)
shouval_inductions.draw(found).savefig("shouval_inductions.png", dpi=120)
