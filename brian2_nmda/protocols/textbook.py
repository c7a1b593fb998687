"""The protocols of the textbook, with the numbers that most papers use as defaults."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from brian2 import Hz, Quantity, ms, mV, second

from brian2_nmda.protocols.data import Protocol, Train, check_times, in_unit, positive, whole
from brian2_nmda.symbolic.errors import ModelError

#: Frequencies of Dudek & Bear (1992).
DUDEK_BEAR = (0.5, 1, 3, 5, 10, 50) * Hz
#: Intervals of a spike-timing window.
INTERVALS = (-80, -40, -20, -10, -5, 5, 10, 20, 40, 80) * ms


def _seconds(times: Any, name: str) -> np.ndarray:
    values = np.atleast_1d(times) if np.size(times) else np.array([]) * second
    return np.array([in_unit(t, second, name) for t in values], dtype=float)


def rest(duration: Quantity) -> Protocol:
    """Do nothing for some time: a pause between two protocols that are added.

    Parameters
    ----------
    duration : Quantity
        How long it lasts (a time).

    Examples
    --------
    >>> from brian2 import second
    >>> from brian2_nmda.protocols import rest
    >>> rest(2*second).duration
    2.0
    """
    return Protocol("rest", in_unit(duration, second, "rest(duration)", 0))


def train(times: Quantity, name: str = "train", duration: Quantity | None = None) -> Protocol:
    """Give pathway A spikes at chosen times.

    Parameters
    ----------
    times : Quantity
        Rising, not negative.
    name : str
        What it is called in tables and figures.
    duration : Quantity, optional
        By default until the last spike.

    Raises
    ------
    ModelError
        If the times are not sorted, are negative or not times.

    Examples
    --------
    >>> from brian2 import ms
    >>> from brian2_nmda.protocols import train
    >>> train([0, 10, 30]*ms).duration
    0.03
    """
    found = check_times(_seconds(times, "train(times)"), name)
    last = found[-1] if found else 0.0
    return Protocol(name, last if duration is None else in_unit(duration, second, "duration", last),
                    (Train("A", found),))  # fmt: skip


def pulses(n: int, frequency: Quantity, name: str | None = None) -> Protocol:
    """Give pathway A ``n`` pulses at one frequency; this lasts ``n`` of their intervals.

    Parameters
    ----------
    n : int
        How many pulses are given.
    frequency : Quantity
        Pulses per second (Hz).
    name : str, optional
        By default what it is.

    Examples
    --------
    >>> from brian2 import Hz
    >>> from brian2_nmda.protocols import pulses
    >>> pulses(10, 5*Hz).duration
    2.0
    """
    n, f = whole(n, "pulses(n)"), positive(frequency, Hz, "pulses(frequency)")
    given = f"{n} pulses at {f:g} Hz" if name is None else name
    return Protocol(given, n / f, (Train("A", tuple(np.arange(n) / f)),))


def tetanus(
    trains: int = 1, pulses: int = 100, frequency: Quantity = 100 * Hz, every: Quantity = 20 * second
) -> Protocol:
    """Stimulate at a high frequency: by default 100 pulses at 100 Hz.

    Parameters
    ----------
    trains : int
        How many trains there are; each begins ``every`` after the one before. Three or four induce late LTP.
    pulses : int
        How many pulses each train has.
    frequency, every : Quantity
        Pulses per second in a train (Hz), and the time from the start of one train to that of the next.

    Examples
    --------
    >>> from brian2_nmda.protocols import tetanus
    >>> print(tetanus(trains=4))
    4 x tetanus: 61 s, 400 spikes of A
    """
    return _pulses(pulses, frequency, "tetanus").repeated(trains, every)


_pulses = pulses  # by its own name where an argument is called pulses


def theta_burst(
    bursts: int = 10,
    pulses: int = 4,
    frequency: Quantity = 100 * Hz,
    burst_frequency: Quantity = 5 * Hz,
    trains: int = 1,
    every: Quantity = 20 * second,
) -> Protocol:
    """Give bursts at the rhythm of theta: by default 10 bursts of 4 pulses at 100 Hz, five bursts a second.

    Parameters
    ----------
    bursts : int
        How many bursts each train has.
    pulses : int
        Of each burst.
    frequency : Quantity
        Of the pulses in a burst.
    burst_frequency : Quantity
        Bursts per second (Hz).
    trains : int
        How many trains there are; each begins ``every`` after the one before.
    every : Quantity
        Time from the start of one train to that of the next.

    Examples
    --------
    >>> from brian2_nmda.protocols import theta_burst
    >>> print(theta_burst())
    theta burst: 2 s, 40 spikes of A
    """
    burst = _pulses(pulses, frequency, "theta burst")
    interval = 1 / positive(burst_frequency, Hz, "burst_frequency")
    many = burst.repeated(bursts, interval * second)
    one = replace(many, name="theta burst", duration=whole(bursts, "bursts") * interval)
    return one.repeated(trains, every)


def low_frequency(pulses: int = 900, frequency: Quantity = 1 * Hz) -> Protocol:
    """Stimulate at a low frequency, which depresses: by default 900 pulses at 1 Hz.

    Parameters
    ----------
    pulses : int
        How many presynaptic pulses are given.
    frequency : Quantity
        Pulses per second (Hz).

    Examples
    --------
    >>> from brian2_nmda.protocols import low_frequency
    >>> low_frequency().duration
    900.0
    """
    return _pulses(pulses, frequency)


def frequency_series(frequencies: Quantity = DUDEK_BEAR, pulses: int = 900) -> dict[str, Protocol]:
    """Give the same number of pulses at several frequencies, as Dudek & Bear (1992) did.

    Parameters
    ----------
    frequencies : Quantity
        By default those of the paper.
    pulses : int
        At each frequency.

    Returns
    -------
    dict of str to Protocol
        For `Experiment`; its result plots the frequency curve.

    Examples
    --------
    >>> from brian2 import Hz
    >>> from brian2_nmda.protocols import frequency_series
    >>> list(frequency_series([1, 10]*Hz))
    ['1 Hz', '10 Hz']
    """
    values = [positive(f, Hz, "frequencies") for f in np.atleast_1d(frequencies)]
    return {
        f"{f:g} Hz": replace(_pulses(pulses, f * Hz), scanned=("frequency", f)) for f in sorted(set(values))
    }


def pairings(interval: Quantity, n: int = 60, frequency: Quantity = 1 * Hz) -> Protocol:
    """Pair presynaptic spikes with postsynaptic ones, which the neuron is made to fire.

    Parameters
    ----------
    interval : Quantity
        Time of the postsynaptic spike minus that of the presynaptic one: positive where pre leads.
    n : int
        How many pairs are given.
    frequency : Quantity
        By default 60 pairs at 1 Hz, as Bi & Poo (1998).

    Examples
    --------
    >>> from brian2 import ms
    >>> from brian2_nmda.protocols import pairings
    >>> pair = pairings(-10*ms, n=2)
    >>> pair.times('A'), pair.forced_times
    (array([  10., 1010.]) * msecond, array([0., 1.]) * second)
    """
    dt = in_unit(interval, second, "pairings(interval)")
    made = _motif([0.0], [dt], n, frequency, f"pairs of {dt * 1e3:+g} ms")
    return replace(made, scanned=("interval", dt))


def stdp_window(
    intervals: Quantity = INTERVALS, n: int = 60, frequency: Quantity = 1 * Hz
) -> dict[str, Protocol]:
    """Pair spikes at several intervals; the result plots the spike-timing window.

    Parameters
    ----------
    intervals : Quantity
        Time of the postsynaptic spike minus that of the presynaptic one.
    n : int
        Pairs at each interval.
    frequency : Quantity
        Of the pairs.

    Examples
    --------
    >>> from brian2 import ms
    >>> from brian2_nmda.protocols import stdp_window
    >>> list(stdp_window([-10, 10]*ms))
    ['-10 ms', '+10 ms']
    """
    values = sorted({in_unit(i, second, "intervals") for i in np.atleast_1d(intervals)})
    return {f"{dt * 1e3:+g} ms": pairings(dt * second, n, frequency) for dt in values}


def triplets(
    first: Quantity, second_: Quantity, n: int = 60, frequency: Quantity = 1 * Hz, order: str = "pre-post-pre"
) -> Protocol:
    """Give triplets of presynaptic and postsynaptic spikes.

    Parameters
    ----------
    first, second_ : Quantity
        Positive intervals between the first and the second spike, and the second and the third.
    n : int
        How many triplets are given.
    frequency : Quantity
        Triplets per second (Hz).
    order : {'pre-post-pre', 'post-pre-post'}
        Which side fires first, second and third.

    Raises
    ------
    ModelError
        If the order is not one of the two, or a triplet does not fit into its period.

    Examples
    --------
    >>> from brian2 import ms
    >>> from brian2_nmda.protocols import triplets
    >>> triplets(5*ms, 5*ms, n=1).duration
    1.0
    """
    a, b = (positive(x, second, "triplets(interval)") for x in (first, second_))
    outer, inner = [0.0, a + b], [a]
    orders = {"pre-post-pre": (outer, inner), "post-pre-post": (inner, outer)}
    if order not in orders:
        raise ModelError(f"triplets: order has to be {' or '.join(orders)}; found {order!r}.")
    return _motif(*orders[order], n, frequency, f"{order} {a * 1e3:g}, {b * 1e3:g} ms")


def quadruplets(
    between: Quantity, within: Quantity = 5 * ms, n: int = 60, frequency: Quantity = 1 * Hz
) -> Protocol:
    """Give a post-pre pair and a pre-post pair, or the other way round.

    Parameters
    ----------
    between : Quantity
        From the middle of one pair to that of the other: positive where the post-pre pair comes first.
    within : Quantity
        Positive interval inside each pair.
    n : int
        How many quadruplets are given.
    frequency : Quantity
        Quadruplets per second (Hz).

    Raises
    ------
    ModelError
        If the pairs overlap, or do not fit into their period.

    Examples
    --------
    >>> from brian2 import ms
    >>> from brian2_nmda.protocols import quadruplets
    >>> quadruplets(20*ms, n=1).duration
    1.0
    """
    gap = in_unit(between, second, "quadruplets(between)")
    half = positive(within, second, "quadruplets(within)") / 2
    if abs(gap) <= 2 * half:
        raise ModelError("quadruplets: the pairs overlap; take |between| larger than within.")
    name = f"quadruplets {gap * 1e3:+g} ms"
    return _motif([half, gap - half], [-half, gap + half], n, frequency, name)


def _motif(pre: Iterable[float], post: Iterable[float], n: int, frequency: Quantity, name: str) -> Protocol:
    """A pattern of pre- and postsynaptic spikes, repeated; its first spike is at time 0."""
    n, f = whole(n, "n"), positive(frequency, Hz, "frequency")
    pre, post = np.sort([*pre]), np.sort([*post])
    first = min(pre[0], post[0])
    if max(pre[-1], post[-1]) - first >= 1 / f:
        raise ModelError(f"{name}: they do not fit into the {1 / f:g} s from one to the next.")
    starts = np.arange(n)[:, np.newaxis] / f - first
    # rounded to a ps: 0.3 + 0.01 and 0.31 are one time
    times = [tuple(np.round((starts + x).ravel(), 12)) for x in (pre, post)]
    return Protocol(name, n / f, (Train("A", times[0]),), times[1])


def pairing_at_voltage(
    v: Quantity = 0 * mV, pulses: int = 100, frequency: Quantity = 2 * Hz, before: Quantity = 1 * second
) -> Protocol:
    """Give presynaptic pulses while the neuron is clamped at ``v``, from ``before`` the first to the end.

    Published pairings differ in number and frequency; 100 pulses at 2 Hz are a choice.

    Parameters
    ----------
    v : Quantity
        Voltage of the clamp.
    pulses : int
        How many presynaptic pulses are given.
    frequency : Quantity
        Pulses per second (Hz).
    before : Quantity
        From the start of the clamp to the first pulse.

    Examples
    --------
    >>> from brian2 import mV
    >>> from brian2_nmda.protocols import pairing_at_voltage
    >>> pairing_at_voltage(0*mV).name
    'pairing at 0 mV'
    """
    wait = in_unit(before, second, "before", 0)
    made = _pulses(pulses, frequency, f"pairing at {float(v) * 1e3:g} mV").delayed(wait * second)
    return made.clamped(v)


def test_pulses(
    duration: Quantity, period: Quantity = 10 * second, pathways: Iterable[str] = ("A", "B")
) -> Protocol:
    """Test pathways in turn with single pulses, each once a period.

    An `Experiment` gives them by itself; this is for scripts of your own.

    Parameters
    ----------
    duration : Quantity
        How long the tests go on (a time).
    period : Quantity
        Between two pulses of one pathway.
    pathways : list of str
        Which are tested, in this order.

    Examples
    --------
    >>> from brian2 import second
    >>> from brian2_nmda.protocols import test_pulses
    >>> test_pulses(60*second).duration
    60.0
    """
    length = in_unit(duration, second, "test_pulses(duration)", 0)
    every, names = positive(period, second, "period"), tuple(dict.fromkeys(pathways))
    n = int(np.floor(length / every + 1e-9))
    trains = (
        Train(p, tuple(np.arange(n) * every + every * (k + 0.5) / len(names))) for k, p in enumerate(names)
    )
    return Protocol("test pulses", length, tuple(trains))


test_pulses.__test__ = False  # type: ignore[attr-defined]  # its name is no test's


def control(name: str = "control") -> Protocol:
    """Give nothing but the test pulses: a condition that shows the drift.

    Parameters
    ----------
    name : str
        What it is called in tables and figures.

    Examples
    --------
    >>> from brian2_nmda.protocols import control
    >>> control().name
    'control'
    """
    return Protocol(name, 0.0)
