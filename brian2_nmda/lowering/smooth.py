r"""Rules that follow calcium smoothly, advanced in blocks of time steps.

A smooth follower relaxes, ``y' = r - s*y``, with rates ``s`` and ``r`` that are functions of a linear state
or of another smooth follower, or sums of such functions of one state each. Per step
``y <- y e^{-hs} + h r phi(hs)``, ``phi(x) = (1 - e^{-x})/x``, with the rates at the start of the step.

Where the course of a state stays near a place, a polynomial replaces each rate. Its sum over steps needs the
sums of powers of the state only. Those of a linear state are taken at each step, so that nothing is assumed
of its course. Those of a follower follow from its mean and from how far it goes, which is little.

Several steps together are one relaxation with the sums ``S`` of ``hs`` and ``R`` of ``hr``, up to their
order (the terms of Magnus): the first correction,

.. math:: R \to R + C, \quad C = \tfrac12 \sum_{l > m} h^2 (s_m r_l - s_l r_m)

is taken with the slopes of the polynomials. The next ones are of the size of ``S C``. Where that is not small
or a course leaves its polynomial, the steps of a synapse are repeated one by one.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import sympy

from brian2_nmda.symbolic.analysis import linear_in
from brian2_nmda.symbolic.expressions import clip, symbol

#: Largest error of a polynomial for a rate, as a fraction of the rate or of `FLOOR` of its largest value.
TOLERANCE, FLOOR = 1e-6, 1e-3
#: Largest ``S`` of steps that are taken together, their largest number, and the largest ``S C`` as a fraction
#: of the terms of the relaxation.
SUM, TOGETHER, ORDER = 0.02, 32, 1e-6
#: How far a follower that others read may go in steps that are taken together, in cells of its polynomials.
FAR = 0.05
#: Functions that rates may contain: C++ has them, or they are written in those that it has.
_FUNCTIONS = (sympy.exp, sympy.log, sympy.Abs, sympy.Max, sympy.Min, sympy.sin, sympy.cos, sympy.tan,
              sympy.sinh, sympy.cosh, sympy.tanh, sympy.sign)  # fmt: skip


@dataclass(frozen=True)
class Term:
    """What one state adds to the rates ``slope`` and ``rest``."""

    state: str
    slope: sympy.Expr
    rest: sympy.Expr


@dataclass(frozen=True)
class SmoothFollower:
    """``y' = rest - slope*y`` with rates that are sums over terms.

    Attributes
    ----------
    state : str
    terms : tuple of Term
        Of different states.
    """

    state: str
    terms: tuple[Term, ...]


def is_affine(rate: sympy.Expr, states: Iterable[str]) -> bool:
    """Whether a rate is linear in states together, with slopes in which none of them is."""
    known = {symbol(n) for n in states}
    return not any(sympy.diff(rate, x).free_symbols & known for x in known & rate.free_symbols)


def smooth_followers(
    rates: Mapping[str, sympy.Expr], linear: Iterable[str], shared: Collection[str]
) -> list[SmoothFollower] | str:
    """The forms of states with smooth rates, each after those that it reads; or why there are none."""
    found: list[SmoothFollower] = []
    readable, left = list(linear), list(rates)
    while left:
        free = [n for n in left if not any(rates[n].has(symbol(m)) for m in left if m != n)]
        if not free:
            return f"'{left[0]}' and what it reads depend on each other"
        for n in free:
            follower = _smooth_follower(rates[n], n, readable, shared)
            if isinstance(follower, str):
                return follower
            found.append(follower)
        readable += free
        left = [n for n in left if n not in free]
    return found


def _smooth_follower(
    rate: sympy.Expr, name: str, readable: Iterable[str], shared: Collection[str]
) -> SmoothFollower | str:
    """The form of one state whose rate reads others that are known by then; or why there is none."""
    strange = {x.name for x in rate.free_symbols} - {name, *readable} - set(shared)
    if strange:
        return f"'{name}' reads '{sorted(strange)[0]}', which is neither calcium nor follows it smoothly"
    parts = linear_in(rate, name)
    if parts is None:
        return f"'{name}' does not relax with known rates"
    slope, rest = (p.replace(lambda e: isinstance(e, clip), _bounded) for p in parts)
    functions = {f for e in (slope, rest) for f in e.atoms(sympy.Function, sympy.Piecewise)}
    unknown = sorted(str(f.func) for f in functions if not isinstance(f, _FUNCTIONS))
    if unknown:
        return f"'{name}' contains '{unknown[0]}'"
    read = [n for n in readable if symbol(n) in slope.free_symbols | rest.free_symbols]
    if len(read) == 1:
        return SmoothFollower(name, (Term(read[0], slope, rest),))
    slopes, rests = (_by_state(e, read) for e in (slope, rest))
    if not read or slopes is None or rests is None:
        return f"the rate of '{name}' is not a sum of functions of one state each"
    return SmoothFollower(name, tuple(Term(n, slopes[n], rests[n]) for n in read))


def _bounded(e: sympy.Expr) -> sympy.Expr:
    """``clip`` in functions that C++ has."""
    value, low, high = e.args
    return sympy.Min(sympy.Max(value, low), high)


def _by_state(rate: sympy.Expr, read: list[str]) -> dict[str, sympy.Expr] | None:
    """The parts of a sum by the state that each reads, constants with the first; ``None`` if one mixes."""
    found = dict.fromkeys(read, sympy.S.Zero)
    for part in sympy.Add.make_args(sympy.expand(rate, power_exp=False, power_base=False)):
        inside = [n for n in read if part.has(symbol(n))]
        if len(inside) > 1:
            return None
        found[inside[0] if inside else read[0]] += part
    return found
