"""Textbook stimulation protocols, and the experiments made of them.

A protocol is data: what each pathway receives, what is done to the cell, what is in the bath, and when. An
`Experiment` runs one model through several protocols side by side; its `Result` prints, plots and saves.

>>> from brian2_nmda.protocols import Experiment, theta_burst
>>> result = Experiment(theta_burst()).run()  # doctest: +SKIP
>>> result.plot().savefig('theta_burst.png')  # doctest: +SKIP

`brian2_nmda.protocols.ltp` is the tetanus experiment with its controls and acceptance bars.
"""

from brian2_nmda.protocols.baths import DRUGS, drug, switch
from brian2_nmda.protocols.data import Protocol, Span, Train
from brian2_nmda.protocols.experiment import Experiment, demo_model
from brian2_nmda.protocols.neuron import Neuron, demo_neuron
from brian2_nmda.protocols.result import Result
from brian2_nmda.protocols.textbook import (
    control,
    frequency_series,
    low_frequency,
    pairing_at_voltage,
    pairings,
    pulses,
    quadruplets,
    rest,
    stdp_window,
    test_pulses,
    tetanus,
    theta_burst,
    train,
    triplets,
)

__all__ = [
    "DRUGS",
    "Experiment",
    "Neuron",
    "Protocol",
    "Result",
    "Span",
    "Train",
    "control",
    "demo_model",
    "demo_neuron",
    "drug",
    "frequency_series",
    "low_frequency",
    "pairing_at_voltage",
    "pairings",
    "pulses",
    "quadruplets",
    "rest",
    "stdp_window",
    "switch",
    "test_pulses",
    "tetanus",
    "theta_burst",
    "train",
    "triplets",
]
