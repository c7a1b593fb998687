"""The conditions of the tetanus experiment, and when each pathway gets its pulses."""

from dataclasses import dataclass, field

import numpy as np
from brian2 import second

PATHWAYS = ("A", "B")

TEST_PERIOD = 10 * second  # of each pathway; B is tested half a period after A
FIRST_TEST = 1 * second
SETTLING = 3 * second  # without test pulses after a train


@dataclass(frozen=True)
class Train:
    """A train of presynaptic spikes.

    Parameters
    ----------
    rate : float
        In Hz.
    pulses : int
    """

    rate: float
    pulses: int

    @property
    def times(self) -> np.ndarray:
        """Times of the pulses after the start of the train, in s."""
        return np.arange(self.pulses) / self.rate

    @property
    def duration(self) -> float:
        """Number of pulses times their interval, in s."""
        return self.pulses / self.rate


TETANUS = Train(100.0, 100)
LOW_FREQUENCY = Train(1.0, 900)


@dataclass(frozen=True)
class Condition:
    """What happens to one neuron and its two pathways.

    Parameters
    ----------
    name : str
        One word or two, as printed in the table.
    train : Train, optional
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
    train: Train | None = TETANUS
    trained: tuple[str, ...] = ("A",)
    fibres: tuple[int, int] = (30, 30)
    D_AP5: bool = False
    clamped: bool = False
    Mg_free: bool = False
    bars: dict[str, tuple[float, float]] = field(default_factory=dict)


_ALIKE = (-0.5, 0.5)
_POTENTIATED = (35.0, 65.0)

CONDITIONS = (
    Condition("tetanus", bars={"A": _POTENTIATED, "B": _ALIKE}),
    Condition("D-AP5", D_AP5=True, bars={"A": (-0.1, 0.1), "B": _ALIKE}),
    Condition("clamp", clamped=True, bars={"A": (-1.0, 1.0), "B": _ALIKE}),
    Condition("weak", fibres=(8, 30), bars={"A": (-1.0, 1.0), "B": _ALIKE}),
    Condition(
        "weak+strong",
        trained=("A", "B"),
        fibres=(8, 30),
        bars={"A": (35.0, np.inf), "B": _POTENTIATED},
    ),
    Condition("weak 0 Mg", fibres=(8, 30), Mg_free=True, bars={"A": (30.0, np.inf), "B": _ALIKE}),
    Condition("baseline", train=None, trained=(), bars={"A": (-0.1, 0.1), "B": (-0.1, 0.1)}),
)
LFS = Condition("1 Hz x 900", train=LOW_FREQUENCY, bars={"A": (-25.0, -15.0), "B": _ALIKE})


class Schedule:
    """When each pathway gets its pulses, in s."""

    def __init__(self, conditions: tuple[Condition, ...], baseline: float, follow_up: float) -> None:
        self.conditions, self.start = conditions, baseline
        longest = max((c.train.duration for c in conditions if c.train), default=0.0)
        self.end = baseline + longest + follow_up
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
