"""Long-term potentiation by a tetanus, with the controls that a textbook asks for.

Two pathways A and B converge on one neuron. Each is tested by a single pulse every 10 s, B 5 s after
A. A is then tetanised (100 Hz for 1 s) while the test pulses pause; B tells whether the change is
specific to the pathway. All conditions run side by side, one neuron each, in one C++ standalone
simulation.

>>> from brian2 import second
>>> from brian2_nmda.protocols.ltp import run_ltp
>>> result = run_ltp(baseline=600*second, follow_up=1200*second)  # doctest: +SKIP
>>> print(result.table())  # doctest: +SKIP
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
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
    defaultclock,
    get_device,
    mM,
    ms,
    mV,
    nS,
    pF,
    prefs,
    second,
    set_device,
    umolar,
)
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import RuntimeDevice, reset_device
from brian2.groups.group import CodeRunner

from brian2_nmda.equations import (
    AMPA,
    DAP5,
    BackPropagatingSpike,
    BioNMDA,
    ReceptorInsertion,
    SpineCalcium,
)
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric

PATHWAYS = ("A", "B")

DT = 0.1 * ms
TEST_PERIOD = 10 * second  # of each pathway; B is tested half a period after A
FIRST_TEST = 1 * second
WINDOW = (-5 * ms, 50 * ms)  # recorded around each test pulse
SLOPE_INTERVAL = 2 * ms  # after the pulse
CLAMP_DURATION = 4 * second  # from the start of the train
REPORT_PERIOD = 180.0  # simulated seconds between two lines of progress
SETTLING = 3 * second  # without test pulses after a train


def _available(drug: DAP5) -> float:
    return float(numeric(drug.template.roles["available"], [], drug.template.values())())


#: Fraction of the NMDA conductance left by 50 uM D-AP5: receptors both of whose sites are free of it.
D_AP5_REMAINDER = _available(DAP5())

_MEMBRANE = """
dv/dt = (1 - clamped)*(g_L*(E_L - v) - I_syn)/C_m : volt (unless refractory)
clamped : 1
"""
_NEURON = {
    "C_m": 200 * pF,
    "g_L": 10 * nS,
    "E_L": -70 * mV,
    "v_th": -54 * mV,
    "v_reset": -60 * mV,
}
_REFRACTORY = 3 * ms


# -- what is done ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Train:
    """A train of presynaptic spikes.

    Parameters
    ----------
    rate : float
        In Hz.
    pulses : int
    """

    rate: float
    pulses: int

    @property
    def times(self) -> np.ndarray:
        """Times of the pulses after the start of the train, in s."""
        return np.arange(self.pulses) / self.rate

    @property
    def duration(self) -> float:
        """Number of pulses times their interval, in s."""
        return self.pulses / self.rate


TETANUS = Train(100.0, 100)
LOW_FREQUENCY = Train(1.0, 900)


@dataclass(frozen=True)
class Condition:
    """What happens to one neuron and its two pathways.

    Parameters
    ----------
    name : str
        One word or two, as printed in the table.
    train : Train, optional
        Without one, the test pulses go on.
    trained : tuple of str
        Pathways that get the train.
    fibres : tuple of int
        Number of identical fibres in pathways A and B.
    D_AP5 : bool
        50 uM of the NMDA antagonist, from the start of the baseline.
    clamped : bool
        The neuron is clamped at rest during the train and until its effects have passed.
    Mg_free : bool
        No magnesium during the train.
    bars : dict
        Accepted change in percent, lowest and highest, per pathway.
    """

    name: str
    train: Train | None = TETANUS
    trained: tuple[str, ...] = ("A",)
    fibres: tuple[int, int] = (30, 30)
    D_AP5: bool = False
    clamped: bool = False
    Mg_free: bool = False
    bars: dict[str, tuple[float, float]] = field(default_factory=dict)


_ALIKE = (-0.5, 0.5)
_POTENTIATED = (35.0, 65.0)

CONDITIONS = (
    Condition("tetanus", bars={"A": _POTENTIATED, "B": _ALIKE}),
    Condition("D-AP5", D_AP5=True, bars={"A": (-0.1, 0.1), "B": _ALIKE}),
    Condition("clamp", clamped=True, bars={"A": (-1.0, 1.0), "B": _ALIKE}),
    Condition("weak", fibres=(8, 30), bars={"A": (-1.0, 1.0), "B": _ALIKE}),
    Condition(
        "weak+strong",
        trained=("A", "B"),
        fibres=(8, 30),
        bars={"A": (35.0, np.inf), "B": _POTENTIATED},
    ),
    Condition("weak 0 Mg", fibres=(8, 30), Mg_free=True, bars={"A": (30.0, np.inf), "B": _ALIKE}),
    Condition("baseline", train=None, trained=(), bars={"A": (-0.1, 0.1), "B": (-0.1, 0.1)}),
)
LFS = Condition("1 Hz x 900", train=LOW_FREQUENCY, bars={"A": (-25.0, -15.0), "B": _ALIKE})


# -- what comes out --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One line of the table: one pathway under one condition.

    Pairs are before the train and after it. Slopes are in mV/ms, amplitudes in mV, calcium in uM.
    """

    condition: str
    pathway: str
    slope: tuple[float, float]
    amplitude: tuple[float, float]
    receptors: tuple[float, float]
    peak_Ca: float
    peak_Ca_eff: float
    bar: tuple[float, float]

    @property
    def slope_change(self) -> float:
        """Change of the initial slope of the EPSP in percent."""
        return _percent(self.slope)

    @property
    def receptor_change(self) -> float:
        """Change of the number of AMPA receptors in percent."""
        return _percent(self.receptors)

    @property
    def met(self) -> bool:
        """Whether slope and receptor number both changed as they should."""
        low, high = self.bar
        return all(low <= x <= high for x in (self.slope_change, self.receptor_change))

    @property
    def verdict(self) -> str:
        """``'met'``, ``'MISSED'``, or nothing where there is no bar."""
        if np.isinf(self.bar[0]):
            return ""
        return "met" if self.met else "MISSED"


def _percent(pair: tuple[float, float]) -> float:
    before, after = pair
    return 100 * (after / before - 1)


@dataclass(frozen=True)
class LTPResult:
    """Recordings of `run_ltp`.

    Arrays have the axes condition, pathway (A, B), then test pulse or time. Pulses that a train
    replaced are NaN.

    Attributes
    ----------
    model : GlutamateSynapse
    conditions : tuple of Condition
    start : float
        Time of the first pulse of the trains, in s.
    test_times : array
        Times of the test pulses per pathway, in s.
    epsp_time : array
        Time after the pulse, in ms.
    epsp : array
        Potential minus its value at the pulse, in mV (condition, pathway, test, time).
    n_time, n : array
        Number of AMPA receptors, over time in s.
    Ca, Ca_eff : array
        Calcium and its integrator in uM, sampled with ``n``.
    trace_time : array
        Time after the first pulse of the train, in ms, of the following three.
    v_s : array
        Voltage at the spine (condition, time), in mV.
    block_g : array
        Fraction of the NMDA receptors that conduct: activation times block.
    Ca_trace, Ca_eff_trace : array
        Calcium and its integrator during the train, in uM.
    peak_Ca, peak_Ca_eff : array
        Maxima over the whole run, in uM.
    spikes : tuple of array
        Spike times of each neuron, in s.
    build_time, run_time : float
        Seconds of compilation and of simulation.
    """

    model: GlutamateSynapse
    conditions: tuple[Condition, ...]
    start: float
    test_times: np.ndarray
    epsp_time: np.ndarray
    epsp: np.ndarray
    n_time: np.ndarray
    n: np.ndarray
    trace_time: np.ndarray
    v_s: np.ndarray
    block_g: np.ndarray
    Ca_trace: np.ndarray
    Ca_eff_trace: np.ndarray
    peak_Ca: np.ndarray
    peak_Ca_eff: np.ndarray
    spikes: tuple[np.ndarray, ...]
    build_time: float
    run_time: float

    def index(self, name: str) -> int:
        """Position of the condition called ``name``."""
        return [c.name for c in self.conditions].index(name)

    @property
    def slope(self) -> np.ndarray:
        """Initial slope of each EPSP (0 to 2 ms), in mV/ms."""
        until = float(SLOPE_INTERVAL / ms)
        return self.epsp[..., np.argmin(abs(self.epsp_time - until))] / until

    @property
    def amplitude(self) -> np.ndarray:
        """Peak of each EPSP, in mV."""
        return self.epsp.max(axis=-1)

    def before(self) -> np.ndarray:
        """Which test pulses are before the train (pathway, test)."""
        return self.test_times < self.start

    def after(self) -> np.ndarray:
        """Which test pulses count as after the train: those of the last five minutes."""
        last = max(self.start, self.n_time[-1] - 300.0)
        return self.test_times > last

    def row(self, condition: str, pathway: str) -> Row:
        """The figures of one pathway under one condition."""
        c, p = self.index(condition), PATHWAYS.index(pathway)

        def pair(values: np.ndarray) -> tuple[float, float]:
            return tuple(
                float(np.nanmean(values[c, p, chosen[p]])) for chosen in (self.before(), self.after())
            )

        return Row(
            condition,
            pathway,
            pair(self.slope),
            pair(self.amplitude),
            (float(self.n[c, p, 0]), float(self.n[c, p, -1])),
            float(self.peak_Ca[c, p]),
            float(self.peak_Ca_eff[c, p]),
            self.conditions[c].bars.get(pathway, (-np.inf, np.inf)),
        )

    @property
    def rows(self) -> list[Row]:
        """All lines of the table."""
        return [self.row(c.name, p) for c in self.conditions for p in PATHWAYS]

    def table(self) -> str:
        """The figures before and after, with the bars that slope and receptors have to meet."""
        head = (
            f"{'condition':<13}{'EPSP slope (mV/ms)':^25}{'amplitude (mV)':^16}"
            f"{'AMPA receptors':^25}{'peak Ca':^9}{'Ca_eff':^8} bar for slope and receptors"
        )
        lines = [head, "-" * len(head)]
        for r in self.rows:
            lines.append(
                f"{r.condition:<11} {r.pathway} "
                f"{r.slope[0]:6.3f} -> {r.slope[1]:5.3f} {_signed(r.slope_change)} "
                f"{r.amplitude[0]:6.2f} -> {r.amplitude[1]:5.2f} "
                f"{r.receptors[0]:6.2f} -> {r.receptors[1]:5.2f} {_signed(r.receptor_change)} "
                f"{r.peak_Ca:5.2f} uM {r.peak_Ca_eff:5.2f} uM "
                f"{bar_text(r.bar):<14} {r.verdict}"
            )
        lines.append(
            "Pathway A is trained (in weak+strong B too). Before: all test pulses before the train; "
            "after: those of the last 5 min."
        )
        return "\n".join(lines)


def _signed(percent: float) -> str:
    """A change with its sign, but zero without one."""
    rounded = round(percent, 2)
    return f"{rounded:+7.2f}%" if rounded else f"{0.0:7.2f}%"


def bar_text(bar: tuple[float, float]) -> str:
    """An accepted range of changes in words."""
    low, high = bar
    if np.isinf(low):
        return "none"
    if np.isinf(high):
        return f"over {low:+g} %"
    return f"within {high:g} %" if low == -high else f"{low:+g} to {high:+g} %"


# -- the experiment --------------------------------------------------------------------------------


def default_model() -> GlutamateSynapse:
    """The synapse of the experiment: AMPA and NMDA receptors, spine calcium, receptor insertion."""
    return GlutamateSynapse(
        [AMPA(gmax=0.5 * nS), BioNMDA(gmax=0.2 * nS)],
        calcium=SpineCalcium(),
        plasticity=ReceptorInsertion(),
    )


def run_ltp(
    baseline: Quantity = 600 * second,
    follow_up: Quantity = 1200 * second,
    lfs: bool = False,
    conditions: Sequence[Condition] | None = None,
    model: GlutamateSynapse | None = None,
    report: str | None = None,
) -> LTPResult:
    """Run all conditions side by side in one C++ standalone simulation.

    Parameters
    ----------
    baseline, follow_up : Quantity
        Durations of the test pulses before the train and after the longest train.
    lfs : bool
        Add 900 pulses at 1 Hz, which take another 15 min.
    conditions : sequence of Condition, optional
        By default `CONDITIONS`, with `LFS` if ``lfs``.
    model : GlutamateSynapse, optional
        By default `default_model`. It needs receptors labelled AMPA and NMDA, magnesium block,
        calcium with its integrator, and plasticity of the AMPA receptors.
    report : {'text', None}
        Progress of the simulation.

    Returns
    -------
    LTPResult

    Raises
    ------
    ModelError
        If a duration is shorter than two test periods, or a standalone device is in use.
    """
    chosen = tuple(conditions) if conditions else CONDITIONS + ((LFS,) if lfs else ())
    model = default_model() if model is None else model
    schedule = _Schedule(chosen, _seconds(baseline, "baseline"), _seconds(follow_up, "follow_up"))
    with _standalone() as (device, directory):
        network = _Experiment(model, schedule)
        network.run(report)
        begin = time.perf_counter()
        device.build(directory=directory, run=False, with_output=False)
        built = time.perf_counter()
        device.run(with_output=report is not None)
        done = time.perf_counter()
        return network.result(built - begin, done - built)


def _seconds(duration: Quantity, name: str) -> float:
    if not duration >= 2 * TEST_PERIOD:
        raise ModelError(
            f"run_ltp: {name} has to be at least {2 * TEST_PERIOD}, two periods of the test pulses; "
            f"found {duration}."
        )
    return float(duration)


@contextmanager
def _standalone() -> Iterator[tuple[Any, str]]:
    """A clean standalone device in a temporary directory; afterwards all is as it was."""
    if not isinstance(get_device(), RuntimeDevice):
        raise ModelError(
            "run_ltp makes a standalone simulation of its own and would overwrite yours; call it "
            "before set_device('cpp_standalone'), or after reset_device()."
        )
    make_args = "devices.cpp_standalone.extra_make_args_unix"
    before, dt = prefs[make_args], defaultclock.dt
    with tempfile.TemporaryDirectory(prefix="brian2_nmda_ltp_") as directory:
        device = CPPStandaloneDevice()  # one of its own: results of another one stay readable
        set_device(device, directory=directory, build_on_run=False)
        try:
            prefs[make_args] = ["-j2"]
            defaultclock.dt = DT
            yield device, directory
        finally:
            prefs[make_args] = before
            reset_device()
            defaultclock.dt = dt


class _Schedule:
    """When each pathway gets its pulses, in s."""

    def __init__(self, conditions: tuple[Condition, ...], baseline: float, follow_up: float) -> None:
        self.conditions, self.start = conditions, baseline
        longest = max((c.train.duration for c in conditions if c.train), default=0.0)
        self.end = baseline + longest + follow_up
        period = float(TEST_PERIOD)
        self.tests = np.array(
            [np.arange(float(FIRST_TEST), self.end - 1, period) + d for d in (0, period / 2)]
        )
        self.tests = self.tests[:, self.tests[1] < self.end - 1]

    def tested(self, condition: Condition) -> np.ndarray:
        """Which test pulses a condition gets; they pause around its train."""
        if condition.train is None:
            return np.ones(self.tests.shape, bool)
        over = self.start + condition.train.duration + float(SETTLING)
        return (self.tests < self.start - float(SETTLING)) | (self.tests > over)

    def pulses(self, condition: Condition, p: int) -> np.ndarray:
        """All presynaptic spikes of pathway number ``p``."""
        times = self.tests[p][self.tested(condition)[p]]
        if condition.train is not None and PATHWAYS[p] in condition.trained:
            times = np.concatenate([times, self.start + condition.train.times])
        return np.sort(times)


class _Experiment:
    """The Brian2 objects: one neuron per condition, synapses 2c and 2c + 1 onto neuron c."""

    def __init__(self, model: GlutamateSynapse, schedule: _Schedule) -> None:
        self.model, self.schedule = model, schedule
        self.conditions = schedule.conditions
        self.Mg = model.system.parameters["Mg"].value
        self.fibres = self._make_fibres()
        self.neurons = self._make_neurons()
        self.synapses = self._make_synapses()
        self._make_monitors()
        self.network = Network(
            self.fibres, self.neurons, self.synapses, self.tests, self.traces,
            self.synapse_traces, self.receptors, self.spikes,
        )  # fmt: skip

    def chosen(self, what: str) -> np.ndarray:
        """Numbers of the neurons of the conditions with a property."""
        return np.flatnonzero([getattr(c, what) for c in self.conditions])

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
            namespace=_NEURON,
            events={"test_window": self._window_condition()},
        )
        neurons.v = _NEURON["E_L"]
        return neurons

    def _window_condition(self) -> str:
        """True around the test pulses of both pathways; in integer time steps."""
        first, period, length = _steps(FIRST_TEST + WINDOW[0]), _steps(TEST_PERIOD / 2), _window()
        return f"(t_in_timesteps + {period - first % period}) % {period} < {length}"

    def _make_synapses(self) -> Any:
        synapses = self.model.synapses(
            self.fibres,
            self.neurons,
            per_synapse=["gmax_NMDA"],
            model="peak_Ca : mmolar\npeak_Ca_eff : mmolar",
        )
        source = np.arange(2 * len(self.conditions))
        synapses.connect(i=source, j=source // 2)
        synapses.w = np.concatenate([c.fibres for c in self.conditions])
        left = np.repeat([D_AP5_REMAINDER if c.D_AP5 else 1.0 for c in self.conditions], 2)
        synapses.gmax_NMDA = left * self.model.system.parameters["gmax_NMDA"].value
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
        self.receptors = StateMonitor(self.synapses, "n_AMPA", record=everything, dt=TEST_PERIOD)
        self.traces = StateMonitor(self.neurons, ["v_s", "block_NMDA"], record=True, dt=0.2 * ms)
        self.synapse_traces = StateMonitor(
            self.synapses, ["g_NMDA", "Ca", "Ca_eff"], record=everything, dt=0.2 * ms
        )

    def run(self, report: str | None) -> None:
        """Baseline, train, what follows it at once, and the follow-up."""
        schedule, neurons = self.schedule, self.neurons
        free, clamped = self.chosen("Mg_free"), self.chosen("clamped")
        tetanus_end, clamp_end = (schedule.start + float(d) for d in (TETANUS.duration, CLAMP_DURATION))
        self._record_traces(False)
        self._advance(schedule.start, report)
        self._record_traces(True)
        neurons.Mg[free] = 0 * mM
        neurons.clamped[clamped] = 1
        neurons.v[clamped] = _NEURON["E_L"]
        self._advance(tetanus_end)
        neurons.Mg[free] = self.Mg
        self._advance(clamp_end)
        neurons.clamped[clamped] = 0
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
            _keep_code(self.network)
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
        n = np.column_stack([self.receptors.n_AMPA, self.synapses.n_AMPA[:]])
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
            peak_Ca=pathways(self.synapses.peak_Ca[:] / umolar),
            peak_Ca_eff=pathways(self.synapses.peak_Ca_eff[:] / umolar),
            spikes=tuple(spikes[np.array(self.spikes.i) == c] for c in range(K)),
            build_time=build_time,
            run_time=run_time,
        )

    def _epsp(self) -> np.ndarray:
        """Potentials around the test pulses, relative to that at the pulse."""
        tests, length, K = self.schedule.tests, _window(), len(self.conditions)
        v = np.array(self.tests.v / mV)[: tests.size * length * K]
        v = v.reshape(tests.shape[1], 2, length, K).transpose(3, 1, 0, 2)
        tested = np.array([self.schedule.tested(c) for c in self.conditions])
        return np.where(tested[..., np.newaxis], v - v[..., [_steps(-WINDOW[0])]], np.nan)


def _keep_code(network: Network) -> None:
    """Let later runs use the code of the first one: Brian2 would compile all of it again."""
    for obj in network.sorted_objects:
        if isinstance(obj, CodeRunner) and obj.code_objects:
            obj.create_code_objects = lambda run_namespace: None


def _steps(duration: Quantity) -> int:
    return round(float(duration / DT))


def _window() -> int:
    return _steps(WINDOW[1] - WINDOW[0])
