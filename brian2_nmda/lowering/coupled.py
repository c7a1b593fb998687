"""States that are stepped together, and what the form of their equations allows.

See `brian2_nmda.lowering.integrators`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import sympy

from brian2_nmda.symbolic.analysis import linear_in, strongly_connected
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric, symbol


@dataclass(frozen=True)
class Step:
    """How one state is stepped.

    Attributes
    ----------
    state : str
    kind : str
        ``exact``, ``exact series``, ``integrating factor``, ``rk4``, ``constant`` or ``at spikes``.
    order : int or None
        Order of convergence while what is outside stands still; ``None`` where the step
        is exact.
    held : tuple of str
        Other states, not stepped with it, that are held over the step: order 1 in those.
    noisy : bool
        Whether white noise is added.
    """

    state: str
    kind: str
    order: int | None
    held: tuple[str, ...] = ()
    noisy: bool = False

    def __str__(self) -> str:
        text = self.kind if self.order is None else f"{self.kind}, order {self.order}"
        text += " plus white noise (Euler-Maruyama)" if self.noisy else ""
        return f"{text}; {', '.join(self.held)} held over the step" if self.held else text


@dataclass(frozen=True)
class LinearState:
    """``y' = rest - slope*y`` and what is known about its course within a step."""

    slope: sympy.Expr
    rest: sympy.Expr
    upstream: tuple[str, ...]


class CoupledStates:
    """States that are integrated together, and what is known about their equations.

    Attributes
    ----------
    rates : dict of str to sympy.Expr
        Their rates without noise.
    noise : dict of str to list of sympy.Expr
        The amplitude of each white noise in a rate.
    groups : list of list of str
        States that depend on each other, in an order in which each group reads earlier ones only.
    linear : dict of str to LinearState
        States whose course within a step is known.
    steps : dict of str to Step
    moving : list of str
        States that change between events.
    """

    def __init__(self, rates: Mapping[str, sympy.Expr], names: Iterable[str]) -> None:
        names = list(names)
        self.rates: dict[str, sympy.Expr] = {}
        self.noise: dict[str, list[sympy.Expr]] = {}
        for n in names:
            noises = [x for x in rates[n].free_symbols if is_noise(x)]
            self.rates[n] = rates[n].xreplace(dict.fromkeys(noises, sympy.S.Zero))
            if noises:
                self.noise[n] = [sympy.diff(rates[n], x) for x in noises]
        self.others = [n for n in rates if n not in names]
        self.linear: dict[str, LinearState] = {}
        self.steps: dict[str, Step] = {}
        self.groups = strongly_connected(self.rates)
        for group in self.groups:
            self._classify(group)
        self.moving = [n for n in self.rates if self.rates[n] != 0 or n in self.noise]

    def _classify(self, group: list[str]) -> None:
        held = {s.name for n in group for s in self.rates[n].free_symbols if s.name in self.others}
        held = tuple(sorted(held))
        kind, order = "rk4", 4
        parts = linear_in(self.rates[group[0]], group[0]) if len(group) == 1 else None
        if parts is not None:
            name = group[0]
            slope, rest = parts
            upstream = tuple(n for n in self.rates if n != name and (slope + rest).has(symbol(n)))
            linear = LinearState(slope, rest, upstream)
            if self.rates[name] == 0:
                kind, order = "constant", None
            elif not upstream or self.is_cascade(slope, rest, upstream):
                kind, order = "exact", None
            elif all(n in self.linear for n in upstream) and self._integrable(slope):
                kind, order = "integrating factor", 4
            if kind != "rk4":
                self.linear[name] = linear
        elif self._affine(group):
            kind, order = "exact series", None
        for name in group:
            self.steps[name] = Step(name, kind, order, held, name in self.noise)

    def _affine(self, group: list[str]) -> bool:
        """Whether coupled states are linear in each other, with coefficients that are held."""
        outside = [n for n in self.rates if n not in group]
        if len(group) < 2 or any(self.rates[n].has(*map(symbol, outside)) for n in group if outside):
            return False
        try:
            affine_rows(self.rates, group)
        except ValueError:
            return False
        return True

    def is_cascade(self, slope: sympy.Expr, rest: sympy.Expr, upstream: tuple[str, ...]) -> bool:
        """Whether ``rest`` is affine in states with an exponential course, and ``slope`` held."""
        affine = all(
            n in self.linear
            and not self.linear[n].upstream
            and self.linear[n].slope != 0
            and not slope.has(symbol(n))
            for n in upstream
        )
        weights = [sympy.diff(rest, symbol(n)) for n in upstream]
        return affine and not any(c.has(symbol(n)) for c in weights for n in self.rates)

    def _integrable(self, slope: sympy.Expr) -> bool:
        """Whether ``slope`` is affine in states that have an exact step."""
        inner = [n for n in self.rates if slope.has(symbol(n))]
        if not all(n in self.linear and not self.linear[n].upstream for n in inner):
            return False
        coefficients = [sympy.diff(slope, symbol(n)) for n in inner]
        return not any(c.has(symbol(n)) for c in coefficients for n in self.rates)

    def shift(self, linear: LinearState) -> sympy.Expr:
        """The number ``r`` for which ``rest - r*slope`` does not contain the fast states."""
        for n in linear.upstream:
            by_slope = sympy.diff(linear.slope, symbol(n))
            by_rest = sympy.diff(linear.rest, symbol(n))
            if by_slope != 0 and not any(e.has(symbol(m)) for e in (by_slope, by_rest) for m in self.rates):
                return sympy.cancel(by_rest / by_slope)
        return sympy.S.Zero


def affine_rows(
    rates: Mapping[str, sympy.Expr], group: Iterable[str]
) -> tuple[dict[str, sympy.Expr], dict[str, dict[str, sympy.Expr]]]:
    """Rates of coupled states as ``b*(1 - sum of the states) + sum of q*state``.

    Returns
    -------
    tuple of dict
        ``b`` by state and ``q`` by state and state, in which zeros are left out; written this way a
        Markov scheme with one state eliminated is as sparse as the scheme.

    Raises
    ------
    ValueError
        If they are not linear in each other.
    """
    group = list(group)
    symbols = [symbol(n) for n in group]
    drive, flows = {}, {}
    for n in group:
        if any(f.has(*symbols) for f in rates[n].atoms(sympy.Function)) or _bends(rates[n], symbols):
            raise ValueError(n)
        rest = sympy.expand(rates[n].xreplace(dict.fromkeys(symbols, sympy.S.Zero)))
        row = {m: sympy.expand(sympy.diff(rates[n], x)) for m, x in zip(group, symbols, strict=True)}
        if any(q.has(*symbols) for q in row.values()):
            raise ValueError(n)
        drive[n] = rest
        row = {m: sympy.expand(q + rest) for m, q in row.items()}
        flows[n] = {m: q for m, q in row.items() if q != 0 or m == n}
    return drive, flows


def _bends(rate: sympy.Expr, symbols: list[sympy.Symbol]) -> bool:
    """Whether a rate is seen not to be linear in some symbols, from three points on a line.

    Spares the expansion of long rates that cannot be linear, which may take minutes.
    """
    names = sorted(x.name for x in rate.free_symbols)
    rng = np.random.default_rng(1)
    middle, step = rng.uniform(0.5, 1.5, (2, len(names)))
    step = 0.3 * step * np.array([symbol(n) in symbols for n in names])
    try:
        f = numeric(rate, names, {})
        with np.errstate(all="ignore"):
            values = [float(f(*(middle + k * step))) for k in (-1, 0, 1)]
    except (ModelError, TypeError, ValueError, ZeroDivisionError):  # a function without values, say
        return False
    bend = values[0] - 2 * values[1] + values[2]
    return bool(np.all(np.isfinite(values)) and abs(bend) > 1e-6 * np.max(np.abs(values)))


def is_noise(x: sympy.Symbol) -> bool:
    """Whether a symbol is white noise, for which Brian2 reserves ``xi`` and ``xi_...``."""
    return x.name == "xi" or x.name.startswith("xi_")
