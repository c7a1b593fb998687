"""The science: each equation and each number of the package, stated once.

Importing this package imports SymPy and Brian2's units; it creates no Brian2 object.
To add a model, write a class in the module of its family and add its name to ``__all__`` below.
"""

if __name__ != "brian2_nmda.equations":
    raise ImportError(
        "'equations' is installed as 'brian2_nmda.equations'; run 'python -m pip install -e .' in "
        "the checkout and import it under that name."
    )

from brian2_nmda.equations.calcium import (
    CalciumIntegrator,
    FractionOfCurrent,
    SpineCalcium,
)
from brian2_nmda.equations.magnesium import JahrStevens, NoBlock
from brian2_nmda.equations.neurons import BackPropagatingSpike
from brian2_nmda.equations.plasticity import CoincidenceInsertion, ReceptorInsertion
from brian2_nmda.equations.receptors import (
    AMPA,
    BioNMDA,
    TwoExponentialAMPA,
    TwoExponentialNMDA,
    WangNMDA,
)
from brian2_nmda.equations.release import TransmitterPulse

__all__ = [
    "AMPA",
    "BackPropagatingSpike",
    "BioNMDA",
    "CalciumIntegrator",
    "CoincidenceInsertion",
    "FractionOfCurrent",
    "JahrStevens",
    "NoBlock",
    "ReceptorInsertion",
    "SpineCalcium",
    "TransmitterPulse",
    "TwoExponentialAMPA",
    "TwoExponentialNMDA",
    "WangNMDA",
]
