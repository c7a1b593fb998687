"""Changing a template by what `Part.replace` is given: one editor for each kind of field."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sympy
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER
from brian2.input.timedarray import TimedArray
from brian2.units.fundamentalunits import Dimension, DimensionMismatchError, Quantity, get_dimensions
from sympy.core.function import AppliedUndef

from brian2_nmda.symbolic.collecting import eliminated, with_exchanges, with_table
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import check_name, normalise, parse_equations, read, symbol
from brian2_nmda.symbolic.parameter import Value
from brian2_nmda.symbolic.ports import INPUTS, Gift, Total
from brian2_nmda.symbolic.template import (
    Definition,
    Later,
    On,
    Pulse,
    State,
    Template,
    postsynaptic,
    presynaptic,
)


def edited(
    template: Template,
    children: Mapping[str, Any],
    roles: Mapping[str, Dimension],
    where: str,
    equations: tuple[str, ...],
    changes: Mapping[str, Any],
) -> tuple[Template, dict[str, Any]]:
    """A template and contained parts with changes; see `Part.replace`."""
    editor = _Editor(template, dict(children), roles, where)
    return editor.apply(equations, dict(changes)), editor.children


#: Fields of an event, and the trigger of each.
_AT_SPIKES = {"on_spike": presynaptic, "on_post_spike": postsynaptic}


@dataclass
class _Editor:
    """The fields of a template while it is being changed."""

    template: Template
    children: dict[str, Any]
    role_dims: Mapping[str, Dimension]
    where: str
    parameters: dict[str, Value] = field(init=False)
    states: dict[str, State] = field(init=False)
    rates: dict[str, sympy.Expr] = field(init=False)
    roles: dict[str, sympy.Expr] = field(init=False)
    definitions: dict[str, Definition] = field(init=False)
    gives: dict[str, Gift] = field(init=False)
    on: tuple[On, ...] = field(init=False)

    def __post_init__(self) -> None:
        t = self.template
        self.parameters, self.states, self.rates = dict(t.parameters), dict(t.states), dict(t.rates)
        self.roles, self.definitions, self.on = dict(t.roles), dict(t.definitions), t.on
        self.gives = dict(t.gives)

    def apply(self, equations: tuple[str, ...], changes: dict[str, Any]) -> Template:
        """Carry out all changes."""
        for text in equations:
            for name, eq in parse_equations(text, self.where).items():
                self._equation(name, eq)
        added: list[str] = []
        table = changes.pop("reactions", None)
        self._starts(changes.pop("initial", {}), changes.pop("within", {}))
        for name, value in changes.items():
            editor = next((e for e in self._editors() if e(name, value)), None)
            if editor is None and not self._new_parameter(name, value, added):
                raise ModelError(
                    f"{self.where}.replace: do not know what to do with {name}={value!r}; the part has "
                    f"{', '.join([*self.parameters, *self.roles, *self.definitions, *self.gives])}, "
                    f"{', '.join(f'd{s}' for s in self.states)}, {', '.join(_AT_SPIKES)}, on_late_spike, "
                    "latency, events, reactions, initial and within."
                )
        template = replace(
            self.template,
            parameters=self.parameters,
            states=self.states,
            rates=self.rates,
            roles=self.roles,
            definitions=self.definitions,
            gives=self.gives,
            on=self.on,
        )
        if table is not None:
            if not (template.reactions or template.exchanges):
                raise ModelError(f"{self.where} has no reaction table.")
            template = with_table(template, table, {}, self.where, eliminated(self.template))
        elif template.exchanges:
            template = with_exchanges(template, self.where)
        used = {s.name for e in template.expressions() for s in e.free_symbols}
        for name in added:
            if name not in used:
                raise ModelError(f"{self.where}.replace: the new parameter '{name}' is used by no equation.")
        return template

    def _editors(self) -> list[Any]:
        """What may know a keyword, in the order in which they are asked."""
        return [
            self._child,
            self._parameter,
            self._role,
            self._definition,
            self._gift,
            self._rate,
            self._event,
        ]

    def _equation(self, name: str, eq: Any) -> None:
        """One line of Brian2 equations."""
        where = self.where
        check_name(name, where)
        if eq.flags:
            raise ModelError(
                f"{where}: flags such as {eq.flags} on '{name}' are chosen by the planner; leave them out."
            )
        if eq.type == DIFFERENTIAL_EQUATION:
            self._not_derived(name)
            if name in self.parameters or name in self.definitions:
                raise ModelError(f"{where}: '{name}' is no state; give the new state another name.")
            self.rates[name] = _read(eq.expr.code, where)
            self.states.setdefault(name, State(eq.dim, (None, None), sympy.S.Zero))
            if self.states[name].dim is not eq.dim:
                raise DimensionMismatchError(
                    f"{where}: the state '{name}' changes its dimensions", self.states[name].dim, eq.dim
                )
        elif eq.type == PARAMETER:
            raise ModelError(
                f"{where}: write the parameter '{name}' as a keyword with its value, "
                f"{name}=<value with unit>."
            )
        elif name in self.role_dims:
            self.roles[name] = _read(eq.expr.code, where)
        elif name in self.gives:
            self._gift(name, eq.expr.code)
            if eq.dim is not self.gives[name].dim:
                raise DimensionMismatchError(
                    f"{where}: what it gives as '{name}' changes its dimensions",
                    self.gives[name].dim,
                    eq.dim,
                )
        else:
            self.definitions[name] = Definition(_read(eq.expr.code, where), eq.dim)

    def _expression(self, value: Any) -> sympy.Expr:
        return _read(value, self.where) if isinstance(value, str) else normalise(value)

    @staticmethod
    def _is_expression(value: Any, numbers: bool = True) -> bool:
        kinds = (sympy.Basic, str, int, float) if numbers else (sympy.Basic, str)
        return isinstance(value, kinds) and not isinstance(value, (Quantity, bool))

    def _child(self, name: str, value: Any) -> bool:
        if name in self.children:
            self.children[name] = value
        return name in self.children

    def _parameter(self, name: str, value: Any) -> bool:
        if name not in self.parameters or isinstance(value, sympy.Basic):
            return False
        self.parameters[name] = self.parameters[name].with_value(value, self.where, name)
        return True

    def _role(self, name: str, value: Any) -> bool:
        if name not in self.role_dims or not self._is_expression(value):
            return False
        self.roles[name] = self._expression(value)
        return True

    def _definition(self, name: str, value: Any) -> bool:
        if name not in self.definitions or not self._is_expression(value, numbers=False):
            return False
        self.definitions[name] = replace(self.definitions[name], expression=self._expression(value))
        return True

    def _gift(self, name: str, value: Any) -> bool:
        if name not in self.gives or not self._is_expression(value):
            return False
        self.gives[name] = replace(self.gives[name], expression=self._expression(value))
        return True

    def _rate(self, name: str, value: Any) -> bool:
        if not (name.startswith("d") and name[1:] in self.states and self._is_expression(value)):
            return False
        self._not_derived(name[1:])
        self.rates[name[1:]] = self._expression(value)
        return True

    def _event(self, name: str, value: Any) -> bool:
        """Jumps at spikes, a latency, events: what is written replaces what the part has."""
        others = [on for on in self.on if on.trigger != _AT_SPIKES.get(name)]
        if name in _AT_SPIKES:
            before = next((dict(on.changes) for on in self.on if on.trigger == _AT_SPIKES[name]), {})
            changes = {**before, **self._jumps(value, name)}
            self.on = (*others, On(_AT_SPIKES[name], changes))
        elif name == "latency":
            self._only_later(name)
            later = Later(self._expression(value))
            self.on = tuple(On(later, on.changes) if on in self.template.later else on for on in self.on)
        elif name == "on_late_spike":
            later, others = (
                self._only_later(name),
                [on for on in self.on if not isinstance(on.trigger, Later)],
            )
            latency = later.trigger
            if isinstance(value, tuple):
                latency, value = Later(self._expression(value[0])), value[1]
            changes = {**later.changes, **self._jumps(value, name)}
            self.on = (*others, On(latency, changes))
        elif name == "events":
            others = [on for on in self.on if not on.is_condition]
            new = (On(self._expression(e.trigger), self._jumps(e.changes, name)) for e in value)
            self.on = (*others, *new)
        else:
            return False
        return True

    def _only_later(self, name: str) -> On:
        """The one event of the part that happens later than a spike."""
        found = [on for on in self.on if isinstance(on.trigger, Later)]
        if len(found) != 1:
            raise ModelError(
                f"{self.where}.replace({name}=...): the part has {len(found)} events later than a "
                "presynaptic spike, expected one."
            )
        return found[0]

    def _jumps(self, given: Any, name: str) -> dict[str, sympy.Expr]:
        if not isinstance(given, Mapping):
            raise ModelError(
                f"{self.where}.replace({name}=...): expected a mapping of states to new values, e.g. "
                f"{name}={{'x': 'x + 1'}}, found {given!r}."
            )
        names = {getattr(n, "name", n): e for n, e in given.items()}
        for n in names:
            if n not in self.states:
                raise ModelError(
                    f"{self.where}.replace({name}=...): '{n}' is no state; the states are "
                    f"{', '.join(self.states) or 'none'}."
                )
        return {n: self._expression(e) for n, e in names.items()}

    def _starts(self, initial: Mapping[str, Any], within: Mapping[str, Any]) -> None:
        """Values at the start, and bounds."""
        for what, given in (("initial", initial), ("within", within)):
            if not isinstance(given, Mapping):
                raise ModelError(f"{self.where}.replace: {what}= expects a mapping such as {{'x': ...}}.")
            for name in given:
                if name not in self.states:
                    raise ModelError(
                        f"{self.where}.replace({what}=...): '{name}' is no state; the states are "
                        f"{', '.join(self.states)}."
                    )
        for name, value in initial.items():
            self.states[name] = replace(self.states[name], initial=self._start(value, name))
        for name, (low, high) in within.items():
            bounds = tuple(None if b is None else self._start(b, name) for b in (low, high))
            self.states[name] = replace(self.states[name], within=bounds)

    def _start(self, value: Any, name: str) -> sympy.Expr:
        """A value of a state: an expression, or a number that may have units."""
        if isinstance(value, (sympy.Basic, str)):
            return self._expression(value)
        if get_dimensions(value) is not self.states[name].dim and float(np.asarray(value)) != 0:
            raise DimensionMismatchError(
                f"{self.where}: a value of the state '{name}'", self.states[name].dim, get_dimensions(value)
            )
        return sympy.Float(float(np.asarray(value)), 17)

    def _new_parameter(self, name: str, value: Any, added: list[str]) -> bool:
        if not isinstance(value, (int, float, np.number, np.ndarray, TimedArray)):
            return False
        check_name(name, self.where)
        taken = {*self.parameters, *self.states, *self.definitions, *self.template.needs, *INPUTS}
        if name in taken:
            hint = f"; its value at the start is initial={{'{name}': ...}}" if name in self.states else ""
            raise ModelError(f"{self.where}: '{name}' is not a parameter{hint}.")
        new = Value(value, get_dimensions(value), "added by the user", "", "user", "real")
        new.check(self.where, name)
        self.parameters[name] = new
        added.append(name)
        return True

    def _not_derived(self, name: str) -> None:
        t = self.template
        if any(symbol(name) in (*r.states, r.partner) for r in (*t.reactions, *t.exchanges)):
            raise ModelError(
                f"{self.where}: the equation of '{name}' follows from the reaction table; write "
                "replace(reactions=[Reaction(source, target, forward, backward), ...])."
            )


def _read(text: str, where: str) -> sympy.Expr:
    """Text as the library prints it, pulses of transmitter and sums over synapses included."""
    known = {"Pulse": Pulse, "Total": Total}
    return read(text, where).replace(
        lambda e: isinstance(e, AppliedUndef) and e.func.__name__ in known,
        lambda e: known[e.func.__name__](*e.args),
    )
