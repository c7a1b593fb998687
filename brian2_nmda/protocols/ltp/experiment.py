"""The Brian2 objects of the tetanus experiment: all conditions in one C++ standalone simulation."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from brian2 import (
    EventMonitor,
    Network,
    NeuronGroup,
    Quantity,
    SpikeGeneratorGroup,
    SpikeMonitor,
    StateMonitor,
    get_device,
    mM,
    ms,
    mV,
    second,
    umolar,
)
from brian2.devices.device import RuntimeDevice

from brian2_nmda.equations import DAP5, BackPropagatingSpike
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.protocols.devices import keep_code, simulation
from brian2_nmda.protocols.experiment import demo_model
from brian2_nmda.protocols.ltp.conditions import (
    CONDITIONS,
    CURVE,
    FIRST_TEST,
    TEST_PERIOD,
    TETANUS,
    Condition,
    Schedule,
)
from brian2_nmda.protocols.ltp.result import LTPResult
from brian2_nmda.protocols.neuron import MEMBRANE
from brian2_nmda.protocols.weights import Weight
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric

DT = 0.25 * ms  # a pulse of transmitter is two steps
WINDOW = (-5 * ms, 50 * ms)  # recorded around each test pulse
CLAMP_DURATION = 4 * second  # from the start of the train
REPORT_PERIOD = 180.0  # simulated seconds between two lines of progress
_ANTAGONIST = "conc_DAP5_NMDA"

_MEMBRANE = """
dv/dt = (1 - clamped)*(g_L*(E_L - v) - I_syn)/C_m : volt (unless refractory)
clamped : 1
"""
_REFRACTORY = 3 * ms


def default_model() -> GlutamateSynapse:
    """The synapse of the experiment, that of `demo_model`: one rule for all protocols.

    The receptor has an antagonist, whose concentration is 0 where a condition does not ask for it.
    """
    return demo_model()


def run_ltp(
    baseline: Quantity = 600 * second,
    follow_up: Quantity = 1200 * second,
    curve: bool = True,
    conditions: Sequence[Condition] | None = None,
    model: GlutamateSynapse | None = None,
    report: str | None = None,
) -> LTPResult:
    """Run all conditions side by side in one C++ standalone simulation.

    Parameters
    ----------
    baseline, follow_up : Quantity
        Durations of the test pulses before the train and after a tetanus. After a longer train there are as
        many, or five minutes.
    curve : bool
        Add the frequency curve, `CURVE`: 900 pulses at 1 to 50 Hz.
    conditions : sequence of Condition, optional
        By default `CONDITIONS`, with `CURVE` if ``curve``.
    model : GlutamateSynapse, optional
        By default `default_model`. It needs receptors labelled AMPA and NMDA, magnesium block,
        calcium with its integrator, and plasticity of the AMPA receptors; for conditions in D-AP5 also
        ``antagonist=DAP5()`` at its NMDA receptor.
    report : {'text', None}
        Whether Brian2 reports the progress of the simulation.

    Returns
    -------
    LTPResult

    Raises
    ------
    ModelError
        If a duration is shorter than two test periods, the model lacks a part, or a standalone device is in
        use.
    """
    chosen = tuple(conditions) if conditions else CONDITIONS + (CURVE if curve else ())
    model = default_model() if model is None else model
    schedule = Schedule(chosen, _seconds(baseline, "baseline"), _seconds(follow_up, "follow_up"))
    _check_parts(model, chosen)
    with standalone_device() as (device, directory):
        network = TetanusNetwork(model, schedule)
        network.run(report)
        begin = time.perf_counter()
        device.build(directory=directory, run=False, with_output=False)
        built = time.perf_counter()
        device.run(with_output=report is not None)
        done = time.perf_counter()
        return network.result(built - begin, done - built)


#: A variable of each part that the experiment reads or sets, and what to write for it.
_NEEDED = {
    "n_AMPA": "plasticity=RelativeInsertion() at a receptor labelled AMPA",
    "gmax_NMDA": "a receptor labelled NMDA, as BioNMDA()",
    "Mg": "a magnesium block, as block=JahrStevens()",
    "Ca": "calcium=SpineCalcium()",
    "Ca_eff": "calcium with its integrator, as SpineCalcium()",
}


def _check_parts(model: GlutamateSynapse, conditions: Sequence[Condition]) -> None:
    needed = dict(_NEEDED)
    if any(c.D_AP5 for c in conditions):
        needed[_ANTAGONIST] = "antagonist=DAP5() at its NMDA receptor, for the condition with D-AP5"
    for name, part in needed.items():
        if name not in model.system.names:
            raise ModelError(
                f"run_ltp: the model has no variable '{name}', which the experiment needs; give it {part}."
            )


def _seconds(duration: Quantity, name: str) -> float:
    if not duration >= 2 * TEST_PERIOD:
        raise ModelError(
            f"run_ltp: {name} has to be at least {2 * TEST_PERIOD}, two periods of the test pulses; "
            f"found {duration}."
        )
    return float(duration)


@contextmanager
def standalone_device() -> Iterator[tuple[Any, str]]:
    """A clean standalone device in a temporary directory; afterwards all is as it was."""
    if not isinstance(get_device(), RuntimeDevice):
        raise ModelError(
            "run_ltp makes a standalone simulation of its own and would overwrite yours; call it "
            "before set_device('cpp_standalone'), or after reset_device()."
        )
    with simulation("cpp_standalone", DT) as given:
        yield given


class TetanusNetwork:
    """The Brian2 objects: one neuron per condition, synapses 2c and 2c + 1 onto neuron c."""

    def __init__(self, model: GlutamateSynapse, schedule: Schedule) -> None:
        self.model, self.schedule = model, schedule
        self.conditions = schedule.conditions
        self.Mg = model.system.parameters["Mg"].value
        stated = model.system.parameters.get(_ANTAGONIST)
        self.dose = None if stated is None else stated.value if stated.base() > 0 else DAP5().conc
        self.weight = Weight(model, "n_AMPA")
        rate = self.weight.rate
        self.driven_by = sorted({s.name for s in rate.free_symbols} & set(model.system.states))
        self.rate = numeric(rate, self.driven_by, model.system.values())
        self.fibres = self._make_fibres()
        self.neurons = self._make_neurons()
        self.synapses = self._make_synapses()
        self._make_monitors()
        self.network = Network(
            self.fibres, self.neurons, self.synapses, self.tests, self.traces,
            self.synapse_traces, self.receptors, self.spikes,
        )  # fmt: skip

    def _set(self, variable: str, where: str, value: Any) -> None:
        """Set a variable of the neurons whose condition has a property, of none or of many.

        One after the other: in C++ standalone Brian2 takes no empty array of indices.
        """
        for c, condition in enumerate(self.conditions):
            if getattr(condition, where):
                getattr(self.neurons, variable)[c] = value

    def _make_fibres(self) -> SpikeGeneratorGroup:
        trains = [self.schedule.pulses(c, p) for c in self.conditions for p in range(2)]
        indices = np.repeat(np.arange(len(trains)), [len(t) for t in trains])
        return SpikeGeneratorGroup(len(trains), indices, np.concatenate(trains) * second)

    def _make_neurons(self) -> NeuronGroup:
        spike = BackPropagatingSpike()
        equations = _MEMBRANE + spike.neuron_equations()
        neurons = NeuronGroup(
            len(self.conditions),
            equations + self.model.post_equations(v="v_s", per_neuron=["Mg"]),
            threshold="v > v_th",
            reset="v = v_reset\n" + spike.reset(),
            refractory=_REFRACTORY,
            method="euler",
            namespace=MEMBRANE,
            events={"test_window": self._window_condition()},
        )
        neurons.v = MEMBRANE["E_L"]
        return neurons

    def _window_condition(self) -> str:
        """True around the test pulses of both pathways; in integer time steps."""
        first, period, length = _steps(FIRST_TEST + WINDOW[0]), _steps(TEST_PERIOD / 2), _window()
        return f"(t_in_timesteps + {period - first % period}) % {period} < {length}"

    def _make_synapses(self) -> Any:
        synapses = self.model.synapses(
            self.fibres,
            self.neurons,
            per_synapse=[] if self.dose is None else [_ANTAGONIST],
            model="peak_Ca : mmolar\npeak_Ca_eff : mmolar",
        )
        source = np.arange(2 * len(self.conditions))
        synapses.connect(i=source, j=source // 2)
        synapses.w = np.concatenate([c.fibres for c in self.conditions])
        if self.dose is not None:
            given = np.repeat([float(c.D_AP5) for c in self.conditions], 2)
            setattr(synapses, _ANTAGONIST, given * self.dose)
        synapses.run_regularly(
            """
            peak_Ca += int(Ca > peak_Ca)*(Ca - peak_Ca)
            peak_Ca_eff += int(Ca_eff > peak_Ca_eff)*(Ca_eff - peak_Ca_eff)
            """,
            dt=1 * ms,
        )
        return synapses

    def _make_monitors(self) -> None:
        everything = np.arange(2 * len(self.conditions))
        self.tests = EventMonitor(self.neurons, "test_window", "v")
        self.spikes = SpikeMonitor(self.neurons)
        self.receptors = StateMonitor(self.synapses, self.weight.states, record=everything, dt=TEST_PERIOD)
        self.traces = StateMonitor(self.neurons, ["v_s", "block_NMDA"], record=True, dt=DT)
        self.synapse_traces = StateMonitor(
            self.synapses,
            list(dict.fromkeys(["g_NMDA", "Ca", "Ca_eff", *self.driven_by])),
            record=everything,
            dt=DT,
        )

    def run(self, report: str | None) -> None:
        """Baseline, train, what follows it at once, and the follow-up."""
        schedule = self.schedule
        tetanus_end, clamp_end = (schedule.start + float(d) for d in (TETANUS.duration, CLAMP_DURATION))
        self._record_traces(False)
        self._advance(schedule.start, report)
        self._record_traces(True)
        self._set("Mg", "Mg_free", 0 * mM)
        self._set("clamped", "clamped", 1)
        self._set("v", "clamped", MEMBRANE["E_L"])
        self._advance(tetanus_end)
        self._set("Mg", "Mg_free", self.Mg)
        self._advance(clamp_end)
        self._set("clamped", "clamped", 0)
        self._record_traces(False)
        self._advance(schedule.end, report)

    def _advance(self, until: float, report: str | None = None) -> None:
        """Run until a time in s; with a report, in pieces after each of which a line is printed.

        Brian2's own report asks for the time before each object of each step, which here takes
        several times longer than the simulation.
        """
        done = float(self.network.t)
        for end in [*np.arange(done + REPORT_PERIOD, until, REPORT_PERIOD), until] if report else [until]:
            self.network.run((end - done) * second, namespace={})
            keep_code(self.network)
            if report:
                line = f"{end / 60:.1f} of {self.schedule.end / 60:.1f} min simulated"
                get_device().insert_code("main", f'std::cout << "{line}" << std::endl;')
            done = end

    def _record_traces(self, active: bool) -> None:
        self.traces.active = self.synapse_traces.active = active

    def result(self, build_time: float, run_time: float) -> LTPResult:
        """Copy what was recorded, without units."""
        K, start = len(self.conditions), self.schedule.start
        traces, synaptic = self.traces, self.synapse_traces

        def pathways(values: Any) -> np.ndarray:
            return np.array(values).reshape(K, 2, *np.shape(values)[1:])

        block = np.array(traces.block_NMDA)
        n = self.weight.values({s: self._course(s) for s in self.weight.states})
        rate = self.rate(*(np.asarray(getattr(synaptic, s)) for s in self.driven_by))
        spikes = np.array(self.spikes.t / second)
        return LTPResult(
            model=self.model,
            conditions=self.conditions,
            start=start,
            test_times=self.schedule.tests,
            epsp_time=np.arange(_window()) * float(DT / ms) + float(WINDOW[0] / ms),
            epsp=self._epsp(),
            n_time=np.append(self.receptors.t / second, self.schedule.end),
            n=pathways(n),
            trace_time=np.array((traces.t - start * second) / ms),
            v_s=np.array(traces.v_s / mV),
            block_g=block[:, np.newaxis] * pathways(synaptic.g_NMDA),
            Ca_trace=pathways(synaptic.Ca / umolar),
            Ca_eff_trace=pathways(synaptic.Ca_eff / umolar),
            insertion=pathways(rate),
            peak_Ca=pathways(self.synapses.peak_Ca[:] / umolar),
            peak_Ca_eff=pathways(self.synapses.peak_Ca_eff[:] / umolar),
            spikes=tuple(spikes[np.array(self.spikes.i) == c] for c in range(K)),
            build_time=build_time,
            run_time=run_time,
        )

    def _course(self, state: str) -> np.ndarray:
        """A state over time, and at the end."""
        recorded, now = getattr(self.receptors, state), getattr(self.synapses, state)[:]
        return np.column_stack([np.asarray(recorded), np.asarray(now)])

    def _epsp(self) -> np.ndarray:
        """Potentials around the test pulses, relative to that at the pulse."""
        tests, length, K = self.schedule.tests, _window(), len(self.conditions)
        v = np.array(self.tests.v / mV)[: tests.size * length * K]
        v = v.reshape(tests.shape[1], 2, length, K).transpose(3, 1, 0, 2)
        tested = np.array([self.schedule.tested(c) for c in self.conditions])
        return np.where(tested[..., np.newaxis], v - v[..., [_steps(-WINDOW[0])]], np.nan)


def _steps(duration: Quantity) -> int:
    return round(float(duration / DT))


def _window() -> int:
    return _steps(WINDOW[1] - WINDOW[0])
