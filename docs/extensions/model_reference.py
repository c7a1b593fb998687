"""The pages of the model reference, written from the models before Sphinx reads the sources."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import response_figures
from docutils import nodes
from pages import write_pages
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

import brian2_nmda.equations
from brian2_nmda.export import sheet as sheets
from brian2_nmda.library import find_model, models
from brian2_nmda.symbolic.latex import latex

FOLDER = "reference"
#: Characters of an equation above which it is shown as text alone.
LONGEST = 1000
DOCS = Path(__file__).parents[1]
#: Tests that go through all models, without naming each.
ALL = ("test_conformance.py", "test_whole_library.py")
#: Files of tests that a page lists besides: those that name the model most often.
MOST = 10
_log = logging.getLogger(__name__)
_DOI = re.compile(r"doi:(10\.\d+/[^\s;,|()]+(?:\([^\s|)]*\)[^\s;,|()]*)*)")
#: A number with its unit, which stays in one line of a narrow column.
_VALUE = re.compile(r"-?[\d.]+(?:e[-+]?\d+)?\S*(?: \S+){0,3}")
_GITHUB = re.compile(r"github:([\w.-]+/[\w.-]+)")

INDEX = """# Model reference

Each page is generated from the model itself: its equations typeset and as text, what happens at spikes,
its states, parameters with their sources, and its presets. The columns mean:

- *value*: the default. Give another one to the class, `BioNMDA(beta1=0.005/ms)`, or set it on the synapses,
  `S.beta1_NMDA`.
- *status*: [where a number comes from](../models.md#where-the-numbers-come-from).
- *on the synapses*: the name of a state on the `Synapses`, with the label that the part has by default.
- *interval*: the state never leaves it.

"""


def _linked(line: str) -> str:
    """Sources of a table as links."""
    line = _DOI.sub(r"[doi:\1](https://doi.org/\1)", line)
    return _GITHUB.sub(r"[github:\1](https://github.com/\1)", line)


def _table_line(line: str) -> str:
    """Formulas of a table as code, so that their asterisks stay."""
    if not line.startswith("|") or line.startswith("|---"):
        return line
    cells = [c.strip() for c in line.strip("|").split(" | ")]
    # NumPy writes 200 pS as "200. pS"
    cells = [re.sub(r"(^|= )(-?\d+)\.(?=[ /])", r"\1\2", c) for c in cells]
    cells = [
        c.replace(" ", "\N{NO-BREAK SPACE}") if len(c) < 20 and _VALUE.fullmatch(c) else c for c in cells
    ]
    cells = [f"`{c}`" if re.search(r"[*<\[]|^S\.", c) and "`" not in c else _linked(c) for c in cells]
    return "| " + " | ".join(cells) + " |"


def _filled(table: list[str]) -> list[str]:
    """Without the last column if only its heading has text."""
    rows = [line for line in table if line]
    if any(row.removesuffix("|").rpartition("|")[2].strip() for row in rows[2:]):
        return table
    return [line.removesuffix("|").rpartition("|")[0] + "|" if line else line for line in table]


def _typeset(part: Any) -> list[str]:
    """Equations of a part and of the parts in it."""
    short, long = {}, []
    for name, expression in part.own_equations.items():
        if len(str(expression)) > LONGEST:
            long.append(name)
        else:
            short[name] = expression
    lines = ["```{math}", latex(SimpleNamespace(equations=short)), "```", ""] if short else []
    lines += [f"The equation of `{name}` is long; it stands below as text.\n" for name in long]
    for name, child in part.children.items():
        if child is not None and child.own_equations:
            lines += [f"From `{child.name}` ({name}):", "", *_typeset(child)]
    return lines


def _tests(name: str) -> list[str]:
    """Files of the tests that name a model."""
    counts = {
        path.name: len(re.findall(rf"\b{name}\b", path.read_text()))
        for path in sorted((DOCS.parent / "tests").glob("test_*.py"))
        if path.name not in ALL
    }
    named = [file for file, count in counts.items() if count]
    most = sorted(sorted(named, key=lambda file: -counts[file])[:MOST])
    links = ", ".join(f"{{download}}`tests/{f} <../../tests/{f}>`" for f in (*ALL, *most))
    more = f", and in {len(named) - MOST} more files of `tests/`" if len(named) > MOST else ""
    return ["", "## Tests", "", f"It passes `check_model`. Run by or named in {links}{more}."]


def _figure(name: str) -> list[str]:
    return [
        "",
        "## Response",
        "",
        f"![Response of {name}](figures/response_{name}.png)",
        "",
        f"With default parameters. Made by `python docs/response_figures.py {name}`, which solves the",
        "equations with SciPy: no white noise, counts at their mean, random draws from one seed.",
    ]


def page(name: str, kind: str) -> str:
    """The page of a model, in Markdown."""
    part = find_model(name)
    lines = [f"# {name}", "", f"*{kind}*: {part.summary}.", ""]
    lines += ["```python", f"from brian2_nmda.equations import {name}", "```", "", "## Equations", ""]
    lines += _typeset(part)
    lines += ["As text, as `replace` accepts it:", "", *sheets._equations(part), *sheets._in_full(part), ""]
    lines += sheets._ports(part)
    lines += [re.sub(r"^When (.*?): (.*)$", r"When `\1`: `\2`", line) for line in sheets._spikes(part)]
    for title, table in (
        ("Reactions", sheets._reactions(part)),
        ("States", sheets._states(part)),
        ("Parameters", sheets._parameters(part)),
    ):
        if table:
            lines += ["", f"## {title}", *map(_table_line, _filled(table))]
    if part.presets:
        lines += ["", "## Presets", "", f"`{name}.preset({next(iter(part.presets))!r})`"]
        presets = sheets._presets(part)
        end = presets.index("References:") if "References:" in presets else len(presets)
        lines += map(_table_line, presets[:end])
    lines += _figure(name)
    lines += ["", "## Description", "", "```{eval-rst}"]
    lines += [f".. autoclass:: brian2_nmda.equations.{name}", "```", *_tests(name)]
    return "\n".join(lines) + "\n"


def write(app: Any) -> None:
    """Write the pages of all models, and make the figures on them."""
    for failure in response_figures.refresh():
        _log.warning(failure)
    texts, index = {}, INDEX
    rows = models()
    said = {r["name"]: r["summary"] for r in rows}
    for kind in dict.fromkeys(r["kind"] for r in rows):
        names = [r["name"] for r in rows if r["kind"] == kind]
        texts |= {f"{n}.md": page(n, kind) for n in names}
        index += f"## {kind.capitalize()}\n\n```{{toctree}}\n:hidden:\n\n" + "\n".join(names) + "\n```\n\n"
        index += "".join(f"- [{n}]({n}.md): {said[n]}\n" for n in names) + "\n"
    texts["index.md"] = index
    write_pages(Path(app.srcdir) / FOLDER, texts)


class LinkModels(SphinxPostTransform):
    """The name of a model, written as code, leads to its page."""

    default_priority = 500

    def run(self, **_: Any) -> None:
        """Wrap each such name in a reference."""
        here = self.env.docname
        known = set(brian2_nmda.equations.__all__)
        for literal in list(self.document.findall(nodes.literal)):
            name = literal.astext()
            if name not in known or here == f"{FOLDER}/{name}":
                continue
            if isinstance(literal.parent, (nodes.reference, nodes.title)):
                continue
            goal = self.app.builder.get_relative_uri(here, f"{FOLDER}/{name}")
            link = nodes.reference("", "", internal=True, refuri=goal)
            literal.replace_self(link)
            link += literal


def setup(app: Any) -> dict[str, Any]:
    """Write the pages at the start, and link names at the end."""
    app.connect("builder-inited", write)
    app.add_post_transform(LinkModels)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
