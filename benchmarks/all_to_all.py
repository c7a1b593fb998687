"""Three plans: N x N all-to-all BioNMDA synapses, C++ standalone, interleaved runs.

Naive, optimised (exact), and sent at spikes (``w='constant', tolerance=1e-6``). All have the same integrator,
block rule, spikes, weights and compiler flags. Each is compiled once; the programs then run in turn. Only
the run is timed, compiling is listed apart.
"""

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import brian2
import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    defaultclock,
    device,
    mM,
    ms,
    mV,
    nS,
    prefs,
    second,
    set_device,
)

from brian2_nmda import BioNMDA, GlutamateSynapse, JahrStevens

FORMS = ("spikes", "optimised", "naive")
OPTIONS = {
    "naive": {"optimize": False},
    "optimised": {},
    "spikes": {"w": "constant", "tolerance": 1e-6},
}
#: Largest difference of the voltages from the naive form, of their range.
AGREE = {"optimised": 1e-9, "spikes": 1e-6}


def build_and_run(form: str, directory: Path, n: int, seconds: float, rate: float) -> None:
    """Compile one form in ``directory``, run it once and keep its voltages."""
    prefs["devices.cpp_standalone.extra_make_args_unix"] = ["-j2"]
    set_device("cpp_standalone", directory=str(directory), build_on_run=False)
    defaultclock.dt = 0.1 * ms
    rng = np.random.default_rng(0)
    count = int(n * rate * seconds)
    spikes = np.stack([rng.integers(0, n, count), rng.integers(0, round(seconds * 1e4), count)], 1)
    spikes = np.unique(spikes, axis=0)  # one spike per neuron and step
    source = SpikeGeneratorGroup(n, spikes[:, 0], spikes[:, 1] * 0.1 * ms)
    model = GlutamateSynapse(BioNMDA(gmax=5 / n * nS, block=JahrStevens(Mg=1 * mM)))
    neurons = NeuronGroup(
        n,
        "dv/dt = (10*nS*(-70*mV - v) - I_syn)/(200*pF) : volt" + model.post_equations(),
        method="euler",
    )
    neurons.v = -70 * mV
    synapses = model.synapses(source, neurons, **OPTIONS[form])
    synapses.connect()
    synapses.w = "0.5 + ((7*i + 13*j) % 101)/101.0"
    monitor = StateMonitor(neurons, "v", record=[0, n // 2, n - 1], dt=1 * ms)
    Network(source, neurons, synapses, monitor).run(seconds * second)
    started = time.time()
    device.build(directory=str(directory), compile=True, run=False)
    (directory / "build_seconds").write_text(str(time.time() - started))
    device.run(directory=str(directory), with_output=False, run_args=[])
    np.save(directory / "v.npy", np.asarray(monitor.v / mV))


def time_once(directory: Path) -> float:
    """Seconds of simulation of a compiled program, as it reports itself."""
    subprocess.run(["./main"], cwd=directory, check=True, stdout=subprocess.DEVNULL)
    return float((directory / "results" / "last_run_info.txt").read_text().split()[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-n", type=int, default=500, help="neurons on each side")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rate", type=float, default=5.0, help="spikes per second and source")
    parser.add_argument("--no-naive", action="store_true", help="leave out the naive form, for large n")
    parser.add_argument("--quick", action="store_true", help="200 x 200, two pairs")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    n, pairs = (200, 2) if options.quick else (options.n, options.pairs)
    if options.worker:
        form, directory = options.worker
        build_and_run(form, Path(directory), options.n, options.seconds, options.rate)
        return
    flags = " ".join(prefs["codegen.cpp.extra_compile_args_gcc"])
    print(
        f"{n} x {n} all-to-all, {options.rate:g} Hz, {options.seconds:g} s at 0.1 ms, C++ standalone, "
        f"one thread, float64, {flags}\nBrian2 {brian2.__version__}, NumPy {np.__version__}, "
        f"Python {sys.version.split()[0]}, {platform.machine()}",
        flush=True,
    )
    forms = FORMS[:2] if options.no_naive else FORMS
    directories = {form: Path(tempfile.mkdtemp(prefix=f"{form}_")) for form in forms}
    for form, directory in directories.items():
        size = ["-n", str(n), "--seconds", str(options.seconds), "--rate", str(options.rate)]
        command = [sys.executable, __file__, "--worker", form, str(directory), *size]
        subprocess.run(command, check=True)
        seconds = float((directory / "build_seconds").read_text())
        print(f"build {form:10} {seconds:6.1f} s", flush=True)
    v = {form: np.load(directory / "v.npy") for form, directory in directories.items()}
    for form in set(forms) - {"naive"}:
        difference = np.max(np.abs(v[form] - v[forms[-1]])) / np.ptp(v[forms[-1]])
        print(f"voltages of {form} differ by {difference:.1e} of their range from {forms[-1]}")
        if difference > AGREE[form]:
            raise SystemExit("the forms disagree")
    seconds = {form: [] for form in forms}
    for pair in range(pairs):
        for form in forms:
            seconds[form].append(time_once(directories[form]))
        print(
            f"run {pair + 1}: " + ", ".join(f"{form} {seconds[form][-1]:.2f} s" for form in forms), flush=True
        )
    for form in forms:
        cost = median(seconds[form]) / (n * n * options.seconds * 1e4) * 1e9
        print(f"{form:10} {cost:8.4f} ns per synapse and time step (median)")
    for slow, fast in zip(forms[1:], forms, strict=False):
        ratio = median(a / b for a, b in zip(seconds[slow], seconds[fast], strict=True))
        print(f"median ratio {slow}/{fast}: {ratio:.1f}")


if __name__ == "__main__":
    main()
