"""What every export to another simulator needs of a model: pulses as flags, values in its units, starts."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import sympy
from brian2.units.fundamentalunits import Dimension

from brian2_nmda.export import nmodl_start
from brian2_nmda.lowering.statements import Assign, Statement, When
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric, symbol
from brian2_nmda.symbolic.ports import INPUTS
from brian2_nmda.symbolic.system import System
from brian2_nmda.symbolic.template import Pulse

#: A value in base SI units and its dimensions, in the simulator's units.
InUnits = Callable[[float, Dimension], float]


def with_flags(system: System) -> tuple[dict[str, tuple[sympy.Basic, ...]], System]:
    """Each pulse becomes a flag that is 1 while it lasts: the arguments of the pulses, and the new system."""
    pulses = sorted({p for _, e in system.expressions() for p in e.atoms(Pulse)}, key=str)
    flags = {p: p.args[0] * symbol(f"on_{k}") for k, p in enumerate(pulses, 1)}
    flat = replace(system)
    flat.rewrite(lambda e: e.xreplace(flags))
    return {f"on_{k}": p.args for k, p in enumerate(pulses, 1)}, flat


def in_order(system: System) -> list[str]:
    """Definitions, each after those that it reads."""
    ordered: list[str] = []
    waiting = dict(system.definitions)
    while waiting:
        for n, d in list(waiting.items()):
            if not {x.name for x in d.expression.free_symbols} & set(waiting):
                ordered.append(n)
                del waiting[n]
    return ordered


def parameters(system: System, in_units: InUnits) -> dict[str, tuple[float, Dimension, str]]:
    """Value in the simulator's units, dimensions and provenance of each parameter."""
    return {
        n: (
            in_units(p.base(), p.dim),
            p.dim,
            "; ".join(x for x in (p.meaning, p.source, p.status) if x),
        )
        for n, p in system.parameters.items()
    }


def starts(
    model: Any, in_units: InUnits, found: dict[str, tuple[float, Dimension, str]], function: str
) -> tuple[list[Statement], list[str]]:
    """Statements that derive all values at the start from parameters, and the local variables they take.

    The conductance from which a rule of plasticity starts becomes a parameter of its own in ``found``.

    Raises
    ------
    ModelError
        If a value at the start holds a number with a unit, which would differ in the simulator's units.
    """
    system = model.system
    lines, local = nmodl_start.statements(system)
    named = {}
    dim = INPUTS["g_initial"].dim
    for label in sorted({p.target for p in model.plasticity}):
        receptor = next(r for r in model.receptors if r.label == label)
        gmax = receptor.template.parameters["gmax"]
        used = sympy.Float(gmax.base(), 17)
        if any(state.initial.has(used) for state in system.states.values()):
            named[used] = symbol(f"g_initial_{label}")
            meaning = "conductance at the start; " + gmax.meaning
            found[f"g_initial_{label}"] = (in_units(gmax.base(), dim), dim, meaning)
    lines = [x if isinstance(x, When) else Assign(x.name, x.value.xreplace(named)) for x in lines]
    _check(system, lines, in_units, {n: value for n, (value, _, _) in found.items()}, function)
    return lines, local


def _check(
    system: System, lines: Iterable[Statement], in_units: InUnits, values: dict[str, float], function: str
) -> None:
    """The statements give, in the simulator's units, what Brian2 starts from."""
    for line in lines:
        if isinstance(line, When) and not _holds(line, values):
            continue
        for x in line.statements if isinstance(line, When) else (line,):
            values[x.name] = float(numeric(x.value, [], values)())
    for n, start in system.initial.items():
        expected = in_units(start, system.states[n].dim)
        if abs(values[n] - expected) > 1e-9 * abs(expected) + 1e-300:
            raise ModelError(
                f"{function}: '{n}' starts at {expected:g} in the exported units, but its equation gives "
                f"{values[n]:g}; it holds a number with a unit. Make that a Parameter."
            )


def _holds(line: When, values: dict[str, float]) -> bool:
    return bool(numeric(line.condition.gts - line.condition.lts, [], values)() > 0)
