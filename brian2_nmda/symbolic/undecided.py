"""A Python ``if`` or a condition as a factor in the body of a `Part` class: what to write instead.

``if Ca > theta:`` and ``int(Ca > theta)`` are decided when the class is made, where calcium has no value,
and ``k*(Ca > theta)`` is no product for SymPy. It raises a bare TypeError there, before anything of ours is
called. So its refusal is worded anew, for our symbols in the body of a class; nothing else of SymPy changes.
"""

import inspect
import sys
from collections.abc import Mapping
from functools import wraps
from types import FrameType
from typing import Any

from sympy.core.relational import Relational
from sympy.logic.boolalg import BooleanFunction

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
        f"or, not, min, max), and it is no number. Write Piecewise((a, {text}), (b, True)) for "
        f"'a if {text} else b', or the factor {factor}; for two conditions And(p, q). All are SymPy's, as "
        "are Min and Max."
    )


def _refuse(condition: Relational | BooleanFunction) -> None:
    """Say what to write, if the body of a class asked Python to decide; SymPy may ask for itself."""
    body = sys._getframe(2)
    found = _message(condition, body) if _is_class_body(body) else None
    if found is not None:
        raise UndecidedError(found) from None


def explain_conditions() -> None:
    """Let SymPy's refusal to decide a condition say in the body of a class what to write."""
    decide = Relational.__bool__

    @wraps(decide)
    def decide_or_explain(self: Relational) -> bool:
        try:
            return bool(decide(self))
        except TypeError:
            _refuse(self)
            raise

    arithmetic = [f"__{side}{name}__" for name in ("add", "sub", "mul", "truediv") for side in ("", "r")]
    own = {"__bool__": decide_or_explain, "__int__": _no_integer, **dict.fromkeys(arithmetic, _no_number)}
    for name, method in own.items():
        if name == "__bool__" or not hasattr(Relational, name):
            setattr(Relational, name, method)
    if not hasattr(BooleanFunction, decide.__name__):
        setattr(BooleanFunction, decide.__name__, _true_for_others)


def _true_for_others(self: BooleanFunction) -> bool:
    """Refuse to decide ``(Ca > a) & (Ca < b)``, which Python takes for true as it takes any object."""
    _refuse(self)
    return True


def _no_number(self: Relational, _other: Any) -> Any:
    """Refuse arithmetic with a condition, as Python does for what has none."""
    _refuse(self)
    return NotImplemented


def _no_integer(self: Relational) -> int:
    _refuse(self)
    raise TypeError(f"int() argument must be a number, not '{type(self).__name__}'")
