r"""Propagators of a voltage-dependent scheme, once per target, from a table over the voltage.

The occupancies ``y`` of a scheme with voltage-dependent rates live on the synapse, since their rates mix
transmitter and voltage. While the transmitter is off, the rates depend on the voltage alone, so that all
synapses of a target j take the same step

.. math:: y \leftarrow P(v_j)\, y, \qquad P(v) = e^{h A(v)}

with ``y`` including the state that is eliminated. ``P`` is analytic in ``v``: it is computed at equidistant
voltages by the exact series of `brian2_nmda.lowering.integrators`, applied to unit vectors, and interpolated
by a polynomial through the `POINTS` nearest ones. The weights of such a polynomial sum to one, and so do the
columns of ``P``, so that what is conserved stays so. The distance of the nodes is halved until the
interpolation differs from the series by no more than the bound, at the middle between all nodes.

A column of ``P`` that differs by ``e`` in its absolute sum moves the occupancies by at most ``e`` in a step,
and what has moved then decays with the kinetics: after n steps it is at most ``n e``.

Many entries of ``P`` vanish: without transmitter nothing binds, so that bound states are not reached from
others. Which ones follows from the graph of the rates.

With transmitter, and where the voltage is outside of the table, a synapse takes the exact series.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sympy

from brian2_nmda.lowering.coupled import affine_rows
from brian2_nmda.lowering.places import POST, PRE, SYNAPSE
from brian2_nmda.lowering.steps import VOLTAGES, Classified
from brian2_nmda.symbolic.expressions import symbol

#: Voltages (V) that the table covers: those for which the series is made.
RANGE = VOLTAGES
#: Nodes through which the polynomial goes.
POINTS = 8
#: Distance of the nodes (V) that is tried first, and how often it may be halved.
WIDEST, HALVINGS = 2e-3, 7
#: Error of a step, as a fraction of the tolerance: after a million steps it is at most the tolerance.
PER_STEP = 1e-6
#: Smallest error of a step that can be asked for, which is rounding.
SMALLEST = 1e-13


@dataclass(frozen=True)
class Table:
    """States whose propagator without transmitter is tabulated over the voltage of the target.

    Attributes
    ----------
    states : tuple of str
    rates : mapping of str to sympy.Expr
        In the states, the voltage ``v``, shared parameters and pulses.
    pulses : tuple of str
        Without them, the rates depend on the voltage alone.
    columns : tuple of tuple of int
        For each state, the numbers of those from which it is reached without a pulse; ``len(states)`` is the
        rest, ``1 - sum of the states``.
    error : float
        Largest error of a step: sum over the states, for the worst state to start from.
    """

    states: tuple[str, ...]
    rates: Mapping[str, sympy.Expr]
    pulses: tuple[str, ...]
    columns: tuple[tuple[int, ...], ...]
    error: float


def find_tables(classified: Classified, states: Iterable[str]) -> tuple[list[Table], dict[str, str]]:
    """Tables for states that are stepped on the synapse, and why others in exact series have none.

    Only states that depend on the voltage are spoken of, in plans that may make an error.
    """
    d, states = classified.declarations, set(states)
    if not d.optimize or d.tolerance is None or d.method is not None:
        return [], {}
    tables, reasons = [], {}
    for names in classified.coupled:
        chosen = [n for n in names if n in states and classified.steps[n].kind == "exact series"]
        if not any(POST in classified.sides[n] for n in chosen):
            continue
        found = _table(classified, names, chosen, d.tolerance)
        if isinstance(found, Table):
            tables.append(found)
        else:
            reasons.update(dict.fromkeys(chosen, found))
    return tables, reasons


def _table(classified: Classified, names: list[str], chosen: list[str], tolerance: float) -> Table | str:
    """The table of states that are stepped together, or why there is none, in words."""
    d, system = classified.declarations, classified.system
    why = _why_not(classified, names, chosen, tolerance)
    if why is not None:
        return why
    rates = {n: system.inserted(system.rates[n], keep=classified.pulses) for n in names}
    read = {x.name for e in rates.values() for x in e.free_symbols}
    pulses = tuple(n for n in classified.pulses if n in read)
    without = {n: e.xreplace({symbol(p): sympy.S.Zero for p in pulses}) for n, e in rates.items()}
    known = {*names, *pulses, "v"} | (classified.shared - d.on_target)
    strange = {x.name for e in without.values() for x in e.free_symbols} - known
    strange |= read - known - d.per_synapse  # with transmitter they may differ between synapses
    if strange:
        return f"'{sorted(strange)[0]}' changes, or differs between synapses or targets"
    for n in pulses:
        if classified.place[n] not in (PRE, SYNAPSE):
            return f"'{n}' is counted elsewhere"
        heights = {x.name for x in system.inserted(classified.pulses[n][0]).free_symbols}
        if any(classified.place.get(m) == SYNAPSE for m in heights & set(system.states)):
            return f"the height of '{n}' differs between synapses"
    error = max(PER_STEP * tolerance, SMALLEST)
    return Table(tuple(names), rates, pulses, reached(without), error)


def _why_not(classified: Classified, names: list[str], chosen: list[str], tolerance: float) -> str | None:
    """What is against a table before the rates are looked at."""
    d, system = classified.declarations, classified.system
    if not d.tables:
        return "it needs C++ standalone"
    if d.single_precision:
        return "float32 has too few digits"
    if tolerance * PER_STEP < SMALLEST:
        return f"tolerance={tolerance:g} is less than {SMALLEST / PER_STEP:g}"
    if chosen != names:
        return "other states are stepped with them"
    jumping = {*system.on_spike, *system.spiked_otherwise}
    jumping |= {n for _, event in system.events for n in event.changes}
    changed = sorted(jumping & set(names))
    if changed or any(classified.steps[n].noisy for n in names):
        return f"'{changed[0]}' changes at spikes or events" if changed else "they change by chance"
    return None


def reached(rates: Mapping[str, sympy.Expr]) -> tuple[tuple[int, ...], ...]:
    """For each state the numbers of those from which it is reached, itself among them; see `Table`."""
    names = list(rates)
    drive, flows = affine_rows(rates, names)
    size = len(names)
    into: list[set[int]] = [{k} for k in range(size + 1)]
    for k, n in enumerate(names):
        into[k] |= {m for m, other in enumerate(names) if flows[n].get(other, 0) != 0}
        into[k] |= {size} if drive[n] != 0 else set()
    for m, other in enumerate(names):
        lost = sympy.expand(sympy.Add(*(flows[n].get(other, sympy.S.Zero) for n in names)))
        into[size] |= {m} if lost != 0 else set()
    changed = True
    while changed:
        before = [set(s) for s in into]
        into = [set().union(*(before[m] for m in s)) for s in before]
        changed = into != before
    return tuple(tuple(sorted(s)) for s in into[:size])
