"""Receptors, release, block, co-agonist and drugs of the library against closed forms and goldens.

References are in `library_reference`, which shares no code with the package; printed numbers are those
of science.md.
"""

import math
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
    kelvin,
    mM,
    ms,
    mV,
    nS,
    pA,
    run,
    second,
    seed,
    umolar,
)
from scipy.integrate import quad

import brian2_nmda.equations
from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    ModelError,
    Receptor,
    TransmitterPulse,
    WangNMDA,
    post_equations,
)
from brian2_nmda.equations import (
    DAP5,
    ExponentialAMPA,
    ExponentialGABA,
    FirstOrderNMDA,
    FiveStateNMDA,
    GlycineSite,
    Ketamine,
    MagnesiumBlock,
    Memantine,
    NoBlock,
    SlowGlycineSite,
    StochasticRelease,
    TsodyksMarkram,
    TwoExponentialAMPA,
    TwoExponentialNMDA,
    WangJumpNMDA,
    Woodhull,
)
from brian2_nmda.symbolic.expressions import numeric

lib = SimpleNamespace(**run_path(str(Path(__file__).with_name("library_reference.py"))))

DESTEXHE = TransmitterPulse.preset("Destexhe 1998")


def base_values(part):
    return {n: p.base() for n, p in part.template.parameters.items()}


def voltage_clamp(model, spikes, duration, record, voltages=(-70.0,), dt=0.1, synapses=1, **options):
    """Monitor of ``record`` on the synapses; every neuron has its own clamp and one or more synapses."""
    defaultclock.dt = dt * ms
    source = SpikeGeneratorGroup(1, np.zeros(len(spikes), int), np.array(spikes) * ms)
    target = NeuronGroup(len(voltages), "v : volt\nI = I_syn : amp" + model.post_equations(), method="euler")
    target.v = np.array(voltages) * mV
    # stepped gates, whose states are held against references to rounding
    S = model.synapses(source, target, **{"tolerance": None, **options})
    S.connect(n=synapses)
    monitor = StateMonitor(S, record, record=True)
    run(duration * ms)
    return monitor, S, target


# -- Wang's gate with jumps, and mean fields ----------------------------------------------------------


@pytest.mark.parametrize(
    ("alpha", "tau_x", "tau_s"), [(0.5, 2, 100), (2.0, 2, 100), (2.0, 5, 60), (0.1, 1, 30)]
)
def test_jump_constants(alpha, tau_x, tau_s):
    """``k0`` and ``k1`` against SciPy's incomplete gamma function, 1e-12; NEST's default to all digits."""
    receptor = WangJumpNMDA(alpha=alpha / ms, tau_x=tau_x * ms, tau_s=tau_s * ms)
    got = [
        float(numeric(receptor.template.definitions[n].expression, [], base_values(receptor))())
        for n in ("k_0", "k_1")
    ]
    expected = lib.jump_constants(alpha * tau_x, tau_x / tau_s)
    assert np.max(np.abs(np.array(got) / expected - 1)) <= 1e-12
    if (alpha, tau_x, tau_s) == (0.5, 2, 100):
        assert abs(got[0] - 0.6484167391163257) <= 1e-15
        assert abs(got[1] + 0.6321205588285577) <= 1e-15


@pytest.mark.parametrize("start", [0.0, 0.3, 0.6, 0.9])
def test_jump_is_asymptotically_exact(start):
    """Far from an isolated spike both forms agree: .6484167, .7587806, .8691444, .9795082 after a spike."""
    monitor, _, _ = voltage_clamp(GlutamateSynapse(WangJumpNMDA()), [5.0], 5.3, "s_NMDA")
    assert abs(monitor.s_NMDA[0, 51] - 0.6484167391163257) <= 1e-14  # sample k + 1 after the jump
    late = lib.wang_s(150.0, start, 1.0) * math.exp(1.5)
    k_0, k_1 = lib.jump_constants(1.0, 0.02)
    printed = {0.0: 0.6484167, 0.3: 0.7587806, 0.6: 0.8691444, 0.9: 0.9795082}[start]
    assert abs(late - (start + k_0 + k_1 * start)) <= 1e-12
    assert abs(late - printed) <= 6e-8


def test_jump_train():
    """A periodic train in a simulation has the mean of the map, 1e-9 (times of spikes are on the grid)."""
    spikes = np.arange(1.0, 3001.0, 25.0)  # 40 Hz
    monitor, _, _ = voltage_clamp(GlutamateSynapse(WangJumpNMDA()), spikes, 2000.0, "s_NMDA")
    s = monitor.s_NMDA[0]
    # sample 15*250 + 10 is the state at 1001 ms, before that step's spike acts
    period = s[10 + 40 * 250 : 10 + 41 * 250]
    exact = np.sum(period) * -math.expm1(-0.1 / 100) * 100 / 25  # exponential between samples
    expected = lib.jump_mean(40.0, 100.0, *lib.jump_constants(1.0, 0.02))
    assert abs(expected - 0.80409) <= 5.1e-6
    # samples are right ends: the sample at the spike has still decayed for a whole period
    decay = math.exp(-0.1 / 100)
    assert abs(exact / expected - 1) <= 2 * (1 - decay)


@pytest.mark.parametrize("alpha", [0.2, 0.5, 2.0])
def test_mean_fields(alpha):
    """psi(nu) against the published sum with binomials at 40 digits; the Poisson mean of the jumps."""
    wang, jump = WangNMDA(alpha=alpha / ms), WangJumpNMDA(alpha=alpha / ms)
    for rate in (1.0, 5.0, 20.0, 100.0):
        assert abs(wang.mean_activation(rate * Hz) - lib.brunel_wang_psi(rate, alpha)) <= 1e-12
        constants = lib.jump_constants(2 * alpha, 0.02)
        expected = lib.jump_mean(rate, 100.0, *constants, poisson=True)
        assert abs(jump.mean_activation(rate * Hz) - expected) <= 1e-12
    if alpha == 0.5:
        table = {1: (0.06106, 0.06099), 10: (0.41104, 0.39728), 100: (0.88341, 0.88567)}
        for rate, (psi, poisson) in table.items():
            assert abs(wang.mean_activation(rate * Hz) - psi) <= 5.1e-6
            assert abs(jump.mean_activation(rate * Hz) - poisson) <= 5.1e-6


def exact_poisson_mean(rate, alpha=0.5, tau_x=2.0, tau_s=100.0):
    """Mean of s under Poisson spikes by Campbell's theorem, without approximation (SciPy quadrature)."""
    nu, z = rate / 1000, alpha * tau_x

    def exponent(t):
        head = quad(lambda u: -math.expm1(-z * -math.expm1(-u / tau_x)), 0, t, epsabs=1e-12, limit=200)[0]
        y = z * -math.expm1(-t / tau_x)
        tail = quad(lambda q: -math.expm1(-q) / q if q else 1.0, 0, y, epsabs=1e-13)[0]
        return head + tau_x * tail

    f = lambda t: math.exp(-t / tau_s - nu * exponent(t))  # noqa: E731
    return (
        1
        - sum(
            quad(f, a, b, epsabs=1e-10)[0]
            for a, b in ((0, 2), (2, 10), (10, 50), (50, 200), (200, 800), (800, 4000))
        )
        / tau_s
    )


def test_mean_field_error_is_the_stated_one():
    """psi is 1 to 5 % above the exact Poisson mean for alpha*tau_x = 1, as the docstring says."""
    for rate, printed in ((5.0, 0.2424659757), (20.0, 0.5636066940)):
        exact = exact_poisson_mean(rate)
        assert abs(exact - printed) <= 2e-7  # an earlier quadrature of the same integral
        assert 0.01 < WangNMDA().mean_activation(rate * Hz) / exact - 1 < 0.05


def test_exact_gate_under_poisson_input():
    """The simulated exact gate has the exact mean of Campbell's theorem: within 4 standard errors."""
    rng = np.random.default_rng(3)
    n, duration, rate = 400, 1500.0, 20.0
    counts = rng.poisson(rate * duration / 1000, n)
    i = np.repeat(np.arange(n), counts)
    times = rng.uniform(0, duration, counts.sum())
    defaultclock.dt = 0.5 * ms
    keep = np.unique(np.stack([i, np.floor(times / 0.5)]), axis=1)  # at most one spike a step
    source = SpikeGeneratorGroup(n, keep[0].astype(int), keep[1] * 0.5 * ms)
    model = GlutamateSynapse(WangNMDA())
    target = NeuronGroup(n, "v : volt\nI = I_syn : amp" + model.post_equations(), method="euler")
    S = model.synapses(source, target)
    S.connect(j="i")
    monitor = StateMonitor(S, "s_NMDA", record=True, dt=10 * ms)
    run(duration * ms)
    means = monitor.s_NMDA[:, 70:].mean(axis=1)  # 7 time constants after the start
    error = means.std(ddof=1) / math.sqrt(n)
    # two spikes in one step are lost: nu dt/2 of them
    assert abs(means.mean() - exact_poisson_mean(rate * (1 - rate * 0.5e-3 / 2))) <= 4 * error + 2e-3


@pytest.mark.parametrize("rate", [10, 10 * ms, -1 * Hz])
def test_mean_field_errors(rate):
    with pytest.raises(ModelError, match="rate has to be a rate"):
        WangNMDA().mean_activation(rate)


# -- first-order kinetics --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("interval", "printed"),
    [
        (10, (0.0692431, 0.1295607, 0.1821032, 0.2278730, 0.2677430)),
        (20, (0.0692431, 0.1257082, 0.1717534, 0.2093016, 0.2399207)),
        (100, (0.0692431, 0.1025453, 0.1185619, 0.1262650, 0.1299698)),
    ],
)
def test_first_order_trains(interval, printed):
    """Destexhe's two-state receptor at the ends of five pulses: printed digits and 1e-13 of closed form."""
    spikes = interval * np.arange(5.0)
    monitor, _, _ = voltage_clamp(
        GlutamateSynapse(FirstOrderNMDA(), release=DESTEXHE), spikes, spikes[-1] + 3, "r_NMDA"
    )
    ends = monitor.r_NMDA[0, np.round(spikes / 0.1).astype(int) + 11]
    assert np.max(np.abs(ends - printed)) <= 6e-8
    assert np.max(np.abs(ends - lib.two_state_train(spikes, spikes + 1.0))) <= 1e-13


# -- presets -----------------------------------------------------------------------------------------------

BLOCKS = {
    "Jahr & Stevens 1990": "JahrStevens", "Blue Brain hippocampus": "BBHippocampus",
    "Chindemi 2022": "Chindemi2022", "NeuroML example": "NeuroML", "Maex & De Schutter 1998": "Maex1998",
    "Durstewitz & Gabriel 2006": "Durstewitz", "Polsky 2004": "Polsky2004", "Doron 2017": "Doron2017",
    "SPM-type": "SPM", "Hill & Tononi 2005, steady": "NESTht",
}  # fmt: skip


def block_at(part, v):
    return numeric(part.template.roles["block"], ["v"], base_values(part))(np.asarray(v) * 1e-3)


@pytest.mark.parametrize("preset", MagnesiumBlock.presets)
def test_block_presets(preset):
    """Every row of the table of block variants: half-block voltage and B at five voltages, printed digits."""
    rows = [r for r in lib.BLOCKS if r[0] == BLOCKS[preset]]
    for _, K0, k, Mg, half, values in rows:
        part = MagnesiumBlock.preset(preset, Mg=Mg * mM)
        assert abs(block_at(part, half) - 0.5) <= 0.25 * 0.1 * 6e-5  # slope k B(1-B), printed to 1e-4 mV
        assert abs(block_at(part, lib.half_potential(Mg, K0, k)) - 0.5) <= 1e-13
        for v, printed in zip((-70, -65, -40, 0, 40), values, strict=True):
            assert printed is None or abs(block_at(part, v) - printed) <= 5.1e-6
    assert np.all(block_at(MagnesiumBlock.preset(preset, Mg=0 * mM), [-100.0, 0.0, 50.0]) == 1)
    assert set(MagnesiumBlock.presets) == set(BLOCKS)


def test_woodhull():
    """The 35 degC row of Spruston, and the slopes at three temperatures, printed digits."""
    (row,) = [r for r in lib.BLOCKS if r[0] == "Woodhull35"]
    for v, printed in zip((-70, -65, -40, 0, 40), row[5], strict=True):
        assert abs(block_at(Woodhull(), v) - printed) <= 5.1e-6
    assert abs(block_at(Woodhull(), row[4]) - 0.5) <= 2e-6
    for celsius, slope in ((35, 0.060254), (25, 0.062275), (31, 0.061)):
        part = Woodhull(temperature=(celsius + 273.15) * kelvin)
        b = block_at(part, [0.0, 10.0])
        got = math.log(b[1] / (1 - b[1]) / (b[0] / (1 - b[0]))) / 10
        assert abs(got - lib.woodhull_slope(0.8, celsius)) <= 1e-11
        assert abs(got - slope) <= 6e-5 if celsius == 31 else abs(got - slope) <= 6e-7
    assert np.all(block_at(Woodhull(Mg=0 * mM), [-100.0, 0.0, 50.0]) == 1)


def test_magnesium_as_variable_of_the_target():
    """[Mg] per neuron, changed between runs: the block follows, and 0 mM is exactly no block."""
    model = GlutamateSynapse(TwoExponentialNMDA(block=MagnesiumBlock.preset("Chindemi 2022")))
    target = NeuronGroup(
        3, "v : volt\nI = I_syn : amp" + model.post_equations(per_neuron=["Mg"]), method="euler"
    )
    source = SpikeGeneratorGroup(1, [0], [0] * ms)
    S = model.synapses(source, target)
    S.connect()
    target.v = -40 * mV
    target.Mg = [0, 1, 2] * mM
    run(1 * ms)
    expected = [lib.static_block(-40, Mg, 2.5522415, 0.07207477) for Mg in (0, 1, 2)]
    assert np.max(np.abs(target.block_NMDA[:] - expected)) <= 1e-14
    assert target.block_NMDA[0] == 1
    target.Mg = 0 * mM
    run(0.1 * ms)
    assert np.all(target.block_NMDA[:] == 1)


TWO_EXPONENTIAL = {
    "Blue Brain cortex": (0.29, 43), "Blue Brain hippocampus": (9, 61), "GluSynapse": (0.29, 70),
    "Wang-like": (2, 100), "Hill & Tononi 2005": (4, 40), "NeuroML example": (1, 13.3333),
    "Polsky 2004": (5, 90), "Durstewitz & Gabriel 2006": (2.3, 95), "Wolf 2005": (2.815, 160),
    "Bianchi 2012": (3, 150),
}  # fmt: skip


def test_two_exponential_presets():
    """Time constants of table 1e; the closed form itself is tested in test_models.py.

    Wolf's file divides both of its constants, 5.63 and 320 ms, by qfact = 2.
    """
    subunits = {n for n in TwoExponentialNMDA.presets if n.startswith("GluN2")}  # test_receptor_kinetics.py
    assert set(TwoExponentialNMDA.presets) - subunits == set(TWO_EXPONENTIAL)
    for name, (rise, decay) in TWO_EXPONENTIAL.items():
        part = TwoExponentialNMDA.preset(name)
        assert abs(part.tau_rise / ms - rise) <= 1e-12 and abs(part.tau_decay / ms - decay) <= 1e-12


def test_one_exponential_is_what_a_script_writes():
    """``g += w*gmax`` at a spike, ``dg/dt = -g/tau``, and the current with its own reversal potential.

    Held against plain Brian2, two populations onto one target, and added at spikes (no state per synapse).
    """
    defaultclock.dt = 0.1 * ms
    source = SpikeGeneratorGroup(2, [0, 1, 0, 0], [1, 2, 4, 4.5] * ms)
    excitatory, inhibitory = (GlutamateSynapse(c()) for c in (ExponentialAMPA, ExponentialGABA))
    target = NeuronGroup(1, "v = -60*mV : volt\nI = I_syn : amp" + post_equations(excitatory, inhibitory))
    plain = NeuronGroup(
        1,
        """dge/dt = -ge/(2*ms) : siemens
        dgi/dt = -gi/(5*ms) : siemens
        I = ge*(-60*mV) + gi*(-60*mV + 70*mV) : amp""",
        method="exact",
    )
    made = [
        excitatory.synapses(source, target, w=3.0),
        inhibitory.synapses(source, target, w=2.0),
        Synapses(source, plain, on_pre="ge += 3*.05*nS"),
        Synapses(source, plain, on_pre="gi += 2*1.3*nS"),
    ]
    for k, synapses in enumerate(made):
        synapses.connect(i=k % 2, j=0)
    assert all("added at spikes" in str(ours.plan) for ours in made[:2])
    got, expected = StateMonitor(target, "I", record=[0]), StateMonitor(plain, "I", record=[0])
    network = Network(source, target, plain, made, got, expected)
    network.run(20 * ms)
    scale = abs(expected.I[0]).max()
    assert scale > 5 * pA
    # totals are set at the start of a step and seen after it: one step later, as the README says
    assert np.max(np.abs(got.I[0, 1:] - expected.I[0, :-1])) <= 1e-12 * scale


# -- release ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("U", "tau_d", "tau_f"), [(0.5, 671, 17), (0.5, 100, 10), (0.1, 200, 500)])
def test_tsodyks_markram(U, tau_d, tau_f):
    """u, R and the amount at each spike against the recursion, 1e-12; one cleft for all receptors.

    A spike-driven receptor jumps by the amount, a transmitter-driven one sees a pulse of that height.
    """
    spikes = np.array([2.0, 5.0, 9.0, 30.0, 31.0, 80.0, 300.0])
    release = TsodyksMarkram(U=U, tau_d=tau_d * ms, tau_f=tau_f * ms)
    model = GlutamateSynapse([BioNMDA(), TwoExponentialAMPA()], release=release)
    monitor, S, _ = voltage_clamp(model, spikes, 310.0, ["u_T", "R_T", "emitted_T", "x_NMDA", "s_AMPA"])
    u, R, amount = lib.tsodyks_markram(spikes, U, tau_d, tau_f)
    at = np.round(spikes / 0.1).astype(int) + 1  # the state at the end of the step of the spike
    decay_u, decay_R = math.exp(-0.1 / tau_f), math.exp(-0.1 / tau_d)
    # the jump comes after the step's own decay: sample k + 1 shows it
    assert np.max(np.abs(monitor.u_T[0, at] - u)) <= 1e-12
    assert np.max(np.abs(monitor.emitted_T[0, at] - amount)) <= 1e-12
    assert np.max(np.abs(monitor.R_T[0, at] - (R - amount))) <= 1e-12
    assert decay_u < 1 and decay_R < 1
    jumps = monitor.s_AMPA[0, at] - monitor.s_AMPA[0, at - 1] * math.exp(-0.1 / 0.2)
    assert np.max(np.abs(jumps - amount)) <= 1e-12
    # BioNMDA's x under pulses of height amount*peak: exact step of each pulse
    x = 0.0
    last = spikes[0]
    for t, height in zip(spikes, amount, strict=True):
        x *= math.exp(-0.5 * (t - last))
        k = height + 0.5
        x = height / k + (x - height / k) * math.exp(-k * 0.5)
        last = t + 0.5
        assert abs(monitor.x_NMDA[0, round((t + 0.5) / 0.1) + 1] - x) <= 1e-12
    assert S.plan.place["u_T"] == S.plan.place["x_NMDA"] == "pre"


def test_tsodyks_markram_steady_state():
    """Amounts of long periodic trains, printed digits of 1e."""
    printed = {1: 0.436524, 5: 0.204927, 10: 0.121660, 20: 0.067234, 50: 0.028782}
    for rate, expected in printed.items():
        interval = 1000 / rate
        spikes = np.arange(1, 12 if rate < 20 else 120) * interval
        release = TsodyksMarkram(U=0.5, tau_d=671 * ms, tau_f=17 * ms)
        model = GlutamateSynapse(TwoExponentialNMDA(), release=release)
        monitor, *_ = voltage_clamp(model, spikes, spikes[-1] + 1, "emitted_T", dt=0.5)
        steady = lib.tsodyks_markram_steady(rate, 0.5, 671, 17)[2]
        assert abs(steady - expected) <= 6e-7
        # the transient dies with (1-u)exp(-interval/tau_d) per spike
        remaining = (0.5 * math.exp(-interval / 671)) ** (len(spikes) - 1)
        assert abs(monitor.emitted_T[0, -1] - steady) <= remaining + 1e-12


def test_stochastic_release_has_the_exact_law():
    """Frequencies of all release patterns of four spikes against the hidden-state recursion: chi-square.

    20 000 synapses; the statistic has 15 degrees of freedom, its 99.99 % quantile is 44.
    """
    seed(11)
    spikes = np.array([1.0, 8.0, 30.0, 42.0])
    n = 20000
    release = StochasticRelease(U=0.4, tau_d=60 * ms, tau_f=25 * ms)
    model = GlutamateSynapse([TwoExponentialNMDA(), TwoExponentialAMPA()], release=release)
    defaultclock.dt = 0.5 * ms
    source = SpikeGeneratorGroup(1, np.zeros(4, int), spikes * ms)
    target = NeuronGroup(1, "v : volt\nI = I_syn : amp" + model.post_equations(), method="euler")
    S = model.synapses(source, target)
    S.connect(n=n)
    patterns = np.zeros(n, int)
    now = 0.0
    for spike, nxt in zip(spikes, [*spikes[1:], 50.0], strict=True):
        run((spike + 1.0 - now) * ms)
        emitted = S.emitted_T[:]
        assert set(np.unique(emitted)) <= {0.0, 1.0}
        patterns = 2 * patterns + emitted.astype(int)
        # one draw for all receptors: both have jumped or neither
        assert np.array_equal(S.s_NMDA[:] > 0, S.s_AMPA[:] > 0)
        now = nxt - 0.5
        run((now - spike - 1.0) * ms)
    counts = np.bincount(patterns, minlength=16)
    expected = n * np.array(
        [
            lib.pattern_probability(spikes, [bool(k >> j & 1) for j in (3, 2, 1, 0)], 0.4, 60, 25)
            for k in range(16)
        ]
    )
    assert abs(expected.sum() - n) <= 1e-6
    assert np.sum((counts - expected) ** 2 / expected) < 44


def test_a_failure_does_not_touch_the_pulse():
    """With U = 1 and no refill within the train, only the first spike releases: one pulse, not prolonged."""
    release = StochasticRelease(U=1.0, tau_d=1e9 * ms)
    model = GlutamateSynapse(BioNMDA(), release=release)
    monitor, *_ = voltage_clamp(model, [1.0, 1.3], 3.0, ["x_NMDA", "emitted_T"])
    alone, *_ = voltage_clamp(GlutamateSynapse(BioNMDA()), [1.0], 3.0, "x_NMDA")
    assert np.array_equal(monitor.x_NMDA, alone.x_NMDA)
    assert monitor.emitted_T[0, 12] == 1 and monitor.emitted_T[0, 14] == 0


def test_stochastic_release_lives_on_the_synapse():
    plan = GlutamateSynapse(BioNMDA(), release=StochasticRelease()).plan
    assert plan.place["x_NMDA"] == plan.place["emitted_T"] == "synapse"
    assert plan.place["u_T"] == "pre"


# -- co-agonist ---------------------------------------------------------------------------------------------


def occupancy(part):
    t = part.template
    known = {n: d.expression for n, d in t.definitions.items()}
    expression = t.roles["occupancy"].xreplace(
        {s: known.get(s.name, s) for s in t.roles["occupancy"].free_symbols}
    )
    return float(numeric(expression, [], base_values(part))())


def test_coagonist_occupancy():
    """1/4 at Kd, .8264 at ten times that, both ligands competing; the EC50 of the pair is .23 uM."""
    K = GlycineSite().K_G
    assert abs(occupancy(GlycineSite(glycine=K)) - 0.25) <= 1e-15
    assert abs(occupancy(GlycineSite(glycine=10 * K)) - 0.8264) <= 5.1e-5
    assert abs(occupancy(GlycineSite(glycine=0.23 * umolar)) - 0.5) <= 1e-12
    assert occupancy(GlycineSite(glycine=0 * umolar)) == 0
    both = GlycineSite(glycine=2 * K, dserine=3 * umolar, K_S=1.5 * umolar)
    assert abs(occupancy(both) - lib.coagonist(2.0, 3.0, 1.0, 1.5)) <= 1e-14


def test_slow_coagonist():
    """A step of D-serine during a run relaxes each site with tau, 1e-12 of the exponential; g follows."""
    tau = 820.0
    site = SlowGlycineSite(glycine=0.1 * umolar, dserine="ser")
    with pytest.raises(ModelError, match="have to be numbers"):
        GlutamateSynapse(BioNMDA(coagonist=site))
    model = GlutamateSynapse(BioNMDA(coagonist=SlowGlycineSite(glycine=0.1 * umolar)))
    defaultclock.dt = 0.25 * ms
    source = SpikeGeneratorGroup(1, [0], [0] * ms)
    target = NeuronGroup(1, "v : volt\nI = I_syn : amp" + model.post_equations(), method="euler")
    S = model.synapses(source, target)
    S.connect()
    run(100 * ms)
    K = float(GlycineSite().K_G / umolar)
    first, last = 0.1 / K / (1 + 0.1 / K), (0.1 + 5) / K / (1 + 5.1 / K)
    assert abs(S.o_site_NMDA[0] - first) <= 1e-12
    S.dserine_site_NMDA = 5 * umolar
    run(400 * ms)
    assert abs(S.o_site_NMDA[0] - lib.coagonist_filtered(400.0, first, last, tau)) <= 1e-12
    run(0.25 * ms)  # totals on the target are those at the start of the step
    g = 0.2e-9 * S.g_NMDA[0] * S.o_site_NMDA[0] ** 2
    run(0.25 * ms)
    assert abs(target.g_total_NMDA[0] / nS * 1e-9 / g - 1) <= 1e-12


def test_no_coagonist_no_current():
    """Coincidence needs the co-agonist as well: without it nothing opens, with saturation nothing changes."""
    spikes = [1.0]
    peak = {}
    for name, site in (("none", GlycineSite(glycine=0 * umolar)), ("full", GlycineSite(glycine=1e9 * umolar)),
                       ("absent", None)):  # fmt: skip
        _, _, target = voltage_clamp(GlutamateSynapse(BioNMDA(coagonist=site)), spikes, 8.0, "g_NMDA")
        peak[name] = float(target.g_total_NMDA[0])
    assert peak["none"] == 0
    assert abs(peak["full"] / peak["absent"] - 1) <= 1e-9


# -- drugs -------------------------------------------------------------------------------------------


class SteadyAgonist(Receptor):
    """One binding step; with a long pulse the open fraction is that of steady agonist."""

    from brian2_nmda.symbolic.part import Parameter, T as _T, states

    kon = Parameter(5 / (mM * ms), "binding")
    koff = Parameter(0.01 / ms, "unbinding")
    a = states("a")
    da = kon * _T * (1 - a) - koff * a
    activation = a


def steady_response(agonist, antagonist):
    """Open fraction under ``agonist`` mM and ``antagonist`` uM, simulated to steady state."""
    model = GlutamateSynapse(
        SteadyAgonist(label="R", antagonist=DAP5(conc=antagonist * umolar)),
        release=TransmitterPulse(peak=agonist * mM, duration=5 * second),
    )
    monitor, *_ = voltage_clamp(model, [0.0], 3000.0, "a_R", dt=1.0)
    return monitor.a_R[0, -1]


def test_schild():
    """Schild regression of simulated steady responses: slope 1, pA2 = -log10 Ki (bar: 2 %; found: 1e-9)."""
    K = 0.01 / 5  # mM
    ratios, doses = [], np.array([0.5, 5.0, 50.0])
    for dose in doses:
        # a steady response a at concentration C gives the EC50: C (1 - a)/a for one binding step
        C = 20 * K * (1 + dose / 0.28)
        a = steady_response(C, dose)
        ratios.append(C * (1 - a) / a / K)
    slope, intercept = np.polyfit(np.log10(doses * 1e-6), np.log10(np.array(ratios) - 1), 1)
    assert abs(slope - 1) <= 1e-6
    assert abs(intercept + math.log10(0.28e-6)) <= 1e-5
    assert abs(ratios[2] - 179.6) <= 0.06  # science 2.1: x179.6 at 50 uM for GluN2A
    assert abs(ratios[1] - lib.gaddum_ec50(1.0, 5.0, 0.28)) <= 1e-6


def test_antagonist_of_a_spike_driven_receptor():
    """Receptors without transmitter keep the fraction whose two sites are free: 3.1e-5 at 50 uM."""
    for conc in (0.0, 1.0, 50.0):
        model = GlutamateSynapse(WangNMDA(antagonist=DAP5(conc=conc * umolar)))
        _, _, target = voltage_clamp(model, [0.0], 5.0, "s_NMDA")
        free = float(target.g_total_NMDA[0])
        if conc == 0:
            full = free
            plain = voltage_clamp(GlutamateSynapse(WangNMDA()), [0.0], 5.0, "s_NMDA")[2]
            assert full == float(plain.g_total_NMDA[0])  # exactly neutral
        else:
            assert abs(free / full - lib.competitor_free(conc, 0.28)) <= 1e-14
    assert abs(lib.competitor_free(50.0, 0.28) - 3.1e-5) <= 6e-7


def test_antagonist_switched_during_a_run():
    """A TimedArray washes D-AP5 in; the response falls to what the shifted transmitter gives, and returns."""
    dose = TimedArray([0, 50, 0] * umolar, dt=1000 * ms)
    model = GlutamateSynapse(BioNMDA(antagonist=DAP5(conc=dose)))
    monitor, *_ = voltage_clamp(model, [100.0, 1100.0, 2500.0], 3000.0, ["x_NMDA", "g_NMDA"], dt=0.1)
    peaks = [monitor.x_NMDA[0, round(t / 0.1) + 6] for t in (100.0, 1100.0, 2500.0)]
    height = 1 / (1 + 50 / 0.28)
    x = height / (height + 0.5) * -math.expm1(-0.5 * (height + 0.5))
    assert abs(peaks[0] - 0.351755631506) <= 1e-11 and abs(peaks[2] - peaks[0]) <= 1e-12
    assert abs(peaks[1] - x) <= 1e-12


def blocked_course(drug, open_fraction, duration, voltage=-70.0, Mg=0.0, dt=2.0):
    """Blocked fraction under a clamped open fraction, in a simulation, every ``dt`` ms."""

    class Clamped(Receptor):
        from brian2_nmda.symbolic.part import states

        a = states("a", initial=open_fraction)
        da = 0
        activation = a

    block = MagnesiumBlock(Mg=Mg * mM) if Mg else NoBlock()
    model = GlutamateSynapse(Clamped(label="R", blocker=drug, block=block))
    name = f"b_{drug.default_label}_R"
    monitor, *_ = voltage_clamp(model, [], duration, name, voltages=[voltage], dt=dt)
    return getattr(monitor, name)[0]


@pytest.mark.parametrize(("kind", "kon", "koff"), [(Memantine, 0.32, 0.53), (Ketamine, 0.15, 0.22)])
@pytest.mark.parametrize("a", [1.0, 0.22])
def test_onset_of_trapping_block(kind, kon, koff, a):
    """Gilling's rates (per uM and s, per s) are apparent: measured under steady agonist, with ``P`` open.

    With that ``P`` the onset has the rate kon [B] + koff, however few channels are open: 1e-9.
    """
    b = blocked_course(kind(P=a), a, 400.0)
    times = 2e-3 * np.arange(len(b))
    rate = kon * 10 + koff
    expected = kon * 10 / rate * -np.expm1(-rate * times)
    assert np.max(np.abs(b - expected)) <= 1e-9
    assert abs(rate - 1000 * lib.blocker_rate(a, 10.0, kon / a / 1000, koff / 1000)) <= 1e-9


def test_memantine_blocks_the_five_state_scheme_as_published():
    """As the docstring says, P = .22; 10 uM of memantine under steady glutamate, -70 mV, no magnesium.

    Gilling 2009 (abstract): the fast component of the onset takes 273 +- 25 ms; kon = .32 /(uM s) and
    koff = .53 /s give 268 ms and 86 % of block. The drug comes when the receptors have desensitised.
    """
    wash_in, dt = 3000.0, 2.0
    drug = Memantine(P=0.22, conc=TimedArray([0, 10] * umolar, dt=wash_in * ms))
    model = GlutamateSynapse(
        FiveStateNMDA(blocker=drug, block=NoBlock()), release=TransmitterPulse(duration=10 * second)
    )
    monitor, *_ = voltage_clamp(model, [0.0], wash_in + 2400, ["b_memantine_NMDA", "O_NMDA"], dt=dt)
    b = monitor.b_memantine_NMDA[0, round(wash_in / dt) :]
    assert abs(monitor.O_NMDA[0, -1] - 0.219697) <= 1e-6  # science 1d
    assert abs(b[-1] - 0.858) <= 1e-3  # 3.2/3.73, approached to 1.3e-4; P has two digits
    onset = dt * np.argmax(b > b[-1] * (1 - 1 / math.e))
    assert abs(onset - 268) <= 3
    assert abs(onset - 273) <= 25


def test_wash_out_is_slower_without_agonist():
    """After wash-out a closed receptor frees 1/6 (memantine) or none (ketamine) of koff: trapping."""
    gone = 0 * umolar
    course = {a: wash_out(Memantine(conc=gone), a) for a in (1.0, 0.0)}
    t = 2e-3 * np.arange(len(course[0.0]))
    assert np.max(np.abs(course[1.0] - 0.6 * np.exp(-0.53 * t))) <= 1e-9
    assert np.max(np.abs(course[0.0] - 0.6 * np.exp(-0.53 / 6 * t))) <= 1e-9
    assert np.all(wash_out(Ketamine(conc=gone), 0.0) == 0.6)


def wash_out(drug, open_fraction, duration=400.0):
    class Clamped(Receptor):
        from brian2_nmda.symbolic.part import states

        a = states("a", initial=open_fraction)
        da = 0
        activation = a

    model = GlutamateSynapse(Clamped(label="R", blocker=drug, block=NoBlock()))
    source = SpikeGeneratorGroup(1, [], [] * ms)
    target = NeuronGroup(1, "v : volt\nI = I_syn : amp" + model.post_equations(), method="euler")
    target.v = -70 * mV
    defaultclock.dt = 2 * ms
    S = model.synapses(source, target)
    S.connect()
    name = f"b_{drug.default_label}_R"
    setattr(S, name, 0.6)
    monitor = StateMonitor(S, name, record=[0])
    run(duration * ms)
    return getattr(monitor, name)[0]


def test_voltage_and_magnesium_dependence_of_block():
    """Plateau against IC50(V): e-fold per 33.6 mV (delta .79 at 35 degC), and x(1 + Mg/K(V)) with Mg."""
    kelvins = 308.15
    drug = Ketamine(temperature=kelvins * kelvin, conc=1.0 * umolar)
    ratio = {}
    for voltage in (-70.0, 40.0):
        for Mg in (0.0, 1.0):
            duration = 120000.0 if voltage < 0 else 20000.0  # more than 20 time constants
            b = blocked_course(drug, 1.0, duration, voltage, Mg, dt=20.0)[-1]
            ratio[voltage, Mg] = (1 - b) / b  # IC50 in units of the concentration
    assert abs(ratio[40.0, 0.0] / ratio[-70.0, 0.0] / 26.4 - 1) <= 3e-3  # science 2.1 prints 26.4
    for voltage in (-70.0, 40.0):
        expected = 1 + np.exp(-0.062 * voltage) / 3.57
        assert abs(ratio[voltage, 1.0] / ratio[voltage, 0.0] / expected - 1) <= 1e-6
    efold = 110 / math.log(ratio[40.0, 0.0] / ratio[-70.0, 0.0])
    assert abs(efold - 33.6) <= 0.06


def test_no_drug_changes_nothing():
    """All three at concentration 0 with saturated sites: bit for bit the plain receptor."""
    plain, _, target = voltage_clamp(GlutamateSynapse(BioNMDA()), [1.0, 3.0], 30.0, "g_NMDA")
    expected = float(target.g_total_NMDA[0])
    drugs = dict(antagonist=DAP5(conc=0 * umolar), blocker=Memantine(conc=0 * umolar))
    got, _, target = voltage_clamp(GlutamateSynapse(BioNMDA(**drugs)), [1.0, 3.0], 30.0, "g_NMDA")
    assert np.array_equal(plain.g_NMDA, got.g_NMDA)
    assert float(target.g_total_NMDA[0]) == expected


def test_drugs_apply_to_any_receptor():
    """Every NMDA receptor of the library takes all three and is silenced by a high dose of D-AP5."""
    classes = [getattr(brian2_nmda.equations, n) for n in brian2_nmda.equations.__all__]
    receptors = [c for c in classes if issubclass(c, Receptor) and c.calcium_permeable]
    assert len(receptors) >= 10
    for c in receptors:
        drugged = c(antagonist=DAP5(), blocker=Memantine(), coagonist=GlycineSite(), label="NMDA")
        model = GlutamateSynapse([AMPA(), drugged])
        names = set(model.system.names)
        assert {"conc_DAP5_NMDA", "b_memantine_NMDA", "K_G_site_NMDA"} <= names
        assert not {n for n in names if n.endswith("_DAP5_AMPA")}
