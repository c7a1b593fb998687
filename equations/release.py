"""Time course of the transmitter in the cleft."""

from collections.abc import Mapping
from typing import ClassVar

from brian2 import mM, ms, nmolar
from sympy import Heaviside

from brian2_nmda.equations.sources import BRAINPY, DESTEXHE_NMDA, FUHRMANN, HERMAN_JAHR
from brian2_nmda.symbolic.kinds import Release
from brian2_nmda.symbolic.part import Parameter, Preset, Pulse, define, rand, states


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

    presets: ClassVar[Mapping[str, Preset]] = {
        "BrainPy": Preset(BRAINPY, {"peak": 1 * mM, "duration": 0.5 * ms}),
        "Destexhe 1998": Preset(DESTEXHE_NMDA, {"peak": 1 * mM, "duration": 1 * ms}),
    }
    summary = "square pulse of transmitter at each spike"


class TsodyksMarkram(TransmitterPulse):
    r"""Release with facilitation and depression, on average over many sites.

    .. math::

        \dot u = -u/\tau_f, \quad u \to u + U (1 - u) \qquad
        \dot R = (1 - R)/\tau_d, \quad R \to R (1 - u)

    A spike sends the fraction ``u R`` (after the jump of ``u``, before that of ``R``) of a full release
    into the cleft that all receptors share: the height of the pulse is ``u R peak``, and receptors that
    jump at spikes jump by ``u R``. That the concentration is proportional to the amount is a choice of
    this package.

    References
    ----------
    Tsodyks MV, Markram H (1997). PNAS 94:719. doi:10.1073/pnas.94.2.719

    Fuhrmann G et al. (2002). J Neurophysiol 87:140. doi:10.1152/jn.00258.2001
    """

    U = Parameter(0.5, "utilisation of a rested synapse", source=FUHRMANN, sign="fraction")
    tau_f = Parameter(10 * ms, "decay of facilitation", source=FUHRMANN)
    tau_d = Parameter(100 * ms, "recovery from depression", source=FUHRMANN)

    u, emitted = states("u emitted", within=(0, 1))
    R = states("R", within=(0, 1), initial=1, meaning="fraction of vesicles available")
    du = -u / tau_f
    dR = (1 - R) / tau_d
    demitted = 0
    on_spike = {u: u + U * (1 - u), emitted: u * R, R: R - emitted}
    amount = emitted
    concentration = Pulse(TransmitterPulse.peak * emitted, TransmitterPulse.duration, emitted)

    presets: ClassVar[Mapping[str, Preset]] = {}
    summary = "short-term facilitation and depression, deterministic"


class StochasticRelease(TransmitterPulse):
    r"""Release of at most one vesicle, by chance: one draw per spike for all receptors of the synapse.

    ``u`` facilitates as in `TsodyksMarkram`; the one vesicle of a site is refilled with the rate
    ``1/tau_d``. ``p`` is the probability that it is there, given what was seen of this synapse before:
    a spike releases it with probability ``u p``; after a release ``p`` is 0, after a failure
    ``p (1 - u)/(1 - u p)``. Every synapse draws for itself, so release and receptors live on the synapse.
    """

    U = Parameter(0.5, "utilisation of a rested synapse", source=FUHRMANN, sign="fraction")
    tau_f = Parameter(10 * ms, "decay of facilitation", source=FUHRMANN)
    tau_d = Parameter(100 * ms, "mean time to refill the site", source=FUHRMANN)

    u, emitted = states("u emitted", within=(0, 1))
    p = states("p", within=(0, 1), initial=1, meaning="probability that the site is filled")
    du = -u / tau_f
    dp = (1 - p) / tau_d
    demitted = 0
    on_spike = {
        u: u + U * (1 - u),
        emitted: Heaviside(u * p - rand()),
        p: (1 - emitted) * p * (1 - u) / (1 - u * p + emitted),
    }
    amount = emitted
    concentration = Pulse(TransmitterPulse.peak, TransmitterPulse.duration, emitted)

    presets: ClassVar[Mapping[str, Preset]] = {}
    summary = "one vesicle per synapse, released by chance"


class AmbientTransmitter(TransmitterPulse):
    r"""The pulse of `TransmitterPulse` above a level that is always there.

    .. math:: [T] = [T]_{pulse} + [T]_{ambient}

    Receptors are driven without spikes, tonically, and schemes start in equilibrium with the level; others
    reach it within their time constants. The level may be a `TimedArray` (an inhibitor of uptake that is
    washed in). As nothing is at rest without spikes, no conductance is sent at spikes: all is stepped.

    The default was measured in slices, where most reports are between 25 and 90 nM.

    References
    ----------
    Herman MA, Jahr CE (2007). Extracellular glutamate concentration in hippocampal slice. J Neurosci
    27:9736. doi:10.1523/JNEUROSCI.3009-07.2007
    """

    ambient = Parameter(25 * nmolar, "transmitter that is always there", source=HERMAN_JAHR,
                        sign="nonnegative")  # fmt: skip

    pulse = define(Pulse(TransmitterPulse.peak, TransmitterPulse.duration), unit=mM, meaning="of the spikes")
    concentration = pulse + ambient

    relaxes = "a tonic level drives receptors from the start on"
    presets: ClassVar[Mapping[str, Preset]] = {}
    summary = "square pulse of transmitter above a tonic level"
