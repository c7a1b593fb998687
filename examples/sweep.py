"""Many runs of one compiled binary, in parallel, with progress; what is finished survives an interruption.

``python sweep.py`` runs locally with joblib, ``python sweep.py --dask`` through Dask (both come with
``pip install 'brian2_nmda[sweep]'``). For a cluster change the one line that makes the client, such as
``Client("scheduler:8786")`` or ``Client(SLURMCluster(...))`` of dask-jobqueue; all machines have to see the
folder.

A run is a command with other values, and a file that appears when it is complete. Start the script again and
only missing runs are made. Files belong to the text of `build`: change the model and its runs are made
anew.
"""

import hashlib
import inspect
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from brian2 import *

from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse

# -- runs: nothing here knows what is simulated --------------------------------------------------------------


def name_of(model, values):
    """A run's file: its values and the text of its model decide."""
    text = json.dumps([model, values], sort_keys=True)
    return f"run_{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"


def run_once(project, read, values, file):
    """Run the binary with other values; write what it recorded, all or nothing. Safe to be done twice."""
    file = Path(file)
    results = Path(tempfile.mkdtemp(prefix="results_", dir=project))
    descriptor, part = tempfile.mkstemp(prefix=file.stem, suffix=".part", dir=file.parent)
    os.close(descriptor)
    try:
        given = [f"{name}={value!r}" for name, value in values.items()]
        subprocess.run([f"{project}/main", "--results_dir", f"{results}/", *given], cwd=project, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        found = {name: np.fromfile(results/stored, dtype) for name, (stored, dtype) in read.items()}
        with open(part, "wb") as stream:
            np.savez(stream, **found)
        os.replace(part, file)  # the file is complete, or it is not there
    finally:
        shutil.rmtree(results, ignore_errors=True)
        Path(part).unlink(missing_ok=True)
    return str(file)


def with_joblib(tasks, jobs=2):
    from joblib import Parallel, delayed

    return Parallel(n_jobs=jobs, return_as="generator_unordered")(delayed(run_once)(*t) for t in tasks)


def with_dask(tasks, client):
    """Runs of a worker that dies are given to another one."""
    from dask.distributed import as_completed

    futures = [client.submit(run_once, *task, pure=False) for task in tasks]
    return (future.result() for future in as_completed(futures))


def sweep(folder, project, read, model, grid, runner):
    """Make the runs that are not there yet; the file of each run, in the order of the grid."""
    from tqdm import tqdm

    folder = Path(folder).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    runs = [(values, folder/name_of(model, values)) for values in grid]
    missing = [(str(project), read, values, str(file)) for values, file in runs if not file.exists()]
    print(f"{len(runs) - len(missing)} of {len(runs)} runs are there", flush=True)
    for _ in tqdm(runner(missing) if missing else (), total=len(missing), unit="run"):
        pass
    for _, file in runs:
        for part in folder.glob(f"{file.stem}*.part"):  # of a worker that was killed while it wrote
            part.unlink()
    return [file for _, file in runs]


# -- the model -----------------------------------------------------------------------------------------------


def build(directory):
    """Compile a neuron with 100 inputs; how the binary calls its parameters, and what is read from a run."""
    set_device("cpp_standalone", directory=directory, build_on_run=False)
    seed(4)
    model = GlutamateSynapse([AMPA(gmax=1.5*nS), BioNMDA(gmax=0.1*nS)])
    inputs = PoissonGroup(100, rates=10*Hz)
    neuron = NeuronGroup(1, "dv/dt = (10*nS*(-70*mV - v) - I_syn)/(200*pF) : volt (unless refractory)"
                         + model.post_equations(variable=["Mg"]), threshold="v > -50*mV", reset="v = -60*mV",
                         refractory=2*ms, method="euler")  # fmt: skip
    neuron.v = -70*mV
    S = model.synapses(inputs, neuron, w=1)
    S.connect()
    spikes = SpikeMonitor(neuron)
    run(2*second)
    device.build(directory=directory, run=False)
    t = spikes.variables["t"]
    return S.binary_names(), {"t": (Path(device.get_array_filename(t)).name, np.dtype(t.dtype).str)}


if __name__ == "__main__":
    project = tempfile.mkdtemp(prefix="sweep_project_", dir=".")  # on a disk that all workers see
    names, read = build(os.path.abspath(project))
    strengths, magnesium = [0, 0.05, 0.1, 0.2, 0.3], [0.1, 0.5, 1.0]  # nS, mM
    grid = [{names["gmax_NMDA"]: g*1e-9, names["Mg"]: float(Mg*mM)}
            for Mg, g in itertools.product(magnesium, strengths)]  # fmt: skip
    model = inspect.getsource(build)
    if "--dask" in sys.argv:
        from dask.distributed import Client

        with Client(n_workers=2, threads_per_worker=1) as client:  # <- the line that a cluster changes
            files = sweep("sweep_runs", os.path.abspath(project), read, model, grid,
                          lambda tasks: with_dask(tasks, client))  # fmt: skip
    else:
        files = sweep("sweep_runs", os.path.abspath(project), read, model, grid, with_joblib)
    shutil.rmtree(project)

    rates = np.array([len(np.load(file)["t"])/2 for file in files]).reshape(len(magnesium), -1)
    figure, axis = plt.subplots(figsize=(6, 3.8), layout="constrained")
    for Mg, row, marker in zip(magnesium, rates, "os^", strict=True):
        axis.plot(strengths, row, f"{marker}-", label=f"{Mg:g} mM Mg")
    axis.set(xlabel="NMDA conductance of one input (nS)", ylabel="rate (Hz)", title="15 runs of one binary")
    axis.legend(frameon=False)
    figure.savefig("sweep.png", dpi=120)
