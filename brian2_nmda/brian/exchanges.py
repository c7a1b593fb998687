"""Reactions between numbers of molecules, which happen one by one and by chance.

In each time step the molecules of one kind are distributed over the ways that lead away from it: an exact
multinomial draw for rates that are held over the step, by binomial draws one after the other. What leaves
one count arrives in another, so sums are conserved exactly, and no count becomes negative.

A place shares its molecules between many synapses, each of which draws for itself how many it takes. If
together they ask for more than there are, none of them gets any in this step: the sum stays exact, and the
mean is off by the probability of that, which falls with the square of the time step.

Where a molecule of the place needs a partner on the synapse (a free slot), the draw is made among the
partners: each is taken at the rate of one pair times the molecules of the place, held over the step. So a
synapse never takes more than it has partners for.

A reaction that is a gate (`Reaction(..., gate=True)`) is drawn with the probabilities of two states that
relax over the step; several ways out of one count are then taken one after the other.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy
from brian2.core.functions import Function
from brian2.equations.equations import Expression
from brian2.groups.group import CodeRunner

from brian2_nmda.brian import schedule
from brian2_nmda.brian.internals import sum_over_synapses
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric, symbol, to_text
from brian2_nmda.symbolic.system import System

#: Largest probability that a molecule reacts within a time step.
MOST_PER_STEP = 0.1
_SYNAPSE = ""


@dataclass(frozen=True)
class Flow:
    """One direction of a reaction: ``name`` molecules change from ``source`` to ``target`` in a step.

    ``returning`` is the rate back if the reaction is a gate.
    """

    name: str
    source: str | None
    target: str | None
    rate: sympy.Expr
    drawn_at: str
    partner: str | None = None
    brings: bool = False
    returning: sympy.Expr | None = None

    @property
    def among(self) -> str | None:
        """The count among whose molecules is drawn."""
        return self.source if self.partner is None or self.brings else self.partner

    @property
    def hazard(self) -> sympy.Expr:
        """Rate of one molecule of those among which is drawn."""
        return self.rate if self.among == self.source else self.rate * symbol(self.source)


def flows_of(system: System) -> list[Flow]:
    """Both directions of all reactions, without those that do not happen."""
    found = []
    for k, r in enumerate(system.exchanges, 1):
        ends = [None if x is None else x.name for x in (r.source, r.target)]
        places = {system.place.get(n, _SYNAPSE) for n in ends if n is not None}
        at = places.pop() if len(places) == 1 else _SYNAPSE
        partner = None if r.partner is None else r.partner.name
        for word, rate, (source, target) in (
            ("moved", r.forward, ends),
            ("returned", r.backward, ends[::-1]),
        ):
            back = (r.backward if word == "moved" else r.forward) if r.gate else None
            if at:  # a place knows only what is defined there
                there = {n for n in system.definitions if system.place.get(n) == at}
                rate = system.inserted(rate, keep=there)
                back = None if back is None else system.inserted(back, keep=there)
            if rate != 0:
                found.append(Flow(f"{word}_{k}", source, target, rate, at, partner, word == "returned", back))
    return found


class Exchanges:
    """The statements by which counts are advanced, on the synapses and at places."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.flows = flows_of(system)
        self.shared = [f for f in self.flows if self._crosses(f)]

    def _place(self, count: str | None) -> str | None:
        return None if count is None else self.system.place.get(count, _SYNAPSE)

    def _crosses(self, flow: Flow) -> bool:
        ends = {self._place(n) for n in (flow.source, flow.target)} - {None}
        return len(ends) > 1

    def _of_place(self, flow: Flow) -> str:
        """The place of a flow between a place and its synapses."""
        return next(p for p in map(self._place, (flow.source, flow.target)) if p)

    # -- variables -----------------------------------------------------------------------------

    def declarations(self, place: str) -> list[str]:
        """Variables of a place, or of the synapses (an empty name)."""
        lines = [f"{f.name} : 1" for f in self.flows if f.drawn_at == place]
        return lines + [f"{n} : 1" for n in self.variables(place)]

    def variables(self, place: str) -> list[str]:
        """What the synapses see of a place besides its counts."""
        if not place:
            return []
        sums = [_sum(f) for f in self.shared if self._of_place(f) == place]
        return sums + [_enough(n) for n in self._takers(place)]

    def _takers(self, place: str) -> dict[str, list[Flow]]:
        """Flows to the synapses by the count of a place from which they take."""
        takers: dict[str, list[Flow]] = {}
        for f in self.shared:
            if self._place(f.source) == place:
                takers.setdefault(f.source, []).append(f)
        return takers

    # -- statements ------------------------------------------------------------------------------

    def draws(self, place: str, rename: Any) -> str:
        """How many molecules react in this step, among those that are drawn at a place."""
        lines: list[str] = []
        here = [f for f in self.flows if f.drawn_at == place]
        for f in here:
            if f.source is None:
                lines.append(f"{f.name} = poisson(({to_text(rename(f.rate))})*dt)")
        sources = dict.fromkeys(f.source for f in here if f.source is not None)
        for source in sources:
            ways = [f for f in here if f.source == source]
            if self._place(source) != place:  # each synapse asks for itself
                for f in ways:
                    lines.append(_draw(f.name, f.among, f"1 - exp(-({to_text(rename(f.hazard))})*dt)"))
            else:
                lines += _distribute(source, ways, rename)
        return "\n".join(lines)

    def decisions(self, place: str) -> str:
        """Whether the molecules of a place suffice for what its synapses ask for."""
        lines = []
        for source, takers in self._takers(place).items():
            own = [f.name for f in self.flows if f.source == source and f.drawn_at == place]
            left = " - ".join([source, *own])
            asked = " + ".join(map(_sum, takers))
            lines.append(f"{_enough(source)} = int({left} >= {asked})")
        return "\n".join(lines)

    def changes(self, place: str) -> str:
        """New numbers of molecules."""
        lines = []
        for count in self.system.drawn:
            if self._place(count) == place:
                terms = [f"- {self._amount(f, place)}" for f in self.flows if f.source == count]
                terms += [f"+ {self._amount(f, place)}" for f in self.flows if f.target == count]
                for f in (f for f in self.flows if f.partner == count):
                    terms.append(f"{'+' if f.brings else '-'} {self._amount(f, place)}")
                lines.append(" ".join([f"{count} = {count}", *terms]))
        return "\n".join(lines)

    def _amount(self, flow: Flow, place: str) -> str:
        """How many molecules a flow brings to a count of ``place``."""
        if flow not in self.shared:
            return flow.name
        amount = _sum(flow) if place else flow.name
        taken = self._place(flow.source) != _SYNAPSE
        return f"{amount}*{_enough(flow.source)}" if taken else amount

    # -- Brian2 objects --------------------------------------------------------------------------

    def attach(self, synapses: Any, places: Mapping[str, Any], rename: Any, order: int) -> list[CodeRunner]:
        """Let synapses and places carry out their statements; return what sums over synapses."""
        if not self.flows:
            return []
        groups = {_SYNAPSE: (synapses, rename)}
        groups |= {n: (p.group, p.rename) for n, p in places.items() if p.users_group is None}
        for place, (group, names) in groups.items():
            for code, at in (
                (self.draws(place, names), schedule.DRAWS),
                (self.decisions(place), schedule.DECISIONS),
                (self.changes(place), schedule.CHANGES),
            ):
                if code:
                    group.run_regularly(code, when="groups", order=order + at, clock=synapses.clock)
        return list(self._sums(synapses, places, order))

    def _sums(self, synapses: Any, places: Mapping[str, Any], order: int) -> Iterator[CodeRunner]:
        for f in self.shared:
            place = places[self._of_place(f)]
            updater = sum_over_synapses(
                synapses,
                Expression(f.name),
                _sum(f),
                place.group,
                f"_n_{place.place}",
                place.index_variable,
            )
            updater.order = order + schedule.SUMS_OF_DRAWS
            yield updater

    def check_step(self, values: Mapping[str, float], dt: float, where: str) -> None:
        """Refuse a time step in which a molecule may react more than rarely.

        A rate that depends on states is taken at their first values: what it becomes during the run is not
        known here, nor is one that depends on the voltage, a transmitter or a drug in time.

        Raises
        ------
        ModelError
        """
        for f in self.flows:
            try:
                rate = float(numeric(self.system.inserted(f.hazard), [], {**self.system.initial, **values})())
            except ModelError:
                continue  # it depends on what is known during the run only
            if f.source is not None and f.returning is None and rate * dt > MOST_PER_STEP:
                raise ModelError(
                    f"{where}: in a time step of {dt * 1e3:g} ms a molecule of '{f.among}' reacts with "
                    f"probability {-np.expm1(-rate * dt):.2g}; numbers of molecules are drawn with an error "
                    f"of half of that, so at most {MOST_PER_STEP:g} is accepted: use a time step of "
                    f"{MOST_PER_STEP / rate * 1e3:.2g} ms or less, or deterministic=True."
                )


def _sum(flow: Flow) -> str:
    return f"sum_of_{flow.name}"


def _enough(count: str) -> str:
    return f"enough_{count}"


def _draw(name: str, number: str, probability: str) -> str:
    return f"{name} = {BINOMIAL}({number}, {probability}, rand())"


def _distribute(source: str, ways: list[Flow], rename: Any) -> list[str]:
    """Multinomial draws: each way takes its share of those that are left."""
    if any(f.returning is not None for f in ways):
        return _one_by_one(source, ways, rename)
    if len(ways) == 1:
        return [_draw(ways[0].name, source, f"1 - exp(-({to_text(rename(ways[0].rate))})*dt)")]
    lines = [f"rate_{f.name} = {to_text(rename(f.rate))}" for f in ways]
    total = f"rate_from_{source}"
    lines.append(f"{total} = {' + '.join(f'rate_{f.name}' for f in ways)}")
    lines.append(f"share_{source} = (1 - exp(-{total}*dt))/({total} + int({total} == 0/second)/second)")
    left, spent = source, "0"
    for f in ways:
        probability = f"clip(rate_{f.name}*share_{source}/clip(1 - ({spent}), 1e-300, 1), 0, 1)"
        lines.append(_draw(f.name, left, probability))
        left, spent = f"({left} - {f.name})", f"{spent} + rate_{f.name}*share_{source}"
    return lines


def _one_by_one(source: str, ways: list[Flow], rename: Any) -> list[str]:
    """Draws of gates, each among those that the ones before have left."""
    lines, left = [], source
    for f in ways:
        rate = to_text(rename(f.rate))
        probability = f"1 - exp(-({rate})*dt)"
        if f.returning is not None:
            lines += [f"rate_{f.name} = {rate}", f"sum_{f.name} = {to_text(rename(f.rate + f.returning))}"]
            probability = f"rate_{f.name}/sum_{f.name}*(1 - exp(-sum_{f.name}*dt))"
        lines.append(_draw(f.name, left, probability))
        left = f"({left} - {f.name})"
    return lines


#: Name of the function that draws.
BINOMIAL = "binomial_of"


def _binomial(n: Any, p: Any, u: Any) -> Any:
    """The number of successes in ``n`` trials below which a fraction ``u`` of the distribution lies."""
    n, p, u = np.broadcast_arrays(*(np.asarray(x, float) for x in (n, p, u)))
    n, p = np.maximum(n, 0), np.clip(p, 0, 1)
    flip = p > 0.5
    p, u = np.where(flip, 1 - p, p), np.where(flip, 1 - u, u)
    with np.errstate(divide="ignore"):
        log_odds = np.log(p) - np.log1p(-p)
    log_pmf = n * np.log1p(-p)
    cdf = np.exp(log_pmf)
    k = np.zeros(n.shape)
    active = (cdf < u) & (k < n)
    while np.any(active):
        step = np.log(np.where(active, n - k, 1.0) / (k + 1)) + np.where(active, log_odds, 0.0)
        log_pmf = np.where(active, log_pmf + step, log_pmf)
        k = np.where(active, k + 1, k)
        cdf = np.where(active, cdf + np.exp(log_pmf), cdf)
        active = (cdf < u) & (k < n)
    found = np.where(flip, n - k, k)
    return found if found.shape else float(found)


_CPP = """
static inline double binomial_of(double n, double p, double u)
{
    if (n <= 0 || p <= 0) return 0;
    if (p >= 1) return n;
    const bool flip = p > 0.5;
    if (flip) { p = 1 - p; u = 1 - u; }
    const double log_odds = log(p) - log1p(-p);
    double log_pmf = n*log1p(-p), k = 0;
    double cdf = exp(log_pmf);
    while (cdf < u && k < n)
    {
        log_pmf += log((n - k)/(k + 1)) + log_odds;
        k += 1;
        cdf += exp(log_pmf);
    }
    return flip ? n - k : k;
}
"""
_CYTHON = """
from libc.math cimport exp as _b_exp, log as _b_log, log1p as _b_log1p
cdef double binomial_of(double n, double p, double u):
    cdef bint flip = p > 0.5
    cdef double log_odds, log_pmf, cdf
    cdef double k = 0
    if n <= 0 or p <= 0:
        return 0
    if p >= 1:
        return n
    if flip:
        p = 1 - p
        u = 1 - u
    log_odds = _b_log(p) - _b_log1p(-p)
    log_pmf = n*_b_log1p(-p)
    cdf = _b_exp(log_pmf)
    while cdf < u and k < n:
        log_pmf += _b_log((n - k)/(k + 1)) + log_odds
        k += 1
        cdf += _b_exp(log_pmf)
    return n - k if flip else k
"""


def binomial_function() -> Function:
    """``binomial_of(n, p, u)``: a binomial number by inversion, so that ``u`` alone is random."""
    function = Function(_binomial, arg_units=[1, 1, 1], return_unit=1, arg_names=["n", "p", "u"])
    function.implementations.add_implementation("cpp", _CPP, name=BINOMIAL)
    function.implementations.add_implementation("cython", _CYTHON, name=BINOMIAL)
    return function


FUNCTIONS = {BINOMIAL: binomial_function()}
