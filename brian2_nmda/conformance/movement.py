"""Checks of what moves a state, what brings it back, and what one spike does.

Each check is a generator: what it yields are failures in words. It raises `NotApplicable` where it has
nothing to say.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import sympy
from brian2.units import second
from brian2.units.fundamentalunits import get_dimensions

from brian2_nmda.conformance import points
from brian2_nmda.conformance.long_course import slopes
from brian2_nmda.conformance.points import Function
from brian2_nmda.conformance.reading import jumps, named
from brian2_nmda.conformance.regions import draw_states
from brian2_nmda.conformance.sampling import POINTS, Failures, at_values, one_number, scale_of
from brian2_nmda.conformance.subject import NotApplicable, Subject
from brian2_nmda.symbolic.analysis import insert
from brian2_nmda.symbolic.expressions import int_of, symbol
from brian2_nmda.symbolic.kinds import Receptor
from brian2_nmda.symbolic.part import Part

#: Stands for the outcome of a threshold, which some course of the inputs may cross.
ANY = symbol("any_side_of_a_threshold")
#: How far out a state without a bound is taken, in units of its size; the second to see how a rate grows.
FAR, FARTHER = 1e4, 1e6
#: Where one spike opens at most this much more or less than 1, the unit is met (the peak is on a grid).
OF_ONE = 1e-2
RATE = get_dimensions(1 / second)


def _says(part: Part, statement: str) -> bool:
    """Whether a class states an exception, ``statement = '<reason>'``."""
    return bool(str(getattr(part, statement, "") or "").strip())


def _by_equations(part: Part) -> list[str]:
    """States that are neither occupancies of a scheme nor counts, whose tables are judged elsewhere."""
    t = part.template
    table = {x.name for r in (*t.reactions, *t.exchanges) for x in (*r.states, r.partner) if x}
    return [n for n in t.states if n not in table]


def _somewhere(part: Part, values: Mapping[str, float], rng: np.random.Generator) -> dict[str, Any]:
    """Parameters, inputs, what other parts give, and states anywhere."""
    inputs = points.draw_inputs(points.ALL_INPUTS, rng, POINTS)
    known = {**points.draw_needs(part.template, inputs, rng, POINTS), **inputs, **values}
    known[ANY.name] = rng.random(POINTS)
    drawn = draw_states(part, {k: one_number(x) for k, x in known.items()}, rng, POINTS)
    return {**known, **drawn}


def _crossed(expression: Any, known: Mapping[str, Any]) -> sympy.Expr:
    """An expression whose thresholds may have any outcome."""
    expression = insert(sympy.sympify(expression, strict=True), dict(known))
    return expression.replace(lambda e: isinstance(e, (sympy.Heaviside, int_of)), lambda e: ANY)


# -- moves ----------------------------------------------------------------------------------------


def moves(subject: Subject) -> Failures:
    """Each state can leave its start: an equation or a jump moves it at some inputs and parameters.

    A state that starts where its rate vanishes, whatever is read, and that no jump changes is dead weight:
    a jump was forgotten, or a term. Thresholds may have any outcome, conditions may be met, and parameters
    and what is read may change after the start. A state that only a script sets is stated by
    ``moved_by_hand = '<reason>'``.
    """
    said = False
    for part in subject.parts:
        changes = {n for j in jumps(part) for n in j.changes}
        judged = [n for n in _by_equations(part) if part.template.rates.get(n, 0) != 0 or n in changes]
        if not judged or _says(part, "moved_by_hand"):
            continue
        said = True
        still, starts = _standing(part, judged, subject.rng())
        for name in judged:
            if name in still:
                yield (
                    f"{part.name}: nothing ever moves '{name}' from its start {starts[name]:.4g}: expected a "
                    f"rate d{name}/dt or a jump that changes it there, found none at {POINTS} random inputs; "
                    "add what drives it, or state moved_by_hand = '<reason>' if a script sets it."
                )
    if not said:
        raise NotApplicable("no state with an equation of its own")


def _standing(part: Part, judged: list[str], rng: np.random.Generator) -> tuple[set[str], dict[str, float]]:
    """States that nothing moves if all others move that can, and where all start."""
    t, known = part.template, named(part)
    before, now = (points.generic_values(part, rng) for _ in range(2))
    anywhere = _somewhere(part, now, rng)
    initial = {n: insert(t.states[n].initial, {**known, **{m: s.initial for m, s in t.states.items()}})
               for n in t.states}  # fmt: skip
    starts = Function(initial, known)({**_somewhere(part, now, rng), **before})  # what is read then moves on
    rates = {n: _crossed(t.rates[n], known) for n in judged}
    rate = Function(rates)
    steps = [
        (name, _crossed(e, known), Function({"new": _crossed(e, known)}))
        for jump in jumps(part)
        for name, e in jump.changes.items()
    ]
    still = {*judged}
    while True:
        here = {**anywhere, **{n: starts[n] for n in still}}
        moved = {
            n
            for n, r in rate(here).items()
            if n in still and np.any(np.abs(r) > 1e-12 * scale_of(rates[n], part, here))
        }
        for name, e, function in steps:
            if name in still:
                size = scale_of(e, part, here) + np.abs(here[name])
                if np.any(np.abs(function(here)["new"] - here[name]) > 1e-12 * size):
                    moved.add(name)
        if not moved:
            return still, {n: one_number(x) for n, x in starts.items()}
        still -= moved


# -- comes back -----------------------------------------------------------------------------------


def comes_back(subject: Subject) -> Failures:
    """Nothing runs away: a state without a bound is not driven on by itself, nor by every spike for ever.

    Far out, a rate that points further outwards in proportion to the state, whatever else happens, is a
    sign that is wrong; and a state that each spike raises alike needs a decay, a reset or a bound. A
    counter of spikes, say, is stated by ``slow = '<reason>'``.
    """
    said = False
    for part in subject.parts:
        open_ended = [n for n in _by_equations(part) if None in part.template.states[n].within]
        if not open_ended or _says(part, "slow"):
            continue
        said = True
        found: set[tuple[str, int]] = set()
        for which, values in at_values(part, subject, draws=1):
            for name in open_ended:
                for side, bound in zip((-1, 1), part.template.states[name].within, strict=True):
                    if bound is None and (name, side) not in found:
                        for text in _runs_away(part, values, subject.rng(), name, side):
                            found.add((name, side))
                            yield f"{part.name}: {text} ({which})."
    if not said:
        raise NotApplicable("every state has an interval")


def _runs_away(
    part: Part, values: Mapping[str, float], rng: np.random.Generator, name: str, side: int
) -> Iterator[str]:
    t, known = part.template, named(part)
    point = {**_somewhere(part, values, rng), "released": np.ones(POINTS)}
    size = max(4 * points.TYPICAL.get(t.states[name].dim, 1.0), float(np.max(np.abs(point[name]))))
    rate = Function({"r": t.rates.get(name, 0)}, known)
    changes = [j.changes[name] for j in jumps(part) if name in j.changes]
    jump = Function({str(k): e for k, e in enumerate(changes)}, known)
    outwards, raised, reset = [], [], False
    for far in (FAR * size, FARTHER * size):
        here = {**point, name: np.full(POINTS, side * far)}
        outwards.append(side * rate(here)["r"])
        raised.append([side * (x - here[name]) for x in jump(here).values()])
        reset = reset or any(np.any(x < -0.5 * far) for x in raised[-1])
    if not all(np.all(np.isfinite(x)) for x in outwards):
        return
    least = [float(np.min(x)) for x in outwards]
    power = least[1] / least[0] * FAR / FARTHER if least[0] > 0 else 0.0  # 1: in proportion to the state
    # faster than in proportion it may grow to where a jump resets it, as neurons spike
    if power >= 0.5 and not (reset and power > 2):
        yield (
            f"'{name}' runs away: far from its start d{name}/dt = {t.rates[name]} points further out in "
            f"proportion to '{name}' (with a time constant of {FAR * size / least[0]:.3g} s) whatever is "
            "read; expected a rate that leads back; correct its sign, give within= a bound, or state slow = "
            "'<reason>'"
        )
        return
    if reset:
        return
    every = [min((float(np.min(x)) for x in of_one), default=0.0) for of_one in raised]
    if least[0] >= 0 and least[1] >= 0 and every[0] > 0 and every[1] >= 0.5 * every[0]:
        yield (
            f"'{name}' grows without end: each spike adds {every[0]:.3g} wherever it is, and neither "
            f"d{name}/dt nor a jump ever takes it back; expected a decay, a reset or a bound; add it, or "
            "state slow = '<reason>'"
        )


# -- what one spike does --------------------------------------------------------------------------


def one_spike(subject: Subject) -> Failures:
    """What a model says of one spike is so: a conductance of one spike, a firing rate.

    Where ``gmax`` is by its meaning the conductance of one spike ('peak conductance of one spike',
    'conductance that a spike opens'), one spike of full release raises the activation by 1 at its peak.
    Where a state is by its meaning a 'firing rate', its mean at a steady rate of spikes is that rate.
    """
    said = False
    for part in subject.parts:
        for which, values in at_values(part, subject):
            for check in (_peak, _firing_rates):
                for text in check(part, values, subject.rng()):
                    said = True
                    if text:
                        yield f"{part.name}: {text} ({which})."
    if not said:
        raise NotApplicable("neither a conductance of one spike nor a firing rate is stated")


_OF_ONE_SPIKE = ("of one spike", "of a spike", "of a single spike", "a spike opens", "per spike")


def _peak(part: Part, values: Mapping[str, float], rng: np.random.Generator) -> Iterator[str]:
    """Yields a failure in words, or an empty text where the property holds."""
    t = part.template
    if not isinstance(part, Receptor) or not t.on_spike or "gmax" not in t.parameters:
        return
    meaning = t.parameters["gmax"].meaning
    if not any(words in meaning for words in _OF_ONE_SPIKE):
        return
    inputs = {k: one_number(x) for k, x in points.draw_inputs(points.ALL_INPUTS, rng, 1).items()}
    quiet = {**inputs, **values, "T": 0.0, "released": 1.0, "v": -0.07}
    known = named(part)
    here = {**quiet, **Function({n: s.initial for n, s in t.states.items()}, known)(quiet)}
    activation = Function({"a": t.roles["activation"]}, known)
    before = float(activation(here)["a"])
    for name, e in t.on_spike.items():  # in the order in which they are written
        here[name] = Function({"new": e}, known)(here)["new"]
    course = _after(part, here)
    if course is None:
        return
    peak = float(np.max(activation(course)["a"])) - before
    yield (
        ""
        if abs(peak - 1) <= OF_ONE
        else f"gmax is the '{meaning}', but one spike of full release raises the activation to "
        f"{peak:.4g} at its peak, expected 1; correct the jump or the factor that normalises the peak, or "
        "say in the meaning of gmax what else it is"
    )


def _after(part: Part, here: Mapping[str, Any], steps: int = 1500) -> dict[str, Any] | None:
    """The point after a spike and its course without input, over 30 of the shortest time constants.

    Runge-Kutta steps of a linear system are one matrix each. `None` if rates are not linear in the states:
    their spikes do not add, and no one spike stands for the others.
    """
    known = named(part)
    rates = {n: points.plain(e, known) for n, e in part.template.rates.items() if e != 0}
    slope, names = slopes(rates), list(rates)
    if any(e.has(*map(symbol, names)) for e in slope.values()):
        return None
    found = Function(slope)(here)
    a = np.array([[float(found[f"{i} {j}"]) for j in names] for i in names])
    rest = Function(rates)({**here, **dict.fromkeys(names, 0.0)})
    b = np.array([float(rest[n]) for n in names])
    h = 0.02 / np.max(np.abs(np.diag(a)), initial=1e-300)
    unit = np.eye(len(names))
    mean = unit + h * a / 2 @ (unit + h * a / 3 @ (unit + h * a / 4))
    y = np.array([float(here[n]) for n in names])
    course = np.empty((steps, len(names)))
    for k in range(steps):
        course[k] = y
        y = y + h * mean @ (a @ y + b)
    return {**here, **dict(zip(names, course.T, strict=True))}


def _firing_rates(part: Part, values: Mapping[str, float], rng: np.random.Generator) -> Iterator[str]:
    """Yields a failure in words, or an empty text where the property holds."""
    t, known = part.template, named(part)
    for name, state in t.states.items():
        raised = [j.changes[name] for j in jumps(part) if j.condition is None and name in j.changes]
        if state.dim is not RATE or "firing rate" not in state.meaning or len(raised) != 1:
            continue
        rate, jump = (points.plain(e, known) for e in (t.rates[name], raised[0]))
        if (rate.free_symbols | jump.free_symbols) & {symbol(n) for n in t.states if n != name}:
            continue  # not a filter of the spikes alone
        steady = np.array([0.1, 1.0, 10.0, 100.0])  # spikes per second
        here = {**{k: one_number(x) for k, x in _somewhere(part, values, rng).items()}, name: steady}
        here["released"] = 1.0
        decay, rise = Function({"r": rate})(here)["r"], Function({"j": jump})(here)["j"] - steady
        found = -steady * rise / decay * steady
        yield (
            ""
            if np.all(np.abs(found - steady) <= 1e-9 * steady)
            else f"'{name}' is by its meaning a {state.meaning}, but {steady[2]:g} spikes per second hold "
            f"it at {found[2]:.4g} Hz, expected {steady[2]:g}: what a spike adds has to be one over the time "
            "constant of the decay; correct one of them, or say in its meaning what else it is"
        )
