"""A protocol as data: what each pathway receives, what is done to the cell, what is in the bath, and when.

Nothing here simulates. Times are stored in seconds as plain numbers, so that protocols can be compared,
hashed and sent to other processes; what a user gives and gets has units.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from brian2 import Quantity, SpikeGeneratorGroup, amp, second, volt
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, get_dimensions

from brian2_nmda.symbolic.errors import ModelError

#: Share of the interval between a pre- and a postsynaptic spike by which a time step may change it.
INTERVAL_ERROR = 0.05
#: Intervals between pre- and postsynaptic spikes that a pairing may mean, in s.
PAIRED = 0.2


def in_unit(value: Any, unit: Quantity, name: str, minimum: float = -math.inf) -> float:
    """A finite number in base units; a ModelError if ``value`` has another dimension or is too small."""
    if get_dimensions(value) is not get_dimensions(unit):
        raise ModelError(f"{name} has to be a quantity in units of {unit.dim}, as 2*{unit}; found {value!r}.")
    number = float(value)
    if not math.isfinite(number) or number < minimum:
        least = "" if minimum == -math.inf else f" of at least {minimum:g}"
        raise ModelError(f"{name} has to be a finite number{least}; found {value!r}.")
    return number


def positive(value: Any, unit: Quantity, name: str) -> float:
    """A number above zero in base units."""
    number = in_unit(value, unit, name)
    if number <= 0:
        raise ModelError(f"{name} has to be positive; found {value!r}.")
    return number


def whole(value: Any, name: str) -> int:
    """A whole number of at least 1."""
    if isinstance(value, bool) or value != value or int(value) != value or value < 1:
        raise ModelError(f"{name} has to be a whole number of at least 1; found {value!r}.")
    return int(value)


def check_times(times: Iterable[float], name: str) -> tuple[float, ...]:
    """Times in s as a tuple; a ModelError unless they are finite, not negative and rising."""
    found = tuple(float(t) for t in times)
    if not all(math.isfinite(t) for t in found):
        raise ModelError(f"{name}: times have to be finite.")
    if found and min(found) < 0:
        raise ModelError(f"{name}: times may not be negative; the first is {found[0]:g} s.")
    for before, after in pairwise(found):
        if after <= before:
            raise ModelError(
                f"{name}: times have to rise, but {after:g} s comes after {before:g} s; sort them, and give "
                "a pathway no two spikes at one time."
            )
    return found


@dataclass(frozen=True)
class Train:
    """A train lists the presynaptic spikes of one pathway.

    Parameters
    ----------
    pathway : str
        Which fibres fire, such as ``'A'``.
    times : tuple of float
        In s after the start of the protocol.

    Examples
    --------
    >>> from brian2_nmda.protocols import Train
    >>> Train('A', (0.0, 0.1)).times
    (0.0, 0.1)
    """

    pathway: str
    times: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", check_times(self.times, f"pathway {self.pathway}"))


@dataclass(frozen=True)
class Span:
    """A span gives something a value from ``start`` to ``stop``.

    Parameters
    ----------
    what : str
        ``'clamp'`` and ``'current'`` are done to the cell; all others are in the bath: a drug such as
        ``'D-AP5'``, ``'Mg'``, ``'inhibition'``, or a parameter or state of the model.
    start, stop : float
        In s after the start of the protocol; infinite where it holds from the first or to the last moment.
    value : float
        In base units (SI).
    dim : Dimension
        Physical dimension of ``value``.

    Examples
    --------
    >>> from brian2 import amp
    >>> from brian2_nmda.protocols import Span
    >>> Span('current', 0.0, 1.0, 1e-10, amp.dim).stop
    1.0
    """

    what: str
    start: float
    stop: float
    value: float
    dim: Dimension = DIMENSIONLESS

    def __post_init__(self) -> None:
        if not self.start < self.stop:
            raise ModelError(
                f"'{self.what}' has to begin before it ends; found {self.start:g} to {self.stop:g} s."
            )

    def later(self, by: float) -> "Span":
        """The same, later by some seconds."""
        return replace(self, start=self.start + by, stop=self.stop + by)


@dataclass(frozen=True)
class Protocol:
    """A protocol says what is done in an experiment; the functions of `brian2_nmda.protocols` make it.

    Parameters
    ----------
    name : str
        What it is called in tables and figures.
    duration : float
        In s; what follows the protocol begins then.
    trains : tuple of Train
        Presynaptic spikes, one train per pathway or more.
    forced : tuple of float
        Times in s at which the neuron is made to spike.
    spans : tuple of Span
        Clamps, currents, and what is in the bath.
    fibres : tuple of (str, float)
        Pathways of which another number of fibres is stimulated than the experiment states.
    scanned : tuple of (str, float), optional
        What differs between the protocols of a series, and its value in base units.

    Examples
    --------
    >>> from brian2 import ms, second
    >>> from brian2_nmda.protocols import tetanus
    >>> four = tetanus().repeated(4, every=300*second)
    >>> len(four.times('A')), four.times('A')[100]
    (400, 300. * second)
    """

    name: str
    duration: float
    trains: tuple[Train, ...] = ()
    forced: tuple[float, ...] = ()
    spans: tuple[Span, ...] = ()
    fibres: tuple[tuple[str, float], ...] = ()
    scanned: tuple[str, float] | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.duration) and self.duration >= 0):
            raise ModelError(f"{self.name}: a protocol cannot last {self.duration} s.")
        object.__setattr__(self, "forced", check_times(self.forced, f"{self.name}, forced spikes"))
        names = [t.pathway for t in self.trains]
        if len(set(names)) != len(names):
            raise ModelError(f"{self.name}: each pathway gets one train; found {', '.join(names)}.")
        for pathway, number in self.fibres:
            if not (math.isfinite(number) and number > 0):
                raise ModelError(f"{self.name}: pathway {pathway} cannot have {number} fibres.")
        object.__setattr__(self, "spans", _without_overlap(self.name, self.spans))
        self._check_clamped_spikes()

    def _check_clamped_spikes(self) -> None:
        for span in self.spans:
            if span.what == "clamp":
                spikes = [t for t in self.forced if span.start <= t < span.stop]
                if spikes:
                    raise ModelError(
                        f"{self.name}: the spike forced at {spikes[0]:g} s falls into a voltage clamp, under "
                        "which the neuron does not spike."
                    )

    # -- what it holds -------------------------------------------------------------------------

    @property
    def pathways(self) -> tuple[str, ...]:
        """Names of the pathways that get spikes."""
        return tuple(t.pathway for t in self.trains)

    def seconds(self, pathway: str) -> np.ndarray:
        """Return the presynaptic spikes of a pathway in s, without unit; none if it gets none."""
        return np.array(next((t.times for t in self.trains if t.pathway == pathway), ()), dtype=float)

    def times(self, pathway: str = "A") -> Quantity:
        """Return the times of the presynaptic spikes of a pathway."""
        return self.seconds(pathway) * second

    @property
    def forced_times(self) -> Quantity:
        """Spikes that the neuron is made to fire."""
        return np.array(self.forced, dtype=float) * second

    # -- others made of it ---------------------------------------------------------------------

    def delayed(self, by: Quantity) -> "Protocol":
        """Return the same protocol, later; what is in the bath from the first moment on stays there."""
        return self._later(in_unit(by, second, "delayed(by)", 0))

    def _later(self, by: float) -> "Protocol":
        return replace(
            self,
            duration=self.duration + by,
            trains=tuple(Train(t.pathway, tuple(x + by for x in t.times)) for t in self.trains),
            forced=tuple(t + by for t in self.forced),
            spans=tuple(s.later(by) for s in self.spans),
        )

    def repeated(self, n: int, every: Quantity) -> "Protocol":
        """Repeat the protocol ``n`` times, its starts ``every`` apart.

        Raises
        ------
        ModelError
            If the next begins before the one before it ends.
        """
        n, interval = whole(n, "repeated(n)"), positive(every, second, "repeated(every=)")
        if interval < self.duration * (1 - 1e-9):
            raise ModelError(
                f"{self.name} lasts {self.duration:g} s and cannot be repeated every {interval:g} s."
            )
        whole_one = self
        for k in range(1, n):
            whole_one = whole_one.beside(self._later(k * interval))
        return replace(whole_one, name=f"{n} x {self.name}" if n > 1 else self.name)

    def __add__(self, other: "Protocol") -> "Protocol":
        """One protocol after the other."""
        if not isinstance(other, Protocol):
            return NotImplemented
        return self.beside(other._later(self.duration))

    def beside(self, other: "Protocol") -> "Protocol":
        """Start both protocols together, as a weak pathway A beside a strong B."""
        names = dict.fromkeys([*self.pathways, *other.pathways])
        trains = (Train(p, tuple(np.sort([*self.seconds(p), *other.seconds(p)]))) for p in names)
        name = self.name if self.name == other.name else f"{self.name}, {other.name}"
        return Protocol(
            name,
            max(self.duration, other.duration),
            tuple(trains),
            tuple(sorted([*self.forced, *other.forced])),
            (*self.spans, *other.spans),
            _same_fibres(name, self.fibres, other.fibres),
            self.scanned if self.scanned == other.scanned else None,
        )

    def on(self, *pathways: str) -> "Protocol":
        """Give the spikes of pathway A (or of the only one) to other pathways; all at once if several."""
        if len(self.trains) > 1 or not pathways:
            raise ModelError(f"{self.name}: on() moves a protocol of one pathway; it has {self.pathways}.")
        times = self.trains[0].times if self.trains else ()
        return replace(self, trains=tuple(Train(p, times) for p in dict.fromkeys(pathways)))

    def with_fibres(self, **fibres: float) -> "Protocol":
        """Stimulate another number of fibres: ``with_fibres(A=8)`` is a weak input."""
        known = {**dict(self.fibres), **{p: float(n) for p, n in fibres.items()}}
        return replace(self, fibres=tuple(sorted(known.items())))

    def named(self, name: str) -> "Protocol":
        """Give the protocol another name."""
        return replace(self, name=name)

    def clamped(self, v: Quantity, start: Quantity | None = None, stop: Quantity | None = None) -> "Protocol":
        """Clamp the neuron at the voltage ``v``, over the protocol or from ``start`` to ``stop``."""
        return self._during("clamp", in_unit(v, volt, "clamped(v)"), volt.dim, start, stop)

    def injected(
        self, current: Quantity, start: Quantity | None = None, stop: Quantity | None = None
    ) -> "Protocol":
        """Inject a current (positive: it depolarises) over the protocol, or from ``start`` to ``stop``."""
        return self._during("current", in_unit(current, amp, "injected(current)"), amp.dim, start, stop)

    def _during(self, what: str, value: float, dim: Dimension, start: Any, stop: Any) -> "Protocol":
        begin = 0.0 if start is None else in_unit(start, second, "start")
        end = self.duration if stop is None else in_unit(stop, second, "stop")
        return replace(self, spans=(*self.spans, Span(what, begin, end, value, dim)))

    def within(self, *spans: Span) -> "Protocol":
        """Add something to the bath; see `drug` and `switch`."""
        return replace(self, spans=(*self.spans, *spans))

    # -- for Brian2 ----------------------------------------------------------------------------

    def check_dt(self, dt: Quantity) -> None:
        """Raise a ModelError where a time step is too coarse for the protocol.

        That is, where two spikes of a pathway fall into one step, or where rounding to steps changes the
        interval between a presynaptic and a forced spike by more than 5 %.
        """
        step = positive(dt, second, "dt")
        for what, times in [(f"pathway {t.pathway}", t.times) for t in self.trains] + [
            ("the neuron (forced)", self.forced)
        ]:
            if len(times) > 1 and np.diff(np.rint(np.array(times) / step)).min() < 1:
                raise ModelError(
                    f"{self.name}: at a time step of {dt} two spikes of {what} fall into one step."
                )
        self._check_intervals(step)

    def _check_intervals(self, step: float) -> None:
        forced = np.array(self.forced)
        for train in self.trains if len(forced) else ():
            for t in train.times:
                k = np.argmin(abs(forced - t))
                exact = forced[k] - t
                rounded = (np.rint(forced[k] / step) - np.rint(t / step)) * step
                if abs(exact) < PAIRED and abs(rounded - exact) > INTERVAL_ERROR * abs(exact) + 1e-12:
                    raise ModelError(
                        f"{self.name}: a time step of {step * 1e3:g} ms would turn the interval of "
                        f"{exact * 1e3:g} ms between a pre- and a postsynaptic spike into "
                        f"{rounded * 1e3:g} ms; take a smaller one, or intervals that are multiples of it."
                    )

    def spike_generator(
        self,
        pathways: Sequence[str] | None = None,
        start: Quantity = 0 * second,
        dt: Quantity | None = None,
        **kwargs: Any,
    ) -> SpikeGeneratorGroup:
        """Make a Brian2 group with one source per pathway, for any script.

        Parameters
        ----------
        pathways : sequence of str, optional
            Names in the order of the sources; by default those that get spikes.
        start : Quantity
            When the protocol begins.
        dt : Quantity, optional
            The time step of the group; by default that of Brian2's default clock.
        **kwargs
            As for `SpikeGeneratorGroup`.

        Raises
        ------
        ModelError
            If the time step is too coarse, see `check_dt`.

        Examples
        --------
        >>> from brian2_nmda.protocols import theta_burst
        >>> theta_burst().spike_generator().N
        1
        """
        from brian2 import defaultclock

        self.check_dt(defaultclock.dt if dt is None else dt)
        names = self.pathways if pathways is None else tuple(pathways)
        begin = in_unit(start, second, "start", 0)
        times = [self.seconds(p) + begin for p in names]
        indices = np.repeat(np.arange(len(names)), [len(t) for t in times])
        together = np.concatenate([*times, np.empty(0)]) * second
        return SpikeGeneratorGroup(max(len(names), 1), indices, together, dt=dt, **kwargs)

    def __str__(self) -> str:
        parts = [f"{self.name}: {self.duration:g} s"]
        parts += [f"{len(t.times)} spikes of {t.pathway}" for t in self.trains if t.times]
        parts += [f"{len(self.forced)} forced spikes"] if self.forced else []
        parts += [f"{s.what} from {s.start:g} to {s.stop:g} s" for s in self.spans[:3]]
        return ", ".join(parts)


def _same_fibres(
    name: str, first: tuple[tuple[str, float], ...], other: tuple[tuple[str, float], ...]
) -> tuple[tuple[str, float], ...]:
    """The fibres of two protocols that are joined, which have to agree."""
    together: Mapping[str, float] = dict(first) | dict(other)
    for pathway, number in first:
        if together[pathway] != number:
            raise ModelError(
                f"{name}: pathway {pathway} cannot have {number:g} and {together[pathway]:g} fibres."
            )
    return tuple(sorted(together.items()))


def _without_overlap(name: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans in order of time, each once; a ModelError if two of one kind overlap."""
    ordered = sorted(dict.fromkeys(spans), key=lambda s: (s.what, s.start, s.stop))
    for one, other in pairwise(ordered):
        if one.what == other.what and other.start < one.stop - 1e-9:
            raise ModelError(
                f"{name}: '{one.what}' is given from {one.start:g} to {one.stop:g} s and again from "
                f"{other.start:g} s; one has to end before the next begins."
            )
    return tuple(ordered)
