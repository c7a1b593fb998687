"""What the tetanus experiment records, and its table."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from brian2 import ms

from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.protocols.ltp.conditions import LAST, PATHWAYS, Condition
from brian2_nmda.protocols.saving import write_csv, write_npz
from brian2_nmda.protocols.weights import Weight
from brian2_nmda.symbolic.errors import ModelError

SLOPE_INTERVAL = 2 * ms  # after the pulse
TROUGH = (1.0, 5.0)  # Hz, where the frequency curve has to be lowest
SATURATED = 0.8  # of the free places: a train that fills more saturates the rule
CROSSING = (6.0, 15.0)  # Hz, between which it has to cross zero


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
    trace_time : array
        Time after the first pulse of the train, in ms, of the following three.
    v_s : array
        Voltage at the spine (condition, time), in mV.
    block_g : array
        Fraction of the NMDA receptors that conduct: activation times block.
    Ca_trace, Ca_eff_trace : array
        Calcium and its integrator during the train, in uM.
    insertion : array
        Net insertion of AMPA receptors during the train, per second.
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
    insertion: np.ndarray
    peak_Ca: np.ndarray
    peak_Ca_eff: np.ndarray
    spikes: tuple[np.ndarray, ...]
    build_time: float
    run_time: float

    def index(self, name: str) -> int:
        """Position of the condition called ``name``."""
        names = [c.name for c in self.conditions]
        if name not in names:
            raise ModelError(f"This result of run_ltp has no condition '{name}'; it has {', '.join(names)}.")
        return names.index(name)

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
        last = max(self.start, self.n_time[-1] - LAST)
        return self.test_times > last

    def row(self, condition: str, pathway: str) -> Row:
        """The figures of one pathway under one condition."""
        c, p = self.index(condition), PATHWAYS.index(pathway)

        def pair(values: np.ndarray) -> tuple[float, float]:
            before, after = (float(np.nanmean(values[c, p, x[p]])) for x in (self.before(), self.after()))
            return before, after

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

    @property
    def curve(self) -> tuple[np.ndarray, np.ndarray]:
        """Frequencies (Hz) of the conditions with 900 pulses, and changes of the receptors of A (percent)."""
        found = self._of_curve
        change = [self.row(c.name, "A").receptor_change for _, c in found]
        return np.array([f for f, _ in found]), np.array(change)

    @property
    def _of_curve(self) -> list[tuple[float, Condition]]:
        """The conditions of the frequency curve, by their frequency (Hz)."""
        found = [(c.train.rate, c) for c in self.conditions if c.train is not None and c.in_curve]
        return sorted(found, key=lambda pair: pair[0])

    @property
    def curve_bars(self) -> list[tuple[str, bool]]:
        """What the frequency curve shows, and whether that meets its bar; nothing without a curve.

        Which of the frequencies is lowest, between which two the change rises through zero, and how near the
        trains come to filling all places for receptors.
        """
        rates, change = self.curve
        if len(rates) < 3:
            return []
        trough = float(rates[int(np.argmin(change))])
        met = TROUGH[0] <= trough <= TROUGH[1]
        bars = [(f"lowest at {trough:g} Hz (bar: {TROUGH[0]:g} to {TROUGH[1]:g} Hz)", bool(met))]
        rises = [int(k) for k in np.flatnonzero((change[:-1] < 0) & (change[1:] >= 0))]
        where = " and ".join(f"between {rates[k]:g} and {rates[k + 1]:g} Hz" for k in rises) or "nowhere"
        met = len(rises) == 1 and rates[rises[0]] >= CROSSING[0] and rates[rises[0] + 1] <= CROSSING[1]
        bars.append((f"crosses zero {where} (bar: {CROSSING[0]:g} to {CROSSING[1]:g} Hz)", bool(met)))
        filled = self.filled()
        most = max(filled, key=lambda rate: filled[rate])
        text = (
            f"of the free places at most {100 * filled[most]:.0f} % are filled, at {most:g} Hz; at "
            f"{rates[-1]:g} Hz {100 * filled[float(rates[-1])]:.0f} % (bar: at most {100 * SATURATED:.0f} %)"
        )
        return [*bars, (text, bool(filled[most] <= SATURATED))]

    def filled(self) -> dict[float, float]:
        """Fraction of the free places for receptors that each train of the curve fills, by its rate in Hz.

        The largest number during the train and after it, relative to the bound that the model states.
        """
        bound = Weight(self.model, "n_AMPA").bound
        found: dict[float, float] = {}
        for rate, condition in self._of_curve:
            n = self.n[self.index(condition.name), 0]
            found[float(rate)] = float((n.max() - n[0]) / (bound - n[0]))
        return found

    @property
    def met(self) -> bool:
        """Whether all bars are met."""
        return all(row.met for row in self.rows) and all(met for _, met in self.curve_bars)

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
            "after: those of the last 5 min. A bar is what is expected."
        )
        for text, met in self.curve_bars:
            lines.append(f"Frequency curve: {text} {'met' if met else 'MISSED'}")
        return "\n".join(lines)

    # -- files ---------------------------------------------------------------------------------

    def to_csv(self, file: str | Path) -> Path:
        """One line per test pulse, with condition, pathway, time, slope, amplitude and receptors.

        Raises
        ------
        ModelError
            If the file cannot be written, or its name does not end in ``.csv``.
        """
        header = ["condition", "pathway", "time_after_train_s"]
        header += ["slope_mV_per_ms", "amplitude_mV", "receptors"]
        slope, amplitude, rows = self.slope, self.amplitude, []
        for c, p, k in zip(*np.nonzero(np.isfinite(slope)), strict=True):
            time = self.test_times[p, k]
            numbers = (slope[c, p, k], amplitude[c, p, k], np.interp(time, self.n_time, self.n[c, p]))
            named = [self.conditions[c].name, PATHWAYS[p], f"{time - self.start:.6g}"]
            rows.append([*named, *(f"{x:.9g}" for x in numbers)])
        return write_csv(file, header, rows)

    def to_npz(self, file: str | Path) -> Path:
        """All arrays for `numpy.load`; ``units`` is a JSON text by name.

        Raises
        ------
        ModelError
            If the file cannot be written, or its name does not end in ``.npz``.
        """
        plain = {name: getattr(self, name) for name in _UNITS}
        plain |= {f"spikes {c.name}": times for c, times in zip(self.conditions, self.spikes, strict=True)}
        plain["conditions"] = np.array([c.name for c in self.conditions])
        plain |= {"pathways": np.array(PATHWAYS), "start": self.start}
        return write_npz(file, plain, units=_UNITS)


#: Arrays that are saved, and their units.
_UNITS = {
    "test_times": "s",
    "epsp_time": "ms",
    "epsp": "mV",
    "slope": "mV/ms",
    "amplitude": "mV",
    "n_time": "s",
    "n": "1",
    "trace_time": "ms",
    "v_s": "mV",
    "block_g": "1",
    "Ca_trace": "uM",
    "Ca_eff_trace": "uM",
    "insertion": "1/s",
    "peak_Ca": "uM",
    "peak_Ca_eff": "uM",
}


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
