"""Receptors of a user's own: a class, a text, and a shipped one with equations replaced.

Held against: SciPy's ``solve_ivp`` (DOP853, relative tolerance 1e-12) on right-hand sides written out
here, at clamped voltages, restarted at the edges of the pulses. Stated errors of the scheme that the
plan names: rounding for an exact step or series, order 1 in what is held over a
step; orders are measured by halving dt.
"""

from collections.abc import Callable
from itertools import pairwise

import brian2 as b2
import numpy as np
import pytest
import sympy
from brian2 import mM, ms, mV, nS, umolar
from scipy.integrate import solve_ivp

from brian2_nmda import (
    BioNMDA,
    GlutamateSynapse,
    JahrStevens,
    ModelError,
    Parameter,
    Receptor,
    SpineCalcium,
    states,
)
from brian2_nmda.symbolic.part import T

SPIKES = [1.0, 1.3, 4.0, 12.0, 22.0]
DURATION = 30.0
V = (-35.0, 10.0)
WEIGHTS = (0.8, 1.7)


class Desensitising(Receptor):
    """Closed, open and desensitised; the sum is 1."""

    k_on = Parameter(2.5 / (mM * ms), "binding and opening")
    k_off = Parameter(0.4 / ms, "closing")
    k_d = Parameter(0.15 / ms, "desensitisation")
    k_r = Parameter(0.02 / ms, "recovery", sign="nonnegative")
    gmax = Parameter(0.6 * nS, "maximal conductance")

    o, d = states("o d", within=(0, 1))
    do = k_on * T * (1 - o - d) - (k_off + k_d) * o + k_r * d
    dd = k_d * o - k_r * d
    activation = o
    default_label = "DES"


def kainate() -> Receptor:
    return Receptor.from_string(
        "KA",
        "dr/dt = a*T*(1 - r) - b*r : 1",
        "r**2",
        a=0.9 / (mM * ms),
        b=0.12 / ms,
        gmax=0.3 * nS,
        E=-7 * mV,
    )


def steeper_block() -> JahrStevens:
    """As a user has the symbols: made with SymPy, without assumptions."""
    Mg, K, k, v = sympy.symbols("Mg K k v")
    return JahrStevens(Mg=1.3 * mM).replace(block=1 / (1 + (Mg / K) ** 2 * sympy.exp(-k * v)))


def inactivating() -> BioNMDA:
    """Closing that depends on calcium, and a new state."""
    return BioNMDA(gmax=0.8 * nS, block=steeper_block()).replace(
        "dg/dt = alpha1*x*(1 - g)*(1 - z) - beta1*g*(1 + Ca/K_Ca) : 1",
        "dz/dt = (g - z)/tau_z : 1",
        K_Ca=0.5 * umolar,
        tau_z=20 * ms,
    )


def model() -> GlutamateSynapse:
    return GlutamateSynapse([Desensitising(), kainate(), inactivating()], calcium=SpineCalcium())


RECORDED = ("o_DES", "d_DES", "r_KA", "x_NMDA", "g_NMDA", "z_NMDA", "Ca")
TARGET = ("g_total_DES", "g_total_KA", "g_total_NMDA", "I_syn")


def simulate(step: float, optimize: bool = True) -> dict[str, np.ndarray]:
    """One presynaptic neuron, two targets at clamped voltages; samples every 0.1 ms."""
    b2.start_scope()
    b2.defaultclock.dt = step * ms
    synapse = model()
    # found in the last step before a multiple of 0.1 ms, so that pulses start there at any dt
    source = b2.SpikeGeneratorGroup(1, np.zeros(len(SPIKES)), (np.array(SPIKES) - step) * ms)
    group = b2.NeuronGroup(2, "dv/dt = 0*I_syn/pfarad : volt" + synapse.post_equations(), method="euler")
    group.v = V * mV
    synapses = synapse.synapses(source, group, optimize=optimize)
    synapses.connect(i=[0, 0], j=[0, 1])
    synapses.w = WEIGHTS
    inside = b2.StateMonitor(synapses, RECORDED, record=[0, 1], dt=0.1 * ms)
    neurons = b2.StateMonitor(group, TARGET, record=[0, 1], dt=0.1 * ms)
    b2.Network(source, group, synapses, inside, neurons).run(DURATION * ms)
    found = {n: np.array(getattr(inside, n)) for n in RECORDED}
    found.update({n: np.array(getattr(neurons, n)) for n in TARGET})
    found["t"] = np.array(inside.t / ms)
    found["plan"] = synapses.plan
    return found


# -- the reference: ms, mV, uM, nS; nothing of brian2_nmda -------------------------------------------


def block(v: float) -> float:
    return 1 / (1 + (1.3 / 3.57) ** 2 * np.exp(-0.062 * v))


def right_hand_side(t: float, y: np.ndarray, transmitter: float, v: float) -> list[float]:
    o, d, r, x, g, z, ca = y
    fraction = 0.1 * (-65 - 0) / (-65 - 130)
    current = fraction * 0.8 * g * block(v) * (v - 130)  # nS mV = pA
    # pA / (C/mol * um^3) is 1e6 mol/m^3/s = 1e6 mM/s = 1e6 uM/ms
    influx = -current / (2 * 96485.33212 * 0.1 * (1 + 24)) * 1e6
    return [
        2.5 * transmitter * (1 - o - d) - (0.4 + 0.15) * o + 0.02 * d,
        0.15 * o - 0.02 * d,
        0.9 * transmitter * (1 - r) - 0.12 * r,
        1.0 * transmitter * (1 - x) - 0.5 * x,
        2.0 * x * (1 - g) * (1 - z) - 0.01 * g * (1 + ca / 0.5),
        (g - z) / 20,
        influx - (ca - 0.07) / 14,
    ]


def reference(v: float) -> np.ndarray:
    """States at multiples of 0.1 ms; transmitter for 0.5 ms, prolonged by a later spike."""
    edges: list[tuple[float, float]] = []
    for s in SPIKES:
        if edges and s <= edges[-1][1]:
            edges[-1] = (edges[-1][0], s + 0.5)
        else:
            edges.append((s, s + 0.5))
    cuts = sorted({0.0, DURATION, *(c for e in edges for c in e)})
    samples = np.arange(round(DURATION / 0.1)) * 0.1
    out = np.empty((len(RECORDED), len(samples)))
    y = np.array([0, 0, 0, 0, 0, 0, 0.07])
    for start, stop in pairwise(cuts):
        on = float(any(a <= start < b for a, b in edges))
        here = (samples > start - 1e-9) & (samples < stop - 1e-9)
        solution = solve_ivp(
            right_hand_side,
            (start, stop),
            y,
            method="DOP853",
            rtol=1e-12,
            atol=1e-14,
            args=(on, v),
            dense_output=True,
        )
        out[:, here] = solution.sol(samples[here])
        y = solution.y[:, -1]
    return out


@pytest.fixture(scope="module")
def exact() -> dict[str, np.ndarray]:
    courses = np.stack([reference(v) for v in V], axis=1)
    found = dict(zip(RECORDED, courses, strict=True))
    found["Ca"] = found["Ca"] * 1e-3  # uM in mol/m^3
    w, v = np.array(WEIGHTS)[:, None] * 1e-9, np.array(V)[:, None]
    found["g_total_DES"] = w * 0.6 * found["o_DES"]
    found["g_total_KA"] = w * 0.3 * found["r_KA"] ** 2
    found["g_total_NMDA"] = w * 0.8 * found["g_NMDA"]
    found["I_syn"] = 1e-3 * (
        found["g_total_DES"] * v + found["g_total_KA"] * (v + 7) + found["g_total_NMDA"] * block(v) * v
    )
    return found


def errors(
    found: dict[str, np.ndarray], exact: dict[str, np.ndarray], names: tuple[str, ...] = RECORDED
) -> dict[str, float]:
    """Largest deviation in units of the peak."""
    out = {}
    for name in names:
        got, expected = found[name], exact[name]
        assert got.shape == expected.shape
        if name in TARGET:  # the target sums what is open at the start of its step (dt 0.1 ms)
            got, expected = got[:, 1:], expected[:, :-1]
        peak = np.max(np.abs(expected))
        assert np.ptp(expected) > 0.05 * peak > 0
        out[name] = np.max(np.abs(got - expected)) / peak
    return out


#: Largest error at 0.1 ms in units of the peak, from the order of the scheme.
BOUNDS = {
    "r_KA": 1e-12,
    "x_NMDA": 1e-12,
    "o_DES": 1e-11,
    "d_DES": 1e-11,
    "g_NMDA": 1e-2,
    "z_NMDA": 1e-2,
    "Ca": 1e-2,
}


@pytest.mark.parametrize("optimize", [True, False])
def test_orders(exact: dict[str, np.ndarray], optimize: bool) -> None:
    """Rounding for exact steps and series, 1 where calcium or g is held over the step."""
    coarse, fine = (simulate(dt, optimize) for dt in (0.1, 0.05))
    kinds = {name: scheme.kind for name, scheme in coarse["plan"].steps.items()}
    assert kinds["r_KA"] == kinds["x_NMDA"] == "exact"
    assert kinds["o_DES"] == kinds["d_DES"] == "exact series"
    assert kinds["g_NMDA"] == "rk4"
    assert "Ca" in coarse["plan"].steps["g_NMDA"].held
    a, b = errors(coarse, exact), errors(fine, exact)
    for name, bound in BOUNDS.items():
        assert a[name] < bound, (name, a)
        assert b[name] < bound
    for name in ("Ca", "g_NMDA", "z_NMDA"):
        assert 1.8 < a[name] / b[name] < 2.2, (name, a, b)
    totals = errors(coarse, exact, TARGET)
    for name, gate in (("DES", "o_DES"), ("KA", "r_KA"), ("NMDA", "g_NMDA")):
        assert totals[f"g_total_{name}"] < max(1.1 * a[gate], 1e-12), (totals, a)
    assert totals["I_syn"] < BOUNDS["g_NMDA"]


@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_compiled_targets(exact: dict[str, np.ndarray], on_target: Callable[..., None], target: str) -> None:
    """The same bounds against the reference, and 1e-9 of the peak against NumPy."""
    on_numpy = simulate(0.1)
    on_target(target)
    found = simulate(0.1)
    deviation = errors(found, exact)
    for name, bound in BOUNDS.items():
        assert deviation[name] < bound, (name, deviation)
    for name in (*RECORDED, *TARGET):
        peak = np.max(np.abs(on_numpy[name]))
        np.testing.assert_allclose(found[name], on_numpy[name], rtol=0, atol=1e-9 * peak)


# -- replacing leaves the rest alone ---------------------------------------------------------------


def test_only_what_was_replaced_differs() -> None:
    shipped, changed = BioNMDA(), inactivating()
    lines = changed.difference(shipped)
    assert sorted(line.split(":")[0] for line in lines) == [
        "K_Ca",
        "Mg",
        "block",
        "dg/dt",
        "dz/dt",
        "gmax",
        "initial value of z",
        "tau_z",
    ]
    # the shipped part is as it was
    assert "z" not in shipped.template.states
    assert shipped.equations == BioNMDA().equations
    assert "Ca" not in {s.name for e in shipped.equations.values() for s in e.free_symbols}
    assert shipped.block.Mg == 1 * mM


def test_replacing_nothing_changes_nothing() -> None:
    """The same equation written out gives exactly the same numbers."""
    written = BioNMDA().replace("dg/dt = alpha1*x*(1 - g) - beta1*g : 1")
    assert written.difference(BioNMDA()) == []
    found = []
    for receptor in (BioNMDA(), written):
        b2.start_scope()
        synapse = GlutamateSynapse(receptor)
        source = b2.SpikeGeneratorGroup(1, [0, 0], [1, 3] * ms)
        group = b2.NeuronGroup(
            1, "dv/dt = (-60*mV - v)/(9*ms) - I_syn/(5*pF) : volt" + synapse.post_equations(), method="rk4"
        )
        group.v = -60 * mV
        synapses = synapse.synapses(source, group)
        synapses.connect()
        monitor = b2.StateMonitor(group, "v", record=True)
        b2.Network(source, group, synapses, monitor).run(10 * ms)
        found.append(np.array(monitor.v))
    assert np.ptp(found[0]) > 1e-4
    np.testing.assert_array_equal(*found)


def test_calcium_dependence_needs_calcium() -> None:
    with pytest.raises(ModelError, match=r"Ca.*calcium="):
        GlutamateSynapse([inactivating()])


def test_two_copies_under_two_labels() -> None:
    """A user's class twice in one model: the variables of one do not reach the other."""
    slow = Desensitising(label="slow", k_off=0.05 / ms)
    synapse = GlutamateSynapse([Desensitising(), slow])
    source = b2.SpikeGeneratorGroup(1, [0], [1] * ms)
    group = b2.NeuronGroup(1, "dv/dt = -I_syn/(200*pF) : volt" + synapse.post_equations(), method="euler")
    synapses = synapse.synapses(source, group)
    synapses.connect()
    b2.Network(source, group, synapses).run(6 * ms)
    assert synapses.k_off_DES == 0.4 / ms
    assert synapses.k_off_slow == 0.05 / ms
    assert synapses.o_slow[0] > 2 * synapses.o_DES[0] > 0


def test_a_class_that_is_wrong_says_so() -> None:
    """A misspelt derivative, a missing activation, wrong dimensions: before anything runs."""
    with pytest.raises(ModelError, match="activation"):

        class NoActivation(Receptor):
            rate = Parameter(1 / (mM * ms), "binding")
            y = states("y")
            dy = rate * T * (1 - y)

        NoActivation()
    with pytest.raises(b2.DimensionMismatchError, match="y"):

        class WrongUnits(Receptor):
            rate = Parameter(1 / ms, "binding")
            y = states("y")
            dy = rate * T * (1 - y) - rate * y
            activation = y

        WrongUnits()
    with pytest.raises(ModelError, match="dyy"):

        class Misspelt(Receptor):
            rate = Parameter(1 / ms, "closing")
            y = states("y")
            dyy = -rate * y
            activation = y


def test_text_with_a_typo_says_so() -> None:
    with pytest.raises(ModelError, match="alpha"):
        Receptor.from_string("KA", "dr/dt = alpa*T*(1 - r) - b*r : 1", "r", alpha=1 / (mM * ms), b=1 / ms)


def test_interval_and_start_in_text():
    """``within=`` says what the text of an equation cannot; a start outside it is refused."""
    text = ("KA", "dr/dt = a*T*(1 - r) - b*r : 1", "r")
    rates = {"a": 1 / (mM * ms), "b": 1 / ms}
    part = Receptor.from_string(*text, within={"r": (0, 1)}, initial={"r": 0.25}, **rates)
    state = part.template.states["r"]
    assert [float(b) for b in state.within] == [0, 1] and float(state.initial) == 0.25
    with pytest.raises(ModelError, match=r"cannot start at 2; expected a value within \[0, 1\]"):
        GlutamateSynapse(Receptor.from_string(*text, within={"r": (0, 1)}, initial={"r": 2}, **rates))
    with pytest.raises(ModelError, match="'q'"):
        Receptor.from_string(*text, within={"q": (0, 1)}, **rates)
