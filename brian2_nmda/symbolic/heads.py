r"""The voltage of a spine head, which the parts of a synapse read in place of that of the dendrite.

The head is in balance: what its receptors conduct leaves through the neck,

.. math:: v_{head} = v - R \sum_k G_k(v_{head})\,(v_{head} - E_k)

where :math:`G_k` is the open, unblocked conductance of receptor ``k``. The block makes this implicit. From
``v`` on, `SUBSTITUTIONS` values follow with the conductances at the value before,

.. math:: u' = \frac{v + R \sum_k G_k(u) E_k}{1 + R \sum_k G_k(u)}

and one step of Newton's method gives the voltage. The course within a step is held, like that of ``v``.

The target sums conductances. With all in balance the current through the neck is
:math:`\sum_k G_k (v - E_k)/(1 + R \sum_j G_j)`, whatever the reversal potentials, so that each receptor
gives the target the share :math:`G_k/(1 + R \sum_j G_j)`, without a block.
"""

from collections.abc import Callable, Mapping

import sympy
from brian2.units import siemens, volt
from brian2.units.fundamentalunits import Dimension

from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.system import ReceptorTerm, System

#: The voltage of the head, and the open conductance of all its receptors.
V_HEAD, G_HEAD = "v_head", "G_head"
#: How often the conductances are taken at the value before, ahead of Newton's step. With two the voltage is
#: off by at most 1e-4 mV while R times the conductance of each receptor is below 0.3, and by 0.02 mV below 1.
#: More would nest too deeply for SymPy.
SUBSTITUTIONS = 2

#: What Newton's method does not step across, and SymPy takes minutes to nest.
_CORNERS = (sympy.Min, sympy.Max, sympy.Heaviside, sympy.Abs, sympy.Piecewise)

_Define = Callable[[str, sympy.Expr, Dimension, str], sympy.Expr]


def give_head(
    system: System,
    resistance: sympy.Expr,
    owner: str,
    blocks: Mapping[str, sympy.Expr],
    where: str,
    define: _Define,
) -> None:
    """Define the voltage of the head, and let the receptors of ``system`` act on the target through the neck.

    Parameters
    ----------
    system : System
        With all parts in it, which read ``v_head``.
    resistance : sympy.Expr
    owner : str
        The part that has the neck.
    blocks : mapping of str to sympy.Expr
        The block of each receptor, by its label.
    where : str
        Name of the model, for messages.
    define : callable
        Adds a named expression to the system.

    Raises
    ------
    ModelError
        If the current of a receptor is none of its conductance times a driving force, or its block has
        corners.
    """
    head = symbol(V_HEAD)
    open_now, reversals = [], []
    for r in system.receptors:
        E, total = symbol(f"E_{r.label}"), symbol(r.total_name)
        if sympy.expand(r.current - total * blocks[r.label] * (symbol("v") - E)) != 0:
            raise ModelError(
                f"{where}: {owner} needs receptors with the current conductance*block*(v - E), but that of "
                f"'{r.label}' is {r.current}; leave out the neck, or write that receptor with this current."
            )
        conducts = _reaching_head(system, r.conductance * blocks[r.label])
        for corner in conducts.atoms(*_CORNERS):
            if corner.has(head):
                raise ModelError(
                    f"{where}: {owner} needs blocks that are smooth in the voltage, but that of '{r.label}' "
                    f"has {corner}; take another block, such as JahrStevens(), or leave out the neck."
                )
        open_now.append(conducts)
        reversals.append(E)

    def at(u: sympy.Expr) -> list[sympy.Expr]:
        return [e.xreplace({head: u}) for e in open_now]

    def total_at(u: sympy.Expr) -> sympy.Expr:
        return sympy.Add(*at(u))

    value: sympy.Expr = symbol("v")
    for k in range(1, SUBSTITUTIONS + 1):
        driven = sympy.Add(*(g * E for g, E in zip(at(value), reversals, strict=True)))
        balanced = (symbol("v") + resistance * driven) / (1 + resistance * total_at(value))
        value = define(f"{V_HEAD}_{k}", balanced, volt.dim, owner)
    current = sympy.Add(*(g * (value - E) for g, E in zip(at(value), reversals, strict=True)))
    excess = value - symbol("v") + resistance * current
    define(V_HEAD, value - excess / sympy.diff(excess, value), volt.dim, owner)
    everything = sympy.Add(*(r.conductance * blocks[r.label] for r in system.receptors))
    share = 1 / (1 + resistance * define(G_HEAD, everything, siemens.dim, owner))
    system.receptors = [
        ReceptorTerm(
            r.label,
            r.conductance * blocks[r.label] * share,
            symbol(r.total_name) * (symbol("v") - symbol(f"E_{r.label}")),
        )
        for r in system.receptors
    ]
    system.blocks = set()
    system.held.update((*(f"{V_HEAD}_{k}" for k in range(1, SUBSTITUTIONS + 1)), V_HEAD, G_HEAD))


def _reaching_head(system: System, expression: sympy.Expr) -> sympy.Expr:
    """``expression`` with the definitions inserted that depend on the voltage of the head."""
    head = symbol(V_HEAD)
    keep = {n for n, d in system.definitions.items() if not system.inserted(d.expression).has(head)}
    return system.inserted(expression, keep=keep)
