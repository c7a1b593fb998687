"""One synapse of a model over time, for the figures of the model reference, stepped by SciPy.

Between spikes, ends of pulses and steps of what is held, an adaptive stiff solver steps the equations as
they are written. So nothing is compiled, and milliseconds and hours fit into one run. White noise is left
out, counts follow their mean, and random draws come from one seed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import sympy
from scipy.integrate import solve_ivp

from brian2_nmda.conformance.points import DRAW, TYPICAL, plain
from brian2_nmda.symbolic.expressions import numeric, symbol
from brian2_nmda.symbolic.part import Pulse
from brian2_nmda.symbolic.system import System

#: A course of something that is held: times (s) and the value from each time on.
Course = Sequence[tuple[float, float]]


class Run:
    """A system, some of whose names are held at a course that is given.

    Parameters
    ----------
    system : System
    held : mapping of str to sequence of pair
        Voltage, states, definitions or parameters; the others are computed.
    """

    def __init__(self, system: System, held: Mapping[str, Course] | None = None) -> None:
        self.system = system
        self.held = {"v": [(-np.inf, -0.07)], **(held or {})}
        self.values = {n: x for n, x in system.values().items() if n not in self.held}
        self.names = [n for n in system.rates if n not in self.held]
        self.pulses = {
            n: d.expression.args for n, d in system.definitions.items() if isinstance(d.expression, Pulse)
        }
        self._named = {
            n: d.expression.args[0] * symbol(f"is_on_{n}") if n in self.pulses else d.expression
            for n, d in system.definitions.items()
        }
        self._named |= {n: t.expression for n, t in system.totals.items()}
        for name in self.held:
            self._named.pop(name, None)
        self._noise = {
            s: sympy.S.Zero for e in system.rates.values() for s in e.free_symbols if s.name.startswith("xi")
        }
        self._reads = [*self.names, *self.held, *(f"is_on_{n}" for n in self.pulses), "t", DRAW.name]
        self._rates = self.function([system.rates[n] for n in self.names])
        self._draws = np.random.default_rng(1)

    def function(self, expressions: Iterable[sympy.Expr]) -> Any:
        """Expressions as a function of states, what is held, which pulses are on, the time and a draw."""
        whole = [plain(e, self._named).xreplace(self._noise) for e in expressions]
        return numeric(sympy.Tuple(*whole), self._reads, self.values)

    def _jumps(self, changes: Mapping[str, sympy.Expr]) -> list[tuple[int, Any]]:
        return [(self.names.index(n), self.function([e])) for n, e in changes.items() if n in self.names]

    def _inputs(self, time: float, on: Mapping[str, float]) -> list[float]:
        """What is held, and which pulses are on."""
        levels = [[x for start, x in course if start <= time + 1e-12][-1] for course in self.held.values()]
        return [*levels, *(1.0 * (time < on[n] - 1e-12) for n in self.pulses)]

    def course(
        self, pre: Iterable[float], post: Iterable[float], start: float, times: np.ndarray
    ) -> "Recording":
        """Step the system.

        Parameters
        ----------
        pre, post : list of float
            Spike times (s).
        start : float
            Where the run starts (s); what comes before ``times`` lets the states settle.
        times : array
            Times to record (s), ascending.
        """
        system, draw = self.system, lambda: float(self._draws.random())
        y = np.array([system.initial[n] for n in self.names], float)
        on = dict.fromkeys(self.pulses, -np.inf)
        at_pre, at_post = self._jumps(system.on_spike), self._jumps(system.on_post_spike)
        late = [(self.function([x.latency]), self._jumps(x.changes)) for x in system.later]
        always = (sympy.S.One,)
        pulses = {n: self.function((a[1:] + always)[:2]) for n, a in self.pulses.items()}
        events = [(self.function([e.condition]), self._jumps(e.changes)) for _, e in system.events]
        waiting = [(t, "pre", at_pre) for t in pre] + [(t, "post", at_post) for t in post]
        waiting += [(t, "step", []) for course in self.held.values() for t, _ in course if t > start]
        recorded = Recording(self, times)
        now, end = start, float(times[-1])
        while now < end:
            waiting.sort(key=lambda w: w[0])
            stops = [t for t in (*on.values(), *(w[0] for w in waiting), end) if t > now + 1e-12]
            stop = min(stops)
            now, y = self._advance(y, now, stop, on, events, recorded)
            while waiting and waiting[0][0] <= now + 1e-12:
                _, kind, jumps = waiting.pop(0)
                y = self._jump(y, jumps, now, on, draw())
                if kind != "pre":
                    continue
                known = [*y, *self._inputs(now, on), now, draw()]
                for name, function in pulses.items():
                    length, released = function(*known)
                    if released > 0:
                        on[name] = now + float(length)
                waiting += [(now + float(f(*known)[0]), "late", jumps) for f, jumps in late]
        return recorded

    def _jump(
        self, y: np.ndarray, jumps: Any, now: float, on: Any, draw: float, old: bool = False
    ) -> np.ndarray:
        """The states after a change: each sees those before it, or, at a condition, the old ones."""
        new = y.copy()
        for index, function in jumps:
            new[index] = function(*(y if old else new), *self._inputs(now, on), now, draw)[0]
        return new

    def _advance(
        self, y: np.ndarray, now: float, stop: float, on: Any, events: Any, recorded: "Recording"
    ) -> tuple[float, np.ndarray]:
        """Step from ``now`` to ``stop``, or to an event at a condition."""
        inputs = self._inputs(now, on)

        def rate(t: float, x: np.ndarray) -> list[float]:
            return [float(r) for r in self._rates(*x, *inputs, t, 0.5)]

        def crossing(function: Any) -> Any:
            def value(t: float, x: np.ndarray) -> float:
                return float(function(*x, *inputs, t, 0.5)[0]) - 0.5

            value.terminal, value.direction = True, 1
            return value

        for function, jumps in events:  # what is true already
            if float(function(*y, *inputs, now, 0.5)[0]) > 0:
                y = self._jump(y, jumps, now, on, 0.5, old=True)
        wanted = recorded.times[(recorded.times >= now) & (recorded.times < stop)]
        if stop >= recorded.times[-1]:
            wanted = np.unique([*wanted, recorded.times[-1]])
        if not self.names:
            recorded.add(wanted, np.empty((0, len(wanted))), inputs)
            return stop, y
        size = [max(abs(y[k]), TYPICAL.get(self.system.states[n].dim, 1.0)) for k, n in enumerate(self.names)]
        found = solve_ivp(
            rate, (now, stop), y, "LSODA", np.unique([*wanted, stop]), rtol=1e-5, atol=1e-7 * np.array(size),
            events=[crossing(f) for f, _ in events],
        )  # fmt: skip
        if not found.success:
            raise RuntimeError(f"{self.system.owner}: {found.message}")
        t, course = np.asarray(found.t), np.reshape(found.y, (len(self.names), -1))
        shown = np.isin(t, wanted)
        recorded.add(t[shown], course[:, shown], inputs)
        if found.status == 1:
            k = next(k for k, t in enumerate(found.t_events) if len(t))
            now, y = float(found.t_events[k][0]), np.array(found.y_events[k][0])
            return now, self._jump(y, events[k][1], now, on, 0.5, old=True)
        return stop, course[:, -1]


class Recording:
    """States and inputs at given times; expressions of them are evaluated afterwards."""

    def __init__(self, run: Run, times: np.ndarray) -> None:
        self.run, self.times = run, np.asarray(times, float)
        self._t: list[np.ndarray] = []
        self._columns: list[np.ndarray] = []

    def add(self, t: np.ndarray, y: np.ndarray, inputs: Sequence[float]) -> None:
        """A piece of the run."""
        self._t.append(np.asarray(t, float))
        self._columns.append(np.vstack([y, *(np.full(len(t), x) for x in inputs)]))

    @property
    def t(self) -> np.ndarray:
        """Times (s)."""
        return np.concatenate(self._t)

    def __call__(self, *expressions: Any) -> list[np.ndarray]:
        """Expressions, or names, over time in SI units."""
        given = [symbol(e) if isinstance(e, str) else e for e in expressions]
        columns, t = np.hstack(self._columns), self.t
        with np.errstate(all="ignore"):
            found = self.run.function(given)(*columns, t, np.full(len(t), 0.5))
        return [np.broadcast_to(np.asarray(x, float), t.shape) for x in found]
