"""Checks against what the author of a model gives: an independent statement, a table of values.

Each check is a generator: what it yields are failures in words. It raises `NotApplicable` where it has
nothing to say. Tolerances are relative to the size of the terms that are compared.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from brian2_nmda.conformance import points
from brian2_nmda.conformance.points import Function
from brian2_nmda.conformance.reading import expressions, named
from brian2_nmda.conformance.regions import sample
from brian2_nmda.conformance.sampling import (
    SAME,
    Failures,
    at_values,
    variables_in,
    worst,
)
from brian2_nmda.conformance.subject import NotApplicable, Subject
from brian2_nmda.symbolic.part import Part

#: What a reference may state; rates by the name of the state.
STATED = ("rate", "role", "gift", "jump", "condition")


def against_reference(subject: Subject, reference: Any) -> Failures:
    """An independent statement of the equations gives the same values, at generic points too."""
    if not isinstance(subject.given, Part):
        raise NotApplicable("a reference states the equations of one part")
    part = subject.given
    t = part.template
    stated = {
        w.of if w.kind == "rate" else w.name: w.expression for w in expressions(part) if w.kind in STATED
    }
    function = Function(stated, named(part))
    definitions = Function(named(part), named(part)) if t.definitions else None
    inputs_of = (*points.ALL_INPUTS, *t.needs)
    for which, values in at_values(part, subject, draws=3):
        point = sample(part, values, subject.rng(), 40)
        rng = subject.rng()
        point["xi"] = rng.normal(size=len(point["v"]))  # the noise is part of the equation
        for name in t.needs:  # equations hold anywhere: on both sides of whatever threshold there is
            wider = 10 ** rng.uniform(-2, 2.5, len(point["v"]))
            point[name] = np.asarray(point[name]) * np.where(rng.random(len(wider)) < 0.5, 1, wider)
        inside = definitions(point) if definitions else {}
        found = function(point)
        expected: dict[str, list[float]] = {}
        n = len(point["v"])
        for i in range(n):
            states = {s: float(np.ravel(point[s])[i]) for s in t.states}
            states.update({s: float(np.broadcast_to(x, (n,))[i]) for s, x in inside.items()})
            inputs = {k: float(np.ravel(point[k])[i]) for k in inputs_of if k in point and np.ndim(point[k])}
            for key, x in reference(states, inputs, dict(values)).items():
                expected.setdefault(key, []).append(float(x))
        missing = [s for s in t.rates if s not in expected and t.rates[s] != 0]
        if missing:
            yield f"{part.name}: the reference does not give the rate of {', '.join(missing)}."
        for key, xs in expected.items():
            if key not in found:
                yield f"{part.name}: the reference gives '{key}', which the model has not."
                continue
            x, wanted = np.broadcast_to(found[key], (n,)), np.array(xs)
            # a cancellation may cost digits where the value itself is small
            slack = SAME * np.maximum(np.abs(wanted), 1e-3 * np.max(np.abs(wanted)))
            bad = ~(np.abs(x - wanted) <= slack)
            if np.any(bad):
                i = int(np.argmax(bad))
                what = f"d{key}/dt" if key in t.rates else key
                yield (
                    f"{part.name}: '{what}' differs from the reference ({which}): found {x[i]:.9g}, expected "
                    f"{wanted[i]:.9g} at {worst(bad, point, variables_in(part, stated[key]))}."
                )


def against_table(subject: Subject, table: Mapping[str, float]) -> Failures:
    """Every parameter has the value of the table, and the table has every parameter."""
    own = (
        {n: p.value for n, p in subject.given.template.parameters.items()}
        if isinstance(subject.given, Part)
        else {r["name"]: r["value"] for r in subject.given.parameters}
    )
    for name in own:
        if name not in table:
            yield f"{subject.name}: the table has no value for '{name}'."
    for name, expected in table.items():
        if name not in own:
            yield f"{subject.name}: the table has a value for '{name}', which is no parameter."
            continue
        found = float(np.asarray(own[name]))
        if not abs(found - expected) <= 1e-12 * abs(expected):
            yield f"{subject.name}: '{name}' is {found:.15g} (SI), but {expected:.15g} in the table."
