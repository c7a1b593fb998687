"""From a plan to a `Synapses` object and its helpers.

Order of what happens in the slot ``groups`` of a time step, relative to the order of the target:
the total conductances are set to zero (-20), summed (-11) and added (-10), then synaptic states (-0.5)
and events (-0.4) are advanced from the values at the start of the step, then presynaptic gates (-0.3),
then the target (0). Each object brings its own zero; all come before any sum.
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy
from brian2.core.clocks import Clock, defaultclock
from brian2.core.names import find_name
from brian2.core.network import Network
from brian2.core.preferences import prefs
from brian2.devices.device import RuntimeDevice, get_device
from brian2.equations.equations import Equations, Expression
from brian2.groups.neurongroup import NeuronGroup
from brian2.groups.subgroup import Subgroup
from brian2.synapses.synapses import Synapses
from brian2.units import ms, second
from brian2.units.fundamentalunits import Quantity

from brian2_nmda.brian.assembly import Assembly, Filler, changes_w, counter, merge_code
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
from brian2_nmda.brian.compiled import (
    let_vectorise,
    let_vectorise_events,
    send_from_gate,
    shorten_builds,
    summed,
)
from brian2_nmda.brian.population import MEMBER, PopulationSum
from brian2_nmda.brian.sending import ROUNDED, Sending
from brian2_nmda.brian.target import VOLTAGE, base_group, check_target, initialise_target
from brian2_nmda.lowering.plan import make_plan
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import dimensions_of, symbol, to_text, unit_text

_ZERO, _ADD, _FACTORS, _STATES, _EVENTS, _GATE = -20, -10, -0.6, -0.5, -0.4, -0.3
#: Order in the slot ``synapses``: what is sent at a spike and at the end of a pulse is known first, and is
#: on the target before any pathway of the user's (-1 and 1).
_KNOWN, _SENT, _KNOWN_AT_END, _SENT_AT_END = -1.4, -1.3, -1.2, -1.1

_START_DELAY = "delay_of_start"


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
    declarations = replace(
        declarations,
        same_steps=all(float(g.clock.dt) == step for g in (base_group(source), base_group(target))),
        single_precision=np.dtype(prefs.core.default_float_dtype) != np.float64,
        jumping_w=changes_w(on_pre) or changes_w(on_post),
    )
    plan = make_plan(model.system, declarations, step)
    parts = Assembly(model, plan, source, target, weight, tolerance, own_delays, step, where)
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
    shorten_builds()
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
    delays.update({r.end: _end_delay(delay, r) for r in parts.relaxing.values() if r.end is not None})
    if isinstance(code, str) or (code and "pre" in code):
        delays["pre"] = delay
    return delays


def _end_delay(delay: Quantity, relaxation: Sending) -> Quantity:
    """Delay of the end of a pulse, so that Brian2 rounds it to the step in which the pulse ends."""
    dt = relaxation.dt
    return (int(float(delay) / dt + 0.5) * dt + relaxation.duration) * second


def _set_delay(pathway: Any, delay: Quantity) -> None:
    """Set the one delay of a pathway, also of one that refuses it to the user."""
    pathway.variables["delay"].set_value(float(delay))


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
        self._given, self._delay = (on_pre, on_post), start
        self._simulated, self._weights, self._connected_then = False, None, 0
        self._until = 0  # the time step at the end of the last run in which they were active
        helpers: list[Any] = []
        self._population: PopulationSum | None = None
        if parts.sent_by_gate and parts.weight is not None:
            self._population = PopulationSum(
                parts.sent_by_gate,
                parts.source,
                parts.target,
                parts.base.clock,
                order + _ADD - 0.5,
                f"{name}_population",
            )
            helpers.append(self._population.group)
        if parts.gate_states or parts.gate_pulses or parts.sent_by_gate:
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
        self._make_totals(name, clock, order, shared_namespace)
        helpers.append(self._totals)
        if self._population is not None:
            self._population.refer(self._driver, self._totals)
        on_pre, on_post = self._statements()
        delays = dict(parts.own_delays)
        if uniform:
            delays.update(_delays(start, on_pre, parts))
        super().__init__(
            parts.source,
            parts.target,
            model=parts.synapse_equations(own_model),
            on_pre=on_pre,
            on_post=on_post,
            delay=delays,
            namespace=shared_namespace,
            method=parts.updater(),
            clock=clock,
            order=order + _STATES,
            name=name,
            **kwargs,
        )
        if own_model is None:
            let_vectorise(self)
        self._vectorise_events()
        summands = {}
        for receptor in parts.direct:
            _, rest = parts.split(receptor)
            weight = symbol("w") if parts.weight is None else sympy.S.One
            text = to_text(parts.on_synapse(weight * rest))
            summands[f"sum_{receptor.label}"] = Expression(text)
        for updater in summed(self, self._totals, summands):
            updater.order = order + _ADD - 1
            self._contained_objects.append(updater)
        events = parts.event_code()
        if events:
            self.run_regularly(events, when="groups", order=order + _EVENTS)
        rules = parts.plan.rules
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
        self._set_view_constants()
        for relaxation in parts.relaxing.values():
            if not relaxation.on_synapse:
                for n, value in relaxation.first_values().items():
                    setattr(self._gate, n + "_", value)
            if relaxation.end is not None:
                getattr(self, relaxation.end).order = _SENT_AT_END
            self.pre.order = _SENT
        if UPDATE in parts.late:
            getattr(self, UPDATE).order = self.pre.order - 1
        self._contained_objects.append(BeforeRun(self, parts, f"{name}_checks"))

    # -- construction ------------------------------------------------------------------------

    def _statements(self) -> tuple[Any, Any]:
        """Statements of the pathways at presynaptic and postsynaptic spikes."""
        parts = self._parts
        on_pre, on_post = self._given
        if parts.relaxing and parts.plan.declarations.jumping_w:
            on_pre, on_post = parts.corrected(on_pre, "pre"), parts.corrected(on_post, "post")
        ours = parts.jumps(parts.states, "") + parts.pulse_starts(parts.synapse_pulses, "")
        ours += parts.summed_jumps()
        at_end: dict[str, list[str]] = {}
        for relaxation in parts.relaxing.values():
            if self._once_for_all(relaxation):
                continue
            for name, lines in relaxation.pathways(parts.weight is None).items():
                if name == "pre":
                    ours += lines
                else:  # receptors that share a pulse share its end
                    at_end.setdefault(name, []).extend(lines)
        rules = parts.plan.rules
        update = update_before(rules, merge_code(ours, on_pre, "pre"))
        parts.late.update({n: (text, 0 * second) for n, text in update.items()})
        others = {n: text for n, (text, _) in parts.late.items()}
        others |= {n: "\n".join(lines) for n, lines in at_end.items()}
        return (
            updating(rules, merge_code(ours, on_pre, "pre", others), "pre"),
            updating(rules, merge_code(parts.post_jumps(), on_post, "post"), "post"),
        )

    def _vectorise_events(self) -> None:
        """Where a pathway does nothing but what conductances need that each synapse sends."""
        parts = self._parts
        alone: dict[str, list[Sending]] = {}
        for relaxation in parts.relaxing.values():
            alone.setdefault("pre", []).append(relaxation)
            if relaxation.end is not None:
                alone.setdefault(relaxation.end, []).append(relaxation)
        others = parts.states or parts.summed_states or parts.synapse_pulses or parts.plan.rules
        on_pre, _ = self._given
        if others or on_pre is not None:
            alone.pop("pre", None)
        for name, sent in alone.items():
            if not any(r.on_synapse for r in sent):
                send_from_gate(getattr(self, name), getattr(self._driver, name))
            elif all(r.on_synapse and r.vectorises for r in sent):
                let_vectorise_events(
                    getattr(self, name),
                    changed=[n for r in sent for n in (*r.reals, *r.sent(), *r.integers)],
                    read=["w"] if parts.weight is None else [],
                    added=[n for r in sent for n in r.totals()],
                )

    def _once_for_all(self, relaxation: Sending) -> bool:
        """Whether all targets share one sum of what the gates send."""
        return (
            self._population is not None and self._population.form is not None and not relaxation.on_synapse
        )

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
        lines += [line for r in parts.sent_by_gate for line in r.declarations()]
        self._gate = NeuronGroup(
            len(whole),
            Equations("\n".join(lines)),
            method=parts.updater(),
            clock=clock,
            order=order + _GATE,
            namespace=namespace,
            name=f"{name}_gate",
            dtype=dict.fromkeys(
                [*map(counter, parts.gate_pulses), *(n for r in parts.sent_by_gate for n in r.integers)],
                np.int64,
            ),
        )
        pathways = self._driver_statements()
        if not pathways:  # no spike reaches the gate, as for a slow co-agonist alone
            return
        first = getattr(parts.source, "start", 0) if isinstance(parts.source, Subgroup) else 0
        n = len(parts.source)
        self._driver = Synapses(
            parts.source,
            self._gate if n == len(whole) else self._gate[first : first + n],
            model=None if self._population is None else self._population.equations,
            on_pre=pathways,
            delay={
                "pre": delay,
                **{r.end: _end_delay(delay, r) for r in parts.sent_by_gate if r.end is not None},
            },
            namespace=namespace,
            clock=clock,
            name=f"{name}_driver",
        )
        self._driver.connect(i=np.arange(n), j=np.arange(n))
        # One-to-one: no two synapses of the driver write to the same gate, so the order does not matter.
        self._driver.variables["_synaptic_post"].unique = True
        for pathway in pathways:
            getattr(self._driver, pathway).order = _KNOWN if pathway == "pre" else _KNOWN_AT_END

    def _driver_statements(self) -> dict[str, str]:
        """Statements of the driver, by pathway."""
        parts = self._parts
        code = parts.jumps(parts.gate_states, "_post") + parts.pulse_starts(parts.gate_pulses, "_post")
        pathways = {"pre": "\n".join(code)} if code else {}
        for relaxation in parts.sent_by_gate:
            for name, text in relaxation.driver_pathways().items():
                pathways[name] = "\n".join([pathways[name], text]) if name in pathways else text
        if self._population is not None and self._population.form is not None:
            for name, lines in self._population.driver_code().items():
                pathways[name] = "\n".join([pathways[name], *lines])
        return pathways

    def _make_totals(self, name: str, clock: Clock | None, order: float, namespace: Any) -> None:
        """One accumulator per target neuron, added to the target at each of its time steps."""
        parts, base = self._parts, self._parts.base
        lines = [parts.declaration(n) for n in self._homes("totals")]
        for receptor in parts.system.receptors:
            relaxation = parts.relaxing.get(receptor.label)
            if relaxation is not None:
                lines += [f"{n} : 1" for n in relaxation.totals()]
            elif receptor not in parts.summed:
                _, rest = parts.split(receptor)
                unit = unit_text(dimensions_of(rest, parts.system.dimensions(), receptor.label))
                lines.append(f"sum_{receptor.label} : {unit}")
        dims = parts.system.dimensions()
        lines += [f"{n} : {unit_text(dimensions_of(e, dims, n))}" for n, e in parts.factors.items()]
        if parts.weight is not None:
            lines.append("w : 1 (shared, constant)")
        if self._population is not None and isinstance(parts.target, Subgroup):
            lines.append(f"{MEMBER} : 1 (constant)")
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

        zero = [f"{receptor.total}_of_target = 0*siemens" for receptor in parts.system.receptors]
        each_step("\n".join(zero), _ZERO, "zero")
        self._add = each_step(self._addition(), _ADD, "add")
        if parts.factors:
            self._make_factors(name, order, clock)

    def _make_factors(self, name: str, order: float, clock: Clock | None) -> None:
        """What synaptic states read of the target, once per target."""
        parts, base, totals = self._parts, self._parts.base, self._totals
        rename = {symbol("v"): symbol(VOLTAGE)}
        lines = [f"{n} = {to_text(e.xreplace(rename))}" for n, e in parts.factors.items()]
        read = {x.name for e in parts.factors.values() for x in e.xreplace(rename).free_symbols}
        for n in sorted(read - set(totals.variables)):
            scalar = base.variables[n].scalar
            totals.variables.add_reference(
                n, base, n, index="0" if scalar else totals.variables.default_index
            )
        totals.run_regularly(
            "\n".join(lines),
            when="groups",
            order=order + _FACTORS,
            clock=defaultclock if clock is None else clock,
            name=f"{name}_factors",
        )

    def _addition(self) -> str:
        """Statements that add the conductances to the target, and let what was sent decay."""
        parts = self._parts
        lines, after = [], []
        for receptor in parts.system.receptors:
            shared, rest = parts.split(receptor)
            if parts.weight is not None:
                shared = symbol("w") * shared
            relaxation = parts.relaxing.get(receptor.label)
            if relaxation is not None and self._once_for_all(relaxation):
                open_now = relaxation.open_now(rest, self._population.amplitudes(relaxation))
                after += self._population.decays_on_target(relaxation)
            elif relaxation is not None:
                open_now = relaxation.open_now(rest, sympy.Add(*map(symbol, relaxation.totals())))
                after += relaxation.decay_code()
            elif receptor in parts.summed:
                open_now = rest
            else:
                open_now = symbol(f"sum_{receptor.label}")
            lines.append(f"{receptor.total}_of_target += {to_text(shared * open_now)}")
        return "\n".join(lines + after)

    def _create_variables(self, equations: Equations, user_dtype: Any = None) -> None:
        parts = self._parts
        integers = [n for r in parts.sent_by_synapse for n in r.integers]
        integers += map(counter, parts.synapse_pulses)
        integers += [rule.updated for rule in parts.plan.rules]
        if integers:
            user_dtype = {**(user_dtype or {}), **dict.fromkeys(integers, np.int64)}
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
            if not relaxation.on_synapse:
                for n in (*relaxation.changes(), *relaxation.sent(), *relaxation.integers):
                    refer(n, self._gate, n, "_presynaptic_idx")
                for n in relaxation.form.states:
                    self.variables.add_reference(f"_presynaptic_idx_{n}", self, "_synaptic_pre")
                    refer(n, self._gate, n, f"_presynaptic_idx_{n}")
        for n in parts.factors:
            refer(n, self._totals, n, "_postsynaptic_idx")
        if parts.weight is not None:
            refer("w", self._totals, "w", "0")
        self.variables.add_reference("_n_totals", self._totals, "N")

    def prepare(self, values: dict[str, float]) -> None:
        """Bring what was sent up to date with kinetics, time step and weights that have changed."""
        parts = self._parts
        if not parts.relaxing:
            return
        dt, runtime = float(self.clock.dt), isinstance(get_device(), RuntimeDevice)
        for group in (base_group(parts.source), parts.base):
            if float(group.clock.dt) != dt:
                raise ModelError(
                    f"{parts.where}: '{group.name}' has a time step of {group.clock.dt}, the synapses of "
                    f"{self.clock.dt}, but conductances are sent at spikes; set both before you make the "
                    "synapses, or give tolerance=None."
                )
        changed = []
        for relaxation in parts.relaxing.values():
            form = relaxation.refitted(values, dt, parts.where)
            if form is None:
                continue
            if self._simulated and (dt != relaxation.dt or not relaxation.same_pulse(values)):
                raise ModelError(
                    f"{parts.where}: the time step and the duration of a pulse cannot change between two "
                    f"runs while the conductance of '{relaxation.label}' is sent at spikes; give "
                    "tolerance=None."
                )
            if self._simulated and not runtime:
                raise ModelError(
                    f"{parts.where}: in standalone the kinetics of '{relaxation.label}' cannot change "
                    "between two runs while its conductance is sent at spikes; give tolerance=None."
                )
            gates = self._gates_now(relaxation) if self._simulated else None
            relaxation.use(form, values, dt)
            changed.append((relaxation, gates))
        if changed:
            self._rewrite()
        self._set_end_delays()
        if self._simulated and self._filler.connected != self._connected_then:
            raise ModelError(
                f"{parts.where}: synapses cannot be added between two runs while conductances are sent at "
                "spikes; give tolerance=None."
            )
        paused = self._simulated and self._now() != self._until
        if paused and not runtime:
            raise ModelError(
                f"{parts.where}: in standalone, synapses whose conductance is sent at spikes cannot be "
                "inactive in a run between two others; give tolerance=None."
            )
        if self._simulated and runtime:
            for relaxation, gates in changed:
                relaxation.restart(self._host(relaxation).variables, *gates, values, parts.where)
            if changed or paused or self._checksum() != self._weights:
                for relaxation in parts.relaxing.values():
                    self._send_anew(relaxation)
        if runtime:
            self._weights = self._checksum()
        self._simulated, self._connected_then = True, self._filler.connected

    def _rewrite(self) -> None:
        """Give all pathways their statements again."""
        on_pre, on_post = self._statements()
        for given, default in ((on_pre, "pre"), (on_post, "post")):
            given = {default: given} if isinstance(given, str) else given or {}
            for name, text in given.items():
                getattr(self, name).code = text
        if self._driver is not None:
            for name, text in self._driver_statements().items():
                getattr(self._driver, name).code = text
        self._add.abstract_code = self._addition()
        if self._population is not None:
            self._population.rewrite()
        self._set_view_constants()

    def _set_view_constants(self) -> None:
        for relaxation in self._parts.relaxing.values():
            variables = self._host(relaxation).variables
            for name, value in relaxation.view_constants().items():
                variables[name].set_value(value)

    def _set_end_delays(self) -> None:
        """A pulse ends its duration after it began, in whole time steps."""
        parts = self._parts
        for relaxation in parts.relaxing.values():
            if relaxation.end is None:
                continue
            if relaxation.on_synapse:
                self._set_end_delay_per_synapse(getattr(self, relaxation.end), relaxation)
                continue
            later = _end_delay(self._delay, relaxation)
            for synapses in (self, self._driver):
                _set_delay(getattr(synapses, relaxation.end), later)
            if not isinstance(get_device(), RuntimeDevice):  # as per synapse, below
                for path in self._uniform_pathways():
                    _set_delay(path, later - relaxation.duration * second)

    def _set_end_delay_per_synapse(self, end: Any, relaxation: Sending) -> None:
        dt, duration = relaxation.dt, relaxation.duration
        if isinstance(get_device(), RuntimeDevice):
            # in one expression Brian2 would mistake the delays of two pathways for each other
            delays = self.pre.variables["delay"].get_value().astype(float)
            end.variables["delay"].set_value((delays / dt + 0.5).astype(int) * dt + duration)
            return
        # whole steps for both pathways: half-way, what is compiled may round a delay in more than one way
        if _START_DELAY not in end.variables:
            end.variables.add_reference(_START_DELAY, self.pre, "delay")
        self.pre.delay = f"{ROUNDED}(delay, {dt!r}*second)*({dt!r}*second)"
        end.delay = f"{_START_DELAY} + {duration!r}*second"

    def _host(self, relaxation: Sending) -> Any:
        return self if relaxation.on_synapse else self._gate

    def _gates_now(self, relaxation: Sending) -> tuple[dict[str, np.ndarray], int]:
        """States and the time step, before the constants change."""
        step = self._now()
        return relaxation.now(self._host(relaxation).variables, step), step

    def _now(self) -> int:
        """The present time step."""
        return round(float(self.clock.variables["t"].get_value().item()) / float(self.clock.dt))

    def _send_anew(self, relaxation: Sending) -> None:
        """Sum again what all synapses have sent, with the weights that they have now."""
        host = self._host(relaxation).variables
        once = self._once_for_all(relaxation)
        i, j = (self.variables[n].get_value() for n in ("_synaptic_pre", "_synaptic_post"))
        i = slice(None) if relaxation.on_synapse else i
        w = self.variables["w"].get_value() if self._parts.weight is None else 1.0
        gap = (self._now() - host[relaxation.when_sent].get_value()) * relaxation.dt
        for rate, sent, total in zip(
            relaxation.form.rates, relaxation.sent(), relaxation.totals(), strict=True
        ):
            now = host[sent].get_value() * np.exp(-rate * gap)
            if once:
                self._population.send_anew(self._totals, total, now)
                continue
            amplitudes = np.zeros(len(self._totals))
            np.add.at(amplitudes, j, w * now[i])
            self._totals.variables[total].set_value(amplitudes)

    def _checksum(self) -> int:
        """Of the weights, which tells whether they have changed since the last run."""
        w = self.variables["w"]
        return 0 if self._parts.weight is not None else zlib.crc32(np.ascontiguousarray(w.get_value()).data)

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
        if self._fixed_in_runs and changes_w(code):
            raise self._weights_are_fixed()
        lines = updates(self._parts.plan.rules, code, present(when, order, self.order))
        return super().run_regularly(
            "\n".join([*lines, code]), dt=dt, clock=clock, when=when, order=order, **kwargs
        )

    run_regularly.__doc__ = Synapses.run_regularly.__doc__

    def connect(self, *args: Any, level: int = 0, **kwargs: Any) -> None:  # noqa: D102
        self._filler.before(self)
        super().connect(*args, level=level + 1, **kwargs)
        if self._population is not None:
            self._sum_once(args, kwargs)
        if self._parts.late and self._parts.plan.declarations.delay == "per_synapse":
            if self._filler.connected > 1:
                raise ModelError(
                    f"{self._parts.where}: with delay='per_synapse' and the pathway "
                    f"'{next(iter(self._parts.late))}' of the model, call connect() once."
                )
            self._set_late_delays(0 * ms)
        self._filler.after(self)

    connect.__doc__ = Synapses.connect.__doc__

    def _sum_once(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Send once for all targets if every source meets every target."""
        before, parts = self._population.form, self._parts
        self._population.connected(args, kwargs, first=self._filler.connected == 1)
        if self._population.form == before:
            return
        ends = {r.end for r in parts.relaxing.values() if r.end is not None}
        pathways = [getattr(self, name) for name in ("pre", *ends)]
        for pathway in pathways:
            pathway.code = ""
        self._rewrite()
        for pathway in pathways:  # no statements are left, or they are there again
            pathway.active = bool(pathway.code)
        self.plan = parts.plan.summed_once(
            [r.label for r in parts.sent_by_gate] if self._population.form else []
        )

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
        self._delay = value
        for path in self._uniform_pathways():
            _set_delay(path, value)
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
            if (
                parts.plan.declarations.w == "constant"
                or Network._globally_running
                or not isinstance(get_device(), RuntimeDevice)
            ):
                raise self._weights_are_fixed()
            self.variables["w"].read_only = False  # a run was refused before it began
        if any(name in sent.form.states for sent in parts.relaxing.values()):
            raise ModelError(
                f"{parts.where}: '{name}' is computed from the last event and cannot be set; give "
                "tolerance=None for a gate that is stepped."
            )

    def _weights_are_fixed(self) -> ModelError:
        if self._parts.plan.declarations.w == "constant":
            why = "were declared constant (w='constant') and a simulation has run; leave w= out"
        else:
            why = (
                "may not change during a run (in standalone: after the first) while conductances are "
                "sent at spikes; change them in on_pre= or on_post=, or give tolerance=None"
            )
        return ModelError(f"{self._parts.where}: the weights {why} if they have to change.")

    def check_variable_write(self, variable: Any) -> None:
        """Allow shared parameters to be set before ``connect``."""
        if not variable.scalar:
            super().check_variable_write(variable)

    @property
    def _fixed_in_runs(self) -> bool:
        """Whether weights may not change during a run."""
        declared = self._parts.plan.declarations
        return declared.w == "constant" or (
            bool(self._parts.relaxing) and declared.w == "per_synapse" and not declared.jumping_w
        )

    def before_run(self, run_namespace: Any) -> None:
        """Protect weights that may not change during a run, then do what `Synapses` does."""
        if self._fixed_in_runs:
            self.variables["w"].read_only = True
        device = get_device()
        if self._driver is not None and hasattr(device, "synapses"):
            # C++ standalone declares the Synapses of a Network, but not those that they contain
            device.synapses.add(self._driver)
        super().before_run(run_namespace)

    def after_run(self) -> None:
        """Allow the weights to change again, and check that what was sent held."""
        parts = self._parts
        if parts.relaxing:
            self._until = self._now() if isinstance(get_device(), RuntimeDevice) else self.clock._i_end
        if parts.relaxing and isinstance(get_device(), RuntimeDevice):
            before, self._weights = self._weights, self._checksum()
            if self._fixed_in_runs and self._weights != before:
                raise self._weights_are_fixed()  # as by synapses onto these synapses
            if parts.plan.declarations.w == "per_synapse":
                self.variables["w"].read_only = False
            for relaxation in parts.relaxing.values():
                relaxation.check(self._host(relaxation).variables, parts.where)
        if not isinstance(get_device(), RuntimeDevice):
            self._hide_internals()
        super().after_run()

    def _hide_internals(self) -> None:
        """Before the binary is built: ``run_args`` cannot set what only these objects write.

        Each variable that it can set is a branch of one C++ function, on which the compiler spends more
        than in proportion: nearly half of the build of ten such objects.
        """
        parts = self._parts
        settable = {"w", "delay", *parts.system.parameters, *parts.system.states}
        groups = [self._gate, self._kinetics, self._totals]
        if self._population is not None:
            groups += [self._population.group, self._driver]
        for group in groups:
            if group is not None:
                for name, variable in group.variables.items():
                    if getattr(variable.owner, "name", None) == group.name and name not in settable:
                        variable.read_only = True
        for relaxation in parts.sent_by_synapse:
            for name in (*relaxation.reals, *relaxation.sent(), *relaxation.integers, *relaxation.constants):
                self.variables[name].read_only = True

    def _full_state(self) -> dict[str, Any]:
        state = super()._full_state()
        state["_sent"] = self._until, {n: r.kinetics for n, r in self._parts.relaxing.items()}
        return state

    def _restore_from_full_state(self, state: dict[str, Any]) -> None:
        sent = state.pop("_sent")
        super()._restore_from_full_state(state)
        state["_sent"] = sent
        self._until, kinetics = sent
        for label, fitted in kinetics.items():
            self._parts.relaxing[label].kinetics = fitted
        if kinetics:
            self._rewrite()
            self._weights = self._checksum()
