"""The conformance suite: every shipped model passes, every check bites, every mutant is caught.

Held against: planted errors, one small wrong model for each check that fails that check and no other; and
mutants of every model, generated (`mutants.py`), which the checks, an independent statement of the equations
(`twins.py`) and the frozen numbers (``golden/parameters.json``) have to catch between them.
"""

import json
import re
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import brian2 as b2
import numpy as np
import pytest
from brian2 import mM, mmetre, ms, mV, nS, second, umolar
from brian2.devices.device import RuntimeDevice
from sympy import Heaviside, S, exp

import brian2_nmda.equations as library
from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    JahrStevens,
    ModelError,
    SpineCalcium,
)
from brian2_nmda.conformance import NUMERICAL, SYMBOLIC, CheckResult, check_model, checks_for, numerical
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.kinds import Antagonist, Block, CoAgonist, NeuronFragment, Plasticity, Receptor
from brian2_nmda.symbolic.part import (
    Ca,
    G_open,
    Parameter,
    Reaction,
    T,
    conductance,
    occupancies,
    released,
    states,
    v,
)

here = Path(__file__).parent
twins = run_path(str(here / "twins.py"))["TWINS"]
mutations = SimpleNamespace(**run_path(str(here / "mutants.py")))
frozen = SimpleNamespace(**run_path(str(here / "freeze_parameters.py")))
TABLE = json.loads(frozen.TABLE.read_text())
SHIPPED = frozen.shipped()

# -- shipped models pass ---------------------------------------------------------------------------

#: Checks that a shipped model does not pass, and why; a check that passes after all is a failure.
WAIVED = {
    ("ClarkeJohnsonNMDA", "connectivity"): "trapped magnesium: RAM and RM are left only with transmitter",
    ("VargasCaballeroNMDA", "connectivity"): "asymmetric trapping: B0 and B1 are left only with transmitter",
    ("WangJumpNMDA", "singularities"): "k_0 diverges at tau_x = tau_s; tau_x has to be the smaller one",
}
#: Many states, in many terms where rates are fast, or by Runge-Kutta: half a minute in Brian2.
LONG = {
    "BankeTraynelisNMDA",
    "BindingEnzymes",
    "Calmodulin",
    "ClarkeJohnsonNMDA",
    "CountedLTypeChannels",
    "CountedRTypeChannels",
    "CountedTTypeChannels",
    "DesensitisingAMPA",
    "FiveStateGABA",
    "GraupnerBrunel2007",
    "HillTononiBlock",
    "KampaNMDA",
    "LTypeChannels",
    "RTypeChannels",
    "RamanTrussellAMPA",
    "RodriguesAMPA",
    "RodriguesEnzymes",
    "RodriguesGluN2A",
    "RodriguesGABA",
    "RodriguesGluN2B",
    "TTypeChannels",
    "VargasCaballeroNMDA",
}
SIMULATED = {name for name, _, _ in NUMERICAL}


def cases():
    """A check of a model, with an id that names both; presets are not simulated."""
    for name, part in SHIPPED.items():
        family = name.split(":")[0]
        options = dict(table=TABLE.get(name, {}), targets=("numpy",) if name == family else ())
        if family in twins:
            options["reference"] = twins[family]
        for check, run in checks_for(part, **options):
            marks = []
            if check in SIMULATED:  # one process: they look at the same runs
                marks.append(pytest.mark.xdist_group(name))
            if (family, check) in WAIVED:
                reason = WAIVED[family, check]
                marks.append(pytest.mark.xfail(strict=True, raises=ModelError, reason=reason))
            if family in LONG and check in SIMULATED:
                marks.append(pytest.mark.slow)
            yield pytest.param(run, id=f"{name}-{check}", marks=marks)


@pytest.mark.parametrize("check", list(cases()))
def test_shipped_model(check):
    assert check().passed


def test_waived_checks_exist():
    for family, check in WAIVED:
        assert check in dict(checks_for(SHIPPED[family]))


def test_every_model_has_a_twin():
    """A new model needs a line in ``twins.py``: its equations, written once more."""
    assert {n.split(":")[0] for n in SHIPPED} - set(twins) == set()


def test_frozen_numbers_are_those_of_the_library():
    """After a change that was checked against its source: ``python tests/freeze_parameters.py``."""
    assert list(frozen.differences(TABLE, frozen.values(SHIPPED))) == []


# -- every check bites -----------------------------------------------------------------------------


def provided(value, meaning, **options):
    """A parameter with a source, so that only what is planted is wrong."""
    return Parameter(value, meaning, source="doi:10.1234/planted", **options)


class UnusedParameter(AMPA):
    """A number that no equation reads."""

    extra = provided(1 * ms, "nothing")
    summary = "planted"


class IdleState(AMPA):
    """A state that nothing depends on."""

    z = states("z", within=(0, 1))
    dz = T * AMPA.alpha * (1 - z) - AMPA.beta * z
    summary = "planted"


class BoundIsATime(library.BackPropagatingSpike):
    """A bound of a voltage that is a time."""

    _b = library.BackPropagatingSpike
    ceiling = provided(5 * second, "a time")
    A_fast = states("A_fast", within=(0, ceiling), unit=mV)
    dA_fast = -A_fast / _b.tau_fast
    summary = "planted"


class NamedLikeItsCurrent(Receptor):
    """Its state I_receptor has the name of its current."""

    a = provided(1.1 / (mM * ms), "binding rate")
    b = provided(0.19 / ms, "unbinding rate")
    gmax = provided(1 * nS, "maximal conductance", sign="nonnegative")
    I = states("I", within=(0, 1))
    dI = a * T * (1 - I) - b * I
    activation = I
    summary = "planted"


class NoSource(AMPA):
    """A reported value without a reference."""

    beta = Parameter(0.19 / ms, "unbinding rate", source="a colleague")
    summary = "planted"


class Undocumented(AMPA):
    summary = "planted"


Undocumented.__doc__ = None


class Leaky(Receptor):
    """Opens without transmitter."""

    Rb = provided(5 / (mM * ms), "binding")
    Ru = provided(0.1 / ms, "unbinding")
    Ro, Rc = provided(0.2 / ms, "opening"), provided(0.3 / ms, "closing")
    leak = provided(0.01 / ms, "opening without transmitter")
    C, A, O = occupancies("C A O")
    reactions = (Reaction(C, A, Rb * T + leak, Ru), Reaction(A, O, Ro, Rc))
    activation = O
    summary = "planted"


class Circulating(Receptor):
    """Three states that are driven round."""

    a, b, c = provided(1 / ms, "there"), provided(2 / ms, "back"), provided(5 / (mM * ms), "binding")
    C, A, O = occupancies("C A O")
    reactions = (Reaction(C, A, c * T, b), Reaction(A, O, a, a), Reaction(C, O, c * T, a))
    activation = O
    summary = "planted"


class LeavesRestForEver(Receptor):
    """Above a threshold transmitter binds without a way back, but the first state is not the last."""

    c, u, T_0 = (
        provided(5 / (mM * ms), "binding"),
        provided(1 / ms, "unbinding"),
        provided(0.1 * mM, "threshold"),
    )
    C, O = occupancies("C O")
    reactions = (Reaction(C, O, c * T, u * Heaviside(T_0 - T)),)
    activation = O
    irreversible = "planted"
    summary = "planted"


class WrongClosedForm(AMPA):
    """A closed form that is not where the rate vanishes."""

    summary = "planted"

    def steady_state(self):
        return {"g": super().steady_state()["g"] / 2}


class NeverSaturates(AMPA):
    """Binding that does not stop at 1."""

    dg = AMPA.alpha * T - AMPA.beta * AMPA.g
    summary = "planted"


class JumpsTooFar(Receptor):
    """A jump that does not stop at 1."""

    tau = provided(5 * ms, "decay")
    s = states("s", within=(0, 1))
    ds = -s / tau
    on_spike = {s: s + 0.3 * released}
    activation = s
    summary = "planted"


class DividesByDifference(Receptor):
    """Two exponentials with the textbook factor, which is 0/0 at equal time constants."""

    tau_rise, tau_decay = provided(2 * ms, "rise"), provided(9 * ms, "decay")
    s, g = states("s g", within=(0, None))
    ds = -s / tau_rise
    dg = -g / tau_decay + s * tau_decay / (tau_decay - tau_rise) / tau_rise
    on_spike = {s: s + released}
    activation = g
    summary = "planted"


class WrongExponent(Block):
    """Depolarisation blocks."""

    Mg = provided(1 * mM, "magnesium", sign="nonnegative", bath=True)
    K, k = provided(3.57 * mM, "dissociation constant"), provided(0.062 / mV, "slope")
    block = 1 / (1 + Mg / K * exp(k * v))
    summary = "planted"


class NeverWhole(WrongExponent):
    """A thousandth stays blocked without magnesium."""

    _w = WrongExponent
    block = 0.999 / (1 + _w.Mg / _w.K * exp(-_w.k * v))


class WrongSign(AMPA):
    """At the published E = 0 mV this is right."""

    current = symbol("conductance") * symbol("block") * (v + AMPA.E)
    summary = "planted"


class Outflux(SpineCalcium):
    """Calcium that leaves."""

    current = (
        SpineCalcium.fraction * G_open * (SpineCalcium.E - v) * (SpineCalcium.v_cal / SpineCalcium.v_cal)
    )
    summary = "planted"


class NoValence(library.FractionOfCurrent):
    """One elementary charge per calcium ion."""

    _f = library.FractionOfCurrent
    dCa = -symbol("I_Ca") / (_f.F * _f.V * (1 + _f.kappa)) - (_f.Ca - _f.rest) / _f.tau
    summary = "planted"


class AlwaysThere(Antagonist):
    """Acts without being there."""

    conc = provided(1 * umolar, "concentration", sign="nonnegative")
    Ki = provided(0.3 * umolar, "dissociation constant")
    transmitter = T / (2 + conc / Ki)
    available = 1 / (1 + conc / Ki)
    summary = "planted"


class NeverNeeded(CoAgonist):
    """Channels open without co-agonist."""

    G = provided(1 * umolar, "ligand", sign="nonnegative")
    K = provided(0.3 * umolar, "dissociation constant")
    occupancy = (1 + G / K) / (2 + G / K)
    summary = "planted"


def _doubled():
    """Binding twice as fast in the second step, unbinding as before."""
    first, second, *others = library.FiveStateNMDA().template.reactions
    return [first, Reaction(second.source, second.target, 2 * second.forward, second.backward), *others]


class NeverRaised(Receptor):
    """Two pools that close; a spike opens the one, and the jump of the other was forgotten."""

    tau_f, tau_s = provided(50 * ms, "fast closing"), provided(200 * ms, "slow closing")
    f, s = states("f s", within=(0, 1))
    df, ds = -f / tau_f, -s / tau_s
    on_spike = {f: f + 0.5 * released * (1 - f - s)}
    activation = f + s
    summary = "planted"


def _without_decay():
    """A trace that every spike raises and nothing lowers; its time constant is still in the jump of W."""
    part = library.ClopathSTDP()
    return mutations.rebuilt(part, rates={**part.template.rates, "x": S.Zero})


def _magnesium_leaves_by_binding():
    """One of five reactions with magnesium the wrong way round."""
    part = library.KampaNMDA()
    table = [
        Reaction(r.source, r.target, r.backward, r.forward)
        if str(r.target) == "D2M" and r.forward.has(v)
        else r
        for r in part.template.reactions
    ]
    return part.replace(reactions=table)


PLANTED = [
    ("completeness", UnusedParameter, {}),
    ("completeness", IdleState, {}),
    ("names", NamedLikeItsCurrent, {}),
    ("dimensions", BoundIsATime, {}),
    ("provenance", NoSource, {}),
    ("provenance", Undocumented, {}),
    ("magnitude", SpineCalcium(V=0.1 * mmetre**3), {}),
    ("connectivity", Leaky, {}),
    ("microscopic reversibility", Circulating, {}),
    ("statistical factors", library.FiveStateNMDA().replace(reactions=_doubled()), {}),
    ("steady state", LeavesRestForEver, {}),
    ("steady state", WrongClosedForm, {}),
    ("invariance", NeverSaturates, {}),
    ("invariance", JumpsTooFar, {}),
    ("invariance", library.BackPropagatingSpike().replace(on_spike={"A_fast": "2*fast*height - A_fast"}), {}),
    ("moves", NeverRaised, {}),
    ("comes back", library.TripletSTDP().replace(dr1="r1/tau_plus"), {}),
    ("comes back", _without_decay(), {}),
    ("one spike", library.TwoExponentialAMPA().replace(ds="-2*s/tau_rise"), {}),
    ("one spike", library.BCM().replace(on_spike={"x": "x + 2/tau_rate"}), {}),
    ("ligand balance", _magnesium_leaves_by_binding(), {}),
    ("singularities", DividesByDifference, {}),
    ("block", WrongExponent, {}),
    ("block", NeverWhole, {}),
    ("block", JahrStevens().replace(block="1/(1 + Mg/K*exp(-k*v))**2"), {}),
    ("current", WrongSign, {}),
    ("counted once", BioNMDA().replace(activation=symbol("g") * symbol("block")), {}),
    ("time scales", BioNMDA(beta1=0.01 / second), {}),
    ("calcium", Outflux, {}),
    ("calcium", NoValence, {}),
    ("calcium", library.YeungCalcium().replace(dCa="influx*I_Ca - Ca/tau"), {}),
    ("drug", AlwaysThere, {}),
    ("co-agonist", NeverNeeded, {}),
    ("reference", AMPA().replace(dg="alpha*T*(1 - g)**2 - beta*g"), {"reference": twins["AMPA"]}),
    ("parameter table", AMPA(), {"table": {**TABLE["AMPA"], "alpha": 1.05 * TABLE["AMPA"]["alpha"]}}),
    ("parameter table", AMPA(), {"table": {n: x for n, x in TABLE["AMPA"].items() if n != "beta"}}),
]


def failing(model, **options):
    return {r.name for r in check_model(model, raise_=False, **options) if not r.passed}


@pytest.mark.parametrize(
    ("check", "model", "options"),
    PLANTED,
    ids=[f"{c}-{getattr(m, '__name__', type(m).__name__)}" for c, m, _ in PLANTED],
)
def test_check_bites(check, model, options):
    """A planted error fails its check and no other; without simulations."""
    assert failing(model, targets=(), **options) == {check}


def test_table_and_equations_have_to_agree():
    """An outflow is dropped from an equation, not from the table; the sum of the occupancies then grows."""
    part = library.FiveStateNMDA()
    O, flow = symbol("O"), symbol("Rc") * symbol("O")
    wrong = mutations.rebuilt(part, rates={**part.template.rates, "O": part.template.rates["O"] + flow})
    assert O in flow.free_symbols
    assert failing(wrong, targets=()) == {"reaction table", "invariance"}


class HandEliminated(Receptor):
    """A scheme C - O - D of which C was eliminated by hand; its states never leave the simplex."""

    a, b = provided(1.1 / (mM * ms), "binding rate"), provided(0.19 / ms, "unbinding rate")
    k, r = provided(0.1 / ms, "desensitisation"), provided(0.01 / ms, "resensitisation")
    o, d = states("o d", within=(0, 1))
    do = a * T * (1 - o - d) - b * o - k * o
    dd = k * o - r * d
    activation = o
    summary = "planted"


class WrittenInFull(Receptor):
    """The same scheme with nothing eliminated; the sum of its states is 1 for ever."""

    _h = HandEliminated
    a, b = provided(1.1 / (mM * ms), "binding rate"), provided(0.19 / ms, "unbinding rate")
    k, r = provided(0.1 / ms, "desensitisation"), provided(0.01 / ms, "resensitisation")
    c = states("c", within=(0, 1), initial=1)
    o, d = states("o d", within=(0, 1))
    dc = -a * T * c + b * o
    do = a * T * c - b * o - k * o + r * d
    dd = k * o - r * d
    activation = o
    summary = "planted"


class JumpsIntoShares(Receptor):
    """A spike opens what is closed; the open and the desensitised fraction share one whole."""

    p, tau = provided(0.5, "release", sign="fraction"), provided(20 * ms, "decay")
    o, d = states("o d", within=(0, 1))
    do = -o / tau
    dd = o / tau - d / (3 * tau)
    on_spike = {o: o + p * released * (1 - o - d)}
    activation = o
    summary = "planted"


@pytest.mark.parametrize("model", [HandEliminated, WrittenInFull, JumpsIntoShares])
def test_shares_of_one_whole_are_recognised(model):
    """They never reach the corners of the box of their intervals, where a rate would point outwards."""
    assert failing(model, targets=()) == set()


def test_shares_that_exceed_the_whole_are_found():
    """The state d takes from nowhere: no simplex is invariant; the message names ``occupancies``."""
    wrong = HandEliminated().replace(dd="k*o + 3*b*o - r*d")
    with pytest.raises(
        ModelError, match=r"points outwards .*; if o, d are shares of one whole, .*occupancies"
    ):
        check_model(wrong, targets=())


MISJUDGED = {
    "closing in 100 s": (lambda: BioNMDA(beta1=0.01 / second), "time scales", "time constant of 100 s"),
    "block counted twice": (
        lambda: BioNMDA().replace(activation="g*block"),
        "counted once",
        "more than once",
    ),
    "no block at rest": (
        lambda: JahrStevens().replace(block="1/(1 + Mg/K*exp(-k*(v + 65*mV)))"),
        "block",
        "at rest: at -70 mV and 1 mM magnesium 72 %",
    ),
    "swapped statistical factors": (
        lambda: library.VargasCaballeroNMDA().replace(reactions=_swapped()),
        "statistical factors",
        "C0 -> C1 -> C2 bind at equal sites, but C1 -> C2 is 2 times as fast",
    ),
    "calcium that stays": (
        lambda: SpineCalcium(tau=100 * second),
        "time scales",
        "above rest is still there",
    ),
}


def _swapped():
    """The table with the factors of the first two steps exchanged."""
    first, second, *others = library.VargasCaballeroNMDA().template.reactions
    one = Reaction(first.source, first.target, first.forward / 2, first.backward * 2)
    two = Reaction(second.source, second.target, second.forward * 2, second.backward / 2)
    return [one, two, *others]


@pytest.mark.parametrize("what", MISJUDGED)
def test_plausible_slips_are_found_in_words(what):
    make, check, text = MISJUDGED[what]
    found = {r.name: r.message for r in check_model(make(), targets=(), raise_=False) if not r.passed}
    assert text in found[check]


class SpikeCounter(Plasticity):
    """A rule that grows stronger with every spike, for ever."""

    slow = "it counts the spikes of a lifetime"

    n_1 = provided(1e4, "spikes that double the conductance")
    n = states("n", within=(0, None), meaning="spikes so far")
    dn = 0
    on_spike = {n: n + 1}
    conductance = conductance * (1 + n / n_1)
    summary = "right"


class ScaledByCalcium(Plasticity):
    """Multiplicative scaling: without calcium the conductance grows in proportion to itself."""

    relaxes = "it follows calcium"

    k, goal = provided(1e-4 / (umolar * second), "gain"), provided(0.5 * umolar, "target")
    W = states("W", within=(0, None), initial=1, meaning="weight")
    dW = k * (goal - Ca) * W
    conductance = conductance * W
    summary = "right"


class QuadraticNeuron(NeuronFragment):
    """A membrane that runs away by itself, to where its spike resets it."""

    tau, width = provided(10 * ms, "membrane"), provided(5 * mV, "width of the threshold")
    u = states("u", within=(None, None), unit=mV, meaning="potential of the dendrite")
    du = u * (u / width - 1) / tau + v / tau
    on_spike = {u: 0}
    voltage = v + u
    summary = "right"


class SetByHand(AMPA):
    """A drug that a script puts into the bath, from where it is washed out."""

    moved_by_hand = "the script sets c"

    tau_c, K = provided(60 * second, "wash-out"), provided(1 * umolar, "half effect")
    c = states("c", within=(0, None), unit=umolar)
    dc = -c / tau_c
    activation = AMPA.g / (1 + c / K)
    summary = "right"


class TwoIons(Block):
    """Block by two ions at sites of their own."""

    cooperative = "two ions"

    Mg = provided(1 * mM, "magnesium", sign="nonnegative", bath=True)
    K, k = provided(3.57 * mM, "dissociation constant"), provided(0.062 / mV, "slope")
    block = 1 / (1 + Mg / K * exp(-k * v)) ** 2
    summary = "right"


@pytest.mark.parametrize("model", [SpikeCounter, ScaledByCalcium, QuadraticNeuron, SetByHand, TwoIons])
def test_what_is_right_and_unusual_is_not_refused(model):
    """By itself, or where the class states the exception."""
    assert failing(model, targets=()) == set()


def test_a_magnesium_free_bath_is_no_error():
    """The block is judged at 1 mM, whatever the experiment has."""
    assert failing(JahrStevens(Mg=10 * umolar), targets=()) == set()


def test_a_time_constant_that_a_user_adds_may_not_vanish():
    """Nobody said that ``tau_in`` may be 0: dividing by it is no singularity."""
    slow = AMPA().replace("dh/dt = (1 - h)/tau_in : 1", activation="g*h", tau_in=80 * ms)
    assert failing(slow, targets=()) == set()


# In Brian2: what is planted passes all symbolic checks.


class NeverOpens(AMPA):
    """Channels wait for more transmitter than any release brings: nothing ever happens."""

    T_0 = provided(50 * mM, "threshold of binding")
    dg = AMPA.alpha * T * Heaviside(T - T_0) * (1 - AMPA.g) - AMPA.beta * AMPA.g
    summary = "planted"


class Chatters(AMPA):
    """A threshold in its own state, which a smooth scheme of order 4 steps over."""

    x = states("x", within=(0, 1))
    theta = provided(0.1, "threshold")
    dx = AMPA.alpha * T * (1 - x) - AMPA.beta * x
    dg = AMPA.alpha * T * (1 - AMPA.g) * x * Heaviside(theta - AMPA.g) * (1 - AMPA.g) - AMPA.beta * AMPA.g * x
    slow = "planted"
    summary = "planted"


class StartsHigh(SpineCalcium):
    """Starts above rest."""

    _s = SpineCalcium
    Ca = states("Ca", within=(None, None), unit=mM, initial=2 * _s.rest, bare=True)
    dCa = -symbol("I_Ca") / (2 * _s.F * _s.V * (1 + _s.kappa)) - (Ca - _s.rest) / _s.tau
    summary = "planted"


class ReadsTheClock(Plasticity):
    """Learns more the later it is."""

    slow = "it counts spikes"
    tau = provided(1 * second, "ageing")
    n = states("n", within=(0, None), initial=1)
    dn = 0
    on_post_spike = {n: n + symbol("t") / tau}
    conductance = conductance * n
    summary = "planted"


class AlwaysOpen(AMPA):
    """A thousandth of the channels needs no transmitter."""

    leak = provided(0.001, "open fraction at rest")
    activation = AMPA.g + leak
    summary = "planted"


class Drifts(Plasticity):
    """Forgets within a day."""

    tau = provided(1e4 * second, "a tenth of forgetting")
    n = states("n", within=(0, None), initial=1)
    dn = -0.1 * n / tau
    on_spike = {n: n + 0.1 * n}
    conductance = conductance * n
    summary = "planted"


class Kinase(Plasticity):
    """A kinase that resting calcium turns on a little: to 1e-5, within seconds."""

    k_on, k_off = provided(5 / second, "activation"), provided(0.1 / second, "inactivation")
    K, gain = provided(4 * umolar, "half activation"), provided(1.0, "strength")
    A = states("A", within=(0, 1))
    dA = k_on * Ca**4 / (K**4 + Ca**4) * (1 - A) - k_off * A
    conductance = conductance * (1 + gain * A)
    summary = "planted"


def test_a_kinase_that_settles_near_its_start_does_not_drift():
    model = GlutamateSynapse([AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=Kinase())
    assert failing(model) == set()


@pytest.mark.parametrize(
    ("check", "model"),
    [
        ("runs", NeverOpens),
        ("trace", Chatters),
        ("fixed point", StartsHigh),
        ("time shift", ReadsTheClock),
        ("transmitter", AlwaysOpen),
        ("plasticity", Drifts),
    ],
)
def test_check_bites_in_brian2(check, model):
    assert failing(model) == {check}


@pytest.mark.parametrize(
    ("check", "form", "variable", "factor"),
    [
        ("optimised form", "optimised", "g_total_AMPA", 1 + 1e-8),
        ("scaling", "both", "pair", 1 + 1e-11),
    ],
)
def test_check_of_recorded_data_bites(monkeypatch, check, form, variable, factor):
    """No equations can break these; the recorded traces are changed by ten times the tolerance."""
    run = numerical.Simulations.network

    def perturbed(self, *args, **kwargs):
        found = run(self, *args, **kwargs)
        for (_, which), data in found.data.items():
            if variable == "pair":
                data["g_total_AMPA"][numerical.PAIR] *= factor
            elif which == form:
                data[variable][:] *= factor
        return found

    monkeypatch.setattr(numerical.Simulations, "network", perturbed)
    assert failing(AMPA) == {check}


def test_agreement_of_targets_bites(monkeypatch):
    """Both runs are on NumPy; the second is changed by ten times the tolerance."""
    run = numerical.Simulations.network

    def perturbed(self, dt, forms, duration, target="numpy"):
        found = run(self, dt, forms, duration)
        if target == "cython":
            for data in found.data.values():
                data["g_AMPA"] = data["g_AMPA"] * (1 + 1e-8)
        return found

    monkeypatch.setattr(numerical.Simulations, "network", perturbed)
    assert failing(AMPA, targets=("numpy", "cython")) == {"agreement on cython"}


def test_every_check_is_shown_to_bite():
    shown = {c for c, _, _ in PLANTED} | {"reaction table", "optimised form", "scaling"}
    shown |= {"runs", "trace", "fixed point", "time shift", "transmitter", "plasticity"}
    assert shown == {n for n, _, _ in (*SYMBOLIC, *NUMERICAL)} | {"reference", "parameter table"}


# -- what a user meets -----------------------------------------------------------------------------


def test_message_lists_all_failures():
    class Wrong(NeverSaturates):
        current = symbol("conductance") * symbol("block") * (v + AMPA.E)

    with pytest.raises(ModelError) as error:
        check_model(Wrong, targets=())
    text = str(error.value)
    assert "Wrong fails 3 of" in text
    for part in (
        "provenance: FAILED: Wrong",
        "invariance: FAILED: Wrong",
        "current: FAILED: Wrong",
        "(v - E)",
    ):
        assert part in text
    assert "at its upper bound 1 the rate of 'g' points outwards" in text


def test_results_are_readable():
    results = check_model(AMPA, targets=())
    assert all(isinstance(r, CheckResult) and r.passed for r in results)
    assert str(results[0]) == "completeness: passed"
    skipped = next(
        r for r in check_model(library.FirstOrderNMDA, targets=(), raise_=False) if r.name == "block"
    )
    assert str(skipped) == "block: passed"


def test_expected_failures_are_strict():
    reason = {"current": "planted"}
    (found,) = (
        r for r in check_model(WrongSign, targets=(), expected_failures=reason) if r.name == "current"
    )
    assert found.passed and found.skipped == "expected to fail: planted"
    with pytest.raises(ModelError, match="expected to fail \\(planted\\), but it passes"):
        check_model(AMPA, targets=(), expected_failures=reason)
    with pytest.raises(ModelError, match="there is no check 'curent'"):
        check_model(AMPA, targets=(), expected_failures={"curent": "planted"})


@pytest.mark.parametrize("model", [3, "AMPA", GlutamateSynapse, None])
def test_what_is_no_model(model):
    with pytest.raises(ModelError, match="check_model expects a part"):
        check_model(model)


def test_unknown_target():
    with pytest.raises(ModelError, match="unknown target 'gpu'"):
        check_model(AMPA, targets=("gpu",))


def test_whole_synapse():
    """All parts of a synapse are checked, each by what it is."""
    model = GlutamateSynapse([AMPA(), BioNMDA(block=JahrStevens(Mg=1.2 * mM))], calcium=SpineCalcium())
    results = check_model(model)
    assert {"block", "current", "calcium", "trace"} <= {r.name for r in results}
    wrong = GlutamateSynapse([AMPA(), WrongSign(label="B"), BioNMDA(block=WrongExponent())])
    assert failing(wrong, targets=()) == {"block", "current"}


def test_brian2_is_left_as_it_was():
    """Time step, target, and the objects of a magic network."""
    b2.defaultclock.dt = 0.03 * ms
    group = b2.NeuronGroup(1, "x : 1")
    check_model(AMPA)
    assert b2.defaultclock.dt == 0.03 * ms
    assert b2.prefs["codegen.target"] == "numpy"
    assert {o.name for o in b2.collect()} == {group.name}


def test_users_own_receptor():
    """What the README shows: a receptor from a text is checked as it is."""
    kainate = Receptor.from_string(
        "KA", "dr/dt = a*T*(1 - r) - b*r : 1", "r", a=1 / (mM * ms), b=0.05 / ms, gmax=0.1 * nS
    )
    assert failing(kainate) == set()


@pytest.mark.slow
@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_other_targets(target):
    results = check_model(BioNMDA, targets=("numpy", target))
    assert [r.name for r in results][-1] == f"agreement on {target}"
    assert isinstance(b2.get_device(), RuntimeDevice)


# -- every mutant is caught ------------------------------------------------------------------------

KINDS = {
    "value +5 %",
    "x1000",
    "swapped",
    "reaction dropped",
    "reaction reversed",
    "outflow forgotten",
    "inflow sign",
    "statistical factor 2",
    "transmitter forgotten",
    "jump",
    "block formula",
    "current formula",
}


def killer(mutant, name):
    """What catches a mutant: the construction, the numbers, or the equations; None if nothing does."""
    try:
        part = mutant.make()
    except (ModelError, b2.DimensionMismatchError) as error:
        return type(error).__name__
    checks = dict(checks_for(part, reference=twins[name], table=TABLE[name], targets=()))
    numbers = mutant.kind in ("value +5 %", "x1000", "swapped")
    for check in ("parameter table",) if numbers else ("reference", "reaction table"):
        if check in checks and not checks[check].result().passed:
            return check
    return None


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow if n in LONG else ()) for n in SHIPPED if ":" not in n],
)
def test_mutants_are_caught(name):
    found = [(m.kind, m.what, killer(m, name)) for m in mutations.mutants(SHIPPED[name])]
    assert name == "NoBlock" or found
    assert [m for m in found if m[2] is None] == []


def test_mutants_are_of_all_kinds():
    made = [
        m
        for n in ("FiveStateNMDA", "BioNMDA", "WangNMDA", "JahrStevens")
        for m in mutations.mutants(SHIPPED[n])
    ]
    assert {m.kind for m in made} == KINDS
    assert len(made) > 120
    for kind, count in (("block formula", 7), ("current formula", 6)):
        assert sum(m.kind == kind for m in mutations.mutants(SHIPPED["JahrStevens"])) in (count, 0)
        assert sum(m.kind == kind for m in made) >= count


def test_structure_alone_catches_most_mutants_of_a_scheme():
    """Without reference or table; published numbers are wrong invisibly, equations are not."""
    left = []
    for m in mutations.mutants(SHIPPED["FiveStateNMDA"]):
        if m.kind in ("outflow forgotten", "inflow sign", "current formula"):
            try:
                part = m.make()
            except (ModelError, b2.DimensionMismatchError):
                continue
            if not failing(part, targets=()):
                left.append((m.kind, m.what))
    assert left == []


def test_a_sign_error_is_invisible_at_published_values():
    """E = 0 mV: ``v + E`` is ``v - E``. The check bites because it also runs at generic values."""
    assert float(np.asarray(AMPA().E)) == 0
    with pytest.raises(ModelError, match=r"generic values.*write \(v - E\)") as error:
        check_model(WrongSign, targets=())
    assert "reference values): the current at E" not in str(error.value)


def test_a_report_says_how_far_it_is_and_how_long_it_took(capsys):
    """As Brian2's: silent by default, and to the stream that is named."""
    results = check_model(JahrStevens, targets=())
    assert capsys.readouterr() == ("", "")
    for report, stream in (("text", "out"), ("stdout", "out"), ("stderr", "err")):
        check_model(JahrStevens, targets=(), report=report)
        printed = capsys.readouterr()
        lines = getattr(printed, stream).splitlines()
        assert "".join(printed) == getattr(printed, stream)
        assert len(lines) == len(results) + 1
        for k, (line, result) in enumerate(zip(lines, results, strict=False)):
            assert re.fullmatch(
                rf"check_model: {k + 1} of {len(results)} checks: {result.name} \(\d+ s\)", line
            )
        assert re.fullmatch(rf"check_model: {len(results)} checks, 0 failed, in \d+\.\d s", lines[-1])
    with pytest.raises(ModelError, match="report='txt'; expected 'text'"):
        check_model(JahrStevens, targets=(), report="txt")
