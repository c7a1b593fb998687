"""GluN2B sums more than GluN2A: responses to a train at 20 Hz and decays after one spike, at 35 degC."""

import numpy as np
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, ms, mV
from matplotlib.figure import Figure

from brian2_nmda.equations import SubunitNMDA, TransmitterPulse
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.protocols.devices import simulation
from brian2_nmda.protocols.landmark import Landmark

KINDS = ("GluN2A", "GluN2B")


def _responses(times: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Time (ms), and the open fraction of each kind after one spike and after the train."""
    release = TransmitterPulse.preset("Destexhe 1998")
    model = GlutamateSynapse([SubunitNMDA.preset(kind, label=kind) for kind in KINDS], release=release)
    source = SpikeGeneratorGroup(2, [0] + [1] * len(times), np.concatenate([[1], times]) * ms)
    target = NeuronGroup(
        2, "v : volt (constant)\nignored = I_syn : amp" + model.post_equations(), namespace={}
    )
    target.v = 20 * mV
    synapses = model.synapses(source, target)
    synapses.connect(j="i")
    monitor = StateMonitor(synapses, [f"r_{kind}" for kind in KINDS], record=True)
    Network(source, target, synapses, monitor).run((50 * len(times) + 150) * ms)
    return np.array(monitor.t / ms), {kind: np.array(getattr(monitor, f"r_{kind}")) for kind in KINDS}


def landmark(short: bool = False) -> Landmark:
    """Compare summation and decay of the two kinds of receptor.

    Parameters
    ----------
    short : bool
        Give 3 spikes in place of 10.

    Returns
    -------
    Landmark
    """
    times = 1 + 50 * np.arange(3 if short else 10)
    with simulation("numpy", 0.1 * ms):
        t, opened = _responses(times)
    sums, decays = [], []
    for single, train in opened.values():
        sums.append(max(train[t > times[-1]]) / single.max())
        decays.append(-1 / np.polyfit(t[t > 20], np.log(single[t > 20]), 1)[0])
    found = Landmark(
        "GluN2B receptors sum where GluN2A receptors do not",
        "First-order kinetics have one decay; real receptors have a slower second one, which adds to it.",
    )
    found.add("decay of GluN2A (ms)", decays[0], "41.7 (1/0.024)", "doi:10.3389/fnsyn.2023.1113957",
              met=abs(decays[0] - 1 / 0.024) < 0.1)  # fmt: skip
    found.add("decay of GluN2B (ms)", decays[1], "slower than of GluN2A", "Vicini et al. 1998 (unverified)",
              met=decays[1] > 2 * decays[0])  # fmt: skip
    found.add("last peak of a train at 20 Hz, of the first: GluN2A", sums[0], "above 1", "order only",
              met=sums[0] > 1)  # fmt: skip
    found.add("the same: GluN2B", sums[1], "more than GluN2A", "order only", met=sums[1] > sums[0])
    found.data = {"t": t, "opened": opened, "pulses": len(times)}
    return found


def draw(found: Landmark) -> Figure:
    """Draw the response of each kind to the train."""
    data, figure = found.data, Figure(figsize=(6.5, 3.8), layout="constrained")
    axes = figure.add_subplot()
    for kind, style in zip(KINDS, ("-", "--"), strict=True):
        single, train = data["opened"][kind]
        axes.plot(data["t"], train / single.max(), style, label=kind)
    axes.set(xlabel="time (ms)", ylabel="open fraction / peak after one spike",
             title=f"{data['pulses']} spikes at 20 Hz")  # fmt: skip
    axes.legend(frameon=False)
    return figure
