"""Time our programs with two versions of the package in turn: ``before_after.py PYTHON_BEFORE [W1 ...]``.

PYTHON_BEFORE is the interpreter of an environment with the package as it was. Each round builds both, one
after the other, and lets them run in turn; a ratio is that of one turn, after over before.
Memory is measured by `costs.py`.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

from run import Running, machine, plain
from workloads import WORKLOADS, Program

COLUMNS = ["program", "run before (s)", "after", "ratio", "lowest", "highest", "build"]


def programs(workload: str, quick: bool) -> list[Program]:
    """Those of a workload that are ours, whatever their plan or target."""
    return [p for p in WORKLOADS[workload](quick).programs if p.group.startswith("ours")]


def compare(program: Program, before: Path, rounds: int, runs: int, folder: Path) -> list[str]:
    """One row of the table."""
    pairs, builds, seconds = [], [], []
    for k in range(rounds):
        order = [before, Path(sys.executable)][:: -1 if k % 2 else 1]
        both = {python: Running(program, folder, python) for python in order}
        for _ in range(runs):
            for running in both.values():
                running.run()
        for running in both.values():
            running.end()
        old, new = both[before], both[Path(sys.executable)]
        for running, name in ((old, "before"), (new, "after")):
            if running.problem is not None:
                return [f"{program.name}, {name}: {running.problem}", *[""] * (len(COLUMNS) - 1)]
        builds.append(new.build / old.build)
        pairs += [n / o for n, o in zip(new.seconds, old.seconds, strict=True)]
        seconds += list(zip(old.seconds, new.seconds, strict=True))
    times = [median(s) for s in zip(*seconds, strict=True)]
    return [
        program.name,
        *(f"{s:.3g}" for s in times),
        *(f"{x:.3f}" for x in (median(pairs), min(pairs), max(pairs), median(builds))),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path, help="interpreter of an environment with the package before")
    parser.add_argument("workloads", nargs="*", default=list(WORKLOADS), choices=list(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=2, help="builds of each")
    parser.add_argument("--runs", type=int, default=5, help="runs of each in a round")
    parser.add_argument("--quick", action="store_true", help="smaller networks")
    options = parser.parse_args()
    print(machine(options.rounds), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.workloads:
            rows = [
                compare(p, options.before, options.rounds, options.runs, Path(folder))
                for p in programs(name, options.quick)
            ]
            print(f"\n{name}\n{plain(rows, COLUMNS)}", flush=True)


if __name__ == "__main__":
    main()
