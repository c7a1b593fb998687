"""A sheet of equations, parameters and sources."""

import inspect
from typing import Any

import sympy

from brian2_nmda.symbolic.expressions import to_text
from brian2_nmda.symbolic.part import Part, Pulse


def sheet(model: Any) -> str:
    """Equations, parameters and sources of a part or model as Markdown.

    Parameters
    ----------
    model : Part or SynapseModel

    Returns
    -------
    str
        Of a part also what happens at spikes, its reaction table, its presets and its references.

    Examples
    --------
    >>> from brian2_nmda import JahrStevens
    >>> from brian2_nmda.export.sheet import sheet
    >>> print(sheet(JahrStevens()).splitlines()[4])
        block = 1/(1 + Mg*exp(-k*v)/K)
    """
    lines = [f"# {model.name}", ""]
    part = model if isinstance(model, Part) else None
    if part is not None and part.summary:
        lines += [part.summary + ".", ""]
    lines += [f"    {name} = {_text(e)}" for name, e in model.equations.items()]
    if part is not None:
        lines += _spikes(part) + _reactions(part)
    lines += _parameters(model)
    if part is not None:
        lines += _presets(part)
    return "\n".join(lines) + "\n"


def _text(expression: sympy.Expr) -> str:
    return str(expression) if expression.has(Pulse) else to_text(expression)


def _spikes(part: Part) -> list[str]:
    t = part.template
    late = f"Later than a presynaptic spike by {t.latency}:"
    lines = []
    for title, changes in (
        ("At a presynaptic spike, in this order:", t.on_spike),
        (late, t.on_late_spike),
        ("At a postsynaptic spike, in this order:", t.on_post_spike),
    ):
        if changes:
            lines += ["", title, "", *(f"    {n} <- {_text(e)}" for n, e in changes.items())]
    for event in t.events:
        changes = ", ".join(f"{n} <- {_text(e)}" for n, e in event.changes.items())
        lines += ["", f"When {_text(event.condition)}: {changes}"]
    return lines


def _reactions(part: Part) -> list[str]:
    if not part.template.reactions:
        return []
    lines = ["", "| from | to | forward | backward |", "|---|---|---|---|"]
    return lines + [
        f"| {r.source} | {r.target} | {_text(r.forward)} | {_text(r.backward)} |"
        for r in part.template.reactions
    ]


def _parameters(model: Any) -> list[str]:
    rows = model.parameters
    if not rows:
        return []
    lines = ["", "| parameter | value | meaning | source | status |", "|---|---|---|---|---|"]
    return lines + [
        f"| {r['name']} | {r['value']} | {r['meaning']} | {r['source']} | {r['status']} |" for r in rows
    ]


def _presets(part: Part) -> list[str]:
    lines = []
    if part.presets:
        lines += ["", "| preset | values | source | status |", "|---|---|---|---|"]
        for name, p in part.presets.items():
            values = ", ".join(f"{n} = {v}" for n, v in p.values.items()) or "the defaults"
            lines.append(f"| {name} | {values} | {p.source} | {p.status} |")
    text = inspect.getdoc(type(part)) or ""
    if "References\n----------" in text:
        lines += ["", "References:", "", text.split("References\n----------\n")[1].strip()]
    return lines
