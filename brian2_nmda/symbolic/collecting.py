"""From the body of a `Part` class to its template."""

import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sympy
from brian2.units.fundamentalunits import DIMENSIONLESS

from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import check_name, normalise, read, symbol
from brian2_nmda.symbolic.parameter import Placeholder
from brian2_nmda.symbolic.ports import SYNAPSE, Total
from brian2_nmda.symbolic.template import (
    Definition,
    Later,
    On,
    Reaction,
    Spike,
    Template,
    postsynaptic,
    presynaptic,
)

#: What the body of a class may assign besides declarations, derivatives and what its kind provides.
FIELDS = ("on_spike", "on_post_spike", "on_late_spike", "events", "on", "reactions", "start_at")


def collect(cls: type, base: Template) -> Template:
    """The template of a class: what it inherits, and what its body adds."""
    where, body = cls.__name__, dict(vars(cls))
    known_roles = {*cls._roles, *base.roles}
    placeholders: dict[str, Placeholder] = {}
    for name, value in body.items():
        # ``activation = g`` or ``dn = flow`` hands out what has a name already: that is no declaration.
        if isinstance(value, Placeholder) and name not in known_roles and value not in placeholders.values():
            placeholders[name] = value
    template, first = _declared(placeholders, base, where)
    for name in placeholders:
        setattr(cls, name, symbol(name))
    named = {p: symbol(n) for n, p in placeholders.items()}
    rates, roles = dict(base.rates), dict(base.roles)
    for name, value in body.items():
        if name.startswith("_") or name in placeholders or name in FIELDS:
            continue
        is_expression = isinstance(value, (sympy.Expr, int, float)) and not isinstance(value, bool)
        if name.startswith("d") and name[1:] in template.states:
            rates[name[1:]] = _expression(value, where, name)
        elif name in known_roles and (is_expression or isinstance(value, str)):
            roles[name] = _expression(value, where, name)
        else:
            _refuse_unread(cls, name, value, [*known_roles, *(f"d{s}" for s in template.states)])
    for name, value in body.items():
        if isinstance(value, sympy.Expr) and name not in placeholders:
            setattr(cls, name, value.xreplace(named))  # as a reader of help() expects it
    template = replace(
        template,
        rates=rates,
        roles=roles,
        on=_events(body, base, named, where),
        start_at={**base.start_at, **_changes(body.get("start_at", {}), named, where)},
    )
    template = with_table(template, body.get("reactions"), named, where, first)
    return template.map(lambda e: normalise(sympy.sympify(e, strict=True).xreplace(named)))


def _declared(
    placeholders: Mapping[str, Placeholder], base: Template, where: str
) -> tuple[Template, str | None]:
    """Parameters, states, definitions and ports; and the occupancy that follows from the others."""
    parameters, states, definitions = dict(base.parameters), dict(base.states), dict(base.definitions)
    needs, gives = dict(base.needs), dict(base.gives)
    first = eliminated(base)
    for name, placeholder in placeholders.items():
        check_name(name, where)
        fields = placeholder.fields
        if "parameter" in fields:
            fields["parameter"].check(where, name)
            parameters[name] = fields["parameter"]
        elif "state" in fields:
            if fields["expected"] != name:
                raise ModelError(
                    f"{where}: the state '{fields['expected']}' is assigned to '{name}'; use the "
                    "same name on both sides."
                )
            states[name] = fields["state"]
        elif "first" in fields:
            if fields["first"] != name:
                raise ModelError(f"{where}: the occupancy '{fields['first']}' is assigned to '{name}'.")
            first = name
        elif "need" in fields:
            needs[name] = fields["need"]
        elif "gift" in fields:
            gives[name] = fields["gift"]
        else:
            definitions[name] = fields["definition"]
    return (
        replace(
            base,
            parameters=parameters,
            states=states,
            definitions=definitions,
            needs=needs,
            gives=gives,
        ),
        first,
    )


def _expression(value: Any, where: str, name: str) -> sympy.Expr:
    if isinstance(value, str):
        return read(value, f"{where}, '{name}'")
    try:
        return sympy.sympify(value, strict=True)
    except sympy.SympifyError:
        raise ModelError(f"{where}: '{name}' has to be an expression, found {value!r}.") from None


def _refuse_unread(cls: type, name: str, value: Any, known: list[str]) -> None:
    """An error for what a class body says and nothing would read."""
    where = cls.__name__
    if name in vars(cls).get("__annotations__", {}):  # declared as an attribute of the class
        return
    data = (str, int, float, sympy.Basic, Mapping, tuple, list, set, On, Reaction)
    if not isinstance(value, data) or any(hasattr(base, name) for base in cls.__mro__[1:]):
        return
    kind = cls.__mro__[1]
    declared = (n for n in kind.__annotations__ if hasattr(kind, n))  # the others are those of a part
    fields = [n for n in (*FIELDS, *vars(kind), *declared) if not n.startswith("_")]
    hint = difflib.get_close_matches(name, [*known, *fields])
    provides = ", ".join(n for n in known if not n.startswith("d")) or "nothing"
    raise ModelError(
        f"{where}: '{name}' is not the derivative of a state nor something that a {where} provides "
        f"({provides}), and nothing reads it."
        + (
            f" Did you mean '{hint[0]}'?"
            if hint
            else " Use define(...) to name an expression; a name of your own begins with '_'."
        )
    )


def _changes(given: Any, named: Mapping[Any, Any], where: str) -> dict[str, sympy.Expr]:
    if not isinstance(given, Mapping):
        raise ModelError(f"{where}: expected a mapping of states to new values, found {given!r}.")
    return {
        getattr(named.get(k, k), "name", k): _expression(x, where, f"new value of {k}")
        for k, x in given.items()
    }


def _in_order(inherited: Mapping[str, sympy.Expr], new: dict[str, sympy.Expr]) -> dict[str, sympy.Expr]:
    """Statements of a class: what it inherits and does not write anew, then its own in their order."""
    return {**{n: e for n, e in inherited.items() if n not in new}, **new}


def _events(body: Mapping[str, Any], base: Template, named: Mapping[Any, Any], where: str) -> tuple[On, ...]:
    """Everything that happens at once, from the fields for each trigger and from ``on``."""
    given = [On(presynaptic, body.get("on_spike", {})), On(postsynaptic, body.get("on_post_spike", {}))]
    if "on_late_spike" in body:
        latency, changes = body["on_late_spike"]
        given.append(On(Later(latency), changes))
    for field in ("on", "events"):
        entries = body.get(field, ())
        entries = (entries,) if isinstance(entries, On) else entries
        if not isinstance(entries, (tuple, list)):
            raise ModelError(
                f"{where}: '{field}' is the field for what happens at events, On(trigger, changes), found "
                f"{entries!r}. A state, parameter or definition needs another name."
            )
        for entry in entries:
            if not isinstance(entry, On):
                raise ModelError(f"{where}: '{field}' expects On(trigger, changes), found {entry!r}.")
        given += entries
    at_spikes = {}
    for trigger in (presynaptic, postsynaptic):
        new: dict[str, sympy.Expr] = {}
        for entry in given:
            if isinstance(entry.trigger, Spike) and entry.trigger == trigger:
                changes = _changes(entry.changes, named, where)
                if again := new.keys() & changes.keys():
                    raise ModelError(
                        f"{where}: '{min(again)}' changes twice at a {trigger!r} spike; the second change "
                        "would replace the first. Write both as one."
                    )
                new |= changes
        at_spikes[trigger] = _in_order(base.at(trigger), new)
    others = [
        On(_trigger(e.trigger), _changes(e.changes, named, where))
        for e in given
        if not isinstance(e.trigger, Spike)
    ]
    later = [e for e in others if isinstance(e.trigger, Later)]
    if later and base.later:  # a class that says anew what happens later says all of it
        inherited = _in_order(base.on_late_spike, later[0].changes)
        later[0] = On(later[0].trigger, inherited)
    found = [On(t, changes) for t, changes in at_spikes.items() if changes]
    found += later or base.later
    found += base.events
    return (*found, *(e for e in others if e.is_condition))


def _trigger(trigger: Any) -> Any:
    if isinstance(trigger, Later):
        return Later(sympy.sympify(trigger.latency, strict=True))
    return sympy.sympify(trigger, strict=True)


# -- reaction tables -----------------------------------------------------------------------------


def eliminated(template: Template) -> str | None:
    """The occupancy of a scheme that follows from the others."""
    occupied = (x.name for r in template.reactions for x in r.states)
    return next((n for n in occupied if n in template.definitions), None)


def with_table(
    template: Template, table: Any, named: Mapping[Any, Any], where: str, first: str | None
) -> Template:
    """The template with a reaction table (its own where none is given), and the rates that follow.

    Lines between counts and lines between occupancies are told apart by what they join.
    """
    if table is not None:

        def mapped(e: Any) -> sympy.Expr:
            return normalise(sympy.sympify(e, strict=True).xreplace(dict(named)))

        lines = tuple(r.map(mapped) for r in ((table,) if isinstance(table, Reaction) else table))
        counted = {symbol(n) for n in template.counts}
        exchanges = tuple(r for r in lines if counted.intersection(r.states))
        reactions = tuple(r for r in lines if r not in exchanges)
        template = replace(template, reactions=reactions, exchanges=exchanges)
    template = template.map(lambda e: normalise(sympy.sympify(e, strict=True).xreplace(dict(named))))
    if template.reactions:
        template = with_reactions(template, where, first)
    return with_exchanges(template, where)


def with_reactions(template: Template, where: str, first: str | None) -> Template:
    """Expand a reaction table: rates of all occupancies but the first, which follows from the others."""
    if any(None in (r.source, r.target) for r in template.reactions):
        raise ModelError(f"{where}: occupancies sum to one; nothing comes from outside or leaves.")
    occupied = [x.name for r in template.reactions for x in r.states]
    names = [first, *(n for n in template.states if n in occupied)]
    unknown = [n for n in occupied if n not in names]
    if first is None or unknown:
        raise ModelError(
            f"{where}: the reactions name {', '.join(unknown) or 'states'}, which are not declared by "
            "occupancies('...')."
        )
    if first not in occupied:
        raise ModelError(f"{where}: no reaction names the first occupancy '{first}'.")
    _one_line_each(template.reactions, where)
    rates = dict.fromkeys(names, sympy.S.Zero)
    for r in template.reactions:
        flow = r.forward * r.source - r.backward * r.target
        rates[r.source.name] -= flow
        rates[r.target.name] += flow
    del rates[first]
    rest = 1 - sympy.Add(*(symbol(n) for n in rates))
    return replace(
        template,
        rates={**template.rates, **rates},
        definitions={
            first: Definition(rest, DIMENSIONLESS, "follows from the others"),
            **{n: d for n, d in template.definitions.items() if n != first},
        },
    )


def _one_line_each(table: tuple[Reaction, ...], where: str) -> None:
    pairs = [frozenset(x.name for x in r.states) for r in table]
    for r, pair in zip(table, pairs, strict=True):
        inside = None not in (r.source, r.target)
        if (inside and len(pair) == 1) or pairs.count(pair) > 1:
            raise ModelError(
                f"{where}: more than one reaction joins {' and '.join(sorted(pair))}, or one joins a state "
                "to itself; write one line with both rates."
            )


def _check_partners(template: Template, where: str) -> None:
    """A partner is on the synapses, takes molecules of a shared place, and is used up by nothing else."""
    at = {n: template.states[n].place or SYNAPSE for n in template.counts}
    for r in template.exchanges:
        if r.partner is None:
            continue
        shared = r.source is not None and at[r.source.name] != SYNAPSE
        if not shared or r.target is None or {at[r.target.name], at[r.partner.name]} != {SYNAPSE}:
            raise ModelError(
                f"{where}: '{r.partner}' is the partner of a reaction from '{r.source}' to '{r.target}'; the "
                "first has to be at a place that synapses share, e.g. counts('pool', place='dendrite'), "
                "partner and target on each synapse."
            )
        others = [q for q in template.exchanges if q is not r and r.partner in (*q.states, q.partner)]
        if others or r.partner in r.states:
            raise ModelError(
                f"{where}: '{r.partner}' is the partner of one reaction and part of another; what is free is "
                "used up by one reaction only."
            )


def with_exchanges(template: Template, where: str) -> Template:
    """Rates of counts on average, with `Total` where the other side of a reaction is on each synapse."""
    if not template.counts:
        return template
    for r in template.exchanges:
        for x in (*r.states, *([] if r.partner is None else [r.partner])):
            if x.name not in template.counts:
                raise ModelError(
                    f"{where}: a reaction joins the count '{r.states[0]}' and '{x}', which is none; declare "
                    f"both by counts('...')."
                )
    _one_line_each(template.exchanges, where)
    _check_partners(template, where)
    rates = dict.fromkeys(template.counts, sympy.S.Zero)
    finest = {n: template.states[n].place for n in template.counts}
    for r in template.exchanges:
        flow = r.forward * (1 if r.source is None else r.source) * (1 if r.partner is None else r.partner)
        flow -= r.backward * (1 if r.target is None else r.target)
        if r.partner is not None:
            rates[r.partner.name] -= flow
        places = {finest[x.name] for x in r.states}
        for x, sign in ((r.source, -1), (r.target, 1)):
            if x is None:
                continue
            coarser = len(places) > 1 and finest[x.name] not in ("", SYNAPSE)
            rates[x.name] += sign * (Total(flow) if coarser else flow)
    return replace(template, rates={**template.rates, **rates})
