"""Receptors and release of Rodrigues et al. (2023), with their dependence on temperature, age and calcium.

They bind the transmitter of one vesicle, a pulse of 1 ms and about 1 mM (`RodriguesRelease`). The chemistry
and the readout of the paper are in `rodrigues`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from brian2 import kelvin, mM, ms, mV, nS, psiemens, umolar
from brian2.units.fundamentalunits import Quantity
from sympy import Heaviside, Max, Min, exp, floor, log

from brian2_nmda.equations.magnesium import JahrStevens
from brian2_nmda.equations.release import TransmitterPulse
from brian2_nmda.equations.rodrigues import CELSIUS, logistic
from brian2_nmda.equations.sources import RODRIGUES_PARAMETERS as VALUES
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.kinds import Receptor
from brian2_nmda.symbolic.part import (
    Parameter,
    Preset,
    Pulse,
    Reaction,
    T,
    counts,
    define,
    occupancies,
    rand,
    states,
)

_PER_MM_MS = 1 / (mM * ms)
_SUM = f"{VALUES} (sum of two numbers of its logistic curve)"
_CURVE = f"{VALUES} (from its logistic curve)"


# fmt: off
class RodriguesAMPA(Receptor):
    r"""Sixteen-state AMPA receptor of Rodrigues et al. (2023), with three conductances.

    ``C0`` to ``C4`` bind glutamate one by one; with two and more bound a channel opens (``O2``, ``O3``,
    ``O4``) and conducts the more the more are bound. ``D0`` to ``D4`` are desensitised, ``D22`` to ``D24``
    deeply. Temperature scales binding and unbinding. ``C3`` opens at ``2 beta``, as in the published code,
    where four sites would suggest 3.

    ``gmax`` is the conductance of 120 receptors with four ligands, and ``activation`` is relative to that:
    ``(gamma_2 O2 + gamma_3 O3)/gamma_4 + O4``. A synapse starts in equilibrium without glutamate, where 1.4 %
    is in ``D0``; the published runs start with all in ``C0``. Binding takes 1.8 us at 35 degC and 1 mM, so
    stepped rather than sent it needs a time step of at most 0.055 ms.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152.
    doi:10.7554/eLife.80152
    """

    temperature = Parameter(308.15 * kelvin, "temperature of the bath", bath=True,
                            source=f"{VALUES} (35 degC)")
    k_1 = Parameter(16 * _PER_MM_MS, "binding", source=VALUES)
    m_1 = Parameter(7.4 / ms, "unbinding", source=VALUES)
    m_2 = Parameter(4.1e-4 / ms, "unbinding of the last one, desensitised", source=VALUES)
    alpha = Parameter(2.6 / ms, "closing", source=VALUES)
    beta = Parameter(9.6 / ms, "opening", source=VALUES)
    delta_0 = Parameter(3e-6 / ms, "desensitisation without glutamate", source=VALUES)
    gamma_0 = Parameter(8.3e-4 / ms, "recovery without glutamate", source=VALUES)
    delta_1 = Parameter(1.5 / ms, "desensitisation", source=VALUES)
    gamma_1 = Parameter(9.1e-3 / ms, "recovery", source=VALUES)
    delta_2 = Parameter(0.17 / ms, "deep desensitisation", source=VALUES)
    gamma_2 = Parameter(0.042 / ms, "recovery from it", source=VALUES)
    f_high = Parameter(10.273135485873242, "factor of binding in the heat", source=VALUES)
    f_half = Parameter((31.7248285571622 + CELSIUS) * kelvin, "temperature half way", source=VALUES)
    f_slope = Parameter(0.4737773089201679 / kelvin, "slope at half way", source=VALUES)
    b_high = Parameter(5.134547217640794, "factor of unbinding in the heat", source=VALUES)
    b_half = Parameter((28.976662403966674 + CELSIUS) * kelvin, "temperature half way", source=VALUES)
    b_slope = Parameter(0.36705555170278986 / kelvin, "slope at half way", source=VALUES)
    g_2 = Parameter(15.5 * psiemens, "conductance with two ligands", source=VALUES)
    g_3 = Parameter(26 * psiemens, "conductance with three ligands", source=VALUES)
    g_4 = Parameter(36.5 * psiemens, "conductance with four ligands", source=VALUES)
    gmax = Parameter(4.38 * nS, "conductance of all receptors with four ligands", sign="nonnegative",
                     source=f"{VALUES} (120 of 36.5 pS)", status="converted")

    rho_f = define(logistic(temperature, 0, f_high, f_half, f_slope), meaning="factor of binding")
    rho_b = define(logistic(temperature, 0, b_high, b_half, b_slope), meaning="factor of unbinding")
    C0, C1, C2, C3, C4, D0, D1, D2, D3, D4, D22, D23, D24, O2, O3, O4 = occupancies(
        "C0 C1 C2 C3 C4 D0 D1 D2 D3 D4 D22 D23 D24 O2 O3 O4")
    _k, _m, _m2 = rho_f * k_1 * T, rho_b * m_1, rho_b * m_2
    reactions = (
        Reaction(C0, C1, 4 * _k, _m),
        Reaction(C1, C2, 3 * _k, 2 * _m),
        Reaction(C2, C3, 2 * _k, 3 * _m),
        Reaction(C3, C4, _k, 4 * _m),
        Reaction(D0, D1, 3 * _k, _m2),
        Reaction(D1, D2, 3 * _k, _m),
        Reaction(D2, D3, 2 * _k, 2 * _m),
        Reaction(D3, D4, _k, 3 * _m),
        Reaction(D22, D23, 2 * _k, _m),
        Reaction(D23, D24, _k, 2 * _m),
        Reaction(C0, D0, 4 * delta_0, gamma_0),
        Reaction(C1, D1, delta_1, gamma_1),
        Reaction(C2, D2, 2 * delta_1, gamma_1),
        Reaction(C3, D3, 3 * delta_1, gamma_1),
        Reaction(C4, D4, 4 * delta_1, gamma_1),
        Reaction(D2, D22, delta_2, gamma_2),
        Reaction(D3, D23, 2 * delta_2, gamma_2),
        Reaction(D4, D24, 3 * delta_2, gamma_2),
        Reaction(C2, O2, 2 * beta, alpha),
        Reaction(C3, O3, 2 * beta, alpha),
        Reaction(C4, O4, 4 * beta, alpha),
    )
    activation = (g_2 * O2 + g_3 * O3) / g_4 + O4

    irreversible: ClassVar[str] = (
        "the published rates do not obey detailed balance: the cycle of C0, C1, D1 and D0 is off by a factor "
        "of 0.84"
    )
    presets: ClassVar[Mapping[str, Preset]] = {}
    default_label = "AMPA"
    summary = "sixteen-state AMPA receptor with three conductances (Rodrigues et al. 2023)"


class RodriguesGluN2A(Receptor):
    r"""NMDA receptors with GluN2A of Rodrigues et al. (2023): their part of 15, by age.

    .. math::

        r = r_0 + \frac{r_1}{1 + e^{s (age - a)}} + \epsilon \qquad
        N_{2A} = \left\lfloor \frac{15}{1 + r} + \frac12 \right\rfloor

    The scheme is that of `PopescuNMDA`; temperature scales all rates towards the open states and all rates
    back. ``r`` is GluN2B over GluN2A of a rat at an age in days. The published code adds a random number with
    standard deviation 0.05 to it, once per set of parameters; here that is ``deviation``, 0 by default (at
    35 days it decides between 8 and 9 receptors). Calcium outside lowers the conductance of a channel.

    ``gmax`` is the conductance of all 15, of both kinds, without calcium outside; `RodriguesGluN2B` has the
    other part of it. The published factor of the rates forward is negative below 12 degC, outside the range
    that it was fitted to; it is held above ``f_least``.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152.
    doi:10.7554/eLife.80152
    """

    temperature = Parameter(308.15 * kelvin, "temperature of the bath", bath=True,
                            source=f"{VALUES} (35 degC)")
    reference = Parameter(308.15 * kelvin, "35 degC", status="converted", source=_CURVE)
    age = Parameter(60.0, "age of the rat in days", source=VALUES)
    Ca_o = Parameter(2.5 * mM, "calcium outside", source=VALUES, bath=True)
    k_a = Parameter(34 * _PER_MM_MS, "first binding", source=VALUES)
    k_b = Parameter(17 * _PER_MM_MS, "second binding", source=VALUES)
    k_c = Parameter(0.127 / ms, "first conformational step", source=VALUES)
    k_d = Parameter(0.580 / ms, "second conformational step", source=VALUES)
    k_e = Parameter(2.508 / ms, "opening", source=VALUES)
    k_f = Parameter(3.449 / ms, "to the second open state", source=VALUES)
    r_a = Parameter(0.060 / ms, "first unbinding", source=VALUES)
    r_b = Parameter(0.120 / ms, "second unbinding", source=VALUES)
    r_c = Parameter(0.161 / ms, "first conformational step back", source=VALUES)
    r_d = Parameter(2.610 / ms, "second conformational step back", source=VALUES)
    r_e = Parameter(2.167 / ms, "closing", source=VALUES)
    r_f = Parameter(0.662 / ms, "from the second open state", source=VALUES)
    forward = Parameter(1.0, "rates forward, relative to GluN2A", source=VALUES)
    backward = Parameter(1.0, "rates back, relative to GluN2A", source=VALUES)
    f_high = Parameter(8.386756329736045, "factor of the rates forward in the heat", source=_SUM,
                       status="converted")
    f_span = Parameter(1239.0673283348326, "its rise, by extrapolation to the cold", source=VALUES)
    f_slope = Parameter(0.09991802053299291 / kelvin, "its slope", source=VALUES)
    f_offset = Parameter(7.25717862936976, "its distance from half way at 35 degC, times the slope",
                         source=_CURVE, status="converted")
    f_least = Parameter(0.01, "least factor of the rates forward", status="assumed",
                        source="any small number: below 12 degC nothing is known")
    b_low = Parameter(3.0368551011554143, "factor of the rates back in the cold", source=VALUES)
    b_span = Parameter(1621.6168608608068, "its rise, by extrapolation to the heat", source=VALUES)
    b_slope = Parameter(0.10605060141396823 / kelvin, "its slope", source=VALUES)
    b_offset = Parameter(6.787174258875678, "its distance to half way from 35 degC, times the slope",
                         source=_CURVE, status="converted")
    r_0 = Parameter(0.5075183905839776, "GluN2B over GluN2A, old", source=VALUES)
    r_1 = Parameter(0.9642137892004939, "how much more when young", source=VALUES)
    r_age = Parameter(25.102347872464193, "age half way, in days", source=VALUES)
    r_slope = Parameter(0.09993657672916968, "slope at half way, per day", source=VALUES)
    deviation = Parameter(0.0, "how far this synapse is from it", source=VALUES, sign="real")
    number = Parameter(15.0, "receptors of both kinds", source=VALUES)
    g_low = Parameter(33.949463268365555 * psiemens, "conductance in much calcium", source=VALUES)
    g_span = Parameter(58.38819453272428 * psiemens, "how much more in little calcium", source=VALUES)
    g_Ca = Parameter(2701.3929349701334 * umolar, "calcium half way", source=VALUES)
    g_slope = Parameter(0.004477162852447629 / umolar, "slope at half way", source=VALUES)
    gmax = Parameter(15 * (33.949463268365555 + 58.38819453272428) * psiemens,
                     "conductance of all receptors without calcium", sign="nonnegative", source=_SUM,
                     status="converted")

    _at = temperature - reference
    rho_f = define(Max(f_least, f_high - f_span / (1 + exp(f_offset + f_slope * _at))),
                   meaning="factor of the rates forward")
    rho_b = define(b_low + b_span / (1 + exp(b_offset - b_slope * _at)), meaning="factor of the rates back")
    ratio = define(r_0 + r_1 / (1 + exp(r_slope * (age - r_age))) + deviation, meaning="GluN2B over GluN2A")
    share = define(floor(number / (1 + ratio) + 0.5) / number, meaning="part of the receptors")
    in_calcium = define((g_low + g_span / (1 + exp(g_slope * (Ca_o - g_Ca)))) / (g_low + g_span),
                        meaning="conductance, relative to that without calcium")
    A0, A1, A2, A3, A4, O1, O2 = occupancies("A0 A1 A2 A3 A4 O1 O2")
    _f, _b = forward * rho_f, backward * rho_b
    reactions = (
        Reaction(A0, A1, _f * k_a * T, _b * r_a),
        Reaction(A1, A2, _f * k_b * T, _b * r_b),
        Reaction(A2, A3, _f * k_c, _b * r_c),
        Reaction(A3, A4, _f * k_d, _b * r_d),
        Reaction(A4, O1, _f * k_e, _b * r_e),
        Reaction(O1, O2, _f * k_f, _b * r_f),
    )
    activation = O1 + O2
    conductance = gmax * share * in_calcium * symbol("activation")  # as the role is named, not what it is

    presets: ClassVar[Mapping[str, Preset]] = {}
    _children: ClassVar[Mapping[str, Any]] = {"block": JahrStevens}
    default_label = "N2A"
    calcium_permeable = True
    summary = "GluN2A receptors, by age and temperature (Rodrigues et al. 2023)"


class RodriguesGluN2B(RodriguesGluN2A):
    """NMDA receptors with GluN2B of Rodrigues et al. (2023): slower, and the other part of the 15 receptors.

    All else is as in `RodriguesGluN2A`.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152.
    doi:10.7554/eLife.80152
    """

    forward = Parameter(0.25, "rates forward, relative to GluN2A", source=VALUES)
    backward = Parameter(0.23, "rates back, relative to GluN2A", source=VALUES)
    _n = RodriguesGluN2A
    share = define(floor(_n.number * _n.ratio / (1 + _n.ratio) + 0.5) / _n.number,
                   meaning="part of the receptors")

    presets: ClassVar[Mapping[str, Preset]] = {}
    default_label = "N2B"
    summary = "GluN2B receptors, by age and temperature (Rodrigues et al. 2023)"


def chloride_reversal(age: float) -> Quantity:
    """The reversal potential of GABA receptors of a rat of some age (days), as in Rodrigues et al. (2023)."""
    a, b, c, d = 0.09151696057098718, 0.6919298240788684, 243.5159017060495, -92.6496083089155
    return (d + c / (1 + np.exp(a * (age - b)))) * mV


class RodriguesGABA(Receptor):
    r"""GABA receptors of Rodrigues et al. (2023), driven by the same transmitter as the others.

    ``C0 - C1 - C2`` bind, ``C1 - O1`` and ``C2 - O2`` open; temperature scales closing. They are 34 of
    35 pS (the paper prints 36) on the dendrite. The reversal potential falls with age, from above rest to
    below it: `chloride_reversal` gives it, and the presets hold it for five ages.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152.
    doi:10.7554/eLife.80152
    """

    temperature = Parameter(308.15 * kelvin, "temperature of the bath", bath=True,
                            source=f"{VALUES} (35 degC)")
    b_1 = Parameter(20 * _PER_MM_MS, "first binding", source=VALUES)
    u_1 = Parameter(4.6 / ms, "first unbinding", source=VALUES)
    b_2 = Parameter(10 * _PER_MM_MS, "second binding", source=VALUES)
    u_2 = Parameter(9.2 / ms, "second unbinding", source=VALUES)
    o_1 = Parameter(3.3 / ms, "opening with one ligand", source=VALUES)
    c_1 = Parameter(9.8 / ms, "closing with one ligand", source=VALUES)
    o_2 = Parameter(10.6 / ms, "opening with two", source=VALUES)
    c_2 = Parameter(0.4 / ms, "closing with two", source=VALUES)
    c_low = Parameter(0.1908872442523648, "factor of closing in the cold", source=_SUM, status="converted")
    c_high = Parameter(1.470692263981145, "factor of closing in the heat", source=VALUES)
    c_half = Parameter((32.16771140618756 + CELSIUS) * kelvin, "temperature half way", source=VALUES)
    c_slope = Parameter(0.19127068198185954 / kelvin, "slope at half way", source=VALUES)
    gmax = Parameter(1.19 * nS, "conductance of all receptors", source=f"{VALUES} (34 of 35 pS)",
                     status="converted", sign="nonnegative")
    E = Parameter(chloride_reversal(60), "reversal potential, here at 60 days", source=_CURVE,
                  status="converted", sign="real")

    rho = define(logistic(temperature, c_low, c_high, c_half, c_slope), meaning="factor of closing")
    C0, C1, C2, O1, O2 = occupancies("C0 C1 C2 O1 O2")
    reactions = (
        Reaction(C0, C1, b_1 * T, u_1),
        Reaction(C1, C2, b_2 * T, u_2),
        Reaction(C1, O1, o_1, rho * c_1),
        Reaction(C2, O2, o_2, rho * c_2),
    )
    activation = O1 + O2

    presets: ClassVar[Mapping[str, Preset]] = {
        f"{age} days": Preset(_CURVE, {"E": chloride_reversal(age)}, status="converted")
        for age in (5, 14, 21, 35, 60)
    }
    default_label = "GABA"
    summary = "five-state GABA receptor, by age and temperature (Rodrigues et al. 2023)"


class RodriguesRelease(TransmitterPulse):
    r"""One vesicle of two pools, released by chance: Rodrigues et al. (2023).

    .. math::

        \dot C = -C/\tau_C, \quad C \to C + J \qquad \dot J = (1 - J)/\tau_J - \delta\, J\, C \qquad
        p = \frac{C^2}{C^2 + h^2}

    A spike raises the presynaptic calcium ``C`` by ``J`` and releases a vesicle with probability ``p`` if the
    docked pool ``D`` holds one. ``D`` is filled from the reserve ``R`` as long as that is not full, and gives
    back to it; the reserve is refilled. Both are whole numbers. (The table of the paper has the times of the
    two exchanges the other way round; the code counts.) More calcium outside lowers ``h``. A vesicle brings
    glutamate for 1 ms, with a height that is a gamma variable of mean 1 and variation 0.5; it is cut off at
    ``A_max``, above which are 3 of a million.

    The postsynaptic spikes that the published code lets a release evoke (``AP_by_EPSP``) are left out, and
    with them its trace ``U``.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152.
    doi:10.7554/eLife.80152
    """

    Ca_o = Parameter(2.5 * mM, "calcium outside", source=VALUES, bath=True)
    tau_C = Parameter(20 * ms, "presynaptic calcium", source=VALUES)
    tau_J = Parameter(20000 * ms, "recovery of its influx", source=VALUES)
    delta = Parameter(4e-4 / ms, "depression of its influx", source=VALUES)
    h_low = Parameter(0.6540248201173222, "calcium of half release in much calcium outside", source=VALUES)
    h_high = Parameter(2.0040041963761178, "calcium of half release in little calcium outside", source=_SUM,
                       status="converted")
    h_Ca = Parameter(1708.4124496514878 * umolar, "calcium outside half way", source=VALUES)
    h_slope = Parameter(0.004225803293622208 / umolar, "slope at half way", source=VALUES)
    D_0 = Parameter(25.0, "places for docked vesicles", source=VALUES)
    R_0 = Parameter(30.0, "places of the reserve", source=VALUES)
    tau_R = Parameter(5000 * ms, "from the docked pool to the reserve, per place", source=VALUES)
    tau_D = Parameter(45000 * ms, "from the reserve to the docked pool, per place", source=VALUES)
    tau_ref = Parameter(40000 * ms, "refilling of the reserve, per place", source=VALUES)
    duration = Parameter(1 * ms, "duration of the pulse", source=VALUES)
    peak = Parameter(1 * mM, "mean glutamate of a vesicle", source=VALUES, sign="nonnegative")
    A_max = Parameter(5.0, "largest height of a pulse, relative to the mean", status="assumed",
                      source="3 of a million are larger; it sets the fastest binding")

    h = define(logistic(Ca_o, h_high, h_low, h_Ca, h_slope), meaning="calcium of half release")
    C = states("C", within=(0, None), meaning="presynaptic calcium")
    J = states("J", within=(0, 1), initial=1, meaning="influx of calcium of a spike")
    dC = -C / tau_C
    dJ = (1 - J) / tau_J - delta * J * C
    p = define(C**2 / (C**2 + h**2), meaning="probability of a release, given a docked vesicle")
    D = counts("D", initial=D_0, within=(0, D_0), at_spikes=True, meaning="docked vesicles")
    R = counts("R", initial=R_0, within=(0, R_0), meaning="vesicles of the reserve")
    reactions = (
        Reaction(D, R, Max(R_0 - R, 0) / tau_R, Max(D_0 - D, 0) / tau_D),
        Reaction(None, R, Max(R_0 - R, 0) / tau_ref),
    )
    emitted = states("emitted", within=(0, 1), meaning="whether the last spike released")
    u_1, u_2, u_3, u_4 = states("u_1 u_2 u_3 u_4", initial=1, meaning="random numbers of a spike")
    height = states("height", within=(0, A_max), initial=1, meaning="glutamate of the last release")
    demitted, du_1, du_2, du_3, du_4, dheight = 0, 0, 0, 0, 0, 0
    on_spike = {
        C: C + J,
        emitted: Heaviside(p - rand()) * (1 - Heaviside(1 - D)),
        u_1: 1 - rand(),
        u_2: 1 - rand(),
        u_3: 1 - rand(),
        u_4: 1 - rand(),
        height: emitted * Min(A_max, -log(u_1 * u_2 * u_3 * u_4) / 4) + (1 - emitted) * height,
        D: D - emitted,
    }
    amount = emitted
    concentration = Pulse(peak * height, duration, emitted)

    presets: ClassVar[Mapping[str, Preset]] = {}
    summary = "docked and reserve vesicles, released by chance (Rodrigues et al. 2023)"
# fmt: on
