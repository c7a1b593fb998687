"""What all figures share: colours that the colour-blind tell apart, and axes to draw into."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

#: Okabe & Ito (2008), without the yellow that paper swallows.
COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
GREY = "0.6"


def colour(k: int) -> str:
    """The colour of the k-th line."""
    return COLOURS[k % len(COLOURS)]


def marker(k: int) -> str:
    """The marker of the k-th line."""
    return MARKERS[k % len(MARKERS)]


def axes_or_new(axes: Axes | None, size: tuple[float, float] = (6, 3.8)) -> Axes:
    """The axes that were given, or those of a new figure (``axes.figure``) that no window shows."""
    if axes is None:
        axes = Figure(figsize=size, layout="constrained").add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return axes
