"""BrainPy programs for W1 and W2: `brainpy.dyn.BioNMDA` and a dense or a sparse product per step."""

import os
import time

import numpy as np
from network import C_M, E_L, G_L, Network


def bionmda(matrix: str, dtype: str, threads: int, **network):
    """One jitted loop over the steps; the first run, which compiles, belongs to the build."""
    if threads < len(os.sched_getaffinity(0)):  # XLA takes its number of threads from this
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    import brainpy as bp
    import brainpy.math as bm
    import jax.numpy as jnp

    network = Network(**network)
    bm.set_platform("cpu")
    if dtype == "float64":
        bm.enable_x64()
    bm.set_dt(network.dt)
    n, steps, gmax = network.n, network.steps, network.gmax
    pre, post = network.synapses
    if matrix == "dense":
        dense = np.zeros((n, n))
        dense[pre, post] = network.weights
        dense = jnp.asarray(dense, dtype)

        def total(g):
            return g @ dense
    else:
        import scipy.sparse

        sparse = scipy.sparse.csr_matrix((network.weights, (pre, post)), shape=(n, n))
        data, indices = jnp.asarray(sparse.data, dtype), jnp.asarray(sparse.indices)
        pointers = jnp.asarray(sparse.indptr)

        if matrix == "brainevent":
            import brainevent

            csr = brainevent.CSR((data, indices, pointers), shape=(n, n))

            def total(g):
                return g @ csr
        else:

            def total(g):
                return bm.sparse.csrmv(data, indices, pointers, g, shape=(n, n), transpose=True)

    neuron, step = network.spikes
    spiked = np.zeros((steps, n), bool)
    later = step + 1 < steps  # BrainPy acts in the step of the spike, Brian2 in the next one
    spiked[step[later] + 1, neuron[later]] = True
    spiked = jnp.asarray(spiked)
    synapses = bp.dyn.BioNMDA(n)
    v = bm.Variable(bm.full(n, E_L, dtype=dtype))
    recorded = jnp.asarray(network.recorded)

    def step_once(i):
        bp.share.save(t=i * network.dt, i=i, dt=network.dt)
        before = v.value
        G = total(synapses.g.value)
        block = 1 / (1 + jnp.exp(-0.062 * before) / 3.57)
        v.value = before + network.dt * (G_L * (E_L - before) - gmax * G * block * before) / C_M
        synapses(spiked[i])
        return before[recorded], G[recorded]

    kept = {}

    def run() -> float:
        v.value = bm.full(n, E_L, dtype=dtype)
        synapses.reset_state()
        started = time.perf_counter()
        kept["v"], kept["G"] = (
            np.asarray(a) for a in bm.for_loop(step_once, bm.arange(steps), progress_bar=False)
        )
        return time.perf_counter() - started

    def result() -> dict[str, np.ndarray]:
        k = np.arange(steps)
        return {"k_v": k, "k_G": k, **kept}

    run()
    return run, result
