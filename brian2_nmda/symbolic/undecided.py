"""A Python ``if`` in the body of a `Part` class: what to write instead.

``if Ca > theta:`` is decided when the class is made, where calcium has no value. SymPy raises a bare
TypeError there, before anything of ours is called. So its refusal is worded anew, for our symbols in the body
of a class; nothing else of SymPy changes.
"""

import inspect
import sys
from collections.abc import Mapping
from functools import wraps
from types import FrameType
from typing import Any

from sympy.core.relational import Relational

from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.parameter import Placeholder
from brian2_nmda.symbolic.ports import INPUTS


class UndecidedError(ModelError, TypeError):
    """A condition of the body of a class that Python was asked to decide; SymPy expects a TypeError."""


def _is_class_body(frame: FrameType) -> bool:
    newlocals = frame.f_code.co_flags & inspect.CO_NEWLOCALS
    return not newlocals and {"__module__", "__qualname__"} <= set(frame.f_locals)


def _message(condition: Any, body: FrameType) -> str | None:
    """What to write instead, if the condition has names of ours."""
    names: Mapping[str, Any] = body.f_locals
    ours = {p: symbol(n) for n, p in names.items() if isinstance(p, Placeholder)}
    if not any(x in ours or x.name in INPUTS for x in condition.free_symbols):
        return None
    text = condition.xreplace(ours)
    factor = f"Heaviside({text.gts - text.lts})" if hasattr(text, "gts") else "a Heaviside"
    return (
        f"{names['__qualname__'].rpartition('.')[2]}, line {body.f_lineno} of {body.f_code.co_filename}: "
        f"'{text}' has no value before the run, so Python cannot decide it when the class is made (if, and, "
        f"or, not, min, max). Write Piecewise((a, {text}), (b, True)) for 'a if {text} else b', or the "
        f"factor {factor}; for two conditions And(p, q). All are SymPy's, as are Min and Max."
    )


def explain_conditions() -> None:
    """Let SymPy's refusal to decide a condition say in the body of a class what to write."""
    decide = Relational.__bool__

    @wraps(decide)
    def decide_or_explain(self: Relational) -> bool:
        try:
            return bool(decide(self))
        except TypeError:
            body = sys._getframe(1)
            found = _message(self, body) if _is_class_body(body) else None
            if found is None:
                raise
            raise UndecidedError(found) from None

    Relational.__bool__ = decide_or_explain  # type: ignore[method-assign]
