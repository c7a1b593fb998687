"""Order of every integrator, and its behaviour where a formula would divide by zero.

The statements of one step are run by NumPy (`reference.stepper`), which is what Brian2's NumPy target
does with them; the last tests run them through Brian2. Held against closed forms (`reference`) and, for
coupled systems that have none, SciPy's DOP853 at a relative tolerance of 1e-13.
"""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest
from brian2 import NeuronGroup, StateMonitor, defaultclock, ms, run
from brian2.stateupdaters.base import StateUpdateMethod
from scipy.integrate import solve_ivp

from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    ReceptorInsertion,
    SpineCalcium,
    TwoExponentialNMDA,
)
from brian2_nmda.brian.updaters import IntegratingFactor
from brian2_nmda.lowering.integrators import classify, exponential_euler_code, update_code
from brian2_nmda.symbolic.expressions import read

ref = SimpleNamespace(**run_path(str(Path(__file__).with_name("reference.py"))))

SEED = dict(alpha1=2.0, beta1=0.01, alpha2=1.0, beta2=0.5)
BIONMDA = {"x": "alpha2*T*(1 - x) - beta2*x", "g": "alpha1*x*(1 - g) - beta1*g"}
#: All steps divide the pulse of 0.8 ms and the spike times.
STEPS = (0.4, 0.2, 0.1)
TOLERANCE = 0.2


def system(equations):
    return {n: read(e, "test") for n, e in equations.items()}


def measured_order(errors, steps=STEPS):
    """Orders between successive steps."""
    errors, steps = np.asarray(errors), np.asarray(steps)
    return np.diff(np.log(errors)) / np.diff(np.log(steps))


def run_pulses(code, windows, dt, end, start, parameters):
    """Run a step function with the transmitter on in ``windows`` (ms); the states at each ``t_i``."""
    step = ref.stepper(code)
    on = [(round(a / dt), round(b / dt)) for a, b in windows]
    values = {**parameters, **start, "dt": dt, "T": 0.0}
    history = [[start[n] for n in start]]
    for i in range(round(end / dt)):
        values["T"] = float(any(a <= i < b for a, b in on))
        step(values)
        history.append([values[n] for n in start])
    return np.array(history).T


def endpoint_errors(equations, blocks, parameters, start, right, end=8.0, steps=STEPS):
    """Errors at ``end`` of an autonomous system, by step and state, and its schemes."""
    rates = system(equations)
    step = ref.stepper(update_code(rates, blocks))
    exact = solve_ivp(right, (0, end), list(start.values()), method="DOP853", rtol=1e-13, atol=1e-15).y[:, -1]
    errors = []
    for dt in steps:
        values = {**parameters, **start, "dt": dt}
        for _ in range(round(end / dt)):
            step(values)
        errors.append([abs(values[n] - e) for n, e in zip(start, exact, strict=True)])
    return np.array(errors), classify(rates, blocks)


def test_integrating_factor_has_order_4():
    """BioNMDA against the closed form: x exact, g of order 4, at the worst sample common to all."""
    windows = [(0.8, 1.6), (4.0, 5.2), (8.0, 8.8)]
    times = np.arange(0, 16.1, 0.4)
    x, g = ref.bionmda(times, windows, **SEED)
    rates = system(BIONMDA)
    schemes = classify(rates, [["x", "g"]])
    assert schemes["x"].kind == "exact" and schemes["x"].order is None
    assert (schemes["g"].kind, schemes["g"].order) == ("integrating factor", 4)
    errors = []
    for dt in STEPS:
        got = run_pulses(
            update_code(rates, [["x", "g"]]), windows, dt, times[-1], {"x": 0.0, "g": 0.0}, SEED
        )[:, :: round(0.4 / dt)]
        assert np.max(np.abs(got[0] - x)) < 1e-14
        errors.append(np.max(np.abs(got[1] - g)))
    orders = measured_order(errors)
    assert np.all(np.abs(orders - 4) < TOLERANCE), f"errors {errors}, orders {orders}"


@pytest.mark.parametrize("staggered", [True, False], ids=["brainpy_state", "brainpy_dyn"])
def test_brainpy_orders_are_order_1(staggered):
    """Both update orders of BrainPy against the closed form: x exact, g of order 1.

    Steps of 0.1 to 0.025 ms: at 0.4 ms a step is comparable with 1/alpha1 and no order is visible.
    Compared at the end, well after the pulses, as BrainPy's users would.
    """
    windows, end, steps = [(0.8, 1.6), (4.0, 4.8)], 9.6, (0.1, 0.05, 0.025)
    exact = ref.bionmda([end], windows, **SEED)[:, 0]
    code = exponential_euler_code(system(BIONMDA), staggered)
    errors = []
    for dt in steps:
        x, g = run_pulses(code, windows, dt, end, {"x": 0.0, "g": 0.0}, SEED)[:, -1]
        assert abs(x - exact[0]) < 1e-14
        errors.append(abs(g - exact[1]))
    orders = measured_order(errors, steps)
    assert np.all(np.abs(orders - 1) < TOLERANCE), f"errors {errors}, orders {orders}"


def test_cyclic_system_falls_back_to_rk4_of_order_4():
    """x slowed by g (a customised cycle) against DOP853: order 4 in both states."""
    errors, schemes = endpoint_errors(
        {"x": "a2*T*(1 - x) - b2*x*(1 + g)", "g": "a1*x*(1 - g) - b1*g"},
        [["x", "g"]],
        dict(a1=0.8, b1=0.05, a2=1.0, b2=0.5, T=0.3),
        {"x": 0.5, "g": 0.1},
        lambda t, y: [
            0.3 * (1 - y[0]) - 0.5 * y[0] * (1 + y[1]),
            0.8 * y[0] * (1 - y[1]) - 0.05 * y[1],
        ],
    )
    assert {(s.kind, s.order) for s in schemes.values()} == {("rk4", 4)}
    orders = measured_order(errors.max(axis=1))
    assert np.all(np.abs(orders - 4) < TOLERANCE), f"errors {errors}, orders {orders}"


def test_states_below_a_nonlinear_one_keep_order_4():
    """A chain exact -> non-linear -> linear -> non-linear, against DOP853.

    States downstream of a Runge-Kutta state are of order 4 only if they see it at the stage times
    (interpolating its step linearly would make them order 2).
    """
    errors, schemes = endpoint_errors(
        {"x": "-b2*x", "g": "a1*x*(1 - g)**2 - b1*g", "h": "g*(1 - h) - b2*h", "q": "-q*q*h"},
        [["x", "g", "h", "q"]],
        dict(a1=0.5, b1=0.1, b2=0.5),
        {"x": 0.9, "g": 0.1, "h": 0.0, "q": 1.0},
        lambda t, y: [
            -0.5 * y[0],
            0.5 * y[0] * (1 - y[1]) ** 2 - 0.1 * y[1],
            y[1] * (1 - y[2]) - 0.5 * y[2],
            -(y[3] ** 2) * y[2],
        ],
        end=4.0,
    )
    assert [schemes[n].kind for n in "xghq"] == ["exact", "rk4", "rk4", "rk4"]
    assert np.all(errors[:, 0] < 1e-14)
    orders = measured_order(errors[:, 1:].max(axis=1))
    assert np.all(np.abs(orders - 4) < TOLERANCE), f"errors {errors}, orders {orders}"


@pytest.mark.parametrize("dt", [0.4, 0.1, 0.013])
def test_exact_schemes_are_exact(dt):
    """First-order, two-exponential and calcium cascades against their closed forms, to rounding."""
    code = update_code(
        system({"a": "k*(1 - a) - b*a", "s": "-s/r", "d": "-d/l + c*s", "y": "1/l - a*0 - y/l"}),
        [["a", "s", "d", "y"]],
    )
    values = dict(k=1.1, b=0.19, r=0.29, l=43.0, c=2.0, a=0.0, s=1.0, d=0.0, y=0.0, dt=dt)
    step, n = ref.stepper(code), 500
    for _ in range(n):
        step(values)
    t = n * dt
    assert abs(values["a"] - 1.1 / 1.29 * -np.expm1(-1.29 * t)) < 1e-13
    d = 2.0 / (1 / 0.29 - 1 / 43) * (np.exp(-t / 43) - np.exp(-t / 0.29))
    assert abs(values["d"] - d) < 1e-13
    assert abs(values["y"] - -np.expm1(-t / 43)) < 1e-13


@pytest.mark.parametrize("stretch", [0.0, 1e-15, 1e-9, 1e-6, 1e-3])
def test_equal_time_constants(stretch):
    """Two exponentials whose time constants (nearly) coincide, against the 50-digit difference.

    At stretch 0 that is the alpha function; a formula with 1/(tau_d - tau_r) would lose all digits.
    """
    tau, dt, n = 5.0, 0.1, 400
    near = tau * (1 + stretch)
    code = update_code(GlutamateSynapse(TwoExponentialNMDA()).system.rates, [["s_NMDA", "g_NMDA"]])
    step = ref.stepper(code)
    values = dict(tau_rise_NMDA=tau, tau_decay_NMDA=near, s_NMDA=1.0, g_NMDA=0.0, dt=dt)
    got = []
    for _ in range(n):
        step(values)
        got.append(values["g_NMDA"])
    exact = ref.two_exponential(np.arange(1, n + 1) * dt, tau, near)
    assert np.max(np.abs(np.array(got) - exact)) < 1e-13


def test_insertion_at_rest_changes_nothing():
    """Both Heavisides off: the rate of n is exactly 0, and n keeps its value exactly."""
    model = GlutamateSynapse([AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=ReceptorInsertion())
    code = update_code({"n_AMPA": model.system.rates["n_AMPA"]}, [["n_AMPA"]])
    values = {**model.system.values(), "Ca_eff": 0.0, "n_AMPA": 20.3, "dt": 1e-4}
    step = ref.stepper(code)
    for _ in range(1000):
        step(values)
    assert values["n_AMPA"] == 20.3


@pytest.mark.parametrize("T", [0.0, 1.0])
def test_x_that_is_not_unbound(T):
    """beta2 = 0: without transmitter x stands still and g is that of a constant x (closed form)."""
    code = update_code(system(BIONMDA), [["x", "g"]])
    p = {**SEED, "beta2": 0.0}
    values = {**p, "x": 0.3, "g": 0.1, "T": T, "dt": 0.1}
    step = ref.stepper(code)
    for _ in range(50):
        step(values)
    if T == 0:
        rate = p["alpha1"] * 0.3 + p["beta1"]
        plateau = p["alpha1"] * 0.3 / rate
        x, g = 0.3, plateau + (0.1 - plateau) * np.exp(-rate * 5)
    else:
        x, g = ref.bionmda([5.0], [(0.0, 9.0)], **p, x0=0.3, g0=0.1)[:, 0]
    assert abs(values["x"] - x) < 1e-14
    assert abs(values["g"] - g) < 1e-8


def test_vanishing_rate_upstream():
    """A tag that is set only above a threshold drives a slower state: no NaN when it stands still.

    Held against the closed form to 1e-8, half the distance by which the rate is kept off 0.
    """
    rates = system({"tag": "k*int(c > 1)*(1 - tag)", "w": "tag/r - w/r"})
    step = ref.stepper(update_code(rates, [["tag", "w"]]))
    values = dict(k=0.5, r=20.0, c=0.0, tag=0.4, w=0.0, dt=0.1)
    for _ in range(100):
        step(values)
    assert values["tag"] == 0.4
    assert abs(values["w"] - 0.4 * -np.expm1(-10 / 20)) < 1e-8 * values["w"] * 1.01


@pytest.mark.parametrize("b2", [0.0, 1e-14, 1e-10, 1e-7, 1e-4])
def test_source_with_tiny_rate(b2):
    """x rises at a constant speed and hardly decays, g integrates it, against DOP853.

    The closed form of the integral of x divides by b2. The step is so small that the quadrature
    error (order 4, 1e-8 at 0.1 ms) is below what the protection costs.
    """
    step = ref.stepper(update_code(system({"x": "c - b2*x", "g": "x*(1 - g) - b*g"}), [["x", "g"]]))
    values = dict(c=0.2, b2=b2, b=0.05, x=0.0, g=0.0, dt=0.02)
    for _ in range(500):
        step(values)
    exact = solve_ivp(
        lambda t, y: [0.2 - b2 * y[0], y[0] * (1 - y[1]) - 0.05 * y[1]],
        (0, 10), [0, 0], method="DOP853", rtol=1e-13, atol=1e-15,
    ).y[:, -1]  # fmt: skip
    assert abs(values["x"] - exact[0]) < 1e-13
    assert abs(values["g"] - exact[1]) < 1e-8 * (1 - exact[1])  # x is off by 1e-8 of itself


def test_held_states_cost_order_1():
    """The pool holds the receptor's conductance over a step: order 1, as its scheme says."""
    rates = system({"g": "-g/r", "Ca": "g - Ca/l"})
    blocks = [["g"], ["Ca"]]
    scheme = classify(rates, blocks)["Ca"]
    assert scheme.kind == "exact" and scheme.held == ("g",)
    errors = []
    for dt in STEPS:
        step = ref.stepper(update_code(rates, blocks))
        values = dict(r=5.0, l=14.0, g=1.0, Ca=0.0, dt=dt)
        for _ in range(round(8 / dt)):
            step(values)
        errors.append(abs(values["Ca"] - ref.pool_exponential(8.0, 14.0, 5.0)))
    orders = measured_order(errors)
    assert np.all(np.abs(orders - 1) < TOLERANCE), f"errors {errors}, orders {orders}"


# -- through Brian2 ----------------------------------------------------------------------------------


def test_registered_with_brian2():
    """The default integrator and both BrainPy orders can be named as ``method=``."""
    registered = StateUpdateMethod.stateupdaters
    assert isinstance(registered["integrating_factor"], IntegratingFactor)
    assert {"brainpy_state", "brainpy_dyn"} <= set(registered)


def test_method_name_on_a_users_group():
    """``method='integrating_factor'`` on a NeuronGroup, against the closed form and the harness."""
    defaultclock.dt = 0.1 * ms
    group = NeuronGroup(
        1,
        """dx/dt = 1/ms*int(t >= 0.8*ms and t < 1.55*ms)*(1 - x) - 0.5/ms*x : 1
           dg/dt = 2/ms*x*(1 - g) - 0.01/ms*g : 1""",
        method="integrating_factor",
    )
    monitor = StateMonitor(group, ["x", "g"], record=0)
    run(20 * ms)
    times = np.arange(200) * 0.1
    x, g = ref.bionmda(times, [(0.8, 1.6)])
    assert np.max(np.abs(monitor.x[0] - x)) < 1e-12
    assert np.max(np.abs(monitor.g[0] - g)) < 1e-8


def test_rk4_fallback_in_a_simulation():
    """A customised cyclic receptor in Brian2 equals the same statements run by NumPy."""
    cyclic = BioNMDA().replace("dx/dt = alpha2*T*(1 - x) - beta2*x*(1 + g) : 1")
    model = GlutamateSynapse(cyclic)
    assert "rk4" in str(model.plan.steps["g_NMDA"])
    defaultclock.dt = 0.1 * ms
    source = NeuronGroup(1, "", threshold="t_in_timesteps == 10")
    target = NeuronGroup(1, "dv/dt = -I_syn/nF : volt" + model.post_equations(), method="euler")
    synapses = model.synapses(source, target)
    synapses.connect()
    monitor = StateMonitor(synapses, ["x_NMDA", "g_NMDA"], record=[0])
    run(15 * ms)
    values = model.system.values()
    code = update_code(model.system.rates, model.plan.coupled)
    got = run_pulses(
        code, ref.pulse_windows([10], 5, 1e-4), 1e-4, 149e-4, {"x_NMDA": 0.0, "g_NMDA": 0.0}, values
    )
    assert np.max(np.abs(monitor.x_NMDA[0] - got[0])) < 1e-14
    assert np.max(np.abs(monitor.g_NMDA[0] - got[1])) < 1e-14
    assert 0.5 < np.max(got[1]) < 0.8
