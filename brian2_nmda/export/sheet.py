"""A sheet of equations, parameters and sources."""

from typing import Any

from brian2_nmda.symbolic.expressions import to_text
from brian2_nmda.symbolic.part import Pulse


def sheet(model: Any) -> str:
    """Equations and parameters of a part or model as Markdown.

    Parameters
    ----------
    model : Part or SynapseModel

    Returns
    -------
    str

    Examples
    --------
    >>> from brian2_nmda import JahrStevens
    >>> from brian2_nmda.export.sheet import sheet
    >>> print(sheet(JahrStevens()).splitlines()[2])
        block = 1/(1 + Mg*exp(-k*v)/K)
    """
    lines = [f"# {model.name}", ""]
    for name, expression in model.equations.items():
        text = str(expression) if expression.has(Pulse) else to_text(expression)
        lines.append(f"    {name} = {text}")
    rows = model.parameters
    if rows:
        lines += ["", "| parameter | value | meaning | source | status |", "|---|---|---|---|---|"]
    for r in rows:
        value = r["value"] if isinstance(r["value"], str) else str(r["value"])
        lines.append(f"| {r['name']} | {value} | {r['meaning']} | {r['source']} | {r['status']} |")
    return "\n".join(lines) + "\n"
