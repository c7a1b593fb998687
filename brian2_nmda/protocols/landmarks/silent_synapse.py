"""A silent synapse is unsilenced: no AMPA receptors, then spikes paired with 0 mV (Isaac 1995, Liao 1995)."""

from typing import Any

import numpy as np
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, TimedArray, ms, mV, pA, second
from matplotlib.figure import Figure

from brian2_nmda.equations import AMPA, BioNMDA, ReceptorInsertion, SpineCalcium
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.protocols.devices import simulation
from brian2_nmda.protocols.landmark import Landmark

SOURCE = "Kerchner & Nicoll 2008 (review), PMC2819160"
#: Voltage (mV) during the spikes, of the paired and of the unpaired cell; and of the tests.
HELD, TESTED = (0, -65), (-65, 40)
NEURON = """held : volt (constant)
v = int(paired(t) > 0.5)*held + int(paired(t) < 0.5)*tested(t) : volt
I = I_syn : amp
"""


def _network(times: np.ndarray, start: float, end: float) -> tuple[Network, StateMonitor, StateMonitor]:
    """Two synapses without AMPA receptors, and monitors of the current and of the receptors."""
    halves = np.arange(0, end + 2, 0.5)
    tested = TimedArray(np.where(halves % 1 < 0.25, *TESTED) * mV, dt=0.5 * second, name="tested")
    paired = TimedArray(1.0 * ((halves >= start) & (halves < end)), dt=0.5 * second, name="paired")
    rule = ReceptorInsertion(n_min=0)
    model = GlutamateSynapse([AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=rule)
    source = SpikeGeneratorGroup(1, np.zeros(len(times), int), np.sort(times) * second)
    namespace = {"paired": paired, "tested": tested}
    cells = NeuronGroup(2, NEURON + model.post_equations(), namespace=namespace)
    cells.held = np.array(HELD) * mV
    S = model.synapses(source, cells)
    S.connect(i=[0, 0], j=[0, 1])
    S.n_AMPA = 0
    current = StateMonitor(cells, "I", record=[0], dt=0.5 * ms)
    number = StateMonitor(S, "n_AMPA", record=[0, 1], dt=100 * ms)
    return Network(source, cells, S, current, number), current, number


def _recorded(spikes: int) -> dict[str, Any]:
    """Currents (pA) of the tests before and after, and the receptors of both synapses over time (s)."""
    start, end = 1.0, 1.0 + spikes // 2  # whole seconds, as each test takes half of one
    tests = np.array([0.1, 0.6, end + 0.1, end + 0.6])
    with simulation("cpp_standalone", 0.1 * ms) as (device, directory):
        times = np.r_[tests, start + 0.1 + np.arange(spikes) / 2]
        network, current, number = _network(times, start, end)
        network.run((end + 2) * second)
        device.build(directory=directory, with_output=False)
        t, pA_ = np.array(current.t / second), np.array(current.I[0] / pA)
        found = {"t": np.array(number.t / second), "n": np.array(number.n_AMPA)}
    names = ("-65 before", "+40 before", "-65 after", "+40 after")
    of_tests = {name: pA_[(t >= test) & (t < test + 0.06)] for name, test in zip(names, tests, strict=True)}
    return {**found, "tests": of_tests, "spikes": spikes}


def _largest(current: np.ndarray) -> float:
    return float(current[np.argmax(np.abs(current))])


def landmark(short: bool = False) -> Landmark:
    """Test synapses without AMPA receptors at -65 and +40 mV, before and after spikes at 2 Hz.

    Parameters
    ----------
    short : bool
        Give 20 spikes in place of 100.

    Returns
    -------
    Landmark
    """
    data = _recorded(20 if short else 100)
    largest = {name: _largest(current) for name, current in data["tests"].items()}
    rested = largest["-65 before"] / largest["-65 after"]
    found = Landmark(
        "A silent synapse is unsilenced by pairing (Isaac et al. 1995, Liao et al. 1995)",
        "The rule inserts within seconds while calcium is high; slices take a minute. Failures are not "
        "modelled, and the rule is the simplest of the package (see `ReceptorInsertion`).",
    )
    found.add(
        "current at +40 mV before (pA)",
        largest["+40 before"],
        "NMDA receptors are there",
        SOURCE,
        met=largest["+40 before"] > 1,
    )
    found.add("current at -65 mV before, of that after", rested, "almost none", SOURCE,
              met=rested < 0.2)  # fmt: skip
    paired, alone = data["n"][:, -1]
    found.add("AMPA receptors after pairing with 0 mV", paired, "above 0", SOURCE, met=paired > 1)
    found.add("AMPA receptors after spikes at -65 mV", alone, "0: nothing without pairing", "order only",
              met=alone < 0.1)  # fmt: skip
    found.data = data
    return found


def draw(found: Landmark) -> Figure:
    """Draw the number of AMPA receptors over time and the test currents before and after."""
    figure = Figure(figsize=(10, 3.6), layout="constrained")
    axes = figure.subplots(1, 3)
    for n, style, label in zip(
        found.data["n"], ("-", "--"), ("paired with 0 mV", "held at -65 mV"), strict=True
    ):
        axes[0].plot(found.data["t"], n, style, label=label)
    axes[0].set(xlabel="time (s)", ylabel="AMPA receptors", title=f"{found.data['spikes']} spikes at 2 Hz")
    axes[0].legend(frameon=False)
    for axis, v in zip(axes[1:], ("-65", "+40"), strict=True):
        for when, style in (("before", "--"), ("after", "-")):
            current = found.data["tests"][f"{v} {when}"]
            axis.plot(np.arange(len(current)) * 0.5, current, style, label=when)
        axis.set(xlabel="time after the spike (ms)", ylabel="current (pA)", title=f"tested at {v} mV")
    axes[1].legend(frameon=False)
    return figure
