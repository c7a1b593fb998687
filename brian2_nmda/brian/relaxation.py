"""Conductances that are sent at spikes as sums of exponentials; see `brian2_nmda.lowering.basis`.

The gate stays as it is, exact and once per presynaptic neuron. The target keeps one variable per exponential,
which only decays. While a pulse is on, each step sends what the gate has changed beside that decay; at the
end of the pulse new coefficients are sent minus what is left of the old ones. Both are exact sums over
pulses, so they never drift from the gate.
"""

from collections.abc import Mapping

import numpy as np
from brian2.units import second
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

from brian2_nmda.lowering.basis import Basis, fit
from brian2_nmda.lowering.plan import Relaxing, numbers
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import to_text, unit_symbol


class Relaxation:
    """Names and texts of one receptor.

    Parameters
    ----------
    label : str
    form : Relaxing
    values : mapping of str to float
        Parameters to which ``form.basis`` was fitted.
    off : str
        Variable of the gate: the first time step after the pulse.
    """

    def __init__(self, label: str, form: Relaxing, values: Mapping[str, float], off: str) -> None:
        self.label, self.form, self.basis, self.off = label, form, form.basis, off
        self.fitted_to = numbers(form.constants, values)
        self.size = len(form.basis.rates)

    # -- names -------------------------------------------------------------------------------

    @property
    def events(self) -> dict[str, str]:
        """Events of the gate, by name: a step within a pulse, and the last one."""
        return {
            f"step_{self.label}": f"t_in_timesteps + 1 < {self.off}",
            f"fit_{self.label}": f"t_in_timesteps + 1 == {self.off}",
        }

    def totals(self) -> list[str]:
        """Amplitudes on the target."""
        return [f"G_{k}_{self.label}" for k in range(self.size)]

    def changes(self) -> list[str]:
        """What a presynaptic neuron sends now."""
        return [f"send_{k}_{self.label}" for k in range(self.size)]

    def sent(self) -> list[str]:
        """Amplitudes that it has sent, when it last did."""
        return [f"sent_{k}_{self.label}" for k in range(self.size)]

    @property
    def when_sent(self) -> str:
        """Time step in which it last sent."""
        return f"k_sent_{self.label}"

    def declarations(self) -> list[str]:
        """Variables of the gate."""
        return [f"{n} : 1" for n in self.sent() + self.changes()] + [f"{self.when_sent} : integer"]

    # -- statements --------------------------------------------------------------------------

    def _gap(self) -> list[str]:
        return [f"gap_{self.label} = (t_in_timesteps + 1 - {self.when_sent})*dt/second"]

    def _decayed(self, k: int) -> str:
        return f"{self.sent()[k]}*exp(-{self.basis.rates[k]!r}*gap_{self.label})"

    def statements(self) -> dict[str, str]:
        """Of the gate, by event."""
        return dict(zip(self.events, (self._step_code(), self._fit_code()), strict=True))

    def _step_code(self) -> str:
        """In a step within a pulse: the change beside the decay."""
        first = self.changes()[0]
        lines = self._gap()
        lines += [f"{n} = {self._decayed(k)}" for k, n in enumerate(self.sent())]
        lines.append(f"{first} = {self.form.gate} - ({' + '.join(self.sent())})")
        lines.append(f"{self.sent()[0]} = {self.sent()[0]} + {first}")
        lines.append(f"{self.when_sent} = t_in_timesteps + 1")
        return "\n".join(lines)

    def _fit_code(self) -> str:
        """In the last step of a pulse: new coefficients minus what is left of the old."""
        basis, g = self.basis, self.form.gate
        lines = [*self._gap(), f"z_{self.label} = {2 / basis.x_max!r}*{self.form.driver} - 1"]
        # In a binary that is run with other kinetics (run_args) the basis does not hold: the conductance
        # becomes absurd (1e30), since infinities do not survive -ffast-math.
        for n, expression in self.form.constants.items():
            given = self.fitted_to[n]
            text = to_text(expression / unit_symbol(_dimension(n)))
            lines.append(f"fits_{n}_{self.label} = int(abs({text} - {given!r}) <= {1e-5 * abs(given)!r})")
        fits = "*".join(f"fits_{n}_{self.label}" for n in self.form.constants)
        lines.append(f"wrong_{self.label} = 1 + 1e30*(1 - {fits})")
        for k, (new, old) in enumerate(zip(self.changes(), self.sent(), strict=True)):
            slope, offset = (_horner(c, f"z_{self.label}") for c in (basis.slope[k], basis.offset[k]))
            lines.append(f"new_{k}_{self.label} = ({slope}*{g} + {offset})*wrong_{self.label}")
            lines.append(f"{new} = new_{k}_{self.label} - {self._decayed(k)}")
            lines.append(f"{old} = new_{k}_{self.label}")
        lines.append(f"{self.when_sent} = t_in_timesteps + 1")
        return "\n".join(lines)

    def decay_code(self) -> str:
        """Of the target, each step after the amplitudes have been read."""
        return "\n".join(
            f"{n} = {n}*exp(-{r!r}*dt/second)" for n, r in zip(self.totals(), self.basis.rates, strict=True)
        )

    def pathways(self, weighted: bool) -> dict[str, str]:
        """Statements of the synapses, by event of the gate."""
        w = "w*" if weighted else ""
        pairs = zip(self.totals(), self.changes(), strict=True)
        lines = [f"{total} += {w}{change}" for total, change in pairs]
        return dict(zip(self.events, (lines[0], "\n".join(lines)), strict=True))

    # -- other kinetics ----------------------------------------------------------------------

    def refit(self, values: Mapping[str, float], highest: float, tolerance: float, where: str) -> bool:
        """Fit again if the kinetics have changed; whether they have. ``highest`` is the largest x now."""
        now = numbers(self.form.constants, values)
        if all(np.isclose(now[n], x, rtol=1e-6, atol=0) for n, x in self.fitted_to.items()):
            return False
        reach = {**now, "x_max": max(now["x_max"], highest)}
        basis: Basis | None = fit(**reach, tolerance=tolerance, sizes=(self.size,))
        if basis is None:
            raise ModelError(
                f"{where}: with the new kinetics of '{self.label}' {self.size} exponentials do not reach "
                f"tolerance={tolerance:g}; make the synapses again with these values, or leave out "
                "tolerance=."
            )
        self.basis, self.fitted_to = basis, now
        return True


def _dimension(constant: str) -> Dimension:
    return DIMENSIONLESS if constant == "x_max" else (1 / second).dim


def _horner(coefficients: np.ndarray, z: str) -> str:
    text = repr(float(coefficients[-1]))
    for c in coefficients[-2::-1]:
        text = f"({text}*{z} + {float(c)!r})"
    return text
