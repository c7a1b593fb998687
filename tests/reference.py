r"""Reference solutions that share no code with `brian2_nmda`: closed forms in mpmath and NumPy.

Times are in ms, concentrations in mM (transmitter) or uM (calcium), potentials in mV.

**Which sample is which time.** A `StateMonitor` records in the slot ``start``: its sample ``i`` is the
state at the *start* of step ``i``, at ``t_i = i*dt``. A presynaptic spike is found at the end of step
``k`` (the slots ``thresholds`` and ``synapses`` come after ``groups``), so the first step that it changes
is ``k + 1``. A pulse of ``n = duration/dt`` steps is therefore on in the steps ``k+1 ... k+n``, that is
for ``t_{k+1} < t < t_{k+1} + duration``; the first sample that differs from rest is ``k + 2``. A
jump at a spike is in the state from sample ``k + 1``. Both mean: the ideal picture "the spike acts from
its own time on" holds with ``t_{k+1}`` as the time of the spike.

BrainPy acts in step ``k`` itself and its sample ``i`` is the state at the *end* of step ``i``: sample ``i``
of BrainPy is sample ``i + 2`` here (one for the spike, one for the label), for the same ``k``.

A later spike prolongs the pulse, pulses never add.
"""

from itertools import pairwise

import mpmath
import numpy as np
from scipy.special import exprel

#: mpmath digits; far more than a double has, because the closed form subtracts large numbers.
DIGITS = 50


def pulse_windows(spike_steps, n_on, dt):
    """Merged intervals (ms) in which the pulse is on, for spikes found in the given steps."""
    merged = []
    for k in sorted(spike_steps):
        start, stop = k + 1, k + 1 + n_on
        if merged and start <= merged[-1][1]:
            merged[-1][1] = max(stop, merged[-1][1])
        else:
            merged.append([start, stop])
    return [(a * dt, b * dt) for a, b in merged]


def _exponential_integral(t, lam, c, k):
    """``int_0^t exp(lam*s + c*(1 - exp(-k*s))) ds`` by science 6.1, or by quadrature at a pole."""
    s = -lam / k
    if abs(s - mpmath.nint(s)) < mpmath.mpf("1e-9"):
        return mpmath.quad(lambda u: mpmath.exp(lam * u + c * (1 - mpmath.exp(-k * u))), [0, t])
    u = mpmath.exp(-k * t)
    upper = mpmath.hyp1f1(s, s + 1, -c) / s
    lower = u**s * mpmath.hyp1f1(s, s + 1, -c * u) / s
    return mpmath.exp(c) / k * (upper - lower)


def _segment(t, x0, g0, height, alpha1, beta1, alpha2, beta2):
    """``x`` and ``g`` a time ``t`` after the start of a segment with constant transmitter."""
    k = alpha2 * height + beta2
    x_inf = alpha2 * height / k
    x = x_inf + (x0 - x_inf) * mpmath.exp(-k * t)
    lam, c = beta1 + alpha1 * x_inf, alpha1 * (x0 - x_inf) / k
    # the closed form is a difference of terms as large as exp(c): carry that many digits more
    with mpmath.extradps(int(2 * abs(c)) + 10):
        integral = _exponential_integral(t, lam, c, k) if c else mpmath.expm1(lam * t) / lam
    p = lam * t - c * mpmath.expm1(-k * t)
    return x, 1 - mpmath.exp(-p) * (1 - g0 + beta1 * integral)


def bionmda(times, windows, alpha1=2.0, beta1=0.01, alpha2=1.0, beta2=0.5, T=1.0, x0=0.0, g0=0.0):
    """Exact ``x`` and ``g`` of BioNMDA at increasing ``times`` (ms) for pulses in ``windows``.

    Piecewise constant transmitter; each segment is the closed form of science 6.1.
    """
    with mpmath.workdps(DIGITS):
        rates = [mpmath.mpf(float(r)) for r in (alpha1, beta1, alpha2, beta2)]
        edges = [(mpmath.mpf(0), 0)]
        for on, off in windows:
            edges += [(mpmath.mpf(on), T), (mpmath.mpf(off), 0)]
        edges.append((mpmath.inf, 0))
        x, g = mpmath.mpf(x0), mpmath.mpf(g0)
        out, i = np.empty((2, len(times))), 0
        for (start, height), (stop, _) in pairwise(edges):
            if start == stop:
                continue
            while i < len(times) and times[i] < stop:
                out[:, i] = [float(v) for v in _segment(times[i] - start, x, g, height, *rates)]
                i += 1
            if i == len(times):
                break
            x, g = _segment(stop - start, x, g, height, *rates)
    return out


def bionmda_x(times, windows, alpha2=1.0, beta2=0.5, T=1.0):
    """Exact ``x`` alone, in double precision."""
    edges = [(0.0, 0.0)] + [e for on, off in windows for e in ((on, T), (off, 0.0))]
    edges.append((np.inf, 0.0))
    times, out, x = np.asarray(times, float), np.zeros(len(times)), 0.0
    for (start, height), (stop, _) in pairwise(edges):
        k = alpha2 * height + beta2
        x_inf = alpha2 * height / k
        here = (times >= start) & (times < stop)
        out[here] = x_inf + (x - x_inf) * np.exp(-k * (times[here] - start))
        x = x_inf + (x - x_inf) * np.exp(-k * (stop - start))
    return out


# -- two exponentials (science 6.7) ---------------------------------------------------------------


def two_exponential(t, tau_rise, tau_decay):
    """Difference of exponentials with peak 1, an alpha function at equal time constants."""
    t = np.asarray(t, float)
    if tau_rise == tau_decay:
        return t / tau_rise * np.exp(1 - t / tau_rise)
    with mpmath.workdps(DIGITS):
        r, d = mpmath.mpf(float(tau_rise)), mpmath.mpf(float(tau_decay))
        peak = r * d / (d - r) * mpmath.log(d / r)
        f = 1 / (mpmath.exp(-peak / d) - mpmath.exp(-peak / r))
        values = [f * (mpmath.exp(-x / d) - mpmath.exp(-x / r)) for x in map(mpmath.mpf, t.ravel())]
    return np.array([float(v) for v in values]).reshape(t.shape)


def two_exponential_peak(tau_rise, tau_decay):
    """Time to peak, factor ``f`` and area of `two_exponential`."""
    peak = tau_rise * tau_decay / (tau_decay - tau_rise) * np.log(tau_decay / tau_rise)
    f = 1 / (np.exp(-peak / tau_decay) - np.exp(-peak / tau_rise))
    return peak, f, f * (tau_decay - tau_rise)


# -- block (science 2) ----------------------------------------------------------------------------


def block(v, Mg, K, k):
    """Unblocked fraction at ``v`` mV for a slope ``k`` per mV."""
    return 1 / (1 + Mg / K * np.exp(-k * np.asarray(v, float)))


# -- calcium pool (science 3.1, 6.6) ------------------------------------------------------------------

FARADAY = 96485.33212  # C/mol


def influx(volume, kappa=0.0):
    """Rise in uM/ms for 1 pA of inward calcium current into ``volume`` um^3."""
    return 1e-12 / (2 * FARADAY * volume * 1e-18 * (1 + kappa))  # mM/s = uM/ms


def pool_constant(t, tau):
    """Response above rest to a unit influx that stays on."""
    return tau * -np.expm1(-np.asarray(t, float) / tau)


def pool_exponential(t, tau, tau_i):
    """Response above rest to the influx ``exp(-t/tau_i)``."""
    t = np.asarray(t, float)
    return tau * tau_i / (tau - tau_i) * (np.exp(-t / tau) - np.exp(-t / tau_i))


def pool_alpha(t, tau, tau_a):
    """Response above rest to the influx ``(t/tau_a) exp(1 - t/tau_a)``."""
    t = np.asarray(t, float)
    b = 1 / tau_a - 1 / tau
    return np.e / tau_a * np.exp(-t / tau) * (1 / b**2 - np.exp(-b * t) * (t / b + 1 / b**2))


# -- running generated statements -------------------------------------------------------------------


def stepper(code):
    """A function that runs statements of one step on a dict of NumPy values, in place.

    For the text that an integrator writes: assignments in Brian2's syntax, functions from NumPy and
    SciPy. Far faster than a simulation, and free of Brian2.
    """
    known = {
        "__builtins__": {},
        "exp": np.exp,
        "log": np.log,
        "exprel": exprel,
        "sqrt": np.sqrt,
        "abs": np.abs,
        "int": lambda condition: np.where(condition, 1.0, 0.0),
    }
    compiled = compile(code, "<generated statements>", "exec")

    def step(values):
        exec(compiled, known, values)  # noqa: S102 - text that this package wrote
        return values

    return step
