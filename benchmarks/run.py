"""Time all programs of the workloads in turn, check what they compute and print the table of ratios."""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np
import peers
from bandwidth import limit_of_a_spine
from solutions import deviations
from workloads import WORKLOADS, Program, Workload

HERE = Path(__file__).parent
COLUMNS = [
    "program",
    "dtype",
    "threads",
    "n",
    "s",
    "build (s)",
    "run (s)",
    "ns/synapse/step",
    "x ours",
    "G",
    "v",
    "other",
]


class Running:
    """A program in its own process, built; see `worker`. ``python`` runs programs that need no peer."""

    def __init__(self, program: Program, folder: Path, python: Path | str = sys.executable) -> None:
        self.program, self.seconds, self.problem, self.process = program, [], None, None
        self.file = Path(tempfile.mkstemp(suffix=".npz", dir=folder)[1])
        self.log = self.file.with_suffix(".log")
        if program.peer is not None:
            python = peers.python_of(program.peer)
        if python is None:
            self.problem = f"not installed: python {HERE.name}/peers.py {program.peer}"
            return
        module, function = program.function.split(".")
        arguments = json.dumps({**program.network, **program.arguments})
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [python, HERE / "worker.py", module, function, arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=folder,
                env={
                    **os.environ,
                    "JAX_PLATFORMS": "cpu",
                    "TF_CPP_MIN_LOG_LEVEL": "3",
                    "BENCHMARK_PYTHON": sys.executable,
                },
            )
        self.build = self._answer("build")

    def _answer(self, key: str, line: str = "") -> float:
        """What the program says to a line, or nan if it has failed."""
        if self.problem is not None:
            return np.nan
        try:
            if line:
                self.process.stdin.write(line + "\n")
                self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())[key]
        except (json.JSONDecodeError, BrokenPipeError):
            self.problem = (
                "failed: " + (self.log.read_text().strip().splitlines() or ["no message"])[-1][:150]
            )
            return np.nan

    def run(self) -> None:
        self.seconds.append(self._answer("seconds", "run"))

    def end(self) -> dict[str, np.ndarray]:
        """Its results; it leaves."""
        self._answer("MiB", f"end {self.file}")
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()
        if self.problem is not None:
            return {}
        with np.load(self.file) as file:
            return dict(file)


def measure(workload: Workload, rounds: int, folder: Path, at_once: int) -> tuple[list[Running], list[dict]]:
    """Build every program, run them in turn, and compare what they computed with the solution."""
    with ThreadPoolExecutor(at_once) as pool:
        running = list(pool.map(lambda program: Running(program, folder), workload.programs))
    print(f"  built {workload.title}", file=sys.stderr, flush=True)
    for _ in range(rounds):
        for program in running:
            program.run()
    results = [program.end() for program in running]
    return running, deviations(workload, results)


def costs(running: Running) -> np.ndarray:
    """ns per synapse and time step in each round; without a number of synapses seconds per second."""
    seconds = np.array(running.seconds, float)
    network = running.program.network
    if "n" not in network:
        return seconds / network.get("seconds", 1)
    synapses = max(network.get("p", 1) * network["n"] ** 2, 1)
    return seconds / (synapses * network["seconds"] / 1e-4) * 1e9


def fastest(running: list[Running], group: str) -> Running | None:
    those = [r for r in running if r.program.group == group and r.problem is None]
    return min(those, key=lambda r: median(costs(r)), default=None)


def ratio(slow: Running, fast: Running) -> float:
    """Median over the rounds of the ratio in one round."""
    return median(costs(slow) / costs(fast))


def table(running: list[Running], errors: list[dict]) -> list[list[str]]:
    ours = fastest(running, "ours")
    rows = []
    for one, error in zip(running, errors, strict=True):
        program, network = one.program, one.program.network
        row = [program.name, program.dtype, program.threads, network.get("n", ""), network.get("seconds", "")]
        if one.problem is not None:
            rows.append([str(x) for x in row] + ["", "", one.problem] + [""] * 4)
            continue
        row += [f"{one.build:.1f}", f"{median(one.seconds):.3g}"]
        row.append(f"{median(costs(one)):.4g}" if "n" in network and network.get("p", 1) else "")
        comparable = ours is not None and network.get("p", 1)
        row.append(f"{ratio(one, ours):.3g}" if comparable else "")
        row += [f"{error[x]:.1e}" if x in error else "" for x in ("G", "v")]
        row.append(", ".join(f"{k} {x}" for k, x in error.items() if k not in ("G", "v")))
        rows.append([str(x) for x in row])
    return rows


def verdicts(workload: Workload, running: list[Running], errors: list[dict]) -> list[str]:
    """One line for each bar."""
    ours = fastest(running, "ours")
    lines = []
    if ours is None:
        return ["ours did not run"]
    for group, bar in workload.bars.items():
        peer = fastest(running, group)
        if peer is None:
            lines.append(f"{group}: not measured (asked: {bar:g} times)")
            continue
        found = ratio(peer, ours)
        lines.append(
            f"{peer.program.name} ({group}) takes {found:.3g} times as long as {ours.program.name}; "
            f"asked {bar:.3g}: {'met' if found >= bar else 'MISSED'}"
        )
    if workload.accuracy is not None:
        found = errors[running.index(ours)].get("G", np.nan)
        word = "met" if found <= workload.accuracy else "MISSED"
        lines.append(
            f"total conductance of ours within {found:.1e} of its peak; asked {workload.accuracy:g}: {word}"
        )
    for group, bar in workload.builds.items():
        peer = fastest(running, group)
        if peer is not None:
            found = peer.build / ours.build
            word = "met" if found >= bar else "MISSED"
            lines.append(f"{group} takes {found:.2f} times as long to build as ours; asked {bar:g}: {word}")
    if workload.total is not None:
        found = ours.build + median(ours.seconds)
        word = "met" if found <= workload.total else "MISSED"
        lines.append(
            f"ours takes {found:.1f} s with the build; asked {workload.total:g}: {word} (at this size)"
        )
    if workload.solution == "spine":
        network = ours.program.network
        lines.append(limit_of_a_spine(network["n"] ** 2 * network["p"]))
    return lines


def plain(rows: list[list[str]], columns: list[str] = COLUMNS) -> str:
    rows = [columns, *rows]
    widths = [max(len(row[c]) for row in rows if len(row[c]) < 40) for c in range(len(columns))]
    return "\n".join("  ".join(x.ljust(w) for x, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def markdown(rows: list[list[str]]) -> str:
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in lines)


def machine(rounds: int) -> str:
    """Everything that a figure depends on."""
    processor = platform.processor()
    if Path("/proc/cpuinfo").exists():
        named = [x for x in Path("/proc/cpuinfo").read_text().splitlines() if x.startswith("model name")]
        processor = named[0].split(":")[1].strip() if named else processor
    compiler = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=False).stdout
    from brian2 import prefs

    import brian2_nmda

    where = Path(brian2_nmda.__file__).parent
    git = ["git", "-C", where, "describe", "--always", "--dirty", "--exclude=*"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()
    installed = {p: peers.version(p) or "not installed" for p in peers.PEERS}
    return "\n".join(
        [
            f"{processor}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start; "
            f"Python {platform.python_version()}, {compiler.splitlines()[0] if compiler else 'no g++'}",
            f"brian2_nmda {commit or version('brian2_nmda')} of {where}, Brian2 {version('brian2')}, "
            f"NumPy {version('numpy')}; " + ", ".join(f"{p} {v}" for p, v in installed.items()),
            "flags of all Brian2 programs: " + " ".join(prefs["codegen.cpp.extra_compile_args_gcc"]),
            f"dt 0.1 ms, 5 Hz. Timed: the run alone, median of {rounds} interleaved rounds; compiling and "
            "JIT are in 'build', with imports and construction.",
            "G, v: largest difference from the exact solution, of the peak of G and of the range of v. "
            "Programs without G do not report it.",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "workloads", nargs="*", metavar="W", help=f"of {', '.join(WORKLOADS)}; all by default"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small, one round, no W4: about five minutes on two free cores"
    )
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", nargs="+", metavar="TEXT", help="programs whose name contains one of these")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there too")
    options = parser.parse_args()
    rounds = options.rounds or (1 if options.quick else 5)
    unknown = set(options.workloads) - set(WORKLOADS)
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}")
    about = machine(rounds)
    if options.quick:
        about += (
            "\nQuick: small networks, which favour the peers of W1 to W3; two programs are built at a time."
        )
    print(about)
    pages = [about.replace("\n", "  \n")]
    chosen = options.workloads or [w for w in WORKLOADS if not (options.quick and w == "W4")]
    for name in chosen:
        workload = WORKLOADS[name](options.quick)
        if options.only:
            chosen_programs = [p for p in workload.programs if any(x in p.name for x in options.only)]
            workload = replace(workload, programs=chosen_programs)
        with tempfile.TemporaryDirectory(prefix="benchmark_run_") as folder:
            running, errors = measure(
                workload, rounds if name != "W5" else 1, Path(folder), 1 + options.quick
            )
        rows, said = table(running, errors), verdicts(workload, running, errors)
        load = f"load {os.getloadavg()[0]:.1f}"
        print(f"\n{workload.title} ({load})\n{plain(rows)}", *said, sep="\n", flush=True)
        pages.append(
            f"### {workload.title}\n\n{markdown(rows)}\n\n" + "\n".join(f"- {x}" for x in [*said, load])
        )
        if options.markdown:
            options.markdown.write_text("\n\n".join(pages) + "\n")


if __name__ == "__main__":
    main()
