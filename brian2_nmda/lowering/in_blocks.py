r"""Calcium, its filters and rules of thresholds that are advanced in blocks of time steps.

Per step, linear states of a synapse obey ``z <- P z + Q g_i h_j + s``: a matrix ``P``, a gain ``Q`` and a
shift ``s`` that all synapses share, the open fraction ``g_i`` of a receptor, which is known at the
presynaptic neuron, and a factor ``h_j`` of the target, such as block times driving force. Over steps a to b

.. math:: z(b) = P^{b-a} z(a) + \sum_m P^{b-1-m} (Q\, g_i(m)\, h_j(m) + s)

is the same recursion, but for rounding. So where nothing reads calcium within a block, a synapse is visited
once per block: the target keeps ``h_j`` of each step, and between spikes ``g_i`` is a sum of exponentials
whose sums with ``h_j`` are the same for all synapses of a target. A spike of its neuron ends the block of a
synapse.

A *follower* is a state that relaxes with rates which switch where a linear state passes a threshold. It
relaxes at once over a block in which no threshold can be passed. As long as ``P``, the gains and the
distances ``d`` from rest are not negative,

.. math:: P_{ll}^{m-a}\, d_l(a) \le d_l(m) \le P_{ll}^{m-b}\, d_l(b)

so that the values at both ends tell. Otherwise its steps are repeated one by one. For rates that are smooth
functions of linear states see `brian2_nmda.lowering.smooth`.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import product

import sympy

from brian2_nmda.lowering.integrators import update
from brian2_nmda.lowering.places import POST, PRE, SYNAPSE
from brian2_nmda.lowering.receptors import Linear, Saturating, readers_at_each_step
from brian2_nmda.lowering.smooth import SmoothFollower, is_affine, smooth_followers
from brian2_nmda.lowering.steps import Classified
from brian2_nmda.symbolic.analysis import linear_in
from brian2_nmda.symbolic.expressions import int_of, symbol

#: Time steps of a block. The target keeps its factors for as many.
LENGTH = 128
#: Exponentials are left out of a sum once they are as small, as a fraction of the tolerance.
NEGLIGIBLE = 1e-3
#: Most thresholds of a follower, whose rates are known for each case.
_MOST_THRESHOLDS = 3


@dataclass(frozen=True)
class Drive:
    """What a receptor brings to linear states: its open fraction times a factor of the target.

    Attributes
    ----------
    label : str
        Of the receptor.
    name : str
        Of the factor.
    factor : sympy.Expr
        In variables of the target and parameters that all synapses share.
    """

    label: str
    name: str
    factor: sympy.Expr


@dataclass(frozen=True)
class Threshold:
    """``above`` (or below) ``theta``, a linear state switches a rate; ``state`` is its number."""

    state: int
    theta: sympy.Expr
    above: bool


@dataclass(frozen=True)
class Follower:
    """``y' = rest - slope*y`` with a slope and a rest for each case of its thresholds.

    Attributes
    ----------
    state : str
    thresholds : tuple of Threshold
    cases : tuple of (sympy.Expr, sympy.Expr)
        Slope and rest; bit k of the number of a case says whether threshold k switches.
    """

    state: str
    thresholds: tuple[Threshold, ...]
    cases: tuple[tuple[sympy.Expr, sympy.Expr], ...]


@dataclass(frozen=True)
class Blocks:
    """States that are advanced in blocks of time steps.

    Attributes
    ----------
    linear : tuple of str
        Each reads those before it only.
    followers : tuple of Follower
    drives : tuple of Drive
    carry : tuple of tuple of sympy.Expr
        ``P``, in parameters and ``dt``.
    gains : tuple of tuple of sympy.Expr
        ``Q``, by linear state and drive.
    shifts : tuple of sympy.Expr
        ``s``.
    smooth : tuple of SmoothFollower
        Followers whose rates do not switch.
    """

    linear: tuple[str, ...]
    followers: tuple[Follower, ...]
    drives: tuple[Drive, ...]
    carry: tuple[tuple[sympy.Expr, ...], ...]
    gains: tuple[tuple[sympy.Expr, ...], ...]
    shifts: tuple[sympy.Expr, ...]
    smooth: tuple[SmoothFollower, ...]

    @property
    def states(self) -> tuple[str, ...]:
        """All states."""
        return *self.linear, *(f.state for f in (*self.followers, *self.smooth))

    @property
    def given(self) -> tuple[str, ...]:
        """Parameters in the rates of smooth followers."""
        rates = (e for f in self.smooth for t in f.terms for e in (t.slope, t.rest))
        return tuple(sorted({x.name for e in rates for x in e.free_symbols} - set(self.states)))

    @property
    def labels(self) -> tuple[str, ...]:
        """Receptors that drive them."""
        return tuple(dict.fromkeys(d.label for d in self.drives))

    def bound(self, sent: Mapping[str, Saturating | Linear], tolerance: float) -> float:
        """Largest error of the open fractions that drive them."""
        return max(
            (sent[n].bound + len(sent[n].rates) * NEGLIGIBLE * tolerance for n in self.labels), default=0.0
        )


def may_be_in_blocks(
    classified: Classified, states: Iterable[str], efficacy: Mapping[str, sympy.Expr]
) -> tuple[list[str], dict[str, str]]:
    """States that could be advanced in blocks as far as their own equations and their readers go.

    Returns
    -------
    tuple
        The states, and why each of the others is not.
    """
    d, reasons = classified.declarations, {}
    found = list(states)
    general = d.stepped_because
    if d.delay == "per_synapse":
        general = "each synapse has a delay of its own"
    if general is not None:
        return [], dict.fromkeys(found, general)
    again = True
    while again:
        again = False
        for n in list(found):
            why = _why_not(classified, n, found) or _reader(classified, n, found, efficacy)
            if why is not None:
                found.remove(n)
                reasons[n] = why
                again = True
    return found, reasons


def find_blocks(
    classified: Classified,
    states: Iterable[str],
    sent: Mapping[str, Saturating | Linear],
    activations: Mapping[str, sympy.Expr],
) -> Blocks | str:
    """The form of states from `may_be_in_blocks`, or why there is none.

    Parameters
    ----------
    classified : Classified
    states : iterable of str
    sent : mapping of str to Saturating or Linear
        Receptors whose open fractions are known between spikes.
    activations : mapping of str to sympy.Expr
        Their open fractions in terms of states.
    """
    states = list(states)
    switched = [n for n in states if _flags(_rate(classified, n))]
    linear = _linear(classified, states, switched)
    if not linear:
        return "no calcium is advanced in blocks"
    rates: dict[str, sympy.Expr] = {}
    drives: list[Drive] = []
    for n in linear:
        found = _driven(classified, n, linear, sent, activations, drives)
        if isinstance(found, str):
            return found
        rates[n] = found
    coupled = [[n for n in names if n in rates] for names in classified.coupled]
    new = _new_values(rates, [names for names in coupled if names])
    order = _in_order(rates)
    inputs = [symbol(d.name) for d in drives]
    z = [symbol(n) for n in order]
    zero = dict.fromkeys([*z, *inputs], sympy.S.Zero)
    carry = tuple(tuple(sympy.diff(new[n], x) for x in z) for n in order)
    gains = tuple(tuple(sympy.diff(new[n], x) for x in inputs) for n in order)
    if any(e.has(*z, *inputs) for row in (*carry, *gains) for e in row):
        return "its step is not linear"
    if any(carry[k][m] != 0 for k in range(len(order)) for m in range(k + 1, len(order))):
        return "its states are coupled in both directions"
    followers: list[Follower] = []
    for n in switched:
        follower = _follower(classified, n, order)
        if isinstance(follower, str):
            return follower
        followers.append(follower)
    others = {n: _rate(classified, n) for n in states if n not in (*switched, *linear)}
    smooth = smooth_followers(others, order, classified.shared)
    if isinstance(smooth, str):
        return smooth
    shifts = tuple(new[n].xreplace(zero) for n in order)
    return Blocks(tuple(order), tuple(followers), tuple(drives), carry, gains, shifts, tuple(smooth))


def _linear(classified: Classified, states: list[str], switched: Collection[str]) -> list[str]:
    """States whose rates are linear, also in what is linear itself."""
    found = [n for n in states if n not in switched and is_affine(_rate(classified, n), states)]
    others = {symbol(n) for n in states if n not in found}
    while reading := [n for n in found if others & _rate(classified, n).free_symbols]:
        found = [n for n in found if n not in reading]
        others |= {symbol(n) for n in reading}
    return found


# -- what a state needs ----------------------------------------------------------------------------


def _rate(classified: Classified, name: str) -> sympy.Expr:
    """The rate of a state, with the definitions of the target and pulses by name."""
    system = classified.system
    keep = {n for n in system.definitions if classified.place[n] == POST}
    return system.inserted(system.rates[name], keep=keep | set(classified.pulses))


def _flags(rate: sympy.Expr) -> list[sympy.Expr]:
    return sorted(rate.atoms(sympy.Heaviside, int_of), key=str)


def _why_not(classified: Classified, name: str, states: Collection[str]) -> str | None:
    """Why the equation of a state does not allow blocks, in words."""
    system = classified.system
    jumping = {*system.on_spike, *system.spiked_otherwise}
    jumping |= {n for _, event in system.events for n in event.changes}
    if name in jumping:
        return "it changes at spikes or events"
    if name in system.drawn or name in system.place or classified.steps[name].noisy:
        return "it changes by chance or lives elsewhere"
    if classified.place[name] != SYNAPSE or classified.steps[name].kind != "exact":
        return "it has no exact step"
    rate = _rate(classified, name)
    names = {x.name for x in rate.free_symbols}
    flags = _flags(rate)
    allowed = set(states) | classified.shared
    if flags:
        if len(flags) > _MOST_THRESHOLDS or any(_threshold(f, list(states)) is None for f in flags):
            return "its rate switches otherwise than at thresholds of one state each"
        outside = {x.name for x in rate.xreplace({f: sympy.Dummy(real=True) for f in flags}).free_symbols}
        inside = {x.name for f in flags for x in f.free_symbols}
        strange = ((outside & names) - {name} - classified.shared) | (inside - allowed)
    else:
        on_target = {n for n in system.definitions if classified.sides[n] == {POST}}
        known = names & (on_target | set(system.states))
        strange = {n for n in names - allowed - known if n != "v"}
        strange |= {
            n for n in names if n in system.states and n not in states and classified.place[n] == SYNAPSE
        }
    return f"'{sorted(strange)[0]}' differs between synapses or changes at each step" if strange else None


def _reader(
    classified: Classified, name: str, states: Collection[str], efficacy: Mapping[str, sympy.Expr]
) -> str | None:
    """What reads a state within a block, in words."""
    system, d, x = classified.system, classified.declarations, symbol(name)

    def read(*expressions: sympy.Expr) -> bool:
        return any(system.inserted(e).has(x) for e in expressions)

    readers = readers_at_each_step(system, {name}, states, efficacy, read)
    seen = {n for n, definition in system.definitions.items() if read(definition.expression)} | {name}
    readers += ["your model="] if seen & d.read_by_user else []
    if readers:
        return f"read by {readers[0]} at each step"
    changes = [*system.on_spike.items(), *system.on_post_spike.items()]
    changes += [c for event in system.later for c in event.changes.items()]
    readers = [f"'{n}'" for n, e in changes if read(e)]
    readers += ["your on_pre= or on_post="] if seen & (d.read_at_post | d.read_at_pre) else []
    return f"read by {readers[0]} at spikes" if readers else None


def _driven(
    classified: Classified,
    name: str,
    linear: Collection[str],
    sent: Mapping[str, Saturating | Linear],
    activations: Mapping[str, sympy.Expr],
    drives: list[Drive],
) -> sympy.Expr | str:
    """The rate of a linear state in terms of ``linear`` and drives, which are added to; or why not."""
    system, rate = classified.system, _rate(classified, name)
    gates = {n for n in system.states if classified.place[n] == PRE and rate.has(symbol(n))}
    found = rate.xreplace({symbol(n): sympy.S.Zero for n in gates})
    for label, form in sent.items():
        own = [n for n in form.states if n in gates]
        if not own:
            continue
        gates -= set(own)
        activation, factor = activations[label], None
        for n in own:
            share = sympy.diff(activation, symbol(n))
            here = sympy.diff(rate, symbol(n))
            if here.has(*(symbol(m) for m in system.states if classified.place[m] != POST)):
                return f"'{name}' is not linear in the open fraction of '{label}'"
            if share == 0 or (factor is not None and sympy.simplify(here / share - factor) != 0):
                return f"'{name}' reads more of '{label}' than its open fraction"
            factor = here / share if factor is None else factor
        known = next((x for x in drives if (x.label, x.factor) == (label, factor)), None)
        if known is None:
            known = Drive(label, f"blocks_input_{len(drives)}", factor)
            drives.append(known)
        found += symbol(known.name)
    if gates:
        return f"'{sorted(gates)[0]}' is stepped, not sent at spikes"
    rest = found
    for n in linear:
        slope = sympy.diff(found, symbol(n))
        if not {x.name for x in slope.free_symbols} <= classified.shared:
            return f"'{name}' is not linear"
        rest = rest.xreplace({symbol(n): sympy.S.Zero})
    beside = {x.name for x in rest.free_symbols} - {x.name for x in drives} - classified.shared
    if beside:
        return f"'{name}' reads '{sorted(beside)[0]}' apart from a receptor"
    return found


def _new_values(rates: Mapping[str, sympy.Expr], coupled: Iterable[Iterable[str]]) -> dict[str, sympy.Expr]:
    """Values after a step, as the updater of the synapses would compute them."""
    known: dict[sympy.Basic, sympy.Expr] = {}
    out = {}
    for statement in update(rates, coupled):
        value = statement.value.xreplace(known)
        if statement.name in rates:
            out[statement.name] = value
        else:
            known[symbol(statement.name)] = value
    return {n: out[n] for n in rates}


def _in_order(rates: Mapping[str, sympy.Expr]) -> list[str]:
    """States such that each comes after those that it reads, as far as that is possible."""
    left, order = list(rates), []
    while left:
        free = [n for n in left if not any(rates[n].has(symbol(m)) for m in left if m != n)]
        order += free or left
        left = [n for n in left if n not in order]
    return order


def _threshold(flag: sympy.Expr, states: list[str]) -> Threshold | None:
    """The threshold that a flag stands for."""
    if not isinstance(flag, sympy.Heaviside):
        return None
    argument = flag.args[0]
    inside = [n for n in states if argument.has(symbol(n))]
    if len(inside) != 1:
        return None
    slope = sympy.diff(argument, symbol(inside[0]))
    if slope not in (1, -1):
        return None
    theta = -slope * argument.xreplace({symbol(inside[0]): sympy.S.Zero})
    return Threshold(states.index(inside[0]), theta, slope == 1)


def _follower(classified: Classified, name: str, linear: list[str]) -> Follower | str:
    """The form of a state whose rate switches at thresholds of linear states; or why there is none."""
    rate = _rate(classified, name)
    flags = _flags(rate)
    thresholds = [_threshold(f, linear) for f in flags]
    if any(t is None for t in thresholds):
        return f"the rate of '{name}' switches with a state that is not calcium"
    cases = []
    for bits in product((0, 1), repeat=len(flags)):
        here = rate.xreplace(dict(zip(flags, map(sympy.Integer, bits[::-1]), strict=True)))
        parts = linear_in(here, name)
        if parts is None:
            return f"'{name}' does not relax with known rates"
        cases.append(parts)
    return Follower(name, tuple(thresholds), tuple(cases))  # type: ignore[arg-type]


def activation_of(form: Saturating | Linear, rest: sympy.Expr) -> sympy.Expr:
    """The open fraction that is sent, in terms of the states of a receptor."""
    return symbol(form.gate) if isinstance(form, Saturating) else rest
