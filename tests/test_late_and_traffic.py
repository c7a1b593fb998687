"""Pools and slots (Triesch, Vo & Hafner 2018); early and late phase (Luboeinski & Tetzlaff 2021)."""

import brian2 as b2
import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, TimedArray, ms, mV, second
from scipy.integrate import solve_ivp

import brian2_nmda.equations as lib
from brian2_nmda import GlutamateSynapse

hour = 3600 * second
MINUTE = 60.0
BETA, DELTA, PHI = 1 / 43, 1 / (14 * MINUTE), 2.67  # per second, as the authors' scripts have them


def build(model, sources, *, dt, spikes=((), ()), monitor=(), every=None, **declared):
    """``sources`` neurons onto one that is clamped; its network, synapses and monitor."""
    b2.defaultclock.dt = dt
    source = SpikeGeneratorGroup(sources, spikes[0], spikes[1] * second)
    target = NeuronGroup(1, "v : volt" + model.post_equations(), threshold="v > 0*mV", reset="")
    target.v = -65 * mV
    S = model.synapses(source, target, delay=0 * ms, **declared)
    S.connect()
    M = StateMonitor(S, monitor, record=True, dt=every or dt)
    return Network(source, target, S, M), S, M


# -- Triesch, Vo & Hafner 2018 ---------------------------------------------------------------------


def pools(F, dendrites, slots, **options):
    """A synapse for each of ``slots`` on each dendrite, filled to ``F``."""
    total = float(np.sum(slots))
    model = GlutamateSynapse(
        lib.TwoExponentialAMPA(),
        plasticity=lib.SlotInsertion(),
        parts=lib.ReceptorPool(F=F, slots=total),
    )
    n = dendrites * len(slots)
    net, S, M = build(
        model, n, places={"dendrite": dendrites}, per_synapse=["slots_AMPA", "a_AMPA"],
        monitor=["n_AMPA", "p_ReceptorPool"], **options,
    )  # fmt: skip
    S.dendrite_index = np.repeat(np.arange(dendrites), len(slots))
    S.slots_AMPA = np.tile(slots, dendrites)
    S.n_AMPA = F * np.tile(slots, dendrites)
    return net, S, M


def solved(F, slots, pool, times, course=lambda t: (1.0, 1.0)):
    """The published equations, by SciPy; ``course`` is insertion and slots of the synapses in time."""
    slots = np.asarray(slots, float)
    alpha, gamma = BETA / (PHI * slots.sum() * (1 - F)), DELTA * F * slots.sum() * PHI

    def rates(t, y):
        a, s = course(t)
        entering = a * alpha * y[-1] * (s * slots - y[:-1]) - BETA * y[:-1]
        return [*entering, gamma - DELTA * y[-1] - entering.sum()]

    start = [*F * slots, pool * F * PHI * slots.sum()]
    found = solve_ivp(rates, (0, times[-1]), start, t_eval=times, rtol=1e-9, atol=1e-9, max_step=2)
    return found.y


@pytest.mark.parametrize(("F", "rise", "at", "fall"), [(0.5, 29.20, 1.047, -55.2), (0.9, 5.16, 0.248, -33.1)])
def test_change_of_the_pool(F, rise, at, fall):
    """Figure 4 of the paper: the pool is doubled (first dendrite) or emptied (second)."""
    dt, slots = 0.2, [40, 60, 80]
    net, S, M = pools(F, 2, slots, dt=dt * second)
    S.p_ReceptorPool = np.repeat([2, 0], 3) * F * PHI * 180
    net.run(5 * MINUTE * second)
    t, relative = M.t / second, M.n_AMPA / M.n_AMPA[:, :1]
    for dendrite, factor in enumerate((2, 0)):
        mine = M.n_AMPA[3 * dendrite : 3 * dendrite + 3]
        exact = solved(F, slots, factor, t)
        # held over a step: order 1, BETA*dt/2 = 2e-3 of the change
        np.testing.assert_allclose(mine, exact[:3], rtol=0, atol=3e-3 * 80 * F)
        np.testing.assert_allclose(relative[3 * dendrite], relative[3 * dendrite + 2], rtol=1e-12)
    # printed digits, at the same stepping error: BETA*dt/2 of the size of the change
    assert 100 * (relative[0].max() - 1) == pytest.approx(rise, abs=0.005 + rise * BETA * dt)
    assert t[relative[0].argmax()] / MINUTE == pytest.approx(at, abs=2 * dt / MINUTE)
    assert 100 * (relative[3].min() - 1) == pytest.approx(fall, abs=0.05 + abs(fall) * BETA * dt)


def course_of_potentiation(t):
    """Insertion and slots of the synapses 1 and 2 of four, as the authors' LTP.py has them (minutes)."""
    t = t / MINUTE - 2
    a = np.interp(t, [0, 0.1, 2.1], [1, 4, 1])
    if t < 0:
        volume = 1.0
    elif t < 1.5:
        volume = 1 + 3 / (1 + np.exp(-8 * (t - 0.75)))
    else:
        volume = 2 + 2 * np.exp(-(t - 1.5) / 5)
    chosen = np.array([0, 1, 1, 0])
    return 1 + (a - 1) * chosen, 1 + (volume ** (2 / 3) - 1) * chosen


def euler(F, slots, dt=0.15, duration=25 * MINUTE):
    """Receptors of the synapses, stepped as the authors step them."""
    slots = np.asarray(slots, float)
    alpha, gamma = BETA / (PHI * slots.sum() * (1 - F)), DELTA * F * slots.sum() * PHI
    n, pool, found = F * slots, F * PHI * slots.sum(), []
    for k in range(round(duration / dt)):
        found.append(n)
        a, s = course_of_potentiation(k * dt)
        entering = a * alpha * pool * (s * slots - n) - BETA * n
        n, pool = n + dt * entering, pool + dt * (gamma - DELTA * pool - entering.sum())
    return np.array(found)


def potentiate(S, slots):
    """What sets insertion and slots of the synapses in the course of the protocol."""

    def drive(t):
        a, s = course_of_potentiation(t / second)
        S.a_AMPA[:], S.slots_AMPA[:] = a, s * slots

    return drive


@pytest.mark.parametrize(
    ("F", "homo", "at", "end", "hetero"),
    [(0.9, 159.9, 3.365, 60.1, -3.709), (0.5, 194.7, None, None, -16.56)],
)
def test_potentiation_takes_from_the_neighbours(F, homo, at, end, hetero):
    """Figure 6 of the paper: what two synapses gain, the others lose for a while."""
    slots, found = [20, 40, 60, 80], {}
    for dt in (0.5, 0.25):
        net, S, M = pools(F, 1, slots, dt=dt * second, every=0.5 * second)

        net.add(b2.NetworkOperation(potentiate(S, slots), dt=dt * second))
        net.run(25 * MINUTE * second)
        found[dt] = np.array(M.n_AMPA)
    t = M.t / second
    exact = solved(F, slots, 1, t, course_of_potentiation)[:4]
    error = {dt: np.max(np.abs(x - exact)) for dt, x in found.items()}
    assert 1.6 < error[0.5] / error[0.25] < 2.5, error  # the pool is held over a step: order 1
    n = 2 * found[0.25] - found[0.5]  # without the error of first order
    np.testing.assert_allclose(n, exact, rtol=0, atol=0.1 * error[0.25])
    change = 100 * (n / n[:, :1] - 1)
    # the published digits are those of forward Euler with 0.15 s, whose error is BETA*dt of the change
    parity = 100 * (euler(F, slots) / (F * np.array(slots)) - 1)
    assert parity[:, 1].max() == pytest.approx(homo, abs=0.05)
    assert parity[:, 0].min() == pytest.approx(hetero, abs=0.005)
    assert change[1].max() == pytest.approx(homo, rel=2 * 0.15 * BETA)
    assert change[0].min() == pytest.approx(hetero, rel=2 * 0.15 * BETA)
    if at is not None:
        assert t[change[1].argmax()] / MINUTE == pytest.approx(at, abs=0.5 / MINUTE)
        assert change[1, -1] == pytest.approx(end, abs=0.1)


# -- Luboeinski & Tetzlaff 2021 --------------------------------------------------------------------

# calcium acts a hundred times more weakly than published, so that a step of 20 s follows it
H_0, H_MAX, GAMMA_P, GAMMA_D, TAU_H, TAU = 4.20075, 10.0, 16.456, 3.131, 688.4, 3600.0


def late(dt, block=1.0, **calcium):
    model = GlutamateSynapse(
        lib.TwoExponentialAMPA(),
        plasticity=lib.LatePhase(sigma=0 * mV, gamma_p=GAMMA_P, gamma_d=GAMMA_D, **calcium),
        parts=lib.ProteinSynthesis(synthesis=block),
    )
    return build(model, 2, dt=dt, monitor=["h_AMPA", "z_AMPA", "p_ProteinSynthesis"], every=60 * second)


def closed_form(t, blocked=False):
    """Weights and protein while calcium is above both thresholds for four hours, and then at rest."""
    rate = (GAMMA_P + GAMMA_D + 0.1) / TAU_H
    top = (GAMMA_P * H_MAX + 0.1 * H_0) / (GAMMA_P + GAMMA_D + 0.1)
    end = 4 * 3600.0
    h = np.where(
        t <= end,
        top + (H_0 - top) * np.exp(-rate * t),
        H_0 + (top - H_0) * np.exp(-0.1 * (t - end) / TAU_H),
    )
    first = -np.log(1 - 2.10037 / (top - H_0)) / rate  # the change passes the threshold of synthesis
    last = end + TAU_H / 0.1 * np.log((top - H_0) / 2.10037)
    tagged = end + TAU_H / 0.1 * np.log((top - H_0) / 0.840149)
    made = 1 - np.exp(-(last - first) / TAU)
    rising, falling = np.clip(t, first, last) - first, np.maximum(t - last, 0)
    p = np.where(t <= last, 1 - np.exp(-rising / TAU), made * np.exp(-falling / TAU))

    def amount(x):  # the integral of p/TAU
        rising, falling = np.clip(x, first, last) - first, np.maximum(x - last, 0)
        return rising / TAU - 1 + np.exp(-rising / TAU) + made * (1 - np.exp(-falling / TAU))

    z = 1 - np.exp(-amount(np.minimum(t, tagged)))
    return (h, 0 * p, 0 * z) if blocked else (h, p, z)


def eight_hours(dt, **options):
    """The first synapse has high calcium for four of eight hours, the second none."""
    net, S, M = late(dt, tau_Ca=1e9 * second, **options)
    S.c_AMPA = [10, 0]
    net.run(4 * hour)
    S.c_AMPA = 0
    net.run(4 * hour)
    return M


def test_early_and_late_phase_over_eight_hours():
    """Strong stimulation for four hours, as in the authors' 'basic late' protocol, in closed form."""
    errors = {}
    for dt in (20, 10):
        M = eight_hours(dt * second)
        t = M.t / second
        h, p, z = closed_form(t)
        found = M.h_AMPA[0] / mV, M.p_ProteinSynthesis[0], M.z_AMPA[0]
        errors[dt] = [np.max(np.abs(x - y)) for x, y in zip(found, (h, p, z), strict=True)]
        # the neighbour had no calcium: it is not tagged, so it keeps nothing of the shared protein
        assert np.all(M.h_AMPA[1] == M.h_AMPA[1, 0]) and np.all(M.z_AMPA[1] == 0)
        assert np.array_equal(M.p_ProteinSynthesis[0], M.p_ProteinSynthesis[1])
    assert errors[10][0] < 1e-2 and errors[20][0] / errors[10][0] > 10, errors  # order 4
    for dt in (20, 10):  # held over a step, and a threshold is passed within one: order 1
        assert max(errors[dt][1:]) < 2 * dt / TAU, errors
    # the authors' landmarks: at the end of the stimulation h, p at its peak, z at the end
    end = 4 * 60
    assert found[0][end] > 1.8 * H_0 and found[1].max() == pytest.approx(1, abs=0.1) and found[2][-1] > 0.9
    # what is left of the early phase fades, the late phase stays
    assert found[0][-1] < 1.15 * H_0 and found[2][-1] == pytest.approx(z.max(), abs=1e-2)


def test_without_protein_synthesis_nothing_stays():
    """Anisomycin during the stimulation and for ten hours after it; and from the fifth hour on."""
    M = eight_hours(20 * second, block=0.0)
    h, p, z = closed_form(M.t / second, blocked=True)
    assert np.max(np.abs(M.h_AMPA[0] / mV - h)) < 1e-2
    assert np.all(M.p_ProteinSynthesis[0] == p) and np.all(M.z_AMPA[0] == z)
    drug = TimedArray(np.repeat([1.0, 0.0], [1, 7]), dt=1 * hour)
    M = eight_hours(20 * second, block=drug)
    t, p = M.t / second, M.p_ProteinSynthesis[0]
    made = 1 - np.exp(-3600 / TAU)
    exact = np.where(t <= 3600, 1 - np.exp(-t / TAU), made * np.exp(-(t - 3600) / TAU))
    assert np.max(np.abs(p - exact)) < 2 * 20 / TAU  # the sum that starts it is one step old


def test_authors_early_protocol():
    """Seven presynaptic spikes: calcium ends between the thresholds, h above rest, no protein."""
    times = np.array([10, 20, 30, 40, 50, 60, 100]) * 1e-3
    model = GlutamateSynapse(
        lib.TwoExponentialAMPA(), plasticity=lib.LatePhase(sigma=0 * mV), parts=lib.ProteinSynthesis()
    )
    net, S, M = build(model, 1, dt=0.2 * ms, spikes=(np.zeros(7, int), times), monitor=["c_AMPA", "h_AMPA"])
    net.run(160 * ms)
    t, c = M.t / second, M.c_AMPA[0]
    steps = np.round((times + 18.8e-3) / 0.2e-3) * 0.2e-3  # arrivals
    exact = sum(np.where(t > a - 1e-9, np.exp(-np.clip(t - a, 0, None) / 48.8e-3), 0) for a in steps + 0.2e-3)
    np.testing.assert_allclose(c, exact, rtol=0, atol=1e-9 * c.max())
    after = round((times[-1] + 18.8e-3) / 0.2e-3) + 1
    assert 1.2 < c[after] < 3.0
    assert M.h_AMPA[0, after] > H_0 * mV
    assert S.p_ProteinSynthesis[0] == 0 and S.z_AMPA[0] == 0
