"""From an early change, which fades within hours, to a late one that proteins keep."""

from collections.abc import Mapping
from typing import ClassVar

from brian2 import ms, mV, second
from sympy import Abs, Heaviside, sqrt

from brian2_nmda.equations.kinases import KinaseDrivenInsertion
from brian2_nmda.equations.sources import LUBOEINSKI
from brian2_nmda.symbolic.kinds import Plasticity
from brian2_nmda.symbolic.part import (
    Parameter,
    Part,
    Preset,
    Total,
    conductance,
    define,
    g_initial,
    gives,
    needs,
    states,
    xi,
)


class EarlyPhase(Plasticity):
    r"""Early phase of Luboeinski & Tetzlaff (2021): calcium thresholds, and decay within hours.

    .. math::

        \tau_h \dot h = k\,(h_0 - h) + \gamma_p (h_{max} - h) H(c - \theta_p) - \gamma_d\, h\, H(c - \theta_d)
        + \sigma \sqrt{\tau_h \, [H(c-\theta_p) + H(c-\theta_d)]}\; \xi

    ``c`` jumps by ``Cpre`` the time ``D`` after a presynaptic spike arrives and by ``Cpost`` at a
    postsynaptic one. The conductance is that of the receptor times ``h/h_0``. `LatePhase` adds what
    proteins keep.

    References
    ----------
    Luboeinski J, Tetzlaff C (2021). Commun Biol 4:275. doi:10.1038/s42003-021-01778-y
    """

    tau_Ca = Parameter(48.8 * ms, "decay of calcium", source=LUBOEINSKI)
    Cpre = Parameter(1.0, "calcium of a presynaptic spike", source=LUBOEINSKI, sign="nonnegative")
    Cpost = Parameter(0.2758, "calcium of a postsynaptic spike", source=LUBOEINSKI, sign="nonnegative")
    D = Parameter(18.8 * ms, "delay of presynaptic calcium", source=LUBOEINSKI, sign="nonnegative")
    theta_p = Parameter(3.0, "threshold of potentiation", source=LUBOEINSKI)
    theta_d = Parameter(1.2, "threshold of depression", source=LUBOEINSKI)
    gamma_p = Parameter(1645.6, "strength of potentiation", source=LUBOEINSKI, sign="nonnegative")
    gamma_d = Parameter(313.1, "strength of depression", source=LUBOEINSKI, sign="nonnegative")
    sigma = Parameter(2.90436 * mV, "amplitude of the noise", source=LUBOEINSKI, sign="nonnegative")
    tau_h = Parameter(688.4 * second, "time constant of the early phase", source=LUBOEINSKI)
    k = Parameter(0.1, "strength of the decay", source=LUBOEINSKI, sign="nonnegative")
    h_0 = Parameter(4.20075 * mV, "weight at rest", source=LUBOEINSKI)
    h_max = Parameter(10 * mV, "weight towards which calcium potentiates", source=LUBOEINSKI)

    c = states("c", within=(0, None), meaning="calcium, in units of one presynaptic spike")
    h = states("h", within=(None, None), unit=mV, initial=h_0, meaning="early weight")
    dc = -c / tau_Ca
    _above_p, _above_d = Heaviside(c - theta_p), Heaviside(c - theta_d)
    dh = (k * (h_0 - h) + gamma_p * (h_max - h) * _above_p - gamma_d * h * _above_d) / tau_h + sigma * sqrt(
        (_above_p + _above_d) / tau_h
    ) * xi
    on_late_spike = (D, {c: c + Cpre})
    on_post_spike = {c: c + Cpost}
    conductance = conductance * h / h_0

    presets: ClassVar[Mapping[str, Preset]] = {
        "network": Preset(
            "doi:10.1038/s42003-021-01778-y (calcium of the recurrent network)",
            {"Cpre": 0.6, "Cpost": 0.1655},
        )
    }
    summary = "early phase with calcium thresholds (Luboeinski & Tetzlaff 2021)"


class LatePhase(EarlyPhase):
    r"""Early and late phase: a tagged synapse captures proteins (Luboeinski & Tetzlaff 2021).

    .. math::

        \tau_z \dot z = \kappa\, p\, (1 - z)\, H(h - h_0 - \theta_{tag})
        - \kappa\, p\, (z + 1/2)\, H(h_0 - h - \theta_{tag})

    A synapse is tagged while its early weight ``h`` is far from rest. ``p`` is the protein of its neuron,
    from `ProteinSynthesis`. The conductance is that of the receptor times ``h/h_0 + z``.

    References
    ----------
    Luboeinski J, Tetzlaff C (2021). Commun Biol 4:275. doi:10.1038/s42003-021-01778-y
    """

    tau_z = Parameter(3600 * second, "time constant of the late phase", source=LUBOEINSKI)
    capture = Parameter(1.0, "capture at full protein", source=LUBOEINSKI, sign="nonnegative")
    theta_tag = Parameter(0.840149 * mV, "early change that is a tag", source=LUBOEINSKI)

    protein = needs("protein", meaning="late proteins of the neuron")
    z = states("z", within=(-0.5, 1), meaning="late weight, relative to h_0")
    _change = EarlyPhase.h - EarlyPhase.h_0
    _up, _down = Heaviside(_change - theta_tag), Heaviside(-_change - theta_tag)
    dz = capture * protein * ((1 - z) * _up - (z + 0.5) * _down) / tau_z
    early_change = gives(Abs(_change), unit=mV, meaning="size of the early change")
    conductance = conductance * (EarlyPhase.h / EarlyPhase.h_0 + z)

    summary = "early and late phase, tags and capture (Luboeinski & Tetzlaff 2021)"


class ScaffoldedInsertion(KinaseDrivenInsertion):
    r"""AMPA receptors that come and go early, and settle at the number that a scaffold holds.

    .. math::

        \dot n = k_{ins}\, kinase\,(n_{max} - n) - k_{rem}\, phosphatase\,(n - n_{min})
        - (n - s)/\tau_n + \dot s

    The scaffold (`Scaffold`) holds ``s`` of the ``n`` receptors, and new places in it are filled. What is
    above or below fades within hours.
    """

    tau_n = Parameter(6884 * second, "fading of an early change", status="converted",
                      source=f"{LUBOEINSKI} (688.4 s / 0.1)")  # fmt: skip

    scaffold = needs("scaffold", meaning="receptors that the scaffold holds")
    growth = needs("scaffold_growth", 1 / second, meaning="receptors for which the scaffold makes room")
    _k = KinaseDrivenInsertion
    n = states("n", within=(0, None), initial=g_initial / _k.gamma, meaning="AMPA receptors")
    dn = (
        _k.k_ins * _k.kinase * (_k.n_max - n) - _k.k_rem * _k.phosphatase * (n - _k.n_min)
        - (n - scaffold) / tau_n + growth
    )  # fmt: skip
    receptors = gives(n, meaning="receptors on the membrane")

    relaxes: ClassVar[str] = "it goes to the balance of what kinase and phosphatase do at rest"
    summary = "receptors inserted by a kinase, held by a scaffold (design choice)"


class Scaffold(Part):
    r"""The scaffold under the receptors (PSD-95): at tagged synapses proteins fit it to their number.

    .. math:: \dot s = p\, H(|n - s| - \theta_{tag})\,(n - s)/\tau_s

    ``n`` receptors are on the membrane (`ScaffoldedInsertion`) and the scaffold holds ``s``. A synapse is
    tagged while they differ by more than ``theta_tag``; ``p`` is the protein of the neuron
    (`ProteinSynthesis`), which reads the port ``early_change``.

    These are the tag, the capture and the times of the late phase of Luboeinski & Tetzlaff (2021) for a
    number of receptors in place of a weight: a design choice of this package. ``early_change`` is ``|n - s|``
    relative to ``n_rest``, times their weight at rest in millivolts, so that their threshold of the
    synthesis holds.
    """

    tau_s = Parameter(3600 * second, "change of the scaffold at full protein", source=LUBOEINSKI)
    theta_tag = Parameter(4.0, "change in receptors that is a tag", status="converted",
                          source=f"{LUBOEINSKI} (0.2 of the weight at rest, here 20)")  # fmt: skip
    n_rest = Parameter(20.0, "receptors at rest", status="assumed", source="0.5 nS of 25 pS each")
    h_0 = Parameter(4.20075 * mV, "weight at rest in that model", source=LUBOEINSKI)

    protein = needs("protein", meaning="late proteins of the neuron")
    n = needs("receptors", meaning="receptors on the membrane")
    s = states("s", within=(0, None), initial=n, meaning="receptors that the scaffold holds")
    growth = define(protein * Heaviside(Abs(n - s) - theta_tag) * (n - s) / tau_s, unit=1 / second,
                    meaning="places that are added")  # fmt: skip
    ds = growth
    scaffold = gives(s)
    scaffold_growth = gives(growth, unit=1 / second)
    early_change = gives(h_0 * Abs(n - s) / n_rest, unit=mV, meaning="size of the early change")

    summary = "a scaffold that proteins fit to the receptors (design choice)"


class ProteinSynthesis(Part):
    r"""Proteins of a neuron, made while the early changes of its synapses exceed a threshold.

    .. math:: \tau_p \dot p = -p + s\, H\left(\sum |h - h_0| - \theta_{pro}\right)

    It lives once per neuron and reads the synapses of `LatePhase` or of `Scaffold`. ``synthesis`` is
    what an inhibitor such as anisomycin leaves of the synthesis: 1 without, 0 in full block, or a
    `TimedArray` for a block that begins and ends.

    References
    ----------
    Luboeinski J, Tetzlaff C (2021). Commun Biol 4:275. doi:10.1038/s42003-021-01778-y
    """

    place = "neuron"
    tau_p = Parameter(3600 * second, "time constant of the proteins", source=LUBOEINSKI)
    theta_pro = Parameter(2.10037 * mV, "summed early change that starts the synthesis", source=LUBOEINSKI)
    synthesis = Parameter(1.0, "synthesis, relative to that without inhibitor", source=LUBOEINSKI,
                          sign="fraction")  # fmt: skip

    early_change = needs("early_change", mV, meaning="size of the early change of a synapse")
    p = states("p", within=(0, 1), meaning="late proteins")
    dp = (synthesis * Heaviside(Total(early_change) - theta_pro) - p) / tau_p
    protein = gives(p)

    summary = "late proteins per neuron, with an inhibitor (Luboeinski & Tetzlaff 2021)"
