"""Random points at which the checks compare, and words for where they fail."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import sympy

from brian2_nmda.conformance import points
from brian2_nmda.conformance.points import FRACTIONS, Function
from brian2_nmda.conformance.subject import Subject, named
from brian2_nmda.symbolic import analysis
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.part import Part

Failures = Iterator[str]

SAME = 1e-9
#: Points at which a property that has to hold everywhere is tested.
POINTS = 400


def at_values(part: Part, subject: Subject, draws: int = 2) -> Iterator[tuple[str, dict[str, float]]]:
    """Published values of a part, then generic ones."""
    yield "published values", points.published(part.template.parameters)
    if part.template.parameters:
        rng = subject.rng()
        for _ in range(draws):
            yield "generic values", points.generic_values(part, rng)


def sample(
    part: Part, values: Mapping[str, float], rng: np.random.Generator, n: int = POINTS
) -> dict[str, Any]:
    """Parameters, inputs and states at random points at which the provided fractions are fractions.

    The intervals of the states are a box; fractions such as ``N_f + N_s`` cut off the corners that
    cannot be reached.
    """
    t = part.template
    inputs = points.draw_inputs(points.ALL_INPUTS, rng, n)
    known = {**inputs, **values}
    found = {**known, **points.draw_states(t, {k: one_number(x) for k, x in known.items()}, rng, n)}
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


def one_number(x: Any) -> float:
    """The first value of an array, or the number itself."""
    return float(np.ravel(x)[0])


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


def scale_of(expression: Any, part: Part, point: Mapping[str, Any]) -> np.ndarray:
    """Sum of the sizes of the terms of an expression: what rounding is measured against."""
    whole = points.plain(expression, named(part))
    terms = [
        term
        for product in sympy.Add.make_args(whole)
        for term in sympy.Add.make_args(sympy.expand_mul(product, deep=False))
    ]
    found = Function({str(i): e for i, e in enumerate(terms)})(point)
    return sum(np.abs(x) for x in found.values())


def worst(bad: np.ndarray, point: Mapping[str, Any], show: list[str]) -> str:
    """The inputs at the first point of a failure."""
    i = int(np.argmax(np.broadcast_to(bad, (len(point["v"]),))))
    return ", ".join(
        f"{n} = {np.ravel(point[n])[min(i, np.size(point[n]) - 1)]:.4g}" for n in show if n in point
    )


def variables_in(part: Part, expression: Any) -> list[str]:
    """Inputs and states in an expression, for messages."""
    names = {s.name for s in points.plain(expression, named(part)).free_symbols}
    return sorted(names & {*part.template.states, *points.ALL_INPUTS})
