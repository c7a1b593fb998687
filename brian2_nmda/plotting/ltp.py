"""The figure of the tetanus experiment."""

import textwrap
from pathlib import Path
from typing import Any

import numpy as np
from brian2 import mM
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.lines import Line2D

from brian2_nmda.protocols.ltp import LOW_FREQUENCY, PATHWAYS, WEAK, LTPResult
from brian2_nmda.protocols.ltp.result import CROSSING, TROUGH
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric

_A, _B, _CLAMP, _DRUG = "#c0392b", "#2c6fbb", "0.55", "#2e8b57"
_LTD, _LTP = "#dbe8f6", "#fbe3d6"
_STYLE: dict[str, Any] = {"linewidth": 1.2}
_SPIKE_SHOWN = 1.3  # s of the induction panel
_LINE = 1.5  # receptors; room for a line of text in panel 5

LTP_CAPTION = (
    "Changes are those of the initial slope of the EPSP (0 to 2 ms) and of the number of AMPA receptors "
    "in percent of the value before the train; panel 1 shows 75 to 175 %. In panel 3 $v_s$ is the voltage"
    " at the spine, B g the fraction of the NMDA receptors that conducts (g are open, of these a fraction"
    " B is free of magnesium), dn/dt the insertion of AMPA receptors. Grey bands in panel 6 are what was "
    "expected before. "
    "All panels are one rule with one set of numbers, which were "
    "fitted to these protocols. Known limits: the fibres of a pathway are identical and lumped (28; weak "
    f"input {WEAK}), there is no short-term depression and no inhibition, and the simulation is "
    "deterministic. The frequency curve crosses zero where the train makes the neuron fire. From there on "
    "a train of any length phosphorylates most of the kinase, which then acts for the duration of the train "
    "and a minute after it: hence the plateau, which falls with the duration of the trains."
)


def check_figure_file(file: str | Path) -> None:
    """Raise a ModelError where a figure could not be saved: no such folder, or no such format.

    Parameters
    ----------
    file : str or Path
        Where the figure is to be saved; its ending names the format.

    Raises
    ------
    ModelError
        If its folder does not exist, it is a folder, or its format is not known.

    Examples
    --------
    >>> from brian2_nmda.plotting import check_figure_file
    >>> check_figure_file("figure.png")
    """
    path, formats = Path(file), Figure().canvas.get_supported_filetypes()
    if not path.parent.is_dir():
        raise ModelError(f"The figure cannot be saved as '{path}': there is no folder '{path.parent}'.")
    if path.is_dir():
        raise ModelError(f"The figure cannot be saved as '{path}', which is a folder; add a file name.")
    if path.suffix and path.suffix[1:].lower() not in formats:
        raise ModelError(
            f"The figure cannot be saved as '{path}': '{path.suffix}' is not one of the formats "
            f"{', '.join('.' + f for f in sorted(formats))}."
        )


def plot_ltp(result: LTPResult) -> Figure:
    """Draw the tetanus experiment in seven panels; six where nothing has 900 pulses.

    Parameters
    ----------
    result : LTPResult
        Of `brian2_nmda.protocols.ltp.run_ltp`, with its default conditions among others.

    Returns
    -------
    matplotlib.figure.Figure
        (1) EPSP slope over time, (2) EPSPs before and after, (3) the tetanus, (4) magnesium block,
        (5) receptors over time, (6) the frequency curve of the conditions with 900 pulses, where there
        are any, (7) summary.

    Examples
    --------
    >>> from brian2_nmda.plotting import plot_ltp
    >>> from brian2_nmda.protocols.ltp import run_ltp
    >>> plot_ltp(run_ltp()).savefig('ltp.png')  # doctest: +SKIP
    """
    figure = Figure(figsize=(14, 14.5))
    grid = figure.add_gridspec(
        3, 1, left=0.065, right=0.98, top=0.965, bottom=0.142, hspace=0.27,
        height_ratios=(1, 1.25, 1),
    )  # fmt: skip
    top = grid[0].subgridspec(1, 2, width_ratios=(2.1, 1), wspace=0.12)
    middle = grid[1].subgridspec(1, 2, width_ratios=(2.1, 1), wspace=0.17)
    with_curve = len(result.curve[0]) > 0
    bottom = grid[2].subgridspec(1, 3, width_ratios=(1, 1.1, 1.25), wspace=0.27)
    _slope_over_time(figure, top[0], result)
    _epsps(figure, top[1], result)
    _induction(figure, middle[0], result)
    _block(figure.add_subplot(middle[1]), result)
    _receptors(figure.add_subplot(bottom[0]), result)
    if with_curve:
        _curve(figure.add_subplot(bottom[1]), result)
    _summary(figure.add_subplot(bottom[2] if with_curve else bottom[1:]), result, 7 if with_curve else 6)
    figure.text(
        0.065, 0.02, "\n".join(textwrap.wrap(LTP_CAPTION, 175)), fontsize=9, va="bottom", color="0.25"
    )  # fmt: skip
    return figure


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, loc="left", fontsize=11, fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)


# -- 1: slope over time ----------------------------------------------------------------------------


def _slope_over_time(figure: Figure, place: SubplotSpec, result: LTPResult) -> None:
    runs = [
        ("tetanus", 0, _A, "A, tetanus"),
        ("tetanus", 1, _B, "B, not tetanised"),
        ("D-AP5", 0, _DRUG, "A, tetanus in 50 µM D-AP5"),
        ("clamp", 0, _CLAMP, "A, tetanus while clamped at -70 mV"),
    ]
    inner = place.subgridspec(len(runs), 1, hspace=0.12)
    panels: list[Axes] = []
    for k, (name, p, colour, label) in enumerate(runs):
        axes = figure.add_subplot(inner[k], sharex=panels[0] if k else None)
        minutes, percent = _normalised(result, name, p)
        axes.axhline(100, color="0.8", linewidth=0.8)
        axes.axvline(0, color="black", linewidth=0.8, linestyle="--")
        axes.plot(minutes, percent, ".", color=colour, alpha=0.4, markersize=3, mew=0)
        axes.plot(*_minute_means(minutes, percent), "o-", color=colour, label=label, markersize=3.5, **_STYLE)
        axes.text(0.012, 0.8, label, transform=axes.transAxes, color=colour, fontsize=9, va="center")
        axes.set(ylim=(75, 175), yticks=(100, 150), ylabel="slope (%)")
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelbottom=k == len(runs) - 1)
        panels.append(axes)
    panels[0].annotate(
        "100 Hz, 1 s", (0, 0.8), (-6, 0), xycoords=("data", "axes fraction"), textcoords="offset points",
        fontsize=9, va="center", ha="right",
    )  # fmt: skip
    first, last = (t / 60 for t in (-result.start, result.n_time[-1] - result.start))
    panels[-1].set(xlim=(first, last), xlabel="time after the tetanus (min)")
    _title(panels[0], "1  The tetanised pathway is potentiated, the other is not (initial slope of the EPSP)")


def _normalised(result: LTPResult, name: str, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Minutes after the train, and the slope in percent of the baseline, of every test pulse."""
    slope = result.slope[result.index(name), p]
    percent = 100 * slope / np.nanmean(slope[result.before()[p]])
    given = np.isfinite(percent)
    return (result.test_times[p, given] - result.start) / 60, percent[given]


def _minute_means(minutes: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means over one minute each; a NaN at the train interrupts the line."""
    number = np.floor(minutes)
    each = np.unique(number)
    means = np.array([values[number == k].mean() for k in each])
    train = np.searchsorted(each, 0)
    return np.insert(each + 0.5, train, 0), np.insert(means, train, np.nan)


# -- 2: EPSPs --------------------------------------------------------------------------------------


def _epsps(figure: Figure, place: SubplotSpec, result: LTPResult) -> None:
    inner = place.subgridspec(1, 2, wspace=0.08)
    c = result.index("tetanus")
    shared = None
    for p, colour in enumerate((_A, _B)):
        axes = shared = figure.add_subplot(inner[p], sharey=shared)
        for chosen, style, label in (
            (result.before(), {"color": "black"}, "before"),
            (result.after(), {"color": colour, "dashes": (4, 1.5)}, "after"),
        ):
            trace = np.nanmean(result.epsp[c, p, chosen[p]], axis=0)
            axes.plot(result.epsp_time, trace, label=label, **_STYLE, **style)
        axes.legend(loc="center", bbox_to_anchor=(0.65, 0.45), frameon=False, fontsize=9)  # under the curves
        axes.text(
            0.03, 0.97, PATHWAYS[p], transform=axes.transAxes, color=colour, va="top",
            fontweight="bold",
        )  # fmt: skip
        if _fires(result, c, p):
            axes.text(0.26, 0.92, "fires", transform=axes.transAxes, color=colour, fontsize=9)
        axes.set_ylim(-2.6, None)
        axes.set_axis_off()
        if p == 0:
            _scale_bars(axes)
            axes.set_title("2  EPSPs", loc="left", fontsize=11, fontweight="bold")


def _fires(result: LTPResult, c: int, p: int) -> bool:
    """Whether the last test pulse of a pathway makes the neuron spike."""
    tests = result.test_times[p, np.isfinite(result.slope[c, p])]
    return bool(np.any((result.spikes[c] > tests[-1]) & (result.spikes[c] < tests[-1] + 0.05)))


def _scale_bars(axes: Axes) -> None:
    axes.plot([20, 20, 40], [0.2, -1.8, -1.8], color="black", linewidth=1.5)
    axes.text(19, -0.8, "2 mV", ha="right", va="center", fontsize=9)
    axes.text(30, -2.0, "20 ms", ha="center", va="top", fontsize=9)


# -- 3: the tetanus --------------------------------------------------------------------------------


def _induction(figure: Figure, place: SubplotSpec, result: LTPResult) -> None:
    inner = place.subgridspec(4, 1, hspace=0.14, height_ratios=(1.2, 0.8, 1, 1))
    c = result.index("tetanus")
    shown = result.trace_time < 1000 * _SPIKE_SHOWN
    t = result.trace_time[shown]
    panels: list[Axes] = []
    for k in range(4):
        panels.append(figure.add_subplot(inner[k], sharex=panels[0] if k else None))
        panels[k].spines[["top", "right"]].set_visible(False)
        panels[k].tick_params(labelbottom=k == 3)
    panels[0].plot(t, result.v_s[c, shown], color="black", linewidth=0.7)
    spikes = 1000 * (result.spikes[c] - result.start)
    spikes = spikes[(spikes >= 0) & (spikes < 1000 * _SPIKE_SHOWN)]
    panels[0].plot(spikes, np.full(len(spikes), 52.0), "|", color=_A, markersize=6)
    panels[0].set(ylabel="$v_s$ (mV)", ylim=(-80, 62))
    for k, traces, label in (
        (1, result.block_g, "$B\\,g$"),
        (2, result.Ca_trace, "Ca (µM)"),
        (3, result.insertion, "d$n$/d$t$ (1/s)"),
    ):
        for p, colour in enumerate((_A, _B)):
            panels[k].plot(t, traces[c, p, shown], color=colour, label=PATHWAYS[p], **_STYLE)
        panels[k].set_ylabel(label)
    panels[1].set_ylim(0, 1)
    panels[1].legend(loc="upper right", frameon=False, fontsize=9)
    panels[2].set_yscale("log")
    panels[2].set_ylim(0.05, 70)
    _directions(panels[3], result.insertion[c][..., shown])
    panels[3].set(xlim=(0, t[-1]), xlabel="time after the start of the tetanus (ms)")
    _title(panels[0], f"3  The second of the tetanus ({len(spikes)} postsynaptic spikes, ticks)")


def _directions(axes: Axes, rate: np.ndarray) -> None:
    """Shade where receptors are inserted and where they are removed."""
    span = float(np.abs(rate).max()) or 1.0
    low, high = min(float(rate.min()), -0.3 * span) - 0.05 * span, 1.15 * max(float(rate.max()), 0.2 * span)
    axes.axhspan(low, 0, color=_LTD, linewidth=0)
    axes.axhspan(0, high, color=_LTP, linewidth=0)
    axes.axhline(0, color="0.4", linewidth=0.8, linestyle="--", zorder=1)
    for level, name in ((0.5 * high, "LTP: insertion"), (0.5 * low, "LTD: removal")):
        axes.text(0.99, level, name, fontsize=9, va="center", ha="right",
                  transform=axes.get_yaxis_transform())  # fmt: skip
    axes.set_ylim(low, high)


# -- 4: block --------------------------------------------------------------------------------------


def _block(axes: Axes, result: LTPResult) -> None:
    system = result.model.system
    block = numeric(
        system.inserted(system.definitions["block_NMDA"].expression), ["v", "Mg"], system.values()
    )
    Mg = float(system.parameters["Mg"].value / mM)
    v = np.linspace(-90, 60, 301)
    axes.plot(v, block(v * 1e-3, Mg), color="black", **_STYLE)
    axes.plot(v, block(v * 1e-3, 0.0) + 0 * v, color="black", linestyle=":")
    axes.text(-90, 1.02, "0 Mg", fontsize=9)
    axes.text(4, 0.75, f"{Mg:g} mM Mg", fontsize=9)
    c = result.index("tetanus")
    during = result.v_s[c, result.trace_time < 1000]
    for value, name, shift, side in (
        (-70.0, "rest", (-14, 12), "center"),
        (float(during.mean()), "mean of the tetanus", (8, -16), "left"),
        (float(during.max()), "peak of a spike", (2, -34), "center"),
    ):
        B = float(block(value * 1e-3, Mg))
        axes.plot(value, B, "o", color=_A)
        axes.annotate(
            f"{name}\n{value:.0f} mV: {B:.2f}", (value, B), shift, textcoords="offset points",
            ha=side, fontsize=9, color=_A,
        )  # fmt: skip
    axes.set(xlabel="voltage at the spine $v_s$ (mV)", ylabel="unblocked fraction $B$", ylim=(0, 1.1))
    _title(axes, "4  Magnesium block")


# -- 5: receptors ----------------------------------------------------------------------------------


def _receptors(axes: Axes, result: LTPResult) -> None:
    minutes = (result.n_time - result.start) / 60
    ends = []
    for c, condition in enumerate(result.conditions):
        if condition.name in _SHOWN:
            on_top = {"dashes": (4, 3), "zorder": 3}
            style: dict[str, Any] = on_top if condition.D_AP5 else {}
            axes.plot(minutes, result.n[c, 0], color=_colour(condition.name), **_STYLE, **style)
            ends.append((result.n[c, 0, -1], condition.name))
    _end_labels(axes, minutes[-1], ends)
    axes.set(xlabel="time after the train (min)", ylabel="AMPA receptors of A", ylim=(12, 33))
    axes.set_xlim(minutes[0], minutes[-1])
    _title(axes, "5  Receptors on the membrane")


def _end_labels(axes: Axes, x: float, ends: list[tuple[float, str]]) -> None:
    """Names at the ends of the lines; lines that end together share one block of names."""
    groups: list[list[tuple[float, str]]] = []
    for end in sorted(ends):
        if groups and end[0] - groups[-1][-1][0] < 0.6:
            groups[-1].append(end)
        else:
            groups.append([end])
    levels = [float(np.mean([value for value, _ in group])) for group in groups]
    for group, level, above in zip(groups, levels, [*levels[1:], np.inf], strict=True):
        below = above - level < _LINE  # there is no room between the lines
        axes.annotate(
            ", ".join(name for _, name in group), (x, level), xytext=(-3, -3 if below else 3),
            textcoords="offset points", ha="right", va="top" if below else "bottom", fontsize=8,
            color=_colour(group[0][1]) if len(group) == 1 else "0.3",
        )  # fmt: skip


_SHOWN = ("tetanus", "theta burst", "D-AP5", "1 Hz x 900", "baseline")  # over time; all are in the summary
_NAMED = {
    "tetanus": _A, "theta burst": "#a04000", "D-AP5": _DRUG, "clamp": _CLAMP, "weak": "#e6a817",
    "weak+strong": "#7d3c98", "weak 0 Mg": "#d35400", "1 Hz x 900": _B, "baseline": "black",
}  # fmt: skip


def _colour(name: str) -> str:
    return _NAMED.get(name, "black")


# -- 6: frequency curve ----------------------------------------------------------------------------


def _curve(axes: Axes, result: LTPResult) -> None:
    """Change against frequency, each frequency a neuron of this very run."""
    rates, change = result.curve
    for (low, high), text, level in (
        (TROUGH, "expected\nlowest", 0.02),
        (CROSSING, "expected\nto cross 0", 0.86),
    ):
        axes.axvspan(low, high, color="0.93", linewidth=0)
        axes.text(np.sqrt(low * high), level, text, fontsize=8, color="0.35", ha="center", va="bottom",
                  transform=axes.get_xaxis_transform())  # fmt: skip
    axes.axhline(0, color="black", linewidth=0.8)
    axes.plot(rates, change, "o-", color="black", **_STYLE)
    axes.set_xscale("log")
    axes.set_xticks(rates, [f"{f:g}" for f in rates])
    axes.minorticks_off()
    axes.set(xlim=(0.7, 70), ylim=(-45, 75), xlabel=f"frequency of {LOW_FREQUENCY.pulses} pulses (Hz)",
             ylabel="change of AMPA receptors of A (%)")  # fmt: skip
    _title(axes, "6  Frequency curve")


# -- 7: summary ------------------------------------------------------------------------------------


def _summary(axes: Axes, result: LTPResult, number: int) -> None:
    names = [c.name for c in result.conditions if c.trained and (c.name in _NAMED or not c.in_curve)]
    rows = [result.row(name, "A") for name in names]
    x = np.arange(len(rows))
    axes.bar(x, [r.slope_change for r in rows], 0.6, color=[_NAMED.get(n, "0.6") for n in names])
    axes.plot(x, [r.receptor_change for r in rows], "_", color="black", markersize=14, mew=2)
    for k, row in enumerate(rows):
        top = max(row.slope_change, row.receptor_change, 0.0)
        change = round(row.slope_change, 1)
        axes.text(k, top + 3, f"{change:+g}" if change else "0", ha="center", fontsize=9)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xticks(x, names, rotation=30, ha="right", rotation_mode="anchor", fontsize=9)
    axes.set(ylim=(-38, 85), ylabel="change of A (%)")
    handles = [
        Line2D([], [], color="0.5", linewidth=7, label="initial slope of the EPSP"),
        Line2D([], [], color="black", marker="_", mew=2, markersize=10, linestyle="none",
               label="AMPA receptors"),
    ]  # fmt: skip
    axes.legend(handles=handles, loc="upper left", frameon=False, fontsize=9)
    _title(axes, f"{number}  Summary")
