"""From a plan to a `Synapses` object and its helpers.

Order of what happens in the slot ``groups`` of a time step, relative to the order of the target:
the total conductances are set to zero (-20), summed (-11) and added (-10), then synaptic states (-0.5)
and events (-0.4) are advanced from the values at the start of the step, then presynaptic gates (-0.3),
then the target (0). Each object brings its own zero; all come before any sum.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import sympy
from brian2.core.base import BrianObject
from brian2.core.clocks import Clock, defaultclock
from brian2.core.names import find_name
from brian2.core.variables import ArrayVariable
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import RuntimeDevice, get_device
from brian2.equations.equations import Equations, Expression
from brian2.groups.neurongroup import NeuronGroup
from brian2.groups.subgroup import Subgroup
from brian2.input.poissongroup import PoissonGroup
from brian2.input.spikegeneratorgroup import SpikeGeneratorGroup
from brian2.input.timedarray import TimedArray
from brian2.synapses.synapses import SummedVariableUpdater, Synapses
from brian2.units import ms, second
from brian2.units.fundamentalunits import (
    DimensionMismatchError,
    Quantity,
    get_dimensions,
)
from brian2.utils.logger import get_logger

from brian2_nmda.brian.target import (
    VOLTAGE,
    base_group,
    check_target,
    initialise_target,
    timed_name,
)
from brian2_nmda.brian.updaters import IntegratingFactor
from brian2_nmda.lowering.plan import (
    POST,
    PRE,
    SYNAPSE,
    Declarations,
    Plan,
    fastest_rate,
    integrating_factor_bound,
    make_plan,
)
from brian2_nmda.symbolic.composition import ReceptorTerm, System
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import (
    dimensions_of,
    numeric,
    read,
    symbol,
    to_text,
    unit_text,
)

logger = get_logger(__name__)

_ZERO, _ADD, _STATES, _EVENTS, _GATE = -20, -10, -0.5, -0.4, -0.3
#: Largest product of the fastest rate and dt at which the default integrator is offered.
_COARSEST = 1.0


def build_synapses(
    model: Any,
    source: Any,
    target: Any,
    *,
    delay: Quantity | str | None,
    w: str | float,
    per_synapse: Iterable[str],
    method: str | None,
    optimize: bool,
    tolerance: float,
    own_model: str | Equations | None,
    on_pre: str | Mapping[str, str] | None,
    on_post: str | Mapping[str, str] | None,
    namespace: Mapping[str, Any] | None,
    name: str,
    dt: Quantity | None,
    clock: Clock | None,
    **kwargs: Any,
) -> Synapses:
    """Make the Brian2 objects of `GlutamateSynapse.synapses`."""
    target = source if target is None else target
    where = f"{model.name}.synapses"
    own_delays: dict[str, Quantity] = {}
    if isinstance(delay, Mapping):  # the transmitter takes that of the pathway 'pre'
        own_delays = {k: d for k, d in delay.items() if k != "pre"}
        delay = delay.get("pre")
    _check_device(optimize, where)
    _check_groups(source, target, where)
    declarations, weight = _declare(delay, w, per_synapse, method, optimize, where)
    check_target(model, target, where)
    if dt is not None and clock is not None:
        raise ModelError(f"{where}: give dt= or clock=, not both.")
    if dt is not None:
        clock = Clock(dt)
    step = float((defaultclock if clock is None else clock).dt)
    plan = make_plan(model.system, declarations, step)
    parts = _Assembly(model, plan, source, target, weight, tolerance, where)
    parts.own_delays = own_delays
    parts.check_names(own_model)
    if kwargs.get("order") is not None:
        raise ModelError(f"{where}: the order of the synapses is set by the plan; leave out order=.")
    kwargs.pop("order", None)
    initialise_target(model, target)
    if parts.needs_helpers:
        return NMDASynapses(
            parts, delay, own_model, on_pre, on_post, namespace, find_name(name), clock, kwargs
        )
    return _plain(parts, delay, own_model, on_pre, on_post, namespace, find_name(name), clock, kwargs)


def _check_device(optimize: bool, where: str) -> None:
    """The helpers refer to variables of other groups: only devices tested with that are accepted."""
    device = get_device()
    if optimize and type(device) not in (RuntimeDevice, CPPStandaloneDevice):
        raise ModelError(
            f"{where}: the optimised form has not been tested on the device "
            f"'{type(device).__name__}'; use optimize=False, 'runtime' or 'cpp_standalone'."
        )


def _check_groups(source: Any, target: Any, where: str) -> None:
    if not isinstance(source, (NeuronGroup, Subgroup, PoissonGroup, SpikeGeneratorGroup)):
        raise TypeError(
            f"{where}: the source has to be a NeuronGroup, Subgroup, PoissonGroup or "
            f"SpikeGeneratorGroup, found {type(source).__name__}."
        )
    if "spike" not in source.events:
        raise ModelError(f"{where}: the source '{source.name}' never spikes; give it a threshold=.")
    if not isinstance(base_group(target), NeuronGroup):
        raise TypeError(
            f"{where}: the target has to be a NeuronGroup, a Subgroup of one, or a SpatialNeuron, "
            f"found {type(base_group(target)).__name__}."
        )


def _declare(
    delay: Any, w: Any, per_synapse: Any, method: Any, optimize: bool, where: str
) -> tuple[Declarations, float | None]:
    if isinstance(delay, str):
        if delay != "per_synapse":
            raise ModelError(
                f"{where}: delay={delay!r} is not understood; write delay=2*ms for one delay, or "
                "delay='per_synapse' and set S.delay afterwards."
            )
        kind = "per_synapse"
    else:
        kind = "uniform"
        if delay is not None:
            _check_scalar_delay(delay, where)
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
    if isinstance(per_synapse, str):
        raise ModelError(f"{where}: per_synapse expects a list, e.g. ['{per_synapse}'].")
    return Declarations(kind, w, frozenset(per_synapse), method, optimize), weight


def _check_scalar_delay(delay: Any, where: str) -> None:
    if isinstance(delay, str) or np.size(delay) != 1:
        raise ModelError(
            f"{where}: found an array or a string as delay, but one delay for all synapses was "
            "declared; construct the synapses with delay='per_synapse'."
        )
    if get_dimensions(delay) is not second.dim:
        raise DimensionMismatchError(
            f"{where}: the delay has to be a time", get_dimensions(delay), second.dim
        )
    if not np.isfinite(delay) or delay < 0 * second:
        raise ModelError(f"{where}: the delay has to be finite and not negative, found {delay!r}.")


class _Assembly:
    """Equation texts of a plan, and the values to start from."""

    def __init__(
        self,
        model: Any,
        plan: Plan,
        source: Any,
        target: Any,
        weight: float | None,
        tolerance: float,
        where: str,
    ) -> None:
        self.model, self.plan, self.where = model, plan, where
        self.system: System = model.system
        self.source, self.target = source, target
        self.base = base_group(target)
        self.weight, self.tolerance = weight, tolerance
        self.optimize = plan.declarations.optimize
        self._place_definitions()
        self._place_parameters()

    @property
    def needs_helpers(self) -> bool:
        """Whether anything lives outside the `Synapses` object."""
        return self.optimize

    # -- what lives where ----------------------------------------------------------------------

    def _place_definitions(self) -> None:
        system, plan = self.system, self.plan
        self.gate_states = plan.states(PRE)
        self.summed_states = plan.states("summed")
        self.states = plan.states(SYNAPSE)
        self.summed = [r for r in system.receptors if r.label in plan.summed_receptors]
        self.direct = [r for r in system.receptors if r.label not in plan.summed_receptors]
        needed = [system.rates[n] for n in self.states]
        needed += [system.on_spike[n] for n in self.states if n in system.on_spike]
        needed += [r.conductance for r in self.direct]
        for _, event in system.events:
            needed += [event.condition, *event.changes.values()]
        wanted = self._closure(needed)
        self.definitions = [n for n in system.definitions if n in wanted and plan.place[n] != POST]
        # what nobody reads on the synapse but the user may want to read, such as I_Ca
        self.definitions += [
            n
            for n in system.definitions
            if n not in self.definitions and plan.place[n] == SYNAPSE and n not in plan.pulses
        ]
        gate = self._closure(
            [system.rates[n] for n in self.gate_states]
            + [system.on_spike[n] for n in self.gate_states if n in system.on_spike]
        )
        pulses_at = PRE if plan.declarations.delay == "uniform" and self.optimize else SYNAPSE
        on_gate = {n for n in plan.pulses if pulses_at == PRE and (n in gate or n in wanted)}
        self.gate_definitions = [
            n for n in system.definitions if n in on_gate or (n in gate and plan.place[n] == PRE)
        ]
        self.gate_pulses = [n for n in plan.pulses if n in on_gate]
        self.synapse_pulses = [n for n in plan.pulses if pulses_at == SYNAPSE and n in self.definitions]

    def _closure(self, expressions: Iterable[sympy.Expr]) -> set[str]:
        """Definitions that the expressions refer to, also through other definitions."""
        found: set[str] = set()
        todo = list(expressions)
        while todo:
            for x in todo.pop().free_symbols:
                d = self.system.definitions.get(x.name)
                if d is not None and x.name not in found:
                    found.add(x.name)
                    if self.plan.place[x.name] != POST:
                        todo.append(d.expression)
        return found

    def _place_parameters(self) -> None:
        """Each parameter has one home; the other groups refer to it."""
        system = self.system

        def used(expressions: Iterable[sympy.Expr]) -> list[str]:
            names = {x.name for e in expressions for x in e.free_symbols}
            return [n for n in system.parameters if n in names]

        gate = [system.rates[n] for n in self.gate_states]
        gate += [system.on_spike[n] for n in self.gate_states if n in system.on_spike]
        gate += [system.definitions[n].expression for n in self.gate_definitions]
        kinetics = [system.rates[n] for n in self.summed_states]
        synapse = [system.rates[n] for n in self.states]
        synapse += [system.on_spike[n] for n in [*self.states, *self.summed_states] if n in system.on_spike]
        synapse += [system.definitions[n].expression for n in self.definitions if n not in self.gate_pulses]
        # the height of a pulse that the gate counts is read where the pulse is used
        synapse += [self.plan.pulses[n][0] for n in self.gate_pulses if n in self.definitions]
        for _, event in system.events:
            synapse += [event.condition, *event.changes.values()]
        totals: list[sympy.Expr] = []
        for receptor in system.receptors:
            shared, rest = self.split(receptor)
            (totals if self.optimize else synapse).append(shared)
            (totals if receptor in self.summed else synapse).append(rest)
        self.gate_parameters = used(gate)
        self.kinetics_parameters = used(kinetics)
        self.totals_parameters = used(totals)
        self.synapse_parameters = [n for n in used(synapse) if not self._on_target(n)]
        self.per_synapse = [n for n in self.synapse_parameters if n in self.plan.declarations.per_synapse]
        unused = self.plan.declarations.per_synapse - set(self.per_synapse)
        if unused:
            raise ModelError(
                f"{self.where}: per_synapse={sorted(unused)} belongs to no variable of the synapse."
            )

    def _on_target(self, name: str) -> bool:
        return name in self.base.variables

    def split(self, receptor: ReceptorTerm) -> tuple[sympy.Expr, sympy.Expr]:
        """The conductance as a factor shared by all synapses, and the rest."""
        shared, rest = sympy.S.One, sympy.S.One
        for factor in sympy.Mul.make_args(receptor.conductance):
            names = {x.name for x in factor.free_symbols}
            held = names <= set(self.system.parameters) and not any(self.plan.domain[n] for n in names)
            if held and self.optimize:
                shared *= factor
            else:
                rest *= factor
        return shared, rest

    # -- texts ---------------------------------------------------------------------------------

    def declaration(self, name: str) -> str:
        """The line that declares a parameter where it has its home."""
        p = self.system.parameters[name]
        unit = unit_text(p.dim)
        if isinstance(p.value, TimedArray):
            return f"{name} = {timed_name(name)}(t) : {unit} (shared)"
        if isinstance(p.value, str):
            return f"{name} = {to_text(read(p.value, f'parameter {name}'))} : {unit}"
        flags = "constant" if name in self.plan.declarations.per_synapse else "shared, constant"
        return f"{name} : {unit} ({flags})"

    def definition(self, name: str) -> str:
        """The line that defines a named expression."""
        d = self.system.definitions[name]
        if name in self.plan.pulses:
            height, _ = self.plan.pulses[name]
            on = f"int(t_in_timesteps < {_counter(name)})"
            return f"{name} = {to_text(self.on_synapse(height))}*{on} : {unit_text(d.dim)}"
        return f"{name} = {to_text(self.on_synapse(d.expression))} : {unit_text(d.dim)}"

    def on_synapse(self, expression: sympy.Expr) -> sympy.Expr:
        """With the names under which a synapse sees the variables of its target."""
        rename = {symbol("v"): symbol(f"{VOLTAGE}_post")}
        rename.update(
            {
                symbol(n): symbol(f"{n}_post")
                for n in [*self.system.definitions, *self.system.states]
                if self.plan.place[n] == POST
            }
        )
        return expression.xreplace(rename)

    def rate(self, name: str, flag: str = "") -> str:
        """The line that declares a state."""
        unit = unit_text(self.system.states[name].dim)
        if self.system.rates[name] == 0:  # changed by events only
            return f"{name} : {unit}"
        text = to_text(self.on_synapse(self.system.rates[name]))
        return f"d{name}/dt = {text} : {unit}{flag}"

    def pulse_starts(self, pulses: Iterable[str], suffix: str) -> list[str]:
        """Statements at a spike: the pulse acts in the first ``duration/dt`` steps after it."""
        lines = []
        for name in pulses:
            _, duration = self.plan.pulses[name]
            length = duration.xreplace({x: symbol(x.name + suffix) for x in duration.free_symbols})
            lines.append(
                f"{_counter(name)}{suffix} = timestep(t_pre, dt{suffix}) + 1"
                f" + timestep({to_text(length)}, dt{suffix})"
            )
        return lines

    def jumps(self, states: Iterable[str], suffix: str) -> list[str]:
        """Statements at a spike for states that jump."""
        lines = []
        for name in states:
            if name in self.system.on_spike:
                new = self.system.on_spike[name]
                rename = {x: symbol(x.name + suffix) for x in new.free_symbols}
                lines.append(f"{name}{suffix} = {to_text(new.xreplace(rename))}")
        return lines

    def summed_jumps(self) -> list[str]:
        """Statements at a spike for states that are summed on the target."""
        weight = symbol("w") if self.plan.declarations.w == "constant" else sympy.S.One
        return [
            f"{n}_total += {to_text(sympy.expand(self.system.on_spike[n] - symbol(n)) * weight)}"
            for n in self.summed_states
            if n in self.system.on_spike
        ]

    def synapse_equations(self, own: str | Equations | None) -> Equations:
        """Equations of the `Synapses` object itself."""
        d = self.plan.declarations
        lines = ["w : 1 (shared, constant)" if d.w == "shared" else "w : 1"]
        if self.optimize and d.w == "shared":
            lines = []  # it lives with the totals, which it multiplies
        at_home = set(self.gate_parameters + self.kinetics_parameters + self.totals_parameters)
        if not self.optimize:
            at_home = set()
        lines += [self.declaration(n) for n in self.synapse_parameters if n not in at_home]
        lines += [f"{_counter(n)} : integer" for n in self.synapse_pulses]
        lines += [self.definition(n) for n in self.definitions]
        lines += [self.rate(n, " (clock-driven)") for n in self.states]
        if not self.optimize:
            for r in self.system.receptors:
                text = to_text(self.on_synapse(symbol("w") * r.conductance))
                lines.append(f"{r.total}_post = {text} : siemens (summed)")
        if self.marker:
            lines.append(f"{_MARKER} : boolean (constant)")
        equations = Equations("\n".join(lines))
        if own:
            own = own if isinstance(own, Equations) else Equations(own)
            clash = equations.names & own.names
            if clash:
                raise ModelError(
                    f"{self.where}: your model= defines {', '.join(sorted(clash))}, which the "
                    "synapses already have; leave it out or use another name."
                )
            equations = equations + own
        return equations

    @property
    def marker(self) -> bool:
        """Whether to mark synapses that have their first values.

        In standalone the number of synapses is not known here, so a second ``connect`` can only
        tell old from new synapses by a mark (one byte each).
        """
        return not isinstance(get_device(), RuntimeDevice)

    def first_values(self) -> dict[str, float]:
        """Values of a new synapse that are not zero, in base units."""
        values = {n: self.system.parameters[n].base() for n in self.per_synapse}
        values.update({n: self.system.initial[n] for n in self.states})
        if self.plan.declarations.w != "shared":
            values["w"] = 1.0
        return {n: v for n, v in values.items() if v != 0}

    def event_code(self) -> str:
        """Statements for the events of all parts."""
        lines = []
        for number, (_, event) in enumerate(self.system.events, 1):
            flag = f"event_{number}"
            lines.append(f"{flag} = {to_text(self.on_synapse(event.condition))}")
            for name, new in event.changes.items():
                lines.append(f"{flag}_{name} = {to_text(self.on_synapse(new))}")
            for name in event.changes:
                lines.append(f"{name} = {name} + {flag}*({flag}_{name} - {name})")
        return "\n".join(lines)

    def namespace(self, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The user's namespace plus the TimedArrays of the model."""
        timed = {
            timed_name(n): p.value
            for n, p in self.system.parameters.items()
            if isinstance(p.value, TimedArray)
        }
        return {**(given or {}), **timed} if given or timed else None

    def updater(self) -> Any:
        """State updater of the model's own groups."""
        method = self.plan.declarations.method
        if method is None:
            return IntegratingFactor(self.plan.blocks)
        vanishing = [n for n, e in self.system.rates.items() if e.has(sympy.Heaviside)]
        if method == "exponential_euler" and vanishing:
            raise ModelError(
                f"{self.where}: method='exponential_euler' divides by the rate of "
                f"'{vanishing[0]}', which can be 0 (NaN); leave method out."
            )
        return method

    # -- checks --------------------------------------------------------------------------------

    def exposed(self) -> set[str]:
        """Names that the `Synapses` object has of its own."""
        names = {"w", *self.definitions, *self.states, *self.gate_states, *self.synapse_parameters}
        names |= {*self.gate_parameters, *self.kinetics_parameters, *self.totals_parameters}
        return names - set(self.gate_pulses)

    def check_names(self, own_model: str | Equations | None) -> None:
        """No name of the synapses may exist on source or target: Brian2 would read that one."""
        for role, group in (("source", self.source), ("target", self.target)):
            for name in sorted(self.exposed()):
                if name in group.variables:
                    raise ModelError(
                        f"{self.where}: the synapses and their {role} '{group.name}' both have a "
                        f"variable '{name}'. Rename it in the {role}, or give the part another label=."
                    )


_MARKER = "has_first_values"


def _counter(pulse: str) -> str:
    return f"k_off_{pulse}"


def _merge_code(ours: list[str], given: Any) -> Any:
    """Our statements in front of the user's in the pathway ``pre``."""
    if not ours:
        return given
    code = "\n".join(ours)
    if given is None:
        return code
    if isinstance(given, str):
        return f"{code}\n{given}"
    return {**given, "pre": f"{code}\n{given['pre']}" if "pre" in given else code}


class _Filler:
    """Gives new synapses their first values after each ``connect``."""

    def __init__(self, parts: _Assembly) -> None:
        self.values, self.marker, self.done = parts.first_values(), parts.marker, 0

    def before(self, synapses: Synapses) -> None:
        if self.marker and synapses._connect_called:
            setattr(synapses, _MARKER, True)

    def after(self, synapses: Synapses) -> None:
        if not self.marker:
            new = slice(self.done, len(synapses))
            for name, value in self.values.items():
                synapses.variables[name].get_value()[new] = value
            self.done = len(synapses)
        elif self.done:
            for name, value in self.values.items():
                view = getattr(synapses, name + "_")
                view.set_with_expression_conditional(
                    f"not {_MARKER}", repr(value), run_namespace={}, check_units=False
                )
        else:
            for name, value in self.values.items():
                setattr(synapses, name + "_", value)
            self.done = 1


class _BeforeRun(BrianObject):
    """Checks of a model that need the time step and the values at the start of a run."""

    def __init__(self, synapses: Any, parts: _Assembly, name: str, owner: Any) -> None:
        super().__init__(name=name)
        self.parts, self.owner = parts, owner
        self.variables_of = {
            n: synapses.variables[n] for n in parts.system.parameters if n in synapses.variables
        }
        self.weights = synapses.variables["w"]

    def check(self) -> None:
        """Raise `ModelError` for what would silently be wrong."""
        parts, plan, where = self.parts, self.parts.plan, self.parts.where
        dt = float(self.owner.clock.dt)
        values = dict(parts.system.values())
        for name, var in self.variables_of.items():
            value = _known_value(var)
            if value is None:
                continue
            if not np.all(np.isfinite(value)):
                raise ModelError(f"{where}: '{name}' is not finite at the start of the run: {value}.")
            p = parts.system.parameters[name]
            if (p.sign == "positive" and np.any(value <= 0)) or (
                p.sign == "nonnegative" and np.any(value < 0)
            ):
                raise ModelError(
                    f"{where}: '{name}' ({p.meaning}) has to be {p.sign}, found "
                    f"{Quantity(value, dim=p.dim)!r} at the start of the run."
                )
            if np.size(value) == 1:
                values[name] = float(np.asarray(value).ravel()[0])
        weights = _known_value(self.weights)
        if weights is not None and not np.all(np.isfinite(weights)):
            raise ModelError(f"{where}: the weights S.w are not finite at the start of the run.")
        for name, (_, duration) in plan.pulses.items():
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
                    f"{length * 1e3 / np.ceil(steps):g} ms, or another duration."
                )
        state, rate = fastest_rate(parts.system)
        if rate * dt > _COARSEST and plan.declarations.method != "exact":
            raise ModelError(
                f"{where}: the time step of {dt * 1e3:g} ms is too coarse for '{state}', which relaxes "
                f"within {1e3 / rate:.3g} ms; use dt <= {_COARSEST * 1e3 / rate:.2g} ms."
            )
        if plan.declarations.method is None:
            for name, scheme in plan.schemes.items():
                if scheme.kind != "integrating factor" or scheme.held:
                    continue
                bound = integrating_factor_bound(parts.system, plan, name, dt)
                if bound is not None and bound > parts.tolerance:
                    logger.warn(
                        f"{where}: the error of '{name}' can reach {bound:.1e} at a time step of "
                        f"{dt * 1e3:g} ms, more than tolerance={parts.tolerance:g}. Use a smaller dt, "
                        "or state a larger tolerance.",
                        "tolerance",
                        once=True,
                    )

    def before_run(self, run_namespace: Any) -> None:
        self.check()


def _known_value(var: Any) -> Any:
    """The value of a variable, or ``None`` where only the binary knows it."""
    if not isinstance(var, ArrayVariable):
        return None
    device = get_device()
    if isinstance(device, RuntimeDevice):
        return var.get_value()
    return device.array_cache.get(var)


def _plain(
    parts: _Assembly,
    delay: Any,
    own_model: Any,
    on_pre: Any,
    on_post: Any,
    namespace: Any,
    name: str,
    clock: Clock | None,
    kwargs: dict[str, Any],
) -> Synapses:
    """The naive form: a plain `Synapses` in which everything is per synapse."""
    ours = parts.pulse_starts(parts.synapse_pulses, "") + parts.jumps(parts.states, "")
    synapses = Synapses(
        parts.source,
        parts.target,
        model=parts.synapse_equations(own_model),
        on_pre=_merge_code(ours, on_pre),
        on_post=on_post,
        delay=parts.own_delays
        if delay is None or isinstance(delay, str)
        else {**parts.own_delays, "pre": delay},
        namespace=parts.namespace(namespace),
        method=parts.updater(),
        clock=clock,
        order=parts.base.order + _STATES,
        name=name,
        **kwargs,
    )
    for updater in synapses.summed_updaters.values():
        # a Subgroup has another order than its group: Brian2 would sum after the target's step
        updater.order = parts.base.order - 1
    for n in parts.synapse_parameters:
        p = parts.system.parameters[n]
        if p.is_number and n not in parts.per_synapse:
            synapses.variables[n].set_value(p.base())
    if parts.weight is not None:
        synapses.variables["w"].set_value(parts.weight)
    code = parts.event_code()
    if code:
        synapses.run_regularly(code, when="groups", order=parts.base.order + _EVENTS)
    filler = _Filler(parts)
    connect = synapses.connect

    def connect_and_fill(*args: Any, **kw: Any) -> None:
        kw["level"] = kw.get("level", 0) + 1
        filler.before(synapses)
        connect(*args, **kw)
        filler.after(synapses)

    connect_and_fill.__doc__ = connect.__doc__
    synapses.connect = connect_and_fill
    synapses.add_attribute("plan")
    synapses.plan = parts.plan
    synapses.contained_objects.append(_BeforeRun(synapses, parts, f"{name}_checks", synapses))
    return synapses


class NMDASynapses(Synapses):
    """A `Synapses` object whose parts live where the plan puts them.

    Made by `GlutamateSynapse.synapses`. ``source`` and ``target`` are the user's groups; helper groups
    are contained objects named after this one.

    Attributes
    ----------
    plan : Plan
        Where each variable lives and why.
    """

    def __init__(
        self,
        parts: _Assembly,
        delay: Any,
        own_model: Any,
        on_pre: Any,
        on_post: Any,
        namespace: Any,
        name: str,
        clock: Clock | None,
        kwargs: dict[str, Any],
    ) -> None:
        self._parts = parts
        self.plan = parts.plan
        self._filler = _Filler(parts)
        order = parts.base.order
        uniform = not isinstance(delay, str)
        start = 0 * ms if delay is None else delay
        shared_namespace = parts.namespace(namespace)
        self._gate = self._driver = self._kinetics = self._totals = None
        helpers: list[Any] = []
        if parts.gate_states or parts.gate_pulses:
            self._make_gate(name, clock, order, start, shared_namespace)
            helpers += [self._gate, self._driver]
        if parts.summed_states:
            self._kinetics = NeuronGroup(
                len(parts.base),
                Equations(
                    "\n".join(
                        [parts.declaration(n) for n in self._homes("kinetics")]
                        + [parts.rate(n) for n in parts.summed_states]
                    )
                ),
                method=parts.updater(),
                clock=clock,
                order=order + _GATE,
                namespace=shared_namespace,
                name=f"{name}_kinetics",
            )
            self._refer(self._kinetics, parts.kinetics_parameters)
            helpers.append(self._kinetics)
        self._make_totals(name, order, shared_namespace)
        helpers.append(self._totals)
        ours = parts.pulse_starts(parts.synapse_pulses, "") + parts.jumps(parts.states, "")
        ours += parts.summed_jumps()
        code = _merge_code(ours, on_pre)
        delays = dict(parts.own_delays)
        if uniform and code is not None and (isinstance(code, str) or "pre" in code):
            delays["pre"] = start
        super().__init__(
            parts.source,
            parts.target,
            model=parts.synapse_equations(own_model),
            on_pre=code,
            on_post=on_post,
            delay=delays,
            namespace=shared_namespace,
            method=parts.updater(),
            clock=clock,
            order=order + _STATES,
            name=name,
            **kwargs,
        )
        for receptor in parts.direct:
            _, rest = parts.split(receptor)
            weight = symbol("w") if parts.weight is None else sympy.S.One
            expression = Expression(to_text(parts.on_synapse(weight * rest)))
            self._sum(expression, f"sum_{receptor.label}", order)
        events = parts.event_code()
        if events:
            self.run_regularly(events, when="groups", order=order + _EVENTS)
        self._contained_objects += helpers
        for group, place in (
            (self._gate, "gate"),
            (self._kinetics, "kinetics"),
            (self._totals, "totals"),
            (self, "synapse"),
        ):
            for n in self._homes(place):
                p = parts.system.parameters[n]
                if p.is_number and n not in parts.per_synapse:
                    group.variables[n].set_value(p.base())
        if parts.weight is not None:
            self.variables["w"].set_value(parts.weight)
        for n in parts.gate_states:
            if parts.system.initial[n] != 0:
                setattr(self._gate, n + "_", parts.system.initial[n])
        self._contained_objects.append(_BeforeRun(self, parts, f"{name}_checks", self))

    # -- construction ------------------------------------------------------------------------

    def _homes(self, place: str) -> list[str]:
        """Parameters that have their home at ``place``."""
        parts = self._parts
        order = {
            "gate": parts.gate_parameters,
            "kinetics": parts.kinetics_parameters,
            "totals": parts.totals_parameters,
            "synapse": parts.synapse_parameters,
        }
        taken: set[str] = set()
        for key, names in order.items():
            if key == place:
                return [n for n in names if n not in taken]
            taken |= set(names)
        raise AssertionError(place)

    def _home_of(self, name: str) -> Any:
        for group, place in (
            (self._gate, "gate"),
            (self._kinetics, "kinetics"),
            (self._totals, "totals"),
        ):
            if group is not None and name in self._homes(place):
                return group
        return None

    def _refer(self, group: Any, names: Iterable[str]) -> None:
        for n in names:
            home = self._home_of(n)
            if home is not None and home is not group:
                group.variables.add_reference(n, home, n, index="0")

    def _make_gate(
        self, name: str, clock: Clock | None, order: float, delay: Quantity, namespace: Any
    ) -> None:
        parts = self._parts
        whole = base_group(parts.source)
        lines = [parts.declaration(n) for n in self._homes("gate")]
        lines += [f"{_counter(n)} : integer" for n in parts.gate_pulses]
        lines += [parts.definition(n) for n in parts.gate_definitions]
        lines += [parts.rate(n) for n in parts.gate_states]
        self._gate = NeuronGroup(
            len(whole),
            Equations("\n".join(lines)),
            method=parts.updater(),
            clock=clock,
            order=order + _GATE,
            namespace=namespace,
            name=f"{name}_gate",
            dtype={_counter(n): np.int64 for n in parts.gate_pulses},
        )
        first = getattr(parts.source, "start", 0) if isinstance(parts.source, Subgroup) else 0
        n = len(parts.source)
        self._driver = Synapses(
            parts.source,
            self._gate if n == len(whole) else self._gate[first : first + n],
            on_pre="\n".join(
                parts.pulse_starts(parts.gate_pulses, "_post") + parts.jumps(parts.gate_states, "_post")
            ),
            delay=delay,
            namespace=namespace,
            clock=clock,
            name=f"{name}_driver",
        )
        self._driver.connect(i=np.arange(n), j=np.arange(n))

    def _make_totals(self, name: str, order: float, namespace: Any) -> None:
        """One accumulator per target neuron, added to the target at each of its time steps."""
        parts, base = self._parts, self._parts.base
        lines = [parts.declaration(n) for n in self._homes("totals")]
        add, zero = [], []
        for receptor in parts.system.receptors:
            shared, rest = parts.split(receptor)
            total = f"{receptor.total}_of_target"
            zero.append(f"{total} = 0*siemens")
            if parts.weight is not None:
                shared = symbol("w") * shared
            if receptor in parts.summed:
                add.append(f"{total} += {to_text(shared * rest)}")
            else:
                unit = unit_text(dimensions_of(rest, parts.system.dimensions(), receptor.label))
                lines.append(f"sum_{receptor.label} : {unit}")
                add.append(f"{total} += {to_text(shared * symbol(f'sum_{receptor.label}'))}")
        if parts.weight is not None:
            lines.append("w : 1 (shared, constant)")
        self._totals = NeuronGroup(
            len(base),
            Equations("\n".join(lines)),
            clock=base.clock,
            order=order + _ADD,
            method="euler",
            namespace=namespace,
            name=f"{name}_totals",
        )
        totals = self._totals
        self._refer(totals, parts.totals_parameters)
        for receptor in parts.system.receptors:
            totals.variables.add_reference(
                f"{receptor.total}_of_target", base, receptor.total, index=totals.variables.default_index
            )
        for n in parts.summed_states:
            totals.variables.add_reference(n, self._kinetics, n, index=totals.variables.default_index)
        for code, at, what in ((zero, _ZERO, "zero"), (add, _ADD, "add")):
            totals.run_regularly(
                "\n".join(code),
                when="groups",
                order=order + at,
                clock=base.clock,
                name=f"{name}_{what}",
            )

    def _create_variables(self, equations: Equations, user_dtype: Any = None) -> None:
        parts = self._parts
        if parts.synapse_pulses:
            user_dtype = {**(user_dtype or {}), **{_counter(n): np.int64 for n in parts.synapse_pulses}}
        super()._create_variables(equations, user_dtype=user_dtype)

        def refer(name: str, group: Any, varname: str, index: str) -> None:
            if name in self.variables:
                raise ModelError(
                    f"{parts.where}: '{name}' exists already on the source, the target or in your "
                    "model=; rename it, or give the part another label=."
                )
            self.variables.add_reference(name, group, varname, index=index)

        # Each with a name of its own for the presynaptic index: Brian2 cannot record two variables
        # that share a dynamic index in one StateMonitor.
        for n in [*parts.gate_states, *(_counter(p) for p in parts.gate_pulses if p in parts.definitions)]:
            self.variables.add_reference(f"_presynaptic_idx_{n}", self, "_synaptic_pre")
            refer(n, self._gate, n, f"_presynaptic_idx_{n}")
        for group, place in (
            (self._gate, "gate"),
            (self._kinetics, "kinetics"),
            (self._totals, "totals"),
        ):
            for n in self._homes(place):
                refer(n, group, n, "0")
        for n in parts.summed_states:
            refer(f"{n}_total", self._kinetics, n, "_postsynaptic_idx")
        for receptor in parts.direct:
            refer(f"sum_{receptor.label}", self._totals, f"sum_{receptor.label}", "_postsynaptic_idx")
        if parts.weight is not None:
            refer("w", self._totals, "w", "0")
        self.variables.add_reference("_n_totals", self._totals, "N")

    def _sum(self, expression: Expression, variable: str, order: float) -> None:
        updater = SummedVariableUpdater(
            expression, variable, self, self._totals, "_n_totals", "_synaptic_post"
        )
        updater.order = order + _ADD - 1
        self.summed_updaters[variable] = updater
        self._contained_objects.append(updater)

    # -- what a user does with it ------------------------------------------------------------

    def connect(self, *args: Any, level: int = 0, **kwargs: Any) -> None:  # noqa: D102
        self._filler.before(self)
        super().connect(*args, level=level + 1, **kwargs)
        self._filler.after(self)

    connect.__doc__ = Synapses.connect.__doc__

    def _uniform_pathways(self) -> list[Any]:
        paths = [] if self._driver is None else [self._driver.pre]
        if self._parts.plan.declarations.delay == "uniform" and "pre" in self._synaptic_updaters:
            paths.append(self.pre)
        return paths

    @property
    def delay(self) -> Any:
        """The synaptic delay; one value unless ``delay='per_synapse'`` was declared."""
        if self._parts.plan.declarations.delay == "per_synapse":
            return Synapses.delay.fget(self)
        return self._uniform_pathways()[0].delay

    @delay.setter
    def delay(self, value: Any) -> None:
        if self._parts.plan.declarations.delay == "per_synapse":
            Synapses.delay.fset(self, value)
            return
        _check_scalar_delay(value, self._parts.where)
        for path in self._uniform_pathways():
            path.delay = Quantity(np.asarray(value).ravel()[0], dim=second.dim)

    def state(self, name: str, use_units: bool = True, level: int = 0) -> Any:
        """As for any group; what all synapses share is returned by the helper that stores it.

        That makes ``device.run(run_args={S.beta1_NMDA: ...})`` name the variable that exists.
        """
        home = self._home_of(name) if name in self._parts.system.parameters else None
        if name == "w" and self._parts.weight is not None:
            home = self._totals
        if home is not None:
            return home.state(name, use_units, level + 1)
        return super().state(name, use_units, level + 1)

    def check_variable_write(self, variable: Any) -> None:
        """Allow shared parameters to be set before ``connect``."""
        if not variable.scalar:
            super().check_variable_write(variable)

    def before_run(self, run_namespace: Any) -> None:
        """Protect weights that were declared constant, then do what `Synapses` does."""
        if self._parts.plan.declarations.w == "constant":
            self.variables["w"].read_only = True
        device = get_device()
        if self._driver is not None and hasattr(device, "synapses"):
            # C++ standalone declares the Synapses of a Network, but not those that they contain
            device.synapses.add(self._driver)
        super().before_run(run_namespace)
