"""Checks of a model in Brian2: it runs, and what it computes is the solution of its equations.

One network of a model at its published values and one at generic values is run per time step; the checks
look at what it recorded. In each, one presynaptic train reaches synapses at four clamped voltages, a pair
that together should equal one of twice the weight, one that gets everything later, and one that gets
nothing.
"""

import gc
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import brian2 as b2
import numpy as np
import sympy
from brian2.core.base import BrianObject
from brian2.devices.device import RuntimeDevice, get_device, reset_device

from brian2_nmda.conformance import points
from brian2_nmda.conformance.course import Course
from brian2_nmda.conformance.subject import NotApplicable, Subject
from brian2_nmda.lowering.bounds import integrating_factor_bound
from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.lowering.places import POST
from brian2_nmda.lowering.plan import Plan, make_plan
from brian2_nmda.lowering.sent import SUMMED
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric, symbol

Failures = Iterator[str]

#: Clamped voltages of the first synapses (V); the first is replaced by the one a scheme starts at.
VOLTAGES = (-0.07, -0.041, -0.013, 0.017)
#: Spike times, pre- and postsynaptic, and how much later the shifted synapse gets them (ms).
PRE, POST_SPIKES, SHIFT = (1.0, 6.0, 9.5, 10.0, 19.0), (3.3, 12.7), 3.7
DURATION, TRACED = 50.0, 30.0
#: Of the form that is sent at spikes.
TOLERANCE = 1e-6
SILENT, SHIFTED, PAIR, DOUBLE = 4, 5, 6, 7
#: Targets of synapses that start anywhere; in the naive form only.
SCATTERED = slice(8, 12)
#: From which source and to which target the synapses go; two of weight 1 and one of weight 2 at the end.
SOURCES = np.array([0, 0, 0, 0, 1, 2, 0, 0, 0])
TARGETS = np.array([0, 1, 2, 3, SILENT, SHIFTED, PAIR, PAIR, DOUBLE])
WEIGHTS = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0])


def time_step(model: Any) -> float:
    """A time step (s) of which all pulses are multiples and that no rate is too fast for."""
    system = model.system
    plan = make_plan(system, Declarations(), 1e-4)
    values = system.values()
    course = Course(system)
    fastest = max(course.fastest(v) for v in (-0.1, *VOLTAGES, 0.06))
    limit = 20.0 if system.schemes else 0.5  # a scheme is stepped by a series, which is exact
    for dt in (1e-4, 5e-5, 2.5e-5, 1e-5, 5e-6, 1e-6):
        whole = True
        for args in plan.pulses.values():
            length = float(points.Function({"t": args[1]})({**values, **system.initial})["t"]) / dt
            whole = whole and length > 0.5 and abs(length - round(length)) < 1e-6
        if whole and fastest * dt <= limit:
            return dt
    raise ModelError("no time step down to 1 us suits the rates and the duration of the pulses.")


def steps_of(times: Iterable[float], dt: float) -> list[int]:
    """Times in ms as whole steps."""
    return [round(t * 1e-3 / dt) for t in times]


@contextmanager
def private_brian2(dt: float, target: str = "numpy") -> Iterator[None]:
    """Brian2 with a time step and a target of ours; afterwards everything is as it was.

    Objects made inside belong to no magic network.
    """
    if not isinstance(get_device(), RuntimeDevice):
        raise ModelError("check_model simulates by itself: call it before set_device, on the runtime device.")
    scope, old_dt = BrianObject._scope_current_key, b2.defaultclock.dt
    codegen = b2.prefs["codegen.target"]
    BrianObject._scope_current_key = -1
    directory = tempfile.mkdtemp(prefix="check_model-") if target == "cpp_standalone" else None
    try:
        if directory is not None:
            b2.set_device("cpp_standalone", directory=directory)
        else:
            b2.prefs["codegen.target"] = target
        b2.defaultclock.dt = dt * b2.second
        yield
    finally:
        if directory is not None:
            b2.get_device().reinit()
            reset_device("runtime")
            gc.collect()  # objects of a device that is gone
            shutil.rmtree(directory, ignore_errors=True)
        b2.prefs["codegen.target"] = codegen
        b2.defaultclock.dt = old_dt
        BrianObject._scope_current_key = scope


@dataclass
class Variant:
    """One set of parameter values of the model, and the voltages of its synapses."""

    which: str
    model: Any
    v: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.v = np.array([VOLTAGES[0], *VOLTAGES[1:], *[VOLTAGES[0]] * 4])
        for scheme in self.model.system.schemes:
            if "v" in scheme.start_at:  # where it starts in equilibrium
                start = points.Function({"v": scheme.start_at["v"]})(self.model.system.values())["v"]
                self.v[[0, SILENT, SHIFTED, PAIR, DOUBLE]] = float(start)

    def starts(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """A different start for each of four synapses, anywhere in the intervals of the states."""
        system = self.model.system
        values = {**system.values(), "g_initial": 1e-9}
        found: dict[str, np.ndarray] = {}
        for scheme in system.schemes:
            names = list(dict.fromkeys(x.name for r in scheme.reactions for x in (r.source, r.target)))
            shares = rng.dirichlet(np.ones(len(names)), 4).T
            found.update({n: x for n, x in zip(names, shares, strict=True) if n in system.states})
        for name, state in system.states.items():
            if name in found:
                continue
            low, high = (
                None if b is None else float(points.Function({"b": b})(values)["b"]) for b in state.within
            )
            start, size = system.initial[name], points.TYPICAL.get(state.dim, 1.0)
            if state.dim is points.MOLAR:  # between rest and far above any threshold
                found[name] = start + size * 10.0 ** np.array([-2.0, -1.0, 0.0, 0.5])
            elif low is not None and high is not None and system.rates[name] != 0:
                found[name] = rng.uniform(low, high, 4)
            elif system.rates[name] == 0:  # moved by events only, often a flag
                found[name] = np.full(4, start)
            else:
                found[name] = start + size * rng.uniform(0 if low is not None else -1, 1, 4)
        return found


class Recorded:
    """What the network of a model recorded: an array (synapse or target, time) by form and name."""

    def __init__(self, dt: float) -> None:
        self.dt = dt
        self.data: dict[tuple[str, str], dict[str, np.ndarray]] = {}


class Simulations:
    """The networks of one subject; each is run once, when a check first asks for it."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._traces: dict[float, Recorded] = {}
        self.plans: dict[tuple[str, str], Plan] = {}
        self._courses: dict[tuple[str, float], dict[str, np.ndarray]] = {}

    @cached_property
    def variants(self) -> list[Variant]:
        """The model at published and at generic values."""
        model = self.subject.model
        generic = points.generic_model(
            model, self.subject.rng(), self.step, lambda candidate: time_step(candidate) >= self.step
        )
        return [Variant("published values", model), Variant("generic values", generic)]

    @cached_property
    def step(self) -> float:
        """The time step (s) that suits the published values; the generic ones are chosen to suit it."""
        return time_step(self.subject.model)

    def network(self, dt: float, forms: Iterable[str], duration: float, target: str = "numpy") -> Recorded:
        """Run the forms of all variants in one network."""
        with private_brian2(dt, target):
            recorded, found = Recorded(dt), []
            net = b2.Network()
            pre = [(0, t) for t in PRE] + [(2, t + SHIFT) for t in PRE]
            source = b2.SpikeGeneratorGroup(
                3, [i for i, _ in pre], np.array(steps_of([t for _, t in pre], dt)) * dt * b2.second
            )
            net.add(source)
            for variant in self.variants:
                for form in forms:
                    monitors = self._add(net, source, variant, form, dt)
                    found.append(((variant.which, form), monitors))
            net.run(duration * b2.ms, namespace={})
            for key, monitors in found:
                recorded.data[key] = {
                    n: np.array(getattr(m, n)) for m in monitors for n in m.record_variables
                }
        return recorded

    def _add(self, net: b2.Network, source: Any, variant: Variant, form: str, dt: float) -> list[Any]:
        model, system = variant.model, variant.model.system
        v = variant.v[:4] if form == "scattered" else variant.v
        if form == "naive":
            v = np.r_[v, variant.v[:4]]
        n = len(v)
        group = b2.NeuronGroup(
            n,
            "v : volt\nseen = 0*I_syn : amp\nk_first : integer (constant)\nk_second : integer (constant)"
            + model.post_equations(),
            threshold="t_in_timesteps == k_first or t_in_timesteps == k_second",
            reset="",
            method="rk4",  # of dynamic blocks, which live here
        )
        net.add(group)
        group.v = v * b2.volt
        silent, late = np.arange(n) == SILENT, np.arange(n) == SHIFTED
        if form == "scattered":
            silent = late = np.zeros(n, bool)
        shift = steps_of([SHIFT], dt)[0]
        first, second = steps_of(POST_SPIKES, dt)
        group.k_first = np.where(silent, -1, first + shift * late)
        group.k_second = np.where(silent, -1, second + shift * late)
        synapses = model.synapses(
            source,
            group,
            optimize=form in ("optimised", "sent"),
            tolerance=TOLERANCE if form == "sent" else None,
        )
        self.plans[variant.which, form] = synapses.plan
        i, j, w = SOURCES, TARGETS, WEIGHTS
        if form == "naive":
            i, j, w = np.r_[i, [0] * 4], np.r_[j, 8:12], np.r_[w, [1.0] * 4]
        elif form == "scattered":
            i, j, w = np.zeros(4, int), np.arange(4), np.ones(4)
        synapses.connect(i=i, j=j)
        synapses.w = w
        place = synapses.plan.place
        if form in ("naive", "scattered"):
            for name, x in variant.starts(self.subject.rng()).items():
                of_group = place[name] == POST
                there = (group if of_group else synapses).variables[name].get_value()
                there[-4:] = x
        on_target = [x for x in system.states if place[x] == POST]
        totals = [r.total for r in system.receptors]
        monitors = [b2.StateMonitor(group, [*totals, *on_target], record=True)]
        own = [x for x in system.states if place[x] != POST and synapses.plan.schedule[x] != SUMMED]
        if own:
            monitors.append(b2.StateMonitor(synapses, own, record=np.arange(len(i))))
        net.add(synapses, *monitors)
        return monitors

    @cached_property
    def all_forms(self) -> Recorded:
        """Naive form, stepped and sent at spikes; the naive form also from scattered starts."""
        found = self.network(self.step, ("naive", "optimised", "sent"), DURATION)
        for variant in self.variants:
            naive = found.data[variant.which, "naive"]
            found.data[variant.which, "scattered"] = {n: x[-4:] for n, x in naive.items()}
            found.data[variant.which, "naive"] = {n: x[:-4] for n, x in naive.items()}
        return found

    def trace(self, halvings: int) -> Recorded:
        """The naive form from scattered starts, with a smaller step."""
        if halvings == 0:
            return self.all_forms
        dt = self.step / 2**halvings
        if dt not in self._traces:
            self._traces[dt] = self.network(dt, ("scattered",), TRACED)
        return self._traces[dt]

    def course(self, variant: Variant, dt: float) -> dict[str, np.ndarray]:
        """The reference for a time step."""
        key = (variant.which, dt)
        if key not in self._courses:
            self._courses[key] = Course(variant.model.system).run(
                variant.starts(self.subject.rng()),
                variant.v[:4],
                dt,
                round(TRACED * 1e-3 / dt) - 1,
                steps_of(PRE, dt),
                steps_of(POST_SPIKES, dt),
            )
        return self._courses[key]


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
    that falls by 8 if the step is halved. States that read what is held over a step are of order 1: to 20 %
    of their range, and over two halvings the error has to fall to a half (a quarter in theory; crossings
    of thresholds are found to one step and scatter).
    """
    _deterministic(subject)
    for variant in simulations.variants:
        plan = make_plan(variant.model.system, Declarations(optimize=False), simulations.step)
        errors: dict[int, dict[str, float]] = {}
        for halvings in (0, 1, 2):
            recorded = simulations.trace(halvings)
            data = recorded.data[variant.which, "scattered"]
            course = simulations.course(variant, recorded.dt)
            errors[halvings] = {}
            for name, expected in course.items():
                found = data[name].T[: len(expected)]
                size = max(_size(expected[:, i], variant.model.system.initial[name]) for i in range(4))
                worst = float(np.max(np.abs(found - expected)))
                errors[halvings][name] = worst / size if worst else 0.0
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
                if not (error <= 0.2 and errors[last][name] <= max(0.5 * error, 1e-6)):
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
        read = {x.name for x in system.inserted(system.rates[n]).free_symbols}
        elsewhere = {r for r in read if r in system.rates and plan.place[r] != plan.place[n]}
        held += [h for h in sorted({*plan.steps[n].held, *elsewhere}) if h != "v" and system.rates[h] != 0]
        for jumps in (
            system.on_spike,
            system.on_post_spike,
            *(late.changes for late in system.on_late_spike),
        ):
            if n in jumps:
                read |= {x.name for x in system.inserted(jumps[n]).free_symbols}
        for _, event in system.events:
            if n in event.changes:
                held += ["the time of an event"]
                read |= {x.name for x in system.inserted(event.condition).free_symbols}
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
            found[receptor.total] = (
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
    free = {
        n if n in here else f"{n}_{rule.label}"
        for rule in variant.model.plasticity
        if _relaxes(rule)
        for n in rule.template.states
    }
    free |= {n for n in here if here[n] != there[n] and not _negligible(variant, n, here[n])}
    while True:
        read = {n: {x.name for x in system.inserted(e).free_symbols} for n, e in system.rates.items()}
        more = {n for n in here if read[n] & free and not _negligible(variant, n, here[n])} - free
        if not more:
            return {n: n not in free for n in here}
        free |= more


def _negligible(variant: Variant, name: str, rate: float) -> bool:
    """Whether a rate (per second) moves a state by less than 1e-9 of its size within 50 ms."""
    system = variant.model.system
    size = max(abs(system.initial[name]), 1e-3 * points.TYPICAL.get(system.states[name].dim, 1.0))
    return abs(rate) * DURATION * 1e-3 <= 1e-9 * size


def _relaxes(rule: Any) -> bool:
    """Whether a rule states that it moves at rest (a sliding threshold, say), by ``relaxes = '<reason>'``."""
    return bool(str(getattr(rule, "relaxes", "") or "").strip())


def fixed_point(subject: Subject, simulations: Simulations) -> Failures:
    """Without input a synapse stays where it starts: 1e-9 over 50 ms.

    States that read the voltage and do not start at their steady state for it have to relax, and those of a
    rule with ``relaxes = '<reason>'`` may: they are left out.
    """
    _deterministic(subject)
    for variant in simulations.variants:
        still = _stands_still(subject, variant)
        for form in ("naive", "optimised"):
            data = simulations.all_forms.data[variant.which, form]
            for name, moves_not in still.items():
                if name not in data or not moves_not:
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
            yield form, receptor, data[receptor.total]


def scaling(subject: Subject, simulations: Simulations) -> Failures:
    """Two synapses of weight 1 do what one of weight 2 does, to 1e-12 of the peak."""
    _deterministic(subject)
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
    said = False
    for variant in simulations.variants:
        rates = _at_start(variant, float(variant.v[SILENT]))
        free = [n for n, still in _stands_still(subject, variant).items() if not still]
        if any(not _negligible(variant, n, rates[n]) for n in free):
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
            silent, driven = data[receptor.total][SILENT], data[receptor.total][:4]
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
    """At rest the stored weight does not drift: the rates of a rule vanish at its start."""
    _deterministic(subject)
    for variant in simulations.variants:
        model = variant.model
        still = _stands_still(subject, variant)
        found = _at_start(variant, float(variant.v[SILENT]))
        for rule in model.plasticity:
            if _relaxes(rule):
                continue
            for name in rule.template.states:
                flat = name if name in found else f"{name}_{rule.label}"
                size = max(
                    abs(model.system.initial[flat]), points.TYPICAL.get(model.system.states[flat].dim, 1.0)
                )
                if still[flat] and not abs(found[flat]) <= 1e-9 * size:
                    yield (
                        f"{subject.name}: '{flat}' drifts by {float(found[flat]):.3g}/s at rest "
                        f"({variant.which}); a "
                        "rule stands still at its start, or states relaxes = '<reason>'."
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
