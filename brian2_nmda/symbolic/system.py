"""A model as one flat system of named equations."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import sympy
from brian2.units.fundamentalunits import Dimension, Quantity

from brian2_nmda.symbolic import analysis
from brian2_nmda.symbolic.parameter import Value
from brian2_nmda.symbolic.ports import INPUTS
from brian2_nmda.symbolic.template import Definition, On, Reaction, State


@dataclass(frozen=True)
class ReceptorTerm:
    """What a receptor contributes to the target.

    Attributes
    ----------
    label : str
    conductance : sympy.Expr
        Open conductance of one synapse of unit weight.
    current : sympy.Expr
        Current of the target in terms of ``g_total_<label>``.
    """

    label: str
    conductance: sympy.Expr
    current: sympy.Expr

    @property
    def total_name(self) -> str:
        """Name of the total conductance on the target."""
        return f"g_total_{self.label}"

    @property
    def current_name(self) -> str:
        """Name of the current on the target."""
        return f"I_{self.label}"


@dataclass(frozen=True)
class LaterChanges:
    """What a presynaptic spike changes ``latency`` after its arrival."""

    owner: str
    latency: sympy.Expr
    changes: Mapping[str, sympy.Expr]


@dataclass(frozen=True)
class Scheme:
    """A Markov scheme, and the values of its inputs for which it starts in equilibrium."""

    reactions: tuple[Reaction, ...]
    start_at: Mapping[str, sympy.Expr]


@dataclass(frozen=True)
class PlaceTotal:
    """A sum over the synapses of each element of a place.

    Attributes
    ----------
    place : str
    expression : sympy.Expr
        What each synapse contributes.
    owner : str
    """

    place: str
    expression: sympy.Expr
    owner: str


@dataclass
class System:
    """A flat model: every name is the one that a user sees.

    ``owner`` maps a name to the part it came from; states of one part are integrated together.
    ``stepped_with`` names the part with which the states of another one are integrated. ``on_spike`` and
    the like are carried out in the order in which they are written. ``plastic`` are the labels of the
    receptors that a rule of plasticity changes, ``blocks`` the definitions by which the target multiplies
    a conductance, ``noise`` the symbols of white noise. ``place`` holds the names that live where
    biology decides, ``steps`` the time steps of places that have their own, ``totals`` what is summed
    for a place. ``exchanges`` are reactions between counts that happen by chance; ``drawn`` are the
    rates of these counts on average. ``held`` are the definitions that keep their value over a time step,
    like the voltage.
    """

    parameters: dict[str, Value] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    rates: dict[str, sympy.Expr] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    on_spike: dict[str, sympy.Expr] = field(default_factory=dict)
    on_post_spike: dict[str, sympy.Expr] = field(default_factory=dict)
    later: list[LaterChanges] = field(default_factory=list)
    schemes: list[Scheme] = field(default_factory=list)
    events: list[tuple[str, On]] = field(default_factory=list)
    owner: dict[str, str] = field(default_factory=dict)
    stepped_with: dict[str, str] = field(default_factory=dict)
    receptors: list[ReceptorTerm] = field(default_factory=list)
    plastic: set[str] = field(default_factory=set)
    blocks: set[str] = field(default_factory=set)
    noise: set[sympy.Symbol] = field(default_factory=set)
    initial: dict[str, float] = field(default_factory=dict)
    place: dict[str, str] = field(default_factory=dict)
    steps: dict[str, Quantity] = field(default_factory=dict)
    totals: dict[str, PlaceTotal] = field(default_factory=dict)
    exchanges: list[Reaction] = field(default_factory=list)
    drawn: dict[str, sympy.Expr] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)

    @property
    def names(self) -> set[str]:
        """All names."""
        return {*self.parameters, *self.states, *self.definitions, *self.totals}

    @property
    def places(self) -> list[str]:
        """Places that the model states, in order of appearance."""
        return list(dict.fromkeys(self.place.values()))

    @property
    def eliminated(self) -> set[str]:
        """Occupancies that follow from the others of their scheme."""
        return {n for scheme in self.schemes for n in occupied(scheme) if n in self.definitions}

    @property
    def spiked_otherwise(self) -> set[str]:
        """States that change at postsynaptic spikes, or later than presynaptic ones."""
        return {*self.on_post_spike, *(n for event in self.later for n in event.changes)}

    def dimensions(self) -> dict[str, Dimension]:
        """Dimensions of all names and inputs."""
        dims = {n: i.dim for n, i in INPUTS.items()}
        for kind in (self.parameters, self.states, self.definitions):
            dims.update({n: x.dim for n, x in kind.items()})
        return dims

    def values(self) -> dict[str, float]:
        """Parameters that are numbers, in base SI units."""
        return {n: p.base() for n, p in self.parameters.items() if p.is_number}

    def inserted(self, expression: sympy.Expr, keep: Iterable[str] = ()) -> sympy.Expr:
        """``expression`` with the definitions inserted, except those in ``keep``."""
        keep = set(keep)
        named = {n: d.expression for n, d in self.definitions.items() if n not in keep}
        return analysis.insert(expression, named)

    def evaluated_at(self, place: str, states: Collection[str]) -> list[sympy.Expr]:
        """What is evaluated at a place that the model states, or that has traces: ``states`` live there."""
        found = [self.rates[n] for n in states]
        found += [self.on_post_spike[n] for n in states if n in self.on_post_spike]
        found += [d.expression for n, d in self.definitions.items() if self.place.get(n) == place]
        for _, event in self.events:
            if not set(states).isdisjoint(event.changes):
                found += [event.condition, *event.changes.values()]
        return found

    def expressions(self) -> Iterator[tuple[str, sympy.Expr]]:
        """Every expression, by the name under which messages show it."""
        yield from ((f"d{n}/dt", e) for n, e in self.rates.items())
        yield from ((n, d.expression) for n, d in self.definitions.items())
        yield from ((n, t.expression) for n, t in self.totals.items())
        yield from ((r.label, r.conductance) for r in self.receptors)
        yield from ((r.current_name, r.current) for r in self.receptors)
        yield from ((f"{n} at a spike", e) for n, e in self.on_spike.items())
        yield from ((f"{n} at a postsynaptic spike", e) for n, e in self.on_post_spike.items())
        for event in self.later:
            yield "latency", event.latency
            yield from ((f"{n} at a late spike", e) for n, e in event.changes.items())
        for number, (_, event) in enumerate(self.events, 1):
            yield f"condition of event {number}", event.condition
            yield from ((f"{n} at event {number}", e) for n, e in event.changes.items())
        for r in self.exchanges:
            yield f"rate of {r.source} -> {r.target}", r.forward
            yield f"rate of {r.target} -> {r.source}", r.backward
        yield from ((f"initial value of {n}", s.initial) for n, s in self.states.items())

    def rewrite(self, change: Callable[[sympy.Expr], sympy.Expr]) -> None:
        """Apply ``change`` to every expression."""

        def each(changes: Mapping[str, sympy.Expr]) -> dict[str, sympy.Expr]:
            return {n: change(e) for n, e in changes.items()}

        self.rates, self.on_spike, self.on_post_spike, self.drawn = map(
            each, (self.rates, self.on_spike, self.on_post_spike, self.drawn)
        )
        self.later = [LaterChanges(x.owner, change(x.latency), each(x.changes)) for x in self.later]
        self.events = [(owner, event.map(change)) for owner, event in self.events]
        self.exchanges = [r.map(change) for r in self.exchanges]
        self.totals = {n: replace(t, expression=change(t.expression)) for n, t in self.totals.items()}
        self.definitions = {
            n: replace(d, expression=change(d.expression)) for n, d in self.definitions.items()
        }
        self.receptors = [
            ReceptorTerm(r.label, change(r.conductance), change(r.current)) for r in self.receptors
        ]
        self.schemes = [
            Scheme(tuple(r.map(change) for r in s.reactions), each(s.start_at)) for s in self.schemes
        ]
        self.states = {n: replace(s, initial=change(s.initial)) for n, s in self.states.items()}


def occupied(scheme: Scheme) -> list[str]:
    """The occupancies of a Markov scheme."""
    return list(dict.fromkeys(x.name for r in scheme.reactions for x in r.states))
