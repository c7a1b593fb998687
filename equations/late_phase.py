"""From an early change, which fades within hours, to a late one that proteins keep."""

from collections.abc import Mapping
from typing import ClassVar

from brian2 import ms, mV, second
from sympy import Abs, Heaviside, sqrt

from brian2_nmda.equations.kinases import KinaseDrivenInsertion
from brian2_nmda.equations.sources import LUBOEINSKI, TAGTRIC
from brian2_nmda.symbolic.kinds import Plasticity
from brian2_nmda.symbolic.part import (
    Parameter,
    Part,
    Preset,
    Reaction,
    Total,
    conductance,
    counts,
    define,
    g_initial,
    gives,
    needs,
    rand,
    states,
    v,
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


class TagTriC(Plasticity):
    r"""Tagging, triggering, consolidation (Clopath et al. 2008): tags set by chance, a bistable late weight.

    .. math::

        \text{per presynaptic spike: } P(free \to low) = A_{LTD} [u_1 - E_L]_+ \qquad
        free \xrightarrow{A_{LTP}\, r\, [v - \theta]_+ [u_2 - E_L]_+} high

        \tau_z\, \dot z = z(1-z)(z - \kappa) + \gamma\,(high - low)\, p

    A synapse has one tag: it is ``free``, ``high`` (tagged for potentiation, the ``h = 1`` of the paper) or
    ``low`` (depression, ``l = -1``); these are numbers of molecules, one in all. Tags are lost at ``k_h`` and
    ``k_l``. ``u_1`` and ``u_2`` are the voltage filtered with ``tau_1`` and ``tau_2`` and live on the target;
    ``r`` is the trace of presynaptic spikes, of which each lasts ``width``, the step of 1 ms of the program.
    ``p`` is the protein of the neuron, from `TriggeredProtein`. The conductance is that of the receptor times
    ``(1 + g_h high - g_l low + g_z z)/W_0``.

    ``z`` starts at 0; in the paper 30 % of the synapses start at 1, chosen by chance:
    ``S.z_AMPA = 'int(rand() < 0.3)'``, for which ``W_0`` is the mean at the start. With
    ``deterministic=True`` the tags follow their mean, except that depression is still drawn at each spike.
    The filters ask for steps of 50 ms or less; for hours of rest give ``tau_1``, ``tau_2`` and ``tau_r`` a
    large value, and steps of seconds do.

    References
    ----------
    Clopath C, Ziegler L, Vasilaki E, Busing L, Gerstner W (2008). PLoS Comput Biol 4:e1000248.
    doi:10.1371/journal.pcbi.1000248
    """

    A_LTD = Parameter(0.01 / mV, "probability of a tag of depression per spike", source=TAGTRIC,
                      sign="nonnegative")  # fmt: skip
    A_LTP = Parameter(0.001 / (ms * mV**2), "rate of tags of potentiation", source=TAGTRIC,
                      sign="nonnegative")  # fmt: skip
    E_L = Parameter(-70.6 * mV, "threshold of the filtered voltages", source=TAGTRIC, sign="real")
    theta = Parameter(-50 * mV, "threshold of the voltage", source=TAGTRIC, sign="real")
    tau_1 = Parameter(1000 * ms, "voltage filter of depression", source=TAGTRIC)
    tau_2 = Parameter(100 * ms, "voltage filter of potentiation", source=TAGTRIC)
    tau_r = Parameter(100 * ms, "presynaptic trace", source=TAGTRIC)
    width = Parameter(1 * ms, "duration of what a spike adds to the trace", status="converted",
                      source=f"{TAGTRIC} (height 1 over one step)")  # fmt: skip
    k_h = Parameter(1 / (3600 * second), "loss of tags of potentiation", source=TAGTRIC, sign="nonnegative")
    k_l = Parameter(1 / (5400 * second), "loss of tags of depression", source=TAGTRIC, sign="nonnegative")
    tau_z = Parameter(360 * second, "time constant of the late weight", source=TAGTRIC)
    kappa = Parameter(0.5, "boundary between the two basins of the late weight", source=TAGTRIC,
                      sign="fraction")  # fmt: skip
    capture = Parameter(0.1, "capture of protein by tags, gamma", source=TAGTRIC, sign="nonnegative")
    g_h = Parameter(1.0, "weight of a tag of potentiation", source=TAGTRIC, sign="nonnegative")
    g_l = Parameter(0.5, "weight of a tag of depression", source=TAGTRIC, sign="nonnegative")
    g_z = Parameter(2.0, "weight of the late phase", source=TAGTRIC, sign="nonnegative")
    W_0 = Parameter(1.6, "mean weight at the start", status="converted", source=f"{TAGTRIC} (1 + 0.3*2)")

    protein = needs("protein", meaning="late proteins of the neuron")
    free = counts("free", initial=1, meaning="1 without a tag")
    high, low = counts("high low", meaning="1 with a tag")
    set_low = states("set_low", within=(0, None), meaning="whether the last spike set a tag of depression")
    u_1, u_2 = states("u_1 u_2", within=(None, None), unit=mV, initial=E_L, meaning="filtered voltage")
    r = states("r", within=(0, None), meaning="presynaptic trace")
    z = states("z", within=(None, None), meaning="late weight")
    du_1 = (v - u_1) / tau_1
    du_2 = (v - u_2) / tau_2
    dr = -r / tau_r
    dset_low = 0
    dz = (z * (1 - z) * (z - kappa) + capture * (high - low) * protein) / tau_z
    potentiation = define(
        A_LTP * r * (v - theta) * Heaviside(v - theta) * (u_2 - E_L) * Heaviside(u_2 - E_L),
        unit=1 / second, meaning="rate at which tags of potentiation are set",
    )  # fmt: skip
    reactions = (Reaction(free, high, potentiation, k_h), Reaction(free, low, 0, k_l))
    on_spike = {
        set_low: free * Heaviside(A_LTD * (u_1 - E_L) - rand()),
        free: free - set_low,
        low: low + set_low,
        r: r + width / tau_r,
    }
    tagged = gives(high + low, meaning="1 with a tag, 0 without")
    conductance = conductance * (1 + g_h * high - g_l * low + g_z * z) / W_0

    summary = "tags by chance, proteins, a bistable late weight (TagTriC, Clopath et al. 2008)"


class TriggeredProtein(Part):
    r"""Protein of a neuron, made while enough of its synapses are tagged (Clopath et al. 2008).

    .. math:: \dot p = -\frac{p}{\tau_d} + \frac{s\,(1 - p)}{\tau_m} H\left(\sum tags - \theta_p\right)

    It lives once per neuron and reads the synapses of `TagTriC`. ``synthesis`` is what an inhibitor such as
    anisomycin leaves of the synthesis: 1 without, 0 in full block, or a `TimedArray`.

    References
    ----------
    Clopath C, Ziegler L, Vasilaki E, Busing L, Gerstner W (2008). PLoS Comput Biol 4:e1000248.
    doi:10.1371/journal.pcbi.1000248
    """

    place = "neuron"
    tau_d = Parameter(3600 * second, "decay of the protein", source=TAGTRIC)
    tau_m = Parameter(360 * second, "synthesis of the protein", source=TAGTRIC)
    theta_p = Parameter(60.0, "tags that trigger the synthesis", source=TAGTRIC)
    synthesis = Parameter(1.0, "synthesis, relative to that without inhibitor", source=TAGTRIC,
                          sign="fraction")  # fmt: skip

    tagged = needs("tagged", meaning="1 for a tagged synapse")
    p = states("p", within=(0, 1), meaning="protein")
    dp = synthesis * Heaviside(Total(tagged) - theta_p) * (1 - p) / tau_m - p / tau_d
    protein = gives(p)

    summary = "protein that tags trigger, per neuron (TagTriC, Clopath et al. 2008)"
