"""Spine neck: the voltage of the head, the current into the dendrite, what reads the head.

Held against an independent statement in SciPy: the gates by an integrator of high order, the voltage of the
head by bisection of the balance of currents, or as a state of its own with the capacitance of a head.
"""

from itertools import pairwise

import brian2 as b2
import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, defaultclock, ms, mV, nS
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    ModelError,
    Part,
    Receptor,
    SpineCalcium,
    needs,
    states,
    v,
)
from brian2_nmda.equations import (
    CalciumIntegrator,
    GradedEnzymes,
    HillTononiBlock,
    KampaNMDA,
    KinaseDrivenInsertion,
    SpineNeck,
)
from brian2_nmda.symbolic.heads import V_HEAD

pytestmark = pytest.mark.xdist_group(__name__)

MOHM = 1e6
SPIKES = (1.0, 6.0, 8.0)
STORED = "head = v_head : volt (constant over dt)"


def run(model, n=1, duration=20.0, dt=0.1, v0=-65.0, before=None, record=("head",), free="", **declared):
    """``n`` synapses onto one neuron each, clamped if nothing is said."""
    defaultclock.dt = dt * ms
    source = SpikeGeneratorGroup(1, [0] * len(SPIKES), SPIKES * ms)
    equations = free or "v : volt"
    target = NeuronGroup(n, equations + model.post_equations(), method="euler")
    target.v = v0 * mV
    stored = STORED if V_HEAD in model.equations else ""
    S = model.synapses(source, target, model=stored, **declared)
    S.connect()
    if before is not None:
        before(S)
    seen = StateMonitor(S, list(record), record=True) if record else None
    of_target = StateMonitor(target, ["v", "I_syn"], record=True)
    Network(source, target, S, of_target, *([] if seen is None else [seen])).run(duration * ms)
    return seen, of_target


# -- the same, stated once more ------------------------------------------------------------------------

G_A, G_N, E_A, E_N, MG = 0.8e-9, 0.5e-9, 5e-3, -3e-3, 1.0  # S, V, mM


def model(*parts, **neck):
    receptors = [AMPA(gmax=0.8 * nS, E=5 * mV), BioNMDA(gmax=0.5 * nS, E=-3 * mV)]
    return GlutamateSynapse(receptors, parts=[*parts, SpineNeck(**neck)])


def block(u, mg=MG):
    return 1 / (1 + mg / 3.57 * np.exp(-62 * u))


def gates(dt, duration=20.0):
    """Open fractions of both receptors at the time steps, by DOP853; times in ms.

    Gates of a step see the spikes of the steps before: transmitter comes 0.1 ms, a step of the runs, later.
    """
    begins = [s + 0.1 for s in SPIKES]

    def pulse(t):
        return 1.0 if any(s <= t < s + 0.5 for s in begins) else 0.0

    def rates(t, y):
        a, x, g = y
        T = level[0]
        return [1.1 * T * (1 - a) - 0.19 * a, T * (1 - x) - 0.5 * x, 2 * x * (1 - g) - 0.01 * g]

    times = np.round(np.arange(0, duration, dt), 9)
    edges = sorted({0.0, duration, *begins, *(s + 0.5 for s in begins)})
    y, found, level = np.zeros(3), np.zeros((len(times), 3)), [0.0]
    for a, b in pairwise(edges):
        level[0] = pulse(0.5 * (a + b))
        inside = (times >= a - 1e-9) & (times < b - 1e-9)
        s = solve_ivp(rates, (a, b), y, "DOP853", dense_output=True, rtol=1e-12, atol=1e-14)
        found[inside] = s.sol(times[inside]).T
        y = s.y[:, -1]
    return times, found[:, 0], found[:, 2]


def balanced(g_a, g_n, R, u):
    """Voltage of the head by bisection; ``g`` are open conductances before the block."""

    def excess(h):
        return (h - u) / R + g_a * (h - E_A) + g_n * block(h) * (h - E_N)

    return brentq(excess, -0.2, 0.2, xtol=1e-15)


def test_the_head_is_in_balance_with_its_receptors():
    """At a clamp, to what is left of Newton's method (1e-5 mV at R g = 0.2), and so is the current."""
    R = 400.0
    seen, target = run(model(R=R * b2.Mohm), record=["head"])
    _, a, g = gates(0.1)
    expected = np.array([balanced(G_A * x, G_N * y, R * MOHM, -0.065) for x, y in zip(a, g, strict=True)])
    # what is stored at a step is computed before the gates move, from the values a monitor sees then
    assert np.abs(seen.head[0] / mV - 1e3 * expected).max() < 1e-4
    assert expected.max() > -0.065 + 5e-3  # there was something to see
    through_neck = (-0.065 - expected) / (R * MOHM)
    received = np.array(target.I_syn[0])[1:]  # a monitor sees the sum of the step before
    assert np.abs(received - through_neck[:-1]).max() < 1e-6 * np.abs(through_neck).max()


def test_the_capacitance_of_a_head_changes_little():
    """With 2.8 fF (`RodriguesElectrics`) the head lags by 1 us; the bound is that lag times its slope."""
    R, C = 400 * MOHM, 2.8e-15
    times, a, g = gates(0.01, 12.0)
    quasi = np.array([balanced(G_A * x, G_N * y, R, -0.065) for x, y in zip(a, g, strict=True)])

    def rate(t, h):
        x, y = np.interp(t, times * 1e-3, a), np.interp(t, times * 1e-3, g)
        return ((-0.065 - h) / R - G_A * x * (h - E_A) - G_N * y * block(h) * (h - E_N)) / C

    found = solve_ivp(
        rate, (0, 11.9e-3), [-0.065], "Radau", t_eval=times[:1190] * 1e-3, rtol=1e-8, atol=1e-10
    )
    lag = R * C  # 1.1 us
    steepest = np.abs(np.diff(quasi)).max() / 1e-5
    assert np.abs(found.y[0] - quasi[:1190]).max() < 1.5 * lag * steepest < 0.05e-3


def test_newton_steps_reach_the_solution():
    """Necks and voltages at random: 1e-4 mV below R g = 0.3 of each receptor, 0.02 mV below 1."""
    rng = np.random.default_rng(4)
    n = 400
    R, u = rng.uniform(1, 2000, n), rng.uniform(-90, 60, n)

    def necks(S):
        S.R_neck = R * b2.Mohm

    seen, _ = run(model(), n=n, v0=u, before=necks, per_synapse=["R_neck"], duration=9.0)
    _, a, g = gates(0.1, 9.0)
    k = 88  # all three spikes are in
    head = [balanced(G_A * a[k], G_N * g[k], r * MOHM, 1e-3 * x) for r, x in zip(R, u, strict=True)]
    off = np.abs(np.array(seen.head[:, k] / mV) - 1e3 * np.array(head))
    size = R * MOHM * max(G_A * a[k], G_N * g[k])
    assert off[size < 0.3].max() < 1e-4
    assert off[size < 1].max() < 0.02
    assert (size < 0.3).sum() > 50 < (size > 0.5).sum()


# -- limits --------------------------------------------------------------------------------------------

FREE = "dv/dt = (10*nS*(-70*mV - v) - I_syn)/(50*pF) : volt"


def test_without_resistance_or_transmitter_there_is_no_head():
    same, target = run(model(R=0 * b2.ohm), free=FREE, record=["head"])
    receptors = [AMPA(gmax=0.8 * nS, E=5 * mV), BioNMDA(gmax=0.5 * nS, E=-3 * mV)]
    _, without = run(GlutamateSynapse(receptors), free=FREE, record=[], tolerance=None)
    assert np.abs(np.array(target.v - without.v)).max() < 1e-15
    assert np.ptp(np.array(without.v)) > 1e-3
    assert np.abs(np.array(same.head - target.v)).max() < 1e-15
    head, clamped = run(model(), duration=0.9)  # before the first spike
    assert np.all(np.array(head.head) == np.array(clamped.v))


@pytest.mark.parametrize(
    "declared",
    [{}, {"w": 1.7}, {"w": "constant"}, {"delay": "per_synapse"}, {"per_synapse": ["R_neck"]}],
    ids=str,
)
def test_every_form_agrees_with_the_naive_one(declared):
    def settings(S):
        rng = np.random.default_rng(2)
        if declared.get("w", "per_synapse") != 1.7:
            S.w = rng.uniform(0.5, 2, 3)
        if "delay" in declared:
            S.delay = [0, 0.5, 1.2] * ms
        if "per_synapse" in declared:
            S.R_neck = [0, 200, 500] * b2.Mohm

    record = ["head", "Ca"]
    m = GlutamateSynapse([AMPA(), BioNMDA(gmax=0.3 * nS)], calcium=SpineCalcium(), parts=SpineNeck())
    given = dict(n=3, free=FREE, before=settings, record=record, tolerance=None)
    fast, fast_target = run(m, **declared, **given)
    naive, naive_target = run(m, optimize=False, **declared, **given)
    assert np.ptp(np.array(fast_target.v)) > 1e-4
    for one, other in [(fast.head, naive.head), (fast.Ca, naive.Ca), (fast_target.v, naive_target.v)]:
        one, other = np.array(one), np.array(other)
        assert np.abs(one - other).max() <= 1e-12 * np.abs(other).max()


def in_one_network():
    """Courses with a neck alone and in a chain from a scheme that reads the head to the receptors."""
    chain = GlutamateSynapse(
        [AMPA(), KampaNMDA(gmax=0.3 * nS)],
        calcium=SpineCalcium(integrator=CalciumIntegrator()),
        plasticity=KinaseDrivenInsertion(),
        parts=[GradedEnzymes(), SpineNeck()],
    )
    models = {
        "alone": (GlutamateSynapse(AMPA(), parts=SpineNeck()), ["head"]),
        "chain": (chain, ["head", "Ca", "O_NMDA", "n_AMPA"]),
    }
    defaultclock.dt = 0.1 * ms
    source = SpikeGeneratorGroup(1, [0] * len(SPIKES), SPIKES * ms)
    net, seen = Network(source), {}
    for name, (model, record) in models.items():
        target = NeuronGroup(2, FREE + model.post_equations(), method="euler", name=f"target_{name}")
        target.v = [-70, -40] * mV
        S = model.synapses(source, target, model=STORED, per_synapse=["R_neck"], name=f"S_{name}")
        S.connect()
        S.w, S.R_neck = [1, 4], [100, 500] * b2.Mohm
        seen[name] = [StateMonitor(of, x, record=[0, 1]) for of, x in ((S, record), (target, "v"))]
        net.add(target, S, *seen[name])
    net.run(20 * ms)
    return {
        (name, x): np.array(getattr(M, x))
        for name, monitors in seen.items() for M in monitors for x in M.record_variables
    }  # fmt: skip


@pytest.mark.slow
def test_compiled_targets_agree_with_numpy(on_target):
    on_target("numpy")
    expected = in_one_network()
    for target in ("cython", "cpp_standalone"):
        on_target(target)
        found = in_one_network()
        assert found.keys() == expected.keys()
        for key, x in found.items():
            assert np.abs(x - expected[key]).max() <= 1e-12 * np.abs(expected[key]).max(), (target, key)
    assert np.ptp(expected["chain", "n_AMPA"]) > 1e-6 < np.ptp(expected["chain", "O_NMDA"])


# -- what reads the head -------------------------------------------------------------------------------


class Sees(Part):
    """It follows the voltage that it reads."""

    at = needs("v", unit=mV)
    seen = states("seen", within=(None, None), unit=mV * ms)
    dseen = v + at


class OfNeuron(Part):
    """It follows the voltage of the neuron."""

    place = "neuron"
    total = states("total", within=(None, None), unit=mV * ms)
    dtotal = v


def test_parts_on_the_synapse_read_the_head_and_those_of_the_neuron_do_not():
    seen, target = run(model(Sees(), OfNeuron()), record=["head", "seen_Sees"], duration=20.0)
    S = seen.source
    sums = 2e-4 * np.cumsum(np.array(seen.head[0]))[:-1]
    assert np.allclose(np.array(seen.seen_Sees[0])[1:], sums, rtol=1e-9)
    assert np.isclose(float(S.total_OfNeuron[0]), -0.065 * 20e-3, rtol=1e-9)
    assert np.array(seen.head).max() > -0.060 > np.array(target.v).max()


def test_calcium_takes_the_block_and_the_driving_force_of_the_head():
    """At the head's own voltage the open channels carry what SciPy says, here at the peak of the head."""
    m = GlutamateSynapse(
        [AMPA(gmax=0.8 * nS, E=5 * mV), BioNMDA(gmax=0.5 * nS, E=-3 * mV)],
        calcium=SpineCalcium(integrator=None), parts=SpineNeck(R=400 * b2.Mohm),
    )  # fmt: skip
    seen, _ = run(m, record=["head", "Ca"])
    _, _, g = gates(0.1)
    h, Ca = np.array(seen.head[0]), np.array(seen.Ca[0])  # mol/m^3
    share = 0.1 * (-0.065 + 3e-3) / (-0.065 - 0.13)
    inward = -share * G_N * g * block(h) * (h - 0.13)
    expected, pool = [], 7e-5
    for j in inward:
        expected.append(pool)
        rise = j / (2 * 96485.33212 * 1e-19 * 25) * 14e-3
        pool = 7e-5 + rise + (pool - 7e-5 - rise) * np.exp(-0.1 / 14)
    assert np.allclose(Ca, expected, rtol=1e-6)
    assert Ca.max() > 1.5 * 7e-5


def test_kinetics_that_read_the_voltage_hold_that_of_the_head():
    """Kampa's scheme unblocks with the head: with a neck more of it is open at a clamp."""
    open_at = {}
    for R in (0.0, 500.0):
        m = GlutamateSynapse([AMPA(gmax=1 * nS), KampaNMDA()], parts=SpineNeck(R=R * b2.Mohm))
        seen, _ = run(m, record=["O_NMDA"])
        open_at[R] = float(np.array(seen.O_NMDA).max())
        assert m.plan.steps["O_NMDA"].kind == "exact series"
    assert open_at[500.0] > 1.1 * open_at[0.0]


# -- what is refused -----------------------------------------------------------------------------------


def test_what_a_neck_cannot_do_is_refused():
    class Rectifying(AMPA):
        """A current that is not proportional to its driving force."""

        current = Receptor.current * v / (v - AMPA.E)

    with pytest.raises(ModelError, match=r"needs receptors with the current conductance\*block\*\(v - E\)"):
        GlutamateSynapse(Rectifying(), parts=SpineNeck())
    with pytest.raises(ModelError, match=r"smooth in the voltage.*'NMDA'.*JahrStevens"):
        GlutamateSynapse(BioNMDA(block=HillTononiBlock()), parts=SpineNeck())
    with pytest.raises(ModelError, match=r"2 spine necks; leave one of them"):
        GlutamateSynapse(AMPA(), parts=[SpineNeck(), SpineNeck(label="B")])
