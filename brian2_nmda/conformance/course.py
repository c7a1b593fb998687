"""The course of a synapse in NumPy: fine-step Runge-Kutta of the equations, with spikes and pulses.

It shares with the package the equations and nothing of what steps them in Brian2. A spike found in step
``k`` acts from the end of that step on: jumps are in the state at ``t_{k+1}``, a pulse of ``n`` steps is on
in the steps ``k+1 ... k+n``. Events are looked for at the end of each step, before the spikes of that step.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import sympy

from brian2_nmda.conformance.points import Function, plain
from brian2_nmda.symbolic.expressions import numeric, symbol
from brian2_nmda.symbolic.part import Pulse
from brian2_nmda.symbolic.system import System


class Course:
    """A system of equations, ready to be stepped.

    Parameters
    ----------
    system : System
        Its parameters have to be numbers.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self.values = system.values()
        self.pulses = {
            n: d.expression.args for n, d in system.definitions.items() if isinstance(d.expression, Pulse)
        }
        self._named = {
            n: d.expression.args[0] * symbol(f"is_on_{n}") if n in self.pulses else d.expression
            for n, d in system.definitions.items()
        }
        self._named.update({n: t.expression for n, t in system.totals.items()})  # one synapse at each place
        self._noise = {
            s: sympy.S.Zero for e in system.rates.values() for s in e.free_symbols if s.name.startswith("xi")
        }
        self._reads = [*system.rates, "v", *(f"is_on_{n}" for n in self.pulses), "t"]
        self._rates = self._compiled(system.rates.values())
        self._slopes = self._compiled(
            sympy.diff(self.whole(e), symbol(n)).replace(
                lambda x: isinstance(x, sympy.DiracDelta), lambda x: sympy.S.Zero
            )
            for n, e in system.rates.items()
        )

    def whole(self, expression: sympy.Expr) -> sympy.Expr:
        """An expression with definitions inserted, pulses as inputs, and without noise."""
        return plain(expression, self._named).xreplace(self._noise)

    def _compiled(self, expressions: Iterable[sympy.Expr]) -> Any:
        return numeric(sympy.Tuple(*(self.whole(e) for e in expressions)), self._reads, self.values)

    def function(self, expressions: Mapping[str, sympy.Expr]) -> Function:
        """Named expressions of states, ``v`` and parameters as a NumPy function."""
        return Function({k: self.whole(e) for k, e in expressions.items()})

    def fastest(self, v: float) -> float:
        """A bound of the relaxation rates (1/s) with and without transmitter, at the start."""
        start = [np.array(self.system.initial[n]) for n in self.system.rates]
        with np.errstate(all="ignore"):
            found = [
                abs(float(x))
                for on in (0.0, 1.0)
                for x in self._slopes(*start, v, *(on for _ in self.pulses), 0.0)
                if np.isfinite(float(x))
            ]
        return max(found, default=0.0)

    def _later(self, values: Mapping[str, Any], dt: float) -> list[tuple[int, list[tuple[str, Function]]]]:
        """How many steps after a presynaptic spike each later change happens, and what changes."""
        return [
            (
                round(float(self.function({"t": x.latency})(values)["t"]) / dt),
                self._jumps(x.changes),
            )
            for x in self.system.later
        ]

    def _events(self) -> list[tuple[Function, Function]]:
        """Conditions, and what changes when they become true."""
        return [
            (self.function({"condition": e.condition}), self.function(e.changes))
            for _, e in self.system.events
        ]

    def _jumps(self, changes: Mapping[str, sympy.Expr]) -> list[tuple[str, Function]]:
        """What changes at once, in order."""
        return [(n, self.function({n: e})) for n, e in changes.items()]

    # Longer than 60 lines: one loop over time with all its tables; a reference is better read in one piece.
    def run(
        self,
        start: Mapping[str, Any],
        v: np.ndarray,
        dt: float,
        steps: int,
        pre: Iterable[int],
        post: Iterable[int] = (),
        accuracy: float = 0.05,
    ) -> dict[str, np.ndarray]:
        """States at ``t_0 ... t_steps``, one column for each voltage.

        Parameters
        ----------
        start : mapping of str to array
        v : array
            Clamped voltages.
        dt : float
            Step of the simulation that is tested, which spikes and pulses are counted in.
        steps : int
        pre, post : list of int
            Steps in which spikes are found.
        accuracy : float
            Product of the fastest rate and the inner step.
        """
        system, names = self.system, list(self.system.rates)
        y = np.array([np.broadcast_to(np.asarray(start[n], float), v.shape) for n in names])
        inner = max(2, int(np.ceil(dt * max(self.fastest(x) for x in v) / accuracy)))
        h = dt / inner
        until = {n: np.zeros(v.shape) for n in self.pulses}
        values = {**self.values, "v": v, "t": 0.0}
        jumps, post_jumps = self._jumps(system.on_spike), self._jumps(system.on_post_spike)
        later = self._later(values, dt)
        events = self._events()
        lasts = {n: self.function({"t": p[1]}) for n, p in self.pulses.items()}
        starts = {n: self.function({"c": p[2] if len(p) > 2 else 1}) for n, p in self.pulses.items()}
        pre, post = set(pre), set(post)
        out = np.array([y] * (steps + 1))

        def known(on: Mapping[str, Any]) -> dict[str, Any]:
            here = dict(zip(names, y, strict=True))
            return {**values, **here, **{f"is_on_{n}": x for n, x in on.items()}}

        def jump(changes: Iterable[tuple[str, Function]], on: Mapping[str, Any]) -> None:
            for name, function in changes:  # in order: each sees what those before it changed
                y[names.index(name)] = function(known(on))[name]

        for k in range(steps):
            on = {n: (k < until[n]) * 1.0 for n in self.pulses}

            def rate(at: np.ndarray, time: float, switches: Iterable[Any] = on.values()) -> np.ndarray:
                return np.array([x + 0 * v for x in self._rates(*at, v, *switches, time)])

            with np.errstate(all="ignore"):
                for time in k * dt + h * np.arange(inner):
                    y = _runge_kutta(rate, y, time, h)
            values["t"] = k * dt  # what Brian2 calls t in the statements of this step
            for condition, changes in events:
                happens = condition(here := known(on))["condition"] != 0
                for name, new in changes(here).items():
                    i = names.index(name)
                    y[i] = np.where(happens, new, y[i])
            if k in pre:
                jump(jumps, on)
                for n in self.pulses:
                    length = np.round(lasts[n](known(on))["t"] / dt)
                    released = starts[n](known(on))["c"] > 0
                    until[n] = np.where(released, k + 1 + length, until[n])
            for latency, changes in later:
                if k - latency in pre:
                    jump(changes, on)
            if k in post:
                jump(post_jumps, on)
            out[k + 1] = y
        return dict(zip(names, out.transpose(1, 0, 2), strict=True))


def _runge_kutta(
    rate: Callable[[np.ndarray, float], np.ndarray], y: np.ndarray, t: float, h: float
) -> np.ndarray:
    """One step of the classical method of order 4."""
    a = rate(y, t)
    b = rate(y + h / 2 * a, t + h / 2)
    c = rate(y + h / 2 * b, t + h / 2)
    return y + h / 6 * (a + 2 * b + 2 * c + rate(y + h * c, t + h))
