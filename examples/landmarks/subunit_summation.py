"""GluN2B sums more than GluN2A: responses to a train at 20 Hz and decays after one spike, at 35 degC."""

from brian2_nmda.protocols.landmarks import subunit_summation

found = subunit_summation.landmark()
print(found)
subunit_summation.draw(found).savefig("subunit_summation.png", dpi=120)
