"""Block of the open NMDA receptor by extracellular magnesium."""

from collections.abc import Mapping
from math import exp as exp_of
from typing import ClassVar

from brian2 import coulomb, joule, kelvin, mM, mole, ms, mV
from sympy import Max, Min, exp

from brian2_nmda.equations.sources import CODATA, HT_NEURON, JAHR_STEVENS, SPRUSTON, WOODHULL
from brian2_nmda.symbolic.kinds import Block, NoBlock as NoBlock
from brian2_nmda.symbolic.part import Parameter, Preset, define, states, v

_MODELDB = "github:ModelDBRepository"


class MagnesiumBlock(Block):
    r"""Instantaneous block by magnesium, the form that almost all published variants share.

    .. math:: B(v) = \frac{1}{1 + [Mg]/K \; e^{-k v}}

    Half of the open channels conduct at ``ln([Mg]/K)/k``; ``presets`` holds published ``K`` and ``k``.
    ``Mg=0*mM`` is allowed and makes the block exactly 1.

    Take `JahrStevens` if you have no reason for another; this part with a preset to compare with a model that
    states its numbers; `Woodhull` if the temperature matters; `NoBlock` if there is no magnesium.
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
    temperature = Parameter(308.15 * kelvin, "temperature of the bath", source=SPRUSTON, bath=True)
    F = Parameter(96485.33212 * coulomb / mole, "Faraday constant", source=CODATA)
    R = Parameter(8.314462618 * joule / (mole * kelvin), "gas constant", source=CODATA)

    block = 1 / (1 + Mg / K0 * exp(-z * delta * F * v / (R * temperature)))
    summary = "Mg block at a site in the field, temperature-dependent"


class HillTononiBlock(Block):
    r"""Block that sets in at once and is relieved in two phases (Hill & Tononi 2005, NEST's ``ht_neuron``).

    .. math::

        m_\infty(v) = \frac{1}{1 + e^{-S (v - V_{act})}} \qquad
        B = A_1 \min(m_\infty, m_f) + (1 - A_1) \min(m_\infty, m_s) \qquad A_1 = a_0 - a_1 v

    Both ``m`` rise to :math:`m_\infty` with their time constants. NEST cuts them down to :math:`m_\infty` at
    the end of each of its steps; here they follow it down with ``tau_block``, so that finer steps have a
    limit. What conducts is cut at once in any case: ``tau_block`` only says how soon an earlier relief is
    forgotten, and with the default the block is within .04 of NEST's in a burst of spikes. Make it shorter
    with the time step (a step that is too long for it is refused). There is no concentration of magnesium.

    The states are those of the target and are integrated by its method.

    References
    ----------
    Hill S, Tononi G (2005). J Neurophysiol 93:1671. doi:10.1152/jn.00915.2004

    Vargas-Caballero M, Robinson HP (2003). J Neurophysiol 89:2778. doi:10.1152/jn.01038.2002
    """

    V_act = Parameter(-25.57 * mV, "potential of half unblock", source=HT_NEURON, sign="real")
    S = Parameter(0.081 / mV, "voltage sensitivity", source=HT_NEURON)
    a_0 = Parameter(0.51, "share of fast unblock at 0 mV", source=HT_NEURON, sign="fraction")
    a_1 = Parameter(0.0028 / mV, "its loss with the voltage", source=HT_NEURON, sign="nonnegative")
    tau_f = Parameter(0.68 * ms, "fast unblock", source=HT_NEURON)
    tau_s = Parameter(22.7 * ms, "slow unblock", source=HT_NEURON)
    tau_block = Parameter(0.2 * ms, "loss of the relief", status="assumed",
                          source="two steps of NEST's default resolution, where each cuts")  # fmt: skip
    v_start = Parameter(-70 * mV, "potential at which a neuron starts in equilibrium", sign="real",
                        status="assumed", source="a resting potential")  # fmt: skip

    m_f = states("m_f", within=(0, 1), initial=1 / (1 + exp(-S * (v_start - V_act))),
                 meaning="fast relief")  # fmt: skip
    m_s = states("m_s", within=(0, 1), initial=1 / (1 + exp(-S * (v_start - V_act))),
                 meaning="slow relief")  # fmt: skip
    m = define(1 / (1 + exp(-S * (v - V_act))), meaning="relief at equilibrium")
    A = define(a_0 - a_1 * v, meaning="share of fast unblock")
    dm_f = Max(m - m_f, 0) / tau_f - Max(m_f - m, 0) / tau_block
    dm_s = Max(m - m_s, 0) / tau_s - Max(m_s - m, 0) / tau_block
    block = A * Min(m, m_f) + (1 - A) * Min(m, m_s)

    summary = "instantaneous Mg block, relieved fast and slowly (NEST's ht_neuron)"
