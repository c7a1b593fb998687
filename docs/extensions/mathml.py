"""Formulas as MathML, which browsers typeset themselves: no script, no font and no network."""

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

_log = logging.getLogger(__name__)


def _mathml(node: nodes.Element, display: str) -> str:
    text = node.astext().strip()
    if display == "block" and r"\begin" not in text and r"\\" in text:
        text = rf"\begin{{aligned}}{text}\end{{aligned}}"
    try:
        found = convert(text, display=display)
    except Exception as error:  # whatever it raises, the page is named
        _log.warning("cannot typeset %s: %r", text, error, location=node)
        return f"<code>{text}</code>"
    if "\\" in found:
        _log.warning("a command of LaTeX that is not known: %s", text, location=node)
    return found


def visit_inline(translator: Any, node: nodes.math) -> None:
    """Write a formula in the line."""
    translator.body.append(_mathml(node, "inline"))
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    """Write a displayed formula, in a box that scrolls on narrow screens, with its number if it has one."""
    number = ""
    if node.get("number"):
        number = f'<span class="eqno">({get_node_equation_number(translator, node)})</span>'
    anchor = "".join(f' id="{i}"' for i in node.get("ids", [])[:1])
    translator.body.append(f'<div class="formula"{anchor}>{number}{_mathml(node, "block")}</div>\n')
    raise nodes.SkipNode


def setup(app: Any) -> dict[str, Any]:
    """Register the renderer that ``html_math_renderer = "mathml"`` chooses."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
