"""Time course of the transmitter in the cleft."""

from brian2 import mM, ms

from brian2_nmda.equations.sources import BRAINPY
from brian2_nmda.symbolic.kinds import Release
from brian2_nmda.symbolic.part import Parameter, Pulse


class TransmitterPulse(Release):
    r"""A square pulse of transmitter at each presynaptic spike.

    The concentration is ``peak`` for exactly ``duration`` after a spike and 0 otherwise. A later
    spike prolongs the pulse; pulses never add, because the peak is saturating release of one
    vesicle. One pulse is shared by all receptors of the synapse.

    References
    ----------
    BrainPy's ``BioNMDA`` (its docstring says 1 ms, its code 0.5 ms; here the code counts).
    """

    peak = Parameter(1 * mM, "transmitter concentration during the pulse", source=BRAINPY,
                     sign="nonnegative")  # fmt: skip
    duration = Parameter(0.5 * ms, "duration of the pulse", source=BRAINPY)

    concentration = Pulse(peak, duration)
