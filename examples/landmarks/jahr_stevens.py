"""Current against voltage with and without magnesium (Jahr & Stevens 1990).

One spike reaches NMDA receptors at each of many clamped voltages, in 1 mM and in no magnesium.
"""

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import BioNMDA, GlutamateSynapse, JahrStevens
from brian2_nmda.protocols.landmark import Landmark

SOURCE = "doi:10.1523/JNEUROSCI.10-09-03178.1990"


def peaks(Mg, voltages):
    """The current (pA, outward positive) at the peak of the conductance."""
    model = GlutamateSynapse(BioNMDA(block=JahrStevens(Mg=Mg)))
    spike = SpikeGeneratorGroup(1, [0], [1]*ms)
    clamped = NeuronGroup(len(voltages), "v : volt (constant)\nI = I_syn : amp" + model.post_equations())
    clamped.v = voltages
    synapses = model.synapses(spike, clamped)
    synapses.connect()
    current = StateMonitor(clamped, "I", record=True)
    Network(spike, clamped, synapses, current).run(15*ms)
    largest = argmax(abs(current.I), axis=1)
    return array(current.I/pA)[arange(len(voltages)), largest]


def landmark(short=False):
    prefs.codegen.target = "numpy"
    voltages = arange(-100, 61, 20 if short else 2)*mV
    free, blocked = peaks(0*mM, voltages), peaks(1*mM, voltages)
    v, open_ = array(voltages/mV), blocked/where(free == 0, nan, free)
    known = isfinite(open_)
    half = interp(0.5, open_[known], v[known])
    slope = polyfit(v, free, 1)
    inward = v[argmin(blocked)]

    found = Landmark(
        "Current and voltage of NMDA receptors, with and without magnesium (Jahr & Stevens 1990)",
        "The block is theirs and instantaneous; slow unblock is in KampaNMDA and VargasCaballeroNMDA.",
    )
    found.add("0 Mg: deviation from a line (%)", 100*max(abs(free - polyval(slope, v)))/max(abs(free)),
              "a line", SOURCE, met=max(abs(free - polyval(slope, v))) < 1e-3*max(abs(free)))
    found.add("1 mM: half blocked at (mV)", half, "-20.5 (ln(1/3.57)/0.062)", SOURCE,
              met=abs(half + 20.53) < (6 if short else 0.1))  # linear between points 20 mV or 2 mV apart
    found.add("1 mM: current is most inward at (mV)", inward, "between -40 and -15, then less",
              "unverified", met=-40 <= inward <= -15)
    found.add("1 mM: current at -80 mV, of that at 0 Mg (%)", 100*interp(-80, v[known], open_[known]),
              "2.4 (the equation)", SOURCE,
              met=abs(interp(-80, v[known], open_[known]) - 1/(1 + exp(0.062*80)/3.57)) < 1e-3)

    figure, axis = plt.subplots(figsize=(6, 4), layout="constrained")
    axis.plot(v, free, "--", label="0 Mg")
    axis.plot(v, blocked, label="1 mM Mg")
    axis.axhline(0, color="gray", linewidth=0.8)
    axis.set(xlabel="clamped voltage (mV)", ylabel="peak current (pA)", title="One spike, NMDA receptors")
    axis.legend(frameon=False)
    figure.savefig("jahr_stevens.png", dpi=120)
    return found


if __name__ == "__main__":
    print(landmark())
