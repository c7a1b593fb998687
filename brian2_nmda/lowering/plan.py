"""The result of the analysis of a model: a plan that explains itself.

A plan is made in stages, each of which knows all that the one before knows: `Placed` (where everything
lives), `Classified` (how it is stepped), `Sent` (when it is advanced and what is sent at spikes) and `Plan`
(what is said about it).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from brian2_nmda.lowering.bounds import integrating_factor_bound
from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.lowering.in_blocks import LENGTH
from brian2_nmda.lowering.piecewise import ThresholdRule
from brian2_nmda.lowering.places import POST, PRE, SYNAPSE, WORDS, find_places, upstream
from brian2_nmda.lowering.receptors import read_elsewhere
from brian2_nmda.lowering.sent import IN_BLOCKS, SENT_AT_SPIKES, SUMMED, Sent, find_sent, needed_pulses
from brian2_nmda.lowering.smooth import TOLERANCE
from brian2_nmda.lowering.steps import find_steps
from brian2_nmda.lowering.tables import RANGE, Table
from brian2_nmda.symbolic.system import ReceptorTerm, System


@dataclass(frozen=True)
class PlanRow:
    """One line of `Plan.table`."""

    variable: str
    lives_on: str
    integrated_by: str
    why: str
    error_bound: str = ""


@dataclass(frozen=True)
class Plan(Sent):
    """The result of the analysis; printing it explains it."""

    rows: list[PlanRow]

    def summed_for_all(self, labels: Iterable[str]) -> "Plan":
        """The plan when what these receptors send is summed once for all targets."""
        names = {r.total_name for r in self.system.receptors if r.label in set(labels)}
        rows = [
            replace(
                r,
                integrated_by=f"{r.integrated_by}, once for all targets",
                why=f"{r.why}; all-to-all with one weight",
            )
            if r.variable in names
            else r
            for r in self.rows
        ]
        return replace(self, rows=rows)

    @property
    def table(self) -> list[dict[str, str]]:
        """Rows with ``variable``, ``lives on``, ``integrated by``, ``why`` and ``error bound``."""
        return [
            {
                "variable": r.variable,
                "lives on": r.lives_on,
                "integrated by": r.integrated_by,
                "why": r.why,
                "error bound": r.error_bound,
            }
            for r in self.rows
        ]

    def __str__(self) -> str:
        table = self.table
        heads = list(table[0])
        width = {h: max(len(h), *(len(r[h]) for r in table)) for h in heads}
        lines = ["  ".join(h.ljust(width[h]) for h in heads).rstrip()]
        lines.append("  ".join("-" * width[h] for h in heads))
        lines += ["  ".join(r[h].ljust(width[h]) for h in heads).rstrip() for r in table]
        notes = dict.fromkeys(filter(None, (self.instead(r.variable) for r in self.rows)))
        return "\n".join([*lines, *([""] if notes else []), *notes])

    __repr__ = __str__

    def instead(self, name: str) -> str | None:
        """What to read instead of a variable of the plan that the synapses do not have; else ``None``."""
        for r in self.system.receptors:
            if r.label in self.summed_receptors and self.schedule.get(name) == SUMMED:
                names = [n for n in upstream(self.system, r.conductance) if self.schedule[n] == SUMMED]
                if name in names:
                    return (
                        f"{', '.join(names)}: summed over the synapses of each target, so no synapse has "
                        f"one. Read {r.total_name} of the target; w='per_synapse' keeps one for each synapse."
                    )
        if name in self.pulses and self.declarations.optimize:
            return f"{name}: a pulse is a count of time steps; no variable stores its height."
        return None

    def _repr_html_(self) -> str:
        table = self.table
        head = "".join(f"<th>{h}</th>" for h in table[0])
        body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in r.values()) + "</tr>" for r in table)
        return f"<table><tr>{head}</tr>{body}</table>"


def make_plan(system: System, declarations: Declarations, dt: float) -> Plan:
    """Place and classify every variable of ``system``.

    Parameters
    ----------
    system : System
    declarations : Declarations
    dt : float
        Time step in seconds, for the error bounds.

    Raises
    ------
    ModelError
        If a parameter declared per synapse does not exist or belongs to the target.
    """
    sent = find_sent(find_steps(find_places(system, declarations), dt), dt)
    rows = [_state_row(sent, n, dt) for n in system.states]
    rows += _definition_rows(sent)
    rows += [_total_row(sent, n) for n in system.totals]
    rows += [_conductance_row(sent, r) for r in system.receptors]
    return Plan(**vars(sent), rows=rows)


# -- rows of states ------------------------------------------------------------------------------


def _state_row(plan: Sent, name: str, dt: float) -> PlanRow:
    method, place = plan.declarations.method, plan.place[name]
    by = f"'{method}'" if method else str(plan.steps[name])
    if place == POST:
        by = "the target's own method"
    if plan.schedule[name] == SENT_AT_SPIKES:
        by = "closed form, at events only"
    why, bound = _why(plan, name), _bound(plan, name, dt)
    if name in plan.moved:
        why = f"needed on the synapse together with {plan.moved[name]}"
    for rule in plan.rules:
        if name in rule.states:
            by, why, bound = _at_spikes(rule, name)
    if plan.schedule[name] == IN_BLOCKS:
        by, why, bound = _block_by_block(plan, name)
    for table in plan.tables:
        if name in table.states:
            by, bound = _from_table(plan, table)
    if name in plan.not_in_tables:
        why += f"; no table of propagators: {plan.not_in_tables[name]}"
    if name in plan.not_in_blocks:
        why += f"; not in blocks: {plan.not_in_blocks[name]}"
    if name in plan.not_at_spikes:
        why += f"; not advanced at spikes alone: {plan.not_at_spikes[name]}"
    if name in plan.system.drawn:
        by, bound = "whole numbers, binomial draws (order 1 in dt)", "statistical"
    return PlanRow(name, _words(plan, name), by, why, bound)


def _words(plan: Sent, name: str) -> str:
    """Where a variable lives."""
    if plan.schedule.get(name) == SUMMED:
        return "target, summed over synapses"
    return WORDS.get(plan.place[name], plan.place[name])


def _bound(plan: Sent, name: str, dt: float) -> str:
    step = plan.steps[name]
    if plan.declarations.method is not None:
        return ""
    if plan.schedule[name] == SENT_AT_SPIKES:
        return "rounding"
    if step.kind == "constant":
        return "0"
    if step.kind == "exact series":
        return f"1e-13 ({plan.terms} terms)" if not step.held else "order 1 in what is held"
    if step.noisy:
        return "statistical"
    if step.kind == "exact":
        return "rounding" if not step.held else "order 1 in what is held"
    if step.kind == "integrating factor" and not step.held:
        value = integrating_factor_bound(plan, name, dt)
        if value is not None:
            return f"{value:.1e} (dt {dt * 1e3:g} ms)"
    return "not known"


def _at_spikes(rule: ThresholdRule, name: str) -> tuple[str, str, str]:
    """How a state of a rule that is advanced at spikes is integrated, why, and its error."""
    why = "nothing reads it between spikes, and calcium crosses its thresholds at known times"
    if name == rule.calcium:
        return "exact, at spikes", why, "rounding"
    efficacy = next(e for e in rule.efficacies if e.name == name)
    by = "exact drift" + (" and noise" if efficacy.variance != 0 else "") + " between crossings, at spikes"
    if efficacy.flow == 0:
        return by, why, "rounding"
    by += f" and every {rule.window * 1e3:g} ms; nonlinear drift split off"
    return by, why, f"{rule.error:.1e} (mean)"


def _block_by_block(plan: Sent, name: str) -> tuple[str, str, str]:
    """How a state is advanced in blocks, why it may be, and the error beside that of its steps."""
    step, blocks = plan.steps[name], plan.in_blocks
    by = f"{step}, {LENGTH} steps at once"
    why = f"{_why(plan, name)}; linear, and nothing reads it within a block"
    error = f"{blocks.bound(plan.sent, plan.declarations.tolerance):.1e} (open fraction)"
    smooth = {f.state: f for f in blocks.smooth}
    if name in smooth:
        why = f"{_why(plan, name)}; smooth in what it follows, and nothing reads it within a block"
        estimated = [t.state for t in smooth[name].terms if t.state in smooth]
        error += f", {TOLERANCE:.0e} (its rates)" + "".join(f", course of {n} estimated" for n in estimated)
    elif name not in blocks.linear:
        why = f"{_why(plan, name)}; switches at thresholds, and nothing reads it within a block"
    return by, why, error


def _from_table(plan: Sent, table: Table) -> tuple[str, str]:
    """How states are advanced whose propagators are tabulated, and the error."""
    low, high = (f"{v * 1e3:+g}" for v in RANGE)
    by = f"propagator of its target, table of v from {low} to {high} mV"
    if table.pulses:
        by += f"; exact series with {' or '.join(table.pulses)}"
    return f"{by}; v held over the step", f"{table.error:.0e} per step; order 1 in what is held"


def _why(plan: Sent, name: str) -> str:
    """Why a variable lives where it does."""
    d, place, sides = plan.declarations, plan.place[name], plan.sides[name]
    if name in plan.system.place:
        return "stated by the model"
    if name in plan.traces:
        return "follows from postsynaptic spikes alone"
    if plan.schedule.get(name) == SUMMED:
        return "linear, weights declared constant or shared: the sum obeys the same equations"
    if place == PRE:
        return "depends on presynaptic spikes only, with one delay"
    if place == POST:
        return "depends on the target's voltage only"
    if not d.optimize:
        return "naive form (optimize=False)"
    reasons = []
    if POST in sides:
        reasons.append("the target's voltage or spikes")
    if PRE in sides:
        reasons.append("presynaptic spikes")
    if SYNAPSE in sides:
        reasons.append(
            "delays or parameters of each synapse"
            if d.delay == "per_synapse" or d.per_synapse
            else "values of each synapse"
        )
    reasons += [f"the {side}" for side in sorted(sides - {PRE, POST, SYNAPSE})]
    return "depends on " + " and ".join(reasons)


# -- rows of definitions, sums and conductances --------------------------------------------------------------


def _definition_rows(plan: Sent) -> Iterator[PlanRow]:
    sent = {form.pulse for form in plan.sent.values()} - needed_pulses(plan)
    for name in plan.pulses:
        if name not in sent:
            by = "counted in whole time steps"
            yield PlanRow(name, _words(plan, name), by, _why(plan, name), "0")
    for name, definition in plan.system.definitions.items():
        if name not in plan.pulses and not definition.expression.is_number:
            yield PlanRow(name, _words(plan, name), "expression", _why(plan, name))


def _total_row(plan: Sent, name: str) -> PlanRow:
    """A sum over the synapses of a place."""
    summed = plan.system.totals[name]
    by = f"summed at each time step of the {summed.place}"
    return PlanRow(name, _words(plan, name), by, f"Total({summed.expression})", "order 1: held over the step")


def _conductance_row(plan: Sent, receptor: ReceptorTerm) -> PlanRow:
    """How the conductance of a receptor comes to the target."""
    label, bound = receptor.label, ""
    if label in plan.sent:
        form = plan.sent[label]
        by = f"{len(form.rates)} exponential{'s' * (len(form.rates) > 1)}, sent at spikes"
        why, bound = "linear between events", "rounding"
        if form.bound:
            why = f"relaxes between events, tolerance={plan.declarations.tolerance:g}"
            bound = f"{form.bound:.1e} (open fraction)"
    elif label in plan.summed_receptors:
        by, why = "added at spikes", "linear, weights do not change"
        if label in plan.efficacy:
            why += f", scaled at the spike by {plan.efficacy[label]}"
    else:
        by, why = "summed at each time step of the target", "naive form (optimize=False)"
        if plan.declarations.optimize:
            why = f"w multiplies what is open now; not sent at spikes: {_why_stepped(plan, receptor)}"
    return PlanRow(receptor.total_name, WORDS[POST], by, why, bound)


def _why_stepped(plan: Sent, receptor: ReceptorTerm) -> str:
    """Why a conductance is not sent at spikes, for one that has no form that can be."""
    d, system = plan.declarations, plan.system
    if d.stepped_because is not None:
        return d.stepped_because
    names = upstream(system, receptor.conductance)
    read = [receptor.conductance, *(system.rates[n] for n in names)]
    read += [e for n, e in system.on_spike.items() if n in names]
    for n in sorted({x.name for e in map(system.inserted, read) for x in e.free_symbols}):
        if n in d.per_synapse:
            return f"'{n}' has one value per synapse"
        if n in system.parameters and not system.parameters[n].is_number:
            return f"'{n}' may change at each time step"
    for n in names:
        if POST in plan.sides[n]:
            return f"'{n}' depends on the target's voltage or spikes"
        if plan.place[n] != plan.arrival_place or plan.schedule[n] in (SENT_AT_SPIKES, SUMMED):
            return f"'{n}' has a course of its own on each synapse"
        if n in system.spiked_otherwise:
            return f"'{n}' changes at other spikes as well"
    if read_elsewhere(system, receptor, names):
        return "its states or its conductance are read at each time step"
    return f"no exponentials are known that follow its kinetics within tolerance={d.tolerance:g}"
