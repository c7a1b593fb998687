"""Ports and places: the models of `chain_models.py` against SciPy, in all targets and plans; errors in words.

The references are written by hand from the equations of the models: a clamped neuron, three synapses of two
presynaptic neurons, on two neurons and two dendrites (or astrocytes). Couplings between parts are held over a
step, so the difference has to be small and to halve with the time step.
"""

from functools import cache
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import brian2 as b2
import numpy as np
import pytest
import sympy
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    defaultclock,
    ms,
    mV,
    second,
)
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from brian2_nmda import (
    AMPA,
    GlutamateSynapse,
    ModelError,
    On,
    Parameter,
    Part,
    Plasticity,
    Reaction,
    Total,
    check_model,
    conductance,
    counts,
    gives,
    needs,
    postsynaptic,
    presynaptic,
    states,
)
from brian2_nmda.export.sheet import sheet
from brian2_nmda.symbolic.expressions import symbol

chain = SimpleNamespace(**run_path(str(Path(__file__).with_name("chain_models.py"))))
MODELS, receptors = chain.MODELS, chain.receptors


def pooled(*parts):
    """A synapse that inserts receptors of a pool."""
    return GlutamateSynapse(receptors(), plasticity=chain.PooledInsertion(), parts=parts)


pytestmark = pytest.mark.xdist_group(__name__)  # one process: the runs are shared

V, DURATION = -0.02, 0.3
PRE, POST, PLACE = [0, 1, 1], [0, 0, 1], [0, 0, 1]
SPIKES = [(0, 0.005), (1, 0.012), (0, 0.02), (1, 0.1), (0, 0.103), (1, 0.2)]
POST_SPIKES = (0.05, 0.15)
DETERMINISTIC = ["kinase", "switch", "pool", "astrocyte", "protein"]


@pytest.fixture(autouse=True)
def clock():
    before = defaultclock.dt, b2.prefs.codegen.target
    b2.prefs.codegen.target = "numpy"
    yield
    defaultclock.dt, b2.prefs.codegen.target = before


def places_of(model):
    return {place: 2 for place in model.system.places if place != "neuron"}


def objects(name, optimize=True):
    """A clamped target that spikes at `POST_SPIKES`, and synapses of one of the models."""
    model = MODELS[name]()
    steps = " or ".join(f"timestep(t, dt) == {round(t / float(defaultclock.dt))}" for t in POST_SPIKES)
    target = NeuronGroup(
        2,
        "v : volt\nI = I_syn : amp" + model.post_equations(),
        threshold=steps,
        reset="",
        name=f"{name}_target",
    )
    target.v = V * b2.volt
    source = SpikeGeneratorGroup(2, [i for i, _ in SPIKES], [t for _, t in SPIKES] * second)
    S = model.synapses(source, target, places=places_of(model), optimize=optimize, name=f"{name}_s")
    S.connect(i=PRE, j=POST)
    for place in places_of(model):
        setattr(S, f"{place}_index", PLACE)
    recorded = [n for n in model.system.states if n in S.variables]
    monitor = StateMonitor(S, recorded, record=[0, 1, 2], name=f"{name}_monitor")
    return (source, target, S, monitor), recorded


@cache
def course(name, dt=1e-4, optimize=True):
    """Time course of all states of a model on NumPy, by name."""
    b2.prefs.codegen.target = "numpy"
    defaultclock.dt = dt * second
    made, recorded = objects(name, optimize)
    Network(*made).run(DURATION * second)
    return {n: np.array(getattr(made[-1], n)) for n in recorded}


# -- references ----------------------------------------------------------------------------------


def integrate(rhs, start, events, times):
    """Solve ``rhs(t, y, on)``; at each of ``events`` something happens to ``y`` and the pulses ``on``."""
    y, now, on = np.array(start, float), 0.0, np.zeros(2)
    out = np.empty((len(times), len(y)))
    marks = sorted(events, key=lambda e: e[0])
    for k in range(len(marks) + 1):
        end = marks[k][0] if k < len(marks) else times[-1]
        inside = np.flatnonzero((times >= now) & (times < end if k < len(marks) else times <= end))
        if end > now:
            at = np.unique([*times[inside], end])
            found = solve_ivp(
                rhs, (now, end), y, "LSODA", t_eval=at, args=(on.copy(),),
                rtol=1e-10, atol=1e-14, max_step=2e-3,
            )  # fmt: skip
            out[inside], y = found.y[:, : len(inside)].T, found.y[:, -1]
        if k < len(marks):
            now = end
            y = marks[k][1](y, on)
    return out


class Chain:
    """Hand-written equations of receptors and calcium of the three synapses, and what a model adds."""

    def __init__(self, name, dt):
        self.p = MODELS[name]().system.values()
        self.dt = dt

    def receptors(self, gA, x, g, T):
        p = self.p
        return (
            p["alpha_AMPA"] * T * (1 - gA) - p["beta_AMPA"] * gA,
            p["alpha2_NMDA"] * T * (1 - x) - p["beta2_NMDA"] * x,
            p["alpha1_NMDA"] * x * (1 - g) - p["beta1_NMDA"] * g,
        )

    def calcium(self, g, Ca):
        p = self.p
        block = 1 / (1 + p["Mg"] / p["K_NMDA"] * np.exp(-p["k_NMDA"] * V))
        calibration = p["fraction_Ca"] * (p["v_cal_Ca"] - p["E_NMDA"]) / (p["v_cal_Ca"] - p["E_Ca"])
        current = calibration * p["gmax_NMDA"] * g * block * (V - p["E_Ca"])
        influx = -current / (2 * p["F_Ca"] * p["V_Ca"] * (1 + p["kappa_Ca"]))
        return influx - (Ca - p["rest_Ca"]) / p["tau_Ca"]

    def pulses(self, at_spike=lambda y, i: (y, 1.0)):
        """Ends and beginnings of pulses, a step after the spike, as in the package."""
        found = []
        for i, t in SPIKES:

            def start(y, on, i=i):
                y, on[i] = at_spike(y, i)
                return y

            def stop(y, on, i=i):
                on[i] = 0.0
                return y

            found += [(t + self.dt, start), (t + self.dt + self.p["duration_T"], stop)]
        return found


def hill(Ca, K):
    return Ca**4 / (K**4 + Ca**4)


def reference(name, dt, times):
    """States of a model by name, one row per synapse."""
    c = Chain(name, dt)
    p, three, pre, at = c.p, np.ones(3), np.array(PRE), np.array(PLACE)
    peak = p["peak_T"]

    def total(values, where):
        return np.bincount(where, values, minlength=2)

    def split(y, *sizes):
        return np.split(y, np.cumsum(sizes)[:-1])

    if name in ("kinase", "switch"):
        names = ("gA", "x", "g", "Ca", "n", "P", "A")

        def rhs(t, y, on):
            gA, x, g, Ca, n, P, A = split(y, *[3] * 7)
            if name == "kinase":
                dP = p["k_on_Kinase"] * hill(Ca, p["K_Kinase"]) * (1 - P) - p["k_off_Kinase"] * P
                dA = 0 * A
            else:
                dP = p["k_auto_Switch"] * P**2 / (P**2 + 1) * (1 - P)
                dP += p["k_on_Switch"] * hill(Ca, p["theta_Switch"]) * (1 - P)
                dP -= p["v_p_Switch"] * A * P / (p["K_Switch"] + P)
                dA = (1 / (1 + 4 * P**2) - A) / p["tau_Phosphatase"]
            dn = p["k_in_AMPA"] * P - p["k_out_AMPA"] * (n - 20)
            return np.r_[(*c.receptors(gA, x, g, peak * on[pre]), c.calcium(g, Ca), dn, dP, dA)]

        start = np.r_[np.zeros(9), p["rest_Ca"] * three, 20 * three, 0 * three, three]
        y = integrate(rhs, start, c.pulses(), times)
        found = dict(zip(names, np.split(y.T, 7), strict=True))
        P = found.pop("P")
        A = found.pop("A")
        label = {"kinase": {"P_Kinase": P}, "switch": {"S_Switch": P, "A_Phosphatase": A}}[name]
        return {"n_AMPA": found["n"], "Ca": found["Ca"], **label}
    if name == "pool":

        def rhs(t, y, on):
            n, R = split(y, 3, 2)
            flow = p["k_in_AMPA"] * R[at] - p["k_out_AMPA"] * n
            return np.r_[flow, p["supply_Pool"] - p["k_loss_Pool"] * R - total(flow, at)]

        y = integrate(rhs, np.r_[10 * three, 100, 100], [], times)
        return {"n_AMPA": y.T[:3], "R_Pool": y.T[3:][at]}
    if name == "astrocyte":
        # states: gA, x, g of the synapses, released fraction, G, A
        def rhs(t, y, on):
            gA, x, g, u, G, A = split(y, 3, 3, 3, 3, 2, 2)
            T = peak * u * on[pre]
            return np.r_[
                (*c.receptors(gA, x, g, T), 0 * u, -G / p["tau_G_Astrocyte"], (G - A) / p["tau_A_Astrocyte"])
            ]

        def spike(y, i):
            gA, x, g, u, G, A = (z.copy() for z in split(y, 3, 3, 3, 3, 2, 2))
            here = pre == i
            u[here] = 1 / (1 + A[at][here])
            G += total(0.05 * u * here, at)
            return np.r_[gA, x, g, u, G, A], 1.0

        y = integrate(rhs, np.zeros(16), c.pulses(spike), times)
        gA, _, g, _, G, A = split(y.T, 3, 3, 3, 3, 2, 2)
        return {"g_AMPA": gA, "g_NMDA": g, "G_Astrocyte": G[at], "A_Astrocyte": A[at]}
    assert name == "protein"
    post = np.array(POST)

    def rhs(t, y, on):
        gA, x, g, Ca, h, z, protein = split(y, 3, 3, 3, 3, 3, 3, 2)
        dh = p["k_tag_Tag"] * hill(Ca, p["theta_Tag"]) * (1 - h) - h / p["tau_Tag"]
        dz = p["k_AMPA"] * h * protein[post] * (1 - z)
        dp = p["alpha_Protein"] * total(h, post) - protein / p["tau_p_Protein"]
        return np.r_[(*c.receptors(gA, x, g, peak * on[pre]), c.calcium(g, Ca), dh, dz, dp)]

    def jump(y, on):
        y = y.copy()
        y[-2:] += 0.01
        return y

    start = np.r_[np.zeros(9), p["rest_Ca"] * three, np.zeros(8)]
    events = c.pulses() + [(t + dt, jump) for t in POST_SPIKES]
    y = integrate(rhs, start, events, times)
    h, z, protein = y.T[12:15], y.T[15:18], y.T[18:]
    return {"h_Tag": h, "z_AMPA": z, "p_Protein": protein[post]}


def errors(name, dt):
    got = course(name, dt)
    times = np.arange(next(iter(got.values())).shape[1]) * dt
    expected = reference(name, dt, times)
    return {n: np.max(abs(got[n] - e)) / np.max(abs(e)) for n, e in expected.items()}


#: Error at 0.1 ms of what each model adds, of its peak, as measured, rounded up by a fifth.
BOUNDS = {"kinase": 5.2e-3, "switch": 3.4e-3, "pool": 6.4e-8, "astrocyte": 1.2e-9, "protein": 3.5e-3}


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_against_scipy(name):
    """Every state is within its bound of the hand-written equations, and the error halves with dt."""
    coarse, fine = errors(name, 1e-4), errors(name, 5e-5)
    for n in coarse:
        assert coarse[n] < BOUNDS[name], (n, coarse)
        if coarse[n] > 1e-6:
            assert 1.7 < coarse[n] / fine[n] < 2.3, (n, coarse[n], fine[n])


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_naive_form_agrees(name):
    """Per synapse, with no plan but the places: the same to 1e-9 of the peak; what is sent, to its bound."""
    fast, naive = course(name), course(name, optimize=False)
    for n in naive:
        sent = "pool" in name and n in ("x_NMDA", "g_NMDA")  # no part reads them, so they are sent
        limit = 1e-6 if sent else 1e-9
        assert np.max(abs(fast[n] - naive[n])) <= limit * max(np.max(abs(naive[n])), 1e-300), n


def in_one_program():
    """All models in one network: the objects of each that draws nothing, and the monitor of the numbers."""
    defaultclock.dt = 0.1 * ms
    made = {name: objects(name) for name in DETERMINISTIC}
    counted = many_counts()
    net = Network(*(x for group, _ in made.values() for x in group), *counted)
    net.run(60 * ms)
    return made, counted[-1], net


def courses(made):
    return {(m, n): np.array(getattr(group[-1], n)) for m, (group, names) in made.items() for n in names}


@cache
def first_60_ms():
    b2.prefs.codegen.target = "numpy"
    made, numbers, _ = in_one_program()
    return courses(made), (np.array(numbers.n_AMPA), np.array(numbers.pool_AMPA))


def check_agreement(found):
    for key, expected in first_60_ms()[0].items():
        assert np.max(abs(found[key] - expected)) <= 1e-9 * max(np.max(abs(expected)), 1e-300), key


def test_cpp_standalone_agrees(on_target):
    """One program for all models: 1e-9 of the peak of what NumPy gives; means and variances of numbers."""
    expected, _ = first_60_ms()
    directory = on_target("cpp_standalone", build_on_run=False)
    made, numbers, _ = in_one_program()
    b2.device.build(directory=directory)
    found = courses(made)
    assert found.keys() == expected.keys()
    check_agreement(found)
    check_numbers(np.array(numbers.n_AMPA), np.array(numbers.pool_AMPA))


@pytest.mark.slow
def test_cython_agrees():
    """The same for Cython."""
    first_60_ms()
    b2.prefs.codegen.target = "cython"
    b2.prefs.codegen.loop_invariant_optimisations = True
    made, numbers, _ = in_one_program()
    check_agreement(courses(made))
    check_numbers(np.array(numbers.n_AMPA), np.array(numbers.pool_AMPA))


# -- numbers of molecules ------------------------------------------------------------------------

DENDRITES, EACH = 400, 5


def exchange(dt=1e-3, duration=0.4, optimize=True, deterministic=False):
    """`DENDRITES` pools with `EACH` synapses; final numbers, and the sum of all molecules over time."""
    defaultclock.dt = dt * second
    b2.seed(20261124)
    model = MODELS["counts"](deterministic=deterministic)
    target = NeuronGroup(DENDRITES * EACH, "v = -60*mV : volt" + model.post_equations())
    source = SpikeGeneratorGroup(1, [], [] * second)
    S = model.synapses(source, target, places={"dendrite": DENDRITES}, optimize=optimize)
    S.connect()
    S.dendrite_index = f"j // {EACH}"
    sums = []

    @b2.network_operation(dt=20 * ms)
    def record():
        n, pool = np.array(S.n_AMPA), np.array(S.pool_AMPA)
        assert np.all(n >= 0) and np.all(pool >= 0)
        of_dendrite = n.reshape(DENDRITES, EACH).sum(axis=1) + pool[::EACH]
        sums.append(of_dendrite)

    Network(source, target, S, record).run(duration * second)
    return np.array(S.n_AMPA), np.array(S.pool_AMPA)[::EACH], np.array(sums)


def expected_exchange(duration=0.4, model=None):
    """Mean and variance of the molecules in a synapse: all molecules are independent of each other."""
    return cumulants(duration, model or MODELS["counts"]())[0][:2]


def cumulants(duration, model):
    """The first, second and fourth of the molecules in a synapse, then in its pool.

    The mean is that of the continuous form: the rates are linear.
    """
    p = model.system.values()
    k_in, k_out = p["k_in_AMPA"], p["k_out_AMPA"]
    rates = np.zeros((EACH + 1, EACH + 1))  # column: from; the pool is the last
    rates[:EACH, EACH] = k_in
    rates[EACH, :EACH] = k_out
    rates -= np.diag(rates.sum(axis=0))
    number = np.array([5] * EACH + [200])
    found = []
    for chance in expm(rates * duration)[[0, EACH]]:  # to be there, by where it began
        pq = chance * (1 - chance)
        found.append((number @ chance, number @ pq, number @ (pq * (1 - 6 * pq))))
    return found


MANY = 2000  # dendrites, of EACH synapses


def fast_counts():
    """The model of the proof, ten times as fast: 60 ms go most of the way to the balance."""
    insertion = chain.CountedReceptors(k_in=0.5 / second, k_out=10 / second)
    return GlutamateSynapse(AMPA(gmax=0.5 * b2.nS), plasticity=insertion)


def many_counts():
    """10,000 synapses of `fast_counts`, and a monitor of their numbers."""
    b2.seed(20261129)
    model = fast_counts()
    target = NeuronGroup(MANY * EACH, "v = -60*mV : volt" + model.post_equations(), name="counts_target")
    source = SpikeGeneratorGroup(1, [], [] * second, name="counts_source")
    S = model.synapses(source, target, places={"dendrite": MANY}, name="counts_s")
    S.connect()
    S.dendrite_index = f"j // {EACH}"
    monitor = StateMonitor(
        S,
        ["n_AMPA", "pool_AMPA"],
        record=np.arange(MANY * EACH),
        dt=10 * ms,
        when="end",
        name="counts_monitor",
    )
    return source, target, S, monitor


def check_numbers(n, pool):
    """Whole, conserved exactly, and within 3 standard errors of the mean and variance in theory.

    The samples are those after 0.1, 10.1, ... 50.1 ms. A step of 0.1 ms costs less than 0.1 of them.
    """
    assert n.shape == (MANY * EACH, 6)
    assert np.array_equal(n, np.round(n)) and np.array_equal(pool, np.round(pool))
    assert np.all(n >= 0) and np.all(pool >= 0)
    of_dendrite = n.reshape(MANY, EACH, -1).sum(axis=1) + pool[::EACH]
    assert np.all(of_dendrite == 200 + 5 * EACH)  # at all times
    (mean, variance, fourth), (_, of_pool, _) = cumulants(50.1e-3, fast_counts())
    assert mean > 6.5 and np.max(n[:, -1]) > 2 * mean  # far from the start, and spread
    # what is not in the pool is in the synapses, whose numbers depend on each other a little
    error = np.sqrt(of_pool / MANY) / EACH
    assert abs(np.mean(n[:, -1]) - mean) < 3 * error, (np.mean(n[:, -1]), mean, error)
    m = MANY * EACH
    error = np.sqrt(fourth / m + 2 * variance**2 / (m - 1))
    spread = np.var(n[:, -1], ddof=1)
    assert abs(spread - variance) < 3 * error, (spread, variance, error)


def test_many_numbers_on_numpy():
    """As in the compiled targets above, whose draws are others."""
    check_numbers(*first_60_ms()[1])


@pytest.mark.parametrize("optimize", [True, False])
def test_counts_exchange_with_a_finite_pool(optimize):
    """Whole numbers, conserved exactly; mean and variance of independent molecules, 3.5 standard errors."""
    n, pool, sums = exchange(optimize=optimize)
    assert np.array_equal(n, np.round(n)) and np.array_equal(pool, np.round(pool))
    assert np.all(sums == 200 + 5 * EACH)  # exactly, at all times
    mean, variance = expected_exchange()
    of_first = n.reshape(DENDRITES, EACH)
    error = np.sqrt(variance / DENDRITES)
    assert np.all(abs(of_first.mean(axis=0) - mean) < 3.5 * error + 1e-3 * mean)  # the step costs rate*dt/2
    spread = of_first.var(axis=0, ddof=1)
    assert np.all(abs(spread / variance - 1) < 3.5 * np.sqrt(2 / (DENDRITES - 1)))


def test_mean_field_of_the_same_table():
    """``deterministic=True``: the mean of the molecules, to order 1 in dt."""
    mean, _ = expected_exchange()
    found = []
    for dt in (1e-3, 5e-4):
        n, _, sums = exchange(dt, deterministic=True)
        assert (
            np.max(abs(sums - (200 + 5 * EACH))) < 1e-2
        )  # what is held over a step is not conserved exactly
        found.append(abs(n[0] - mean))
    assert found[0] < 1e-2 * mean and 1.7 < found[0] / found[1] < 2.3


def test_binomial_numbers():
    """`binomial_of` inverts the distribution of SciPy, in NumPy as in C++ (the same formula)."""
    from scipy.stats import binom

    from brian2_nmda.brian.exchanges import _binomial

    rng = np.random.default_rng(3)
    n = rng.integers(0, 3000, 4000)
    p = np.where(rng.random(4000) < 0.5, rng.random(4000), 10 ** rng.uniform(-6, 0, 4000))
    u = rng.random(4000)
    found, expected = _binomial(n, p, u), binom.ppf(u, n, p)
    assert np.mean(found != expected) < 2e-3  # ties of rounding at a step of the distribution
    assert np.max(abs(found - expected)) <= 1


def test_steps_that_are_too_coarse_for_counts():
    with pytest.raises(Exception) as caught:
        exchange(dt=0.2, duration=0.2)
    assert "reacts with probability 0.18" in words(caught.value)
    assert "deterministic=True" in words(caught.value)


# -- groups that several objects share, and clocks -------------------------------------------------


def listening(shared, part=chain.Astrocyte):
    """The signal of an astrocyte that hears two presynaptic populations, through one or two objects."""
    defaultclock.dt = 0.1 * ms
    model = GlutamateSynapse(receptors(), release=chain.GlialRelease(), parts=part(label="Astrocyte"))
    target = NeuronGroup(2, "v = -60*mV : volt" + model.post_equations())
    source = SpikeGeneratorGroup(4, [0, 1, 2, 3], [3, 5, 5, 40] * ms)
    net = Network(source, target)
    if shared:
        glia = NeuronGroup(2, model.equations_at("astrocyte"), method="exact")
        for first in (0, 2):
            relay = NeuronGroup(
                2,
                "",
                reset="",
                threshold=" or ".join(
                    f"(i == {i - first} and timestep(t, dt) == {round(t / 0.1)})"
                    for i, t in ((0, 3), (1, 5), (2, 5), (3, 40))
                    if first <= i < first + 2
                ),
            )
            S = model.synapses(relay, target, places={"astrocyte": glia})
            S.connect()
            S.astrocyte_index = "j"
            net.add(relay, S)
        net.add(glia)
        watched = glia
    else:
        S = model.synapses(source, target, places={"astrocyte": 2})
        S.connect()
        S.astrocyte_index = "j"
        net.add(S)
        watched = S
    monitor = StateMonitor(watched, ["G_Astrocyte", "A_Astrocyte"], record=[0, 1], dt=1 * ms)
    net.add(monitor)
    net.run(80 * ms)
    return np.array(monitor.G_Astrocyte), np.array(monitor.A_Astrocyte)


def test_two_objects_share_a_group_of_the_users():
    """The same signal as when one object hears both populations."""
    one, two = listening(shared=False), listening(shared=True)
    for a, b in zip(one, two, strict=True):
        assert np.max(a) > 0.01
        assert np.max(abs(a - b)) < 1e-12 * np.max(a)


def test_own_clock():
    """A place with a time step of its own: spikes are seen up to a step late, so the error is of order 1."""

    class Slow(chain.Astrocyte):
        """An astrocyte with steps of 2 ms."""

        dt = 2 * ms

    class HalfAsSlow(chain.Astrocyte):
        """An astrocyte with steps of 1 ms."""

        dt = 1 * ms

    fine = listening(shared=False)[1]
    error = [
        np.max(abs(listening(shared=False, part=p)[1] - fine)) / np.max(fine) for p in (Slow, HalfAsSlow)
    ]
    assert error[0] < 0.05 and error[1] < 0.75 * error[0]


def test_neuron_of_the_users():
    """``equations_at('neuron')`` in the target: the same protein as in a group of ours."""
    defaultclock.dt = 0.1 * ms
    found = []
    for own in (False, True):
        model = MODELS["protein"]()
        equations = "v : volt\nI = I_syn : amp" + model.post_equations()
        if own:
            equations += model.equations_at("neuron")
        target = NeuronGroup(
            2, equations, threshold="timestep(t, dt) == 300", reset="", method="exact" if own else None
        )
        target.v = V * b2.volt
        source = SpikeGeneratorGroup(1, [0, 0], [5, 20] * ms)
        S = model.synapses(source, target, places={"neuron": target} if own else None)
        S.connect()
        monitor = StateMonitor(target if own else S, "p_Protein", record=True)
        Network(source, target, S, monitor).run(60 * ms)
        found.append(np.array(monitor.p_Protein))
    assert np.max(found[0]) > 1e-3
    assert np.max(abs(found[0] - found[1])) < 1e-12 * np.max(found[0])


class Counter(Part):
    """Counts the postsynaptic events of a neuron."""

    place = "neuron"
    n = states("n", within=(0, None))
    dn = 0
    on = On(postsynaptic, {n: n + 1})
    counted = gives(n)


class Weighed(Plasticity):
    """Reads the count, so that the synapses see it."""

    relaxes = "it adds up without end"

    k = Parameter(1 / second, "rate")
    counted = needs("counted")
    m = states("m", within=(0, None))
    dm = k * counted
    conductance = conductance * (1 + m)


def bursting(model, own=False):
    """A target with spikes at 3 and 4 ms and one burst at 6 ms."""
    equations = "v = -60*mV : volt\nI = I_syn : amp" + model.post_equations()
    equations += model.equations_at("neuron") if own else ""
    return NeuronGroup(
        1,
        equations,
        threshold="timestep(t, dt) == 30 or timestep(t, dt) == 40",
        reset="",
        events={"burst": "timestep(t, dt) == 60"},
        method="euler",
    )


def counting(S, target, own):
    """What is counted in the first 10 ms, and the first time step at which it is seen."""
    S.connect()
    where = target if own else S
    n = next(name for name in where.variables if name.startswith("n_Counter"))
    monitor = StateMonitor(where, n, record=True, when="end")
    Network(S.source, target, S, monitor).run(10 * ms)
    n = np.array(getattr(monitor, n))[0]
    return n[-1], int(np.argmax(n > 0))


@pytest.mark.parametrize("form", ["optimised", "naive", "own group"])
@pytest.mark.parametrize("delay", [None, {"post": 1.5 * ms}])
@pytest.mark.parametrize(
    ("on_event", "times"), [("spike", (30, 40)), ({"pre": "spike", "post": "burst"}, (60,))]
)
def test_part_of_a_neuron_follows_the_event_and_delay_that_are_stated(form, delay, on_event, times):
    """At the stated event, and as late as stated."""
    model = GlutamateSynapse(AMPA(), plasticity=Weighed(), parts=Counter())
    own = form == "own group"
    target = bursting(model, own)
    source = SpikeGeneratorGroup(1, [0], [1] * ms)
    S = model.synapses(
        source,
        target,
        on_event=on_event,
        delay=delay,
        optimize=form != "naive",
        places={"neuron": target} if own else None,
    )
    found = counting(S, target, own)
    assert found == (len(times), times[0] + (15 if delay else 0))


def test_events_of_a_shared_neuron_have_to_agree():
    model = GlutamateSynapse(AMPA(), plasticity=Weighed(), parts=Counter())
    target = bursting(model, own=True)
    source = SpikeGeneratorGroup(1, [0], [1] * ms)
    model.synapses(source, target, places={"neuron": target})
    for other in ({"on_event": {"post": "burst"}}, {"delay": {"post": 1 * ms}}):
        with pytest.raises(ModelError, match="change at its event 'spike', 0 ms later, for other synapses"):
            model.synapses(source, target, places={"neuron": target}, **other)


def test_delay_that_a_part_of_a_neuron_would_not_see():
    """``S.post.delay`` set later moves the user's own statements only."""
    model = GlutamateSynapse(AMPA(), plasticity=Weighed(), parts=Counter())
    target = bursting(model)
    source = SpikeGeneratorGroup(1, [0], [1] * ms)
    S = model.synapses(source, target, on_post="w = 1", delay={"post": 1 * ms})
    S.connect()
    net = Network(source, target, S)
    net.run(0.1 * ms)
    S.post.delay = 2 * ms
    with pytest.raises(Exception) as caught:
        net.run(0.1 * ms)
    assert "n_Counter live once per neuron" in words(caught.value)


# -- what is refused, in words --------------------------------------------------------------------


class Reader(Part):
    """Reads the pool where it should sum."""

    place = "dendrite"
    inserted = needs("inserted", 1 / second)
    R = states("R", within=(0, None))
    dR = -inserted
    pool = gives(R)


class OnSynapse(Part):
    """Sums on a synapse."""

    inserted = needs("inserted", 1 / second)
    R = states("R", within=(0, None))
    dR = -Total(inserted)
    pool = gives(R)


class Elsewhere(Part):
    """An astrocyte that reads a dendrite."""

    place = "astrocyte"
    k = Parameter(1 / second, "rate")
    pool = needs("pool")
    q = states("q", within=(0, None))
    dq = k * pool


class SpikesAtDendrite(Part):
    """A dendrite has no postsynaptic spikes of its own."""

    place = "dendrite"
    k = Parameter(1 / second, "rate")
    q = states("q", within=(0, None))
    dq = -k * q
    on = On(postsynaptic, {q: q + 1})


class SetsAtSpike(Part):
    """Two spikes at once cannot both set the value."""

    place = "dendrite"
    k = Parameter(1 / second, "rate")
    q = states("q", within=(0, None))
    dq = -k * q
    on = On(presynaptic, {q: 1})


class Second(Part):
    """Gives the pool once more."""

    k = Parameter(1 / second, "rate")
    P = states("P")
    dP = -k * P
    pool = gives(P)


class InVolt(Part):
    """Gives the pool in volt."""

    k = Parameter(1 / second, "rate")
    P = states("P", unit=mV)
    dP = -k * P
    pool = gives(P, unit=mV)


class Circle(Part):
    """Gives what it reads."""

    pool_again = needs("pool")
    pool = gives(2 * pool_again)


class Leak(chain.CountedReceptors):
    """A spike creates a receptor from nothing."""

    on_post_spike = {chain.CountedReceptors.n: chain.CountedReceptors.n + 1}


class OwnClock(Part):
    """Numbers at a place with a time step of its own."""

    place = "dendrite"
    dt = 5 * ms
    k = Parameter(1 / second, "rate")
    a = counts("a", initial=10)
    b = counts("b")
    reactions = (Reaction(a, b, k, k),)


class ClockOfNoPlace(Part):
    """A time step, but of what lives on each synapse."""

    dt = 5 * ms
    k = Parameter(1 / second, "rate")
    q = states("q")
    dq = -k * q


PLANTED = {
    "missing Total": (lambda: pooled(Reader()),
                      r"Reader .*at 'dendrite' reads 'n_AMPA'.*each synapse; write Total"),
    "Total on the synapse": (
        lambda: pooled(OnSynapse()),
        "OnSynapse.*reads Total.*lives on each synapse; say where it lives"),
    "wrong place": (
        lambda: pooled(chain.Pool(), Elsewhere()),
        "Elsewhere.*at 'astrocyte' reads 'R_Pool'.*lives at 'dendrite'"),
    "no spikes there": (lambda: GlutamateSynapse(receptors(), parts=SpikesAtDendrite()),
                        "lives at 'dendrite' and changes at postsynaptic spikes.*place = 'neuron'"),
    "set at a spike": (lambda: GlutamateSynapse(receptors(), parts=SetsAtSpike()),
                       r"can only be added to: write q \+ Total"),
    "two givers": (
        lambda: pooled(chain.Pool(), Second()),
        "both Pool.*and Second.*give 'pool'.*combine='sum'"),
    "no giver": (lambda: pooled(),
                 r"PooledInsertion.*needs 'pool', which no part gives.*pool = gives"),
    "circle": (lambda: pooled(Circle()),
               "pool <- pool of Circle.*circle without a state between"),
    "own clock": (lambda: GlutamateSynapse(receptors(), parts=OwnClock()),
                  r"'a_OwnClock' of OwnClock.*'dendrite'.*of its own, dt = 5\. ms.*deterministic=True"),
    "clock of no place": (lambda: GlutamateSynapse(receptors(), parts=ClockOfNoPlace()),
                          r"ClockOfNoPlace.*dt = 5\. ms.*lives on each synapse.*synapses\(\.\.\., dt="),
    "not conserved": (lambda: GlutamateSynapse(receptors(), plasticity=Leak()),
                      "'n_AMPA' is a number of molecules that reactions conserve, but changes at spikes"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_planted_errors(name):
    """Each is refused when the model is made, naming part, port, what was found and what to write."""
    make, message = PLANTED[name]
    with pytest.raises(ModelError, match=f"(?s){message}"):
        make()


@pytest.mark.parametrize("place", ["pre", "post", "gate", "kinetics", "totals"])
def test_reserved_places(place):
    """A model with these names stopped with a KeyError, or spoke of other things."""
    made = type("Pool", (chain.Pool,), {"place": place, "__doc__": "A pool elsewhere."})
    with pytest.raises(ModelError, match=f"Pool.*place = '{place}', a word that the planner has"):
        pooled(made())


def test_means_of_numbers_may_have_a_clock_of_their_own():
    """Nothing is drawn: 10 to 5 with the rate of both directions, by steps of 5 ms."""
    model = GlutamateSynapse(AMPA(), parts=OwnClock(deterministic=True))
    target = NeuronGroup(1, "v = -60*mV : volt\nI = I_syn : amp" + model.post_equations())
    S = model.synapses(SpikeGeneratorGroup(1, [0], [1] * ms), target, places={"dendrite": 1})
    S.connect()
    monitor = StateMonitor(S, "a_OwnClock", record=True, when="end")
    Network(S.source, target, S, monitor).run(100 * ms)
    exact = 5 + 5 * np.exp(-2 * 0.1)
    assert abs(monitor.a_OwnClock[0, -1] - exact) < 1e-7


def test_wrong_dimension():
    with pytest.raises(b2.DimensionMismatchError, match="needs 'pool' with other dimensions than InVolt"):
        pooled(InVolt())


def test_reactions_between_counts_and_others():
    with pytest.raises(ModelError, match="joins the count 'a' and 'b', which is none"):

        class Mixed(Plasticity):
            """A count that turns into a fraction."""

            a = counts("a", initial=1)
            b = states("b")
            k = Parameter(1 / second, "rate")
            db = 0
            reactions = (Reaction(a, b, k),)


def test_places_that_are_not_said():
    model = MODELS["pool"]()
    target = NeuronGroup(1, "v = -60*mV : volt" + model.post_equations())
    source = SpikeGeneratorGroup(1, [0], [1] * ms)
    with pytest.raises(ModelError, match="parts at 'dendrite'; say how many there are"):
        model.synapses(source, target)
    with pytest.raises(ModelError, match=r"'dendrit': .* is no place of this model; it has dendrite"):
        model.synapses(source, target, places={"dendrit": 2})
    with pytest.raises(TypeError, match=r"expects a number of elements or a NeuronGroup, found 2\.5"):
        model.synapses(source, target, places={"dendrite": 2.5})
    S = model.synapses(source, target, places={"dendrite": 2})
    S.connect()
    net = Network(source, target, S)
    with pytest.raises(Exception) as caught:
        net.run(1 * ms)
    assert "'S.dendrite_index' was never set" in words(caught.value)
    S.dendrite_index = 2
    with pytest.raises(Exception) as caught:
        net.run(1 * ms)
    assert "reaches 2, but there are 2 of 'dendrite'" in words(caught.value)
    S.dendrite_index = 1
    net.run(1 * ms)


def words(error):
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error)


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in MODELS if name not in ("pool", "counts")]


@pytest.mark.parametrize("name", ["pool", "counts", *SLOW])
def test_check_model_passes(name):
    """The suite that every shipped model passes."""
    check_model(MODELS[name]())


def test_what_is_printed_of_ports_and_places():
    """The sheet, LaTeX, the plan and ``difference`` say where a part lives, what it reads and gives."""
    part = chain.Pool()
    text = sheet(part)
    assert "Lives once for each dendrite." in text and "Reads `inserted`" in text and "Gives `pool`" in text
    assert "S.R_Pool" in text and "Total(inserted)" in text
    assert r"\sum_{\mathrm{synapses}}" in part.latex()
    counted = sheet(chain.CountedReceptors())
    assert "| pool | n | k_in | k_out |" in counted and "a whole number; at 'dendrite'" in counted
    rows = {row["variable"]: row for row in pooled(part).plan.table}
    assert rows["R_Pool"]["lives on"] == "dendrite" and "stated by the model" in rows["R_Pool"]["why"]
    assert "Total(flow_AMPA)" in rows["total_inserted_Pool"]["why"]
    other = chain.Astrocyte().replace(on_spike={"G": "G"})
    assert "G at a spike: G -> G + Total(0.05*released)" in chain.Astrocyte().difference(other)
    with pytest.raises(ModelError, match="can only be added to"):
        GlutamateSynapse(receptors(), release=chain.GlialRelease(), parts=other)


def test_check_model_of_a_part_alone():
    """What it needs and nothing gives in a synapse is given as a constant."""
    assert all(r.passed for r in check_model(chain.Kinase()))


def test_ports_combine():
    """Several givers: their sum, their product, or a chain in the order in which they are written."""

    class A(Part):
        """Gives."""

        k = Parameter(1 / second, "rate")
        P = states("P")
        dP = -k * P
        drive = gives(P, combine="sum")

    class B(Part):
        """Gives, too."""

        k = Parameter(1 / second, "rate")
        P = states("P")
        dP = -k * P
        drive = gives(2 * P, combine="sum")

    class C(Plasticity):
        """Reads."""

        drive_of_all = needs("drive")
        conductance = conductance * drive_of_all

    model = GlutamateSynapse(AMPA(), plasticity=C(), parts=[A(), B()])
    P_A, P_B = symbol("P_A"), symbol("P_B")
    whole = model.equations["g_total_AMPA"]
    assert sympy.expand(sympy.diff(whole, P_B) - 2 * sympy.diff(whole, P_A)) == 0
    assert sympy.diff(whole, P_A) != 0
