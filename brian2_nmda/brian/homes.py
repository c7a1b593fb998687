"""The places beside the synapses: one `Home` for each that has a group of its own.

A state or a parameter is stored once, in the group of its home. The synapses, and the other groups, refer
to it: to a parameter, which is one value, and to a state by the index of the element that belongs to a
synapse. Homes for the places that a model states (a dendrite, an astrocyte) are in
`brian2_nmda.brian.places`, with `homes_of`, which lists all homes of a plan.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import sympy
from brian2.core.clocks import Clock, defaultclock
from brian2.equations.equations import Equations
from brian2.groups.subgroup import Subgroup
from brian2.synapses.synapses import Synapses
from brian2.units.fundamentalunits import Quantity

from brian2_nmda.brian import schedule
from brian2_nmda.brian.assembly import Assembly, counter
from brian2_nmda.brian.compiled import NUMBER_OF_TARGETS, let_vectorise_targets, take_in_turn
from brian2_nmda.brian.helpers import HelperGroup, HelperSynapses
from brian2_nmda.brian.internals import one_to_one, refer, refer_one_to_one
from brian2_nmda.brian.population import MEMBER, PopulationSum
from brian2_nmda.brian.sending import Sending
from brian2_nmda.brian.target import VOLTAGE, base_group
from brian2_nmda.symbolic.expressions import dimensions_of, symbol, to_text, unit_text
from brian2_nmda.symbolic.ports import GATE, KINETICS, TOTALS

#: Index of what is one value for all.
SHARED = "0"
#: Indices by which a synapse refers to its neurons.
PRESYNAPTIC, POSTSYNAPTIC = "_presynaptic_idx", "_postsynaptic_idx"
#: In the totals, the time of the synapses.
_TIME = "t_of_synapses"
#: The variables of the synapses that hold these indices; another index is a variable itself.
INDEX_VARIABLES = {PRESYNAPTIC: "_synaptic_pre", POSTSYNAPTIC: "_synaptic_post"}


class Reference(NamedTuple):
    """A variable that the synapses see although a group of its own stores it.

    With ``own_index``, the index has a name of its own: Brian2 cannot record two variables that share an
    index in one `StateMonitor`.
    """

    name: str
    group: Any
    variable: str
    index: str
    own_index: bool = False

    def add_to(self, synapses: Synapses) -> None:
        """Let the synapses see the variable."""
        index = self.index
        if self.own_index:
            index = f"{self.index}_{self.name}"
            refer(synapses, index, synapses, INDEX_VARIABLES.get(self.index, self.index))
        refer(synapses, self.name, self.group, self.variable, index)


@dataclass(frozen=True)
class Setting:
    """What the groups that belong to one synapse object have in common.

    Attributes
    ----------
    name : str
        Of the synapses; the names of the groups begin with it.
    clock : Clock or None
        Of the synapses.
    namespace : dict or None
    delay : Quantity
        Of the transmitter, where all synapses have the same.
    event : str
        Of the source, at which transmitter is released.
    post_event : str
        Of the target, which counts as a postsynaptic spike.
    """

    name: str
    clock: Clock | None
    namespace: Any
    delay: Quantity
    event: str
    post_event: str


class Home(ABC):
    """A place that has a group of its own.

    Attributes
    ----------
    place : str
        Name of the place; the name of the group ends with it.
    parameters : list of str
        Parameters that are stored here, and nowhere else.
    group : Group
        Known once it is built.
    """

    place: str

    def __init__(self, assembly: Assembly) -> None:
        self.assembly = assembly
        self.parameters = assembly.parameters_of.get(self.place, [])
        self.group: Any = None

    @abstractmethod
    def build(self, setting: Setting, homes: "Homes") -> None:
        """Make the group; those before it in `homes` are built."""

    @property
    def helpers(self) -> list[Any]:
        """The Brian2 objects of this home."""
        return [self.group]

    def references(self) -> Iterator[Reference]:
        """What the synapses see of this home beside its parameters."""
        yield from ()

    def first_values(self) -> dict[str, float]:
        """Values of the group's variables that do not start at zero, without units."""
        return {}

    def check(self, synapses: Any) -> None:  # noqa: B027
        """Raise `ModelError` before a run for what would silently be wrong."""

    def prepare(self, synapses: Any, run_namespace: Any) -> None:  # noqa: B027
        """Do before a run what C++ standalone needs."""

    def _refer_to_parameters(self, homes: "Homes") -> None:
        """Make parameters known that are used here and stored in another home."""
        for n in self.assembly.parameters_used.get(self.place, ()):
            home = homes.of(n)
            if home is not None and home is not self:
                refer(self.group, n, home.group, index=SHARED)


class Homes:
    """All homes of a synapse object, in the order in which they are built.

    A parameter that is used in several is stored in the first.

    Attributes
    ----------
    gate, summed_states : Gate, SummedStates or None
    totals : Totals
    population : PopulationSum or None
        One sum for all targets, if conductances are sent by gates with one weight.
    """

    def __init__(self, assembly: Assembly, homes: Iterable[Home]) -> None:
        self.assembly, self._homes = assembly, list(homes)
        self.population: PopulationSum | None = None
        known = {home.place: home for home in self._homes}
        self.gate: Gate | None = known.get(GATE)
        self.summed_states: SummedStates | None = known.get(KINETICS)
        self.totals: Totals | None = known.get(TOTALS)  # the naive form has none

    def __iter__(self) -> Iterator[Home]:
        return iter(self._homes)

    def build(self, setting: Setting) -> None:
        """Make all groups."""
        assembly = self.assembly
        if assembly.sent_by_gate and assembly.weight is not None:
            self.population = PopulationSum(
                assembly.sent_by_gate,
                assembly.source,
                assembly.target,
                assembly.base.clock,
                assembly.base.order + schedule.SUM_FOR_ALL,
                f"{setting.name}_population",
            )
        for home in self._homes:
            home.build(setting, self)
        if self.population is not None:
            self.population.refer(self.driver, self.totals.group)

    @property
    def driver(self) -> Synapses | None:
        """Carries spikes to the gates."""
        return None if self.gate is None else self.gate.driver

    @property
    def helpers(self) -> list[Any]:
        """All Brian2 objects of the homes."""
        found = [] if self.population is None else [self.population.group]
        return found + [helper for home in self._homes for helper in home.helpers]

    @property
    def groups(self) -> list[Any]:
        """The groups of the homes, and what sends to all targets at once."""
        found = [home.group for home in self._homes]
        return found if self.population is None else [*found, self.population.group, self.driver]

    def of(self, parameter: str) -> Home | None:
        """The home of a parameter; ``None`` if the synapses store it, or nobody."""
        return next((home for home in self._homes if parameter in home.parameters), None)

    def references(self) -> Iterator[Reference]:
        """All that the synapses see of the homes."""
        for home in self._homes:
            yield from (Reference(n, home.group, n, SHARED) for n in home.parameters)
            yield from home.references()

    def initialise(self) -> None:
        """Give parameters and states their values."""
        for home in self._homes:
            self.assembly.set_parameters(home.group, home.parameters)
        for home in self._homes:
            for n, value in home.first_values().items():
                setattr(home.group, n + "_", value)

    def summed_for_all(self, sending: Sending) -> bool:
        """Whether all targets share one sum of what the gates send."""
        return self.population is not None and self.population.form is not None and not sending.on_synapse


class Gate(Home):
    """What depends on presynaptic spikes alone: one gate for each presynaptic neuron.

    Attributes
    ----------
    driver : Synapses or None
        One-to-one from the sources to the gates, with the delay of the transmitter.
    """

    place = GATE
    driver: Synapses | None = None

    @property
    def helpers(self) -> list[Any]:
        """The gates and their driver."""
        return [self.group] if self.driver is None else [self.group, self.driver]

    def build(self, setting: Setting, homes: Homes) -> None:
        """Make gates for the whole group of the sources, and the driver for those that are sources."""
        assembly = self.assembly
        lines = [assembly.declaration(n) for n in self.parameters]
        lines += [f"{counter(n)} : integer" for n in assembly.gate_pulses]
        lines += [assembly.definition(n) for n in assembly.gate_definitions]
        lines += [assembly.rate(n) for n in assembly.gate_states]
        lines += [line for s in assembly.sent_by_gate for line in s.declarations()]
        integers = [*map(counter, assembly.gate_pulses)]
        integers += [n for s in assembly.sent_by_gate for n in s.integers]
        self.group = HelperGroup(
            len(base_group(assembly.source)),
            Equations("\n".join(lines)),
            method=assembly.updater(),
            clock=setting.clock,
            order=assembly.base.order + schedule.GATES,
            namespace=setting.namespace,
            name=f"{setting.name}_gate",
            dtype=dict.fromkeys(integers, np.int64),
        )
        self._build_driver(setting, homes)

    def _build_driver(self, setting: Setting, homes: Homes) -> None:
        assembly = self.assembly
        pathways = self.driver_statements(homes)
        if not pathways:  # no spike reaches the gate, as for a slow co-agonist alone
            return
        first = getattr(assembly.source, "start", 0) if isinstance(assembly.source, Subgroup) else 0
        n = len(assembly.source)
        ends = [s for s in assembly.sent_by_gate if s.end is not None]
        self.driver = HelperSynapses(
            assembly.source,
            self.group if n == len(self.group) else self.group[first : first + n],
            model=None if homes.population is None else homes.population.equations,
            on_pre=pathways,
            on_event=setting.event,
            delay={"pre": setting.delay, **{s.end: s.end_delay(setting.delay) for s in ends}},
            namespace=setting.namespace,
            clock=setting.clock,
            name=f"{setting.name}_driver",
        )
        take_in_turn(self.driver)
        self.driver.connect(i=np.arange(n), j=np.arange(n))
        # One-to-one: no two synapses of the driver write to the same gate, so the order does not matter.
        one_to_one(self.driver)
        for pathway in pathways:
            at_end = pathway != "pre"
            getattr(self.driver, pathway).order = schedule.GATES_AT_END if at_end else schedule.GATES_AT_SPIKE

    def driver_statements(self, homes: Homes) -> dict[str, str]:
        """Statements of the driver, by pathway."""
        assembly = self.assembly
        code = assembly.jumps(assembly.gate_states, "_post")
        code += assembly.pulse_starts(assembly.gate_pulses, "_post")
        pathways = {"pre": "\n".join(code)} if code else {}
        for sending in assembly.sent_by_gate:
            for name, text in sending.driver_pathways().items():
                pathways[name] = "\n".join([pathways[name], text]) if name in pathways else text
        if homes.population is not None and homes.population.form is not None:
            for name, lines in homes.population.driver_code().items():
                pathways[name] = "\n".join([pathways[name], *lines])
        return pathways

    def references(self) -> Iterator[Reference]:
        """States and pulses, what is sent, and what is known of the last event."""
        assembly = self.assembly
        shown = [*assembly.gate_states]
        shown += [counter(p) for p in assembly.gate_pulses if p in assembly.definitions]
        yield from (Reference(n, self.group, n, PRESYNAPTIC, own_index=True) for n in shown)
        for s in assembly.sent_by_gate:
            for n in (*s.changes(), *s.sent(), *s.integers):
                yield Reference(n, self.group, n, PRESYNAPTIC)
            for n in s.form.states:
                yield Reference(n, self.group, n, PRESYNAPTIC, own_index=True)

    def first_values(self) -> dict[str, float]:
        """First values of states that do not start at zero."""
        initial = self.assembly.system.initial
        values = {n: initial[n] for n in self.assembly.gate_states if initial[n] != 0}
        for sending in self.assembly.sent_by_gate:
            values.update(sending.first_values())
        return values


class SummedStates(Home):
    """States of linear receptors, which are summed over the synapses of each target."""

    place = KINETICS

    def build(self, setting: Setting, homes: Homes) -> None:
        """Make one element per neuron of the target's whole group."""
        assembly = self.assembly
        lines = [assembly.declaration(n) for n in self.parameters]
        lines += [assembly.rate(n) for n in assembly.summed_states]
        self.group = HelperGroup(
            len(assembly.base),
            Equations("\n".join(lines)),
            method=assembly.updater(),
            clock=setting.clock,
            order=assembly.base.order + schedule.GATES,
            namespace=setting.namespace,
            name=f"{setting.name}_kinetics",
        )
        self._refer_to_parameters(homes)

    def references(self) -> Iterator[Reference]:
        """The sums, under a name that says so."""
        for n in self.assembly.summed_states:
            yield Reference(f"{n}_total", self.group, n, POSTSYNAPTIC)


class Totals(Home):
    """What reaches each target: sums over its synapses, which are added to it at each of its time steps.

    Attributes
    ----------
    addition : CodeRunner
        Adds the conductances to the target, and lets what was sent decay.
    """

    place = TOTALS
    addition: Any = None

    def build(self, setting: Setting, homes: Homes) -> None:
        """Make one element per neuron of the target's whole group."""
        assembly, base = self.assembly, self.assembly.base
        self.group = HelperGroup(
            len(base),
            Equations("\n".join(self._declarations(homes))),
            clock=base.clock,
            order=base.order + schedule.ADD,
            method="euler",
            namespace=setting.namespace,
            name=f"{setting.name}_totals",
        )
        totals = self.group
        clock = defaultclock if setting.clock is None else setting.clock
        refer(totals, _TIME, clock, "t")
        self._refer_to_parameters(homes)
        for receptor in assembly.system.receptors:
            refer_one_to_one(totals, f"{receptor.total_name}_of_target", base, receptor.total_name)
        for n in assembly.summed_states:
            refer_one_to_one(totals, n, homes.summed_states.group, n)
        zero = [f"{receptor.total_name}_of_target = 0*siemens" for receptor in assembly.system.receptors]
        self._each_step("\n".join(zero), schedule.ZERO, f"{setting.name}_zero", base.clock)
        self.addition = self._each_step(
            self.addition_code(homes), schedule.ADD, f"{setting.name}_add", base.clock
        )
        if assembly.target_factors:
            self._build_factors(setting)

    def _declarations(self, homes: Homes) -> list[str]:
        assembly = self.assembly
        # the totals have the clock of the target, which may be another one
        lines = [assembly.declaration(n, _TIME) for n in self.parameters]
        dims = assembly.system.dimensions()
        for receptor in assembly.system.receptors:
            sending = assembly.sent.get(receptor.label)
            if sending is not None:
                lines += [f"{n} : 1" for n in sending.received()]
            elif receptor not in assembly.summed:
                _, rest = assembly.split(receptor)
                lines.append(f"sum_{receptor.label} : {unit_text(dimensions_of(rest, dims, receptor.label))}")
        lines += [f"{n} : {unit_text(dimensions_of(e, dims, n))}" for n, e in assembly.target_factors.items()]
        if assembly.weight is not None:
            lines.append("w : 1 (shared, constant)")
        if homes.population is not None and isinstance(assembly.target, Subgroup):
            lines.append(f"{MEMBER} : 1 (constant)")
        return lines

    def _each_step(self, code: str, order: int, name: str, clock: Clock) -> Any:
        runner = self.group.run_regularly(
            code, when="groups", order=self.assembly.base.order + order, clock=clock, name=name
        )
        let_vectorise_targets(runner)
        return runner

    def _build_factors(self, setting: Setting) -> None:
        """What synaptic states read of the target, once per target."""
        assembly, base, totals = self.assembly, self.assembly.base, self.group
        rename = {symbol("v"): symbol(VOLTAGE)}
        lines = [f"{n} = {to_text(e.xreplace(rename))}" for n, e in assembly.target_factors.items()]
        read = {x.name for e in assembly.target_factors.values() for x in e.xreplace(rename).free_symbols}
        for n in sorted(read - set(totals.variables)):
            if base.variables[n].scalar:
                refer(totals, n, base, index=SHARED)
            else:
                refer_one_to_one(totals, n, base, n)
        clock = defaultclock if setting.clock is None else setting.clock
        self._each_step("\n".join(lines), schedule.FACTORS, f"{setting.name}_factors", clock)

    def addition_code(self, homes: Homes) -> str:
        """Statements that add the conductances to the target, and let what was sent decay."""
        assembly = self.assembly
        lines, after = [], []
        for receptor in assembly.system.receptors:
            shared, rest = assembly.split(receptor)
            if assembly.weight is not None:
                shared = symbol("w") * shared
            sending = assembly.sent.get(receptor.label)
            if sending is not None and homes.summed_for_all(sending):
                open_now = sending.open_now(rest, homes.population.amplitudes(sending))
                after += homes.population.decays_on_target(sending)
            elif sending is not None:
                open_now = sending.open_now(rest, sympy.Add(*map(symbol, sending.received())))
                after += sending.decay_code()
            elif receptor in assembly.summed:
                open_now = rest
            else:
                open_now = symbol(f"sum_{receptor.label}")
            lines.append(f"{receptor.total_name}_of_target += {to_text(shared * open_now)}")
        return "\n".join(lines + after)

    def references(self) -> Iterator[Reference]:
        """Sums, factors that the target alone determines, and a weight that all synapses share."""
        assembly = self.assembly
        names = [f"sum_{receptor.label}" for receptor in assembly.summed_each_step]
        names += [n for s in assembly.sent.values() for n in s.received()]
        yield from (Reference(n, self.group, n, POSTSYNAPTIC) for n in [*names, *assembly.target_factors])
        if assembly.weight is not None:
            yield Reference("w", self.group, "w", SHARED)
        yield Reference(NUMBER_OF_TARGETS, self.group, "N", SHARED)
