"""Propagators of voltage-dependent schemes from tables, in C++ standalone.

Held against the naive form, ``optimize=False``, which takes the exact series on each synapse, and against
the matrix exponential of rate matrices that share no code with the package. The voltage of the targets is
given, so that all forms see the same.
"""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, device, mM, ms, mV
from numpy.testing import assert_allclose
from scipy.linalg import expm
from sympy import exp

import brian2_nmda.brian.tables as of_brian
import brian2_nmda.lowering.tables as lowering
from brian2_nmda import GlutamateSynapse, SpineCalcium, T, TwoExponentialAMPA
from brian2_nmda.equations import FiveStateNMDA, KampaNMDA, VargasCaballeroNMDA
from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.lowering.plan import make_plan
from brian2_nmda.symbolic.kinds import Receptor
from brian2_nmda.symbolic.part import Parameter, Reaction, occupancies, v

lib = SimpleNamespace(**run_path(str(Path(__file__).with_name("library_reference.py"))))

TABLES = Declarations(tolerance=1e-6, tables=True)
#: Bound of a step times the steps of a run.
ATOL = 1e-12 * 400


class Trapping(Receptor):
    """Magnesium enters the open channel, which then closes with it; few terms in its series."""

    Mg = Parameter(1 * mM, "magnesium", status="assumed", source="a test", bath=True)
    bind = Parameter(2 / (mM * ms), "binding", status="assumed", source="a test")
    unbind = Parameter(0.2 / ms, "unbinding", status="assumed", source="a test")
    opening = Parameter(0.6 / ms, "opening", status="assumed", source="a test")
    closing = Parameter(0.4 / ms, "closing", status="assumed", source="a test")
    enter = Parameter(0.2 / (mM * ms), "binding of magnesium", status="assumed", source="a test")
    leave = Parameter(1.5 / ms, "unbinding of magnesium", status="assumed", source="a test")
    v_in = Parameter(40 * mV, "voltage sensitivity of binding", status="assumed", source="a test")
    v_out = Parameter(50 * mV, "voltage sensitivity of unbinding", status="assumed", source="a test")
    v_start = Parameter(-60 * mV, "start", status="assumed", source="a test", sign="real")
    E = Parameter(0 * mV, "reversal potential", status="assumed", source="a test", sign="real")

    C, A, O, B, D = occupancies("C A O B D")
    reactions = (
        Reaction(C, A, bind * T, unbind),
        Reaction(A, O, opening, closing),
        Reaction(O, B, enter * Mg * exp(-v / v_in), leave * exp(v / v_out)),
        Reaction(B, D, closing, opening),
        Reaction(D, C, unbind, 0),
    )
    start_at = {v: v_start}
    activation = O
    default_label = "NMDA"
    calcium_permeable = True
    summary = "a test"


STATES = ["A_NMDA", "O_NMDA", "B_NMDA", "D_NMDA"]


def off_matrix(u, leave=1.5):
    """Rates per ms of `Trapping` without transmitter at ``u`` mV, states C A O B D."""
    into, out = 0.2 * np.exp(-u / 40), leave * np.exp(u / 50)
    Q = np.zeros((5, 5))
    for i, j, rate in ((1, 0, 0.2), (1, 2, 0.6), (2, 1, 0.4), (2, 3, into), (3, 2, out), (3, 4, 0.4),
                       (4, 3, 0.6), (4, 0, 0.2)):  # fmt: skip
        Q[j, i] += rate
        Q[i, i] -= rate
    return Q


def plan_of(receptor, **changes):
    return make_plan(GlutamateSynapse(receptor).system, Declarations(**{**vars(TABLES), **changes}), 1e-4)


# -- what is decided -----------------------------------------------------------------------------------


def test_without_transmitter_nothing_binds():
    """Of the ten states of Kampa, the bound ones are not reached from the two free ones."""
    (table,) = plan_of(KampaNMDA()).tables
    rest = len(table.states)
    free = {rest, table.states.index("UM_NMDA")}
    for name, columns in zip(table.states, table.columns, strict=True):
        assert set(columns) == (set(range(10)) if name == "UM_NMDA" else set(range(10)) - free)
    assert sum(map(len, table.columns)) == 74


@pytest.mark.parametrize(
    ("receptor", "scheme", "same"),
    [
        (KampaNMDA(), lib.kampa, lambda n: n.replace("M", "Mg")),
        (VargasCaballeroNMDA(), lib.vargas_caballero, lambda n: f"C{n}" if n in ("B0", "B1", "B2") else n),
    ],
    ids=["Kampa", "Vargas-Caballero"],
)
def test_entries_that_are_left_out_vanish(receptor, scheme, same):
    """And no others do: so it is in the matrix exponential of an independent rate matrix."""
    (table,) = plan_of(receptor).tables
    names, Q, _ = scheme(T=0.0, v=-30.0)
    P = expm(Q * 20).T  # ms; long enough for entries far away
    own = [same(n.removesuffix("_NMDA")) for n in table.states]
    order = [names.index(n) for n in own] + [k for k, n in enumerate(names) if n not in own]
    for k, columns in enumerate(table.columns):
        row = P[order[k], order]
        assert set(np.flatnonzero(row > 1e-12)) == set(columns)


def test_the_plan_says_so():
    plan = plan_of(KampaNMDA())
    (row,) = [r for r in plan.rows if r.variable == "O_NMDA"]
    assert row.integrated_by == (
        "propagator of its target, table of v from -90 to +60 mV; exact series with T; v held over the step"
    )
    assert row.error_bound == "1e-12 per step; order 1 in what is held"
    plan = plan_of(KampaNMDA(), tolerance=1e-4)
    assert {r.error_bound for r in plan.rows if r.variable == "O_NMDA"} == {
        "1e-10 per step; order 1 in what is held"
    }


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"tables": False}, "it needs C++ standalone"),
        ({"single_precision": True}, "float32 has too few digits"),
        ({"tolerance": 1e-8}, "tolerance=1e-08 is less than 1e-07"),
        ({"on_target": frozenset({"Mg"})}, "'Mg' changes, or differs between synapses or targets"),
        (
            {"per_synapse": frozenset({"mb_NMDA"})},
            "'mb_NMDA' changes, or differs between synapses or targets",
        ),
    ],
)
def test_the_plan_says_why_not(changes, why):
    plan = plan_of(KampaNMDA(), **changes)
    assert not plan.tables
    (row,) = [r for r in plan.rows if r.variable == "O_NMDA"]
    assert row.integrated_by == "exact series; v held over the step"
    assert row.why.endswith(f"; no table of propagators: {why}")


@pytest.mark.parametrize("changes", [{"tolerance": None}, {"optimize": False}, {"method": "brainpy_dyn"}])
def test_forms_that_stay_as_they_are(changes):
    plan = plan_of(KampaNMDA(), **changes)
    assert not plan.tables
    assert "table" not in str(plan)


def test_a_parameter_of_binding_may_differ_between_synapses():
    assert plan_of(KampaNMDA(), per_synapse=frozenset({"Rb_NMDA"})).tables


def test_a_scheme_without_voltage_is_not_spoken_of():
    plan = plan_of(FiveStateNMDA(), delay="per_synapse")
    assert not plan.tables
    assert "propagator" not in str(plan)


# -- what is computed ------------------------------------------------------------------------------------


def network(forms, receptor):
    """For each form a pair of synapse objects, as planned and naive, onto neurons of their own.

    The voltages of some neurons leave the table at times.
    """
    rng = np.random.default_rng(2)
    neuron, step = np.nonzero(rng.random((4, 390)) < 0.01)
    source = SpikeGeneratorGroup(4, neuron, (step + 1) * 0.1 * ms)
    net, pairs = Network(source), {}
    for name, form in forms.items():
        pairs[name] = []
        for optimize in (True, False):
            model = GlutamateSynapse(form.get("parts", receptor), **form.get("model", {}))
            # given by time: all forms see the same
            equations = "u = -40*mV + (15 + 20*i)*mV*sin(2*pi*31*Hz*t + i) : volt\nignored = I_syn : amp"
            equations += model.post_equations(v="u")
            target = NeuronGroup(
                5, equations, threshold="sin(2*pi*90*Hz*t) > 0.99", reset="", name=f"n_{name}_{optimize}"
            )
            seen = target if "slice" not in form else target[form["slice"]]
            made, options = [], form.get("synapses", {})
            if form.get("objects") and not optimize:  # Brian2 sums one object only on a target
                options = {"w": options["w"] * form["objects"]}
            for _ in range(form.get("objects", 1) if optimize else 1):
                S = model.synapses(source, seen, optimize=optimize, **options)
                form.get("connect", lambda S: S.connect())(S)
                form.get("after", lambda S: None)(S)
                made.append(S)
            recorded = StateMonitor(made[0], form.get("states", STATES), record=[0, 3, 7, 8])
            total = StateMonitor(target, "g_total_NMDA", record=True)
            net.add(target, *made, recorded, total)
            pairs[name].append((made[0], recorded, total, made))
    return net, pairs


def own_delays(S):
    S.delay = "(0.3 + 0.4*i + 0.1*j)*ms"


def own_binding(S):
    S.bind_NMDA = "(1 + 0.3*i + 0.1*j)/(mM*ms)"


def unsorted(S):
    S.connect(i=[3, 0, 0, 2, 1, 1], j=[4, 1, 1, 3, 0, 2])
    S.connect(i=[0, 2, 3, 1], j=[2, 2, 0, 4])


def regularly(S):
    S.run_regularly("A_NMDA = 0.5*A_NMDA", dt=5 * ms)


FORMS = {
    "default": {},
    "delays": {"synapses": {"delay": "per_synapse"}, "after": own_delays},
    "binding": {"synapses": {"per_synapse": ["bind_NMDA"]}, "after": own_binding},
    "subgroup": {"slice": slice(1, 4), "synapses": {"w": 0.7}, "objects": 2},
    "unsorted": {"connect": unsorted, "synapses": {"w": "constant"}},
    "statement": {"synapses": {"on_post": "O_NMDA = 0.5*O_NMDA"}},
    "equation": {
        "synapses": {"model": "dz/dt = B_NMDA/ms - z/(5*ms) : 1 (clock-driven)"},
        "states": [*STATES, "z"],
    },
    "calcium": {
        "parts": [TwoExponentialAMPA(), Trapping()],
        "model": {"calcium": SpineCalcium()},
        "states": [*STATES, "Ca"],
    },
    "regularly": {"after": regularly},
}


def agree(pairs, atol=ATOL):
    for name, (planned, naive) in pairs.items():
        for n in FORMS[name].get("states", STATES):
            expected = np.array(getattr(naive[1], n))
            assert expected.max() > 0, (name, n)
            scale = 1 if n in STATES else expected.max()
            assert_allclose(
                np.array(getattr(planned[1], n)), expected, rtol=0, atol=atol * scale, err_msg=f"{name}, {n}"
            )
            end, expected = (np.array(getattr(pair[0], n)[:]) for pair in (planned, naive))
            assert_allclose(end, expected, rtol=0, atol=atol * scale, err_msg=f"{name}, {n} at the end")
        expected = np.array(naive[2].g_total_NMDA)
        assert_allclose(np.array(planned[2].g_total_NMDA), expected, rtol=0, atol=10 * atol * expected.max())


def test_all_forms_of_declaration_in_two_runs(on_target, capfd):
    """With a parameter that changes between the runs, and a state that is set."""
    directory = on_target("cpp_standalone", build_on_run=False)
    net, pairs = network(FORMS, Trapping())
    for name, (planned, naive) in pairs.items():
        assert [t.states for t in planned[0].plan.tables] == [tuple(STATES)], name
        assert not naive[0].plan.tables
    net.run(20 * ms)
    for planned, naive in pairs.values():
        for S in (*planned[3], *naive[3]):
            S.leave_NMDA = 2.5 / ms
            S.A_NMDA = 0.2
            S.O_NMDA = 0.1
    net.run(20 * ms)
    device.build(directory=directory)
    assert "no table" not in capfd.readouterr().err
    agree(pairs)
    monitor = pairs["default"][0][1]
    follow_matrix_exponentials(monitor)


def follow_matrix_exponentials(monitor):
    """Steps without transmitter, of synapses 0, 3, 7 and 8, in the second run."""
    steps, found = np.array(monitor.t / ms), 0
    y = np.array([getattr(monitor, n) for n in STATES])
    for column, j in enumerate([0, 3, 2, 3]):
        for k in range(201, 399):
            u = -40 + (15 + 20 * j) * np.sin(2 * np.pi * 31e-3 * steps[k] + j)
            before, after = y[:, column, k], y[:, column, k + 1]
            start = np.array([1 - before.sum(), *before])
            expected = (expm(off_matrix(u, 2.5) * 0.1) @ start)[1:]
            if expected[0] > after[0] - 1e-6 and -90 < u < 60:  # nothing has bound
                assert_allclose(after, expected, rtol=0, atol=2e-12)
                found += 1
    assert found > 300


@pytest.mark.parametrize("mistake", ["coarse", "entry"])
def test_planted(on_target, capfd, monkeypatch, mistake):
    """A bound that is too wide shows, so the table is what is used; an entry too few is noticed before."""
    if mistake == "coarse":
        monkeypatch.setattr(lowering, "PER_STEP", 1e3)
        monkeypatch.setattr(of_brian, "WIDEST", 0.1)
    else:
        monkeypatch.setattr(
            lowering, "reached", lambda rates: ((0, 1, 2, 3), (1, 2, 3), (1, 2, 3), (1, 2, 3))
        )
    on_target("cpp_standalone")
    net, pairs = network({"default": {}}, Trapping())
    net.run(40 * ms)
    message = "no table of propagators has an error of at most"
    assert (message in capfd.readouterr().err) == (mistake == "entry")
    if mistake == "entry":
        agree(pairs)
        return
    found, expected = (np.array(pair[1].O_NMDA) for pair in pairs["default"])
    assert 1e-7 < np.max(np.abs(found - expected)) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("receptor", [KampaNMDA(), VargasCaballeroNMDA()], ids=["Kampa", "Vargas-Caballero"])
def test_shipped_models_for_a_second(on_target, receptor, capfd):
    """The conductance within a bound of 1e-12 per step, over 10 000 steps with spikes on both sides."""
    on_target("cpp_standalone")
    rng = np.random.default_rng(5)
    neuron, step = np.nonzero(rng.random((4, 10_000)) < 2e-3)
    source = SpikeGeneratorGroup(4, neuron, step * 0.1 * ms)
    model, totals = GlutamateSynapse(receptor), []
    net = Network(source)
    for optimize in (True, False):
        equations = "u = -65*mV + 20*mV*sin(2*pi*7*Hz*t + i) + 90*mV*exp(-((t/ms + 7*i) % 61)/1.5) : volt"
        target = NeuronGroup(3, f"{equations}\nignored = I_syn : amp" + model.post_equations(v="u"))
        S = model.synapses(source, target, optimize=optimize)
        S.connect()
        S.w = "1 + 0.1*i + 0.2*j"
        totals.append(StateMonitor(target, "g_total_NMDA", record=True, dt=1 * ms))
        net.add(target, S, totals[-1])
    net.run(1000 * ms)
    assert "no table" not in capfd.readouterr().err
    planned, naive = (np.array(m.g_total_NMDA) for m in totals)
    assert np.max(np.abs(planned - naive)) < 1e-8 * np.max(naive)
