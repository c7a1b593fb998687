"""Pictures of what a model is made of: its plan as a table, its parts and its Markov schemes as graphs."""

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import sympy
from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

from brian2_nmda.conformance.subject import synapse_for
from brian2_nmda.lowering.plan import Plan
from brian2_nmda.plotting.style import GREY, axes_or_new, colour
from brian2_nmda.symbolic.composition import SynapseModel
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.part import Part
from brian2_nmda.symbolic.system import Scheme, System, occupied
from brian2_nmda.symbolic.template import Pulse

#: Columns of a plan: heading, width in characters.
_COLUMNS = (("variable", 18), ("lives on", 18), ("integrated by", 24), ("why", 40), ("error bound", 13))
_CHARACTER, _LINE = 0.072, 0.145  # inches of 8 points in a monospaced font
#: Size of the largest box, in distances of a graph.
_BOX = (0.75, 0.35)
#: From the outermost nodes to the edge of the picture: half a box, and a little.
_RIM = (0.42, 0.25)
#: How far the middle of an arrow may lie beside its line, in half lengths, as tried one after the other; of
#: two arrows between the same parts each bends to its own side.
_BENDS = (0.0, 0.15, -0.15, 0.25, -0.25, 0.4, -0.4, 0.6, -0.6)
_BOTH_WAYS = (0.25, 0.4, 0.6)
_SPIKE = "presynaptic spike"
Edges = dict[tuple[str, str], list[str]]


def plot_plan(model: Any, axes: Axes | None = None) -> Axes:
    """Draw the plan of a model as a table: where each variable lives, how it is advanced, and why.

    Parameters
    ----------
    model : GlutamateSynapse, NMDASynapses, Plan or Part
        What has the plan.
    axes : matplotlib.axes.Axes, optional
        By default those of a new figure that is as large as the table.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> from brian2_nmda import BioNMDA, GlutamateSynapse
    >>> from brian2_nmda.plotting import plot_plan
    >>> [text.get_text() for text in plot_plan(GlutamateSynapse(BioNMDA())).texts][:2]
    ['variable', 'lives on']
    """
    plan: Plan = model if isinstance(model, Plan) else _synapse(model, "plan").plan
    heads = {name: name for name, _ in _COLUMNS}
    rows = [
        {name: textwrap.wrap(row[name], width) or [""] for name, width in _COLUMNS}
        for row in (heads, *plan.table)
    ]
    heights = [max(map(len, row.values())) + 0.5 for row in rows]
    width = sum(w + 2 for _, w in _COLUMNS)
    axes = axes_or_new(axes, (width * _CHARACTER, (sum(heights) + 1) * _LINE))
    axes.set(xlim=(0, width), ylim=(sum(heights), 0))
    axes.set_axis_off()
    y = 0.0
    for k, (row, height) in enumerate(zip(rows, heights, strict=True)):
        if k % 2:
            axes.axhspan(y, y + height, color="0.95", linewidth=0)
        x = 0.5
        for name, columns in _COLUMNS:
            axes.text(
                x, y + 0.3, "\n".join(row[name]), family="monospace", fontsize=8, va="top",
                fontweight="normal" if k else "bold",
            )  # fmt: skip
            x += columns + 2
        y += height
    axes.axhline(heights[0], color="black", linewidth=0.8)
    return axes


def plot_parts(model: SynapseModel | Part, axes: Axes | None = None) -> Axes:
    """The parts of a model, from the presynaptic spike on; on an arrow stands what a part reads of another.

    Parameters
    ----------
    model : GlutamateSynapse or Part
        Whose parts are drawn.
    axes : matplotlib.axes.Axes, optional
        By default those of a new figure that is as large as the graph.

    Returns
    -------
    matplotlib.axes.Axes
        Everything may read the voltage, which has no arrows.

    Examples
    --------
    >>> from brian2_nmda import BioNMDA, GlutamateSynapse
    >>> from brian2_nmda.plotting import plot_parts
    >>> axes = plot_parts(GlutamateSynapse(BioNMDA()))
    >>> 'BioNMDA' in {text.get_text() for text in axes.texts}
    True
    """
    edges = _reads(_synapse(model).system)
    places = _positions(_SPIKE, edges)
    axes = _new_axes(axes, places, 2.1)
    boxes = _nodes(axes, places, {})
    covered = _covered(axes, boxes)
    for (source, target), names in edges.items():
        a, b = places[source], places[target]
        in_the_way = [box for node, box in covered.items() if node not in (source, target)]
        bend = _bend(a, b, in_the_way, _BOTH_WAYS if (target, source) in edges else _BENDS)
        _arrow(axes, [a, b], [boxes[source], boxes[target]], "-|>", bend)
        if names:
            apart = np.subtract(b, a) @ [[0, -1], [1, 0]]  # to the side to which the arrow bends
            shift = 0.5 * bend * apart
            others = [place for node, place in places.items() if node not in (source, target)]
            along = _free(a + shift, b + shift, others) * np.subtract(b, a)
            _beside(axes, tuple(a + shift + along), tuple(b + shift + along), ",\n".join(names), 0)
    return axes


def plot_scheme(model: SynapseModel | Part, label: str | None = None, axes: Axes | None = None) -> Axes:
    """The Markov scheme of a receptor or channel: its states, and the rates between them.

    Parameters
    ----------
    model : GlutamateSynapse or Part
        One of whose parts has a scheme.
    label : str, optional
        Of the part; needed where several have a scheme.
    axes : matplotlib.axes.Axes, optional
        By default those of a new figure that is as large as the graph.

    Returns
    -------
    matplotlib.axes.Axes
        Above a line stands the rate to the right, below it that to the left. Names are without the label; a
        long rate is shown by what it depends on.

    Raises
    ------
    ModelError
        If there is no such scheme, or there are several and no label is given.

    Examples
    --------
    >>> from brian2_nmda import GlutamateSynapse
    >>> from brian2_nmda.equations import FiveStateNMDA
    >>> from brian2_nmda.plotting import plot_scheme
    >>> axes = plot_scheme(GlutamateSynapse(FiveStateNMDA()))
    >>> [text.get_text() for text in axes.texts][:5]
    ['C0', 'C1', 'C2', 'D', 'O']
    """
    label, scheme = _scheme(_synapse(model).system, label)
    places = _positions(occupied(scheme)[0], [(r.source.name, r.target.name) for r in scheme.reactions])
    axes = _new_axes(axes, places, 1.55)
    boxes = _nodes(axes, places, {n: n.removesuffix(f"_{label}") for n in places})
    for r in scheme.reactions:
        a, b = r.source.name, r.target.name
        there, back = (_rate_text(e, label) for e in (r.forward, r.backward))
        if places[b] < places[a]:
            a, b, there, back = b, a, back, there
        style = "<|-|>" if there and back else "-|>" if there else "<|-"
        _arrow(axes, [places[a], places[b]], [boxes[a], boxes[b]], style)
        _beside(axes, places[a], places[b], there, 1)
        _beside(axes, places[a], places[b], back, -1)
    axes.set_title(f"scheme of {label}", loc="left", fontsize=10)
    return axes


def _synapse(model: Any, needed: str = "system") -> Any:
    """A part in the smallest synapse in which it does its work, as `check_model` takes it."""
    model = synapse_for(model) if isinstance(model, Part) else model
    if not hasattr(model, needed):
        raise ModelError(f"this picture is of a GlutamateSynapse or a part; found {model!r}.")
    return model


# -- what reads what -------------------------------------------------------------------------------


def _name(owner: str) -> str:
    """The class of a part; its label where that says more."""
    name, _, label = owner.partition(" (")
    label = label.rstrip(")")
    return name if not label or label.lower() in name.lower() else f"{name}\n({label})"


def _reads(system: System) -> Edges:
    """From a part to the one that reads it: names of what is read."""
    classes: dict[str, str] = {}
    for owner in system.owner.values():  # a part without label is the same as the one with it
        plain = owner.partition(" (")[0]
        if owner != plain:
            classes.setdefault(plain, owner)
    owners = {n: classes.get(o, o) for n, o in system.owner.items()}
    found: Edges = {}

    def add(reader: str, expressions: Iterable[sympy.Expr]) -> None:
        for name in sorted({x.name for e in expressions for x in sympy.sympify(e, strict=True).free_symbols}):
            if name in system.parameters or name.startswith("g_total_"):
                continue
            if name in owners and _name(owners[name]) != reader:
                names = found.setdefault((_name(owners[name]), reader), [])
                if name not in names:
                    names.append(name)

    def reader_of(name: str) -> str:
        return _name(owners[name])

    for n, rate in system.rates.items():
        add(reader_of(n), [rate])
    for n, definition in system.definitions.items():
        add(reader_of(n), [definition.expression])
        if isinstance(definition.expression, Pulse):
            found.setdefault((_SPIKE, reader_of(n)), [])
    for changes in (system.on_spike, *(later.changes for later in system.later)):
        for n, e in changes.items():
            found.setdefault((_SPIKE, reader_of(n)), [])
            add(reader_of(n), [e])
    for n, e in system.on_post_spike.items():
        add(reader_of(n), [e])
    for total in system.totals.values():
        add(_name(total.owner), [total.expression])
    for receptor in system.receptors:
        add(reader_of(f"E_{receptor.label}"), [receptor.conductance, receptor.current])
    return found


# -- layout ----------------------------------------------------------------------------------------


def _positions(first: str, edges: Iterable[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    """Nodes at distances on paper that are near those on the graph (stress majorisation), from left to right.

    Deterministic: it starts from columns by the distance from the first node.
    """
    edges = list(edges)
    nodes = list(dict.fromkeys([first, *(n for edge in edges for n in edge)]))
    n = len(nodes)
    steps = np.full((n, n), np.inf)
    np.fill_diagonal(steps, 0)
    for a, b in edges:
        steps[nodes.index(a), nodes.index(b)] = steps[nodes.index(b), nodes.index(a)] = 1
    for k in range(n):
        steps = np.minimum(steps, steps[:, [k]] + steps[[k], :])
    steps[np.isinf(steps)] = n / 2  # nothing leads there
    x = np.array([[steps[0, k], 0.8 * np.sum(steps[0, :k] == steps[0, k]) + 0.01 * k] for k in range(n)])
    weights = 1 / np.maximum(steps, 0.5) ** 2
    np.fill_diagonal(weights, 0)
    moved = np.linalg.pinv(np.diag(weights.sum(1)) - weights)
    for _ in range(400):
        apart = np.linalg.norm(x[:, None] - x[None], axis=-1)
        pull = weights * steps / np.maximum(apart, 1e-9)
        x = moved @ (np.diag(pull.sum(1)) - pull) @ x
    along = np.linalg.svd(x - x.mean(0))[2]  # the longest axis is the horizontal one
    x = (x - x.mean(0)) @ along.T
    x *= np.where(x[0] > 0, -1, 1) * [1, -1]  # the first node is on the left, and above
    for _ in range(50):  # boxes are wide: those that would overlap are moved apart
        dx, dy = x[:, None, 0] - x[None, :, 0], x[:, None, 1] - x[None, :, 1]
        near = (np.abs(dx) < _BOX[0]) & (np.abs(dy) < _BOX[1]) & ~np.eye(n, dtype=bool)
        if not near.any():
            break
        above = np.where(dy == 0, np.sign(np.arange(n)[None] - np.arange(n)[:, None]), np.sign(dy))
        x[:, 1] += 0.55 * (near * above * (_BOX[1] - np.abs(dy))).sum(1)
    return {node: (float(a), float(b)) for node, (a, b) in zip(nodes, x, strict=True)}


def _new_axes(axes: Axes | None, places: Mapping[str, tuple[float, float]], scale: float) -> Axes:
    """The axes that were given, or new ones of the size of the graph; with one scale for both."""
    x, y = np.array(list(places.values())).T
    width, height = np.ptp(x) + 2 * _RIM[0], np.ptp(y) + 2 * _RIM[1]
    axes = axes_or_new(axes, (scale * width, scale * height))
    axes.set(
        xlim=(x.min() - _RIM[0], x.max() + _RIM[0]),
        ylim=(y.min() - _RIM[1], y.max() + _RIM[1]),
        aspect="equal",
    )
    axes.set_axis_off()
    return axes


# -- drawing ---------------------------------------------------------------------------------------

_WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}


def _nodes(axes: Axes, places: Mapping[str, tuple[float, float]], texts: Mapping[str, str]) -> dict[str, Any]:
    """Boxes with names; what arrows end at."""
    found = {}
    for node, (x, y) in places.items():
        box = {
            "boxstyle": "round,pad=0.4", "facecolor": "white", "linewidth": 1.5,
            "edgecolor": GREY if node == _SPIKE else colour(1),
        }  # fmt: skip
        text = texts.get(node, node)
        found[node] = axes.text(x, y, text, ha="center", va="center", fontsize=9, zorder=4, bbox=box)
    return {node: text.get_bbox_patch() for node, text in found.items()}


def _covered(axes: Axes, boxes: Mapping[str, Any]) -> dict[str, Bbox]:
    """What boxes cover, in the coordinates of the graph, with a rim; known once the figure is laid out."""
    axes.figure.canvas.figure.draw_without_rendering()
    found = {}
    for node, box in boxes.items():
        extent = box.get_window_extent()
        found[node] = extent.padded(0.05 * axes.figure.dpi).transformed(axes.transData.inverted())
    return found


def _bend(
    a: tuple[float, float], b: tuple[float, float], others: Iterable[Bbox], bends: Iterable[float]
) -> float:
    """The first bend with which an arrow passes by all other boxes; if there is none, the first."""
    bends, others = list(bends), list(others)
    s = np.linspace(0, 1, 101)[:, None]
    for bend in bends:
        corner = np.add(a, b) / 2 + bend * (np.subtract(b, a) @ [[0, -1], [1, 0]])
        curve = (1 - s) ** 2 * np.array(a) + 2 * s * (1 - s) * corner + s**2 * np.array(b)
        if not any(np.any([box.contains(x, y) for x, y in curve]) for box in others):
            return bend
    return bends[0]


def _arrow(
    axes: Axes, ends: list[tuple[float, float]], boxes: list[Any], style: str, bend: float = 0
) -> None:
    """From box to box; drawn after them, since a box has its place only then."""
    axes.annotate(
        "", ends[1], ends[0], zorder=5,
        arrowprops={
            "arrowstyle": style, "color": "0.4", "patchA": boxes[0], "patchB": boxes[1], "shrinkA": 2,
            "shrinkB": 2, "connectionstyle": f"arc3,rad={bend}",
        },
    )  # fmt: skip


def _free(a: np.ndarray, b: np.ndarray, others: Iterable[tuple[float, float]]) -> float:
    """How far from the middle of a line, in its lengths, a text does not lie on another box."""
    for moved in (0.0, 0.15, -0.15, 0.25, -0.25):
        middle = (0.5 - moved) * a + (0.5 + moved) * b
        if not any(np.all(np.abs(np.subtract(other, middle)) < (0.45, 0.27)) for other in others):
            return moved
    return 0.0


def _beside(axes: Axes, a: tuple[float, float], b: tuple[float, float], text: str, side: float) -> None:
    """A text in the middle of a line, along it: above it (side 1), below it (-1) or on it (0)."""
    (x, y), (dx, dy) = np.add(a, b) / 2, np.subtract(b, a)
    turn = np.degrees(np.arctan2(dy, dx))
    turn = (turn + 90) % 180 - 90  # never upside down
    normal = np.array([-np.sin(np.radians(turn)), np.cos(np.radians(turn))])
    x, y = np.array([x, y]) + 0.09 * side * normal
    axes.text(
        x, y, text, fontsize=8, ha="center", va="center", rotation=turn, rotation_mode="anchor", zorder=6,
        bbox=_WHITE,
    )  # fmt: skip


# -- schemes ---------------------------------------------------------------------------------------


def _scheme(system: System, label: str | None) -> tuple[str, Scheme]:
    """The scheme of a label, found by the names of its states."""
    known = {}
    for scheme in system.schemes:
        name = occupied(scheme)[0]
        owner = system.owner[name]
        known[owner.partition(" (")[2].rstrip(")") or owner] = scheme
    if label is None and len(known) == 1:
        label = next(iter(known))
    if label not in known:
        found = ", ".join(known) or "none"
        raise ModelError(f"plot_scheme: name a part with a Markov scheme by label=; there are {found}.")
    return label, known[label]


def _rate_text(rate: sympy.Expr, label: str) -> str:
    """A rate with plain names, shortened where it is long."""
    rate = sympy.sympify(rate, strict=True)
    if rate == 0:
        return ""
    plain = {x: sympy.Symbol(x.name.removesuffix(f"_{label}")) for x in rate.free_symbols}
    text = str(rate.xreplace(plain)).replace("**", "^").replace("*", " ")
    if len(text) <= 22:
        return text
    read = sorted({x.name for x in plain.values()} & {"v", "T", "Mg", "Ca"})
    return f"f({', '.join(read)})" if read else "..."
