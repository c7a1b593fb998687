"""GluN2B sums more than GluN2A: responses to a train at 20 Hz and decays after one spike, at 35 degC."""

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import GlutamateSynapse, TransmitterPulse
from brian2_nmda.equations import SubunitNMDA
from brian2_nmda.protocols.landmark import Landmark

KINDS = ("GluN2A", "GluN2B")


def landmark(short=False):
    prefs.codegen.target = "numpy"
    release = TransmitterPulse.preset("Destexhe 1998")
    receptors = [SubunitNMDA.preset(kind, label=kind) for kind in KINDS]
    model = GlutamateSynapse(receptors, release=release)
    pulses = 3 if short else 10
    times = 1 + 50*arange(pulses)
    source = SpikeGeneratorGroup(2, [0] + [1]*pulses, concatenate([[1], times])*ms)
    target = NeuronGroup(2, "v = 20*mV : volt\nignored = I_syn : amp" + model.post_equations())
    synapses = model.synapses(source, target)
    synapses.connect(j="i")
    monitor = StateMonitor(synapses, ["r_GluN2A", "r_GluN2B"], record=True)
    Network(source, target, synapses, monitor).run(50*ms*pulses + 150*ms)
    t = array(monitor.t/ms)
    found = Landmark(
        "GluN2B receptors sum where GluN2A receptors do not",
        "First-order kinetics have one decay; real receptors have a slower second one, which adds to it.",
    )
    sums, decays = [], []
    for kind in KINDS:
        single, train = getattr(monitor, f"r_{kind}")
        first = single.max()
        sums.append(max(train[t > times[-1]])/first)
        late = t > 20
        decays.append(-1/polyfit(t[late], log(single[late]), 1)[0])
    found.add("decay of GluN2A (ms)", decays[0], "41.7 (1/0.024)", "doi:10.3389/fnsyn.2023.1113957",
              met=abs(decays[0] - 1/0.024) < 0.1)
    found.add("decay of GluN2B (ms)", decays[1], "slower than of GluN2A", "Vicini et al. 1998 (unverified)",
              met=decays[1] > 2*decays[0])
    found.add("last peak of a train at 20 Hz, of the first: GluN2A", sums[0], "above 1", "order only",
              met=sums[0] > 1)
    found.add("the same: GluN2B", sums[1], "more than GluN2A", "order only", met=sums[1] > sums[0])

    figure, axis = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
    for kind, style in zip(KINDS, ("-", "--"), strict=True):
        single, train = getattr(monitor, f"r_{kind}")
        axis.plot(t, train/single.max(), style, label=kind)
    axis.set(xlabel="time (ms)", ylabel="open fraction / peak after one spike",
             title=f"{pulses} spikes at 20 Hz")
    axis.legend(frameon=False)
    figure.savefig("subunit_summation.png", dpi=120)
    return found


if __name__ == "__main__":
    print(landmark())
