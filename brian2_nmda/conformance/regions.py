"""Where the states of a part can be: intervals, and the simplex that shares of one whole fill.

An interval for each state makes a box. The shares of a scheme of which one was eliminated by hand
(``1 - o - d``), or of one that is written out in full, never reach the corners of that box: their sum cannot
exceed the whole. Such shares are recognised by their equations: the box is not invariant, but the simplex is.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from brian2_nmda.conformance import points
from brian2_nmda.conformance.points import FRACTIONS, Function
from brian2_nmda.conformance.reading import jumps, named, needed
from brian2_nmda.conformance.sampling import (
    POINTS,
    at_values,
    one_number,
    scale_of,
    variables_in,
    worst,
)
from brian2_nmda.symbolic import analysis
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.part import Part


@dataclass(frozen=True)
class Shares:
    """States that are parts of one whole.

    Attributes
    ----------
    names : tuple of str
    rest : str
        Name of the share that follows from the others, empty where it has none.
    whole : bool
        Whether nothing is eliminated: the states themselves sum to the whole.
    """

    names: tuple[str, ...]
    rest: str = ""
    whole: bool = False

    def size(self, part: Part, values: Mapping[str, float]) -> float:
        """The whole, in SI units."""
        t = part.template
        if self.whole:
            starts = Function({n: t.states[n].initial for n in self.names}, named(part))
            return float(sum(np.ravel(x)[0] for x in starts(values).values()))
        return points.bounds(t, values, self.names[0])[1]


@lru_cache(maxsize=256)
def shares(part: Part) -> tuple[Shares, ...]:
    """The shares that a part declares by its reactions, and those that its equations show."""
    scheme = points.occupied(part.template)
    declared = (Shares(tuple(scheme[1:]), scheme[0]),) if scheme else ()
    broken = _broken(part, declared)
    found: list[Shares] = list(declared)
    for names in _coupled(part):
        if not broken & {*names} or any({*names} & {*s.names} for s in found):
            continue
        started = any(part.template.states[n].initial != 0 for n in names)
        for candidate in (Shares(names), *([Shares(names, whole=True)] if started else [])):
            left = _broken(part, (*found, candidate))
            if not left & {*names} and left < broken:
                found.append(candidate)
                broken = left
                break
    return tuple(found)


def _broken(part: Part, given: tuple[Shares, ...]) -> set[str]:
    """States whose rate or jump leaves the region."""
    found: set[str] = set()
    for _, values in at_values(part, SEEDED, draws=1):
        try:
            found |= {n for n, _ in flow_outwards(part, values, SEEDED.rng(), given)}
            found |= {n for n, *_ in jumps_outwards(part, values, SEEDED.rng(), given)}
        except ModelError:  # no point at which the provided fractions are fractions
            return {*part.template.states}
    return found


class _Seeded:
    """What `at_values` needs of a subject."""

    @staticmethod
    def rng() -> np.random.Generator:
        return np.random.default_rng(1)


SEEDED = _Seeded()


def _coupled(part: Part) -> Iterator[tuple[str, ...]]:
    """States that depend on each other, then those that are joined in any way; of one interval from 0."""
    t = part.template
    known = named(part)
    reads = {n: set() for n in t.states}
    for name, expression in [*t.rates.items(), *(pair for j in jumps(part) for pair in j.changes.items())]:
        if name in reads:
            reads[name] |= {s.name for s in analysis.insert(expression, known).free_symbols} & {*reads}
    by_interval: dict[Any, list[str]] = {}
    for name, state in t.states.items():
        low, high = state.within
        if high is not None and low is not None and low == 0:
            by_interval.setdefault((str(high), state.dim), []).append(name)
    for names in by_interval.values():
        both = {n: _reach(reads, n, names) for n in names}
        either = {n: {*reads[n], *(m for m in names if n in reads[m])} for n in names}
        seen: set[tuple[str, ...]] = set()
        for group in (
            *(tuple(m for m in names if m in both[n] and n in both[m]) for n in names),
            *(tuple(m for m in names if m in _reach(either, n, names)) for n in names),
        ):
            if len(group) > 1 and group not in seen:
                seen.add(group)
                yield group


def _reach(edges: Mapping[str, set[str]], start: str, names: Iterable[str]) -> set[str]:
    found, todo = set(), [start]
    while todo:
        for n in edges[todo.pop()] & {*names}:
            if n not in found:
                found.add(n)
                todo.append(n)
    return found


def mutual(part: Part, name: str) -> tuple[str, ...]:
    """States of one interval that depend on ``name`` and on which it depends, itself included."""
    return next((group for group in _coupled(part) if name in group), ())


# -- points ---------------------------------------------------------------------------------------


def draw_states(
    part: Part,
    values: Mapping[str, float],
    rng: np.random.Generator,
    n: int,
    given: tuple[Shares, ...] | None = None,
) -> dict[str, np.ndarray]:
    """States anywhere in their region."""
    t, found = part.template, {}
    for group in shares(part) if given is None else given:
        names = [*([group.rest or " rest"] if not group.whole else []), *group.names]
        drawn = rng.dirichlet(np.full(len(names), 0.7), n).T * group.size(part, values)
        found.update(zip(names, drawn, strict=True))
    found.pop(" rest", None)
    for name, state in t.states.items():
        if name in found:
            continue
        low, high = points.bounds(t, values, name)
        size = 4 * points.TYPICAL.get(state.dim, 1.0)
        if low is None and high is None:
            low, high = -size, size
        elif high is None:
            high = low + max(size, abs(low))
        elif low is None:
            low = high - max(size, abs(high))
        found[name] = rng.uniform(low, high, n)
    return found


def sample(
    part: Part,
    values: Mapping[str, float],
    rng: np.random.Generator,
    n: int = POINTS,
    given: tuple[Shares, ...] | None = None,
) -> dict[str, Any]:
    """Parameters, inputs and states at random points at which the provided fractions are fractions.

    The intervals of the states are a box; fractions such as ``N_f + N_s`` cut off the corners that
    cannot be reached.
    """
    t = part.template
    inputs = points.draw_inputs(points.ALL_INPUTS, rng, n)
    inputs = {**points.draw_needs(t, inputs, rng, n), **inputs}
    known = {**inputs, **values}
    drawn = draw_states(part, {k: one_number(x) for k, x in known.items()}, rng, n, given)
    found = {**known, **drawn}
    # the occupancies of a scheme fill their simplex: there nothing is out of reach
    limited = [] if t.reactions else bounded_fractions(part)
    if limited:
        provided = Function({n: t.roles[n] for n in limited}, named(part))(found)
        keep = np.all([(p >= 0) & (p <= 1) for p in provided.values()], axis=0)
        keep = np.broadcast_to(keep, (n,))
        if not keep.any():
            raise ModelError(f"{part.name}: {', '.join(limited)} is a fraction at none of {n} random points.")
        found = {k: x if np.ndim(x) == 0 else x[keep] for k, x in found.items()}
    return found


def bounded_fractions(part: Part) -> list[str]:
    """Provided fractions that depend on states, all of which have an interval."""
    t = part.template
    bounded = {n for n, s in t.states.items() if None not in s.within}
    out = []
    for name in FRACTIONS:
        if name not in t.roles:
            continue
        used = {s.name for s in analysis.insert(t.roles[name], named(part)).free_symbols} & set(t.states)
        if used and used <= bounded:
            out.append(name)
    return out


# -- what leaves the region -----------------------------------------------------------------------


def limits(part: Part, values: Mapping[str, float], point: Mapping[str, Any], name: str) -> list[Any]:
    """Both bounds of a state at each point."""
    out = []
    for b in part.template.states[name].within:
        out.append(None if b is None else Function({"b": b})({**values, **point})["b"])
    return out


def flow_outwards(
    part: Part,
    values: Mapping[str, float],
    rng: np.random.Generator,
    given: tuple[Shares, ...] | None = None,
    which: str = "",
) -> Iterator[tuple[str, str]]:
    """States whose rate points outwards at a bound (Nagumo), each with words for where."""
    t = part.template
    given = shares(part) if given is None else given
    group_of = {n: group for group in given for n in group.names}
    for name in t.states:
        if t.rates[name] == 0 or needed(part, t.rates[name]):  # judged with what the other parts give
            continue
        point = sample(part, values, rng, given=given)
        group = group_of.get(name)
        for side, limit in zip((1, -1), limits(part, values, point, name), strict=True):
            if limit is None or (group and side < 0):  # the sum is bounded: below
                continue
            here = {**point, name: np.broadcast_to(limit, np.shape(point["v"]))}
            if group and group.whole:
                here = _scaled(part, values, here, group)
            rate = Function({"r": t.rates[name]}, named(part))(here)["r"]
            slack = 1e-12 * scale_of(t.rates[name], part, here)
            bad = ~(side * rate >= -slack)
            if np.any(bad):
                yield (
                    name,
                    f"at its {'lower' if side > 0 else 'upper'} bound {one_number(limit):.4g} the rate of "
                    f"'{name}' points outwards ({which}; d{name}/dt = "
                    f"{np.ravel(rate)[np.argmax(bad)]:.3g}, "
                    f"{worst(bad, here, variables_in(part, t.rates[name]))})",
                )
    for group in given:
        yield from _sum_grows(part, values, rng, group, given, which)


def _scaled(
    part: Part, values: Mapping[str, float], point: Mapping[str, Any], group: Shares
) -> dict[str, Any]:
    """The point with the shares of a group made to sum to the whole."""
    total = np.maximum(sum(point[n] for n in group.names), 1e-300) / group.size(part, values)
    return {**point, **{n: point[n] / total for n in group.names}}


def _sum_grows(
    part: Part,
    values: Mapping[str, float],
    rng: np.random.Generator,
    group: Shares,
    given: tuple[Shares, ...],
    which: str,
) -> Iterator[tuple[str, str]]:
    """Where nothing is left of the whole, the sum of the shares does not grow (or, written out, stays)."""
    rates = {n: part.template.rates[n] for n in group.names}
    here = _scaled(part, values, sample(part, values, rng, given=given), group)
    growth = sum(Function(rates, named(part))(here).values())
    slack = 1e-12 * sum(scale_of(e, part, here) for e in rates.values())
    bad = ~(np.abs(growth) <= slack) if group.whole else ~(growth <= slack)
    if np.any(bad):
        sum_of = " + ".join(group.names)
        shown = [n for n in points.ALL_INPUTS if any(n in variables_in(part, e) for e in rates.values())]
        yield (
            group.names[0],
            f"{sum_of} is the whole, and still changes by {np.ravel(growth)[np.argmax(bad)]:.3g}/s "
            f"({which}; {worst(bad, here, [*group.names, *shown])})",
        )


def jumps_outwards(
    part: Part,
    values: Mapping[str, float],
    rng: np.random.Generator,
    given: tuple[Shares, ...] | None = None,
    which: str = "",
) -> Iterator[tuple[str, str]]:
    """States that a jump puts out of their region, each with words for where."""
    t = part.template
    given = shares(part) if given is None else given
    for jump in jumps(part):
        point = _farther(part, values, sample(part, values, rng, given=given), rng)
        here = dict(point)
        if jump.condition is None:
            for name, change in jump.changes.items():  # in the order in which they are written
                here[name] = Function({"new": change}, named(part))(here)["new"]
            happens = True
        else:
            here.update(Function(jump.changes, named(part))(point))
            happens = Function({"c": jump.condition}, named(part))(point)["c"] != 0
        for name in jump.changes:
            bad = _outside(here[name], limits(part, values, point, name)) & happens
            if np.any(bad):
                yield (
                    name,
                    f"'{name}' leaves its interval at {jump.when} ({which}): it becomes "
                    f"{np.broadcast_to(here[name], bad.shape)[np.argmax(bad)]:.4g} from "
                    f"{worst(bad, point, variables_in(part, jump.changes[name]))}",
                )
        for group in given:
            total = sum(here[n] for n in group.names) / group.size(part, values)
            if {*group.names} & {*jump.changes} and np.any((total > 1 + 1e-12) & happens):
                yield (
                    group.names[0],
                    f"{' + '.join(group.names)} exceeds the whole at {jump.when} ({which})",
                )
        limited = bounded_fractions(part)
        if limited and happens is True:
            for name, x in Function({n: t.roles[n] for n in limited}, named(part))(here).items():
                if np.any(~((x >= -1e-12) & (x <= 1 + 1e-12))):
                    yield name, f"'{name}' is no fraction any more after {jump.when} ({which})"


def _farther(
    part: Part, values: Mapping[str, float], point: Mapping[str, Any], rng: np.random.Generator
) -> dict[str, Any]:
    """The point with half of the states of one bound up to a thousand times as far from it."""
    found = dict(point)
    for name in part.template.states:
        low, high = limits(part, values, point, name)
        if (low is None) != (high is None):
            bound = high if low is None else low
            n = np.size(point[name])
            found[name] = bound + (point[name] - bound) * 10.0 ** (3 * rng.random(n) * rng.integers(0, 2, n))
    return found


def _outside(x: np.ndarray, interval: list[Any]) -> np.ndarray:
    """Where values are not finite or beyond an interval, by more than rounding."""
    low, high = interval
    size = np.maximum(np.abs(x), np.max(np.abs(x), initial=0.0))
    bad = ~np.isfinite(x)
    if low is not None:
        bad = bad | ~(x >= low - 1e-12 * size)
    if high is not None:
        bad = bad | ~(x <= high + 1e-12 * size)
    return bad
