"""Conductances sent at spikes as sums of exponentials, against the exact plan and the closed form.

The plan states a bound of the open fraction, so a total of weights ``w`` may deviate by ``gmax * sum(w)``
times that bound and not more; the gates themselves are the same in both plans.
"""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import brian2 as b2
import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, defaultclock, mM, ms, mV, nS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse, ModelError, SpineCalcium, TransmitterPulse, WangNMDA
from brian2_nmda.lowering.basis import fit

ref = SimpleNamespace(**run_path(str(Path(__file__).with_name("reference.py"))))

MODEL = "dv/dt = (10*nS*(-70*mV - v) - I_syn)/(200*pF) : volt"
#: Rounding of sums of some ten exponentials with amplitudes of order 1.
ROUNDING = 1e-11


# -- the basis ------------------------------------------------------------------------------------


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8])
def test_basis_against_the_closed_form(tolerance):
    """Random starts and times against BioNMDA's confluent hypergeometric solution: below the bound."""
    basis = fit(r=500.0, a=10.0, b=2000.0, f=2000.0, x_max=2 / 3, tolerance=tolerance)
    assert basis.bound <= tolerance
    rng = np.random.default_rng(0)
    times = np.concatenate([[0.0, 0.05], rng.uniform(0, 20, 10), rng.uniform(0, 400, 6)])
    for x0, g0 in rng.uniform(0, [2 / 3, 1], (12, 2)):
        exact = ref.bionmda(times, [], x0=x0, g0=g0)[1]
        decays = np.exp(-np.outer(times * 1e-3, basis.rates))
        got = decays @ basis.coefficients(np.array([x0]), np.array([g0]))[:, 0]
        # the bound is taken on a grid: leave a tenth for what lies between its points
        assert np.max(np.abs(got - exact)) <= 1.1 * basis.bound


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
    basis = fit(r, a, b, share * b, x_max, 1e-6)
    if basis is None:
        assert b * x_max / r > 10  # saturation far faster than unbinding
        return
    rng = np.random.default_rng(1)
    x0, g0 = rng.uniform(0, x_max), rng.uniform(0, 1)
    times = np.sort(np.concatenate([[0], rng.uniform(0, 10 / r, 8), rng.uniform(0, 3 / a, 4)]))

    def rate(t, g):
        x = x0 * np.exp(-r * t)
        return share * b * x - (a + b * x) * g

    options = dict(t_eval=times, rtol=1e-11, atol=1e-12, method="DOP853")
    exact = solve_ivp(rate, (0, times[-1]), [g0], **options).y[0]
    got = np.exp(-np.outer(times, basis.rates)) @ basis.coefficients(np.array([x0]), np.array([g0]))[:, 0]
    assert np.max(np.abs(got - exact)) <= 1.1 * basis.bound + 1e-9


def test_resonance():
    """a = r, where the exact series is singular."""
    basis = fit(r=500.0, a=500.0, b=2000.0, f=2000.0, x_max=2 / 3, tolerance=1e-6)
    assert basis is not None and basis.bound <= 1e-6


# -- in a network ---------------------------------------------------------------------------------


def network(tolerance, spikes, weights, w="constant", delay=1 * ms, groups=False, **parameters):
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
    if w == "constant":
        S.w = weights
    monitor = StateMonitor(target, ["g_total_NMDA", "g_total_AMPA", "v"], record=list(range(len(target))))
    return Network(*extra, target, S, monitor), S, monitor


def deviation(a, b):
    return np.max(np.abs(np.asarray(a.g_total_NMDA / nS) - np.asarray(b.g_total_NMDA / nS)))


def allowed(S, weights):
    """Largest deviation of a total (nS) that the bound of the plan allows."""
    bound = S.plan.relaxing["NMDA"].basis.bound
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
    weights = np.random.default_rng(7).uniform(-0.5, 1.5, 100)
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
    # a receptor that the plan does not send is the same to the last bit
    assert np.array_equal(fast.g_total_AMPA, exact.g_total_AMPA)
    assert "exponentials, sent at spikes" in str(S.plan)


@settings(deadline=None, max_examples=6, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 1000),
    st.floats(0.3, 3),
    st.floats(0.2, 2),
    st.floats(0.005, 0.03),
    st.sampled_from([0.5, 1.0]),
)
def test_other_kinetics(seed, alpha1, beta2, beta1, duration):
    """The same texts with other arrays and parameters."""
    weights = np.random.default_rng(seed).uniform(0, 2, 100)
    runs = []
    for chosen in (1e-5, None):
        b2.start_scope()
        defaultclock.dt = 0.1 * ms
        model = GlutamateSynapse(
            BioNMDA(gmax=0.1 * nS, alpha1=alpha1 / ms, beta1=beta1 / ms, beta2=beta2 / ms),
            release=TransmitterPulse(duration=duration * ms),
        )
        i, t = train(seed, 30, 60.0)
        source = SpikeGeneratorGroup(10, i, t)
        target = NeuronGroup(10, MODEL + model.post_equations(), method="euler")
        target.v = -60 * mV
        S = model.synapses(source, target, w="constant", tolerance=chosen)
        S.connect()
        S.w = weights
        monitor = StateMonitor(target, "g_total_NMDA", record=True)
        Network(source, target, S, monitor).run(75 * ms)
        runs.append((S, monitor))
    (S, fast), (_, exact) = runs
    assert S.plan.relaxing
    assert deviation(fast, exact) <= allowed(S, weights)


def test_parameters_changed_between_runs():
    """Kinetics, gmax and a shared weight change while channels are open: the same as the exact plan."""
    for w in ("constant", 1.3):
        weights = np.random.default_rng(2).uniform(0.5, 1.5, 100) if w == "constant" else np.full(100, w)
        runs = []
        for chosen in (1e-6, None):
            b2.start_scope()
            net, S, monitor = network(chosen, train(5, duration=100), weights, w=w)
            net.run(40 * ms)
            S.beta1_NMDA = 0.02 / ms
            S.alpha1_NMDA = 1 / ms
            net.run(30.3 * ms)  # perhaps within a pulse
            S.gmax_NMDA = 0.15 * nS
            S.alpha2_NMDA = 0.6 / (mM * ms)
            net.run(40 * ms)
            runs.append((S, monitor))
        (S, fast), (_, exact) = runs
        assert deviation(fast, exact) <= 3 * 1.5 * np.sum(weights) / 10 * 0.15 * 1e-6


def test_store_and_restore():
    net, S, monitor = network(1e-6, train(5), np.full(100, 0.7))
    net.run(50 * ms)
    net.store()
    net.run(50 * ms)
    first = np.array(monitor.g_total_NMDA)
    net.restore()
    net.run(50 * ms)
    assert np.array_equal(first, np.array(monitor.g_total_NMDA))
    assert S.plan.relaxing


def test_recurrent_single_precision():
    """A group onto itself, float32: 1e-4 of the peak."""
    runs = []
    for chosen, dtype in ((1e-6, np.float32), (None, np.float64)):
        b2.start_scope()
        b2.prefs.core.default_float_dtype = dtype
        model = GlutamateSynapse(BioNMDA(gmax=0.05 * nS))
        group = NeuronGroup(
            10, MODEL + "\nbegin : second" + model.post_equations(), method="euler", reset="",
            threshold="timestep(t, dt) == timestep(begin, dt)",
        )  # fmt: skip
        group.v, group.begin = -60 * mV, "(1 + 3*i)*ms"
        S = model.synapses(group, w=0.8, tolerance=chosen)
        S.connect(condition="i != j")
        monitor = StateMonitor(group, "g_total_NMDA", record=True)
        Network(group, S, monitor).run(60 * ms)
        runs.append(np.array(monitor.g_total_NMDA / nS, float))
    assert np.max(np.abs(runs[0] - runs[1])) <= 1e-4 * np.max(runs[1])


def test_what_cannot_be_sent_is_not():
    """Weights that may change, calcium, delays of each synapse, jumping gates: the exact plan, visibly."""
    plain = GlutamateSynapse(BioNMDA())
    cases = [
        (plain, dict(w="per_synapse")),
        (plain, dict(w="constant", delay="per_synapse")),
        (plain, dict(w="constant", per_synapse=["gmax_NMDA"])),
        (plain, dict(w="constant", method="rk4")),
        (GlutamateSynapse(BioNMDA(), calcium=SpineCalcium()), dict(w="constant")),
        (GlutamateSynapse(WangNMDA()), dict(w=1.0)),
        (plain, dict(w="constant", optimize=False)),
    ]
    for model, options in cases:
        source = SpikeGeneratorGroup(1, [0], [1] * ms)
        target = NeuronGroup(1, MODEL + model.post_equations(), method="euler")
        S = model.synapses(source, target, tolerance=1e-6, **options)
        assert not S.plan.relaxing, options
        assert "exponentials" not in str(S.plan)


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
def test_standalone_refuses_what_it_cannot_do(on_target):
    """Kinetics changed between two runs raise; changed by run_args they give an absurd conductance."""
    weights = np.full(100, 1.0)
    on_target("cpp_standalone", build_on_run=False)
    net, S, _ = network(1e-6, train(3), weights)
    net.run(10 * ms)
    S.beta1_NMDA = 0.02 / ms
    with pytest.raises(Exception) as error:
        net.run(10 * ms)
    assert "leave out tolerance=" in str(error.value.__cause__)
    directory = on_target("cpp_standalone", build_on_run=False)
    net, S, monitor = network(1e-6, train(3), weights)
    net.run(30 * ms)
    b2.device.build(directory=directory, run=False)
    b2.device.run(run_args={S.gmax_NMDA: 0.2 * nS})
    assert np.all(np.isfinite(monitor.g_total_NMDA)) and np.max(monitor.g_total_NMDA) > 0
    b2.device.run(run_args={S.beta1_NMDA: 0.02 / ms})
    assert np.max(np.abs(np.nan_to_num(monitor.g_total_NMDA / nS))) > 1e20
