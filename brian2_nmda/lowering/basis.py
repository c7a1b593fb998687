r"""Relaxation of a saturating gate as a sum of decaying exponentials.

Between pulses ``x`` decays with one rate and ``g`` obeys ``g' = f x - (a + b x) g``. Its course is linear in
the start value ``g0`` and smooth in ``x0``:

.. math:: g(t) = h_1(t; x_0)\, g_0 + h_2(t; x_0) \approx \sum_k c_k(x_0, g_0)\, e^{-\lambda_k t}

with fixed, logarithmically spaced rates and coefficients by least squares, tabulated as polynomials
in ``x0``. The exact series (rates ``a + m r`` and ``n r``) needs twice as many terms and is singular where
``a`` is a multiple of ``r``. The bound is that of the approximant itself, on a dense grid.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial import chebyshev

#: Numbers of exponentials that are tried, and the degree of the polynomials in x0.
_SIZES = range(8, 25, 2)
_DEGREE = 18


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
    x_max : float
        Largest x0 for which it holds.
    bound : float
        Largest error of g for any start in the invariant intervals and any time.
    """

    rates: tuple[float, ...]
    slope: np.ndarray
    offset: np.ndarray
    x_max: float
    bound: float

    def coefficients(self, x: np.ndarray, g: np.ndarray) -> np.ndarray:
        """One row per rate."""
        z = 2 * np.asarray(x) / self.x_max - 1
        power = np.polynomial.polynomial.polyval
        return np.array([power(z, s) * g + power(z, o) for s, o in zip(self.slope, self.offset, strict=True)])


def fit(
    r: float,
    a: float,
    b: float,
    f: float,
    x_max: float,
    tolerance: float,
    sizes: Iterable[int] = _SIZES,
) -> Basis | None:
    """The smallest basis within ``tolerance``; ``None`` if there is none.

    Parameters
    ----------
    r, a, b, f : float
        Of ``x' = -r x`` and ``g' = f x - (a + b x) g``, in 1/s.
    x_max, tolerance : float
    sizes : iterable of int
        Numbers of exponentials to try.
    """
    if not (r > 0 and a > 0 and x_max >= 0):
        return None
    x_max = max(x_max, 1e-9)  # nothing is ever bound
    # times in units of 1/r
    times = np.concatenate([[0.0], np.geomspace(5e-3, 15, 500), np.linspace(15.5, 60 + 12 * r / a, 200)])
    dense = np.concatenate([[0.0], np.geomspace(2e-3, 15, 1501), np.linspace(15.2, 60 + 12 * r / a, 600)])
    nodes = (1 + np.cos(np.pi * (np.arange(48) + 0.5) / 48)) / 2 * x_max
    probes = np.linspace(0, x_max, 61)
    target = _relaxation(times, nodes, a / r, b / r, f / r)
    truth = _relaxation(dense, probes, a / r, b / r, f / r)
    reach = max(12.0, 4 * (1 + b * x_max / r))
    for size in sizes:
        rates = np.concatenate([[a / r], np.geomspace(0.6, reach, size - 1)])
        design = np.exp(-np.outer(times, rates))
        both = np.concatenate(target, axis=1)  # time, (h1 of all nodes, h2 of all nodes)
        found = np.linalg.lstsq(design, both, rcond=1e-13)[0]
        series = [
            chebyshev.chebfit(2 * nodes / x_max - 1, part.T, _DEGREE).T
            for part in (found[:, : len(nodes)], found[:, len(nodes) :])
        ]
        slope, offset = (np.array([chebyshev.cheb2poly(c) for c in s]) for s in series)
        basis = Basis(tuple(map(float, rates * r)), slope, offset, float(x_max), 0.0)
        decays = np.exp(-np.outer(dense, rates))
        worst = 0.0
        for g0 in (0.0, 1.0):  # the error is linear in g0
            approximate = decays @ basis.coefficients(probes, np.full(len(probes), g0))
            worst = max(worst, float(np.max(np.abs(approximate - (truth[0] * g0 + truth[1])))))
        if worst <= tolerance:
            return Basis(basis.rates, slope, offset, basis.x_max, worst)
    return None


def _relaxation(t: np.ndarray, x0: np.ndarray, a: float, b: float, f: float) -> tuple[np.ndarray, np.ndarray]:
    """``h1`` and ``h2`` by time and start value, by Gauss quadrature over each interval."""
    points, weights = np.polynomial.legendre.leggauss(8)

    def integral(s: float) -> np.ndarray:
        return a * s + b * x0 * -np.expm1(-s)

    h1 = np.exp(-np.array([integral(s) for s in t]))
    h2 = np.zeros((len(t), len(x0)))
    for i in range(1, len(t)):
        left, right = t[i - 1], t[i]
        whole = integral(right)
        piece = 0.0
        for p, w in zip(points, weights, strict=True):
            s = left + (right - left) * (p + 1) / 2
            piece = piece + w * f * x0 * np.exp(-s) * np.exp(integral(s) - whole)
        h2[i] = h2[i - 1] * np.exp(integral(left) - whole) + (right - left) / 2 * piece
    return h1, h2
