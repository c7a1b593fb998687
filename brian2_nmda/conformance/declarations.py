"""Checks of what a model declares: completeness, names, dimensions, sources, sizes.

Each check is a generator: what it yields are failures in words. It raises `NotApplicable` where it has
nothing to say. Tolerances are relative to the size of the terms that are compared.
"""

import re

import numpy as np
from brian2.units.fundamentalunits import Dimension, Quantity

from brian2_nmda.conformance import points
from brian2_nmda.conformance.points import Function
from brian2_nmda.conformance.reading import expressions, jumps
from brian2_nmda.conformance.sampling import (
    SAME,
    Failures,
)
from brian2_nmda.conformance.subject import Subject
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import base_powers, check_name
from brian2_nmda.symbolic.parameter import STATUSES
from brian2_nmda.symbolic.part import INPUTS, Part


def completeness(subject: Subject) -> Failures:
    """Each parameter is used, each state has an equation and matters, nothing is undefined."""
    for part in subject.parts:
        t, where = part.template, part.name
        used = {s.name for w in expressions(part) for s in w.expression.free_symbols}
        for name in t.parameters:
            if name not in used:
                yield f"{where}: the parameter '{name}' is used by no equation; use it or remove it."
        for name in t.states:
            if name not in t.rates:
                yield f"{where}: the state '{name}' has no equation; write d{name} = ... ."
        for name in t.rates:
            if name not in t.states:
                yield f"{where}: there is an equation of '{name}', which is no state."
        known = {*t.names, *t.needs, *t.gives, *INPUTS, *type(part)._roles, "t", "dt"}
        for w in expressions(part):
            for s in w.expression.free_symbols:
                if s.name not in known and not _is_unit(s.name):
                    yield f"{where}: '{s.name}' in '{w.name}' is not defined."
        if t.roles or t.gives:
            yield from _idle_states(part)
    if not subject.is_fragment:
        yield from _undefined(subject)


def _is_unit(name: str) -> bool:
    return name in points.DEFAULT_UNITS


def _idle_states(part: Part) -> Failures:
    """States that nothing the part provides depends on, and that are not exposed by their own name."""
    t = part.template
    sources: dict[str, set[str]] = {}
    for w in expressions(part):
        if w.kind in ("rate", "definition", "gift", "jump"):
            sources.setdefault(w.of, set()).update(s.name for s in w.expression.free_symbols)
    for jump in jumps(part):
        if jump.condition is not None:
            for name in jump.changes:
                sources[name].update(s.name for s in jump.condition.free_symbols)
    matter: set[str] = set()
    provided = {**t.roles, **{n: g.expression for n, g in t.gives.items()}}
    reached = {s.name for e in provided.values() for s in e.free_symbols}
    while reached - matter:
        name = min(reached - matter)
        matter.add(name)
        reached |= sources.get(name, set())
    for name, state in t.states.items():
        if name not in matter and not state.bare:
            yield (
                f"{part.name}: nothing that the part provides ({', '.join(provided)}) depends on the state "
                f"'{name}'; remove it, declare it with bare=True, or correct the equations."
            )


def _undefined(subject: Subject) -> Failures:
    """Names in the whole synapse that nothing provides; also where `GlutamateSynapse` does not look."""
    system = subject.model.system
    known = {*system.names, "v", "t", "dt", *(r.total_name for r in system.receptors)}
    texts = {f"d{n}/dt": e for n, e in system.rates.items()}
    texts.update({n: d.expression for n, d in (*system.definitions.items(), *system.totals.items())})
    texts.update({f"{n} at a spike": e for n, e in system.on_spike.items()})
    texts.update({f"{n} at a postsynaptic spike": e for n, e in system.on_post_spike.items()})
    for event in system.later:
        texts[f"latency of {event.owner}"] = event.latency
        texts.update({f"{n} at a late spike": e for n, e in event.changes.items()})
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
        ours[r.total_name] = f"the total conductance of '{r.label}'"
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
        known.update({n: x.dim for kind in (t.needs, t.gives) for n, x in kind.items()})
        known.update({n: d for n, d in type(part)._roles.items() if n not in known})
        for w in expressions(part):
            what, expression, dim = w.name, w.expression, w.dim
            if dim is None or expression == 0:
                continue
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
    return float(np.prod(factors ** np.asarray(base_powers(dim), float)))


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
            yield f"{where}: the class has no docstring; say what the model is, and where it comes from."


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
