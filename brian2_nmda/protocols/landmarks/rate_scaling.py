"""Synaptic scaling restores the firing rate after the input has changed, and keeps the ratios of weights.

Eighty Poisson inputs of 40 Hz drive a neuron; then they fall to 20 Hz. The rule is that of van Rossum, Bi &
Turrigiano (2000) with gains 250 times theirs, so that hours become a minute.
"""

import numpy as np
from brian2 import (
    Hz,
    Network,
    NeuronGroup,
    PoissonGroup,
    SpikeMonitor,
    StateMonitor,
    TimedArray,
    ms,
    mV,
    nS,
    pF,
    second,
    seed,
)
from matplotlib.figure import Figure

from brian2_nmda.equations import ExponentialAMPA, SynapticScaling, TripletSTDP
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.protocols.devices import simulation
from brian2_nmda.protocols.landmark import Landmark

TURRIGIANO = "Turrigiano et al. 1998 (unverified)"
WIERENGA = "abstract of PMC6725152 (doubled after two days of blockade)"
GOAL, INPUTS = 10.0, 80  # Hz


def landmark(short: bool = False) -> Landmark:
    """Compare rates and weights before and after scaling with the goal of the rule.

    Parameters
    ----------
    short : bool
        Take steps of 2 ms in place of 1 ms and 30 s in place of 60 s of each input.

    Returns
    -------
    Landmark
    """
    each = 30.0 if short else 60.0
    with simulation("numpy", (2 if short else 1) * ms):
        times, ratios, t, factor = _simulated(each)
    late = each * 0.5  # of each input, when the rate has settled
    rate: dict[str, float] = {
        "first": float(np.sum(times < 1)),
        "settled": float(np.sum((times > each - late) & (times < each)) / late),
        "halved": float(np.sum((times > each) & (times < each + 2)) / 2),
        "restored": float(np.sum(times > 2 * each - late) / late),
    }
    error = 3 * np.sqrt(GOAL / late)
    goal = f"{GOAL:g} +- {error:.2g} (3 errors)"
    found = Landmark(
        "Scaling restores the rate, and keeps the ratios of weights (van Rossum et al. 2000)",
        "Gains are 250 times the published ones: scaling takes seconds here, and hours to days in the paper "
        "and in cultures.",
        data={"times": times, "t": t, "factor": factor, "each": each},
    )
    found.add("rate in the first second (Hz)", rate["first"], "above the goal", "order only",
              met=rate["first"] > 1.5 * GOAL)  # fmt: skip
    found.add(
        "rate when scaled (Hz)", rate["settled"], goal, "the rule", met=abs(rate["settled"] - GOAL) < error
    )
    found.add("rate for 2 s after inputs are halved (Hz)", rate["halved"], "below the goal", "order only",
              met=rate["halved"] < 0.7 * GOAL)  # fmt: skip
    found.add("rate when scaled again (Hz)", rate["restored"], goal, "the rule",
              met=abs(rate["restored"] - GOAL) < error)  # fmt: skip
    growth = factor[-1] / factor[int(np.searchsorted(t, each)) - 1]
    found.add("all weights by the loss of input, factor", growth, "above 1", WIERENGA, met=growth > 1.05)
    found.add("ratios of weights: largest change", max(abs(ratios - 1)), "none (1e-9)", TURRIGIANO,
              met=max(abs(ratios - 1)) < 1e-9)  # fmt: skip
    return found


def _simulated(each: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Spike times (s), ratios of weights relative to the start, and the scaling factor in time (s)."""
    seed(1)
    scaling = SynapticScaling(a_goal=GOAL * Hz, tau_a=2 * second, p_gain=1e-2, q_gain=2e-4 * Hz)
    still = TripletSTDP(A3p=0, A2p=0, A2m=0, A3m=0)  # weights of their own that nothing else changes
    model = GlutamateSynapse(ExponentialAMPA(gmax=0.5 * nS), plasticity=[still, scaling])
    drive = {"drive": TimedArray([40, 20] * Hz, dt=each * second)}
    source = PoissonGroup(INPUTS, "drive(t)", namespace=drive)
    neuron = NeuronGroup(
        1,
        "dv/dt = (g_L*(E_L - v) - I_syn)/C_m : volt (unless refractory)" + model.post_equations(),
        threshold="v > -54*mV", reset="v = -60*mV", refractory=3 * ms, method="euler",
        namespace={"g_L": 10 * nS, "E_L": -70 * mV, "C_m": 200 * pF},
    )  # fmt: skip
    neuron.v = -60 * mV
    synapses = model.synapses(source, neuron)
    synapses.connect()
    start = np.linspace(0.5, 1.5, INPUTS)
    synapses.W_AMPA = start
    spikes = SpikeMonitor(neuron)
    course = StateMonitor(synapses, "k_AMPA", record=[0], dt=100 * ms)
    network = Network(source, neuron, synapses, spikes, course)
    network.run(2 * each * second, namespace={})
    weights = np.array(synapses.k_AMPA[:] * synapses.W_AMPA[:])
    ratios = weights / weights[0] * start[0] / start
    return np.array(spikes.t / second), ratios, np.array(course.t / second), np.array(course.k_AMPA[0])


def draw(found: Landmark) -> Figure:
    """Draw the rate and the factor over time."""
    data, figure = found.data, Figure(figsize=(6.5, 5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    edges = np.arange(0, 2 * data["each"] + 0.1, 1.0)
    above.stairs(np.histogram(data["times"], edges)[0], edges, color="k")
    above.axhline(GOAL, color="tab:red", linestyle="--", label="goal")
    above.set(xlabel="time (s)", ylabel="firing rate (Hz)")
    below.plot(data["t"], data["factor"])
    below.set(xlabel="time (s)", ylabel="factor of all weights", ylim=(0, None))
    for axes in (above, below):
        axes.axvline(data["each"], color="0.6", linestyle=":", label="inputs halved")
    above.legend(frameon=False)
    return figure
