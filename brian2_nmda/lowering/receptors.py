"""Receptors whose conductance can be sent at spikes instead of being summed at each time step.

Linear kinetics come to the target in one of two ways. `linear_receptor` finds those whose *sum* over the
synapses of a target obeys the same equations, where weights are declared constant or shared: the target steps
the sum (a state ``x_total``), and a spike adds its jump. `linear_form` finds those that can be sent as
eigenmodes, with weights of each kind. Neither contains the other. A sum needs no tolerance, no common time
step and no distinct rates (an alpha function has none), takes any ``method=`` and is what users read as
``x_total``; but it does not hold once a weight changes between spikes, nor for pulses, which do not add. What
both ask of a receptor is asked once, by `_read_by_nobody_else` and `_coefficients`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import sympy
from brian2.units.fundamentalunits import DIMENSIONLESS

from brian2_nmda.lowering.basis import Basis, Interpolation, fit_phases
from brian2_nmda.lowering.places import PRE, Placed, upstream
from brian2_nmda.symbolic.analysis import linear_in
from brian2_nmda.symbolic.expressions import dimensions_of, numeric, symbol
from brian2_nmda.symbolic.system import ReceptorTerm, System

#: A jumping x may reach this many jumps before the basis does not hold any more.
_JUMPS = 4
#: Largest condition of the eigenvectors of a linear receptor: it costs digits.
_WORST_CONDITION = 1e5
#: Shares of the full height of a pulse for which its interpolation is tested.
_SHARES = (0.02, 0.3, 1.0)


@dataclass(frozen=True)
class Saturating:
    """A receptor whose course between events is a sum of exponentials.

    ``x' = -r x`` and ``g' = f x - (a + b x) g`` without transmitter, with x at most ``x_max``. A spike
    either starts a pulse, in which x approaches ``into`` with ``rate``, or lets x jump.

    Attributes
    ----------
    gate, driver : str
        Names of g and x.
    place : str
        Where they live.
    constants : mapping of str to expression
        ``r``, ``a``, ``b``, ``f``, ``x_max`` and, for a pulse, its ``duration``.
    pulse : str or None
    into, rate : expression or None
        During the pulse, in parameters and states that change only at spikes.
    condition : expression or None
        Without it being positive a spike starts no pulse.
    jump : expression or None
        New x at a spike.
    basis : Basis
    interpolation : Interpolation or None
        Of the pulse.
    """

    gate: str
    driver: str
    place: str
    constants: Mapping[str, sympy.Expr]
    basis: Basis
    pulse: str | None = None
    into: sympy.Expr | None = None
    rate: sympy.Expr | None = None
    condition: sympy.Expr | None = None
    jump: sympy.Expr | None = None
    interpolation: Interpolation | None = None

    @property
    def states(self) -> tuple[str, ...]:
        """States that are advanced at events only."""
        return self.driver, self.gate

    @property
    def rates(self) -> tuple[float, ...]:
        """Rates of the exponentials that are sent, in 1/s."""
        return self.basis.rates

    @property
    def set_at_start(self) -> tuple[int, ...]:
        """Exponentials whose amplitudes change at a spike."""
        return tuple(range(len(self.rates))) if self.interpolation is None else self.interpolation.chosen

    @property
    def bound(self) -> float:
        """Largest error of the open fraction that is sent."""
        return max(self.basis.bound, 0.0 if self.interpolation is None else self.interpolation.bound)

    @property
    def used(self) -> list[sympy.Expr]:
        """Expressions that are evaluated in a run."""
        return [
            e
            for e in (*self.constants.values(), self.into, self.rate, self.condition, self.jump)
            if e is not None
        ]


@dataclass(frozen=True)
class Modes:
    """Eigenvectors (columns) of ``z' = A z``, their inverse, and the rate of decay (1/s) of each."""

    vectors: np.ndarray
    inverse: np.ndarray
    decays: tuple[float, ...]


@dataclass(frozen=True)
class Linear:
    """A receptor that is linear between spikes, at which its states may jump in any way.

    Attributes
    ----------
    states : tuple of str
    place : str
        Where they live.
    constants : mapping of str to expression
        ``A_i_j``, rates of the states without transmitter, and ``c_i``: the open fraction is their sum with
        the states. With a pulse also its ``duration``, and the rates ``B_i_j`` and ``b_i`` during it.
    jumps : mapping of str to expression
        New values at a spike, in order.
    pulse : str or None
    free, driven : Modes or None
        Without transmitter, and during the pulse.
    limit : numpy.ndarray or None
        What the states approach during the pulse.
    kept, kept_driven : tuple of int
        Modes that contribute to the open fraction.
    """

    states: tuple[str, ...]
    place: str
    constants: Mapping[str, sympy.Expr]
    jumps: Mapping[str, sympy.Expr]
    pulse: str | None = None
    free: Modes | None = None
    driven: Modes | None = None
    limit: np.ndarray | None = None
    kept: tuple[int, ...] = ()
    kept_driven: tuple[int, ...] = ()

    bound: ClassVar[float] = 0.0

    @property
    def used(self) -> list[sympy.Expr]:
        """Expressions that are evaluated in a run."""
        return [*self.constants.values(), *self.jumps.values()]

    @property
    def rates(self) -> tuple[float, ...]:
        """Rates of the exponentials sent, in 1/s; what is approached during a pulse has the rate 0."""
        free = tuple(self.free.decays[k] for k in self.kept)
        if self.pulse is None:
            return free
        return (*free, 0.0, *(self.driven.decays[k] for k in self.kept_driven))

    @property
    def set_at_start(self) -> tuple[int, ...]:
        """Exponentials whose amplitudes change at a spike."""
        return tuple(range(len(self.rates)))


def numbers(constants: Mapping[str, sympy.Expr], values: Mapping[str, float]) -> dict[str, float]:
    """Expressions of parameters as numbers, in SI units."""
    return {n: float(numeric(e, [], values)()) for n, e in constants.items()}


def linear_receptor(placed: Placed, receptor: ReceptorTerm) -> list[str]:
    """States of a receptor whose sum over synapses obeys the same equations, else nothing.

    That is so if the kinetics are linear and homogeneous with parameters that all synapses share,
    spikes add constants, and nothing else on the synapse reads the states.
    """
    system, shared = placed.system, placed.shared
    names = upstream(system, receptor.conductance)
    if not names or not _read_by_nobody_else(system, receptor, names):
        return []
    jumps = [
        sympy.expand(system.inserted(system.on_spike[n]) - symbol(n)) for n in names if n in system.on_spike
    ]
    if not jumps or not all(_in(j, shared) for j in jumps):
        return []
    for expression in (*(system.rates[n] for n in names), receptor.conductance):
        found = _coefficients(system.inserted(expression), names)
        if found is None or found[1] != 0 or not all(_in(a, shared) for a in found[0]):
            return []
    return names


def _in(expression: sympy.Expr, names: Collection[str]) -> bool:
    """Whether an expression contains no other names."""
    return all(x.name in names for x in expression.free_symbols)


def _read_by_nobody_else(
    system: System, receptor: ReceptorTerm, names: Collection[str], aside: Collection[str] = ()
) -> bool:
    """Whether states start at 0, no other spikes change them, and only their receptor reads them.

    What the states ``aside`` read does not count.
    """
    starts = any(system.initial[n] != 0 for n in names)
    return (
        not starts
        and not system.spiked_otherwise & set(names)
        and not read_elsewhere(system, receptor, names, aside)
    )


def _coefficients(expression: sympy.Expr, names: Iterable[str]) -> tuple[list[sympy.Expr], sympy.Expr] | None:
    """Coefficients of an expression that is linear in states, and the rest; else nothing."""
    symbols = [symbol(n) for n in names]
    slopes = [sympy.diff(expression, x) for x in symbols]
    if any(a.has(*symbols) for a in slopes):
        return None
    return slopes, sympy.simplify(expression - sum(a * x for a, x in zip(slopes, symbols, strict=True)))


def read_elsewhere(
    system: System, receptor: ReceptorTerm, names: Iterable[str], aside: Collection[str] = ()
) -> bool:
    """Whether anything but a receptor's own kinetics and conductance reads its states.

    The rates of the states ``aside`` do not count, nor do definitions that are read by these alone.
    """
    # an occupancy that is written as one minus the others belongs to them
    own = {n for n in system.eliminated if system.inserted(symbol(n)).has(*map(symbol, names))}
    others = [e for n, e in system.rates.items() if n not in names and n not in aside]
    others += [e for n, e in system.on_spike.items() if n not in names]
    others += system.on_post_spike.values()
    others += [e for event in system.later for e in event.changes.values()]
    if not aside:
        others += [d.expression for n, d in system.definitions.items() if n not in own]
    others += [r.conductance for r in system.receptors if r.label != receptor.label]
    others += [t.expression for t in system.totals.values()]
    others += [e for r in system.exchanges for e in (r.forward, r.backward)]
    others += [x for _, e in system.events for x in (e.condition, *e.changes.values())]
    if aside:
        others = [system.inserted(e, keep=own) for e in others]
    return any(e.has(*map(symbol, [*names, *own])) for e in others)


def readers_at_each_step(
    system: System,
    names: Collection[str],
    apart_from: Collection[str],
    efficacy: Collection[str],
    read: Callable[..., bool],
    definitions: Iterable[str] = (),
) -> list[str]:
    """What needs the values of states at each time step, in words.

    Parameters
    ----------
    system : System
    names : collection of str
        The states.
    apart_from : collection of str
        States that may read them.
    efficacy : collection of str
        Labels of receptors whose conductance reads them at spikes only.
    read : callable
        Whether one of some expressions reads them.
    definitions : iterable of str
        Definitions that count as readers.
    """
    readers = [n for n in system.states if n not in apart_from and read(system.rates[n])]
    readers += definitions
    readers += [n for n, t in system.totals.items() if read(t.expression)]
    readers += ["a reaction" for r in system.exchanges if read(r.forward, r.backward)]
    readers += [r.total_name for r in system.receptors if r.label not in efficacy and read(r.conductance)]
    changed = set(names)
    readers += [
        f"an event of {owner}"
        for owner, e in system.events
        if changed & set(e.changes) or read(e.condition, *e.changes.values())
    ]
    return readers


def saturating_form(
    placed: Placed, receptor: ReceptorTerm, free: Collection[str], dt: float, aside: Collection[str] = ()
) -> Saturating | None:
    """The form of a saturating receptor that can be sent at spikes, else nothing.

    ``free`` are the states that no other receptor has taken, ``aside`` those that may read this one.
    """
    system, d, place = placed.system, placed.declarations, placed.arrival_place
    if d.stepped_because is not None:
        return None
    gates = [n for n in system.states if receptor.conductance.has(symbol(n))]
    if len(gates) != 1 or gates[0] not in free or placed.place[gates[0]] != place:
        return None
    (gate,) = gates
    g = symbol(gate)
    factor = sympy.cancel(receptor.conductance / g)
    if factor.has(g) or any(placed.sides.get(s.name, {PRE}) for s in factor.free_symbols):
        return None
    fast = [n for n, e in system.rates.items() if e != 0]
    drivers = [n for n in upstream(system, system.rates[gate]) if n != gate and n in fast]
    if len(drivers) != 1 or gate in system.on_spike:
        return None
    (driver,) = drivers
    if not _read_by_nobody_else(system, receptor, (gate, driver), aside):
        return None
    form = _between_spikes(placed, gate, driver)
    if form is None:
        return None
    constants, change = form
    names = {s.name for e in change.values() if isinstance(e, sympy.Expr) for s in e.free_symbols}
    if not all(_in(e, placed.shared) for e in constants.values()):
        return None
    if not names - {driver} <= placed.shared | _held(placed, free):
        return None
    found = Saturating(gate, driver, place, constants, None, **change)  # type: ignore[arg-type]
    return fitted(system, system.values(), dt, d.tolerance, found)


def _held(placed: Placed, free: Collection[str]) -> set[str]:
    """States beside the gates that change at spikes only."""
    rates = placed.system.rates
    return {n for n in free if rates[n] == 0 and placed.place[n] == placed.arrival_place}


def linear_form(
    placed: Placed,
    receptor: ReceptorTerm,
    rest: sympy.Expr,
    free: Collection[str],
    aside: Collection[str] = (),
) -> Linear | None:
    """The form of a receptor that is linear between spikes and during pulses, else nothing.

    ``rest`` is what multiplies the shared factor of its conductance, ``free`` are the states that no other
    receptor has taken, ``aside`` those that may read this one.
    """
    system = placed.system
    if placed.declarations.stepped_because is not None:
        return None
    if dimensions_of(rest, system.dimensions(), receptor.label) is not DIMENSIONLESS:
        return None
    place = placed.arrival_place
    names = [n for n in upstream(system, rest) if system.rates[n] != 0]
    # what a spike opens may be noted in a state of its own
    names += [
        n
        for n, e in system.on_spike.items()
        if n not in names
        and system.rates[n] == 0
        and system.inserted(e).has(*map(symbol, names))
        and any(system.inserted(system.on_spike[m]).has(symbol(n)) for m in names if m in system.on_spike)
    ]
    jumps = {n: system.inserted(e) for n, e in system.on_spike.items() if n in names}
    if any(n not in free or placed.place[n] != place for n in names):
        return None
    if any(system.states[n].dim is not DIMENSIONLESS for n in names):
        return None
    if not _read_by_nobody_else(system, receptor, names, aside):
        return None
    rates = {n: system.inserted(system.rates[n], keep=placed.pulses) for n in names}
    pulses = [n for n in placed.pulses if any(e.has(symbol(n)) for e in rates.values())]
    if len(pulses) + bool(jumps) != 1:
        return None
    lines = {"c": system.inserted(rest)}
    lines |= {
        f"A_{i}": e.xreplace({symbol(p): sympy.S.Zero for p in pulses}) for i, e in enumerate(rates.values())
    }
    constants = _slopes(lines, names)
    if constants is None or any(n.startswith("drive") for n in constants):
        return None
    for pulse in pulses:
        height, duration, *condition = (system.inserted(e) for e in placed.pulses[pulse])
        lines = {f"B_{i}": e.xreplace({symbol(pulse): height}) for i, e in enumerate(rates.values())}
        driven = _slopes(lines, names)
        if driven is None or condition:
            return None
        constants |= {n.replace("drive_B", "b"): e for n, e in driven.items()} | {"duration": duration}
    if not all(_in(e, placed.shared) for e in constants.values()):
        return None
    if not all(_in(e, placed.shared | _held(placed, free) | set(names)) for e in jumps.values()):
        return None
    form = Linear(tuple(names), place, constants, jumps, pulses[0] if pulses else None)
    return decomposed(form, system.values())


def _slopes(lines: Mapping[str, sympy.Expr], names: list[str]) -> dict[str, sympy.Expr] | None:
    """Coefficients ``line_j`` of expressions in the states, and ``drive_line`` of what has none."""
    found: dict[str, sympy.Expr] = {}
    for name, line in lines.items():
        linear = _coefficients(line, names)
        if linear is None:
            return None
        slopes, drive = linear
        found |= {f"{name}_{j}": a for j, a in enumerate(slopes) if a != 0}
        if drive != 0:
            found[f"drive_{name}"] = drive
    return found


def decomposed(form: Linear, values: Mapping[str, float]) -> Linear | None:
    """``form`` with its modes for the given parameters; ``None`` if they are not real and distinct."""
    now, n = numbers(form.constants, values), len(form.states)
    free = _modes(now, "A", n)
    if free is None:
        return None
    c = np.array([now.get(f"c_{j}", 0.0) for j in range(n)])
    kept = tuple(int(k) for k in np.flatnonzero(c @ free.vectors))
    found = replace(form, free=free, kept=kept)
    if form.pulse is not None:
        driven = _modes(now, "B", n)
        if driven is None or not min(driven.decays) > 0:
            return None
        drive = np.array([now.get(f"b_{i}", 0.0) for i in range(n)])
        limit = driven.vectors @ ((driven.inverse @ drive) / driven.decays)
        also = tuple(int(k) for k in np.flatnonzero(c @ driven.vectors))
        found = replace(found, driven=driven, limit=limit, kept_driven=also)
    if form.free is not None and len(found.rates) != len(form.rates):
        return None
    return found


def _modes(now: Mapping[str, float], letter: str, n: int) -> Modes | None:
    matrix = np.array([[now.get(f"{letter}_{i}_{j}", 0.0) for j in range(n)] for i in range(n)])
    rates, vectors = np.linalg.eig(matrix)
    if np.any(np.abs(rates.imag) > 0) or np.any(rates.real > 0) or np.linalg.cond(vectors) > _WORST_CONDITION:
        return None
    vectors = vectors.real
    return Modes(vectors, np.linalg.inv(vectors), tuple(abs(float(x)) for x in rates.real))


def _between_spikes(
    placed: Placed, gate: str, driver: str
) -> tuple[dict[str, sympy.Expr], dict[str, Any]] | None:
    """Constants of the course without transmitter, and what a spike does."""
    system, x = placed.system, symbol(driver)
    rates = {n: system.inserted(system.rates[n], keep=placed.pulses) for n in (gate, driver)}
    pulses = [n for n in placed.pulses if any(e.has(symbol(n)) for e in rates.values())]
    lines = {n: linear_in(e, n) for n, e in rates.items()}
    if None in lines.values() or len(pulses) > 1:
        return None
    (slope, rest), (r, source) = lines[gate], lines[driver]
    zero = sympy.S.Zero
    off = {symbol(n): zero for n in pulses}
    constants = {
        "r": r.xreplace(off),
        "a": slope.xreplace({x: zero}),
        "b": sympy.diff(slope, x),
        "f": sympy.diff(rest, x),
    }
    if source.xreplace(off) != 0 or rest.xreplace({x: zero}) != 0:
        return None
    if any(constants[n].has(x) for n in ("b", "f")) or r.has(symbol(gate)) or source.has(symbol(gate)):
        return None
    if not pulses:
        if driver not in system.on_spike:
            return None
        jump = system.inserted(system.on_spike[driver])
        constants["x_max"] = _JUMPS * _at_most(system, jump.xreplace({x: zero}))
        return constants, {"jump": jump}
    (pulse,) = pulses
    if driver in system.on_spike or rates[gate].has(symbol(pulse)):
        return None
    height, duration, *condition = (system.inserted(e) for e in placed.pulses[pulse])
    on = {symbol(pulse): height}
    into, rate = (source / r).xreplace(on), r.xreplace(on)
    constants |= {"x_max": _at_most(system, into), "duration": duration}
    return constants, {
        "pulse": pulse, "into": into, "rate": rate, "condition": condition[0] if condition else None,
    }  # fmt: skip


def _at_most(system: System, expression: sympy.Expr) -> sympy.Expr:
    """Put states, such as the amount released, at their upper bounds."""
    bounds = {
        symbol(n): sympy.sympify(s.within[1], strict=True)
        for n, s in system.states.items()
        if s.within[1] is not None
    }
    return expression.xreplace(bounds)


def fitted(
    system: System, values: Mapping[str, float], dt: float, tolerance: float, form: Saturating
) -> Saturating | None:
    """``form`` with exponentials for the given parameters, as many as it has or as are needed."""
    now = numbers(form.constants, values)
    phases = []
    if form.into is not None:
        states = [n for n in system.states if form.into.has(symbol(n)) or form.rate.has(symbol(n))]
        # the height of a pulse enters through the parameters or through the amount released
        bounds = {n: sympy.sympify(system.states[n].within[1], strict=True) for n in states}
        top = {n: float(numeric(system.inserted(bound), [], values)()) for n, bound in bounds.items()}
        for share in _SHARES if states else (1.0,):
            given = {**values, **{n: share * high for n, high in top.items()}}
            phases.append((float(numeric(form.into, [], given)()), float(numeric(form.rate, [], given)())))
    size = None if form.basis is None else len(form.basis.rates)
    found = fit_phases(now, tuple(phases), dt, tolerance, size)
    if found is None:
        return None
    return replace(form, basis=found[0], interpolation=found[1])
