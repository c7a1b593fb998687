"""Receptors that are linear between events: their modes are sent, without error."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy
from brian2.units import second

from brian2_nmda.brian.internals import set_value_of, value_of
from brian2_nmda.brian.sending import Sending
from brian2_nmda.lowering.receptors import Linear, Modes, decomposed


class LinearSending(Sending):
    """Names and texts of a receptor that is linear between spikes, and during pulses if it has them.

    During a pulse the states approach a limit with other modes: there are exponentials for these, and one
    of rate 0 for the limit.
    """

    form: Linear

    @property
    def reals(self) -> list[str]:
        """Variables at the last event."""
        return [f"event_{n}" for n in self.form.states]

    def views(self, since: str) -> list[str]:
        """Definitions of the states at any time."""
        texts = self._at(since, "", f"int({self.when_sent} < {self._name('k_end')})", self._constant)
        return [f"{n} = {text} : 1" for n, text in zip(self.form.states, texts, strict=True)]

    def _at(self, gap: str, suffix: str, in_pulse: str, number: Callable[[float], str] = repr) -> list[str]:
        """The states a time after the last event."""
        names = [n + suffix for n in self.reals]
        free = _course(self.form.free, names, gap, number)
        if self.form.pulse is None:
            return free
        limit = [number(float(x)) for x in self.form.limit]
        shifted = [f"({n} - {x})" for n, x in zip(names, limit, strict=True)]
        driven = _course(self.form.driven, shifted, gap, number)
        return [
            f"{in_pulse}*({x} + {d}) + (1 - {in_pulse})*({f})"
            for x, d, f in zip(limit, driven, free, strict=True)
        ]

    def open_now(self, rest: sympy.Expr, sent: sympy.Expr) -> sympy.Expr:
        """The sum of the amplitudes: the modes contain the coefficients of ``rest``."""
        return sent

    def _share(self, modes: Modes, k: int) -> float:
        """How much of a mode is in the open fraction."""
        c = [self.fitted_to.get(f"c_{j}", 0.0) for j in range(len(self.form.states))]
        return float(np.dot(c, modes.vectors[:, k]))

    def _amplitudes(self, driven: bool) -> np.ndarray:
        """Amplitudes from the states (columns) and 1 (the last), one row per exponential."""
        form, n = self.form, len(self.form.states)
        rows = np.zeros((self.size, n + 1))
        if not driven:
            for i, k in enumerate(form.kept):
                rows[i, :n] = self._share(form.free, k) * form.free.inverse[k]
            return rows
        first = len(form.kept)
        rows[first, n] = np.dot([self.fitted_to.get(f"c_{j}", 0.0) for j in range(n)], form.limit)
        for i, k in enumerate(form.kept_driven, first + 1):
            rows[i, :n] = self._share(form.driven, k) * form.driven.inverse[k]
            rows[i, n] = -rows[i, :n] @ form.limit
        return rows

    def _begin(self) -> tuple[list[str], dict[str, str]]:
        """Time since the last event, and the states now."""
        name = self._name
        lines, local = self._elapsed(), {}
        if self.form.pulse is not None:
            lines.append(
                f"{name('in_pulse')} = int({name('k_at')}{self.suffix} < {name('k_end')}{self.suffix})"
            )
        for n, text in zip(
            self.form.states, self._at(name("gap"), self.suffix, name("in_pulse")), strict=True
        ):
            local[n] = name(f"was_{n}")
            lines.append(f"{local[n]} = {text}")
        return lines, local

    def _finish(self, local: Mapping[str, str], driven: bool, when: str | None) -> list[str]:
        """Send new amplitudes minus what is left of the old ones, and note the states."""
        name, lines = self._name, [*self._guard(), *self._arrive(at_end=when is not None)]
        for k, row in enumerate(self._amplitudes(driven)):
            terms = [f"{float(c)!r}*{local[n]}" for c, n in zip(row, self.form.states, strict=False) if c]
            terms += [repr(float(row[-1]))] * bool(row[-1])
            lines.append(f"{name(f'old_{k}')} = {self._old(k)}")
            lines.append(f"{name(f'new_{k}')} = ({' + '.join(terms) or '0.0'})*{name('wrong')}")
            lines += [*self._send(k, when), self._set(self.sent()[k], name(f"new_{k}"), when)]
        lines += [self._set(f"event_{n}", local[n], when) for n in self.form.states]
        lines.append(self._set(self.when_sent, name("now"), when))
        return lines

    def start_code(self) -> str:
        """At a spike the states jump, or a pulse begins."""
        name = self._name
        lines, local = self._begin()
        for n, jump in self.form.jumps.items():  # each reads what those before it have changed
            lines.append(f"{name(f'is_{n}')} = {self._text(jump, **local)}")
            local[n] = name(f"is_{n}")
        lines += self._finish(local, self.form.pulse is not None, None)
        if self.form.pulse is not None:
            duration = self._text(self.form.constants["duration"], second.dim)
            lines.append(
                self._set(
                    name("k_end"), f"{name('now')} + timestep({duration}*second, dt{self.suffix})", None
                )
            )
        return "\n".join(lines)

    def end_code(self) -> str:
        """Write the statements at the end of a pulse, which do nothing if a later spike has prolonged it."""
        name = self._name
        lines, local = self._begin()
        lines.append(f"{name('ends')} = int({name('now')} == {name('k_end')}{self.suffix})")
        return "\n".join(lines + self._finish(local, False, name("ends")))

    # -- between two runs --------------------------------------------------------------------

    def _form_for(self, values: Mapping[str, float], dt: float) -> Linear | None:
        return decomposed(self.form, values)

    def now(self, variables: Mapping[str, Any], step: int) -> dict[str, np.ndarray]:
        """States at a time step, by the constants that held since the last event."""
        form = self.form
        gap = (step - value_of(variables[self.when_sent])) * self.dt
        z = np.array([value_of(variables[n]) for n in self.reals], float)
        states = _advance(form.free, z, gap)
        if form.pulse is not None:
            limit = form.limit[:, np.newaxis]
            on = value_of(variables[self.when_sent]) < value_of(variables[self._name("k_end")])
            states = np.where(on, limit + _advance(form.driven, z - limit, gap), states)
        return dict(zip(form.states, states, strict=True))

    def restart(
        self,
        variables: Mapping[str, Any],
        states: Mapping[str, np.ndarray],
        step: int,
        values: Mapping[str, float],
        where: str,
    ) -> None:
        """Go on from given states with other kinetics."""
        z = np.array([states[n] for n in self.form.states])
        for n, value in zip(self.reals, z, strict=True):
            set_value_of(variables[n], value)
        with_one = np.concatenate([z, np.ones((1, z.shape[1]))])
        sent = self._amplitudes(False) @ with_one
        if self.form.pulse is not None:
            on = value_of(variables[self._name("k_end")]) > step
            sent = np.where(on, self._amplitudes(True) @ with_one, sent)
        for name, value in zip(self.sent(), sent, strict=True):
            set_value_of(variables[name], value)
        set_value_of(variables[self.when_sent], np.full(z.shape[1], step))


def _course(modes: Modes, states: list[str], gap: str, number: Callable[[float], str] = repr) -> list[str]:
    """The states a time later, in terms of what they are."""
    decays = [f"exp(-{number(rate)}*{gap})" for rate in modes.decays]
    texts = []
    for row in modes.vectors:
        terms = []
        for k, decay in enumerate(decays):
            weights = zip(row[k] * modes.inverse[k], states, strict=True)
            inner = " + ".join(f"{number(float(c))}*{n}" for c, n in weights if c)
            if inner:
                terms.append(f"({inner})*{decay}")
        texts.append(" + ".join(terms) or "0.0")
    return texts


def _advance(modes: Modes, states: np.ndarray, gap: np.ndarray) -> np.ndarray:
    """The states (rows) a time later."""
    return modes.vectors @ ((modes.inverse @ states) * np.exp(-np.outer(modes.decays, gap)))
