"""Pairing with a voltage, frequency and spike timing by one calcium rule (Shouval, Bear & Cooper 2002).

Calcium through NMDA receptors decides. The parameters are the same in all three; only EPSPs are ten times
larger in the second, where many fibres are stimulated. The frequency curve is that of Dudek & Bear (1992).
"""

from typing import Any

import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    Quantity,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    ms,
    mV,
    second,
)
from matplotlib.figure import Figure

from brian2_nmda.equations import (
    BackPropagatingSpike,
    ShouvalCalcium,
    ShouvalNMDA,
    ShouvalPlasticity,
    TwoExponentialAMPA,
)
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.protocols.devices import simulation
from brian2_nmda.protocols.landmark import Landmark

PAPER, DUDEK_BEAR = "doi:10.1073/pnas.152343099", "Dudek & Bear 1992 (unverified)"
CODE = "a replication (folmez/CaDP-MatLab), in steps of 1 and 0.1 ms"
#: W/W_0 that the replication gives.
CLAMPED = {-55: 0.3248, -40: 2.8047}  # mV
PAIRED = {-5: 0.3664, 10: 1.9326, 70: 0.4498}  # ms
W_0 = 0.25
_EPSP = "de_1/dt = -e_1/(50*ms) : 1\nde_2/dt = -e_2/(5*ms) : 1\nignored = I_syn : amp\n"


def _model() -> GlutamateSynapse:
    return GlutamateSynapse(
        [TwoExponentialAMPA(), ShouvalNMDA()], calcium=ShouvalCalcium(), plasticity=ShouvalPlasticity()
    )


def _trains(frequencies: np.ndarray, pulses: int, dt: float, first: float = 0.0) -> SpikeGeneratorGroup:
    """One source for each frequency (Hz); times are rounded to steps of ``dt`` (ms)."""
    n = len(frequencies)
    times = np.rint((first + 1000 / np.repeat(frequencies, pulses) * np.tile(np.arange(pulses), n)) / dt) * dt
    return SpikeGeneratorGroup(n, np.repeat(np.arange(n), pulses), times * ms)


def _at_one_hertz(
    potentials: np.ndarray, differences: np.ndarray, pulses: int, dt: float, target: str
) -> tuple[np.ndarray, np.ndarray]:
    """W/W_0 under voltage clamp (mV) and of pairs (ms); the spike reaches the spine 2 ms late."""
    with simulation(target, dt * ms) as (device, directory):
        model, spike = _model(), BackPropagatingSpike()
        sources = [_trains(np.array([1.0]), pulses, dt, first) for first in (0.0, 300.0)]
        clamped = NeuronGroup(
            len(potentials), "v : volt (constant)\nignored = I_syn : amp" + model.post_equations()
        )
        clamped.v = potentials * mV
        paired = NeuronGroup(
            len(differences),
            "v = -65*mV + (e_1 - e_2)*mV/0.6968 : volt\nphase : integer (constant)\n" + _EPSP
            + spike.neuron_equations() + model.post_equations(v="v_s"),
            threshold="t > 100*ms and timestep(t, dt) % per_second == phase",
            reset=spike.reset(), method="exact", namespace={"per_second": round(1000 / dt)},
        )  # fmt: skip
        paired.phase = np.rint((302 + differences) / dt).astype(int)
        made = [model.synapses(s, g) for s, g in zip(sources, (clamped, paired), strict=True)]
        epsp = Synapses(sources[1], paired, on_pre="e_1_post += 1\ne_2_post += 1")
        for synapses in (*made, epsp):
            synapses.connect()
        _finish(Network(*sources, clamped, paired, *made, epsp), pulses * second + dt * ms, device, directory)
        held, pairs = (np.array(synapses.W_AMPA) / W_0 for synapses in made)
    return held, pairs


def _frequencies(frequencies: np.ndarray, pulses: int, dt: float, target: str) -> np.ndarray:
    """W/W_0 at the end of each train."""
    with simulation(target, dt * ms) as (device, directory):
        model = _model()
        source = _trains(frequencies, pulses, dt)
        neurons = NeuronGroup(
            len(frequencies),
            "v = -65*mV + 10*(e_1 - e_2)*mV/0.6968 : volt\n" + _EPSP + model.post_equations(),
            method="exact",
        )
        synapses = model.synapses(source, neurons)
        epsp = Synapses(source, neurons, on_pre="e_1_post += 1\ne_2_post += 1")
        for each in (synapses, epsp):
            each.connect(j="i")
        course = StateMonitor(synapses, "W_AMPA", record=np.arange(len(frequencies)), dt=100 * ms)
        longest = pulses / min(frequencies)
        _finish(Network(source, neurons, synapses, epsp, course), (longest + 0.3) * second, device, directory)
        t, W = np.array(course.t / second), np.array(course.W_AMPA)
    ends = np.searchsorted(t, pulses / frequencies + 0.1)
    return W[np.arange(len(frequencies)), ends] / W_0


def _finish(network: Network, duration: Quantity, device: Any, directory: str) -> None:
    network.run(duration, namespace={})
    if directory:
        device.build(directory=directory, with_output=False)


def landmark(short: bool = False) -> Landmark:
    """Compare the three inductions with what the paper and its replication state.

    Parameters
    ----------
    short : bool
        Give 4 pulses in place of 100, and 20 in place of 900 at few frequencies, by NumPy in coarse steps.

    Returns
    -------
    Landmark
    """
    if short:
        potentials, differences = np.array([-65.0, -57.5, -55, -40]), np.array([-6.0, 10, 70])
        frequencies = np.array([2.0, 5, 50])
        held, pairs = _at_one_hertz(potentials, differences, 4, 1.0, "numpy")
        by_rate = _frequencies(frequencies, 20, 1.0, "numpy")
    else:
        potentials = np.array([-65, -62.5, -60, -57.5, -55, -53.75, -52.5, -51.25, -50, -47.5, -45, -40, -30])
        differences = np.r_[-100:-30:10, -30:60:5, 60:151:10].astype(float)
        frequencies = np.array([0.5, 1, 2, 3, 5, 7, 10, 15, 20, 50])
        held, pairs = _at_one_hertz(potentials, differences, 100, 0.1, "cpp_standalone")
        by_rate = _frequencies(frequencies, 900, 0.5, "cpp_standalone")
    found = Landmark(
        "Pairing, frequency and spike timing by one calcium rule (Shouval, Bear & Cooper 2002)",
        "EPSPs of 10 mV are assumed for the trains; they sum, and so depression turns into potentiation at a "
        "lower frequency than in slices. At 20 Hz and more all of the weight's range is used.",
        data={
            "held": (potentials, held), "pairs": (differences, pairs), "by_rate": (frequencies, by_rate),
            "short": short,
        },
    )  # fmt: skip
    _add_one_hertz(
        found, dict(zip(potentials, held, strict=True)), dict(zip(differences, pairs, strict=True))
    )
    _add_frequencies(found, frequencies, by_rate)
    return found


def _add_one_hertz(found: Landmark, held: dict[float, float], pairs: dict[float, float]) -> None:
    short = found.data["short"]
    found.add("clamped at -65 mV (W/W_0)", held[-65], "no change", PAPER, met=abs(held[-65] - 1) < 0.01)
    if short:
        found.add("clamped at -55 mV (W/W_0)", held[-55], "below 1", PAPER, met=held[-55] < 0.99)
        found.add("clamped at -40 mV (W/W_0)", held[-40], "above 1", PAPER, met=held[-40] > 1.1)
        found.add("pairs of -5 ms (W/W_0)", pairs[-6], "below 1", PAPER, met=pairs[-6] < 0.99)
        found.add("pairs of +10 ms (W/W_0)", pairs[10], "above 1", PAPER, met=pairs[10] > 1.05)
        found.add("pairs of +70 ms (W/W_0)", pairs[70], "below 1", PAPER, met=pairs[70] < 0.99)
        return
    v, W = np.array(list(held)), np.array(list(held.values()))
    k = int(np.flatnonzero(W < 1)[-1])
    crossing = np.interp(1, W[k : k + 2], v[k : k + 2])
    for name, unit, values, known in (
        ("clamped at", "mV", held, CLAMPED), ("pairs of", "ms", pairs, PAIRED)
    ):  # fmt: skip
        for x, published in known.items():
            found.add(f"{name} {x:+g} {unit} (W/W_0)", values[x], f"{published:g} +- 0.05", CODE,
                      met=abs(values[x] - published) < 0.05)  # fmt: skip
    found.add("clamped: depression turns into potentiation at (mV)", crossing, "-51 +- 1", CODE,
              met=abs(crossing + 51) < 1)  # fmt: skip
    timing = np.array(list(pairs))
    potentiated = timing[np.array(list(pairs.values())) > 1]
    found.add("pairs: potentiation from, to (ms)", f"{min(potentiated):g}, {max(potentiated):g}", "0, 45",
              CODE, met=abs(min(potentiated)) <= 2.5 and abs(max(potentiated) - 45) <= 5)  # fmt: skip


def _add_frequencies(found: Landmark, frequencies: np.ndarray, by_rate: np.ndarray) -> None:
    trough = frequencies[np.argmin(by_rate)]
    found.add("frequency: least at (Hz)", trough, "between 1 and 5", DUDEK_BEAR,
              met=1 <= trough <= 5 and min(by_rate) < 0.99)  # fmt: skip
    found.add("50 Hz (W/W_0)", by_rate[-1], "above 1", DUDEK_BEAR, met=by_rate[-1] > 1.1)
    if not found.data["short"]:
        rises = int(np.flatnonzero(by_rate < 1)[-1])
        crossing = np.interp(1, by_rate[rises : rises + 2], frequencies[rises : rises + 2])
        found.add("frequency: depression turns into potentiation at (Hz)", crossing, "near 10", DUDEK_BEAR,
                  met=6 <= crossing <= 15)  # fmt: skip


def draw(found: Landmark) -> Figure:
    """Draw the weight against clamped voltage, frequency and timing."""
    data, figure = found.data, Figure(figsize=(12, 3.6), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    shown = (("held", "clamp potential (mV)", "1 Hz, voltage clamp"),
             ("by_rate", "frequency (Hz)", "trains, EPSPs of 10 mV"),
             ("pairs", "time of post minus pre (ms)", "pairs at 1 Hz"))  # fmt: skip
    for ax, (name, label, title) in zip(axes, shown, strict=True):
        ax.plot(*data[name], "o-", markersize=3.5)
        ax.axhline(1, color="gray", linestyle="--", linewidth=0.8)
        ax.set(xlabel=label, ylabel="weight after / before", title=title)
    axes[1].set_xscale("log")
    axes[1].set_xticks([0.5, 1, 3, 10, 50], ["0.5", "1", "3", "10", "50"])
    axes[1].minorticks_off()
    for known, ax in ((CLAMPED, axes[0]), (PAIRED, axes[2])):
        if not data["short"]:
            ax.plot(list(known), list(known.values()), "kx", label="replication of the paper")
            ax.legend(frameon=False, fontsize=8)
    return figure
