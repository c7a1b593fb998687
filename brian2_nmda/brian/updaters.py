"""The integrators of `brian2_nmda.lowering.integrators` as Brian2 state updaters.

Registered are ``integrating_factor`` (the default of this package), ``brainpy_state`` and
``brainpy_dyn``. They can be given as ``method=`` to any Brian2 group.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import sympy
from brian2.equations.equations import DIFFERENTIAL_EQUATION, SUBEXPRESSION, Equations
from brian2.stateupdaters.base import (
    StateUpdateMethod,
    UnsupportedEquationsException,
    extract_method_options,
)

from brian2_nmda.brian.internals import state_updaters
from brian2_nmda.lowering.integrators import DEFAULT_TERMS, exponential_euler_code, update_code
from brian2_nmda.symbolic.analysis import insert
from brian2_nmda.symbolic.expressions import int_of, parse


def _system(
    equations: Equations, coupled: Iterable[Iterable[str]] | None, scalars: Iterable[str] = ()
) -> tuple[dict[str, sympy.Expr], list[list[str]]]:
    """Rates and coupled states; expressions that move with these are inserted, others kept by name.

    So are those that only switch between values which are known before the loop, such as a pulse.
    """
    rates, named = {}, {}
    for name, eq in equations.items():
        if eq.type == DIFFERENTIAL_EQUATION:
            rates[name] = parse(eq.expr.code)
        elif eq.type == SUBEXPRESSION:
            named[name] = parse(eq.expr.code)
    if coupled is None:
        chosen = [list(rates)]
    else:
        chosen = [[n for n in names if n in rates] for names in coupled]
        chosen = [names for names in chosen if names]
        placed = {n for names in chosen for n in names}
        chosen += [[n] for n in rates if n not in placed]
    full = {n: insert(e, named) for n, e in named.items()}
    known = set(scalars)
    switched = {n for n, e in named.items() if e.has(int_of) and _outside_flags(e) <= known}
    out = {}
    for names in chosen:
        moving = {
            n: named[n] for n in named if n in switched or {s.name for s in full[n].free_symbols} & set(names)
        }
        out.update({n: insert(rates[n], moving) for n in names})
    return {n: out[n] for n in rates}, chosen


def _outside_flags(expression: sympy.Expr) -> set[str]:
    """Names in an expression, but for those in ``int(condition)``."""
    without = expression.replace(int_of, lambda _: sympy.S.One)
    return {s.name for s in without.free_symbols}


class IntegratingFactor(StateUpdateMethod):
    """Exact steps and integrating factors, chosen from the form of each equation.

    Parameters
    ----------
    coupled : list of list of str, optional
        States that are integrated together; others are held over the step. By default all states of
        the group are.
    terms : int
        Terms of an exact series.

    See Also
    --------
    brian2_nmda.lowering.integrators : the schemes and their orders
    """

    __name__ = "integrating_factor"

    def __init__(self, coupled: Iterable[Iterable[str]] | None = None, terms: int = DEFAULT_TERMS) -> None:
        self.coupled = None if coupled is None else tuple(tuple(names) for names in coupled)
        self.terms = terms

    def __call__(
        self,
        equations: Equations,
        variables: Mapping[str, Any] | None = None,
        method_options: Mapping[str, Any] | None = None,
    ) -> str:
        """Abstract code of one step."""
        extract_method_options(method_options, {})
        scalars = [n for n, x in (variables or {}).items() if getattr(x, "scalar", False)]
        rates, coupled = _system(equations, self.coupled, scalars)
        return update_code(rates, coupled, self.terms, scalars)


class BrainPyExponentialEuler(StateUpdateMethod):
    """Exponential Euler in one of the two update orders of BrainPy.

    Parameters
    ----------
    staggered : bool
        Each state uses the new values of the states it depends on (``brainpy.state``) instead of the
        old ones (``brainpy.dyn``).
    """

    def __init__(self, staggered: bool) -> None:
        self.staggered = staggered
        self.__name__ = "brainpy_state" if staggered else "brainpy_dyn"

    def __call__(
        self,
        equations: Equations,
        variables: Mapping[str, Any] | None = None,
        method_options: Mapping[str, Any] | None = None,
    ) -> str:
        """Abstract code of one step."""
        _refuse_options_and_noise(equations, method_options)
        rates, _ = _system(equations, None)
        try:
            return exponential_euler_code(rates, self.staggered)
        except ValueError as error:
            raise UnsupportedEquationsException(f"{self.__name__}: {error}.") from error


def _refuse_options_and_noise(equations: Equations, method_options: Mapping[str, Any] | None) -> None:
    extract_method_options(method_options, {})
    if equations.is_stochastic:
        raise UnsupportedEquationsException("This state updater does not integrate stochastic equations.")


integrating_factor = IntegratingFactor()
brainpy_state = BrainPyExponentialEuler(staggered=True)
brainpy_dyn = BrainPyExponentialEuler(staggered=False)


def register() -> None:
    """Register the state updaters with Brian2, once."""
    for updater in (integrating_factor, brainpy_state, brainpy_dyn):
        if updater.__name__ not in state_updaters():
            StateUpdateMethod.register(updater.__name__, updater)
