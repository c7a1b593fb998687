"""Which room may import which, and that no text is turned into code: read from the source.

The checker looks at the syntax tree, so an import inside a function or under ``TYPE_CHECKING`` counts
as well. Each rule is shown to bite on a planted line.
"""

import ast
import re
import sys
from pathlib import Path

import brian2
import pytest
from brian2 import Quantity

import brian2_nmda
import brian2_nmda.equations

#: Rooms of the package that a room may import; the rooms that are not named may import all.
ROOMS = {
    "equations": {"equations", "symbolic"},
    "symbolic": {"symbolic"},
    "lowering": {"lowering", "symbolic"},
    "brian": {"brian", "lowering", "symbolic"},
    "export": {"export", "lowering", "symbolic"},
}

#: Parts of Brian2 that a room may import (none of them has an object that Brian2 simulates); the rooms
#: that are not named may import all.
READING = (
    "brian2.units",
    "brian2.parsing",
    "brian2.equations",
    "brian2.core.functions",
    "brian2.core.namespace",
    "brian2.core.variables",
    "brian2.input.timedarray",
)
BRIAN2 = {"equations": ("brian2.units",), "symbolic": READING, "lowering": READING}

#: Declared dependencies; the science, its analysis and the plans need only the first two.
SYMBOLIC_LIBRARIES = {"numpy", "sympy"}
LIBRARIES = SYMBOLIC_LIBRARIES | {"brian2", "matplotlib"}
#: Extras: libraries that one room uses where they are installed, and says so where they are not.
EXTRAS = {"export": {"neuron", "nest", "pynestml"}, "protocols": {"xarray"}}

CODE_FROM_TEXT = {"__import__", "eval", "exec", "import_module", "parse_expr", "parse_latex"}
#: Imports its own modules when they are asked for, by the names in its list (`test_families`).
FAMILIES = "brian2_nmda.equations"
#: The one module that makes functions of expressions, after it has replaced all names.
LAMBDIFY = "brian2_nmda.symbolic.expressions"


def imported(tree, module, is_package):
    """Line, module and name (None for a whole module) of each import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")
            if node.level:
                base = base[: len(base) - node.level + is_package]
                source = ".".join([*base, *([node.module] if node.module else [])])
            else:
                source = node.module
            yield from ((node.lineno, source, alias.name) for alias in node.names)


def import_problem(room, source, name):
    """What is wrong with one import in a room; None if nothing is."""
    top = source.split(".")[0]
    if top == "brian2_nmda":
        path = f"{source}.{name}".split(".") if source == top and name else source.split(".")
        other = path[1] if len(path) > 1 else None
        if room in ROOMS and other not in ROOMS[room]:
            return f"'{room}' imports '{'.'.join(path)}'"
    elif top == "brian2":
        if room not in BRIAN2:
            return None
        if name == "*":
            return f"'{room}' imports all of '{source}'"
        if source == "brian2":
            if name is None or not isinstance(getattr(brian2, name, None), Quantity):
                return f"'{room}' imports '{name or source}', which is no unit, from Brian2"
        elif not any(source == m or source.startswith(m + ".") for m in BRIAN2[room]):
            return f"'{room}' imports '{source}'"
    elif top not in sys.stdlib_module_names | (
        SYMBOLIC_LIBRARIES if room in BRIAN2 else LIBRARIES | EXTRAS.get(room, set())
    ):
        return f"'{room}' imports '{source}'"
    return None


def code_problems(tree, module):
    """Places where text could become code."""
    strict = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) == "sympify":
            options = {k.arg: k.value for k in node.keywords}
            value = options.get("strict")
            if isinstance(value, ast.Constant) and value.value is True:
                strict.add(node.func)
    for node in ast.walk(tree):
        name = _name(node)
        if module == FAMILIES and name == "import_module":
            continue
        if name in CODE_FROM_TEXT or (name == "compile" and isinstance(node, ast.Name)):
            yield node.lineno, f"uses '{name}'"
        elif name == "sympify" and node not in strict:
            yield node.lineno, "uses 'sympify' without strict=True"
        elif name == "lambdify" and module != LAMBDIFY:
            yield node.lineno, "uses 'lambdify'"
        elif isinstance(node, ast.Call) and _name(node.func) == "S":
            yield node.lineno, "calls 'S', which is sympify"


def _name(node):
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else None


def violations(source, module, is_package=False):
    """All that is wrong with the text of a module."""
    tree = ast.parse(source)
    room = module.split(".")[1] if "." in module else "top level"
    found = list(code_problems(tree, module))
    for line, other, name in imported(tree, module, is_package):
        problem = import_problem(room, other, name)
        if module == FAMILIES and name == "import_module":
            continue
        if problem is None and (name in CODE_FROM_TEXT or name in ("sympify", "S")):
            problem = f"imports '{name}' by its bare name"
        if problem is not None:
            found.append((line, problem))
    return [f"{module}:{line}: {problem}" for line, problem in sorted(found)]


def sources():
    """Path and name of each module of the installed package."""
    for package in (brian2_nmda, brian2_nmda.equations):
        (folder,) = map(Path, package.__path__)
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            yield path, ".".join([package.__name__, *(p for p in parts if p != "__init__")])


SOURCES = sorted({module: path for path, module in sources()}.items())


@pytest.mark.parametrize(("module", "path"), SOURCES, ids=[m for m, _ in SOURCES])
def test_module(module, path):
    assert violations(path.read_text(), module, path.name == "__init__.py") == []


def test_all_rooms_are_read():
    assert set(ROOMS) <= {m.split(".")[1] for m, _ in SOURCES if "." in m}


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("equations", "from brian2_nmda.lowering.plan import make_plan"),
        ("equations", "from brian2_nmda import lowering"),
        ("equations", "from brian2_nmda import GlutamateSynapse"),
        ("equations", "import brian2_nmda"),
        ("equations", "from ..brian import target"),
        ("equations", "from brian2 import NeuronGroup"),
        ("equations", "from brian2 import *"),
        ("equations", "import brian2"),
        ("equations", "from brian2.equations.equations import Equations"),
        ("equations", "import matplotlib.pyplot"),
        ("symbolic", "from brian2_nmda.equations import BioNMDA"),
        ("symbolic", "from brian2_nmda.lowering import plan"),
        ("symbolic", "from brian2.synapses.synapses import Synapses"),
        ("symbolic", "from brian2.groups.neurongroup import NeuronGroup"),
        ("symbolic", "from brian2.core.network import Network"),
        ("symbolic", "def f():\n    from brian2_nmda.brian import target"),
        ("symbolic", "if TYPE_CHECKING:\n    from brian2_nmda.brian import target"),
        ("lowering", "from brian2_nmda.brian.target import post_equations"),
        ("lowering", "import brian2_nmda.equations.receptors"),
        ("lowering", "import scipy"),
        ("brian", "from brian2_nmda.equations.receptors import AMPA"),
        ("brian", "from brian2_nmda.export.sheet import sheet"),
        ("export", "from brian2_nmda.brian.target import post_equations"),
        ("export", "from ..model import GlutamateSynapse"),
        ("export", "import arbor"),
        ("brian", "from neuron import h"),
        ("plotting", "import pandas"),
        ("plotting", "import xarray"),
        ("plotting", "eval('1')"),
        ("plotting", "exec('1')"),
        ("plotting", "run = eval"),
        ("plotting", "builtins.eval('1')"),
        ("plotting", "compile('1', '', 'eval')"),
        ("plotting", "__import__('os')"),
        ("plotting", "importlib.import_module('os')"),
        ("plotting", "sympy.sympify(text)"),
        ("plotting", "sympy.sympify(text, strict=False)"),
        ("plotting", "map(sympy.sympify, texts)"),
        ("plotting", "from sympy import sympify as read"),
        ("plotting", "sympy.S(text)"),
        ("plotting", "from sympy import S"),
        ("plotting", "from sympy.parsing.sympy_parser import parse_expr as p"),
        ("plotting", "sympy.parse_expr(text)"),
        ("plotting", "sympy.lambdify(x, text)"),
    ],
)
def test_the_checker_bites(room, line):
    assert len(violations(line, f"brian2_nmda.{room}.planted")) >= 1


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("equations", "from brian2 import mM, ms"),
        ("equations", "from sympy import exp"),
        ("equations", "from .sources import BRAINPY"),
        ("symbolic", "from brian2.input.timedarray import TimedArray"),
        ("symbolic", "from brian2_nmda.symbolic import latex"),
        ("symbolic", "sympy.sympify(x, strict=True)"),
        ("symbolic", "import re\nre.compile('x')\nsympy.S.Zero"),
        ("lowering", "from ..symbolic.part import Pulse"),
        ("brian", "from brian2.synapses.synapses import Synapses"),
        ("protocols", "from brian2 import *"),
        ("protocols", "from brian2_nmda import GlutamateSynapse"),
    ],
)
def test_the_checker_lets_pass(room, line):
    assert violations(line, f"brian2_nmda.{room}.planted") == []


def test_rooms_are_small():
    """No function over 60 lines (without its docstring) and no file over 600: a newcomer can read each."""
    long = []
    for module, path in SOURCES:
        text = path.read_text()
        if text.count("\n") > 600:
            long.append(module)
        for n in ast.walk(ast.parse(text)):
            if isinstance(n, ast.FunctionDef):
                documented = ast.get_docstring(n) is not None
                docstring = n.body[0].end_lineno - n.body[0].lineno + 1 if documented else 0
                if n.end_lineno - n.lineno + 1 - docstring > 60:
                    long.append(f"{module}.{n.name}")
    assert long == []


def class_names(sources):
    """Modules in which each class name stands at the top level, by name; ``sources``: text by module."""
    found = {}
    for module, text in sources.items():
        for node in ast.parse(text).body:
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(module)
    return found


def test_no_class_name_stands_twice():
    """One name for one thing: a reader who searches for a class finds one."""
    found = class_names({module: path.read_text() for module, path in SOURCES})
    assert len(found) > 150
    assert {name: modules for name, modules in found.items() if len(modules) > 1} == {}


def test_a_class_name_that_stands_twice_is_found():
    planted = {
        "a": "class Row:\n    x = 1",
        "b": "class Row(A):\n    class Own:\n        pass",
        "c": "Own = 1",
    }
    assert class_names(planted) == {"Row": ["a", "b"]}


def test_families():
    """What is imported by name are modules of the package itself, one level deep."""
    path = Path(brian2_nmda.equations.__file__).with_suffix(".pyi")
    *statements, listed = ast.parse(path.read_text()).body[1:]
    assert ast.unparse(listed) == "__all__: list[str]"
    assert all(isinstance(s, ast.ImportFrom) and s.level == 1 for s in statements)
    assert all((path.parent / f"{s.module}.py").is_file() for s in statements)


def test_contributing_names_files_that_exist():
    root = Path(__file__).parents[1]
    named = set(re.findall(r"`([\w./]+\.(?:py|md))`", (root / "CONTRIBUTING.md").read_text()))
    assert len(named) > 20
    assert [n for n in sorted(named) if not (root / n).exists()] == []


def test_what_a_rule_of_ones_own_needs_is_at_the_top():
    """What ports of public scripts imported from inner modules; names that scripts use are not in __all__."""
    common = "T v xi Ca Ca_rest I_Ca G_open E_open rand released conductance g_initial activation block"
    common += " clip exprel"  # names of Brian2 for numbers
    names = """Plasticity Calcium Release Block CoAgonist Antagonist ChannelBlocker define Event Pulse
        Preset Receptor Parameter Reaction states occupancies"""
    assert set(names.split()) <= set(brian2_nmda.__all__)
    assert not set(common.split()) & set(brian2_nmda.__all__)
    assert all(hasattr(brian2_nmda, n) for n in common.split())
