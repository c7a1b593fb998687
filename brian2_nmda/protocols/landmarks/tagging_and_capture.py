"""Tagging and capture, and late LTP lost without protein synthesis (Clopath et al. 2008).

After Frey & Morris (1997): a strong tetanus to pathway A starts the synthesis of protein; a weak one to
pathway B of the same neuron does not, but its tags capture what A has made. Tags are set as the tetani of the
paper leave them: simulated are the hours afterwards.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2 import Network, NetworkOperation, NeuronGroup, Quantity, SpikeGeneratorGroup, mV, second, seed
from matplotlib.figure import Figure

from brian2_nmda.equations import TagTriC, TriggeredProtein, TwoExponentialAMPA
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.protocols.devices import simulation
from brian2_nmda.protocols.landmark import Landmark

PORT = "a port of the authors' program (ModelDB 118199), three seeds"
FREY = "Frey & Morris 1997, abstract, doi:10.1038/385533a0"
FREY_1998 = "Frey & Morris 1998, abstract, PMID 9704995"
#: Of 100 synapses, tagged for potentiation and for depression by one train of 100 pulses, and by 21 pulses.
STRONG, WEAK = (65, 35), (34, 11)
SYNAPSES, EVERY, LATER = 100, 600.0, 1800.0  # the last two in s
#: Condition: (time in s, pathway, tags) of each train.
CONDITIONS = {
    "strong A": [(600.0 * k, 0, STRONG) for k in range(3)],
    "weak B": [(LATER, 1, WEAK)],
    "strong A, then weak B": [*((600.0 * k, 0, STRONG) for k in range(3)), (LATER, 1, WEAK)],
    "weak B, then strong A": [(0.0, 1, WEAK), *((LATER + 600.0 * k, 0, STRONG) for k in range(3))],
}
END = 12600.0 + LATER  # 3.5 h after the later one


@dataclass
class _Course:
    """Mean weight, relative to the start, over time (s) of each condition and pathway; late weights."""

    times: np.ndarray
    weight: dict[tuple[str, int], np.ndarray]
    kept: np.ndarray


def _simulated(synthesis: float, neurons: int, dt: float) -> _Course:
    """All conditions, with ``neurons`` neurons of each, at a rate of synthesis relative to the usual one."""
    slow = dict.fromkeys(("tau_1", "tau_2", "tau_r"), 1e6 * second)  # at rest: nothing fast happens
    model = GlutamateSynapse(
        TwoExponentialAMPA(), plasticity=TagTriC(**slow), parts=TriggeredProtein(synthesis=synthesis)
    )
    source = SpikeGeneratorGroup(2 * SYNAPSES, [], [] * second)
    target = NeuronGroup(
        len(CONDITIONS) * neurons,
        "v : volt\nignored = I_syn : amp" + model.post_equations(),
        method="exact",
    )
    target.v = -70.6 * mV
    synapses = model.synapses(source, target, delay=0 * second)
    synapses.connect()
    pathway, condition = np.array(synapses.i) // SYNAPSES, np.array(synapses.j) // neurons
    random = np.random.default_rng(8)
    late = np.zeros((2 * SYNAPSES, len(target)))
    late[:30] = late[SYNAPSES : SYNAPSES + 30] = 1
    synapses.z_AMPA = late[np.array(synapses.i), np.array(synapses.j)]
    group = condition * 2 + pathway
    times: list[float] = []
    rows: list[np.ndarray] = []

    def tag_and_record() -> None:
        now = EVERY * len(times)
        for c, trains in enumerate(CONDITIONS.values()):
            for at, p, tags in trains:
                if at == now:
                    _tag(synapses, (pathway == p) & (condition == c), tags, random)
        weights = (1 + synapses.high_AMPA[:] - 0.5 * synapses.low_AMPA[:] + 2 * synapses.z_AMPA[:]) / 1.6
        times.append(now)
        rows.append(np.bincount(group, weights) / np.bincount(group))

    visits = NetworkOperation(tag_and_record, dt=EVERY * second, when="start")
    Network(source, target, synapses, visits).run((END + dt) * second, namespace={})
    kept = np.bincount(group, np.array(synapses.z_AMPA) > 0.5) / neurons
    keys = [(name, p) for name in CONDITIONS for p in (0, 1)]
    return _Course(np.array(times), dict(zip(keys, np.transpose(rows), strict=True)), kept)


def _tag(synapses: Any, chosen: np.ndarray, tags: tuple[int, int], random: np.random.Generator) -> None:
    """Each chosen synapse without a tag gets one of potentiation or of depression, or none, by chance."""
    high, low, free = (np.array(getattr(synapses, f"{n}_AMPA")) for n in ("high", "low", "free"))
    u, able = random.random(len(high)), chosen & (free == 1)
    up = able & (u < tags[0] / SYNAPSES)
    down = able & ~up & (u < sum(tags) / SYNAPSES)
    synapses.high_AMPA, synapses.low_AMPA, synapses.free_AMPA = high + up, low + down, free * ~(up | down)


def landmark(short: bool = False) -> Landmark:
    """Compare weights after four hours with those of the authors' program, and with what is known of slices.

    Parameters
    ----------
    short : bool
        Take 8 neurons in place of 24 of each condition, and steps of 20 s in place of 10 s.

    Returns
    -------
    Landmark
    """
    neurons, dt = (8, 20.0) if short else (24, 10.0)
    with simulation("numpy", Quantity(dt, dim=second.dim)):
        seed(1)
        usual, blocked = (_simulated(s, neurons, dt) for s in (1.0, 0.0))
    found = Landmark(
        "Tagging and capture, and late LTP lost without protein synthesis (Clopath et al. 2008)",
        "The tetani are not simulated: their tags are set in the numbers that the authors' program gives, "
        "from which the ranges are, widened by 0.02 (by 3 synapses) for chance.",
        data={"usual": usual, "blocked": blocked},
    )
    names = list(CONDITIONS)
    _add_range(
        found, "strong A: weight after the third train", _at(usual, ("strong A", 0), 1200), (1.32, 1.37)
    )
    _add_range(
        found, "strong A: weight 3.5 h after its start", _at(usual, ("strong A", 0), 12600), (1.17, 1.22)
    )
    _add_range(found, "strong A: late weights, of 100", usual.kept[0], (43, 48), 3)
    _add_range(found, "weak B: weight after the train", _at(usual, ("weak B", 1), LATER), (1.16, 1.20))
    _add_range(found, "weak B: weight after 3.5 h", usual.weight["weak B", 1][-1], (1.0, 1.0))
    alone = usual.weight["weak B", 1][-1]
    for name in names[2:]:
        value = usual.weight[name, 1][-1]
        source = FREY if name.startswith("strong") else FREY_1998
        found.add(f"{name}: weight of B at the end", value, "above 1: B captures", source,
                  met=value > 1.05 and value > alone + 0.05)  # fmt: skip
    early = _at(blocked, ("strong A", 0), 0)
    found.add("without synthesis, strong A: weight after the first train", early, "above 1: early LTP", FREY,
              met=early > 1.1)  # fmt: skip
    for name, pathway in (("strong A", 0), ("strong A, then weak B", 1)):
        value = blocked.weight[name, pathway][-1]
        found.add(f"without synthesis, {name}: weight of {'AB'[pathway]} at the end", value, "1: lost", FREY,
                  met=abs(value - 1) < 0.03)  # fmt: skip
    return found


def _at(course: _Course, which: tuple[str, int], time: float) -> float:
    return float(course.weight[which][np.searchsorted(course.times, time)])


def _add_range(
    found: Landmark, what: str, value: float, known: tuple[float, float], margin: float = 0.02
) -> None:
    text = f"{known[0]:.4g} to {known[1]:.4g}" if known[0] < known[1] else f"{known[0]:.2f}"
    found.add(what, value, text, PORT, met=known[0] - margin <= value <= known[1] + margin)


def draw(found: Landmark) -> Figure:
    """Draw the weights of both pathways over time, with and without protein synthesis."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    shown = {("strong A", 0): ("tab:red", "-"), ("strong A, then weak B", 1): ("tab:blue", "-"),
             ("weak B, then strong A", 1): ("tab:green", "--"), ("weak B", 1): ("k", ":")}  # fmt: skip
    for ax, key, title in zip(axes, ("usual", "blocked"), ("with", "without"), strict=True):
        course = found.data[key]
        for (name, p), (colour, style) in shown.items():
            ax.plot(
                course.times / 3600, course.weight[name, p], style, color=colour, label=f"{'AB'[p]}: {name}"
            )
        ax.axhline(1, color="0.7", linewidth=0.8)
        ax.set(xlabel="time (h)", ylabel="weight, relative to the start", title=f"{title} protein synthesis")
    axes[0].legend(frameon=False, fontsize=8)
    return figure
