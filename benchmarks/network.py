"""The network of a workload as arrays, the same for every program, and its exact solution; NumPy only.

Step ``k`` leads from ``k*dt`` to ``(k+1)*dt``. A spike of step ``k`` opens the transmitter pulse in the steps
``k+1 ... k+5``. Neurons are passive, stepped by forward Euler with conductance and block of the start
of the step. Units: ms, mV, nS, pF, mM.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

DT, PULSE = 0.1, 5
C_M, G_L, E_L = 200.0, 10.0, -70.0
ALPHA1, BETA1, ALPHA2, BETA2 = 2.0, 0.01, 1.0, 0.5


@dataclass(frozen=True)
class Network:
    """``n`` spike sources onto ``n`` neurons.

    Parameters
    ----------
    n : int
    seconds : float
    p : float
        Probability of a synapse.
    delays : bool
        Whether each synapse has its own delay of 0.5 to 5 ms.
    rate : float
        Spikes per second and source.
    dt : float
        ms.
    """

    n: int
    seconds: float
    p: float = 1.0
    delays: bool = False
    rate: float = 5.0
    dt: float = DT
    seed: int = 0

    @property
    def steps(self) -> int:
        return round(self.seconds * 1e3 / self.dt)

    @property
    def gmax(self) -> float:
        """Of one synapse, in nS: 5 nS for all synapses of a neuron together."""
        return 5 / max(self.n * self.p, 1)

    @property
    def recorded(self) -> list[int]:
        return [0, self.n // 2, self.n - 1]

    @cached_property
    def spikes(self) -> tuple[np.ndarray, np.ndarray]:
        """Sources and steps, in the order of time; at most one spike per source and step."""
        rng = np.random.default_rng(self.seed)
        count = round(self.n * self.rate * self.seconds)
        neuron, time = rng.integers(0, self.n, count), rng.uniform(0, self.seconds * 1e3, count)
        step = np.minimum((time / self.dt).astype(int), self.steps - 1)
        both = np.unique(np.stack([step, neuron], 1), axis=0)
        return both[:, 1], both[:, 0]

    @cached_property
    def _drawn(self) -> tuple[np.ndarray, ...]:
        rng = np.random.default_rng(self.seed + 1)
        if self.p == 1:
            pre, post = np.repeat(np.arange(self.n), self.n), np.tile(np.arange(self.n), self.n)
        elif self.p == 0:  # one synapse, so that every program has the same parts
            pre = post = np.zeros(1, int)
        else:
            pre, post = (a for a in np.nonzero(rng.random((self.n, self.n)) < self.p))
        w = rng.uniform(0.5, 1.5, len(pre))
        return pre, post, w, rng.integers(5, 51, len(pre))

    @property
    def synapses(self) -> tuple[np.ndarray, np.ndarray]:
        return self._drawn[:2]

    @property
    def weights(self) -> np.ndarray:
        return self._drawn[2]

    @property
    def delay_steps(self) -> np.ndarray:
        """In multiples of dt."""
        return self._drawn[3]

    @property
    def synapse_steps(self) -> float:
        """Synapses times time steps."""
        return max(len(self.weights), 1) * self.steps

    def smaller(self, n: int, seconds: float) -> "Network":
        return replace(self, n=n, seconds=seconds)


def pulses(network: Network) -> np.ndarray:
    """Steps in which the transmitter of each source is on: (steps, n), boolean."""
    on = np.zeros((network.steps + PULSE + 1, network.n), bool)
    neuron, step = network.spikes
    for later in range(1, PULSE + 1):
        on[step + later, neuron] = True
    return on[: network.steps]


def bionmda_gates(network: Network, fine: int = 1) -> np.ndarray:
    """g of each source at the start of each step, (fine*steps, n), to rounding; ``fine`` parts of a step.

    Within a step the transmitter is constant: x in closed form, g by its integrating factor with eight
    Gauss points, whose error (1e-16) `check_gates` finds against the closed form of `tests/reference.py`.
    """
    nodes, weights = np.polynomial.legendre.leggauss(8)
    dt, on = network.dt / fine, pulses(network)
    at = (nodes + 1) / 2 * dt
    x, g = np.zeros(network.n), np.zeros(network.n)
    out = np.empty((fine * network.steps, network.n))
    for k in range(len(out)):
        out[k] = g
        rate = ALPHA2 * on[k // fine] + BETA2
        end = ALPHA2 * on[k // fine] / rate
        left = x - end  # x(s) = end + left*exp(-rate*s)

        def lost(s, rate=rate, end=end, left=left):
            return BETA1 * s + ALPHA1 * (end * s - left * np.expm1(-rate * s) / rate)

        total = lost(dt)
        gained = np.zeros(network.n)
        for s, weight in zip(at, weights * dt / 2, strict=True):
            gained += weight * ALPHA1 * (end + left * np.exp(-rate * s)) * np.exp(lost(s) - total)
        g = g * np.exp(-total) + gained
        x = end + left * np.exp(-rate * dt)
    return out


def check_gates(network: Network, gates: np.ndarray, bionmda, pulse_windows) -> float:
    """Largest error of the gate of one source, at 50 times, against the closed form in mpmath."""
    neuron, step = network.spikes
    which = np.bincount(neuron, minlength=network.n).argmax()
    sample = np.linspace(1, network.steps - 1, 50).astype(int)
    windows = pulse_windows(step[neuron == which], PULSE, network.dt)
    exact = bionmda(sample * network.dt, windows, ALPHA1, BETA1, ALPHA2, BETA2)[1]
    return float(np.max(np.abs(gates[sample, which] - exact)))


def jahr_stevens(v: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-0.062 * v) / 3.57)


def solution(network: Network, gates: np.ndarray, block=jahr_stevens) -> dict[str, np.ndarray]:
    """Total weighted activation ``G`` and ``v`` of the recorded neurons at the start of each step."""
    pre, post = network.synapses
    G = np.zeros((network.steps, len(network.recorded)))
    for r, neuron in enumerate(network.recorded):
        of = post == neuron
        if not network.delays:
            G[:, r] = gates[:, pre[of]] @ network.weights[of]
            continue
        for i, w, d in zip(pre[of], network.weights[of], network.delay_steps[of], strict=True):
            G[d:, r] += w * gates[: network.steps - d, i]
    v = np.empty_like(G)
    now = np.full(G.shape[1], E_L)
    for k in range(network.steps):
        v[k] = now
        now = now + network.dt / C_M * (G_L * (E_L - now) - network.gmax * G[k] * block(now) * now)
    return {"G": G, "v": v}
