"""GABA-A receptors, which share the machinery of the glutamate receptors and have a reversal potential of
their own.

Inhibitory neurons get a model of their own, so that the transmitter of its cleft is theirs;
``post_equations(excitatory, inhibitory)`` puts both on one target. The conductance with one exponential is
`ExponentialGABA`, beside its excitatory twin.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from brian2 import mM, ms, mV, nS, psiemens, umolar

from brian2_nmda.equations.receptors import TwoExponentialAMPA
from brian2_nmda.equations.sources import BLUE_BRAIN_GABA, DESTEXHE_GABA, DESTEXHE_GABA5, HT_NEURON
from brian2_nmda.symbolic.kinds import Receptor
from brian2_nmda.symbolic.part import Parameter, Preset, Reaction, T, occupancies, states


class FirstOrderGABA(Receptor):
    r"""First-order GABA-A receptor kinetics driven by the transmitter pulse.

    .. math:: \dot g = \alpha [T] (1 - g) - \beta g

    Use it with ``TransmitterPulse.preset('Destexhe 1998')``: one pulse opens 96 % of the receptors, which
    close with 5.6 ms.

    References
    ----------
    Destexhe A, Mainen ZF, Sejnowski TJ (1998). Kinetic models of synaptic transmission. In: Methods in
    Neuronal Modeling, 2nd ed., MIT Press, pp. 1-25.
    """

    alpha = Parameter(5 / (mM * ms), "binding rate", source=DESTEXHE_GABA, sign="nonnegative")
    beta = Parameter(0.18 / ms, "unbinding rate", source=DESTEXHE_GABA)
    gmax = Parameter(1 * nS, "maximal conductance", status="assumed", sign="nonnegative",
                     source="some 40 channels of 25 pS; networks set it")  # fmt: skip
    E = Parameter(-80 * mV, "reversal potential", source=DESTEXHE_GABA, sign="real")

    g = states("g", within=(0, 1))
    dg = alpha * T * (1 - g) - beta * g
    activation = g

    default_label = "GABA"
    summary = "first-order GABA-A kinetics (Destexhe)"


class TwoExponentialGABA(TwoExponentialAMPA):
    """Linear GABA-A conductance with exponential rise and decay, peak-normalised; see `TwoExponentialNMDA`.

    References
    ----------
    Hill S, Tononi G (2005). J Neurophysiol 93:1671. doi:10.1152/jn.00915.2004
    """

    tau_rise = Parameter(1 * ms, "rise time constant", source=HT_NEURON)
    tau_decay = Parameter(7 * ms, "decay time constant", source=HT_NEURON)
    gmax = Parameter(1 * nS, "peak conductance of one spike", status="assumed", sign="nonnegative",
                     source="some 40 channels of 25 pS; networks set it")  # fmt: skip
    E = Parameter(-70 * mV, "reversal potential", source=HT_NEURON, sign="real")

    presets: ClassVar[Mapping[str, Preset]] = {
        "Hill & Tononi 2005": Preset(
            HT_NEURON, {"tau_rise": 1 * ms, "tau_decay": 7 * ms, "E": -70 * mV}
        ),
        "Blue Brain": Preset(
            BLUE_BRAIN_GABA, {"tau_rise": 0.2 * ms, "tau_decay": 8 * ms, "E": -80 * mV}
        ),
    }  # fmt: skip
    default_label = "GABA"
    summary = "linear two-exponential GABA-A conductance; two presets"


def _rates(kf1: float, kf2: float, kb1: float, kb2: float, **per_ms: float) -> dict[str, Any]:
    """Binding per micromolar and ms, all else per ms, as the file has them."""
    binding = {"kf1": kf1 / (umolar * ms), "kf2": kf2 / (umolar * ms)}
    return {**binding, **{n: x / ms for n, x in {"kb1": kb1, "kb2": kb2, **per_ms}.items()}}


class FiveStateGABA(Receptor):
    r"""Five-state scheme of Busch & Sakmann (1990) for GABA-A receptors: open with one ligand or with two.

    ``C0 - C1 - C2`` bind GABA; ``C1 - O1`` and ``C2 - O2`` open, and both open states conduct alike. The
    factors of the two equal sites are in the rates (``kf1 = 2 kf2``, ``kb2 = 2 kb1``). The default was
    fitted by Destexhe et al. to currents in hippocampal slices; the other set is the original one.

    References
    ----------
    Destexhe A, Mainen ZF, Sejnowski TJ (1998). Kinetic models of synaptic transmission. In: Methods in
    Neuronal Modeling, 2nd ed., MIT Press, pp. 1-25.
    """

    kf1 = Parameter(0.02 / (umolar * ms), "binding of the first", source=DESTEXHE_GABA5)
    kf2 = Parameter(0.01 / (umolar * ms), "binding of the second", source=DESTEXHE_GABA5)
    kb1 = Parameter(4.6 / ms, "unbinding of the first", source=DESTEXHE_GABA5)
    kb2 = Parameter(9.2 / ms, "unbinding of the second", source=DESTEXHE_GABA5)
    a1 = Parameter(3.3 / ms, "opening with one", source=DESTEXHE_GABA5)
    b1 = Parameter(9.8 / ms, "closing with one", source=DESTEXHE_GABA5)
    a2 = Parameter(10.6 / ms, "opening with two", source=DESTEXHE_GABA5)
    b2 = Parameter(0.41 / ms, "closing with two", source=DESTEXHE_GABA5)
    gmax = Parameter(500 * psiemens, "maximal conductance", source=DESTEXHE_GABA5, sign="nonnegative")
    E = Parameter(-80 * mV, "reversal potential", source=DESTEXHE_GABA5, sign="real")

    C0, C1, C2, O1, O2 = occupancies("C0 C1 C2 O1 O2")
    reactions = (
        Reaction(C0, C1, kf1 * T, kb1),
        Reaction(C1, C2, kf2 * T, kb2),
        Reaction(C1, O1, a1, b1),
        Reaction(C2, O2, a2, b2),
    )
    activation = O1 + O2

    presets: ClassVar[Mapping[str, Preset]] = {
        "Destexhe 1996": Preset(
            DESTEXHE_GABA5, _rates(0.02, 0.01, 4.6, 9.2, a1=3.3, b1=9.8, a2=10.6, b2=0.41)
        ),
        "Busch & Sakmann 1990": Preset(
            f"{DESTEXHE_GABA5}, comment", _rates(0.2, 0.1, 3, 6, a1=0.7, b1=4, a2=10, b2=0.055)
        ),
    }
    default_label = "GABA"
    summary = "five-state GABA-A scheme with two open states; two rate sets"
