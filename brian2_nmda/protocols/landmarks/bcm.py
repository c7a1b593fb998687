"""The curve of Bienenstock, Cooper & Munro (1982), and its threshold, which slides with activity.

Neurons fire at 5, 10 or 20 Hz for a while, then each at a rate of its own for three seconds; a presynaptic
train of 10 Hz runs all the time. What changes in these seconds, against the rate, is the curve.
"""

import numpy as np
from brian2 import Hz, Network, NeuronGroup, SpikeGeneratorGroup, ms, mV, second
from matplotlib.figure import Figure

from brian2_nmda.equations import BCM, ExponentialAMPA
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.protocols.devices import simulation
from brian2_nmda.protocols.landmark import Landmark

PAPER = "doi:10.1523/JNEUROSCI.02-01-00032.1982"
KIRKWOOD = "Kirkwood, Rioult & Bear 1996 (unverified)"
DT = 5  # ms; all intervals are multiples of it
HISTORY = np.array([200, 100, 50])  # intervals, ms
TESTED = np.array([400, 200, 150, 125, 100, 80, 65, 50, 40, 30, 25, 20, 15, 10])
TEST, TRAIN = 3.0, 10.0  # s, Hz


def _simulated(before: float) -> tuple[np.ndarray, np.ndarray]:
    """Threshold (Hz) after each history of some seconds, and change of W of each history and tested rate."""
    shape = len(HISTORY), len(TESTED)
    model = GlutamateSynapse(ExponentialAMPA(), plasticity=BCM())
    train = 10 + 1000 / TRAIN * np.arange(round((before + TEST) * TRAIN))
    source = SpikeGeneratorGroup(1, np.zeros(len(train), int), train * ms)
    neurons = NeuronGroup(
        shape[0] * shape[1],
        "v : volt (constant)\nignored = I_syn : amp\nperiod : 1" + model.post_equations(),
        threshold="t_in_timesteps % period == 0", reset="",
    )  # fmt: skip
    neurons.v = -65 * mV
    synapses = model.synapses(source, neurons)
    synapses.connect()
    network = Network(source, neurons, synapses)
    neurons.period = np.repeat(HISTORY // DT, shape[1])
    network.run(before * second, namespace={})
    threshold = np.array(synapses.theta_AMPA / Hz).reshape(shape)[:, 0]
    start = np.array(synapses.W_AMPA)
    neurons.period = np.tile(TESTED // DT, shape[0])
    network.run(TEST * second, namespace={})
    return threshold, (np.array(synapses.W_AMPA) - start).reshape(shape)


def _expected(interval: float, before: float) -> float:
    """Threshold (Hz) that regular spikes (interval in s) lead to: a mean square, and an exponential."""
    rule = BCM()
    tau, y_0 = float(rule.tau_rate), float(rule.y_0)
    square = 1 / np.tanh(interval / (2 * tau)) / (2 * tau * interval)
    left = np.exp(-before / float(rule.tau_theta))
    return square / y_0 * (1 - left) + y_0 * left


def _crossing(rates: np.ndarray, change: np.ndarray) -> float:
    """The rate (Hz) above which the weight grows."""
    k = int(np.flatnonzero(change < 0)[-1])
    return float(np.interp(0, change[k : k + 2], rates[k : k + 2]))


def landmark(short: bool = False) -> Landmark:
    """Compare curve and threshold with the theory.

    Parameters
    ----------
    short : bool
        The landmark takes seconds and has no shorter form.

    Returns
    -------
    Landmark
    """
    before = 30.0
    with simulation("numpy", DT * ms):
        threshold, change = _simulated(before)
    past, rates = 1000 / HISTORY, 1000 / TESTED
    crossings = [_crossing(rates, row) for row in change]
    found = Landmark(
        "The BCM curve and its sliding threshold (Bienenstock, Cooper & Munro 1982)",
        "The theory states signs. Learning rate, filters and target rate of the rule are free choices; the "
        "rates need a second to reach the tested ones, and the threshold slides on meanwhile.",
        data={"past": past, "rates": rates, "change": change, "crossings": crossings},
    )
    for f, theta, interval in zip(past, threshold, HISTORY / 1000, strict=True):
        exact = _expected(interval, before)
        found.add(f"threshold after {f:g} Hz (Hz)", theta, f"{exact:.3g} (mean square, 5 %)", PAPER,
                  met=abs(theta / exact - 1) < 0.05)  # fmt: skip
    signs = all(
        max(row[rates < c * 0.99]) < 0 < min(row[rates > c * 1.01])
        for row, c in zip(change, crossings, strict=True)
    )
    found.add(
        "depression below, potentiation above one rate", "yes" if signs else "no", "yes", PAPER, met=signs
    )
    for f, c in zip(past, crossings, strict=True):
        found.add(f"after {f:g} Hz: turns into potentiation at (Hz)", c,
                  "order only: higher after more activity", KIRKWOOD,
                  met=c == sorted(crossings)[crossings.index(c)])  # fmt: skip
    at_goal = change[1][np.argmin(abs(rates - 10))] / change[1].max()
    found.add("after 10 Hz: at 10 Hz, the target, of the most", at_goal, "0 +- 0.02", PAPER,
              met=abs(at_goal) < 0.02)  # fmt: skip
    return found


def draw(found: Landmark) -> Figure:
    """Draw the change against the rate for each history."""
    data, figure = found.data, Figure(figsize=(6.5, 4), layout="constrained")
    axes = figure.add_subplot()
    for f, change, mark, crossing in zip(data["past"], data["change"], "osd", data["crossings"], strict=True):
        axes.semilogx(data["rates"], 100 * change, f"{mark}-", markersize=4, label=f"after {f:g} Hz")
        axes.axvline(crossing, color=axes.lines[-1].get_color(), linestyle=":", linewidth=1)
    axes.axhline(0, color="gray", linewidth=0.8)
    axes.set_yscale("symlog", linthresh=1)
    axes.set(xlabel="postsynaptic rate (Hz)", ylabel="change of weight in 3 s (%)",
             title="10 Hz presynaptic; dotted: the threshold crossed")  # fmt: skip
    axes.set_xticks([2.5, 5, 10, 20, 50, 100], ["2.5", "5", "10", "20", "50", "100"])
    axes.minorticks_off()
    axes.legend(frameon=False)
    return figure
