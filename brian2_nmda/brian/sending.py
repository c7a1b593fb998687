"""What all conductances have in common that are sent at spikes as sums of exponentials.

Nothing is stepped: states are advanced in closed form when something happens to them, and the target
keeps one variable per exponential, which only decays. An event sends new amplitudes minus what is left of
the old ones. The gate lives on the presynaptic neuron, or on each synapse if each has a delay of its
own; what is recorded of it is computed from the last event.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy
from brian2.core.functions import Function
from brian2.devices.device import RuntimeDevice, get_device
from brian2.units import second
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, Quantity

from brian2_nmda.lowering.places import SYNAPSE
from brian2_nmda.lowering.receptors import Linear, Saturating, numbers
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import symbol, to_text, unit_symbol
from brian2_nmda.symbolic.system import System

#: Factor that makes a conductance absurd where it would silently be wrong, until the end of the run says so.
_ABSURD = 1e30
_CHANGED = (
    "kinetics have changed during a run, or through run_args, but a conductance is sent at spikes with those "
    "at the start of the run; give tolerance=None."
)
_TOO_HIGH = (
    "a gate was driven beyond what the exponentials hold for that its conductance is sent with: the rate of "
    "spikes is too high; give tolerance=None."
)


def refusing(name: str, message: str) -> Function:
    """A function that returns 1, or stops the simulation if its argument is 0."""

    def check(fits: Any) -> Any:
        if not np.all(fits):
            raise ModelError(message)
        return 1.0

    function = Function(check, arg_units=[1], return_unit=1, arg_names=["fits"])
    cpp = f"""
    #include <cstdlib>
    #include <iostream>
    static inline double {name}(const double fits)
    {{
        if (fits < 0.5)
        {{
            std::cerr << "ModelError: {message}" << std::endl;
            std::exit(1);
        }}
        return 1.0;
    }}
    """
    cython = f"""
    cdef double {name}(double fits) except -1.0:
        if fits < 0.5:
            from brian2_nmda import ModelError
            raise ModelError({message!r})
        return 1.0
    """
    function.implementations.add_implementation("cpp", cpp, name=name)
    function.implementations.add_implementation("cython", cython, name=name)
    return function


def _rounding() -> Function:
    """The time steps of a delay, by the formula of Brian2's spike queues: the same ones half-way, too."""

    def steps(delay: Any, step: Any) -> Any:
        return (np.asarray(delay) / step + 0.5).astype(int)

    function = Function(steps, arg_units=[second, second], return_unit=1, arg_names=["delay", "step"])
    cpp = f"""
    static inline double {ROUNDED}(const double delay, const double step)
    {{
        return (int)(delay/step + 0.5);
    }}
    """
    function.implementations.add_implementation("cpp", cpp, name=ROUNDED)
    return function


ROUNDED = "steps_of_delay"
#: For the namespace of what is generated here.
FUNCTIONS = {
    "kinetics_still_fit": refusing("kinetics_still_fit", _CHANGED),
    "gate_still_fits": refusing("gate_still_fits", _TOO_HIGH),
    ROUNDED: _rounding(),
}


def set_to(name: str, value: str) -> str:
    """The statement ``name = value``; a bare name is copied.

    NumPy would bind both names to one array, which a later ``value = 2*value`` changes in place.
    """
    return f"{name} = -(-{value})" if value.isidentifier() else f"{name} = {value}"


class Sending(ABC):
    """Names and texts of one receptor.

    Parameters
    ----------
    label : str
    form : Saturating or Linear
    system : System
    dt : float
        Time step in seconds.
    tolerance : float
    """

    def __init__(
        self, label: str, form: Saturating | Linear, system: System, dt: float, tolerance: float
    ) -> None:
        self.label, self.form, self.system = label, form, system
        self.tolerance, self.dt = tolerance, dt
        self.fitted_to = numbers(form.constants, system.values())
        self.size = len(form.rates)
        self.on_synapse = form.place == SYNAPSE
        self.constants: dict[str, float] = {}  # numbers in what is recorded, which change with the kinetics
        self.suffix = "" if self.on_synapse else "_post"  # in the statements of the driver

    # -- names -------------------------------------------------------------------------------

    @property
    def end(self) -> str | None:
        """Pathway that acts at the end of a pulse, if there are pulses."""
        return None if self.form.pulse is None else f"end_{self.form.pulse}"

    def received(self) -> list[str]:
        """Variables of the target: what it has received, as far as it has not decayed."""
        return [f"G_{k}_{self.label}" for k in range(self.size)]

    def changes(self) -> list[str]:
        """What is sent at an event."""
        return [f"send_{k}_{self.label}" for k in range(self.size)]

    def increments(self) -> list[str]:
        """Within the statements of one event: by how much it changes the amplitudes."""
        return [self._name(f"change_{k}") for k in range(self.size)]

    def sent(self) -> list[str]:
        """Amplitudes that have been sent, at the time of the last event."""
        return [f"sent_{k}_{self.label}" for k in range(self.size)]

    def _name(self, what: str) -> str:
        """Name a variable, or a value within the statements, for which the prefix avoids clashes."""
        return f"{_VARIABLES.get(what, f'tmp_{what}')}_{self.label}"

    @property
    def when_sent(self) -> str:
        """Variable that holds the time step of the last event."""
        return self._name("k_at")

    @property
    def duration(self) -> float:
        """How long the pulse lasts, in seconds; a whole number of time steps."""
        return round(self.fitted_to["duration"] / self.dt) * self.dt

    def end_delay(self, delay: Quantity) -> Quantity:
        """Delay of the end of a pulse, so that Brian2 rounds it to the step in which the pulse ends."""
        return (int(float(delay) / self.dt + 0.5) * self.dt + self.duration) * second

    @property
    def integers(self) -> list[str]:
        """Variables that count time steps (of the last event, the end of the pulse), or events in one."""
        found = [self.when_sent] + ([self._name("k_end")] if self.form.pulse else [])
        return found if self.on_synapse else [*found, self._name("arrived"), self._name("number")]

    @property
    @abstractmethod
    def reals(self) -> list[str]:
        """Variables at the last event."""

    @abstractmethod
    def views(self, since: str) -> list[str]:
        """Definitions of the states at any time."""

    def declarations(self) -> list[str]:
        """Variables, and the states that are read."""
        lines = [f"{n} : 1" for n in self.reals + self.sent()]
        if not self.on_synapse:
            lines += [f"{n} : 1" for n in self.changes()]
        lines += [f"{n} : integer" for n in self.integers]
        k_at, since = self.when_sent, self._name("since")
        lines.append(f"{since} = int(t_in_timesteps > {k_at})*(t_in_timesteps - {k_at})*dt/second : 1")
        views = self.views(since)
        return lines + [f"{n} : 1 (shared)" for n in self.constants] + views

    def _constant(self, value: float) -> str:
        """A shared variable that holds a number of the views."""
        name = f"{self._name('constant')}_{len(self.constants)}"
        self.constants[name] = float(value)
        return name

    @property
    def vectorises(self) -> bool:
        """Whether the statements hold no check that stops the simulation for the sake of one synapse."""
        return True

    def view_constants(self) -> dict[str, float]:
        """Numbers of the views for the present kinetics."""
        self.constants = {}
        self.views(self._name("since"))
        return self.constants

    def first_values(self) -> dict[str, float]:
        """Variables that do not start at zero."""
        return {}

    @abstractmethod
    def open_now(self, rest: sympy.Expr, sent: sympy.Expr) -> sympy.Expr:
        """What multiplies the shared factor of the conductance, from the sum of all amplitudes."""

    # -- statements --------------------------------------------------------------------------

    def _text(self, expression: sympy.Expr, dimension: Dimension = DIMENSIONLESS, **names: str) -> str:
        """An expression of parameters as a number without units; names are replaced, or get the suffix."""
        replaced = {symbol(old): symbol(new) for old, new in names.items()}
        replaced |= {x: symbol(x.name + self.suffix) for x in expression.free_symbols - set(replaced)}
        return to_text(expression.xreplace(replaced) / unit_symbol(dimension))

    def _elapsed(self) -> list[str]:
        now, gap = self._name("now"), self._name("gap")
        return [
            f"{now} = t_in_timesteps{self.suffix} + 1",
            f"{gap} = ({now} - {self._name('k_at')}{self.suffix})*dt{self.suffix}/second",
        ]

    def _old(self, k: int) -> str:
        return f"{self.sent()[k]}{self.suffix}*exp(-{self.form.rates[k]!r}*{self._name('gap')})"

    def _old_amplitudes(self) -> list[str]:
        return [f"{self._name(f'old_{k}')} = {self._old(k)}" for k in range(self.size)]

    def _guard(self, condition: str | None = None) -> list[str]:
        """Stop if the constants are not those that the statements contain, as in a binary with run_args.

        Where the condition does not hold either, what is sent would be wrong. C++ standalone stops; elsewhere
        it becomes absurd and the end of the run says by how much (infinities do not survive -ffast-math).
        """
        lines, fits = [], []
        for name, expression in self.form.constants.items():
            if expression.is_number:
                continue
            given = self.fitted_to[name]
            text = self._text(expression, _DIMENSIONS.get(name[0:1], (1 / second).dim))
            fits.append(self._name(f"fits_{name}"))
            lines.append(f"{fits[-1]} = int(abs({text} - {given!r}) <= {1e-5 * abs(given)!r})")
        wrong = f"kinetics_still_fit(1.0*{'*'.join(fits)})" if fits else "1.0"
        if condition is not None and isinstance(get_device(), RuntimeDevice):
            wrong += f"*(1 + {_ABSURD!r}*(1 - int({condition})))"
        elif condition is not None:
            wrong += f"*gate_still_fits(1.0*int({condition}))"
        lines.append(f"{self._name('wrong')} = {wrong}")
        return lines

    @abstractmethod
    def start_code(self) -> str:
        """Write the statements at a spike."""

    def end_code(self) -> str:
        """Write the statements at the end of a pulse."""
        raise NotImplementedError

    def _arrive(self, at_end: bool) -> list[str]:
        """Note whether this gate has had another event of this kind in this time step.

        So it has where the delay has been shortened between two runs. The synapses then add what is sent
        once for each event: each time the share of one.
        """
        if self.on_synapse:
            return []
        n, s = self._name, self.suffix
        return [
            f"{n('step')} = 2*{n('now')} + {int(at_end)}",
            f"{n('again')} = int({n('arrived')}{s} == {n('step')})",
            f"{n('number')}{s} = {n('again')}*{n('number')}{s} + 1",
            f"{n('arrived')}{s} = {n('step')}",
            f"{n('share')} = 1.0/{n('number')}{s}",
            f"{n('kept')} = {n('again')}*(1 - {n('share')})",
        ]

    def _send(self, k: int, when: str | None) -> list[str]:
        factor = "" if when is None else f"{when}*"
        change = f"{factor}({self._name(f'new_{k}')} - {self._name(f'old_{k}')})"
        if self.on_synapse:
            return [f"{self.changes()[k]} = {change}"]
        n, send = self._name, self.changes()[k] + self.suffix
        return [
            f"{self.increments()[k]} = {change}",
            f"{send} = {n('kept')}*{send} + {n('share')}*{self.increments()[k]}",
        ]

    def _set(self, name: str, value: str, when: str | None) -> str:
        name += self.suffix
        return f"{name} = {value}" if when is None else f"{name} = {when}*({value}) + (1 - {when})*{name}"

    def decay_code(self) -> list[str]:
        """Write the statements by which the target forgets, each step after the amplitudes have been read."""
        pairs = zip(self.received(), self.form.rates, strict=True)
        return [f"{n} = {n}*{float(np.exp(-r * self.dt))!r}" for n, r in pairs]

    def additions(self, to: str = "", factor: str = "", at_once: bool = False) -> dict[str, list[str]]:
        """Statements that add what is sent to the amplitudes ``to``, by pathway.

        ``at_once``: by the event that sends it, not by a later pathway.
        """
        pairs = zip(self.received(), self.increments() if at_once else self.changes(), strict=True)
        lines = [f"{to}{total} += {factor}{change}" for total, change in pairs]
        if self.end is None:
            return {"pre": lines}
        return {"pre": [lines[k] for k in self.form.set_at_start], self.end: lines}

    def pathways(self, weighted: bool) -> dict[str, list[str]]:
        """Statements of the synapses, by pathway."""
        found = self.additions(factor="w*" if weighted else "")
        if self.on_synapse:
            code = {"pre": self.start_code, self.end: self.end_code}
            found = {name: code[name]().split("\n") + lines for name, lines in found.items()}
        return found

    def driver_pathways(self) -> dict[str, str]:
        """Statements of the driver, by pathway."""
        if self.on_synapse:
            return {}
        return {"pre": self.start_code()} | ({} if self.end is None else {self.end: self.end_code()})

    def correction(self, code: str) -> str:
        """Statements of the user that change ``w``, and then what that adds to the target."""
        before, gap = self._name("w"), self._name("gap_of_w")
        lines = [set_to(before, "w"), code]
        lines.append(f"{gap} = (t_in_timesteps + 1 - {self._name('k_at')})*dt/second")
        for total, n, r in zip(self.received(), self.sent(), self.form.rates, strict=True):
            lines.append(f"{total} += (w - {before})*{n}*exp(-{r!r}*{gap})")
        return "\n".join(lines)

    # -- between two runs --------------------------------------------------------------------

    @property
    def kinetics(self) -> tuple[Saturating | Linear, dict[str, float], float]:
        """Form, constants and time step to which the exponentials were fitted."""
        return self.form, self.fitted_to, self.dt

    @kinetics.setter
    def kinetics(self, kinetics: tuple[Saturating | Linear, dict[str, float], float]) -> None:
        self.form, self.fitted_to, self.dt = kinetics

    @abstractmethod
    def _form_for(self, values: Mapping[str, float], dt: float) -> Saturating | Linear | None:
        """The form with exponentials for other values."""

    def refitted(self, values: Mapping[str, float], dt: float, where: str) -> Saturating | Linear | None:
        """The form for other kinetics or another time step; ``None`` if nothing has changed."""
        now = numbers(self.form.constants, values)
        same = all(np.isclose(now[n], x, rtol=1e-6, atol=0) for n, x in self.fitted_to.items())
        if same and np.isclose(dt, self.dt, rtol=1e-9, atol=0):
            return None
        form = self._form_for(values, dt)
        if form is None:
            raise ModelError(
                f"{where}: {self._changed(values, dt)}, the conductance of '{self.label}' cannot be "
                f"sent as {self.size} exponentials within tolerance={self.tolerance:g}. For what changes "
                "during a run give a TimedArray, or tolerance=None to step the conductance; otherwise make "
                "the synapses again with these values."
            )
        return form

    def _changed(self, values: Mapping[str, float], dt: float) -> str:
        """Say which parameters of the kinetics differ from those of the model, and whether the step does."""
        fitted = self.system.values()
        read = sorted({str(s) for e in self.form.constants.values() for s in e.free_symbols})
        found = [
            f"'{name}' = {values[name]:g} (the model has {fitted[name]:g}; base units)"
            for name in read
            if name in values and not np.isclose(values[name], fitted[name], rtol=1e-6, atol=0)
        ]
        if not np.isclose(dt, self.dt, rtol=1e-9, atol=0):
            found.append(f"the time step {dt * 1e3:g} ms (was {self.dt * 1e3:g} ms)")
        return "with " + (" and ".join(found) or "the new kinetics")

    def same_pulse(self, values: Mapping[str, float]) -> bool:
        """Whether the pulse lasts as long as before."""
        if self.form.pulse is None:
            return True
        length = {"duration": self.form.constants["duration"]}
        return bool(np.isclose(numbers(length, values)["duration"], self.fitted_to["duration"], rtol=1e-6))

    def use(self, form: Saturating | Linear, values: Mapping[str, float], dt: float) -> None:
        """Use a form from `refitted` from now on."""
        self.kinetics = form, numbers(form.constants, values), dt

    @abstractmethod
    def now(self, variables: Mapping[str, Any], step: int) -> dict[str, np.ndarray]:
        """States at a time step, by the constants that held since the last event."""

    @abstractmethod
    def restart(
        self,
        variables: Mapping[str, Any],
        states: Mapping[str, np.ndarray],
        step: int,
        values: Mapping[str, float],
        where: str,
    ) -> None:
        """Go on from given states with other kinetics."""

    def check(self, variables: Mapping[str, Any], where: str) -> None:  # noqa: B027
        """Raise `ModelError` if what was sent did not hold in the last run."""


#: Values at the last event, and what x approaches until the end of the pulse.
_VARIABLES = {
    "x_at": "event_x",
    "g_at": "event_g",
    "k_at": "event_step",
    "into": "pulse_into",
    "rate": "pulse_rate",
    "k_end": "pulse_end",
    "highest": "highest_x",
    "since": "since_event",
    "constant": "view_number",
    "arrived": "last_arrival",
    "number": "arrivals",
}
#: Of the constants of a form, by their first letters; the others are rates.
_DIMENSIONS = {"x": DIMENSIONLESS, "c": DIMENSIONLESS, "d": second.dim}
