r"""How a system of equations is stepped, derived from its symbolic form.

Each state is advanced by the best step that its equation allows, together with the states that it is
*coupled* to (those of one part of a model). Everything else is held over the step.

``exact``
    ``y' = B - A y`` with ``A`` and ``B`` held: the exponential step, also where ``A`` is 0. ``B`` may
    contain states of that kind, once (a two-exponential conductance): exact also where both time
    constants are equal.
``integrating factor``
    ``y' = B(s) - A(s) y`` where ``A`` is affine in states with an exact step. The integral of ``A``
    is then known in closed form and

    .. math:: y(h) = r + e^{-a(h)} (y_0 - r) + \int_0^h (B - r A)(s)\, e^{a(s) - a(h)}\,ds

    is computed with two Gauss points: order 4. The shift ``r`` is chosen so that what is left
    under the integral does not contain the fast states (``r = 1`` for a saturating receptor).
``exact series``
    Coupled states with ``y' = A y + b`` and ``A``, ``b`` held, such as the occupancies of a Markov scheme.
    With ``a`` at least ``h`` times the largest outflow,

    .. math:: e^{hA} = e^{-a} \sum_k \frac{(a + hA)^k}{k!}

    is a sum of positive terms (uniformisation): truncated and normalised it still keeps occupancies
    non-negative and their sum. The number of terms follows from ``a``; see `terms_needed`.
``rk4``
    Everything else, classical Runge-Kutta with upstream states at the stage times.

White noise (``xi``) is added after the step, with the amplitude at the start of the step or, where it
depends on states with a known course, the root mean square over the step by Simpson's rule.
"""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import sympy

from brian2_nmda.lowering.coupled import CoupledStates, Step
from brian2_nmda.lowering.coupled_code import DEFAULT_TERMS, CoupledCode, exact
from brian2_nmda.lowering.statements import Assign, Brian2Printer
from brian2_nmda.symbolic.analysis import linear_in, strongly_connected
from brian2_nmda.symbolic.expressions import symbol


def classify(rates: Mapping[str, sympy.Expr], coupled: Iterable[Iterable[str]]) -> dict[str, Step]:
    """The step of each state; see the module's documentation."""
    out: dict[str, Step] = {}
    for names in coupled:
        out.update(CoupledStates(rates, names).steps)
    return {n: out[n] for n in rates}


def update_code(
    rates: Mapping[str, sympy.Expr],
    coupled: Iterable[Iterable[str]],
    terms: int = DEFAULT_TERMS,
    scalars: Collection[str] = (),
) -> str:
    """`update` as Brian2 statements."""
    return Brian2Printer().text(update(rates, coupled, terms, scalars))


def update(
    rates: Mapping[str, sympy.Expr],
    coupled: Iterable[Iterable[str]],
    terms: int = DEFAULT_TERMS,
    scalars: Collection[str] = (),
) -> list[Assign]:
    """Statements that advance all states by ``dt``, from their old values.

    ``scalars`` have one value for the whole group: what depends on them alone costs nothing.
    """
    statements: list[Assign] = []
    moving: list[str] = []
    for names in coupled:
        states = CoupledStates(rates, names)
        statements += CoupledCode(states, terms, scalars).statements()
        moving += states.moving
    return statements + [Assign(n, symbol(f"_new_{n}")) for n in moving]


def exponential_euler_code(rates: Mapping[str, sympy.Expr], staggered: bool) -> str:
    """`exponential_euler` as Brian2 statements."""
    return Brian2Printer().text(exponential_euler(rates, staggered))


def exponential_euler(rates: Mapping[str, sympy.Expr], staggered: bool) -> list[Assign]:
    """Exponential Euler as in BrainPy, regular also where a rate vanishes.

    With ``staggered`` each state uses the *new* values of the states it depends on
    (``brainpy.state``), otherwise all use the old values (``brainpy.dyn``).

    Raises
    ------
    ValueError
        If a rate is not linear in its own state, or (staggered) the states are coupled in a circle.
    """
    order = [n for group in strongly_connected(rates) for n in group]
    if staggered and any(len(group) > 1 for group in strongly_connected(rates)):
        raise ValueError("staggered stepping needs states that can be put in an order")
    statements, new = [], {}
    for name in order:
        parts = linear_in(rates[name], name)
        if parts is None:
            raise ValueError(f"the equation of '{name}' is not linear in '{name}'")
        slope, rest = (p.xreplace(new) if staggered else p for p in parts)
        y = symbol(name)
        statements.append(Assign(f"_new_{name}", exact(slope, rest, y, symbol("dt"))))
        new[y] = symbol(f"_new_{name}")
    return statements + [Assign(n, symbol(f"_new_{n}")) for n in order]


def terms_needed(a: float, tail: float = 1e-14) -> int:
    """Terms of an exact series after which the rest is a fraction ``tail`` of the whole, for size ``a``."""
    term = total = np.exp(-a)
    k = 0
    while total < 0.5 or term > tail or k < a:
        k += 1
        term *= a / k
        total += term
    return max(k, 4)
