"""A part of a synapse: states, equations, parameters and what they provide to other parts.

A part is declared as a class body that reads like the paper (see `brian2_nmda.equations`), and
changed by `Part.replace`, which returns a new part. Shipped and customised parts are the same
kind of object and take the same path from here on.
"""

import copy
import difflib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
import sympy
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER
from brian2.input.timedarray import TimedArray
from brian2.units import amp, metre, mole, second, siemens, volt
from brian2.units.fundamentalunits import (
    DIMENSIONLESS,
    Dimension,
    DimensionMismatchError,
    Quantity,
    get_dimensions,
)

from brian2_nmda.symbolic import analysis, latex
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import (
    check_name,
    dimensions_of,
    is_external,
    normalise,
    parse_equations,
    read,
    symbol,
)
from brian2_nmda.symbolic.parameter import Parameter as Parameter
from brian2_nmda.symbolic.parameter import Placeholder, Value

_MOLAR = get_dimensions(mole / metre**3)


@dataclass(frozen=True)
class Input:
    """A quantity that a part reads and something else provides."""

    dim: Dimension
    meaning: str
    provider: str


#: What a part may read without declaring it, and who provides it.
INPUTS: Mapping[str, Input] = MappingProxyType(
    {
        "v": Input(volt.dim, "voltage at the receptor", "the target"),
        "T": Input(_MOLAR, "transmitter in the cleft", "release="),
        "Ca": Input(_MOLAR, "free calcium in the spine", "calcium="),
        "Ca_eff": Input(_MOLAR, "slowly integrated calcium", "calcium=SpineCalcium() (with its integrator)"),
        "Ca_rest": Input(_MOLAR, "resting calcium", "calcium="),
        "I_Ca": Input(amp.dim, "calcium current of the receptors", "receptors="),
        "G_open": Input(siemens.dim, "open conductance of one receptor type", "receptors="),
        "E_open": Input(volt.dim, "reversal potential of that receptor type", "receptors="),
        "g_initial": Input(siemens.dim, "conductance at the start", "the receptor it changes"),
        "block": Input(DIMENSIONLESS, "fraction of open channels that conducts", "block="),
        "activation": Input(DIMENSIONLESS, "open fraction", "the receptor it changes"),
        "released": Input(DIMENSIONLESS, "fraction of a full release of this spike", "release="),
        "xi": Input(get_dimensions(second**-0.5), "white noise", "Brian2"),
    }
)

v, T, Ca, Ca_eff, Ca_rest, I_Ca, G_open, E_open, g_initial, released, xi = map(
    symbol,
    ("v", "T", "Ca", "Ca_eff", "Ca_rest", "I_Ca", "G_open", "E_open", "g_initial", "released", "xi"),
)
#: What the receptor and earlier rules provide, in a rule that scales it.
conductance = symbol("conductance")
#: A number drawn uniformly from [0, 1) each time it is evaluated.
rand = sympy.Function("rand")


@dataclass(frozen=True)
class State:
    """A dynamic variable, its invariant interval and its value at the start."""

    dim: Dimension
    within: tuple[Any, Any]
    initial: sympy.Expr
    meaning: str = ""
    bare: bool = False


@dataclass(frozen=True)
class Event:
    """Something that happens at once in the time step in which ``condition`` becomes true.

    Attributes
    ----------
    condition : sympy.Expr
        Non-zero when it happens, e.g. ``armed*Heaviside(Ca_eff - theta)``.
    changes : mapping of str to sympy.Expr
        New value of each state that changes, in terms of the old values.
    """

    condition: sympy.Expr
    changes: Mapping[str, sympy.Expr]


@dataclass(frozen=True)
class Reaction:
    """A line of a reaction table: ``source <-> target`` with the rates of both directions.

    Attributes
    ----------
    source, target : sympy.Symbol
        Occupancies declared by `occupancies`.
    forward, backward : sympy.Expr
        Rates; 0 for a direction that does not exist.
    """

    source: Any
    target: Any
    forward: Any
    backward: Any = 0

    def __post_init__(self) -> None:
        for state in (self.source, self.target):
            if not isinstance(state, sympy.Symbol):
                raise ModelError(
                    f"Reaction({self.source!r}, {self.target!r}, ...): the states have to be those that "
                    "occupancies('...') has returned, not text."
                )

    def map(self, change: Any) -> "Reaction":
        """Apply ``change`` to names and rates."""
        return Reaction(*(change(getattr(self, n)) for n in ("source", "target", "forward", "backward")))


@dataclass(frozen=True)
class Preset:
    """A published set of parameter values of a part; see `Part.preset`.

    Attributes
    ----------
    source : str
    values : mapping of str to value
    status : str
    """

    source: str
    values: Mapping[str, Any]
    status: str = "reported"


class Pulse(sympy.Function):
    """A square pulse ``Pulse(height, duration)`` at each presynaptic spike.

    A later spike prolongs the pulse; it never adds. With a third argument, only spikes for which that
    is not zero start a pulse.
    """

    nargs = (2, 3)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        height, duration = (printer._print(a) for a in self.args[:2])
        return rf"{height}\,\left[\,0 < t - t_{{spike}} \leq {duration}\,\right]"


def states(
    names: str,
    *,
    within: tuple[Any, Any] = (0, 1),
    unit: Any = 1,
    initial: Any = 0,
    meaning: str = "",
    bare: bool = False,
) -> Any:
    """Declare states in the body of a `Part` class.

    Parameters
    ----------
    names : str
        Names separated by blanks; one name gives one symbol, several a tuple.
    within : pair
        Interval that the solution never leaves (numbers in ``unit``, parameters or ``None``).
    unit : Quantity
        Any quantity with the dimensions of the states.
    initial : number or expression
        Value at the start; a number only of a dimensionless state, else 0 or a parameter.
    meaning : str
    bare : bool
        Exposed under its own name, without the label of the part.

    Examples
    --------
    >>> from brian2_nmda.symbolic.part import states
    >>> x, g = states('x g', within=(0, 1))
    """
    size = float(np.asarray(unit))  # of the unit in base units

    def scaled(value: Any) -> Any:
        return value * size if isinstance(value, (int, float)) and value and size != 1 else value

    state = State(
        get_dimensions(unit),
        (scaled(within[0]), scaled(within[1])),
        sympy.sympify(initial, strict=True),
        meaning,
        bare,
    )
    made = tuple(Placeholder(state=state, expected=name) for name in names.split())
    return made if len(made) > 1 else made[0]


def occupancies(names: str) -> tuple[Placeholder, ...]:
    """Declare the states of a Markov scheme in the body of a `Part` class.

    They sum to one: the first is eliminated (it becomes ``1 - ...``), the equations of the others
    follow from the ``reactions`` of the class body.

    Examples
    --------
    >>> from brian2_nmda.symbolic.part import occupancies
    >>> C, O = occupancies('C O')
    """
    first, *others = names.split()
    return (Placeholder(first=first), *(states(n, within=(0, 1)) for n in others))


def define(expression: Any, unit: Any = 1, meaning: str = "") -> Placeholder:
    """Name an expression in the body of a `Part` class, so that it is printed by that name."""
    if isinstance(expression, Quantity):
        raise ModelError(f"define({expression!r}): a number with units is a Parameter.")
    return Placeholder(
        definition=sympy.sympify(expression, strict=True), dim=get_dimensions(unit), meaning=meaning
    )


@dataclass(frozen=True)
class Definition:
    """A named expression."""

    expression: sympy.Expr
    dim: Dimension
    meaning: str = ""


@dataclass(frozen=True)
class Template:
    """Everything that a part says; plain data."""

    parameters: Mapping[str, Value] = field(default_factory=dict)
    states: Mapping[str, State] = field(default_factory=dict)
    rates: Mapping[str, sympy.Expr] = field(default_factory=dict)
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    roles: Mapping[str, sympy.Expr] = field(default_factory=dict)
    on_spike: Mapping[str, sympy.Expr] = field(default_factory=dict)
    on_post_spike: Mapping[str, sympy.Expr] = field(default_factory=dict)
    on_late_spike: Mapping[str, sympy.Expr] = field(default_factory=dict)
    latency: sympy.Expr | None = None
    events: tuple[Event, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    start_at: Mapping[str, sympy.Expr] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """Names of parameters, states and definitions."""
        return {*self.parameters, *self.states, *self.definitions}

    def values(self) -> dict[str, float]:
        """Parameters that are numbers, in base SI units."""
        return {n: p.base() for n, p in self.parameters.items() if p.is_number}

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
            on_spike=each(self.on_spike),
            on_post_spike=each(self.on_post_spike),
            on_late_spike=each(self.on_late_spike),
            latency=None if self.latency is None else change(self.latency),
            start_at=each(self.start_at),
            reactions=tuple(r.map(change) for r in self.reactions),
            definitions={n: replace(d, expression=change(d.expression)) for n, d in self.definitions.items()},
            states={
                n: replace(s, initial=change(s.initial), within=(bound(s.within[0]), bound(s.within[1])))
                for n, s in self.states.items()
            },
            events=tuple(Event(change(e.condition), each(e.changes)) for e in self.events),
        )


def _collect(cls: type, base: Template) -> Template:
    """The template of a class: what it inherits, and what its body adds."""
    where = cls.__name__
    body = dict(vars(cls))
    # ``activation = g`` hands out a state under a second name: that is a role, not a declaration.
    known_roles = {*cls._roles, *base.roles}
    placeholders = {n: x for n, x in body.items() if isinstance(x, Placeholder) and n not in known_roles}
    parameters, known_states = dict(base.parameters), dict(base.states)
    definitions = dict(base.definitions)
    first = _eliminated(base)
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
            known_states[name] = fields["state"]
        elif "first" in fields:
            if fields["first"] != name:
                raise ModelError(f"{where}: the occupancy '{fields['first']}' is assigned to '{name}'.")
            first = name
        else:
            definitions[name] = Definition(fields["definition"], fields["dim"], fields["meaning"])
        setattr(cls, name, symbol(name))
    rates, roles = dict(base.rates), dict(base.roles)
    for name, value in body.items():
        if name.startswith("_") or name in placeholders:
            continue
        is_expression = isinstance(value, sympy.Basic)
        if name.startswith("d") and name[1:] in known_states:
            rates[name[1:]] = sympy.sympify(value, strict=True)
        elif name in known_roles and (is_expression or isinstance(value, (int, float))):
            roles[name] = sympy.sympify(value, strict=True)
        elif is_expression and isinstance(value, sympy.Expr):
            hint = difflib.get_close_matches(name, [*known_roles, *(f"d{s}" for s in known_states)])
            raise ModelError(
                f"{where}: '{name}' is not the derivative of a state nor something that a "
                f"{where} provides ({', '.join(sorted(known_roles)) or 'nothing'})."
                + (f" Did you mean '{hint[0]}'?" if hint else " Use define(...) to name it.")
            )
    named = {p: symbol(n) for n, p in placeholders.items()}
    for name, value in body.items():
        if isinstance(value, sympy.Expr) and name not in placeholders:
            setattr(cls, name, value.xreplace(named))  # as a reader of help() expects it

    def changes(given: Mapping[Any, Any]) -> dict[str, sympy.Expr]:
        return {named.get(k, k).name: sympy.sympify(x, strict=True) for k, x in given.items()}

    latency, late = body.get("on_late_spike", (base.latency, {}))
    events = base.events + tuple(
        Event(sympy.sympify(e.condition, strict=True), changes(e.changes)) for e in body.get("events", ())
    )
    template = Template(
        parameters,
        known_states,
        rates,
        definitions,
        roles,
        on_spike=_in_order(base.on_spike, changes(body.get("on_spike", {}))),
        on_post_spike=_in_order(base.on_post_spike, changes(body.get("on_post_spike", {}))),
        on_late_spike=_in_order(base.on_late_spike, changes(late)),
        latency=latency,
        events=events,
        reactions=tuple(body.get("reactions", base.reactions)),
        start_at={**base.start_at, **changes(body.get("start_at", {}))},
    )
    template = template.map(lambda e: normalise(sympy.sympify(e, strict=True).xreplace(named)))
    return _with_reactions(template, where, first) if template.reactions else template


def _check_label(label: str, where: str) -> None:
    """A label is a name, and so is what ends in it."""
    if not isinstance(label, str):
        raise ModelError(f"{where}: label= expects text, found {label!r}.")
    check_name(label, where)
    if label == "syn":
        raise ModelError(f"{where}: label='syn' is taken: I_syn is the sum of all currents. Choose another.")
    check_name(f"x_{label}", f"{where}, label='{label}'")


def _in_order(inherited: Mapping[str, sympy.Expr], new: dict[str, sympy.Expr]) -> dict[str, sympy.Expr]:
    """Statements of a class: what it inherits and does not write anew, then its own in their order."""
    return {**{n: e for n, e in inherited.items() if n not in new}, **new}


def _eliminated(template: Template) -> str | None:
    """The occupancy of a scheme that follows from the others."""
    occupied = (x.name for r in template.reactions for x in (r.source, r.target))
    return next((n for n in occupied if n in template.definitions), None)


def _with_reactions(template: Template, where: str, first: str | None) -> Template:
    """Expand a reaction table: rates of all occupancies but the first, which follows from the others."""
    occupied = [x.name for r in template.reactions for x in (r.source, r.target)]
    names = [first, *(n for n in template.states if n in occupied)]
    unknown = [n for n in occupied if n not in names]
    if first is None or unknown:
        raise ModelError(
            f"{where}: the reactions name {', '.join(unknown) or 'states'}, which are not declared by "
            "occupancies('...')."
        )
    if first not in occupied:
        raise ModelError(f"{where}: no reaction names the first occupancy '{first}'.")
    pairs = [frozenset((r.source.name, r.target.name)) for r in template.reactions]
    for pair in pairs:
        if pairs.count(pair) > 1 or len(pair) == 1:
            raise ModelError(
                f"{where}: more than one reaction joins {' and '.join(sorted(pair))}, or one joins a state "
                "to itself; write one line with both rates."
            )
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


class Part:
    """One replaceable part of a synapse; see `brian2_nmda.equations` for those that exist.

    Parameters
    ----------
    label : str, optional
        Ending of the names of its variables, ``x_<label>``.
    **parameters
        New values for its parameters (`Quantity`, `TimedArray`, or the name of a variable that
        you define yourself).

    Raises
    ------
    ModelError
        For an unknown parameter or an impossible value.
    DimensionMismatchError
        For a value or an equation with the wrong dimensions.
    """

    _template: ClassVar[Template] = Template()
    #: Expressions that a part of this kind may provide, with their dimensions.
    _roles: ClassVar[Mapping[str, Dimension]] = {}
    #: Names of the parts that this part contains, with their defaults, and what kind each has to be.
    _children: ClassVar[Mapping[str, Any]] = {}
    _child_kinds: ClassVar[Mapping[str, type]] = {}
    #: Which of them cannot be left out with ``None``.
    _required: ClassVar[frozenset[str]] = frozenset()
    default_label: ClassVar[str] = ""
    #: One line for the list of models.
    summary: ClassVar[str] = ""
    #: Published sets of values, by name; see `preset`.
    presets: ClassVar[Mapping[str, Preset]] = MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._children = {**super(cls, cls)._children, **vars(cls).get("_children", {})}
        cls._template = _collect(cls, cls._template)

    def __init__(self, *, label: str | None = None, **parameters: Any) -> None:
        children = {}
        for name, default in type(self)._children.items():
            child = parameters.pop(name, default)
            children[name] = child() if inspect.isclass(child) else child
        template = type(self)._template
        values = dict(template.parameters)
        for name, value in parameters.items():
            if name not in values:
                raise ModelError(self._unknown(name, [*values, *children]))
            values[name] = values[name].with_value(value, type(self).__name__, name)
        label = type(self).default_label if label is None else label
        if label:
            _check_label(label, type(self).__name__)
        self._fill(replace(template, parameters=values), label, children)

    @classmethod
    def preset(cls, name: str, **parameters: Any) -> Self:
        """The part with a published set of values.

        Parameters
        ----------
        name : str
            A key of `presets`.
        **parameters
            As for the class itself.

        Examples
        --------
        >>> from brian2_nmda.equations import MagnesiumBlock
        >>> MagnesiumBlock.preset('Chindemi 2022').K
        2.5522415 * mmolar
        """
        if name not in cls.presets:
            close = difflib.get_close_matches(name, list(cls.presets))
            raise ModelError(
                f"{cls.__name__} has no preset '{name}'; it has "
                f"{', '.join(repr(n) for n in cls.presets) or 'none'}."
                + (f" Did you mean '{close[0]}'?" if close else "")
            )
        chosen = cls.presets[name]
        part = cls(**{**chosen.values, **parameters})
        values = dict(part.template.parameters)
        for key in chosen.values:
            if key not in parameters:
                values[key] = replace(values[key], source=chosen.source, status=chosen.status)
        part.__dict__.update(template=replace(part.template, parameters=values), preset_name=name)
        return part

    def _fill(self, template: Template, label: str, children: Mapping[str, Any]) -> None:
        for name, child in children.items():
            self._check_child(name, child)
        put = self.__dict__.__setitem__
        put("template", template)
        put("label", label)
        put("children", dict(children))
        for name, value in template.parameters.items():
            put(name, value.value)
        for name, child in children.items():
            put(name, child)
        self._check()

    def _check_child(self, name: str, child: Any) -> None:
        kinds, where = type(self)._child_kinds, type(self).__name__
        kind = kinds.get(name, Part)
        if isinstance(child, kind) or (child is None and name not in type(self)._required):
            return
        fitting = [n for n, k in kinds.items() if isinstance(child, k)]
        raise ModelError(
            f"{where}: {name}= expects a {kind.__name__}, found {child!r}"
            + (f"; write {fitting[0]}={child!r}." if fitting else ".")
        )

    def _unknown(self, name: str, known: list[str]) -> str:
        close = difflib.get_close_matches(name, known)
        return f"{type(self).__name__} has no parameter '{name}'; its parameters are {', '.join(known)}." + (
            f" Did you mean '{close[0]}'?" if close else ""
        )

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(
            f"{type(self).__name__} is frozen; write {type(self).__name__}({name}=...) or "
            f".replace({name}=...), which return a new one."
        )

    def __repr__(self) -> str:
        name = type(self).__name__
        given = []
        if self.label != type(self).default_label:
            given.append(f"label={self.label!r}")
        given += [f"{n}={v.value!r}" for n, v in self.template.parameters.items() if v.status == "user"]
        for n, child in self.children.items():
            default = type(self)._children[n]
            if repr(child) != (f"{default.__name__}()" if inspect.isclass(default) else repr(default)):
                given.append(f"{n}={child!r}")
        chosen = self.__dict__.get("preset_name")
        if chosen is not None:
            return f"{name}.preset({', '.join([repr(chosen), *given])})"
        return f"{name}({', '.join(given)})"

    @property
    def name(self) -> str:
        """Name of the class."""
        return type(self).__name__

    # -- checks ------------------------------------------------------------------------------

    def _expressions(self) -> dict[str, tuple[sympy.Expr, Dimension | None]]:
        """Each expression by the name under which an error shows it, with its dimensions."""
        t = self.template
        out: dict[str, tuple[sympy.Expr, Dimension | None]] = {}
        for name, rate in t.rates.items():
            out[f"d{name}/dt"] = (rate, get_dimensions(Quantity(1, dim=t.states[name].dim) / second))
        for name, definition in t.definitions.items():
            out[name] = (definition.expression, definition.dim)
        for name, role in t.roles.items():
            out[name] = (role, type(self)._roles.get(name))
        for what, jumps in (
            ("a", t.on_spike),
            ("a postsynaptic", t.on_post_spike),
            ("a late", t.on_late_spike),
        ):
            for name, jump in jumps.items():
                if name not in t.states:
                    raise ModelError(f"{self.name}: '{name}' changes at {what} spike, but is no state.")
                out[f"{name} at {what} spike"] = (jump, t.states[name].dim)
        if t.latency is not None:
            out["latency"] = (t.latency, second.dim)
        for r in t.reactions:
            out[f"rate of {r.source} -> {r.target}"] = (r.forward, get_dimensions(1 / second))
            out[f"rate of {r.target} -> {r.source}"] = (r.backward, get_dimensions(1 / second))
        for name, state in t.states.items():
            out[f"initial value of {name}"] = (state.initial, state.dim)
        for number, event in enumerate(t.events, 1):
            out[f"condition of event {number}"] = (event.condition, DIMENSIONLESS)
            for name, change in event.changes.items():
                out[f"{name} at event {number}"] = (change, t.states[name].dim)
        return out

    def _dimensions(self) -> dict[str, Dimension]:
        t = self.template
        dims = {name: i.dim for name, i in INPUTS.items()}
        dims.update({n: d for n, d in type(self)._roles.items() if n in t.roles})
        dims.update({n: p.dim for n, p in t.parameters.items()})
        dims.update({n: s.dim for n, s in t.states.items()})
        dims.update({n: d.dim for n, d in t.definitions.items()})
        return dims

    def _check(self) -> None:
        t, where = self.template, type(self).__name__
        for name in t.states:
            if name not in t.rates:
                table = ", and no line of its reactions names it" if t.reactions else ""
                raise ModelError(f"{where}: the state '{name}' has no equation d{name}{table}.")
        dims = self._dimensions()
        for what, (expression, dim) in self._expressions().items():
            for s in sorted(expression.free_symbols, key=str):
                if s.name in dims or is_external(s.name):
                    continue
                close = difflib.get_close_matches(s.name, sorted(dims))
                raise ModelError(
                    f"{where}: '{s.name}' in the equation of '{what}' is not known; known are "
                    f"{', '.join(sorted(t.names))} and the inputs {', '.join(INPUTS)}. "
                    + (f"Did you mean '{close[0]}'? " if close else "")
                    + f"Give a new parameter as a keyword: {s.name}=<value with unit>."
                )
            if expression == 0:
                continue
            for pulse in expression.atoms(Pulse):
                self._check_pulse(pulse, dims, what)
            if expression.has(Pulse):
                expression = expression.xreplace({p: p.args[0] for p in expression.atoms(Pulse)})
            found = dimensions_of(expression, dims, f"{where}, '{what}'")
            if dim is not None and found is not dim:
                raise DimensionMismatchError(
                    f"{where}: the equation of '{what}' = {expression} has the wrong dimensions. "
                    "Expected and found are",
                    dim,
                    found,
                )

    def _check_pulse(self, pulse: Pulse, dims: Mapping[str, Dimension], what: str) -> None:
        for name, expression, dim in zip(
            ("duration", "condition"), pulse.args[1:], (second.dim, DIMENSIONLESS), strict=False
        ):
            found = DIMENSIONLESS if expression.is_number else dimensions_of(expression, dims, what)
            if found is not dim:
                raise DimensionMismatchError(
                    f"{self.name}: the {name} of the pulse in '{what}' has the wrong dimensions. Expected "
                    "and found are",
                    dim,
                    found,
                )

    # -- customising -------------------------------------------------------------------------

    def replace(self, *equations: str, **changes: Any) -> Self:
        """A new part with some equations, expressions or parameters replaced or added.

        Parameters
        ----------
        *equations : str
            Brian2 equations. ``'dg/dt = ... : 1'`` replaces the equation of a state or adds a
            state, ``'B = ... : 1'`` a named or provided expression.
        **changes
            A `Quantity`, number, `TimedArray` or variable name for a parameter, old or new; a SymPy
            expression (or Brian2 text) for an expression that the part provides or ``d<state>``;
            a part for a part that it contains.

        Examples
        --------
        >>> from brian2 import ms
        >>> from brian2_nmda import BioNMDA
        >>> slow = BioNMDA().replace('dg/dt = alpha1*x*(1 - g)**2 - beta1*g : 1', beta1=0.005/ms)
        >>> slow.beta1
        5. * hertz
        """
        where = type(self).__name__
        t = self.template
        parameters, known = dict(t.parameters), dict(t.states)
        rates, roles, definitions = dict(t.rates), dict(t.roles), dict(t.definitions)
        children = dict(self.children)
        for text in equations:
            for name, eq in parse_equations(text, where).items():
                check_name(name, where)
                if eq.flags:
                    raise ModelError(
                        f"{where}: flags such as {eq.flags} on '{name}' are chosen by the planner; "
                        "leave them out."
                    )
                if eq.type == DIFFERENTIAL_EQUATION:
                    self._not_an_occupancy(name)
                    rates[name] = read(eq.expr.code, where)
                    known.setdefault(name, State(eq.dim, (None, None), sympy.S.Zero))
                    if known[name].dim is not eq.dim:
                        raise DimensionMismatchError(
                            f"{where}: the state '{name}' changes its dimensions", known[name].dim, eq.dim
                        )
                elif eq.type == PARAMETER:
                    raise ModelError(
                        f"{where}: write the parameter '{name}' as a keyword with its value, "
                        f"{name}=<value with unit>."
                    )
                elif name in type(self)._roles:
                    roles[name] = read(eq.expr.code, where)
                else:
                    definitions[name] = Definition(read(eq.expr.code, where), eq.dim)
        for name, value in changes.items():
            if name == "reactions":
                continue
            is_expression = isinstance(value, sympy.Basic)
            text_or_number = isinstance(value, (str, int, float)) and not isinstance(value, Quantity)
            if name in children:
                children[name] = value
            elif name in parameters and not is_expression:
                parameters[name] = parameters[name].with_value(value, where, name)
            elif name in type(self)._roles and (is_expression or text_or_number):
                roles[name] = read(value, where) if isinstance(value, str) else normalise(value)
            elif name in definitions and (is_expression or isinstance(value, str)):
                expression = read(value, where) if isinstance(value, str) else normalise(value)
                definitions[name] = replace(definitions[name], expression=expression)
            elif name.startswith("d") and name[1:] in known and (is_expression or text_or_number):
                self._not_an_occupancy(name[1:])
                rates[name[1:]] = read(value, where) if isinstance(value, str) else normalise(value)
            elif isinstance(value, (int, float, np.number, np.ndarray, TimedArray)):
                check_name(name, where)
                if name in t.names or name in INPUTS:
                    raise ModelError(f"{where}: '{name}' is not a parameter.")
                new = Value(value, get_dimensions(value), "added by the user", "", "user", "real")
                new.check(where, name)
                parameters[name] = new
            else:
                raise ModelError(
                    f"{where}.replace: do not know what to do with {name}={value!r}; the part has "
                    f"{', '.join([*parameters, *roles, *definitions, *(f'd{s}' for s in known)])}."
                )
        used = {
            s.name
            for e in [*rates.values(), *roles.values(), *t.on_spike.values(), *t.on_post_spike.values()]
            + [x for r in changes.get("reactions", ()) for x in map(normalise, (r.forward, r.backward))]
            + [*t.on_late_spike.values(), *(() if t.latency is None else (t.latency,))]
            + [d.expression for d in definitions.values()]
            + [s.initial for s in known.values()]
            for s in e.free_symbols
        }
        unused = [n for n in changes if n in parameters and n not in t.parameters and n not in used]
        if unused:
            raise ModelError(f"{where}.replace: the new parameter '{unused[0]}' is used by no equation.")
        template = replace(
            t, parameters=parameters, states=known, rates=rates, roles=roles, definitions=definitions
        )
        if "reactions" in changes:
            if not t.reactions:
                raise ModelError(f"{where} has no reaction table.")
            table = tuple(r.map(normalise) for r in changes["reactions"])
            template = _with_reactions(replace(template, reactions=table), where, _eliminated(t))
        new = copy.copy(self)
        new._fill(template, self.label, children)
        return new

    def _not_an_occupancy(self, name: str) -> None:
        if any(symbol(name) in (r.source, r.target) for r in self.template.reactions):
            raise ModelError(
                f"{type(self).__name__}: the equation of '{name}' follows from the reaction table; write "
                "replace(reactions=[Reaction(source, target, forward, backward), ...])."
            )

    def relabelled(self, label: str) -> Self:
        """The same part under another label."""
        _check_label(label, type(self).__name__)
        new = copy.copy(self)
        new._fill(self.template, label, self.children)
        return new

    # -- reading -----------------------------------------------------------------------------

    @property
    def parameters(self) -> list[dict[str, Any]]:
        """Rows with ``name``, ``value``, ``meaning``, ``source`` and ``status``.

        A parameter of a contained part that has the name of one of its own is called ``part.name``.
        """
        rows = [
            dict(name=n, value=p.value, meaning=p.meaning, source=p.source, status=p.status)
            for n, p in self.template.parameters.items()
        ]
        own = set(self.template.parameters)
        for name, child in self.children.items():
            for row in child.parameters if child is not None else ():
                rows.append({**row, "name": f"{name}.{row['name']}"} if row["name"] in own else row)
        return rows

    @property
    def own_equations(self) -> dict[str, sympy.Expr]:
        """As `equations`, without those of the parts that it contains, which may use the same names."""
        t = self.template
        out = {f"d{n}/dt": e for n, e in t.rates.items()}
        out.update({n: d.expression for n, d in t.definitions.items()})
        out.update(t.roles)
        return out

    @property
    def equations(self) -> dict[str, sympy.Expr]:
        """Right-hand sides of ``dx/dt`` by the name of the state, then the named expressions."""
        out = self.own_equations
        for child in self.children.values():
            if child is not None:
                out.update(child.equations)
        return out

    def _right_hand_sides(self) -> dict[str, sympy.Expr]:
        """Rates with the definitions inserted."""
        named = {n: d.expression for n, d in self.template.definitions.items()}
        return {n: analysis.insert(e, named) for n, e in self.template.rates.items()}

    def jacobian(self) -> sympy.Matrix:
        """Jacobian of the rates with respect to the states, almost everywhere."""
        return analysis.jacobian(self._right_hand_sides())

    def steady_state(self) -> dict[str, sympy.Expr]:
        """Value of each state at which all rates vanish, for constant inputs."""
        return analysis.steady_state(self._right_hand_sides(), type(self).__name__)

    def solution(self, state: str, **inputs: Any) -> sympy.Expr:
        """Closed-form solution of a state for constant (or given) inputs, as a function of t.

        Parameters
        ----------
        state : str
        **inputs
            Time course of an input in terms of ``t`` (a SymPy expression); otherwise constant.

        Returns
        -------
        sympy.Expr
            In terms of ``t`` and the initial values ``<state>_0``.

        Raises
        ------
        ModelError
            If no closed form is known.
        """
        if state not in self.template.states:
            raise ModelError(f"{type(self).__name__} has no state '{state}'.")
        return analysis.solution(self._right_hand_sides(), state, inputs, type(self).__name__)

    def latex(self) -> str:
        """The equations as a LaTeX ``align*`` environment."""
        return latex.latex(self)

    def _repr_latex_(self) -> str:
        return self.latex()

    def difference(self, other: "Part") -> list[str]:
        """What ``self`` has that ``other`` has not, one line each, for a methods section."""
        lines = []
        mine, theirs = self.equations, other.equations
        for name in [*mine, *(n for n in theirs if n not in mine)]:
            if mine.get(name) != theirs.get(name):
                lines.append(f"{name}: {theirs.get(name, 'absent')} -> {mine.get(name, 'absent')}")
        a = {r["name"]: r["value"] for r in self.parameters}
        b = {r["name"]: r["value"] for r in other.parameters}
        for name in [*a, *(n for n in b if n not in a)]:
            if name not in a or name not in b or not np.array_equal(a[name], b[name]):
                lines.append(f"{name}: {b.get(name, 'absent')} -> {a.get(name, 'absent')}")
        return lines
