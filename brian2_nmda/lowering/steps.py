"""How each state of a model is advanced in a time step."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import sympy

from brian2_nmda.lowering.coupled import Step, affine_rows
from brian2_nmda.lowering.coupled_code import DEFAULT_TERMS
from brian2_nmda.lowering.integrators import classify, terms_needed
from brian2_nmda.lowering.places import Placed
from brian2_nmda.symbolic.analysis import strongly_connected
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric, symbol
from brian2_nmda.symbolic.system import System

#: Voltages (V) between which the exact series of a voltage-dependent scheme has to be accurate.
VOLTAGES = (-0.09, 0.06)
#: Largest product of the fastest rate and dt for which an exact series is written, and its terms.
MAX_SERIES, MAX_TERMS = 30.0, 90


@dataclass(frozen=True)
class Classified(Placed):
    """The second stage of a plan: how everything is stepped.

    Attributes
    ----------
    steps : mapping of str to Step
        By state.
    outflows : list of sympy.Expr
        Rates at which the states of exact series are left, in parameters, pulses and the voltage.
    terms : int
        Terms of the exact series.
    """

    steps: Mapping[str, Step]
    outflows: list[sympy.Expr]
    terms: int

    @property
    def in_series(self) -> list[str]:
        """States that are stepped by an exact series."""
        return [n for n, s in self.steps.items() if s.kind == "exact series"]


def find_steps(placed: Placed, dt: float) -> Classified:
    """Choose a step for each state of ``placed``; ``dt`` is in seconds."""
    rates = rates_of_coupled(placed)
    steps = _with_hidden_inputs(placed, rates, classify(rates, placed.coupled))
    outflows = _outflows(placed, rates, steps)
    size = _series_size(placed, outflows, placed.system.values(), dt)
    terms = DEFAULT_TERMS if size is None else min(terms_needed(min(size, MAX_SERIES)), MAX_TERMS)
    return Classified(**vars(placed), steps=steps, outflows=outflows, terms=terms)


def rates_of_coupled(placed: Placed) -> dict[str, sympy.Expr]:
    """Rates in which only definitions that move with a state coupled to it are inserted."""
    system = placed.system
    coupled_to = {n: c for c in placed.coupled for n in c}
    return {name: insert_moving(rate, system, coupled_to[name]) for name, rate in system.rates.items()}


def insert_moving(rate: sympy.Expr, system: System, moving: Iterable[str]) -> sympy.Expr:
    """Insert the definitions that contain a state of ``moving``; keep the others by name."""
    moving = set(moving)
    keep = {
        n
        for n, d in system.definitions.items()
        if n in system.held or not {x.name for x in system.inserted(d.expression).free_symbols} & moving
    }
    return system.inserted(rate, keep=keep)


def _with_hidden_inputs(
    placed: Placed, rates: Mapping[str, sympy.Expr], steps: Mapping[str, Step]
) -> dict[str, Step]:
    """Add to ``held`` what a state reads through a named expression, such as g through I_Ca."""
    system, out = placed.system, {}
    for name, rate in rates.items():
        read = {x.name for x in system.inserted(rate, keep=placed.pulses).free_symbols}
        coupled = placed.coupled_to(name)
        others = {*system.states, *system.totals} - set(coupled)
        held = (read & others) | (read & {"v"})
        out[name] = replace(steps[name], held=tuple(sorted(held)))
    return out


def _outflows(placed: Placed, rates: Mapping[str, sympy.Expr], steps: Mapping[str, Step]) -> list[sympy.Expr]:
    found = []
    for names in placed.coupled:
        inside = {n: rates[n] for n in names}
        for group in strongly_connected(inside):
            if steps[group[0]].kind == "exact series":
                drive, flows = affine_rows(inside, group)
                found += [sympy.Add(*drive.values()), *(-flows[n][n] for n in group)]
    return [placed.system.inserted(e, keep=[*placed.pulses, *placed.system.held]) for e in found]


def highest(system: System, height: sympy.Expr, values: Mapping[str, float]) -> float:
    """The height of a pulse; states in it, such as the amount released, at their upper bounds."""
    known = dict(values)
    for x in height.free_symbols:
        if x.name in system.states:
            high = system.states[x.name].within[1]
            known[x.name] = float(numeric(sympy.sympify(high, strict=True), [], values)())
    return float(numeric(height, [], known)())


def series_size(plan: Classified, values: Mapping[str, float], dt: float) -> float | None:
    """Largest product of dt and an outflow among the states that are stepped by an exact series.

    Taken over 0 and the full transmitter, and the voltages of `VOLTAGES`. ``None`` if there is no such
    state, or a rate is not known before the run.
    """
    return _series_size(plan, plan.outflows, values, dt)


def _series_size(
    placed: Placed, outflows: Iterable[sympy.Expr], values: Mapping[str, float], dt: float
) -> float | None:
    largest = None
    for e in outflows:
        pulses = [n for n in placed.pulses if e.has(symbol(n))]
        for v in VOLTAGES:
            for on in (0.0, 1.0):
                try:
                    heights = {n: on * highest(placed.system, placed.pulses[n][0], values) for n in pulses}
                    voltages = dict.fromkeys(["v", *placed.system.held], v)
                    rate = float(numeric(e, [], {**values, **voltages, **heights})())
                except ModelError:
                    return None
                largest = max(largest or 0.0, dt * rate)
    return largest
