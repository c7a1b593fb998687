"""Conductances sent at spikes as sums of exponentials, against the exact plan and the closed form.

The plan states a bound of the open fraction, so a total of weights ``w`` may deviate by ``gmax * sum(w)``
times that bound (and that of the integrator of the exact plan) and not more. This is the default plan; what
users do with it is done here with it and with ``tolerance=None``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import brian2 as b2
import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    defaultclock,
    mM,
    ms,
    mV,
    nS,
    umolar,
)
from hypothesis import HealthCheck, assume, given, settings, strategies as st
from scipy.integrate import solve_ivp

from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    ModelError,
    SpineCalcium,
    TransmitterPulse,
    TwoExponentialNMDA,
    WangNMDA,
)
from brian2_nmda.equations import (
    DAP5,
    FiveStateNMDA,
    GlycineSite,
    KampaNMDA,
    StochasticRelease,
    TsodyksMarkram,
)
from brian2_nmda.lowering.basis import driven, fit, fit_phases
from brian2_nmda.lowering.bounds import integrating_factor_bound
from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.lowering.plan import make_plan

ref = SimpleNamespace(**run_path(str(Path(__file__).with_name("reference.py"))))

MODEL = "dv/dt = (10*nS*(-70*mV - v) - I_syn)/(200*pF) : volt"
WASH_IN = b2.TimedArray([0, 50] * b2.umolar, dt=10 * ms)
#: Rounding of sums of some ten exponentials with amplitudes of order 1.
ROUNDING = 1e-11
#: The bounds are taken on grids: a tenth for what lies between their points.
BETWEEN = 1.1
SEED = dict(r=500.0, a=10.0, b=2000.0, f=2000.0, x_max=2 / 3)

few = settings(deadline=None, max_examples=6, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


# -- the basis ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8])
def test_basis_against_the_closed_form(tolerance):
    """Random starts and times against BioNMDA's confluent hypergeometric solution: below the bound."""
    basis, interpolation = fit_phases(SEED, (), 1e-4, tolerance)
    assert interpolation is None and basis.bound <= tolerance
    rng = np.random.default_rng(0)
    times = np.concatenate([[0.0, 0.05], rng.uniform(0, 20, 10), rng.uniform(0, 400, 6)])
    for x0, g0 in rng.uniform(0, [2 / 3, 1], (12, 2)):
        exact = ref.bionmda(np.sort(times), [], x0=x0, g0=g0)[1]
        decays = np.exp(-np.outer(np.sort(times) * 1e-3, basis.rates))
        got = decays @ basis.coefficients(np.array([x0]), np.array([g0]))[:, 0]
        assert np.max(np.abs(got - exact)) <= BETWEEN * basis.bound + ROUNDING


@settings(deadline=None, max_examples=15, derandomize=True)
@given(
    st.floats(50, 2000),
    st.floats(1, 50),
    st.floats(100, 8000),
    st.floats(0.05, 1),
    st.sampled_from([1.0, 0.7]),
)
def test_basis_for_other_kinetics(r, a, b, x_max, share):
    """Either no basis, or one that holds at points between those it was verified on."""
    constants = dict(r=r, a=a, b=b, f=share * b, x_max=x_max)
    found = fit_phases(constants, (), 1e-4, 1e-6)
    if found is None:
        # saturation far faster than unbinding, or (`test_resonance`) a near a multiple of r
        assert b * x_max / r > 8 or abs(a / r - max(1, round(a / r))) < 0.05
        return
    basis, _ = found
    rng = np.random.default_rng(1)
    x0, g0 = rng.uniform(0, x_max), rng.uniform(0, 1)
    times = np.sort(np.concatenate([[0], rng.uniform(0, 10 / r, 8), rng.uniform(0, 3 / a, 4)]))

    def rate(t, g):
        x = x0 * np.exp(-r * t)
        return share * b * x - (a + b * x) * g

    options = dict(t_eval=times, rtol=1e-11, atol=1e-12, method="DOP853")
    exact = solve_ivp(rate, (0, times[-1]), [g0], **options).y[0]
    got = np.exp(-np.outer(times, basis.rates)) @ basis.coefficients(np.array([x0]), np.array([g0]))[:, 0]
    assert np.max(np.abs(got - exact)) <= BETWEEN * basis.bound + 1e-9


@pytest.mark.parametrize(
    ("dt", "duration"), [(0.1, 0.5), (0.25, 0.5), (0.025, 0.5), (0.01, 0.5), (0.1, 1.0), (0.1, 2.0)]
)
def test_pulse_against_the_closed_form(dt, duration):
    """Exponentials that follow g through a pulse: at its steps exactly, else within the bound."""
    into, rate = 1 / 1.5, 1500.0
    constants = dict(SEED, duration=duration * 1e-3)
    basis, interpolation = fit_phases(constants, ((into, rate),), dt * 1e-3, 1e-6)
    steps = round(duration / dt)
    at_steps = np.allclose(interpolation.nodes, np.arange(len(interpolation.nodes)) * dt * 1e-3)
    assert at_steps == (steps <= 6)
    assert not at_steps or interpolation.bound <= 1e-10  # rounding alone
    times = np.arange(steps) * dt  # those at which the target reads it
    decays = np.exp(-np.outer(times * 1e-3, np.take(basis.rates, interpolation.chosen)))
    rng = np.random.default_rng(3)
    for x0, g0 in [(0.0, 0.0), (2 / 3, 1.0), *rng.uniform(0, [2 / 3, 1], (10, 2))]:
        exact = ref.bionmda(times, [(0, duration)], x0=x0, g0=g0)[1]
        one = [np.array([q]) for q in (x0, g0, into, rate)]
        values = [driven(np.array(s), *one, constants)[0] for s in interpolation.nodes]
        error = np.max(np.abs(decays @ (interpolation.inverse @ values) - exact))
        # amplitudes up to 1e4 cost four digits
        assert error <= BETWEEN * interpolation.bound + 1e-10


@pytest.mark.parametrize("multiple", [1, 2, 3])
def test_resonance(multiple):
    """a = r, 2r, ..., where the closed form is singular: no basis, and the exact plan, visibly."""
    for off in (0.0, 0.04, -0.04):
        assert fit(**dict(SEED, a=(multiple + off) * 500.0), tolerance=1e-6, size=12) is None
    model = GlutamateSynapse(BioNMDA(beta1=0.5 * multiple / ms))
    plan = make_plan(model.system, Declarations(tolerance=1e-6), 1e-4)
    assert not plan.sent and "exponentials, sent" not in str(plan)
    assert plan.place["g_NMDA"] == "pre"
    beside = GlutamateSynapse(BioNMDA(beta1=0.4 / ms))
    assert make_plan(beside.system, Declarations(tolerance=1e-6), 1e-4).sent


# -- in a network ---------------------------------------------------------------------------------


def network(tolerance, spikes, weights, w="per_synapse", delay=1 * ms, groups=False, **parameters):
    """Ten sources to ten targets; the total conductance of all targets is recorded."""
    model = GlutamateSynapse([BioNMDA(gmax=0.1 * nS, **parameters), AMPA(gmax=0.2 * nS)])
    i, t = spikes
    if groups:
        source = SpikeGeneratorGroup(12, np.array(i) + 1, t)
        relay = NeuronGroup(12, "x : 1", threshold="x > 0.5", reset="x = 0", name="relay")
        feed = b2.Synapses(source, relay, on_pre="x_post = 1", name="feed")
        feed.connect(j="i")
        extra, pre = [source, feed, relay], relay[1:11]
    else:
        source = SpikeGeneratorGroup(10, i, t)
        extra, pre = [source], source
    target = NeuronGroup(14 if groups else 10, MODEL + model.post_equations(), method="euler", name="target")
    target.v = -60 * mV
    post = target[3:13] if groups else target
    S = model.synapses(pre, post, w=w, delay=delay, tolerance=tolerance, name="S")
    S.connect()
    if isinstance(w, str):
        S.w = weights
    monitor = StateMonitor(target, ["g_total_NMDA", "g_total_AMPA", "v"], record=list(range(len(target))))
    return Network(*extra, target, S, monitor), S, monitor


def deviation(a, b):
    return np.max(np.abs(np.asarray(a.g_total_NMDA / nS) - np.asarray(b.g_total_NMDA / nS)))


def allowed(S, weights):
    """Largest deviation of a total (nS) that the bounds of both plans allow."""
    bound = S.plan.sent["NMDA"].bound + 3e-8  # of the integrating factor, at the seed parameters
    return 0.1 * np.max(np.sum(np.abs(np.reshape(weights, (10, 10))), axis=0)) * (bound + ROUNDING)


def train(seed, n=60, duration=150.0):
    """Random spikes, some of them closer than the pulse is long."""
    rng = np.random.default_rng(seed)
    steps = rng.integers(1, duration * 10, n)
    i = rng.integers(0, 10, n)
    steps = np.concatenate([steps, steps[: n // 3] + rng.integers(1, 5, n // 3)])
    i = np.concatenate([i, i[: n // 3]])
    pairs = np.unique(np.stack([i, steps]), axis=1)
    return pairs[0], pairs[1] * 0.1 * ms


@pytest.mark.parametrize("groups", [False, True], ids=["groups", "subgroups"])
@pytest.mark.parametrize("tolerance", [1e-6, 1e-4])
def test_against_the_exact_plan(tolerance, groups):
    """Random weights and trains with bursts inside the pulse, a delay; the bound is the whole tolerance."""
    weights = np.random.default_rng(7).uniform(0, 1.5, 100)
    runs = []
    for chosen in (tolerance, None):
        b2.start_scope()
        net, S, monitor = network(chosen, train(3), weights, groups=groups)
        net.run(170 * ms)
        runs.append((S, monitor))
    (S, fast), (_, exact) = runs
    assert np.max(exact.g_total_NMDA / nS) > 0.3
    assert deviation(fast, exact) <= allowed(S, weights)
    assert deviation(fast, exact) > 0  # it is another plan
    # a receptor that is linear between spikes is sent exactly
    peak = np.max(exact.g_total_AMPA)
    assert np.max(np.abs(fast.g_total_AMPA - exact.g_total_AMPA)) <= 1e-12 * peak
    assert "exponentials, sent at spikes" in str(S.plan)


# -- what users do, with the default plan and with the exact one -----------------------------------

LIKE_THE_SEED = dict(gmax=0.1 * nS)
MODELS: dict[str, Callable[..., GlutamateSynapse]] = {
    "pulse": lambda: GlutamateSynapse(BioNMDA(**LIKE_THE_SEED)),
    "depressing": lambda: GlutamateSynapse(BioNMDA(**LIKE_THE_SEED), release=TsodyksMarkram()),
    "jump": lambda: GlutamateSynapse(WangNMDA(**LIKE_THE_SEED)),
    "linear": lambda: GlutamateSynapse(TwoExponentialNMDA(**LIKE_THE_SEED)),
}
#: Error of an open fraction in the exact plan at 0.1 ms: of BioNMDA as its plan says (the seed parameters),
#: of WangNMDA (no bound is known) ten times what the same run at 0.05 ms differs by.
STEPPED = {"pulse": 3e-8, "depressing": 3e-8, "jump": 1e-9, "linear": 1e-12}
DRIVER = {"pulse": "x_NMDA", "depressing": "x_NMDA", "jump": "x_NMDA", "linear": "s_NMDA"}
GATE = {"pulse": "g_NMDA", "depressing": "g_NMDA", "jump": "s_NMDA", "linear": "g_NMDA"}
#: Bursts within the pulse, spikes at the end of a pulse and just after it, and one late spike.
BURSTS = [(0, 5), (0, 7), (0, 12), (1, 20), (1, 25), (1, 26), (2, 31), (2, 36), (3, 36), (0, 150), (3, 210)]


@dataclass
class Scenario:
    """A network of 4 presynaptic and 5 postsynaptic neurons, in one or several runs.

    ``runs`` are numbers of time steps; ``between`` is called with the synapses after each but the last.
    """

    kind: str = "pulse"
    layout: str = "plain"
    spikes: list[tuple[int, int]] = field(default_factory=lambda: BURSTS)
    delay: Any = None  # in ms: one, or one per synapse
    w: Any = None
    runs: tuple[int, ...] = (300,)
    between: tuple[Callable[[Any], None], ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    dt: float = 0.1
    model: Callable[..., GlutamateSynapse] | None = None
    inside: bool = True
    before: Callable[[Any], None] = lambda S: None
    connect: Callable[[Any], None] = lambda S: S.connect(i=PRE_OF, j=POST_OF)


PRE_OF = np.array([0, 0, 1, 2, 3, 1, 3, 2, 0])
POST_OF = np.array([0, 1, 1, 2, 3, 3, 0, 2, 0])  # one pair twice
SOME_WEIGHTS = np.array([0.5, 1.2, 0.7, 2.0, 0.4, 1.0, 0.3, 1.7, 0.8])


def play(s, tolerance, sent=None):
    """Total conductances (nS), what the synapses record, and the synapses themselves."""
    b2.start_scope()
    defaultclock.dt = s.dt * ms
    model = s.model() if s.model else MODELS[s.kind]()
    i, steps = (np.array(x) for x in zip(*s.spikes, strict=True))
    source = SpikeGeneratorGroup(4, i, steps * s.dt * ms)
    objects: list[Any] = [source]
    fired = "\nfire : 1"
    spiking = dict(threshold="fire > 0.5", reset="fire = 0")
    n = 9 if s.layout == "subgroups" else 5
    target = NeuronGroup(n, MODEL + fired + model.post_equations(), method="euler", **spiking)
    target.v = -60 * mV
    post = target[2:7] if s.layout == "subgroups" else target
    if s.layout == "plain":
        pre = source
    elif s.layout == "recurrent":
        pre = target
    else:
        relay = NeuronGroup(7, "fire : 1", **spiking)
        pre = relay[2:6]
        feed = b2.Synapses(source, relay, on_pre="fire_post = 1")
        feed.connect(i=np.arange(4), j=np.arange(2, 6))
        objects += [relay, feed]
    # postsynaptic spikes as well, later than the presynaptic ones
    feed = b2.Synapses(
        source, post, on_pre="fire_post = 1", delay=(0 if s.layout == "recurrent" else 1.3) * ms
    )
    feed.connect(i=np.arange(4), j=np.arange(4))
    options = dict(s.options)
    several = s.delay is not None and np.size(s.delay) > 1
    if s.delay is not None:
        options["delay"] = "per_synapse" if several else s.delay * ms
    S = model.synapses(pre, None if s.layout == "recurrent" else post, tolerance=tolerance, **options)
    assert bool(S.plan.sent) == (tolerance is not None if sent is None else sent), S.plan
    s.connect(S)
    if several:
        S.delay = np.asarray(s.delay) * ms
    if s.w is not None:
        S.w = s.w
    s.before(S)
    monitor = StateMonitor(target, "g_total_NMDA", record=True)
    objects += [target, feed, S, monitor]
    states = [DRIVER[s.kind], GATE[s.kind]]
    names = [*states, *(["w"] if isinstance(options.get("w", "w"), str) else [])] if s.inside else []
    inside = None
    if names:
        inside = StateMonitor(S, names, record=True)
        objects.append(inside)
    net = Network(*objects)
    for number, steps in enumerate(s.runs):
        net.run(steps * s.dt * ms)
        if number < len(s.runs) - 1 and s.between:
            s.between[number](S)
    return SimpleNamespace(
        total=np.array(monitor.g_total_NMDA / nS),
        inside={n: np.array(getattr(inside, n)) for n in names},
        S=S,
        net=net,
    )


def agrees(s, weight=5.0, gmax=0.1, bound=None, stepped=None):
    """Both plans: x to 1e-12 of its peak, g and the totals within the bounds; returns the default one.

    ``weight`` is at least the largest sum of absolute weights onto one neuron, ``gmax`` in nS.
    """
    sent, exact = play(s, 1e-6), play(s, None)
    bound = BETWEEN * (bound or sent.S.plan.sent["NMDA"].bound)
    off = bound + (STEPPED[s.kind] if stepped is None else stepped) + ROUNDING
    assert np.max(exact.total) > 0.02
    limits = {n: 1e-12 * max(1.0, np.max(np.abs(x))) for n, x in exact.inside.items()}
    limits |= {GATE[s.kind]: off} if s.inside else {}
    wrong = []
    for name, limit in {"total": gmax * weight * off, **limits}.items():
        a, b = (r.total if name == "total" else r.inside[name] for r in (sent, exact))
        worst = np.max(np.abs(a - b))
        if not worst <= limit:
            first = np.min(np.nonzero(np.abs(a - b) > limit)[1]) * s.dt
            wrong.append(f"{name} is off by {worst:.1e}, first at {first:g} ms, allowed {limit:.1e}")
    assert not wrong, wrong
    return sent


#: None, one half-way between two time steps, and one per synapse, some of them half-way.
DELAYS = {
    "none": None,
    "one": 0.25,
    "several": np.array([0.25, 0.0, 1.05, 0.35, 2.0, 0.15, 0.45, 0.55, 3.14]),
}


@pytest.mark.parametrize(
    ("kind", "delay", "layout"),
    [(kind, delay, "plain") for kind in MODELS for delay in DELAYS]
    + [(k, d, n) for k, d in (("pulse", "one"), ("jump", "several")) for n in ("recurrent", "subgroups")]
    + [("pulse", "several", "recurrent"), ("depressing", "none", "subgroups")],
)
def test_layouts(kind, delay, layout):
    """With the default weights of 1."""
    agrees(Scenario(kind, layout, delay=DELAYS[delay]))


def test_coagonist_antagonist_and_blocker():
    """Factors that are named expressions of parameters, in the rates and in the conductance."""

    def model():
        drugs = dict(coagonist=GlycineSite(), antagonist=DAP5(conc=0.4 * umolar))
        return GlutamateSynapse(BioNMDA(**LIKE_THE_SEED, **drugs))

    for delay in DELAYS.values():
        agrees(Scenario(model=model, delay=delay))


@few
@given(data=st.data(), kind=st.sampled_from(["pulse", "depressing", "jump"]))
def test_trains_weights_and_delays(data, kind):
    """Arrays, in texts that stay the same."""
    seed = data.draw(st.integers(0, 1000))
    rng = np.random.default_rng(seed)
    # WangNMDA holds up to x = 4: no two spikes of one neuron within 1 ms of each other
    apart = 10 if kind == "jump" else 1
    spikes = [(i, int(k) * apart) for i in range(4) for k in np.flatnonzero(rng.random(300 // apart) < 0.1)]
    delay = data.draw(
        st.one_of(
            st.none(),
            st.integers(0, 100).map(lambda k: 0.05 * k),
            st.lists(st.integers(0, 100).map(lambda k: 0.05 * k), min_size=9, max_size=9).map(np.array),
        )
    )
    weights = np.abs(rng.normal(size=9)) * data.draw(st.floats(0.1, 10))
    options = data.draw(st.sampled_from([{}, {"w": "constant"}]))
    s = Scenario(kind, spikes=sorted({*spikes, (0, 400)}), delay=delay, w=weights, options=options)
    s.runs, s.inside = (450,), kind != "jump"
    sent, exact = play(s, 1e-6), play(s, None)
    off = BETWEEN * sent.S.plan.sent["NMDA"].bound + STEPPED[kind] + ROUNDING
    most = np.max(np.bincount(POST_OF, np.abs(weights)))
    assert np.max(np.abs(sent.total - exact.total)) <= 0.1 * most * off
    for name, expected in exact.inside.items():
        limit = off if name == GATE[kind] else 1e-12 * max(1.0, np.max(np.abs(expected)))
        assert np.max(np.abs(sent.inside[name] - expected)) <= limit


@few
@given(
    st.floats(0.3, 3),
    st.floats(0.3, 2),
    st.floats(0.005, 0.03),
    st.floats(0.3, 2),
    st.sampled_from([0.3, 0.5, 1.0]),
    st.sampled_from(["none", "several"]),
)
def test_other_kinetics(alpha1, beta2, beta1, alpha2, duration, delay):
    """Held to the bound that the plan states for these kinetics."""
    rates = dict(alpha1=alpha1 / ms, beta1=beta1 / ms, beta2=beta2 / ms, alpha2=alpha2 / (mM * ms))

    def model():
        receptor = BioNMDA(**LIKE_THE_SEED, **rates)
        return GlutamateSynapse(receptor, release=TransmitterPulse(duration=duration * ms))

    system = model().system
    plan = make_plan(system, Declarations(tolerance=1e-6), 1e-4)
    assume(plan.sent)
    stepped = integrating_factor_bound(make_plan(system, Declarations(), 1e-4), "g_NMDA", 1e-4)
    agrees(Scenario(model=model, delay=DELAYS[delay], w=SOME_WEIGHTS), stepped=stepped)


@pytest.mark.parametrize(
    ("dt", "delay"), [(0.1, "none"), (0.1, "several"), (0.025, "one"), (0.025, "several"), (0.01, "none")]
)
def test_long_pulses(dt, delay):
    """1 ms: 10, 40 and 100 time steps, interpolated at Chebyshev's points."""

    def model():
        return GlutamateSynapse(BioNMDA(**LIKE_THE_SEED), release=TransmitterPulse(duration=1 * ms))

    fine = round(0.1 / dt)
    spikes = [(i, k * fine + k % fine) for i, k in BURSTS[:8]]
    sent = agrees(Scenario(model=model, spikes=spikes, delay=DELAYS[delay], dt=dt, runs=(60 * fine,)))
    assert sent.S.plan.sent["NMDA"].interpolation.bound > 0


# -- between two runs


def set_parameter(name, value):
    def change(S):
        setattr(S, name, value)

    change.__name__ = name
    return change


def set_time_step(S):
    defaultclock.dt = 0.05 * ms


CHANGES = {
    "opening": set_parameter("alpha1_NMDA", 1.5 / ms),
    "closing": set_parameter("beta1_NMDA", 0.02 / ms),
    "unbinding": set_parameter("beta2_NMDA", 0.7 / ms),
    "binding": set_parameter("alpha2_NMDA", 0.6 / (mM * ms)),
    "gmax": set_parameter("gmax_NMDA", 0.05 * nS),
    "peak": set_parameter("peak_T", 0.4 * mM),
    "weights": set_parameter("w", SOME_WEIGHTS[::-1]),
    "delay": set_parameter("delay", 0.45 * ms),
}


@pytest.mark.parametrize("when", ["between pulses", "within a pulse"])
@pytest.mark.parametrize(
    ("kind", "delay", "what"),
    [("pulse", delay, what) for delay in DELAYS for what in CHANGES if (delay, what) != ("several", "delay")]
    + [("depressing", "several", what) for what in ("closing", "peak", "weights")],
)
def test_changed_between_runs(what, kind, delay, when):
    """With channels open, at 10 ms, or at 15.3 ms, 0.2 ms or more into a pulse (at each delay of some).

    A pulse that has begun keeps its length, but its height and the rates are the new ones at once.
    """
    s = Scenario(kind, delay=DELAYS[delay], w=SOME_WEIGHTS, runs=(100, 200), between=(CHANGES[what],))
    if when == "within a pulse":
        s.runs = (153 + (2 if delay == "one" else 0), 100)
    # the bound of the basis for the new kinetics is not stated, but the tolerance is kept
    agrees(s, bound=1e-6, stepped=1e-7)


@pytest.mark.parametrize("what", ["decay", "saturation", "rise", "weights"])
def test_jumps_changed_between_runs(what):
    change = {
        "decay": set_parameter("tau_s_NMDA", 60 * ms),
        "saturation": set_parameter("alpha_NMDA", 0.4 / ms),
        "rise": set_parameter("tau_x_NMDA", 2.2 * ms),
        "weights": CHANGES["weights"],
    }[what]
    for delay in DELAYS.values():
        agrees(Scenario("jump", delay=delay, w=SOME_WEIGHTS, runs=(15, 85), between=(change,)), bound=1e-6)


@pytest.mark.parametrize("w", [1.3, "constant"])
def test_declared_weights_changed_between_runs(w):
    """A shared weight may change; constant ones are protected."""
    s = Scenario(options=dict(w=w), runs=(100, 100))
    s.between = (set_parameter("w", 0.4) if w == 1.3 else CHANGES["gmax"],)
    agrees(s)


# -- one weight, and every source onto every target


def connect_listed(S, but_itself=False):
    """All pairs as a list, which is not recognised as all-to-all."""
    i, j = (x.ravel() for x in np.indices((len(S.source), len(S.target))))
    kept = (i != j) | (not but_itself)
    S.connect(i=i[kept], j=j[kept])


ALL_TO_ALL = {
    "pulse": MODELS["pulse"],
    "jump": MODELS["jump"],
    "linear": lambda: GlutamateSynapse(FiveStateNMDA(**LIKE_THE_SEED)),
}


@pytest.mark.parametrize("condition", [None, "i != j"])
@pytest.mark.parametrize("layout", ["plain", "recurrent", "subgroups"])
@pytest.mark.parametrize("kind", ALL_TO_ALL)
def test_all_to_all(kind, layout, condition):
    """One sum for all targets: rounding away from one sum per target, within the bound of the exact plan.

    Kinetics and the weight change between runs. Of different groups, 'i != j' is no longer all-to-all.
    """
    change = CHANGES["closing"] if kind == "pulse" else set_parameter("gmax_NMDA", 0.05 * nS)

    def changes(S):
        change(S)
        S.w = 0.8

    s = Scenario(
        kind, layout, delay=0.25, options=dict(w=1.3), runs=(153, 100), between=(changes,), inside=False
    )
    s.model = ALL_TO_ALL[kind]
    s.connect = lambda S: S.connect(condition=condition)
    once = condition is None or layout == "recurrent"
    found = agrees(s, weight=5 * 1.3, bound=1e-6, stepped=1e-7)
    assert ("once for all targets" in str(found.S.plan)) == once
    assert found.S.pre.active == (not once)  # nothing is left to do for each synapse
    if not once:
        return
    s.connect = lambda S: connect_listed(S, but_itself=condition is not None)
    each = play(s, 1e-6)
    assert "once for all targets" not in str(each.S.plan) and len(each.S) == len(found.S)
    assert np.max(np.abs(found.total - each.total)) <= 1e-13 * np.max(each.total)


def test_no_longer_all_to_all():
    """A second connect(), statements of the user's, an inactive object; store and restore."""

    def twice(S):
        S.connect()
        S.connect(i=[0], j=[1])

    def listed(S):
        connect_listed(S)
        S.connect(i=[0], j=[1])

    s = Scenario(options=dict(w=1.3), inside=False, connect=twice)
    a = play(s, 1e-6)
    assert a.S.pre.active and "once for all" not in str(a.S.plan)
    s.connect = listed
    assert np.array_equal(a.total, play(s, 1e-6).total)

    counting = dict(w=1.3, model="spikes : 1", on_pre="spikes += 1")
    s = Scenario(options=counting, inside=False, connect=lambda S: S.connect(), runs=(15,))
    a = play(s, 1e-6)
    assert "once for all" in str(a.S.plan) and np.sum(a.S.spikes) == 5 * 3  # at 5, 7 and 12
    a.net.store()
    a.net.run(20 * ms)
    first = np.array(a.S.target.g_total_NMDA)
    a.S.beta1_NMDA = 0.05 / ms
    a.net.run(1 * ms)
    a.net.restore()
    a.net.run(20 * ms)
    assert np.array_equal(first, a.S.target.g_total_NMDA) and np.all(first > 0)
    a.S.active = False
    before = np.array(a.S.spikes)
    a.net.run(10 * ms)
    assert np.array_equal(before, a.S.spikes)


@pytest.mark.parametrize("w", [1.3, "per_synapse"])
@pytest.mark.parametrize("delay", ["none", "several"])
def test_inactive_for_a_run(w, delay):
    """When they are active again, what was sent has decayed: as if nothing but the spikes was missed."""
    s = Scenario(
        delay=DELAYS[delay], options=dict(w=w), inside=False, connect=lambda S: S.connect(), runs=(60,)
    )
    if delay == "several":
        s.delay = np.full(20, 0.25)
    pausing, going_on = play(s, 1e-6), play(s, 1e-6)
    for found in (pausing, going_on):
        found.S.active = found is going_on
        found.net.run(4 * ms)  # no spikes, no pulses
        found.S.active = True
        found.net.run(30 * ms)  # two spikes
    a, b = (np.array(x.S.target.g_total_NMDA / nS) for x in (pausing, going_on))
    assert np.all(b > 0.1) and np.max(np.abs(a - b)) <= 1e-12 * np.max(b)


def connect_more(S):
    S.connect(i=[0, 1, 3], j=[4, 0, 4])


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        (
            "pulse",
            set_parameter("duration_T", 0.8 * ms),
            "the time step and the duration of a pulse cannot change",
        )
    ]
    + [
        (kind, change, message)
        for kind in ("pulse", "jump", "linear")
        for change, message in (
            (set_time_step, "the time step and the duration of a pulse cannot change"),
            (connect_more, "synapses cannot be added between two runs"),
        )
    ],
    ids=lambda x: x if isinstance(x, str) and " " not in x else getattr(x, "__name__", ""),
)
def test_refused_between_runs(kind, change, message):
    """Ends of pulses, and events that are under way, were put into queues: an error, not a wrong result."""
    s = Scenario(kind, runs=(100, 60), between=(change,), inside=False)
    with pytest.raises(b2.BrianObjectException) as error:
        play(s, 1e-6)
    assert message in str(error.value.__cause__)
    assert "tolerance=None" in str(error.value.__cause__)
    play(s, None)


@pytest.mark.parametrize(
    ("kind", "delay"), [("pulse", "none"), ("depressing", "several"), ("jump", "one"), ("linear", "several")]
)
def test_store_and_restore(kind, delay):
    """Stored within a pulse; kinetics and weights are changed before it is restored: the same again."""
    s = Scenario(kind, delay=DELAYS[delay], w=SOME_WEIGHTS, runs=(22,))
    again = play(s, 1e-6)
    S, net = again.S, again.net
    monitors = [o for o in net.objects if isinstance(o, StateMonitor)]
    net.store()

    def go():
        net.run(20 * ms)
        return [np.array(getattr(m, n)) for m in monitors for n in m.record_variables]

    first = go()
    assert max(np.ptp(x) for x in first) > 0
    name = {"pulse": "beta1", "depressing": "beta1", "jump": "tau_s", "linear": "tau_decay"}[kind]
    before = getattr(S, f"{name}_NMDA")
    before = before[:] if np.ndim(before) else 1 * before
    setattr(S, f"{name}_NMDA", 1.3 * before)
    S.w = 3
    net.run(5 * ms)
    net.restore()
    second = go()
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


# -- weights that change at spikes

STDP = dict(
    model="""
    dapre/dt = -apre/(20*ms) : 1 (event-driven)
    dapost/dt = -apost/(20*ms) : 1 (event-driven)
    """,
    on_pre="""
    apre += 0.2
    w = clip(w + apost, 0, 2)
    """,
    on_post="""
    apost -= 0.3
    w = clip(w + apre, 0, 2)
    """,
)


@pytest.mark.parametrize(
    ("kind", "delay", "layout"),
    [(kind, delay, "plain") for kind in MODELS for delay in ("one", "several")]
    + [("pulse", "none", "recurrent"), ("jump", "several", "recurrent")],
)
def test_weights_changed_at_spikes(kind, delay, layout):
    """Pair-based STDP with bounds, on pre- and postsynaptic spikes, while channels are open."""
    s = Scenario(kind, layout, delay=DELAYS[delay], w=SOME_WEIGHTS, options=STDP)
    w = agrees(s, weight=2.0 * 3).inside["w"]
    assert np.any(np.diff(w) > 0) and np.any(np.diff(w) < 0)


@pytest.mark.parametrize("delay", DELAYS)
def test_weights_changed_in_several_pathways(delay):
    """A pathway of the user's with a delay of its own, several runs, and operators that assign."""
    options = dict(
        on_pre={"pre": "w *= 1.2", "late": "w -= 0.05"},
        on_post="w += 0.1",
    )
    s = Scenario(delay=DELAYS[delay], w=SOME_WEIGHTS, options=options, runs=(22, 40, 200))
    s.before = lambda S: setattr(S.late, "delay", 4.1 * ms)  # two pathways in one step have no stated order

    def again(S):
        S.late.delay = 1.7 * ms
        S.w = 0.5

    s.between = (again, CHANGES["closing"])
    agrees(s, weight=30.0, bound=1e-6, stepped=1e-7)


# -- limits


def test_x_beyond_its_limit():
    """WangNMDA at a rate at which x exceeds four jumps: an error at the end of the run."""
    s = Scenario("jump", spikes=[(0, k) for k in range(1, 40)], runs=(100,))
    with pytest.raises(ModelError, match=r"x_NMDA reached .* tolerance=None"):
        play(s, 1e-6)
    s.spikes = [(0, k) for k in range(1, 40, 10)]
    assert play(s, 1e-6).S.plan.sent


@pytest.mark.parametrize("what", ["kinetics", "weights"])
@pytest.mark.parametrize("delay", ["none", "several"])
def test_changed_in_a_run(what, delay):
    """What is sent would be wrong: an error, at the next spike for kinetics, at the end of the run for w."""
    s = Scenario("pulse", delay=DELAYS[delay], runs=(0,), inside=False)
    found = play(s, 1e-6)
    if what == "kinetics":
        change = b2.NetworkOperation(lambda: setattr(found.S, "beta1_NMDA", 0.07 / ms), dt=7 * ms)
        objects, said = [change], "kinetics have changed during a run"
    else:  # synapses onto the synapses
        source = SpikeGeneratorGroup(1, [0], [5] * ms)
        change = b2.Synapses(source, found.S, on_pre="w_post = 2")
        change.connect()
        objects, said = [source, change], "the weights may not change"
    found.net.add(*objects)
    with pytest.raises(Exception) as error:
        found.net.run(20 * ms)
    text = str(error.getrepr(chain=True))
    assert said in text and "tolerance=None" in text


@pytest.mark.parametrize("kind", ["pulse", "jump"])
@pytest.mark.parametrize(("layout", "delay"), [("recurrent", "none"), ("plain", "one"), ("plain", "several")])
def test_single_precision(kind, layout, delay):
    """float32 against float64: 1e-4 of the peak.

    Amplitudes that cancel need more digits than float32 has: the plan is the stepped one, and says why.
    """
    s = Scenario(kind, layout, delay=DELAYS[delay], w=SOME_WEIGHTS, inside=False)
    b2.prefs.core.default_float_dtype = np.float32 if delay == "several" else np.float64
    expected = play(s, None).total
    b2.prefs.core.default_float_dtype = np.float32
    single = play(s, 1e-6, sent=False)
    assert np.max(np.abs(single.total - expected)) <= 1e-4 * np.max(expected)
    assert "float32" in str(single.S.plan)


def test_what_cannot_be_sent_is_not():
    """The exact plan, visibly, for what reads a gate, for other methods and time steps, and if asked for."""
    plain = GlutamateSynapse(BioNMDA())
    cases = [
        (plain, dict(tolerance=None), "tolerance=None"),
        (plain, dict(per_synapse=["gmax_NMDA"]), "'gmax_NMDA' has one value per synapse"),
        (plain, dict(per_synapse=["beta1_NMDA"]), "'beta1_NMDA' has one value per synapse"),
        (GlutamateSynapse(BioNMDA(antagonist=DAP5(conc=WASH_IN))), {}, "may change at each time step"),
        (plain, dict(method="rk4"), "method='rk4'"),
        (plain, dict(optimize=False), "naive form"),
        (plain, dict(dt=0.05 * ms), "different time steps"),
        (GlutamateSynapse(BioNMDA(), calcium=SpineCalcium()), dict(w="constant"), "read at each time step"),
        (GlutamateSynapse(KampaNMDA()), {}, "depends on the target's voltage"),
        (GlutamateSynapse(BioNMDA(release=StochasticRelease())), {}, "on each synapse"),
        (GlutamateSynapse(BioNMDA(), release=TransmitterPulse(duration=50 * ms)), {}, "no exponentials are"),
    ]
    sendable = [
        (plain, {}, "exponentials, sent at spikes"),
        (plain, dict(delay="per_synapse"), "exponentials, sent at spikes"),
        (plain, dict(w="constant"), "exponentials, sent at spikes"),
        (plain, dict(w=0.7), "exponentials, sent at spikes"),
        (GlutamateSynapse(WangNMDA()), {}, "exponentials, sent at spikes"),
    ]
    for case in cases + sendable:
        model, options, said = case
        source = SpikeGeneratorGroup(1, [0], [1] * ms)
        target = NeuronGroup(1, MODEL + model.post_equations(), method="euler")
        S = model.synapses(source, target, **options)
        assert bool(S.plan.sent) == (case in sendable), options
        (row,) = (r for r in S.plan.table if r["variable"] == "g_total_NMDA")
        assert said in row["integrated by"] + row["why"]


@pytest.mark.parametrize("tolerance", [0, 2, -1e-6, [1e-6, 1e-5]])
def test_tolerance_has_to_make_sense(tolerance):
    model = GlutamateSynapse(BioNMDA())
    source = SpikeGeneratorGroup(1, [0], [1] * ms)
    target = NeuronGroup(1, MODEL + model.post_equations(), method="euler")
    with pytest.raises(ModelError, match="tolerance has to be a number above 0"):
        model.synapses(source, target, tolerance=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_compiled_targets(on_target, target):
    """The same numbers as on NumPy, 1e-9 of the peak; in standalone two runs in one program."""
    weights = np.random.default_rng(7).uniform(0.5, 1.5, 100)
    found = []
    for where in ("numpy", target):
        directory = on_target(where, **({"build_on_run": False} if where == "cpp_standalone" else {}))
        net, S, monitor = network(1e-6, train(3), weights)
        net.run(80 * ms)
        S.gmax_NMDA = 0.2 * nS
        net.run(40 * ms)
        if directory:
            b2.device.build(directory=directory)
        found.append(np.array(monitor.g_total_NMDA / nS))
    assert np.max(np.abs(found[0] - found[1])) <= 1e-9 * np.max(found[0])


@pytest.mark.slow
@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_compiled_targets_with_all_there_is(on_target, target):
    """Pulses and jumps, delays of each synapse with ties, STDP, two runs: 1e-9 of the peak of NumPy's.

    And within the bounds of the exact plan on NumPy.
    """
    found, spikes = [], [(i, k) for i, k in BURSTS if k != 36]
    for where, tolerance in (("numpy", None), ("numpy", 1e-6), (target, 1e-6)):
        directory = on_target(where, **({"build_on_run": False} if where == "cpp_standalone" else {}))
        receptors = [BioNMDA(**LIKE_THE_SEED), WangNMDA(label="W", **LIKE_THE_SEED)]
        model = GlutamateSynapse(receptors, release=TsodyksMarkram())
        i, steps = (np.array(x) for x in zip(*spikes, strict=True))
        source = SpikeGeneratorGroup(4, i, steps * 0.1 * ms)
        target_ = NeuronGroup(
            5, MODEL + "\nfire : 1" + model.post_equations(), method="euler",
            threshold="fire > 0.5", reset="fire = 0",
        )  # fmt: skip
        target_.v = -60 * mV
        feed = b2.Synapses(source, target_, on_pre="fire_post = 1", delay=1.3 * ms)
        feed.connect(j="i")
        S = model.synapses(source, target_, tolerance=tolerance, delay="per_synapse", **STDP)
        assert set(S.plan.sent) == ({"NMDA", "W"} if tolerance else set())
        S.connect(i=PRE_OF, j=POST_OF)
        S.w = SOME_WEIGHTS
        S.delay = DELAYS["several"] * ms
        monitor = StateMonitor(target_, ["g_total_NMDA", "g_total_W", "v"], record=True)
        inside = StateMonitor(S, ["w", "x_NMDA", "g_NMDA", "x_W", "s_W"], record=np.arange(9))
        net = Network(source, target_, feed, S, monitor, inside)
        net.run(15.3 * ms)
        S.gmax_W = 0.2 * nS
        net.run(10 * ms)
        if directory:
            b2.device.build(directory=directory)
        found.append({n: np.array(getattr(m, n)) for m in (monitor, inside) for n in m.record_variables})
        bound = max([f.bound for f in S.plan.sent.values()], default=0.0)
    exact, numpy, compiled = found
    for name, x in numpy.items():
        assert np.ptp(x) > 0, name
        assert np.max(np.abs(compiled[name] - x)) <= 1e-9 * np.max(np.abs(x)), name
    for name, gmax in (("g_total_NMDA", 0.1), ("g_total_W", 0.2)):
        off = gmax * 1e-9 * 6 * (BETWEEN * bound + STEPPED["pulse"])
        assert np.max(np.abs(numpy[name] - exact[name])) <= off


@pytest.mark.slow
@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_compiled_all_to_all(on_target, target):
    """One sum for all targets, compiled, against NumPy and against one sum per target: rounding."""

    def all_pairs(S, but_itself):
        S.connect(condition="i != j" if but_itself else None)

    found = []
    for name, connect in (("numpy", all_pairs), ("numpy", connect_listed), (target, all_pairs)):
        directory = on_target(name, **({"build_on_run": False} if name == "cpp_standalone" else {}))
        model = GlutamateSynapse([BioNMDA(**LIKE_THE_SEED), WangNMDA(label="W", gmax=0.1 * nS)])
        group = NeuronGroup(
            5, MODEL + "\nx : 1" + model.post_equations(), threshold="x > 0.5", reset="x = 0", method="euler"
        )
        group.v = -60 * mV
        i, steps = (np.array(x) for x in zip(*BURSTS, strict=True))
        source = SpikeGeneratorGroup(4, i, steps * 0.1 * ms)
        feed = b2.Synapses(source, group, on_pre="x_post = 1")
        feed.connect(i=np.arange(4), j=np.arange(4))
        objects = [source, group, feed]
        for pre, post, but_itself in ((group, group, True), (group[1:4], group[2:], False)):
            S = model.synapses(pre, post, delay=0.5 * ms, w=1.3)
            connect(S, but_itself)
            objects.append(S)
        monitor = StateMonitor(group, ["g_total_NMDA", "g_total_W", "v"], record=True)
        net = Network(*objects, monitor)
        net.run(15.3 * ms)
        S.gmax_NMDA = 0.2 * nS
        net.run(10 * ms)
        if directory:
            b2.device.build(directory=directory)
        found.append({n: np.array(getattr(monitor, n)) for n in monitor.record_variables})
    once, each, compiled = found
    for name, x in each.items():
        assert np.ptp(x) > 0, name
        assert np.max(np.abs(once[name] - x)) <= 1e-13 * np.max(np.abs(x)), name
        assert np.max(np.abs(compiled[name] - x)) <= 1e-9 * np.max(np.abs(x)), name


@pytest.mark.slow
def test_many_events_in_a_step(on_target):
    """Vectorised over the synapses of a step, in chunks of 256: rounding away from NumPy, in both runs.

    900 synapses, some 300 of which have an event in the same step, others none for a while.
    """
    rng = np.random.default_rng(5)
    delays, weights = rng.choice([0.3, 0.5, 1.2], 900) * ms, rng.uniform(0, 2, 900)
    i, steps = (x.ravel() for x in np.meshgrid(np.arange(30), [5, 8, 60, 150]))
    found = []
    for name in ("numpy", "cpp_standalone"):
        directory = on_target(name, **({"build_on_run": False} if name == "cpp_standalone" else {}))
        model = GlutamateSynapse([BioNMDA(gmax=0.1 * nS), FiveStateNMDA(label="M", gmax=0.1 * nS)])
        source = SpikeGeneratorGroup(30, i, steps * 0.1 * ms)
        group = NeuronGroup(30, MODEL + model.post_equations(), method="euler")
        S = model.synapses(source, group, delay="per_synapse")
        S.connect()
        S.w, S.delay = weights, delays
        if directory:
            assert S.pre.template == S.end_T.template == "independent_events"
        monitor = StateMonitor(group, ["g_total_NMDA", "g_total_M"], record=True)
        net = Network(source, group, S, monitor)
        net.run(10 * ms)
        S.gmax_NMDA = 0.2 * nS
        net.run(10 * ms)
        if directory:
            b2.device.build(directory=directory)
        found.append(
            {n: np.array(getattr(monitor, n)) for n in monitor.record_variables} | {"g": S.event_g_NMDA[:]}
        )
    for n, x in found[0].items():
        assert np.max(x) > 0 and np.max(np.abs(found[1][n] - x)) <= 1e-11 * np.max(x), n


@pytest.mark.slow
def test_consecutive_targets(on_target):
    """Vectorised over targets that follow each other, in chunks of 64: rounding away from NumPy.

    A whole row; a row with a gap; rows in another order, in one only within a chunk; two synapses on each
    target; no synapse; synapses sorted by source, and not; with one thread and with two. The sources spike
    alone, which makes their gates differ, and all in one step.
    """
    rng = np.random.default_rng(5)
    rows = [[], range(32), range(200), [*range(100), *range(130, 200)], rng.permutation(200)]
    rows += [np.repeat(np.arange(100), 2), [{10: 20, 20: 10}.get(j, j) for j in range(200)]]
    pairs = np.array([(i, j) for i, row in enumerate(rows) for j in row])
    weights = rng.uniform(0, 2, len(pairs))
    i, steps = (x.ravel() for x in np.meshgrid(np.arange(7), [60, 63, 100]))
    i, steps = np.append(i, np.arange(7)), np.append(steps, np.arange(5, 40, 5))
    found = []
    for threads in (None, 0, 2):
        name, options = ("numpy", {}) if threads is None else ("cpp_standalone", {"build_on_run": False})
        directory = on_target(name, **options)
        b2.prefs.devices.cpp_standalone.openmp_threads = threads or 0
        model = GlutamateSynapse([BioNMDA(gmax=0.1 * nS), FiveStateNMDA(label="M", gmax=0.1 * nS)])
        source = SpikeGeneratorGroup(7, i, steps * 0.1 * ms)
        group = NeuronGroup(
            250,
            MODEL + "\nx : 1" + model.post_equations(),
            threshold="x > 0.5",
            reset="x = 0",
            method="euler",
        )
        feed = b2.Synapses(source, group, on_pre="x_post = 1")
        feed.connect(j="i + 20")
        several = model.synapses(source, group[40:240])
        shared = model.synapses(source, group, w=0.7, delay=0.4 * ms)
        recurrent = model.synapses(group[20:240], group[30:240])
        backwards = model.synapses(group[20:240], group[30:240], w=0.3)
        backwards.connect(i=pairs[::-1, 0], j=pairs[::-1, 1])
        for S in (several, shared, recurrent):
            S.connect(i=pairs[:, 0], j=pairs[:, 1])
            if directory:
                assert S.pre.template == S.end_T.template == "sent_by_gate"
        several.w = recurrent.w = weights
        shared.connect(j="i + 200")
        monitor = StateMonitor(group, ["g_total_NMDA", "g_total_M"], record=True)
        Network(source, group, feed, several, shared, recurrent, backwards, monitor).run(15 * ms)
        if directory:
            b2.device.build(directory=directory)
        found.append({n: np.array(getattr(monitor, n)) for n in monitor.record_variables})
    for n, x in found[0].items():
        assert np.max(x) > 0
        for compiled in found[1:]:
            assert np.max(np.abs(compiled[n] - x)) <= 1e-11 * np.max(x), n


@pytest.mark.slow
def test_standalone_refuses_what_it_cannot_do(on_target, capfd):
    """Kinetics changed between two runs raise; changed by run_args they stop the binary."""
    weights = np.full(100, 1.0)
    on_target("cpp_standalone", build_on_run=False)
    net, S, _ = network(1e-6, train(3), weights)
    net.run(10 * ms)
    S.beta1_NMDA = 0.02 / ms
    with pytest.raises(Exception) as error:
        net.run(10 * ms)
    assert "tolerance=None" in str(error.value.__cause__)
    directory = on_target("cpp_standalone", build_on_run=False)
    net, S, monitor = network(1e-6, train(3), weights)
    net.run(30 * ms)
    b2.device.build(directory=directory, run=False)
    b2.device.run(run_args={S.gmax_NMDA: 0.2 * nS})
    assert np.all(np.isfinite(monitor.g_total_NMDA)) and np.max(monitor.g_total_NMDA) > 0
    for changed in ({S.beta1_NMDA: 0.02 / ms}, {S.duration_T: 1 * ms}):
        with pytest.raises(RuntimeError, match="run failed"):
            b2.device.run(run_args=changed)
        assert "kinetics have changed" in capfd.readouterr().err
