"""Markov schemes against the eigen-decomposition of independent rate matrices and printed goldens.

The references (`library_reference`) state every scheme a second time, as matrices per ms, and share no
code with the package. The goldens are the printed numbers of science.md, made from the authors' files.
"""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest
from brian2 import (
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    TimedArray,
    defaultclock,
    mM,
    ms,
    mV,
    run,
    umolar,
)
from scipy.linalg import expm

from brian2_nmda import BioNMDA, GlutamateSynapse, ModelError, Receptor, T, TransmitterPulse
from brian2_nmda.equations import DAP5, FiveStateNMDA, KampaNMDA, PopescuNMDA, VargasCaballeroNMDA
from brian2_nmda.symbolic import analysis
from brian2_nmda.symbolic.part import Parameter, Reaction, occupancies

lib = SimpleNamespace(**run_path(str(Path(__file__).with_name("library_reference.py"))))

DESTEXHE = TransmitterPulse.preset("Destexhe 1998")
VOLTAGES = np.array([-70.0, -40.0, -20.0, 0.0, 40.0])
FIVE = {
    "Destexhe 1996": "Destexhe1996",
    "Clements 1992": "Clements1992",
    "Clements & Westbrook 1991": "ClementsWestbrook1991",
    "Edmonds & Colquhoun 1992": "EdmondsColquhoun1992",
    "Lester & Jahr 1992": "LesterJahr1992",
}


def clamp(receptor, voltages, duration, dt=0.1, spikes=(0.0,), release=DESTEXHE, steps=None):
    """Occupancies (state, synapse, sample) under voltage clamp; sample i is the state at i*dt.

    The eliminated one is added as 1 minus the others. ``steps=(time, voltages)`` changes the clamp once.
    """
    defaultclock.dt = dt * ms
    model = GlutamateSynapse(receptor, release=release)
    source = SpikeGeneratorGroup(1, np.zeros(len(spikes), int), np.array(spikes) * ms)
    target = NeuronGroup(len(voltages), "v : volt\nI = I_syn : amp" + model.post_equations(), method="euler")
    target.v = voltages * mV
    synapses = model.synapses(source, target, tolerance=None)  # the exact series
    synapses.connect()
    states = list(model.system.states)
    monitor = StateMonitor(synapses, states, record=True)
    if steps is None:
        run(duration * ms)
    else:
        run(steps[0] * ms)
        target.v = np.asarray(steps[1]) * mV
        run((duration - steps[0]) * ms)
    (first,) = model.system.eliminated
    got = np.array([getattr(monitor, n) for n in states])
    got = np.concatenate([1 - got.sum(axis=0, keepdims=True), got])
    assert (
        np.max(np.abs(getattr(synapses, first)[:] - 1 + sum(getattr(synapses, n)[:] for n in states))) < 1e-15
    )
    return got, synapses


def reference(scheme, times, p0, duration=1.0, **conditions):
    """All occupancies (time, state) for a 1 mM pulse of ``duration`` ms that starts at 0."""
    _, on, _ = scheme(T=1.0, **conditions)
    _, off, _ = scheme(T=0.0, **conditions)
    inside = times <= duration
    end = lib.relax(on, p0, duration)
    return np.concatenate([lib.relax(on, p0, times[inside]), lib.relax(off, end, times[~inside] - duration)])


# -- the five-state scheme -------------------------------------------------------------------------


@pytest.mark.parametrize("sites", [1, 2])
@pytest.mark.parametrize("preset", FIVE)
def test_five_state_relaxation(preset, sites):
    """Every occupancy at every step against ``p exp(Qt)``: 1e-12, since the step is exact."""
    receptor = FiveStateNMDA.preset(preset, sites=sites)
    got, synapses = clamp(receptor, [-70.0], 60.0)
    times = np.arange(got.shape[2]) * 0.1 - 0.1  # the pulse acts from the step after the spike on
    p0 = np.array([1.0, 0, 0, 0, 0])
    expected = reference(lib.five_state, times[1:], p0, **lib.FIVE_STATE_SETS[FIVE[preset]], sites=sites)
    assert np.max(np.abs(got[:, 0, 1:].T - expected)) <= 1e-12
    assert got.min() >= -4e-16  # the first is 1 minus the others: rounding only
    assert synapses.plan.steps["O_NMDA"].kind == "exact series"


@pytest.mark.parametrize(
    ("preset", "sites", "peak", "at", "po50"),
    [
        ("Destexhe 1996", 1, 0.272623, 20.92, 0.216482),
        ("Clements 1992", 1, 0.183121, 24.80, 0.154784),
        ("Clements & Westbrook 1991", 1, 0.026234, 11.62, 0.019305),
        ("Edmonds & Colquhoun 1992", 1, 0.262679, 21.60, 0.221390),
        ("Lester & Jahr 1992", 1, 0.381522, 17.94, 0.310196),
        ("Destexhe 1996", 2, 0.250404, 17.44, 0.163086),
        ("Lester & Jahr 1992", None, 0.373670, 16.24, 0.276533),
    ],
)
def test_five_state_goldens(preset, sites, peak, at, po50):
    """Peak, its time and Po(50 ms) of table 1d, in a simulation at 0.02 ms (the grid of the table).

    The last row has the two sites of the preset itself; by matrix exponential of the independent matrices.
    """
    chosen = {} if sites is None else {"sites": sites}
    got, _ = clamp(FiveStateNMDA.preset(preset, **chosen), [-70.0], 50.1, dt=0.02)
    po = got[4, 0]
    assert abs(po.max() - peak) <= 6e-7
    assert abs((np.argmax(po) - 1) * 0.02 - at) <= 0.011
    assert abs(po[1 + 2500] - po50) <= 6e-7


def test_lester_and_jahr_have_two_equal_sites():
    """As in their abstract: 130 ms from the peak to 1/e of it, where one factor of binding gives 262 ms."""
    for sites, decay in ((2, 129.86), (1, 261.60)):
        chosen = {"sites": 1} if sites == 1 else {}
        receptor = FiveStateNMDA.preset("Lester & Jahr 1992", **chosen)
        assert float(receptor.sites) == sites
        got, _ = clamp(receptor, [-70.0], 300.0, dt=0.25)
        assert abs(decay_time(got[4, 0], 0.25) - decay) <= 0.5  # peak and end are each known to a step


def decay_time(po, dt):
    """Time from the maximum to 1/e of it, in the unit of ``dt``."""
    peak = np.argmax(po)
    return dt * np.argmax(po[peak:] < po[peak] / np.e)


@pytest.mark.parametrize("form", [{}, {"tolerance": None}, {"optimize": False}], ids=str)
def test_drug_that_changes_in_time(form):
    """D-AP5 as a `TimedArray`: every occupancy by matrix exponentials, step by step, within 1e-12.

    One pulse begins before the concentration changes and ends after it.
    """
    defaultclock.dt = 0.1 * ms
    course, spikes = np.array([0.0, 1.0, 0.2]), (2.0, 8.4, 12.0, 20.0)
    drug = DAP5(conc=TimedArray(course * umolar, dt=9 * ms), Ki=0.28 * umolar)
    model = GlutamateSynapse(FiveStateNMDA(antagonist=drug), release=DESTEXHE)
    source = SpikeGeneratorGroup(1, np.zeros(len(spikes), int), np.array(spikes) * ms)
    target = NeuronGroup(1, "v = -70*mV : volt\nI = I_syn : amp" + model.post_equations())
    S = model.synapses(source, target, **form)
    S.connect()
    names = ["C1_NMDA", "C2_NMDA", "D_NMDA", "O_NMDA"]
    monitor = StateMonitor(S, names, record=True)
    run(27 * ms)
    p, chosen = np.array([1.0, 0, 0, 0, 0]), lib.FIVE_STATE_SETS[FIVE["Destexhe 1996"]]
    expected = []
    for step in range(270):
        expected.append(p)
        now = step * 0.1 + 0.05
        pulse = any(spike + 0.1 < now < spike + 1.1 for spike in spikes)  # it acts from the next step on
        transmitter = pulse / (1 + course[int(now / 9)] / 0.28)
        p = p @ expm(0.1 * lib.five_state(T=transmitter, sites=1, **chosen)[1])
    found = np.array([getattr(monitor, n)[0] for n in names]).T
    assert np.max(found[:, -1]) > 0.05
    assert np.max(np.abs(found - np.array(expected)[:, 1:])) <= 1e-12  # C0 is 1 minus the others


#: Open probability at 1 uM and at 1 mM, table 1d.
STEADY = {
    "Destexhe 1996": (0.052065, 0.219697),
    "Clements 1992": (0.051899, 0.159512),
    "Clements & Westbrook 1991": (0.001898, 0.002162),
    "Edmonds & Colquhoun 1992": (0.063472, 0.082206),
    "Lester & Jahr 1992": (0.148091, 0.276368),
}


def exact_steady(Q):
    """Stationary occupancies with 40 digits: the last equation is replaced by the sum."""
    with mpmath.workdps(40):
        A = mpmath.matrix(Q.T.tolist())
        for k in range(len(Q)):
            A[k, k] = -sum(mpmath.mpf(Q[k, j]) for j in range(len(Q)) if j != k)
        b = mpmath.zeros(len(Q), 1)
        b[len(Q) - 1] = 1
        for k in range(len(Q)):
            A[len(Q) - 1, k] = 1
        return np.array([float(x) for x in mpmath.lu_solve(A, b)])


def test_five_state_steady_state():
    """Symbolic steady state, the package's equilibrium and the independent null space agree."""
    for preset, key in FIVE.items():
        receptor = FiveStateNMDA.preset(preset, sites=1)
        values = {n: p.base() for n, p in receptor.template.parameters.items()}
        for index, concentration in enumerate((1e-3, 1.0)):
            known = {**values, "T": concentration}
            found = analysis.equilibrium(receptor.template.reactions, known)
            _, Q, _ = lib.five_state(T=concentration, **lib.FIVE_STATE_SETS[key])
            expected = exact_steady(Q)
            assert np.max(np.abs(np.array(list(found.values())) / expected - 1)) <= 1e-12, (preset, index)
            assert abs(found["O"] - STEADY[preset][index]) <= 6e-7


def test_five_state_symbolic_steady_state():
    receptor = FiveStateNMDA()
    symbolic = receptor.steady_state()
    known = {n: p.base() for n, p in receptor.template.parameters.items()} | {"T": 0.02}
    found = analysis.equilibrium(receptor.template.reactions, known)
    for name, expression in symbolic.items():
        value = float(expression.xreplace({s: analysis.sympy.Float(known[s.name], 30) for s in
                                           expression.free_symbols}))  # fmt: skip
        assert abs(value / found[name] - 1) <= 1e-10


@pytest.mark.parametrize(
    ("preset", "peak", "at", "steady"),
    [("GluN2A", 0.194808, 14.54, (0.055404, 0.389924)), ("GluN2B", 0.209957, 64.32, (0.083308, 0.455994))],
)
def test_popescu_goldens(preset, peak, at, steady):
    """Science 1g: peak and its time for 1 mM x 1 ms, and the steady open probability at 1 uM and 1 mM."""
    receptor = PopescuNMDA.preset(preset)
    values = {n: p.base() for n, p in receptor.template.parameters.items()}
    for concentration, expected in zip((1e-3, 1.0), steady, strict=True):
        found = analysis.equilibrium(receptor.template.reactions, {**values, "T": concentration})
        assert abs(found["O1"] + found["O2"] - expected) <= 6e-7
    got, _ = clamp(receptor, [-70.0], at + 2.0, dt=0.1)
    po = got[5, 0] + got[6, 0]
    assert abs(po.max() - peak) <= 6e-7 + 2e-5 * peak  # samples every 0.1 ms of a peak 10 ms wide
    assert abs((np.argmax(po) - 1) * 0.1 - at) <= 0.11


@pytest.mark.parametrize(
    ("preset", "peak", "at", "half", "later"),
    [
        ("GluN2A, 35 degC", 0.548771, 3.41, 22.44, {10: 0.440190, 50: 0.096207, 100: 0.014377}),
        ("GluN2B, 35 degC", 0.488625, 14.20, 118.07, {50: 0.390482, 100: 0.276690, 200: 0.138924}),
    ],
)
def test_popescu_at_35_degrees(preset, peak, at, half, later):
    """Rodrigues et al. 2023 at 35 degC, 1 mM x 1 ms: figures from a matrix exponential of their scheme.

    Peak, its time, the time of half of it, and the open probability later (ms after the pulse begins).
    """
    dt = 0.1
    got, _ = clamp(PopescuNMDA.preset(preset), [-70.0], max(*later, half) + 1, dt=dt)
    po = (got[5, 0] + got[6, 0])[1:]  # sample k is the state k*dt after the spike
    assert abs(po.max() - peak) <= 1e-4 * peak  # samples every 0.1 ms of a peak some ms wide
    assert abs(dt * np.argmax(po) - at) <= 1.1 * dt
    falling = np.argmax(po)
    assert abs(dt * (falling + np.argmax(po[falling:] < po.max() / 2)) - half) <= 1.1 * dt
    for time, expected in later.items():
        assert abs(po[round(time / dt)] - expected) <= 5e-6  # the factors have five digits


# -- schemes with magnesium ----------------------------------------------------------------------------


@pytest.mark.parametrize(("preset", "rates"), [("Kampa 2004", "KAMPA_2004"), ("Branco 2010", "BRANCO_2010")])
def test_kampa_relaxation(preset, rates):
    """All ten occupancies at five voltages against ``p exp(Qt)``, 1e-10, from equilibrium at -70 mV."""
    rates = getattr(lib, rates)
    got, synapses = clamp(KampaNMDA.preset(preset), VOLTAGES, 6.0)
    times = np.arange(got.shape[2]) * 0.1 - 0.1
    p0 = lib.steady(lib.kampa(T=0.0, v=-70.0, **rates)[1])
    for k, voltage in enumerate(VOLTAGES):
        # before the spike has arrived the clamp relaxes the receptors for one step
        start = lib.relax(lib.kampa(T=0.0, v=voltage, **rates)[1], p0, 0.1)
        expected = reference(lib.kampa, times[1:], start, v=voltage, **rates)
        assert np.max(np.abs(got[:, k, 1:].T - expected)) <= 1e-10, voltage
    assert got.min() >= -4e-16
    assert "exact series" in str(synapses.plan)


@pytest.mark.parametrize(
    ("voltage", "unbound", "blocked"),
    [
        (-80, ".00329", ".99671"),
        (-70, ".00730", ".99270"),
        (-60, ".01610", ".98390"),
        (0, ".66531", ".33469"),
    ],
)
def test_kampa_starts_in_equilibrium(voltage, unbound, blocked):
    """Occupancies at rest of science 1f.1, printed digits; the file's own U = 1 is not the rest."""
    system = GlutamateSynapse(KampaNMDA(v_start=voltage * mV)).system
    assert abs(system.initial["UM_NMDA"] - float(blocked)) <= 5.1e-6
    rest = 1 - sum(system.initial[n] for n in system.states)
    assert abs(rest - float(unbound)) <= 5.1e-6


#: Kampa: peak Po, time to peak for 1 mM x 1 ms from equilibrium at the clamp; and without Mg.
KAMPA_GOLDENS = [
    (-70, 1, 0.000608, 6.52), (-40, 1, 0.005509, 7.40), (-20, 1, 0.015734, 9.28), (0, 1, 0.026138, 11.52),
    (40, 1, 0.031815, 13.16), (-70, 0, 0.032122, 13.28),
]  # fmt: skip
VARGAS_GOLDENS = [
    (-70, 1, 0.004551, 8.46), (-40, 1, 0.039921, 10.44), (-20, 1, 0.119554, 13.66), (0, 1, 0.205603, 17.08),
    (40, 1, 0.250827, 18.88), (-70, 0, 0.253245, 18.98),
]  # fmt: skip


@pytest.mark.parametrize(("voltage", "Mg", "peak", "at"), KAMPA_GOLDENS)
def test_kampa_goldens(voltage, Mg, peak, at):
    receptor = KampaNMDA(v_start=voltage * mV, Mg=Mg * mM)
    got, _ = clamp(receptor, [float(voltage)], at + 1.0, dt=0.04)
    po = got[list(GlutamateSynapse(receptor).system.states).index("O_NMDA") + 1, 0]
    assert abs(po.max() - peak) <= 6e-7
    assert abs((np.argmax(po) - 1) * 0.04 - at) <= 0.041


def test_vargas_caballero_goldens():
    """Peaks and their times of science 1f.2 at six conditions, all from C0 = 1."""
    for Mg in (1, 0):
        goldens = [g for g in VARGAS_GOLDENS if g[1] == Mg]
        voltages = [float(g[0]) for g in goldens]
        got, _ = clamp(VargasCaballeroNMDA(Mg=Mg * mM), voltages, 19.6)
        p0 = np.r_[1.0, np.zeros(9)]
        times = np.arange(got.shape[2]) * 0.1 - 0.1
        for k, (voltage, _, peak, at) in enumerate(goldens):
            expected = reference(lib.vargas_caballero, times[1:], p0, v=voltage, Mg=float(Mg))
            assert np.max(np.abs(got[:, k, 1:].T - expected)) <= 1e-10
            # the peak, some 10 ms wide, may lie 0.05 ms from a sample
            assert abs(got[4, k].max() - peak) <= 6e-7 + 1.3e-5 * peak
            assert abs((np.argmax(got[4, k]) - 1) * 0.1 - at) <= 0.11


@pytest.mark.parametrize(
    ("closing", "fractions"),
    [(3.0, (0.2641, 0.3806, 0.4618, 0.7012, 0.8764)), (1.0, (0.7259, 0.9918, 0.9939, 0.9957, 0.9985))],
)
def test_vargas_caballero_slow_unblock(closing, fractions):
    """Po after -70 -> +40 mV as a fraction of that at 1 s: the slow unblock needs the asymmetry.

    The protocol behind the printed numbers is 0.01 mM transmitter throughout. Generator and equilibrium
    are the package's, the relaxation is SciPy's ``expm``.
    """
    receptor = VargasCaballeroNMDA(closing=closing)
    values = {n: p.base() for n, p in receptor.template.parameters.items()} | {"T": 0.01}
    reactions = receptor.template.reactions
    names, after = analysis.generator(reactions, {**values, "v": 0.04})
    start = analysis.equilibrium(reactions, {**values, "v": -0.07})
    p0 = np.array([start[n] for n in names])
    times = np.array([0.1, 0.5, 2, 10, 50, 1000.0])
    po = lib.relax(after * 1e-3, p0, times)[:, names.index("O")]
    assert np.max(np.abs(po[:-1] / po[-1] - fractions)) <= 5.1e-5


@pytest.mark.parametrize(
    ("part", "half"),
    [(KampaNMDA, -29.3147), (VargasCaballeroNMDA, -27.2246)],
)
def test_half_block(part, half):
    """Half block of the open channel alone: rates of ``O <-> OM`` are equal at the printed voltage."""
    receptor = part()
    values = {n: p.base() for n, p in receptor.template.parameters.items()}
    (reaction,) = [
        r for r in receptor.template.reactions if {r.source.name, r.target.name} <= {"O", "OM", "OB"}
    ]
    known = {**values, "v": half * 1e-3}
    bind, leave = (float(analysis.numeric(e, [], known)()) for e in (reaction.forward, reaction.backward))
    assert abs(bind / leave - 1) <= 0.08 * 6e-5  # e-fold per 12.5 mV, printed to 1e-4 mV


def test_detailed_balance():
    """Chains have no cycle. Kampa's published rates do not balance: which cycles circulate, and by how much.

    The ratio of the products of the rates both ways round a cycle does not depend on voltage, magnesium
    or transmitter, and is that of the independent matrix.
    """
    for part, states in ((FiveStateNMDA, 5), (VargasCaballeroNMDA, 10), (PopescuNMDA, 7)):
        assert len(part().template.reactions) == states - 1
    receptor = KampaNMDA()
    values = {n: p.base() for n, p in receptor.template.parameters.items()}
    cycles = [("U", "Cl", "ClM", "UM"), ("Cl", "D1", "D1M", "ClM"), ("D1", "D2", "D2M", "D1M")]
    cycles.append(("Cl", "O", "OM", "ClM"))

    def ratios(names, Q):
        i = {n.replace("Mg", "M"): k for k, n in enumerate(names)}
        found = []
        for cycle in cycles:
            steps = list(zip(cycle, (*cycle[1:], cycle[0]), strict=True))
            forward, backward = (np.prod([Q[x] for x in e]) for e in (
                [(i[a], i[b]) for a, b in steps], [(i[b], i[a]) for a, b in steps]))  # fmt: skip
            found.append(forward / backward)
        return np.array(found)

    expected = ratios(*lib.kampa(T=1.0, v=-20.0)[:2])
    for T_mM, voltage, Mg in ((1.0, -0.02, 1.0), (0.1, 0.03, 0.4)):
        known = {**values, "T": T_mM, "v": voltage, "Mg": Mg}
        got = ratios(*analysis.generator(receptor.template.reactions, known))
        assert np.max(np.abs(got / expected - 1)) <= 1e-12
    assert np.all(np.abs(expected - 1) > 0.03) and np.all(np.abs(np.log(expected)) < 0.4)
    assert "detailed balance" in KampaNMDA.irreversible


# -- a scheme of one's own ----------------------------------------------------------------------------


class TwoStep(Receptor):
    """A small scheme for the tests."""

    kb = Parameter(2 / (mM * ms), "binding rate")
    ku = Parameter(0.3 / ms, "unbinding rate")
    ko = Parameter(0.7 / ms, "opening rate")
    kc = Parameter(0.2 / ms, "closing rate")
    C, B, O = occupancies("C B O")
    reactions = (Reaction(C, B, kb * T, ku), Reaction(B, O, ko, kc))
    activation = O


def test_replace_the_table():
    wider = TwoStep().replace(reactions=[Reaction(TwoStep.C, TwoStep.B, TwoStep.kb * T, TwoStep.ku),
                                         Reaction(TwoStep.B, TwoStep.O, TwoStep.ko, TwoStep.kc),
                                         Reaction(TwoStep.O, TwoStep.C, TwoStep.ku)])  # fmt: skip
    assert wider.template.rates["O"] != TwoStep().template.rates["O"]
    assert any("dO/dt" in line for line in wider.difference(TwoStep()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: TwoStep().replace("dO/dt = ko*B : 1"), r"replace\(reactions="),
        (lambda: TwoStep().replace(dO=TwoStep.ko * TwoStep.B), r"replace\(reactions="),
        (lambda: BioNMDA().replace(reactions=[]), "no reaction table"),
        (lambda: TwoStep().replace(reactions=[Reaction(TwoStep.C, T, TwoStep.ku)]), "not declared by"),
        (lambda: FiveStateNMDA.preset("Lester & Jahr"), "Did you mean 'Lester & Jahr 1992'"),
        (lambda: BioNMDA.preset("x"), "it has none"),
        (lambda: FiveStateNMDA.preset("Destexhe 1996", Rx=1 / ms), "no parameter 'Rx'"),
    ],
)
def test_errors(change, message):
    with pytest.raises(ModelError, match=message):
        change()


def test_too_coarse_a_step_is_refused():
    """The number of terms is chosen for the dt at construction; rates too fast for it are an error."""
    defaultclock.dt = 0.1 * ms
    model = GlutamateSynapse(FiveStateNMDA(), release=DESTEXHE)
    source = SpikeGeneratorGroup(1, [0], [0] * ms)
    target = NeuronGroup(1, "v : volt\nI = I_syn : amp" + model.post_equations(), method="euler")
    synapses = model.synapses(source, target)
    synapses.connect()
    synapses.Rb_NMDA = 5000 / (mM * ms)
    with pytest.raises(Exception) as error:
        run(1 * ms)
    assert "too coarse for the occupancies" in str(error.value.__cause__)


def test_fast_voltage_beyond_the_range_stays_a_distribution():
    """Outside the voltages the series was made for, it lags but occupancies stay within [0, 1]."""
    got, _ = clamp(KampaNMDA(), [-150.0, 150.0], 3.0)
    assert got[1:].min() >= 0
    assert got[0].min() >= -4e-16


def test_a_scheme_of_one_reaction_needs_no_comma():
    found = []
    for as_table in (False, True):

        class TwoStates(Receptor):
            """Closed and open."""

            kon = Parameter(5 / mM / ms, "binding", status="assumed", source="for this test")
            koff = Parameter(0.1 / ms, "unbinding", status="assumed", source="for this test")
            C, O = occupancies("C O")
            line = Reaction(C, O, kon * T, koff)
            reactions = (line,) if as_table else line
            del line
            activation = O

        found.append(GlutamateSynapse(TwoStates(label="X")).system.rates)
    assert found[0]
    assert found[0] == found[1]
