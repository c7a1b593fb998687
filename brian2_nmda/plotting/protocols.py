"""Figures of experiments: EPSPs over time, frequency curve, spike-timing window, summary."""

import numpy as np
from brian2 import ms, mV
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from brian2_nmda.plotting.style import GREY, axes_or_new, colour, marker
from brian2_nmda.protocols.result import Result
from brian2_nmda.symbolic.errors import ModelError

SHOWN = 8  # conditions in one figure of small multiples
_BARS = {"clamp": "clamped", "current": "current"}


def plot_result(result: Result) -> Figure:
    """Draw the figure of an experiment.

    Parameters
    ----------
    result : Result
        What the run of an `Experiment` gave.

    Returns
    -------
    matplotlib.figure.Figure
        A frequency curve or a spike-timing window for a series; else each condition over time, the EPSPs
        before and after, and a summary.

    Examples
    --------
    >>> from brian2_nmda.plotting import plot_result
    >>> from brian2_nmda.protocols import Experiment, tetanus
    >>> result = Experiment(tetanus()).run()  # doctest: +SKIP
    >>> figure = plot_result(result)  # doctest: +SKIP
    """
    scanned = result.scanned
    if scanned is not None and scanned[0] in _SERIES:
        figure = Figure(figsize=(6, 4), layout="constrained")
        _SERIES[scanned[0]](result, axes=figure.add_subplot())
        return figure
    names = result.conditions[:SHOWN]
    n = len(names)
    figure = Figure(figsize=(11, 1.3 + 1.7 * n), layout="constrained")
    grid = figure.add_gridspec(n, 3, width_ratios=(3, 1.2, 1.6))
    shared: Axes | None = None
    for k, name in enumerate(names):
        axes = shared = figure.add_subplot(grid[k, 0], sharex=shared, sharey=shared)
        plot_over_time(result, name, axes=axes)
        axes.tick_params(labelbottom=k == n - 1)
        if k < n - 1:
            axes.set_xlabel("")
        plot_epsps(result, name, axes=figure.add_subplot(grid[k, 1]))
    plot_summary(result, axes=figure.add_subplot(grid[:, 2]))
    return figure


def plot_over_time(result: Result, condition: str, axes: Axes | None = None) -> Axes:
    """Plot the initial slope of the EPSP over time, in percent of its baseline; one marker per test pulse.

    Parameters
    ----------
    result : Result
        What the run of an `Experiment` gave.
    condition : str
        Name of one of the result's conditions.
    axes : matplotlib.axes.Axes, optional
        By default those of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Pathways lie side by side where they agree: each is drawn with markers of its own, the untrained ones
        open; without training the first one counts as trained. What is in the bath is a bar.

    Examples
    --------
    >>> from brian2_nmda.plotting import plot_over_time
    >>> from brian2_nmda.protocols import Experiment, tetanus
    >>> result = Experiment(tetanus()).run()  # doctest: +SKIP
    >>> axes = plot_over_time(result, 'tetanus')  # doctest: +SKIP
    """
    axes = axes_or_new(axes, (7, 3))
    c, _ = result.index(condition, result.pathways[0])
    protocol = result.protocols[c]
    slope, before = np.asarray(result.slope), result.before()
    begin, end = float(result.start), float(result.end)
    scale, unit = _clock(result)
    axes.axhline(100, color="0.85", linewidth=0.8)
    axes.axvspan(0, max(protocol.duration, (end - begin) / 400) / scale, color="0.9", linewidth=0)
    for p, pathway in enumerate(result.pathways):
        times = (np.asarray(result.test_time[p]) - begin) / scale
        percent = 100 * slope[c, p] / np.nanmean(slope[c, p, before[p]])
        trained = pathway in (protocol.pathways or result.pathways[:1])
        shown = np.isfinite(percent)
        some = 1 if trained else max(1, shown.sum() // 25)  # so that one is seen between the others
        axes.plot(
            times[shown], percent[shown], marker(p), color=colour(p), markersize=3.5 if trained else 5.5,
            fillstyle="full" if trained else "none", label=pathway, linestyle="none", markevery=some,
            zorder=3 if trained else 2,
        )  # fmt: skip
    _mark_baths(axes, result, c)
    axes.set(xlabel=f"time after the start of the induction ({unit})", ylabel="EPSP slope (%)")
    axes.set_title(condition, loc="left", fontsize=10)
    axes.legend(fontsize=8, frameon=False, loc="lower right", ncols=len(result.pathways),
                bbox_to_anchor=(1, 1), borderaxespad=0)  # fmt: skip
    axes.set_xlim(-begin / scale, (end - begin) / scale)
    drawn = np.concatenate([line.get_ydata() for line in axes.lines if line.get_linestyle() == "None"])
    low, high = axes.get_ylim()  # of axes that are shared: what the panels before need
    axes.set_ylim(min(low, 60, drawn.min() - 5), max(high, 150, drawn.max() + 5))
    return axes


def _clock(result: Result) -> tuple[float, str]:
    """Unit of time for an axis: minutes, or seconds for a short experiment."""
    return (60.0, "min") if float(result.end) > 120 else (1.0, "s")


def _mark_baths(axes: Axes, result: Result, c: int) -> None:
    """A bar with its name for each thing that is in the bath or done to the cell, one line per name."""
    first, last = -float(result.start), float(result.end - result.start)
    scale, _ = _clock(result)
    spans = [s for s in result.protocols[c].spans]
    for k, what in enumerate(dict.fromkeys(s.what for s in spans)):
        level = 0.06 + 0.12 * k
        own = [s for s in spans if s.what == what]
        for s in own:
            ends = [max(s.start, first) / scale, min(s.stop, last) / scale]
            axes.plot(ends, [level] * 2, color=GREY, linewidth=3, transform=axes.get_xaxis_transform(),
                      solid_capstyle="butt")  # fmt: skip
        axes.text(
            max(own[0].start, first) / scale, level + 0.02, _BARS.get(what, what), fontsize=8, va="bottom",
            transform=axes.get_xaxis_transform(), color="0.3",
        )  # fmt: skip


def plot_epsps(result: Result, condition: str, pathway: str = "A", axes: Axes | None = None) -> Axes:
    """Plot the mean EPSP of a pathway before the induction and at the end.

    Parameters
    ----------
    result : Result
        What the run of an `Experiment` gave.
    condition : str
        Name of one of the result's conditions.
    pathway : str
        Name of one of the result's pathways.
    axes : matplotlib.axes.Axes, optional
        By default those of a new figure.

    Examples
    --------
    >>> from brian2_nmda.plotting import plot_epsps
    >>> from brian2_nmda.protocols import Experiment, tetanus
    >>> result = Experiment(tetanus()).run()  # doctest: +SKIP
    >>> axes = plot_epsps(result, 'tetanus')  # doctest: +SKIP
    """
    axes = axes_or_new(axes, (3.5, 3))
    c, p = result.index(condition, pathway)
    t, epsp = np.asarray(result.epsp_time / ms), np.asarray(result.epsp / mV)[c, p]
    for chosen, style, label in (
        (result.before()[p], {"color": "black"}, "before"),
        (result.after()[p], {"color": colour(p), "dashes": (4, 1.5)}, "after"),
    ):
        kept = epsp[chosen & np.isfinite(epsp[:, 0])]
        if len(kept):
            axes.plot(t, kept.mean(axis=0), label=label, linewidth=1.3, **style)
    axes.set(xlabel="time after the pulse (ms)", ylabel=f"EPSP {pathway} (mV)")
    axes.legend(fontsize=8, frameon=False)
    return axes


def plot_summary(result: Result, axes: Axes | None = None) -> Axes:
    """Plot the changes of weight and slope in each condition, pathways beside each other.

    Parameters
    ----------
    result : Result
        What the run of an `Experiment` gave.
    axes : matplotlib.axes.Axes, optional
        By default those of a new figure.

    Examples
    --------
    >>> from brian2_nmda.plotting import plot_summary
    >>> from brian2_nmda.protocols import Experiment, tetanus
    >>> result = Experiment(tetanus()).run()  # doctest: +SKIP
    >>> axes = plot_summary(result)  # doctest: +SKIP
    """
    axes = axes_or_new(axes)
    n, width = len(result.pathways), 0.8 / len(result.pathways)
    y = np.arange(len(result.conditions))
    for p, pathway in enumerate(result.pathways):
        place = y + (p - (n - 1) / 2) * width
        slopes = [result.slope_change(c, pathway) for c in result.conditions]
        axes.barh(place, slopes, 0.9 * width, color=colour(p), label=f"slope of {pathway}")
        if result.weight is not None:
            weights = [result.change(c, pathway) for c in result.conditions]
            label = result.weight_name if p == 0 else None
            axes.plot(weights, place, "|", color="black", markersize=9, mew=1.8, label=label)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(y, result.conditions, fontsize=8)
    axes.set_ylim(len(y) - 0.4, -0.6)
    axes.margins(x=0.12)
    axes.set_xlabel("change (%)")
    axes.set_ylabel("condition")
    axes.legend(fontsize=8, frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=n + 1)
    return axes


def _series(result: Result, kind: str) -> np.ndarray:
    scanned = result.scanned
    if scanned is None or scanned[0] != kind:
        raise ModelError(f"this result is no series over one {kind}; it has {', '.join(result.conditions)}.")
    return scanned[1]


def plot_frequency_curve(result: Result, pathway: str = "A", axes: Axes | None = None) -> Axes:
    """Plot the change of the weight against the frequency of the induction, on a logarithmic axis.

    Parameters
    ----------
    result : Result
        Of `frequency_series`.
    pathway : str
        Name of one of the result's pathways.
    axes : matplotlib.axes.Axes, optional
        By default those of a new figure.

    Raises
    ------
    ModelError
        If the conditions are no such series.

    Examples
    --------
    >>> from brian2_nmda.plotting import plot_frequency_curve
    >>> from brian2_nmda.protocols import Experiment, frequency_series
    >>> result = Experiment(frequency_series()).run()  # doctest: +SKIP
    >>> axes = plot_frequency_curve(result)  # doctest: +SKIP
    """
    frequencies = _series(result, "frequency")
    axes = axes_or_new(axes)
    axes.axhline(0, color="0.7", linewidth=0.8)
    changes = [result.change(c, pathway) for c in result.conditions]
    axes.semilogx(frequencies, changes, "o-", color=colour(0))
    axes.set_xticks(frequencies, [f"{f:g}" for f in frequencies])
    axes.minorticks_off()
    axes.set(xlabel="frequency of the induction (Hz)", ylabel=_change_label(result))
    axes.set_title(_pulses(result), loc="left", fontsize=10)
    return axes


def plot_stdp_window(result: Result, pathway: str = "A", axes: Axes | None = None) -> Axes:
    """Plot the change of the weight against the interval between pre- and postsynaptic spike.

    Parameters
    ----------
    result : Result
        Of `stdp_window`.
    pathway : str
        Name of one of the result's pathways.
    axes : matplotlib.axes.Axes, optional
        By default those of a new figure.

    Raises
    ------
    ModelError
        If the conditions are no such series.

    Examples
    --------
    >>> from brian2_nmda.plotting import plot_stdp_window
    >>> from brian2_nmda.protocols import Experiment, stdp_window
    >>> result = Experiment(stdp_window()).run()  # doctest: +SKIP
    >>> axes = plot_stdp_window(result)  # doctest: +SKIP
    """
    intervals = 1e3 * _series(result, "interval")
    axes = axes_or_new(axes)
    axes.axhline(0, color="0.7", linewidth=0.8)
    axes.axvline(0, color="0.7", linewidth=0.8)
    changes = np.array([result.change(c, pathway) for c in result.conditions])
    for side in (intervals < 0, intervals >= 0):  # no line across zero, where the two meet
        axes.plot(intervals[side], changes[side], "o-", color=colour(1 if intervals[side][:1] < 0 else 0))
    axes.set(xlabel="post minus pre (ms)", ylabel=_change_label(result))
    axes.set_title(_pulses(result).replace("pulses", "pairs"), loc="left", fontsize=10)
    return axes


def _change_label(result: Result) -> str:
    return f"change of {result.weight_name or 'the EPSP slope'} (%)"


def _pulses(result: Result) -> str:
    numbers = {len(p.seconds(result.pathways[0])) for p in result.protocols}
    return f"{numbers.pop()} pulses" if len(numbers) == 1 else ""


_SERIES = {"frequency": plot_frequency_curve, "interval": plot_stdp_window}
