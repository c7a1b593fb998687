"""Networks in which a model is run, once per time step, and what they recorded.

One network of a model at its reference values and one at generic values is run per time step; the checks
of `numerical` look at what it recorded. In each, one presynaptic train reaches synapses at four clamped
voltages, a pair that together should equal one of twice the weight, one that gets everything later, and one
that gets nothing.
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
from brian2.devices.device import RuntimeDevice, get_device, reset_device

from brian2_nmda.brian.internals import outside_magic, read
from brian2_nmda.conformance import points
from brian2_nmda.conformance.course import Course
from brian2_nmda.conformance.subject import Subject
from brian2_nmda.lowering.bounds import COARSEST, fastest_rate
from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.lowering.places import NEURON, POST
from brian2_nmda.lowering.plan import Plan, make_plan
from brian2_nmda.lowering.sent import SUMMED
from brian2_nmda.symbolic.errors import ModelError

#: Clamped voltages of the first synapses (V); the first is replaced by the one a scheme starts at.
VOLTAGES = (-0.07, -0.041, -0.013, 0.017)
#: Spike times, pre- and postsynaptic, and how much later the shifted synapse gets them (ms).
PRE, POST_SPIKES, SHIFT = (1.0, 6.0, 9.5, 10.0, 19.0), (3.3, 12.7), 3.7
DURATION, TRACED = 50.0, 30.0
#: Of the form that is sent at spikes.
TOLERANCE = 1e-6
SILENT, SHIFTED, PAIR, DOUBLE = 4, 5, 6, 7
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
    refused = fastest_rate(plan)[1]  # as before a run
    limit = 20.0 if system.schemes else 0.5  # a scheme is stepped by a series, which is exact
    for dt in (1e-4, 5e-5, 2.5e-5, 1e-5, 5e-6, 1e-6):
        whole = True
        for args in plan.pulses.values():
            length = float(points.Function({"t": args[1]})({**values, **system.initial})["t"]) / dt
            whole = whole and length > 0.5 and abs(length - round(length)) < 1e-6
        if whole and fastest * dt <= limit and refused * dt <= COARSEST:
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
    old_dt, codegen = b2.defaultclock.dt, b2.prefs["codegen.target"]
    directory = tempfile.mkdtemp(prefix="check_model-") if target == "cpp_standalone" else None
    with outside_magic():
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
        """The model at reference and at generic values."""
        model = self.subject.model
        generic = points.generic_model(
            model, self.subject.rng(), self.step, lambda candidate: time_step(candidate) >= self.step
        )
        return [Variant(points.REFERENCE, model), Variant("generic values", generic)]

    @cached_property
    def step(self) -> float:
        """The time step (s) that suits the reference values; the generic ones are chosen to suit it."""
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
            places={place: n for place in system.places if place != NEURON},
        )
        self.plans[variant.which, form] = synapses.plan
        i, j, w = SOURCES, TARGETS, WEIGHTS
        if form == "naive":
            i, j, w = np.r_[i, [0] * 4], np.r_[j, 8:12], np.r_[w, [1.0] * 4]
        elif form == "scattered":
            i, j, w = np.zeros(4, int), np.arange(4), np.ones(4)
        synapses.connect(i=i, j=j)
        synapses.w = w
        for place in system.places:
            if place != NEURON:
                setattr(synapses, f"{place}_index", j)  # the pair shares one, the others have one each
        place = synapses.plan.place
        if form in ("naive", "scattered"):
            for name, x in variant.starts(self.subject.rng()).items():
                of_group = place[name] == POST
                there = read(group if of_group else synapses, name)
                there[-4:] = x
        on_target = [x for x in system.states if place[x] == POST]
        totals = [r.total_name for r in system.receptors]
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
