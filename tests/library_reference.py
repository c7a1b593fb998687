r"""Independent reference solutions for the library models: NumPy, SciPy and mpmath only.

Nothing here shares code with `brian2_nmda`. Units unless a docstring says otherwise: time in ms,
transmitter, magnesium and co-agonists in mM, calcium in uM, potentials in mV, rates per ms, binding
rates per (mM ms), which is the same number as per (uM s).
"""

import math
from itertools import pairwise

import mpmath
import numpy as np
from scipy.linalg import expm
from scipy.optimize import brentq, minimize_scalar
from scipy.signal import lfilter
from scipy.special import erf, gamma, gammainc

FARADAY = 96485.33212  # C/mol
GAS = 8.31446261815324  # J/(mol K)
DIGITS = 40

# -- Markov schemes (science 1d, 1f) --------------------------------------------------------------


def generator(edges, n):
    """Generator matrix (rows sum to 0) of ``n`` states from ``(source, target, rate)`` triples."""
    Q = np.zeros((n, n))
    for i, j, rate in edges:
        Q[i, j] += rate
        Q[i, i] -= rate
    return Q


def relax(Q, p0, t):
    """Occupancies ``p0 exp(Q t)``: one row for each time in ``t`` (ms); a vector for a scalar ``t``."""
    t = np.asarray(t, float)
    return np.asarray(p0, float) @ expm(Q * t[..., None, None])


def steady(Q):
    """The stationary occupancies of a scheme."""
    A = np.vstack([Q.T, np.ones(len(Q))])
    if np.linalg.matrix_rank(A) < len(Q):
        raise ValueError("the steady state is not unique: give p0")
    return np.linalg.lstsq(A, np.r_[np.zeros(len(Q)), 1.0], rcond=None)[0]


def eigen_rates(Q):
    """The relaxation rates (per ms), slowest first, without the zero of the steady state."""
    rates = -np.linalg.eigvals(Q)
    rates = rates[np.argsort(rates.real)][1:]
    return rates.real if np.all(np.abs(rates.imag) < 1e-12) else rates


def pulse_response(scheme, t, duration=1.0, height=1.0, p0=None, **conditions):
    """Open probability at times ``t`` for a square pulse of transmitter that starts at 0.

    ``scheme`` is one of the functions below, ``conditions`` are its keyword arguments (``v``, ``Mg``,
    rates). ``p0`` is an occupancy vector; the default is the steady state without transmitter.
    """
    _, off, is_open = scheme(T=0.0, **conditions)
    _, on, _ = scheme(T=height, **conditions)
    p0 = steady(off) if p0 is None else np.asarray(p0, float)
    end = relax(on, p0, duration)
    t = np.atleast_1d(np.asarray(t, float))
    out = np.empty(len(t))
    inside = t <= duration
    if inside.any():
        out[inside] = relax(on, p0, t[inside])[:, is_open].sum(-1)
    if (~inside).any():
        out[~inside] = relax(off, end, t[~inside] - duration)[:, is_open].sum(-1)
    return out


def waveform(scheme, longest=3000.0, **arguments):
    """Peak, time to peak, 10-90 % rise and 1/e decay (from the peak) of `pulse_response`."""

    def f(t):
        return pulse_response(scheme, t, **arguments)

    grid = np.r_[np.arange(0, 100, 0.25), np.geomspace(100, longest, 300)]
    values = f(grid)
    i = int(np.argmax(values))
    a, b = grid[max(i - 1, 0)], grid[min(i + 1, len(grid) - 1)]
    found = minimize_scalar(lambda t: -f(t)[0], bounds=(a, b), method="bounded", options={"xatol": 1e-9})
    t_peak, peak = float(found.x), float(-found.fun)

    def crossing(level, a, b):
        return brentq(lambda t: f(t)[0] - level * peak, a, b, xtol=1e-10)

    rise = crossing(0.9, 0, t_peak) - crossing(0.1, 0, t_peak)
    return peak, t_peak, rise, crossing(np.exp(-1), t_peak, longest) - t_peak


#: Rb per (mM ms), the others per ms; from the comments of nmda5.mod (icg-channels 135839).
FIVE_STATE_SETS = {
    name: {"Rb": float(Rb), "Ru": Ru / 1e3, "Rd": Rd / 1e3, "Rr": Rr / 1e3, "Ro": Ro / 1e3, "Rc": Rc / 1e3}
    for name, (Rb, Ru, Rd, Rr, Ro, Rc) in {
        "Destexhe1996": (5, 12.9, 8.4, 6.8, 46.5, 73.8),
        "Clements1992": (5, 9.5, 16, 13, 25, 59),
        "ClementsWestbrook1991": (5, 5, 4.0, 0.3, 10, 322),
        "EdmondsColquhoun1992": (5, 4.7, 8.4, 1.8, 46.5, 91.6),
        "LesterJahr1992": (5, 6.7, 15.2, 9.4, 83.8, 83.8),
    }.items()
}


def five_state(
    T=0.0, Rb=5.0, Ru=12.9e-3, Rd=8.4e-3, Rr=6.8e-3, Ro=46.5e-3, Rc=73.8e-3, sites=1, v=0.0, Mg=0.0
):
    """C0-C1-C2-O with C2-D: Lester & Jahr 1992, Destexhe et al. 1996 (nmda5.mod).

    ``sites=2`` uses the statistical factors 2Rb/Ru and Rb/2Ru (ModelDB 7988), ``sites=1`` none.
    """
    two = float(sites)
    C0, C1, C2, D, O = range(5)
    edges = [
        (C0, C1, two * Rb * T),
        (C1, C0, Ru),
        (C1, C2, Rb * T),
        (C2, C1, two * Ru),
        (C2, D, Rd),
        (D, C2, Rr),
        (C2, O, Ro),
        (O, C2, Rc),
    ]
    return ("C0", "C1", "C2", "D", "O"), generator(edges, 5), [O]


#: Per ms and per (mM ms); ModelDB 50207, NMDA_Mg.mod (Kampa et al. 2004).
KAMPA_2004 = {
    "Rb": 10.0,
    "Ru": 5.6e-3,
    "Ro": 10e-3,
    "Rc": 273e-3,
    "Rd1": 2.2e-3,
    "Rr1": 1.6e-3,
    "Rd2": 0.43e-3,
    "Rr2": 0.5e-3,
    "RbMg": 10.0,
    "RuMg": 17.1e-3,
    "RoMg": 10e-3,
    "RcMg": 548e-3,
    "Rd1Mg": 2.1e-3,
    "Rr1Mg": 0.87e-3,
    "Rd2Mg": 0.26e-3,
    "Rr2Mg": 0.42e-3,
    "Rmb": 0.05,
    "Rmu": 12.8,
    "Rmc1b": 5e-5,
    "Rmc1u": 2.438312e-3,
    "Rmc2b": 5e-5,
    "Rmc2u": 5.041915e-3,
    "Rmd1b": 5e-5,
    "Rmd1u": 2.98874e-3,
    "Rmd2b": 5e-5,
    "Rmd2u": 2.953408e-3,
}

#: The set of Branco et al. 2010, near physiological (ModelDB 140828); what it does not change is as in 2004.
BRANCO_2010 = KAMPA_2004 | {
    "Ru": 0.02016,
    "Ro": 0.0465,
    "Rc": 0.0916,
    "Rd1": 0.02266,
    "Rr1": 0.00736,
    "Rd2": 0.004429,
    "Rr2": 0.0023,
    "Rmc1u": 0.06,
    "Rmc2u": 0.06,
    "Rmd1u": 0.06,
    "Rmd2u": 0.06,
    "RuMg": 0.06156,
    "RoMg": 0.0465,
    "RcMg": 0.0916,
    "Rd1Mg": 0.02163,
    "Rr1Mg": 0.004002,
    "Rd2Mg": 0.002678,
    "Rr2Mg": 0.001932,
}


def kampa(T=0.0, v=-70.0, Mg=1.0, **rates):
    """Ten states with a blocked mirror, one glutamate step: Kampa et al. 2004 (ModelDB 50207)."""
    r = KAMPA_2004 | rates
    names = ("U", "Cl", "D1", "D2", "O", "UMg", "ClMg", "D1Mg", "D2Mg", "OMg")
    s = {name: i for i, name in enumerate(names)}
    bind, leave = Mg * np.exp(-0.064 * (v - 40)), np.exp(0.016 * (v - 40))
    edges = []
    for tag in ("", "Mg"):
        edges += [
            (s["U" + tag], s["Cl" + tag], r["Rb" + tag] * T),
            (s["Cl" + tag], s["U" + tag], r["Ru" + tag]),
            (s["Cl" + tag], s["O" + tag], r["Ro" + tag]),
            (s["O" + tag], s["Cl" + tag], r["Rc" + tag]),
            (s["Cl" + tag], s["D1" + tag], r["Rd1" + tag]),
            (s["D1" + tag], s["Cl" + tag], r["Rr1" + tag]),
            (s["D1" + tag], s["D2" + tag], r["Rd2" + tag]),
            (s["D2" + tag], s["D1" + tag], r["Rr2" + tag]),
        ]
    pairs = {"U": "Rmc1", "Cl": "Rmc2", "D1": "Rmd1", "D2": "Rmd2", "O": "Rm"}
    for state, rate in pairs.items():
        edges += [
            (s[state], s[state + "Mg"], r[rate + "b"] * bind),
            (s[state + "Mg"], s[state], r[rate + "u"] * leave),
        ]
    return names, generator(edges, len(names)), [s["O"]]


#: ModelDB 145836, SynNMDA10_2.mod.
VARGAS_CABALLERO_2004 = {
    "Rb": 5.0,
    "Ru": 5.5e-3,
    "Rd": 8.4e-3,
    "Rr": 1.8e-3,
    "Ro": 46.5e-3,
    "Rc": 91.6e-3,
    "block": 0.61,
    "block_slope": 17.0,
    "unblock": 5.4,
    "unblock_slope": 47.0,
    "blocked_closing": 3.0,
}

#: ModelDB 145836, SynNMDA10_2_2.mod (refit to CA1).
VARGAS_CABALLERO_CA1 = VARGAS_CABALLERO_2004 | {
    "Rb": 2.83,
    "Ru": 0.0381,
    "Rd": 4.7161,
    "Rr": 0.16116,
    "Ro": 0.099631,
    "Rc": 0.056999,
}


def vargas_caballero(T=0.0, v=-70.0, Mg=1.0, **rates):
    """Ten states in a chain with asymmetric trapping: Vargas-Caballero & Robinson 2004 (ModelDB 145836).

    ``blocked_closing`` is the factor of Rc in OB -> CB2 (3 in the repository).
    """
    r = VARGAS_CABALLERO_2004 | rates
    names = ("C0", "C1", "C2", "D", "O", "OB", "CB2", "CB1", "CB0", "DB")
    C0, C1, C2, D, O, OB, CB2, CB1, CB0, DB = range(10)
    edges = [
        (C0, C1, 2 * r["Rb"] * T),
        (C1, C0, r["Ru"]),
        (C1, C2, r["Rb"] * T),
        (C2, C1, 2 * r["Ru"]),
        (C2, D, r["Rd"]),
        (D, C2, r["Rr"]),
        (C2, O, r["Ro"]),
        (O, C2, r["Rc"]),
        (O, OB, r["block"] * Mg * np.exp(-v / r["block_slope"])),
        (OB, O, r["unblock"] * np.exp(v / r["unblock_slope"])),
        (OB, CB2, r["blocked_closing"] * r["Rc"]),
        (CB2, OB, r["Ro"]),
        (CB2, DB, r["Rd"]),
        (DB, CB2, r["Rr"]),
        (CB2, CB1, 2 * r["Ru"]),
        (CB1, CB2, r["Rb"] * T),
        (CB1, CB0, r["Ru"]),
        (CB0, CB1, 2 * r["Rb"] * T),
    ]
    return names, generator(edges, 10), [O]


def half_block(on, on_slope, off, off_slope, Mg=1.0):
    """Potential at which ``Mg*on*exp(-v/on_slope)`` equals ``off*exp(v/off_slope)``."""
    return np.log(Mg * on / off) / (1 / on_slope + 1 / off_slope)


# -- Graupner & Brunel 2012 (science 4.2, 6.4, 6.5) -----------------------------------------------

_GB_NAMES = [
    *("tau_Ca", "C_pre", "C_post", "theta_d", "theta_p", "gamma_d", "gamma_p", "sigma", "tau"),
    *("rho_star", "D", "beta", "b"),
]

#: ``tau_Ca`` and ``D`` in ms, ``tau`` in s; mgraupe/CalciumBasedPlasticityModel.
GB_SETS = {
    name: dict(zip(_GB_NAMES, values, strict=True))
    for name, values in {
        "DP": (20, 1, 2, 1, 1.3, 200, 321.808, 2.8284, 150, 0.5, 13.7, 0.5, 5),
        "DPD": (20, 0.9, 0.9, 1, 1.3, 250, 550, 2.8284, 150, 0.5, 4.6, 0.5, 5),
        "DPD'": (20, 1, 2, 1, 2.5, 50, 600, 2.8284, 150, 0.5, 2.2, 0.5, 5),
        "P": (20, 2, 2, 1, 1.3, 160, 257.447, 2.8284, 150, 0.5, 0, 0.5, 5),
        "D": (20, 0.6, 0.6, 1, 1.3, 500, 550, 5.6568, 150, 0.5, 0, 0.5, 5),
        "D'": (20, 1, 2, 1, 3.5, 60, 600, 2.8284, 150, 0.5, 0, 0.5, 5),
        "hippocampal slices": (
            *(48.8373, 1, 0.275865, 1, 1.3, 313.0965, 1645.59, 9.1844, 688.355),
            *(0.5, 18.8008, 0.7, 5.28145),
        ),
        "hippocampal cultures": (
            *(11.9536, 0.58156, 1.76444, 1, 1.3, 61.141, 113.6545, 2.5654, 33.7596),
            *(0.5, 10, 0.5, 36.0263),
        ),
        "cortical slices": (
            *(22.6936, 0.5617539, 1.23964, 1, 1.3, 331.909, 725.085, 3.3501, 346.3615),
            *(0.5, 4.6098, 0.5, 5.40988),
        ),
    }.items()
}


def periodic_calcium(period, pre, post, C_pre, C_post, tau_Ca, D=0.0):
    """Jump times (in one period) and calcium just after each jump, on the periodic orbit.

    ``pre`` and ``post`` are the spike times in one period (ms); each presynaptic jump is ``D`` late.
    """
    jumps = sorted([((t + D) % period, C_pre) for t in pre] + [(t % period, C_post) for t in post])
    times = np.array([t for t, _ in jumps])
    sizes = np.array([a for _, a in jumps])
    ago = (times[:, None] - times[None, :]) % period  # how long before jump i jump j was
    order = np.arange(len(times))
    later = (ago == 0) & (order[None, :] > order[:, None])  # same time, but not yet: one period ago
    ago = np.where(later, period, ago)
    after = (sizes * np.exp(-ago / tau_Ca)).sum(1) / -np.expm1(-period / tau_Ca)
    return times, after


def fractions_above(period, pre, post, C_pre, C_post, tau_Ca, theta_d, theta_p, D=0.0, **_):
    """Exact fractions of time ``(alpha_d, alpha_p)`` that periodic calcium spends above the thresholds."""
    times, after = periodic_calcium(period, pre, post, C_pre, C_post, tau_Ca, D)
    if len(times) == 0:
        return 0.0, 0.0
    lengths = np.diff(np.r_[times, times[0] + period])
    out = []
    for theta in (theta_d, theta_p):
        above = tau_Ca * np.log(np.maximum(after / theta, 1.0))
        out.append(float(np.minimum(above, lengths).sum() / period))
    return tuple(out)


def updown(alpha_d, alpha_p, duration, gamma_d, gamma_p, sigma, tau, rho_star=0.5, beta=0.5, b=5.0, **_):
    """``(rho_bar, tau_eff, U, D, change)`` after a stimulation of ``duration`` s (``tau`` in s).

    The Ornstein-Uhlenbeck approximation of Graupner & Brunel 2012: U and D are the Gaussian mass that is
    on the other side of ``rho_star`` at the end.
    """
    up, down = gamma_p * alpha_p, gamma_d * alpha_d
    if up + down == 0:
        return math.nan, math.inf, 0.0, 0.0, 1.0
    rho_bar, tau_eff = up / (up + down), tau / (up + down)
    e = math.exp(-duration / tau_eff)
    spread = math.sqrt(sigma**2 * (alpha_d + alpha_p) / (up + down) * (1 - e**2))
    low, high = rho_bar * (1 - e), rho_bar + (1 - rho_bar) * e
    U, D = _mass_above(low, rho_star, spread), 1 - _mass_above(high, rho_star, spread)
    change = (1 - U) * beta + D * (1 - beta) + b * (U * beta + (1 - D) * (1 - beta))
    return rho_bar, tau_eff, U, D, change / (beta + (1 - beta) * b)


def _mass_above(mean, level, spread):
    if spread == 0:
        return float(mean > level)
    return 0.5 * (1 - float(erf((level - mean) / spread)))


def gb_change(parameters, period, pre, post, repeats):
    """Weight change after ``repeats`` periods (ms) with the given spike times in each."""
    alphas = fractions_above(period, pre, post, **parameters)
    return updown(*alphas, repeats * period / 1000, **parameters)[-1]


def gb_stdp(parameters, delta, frequency=1.0, pairs=60):
    """Weight change by pairs at ``frequency`` Hz, the postsynaptic spike ``delta`` ms after the other."""
    return gb_change(parameters, 1000 / frequency, [0.0], [delta], pairs)


# -- Wang 1999, Brunel & Wang 2001, NEST iaf_bw_2001 (science 1b, 6.2) -----------------------------


def jump_constants(alpha_tau_x, r):
    """``(k0, k1)`` of the jump ``s -> s + k0 + k1*s`` of NEST, for ``r = tau_x/tau_s``."""
    k0 = alpha_tau_x**r * gamma(1 - r) * gammainc(1 - r, alpha_tau_x)
    return float(k0), math.expm1(-alpha_tau_x)


def wang_s(t, s0=0.0, x0=1.0, alpha=0.5, tau_x=2.0, tau_s=100.0):
    """Exact ``s`` a time ``t`` (scalar, ms) after a spike that left ``x = x0``; mpmath.

    Variation of constants with the integral of ``exp(t/tau_s + c (1 - exp(-t/tau_x)))`` as a power series in
    ``c exp(-t/tau_x)``: sum of ``(-c)^n/n! (exp((1/tau_s - n/tau_x) t) - 1)/(1/tau_s - n/tau_x)``.
    """
    with mpmath.workdps(DIGITS):
        t, s0, x0, alpha, tau_x, tau_s = (mpmath.mpf(float(v)) for v in (t, s0, x0, alpha, tau_x, tau_s))
        c = alpha * x0 * tau_x
        extra = int(abs(c)) + 10
        with mpmath.extradps(extra):
            total, factor, n = mpmath.mpf(0), mpmath.mpf(1), 0
            while n < 5 or abs(factor) > mpmath.eps:
                rate = 1 / tau_s - n / tau_x
                total += factor * (mpmath.expm1(rate * t) / rate if rate else t)
                n += 1
                factor *= -c / n
            J = mpmath.exp(c) * total
            P = t / tau_s + c * (1 - mpmath.exp(-t / tau_x))
            return float(1 - mpmath.exp(-P) * (1 - s0 + J / tau_s))


def wang_train(spikes, times, alpha=0.5, tau_x=2.0, tau_s=100.0):
    """Exact ``x`` and ``s`` at increasing ``times`` for the presynaptic ``spikes`` (ms), both 0 before.

    At a spike time itself the value of ``x`` is the one after the jump.
    """
    out = np.zeros((2, len(times)))
    x = s = 0.0
    last = -math.inf
    stops = [*sorted(spikes), math.inf]
    i = 0
    for stop in stops:
        while i < len(times) and times[i] < stop:
            if last > -math.inf:
                gap = times[i] - last
                out[:, i] = x * math.exp(-gap / tau_x), wang_s(gap, s, x, alpha, tau_x, tau_s)
            i += 1
        if stop == math.inf:
            break
        if last > -math.inf:
            s = wang_s(stop - last, s, x, alpha, tau_x, tau_s)
            x *= math.exp(-(stop - last) / tau_x)
        x, last = x + 1, stop
    return out


def wang_peak(alpha=0.5, tau_x=2.0, tau_s=100.0):
    """Peak of ``s`` and its time after a single spike from rest."""

    def slope(t):
        x, s = math.exp(-t / tau_x), wang_s(t, 0, 1, alpha, tau_x, tau_s)
        return alpha * x * (1 - s) - s / tau_s

    t = brentq(slope, 1e-3 * tau_x, 50 * tau_x, xtol=1e-12)
    return wang_s(t, 0, 1, alpha, tau_x, tau_s), t


def wang_periodic(rate, alpha=0.5, tau_x=2.0, tau_s=100.0):
    """``(x, s)`` just after a spike and the exact mean of ``s`` for a periodic train of ``rate`` Hz.

    The mean follows from the equation of ``s`` integrated over a period: no quadrature of ``s`` itself
    but of ``x s``, which is short.
    """
    period = 1000 / rate
    x0 = 1 / -math.expm1(-period / tau_x)
    # s is affine in its start value: two evaluations give the fixed point
    a = wang_s(period, 0, x0, alpha, tau_x, tau_s)
    b = wang_s(period, 1, x0, alpha, tau_x, tau_s) - a
    s0 = a / (1 - b)
    # mean of ds/dt = 0:  mean(s)/tau_s = alpha (mean(x) - mean(x s));  x s only lives a few tau_x
    nodes, weights = np.polynomial.legendre.leggauss(12)
    length = min(period, 40 * tau_x)
    panels = max(1, math.ceil(length / (2 * tau_x)))
    width = length / panels
    xs = 0.0
    for left in width * np.arange(panels):
        for node, weight in zip(left + width * (nodes + 1) / 2, weights * width / 2, strict=True):
            s = wang_s(node, s0, x0, alpha, tau_x, tau_s)
            xs += weight * x0 * math.exp(-node / tau_x) * s
    return x0, s0, tau_s * alpha * (tau_x - xs) / period


def jump_mean(rate, tau_s, k0, k1, poisson=False):
    """Mean of ``s`` with the jump ``s -> s + k0 + k1*s`` at ``rate`` Hz, periodic or Poisson spikes."""
    nu = rate / 1000
    if poisson:
        return nu * tau_s * k0 / (1 - nu * tau_s * k1)
    decay = math.exp(-1 / (nu * tau_s))
    after = k0 / (1 - (1 + k1) * decay)
    return after * nu * tau_s * (1 - decay)


def brunel_wang_psi(rate, alpha=0.5, tau_x=2.0, tau_s=100.0):
    """The mean-field gating ``psi(nu)`` of Brunel & Wang 2001 at ``rate`` Hz.

    ``T_n`` has ``k*tau_s`` in its denominator (science.md prints tau_N, the same for ``alpha*tau_x = 1``).
    """
    with mpmath.workdps(DIGITS):
        nu, a = mpmath.mpf(float(rate)) / 1000, mpmath.mpf(alpha) * tau_x
        tau_N = a * tau_s
        q = 1 + nu * tau_N
        total = mpmath.mpf(0)
        for n in range(1, 60):
            T_n = sum(
                (-1) ** k * mpmath.binomial(n, k) * tau_x * q / (tau_x * q + k * tau_s) for k in range(n + 1)
            )
            total += (-a) ** n / mpmath.factorial(n + 1) * T_n
        return float(nu * tau_N / q * (1 + total / q))


def wang_naive(rate, alpha=0.5, tau_x=2.0, tau_s=100.0):
    """Mean of ``s`` if ``x`` were constant."""
    drive = alpha * tau_x * rate / 1000
    return drive / (1 / tau_s + drive)


# -- Block (science 2) ----------------------------------------------------------------------------


def static_block(v, Mg, K0, k):
    """Unblocked fraction ``1/(1 + Mg/K0 exp(-k v))``."""
    return 1 / (1 + Mg / K0 * np.exp(-k * np.asarray(v, float)))


def half_potential(Mg, K0, k):
    """The potential of half block."""
    return math.log(Mg / K0) / k


def best_inward(Mg, K0, k, E=0.0):
    """The potential of the largest inward current: ``k (1 - B) (E - v) = 1``."""
    return brentq(lambda v: k * (1 - static_block(v, Mg, K0, k)) * (E - v) - 1, E - 500, E - 1e-6)


def woodhull_slope(delta, celsius, z=2):
    """Slope ``z delta F/(R T)`` per mV."""
    return z * delta * FARADAY / (GAS * (celsius + 273.15)) * 1e-3


#: name, K0 (mM), k (per mV), Mg (mM), V_half, B at -70, -65, -40, 0, 40 mV
BLOCKS = [
    ("JahrStevens", 3.57, 0.062, 1.0, -20.5253, (0.04447, 0.05967, 0.23016, 0.78118, 0.97708)),
    ("JahrStevens", 3.57, 0.062, 1.2, -17.5846, (0.03734, 0.05022, 0.19945, 0.74843, 0.97262)),
    ("JahrStevens", 3.57, 0.062, 0.5, -31.7050, (0.08515, 0.11262, 0.37419, 0.87715, 0.98841)),
    ("JahrStevens", 3.57, 0.062, 2.0, -9.3455, (0.02274, 0.03075, 0.13004, 0.64093, 0.95519)),
    ("BBHippocampus", 2.62, 0.062, 1.0, -15.5351, (0.03303, 0.0445, 0.17993, 0.72376, 0.96903)),
    ("Chindemi2022", 2.5522415, 0.07207477, 1.0, -13.0, (0.01617, 0.02302, 0.12499, 0.71849, 0.97854)),
    ("NeuroML", 1.92054, 1 / 16.129, 1.2, -7.5852, (0.02044, 0.02766, 0.11819, 0.61545, 0.95028)),
    ("Maex1998", math.exp(-0.62) / 0.2801, 0.062, 1.2, -7.5853, (0.02044, None, None, 0.61545, None)),
    ("Durstewitz", 1 / 0.33, 0.0625, 1.0, -17.7386, (0.03674, 0.04956, 0.19919, 0.75188, 0.97363)),
    ("Polsky2004", 1 / 0.25, 0.08, 1.0, -17.3287, (0.01458, 0.02159, 0.14019, 0.80000, 0.98991)),
    (
        *("Woodhull35", 4.1, woodhull_slope(0.8, 35), 1.0, -23.4174),
        (0.05696, 0.07547, 0.26911, 0.80392, 0.97857),
    ),
    ("Doron2017", 7.51, 0.1, 1.0, -20.1624, (0.0068, 0.01116, 0.12092, 0.88249, 0.99757)),
    ("SPM", 1 / 0.2, 0.062, 1.0, -25.9587, (0.06119, 0.08162, 0.29514, 0.83333, 0.98353)),
    (
        *("NESTht", math.exp(0.081 * 25.57), 0.081, 1.0, -25.57),
        (0.02663, 0.0394, 0.23707, 0.88807, 0.99509),
    ),
]

# -- Two states (science 1c) ----------------------------------------------------------------------


def two_state_train(spikes, times, alpha=0.072, beta=0.0066, height=1.0, duration=1.0, dead=1.0):
    """Exact open fraction at increasing ``times`` (ms) of Destexhe's two-state receptor.

    Spikes during a pulse or in the ``dead`` time after it are ignored (ModelDB 18500).
    """
    edges, free = [(-math.inf, 0.0)], -math.inf
    for t in sorted(spikes):
        if t >= free:
            edges += [(t, height), (t + duration, 0.0)]
            free = t + duration + dead
    edges.append((math.inf, 0.0))
    out, r, i = np.empty(len(times)), 0.0, 0
    for (start, T), (stop, _) in pairwise(edges):
        k = alpha * T + beta
        target = alpha * T / k
        if start == -math.inf:
            start = min(stop, times[0] if len(times) else 0.0)
        while i < len(times) and times[i] < stop:
            out[i] = target + (r - target) * math.exp(-k * (times[i] - start))
            i += 1
        if stop < math.inf:
            r = target + (r - target) * math.exp(-k * (stop - start))
    return out


# -- Short-term plasticity, Fuhrmann's form of Tsodyks & Markram (science 1e) ----------------------


def tsodyks_markram(spikes, Use=0.5, Dep=100.0, Fac=10.0):
    """``(u, R, u*R)`` at each spike (ms): used value, fraction available, mean release.

    ``u`` starts at 0 and jumps before use, ``u <- Use + u (1 - Use) exp(-dt/Fac)`` (ProbAMPANMDA_EMS).
    """
    u, R, out, last = 0.0, 1.0, [], None
    for t in spikes:
        if last is not None:
            u *= math.exp(-(t - last) / Fac) if Fac > 0 else 0.0
            R = 1 - (1 - R) * (math.exp(-(t - last) / Dep) if Dep > 0 else 0.0)
        u = Use + u * (1 - Use)
        out.append((u, R, u * R))
        R -= u * R
        last = t
    return np.array(out).reshape(-1, 3).T


def tsodyks_markram_steady(rate, Use=0.5, Dep=100.0, Fac=10.0):
    """``(u, R, u*R)`` of a long periodic train of ``rate`` Hz."""
    period = 1000 / rate
    u = Use / (1 - (1 - Use) * math.exp(-period / Fac))
    decay = math.exp(-period / Dep)
    R = (1 - decay) / (1 - (1 - u) * decay)
    return u, R, u * R


def release_distribution(spikes, sites=1, Use=0.5, Dep=100.0, Fac=10.0):
    """Exact ``P(k of the sites release)`` at each spike, a row for each spike.

    Recursion over the hidden number of recovered sites: each empty site recovers with probability
    ``1 - exp(-dt/Dep)`` between spikes, each recovered one releases with probability ``u``.
    """
    u_of = tsodyks_markram(spikes, Use, Dep, Fac)[0]
    hidden = np.zeros(sites + 1)
    hidden[sites] = 1.0
    rows, last = [], None
    for t, u in zip(spikes, u_of, strict=True):
        if last is not None:
            hidden = hidden @ _refill(sites, -math.expm1(-(t - last) / Dep))
        taken = _binomials(sites, u)  # taken[n, k]: k of n release
        rows.append(hidden @ taken)
        after = np.zeros(sites + 1)
        for n in range(sites + 1):
            for k in range(n + 1):
                after[n - k] += hidden[n] * taken[n, k]
        hidden, last = after, t
    return np.array(rows)


def release_probability(spikes, Use=0.5, Dep=100.0, Fac=10.0):
    """Exact probability that a single site releases at each spike."""
    return release_distribution(spikes, 1, Use, Dep, Fac)[:, 1]


def pattern_probability(spikes, pattern, Use=0.5, Dep=100.0, Fac=10.0):
    """Exact joint probability that a single site releases at just the spikes marked in ``pattern``."""
    u_of = tsodyks_markram(spikes, Use, Dep, Fac)[0]
    full, empty, last = 1.0, 0.0, None
    for t, u, released in zip(spikes, u_of, pattern, strict=True):
        if last is not None:
            refill = -math.expm1(-(t - last) / Dep)
            full, empty = full + empty * refill, empty * (1 - refill)
        full, empty = (0.0, full * u) if released else (full * (1 - u), empty)
        last = t
    return full + empty


def _binomials(n, p):
    """Row ``m``: distribution of the number of successes in ``m`` trials."""
    return np.array(
        [[math.comb(m, k) * p**k * (1 - p) ** (m - k) if k <= m else 0.0 for k in range(n + 1)]
         for m in range(n + 1)]
    )  # fmt: skip


def _refill(n, p):
    """Transition matrix of the number of full sites when each empty one fills with probability ``p``."""
    chance = _binomials(n, p)
    out = np.zeros((n + 1, n + 1))
    for full in range(n + 1):
        for k in range(n - full + 1):
            out[full, full + k] = chance[n - full, k]
    return out


# -- Shouval, Bear & Cooper 2002 (science 4.1) ----------------------------------------------------

SHOUVAL_2002 = {
    "P0": 0.5,
    "I_f": 0.5,
    "tau_f": 50.0,
    "tau_s": 200.0,
    "G": -1 / 500,
    "V_r": 130.0,
    "Mg": 1.0,
    "tau_Ca": 50.0,
    "V_rest": -65.0,
    "epsp": 1.0,
    "epsp_norm": 0.6968,
    "bap": 100.0,
    "bap_fast": 0.75,
    "bap_tau_f": 3.0,
    "bap_tau_s": 25.0,
    "bap_delay": 2.0,
    "lam": 1.0,
}


def shouval_omega(Ca):
    """``Omega(Ca)`` of Shouval et al. 2002 (uM)."""
    with np.errstate(over="ignore"):
        high, low = (1 / (1 + np.exp(-80 * (np.asarray(Ca) - x))) for x in (0.55, 0.35))
    return 0.25 + high - 0.25 * low


def shouval_eta(Ca):
    """Learning rate per ms, with ``P2 = P1*1e-4``."""
    return 1e-3 / (0.1 / (1e-5 + np.asarray(Ca) ** 3) + 1)


def _shouval_pools(pre, p):
    """Values just after each presynaptic spike: open fast and slow receptors, EPSP terms of 50 and 5 ms."""
    taus = np.array([p["tau_f"], p["tau_s"], 50.0, 5.0])
    state, last, out = np.zeros(4), None, []
    for t in pre:
        if last is not None:
            state = state * np.exp(-(t - last) / taus)
        opened = p["P0"] * (1 - state[0] - state[1])
        state = state + np.array([p["I_f"] * opened, (1 - p["I_f"]) * opened, 1.0, 1.0])
        out.append(state)
        last = t
    return np.array([np.zeros(4), *out]), np.r_[-np.inf, pre], taus


def shouval_drive(t, seen, pre, post=(), clamp=None, **changes):
    """Calcium influx (uM/ms) and potential at times ``t`` if only events up to ``seen`` have happened.

    Both are arrays of one shape: ``seen = t`` gives the values after events at ``t``.
    """
    p = SHOUVAL_2002 | changes
    pools, when, taus = _shouval_pools(pre, p)
    i = np.searchsorted(when, seen, side="right") - 1
    since = np.where(i > 0, t - np.where(i > 0, when[i], 0.0), 0.0)
    now = pools[i] * np.exp(-since[:, None] / taus)
    if clamp is None:
        v = p["V_rest"] + p["epsp"] / p["epsp_norm"] * (now[:, 2] - now[:, 3])
        arrivals = np.r_[-np.inf, np.sort(post) + p["bap_delay"]]
        j = np.searchsorted(arrivals, seen, side="right") - 1
        since = np.where(j > 0, t - np.where(j > 0, arrivals[j], 0.0), 0.0)
        shape = p["bap_fast"] * np.exp(-since / p["bap_tau_f"])
        shape += (1 - p["bap_fast"]) * np.exp(-since / p["bap_tau_s"])
        v = v + np.where(j > 0, p["bap"] * shape, 0.0)
    else:
        v = np.full(len(t), float(clamp))
    flux = p["G"] * (now[:, 0] + now[:, 1]) * static_block(v, p["Mg"], 3.57, 0.062) * (v - p["V_r"])
    return flux, v


def _affine_path(log_a, b, w0, chunk=5000):
    """``w[n+1] = exp(log_a[n]) w[n] + b[n]`` from ``w0``: all values, ``w0`` first."""
    out, w = [np.array([w0])], w0
    for i in range(0, len(b), chunk):
        total = np.cumsum(log_a[i : i + chunk])
        out.append(np.exp(total) * (w + np.cumsum(b[i : i + chunk] * np.exp(-total))))
        w = out[-1][-1]
    return np.concatenate(out)


def shouval_euler(pre, post=(), clamp=None, dt=0.1, duration=1e5, w0=0.25, order="new", **changes):
    """``(t, Ca, w)`` by forward Euler; inputs are evaluated in closed form.

    ``order="new"`` steps as folmez/CaDP-MatLab: calcium with the influx at the end of the step (an event
    counts only after its own time), the weight with the new calcium. ``order="old"`` is plain Euler: both
    use the values at the start of the step, events at that time included.
    """
    p = SHOUVAL_2002 | changes
    n = round(duration / dt)
    grid = dt * np.arange(n + 1)
    if order == "new":
        flux = shouval_drive(grid[1:], grid[1:] - dt / 2, pre, post, clamp, **changes)[0]
    else:
        flux = shouval_drive(grid[:-1], grid[:-1] + dt / 4, pre, post, clamp, **changes)[0]
    Ca = np.r_[0.0, lfilter([dt], [1, dt / p["tau_Ca"] - 1], flux)]
    used = Ca[1:] if order == "new" else Ca[:-1]
    eta = shouval_eta(used)
    return grid, Ca, _affine_path(np.log1p(-dt * p["lam"] * eta), dt * eta * shouval_omega(used), w0)


def shouval_exact(pre, post=(), clamp=None, dt=0.1, duration=1e5, w0=0.25, **changes):
    """``(t, Ca, w)`` to fourth order; events must lie on the grid of ``dt`` (then converged at 0.1 ms).

    Variation of constants with Simpson's rule, inputs one-sided at events.
    """
    p = SHOUVAL_2002 | changes
    n = round(duration / dt)
    grid = dt * np.arange(n + 1)
    start, seen = grid[:-1], grid[:-1] + dt / 4
    i0, i1, i2 = (shouval_drive(start + h, seen, pre, post, clamp, **changes)[0] for h in (0, dt / 2, dt))
    half = np.exp(-dt / 2 / p["tau_Ca"])
    full = half**2
    Ca = np.r_[0.0, lfilter([1.0], [1, -full], dt / 6 * (i0 * full + 4 * i1 * half + i2))]
    middle = Ca[:-1] * half + dt / 24 * (5 * i0 * half + 8 * i1 - i2 / half)
    c0, c1, c2 = Ca[:-1], middle, Ca[1:]
    e0, e1, e2 = (p["lam"] * shouval_eta(c) for c in (c0, c1, c2))
    total = dt / 6 * (e0 + 4 * e1 + e2)
    rest = dt / 24 * (-e0 + 8 * e1 + 5 * e2)  # integral of eta over the second half
    o0, o1, o2 = (shouval_omega(c) / p["lam"] for c in (c0, c1, c2))
    gain = dt / 6 * (e0 * o0 * np.exp(-total) + 4 * e1 * o1 * np.exp(-rest) + e2 * o2)
    return grid, Ca, _affine_path(-total, gain, w0)


def shouval_clamp(v, method=shouval_exact, dt=1.0, pulses=100, rate=1.0, w0=0.25, read="end", **arguments):
    """``(w_final/w0, peak Ca)`` of pulses at ``rate`` Hz from time 0 under voltage clamp at ``v`` mV.

    ``w_final`` is the last weight; with ``read="middle"`` the middle of the extremes in the last 1 % of
    the run, as in the repository. The golden curve is ``method=shouval_euler, order="old"``.
    """
    pre = np.arange(pulses) * 1000 / rate
    _, Ca, w = method(pre, clamp=v, dt=dt, duration=pulses * 1000 / rate, w0=w0, **arguments)
    tail = w[-(round((len(w) - 1) / 100) + 1) :] if read == "middle" else w[-1:]
    return (tail.min() + tail.max()) / 2 / w0, Ca.max()


def shouval_stdp(delta, method=shouval_exact, dt=0.1, first=300.0, pulses=100, w0=0.25, **arguments):
    """``(w_final/w0, peak Ca)`` of 1 Hz pairs, the postsynaptic spike ``delta`` ms after the other.

    The golden curve is ``method=shouval_euler, order="old"``.
    """
    pre = first + 1000.0 * np.arange(pulses)
    _, Ca, w = method(pre, pre + delta, dt=dt, duration=1000.0 * pulses, w0=w0, **arguments)
    return w[-1] / w0, Ca.max()


# -- Triplet rule, Pfister & Gerstner 2006 (science 4.10) ------------------------------------------

#: Visual cortex; times in ms. As in the NESTML models that the sheet read; the "nearest" amplitudes are
#: those of NESTML's file of that name, not checked against the paper's own table for nearest spikes.
TRIPLET_SETS = {
    "all": {
        **{"tau_plus": 16.8, "tau_minus": 33.7, "tau_x": 101.0, "tau_y": 125.0},
        **{"A2p": 5e-10, "A3p": 6.2e-3, "A2m": 7e-3, "A3m": 2.3e-4},
    },
    "nearest": {
        **{"tau_plus": 16.8, "tau_minus": 33.7, "tau_x": 101.0, "tau_y": 125.0},
        **{"A2p": 7.5e-10, "A3p": 9.3e-3, "A2m": 7e-3, "A3m": 2.3e-4},
    },
}


def triplet_changes(
    pre, post, tau_plus, tau_minus, tau_x, tau_y, A2p, A3p, A2m, A3m, nearest=False, tie="none"
):
    """``(times, changes)`` of the weight at each spike, in time order, from the definition.

    A presynaptic spike changes it by ``-o1 (A2m + A3m r2)``, a postsynaptic one by ``r1 (A2p + A3p o2)``
    (Pfister & Gerstner 2006). Each of r1, r2, o1, o2 is a sum of ``exp(-(t - t')/tau)`` over the *earlier*
    spikes ``t'``, or the term of the last earlier one (``nearest``). ``tie`` says what is earlier when a
    pre- and a postsynaptic spike have the same time: ``"none"`` of them, or the ``"pre"``, or the ``"post"``.
    """

    def trace(t, spikes, tau, also_now=False):
        total = latest = 0.0
        for other in spikes:
            if other < t or (also_now and other == t):
                total += math.exp(-(t - other) / tau)
                latest = max(latest, math.exp(-(t - other) / tau))
        return latest if nearest else total

    events = []
    for t in pre:
        change = trace(t, post, tau_minus, tie == "post") * (A2m + A3m * trace(t, pre, tau_x))
        events.append((t, tie == "post", -change))
    for t in post:
        change = trace(t, pre, tau_plus, tie == "pre") * (A2p + A3p * trace(t, post, tau_y))
        events.append((t, tie != "post", change))
    events.sort()
    return np.array([e[0] for e in events]), np.array([e[2] for e in events])


def triplet_total(pre, post, nearest=False, tie="none", **parameters):
    """Sum of the changes of `triplet_changes`."""
    return float(triplet_changes(pre, post, nearest=nearest, tie=tie, **parameters)[1].sum())


# -- Clopath et al. 2010 (science 4.6) -------------------------------------------------------------

CLOPATH_2010 = {
    **{"A_ltd": 1.4e-4, "A_ltp": 8e-5, "tau_minus": 10.0, "tau_plus": 7.0, "tau_x": 15.0},
    **{"theta_minus": -70.6, "theta_plus": -45.3, "rest": -70.6},
}


def aeif_trace(forced, b=0.0805):
    """Voltage (mV) at 1 ms steps of the adaptive neuron of ModelDB 144566.

    ``forced[n]`` is true where a current forces a spike in step ``n``; the first three steps stay at rest,
    as there. ``b`` in pA (the unit slip of the repository; the textbook has 80.5).
    """
    C, g, E, rest, Delta = 281.0, 30.0, -70.6, -50.4, 2.0
    u, adapt, tail, threshold, phase = E, 0.0, 0.0, rest, 0
    out = np.full(len(forced), E)
    for n in range(3, len(forced)):
        if phase == 2:  # the spike is over: restart high, with depolarising tail and raised threshold
            u, adapt, tail, threshold, phase = E + 15 + 6.0984, adapt + b, 400.0, rest + 20.0, 0
        current = 1e6 if forced[n] else 0.0
        drive = g * Delta * np.exp(min((u - threshold) / Delta, 700.0))
        du = (-g * (u - E) + drive - adapt + tail + current) / C
        dadapt = (4.0 * (u - E) - adapt) / 144.0
        u += du
        tail -= tail / 40.0
        threshold += (rest - threshold) / 50.0
        if phase == 1:  # second millisecond of the spike: adaptation waits
            u, phase = 32.862, 2
        else:
            adapt += dadapt
            if u > 20:
                u, phase = 29.4, 1
        out[n] = u
    return out


def clopath_weight(voltage, pre_times, dt=1.0, reads_late=3.0, w0=0.5, first=3, **changes):
    """Weight after forward steps of ``dt`` ms over the samples in ``voltage``.

    ``reads_late`` (ms): how old the low-passed voltages are when they are read (3 ms in the repository).
    The loop of the repository starts at sample 3 (``first``). No bounds.
    """
    p = CLOPATH_2010 | changes
    late = round(reads_late / dt)
    n = len(voltage)
    pre = np.zeros(n)
    for t in pre_times:
        pre[round(t / dt)] += 1
    pre[:first] = 0
    u = np.asarray(voltage, float)

    def lowpass(tau):
        # value at sample i contains the voltages before i only
        k = dt / tau
        above = np.r_[np.zeros(first), lfilter([k], [1, k - 1], u[first:-1] - p["rest"])]
        return p["rest"] + np.r_[0.0, above]

    def delayed(values):
        return np.r_[np.full(late, p["rest"]), values[: n - late]]

    k = dt / p["tau_x"]
    r = np.r_[0.0, lfilter([1 / p["tau_x"]], [1, k - 1], pre[:-1])]
    low = np.maximum(delayed(lowpass(p["tau_minus"])) - p["theta_minus"], 0)
    high = np.maximum(delayed(lowpass(p["tau_plus"])) - p["theta_minus"], 0)
    now = np.maximum(u - p["theta_plus"], 0)
    now[:first] = 0
    return w0 + float((-p["A_ltd"] * pre * low + dt * p["A_ltp"] * now * r * high).sum())


def clopath_protocol(frequency, delta):
    """``(forced, pre)``: boolean arrays of 1 ms steps of VoTri.m for pairs at ``frequency`` Hz.

    Five pairs, 15 times each 10 s (at 0.1 Hz: 10 times). For ``delta <= 0`` the repository's arrays hold a
    sixth postsynaptic spike in each train.
    """
    period, lag = round(1000 / frequency), abs(delta)
    length = 5 * period + lag + 1
    pre, post = np.zeros(length, bool), np.zeros(length, bool)
    pre[lag : length - 1 : period] = True
    post[lag + delta :: period] = True
    gap = np.zeros(max(10000 - length, 0), bool)
    repeats = 10 if frequency == 0.1 else 15
    return np.tile(np.r_[post, gap], repeats), np.tile(np.r_[pre, gap], repeats)


def clopath_change(frequency, delta, b=0.0805, **changes):
    """``w/w0`` of the Sjoestroem protocol, as VoTri.m."""
    forced, pre = clopath_protocol(frequency, delta)
    return clopath_weight(aeif_trace(forced, b), np.flatnonzero(pre), **changes) / 0.5


def clopath_exact(voltage, pre_times, duration, dt=0.01, w0=0.5, **changes):
    """Weight for a continuous ``voltage(t)`` (a function on arrays, ms), to high order, no late reading.

    Filters by variation of constants, integrals by Simpson's rule; presynaptic spikes must lie on the
    grid. The filters start at ``voltage(0)``. Returns ``(t, w)``.
    """
    p = CLOPATH_2010 | changes
    n = round(duration / dt)
    t = dt * np.arange(n + 1)
    u0, u1, u2 = voltage(t[:-1]), voltage(t[:-1] + dt / 2), voltage(t[1:])

    def lowpass(tau):
        half, start = np.exp(-dt / 2 / tau), float(u0[0])
        x0, x1, x2 = ((u - start) / tau for u in (u0, u1, u2))
        full = lfilter([1.0], [1, -(half**2)], dt / 6 * (x0 * half**2 + 4 * x1 * half + x2))
        full = np.r_[0.0, full]
        middle = full[:-1] * half + dt / 24 * (5 * x0 * half + 8 * x1 - x2 / half)
        return start + full, start + middle

    spikes = np.zeros(n + 1)
    for time in pre_times:
        spikes[round(time / dt)] += 1
    fade = np.exp(-dt / p["tau_x"])
    r = lfilter([1.0], [1, -fade], spikes / p["tau_x"])  # includes the spike at its own time
    low, _ = lowpass(p["tau_minus"])
    high, high_mid = lowpass(p["tau_plus"])

    def gain(u, filtered, trace):
        above = np.maximum(u - p["theta_plus"], 0) * np.maximum(filtered - p["theta_minus"], 0)
        return p["A_ltp"] * above * trace

    steps = (
        gain(u0, high[:-1], r[:-1])
        + 4 * gain(u1, high_mid, r[:-1] * np.sqrt(fade))
        + gain(u2, high[1:], r[:-1] * fade)
    )
    down = p["A_ltd"] * spikes * np.maximum(low - p["theta_minus"], 0)
    return t, w0 + np.r_[0.0, np.cumsum(dt / 6 * steps)] - np.cumsum(down)


# -- Drugs and co-agonists (science 2.1, 1g) -------------------------------------------------------


def gaddum_ec50(EC50, antagonist, Ki, slope=1.0):
    """EC50 in a competitive antagonist (Gaddum; Schild slope 1): ``EC50 (1 + (A/Ki)^slope)``."""
    return EC50 * (1 + (antagonist / Ki) ** slope)


def competitor_free(antagonist, Ki, sites=2):
    """Fraction of receptors with the antagonist on none of the glutamate sites."""
    return (1 + antagonist / Ki) ** -sites


def hill(agonist, EC50, n=1.0):
    """Hill function."""
    return 1 / (1 + (EC50 / agonist) ** n)


def blocker_ic50(IC50, v, delta, celsius=35.0, z=1):
    """IC50 at ``v`` mV of an open-channel blocker from its value at 0 mV (Woodhull)."""
    return IC50 * np.exp(woodhull_slope(delta, celsius, z) * np.asarray(v, float))


def blocker(t, blocked0, a, drug, kon, koff, untrapped=1.0, P_ref=1.0):
    """Blocked fraction at times ``t`` and its steady value, for constant activation ``a``.

    Onset ``a*kon*drug``; offset ``koff*(u + (1 - u)*a/P_ref)`` with ``u`` the fraction that leaves closed
    channels too (``untrapped``). Units: any that agree (``1/kon/drug``, ``1/koff`` and ``t`` the same).
    """
    on = a * kon * drug
    rate = on + koff * (untrapped + (1 - untrapped) * a / P_ref)
    end = on / rate if rate else blocked0
    return end + (blocked0 - end) * np.exp(-rate * np.asarray(t, float)), end


def blocker_rate(a, drug, kon, koff, untrapped=1.0, P_ref=1.0):
    """Relaxation rate of `blocker`."""
    return a * kon * drug + koff * (untrapped + (1 - untrapped) * a / P_ref)


def coagonist(glycine, serine, K_glycine, K_serine, sites=2):
    """Fraction of receptors with a co-agonist on every GluN1 site (two competing agonists)."""
    drive = glycine / K_glycine + serine / K_serine
    return (drive / (1 + drive)) ** sites


def coagonist_filtered(t, q0, q1, tau):
    """Co-agonist gate after a step from ``q0`` to ``q1``, a single pole of ``tau``."""
    return q1 + (q0 - q1) * np.exp(-np.asarray(t, float) / tau)


# -- Yeung, Shouval, Blais & Cooper 2004 (science 4.4) ---------------------------------------------


def yeung_omega(c):
    """The U-shaped function of calcium of Yeung et al. 2004 (bcmsim.m)."""
    return 1 / (1 + math.exp(40 * (0.4 - c))) - 0.5 / (1 + math.exp(60 * (0.25 - c)))


def yeung_bap(since):
    """Back-propagating action potential (mV) a time after it."""
    return 42 * (0.75 * math.exp(-since / 3) + 0.25 * math.exp(-since / 35)) if since < math.inf else 0.0


def yeung_gate(since):
    """Open receptors a time after the last presynaptic spike."""
    return 0.7 * math.exp(-since / 50) + 0.3 * math.exp(-since / 200) if since < math.inf else 0.0


def yeung(
    pre, post, duration, dt=1.0, g0=1.5e-3, c0=0.2, w0=0.5, v_rest=-65.0, method="rk4", metaplastic=True
):
    """``(t, g, c, w)`` for given spikes; only the last one on each side counts (as bcmsim.m).

    ``method="rk4"``: events on the grid act from their own time on. ``method="script"``: the steps of
    bcmsim.m (conductance first, calcium with the new conductance, weight with the new calcium, not below
    0), where the values of the inputs in step ``n`` are those at its end and a postsynaptic spike found at
    the end of a step acts from the next one on. At constant calcium ``w`` tends to ``200 Omega(c)``.
    """
    n = round(duration / dt)
    pre_step, post_step = ({round(t / dt) for t in spikes} for spikes in (pre, post))

    def rates(y, last_pre, last_post, t):
        g, c, w = y
        bap = yeung_bap(t - last_post)
        v = v_rest + bap
        flux = g * yeung_gate(t - last_pre) * (130 - v) / (1 + math.exp(-0.062 * v) / 3.57)
        dg = 8e-7 * (4.5e-3 - g) - 8e-9 * bap**2 * g if metaplastic else 0.0
        return np.array([dg, flux - c / 20, 2e-5 * c * (yeung_omega(c) - w / 200)])

    out = np.empty((n + 1, 3))
    y = np.array([g0, c0, w0])
    out[0] = y
    last_pre = last_post = -math.inf
    for i in range(n):
        if method == "rk4":
            last_pre = i * dt if i in pre_step else last_pre
            last_post = i * dt if i in post_step else last_post
            spikes = (last_pre, last_post)
            k1 = rates(y, *spikes, i * dt)
            k2 = rates(y + dt / 2 * k1, *spikes, (i + 0.5) * dt)
            k3 = rates(y + dt / 2 * k2, *spikes, (i + 0.5) * dt)
            k4 = rates(y + dt * k3, *spikes, (i + 1) * dt)
            y = y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        else:
            now = (i + 1) * dt
            last_pre = now if i + 1 in pre_step else last_pre
            y = y.copy()
            for j in range(3):
                y[j] += dt * rates(y, last_pre, last_post, now)[j]
            y[2] = max(y[2], 0.0)
            last_post = now if i + 1 in post_step else last_post
        out[i + 1] = y
    return dt * np.arange(n + 1), *out.T


def yeung_conductance(mean_square, g0=1.5e-3, t=math.inf):
    """NMDA conductance after a time ``t`` (ms) of constant mean squared bAP (mV^2)."""
    rate = 8e-7 + 8e-9 * mean_square
    end = 8e-7 * 4.5e-3 / rate
    return end + (g0 - end) * math.exp(-rate * t)
