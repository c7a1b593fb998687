"""The science: each equation and each number of the package, stated once.

Importing this package imports SymPy and Brian2's units; it creates no Brian2 object.
To add a model, write a class in the module of its family and add its name to ``__all__`` below.
"""

if __name__ != "brian2_nmda.equations":
    raise ImportError(
        "'equations' is installed as 'brian2_nmda.equations'; run 'python -m pip install -e .' in "
        "the checkout and import it under that name."
    )

from brian2_nmda.equations.astrocytes import (
    AdenosineDepression,
    DSerineRelease,
    DSerineSite,
    GChIAstrocyte,
    Gliotransmission,
    ModulatedRelease,
)
from brian2_nmda.equations.calcium import (
    CalciumIntegrator,
    FractionOfCurrent,
    ShouvalCalcium,
    SpineCalcium,
    YeungCalcium,
)
from brian2_nmda.equations.coagonist import ChlorokynurenateSite, GlycineSite, SlowGlycineSite
from brian2_nmda.equations.drugs import DAP5, Ketamine, Memantine
from brian2_nmda.equations.gating import BankeTraynelisNMDA, ClarkeJohnsonNMDA
from brian2_nmda.equations.inhibition import FirstOrderGABA, FiveStateGABA, TwoExponentialGABA
from brian2_nmda.equations.kinases import (
    CastellaniEnzymes,
    CastellaniPhosphorylation,
    GraupnerBrunel2007,
    KinaseDrivenInsertion,
)
from brian2_nmda.equations.late_phase import EarlyPhase, LatePhase, ProteinSynthesis
from brian2_nmda.equations.magnesium import HillTononiBlock, JahrStevens, MagnesiumBlock, NoBlock, Woodhull
from brian2_nmda.equations.neurons import BackPropagatingSpike
from brian2_nmda.equations.plasticity import (
    BCM,
    ClopathSTDP,
    CoincidenceInsertion,
    GraupnerBrunel,
    NearestTripletSTDP,
    ReceptorInsertion,
    ShouvalPlasticity,
    SlidingConductance,
    SynapticScaling,
    TripletSTDP,
    YeungPlasticity,
)
from brian2_nmda.equations.presynaptic import CostaPlasticity, CostaRelease
from brian2_nmda.equations.receptors import (
    AMPA,
    BioNMDA,
    ExponentialAMPA,
    ExponentialGABA,
    FirstOrderNMDA,
    ShouvalNMDA,
    TwoExponentialAMPA,
    TwoExponentialNMDA,
    WangJumpNMDA,
    WangNMDA,
    YeungNMDA,
)
from brian2_nmda.equations.release import (
    AmbientTransmitter,
    StochasticRelease,
    TransmitterPulse,
    TsodyksMarkram,
)
from brian2_nmda.equations.schemes import (
    DesensitisingAMPA,
    FiveStateNMDA,
    KampaNMDA,
    PopescuNMDA,
    VargasCaballeroNMDA,
)
from brian2_nmda.equations.temperature import MixedNMDA, RamanTrussellAMPA, SubunitNMDA
from brian2_nmda.equations.trafficking import ReceptorPool, SlotInsertion

__all__ = [
    "AMPA",
    "BCM",
    "DAP5",
    "AdenosineDepression",
    "AmbientTransmitter",
    "BackPropagatingSpike",
    "BankeTraynelisNMDA",
    "BioNMDA",
    "CalciumIntegrator",
    "CastellaniEnzymes",
    "CastellaniPhosphorylation",
    "ChlorokynurenateSite",
    "ClarkeJohnsonNMDA",
    "ClopathSTDP",
    "CoincidenceInsertion",
    "CostaPlasticity",
    "CostaRelease",
    "DSerineRelease",
    "DSerineSite",
    "DesensitisingAMPA",
    "EarlyPhase",
    "ExponentialAMPA",
    "ExponentialGABA",
    "FirstOrderGABA",
    "FirstOrderNMDA",
    "FiveStateGABA",
    "FiveStateNMDA",
    "FractionOfCurrent",
    "GChIAstrocyte",
    "Gliotransmission",
    "GlycineSite",
    "GraupnerBrunel",
    "GraupnerBrunel2007",
    "HillTononiBlock",
    "JahrStevens",
    "KampaNMDA",
    "Ketamine",
    "KinaseDrivenInsertion",
    "LatePhase",
    "MagnesiumBlock",
    "Memantine",
    "MixedNMDA",
    "ModulatedRelease",
    "NearestTripletSTDP",
    "NoBlock",
    "PopescuNMDA",
    "ProteinSynthesis",
    "RamanTrussellAMPA",
    "ReceptorInsertion",
    "ReceptorPool",
    "ShouvalCalcium",
    "ShouvalNMDA",
    "ShouvalPlasticity",
    "SlidingConductance",
    "SlotInsertion",
    "SlowGlycineSite",
    "SpineCalcium",
    "StochasticRelease",
    "SubunitNMDA",
    "SynapticScaling",
    "TransmitterPulse",
    "TripletSTDP",
    "TsodyksMarkram",
    "TwoExponentialAMPA",
    "TwoExponentialGABA",
    "TwoExponentialNMDA",
    "VargasCaballeroNMDA",
    "WangJumpNMDA",
    "WangNMDA",
    "Woodhull",
    "YeungCalcium",
    "YeungNMDA",
    "YeungPlasticity",
]
