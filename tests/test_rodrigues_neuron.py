"""Electrics of Rodrigues et al. (2023) and channels that open one by one.

Held against: SciPy's LSODA on equations that are written out here, the golden numbers of section 4.8 of the
fact sheet, the closed form of a gate with two states, and the steady open fractions of section 4.5.
"""

from functools import cache

import brian2 as b2
import numpy as np
import pytest
from brian2 import (
    BrianObjectException,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    defaultclock,
    kelvin,
    ms,
    mV,
    pA,
)
from scipy.integrate import solve_ivp

from brian2_nmda import GlutamateSynapse, ModelError, Parameter, Plasticity, Reaction, conductance, counts
from brian2_nmda.equations import (
    CountedLTypeChannels,
    CountedRTypeChannels,
    CountedTTypeChannels,
    RodriguesCalcium,
    TwoExponentialAMPA,
    TwoExponentialNMDA,
)
from brian2_nmda.equations.rodrigues_neuron import RodriguesElectrics

pytestmark = pytest.mark.xdist_group(__name__)


def reference(t, y, A, d, phi, ages):
    """The published equations without receptors, in ms, mV, nS, pA, pF; the spike begins at 1 ms."""
    s, den, sp, m, h, n, lam, lx, la = y
    x = (t - 1 - d / 2) / (d / 2)
    I = A / (1 + x**20) if abs(x) < 10 else 0.0
    u, w = s + 30 + 1e-9, s + 45 + 1e-9
    am, bm = 0.4 * u / (1 - np.exp(-u / 7.2)), 0.124 * u / (np.exp(u / 7.2) - 1)
    ah, bh = 0.01 * w / (np.exp(w / 1.5) - 1), 0.03 * w / (1 - np.exp(-w / 1.5))
    a, b = np.exp(-0.11 * (s - 13)), np.exp(-0.08 * (s - 13))
    g = lam * phi * 50
    return [
        ((I + 800 * m**3 * h * (50 - s)) * la + 40 * n * (-90 - s) + 15 * (-70 - s) + g * (den - s))
        / 16.9646,
        (3.92699 * (sp - den) + 0.0351858 * (-70 - den) + g * (s - den)) / 52.7788,
        (3.92699 * (den - sp) + 4e-6 * (-70 - sp)) / 2.80145e-3,
        am - (am + bm) * m,
        ah - (ah + bh) * h,
        (1 / (1 + a) - n) / max(50 * b / (1 + a), 2),
        (1 - lam) / 2000 - 1.7279e-5 / lx * lam * I,
        (1 - lx) / 2000 - 2.304e-5 * lx * I,
        (1 - la) / 500 - ages * la * I,
    ]


def value(E, name):
    """A definition, in SI units."""
    numbers = {k: float(p.base()) for k, p in E.template.parameters.items()}
    expression = E.template.definitions[name].expression
    return float(expression.subs({x: numbers[x.name] for x in expression.free_symbols}))


#: pA, ms; largest V_s and V_d (mV) and when (ms after the start of the current), least lam, lam_x, lam_age.
GOLDEN = {
    (1000, 2): (39.848, 1.81, 3.397, 3.29, 0.96513, 0.95482, 0.999228),
    (2000, 2): (41.302, 0.94, 7.053, 2.28, 0.92992, 0.91168, 0.998457),
    (500, 6): (39.236, 4.12, 6.614, 5.69, None, None, None),
}


def spikes(step):
    """Courses of one spike of each kind."""
    defaultclock.dt = step * ms
    E = RodriguesElectrics()
    inputs = "\nG_glu = 0*siemens : siemens\nG_GABA = 0*siemens : siemens\nCa_head = 0*mmolar : mmolar"
    neurons = NeuronGroup(3, E.variables() + inputs)
    for name, value in E.start().items():
        getattr(neurons, f"{name}_")[:] = value
    neurons.A_AP, neurons.d_AP = [k[0] for k in GOLDEN] * pA, [k[1] for k in GOLDEN] * ms
    neurons.run_regularly(E.statements(), dt=step * ms)
    neurons.since = -1 * ms
    M = StateMonitor(neurons, ["V_s", "V_d", "V_sp", "lam", "lam_x", "lam_age"], record=True, when="end")
    Network(neurons, M).run(12 * ms)
    return (np.array(M.t) * 1e3 + step, *(np.array(x) for x in (M.V_s / mV, M.V_d / mV, M.V_sp / mV)),
            *(np.array(getattr(M, n)) for n in ("lam", "lam_x", "lam_age")))  # fmt: skip


def test_action_potential():
    """Peaks of soma and dendrite to 0.1 mV at 0.05 ms, less with a shorter step; head and attenuation."""
    worst = []
    for dt in (0.05, 0.0125):
        t, V_s, V_d, V_sp, *lams = spikes(dt)
        errors = []
        for k, ((A, d), golden) in enumerate(GOLDEN.items()):
            start, grid = [-70, -70, -70, 0.0123, 0.9999998, 1.083e-4, 1, 1, 1], np.arange(0, 12, 0.005)
            exact = solve_ivp(reference, (0, 12), start, "LSODA", grid, args=(A, d, 1.02756, 3.854e-7),
                              rtol=1e-8, atol=1e-9, max_step=0.05)  # fmt: skip
            assert abs(exact.y[0].max() - golden[0]) < 6e-3  # the printed peaks are of a grid
            assert abs(exact.y[1].max() - golden[2]) < 6e-3
            errors += [abs(V_s[k].max() - golden[0]), abs(V_d[k].max() - golden[2])]
            assert abs(t[V_s[k].argmax()] - 1 - golden[1]) <= dt + 0.01
            assert abs(t[V_d[k].argmax()] - 1 - golden[3]) <= dt + 0.02
            assert np.max(np.abs(V_sp[k] - V_d[k])) < 1e-3
            for lam, least in zip(lams, golden[4:], strict=True):
                if least is not None:
                    assert abs(lam[k].min() - least) < 4e-4
        worst.append(max(errors))
    assert worst[0] < 0.11 and worst[1] < worst[0] / 3, worst


def test_numbers_by_age_and_distance():
    """Section 1.1: phi at 100 to 400 um, somatic spikes by age, SK channels by temperature."""
    for distance, phi in ((100, 1.43366), (200, 1.02756), (300, 0.39317), (400, 0.15277)):
        assert abs(value(RodriguesElectrics(distance=distance), "phi") - phi) < 1e-5
    for age, loss in ((5, 1.148e-4), (14, 8.113e-5), (21, 4.895e-5), (35, 1.051e-5), (60, 3.854e-7)):
        found = value(RodriguesElectrics(age=age), "ages") * 1e-15  # per s and A
        assert abs(found / loss - 1) < 2e-4
    for T, opening, slower in ((25, 1.0, 1.9044), (30, 1.8, 1.9902), (35, 2.12, 2.1272)):
        E = RodriguesElectrics(temperature=(T + 273.15) * kelvin)
        assert abs(value(E, "rho_f") - opening) < 1e-4 and abs(value(E, "rho_b") - slower) < 5.1e-5


@cache
def gates(gate, step):
    """Closed and open molecules of 400 synapses after one step and after many; rates of 3 and 1 per ms."""

    class Gates(Plasticity):
        """A gate."""

        up = Parameter(3 / ms, "opening")
        down = Parameter(1 / ms, "closing")
        closed = counts("closed", initial=100)
        opened = counts("opened")
        reactions = (Reaction(closed, opened, up, down, gate=gate),)
        conductance = conductance * opened / 100

    b2.seed(7)
    defaultclock.dt = step * ms
    model = GlutamateSynapse(TwoExponentialAMPA(), plasticity=Gates())
    target = NeuronGroup(400, "v : volt" + model.post_equations())
    S = model.synapses(SpikeGeneratorGroup(1, [], [] * ms), target, delay=0 * ms)
    S.connect()
    net, found = Network(S, target, S.source), []
    for steps in (1, 20):
        net.run(steps * step * ms)
        found.append(np.array(S.opened_AMPA))
        assert np.all(found[-1] + np.array(S.closed_AMPA) == 100)
    return found


def test_a_gate_is_exact_in_long_steps():
    """After a step of 0.5 ms and in the end: the closed form of two states, binomial; without it refused."""
    first, last = gates(True, 0.5)
    for found, p in ((first, 0.75 * (1 - np.exp(-4 * 0.5))), (last, 0.75)):
        assert abs(found.mean() - 100 * p) < 3 * np.sqrt(100 * p * (1 - p) / 400)
        assert abs(found.var(ddof=1) / (100 * p * (1 - p)) - 1) < 3 * np.sqrt(2 / 400)
    with pytest.raises(BrianObjectException) as error:
        gates(False, 0.5)
    assert isinstance(error.value.__cause__, ModelError)
    assert "a molecule of 'closed_AMPA' reacts with probability" in str(error.value.__cause__)


@pytest.mark.slow
def test_channels_open_by_chance():
    """Steady open fractions at -70, -40 and 0 mV, with steps of 0.05 and of 1 ms: three standard errors."""
    expected = {
        -40: (3.334e-3, 3.462e-3, 3.765e-4),
        0: (8.138e-3, 2.60e-5, 0.21467),
        -70: (1.320e-4, 3.016e-3, 2.75e-6),
    }
    model = GlutamateSynapse(
        [TwoExponentialAMPA(), TwoExponentialNMDA()],
        calcium=RodriguesCalcium(),
        parts=[CountedRTypeChannels(), CountedTTypeChannels(), CountedLTypeChannels()],
    )
    b2.seed(5)
    defaultclock.dt = 0.1 * ms
    n = 500
    target = NeuronGroup(3 * n, "v : volt" + model.post_equations())
    target.v = np.repeat(list(expected), n) * mV
    S = model.synapses(SpikeGeneratorGroup(1, [], [] * ms), target, delay=0 * ms)
    S.connect()
    net = Network(S, target, S.source)
    net.run(0.3 * b2.second)
    names = ["m1h1_R_type", "m1h1_T_type", "O1_L_type", "O2_L_type"]
    M = StateMonitor(S, names, record=True, dt=1 * ms)
    net.add(M)
    net.run(0.7 * b2.second)
    R, T, O1, O2 = (np.array(getattr(M, k)) for k in names)
    for k, (v, fractions) in enumerate(expected.items()):
        of = slice(k * n, (k + 1) * n)
        for found, p in zip((R, T, O1 + O2), fractions, strict=True):
            of_synapse = found[of].mean(axis=1) / 3
            error = max(of_synapse.std(ddof=1), np.sqrt(p / 2100)) / np.sqrt(n)
            assert abs(of_synapse.mean() - p) <= 4 * error + 0.01 * p, (v, of_synapse.mean(), p)
    for kind in "RT":
        total = sum(np.array(getattr(S, f"{s}_{kind}_type")) for s in ("m0h0", "m1h0", "m0h1", "m1h1"))
        assert np.all(total == 3)
