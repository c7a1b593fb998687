"""Plasticity: the number of AMPA receptors on the membrane is the stored weight.

Rules with an abstract weight ``W`` multiply the conductance of their receptor, so that ``W = 1`` (or
the published starting value) leaves it as it is and several rules can act on one receptor. A negative
``W``, which additive rules allow, counts as 0 in the conductance.
"""

from collections.abc import Mapping
from typing import ClassVar

from brian2 import Hz, ms, mV, psiemens as pS, second, umolar
from sympy import Heaviside, Max, Min, exp, sqrt

from brian2_nmda.equations.sources import (
    CLOPATH,
    GRAUPNER_2016,
    GRAUPNER_BRUNEL,
    SHOUVAL_CODE,
    TRIPLET,
    VAN_ROSSUM,
    YEUNG,
)
from brian2_nmda.symbolic.expressions import clip
from brian2_nmda.symbolic.kinds import Plasticity
from brian2_nmda.symbolic.part import (
    Ca,
    Ca_eff,
    Event,
    Parameter,
    Preset,
    activation,
    conductance,
    define,
    g_initial,
    gives,
    states,
    v,
    xi,
)

_TUNED = "chosen for the tetanus experiment of this package"
_GAMMA = "assumed; single-channel conductances of AMPA receptors are 10 to 30 pS"


class ReceptorInsertion(Plasticity):
    r"""Calcium-dependent insertion and removal of AMPA receptors.

    .. math::

        \dot n = k_{ins} H(Ca_{eff} - \theta_p)(n_{max} - n) - k_{rem} H(Ca_{eff} - \theta_d)(n - n_{min})

    High calcium (CaMKII) inserts, moderate calcium (phosphatases) removes. The receptor's
    conductance becomes ``n*gamma*activation``; at the start ``n = gmax/gamma``.

    The simplest form: two thresholds, tuned to one tetanus and to 900 pulses at 1 Hz on a neuron of 200 pF
    and 10 nS that fires at -54 mV. It is not a rule for other protocols. On that neuron ten theta bursts
    change -0.2 %, three trains -0.6 %, a tetanus with `TsodyksMarkram` release -0.1 %; 900 pulses at 0.5, 1,
    3, 10, 20 and 30 Hz give 0, -20, -8, -2.6, -1.4 and +99 %: trough at 1 Hz, crossing between 20 and 30 Hz,
    then all places taken. `AutonomousEnzymes` with `RelativeInsertion` is a rule for all of these.
    """

    gamma = Parameter(25 * pS, "unitary conductance", source=_GAMMA, status="assumed")
    k_ins = Parameter(0.40 / second, "insertion rate", source=_TUNED, status="fitted",
                      sign="nonnegative")  # fmt: skip
    k_rem = Parameter(5.7e-4 / second, "removal rate", source=_TUNED, status="fitted",
                      sign="nonnegative")  # fmt: skip
    theta_p = Parameter(1.8 * umolar, "threshold of insertion", source=_TUNED, status="fitted")
    theta_d = Parameter(0.12 * umolar, "threshold of removal", source=_TUNED, status="fitted")
    n_min = Parameter(10.0, "receptors that always stay", source=_TUNED, status="fitted",
                      sign="nonnegative")  # fmt: skip
    n_max = Parameter(40.0, "places for receptors", source=_TUNED, status="fitted")

    n = states("n", within=(n_min, n_max), initial=g_initial / gamma, meaning="AMPA receptors")
    dn = k_ins * Heaviside(Ca_eff - theta_p) * (n_max - n) - k_rem * Heaviside(Ca_eff - theta_d) * (n - n_min)
    conductance = n * gamma * activation
    receptors = gives(n, combine="sum", meaning="Receptors of the synapse.")

    summary = "AMPA receptors inserted at high, removed at moderate calcium"


class CoincidenceInsertion(Plasticity):
    r"""Discrete insertion: five receptors per coincidence event.

    An event is an upward crossing of ``theta_p`` by ``Ca_eff``; it is re-armed when ``Ca_eff`` falls
    below ``theta_d``. There is no removal event.
    """

    gamma = Parameter(25 * pS, "unitary conductance", source=_GAMMA, status="assumed")
    step = Parameter(5.0, "receptors inserted per event", status="assumed",
                     source="the text this package was started from")  # fmt: skip
    theta_p = Parameter(1.8 * umolar, "threshold of an event", source=_TUNED, status="fitted")
    theta_d = Parameter(0.12 * umolar, "re-arms below", source=_TUNED, status="fitted")
    n_max = Parameter(40.0, "places for receptors", source=_TUNED, status="fitted")

    n = states("n", within=(0, n_max), initial=g_initial / gamma, meaning="AMPA receptors")
    armed = states("armed", within=(0, 1), initial=1, meaning="1 when an event may happen")
    dn = 0
    darmed = 0
    events = (
        Event(armed * Heaviside(Ca_eff - theta_p), {n: Min(n + step, n_max), armed: 0}),
        Event(Heaviside(theta_d - Ca_eff), {armed: 1}),
    )
    conductance = n * gamma * activation
    receptors = gives(n, combine="sum", meaning="Receptors of the synapse.")

    summary = "five AMPA receptors per coincidence event, no removal"


class _CalciumControl(Plasticity):
    """Calcium control hypothesis: calcium sets where the weight goes, and how fast."""

    a_d = Parameter(0.35 * umolar, "threshold of depression")
    a_p = Parameter(0.55 * umolar, "threshold of potentiation")
    b_d = Parameter(80 / umolar, "steepness of depression")
    b_p = Parameter(80 / umolar, "steepness of potentiation")
    base = Parameter(0.25, "Omega without calcium", sign="nonnegative")
    depth = Parameter(0.25, "depth of depression", sign="nonnegative")
    decay = Parameter(1.0, "weight decay, lambda", sign="nonnegative")
    W_0 = Parameter(0.25, "weight at the start")

    Omega = define(base + 1 / (1 + exp(-b_p * (Ca - a_p))) - depth / (1 + exp(-b_d * (Ca - a_d))),
                   meaning="target of the weight")  # fmt: skip
    eta = define(0, unit=1 / second, meaning="learning rate")
    W = states("W", within=(None, None), initial=W_0, meaning="weight")
    dW = eta * (Omega - decay * W)
    conductance = conductance * Max(W, 0) / W_0


class ShouvalPlasticity(_CalciumControl):
    r"""Calcium control of Shouval, Bear & Cooper (2002).

    .. math::

        \dot W = \eta(Ca)\,(\Omega(Ca) - \lambda W) \qquad
        1/\eta = \frac{P_1}{P_2 + Ca^3} + P_4

    The printed ``P2`` is a misprint; ``P1*1e-4`` is used, as in replications. Calcium is counted above
    rest (`ShouvalCalcium`). Voltage and open receptors are held over a step, which at 0.1 ms costs up
    to .03 of ``W/W_0`` after 100 pairs, as much as the stepping of the published curves.

    References
    ----------
    Shouval HZ, Bear MF, Cooper LN (2002). PNAS 99:10831. doi:10.1073/pnas.152343099
    """

    a_d = Parameter(0.35 * umolar, "threshold of depression", source=SHOUVAL_CODE)
    a_p = Parameter(0.55 * umolar, "threshold of potentiation", source=SHOUVAL_CODE)
    b_d = Parameter(80 / umolar, "steepness of depression", source=SHOUVAL_CODE)
    b_p = Parameter(80 / umolar, "steepness of potentiation", source=SHOUVAL_CODE)
    base = Parameter(0.25, "Omega without calcium", source=SHOUVAL_CODE, sign="nonnegative")
    depth = Parameter(0.25, "depth of depression", source=SHOUVAL_CODE, sign="nonnegative")
    decay = Parameter(1.0, "weight decay, lambda", source=SHOUVAL_CODE, sign="nonnegative")
    W_0 = Parameter(0.25, "weight at the start", source=SHOUVAL_CODE)
    P_1 = Parameter(0.1 * second * umolar**3, "time constant at low calcium", source=SHOUVAL_CODE)
    P_2 = Parameter(1e-5 * umolar**3, "calcium below which learning stops", source=SHOUVAL_CODE)
    P_4 = Parameter(1 * second, "time constant at high calcium", source=SHOUVAL_CODE)

    eta = define(1 / (P_1 / (P_2 + Ca**3) + P_4), unit=1 / second, meaning="learning rate")

    #: Why the weight moves at rest, in general.
    relaxes: ClassVar[str] = "without calcium the weight relaxes to base/decay, where it starts by default"
    summary = "calcium control hypothesis (Shouval et al. 2002)"


class YeungPlasticity(_CalciumControl):
    r"""Calcium control with a learning rate proportional to calcium, as in Yeung et al. (2004).

    .. math:: \dot W = \eta\, Ca\,(\Omega(Ca) - \lambda W)

    The script cuts ``W`` at 0; here a negative ``W`` counts as 0. With `SlidingConductance` on the NMDA
    receptor it becomes a rule of BCM type: the sliding conductance is the sliding threshold.

    References
    ----------
    Yeung LC, Shouval HZ, Blais BS, Cooper LN (2004). PNAS 101:14943. doi:10.1073/pnas.0405555101
    """

    a_d = Parameter(0.25 * umolar, "threshold of depression", source=YEUNG)
    a_p = Parameter(0.4 * umolar, "threshold of potentiation", source=YEUNG)
    b_d = Parameter(60 / umolar, "steepness of depression", source=YEUNG)
    b_p = Parameter(40 / umolar, "steepness of potentiation", source=YEUNG)
    base = Parameter(0.0, "Omega without calcium", source=YEUNG, sign="nonnegative")
    depth = Parameter(0.5, "depth of depression", source=YEUNG, sign="nonnegative")
    decay = Parameter(1 / 200, "weight decay, lambda", source=YEUNG, sign="nonnegative")
    W_0 = Parameter(0.5, "weight at the start", source=YEUNG)
    rate = Parameter(2e-5 / (umolar * ms), "learning rate per calcium", source=YEUNG)

    eta = define(rate * Ca, unit=1 / second, meaning="learning rate")

    summary = "calcium control (Yeung et al. 2004)"


class SlidingConductance(Plasticity):
    r"""NMDA conductance that shrinks with the neuron's activity: metaplasticity of Yeung et al. (2004).

    .. math:: \dot m = k_+ (m_{max} - m) - k_- (v - v_{rest})^2 m

    ``m`` multiplies the conductance of the NMDA receptor and lives once per target neuron. In the script
    the square is that of the back-propagating spike alone; with `BackPropagatingSpike` and
    ``post_equations(v='v_s')`` it is that of the voltage which the receptors see.

    References
    ----------
    Yeung LC, Shouval HZ, Blais BS, Cooper LN (2004). PNAS 101:14943. doi:10.1073/pnas.0405555101
    """

    k_up = Parameter(8e-7 / ms, "growth rate", source=YEUNG)
    k_down = Parameter(8e-9 / (ms * mV**2), "loss rate per squared depolarisation", source=YEUNG,
                       sign="nonnegative")  # fmt: skip
    m_max = Parameter(3.0, "conductance without activity, relative to the start", status="converted",
                      source=f"{YEUNG} (4.5e-3 / 1.5e-3)")  # fmt: skip
    v_rest = Parameter(-65 * mV, "potential without activity", source=YEUNG, sign="real")

    m = states("m", within=(0, m_max), initial=1, meaning="relative NMDA conductance")
    dm = k_up * (m_max - m) - k_down * (v - v_rest) ** 2 * m
    conductance = conductance * m

    default_label = "NMDA"
    summary = "sliding NMDA conductance, a BCM threshold (Yeung et al. 2004)"


_GB = ("tau_Ca", "Cpre", "Cpost", "gamma_d", "gamma_p", "sigma", "tau", "D", "b", "theta_p")


def _gb(*values: float, source: str = GRAUPNER_BRUNEL, **others: float) -> Preset:
    units = (ms, 1, 1, 1, 1, 1, second, ms, 1, 1)
    return Preset(source, {**{n: x * u for n, x, u in zip(_GB, values, units, strict=True)}, **others})


class GraupnerBrunel(Plasticity):
    r"""Calcium-based plasticity of Graupner & Brunel (2012).

    .. math::

        \tau \dot\rho = -\rho(1-\rho)(\rho_* - \rho) + \gamma_p (1-\rho) H(c-\theta_p)
        - \gamma_d\, \rho\, H(c-\theta_d) + \sigma \sqrt{\tau \, [H(c-\theta_d) + H(c-\theta_p)]}\; \xi

    ``c`` jumps by ``Cpre`` the time ``D`` after a presynaptic spike arrives and by ``Cpost`` at a
    postsynaptic one, and decays with ``tau_Ca``; the noise is that of the correction of 2012.
    A synapse is DOWN (``rho = 0``) or UP (1); the conductance grows linearly to ``b`` times that of
    DOWN. ``well=0`` switches the double well off. ``presets`` are the nine sets of the paper and one of
    2016 with neither well nor noise; the fraction of synapses that are DOWN at the start (the paper's beta)
    is yours: set ``S.rho_AMPA``.

    ``D`` becomes the delay of a pathway, so it is fixed once the synapses are made.

    References
    ----------
    Graupner M, Brunel N (2012). PNAS 109:3991. doi:10.1073/pnas.1109359109; correction
    doi:10.1073/pnas.1220044110
    """

    tau_Ca = Parameter(20 * ms, "decay of calcium", source=GRAUPNER_BRUNEL)
    Cpre = Parameter(1.0, "calcium of a presynaptic spike", source=GRAUPNER_BRUNEL, sign="nonnegative")
    Cpost = Parameter(2.0, "calcium of a postsynaptic spike", source=GRAUPNER_BRUNEL,
                       sign="nonnegative")  # fmt: skip
    theta_d = Parameter(1.0, "threshold of depression", source=GRAUPNER_BRUNEL)
    theta_p = Parameter(1.3, "threshold of potentiation", source=GRAUPNER_BRUNEL)
    gamma_d = Parameter(200.0, "strength of depression", source=GRAUPNER_BRUNEL, sign="nonnegative")
    gamma_p = Parameter(321.808, "strength of potentiation", source=GRAUPNER_BRUNEL, sign="nonnegative")
    sigma = Parameter(2.8284, "amplitude of the noise", source=GRAUPNER_BRUNEL, sign="nonnegative")
    tau = Parameter(150 * second, "time constant of the efficacy", source=GRAUPNER_BRUNEL)
    rho_star = Parameter(0.5, "boundary between the two basins", source=GRAUPNER_BRUNEL,
                         sign="fraction")  # fmt: skip
    well = Parameter(1.0, "strength of the double well", source=GRAUPNER_BRUNEL, sign="nonnegative")
    D = Parameter(13.7 * ms, "delay of presynaptic calcium", source=GRAUPNER_BRUNEL, sign="nonnegative")
    b = Parameter(5.0, "strength of UP over DOWN", source=GRAUPNER_BRUNEL)

    c = states("c", within=(0, None), meaning="calcium, in units of theta_d")
    rho = states("rho", within=(None, None), meaning="efficacy")
    dc = -c / tau_Ca
    _above_d, _above_p = Heaviside(c - theta_d), Heaviside(c - theta_p)
    drho = (
        -well * rho * (1 - rho) * (rho_star - rho) + gamma_p * (1 - rho) * _above_p - gamma_d * rho * _above_d
    ) / tau + sigma * sqrt((_above_d + _above_p) / tau) * xi
    on_late_spike = (D, {c: c + Cpre})
    on_post_spike = {c: c + Cpost}
    conductance = conductance * (1 + (b - 1) * clip(rho, 0, 1))

    presets: ClassVar[Mapping[str, Preset]] = {
        "DP": _gb(20, 1, 2, 200, 321.808, 2.8284, 150, 13.7, 5, 1.3),
        "DPD": _gb(20, 0.9, 0.9, 250, 550, 2.8284, 150, 4.6, 5, 1.3),
        "DPD'": _gb(20, 1, 2, 50, 600, 2.8284, 150, 2.2, 5, 2.5),
        "P": _gb(20, 2, 2, 160, 257.447, 2.8284, 150, 0, 5, 1.3),
        "D": _gb(20, 0.6, 0.6, 500, 550, 5.6568, 150, 0, 5, 1.3),
        "D'": _gb(20, 1, 2, 60, 600, 2.8284, 150, 0, 5, 3.5),
        "hippocampal slices": _gb(
            48.8373, 1, 0.275865, 313.0965, 1645.59, 9.1844, 688.355, 18.8008, 5.28145, 1.3
        ),
        "hippocampal cultures": _gb(
            11.9536, 0.58156, 1.76444, 61.141, 113.6545, 2.5654, 33.7596, 10, 36.0263, 1.3
        ),
        "cortical slices": _gb(
            22.6936, 0.5617539, 1.23964, 331.909, 725.085, 3.3501, 346.3615, 4.6098, 5.40988, 1.3
        ),
        "cortical slices, linear, 2016": _gb(
            22.27, 0.845, 1.621, 137.76, 597.09, 0, 520.76, 9.54, 5, 2.009, source=GRAUPNER_2016, well=0.0
        ),
    }
    summary = "calcium thresholds, bistable, noisy (Graupner & Brunel 2012); ten presets"


def _triplet(*values: float) -> Preset:
    names = ("A2p", "A3p", "A2m", "A3m", "tau_x", "tau_y")
    units = (1, 1, 1, 1, ms, ms)
    return Preset(TRIPLET, {n: x * u for n, x, u in zip(names, values, units, strict=True)})


class TripletSTDP(Plasticity):
    r"""Triplet rule of Pfister & Gerstner (2006), all spikes interacting with all.

    .. math::

        \text{pre: } W \to W - o_1 (A_2^- + A_3^- r_2) \qquad
        \text{post: } W \to W + r_1 (A_2^+ + A_3^+ o_2)

    The traces decay with tau_plus (r1), tau_x (r2), tau_minus (o1) and tau_y (o2) and grow by 1 at their
    spikes, the slow ones after the weight has read them. A presynaptic spike counts when it arrives.

    References
    ----------
    Pfister JP, Gerstner W (2006). J Neurosci 26:9673. doi:10.1523/JNEUROSCI.1425-06.2006
    """

    A2p = Parameter(5e-10, "pair potentiation", source=TRIPLET, sign="nonnegative")
    A3p = Parameter(6.2e-3, "triplet potentiation", source=TRIPLET, sign="nonnegative")
    A2m = Parameter(7e-3, "pair depression", source=TRIPLET, sign="nonnegative")
    A3m = Parameter(2.3e-4, "triplet depression", source=TRIPLET, sign="nonnegative")
    tau_plus = Parameter(16.8 * ms, "fast presynaptic trace", source=TRIPLET)
    tau_minus = Parameter(33.7 * ms, "fast postsynaptic trace", source=TRIPLET)
    tau_x = Parameter(101 * ms, "slow presynaptic trace", source=TRIPLET)
    tau_y = Parameter(125 * ms, "slow postsynaptic trace", source=TRIPLET)

    r1, r2, o1, o2 = states("r1 r2 o1 o2", within=(0, None))
    W = states("W", within=(None, None), initial=1, meaning="weight relative to the start")
    dr1 = -r1 / tau_plus
    dr2 = -r2 / tau_x
    do1 = -o1 / tau_minus
    do2 = -o2 / tau_y
    dW = 0
    on_spike = {W: W - o1 * (A2m + A3m * r2), r1: r1 + 1, r2: r2 + 1}
    on_post_spike = {W: W + r1 * (A2p + A3p * o2), o1: o1 + 1, o2: o2 + 1}
    conductance = conductance * Max(W, 0)

    presets: ClassVar[Mapping[str, Preset]] = {
        "visual cortex": _triplet(5e-10, 6.2e-3, 7e-3, 2.3e-4, 101, 125),
        "visual cortex, minimal": _triplet(0, 6.5e-3, 7.1e-3, 0, 101, 114),
        "hippocampal culture": _triplet(6.1e-3, 6.7e-3, 1.6e-3, 1.4e-3, 946, 27),
        "hippocampal culture, minimal": _triplet(5.3e-3, 8.0e-3, 3.5e-3, 0, 946, 40),
    }
    summary = "triplet STDP, all-to-all (Pfister & Gerstner 2006)"


class NearestTripletSTDP(TripletSTDP):
    """Triplet rule of Pfister & Gerstner (2006) in which only the nearest spikes interact.

    As `TripletSTDP`, but the traces are set to 1 at their spikes. Amplitudes are those of the
    hippocampal culture; those of visual cortex could not be verified.

    References
    ----------
    Pfister JP, Gerstner W (2006). J Neurosci 26:9673. doi:10.1523/JNEUROSCI.1425-06.2006
    """

    A2p = Parameter(4.6e-3, "pair potentiation", source=TRIPLET, sign="nonnegative")
    A3p = Parameter(9.1e-3, "triplet potentiation", source=TRIPLET, sign="nonnegative")
    A2m = Parameter(3e-3, "pair depression", source=TRIPLET, sign="nonnegative")
    A3m = Parameter(7.5e-9, "triplet depression", source=TRIPLET, sign="nonnegative")
    tau_x = Parameter(575 * ms, "slow presynaptic trace", source=TRIPLET)
    tau_y = Parameter(47 * ms, "slow postsynaptic trace", source=TRIPLET)

    _t = TripletSTDP
    on_spike = {_t.W: _t.W - _t.o1 * (_t.A2m + _t.A3m * _t.r2), _t.r1: 1, _t.r2: 1}
    on_post_spike = {_t.W: _t.W + _t.r1 * (_t.A2p + _t.A3p * _t.o2), _t.o1: 1, _t.o2: 1}

    presets: ClassVar[Mapping[str, Preset]] = {}
    summary = "triplet STDP, nearest spikes (Pfister & Gerstner 2006)"


class ClopathSTDP(Plasticity):
    r"""Voltage-based plasticity of Clopath et al. (2010).

    .. math::

        \text{pre: } W \to W - A_{LTD} [u_- - \theta_-]_+ \qquad
        \dot W = A_{LTP}/\tau_x \; \bar x\, [v - \theta_+]_+ [u_+ - \theta_-]_+

    ``u_m`` and ``u_p`` are the voltage filtered with ``tau_m`` and ``tau_p``; they live on the target. The
    presynaptic trace grows by 1 per spike. The rule needs the voltage of an action potential: use a
    neuron that has one, or `BackPropagatingSpike`. The reference code reads the filters three
    steps of 1 ms late, so as not to see the spike that has just begun, and puts six postsynaptic spikes
    into its post-before-pre trains; neither is part of the published equations. The amplitudes were
    fitted with the late reading: solved exactly, the equations potentiate about five times as much at
    20 Hz and +10 ms (tests/test_plasticity.py reproduces both).

    References
    ----------
    Clopath C, Busing L, Vasilaki E, Gerstner W (2010). Nat Neurosci 13:344. doi:10.1038/nn.2479
    """

    A_LTD = Parameter(1.4e-4 / mV, "amplitude of depression", source=CLOPATH, sign="nonnegative")
    A_LTP = Parameter(8e-5 / mV**2, "amplitude of potentiation", source=CLOPATH, sign="nonnegative")
    tau_m = Parameter(10 * ms, "voltage filter of depression", source=CLOPATH)
    tau_p = Parameter(7 * ms, "voltage filter of potentiation", source=CLOPATH)
    tau_x = Parameter(15 * ms, "presynaptic trace", source=CLOPATH)
    theta_m = Parameter(-70.6 * mV, "threshold of the filtered voltages", source=CLOPATH, sign="real")
    theta_p = Parameter(-45.3 * mV, "threshold of the voltage", source=CLOPATH, sign="real")
    v_start = Parameter(-70.6 * mV, "filtered voltages at the start", source=CLOPATH, sign="real")
    W_0 = Parameter(0.5, "weight at the start", source=CLOPATH)

    u_m, u_p = states("u_m u_p", within=(None, None), unit=mV, initial=v_start)
    x = states("x", within=(0, None), meaning="presynaptic trace")
    W = states("W", within=(None, None), initial=W_0, meaning="weight")
    du_m = (v - u_m) / tau_m
    du_p = (v - u_p) / tau_p
    dx = -x / tau_x
    dW = (
        A_LTP / tau_x * x
        * ((v - theta_p) * Heaviside(v - theta_p))
        * ((u_p - theta_m) * Heaviside(u_p - theta_m))
    )  # fmt: skip
    on_spike = {W: W - A_LTD * (u_m - theta_m) * Heaviside(u_m - theta_m), x: x + 1}
    conductance = conductance * Max(W, 0) / W_0

    summary = "voltage-based STDP (Clopath et al. 2010)"


class BCM(Plasticity):
    r"""Rate-based rule of Bienenstock, Cooper & Munro with a sliding threshold.

    .. math:: \dot W = \eta\, x\, y\, (y - \theta) \qquad \tau_\theta \dot\theta = y^2/y_0 - \theta

    ``x`` and ``y`` are the rates of the presynaptic and the postsynaptic spikes, low-passed with
    ``tau_rate``. At a steady rate ``y = y_0`` nothing changes; more gives depression in the long
    run, since the threshold overtakes. The quadratic threshold is that of Intrator & Cooper (1992).

    References
    ----------
    Bienenstock EL, Cooper LN, Munro PW (1982). J Neurosci 2:32. doi:10.1523/JNEUROSCI.02-01-00032.1982
    """

    eta = Parameter(1e-4 * second**2, "learning rate", status="assumed", sign="nonnegative",
                    source="a free choice; the theory has no number")  # fmt: skip
    tau_rate = Parameter(1 * second, "filter of the rates", status="assumed", source="a free choice")
    tau_theta = Parameter(20 * second, "sliding of the threshold", status="assumed",
                          source="slower than the rates, faster than learning")  # fmt: skip
    y_0 = Parameter(10 * Hz, "target rate", status="assumed", source="a free choice")

    x = states("x", within=(0, None), unit=Hz, meaning="firing rate of the presynaptic neuron")
    y = states("y", within=(0, None), unit=Hz, meaning="firing rate of the target")
    theta = states("theta", within=(0, None), unit=Hz, initial=y_0, meaning="sliding threshold")
    W = states("W", within=(None, None), initial=1, meaning="weight relative to the start")
    dx = -x / tau_rate
    dy = -y / tau_rate
    dtheta = (y**2 / y_0 - theta) / tau_theta
    dW = eta * x * y * (y - theta)
    on_spike = {x: x + 1 / tau_rate}
    on_post_spike = {y: y + 1 / tau_rate}
    conductance = conductance * Max(W, 0)

    relaxes: ClassVar[str] = "without spikes the threshold slides to 0; the weight stays"
    summary = "rate-based rule with a sliding threshold (BCM)"


class SynapticScaling(Plasticity):
    r"""Multiplicative scaling towards a target rate (van Rossum, Bi & Turrigiano 2000).

    .. math::

        \dot k = k \left[p (a_{goal} - a) + q \int (a_{goal} - a)\, dt\right]

    ``a`` is the postsynaptic rate, low-passed with ``tau_a``; ``k`` multiplies the conductance, beside other
    rules: ``plasticity=[TripletSTDP(), SynapticScaling()]``. It starts at the goal, so a silent neuron
    scales up from the first moment on.

    References
    ----------
    van Rossum MC, Bi GQ, Turrigiano GG (2000). J Neurosci 20:8812. doi:10.1523/JNEUROSCI.20-23-08812.2000
    """

    tau_a = Parameter(100 * second, "sensor of activity", source=VAN_ROSSUM)
    p_gain = Parameter(4e-5, "proportional gain, per s and Hz", source=VAN_ROSSUM, sign="nonnegative")
    q_gain = Parameter(1e-7 * Hz, "integral gain, per s^2 and Hz", source=VAN_ROSSUM,
                      sign="nonnegative")  # fmt: skip
    a_goal = Parameter(10 * Hz, "target rate", status="assumed", source="not found; a cortical rate")

    a = states("a", within=(0, None), unit=Hz, initial=a_goal, meaning="firing rate of the target")
    missing = states("missing", within=(None, None), meaning="integral of the missing rate")
    k = states("k", within=(0, None), initial=1, meaning="scaling factor")
    da = -a / tau_a
    dmissing = a_goal - a
    dk = k * (p_gain * (a_goal - a) + q_gain * missing)
    on_post_spike = {a: a + 1 / tau_a}
    conductance = conductance * k

    relaxes: ClassVar[str] = "a silent neuron scales its synapses up: that is the rule"
    summary = "synaptic scaling towards a target rate"
