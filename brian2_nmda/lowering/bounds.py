"""Bounds of the error and of the speed of what is stepped."""

from collections.abc import Iterable, Mapping

import numpy as np
import sympy

from brian2_nmda.lowering.coupled import CoupledStates
from brian2_nmda.lowering.places import PRE
from brian2_nmda.lowering.steps import Classified, highest, rates_of_coupled
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import number, numeric, symbol
from brian2_nmda.symbolic.system import System

#: Largest product of the fastest rate and dt that is accepted.
COARSEST = 1.0
#: The same for what closes at rest: two Gauss points then leave (rate dt)**4/4320, 2e-8, of what is open.
COARSEST_AT_REST = 0.1


def fastest_rate(plan: Classified, resting: bool = False) -> tuple[str, float]:
    """State that relaxes fastest, and how fast (1/s), with transmitter and all channels open.

    While it is ``resting``, there is no transmitter, what depends on presynaptic spikes alone is as it was
    at the start, and states that are exact but for an input that is held over the step are left out as well.

    States with an exact step are left out, and exact series, which have a check of their own.
    Quantities without an upper bound, such as calcium, are taken at their starting values; those with a bound
    that is computed from parameters, such as a free enzyme, at their starting value and, one by one, there.
    """
    system, worst = plan.system, ("", 0.0)
    values = system.values()
    inputs: dict[str, float] = {}
    for name, (height, *_) in plan.pulses.items():
        try:
            inputs[name] = 0.0 if resting else highest(system, height, values)
        except ModelError:
            continue
    exact = set()
    if plan.declarations.method is None:
        exact = {n for n, s in plan.steps.items() if s.order is None and (resting or not s.held)} | set(
            plan.in_series
        )
    given = {**values, **inputs}
    for n, state in system.states.items():
        still = resting and plan.place[n] == PRE
        given.setdefault(n, 1.0 if state.within[1] == 1 and not still else system.initial[n])
    given.setdefault("v", 0.0)
    highest_values = _computed_bounds(system, values)
    for name, rate in system.rates.items():
        if name in exact:
            continue
        rate = system.inserted(rate, keep=inputs)
        moved = [n for n in highest_values if rate.has(symbol(n))]
        points = [given, *({**given, n: highest_values[n]} for n in moved)]
        try:
            value = max(abs(_slope(rate, name, point)) for point in points)
        except (ModelError, TypeError, ZeroDivisionError):
            continue
        if value > worst[1]:
            worst = (name, value)
    return worst


def _slope(rate: sympy.Expr, name: str, point: Mapping[str, float]) -> float:
    """Derivative of a rate by its state at a point; that of a step is taken as 1."""
    steps = (sympy.Heaviside, sympy.DiracDelta)
    if not rate.has(*steps):  # a long rate is short once there are numbers in it
        known = [s for s in rate.free_symbols if s.name != name and s.name in point]
        rate = rate.xreplace({s: number(point[s.name]) for s in known})
    slope = sympy.diff(rate, symbol(name)).replace(lambda e: isinstance(e, steps), lambda e: sympy.S.One)
    return float(numeric(slope, [], point)())


def _computed_bounds(system: System, values: Mapping[str, float]) -> dict[str, float]:
    """Upper bounds of states that are computed from parameters."""
    found = {}
    for name, state in system.states.items():
        high = state.within[1]
        if isinstance(high, sympy.Expr) and not high.is_number:
            try:
                found[name] = float(numeric(high, [], values)())
            except ModelError:  # of a parameter that is no number
                continue
    return found


def integrating_factor_bound(plan: Classified, name: str, dt: float) -> float | None:
    """Bound of the global error of ``name``; ``None`` where none is known."""
    system, values = plan.system, plan.system.values()
    names, rates = plan.coupled_to(name), rates_of_coupled(plan)
    inputs = {}
    for pulse, (height, *_) in plan.pulses.items():
        if any(rates[n].has(symbol(pulse)) for n in names):
            try:
                inputs[pulse] = (0.0, highest(system, height, values))
            except ModelError:
                return None
    within = {}
    for n in names:
        low, high = system.states[n].within
        if isinstance(low, (int, float)) and isinstance(high, (int, float)):
            within[n] = (float(low), float(high))
    try:
        return gauss_bound(rates, names, name, inputs or {"_": (0.0,)}, values, within, dt)
    except ModelError:
        return None


def gauss_bound(
    rates: Mapping[str, sympy.Expr],
    names: Iterable[str],
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
    known = CoupledStates(rates, names)
    linear = known.linear.get(name)
    if linear is None or len(linear.upstream) != 1:
        return None
    (x,) = linear.upstream
    inner = known.linear[x]
    rest = sympy.expand(linear.rest - known.shift(linear) * linear.slope)
    weight = sympy.diff(linear.slope, symbol(x))
    constant = linear.slope.xreplace({symbol(x): sympy.S.Zero})
    if inner.upstream or rest.has(symbol(x)) or x not in within:
        return None
    worst = 0.0
    start = np.linspace(*within[x], 401)
    for choice in np.array(np.meshgrid(*inputs.values())).reshape(len(inputs), -1).T:
        given = {**values, **dict(zip(inputs, choice, strict=True)), "dt": dt}
        numbers = [numeric(e, [], given)() for e in (inner.slope, inner.rest, weight, constant, rest)]
        rate, source, b, a, c = map(float, numbers)
        if rate <= 0 or c == 0:
            return None
        worst = max(worst, _gauss_error(start, rate, source / rate, a, b, c, dt))
    return worst


def _gauss_error(
    start: np.ndarray, rate: float, plateau: float, a: float, b: float, c: float, dt: float
) -> float:
    """`gauss_bound` for ``y' = c - (a + b x) y``, where x goes from ``start`` to ``plateau``."""

    def integral(s: float) -> np.ndarray:
        x_area = plateau * s + (start - plateau) * -np.expm1(-rate * s) / rate
        return a * s + b * x_area

    total = integral(dt)

    def quadrature(points: int) -> np.ndarray:
        at, by = np.polynomial.legendre.leggauss(points)
        terms = [w * np.exp(integral(dt * (p + 1) / 2) - total) for p, w in zip(at, by, strict=True)]
        return c * dt / 2 * sum(terms)

    error = np.abs(quadrature(2) - quadrature(20))
    return float(np.max(error / -np.expm1(-total)))
