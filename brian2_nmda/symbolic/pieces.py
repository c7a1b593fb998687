"""Cutting deep expressions into several, since readers of text recurse at each level of brackets."""

from collections.abc import Mapping
from typing import Any

import sympy

from brian2_nmda.symbolic.expressions import symbol, to_text, without_piecewise

#: Levels of brackets in one text. Brian2 takes up to six calls for each, of the 1000 that Python has.
DEEPEST = 40
#: Longest sum or product that is written in one piece once an expression is too deep: as text,
#: a + b + c nests as (a + b) + c.
_MOST_TERMS = 20


def levels(expression: sympy.Basic, known: dict[sympy.Basic, int] | None = None) -> int:
    """About how deep the text of an expression nests."""
    known = {} if known is None else known
    if expression not in known:
        inner = max((levels(a, known) for a in expression.args), default=0)
        chain = expression.is_Add or expression.is_Mul
        known[expression] = inner + (len(expression.args) if chain else 1)
    return known[expression]


def in_pieces(name: str, expression: sympy.Expr) -> tuple[Mapping[str, sympy.Expr], sympy.Expr]:
    """Named parts of an expression, each of few levels, in order, and the expression in terms of them.

    An expression of few levels comes back as it is.
    """
    expression = without_piecewise(expression)
    parts: dict[str, sympy.Expr] = {}
    if levels(expression) <= DEEPEST:
        return parts, expression
    done: dict[sympy.Basic, Any] = {}

    def named(e: sympy.Expr) -> sympy.Expr:
        if not isinstance(e, sympy.Expr) or not e.free_symbols or levels(e) <= DEEPEST // 4:
            return e  # a condition cannot be a variable
        part = f"{name}_part_{len(parts) + 1}"
        parts[part] = e
        return symbol(part)

    def cut(e: sympy.Basic) -> Any:
        if e not in done:
            done[e] = e if not e.args else _cut(e.func(*map(cut, e.args)))
        return done[e]

    def _cut(e: sympy.Basic) -> Any:
        if levels(e) <= DEEPEST:
            return e
        args = list(map(named, e.args))
        while (e.is_Add or e.is_Mul) and len(args) > _MOST_TERMS:
            args = [named(e.func(*args[:_MOST_TERMS])), *args[_MOST_TERMS:]]
        return e.func(*args)

    return parts, cut(expression)


def assignments(name: str, expression: sympy.Expr, operator: str = "=") -> list[str]:
    """Brian2 statements that give ``name`` the value of an expression (or add it), however deep it is."""
    parts, rest = in_pieces(f"_{name}" if not name.startswith("_") else name, expression)
    return [*(f"{n} = {to_text(e)}" for n, e in parts.items()), f"{name} {operator} {to_text(rest)}"]
