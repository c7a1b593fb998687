"""The statements that advance states together; see `brian2_nmda.lowering.integrators`."""

from collections.abc import Callable, Collection, Mapping
from itertools import count, product

import numpy as np
import sympy
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from brian2_nmda.lowering.coupled import CoupledStates, affine_rows
from brian2_nmda.lowering.statements import Assign
from brian2_nmda.symbolic.expressions import exprel, int_of, symbol

_dt = symbol("dt")
_randn = sympy.Function("randn")
#: Below this product of rate and dt, closed forms that divide by the rate lose their digits.
_SMALL = sympy.Float("1e-8", 17)
_GAUSS = tuple(sympy.Float((1 + s / np.sqrt(3)) / 2, 17) for s in (-1, 1))
#: Terms of an exact series where nothing is known about the size of the rates.
DEFAULT_TERMS = 40
#: Most thresholds of a rate whose values are all written down.
_MAX_FLAGS = 3


class CoupledCode:
    """Writes the statements that compute ``_new_<state>`` for states that are stepped together.

    Parameters
    ----------
    coupled : CoupledStates
    terms : int
        Terms of an exact series.
    scalars : collection of str
        Names with one value for the whole group: what depends on them alone costs nothing.
    """

    def __init__(
        self, coupled: CoupledStates, terms: int = DEFAULT_TERMS, scalars: Collection[str] = ()
    ) -> None:
        self.coupled, self.terms, self.scalars = coupled, terms, set(scalars)
        self.rates, self.linear = coupled.rates, coupled.linear
        self._statements: list[Assign] = []
        self._done: dict[tuple[str, sympy.Expr], sympy.Symbol] = {}

    def statements(self) -> list[Assign]:
        """Compute the new values from the old ones."""
        self._statements, self._done = [], {}
        for group in self.coupled.groups:
            name = group[0]
            if self.coupled.steps[name].kind == "exact series":
                self._series(group)
            elif self.coupled.steps[name].kind not in ("constant", "rk4"):
                self._assign_new(name, self._course(name, sympy.S.One))
                self._done[name, sympy.S.One] = symbol(f"_new_{name}")
        # no other state depends on these; together, so that they see each other at the stage times
        together = [n for group in self.coupled.groups for n in group if self.coupled.steps[n].kind == "rk4"]
        if together:
            self._runge_kutta(together)
        for name, amplitudes in self.coupled.noise.items():
            start = symbol(f"_new_{name}" if self.rates[name] != 0 else name)
            kick = sum(self._root_mean_square(a) * _randn() for a in amplitudes)
            self._assign_new(name, start + kick * sympy.sqrt(_dt))
        return self._statements

    def _assign_new(self, name: str, value: sympy.Expr) -> None:
        self._statements.append(Assign(f"_new_{name}", value))

    def _root_mean_square(self, amplitude: sympy.Expr) -> sympy.Expr:
        inner = [n for n in self.rates if amplitude.has(symbol(n))]
        if not inner or not all(n in self.linear for n in inner):
            return amplitude
        half = sympy.Rational(1, 2)
        courses = [{symbol(n): self._at(n, c) for n in inner} for c in (sympy.S.Zero, half, sympy.S.One)]
        start, middle, end = (amplitude.xreplace(here) ** 2 for here in courses)
        return sympy.sqrt((start + 4 * middle + end) / 6)

    def _series(self, group: list[str]) -> None:
        """The exact series by Horner's rule, with the mass of the eliminated state in ``z``.

        Term by term ``r <- y + (a + h A) r / k`` and ``s <- 1 + a s / k``; the result is ``r / s``.
        """
        drive, flows = affine_rows(self.rates, group)
        tag = group[0]
        out = {n: self._temporary(f"{n}_q", -flows[n][n] * _dt) for n in group}
        drive = {n: self._temporary(f"{n}_b", drive[n] * _dt) for n in group}
        flows = {
            n: {m: self._temporary(f"{n}_{m}", q * _dt) for m, q in flows[n].items() if m != n} for n in group
        }
        largest = self._temporary(f"{tag}_sum", sympy.Add(*drive.values()))
        for n in group:
            self._statements.append(Assign(f"_{tag}_max_{n}", sympy.Max(largest, out[n])))
            largest = symbol(f"_{tag}_max_{n}")
        r, mass = {n: symbol(n) for n in group}, sympy.S.One
        for k in range(self.terms, 0, -1):
            rest = self._temporary(f"{tag}_z", mass - sympy.Add(*r.values()))
            new = {}
            for n in group:
                inflow = drive[n] * rest + sum(q * r[m] for m, q in flows[n].items())
                step = ((largest - out[n]) * r[n] + inflow) / k
                new[n] = self._temporary(f"{n}_r", symbol(n) + step)
            mass = self._temporary(f"{tag}_s", 1 + largest * mass / k)
            r = new
        for n in group:
            self._assign_new(n, r[n] / mass)
            self._done[n, sympy.S.One] = symbol(f"_new_{n}")

    def _temporary(self, base: str, value: sympy.Expr) -> sympy.Expr:
        if value.is_number or value.is_Symbol:
            return value
        name = f"_{base}_{len(self._statements)}"
        self._statements.append(Assign(name, value))
        return symbol(name)

    def _at(self, name: str, fraction: sympy.Expr) -> sympy.Expr:
        """Value of a state at ``fraction*dt`` into the step."""
        if fraction == 0 or self.rates[name] == 0:
            return symbol(name)
        key = (name, fraction)
        if key not in self._done:
            self._done[key] = self._temporary(f"{name}_at", self._course(name, fraction))
        return self._done[key]

    def _course(self, name: str, fraction: sympy.Expr) -> sympy.Expr:
        linear, y, h = self.linear[name], symbol(name), fraction * _dt
        if not linear.upstream:
            return self._piecewise(name, h) or exact(
                self._named(name, "rate", linear.slope), linear.rest, y, h
            )
        if self.coupled.is_cascade(linear.slope, linear.rest, linear.upstream):
            return self._cascade_course(name, h)
        shift = self.coupled.shift(linear)
        rest = sympy.expand(linear.rest - shift * linear.slope)
        total = self._temporary(f"{name}_a", self._integral(linear.slope, fraction))
        points = []
        for c in _GAUSS if rest != 0 else ():
            at = fraction * c
            decay = self._temporary(f"{name}_e", sympy.exp(self._integral(linear.slope, at) - total))
            here = {symbol(n): self._at(n, at) for n in linear.upstream if rest.has(symbol(n))}
            points.append((rest.xreplace(here), decay))
        value = shift + (y - shift) * sympy.exp(-total)
        if points and points[0][0] == points[1][0]:
            value += h / 2 * points[0][0] * (points[0][1] + points[1][1])
        elif points:
            value += h / 2 * sum(r * e for r, e in points)
        return value

    def _piecewise(self, name: str, h: sympy.Expr) -> sympy.Expr | None:
        """An exact step whose rate takes few values, each known before the loop over synapses."""
        linear = self.linear[name]
        flags = self._flags(name)
        if not flags:
            return None
        decay = self._by_flags(name, lambda slope, _: sympy.exp(-slope * h))
        rest = linear.rest.xreplace(dict.fromkeys(flags, sympy.S.Zero))
        if {x.name for x in rest.free_symbols} <= self.scalars:
            shift = self._by_flags(
                name, lambda slope, rest: rest * h * (exprel(-slope * h) if slope != 0 else 1)
            )
        else:
            gain = self._by_flags(name, lambda slope, _: h * (exprel(-slope * h) if slope != 0 else 1))
            shift = linear.rest.xreplace(flags) * gain
        return symbol(name) * decay + shift

    def _flags(self, name: str) -> dict[sympy.Expr, sympy.Expr]:
        """Steps in a rate that is otherwise known before the loop over synapses, and their names."""
        slope = self.linear[name].slope
        flags = sorted((x for x in slope.atoms(int_of, sympy.Heaviside) if _is_flag(x)), key=str)
        known = slope.xreplace(dict.fromkeys(flags, sympy.S.Zero)).free_symbols
        if not 1 <= len(flags) <= _MAX_FLAGS or not {x.name for x in known} <= self.scalars:
            return {}
        return {x: self._named(name, f"flag{i}", x) for i, x in enumerate(flags)}

    def _by_flags(self, name: str, value: Callable[[sympy.Expr, sympy.Expr], sympy.Expr]) -> sympy.Expr:
        """``value`` of a rate and of the rest, computed for all values of the flags before the loop."""
        flags, linear = self._flags(name), self.linear[name]
        table = {}
        for chosen in product((0, 1), repeat=len(flags)):
            here = dict(zip(flags, map(sympy.Integer, chosen), strict=True))
            table[chosen] = value(linear.slope.xreplace(here), linear.rest.xreplace(here))
        return _in_flags(table, list(flags.values()))

    def _cascade_course(self, name: str, h: sympy.Expr) -> sympy.Expr:
        linear, y = self.linear[name], symbol(name)
        slope = self._named(name, "rate", linear.slope)
        steady, value = linear.rest, sympy.S.Zero
        for n in linear.upstream:
            x = symbol(n)
            weight = sympy.diff(linear.rest, x)
            rate, plateau = self._rate_and_plateau(n)
            steady = steady.xreplace({x: plateau})
            spread = h * sympy.exp(-slope * h) * exprel((slope - rate) * h)
            value += weight * (x - plateau) * spread
        return exact(slope, sympy.expand(steady), y, h) + value

    def _integral(self, slope: sympy.Expr, fraction: sympy.Expr) -> sympy.Expr:
        """Integral of an integrable ``slope`` from 0 to ``fraction*dt``."""
        h = fraction * _dt
        constant = slope
        total = sympy.S.Zero
        for n in self.rates:
            weight = sympy.diff(slope, symbol(n))
            if weight == 0:
                continue
            constant = constant.xreplace({symbol(n): sympy.S.Zero})
            inner, x = self.linear[n], symbol(n)
            if inner.slope == 0:
                area = x * h + inner.rest * h**2 / 2
            else:
                plateau, left = self._plateau_and_mean_left(n, h)
                area = plateau * h + (x - plateau) * h * left
            total += weight * area
        return constant * h + total

    def _plateau_and_mean_left(self, state: str, h: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
        """What a state approaches, and the mean over ``h`` of the part of the distance that is left."""
        flags, rest = self._flags(state), self.linear[state].rest
        if not flags:
            rate, plateau = self._rate_and_plateau(state)
            return plateau, exprel(-rate * h)
        left = self._by_flags(state, lambda slope, _: exprel(-_off_zero(slope) * h))
        inverse = self._by_flags(state, lambda slope, _: 1 / _off_zero(slope))
        plateau = self._named(state, "inf", rest.xreplace(flags) * inverse) if rest != 0 else sympy.S.Zero
        return plateau, left

    def _rate_and_plateau(self, state: str) -> tuple[sympy.Expr, sympy.Expr]:
        """Rate and plateau of a state, for integrals over its course, which divide by the rate.

        The rate is kept off 0 (an integral is then right to 1e-8), where there is no plateau.
        """
        linear = self.linear[state]
        rate = self._named(state, "rate", linear.slope)
        if linear.rest == 0:
            return rate, sympy.S.Zero
        if not (linear.slope.is_Pow and linear.slope.exp.is_negative):  # 1/tau is never 0
            rate = self._named(state, "safe", _off_zero(rate))
        return rate, self._named(state, "inf", linear.rest / rate)

    def _named(self, state: str, what: str, value: sympy.Expr) -> sympy.Expr:
        key = (f"{state} {what}", sympy.S.Zero)
        if key not in self._done:
            self._done[key] = self._temporary(f"{state}_{what}", value)
        return self._done[key]

    def _runge_kutta(self, group: list[str]) -> None:
        half = sympy.Rational(1, 2)
        slopes: list[dict[str, sympy.Expr]] = []
        shared, rates = self._shared(group)
        for stage, fraction in enumerate((sympy.S.Zero, half, half, sympy.S.One)):
            here: dict[sympy.Basic, sympy.Expr] = {}
            for n in self.rates:
                if n in self.linear and any(self.rates[m].has(symbol(n)) for m in group):
                    here[symbol(n)] = self._at(n, fraction)
            if stage:
                for n in group:
                    at = symbol(n) + fraction * _dt * slopes[-1][n]
                    here[symbol(n)] = self._temporary(f"{n}_at{stage}", at) if shared else at
            for k, (name, piece) in enumerate(shared):
                here[name] = self._temporary(f"{group[0]}_part{k}", piece.xreplace(here))
            slopes.append({n: self._temporary(f"{n}_k{stage}", rates[n].xreplace(here)) for n in group})
        for n in group:
            k = [s[n] for s in slopes]
            step = _dt / 6 * (k[0] + 2 * k[1] + 2 * k[2] + k[3])
            self._assign_new(n, symbol(n) + step)

    def _shared(
        self, group: list[str]
    ) -> tuple[list[tuple[sympy.Symbol, sympy.Expr]], dict[str, sympy.Expr]]:
        """What several of the rates contain, so that it is computed once; and the rates in terms of it.

        Of one state, and where a rate switches, the rates stay as they are written.
        """
        rates = {n: self.rates[n] for n in group}
        switches = (int_of, sympy.Heaviside, Relational, Boolean, sympy.core.function.AppliedUndef)
        if len(group) < 2 or any(e.has(*switches) for e in rates.values()):
            return [], rates
        names = (sympy.Dummy(real=True) for _ in count())
        shared, reduced = sympy.cse(list(rates.values()), symbols=names, order="none")
        return shared, dict(zip(group, reduced, strict=True))


def exact(slope: sympy.Expr, rest: sympy.Expr, start: sympy.Expr, h: sympy.Expr) -> sympy.Expr:
    """Course of ``y' = rest - slope*y`` for constant coefficients, regular at slope 0."""
    if slope == 0:
        return start + rest * h
    decay = sympy.exp(-slope * h)
    return start * decay + (rest * h * exprel(-slope * h) if rest != 0 else 0)


def _off_zero(rate: sympy.Expr) -> sympy.Expr:
    """A rate by which one can divide."""
    return rate + 2 * _SMALL * int_of(sympy.Abs(rate) * _dt < _SMALL) / _dt


def _in_flags(table: Mapping[tuple[int, ...], sympy.Expr], flags: list[sympy.Expr]) -> sympy.Expr:
    """The entry of a table that flags choose, as a polynomial in them."""
    total = sympy.S.Zero
    for chosen in table:
        below = product(*((0, 1) if on else (0,) for on in chosen))
        coefficient = sum((-1) ** (sum(chosen) - sum(key)) * table[key] for key in below)
        total += coefficient * sympy.Mul(*(x for x, on in zip(flags, chosen, strict=True) if on))
    return total


def _is_flag(x: sympy.Expr) -> bool:
    """Whether an expression is 0 or 1."""
    return isinstance(x, sympy.Heaviside) or isinstance(x.args[0], (Relational, Boolean))
