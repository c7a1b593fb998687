"""Pairs and triplets of spikes: Bi & Poo 1998, Sjöström et al. 2001, Wang et al. 2005, by the triplet rule.

The rule (Pfister & Gerstner 2006) was fitted to the last two; its weight changes relative to the start.
"""

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import GlutamateSynapse
from brian2_nmda.equations import ExponentialAMPA, TripletSTDP
from brian2_nmda.protocols.landmark import Landmark

BI_POO, SJOSTROM = "Bi & Poo 1998", "Sjöström et al. 2001, by plastyfire/biodata/paired_recordings.csv"
WANG = "Wang et al. 2005, abstract"
#: Change (%) and its standard error at +10 and -10 ms.
MEASURED = {0.1: (-3.6, 5.1, -31.8, 7.7), 10: (15.2, 10.2, -43.6, 10.8), 20: (30.5, 13.9, -36.1, 9.0),
            40: (54.0, 11.3, 50.0, 30.5), 50: (55.9, 26.9, 69.2, 18.6)}


def changes(preset, pre, post):
    """Change of weight (%) for each pair of trains (ms)."""
    defaultclock.dt = 1*ms
    model = GlutamateSynapse(ExponentialAMPA(), plasticity=TripletSTDP.preset(preset))
    n = len(pre)
    source, forced = (
        SpikeGeneratorGroup(n, repeat(arange(n), [len(t) for t in trains]), concatenate(trains)*ms)
        for trains in (pre, post)
    )
    target = NeuronGroup(n, "v = -70*mV : volt\nignored = I_syn : amp\nfires : 1" + model.post_equations(),
                         threshold="fires > 0", reset="fires = 0")
    force = Synapses(forced, target, on_pre="fires_post = 1")
    force.connect(j="i")
    synapses = model.synapses(source, target)
    synapses.connect(j="i")
    Network(source, forced, target, force, synapses).run(max(concatenate([*pre, *post]))*ms + 10*ms)
    return 100*(array(synapses.W_AMPA) - 1)


def landmark(short=False):
    prefs.codegen.target = "numpy"
    pairs = 5 if short else 60
    times = 200 + 1000*arange(pairs)
    differences = array([-60, -40, -20, -10, -5, 5, 10, 20, 40, 60])
    window = changes("hippocampal culture", [times]*10, [times + d for d in differences])*60/pairs
    after, before = differences > 0, differences < 0
    ratio = window[differences == 40][0]/window[differences == 10][0]
    tau_plus = 30/log(1/ratio)
    tau_minus = 30/log(window[differences == -10][0]/window[differences == -40][0])

    frequencies = [f for f in MEASURED if f > 0.1]
    sequence = [200 + around(1000/f*arange(15 if short else 60)) for f in frequencies]
    burst = [200 + around(1000/f*arange(5)) for f in frequencies]  # after 10 s all traces are gone
    forward, backward = (changes("visual cortex", sequence, [t + d for t in sequence])*(4 if short else 1)
                         for d in (10, -10))
    in_bursts = [changes("visual cortex", burst, [t + d for t in burst])*15 for d in (10, -10)]

    triplets = changes("hippocampal culture", [times, sort(r_[times - 10, times + 10])],
                       [sort(r_[times - 10, times + 10]), times])*60/pairs

    found = Landmark(
        "Spike timing: window, frequency, triplets (triplet rule of Pfister & Gerstner 2006)",
        "Changes are linear in the number of pairs; the data saturate. The measurements had 75 pairs in "
        "bursts of five; there the rule, which remembers for 0.1 s, changes little. As 60 pairs in a row "
        "it meets them.",
    )
    found.add("pairs at 1 Hz, +10 ms (%)", window[differences == 10][0], "above 0", BI_POO,
              met=all(window[after] > 0))
    found.add("pairs at 1 Hz, -10 ms (%)", window[differences == -10][0], "below 0", BI_POO,
              met=all(window[before] < 0))
    found.add("time constant of potentiation (ms)", tau_plus, "16.8", "NEST's triplet examples",
              met=abs(tau_plus - 16.8) < 2)
    found.add("time constant of depression (ms)", tau_minus, "33.7", "NEST's triplet examples",
              met=abs(tau_minus - 33.7) < 4)
    for k, f in enumerate(frequencies):
        up, up_error, down, down_error = MEASURED[f]
        both = (("+", forward[k], up, up_error), ("-", backward[k], down, down_error))
        for sign, value, measured, error in both:
            measured_is = f"{measured:g} +- {error:g} (2 errors)"
            found.add(f"60 pairs at {f:g} Hz, {sign}10 ms (%)", value, measured_is,
                      SJOSTROM, met=abs(value - measured) <= 2*error)
    found.add("40 Hz, +10 ms, in 15 bursts of five (%)", in_bursts[0][2], "54 +- 11.3 (2 errors)",
              SJOSTROM, met=abs(in_bursts[0][2] - 54) <= 2*11.3)
    found.add("post-pre-post, 10 ms (%)", triplets[0], "above 0", WANG, met=triplets[0] > 10)
    found.add("pre-post-pre, of post-pre-post", triplets[1]/triplets[0], "far less (unverified)", WANG,
              met=triplets[1] < 0.5*triplets[0])

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8), layout="constrained")
    left.plot(differences[before], window[before], "o-", color="tab:blue")
    left.plot(differences[after], window[after], "o-", color="tab:orange")
    left.axhline(0, color="gray", linewidth=0.8)
    left.set(xlabel="time of post minus pre (ms)", ylabel="change of weight (%)",
             title="60 pairs at 1 Hz, hippocampus")
    sides = ((forward, "tab:orange", "+10 ms"), (backward, "tab:blue", "-10 ms"))
    for k, (values, colour, label) in enumerate(sides):
        right.plot(frequencies, values, color=colour, label=f"rule, 60 in a row, {label}")
        right.plot(frequencies, in_bursts[k], ":", color=colour, label=f"rule, bursts of 5, {label}")
        means = [MEASURED[f][2*k] for f in frequencies]
        errors = [MEASURED[f][2*k + 1] for f in frequencies]
        right.errorbar(array(frequencies) + k - 0.5, means, errors, fmt="o", color=colour, capsize=2,
                       label=f"measured, {label}")
    right.axhline(0, color="gray", linewidth=0.8)
    right.set(xlabel="frequency of pairs (Hz)", ylabel="change of weight (%)",
              title="60 or 75 pairs, visual cortex")
    right.set_ylim(-65, 140)
    right.legend(frameon=False, fontsize=8, ncols=2, loc="upper left")
    figure.savefig("spike_timing.png", dpi=120)
    return found


if __name__ == "__main__":
    print(landmark())
