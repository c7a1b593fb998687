"""Block of the open NMDA receptor by extracellular magnesium."""

from brian2 import mM, mV
from sympy import exp

from brian2_nmda.equations.sources import JAHR_STEVENS
from brian2_nmda.symbolic.kinds import Block
from brian2_nmda.symbolic.kinds import NoBlock as NoBlock
from brian2_nmda.symbolic.part import Parameter, v


class JahrStevens(Block):
    r"""Instantaneous block of Jahr and Stevens (1990).

    .. math:: B(v) = \frac{1}{1 + [Mg]/K \; e^{-k v}}

    Half of the open channels conduct at ``ln([Mg]/K)/k``, which is -20.5 mV at 1 mM. ``Mg=0*mM`` is
    allowed and makes the block exactly 1.

    References
    ----------
    Jahr CE, Stevens CF (1990). J Neurosci 10:3178. doi:10.1523/JNEUROSCI.10-09-03178.1990
    """

    Mg = Parameter(1 * mM, "extracellular magnesium", sign="nonnegative", bath=True, status="assumed",
                   source="the usual value of models: github:nest/nest-simulator iaf_bw_2001")  # fmt: skip
    K = Parameter(3.57 * mM, "apparent dissociation constant at 0 mV", source=JAHR_STEVENS)
    k = Parameter(0.062 / mV, "voltage sensitivity", source=JAHR_STEVENS)

    block = 1 / (1 + Mg / K * exp(-k * v))
