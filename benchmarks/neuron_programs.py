"""NEURON programs: one point process per synapse, fixed step, files of `to_nmodl` (`mechanisms.py`)."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from network import C_M, DT, E_L, G_L, Network

#: The point process, and the state that is its activation.
MECHANISMS = {
    "BioNMDA": ("BioNMDA", "g_NMDA"),
    "five states": ("FiveState", "O_NMDA"),
    "Kampa": ("TenState", "O_NMDA"),
}


def mechanisms() -> str:
    """Have the mechanisms written, and compile them in a folder of their own; the path of the library.

    This interpreter has NEURON alone; the variable ``BENCHMARK_PYTHON`` names one that has the package.
    """
    directory = tempfile.mkdtemp(prefix="benchmark_mod_")
    writer = [os.environ.get("BENCHMARK_PYTHON", sys.executable), Path(__file__).with_name("mechanisms.py")]
    subprocess.run([*writer, directory], check=True, stdout=sys.stderr)
    tool = Path(sys.executable).parent / "nrnivmodl"
    environment = {**os.environ, "PATH": f"{tool.parent}:{os.environ['PATH']}"}
    subprocess.run([tool, "."], cwd=directory, check=True, stdout=sys.stderr, env=environment)
    return str(next(Path(directory).glob("*/libnrnmech.so")))


def point_processes(receptor: str, **network):
    library = mechanisms()
    from neuron import h

    h.nrn_load_dll(library)
    h.load_file("stdrun.hoc")
    network = Network(**network)
    kind, state = MECHANISMS[receptor]
    neuron, step = network.spikes
    order = np.argsort(neuron, kind="stable")
    trains = np.split((step[order] + 1) * DT, np.cumsum(np.bincount(neuron, minlength=network.n))[:-1])
    sources = [h.IntFire1() for _ in trains]  # an event of weight 2 makes it fire at once
    inputs = [h.NetCon(None, source) for source in sources]
    for source, connection in zip(sources, inputs, strict=True):
        source.refrac, connection.weight[0], connection.delay = 0, 2, 0

    def send_spikes():
        for connection, train in zip(inputs, trains, strict=True):
            for t in train:
                connection.event(t)

    handler = h.FInitializeHandler(send_spikes)
    cells = []
    for i in range(network.n):
        cell = h.Section(name=f"cell{i}")
        cell.L = cell.diam = 100 / np.pi**0.5  # um: 1e-4 cm2
        cell.cm = C_M * 1e-6 / 1e-4  # uF/cm2
        cell.insert("pas")
        cell.e_pas, cell.g_pas = E_L, G_L * 1e-9 / 1e-4  # S/cm2
        cells.append(cell)
    synapses = []
    for i, j, w in zip(*network.synapses, network.weights, strict=True):
        synapse = getattr(h, kind)(cells[j](0.5))
        synapse.gmax_NMDA = network.gmax * w * 1e-3  # uS
        connection = h.NetCon(sources[i], synapse)
        connection.delay, connection.weight[0] = 0, 1
        synapses.append((synapse, connection))
    voltages = [h.Vector().record(cells[r](0.5)._ref_v, 1) for r in network.recorded]
    post = network.synapses[1]
    watched = [[s for s, _ in (synapses[k] for k in np.flatnonzero(post == r))] for r in network.recorded[:1]]
    h.dt, h.steps_per_ms, h.v_init = network.dt, round(1 / network.dt), E_L
    last = {"kept": (handler, sources, inputs, cells, synapses)}  # NEURON drops what Python does not hold

    def run() -> float:
        h.finitialize(E_L)
        started = time.perf_counter()
        h.continuerun(network.seconds * 1e3)
        seconds = time.perf_counter() - started
        last["G"] = [sum(getattr(s, state) * s.gmax_NMDA for s in of) / network.gmax * 1e3 for of in watched]
        return seconds

    def result() -> dict[str, np.ndarray]:
        v = np.array([np.array(x) for x in voltages]).T
        k = np.arange(len(v)) * round(1 / network.dt)
        keep = k < network.steps
        # the total conductance of the first recorded neuron at the end of the run alone
        return {
            "k_v": k[keep],
            "v": v[keep],
            "k_last": np.array([network.steps]),
            "last": np.array(last["G"]),
        }

    return run, result
