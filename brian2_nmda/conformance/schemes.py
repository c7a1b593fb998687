"""Checks of reaction tables and steady states.

Each check is a generator: what it yields are failures in words. It raises `NotApplicable` where it has
nothing to say. Tolerances are relative to the size of the terms that are compared.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy

from brian2_nmda.conformance import points
from brian2_nmda.conformance.points import ON, Function
from brian2_nmda.conformance.reading import named, reads
from brian2_nmda.conformance.regions import sample
from brian2_nmda.conformance.sampling import (
    SAME,
    Failures,
    at_values,
    one_number,
    scale_of,
    variables_in,
    worst,
)
from brian2_nmda.conformance.subject import NotApplicable, Subject
from brian2_nmda.symbolic import analysis
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.part import Part, Reaction


def _schemes(subject: Subject) -> list[Part]:
    return [p for p in subject.parts if p.template.reactions]


def _matrices(part: Part, point: Mapping[str, Any]) -> np.ndarray:
    """Rate matrices at the points, assembled from the table: ``Q[i, j]`` is the rate from i to j."""
    t = part.template
    order = points.occupied(t)
    rates = {}
    for k, r in enumerate(t.reactions):
        rates[f"{k} f"], rates[f"{k} b"] = r.forward, r.backward
    found = Function(rates, named(part))({**point, ON.name: 1.0})
    n = max(np.size(x) for x in found.values())
    q = np.zeros((n, len(order), len(order)))
    for k, r in enumerate(t.reactions):
        i, j = order.index(r.source.name), order.index(r.target.name)
        q[:, i, j] += found[f"{k} f"]
        q[:, j, i] += found[f"{k} b"]
    index = np.arange(len(order))
    q[:, index, index] = -q.sum(axis=2)
    return q


def reaction_table(subject: Subject) -> Failures:
    """Rates are not negative, the occupancies are conserved, and the equations are those of the table."""
    for part in _schemes(subject):
        t = part.template
        order = points.occupied(t)
        for which, values in at_values(part, subject):
            point = sample(part, values, subject.rng())
            q = _matrices(part, point)
            rates = {
                f"{k} {d}": getattr(r, d) for k, r in enumerate(t.reactions) for d in ("forward", "backward")
            }
            for key, x in Function(rates, named(part))(point).items():
                k, direction = key.split()
                r = t.reactions[int(k)]
                if np.any(~np.isfinite(x)) or np.any(x < 0):
                    a, b = (r.source, r.target) if direction == "forward" else (r.target, r.source)
                    bad = ~(x >= 0)
                    yield (
                        f"{part.name}: the rate {a} -> {b} = {rates[key]} is negative or not finite "
                        f"at {which}, "
                        f"{worst(bad, point, variables_in(part, rates[key]))}; a rate has to be >= 0."
                    )
            shares = np.array([np.broadcast_to(point[n], (len(q),)) for n in order]).T
            flow = np.einsum("ni,nij->nj", shares, q)
            size = np.einsum("ni,nij->nj", shares, np.abs(q))
            found = Function({n: t.rates[n] for n in order[1:]}, named(part))(point)
            derived = np.array([np.broadcast_to(x, (len(q),)) for x in found.values()]).T
            for name, x, expected, s in zip(order[1:], derived.T, flow[:, 1:].T, size[:, 1:].T, strict=True):
                if np.any(np.abs(x - expected) > SAME * s):
                    yield (
                        f"{part.name}: d{name}/dt is not what the reaction table gives at {which}: found "
                        f"{x[np.argmax(np.abs(x - expected))]:.6g}/s, expected "
                        f"{expected[np.argmax(np.abs(x - expected))]:.6g}/s. Change the table, not "
                        "the equation."
                    )
            lost = np.abs(derived.sum(axis=1) + flow[:, 0])
            if np.any(lost > SAME * size.sum(axis=1)):
                yield (
                    f"{part.name}: the sum of the occupancies changes at {which}; an outflow or "
                    "inflow is missing."
                )
            total = Function({order[0]: t.definitions[order[0]].expression})(point)[order[0]]
            if np.any(np.abs(total - point[order[0]]) > SAME):
                yield f"{part.name}: '{order[0]}' is not 1 minus the other occupancies."


def _reachable(edges: np.ndarray, start: int) -> set[int]:
    found, todo = {start}, [start]
    while todo:
        for j in np.flatnonzero(edges[todo.pop()]):
            if int(j) not in found:
                found.add(int(j))
                todo.append(int(j))
    return found


def connectivity(subject: Subject) -> Failures:
    """Without transmitter everything returns to rest, where nothing conducts; with it all is reached."""
    for part in _schemes(subject):
        t = part.template
        order = points.occupied(t)
        for which, values in at_values(part, subject):
            inputs = points.draw_inputs(points.ALL_INPUTS, subject.rng(), 1)
            point = {**inputs, **values, "activation": 0.5, "block": 0.5}
            with_it = _matrices(part, {**point, "T": 1.0})[0] > 0
            without = _matrices(part, {**point, "T": 0.0})[0] > 0 if reads(part, "T") else with_it
            rest = _reachable(without, 0)
            for i, name in enumerate(order):
                if 0 not in _reachable(without, i):
                    yield (
                        f"{part.name}: without transmitter '{name}' never returns to '{order[0]}' at "
                        f"{which}; "
                        "list a resting state first and give every state a way back."
                    )
            missing = [order[i] for i in range(len(order)) if i not in _reachable(with_it, 0)]
            if missing:
                yield (
                    f"{part.name}: {', '.join(missing)} cannot be reached from '{order[0]}' with transmitter."
                )
            if "activation" in t.roles and reads(part, "T"):
                for i in sorted(rest):
                    shares = {n: float(i == k) for k, n in enumerate(order)}
                    active = Function({"a": t.roles["activation"]}, named(part))(
                        {**point, **shares, "T": 0.0}
                    )["a"]
                    if np.any(active != 0):
                        yield (
                            f"{part.name}: '{order[i]}' conducts and is visited without transmitter; "
                            "a resting "
                            "receptor has to be closed."
                        )


def microscopic_reversibility(subject: Subject) -> Failures:
    """Round each cycle the product of the rates is the same both ways (Kolmogorov), at reference values.

    To 1e-6 in its logarithm: in equilibrium nothing circulates, and a scheme that is driven round a cycle
    (also by rounded rates) has to say so by a class attribute ``irreversible = '<reason>'``. Generic
    values have no reason to obey it.
    """
    for part in _schemes(subject):
        if str(getattr(part, "irreversible", "") or "").strip():
            if len(_schemes(subject)) == 1:
                raise NotApplicable(f"stated exception: {part.irreversible}")
            continue
        order = points.occupied(part.template)
        for v, T in ((-0.07, 0.3), (0.013, 1.7)):
            inputs = points.draw_inputs(points.ALL_INPUTS, subject.rng(), 1)
            point = {**inputs, **points.published(part.template.parameters)}
            point.update(v=np.array([v]), T=np.array([T]), activation=0.5, block=0.5)
            q = _matrices(part, point)[0]
            np.fill_diagonal(q, 0)
            one_way = (q > 0) & (q.T == 0)
            for i, j in np.argwhere(one_way):
                yield (
                    f"{part.name}: {order[i]} -> {order[j]} has no way back, so there is no "
                    "equilibrium; give "
                    "the backward rate, or state irreversible = '<reason>'."
                )
            if one_way.any():
                break
            potential, seen, todo = {0: 0.0}, [], [0]
            while todo:  # the free energy of each state along a spanning tree; other edges close cycles
                i = todo.pop()
                for j in np.flatnonzero(q[i]):
                    step = potential[i] + np.log(q[i, j] / q[j, i])
                    if int(j) not in potential:
                        potential[int(j)] = step
                        todo.append(int(j))
                    elif abs(step - potential[int(j)]) > 1e-6 and (int(j), i) not in seen:
                        seen.append((i, int(j)))
                        yield (
                            f"{part.name}: the cycle closed by {order[i]} - {order[j]} is driven: the "
                            "products of "
                            f"its rates differ by a factor {np.exp(abs(step - potential[int(j)])):.4g} at "
                            f"v = {v * 1e3:g} mV. Correct a rate, or state irreversible = '<reason>'."
                        )


def ligand_balance(subject: Subject) -> Failures:
    """Each state of a scheme has a number of ligands: round every cycle as many bind as leave.

    A rate in proportion to a concentration (of transmitter, calcium, or magnesium in the bath) binds one
    ligand, its square two. Reactions that go one way only may stand for several steps and are left out, and
    so are rates that are no product with a power of the concentration. A reaction that loses ligands
    in both directions (a shortcut for several steps) is stated by ``lumped = '<reason>'``.
    """
    said = False
    for part in _schemes(subject):
        if str(getattr(part, "lumped", "") or "").strip():
            continue
        p = part.template.parameters
        ligands = ["T", "Ca", "Ca_eff", *(n for n in p if p[n].bath and p[n].dim is points.MOLAR)]
        for ligand in (n for n in ligands if reads(part, n)):
            bound = _bound_by(part, ligand)
            if bound is None:
                continue
            said = True
            yield from _unbalanced(part, ligand, bound)
    if not said:
        raise NotApplicable("no rate is in proportion to a concentration")


def _bound_by(part: Part, ligand: str) -> list[tuple[str, str, int]] | None:
    """Source, target and ligands bound on the way of each reaction that goes both ways; `None` if unclear."""
    x, found = symbol(ligand), []
    for r in part.template.reactions:
        powers = []
        for e in (r.forward, r.backward):
            _, dependent = points.plain(e, named(part)).as_independent(x, as_Add=False)
            power = dependent.as_powers_dict().get(x, 0) if dependent != 1 else 0
            if sympy.cancel(dependent / x**power).has(x):
                return None
            powers.append(int(power))
        if r.forward != 0 and r.backward != 0:
            found.append((r.source.name, r.target.name, powers[0] - powers[1]))
    return found


def _unbalanced(part: Part, ligand: str, bound: list[tuple[str, str, int]]) -> Failures:
    """Reactions that give a state another number of ligands than the way that was found first."""
    number: dict[str, int] = {}
    for start in points.occupied(part.template):
        if start in number:
            continue
        number[start], todo = 0, [start]
        while todo:
            here = todo.pop(0)
            for a, b, n in (*bound, *((b, a, -n) for a, b, n in bound)):
                if a == here and b not in number:
                    number[b] = number[here] + n
                    todo.append(b)
    for a, b, n in bound:
        if number[b] != number[a] + n:
            yield (
                f"{part.name}: {a} -> {b} binds {n} of '{ligand}', but by the other reactions '{b}' has "
                f"{number[b] - number[a]} more than '{a}'; round a cycle as many bind as leave. Check the "
                f"direction of {a} - {b} and of the reactions beside it, or state lumped = '<reason>'."
            )


def _long_run(q: np.ndarray) -> np.ndarray:
    """``exp(Q t)`` for ``t`` without end, by scaling and squaring of a non-negative series."""
    a = np.max(-np.diag(q))
    step = np.eye(len(q)) + q / (2 * a) if a > 0 else np.eye(len(q))
    for _ in range(200):
        squared = step @ step
        squared /= squared.sum(axis=1, keepdims=True)
        if np.max(np.abs(squared - step)) < 1e-15:
            break
        step = squared
    return squared


def steady_state(subject: Subject) -> Failures:
    """Three ways to the equilibrium of a scheme agree; a closed form makes the rates vanish."""
    said = False
    for part in subject.parts:
        t = part.template
        if t.reactions:
            said = True
            yield from _equilibria(part, subject)
        elif t.rates and _triangular(part):
            said = True
            yield from _closed_form(part, subject)
    if not said:
        raise NotApplicable("no scheme and no linear kinetics with a steady state")


def _equilibria(part: Part, subject: Subject) -> Failures:
    t = part.template
    order = points.occupied(t)
    for which, values in at_values(part, subject):
        for T in (0.0, 0.7):
            inputs = points.draw_inputs(points.ALL_INPUTS, subject.rng(), 1)
            point = {**{k: one_number(x) for k, x in inputs.items()}, **values, "T": T}
            q = _matrices(part, point)[0]
            reactions = [
                Reaction(r.source, r.target, *(points.plain(e, named(part)) for e in (r.forward, r.backward)))
                for r in t.reactions
            ]
            by_elimination = analysis.equilibrium(reactions, point)
            found = np.array([by_elimination[n] for n in order])
            long = _long_run(q)[0]
            rows = np.vstack([q.T / np.max(np.abs(q)), np.ones(len(q))])
            null = np.linalg.lstsq(rows, np.r_[np.zeros(len(q)), 1.0], rcond=None)[0]
            unique = np.linalg.matrix_rank(q, tol=1e-13 * np.max(np.abs(q))) == len(q) - 1
            # 1e-8 of the sum: the null space of rates that span nine decades loses that many digits
            for how, other in (("the long run", long), *([("the null space", null)] if unique else [])):
                if np.max(np.abs(found - other)) > 1e-8:
                    i = int(np.argmax(np.abs(found - other)))
                    yield (
                        f"{part.name}: in equilibrium (T = {T:g} mM, {which}) '{order[i]}' is "
                        f"{found[i]:.9g} by "
                        f"elimination and {other[i]:.9g} by {how}; list a state of the resting class first."
                    )


def _triangular(part: Part) -> bool:
    rates = part._right_hand_sides()
    try:
        for group in analysis.strongly_connected(rates):
            parts = analysis.linear_in(rates[group[0]], group[0]) if len(group) == 1 else None
            if parts is None or parts[0] == 0:
                return False
    except ModelError:
        return False
    return not any(s.name.startswith("xi") for e in rates.values() for s in e.free_symbols)


def _closed_form(part: Part, subject: Subject) -> Failures:
    t = part.template
    solution = part.steady_state()
    for which, values in at_values(part, subject):
        point = sample(part, values, subject.rng(), 50)
        at_rest = {**point, **Function(solution, named(part))(point)}
        found = Function(t.rates, named(part))(at_rest)
        for name, rate in found.items():
            size = scale_of(t.rates[name], part, at_rest)
            # thresholds may turn all rates off: then every value is a steady state
            exists = np.all([np.isfinite(at_rest[n]) for n in solution], axis=0)
            if not np.any(exists) or np.any((~(np.abs(rate) <= SAME * size)) & exists):
                yield (
                    f"{part.name}: d{name}/dt does not vanish at the steady state {solution[name]} "
                    f"({which}): found "
                    f"{np.nanmax(np.abs(rate)):.3g}."
                )
