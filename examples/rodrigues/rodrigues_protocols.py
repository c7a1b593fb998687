"""Experiments that Rodrigues et al. (2023) explain: slices, protocols, what was measured; releases.

Numbers of slices and protocols are those of github:rveltz/SynapseElife (`dataProtocol`); what was measured is
what the paper says of it (doi:10.7554/eLife.80152), and for Wittenberg & Wang their published points.
"""

from collections import namedtuple

import numpy as np
from brian2 import mM

from brian2_nmda.equations import RodriguesRelease

START = 0.5  # s before the first pulse

#: A slice: temperature (degC), age (days), calcium and magnesium outside (mM).
Slice = namedtuple("Slice", "T age Ca Mg")
#: Presynaptic and postsynaptic spikes of a pulse (ms), pulses, frequency (Hz), current (pA) and duration
#: (ms) of a postsynaptic spike, whether releases evoke spikes, whether GABA receptors conduct, what was
#: measured ("-", "0", "+"; "-0": no potentiation; "?": not known to us), the weight (%) where we have one,
#: epochs (10 s apart), whether there are calcium channels, what is left of the conductance of NMDA receptors.
Protocol = namedtuple(
    "Protocol",
    "name slice pre post pulses f I d evoked GABA sign size epochs channels NMDA",
    defaults=("?", None, 1, True, 1.0),
)


def tigaret():
    s = Slice(35, 60, 2.5, 1.3)
    rows = [("1Pre", [0], [], 300, 5, 1000, "0", 5), ("2Pre10", [0, 10], [], 300, 5, 1000, "0", 5),
            ("2Pre50", [0, 50], [], 900, 3, 1000, "-", -50),
            ("2Post1Pre50", [50], [0, 10], 300, 5, 2000, "0", 0),
            ("2Post1Pre20", [20], [0, 10], 300, 5, 2000, "+", 25),
            ("1Pre2Post50", [0], [50, 60], 300, 5, 2000, "+", 50),
            ("1Pre2Post10", [0], [10, 20], 300, 5, 2000, "+", 75),
            ("1Pre1Post10", [0], [10], 300, 5, 1000, "0", 10)]  # fmt: skip
    return [
        Protocol(n, s, a, b, k, f, current, 2, False, False, sign, size)
        for n, a, b, k, f, current, sign, size in rows
    ]


def blocked():
    return [
        p._replace(name=f"{p.name}, no VGCC", sign="-0", size=None, channels=False) for p in tigaret()[4:7]
    ]


def frequencies():
    s = Slice(35, 35, 2.5, 1.5)
    rows = [(1, "0"), (3, "-"), (5, "-"), (10, "0"), (30, "+"), (50, "+")]
    return [Protocol(f"900 at {f} Hz", s, [0], [], 900, f, 1000, 2, True, True, sign) for f, sign in rows]


def ages():
    rows = [(7, "-"), (14, "-"), (35, "0")]
    return [Protocol(f"P{a}, 900 at 1 Hz", Slice(35, a, 2.5, 1.5), [0], [], 900, 1, 2000, 2, True, True, sign)
            for a, sign in rows]  # fmt: skip


def theta_bursts():
    rows = [(7, "0"), (17, "?"), (35, "+")]
    return [Protocol(f"P{a}, theta bursts", Slice(35, a, 2.5, 1.5), [0, 10, 20, 30], [], 10, 1 / 0.23, 1000,
                     2, True, True, sign, None, 6) for a, sign in rows]  # fmt: skip


def inglebert():
    rows = [(1.3, 10, "-0"), (1.8, 10, "-"), (3.0, 10, "+"), (1.8, -10, "-"), (3.0, -10, "-")]
    return [Protocol(f"{Ca} mM, {d:+d} ms", Slice(30.45 if d > 0 else 30, 21 if d > 0 else 14, Ca, Ca / 1.5),
                     [max(0, -d)], [max(0, d)], 100 if d > 0 else 150, 0.3, 500, 6, False, True, sign)
            for Ca, d, sign in rows]  # fmt: skip


def meredith():
    rows = [(12, 1, 24.5, "+"), (12, 2, 28, "0"), (40, 1, 25, "0"), (40, 2, 27, "+")]
    return [Protocol(f"P{a}, {k} spike{'s'[: k - 1]}", Slice(T, a, 2, 2), [0], [10, 20][:k], 30, 0.2, 1000,
                     4 if k > 1 else 2, True, True, sign) for a, k, T, sign in rows]  # fmt: skip


def wittenberg():
    # sizes: means of the nearest points in github:gayle-wittenberg/WittenbergWang2006 (figures 1d, 3e, 4d),
    # with the delay of the second postsynaptic spike: 6 to 11, 12 to 17, 27 to 32, -30 to -14, 7 to 15 ms
    rows = [("single, +10 ms", 22.75, 21, [0], [10], 100, 1800, "-0", -11),
            ("bursts, +10 ms", 25, 14, [0], [0, 10], 100, 1800, "+", 54),
            ("bursts, +30 ms", 25, 14, [0], [20, 30], 100, 1800, "-", -35),
            ("bursts, -20 ms", 22, 21, [30], [0, 10], 100, 1200, "-", -34),
            ("bursts, +10 ms, 30 times", 25.5, 14, [0], [0, 10], 30, 1800, "+", 29)]  # fmt: skip
    return [Protocol(n, Slice(T, a, 2, 1), pre, post, k, 5, current, 3, False, True, sign, size)
            for n, T, a, pre, post, k, current, sign, size in rows]  # fmt: skip


def mizuno():
    # LTD: in an antagonist, which the paper models as 97 % less conductance of NMDA receptors
    rows = [(10, 26.5, "?", 1), (100, 26.5, "+", 1), (100, 31, "0", 0.03), (900, 31, "-", 0.03)]
    return [Protocol(f"{k} pulses{', D-AP5' if left < 1 else ''}", Slice(T, 12, 2.4, 1e-4), [0], [], k, 1,
                     3000, 2, True, True, sign, None, 1, True, left) for k, T, sign, left
            in rows]  # fmt: skip


SETS = {
    "Tigaret 2016, spike timing": tigaret,
    "Tigaret 2016, calcium channels blocked": blocked,
    "Dudek & Bear 1992, frequency": frequencies,
    "Dudek & Bear 1993, age": ages,
    "Dudek & Bear 1993, theta bursts": theta_bursts,
    "Inglebert 2020, calcium and timing": inglebert,
    "Meredith 2003, bursts": meredith,
    "Wittenberg & Wang 2006, timing": wittenberg,
    "Mizuno 2001, without magnesium": mizuno,
}



def pulses_of(p):
    """Times (s) of all presynaptic and all postsynaptic spikes of a protocol."""
    onset = START + np.add.outer(10 * np.arange(p.epochs), np.arange(p.pulses) / p.f).ravel()
    return [np.sort(np.add.outer(onset, np.array(x, float) * 1e-3).ravel()) for x in (p.pre, p.post)]


def length_of(p):
    """Seconds from the start to the last pulse."""
    return START + 10 * (p.epochs - 1) + p.pulses / p.f


def releases(spikes, Ca_o, repeats, rng, step=0.02):
    """For each repeat the times (s) of releases, and of the postsynaptic spikes that they evoke.

    Between spikes the pools move in steps of at most ``step`` seconds, with rates held. A spike is evoked
    where more than 20 of 25 axons release (section 1.2 of the published code), if a vesicle is left.
    """
    r = RodriguesRelease()
    h = float(r.h_high + (r.h_low - r.h_high) / (1 + np.exp(-float(r.h_slope * (Ca_o * mM - r.h_Ca)))))
    tau_C, tau_J, delta = float(r.tau_C), float(r.tau_J), float(r.delta)
    tau_R, tau_D, tau_ref = float(r.tau_R), float(r.tau_D), float(r.tau_ref)
    D, R = np.full(repeats, int(r.D_0)), np.full(repeats, int(r.R_0))
    C, J, U, now, released, evoked = 0.0, 1.0, 0.0, 0.0, [[] for _ in D], [[] for _ in D]
    for t in spikes:
        left = t - now
        J *= np.exp(-delta * tau_C * C * (1 - np.exp(-left / tau_C)))
        J = 1 - (1 - J) * np.exp(-left / tau_J)
        C, U, now = C * np.exp(-left / tau_C), U * np.exp(-left / 0.04), t
        n = max(1, int(np.ceil(left / step)))
        for _ in range(n):
            dt = left / n
            away = rng.binomial(D, 1 - np.exp(-np.maximum(r.R_0 - R, 0) * dt / tau_R))
            back = rng.binomial(R, 1 - np.exp(-np.maximum(r.D_0 - D, 0) * dt / tau_D))
            fresh = rng.poisson(np.maximum(r.R_0 - R, 0) * dt / tau_ref)
            D, R = D - away + back, R + away - back + fresh
        C, U = C + J, U + 1
        out = (rng.random(repeats) < C**2 / (C**2 + h**2)) & (D > 0)
        D = D - out
        fires = (D > 0) & (rng.binomial(25, U**2 / (U**2 + h**2), D.shape) > 20)
        for k in np.flatnonzero(out):
            released[k].append(t)
        for k in np.flatnonzero(fires):
            evoked[k].append(t + 0.015)
    return released, evoked
