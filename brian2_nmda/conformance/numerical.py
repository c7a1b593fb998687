"""Checks of a model in Brian2: it runs, and what it computes is the solution of its equations."""

from collections.abc import Iterator
from typing import Any

import brian2 as b2
import numpy as np
import sympy

from brian2_nmda.conformance import points
from brian2_nmda.conformance.course import Course
from brian2_nmda.conformance.long_course import relaxed
from brian2_nmda.conformance.simulations import (
    DOUBLE,
    DURATION,
    PAIR,
    SHIFT,
    SHIFTED,
    SILENT,
    WEIGHTS,
    Simulations,
    Variant,
    private_brian2,
    steps_of,
)
from brian2_nmda.conformance.subject import NotApplicable, Subject
from brian2_nmda.lowering.bounds import integrating_factor_bound
from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.lowering.plan import Plan, make_plan
from brian2_nmda.symbolic.expressions import int_of, numeric, symbol

Failures = Iterator[str]

#: A stored weight that changes by no more than this fraction within an hour outlasts an experiment. Generic
#: values, drawn within a factor of two, may multiply a small rate by thirty where calcium enters as a power.
HOUR, KEPT = 3600.0, {points.REFERENCE: 1e-2, "generic values": 0.3}


def runs(subject: Subject, simulations: Simulations) -> Failures:
    """The model runs in Brian2, its states stay finite, and something happens."""
    if subject.is_fragment:
        yield from _fragment_runs(subject)
        return
    moved = False
    for (which, form), data in simulations.all_forms.data.items():
        for name, x in data.items():
            if not np.all(np.isfinite(x)):
                yield f"{subject.name}: '{name}' is not finite in the {form} form ({which})."
            moved = moved or (form == "naive" and name.startswith("g_total_") and np.ptp(x) > 0)
    if not moved:
        yield f"{subject.name}: five spikes change no conductance; does a receptor read T or on_spike?"


def _fragment_runs(subject: Subject) -> Failures:
    (part,) = (p for p in subject.parts if p is subject.given)
    with private_brian2(1e-4):
        group = b2.NeuronGroup(
            1,
            "dv/dt = 0*volt/second : volt" + part.neuron_equations(),
            threshold="t_in_timesteps == 10",
            reset=part.reset(),
            method="rk4",
        )
        names = ["v_s", *part.template.states]
        monitor = b2.StateMonitor(group, names, record=True)
        b2.Network(group, monitor).run(30 * b2.ms, namespace={})
        data = {n: np.array(getattr(monitor, n)) for n in names}
    for name, x in data.items():
        if not np.all(np.isfinite(x)):
            yield f"{subject.name}: '{name}' is not finite."
    if part.template.states and np.ptp(data["v_s"]) == 0:
        yield f"{subject.name}: a spike does not change the voltage at the synapse."


def _read(system: Any, expression: sympy.Expr) -> set[str]:
    """Names that an expression reads, also through definitions and sums over synapses."""
    found = {x.name for x in system.inserted(expression).free_symbols}
    for name in found & {*system.totals}:
        found = found | _read(system, system.totals[name].expression)
    return found


def _switches(system: Any, name: str) -> bool:
    """Whether the rate of a state jumps where something crosses a threshold."""
    rate = system.inserted(system.rates[name])
    return bool(rate.has(sympy.Heaviside, int_of))


def _own_clock(system: Any) -> None:
    if system.steps:
        raise NotApplicable(f"{', '.join(system.steps)} has a time step of its own")


def _deterministic(subject: Subject) -> None:
    if subject.is_fragment:
        raise NotApplicable("equations of a neuron, not of a synapse")
    if subject.stochastic:
        raise NotApplicable("the model draws random numbers")


def _size(x: np.ndarray, start: float) -> float:
    """What an error is measured against: how far a variable moves, or its value if it stands still."""
    return max(float(np.ptp(x)), 1e-3 * float(np.max(np.abs(x))), abs(start) * 1e-3)


def trace(subject: Subject, simulations: Simulations) -> Failures:
    """The states follow a fine Runge-Kutta solution of the equations.

    States that nothing outside their block drives: 1e-6 of their range, or (schemes of order 4) an error
    that falls by 8 if the step is halved. States that read what is held over a step are of order 1: to 5 %
    of their range, and over two halvings the error has to fall to a half (a quarter in theory). A threshold
    is found to one step and scatters within it: the error of what switches may also be as far as it moves
    in one step, at each of the steps.
    """
    _deterministic(subject)
    _own_clock(subject.model.system)
    for variant in simulations.variants:
        plan = make_plan(variant.model.system, Declarations(optimize=False), simulations.step)
        errors: dict[int, dict[str, float]] = {}
        one_step: dict[int, dict[str, float]] = {}
        for halvings in (0, 1, 2):
            recorded = simulations.trace(halvings)
            data = recorded.data[variant.which, "scattered"]
            course = simulations.course(variant, recorded.dt)
            errors[halvings], one_step[halvings] = {}, {}
            for name, expected in course.items():
                found = data[name].T[: len(expected)]
                size = max(_size(expected[:, i], variant.model.system.initial[name]) for i in range(4))
                worst = float(np.max(np.abs(found - expected)))
                errors[halvings][name] = worst / size if worst else 0.0
                one_step[halvings][name] = float(np.max(np.abs(np.diff(expected, axis=0)))) / size
            if all(e <= 1e-6 for e in errors[halvings].values()):
                break
        for name, error in errors[0].items():
            if error <= 1e-6:
                continue
            upstream = _held_upstream(variant.model.system, plan, name)
            last = max(errors)
            shown = ", ".join(f"{e[name]:.2g}" for e in errors.values())
            where = (
                f"{subject.name}: '{name}' ({variant.which}, dt = {simulations.step * 1e3:g} ms and "
                "its halves) is "
                f"{shown} of its range away from the solution of its equation"
            )
            if upstream:
                falls = errors[last][name] <= max(0.5 * error, 1e-6)
                scatters = _switches(variant.model.system, name) and all(
                    errors[h][name] <= one_step[h][name] for h in errors
                )
                if not (error <= 0.05 and (falls or scatters)):
                    yield (
                        f"{where}; expected an error of order 1, because {', '.join(upstream)} is "
                        "held over a step."
                    )
            elif not (error <= 1e-2 and errors[1][name] <= max(error / 8, 1e-6)):
                yield (
                    f"{where}; expected 1e-6, or an error that falls by 8 with half the step "
                    f"({plan.steps[name]})."
                )


def _held_upstream(system: Any, plan: Any, name: str) -> list[str]:
    """States that ``name`` depends on and that are held over a step somewhere on the way."""
    held, todo, seen = [], [name], set()
    while todo:
        n = todo.pop()
        if n in seen:
            continue
        seen.add(n)
        read = _read(system, system.rates[n])
        elsewhere = {r for r in read if r in system.rates and plan.place[r] != plan.place[n]}
        held += [
            h for h in sorted({*plan.steps[n].held, *elsewhere}) if h != "v" and system.rates.get(h, 1) != 0
        ]
        for jumps in (
            system.on_spike,
            system.on_post_spike,
            *(event.changes for event in system.later),
        ):
            if n in jumps:
                read |= _read(system, jumps[n])
        for _, event in system.events:
            if n in event.changes:
                held += ["the time of an event"]
                read |= _read(system, event.condition)
        todo += [r for r in read if r in system.rates]
    return list(dict.fromkeys(held))


def optimised_form(subject: Subject, simulations: Simulations) -> Failures:
    """The optimised forms compute what the naive form computes, to 1e-9 of the peak or the stated bound."""
    _deterministic(subject)
    for variant in simulations.variants:
        naive = simulations.all_forms.data[variant.which, "naive"]
        for form in ("optimised", "sent"):
            data = simulations.all_forms.data[variant.which, form]
            bounds = _bounds(variant, simulations.plans[variant.which, form], simulations.step)
            for name, expected in naive.items():
                if name not in data:
                    continue
                peak = np.max(np.abs(expected))
                worst = np.max(np.abs(data[name] - expected))
                if not worst <= 1e-9 * peak + bounds.get(name, 0.0):
                    yield (
                        f"{subject.name}: '{name}' differs between the {form} and the naive form by "
                        f"{worst / peak:.2g} of its peak ({variant.which}), expected 1e-9"
                        + (f" and {bounds[name]:.2g}." if name in bounds else ".")
                    )


def _bounds(variant: Variant, plan: Plan, dt: float) -> dict[str, float]:
    """Error of a gate and its total: of the exponentials that are sent, and of the naive form's steps."""
    system, found = variant.model.system, {}
    for receptor in system.receptors:
        form = plan.sent.get(receptor.label)
        if form is not None and form.bound:
            open_ = system.inserted(receptor.conductance).xreplace({symbol(form.gate): sympy.S.One})
            stepped = integrating_factor_bound(make_plan(system, Declarations(), dt), form.gate, dt)
            found[form.gate] = form.bound + (stepped or 0.0)
            found[receptor.total_name] = (
                found[form.gate] * float(numeric(open_, [], system.values())()) * sum(WEIGHTS)
            )
    return found


def _at_start(variant: Variant, v: float) -> dict[str, float]:
    """Rates of the states where a synapse starts, without input, at a voltage."""
    system = variant.model.system
    course = Course(system)
    point = {**system.values(), **system.initial, "v": v, "t": 0.0}
    point.update({f"is_on_{n}": 0.0 for n in course.pulses})
    return {n: float(x) for n, x in course.function(system.rates)(point).items()}


def _stands_still(subject: Subject, variant: Variant) -> dict[str, bool]:
    """Whether a state has to stand still at a constant voltage, without input.

    It has not if its rate at the start depends on the voltage (it then relaxes to its steady state for that
    voltage), if it belongs to a rule that says so, or if it follows such a state.
    """
    system = variant.model.system
    rest = float(variant.v[SILENT])
    here, there = _at_start(variant, rest), _at_start(variant, rest + 0.03)
    free = {n for rule in _rules(variant) if _relaxes(rule) for n in _states_of(rule, system)}
    free |= {n for n in here if here[n] != there[n] and not _negligible(variant, n, here[n])}
    while True:
        read = {n: _read(system, e) for n, e in system.rates.items()}
        more = {n for n in here if read[n] & free and not _negligible(variant, n, here[n])} - free
        if not more:
            return {n: n not in free for n in here}
        free |= more


def _of_rules(variant: Variant) -> list[str]:
    """States of the rules that should stand still at rest."""
    system = variant.model.system
    return [n for rule in _rules(variant) if not _relaxes(rule) for n in _states_of(rule, system)]


def _rules(variant: Variant) -> list[Any]:
    """What changes a synapse for long: rules of plasticity, and the parts that they read."""
    return [*variant.model.plasticity, *variant.model.parts]


def _states_of(rule: Any, system: Any) -> list[str]:
    """The states of a rule by the names that they have in the synapse."""
    label = rule.label or rule.name
    return [n if n in system.states else f"{n}_{label}" for n in rule.template.states]


def _drifting(variant: Variant) -> set[str]:
    """States of rules that move a little at rest, and those that follow them; `plasticity` judges how far."""
    system, rates = variant.model.system, _at_start(variant, float(variant.v[SILENT]))
    found = {n for n in _of_rules(variant) if not _negligible(variant, n, rates[n])}
    return _followers(system, found) & {*_of_rules(variant)}


def _followers(system: Any, found: set[str]) -> set[str]:
    """States and everything whose rate reads them, directly or not."""
    read = {n: _read(system, e) for n, e in system.rates.items()}
    while more := {n for n in read if read[n] & found} - found:
        found = found | more
    return found


def _negligible(variant: Variant, name: str, rate: float) -> bool:
    """Whether a rate (per second) moves a state by less than 1e-9 of its size within 50 ms."""
    system = variant.model.system
    size = max(abs(system.initial[name]), 1e-3 * points.TYPICAL.get(system.states[name].dim, 1.0))
    return abs(rate) * DURATION * 1e-3 <= 1e-9 * size


def _relaxes(rule: Any) -> bool:
    """Whether a rule states that it moves at rest (a sliding threshold, say), by ``relaxes = '<reason>'``."""
    return bool(str(getattr(rule, "relaxes", "") or "").strip())


def _silent_at_rest(subject: Subject) -> None:
    """Not applicable to a release that drives receptors without spikes, and says so by ``relaxes``."""
    if _relaxes(subject.model.release):
        raise NotApplicable(f"transmitter without spikes: {subject.model.release.relaxes}")


def fixed_point(subject: Subject, simulations: Simulations) -> Failures:
    """Without input a synapse stays where it starts: 1e-9 over 50 ms.

    States that read the voltage and do not start at their steady state for it have to relax, and those of a
    rule with ``relaxes = '<reason>'`` may: they are left out. How far a rule may drift is judged by
    `plasticity`.
    """
    _deterministic(subject)
    _silent_at_rest(subject)
    for variant in simulations.variants:
        still = _stands_still(subject, variant)
        drifting = _drifting(variant)
        for form in ("naive", "optimised"):
            data = simulations.all_forms.data[variant.which, form]
            for name, moves_not in still.items():
                if name not in data or not moves_not or name in drifting:
                    continue
                x = data[name][SILENT]
                size = max(
                    np.max(np.abs(x)), 1e-3 * points.TYPICAL.get(variant.model.system.states[name].dim, 1.0)
                )
                if not np.max(np.abs(x - x[0])) <= 1e-9 * size:
                    yield (
                        f"{subject.name}: '{name}' moves without input from {x[0]:.6g} to {x[-1]:.6g} "
                        "within 50 ms "
                        f"({form} form, {variant.which}); start it at its resting value."
                    )


def _totals(simulations: Simulations, variant: Any) -> Iterator[tuple[str, Any, Any]]:
    """Form, receptor and its total conductance by target, in both forms."""
    for form in ("naive", "optimised"):
        data = simulations.all_forms.data[variant.which, form]
        for receptor in variant.model.system.receptors:
            yield form, receptor, data[receptor.total_name]


def scaling(subject: Subject, simulations: Simulations) -> Failures:
    """Two synapses of weight 1 do what one of weight 2 does, to 1e-12 of the peak."""
    _deterministic(subject)
    if subject.model.system.places:
        raise NotApplicable("synapses that share a place act on each other")
    for variant in simulations.variants:
        for form, receptor, total in _totals(simulations, variant):
            pair, double = total[PAIR], total[DOUBLE]
            peak = np.max(np.abs(double))
            if not (np.max(np.abs(pair - double)) <= 1e-12 * peak):
                yield (
                    f"{subject.name}: two synapses of '{receptor.label}' with w = 1 are not one with w = 2 "
                    f"({form} form, {variant.which})."
                )


def time_shift(subject: Subject, simulations: Simulations) -> Failures:
    """Spikes that come later by whole steps give the same course later, to 1e-9 of the peak."""
    _deterministic(subject)
    _silent_at_rest(subject)
    _own_clock(subject.model.system)
    said = False
    for variant in simulations.variants:
        rates = _at_start(variant, float(variant.v[SILENT]))
        free = [n for n, still in _stands_still(subject, variant).items() if not still]
        if any(not _negligible(variant, n, rates[n]) for n in free) or _drifting(variant):
            continue
        said = True
        shift = steps_of([SHIFT], simulations.step)[0]
        for form, receptor, total in _totals(simulations, variant):
            first, later = total[0], total[SHIFTED]
            peak = np.max(np.abs(first))
            # the first two samples come before the first sum
            if not np.max(np.abs(later[shift + 2 :] - first[2:-shift])) <= 1e-9 * peak:
                yield (
                    f"{subject.name}: the conductance of '{receptor.label}' depends on when the spikes come "
                    f"({form} form, {variant.which}); an equation reads the time, or a state does not rest."
                )
    if not said:
        raise NotApplicable("some states start away from their steady state at a constant voltage")


def transmitter(subject: Subject, simulations: Simulations) -> Failures:
    """Without a spike the conductance stays at its start; with transmitter channels open."""
    _deterministic(subject)
    for variant in simulations.variants:
        system = variant.model.system
        data = simulations.all_forms.data[variant.which, "naive"]
        for receptor in system.receptors:
            silent, driven = data[receptor.total_name][SILENT], data[receptor.total_name][:4]
            peak = np.max(np.abs(driven))
            if peak == 0:
                yield f"{subject.name}: five spikes open no channel of '{receptor.label}' ({variant.which})."
            elif not np.max(np.abs(silent)) <= 1e-9 * peak:
                yield (
                    f"{subject.name}: '{receptor.label}' conducts {np.max(np.abs(silent)) / peak:.2g} "
                    "of its peak "
                    f"without a spike ({variant.which}); it has to need transmitter or spikes."
                )


def plasticity(subject: Subject, simulations: Simulations) -> Failures:
    """After an hour at rest the states of a rule are where they started, to 1 % of their size.

    To 30 % at generic values, which have no reason to rest as well.

    Longer than an experiment lasts a weight need not be kept, and a kinase may settle at the small activity
    that resting calcium gives it.
    """
    _deterministic(subject)
    for variant in simulations.variants:
        system, still = variant.model.system, _stands_still(subject, variant)
        judged = [n for n in _of_rules(variant) if still[n]]
        if not judged:
            continue
        course = Course(system)
        point = {**system.values(), **system.initial, "v": float(variant.v[SILENT]), "t": 0.0}
        point.update({f"is_on_{n}": 0.0 for n in course.pulses})
        after = relaxed({n: course.whole(e) for n, e in system.rates.items()}, point, HOUR)
        for name in judged:
            start, end = system.initial[name], float(after[name][0])
            size = max(abs(start), points.TYPICAL.get(system.states[name].dim, 1.0))
            kept = KEPT[variant.which]
            if not abs(end - start) <= kept * size:
                yield (
                    f"{subject.name}: '{name}' drifts from {start:.4g} to {end:.4g} within an hour at rest "
                    f"({variant.which}), expected less than {100 * kept:g} % of its size; a rule stands "
                    "still at its start, or states relaxes = '<reason>'."
                )


def targets_agree(subject: Subject, simulations: Simulations, target: str) -> Failures:
    """Another code generation target gives what NumPy gives, to 1e-9 of the peak."""
    _deterministic(subject)
    other = simulations.network(simulations.step, ("optimised",), DURATION, target)
    for variant in simulations.variants:
        expected = simulations.all_forms.data[variant.which, "optimised"]
        for name, x in other.data[variant.which, "optimised"].items():
            peak = np.max(np.abs(expected[name]))
            worst = np.max(np.abs(x - expected[name]))
            if not worst <= 1e-9 * peak:
                yield (
                    f"{subject.name}: '{name}' on {target} differs from NumPy by {worst / peak:.2g} "
                    "of its peak "
                    f"({variant.which}), expected 1e-9."
                )
