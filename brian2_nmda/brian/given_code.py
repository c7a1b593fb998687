"""Statements that the user gives to pathways, ``on_pre=`` and ``on_post=``."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from brian2_nmda.symbolic.errors import ModelError

_ASSIGNS_W = re.compile(r"^\s*w\s*(\*\*|//|[-+*/%])?=(?!=)", re.MULTILINE)
_NONE: Mapping[str, str] = MappingProxyType({})


def changes_w(given: str | Mapping[str, str] | None) -> bool:
    """Whether statements of the user's assign to the weight."""
    texts = given.values() if isinstance(given, Mapping) else [given or ""]
    return any(_ASSIGNS_W.search(text) for text in texts)


def merge_code(ours: list[str], given: Any, pathway: str, others: Mapping[str, str] = _NONE) -> Any:
    """Our statements in front of the user's in a pathway, and pathways of our own beside it."""
    given = given or None  # Brian2 makes no pathway of an empty statement
    taken = set(others) & set(given if isinstance(given, Mapping) else ())
    if taken:
        raise ModelError(f"the pathway '{taken.pop()}' belongs to the model; choose another name for yours.")
    if not ours and not others:
        return given
    merged = {} if given is None else {pathway: given} if isinstance(given, str) else dict(given)
    if ours:
        merged[pathway] = "\n".join([*ours, merged[pathway]] if pathway in merged else ours)
    return {**merged, **others}
