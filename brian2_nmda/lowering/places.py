"""Where each variable of a model lives.

The *sides* of a name are what its value depends on: ``pre`` (spikes of the presynaptic
neuron, after one uniform delay), ``post`` (voltage and spikes of the target) and ``synapse`` (weights,
per-synapse parameters and delays), and the places that the model states (a dendrite, an astrocyte).

A *place* is the name of a set of elements, each of which holds one value: ``pre`` (one for each presynaptic
neuron, in a group of ours), ``post`` (the target's own equations), ``neuron`` (one for each neuron of the
target, in a group of ours), ``synapse``, and those that the model states. `place_of` turns sides
into a place: what has one side lives there; what mixes sides lives on the synapse. States
that have to be advanced together are then brought to one place, and traces of postsynaptic spikes that
are the same for all synapses of a neuron to ``neuron``.

A place says nothing about *when* a state is advanced: that is the schedule, see
`brian2_nmda.lowering.sent`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sympy

from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.part import Pulse, rand
from brian2_nmda.symbolic.ports import NEURON, POST, PRE, SYNAPSE
from brian2_nmda.symbolic.system import System

#: Each place in the words of a plan.
WORDS = {
    PRE: "presynaptic neuron",
    POST: "target",
    SYNAPSE: "synapse",
    NEURON: "postsynaptic neuron",
}


@dataclass(frozen=True)
class Placed:
    """The first stage of a plan: where everything lives.

    Attributes
    ----------
    system : System
    declarations : Declarations
    sides : mapping of str to frozenset of str
        Sides by name.
    place : mapping of str to str
        Place by name.
    moved : mapping of str to str
        States that live on the synapse because another one needs them there, and that one.
    pulses : mapping of str to tuple of sympy.Expr
        Height, duration and perhaps a condition of each definition that is a pulse.
    coupled : list of list of str
        States that are stepped together.
    traces : frozenset of str
        States that live once for each neuron of the target because they follow from its spikes alone.
    """

    system: System
    declarations: Declarations
    sides: Mapping[str, frozenset[str]]
    place: Mapping[str, str]
    moved: Mapping[str, str]
    pulses: Mapping[str, tuple[sympy.Expr, ...]]
    coupled: list[list[str]]
    traces: frozenset[str]

    @property
    def arrival_place(self) -> str:
        """Where the states live that depend on presynaptic spikes only."""
        return arrival_side(self.declarations)

    @property
    def shared(self) -> set[str]:
        """Parameters that have one value for all synapses and do not change during a run."""
        return {n for n, p in self.system.parameters.items() if not self.sides[n] and p.is_number}

    def coupled_to(self, state: str) -> list[str]:
        """The states that are stepped together with ``state``, itself included."""
        return next(c for c in self.coupled if state in c)


def find_places(system: System, declarations: Declarations) -> Placed:
    """Place every variable of ``system``.

    Raises
    ------
    ModelError
        If a parameter declared per synapse does not exist or belongs to the target, or a pulse is part
        of a larger expression.
    """
    declarations.check_per_synapse(system.parameters, _acting_on_target(system))
    pulses = _pulses(system)
    sides = sides_of(system, declarations)
    place = {n: place_of(found, declarations.optimize) for n, found in sides.items()}
    place.update(system.place)
    coupled = _coupled(system)
    moved: dict[str, str] = {}
    _keep_together(system, coupled, place, moved)
    _keep_order(system, pulses, place, moved)
    traces = _traces(system, declarations, coupled, place)
    place.update(dict.fromkeys(traces, NEURON))
    coupled = [part for names in coupled for part in _by_group(names, place)]
    return Placed(system, declarations, sides, place, moved, pulses, coupled, traces)


def _by_group(names: Iterable[str], place: Mapping[str, str]) -> list[list[str]]:
    """Coupled states, apart for each group that steps them; gates may be stepped with synapses."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault("" if place[name] in (PRE, SYNAPSE) else place[name], []).append(name)
    return [groups[key] for key in sorted(groups)]


def arrival_side(declarations: Declarations) -> str:
    """The side on which a presynaptic spike arrives."""
    return PRE if declarations.delay == "uniform" else SYNAPSE


def place_of(sides: frozenset[str], optimize: bool) -> str:
    """The place of what depends on these sides."""
    if sides == {POST}:
        return POST
    if optimize and sides <= {PRE}:
        return PRE
    return SYNAPSE


def upstream(system: System, expression: sympy.Expr) -> list[str]:
    """States on which an expression depends, also through the rates of others."""
    found: set[str] = set()
    todo = [system.inserted(expression)]
    while todo:
        for x in todo.pop().free_symbols:
            if x.name in system.rates and x.name not in found:
                found.add(x.name)
                todo.append(system.inserted(system.rates[x.name]))
    return [n for n in system.states if n in found]


# -- sides ---------------------------------------------------------------------------------------


def sides_of(system: System, declarations: Declarations) -> dict[str, frozenset[str]]:
    """The sides on which each name depends."""
    found = {**_sides_of_inputs(system, declarations), **_sides_of_changes(system, declarations)}
    stated = {n: frozenset({place}) for n, place in system.place.items()}
    found.update(stated)
    read = {n: e for n, e in _what_is_read(system).items() if n not in stated}
    _spread(found, read)
    # What depends on nothing, such as a slow co-agonist, lives with the presynaptic neuron.
    found.update({n: frozenset({PRE}) for n in system.states if not found[n]})
    _spread(found, read)
    return found


def _sides_of_inputs(system: System, declarations: Declarations) -> dict[str, frozenset[str]]:
    """Sides of the voltage, the weight and the parameters."""
    on_target = _acting_on_target(system)
    found: dict[str, frozenset[str]] = {"v": frozenset({POST}), "w": frozenset({SYNAPSE})}
    for name, p in system.parameters.items():
        if name in declarations.per_synapse:
            found[name] = frozenset({SYNAPSE})
        elif isinstance(p.value, str):  # a variable of the user's, of the target or the synapses
            found[name] = frozenset({POST if name in on_target else SYNAPSE})
        else:
            found[name] = frozenset()
    return found


def _sides_of_changes(system: System, declarations: Declarations) -> dict[str, frozenset[str]]:
    """Sides of states and definitions by what changes them, whatever they read."""
    spike = arrival_side(declarations)
    own: dict[str, set[str]] = {n: set() for n in [*system.states, *system.definitions]}
    for name, definition in system.definitions.items():
        if definition.expression.has(Pulse):
            own[name].add(spike)
    for name, jump in system.on_spike.items():
        own[name] |= {spike, SYNAPSE} if jump.has(rand) else {spike}
    for name in system.on_post_spike:
        own[name] |= {POST, SYNAPSE}
    for event in system.later:
        for name in event.changes:
            own[name] |= {spike, SYNAPSE}
    for name, rate in system.rates.items():
        if rate.free_symbols & system.noise or name in system.drawn:
            own[name].add(SYNAPSE)
    return {n: frozenset(s) for n, s in own.items()}


def _what_is_read(system: System) -> dict[str, list[sympy.Expr]]:
    """Expressions that the value of each state and definition follows from."""
    read = {n: [e] for n, e in system.rates.items()}
    read.update({n: [d.expression] for n, d in system.definitions.items()})
    for changes in (system.on_spike, system.on_post_spike, *(x.changes for x in system.later)):
        for name, jump in changes.items():
            read[name].append(jump)
    for _, event in system.events:
        for name, change in event.changes.items():
            read[name] += [event.condition, change]
    return read


def _spread(found: dict[str, frozenset[str]], read: Mapping[str, list[sympy.Expr]]) -> None:
    """Add to the sides of each name those of what is read, until nothing changes."""
    changed = True
    while changed:
        changed = False
        for name, sources in read.items():
            names = {x.name for e in sources for x in e.free_symbols}
            new = found[name].union(*(found.get(n, frozenset()) for n in names))
            changed |= new != found[name]
            found[name] = new


def _acting_on_target(system: System) -> set[str]:
    """Names in the currents and blocks, which are computed on the target."""
    expressions = [r.current for r in system.receptors]
    expressions += [system.definitions[n].expression for n in system.blocks]
    return {x.name for e in expressions for x in e.free_symbols}


# -- what is advanced together -------------------------------------------------------------------


def _pulses(system: System) -> dict[str, tuple[sympy.Expr, ...]]:
    """Definitions that are a pulse, with its arguments."""
    found = {}
    for name, definition in system.definitions.items():
        if isinstance(definition.expression, Pulse):
            found[name] = definition.expression.args
        elif definition.expression.has(Pulse):
            raise ModelError(f"'{name}': a Pulse has to stand alone, found {definition.expression}.")
    return found


def _coupled(system: System) -> list[list[str]]:
    """States of one part, and of the parts that are stepped with it."""
    groups: dict[str, list[str]] = {}
    for name in system.states:
        owner = system.owner[name]
        groups.setdefault(system.stepped_with.get(owner, owner), []).append(name)
    return list(groups.values())


def _keep_together(
    system: System, coupled: Iterable[list[str]], place: dict[str, str], moved: dict[str, str]
) -> None:
    """Move states to the synapse that a state coupled to them needs there.

    The integrators need the course of such a state within the step, not its value at the start.
    """
    for names in coupled:
        for name in names:
            if place[name] == SYNAPSE:
                for n in upstream(system, system.rates[name]):
                    if n in names and place[n] == PRE:
                        place[n] = SYNAPSE
                        moved[n] = name


def _keep_order(system: System, pulses: Iterable[str], place: dict[str, str], moved: dict[str, str]) -> None:
    """Move states to the synapse that a state there reads before they change at a spike.

    What lives on the presynaptic neuron changes at a spike before anything on the synapse does.
    """
    order = list(system.on_spike)

    def read(expressions: Iterable[sympy.Expr]) -> set[str]:
        return {x.name for e in expressions for x in system.inserted(e, pulses).free_symbols}

    def move(name: str, reader: str) -> None:
        place[name] = SYNAPSE
        moved[name] = reader

    again = True
    while again:
        again = False
        for k, name in enumerate(order):
            if place[name] != PRE:
                later = [n for n in order[k + 1 :] if place[n] == PRE]
                for n in set(later) & read([system.on_spike[name]]):
                    move(n, name)
                    again = True
        for n in system.states:
            if place[n] == PRE:
                needs = read([system.rates[n], system.on_spike.get(n, sympy.S.Zero)])
                for m in [m for m in system.states if m in needs and place[m] == SYNAPSE][:1]:
                    move(n, m)
                    again = True


def _traces(
    system: System, declarations: Declarations, coupled: Iterable[list[str]], place: Mapping[str, str]
) -> frozenset[str]:
    """States that follow from the spikes of the postsynaptic neuron alone, so that it needs them once.

    They change after everything on the synapse that reads them at the same spike, so the others have to
    be written before them. A state whose course within a step the integrator of another one needs stays
    with that one, and so does what the user's own statements read at these spikes.
    """
    if not declarations.optimize or declarations.method is not None or not declarations.shared_post:
        return frozenset()
    elsewhere = {*system.on_spike, *(n for event in system.later for n in event.changes)}
    elsewhere |= {n for _, event in system.events for n in event.changes}
    elsewhere |= {*system.drawn, *declarations.read_at_post}
    shared = {n for n, p in system.parameters.items() if p.is_number and n not in declarations.per_synapse}
    found = {n for n in system.states if place[n] == SYNAPSE and n not in elsewhere}
    found = {n for n in found if not system.rates[n].free_symbols & system.noise}

    def changes(name: str) -> list[sympy.Expr]:
        jump = system.on_post_spike.get(name)
        return [system.inserted(e) for e in (system.rates[name], jump) if e is not None]

    again = True
    while again:
        before = set(found)
        known = {symbol(n) for n in found | shared}
        found = {n for n in found if all(e.free_symbols <= known and not e.has(rand) for e in changes(n))}
        found = {n for n in found if any(m in system.on_post_spike for m in _with_upstream(system, n))}
        for names in coupled:
            stay = [n for n in names if n not in found and place[n] == SYNAPSE]
            found -= {m for n in stay for m in upstream(system, system.rates[n])} & set(names)
        found -= _read_too_late(system, found)
        again = found != before
    return frozenset(found)


def _with_upstream(system: System, name: str) -> list[str]:
    return [name, *upstream(system, system.rates[name])]


def _read_too_late(system: System, traces: set[str]) -> set[str]:
    """Traces that something on the synapse reads after they have changed at the same spike."""
    order, late = list(system.on_post_spike), set()
    for k, name in enumerate(order):
        if name in traces:
            after = [system.inserted(system.on_post_spike[n]) for n in order[k + 1 :] if n not in traces]
            if any(e.has(symbol(name)) for e in after):
                late.add(name)
    return late
