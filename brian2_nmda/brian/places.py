"""Places that a model states: the neuron, and domains of the user's such as dendrites or astrocytes.

Each is a `Home` with one element per neuron or domain. Its group is ours (the user says how many elements
there are), or the user's, with `equations_at` in its equations; then several synapse objects may share it.
Its states are advanced from the values at the start of the step, as the states of the synapses are.
"""

import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import sympy
from brian2.core.clocks import Clock
from brian2.core.functions import Function
from brian2.equations.equations import Equations, Expression, SingleEquation
from brian2.groups.group import CodeRunner
from brian2.groups.neurongroup import NeuronGroup
from brian2.groups.subgroup import Subgroup
from brian2.input.timedarray import TimedArray
from brian2.synapses.synapses import Synapses
from brian2.units import second
from brian2.units.fundamentalunits import DimensionMismatchError, Quantity

from brian2_nmda.brian import schedule
from brian2_nmda.brian.assembly import Assembly, index_name
from brian2_nmda.brian.helpers import HelperGroup, HelperSynapses
from brian2_nmda.brian.homes import (
    POSTSYNAPTIC,
    Gate,
    Home,
    Homes,
    Reference,
    Setting,
    SummedStates,
    Totals,
)
from brian2_nmda.brian.internals import (
    contain,
    declare_to_device,
    has_pathway,
    known_value,
    make_code,
    one_to_one,
    refer_one_to_one,
    run_after,
    stop_in_binary,
    sum_over_synapses,
)
from brian2_nmda.brian.sending import refusing
from brian2_nmda.brian.target import VOLTAGE, TargetEquations, base_group, neuron_names
from brian2_nmda.lowering.places import NEURON
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import (
    dimensions_of,
    is_external,
    number,
    symbol,
    to_text,
    unit_symbol,
    unit_text,
)
from brian2_nmda.symbolic.system import System

_v = symbol("v")


def stated_states(system: System, place: str) -> list[str]:
    """States that live at a place because the model says so."""
    return [n for n in system.states if system.place.get(n) == place]


def stated_definitions(system: System, place: str) -> list[str]:
    """Named expressions of a place."""
    return [n for n in system.definitions if system.place.get(n) == place]


def totals_of(system: System, place: str) -> list[str]:
    """Sums over the synapses of a place."""
    return [n for n, t in system.totals.items() if t.place == place]


def total_unit(system: System, name: str) -> str:
    """The unit of a sum."""
    return unit_text(dimensions_of(system.totals[name].expression, system.dimensions(), name))


def check_given(system: System, places: Mapping[str, Any] | None, target: Any, where: str) -> dict[str, Any]:
    """Check what the user says of each place: a number of elements, or a group of the user's.

    Raises
    ------
    ModelError, TypeError
        For a place that is missing or unknown, or a group without the equations of the model.
    """
    given = dict(places or {})
    for name in given:
        if name not in system.places:
            known = ", ".join(system.places) or "none"
            raise ModelError(f"{where}: places={{'{name}': ...}} is no place of this model; it has {known}.")
    for place in system.places:
        value = given.get(place)
        if value is None and place != NEURON:
            raise ModelError(
                f"{where}: the model has parts at '{place}'; say how many there are, "
                f"places={{'{place}': 10}}, and after connect() which one each synapse belongs to, "
                f"S.{index_name(place)} = ...; or give a group of yours with "
                f"model.equations_at('{place}') in its equations."
            )
        if isinstance(value, NeuronGroup):
            _check_group(system, place, value, target, where)
        elif place == NEURON and value is not None:
            raise ModelError(
                f"{where}: places={{'neuron': {value!r}}}: there are as many as the target has; leave it "
                "out, or give the target itself with model.equations_at('neuron') in its equations."
            )
        elif value is not None and (
            isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1
        ):
            raise TypeError(
                f"{where}: places={{'{place}': ...}} expects a number of elements or a NeuronGroup, found "
                f"{value!r}."
            )
    return given


def _check_group(system: System, place: str, group: NeuronGroup, target: Any, where: str) -> None:
    if place == NEURON and group is not base_group(target):
        raise ModelError(
            f"{where}: places={{'neuron': '{group.name}'}}: the neurons are those of the target "
            f"'{base_group(target).name}'; put model.equations_at('neuron') into its equations."
        )
    own = sorted(neuron_names(system) & set(group.variables)) if place == NEURON else []
    if own:
        raise ModelError(
            f"{where}: '{group.name}' has '{own[0]}' as a variable, but model.equations_at('neuron') has it "
            "as a number; leave places={'neuron': ...} out."
        )
    if any(system.place.get(n) == place for n in system.drawn):
        raise ModelError(
            f"{where}: '{place}' has numbers of molecules that reactions change by chance; these need a "
            f"group of ours: give a number, places={{'{place}': {len(group)}}}."
        )
    expected = _equations_of_place(system, place)
    for name, eq in expected.items():
        found = group.user_equations.get(name)
        if found is None:
            raise ModelError(
                f"{where}: the group '{group.name}' of '{place}' has no variable '{name}'; add "
                f"model.equations_at('{place}') to its equations."
            )
        if found.dim is not eq.dim:
            raise DimensionMismatchError(f"{where}: '{name}' of '{group.name}'", found.dim, eq.dim)
        if (found.type, str(found.expr)) != (eq.type, str(eq.expr)):
            raise ModelError(
                f"{where}: the group '{group.name}' of '{place}' defines '{name}' as '{found.expr}', this "
                f"model as '{eq.expr}'; build its equations from this model."
            )


def equations_at(models: Iterable[Any], place: str) -> TargetEquations:
    """Equations for a group of the user's that stands for a place; see `GlutamateSynapse.equations_at`."""
    found: dict[str, SingleEquation] = {}
    for model in models:
        if place not in model.system.places:
            raise ModelError(
                f"equations_at('{place}'): {model!r} has nothing there; its places are "
                f"{', '.join(model.system.places) or 'none'}."
            )
        for name, eq in _equations_of_place(model.system, place).items():
            if str(found.setdefault(name, eq)) != str(eq):
                raise ModelError(
                    f"equations_at('{place}'): two models define '{name}' differently, as '{found[name]}' "
                    f"and '{eq}'; give one of the parts another label=."
                )
    return TargetEquations(list(found.values()))  # as text Brian2 could not read the units of some


def _equations_of_place(system: System, place: str) -> Equations:
    """States, definitions and sums of a place, parameters as numbers."""
    values: dict[sympy.Basic, sympy.Expr] = {_v: symbol(VOLTAGE)}
    for name, p in system.parameters.items():
        if p.is_number:
            values[symbol(name)] = number(p.base()) * unit_symbol(p.dim)
        elif isinstance(p.value, TimedArray):
            values[symbol(name)] = sympy.Function(f"{name}_timed")(symbol("t"))
    lines = []
    for n in stated_definitions(system, place):
        d = system.definitions[n]
        lines.append(f"{n} = {to_text(d.expression.xreplace(values))} : {unit_text(d.dim)}")
    for n in stated_states(system, place):
        unit = unit_text(system.states[n].dim)
        rate = system.rates[n]
        lines.append(f"{n} : {unit}" if rate == 0 else f"d{n}/dt = {to_text(rate.xreplace(values))} : {unit}")
    lines += [f"{n} : {total_unit(system, n)}" for n in totals_of(system, place)]
    return Equations("\n".join(lines))


def index_check(place: str) -> tuple[str, Function]:
    """The function that stops a simulation if a synapse points outside a place, and its name."""
    name = f"points_into_{place}"
    message = (
        f"an index of '{place}' points outside it; set S.{index_name(place)} after connect() to numbers from "
        "0 to the number of elements minus 1."
    )
    return name, refusing(name, message)


class Place(Home):
    """A place that the model states, or the neuron with its traces of spikes.

    Attributes
    ----------
    users_group : NeuronGroup or None
        The user's group.
    states : list of str
    totals : list of str
        Sums over the synapses of each element.
    """

    def __init__(self, assembly: Assembly, place: str) -> None:
        self.place = place
        super().__init__(assembly)
        system = assembly.system
        given = assembly.given_places.get(place)
        self.users_group = given if isinstance(given, NeuronGroup) else None
        self.size = len(assembly.base) if place == NEURON else assembly.number_at(place)
        self.states = assembly.place_states[place]
        self.definitions = stated_definitions(system, place)
        self.totals = totals_of(system, place)
        self.driver: Synapses | None = None
        self._accumulators: NeuronGroup | None = None

    @property
    def index(self) -> str:
        """The index by which a synapse refers to an element."""
        return POSTSYNAPTIC if self.place == NEURON else index_name(self.place)

    @property
    def index_variable(self) -> str:
        """The variable of the synapses that holds it."""
        return "_synaptic_post" if self.place == NEURON else index_name(self.place)

    @property
    def helpers(self) -> list[Any]:
        """Objects of ours."""
        ours = [self._accumulators] if self.users_group is not None else [self.group]
        if self.users_group is None:  # else the user's group contains it
            ours.append(self.driver)
        return [x for x in ours if x is not None]

    @property
    def _post_delay(self) -> Quantity:
        """The delay with which the user has postsynaptic spikes act."""
        return self.assembly.own_delays.get("post", 0 * second)

    # -- construction ------------------------------------------------------------------------

    def build(self, setting: Setting, homes: Homes) -> None:
        """Make the group, or attach to the user's."""
        if self.users_group is None:
            self._build_group(setting, homes)
            if self.place == NEURON:
                self._build_driver(setting)
        else:
            self.group = self.users_group
            self._attach(setting)

    def _build_group(self, setting: Setting, homes: Homes) -> None:
        assembly = self.assembly
        system = assembly.system
        lines = [assembly.declaration(n) for n in self.parameters]
        for n in self.definitions:
            d = system.definitions[n]
            lines.append(f"{n} = {self._text(d.expression)} : {unit_text(d.dim)}")
        for n in self.states:
            unit, rate = unit_text(system.states[n].dim), system.rates[n]
            lines.append(f"{n} : {unit}" if rate == 0 else f"d{n}/dt = {self._text(rate)} : {unit}")
        lines += [f"{n} : {total_unit(system, n)}" for n in self.totals]
        lines += assembly.exchanges.declarations(self.place)
        step = system.steps.get(self.place)
        self.group = HelperGroup(
            self.size,
            Equations("\n".join(lines)),
            method=assembly.updater(),
            clock=setting.clock if step is None else Clock(step, name=f"{setting.name}_{self.place}_clock"),
            order=assembly.base.order + schedule.PLACES,
            namespace=setting.namespace,
            name=f"{setting.name}_{self.place}",
        )
        self._refer_to_parameters(homes)
        if self.place == NEURON:
            read = {x.name for e in assembly.used_at(NEURON) for x in self.rename(e).free_symbols}
            for n in sorted(read - set(self.group.variables)):
                if n in assembly.base.variables:
                    refer_one_to_one(self.group, n, assembly.base, n)
        events = assembly.event_code(self.place, self.rename)
        if events:
            order = assembly.base.order + schedule.EVENTS_AT_PLACES
            self.group.run_regularly(events, when="groups", order=order, clock=self.group.clock)

    def rename(self, expression: sympy.Expr) -> sympy.Expr:
        """An expression with the names under which the place sees the variables of the target."""
        return expression.xreplace({_v: symbol(VOLTAGE)})

    def _text(self, expression: sympy.Expr) -> str:
        return to_text(self.rename(expression))

    def _jumps(self) -> dict[str, sympy.Expr]:
        changes = self.assembly.system.on_post_spike
        return {n: self.rename(e) for n, e in changes.items() if n in self.states}

    def _build_driver(self, setting: Setting) -> None:
        """Carry the spikes of the target to our group, after everything on the synapses that reads it."""
        assembly, jumps = self.assembly, self._jumps()
        if not jumps:
            return
        first = getattr(assembly.target, "start", 0) if isinstance(assembly.target, Subgroup) else 0
        n = len(assembly.target)
        self.driver = _driver(
            assembly.target,
            self.group if n == self.size else self.group[first : first + n],
            jumps,
            setting.post_event,
            self._post_delay,
            namespace=setting.namespace,
            clock=setting.clock,
            name=f"{setting.name}_post_driver",
        )

    def _attach(self, setting: Setting) -> None:
        """Add what these synapses bring to the sums of the user's group; initialise it once."""
        assembly, group = self.assembly, self.users_group
        system = assembly.system
        if group.order < assembly.base.order + schedule.STATES:
            raise ModelError(
                f"{assembly.where}: '{group.name}' is advanced before the synapses (order {group.order}); "
                f"give it an order of at least that of the target, {assembly.base.order}."
            )
        if self.totals:
            lines = [f"{n} : {total_unit(system, n)}" for n in self.totals]
            self._accumulators = HelperGroup(
                len(group), "\n".join(lines), clock=group.clock, name=f"{setting.name}_{self.place}_totals"
            )
            for n in self.totals:
                refer_one_to_one(self._accumulators, f"{n}_of_place", group, n)
            zero = [f"{n}_of_place = 0*{total_unit(system, n)}" for n in self.totals]
            add = [f"{n}_of_place += {n}" for n in self.totals]
            for code, order in ((zero, schedule.ZERO_AT_PLACES), (add, schedule.ADD_AT_PLACES)):
                self._accumulators.run_regularly(
                    "\n".join(code), when="groups", order=assembly.base.order + order, clock=group.clock
                )
        seen = setting.post_event, float(self._post_delay)
        if group not in _attached:
            self._initialise_users_group(setting)
            _attached[group] = self.driver, seen
        self.driver, before = _attached[group]
        if self.driver is not None and seen != before:
            raise ModelError(
                f"{assembly.where}: {', '.join(self._jumps())} of '{group.name}' change at its event "
                f"'{before[0]}', {before[1] * 1e3:g} ms later, for other synapses; the event here is "
                f"'{seen[0]}', {seen[1] * 1e3:g} ms later. Give on_event= and delay={{'post': ...}} as there."
            )

    def _initialise_users_group(self, setting: Setting) -> None:
        """First values, jumps at spikes and events of the user's group, which several objects may share."""
        system, group = self.assembly.system, self.users_group
        for n in self.states:
            value = known_value(group.variables[n])
            if system.initial[n] != 0 and value is not None and not np.any(value):
                setattr(group, n + "_", system.initial[n])
        numbers = {
            symbol(n): number(p.base()) * unit_symbol(p.dim)
            for n, p in system.parameters.items()
            if p.is_number
        }
        jumps = {n: e.xreplace(numbers) for n, e in self._jumps().items()}
        if jumps:
            name = f"{group.name}_{self.place}_driver*"
            self.driver = _driver(group, group, jumps, setting.post_event, self._post_delay, name=name)
            contain(group, [self.driver])
        events = self.assembly.event_code(self.place, lambda e: self.rename(e).xreplace(numbers))
        if events:
            group.run_regularly(events, when="groups", order=group.order + 1, clock=group.clock)

    # -- what the synapses see, and bring ------------------------------------------------------

    def references(self) -> Iterator[Reference]:
        """States, definitions and sums of the element to which a synapse belongs."""
        if self.users_group is None or self.users_group is not self.assembly.base:  # else they see it already
            for n in (*self.states, *self.definitions, *self.totals):
                yield Reference(n, self.group, n, self.index, own_index=True)
        if self._accumulators is not None:
            for n in self.totals:
                yield Reference(f"part_of_{n}", self._accumulators, n, self.index)
        for n in self.assembly.exchanges.variables(self.place):
            yield Reference(n, self.group, n, self.index)
        yield Reference(f"_n_{self.place}", self.group, "N", "0")

    def first_values(self) -> dict[str, float]:
        """First values of our own states that do not start at zero."""
        if self.users_group is not None:
            return {}
        initial = self.assembly.system.initial
        return {n: initial[n] for n in self.states if initial[n] != 0}

    def sums(self, synapses: Any) -> list[CodeRunner]:
        """What sums over the synapses of each element, at each time step of the place."""
        assembly, found = self.assembly, []
        for n in self.totals:
            expression = assembly.on_synapse(assembly.system.totals[n].expression)
            variable = n if self._accumulators is None else f"part_of_{n}"
            group = self.group if self._accumulators is None else self._accumulators
            updater = sum_over_synapses(
                synapses,
                Expression(to_text(expression)),
                variable,
                group,
                f"_n_{self.place}",
                self.index_variable,
            )
            updater.order = assembly.base.order + schedule.SUM_AT_PLACES
            found.append(updater)
        return found

    def check(self, synapses: Any) -> None:
        """Refuse an index that was never set, or points outside the place.

        Raises
        ------
        ModelError
        """
        if self.place == NEURON:
            self._check_post_delay(synapses)
            return
        values = known_value(synapses.variables[self.index])
        if values is None or not len(values):
            return
        low, high = np.min(values), np.max(values)
        if low < 0 or high >= self.size:
            which = "was never set for some synapses" if low < 0 else f"reaches {high}"
            raise ModelError(
                f"{self.assembly.where}: 'S.{self.index}' {which}, but there are {self.size} of "
                f"'{self.place}'; set it after connect() to numbers from 0 to {self.size - 1} (an array, or "
                f"text such as 'j % {self.size}')."
            )

    def _check_post_delay(self, synapses: Any) -> None:
        """Spikes reach our group at once, so all synapses have to see them at once."""
        if self.driver is None or not has_pathway(synapses, "post"):
            return
        variable, expected = synapses.post.variables["delay"], float(self._post_delay)
        states = ", ".join(self._jumps())
        message = (
            f"{self.assembly.where}: '{synapses.name}.post' was given a delay, but {states} live once per "
            "neuron and change at its spikes; say so when you make the synapses: "
            "model.synapses(..., delay={'post': ...})."
        )
        delay = known_value(variable)
        if delay is not None and not np.allclose(delay, expected, rtol=1e-6, atol=_NO_TIME):
            raise ModelError(message)
        low, high = expected * (1 - 1e-6) - _NO_TIME, expected * (1 + 1e-6) + _NO_TIME
        stop_in_binary(variable, low, high, f"ModelError: {message[:-1]}", "s")

    def prepare(self, synapses: Any, run_namespace: Any) -> None:
        """Declare the driver; where an index is known to the binary only, let it stop if one is wrong."""
        if self.driver is not None:
            declare_to_device(self.driver)
        if self.place == NEURON or known_value(synapses.variables[self.index]) is not None:
            return
        name, function = index_check(self.place)
        code = f"in_{self.place} = {name}(int({self.index} >= 0 and {self.index} < {self.size}))"
        runner = CodeRunner(synapses, "stateupdate", code=code, name=f"{synapses.name}_check_{self.place}*")
        run_after(make_code(runner, {**(run_namespace or {}), name: function}))


#: Groups of the user's that have had their first values; what carries spikes to them, at which event, how
#: late.
_attached: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()


#: In seconds; a difference of delays that is rounding.
_NO_TIME = 1e-12


def _driver(
    source: Any, group: Any, jumps: Mapping[str, sympy.Expr], event: str, delay: Quantity, **more: Any
) -> Synapses:
    """Carry spikes one-to-one to a group, after everything on the synapses that reads what they change."""
    lines = []
    for n, e in jumps.items():
        units = {x for x in e.free_symbols if is_external(x.name)}
        renamed = e.xreplace({x: symbol(f"{x.name}_post") for x in e.free_symbols - units})
        lines.append(f"{n}_post = {to_text(renamed)}")
    driver = HelperSynapses(source, group, on_pre="\n".join(lines), on_event=event, delay=delay, **more)
    driver.connect(i=np.arange(len(source)), j=np.arange(len(source)))
    one_to_one(driver)
    driver.pre.order = schedule.TRACES
    return driver


def homes_of(assembly: Assembly) -> Homes:
    """All homes that a plan needs, in the order in which they are built.

    The naive form has those that the model states, and keeps everything else on the synapses.
    """
    homes: list[Home] = []
    if assembly.optimize:
        if assembly.gate_states or assembly.gate_pulses or assembly.sent_by_gate:
            homes.append(Gate(assembly))
        if assembly.summed_states:
            homes.append(SummedStates(assembly))
        homes.append(Totals(assembly))
    return Homes(assembly, [*homes, *(Place(assembly, place) for place in assembly.place_states)])


def bring_together(synapses: Any, assembly: Assembly, homes: Iterable[Home]) -> list[Any]:
    """What sums over synapses for places, and lets numbers of molecules change; to be contained."""
    places = {home.place: home for home in homes if isinstance(home, Place)}
    found = [updater for place in places.values() for updater in place.sums(synapses)]
    order = assembly.base.order
    return found + assembly.exchanges.attach(synapses, places, assembly.on_synapse, order)
