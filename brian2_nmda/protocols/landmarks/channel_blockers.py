"""Memantine spares phasic more than tonic activation of NMDA receptors (Xia 2010); ketamine beside it."""

import numpy as np
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, mM, ms, mV, second
from matplotlib.figure import Figure

from brian2_nmda.equations import BioNMDA, JahrStevens, Ketamine, Memantine, TransmitterPulse
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.protocols.devices import simulation
from brian2_nmda.protocols.landmark import Landmark

XIA = "Xia et al. 2010, abstract, doi:10.1523/JNEUROSCI.2488-10.2010"
NIGRA = (
    "15: 'Memantine selectively blocks extrasynaptic NMDA receptors in rat substantia nigra', abstract, 2015"
)
ALIKE = "'Indistinguishable synaptic pharmacodynamics of ... memantine and ketamine', abstract"
#: Spikes (Hz): EPSCs that are evoked now and then, and a train that keeps the receptors open.
PHASIC, TONIC = 0.2, 100
CONCENTRATIONS = 10 ** (np.arange(6) / 2 - 0.5)  # uM
DRUGS = {"memantine": Memantine, "ketamine": Ketamine}


def _network(length: float) -> tuple[Network, dict[str, StateMonitor]]:
    """Receptors of each drug, by concentration and pattern, and monitors of their blocked fraction."""
    n = len(CONCENTRATIONS)
    times = np.arange(0.1, length, 1 / PHASIC), np.arange(0.1, length, 1 / TONIC)
    source = SpikeGeneratorGroup(
        2, np.repeat([0, 1], [len(t) for t in times]), np.concatenate(times) * second
    )
    monitors = {}
    network = Network(source)
    for name, drug in DRUGS.items():
        receptor = BioNMDA(blocker=drug(), block=JahrStevens(Mg=0 * mM))
        model = GlutamateSynapse(receptor, release=TransmitterPulse(duration=1 * ms))
        held = NeuronGroup(n, "v : volt (constant)\nI = I_syn : amp" + model.post_equations(), namespace={})
        held.v = -70 * mV
        S = model.synapses(source, held, per_synapse=[f"conc_{name}_NMDA"])
        S.connect(i=np.repeat([0, 1], n), j=np.tile(np.arange(n), 2))
        setattr(S, f"conc_{name}_NMDA", "10**(j/2.0 - 0.5)*umolar")
        monitors[name] = StateMonitor(S, f"b_{name}_NMDA", record=np.arange(2 * n), dt=100 * ms)
        network.add(held, S, monitors[name])
    return network, monitors


def _blocked(length: float) -> dict[tuple[str, str], np.ndarray]:
    """The blocked fraction after ``length`` s, for each drug and pattern, by concentration."""
    with simulation("cpp_standalone", 0.25 * ms) as (device, directory):
        network, monitors = _network(length)
        network.run(length * second)
        device.build(directory=directory, with_output=False)
        found: dict[tuple[str, str], np.ndarray] = {}
        for name, monitor in monitors.items():
            last = np.array(getattr(monitor, f"b_{name}_NMDA"))[:, -1].reshape(2, -1)
            found |= {(name, "phasic"): last[0], (name, "tonic"): last[1]}
    return found


def _half(blocked: np.ndarray) -> float:
    """The concentration (uM) that blocks half; infinite if none does."""
    if blocked[-1] < 0.5:
        return float("inf")
    return float(np.exp(np.interp(0.5, blocked, np.log(CONCENTRATIONS))))


def landmark(short: bool = False) -> Landmark:
    """Block receptors that open now and then and receptors that are always open, at -70 mV without magnesium.

    Parameters
    ----------
    short : bool
        Wait for 40 s in place of 150 s until the block is steady.

    Returns
    -------
    Landmark
    """
    blocked = _blocked(40 if short else 150)
    half = {key: _half(values) for key, values in blocked.items()}
    found = Landmark(
        "Open-channel blockers: tonic activation is blocked more than phasic (Xia et al. 2010)",
        "Phasic is a spike each 5 s, tonic a train that keeps the receptors open; the ratio depends on how "
        "often spikes come, which the abstracts do not say. In the model memantine differs from ketamine in "
        "its rates, and in that a sixth of its block is not trapped. Full trapping makes the steady block by "
        "ketamine independent of use: the model spares nothing once the block is steady. Slices see its "
        "onset, which takes many spikes.",
    )
    tonic = half["memantine", "tonic"]
    found.add("memantine: half block, tonic (uM)", tonic, "1.66 (koff/kon)", "Gilling et al. 2009",
              met=abs(tonic / 1.66 - 1) < 0.15)  # fmt: skip
    ratio = half["memantine", "phasic"] / tonic
    found.add(
        "memantine: phasic of tonic half block", ratio, "2 and 15: above 1", f"{XIA}; {NIGRA}", met=ratio > 1
    )
    at = list(CONCENTRATIONS).index(10)
    spared = {d: blocked[d, "phasic"][at] / blocked[d, "tonic"][at] for d in DRUGS}
    found.add("10 uM memantine: phasic of tonic block", spared["memantine"], "below 1", XIA,
              met=spared["memantine"] < 0.9)  # fmt: skip
    found.add("10 uM ketamine: phasic of tonic block", spared["ketamine"], "as memantine, within 20 %", ALIKE,
              met=abs(spared["ketamine"] / spared["memantine"] - 1) < 0.2)  # fmt: skip
    found.data = {"blocked": blocked}
    return found


def draw(found: Landmark) -> Figure:
    """Draw the blocked fraction against concentration, for each drug and pattern."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axis, name in zip(figure.subplots(1, 2, sharey=True), DRUGS, strict=True):
        for pattern, style in (("tonic", "o-"), ("phasic", "s--")):
            axis.semilogx(CONCENTRATIONS, 100 * found.data["blocked"][name, pattern], style, label=pattern)
        axis.set(xlabel="concentration (uM)", ylabel="blocked (%)", title=name)
        axis.legend(frameon=False)
    return figure
