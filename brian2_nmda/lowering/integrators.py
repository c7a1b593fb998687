r"""How a system of equations is stepped, derived from its symbolic form.

Each state is advanced by the best step that its equation allows, inside its *block* (the states
of one part of a model). Everything outside the block is held over the step.

``exact``
    ``y' = B - A y`` with ``A`` and ``B`` held: the exponential step, also where ``A`` is 0. ``B`` may
    contain states of that kind, once (a two-exponential conductance): exact also where both time
    constants are equal.
``integrating factor``
    ``y' = B(s) - A(s) y`` where ``A`` is affine in states with an exact step. The integral of ``A``
    is then known in closed form and

    .. math:: y(h) = r + e^{-a(h)} (y_0 - r) + \int_0^h (B - r A)(s)\, e^{a(s) - a(h)}\,ds

    is computed with two Gauss points: order 4. The shift ``r`` is chosen so that what is left
    under the integral does not contain the fast states (``r = 1`` for a saturating receptor).
``exact series``
    Coupled states with ``y' = A y + b`` and ``A``, ``b`` held, such as the occupancies of a Markov scheme.
    With ``a`` at least ``h`` times the largest outflow,

    .. math:: e^{hA} = e^{-a} \sum_k \frac{(a + hA)^k}{k!}

    is a sum of positive terms (uniformisation): truncated and normalised it still keeps occupancies
    non-negative and their sum. The number of terms follows from ``a``; see `terms_needed`.
``rk4``
    Everything else in the block, classical Runge-Kutta with upstream states at the stage times.

White noise (``xi``) is added after the step, with the amplitude at the start of the step or, where it
depends on states with a known course, the root mean square over the step by Simpson's rule.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import sympy
from sympy.core.relational import Relational
from sympy.logic.boolalg import Boolean

from brian2_nmda.symbolic.analysis import linear_in, strongly_connected
from brian2_nmda.symbolic.expressions import exprel, int_of, numeric, symbol, to_text

_dt = symbol("dt")
#: Below this product of rate and dt, closed forms that divide by the rate lose their digits.
_SMALL = sympy.Float("1e-8", 17)
_GAUSS = tuple(sympy.Float((1 + s / np.sqrt(3)) / 2, 17) for s in (-1, 1))


@dataclass(frozen=True)
class Step:
    """How one state is stepped.

    Attributes
    ----------
    state : str
    kind : str
        ``exact``, ``integrating factor``, ``rk4`` or ``constant``.
    order : int or None
        Order of convergence while what is outside the block stands still; ``None`` where the step
        is exact.
    held : tuple of str
        Other states, outside the block, that are held over the step: order 1 in those.
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
class _Linear:
    """``y' = rest - slope*y`` and what is known about its course within a step."""

    slope: sympy.Expr
    rest: sympy.Expr
    upstream: tuple[str, ...]


def classify(rates: Mapping[str, sympy.Expr], blocks: Iterable[Iterable[str]]) -> dict[str, Step]:
    """The step of each state; see the module's documentation."""
    out: dict[str, Step] = {}
    for block in blocks:
        out.update(_Block(rates, list(block)).steps)
    return {n: out[n] for n in rates}


#: Terms of an exact series where nothing is known about the size of the rates.
DEFAULT_TERMS = 40


def update_code(
    rates: Mapping[str, sympy.Expr],
    blocks: Iterable[Iterable[str]],
    terms: int = DEFAULT_TERMS,
    scalars: Collection[str] = (),
) -> str:
    """Brian2 statements that advance all states by ``dt``, from their old values.

    ``scalars`` have one value for the whole group: what depends on them alone costs nothing.
    """
    lines: list[str] = []
    assign: list[str] = []
    for block in blocks:
        compiled = _Block(rates, list(block), terms, scalars)
        lines += compiled.code()
        assign += [f"{n} = _new_{n}" for n in compiled.moving]
    return "\n".join(lines + assign)


def exponential_euler_code(rates: Mapping[str, sympy.Expr], staggered: bool) -> str:
    """Exponential Euler as in BrainPy, regular also where a rate vanishes.

    With ``staggered`` each state uses the *new* values of the states it depends on
    (``brainpy.state``), otherwise all use the old values (``brainpy.dyn``).

    Raises
    ------
    ValueError
        If a rate is not linear in its own state, or (staggered) the states are coupled in a circle.
    """
    order = [n for group in strongly_connected(rates) for n in group]
    if staggered and any(len(group) > 1 for group in strongly_connected(rates)):
        raise ValueError("staggered stepping needs states that can be put in an order")
    lines, new = [], {}
    for name in order:
        parts = linear_in(rates[name], name)
        if parts is None:
            raise ValueError(f"the equation of '{name}' is not linear in '{name}'")
        slope, rest = (p.xreplace(new) if staggered else p for p in parts)
        y = symbol(name)
        lines.append(f"_new_{name} = {to_text(_exact(slope, rest, y, _dt))}")
        new[y] = symbol(f"_new_{name}")
    return "\n".join(lines + [f"{n} = _new_{n}" for n in order])


def _exact(slope: sympy.Expr, rest: sympy.Expr, start: sympy.Expr, h: sympy.Expr) -> sympy.Expr:
    """Course of ``y' = rest - slope*y`` for constant coefficients, regular at slope 0."""
    if slope == 0:
        return start + rest * h
    decay = sympy.exp(-slope * h)
    return start * decay + (rest * h * exprel(-slope * h) if rest != 0 else 0)


#: Most thresholds of a rate whose values are all written down.
_MAX_FLAGS = 3


class _Block:
    """States that are integrated together, and the code that does it."""

    def __init__(
        self,
        rates: Mapping[str, sympy.Expr],
        names: list[str],
        terms: int = DEFAULT_TERMS,
        scalars: Collection[str] = (),
    ) -> None:
        self.rates, self.noise = {}, {}
        self.terms, self.scalars = terms, set(scalars)
        for n in names:
            noises = [x for x in rates[n].free_symbols if _is_noise(x)]
            self.rates[n] = rates[n].xreplace(dict.fromkeys(noises, sympy.S.Zero))
            if noises:
                self.noise[n] = [sympy.diff(rates[n], x) for x in noises]
        self.others = [n for n in rates if n not in names]
        self.linear: dict[str, _Linear] = {}
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
            linear = _Linear(slope, rest, upstream)
            if self.rates[name] == 0:
                kind, order = "constant", None
            elif not upstream or self._cascade(slope, rest, upstream):
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

    def _cascade(self, slope: sympy.Expr, rest: sympy.Expr, upstream: tuple[str, ...]) -> bool:
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

    # -- code --------------------------------------------------------------------------------

    def code(self) -> list[str]:
        """Statements that compute ``_new_<state>`` from the old values."""
        self._lines: list[str] = []
        self._done: dict[tuple[str, sympy.Expr], sympy.Symbol] = {}
        for group in self.groups:
            name = group[0]
            if self.steps[name].kind == "exact series":
                self._series(group)
            elif self.steps[name].kind not in ("constant", "rk4"):
                self._lines.append(f"_new_{name} = {to_text(self._course(name, sympy.S.One))}")
                self._done[name, sympy.S.One] = symbol(f"_new_{name}")
        # no other state depends on these; together, so that they see each other at the stage times
        together = [n for group in self.groups for n in group if self.steps[n].kind == "rk4"]
        if together:
            self._runge_kutta(together)
        for name, amplitudes in self.noise.items():
            start = symbol(f"_new_{name}" if self.rates[name] != 0 else name)
            kick = sum(self._root_mean_square(a) * _randn() for a in amplitudes)
            self._lines.append(f"_new_{name} = {to_text(start + kick * sympy.sqrt(_dt))}")
        return self._lines

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
            self._lines.append(f"_{tag}_max_{n} = {to_text(sympy.Max(largest, out[n]))}")
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
            self._lines.append(f"_new_{n} = {to_text(r[n] / mass)}")
            self._done[n, sympy.S.One] = symbol(f"_new_{n}")

    def _temporary(self, base: str, value: sympy.Expr) -> sympy.Expr:
        if value.is_number or value.is_Symbol:
            return value
        name = f"_{base}_{len(self._lines)}"
        self._lines.append(f"{name} = {to_text(value)}")
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
            return self._piecewise(name, h) or _exact(
                self._named(name, "rate", linear.slope), linear.rest, y, h
            )
        if self._cascade(linear.slope, linear.rest, linear.upstream):
            return self._cascade_course(name, h)
        shift = self._shift(linear)
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
        return _exact(slope, sympy.expand(steady), y, h) + value

    def _shift(self, linear: _Linear) -> sympy.Expr:
        for n in linear.upstream:
            by_slope = sympy.diff(linear.slope, symbol(n))
            by_rest = sympy.diff(linear.rest, symbol(n))
            if by_slope != 0 and not any(e.has(symbol(m)) for e in (by_slope, by_rest) for m in self.rates):
                return sympy.cancel(by_rest / by_slope)
        return sympy.S.Zero

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
        for stage, fraction in enumerate((sympy.S.Zero, half, half, sympy.S.One)):
            here: dict[sympy.Basic, sympy.Expr] = {}
            for n in self.rates:
                if n in self.linear and any(self.rates[m].has(symbol(n)) for m in group):
                    here[symbol(n)] = self._at(n, fraction)
            if stage:
                for n in group:
                    here[symbol(n)] = symbol(n) + fraction * _dt * slopes[-1][n]
            slopes.append({n: self._temporary(f"{n}_k{stage}", self.rates[n].xreplace(here)) for n in group})
        for n in group:
            k = [s[n] for s in slopes]
            step = _dt / 6 * (k[0] + 2 * k[1] + 2 * k[2] + k[3])
            self._lines.append(f"_new_{n} = {to_text(symbol(n) + step)}")


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
        if any(f.has(*symbols) for f in rates[n].atoms(sympy.Function)):
            raise ValueError(n)
        rest = sympy.expand(rates[n].xreplace(dict.fromkeys(symbols, sympy.S.Zero)))
        row = {m: sympy.expand(sympy.diff(rates[n], x)) for m, x in zip(group, symbols, strict=True)}
        if any(q.has(*symbols) for q in row.values()):
            raise ValueError(n)
        drive[n] = rest
        row = {m: sympy.expand(q + rest) for m, q in row.items()}
        flows[n] = {m: q for m, q in row.items() if q != 0 or m == n}
    return drive, flows


def terms_needed(a: float, tail: float = 1e-14) -> int:
    """Terms of an exact series after which the rest is a fraction ``tail`` of the whole, for size ``a``."""
    term = total = np.exp(-a)
    k = 0
    while total < 0.5 or term > tail or k < a:
        k += 1
        term *= a / k
        total += term
    return max(k, 4)


def _is_noise(x: sympy.Symbol) -> bool:
    return x.name == "xi" or x.name.startswith("xi_")


_randn = sympy.Function("randn")


def gauss_bound(
    rates: Mapping[str, sympy.Expr],
    block: Iterable[str],
    name: str,
    inputs: Mapping[str, tuple[float, ...]],
    values: Mapping[str, float],
    within: Mapping[str, tuple[float, float]],
    dt: float,
) -> float | None:
    """A bound of the global error of an integrating-factor step with constant remainder.

    The error obeys ``e' <= e*exp(-a) + d`` with the quadrature error ``d`` of one step, so it never
    exceeds the largest ``d/(1 - exp(-a))`` over the invariant interval of the upstream state and all
    values of the inputs. That is evaluated on a dense grid, with the quadrature error taken against
    a 20-point rule.

    Returns
    -------
    float or None
        ``None`` if the equation is not of the form for which the bound holds.
    """
    compiled = _Block(rates, list(block))
    linear = compiled.linear.get(name)
    if linear is None or len(linear.upstream) != 1:
        return None
    (x,) = linear.upstream
    inner = compiled.linear[x]
    rest = sympy.expand(linear.rest - compiled._shift(linear) * linear.slope)
    weight = sympy.diff(linear.slope, symbol(x))
    constant = linear.slope.xreplace({symbol(x): sympy.S.Zero})
    if inner.upstream or rest.has(symbol(x)) or x not in within:
        return None
    worst = 0.0
    nodes, weights = np.polynomial.legendre.leggauss(20)
    low, high = within[x]
    start = np.linspace(low, high, 401)
    names = list(inputs)
    for choice in np.array(np.meshgrid(*inputs.values())).reshape(len(names), -1).T:
        given = {**values, **dict(zip(names, choice, strict=True)), "dt": dt}
        known = [numeric(e, [], given)() for e in (inner.slope, inner.rest, weight, constant, rest)]
        rate, source, b, a, c = (float(k) for k in known)
        if rate <= 0 or c == 0:
            return None
        plateau = source / rate

        def integral(
            s: float, rate: float = rate, plateau: float = plateau, b: float = b, a: float = a
        ) -> np.ndarray:
            x_area = plateau * s + (start - plateau) * -np.expm1(-rate * s) / rate
            return a * s + b * x_area

        total = integral(dt)

        def quadrature(at: np.ndarray, by: np.ndarray, total: np.ndarray = total) -> np.ndarray:
            terms = [w * np.exp(integral(dt * (p + 1) / 2) - total) for p, w in zip(at, by, strict=True)]
            return c * dt / 2 * sum(terms)  # noqa: B023

        two = np.polynomial.legendre.leggauss(2)
        error = np.abs(quadrature(*two) - quadrature(nodes, weights))
        worst = max(worst, float(np.max(error / -np.expm1(-total))))
    return worst
