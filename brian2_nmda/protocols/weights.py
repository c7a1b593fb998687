"""What stands for the weight of a synapse: a state of its rule, or what the rule states of its states."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import sympy

from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric, symbol


@dataclass(frozen=True)
class Weight:
    """A weight and the states it is read from.

    A `RelativeInsertion` states its receptors as ``n = r*n_0``: such a definition cannot be recorded by
    Brian2, so its states are, and the weight is computed from them.

    Parameters
    ----------
    model : GlutamateSynapse
    name : str
        A state, or a definition that reads nothing but states.

    Raises
    ------
    ModelError
        If it is neither.
    """

    model: GlutamateSynapse
    name: str

    def __post_init__(self) -> None:
        system = self.model.system
        if self.name in system.states:
            return
        if self.name not in system.definitions or not self._read() <= set(system.states):
            raise ModelError(
                f"weight='{self.name}' is no state of the model, and no definition that reads states alone; "
                f"those are {', '.join([*system.states, *_readable(self.model)])}."
            )

    @property
    def expression(self) -> sympy.Expr:
        """The weight in terms of states."""
        return self.model.system.inserted(symbol(self.name))

    def _read(self) -> set[str]:
        return {s.name for s in self.expression.free_symbols}

    @property
    def states(self) -> list[str]:
        """What has to be recorded."""
        return sorted(self._read())

    @property
    def rate(self) -> sympy.Expr:
        """Its rate of change between spikes."""
        system, weight = self.model.system, self.expression
        rates = {s: system.inserted(system.rates[s]) for s in self.states if s in system.rates}
        terms = (weight.diff(symbol(s)) * rate for s, rate in rates.items())
        return sum(terms, sympy.Integer(0))

    @property
    def bound(self) -> float:
        """The largest value that the bounds of its states allow, in base units; infinite if none has one.

        States without an upper bound have their initial value, as the ``n_0`` of a `RelativeInsertion`.
        """
        system, bounded = self.model.system, False
        highest: dict[str, float] = {}
        for name in self.states:
            state = system.states[name]
            upper = state.within[1]
            bounded |= upper is not None
            value = sympy.sympify(state.initial if upper is None else upper, strict=True)
            highest[name] = float(numeric(value, [], system.values())())
        read = numeric(self.expression, self.states, system.values())
        return float(read(*highest.values())) if bounded else np.inf

    def values(self, recorded: Mapping[str, np.ndarray]) -> np.ndarray:
        """The weight, from recordings of its states in base units."""
        names = self.states
        read = numeric(self.expression, names, self.model.system.values())
        return np.array(read(*(np.asarray(recorded[n]) for n in names)))


def weight_of(model: GlutamateSynapse) -> str | None:
    """What stands for the weight of the first rule of plasticity; None if there is no rule."""
    for rule in model.plasticity:
        owner = f"{type(rule).__name__} ({rule.label})"
        counted = [n for n in _readable(model) if model.system.owner.get(n) == owner]
        if counted:
            return counted[0]
        own = [n for n in model.system.states if model.system.owner[n] == owner]
        named = [n for n in own if n.startswith(("n_", "W_", "w_", "rho_", "h_"))]
        if own:
            return (named or own)[-1 if not named else 0]
    return None


def _readable(model: GlutamateSynapse) -> list[str]:
    """Numbers of receptors that are defined by states alone."""
    system = model.system
    return [
        n
        for n in system.definitions
        if n.startswith("n_")
        and {s.name for s in system.inserted(symbol(n)).free_symbols} <= set(system.states)
    ]
