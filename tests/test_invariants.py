"""Properties that hold for every parameter and every train, searched by Hypothesis.

Most run the statements of one step by NumPy (`reference.stepper`), as Brian2's NumPy target does; the
last tests simulate. What is left beyond a bound is rounding (1e-15) or, where stated, the error bound
of the plan.
"""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
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
    psiemens,
    second,
    umolar,
)
from hypothesis import HealthCheck, given, settings, strategies as st

from brian2_nmda import (
    AMPA,
    BioNMDA,
    CalciumIntegrator,
    CoincidenceInsertion,
    GlutamateSynapse,
    JahrStevens,
    ReceptorInsertion,
    SpineCalcium,
)
from brian2_nmda.lowering.bounds import gauss_bound
from brian2_nmda.lowering.integrators import update_code
from brian2_nmda.symbolic.expressions import numeric, read

ref = SimpleNamespace(**run_path(str(Path(__file__).with_name("reference.py"))))

RATES = {
    "x": read("alpha2*T*(1 - x) - beta2*x", "test"),
    "g": read("alpha1*x*(1 - g) - beta1*g", "test"),
}
BIONMDA = ref.stepper(update_code(RATES, [["x", "g"]]))
FULL = GlutamateSynapse([AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=ReceptorInsertion())

few = settings(max_examples=100, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
fewer = settings(few, max_examples=4)


def rate(low, high):
    """A rate in 1/ms, uniform in its logarithm."""
    return st.floats(np.log(low), np.log(high)).map(lambda x: float(np.exp(x)))


rates = st.fixed_dictionaries(
    {"alpha1": rate(1e-2, 10), "beta1": rate(1e-4, 1), "alpha2": rate(1e-2, 10), "beta2": rate(1e-2, 5)}
)
trains = st.lists(st.integers(0, 150), max_size=30)


def run_train(step, values, train, n_on, steps, watch):
    """Smallest and largest value of each watched state over a run with pulses."""
    on = [(round(a), round(b)) for a, b in ref.pulse_windows(train, n_on, 1)]
    seen = []
    for i in range(steps):
        values["T"] = float(any(a <= i < b for a, b in on))
        step(values)
        seen.append([values[n] for n in watch])
    return np.array(seen).reshape(-1, len(watch))


@few
@given(rates, trains, st.integers(1, 12), st.floats(0, 1), st.floats(0, 1))
def test_gates_stay_between_0_and_1(kinetics, train, n_on, x_0, g_0):
    """0 <= x <= 1 to rounding; 0 <= g <= 1 to the error bound of the integrator, and never NaN."""
    values = {**kinetics, "x": x_0, "g": g_0, "dt": 0.1}
    seen = run_train(BIONMDA, values, train, n_on, 250, ["x", "g"])
    bound = gauss_bound(RATES, ["x", "g"], "g", {"T": (0.0, 1.0)}, kinetics, {"x": (0.0, 1.0)}, 0.1)
    assert np.all(np.isfinite(seen))
    assert np.all(seen[:, 0] >= 0) and np.all(seen[:, 0] <= 1 + 1e-15)
    assert np.all(seen[:, 1] >= -bound) and np.all(seen[:, 1] <= 1 + 1e-15), bound


@few
@given(rates, trains, st.integers(1, 12))
def test_bound_holds_for_random_kinetics(kinetics, train, n_on):
    """The error of g against the closed form stays below the bound that the plan states."""
    values = {**kinetics, "x": 0.0, "g": 0.0, "dt": 0.1}
    seen = run_train(BIONMDA, values, train, n_on, 40, ["x", "g"])[::3]
    times = np.arange(1, 41)[::3] * 0.1
    # here a pulse starts in step k + 1 too, and the state after step i is that of t_{i+1}
    exact = ref.bionmda(times, ref.pulse_windows(train, n_on, 0.1), **kinetics)
    bound = gauss_bound(RATES, ["x", "g"], "g", {"T": (0.0, 1.0)}, kinetics, {"x": (0.0, 1.0)}, 0.1)
    assert np.max(np.abs(seen[:, 0] - exact[0])) <= 1e-13
    assert np.max(np.abs(seen[:, 1] - exact[1])) <= bound + 1e-14


@few
@given(
    st.lists(st.floats(-1, 8), min_size=1, max_size=40),
    st.floats(10, 40),
    rate(1e-4, 50),
    rate(1e-4, 50),
    st.sampled_from([1e-4, 1e-2, 1.0]),
)
def test_receptor_number_stays_within_bounds(calcium, start, k_ins, k_rem, dt):
    """n_min <= n <= n_max for any course of Ca_eff (uM), any rates (1/s) and any step (s).

    To 1e-14 of n_max: a step is a weighted mean of n, n_min and n_max.
    """
    step = ref.stepper(update_code({"n_AMPA": FULL.system.rates["n_AMPA"]}, [["n_AMPA"]]))
    values = {**FULL.system.values(), "k_ins_AMPA": k_ins, "k_rem_AMPA": k_rem, "n_AMPA": start, "dt": dt}
    for level in calcium:
        values["Ca_eff"] = level * 1e-3
        before = values["n_AMPA"]
        step(values)
        assert 10 - 4e-13 <= values["n_AMPA"] <= 40 + 4e-13
        if level * 1e-3 <= values["theta_d_AMPA"]:
            assert values["n_AMPA"] == before


@few
@given(st.lists(st.floats(-5, 1), max_size=60), rate(1e-3, 1), rate(0.1, 20), st.floats(0, 200))
def test_pool_returns_to_rest(currents, volume, tau, kappa):
    """After any currents (pA), Ca is back at rest and Ca_eff at 0 after 45 of the slow time constants."""
    rates = {n: FULL.system.rates[n] for n in ("Ca", "Ca_eff")}
    step = ref.stepper(update_code(rates, [["Ca", "Ca_eff"]]))
    values = {**FULL.system.values(), "V_Ca": volume * 1e-18, "tau_Ca": tau * 1e-3, "kappa_Ca": kappa}
    values |= {"Ca": values["rest_Ca"], "Ca_eff": 0.0, "dt": 1e-3}
    largest = values["rest_Ca"]
    for I in currents:
        values["I_Ca"] = I * 1e-12
        step(values)
        largest = max(largest, abs(values["Ca"]))
    values.update(I_Ca=0.0, dt=0.5)
    for _ in range(round(45 * values["tau_Ca_eff"] / 0.5)):
        step(values)
    assert abs(values["Ca"] - values["rest_Ca"]) <= 1e-15 * largest
    assert abs(values["Ca_eff"]) <= 1e-15 * largest


@few
@given(st.floats(-0.2, 0.2), st.floats(0, 5e-3))
def test_block_is_a_fraction(v, Mg):
    """0 < B <= 1, increasing with the voltage."""
    expected = ref.block(np.array([v, v + 1e-3]) * 1e3, Mg * 1e3, 3.57, 0.062)
    expression = JahrStevens().equations["block"]
    known = dict(Mg=Mg * 1e3, K=3.57, k=62.0)
    got = [numeric(expression, ["v"], known)(x) for x in (v, v + 1e-3)]
    assert np.allclose(got, expected, rtol=1e-13, atol=0)
    assert 0 < got[0] <= got[1] <= 1


# -- in simulations -----------------------------------------------------------------------------------


def simulate(plasticity, train, variables, v=0.0, duration=100, calcium=None):
    """A clamped target and one synapse with AMPA and NMDA receptors; dt 0.1 ms."""
    defaultclock.dt = 0.1 * ms
    model = GlutamateSynapse([AMPA(), BioNMDA()], calcium=calcium or SpineCalcium(), plasticity=plasticity)
    source = SpikeGeneratorGroup(1, np.zeros(len(train), int), np.array(sorted(train)) * 0.1 * ms)
    target = NeuronGroup(1, "dv/dt = 0*I_syn/(1*nF) : volt" + model.post_equations(), method="euler")
    target.v = v * mV
    synapses = model.synapses(source, target)
    synapses.connect()
    of_synapse = StateMonitor(synapses, [n for n in variables if n in synapses.variables], record=[0])
    of_target = StateMonitor(target, ["g_total_AMPA", "g_total_NMDA"], record=[0])
    Network(source, target, synapses, of_synapse, of_target).run(duration * ms, namespace={})
    out = {n: np.array(getattr(of_synapse, n)[0]) for n in of_synapse.record_variables}
    for n in ("g_total_AMPA", "g_total_NMDA"):
        out[n] = np.array(getattr(of_target, n)[0] / nS)
    return out


@fewer
@given(st.lists(st.integers(0, 900), min_size=1, max_size=30, unique=True))
def test_insertion_without_calcium_changes_nothing(train):
    """Thresholds out of reach: n never moves, and the conductances are those without plasticity.

    Exactly for n; 1e-15 of gmax for the AMPA conductance, which is computed as n*gamma.
    """
    off = ReceptorInsertion(theta_p=1 * mM, theta_d=1 * mM)
    with_rule = simulate(off, train, ["n_AMPA"])
    without = simulate(None, train, [])
    assert np.all(with_rule["n_AMPA"] == 20)
    assert np.array_equal(with_rule["g_total_NMDA"], without["g_total_NMDA"])
    difference = np.abs(with_rule["g_total_AMPA"] - without["g_total_AMPA"])
    assert np.max(difference) <= 1e-15 * 0.5 * 10
    assert np.max(without["g_total_AMPA"]) > 0.01


@fewer
@given(st.lists(st.integers(0, 900), min_size=1, max_size=30, unique=True), st.floats(-80, 40))
def test_a_whole_synapse_stays_within_its_bounds(train, v):
    """All states of the full model at any clamped voltage, with thresholds that are crossed."""
    rule = ReceptorInsertion(theta_p=0.5 * umolar, theta_d=0.1 * umolar, k_ins=50 / second, k_rem=20 / second)
    names = ["g_AMPA", "x_NMDA", "g_NMDA", "Ca", "Ca_eff", "n_AMPA"]
    seen = simulate(rule, train, names, v=v)
    for n in ("g_AMPA", "x_NMDA", "g_NMDA"):
        assert np.all(seen[n] >= -1e-15) and np.all(seen[n] <= 1 + 1e-15), n
    assert np.all(seen["n_AMPA"] >= 10 - 1e-13) and np.all(seen["n_AMPA"] <= 40 + 1e-13)
    assert np.all(seen["Ca"] >= 70e-6 * (1 - 1e-13))  # inward current only, below 130 mV
    assert np.all(seen["Ca_eff"] >= 0)


def test_coincidence_insertion_counts_in_fives():
    """Discrete insertion: steps of exactly 5, never beyond n_max, one per crossing of the threshold."""
    rule = CoincidenceInsertion(theta_p=14 * umolar, theta_d=9 * umolar, gamma=25 * psiemens)
    calcium = SpineCalcium(integrator=CalciumIntegrator(tau=5 * ms))
    train = [k for burst in range(0, 4500, 1500) for k in range(burst, burst + 300, 50)]
    seen = simulate(rule, train, ["n_AMPA", "armed_AMPA", "Ca_eff"], duration=450, calcium=calcium)
    n, armed, level = seen["n_AMPA"], seen["armed_AMPA"], seen["Ca_eff"]
    assert set(np.unique(armed)) <= {0.0, 1.0}
    assert set(np.unique(np.diff(n))) <= {0.0, 5.0}
    # a crossing counts once the rule is armed again
    events, ready = 0, True
    for x in level[:-1]:
        if ready and x > 14e-3:
            events, ready = events + 1, False
        elif x < 9e-3:
            ready = True
    assert events == 3
    assert n[-1] == min(20 + 5 * events, 40)
