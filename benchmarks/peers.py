"""Virtual environments of the simulators we are compared with; ``python benchmarks/peers.py [NAME ...]``.

They go to the folder that the environment variable ``BENCHMARK_PEERS`` names, ``/tmp/peers`` by default.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

FOLDER = Path(os.environ.get("BENCHMARK_PEERS", "/tmp/peers"))
#: Packages of each environment; the first is the simulator.
PEERS = {
    "brainpy": ["brainpy", "jax[cpu]", "numba", "scipy"],  # brainpy's sparse products are compiled by numba
    "neuron": ["neuron", "setuptools"],
    "nest": ["nest-simulator", "matplotlib"],
}


def python_of(peer: str) -> Path | None:
    """The interpreter of a peer, or None if it is not installed."""
    path = FOLDER / peer / "bin" / "python"
    return path if path.exists() and version(peer) else None


def version(peer: str) -> str | None:
    found = list(
        (FOLDER / peer).glob(f"lib/python*/site-packages/{PEERS[peer][0].replace('-', '_')}-*.dist-info")
    )
    return found[0].name.removesuffix(".dist-info").split("-")[-1] if found else None


def install(peer: str) -> None:
    folder = FOLDER / peer
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", *PEERS[peer]], check=False)
    print(peer, version(peer) or "could not be installed")


if __name__ == "__main__":
    for name in sys.argv[1:] or PEERS:
        install(name)
