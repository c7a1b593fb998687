r"""Rules that follow calcium smoothly, advanced in blocks of time steps.

A smooth follower relaxes, ``y' = r - s*y``, with rates ``s`` and ``r`` that are functions of linear states,
or sums of such functions of one state each. Per step ``y <- y e^{-hs} + h r phi(hs)``,
``phi(x) = (1 - e^{-x})/x``, with the rates at the start of the step.

Where the course of the linear state stays near a place, a polynomial replaces each rate. Its sum over steps
needs the sums of powers of the state only, so it is exact but for the polynomial, whatever the course.
Several steps together are one relaxation with the sums ``S`` of ``hs`` and ``R`` of ``hr``, up to their
order (the terms of Magnus): the first correction,

.. math:: R \to R + \tfrac12 \sum_{l > m} h^2 (s_m r_l - s_l r_m)

is taken with the slopes of the polynomials; what is left is of the order of ``S**2`` times the change of
``r/s`` in these steps.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sympy

from brian2_nmda.symbolic.analysis import linear_in
from brian2_nmda.symbolic.expressions import clip, symbol

#: Largest error of a polynomial for a rate, as a fraction of the rate or of `FLOOR` of its largest value.
TOLERANCE, FLOOR = 1e-6, 1e-3
#: Largest ``S`` of steps that are taken together, and their largest number.
ORDER, TOGETHER = 2e-3, 32
#: Functions that rates may contain: C++ has them, or they are written in those that it has.
_FUNCTIONS = (sympy.exp, sympy.log, sympy.Abs, sympy.Max, sympy.Min, sympy.sin, sympy.cos, sympy.tan,
              sympy.sinh, sympy.cosh, sympy.tanh, sympy.sign)  # fmt: skip


@dataclass(frozen=True)
class Term:
    """What one linear state, whose number is ``state``, adds to the rates ``slope`` and ``rest``."""

    state: int
    slope: sympy.Expr
    rest: sympy.Expr


@dataclass(frozen=True)
class SmoothFollower:
    """``y' = rest - slope*y`` with rates that are sums over terms.

    Attributes
    ----------
    state : str
    terms : tuple of Term
        Of different linear states.
    """

    state: str
    terms: tuple[Term, ...]


def is_affine(rate: sympy.Expr, states: Iterable[str]) -> bool:
    """Whether a rate is linear in states together, with slopes in which none of them is."""
    known = {symbol(n) for n in states}
    return not any(sympy.diff(rate, x).free_symbols & known for x in known & rate.free_symbols)


def smooth_follower(
    rate: sympy.Expr, name: str, linear: list[str], shared: Collection[str]
) -> SmoothFollower | str:
    """The form of a state with a smooth rate; or why there is none."""
    strange = {x.name for x in rate.free_symbols} - {name, *linear} - set(shared)
    if strange:
        return f"'{name}' reads '{sorted(strange)[0]}', which is not calcium"
    parts = linear_in(rate, name)
    if parts is None:
        return f"'{name}' does not relax with known rates"
    slope, rest = (p.replace(lambda e: isinstance(e, clip), _bounded) for p in parts)
    functions = {f for e in (slope, rest) for f in e.atoms(sympy.Function, sympy.Piecewise)}
    unknown = sorted(str(f.func) for f in functions if not isinstance(f, _FUNCTIONS))
    if unknown:
        return f"'{name}' contains '{unknown[0]}'"
    read = [n for n in linear if symbol(n) in slope.free_symbols | rest.free_symbols]
    if len(read) == 1:
        return SmoothFollower(name, (Term(linear.index(read[0]), slope, rest),))
    sums = [_by_state(e, read) for e in (slope, rest)]
    if not read or None in sums:
        return f"the rate of '{name}' is not a sum of functions of one state each"
    return SmoothFollower(name, tuple(Term(linear.index(n), *(s[n] for s in sums)) for n in read))


def _bounded(e: sympy.Expr) -> sympy.Expr:
    """``clip`` in functions that C++ has."""
    value, low, high = e.args
    return sympy.Min(sympy.Max(value, low), high)


def _by_state(rate: sympy.Expr, read: list[str]) -> dict[str, sympy.Expr] | None:
    """The parts of a sum by the state that each reads, constants with the first; ``None`` if one reads two."""
    found = dict.fromkeys(read, sympy.S.Zero)
    for part in sympy.Add.make_args(sympy.expand(rate, power_exp=False, power_base=False)):
        inside = [n for n in read if part.has(symbol(n))]
        if len(inside) > 1:
            return None
        found[inside[0] if inside else read[0]] += part
    return found
