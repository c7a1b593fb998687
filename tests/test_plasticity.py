"""The plasticity rules of `brian2_nmda.equations` against independent solutions.

References are `library_reference` and closed forms written out here, never our own equations. In a step of
Brian2 the states advance first and spikes act afterwards: a spike at time ``t`` acts at ``t + dt`` as
recorded at the start of the next step. Presynaptic and postsynaptic spikes are shifted alike, so the tests
run for one step longer, or send the spikes one step earlier.
"""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
    mV,
    nS,
    prefs,
    second,
    seed,
    umolar,
)
from numpy.testing import assert_allclose, assert_array_equal

from brian2_nmda import BackPropagatingSpike, GlutamateSynapse, ModelError, TwoExponentialAMPA
from brian2_nmda.equations import (
    BCM,
    ClopathSTDP,
    GraupnerBrunel,
    NearestTripletSTDP,
    ShouvalCalcium,
    ShouvalNMDA,
    ShouvalPlasticity,
    SlidingConductance,
    SynapticScaling,
    TripletSTDP,
    YeungCalcium,
    YeungNMDA,
    YeungPlasticity,
)

lib = SimpleNamespace(**run_path(str(Path(__file__).with_name("library_reference.py"))))


def AMPA(**changes):
    """A receptor to carry the weight that allows steps of 1 ms."""
    return TwoExponentialAMPA(tau_rise=2 * ms, tau_decay=5 * ms, **changes)


def model_of(*rules, **others):
    return GlutamateSynapse(AMPA(), plasticity=list(rules), **others)


def spikes_at(trains, end=None):
    """Indices and times of a `SpikeGeneratorGroup`, for one train (ms) per neuron."""
    i = np.concatenate([np.full(len(t), k) for k, t in enumerate(trains)]).astype(int)
    return SpikeGeneratorGroup(len(trains), i, np.concatenate([np.asarray(t, float) for t in trains]) * ms)


def neurons(model, trains, v="-65*mV", extra="", post_v="v", method="euler", **namespace):
    """One neuron per train (ms) that spikes at these times and has the voltage ``v`` at all times."""
    dt = float(defaultclock.dt / ms)
    steps = np.zeros((round(max([0, *(t for train in trains for t in train)]) / dt) + 2, len(trains)))
    for k, train in enumerate(trains):
        steps[np.round(np.asarray(train, float) / dt).astype(int), k] = 1
    names = {"told_to_spike": TimedArray(steps, dt=defaultclock.dt), **namespace}
    return NeuronGroup(
        len(trains),
        f"v = {v} : volt\nunused = -I_syn : amp\n{extra}" + model.post_equations(v=post_v),
        threshold="told_to_spike(t, i) > 0.5",
        reset="",
        method=method,
        namespace=names,
    )


def one_to_one(model, pre, post, v="-65*mV", receiver=None, **options):
    """Network, synapses and target: presynaptic train ``k`` meets postsynaptic train ``k``."""
    source = spikes_at(pre)
    target = neurons(model, post, v) if receiver is None else receiver
    synapses = model.synapses(source, target, **options)
    synapses.connect(j="i")
    return Network(source, target, synapses), synapses, target


def random_trains(n, rate, duration, random, grid=0.1, offset=0.0):
    """``n`` irregular trains (ms) on a grid, at most one spike per grid point."""
    points = np.arange(grid, duration, grid)
    return [
        np.sort(random.choice(points, round(rate * duration / 1000), replace=False)) + offset
        for _ in range(n)
    ]


# -- Graupner & Brunel 2012 ------------------------------------------------------------------------


def exact_efficacy(pre, post, end, p, rho, D):
    """Calcium and rho at ``end`` (ms), and what the step may miss, without double well and noise.

    Piecewise exact: between jumps calcium decays, so it falls through each threshold once, at a known time;
    in each piece rho obeys a linear equation. The second value is the sum over downward crossings of the
    speed that switches off there.
    """
    jumps = sorted([(t + D, p["C_pre"]) for t in pre] + [(t, p["C_post"]) for t in post])
    jumps = [j for j in jumps if j[0] < end]
    tau, c, now, missed = p["tau"] * 1000, 0.0, 0.0, 0.0
    for t, size in [*jumps, (end, 0.0)]:
        falls = [(now + p["tau_Ca"] * np.log(c / p[f"theta_{x}"]), x) for x in "pd" if c > p[f"theta_{x}"]]
        above = {x for _, x in falls}
        falls = sorted(f for f in falls if f[0] < t)
        for stop, x in [*falls, (t, "")]:
            up = p["gamma_p"] / tau * ("p" in above)
            down = p["gamma_d"] / tau * ("d" in above)
            if up + down:
                rest = up / (up + down)
                rho = rest + (rho - rest) * np.exp(-(up + down) * (stop - now))
            if x:
                missed += (1 - rho) * up if x == "p" else rho * down
            c *= np.exp(-(stop - now) / p["tau_Ca"])
            now, above = stop, above - {x}
        c += size
    return c, rho, missed


@pytest.mark.parametrize("preset", ["DP", "hippocampal slices"])
def test_gb_is_deterministic_without_noise(preset):
    """Irregular trains against the piecewise exact solution; what is left is the step of the crossings.

    Calcium is exact at the grid. The stages of a step see it at 0, 1/2 and 1 with weights 1/6, 4/6, 1/6, so a
    downward crossing is placed up to dt/3 off: rho is off by at most dt/3 times the sum of the speeds that
    switch off (the equation contracts), and by terms of (gamma dt/tau)^2 per crossing, below 3e-6 here.
    """
    p = lib.GB_SETS[preset]
    random = np.random.default_rng(5)
    n, end = 60, 300.0
    pre, post = (random_trains(n, 40, end - 60, random, grid=0.4) for _ in range(2))
    start = random.random(n)
    D = round(p["D"] / 0.4) * 0.4  # on the grid of the coarsest step
    errors = {}
    for dt in (0.4, 0.2, 0.1):
        defaultclock.dt = dt * ms
        network, S, _ = one_to_one(
            model_of(GraupnerBrunel.preset(preset, well=0, sigma=0, D=D * ms)), pre, post
        )
        S.rho_AMPA = start
        network.run((end + dt) * ms)
        exact = [exact_efficacy(*trains, end, p, r, D) for *trains, r in zip(pre, post, start, strict=True)]
        c, rho, missed = np.array(exact).T
        assert_allclose(np.array(S.c_AMPA), c, rtol=1e-11, atol=1e-14)
        error = np.abs(np.array(S.rho_AMPA) - rho)
        assert np.all(error < dt / 3 * missed + 3e-6)
        errors[dt] = error.mean()
        assert np.abs(rho - start).max() > 0.2  # something happened
    # half the step, half the error, on the average over crossings
    assert errors[0.1] < 0.4 * errors[0.4]


def grid_weights(delta, dt, p, period=1000.0, first=200.0):
    """What the stages of each step see of the two thresholds, in a period of one pair: 0 to 1 per step."""
    n = round(period / dt)
    t = dt * np.arange(n)
    c = np.zeros(n)
    for at, size in ((first + p["D"], p["C_pre"]), (first + delta, p["C_post"])):
        since = t - dt * round(at / dt)
        c += np.where(since > -dt / 2, size * np.exp(-np.maximum(since, 0) / p["tau_Ca"]), 0.0)
    stages = [c * np.exp(-h * dt / p["tau_Ca"]) for h in (0, 0.5, 1)]
    return [sum(w * (s > p[x]) for w, s in zip((1 / 6, 4 / 6, 1 / 6), stages, strict=True))
            for x in ("theta_d", "theta_p")]  # fmt: skip


def moments(delta, dt, pairs, p, rho):
    """Exact mean and variance of rho after all steps of a train of pairs; no double well."""
    k = dt / (p["tau"] * 1000)
    factor, offset, spread = 1.0, 0.0, 0.0
    for d, q in zip(*grid_weights(delta, dt, p), strict=True):
        if d:
            up, down = p["gamma_p"] * q * k, p["gamma_d"] * d * k
            e = np.exp(-up - down)
            shift = up / (up + down) * (1 - e)
            factor, offset, spread = (
                factor * e,
                offset * e + shift,
                spread * e**2 + p["sigma"] ** 2 * (d + q) * k,
            )
    mean, variance = rho, 0.0
    for _ in range(pairs):
        mean, variance = factor * mean + offset, factor**2 * variance + spread
    return mean, variance


def test_gb_fractions_of_time_above_threshold():
    """In steps of dt, the time above each threshold of a pair is that of 6.4 within dt/3 per crossing."""
    p = lib.GB_SETS["DP"]
    deltas = np.arange(-100, 101, 5.0)
    n = len(deltas)
    dt = 0.1
    pre, post = [[110.0]] * n, [[110.0 + d] for d in deltas]
    found = {}
    for name, rates in {
        "theta_d": {"gamma_p": 0.0, "gamma_d": 1.0},
        "theta_p": {"gamma_p": 1.0, "gamma_d": 0.0},
    }.items():
        # rho decays (or grows) only while calcium is above the threshold, with the time constant tau
        rule = GraupnerBrunel.preset("DP", well=0, sigma=0, **rates)
        network, S, _ = one_to_one(model_of(rule), pre, post)
        S.rho_AMPA = 1 - (name == "theta_p")
        network.run(300 * ms)
        rho = np.array(S.rho_AMPA)
        kept = rho if name == "theta_d" else 1 - rho
        found[name] = -np.log(kept) * p["tau"] * 1000
    expected = 1000 * np.array([lib.fractions_above(1000, [0], [d], **p) for d in deltas])
    for time, exact in zip(found.values(), expected.T, strict=True):
        # one or two separate excursions; carry-over from the period before is exp(-50) in the reference
        assert np.abs(time - exact).max() < 2 * dt / 3
        assert np.ptp(exact) > 2


def delayed_calcium(**options):
    defaultclock.dt = 0.1 * ms
    model = model_of(GraupnerBrunel(sigma=0))
    network, S, _ = one_to_one(model, [[5.0]] * 4, [[]] * 4, **options)
    monitor = StateMonitor(S, "c_AMPA", record=True)
    network.add(monitor)
    return network, S, monitor


def first_step(monitor):
    """The step in which the jump of calcium happened (it is recorded at the start of the next)."""
    return np.argmax(monitor.c_AMPA > 0, axis=1) - 1


@pytest.mark.parametrize("optimize", [True, False])
def test_gb_late_calcium_is_exactly_d_later(optimize):
    network, _, monitor = delayed_calcium(delay=1.3 * ms, optimize=optimize)
    network.run(30 * ms)
    assert_array_equal(first_step(monitor), 50 + 13 + 137)
    assert_allclose(monitor.c_AMPA[0, 50 + 150 + 1], 1.0, rtol=1e-15)
    assert_allclose(monitor.c_AMPA[0, 50 + 150 + 81], np.exp(-8 / 20), rtol=1e-12)


def test_gb_late_calcium_follows_a_new_delay():
    network, S, monitor = delayed_calcium(delay=1.3 * ms)
    S.delay = 2.6 * ms
    network.run(30 * ms)
    assert_array_equal(first_step(monitor), 50 + 26 + 137)


def test_gb_late_calcium_with_a_delay_per_synapse():
    network, S, monitor = delayed_calcium(delay="per_synapse")
    S.delay = [0, 0.3, 1.7, 4.2] * ms
    network.run(30 * ms)
    assert_array_equal(first_step(monitor), 50 + 137 + np.array([0, 3, 17, 42]))
    S.delay = "i*0.5*ms"
    assert_allclose(S.late_c_AMPA.delay / ms, 13.7 + 0.5 * np.arange(4), atol=1e-12)


def test_gb_without_calcium_above_threshold_nothing_happens():
    """Not even noise: it comes with the thresholds. 0, 1/2 and 1 are the fixed points of the wells."""
    rule = GraupnerBrunel(Cpre=0.2, Cpost=0.2)
    train = np.arange(10, 400, 20.0)
    network, S, _ = one_to_one(model_of(rule), [train] * 3, [train + 3] * 3)
    S.rho_AMPA = [0, 0.5, 1]
    network.run(450 * ms)
    assert 0.01 < S.c_AMPA[0] < 1
    assert_array_equal(S.rho_AMPA, [0, 0.5, 1])


def test_gb_double_well_without_spikes():
    """rho' = -rho (1 - rho)(1/2 - rho)/tau: with u = (1 - 2 rho)^2, u/(1 - u) grows by exp(t/2 tau)."""
    network, S, _ = one_to_one(model_of(GraupnerBrunel(tau=0.1 * second)), [[]] * 5, [[]] * 5)
    start = np.array([0.01, 0.2, 0.49, 0.51, 0.9])
    S.rho_AMPA = start
    network.run(300 * ms)
    u = (1 - 2 * start) ** 2
    odds = u / (1 - u) * np.exp(3 / 2)
    expected = 0.5 + 0.5 * np.sign(start - 0.5) * np.sqrt(odds / (1 + odds))
    assert_allclose(np.array(S.rho_AMPA), expected, rtol=0, atol=1e-12)  # rk4, steps of tau/1000


@pytest.mark.parametrize("sigma", [0.0, 1e-4])
def test_gb_without_noise_all_synapses_agree(sigma):
    """sigma -> 0: the probability to change sides is a step function of the parameters."""
    p = lib.GB_SETS["DP"] | {"sigma": sigma}
    deltas, copies, pairs = [-20.0, 10.0], 20, 8
    # stronger and faster than the published rule, so that a few pairs are enough
    p |= {"gamma_d": p["gamma_d"] * 10, "gamma_p": p["gamma_p"] * 10}
    seed(3)
    defaultclock.dt = 0.5 * ms
    pre, post = [], []
    for d in deltas:
        pre += [150 + 250.0 * np.arange(pairs)] * copies
        post += [150 + d + 250.0 * np.arange(pairs)] * copies
    rule = GraupnerBrunel(well=0, sigma=sigma, gamma_d=p["gamma_d"], gamma_p=p["gamma_p"])
    network, S, _ = one_to_one(model_of(rule), pre, post)
    S.rho_AMPA = "i % 2"
    network.run(250 * pairs * ms)
    rho = np.array(S.rho_AMPA).reshape(len(deltas), copies // 2, 2)
    for k, d in enumerate(deltas):
        alphas = lib.fractions_above(250, [0], [d], **p)
        _, _, U, down, _ = lib.updown(*alphas, 0.25 * pairs, **p)
        assert U in (0, 1) and down in (0, 1)
        assert_array_equal(rho[k, :, 0] > 0.5, bool(U))
        assert_array_equal(rho[k, :, 1] < 0.5, bool(down))
    spread = np.ptp(rho, axis=1)
    assert np.all((spread > 0) == (sigma > 0)) and spread.max() <= 6 * sigma
    assert rho[0].max() < 0.5 < rho[1].min()  # -20 ms depresses, 10 ms potentiates


def _noisy_rho(seed_, **options):
    seed(seed_)
    defaultclock.dt = 0.5 * ms
    train = np.arange(20, 300, 15.0)
    network, S, _ = one_to_one(
        model_of(GraupnerBrunel(**options.pop("rule", {}))), [train] * 10, [train + 4] * 10, **options
    )
    S.rho_AMPA = 0.5
    network.run(320 * ms)
    return np.array(S.rho_AMPA)


def test_gb_is_reproducible():
    first = _noisy_rho(11)
    assert_array_equal(_noisy_rho(11), first)
    assert np.all(_noisy_rho(12) != first)
    assert len(np.unique(first)) == 10  # every synapse has its own noise


def test_gb_optimised_is_naive_without_noise():
    results = [_noisy_rho(1, rule={"sigma": 0}, optimize=o, delay=1.5 * ms) for o in (True, False)]
    assert_allclose(*results, rtol=1e-12)
    assert np.all(np.abs(results[0] - 0.5) > 0.01)


def test_gb_noise_has_the_amplitude_of_the_correction():
    """Variance sigma^2/tau times the time above each threshold, and none below."""
    seed(4)
    defaultclock.dt = 0.5 * ms
    n = 4000
    variances = []
    for c in (0.5, 1.2, 2.0):  # below both thresholds, between them, above both
        rule = GraupnerBrunel(gamma_d=0, gamma_p=0, well=0, tau_Ca=1e9 * second)
        model = model_of(rule)
        source, target = spikes_at([[]]), neurons(model, [[]] * n)
        S = model.synapses(source, target)
        S.connect()
        S.c_AMPA, S.rho_AMPA = c, 0.3
        Network(source, target, S).run(25 * ms)
        rho = np.array(S.rho_AMPA)
        assert abs(rho.mean() - 0.3) < 4 * rho.std() / np.sqrt(n) + 1e-15
        variances.append(rho.var())
    expected = 2.8284**2 / 150 * 0.025 * np.array([0, 1, 2])
    # a sample variance has a relative standard error of sqrt(2/n)
    assert_allclose(variances, expected, rtol=4 * np.sqrt(2 / n), atol=1e-30)


def test_gb_conductance_runs_from_1_to_b():
    model = GlutamateSynapse(AMPA(gmax=1 * nS), plasticity=GraupnerBrunel(b=4.0))
    network, S, G = one_to_one(model, [[0.0]] * 5, [[]] * 5)
    S.rho_AMPA = [-0.3, 0, 0.25, 1, 1.7]  # noise may carry it out of [0, 1]
    S.g_AMPA = 0.5
    network.run(defaultclock.dt)
    assert_allclose(G.g_total_AMPA / nS, 0.5 * np.array([1, 1, 1.75, 4, 4]), rtol=1e-12)


def test_gb_presets_are_the_published_sets():
    units = {"tau_Ca": ms, "tau": second, "D": ms}
    ours = {"C_pre": "Cpre", "C_post": "Cpost"}
    for preset, values in lib.GB_SETS.items():
        rule = GraupnerBrunel.preset(preset)
        for name, value in values.items():
            if name != "beta":
                found = float(getattr(rule, ours.get(name, name)) / units.get(name, 1))
                assert abs(found - value) <= 1e-12 * abs(value), (preset, name)
    assert set(GraupnerBrunel.presets) - set(lib.GB_SETS) == {"cortical slices, linear, 2016"}


#: Printed changes: 60 pairs at 1 Hz, by the analytic approximation.
GB_PRINTED = {
    ("DP", -50): 0.9052, ("DP", -20): 0.7643, ("DP", 0): 1.0079, ("DP", 5): 1.2405, ("DP", 10): 1.2214,
    ("DP", 50): 1.0552, ("D", 0): 0.6371, ("D", 5): 0.9942,
}  # fmt: skip


def paced(n, delta, dt, model=None):
    """Neurons that spike once per second, 200 ms + ``delta`` after its start."""
    equations = "v = -65*mV : volt\nphase : integer (constant)\n"
    if model is not None:
        equations = equations + "unused = -I_syn : amp\n" + model.post_equations()
    group = NeuronGroup(
        n,
        equations,
        threshold="timestep(t, dt) % per_second == phase",
        reset="",
        namespace={"per_second": round(1000 / dt)},
    )
    group.phase = np.round((200 + np.asarray(delta, float)) / dt).astype(int)
    return group


@pytest.mark.slow
def test_gb_statistics(on_target):
    """60 pairs at 1 Hz: mean, variance, UP and DOWN for 41 time differences; printed curves with the wells.

    Steps of 0.5 ms. The expectation for the steps is exact (`moments`), so 4 standard errors are the whole
    tolerance; `updown` averages over a period: .01 from it, and .02 with these steps. The printed curves are
    for D = 13.7 ms; 13.5 ms, which the step needs, moves them by up to .01. The tolerance of .06 is that of
    the published comparison; 800 synapses have a standard error of .024 (DP), so it is 2.5 of them.
    """
    on_target("cpp_standalone")
    prefs["codegen.cpp.extra_compile_args_gcc"] = [
        *(f for f in prefs["codegen.cpp.extra_compile_args_gcc"] if not f.startswith("-O")), "-O3"
    ]  # fmt: skip
    seed(20)
    dt, pairs, trials = 0.5, 60, 120
    defaultclock.dt = dt * ms
    half = 13.5
    deltas = np.arange(-100, 101, 5)
    network = Network()

    def simulate(rule, deltas, trials):
        model = model_of(rule)
        source, target = paced(trials, np.zeros(trials), dt), paced(len(deltas), deltas, dt, model)
        S = model.synapses(source, target)
        S.connect()
        S.rho_AMPA = "i % 2"
        network.add(source, target, S)
        return S

    linear = simulate(GraupnerBrunel(well=0, D=half * ms), deltas, trials)
    bistable = {}
    for preset in dict.fromkeys(k for k, _ in GB_PRINTED):
        own = {"D": half * ms} if preset == "DP" else {}
        chosen = [d for k, d in GB_PRINTED if k == preset]
        bistable[preset] = simulate(GraupnerBrunel.preset(preset, **own), chosen, 800)
    network.run(pairs * second)

    p = lib.GB_SETS["DP"] | {"D": half}
    rho = np.array(linear.rho_AMPA).reshape(trials // 2, 2, len(deltas))
    worst = {"mean": 0.0, "variance": 0.0, "UP": 0.0, "DOWN": 0.0}
    for k, d in enumerate(deltas):
        alphas = lib.fractions_above(1000, [0], [d], **p)
        _, _, U, down, _ = lib.updown(*alphas, pairs, **p)
        for start, name, approximate in ((0, "UP", U), (1, "DOWN", down)):
            values = rho[:, start, k]
            mean, variance = moments(float(d), dt, pairs, p, float(start))
            n = len(values)
            worst["mean"] = max(worst["mean"], abs(values.mean() - mean) / np.sqrt(variance / n))
            ratio = values.var(ddof=1) / variance
            worst["variance"] = max(worst["variance"], abs(ratio - 1) / np.sqrt(2 / (n - 1)))
            above = lib._mass_above(mean, 0.5, np.sqrt(2 * variance))
            chance = above if start == 0 else 1 - above
            assert abs(chance - approximate) < 0.025
            share = np.mean(values > 0.5) if start == 0 else np.mean(values < 0.5)
            error = np.sqrt(approximate * (1 - approximate) / n)
            worst[name] = max(worst[name], (abs(share - approximate) - abs(chance - approximate)) / error)
    print("in standard errors:", worst)
    assert max(worst.values()) < 4
    for preset, S in bistable.items():
        chosen = [d for k, d in GB_PRINTED if k == preset]
        up = np.array(S.rho_AMPA).reshape(400, 2, len(chosen)) > 0.5
        strength = 1 + 4 * up.mean(axis=(0, 1))
        for d, found in zip(chosen, strength / 3, strict=True):
            print(preset, d, found, GB_PRINTED[preset, d])
            assert abs(found - GB_PRINTED[preset, d]) < 0.06, (preset, d)


# -- Shouval, Bear & Cooper 2002 -------------------------------------------------------------------


def shouval_model(**changes):
    return GlutamateSynapse(
        [AMPA(), ShouvalNMDA(**changes)], calcium=ShouvalCalcium(), plasticity=ShouvalPlasticity()
    )


def test_shouval_pools_after_a_train():
    """Between spikes both pools decay; a spike opens half of what is closed: recursion in closed form."""
    train = np.array([1.0, 11, 14, 40, 41, 100, 160])
    network, S, _ = one_to_one(shouval_model(), [train], [[]])
    network.run(200 * ms)
    fast = slow = last = 0.0
    for t in train:
        fast, slow = fast * np.exp(-(t - last) / 50), slow * np.exp(-(t - last) / 200)
        opened = 0.5 * (1 - fast - slow)
        fast, slow, last = fast + opened / 2, slow + opened / 2, t
    age = 200 - last - 0.1
    assert_allclose(S.N_f_NMDA[0], fast * np.exp(-age / 50), rtol=1e-12)
    assert_allclose(S.N_s_NMDA[0], slow * np.exp(-age / 200), rtol=1e-12)


def test_shouval_learning_rate_and_target():
    levels = np.array([0, 0.05, 0.2, 0.3, 0.35, 0.4, 0.5, 0.55, 0.6, 1, 5])
    network, S, _ = one_to_one(shouval_model(), [[]] * len(levels), [[]] * len(levels))
    S.Ca = levels * umolar
    eta, omega = np.array(S.eta_AMPA / (1 / ms)), np.array(S.Omega_AMPA)
    assert_allclose(eta, lib.shouval_eta(levels), rtol=1e-12)
    assert_allclose(omega, lib.shouval_omega(levels), rtol=1e-12)
    assert_allclose(1 / eta[0] / 1e3, 1e4 + 1, rtol=1e-12)  # 2.8 h without calcium; P_4 adds 1 s
    assert abs(omega[0] - 0.25) < 1e-12
    network.run(defaultclock.dt)
    step = 1 - np.exp(-eta * 0.1)  # exact for the calcium at the start of the step
    assert_allclose(np.array(S.W_AMPA), 0.25 + (omega - 0.25) * step, rtol=1e-13)


CLAMPS = (-65.0, -60.0, -57.5, -55.0, -52.5, -50.0, -47.5, -45.0, -40.0, -30.0, -20.0, -10.0)


def clamped(dt, pulses, clamps=CLAMPS, clock_step=None, **changes):
    """W/W_0 and peak calcium (uM) after pulses at 1 Hz, one neuron per potential."""
    defaultclock.dt = dt * ms
    model = shouval_model(**changes)
    receiver = neurons(model, [[]] * len(clamps), v="held", extra="held : volt (constant)\n")
    receiver.held = np.array(clamps) * mV
    source = NeuronGroup(
        1,
        "on : 1",
        threshold="timestep(t, dt) % period == 0",
        reset="",
        namespace={"period": round(1000 / dt)},
    )
    S = model.synapses(source, receiver, model="peak : mM")
    S.connect()
    S.run_regularly("peak = clip(Ca, peak, inf*mM)", dt=clock_step)
    Network(source, receiver, S).run((1000 * pulses + dt) * ms)
    return np.array(S.W_AMPA) / 0.25, np.array(S.peak / umolar)


def test_shouval_voltage_clamp_of_four_pulses():
    """First order: influx, and calcium for the weight, are held over a step; its half halves the error.

    Held for half a step too long on average, receptors that close within 50 ms let in dt/(2*50 ms) too much.
    """
    pulses = 4
    exact = np.array([lib.shouval_clamp(v, dt=0.25, pulses=pulses) for v in CLAMPS])
    errors = {}
    for dt in (2.0, 1.0):
        weights, peaks = clamped(dt, pulses)
        assert_allclose(peaks, exact[:, 1], rtol=0.012 * dt, atol=0)
        errors[dt] = weights - exact[:, 0]
    assert np.abs(errors[1.0]).max() < 0.025
    # at -10 mV two contributions cancel at 2 ms
    assert np.all(np.abs(errors[1.0][:-1]) < 0.52 * np.abs(errors[2.0][:-1]))
    assert exact[3, 0] < 0.95 and exact[-1, 0] > 1.1


def test_shouval_without_nmda_receptors_nothing_changes():
    """As with D-AP5: the weight starts at its resting fixed point, Omega(0) = W_0 to 3e-13 (the sigmoids)."""
    defaultclock.dt = 0.5 * ms
    model = shouval_model(gmax=0 * nS)
    receiver = neurons(model, [[20.0, 40.0]], v="0*mV")
    network, S, _ = one_to_one(model, [[10.0, 30.0]], None, receiver=receiver)
    network.run(500 * ms)
    assert S.N_f_NMDA[0] > 1e-5
    assert_allclose(np.array(S.W_AMPA), 0.25, rtol=0, atol=1e-9)


#: The printed curves: forward Euler of 1 ms (clamp) and 0.1 ms (STDP), the weight with the old calcium.
SHOUVAL_CLAMP = {-65: 0.9988, -60: 0.7175, -57.5: 0.4481, -55: 0.3248, -52.5: 0.4295, -50: 1.6072,
                 -47.5: 2.1679, -45: 2.4716, -40: 2.8047, -30: 3.0909, -20: 3.2148, -10: 3.2753}  # fmt: skip
SHOUVAL_STDP = {-100: 0.9974, -40: 0.9799, -20: 0.7370, -5: 0.3664, 0: 2.0279, 5: 1.9865, 20: 1.7840,
                30: 1.5651, 40: 1.2347, 45: 1.0123, 50: 0.7723, 70: 0.4498, 100: 0.6402,
                150: 0.9922}  # fmt: skip


def stdp_pairs(deltas, dt, pulses, first=300.0):
    """W/W_0 after 1 Hz pairs: EPSP and delayed back-propagating spike make the voltage."""
    defaultclock.dt = dt * ms
    model, bap = shouval_model(), BackPropagatingSpike()
    n, period = len(deltas), round(1000 / dt)
    # EPSP of 1 mV, two exponentials, as the reference; the bAP arrives 2 ms after its spike
    target = NeuronGroup(
        n,
        "v = -65*mV + (e_1 - e_2)*mV/0.6968 : volt\nde_1/dt = -e_1/(50*ms) : 1\nde_2/dt = -e_2/(5*ms) : 1\n"
        "unused = -I_syn : amp\nphase : integer (constant)\n"
        + bap.neuron_equations() + model.post_equations(v="v_s"),
        threshold=f"t > 100*ms and timestep(t, dt) % {period} == phase",
        reset=bap.reset(),
        method="exact",
    )  # fmt: skip
    target.phase = np.round((first + np.asarray(deltas) + 2) / dt).astype(int)
    source = NeuronGroup(
        1, "on : 1", threshold=f"timestep(t, dt) % {period} == {round(first / dt)}", reset=""
    )
    S = model.synapses(source, target)
    S.connect()
    epsp = Synapses(source, target, on_pre="e_1_post += 1\ne_2_post += 1")
    epsp.connect()
    return Network(source, target, S, epsp), S, (1000 * pulses + dt) * ms


def test_shouval_stdp_of_two_pairs():
    """As the voltage clamp: first order in what is held, here the steep start of the spike (tau 3 ms)."""
    deltas, pulses = np.array([-60.0, -20.0, -4.0, 4.0, 20.0, 40.0, 72.0, 120.0]), 2
    exact = np.array([lib.shouval_stdp(d, pulses=pulses, dt=0.1)[0] for d in deltas])
    errors = {}
    for dt in (0.4, 0.2):
        network, S, duration = stdp_pairs(deltas, dt, pulses)
        network.run(duration)
        errors[dt] = np.array(S.W_AMPA) / 0.25 - exact
    assert np.abs(errors[0.2]).max() < 0.02
    assert np.all(np.abs(errors[0.2]) < 0.6 * np.abs(errors[0.4]) + 1e-5)
    assert exact.min() < 0.98 and exact.max() > 1.03


@pytest.mark.slow
def test_shouval_whole_curves(on_target):
    """100 pulses: converged values within first order of 0.1 ms, printed values explained by their steps."""
    on_target("cpp_standalone")
    network, S, duration = stdp_pairs(list(SHOUVAL_STDP), 0.1, 100)
    network.run(duration)
    found = np.array(S.W_AMPA) / 0.25
    exact = np.array([lib.shouval_stdp(d)[0] for d in SHOUVAL_STDP])
    euler = np.array([lib.shouval_stdp(d, method=lib.shouval_euler, order="old")[0] for d in SHOUVAL_STDP])
    printed = np.array(list(SHOUVAL_STDP.values()))
    print("STDP: ours - exact", np.abs(found - exact).max(), "printed - exact", np.abs(printed - exact).max())
    assert_allclose(euler, printed, rtol=0, atol=0.6e-4)
    assert np.abs(found - exact).max() < np.abs(printed - exact).max() < 0.04
    on_target("cpp_standalone")
    found, _ = clamped(0.1, 100, list(SHOUVAL_CLAMP))
    exact = np.array([lib.shouval_clamp(v, dt=0.25)[0] for v in SHOUVAL_CLAMP])
    euler = np.array([lib.shouval_clamp(v, method=lib.shouval_euler, order="old")[0] for v in SHOUVAL_CLAMP])
    printed = np.array(list(SHOUVAL_CLAMP.values()))
    print(
        "clamp: ours - exact", np.abs(found - exact).max(), "printed - exact", np.abs(printed - exact).max()
    )
    assert_allclose(euler, printed, rtol=0, atol=0.6e-4)
    # ten times smaller steps than those of the printed curve
    assert np.abs(found - exact).max() < 0.15 * np.abs(printed - exact).max() < 0.01


# -- Yeung, Shouval, Blais & Cooper 2004 -----------------------------------------------------------


def yeung_network(pre, post, dt):
    defaultclock.dt = dt * ms
    model = GlutamateSynapse(
        [AMPA(), YeungNMDA()], calcium=YeungCalcium(), plasticity=[YeungPlasticity(), SlidingConductance()]
    )
    bap = BackPropagatingSpike(height=42 * mV, tau_fast=3 * ms, tau_slow=35 * ms)
    told = np.zeros(round(max(post) / dt) + 2)
    told[np.round(np.asarray(post) / dt).astype(int)] = 1
    target = NeuronGroup(
        1,
        "v = -65*mV : volt\nunused = -I_syn : amp\n" + bap.neuron_equations() + model.post_equations(v="v_s"),
        threshold="told(t) > 0.5",
        reset=bap.reset(),
        method="rk4",
        namespace={"told": TimedArray(told, dt=defaultclock.dt)},
    )
    network, S, _ = one_to_one(model, [pre], None, receiver=target)
    S.Ca = 0.2 * umolar
    return network, S, target


def test_yeung_train_against_the_reference():
    """Conductance to the order of the target's method, calcium and weight to first order in what is held."""
    random = np.random.default_rng(8)
    pre, post = (np.sort(random.choice(np.arange(1, 390), 12, replace=False)).astype(float) for _ in range(2))
    errors = {}
    _, g, c, w = lib.yeung(pre, post, 400, dt=0.1)
    for dt in (0.2, 0.1):
        network, S, target = yeung_network(pre, post, dt)
        network.run((400 + dt) * ms)
        errors[dt] = np.array([S.Ca[0] / umolar / c[-1] - 1, (S.W_AMPA[0] - w[-1]) / (w[-1] - 0.5)])
        # everything is one step late here, so m has one step more to grow: 2e-7 in 0.1 ms
        assert abs(target.m_NMDA[0] * 1.5e-3 / g[-1] - 1) < 3e-7 * dt / 0.1
    assert c.max() > 0.5 and abs(w[-1] - 0.5) > 1e-4 and abs(g[-1] / 1.5e-3 - 1) > 1e-4
    # the weight feels the steps of calcium through sigmoids as steep as 1/60 uM
    assert np.all(np.abs(errors[0.1]) < [2.5e-3, 0.04])
    assert np.all(np.abs(errors[0.1]) < 0.6 * np.abs(errors[0.2]))


def test_yeung_sliding_conductance_settles():
    """At a constant depolarisation it relaxes as in the closed form; towards m_max without one."""
    defaultclock.dt = 1 * ms
    rule = SlidingConductance()
    model = GlutamateSynapse(YeungNMDA(), plasticity=rule)
    held = np.array([0, 5, 15, 42.0])
    receiver = neurons(model, [[]] * 4, v="held", extra="held : volt (constant)\n", method="rk4")
    receiver.held = (-65 + held) * mV
    network, _, _ = one_to_one(model, [[]] * 4, None, receiver=receiver)
    network.run(2000 * ms)
    expected = [lib.yeung_conductance(h**2, t=2000.0) / 1.5e-3 for h in held]
    assert_allclose(np.array(receiver.m_NMDA), expected, rtol=0, atol=1e-13)
    assert expected[0] > 1 > expected[-1]


# -- Pfister & Gerstner 2006 -----------------------------------------------------------------------

_FAST = {"tau_plus": 16.8, "tau_minus": 33.7}


def _set(A2p, A3p, A2m, A3m, tau_x, tau_y):
    return _FAST | {"A2p": A2p, "A3p": A3p, "A2m": A2m, "A3m": A3m, "tau_x": tau_x, "tau_y": tau_y}


#: Published tables, written out again.
TRIPLETS = {
    "visual cortex": _set(5e-10, 6.2e-3, 7e-3, 2.3e-4, 101.0, 125.0),
    "visual cortex, minimal": _set(0, 6.5e-3, 7.1e-3, 0, 101.0, 114.0),
    "hippocampal culture": _set(6.1e-3, 6.7e-3, 1.6e-3, 1.4e-3, 946.0, 27.0),
    "hippocampal culture, minimal": _set(5.3e-3, 8.0e-3, 3.5e-3, 0, 946.0, 40.0),
}
NEAREST = _set(4.6e-3, 9.1e-3, 3e-3, 7.5e-9, 575.0, 47.0)
RULES = {
    **{name: (TripletSTDP.preset(name), values, False) for name, values in TRIPLETS.items()},
    "nearest": (NearestTripletSTDP(), NEAREST, True),
}


def triplet_weights(rule, pre, post, **options):
    defaultclock.dt = 1 * ms
    end = max(t for train in [*pre, *post] for t in train)
    network, S, _ = one_to_one(model_of(rule), pre, post, **options)
    network.run((end + 5) * ms)
    return np.array(S.W_AMPA) - 1


@pytest.mark.parametrize("name", RULES)
def test_triplet_rule_on_random_trains(name):
    """Exact, as all traces decay exactly; even presynaptic and odd postsynaptic times, so no ties."""
    rule, values, nearest = RULES[name]
    random = np.random.default_rng(2)
    pre = random_trains(8, 20, 1400, random, grid=2.0)
    post = random_trains(8, 20, 1400, random, grid=2.0, offset=1.0)
    expected = [lib.triplet_total(a, b, nearest=nearest, **values) for a, b in zip(pre, post, strict=True)]
    assert_allclose(triplet_weights(rule, pre, post), expected, rtol=0, atol=1e-12)
    assert np.abs(expected).max() > 0.01


@pytest.mark.parametrize("name", ["hippocampal culture", "nearest"])
@pytest.mark.parametrize("optimize", [True, False])
def test_triplet_rule_at_ties(name, optimize):
    """A presynaptic spike that arrives in the step of a postsynaptic one acts first.

    So it does not see the trace of that postsynaptic spike, which does see its trace.
    """
    rule, values, nearest = RULES[name]
    random = np.random.default_rng(3)
    pre, post = (random_trains(6, 50, 400, random, grid=2.0) for _ in range(2))
    delayed = [t + 3 for t in post]  # ties with the arrivals, 3 ms after the spikes
    found = triplet_weights(rule, pre, delayed, delay=3 * ms, optimize=optimize)
    expected = {
        tie: np.array(
            [
                lib.triplet_total(a, b, nearest=nearest, tie=tie, **values)
                for a, b in zip(pre, post, strict=True)
            ]
        )
        for tie in ("pre", "post", "none")
    }
    assert_allclose(found, expected["pre"], rtol=0, atol=1e-12)
    for other in ("post", "none"):
        assert np.abs(expected[other] - expected["pre"]).max() > 1e-3


def test_triplet_slow_traces_are_read_before_they_grow():
    """One spike after one of the other side is a pair: no triplet term, though the amplitude is large."""
    values = {"A2p": 0.01, "A3p": 1.0, "A2m": 0.02, "A3m": 1.0}
    pre, post = [[20.0], [10.0], [10.0, 20.0]], [[10.0], [20.0], [15.0]]
    found = triplet_weights(TripletSTDP(**values), pre, post)
    r, o = np.exp(-10 / 16.8), np.exp(-10 / 33.7)
    assert_allclose(found[:2], [-0.02 * o, 0.01 * r], rtol=1e-12)
    third = 0.01 * np.exp(-5 / 16.8) - np.exp(-5 / 33.7) * (0.02 + np.exp(-10 / 101))
    assert_allclose(found[2], third, rtol=1e-12)


def test_triplet_rule_depends_on_frequency():
    """Sjoestroem et al. 2001: at +10 ms no change at low, more and more at higher frequency; at -10 ms
    depression at low frequency that turns into potentiation at 50 Hz."""
    frequencies, pairs = [1.0, 10.0, 20.0, 40.0, 50.0], np.array([3, 15, 15, 15, 15])
    pre = [20 + np.round(1000 / f * np.arange(n)) for f, n in zip(frequencies, pairs, strict=True)]
    post = [t + 10 for t in pre] + [t - 10 for t in pre]
    after, before = triplet_weights(TripletSTDP(), pre * 2, post).reshape(2, -1) * 60 / pairs
    values = TRIPLETS["visual cortex"]
    expected = [lib.triplet_total(a, b, tie="pre", **values) for a, b in zip(pre * 2, post, strict=True)]
    assert_allclose([after, before], np.reshape(expected, (2, -1)) * 60 / pairs, rtol=0, atol=1e-11)
    assert np.all(np.diff(after) > 0) and abs(after[0]) < 0.01 and after[-1] > 0.3
    assert np.all(before[:3] < -0.2) and before[3] > before[2] and before[-1] > 0.2


# -- Clopath et al. 2010 ---------------------------------------------------------------------------


def pairs_block(frequency, delta, start=20.0, length=1400, extra_post=False, skip_first=False):
    """Presynaptic times and the voltage (mV, 1 ms samples) for five pairs; the neuron is that of ModelDB."""
    period = round(1000 / frequency)
    pre = start + period * np.arange(5) + max(-delta, 0)
    post = pre + delta
    if extra_post:
        post = np.r_[post, post[-1] + period]
    forced = np.zeros(length, bool)
    forced[post[int(skip_first) :].astype(int)] = True
    return pre, lib.aeif_trace(forced)


def clopath_network(rule, pre, voltages, dt, delays=(0,), names=("v_now",), method=None, duration=None):
    """One neuron per voltage trace (mV at the grid of dt); a name for each delayed copy."""
    defaultclock.dt = dt * ms
    model = model_of(rule)
    copies = {
        f"U_{n}": TimedArray(
            np.vstack([np.full((d, len(voltages)), -70.6), np.transpose(voltages)]) * mV, dt=dt * ms
        )
        for n, d in zip(names, delays, strict=True)
    }
    extra = "".join(f"{n} = U_{n}(t, i) : volt\n" for n in names)
    receiver = neurons(model, [[]] * len(voltages), v=names[0], extra=extra, method="euler", **copies)
    options = {"namespace": copies} | ({} if method is None else {"method": method})
    network, S, _ = one_to_one(model, pre, None, receiver=receiver, **options)
    network.run((len(voltages[0]) if duration is None else duration) * dt * ms)
    return np.array(S.W_AMPA) / 0.5


CLOPATH_PAIRS = [(f, d) for f in (10, 20, 40, 50) for d in (10, -10)] + [
    (20, d) for d in (-25, -20, -5, 5, 25)
]


def test_clopath_against_the_converged_rule():
    """Linear interpolation of the recorded voltage in both; v is held over our steps: first order.

    A spike is 2 ms long with slopes of 80 mV/ms, and the potentiation by 5 pairs is up to .09; 0.1 ms misses
    3 % of it. The code of ModelDB, read 3 ms late, has a fifth of that at +10 ms and 20 Hz: its filter does
    not see the spike that has just begun. With the same steps, but without being late, it agrees with ours.
    """
    blocks = [pairs_block(f, d, length=700) for f, d in CLOPATH_PAIRS]
    exact = []
    for pre, trace in blocks:
        sample = np.arange(len(trace), dtype=float)
        _, w = lib.clopath_exact(
            lambda t, s=sample, u=trace: np.interp(t, s, u), pre, len(trace) - 1, dt=0.02
        )
        exact.append(w[-1] / 0.5)
    errors = {}
    for dt in (0.2, 0.1):
        n = round((len(blocks[0][1]) - 1) / dt)
        fine = [np.interp(dt * np.arange(n), np.arange(len(u)), u) for _, u in blocks]
        # a spike acts at the end of its step: one step earlier, to act at its time
        found = clopath_network(ClopathSTDP(), [pre - dt for pre, _ in blocks], fine, dt)
        errors[dt] = found - exact
    assert np.abs(errors[0.1]).max() < 3e-3
    assert np.all(np.abs(errors[0.1]) < 0.55 * np.abs(errors[0.2]))
    change = dict(zip(CLOPATH_PAIRS, np.array(exact) - 1, strict=True))
    assert change[20, -10] < -0.01 < 0 < change[20, 10]  # per block of five pairs, of fifteen
    assert change[10, 10] < change[20, 10] < change[40, 10] < change[50, 10]
    for late, (low, high) in {0.0: (0, 3e-3), 3.0: (0.04, 0.06)}.items():
        pre, u = blocks[CLOPATH_PAIRS.index((20, 10))][0], fine[CLOPATH_PAIRS.index((20, 10))]
        reference = lib.clopath_weight(u, pre, dt=0.1, reads_late=late, first=0) / 0.5
        assert low <= abs(found[CLOPATH_PAIRS.index((20, 10))] - reference) < high


#: Printed w/w0 of 15 blocks by the code of ModelDB, with its sixth postsynaptic spike at negative delays.
CLOPATH_PRINTED = {(10, 10): 1.0290, (20, 10): 1.1571, (40, 10): 1.4627, (50, 10): 1.6500,
                   (10, -10): 0.5962, (20, -10): 0.6051, (40, -10): 1.1778, (50, -10): 1.7356,
                   (20, -25): 0.8404, (20, -20): 0.7549, (20, -5): 0.5504, (20, 5): 1.3053,
                   (20, 25): 0.8721}  # fmt: skip
#: The same with five postsynaptic spikes.
CLOPATH_CLEAN = {(10, -10): 0.596121, (20, -10): 0.595990, (40, -10): 1.036953, (50, -10): 1.464652}


def fifteen_blocks(rule, keys, extra_post):
    """w/w0 after 15 blocks, in the steps of the code. Apart by 1 s or more, blocks do not see each other.

    The first has lost its first postsynaptic spike if that comes in the first step, as the code starts late.
    """
    names, delays = ("v_now", "v_m_late", "v_p_late"), (0, 4, 3)
    changes = []
    for skip in (False, True):
        blocks = [
            pairs_block(f, d, extra_post=extra_post and d < 0, skip_first=skip and d < 0) for f, d in keys
        ]
        found = clopath_network(rule, *zip(*blocks, strict=True), 1.0, delays, names, method="euler")
        reference = [lib.clopath_weight(u, pre) / 0.5 for pre, u in blocks]
        assert_allclose(found, reference, rtol=0, atol=1e-12)
        changes.append(found - 1)
    return 1 + 14 * changes[0] + changes[1]


def test_clopath_reproduces_the_code_of_modeldb():
    """Its steps with our objects: forward Euler of 1 ms, filters read 3 ms late, six postsynaptic spikes.

    The late reading is a delayed copy of the voltage for each filter: the rule reads u_m after the target's
    step (so 4 samples) and u_p before it (3). 0.1 Hz is left out: its blocks of 50 s touch.
    """
    start = -70.6 * mV
    late = ClopathSTDP().replace(
        "du_m/dt = (v_4 - u_m)/tau_m : volt", "du_p/dt = (v_3 - u_p)/tau_p : volt", v_3=start, v_4=start
    )
    late = late.replace(v_4="v_m_late", v_3="v_p_late")
    found = fifteen_blocks(late, list(CLOPATH_PRINTED), extra_post=True)
    assert_allclose(found, list(CLOPATH_PRINTED.values()), rtol=0, atol=0.6e-4)
    found = fifteen_blocks(late, list(CLOPATH_CLEAN), extra_post=False)
    assert_allclose(found, list(CLOPATH_CLEAN.values()), rtol=0, atol=1e-6)


def test_clopath_below_threshold_nothing_changes():
    trains = [np.arange(10, 190, 20.0)]
    for v in ("-75*mV", "-70.6*mV"):
        model = model_of(ClopathSTDP())
        network, S, _ = one_to_one(model, trains, None, receiver=neurons(model, [[]], v=v))
        network.run(200 * ms)
        assert_array_equal(S.W_AMPA, 0.5)
        assert S.x_AMPA[0] > 0.1


def test_clopath_between_the_thresholds_each_spike_depresses():
    """Constant voltages, filters started there: only depression below theta_p; above it also potentiation.

    Both closed forms hold without any error of the steps, since what is held is constant.
    """
    train = np.arange(10, 190, 20.0)
    voltages = np.array([-68.0, -60.0, -46.0, -40.0, -10.0])
    model = model_of(ClopathSTDP())
    receiver = neurons(model, [[]] * 5, v="held", extra="held : volt (constant)\n")
    receiver.held = voltages * mV
    network, S, _ = one_to_one(model, [train] * 5, None, receiver=receiver)
    receiver.u_m_AMPA = receiver.u_p_AMPA = voltages * mV
    network.run(200 * ms)
    area = (1 - np.exp(-(200 - train - 0.1) / 15)).sum()  # integral of x/tau_x, of jumps by 1
    expected = 0.5 - len(train) * 1.4e-4 * (voltages + 70.6)
    expected += 8e-5 * area * np.maximum(voltages + 45.3, 0) * (voltages + 70.6)
    assert_allclose(np.array(S.W_AMPA), expected, rtol=1e-11)
    assert expected[2] < expected[1] < 0.5 < expected[-1]


# -- BCM and scaling -------------------------------------------------------------------------------


def frozen_rates(x, y, theta, duration=500, **changes):
    """Rates that do not decay, to see the threshold and the weight alone."""
    defaultclock.dt = 1 * ms
    rule = BCM(tau_rate=1e12 * second, **changes)
    n = len(y)
    network, S, _ = one_to_one(model_of(rule), [[]] * n, [[]] * n)
    S.x_AMPA, S.y_AMPA, S.theta_AMPA = x * Hz, np.array(y) * Hz, np.array(theta) * Hz
    network.run(duration * ms)
    return np.array(S.W_AMPA), np.array(S.theta_AMPA / Hz)


def test_bcm_fixed_point_and_sign():
    W, theta = frozen_rates(20.0, [10.0, 5.0, 15.0, 0.0], [10.0] * 4, tau_theta=1e12 * second)
    assert_allclose(W[[0, 3]], 1, rtol=0, atol=1e-12)
    assert_allclose(W, 1 + 1e-4 * 20 * np.array([0, 5 * -5, 15 * 5, 0]) * 0.5, rtol=0, atol=1e-9)
    assert_allclose(theta, 10, rtol=0, atol=1e-9)
    assert W[1] < 1 < W[2]


def test_bcm_threshold_overtakes():
    """Closed form for constant rates; above y_0 potentiation ends where the threshold passes y."""
    y, start = np.array([5.0, 10.0, 15.0, 20.0]), 10.0
    W, theta = frozen_rates(20.0, y, [start] * 4, duration=3000, tau_theta=1 * second)
    end = y**2 / 10
    assert_allclose(theta, end + (start - end) * np.exp(-3), rtol=0, atol=1e-9)
    integral = 3 * end + (start - end) * (1 - np.exp(-3))
    assert_allclose(W, 1 + 1e-4 * 20 * y * (3 * y - integral), rtol=0, atol=1e-9)
    assert abs(W[1] - 1) < 1e-9 and W[0] > 1 > W[3]  # below y_0 the threshold falls: potentiation


def test_bcm_threshold_of_a_regular_train():
    """y jumps by 1/tau and decays: its mean is the rate; theta tends to its mean square over y_0."""
    defaultclock.dt = 1 * ms
    rates = np.array([5.0, 10.0, 20.0])
    duration, tau = 8000, 1000.0
    post = [np.arange(0, duration, 1000 / r) for r in rates]
    rule = BCM(tau_rate=tau * ms, tau_theta=2 * second, eta=1e-9 * second**2)
    network, S, _ = one_to_one(model_of(rule), [[]] * 3, post)
    gap = 1000 / rates
    S.y_AMPA = np.exp(-gap / tau) / -np.expm1(-gap / tau) * Hz  # the periodic orbit, just before a spike
    monitor = StateMonitor(S, ["y_AMPA", "theta_AMPA"], record=True)
    network.add(monitor)
    network.run(duration * ms)
    settled = monitor.t / ms >= 6000
    whole = np.array(monitor.y_AMPA / Hz)[:, settled]
    # averages over whole periods of values on the grid; a decay of 1 ms in 1 s between them
    assert_allclose(whole.mean(axis=1), rates, rtol=1e-3)
    square = (1 / -np.expm1(-gap / tau)) ** 2 * tau / (2 * gap) * -np.expm1(-2 * gap / tau)
    expected = square / 10 + (10 - square / 10) * np.exp(-duration / 2000)
    # ripple: y^2 swings by less than 2 rate/tau, seen through tau_theta for half a gap
    ripple = rates * 2 / 10 * gap / 2000
    assert np.all(np.abs(np.array(S.theta_AMPA / Hz) - expected) < ripple)
    assert expected[0] < 5 and expected[2] > 35


def scaling_factor(t, tau, goal, p, q):
    """k of a silent neuron that was at its goal."""
    faded = tau * -np.expm1(-t / tau)
    return np.exp(p * goal * (t - faded) + q * goal * (t**2 / 2 - tau * t + tau * faded))


def test_scaling_of_a_silent_neuron():
    """Both against closed forms: a rate that fades from the goal, and one that is constantly wrong."""
    defaultclock.dt = 1 * ms
    gains = {"p_gain": 0.03, "q_gain": 0.02 * Hz, "a_goal": 8 * Hz}
    network, S, _ = one_to_one(model_of(SynapticScaling(tau_a=0.7 * second, **gains)), [[]], [[]])
    network.run(2000 * ms)
    # rk4 with steps of tau/700: its error is below rounding
    assert_allclose(S.k_AMPA[0], scaling_factor(2.0, 0.7, 8, 0.03, 0.02), rtol=1e-11)
    network, S, _ = one_to_one(model_of(SynapticScaling(tau_a=1e12 * second, **gains)), [[]] * 3, [[]] * 3)
    S.a_AMPA = [3, 8, 12] * Hz
    network.run(2000 * ms)
    m = 8 - np.array([3, 8, 12.0])
    assert_allclose(np.array(S.k_AMPA), np.exp(0.03 * m * 2 + 0.02 * m * 2**2 / 2), rtol=1e-9)


def test_scaling_senses_the_postsynaptic_rate():
    defaultclock.dt = 1 * ms
    train = np.arange(5, 1000, 50.0)
    network, S, _ = one_to_one(model_of(SynapticScaling(tau_a=2 * second, a_goal=10 * Hz)), [[]], [train])
    network.run(1000 * ms)
    expected = 10 * np.exp(-0.5) + (np.exp(-(999 - train) / 2000) / 2).sum()
    assert_allclose(S.a_AMPA[0] / Hz, expected, rtol=1e-12)


def test_rules_on_one_receptor_multiply():
    rules = [TripletSTDP(), SynapticScaling()]
    model = GlutamateSynapse(AMPA(gmax=1 * nS), plasticity=rules)
    network, S, G = one_to_one(model, [[0.0]] * 3, [[]] * 3)
    S.W_AMPA, S.k_AMPA, S.w = [2, 0.5, -1], [3, 0.25, 2], [1, 2, 1]
    S.g_AMPA = 0.5
    network.run(defaultclock.dt)
    assert_allclose(G.g_total_AMPA / nS, [0.5 * 6, 0.5 * 0.125 * 2, 0], rtol=1e-8, atol=0)


def test_rules_with_the_same_names_are_refused():
    with pytest.raises(ModelError) as error:
        model_of(TripletSTDP(), BCM())
    assert "TripletSTDP" in str(error.value) and "BCM" in str(error.value)
    assert "W" in str(error.value)
