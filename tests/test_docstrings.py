"""Each public name says what it is: a sentence, its parameters with their kind, its errors, an example.

Held against: the signatures and the source text of what is documented.
"""

import importlib
import inspect
import re
from pathlib import Path

import pytest

import brian2_nmda
import brian2_nmda.equations

ROOMS = ("protocols", "plotting", "conformance")
ROOT = Path(__file__).parents[1]
#: Rooms whose public names are modules, each with names of its own.
OF_MODULES = ("export",)
#: Data and names without parameters.
PLAIN = {"DRUGS", "presynaptic", "postsynaptic", "ModelError"}


def public_names():
    """Every public function and class but the models of the library, by the module that offers it."""
    found = {n: brian2_nmda for n in brian2_nmda.__all__ if n not in brian2_nmda.equations.__all__}
    inner = [f"{r}.{n}" for r in OF_MODULES for n in importlib.import_module(f"brian2_nmda.{r}").__all__]
    for room in (*ROOMS, *inner):
        module = importlib.import_module(f"brian2_nmda.{room}")
        found |= {f"{room}.{n}": module for n in module.__all__}
    return {n: m for n, m in found.items() if n.rpartition(".")[2] not in PLAIN}


NAMES = public_names()


def missing(thing):
    """What a docstring lacks, in words."""
    own = vars(thing).get("__doc__") if inspect.isclass(thing) else thing.__doc__  # not that of a base
    text = inspect.cleandoc(own or "")
    first = text.split("\n\n")[0].strip()
    if not first.endswith("."):
        yield f"the summary is no sentence: {first[:60]!r}"
    parameters = ()
    if not inspect.isclass(thing) or "__init__" in vars(thing):  # a part of some kind takes those of Part
        parameters = inspect.signature(thing).parameters.values()
    section = re.search(r"^(?:Parameters|Attributes)\n-+\n(.*?)(?=^\w+\n-+\n|\Z)", text, re.M | re.S)
    said = section[1] if section else ""
    for p in parameters:
        line = re.search(rf"^(?! )[^\n:]*\b{re.escape(p.name)}\b[^\n]*", said, re.M)
        if line is None:
            yield f"the parameter '{p.name}' is not described"
        elif "Quantity" in str(p.annotation) and "Quantity" not in line[0] and "As " not in said:
            yield f"the parameter '{p.name}' is a Quantity, and nothing says so"
    if not inspect.isclass(thing) and "raise " in inspect.getsource(thing) and "Raises\n------" not in text:
        yield "it raises, and has no section Raises"
    if ">>> " not in text:
        yield "it has no example"


@pytest.mark.parametrize("name", NAMES)
def test_public_name_is_documented(name):
    found = list(missing(getattr(NAMES[name], name.rpartition(".")[2])))
    assert not found, found


def bare(thing):
    """Parameters of which a docstring gives the type and no more."""
    text = inspect.cleandoc(thing.__doc__ or "")
    section = re.search(r"^(?:Parameters|Attributes)\n-+\n(.*?)(?=^\w+\n-+\n|\Z)", text, re.M | re.S)
    lines = [line for line in (section[1] if section else "").splitlines() if line.strip()]
    pairs = zip(lines, [*lines[1:], ""], strict=False)
    return [line for line, then in pairs if not line.startswith(" ") and not then.startswith(" ")]


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_described(name):
    thing = getattr(NAMES[name], name.rpartition(".")[2])
    own = vars(thing).items() if inspect.isclass(thing) else ()
    methods = [f for k, f in own if k[0] != "_" and inspect.isfunction(f)]
    assert [line for f in (thing, *methods) for line in bare(f)] == []


def test_exporters_are_covered():
    assert {"export.sheet.sheet", "export.nmodl.write", "export.nest_run.build"} <= set(NAMES)


@pytest.mark.parametrize("room", [*ROOMS, *OF_MODULES])
def test_pages_import_what_is_public(room):
    """What a page or its script takes from a room is in the room's list."""
    shown = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "docs/howto").glob("*.py")]
    line = re.compile(rf"^from (brian2_nmda\.{room}[\w.]*) import ([\w, ]+)", re.M)
    for page in shown:
        for module, names in line.findall(page.read_text()):
            public = importlib.import_module(module).__all__
            assert set(names.strip().split(", ")) <= set(public), f"{page.name}: {module} import {names}"


def test_a_poor_docstring_is_found():
    """The planted errors."""
    from brian2 import Quantity

    def poor(a: Quantity, b: float) -> None:
        """Without a full stop

        Parameters
        ----------
        a : float
        """
        raise ValueError

    found = " / ".join(missing(poor))
    assert bare(poor) == ["a : float"]
    for words in ("no sentence", "'b' is not described", "'a' is a Quantity", "Raises", "no example"):
        assert words in found
