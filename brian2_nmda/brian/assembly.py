"""Equation texts of a plan: what each group of a synapse object is given."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import chain, count
from types import MappingProxyType
from typing import Any

import numpy as np
import sympy
from brian2.devices.device import RuntimeDevice, get_device
from brian2.equations.equations import Equations
from brian2.groups.neurongroup import NeuronGroup
from brian2.input.timedarray import TimedArray
from brian2.units import second
from brian2.utils.stringtools import get_identifiers

from brian2_nmda.brian.coefficients import Coefficients
from brian2_nmda.brian.exchanges import FUNCTIONS as DRAWING, Exchanges
from brian2_nmda.brian.given_code import changes_w
from brian2_nmda.brian.internals import write
from brian2_nmda.brian.saturating import sending_of
from brian2_nmda.brian.sending import FUNCTIONS, set_to
from brian2_nmda.brian.target import VOLTAGE, base_group, neuron_names, timed_name
from brian2_nmda.brian.updaters import IntegratingFactor
from brian2_nmda.lowering.places import NEURON, POST, PRE, SYNAPSE
from brian2_nmda.lowering.plan import Plan
from brian2_nmda.lowering.sent import ADVANCED_AT_SPIKES, IN_BLOCKS, STEPPED, SUMMED, split
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import (
    dimensions_of,
    numeric,
    read,
    symbol,
    to_text,
    unit_symbol,
    unit_text,
)
from brian2_nmda.symbolic.pieces import assignments, in_pieces
from brian2_nmda.symbolic.ports import GATE, KINETICS, TOTALS
from brian2_nmda.symbolic.system import ReceptorTerm, System


class Assembly:
    """Equation texts of a plan, and the values to start from."""

    def __init__(
        self,
        model: Any,
        plan: Plan,
        source: Any,
        target: Any,
        weight: float | None,
        tolerance: float | None,
        own_delays: Mapping[str, Any],
        dt: float,
        where: str,
        given_places: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.model, self.plan, self.where, self.dt = model, plan, where, dt
        self.system: System = model.system
        self.source, self.target = source, target
        self.base = base_group(target)
        self.weight, self.tolerance = weight, tolerance
        self.own_delays = own_delays  # of the pathways that the user adds
        self.optimize = plan.declarations.optimize
        self.given_places = given_places  # of places, what the user says: a number of elements, or a group
        self.exchanges = Exchanges(self.system)
        self.coefficients = Coefficients(self.system, plan.in_blocks, where) if plan.in_blocks else None
        self._place_states()
        self._place_definitions()
        self._hoist()
        self._place_parameters()

    # -- what lives where ----------------------------------------------------------------------

    def _place_states(self) -> None:
        """States of the places that the model states, and traces of postsynaptic spikes."""
        system, plan = self.system, self.plan
        places = list(system.places) + [NEURON] * (bool(plan.traces) and NEURON not in system.places)
        self.place_states = {
            p: [n for n in system.states if system.place.get(n) == p or (p == NEURON and n in plan.traces)]
            for p in places
        }

    @property
    def not_by_equation(self) -> set[str]:
        """States that are advanced otherwise than by the equations of their group."""
        return self.at_spikes | self.in_blocks | self.in_tables

    def _place_definitions(self) -> None:
        system, plan = self.system, self.plan
        self.gate_states = plan.states(PRE)
        self.summed_states = plan.states(NEURON, SUMMED)
        self.states = plan.states(SYNAPSE, STEPPED, ADVANCED_AT_SPIKES, IN_BLOCKS)
        self.at_spikes = {n for rule in plan.rules for n in rule.states}
        self.in_blocks = set(plan.in_blocks.states) if plan.in_blocks else set()
        self.in_tables = {n for table in plan.tables for n in table.states}
        self.summed = [r for r in system.receptors if r.label in plan.summed_receptors]
        self.sent = {n: sending_of(n, form, system, self.dt, self.tolerance) for n, form in plan.sent.items()}
        self.sent_by_gate = [s for s in self.sent.values() if not s.on_synapse]
        self.sent_by_synapse = [s for s in self.sent.values() if s.on_synapse]
        elsewhere = {*plan.summed_receptors, *plan.sent}
        self.summed_each_step = [r for r in system.receptors if r.label not in elsewhere]
        needed = [system.rates[n] for n in self.states]
        needed += self._jumps_of(self.states) + self._brought_to_places()
        needed += [r.conductance for r in self.summed_each_step]
        needed += plan.efficacy.values()
        for _, event in system.events:
            if not set(event.changes) & set(system.place):
                needed += [event.condition, *event.changes.values()]
        needed += [t.expression for t in system.totals.values()]
        needed += [f.hazard for f in self.exchanges.flows]
        elsewhere_too = {n for n in system.definitions if plan.place[n] == POST or n in system.place}
        wanted = self._closure(needed)
        self.definitions = [n for n in system.definitions if n in wanted and n not in elsewhere_too]
        # what nobody reads on the synapse but the user may want to read, such as I_Ca
        self.definitions += [
            n
            for n in system.definitions
            if n not in self.definitions
            and n not in plan.pulses
            and (plan.place[n] == SYNAPSE or n in system.eliminated)
        ]
        gate = self._closure(
            [system.rates[n] for n in self.gate_states]
            + [system.on_spike[n] for n in self.gate_states if n in system.on_spike]
        )
        on_gate = {n for n in plan.pulses if plan.place[n] == PRE and (n in gate or n in wanted)}
        self.gate_definitions = [
            n for n in system.definitions if n in on_gate or (n in gate and plan.place[n] == PRE)
        ]
        self.gate_pulses = [n for n in plan.pulses if n in on_gate]
        self.synapse_pulses = [n for n in plan.pulses if plan.place[n] == SYNAPSE and n in self.definitions]

    def _hoist(self) -> None:
        """Take factors that depend on the target alone out of the rates of synaptic states.

        They are computed once per target and step. Definitions that users read keep them as they are.
        """
        system, plan = self.system, self.plan
        self.target_factors: dict[str, sympy.Expr] = {}
        self.hoisted: dict[str, sympy.Expr] = {}
        if not self.optimize:
            return
        of_target = {symbol(n) for n in (*system.definitions, *system.states) if plan.place[n] == POST}
        of_target.add(symbol("v"))
        shared = {symbol(n) for n in system.parameters if not plan.sides[n]}
        beside = [n for n in system.definitions if plan.place[n] != SYNAPSE or n in plan.pulses]

        def hoist(product: sympy.Expr) -> sympy.Expr:
            own = [
                f for f in product.args if f.free_symbols & of_target and f.free_symbols <= of_target | shared
            ]
            if not any(f.has(*of_target - {symbol("v")}) or f.atoms(sympy.Function) for f in own):
                return product
            factor = sympy.Mul(*own)
            known = {e: n for n, e in self.target_factors.items()}
            name = known.get(factor, f"target_factor_{len(self.target_factors)}")
            self.target_factors[name] = factor
            return symbol(name) * sympy.Mul(*(f for f in product.args if f not in own))

        if plan.tables:
            self.target_factors[TABLE_VOLTAGE] = symbol("v")
        if plan.in_blocks:
            self.target_factors |= {drive.name: drive.factor for drive in plan.in_blocks.drives}
        for n in self.states:
            if n in self.in_blocks | self.in_tables:
                continue
            rate = system.inserted(system.rates[n], keep=beside)
            self.hoisted[n] = rate.replace(lambda e: e.is_Mul, hoist)

    def _jumps_of(self, states: Iterable[str]) -> list[sympy.Expr]:
        """New values at spikes of any kind."""
        system, states = self.system, set(states)
        jumps = [e for n, e in [*system.on_spike.items(), *system.on_post_spike.items()] if n in states]
        return jumps + [e for event in system.later for n, e in event.changes.items() if n in states]

    def _brought_to_places(self) -> list[sympy.Expr]:
        """What presynaptic spikes add at places, which the synapses compute."""
        system = self.system
        changes = [system.on_spike, *(event.changes for event in system.later)]
        return [e for at_once in changes for n, e in at_once.items() if n in system.place]

    def _closure(self, expressions: Iterable[sympy.Expr]) -> set[str]:
        """Definitions that the expressions refer to, also through other definitions."""
        found: set[str] = set()
        todo = list(expressions)
        while todo:
            for x in todo.pop().free_symbols:
                d = self.system.definitions.get(x.name)
                if d is not None and x.name not in found:
                    found.add(x.name)
                    if self.plan.place[x.name] != POST and x.name not in self.system.place:
                        todo.append(d.expression)
        return found

    def _place_parameters(self) -> None:
        """Each parameter is stored in the first place that uses it; the others refer to it."""
        system = self.system

        def used(expressions: Iterable[sympy.Expr]) -> list[str]:
            names = {x.name for e in expressions for x in e.free_symbols}
            return [n for n in system.parameters if n in names]

        gate = [system.rates[n] for n in self.gate_states]
        gate += [system.on_spike[n] for n in self.gate_states if n in system.on_spike]
        gate += [system.definitions[n].expression for n in self.gate_definitions]
        gate += [e for n in self.gate_pulses for e in self.plan.pulses[n]]
        gate += [e for r in self.sent_by_gate for e in r.form.used]
        kinetics = [system.rates[n] for n in self.summed_states]
        synapse = [system.rates[n] for n in self.states]
        synapse += self._jumps_of([*self.states, *self.summed_states]) + self._brought_to_places()
        synapse += self.plan.efficacy.values()
        synapse += [system.definitions[n].expression for n in self.definitions if n not in self.gate_pulses]
        synapse += [e for r in self.sent_by_synapse for e in r.form.used]
        # the height of a pulse that the gate counts is read where the pulse is used
        synapse += [self.plan.pulses[n][0] for n in self.gate_pulses if n in self.definitions]
        for _, event in system.events:
            if not set(event.changes) & set(system.place):
                synapse += [event.condition, *event.changes.values()]
        synapse += [t.expression for t in system.totals.values()]
        synapse += [f.hazard for f in self.exchanges.flows if not f.drawn_at]
        synapse += [e for table in self.plan.tables for e in table.rates.values()]
        totals: list[sympy.Expr] = list(self.target_factors.values())
        for receptor in system.receptors:
            shared, rest = self.split(receptor)
            (totals if self.optimize else synapse).append(shared)
            (synapse if receptor in self.summed_each_step else totals).append(rest)
        of_target = self.base.variables
        self.parameters_used = {
            GATE: used(gate),
            KINETICS: used(kinetics),
            TOTALS: [n for n in used(totals) if n not in of_target],
            **{
                p: [n for n in used(self.used_at(p)) if p != NEURON or n not in of_target]
                for p in self.place_states
                if not self._is_group_of_users(p)
            },
            SYNAPSE: [n for n in used(synapse) if n not in of_target],
        }
        taken: set[str] = set()
        self.parameters_of: dict[str, list[str]] = {}
        for place, names in self.parameters_used.items():
            self.parameters_of[place] = [n for n in names if n not in taken]
            taken |= set(names)
        self.per_synapse = [
            n for n in self.parameters_used[SYNAPSE] if n in self.plan.declarations.per_synapse
        ]
        unused = self.plan.declarations.per_synapse - set(self.per_synapse)
        if unused:
            raise ModelError(
                f"{self.where}: per_synapse={sorted(unused)} belongs to no variable of the synapse."
                + "".join(
                    f" Give '{n}' one value per neuron: post_equations(per_neuron=['{n}'])."
                    for n in sorted(unused & neuron_names(self.system))
                )
            )

    def _is_group_of_users(self, place: str) -> bool:
        """Whether a place is a group of the user's, which has parameters as numbers."""
        return isinstance(self.given_places.get(place), NeuronGroup)

    def used_at(self, place: str) -> list[sympy.Expr]:
        """What is evaluated at a place."""
        used = self.system.evaluated_at(place, self.place_states[place])
        return used + [f.rate for f in self.exchanges.flows if f.drawn_at == place]

    def split(self, receptor: ReceptorTerm) -> tuple[sympy.Expr, sympy.Expr]:
        """The conductance as a factor shared by all synapses, and the rest."""
        shared, rest = split(self.plan, receptor, self.plan.efficacy)
        if receptor.label in self.plan.sent or receptor in self.summed:
            rest = self.system.inserted(rest)  # the target knows no definitions of the gate
        if receptor.label in self.plan.efficacy:
            rest *= self._unit_of_efficacy(receptor.label)
        return shared, rest

    def _unit_of_efficacy(self, label: str) -> sympy.Expr:
        """The unit of what a spike is scaled by: what is summed of the kinetics has none of its own."""
        factor = self.plan.efficacy[label]
        return unit_symbol(dimensions_of(factor, self.system.dimensions(), self.where))

    # -- texts ---------------------------------------------------------------------------------

    def declaration(self, name: str, time: str = "t") -> str:
        """The line that declares a parameter where it has its home; ``time`` is that of the synapses."""
        p = self.system.parameters[name]
        unit = unit_text(p.dim)
        if isinstance(p.value, TimedArray):
            return f"{name} = {timed_name(name)}({time}) : {unit} (shared)"
        if isinstance(p.value, str):
            return f"{name} = {to_text(read(p.value, f'parameter {name}'))} : {unit}"
        flags = "constant" if name in self.plan.declarations.per_synapse else "shared, constant"
        return f"{name} : {unit} ({flags})"

    def definition(self, name: str) -> str:
        """The line that defines a named expression, after those of its parts if it is deep."""
        d = self.system.definitions[name]
        if name in self.plan.pulses:
            height = self.plan.pulses[name][0]
            on = f"int(t_in_timesteps < {counter(name)})"
            return f"{name} = {to_text(self.on_synapse(height))}*{on} : {unit_text(d.dim)}"
        lines, text = self._parts(name, d.expression)
        return "\n".join([*lines, f"{name} = {text} : {unit_text(d.dim)}"])

    def _parts(self, name: str, expression: sympy.Expr) -> tuple[list[str], str]:
        """Lines that define the parts of a deep expression, and its text in terms of them."""
        parts, rest = in_pieces(name, expression)
        dims, lines = self.system.dimensions(), []
        for part, e in {**self.target_factors, **parts}.items() if parts else ():
            if part in self.target_factors:
                dims = {**dims, part: dimensions_of(e, dims, self.where)}
                continue
            dims = {**dims, part: dimensions_of(e, dims, f"{self.where}, part of '{name}'")}
            lines.append(f"{part} = {to_text(self.on_synapse(e))} : {unit_text(dims[part])}")
        return lines, to_text(self.on_synapse(rest))

    def on_synapse(self, expression: sympy.Expr) -> sympy.Expr:
        """Give an expression the names under which a synapse sees the variables of its target."""
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
        if self.system.rates[name] == 0 or name in self.not_by_equation:
            return f"{name} : {unit}"
        lines, text = self._parts(name, self.hoisted.get(name, self.system.rates[name]))
        return "\n".join([*lines, f"d{name}/dt = {text} : {unit}{flag}"])

    def pulse_starts(self, pulses: Iterable[str], suffix: str) -> list[str]:
        """Statements at a spike: the pulse acts in the first ``duration/dt`` steps after it."""
        lines = []
        for name in pulses:
            duration, *condition = (self._with_suffix(e, suffix) for e in self.plan.pulses[name][1:])
            count = f"{counter(name)}{suffix}"
            start = f"timestep(t_pre, dt{suffix}) + 1 + timestep({to_text(duration)}, dt{suffix})"
            if condition:
                start = f"{count} + int({to_text(condition[0])} > 0)*({start} - {count})"
            lines.append(f"{count} = {start}")
        return lines

    def _with_suffix(self, expression: sympy.Expr, suffix: str) -> sympy.Expr:
        """Use the names of a pathway: ``_post`` to the gate, or those of the synapse itself."""
        if suffix:
            return expression.xreplace({x: symbol(x.name + suffix) for x in expression.free_symbols})
        return self.on_synapse(expression)

    def jumps(self, states: Iterable[str], suffix: str) -> list[str]:
        """Statements at a spike for states that jump, in the order in which the parts write them."""
        added = [] if suffix else [n for n in self.system.on_spike if n in self.system.place]
        return self._statements(self.system.on_spike, [*states, *added], suffix)

    def read_at_spikes(self, given: Any) -> tuple[str, str] | None:
        """A presynaptic state that jumps, and what reads it at the spike on the synapse, if there is any.

        ``given`` are statements of the user's.
        """
        jumping = [n for n in self.gate_states if n in self.system.on_spike]
        jumping += [n for r in self.sent_by_gate for n in r.form.states]
        readers = {n: self.system.on_spike[n] for n in self.states if n in self.system.on_spike}
        for reader, expression in readers.items():
            read = {x.name for x in self.system.inserted(expression).free_symbols}
            for n in jumping:
                if n in read:
                    return n, f"'{reader}'"
        own = get_identifiers("\n".join(given.values()) if isinstance(given, Mapping) else given or "")
        return next(((n, "your on_pre=") for n in jumping if n in own), None)

    def post_jumps(self) -> list[str]:
        """Statements at a postsynaptic spike."""
        return self._statements(self.system.on_post_spike, self.states, "")

    @cached_property
    def delayed(self) -> dict[str, tuple[str, Any]]:
        """Statements and latency of each pathway that acts later than the transmitter."""
        values = self.system.values()
        found = {}
        for event in self.system.later:
            try:
                latency = float(numeric(event.latency, [], values)())
            except ModelError as error:
                raise ModelError(
                    f"{self.where}: the latency {event.latency} of {event.owner} has to be a number, since "
                    f"it becomes the delay of a pathway ({error})."
                ) from error
            first = f"late_{next(iter(event.changes))}"
            name = next(n for n in chain([first], (f"{first}_{k}" for k in count(2))) if n not in found)
            places = [n for n in event.changes if n in self.system.place]
            code = self._statements(event.changes, [*self.states, *places], "")
            found[name] = ("\n".join(code), latency * second)
        return found

    def _statements(self, changes: Mapping[str, sympy.Expr], states: Iterable[str], suffix: str) -> list[str]:
        states, lines = set(states), []
        for n, e in changes.items():
            if n in states and n in self.system.place:  # shared with other synapses: only added to
                (added,) = sympy.expand(e - symbol(n)).args
                lines.append(f"{n} += {to_text(self.on_synapse(added))}")
            elif n in states:
                lines += _assign(f"{n}{suffix}", self._with_suffix(e, suffix))
        return lines

    def corrected(self, given: Any, pathway: str) -> Any:
        """The user's statements, and what they change by changing ``w`` while channels are open."""
        if given is None:
            return None
        texts = {pathway: given} if isinstance(given, str) else dict(given)
        for name, text in texts.items():
            if changes_w(text):
                for sending in self.sent.values():
                    text = sending.correction(text)
                texts[name] = text
        return texts

    def summed_jumps(self) -> list[str]:
        """Statements at a spike for states that are summed on the target."""
        weight = symbol("w") if self.plan.declarations.w == "constant" else sympy.S.One
        lines = []
        for n in self.summed_states:
            if n in self.system.on_spike:
                jump = sympy.expand(self.system.on_spike[n] - symbol(n))
                scaled = weight * self.on_synapse(self.scale_of(n))
                lines.append(f"{n}_total += {to_text(jump * scaled)}")
        return lines

    def scale_of(self, state: str) -> sympy.Expr:
        """What a rule of plasticity multiplies into the jump of a state that is summed on the target."""
        for label, factor in self.plan.efficacy.items():
            if state in self.plan.sent_scaled[label]:
                return factor / self._unit_of_efficacy(label)
        return sympy.S.One

    def synapse_equations(self, own: str | Equations | None) -> Equations:
        """Equations of the `Synapses` object itself."""
        d = self.plan.declarations
        lines = ["w : 1 (shared, constant)" if d.w == "shared" else "w : 1"]
        if self.optimize and d.w == "shared":
            lines = []  # it lives with the totals, which it multiplies
        lines += [self.declaration(n) for n in self.parameters_of["synapse"]]
        lines += [f"{counter(n)} : integer" for n in self.synapse_pulses]
        lines += [self.definition(n) for n in self.definitions]
        lines += [self.rate(n, " (clock-driven)") for n in self.states]
        lines += [line for r in self.sent_by_synapse for line in r.declarations()]
        lines += [f"{rule.updated} : integer" for rule in self.plan.rules]
        lines += [] if self.coefficients is None else self.coefficients.declarations()
        lines += [f"{index_name(p)} : integer (constant)" for p in self.place_states if p != NEURON]
        lines += self.exchanges.declarations("")
        if not self.optimize:
            for r in self.system.receptors:
                text = to_text(self.on_synapse(symbol("w") * r.conductance))
                lines.append(f"{r.total_name}_post = {text} : siemens (summed)")
        if self.marker:
            lines.append(f"{MARKER} : boolean (constant)")
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
        for sending in self.sent_by_synapse:
            values.update(sending.first_values())
        # an index that is not set is found before the run
        several = [p for p in self.place_states if p != NEURON and self.number_at(p) > 1]
        values.update({index_name(p): -1 for p in several})
        if self.plan.declarations.w != "shared":
            values["w"] = 1.0
        return {n: v for n, v in values.items() if v != 0}

    def number_at(self, place: str) -> int:
        """The number of elements of a place that the user has given."""
        given = self.given_places[place]
        return given if isinstance(given, (int, np.integer)) else len(given)

    def event_code(self, place: str = "", rename: Any = None) -> str:
        """Statements for the events of all parts on the synapses, or of those at a place."""
        lines, rename = [], rename or self.on_synapse
        for number, (_, event) in enumerate(self.system.events, 1):
            if {self.system.place.get(n, "") for n in event.changes} != {place}:
                continue
            flag = f"event_{number}"
            lines += _assign(flag, rename(event.condition))
            for name, new in event.changes.items():
                lines += _assign(f"{flag}_{name}", rename(new))
            for name in event.changes:
                lines.append(f"{name} = {name} + {flag}*({flag}_{name} - {name})")
        return "\n".join(lines)

    def namespace(self, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The namespaces of the target (for its voltage) and the user, and the TimedArrays of the model."""
        timed = {
            timed_name(n): p.value
            for n, p in self.system.parameters.items()
            if isinstance(p.value, TimedArray)
        }
        functions = dict(FUNCTIONS) if self.sent else {}
        if self.exchanges.flows:
            functions |= DRAWING
        return {**(self.base.namespace or {}), **(given or {}), **timed, **functions} or None

    def updater(self) -> Any:
        """State updater of the model's own groups."""
        method = self.plan.declarations.method
        if method is None:
            return IntegratingFactor(self.plan.coupled, self.plan.terms)
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
        names = {"w", *self.definitions, *self.states, *self.gate_states}
        names |= {n for used in self.parameters_used.values() for n in used}
        names |= {n for r in self.sent.values() for n in r.form.states}
        names |= {rule.updated for rule in self.plan.rules}
        names |= {index_name(p) for p in self.place_states if p != NEURON}
        for place in self.place_states:
            if self.given_places.get(place) is not self.base:  # else the synapses see what the target has
                names |= {*self.place_states[place]}
                names |= {n for n, at in self.system.place.items() if at == place}
        return names - set(self.gate_pulses)

    def set_parameters(self, group: Any, names: Iterable[str]) -> None:
        """Give shared parameters that are stored in ``group`` their values."""
        for n in names:
            p = self.system.parameters[n]
            if p.is_number and n not in self.per_synapse:
                write(group, n, p.base())

    def check_names(self) -> None:
        """No name of the synapses may exist on source or target: Brian2 would read that one."""
        for role, group in (("source", self.source), ("target", self.target)):
            for name in sorted(self.exposed()):
                if name in group.variables:
                    raise ModelError(
                        f"{self.where}: the synapses and their {role} '{group.name}' both have a "
                        f"variable '{name}'. Rename it in the {role}, or give the part another label=."
                    )


#: Variable of the totals: the voltage by which propagators are looked up.
TABLE_VOLTAGE = "table_voltage"
#: Variable that marks synapses which have had their first values.
MARKER = "has_first_values"


def _assign(name: str, value: sympy.Expr) -> list[str]:
    """Statements that give ``name`` a value: its parts first, if it is deep."""
    *parts, last = assignments(name, value)
    return [*parts, set_to(name, last.removeprefix(f"{name} = "))]


def index_name(place: str) -> str:
    """The variable of a synapse that says to which element of a place it belongs."""
    return f"{place}_index"


def counter(pulse: str) -> str:
    """Name of the first time step after a pulse."""
    return f"k_off_{pulse}"
