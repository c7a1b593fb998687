"""Memory bandwidth of this machine, by a triad in C: the limit of any per-synapse update."""

import ctypes
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

TRIAD = """
extern "C" void triad(double *a, const double *b, const double *c, long n, long times) {
    for (long k = 0; k < times; k++) {
        for (long i = 0; i < n; i++) a[i] = b[i] + 3.0*c[i];
        asm volatile("" ::: "memory");
    }
}
"""
#: What an update of calcium, its integrator and the receptors must move, per synapse and step: read these
#: three and the weight, write the three, read both indices.
BYTES_OF_A_SPINE, KEPT_BY_A_SPINE = 4 * 8 + 3 * 8 + 2 * 4, 4 * 8 + 2 * 4


def bytes_per_ns(working_set: float) -> float:
    """Bytes read and written per ns by one thread, for arrays of ``working_set`` bytes in all."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "triad.cpp"
        source.write_text(TRIAD)
        flags = ["-O3", "-march=native", "-shared", "-fPIC"]
        subprocess.run(["g++", *flags, source, "-o", source.with_suffix(".so")], check=True)
        triad = ctypes.CDLL(str(source.with_suffix(".so"))).triad
    n = int(working_set / 24)
    arrays = [np.ones(n) for _ in range(3)]
    pointers = [ctypes.c_void_p(a.ctypes.data) for a in arrays]
    times = max(1, int(5e8 / working_set))
    best = np.inf
    for _ in range(4):
        started = time.perf_counter()
        triad(*pointers, ctypes.c_long(n), ctypes.c_long(times))
        best = min(best, time.perf_counter() - started)
    return 24.0 * n * times / best / 1e9


def limit_of_a_spine(synapses: float) -> str:
    here = bytes_per_ns(KEPT_BY_A_SPINE * synapses)
    large = bytes_per_ns(3e8)
    size = BYTES_OF_A_SPINE
    return (
        f"memory limit: {size} bytes per synapse and step are {size / here:.1f} ns at {here:.0f} GB/s "
        f"(arrays of this size), {size / large:.1f} ns at {large:.0f} GB/s (arrays larger than the cache)"
    )
