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
from brian2.core.clocks import Clock, defaultclock
from brian2.core.names import find_name
from brian2.devices.device import RuntimeDevice, get_device
from brian2.equations.equations import Equations, Expression
from brian2.groups.neurongroup import NeuronGroup
from brian2.groups.subgroup import Subgroup
from brian2.synapses.synapses import SummedVariableUpdater, Synapses
from brian2.units import ms, second
from brian2.units.fundamentalunits import Quantity

from brian2_nmda.brian.assembly import Assembly, Filler, counter, merge_code
from brian2_nmda.brian.catch_up import (
    UPDATE,
    CatchUp,
    UpdateForMonitors,
    present,
    update_before,
    updates,
    updating,
)
from brian2_nmda.brian.checks import (
    BeforeRun,
    check_device,
    check_groups,
    check_scalar_delay,
    declare,
)
from brian2_nmda.brian.target import base_group, check_target, initialise_target, known_value
from brian2_nmda.lowering.plan import make_plan
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import dimensions_of, symbol, to_text, unit_text

_ZERO, _ADD, _DECAY, _STATES, _EVENTS, _GATE = -20, -10, -9, -0.5, -0.4, -0.3


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
    tolerance: float | None,
    efficacy: str,
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
    check_device(optimize, where)
    check_groups(source, target, where)
    own = Equations(own_model) if isinstance(own_model, str) else own_model
    read = frozenset(x for e in (own or {}).values() for x in e.identifiers)
    declarations, weight = declare(delay, w, per_synapse, method, optimize, tolerance, efficacy, read, where)
    check_target(model, target, where)
    if dt is not None and clock is not None:
        raise ModelError(f"{where}: give dt= or clock=, not both.")
    if dt is not None:
        clock = Clock(dt)
    step = float((defaultclock if clock is None else clock).dt)
    plan = make_plan(model.system, declarations, step)
    parts = Assembly(model, plan, source, target, weight, tolerance, own_delays, where)
    parts.check_names()
    if kwargs.get("order") is not None:
        raise ModelError(f"{where}: the order of the synapses is set by the plan; leave out order=.")
    kwargs.pop("order", None)
    clash = set(own_delays) & set(parts.late)
    if clash:
        raise ModelError(
            f"{where}: the delay of '{clash.pop()}' follows from the latency of the model and the delay of "
            "the transmitter; leave it out."
        )
    if model.system.on_post_spike and "spike" not in target.events:
        first = next(iter(model.system.on_post_spike))
        raise ModelError(
            f"{where}: '{first}' changes at postsynaptic spikes, but the target '{parts.base.name}' never "
            "spikes; give it a threshold= (and reset=)."
        )
    initialise_target(model, target)
    if optimize:
        return NMDASynapses(
            parts, delay, own_model, on_pre, on_post, namespace, find_name(name), clock, kwargs
        )
    return _plain(parts, delay, own_model, on_pre, on_post, namespace, find_name(name), clock, kwargs)


def _plain(
    parts: Assembly,
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
    ours = parts.jumps(parts.states, "") + parts.pulse_starts(parts.synapse_pulses, "")
    if parts.late and isinstance(delay, str):
        raise ModelError(
            f"{parts.where}: optimize=False cannot combine delay='per_synapse' with the latency of "
            f"{parts.system.on_late_spike[0].owner}; give one delay, or leave out optimize=False."
        )
    code = merge_code(ours, on_pre, "pre", {n: text for n, (text, _) in parts.late.items()})
    start = 0 * ms if delay is None else delay
    delays = (
        parts.own_delays if isinstance(delay, str) else {**parts.own_delays, **_delays(start, code, parts)}
    )
    synapses = Synapses(
        parts.source,
        parts.target,
        model=parts.synapse_equations(own_model),
        on_pre=code,
        on_post=merge_code(parts.post_jumps(), on_post, "post"),
        delay=delays,
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
    parts.set_parameters(synapses, parts.synapse_parameters)
    if parts.weight is not None:
        synapses.variables["w"].set_value(parts.weight)
    code = parts.event_code()
    if code:
        synapses.run_regularly(code, when="groups", order=parts.base.order + _EVENTS)
    filler = Filler(parts)
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
    synapses.contained_objects.append(BeforeRun(synapses, parts, f"{name}_checks"))
    return synapses


def _delays(delay: Quantity, code: Any, parts: Assembly) -> dict[str, Any]:
    """Delays of our pathways for one delay of the transmitter."""
    delays = {name: delay + latency for name, (_, latency) in parts.late.items()}
    if isinstance(code, str) or (code and "pre" in code):
        delays["pre"] = delay
    return delays


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
        parts: Assembly,
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
        self._filler = Filler(parts)
        order = parts.base.order
        uniform = not isinstance(delay, str)
        start = 0 * ms if delay is None else delay
        shared_namespace = parts.namespace(namespace)
        self._gate = self._driver = self._kinetics = self._totals = self._catch_up = None
        self._simulated = False
        helpers: list[Any] = []
        if parts.gate_states or parts.gate_pulses:
            self._make_gate(name, clock, order, start, shared_namespace)
            helpers += [g for g in (self._gate, self._driver) if g is not None]
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
        ours = parts.jumps(parts.states, "") + parts.pulse_starts(parts.synapse_pulses, "")
        ours += parts.summed_jumps()
        weighted = parts.plan.declarations.w == "constant"
        sending = {n: x for r in parts.relaxing.values() for n, x in r.pathways(weighted).items()}
        rules = parts.plan.rules
        update = update_before(rules, merge_code(ours, on_pre, "pre"))
        parts.late.update({n: (text, 0 * second) for n, text in update.items()})
        late = {n: text for n, (text, _) in parts.late.items()}
        code = updating(rules, merge_code(ours, on_pre, "pre", {**late, **sending}), "pre")
        delays = {**parts.own_delays, **dict.fromkeys(sending, 0 * ms)}
        if sending:
            own = kwargs.get("on_event", {})
            own = {"pre": own, "post": own} if isinstance(own, str) else own
            kwargs["on_event"] = {**own, **{n: n for n in sending}}
        if uniform:
            delays.update(_delays(start, code, parts))
        super().__init__(
            parts.source,
            parts.target,
            model=parts.synapse_equations(own_model),
            on_pre=code,
            on_post=updating(rules, merge_code(parts.post_jumps(), on_post, "post"), "post"),
            delay=delays,
            namespace=shared_namespace,
            method=parts.updater(),
            clock=clock,
            order=order + _STATES,
            name=name,
            **kwargs,
        )
        if update:
            getattr(self, UPDATE).order = self.pre.order - 1
        for receptor in parts.direct:
            _, rest = parts.split(receptor)
            weight = symbol("w") if parts.weight is None else sympy.S.One
            expression = Expression(to_text(parts.on_synapse(weight * rest)))
            self._sum(expression, f"sum_{receptor.label}", order)
        events = parts.event_code()
        if events:
            self.run_regularly(events, when="groups", order=order + _EVENTS)
        if rules:
            self._catch_up = CatchUp(self, rules, f"{name}_catch_up")
            helpers.append(self._catch_up)
            helpers.append(UpdateForMonitors(self, rules, f"{name}_update_for_monitors"))
        self._contained_objects += helpers
        for place, group in self._helpers().items():
            parts.set_parameters(group, self._homes(place))
        parts.set_parameters(self, self._homes("synapse"))
        if parts.weight is not None:
            self.variables["w"].set_value(parts.weight)
        for n in parts.gate_states:
            if parts.system.initial[n] != 0:
                setattr(self._gate, n + "_", parts.system.initial[n])
        self._contained_objects.append(BeforeRun(self, parts, f"{name}_checks"))

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

    def _helpers(self) -> dict[str, Any]:
        """The helper groups that exist, by the place they stand for."""
        groups = {"gate": self._gate, "kinetics": self._kinetics, "totals": self._totals}
        return {place: group for place, group in groups.items() if group is not None}

    def _home_of(self, name: str) -> Any:
        for place, group in self._helpers().items():
            if name in self._homes(place):
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
        lines += [f"{counter(n)} : integer" for n in parts.gate_pulses]
        lines += [parts.definition(n) for n in parts.gate_definitions]
        lines += [parts.rate(n) for n in parts.gate_states]
        events = {}
        for relaxation in parts.relaxing.values():
            lines += relaxation.declarations()
            events.update(relaxation.events)
        self._gate = NeuronGroup(
            len(whole),
            Equations("\n".join(lines)),
            method=parts.updater(),
            clock=clock,
            order=order + _GATE,
            namespace=namespace,
            name=f"{name}_gate",
            events=events,
            dtype={
                **{counter(n): np.int64 for n in parts.gate_pulses},
                **{r.when_sent: np.int64 for r in parts.relaxing.values()},
            },
        )
        for relaxation in parts.relaxing.values():
            for event, text in relaxation.statements().items():
                self._gate.set_event_schedule(event, when="thresholds")
                self._gate.run_on_event(event, text, when="after_thresholds")
        code = parts.jumps(parts.gate_states, "_post") + parts.pulse_starts(parts.gate_pulses, "_post")
        if not code:  # no spike reaches the gate, as for a slow co-agonist alone
            return
        first = getattr(parts.source, "start", 0) if isinstance(parts.source, Subgroup) else 0
        n = len(parts.source)
        self._driver = Synapses(
            parts.source,
            self._gate if n == len(whole) else self._gate[first : first + n],
            on_pre="\n".join(code),
            delay=delay,
            namespace=namespace,
            clock=clock,
            name=f"{name}_driver",
        )
        self._driver.connect(i=np.arange(n), j=np.arange(n))
        # One-to-one: no two synapses of the driver write to the same gate, so the order does not matter.
        self._driver.variables["_synaptic_post"].unique = True
        self._driver.pre.order = -1  # the amount released is known before the synapses read it

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
            relaxation = parts.relaxing.get(receptor.label)
            if relaxation is not None:
                lines += [f"{n} : 1" for n in relaxation.totals()]
                amplitudes = sympy.Add(*map(symbol, relaxation.totals()))
                gate = symbol(relaxation.form.gate)
                add.append(f"{total} += {to_text(shared * rest.xreplace({gate: amplitudes}))}")
            elif receptor in parts.summed:
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

        def each_step(code: str, at: float, what: str) -> Any:
            return totals.run_regularly(
                code, when="groups", order=order + at, clock=base.clock, name=f"{name}_{what}"
            )

        each_step("\n".join(zero), _ZERO, "zero")
        each_step("\n".join(add), _ADD, "add")
        self._decays = {n: each_step(r.decay_code(), _DECAY, f"decay_{n}") for n, r in parts.relaxing.items()}

    def _create_variables(self, equations: Equations, user_dtype: Any = None) -> None:
        parts = self._parts
        counters = [counter(n) for n in parts.synapse_pulses] + [r.updated for r in parts.plan.rules]
        if counters:
            user_dtype = {**(user_dtype or {}), **dict.fromkeys(counters, np.int64)}
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
        for n in [*parts.gate_states, *(counter(p) for p in parts.gate_pulses if p in parts.definitions)]:
            self.variables.add_reference(f"_presynaptic_idx_{n}", self, "_synaptic_pre")
            refer(n, self._gate, n, f"_presynaptic_idx_{n}")
        for place, group in self._helpers().items():
            for n in self._homes(place):
                refer(n, group, n, "0")
        for n in parts.summed_states:
            refer(f"{n}_total", self._kinetics, n, "_postsynaptic_idx")
        for receptor in parts.direct:
            refer(f"sum_{receptor.label}", self._totals, f"sum_{receptor.label}", "_postsynaptic_idx")
        for relaxation in parts.relaxing.values():
            for n in relaxation.totals():
                refer(n, self._totals, n, "_postsynaptic_idx")
            for n in relaxation.changes():
                refer(n, self._gate, n, "_presynaptic_idx")
        if parts.weight is not None:
            refer("w", self._totals, "w", "0")
        self.variables.add_reference("_n_totals", self._totals, "N")

    def _add_updater(
        self, code: str, prepost: str, objname: str | None = None, delay: Any = None, event: str = "spike"
    ) -> None:
        """Listen to an event of the gate as if it were the source: Brian2 has no such argument."""
        if prepost == "pre" and event != "spike" and self._gate is not None and event in self._gate.events:
            source, self.source = self.source, self._gate
            try:
                super()._add_updater(code, prepost, objname=objname, delay=delay, event=event)
            finally:
                self.source = source
        else:
            super()._add_updater(code, prepost, objname=objname, delay=delay, event=event)

    def prepare(self, values: dict[str, float]) -> None:
        """Fit the exponentials again where kinetics have changed since the last run."""
        parts = self._parts
        for label, relaxation in parts.relaxing.items():
            x = known_value(self._gate.variables[relaxation.form.driver])
            highest = 0.0 if x is None or not np.size(x) else float(np.max(x))
            if not relaxation.refit(values, highest, parts.tolerance, parts.where):
                continue
            # Brian2 takes the statements of an event from the group, those of a runner from the runner
            self._gate.event_codes.update(relaxation.statements())
            self._decays[label].abstract_code = relaxation.decay_code()
            if not self._simulated:
                continue
            if not isinstance(get_device(), RuntimeDevice):
                raise ModelError(
                    f"{parts.where}: in standalone the kinetics of '{label}' cannot change between two runs "
                    "while its conductance is sent at spikes; leave out tolerance=."
                )
            self._send_anew(relaxation)

    def _send_anew(self, relaxation: Any) -> None:
        """Replace what was sent with other rates, so that nothing that is open is lost."""
        state = {n: self._gate.variables[n] for n in (*relaxation.sent(), relaxation.when_sent)}
        x, g = (self._gate.variables[n].get_value() for n in (relaxation.form.driver, relaxation.form.gate))
        new = relaxation.basis.coefficients(x, g)
        i, j = (self.variables[n].get_value() for n in ("_synaptic_pre", "_synaptic_post"))
        w = self.variables["w"].get_value() if self._parts.weight is None else 1.0
        for k, (sent, total) in enumerate(zip(relaxation.sent(), relaxation.totals(), strict=True)):
            state[sent].set_value(new[k])
            amplitudes = np.zeros(len(self._totals))
            np.add.at(amplitudes, j, w * new[k][i])
            self._totals.variables[total].set_value(amplitudes)
        state[relaxation.when_sent].set_value(self.clock.variables["timestep"].get_value()[0])

    def _sum(self, expression: Expression, variable: str, order: float) -> None:
        updater = SummedVariableUpdater(
            expression, variable, self, self._totals, "_n_totals", "_synaptic_post"
        )
        updater.order = order + _ADD - 1
        self.summed_updaters[variable] = updater
        self._contained_objects.append(updater)

    # -- what a user does with it ------------------------------------------------------------

    def run_regularly(  # noqa: D102
        self,
        code: str,
        dt: Any = None,
        clock: Any = None,
        when: str = "start",
        order: float = 0,
        **kwargs: Any,
    ) -> Any:
        lines = updates(self._parts.plan.rules, code, present(when, order, self.order))
        return super().run_regularly(
            "\n".join([*lines, code]), dt=dt, clock=clock, when=when, order=order, **kwargs
        )

    run_regularly.__doc__ = Synapses.run_regularly.__doc__

    def connect(self, *args: Any, level: int = 0, **kwargs: Any) -> None:  # noqa: D102
        self._filler.before(self)
        super().connect(*args, level=level + 1, **kwargs)
        if self._parts.late and self._parts.plan.declarations.delay == "per_synapse":
            if self._filler.connected > 1:
                raise ModelError(
                    f"{self._parts.where}: with delay='per_synapse' and the pathway "
                    f"'{next(iter(self._parts.late))}' of the model, call connect() once."
                )
            self._set_late_delays(0 * ms)
        self._filler.after(self)

    connect.__doc__ = Synapses.connect.__doc__

    def _set_late_delays(self, delay: Any) -> None:
        for name, (_, latency) in self._parts.late.items():
            later = f"({delay}) + {float(latency)!r}*second" if isinstance(delay, str) else delay + latency
            getattr(self, name).delay = later

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
        paths = self._uniform_pathways()
        if not paths:
            raise AttributeError(f"{self.name}: no spike acts on these synapses, so they have no delay.")
        return paths[0].delay

    @delay.setter
    def delay(self, value: Any) -> None:
        if self._parts.plan.declarations.delay == "per_synapse":
            if "pre" in self._synaptic_updaters:
                Synapses.delay.fset(self, value)
            self._set_late_delays(value)
            return
        check_scalar_delay(value, self._parts.where)
        value = Quantity(np.asarray(value).ravel()[0], dim=second.dim)
        for path in self._uniform_pathways():
            path.delay = value
        self._set_late_delays(value)

    def state(self, name: str, use_units: bool = True, level: int = 0) -> Any:
        """As for any group; what all synapses share is returned by the helper that stores it.

        That makes ``device.run(run_args={S.beta1_NMDA: ...})`` name the variable that exists.
        """
        if self._catch_up is not None and name in self._parts.at_spikes:
            self._catch_up.now()
        home = self._home_of(name) if name in self._parts.system.parameters else None
        if name == "w" and self._parts.weight is not None:
            home = self._totals
        if home is not None:
            return home.state(name, use_units, level + 1)
        return super().state(name, use_units, level + 1)

    def __setattr__(self, name: str, value: Any) -> None:
        """As for any group, with advice for what Brian2 could only refuse."""
        parts = self.__dict__.get("_parts")
        if parts is not None and "variables" in self.__dict__:
            self._check_assignment(name, value, parts)
        super().__setattr__(name, value)

    def _check_assignment(self, name: str, value: Any, parts: Assembly) -> None:
        known = name in self.variables
        if name in parts.system.parameters and not known:
            raise ModelError(
                f"{parts.where}: '{name}' acts on the target; write post_equations(variable=['{name}']) and "
                f"set it there ({parts.base.name}.{name} = ...)."
            )
        if known and self.variables[name].scalar and np.size(value) > 1 and not isinstance(value, str):
            declare_it = f"per_synapse=['{name}']" if name != "w" else "w='per_synapse' (or leave w out)"
            raise ModelError(
                f"{parts.where}: '{name}' is one value for all synapses, found {np.size(value)}; declare "
                f"{declare_it} for one value per synapse."
            )
        if name == "w" and known and getattr(self.variables["w"], "read_only", False):
            raise ModelError(
                f"{parts.where}: the weights were declared constant (w='constant') and a simulation has run; "
                "leave w= out if they have to change."
            )

    def check_variable_write(self, variable: Any) -> None:
        """Allow shared parameters to be set before ``connect``."""
        if not variable.scalar:
            super().check_variable_write(variable)

    def before_run(self, run_namespace: Any) -> None:
        """Protect weights that were declared constant, then do what `Synapses` does."""
        if self._parts.plan.declarations.w == "constant":
            self.variables["w"].read_only = True
        self._simulated = True
        device = get_device()
        if self._driver is not None and hasattr(device, "synapses"):
            # C++ standalone declares the Synapses of a Network, but not those that they contain
            device.synapses.add(self._driver)
        super().before_run(run_namespace)
