"""BioNMDA in simulations: the ideal solution, BrainPy's update orders, and the length of the pulse.

Held against closed forms (`reference`), traces that BrainPy 2.8.2 itself produced (``golden/bionmda.npz``)
and the 40-digit table of the project's fact sheet. `reference` states which sample is which time.
"""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import brian2 as b2
import numpy as np
import pytest
from brian2 import NeuronGroup, StateMonitor, defaultclock, mM, ms, nF, nS, second

from brian2_nmda import BioNMDA, GlutamateSynapse, NoBlock, Receptor, TransmitterPulse
from brian2_nmda.lowering.bounds import integrating_factor_bound
from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.lowering.plan import make_plan

ref = SimpleNamespace(**run_path(str(Path(__file__).with_name("reference.py"))))
GOLDEN = Path(__file__).with_name("golden") / "bionmda.npz"

SEED = dict(alpha1=2.0, beta1=0.01, alpha2=1.0, beta2=0.5)
#: Further kinetics: BrainPy's docstring, fast and nearly irreversible, slow, strongly saturating.
KINETICS = {
    "seed": SEED,
    "docstring": {**SEED, "alpha2": 0.2},
    "fast": dict(alpha1=5.0, beta1=0.05, alpha2=2.0, beta2=1.5),
    "slow": dict(alpha1=0.3, beta1=0.004, alpha2=0.5, beta2=0.08),
    "saturating": dict(alpha1=8.0, beta1=0.02, alpha2=4.0, beta2=0.2),
}
#: Steps with a spike: alone, overlapping (0.2 ms apart, twice), touching, and repeated within a burst.
TRAINS = [
    [10],
    [10, 12, 13, 300, 304, 309, 310],
    [0, 5, 10, 100, 102, 104, 106, 500],
    list(range(20, 700, 3)),
]


def bionmda(duration=0.5, **rates):
    """A model with rates in 1/ms (and 1/(mM ms))."""
    units = dict(alpha1=1 / ms, beta1=1 / ms, alpha2=1 / (mM * ms), beta2=1 / ms)
    receptor = BioNMDA(**{n: r * units[n] for n, r in rates.items()})
    return GlutamateSynapse(receptor, release=TransmitterPulse(duration=duration * ms))


def simulate(model, trains, dt, steps, variables=("x_NMDA", "g_NMDA"), start=0.0, **kwargs):
    """Samples of one synapse per train of spike steps; the clock starts at ``start`` seconds.

    The stepped plan, unless a tolerance is given.
    """
    defaultclock.dt = dt * ms
    first = round(start / (dt * 1e-3))
    spikes = sorted((first + k, i) for i, train in enumerate(trains) for k in train)
    width = max(len(t) for t in trains)
    table = np.full((len(trains), width), -1, dtype=np.int64)
    for i, train in enumerate(trains):
        table[i, : len(train)] = np.sort(train) + first
    # Spikes by the number of the step: a spike time would be rounded in single precision.
    source = NeuronGroup(
        len(trains),
        "following : integer\nnumber : integer",
        threshold="t_in_timesteps == following",
        reset="number += 1",
        dtype={"following": np.int64},
    )
    source.following = table[:, 0]
    target = NeuronGroup(1, "dv/dt = -I_syn/nF : volt" + model.post_equations(), method="euler")
    synapses = model.synapses(source, target, **{"tolerance": None, **kwargs})
    assert bool(synapses.plan.sent) == (kwargs.get("tolerance") is not None)
    synapses.connect()
    monitor = StateMonitor(synapses, list(variables), record=True)

    @b2.network_operation(when="end")
    def advance():
        number = np.minimum(source.number[:], width - 1)
        source.following = table[np.arange(len(trains)), number]

    network = b2.Network(source, target, synapses, monitor, advance)
    # A run goes on from network.t; restore() sets it in the same way.
    network.t_ = start
    network.run(steps * dt * ms, namespace={"nF": nF})
    assert source.number[:].sum() == len(spikes)
    return [np.array(getattr(monitor, n)) for n in variables]


# -- the ideal solution -------------------------------------------------------------------------------


def test_reference_against_printed_table():
    """The closed form of `reference` against the fact sheet's 12 digits, one spike at t = 0."""
    rows = np.array([
        [0.25, 0.208473814139, 0.0538176089482, 0.0117223949535, 0.0117223949535],
        [0.5, 0.351755631506, 0.179046343544, 0.0435874010332, 0.0435874010332],
        [1, 0.273947561267, 0.39730063555, 0.147759140769, 0.112001366679],
        [2, 0.166157595062, 0.604058662773, 0.318179214347, 0.197723174114],
        [5, 0.037074770796, 0.746141682579, 0.468686230259, 0.283904871284],
        [10, 0.00304328250977, 0.742446708686, 0.481737811796, 0.292425397871],
        [20, 2.05054762541e-5, 0.674809008035, 0.438974817657, 0.266503226831],
        [50, 6.27267276912e-12, 0.499931807537, 0.325219092424, 0.197441434481],
        [100, 8.7e-23, 0.303223969045, 0.197255350685, 0.119754283513],
        [200, 1.7e-44, 0.111549864282, 0.072566188178, 0.0440551388968],
        [500, 1e-109, 0.00555374071943, 0.00361285777201, 0.00219337621221],
    ])  # fmt: skip
    t, old = rows[:, 0], {**SEED, "alpha2": 0.2}
    x, g = ref.bionmda(t, [(0, 0.5)], **SEED)
    last = 7  # further down x is printed with two digits
    assert np.all(np.abs(x - rows[:, 1])[: last + 1] <= 6e-13)
    assert np.all(np.abs(g - rows[:, 2]) <= 6e-13)
    assert np.all(np.abs(ref.bionmda(t, [(0, 1.0)], **old)[1] - rows[:, 3]) <= 6e-13)
    assert np.all(np.abs(ref.bionmda(t, [(0, 0.5)], **old)[1] - rows[:, 4]) <= 6e-13)


@pytest.mark.parametrize("tolerance", [None, 1e-6], ids=["stepped", "sent"])
def test_x_is_exact(tolerance):
    """x of bursts with overlapping pulses against its closed form, every sample: 1e-12."""
    dt, steps = 0.1, 1000
    (x,) = simulate(bionmda(), TRAINS, dt, steps, ["x_NMDA"], tolerance=tolerance)
    times = np.arange(steps) * dt
    for got, train in zip(x, TRAINS, strict=True):
        exact = ref.bionmda_x(times, ref.pulse_windows(train, 5, dt))
        error = np.max(np.abs(got - exact))
        assert error <= 1e-12, f"x is off by {error:.2e} for spikes in steps {train}"


@pytest.mark.parametrize("kinetics", KINETICS)
def test_g_is_within_its_bound(kinetics):
    """g of all trains against the closed form: within the bound that the plan states.

    1e-8 in addition at the seed parameters. The bound itself, a worst case over all trains, may not be
    more than 1000 times what occurs in these.
    """
    dt, steps = 0.1, 1000
    rates = KINETICS[kinetics]
    model = bionmda(**rates)
    _, g = simulate(model, TRAINS, dt, steps)
    times = np.arange(steps) * dt
    errors = [
        np.max(np.abs(got - ref.bionmda(times, ref.pulse_windows(train, 5, dt), **rates)[1]))
        for got, train in zip(g, TRAINS, strict=True)
    ]
    bound = integrating_factor_bound(model.plan, "g_NMDA", dt * 1e-3)
    report = f"{kinetics}: errors {errors}, bound {bound:.3e}"
    print(report)
    assert max(errors) <= bound, report
    assert bound <= 1000 * max(errors), report
    if kinetics == "seed":
        assert max(errors) <= 1e-8, report


@pytest.mark.parametrize(("dt", "start"), [(0.1, 0.0), (0.025, 3600.0)], ids=["at 0", "after an hour"])
@pytest.mark.parametrize("kinetics", [k for k in KINETICS if k != "saturating"])
def test_sent_g_is_within_its_bound(kinetics, dt, start):
    """Amplitudes that are sent at spikes, summed, against the closed form: within the bound of the plan.

    A pulse of 5 steps (0.1 ms) is interpolated at the steps, one of 20 steps at Chebyshev's points. Kinetics
    that saturate far faster than they unbind cannot be sent (`test_events`).
    """
    rates, n, steps = KINETICS[kinetics], round(0.5 / dt), 1000
    model = bionmda(**rates)
    b2.defaultclock.dt = dt * ms
    form = make_plan(model.system, Declarations(tolerance=1e-6), dt * 1e-3).sent["NMDA"]
    _, g = simulate(model, TRAINS, dt, steps, start=start, tolerance=1e-6)
    times = np.arange(steps) * dt
    for got, train in zip(g, TRAINS, strict=True):
        exact = ref.bionmda(times, ref.pulse_windows(train, n, dt), **rates)[1]
        # the bound is taken on a grid: leave a tenth for what lies between its points; 1e-11 is rounding
        assert np.max(np.abs(got - exact)) <= 1.1 * form.bound + 1e-11, (kinetics, train)
    assert form.bound <= 1e-6


def test_printed_table_in_a_simulation():
    """The fact sheet's table from a simulation at 0.05 ms, to 1e-9.

    Its t = 0 is the start of the pulse, sample k + 1 for a spike in step k.
    """
    dt, k = 0.05, 3
    columns = {
        "default": (bionmda(), [0.0538176089482, 0.179046343544, 0.39730063555, 0.604058662773,
                                0.746141682579, 0.742446708686, 0.674809008035, 0.499931807537,
                                0.303223969045]),
        "docstring": (bionmda(1.0, alpha2=0.2), [0.0117223949535, 0.0435874010332, 0.147759140769,
                                                 0.318179214347, 0.468686230259, 0.481737811796,
                                                 0.438974817657, 0.325219092424, 0.197255350685]),
        "book": (bionmda(alpha2=0.2), [0.0117223949535, 0.0435874010332, 0.112001366679,
                                       0.197723174114, 0.283904871284, 0.292425397871,
                                       0.266503226831, 0.197441434481, 0.119754283513]),
    }  # fmt: skip
    at = np.array([0.25, 0.5, 1, 2, 5, 10, 20, 50, 100])
    samples = k + 1 + np.round(at / dt).astype(int)
    for name, (model, printed) in columns.items():
        (g,) = simulate(model, [[k]], dt, samples[-1] + 1, ["g_NMDA"])
        error = np.max(np.abs(g[0, samples] - printed))
        assert error <= 1e-9, f"{name}: {error:.2e}"


# -- BrainPy -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("train", ["single", "burst5_100Hz", "overlap_0p2ms"])
@pytest.mark.parametrize("method", ["brainpy_state", "brainpy_dyn"])
def test_brainpy_update_orders(method, train):
    """Every sample against what BrainPy 2.8.2 computed (dt 0.1 ms), to 1e-12.

    BrainPy's sample i is sample i + 2 here; see `reference`.
    """
    golden = np.load(GOLDEN)
    spikes = np.round(golden[f"{train}|spikes_ms"] / 0.1).astype(int)
    expected_x, expected_g = golden[f"{train}|x"], golden[f"{train}|{method}|g"]
    n = len(expected_x)
    x, g = simulate(bionmda(), [spikes], 0.1, n + 2, method=method)
    assert not np.any(x[0, :2]) and not np.any(g[0, :2])
    assert np.max(np.abs(x[0, 2:] - expected_x)) <= 1e-12
    assert np.max(np.abs(g[0, 2:] - expected_g)) <= 1e-12
    other = {"brainpy_state": "brainpy_dyn", "brainpy_dyn": "brainpy_state"}[method]
    assert np.max(np.abs(g[0, 2:] - golden[f"{train}|{other}|g"])) > 1e-2


@pytest.mark.parametrize("train", ["single", "burst5_100Hz", "overlap_0p2ms"])
def test_default_is_the_ideal_solution_of_the_same_train(train):
    """The default integrator against SciPy's solution (1e-12) that lies beside BrainPy's traces.

    That solution acts at the spike's own time and its sample i is t_{i+1}: sample i + 2 here, too.
    """
    golden = np.load(GOLDEN)
    spikes = np.round(golden[f"{train}|spikes_ms"] / 0.1).astype(int)
    x, g = simulate(bionmda(), [spikes], 0.1, len(golden[f"{train}|ideal|g"]) + 2)
    assert np.max(np.abs(x[0, 2:] - golden[f"{train}|ideal|x"])) <= 1e-12
    assert np.max(np.abs(g[0, 2:] - golden[f"{train}|ideal|g"])) <= 1e-8


# -- the length of the pulse -----------------------------------------------------------------------------


def counter(duration):
    """A receptor that only counts: its state grows by dt/ms in each step with transmitter."""
    receptor = Receptor.from_string(
        "C", "dr/dt = a*T : 1", "r", block=NoBlock(), a=1 / (mM * ms), gmax=0 * nS
    )
    return GlutamateSynapse(receptor, release=TransmitterPulse(duration=duration * ms))


@pytest.mark.parametrize("optimize", [True, False], ids=["optimised", "naive"])
@pytest.mark.parametrize("start", [0.0, 3600.0], ids=["at 0", "after an hour"])
@pytest.mark.parametrize("precision", [np.float64, np.float32])
@pytest.mark.parametrize("dt", [0.1, 0.05, 0.025, 0.01])
def test_pulse_lasts_exactly_its_duration(dt, precision, start, optimize):
    """Steps with transmitter, counted, for a spike in each of many steps: T_dur/dt, at k+1 ... k+n.

    Also in single precision after an hour of model time, where a float32 time is off by 0.2 ms. The
    clock is set to the hour, not run there.
    """
    b2.prefs.core.default_float_dtype = precision
    n = round(0.5 / dt)
    spikes = list(range(0, 60))
    (r,) = simulate(
        counter(0.5), [[k] for k in spikes], dt, spikes[-1] + n + 8, ["r_C"], start=start,
        optimize=optimize,
    )  # fmt: skip
    on = np.round(np.diff(r, axis=1) / dt).astype(int)  # column i: transmitter in step i
    expected = np.zeros_like(on)
    for row, k in enumerate(spikes):
        expected[row, k + 1 : k + 1 + n] = 1
    assert np.array_equal(on, expected)


@pytest.mark.parametrize("duration", [0.3, 0.7, 1.0, 1.1])
def test_pulses_of_other_durations(duration):
    """Durations that are no exact binary fractions, and pulses that prolong each other."""
    dt, n = 0.1, round(duration / 0.1)
    trains = [[3], [3, 4], [3, 3 + n - 1], [3, 3 + n], [3, 3 + n + 1], [3, 5, 6, 20, 21]]
    (r,) = simulate(counter(duration), trains, dt, 60, ["r_C"])
    on = np.round(np.diff(r, axis=1) / dt).astype(int)
    for row, train in zip(on, trains, strict=True):
        windows = ref.pulse_windows(train, n, 1)
        expected = [int(any(a <= i < b for a, b in windows)) for i in range(len(row))]
        assert list(row) == expected, f"spikes in steps {train}"


def test_late_clock_is_what_it_says():
    """The shortcut of this file: a run that starts after an hour is sampled after an hour."""
    defaultclock.dt = 0.1 * ms
    group = NeuronGroup(1, "a : 1")
    monitor = StateMonitor(group, "a", record=0)
    network = b2.Network(group, monitor)
    network.t_ = 3600.0
    network.run(1 * ms)
    assert abs(monitor.t[0] / second - 3600) < 1e-9
    assert int(defaultclock.timestep[:]) == 36_000_010
