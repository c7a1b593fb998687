"""What the programs of a workload should compute, and how far they are from it."""

import sys
from functools import cache
from pathlib import Path

import network as nw
import numpy as np
from network import Network
from workloads import Workload

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


@cache
def bionmda(network: Network) -> dict[str, np.ndarray]:
    import reference  # the closed form, in mpmath

    gates = nw.bionmda_gates(network)
    error = nw.check_gates(network, gates, reference.bionmda, reference.pulse_windows)
    if error > 1e-12:
        raise RuntimeError(f"the solution differs from the closed form by {error:.1e}")
    return nw.solution(network, gates)


SOLUTIONS = {"bionmda": bionmda}


def deviations(workload: Workload, results: list[dict]) -> list[dict]:
    """Largest differences from the solution, for each program: of the peak of G, of the range of v."""
    return [
        _deviation(workload, dict(program.network), result)
        for program, result in zip(workload.programs, results, strict=True)
    ]


def _deviation(workload: Workload, network: dict, result: dict) -> dict:
    if not result or workload.solution not in SOLUTIONS:
        return {}
    exact = SOLUTIONS[workload.solution](Network(**network))
    found = {}
    for name in ("G", "v"):
        if name not in result:
            continue
        scale = np.max(exact[name]) if name == "G" else np.ptp(exact[name])
        if scale > 0:
            found[name] = float(np.max(np.abs(result[name] - exact[name][result[f"k_{name}"]])) / scale)
    return found
