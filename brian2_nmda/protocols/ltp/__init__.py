"""Long-term potentiation by a tetanus, with the controls that a textbook asks for.

Two pathways A and B converge on one neuron. Each is tested by a single pulse every 10 s, B 5 s after
A. A is then tetanised (100 Hz for 1 s) while the test pulses pause; B tells whether the change is
specific to the pathway. All conditions run side by side, one neuron each, in one C++ standalone
simulation.

>>> from brian2 import second
>>> from brian2_nmda.protocols.ltp import run_ltp
>>> result = run_ltp(baseline=600*second, follow_up=1200*second)  # doctest: +SKIP
>>> print(result.table())  # doctest: +SKIP
"""

from brian2_nmda.protocols.ltp.conditions import (
    CONDITIONS,
    CURVE,
    LFS,
    LOW_FREQUENCY,
    PATHWAYS,
    TEST_PERIOD,
    TETANUS,
    THETA_BURST,
    WEAK,
    Condition,
    PulseTrain,
    Schedule,
)
from brian2_nmda.protocols.ltp.experiment import default_model, run_ltp
from brian2_nmda.protocols.ltp.result import LTPResult, Row, bar_text

__all__ = [
    "CONDITIONS",
    "CURVE",
    "LFS",
    "LOW_FREQUENCY",
    "PATHWAYS",
    "TEST_PERIOD",
    "TETANUS",
    "THETA_BURST",
    "WEAK",
    "Condition",
    "LTPResult",
    "PulseTrain",
    "Row",
    "Schedule",
    "bar_text",
    "default_model",
    "run_ltp",
]
