"""Typeset equations."""

from typing import Any

import sympy

from brian2_nmda.symbolic.expressions import symbol

_GREEK = {"alpha", "beta", "gamma", "theta", "tau", "kappa", "delta", "lambda", "rho", "sigma"}


def _name(name: str) -> str:
    r"""``tau_rise_NMDA`` as ``\tau_{rise,NMDA}``."""
    head, *rest = name.split("_")
    digits = ""
    while head and head[-1].isdigit():
        head, digits = head[:-1], head[-1] + digits
    rest = ([digits] if digits else []) + [r for r in rest if r]
    base = rf"\{head}" if head in _GREEK else (head if len(head) == 1 else rf"\mathrm{{{head}}}")
    return base + (f"_{{{','.join(rest)}}}" if rest else "")


def expression_latex(expression: sympy.Expr) -> str:
    """LaTeX of an expression, terms in the order in which SymPy keeps them."""
    expression = sympy.sympify(expression, strict=True)
    step = sympy.Function("H")  # SymPy prints Heaviside as theta, the name of our thresholds
    expression = expression.replace(lambda e: isinstance(e, sympy.Heaviside), lambda e: step(e.args[0]))
    names = {s: _name(s.name) for s in expression.free_symbols}
    return sympy.latex(expression, symbol_names=names, order="none", mul_symbol=r" \, ")


def latex(model: Any) -> str:
    """The equations of a part or model as an ``align*`` environment."""
    lines = []
    for left, right in model.equations.items():
        if left.startswith("d") and left.endswith("/dt"):
            lhs = rf"\frac{{d {_name(left[1:-3])}}}{{dt}}"
        else:
            lhs = expression_latex(symbol(left))
        lines.append(f"{lhs} &= {expression_latex(right)}")
    return "\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}"
