"""The public list of models, by family: what `brian2_nmda.equations` offers."""

from .astrocytes import (
    AdenosineDepression as AdenosineDepression,
    DSerineRelease as DSerineRelease,
    DSerineSite as DSerineSite,
    GChIAstrocyte as GChIAstrocyte,
    Gliotransmission as Gliotransmission,
    ModulatedRelease as ModulatedRelease,
)
from .buffers import CalciumBuffer as CalciumBuffer, Calmodulin as Calmodulin
from .calcium import (
    CalciumIntegrator as CalciumIntegrator,
    FractionOfCurrent as FractionOfCurrent,
    ShouvalCalcium as ShouvalCalcium,
    SpineCalcium as SpineCalcium,
    YeungCalcium as YeungCalcium,
)
from .calcium_channels import (
    CountedLTypeChannels as CountedLTypeChannels,
    CountedRTypeChannels as CountedRTypeChannels,
    CountedTTypeChannels as CountedTTypeChannels,
    LTypeChannels as LTypeChannels,
    RTypeChannels as RTypeChannels,
    TTypeChannels as TTypeChannels,
)
from .coagonist import (
    ChlorokynurenateSite as ChlorokynurenateSite,
    GlycineSite as GlycineSite,
    SlowGlycineSite as SlowGlycineSite,
)
from .drugs import DAP5 as DAP5, Ketamine as Ketamine, Memantine as Memantine
from .gating import BankeTraynelisNMDA as BankeTraynelisNMDA, ClarkeJohnsonNMDA as ClarkeJohnsonNMDA
from .glusynapse import (
    ChindemiCalcium as ChindemiCalcium,
    ChindemiIntegrator as ChindemiIntegrator,
    ChindemiPlasticity as ChindemiPlasticity,
    ChindemiRelease as ChindemiRelease,
)
from .influx import (
    BufferedCalcium as BufferedCalcium,
    GHKCalcium as GHKCalcium,
    RodriguesCalcium as RodriguesCalcium,
)
from .inhibition import (
    FirstOrderGABA as FirstOrderGABA,
    FiveStateGABA as FiveStateGABA,
    TwoExponentialGABA as TwoExponentialGABA,
)
from .kinases import (
    AutonomousEnzymes as AutonomousEnzymes,
    CastellaniEnzymes as CastellaniEnzymes,
    CastellaniPhosphorylation as CastellaniPhosphorylation,
    GradedEnzymes as GradedEnzymes,
    GraupnerBrunel2007 as GraupnerBrunel2007,
    KinaseDrivenInsertion as KinaseDrivenInsertion,
    RelativeInsertion as RelativeInsertion,
    UnsaturatedEnzymes as UnsaturatedEnzymes,
)
from .late_phase import (
    EarlyPhase as EarlyPhase,
    LatePhase as LatePhase,
    ProteinSynthesis as ProteinSynthesis,
    Scaffold as Scaffold,
    ScaffoldedInsertion as ScaffoldedInsertion,
    TagTriC as TagTriC,
    TriggeredProtein as TriggeredProtein,
)
from .magnesium import (
    HillTononiBlock as HillTononiBlock,
    JahrStevens as JahrStevens,
    MagnesiumBlock as MagnesiumBlock,
    NoBlock as NoBlock,
    Woodhull as Woodhull,
)
from .neurons import BackPropagatingSpike as BackPropagatingSpike
from .plasticity import (
    BCM as BCM,
    ClopathSTDP as ClopathSTDP,
    CoincidenceInsertion as CoincidenceInsertion,
    GraupnerBrunel as GraupnerBrunel,
    NearestTripletSTDP as NearestTripletSTDP,
    ReceptorInsertion as ReceptorInsertion,
    ShouvalPlasticity as ShouvalPlasticity,
    SlidingConductance as SlidingConductance,
    SynapticScaling as SynapticScaling,
    TripletSTDP as TripletSTDP,
    YeungPlasticity as YeungPlasticity,
)
from .presynaptic import CostaPlasticity as CostaPlasticity, CostaRelease as CostaRelease
from .receptors import (
    AMPA as AMPA,
    BioNMDA as BioNMDA,
    ExponentialAMPA as ExponentialAMPA,
    ExponentialGABA as ExponentialGABA,
    FirstOrderNMDA as FirstOrderNMDA,
    ShouvalNMDA as ShouvalNMDA,
    TwoExponentialAMPA as TwoExponentialAMPA,
    TwoExponentialNMDA as TwoExponentialNMDA,
    WangJumpNMDA as WangJumpNMDA,
    WangNMDA as WangNMDA,
    YeungNMDA as YeungNMDA,
)
from .release import (
    AmbientTransmitter as AmbientTransmitter,
    StochasticRelease as StochasticRelease,
    TransmitterPulse as TransmitterPulse,
    TsodyksMarkram as TsodyksMarkram,
)
from .rodrigues import (
    BindingEnzymes as BindingEnzymes,
    RodriguesEnzymes as RodriguesEnzymes,
    RodriguesReadout as RodriguesReadout,
)
from .rodrigues_receptors import (
    RodriguesAMPA as RodriguesAMPA,
    RodriguesGABA as RodriguesGABA,
    RodriguesGluN2A as RodriguesGluN2A,
    RodriguesGluN2B as RodriguesGluN2B,
    RodriguesRelease as RodriguesRelease,
)
from .schemes import (
    DesensitisingAMPA as DesensitisingAMPA,
    FiveStateNMDA as FiveStateNMDA,
    KampaNMDA as KampaNMDA,
    PopescuNMDA as PopescuNMDA,
    VargasCaballeroNMDA as VargasCaballeroNMDA,
)
from .spine import (
    ContactTurnover as ContactTurnover,
    SpineNeck as SpineNeck,
    SpineVolume as SpineVolume,
)
from .subunit_rule import SubunitDetector as SubunitDetector, SubunitSTDP as SubunitSTDP
from .temperature import (
    MixedNMDA as MixedNMDA,
    RamanTrussellAMPA as RamanTrussellAMPA,
    SubunitNMDA as SubunitNMDA,
)
from .trafficking import (
    CountedSlots as CountedSlots,
    ReceptorPool as ReceptorPool,
    SlotInsertion as SlotInsertion,
)

__all__: list[str]
