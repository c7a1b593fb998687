"""Values at the start of a run: states that lie far outside their bounds, and what only a binary knows.

A binary of C++ standalone may be given other numbers (`run_args`), or draw its weights itself; it checks them
when the run begins, and stops.
"""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy
from brian2.units.fundamentalunits import Quantity

from brian2_nmda.brian.internals import apply_arguments, known_value, stop_in_binary
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric
from brian2_nmda.symbolic.parameter import Parameter

#: A state may lie outside its bounds by this part of their distance, or of the largest value: numerical steps
#: are not refused, wrong units and signs are.
_SLACK = 0.05

#: Compilers may take a number nearer to zero for zero.
_LARGEST, _SMALLEST = sys.float_info.max, sys.float_info.min


def check_states(system: Any, variables: Mapping[str, Any], values: Mapping[str, float], where: str) -> None:
    """Refuse states that are far outside the bounds that the model states.

    Parameters
    ----------
    system : System
    variables : dict of str to Variable
        Of the synapses.
    values : dict of str to float
        Parameters that are one number at the start of the run.
    where : str
        Says in a message whose states these are.

    Raises
    ------
    ModelError
        If a state is not finite, or outside its bounds by more than rounding and time steps explain.
    """
    for name, state in system.states.items():
        found = known_value(variables.get(name))
        if found is None or not np.size(found):
            continue
        low, high = _bounds(state, values)
        ends = np.array([np.min(found), np.max(found)], float)
        slack = _SLACK * (high - low if np.isfinite(high - low) else np.max(np.abs(ends)))
        wrong = [x for x in ends if not (np.isfinite(x) and low - slack <= x <= high + slack)]
        if wrong:
            expected = " and ".join(
                f"{word} {Quantity(b, dim=state.dim)!r}"
                for word, b in (("at least", low), ("at most", high))
                if np.isfinite(b)
            )
            what = f"'{name}' ({state.meaning or 'a state'})"
            raise ModelError(
                f"{where}: {what} is {Quantity(wrong[0], dim=state.dim)!r} at the start of the run; expected "
                f"{expected or 'a finite number'}."
            )


def _bounds(state: Any, values: Mapping[str, float]) -> tuple[float, float]:
    """Bounds of a state as numbers.

    A state may start outside of bounds that are parameters, such as the least number of receptors: it will
    approach them. Then its sign is what is held to.
    """
    low, high = state.within
    if low is None:
        low = -np.inf
    elif _reads_parameters(low):
        try:
            low = 0.0 if numeric(low, [], values)() >= 0 else -np.inf
        except ModelError:  # it differs between synapses
            low = -np.inf
    fixed = high is not None and not _reads_parameters(high)
    return float(low), float(high) if fixed else np.inf


def _reads_parameters(bound: Any) -> bool:
    return isinstance(bound, sympy.Expr) and bool(bound.free_symbols)


def check_in_binary(parameters: Mapping[str, tuple[Parameter, Any]], weights: Any, where: str) -> None:
    """Let a binary stop if numbers that it is given, or draws, are wrong.

    Parameters
    ----------
    parameters : dict of str to tuple
        A parameter and the variable that holds its value.
    weights : Variable
        The weights `S.w`.
    where : str
    """
    apply_arguments()
    stop_in_binary(weights, 0.0, _LARGEST, f"ModelError: {where}: the weights S.w may not be negative", "")
    for name, (p, variable) in parameters.items():
        low, high = np.clip(p.allowed, -_LARGEST, _LARGEST).tolist()
        low = max(low, _SMALLEST) if low > 0 else low
        message = f"ModelError: {where}: '{name}' has to be {'finite' if p.sign == 'real' else p.required}"
        stop_in_binary(variable, low, high, message, "" if p.dim.is_dimensionless else "(SI)")
