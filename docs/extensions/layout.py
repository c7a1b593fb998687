"""What a narrow screen needs: a figure opens at its full size, and a number stays with its unit."""

import re
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

#: A space between a number and its unit; the line is not broken there.
_UNIT = re.compile(
    r"(?<=\d) (?=(?:mV|ms|s|min|h|Hz|nS|pA|ns|us|µs|mM|µM|uM|nM|pF|°C|MB|GB|kB|synapses|cores)\b|%)"
)
_UNTOUCHED = (nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw, nodes.comment)


class OpenFigures(SphinxPostTransform):
    """A figure is a link to its file, unless it leads elsewhere: Sphinx links those that have a scale."""

    default_priority = 400

    def run(self, **_: Any) -> None:
        """Give each figure the scale that it has."""
        for image in self.document.findall(nodes.image):
            image.setdefault("scale", 100)


class KeepUnits(SphinxPostTransform):
    """A number and its unit stand in one line."""

    default_priority = 900

    def run(self, **_: Any) -> None:
        """Replace the space between them."""
        for text in list(self.document.findall(nodes.Text)):
            kept = _UNIT.sub("\N{NO-BREAK SPACE}", text)
            if kept != text and not isinstance(text.parent, _UNTOUCHED):
                text.parent.replace(text, nodes.Text(kept))


def setup(app: Any) -> dict[str, Any]:
    """Register both."""
    app.add_post_transform(OpenFigures)
    app.add_post_transform(KeepUnits)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
