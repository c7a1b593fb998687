"""The values from which a mechanism starts, as NMODL statements that derive them."""

from collections.abc import Iterable

import sympy

from brian2_nmda.lowering.statements import Assign, Statement, When
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.system import Scheme, System, occupied
from brian2_nmda.symbolic.template import Pulse


def without_pulses(system: System, expression: sympy.Expr, keep: Iterable[str] = ()) -> sympy.Expr:
    """An expression before the first spike, as the values at the start are computed: without transmitter."""
    pulses = {symbol(n): sympy.S.Zero for n, d in system.definitions.items() if d.expression.has(Pulse)}
    return system.inserted(expression, [*keep, *(x.name for x in pulses)]).xreplace(pulses)


def statements(system: System) -> tuple[list[Statement], list[str]]:
    """What gives all states their values at the start, and the local variables that this takes.

    The occupancies of a Markov scheme are computed by the algorithm of Grassmann, Taksar and Heyman (1985),
    as `brian2_nmda.symbolic.analysis.equilibrium` does: it never subtracts.
    """
    lines: list[Statement] = []
    local: list[str] = []
    done: set[str] = set()
    for number, scheme in enumerate(system.schemes):
        own, names = _equilibrium(system, scheme, f"q{number}")
        lines += own
        local += names
        done |= set(occupied(scheme))
    waiting = {n: without_pulses(system, s.initial) for n, s in system.states.items() if n not in done}
    while waiting:
        ready = [n for n, e in waiting.items() if not {x.name for x in e.free_symbols} & set(waiting)]
        for n in ready or list(waiting):
            lines.append(Assign(n, waiting.pop(n)))
    return lines, local


def _equilibrium(system: System, scheme: Scheme, tag: str) -> tuple[list[Statement], list[str]]:
    names = occupied(scheme)
    given = {symbol(n): e for n, e in scheme.start_at.items()}
    rate: dict[tuple[int, int], sympy.Expr] = {}
    for r in scheme.reactions:
        i, j = names.index(r.source.name), names.index(r.target.name)
        for a, b, e in ((i, j, r.forward), (j, i, r.backward)):
            e = without_pulses(system, e, names).xreplace(given)
            rate[a, b] = rate.get((a, b), sympy.S.Zero) + e
    rate = {k: e for k, e in rate.items() if e != 0}
    lines: list[Statement] = []
    q = {}
    for (i, j), e in rate.items():
        q[i, j] = symbol(f"{tag}_{i}_{j}")
        lines.append(Assign(q[i, j].name, e))
    local = [x.name for x in q.values()]
    outflow: dict[int, sympy.Symbol] = {}
    for k in range(len(names) - 1, 0, -1):
        terms = [q[k, j] for j in range(k) if (k, j) in q]
        if not terms:
            continue
        outflow[k] = symbol(f"{tag}_out_{k}")
        local.append(outflow[k].name)
        lines.append(Assign(outflow[k].name, sympy.Add(*terms)))
        changed = []
        for i in (i for i in range(k) if (i, k) in q):
            for j in (j for j in range(k) if (k, j) in q and j != i):
                old = q.get((i, j), sympy.S.Zero)
                if not old:
                    q[i, j] = symbol(f"{tag}_{i}_{j}")
                    local.append(q[i, j].name)
                    lines.append(Assign(q[i, j].name, sympy.S.Zero))
                changed.append(Assign(q[i, j].name, old + q[i, k] * q[k, j] / outflow[k]))
        if changed:
            lines.append(When(outflow[k] > 0, tuple(changed)))
    return lines + _weights(system, names, q, outflow, tag, local), local


def _weights(
    system: System,
    names: list[str],
    q: dict[tuple[int, int], sympy.Symbol],
    outflow: dict[int, sympy.Symbol],
    tag: str,
    local: list[str],
) -> list[Statement]:
    """The occupancies relative to the first, and their sum by which they are divided."""
    lines: list[Statement] = []
    weight = {0: sympy.S.One}
    for k in range(1, len(names)):
        inflow = sympy.Add(*(weight[i] * q[i, k] for i in range(k) if (i, k) in q and weight[i] != 0))
        weight[k] = sympy.S.Zero
        if k in outflow and inflow != 0:
            weight[k] = symbol(f"{tag}_p_{k}")
            local.append(weight[k].name)
            lines.append(Assign(weight[k].name, sympy.S.Zero))
            lines.append(When(outflow[k] > 0, (Assign(weight[k].name, inflow / outflow[k]),)))
    total = sympy.Add(*weight.values())
    return lines + [Assign(n, weight[k] / total) for k, n in enumerate(names) if n in system.states]
