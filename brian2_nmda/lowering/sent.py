"""When each state of a model is advanced, and what is sent to the targets.

The *schedule* of a state is one of

`STEPPED`
    at each time step.
`SENT_AT_SPIKES`
    in closed form, where a spike (or the end of a pulse) sends its receptor's conductance to the targets
    as exponentials; see `brian2_nmda.lowering.receptors`.
`SUMMED`
    at each time step, but one sum over all synapses of a target neuron, to which spikes add.
`ADVANCED_AT_SPIKES`
    in closed form at spikes, because nothing reads it between them; see `brian2_nmda.lowering.piecewise`.
`IN_BLOCKS`
    many time steps at once, because nothing reads it within them; see `brian2_nmda.lowering.in_blocks`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import sympy

from brian2_nmda.lowering.coupled import Step
from brian2_nmda.lowering.in_blocks import Blocks, activation_of, find_blocks, may_be_in_blocks
from brian2_nmda.lowering.piecewise import SPLITTING_TOLERANCE, ThresholdRule, threshold_rules, with_window
from brian2_nmda.lowering.places import NEURON, SYNAPSE, Placed, upstream
from brian2_nmda.lowering.receptors import (
    Linear,
    Saturating,
    linear_form,
    linear_receptor,
    readers_at_each_step,
    saturating_form,
)
from brian2_nmda.lowering.steps import Classified
from brian2_nmda.lowering.tables import Table, find_tables
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.system import ReceptorTerm

STEPPED, SENT_AT_SPIKES, SUMMED, ADVANCED_AT_SPIKES = "stepped", "sent", "summed", "at spikes"
IN_BLOCKS = "in blocks"


@dataclass(frozen=True)
class Sent(Classified):
    """The third stage of a plan: when everything is advanced, and what is sent at spikes.

    Attributes
    ----------
    schedule : mapping of str to str
        By state.
    sent : mapping of str to Saturating or Linear
        How the conductance of a receptor is sent, by label.
    summed_receptors : frozenset of str
        Labels of receptors whose states are summed over synapses.
    efficacy : mapping of str to sympy.Expr
        What a rule of plasticity multiplies into the jumps of states at a spike, by receptor.
    sent_scaled : mapping of str to list of str
        The states whose jumps are multiplied, by receptor.
    rules : list of ThresholdRule
        Calcium-threshold rules that are advanced at spikes.
    not_at_spikes : mapping of str to str
        Why a state of such a rule is stepped nevertheless.
    in_blocks : Blocks or None
        What is advanced in blocks of time steps.
    not_in_blocks : mapping of str to str
        Why other states are not, where that was asked for.
    tables : list of Table
        Schemes whose propagators are tabulated over the voltage.
    not_in_tables : mapping of str to str
        Why those of other schemes that depend on it are not.
    """

    schedule: Mapping[str, str]
    sent: Mapping[str, Saturating | Linear]
    summed_receptors: frozenset[str]
    efficacy: Mapping[str, sympy.Expr]
    sent_scaled: Mapping[str, list[str]]
    rules: list[ThresholdRule]
    not_at_spikes: Mapping[str, str]
    in_blocks: Blocks | None
    not_in_blocks: Mapping[str, str]
    tables: list[Table]
    not_in_tables: Mapping[str, str]

    def states(self, place: str, *schedules: str) -> list[str]:
        """States that live at ``place`` and have one of the schedules (`STEPPED` if none is given)."""
        schedules = schedules or (STEPPED,)
        return [n for n in self.steps if self.place[n] == place and self.schedule[n] in schedules]


@dataclass(frozen=True)
class _Summed:
    """Receptors whose states are summed over synapses; see `Sent`."""

    states: Mapping[str, list[str]]
    efficacy: Mapping[str, sympy.Expr]


def find_sent(classified: Classified, dt: float) -> Sent:
    """Decide what is sent at spikes, summed on the target, or advanced at spikes.

    Raises
    ------
    ModelError
        If a rule of plasticity should scale what spikes bring, but cannot.
    """
    summed = _summed(classified)
    blocks, not_in_blocks, (sent, schedule) = _in_blocks(classified, summed, dt)
    on_synapse = [n for n in classified.steps if classified.place[n] == SYNAPSE and schedule[n] == STEPPED]
    tables, not_in_tables = find_tables(classified, on_synapse)
    rules, not_at_spikes = _rules(classified, on_synapse, summed.efficacy, dt)
    at_spikes = [n for rule in rules for n in rule.states]
    schedule.update(dict.fromkeys(at_spikes, ADVANCED_AT_SPIKES))
    place = {n: NEURON if schedule.get(n) == SUMMED else p for n, p in classified.place.items()}
    steps = {
        n: Step(n, ADVANCED_AT_SPIKES, None) if n in at_spikes else s for n, s in classified.steps.items()
    }
    return Sent(
        **{**vars(classified), "place": place, "steps": steps},
        schedule=schedule,
        sent=sent,
        summed_receptors=frozenset(summed.states),
        efficacy=summed.efficacy,
        sent_scaled={n: summed.states[n] for n in summed.efficacy},
        rules=rules,
        not_at_spikes=not_at_spikes,
        in_blocks=blocks,
        not_in_blocks=not_in_blocks,
        tables=tables,
        not_in_tables=not_in_tables,
    )


_Forms = tuple[dict[str, Saturating | Linear], dict[str, str]]


def _forms(classified: Classified, summed: _Summed, dt: float, aside: Iterable[str] = ()) -> _Forms:
    """How receptors are sent, and the schedule of all states; those ``aside`` may read what is sent."""
    system, aside = classified.system, list(aside)
    schedule = dict.fromkeys(system.states, STEPPED)
    schedule.update({n: SUMMED for states in summed.states.values() for n in states})
    sent: dict[str, Saturating | Linear] = {}
    for receptor in system.receptors:
        if receptor.label not in summed.states:
            free = {n for n in system.states if schedule[n] == STEPPED}
            _, rest = split(classified, receptor, summed.efficacy)
            form = linear_form(classified, receptor, rest, free, aside)
            form = form or saturating_form(classified, receptor, free, dt, aside)
            if form is not None:
                sent[receptor.label] = form
                schedule.update(dict.fromkeys(form.states, SENT_AT_SPIKES))
    return sent, schedule


def _in_blocks(
    classified: Classified, summed: _Summed, dt: float
) -> tuple[Blocks | None, dict[str, str], _Forms]:
    """What is advanced in blocks, why other states of the synapse are not, and how receptors are sent."""
    forms = _forms(classified, summed, dt)
    if not classified.declarations.in_blocks:
        return None, {}, forms
    schedule = forms[1]
    states = [n for n in classified.steps if classified.place[n] == SYNAPSE and schedule[n] == STEPPED]
    found, reasons = may_be_in_blocks(classified, states, summed.efficacy)
    if not found:
        return None, reasons, forms
    sent, schedule = _forms(classified, summed, dt, found)
    rest = {r.label: split(classified, r, summed.efficacy)[1] for r in classified.system.receptors}
    activations = {n: activation_of(form, classified.system.inserted(rest[n])) for n, form in sent.items()}
    blocks = find_blocks(classified, found, sent, activations)
    if isinstance(blocks, str):
        return None, reasons | dict.fromkeys(found, blocks), forms
    schedule.update(dict.fromkeys(blocks.states, IN_BLOCKS))
    return blocks, reasons, (sent, schedule)


def split(
    placed: Placed, receptor: ReceptorTerm, efficacy: Mapping[str, sympy.Expr]
) -> tuple[sympy.Expr, sympy.Expr]:
    """The conductance as a factor shared by all synapses, and the rest, but for what spikes bring."""
    shared, rest = sympy.S.One, sympy.S.One
    sent = sympy.Mul.make_args(efficacy.get(receptor.label, sympy.S.One))
    for factor in sympy.Mul.make_args(receptor.conductance):
        if factor in sent:
            continue
        names = {x.name for x in factor.free_symbols}
        held = names <= set(placed.system.parameters) and not any(placed.sides[n] for n in names)
        if held and placed.declarations.optimize:
            shared *= factor
        else:
            rest *= factor
    return shared, rest


def _summed(placed: Placed) -> _Summed:
    """Find linear receptors whose sum over synapses obeys the same equations."""
    system, d = placed.system, placed.declarations
    states: dict[str, list[str]] = {}
    efficacy: dict[str, sympy.Expr] = {}
    if d.optimize and d.w in ("shared", "constant"):
        for receptor in system.receptors:
            if d.efficacy == "at_spikes" and receptor.label in system.plastic:
                names, efficacy[receptor.label] = _scaled_at_spikes(placed, receptor)
            else:
                names = linear_receptor(placed, receptor)
            if names:
                states[receptor.label] = names
    return _Summed(states, efficacy)


def _scaled_at_spikes(placed: Placed, receptor: ReceptorTerm) -> tuple[list[str], sympy.Expr]:
    """States of a linear receptor that a rule of plasticity multiplies, and the factor.

    Raises
    ------
    ModelError
        If a rule scales a receptor of another kind: what a spike opens cannot be scaled by itself.
    """
    moving = [f for f in sympy.Mul.make_args(receptor.conductance) if upstream(placed.system, f)]
    for kinetics in moving:
        names = linear_receptor(placed, replace(receptor, conductance=kinetics))
        others = [f for f in moving if f is not kinetics]
        if names and others and not any(f.has(*map(symbol, names)) for f in others):
            return names, sympy.Mul(*others)
    raise ModelError(
        f"efficacy='at_spikes': the conductance of '{receptor.label}', {receptor.conductance}, is not a rule "
        "of plasticity times linear kinetics that depend on presynaptic spikes only; leave efficacy= out."
    )


def _rules(
    placed: Placed, states: list[str], efficacy: Mapping[str, sympy.Expr], dt: float
) -> tuple[list[ThresholdRule], dict[str, str]]:
    """Calcium-threshold rules among ``states`` to advance at spikes, and why others are stepped."""
    d, rules, stepped = placed.declarations, [], {}
    if not d.optimize or d.method is not None:
        return rules, stepped
    for rule in threshold_rules(placed.system, states):
        reader = _reader_between_spikes(placed, set(rule.states), efficacy)
        found = with_window(rule, placed.system.values(), d.tolerance or SPLITTING_TOLERANCE, dt)
        if reader is not None:
            stepped.update(dict.fromkeys(rule.states, f"read by {reader} at each step"))
        elif found is None:
            why = "its nonlinear drift is too fast to be split off"
            stepped.update(dict.fromkeys(rule.states, why))
        else:
            rules.append(found)
    return rules, stepped


def _reader_between_spikes(placed: Placed, names: set[str], efficacy: Mapping[str, sympy.Expr]) -> str | None:
    """The first thing that reads one of the states between spikes, in words."""
    system = placed.system

    def read(*expressions: sympy.Expr) -> bool:
        return any(e.has(*map(symbol, names)) for e in expressions)

    definitions = [n for n, d in system.definitions.items() if read(d.expression)]
    readers = readers_at_each_step(system, names, names, efficacy, read, definitions)
    readers += ["your model="] if names & placed.declarations.read_by_user else []
    return readers[0] if readers else None


def needed_pulses(plan: Sent) -> set[str]:
    """Pulses that are read in the rates of states which are stepped."""
    stepped: Iterable[str] = [n for n in plan.system.states if plan.schedule[n] != SENT_AT_SPIKES]
    rates = [plan.system.inserted(plan.system.rates[n], keep=plan.pulses) for n in stepped]
    return {n for n in plan.pulses if any(e.has(symbol(n)) for e in rates)}
