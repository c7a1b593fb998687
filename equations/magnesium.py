"""Block of the open NMDA receptor by extracellular magnesium."""

from collections.abc import Mapping
from math import exp as exp_of
from typing import ClassVar

from brian2 import coulomb, joule, kelvin, mM, mole, mV
from sympy import exp

from brian2_nmda.equations.sources import CODATA, JAHR_STEVENS, SPRUSTON, WOODHULL
from brian2_nmda.symbolic.kinds import Block
from brian2_nmda.symbolic.kinds import NoBlock as NoBlock
from brian2_nmda.symbolic.part import Parameter, Preset, v

_MODELDB = "github:ModelDBRepository"


class MagnesiumBlock(Block):
    r"""Instantaneous block by magnesium, the form that almost all published variants share.

    .. math:: B(v) = \frac{1}{1 + [Mg]/K \; e^{-k v}}

    Half of the open channels conduct at ``ln([Mg]/K)/k``; ``presets`` holds published ``K`` and ``k``.
    ``Mg=0*mM`` is allowed and makes the block exactly 1.
    """

    Mg = Parameter(1 * mM, "extracellular magnesium", sign="nonnegative", bath=True, status="assumed",
                   source="the usual value of models: github:nest/nest-simulator iaf_bw_2001")  # fmt: skip
    K = Parameter(3.57 * mM, "apparent dissociation constant at 0 mV", source=JAHR_STEVENS)
    k = Parameter(0.062 / mV, "voltage sensitivity", source=JAHR_STEVENS)

    block = 1 / (1 + Mg / K * exp(-k * v))

    presets: ClassVar[Mapping[str, Preset]] = {
        "Jahr & Stevens 1990": Preset(JAHR_STEVENS, {"K": 3.57 * mM, "k": 0.062 / mV}),
        "Blue Brain hippocampus": Preset(
            "github:BlueBrain/neurodamus-models hippocampus ProbAMPANMDA_EMS.mod (junction potential)",
            {"K": 2.62 * mM, "k": 0.062 / mV},
        ),
        "Chindemi 2022": Preset(
            "github:BlueBrain/plastyfire; fit to Vargas-Caballero & Robinson (2003)",
            {"K": 2.5522415 * mM, "k": 0.07207477 / mV},
        ),
        "NeuroML example": Preset(
            "github:NeuroML/NeuroML2 example of blockingPlasticSynapse",
            {"K": 1.92054 * mM, "k": 1 / (16.129 * mV), "Mg": 1.2 * mM},
        ),
        "Maex & De Schutter 1998": Preset(
            f"{_MODELDB}/51196; .2801 [Mg] exp(-.062 (V - 10)) written with K",
            {"K": 1 / (0.2801 * exp_of(0.62)) * mM, "k": 0.062 / mV, "Mg": 1.2 * mM},
            status="converted",
        ),
        "Durstewitz & Gabriel 2006": Preset(
            f"{_MODELDB}/181967 nmda.mod; prefactor .33 at the model's fixed [Mg], taken as 1 mM",
            {"K": 1 / 0.33 * mM, "k": 0.0625 / mV},
            status="converted",
        ),
        "Polsky 2004": Preset(
            "doi:10.1038/nn1253, as in its NEURON model; prefactor .25 at fixed [Mg], taken as 1 mM",
            {"K": 4.0 * mM, "k": 0.08 / mV},
            status="converted",
        ),
        "Doron 2017": Preset(f"{_MODELDB}/225080 nmda_kin3", {"K": 7.51 * mM, "k": 0.1 / mV}),
        "SPM-type": Preset(
            "prefactor .2 of neural mass models (SPM's NMDA switch, 2012); [Mg] taken as 1 mM",
            {"K": 5.0 * mM, "k": 0.062 / mV},
            status="converted",
        ),
        "Hill & Tononi 2005, steady": Preset(
            "github:nest/nest-simulator models/ht_neuron.cpp; half at -25.57 mV, [Mg] taken as 1 mM",
            {"K": exp_of(0.081 * 25.57) * mM, "k": 0.081 / mV},
            status="converted",
        ),
    }
    summary = "instantaneous Mg block; ten published variants as presets"


class JahrStevens(MagnesiumBlock):
    r"""Instantaneous block of Jahr and Stevens (1990); see `MagnesiumBlock`.

    .. math:: B(v) = \frac{1}{1 + [Mg]/K \; e^{-k v}}

    Half of the open channels conduct at -20.5 mV with 1 mM.

    References
    ----------
    Jahr CE, Stevens CF (1990). J Neurosci 10:3178. doi:10.1523/JNEUROSCI.10-09-03178.1990
    """

    presets: ClassVar[Mapping[str, Preset]] = {}
    summary = "Mg block of Jahr & Stevens (1990)"


class Woodhull(Block):
    r"""Block at a site within the membrane field (Woodhull 1973), which depends on temperature.

    .. math:: B(v) = \frac{1}{1 + [Mg]/K_0 \; e^{-z \delta F v/(R\,\Theta)}}

    References
    ----------
    Woodhull AM (1973). J Gen Physiol 61:687. doi:10.1085/jgp.61.6.687
    """

    Mg = Parameter(1 * mM, "extracellular magnesium", sign="nonnegative", bath=True, status="assumed",
                   source="the usual value of models: github:nest/nest-simulator iaf_bw_2001")  # fmt: skip
    K0 = Parameter(4.1 * mM, "dissociation constant at 0 mV", source=SPRUSTON)
    delta = Parameter(0.8, "fraction of the field sensed at the site", source=SPRUSTON)
    z = Parameter(2.0, "valence of magnesium", source=WOODHULL)
    temperature = Parameter(308.15 * kelvin, "temperature", source=SPRUSTON)
    F = Parameter(96485.33212 * coulomb / mole, "Faraday constant", source=CODATA)
    R = Parameter(8.314462618 * joule / (mole * kelvin), "gas constant", source=CODATA)

    block = 1 / (1 + Mg / K0 * exp(-z * delta * F * v / (R * temperature)))
    summary = "Mg block at a site in the field, temperature-dependent"
