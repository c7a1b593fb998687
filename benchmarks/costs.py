"""How the cost of our plans grows, what a synapse needs in memory, and where the first minute goes."""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
from network import Network
from workloads import Program

OURS = "brian_programs.ours"


def timed(programs: list[Program], rounds: int) -> list[float]:
    """Median seconds of each, run in turn."""
    from run import Running

    with tempfile.TemporaryDirectory(prefix="benchmark_costs_") as folder:
        running = [Running(program, Path(folder)) for program in programs]
        for _ in range(rounds):
            for one in running:
                one.run()
        for one in running:
            one.end()
            if one.problem:
                raise SystemExit(f"{one.program.network}: {one.problem}")
    return [median(one.seconds) for one in running]


def slope(x: list[float], y: list[float]) -> float:
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])


def exponents(n: int, rounds: int) -> None:
    """Synaptic part: the time beside that of the same network without synapses."""
    cases = [(rate, 0.4) for rate in (5, 10, 20, 40)] + [(10, p) for p in (0.2, 0.8)]
    networks = [{"n": n, "seconds": 1.0, "p": p, "rate": rate} for rate, p in cases]
    alone = {rate: {"n": n, "seconds": 1.0, "p": 0, "rate": rate} for rate in (5, 10, 20, 40)}
    seconds = timed([Program("", "", OURS, x) for x in [*networks, *alone.values()]], rounds)
    base = dict(zip(alone, seconds[len(networks) :], strict=True))
    events, parts = [], []
    print("  Hz     p  spikes x fan-out   run (s)  without synapses (s)")
    for (rate, p), network, s in zip(cases, networks, seconds, strict=False):
        events.append(len(Network(**network).spikes[0]) * p * n)
        parts.append(max(s - base[rate], 1e-6))
        print(f"{rate:4}  {p:4}  {events[-1]:16.0f}  {s:8.3f}  {base[rate]:8.3f}")
    print(f"exponent in spikes x fan-out: {slope(events, parts):.2f} (asked 1.0 +- 0.1)\n")

    steps = (0.1, 0.05, 0.025)
    networks = [{"n": n, "seconds": 1.0, "p": p, "rate": 10.0, "dt": dt} for dt in steps for p in (0.8, 0)]
    seconds = timed([Program("", "", OURS, x) for x in networks], rounds)
    parts = [max(a - b, 1e-6) for a, b in zip(seconds[::2], seconds[1::2], strict=True)]
    for dt, s, part in zip(steps, seconds[::2], parts, strict=True):
        print(f"dt {dt:5} ms: run {s:.3f} s, of it synapses {part:.3f} s")
    print(
        f"exponent in 1/dt of the synaptic part: {slope([1 / dt for dt in steps], parts):.2f} (asked <= 0.2)"
    )


# -- memory ----------------------------------------------------------------------------------------------


def peak_memory(form: str, **network):
    """A program whose result is the resident memory of the compiled binary, in bytes."""
    import brian2 as b2
    import brian_programs as programs

    def connect(synapses: b2.Synapses, given: Network) -> None:
        synapses.connect(p=given.p)  # nothing that a binary must keep but the synapses themselves
        synapses.w = "0.5 + rand()"

    programs._connect = connect
    run, _ = programs.ours(**network) if form == "ours" else getattr(programs, form)(**network)
    directory = b2.get_device().build_options["directory"]

    def result() -> dict[str, np.ndarray]:
        # not from getrusage: there a process starts with what its parent had
        process = subprocess.Popen(["./main"], cwd=directory, stdout=subprocess.DEVNULL)
        status, samples = Path(f"/proc/{process.pid}/status"), []
        while process.poll() is None:
            lines = (line.split() for line in status.read_text().splitlines())
            samples.append({x[0]: float(x[1]) * 1024 for x in lines if x[0] in ("VmHWM:", "VmRSS:")})
            time.sleep(0.002)
        samples = [x for x in samples if len(x) == 2]
        late = [
            x["VmRSS:"] for x in samples[-len(samples) // 3 :]
        ]  # connecting is over, deleting has not begun
        return {"peak": np.array(samples[-1]["VmHWM:"]), "during the run": np.array(median(late))}

    return run, result


def memory() -> None:
    """Difference of two networks, so that what every program has drops out."""
    from run import Running

    sizes = (500, 2000)
    for form, seconds in {"ours": 2.0, "naive": 0.02, "expert": 0.1}.items():
        held = []
        for n in sizes:
            program = Program("", "", "costs.peak_memory", {"n": n, "seconds": seconds}, {"form": form})
            with tempfile.TemporaryDirectory(prefix="benchmark_costs_") as folder:
                one = Running(program, Path(folder))
                held.append(one.end())
        if one.problem:
            print(form, one.problem)
            continue
        synapses = sizes[1] ** 2 - sizes[0] ** 2
        found = ", ".join(f"{x} {(held[1][x] - held[0][x]) / synapses:.1f}" for x in held[0])
        print(f"{form:8} bytes per synapse: {found} (all-to-all, {sizes[0]} and {sizes[1]} neurons)")


# -- time to the first result -----------------------------------------------------------------------------


def first_phases(form: str, **network):
    """A program that knows how long its phases took."""
    started = time.perf_counter()
    import brian_programs as programs

    phases = {"imports": time.perf_counter() - started}
    import brian2 as b2

    build, compile_source = b2.devices.cpp_standalone.device.CPPStandaloneDevice.build, None
    marks = {}

    def timed_build(device, *args, **kwargs):
        marks["build"] = time.perf_counter()
        return build(device, *args, **kwargs)

    device_class = b2.devices.cpp_standalone.device.CPPStandaloneDevice
    compile_source = device_class.compile_source

    def timed_compile(device, directory, *args, **kwargs):
        marks["compile"] = time.perf_counter()
        compile_source(device, directory, *args, **kwargs)
        marks["compiled"] = time.perf_counter()
        (Path(directory) / "main").unlink()
        arguments = " ".join(b2.prefs["devices.cpp_standalone.extra_make_args_unix"])
        subprocess.run(f"make {arguments}", shell=True, cwd=directory, check=True, capture_output=True)
        marks["linked"] = time.perf_counter()
        marks["files"] = len(list(Path(directory).glob("code_objects/*.cpp")))

    device_class.build, device_class.compile_source = timed_build, timed_compile
    began = time.perf_counter()
    run, _ = getattr(programs, form)(**network)
    link = marks["linked"] - marks["compiled"]
    phases["construct, plan, generate code"] = marks["build"] - began
    phases["write the project"] = marks["compile"] - marks["build"]
    phases["compile (make -j2)"] = marks["compiled"] - marks["compile"] - link
    phases["link"] = link
    started = time.perf_counter()
    run()
    phases["run, with loading"] = time.perf_counter() - started

    def result() -> dict[str, np.ndarray]:
        return {"files": np.array(marks["files"]), **{n: np.array(s) for n, s in phases.items()}}

    return run, result


def first() -> None:
    """Of W1 with 500 neurons, 1 s."""
    from run import Running

    for form in ("ours", "expert", "naive"):
        network = {"n": 500, "seconds": 1.0 if form == "ours" else 0.1}
        with tempfile.TemporaryDirectory(prefix="benchmark_costs_") as folder:
            one = Running(Program("", "", "costs.first_phases", network, {"form": form}), Path(folder))
            phases = one.end()
        if one.problem:
            print(form, one.problem)
            continue
        files = int(phases.pop("files"))
        total = sum(float(s) for s in phases.values())
        print(f"{form}: {total:.1f} s to the first result of {network['seconds']:g} s; {files} code objects")
        for name, s in phases.items():
            print(f"    {name:32} {float(s):6.2f} s")


def large(n: int) -> None:
    """W2 with n neurons, connected in the binary; 31,600 have 10^8 synapses."""
    import brian2 as b2

    from brian2_nmda import BioNMDA, GlutamateSynapse

    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="benchmark_costs_") as folder:
        b2.set_device("cpp_standalone", directory=folder, build_on_run=False)
        model = GlutamateSynapse(BioNMDA(gmax=0.1 * b2.nS))
        source = b2.PoissonGroup(n, 5 * b2.Hz)
        membrane = "dv/dt = (10*nS*(-70*mV - v) - I_syn)/(100*pF) : volt"
        target = b2.NeuronGroup(n, membrane + model.post_equations(), method="euler")
        target.v = -70 * b2.mV
        synapses = model.synapses(source, target, w="constant")
        synapses.connect(p=0.1)
        synapses.w = "rand()"
        b2.Network(source, target, synapses).run(1 * b2.second)
        b2.device.build(directory=folder, run=False)
        built = time.perf_counter()
        b2.device.run(with_output=False)
        ended = time.perf_counter()
        inside = float((Path(folder) / "results" / "last_run_info.txt").read_text().split()[0])
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
        print(
            f"{len(synapses):.3g} synapses: {built - begun:.0f} s to build, "
            f"{ended - built - inside:.0f} s to connect, draw weights and write, "
            f"{inside:.0f} s for 1 s at 5 Hz; {peak:.2g} GiB"
        )


def accuracy() -> None:
    """Largest error of g in a burst of 1 s at 100 Hz, dt 0.1 ms, against the closed form in mpmath."""
    import brian2 as b2
    import reference

    from brian2_nmda import BioNMDA, GlutamateSynapse

    b2.prefs.codegen.target = "numpy"
    spikes = np.arange(10, 10000, 100)
    sample = np.unique(np.concatenate([np.arange(1, 400), np.geomspace(400, 10999, 400).astype(int)]))
    windows = reference.pulse_windows(spikes, 5, 0.1)
    exact = np.asarray(reference.bionmda(sample * 0.1, windows)[1], float)
    forms = {"default": {}, "tolerance=1e-8": {"tolerance": 1e-8}, "tolerance=None": {"tolerance": None}}
    forms |= {f"optimize=False, {m}": {"optimize": False, "method": m} for m in ("rk4", "brainpy_dyn")}
    for name, options in forms.items():
        b2.start_scope()
        model = GlutamateSynapse(BioNMDA())
        source = b2.SpikeGeneratorGroup(1, np.zeros(len(spikes), int), spikes * 0.1 * b2.ms)
        target = b2.NeuronGroup(1, "v = -60*mV : volt\nout = I_syn : amp" + model.post_equations())
        synapses = model.synapses(source, target, **options)
        synapses.connect()
        monitor = b2.StateMonitor(synapses, "g_NMDA", record=True)
        b2.Network(source, target, synapses, monitor).run(1100 * b2.ms)
        error = np.max(np.abs(monitor.g_NMDA[0][sample] - exact))
        row = next(r for r in synapses.plan.table if r["variable"] == "g_NMDA")
        total = next(r for r in synapses.plan.table if r["variable"] == "g_total_NMDA")
        bound = total["error bound"] or row["error bound"] or "none"
        print(f"{name:28} error of g {error:.1e}, bound stated: {bound}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["exponents", "memory", "first", "large", "accuracy"], nargs="+")
    parser.add_argument("-n", type=int, default=2000, help="neurons, for exponents and large")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "tests")]
    for what in options.what:
        if what == "exponents":
            exponents(options.n, options.rounds)
        elif what == "large":
            large(options.n)
        else:
            {"memory": memory, "first": first, "accuracy": accuracy}[what]()
