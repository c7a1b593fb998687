"""Places that a model states: what is summed for them, and what they may read."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sympy

from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.ports import GATE, KINETICS, NEURON, POST, PRE, SYNAPSE, TOTALS, Total
from brian2_nmda.symbolic.system import PlaceTotal, System
from brian2_nmda.symbolic.template import On, Template, postsynaptic

#: Places that the planner finds by itself, or keeps groups of its own for.
RESERVED = frozenset((PRE, POST, GATE, KINETICS, TOTALS))


def name_totals(
    flat: Template,
    part: Any,
    label: str,
    owner: str,
    system: System,
    claim: Callable[[str, str], None],
) -> Template:
    """Give each sum over synapses a name, and note in the system what it sums.

    Sums that are added at spikes stay: they have no value between them.
    """
    namer = _Namer(part, label, owner, system, claim)
    stated = {n: s.place or part.place for n, s in flat.states.items()}
    drawn = {n for n in flat.counts if flat.exchanges and not flat.deterministic}
    others = {p for p in stated.values() if p and p != SYNAPSE}
    here = part.place or (next(iter(others)) if len(others) == 1 else "")

    def named(expression: sympy.Expr, place: str, what: str) -> sympy.Expr:
        return expression.replace(lambda e: isinstance(e, Total), lambda e: namer.name(e, place, what))

    def at(on: On) -> On:
        if on.trigger == postsynaptic:
            changes = {n: named(e, stated[n], n) for n, e in on.changes.items()}
            return On(on.trigger, changes)
        if on.is_condition:
            return on.map(lambda e: named(e, here, "an event"))
        for n, e in on.changes.items():
            for total in e.atoms(Total):
                namer.check(total, stated[n], f"{n} at a spike")
        return on

    return replace(
        flat,
        rates={n: e if n in drawn else named(e, stated[n], f"d{n}/dt") for n, e in flat.rates.items()},
        definitions={
            n: replace(d, expression=named(d.expression, here, n)) for n, d in flat.definitions.items()
        },
        gives={n: replace(g, expression=named(g.expression, here, n)) for n, g in flat.gives.items()},
        roles={n: named(e, here, n) for n, e in flat.roles.items()},
        on=tuple(map(at, flat.on)),
    )


class _Namer:
    """Names for the sums of one part."""

    def __init__(
        self, part: Any, label: str, owner: str, system: System, claim: Callable[[str, str], None]
    ) -> None:
        self.part, self.label, self.owner = part, label, owner
        self.system, self.claim = system, claim
        self.known: dict[tuple[sympy.Expr, str], sympy.Symbol] = {}

    def check(self, total: Total, place: str, what: str) -> None:
        """Refuse a sum over synapses where a synapse has a value of its own."""
        if not place or place == SYNAPSE:
            raise ModelError(
                f"{self.owner}: '{what}' reads {_readable(total)}, a sum over the synapses of a coarser "
                "place, but lives on each synapse; say where it lives, e.g. place = 'neuron' in the class "
                "body, or leave out Total."
            )

    def name(self, total: Total, place: str, what: str) -> sympy.Symbol:
        """The variable that holds a sum."""
        self.check(total, place, what)
        key = (total.args[0], place)
        if key not in self.known:
            (inner,) = total.args
            word = inner.name.removeprefix("port ") if inner.is_Symbol else str(len(self.known) + 1)
            name = f"total_{word.removesuffix(f'_{self.label}')}_{self.label}"
            self.claim(name, self.owner)
            self.system.totals[name] = PlaceTotal(place, inner, self.owner)
            self.system.place[name] = place
            self.known[key] = symbol(name)
        return self.known[key]


def _readable(expression: Any) -> str:
    return str(expression).replace("port ", "")


def check_places(system: System, where: str) -> None:
    """Check that what lives at a stated place reads only what is known there.

    Raises
    ------
    ModelError
        Naming the part, what it reads, where that lives, and what to write.
    """
    for name, place in system.place.items():
        if place in RESERVED:
            raise ModelError(
                f"{where}: {system.owner[name]} states place = '{place}', a word that the planner has for "
                "places of its own; choose another, such as 'dendrite'."
            )
        if name in system.rates:
            _check(system, f"d{name}/dt", system.rates[name], place, system.owner[name], where)
            if name in system.on_post_spike:
                _check_post_spike(system, name, place, where)
            if name in system.on_spike:
                _check_arrival(system, name, system.on_spike[name], where)
        elif name in system.definitions:
            _check(system, name, system.definitions[name].expression, place, system.owner[name], where)
    for event in system.later:
        for name, change in event.changes.items():
            if name in system.place:
                _check_arrival(system, name, change, where)
    for number, (owner, event) in enumerate(system.events, 1):
        places = {system.place.get(n, "") for n in event.changes}
        if len(places) > 1:
            raise ModelError(
                f"{where}: event {number} of {owner} changes states at {', '.join(sorted(places))}; an event "
                "changes states of one place. Let the other place read a sum, or have an event of its own."
            )
        for place in places - {""}:
            for what, e in [("its condition", event.condition), *event.changes.items()]:
                _check(system, f"{what} of event {number}", e, place, owner, where)
    _check_exchanges(system, where)


def _check(system: System, what: str, expression: sympy.Expr, place: str, owner: str, where: str) -> None:
    for x in sorted(system.inserted(expression).free_symbols, key=str):
        name = x.name
        lives = system.place.get(name)
        if lives == place or name in system.parameters or x in system.noise:
            continue
        if lives is not None:
            raise ModelError(
                f"{where}: {owner} at '{place}' reads '{name}' in {what}, which lives at '{lives}'; no index "
                f"leads from '{place}' there. Read it where both meet, on the synapses, and give Total(...), "
                "a sum over synapses, in which what several of them share counts once for each."
            )
        if name == "v" and place == NEURON:
            continue
        if name in system.states or name == "v":
            there = "on each synapse" if name != "v" else "at the target"
            raise ModelError(
                f"{where}: {owner} at '{place}' reads '{name}' in {what}, which lives {there}; write "
                f"Total(...) around what the synapses of one {place} bring together: around the name that "
                f"needs(...) has in the class, or e.g. Total({name})."
            )
        if system.definitions.get(name) is not None:
            raise ModelError(f"{where}: {owner} at '{place}' reads '{name}' in {what}; write Total(...).")


def _check_post_spike(system: System, name: str, place: str, where: str) -> None:
    if place != NEURON:
        raise ModelError(
            f"{where}: '{name}' of {system.owner[name]} lives at '{place}' and changes at postsynaptic "
            "spikes, which only a neuron has; let it live at place = 'neuron'."
        )
    change = system.on_post_spike[name]
    _check(system, f"{name} at a postsynaptic spike", change, place, system.owner[name], where)


def _check_arrival(system: System, name: str, change: sympy.Expr, where: str) -> None:
    """At a spike of one synapse, a place that others share can only be added to."""
    added = sympy.expand(change - symbol(name))
    label = system.owner[name].rpartition("(")[2].rstrip(")")
    if not isinstance(added, Total):
        raise ModelError(
            f"{where}: '{name}' of {system.owner[name]} lives at '{system.place[name]}' and changes at "
            f"presynaptic spikes to {_readable(change)}; several spikes may arrive at once, so it can only "
            f"be added to: write {name.removesuffix(f'_{label}')} + Total(<what one spike adds>)."
        )


def _check_exchanges(system: System, where: str) -> None:
    for r in system.exchanges:
        places = [system.place.get(x.name, "") for x in r.states]
        if len(set(places)) > 1 and "" not in places:
            raise ModelError(
                f"{where}: a reaction joins '{r.source}' at '{places[0]}' and '{r.target}' at '{places[1]}'; "
                "counts are exchanged within a place, or between a place and its synapses."
            )
    for name in system.drawn:
        step = system.steps.get(system.place.get(name, ""))
        if step is not None:
            raise ModelError(
                f"{where}: '{name}' of {system.owner[name]} is a number of molecules at "
                f"'{system.place[name]}', which has a time step of its own, dt = {step}; reactions are drawn "
                "at the time steps of the synapses, whose molecules they may take. Leave out dt in the class "
                "body, or follow the mean, deterministic=True."
            )
        moved = name in system.on_spike and not _conserved(system, name)
        if (moved or name in system.on_post_spike) and not system.states[name].at_spikes:
            raise ModelError(
                f"{where}: '{name}' is a number of molecules that reactions conserve, but changes at spikes; "
                "write a reaction, move at presynaptic spikes what one count loses to another on the synapse "
                "that it reacts with (moved: ..., a: a - moved, b: b + moved), declare it by states(...), or "
                "by counts(..., at_spikes=True) if spikes change it by whole numbers."
            )


def _conserved(system: System, name: str) -> bool:
    """Whether presynaptic spikes only move molecules between counts of the synapse that react."""
    together = {name}
    while True:
        found = {x.name for r in system.exchanges if together & {y.name for y in r.states} for x in r.states}
        if found <= together:
            break
        together |= found
    new: dict[sympy.Symbol, sympy.Expr] = {}
    for n, change in system.on_spike.items():
        new[symbol(n)] = change.xreplace(new)
    before = sympy.Add(*map(symbol, sorted(together)))
    at_places = any(system.place.get(n) for n in together)
    return not at_places and sympy.expand(before.xreplace(new) - before) == 0
