r"""Plasticity by calcium thresholds, advanced at spikes instead of at each time step.

The form: a state :math:`c` (calcium) that decays, :math:`\dot c = -k c`, and jumps at spikes, and states
:math:`\rho` with

.. math:: \dot\rho = N(\rho) + \sum_i H(c - \theta_i)\,(\ldots)

where what the thresholds switch on is linear in :math:`\rho`, plus white noise that does not depend on
it. Between spikes :math:`c` falls through each threshold once, after :math:`\ln(c/\theta_i)/k`. Between
these times :math:`\rho` is an Ornstein-Uhlenbeck process with known mean and variance.

A nonlinear :math:`N`, such as a double well, is slow beside what the thresholds switch on and is split
off: in each piece its flow acts at the two Gauss points, for half of the piece each, and below all
thresholds it acts alone; each flow by one step of Runge-Kutta. With rates :math:`\epsilon` of :math:`N`
and :math:`\Lambda` of the pieces, the error of a piece of length :math:`h` is of order
:math:`\epsilon\Lambda^4h^5` and :math:`\epsilon^2\Lambda h^3`. An update may come at any time without
changing the law of what follows, so the error is bounded by updating at least every ``window`` seconds;
see `splitting_error`. If :math:`N` is linear it belongs to the pieces, and nothing but spikes asks for
an update.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import sympy

from brian2_nmda.symbolic.analysis import linear_in
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import exprel, int_of, numeric, symbol, to_text
from brian2_nmda.symbolic.part import Pulse
from brian2_nmda.symbolic.system import System

#: Error of a split state that is accepted where the user has stated no tolerance.
SPLITTING_TOLERANCE = 1e-5
#: Longest times between two updates (s) that are tried.
_WINDOWS = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 5e-3, 2e-3, 1e-3)
_FIRST = (1 - 3**-0.5) / 2
#: Shares of a piece before, between and after the two Gauss points.
_BETWEEN_GAUSS_POINTS = tuple(sympy.Float(x, 17) for x in (_FIRST, 1 - 2 * _FIRST, _FIRST))
#: More would need their times of crossing sorted.
_MOST_THRESHOLDS = 2


@dataclass(frozen=True)
class Efficacy:
    """A state that calcium drives.

    Attributes
    ----------
    name : str
    flow : sympy.Expr
        What is split off, or 0.
    slope, rest : sympy.Expr
        ``rest - slope*state``, with a symbol of `ThresholdRule.levels` for each threshold.
    variance : sympy.Expr
        Square of the amplitude of the noise, likewise.
    """

    name: str
    flow: sympy.Expr
    slope: sympy.Expr
    rest: sympy.Expr
    variance: sympy.Expr


@dataclass(frozen=True)
class ThresholdRule:
    """Calcium and the states that it drives, ready to be advanced by any time.

    Attributes
    ----------
    calcium : str
    decay : sympy.Expr
        Its rate (1/s).
    thresholds : tuple of sympy.Expr
    efficacies : tuple of Efficacy
    window : float or None
        Longest time between two updates (s); ``None`` if there is no limit.
    error : float
        `splitting_error` of that window.
    """

    calcium: str
    decay: sympy.Expr
    thresholds: tuple[sympy.Expr, ...]
    efficacies: tuple[Efficacy, ...]
    window: float | None = None
    error: float = 0.0

    @property
    def states(self) -> list[str]:
        """Calcium and what it drives."""
        return [self.calcium, *(e.name for e in self.efficacies)]

    @property
    def levels(self) -> tuple[sympy.Symbol, ...]:
        """1 while calcium is above a threshold, else 0."""
        return tuple(self._local(f"level_{k}") for k in range(1, len(self.thresholds) + 1))

    @property
    def updated(self) -> str:
        """Variable: the time step at whose start the stored values hold."""
        return f"k_updated_{self.calcium}"

    def _local(self, what: str) -> sympy.Symbol:
        return symbol(f"{what}_{self.calcium}")

    # -- code --------------------------------------------------------------------------------

    def statements(self, now: str) -> list[str]:
        """Brian2 statements that bring all states to the start of the time step ``now``, if it is later."""
        steps, gap, c = self._local("steps"), self._local("gap"), symbol(self.calcium)
        lines = [f"{steps} = ({now} - {self.updated})*int({now} > {self.updated})", f"{gap} = {steps}*dt"]
        lines += self._crossings(gap, c)
        for efficacy in self.efficacies:
            lines += self._advance(efficacy, gap)
        lines.append(f"{c} = {to_text(c * sympy.exp(-self.decay * gap))}")
        lines.append(f"{self.updated} = {self.updated} + {steps}")
        return lines

    def _crossings(self, gap: sympy.Symbol, c: sympy.Symbol) -> list[str]:
        """Times above the thresholds, and the ends of the pieces that they cut."""
        lines, times = [], []
        for k, theta in enumerate(self.thresholds, 1):
            ratio, time = self._local(f"ratio_{k}"), self._local(f"above_{k}")
            above = int_of(sympy.Gt(c, theta))
            lines.append(f"{ratio} = {to_text(1 + (c / theta - 1) * above)}")
            lines.append(f"{time} = {to_text(sympy.log(ratio) / self.decay)}")
            lines.append(f"{time} = {to_text(_choose(int_of(sympy.Gt(time, gap)), gap, time))}")
            times.append(time)
        first, last = times[0], times[-1]
        swapped = int_of(sympy.Lt(last, first))
        lines.append(f"{self._local('end_1')} = {to_text(_choose(swapped, last, first))}")
        if len(times) > 1:
            lines.append(f"{self._local('end_2')} = {to_text(_choose(swapped, first, last))}")
        return lines

    def _advance(self, efficacy: Efficacy, gap: sympy.Symbol) -> list[str]:
        y = symbol(efficacy.name)
        lines: list[str] = []

        def put(name: str, value: sympy.Expr) -> sympy.Symbol:
            target = symbol(f"{name}_{efficacy.name}")
            lines.append(f"{target} = {to_text(value)}")
            return target

        mean, noise = y, sympy.S.Zero
        start: sympy.Expr = sympy.S.Zero
        for k, (end, levels) in enumerate(self._pieces(gap)):
            slope, rest, variance = (
                e.xreplace(levels) for e in (efficacy.slope, efficacy.rest, efficacy.variance)
            )
            if slope == rest == variance == 0:  # below all thresholds, where the flow acts alone
                break
            length = put(f"length_{k}", end - start)
            shares = (sympy.S.One,) if efficacy.flow == 0 else _BETWEEN_GAUSS_POINTS
            slope = put(f"slope_{k}", slope)
            course: dict[sympy.Expr, tuple[sympy.Expr, sympy.Expr, sympy.Expr]] = {}
            for share in shares[:2]:
                tag = f"{k}_{len(course)}"
                area = put(f"area_{tag}", share * length * exprel(-slope * share * length))
                decay = put(f"decay_{tag}", 1 - slope * area)
                spread = sympy.S.Zero
                if variance != 0:
                    spread = put(f"spread_{tag}", variance * area * (1 + decay) / 2)
                course[share] = put(f"gain_{tag}", rest * area), decay, spread
            for n, share in enumerate(shares):
                gain, decay, spread = course[share]
                mean = put(f"mean_{k}_{n}", mean * decay + gain)
                noise = noise * decay**2 + spread
                noise = put(f"noise_{k}_{n}", noise) if noise != 0 else noise
                if n < len(shares) - 1:
                    mean = put(f"drawn_{k}_{n}", _draw(mean, noise))
                    mean = put(f"kicked_{k}_{n}", _runge_kutta(efficacy.flow, y, mean, length / 2, put))
                    noise = sympy.S.Zero
            start = end
        mean = put("drawn", _draw(mean, noise))
        if efficacy.flow != 0:
            mean = _runge_kutta(efficacy.flow, y, mean, put("rest", gap - start), put)
        lines.append(f"{y} = {to_text(mean)}")
        return lines

    def _pieces(self, gap: sympy.Symbol) -> Iterator[tuple[sympy.Expr, dict[sympy.Symbol, sympy.Expr]]]:
        """The end of each piece and the levels of the thresholds in it."""
        start: sympy.Expr = sympy.S.Zero
        for k in range(1, len(self.thresholds) + 1):
            end = self._local(f"end_{k}")
            if k == 1:
                yield end, dict.fromkeys(self.levels, sympy.S.One)
            else:  # above the threshold that calcium leaves later
                times = [self._local(f"above_{n}") for n in range(1, len(self.levels) + 1)]
                later = [int_of(sympy.Gt(time, start)) for time in times]
                yield end, dict(zip(self.levels, later, strict=True))
            start = end
        yield gap, dict.fromkeys(self.levels, sympy.S.Zero)


def _choose(condition: sympy.Expr, yes: sympy.Expr, no: sympy.Expr) -> sympy.Expr:
    return yes * condition + no * (1 - condition)


def _draw(mean: sympy.Expr, variance: sympy.Expr) -> sympy.Expr:
    return mean if variance == 0 else mean + sympy.sqrt(variance) * sympy.Function("randn")()


def _runge_kutta(
    flow: sympy.Expr,
    y: sympy.Symbol,
    at: sympy.Expr,
    time: sympy.Expr,
    put: Callable[[str, sympy.Expr], sympy.Symbol],
) -> sympy.Expr:
    """One classical step of ``y' = flow(y)`` from the value ``at`` over ``time``."""
    slopes: list[sympy.Expr] = []
    for stage, part in enumerate((0, sympy.Rational(1, 2), sympy.Rational(1, 2), 1)):
        here = at + part * time * slopes[-1] if slopes else at
        slopes.append(put(f"{at}_k{stage}", flow.xreplace({y: here})))
    return at + time / 6 * (slopes[0] + 2 * slopes[1] + 2 * slopes[2] + slopes[3])


# -- recognising the form ------------------------------------------------------------------------


def threshold_rules(system: System, states: Iterable[str]) -> Iterator[ThresholdRule]:
    """Rules of this form among ``states``, which live on the synapse; whatever reads them.

    Parameters may differ between synapses but not change during a run.
    """
    states = list(states)
    rates = {n: _with_steps(system.inserted(system.rates[n])) for n in states}
    constants = {symbol(n): p.sign for n, p in system.parameters.items() if p.is_number}
    for name in states:
        c = symbol(name)
        driven = {n: rates[n] for n in states if n != name and rates[n].has(c)}
        if not any(e.has(sympy.Heaviside) for e in driven.values()):
            continue
        decay, rest = linear_in(rates[name], name) or (sympy.S.Zero, None)
        if rest == 0 and _is_positive(decay, constants):
            rule = _rule(name, decay, driven, constants, system.noise)
            if rule is not None:
                yield rule


def _is_positive(expression: sympy.Expr, constants: Mapping[sympy.Symbol, str]) -> bool:
    """Whether an expression of constants is positive for all values that they may have."""
    signs = {s: sympy.Dummy(nonnegative=True, positive=sign == "positive" or None)
             for s, sign in constants.items() if sign in ("positive", "nonnegative", "fraction")}  # fmt: skip
    return _is_constant(expression, constants) and bool(expression.xreplace(signs).is_positive)


def _is_constant(expression: sympy.Expr, constants: Iterable[sympy.Symbol]) -> bool:
    """Whether nothing in it changes during a run: no other names, no pulses, no random numbers."""
    own = (Pulse, sympy.core.function.AppliedUndef)
    return expression.free_symbols <= set(constants) and not expression.has(*own)


def _with_steps(rate: sympy.Expr) -> sympy.Expr:
    """Write ``int(a > b)``, as it stands in text, as a step function."""
    return rate.replace(
        lambda e: isinstance(e, int_of) and isinstance(e.args[0], (sympy.Gt, sympy.Lt)),
        lambda e: sympy.Heaviside(e.args[0].gts - e.args[0].lts),
    )


def _rule(
    calcium: str,
    decay: sympy.Expr,
    rates: Mapping[str, sympy.Expr],
    constants: Mapping[sympy.Symbol, str],
    noise: Collection[sympy.Symbol],
) -> ThresholdRule | None:
    c = symbol(calcium)
    steps = sorted({h for e in rates.values() for h in e.atoms(sympy.Heaviside)}, key=str)
    thresholds = tuple(c - h.args[0] for h in steps)
    if not 1 <= len(steps) <= _MOST_THRESHOLDS or not all(_is_positive(t, constants) for t in thresholds):
        return None
    rule = ThresholdRule(calcium, decay, thresholds, ())
    levels = dict(zip(steps, rule.levels, strict=True))
    found = []
    for name, rate in rates.items():
        efficacy = _efficacy(name, rate.xreplace(levels), rule.levels, constants, noise)
        if efficacy is None:
            return None
        found.append(efficacy)
    return ThresholdRule(calcium, decay, thresholds, tuple(found))


def _efficacy(
    name: str,
    rate: sympy.Expr,
    levels: tuple[sympy.Symbol, ...],
    constants: Mapping[sympy.Symbol, str],
    noise: Collection[sympy.Symbol],
) -> Efficacy | None:
    y = symbol(name)
    noises = [x for x in rate.free_symbols if x in noise]
    if len(noises) > 1:
        return None
    amplitude = sympy.diff(rate, noises[0]) if noises else sympy.S.Zero
    drift = rate.xreplace(dict.fromkeys(noises, sympy.S.Zero))
    if not _is_constant(drift, {*constants, y, *levels}):
        return None
    if not _is_constant(amplitude, {*constants, *levels}):
        return None
    below = dict.fromkeys(levels, sympy.S.Zero)
    flow, variance = drift.xreplace(below), amplitude**2
    if linear_in(flow, name) is not None:
        flow = sympy.S.Zero
    elif not flow.is_polynomial(y) or variance.xreplace(below) != 0:
        return None
    linear = linear_in(sympy.expand(drift - flow), name)
    return None if linear is None else Efficacy(name, flow, *linear, variance)


# -- the error of the splitting ------------------------------------------------------------------


def with_window(
    rule: ThresholdRule, values: Mapping[str, float], tolerance: float, dt: float
) -> ThresholdRule | None:
    """The rule with the longest ``window`` for which the error is small enough.

    ``None`` if a window would have to be shorter than two time steps, or parameters are not known.
    """
    if all(e.flow == 0 for e in rule.efficacies):
        return rule
    for window in _WINDOWS:
        window = dt * round(window / dt)
        if window < 2 * dt:
            break
        try:
            error = splitting_error(rule, values, window)
        except ModelError:
            break
        if error <= tolerance:
            return ThresholdRule(
                rule.calcium, rule.decay, rule.thresholds, rule.efficacies, window, float(error)
            )
    return None


@np.errstate(over="ignore", invalid="ignore")  # unstable for a fast flow: the error is infinite
def splitting_error(rule: ThresholdRule, values: Mapping[str, float], window: float) -> float:
    """Bound of the error that updates at most ``window`` seconds apart add up to, in the mean.

    The largest error of one update, on a grid over the interval that the drift never leaves, divided
    by the share of the past that the update forgets. (Near an unstable point, which the past leaves
    instead, it is the error relative to that.)
    """
    worst = 0.0
    choices = [np.array(x) for x in product((0.0, 1.0), repeat=len(rule.levels)) if any(x)]
    for e in rule.efficacies:
        if e.flow == 0:
            continue
        known = {**values, **dict.fromkeys((x.name for x in rule.levels), 0.0)}
        compiled = numeric(e.flow, [e.name], known)

        def flow(x: np.ndarray, compiled: Callable = compiled) -> np.ndarray:
            return compiled(x) + 0 * x  # also where the flow is a number

        names = [x.name for x in rule.levels]
        slope, rest = (numeric(x, names, values) for x in (e.slope, e.rest))
        parts = [(float(slope(*x)), float(rest(*x))) for x in choices]
        y = _grid(e, known, parts)
        stiffness = np.max(np.abs(np.gradient(flow(y), y)))
        both = parts[-1]
        # calcium stays above some thresholds, leaves the first of two half way, or is below all
        courses = [[(p, window)] for p in parts]
        courses += [[(both, window / 2), (p, window / 2)] for p in parts[:-1]]
        courses.append([])
        for course in courses:
            split = y
            for (a, b), time in course:
                for n, share in enumerate(map(float, _BETWEEN_GAUSS_POINTS)):
                    split = split * np.exp(-a * share * time) + b * _area(a, share * time)
                    split = _step(flow, split, time / 2) if n < 2 else split
            split = split if course else _step(flow, y, window)
            exact = y
            for (a, b), time in course or [((0.0, 0.0), window)]:
                for _ in range(200):
                    exact = _step(lambda x, a=a, b=b: flow(x) + b - a * x, exact, time / 200)
            forgets = max(sum(a * time for (a, _), time in course), stiffness * window, 1e-9)
            error = np.max(np.abs(split - exact)) / -np.expm1(-forgets)
            worst = max(worst, error) if np.isfinite(error) else np.inf
    return float(worst)


def _area(rate: float, time: float) -> float:
    return time if rate == 0 else -np.expm1(-rate * time) / rate


def _step(rate: Callable[[np.ndarray], np.ndarray], y: np.ndarray, time: float) -> np.ndarray:
    k1 = rate(y)
    k2 = rate(y + time / 2 * k1)
    k3 = rate(y + time / 2 * k2)
    return y + time / 6 * (k1 + 2 * k2 + 2 * k3 + rate(y + time * k3))


def _grid(
    efficacy: Efficacy,
    values: Mapping[str, float],
    parts: Iterable[tuple[float, float]],
) -> np.ndarray:
    """Points between the outermost fixed points of the flow and of what the thresholds switch on."""
    y = symbol(efficacy.name)
    coefficients = sympy.Poly(sympy.expand(efficacy.flow), y).all_coeffs()
    numbers = [float(numeric(x, [], values)()) for x in coefficients]
    roots = np.roots(numbers) if any(numbers[:-1]) else np.zeros(0)
    ends = [r.real for r in roots if abs(r.imag) < 1e-6]
    ends += [b / a for a, b in parts if a > 0]
    low, high = (min(ends), max(ends)) if ends else (0.0, 1.0)
    return np.linspace(low, high if high > low else low + 1, 401)
