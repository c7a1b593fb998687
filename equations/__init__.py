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
from brian2_nmda.equations.buffers import CalciumBuffer, Calmodulin
from brian2_nmda.equations.calcium import (
    CalciumIntegrator,
    FractionOfCurrent,
    ShouvalCalcium,
    SpineCalcium,
    YeungCalcium,
)
from brian2_nmda.equations.calcium_channels import (
    CountedLTypeChannels,
    CountedRTypeChannels,
    CountedTTypeChannels,
    LTypeChannels,
    RTypeChannels,
    TTypeChannels,
)
from brian2_nmda.equations.coagonist import ChlorokynurenateSite, GlycineSite, SlowGlycineSite
from brian2_nmda.equations.drugs import DAP5, Ketamine, Memantine
from brian2_nmda.equations.gating import BankeTraynelisNMDA, ClarkeJohnsonNMDA
from brian2_nmda.equations.glusynapse import (
    ChindemiCalcium,
    ChindemiIntegrator,
    ChindemiPlasticity,
    ChindemiRelease,
)
from brian2_nmda.equations.influx import BufferedCalcium, GHKCalcium, RodriguesCalcium
from brian2_nmda.equations.inhibition import FirstOrderGABA, FiveStateGABA, TwoExponentialGABA
from brian2_nmda.equations.kinases import (
    CastellaniEnzymes,
    CastellaniPhosphorylation,
    GradedEnzymes,
    GraupnerBrunel2007,
    KinaseDrivenInsertion,
    RelativeInsertion,
    UnsaturatedEnzymes,
)
from brian2_nmda.equations.late_phase import (
    EarlyPhase,
    LatePhase,
    ProteinSynthesis,
    Scaffold,
    ScaffoldedInsertion,
    TagTriC,
    TriggeredProtein,
)
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
from brian2_nmda.equations.rodrigues import BindingEnzymes, RodriguesEnzymes, RodriguesReadout
from brian2_nmda.equations.rodrigues_receptors import (
    RodriguesAMPA,
    RodriguesGABA,
    RodriguesGluN2A,
    RodriguesGluN2B,
    RodriguesRelease,
)
from brian2_nmda.equations.schemes import (
    DesensitisingAMPA,
    FiveStateNMDA,
    KampaNMDA,
    PopescuNMDA,
    VargasCaballeroNMDA,
)
from brian2_nmda.equations.spine import ContactTurnover, SpineVolume
from brian2_nmda.equations.subunit_rule import SubunitDetector, SubunitSTDP
from brian2_nmda.equations.temperature import MixedNMDA, RamanTrussellAMPA, SubunitNMDA
from brian2_nmda.equations.trafficking import CountedSlots, ReceptorPool, SlotInsertion

__all__ = [
    "AMPA",
    "BCM",
    "DAP5",
    "AdenosineDepression",
    "AmbientTransmitter",
    "BackPropagatingSpike",
    "BankeTraynelisNMDA",
    "BindingEnzymes",
    "BioNMDA",
    "BufferedCalcium",
    "CalciumBuffer",
    "CalciumIntegrator",
    "Calmodulin",
    "CastellaniEnzymes",
    "CastellaniPhosphorylation",
    "ChindemiCalcium",
    "ChindemiIntegrator",
    "ChindemiPlasticity",
    "ChindemiRelease",
    "ChlorokynurenateSite",
    "ClarkeJohnsonNMDA",
    "ClopathSTDP",
    "CoincidenceInsertion",
    "ContactTurnover",
    "CostaPlasticity",
    "CostaRelease",
    "CountedLTypeChannels",
    "CountedRTypeChannels",
    "CountedSlots",
    "CountedTTypeChannels",
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
    "GHKCalcium",
    "Gliotransmission",
    "GlycineSite",
    "GradedEnzymes",
    "GraupnerBrunel",
    "GraupnerBrunel2007",
    "HillTononiBlock",
    "JahrStevens",
    "KampaNMDA",
    "Ketamine",
    "KinaseDrivenInsertion",
    "LTypeChannels",
    "LatePhase",
    "MagnesiumBlock",
    "Memantine",
    "MixedNMDA",
    "ModulatedRelease",
    "NearestTripletSTDP",
    "NoBlock",
    "PopescuNMDA",
    "ProteinSynthesis",
    "RTypeChannels",
    "RamanTrussellAMPA",
    "ReceptorInsertion",
    "ReceptorPool",
    "RelativeInsertion",
    "RodriguesAMPA",
    "RodriguesCalcium",
    "RodriguesEnzymes",
    "RodriguesGABA",
    "RodriguesGluN2A",
    "RodriguesGluN2B",
    "RodriguesReadout",
    "RodriguesRelease",
    "Scaffold",
    "ScaffoldedInsertion",
    "ShouvalCalcium",
    "ShouvalNMDA",
    "ShouvalPlasticity",
    "SlidingConductance",
    "SlotInsertion",
    "SlowGlycineSite",
    "SpineCalcium",
    "SpineVolume",
    "StochasticRelease",
    "SubunitDetector",
    "SubunitNMDA",
    "SubunitSTDP",
    "SynapticScaling",
    "TTypeChannels",
    "TagTriC",
    "TransmitterPulse",
    "TriggeredProtein",
    "TripletSTDP",
    "TsodyksMarkram",
    "TwoExponentialAMPA",
    "TwoExponentialGABA",
    "TwoExponentialNMDA",
    "UnsaturatedEnzymes",
    "VargasCaballeroNMDA",
    "WangJumpNMDA",
    "WangNMDA",
    "Woodhull",
    "YeungCalcium",
    "YeungNMDA",
    "YeungPlasticity",
]
