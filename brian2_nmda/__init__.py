"""NMDA receptors, Mg block, calcium and receptor-insertion plasticity for Brian2.

The equations are SymPy templates (`brian2_nmda.equations`); a planner decides where each variable
lives and how it is integrated; the result are ordinary Brian2 objects.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if find_spec("brian2_nmda.equations") is None:
    raise ImportError(
        "brian2_nmda is imported from a checkout that is not installed; run "
        "'python -m pip install -e .' in it (or leave its directory)."
    )

from brian2_nmda.brian.advice import register as _register_advice
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
from brian2_nmda.symbolic.expressions import clip as clip, exprel as exprel
from brian2_nmda.symbolic.kinds import (
    Antagonist,
    Block,
    Calcium,
    ChannelBlocker,
    CoAgonist,
    Plasticity,
    Receptor,
    Release,
)

# What a class body may use is importable but not all of it is in __all__: v and T are common names, clip and
# exprel names of Brian2.
from brian2_nmda.symbolic.part import (
    Ca as Ca,
    Ca_eff as Ca_eff,
    Ca_rest as Ca_rest,
    E_open as E_open,
    Event,
    G_open as G_open,
    I_Ca as I_Ca,
    Later,
    On,
    Parameter,
    Part,
    Preset,
    Pulse,
    Reaction,
    T as T,
    Total,
    activation as activation,
    block as block,
    conductance as conductance,
    counts,
    define,
    g_initial as g_initial,
    gives,
    needs,
    occupancies,
    postsynaptic,
    presynaptic,
    rand as rand,
    released as released,
    states,
    v as v,
    xi as xi,
)
from brian2_nmda.symbolic.undecided import explain_conditions as _explain_conditions

__version__ = "0.1.0"

__all__ = [
    "AMPA",
    "Antagonist",
    "BackPropagatingSpike",
    "BioNMDA",
    "Block",
    "Calcium",
    "CalciumIntegrator",
    "ChannelBlocker",
    "CoAgonist",
    "CoincidenceInsertion",
    "Event",
    "FractionOfCurrent",
    "GlutamateSynapse",
    "JahrStevens",
    "Later",
    "ModelError",
    "NoBlock",
    "On",
    "Parameter",
    "Part",
    "Plasticity",
    "Preset",
    "Pulse",
    "Reaction",
    "Receptor",
    "ReceptorInsertion",
    "Release",
    "SpineCalcium",
    "Total",
    "TransmitterPulse",
    "TwoExponentialAMPA",
    "TwoExponentialNMDA",
    "WangNMDA",
    "check_model",
    "counts",
    "define",
    "gives",
    "models",
    "needs",
    "occupancies",
    "post_equations",
    "postsynaptic",
    "presynaptic",
    "states",
]

_register()
_register_advice()
_explain_conditions()
_register_templates()

if not TYPE_CHECKING:  # or type checkers would take every name for known

    def __getattr__(name: str) -> Any:
        """Find the other parts of the library here as well; `brian2_nmda.equations` is their home."""
        from brian2_nmda import equations

        if name in equations.__all__:
            return getattr(equations, name)
        raise AttributeError(f"module 'brian2_nmda' has no attribute '{name}'")
