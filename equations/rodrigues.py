"""From calcium to the weight in Rodrigues et al. (2023): CaMKII and calcineurin, and what is read from them.

Receptors and release of the paper are in `rodrigues_receptors`. The repository of the authors counts where
the paper says something else. Its units are kept (uM, ms).
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import sympy
from brian2 import kelvin, mM, ms, second, umolar
from sympy import Heaviside, exp

from brian2_nmda.equations.buffers import lobe
from brian2_nmda.equations.sources import RODRIGUES_PARAMETERS as VALUES, RODRIGUES_START
from brian2_nmda.symbolic.kinds import Plasticity
from brian2_nmda.symbolic.part import (
    Parameter,
    Part,
    Preset,
    Reaction,
    conductance,
    counts,
    define,
    gives,
    needs,
    states,
)

_PER_UM_MS = 1 / (umolar * ms)
#: Of 0 degC, in kelvin.
CELSIUS = 273.15
_LOW = f"{VALUES} (sum of two numbers of its logistic curve)"


def logistic(x: sympy.Expr, low: sympy.Expr, high: sympy.Expr, half: sympy.Expr, slope: sympy.Expr) -> Any:
    """A curve from ``low`` (at small ``x``) to ``high``, half way at ``half``."""
    return low + (high - low) / (1 + exp(-slope * (x - half)))


# fmt: off
class RodriguesEnzymes(Part):
    r"""Calmodulin, CaMKII and calcineurin of Rodrigues et al. (2023), which follow calcium within seconds.

    .. math::

        X + 2\,Ca \rightleftharpoons X': \quad \tfrac12 f\,Ca^2 X - b\,X', \quad
        f = \frac{k_1^+ k_2^+}{k_1^- + k_2^+ Ca}, \quad b = \frac{k_1^- k_2^-}{k_1^- + k_2^+ Ca}

    Each lobe of calmodulin (C, N) binds two calcium ions, free (``CaM``) and on CaMKII (``K``), for which it
    has more affinity. CaMKII with calmodulin (``K0``, ``K2C``, ``K2N``, ``K4``) is phosphorylated by its
    neighbours, at ``k_1`` times the active fraction (``P0`` to ``P4``), keeps this without calmodulin (``P``)
    and may rest in ``P2``. Calmodulin with four calcium ions activates calcineurin (``CaN4``). Three rates
    depend on the ``temperature``.

    ``CaMKII`` is all that is bound or phosphorylated, ``CaN`` is calcineurin with calmodulin, both as
    concentrations, and as the fractions ``kinase`` and ``phosphatase`` for other parts. The port
    ``calcium_binding`` is the rate at which calcium is taken up (all together, in the unit of a
    concentration per time); a calcium part that reads it conserves calcium. The totals stay what they are,
    to rounding, since all that leaves one state enters another.

    It starts as the published runs do above 30 degC; the presets have the other two starts. These are no
    steady states: they are where calcium fluctuates about rest. At 0.05 uM and 35 degC it relaxes to
    ``CaMKII`` 4.612 and ``CaN`` 0.001742 uM, most slowly with 58 s.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). A stochastic model of hippocampal
    synaptic plasticity with geometrical readout of enzyme dynamics. eLife 12:e80152.
    doi:10.7554/eLife.80152
    """

    temperature = Parameter(308.15 * kelvin, "temperature of the bath", bath=True,
                            source=f"{VALUES} (35 degC)")
    CaM_total = Parameter(30 * umolar, "calmodulin", source=VALUES)
    K_total = Parameter(70 * umolar, "CaMKII", source=VALUES)
    CaN_total = Parameter(20 * umolar, "calcineurin", source=VALUES)

    on1_C = Parameter(0.005 * _PER_UM_MS, "first calcium to the C lobe", source=VALUES)
    off1_C = Parameter(0.05 / ms, "first calcium from the C lobe", source=VALUES)
    on2_C = Parameter(0.01 * _PER_UM_MS, "second calcium to the C lobe", source=VALUES)
    off2_C = Parameter(0.01 / ms, "second calcium from the C lobe", source=VALUES)
    on1_N = Parameter(0.1 * _PER_UM_MS, "first calcium to the N lobe", source=VALUES)
    off1_N = Parameter(2.0 / ms, "first calcium from the N lobe", source=VALUES)
    on2_N = Parameter(0.2 * _PER_UM_MS, "second calcium to the N lobe", source=VALUES)
    off2_N = Parameter(0.5 / ms, "second calcium from the N lobe", source=VALUES)
    on1_KC = Parameter(0.044 * _PER_UM_MS, "first calcium to the C lobe on CaMKII", source=VALUES)
    off1_KC = Parameter(0.033 / ms, "first calcium from the C lobe on CaMKII", source=VALUES)
    on2_KC = Parameter(0.044 * _PER_UM_MS, "second calcium to the C lobe on CaMKII", source=VALUES)
    off2_KC = Parameter(8e-4 / ms, "second calcium from the C lobe on CaMKII", source=VALUES)
    on1_KN = Parameter(0.076 * _PER_UM_MS, "first calcium to the N lobe on CaMKII", source=VALUES)
    off1_KN = Parameter(0.3 / ms, "first calcium from the N lobe on CaMKII", source=VALUES)
    on2_KN = Parameter(0.076 * _PER_UM_MS, "second calcium to the N lobe on CaMKII", source=VALUES)
    off2_KN = Parameter(0.02 / ms, "second calcium from the N lobe on CaMKII", source=VALUES)

    on_0 = Parameter(3.8e-6 * _PER_UM_MS, "binding of CaM0 to CaMKII", source=VALUES)
    off_0 = Parameter(5.5e-3 / ms, "unbinding of CaM0", source=VALUES)
    on_2C = Parameter(9.2e-4 * _PER_UM_MS, "binding of CaM2C to CaMKII", source=VALUES)
    off_2C = Parameter(6.8e-3 / ms, "unbinding of CaM2C", source=VALUES)
    on_2N = Parameter(1.2e-4 * _PER_UM_MS, "binding of CaM2N to CaMKII", source=VALUES)
    off_2N = Parameter(1.7e-3 / ms, "unbinding of CaM2N", source=VALUES)
    on_4 = Parameter(0.03 * _PER_UM_MS, "binding of CaM4 to CaMKII", source=VALUES)
    off_4 = Parameter(1.5e-3 / ms, "unbinding of CaM4", source=VALUES)
    on_CaN = Parameter(0.0175 * _PER_UM_MS, "binding of CaM4 to calcineurin (the paper prints 0.01075)",
                       source=VALUES)
    off_CaN = Parameter(2e-5 / ms, "unbinding of CaM4 from calcineurin", source=VALUES)
    k_1 = Parameter(0.0126 / ms, "phosphorylation at full activity", source=VALUES)
    k_2 = Parameter(3.3e-4 / ms, "calmodulin leaves what is phosphorylated", source=VALUES)
    k_3 = Parameter(6.8e-4 / ms, "dephosphorylation", source=VALUES)
    k_4 = Parameter(1.64e-4 / ms, "from P to P2", source=VALUES)
    k_5 = Parameter(1.36e-4 / ms, "from P2 to P", source=VALUES)

    K_low = Parameter(0.7455510159985, "factor of CaMKII in the cold", source=_LOW, status="converted")
    K_high = Parameter(162.1718925882677, "factor of CaMKII in the heat, by extrapolation", source=VALUES)
    K_half = Parameter((45.47503600542303 + CELSIUS) * kelvin, "temperature half way", source=VALUES)
    K_slope = Parameter(0.5118207068695309 / kelvin, "slope at half way", source=VALUES)
    f_low = Parameter(0.870299900298228, "factor of binding to calcineurin in the cold", source=VALUES)
    f_high = Parameter(1.02970009970177, "factor of binding to calcineurin in the heat", source=_LOW,
                       status="converted")
    f_half = Parameter((29.999999999999968 + CELSIUS) * kelvin, "temperature half way", source=VALUES)
    f_slope = Parameter(0.29481489145354556 / kelvin, "slope at half way", source=VALUES)
    b_low = Parameter(0.29037766196937326, "factor of unbinding from calcineurin in the cold", source=VALUES)
    b_high = Parameter(1.00183013023843, "factor of unbinding from calcineurin in the heat", source=_LOW,
                       status="converted")
    b_half = Parameter((26.277500129849113 + CELSIUS) * kelvin, "temperature half way", source=VALUES)
    b_slope = Parameter(0.6833299932488973 / kelvin, "slope at half way", source=VALUES)

    start_2C = Parameter(0.0482326 * umolar, "CaM2C at the start", source=RODRIGUES_START)
    start_2N = Parameter(4.34015e-3 * umolar, "CaM2N at the start", source=RODRIGUES_START)
    start_4 = Parameter(6.81231e-6 / 30, "CaM4 at the start, as a share of calmodulin",
                        source=RODRIGUES_START, status="converted", sign="fraction")
    start_CaN4 = Parameter(0.134424 * umolar, "CaN4 at the start", source=RODRIGUES_START)
    start_K0 = Parameter(0.845988 * umolar, "K0 at the start", source=RODRIGUES_START)
    start_K2C = Parameter(0.360775 * umolar, "K2C at the start", source=RODRIGUES_START)
    start_K2N = Parameter(9.23435e-3 * umolar, "K2N at the start", source=RODRIGUES_START)
    start_K4 = Parameter(3.93769e-3 * umolar, "K4 at the start", source=RODRIGUES_START)
    start_P0 = Parameter(2.34401 * umolar, "P0 at the start", source=RODRIGUES_START)
    start_P2C = Parameter(1.05940 * umolar, "P2C at the start", source=RODRIGUES_START)
    start_P2N = Parameter(0.0291335 * umolar, "P2N at the start", source=RODRIGUES_START)
    start_P4 = Parameter(0.0135851 * umolar, "P4 at the start", source=RODRIGUES_START)
    start_P = Parameter(1.66776 * umolar, "P at the start", source=RODRIGUES_START)
    start_P2 = Parameter(1.34262 * umolar, "P2 at the start", source=RODRIGUES_START)

    CaM2C = states("CaM2C", within=(0, None), unit=umolar, initial=start_2C,
                   meaning="calmodulin, calcium on its C lobe")
    CaM2N = states("CaM2N", within=(0, None), unit=umolar, initial=start_2N,
                   meaning="calmodulin, calcium on its N lobe")
    CaM4 = states("CaM4", within=(0, None), unit=umolar, initial=start_4 * CaM_total,
                  meaning="calmodulin, calcium on both lobes")
    CaN4 = states("CaN4", within=(0, CaN_total), unit=umolar, initial=start_CaN4,
                  meaning="calcineurin with calmodulin")
    K0 = states("K0", within=(0, None), unit=umolar, initial=start_K0, meaning="CaMKII with CaM0")
    K2C = states("K2C", within=(0, None), unit=umolar, initial=start_K2C, meaning="CaMKII with CaM2C")
    K2N = states("K2N", within=(0, None), unit=umolar, initial=start_K2N, meaning="CaMKII with CaM2N")
    K4 = states("K4", within=(0, None), unit=umolar, initial=start_K4, meaning="CaMKII with CaM4")
    P0 = states("P0", within=(0, None), unit=umolar, initial=start_P0, meaning="phosphorylated K0")
    P2C = states("P2C", within=(0, None), unit=umolar, initial=start_P2C, meaning="phosphorylated K2C")
    P2N = states("P2N", within=(0, None), unit=umolar, initial=start_P2N, meaning="phosphorylated K2N")
    P4 = states("P4", within=(0, None), unit=umolar, initial=start_P4, meaning="phosphorylated K4")
    P = states("P", within=(0, None), unit=umolar, initial=start_P,
               meaning="phosphorylated CaMKII without calmodulin")
    P2 = states("P2", within=(0, None), unit=umolar, initial=start_P2, meaning="its second state")
    K = states("K", within=(0, None), unit=umolar, meaning="free CaMKII",
               initial=K_total - (K0 + K2C + K2N + K4 + P0 + P2C + P2N + P4 + P + P2))
    CaM0 = states("CaM0", within=(0, None), unit=umolar, meaning="calmodulin without calcium",
                  initial=CaM_total
                  - (CaM2C + CaM2N + CaM4 + CaN4 + K0 + K2C + K2N + K4 + P0 + P2C + P2N + P4))

    rho_K = define(logistic(temperature, K_low, K_high, K_half, K_slope), meaning="factor of CaMKII")
    rho_f = define(logistic(temperature, f_low, f_high, f_half, f_slope), meaning="factor of binding")
    rho_b = define(logistic(temperature, b_low, b_high, b_half, b_slope), meaning="factor of unbinding")

    _free_C, _free_N = lobe(on1_C, off1_C, on2_C, off2_C), lobe(on1_N, off1_N, on2_N, off2_N)
    _on_KC, _on_KN = lobe(on1_KC, off1_KC, on2_KC, off2_KC), lobe(on1_KN, off1_KN, on2_KN, off2_KN)
    bind_C = define(_free_C[0], unit=1 / ms, meaning="two calcium ions to the C lobe")
    loose_C = define(_free_C[1], unit=1 / ms, meaning="two calcium ions from the C lobe")
    bind_N = define(_free_N[0], unit=1 / ms, meaning="two calcium ions to the N lobe")
    loose_N = define(_free_N[1], unit=1 / ms, meaning="two calcium ions from the N lobe")
    bind_KC = define(_on_KC[0], unit=1 / ms, meaning="two calcium ions to the C lobe on CaMKII")
    loose_KC = define(_on_KC[1], unit=1 / ms, meaning="two calcium ions from the C lobe on CaMKII")
    bind_KN = define(_on_KN[0], unit=1 / ms, meaning="two calcium ions to the N lobe on CaMKII")
    loose_KN = define(_on_KN[1], unit=1 / ms, meaning="two calcium ions from the N lobe on CaMKII")

    _0_2C, _2N_4 = bind_C * CaM0 - loose_C * CaM2C, bind_C * CaM2N - loose_C * CaM4
    _0_2N, _2C_4 = bind_N * CaM0 - loose_N * CaM2N, bind_N * CaM2C - loose_N * CaM4
    _K0_2C, _K2N_4 = bind_KC * K0 - loose_KC * K2C, bind_KC * K2N - loose_KC * K4
    _K0_2N, _K2C_4 = bind_KN * K0 - loose_KN * K2N, bind_KN * K2C - loose_KN * K4
    _bound_0, _bound_2C = on_0 * CaM0 * K - off_0 * K0, on_2C * CaM2C * K - off_2C * K2C
    _bound_2N, _bound_4 = on_2N * CaM2N * K - off_2N * K2N, on_4 * CaM4 * K - off_4 * K4
    _activated = rho_f * on_CaN * CaM4 * (CaN_total - CaN4) - rho_b * off_CaN * CaN4
    bound = define(K0 + K2C + K2N + K4 + P0 + P2C + P2N + P4 + P + P2, unit=umolar,
                   meaning="CaMKII that is bound or phosphorylated")
    phosphorylation = define(k_1 * bound / K_total, unit=1 / ms, meaning="phosphorylation by neighbours")

    dCaM0 = rho_K * k_2 * P0 - _0_2C - _0_2N - _bound_0
    dCaM2C = rho_K * k_2 * P2C + _0_2C - _2C_4 - _bound_2C
    dCaM2N = rho_K * k_2 * P2N + _0_2N - _2N_4 - _bound_2N
    dCaM4 = rho_K * k_2 * P4 + _2C_4 + _2N_4 - _bound_4 - _activated
    dCaN4 = _activated
    dK = rho_K * k_3 * P - _bound_0 - _bound_2C - _bound_2N - _bound_4
    dK0 = _bound_0 - _K0_2C - _K0_2N - phosphorylation * K0
    dK2C = _bound_2C + _K0_2C - _K2C_4 - phosphorylation * K2C
    dK2N = _bound_2N + _K0_2N - _K2N_4 - phosphorylation * K2N
    dK4 = _bound_4 + _K2C_4 + _K2N_4 - phosphorylation * K4
    dP0 = phosphorylation * K0 - rho_K * k_2 * P0
    dP2C = phosphorylation * K2C - rho_K * k_2 * P2C
    dP2N = phosphorylation * K2N - rho_K * k_2 * P2N
    dP4 = phosphorylation * K4 - rho_K * k_2 * P4
    dP = rho_K * (k_2 * (P0 + P2C + P2N + P4) - k_3 * P + k_5 * P2) - k_4 * P
    dP2 = k_4 * P - rho_K * k_5 * P2

    CaMKII = gives(bound, unit=umolar, meaning="CaMKII that is bound or phosphorylated.")
    CaN = gives(CaN4, unit=umolar, meaning="Calcineurin with calmodulin.")
    kinase = gives(bound / K_total, meaning="Fraction of CaMKII that is bound or phosphorylated.")
    phosphatase = gives(CaN4 / CaN_total, meaning="Fraction of calcineurin with calmodulin.")
    binding = define(2 * (_0_2C + _2N_4 + _0_2N + _2C_4 + _K0_2C + _K2N_4 + _K0_2N + _K2C_4),
                     unit=umolar / ms, meaning="calcium that is taken up")  # fmt: skip
    calcium_binding = gives(binding, unit=umolar / ms, combine="sum",
                            meaning="Calcium that is taken up, per time.")  # fmt: skip

    presets: ClassVar[Mapping[str, Preset]] = {
        "25 degC": Preset(RODRIGUES_START, {
            "temperature": 298.15 * kelvin, "start_2C": 0.0611828 * umolar, "start_2N": 7.49123e-3 * umolar,
            "start_4": 2.56012e-5 / 30, "start_CaN4": 1.39232 * umolar, "start_K0": 0.334849 * umolar,
            "start_K2C": 0.261605 * umolar, "start_K2N": 8.73079e-3 * umolar,
            "start_K4": 6.94503e-3 * umolar, "start_P0": 5.28370 * umolar, "start_P2C": 4.00812 * umolar,
            "start_P2N": 0.112945 * umolar, "start_P4": 0.0996759 * umolar, "start_P": 4.65649 * umolar,
            "start_P2": 7.28347 * umolar,
        }),
        "30 degC": Preset(RODRIGUES_START, {
            "temperature": 303.15 * kelvin, "start_2C": 0.0481308 * umolar, "start_2N": 3.31568e-3 * umolar,
            "start_4": 1.30589e-5 / 30, "start_CaN4": 0.526530 * umolar, "start_K0": 0.399798 * umolar,
            "start_K2C": 0.221141 * umolar, "start_K2N": 5.98754e-3 * umolar,
            "start_K4": 3.44346e-3 * umolar, "start_P0": 5.48688 * umolar, "start_P2C": 3.24296 * umolar,
            "start_P2N": 0.0967411 * umolar, "start_P4": 0.0629985 * umolar, "start_P": 4.31567 * umolar,
            "start_P2": 6.50599 * umolar,
        }),
    }
    default_label = "CaMKII"
    relaxes: ClassVar[str] = "it starts where calcium fluctuates about rest, not at its own steady state"
    summary = "calmodulin, CaMKII and calcineurin, by mass action (Rodrigues et al. 2023)"
# fmt: on


class BindingEnzymes(RodriguesEnzymes):
    """`RodriguesEnzymes` that take the calcium that they bind from the pool of the spine.

    The pool is one with the port ``calcium_uptake``, such as `RodriguesCalcium`, beside any `CalciumBuffer`;
    do not add `Calmodulin`, which is in here already. They are stepped together with calcium.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152. doi:10.7554/eLife.80152
    """

    before = needs("calcium_uptake", mM / second, meaning="calcium that buffers take")
    calcium_uptake = gives(before + RodriguesEnzymes.binding, unit=mM / second, combine="chain")

    stepped_with = "Ca"
    summary = "calmodulin, CaMKII and calcineurin that take calcium (Rodrigues et al. 2023)"


def _up_to(x: sympy.Expr, limit: sympy.Expr) -> sympy.Expr:
    """1 where ``x`` does not exceed ``limit``, which itself belongs to it."""
    return 1 - Heaviside(x - limit)


class RodriguesReadout(Plasticity):
    r"""Weight that is read from two enzymes in a plane, as in Rodrigues et al. (2023).

    .. math::

        \dot a_D = \alpha_D 1_D - \beta_D a_D (1 - 1_D) \qquad
        D = \frac1{t_D} \frac{a_D^2}{a_D^2 + K_D^2} \qquad
        NC \mathop{\rightleftharpoons}_P^D LTD, \quad NC \mathop{\rightleftharpoons}_D^P LTP

    In the plane of ``CaN`` and ``CaMKII`` lie two convex polygons, the regions of depression and of
    potentiation; ``1_D`` and ``1_P`` say whether the point is inside. They share the edge ``CaN = CaN_4``,
    which belongs to both. The activations grow at a constant rate inside and fade outside; what they drive
    are ``agents`` that do not change (``NC``), are depressed or potentiated. The conductance is multiplied by
    ``1 + (LTP - LTD)/agents``; the weight change of the paper is 100 times the second term, in percent.

    The agents are whole numbers that react by chance; ``deterministic=True`` follows their mean. Nothing
    takes ``LTD`` or ``LTP`` back but the other activation.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152.
    doi:10.7554/eLife.80152
    """

    CaN_1 = Parameter(1.85 * umolar, "calcineurin at the left edge of LTD", source=VALUES)
    CaN_2 = Parameter(
        3.7650354609929075 * umolar, "calcineurin at the lowest left corner of LTD", source=VALUES
    )
    CaN_3 = Parameter(
        5.650675675675676 * umolar, "calcineurin at the highest left corner of LTD", source=VALUES
    )
    CaN_4 = Parameter(6.35 * umolar, "calcineurin between LTD and LTP", source=VALUES)
    CaN_5 = Parameter(10 * umolar, "calcineurin at the right edge of LTP", source=VALUES)
    CaMKII_1 = Parameter(1.4 * umolar, "CaMKII at the lower edge of both regions", source=VALUES)
    CaMKII_2 = Parameter(11.327205882352938 * umolar, "CaMKII at the lower end of the left edge of LTD",
                         source=VALUES)  # fmt: skip
    CaMKII_3 = Parameter(23.25 * umolar, "CaMKII at the upper end of the left edge of LTD", source=VALUES)
    CaMKII_4 = Parameter(29.5 * umolar, "CaMKII at the upper edge of both regions", source=VALUES)
    a_D = Parameter(0.1 / ms, "activation of LTD inside", source=VALUES)
    b_D = Parameter(2e-5 / ms, "its decay outside", source=VALUES)
    a_P = Parameter(0.2 / ms, "activation of LTP inside", source=VALUES)
    b_P = Parameter(1e-4 / ms, "its decay outside", source=VALUES)
    t_D = Parameter(18000 * ms, "time of a depression at full activation", source=VALUES)
    t_P = Parameter(13000 * ms, "time of a potentiation at full activation", source=VALUES)
    K_D = Parameter(80000.0, "activation at half of the rate of LTD", source=VALUES)
    K_P = Parameter(13000.0, "activation at half of the rate of LTP", source=VALUES)
    agents = Parameter(100.0, "agents that each change by chance", source=VALUES)

    CaN, CaMKII = needs("CaN", umolar), needs("CaMKII", umolar)
    _between = _up_to(CaMKII_1, CaMKII) * _up_to(CaMKII, CaMKII_4)
    _lower_left = _up_to((CaMKII_2 - CaMKII) * (CaN_2 - CaN_1), (CaN - CaN_1) * (CaMKII_2 - CaMKII_1))
    _upper_left = _up_to((CaMKII - CaMKII_3) * (CaN_3 - CaN_1), (CaN - CaN_1) * (CaMKII_4 - CaMKII_3))
    inside_D = define(
        _up_to(CaN_1, CaN) * _up_to(CaN, CaN_4) * _between * _lower_left * _upper_left,
        meaning="1 in the region of LTD",
    )
    inside_P = define(_up_to(CaN_4, CaN) * _up_to(CaN, CaN_5) * _between, meaning="1 in the region of LTP")
    act_D = states("act_D", within=(0, None), meaning="activation of LTD")
    act_P = states("act_P", within=(0, None), meaning="activation of LTP")
    dact_D = a_D * inside_D - b_D * act_D * (1 - inside_D)
    dact_P = a_P * inside_P - b_P * act_P * (1 - inside_P)
    D = define(act_D**2 / (act_D**2 + K_D**2) / t_D, unit=1 / ms, meaning="rate of depression")
    P = define(act_P**2 / (act_P**2 + K_P**2) / t_P, unit=1 / ms, meaning="rate of potentiation")

    NC = counts("NC", initial=agents, within=(0, agents), meaning="agents without a change")
    LTD, LTP = counts("LTD LTP", within=(0, agents), meaning="agents that changed")
    reactions = (Reaction(NC, LTD, D, P), Reaction(NC, LTP, P, D))
    conductance = conductance * (1 + (LTP - LTD) / agents)

    presets: ClassVar[Mapping[str, Preset]] = {}
    summary = "LTP and LTD from regions of CaMKII and calcineurin (Rodrigues et al. 2023)"
