"""Where each variable of a model lives, how it is integrated, and why.

The *domain* of a variable is the set of sides that its value depends on: ``pre`` (spikes of the
presynaptic neuron, after one uniform delay), ``post`` (voltage of the target) and ``synapse``
(weights, per-synapse parameters and delays). A variable lives where its domain is one side, once per
neuron; what mixes sides lives on the synapse. Further sides (a dendrite, an astrocyte) are
further members of the set.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import sympy

from brian2_nmda.lowering.integrators import (
    DEFAULT_TERMS,
    Scheme,
    affine_rows,
    classify,
    gauss_bound,
    terms_needed,
)
from brian2_nmda.lowering.piecewise import SPLITTING_TOLERANCE, ThresholdRule, threshold_rules, with_window
from brian2_nmda.lowering.receptors import (
    POST,
    PRE,
    SYNAPSE,
    Linear,
    Relaxing,
    highest,
    linear_form,
    linear_receptor,
    relaxing_receptor,
    upstream,
    why_stepped,
)
from brian2_nmda.symbolic.analysis import strongly_connected
from brian2_nmda.symbolic.composition import ReceptorTerm, System
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric, symbol
from brian2_nmda.symbolic.part import Pulse, rand

#: Places of states that are advanced at events only.
SENT = {PRE: "pre, at events", SYNAPSE: "synapse, at events"}
#: Where a variable can live, in the words of `Plan`.
PLACES = {
    PRE: "presynaptic neuron",
    POST: "target",
    SYNAPSE: "synapse",
    "summed": "target, summed over synapses",
    SENT[PRE]: "presynaptic neuron",
    SENT[SYNAPSE]: "synapse",
}


@dataclass(frozen=True)
class Declarations:
    """What the user says before connectivity, weights and delays are known.

    Attributes
    ----------
    delay : {'uniform', 'per_synapse'}
    w : {'per_synapse', 'shared', 'constant'}
    per_synapse : frozenset of str
        Parameters with one value per synapse.
    method : str or None
        A state updater registered with Brian2 instead of the default.
    optimize : bool
    tolerance : float or None
        Error of an open fraction that the plan may make to be faster; ``None`` for exact plans.
    same_steps : bool
        Whether source, synapses and target have one time step.
    single_precision : bool
        Whether the preference ``core.default_float_dtype`` is not float64.
    jumping_w : bool
        Whether the user's statements change ``w`` at spikes.
    efficacy : {'now', 'at_spikes'}
        Whether a rule of plasticity scales what is open now, or what a spike opens.
    read_by_user : frozenset of str
        Names in equations that the user adds to the synapses.
    """

    delay: str = "uniform"
    w: str = "per_synapse"
    per_synapse: frozenset[str] = frozenset()
    method: str | None = None
    optimize: bool = True
    tolerance: float | None = None
    same_steps: bool = True
    single_precision: bool = False
    jumping_w: bool = False
    efficacy: str = "now"
    read_by_user: frozenset[str] = frozenset()

    @property
    def stepped_because(self) -> str | None:
        """Why no conductance is sent at spikes, whatever its kinetics."""
        if not self.optimize:
            return "optimize=False"
        if self.tolerance is None:
            return "tolerance=None"
        if self.method is not None:
            return f"method='{self.method}'"
        if not self.same_steps:
            return "source, synapses and target have different time steps"
        if self.single_precision:
            return "amplitudes that cancel need more digits than float32 has"
        return None


@dataclass(frozen=True)
class Row:
    """One line of `Plan.table`."""

    variable: str
    lives_on: str
    integrated_by: str
    why: str
    error_bound: str = ""


@dataclass
class Plan:
    """The result of the analysis; printing it explains it."""

    declarations: Declarations
    rows: list[Row] = field(default_factory=list)
    place: dict[str, str] = field(default_factory=dict)
    pulses: dict[str, tuple[sympy.Expr, ...]] = field(default_factory=dict)
    blocks: list[list[str]] = field(default_factory=list)
    summed_receptors: set[str] = field(default_factory=set)
    schemes: dict[str, Scheme] = field(default_factory=dict)
    domain: dict[str, frozenset[str]] = field(default_factory=dict)
    together: dict[str, str] = field(default_factory=dict)
    terms: int = DEFAULT_TERMS
    outflows: list[sympy.Expr] = field(default_factory=list)
    relaxing: dict[str, Relaxing | Linear] = field(default_factory=dict)
    #: by receptor, what a rule of plasticity multiplies into the jumps of states at a spike, and which
    efficacy: dict[str, sympy.Expr] = field(default_factory=dict)
    sent_scaled: dict[str, list[str]] = field(default_factory=dict)
    rules: list[ThresholdRule] = field(default_factory=list)
    not_at_spikes: dict[str, str] = field(default_factory=dict)

    def states(self, place: str) -> list[str]:
        """States that live at ``place``."""
        return [n for n in self.schemes if self.place[n] == place]

    @property
    def in_series(self) -> list[str]:
        """States that are stepped by an exact series."""
        return [n for n, s in self.schemes.items() if s.kind == "exact series"]

    def summed_once(self, labels: Iterable[str]) -> "Plan":
        """The plan when what these receptors send is summed once for all targets."""
        totals = {f"g_total_{label}" for label in labels}
        rows = [
            replace(
                r,
                integrated_by=f"{r.integrated_by}, once for all targets",
                why=f"{r.why}; all-to-all with one weight",
            )
            if r.variable in totals
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
        return "\n".join(lines)

    __repr__ = __str__

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
    plan = Plan(declarations)
    _check_per_synapse(system, declarations)
    plan.pulses = {
        n: d.expression.args for n, d in system.definitions.items() if isinstance(d.expression, Pulse)
    }
    for name, definition in system.definitions.items():
        if definition.expression.has(Pulse) and name not in plan.pulses:
            raise ModelError(f"'{name}': a Pulse has to stand alone, found {definition.expression}.")
    plan.domain = domains(system, declarations)
    for name, domain in plan.domain.items():
        plan.place[name] = _place(domain, declarations.optimize)
    plan.blocks = _blocks(system)
    _keep_together(system, plan)
    _keep_order(system, plan)
    on_target = {n for n in system.states if plan.place[n] == POST}
    plan.blocks = [
        part
        for block in plan.blocks  # what lives on the target is stepped by the target
        for part in ([n for n in block if n not in on_target], [n for n in block if n in on_target])
        if part
    ]
    plan.schemes = _with_hidden_inputs(system, plan, classify(_flat_rates(system, plan), plan.blocks))
    plan.outflows = _outflows(system, plan)
    size = series_size(system, plan, system.values(), dt)
    plan.terms = DEFAULT_TERMS if size is None else min(terms_needed(min(size, MAX_SERIES)), MAX_TERMS)
    if declarations.optimize and declarations.w in ("shared", "constant"):
        for receptor in system.receptors:
            states = linear_receptor(system, receptor, plan)
            if declarations.efficacy == "at_spikes" and receptor.label in system.plastic:
                states = scaled_at_spikes(system, receptor, plan)
            if states:
                plan.summed_receptors.add(receptor.label)
                plan.place.update({n: "summed" for n in states})
    for receptor in system.receptors:
        if receptor.label in plan.summed_receptors:
            continue
        form = linear_form(system, receptor, plan, split(system, receptor, plan)[1])
        form = form or relaxing_receptor(system, receptor, plan, dt)
        if form is not None:
            plan.relaxing[receptor.label] = form
            for name in form.states:
                plan.place[name] = SENT[form.place]
    _advance_at_spikes(system, plan, dt)
    _explain(system, plan, dt)
    return plan


def _acting_on_target(system: System) -> set[str]:
    """Names in the currents and blocks, which are computed on the target."""
    expressions = [r.current for r in system.receptors]
    expressions += [d.expression for n, d in system.definitions.items() if n.startswith("block_")]
    return {x.name for e in expressions for x in e.free_symbols}


def _check_per_synapse(system: System, declarations: Declarations) -> None:
    target = _acting_on_target(system)
    for name in sorted(declarations.per_synapse):
        if name not in system.parameters:
            raise ModelError(
                f"per_synapse=['{name}']: no such parameter; the parameters are "
                f"{', '.join(system.parameters)}."
                + "".join(f" Did you mean '{n}'?" for n in get_close_matches(name, system.parameters, 1))
            )
        if name in target:
            raise ModelError(
                f"per_synapse=['{name}']: this parameter acts on the target, where the synapses are "
                f"summed already; use post_equations(per_neuron=['{name}'])."
            )


def domains(system: System, declarations: Declarations) -> dict[str, frozenset[str]]:
    """The sides on which each name depends."""
    spike = PRE if declarations.delay == "uniform" else SYNAPSE
    on_target = _acting_on_target(system)
    found: dict[str, frozenset[str]] = {"v": frozenset({POST}), "w": frozenset({SYNAPSE})}
    for name, p in system.parameters.items():
        if name in declarations.per_synapse:
            found[name] = frozenset({SYNAPSE})
        elif isinstance(p.value, str):  # a variable of the user's, of the target or the synapses
            found[name] = frozenset({POST if name in on_target else SYNAPSE})
        else:
            found[name] = frozenset()
    own: dict[str, set[str]] = {n: set() for n in [*system.states, *system.definitions]}
    expressions: dict[str, list[sympy.Expr]] = {n: [e] for n, e in system.rates.items()}
    for name, definition in system.definitions.items():
        expressions[name] = [definition.expression]
        if definition.expression.has(Pulse):
            own[name].add(spike)
    for name, jump in system.on_spike.items():
        own[name] |= {spike, SYNAPSE} if jump.has(rand) else {spike}
        expressions[name].append(jump)
    for name, jump in system.on_post_spike.items():
        own[name] |= {POST, SYNAPSE}
        expressions[name].append(jump)
    for late in system.on_late_spike:
        for name, jump in late.changes.items():
            own[name] |= {spike, SYNAPSE}
            expressions[name].append(jump)
    for name, rate in system.rates.items():
        if any(x.name.startswith("xi_") for x in rate.free_symbols):
            own[name].add(SYNAPSE)
    for _, event in system.events:
        for name, change in event.changes.items():
            expressions[name] += [event.condition, change]
    found.update({n: frozenset(s) for n, s in own.items()})
    _spread(found, expressions)
    # What depends on nothing, such as a slow co-agonist, lives with the presynaptic neuron.
    found.update({n: frozenset({PRE}) for n in system.states if not found[n]})
    _spread(found, expressions)
    return found


def _spread(found: dict[str, frozenset[str]], expressions: Mapping[str, list[sympy.Expr]]) -> None:
    """Add to each domain those of what is read, until nothing changes."""
    changed = True
    while changed:
        changed = False
        for name, sources in expressions.items():
            names = {x.name for e in sources for x in e.free_symbols}
            new = found[name].union(*(found.get(n, frozenset()) for n in names))
            changed |= new != found[name]
            found[name] = new


def _place(domain: frozenset[str], optimize: bool) -> str:
    if domain == {POST}:
        return POST
    if optimize and domain <= {PRE}:
        return PRE
    return SYNAPSE


def _blocks(system: System) -> list[list[str]]:
    """States of one part; a calcium integrator is stepped with the pool that feeds it."""
    groups: dict[str, list[str]] = {}
    for name in system.states:
        owner = system.owner[name]
        groups.setdefault("Ca" if name in ("Ca", "Ca_eff") else owner, []).append(name)
    return list(groups.values())


def _keep_together(system: System, plan: Plan) -> None:
    """Move states to the synapse that a state of the same block needs there.

    The integrators need the course of such a state within the step, not its value at the start.
    """
    for block in plan.blocks:
        for name in block:
            if plan.place[name] == SYNAPSE:
                for n in upstream(system, system.rates[name]):
                    if n in block and plan.place[n] == PRE:
                        plan.place[n] = SYNAPSE
                        plan.together[n] = name


def _keep_order(system: System, plan: Plan) -> None:
    """Move states to the synapse that a state there reads before they change at a spike.

    What lives on the presynaptic neuron changes at a spike before anything on the synapse does.
    """
    order = list(system.on_spike)

    def read(expressions: Iterable[sympy.Expr]) -> set[str]:
        return {x.name for e in expressions for x in system.inserted(e, plan.pulses).free_symbols}

    def move(name: str, reader: str) -> None:
        plan.place[name] = SYNAPSE
        plan.together[name] = reader

    moved = True
    while moved:
        moved = False
        for place, name in enumerate(order):
            if plan.place[name] == SYNAPSE:
                later = [n for n in order[place + 1 :] if plan.place[n] == PRE]
                for n in set(later) & read([system.on_spike[name]]):
                    move(n, name)
                    moved = True
        for n in system.states:
            if plan.place[n] == PRE:
                needs = read([system.rates[n], system.on_spike.get(n, sympy.S.Zero)])
                for m in [m for m in system.states if m in needs and plan.place[m] == SYNAPSE][:1]:
                    move(n, m)
                    moved = True


def _flat_rates(system: System, plan: Plan) -> dict[str, sympy.Expr]:
    """Rates in which only definitions that move with a state of the same block are inserted."""
    block_of = {n: b for b in plan.blocks for n in b}
    return {name: insert_moving(rate, system, block_of[name]) for name, rate in system.rates.items()}


def _with_hidden_inputs(system: System, plan: Plan, schemes: Mapping[str, Scheme]) -> dict[str, Scheme]:
    """Add to ``held`` what a state reads through a named expression, such as g through I_Ca."""
    out = {}
    for name, rate in _flat_rates(system, plan).items():
        read = {x.name for x in system.inserted(rate, keep=plan.pulses).free_symbols}
        block = next(b for b in plan.blocks if name in b)
        held = {n for n in read if n in system.states and n not in block} | (read & {"v"})
        out[name] = replace(schemes[name], held=tuple(sorted(held)))
    return out


def insert_moving(rate: sympy.Expr, system: System, block: Iterable[str]) -> sympy.Expr:
    """Insert the definitions that contain a state of ``block``; keep the others by name."""
    block = set(block)
    keep = {
        n
        for n, d in system.definitions.items()
        if not {x.name for x in system.inserted(d.expression).free_symbols} & block
    }
    return system.inserted(rate, keep=keep)


def scaled_at_spikes(system: System, receptor: ReceptorTerm, plan: Plan) -> list[str]:
    """States of a linear receptor that a rule of plasticity multiplies; the factor goes to ``efficacy``.

    Raises
    ------
    ModelError
        If a rule scales a receptor of another kind: what a spike opens cannot be scaled by itself.
    """
    factors = sympy.Mul.make_args(receptor.conductance)
    moving = [f for f in factors if upstream(system, f)]
    for kinetics in moving:
        names = linear_receptor(system, replace(receptor, conductance=kinetics), plan)
        others = [f for f in moving if f is not kinetics]
        if names and others and not any(f.has(*map(symbol, names)) for f in others):
            plan.efficacy[receptor.label] = sympy.Mul(*others)
            plan.sent_scaled[receptor.label] = names
            return names
    raise ModelError(
        f"efficacy='at_spikes': the conductance of '{receptor.label}', {receptor.conductance}, is not a rule "
        "of plasticity times linear kinetics that depend on presynaptic spikes only; leave efficacy= out."
    )


def _advance_at_spikes(system: System, plan: Plan, dt: float) -> None:
    """Advance calcium-threshold rules at spikes, if nothing reads their states between them."""
    d = plan.declarations
    if not d.optimize or d.method is not None:
        return
    for rule in threshold_rules(system, plan.states(SYNAPSE)):
        names = set(rule.states)
        readers = [n for n in system.states if n not in names and _reads(system.rates[n], names)]
        readers += [n for n, x in system.definitions.items() if _reads(x.expression, names)]
        readers += [
            r.total for r in system.receptors if r.label not in plan.efficacy and _reads(r.conductance, names)
        ]
        readers += [
            f"an event of {owner}"
            for owner, e in system.events
            if names & set(e.changes) or any(_reads(x, names) for x in (e.condition, *e.changes.values()))
        ]
        readers += ["your model="] if names & d.read_by_user else []
        found = with_window(rule, system.values(), d.tolerance or SPLITTING_TOLERANCE, dt)
        if readers or found is None:
            why = (
                f"read by {readers[0]} at each step"
                if readers
                else "its nonlinear drift is too fast to be split off"
            )
            plan.not_at_spikes.update(dict.fromkeys(names, why))
            continue
        plan.rules.append(found)
        plan.schemes.update({n: Scheme(n, "at spikes", None) for n in names})


def _reads(expression: sympy.Expr, names: Iterable[str]) -> bool:
    return expression.has(*map(symbol, names))


#: Voltages (V) between which the exact series of a voltage-dependent scheme has to be accurate.
VOLTAGES = (-0.09, 0.06)
#: Largest product of the fastest rate and dt for which an exact series is written, and its terms.
MAX_SERIES, MAX_TERMS = 30.0, 90


def series_size(system: System, plan: Plan, values: Mapping[str, float], dt: float) -> float | None:
    """Largest product of dt and an outflow among the states that are stepped by an exact series.

    Taken over 0 and the full transmitter, and the voltages of `VOLTAGES`. ``None`` if there is no such
    state, or a rate is not known before the run.
    """
    largest = None
    for e in plan.outflows:
        pulses = [n for n in plan.pulses if e.has(symbol(n))]
        for v in VOLTAGES:
            for on in (0.0, 1.0):
                try:
                    heights = {n: on * highest(system, plan.pulses[n][0], values) for n in pulses}
                    rate = float(numeric(e, [], {**values, "v": v, **heights})())
                except ModelError:
                    return None
                largest = max(largest or 0.0, dt * rate)
    return largest


def _outflows(system: System, plan: Plan) -> list[sympy.Expr]:
    """Rates at which the states of exact series are left, in parameters, pulses and the voltage."""
    found = []
    rates = _flat_rates(system, plan)
    for block in plan.blocks:
        inside = {n: rates[n] for n in block}
        for group in strongly_connected(inside):
            if plan.schemes[group[0]].kind == "exact series":
                drive, flows = affine_rows(inside, group)
                found += [sympy.Add(*drive.values()), *(-flows[n][n] for n in group)]
    return [system.inserted(e, keep=plan.pulses) for e in found]


def fastest_rate(system: System, plan: Plan) -> tuple[str, float]:
    """State that relaxes fastest, and how fast (1/s), with transmitter and all channels open.

    States with an exact step are left out, and exact series, which have a check of their own.
    Quantities without an upper bound, such as calcium, are taken at their starting values.
    """
    values = {**system.values()}
    worst = ("", 0.0)
    inputs: dict[str, float] = {}
    for name, d in system.definitions.items():
        if isinstance(d.expression, Pulse):
            try:
                inputs[name] = highest(system, d.expression.args[0], values)
            except ModelError:
                continue
    exact = set()
    if plan.declarations.method is None:
        exact = {n for n, s in plan.schemes.items() if s.order is None and not s.held}
        exact |= set(plan.in_series)
    for name, rate in system.rates.items():
        if name in exact:
            continue
        slope = -sympy.diff(system.inserted(rate, keep=inputs), symbol(name))
        slope = slope.replace(
            lambda e: isinstance(e, (sympy.Heaviside, sympy.DiracDelta)), lambda e: sympy.S.One
        )
        given = {**values, **inputs}
        for n, state in system.states.items():
            high = state.within[1]
            given.setdefault(n, 1.0 if high == 1 else system.initial[n])
        given.setdefault("v", 0.0)
        try:
            value = abs(float(numeric(slope, [], given)()))
        except (ModelError, TypeError, ZeroDivisionError):
            continue
        if value > worst[1]:
            worst = (name, value)
    return worst


def _bound(system: System, plan: Plan, name: str, dt: float) -> str:
    scheme = plan.schemes[name]
    if plan.declarations.method is not None:
        return ""
    if plan.place[name] in SENT.values():
        return "rounding"
    if scheme.kind == "constant":
        return "0"
    if scheme.kind == "exact series":
        return f"1e-13 ({plan.terms} terms)" if not scheme.held else "order 1 in what is held"
    if scheme.noisy:
        return "statistical"
    if scheme.kind == "exact":
        return "rounding" if not scheme.held else "order 1 in what is held"
    if scheme.kind == "integrating factor" and not scheme.held:
        value = integrating_factor_bound(system, plan, name, dt)
        if value is not None:
            return f"{value:.1e} (dt {dt * 1e3:g} ms)"
    return "not known"


def integrating_factor_bound(system: System, plan: Plan, name: str, dt: float) -> float | None:
    """Bound of the global error of ``name``; ``None`` where none is known."""
    values = system.values()
    block = next(b for b in plan.blocks if name in b)
    rates = _flat_rates(system, plan)
    inputs = {}
    for pulse, (height, *_) in plan.pulses.items():
        if any(rates[n].has(symbol(pulse)) for n in block):
            try:
                inputs[pulse] = (0.0, highest(system, height, values))
            except ModelError:
                return None
    within = {}
    for n in block:
        low, high = system.states[n].within
        if isinstance(low, (int, float)) and isinstance(high, (int, float)):
            within[n] = (float(low), float(high))
    try:
        return gauss_bound(rates, block, name, inputs or {"_": (0.0,)}, values, within, dt)
    except ModelError:
        return None


def _explain(system: System, plan: Plan, dt: float) -> None:
    d = plan.declarations
    for name in system.states:
        scheme, domain = plan.schemes[name], plan.domain[name]
        place = plan.place[name]
        by = f"'{d.method}'" if d.method else str(scheme)
        if place == POST:
            by = "the target's own method"
        if place in SENT.values():
            by = "closed form, at events only"
        why = _why(place, domain, d)
        if name in plan.together:
            why = f"needed on the synapse together with {plan.together[name]}"
        bound = _bound(system, plan, name, dt)
        for rule in plan.rules:
            if name in rule.states:
                by, why, bound = _at_spikes(rule, name)
        if name in plan.not_at_spikes:
            why += f"; not advanced at spikes alone: {plan.not_at_spikes[name]}"
        plan.rows.append(Row(name, PLACES[place], by, why, bound))
    sent = {r.pulse for r in plan.relaxing.values()} - _needed_pulses(system, plan)
    for name in plan.pulses:
        if name in sent:
            continue
        place = PRE if plan.place[name] == PRE else SYNAPSE
        plan.rows.append(
            Row(
                name,
                PLACES[place],
                "counted in whole time steps",
                _why(place, plan.domain[name], d),
                "0",
            )
        )
    for name, definition in system.definitions.items():
        if name not in plan.pulses and not definition.expression.is_number:
            plan.rows.append(
                Row(
                    name,
                    PLACES[plan.place[name]],
                    "expression",
                    _why(plan.place[name], plan.domain[name], d),
                )
            )
    for receptor in system.receptors:
        if receptor.label in plan.relaxing:
            form = plan.relaxing[receptor.label]
            plan.rows.append(
                Row(
                    receptor.total,
                    PLACES[POST],
                    f"{len(form.rates)} exponential{'s' * (len(form.rates) > 1)}, sent at spikes",
                    f"relaxes between events, tolerance={d.tolerance:g}"
                    if form.bound
                    else "linear between events",
                    f"{form.bound:.1e} (open fraction)" if form.bound else "rounding",
                )
            )
        elif receptor.label in plan.summed_receptors:
            why = "linear, weights do not change"
            if receptor.label in plan.efficacy:
                why += f", scaled at the spike by {plan.efficacy[receptor.label]}"
            plan.rows.append(Row(receptor.total, PLACES[POST], "added at spikes", why))
        else:
            plan.rows.append(
                Row(
                    receptor.total,
                    PLACES[POST],
                    "summed at each time step of the target",
                    _sum_why(system, receptor, plan),
                )
            )


def split(system: System, receptor: ReceptorTerm, plan: Plan) -> tuple[sympy.Expr, sympy.Expr]:
    """The conductance as a factor shared by all synapses, and the rest, but for what spikes bring."""
    shared, rest = sympy.S.One, sympy.S.One
    sent = sympy.Mul.make_args(plan.efficacy.get(receptor.label, sympy.S.One))
    for factor in sympy.Mul.make_args(receptor.conductance):
        if factor in sent:
            continue
        names = {x.name for x in factor.free_symbols}
        held = names <= set(system.parameters) and not any(plan.domain[n] for n in names)
        if held and plan.declarations.optimize:
            shared *= factor
        else:
            rest *= factor
    return shared, rest


def _needed_pulses(system: System, plan: Plan) -> set[str]:
    """Pulses that are read in the rates of states which are stepped."""
    stepped = [n for n in system.states if plan.place[n] not in SENT.values()]
    rates = [system.inserted(system.rates[n], keep=plan.pulses) for n in stepped]
    return {n for n in plan.pulses if any(e.has(symbol(n)) for e in rates)}


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


def _sum_why(system: System, receptor: ReceptorTerm, plan: Plan) -> str:
    if not plan.declarations.optimize:
        return "naive form (optimize=False)"
    return f"w multiplies what is open now; not sent at spikes: {why_stepped(system, receptor, plan)}"


def _why(place: str, domain: frozenset[str], d: Declarations) -> str:
    if place == "summed":
        return "linear, weights declared constant or shared: the sum obeys the same equations"
    if place in (PRE, SENT[PRE]):
        return "depends on presynaptic spikes only, with one delay"
    if place == POST:
        return "depends on the target's voltage only"
    if not d.optimize:
        return "naive form (optimize=False)"
    reasons = []
    if POST in domain:
        reasons.append("the target's voltage or spikes")
    if PRE in domain:
        reasons.append("presynaptic spikes")
    if SYNAPSE in domain:
        reasons.append(
            "delays or parameters of each synapse"
            if d.delay == "per_synapse" or d.per_synapse
            else "values of each synapse"
        )
    return "depends on " + " and ".join(reasons)
