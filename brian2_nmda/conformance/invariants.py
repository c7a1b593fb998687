"""Checks that states stay in their intervals and that no parameter value is singular.

Each check is a generator: what it yields are failures in words. It raises `NotApplicable` where it has
nothing to say. Tolerances are relative to the size of the terms that are compared.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from brian2_nmda.conformance import points
from brian2_nmda.conformance.points import FRACTIONS, Function
from brian2_nmda.conformance.sampling import (
    Failures,
    at_values,
    bounded_fractions,
    one_number,
    sample,
    scale_of,
    variables_in,
    worst,
)
from brian2_nmda.conformance.subject import NotApplicable, Subject, named, written
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
            yield from _flow_inwards(part, values, rng, which)
            yield from _jumps_inside(part, values, rng, which)
            yield from _roles_inside(part, values, rng, which)
    if not said:
        raise NotApplicable("no state and no fraction")


def _limits(part: Part, values: Mapping[str, float], point: Mapping[str, Any], name: str) -> list[Any]:
    out = []
    for b in part.template.states[name].within:
        out.append(None if b is None else Function({"b": b})({**values, **point})["b"])
    return out


def _flow_inwards(part: Part, values: Mapping[str, float], rng: np.random.Generator, which: str) -> Failures:
    t = part.template
    scheme = points.occupied(t)
    for name in t.states:
        if t.rates[name] == 0:
            continue
        point = sample(part, values, rng)
        for side, limit in zip((1, -1), _limits(part, values, point, name), strict=True):
            if limit is None:
                continue
            here = {**point, name: np.broadcast_to(limit, np.shape(point["v"]))}
            if name in scheme:  # the others keep their proportions
                rest = np.maximum(sum(point[n] for n in scheme if n != name), 1e-300)
                here.update({n: point[n] / rest * (1 - limit) for n in scheme if n != name})
            rate = Function({"r": t.rates[name]}, named(part))(here)["r"]
            slack = 1e-12 * scale_of(t.rates[name], part, here)
            bad = ~(side * rate >= -slack)
            if np.any(bad):
                yield (
                    f"{part.name}: at its {'lower' if side > 0 else 'upper'} bound "
                    f"{one_number(limit):.4g} the rate of "
                    f"'{name}' points outwards ({which}; d{name}/dt = {np.ravel(rate)[np.argmax(bad)]:.3g}, "
                    f"{worst(bad, here, variables_in(part, t.rates[name]))}). Correct the equation or "
                    "within=."
                )


def _jumps_inside(part: Part, values: Mapping[str, float], rng: np.random.Generator, which: str) -> Failures:
    t = part.template
    kinds = [("a spike", t.on_spike, None), ("a postsynaptic spike", t.on_post_spike, None)]
    kinds += [("a late spike", t.on_late_spike, None)]
    kinds += [(f"event {k}", e.changes, e.condition) for k, e in enumerate(t.events, 1)]
    for what, changes, condition in kinds:
        if not changes:
            continue
        point = sample(part, values, rng)
        here = dict(point)
        if condition is None:
            for name, change in changes.items():  # in the order in which they are written
                here[name] = Function({"new": change}, named(part))(here)["new"]
            happens = True
        else:
            here.update(Function(changes, named(part))(point))
            happens = Function({"c": condition}, named(part))(point)["c"] != 0
        for name in changes:
            low, high = _limits(part, values, point, name)
            size = np.maximum(np.abs(here[name]), np.max(np.abs(here[name]), initial=0.0))
            finite = np.isfinite(here[name])
            bad = ~finite
            if low is not None:
                bad = bad | ~(here[name] >= low - 1e-12 * size)
            if high is not None:
                bad = bad | ~(here[name] <= high + 1e-12 * size)
            bad = bad & happens
            if np.any(bad):
                yield (
                    f"{part.name}: '{name}' leaves its interval at {what} ({which}): it becomes "
                    f"{np.broadcast_to(here[name], bad.shape)[np.argmax(bad)]:.4g} from "
                    f"{worst(bad, point, variables_in(part, changes[name]))}. Correct the jump or within=."
                )
        limited = bounded_fractions(part)
        if limited and happens is True:
            for name, x in Function({n: t.roles[n] for n in limited}, named(part))(here).items():
                if np.any(~((x >= -1e-12) & (x <= 1 + 1e-12))):
                    yield f"{part.name}: '{name}' is no fraction any more after {what} ({which})."


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
            positive = [n for n, p in t.parameters.items() if p.sign == "positive" and n in function.reads]
            pairs = [
                (a, b) for a, b in combinations(positive, 2) if t.parameters[a].dim is t.parameters[b].dim
            ]
            for a, b in pairs:
                near = [function({**point, b: values[a] * (1 + delta)})]
                at = function({**point, b: values[a]})
                yield from _jump(part, at, near, size, f"at {a} = {b} ({which})")
            zero = [n for n, p in t.parameters.items() if p.sign != "positive" and n in function.reads]
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
