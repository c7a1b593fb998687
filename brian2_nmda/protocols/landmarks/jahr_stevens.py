"""Current against voltage with and without magnesium (Jahr & Stevens 1990).

One spike reaches NMDA receptors at each of many clamped voltages, in 1 mM and in no magnesium.
"""

import numpy as np
from brian2 import Network, NeuronGroup, Quantity, SpikeGeneratorGroup, StateMonitor, mM, ms, mV, pA
from matplotlib.figure import Figure

from brian2_nmda.equations import BioNMDA, JahrStevens
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.protocols.devices import simulation
from brian2_nmda.protocols.landmark import Landmark

SOURCE = "doi:10.1523/JNEUROSCI.10-09-03178.1990"


def _peaks(Mg: Quantity, voltages: Quantity) -> np.ndarray:
    """The current (pA, outward positive) at the peak of the conductance."""
    model = GlutamateSynapse(BioNMDA(block=JahrStevens(Mg=Mg)))
    spike = SpikeGeneratorGroup(1, [0], [1] * ms)
    clamped = NeuronGroup(
        len(voltages), "v : volt (constant)\nI = I_syn : amp" + model.post_equations(), namespace={}
    )
    clamped.v = voltages
    synapses = model.synapses(spike, clamped)
    synapses.connect()
    recorded = StateMonitor(clamped, "I", record=True)
    Network(spike, clamped, synapses, recorded).run(15 * ms)
    current = np.array(recorded.I / pA)
    return current[np.arange(len(voltages)), np.argmax(abs(current), axis=1)]


def landmark(short: bool = False) -> Landmark:
    """Compare the current-voltage relations with those of the paper.

    Parameters
    ----------
    short : bool
        Take steps of 20 mV in place of 2 mV.

    Returns
    -------
    Landmark
    """
    voltages = np.arange(-100, 61, 20 if short else 2) * mV
    with simulation("numpy", 0.1 * ms):
        free, blocked = _peaks(0 * mM, voltages), _peaks(1 * mM, voltages)
    v = np.array(voltages / mV)
    open_ = blocked / np.where(free == 0, np.nan, free)
    known = np.isfinite(open_)
    half = np.interp(0.5, open_[known], v[known])
    off_line = max(abs(free - np.polyval(np.polyfit(v, free, 1), v))) / max(abs(free))
    inward = v[np.argmin(blocked)]
    at_80 = np.interp(-80, v[known], open_[known])

    found = Landmark(
        "Current and voltage of NMDA receptors, with and without magnesium (Jahr & Stevens 1990)",
        "The block is theirs and instantaneous; slow unblock is in KampaNMDA and VargasCaballeroNMDA.",
    )
    found.add("0 Mg: deviation from a line (%)", 100 * off_line, "a line", SOURCE, met=off_line < 1e-3)
    # linear between points 20 mV or 2 mV apart
    found.add("1 mM: half blocked at (mV)", half, "-20.5 (ln(1/3.57)/0.062)", SOURCE,
              met=abs(half + 20.53) < (6 if short else 0.1))  # fmt: skip
    found.add("1 mM: current is most inward at (mV)", inward, "between -40 and -15, then less",
              "unverified", met=-40 <= inward <= -15)  # fmt: skip
    found.add("1 mM: current at -80 mV, of that at 0 Mg (%)", 100 * at_80, "2.4 (the equation)", SOURCE,
              met=abs(at_80 - 1 / (1 + np.exp(0.062 * 80) / 3.57)) < 1e-3)  # fmt: skip
    found.data = {"v": v, "free": free, "blocked": blocked}
    return found


def draw(found: Landmark) -> Figure:
    """Draw both currents against the voltage."""
    data, figure = found.data, Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot(data["v"], data["free"], "--", label="0 Mg")
    axes.plot(data["v"], data["blocked"], label="1 mM Mg")
    axes.axhline(0, color="gray", linewidth=0.8)
    axes.set(xlabel="clamped voltage (mV)", ylabel="peak current (pA)", title="One spike, NMDA receptors")
    axes.legend(frameon=False)
    return figure
