"""What generated code does, before it is text in any language.

Integrators make lists of these statements; a printer turns them into text. `Brian2Printer` writes Brian2's
abstract code; printers for other languages go through the same statements.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import sympy

from brian2_nmda.symbolic.expressions import int_of, symbol, to_text
from brian2_nmda.symbolic.pieces import assignments


@dataclass(frozen=True)
class Assign:
    """``name`` gets the value of an expression; a name that is new is a local variable."""

    name: str
    value: sympy.Expr


@dataclass(frozen=True)
class Add:
    """``name`` grows by the value of an expression."""

    name: str
    value: sympy.Expr


@dataclass(frozen=True)
class When:
    """``statements`` happen, in their order, where ``condition`` is true at the start.

    Attributes
    ----------
    condition : sympy.Expr
        A relation, or an expression that is 0 or 1.
    statements : tuple of Assign or Add
        Of variables that exist already.
    """

    condition: sympy.Basic
    statements: tuple[Assign | Add, ...]


Statement = Assign | Add | When


class Brian2Printer:
    """Writes statements as lines of Brian2's abstract code.

    Brian2 has no branches: where a condition is false, a variable is given its own value.
    """

    def text(self, statements: Iterable[Statement]) -> str:
        """One line for each assignment."""
        return "\n".join(self.lines(statements))

    def lines(self, statements: Iterable[Statement]) -> list[str]:
        """The lines of `text`."""
        lines: list[str] = []
        for statement in statements:
            if isinstance(statement, When):
                lines += self._when(statement, len(lines))
            else:
                lines += self._simple(statement)
        return lines

    def _simple(self, statement: Assign | Add) -> list[str]:
        """One line, after those of the parts of a value that nests too deeply for Brian2."""
        return assignments(statement.name, statement.value, "+=" if isinstance(statement, Add) else "=")

    def _when(self, when: When, number: int) -> Iterator[str]:
        flag = when.condition
        if not flag.is_Symbol:  # the statements may change what the condition reads
            flag = symbol(f"_when_{number}")
            condition = when.condition if isinstance(when.condition, sympy.Expr) else int_of(when.condition)
            yield from self._simple(Assign(flag.name, condition))
        for statement in when.statements:
            if isinstance(statement, Add):
                yield from self._simple(Add(statement.name, flag * statement.value))
            else:
                # written by hand: SymPy would multiply out or sort what is subtracted
                old, new = statement.name, to_text(statement.value)
                yield f"{old} = {old} + {flag.name}*({new} - {old})"
