"""Parameter values and sizes with which the checks compare, and words for where they fail."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import sympy

from brian2_nmda.conformance import points
from brian2_nmda.conformance.points import Function
from brian2_nmda.conformance.reading import named
from brian2_nmda.symbolic.part import Part

Failures = Iterator[str]

SAME = 1e-9
#: Points at which a property that has to hold everywhere is tested.
POINTS = 400


def at_values(part: Part, subject: Any, draws: int = 2) -> Iterator[tuple[str, dict[str, float]]]:
    """The values that a part states, then generic ones."""
    yield points.REFERENCE, points.published(part.template.parameters)
    if part.template.parameters:
        rng = subject.rng()
        for _ in range(draws):
            yield "generic values", points.generic_values(part, rng)


def one_number(x: Any) -> float:
    """The first value of an array, or the number itself."""
    return float(np.ravel(x)[0])


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
