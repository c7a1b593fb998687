"""Checks of the equations and numbers of a model that need no simulation in Brian2.

Each check is a generator: what it yields are failures in words. It raises `NotApplicable` where it has
nothing to say. What is numeric runs at published and at generic values; tolerances are relative to the size
of the terms that are compared, never to an absolute scale that could hide them.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np
import sympy
from brian2.units import second
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, Quantity, get_dimensions

from brian2_nmda.conformance import points
from brian2_nmda.conformance.points import FRACTIONS, MOLAR, ON, Function
from brian2_nmda.conformance.subject import NotApplicable, Subject, named, reads, written
from brian2_nmda.symbolic import analysis
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import check_name, symbol
from brian2_nmda.symbolic.kinds import (
    Antagonist,
    Block,
    Calcium,
    ChannelBlocker,
    CoAgonist,
    Receptor,
)
from brian2_nmda.symbolic.parameter import STATUSES
from brian2_nmda.symbolic.part import INPUTS, Part, Pulse, Reaction, Template

Failures = Iterator[str]

#: Agreement of two ways to compute the same double: far above rounding, far below any error of substance.
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
    found = {**known, **points.draw_states(t, {k: _first(x) for k, x in known.items()}, rng, n)}
    limited = _bounded_fractions(part)
    if limited:
        provided = Function({n: t.roles[n] for n in limited}, named(part))(found)
        keep = np.all([(p >= 0) & (p <= 1) for p in provided.values()], axis=0)
        keep = np.broadcast_to(keep, (n,))
        if not keep.any():
            raise ModelError(f"{part.name}: {', '.join(limited)} is a fraction at none of {n} random points.")
        found = {k: x if np.ndim(x) == 0 else x[keep] for k, x in found.items()}
    return found


def _first(x: Any) -> float:
    return float(np.ravel(x)[0])


def _bounded_fractions(part: Part) -> list[str]:
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


def _scale(expression: Any, part: Part, point: Mapping[str, Any]) -> np.ndarray:
    """Sum of the sizes of the terms of an expression: what rounding is measured against."""
    whole = points.plain(expression, named(part))
    terms = [
        term
        for product in sympy.Add.make_args(whole)
        for term in sympy.Add.make_args(sympy.expand_mul(product, deep=False))
    ]
    found = Function({str(i): e for i, e in enumerate(terms)})(point)
    return sum(np.abs(x) for x in found.values())


def _worst(bad: np.ndarray, point: Mapping[str, Any], show: list[str]) -> str:
    """The inputs at the first point of a failure."""
    i = int(np.argmax(np.broadcast_to(bad, (len(point["v"]),))))
    return ", ".join(
        f"{n} = {np.ravel(point[n])[min(i, np.size(point[n]) - 1)]:.4g}" for n in show if n in point
    )


def _seen(part: Part, expression: Any) -> list[str]:
    """Inputs and states in an expression, for messages."""
    names = {s.name for s in points.plain(expression, named(part)).free_symbols}
    return sorted(names & {*part.template.states, *points.ALL_INPUTS})


# -- the text of a model ---------------------------------------------------------------------------


def completeness(subject: Subject) -> Failures:
    """Each parameter is used, each state has an equation and matters, nothing is undefined."""
    for part in subject.parts:
        t, where = part.template, part.name
        expressions = [*written(part).values(), *t.start_at.values()]
        limits = [sympy.sympify(b, strict=True) for s in t.states.values() for b in s.within if b is not None]
        used = {s.name for e in [*expressions, *limits] for s in e.free_symbols}
        for name in t.parameters:
            if name not in used:
                yield f"{where}: the parameter '{name}' is used by no equation; use it or remove it."
        for name in t.states:
            if name not in t.rates:
                yield f"{where}: the state '{name}' has no equation; write d{name} = ... ."
        for name in t.rates:
            if name not in t.states:
                yield f"{where}: there is an equation of '{name}', which is no state."
        known = {*t.names, *INPUTS, *type(part)._roles, "t", "dt"}
        for what, e in written(part).items():
            for s in e.free_symbols:
                if s.name not in known and not _is_unit(s.name):
                    yield f"{where}: '{s.name}' in '{what}' is not defined."
        if t.roles:
            yield from _idle_states(part)
    if not subject.is_fragment:
        yield from _undefined(subject)


def _is_unit(name: str) -> bool:
    return name in points.DEFAULT_UNITS


def _idle_states(part: Part) -> Failures:
    """States that nothing the part provides depends on, and that are not exposed by their own name."""
    t = part.template
    matter: set[str] = set()
    reached = {s.name for e in t.roles.values() for s in e.free_symbols}
    equations = {**t.rates, **{n: d.expression for n, d in t.definitions.items()}}
    jumps = [*t.on_spike.items(), *t.on_post_spike.items(), *t.on_late_spike.items()]
    jumps += [item for e in t.events for item in e.changes.items()]
    jumps += [(n, e.condition) for e in t.events for n in e.changes]
    while reached - matter:
        name = min(reached - matter)
        matter.add(name)
        sources = [equations[name]] if name in equations else []
        sources += [e for n, e in jumps if n == name]
        reached |= {s.name for e in sources for s in e.free_symbols}
    for name, state in t.states.items():
        if name not in matter and not state.bare:
            yield (
                f"{part.name}: nothing that the part provides ({', '.join(t.roles)}) depends on the state "
                f"'{name}'; remove it, declare it with bare=True, or correct the equations."
            )


def _undefined(subject: Subject) -> Failures:
    """Names in the whole synapse that nothing provides; also where `GlutamateSynapse` does not look."""
    system = subject.model.system
    known = {*system.names, "v", "t", "dt", *(r.total for r in system.receptors)}
    texts = {f"d{n}/dt": e for n, e in system.rates.items()}
    texts.update({n: d.expression for n, d in system.definitions.items()})
    texts.update({f"{n} at a spike": e for n, e in system.on_spike.items()})
    texts.update({f"{n} at a postsynaptic spike": e for n, e in system.on_post_spike.items()})
    for late in system.on_late_spike:
        texts[f"latency of {late.owner}"] = late.latency
        texts.update({f"{n} at a late spike": e for n, e in late.changes.items()})
    for number, (_, event) in enumerate(system.events, 1):
        texts[f"condition of event {number}"] = event.condition
        texts.update({f"{n} at event {number}": e for n, e in event.changes.items()})
    texts.update({f"conductance of {r.label}": r.conductance for r in system.receptors})
    texts.update({r.current_name: r.current for r in system.receptors})
    for what, e in texts.items():
        for s in sorted(e.free_symbols, key=str):
            if s.name not in known and not s.name.startswith("xi_") and not _is_unit(s.name):
                hint = f"; add {INPUTS[s.name].provider}" if s.name in INPUTS else ""
                yield f"'{what}' reads '{s.name}', which no part provides{hint}."


def names(subject: Subject) -> Failures:
    """Names that a user meets are free in Python, C++ and Brian2, and differ from ours."""
    for part in subject.parts:
        for name in part.template.names:
            yield from _bad_name(name, part.name)
    if subject.is_fragment:
        return
    try:
        system = subject.model.system
    except ModelError:  # which completeness reports
        return
    ours = {"v_syn": "the voltage at the receptor", "I_syn": "the total current"}
    for r in system.receptors:
        ours[r.total] = f"the total conductance of '{r.label}'"
        ours[r.current_name] = f"the current of '{r.label}'"
    for name in sorted(system.names):
        owner = system.owner.get(name, subject.name)
        yield from _bad_name(name, owner)
        if name in ours:
            yield f"{owner}: '{name}' is also {ours[name]}; rename the variable or the label."


def _bad_name(name: str, where: str) -> Failures:
    try:
        check_name(name, where)
    except ModelError as error:
        yield str(error)


def dimensions(subject: Subject) -> Failures:
    """Right-hand sides scale with the base units as their dimensions say; Brian2 is not asked.

    All quantities are multiplied by the factors that new units of length, mass, time, ... would give. A
    formula is dimensionally right if and only if its value is multiplied by the factor of its own dimension.
    """
    rng = subject.rng()
    for part in subject.parts:
        t = part.template
        known = {n: p.dim for n, p in t.parameters.items()}
        known.update({n: s.dim for n, s in t.states.items()})
        known.update({n: d.dim for n, d in t.definitions.items()})
        known.update({n: d for n, d in type(part)._roles.items() if n not in known})
        wanted = _wanted_dimensions(part)
        for what, (expression, dim) in wanted.items():
            written_as = points.plain(expression)
            function = Function({"f": written_as})
            base, scaled, factors = {}, {}, _factors(rng)
            for name in function.reads:
                d = points.dimension_of(name, known)
                size = points.TYPICAL.get(d, 1.0) if not _is_unit(name) else float(points.DEFAULT_UNITS[name])
                base[name] = size if _is_unit(name) else size * rng.uniform(0.5, 2, 40)
                scaled[name] = base[name] * _factor(d, factors)
            before, after = function(base)["f"], function(scaled)["f"] / _factor(dim, factors)
            usable = np.isfinite(before) & np.isfinite(after)
            size = np.max(np.abs(before[usable]), initial=0.0)
            if usable.any() and np.any(np.abs(after - before)[usable] > SAME * size):
                yield (
                    f"{part.name}: '{what}' = {expression} does not have the dimensions of "
                    f"{Quantity(1, dim=dim)!r}: in other units its value changes."
                )


def _factors(rng: np.random.Generator) -> np.ndarray:
    return 2.0 ** rng.uniform(-1, 1, 7)


def _factor(dim: Dimension, factors: np.ndarray) -> float:
    return float(np.prod(factors ** np.asarray(dim._dims, float)))


def _wanted_dimensions(part: Part) -> dict[str, tuple[Any, Dimension]]:
    """Expressions with the dimensions that they have to have."""
    t = part.template
    per_second = get_dimensions(1 / second)
    out: dict[str, tuple[Any, Dimension]] = {}
    for name, e in t.rates.items():
        if name in t.states:
            out[f"d{name}/dt"] = (e, get_dimensions(Quantity(1, dim=t.states[name].dim) / second))
    out.update({n: (d.expression, d.dim) for n, d in t.definitions.items()})
    out.update({n: (e, type(part)._roles[n]) for n, e in t.roles.items() if n in type(part)._roles})
    for what, e in written(part).items():
        state = t.states.get(what.split(" at ")[0]) if " at " in what else None
        if state is not None:
            out[what] = (e, state.dim)
        elif what.startswith("rate of "):
            out[what] = (e, per_second)
        elif what == "latency":
            out[what] = (e, second.dim)
        elif what.startswith("condition of "):
            out[what] = (e, DIMENSIONLESS)
    for name, state in t.states.items():
        out[f"initial value of {name}"] = (state.initial, state.dim)
        for side, b in zip(("lower", "upper"), state.within, strict=True):
            if b is not None:
                out[f"{side} bound of {name}"] = (sympy.sympify(b, strict=True), state.dim)
    for name, e in t.roles.items():
        for pulse in e.atoms(Pulse):
            out[f"duration of the pulse in {name}"] = (pulse.args[1], second.dim)
            if len(pulse.args) > 2:
                out[f"condition of the pulse in {name}"] = (pulse.args[2], DIMENSIONLESS)
    return {n: (e, d) for n, (e, d) in out.items() if sympy.sympify(e, strict=True) != 0}


#: What counts as a pointer that a reader can follow.
_POINTERS = (
    r"doi:10\.\d{4,9}/\S+",
    r"github:[\w.-]+/[\w.-]+",
    r"\bPMC\d{4,}|PMID:? ?\d{4,}|ISBN",
    r"[A-Z][\w'-]+.*\b(1[89]|20)\d\d\b",  # names and a year
)


def provenance(subject: Subject) -> Failures:
    """Each number says what it is and where it comes from; each class says what it is."""
    for part in subject.parts:
        where = part.name
        for name, p in part.template.parameters.items():
            if not p.meaning.strip():
                yield f"{where}: '{name}' has no meaning; say in words what it is."
            if p.status not in STATUSES:
                yield f"{where}: '{name}' has the status '{p.status}'; use one of {', '.join(STATUSES)}."
            if p.status in ("reported", "converted") and not any(re.search(r, p.source) for r in _POINTERS):
                yield (
                    f"{where}: '{name}' is {p.status}, but its source {p.source!r} is no reference; give a "
                    "'doi:10...', 'github:owner/repo path' or a citation with its year, or status='assumed'."
                )
            if p.status == "fitted" and not p.source.strip():
                yield f"{where}: '{name}' is fitted; say in source= to what."
        if not (vars(type(part)).get("__doc__") or "").strip():
            yield f"{where}: the class has no docstring; say what the model is and who published it."
        if not str(getattr(part, "summary", "") or "").strip():
            yield f"{where}: the class has no summary; write summary = '<one line for the table of models>'."


def magnitude(subject: Subject) -> Failures:
    """Each number has a size that occurs; a slip of 1000 between mM and uM often has not."""
    for part in subject.parts:
        for name, p in part.template.parameters.items():
            if not p.is_number or p.dim not in points.WINDOWS:
                continue
            low, high = points.WINDOWS[p.dim]
            size = abs(p.base())
            if size and not low <= size <= high:
                yield (
                    f"{part.name}: '{name}' ({p.meaning}) is {p.value!r}, expected a size between "
                    f"{Quantity(low, dim=p.dim)!r} and {Quantity(high, dim=p.dim)!r}; check its unit."
                )


# -- reaction tables -------------------------------------------------------------------------------


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
                        f"{_worst(bad, point, _seen(part, rates[key]))}; a rate has to be >= 0."
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
    """Round each cycle the product of the rates is the same both ways (Kolmogorov), at published values.

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
            point = {**{k: _first(x) for k, x in inputs.items()}, **values, "T": T}
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
            size = _scale(t.rates[name], part, at_rest)
            # thresholds may turn all rates off: then every value is a steady state
            exists = np.all([np.isfinite(at_rest[n]) for n in solution], axis=0)
            if not np.any(exists) or np.any((~(np.abs(rate) <= SAME * size)) & exists):
                yield (
                    f"{part.name}: d{name}/dt does not vanish at the steady state {solution[name]} "
                    f"({which}): found "
                    f"{np.nanmax(np.abs(rate)):.3g}."
                )


# -- intervals -------------------------------------------------------------------------------------


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
            slack = 1e-12 * _scale(t.rates[name], part, here)
            bad = ~(side * rate >= -slack)
            if np.any(bad):
                yield (
                    f"{part.name}: at its {'lower' if side > 0 else 'upper'} bound "
                    f"{_first(limit):.4g} the rate of "
                    f"'{name}' points outwards ({which}; d{name}/dt = {np.ravel(rate)[np.argmax(bad)]:.3g}, "
                    f"{_worst(bad, here, _seen(part, t.rates[name]))}). Correct the equation or within=."
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
                    f"{_worst(bad, point, _seen(part, changes[name]))}. Correct the jump or within=."
                )
        limited = _bounded_fractions(part)
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
                f"{_worst(bad, point, _seen(part, checked[name]))}), expected "
                f"{'a fraction' if above else 'a value that is not negative'}."
            )


# -- block, current, calcium, drugs ----------------------------------------------------------------


def _settled(part: Part, point: Mapping[str, Any]) -> dict[str, Any]:
    """``point`` with the states of a part at their steady state, for rates that are linear in the states.

    Raises `NotApplicable` where they are not.
    """
    t = part.template
    moving = [n for n in t.states if t.rates[n] != 0]
    if not moving:
        return dict(point)
    rates = {n: points.plain(t.rates[n], named(part)) for n in moving}
    n = max(np.size(x) for x in point.values())
    flat = {k: np.broadcast_to(x, (n,)) for k, x in point.items()}
    symbols = [symbol(m) for m in moving]
    slopes = {f"{a} {b}": sympy.diff(rates[a], symbol(b)) for a in moving for b in moving}
    if any(e.has(*symbols) for e in slopes.values()):
        raise NotApplicable("kinetics that are not linear in their states")
    zero = {m: np.zeros(n) for m in moving}
    rest = Function(rates)({**flat, **zero})
    slope = Function(slopes)({**flat, **zero})
    a = np.array([[slope[f"{i} {j}"] for j in moving] for i in moving]).transpose(2, 0, 1)
    b = -np.array([rest[i] for i in moving]).T
    try:
        found = np.linalg.solve(a, b[..., None])[..., 0]
    except np.linalg.LinAlgError:
        raise NotApplicable("states without a steady state") from None
    return {**flat, **dict(zip(moving, found.T, strict=True))}


def block(subject: Subject) -> Failures:
    """A block is a fraction that rises with the voltage from 0 to 1 and is 1 without magnesium."""
    said = False
    for part in subject.of_kind(Block):
        t = part.template
        if not (reads(part, "v") or t.parameters):
            continue
        said = True

        def at(values: Mapping[str, float], v: Any, part: Part = part) -> np.ndarray:
            inputs = {
                k: _first(x) for k, x in points.draw_inputs(points.ALL_INPUTS, subject.rng(), 1).items()
            }
            point = _settled(part, {**inputs, **values, "v": np.asarray(v, float)})
            return np.broadcast_to(
                Function({"B": part.template.roles["block"]}, named(part))(point)["B"], np.shape(v)
            )

        grid = np.linspace(-0.3, 0.3, 1201)
        for which, values in at_values(part, subject):
            where = f"{part.name} ({which})"
            B = at(values, grid)
            if np.any(~((B > 0) & (B <= 1))):
                bad = np.argmax(~((B > 0) & (B <= 1)))
                yield f"{where}: block = {B[bad]:.4g} at {grid[bad] * 1e3:g} mV, expected 0 < block <= 1."
                continue
            if np.any(np.diff(B) < -1e-12):
                yield f"{where}: block falls with the voltage; magnesium is driven out by depolarisation."
            # 31 e-folds of a slope of .062/mV lie in 500 mV; a slope that is half as steep leaves 1e-2
            if B[0] > 0.02 or B[-1] < 0.98:
                yield (
                    f"{where}: block goes from {B[0]:.3g} at -300 mV to {B[-1]:.3g} at 300 mV, "
                    "expected 0 to 1."
                )
            elif which == "published values":
                half = grid[np.searchsorted(B, 0.5)]
                if not -0.1 < half < 0.05:
                    yield (
                        f"{where}: half of the channels are blocked at {half * 1e3:.3g} mV, expected "
                        "-100 to 50 mV."
                    )
            for name, p in t.parameters.items():
                if not p.bath:
                    continue
                if np.any(at({**values, name: 0.0}, grid) != 1):
                    yield (
                        f"{where}: block is not exactly 1 with {name} = 0; write it so that {name} "
                        "divides nothing."
                    )
                if np.any(at({**values, name: 2 * values[name]}, grid) > B + 1e-15):
                    yield f"{where}: more {name} blocks less."
    if not said:
        raise NotApplicable("no block")


def current(subject: Subject) -> Failures:
    """The current vanishes at E, has the sign of v - E, and is proportional to what is open."""
    for part in subject.of_kind(Receptor):
        t = part.template
        for which, values in at_values(part, subject):
            where = f"{part.name} ({which})"
            rng = subject.rng()
            point = {**points.draw_inputs(points.ALL_INPUTS, rng, 100), **values}
            point["conductance"] = point["conductance"] + 1e-10

            def flow(
                t: Template = t, part: Part = part, point: Mapping[str, Any] = point, **changes: Any
            ) -> np.ndarray:
                here = {**point, **changes}
                return Function({"I": t.roles["current"]}, named(part))(here)["I"]

            E = values["E"]
            size = np.max(np.abs(flow()))
            at_E = np.max(np.abs(flow(v=np.full(100, E))))
            if not at_E <= 1e-12 * size:
                yield (
                    f"{where}: the current at E = {E * 1e3:.4g} mV is {at_E:.3g} A, expected 0; write "
                    "(v - E)."
                )
            above, below = flow(v=np.full(100, E + 0.02)), flow(v=np.full(100, E - 0.02))
            if not (np.all(above > 0) and np.all(below < 0)):
                yield f"{where}: the current is not outward above E and inward below; write + ...*(v - E)."
            for name in ("conductance", "block"):
                twice = flow(**{name: 2 * point[name]})
                if np.any(np.abs(twice - 2 * flow()) > 1e-12 * np.abs(2 * flow())):
                    yield f"{where}: the current is not proportional to '{name}'."
            conductance = Function({"G": t.roles["conductance"]}, named(part))
            G = conductance(point)["G"]
            for name in ("activation", "gmax"):
                if name in values or name == "activation":
                    twice = conductance({**point, name: 2 * point[name]})["G"]
                    if np.any(np.abs(twice - 2 * G) > 1e-12 * np.abs(2 * G)) or np.any(G <= 0):
                        yield f"{where}: the conductance is not proportional to '{name}'."


def calcium(subject: Subject) -> Failures:
    """Calcium flows in below its reversal potential, not without open channels; the pool relaxes to rest."""
    for part in subject.of_kind(Calcium):
        t = part.template
        for which, values in at_values(part, subject):
            where = f"{part.name} ({which})"
            point = {**points.draw_inputs(points.ALL_INPUTS, subject.rng(), 200), **values}
            point["G_open"] = point["G_open"] + 1e-11
            point["v"] = -0.03 - 0.07 * subject.rng().random(200)  # below any reversal potential in use
            point.update(points.draw_states(t, {k: _first(x) for k, x in point.items()}, subject.rng(), 200))
            resting = Function({"rest": t.roles["resting"]}, named(part))(point)["rest"]
            if "Ca" in t.states:
                point["Ca"] = resting * 1.3
            current = Function({"I": t.roles["current"]}, named(part))
            flow = current(point)["I"]
            if not np.all(flow < 0):
                yield (
                    f"{where}: no influx (inward, negative current) at {-30:g} to {-100:g} mV with "
                    "open channels."
                )
            if np.any(current({**point, "G_open": np.zeros(200)})["I"] != 0):
                yield f"{where}: the calcium current is not 0 with closed channels."
            twice = current({**point, "G_open": 2 * point["G_open"]})["I"]
            if np.any(np.abs(twice - 2 * flow) > 1e-12 * np.abs(2 * flow)):
                yield f"{where}: the calcium current is not proportional to the open conductance."
            if "Ca" not in t.states:
                continue
            rate = Function({"r": t.rates["Ca"]}, named(part))
            closed = {**point, "I_Ca": np.zeros(200), "G_open": np.zeros(200)}
            size = np.max(np.abs(rate(closed)["r"]))
            at_rest = rate({**closed, "Ca": resting})["r"]
            if not np.all(np.abs(at_rest) <= 1e-12 * size):
                yield (
                    f"{where}: without current dCa/dt = {np.max(np.abs(at_rest)):.3g} mM/s at rest, "
                    "expected 0."
                )
            for offset in (1e-4, -1e-5):
                if not np.all(offset * rate({**closed, "Ca": resting + offset})["r"] < 0):
                    yield f"{where}: calcium {'above' if offset > 0 else 'below'} rest does not return to it."
            if {"F", "V"} <= set(values) and reads(part, "I_Ca"):
                bound = 1 + values.get("kappa", 0.0)
                expected = -1 / (2 * values["F"] * values["V"] * bound)
                I_Ca = np.full(200, -1e-12)
                rise = rate({**closed, "I_Ca": I_Ca})["r"] - rate(closed)["r"]
                terms = np.abs(rate(closed)["r"]) + np.abs(expected * I_Ca)
                if np.any(np.abs(rise - expected * I_Ca) > 1e-12 * terms):
                    yield (
                        f"{where}: 1 pA raises calcium by {rise[0]:.6g} mM/s, expected I/(2 F V (1 + "
                        "kappa)) = "
                        f"{expected * I_Ca[0]:.6g} mM/s."
                    )


def _doses(part: Part) -> list[str]:
    """Concentrations that may be zero: the drug or ligand itself, not its constants."""
    parameters = part.template.parameters
    return [n for n, p in parameters.items() if p.dim is MOLAR and p.sign == "nonnegative"]


def _effect(part: Part, values: Mapping[str, float], subject: Subject, settle: bool) -> dict[str, np.ndarray]:
    t = part.template
    point = {**points.draw_inputs(points.ALL_INPUTS, subject.rng(), 60), **values}
    point["T"] = point["T"] + 0.01
    if settle:
        point = _settled(part, point)
    else:
        for name, state in t.states.items():
            point[name] = Function({"x": state.initial}, named(part))(point)["x"]
    roles = {n: t.roles[n] for n in type(part)._roles if n in t.roles}
    found = Function(roles, named(part))(point)
    if "transmitter" in found:
        found["transmitter"] = found["transmitter"] / point["T"]
    found["rates"] = (
        sum(np.abs(x) for x in Function(t.rates, named(part))(point).values()) if t.rates else 0.0
    )
    return found


def drug(subject: Subject) -> Failures:
    """Without the drug nothing changes, exactly; more of it never acts less."""
    for part in subject.of_kind((Antagonist, ChannelBlocker)):
        doses = _doses(part)
        if not doses:
            yield f"{part.name}: no parameter is a concentration that may be 0 (sign='nonnegative')."
            continue
        for which, values in at_values(part, subject):
            where = f"{part.name} ({which})"
            off = _effect(part, {**values, **dict.fromkeys(doses, 0.0)}, subject, settle=False)
            for name, x in off.items():
                expected = 0 if name == "rates" else 1
                if np.any(x != expected):
                    what = "a state moves" if name == "rates" else f"'{name}' is changed"
                    yield (
                        f"{where}: {what} although {', '.join(doses)} = 0; a drug that is not there "
                        "does nothing."
                    )
            for dose in doses:
                course = [
                    _effect(part, {**values, dose: values[dose] * f}, subject, settle=True)
                    for f in (1e-3, 0.1, 1.0, 10.0, 1e3)
                ]
                for name in course[0]:
                    if name == "rates":
                        continue
                    xs = np.array([np.broadcast_to(c[name], (60,)) for c in course])
                    if np.any(np.diff(xs, axis=0) > 1e-12) or not np.any(xs[-1] < xs[0]):
                        yield f"{where}: '{name}' does not fall as {dose} rises."


def coagonist(subject: Subject) -> Failures:
    """Without ligand no channel can open, with plenty all can, and in between more is more."""
    for part in subject.of_kind(CoAgonist):
        doses = _doses(part)
        if not doses:
            yield f"{part.name}: no parameter is a concentration that may be 0 (sign='nonnegative')."
            continue
        for which, values in at_values(part, subject):
            where = f"{part.name} ({which})"
            scale = points.generic(
                part.template.parameters, subject.rng(), 0.0
            )  # a size where the value is 0

            def occupancy(
                factor: float, part: Part = part, values: Any = values, scale: Any = scale
            ) -> np.ndarray:
                here = {**values, **{n: scale[n] * factor for n in _doses(part)}}
                return np.broadcast_to(_effect(part, here, subject, settle=True)["occupancy"], (60,))

            if np.any(occupancy(0.0) != 0):
                yield f"{where}: occupancy is not 0 without ligand."
            if np.any(np.abs(occupancy(1e9) - 1) > 1e-3):
                yield f"{where}: occupancy does not reach 1 at saturating {', '.join(doses)}."
            course = np.array([occupancy(f) for f in (1e-4, 1e-2, 1.0, 1e2)])
            if np.any(np.diff(course, axis=0) < -1e-15) or np.any(course[-1] <= course[0]):
                yield f"{where}: occupancy does not rise with {', '.join(doses)}."


# -- singular points -------------------------------------------------------------------------------


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


# -- against what the author of the model says -----------------------------------------------------


def against_reference(subject: Subject, reference: Any) -> Failures:
    """An independent statement of the equations gives the same values, at generic points too."""
    if not isinstance(subject.given, Part):
        raise NotApplicable("a reference states the equations of one part")
    part = subject.given
    t = part.template
    expressions = {**t.rates}
    expressions.update(
        {n: e for n, e in written(part).items() if n in t.roles or " at a " in n or " event " in n}
    )
    function = Function(expressions, named(part))
    definitions = Function(named(part), named(part)) if t.definitions else None
    for which, values in at_values(part, subject, draws=3):
        point = sample(part, values, subject.rng(), 40)
        point["xi"] = subject.rng().normal(size=len(point["v"]))  # the noise is part of the equation
        inside = definitions(point) if definitions else {}
        found = function(point)
        expected: dict[str, list[float]] = {}
        n = len(point["v"])
        for i in range(n):
            states = {s: float(np.ravel(point[s])[i]) for s in t.states}
            states.update({s: float(np.broadcast_to(x, (n,))[i]) for s, x in inside.items()})
            inputs = {
                k: float(np.ravel(point[k])[i]) for k in points.ALL_INPUTS if k in point and np.ndim(point[k])
            }
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
                    f"{wanted[i]:.9g} at {_worst(bad, point, _seen(part, expressions[key]))}."
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
