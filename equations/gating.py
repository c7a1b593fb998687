"""NMDA receptors that open in two conformational steps, a fast and a slow one, in either order.

The rates are those of GluN1/GluN2B receptors; `ClarkeJohnsonNMDA` adds what the voltage does to the steps,
and magnesium that is trapped in the closed channel.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from brian2 import mM, ms, mV, nS, psiemens
from sympy import exp

from brian2_nmda.equations.magnesium import JahrStevens
from brian2_nmda.equations.sources import BANKE_2A, BANKE_KD2, CLARKE_JOHNSON, CLARKE_JOHNSON_CA1
from brian2_nmda.symbolic.kinds import Receptor
from brian2_nmda.symbolic.part import Parameter, Preset, Reaction, T, occupancies, v

_PER_MM_MS = 1 / (mM * ms)


def _per_second(**rates: float) -> dict[str, Any]:
    return {name: 1e-3 * rate / ms for name, rate in rates.items()}


class BankeTraynelisNMDA(Receptor):
    r"""Scheme of Banke & Traynelis (2003) and Erreger et al. (2005): a fast and a slow gate must open.

    ``R - RA - RA2`` bind glutamate at two equal sites, ``RA2 - D1`` and ``RA2 - D2`` desensitise. From
    ``RA2`` the fast gate opens first (``RF``) or the slow one (``RS``), with the same rates in either order,
    and ``O`` conducts. The default is GluN2B: 1 s of 1 mM opens at most 11.6 % (0.12 were measured).

    The second desensitisation of GluN2B and all rates of GluN2A could not be checked against a source:
    their status is ``assumed``.

    References
    ----------
    Banke TG, Traynelis SF (2003). Activation of NR1/NR2B NMDA receptors. Nat Neurosci 6:144.
    doi:10.1038/nn1000

    Erreger K, Dravid SM, Banke TG, Wyllie DJ, Traynelis SF (2005). J Physiol 563:345. PMC1665591
    """

    kon = Parameter(2.83 * _PER_MM_MS, "binding rate of a site", source=CLARKE_JOHNSON)
    koff = Parameter(38.1e-3 / ms, "unbinding rate of a site", source=CLARKE_JOHNSON)
    kd1 = Parameter(0.55 / ms, "first desensitisation", source=CLARKE_JOHNSON_CA1)
    rd1 = Parameter(0.081 / ms, "recovery from it", source=CLARKE_JOHNSON_CA1)
    kd2 = Parameter(0.112 / ms, "second desensitisation", source=BANKE_KD2, status="assumed")
    rd2 = Parameter(0.91e-3 / ms, "recovery from it", source=BANKE_KD2, status="assumed")
    kf = Parameter(2.836 / ms, "opening of the fast gate", source=CLARKE_JOHNSON)
    rf = Parameter(0.175 / ms, "closing of the fast gate", source=CLARKE_JOHNSON)
    ks = Parameter(0.048 / ms, "opening of the slow gate", source=CLARKE_JOHNSON)
    rs = Parameter(0.230 / ms, "closing of the slow gate", source=CLARKE_JOHNSON)
    gmax = Parameter(1 * nS, "maximal conductance", status="assumed", sign="nonnegative",
                     source="20 receptors of 50 pS")  # fmt: skip

    R, RA, RA2, D1, D2, RF, RS, O = occupancies("R RA RA2 D1 D2 RF RS O")
    reactions = (
        Reaction(R, RA, 2 * kon * T, koff),
        Reaction(RA, RA2, kon * T, 2 * koff),
        Reaction(RA2, D1, kd1, rd1),
        Reaction(RA2, D2, kd2, rd2),
        Reaction(RA2, RF, kf, rf),
        Reaction(RA2, RS, ks, rs),
        Reaction(RF, O, ks, rs),
        Reaction(RS, O, kf, rf),
    )
    activation = O

    presets: ClassVar[Mapping[str, Preset]] = {
        "GluN2B": Preset(f"{CLARKE_JOHNSON}; second desensitisation: {BANKE_KD2}", {}),
        "GluN2A": Preset(
            BANKE_2A,
            {"kon": 31.6 * _PER_MM_MS}
            | _per_second(koff=1010, kd1=85.1, rd1=29.7, kd2=230, rd2=1.01, kf=3140, rf=174, ks=230, rs=178),
            status="assumed",
        ),
    }
    _children: ClassVar[Mapping[str, Any]] = {"block": JahrStevens}
    default_label = "NMDA"
    calcium_permeable = True
    summary = "eight-state scheme with a fast and a slow gate; GluN2B, GluN2A"


class ClarkeJohnsonNMDA(Receptor):
    r"""Scheme of Clarke & Johnson (2008): gates that the voltage opens, and trapped magnesium.

    The scheme of `BankeTraynelisNMDA` and its mirror with magnesium, 16 states: the channel is blocked
    and unblocked in ``O - OM`` alone and closes around magnesium. Opening of each gate speeds up with
    ``exp((v - v_0)/v_g)``, its closing slows down as much, so that channels unblock at once and open more
    within milliseconds: the slow component of unblock. Magnesium enters and leaves as by Antonov &
    Johnson (1999),

    .. math::

        k_{on} = \frac{k_P e^{-v/v_P}}{(1 + Na/K_{Na})(1 + Na/K_{Na} + Cs/K_{Cs}(v))} \qquad
        k_{off} = \frac{k_{No} e^{v/v_{No}}}{(1 + Na/K_{Na})^2} + k_{Ni} e^{-v/v_{Ni}}

    where sodium outside and caesium inside occupy the sites of the pore, with
    ``K_Cs(v) = K_Cs0 exp(-v/v_Cs)``.

    Desensitisation differs between regions: the default and the preset for CA1 have the fit of Moradi et al.
    (2013) to CA1, whose file takes the magnesium of Ascher & Nowak (a cell has no caesium); that
    is the formula without sodium, caesium and permeation. **Their file swaps the rates of
    desensitisation with magnesium**, so that blocked channels leave ``D2M`` 1500 times faster than they
    enter; the preset 'CA1, as in the file' has them so. As a blocked channel without transmitter cannot
    be reached at rest, it starts unblocked.

    References
    ----------
    Clarke RJ, Johnson JW (2008). Voltage-dependent gating of NR1/2B NMDA receptors. J Physiol 586:5727.
    doi:10.1113/jphysiol.2008.160622

    Antonov SM, Johnson JW (1999). Permeant ion regulation of N-methyl-D-aspartate receptor channel block
    by Mg2+. PNAS 96:14571. doi:10.1073/pnas.96.25.14571
    """

    Mg = Parameter(1 * mM, "extracellular magnesium", source=CLARKE_JOHNSON, sign="nonnegative", bath=True)
    kon = Parameter(2.83 * _PER_MM_MS, "binding rate of a site", source=CLARKE_JOHNSON)
    koff = Parameter(38.1e-3 / ms, "unbinding rate of a site", source=CLARKE_JOHNSON)
    kd1 = Parameter(0.55 / ms, "first desensitisation", source=CLARKE_JOHNSON_CA1)
    rd1 = Parameter(0.081 / ms, "recovery from it", source=CLARKE_JOHNSON_CA1)
    kd2 = Parameter(0.32319 / ms, "second desensitisation", source=CLARKE_JOHNSON_CA1)
    rd2 = Parameter(2.0977e-4 / ms, "recovery from it", source=CLARKE_JOHNSON_CA1)
    kd1M = Parameter(0.55 / ms, "first desensitisation with Mg", source=CLARKE_JOHNSON_CA1)
    rd1M = Parameter(0.081 / ms, "recovery from it with Mg", source=CLARKE_JOHNSON_CA1)
    kd2M = Parameter(0.32319 / ms, "second desensitisation with Mg", source=CLARKE_JOHNSON_CA1)
    rd2M = Parameter(2.0977e-4 / ms, "recovery from it with Mg", source=CLARKE_JOHNSON_CA1)
    kf = Parameter(2.836 / ms, "opening of the fast gate at v_0", source=CLARKE_JOHNSON)
    rf = Parameter(0.175 / ms, "closing of the fast gate at v_0", source=CLARKE_JOHNSON)
    ks = Parameter(0.048 / ms, "opening of the slow gate at v_0", source=CLARKE_JOHNSON)
    rs = Parameter(0.230 / ms, "closing of the slow gate at v_0", source=CLARKE_JOHNSON)
    v_0 = Parameter(-100 * mV, "potential at which the rates of the gates hold", source=CLARKE_JOHNSON,
                    sign="real")  # fmt: skip
    v_g = Parameter(175 * mV, "voltage sensitivity of the gates", source=CLARKE_JOHNSON)
    Na = Parameter(140 * mM, "extracellular sodium", status="assumed", sign="nonnegative",
                   source="NEURON's value of nao, which the file reads")  # fmt: skip
    Cs = Parameter(148 * mM, "intracellular caesium", source=CLARKE_JOHNSON, sign="nonnegative")
    K_Na = Parameter(34.4 * mM, "dissociation constant of sodium", source=CLARKE_JOHNSON)
    K_Cs = Parameter(0.27 * mM, "dissociation constant of caesium at 0 mV", source=CLARKE_JOHNSON)
    v_Cs = Parameter(21 * mV, "its voltage sensitivity", source=CLARKE_JOHNSON)
    k_P = Parameter(1100 * _PER_MM_MS, "Mg binding at 0 mV to the empty pore", source=CLARKE_JOHNSON)
    v_P = Parameter(55 * mV, "its voltage sensitivity", source=CLARKE_JOHNSON)
    k_No = Parameter(110 / ms, "Mg unbinding to the outside at 0 mV", source=CLARKE_JOHNSON)
    v_No = Parameter(52.7 * mV, "its voltage sensitivity", source=CLARKE_JOHNSON)
    k_Ni = Parameter(61.8e-3 / ms, "Mg permeation at 0 mV", source=CLARKE_JOHNSON, sign="nonnegative")
    v_Ni = Parameter(50 * mV, "its voltage sensitivity", source=CLARKE_JOHNSON)
    v_start = Parameter(-70 * mV, "potential at which a synapse starts in equilibrium", sign="real",
                        status="assumed", source="a resting potential")  # fmt: skip
    gmax = Parameter(50 * psiemens, "maximal conductance", source=CLARKE_JOHNSON, sign="nonnegative")

    R, RA, RA2, D1, D2, RF, RS, O, OM, RFM, RSM, RA2M, D1M, D2M, RAM, RM = occupancies(
        "R RA RA2 D1 D2 RF RS O OM RFM RSM RA2M D1M D2M RAM RM"
    )
    _open = exp((v - v_0) / v_g)
    _close = exp(-(v - v_0) / v_g)
    _sodium = 1 + Na / K_Na
    _on = k_P * exp(-v / v_P) / (_sodium * (_sodium + Cs / K_Cs * exp(v / v_Cs)))
    _off = k_No * exp(v / v_No) / _sodium**2 + k_Ni * exp(-v / v_Ni)
    reactions = (
        Reaction(R, RA, 2 * kon * T, koff),
        Reaction(RA, RA2, kon * T, 2 * koff),
        Reaction(RA2, D1, kd1, rd1),
        Reaction(RA2, D2, kd2, rd2),
        Reaction(RA2, RF, kf * _open, rf * _close),
        Reaction(RA2, RS, ks * _open, rs * _close),
        Reaction(RF, O, ks * _open, rs * _close),
        Reaction(RS, O, kf * _open, rf * _close),
        Reaction(O, OM, Mg * _on, _off),
        Reaction(RFM, OM, ks * _open, rs * _close),
        Reaction(RSM, OM, kf * _open, rf * _close),
        Reaction(RA2M, RFM, kf * _open, rf * _close),
        Reaction(RA2M, RSM, ks * _open, rs * _close),
        Reaction(RA2M, D1M, kd1M, rd1M),
        Reaction(RA2M, D2M, kd2M, rd2M),
        Reaction(RAM, RA2M, kon * T, 2 * koff),
        Reaction(RM, RAM, 2 * kon * T, koff),
    )
    start_at = {v: v_start}
    activation = O

    _ascher_nowak: ClassVar[Mapping[str, Any]] = {
        "Na": 0 * mM, "Cs": 0 * mM, "k_Ni": 0 / ms, "E": -0.7 * mV,
        "k_P": 0.61 * _PER_MM_MS, "v_P": 17 * mV, "k_No": 5.4 / ms, "v_No": 47 * mV,
    }  # fmt: skip
    presets: ClassVar[Mapping[str, Preset]] = {
        "CA1": Preset(CLARKE_JOHNSON_CA1, _ascher_nowak),
        "CA1, as in the file": Preset(
            f"{CLARKE_JOHNSON_CA1}, where the desensitisation with Mg has its rates swapped",
            {**_ascher_nowak, **_per_second(kd1M=81, rd1M=550, kd2M=0.20977, rd2M=323.19)},
        ),
    }
    default_label = "NMDA"
    calcium_permeable = True
    summary = "sixteen-state scheme: gates that the voltage opens, trapped magnesium; CA1"
