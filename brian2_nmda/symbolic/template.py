"""What a part says, as plain data: states, events, reactions, and everything else of its equations."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sympy
from brian2.units.fundamentalunits import Dimension

from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.parameter import Value
from brian2_nmda.symbolic.ports import Gift, Need


@dataclass(frozen=True)
class State:
    """A dynamic variable, its invariant interval and its value at the start.

    Attributes
    ----------
    dim : Dimension
    within : pair
    initial : sympy.Expr
    meaning : str
    bare : bool
        Whether it is exposed under its own name, without the label of the part.
    place : str
        Where it lives if biology decides; empty where the planner does.
    count : bool
        Whether it is a whole number of molecules, which reactions change one by one.
    at_spikes : bool
        Of a count: whether spikes change it, too, by whole numbers.
    """

    dim: Dimension
    within: tuple[Any, Any]
    initial: sympy.Expr
    meaning: str = ""
    bare: bool = False
    place: str = ""
    count: bool = False
    at_spikes: bool = False


@dataclass(frozen=True)
class Definition:
    """A named expression."""

    expression: sympy.Expr
    dim: Dimension
    meaning: str = ""


@dataclass(frozen=True)
class Spike:
    """A spike of one side, as the trigger of an event."""

    side: str

    def __repr__(self) -> str:
        return f"{self.side}synaptic"


@dataclass(frozen=True)
class Later:
    """``Later(latency)`` is a trigger: ``latency`` has passed since a presynaptic spike arrived.

    Parameters
    ----------
    latency : sympy.Expr
        A time, in terms of parameters.

    Examples
    --------
    >>> from brian2 import ms
    >>> from brian2_nmda import Later, Parameter
    >>> late = Later(Parameter(2*ms, 'latency'))
    """

    latency: sympy.Expr


#: A presynaptic spike arrives; the postsynaptic neuron spikes.
presynaptic, postsynaptic = Spike("pre"), Spike("post")


@dataclass(frozen=True)
class On:
    """``On(trigger, changes)`` gives states new values at once when the trigger occurs.

    Attributes
    ----------
    trigger : Spike, Later or sympy.Expr
        `presynaptic`, `postsynaptic`, ``Later(latency)``, or a condition that is non-zero when it happens,
        e.g. ``armed*Heaviside(Ca_eff - theta)``.
    changes : mapping of state to expression
        New value of each state that changes; at spikes in the order in which they are written, at a
        condition in terms of the old values.

    Examples
    --------
    >>> from brian2_nmda import On, presynaptic, states
    >>> x = states('x', within=(0, None))
    >>> On(presynaptic, {x: x + 1}).is_condition
    False
    """

    trigger: Any
    changes: Mapping[Any, Any]

    @property
    def condition(self) -> sympy.Expr:
        """The condition of an event that is no spike."""
        return self.trigger

    @property
    def is_condition(self) -> bool:
        """Whether the trigger is a condition."""
        return not isinstance(self.trigger, (Spike, Later))

    def map(self, change: Callable[[sympy.Expr], sympy.Expr]) -> "On":
        """Apply ``change`` to every expression."""
        trigger = self.trigger
        if isinstance(trigger, Later):
            trigger = Later(change(trigger.latency))
        elif self.is_condition:
            trigger = change(trigger)
        return On(trigger, {n: change(e) for n, e in self.changes.items()})


#: The name of an event at a condition before there were other triggers.
Event = On


@dataclass(frozen=True)
class Reaction:
    """A reaction is a line of a reaction table: ``source <-> target`` with the rates of both directions.

    Attributes
    ----------
    source : sympy.Symbol or None
        What reacts: an occupancy declared by `occupancies`, or a count declared by `counts`. ``None`` stands
        for the outside, from which counts come with the rate itself.
    target : sympy.Symbol or None
        What it becomes, declared in the same way.
    forward : sympy.Expr
        Rate of one molecule from source to target, per second; 0 if there is no such direction.
    backward : sympy.Expr
        Rate of one molecule back.
    partner : sympy.Symbol or None
        A count of the synapses of which each reaction uses up one, too: ``source + partner <-> target``,
        where ``forward`` is the rate of one pair. Free slots that molecules of a shared pool fill, say: there
        are never more in the synapse than slots.
    gate : bool
        Of counts: both directions are drawn with the probabilities of a gate with two states, which are exact
        for rates that are held over a time step, however large. Otherwise nothing returns within one.

    Examples
    --------
    >>> from brian2 import ms
    >>> from brian2_nmda import Parameter, Reaction, occupancies
    >>> C, O = occupancies('C O')
    >>> alpha = Parameter(1/ms, 'opening rate')
    >>> len(Reaction(C, O, alpha).states)
    2
    """

    source: Any
    target: Any
    forward: Any
    backward: Any = 0
    partner: Any = None
    gate: bool = False

    def __post_init__(self) -> None:
        for state in (self.source, self.target, self.partner):
            if state is not None and not isinstance(state, sympy.Symbol):
                raise ModelError(
                    f"Reaction({self.source!r}, {self.target!r}, ...): the states have to be those that "
                    "occupancies('...') or counts('...') have returned, not text."
                )

    @property
    def states(self) -> list[sympy.Symbol]:
        """Source and target, without the outside."""
        return [x for x in (self.source, self.target) if x is not None]

    def map(self, change: Any) -> "Reaction":
        """Apply ``change`` to names and rates."""
        ends = (self.source, self.target, self.partner)
        source, target, partner = (None if x is None else change(x) for x in ends)
        return Reaction(source, target, change(self.forward), change(self.backward), partner, self.gate)


@dataclass(frozen=True)
class Preset:
    """A preset is a published set of parameter values of a part; see `Part.preset`.

    Attributes
    ----------
    source : str
        DOI, or repository and path, with table or line.
    values : mapping of str to value
        By the names of parameters; the others keep their defaults.
    status : str
        As of `Parameter`.

    Examples
    --------
    >>> from brian2 import ms
    >>> from brian2_nmda import Preset
    >>> Preset('doi:10.1000/example, table 1', {'tau': 3*ms}).status
    'reported'
    """

    source: str
    values: Mapping[str, Any]
    status: str = "reported"


class Pulse(sympy.Function):
    """``Pulse(height, duration)`` is a square pulse that begins at each presynaptic spike.

    A later spike prolongs the pulse; it never adds. With a third argument, only spikes for which that
    is not zero start a pulse.

    Examples
    --------
    >>> from brian2_nmda import Pulse
    >>> Pulse(1, 2).args
    (1, 2)
    """

    nargs = (2, 3)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        height, duration = (printer._print(a) for a in self.args[:2])
        return rf"{height}\,\left[\,0 < t - t_{{spike}} \leq {duration}\,\right]"


@dataclass(frozen=True)
class Written:
    """One expression of a part.

    Attributes
    ----------
    name : str
        Under which a message shows it.
    expression : sympy.Expr
    dim : Dimension or None
        What it has to have; ``None`` if the part does not say.
    kind : str
        ``rate``, ``definition``, ``gift``, ``role``, ``jump``, ``condition``, ``latency``, ``reaction``,
        ``initial``, ``bound``, ``start`` or ``pulse``.
    of : str
        Name of the variable whose value, rate or change it is; empty where there is none.
    """

    name: str
    expression: sympy.Expr
    dim: Dimension | None
    kind: str
    of: str = ""


@dataclass(frozen=True)
class Template:
    """Everything that a part says; plain data.

    ``reactions`` are those between occupancies, ``exchanges`` those between counts, which happen one by
    one unless ``deterministic``. ``rates`` hold what follows from both, the latter on average.
    """

    parameters: Mapping[str, Value] = field(default_factory=dict)
    states: Mapping[str, State] = field(default_factory=dict)
    rates: Mapping[str, sympy.Expr] = field(default_factory=dict)
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    roles: Mapping[str, sympy.Expr] = field(default_factory=dict)
    on: tuple[On, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    exchanges: tuple[Reaction, ...] = ()
    deterministic: bool = False
    start_at: Mapping[str, sympy.Expr] = field(default_factory=dict)
    needs: Mapping[str, Need] = field(default_factory=dict)
    gives: Mapping[str, Gift] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """Names of parameters, states and definitions."""
        return {*self.parameters, *self.states, *self.definitions}

    @property
    def counts(self) -> list[str]:
        """States that are whole numbers."""
        return [n for n, s in self.states.items() if s.count]

    def at(self, trigger: Spike) -> dict[str, sympy.Expr]:
        """What changes at a spike, in order."""
        return {n: e for on in self.on if on.trigger == trigger for n, e in on.changes.items()}

    @property
    def on_spike(self) -> dict[str, sympy.Expr]:
        """What changes when a presynaptic spike arrives."""
        return self.at(presynaptic)

    @property
    def on_post_spike(self) -> dict[str, sympy.Expr]:
        """What changes when the postsynaptic neuron spikes."""
        return self.at(postsynaptic)

    @property
    def later(self) -> tuple[On, ...]:
        """What presynaptic spikes change some time after their arrival."""
        return tuple(on for on in self.on if isinstance(on.trigger, Later))

    @property
    def on_late_spike(self) -> dict[str, sympy.Expr]:
        """What presynaptic spikes change some time after their arrival, by state."""
        return {n: e for on in self.later for n, e in on.changes.items()}

    @property
    def latency(self) -> sympy.Expr | None:
        """The time after which the first of these changes happens."""
        return self.later[0].trigger.latency if self.later else None

    @property
    def events(self) -> tuple[On, ...]:
        """What happens when a condition becomes true."""
        return tuple(on for on in self.on if on.is_condition)

    def values(self) -> dict[str, float]:
        """Parameters that are numbers, in base SI units."""
        return {n: p.base() for n, p in self.parameters.items() if p.is_number}

    def expressions(self) -> Iterable[sympy.Expr]:
        """All expressions but those of derived equations."""
        yield from self.rates.values()
        yield from self.roles.values()
        yield from (d.expression for d in self.definitions.values())
        yield from (s.initial for s in self.states.values())
        yield from (g.expression for g in self.gives.values())
        for on in self.on:
            yield from on.changes.values()
            if isinstance(on.trigger, Later):
                yield on.trigger.latency
            elif on.is_condition:
                yield on.trigger
        for r in (*self.reactions, *self.exchanges):
            yield from (r.forward, r.backward)

    def map(self, change: Any) -> "Template":
        """Apply ``change`` to every expression."""

        def each(mapping: Mapping[str, sympy.Expr]) -> dict[str, sympy.Expr]:
            return {name: change(e) for name, e in mapping.items()}

        def bound(value: Any) -> Any:
            return change(value) if isinstance(value, sympy.Basic) else value

        return replace(
            self,
            rates=each(self.rates),
            roles=each(self.roles),
            on=tuple(on.map(change) for on in self.on),
            start_at=each(self.start_at),
            reactions=tuple(r.map(change) for r in self.reactions),
            exchanges=tuple(r.map(change) for r in self.exchanges),
            definitions={n: replace(d, expression=change(d.expression)) for n, d in self.definitions.items()},
            gives={n: replace(g, expression=change(g.expression)) for n, g in self.gives.items()},
            states={
                n: replace(s, initial=change(s.initial), within=(bound(s.within[0]), bound(s.within[1])))
                for n, s in self.states.items()
            },
        )
