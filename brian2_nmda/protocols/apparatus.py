"""The Brian2 objects of an experiment: one neuron per condition, one synapse per pathway and condition."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from brian2 import (
    EventMonitor,
    Network,
    Quantity,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    Synapses,
    defaultclock,
    get_device,
    ms,
    second,
)
from brian2.devices.device import RuntimeDevice

from brian2_nmda.brian.target import neuron_names, target_names
from brian2_nmda.lowering.places import POST
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.protocols.baths import DRUGS, parameter_of
from brian2_nmda.protocols.devices import keep_code
from brian2_nmda.protocols.neuron import Neuron
from brian2_nmda.protocols.timeline import Timeline
from brian2_nmda.protocols.weights import Weight
from brian2_nmda.symbolic.errors import ModelError

INHIBITION_DELAY = 2 * ms  # of a disynaptic pathway; assumed
REPORTS = 10  # lines of progress
_CELL = {
    "clamp": {"clamped": "a voltage clamp", "v_command": "a voltage clamp"},
    "current": {"I_injected": "an injected current"},
    "inhibition": {"inhibition": "inhibition", "g_inhibition": "inhibition"},
}


@dataclass(frozen=True)
class Switch:
    """How something is set between two runs, and what it is where nothing is said."""

    set: Callable[[int, float], None]
    usual: float


class Apparatus:
    """Everything that is simulated.

    Parameters
    ----------
    model : GlutamateSynapse
    neuron : Neuron
    timeline : Timeline
    fibres : array
        How many fire together (condition, pathway).
    weight : Weight or None
        Of which the states are recorded.
    inhibition : Quantity or None
        Conductance per fibre.
    """

    def __init__(
        self,
        model: GlutamateSynapse,
        neuron: Neuron,
        timeline: Timeline,
        fibres: np.ndarray,
        weight: Weight | None,
        inhibition: Quantity | None,
    ) -> None:
        self.model, self.timeline, self.weight, self.inhibition = model, timeline, weight, inhibition
        self.C, self.P = fibres.shape
        self.switched = {what for _, _, what, _ in timeline.changes}
        self._names = {w: parameter_of(w, model) for w in sorted(self.switched - set(_CELL))}
        self._doses = _doses(model)  # of drugs that are there, but not in every condition
        self._check(neuron)
        self._rest = float(neuron.rest)
        on_target = target_names(model.system) | neuron_names(model.system)
        varied = {n for names in self._names.values() for n in names if n in model.system.parameters}
        varied |= set(self._doses)
        self.per_neuron = sorted(varied & on_target)
        self.fibres = self._make_fibres()
        self.neurons = neuron.group(
            self.C, model, self.per_neuron, events={"test_window": timeline.window_condition()}
        )
        self.synapses = self._make_synapses(fibres, sorted(varied - on_target))
        others = self._make_inhibition(fibres) + self._make_forcing(neuron)
        monitors = self._make_monitors()
        self.network = Network(self.fibres, self.neurons, self.synapses, *others, *monitors)
        self._idle_at_rest = [self.fibres, self.neurons, *others, self.tests, self.spikes]
        if timeline.rest_step is not None:
            self._check_rest(timeline.rest_step)
        self.switches = {what: self._switch(what) for what in sorted(self.switched)}
        for name in self._doses:
            self._set_model(name, range(self.C), 0.0)
        if inhibition is not None:
            self.neurons.inhibition = 1

    def _check(self, neuron: Neuron) -> None:
        needed: dict[str, str] = {}
        for what in self.switched | ({"inhibition"} if self.inhibition is not None else set()):
            needed |= _CELL.get(what, {})
        neuron.check(needed)
        if "inhibition" in self.switched and self.inhibition is None:
            raise ModelError(
                "inhibition is switched, but the experiment has none; give it inhibition=, the conductance "
                "per fibre, as inhibition=0.3*nS."
            )
        for protocol in self.timeline.conditions.values():
            for span in protocol.spans:
                for name in self._names.get(span.what, ()):
                    given = self.model.system.parameters.get(name) or self.model.system.states[name]
                    if given.dim is not span.dim:
                        raise ModelError(
                            f"{protocol.name}: '{name}' has the dimension {given.dim}, but the value of the "
                            f"switch '{span.what}' has {span.dim}."
                        )

    def _check_rest(self, step: float) -> None:
        """Refuse a longer step where something on the target would stand still, or that is too long."""
        place = self.synapses.plan.place
        still = [n for n in self.model.system.states if place[n] == POST]
        if still:
            raise ModelError(
                f"rest_step: '{still[0]}' lives on the neuron, which stands still in a rest; leave "
                "rest_step out."
            )
        self.synapses.begin_rest()
        longest = self.synapses.coarsest_step()
        self.synapses.end_rest()
        if step > float(longest) * (1 + 1e-9):
            raise ModelError(
                f"rest_step: for this model it is at most {float(longest) * 1e3:g} ms; found "
                f"{step * 1e3:g} ms."
            )

    # -- objects -------------------------------------------------------------------------------

    def _make_fibres(self) -> SpikeGeneratorGroup:
        trains = [self.timeline.spikes(c, p) for c in range(self.C) for p in range(self.P)]
        return _generator(trains)

    def _make_synapses(self, fibres: np.ndarray, per_synapse: list[str]) -> Any:
        calcium = "Ca" in self.model.system.states
        try:
            synapses = self.model.synapses(
                self.fibres,
                self.neurons,
                per_synapse=per_synapse,
                model="peak_Ca : mmolar" if calcium else None,
                tolerance=1e-6 if self.timeline.rest_step is None else None,
            )
        except ModelError as error:
            if per_synapse and "belongs to no variable of the synapse" in str(error):
                raise ModelError(
                    f"{', '.join(per_synapse)}: what belongs to a place and not to a synapse has one value "
                    "for all conditions that run side by side; switch a state of a part of your own instead."
                ) from error
            raise
        source = np.arange(self.C * self.P)
        synapses.connect(i=source, j=source // self.P)
        synapses.w = fibres.ravel()
        self._peaks = []
        if calcium:
            code = "peak_Ca += int(Ca > peak_Ca)*(Ca - peak_Ca)"
            self._peaks.append(synapses.run_regularly(code, dt=1 * ms))
        return synapses

    def _make_inhibition(self, fibres: np.ndarray) -> list[Any]:
        if self.inhibition is None:
            return []
        inhibitory = Synapses(
            self.fibres,
            self.neurons,
            "each : siemens",
            on_pre="g_inhibition_post += inhibition_post*each",
            delay=INHIBITION_DELAY,
        )
        source = np.arange(self.C * self.P)
        inhibitory.connect(i=source, j=source // self.P)
        inhibitory.each = fibres.ravel() * self.inhibition
        return [inhibitory]

    def _make_forcing(self, neuron: Neuron) -> list[Any]:
        """What drives the neuron above threshold, one step before it has to spike."""
        trains = [self.timeline.forced(c) - self.timeline.dt for c in range(self.C)]
        if not any(len(t) for t in trains):
            return []
        commands = _generator(trains)
        forcing = Synapses(commands, self.neurons, on_pre=_on_post(neuron.force))
        forcing.connect(j="i")
        return [commands, forcing]

    def _make_monitors(self) -> list[Any]:
        everything = np.arange(self.C * self.P)
        self.tests = EventMonitor(self.neurons, "test_window", "v")
        self.spikes = SpikeMonitor(self.neurons)
        if self.weight is None:
            return [self.tests, self.spikes]
        period = self.timeline.period * second
        self.weights = StateMonitor(self.synapses, self.weight.states, record=everything, dt=period)
        return [self.tests, self.spikes, self.weights]

    # -- what changes --------------------------------------------------------------------------

    def _switch(self, what: str) -> Switch:
        if what == "clamp":
            return Switch(self._clamp, np.nan)
        if what in ("current", "inhibition"):
            name = "I_injected" if what == "current" else what
            usual = 0.0 if what == "current" else 1.0
            return Switch(partial(self._set_neuron, name), usual)
        names, system = self._names[what], self.model.system
        known = system.parameters.get(names[0])
        if what in DRUGS or names[0] in self._doses:
            usual = 0.0
        elif known is None:
            usual = float(system.initial[names[0]])
        else:
            usual = known.base()
        return Switch(partial(self._set_all, names), usual)

    def _clamp(self, c: int, value: float) -> None:
        """Clamp, or step back to rest and let go: else the neuron would spike as it is released."""
        if np.isnan(value):
            self._set_neuron("v", c, self._rest)
            self._set_neuron("clamped", c, 0.0)
        else:
            self._set_neuron("clamped", c, 1.0)
            self._set_neuron("v_command", c, value)

    def _set_neuron(self, name: str, c: int, value: float) -> None:
        view = getattr(self.neurons, name)
        view[c] = Quantity(value, dim=self.neurons.variables[name].dim)

    def _set_all(self, names: list[str], c: int, value: float) -> None:
        for name in names:
            self._set_model(name, [c], value)

    def _set_model(self, name: str, conditions: Any, value: float) -> None:
        """One after the other: in C++ standalone Brian2 takes no empty array of indices."""
        for c in conditions:
            if name in self.per_neuron:
                self._set_neuron(name, c, value)
                continue
            view = getattr(self.synapses, name)
            for p in range(self.P):
                view[c * self.P + p] = Quantity(value, dim=self.synapses.variables[name].dim)

    # -- running -------------------------------------------------------------------------------

    def run(self, report: bool) -> None:
        """Run from change to change; with a report also from line to line of progress."""
        line = self.timeline
        end = line.steps(line.end)
        stops = {step for step, *_ in line.changes} | {end}
        lines = {round(end * k / REPORTS) for k in range(1, REPORTS + 1)} if report else set()
        rests = dict(line.rests)
        stops |= {step for rest in line.rests for step in rest}
        many = 1 if line.rest_step is None else line.steps(line.rest_step)
        lines = {round(step / many) * many for step in lines if step < end} | ({end} & lines)
        done, resting_until, pending = 0, 0, list(line.changes)
        for stop in sorted(stops | lines | {0}):
            if done in rests and stop > done:
                self._stand_still(True)
                resting_until = rests[done]
            if stop > done:
                self.network.run((stop - done) * line.dt * second, namespace={})
                keep_code(self.network)
                done = stop
                if done == resting_until:
                    self._stand_still(False)
            if stop in lines:
                _say(f"{stop * line.dt / 60:.3g} of {line.end / 60:.3g} min simulated")
            while pending and pending[0][0] <= stop:
                _, c, what, value = pending.pop(0)
                switch = self.switches[what]
                switch.set(c, switch.usual if value is None else value)

    def _stand_still(self, begins: bool) -> None:
        """Take the longer time step, while neurons and fibres stand still; or go on with the shorter one."""
        for obj in self._idle_at_rest:
            obj.active = not begins
        self.synapses.active = True  # Brian2 has a source contain synapses with a `run_regularly`
        for updater in self._peaks:
            updater.active = not begins
        if begins:
            self.synapses.begin_rest()
        else:
            self.synapses.end_rest()
        step = self.timeline.rest_step if begins else self.timeline.dt
        defaultclock.dt = step * second

    def epsp(self) -> np.ndarray:
        """Potentials around test pulses in V, less that at the pulse (condition, pathway, test, time)."""
        line = self.timeline
        length = line.steps(line.window[1] - line.window[0])
        n = line.tests.shape[1]
        v = np.array(self.tests.v[:])[: n * self.P * length * self.C]
        v = v.reshape(n, self.P, length, self.C).transpose(3, 1, 0, 2)
        return np.where(line.tested[..., np.newaxis], v - v[..., [line.steps(-line.window[0])]], np.nan)


def _doses(model: GlutamateSynapse) -> list[str]:
    """Concentrations of known drugs that the model states above zero: each condition says who gets them."""
    system = model.system
    parts = tuple(f"{part.__name__} " for part in DRUGS.values())
    return [
        n
        for n, p in system.parameters.items()
        if n.startswith("conc_") and system.owner[n].startswith(parts) and p.is_number and p.base() > 0
    ]


def _generator(trains: list[np.ndarray]) -> SpikeGeneratorGroup:
    indices = np.repeat(np.arange(len(trains)), [len(t) for t in trains])
    return SpikeGeneratorGroup(len(trains), indices, np.concatenate(trains) * second)


def _on_post(statement: str) -> str:
    """``v = x`` as a synapse writes it."""
    name, equals, value = statement.partition("=")
    return f"{name.strip()}_post {equals}{value}"


def _say(text: str) -> None:
    """A line of progress, now or when the compiled program comes to it."""
    if isinstance(get_device(), RuntimeDevice):
        print(text, file=sys.stderr, flush=True)
    else:
        get_device().insert_code("main", f'std::cerr << "{text}" << std::endl;')
