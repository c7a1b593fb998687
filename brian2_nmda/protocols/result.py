"""What an experiment records: named arrays with units, a table, files."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2 import Quantity, ms, mV, second, umolar
from brian2.units.fundamentalunits import get_dimensions, get_unit_for_display

from brian2_nmda.protocols.data import Protocol
from brian2_nmda.protocols.saving import write_csv, write_npz
from brian2_nmda.symbolic.errors import ModelError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SLOPE_INTERVAL = 2 * ms  # after the pulse
LAST = 300 * second  # of the follow-up, over which its end is averaged
SLOPE_UNIT = mV / ms


@dataclass(frozen=True)
class Result:
    """A result holds the recordings of an `Experiment`.

    Arrays have the axes condition, pathway, then test pulse or time. Test pulses that an induction replaced
    are NaN.

    Attributes
    ----------
    conditions : tuple of str
        Names along the first axis.
    pathways : tuple of str
        Names along the second axis.
    protocols : tuple of Protocol
        What was done in each condition.
    start : Quantity
        When the induction begins.
    end : Quantity
        When the experiment ends.
    test_time : Quantity
        Times of the test pulses (pathway, test).
    epsp_time : Quantity
        Times of the samples of `epsp`, from the test pulse on.
    epsp : Quantity
        Membrane potential minus its value at the pulse (condition, pathway, test, time).
    weight_name : str or None
        The state of the model that stands for the weight, such as a number of receptors.
    weight_time : Quantity or None
        Times of the samples of `weight`.
    weight : Quantity or None
        Values of that state (condition, pathway, time); the last one is that at the end.
    peak_Ca : Quantity or None
        Highest calcium of the whole run (condition, pathway).
    spikes : tuple of Quantity
        Spike times of each condition's neuron.
    build_time : float
        How long compiling took, in s.
    run_time : float
        How long the simulation took, in s.

    Examples
    --------
    >>> from brian2_nmda.protocols import Experiment, tetanus
    >>> result = Experiment(tetanus()).run()  # doctest: +SKIP
    >>> print(result.table())  # doctest: +SKIP
    """

    conditions: tuple[str, ...]
    pathways: tuple[str, ...]
    protocols: tuple[Protocol, ...]
    start: Quantity
    end: Quantity
    test_time: Quantity
    epsp_time: Quantity
    epsp: Quantity
    weight_name: str | None
    weight_time: Quantity | None
    weight: Quantity | None
    peak_Ca: Quantity | None
    spikes: tuple[Quantity, ...]
    build_time: float = 0.0
    run_time: float = 0.0

    # -- positions -----------------------------------------------------------------------------

    def index(self, condition: str, pathway: str = "A") -> tuple[int, int]:
        """Return the position of a condition and a pathway in the arrays."""
        for name, known, what in (
            (condition, self.conditions, "condition"),
            (pathway, self.pathways, "pathway"),
        ):
            if name not in known:
                raise ModelError(f"this result has no {what} '{name}'; it has {', '.join(known)}.")
        return self.conditions.index(condition), self.pathways.index(pathway)

    # -- readouts ------------------------------------------------------------------------------

    @property
    def slope(self) -> Quantity:
        """The initial slope of each EPSP, over its first 2 ms (condition, pathway, test)."""
        k = int(np.argmin(abs(np.asarray(self.epsp_time - SLOPE_INTERVAL))))
        return self.epsp[..., k] / self.epsp_time[k]

    @property
    def amplitude(self) -> Quantity:
        """The peak of each EPSP (condition, pathway, test)."""
        return np.max(self.epsp, axis=-1)

    def before(self) -> np.ndarray:
        """Say which test pulses are before the induction: booleans (pathway, test)."""
        return np.asarray(self.test_time < self.start)

    def after(self) -> np.ndarray:
        """Say which test pulses count as the end: the last one, and those of the last 5 min or half."""
        longest = max(p.duration for p in self.protocols) * second
        over = self.start + longest
        late = np.asarray(self.test_time > max(self.end - LAST, over + (self.end - over) / 2))
        late[:, -1:] = True  # where tests are further apart there is no other
        return late

    def _pair(self, values: Quantity, c: int, p: int) -> tuple[float, float]:
        plain = np.asarray(values)[c, p]
        kept = [plain[chosen[p] & np.isfinite(plain)] for chosen in (self.before(), self.after())]
        before, after = (float(k.mean()) if k.size else np.nan for k in kept)
        return before, after

    def slope_change(self, condition: str, pathway: str = "A") -> float:
        """Return the change of the initial slope of the EPSP, in percent of the baseline."""
        return _percent(self._pair(self.slope, *self.index(condition, pathway)))

    def weight_pair(self, condition: str, pathway: str = "A") -> tuple[float, float]:
        """Return the weight at the end of the baseline and at the end of all, in base units."""
        if self.weight is None or self.weight_time is None:
            raise ModelError("this model has no weight; read slope_change().")
        c, p = self.index(condition, pathway)
        k = int(np.searchsorted(np.asarray(self.weight_time), float(self.start), side="right")) - 1
        values = np.asarray(self.weight)[c, p]
        return float(values[k]), float(values[-1])

    def change(self, condition: str, pathway: str = "A") -> float:
        """Return the change of the weight in percent (of the slope, where the model has no weight)."""
        if self.weight is None:
            return self.slope_change(condition, pathway)
        return _percent(self.weight_pair(condition, pathway))

    @property
    def scanned(self) -> tuple[str, np.ndarray] | None:
        """What differs between the conditions of a series, and its values; None if they are no series."""
        values = [p.scanned for p in self.protocols if p.scanned is not None]
        if len(values) < 2 or len(values) < len(self.protocols) or len({v[0] for v in values}) != 1:
            return None
        return values[0][0], np.array([v[1] for v in values])

    # -- text ----------------------------------------------------------------------------------

    def table(self) -> str:
        """Return a table of each pathway under each condition, before the induction and at the end.

        Returns
        -------
        str
            Slope and weight with their changes, the peak of calcium, and the neuron's spikes.
        """
        width = max(len("condition"), *map(len, self.conditions))
        weight = f" {self.weight_name or '':^24}" if self.weight is not None else ""
        calcium = f" {'peak Ca':>9}" if self.peak_Ca is not None else ""
        head = f"{'condition':<{width}}   {'EPSP slope (mV/ms)':^26}{weight}{calcium} {'spikes':>6}"
        lines = [head, "-" * len(head)]
        for c, name in enumerate(self.conditions):
            for p, pathway in enumerate(self.pathways):
                before, after = self._pair(self.slope / SLOPE_UNIT, c, p)
                text = f"{name:<{width}} {pathway} {before:7.3f} -> {after:5.3f} {_signed((before, after))}"
                if self.weight is not None:
                    pair = self.weight_pair(name, pathway)
                    text += f" {pair[0]:7.4g} -> {pair[1]:<5.4g} {_signed(pair)}"
                if self.peak_Ca is not None:
                    text += f" {float(self.peak_Ca[c, p] / umolar):6.2f} uM"
                lines.append(f"{text} {len(self.spikes[c]):6d}")
        lines.append(
            "Before: all test pulses of the baseline; after: those of the last 5 min, or of the last half."
        )
        return "\n".join(lines)

    # -- figures and files ---------------------------------------------------------------------

    def plot(self) -> "Figure":
        """Draw the frequency curve or spike-timing window of a series, or else the course over time.

        Returns
        -------
        matplotlib.figure.Figure
        """
        from brian2_nmda.plotting import plot_result

        return plot_result(self)

    def arrays(self) -> dict[str, tuple[tuple[str, ...], Quantity]]:
        """Return all arrays by name, each with the names of its axes."""
        found: dict[str, tuple[tuple[str, ...], Any]] = {
            "test_time": (("pathway", "test"), self.test_time),
            "slope": (("condition", "pathway", "test"), self.slope),
            "amplitude": (("condition", "pathway", "test"), self.amplitude),
            "epsp_time": (("time",), self.epsp_time),
            "epsp": (("condition", "pathway", "test", "time"), self.epsp),
        }
        if self.weight is not None:
            found["weight_time"] = (("sample",), self.weight_time)
            found["weight"] = (("condition", "pathway", "sample"), self.weight)
        if self.peak_Ca is not None:
            found["peak_Ca"] = (("condition", "pathway"), self.peak_Ca)
        return found

    def to_csv(self, file: str | Path) -> Path:
        """Write one line per test pulse, with condition, pathway, time, slope, amplitude and weight."""
        header = ["condition", "pathway", "time_after_induction_s", "slope_mV_per_ms", "amplitude_mV"]
        if self.weight is not None:
            header.append(f"weight_{self.weight_name}")
        slope, amplitude = np.asarray(self.slope / SLOPE_UNIT), np.asarray(self.amplitude / mV)
        times = np.asarray(self.test_time)
        rows = []
        for c, p, k in zip(*np.nonzero(np.isfinite(slope)), strict=True):
            row = [self.conditions[c], self.pathways[p], f"{times[p, k] - float(self.start):.6g}"]
            row += [f"{slope[c, p, k]:.9g}", f"{amplitude[c, p, k]:.9g}"]
            if self.weight is not None:
                known = np.interp(times[p, k], np.asarray(self.weight_time), np.asarray(self.weight)[c, p])
                row.append(f"{known:.9g}")
            rows.append(row)
        return write_csv(file, header, rows)

    def to_npz(self, file: str | Path) -> Path:
        """Write all arrays in base SI units for `numpy.load`; ``units`` and ``axes`` are JSON texts."""
        arrays = self.arrays()
        plain: dict[str, Any] = {name: np.asarray(values) for name, (_, values) in arrays.items()}
        for name, spikes in zip(self.conditions, self.spikes, strict=True):
            plain[f"spikes {name}"] = np.asarray(spikes)
        units = {name: _unit(values) for name, (_, values) in arrays.items()}
        axes = {name: list(names) for name, (names, _) in arrays.items()}
        plain |= {"conditions": np.array(self.conditions), "pathways": np.array(self.pathways)}
        plain["start"] = float(self.start)
        return write_npz(file, plain, units=units, axes=axes)

    def to_xarray(self) -> Any:
        """Return an `xarray.Dataset` with coordinates and units, or raise a ModelError without xarray."""
        try:
            import xarray
        except ImportError as error:
            raise ModelError("to_xarray() needs the package xarray; install it, or use to_npz().") from error
        data = {
            name: (axes, np.asarray(values), {"units": _unit(values)})
            for name, (axes, values) in self.arrays().items()
        }
        coordinates = {"condition": list(self.conditions), "pathway": list(self.pathways)}
        attributes = {"start_s": float(self.start), "weight_name": self.weight_name or ""}
        return xarray.Dataset(data, coordinates, attributes)


def _unit(values: Any) -> str:
    """The base unit of an array in words; ``1`` without one."""
    return str(get_unit_for_display(get_dimensions(values)))


def _percent(pair: tuple[float, float]) -> float:
    before, after = pair
    return 100 * (after / before - 1)


def _signed(pair: tuple[float, float]) -> str:
    rounded = round(_percent(pair), 2)
    return f"{rounded:+7.2f}%" if rounded else f"{0.0:7.2f}%"
