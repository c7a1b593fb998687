"""A sheet of equations, parameters and sources."""

import inspect
import re
from typing import Any

import numpy as np
import sympy
from brian2.units import hertz
from brian2.units.fundamentalunits import Quantity

from brian2_nmda.symbolic.expressions import base_powers, symbol, to_text
from brian2_nmda.symbolic.kinds import Antagonist, ChannelBlocker, CoAgonist, NeuronFragment, Receptor
from brian2_nmda.symbolic.part import Part, Pulse, Total

__all__ = ["sheet"]

#: Characters of an equation above which it is printed at the end.
_READABLE = 300


def sheet(model: Any) -> str:
    """Return equations, parameters and sources of a part or model as Markdown.

    Parameters
    ----------
    model : Part or SynapseModel
        A part, or a whole synapse.

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
    if part is None:
        lines += [f"    {name} = {_text(e)}" for name, e in model.equations.items()]
    else:
        lines += _equations(part) + _ports(part) + _spikes(part) + _reactions(part) + _states(part)
    lines += _parameters(model)
    if part is not None:
        lines += _notes(part) + _presets(part) + _in_full(part)
    return "\n".join(lines) + "\n"


def _text(expression: sympy.Expr) -> str:
    if expression.has(Pulse):
        return str(expression)
    sums = sorted(expression.atoms(Total), key=str)  # no function of Brian2: printed by hand
    names = {total: symbol(f"total_number_{k}") for k, total in enumerate(sums)}
    text = to_text(expression.xreplace(names))
    for total, name in names.items():
        text = text.replace(name.name, f"Total({_text(total.args[0])})")
    return text


def _equations(part: Part) -> list[str]:
    """Of the part itself, then of the parts that it contains, which may use the same names."""
    lines = []
    for name, expression in part.own_equations.items():
        text = _text(expression)
        if len(text) > _READABLE:
            definition = part.template.definitions.get(name)
            meaning = f"{definition.meaning}; " if definition is not None and definition.meaning else ""
            text = f"... ({meaning}{len(text)} characters, see the end)"
        lines.append(f"    {name} = {text}")
    for name, child in part.children.items():
        if child is not None and child.own_equations:
            lines += ["", f"{name}: {child.name}", "", *_equations(child)]
    return lines


def _in_full(part: Part) -> list[str]:
    """Equations that nobody reads, to be copied."""
    parts = [part, *filter(None, part.children.values())]
    texts = [(name, _text(e)) for p in parts for name, e in p.own_equations.items()]
    lines = [f"    {name} = {text}" for name, text in texts if len(text) > _READABLE]
    return ["", "In full:", "", *lines] if lines else []


def _ports(part: Part) -> list[str]:
    """Where the part lives, what it reads of others and gives to them."""
    t, lines = part.template, []
    if part.place:
        lines.append(
            f"Lives once for each {part.place}" + (f", with steps of {part.dt}." if part.dt else ".")
        )
    lines += [f"Reads `{need.port}` as {name}. {need.meaning}".rstrip() for name, need in t.needs.items()]
    for name, gift in t.gives.items():
        several = "" if gift.combine == "one" else f" (several parts: {gift.combine})"
        lines.append(f"Gives `{name}`{several}. {gift.meaning}".rstrip())
    return [x for line in lines for x in ("", line)]


def _states(part: Part) -> list[str]:
    t = part.template
    if not t.states:
        return []
    lines = ["", "| state | on the synapses | start | interval | meaning |", "|---|---|---|---|---|"]
    occupied = {x.name for r in t.reactions for x in r.states}
    label = part.label or ("" if isinstance(part, NeuronFragment) else part.name)
    if isinstance(part, (CoAgonist, Antagonist, ChannelBlocker)):  # named after its receptor, too
        label = f"{part.default_label}_NMDA"
    for name, s in t.states.items():
        seen = f"S.{name}" if s.bare or not label else f"S.{name}_{label}"
        if isinstance(part, NeuronFragment):
            seen = f"{name} of the neuron"
        start = "in equilibrium" if name in occupied else _text(s.initial)
        low, high = ("" if b is None else str(b) for b in s.within)
        kind = "; a whole number" * (s.count and not t.deterministic)
        kind += f"; at '{s.place}'" * bool(s.place)
        lines.append(f"| {name} | {seen} | {start} | {low} ... {high} | {s.meaning}{kind} |")
    if isinstance(part, Receptor) and t.on_spike:  # linear kinetics, if weights do not change
        lines += [
            "",
            "Where the plan says `summed over synapses`, no synapse has them: read "
            f"`g_total_{part.label}` of the neuron.",
        ]
    return lines


def _value(value: Any) -> str:
    """A value in volt, second and molar where Brian2 would print kilogram and metre."""
    if isinstance(value, Quantity) and value.dim is hertz.dim and np.size(value) == 1:
        rate = float(np.asarray(value))  # in these fields nobody reads mHz and kHz as rate constants
        return f"{rate / 1000:.6g}/ms" if abs(rate) >= 1000 else f"{rate:.6g}/s"
    text = f"{value:g}" if isinstance(value, float) and not isinstance(value, Quantity) else str(value)
    text = re.sub(r"\(([^()]*)\)\^-1$", r"/(\1)", text).replace(" /(", "/(")
    text = f"1{text}" if text.startswith("/") else text
    if not isinstance(value, Quantity) or not ("kg" in text or "mol" in text):
        return text
    by_base = dict(zip(("m", "kg", "s", "A", "K", "mol", "cd"), base_powers(value.dim), strict=True))
    volt, molar = by_base["kg"], by_base["mol"]
    ampere = by_base["A"] + volt
    second = by_base["s"] + 3 * volt
    if by_base["m"] - 2 * volt + 3 * molar or by_base["K"] or by_base["cd"]:
        return text
    powers = (("V", volt), ("A", ampere), ("mM", molar), ("s", second))
    units = " ".join(n if p == 1 else f"{n}^{p:g}" for n, p in powers if p)
    return f"{float(np.asarray(value)):.6g} {units}"


def _spikes(part: Part) -> list[str]:
    t = part.template
    whose = "spike of the neuron" if isinstance(part, NeuronFragment) else "presynaptic spike"
    lines = []
    for title, changes in (
        (f"At a {whose}, in this order:", t.on_spike),
        *((f"Later than a presynaptic spike by {on.trigger.latency}:", on.changes) for on in t.later),
        ("At a postsynaptic spike, in this order:", t.on_post_spike),
    ):
        if changes:
            lines += ["", title, "", *(f"    {n} <- {_text(e)}" for n, e in changes.items())]
    for event in t.events:
        what = ", ".join(f"{n} <- {_text(e)}" for n, e in event.changes.items())
        lines += ["", f"When {_text(event.condition)}: {what}"]
    return lines


def _reactions(part: Part) -> list[str]:
    table = (*part.template.reactions, *part.template.exchanges)
    if not table:
        return []
    lines = ["", "| from | to | forward | backward |", "|---|---|---|---|"]
    return lines + [
        f"| {_together(r)} | {r.target or 'outside'} | {_text(r.forward)} | {_text(r.backward)} |"
        for r in table
    ]


def _together(reaction: Any) -> str:
    """What reacts, in words."""
    alone = str(reaction.source or "outside")
    return alone if reaction.partner is None else f"{alone} + {reaction.partner}"


def _parameters(model: Any) -> list[str]:
    rows = model.parameters
    if not rows:
        return []
    lines = ["", "| parameter | value | meaning | source | status |", "|---|---|---|---|---|"]
    return lines + [
        f"| {r['name']} | {_value(r['value'])} | {r['meaning']} | {r['source']} | {r['status']} |"
        for r in rows
    ]


def _notes(part: Part) -> list[str]:
    """What the documentation of a model says beyond its first line and its formulas, caveats included."""
    text = (inspect.getdoc(type(part)) or "").partition("\n\n")[2]
    text = re.split(r"(?m)^\w[\w ]*\n-{3,}$", text)[0]  # its sections are shown elsewhere
    paragraphs = [p for p in text.split("\n\n") if p.strip() and not p.startswith((".. math", " "))]
    return [x for p in paragraphs for x in ("", p.strip())]


def _presets(part: Part) -> list[str]:
    lines = []
    if part.presets:
        lines += ["", "| preset | values | source | status |", "|---|---|---|---|"]
        for name, p in part.presets.items():
            values = ", ".join(f"{n} = {_value(v)}" for n, v in p.values.items()) or "the defaults"
            lines.append(f"| {name} | {values} | {p.source} | {p.status} |")
    text = inspect.getdoc(type(part)) or ""
    if "References\n----------" in text:
        lines += ["", "References:", "", text.split("References\n----------\n")[1].strip()]
    return lines
