"""Time NEURON's programs of two checkouts in turn: ``neuron_before_after.py CHECKOUT [--rounds 31]``.

CHECKOUT is a work tree in which `neuron_programs.py` is as it was. This interpreter has the package and
NEURON. Runs are short, so that both of a round meet the same machine.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
CASES = {
    "W1, BioNMDA": ("BioNMDA", {"n": 100, "seconds": 0.02}),
    "W7a, five states": ("five states", {"n": 100, "seconds": 0.02}),
    "W7b, Kampa": ("Kampa", {"n": 100, "seconds": 0.02}),
}


def start(benchmarks: Path, receptor: str, network: dict, folder: str) -> subprocess.Popen:
    """A program that has been built."""
    arguments = json.dumps({"receptor": receptor, **network})
    command = [sys.executable, benchmarks / "worker.py", "neuron_programs", "point_processes", arguments]
    log = (Path(folder) / "log").open("a")
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, cwd=folder
    )
    process.stdout.readline()
    return process


def seconds(process: subprocess.Popen) -> float:
    """One run of it."""
    process.stdin.write("run\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())["seconds"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("--rounds", type=int, default=31)
    options = parser.parse_args()
    for name, (receptor, network) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            both = [start(x, receptor, network, folder) for x in (options.before / "benchmarks", HERE)]
            pairs = []
            for k in range(options.rounds + 1):  # the first is not counted
                order = both[:: -1 if k % 2 else 1]
                took = {id(p): seconds(p) for p in order}
                pairs.append([took[id(p)] for p in both])
            before, after = zip(*pairs[1:], strict=True)
            ratios = sorted(a / b for b, a in pairs[1:])
            print(
                f"{name}: {median(before):.3f} s before, {median(after):.3f} s after; "
                f"ratio {median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}) in {len(ratios)} rounds",
                flush=True,
            )
            for process in both:
                process.stdin.close()
                process.wait()


if __name__ == "__main__":
    main()
