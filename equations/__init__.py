"""The science: each equation and each number of the package, stated once.

Importing this package imports SymPy and Brian2's units; it creates no Brian2 object.
To add a model, write a class in the module of its family and add its name to the imports in
``__init__.pyi``, the public list. A family is imported when one of its models is first asked for.
"""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

if __name__ != "brian2_nmda.equations":
    raise ImportError(
        "'equations' is installed as 'brian2_nmda.equations'; run 'python -m pip install -e .' in "
        "the checkout and import it under that name."
    )

#: The family of each model. Type checkers read the same list.
_FAMILIES: dict[str, str] = {
    model.name: family.module
    for family in ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")).body
    if isinstance(family, ast.ImportFrom) and family.module
    for model in family.names
}
__all__ = sorted(_FAMILIES)


def __getattr__(name: str) -> Any:
    if name not in _FAMILIES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    globals()[name] = model = getattr(import_module(f"{__name__}.{_FAMILIES[name]}"), name)
    return model


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
