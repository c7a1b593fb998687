"""The pages of the examples, from their docstrings and the figures that are kept, before Sphinx reads."""

import ast
import json
from pathlib import Path
from typing import Any

from pages import write_pages

DOCS = Path(__file__).parents[1]
FOLDER = "reference/examples"

INDEX = """# Examples

Each picture leads to the script that draws it. Nothing is run when this site is built: the pictures were made
by the scripts and are kept. Scripts of one task each are in [How-to](../../howto/index.md).

"""


def scripts() -> dict[str, tuple[str, str]]:
    """Title and description of each example, by its name."""
    found = {}
    for path in sorted((DOCS.parent / "examples").glob("*.py")):
        text = ast.get_docstring(ast.parse(path.read_text())) or path.stem
        first, _, rest = text.partition("\n\n")
        title, _, more = " ".join(first.split()).rstrip(".").partition(": ")
        found[path.stem] = (title, f"{more[:1].upper()}{more[1:]}.\n\n{rest}" if more else rest)
    return found


def figure(name: str) -> str:
    """The kept figure of an example; where a how-to has the same name, that one is another."""
    return f"{name}_example.png" if (DOCS / "howto" / f"{name}.py").exists() else f"{name}.png"


def has_figure(name: str) -> bool:
    """Whether a figure of the example is kept."""
    return (DOCS / "figures" / figure(name)).exists()


def page(name: str, title: str, rest: str) -> str:
    """The page of an example, in Markdown; its description is reStructuredText, as docstrings are."""
    lines = [f"# {title}", "", "```{eval-rst}", rest, "```", ""] if rest else [f"# {title}", ""]
    if has_figure(name):
        lines += [f"![Figure of the script](../../figures/{figure(name)})", ""]
    lines += [f"Made by `python examples/{name}.py`" + (":" if has_figure(name) else "; no figure is kept:")]
    lines += ["", f"```{{literalinclude}} ../../../examples/{name}.py", ":language: python", "```", ""]
    return "\n".join(lines)


def notebooks() -> dict[str, str]:
    """The page of each notebook, in Markdown, by its name: what its cells say, without results."""
    pages = {}
    for path in sorted((DOCS.parent / "examples").glob("*.ipynb")):
        cells = json.loads(path.read_text())["cells"]
        texts = [
            f"```python\n{''.join(c['source'])}\n```" if c["cell_type"] == "code" else "".join(c["source"])
            for c in cells
        ]
        link = (
            f"{{download}}`Download the notebook <../../../examples/{path.name}>`, and run it with Jupyter."
        )
        pages[path.stem] = "\n\n".join([texts[0], link, *texts[1:], ""])
    return pages


def index(found: dict[str, tuple[str, str]]) -> str:
    """The page with the pictures."""
    kept = notebooks()
    titles = {name: text.splitlines()[0].removeprefix("# ") for name, text in kept.items()}
    lines = ["```{toctree}", ":hidden:", "", *found, *kept, "```", ""]
    lines += ["A notebook to begin with: " + ", ".join(f"[{t}]({n}.md)" for n, t in titles.items()) + "."]
    lines += ["", "::::{container} gallery", ""]
    for name in filter(has_figure, found):
        title = found[name][0]
        lines += [
            f"```{{figure}} ../../figures/{figure(name)}",
            f":target: {name}.html",
            f":alt: {title}",
            "",
        ]
        lines += [f"[{title}]({name}.md)", "```", ""]
    lines += ["::::", ""]
    bare = [f"- [{title}]({name}.md)" for name, (title, _) in found.items() if not has_figure(name)]
    lines += ["Without a kept picture:", "", *bare] if bare else []
    return INDEX + "\n".join(lines) + "\n"


def write(app: Any) -> None:
    """Write the pages of all examples."""
    found = scripts()
    texts = {f"{name}.md": page(name, *said) for name, said in found.items()} | {"index.md": index(found)}
    texts |= {f"{name}.md": text for name, text in notebooks().items()}
    write_pages(Path(app.srcdir) / FOLDER, texts)


def setup(app: Any) -> dict[str, Any]:
    """Write the pages at the start."""
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
