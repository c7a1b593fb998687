"""The conditions of the tetanus experiment, and when each pathway gets its pulses."""

from dataclasses import dataclass, field

import numpy as np
from brian2 import second

from brian2_nmda.protocols.experiment import FIBRES

PATHWAYS = ("A", "B")

TEST_PERIOD = 10 * second  # of each pathway; B is tested half a period after A
FIRST_TEST = 1 * second
SETTLING = 3 * second  # without test pulses after a train
LAST = 300.0  # s, at the end, over which what came of a train is averaged


@dataclass(frozen=True)
class PulseTrain:
    """A train of presynaptic spikes, or several of them.

    Parameters
    ----------
    rate : float
        In Hz.
    pulses : int
        Of one burst, if there are several.
    bursts : int
    every : float
        From the start of one burst to that of the next, in s.
    """

    rate: float
    pulses: int
    bursts: int = 1
    every: float = 0.0

    @property
    def times(self) -> np.ndarray:
        """Times of the pulses after the start of the train, in s."""
        starts = self.every * np.arange(self.bursts)
        return (starts[:, np.newaxis] + np.arange(self.pulses) / self.rate).ravel()

    @property
    def duration(self) -> float:
        """Number of pulses times their interval, or that of the bursts, in s."""
        return self.bursts * self.every if self.bursts > 1 else self.pulses / self.rate


TETANUS = PulseTrain(100.0, 100)
THETA_BURST = PulseTrain(100.0, 4, bursts=10, every=0.2)
LOW_FREQUENCY = PulseTrain(1.0, 900)


@dataclass(frozen=True)
class Condition:
    """What happens to one neuron and its two pathways.

    Parameters
    ----------
    name : str
        One word or two, as printed in the table.
    train : PulseTrain, optional
        Without one, the test pulses go on.
    trained : tuple of str
        Pathways that get the train.
    fibres : tuple of int
        Number of identical fibres in pathways A and B.
    D_AP5 : bool
        50 uM of the NMDA antagonist, from the start of the baseline: the part `DAP5` of the model.
    clamped : bool
        The neuron is clamped at rest during the train and until its effects have passed.
    Mg_free : bool
        No magnesium during the train.
    bars : dict
        Accepted change in percent, lowest and highest, per pathway.
    """

    name: str
    train: PulseTrain | None = TETANUS
    trained: tuple[str, ...] = ("A",)
    fibres: tuple[int, int] = (FIBRES, FIBRES)
    D_AP5: bool = False
    clamped: bool = False
    Mg_free: bool = False
    bars: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def in_curve(self) -> bool:
        """Whether it is a point of the frequency curve: as many pulses, one by one, as `LOW_FREQUENCY`."""
        return self.train is not None and self.train.bursts == 1 and self.train.pulses == LOW_FREQUENCY.pulses


WEAK = 3  # fibres: as many as change their synapses by less than 1 % alone
_ALIKE = (-0.5, 0.5)
_POTENTIATED = (35.0, 65.0)

CONDITIONS = (
    Condition("tetanus", bars={"A": _POTENTIATED, "B": _ALIKE}),
    Condition("theta burst", THETA_BURST, bars={"A": (20.0, np.inf), "B": _ALIKE}),
    Condition("D-AP5", D_AP5=True, bars={"A": (-0.1, 0.1), "B": _ALIKE}),
    Condition("clamp", clamped=True, bars={"A": (-1.0, 1.0), "B": _ALIKE}),
    Condition("weak", fibres=(WEAK, FIBRES), bars={"A": (-1.0, 1.0), "B": _ALIKE}),
    Condition(
        "weak+strong",
        trained=("A", "B"),
        fibres=(WEAK, FIBRES),
        bars={"A": (35.0, np.inf), "B": _POTENTIATED},
    ),
    Condition("weak 0 Mg", fibres=(WEAK, FIBRES), Mg_free=True, bars={"A": (30.0, np.inf), "B": _ALIKE}),
    Condition("baseline", train=None, trained=(), bars={"A": (-0.1, 0.1), "B": (-0.1, 0.1)}),
)
LFS = Condition("1 Hz x 900", LOW_FREQUENCY, bars={"A": (-25.0, -15.0), "B": _ALIKE})
#: 900 pulses at rising frequencies: the frequency curve.
CURVE = (
    LFS,
    *(
        Condition(f"{f} Hz x 900", PulseTrain(float(f), 900), bars={"B": _ALIKE} | bars)
        for f, bars in {2: {}, 3: {}, 5: {}, 7: {}, 10: {}, 20: {}, 50: {"A": (20.0, np.inf)}}.items()
    ),
)


class Schedule:
    """When each pathway gets its pulses, in s.

    ``follow_up`` is that of a tetanus; after a longer train there are at least five minutes of it.
    """

    def __init__(self, conditions: tuple[Condition, ...], baseline: float, follow_up: float) -> None:
        self.conditions, self.start = conditions, baseline
        longest = max((c.train.duration for c in conditions if c.train), default=0.0)
        self.end = baseline + max(TETANUS.duration + follow_up, longest + min(follow_up, LAST))
        period = float(TEST_PERIOD)
        self.tests = np.array(
            [np.arange(float(FIRST_TEST), self.end - 1, period) + d for d in (0, period / 2)]
        )
        self.tests = self.tests[:, self.tests[1] < self.end - 1]

    def tested(self, condition: Condition) -> np.ndarray:
        """Which test pulses a condition gets; they pause around its train."""
        if condition.train is None:
            return np.ones(self.tests.shape, bool)
        over = self.start + condition.train.duration + float(SETTLING)
        return (self.tests < self.start - float(SETTLING)) | (self.tests > over)

    def pulses(self, condition: Condition, p: int) -> np.ndarray:
        """All presynaptic spikes of pathway number ``p``."""
        times = self.tests[p][self.tested(condition)[p]]
        if condition.train is not None and PATHWAYS[p] in condition.trained:
            times = np.concatenate([times, self.start + condition.train.times])
        return np.sort(times)
