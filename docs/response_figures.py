"""Figures of the model reference, one for each model: ``python docs/response_figures.py [NAME ...]``.

Building the site makes those that are missing or old. A figure is old if the equations of its model, or the
program that draws it, have changed; a picture carries the key of what it was made from.
"""

import hashlib
import os
import re
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import response_models
import response_run
import sympy
from brian2 import Hz, mmolar, mV, nS, pA, umolar
from brian2.units import siemens
from brian2.units.fundamentalunits import DIMENSIONLESS
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from response_models import END, LEVEL, START, WEIGHT, model_of
from response_run import Recording, Run
from scipy.integrate import solve_ivp

from brian2_nmda.conformance.biology import _doses, _settled
from brian2_nmda.conformance.points import ALL_INPUTS, MOLAR, Function
from brian2_nmda.conformance.reading import named, reads
from brian2_nmda.conformance.subject import Subject
from brian2_nmda.library import find_model, models
from brian2_nmda.plotting.style import colour
from brian2_nmda.protocols.experiment import weight_of
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.kinds import (
    Antagonist,
    Block,
    ChannelBlocker,
    CoAgonist,
    Head,
    Plasticity,
    Receptor,
    Release,
)

DOCS = Path(__file__).parent
FOLDER = DOCS / "reference/figures"
#: Units in which quantities are shown; others are shown in SI units without a name.
UNITS = {
    MOLAR: (umolar, "µM"),
    siemens.dim: (nS, "nS"),
    mV.dim: (mV, "mV"),
    pA.dim: (pA, "pA"),
    Hz.dim: (Hz, "1/s"),
}
BURST = tuple(0.02 * k for k in range(5))
Lines = list[tuple[str, np.ndarray]]


# -- drawing ---------------------------------------------------------------------------------------


def new(panels: int = 2) -> tuple[Figure, list[Axes]]:
    """An empty figure."""
    figure = Figure(figsize=(8.6, 3.4), layout="constrained")
    axes = list(figure.subplots(1, panels, squeeze=False)[0])
    for ax in axes:
        ax.spines[["top", "right"]].set_visible(False)
    return figure, axes


def draw(ax: Axes, x: np.ndarray, lines: Lines, ylabel: str, below: bool = False) -> None:
    """Lines into axes; one that hides another is dashed; a long legend stands below them."""
    for k, (label, y) in enumerate(lines):
        hides = any(np.allclose(y, other, rtol=0.01, atol=0) for _, other in lines[:k])
        style = "--" if hides or k > 6 else "-"
        ax.plot(x, y, style, color=colour(k), label=label, linewidth=1.4)
    ax.set_ylabel(ylabel)
    if len(lines) == 1:
        return
    if below or len(lines) > 4 or any(len(label) > 14 for label, _ in lines):
        columns = 4 if len(lines) == 4 else 2 if max(len(label) for label, _ in lines) > 19 else 3
        legend = ax.legend(
            frameon=False, fontsize=7.5, ncols=columns, loc="upper center", bbox_to_anchor=(0.5, -0.24)
        )
        legend.set_in_layout(False)
        ax.figure.get_layout_engine().set(rect=(0, 0.17, 1, 0.83))
    else:
        ax.legend(frameon=False, fontsize=8)


def named_in(name: str, unit: str) -> str:
    """A label of an axis."""
    return f"{name} ({unit})" if unit else name


def in_units(dim: Any, y: np.ndarray) -> tuple[np.ndarray, str]:
    """Values in the unit that this dimension is shown in, and its name."""
    unit, name = UNITS.get(dim, (1.0, "" if dim is DIMENSIONLESS else "SI units"))
    return np.asarray(y) / float(unit), name


def together(dims: Sequence[Any], lines: Lines) -> tuple[Lines, str]:
    """Lines of one dimension as they are; others each over its own maximum."""
    shown = [(n, *in_units(d, y)) for d, (n, y) in zip(dims, lines, strict=True)]
    tops = [max(float(np.max(np.abs(y))), 1e-300) for _, y, _ in shown]
    moving = [t for t in tops if t > 1e-299] or [1.0]
    if len(set(dims)) == 1 and max(moving) / min(moving) < 30:
        unit, what = shown[0][2], shown[0][0] if len(shown) == 1 else "states"
        return [(n, y) for n, y, _ in shown], f"{what} ({unit})" if unit else what
    return [
        (f"{n} / {top:.2g} {unit}".rstrip() if top > 1e-299 else f"{n} (0)", y / top)
        for (n, y, unit), top in zip(shown, tops, strict=True)
    ], "state / maximum"


# -- what a part has in a system -------------------------------------------------------------------


def own_states(part: Any, system: Any) -> list[str]:
    """States of a part, as the system names them."""
    return [n for n in system.rates if system.owner[n].split(" (")[0] == part.name]


def flat(part: Any, system: Any, expression: sympy.Expr) -> sympy.Expr | None:
    """An expression of a part in the names of a system; None where it reads a port."""
    names = {}
    for name in part.template.names:
        for full in (name, f"{name}_{part.label or part.name}"):
            if full in system.names or full in system.rates:
                names[symbol(name)] = symbol(full)
    found = sympy.sympify(expression, strict=True).xreplace(names)
    known = {*system.names, *system.rates, "v", "t"}
    return found if {s.name for s in found.free_symbols} <= known else None


def states_of(recording: Recording, names: Sequence[str]) -> tuple[Lines, str]:
    """The states of a part over time, ready to be drawn."""
    system = recording.run.system
    courses = dict(zip(names, recording(*names), strict=True))
    moving = [n for n, y in courses.items() if np.ptp(y) > 1e-9 * max(np.max(np.abs(y)), 1e-30)] or list(
        names
    )
    return together([system.states[n].dim for n in moving[:9]], [(n, courses[n]) for n in moving[:9]])


def burst(system: Any, v: float, end: float = 0.4, pre: Iterable[float] = BURST, **more: Any) -> Recording:
    """A burst of presynaptic spikes at a clamped voltage."""
    run = Run(system, {"v": [(-np.inf, v)], **more.pop("held", {})})
    return run.course(pre, more.get("post", ()), -0.3, np.linspace(-0.02, end, 841))


# -- figures by kind -------------------------------------------------------------------------------


def receptor(part: Any) -> Figure:
    """Conductance after a burst, and the peak current of one spike against voltage."""
    model = model_of(part)
    system, term = model.system, model.system.receptors[0]
    figure, (left, right) = new()
    current = term.current.xreplace({symbol(term.total_name): term.conductance})
    voltage = symbol("v")
    depends = any(system.inserted(e).has(voltage) for e in system.rates.values())
    lines = []
    for v in (-0.07, -0.02) if depends or term.conductance.has(voltage) else (-0.07,):
        recording = burst(system, v)
        lines.append((f"at {v * 1e3:g} mV" if depends else "", recording(term.conductance)[0] / float(nS)))
    t = 1e3 * recording.t
    draw(left, t, lines, "open conductance (nS)")
    left.plot(1e3 * np.array(BURST), np.zeros(5), "|", color="black", markersize=7)
    left.set(xlabel="time (ms)", title="5 spikes at 50 Hz")
    grid = np.linspace(-0.09, 0.05, 15 if depends else 141)
    if depends:
        peaks = []
        for v in grid:
            I = burst(system, v, 0.08, (0.0,))(current)[0]  # noqa: E741
            peaks.append(I[np.argmax(np.abs(I))])
    else:
        one = burst(system, -0.07, 0.2, (0.0,))
        g = float(np.max(one(term.conductance)[0]))
        at = Run(system, {"v": [(-np.inf, -0.07)], term.total_name: [(-np.inf, g)]})
        f = at.function([term.current])
        start = [system.initial[n] for n in at.names]
        tail = [0.0] * len(at.pulses)
        peaks = [float(f(*start, v, g, *tail, 0.0, 0.5)[0]) for v in grid]
    right.axhline(0, color="0.7", linewidth=0.8)
    right.axvline(0, color="0.7", linewidth=0.8)
    draw(right, 1e3 * grid, [("", np.array(peaks) / float(pA))], "peak current (pA)")
    right.set(xlabel="voltage (mV)", title="one spike; outward is positive")
    return figure


def block(part: Any) -> Figure:
    """Fraction of channels that conducts against voltage; after steps, if it takes time."""
    figure, (left, right) = new()
    system = model_of(part).system
    name = f"block_{system.receptors[0].label}"
    there = name if name in system.names else sympy.S.One
    v = np.linspace(-0.09, 0.06, 151)
    if part.template.states:
        times = np.linspace(-0.01, 0.06, 701)
        lines, ends = [], []
        for goal in np.linspace(-0.09, 0.06, 16):
            run = Run(system, {"v": [(-np.inf, -0.07), (0.0, goal), (0.03, -0.07)]})
            recording = run.course((), (), -0.3, times)
            course = recording(there)[0]
            ends.append((goal, course[(times >= 0.0005) & (times < 0.03)][[0, -1]]))
            if round(1e3 * goal) in (-40, -10, 30):
                lines.append((f"to {1e3 * goal:.0f} mV", course))
        v = np.array([goal for goal, _ in ends])
        found = np.array([e for _, e in ends])
        shown = [("after 0.5 ms", found[:, 0]), ("after 30 ms", found[:, 1])]
        draw(left, 1e3 * v, shown, "fraction that conducts")
        draw(right, 1e3 * times, lines, "fraction that conducts")
        right.set(xlabel="time (ms)", ylim=(0, 1.05), title="steps from -70 mV, for 30 ms")
    else:
        baths = _doses(part)
        f = Function({"B": part.template.roles["block"]}, named(part))
        inputs = {n: 0.0 for n in ALL_INPUTS} | {"v": v}
        lines, currents = [], []
        for level in (0.1, 1.0, 2.0) if baths else (None,):
            values = {**part.template.values(), **({n: level for n in baths[:1]} if level else {})}
            B = np.broadcast_to(f({**inputs, **values})["B"], v.shape)
            label = f"{level:g} mM {baths[0]}" if level else ""
            lines.append((label, B))
            currents.append((label, B * 1e3 * v))
        draw(left, 1e3 * v, lines, "fraction that conducts")
        draw(right, 1e3 * v, currents, "current of 1 nS, E = 0 mV (pA)")
        right.axhline(0, color="0.7", linewidth=0.8)
        right.set(xlabel="voltage (mV)")
    left.set(xlabel="voltage (mV)", ylim=(0, 1.05))
    return figure


def release(part: Any) -> Figure:
    """What a train leaves of the release, and what receptors make of it."""
    system = model_of(part).system
    figure, (left, right) = new()
    train = [0.05 * k for k in range(10)]
    recording = burst(system, -0.04, 0.8, train)
    t = 1e3 * recording.t
    own = [n for n in own_states(part, system) if not re.match(r"u_\d", n)]  # draws
    if own:
        draw(left, t, *states_of(recording, own))
    else:
        short = burst(system, -0.04, 0.005, (0.0,))
        x, level = 1e3 * short.t, short("T")[0] if "T" in system.names else np.zeros(len(short.t))
        draw(left, x, [("", level / float(mmolar))], "transmitter in the cleft (mM)")
        left.set_xlim(-2, 5)
    term = system.receptors[0]
    draw(
        right, t, [("", recording(term.conductance)[0] / float(nS))], f"open conductance of {term.label} (nS)"
    )
    left.set(xlabel="time (ms)", title="10 spikes at 20 Hz" if own else "one spike")
    right.plot(1e3 * np.array(train), np.zeros(10), "|", color="black", markersize=7)
    right.set(xlabel="time (ms)", title="10 spikes at 20 Hz")
    return figure


def coagonist(part: Any) -> Figure:
    """Occupancy of the site against each concentration."""
    figure, (left, right) = new()
    f = Function({"o": part.template.roles["occupancy"]}, named(part))
    doses = _doses(part)
    x = np.logspace(-2, 3, 201)
    inputs = {n: 0.0 for n in ALL_INPUTS} | {n: 0.0 for n in part.template.needs}
    lines = []
    for name in doses:
        values = {**part.template.values(), name: x * float(umolar)}
        lines.append((name, np.broadcast_to(f(_settled(part, {**inputs, **values}))["o"], x.shape)))
    for ax, title in ((left, "others as by default"), (right, "others 0")):
        if ax is right:
            lines = []
            for name in doses:
                values = {**part.template.values(), **dict.fromkeys(doses, 0.0), name: x * float(umolar)}
                lines.append((name, np.broadcast_to(f(_settled(part, {**inputs, **values}))["o"], x.shape)))
        draw(ax, x, lines, "occupancy of the site")
        ax.set(xscale="log", xlabel="concentration (µM)", ylim=(0, 1.05), title=title)
    return figure


def drug(part: Any) -> Figure:
    """A train at rest and depolarised, at several concentrations."""
    figure, axes = new()
    (name,) = _doses(part)[:1]
    quick = isinstance(part, Antagonist)
    train = BURST if quick else [0.2 * k for k in range(25)]
    for ax, v in zip(axes, (-0.07, -0.02), strict=True):
        lines = []
        for dose in (0, 1, 10, 100):
            system = model_of(type(part)(**{name: dose * umolar})).system
            recording = burst(system, v, 0.4 if quick else 6.0, train)
            lines.append((f"{dose} µM", recording(system.receptors[0].conductance)[0] / float(nS)))
        draw(ax, recording.t * (1e3 if quick else 1), lines, "open conductance (nS)", below=True)
        title = "5 spikes at 50 Hz" if quick else "25 spikes at 5 Hz"
        ax.set(xlabel=f"time ({'ms' if quick else 's'})", title=f"{title}, at {1e3 * v:g} mV")
    return figure


def pool(part: Any) -> Figure:
    """Calcium after a burst at two voltages, and the states of the part."""
    model = model_of(part)
    system = model.system
    figure, (left, right) = new()
    lines, last = [], None
    for v in (-0.07, -0.02):
        last = burst(system, v)
        lines.append((f"at {1e3 * v:g} mV", last("Ca")[0] / float(umolar)))
    draw(left, 1e3 * last.t, lines, "calcium (µM)")
    left.plot(1e3 * np.array(BURST), np.full(5, np.min(lines[0][1])), "|", color="black", markersize=7)
    left.set(xlabel="time (ms)", title="5 spikes at 50 Hz")
    own = [n for n in own_states(part, system) if n != "Ca"]
    own += [n for n in system.states if n == "Ca_eff" and n not in own]
    if own:
        draw(right, 1e3 * last.t, *states_of(last, own))
        right.set(xlabel="time (ms)", title="the same, at -20 mV")
    else:
        steps = []
        for v in (-0.05, -0.02, 0.02):
            last = burst(system, v, 0.2, (0.0,))
            steps.append((f"at {1e3 * v:g} mV", last("Ca")[0] / float(umolar)))
        draw(right, 1e3 * last.t, steps, "calcium (µM)")
        right.set(xlabel="time (ms)", title="one spike")
    return figure


def channels(part: Any) -> Figure:
    """Voltage-gated channels at steps of the voltage."""
    system = model_of(part).system
    figure, (left, right) = new()
    times = np.linspace(-0.01, 0.1, 881)
    lines = []
    for goal in (-0.05, -0.03, -0.01):
        run = Run(system, {"v": [(-np.inf, -0.08), (0.0, goal), (0.05, -0.08)]})
        recording = run.course((), (), -1.0, times)
        lines.append((f"to {1e3 * goal:g} mV", recording("Ca")[0] / float(umolar)))
    t = 1e3 * recording.t
    draw(left, t, lines, "calcium of the spine (µM)")
    left.set(xlabel="time (ms)", title="steps from -80 mV, for 50 ms")
    draw(right, t, *states_of(recording, own_states(part, system)))
    right.set(xlabel="time (ms)", title="the step to -10 mV")
    return figure


def neck(part: Any) -> Figure:
    """Voltage of a spine head and calcium in it after a spike, behind three necks, at a clamped dendrite."""
    figure, (left, right) = new()
    times = np.linspace(-0.005, 0.08, 800)
    heads, pools = [], []
    for factor in (0, 1, 3):
        behind = type(part)(R=factor * part.R)
        system = model_of(behind).system
        recording = Run(system, {"v": [(-np.inf, -0.065)]}).course([0.0], (), -1.0, times)
        of = f"{float(behind.R) / 1e6:.0f} MΩ"
        head, Ca = recording("v_head", "Ca")
        heads.append((of, head / float(mV)))
        pools.append((of, Ca / float(umolar)))
    draw(left, 1e3 * recording.t, heads, "voltage of the head (mV)")
    draw(right, 1e3 * recording.t, pools, "calcium of the spine (µM)")
    for ax in (left, right):
        ax.set(xlabel="time (ms)", title="a spike, the dendrite at -65 mV")
    return figure


def against_calcium(part: Any, gifts: dict[str, sympy.Expr], chosen: Sequence[str]) -> Figure:
    """What enzymes without states give at each level of calcium."""
    figure, axes = new()
    system = model_of(part).system
    levels = np.logspace(-1, 1.5, 60)
    found = []
    for level in levels * float(umolar):
        held = {n: [(-np.inf, level)] for n in ("Ca", "Ca_eff") if n in system.states}
        recording = Run(system, held).course((), (), -0.001, np.array([0.0, 0.001]))
        found.append([y[-1] for y in recording(*(gifts[n] for n in chosen))])
    for ax, n, y in zip(axes, chosen, np.transpose(found), strict=False):
        draw(ax, levels, [("", y)], n)
        ax.set(xscale="log", xlabel="calcium (µM)")
    return figure


def enzymes(part: Any) -> Figure:
    """What enzymes give after a step of calcium that stays, from milliseconds to minutes."""
    system = model_of(part).system
    figure, axes = new()
    gifts = {n: flat(part, system, g.expression) for n, g in part.template.gives.items()}
    gifts = {
        n: e for n, e in gifts.items() if e is not None and n not in ("calcium_uptake", "calcium_binding")
    }
    chosen = [n for n in ("kinase", "phosphatase", "CaMKII", "CaN") if n in gifts][:2] or list(gifts)[:2]
    rest = 0.1 * float(umolar)
    times = np.concatenate([[-0.001], np.logspace(-3, 2.5, 300)])
    if not own_states(part, system):
        return against_calcium(part, gifts, chosen)
    lines: dict[str, Lines] = {n: [] for n in chosen}
    for level in (0.3, 1.0, 3.0, 10.0):
        held = {
            n: [(-np.inf, rest), (0.0, level * float(umolar))] for n in ("Ca", "Ca_eff") if n in system.states
        }
        recording = Run(system, held).course((), (), -300.0, times)
        for n in chosen:
            lines[n].append((f"{level:g} µM", recording(gifts[n])[0]))
    for ax, n in zip(axes, chosen, strict=False):
        y, unit = in_units(part.template.gives[n].dim, np.array([y for _, y in lines[n]]))
        shown = [(label, y[k]) for k, (label, _) in enumerate(lines[n])]
        draw(ax, recording.t, shown, named_in(n, unit))
        ax.set(xscale="log", xlim=(1e-3, None), xlabel="time after a step of calcium from 0.1 µM (s)")
    return figure


def begin(part: Any, system: Any) -> None:
    """Let a state start away from where it stays."""
    if part.name in START:
        name, factor = START[part.name]
        system.initial[name] *= factor


def levels(part: Any, system: Any, end: float | None = None) -> dict[str, Any]:
    """The courses of constant inputs: on from the start, until ``end`` if that is given."""
    found = {}
    for name in system.parameters:
        if name.startswith("level_"):
            level = LEVEL.get(part.name, system.values()[name])
            found[name] = [(-np.inf, 0.0), (0.0, level), *([(end, 0.0)] if end else [])]
    return found


def plasticity(part: Any) -> Figure:
    """A rule of plasticity in a train, and its weight for long afterwards."""
    model = model_of(part)
    system = model.system
    figure, (left, right) = new()
    calcium = reads(part, "Ca", "Ca_eff", "I_Ca") or "Ca" in system.states or reads(part, "v")
    train = [0.05 * k for k in range(20)]
    cases = (
        [("at -20 mV", -0.02, 0.01), ("at -50 mV", -0.05, 0.01)]
        if calcium
        else [("post 10 ms after pre", -0.07, 0.01), ("post 10 ms before pre", -0.07, -0.01)]
    )
    own = own_states(part, system)
    weight = WEIGHT.get(part.name, weight_of(model))
    weight = weight if weight in own else own[-1]
    begin(part, system)
    dim = system.states[weight].dim
    end = END.get(part.name, 1e4)
    others = [n for n in own if n != weight]
    times = np.unique(np.concatenate([np.linspace(-0.05, 2, 500), np.logspace(-2, np.log10(end), 300)]))
    late: Lines = []
    shown = False
    for label, v, shift in cases:
        held = {"v": [(-np.inf, v)], **levels(part, system)}
        recording = Run(system, held).course(train, [t + shift for t in train], -0.1, times)
        y, unit = in_units(dim, recording(weight)[0])
        late.append((label, y))
        moves = any(np.ptp(x) > 0 for x in recording(*others))
        if label == cases[0][0] and moves:
            shown = True
            early = recording.t <= 2
            lines, ylabel = states_of(recording, others)
            draw(left, recording.t[early], [(n, y[early]) for n, y in lines], ylabel)
            left.set(xlabel="time (s)", title=f"20 pairs at 20 Hz, {label}")
    if not shown:
        early = recording.t <= 2
        draw(left, recording.t[early], [(n, y[early]) for n, y in late], named_in(weight, unit))
        left.set(xlabel="time (s)", title="20 pairs at 20 Hz")
    draw(right, recording.t, late, named_in(weight, unit))
    right.set(xscale="log", xlim=(0.01, end), xlabel="time after the first spike (s)")
    right.set_title("the same, and afterwards")
    return figure


def fragment(part: Any) -> Figure:
    """What a neuron's equations make of its spikes; the model is a fragment of a neuron."""
    t = part.template
    figure, (left, right) = new()
    after = np.linspace(0, 0.1, 501)
    start = Function(t.on_spike or t.on_post_spike, named(part))
    names = list(t.states)
    base = {**t.values(), "v": -0.05, **dict.fromkeys(names, 0.0)}
    y0 = [float(x) for x in start(base).values()]
    rates = Function(t.rates, named(part))
    found = solve_ivp(
        lambda _, y: [float(x) for x in rates({**base, **dict(zip(names, y, strict=True))}).values()],
        (0, 0.1), y0, "LSODA", after, rtol=1e-8,
    )  # fmt: skip
    course = dict(zip(names, found.y, strict=True))
    role, expression = next(iter(t.roles.items()))
    seen = Function({"v": expression}, named(part))({**base, **course})["v"]
    time = np.concatenate([[-20, 0], 1e3 * after])
    draw(left, time, [("", np.concatenate([[-50, -50], 1e3 * seen]))], f"{role} at the spine (mV)")
    left.set(xlabel="time after a spike (ms)", title="held at -50 mV")
    lines = [(n, 1e3 * np.concatenate([[0, 0], y])) for n, y in course.items()]
    draw(right, time, lines, "states (mV)")
    right.set(xlabel="time after a spike (ms)")
    return figure


def slow(part: Any) -> Figure:
    """States of a slow part, and what it gives or the weight it changes, over seconds to hours."""
    model = model_of(part)
    system = model.system
    figure, (left, right) = new()
    begin(part, system)
    end = END.get(part.name, 60.0 if part.place == "astrocyte" else 4 * 3600.0)
    held = drives = {} if part.name in START else levels(part, system, end / 3)
    trains = [600.0 * j + 0.01 * k for j in range(3) for k in range(100)]
    spikes = [0.2 * k for k in range(100)] if part.place == "astrocyte" else trains
    spikes = [] if part.name in START else [t for t in spikes if t < end]
    times = np.linspace(-0.02 * end, end, 900)
    recording = Run(system, {"v": [(-np.inf, -0.03)], **held}).course(spikes, spikes, times[0] - 1, times)
    scale, unit = (1.0, "s") if end < 3600 else (3600.0, "h")
    own = own_states(part, system)
    shown = [n for n in own if n not in system.on_spike] or own
    draw(left, recording.t / scale, *states_of(recording, shown))
    inputs = "20 s of spikes at 5 Hz" if part.place == "astrocyte" else "1 s at 100 Hz, three times in 20 min"
    if part.name in START:
        name, factor = START[part.name]
        inputs = f"no spikes; {name} starts at {factor:g} times its value"
    elif end < 10:
        inputs = "1 s at 100 Hz"
    left.set(xlabel=f"time ({unit})", title="constant inputs for a third of the time" if drives else inputs)
    for name, gift in part.template.gives.items():
        expression = flat(part, system, gift.expression)
        if expression is not None:
            y, what = in_units(gift.dim, recording(expression)[0])
            draw(right, recording.t / scale, [("", y)], named_in(name.replace("_", " "), what))
            break
    else:
        weight = weight_of(model)
        if weight is not None:
            y, what = in_units(system.states[weight].dim, recording(weight)[0])
            draw(right, recording.t / scale, [("", y)], named_in(weight, what))
            right.set(xlabel=f"time ({unit})")
            return figure
        term = system.receptors[0]
        g = recording(term.conductance)[0] / float(nS)
        draw(right, recording.t / scale, [("", g)], "open conductance (nS)")
    right.set(xlabel=f"time ({unit})")
    return figure


def figure_of(part: Any) -> Figure:
    """The figure that suits a model."""
    if part.template.counts:
        part = type(part)(deterministic=True)
    for kind, make in (
        (Receptor, receptor), (Block, block), (Release, release), (CoAgonist, coagonist),
        ((Antagonist, ChannelBlocker), drug), (Plasticity, plasticity), (Head, neck),
    ):  # fmt: skip
        if isinstance(part, kind):
            return make(part)
    if Subject(part).is_fragment:
        return fragment(part)
    gifts = part.template.gives
    if "calcium_current" in gifts:
        return channels(part)
    if "kinase" in gifts:
        return enzymes(part)
    if (
        part.template.roles.keys() & {"current"}
        or "Ca_eff" in part.template.states
        or "calcium_uptake" in gifts
    ):
        return pool(part)
    return slow(part)


# -- files -----------------------------------------------------------------------------------------


def key_of(name: str) -> str:
    """What a figure is made from: the equations in full and the programs that draw it."""
    part = find_model(name)
    said = [repr(part), *(repr((w.name, w.expression, w.kind)) for w in part.expressions())]
    said += [repr((r["name"], r["value"])) for r in part.parameters]
    programs = (Path(__file__), Path(response_run.__file__), Path(response_models.__file__))
    text = "\n".join([*said, *(p.read_text() for p in programs)])
    return hashlib.sha256(text.encode()).hexdigest()


def is_fresh(path: Path, key: str) -> bool:
    """Whether a figure was made from what the key stands for."""
    if not path.exists():
        return False
    with Image.open(path) as picture:
        return picture.info.get("Source") == key


def make(name: str) -> str:
    """Make the figure of a model; what went wrong, in words, or nothing."""
    try:
        figure = figure_of(find_model(name))
        figure.suptitle(name, x=0.01, ha="left", fontsize=10)
        figure.savefig(FOLDER / f"response_{name}.png", dpi=80, metadata={"Source": key_of(name)})
    except Exception as error:  # whatever it is, the model is named
        return f"{name}: no figure: {type(error).__name__}: {error}"
    return ""


def refresh(names: Iterable[str] | None = None) -> list[str]:
    """Make the figures that are missing or old; what went wrong, in words."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    known = [r["name"] for r in models()]
    for old in FOLDER.glob("response_*.png"):
        if old.stem.removeprefix("response_") not in known:
            old.unlink()
    wanted = known if names is None else list(names)
    old = [n for n in wanted if not is_fresh(FOLDER / f"response_{n}.png", key_of(n))]
    workers = min(len(os.sched_getaffinity(0)), 4) if hasattr(os, "sched_getaffinity") else 2
    if len(old) < 4 or workers == 1:
        return [m for m in map(make, old) if m]
    with ProcessPoolExecutor(workers) as pool_of_processes:
        return [m for m in pool_of_processes.map(make, old) if m]


if __name__ == "__main__":
    failures = refresh(sys.argv[1:] or None)
    print(*failures, sep="\n" if failures else "")
    sys.exit(bool(failures))
