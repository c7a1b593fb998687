"""The `Synapses` object of a plan.

`NMDASynapses` itself says what a user does with it; the places beside it are `homes`, what happens at events
are `pathways`, what happens between runs is `between_runs`.
"""

import difflib
import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import sympy
from brian2.core.clocks import Clock, defaultclock
from brian2.core.names import find_name
from brian2.core.preferences import prefs
from brian2.equations.equations import Equations, Expression
from brian2.synapses.synapses import Synapses
from brian2.units import ms, second
from brian2.units.fundamentalunits import Quantity

from brian2_nmda.brian import schedule
from brian2_nmda.brian.assembly import Assembly, counter
from brian2_nmda.brian.between_runs import BetweenRuns
from brian2_nmda.brian.catch_up import CatchUp, UpdateForMonitors, present, updates
from brian2_nmda.brian.checks import BeforeRun, check_device, check_groups, declare, event_of
from brian2_nmda.brian.compiled import has_tables, let_vectorise, shorten_builds, summed, take_in_turn
from brian2_nmda.brian.delays import Delays
from brian2_nmda.brian.filling import Filler
from brian2_nmda.brian.given_code import changes_w
from brian2_nmda.brian.homes import Setting
from brian2_nmda.brian.in_blocks import BesideOthers, InBlocks
from brian2_nmda.brian.internals import (
    SynapsesOfModel,
    check_text,
    contain,
    declare_to_device,
    index_name,
    is_protected,
    stored_as,
    value_of,
    write,
)
from brian2_nmda.brian.naive import naive_synapses
from brian2_nmda.brian.pathways import Pathways, with_events
from brian2_nmda.brian.places import bring_together, check_given, homes_of
from brian2_nmda.brian.tables import Propagators, RecordedPropagators
from brian2_nmda.brian.target import base_group, check_target, initialise_target
from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.lowering.plan import make_plan
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import symbol, to_text
from brian2_nmda.symbolic.ports import SYNAPSE
from brian2_nmda.symbolic.text import check_connection, check_equations, check_expression, check_statements


def build_synapses(
    model: Any,
    source: Any,
    target: Any,
    *,
    delay: Quantity | str | None,
    w: str | float,
    per_synapse: Iterable[str],
    method: str | None,
    optimize: bool | str,
    tolerance: float | None,
    efficacy: str,
    own_model: str | Equations | None,
    on_pre: str | Mapping[str, str] | None,
    on_post: str | Mapping[str, str] | None,
    namespace: Mapping[str, Any] | None,
    name: str,
    dt: Quantity | None,
    clock: Clock | None,
    places: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> Synapses:
    """Make the Brian2 objects of `GlutamateSynapse.synapses`."""
    target = source if target is None else target
    _check_arguments(kwargs, f"{model.name}.synapses")
    where = f"{model.name}.synapses"
    own_delays: dict[str, Quantity] = {}
    if isinstance(delay, Mapping):  # the transmitter takes that of the pathway 'pre'
        own_delays = {k: d for k, d in delay.items() if k != "pre"}
        delay = delay.get("pre")
    in_blocks, optimize = _in_blocks(optimize, where)
    check_device(optimize, where)
    on_event = kwargs.get("on_event", "spike")
    event, post_event = (event_of(on_event, side) for side in ("pre", "post"))
    check_groups(source, target, event, where)
    check_statements(on_pre, f"{where}, on_pre")
    check_statements(on_post, f"{where}, on_post")
    read = _read_in_equations(own_model, f"{where}, model")
    declarations, weight = declare(delay, w, per_synapse, method, optimize, tolerance, efficacy, read, where)
    check_target(model, target, where)
    clock = _clock(dt, clock, where)
    step = float((defaultclock if clock is None else clock).dt)
    declarations = replace(
        declarations,
        same_steps=all(float(g.clock.dt) == step for g in (base_group(source), base_group(target))),
        single_precision=np.dtype(prefs.core.default_float_dtype) != np.float64,
        jumping_w=changes_w(on_pre) or changes_w(on_post),
        read_at_post=_names_in(on_post),
        shared_post="post" not in own_delays and post_event == "spike",
        in_blocks=in_blocks,
        read_at_pre=_names_in(on_pre),
    )
    given = check_given(model.system, places, target, where)
    declarations = _with_tables(declarations, target)
    plan = make_plan(model.system, declarations, step)
    assembly = Assembly(model, plan, source, target, weight, tolerance, own_delays, step, where, given)
    _check_assembly(assembly, kwargs.pop("order", None), post_event)
    initialise_target(model, target)
    shorten_builds()
    form = NMDASynapses if optimize else naive_synapses
    return form(assembly, delay, own_model, on_pre, on_post, namespace, find_name(name), clock, kwargs)


def _check_assembly(assembly: Assembly, order: Any, post_event: str) -> None:
    """Check what the user gave against what the model needs."""
    system, where = assembly.system, assembly.where
    assembly.check_names()
    if order is not None:
        raise ModelError(f"{where}: the order of the synapses is set by the plan; leave out order=.")
    clash = set(assembly.own_delays) & set(assembly.delayed)
    if clash:
        raise ModelError(
            f"{where}: the delay of '{clash.pop()}' follows from the latency of the model and the delay of "
            "the transmitter; leave it out."
        )
    if system.on_post_spike and post_event not in assembly.target.events:
        first = next(iter(system.on_post_spike))
        missing = "never spikes" if post_event == "spike" else f"has no event '{post_event}'"
        write = "a threshold= (and reset=)" if post_event == "spike" else "one"
        raise ModelError(
            f"{where}: '{first}' changes at postsynaptic spikes, but the target '{assembly.base.name}' "
            f"{missing}; give it {write}."
        )


def _read_in_equations(own_model: str | Equations | None, where: str) -> frozenset[str]:
    """Names in equations of the user's, which are checked."""
    if own_model is not None:
        check_equations(own_model, where)
    own = Equations(own_model) if isinstance(own_model, str) else own_model
    return frozenset(x for e in (own or {}).values() for x in e.identifiers)


def _with_tables(declarations: Declarations, target: Any) -> Declarations:
    """Add what decides whether propagators can come from tables."""
    return replace(declarations, tables=has_tables(), on_target=frozenset(base_group(target).variables))


def _in_blocks(optimize: bool | str, where: str) -> tuple[bool, bool]:
    """Whether states are to be advanced in blocks, and whether the plan is to be chosen at all."""
    if isinstance(optimize, str) and optimize != "blocks":
        raise ModelError(f"{where}: optimize has to be True, False or 'blocks', found {optimize!r}.")
    return optimize == "blocks", bool(optimize)


def _clock(dt: Quantity | None, clock: Clock | None, where: str) -> Clock | None:
    """The clock that is given as such or as a time step."""
    if dt is not None and clock is not None:
        raise ModelError(f"{where}: give dt= or clock=, not both.")
    return clock if dt is None else Clock(dt)


def _check_arguments(kwargs: Mapping[str, Any], where: str) -> None:
    """Check what is passed on to `Synapses`."""
    known = {*inspect.signature(Synapses).parameters} - {"kwds"}
    ours = {"tolerance", "optimize", "efficacy", "per_synapse", "places", "w"}
    for name in kwargs:
        if name not in known:
            close = difflib.get_close_matches(name, [*known, *ours], 1)
            raise TypeError(
                f"{where}() got an unexpected argument '{name}'."
                + (
                    f" Did you mean '{close[0]}'?"
                    if close
                    else f" It takes {', '.join(sorted(known | ours))}."
                )
            )


def _names_in(given: str | Mapping[str, str] | None) -> frozenset[str]:
    """Names in statements of the user's."""
    texts = given.values() if isinstance(given, Mapping) else [given or ""]
    return frozenset(name for text in texts for name in re.findall(r"[A-Za-z_]\w*", text))


class NMDASynapses(SynapsesOfModel):
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
        assembly: Assembly,
        delay: Any,
        own_model: Any,
        on_pre: Any,
        on_post: Any,
        namespace: Any,
        name: str,
        clock: Clock | None,
        kwargs: dict[str, Any],
    ) -> None:
        self._assembly = assembly
        self.plan = assembly.plan
        self._filler = Filler(assembly)
        self._catch_up: CatchUp | None = None
        self._in_blocks: InBlocks | None = None
        self._propagators: list[Propagators] = []
        own = Equations(own_model) if isinstance(own_model, str) else own_model or {}
        self._written_by_user = {x for e in own.values() for x in e.identifiers}
        self._written_by_user |= _names_in(on_pre) | _names_in(on_post)
        namespace = assembly.namespace(namespace)
        self._homes = homes_of(assembly)
        start = 0 * ms if delay is None or isinstance(delay, str) else delay
        events = (event_of(kwargs.get("on_event", "spike"), side) for side in ("pre", "post"))
        self._homes.build(Setting(name, clock, namespace, start, *events))
        self._event_pathways = Pathways(assembly, self._homes, on_pre, on_post)
        self._transmitter_delay = Delays(self._event_pathways, delay)
        self._between_runs = BetweenRuns(self, self._event_pathways, self._transmitter_delay)
        super().__init__(
            assembly.source,
            assembly.target,
            model=assembly.synapse_equations(own_model),
            on_pre=self._event_pathways.on_pre,
            on_post=self._event_pathways.on_post,
            delay=self._transmitter_delay.first(),
            namespace=namespace,
            method=assembly.updater(),
            clock=clock,
            order=assembly.base.order + schedule.STATES,
            name=name,
            **with_events(kwargs, [*self._event_pathways.delayed, *self._event_pathways.ends]),
        )
        let_vectorise(self, own)
        take_in_turn(self)
        self._event_pathways.arrange(self)
        self._contain_helpers()
        self._homes.initialise()
        assembly.set_parameters(self, assembly.parameters_of[SYNAPSE])
        if assembly.weight is not None:
            write(self, "w", assembly.weight)
        self._between_runs.set_view_constants()
        self._before_run = BeforeRun(self, assembly, f"{name}_checks", self._homes)
        contain(self, [self._before_run])

    # -- construction ------------------------------------------------------------------------

    def _contain_helpers(self) -> None:
        """Add the objects that run beside the synapses; Brian2 runs those of one order as they were added."""
        assembly, name = self._assembly, self.name
        contain(self, self._sums())
        contain(self, bring_together(self, assembly, self._homes))
        events = assembly.event_code()
        if events:
            self.run_regularly(events, when="groups", order=assembly.base.order + schedule.EVENTS)
        helpers, rules = self._homes.helpers, assembly.plan.rules
        if rules:
            self._catch_up = CatchUp(self, rules, f"{name}_catch_up")
            helpers += [self._catch_up, UpdateForMonitors(self, rules, f"{name}_update_for_monitors")]
        helpers += self._advance_in_blocks(assembly, name) + self._advance_by_tables(assembly, name)
        contain(self, helpers)

    def _advance_in_blocks(self, assembly: Assembly, name: str) -> list[Any]:
        """What advances synapses many time steps at once, if the plan does."""
        if assembly.coefficients is None:
            return []
        self._in_blocks = InBlocks(self, assembly, self._homes, f"{name}_blocks")
        super().run_regularly(assembly.coefficients.code(), when="start", order=schedule.CATCH_UP)
        return [self._in_blocks, BesideOthers(self._in_blocks, self, f"{name}_before_blocks")]

    def _advance_by_tables(self, assembly: Assembly, name: str) -> list[Any]:
        """What advances synapses by propagators of their targets, if the plan does."""
        tables = enumerate(assembly.plan.tables)
        self._propagators = [Propagators(self, assembly, self._homes, t, k) for k, t in tables]
        if not self._propagators:
            return []
        return [*self._propagators, RecordedPropagators(self._propagators, self, f"{name}_recorded")]

    def _sums(self) -> list[Any]:
        """What sums conductances over the synapses of each target at each step."""
        assembly, summands = self._assembly, {}
        for receptor in assembly.summed_each_step:
            _, rest = assembly.split(receptor)
            weight = symbol("w") if assembly.weight is None else sympy.S.One
            summands[f"sum_{receptor.label}"] = Expression(to_text(assembly.on_synapse(weight * rest)))
        updaters = summed(self, self._homes.totals.group, summands)
        for updater in updaters:
            updater.order = assembly.base.order + schedule.SUM
        return updaters

    def _own_types(self) -> dict[str, Any]:
        assembly = self._assembly
        integers = [n for s in assembly.sent_by_synapse for n in s.integers]
        integers += map(counter, assembly.synapse_pulses)
        integers += [rule.updated for rule in assembly.plan.rules]
        return dict.fromkeys(integers, np.int64)

    def _add_own_variables(self) -> None:
        assembly = self._assembly
        for r in self._homes.references():
            if r.name in self.variables:
                raise ModelError(
                    f"{assembly.where}: '{r.name}' exists already on the source, the target or in your "
                    "model=; rename it, or give the part another label=."
                )
            r.add_to(self)

    # -- what a user does with it ------------------------------------------------------------

    def _is_users(self, name: str) -> bool:
        """Whether the user wrote a name; another one may stand for something else in the script."""
        return name in self._written_by_user

    def run_regularly(  # noqa: D102
        self,
        code: str,
        dt: Any = None,
        clock: Any = None,
        when: str = "start",
        order: float = 0,
        **kwargs: Any,
    ) -> Any:
        check_statements(code, f"{self._assembly.where}, run_regularly")
        if self._between_runs.weights_are_fixed and changes_w(code):
            raise self._between_runs.fixed_weights()
        self._written_by_user |= _names_in(code)
        for propagators in self._propagators:
            propagators.changed_by_others |= propagators.reads(_names_in(code))
        if self._in_blocks is not None and self._in_blocks.reads(_names_in(code)):
            raise ModelError(
                f"{self._assembly.where}: run_regularly reads or changes what is advanced in blocks of time "
                "steps, optimize='blocks'; leave that out."
            )
        lines = updates(self._assembly.plan.rules, code, present(when, order, self.order))
        return super().run_regularly(
            "\n".join([*lines, code]), dt=dt, clock=clock, when=when, order=order, **kwargs
        )

    run_regularly.__doc__ = Synapses.run_regularly.__doc__

    def connect(self, *args: Any, level: int = 0, **kwargs: Any) -> None:  # noqa: D102
        check_connection([*args, *kwargs.values()], f"{self._assembly.where}, connect")
        self._filler.before(self)
        super().connect(*args, level=level + 1, **kwargs)
        first = self._filler.connected == 1
        self._between_runs.connections = self._filler.connected
        population = self._homes.population
        if population is not None and self._event_pathways.sum_for_all(self, args, kwargs, first):
            self._between_runs.set_view_constants()
            labels = [r.label for r in self._assembly.sent_by_gate]
            self.plan = self._assembly.plan.summed_for_all(labels if population.form else [])
        if self._event_pathways.delayed and self._transmitter_delay.per_synapse:
            if not first:
                raise ModelError(
                    f"{self._assembly.where}: with delay='per_synapse' and the pathway "
                    f"'{next(iter(self._event_pathways.delayed))}' of the model, call connect() once."
                )
            self._transmitter_delay.set_delayed(self, 0 * ms)
        self._filler.after(self)

    connect.__doc__ = Synapses.connect.__doc__

    @property
    def delay(self) -> Any:
        """The synaptic delay; one value unless ``delay='per_synapse'`` was declared."""
        return check_text(self._transmitter_delay.get(self), self._text_check("delay"), of_delays=True)

    @delay.setter
    def delay(self, value: Any) -> None:  # reached by nobody who gives names in a string
        self._transmitter_delay.set(self, value, level=1)

    def binary_names(self) -> dict[str, str]:
        """How a C++ standalone binary calls what ``device.run(run_args=...)`` may set, by the name here.

        ``run_args={S.gmax_NMDA: 1*nS}`` needs no such name; the binary's own command line does, and so does
        a list, ``run_args=['synapses_totals.gmax_NMDA=1e-9']``. States are values at the start. What the
        target has as a variable (``post_equations(variable=...)``) is among them. Rates and the pulse of what
        is sent at spikes (see the plan) keep their values: the binary stops if they are changed. With
        ``tolerance=None`` nothing is sent, and they may change.

        Examples
        --------
        >>> from brian2 import NeuronGroup, SpikeGeneratorGroup, ms
        >>> from brian2_nmda import BioNMDA, GlutamateSynapse
        >>> model = GlutamateSynapse(BioNMDA())
        >>> equations = 'v = -60*mV : volt' + model.post_equations(variable=['Mg'])
        >>> neuron = NeuronGroup(1, equations, name='neuron')
        >>> source = SpikeGeneratorGroup(1, [0], [1]*ms)
        >>> names = model.synapses(source, neuron, name='S').binary_names()
        >>> [names[n] for n in ('w', 'gmax_NMDA', 'beta1_NMDA', 'Mg')]
        ['S.w', 'S_totals.gmax_NMDA', 'S_gate.beta1_NMDA', 'neuron.Mg']
        """
        assembly, found = self._assembly, {}
        for name in ("w", *assembly.system.parameters, *assembly.system.states):
            stored = stored_as(self, name) or stored_as(assembly.base, name)
            if stored is not None:
                found[name] = stored
        return found

    def coarsest_step(self) -> Quantity:
        """The longest time step of a quiet phase, such as the hours after an induction.

        The time step may change between two runs, also in one C++ standalone build: ``run(2*second)``, then
        ``defaultclock.dt = S.coarsest_step()`` and ``run(8*hour)``. Every state with a stepped equation then
        still relaxes over at least one step, with its thresholds passed and channels open. States with an
        exact step do not limit it, so wait until calcium is below the thresholds before you change the step:
        one that is passed within a step is noticed at its end. What the plan says is held over the step, and
        sums over the synapses of a place, are of order 1 in it: a relative error of about the step over the
        time constant of the slow state. What cannot follow needs ``active = False`` in that phase: a target
        with ``method='euler'``, a `SpikeGeneratorGroup` with two spikes in a step (neither may spike in the
        last step before). The start of the phase has to be a multiple of the step.

        Returns
        -------
        Quantity
            A time, 1, 2 or 5 times a power of ten.

        Raises
        ------
        ModelError
            If conductances are sent at spikes or a pulse is counted in time steps, which hold for one step
            (for pulses see `begin_rest`).

        Examples
        --------
        >>> from brian2 import NeuronGroup, SpikeGeneratorGroup, ms, mV
        >>> from brian2_nmda import GlutamateSynapse
        >>> from brian2_nmda.equations import LatePhase, ProteinSynthesis, TwoExponentialAMPA
        >>> model = GlutamateSynapse(
        ...     TwoExponentialAMPA(), plasticity=LatePhase(), parts=ProteinSynthesis()
        ... )
        >>> equations = 'v : volt' + model.post_equations()
        >>> neuron = NeuronGroup(1, equations, threshold='v > 0*mV', reset='v = -70*mV')
        >>> S = model.synapses(SpikeGeneratorGroup(1, [0], [1]*ms), neuron)
        >>> S.connect()
        >>> float(S.coarsest_step())  # s
        0.2
        """
        return self._before_run.coarsest_step() * second

    def begin_rest(self) -> None:
        """Begin a phase without spikes, in which the time step may be longer.

        Pulses that are under way end, and no spike may arrive until `end_rest`: wait until transmitter is
        gone and channels are closed, and give the source and the target ``active = False`` (and these
        synapses ``active = True``, if they have a ``run_regularly``: a source contains them then). After it,
        `coarsest_step` allows what closing channels bear. States that follow calcium are of first order.

        Raises
        ------
        ModelError
            If conductances are sent at spikes, or states are advanced at spikes or in blocks.
        """
        plan = self.plan
        if plan.sent or plan.rules or plan.in_blocks:
            advice = "give tolerance=None" if plan.sent else "leave efficacy= and optimize= out"
            raise ModelError(
                f"{self._assembly.where}: begin_rest() needs synapses that are stepped; {advice}."
            )
        for name in self._assembly.gate_pulses:
            write(self._homes.gate.group, counter(name), 0)
        for name in self._assembly.synapse_pulses:
            write(self, counter(name), 0)
        self._before_run.resting = True

    def end_rest(self) -> None:
        """End the phase that `begin_rest` began; set the shorter time step again."""
        self._before_run.resting = False

    def state(self, name: str, use_units: bool = True, level: int = 0) -> Any:
        """As for any group; what all synapses share is returned by the helper that stores it.

        That makes ``device.run(run_args={S.beta1_NMDA: ...})`` name the variable that exists.
        """
        if self._catch_up is not None and name in self._assembly.at_spikes:
            self._catch_up.now()
        if self._in_blocks is not None and self._in_blocks.reads([name]):
            self._in_blocks.now()
        home = self._homes.of(name)
        if name == "w" and self._assembly.weight is not None:
            home = self._homes.totals
        owner = super() if home is None else home.group
        return check_text(owner.state(name, use_units, level + 1), self._text_check(name))

    def _text_check(self, name: str) -> Callable[[str], None]:
        where = f"{self._assembly.where}, '{name}'"
        return lambda text: check_expression(text, where)

    def __setattr__(self, name: str, value: Any, level: int = 0) -> None:
        """As for any group, with advice for what Brian2 could only refuse."""
        assembly = self.__dict__.get("_assembly")
        if assembly is not None and "variables" in self.__dict__:
            self._check_assignment(name, value, assembly)
        if name == "delay":
            self._transmitter_delay.set(self, value, level + 1)
        else:
            super().__setattr__(name, value, level + 1)

    def _check_assignment(self, name: str, value: Any, assembly: Assembly) -> None:
        known = name in self.variables
        if isinstance(value, str) and (known or name == "delay"):
            check_expression(value, f"{assembly.where}, '{name}'")
        if name in assembly.system.parameters and not known:
            raise ModelError(
                f"{assembly.where}: '{name}' acts on the target; write post_equations(variable=['{name}']) "
                f"and set it there ({assembly.base.name}.{name} = ...)."
            )
        # of delays, which Brian2 2.11 has among the variables, the pathways judge
        shared = known and name != "delay" and self.variables[name].scalar
        if shared and np.size(value) > 1 and not isinstance(value, str):
            declare_it = f"per_synapse=['{name}']" if name != "w" else "w='per_synapse' (or leave w out)"
            raise ModelError(
                f"{assembly.where}: '{name}' is one value for all synapses, found {np.size(value)}; declare "
                f"{declare_it} for one value per synapse."
            )
        if shared and isinstance(value, str):
            differing = sorted({"rand", "randn", "i", "j"} & _names_in(value))
            if differing or any(n.endswith(("_pre", "_post")) for n in _names_in(value)):
                declare_it = f"per_synapse=['{name}']" if name != "w" else "w='per_synapse' (or leave w out)"
                raise ModelError(
                    f"{assembly.where}: '{name}' is one value for all synapses, but {value!r} has another "
                    f"one for each; declare {declare_it}."
                )
        if known and name != "delay" and not isinstance(value, str) and np.size(value) > 1:
            self._check_common_elements(name, np.asarray(value))
        if name == "w" and known and (is_protected(self, "w") or self._between_runs.fixed_in_binary):
            self._between_runs.release_weights()
        if any(name in sending.form.states for sending in assembly.sent.values()):
            raise ModelError(
                f"{assembly.where}: '{name}' is computed from the last event and cannot be set; give "
                "tolerance=None for a gate that is stepped."
            )

    def _check_common_elements(self, name: str, values: np.ndarray) -> None:
        """Refuse different values for synapses that see one element of a presynaptic neuron or a place."""
        index = index_name(self, name)
        if index not in self.variables:  # one element for each synapse
            return
        try:
            element = np.asarray(value_of(self.variables[index]))
        except NotImplementedError:  # only the binary of C++ standalone will know
            return
        if element.shape != values.shape:
            return
        last = np.zeros(element.max() + 1, values.dtype)
        last[element] = values
        if not np.array_equal(last[element], values):
            (row,) = [r for r in self.plan.rows if r.variable == name] or [None]
            where = "in one place for several of these synapses" if row is None else f"on the {row.lives_on}"
            raise ModelError(
                f"{self._assembly.where}: '{name}' lives {where}, since nothing makes it differ between its "
                f"synapses, but is given different values for them. Give one value for each, use sources "
                "of their own for synapses that have to differ, or optimize=False."
            )

    def check_variable_write(self, variable: Any) -> None:
        """Allow shared parameters to be set before ``connect``, and no weights that the binary keeps."""
        if variable is self.variables["w"] and self._between_runs.fixed_in_binary:
            raise self._between_runs.fixed_weights()
        if not variable.scalar:
            super().check_variable_write(variable)

    # -- called by the network ---------------------------------------------------------------

    def before_run(self, run_namespace: Any) -> None:
        """Protect weights that may not change during a run, then do what `Synapses` does."""
        self._between_runs.protect_weights()
        if self._homes.driver is not None:
            declare_to_device(self._homes.driver)
        super().before_run(run_namespace)

    def after_run(self) -> None:
        """Allow the weights to change again, and check that what was sent held."""
        self._between_runs.finish()
        super().after_run()

    def _stored_beside(self) -> Any:
        return self._between_runs.stored()

    def _restore_beside(self, stored: Any) -> None:
        self._between_runs.restore(stored)
