"""What a mechanism need not compute twice: calls that recur in a block, and the slope of the current."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import sympy

from brian2_nmda.symbolic.expressions import exprel, symbol

#: What takes as long as all the rest of an equation, and has a derivative.
_CALLS = (sympy.exp, sympy.log, sympy.sinh, sympy.cosh, sympy.tanh, sympy.sin, sympy.cos, sympy.tan, exprel)
#: Of these the slope of a current is written; others have a kink, or a derivative that NMODL does not know.
_SMOOTH = _CALLS[:-1]


def shared(
    expressions: Sequence[sympy.Expr], without: Collection[str], taken: Collection[str]
) -> tuple[dict[str, sympy.Expr], list[sympy.Expr]]:
    """Name the function calls that occur more than once.

    Parameters
    ----------
    expressions : sequence of sympy.Expr
        Of one block.
    without : collection of str
        A call that reads one of these stays where it is: NEURON differentiates rates by their states.
    taken : collection of str
        Names that a new one must not have.

    Returns
    -------
    calls : dict
        What is computed first, in this order.
    rewritten : list of sympy.Expr
        The expressions, with the new names.
    """
    counts: Counter[sympy.Expr] = Counter()
    for e in expressions:
        counts.update(x for x in sympy.preorder_traversal(e) if _is_call(x))
    often = [x for x, k in counts.items() if k > 1 and not {s.name for s in x.free_symbols} & set(without)]
    calls: dict[str, sympy.Expr] = {}
    names: dict[sympy.Expr, sympy.Expr] = {}
    rewritten, number = list(expressions), 0
    for x in sorted(often, key=lambda x: (sympy.count_ops(x), str(x))):  # what is inside comes first
        number += 1
        while f"call_{number}" in taken:
            number += 1
        call = x.xreplace(names)
        names[call] = symbol(f"call_{number}")
        calls[f"call_{number}"] = call
        rewritten = [e.xreplace({call: names[call]}) for e in rewritten]
    return calls, rewritten


def _is_call(x: sympy.Basic) -> bool:
    return isinstance(x, _CALLS) or (isinstance(x, sympy.Pow) and not x.exp.is_Rational)


def slope(
    current: sympy.Expr, definitions: Mapping[str, sympy.Expr], order: Sequence[str]
) -> sympy.Expr | None:
    """The derivative of a current by the voltage, with all states fixed.

    Parameters
    ----------
    current : sympy.Expr
        In terms of the voltage, and of what is defined.
    definitions : mapping of str to sympy.Expr
        What may depend on the voltage.
    order : sequence of str
        Their names, each after those that it reads.

    Returns
    -------
    sympy.Expr or None
        None where the current has no derivative, or one that is no plain arithmetic.
    """
    v = symbol("v")
    slopes: dict[str, sympy.Expr] = {}
    for name in order:
        found = _derivative(definitions[name], v, slopes)
        if found is None:
            return None
        if found != 0:
            slopes[name] = found.subs(definitions[name], symbol(name))
    return _derivative(current, v, slopes)


def _derivative(e: sympy.Expr, v: sympy.Symbol, slopes: Mapping[str, sympy.Expr]) -> sympy.Expr | None:
    inner = [symbol(n) for n in slopes if e.has(symbol(n))]
    if not inner and not e.has(v):
        return sympy.S.Zero
    if not all(isinstance(f, _SMOOTH) for f in e.atoms(sympy.Function)) or e.has(sympy.Min, sympy.Max):
        return None
    return e.diff(v) + sympy.Add(*(e.diff(n) * slopes[n.name] for n in inner))
