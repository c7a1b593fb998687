"""When everything happens in an experiment: baseline, induction and follow-up of conditions side by side."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from brian2 import second

from brian2_nmda.protocols.data import Protocol
from brian2_nmda.symbolic.errors import ModelError

#: In a longer one the test pulses go on.
BREAK = 60.0  # s
#: A shorter rest is not worth its two changes of the time step, in longer steps.
SHORTEST_REST = 10
#: Each is a run of its own, for which code is written.
MOST_RESTS = 500


def _busy(protocol: Protocol) -> list[tuple[float, float]]:
    """When something is done to fibres or cell: first and last moment of each bout."""
    done = [(t, t) for train in protocol.trains for t in train.times] + [(t, t) for t in protocol.forced]
    done += [(s.start, s.stop) for s in protocol.spans if s.what in ("clamp", "current")]
    bouts: list[tuple[float, float]] = []
    for first, last in sorted(done):
        if bouts and first - bouts[-1][1] <= BREAK:
            bouts[-1] = (bouts[-1][0], max(last, bouts[-1][1]))
        else:
            bouts.append((first, last))
    if bouts and protocol.duration - bouts[-1][1] <= BREAK:
        bouts[-1] = (bouts[-1][0], max(protocol.duration, bouts[-1][1]))
    return bouts


@dataclass(frozen=True)
class Timeline:
    """Times in s; all conditions begin and end together and share the times of the test pulses.

    Parameters
    ----------
    conditions : mapping of str to Protocol
    pathways : tuple of str
    baseline, follow_up : float
        The follow-up begins after the longest induction.
    period : float
        Between two tests of one pathway; the pathways follow each other in equal distances.
    settling : float
        Without test pulses before and after an induction.
    window : tuple of float
        What is recorded around a test pulse.
    dt : float
    rest_step : float or None
        The longer time step where nothing happens.
    rest_after : float
        How long the shorter one goes on after a spike.
    """

    conditions: Mapping[str, Protocol]
    pathways: tuple[str, ...]
    baseline: float
    follow_up: float
    period: float
    settling: float
    window: tuple[float, float]
    dt: float
    rest_step: float | None = None
    rest_after: float = 2.0

    def __post_init__(self) -> None:
        length = self.window[1] - self.window[0]
        if self.period / len(self.pathways) < length:
            raise ModelError(
                f"test pulses every {self.period:g} s to {len(self.pathways)} pathways leave less than the "
                f"{length:g} s that are recorded around each; take a longer test_period."
            )
        for name, duration in (("baseline", self.baseline), ("follow_up", self.follow_up)):
            if duration < self.period + self.settling:
                raise ModelError(
                    f"{name} has to last at least a period of the test pulses and the pause beside the "
                    f"induction, {self.period + self.settling:g} s; found {duration:g} s."
                )
        for protocol in self.conditions.values():
            protocol.check_dt(self.dt * second)
            unknown = [p for p in protocol.pathways if p not in self.pathways]
            if unknown:
                raise ModelError(
                    f"{protocol.name} stimulates pathway {unknown[0]}; the experiment has "
                    f"{', '.join(self.pathways)}. Give it pathways={{'{unknown[0]}': 30, ...}}."
                )
        if self.rest_step is not None:
            self._check_rests(self.rest_step)

    def _check_rests(self, step: float) -> None:
        steps = step / self.dt
        if steps < 1.5 or abs(steps - round(steps)) > 1e-6:
            raise ModelError(
                f"rest_step has to be two or more time steps of {self.dt * 1e3:g} ms; found "
                f"{step * 1e3:g} ms."
            )
        number = len(self.rests)
        if not 0 < number <= MOST_RESTS:
            raise ModelError(
                f"rest_step: this experiment has {number} rests of at least {SHORTEST_REST * step:g} s, and "
                f"there have to be 1 to {MOST_RESTS}; take a longer test_period, or leave rest_step out."
            )

    @property
    def end(self) -> float:
        """When all is over."""
        return self.baseline + max(p.duration for p in self.conditions.values()) + self.follow_up

    def steps(self, t: float) -> int:
        """A time in time steps."""
        return round(t / self.dt)

    @property
    def period_steps(self) -> int:
        """Between two tests of one pathway."""
        return self.steps(self.period)

    @cached_property
    def offsets(self) -> list[int]:
        """Time step of the first test of each pathway."""
        P = len(self.pathways)
        return [round(self.period_steps * (k + 0.5) / P) for k in range(P)]

    @cached_property
    def tests(self) -> np.ndarray:
        """Times of the test pulses (pathway, test)."""
        last = self.steps(self.end - self.window[1]) - self.offsets[-1]
        n = last // self.period_steps + 1
        return np.array([(o + self.period_steps * np.arange(n)) * self.dt for o in self.offsets])

    @cached_property
    def tested(self) -> np.ndarray:
        """Which of them a condition gets (condition, pathway, test).

        They pause around what is done to fibres and cell, and go on in breaks of more than a minute.
        """
        rows = []
        for protocol in self.conditions.values():
            row = np.ones(self.tests.shape, bool)
            for first, last in _busy(protocol):
                first, last = self.baseline + first - self.settling, self.baseline + last + self.settling
                row &= (self.tests < first) | (self.tests > last)
            rows.append(row)
        return np.array(rows)

    def spikes(self, c: int, p: int) -> np.ndarray:
        """All presynaptic spikes of one pathway under one condition."""
        protocol = list(self.conditions.values())[c]
        train = self.baseline + protocol.seconds(self.pathways[p])
        return np.sort(np.concatenate([self.tests[p][self.tested[c, p]], train]))

    def forced(self, c: int) -> np.ndarray:
        """Spikes that the neuron of a condition is made to fire."""
        return self.baseline + np.array(list(self.conditions.values())[c].forced, dtype=float)

    @cached_property
    def changes(self) -> list[tuple[int, int, str, float | None]]:
        """Time step, condition, what, and its new value; None where it ends."""
        found: list[tuple[int, int, int, str, float | None]] = []
        for c, protocol in enumerate(self.conditions.values()):
            for span in protocol.spans:
                begin, stop = self.baseline + span.start, self.baseline + span.stop
                if np.isfinite(begin) and begin < 0:
                    raise ModelError(
                        f"{protocol.name}: '{span.what}' begins {-begin:g} s before the experiment; take a "
                        "longer baseline, or no start= for something that is there from the first moment."
                    )
                found.append((self.steps(max(begin, 0.0)), 1, c, span.what, span.value))
                if stop < self.end:
                    found.append((self.steps(stop), 0, c, span.what, None))
        found.sort(key=lambda x: x[:3])  # what ends makes room for what begins
        return [(step, c, what, value) for step, _, c, what, value in found]

    @cached_property
    def rests(self) -> list[tuple[int, int]]:
        """First and last time step of each phase in which nothing happens under any condition.

        They begin and end at multiples of the longer step, so that both clocks can stand there.
        """
        if self.rest_step is None:
            return []
        many, after = self.steps(self.rest_step), self.rest_after
        busy = [(0.0, after), (self.end, self.end)]
        busy += [(t + self.window[0], t + max(self.window[1], after)) for t in self.tests.ravel()]
        for protocol in self.conditions.values():
            # a spike is forced from the step before
            busy += [(self.baseline + a - 2 * self.dt, self.baseline + b + after) for a, b in _busy(protocol)]
        busy += [(step * self.dt, step * self.dt) for step, *_ in self.changes]
        rests, free = [], 0
        for begin, stop in sorted(busy):
            first = math.floor(begin / self.rest_step + 1e-9) * many
            if first - free >= SHORTEST_REST * many:
                rests.append((free, first))
            free = max(free, math.ceil(stop / self.rest_step - 1e-9) * many)
        return rests

    def window_condition(self) -> str:
        """True around the test pulses of all pathways, in integer time steps."""
        length, period = self.steps(self.window[1] - self.window[0]), self.period_steps
        before = self.steps(-self.window[0])
        windows = " or ".join(
            f"(t_in_timesteps + {(before - o) % period}) % {period} < {length}" for o in self.offsets
        )
        # the window of a last pathway that reaches into the next period has none before the first one
        return f"t_in_timesteps >= {self.offsets[0] - before} and ({windows})"
