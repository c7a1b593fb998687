"""Checks of what physiology bounds: how long channels stay open, how often a factor counts, binding to sites.

Each check is a generator: what it yields are failures in words. It raises `NotApplicable` where it has
nothing to say.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import sympy

from brian2_nmda.conformance import points
from brian2_nmda.conformance.long_course import relaxed
from brian2_nmda.conformance.points import ON, Function
from brian2_nmda.conformance.reading import named
from brian2_nmda.conformance.regions import sample
from brian2_nmda.conformance.sampling import Failures
from brian2_nmda.conformance.subject import NotApplicable, Subject
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.kinds import Calcium, Receptor
from brian2_nmda.symbolic.part import Part, T

#: The slowest published receptors (GluN2D, recovery from desensitisation) and pools are back well within
#: this time (s); of what was open then, no more than a fifth may be left.
BACK, LEFT = 30.0, 0.2


def time_scales(subject: Subject) -> Failures:
    """Without transmitter a receptor closes, without current calcium returns to rest, within half a minute.

    A model for which that is not so says it by a class attribute ``slow = '<reason>'``.
    """
    for part in subject.of_kind((Receptor, Calcium)):
        t = part.template
        if str(getattr(part, "slow", "") or "").strip() or not t.states:
            continue
        point = sample(part, points.published(t.parameters), subject.rng(), 40)
        point.update({n: np.zeros_like(point["v"]) for n in ("T", "xi", "I_Ca", "G_open", ON.name)})
        point["v"] = np.full_like(point["v"], -0.07)
        if isinstance(part, Receptor):
            out, what = t.roles["activation"], "of what was open still conducts"
            cause = "30 s after the transmitter is gone"
        elif "Ca" in t.states:
            point["Ca"] = Function({"rest": t.roles["resting"]}, named(part))(point)["rest"] + 1e-3
            out, what = symbol("Ca") - t.roles["resting"], "of the calcium above rest is still there"
            cause = "30 s after the last current"
        else:
            continue
        function = Function({"x": out}, named(part))
        rates = {n: points.plain(e, named(part)) for n, e in t.rates.items()}
        try:
            late = relaxed(rates, point, BACK)
        except np.linalg.LinAlgError:
            raise NotApplicable("rates without finite slopes") from None
        before, after = (np.max(np.abs(function(x)["x"])) for x in (point, late))
        if after > LEFT * before:
            slow = _slowest(part, late)
            yield (
                f"{part.name}: {cause} {100 * after / before:.0f} % {what}, expected less than "
                f"{100 * LEFT:.0f} %{slow}; check the unit of the rates that lead back, or state slow = "
                "'<reason>'."
            )


def _slowest(part: Part, point: Mapping[str, Any]) -> str:
    """The state that relaxes most slowly by its own rate, for a message."""
    t = part.template
    slopes = {
        n: sympy.diff(points.plain(e, named(part)), symbol(n)) for n, e in t.rates.items() if e.has(symbol(n))
    }
    found = {n: float(np.min(-x)) for n, x in Function(slopes)(point).items()}
    found = {n: x for n, x in found.items() if np.isfinite(x) and x > 0}
    if not found:
        return ""
    name = min(found, key=found.__getitem__)
    return f" ('{name}' decays with a time constant of {1 / found[name]:.3g} s)"


def counted_once(subject: Subject) -> Failures:
    """Block and maximal conductance enter the current of a receptor once, wherever they are written."""
    for part in subject.of_kind(Receptor):
        t = part.template
        inserted = {**named(part), **{n: t.roles[n] for n in ("activation", "conductance") if n in t.roles}}
        current = Function({"I": t.roles["current"]}, inserted)
        point = sample(part, points.generic_values(part, subject.rng()), subject.rng(), 60)
        point.update({n: np.maximum(np.abs(point[n]), 1e-3) for n in ("block",)})
        for name in ("block", "gmax"):
            if name not in current.reads:
                continue
            once = current(point)["I"]
            twice = current({**point, name: 2 * point[name]})["I"]
            if np.any(np.abs(twice - 2 * once) > 1e-12 * np.abs(2 * once)):
                where = [n for n in ("activation", "conductance") if _reads_deeply(part, n, name)]
                yield (
                    f"{part.name}: twice the '{name}' is not twice the current: it counts more than once"
                    + (f" ('{where[0]}' reads it, and the current as well)" if where else "")
                    + f"; take '{name}' out of one of them."
                )
    if subject.is_fragment or not subject.of_kind(Receptor):
        return
    system = subject.model.system
    for term in system.receptors:
        block = symbol(f"block_{term.label}")
        if term.current.has(block) and system.inserted(term.conductance, keep=[block.name]).has(block):
            yield (
                f"{subject.name}: the conductance of '{term.label}' reads its block, by which its current is "
                "multiplied as well; take it out of the rule that scales the conductance."
            )


def _reads_deeply(part: Part, role: str, name: str) -> bool:
    return points.plain(part.template.roles[role], named(part)).has(symbol(name))


def statistical_factors(subject: Subject) -> Failures:
    """Sites that bind with one rate are counted: free ones in binding, occupied ones in unbinding.

    Two steps of binding whose rates differ by a number alone are steps at equal sites. Either both steps
    have the same rates (a file that leaves the factors to its numbers), or of ``n`` sites ``n - k`` are
    free after ``k`` bindings: the rate of binding falls from step to step (2, 1), that of unbinding rises
    (1, 2). Dimensionless parameters, which may be such factors, are set to what they are and, if that is
    1, to 2.
    """
    said = False
    for part in (p for p in subject.parts if p.template.reactions):
        t = part.template
        for first, second in _consecutive(part):
            binding, unbinding = _ratio(part, second[0], first[0]), _ratio(part, second[1], first[1])
            if binding is None or (binding.free_symbols and _symbols(unbinding) != binding.free_symbols):
                continue  # one factor in one direction alone is cooperativity, a number of its own
            said = True
            for values in _numbers(t.parameters):
                b = _number(binding, values)
                u = None if unbinding is None else _number(unbinding, values)
                if _at_sites(b, u):
                    continue
                a, m, c = first[2], first[3], second[3]
                yield (
                    f"{part.name}: {a} -> {m} -> {c} bind at equal sites, but {m} -> {c} is {b:.3g} times as "
                    f"fast as {a} -> {m}"
                    + ("" if u is None else f", and {c} -> {m} {u:.3g} times as fast as {m} -> {a}")
                    + f"; write the free sites (2, 1) into binding and the occupied ones (1, 2) into "
                    f"unbinding: {a} -> {m} twice {m} -> {c}, and {c} -> {m} twice {m} -> {a}."
                )
                break
    if not said:
        raise NotApplicable("no two steps that bind with one rate")


def _consecutive(part: Part) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Pairs of binding steps in a row: (rate, rate back, from, to) of each."""
    steps = []
    for r in part.template.reactions:
        for rate, back, a, b in (
            (r.forward, r.backward, r.source, r.target),
            (r.backward, r.forward, r.target, r.source),
        ):
            rate, back = (points.plain(e, named(part)) for e in (rate, back))
            if rate.has(T) and not back.has(T):
                steps.append((rate, back, a, b))
    for first in steps:
        for second in steps:
            if first[3] == second[2] and first[2] != second[3]:
                yield first, second


def _ratio(part: Part, one: sympy.Expr, other: sympy.Expr) -> sympy.Expr | None:
    """The quotient of two rates if it is a number, or one of dimensionless parameters."""
    if other == 0 or one == 0:
        return None
    quotient = sympy.cancel(one / other)
    parameters = part.template.parameters
    pure = all(
        s.name in parameters and parameters[s.name].dim is points.DIMENSIONLESS for s in quotient.free_symbols
    )
    return quotient if pure else None


def _symbols(expression: sympy.Expr | None) -> set[Any]:
    return set() if expression is None else expression.free_symbols


def _numbers(parameters: Mapping[str, Any]) -> Iterator[dict[str, float]]:
    """Published values, then those with a factor that is 1 set to 2."""
    values = points.published(parameters)
    yield values
    for name, p in parameters.items():
        if p.dim is points.DIMENSIONLESS and values[name] == 1:
            yield {**values, name: 2.0}


def _number(expression: sympy.Expr, values: Mapping[str, float]) -> float:
    return float(Function({"x": expression})(values)["x"])


def _at_sites(binding: float, unbinding: float | None) -> bool:
    """Whether ratios of two steps are those of equal sites, or of rates without factors.

    Of ``n`` sites, ``(n - k)/(n - k + 1)`` for binding and ``(k + 1)/k`` for unbinding.
    """
    pairs = [((n - k) / (n - k + 1), (k + 1) / k) for n in range(2, 7) for k in range(1, n)]
    return any(
        abs(binding - b) <= 1e-9 and (unbinding is None or abs(unbinding - u) <= 1e-9)
        for b, u in [*pairs, (1.0, 1.0)]
    )
