"""What is checked before synapses are made and before they run."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from brian2.core.base import BrianObject
from brian2.core.clocks import Clock
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import RuntimeDevice, get_device
from brian2.groups.neurongroup import NeuronGroup
from brian2.groups.subgroup import Subgroup
from brian2.input.poissongroup import PoissonGroup
from brian2.input.spikegeneratorgroup import SpikeGeneratorGroup
from brian2.units import second
from brian2.units.fundamentalunits import DimensionMismatchError, Quantity, get_dimensions
from brian2.utils.logger import get_logger

from brian2_nmda.brian.assembly import Assembly
from brian2_nmda.brian.internals import (
    adding_to,
    connected,
    has_pathway,
    known_value,
    pathways,
    state_updaters,
    stop_in_binary,
)
from brian2_nmda.brian.target import base_group, target_names
from brian2_nmda.brian.values import check_in_binary, check_states
from brian2_nmda.lowering.bounds import COARSEST, COARSEST_AT_REST, fastest_rate, integrating_factor_bound
from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.lowering.integrators import terms_needed
from brian2_nmda.lowering.piecewise import SPLITTING_TOLERANCE, splitting_error
from brian2_nmda.lowering.sent import SENT_AT_SPIKES
from brian2_nmda.lowering.steps import MAX_SERIES, series_size
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric

logger = get_logger(__name__)

#: In seconds: beyond it the queues of spikes need more memory than there is, or integers overflow.
LONGEST_DELAY = 1000.0
_A_DELAY = f"0 ms or more and at most {LONGEST_DELAY:g} s"


def check_device(optimize: bool, where: str) -> None:
    """The helpers refer to variables of other groups: only devices tested with that are accepted."""
    device = get_device()
    if optimize and type(device) not in (RuntimeDevice, CPPStandaloneDevice):
        raise ModelError(
            f"{where}: the optimised form has not been tested on the device "
            f"'{type(device).__name__}'; use optimize=False, 'runtime' or 'cpp_standalone'."
        )


def event_of(on_event: str | Mapping[str, str], side: str) -> str:
    """The event that ``on_event`` names for the statements of the model on one side, 'pre' or 'post'."""
    return on_event if isinstance(on_event, str) else on_event.get(side, "spike")


def check_groups(source: Any, target: Any, event: str, where: str) -> None:
    """Check the kinds of source and target, and that the source has the event that releases transmitter."""
    if not isinstance(source, (NeuronGroup, Subgroup, PoissonGroup, SpikeGeneratorGroup)):
        raise TypeError(
            f"{where}: the source has to be a NeuronGroup, Subgroup, PoissonGroup or "
            f"SpikeGeneratorGroup, found {type(source).__name__}."
        )
    if event not in source.events:
        missing = "never spikes" if event == "spike" else f"has no event '{event}'"
        write = "threshold=" if event == "spike" else f"events={{'{event}': '<condition>'}}"
        raise ModelError(f"{where}: the source '{source.name}' {missing}; give it {write}.")
    if not isinstance(base_group(target), NeuronGroup):
        raise TypeError(
            f"{where}: the target has to be a NeuronGroup, a Subgroup of one, or a SpatialNeuron, "
            f"found {type(base_group(target)).__name__}."
        )


def declare(
    delay: Any,
    w: Any,
    per_synapse: Any,
    method: Any,
    optimize: bool,
    tolerance: float | None,
    efficacy: str,
    read_by_user: frozenset[str],
    where: str,
) -> tuple[Declarations, float | None]:
    """What the arguments of `GlutamateSynapse.synapses` declare, and the shared weight if any."""
    kind = _declared_delay(delay, where)
    weight, w = _declared_weight(w, where)
    _check_method(method, where)
    if isinstance(per_synapse, str):
        raise ModelError(f"{where}: per_synapse expects a list, e.g. ['{per_synapse}'].")
    if tolerance is not None and not (np.size(tolerance) == 1 and 0 < tolerance <= 1):
        raise ModelError(f"{where}: tolerance has to be a number above 0 and at most 1, found {tolerance!r}.")
    if efficacy not in ("now", "at_spikes"):
        raise ModelError(f"{where}: efficacy has to be 'now' or 'at_spikes', found {efficacy!r}.")
    if efficacy == "at_spikes" and (w == "per_synapse" or not optimize):
        raise ModelError(
            f"{where}: efficacy='at_spikes' needs weights that do not change: write w=1.0 or w='constant'"
            + ("." if optimize else ", and leave out optimize=False.")
        )
    return (
        Declarations(
            kind,
            w,
            frozenset(per_synapse),
            method,
            optimize,
            tolerance,
            efficacy=efficacy,
            read_by_user=read_by_user,
        ),
        weight,
    )


def _declared_delay(delay: Any, where: str) -> str:
    """Whether there is one delay, or one for each synapse."""
    if not isinstance(delay, str):
        if delay is not None:
            check_scalar_delay(delay, where)
        return "uniform"
    if delay != "per_synapse":
        raise ModelError(
            f"{where}: delay={delay!r} is not understood; write delay=2*ms for one delay, or "
            "delay='per_synapse' and set S.delay afterwards."
        )
    return delay


def _declared_weight(w: Any, where: str) -> tuple[float | None, str]:
    """The shared weight if there is one, and what is declared of weights."""
    weight = None
    if isinstance(w, str):
        if w not in ("per_synapse", "constant"):
            raise ModelError(
                f"{where}: w={w!r} is not understood; write a number for one shared weight, "
                "'per_synapse' (default), or 'constant' for weights that do not change during a run."
            )
    else:
        if get_dimensions(w).is_dimensionless is False or np.size(w) != 1 or not np.isfinite(w):
            raise ModelError(
                f"{where}: w has to be one finite number without units, found {w!r}; for a weight per "
                "synapse leave w out and set S.w after connect()."
            )
        weight, w = float(w), "shared"
        check_weights(weight, where)
    return weight, w


def _check_method(method: Any, where: str) -> None:
    """Check that Brian2 knows a state updater of this name."""
    if isinstance(method, str) and method not in state_updaters():
        close = difflib.get_close_matches(method, list(state_updaters()))
        raise ModelError(
            f"{where}: no state updater is called '{method}'; Brian2 knows "
            f"{', '.join(sorted(state_updaters()))}." + (f" Did you mean '{close[0]}'?" if close else "")
        )


def check_weights(weights: Any, where: str) -> None:
    """Check that weights, which multiply a conductance, are finite and not negative."""
    if not np.all(np.isfinite(weights)):
        raise ModelError(f"{where}: the weights S.w are not finite at the start of the run.")
    if np.any(np.asarray(weights) < 0):
        raise ModelError(
            f"{where}: the weights S.w multiply a conductance and may not be negative, found "
            f"{np.min(weights):g}; for inhibition use a receptor with another reversal potential E."
        )


def check_scalar_delay(delay: Any, where: str) -> None:
    """Check that a delay is one time."""
    if isinstance(delay, str) or np.size(delay) != 1:
        raise ModelError(
            f"{where}: found an array or a string as delay, but one delay for all synapses was "
            "declared; construct the synapses with delay='per_synapse'."
        )
    if get_dimensions(delay) is not second.dim:
        raise DimensionMismatchError(
            f"{where}: the delay has to be a time", get_dimensions(delay), second.dim
        )
    check_delays(delay, where)


def check_delays(delays: Any, where: str, of: str = "the delay") -> None:
    """Check that one or more delays are times that a spike can take."""
    values = np.asarray(delays, float).ravel()
    wrong = values[~((values >= 0) & (values <= LONGEST_DELAY))]
    if len(wrong):
        raise ModelError(f"{where}: {of} has to be {_A_DELAY}, found {wrong[0]:g} s.")


class BeforeRun(BrianObject):
    """Checks of a model that need the time step and the values at the start of a run."""

    def __init__(self, synapses: Any, assembly: Assembly, name: str, homes: Iterable[Any] = ()) -> None:
        super().__init__(name=name)
        self.homes = list(homes)
        self.assembly, self.synapses = assembly, synapses
        target = base_group(synapses.target)
        self.variables_of = {
            n: (synapses if n in synapses.variables else target).variables[n]
            for n in assembly.system.parameters
            if n in synapses.variables or n in target.variables
        }
        self.weights = synapses.variables["w"]
        self.delay_before: float | None = None  # in the last run
        self.step_before: float | None = None
        self.resting = False  # between `begin_rest` and `end_rest` of the synapses
        self._found_fastest: dict[bool, tuple[str, float]] = {}  # by `resting`

    def check(self) -> None:
        """Raise `ModelError` for what would silently be wrong."""
        assembly, plan, where = self.assembly, self.assembly.plan, self.assembly.where
        if not connected(self.synapses):
            raise ModelError(
                f"{where}: '{self.synapses.name}' has no synapses, since its 'connect' was never called. "
                "Call it before the run."
            )
        dt = float(self.synapses.clock.dt)
        values = self._values()
        for home in self.homes:
            home.check(self.synapses)
        assembly.exchanges.check_step(values, dt, where)
        self._check_delays()
        if assembly.optimize:
            self._check_uniform_delay()
        else:
            self._check_late_delays()
        weights = known_value(self.weights)
        if weights is not None:
            check_weights(weights, where)
        check_states(assembly.system, self.synapses.variables, values, where)
        known = assembly.system.parameters
        check_in_binary({n: (known[n], v) for n, v in self.variables_of.items()}, self.weights, where)
        self._check_nothing_else_adds()
        if not self.resting:
            self._check_pulses(values, dt)
            self._check_longer_step(dt)
        self._check_time_step(values, dt)
        if plan.sent:
            self.synapses._between_runs.prepare(values)
        if not self.resting:
            self._warn_of_errors(values, dt)
        self.step_before = dt  # of a run that is not refused

    def _values(self) -> dict[str, float]:
        """Parameters at the start of the run, which have to be finite and in their range."""
        assembly, where = self.assembly, self.assembly.where
        values = dict(assembly.system.values())
        for name, var in self.variables_of.items():
            value = known_value(var)
            if value is None:
                continue
            if not np.all(np.isfinite(value)):
                raise ModelError(f"{where}: '{name}' is not finite at the start of the run: {value}.")
            p = assembly.system.parameters[name]
            if p.refuses(value):
                raise ModelError(
                    f"{where}: '{name}' ({p.meaning}) has to be {p.required}, found "
                    f"{Quantity(value, dim=p.dim)!r} at the start of the run."
                )
            self._check_bath(name, value)
            if np.size(value) == 1:
                values[name] = float(np.asarray(value).ravel()[0])
        return values

    def _check_bath(self, name: str, value: Any) -> None:
        """What belongs to the bath has not been changed here alone, where the target has it as a number."""
        system, base = self.assembly.system, self.assembly.base
        p = system.parameters[name]
        changed = p.bath and p.is_number and bool(np.any(value != p.base()))
        if changed and name not in base.variables and name in target_names(system):
            raise ModelError(
                f"{self.assembly.where}: '{name}' ({p.meaning}) is {Quantity(value, dim=p.dim)!r} here, but "
                f"the equations of the target have it as {p.value!r}; make the model with the value that you "
                f"want, in a part that reads '{name}'."
            )

    def _check_pulses(self, values: dict[str, float], dt: float) -> None:
        """A pulse lasts a whole number of time steps."""
        plan, where = self.assembly.plan, self.assembly.where
        for name, (_, duration, *_) in plan.pulses.items():
            if not {x.name for x in duration.free_symbols} <= set(values):
                continue
            length = float(numeric(duration, [], values)())
            steps = length / dt
            if steps < 1 - Clock.epsilon_dt:
                raise ModelError(
                    f"{where}: the pulse '{name}' lasts {length * 1e3:g} ms, less than one time step of "
                    f"{dt * 1e3:g} ms; set defaultclock.dt (or dt=) to a fraction of it."
                )
            if abs(steps - round(steps)) > Clock.epsilon_dt:  # float32 keeps 7 digits of the duration
                raise ModelError(
                    f"{where}: the pulse '{name}' lasts {length * 1e3:g} ms, which is {steps:g} time steps "
                    f"of {dt * 1e3:g} ms; choose a time step of which it is a multiple, e.g. "
                    f"{_part_of(length, dt) * 1e3:g} ms, or another duration."
                )

    def _check_longer_step(self, dt: float) -> None:
        """A pulse that was counted in shorter steps would go on for as many of the longer ones."""
        before = self.step_before
        if before is not None and dt > before * (1 + Clock.epsilon_dt) and self.assembly.plan.pulses:
            raise ModelError(
                f"{self.assembly.where}: the time step was {before * 1e3:g} ms in an earlier run and is now "
                f"{dt * 1e3:g} ms, but the pulse '{next(iter(self.assembly.plan.pulses))}' is counted in "
                "whole time steps. Keep the time step, write S.begin_rest() before it grows, or take "
                "receptors that a spike opens at once, such as TwoExponentialAMPA."
            )

    def coarsest_step(self) -> float:
        """The largest time step (s) that is accepted after a run with a shorter one.

        Raises
        ------
        ModelError
            If none is, since conductances are sent at spikes or pulses are counted in time steps.
        """
        plan, where = self.assembly.plan, self.assembly.where
        if plan.sent or (plan.pulses and not self.resting):
            found = f"the pulse '{next(iter(plan.pulses))}' is counted in time steps"
            if plan.sent:
                found = f"the conductance of '{next(iter(plan.sent))}' is sent at spikes; give tolerance=None"
            else:
                found += "; write S.begin_rest() before it"
            raise ModelError(f"{where}: the time step cannot grow between two runs, since {found}.")
        values = self._values()
        for step in (f * 10.0**k for k in range(2, -7, -1) for f in (5, 2, 1)):
            try:
                self._check_time_step(values, step)
                self.assembly.exchanges.check_step(values, step, where)
            except ModelError:
                continue
            return step
        raise ModelError(f"{where}: no time step of a microsecond or more is short enough.")

    def _fastest(self) -> tuple[str, float]:
        """As `fastest_rate`, computed once for each phase that is reached."""
        if self.resting not in self._found_fastest:
            self._found_fastest[self.resting] = fastest_rate(self.assembly.plan, self.resting)
        return self._found_fastest[self.resting]

    def _check_time_step(self, values: dict[str, float], dt: float) -> None:
        """The time step is short enough for the integrators of the plan."""
        plan, where = self.assembly.plan, self.assembly.where
        size = series_size(plan, values, dt) if plan.declarations.method is None else None
        if size is not None and terms_needed(min(size, 4 * MAX_SERIES), 1e-9) > plan.terms:
            raise ModelError(
                f"{where}: the time step of {dt * 1e3:g} ms is too coarse for the occupancies of "
                f"{', '.join(plan.in_series)}: the fastest transition takes {dt * 1e3 / size:.2g} ms, for "
                f"which the {plan.terms} terms chosen at construction are too few. "
                + (
                    "Set this time step before you make the synapses, or choose a smaller one."
                    if size <= MAX_SERIES
                    else f"Set at most {dt * 1e3 * MAX_SERIES / size:.2g} ms before you make the synapses."
                )
            )
        state, rate = self._fastest()
        coarsest = COARSEST_AT_REST if self.resting else COARSEST
        if rate * dt > coarsest and plan.declarations.method != "exact":
            raise ModelError(
                f"{where}: the time step of {dt * 1e3:g} ms is too coarse for '{state}', which relaxes "
                f"within {1e3 / rate:.3g} ms; use {_round_step(coarsest / rate) * 1e3:g} ms or less."
            )

    def _warn_of_errors(self, values: dict[str, float], dt: float) -> None:
        """Warn where an error bound exceeds what the user accepts."""
        assembly, plan, where = self.assembly, self.assembly.plan, self.assembly.where
        for rule in plan.rules:
            accepted = assembly.tolerance or SPLITTING_TOLERANCE
            error = 0.0 if rule.window is None else splitting_error(rule, values, rule.window)
            if error > accepted:
                logger.warn(
                    f"{where}: with these parameters, the error of {', '.join(rule.states[1:])} can reach "
                    f"{error:.1e}, more than {accepted:g}. Make the synapses with them, so that an interval "
                    f"shorter than {rule.window * 1e3:g} ms is chosen, or state a larger tolerance.",
                    "tolerance",
                    once=True,
                )
        if plan.declarations.method is None:
            for name, step in plan.steps.items():
                if step.kind != "integrating factor" or step.held or plan.schedule[name] == SENT_AT_SPIKES:
                    continue
                bound = integrating_factor_bound(plan, name, dt)
                if bound is not None and bound > (assembly.tolerance or 1e-6):
                    logger.warn(
                        f"{where}: the error of '{name}' can reach {bound:.1e} at a time step of "
                        f"{dt * 1e3:g} ms, more than {assembly.tolerance or 1e-6:g}. Use a smaller dt, "
                        "or state a larger tolerance.",
                        "tolerance",
                        once=True,
                    )

    def _check_nothing_else_adds(self) -> None:
        """What others add to our totals on the target would be overwritten at each step."""
        base, totals = self.assembly.base, [r.total_name for r in self.assembly.system.receptors]
        for other, name in adding_to(base, totals, apart_from=self.synapses):
            raise ModelError(
                f"{self.assembly.where}: '{other}' changes '{name}' of '{base.name}', which is set to the "
                "sum over these synapses at each time step, so that it would be lost. Give the target a "
                "conductance of its own for it and add its current beside I_syn; Poisson input can come from "
                "a PoissonGroup through synapses of the model."
            )

    def _check_delays(self) -> None:
        """Check the delays of all pathways, also the user's; those that only a binary knows stop it."""
        where = self.assembly.where
        for pathway in pathways(self.synapses):
            variable, of = pathway.variables["delay"], f"the delay of '{pathway.name}'"
            values = known_value(variable)
            if values is not None:
                check_delays(values, where, of)
            stop_in_binary(variable, 0, LONGEST_DELAY, f"ModelError: {where}: {of} has to be {_A_DELAY}", "s")

    def _check_late_delays(self) -> None:
        """In the naive form, a delay changed by the user has to be changed on all our pathways."""
        if not has_pathway(self.synapses, "pre"):
            return
        delay = known_value(self.synapses.pre.variables["delay"])
        for name, (_, latency) in self.assembly.delayed.items():
            own = known_value(getattr(self.synapses, name).variables["delay"])
            if delay is None or own is None or np.allclose(own - delay, float(latency), rtol=0, atol=1e-9):
                continue
            raise ModelError(
                f"{self.assembly.where}: the pathway '{name}' has to act {latency} after the transmitter, "
                f"but the delay of the transmitter was changed; set S.{name}.delay to it plus {latency}, or "
                "leave out optimize=False."
            )

    def _check_uniform_delay(self) -> None:
        """In the optimised form, the gates get their spikes through another object."""
        synapses = self.synapses
        uniform = self.assembly.plan.declarations.delay == "uniform"
        if not uniform or synapses._homes.driver is None or not has_pathway(synapses, "pre"):
            return
        delay = known_value(synapses.pre.variables["delay"])
        expected = float(synapses._transmitter_delay.of_all)
        if delay is not None and not np.allclose(delay, expected, rtol=1e-6, atol=1e-12):
            raise ModelError(
                f"{self.assembly.where}: the delay of '{synapses.name}.pre' is {delay.item() * 1e3:g} ms, "
                f"that of the transmitter {expected * 1e3:g} ms; set S.delay, which changes both, instead of "
                "S.pre.delay."
            )
        before, self.delay_before = self.delay_before, expected
        read = self.assembly.read_at_spikes(synapses._event_pathways.given[0])
        if before is not None and expected < before and read is not None:
            raise ModelError(
                f"{self.assembly.where}: the delay was {before * 1e3:g} ms in an earlier run and is now "
                f"{expected * 1e3:g} ms, so that two spikes may arrive in one time step; but {read[1]} reads "
                f"'{read[0]}' at each spike, which the presynaptic neuron then has changed for both. Make "
                "the synapses with delay='per_synapse'."
            )

    def __del__(self) -> None:
        """Nothing: Brian2 would warn of an object that was in no network, which the user has not made."""

    def before_run(self, run_namespace: Any) -> None:
        """Check; called by the network."""
        self.check()
        for home in self.homes:
            home.prepare(self.synapses, run_namespace)


def _part_of(length: float, limit: float) -> float:
    """A fraction of ``length`` below ``limit``, with two digits if there is one."""
    fewest = int(np.ceil(length / limit))
    parts = [length / n for n in range(fewest, 10 * fewest)]
    return next((x for x in parts if np.isclose(x, float(f"{x:.2g}"), rtol=1e-9)), parts[0])


def _round_step(limit: float) -> float:
    """The largest of 1, 2, 2.5, 5 times a power of ten below ``limit``."""
    power = 10.0 ** np.floor(np.log10(limit))
    return max(f * p for p in (power / 10, power) for f in (1, 2, 2.5, 5) if f * p < limit * (1 - 1e-9))
