"""Checks that states stay in their intervals and that no parameter value is singular.

Each check is a generator: what it yields are failures in words. It raises `NotApplicable` where it has
nothing to say. Tolerances are relative to the size of the terms that are compared.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from brian2_nmda.conformance import points, regions
from brian2_nmda.conformance.points import FRACTIONS, Function
from brian2_nmda.conformance.reading import named, needed, written
from brian2_nmda.conformance.regions import sample
from brian2_nmda.conformance.sampling import (
    POINTS,
    Failures,
    at_values,
    variables_in,
    worst,
)
from brian2_nmda.conformance.subject import NotApplicable, Subject
from brian2_nmda.symbolic import analysis
from brian2_nmda.symbolic.part import Part


def invariance(subject: Subject) -> Failures:
    """At each bound the rate points inwards (Nagumo), jumps stay inside, fractions are fractions."""
    said = False
    for part in subject.parts:
        t = part.template
        if not t.states and not any(n in t.roles for n in (*FRACTIONS, "concentration")):
            continue
        said = True
        for which, values in at_values(part, subject):
            rng = subject.rng()
            for what, leaves in (
                ("equation", regions.flow_outwards(part, values, rng, which=which)),
                ("jump", regions.jumps_outwards(part, values, rng, which=which)),
            ):
                for name, found in leaves:
                    yield f"{part.name}: {found}. Correct the {what} or within={_hint(part, name)}."
            yield from _roles_inside(part, values, rng, which)
    if not subject.is_fragment and any(p.template.needs for p in subject.parts):
        yield from _coupled_inside(subject)
    if not said:
        raise NotApplicable("no state and no fraction")


def _coupled_inside(subject: Subject) -> Failures:
    """The same for the rates that read what other parts give, in the whole synapse."""
    system = subject.model.system
    readers = {
        name
        for part in subject.parts
        for n, e in part.template.rates.items()
        if needed(part, e)
        for name in (n, f"{n}_{part.label or part.name}")
        if name in system.states
    }
    known = {n: d.expression for n, d in (*system.definitions.items(), *system.totals.items())}
    values, rng = {n: points.size_of(p) for n, p in system.parameters.items()}, subject.rng()
    point: dict[str, Any] = {**points.draw_inputs(points.ALL_INPUTS, rng, POINTS), **values}
    intervals = {n: points.bounds(system, values, n) for n in system.states}
    for name, (low, high) in intervals.items():
        size = 4 * points.TYPICAL.get(system.states[name].dim, 1.0)
        low = (-size if high is None else high - size) if low is None else low
        high = low + max(size, 4 * abs(system.initial[name])) if high is None else high
        point[name] = rng.uniform(low, high, POINTS)
    for name in sorted(readers):
        rate = Function({"r": system.rates[name]}, known)
        for side, limit in zip((1, -1), intervals[name], strict=True):
            if limit is None:
                continue
            found = rate({**point, name: np.full(POINTS, limit)})["r"]
            bad = ~(side * found >= -1e-12 * np.max(np.abs(found)))
            if np.any(bad):
                yield (
                    f"{system.owner[name]}: at its {'lower' if side > 0 else 'upper'} bound {limit:.4g} the "
                    f"rate of '{name}' points outwards (d{name}/dt = {found[np.argmax(bad)]:.3g}, "
                    f"{worst(bad, point, [n for n in rate.reads if n in system.states])}). Correct the "
                    "equation, or within=."
                )


def _hint(part: Part, name: str) -> str:
    """What to write where states may be shares of one whole."""
    together = regions.mutual(part, name)
    if not together or part.template.reactions:
        return ""
    return (
        f"; if {', '.join(together)} are shares of one whole, declare them with occupancies('rest "
        f"{' '.join(together)}') and reactions, which keep their sum"
    )


def _roles_inside(part: Part, values: Mapping[str, float], rng: np.random.Generator, which: str) -> Failures:
    t = part.template
    checked = {n: e for n, e in t.roles.items() if n in (*FRACTIONS, "concentration", "transmitter")}
    if not checked:
        return
    point = sample(part, values, rng)
    for name, x in Function(checked, named(part))(point).items():
        used = {s.name for s in analysis.insert(checked[name], named(part)).free_symbols} & set(t.states)
        within = [t.states[n].within for n in used]
        above = name in FRACTIONS and not any(high is None for _, high in within)
        below = not any(low is None for low, _ in within)
        bad = (~(x >= -1e-12) if below else False) | (~(x <= 1 + 1e-12) if above else False)
        if np.any(bad):
            yield (
                f"{part.name}: '{name}' is {np.broadcast_to(x, bad.shape)[np.argmax(bad)]:.4g} ({which}, "
                f"{worst(bad, point, variables_in(part, checked[name]))}), expected "
                f"{'a fraction' if above else 'a value that is not negative'}."
            )


def singularities(subject: Subject) -> Failures:
    """Equal parameters and inputs at zero are no accident: everything stays finite and continuous.

    Each pair of positive parameters of one dimension is made equal and equal to 1e-7 (relative); the value
    then changes by no more than 1e-4 of the largest value of the expression: a limit whose logarithmic
    slope is below 1000. Each input and each parameter that may be 0 is set to 0 and next to it: to 1e-9 and
    to 1e-12 of its size, one of which has to be near (the first where digits cancel, the second at steep
    slopes).
    """
    delta = 1e-7
    for part in subject.parts:
        t = part.template
        expressions = {n: e for n, e in written(part).items() if e.free_symbols}
        if not expressions:
            continue
        function = Function(expressions, named(part))
        for which, values in at_values(part, subject, draws=1):
            point = sample(part, values, subject.rng(), 20)
            typical = points.generic(t.parameters, subject.rng(), 0.0)
            usual = {**point, **{n: typical[n] for n, x in values.items() if x == 0}}
            size = {k: np.max(np.abs(x[np.isfinite(x)]), initial=0.0) for k, x in function(usual).items()}
            positive = [
                n
                for n, p in t.parameters.items()
                if n in function.reads
                and values[n] > 0
                and (p.sign == "positive" or not points.may_vanish(p))
            ]
            pairs = [
                (a, b) for a, b in combinations(positive, 2) if t.parameters[a].dim is t.parameters[b].dim
            ]
            for a, b in pairs:
                near = [function({**point, b: values[a] * (1 + delta)})]
                at = function({**point, b: values[a]})
                yield from _jump(part, at, near, size, f"at {a} = {b} ({which})")
            zero = [n for n, p in t.parameters.items() if points.may_vanish(p) and n in function.reads]
            for name in zero:
                near = [function({**point, name: d * typical[name]}) for d in (1e-9, 1e-12)]
                at = function({**point, name: 0.0})
                yield from _jump(part, at, near, size, f"at {name} = 0 ({which})")
            inputs = [
                n
                for n in function.reads
                if n in ("v", "T", "Ca", "G_open", "I_Ca", "activation", "conductance")
            ]
            for name in inputs:
                near = [function({**point, name: d * point[name]}) for d in (1e-9, 1e-12)]
                at = function({**point, name: np.zeros_like(point[name])})
                yield from _jump(part, at, near, size, f"at {name} = 0 ({which})")


def _jump(
    part: Part, at: Mapping[str, Any], near: list[Mapping[str, Any]], size: Mapping[str, float], where: str
) -> Failures:
    for what, x in at.items():
        if not np.all(np.isfinite(x)):
            yield (
                f"{part.name}: '{what}' is not finite {where}; write it with exprel or without the quotient."
            )
        else:
            largest = max(size[what], float(np.max(np.abs(x))))
            if not any(np.all(np.abs(x - n[what]) <= 1e-4 * largest) for n in near):
                yield f"{part.name}: '{what}' jumps {where}."
