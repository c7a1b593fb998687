"""LTP by high and LTD by low frequency, pairing at 0 mV, and their block by D-AP5."""

from brian2_nmda.protocols.landmarks import ltp_ltd_antagonist

found = ltp_ltd_antagonist.landmark()
print(found)
ltp_ltd_antagonist.draw(found).savefig("ltp_ltd_antagonist.png", dpi=120)
