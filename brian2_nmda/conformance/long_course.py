"""Where states go if nothing happens for long."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy

from brian2_nmda.conformance.points import Function
from brian2_nmda.symbolic.expressions import symbol


def slopes(rates: Mapping[str, sympy.Expr]) -> dict[str, sympy.Expr]:
    """Derivative of each rate by each state, as ``"rate state"``; that of a step is taken as 0."""
    return {
        f"{a} {b}": sympy.diff(e, symbol(b)).replace(
            lambda x: isinstance(x, sympy.DiracDelta), lambda x: sympy.S.Zero
        )
        for a, e in rates.items()
        for b in rates
    }


def jacobian(rates: Mapping[str, sympy.Expr], point: Mapping[str, Any]) -> np.ndarray:
    """Jacobian matrices of rates at points, one for each point."""
    return _matrix(list(rates), Function(slopes(rates))(point))


def _matrix(names: list[str], found: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.array([[np.atleast_1d(found[f"{a} {b}"]) for b in names] for a in names]).transpose(2, 0, 1)


def relaxed(rates: Mapping[str, sympy.Expr], point: Mapping[str, Any], duration: float) -> dict[str, Any]:
    """The point after ``duration`` (s) of constant inputs, by implicit Euler steps that double.

    A step of length ``h`` leaves ``1/(1 + h/tau)`` of a deviation: slow parts are followed, fast ones settle.

    Parameters
    ----------
    rates : mapping of str to sympy.Expr
        Of the states, without definitions.
    point : mapping of str to array
        What the rates read; arrays of one length, or numbers.
    duration : float
    """
    rates = {n: e for n, e in rates.items() if e != 0}
    names = list(rates)
    n = max(np.size(x) for x in point.values())
    here = {k: np.broadcast_to(np.asarray(x, float), (n,)) for k, x in point.items()}
    if not names:
        return here
    rate, slope = Function(rates), Function(slopes(rates))
    steps = duration / 2.0 ** np.arange(22, 0, -1)
    for h in (*steps, steps[0]):
        before = np.array([here[m] for m in names])
        for _ in range(6):
            now, found = np.array([here[m] for m in names]), rate(here)
            a = np.eye(len(names)) - h * _matrix(names, slope(here))
            off = (now - before - h * np.array([found[m] for m in names])).T
            change = np.linalg.solve(a, off[..., None])[..., 0].T
            here.update(zip(names, now - change, strict=True))
            if np.max(np.abs(change)) <= 1e-9 * np.max(np.abs(now), initial=1e-30):
                break
    return here
