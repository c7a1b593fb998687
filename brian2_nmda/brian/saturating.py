"""Saturating gates that are sent at spikes; see `brian2_nmda.lowering.basis`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy
from brian2.units import second

from brian2_nmda.brian.internals import set_value_of, value_of
from brian2_nmda.brian.linear import LinearSending
from brian2_nmda.brian.sending import Sending
from brian2_nmda.lowering.basis import POINTS, POINTS_BETWEEN, driven, gauss, relaxation
from brian2_nmda.lowering.receptors import Linear, Saturating, fitted
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric, symbol
from brian2_nmda.symbolic.system import System


def sending_of(label: str, form: Saturating | Linear, system: System, dt: float, tolerance: float) -> Sending:
    """Names and texts for a form."""
    kind = LinearSending if isinstance(form, Linear) else SaturatingSending
    return kind(label, form, system, dt, tolerance)


class SaturatingSending(Sending):
    """A gate ``g' = f x - (a + b x) g``, where x is driven by pulses or jumps at spikes."""

    form: Saturating

    @property
    def reals(self) -> list[str]:
        """Variables of the last event, all without units."""
        if self.form.pulse is None:
            return [self._name("x_at"), self._name("g_at"), self._name("highest")]
        return [self._name(n) for n in ("x_at", "g_at", "into", "rate")]

    def views(self, since: str) -> list[str]:
        """Definitions of x and g at any time."""
        into, rate = self._approach("")
        if self.form.pulse is None:
            rate = self._constant(self.fitted_to["r"])
        x_at = self._name("x_at")
        rates = map(self._constant, self.form.rates)
        terms = (f"{n}*exp(-{r}*{since})" for n, r in zip(self.sent(), rates, strict=True))
        return [
            f"{self.form.driver} = {into} + ({x_at} - {into})*exp(-{rate}*{since}) : 1",
            f"{self.form.gate} = {' + '.join(terms)} : 1",
        ]

    def first_values(self) -> dict[str, float]:
        """Variables that do not start at zero."""
        return {} if self.form.pulse is None else {self._name("rate"): self.fitted_to["r"]}

    @property
    def vectorises(self) -> bool:
        """Whether the statements hold no check that stops the simulation for the sake of one synapse."""
        return self.form.pulse is not None

    def open_now(self, rest: sympy.Expr, sent: sympy.Expr) -> sympy.Expr:
        """Put the sum of the amplitudes in the place of g."""
        return rest.xreplace({symbol(self.form.gate): sent})

    def _approach(self, suffix: str) -> tuple[str, str]:
        """What x approaches now, and its rate."""
        if self.form.pulse is None:
            return "0", repr(self.fitted_to["r"])
        return self._name("into") + suffix, self._name("rate") + suffix

    def _advanced(self) -> list[str]:
        """``x_now`` and ``g_now`` without transmitter, and in a pulse; the solution in closed form."""
        n, s, c = self._name, self.suffix, self.fitted_to
        into, rate = self._approach(s)
        x_at, g_at, y, gap = n("x_at") + s, n("g_at") + s, n("y"), n("gap")
        z, zy = n("z"), n("zy")
        series = self.form.basis.series
        lines = [
            f"{y} = exp(-{rate}*{gap})",
            f"{z} = {c['b'] / c['r']!r}*{x_at}",
            f"{zy} = {z}*{y}",
            f"{n('free')} = exp(-{c['a']!r}*{gap})",
            f"{n('g_now')} = {n('free')}*exp({zy} - {z})*{g_at} + {c['f']!r}*{x_at}*exp({zy})*("
            f"{n('free')}*{_horner(series, z)} - {y}*{_horner(series, zy)})",
        ]
        if self.form.pulse:
            lines += self._driven(n("g_on"), g_at, x_at, f"{gap}", "0.0", POINTS, into, rate)
            on = n("in_pulse")
            lines.append(f"{on} = int({n('k_at')}{s} < {n('k_end')}{s})")
            lines.append(f"{n('g_now')} = {on}*{n('g_on')} + (1 - {on})*{n('g_now')}")
        lines.append(f"{n('x_now')} = {into} + ({x_at} - {into})*{y}")
        return lines

    def _driven(
        self, name: str, g: str, x0: str, length: str, begin: str, points: int, into: str, rate: str
    ) -> list[str]:
        """``g`` after ``length`` of a pulse, from ``begin`` on, by a quadrature of Gauss."""
        c = self.fitted_to
        q = f"q_{name}"
        lines = [f"{q} = {x0} - {into}", f"m_{name} = {c['a']!r} + {c['b']!r}*{into}"]

        def lost(at: str, e: str) -> str:
            return f"m_{name}*({at}) - {c['b']!r}*{q}*{e}/{rate}"

        lines.append(f"e_{name} = exp(-{rate}*({begin} + {length}))")
        lines.append(f"l_{name} = {lost(f'{begin} + {length}', f'e_{name}')}")
        terms = []
        for i, (p, w) in enumerate(gauss(points)):
            at = f"{begin} + {p!r}*{length}"
            lines.append(f"e{i}_{name} = exp(-{rate}*({at}))")
            terms.append(f"{w!r}*({into} + {q}*e{i}_{name})*exp({lost(at, f'e{i}_{name}')} - l_{name})")
        start = lost(begin, f"exp(-{rate}*{begin})")
        lines.append(f"{name} = exp({start} - l_{name})*{g} + {c['f']!r}*{length}*({' + '.join(terms)})")
        return lines

    def start_code(self) -> str:
        """Write the statements at a spike."""
        return self._jump_code() if self.form.pulse is None else self._pulse_code()

    def _pulse_code(self) -> str:
        """The pulse begins: a few exponentials follow g through it."""
        n, s, form = self._name, self.suffix, self.form
        interpolation = form.interpolation
        into, rate = n("new_into"), n("new_rate")
        lines = [*self._guard(), *self._elapsed(), *self._arrive(at_end=False), *self._advanced()]
        lines += self._old_amplitudes()
        lines.append(f"{into} = {self._text(form.into)}")
        lines.append(f"{rate} = {self._text(form.rate, (1 / second).dim)}")
        before, g, values = 0.0, n("g_now"), []
        for j, at in enumerate(interpolation.nodes):
            if at > 0:
                name = n(f"g{j}")
                lines += self._driven(
                    name, g, n("x_now"), repr(at - before), repr(before), POINTS_BETWEEN, into, rate
                )
                before, g = at, name
            left = "".join(
                f" - {float(np.exp(-self.form.rates[k] * at))!r}*tmp_old_{k}_{self.label}"
                for k in range(self.size)
                if k not in interpolation.chosen
            )
            values.append(n(f"v{j}"))
            lines.append(f"{values[-1]} = {g}{left}")
        go = None
        if form.condition is not None:
            go = n("released")
            lines.append(f"{go} = int({self._text(form.condition)} > 0)")
        for row, k in zip(interpolation.inverse, interpolation.chosen, strict=True):
            terms = (f"{float(c)!r}*{v}" for c, v in zip(row, values, strict=True))
            lines.append(f"tmp_new_{k}_{self.label} = {' + '.join(terms)}")
            lines += self._send(k, go)
        for k in range(self.size):
            kept = n(f"{'new' if k in interpolation.chosen else 'old'}_{k}")
            lines.append(self._set(self.sent()[k], kept, go))
        lines.append(self._set(n("x_at"), n("x_now"), go))
        lines.append(self._set(n("g_at"), n("g_now"), go))
        lines.append(self._set(n("into"), into, go))
        lines.append(self._set(n("rate"), rate, go))
        lines.append(self._set(n("k_at"), n("now"), go))
        steps = f"{n('now')} + timestep({self._text(form.constants['duration'], second.dim)}*second, dt{s})"
        lines.append(self._set(n("k_end"), steps, go))
        return "\n".join(lines)

    def end_code(self) -> str:
        """Write the statements at the end of a pulse: g relaxes, unless a later spike prolonged it."""
        n, s = self._name, self.suffix
        ends = n("ends")
        lines = [*self._elapsed(), f"{ends} = int({n('now')} == {n('k_end')}{s})", *self._arrive(at_end=True)]
        lines += self._old_amplitudes()
        lines += self._advanced()
        lines += self._refit(n("g_on"), ends)
        lines.append(self._set(n("x_at"), n("x_now"), ends))
        lines.append(self._set(n("g_at"), n("g_on"), ends))
        lines.append(self._set(n("into"), "0.0", ends))
        lines.append(self._set(n("rate"), repr(self.fitted_to["r"]), ends))
        lines.append(self._set(n("k_at"), n("now"), ends))
        return "\n".join(lines)

    def _jump_code(self) -> str:
        """After a jump of x the relaxation begins again."""
        n, s = self._name, self.suffix
        lines = [*self._elapsed(), *self._arrive(at_end=False), *self._advanced()]
        lines += self._old_amplitudes()
        lines.append(f"{n('x_next')} = {self._text(self.form.jump, **{self.form.driver: n('x_now')})}")
        highest = n("highest") + s
        lines.append(f"{highest} = clip({n('x_next')}, {highest}, inf)")
        lines.append(f"{n('x_now')} = {n('x_next')}")
        lines += self._refit(n("g_now"), None)
        lines += [f"{n('x_at')}{s} = {n('x_now')}", f"{n('g_at')}{s} = {n('g_now')}"]
        lines.append(f"{n('k_at')}{s} = {n('now')}")
        return "\n".join(lines)

    def _refit(self, g: str, when: str | None) -> list[str]:
        """New coefficients of the relaxation minus what is left of the old."""
        basis, n = self.form.basis, self._name
        u = n("u")
        lines = [f"{u} = {2 / basis.x_max!r}*{n('x_now')} - 1"]
        if self.form.pulse is None:
            lines += self._guard(f"{n('x_now')} <= {basis.x_max * (1 + 1e-6)!r}")
        else:
            lines += self._guard()
        for k in range(self.size):
            slope, offset = (_horner(c, u) for c in (basis.slope[k], basis.offset[k]))
            lines.append(f"tmp_new_{k}_{self.label} = ({slope}*{g} + {offset})*tmp_wrong_{self.label}")
            lines += self._send(k, when)
            lines.append(self._set(self.sent()[k], f"tmp_new_{k}_{self.label}", when))
        return lines

    # -- between two runs --------------------------------------------------------------------

    def _form_for(self, values: Mapping[str, float], dt: float) -> Saturating | None:
        return fitted(self.system, values, dt, self.tolerance, self.form)

    def now(self, variables: Mapping[str, Any], step: int) -> dict[str, np.ndarray]:
        """``x`` and ``g`` at a time step, by the constants that held since the last event."""

        def get(what: str) -> np.ndarray:
            return np.array(value_of(variables[self._name(what)]), float)

        x0, g0, k_at = get("x_at"), get("g_at"), get("k_at")
        gap = (step - k_at) * self.dt
        a, b, f, r = (self.fitted_to[n] for n in "abfr")
        series = np.array(self.form.basis.series) * r
        h1, h2 = relaxation(r * gap, x0, a / r, b / r, f / r, series)
        x, g = x0 * np.exp(-r * gap), h1 * g0 + h2
        if self.form.pulse:
            into, rate = get("into"), get("rate")
            on = k_at < get("k_end")
            x = np.where(on, into + (x0 - into) * np.exp(-rate * gap), x)
            g = np.where(on, driven(gap, x0, g0, into, rate, self.fitted_to), g)
        return {self.form.driver: x, self.form.gate: g}

    def restart(
        self,
        variables: Mapping[str, Any],
        states: Mapping[str, np.ndarray],
        step: int,
        values: Mapping[str, float],
        where: str,
    ) -> None:
        """Go on from given states with other kinetics."""
        x, g = (states[n] for n in self.form.states)
        if np.any(x > self.form.basis.x_max * (1 + 1e-6)):
            raise ModelError(
                f"{where}: with the new kinetics, {self.form.driver} may not exceed "
                f"{self.form.basis.x_max:.3g} while the conductance is sent at spikes, found "
                f"{np.max(x):.3g}; give tolerance=None."
            )
        new = {"x_at": x, "g_at": g, "k_at": np.full(len(x), step)}
        sent = self.form.basis.coefficients(x, g)
        if self.form.pulse:
            on = value_of(variables[self._name("k_end")]) > step
            known = {n: value_of(variables[n]) for n in self.held}
            phase = [
                np.broadcast_to(numeric(e, list(known), values)(*known.values()), x.shape)
                for e in (self.form.into, self.form.rate)
            ]
            new["into"] = np.where(on, phase[0], 0.0)
            new["rate"] = np.where(on, phase[1], self.fitted_to["r"])
            sent = np.where(on, self.amplitudes(x, g, *phase), sent)
        for what, value in new.items():
            set_value_of(variables[self._name(what)], value)
        for name, value in zip(self.sent(), sent, strict=True):
            set_value_of(variables[name], value)

    @property
    def held(self) -> list[str]:
        """States that the phases of a pulse read."""
        return [
            n for n in self.system.states if self.form.into.has(symbol(n)) or self.form.rate.has(symbol(n))
        ]

    def check(self, variables: Mapping[str, Any], where: str) -> None:
        """Whether x has stayed where the exponentials hold."""
        if self.form.pulse is not None:
            return
        highest = np.max(value_of(variables[self._name("highest")]), initial=0.0)
        if highest > self.form.basis.x_max * (1 + 1e-6):
            raise ModelError(
                f"{where}: {self.form.driver} reached {highest:.3g} in this run, but its conductance is sent "
                f"at spikes with exponentials that hold up to {self.form.basis.x_max:.3g}: the result is "
                "wrong. Give tolerance=None for such high rates."
            )

    def amplitudes(self, x: np.ndarray, g: np.ndarray, into: np.ndarray, rate: np.ndarray) -> np.ndarray:
        """Within a pulse: one row per exponential, those that are not chosen at zero."""
        interpolation = self.form.interpolation
        values = [driven(np.array(s), x, g, into, rate, self.fitted_to) for s in interpolation.nodes]
        found = np.zeros((self.size, len(x)))
        found[list(interpolation.chosen)] = interpolation.inverse @ np.array(values)
        return found


def _horner(coefficients: np.ndarray, z: str) -> str:
    text = repr(float(coefficients[-1]))
    for c in coefficients[-2::-1]:
        text = f"({text}*{z} + {float(c)!r})"
    return text
