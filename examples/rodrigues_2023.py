"""The experiments that Rodrigues et al. (2023) explain with one set of parameters, 100 repeats of each.

One neuron of Brian2 is one spine with its dendrite and soma. All rates are those of the shipped parts
(`GlutamateSynapse(...).system`, `RodriguesElectrics`); `rodrigues/rodrigues_spines.py` writes them as
statements that suit thousands of spines over quarters of an hour, in a loop of vector code:

- AMPA and GABA receptors: glutamate is 1 mM for 1 ms or nothing, so a step is one of two constant matrices
- NMDA receptors and calcium channels: one by one, with the exact probabilities of a step
- electrics: each variable exactly, with the rest held
- enzymes: midpoint rule, which keeps all totals; calcium and its buffer: a Rosenbrock method of order 2
- readout: every 5 ms

Releases, and the postsynaptic spikes that they evoke, do not depend on what follows and are drawn first,
from the numbers of `RodriguesRelease`. Of the published model differs: AMPA and GABA receptors follow their
mean, and each vesicle brings the mean glutamate. The 100 agents are independent given the rates of depression
and potentiation, so they are drawn once, at the end. Run it by::

    python examples/rodrigues_2023.py                   all, 100 repeats
    python examples/rodrigues_2023.py --repeats 20 --only Tigaret
    python examples/rodrigues_2023.py --quick           one protocol, cut to 20 pulses

The paper names seven studies and counts nine experiments; which nine is our reading.
"""

import argparse
import sys
import time
from collections import namedtuple
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from brian2 import Network, StateMonitor, device, prefs, second, set_device

from brian2_nmda.brian.compiled import shorten_builds

sys.path.insert(0, str(Path(__file__).parent / "rodrigues"))
from rodrigues_protocols import SETS, length_of, pulses_of, releases, tigaret
from rodrigues_spines import STEP, Spine, network_of

TAIL = 150.0  # s after the last pulse, when the weight is read, as in the published scripts (at 35 degC)


def conditions_of(p, repeats, rng):
    """Releases, postsynaptic spikes, current (pA), its duration (ms) and GABA receptors of each repeat."""
    pre, post = pulses_of(p)
    released, evoked = releases(pre, p.slice.Ca, repeats, rng)
    fired = [np.sort(np.r_[post, e if p.evoked else []]) for e in evoked]
    return [(a, b, p.I, p.d, p.GABA) for a, b in zip(released, fired, strict=True)]


def simulate(protocols, repeats, directory="rodrigues_2023", seed=2023, tail=TAIL):
    """Run protocols in one C++ program; see `Result`. Also seconds of the run and of the compiler.

    The weight is read ``tail`` seconds after the last pulse.
    """
    rng = np.random.default_rng(seed)
    set_device("cpp_standalone", build_on_run=False)
    device.reinit()
    device.activate(build_on_run=False)
    shorten_builds()
    prefs.codegen.loop_invariant_optimisations = False
    prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffast-math", "-march=native"]
    prefs.codegen.cpp.extra_link_args = ["-ffast-math"]  # numbers too small for full precision are 0
    groups, parts = {}, []
    for p in protocols:
        groups.setdefault((p.slice, p.channels, p.NMDA), []).append(p)
    for k, ((s, channels, NMDA), some) in enumerate(groups.items()):
        spine = Spine(s, channels=channels, NMDA=NMDA)
        conditions = [c for p in some for c in conditions_of(p, repeats, rng)]
        objects = network_of(spine, conditions, keys=10000 * k)
        names = ["CaN4_CaMKII", "CaMKII", "LTD_AMPA", "LTP_AMPA"]
        seen = StateMonitor(objects[0], names, record=True, dt=1 * second)
        parts.append((some, [*objects, seen], seen))
    net = Network(*(x for _, objects, _ in parts for x in objects))
    length = max(map(length_of, protocols)) + tail
    net.run(length * second, report="text", report_period=60 * second)
    began = time.time()
    device.build(directory=directory, run=False)
    built = time.time()
    device.run(with_output=True)
    ran, found = time.time() - built, []
    for some, _objects, seen in parts:
        for k, p in enumerate(some):
            of, end = slice(k * repeats, (k + 1) * repeats), int(length_of(p) + tail)
            depressed, potentiated = (np.array(getattr(seen, n)[of, end]) for n in names[2:])
            enzymes = [1e3 * np.array(getattr(seen, n)[of, 1:end]).mean(axis=0) for n in names[:2]]
            found.append(Result(p, weights(depressed, potentiated, rng), *enzymes))
    each = ran / (repeats * len(protocols))
    print(f"  [{len(protocols)} protocols x {repeats}: {each:.2f} s per synapse for {length:.0f} s, "
          f"{1e9 * each * STEP / length:.0f} ns a step; compiled in {built - began:.0f} s]",
          flush=True)  # fmt: skip
    return found, ran, built - began


#: A protocol, the weight (%) of each repeat, and the mean course (every s) of calcineurin and CaMKII (uM).
Result = namedtuple("Result", "protocol w CaN CaMKII")
KEPT = ("w", "CaN", "CaMKII")


def read(files, protocols):
    """Results that were saved."""
    saved = {k: v for file in files for k, v in np.load(file).items()}
    names = [p for p in protocols if f"{p.name}/w" in saved]
    return [Result(p, *(saved[f"{p.name}/{k}"] for k in KEPT)) for p in names]


def weights(depressed, potentiated, rng):
    """Potentiated less depressed agents of 100, each drawn; the arguments are their means."""
    L, P = np.clip(depressed, 0, 100) / 100, np.clip(potentiated, 0, 100) / 100
    drawn = rng.multinomial(100, np.c_[L, P, np.clip(1 - L - P, 0, 1)])
    return drawn[:, 1] - drawn[:, 0]


def of_equal_length(protocols):
    """Protocols in lists whose longest takes at most 1.3 times as long as the shortest."""
    lists = []
    for p in sorted(protocols, key=length_of):
        if lists and TAIL + length_of(p) < 1.3 * (TAIL + length_of(lists[-1][0])):
            lists[-1].append(p)
        else:
            lists.append([p])
    return lists


#: What was measured: its name, its colour (of Okabe & Ito, for the colour-blind), which means (%) we
#: take as met: the limits of 15 and 20 % are ours.
MEASURED = {
    "+": ("LTP", "#d55e00", (15, 105)),
    "-": ("LTD", "#0072b2", (-105, -15)),
    "0": ("no change", "0.25", (-20, 20)),
    "-0": ("no LTP", "#009e73", (-105, 15)),
    "?": ("not known", "#cc79a7", None),
}


def as_measured(w, sign):
    """Whether the mean (%) has the sign. None if nothing is known."""
    _, _, limits = MEASURED[sign]
    return None if limits is None else limits[0] <= w <= limits[1]


def in_order(results):
    """Whether what was depressed lies below what did not change, and that below what was potentiated."""
    of = {s: [r.w.mean() for r in results if r.protocol.sign == s] for s in ("-", "0", "+")}
    pairs = [(of[a], of[b]) for a, b in (("-", "0"), ("0", "+"), ("-", "+"))]
    return all(max(a) < min(b) for a, b in pairs if a and b)


def table(results, titles):
    """The table, as it is printed; and how many data sets have all signs and the order."""
    met = 0
    for title in titles:
        some = [r for r in results if r.protocol in SETS[title]()]
        if not some:
            continue
        verdicts = [as_measured(r.w.mean(), r.protocol.sign) for r in some]
        known = [v for v in verdicts if v is not None]
        good = bool(known) and all(known) and in_order(some)
        met += good
        all_of = len(SETS[title]())
        part = "" if len(some) == all_of else f" ({len(some)} of {all_of} protocols)"
        outcome = "met" if good else "NOT MET" if known else "nothing to compare with"
        print(f"\n{title}{part}: {outcome}")
        for r, verdict in zip(some, verdicts, strict=True):
            p, n = r.protocol, len(r.w)
            error = r.w.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
            size = "" if p.size is None else f" ({p.size:+d} %)"
            met_or_not = "" if verdict is None else "yes" if verdict else "NO"
            spread = r.w.std(ddof=min(1, n - 1))
            print(f"  {p.name:>24}  {r.w.mean():+6.1f} +- {error:4.1f} (sd {spread:4.1f}) %"
                  f"   measured {p.sign}{size}  {met_or_not}")  # fmt: skip
    return met


#: Corners of the regions of the readout (calcineurin and CaMKII, uM), and where their names stand.
REGIONS = {
    "+": ([(6.35, 1.4), (10, 1.4), (10, 29.5), (6.35, 29.5)], (8.2, 9)),
    "-": (
        [(3.765, 1.4), (6.35, 1.4), (6.35, 29.5), (5.651, 29.5), (1.85, 23.25), (1.85, 11.327)],
        (5.1, 9),
    ),
}


def draw(results):
    """A row for each data set: weights of all repeats, and the mean courses of the enzymes."""
    sets = [(title, [r for r in results if r.protocol in SETS[title]()]) for title in SETS]
    sets = [(title, some) for title, some in sets if some] or [("", results)]
    heights = [max(7, len(some) + 1.5) for _, some in sets]
    figure, rows = plt.subplots(
        len(sets), 2, figsize=(7.5, 0.17 * sum(heights) + 1), height_ratios=heights, width_ratios=(1.5, 1),
        sharex="col", squeeze=False, layout="constrained",
    )  # fmt: skip
    for (left, right), (title, some) in zip(rows, sets, strict=True):
        draw_weights(left, some)
        left.set_title(title, fontsize=9, fontweight="bold", loc="left")
        draw_courses(right, some)
    rows[-1, 0].set(xlim=(-105, 105), xlabel="change of the weight (%)")
    rows[-1, 1].set(xlim=(0, 16), xlabel="calcineurin (\N{MICRO SIGN}M)")
    for axes in rows[-1]:
        axes.xaxis.label.set_size(9)
    shown = {r.protocol.sign for r in results}
    handles = [
        plt.Line2D([], [], color=colour, marker="o", markersize=4, label=f"measured: {name}")
        for sign, (name, colour, _) in MEASURED.items() if sign in shown
    ]  # fmt: skip
    handles += [
        plt.Line2D([], [], color="k", marker="|", ms=9, mew=2, linestyle="", label="mean"),
        plt.Line2D([], [], color="k", marker="x", ms=5, linestyle="", label="measured size"),
        plt.Rectangle((0, 0), 1, 1, color="0.9", label="as measured, by our limits"),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    figure.savefig("rodrigues_2023.png", dpi=150)
    return figure


def draw_weights(axes, results):
    """All repeats of some protocols, their mean, and what was measured."""
    scatter = np.random.default_rng(1)
    for k, r in enumerate(results):
        _, colour, limits = MEASURED[r.protocol.sign]
        if limits is not None:
            axes.barh(k, limits[1] - limits[0], 0.8, limits[0], color="0.92", zorder=0)
        beside = k + scatter.uniform(-0.25, 0.25, len(r.w))
        axes.plot(r.w, beside, "o", color=colour, alpha=0.25, markersize=3, markeredgewidth=0)
        axes.plot([r.w.mean()], [k], "|", color="k", markersize=11, markeredgewidth=2)
        if r.protocol.size is not None:
            axes.plot([r.protocol.size], [k], "kx", markersize=5)
    axes.axvline(0, color="0.6", linewidth=0.8, zorder=1)
    axes.set_yticks(range(len(results)), [r.protocol.name for r in results], fontsize=8)
    axes.set_ylim(len(results) - 0.4, -0.6)
    axes.tick_params(labelsize=8)


def draw_courses(axes, results):
    """The mean courses of both enzymes over the regions of the readout."""
    for sign, (corners, place) in REGIONS.items():
        name, colour, _ = MEASURED[sign]
        axes.add_patch(plt.Polygon(corners, facecolor=colour, alpha=0.15, linewidth=0))
        axes.text(*place, name, color=colour, fontsize=8, ha="center", va="center")
    for r in results:
        axes.plot(r.CaN, r.CaMKII, color=MEASURED[r.protocol.sign][1], linewidth=0.8, alpha=0.9)
    axes.set(ylim=(0, 42), yticks=(0, 20, 40))
    axes.set_ylabel("CaMKII (\N{MICRO SIGN}M)", fontsize=8)
    axes.tick_params(labelsize=8)


def main(arguments=None):
    """Run what is asked for, print the table, draw it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--only", default="", help="data sets whose name contains this")
    parser.add_argument("--most", type=float, default=np.inf, help="no protocols longer than this (s)")
    parser.add_argument("--tail", type=float, default=TAIL, help="when the weight is read (s after the end)")
    parser.add_argument("--least", type=float, default=0.0, help="none shorter (s)")
    parser.add_argument("--quick", action="store_true", help="1Pre2Post10 alone, cut to 20 pulses, 4 repeats")
    parser.add_argument("--save", help="a file for the results (.npz)")
    parser.add_argument("--saved", nargs="*", default=[], help="such files, to print and draw again")
    asked = parser.parse_args(arguments)
    titles = [t for t in SETS if asked.only in t]
    protocols = [p for t in titles for p in SETS[t]() if asked.least <= length_of(p) <= asked.most]
    if asked.quick:
        protocols, asked.repeats = [tigaret()[6]._replace(pulses=20)], 4
    found, seconds = read(asked.saved, protocols), 0.0
    for some in of_equal_length([] if asked.saved else protocols):
        print(f"{', '.join(p.name for p in some)}", flush=True)
        results, ran, _ = simulate(some, asked.repeats, tail=asked.tail)
        found, seconds = found + results, seconds + ran
        if asked.save:
            np.savez(asked.save, **{f"{r.protocol.name}/{k}": getattr(r, k) for r in found for k in KEPT})
    found.sort(key=lambda r: protocols.index(r.protocol))
    if asked.quick:
        print(f"  {found[0].protocol.name}, 20 pulses: {found[0].w.mean():+.1f} %")
    else:
        met = table(found, titles)
        print(f"\n{met} data sets met{f'; {seconds:.0f} s in all' if seconds else ''}")
    draw(found)
    return found


if __name__ == "__main__":
    main()
