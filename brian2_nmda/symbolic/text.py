"""A look at text before Brian2 or SymPy reads it.

Both are sound against code in text, but compute numbers as they read them: ``9**9**9`` keeps either busy
for ever. What is refused here is refused in words, at once. See also `brian2_nmda.symbolic.expressions`.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from textwrap import dedent
from typing import Any

from brian2.equations.equations import EQUATIONS, Equations, ParseException

from brian2_nmda.symbolic.errors import ModelError

#: Largest exponent that is a number, and largest whole number.
LARGEST_EXPONENT, LARGEST_INTEGER = 16, 10**12
#: Symbols are counted with operators. What `WangJumpNMDA` prints has to be read again: its series of 40 terms
#: takes 1519 characters, 910 symbols, 126 levels (each term nests in the next); all others 283, 212, 19.
MOST_CHARACTERS, MOST_NODES, DEEPEST = 2_000, 1_000, 130

_ARITHMETIC: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Mod: operator.mod,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
}
#: Functions that turn a large number into one that is too large.
_GROWING = {"exp": math.exp, "expm1": math.expm1, "sinh": math.sinh, "cosh": math.cosh, "exprel": math.expm1}
_EXPRESSIONS = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.Call, ast.Name, ast.Constant)
_SYMBOLS = (ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context)
#: A name, perhaps an operator, "=", a value, and perhaps a unit and a comment.
_STATEMENT = re.compile(r"\s*\w+\s*(?:\*\*|//|[-+*/%])?=(?!=)([^:#]*)(?::([^(#]*)[^#]*)?(?:#.*)?")
_GENERATOR = (ast.GeneratorExp, ast.comprehension, ast.keyword)  # as in sample(N_post, p=0.1)


def check_expression(text: str, where: str, also: tuple[type, ...] = ()) -> None:
    """Refuse text that is no arithmetic, is very long, or has numbers that are too large to compute.

    Raises
    ------
    ModelError
        Names ``where`` and what is wrong. What no Python reads either is left to the reader.
    """
    if len(text) > MOST_CHARACTERS:
        raise ModelError(
            f"{where}: a text of {len(text)} characters, more than {MOST_CHARACTERS}; define parts of it "
            "under names of their own."
        )
    try:
        tree = ast.parse(f"({text}\n)", mode="eval").body
    except (RecursionError, MemoryError) as error:
        raise ModelError(f"{where}: '{_short(text)}' nests too deeply to be read.") from error
    except (SyntaxError, ValueError) as error:
        raise ModelError(f"{where}: cannot read '{_short(text)}': {error}") from error
    _check(tree, text, where, (*_EXPRESSIONS, *_SYMBOLS, *also))


def check_statements(code: Any, where: str) -> None:
    """As `check_expression`, for statements such as ``on_pre``, or several under their names."""
    if isinstance(code, Mapping):
        for name, text in code.items():
            check_statements(text, f"{where}['{name}']")
    elif isinstance(code, str):
        for line in dedent(code).replace("\\\n", " ").splitlines():
            found = _STATEMENT.fullmatch(line)
            for part in found.groups() if found else ():
                if part and part.strip():
                    check_expression(part.strip(), where)


def check_equations(equations: str | Equations, where: str) -> None:
    """As `check_expression`, for equations and their units."""
    if isinstance(equations, Equations):
        for name, eq in equations.items():
            if eq.expr is not None:
                check_expression(eq.expr.code, f"{where}, '{name}'")
        return
    try:
        parsed = EQUATIONS.parse_string(equations, parse_all=True)
    except (ParseException, RecursionError):
        return  # Brian2 says what it cannot read
    for eq in parsed:
        content = dict(eq.items())
        name = content["identifier"]
        check_expression(content["unit"].strip(), f"{where}, unit of '{name}'")
        if content.get("expression"):
            check_expression(" ".join(content["expression"].split()), f"{where}, '{name}'")


def check_connection(arguments: Iterable[Any], where: str) -> None:
    """As `check_expression`, for what ``connect`` is given, ``j="k for k in range(3)"`` included."""
    for text in arguments:
        if isinstance(text, str):
            check_expression(text, where, _GENERATOR)


def _check(tree: ast.AST, text: str, where: str, known: tuple[type, ...]) -> None:
    count, todo = 0, [(tree, 1)]
    while todo:
        node, depth = todo.pop()
        count += 1
        if depth > DEEPEST or count > MOST_NODES:
            most = f"{DEEPEST} levels" if depth > DEEPEST else f"{MOST_NODES} numbers, names and operators"
            raise ModelError(
                f"{where}: '{_short(text)}' has more than {most}; define parts of it under names of "
                "their own."
            )
        is_text = isinstance(node, ast.Constant) and not isinstance(node.value, (bool, int, float))
        if is_text or not isinstance(node, known):
            raise ModelError(
                f"{where}: '{_short(text)}' is more than arithmetic ({type(node).__name__}); write numbers, "
                "names, + - * / ** and functions of them."
            )
        if isinstance(node, ast.Constant) and type(node.value) is int and node.value > LARGEST_INTEGER:
            raise ModelError(
                f"{where}: '{_short(text)}' holds a whole number above {LARGEST_INTEGER:.0e}; write it with "
                "a decimal point or an exponent, such as 1e13."
            )
        todo += [(child, depth + 1) for child in ast.iter_child_nodes(node)]
    _value(tree, text, where)


def _value(node: ast.AST, text: str, where: str) -> float | None:
    """The number that a text stands for, or None if it depends on variables."""
    children = [c for c in ast.iter_child_nodes(node) if isinstance(c, (ast.expr, *_GENERATOR))]
    inner = [_value(child, text, where) for child in children]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        exponent = inner[1]
        if exponent is not None and abs(exponent) > LARGEST_EXPONENT:
            raise ModelError(
                f"{where}: '{_short(text)}' has the exponent {exponent:g}; the largest that can be computed "
                f"safely is {LARGEST_EXPONENT}. Write exp(...) for what really grows like that."
            )
    try:
        found = _number(node, inner)
    except OverflowError:
        found = math.inf
    except (ZeroDivisionError, ValueError, TypeError):  # Brian2 or the planner says what is wrong
        return None
    if found is not None and not math.isfinite(found):
        raise ModelError(f"{where}: '{_short(text)}' holds a number that is too large (above 1.8e308).")
    return found


def _number(node: ast.AST, inner: list[float | None]) -> float | None:
    if isinstance(node, ast.Constant):
        return float(node.value)
    if isinstance(node, ast.Call):
        grows = _GROWING.get(node.func.id) if isinstance(node.func, ast.Name) else None
        return grows(inner[1]) if grows and len(inner) == 2 and inner[1] is not None else None
    if not inner or None in inner:
        return None
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
        return -inner[0] if isinstance(node.op, ast.USub) else inner[0]
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        found = _ARITHMETIC[type(node.op)](*inner)
        return found if isinstance(found, float) else None
    return None


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
