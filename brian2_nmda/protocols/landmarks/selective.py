"""A network with selective populations, as in Brunel & Wang (2001) and Wang (2002), from the library.

Conductances and time constants are the presets of the receptors; what is here are the sizes, the
neurons and the background, as in Brian2's examples of the two papers (``examples/frompapers``).
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2 import Hz, Network, NeuronGroup, PoissonInput, Quantity, SpikeMonitor, ms, nF, nS, second

from brian2_nmda.equations import ExponentialAMPA, ExponentialGABA, WangNMDA
from brian2_nmda.model import GlutamateSynapse, post_equations

CELL = """dv/dt = (g_L*(-70*mV - v) - g_ext*v - I_syn)/C : volt (unless refractory)
dg_ext/dt = -g_ext/(2*ms) : siemens
g_L : siemens (shared)
C : farad (shared)
label : integer (constant)
"""


@dataclass(frozen=True)
class Sizes:
    """What distinguishes the networks.

    Attributes
    ----------
    paper : str
        The presets of its receptors.
    selective, size : int
        The number of selective populations, and of neurons in each.
    excitatory : int
        The number of excitatory neurons; there is one inhibitory neuron for four of them.
    share : float
        The conductance of a synapse, of that which is published.
    strong : float
        The weight within a selective population; that of others onto it keeps the mean at one.
    background : Quantity
        The rate of all spikes from outside that reach a neuron.
    """

    paper: str
    selective: int
    size: int
    excitatory: int
    share: float
    strong: float
    background: Quantity

    @property
    def weak(self) -> float:
        """The weight of other populations onto a selective one."""
        coded = self.size / self.excitatory
        return 1 - coded * (self.strong - 1) / (1 - coded)


WANG = Sizes("Wang 2002", 2, 240, 1600, 1.0, 1.7, 2400 * Hz)
#: Twice as many neurons as in the paper, with half the conductance: with 1000 some runs lose the memory soon.
BRUNEL_WANG = Sizes("Brunel & Wang 2001", 5, 160, 1600, 0.5, 2.1, 2400 * Hz)


@dataclass
class Selective:
    """The network of `Sizes`: its neurons ``E`` and ``IN``, its synapses, and a monitor of E.

    The spikes from outside raise ``g_ext`` of the neurons.
    """

    sizes: Sizes
    synapses: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        name, number = self.sizes.paper, self.sizes.excitatory
        self.exciting, inhibiting = {}, {}
        for key, target in (("E", "onto pyramidal cells"), ("IN", "onto interneurons")):
            parts = [kind.preset(f"{name}, {target}") for kind in (ExponentialAMPA, WangNMDA)]
            self.exciting[key] = GlutamateSynapse(parts)
            inhibiting[key] = GlutamateSynapse(ExponentialGABA.preset(f"{name}, {target}"))
        self.jump = ExponentialAMPA.preset(f"{name}, external onto pyramidal cells").gmax
        to_IN = ExponentialAMPA.preset(f"{name}, external onto interneurons").gmax
        models = [[self.exciting[key], inhibiting[key]] for key in ("E", "IN")]
        self.E = _neurons(number, models[0], g_L=25 * nS, C=0.5 * nF, rest=2 * ms)
        self.IN = _neurons(number // 4, models[1], g_L=20 * nS, C=0.2 * nF, rest=1 * ms)
        self.E.label = f"clip(i//{self.sizes.size}, 0, {self.sizes.selective})"
        groups = {"E": self.E, "IN": self.IN}
        for key, target in groups.items():
            for source, model in (("E", self.exciting[key]), ("IN", inhibiting[key])):
                self.synapses[source + key] = self._connected(model, groups[source], target)
        self.spikes = SpikeMonitor(self.E)
        self.network = Network(
            *groups.values(),
            *self.synapses.values(),
            self.spikes,
            *(
                PoissonInput(group, "g_ext", 1000, self.sizes.background / 1000, jump)
                for group, jump in ((self.E, self.jump), (self.IN, to_IN))
            ),
        )

    def _connected(self, model: GlutamateSynapse, source: NeuronGroup, target: NeuronGroup) -> Any:
        """All to all, with one delay; between excitatory neurons by population."""
        share, n = self.sizes.share, self.sizes.selective
        recurrent = source is target is self.E
        S = model.synapses(source, target, delay=0.5 * ms, w="constant" if recurrent else share)
        S.connect("i != j" if source is target else True)
        if recurrent:
            S.w = share
            S.w[f"label_pre == label_post and label_post < {n}"] = share * self.sizes.strong
            S.w[f"label_pre != label_post and label_post < {n}"] = share * self.sizes.weak
        return S

    def rates(self, bins: np.ndarray) -> np.ndarray:
        """Rate of each selective population in Hz, one row for each, between the times of ``bins`` (s)."""
        of, t = np.array(self.spikes.i) // self.sizes.size, np.array(self.spikes.t / second)
        counts = [np.histogram(t[of == k], bins)[0] for k in range(self.sizes.selective)]
        return np.array(counts) / self.sizes.size / np.diff(bins)


def _neurons(number: int, models: list[GlutamateSynapse], rest: Quantity, **values: Quantity) -> NeuronGroup:
    """Integrate-and-fire neurons that receive what the models send."""
    group = NeuronGroup(
        number,
        CELL + post_equations(*models),
        threshold="v > -50*mV",
        reset="v = -55*mV",
        refractory=rest,
        method="euler",
        namespace={},
    )
    group.v = "-70*mV + rand()*20*mV"
    for name, value in values.items():
        setattr(group, name, value)
    return group
