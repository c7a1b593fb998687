"""From a plan to a `Synapses` object and its helpers."""

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
from brian2.synapses.synapses import Synapses
from brian2.units import ms, second
from brian2.units.fundamentalunits import Quantity

from brian2_nmda.brian import schedule
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
from brian2_nmda.brian.homes import INDEX_VARIABLES, Setting, homes_of
from brian2_nmda.brian.sending import ROUNDED, Sending
from brian2_nmda.brian.target import base_group, check_target, initialise_target
from brian2_nmda.lowering.plan import make_plan
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import symbol, to_text

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
        order=parts.base.order + schedule.STATES,
        name=name,
        **kwargs,
    )
    for updater in synapses.summed_updaters.values():
        # a Subgroup has another order than its group: Brian2 would sum after the target's step
        updater.order = parts.base.order - 1
    parts.set_parameters(synapses, parts.parameters_of["synapse"])
    if parts.weight is not None:
        synapses.variables["w"].set_value(parts.weight)
    code = parts.event_code()
    if code:
        synapses.run_regularly(code, when="groups", order=parts.base.order + schedule.EVENTS)
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
    delays.update({r.end: r.end_delay(delay) for r in parts.sent.values() if r.end is not None})
    if isinstance(code, str) or (code and "pre" in code):
        delays["pre"] = delay
    return delays


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
        uniform = not isinstance(delay, str)
        start = 0 * ms if delay is None else delay
        shared_namespace = parts.namespace(namespace)
        self._catch_up = None
        self._given, self._delay = (on_pre, on_post), start
        self._simulated, self._weights, self._connected_then = False, None, 0
        self._until = 0  # the time step at the end of the last run in which they were active
        self._homes = homes_of(parts)
        self._homes.build(Setting(name, clock, shared_namespace, start))
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
            order=parts.base.order + schedule.STATES,
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
        for updater in summed(self, self._homes.totals.group, summands):
            updater.order = parts.base.order + schedule.SUM
            self._contained_objects.append(updater)
        events = parts.event_code()
        if events:
            self.run_regularly(events, when="groups", order=parts.base.order + schedule.EVENTS)
        rules = parts.plan.rules
        helpers = self._homes.helpers
        if rules:
            self._catch_up = CatchUp(self, rules, f"{name}_catch_up")
            helpers.append(self._catch_up)
            helpers.append(UpdateForMonitors(self, rules, f"{name}_update_for_monitors"))
        self._contained_objects += helpers
        self._homes.initialise()
        parts.set_parameters(self, parts.parameters_of["synapse"])
        if parts.weight is not None:
            self.variables["w"].set_value(parts.weight)
        self._set_view_constants()
        for sending in parts.sent.values():
            if sending.end is not None:
                getattr(self, sending.end).order = schedule.SENT_AT_END
            self.pre.order = schedule.SENT_AT_SPIKE
        if UPDATE in parts.late:
            getattr(self, UPDATE).order = self.pre.order - 1
        self._contained_objects.append(BeforeRun(self, parts, f"{name}_checks"))

    # -- construction ------------------------------------------------------------------------

    def _statements(self) -> tuple[Any, Any]:
        """Statements of the pathways at presynaptic and postsynaptic spikes."""
        parts = self._parts
        on_pre, on_post = self._given
        if parts.sent and parts.plan.declarations.jumping_w:
            on_pre, on_post = parts.corrected(on_pre, "pre"), parts.corrected(on_post, "post")
        ours = parts.jumps(parts.states, "") + parts.pulse_starts(parts.synapse_pulses, "")
        ours += parts.summed_jumps()
        at_end: dict[str, list[str]] = {}
        for sending in parts.sent.values():
            if self._homes.summed_for_all(sending):
                continue
            for name, lines in sending.pathways(parts.weight is None).items():
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
        for sending in parts.sent.values():
            alone.setdefault("pre", []).append(sending)
            if sending.end is not None:
                alone.setdefault(sending.end, []).append(sending)
        others = parts.states or parts.summed_states or parts.synapse_pulses or parts.plan.rules
        on_pre, _ = self._given
        if others or on_pre is not None:
            alone.pop("pre", None)
        for name, sent in alone.items():
            if not any(r.on_synapse for r in sent):
                send_from_gate(getattr(self, name), getattr(self._homes.driver, name))
            elif all(r.on_synapse and r.vectorises for r in sent):
                let_vectorise_events(
                    getattr(self, name),
                    changed=[n for r in sent for n in (*r.reals, *r.sent(), *r.integers)],
                    read=["w"] if parts.weight is None else [],
                    added=[n for r in sent for n in r.totals()],
                )

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

        for r in self._homes.references():
            index = r.index
            if r.own_index:
                index = f"{r.index}_{r.name}"
                self.variables.add_reference(index, self, INDEX_VARIABLES.get(r.index, r.index))
            refer(r.name, r.group, r.variable, index)

    def prepare(self, values: dict[str, float]) -> None:
        """Bring what was sent up to date with kinetics, time step and weights that have changed."""
        parts = self._parts
        if not parts.sent:
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
        for sending in parts.sent.values():
            form = sending.refitted(values, dt, parts.where)
            if form is None:
                continue
            if self._simulated and (dt != sending.dt or not sending.same_pulse(values)):
                raise ModelError(
                    f"{parts.where}: the time step and the duration of a pulse cannot change between two "
                    f"runs while the conductance of '{sending.label}' is sent at spikes; give "
                    "tolerance=None."
                )
            if self._simulated and not runtime:
                raise ModelError(
                    f"{parts.where}: in standalone the kinetics of '{sending.label}' cannot change "
                    "between two runs while its conductance is sent at spikes; give tolerance=None."
                )
            gates = self._gates_now(sending) if self._simulated else None
            sending.use(form, values, dt)
            changed.append((sending, gates))
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
            for sending, gates in changed:
                sending.restart(self._keeper(sending).variables, *gates, values, parts.where)
            if changed or paused or self._checksum() != self._weights:
                for sending in parts.sent.values():
                    self._send_anew(sending)
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
        if self._homes.driver is not None:
            for name, text in self._homes.gate.driver_statements(self._homes).items():
                getattr(self._homes.driver, name).code = text
        self._homes.totals.addition.abstract_code = self._homes.totals.addition_code(self._homes)
        if self._homes.population is not None:
            self._homes.population.rewrite()
        self._set_view_constants()

    def _set_view_constants(self) -> None:
        for sending in self._parts.sent.values():
            variables = self._keeper(sending).variables
            for name, value in sending.view_constants().items():
                variables[name].set_value(value)

    def _set_end_delays(self) -> None:
        """A pulse ends its duration after it began, in whole time steps."""
        parts = self._parts
        for sending in parts.sent.values():
            if sending.end is None:
                continue
            if sending.on_synapse:
                self._set_end_delay_per_synapse(getattr(self, sending.end), sending)
                continue
            later = sending.end_delay(self._delay)
            for synapses in (self, self._homes.driver):
                _set_delay(getattr(synapses, sending.end), later)
            if not isinstance(get_device(), RuntimeDevice):  # as per synapse, below
                for path in self._uniform_pathways():
                    _set_delay(path, later - sending.duration * second)

    def _set_end_delay_per_synapse(self, end: Any, sending: Sending) -> None:
        dt, duration = sending.dt, sending.duration
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

    def _keeper(self, sending: Sending) -> Any:
        return self if sending.on_synapse else self._homes.gate.group

    def _gates_now(self, sending: Sending) -> tuple[dict[str, np.ndarray], int]:
        """States and the time step, before the constants change."""
        step = self._now()
        return sending.now(self._keeper(sending).variables, step), step

    def _now(self) -> int:
        """The present time step."""
        return round(float(self.clock.variables["t"].get_value().item()) / float(self.clock.dt))

    def _send_anew(self, sending: Sending) -> None:
        """Sum again what all synapses have sent, with the weights that they have now."""
        keeper, totals = self._keeper(sending).variables, self._homes.totals
        for_all = self._homes.summed_for_all(sending)
        i, j = (self.variables[n].get_value() for n in ("_synaptic_pre", "_synaptic_post"))
        i = slice(None) if sending.on_synapse else i
        w = self.variables["w"].get_value() if self._parts.weight is None else 1.0
        gap = (self._now() - keeper[sending.when_sent].get_value()) * sending.dt
        for rate, sent, total in zip(sending.form.rates, sending.sent(), sending.totals(), strict=True):
            now = keeper[sent].get_value() * np.exp(-rate * gap)
            if for_all:
                self._homes.population.send_anew(totals.group, total, now)
                continue
            amplitudes = np.zeros(len(totals.group))
            np.add.at(amplitudes, j, w * now[i])
            totals.group.variables[total].set_value(amplitudes)

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
        if self._homes.population is not None:
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
        before, parts = self._homes.population.form, self._parts
        self._homes.population.connected(args, kwargs, first=self._filler.connected == 1)
        if self._homes.population.form == before:
            return
        ends = {r.end for r in parts.sent.values() if r.end is not None}
        pathways = [getattr(self, name) for name in ("pre", *ends)]
        for pathway in pathways:
            pathway.code = ""
        self._rewrite()
        for pathway in pathways:  # no statements are left, or they are there again
            pathway.active = bool(pathway.code)
        self.plan = parts.plan.summed_once(
            [r.label for r in parts.sent_by_gate] if self._homes.population.form else []
        )

    def _set_late_delays(self, delay: Any) -> None:
        for name, (_, latency) in self._parts.late.items():
            later = f"({delay}) + {float(latency)!r}*second" if isinstance(delay, str) else delay + latency
            getattr(self, name).delay = later

    def _uniform_pathways(self) -> list[Any]:
        paths = [] if self._homes.driver is None else [self._homes.driver.pre]
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
        home = self._homes.of(name) if name in self._parts.system.parameters else None
        if name == "w" and self._parts.weight is not None:
            home = self._homes.totals
        if home is not None:
            return home.group.state(name, use_units, level + 1)
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
        if any(name in sent.form.states for sent in parts.sent.values()):
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
            bool(self._parts.sent) and declared.w == "per_synapse" and not declared.jumping_w
        )

    def before_run(self, run_namespace: Any) -> None:
        """Protect weights that may not change during a run, then do what `Synapses` does."""
        if self._fixed_in_runs:
            self.variables["w"].read_only = True
        device = get_device()
        if self._homes.driver is not None and hasattr(device, "synapses"):
            # C++ standalone declares the Synapses of a Network, but not those that they contain
            device.synapses.add(self._homes.driver)
        super().before_run(run_namespace)

    def after_run(self) -> None:
        """Allow the weights to change again, and check that what was sent held."""
        parts = self._parts
        if parts.sent:
            self._until = self._now() if isinstance(get_device(), RuntimeDevice) else self.clock._i_end
        if parts.sent and isinstance(get_device(), RuntimeDevice):
            before, self._weights = self._weights, self._checksum()
            if self._fixed_in_runs and self._weights != before:
                raise self._weights_are_fixed()  # as by synapses onto these synapses
            if parts.plan.declarations.w == "per_synapse":
                self.variables["w"].read_only = False
            for sending in parts.sent.values():
                sending.check(self._keeper(sending).variables, parts.where)
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
        groups = [home.group for home in self._homes]
        if self._homes.population is not None:
            groups += [self._homes.population.group, self._homes.driver]
        for group in groups:
            if group is not None:
                for name, variable in group.variables.items():
                    if getattr(variable.owner, "name", None) == group.name and name not in settable:
                        variable.read_only = True
        for sending in parts.sent_by_synapse:
            for name in (*sending.reals, *sending.sent(), *sending.integers, *sending.constants):
                self.variables[name].read_only = True

    def _full_state(self) -> dict[str, Any]:
        state = super()._full_state()
        state["_sent"] = self._until, {n: r.kinetics for n, r in self._parts.sent.items()}
        return state

    def _restore_from_full_state(self, state: dict[str, Any]) -> None:
        sent = state.pop("_sent")
        super()._restore_from_full_state(state)
        state["_sent"] = sent
        self._until, kinetics = sent
        for label, fitted in kinetics.items():
            self._parts.sent[label].kinetics = fitted
        if kinetics:
            self._rewrite()
            self._weights = self._checksum()
