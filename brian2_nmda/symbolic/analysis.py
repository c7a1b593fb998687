"""What can be said about a system of equations without simulating it."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import sympy

from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import exprel, int_of, normalise, numeric, symbol

_t = symbol("t")


def _expand(expression: sympy.Expr) -> sympy.Expr:
    """Expand products but keep ``exp(a + b)`` in one piece."""
    return sympy.expand(expression, power_exp=False, power_base=False)


def insert(expression: sympy.Expr, named: Mapping[str, sympy.Expr]) -> sympy.Expr:
    """Insert named expressions, also those that refer to other named expressions."""
    return _inserted(expression, tuple(named.items()))


@lru_cache(maxsize=4096)  # a planner asks for the same rates again and again
def _inserted(expression: sympy.Expr, named: tuple[tuple[str, sympy.Expr], ...]) -> sympy.Expr:
    replacement = {symbol(n): e for n, e in named}
    for _ in range(len(named) + 1):
        inserted = expression.xreplace(replacement)
        if inserted == expression:
            return expression
        expression = inserted
    raise ModelError(f"the definitions {', '.join(n for n, _ in named)} refer to each other in a circle.")


def strongly_connected(rates: Mapping[str, sympy.Expr]) -> list[list[str]]:
    """Groups of mutually dependent states, each group after those it depends on."""
    edges = [(a, b.name) for a, e in rates.items() for b in e.free_symbols if b.name in rates]
    groups = sympy.utilities.iterables.strongly_connected_components((list(rates), edges))
    order = list(rates)
    return [sorted(g, key=order.index) for g in groups]


def linear_in(rate: sympy.Expr, state: str) -> tuple[sympy.Expr, sympy.Expr] | None:
    """``(A, B)`` with ``rate = B - A*state`` and neither containing the state, or ``None``."""
    x = symbol(state)
    if not rate.has(x):
        return sympy.S.Zero, rate
    steps = rate.atoms(sympy.Heaviside, int_of)
    if any(f.has(x) for f in steps):
        return None
    slope = sympy.diff(rate, x)
    slope = _expand(slope) if slope.has(x) else slope
    if slope.has(x):
        return None
    rest = rate.xreplace({x: sympy.S.Zero})
    return _expand(-slope), rest


def jacobian(rates: Mapping[str, sympy.Expr]) -> sympy.Matrix:
    """Jacobian with respect to the states; the derivative of a step is taken as 0."""
    matrix = sympy.Matrix(list(rates.values())).jacobian([symbol(n) for n in rates])
    return matrix.replace(lambda e: isinstance(e, sympy.DiracDelta), lambda e: sympy.S.Zero)


def steady_state(rates: Mapping[str, sympy.Expr], where: str) -> dict[str, sympy.Expr]:
    """Values at which all rates vanish; each group of coupled states is solved at once."""
    found: dict[str, sympy.Expr] = {}
    for group in strongly_connected(rates):
        known = {symbol(n): e for n, e in found.items()}
        equations = [rates[n].xreplace(known) for n in group]
        if len(group) == 1 and (parts := linear_in(equations[0], group[0])) is not None:
            slope, rest = parts
            if slope == 0:
                raise ModelError(f"{where}: '{group[0]}' has no steady state, it only integrates.")
            found[group[0]] = _simpler(rest / slope)
            continue
        solutions = sympy.solve(equations, [symbol(n) for n in group], dict=True)
        if len(solutions) != 1:
            raise ModelError(f"{where}: {len(solutions)} steady states of {', '.join(group)} found, not one.")
        found.update({s.name: _simpler(e) for s, e in solutions[0].items()})
    return found


def _simpler(expression: sympy.Expr) -> sympy.Expr:
    """An expression simplified, unless it is of so many exponentials that this takes minutes."""
    return expression if len(expression.atoms(sympy.exp)) > 2 else sympy.simplify(expression)


def solution(
    rates: Mapping[str, sympy.Expr], state: str, inputs: Mapping[str, object], where: str
) -> sympy.Expr:
    """Closed-form time course of ``state``; see `Part.solution`."""
    courses: dict[str, sympy.Expr] = {n: normalise(e) for n, e in inputs.items()}
    needed = _upstream(rates, state)
    for group in strongly_connected({n: rates[n] for n in needed}):
        if len(group) > 1:
            raise ModelError(f"{where}: no closed form is known for the coupled states {', '.join(group)}.")
        (name,) = group
        parts = linear_in(rates[name], name)
        if parts is None:
            raise ModelError(f"{where}: no closed form is known, '{name}' is not linear in itself.")
        substitution = {symbol(n): e for n, e in courses.items()}
        slope, rest = (_expand(p.xreplace(substitution)) for p in parts)
        start = symbol(f"{name}_0")
        if not slope.has(_t):
            courses[name] = _convolve(slope, rest, start, where, name)
        else:
            courses[name] = _saturating(slope, rest, start, where, name)
    return courses[state]


def _upstream(rates: Mapping[str, sympy.Expr], state: str) -> list[str]:
    needed, todo = set(), [state]
    while todo:
        name = todo.pop()
        if name not in needed:
            needed.add(name)
            todo += [s.name for s in rates[name].free_symbols if s.name in rates]
    return [n for n in rates if n in needed]


def _exponential_terms(expression: sympy.Expr) -> list[tuple[sympy.Expr, int, sympy.Expr]] | None:
    """``expression`` as a sum of ``c * t**n * exp(-k*t)``, listed as ``(c, n, k)``."""
    terms = []
    for term in sympy.Add.make_args(_expand(expression)):
        coefficient, n, k = sympy.S.One, 0, sympy.S.Zero
        for factor in sympy.Mul.make_args(term):
            if not factor.has(_t):
                coefficient *= factor
            elif factor == _t:
                n += 1
            elif factor.is_Pow and factor.base == _t and factor.exp.is_Integer and factor.exp > 0:
                n += int(factor.exp)
            elif isinstance(factor, sympy.exp) and (p := linear_in(factor.args[0], "t")):
                if p[0].has(_t) or p[1].has(_t):
                    return None
                k += p[0]
                coefficient *= sympy.exp(p[1])
            else:
                return None
        terms.append((coefficient, n, sympy.simplify(k)))
    return terms


def _convolve(slope: sympy.Expr, rest: sympy.Expr, start: sympy.Expr, where: str, name: str) -> sympy.Expr:
    """Solution of ``y' = rest(t) - slope*y`` for a sum of exponentials (times powers of t)."""
    terms = _exponential_terms(rest)
    if terms is None:
        raise ModelError(
            f"{where}: no closed form is known for '{name}' with an input that is not a sum of exponentials."
        )
    total = start * sympy.exp(-slope * _t)
    for c, n, k in terms:
        gap = sympy.simplify(slope - k)
        if c == 0:
            continue
        if gap == 0:
            total += c * _t ** (n + 1) / (n + 1) * sympy.exp(-slope * _t)
        elif n == 0 and (k == 0 or slope == 0):
            total += c * (sympy.exp(-k * _t) - sympy.exp(-slope * _t)) / gap
        elif n == 0:  # regular also where two time constants become equal
            total += c * _t * sympy.exp(-slope * _t) * exprel(gap * _t)
        else:
            # int_0^t s^n exp(gap*s) ds, integrated by parts
            integral = sum(
                (-1) ** (n - j) * sympy.factorial(n) / sympy.factorial(j) * _t**j / gap ** (n - j + 1)
                for j in range(n + 1)
            ) * sympy.exp(gap * _t) - (-1) ** n * sympy.factorial(n) / gap ** (n + 1)
            total += c * sympy.exp(-slope * _t) * integral
    return total


def _saturating(slope: sympy.Expr, rest: sympy.Expr, start: sympy.Expr, where: str, name: str) -> sympy.Expr:
    r"""Solution of ``y' = rest(t) - slope(t)*y`` with ``slope = a + b exp(-k t)``.

    With ``c = b/k`` and ``P(t) = a t + c (1 - e^{-k t})`` the integral of the slope, and ``r`` the
    constant for which ``rest - r*slope`` is a constant ``q``,

    .. math:: y = r + e^{-P}\left[y_0 - r + q \int_0^t e^{P(s)} ds\right],

    whose integral is a difference of confluent hypergeometric functions.
    """
    failure = ModelError(
        f"{where}: no closed form is known for '{name}', whose relaxation rate changes with time "
        "in more than one exponential."
    )
    slopes, rests = _exponential_terms(slope), _exponential_terms(rest)
    if slopes is None or rests is None or any(n for _, n, _ in [*slopes, *rests]):
        raise failure

    def collect(terms: list) -> dict[sympy.Expr, sympy.Expr]:
        out: dict[sympy.Expr, sympy.Expr] = {}
        for c, _, k in terms:
            out[k] = out.get(k, 0) + c
        return out

    slopes, rests = collect(slopes), collect(rests)
    a = slopes.pop(sympy.S.Zero, sympy.S.Zero)
    if len(slopes) != 1:
        raise failure
    ((k, b),) = slopes.items()
    if set(rests) - {sympy.S.Zero, k}:
        raise failure
    r = sympy.simplify(rests.get(k, 0) / b)
    q = sympy.simplify(rests.get(sympy.S.Zero, 0) - r * a)
    c, s = b / k, -a / k
    u = sympy.exp(-k * _t)
    primitive = lambda z: z**s / s * sympy.hyper([s], [s + 1], -c * z)  # noqa: E731
    integral = sympy.exp(c) / k * (primitive(sympy.S.One) - primitive(u))
    return r + sympy.exp(-a * _t - c * (1 - u)) * (start - r + q * integral)


def generator(reactions: Iterable[Any], values: Mapping[str, float]) -> tuple[list[str], np.ndarray]:
    """Names and rate matrix of a reaction table, with ``Q[i, j]`` the rate from i to j in 1/s."""
    reactions = list(reactions)
    names = list(dict.fromkeys(x.name for r in reactions for x in (r.source, r.target)))
    matrix = np.zeros((len(names), len(names)))
    for r in reactions:
        i, j = names.index(r.source.name), names.index(r.target.name)
        matrix[i, j] += float(numeric(r.forward, [], values)())
        matrix[j, i] += float(numeric(r.backward, [], values)())
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return names, matrix


def equilibrium(reactions: Iterable[Any], values: Mapping[str, float]) -> dict[str, float]:
    """Stationary occupancies of a reaction table.

    The states are eliminated one by one, by the algorithm of Grassmann, Taksar and Heyman (1985), which
    never subtracts: small occupancies are as accurate as large ones. The first state has to belong
    to the recurrent class.
    """
    names, matrix = generator(reactions, values)
    q = matrix.copy()
    n = len(names)
    total = np.zeros(n)
    for k in range(n - 1, 0, -1):
        total[k] = q[k, :k].sum()
        if total[k] > 0:
            q[:k, :k] += np.outer(q[:k, k], q[k, :k]) / total[k]
    p = np.zeros(n)
    p[0] = 1.0
    for k in range(1, n):
        if total[k] > 0:
            p[k] = p[:k] @ q[:k, k] / total[k]
    p /= p.sum()
    return dict(zip(names, map(float, p), strict=True))
