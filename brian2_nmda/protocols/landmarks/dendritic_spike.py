"""A dendritic NMDA spike: synapses close together make a plateau, spread out they do not (Schiller 2000)."""

import numpy as np
from brian2 import (
    Cylinder,
    Network,
    Soma,
    SpatialNeuron,
    SpikeGeneratorGroup,
    StateMonitor,
    cm,
    mM,
    ms,
    mV,
    nS,
    ohm,
    uF,
    um,
)
from matplotlib.figure import Figure

from brian2_nmda.equations import ExponentialAMPA, JahrStevens, TwoExponentialNMDA
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.protocols.devices import simulation
from brian2_nmda.protocols.landmark import Landmark

SCHILLER = "Schiller et al. 2000, abstract, pubmed 10749211"
MAJOR = "Major et al. 2008, abstract, doi:10.1152/jn.00011.2008"
MEMBRANE = "Im = (0.1*msiemens/cm**2)*(-70*mV - v) - I_syn/area : amp/meter**2"
DENDRITES, SYNAPSES = 10, 20
CASES = {
    "together, 1 mM Mg": (True, 1 * mM),
    "spread, 1 mM Mg": (False, 1 * mM),
    "together, 6 mM Mg": (True, 6 * mM),
}
#: Where the synapses are that are close together, from the soma; and where the others are, on each dendrite.
CLUSTER, PLACES = 105 * um, (55 * um, 105 * um)


def _neuron(model: GlutamateSynapse) -> tuple[SpatialNeuron, Soma]:
    """A passive cell: a soma, an apical trunk, ten thin dendrites of 150 um in pieces of 10 um."""
    shape = Soma(20 * um)
    shape.trunk = Cylinder(length=600 * um, diameter=3 * um, n=10)
    for k in range(DENDRITES):
        setattr(shape, f"basal{k}", Cylinder(length=150 * um, diameter=1 * um, n=15))
    neuron = SpatialNeuron(
        shape,
        MEMBRANE + model.post_equations(block="frozen"),
        Cm=1 * uF / cm**2,
        Ri=150 * ohm * cm,
        method="exponential_euler",
        namespace={},
    )
    neuron.v = -70 * mV
    return neuron, shape


def _responses(length: float) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Time (ms), and for each case the voltage (mV) of the soma and of a dendrite."""
    source = SpikeGeneratorGroup(1, [0], [10] * ms)
    network, monitors = Network(source), {}
    for case, (together, Mg) in CASES.items():
        NMDA = TwoExponentialNMDA.preset("Hill & Tononi 2005", gmax=1 * nS, block=JahrStevens(Mg=Mg))
        model = GlutamateSynapse([ExponentialAMPA(gmax=0.25 * nS), NMDA])
        neuron, shape = _neuron(model)
        dendrites = [getattr(shape, f"basal{k}") for k in range(DENDRITES)]
        cluster = int(dendrites[0].indices[CLUSTER])
        at = [int(d.indices[place]) for d in dendrites for place in PLACES]
        S = model.synapses(source, neuron)
        S.connect(i=np.zeros(SYNAPSES, int), j=[cluster] * SYNAPSES if together else at)
        monitors[case] = StateMonitor(neuron, "v", record=[0, cluster])
        network.add(neuron, S, monitors[case])
    network.run(length * ms)
    return np.array(monitors[case].t / ms), {c: np.array(m.v / mV) for c, m in monitors.items()}


def _width(t: np.ndarray, v: np.ndarray) -> float:
    """How long v is above half of its peak, from rest, in ms."""
    return float(np.sum(v + 70 > (v.max() + 70) / 2) * (t[1] - t[0]))


def landmark(short: bool = False) -> Landmark:
    """Let 20 synapses receive one spike: at one place of a dendrite, or two on each of ten.

    Parameters
    ----------
    short : bool
        Take time steps of 0.25 ms in place of 0.05 ms.

    Returns
    -------
    Landmark
    """
    with simulation("numpy", (0.25 if short else 0.05) * ms):
        t, v = _responses(160)
    found = Landmark(
        "Dendritic NMDA spike (Schiller et al. 2000)",
        "The cell is passive, with ten equal dendrites, AMPA of 0.25 nS and NMDA of 1 nS per synapse: these "
        "sizes are ours. They set how high and how long the plateau is. Sodium and calcium channels are left "
        "out.",
    )
    close, spread, blocked = (v[case] for case in CASES)
    plateau = [0.0 + np.sum(x[1] > -40) * (t[1] - t[0]) for x in (close, spread, blocked)]
    found.add("together: dendrite above -40 mV (ms)", plateau[0], "a plateau", SCHILLER, met=plateau[0] > 25)
    found.add("spread: dendrite above -40 mV (ms)", plateau[1], "none", "order only", met=plateau[1] < 5)
    found.add("together, 6 mM Mg: dendrite above -40 mV (ms)", plateau[2], "far shorter: NMDA carries it",
              SCHILLER, met=plateau[2] < plateau[0] / 4)  # fmt: skip
    width = _width(t, close[0])
    found.add("together: half-width at the soma (ms)", width, "64.4 +- 19.8", SCHILLER,
              met=abs(width - 64.4) <= 19.8)  # fmt: skip
    peak = close[0].max() + 70
    found.add(
        "together: peak at the soma (mV)", peak, "3 (distal) to 23 (proximal)", MAJOR, met=3 <= peak <= 23
    )
    found.data = {"t": t, "v": v}
    return found


def draw(found: Landmark) -> Figure:
    """Draw the voltage of the dendrite and of the soma, by case."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots(1, 2)
    for axis, place, title in zip(axes, (1, 0), ("dendrite", "soma"), strict=True):
        for (case, v), style in zip(found.data["v"].items(), ("-", "--", ":"), strict=True):
            axis.plot(found.data["t"], v[place], style, label=case)
        axis.set(xlabel="time (ms)", ylabel="voltage (mV)", title=f"{title}, {SYNAPSES} synapses, one spike")
    axes[0].legend(frameon=False)
    return figure
