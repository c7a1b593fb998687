"""Pairs and triplets of spikes by the triplet rule (Bi & Poo 1998, Sjöström et al. 2001).

The rule (Pfister & Gerstner 2006) was fitted to the last two; its weight changes relative to the start.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, Synapses, ms, mV
from matplotlib.figure import Figure

from brian2_nmda.equations import ExponentialAMPA, TripletSTDP
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.protocols.devices import simulation
from brian2_nmda.protocols.landmark import Landmark

BI_POO, SJOSTROM = "Bi & Poo 1998", "Sjöström et al. 2001, by plastyfire/biodata/paired_recordings.csv"
WANG = "Wang et al. 2005, abstract"
#: Change (%) and its standard error at +10 and -10 ms.
MEASURED = {0.1: (-3.6, 5.1, -31.8, 7.7), 10: (15.2, 10.2, -43.6, 10.8), 20: (30.5, 13.9, -36.1, 9.0),
            40: (54.0, 11.3, 50.0, 30.5), 50: (55.9, 26.9, 69.2, 18.6)}  # fmt: skip
FREQUENCIES = [f for f in MEASURED if f > 0.1]
DIFFERENCES = np.array([-60, -40, -20, -10, -5, 5, 10, 20, 40, 60])


def _changes(preset: str, pre: Sequence[np.ndarray], post: Sequence[np.ndarray]) -> np.ndarray:
    """Change of weight (%) for each pair of trains (ms)."""
    model = GlutamateSynapse(ExponentialAMPA(), plasticity=TripletSTDP.preset(preset))
    n = len(pre)
    source, forced = (
        SpikeGeneratorGroup(n, np.repeat(np.arange(n), [len(t) for t in trains]), np.concatenate(trains) * ms)
        for trains in (pre, post)
    )
    target = NeuronGroup(
        n,
        "v : volt (constant)\nignored = I_syn : amp\nfires : 1" + model.post_equations(),
        threshold="fires > 0",
        reset="fires = 0",
        namespace={},
    )
    target.v = -70 * mV
    force = Synapses(forced, target, on_pre="fires_post = 1")
    force.connect(j="i")
    synapses = model.synapses(source, target)
    synapses.connect(j="i")
    Network(source, forced, target, force, synapses).run((max(np.concatenate([*pre, *post])) + 10) * ms)
    return 100 * (np.array(synapses.W_AMPA) - 1)


def _simulated(short: bool) -> dict[str, Any]:
    """All changes, as of 60 pairs; after 10 s between bursts all traces are gone."""
    pairs = 5 if short else 60
    times = 200 + 1000 * np.arange(pairs)
    outer = np.sort(np.r_[times - 10, times + 10])
    n = len(DIFFERENCES)
    sequence = [200 + np.around(1000 / f * np.arange(15 if short else 60)) for f in FREQUENCIES]
    burst = [200 + np.around(1000 / f * np.arange(5)) for f in FREQUENCIES]
    cortex, hippocampus = "visual cortex", "hippocampal culture"
    window = _changes(hippocampus, [times] * n, [times + d for d in DIFFERENCES]) * 60 / pairs
    return {
        "window": window,
        "in a row": [_changes(cortex, sequence, [t + d for t in sequence]) * (4 if short else 1)
                     for d in (10, -10)],
        "in bursts": [_changes(cortex, burst, [t + d for t in burst]) * 15 for d in (10, -10)],
        "triplets": _changes(hippocampus, [times, outer], [outer, times]) * 60 / pairs,
    }  # fmt: skip


def landmark(short: bool = False) -> Landmark:
    """Compare the changes of weight with those that were measured.

    Parameters
    ----------
    short : bool
        Give 5 pairs at 1 Hz and 15 at the other frequencies, and multiply.

    Returns
    -------
    Landmark
    """
    with simulation("numpy", 1 * ms):
        data = _simulated(short)
    found = Landmark(
        "Spike timing: window, frequency, triplets (triplet rule of Pfister & Gerstner 2006)",
        "Changes are linear in the number of pairs; the data saturate. The measurements had 75 pairs in "
        "bursts of five; there the rule, which remembers for 0.1 s, changes little. As 60 pairs in a row "
        "it meets them.",
        data=data,
    )
    _add_window(found, dict(zip(DIFFERENCES, data["window"], strict=True)))
    _add_frequencies(found, data)
    triplets = data["triplets"]
    found.add("post-pre-post, 10 ms (%)", triplets[0], "above 0", WANG, met=triplets[0] > 10)
    found.add("pre-post-pre, of post-pre-post", triplets[1] / triplets[0], "far less (unverified)", WANG,
              met=triplets[1] < 0.5 * triplets[0])  # fmt: skip
    return found


def _add_window(found: Landmark, window: dict[int, float]) -> None:
    tau_plus = 30 / np.log(window[10] / window[40])
    tau_minus = 30 / np.log(window[-10] / window[-40])
    found.add("pairs at 1 Hz, +10 ms (%)", window[10], "above 0", BI_POO,
              met=all(x > 0 for d, x in window.items() if d > 0))  # fmt: skip
    found.add("pairs at 1 Hz, -10 ms (%)", window[-10], "below 0", BI_POO,
              met=all(x < 0 for d, x in window.items() if d < 0))  # fmt: skip
    found.add("time constant of potentiation (ms)", tau_plus, "16.8", "NEST's triplet examples",
              met=abs(tau_plus - 16.8) < 2)  # fmt: skip
    found.add("time constant of depression (ms)", tau_minus, "33.7", "NEST's triplet examples",
              met=abs(tau_minus - 33.7) < 4)  # fmt: skip


def _add_frequencies(found: Landmark, data: dict[str, Any]) -> None:
    forward, backward = data["in a row"]
    for k, f in enumerate(FREQUENCIES):
        up, up_error, down, down_error = MEASURED[f]
        both = (("+", forward[k], up, up_error), ("-", backward[k], down, down_error))
        for sign, value, measured, error in both:
            measured_is = f"{measured:g} +- {error:g} (2 errors)"
            found.add(f"60 pairs at {f:g} Hz, {sign}10 ms (%)", value, measured_is, SJOSTROM,
                      met=abs(value - measured) <= 2 * error)  # fmt: skip
    found.add("40 Hz, +10 ms, in 15 bursts of five (%)", data["in bursts"][0][2], "54 +- 11.3 (2 errors)",
              SJOSTROM, met=abs(data["in bursts"][0][2] - 54) <= 2 * 11.3)  # fmt: skip


def draw(found: Landmark) -> Figure:
    """Draw the window of spike timing, and the change against the frequency of pairs."""
    data, figure = found.data, Figure(figsize=(9, 3.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    for side, colour in ((DIFFERENCES < 0, "tab:blue"), (DIFFERENCES > 0, "tab:orange")):
        left.plot(DIFFERENCES[side], data["window"][side], "o-", color=colour)
    left.set(xlabel="time of post minus pre (ms)", ylabel="change of weight (%)",
             title="60 pairs at 1 Hz, hippocampus")  # fmt: skip
    for k, (colour, label) in enumerate((("tab:orange", "+10 ms"), ("tab:blue", "-10 ms"))):
        right.plot(FREQUENCIES, data["in a row"][k], color=colour, label=f"rule, 60 in a row, {label}")
        right.plot(FREQUENCIES, data["in bursts"][k], ":", color=colour, label=f"rule, bursts of 5, {label}")
        means, errors = ([MEASURED[f][2 * k + m] for f in FREQUENCIES] for m in (0, 1))
        right.errorbar(np.array(FREQUENCIES) + k - 0.5, means, errors, fmt="o", color=colour, capsize=2,
                       label=f"measured, {label}")  # fmt: skip
    right.set(xlabel="frequency of pairs (Hz)", ylabel="change of weight (%)",
              title="60 or 75 pairs, visual cortex")  # fmt: skip
    right.set_ylim(-65, 140)
    right.legend(frameon=False, fontsize=8, ncols=2, loc="upper left")
    for axes in (left, right):
        axes.axhline(0, color="gray", linewidth=0.8)
    return figure
