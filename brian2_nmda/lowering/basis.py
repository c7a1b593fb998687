r"""Course of a saturating gate as a sum of decaying exponentials.

Between pulses ``x`` decays with one rate and ``g`` obeys ``g' = f x - (a + b x) g``. Its course is linear in
the start value ``g0`` and smooth in ``x0``:

.. math:: g(t) = h_1(t; x_0)\, g_0 + h_2(t; x_0) \approx \sum_k c_k(x_0, g_0)\, e^{-\lambda_k t}

The rates are fitted (the slowest is ``a``), the coefficients are least squares, tabulated as polynomials in
``x0``. The exact series (rates ``a + m r`` and ``n r``) needs three times as many terms and is singular
where ``a`` is a multiple of ``r``. The bound is that of the approximant itself, on a dense grid.

With ``z = b x_0/r``, ``y = exp(-r t)`` and ``kappa_n = 1/((n + 1) r - a)``, the solution itself is

.. math:: h_1 = e^{-a t - z (1 - y)} \qquad
          h_2 = f x_0 e^{-a t + z y} [Q(z) - e^{-(r - a) t} Q(z y)], \quad Q(u) = \sum_n \kappa_n (-u)^n/n!

During a pulse ``x`` approaches another value with another rate, but only for a known time. There a few of
the same exponentials interpolate ``g``, at its time steps if these are few (then but for rounding), else
at Chebyshev's points.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from math import factorial

import numpy as np
from numpy.polynomial import chebyshev

#: Numbers of exponentials that are tried, and the largest degree of the polynomials in x0.
_SIZES = range(6, 21)
_DEGREE = 20
#: Largest ``b x_max/r`` and smallest distance of ``a/r`` from 1, 2, ... for which the series is used.
_MAX_Z, _RESONANCE = 8.0, 0.05
#: Points of the quadrature in the generated code over (a part of) a pulse, and between two nodes.
POINTS, POINTS_BETWEEN = 8, 4
#: Most time steps of a pulse at which it is interpolated; longer ones are taken as continuous.
_MAX_STEPS = 6
#: Smallest distance of the logarithms of two rates.
_GAP = 0.03
#: Rounding of an interpolation, for each unit of the norm of its matrix.
_EPSILON = 4e-16


@dataclass(frozen=True)
class Basis:
    """A fitted basis.

    Attributes
    ----------
    rates : tuple of float
        In 1/s.
    slope, offset : numpy.ndarray
        Power-series coefficients, one row per rate, of the factor of g0 and of the rest, in
        ``2*x0/x_max - 1``.
    series : tuple of float
        Power-series coefficients of Q, in s.
    x_max : float
        Largest x0 for which it holds.
    bound : float
        Largest error of g for any start in the invariant intervals and any time.
    """

    rates: tuple[float, ...]
    slope: np.ndarray
    offset: np.ndarray
    series: tuple[float, ...]
    x_max: float
    bound: float

    def coefficients(self, x: np.ndarray, g: np.ndarray) -> np.ndarray:
        """One row per rate."""
        z = 2 * np.asarray(x) / self.x_max - 1
        power = np.polynomial.polynomial.polyval
        return np.array([power(z, s) * g + power(z, o) for s, o in zip(self.slope, self.offset, strict=True)])


@dataclass(frozen=True)
class Interpolation:
    """Exponentials that follow ``g`` during a pulse.

    Attributes
    ----------
    nodes : tuple of float
        Times since the start of the pulse, in s, the first is 0 if they are time steps.
    duration : float
        Of the pulse, in s.
    chosen : tuple of int
        Exponentials whose amplitudes are set.
    inverse : numpy.ndarray
        Amplitudes from values at the nodes.
    bound : float
        Largest error of g within the pulse.
    """

    nodes: tuple[float, ...]
    duration: float
    chosen: tuple[int, ...]
    inverse: np.ndarray
    bound: float


@lru_cache(maxsize=64)
def fit(
    r: float,
    a: float,
    b: float,
    f: float,
    x_max: float,
    tolerance: float,
    size: int,
) -> Basis | None:
    """A basis of ``size`` exponentials within ``tolerance``; ``None`` if there is none.

    Parameters
    ----------
    r, a, b, f : float
        Of ``x' = -r x`` and ``g' = f x - (a + b x) g``, in 1/s.
    x_max, tolerance : float
    size : int
        Number of exponentials.
    """
    if not (r > 0 and a > 0 and x_max >= 0 and b * x_max / r <= _MAX_Z):
        return None
    if abs(a / r - max(1, round(a / r))) < _RESONANCE:
        return None
    x_max = max(x_max, 1e-9)  # nothing is ever bound
    slowest = 14 * max(1.0, r / a)  # e**-14 is below any tolerance
    times = np.concatenate([[0.0], np.geomspace(4e-3, 15, 250), np.linspace(15.5, 15.5 + slowest, 100)])
    dense = np.concatenate([[0.0], np.geomspace(2e-3, 15, 1001), np.linspace(15.2, 15.5 + slowest, 400)])
    nodes = (1 + np.cos(np.pi * (np.arange(28) + 0.5) / 28)) / 2 * x_max
    probes = np.linspace(0, x_max, 41)
    series = _series(a / r, b * x_max / r)
    both = np.concatenate(relaxation(times[:, np.newaxis], nodes, a / r, b / r, f / r, series), axis=1)
    truth = relaxation(dense[:, np.newaxis], probes, a / r, b / r, f / r, series)
    reach = max(6.0, 3 * (1 + b * x_max / r))
    rates = _fitted_rates(a / r, np.geomspace(0.7, reach, size - 1), times, both, tolerance / 4)
    design = np.exp(-np.outer(times, rates))
    found = np.linalg.lstsq(design, both, rcond=1e-13)[0]
    if np.max(np.abs(design @ found - both)) > tolerance:
        return None
    decays = np.exp(-np.outer(dense, rates))
    tables = [
        chebyshev.chebfit(2 * nodes / x_max - 1, part.T, _DEGREE)
        for part in (found[:, : len(nodes)], found[:, len(nodes) :])
    ]
    for degree in range(6, _DEGREE + 1, 2):
        slope, offset = (np.array([chebyshev.cheb2poly(c[: degree + 1]) for c in t.T]) for t in tables)
        basis = Basis(tuple(map(float, rates * r)), slope, offset, tuple(series / r), float(x_max), 0.0)
        worst = 0.0
        for g0 in (0.0, 1.0):  # the error is linear in g0
            approximate = decays @ basis.coefficients(probes, np.full(len(probes), g0))
            worst = max(worst, float(np.max(np.abs(approximate - (truth[0] * g0 + truth[1])))))
        if worst <= tolerance:
            return replace(basis, bound=worst)
    return None


def _fitted_rates(
    slow: float, fast: np.ndarray, times: np.ndarray, courses: np.ndarray, goal: float
) -> np.ndarray:
    """Rates for which the residual of a least-squares fit is small, by Levenberg and Marquardt.

    The coefficients follow from the rates (variable projection). ``courses`` are compressed to their
    principal components first.
    """
    u, s, _ = np.linalg.svd(courses, full_matrices=False)
    keep = s > 1e-3 * goal
    targets = u[:, keep] * s[keep] / np.sqrt(courses.shape[1])

    def residual(z: np.ndarray) -> np.ndarray:
        design = np.exp(-np.outer(times, np.concatenate([[slow], np.exp(z)])))
        q, _ = np.linalg.qr(design)
        return (targets - q @ (q.T @ targets)).ravel()

    z, damping = np.log(fast), 1e-3
    now = residual(z)
    for _ in range(40):
        jacobian = np.stack([(residual(z + d) - now) / 1e-6 for d in 1e-6 * np.eye(len(z))], axis=1)
        normal, gradient = jacobian.T @ jacobian, jacobian.T @ now
        while damping < 1e6:
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal) + 1e-300), gradient)
            trial = _spread(np.sort(z - np.clip(step, -0.3, 0.3)))
            new = residual(trial)
            if new @ new < now @ now:
                break
            damping *= 4
        else:
            break
        gain = 1 - (new @ new) / (now @ now)
        z, now, damping = trial, new, damping / 5
        if gain < 1e-3:
            break
    return np.concatenate([[slow], np.exp(z)])


def _spread(z: np.ndarray) -> np.ndarray:
    """Move logarithms of rates apart by `_GAP`: the amplitudes of rates that almost agree would be huge."""
    distance = np.maximum(np.diff(z), _GAP)
    return z[0] + np.concatenate([[0.0], np.cumsum(distance)])


def _series(a: float, z_max: float) -> np.ndarray:
    """Coefficients of Q for ``r = 1``, as many as its value at ``z_max`` needs."""
    terms = 4
    while z_max**terms / factorial(terms) > 1e-16:
        terms += 1
    return np.array([(-1.0) ** n / (factorial(n) * (n + 1 - a)) for n in range(terms)])


def relaxation(
    t: np.ndarray, x0: np.ndarray, a: float, b: float, f: float, series: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """``h1`` and ``h2`` by time and start value, which are broadcast, for ``r = 1``."""
    power = np.polynomial.polynomial.polyval
    z, y = b * x0, np.exp(-t)
    h1 = np.exp(-a * t - z * (1 - y))
    # exp(-a t) times exp(-(1 - a) t) is y: no factor overflows where a > 1
    h2 = f * x0 * np.exp(z * y) * (np.exp(-a * t) * power(z, series) - y * power(z * y, series))
    return h1, h2


def driven(
    s: np.ndarray,
    x0: np.ndarray,
    g0: np.ndarray,
    into: np.ndarray,
    rate: np.ndarray,
    constants: Mapping[str, float],
    points: int = 16,
) -> np.ndarray:
    """``g`` at a time ``s`` after ``x0`` and ``g0``, while x approaches ``into`` with ``rate``.

    One Gauss quadrature: s may be some time constants.
    """
    a, b, f = (constants[n] for n in "abf")

    def lost(u: np.ndarray) -> np.ndarray:
        return a * u + b * (into * u + (x0 - into) * -np.expm1(-rate * u) / rate)

    total = np.exp(-lost(s)) * g0
    for p, w in gauss(points):
        x = into + (x0 - into) * np.exp(-rate * p * s)
        total = total + w * s * f * x * np.exp(lost(p * s) - lost(s))
    return total


@lru_cache
def gauss(points: int) -> tuple[tuple[float, float], ...]:
    """Points and weights of Gauss and Legendre on [0, 1]."""
    p, w = np.polynomial.legendre.leggauss(points)
    return tuple((float(x), float(y)) for x, y in zip((p + 1) / 2, w / 2, strict=True))


def fit_phases(
    constants: Mapping[str, float],
    phases: tuple[tuple[float, float], ...],
    dt: float,
    tolerance: float,
    size: int | None = None,
) -> tuple[Basis, Interpolation | None] | None:
    """A basis, and an interpolation of the pulse if there is one.

    Parameters
    ----------
    constants : mapping of str to float
        ``r``, ``a``, ``b``, ``f``, ``x_max`` and, with a pulse, ``duration``.
    phases : tuple of (float, float)
        Value that x approaches during a pulse, and its rate; several where the height varies.
    dt, tolerance : float
    size : int, optional
        Number of exponentials.
    """
    kinetics = tuple(constants[n] for n in ("r", "a", "b", "f", "x_max"))
    courses = None
    if phases:
        duration = constants["duration"]
        if duration < dt * (1 - 1e-6):
            return None  # less than a time step, which is an error before the run
        s = sample_times(duration)
        # linear in g, but the largest error can be at any x
        between = np.linspace(0, constants["x_max"], 17)
        starts = [(x, g, *phase) for x in between for g in (0.0, 1.0) for phase in phases]
        x, g, into, rate = (np.array(column)[np.newaxis, :] for column in zip(*starts, strict=True))
        with np.errstate(over="ignore", invalid="ignore"):
            courses = driven(s[:, np.newaxis], x, g, into, rate, constants, 32)
            rough = driven(s[:, np.newaxis], x, g, into, rate, constants, POINTS)
        if not np.max(np.abs(courses - rough)) <= tolerance / 100:
            return None  # the pulse is too long for one quadrature
    for n in _SIZES if size is None else (size,):
        basis = fit(*kinetics, tolerance, n)
        if basis is None:
            continue
        if courses is None:
            return basis, None
        grid = np.linspace(0, basis.x_max, 21)
        left = max(np.max(np.sum(np.abs(basis.coefficients(grid, g + 0 * grid)), axis=0)) for g in (0.0, 1.0))
        interpolation = interpolate(basis.rates, duration, dt, courses, tolerance, float(left))
        if interpolation is not None:
            return basis, interpolation
    return None


def interpolate(
    rates: tuple[float, ...],
    duration: float,
    dt: float,
    courses: np.ndarray,
    tolerance: float,
    left: float = 0.0,
) -> Interpolation | None:
    """The fewest of the exponentials with which ``g`` can be followed for ``duration``.

    Parameters
    ----------
    rates : tuple of float
        In 1/s.
    duration, dt : float
        In s.
    courses : numpy.ndarray
        Values of extreme courses at ``sample_times(duration)``, one column each.
    tolerance : float
    left : float
        Largest sum of amplitudes of an earlier relaxation that may still be there.
    """
    steps = round(duration / dt)
    s = sample_times(duration)
    # what the exponentials that are not chosen still do is interpolated as well
    smooth = np.concatenate([courses, np.exp(-np.outer(s, rates))], axis=1)
    series = chebyshev.chebfit(2 * s / duration - 1, smooth, 20)
    at_steps = [True] * (steps <= min(_MAX_STEPS, len(rates)))
    for exact, m in [*((x, steps) for x in at_steps), *((False, m) for m in range(3, len(rates) + 1))]:
        halves = (1 - np.cos(np.pi * (np.arange(m) + 0.5) / m)) / 2
        nodes = np.arange(steps) * dt if exact else duration * halves
        chosen = _independent(np.exp(-np.outer(nodes, rates)), m)
        inverse = np.linalg.inv(np.exp(-np.outer(nodes, np.take(rates, chosen))))
        error = _EPSILON * float(np.max(np.sum(np.abs(inverse), axis=1)))
        if not exact:
            values = chebyshev.chebval(2 * nodes / duration - 1, series).T
            got = np.exp(-np.outer(s, np.take(rates, chosen))) @ (inverse @ values)
            missed = np.max(np.abs(got - smooth), axis=0)
            error += float(np.max(missed[: courses.shape[1]]))
            error += left * float(np.max(np.delete(missed[courses.shape[1] :], chosen), initial=0.0))
        if error <= (tolerance / 100 if exact else tolerance):
            return Interpolation(tuple(map(float, nodes)), duration, chosen, inverse, error)
    return None


def _independent(columns: np.ndarray, m: int) -> tuple[int, ...]:
    """The ``m`` columns that are chosen by a pivoted orthogonalisation."""
    rest, chosen = columns.copy(), []
    for _ in range(m):
        k = int(np.argmax(np.sum(rest**2, axis=0)))
        direction = rest[:, k] / np.linalg.norm(rest[:, k])
        rest -= np.outer(direction, direction @ rest)
        rest[:, k] = 0.0
        chosen.append(k)
    return tuple(sorted(chosen))


def sample_times(duration: float) -> np.ndarray:
    """Times at which `interpolate` wants courses."""
    return duration * (1 - np.cos(np.pi * np.arange(65) / 64)) / 2
