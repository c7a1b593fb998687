"""From SymPy to Brian2's text and back: conditions within conditions, deep expressions, pasting back.

Held against: the SymPy expression evaluated by hand in NumPy; the same model with the condition written
in SymPy; SciPy's incomplete gamma function; two forms of one model that have to agree; a limit of time.
"""

import time
from collections.abc import Mapping
from typing import Any

import brian2 as b2
import numpy as np
import pytest
import sympy
from brian2 import ms
from brian2.parsing.sympytools import str_to_sympy
from numpy.testing import assert_allclose
from scipy.special import gamma, gammainc
from sympy import Heaviside, Max, Min

from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    ModelError,
    Parameter,
    Receptor,
    ReceptorInsertion,
    SpineCalcium,
    TransmitterPulse,
    TwoExponentialAMPA,
)
from brian2_nmda.equations import GlycineSite, TripletSTDP, TwoExponentialNMDA, WangJumpNMDA
from brian2_nmda.symbolic.expressions import clip, int_of, numeric, read, symbol, to_text
from brian2_nmda.symbolic.kinds import Plasticity
from brian2_nmda.symbolic.part import conductance, states
from brian2_nmda.symbolic.pieces import DEEPEST, in_pieces, levels

NAMES = ("a", "b", "c", "d")
a, b, c, d = SYMBOLS = [symbol(n) for n in NAMES]


def synapses(
    model: GlutamateSynapse, spikes: list[float], /, post: list[float] = (), n: int = 1, **declared: Any
):
    """One source, ``n`` targets that spike at given times (ms), all to all."""
    source = b2.SpikeGeneratorGroup(1, [0] * len(spikes), np.array(spikes) * ms)
    target = b2.NeuronGroup(
        n,
        "v = -60*mV : volt\nnow = t_in_timesteps : integer (shared)\nwhen : 1" + model.post_equations(),
        threshold=" or ".join(f"abs(t - {x}*ms) < dt/2" for x in post) or "False",
        reset="",
    )
    S = model.synapses(source, target, **declared)
    S.connect()
    total = b2.StateMonitor(target, [r.total_name for r in model.system.receptors], record=True)
    return b2.Network(source, target, S, total), S, total


# -- conditions ------------------------------------------------------------------------------------


NESTED = [
    Min(1, a + b * Heaviside(c - d)),
    Max(a, 0) * b,
    Min(a, b, c),
    Min(a, Max(b, c)),
    Max(0, Min(1, a * (b - c) * Heaviside(d))),
    Heaviside(a - b * Heaviside(c - d)),
    Heaviside(a - Heaviside(b) - Heaviside(c) * Heaviside(d - 1)),
    Heaviside(Max(a, b) - c),
    Heaviside(clip(a, 0, 1) - b),
    Heaviside(a + 1),
    Heaviside(-a - 1),
    int_of(a > Min(b, c)),
    int_of(Heaviside(a) > b),
    int_of((a > b) & (c > Heaviside(d))),
    int_of(sympy.Or(a > b, sympy.Not(c > d))),
    clip(a * Heaviside(b), 0, 1),
    a * int_of(3 * b),
]


@pytest.mark.parametrize("expression", NESTED, ids=str)
def test_text_means_the_same(expression):
    """What is printed is read by Brian2 and by us, and has the value of the expression."""
    text = to_text(expression)
    str_to_sympy(text)  # Brian2 refuses a condition in a condition
    values = np.random.default_rng(3).choice([-1.25, -0.5, 0.25, 0.75, 1.5], size=(4, 200))
    expected = numeric(expression, NAMES, {})(*values)
    assert len(np.unique(expected)) > 1
    assert_allclose(numeric(read(text, "test"), NAMES, {})(*values), expected, rtol=1e-12, atol=1e-12)


def test_too_many_conditions_within_one():
    with pytest.raises(ModelError, match="5 conditions within a condition"):
        to_text(Heaviside(a - sum(Heaviside(b - n) for n in range(5))))


@pytest.mark.parametrize(
    "text, expression",
    [
        ("a*int(b > c)", a * Heaviside(b - c)),
        ("int(b < c)", Heaviside(c - b)),
        ("int(a > -50*mV)", Heaviside(a + 50 * symbol("mV"))),
        ("clip(a, -inf, b)", Min(a, b)),
        ("clip(a, b, inf)", Max(a, b)),
        ("clip(a, a, b)", Min(a, b)),
        ("clip(a, 0, 1)", clip(a, 0, 1)),
        ("int(a >= b)", int_of(a >= b)),
    ],
)
def test_text_is_read_as_the_library_writes(text, expression):
    assert read(text, "test") == expression


def test_a_nan_is_not_bounded_away():
    """In C++, clip(1, 1, NaN) would be 1."""
    text = to_text(Min(1, a * Heaviside(b)))
    assert text == "clip(a*int(b > 0), -inf, 1)"


STEP_IN_TEXT = {
    "a gate that is stepped": (
        {"tolerance": None},
        lambda text: GlutamateSynapse(BioNMDA().replace(
            "dg/dt = alpha1*x*(1 - g) - beta1*g*(1 + int(x > 0.1)) : 1" if text else "",
            **({} if text else {"dg": _gate()}))),
    ),
    "a gate per synapse": (
        {"tolerance": None, "delay": "per_synapse", "per_synapse": ["beta1_NMDA"]},
        lambda text: GlutamateSynapse(BioNMDA().replace(
            "dg/dt = alpha1*x*(1 - g) - beta1*g*(1 + int(x > 0.1)) : 1" if text else "",
            **({} if text else {"dg": _gate()}))),
    ),
    "a rule of two states": (
        {},
        lambda text: GlutamateSynapse(
            [AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=_insertion(text)),
    ),
}  # fmt: skip


def _gate() -> sympy.Expr:
    alpha1, beta1, x, g = map(symbol, ("alpha1", "beta1", "x", "g"))
    return alpha1 * x * (1 - g) - beta1 * g * (1 + Heaviside(x - 0.1))


def _insertion(text: bool) -> ReceptorInsertion:
    given: Mapping[str, Any] = {"tau": 10 * b2.second}
    step = "k_ins*(n_max - n)*int(Ca_eff > theta_p) - k_rem*(n - n_min)*int(Ca_eff > theta_d) - (n - p)/tau"
    if not text:
        rate = read(step, "test")
        assert rate.has(Heaviside) and not rate.has(int_of)
        return ReceptorInsertion().replace(f"dn/dt = {to_text(rate)} : 1", "dp/dt = (n - p)/tau : 1", **given)
    return ReceptorInsertion().replace(f"dn/dt = {step} : 1", "dp/dt = (n - p)/tau : 1", **given)


@pytest.mark.parametrize("case", STEP_IN_TEXT)
def test_comparison_in_text(case):
    """``int(x > 0.1)``, as it is printed and typed, is the step that the library writes in SymPy."""
    declared, make = STEP_IN_TEXT[case]
    found = []
    for text in (True, False):
        network, S, total = synapses(make(text), [1.0, 3.0], **declared)
        network.run(6 * ms)
        found.append((str(S.plan), *(np.array(getattr(total, n)) for n in total.record_variables)))
    assert found[0][0] == found[1][0]
    for with_text, in_sympy in zip(found[0][1:], found[1][1:], strict=True):
        assert np.max(in_sympy) > 0
        assert_allclose(with_text, in_sympy, rtol=1e-12)


class Bounded(TripletSTDP):
    """Potentiation above a threshold of the trace, with hard bounds on the weight."""

    theta = Parameter(0.5, "threshold")
    high = Parameter(1.0, "highest weight")
    on_post_spike = {
        TripletSTDP.W: Min(
            high, TripletSTDP.W + (TripletSTDP.r1 - theta) * Heaviside(TripletSTDP.r1 - theta)
        ),
        TripletSTDP.o1: TripletSTDP.o1 + 1,
    }
    conductance = Min(1, Max(TripletSTDP.W, 0)) * symbol("conductance")


@pytest.mark.parametrize("declared", [{}, {"w": 1.0, "efficacy": "at_spikes"}, {"optimize": False}])
@pytest.mark.parametrize("high", [1.05, 3.0])
def test_a_bound_on_an_expression_with_a_threshold(declared, high):
    """Most published voltage rules: ``w = min(w + A*(r - theta)_+, w_max)``."""
    model = GlutamateSynapse(TwoExponentialAMPA(), plasticity=Bounded(high=high))
    network, S, _ = synapses(model, [1.0], [3.0, 30.0], **declared)
    network.run(4 * ms)
    r1 = np.exp(-2 / 16.8)
    W = 1 + max(r1 - 0.5, 0)
    assert S.W_AMPA[0] == (1.05 if high == 1.05 else pytest.approx(W, rel=0.01))  # a step more or less
    before = S.W_AMPA[0]
    network.run(30 * ms)
    assert S.W_AMPA[0] == before  # r1 has fallen below the threshold


# -- depth -----------------------------------------------------------------------------------------


def horner(terms: int) -> sympy.Expr:
    total = sympy.S.One
    for n in range(terms, 0, -1):
        total = 1 + a / (n + 1 - b) * total
    return total


@pytest.mark.parametrize(
    "expression",
    [horner(60), sum(sympy.sin(n * a) for n in range(1, 200))],
    ids=["nested", "long"],
)
def test_deep_expressions_are_cut(expression):
    parts, rest = in_pieces("y", expression)
    assert parts and max(map(levels, [*parts.values(), rest])) <= DEEPEST
    values = np.random.default_rng(1).uniform(0.1, 0.9, size=(4, 20))
    known = dict(zip(NAMES, values, strict=True))
    for name, part in {**parts, "all": rest}.items():
        known[name] = numeric(part, list(known), {})(*known.values())
    assert_allclose(known["all"], numeric(expression, NAMES, {})(*values), rtol=1e-12)


def test_shallow_expressions_are_left_alone():
    expression = a * b / (c + sympy.exp(d))
    assert in_pieces("y", expression) == ({}, expression)


@pytest.mark.parametrize(
    "declared", [{}, {"delay": "per_synapse", "on_pre": "w *= 0.9"}, {"optimize": False}]
)
def test_a_series_with_a_parameter_of_each_synapse(declared):
    """The 40-term series of `WangJumpNMDA` on each synapse, against the incomplete gamma function."""
    network, S, _ = synapses(
        GlutamateSynapse(WangJumpNMDA()), [1.0], n=3, per_synapse=["tau_x_NMDA"], **declared
    )
    tau_x = np.array([2.0, 3.0, 8.0])
    S.tau_x_NMDA = tau_x * ms
    network.run(1.2 * ms)
    z, r = 0.5 * tau_x, tau_x / 100
    jump = z**r * gamma(1 - r) * gammainc(1 - r, z)
    decay = np.exp(-0.1 / 100)
    assert_allclose(np.array(S.s_NMDA) / jump, np.full(3, decay), rtol=3e-3)  # within two steps of the spike
    assert_allclose(np.array(S.s_NMDA)[1:] / np.array(S.s_NMDA)[0], (jump / jump[0])[1:], rtol=1e-12)


def _deep_gate() -> sympy.Expr:
    alpha1, beta1, x, g = map(symbol, ("alpha1", "beta1", "x", "g"))
    return alpha1 * x * (1 - g) - beta1 * g * horner(14).xreplace({a: x, b: sympy.Integer(-1)})


@pytest.mark.parametrize("declared", [{}, {"method": "rk2"}, {"optimize": False}])
def test_a_rate_that_is_a_deep_series(declared):
    network, _, total = synapses(
        GlutamateSynapse(BioNMDA().replace(dg=_deep_gate())), [1.0], tolerance=None, **declared
    )
    network.run(3 * ms)
    assert np.max(total.g_total_NMDA) > 0


# -- what may not reach SymPy ----------------------------------------------------------------------

HUGE = "9**9**9"


def declared(**given: Any) -> Any:
    return synapses(GlutamateSynapse(BioNMDA()), [1.0], **given)[1]


HUGE_IN = {
    "a parameter": lambda: BioNMDA(alpha1=HUGE),
    "a parameter with a unit": lambda: BioNMDA(E=f"{HUGE}*mV"),
    "a duration": lambda: TransmitterPulse(duration=f"{HUGE}*ms"),
    "a rate": lambda: BioNMDA().replace(f"dg/dt = -{HUGE}*g/second : 1"),
    "a unit": lambda: BioNMDA().replace(f"dg/dt = -g/second : {HUGE}"),
    "a role": lambda: BioNMDA().replace(activation="g*10**10**10"),
    "a function": lambda: BioNMDA().replace(activation="g*exp(999999**999999)"),
    "functions of functions": lambda: BioNMDA().replace(activation="g*exp(exp(exp(9)))"),
    "a receptor from text": lambda: Receptor.from_string("KA", f"dr/dt = -r*{HUGE}/second : 1", "r"),
    "its role": lambda: Receptor.from_string("KA", "dr/dt = -r/second : 1", f"r*{HUGE}"),
    "on_pre": lambda: declared(on_pre=f"w *= {HUGE}"),
    "a pathway": lambda: declared(on_pre={"more": f"w = {HUGE} : 1 (constant)  # huge"}),
    "on_post": lambda: declared(on_post=f"w += {HUGE}", post=[3.0]),
    "model": lambda: declared(model=f"y = {HUGE} : 1"),
    "a unit in model": lambda: declared(model=f"y : {HUGE}"),
    "run_regularly": lambda: declared().run_regularly(f"w = {HUGE}"),
    "w": lambda: setattr(declared(), "w", HUGE),
    "w of some": lambda: declared().w.__setitem__(slice(0, 1), HUGE),
    "w where": lambda: declared().w.__setitem__("i < 3", HUGE),
    "w where a text says": lambda: declared().w.__setitem__(f"i < {HUGE}", 1),
    "w that is read": lambda: declared().w[f"i < {HUGE}"],
    "w without units": lambda: declared().w_.__setitem__(slice(0, 1), HUGE),
    "a shared parameter": lambda: declared().beta1_NMDA.__setitem__(slice(None), f"{HUGE}/ms"),
    "some delays": lambda: declared(delay="per_synapse").delay.__setitem__("i < 3", f"{HUGE}*second"),
    "delay": lambda: setattr(declared(delay="per_synapse"), "delay", f"{HUGE}*second"),
    "a condition": lambda: declared().connect(condition=f"i < {HUGE}"),
    "a probability": lambda: declared().connect(p=HUGE),
    "a generator": lambda: declared().connect(j=f"k for k in range({HUGE})"),
    "a condition without a plan": lambda: declared(optimize=False).connect(condition=f"i < {HUGE}"),
}


@pytest.mark.parametrize("case", HUGE_IN)
def test_a_huge_power_is_refused_at_once(case):
    """Brian2 and SymPy would compute it for ever."""
    start = time.process_time()
    with pytest.raises(ModelError, match=r"exponent .* largest|too large"):
        HUGE_IN[case]()
    assert time.process_time() - start < 10  # most of it builds the objects; it would never end


def test_text_on_some_synapses():
    """Names are those of the place where it is written, as in Brian2."""
    S = declared()
    J = 3  # noqa: F841
    S.w["i < J"] = "J*2"
    S.w[:1] += 1
    assert list(S.w["w > J"]) == [7]
    S.gmax_NMDA[:] = "J*nS"
    assert float(S.gmax_NMDA / b2.nS) == pytest.approx(3)
    S = declared(delay="per_synapse")
    S.delay["i < J"] = "J*ms"
    assert list(S.delay / ms) == [3]


NASTY = [
    "g.__class__",
    "g[0]",
    "lambda: g",
    "[g]",
    "'g'",
    "1j*g",
    "(g := 1)",
    "f'{g}'",
    "g if g else 1",
    "g) + (",
    "g\x00",
    "(" * 300 + "g" + ")" * 300 + "*" * 2,
    "+".join(["g"] * 3000),
    "-" * 500 + "g",
    "g*" + "1" * 5000,
    "g**17",
    "(1 + g)**(3*11)",
    "g*1000000000001",
    "1e300*1e300*g",
]


@pytest.mark.parametrize("text", NASTY, ids=lambda t: t[:12].replace("\x00", "null"))
def test_what_is_no_arithmetic_is_refused(text):
    start = time.process_time()
    with pytest.raises(ModelError, match="rate of g"):
        read(text, "rate of g")
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    "text", ["g**2.5", "2**(-v/(10*mV))", "g**-3", "x**n", "1e12*g", "exp(-v/mV)", "a and not b", "g**16"]
)
def test_what_models_say_is_read(text):
    read(text, "test")


#: What is limited: a text at the limit, and one just beyond it.
LIMITS = {
    "characters": ("a" + " " * 1997 + "+b", "a" + " " * 1998 + "+b"),
    "levels": ("-" * 127 + "1", "-" * 130 + "1"),
    "terms": ("+".join(f"x{n}" for n in range(125)), "+".join(f"x{n}" for n in range(140))),
    "exponent": ("(a + b + c + d)**16", "(a + b + c + d)**17"),
    "negative exponent": ("(a + b)**-16", "(a + b)**-17"),
    "whole number": ("a*1000000000000", "a*1000000000001"),
}


@pytest.mark.parametrize("what", LIMITS)
def test_limits_of_a_text(what):
    """At the limit a text is read, beyond it refused, each in less than 0.1 s (reliability.md, 6.3)."""
    read("a + b", "test")
    at, beyond = LIMITS[what]
    start = time.process_time()
    read(at, "test")
    between = time.process_time()
    with pytest.raises(ModelError, match=r"rate of g: .*(more than|exponent|whole number)"):
        read(beyond, "rate of g")
    assert between - start < 0.1 and time.process_time() - between < 0.1


def test_what_the_longest_model_prints_is_read():
    """The limits are not below what `show` prints of the library's longest expression."""
    expected = next(w.expression for w in WangJumpNMDA().expressions() if w.name == "k_0")
    text = to_text(expected)
    assert len(text) > 1500
    names = sorted(s.name for s in expected.free_symbols)
    values = np.random.default_rng(4).uniform(0.5, 1.5, len(names))
    found = [float(numeric(e, names, {})(*values)) for e in (read(text, "test"), expected)]
    assert_allclose(found[0], found[1], rtol=1e-12)


def test_ordinary_statements_and_connections_pass():
    S = declared(
        on_pre="""y = 1  # a comment: with a colon
                  w = clip(w + 0.1, 0, 1)""",
        model="dy/dt = -y/(10*ms) : 1 (event-driven)",
    )
    S.run_regularly("w = w*0.5")
    S.w = "0.5 + 0.1*rand()"
    S.connect(j="k for k in range(0, 1) if i == 0")
    S.connect(j="k for k in sample(N_post, p=0.5)")
    S.connect(condition="i == j and i < 5", p="0.5")


# -- units and co-agonists where the target sums kinetics ------------------------------------------


class InVolt(Plasticity):
    """A weight in volt."""

    h_0 = Parameter(4 * b2.mV, "start")
    a = Parameter(1 * b2.mV, "offset")
    h = states("h", within=(None, None), unit=b2.mV, initial=h_0)
    dh = 0
    on_post_spike = {h: h + a}
    conductance = conductance * (h + a) / h_0


def test_a_weight_with_a_unit_scales_spikes():
    """As in Luboeinski & Tetzlaff: before the first postsynaptic spike both forms are the same."""
    model, found = GlutamateSynapse(TwoExponentialAMPA(), plasticity=InVolt()), []
    for efficacy in ("now", "at_spikes"):
        network, S, total = synapses(model, [1.0], [4.0], w=1.0, efficacy=efficacy)
        network.run(6 * ms)
        found.append(np.array(total.g_total_AMPA)[0])
        assert_allclose(S.h_AMPA_[0], 5e-3, rtol=1e-12)
    step = 40
    assert found[0][step - 5] > 0
    assert_allclose(found[1][:step], found[0][:step], rtol=1e-12)
    assert_allclose(found[0][-1] / found[1][-1], 6 / 5, rtol=1e-12)  # now, and at the spike


@pytest.mark.parametrize("w", [1.0, "constant"])
def test_a_coagonist_of_linear_kinetics(w):
    found = []
    for given in ("per_synapse", w):
        network, _, total = synapses(
            GlutamateSynapse(TwoExponentialNMDA(coagonist=GlycineSite())), [1.0], w=given
        )
        network.run(6 * ms)
        found.append(np.array(total.g_total_NMDA)[0])
    assert np.max(found[0]) > 0
    assert_allclose(found[1], found[0], rtol=1e-9, atol=1e-9 * np.max(found[0]))
