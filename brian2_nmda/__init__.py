"""NMDA receptors, Mg block, calcium and receptor-insertion plasticity for Brian2.

The equations are SymPy templates (`brian2_nmda.equations`); a planner decides where each variable
lives and how it is integrated; the result are ordinary Brian2 objects.
"""

from importlib.util import find_spec

if find_spec("brian2_nmda.equations") is None:
    raise ImportError(
        "brian2_nmda is imported from a checkout that is not installed; run "
        "'python -m pip install -e .' in it (or leave its directory)."
    )

from brian2_nmda.brian.compiled import register as _register_templates
from brian2_nmda.brian.updaters import register as _register
from brian2_nmda.conformance import check_model
from brian2_nmda.equations import (
    AMPA,
    BackPropagatingSpike,
    BioNMDA,
    CalciumIntegrator,
    CoincidenceInsertion,
    FractionOfCurrent,
    JahrStevens,
    NoBlock,
    ReceptorInsertion,
    SpineCalcium,
    TransmitterPulse,
    TwoExponentialAMPA,
    TwoExponentialNMDA,
    WangNMDA,
)
from brian2_nmda.library import models
from brian2_nmda.model import GlutamateSynapse, post_equations
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.kinds import Receptor
from brian2_nmda.symbolic.part import Ca as Ca  # the symbols that a class body may use; not in
from brian2_nmda.symbolic.part import Ca_eff as Ca_eff  # __all__, since v and T are common names
from brian2_nmda.symbolic.part import Parameter, Reaction, occupancies, states
from brian2_nmda.symbolic.part import T as T
from brian2_nmda.symbolic.part import v as v

__version__ = "0.1.0"

__all__ = [
    "AMPA",
    "BackPropagatingSpike",
    "BioNMDA",
    "CalciumIntegrator",
    "CoincidenceInsertion",
    "FractionOfCurrent",
    "GlutamateSynapse",
    "JahrStevens",
    "ModelError",
    "NoBlock",
    "Parameter",
    "Reaction",
    "Receptor",
    "ReceptorInsertion",
    "SpineCalcium",
    "TransmitterPulse",
    "TwoExponentialAMPA",
    "TwoExponentialNMDA",
    "WangNMDA",
    "check_model",
    "models",
    "occupancies",
    "post_equations",
    "states",
]

_register()
_register_templates()
