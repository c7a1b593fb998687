"""From calcium to AMPA receptors: kinases and phosphatases, phosphorylation, insertion and removal.

The parts meet at two ports. ``kinase`` and ``phosphatase`` are active fractions: whatever gives them (the
bistable kinase of `GraupnerBrunel2007`, the Hill curves of `CastellaniEnzymes`, a part of yours) drives
whatever needs them (`CastellaniPhosphorylation`, `KinaseDrivenInsertion`).
"""

from collections.abc import Mapping
from typing import ClassVar

from brian2 import psiemens as pS, second, umolar

from brian2_nmda.equations.sources import CASTELLANI, GRAUPNER_BRUNEL_2007
from brian2_nmda.symbolic.kinds import Plasticity
from brian2_nmda.symbolic.part import (
    Ca,
    Ca_eff,
    Parameter,
    Part,
    Preset,
    activation,
    conductance,
    define,
    g_initial,
    gives,
    needs,
    states,
)

_PER_UM_S = 1 / (umolar * second)
_FREE = "a free choice: LTP and LTD develop within minutes"
_FITTED_BOTH = "fitted with and without depression of release, and to bear changes of 20 % (see the class)"
_FITTED_LASTING = "fitted with and without depression of release; no train saturates it (see the class)"
_FITTED = "fitted to tetanus, theta burst and trains of 900 pulses at 0.1 to 50 Hz (see the class)"


class GraupnerBrunel2007(Part):
    r"""CaMKII and the phosphatases that oppose it, bistable at rest (Graupner & Brunel, 2007).

    .. math::

        \dot{PP1} = -k_{11} I_{1P}\, PP1 + k_{-11} (1 - PP1) \qquad
        k_{10} = \frac{k_{12}\, PP1_{total}\, PP1}{K_M + S}

    A ring of six subunits is in one of 14 states ``B0`` to ``B13``, told apart by which of them are
    phosphorylated. A subunit is phosphorylated by its neighbour at ``k_6 gamma^2`` if it is the first one
    in a row, at ``k_7 gamma`` behind one that is phosphorylated already; ``gamma`` is the fraction of
    subunits that have bound calmodulin with four calcium ions. PP1 takes each phosphate off at ``k_10``,
    which saturates in the phosphates ``S``. Calcineurin activates PP1 by dephosphorylating its inhibitor,
    PKA inactivates it; the Hill exponents are 3 and 8.

    ``kinase`` is ``S`` as a fraction of all sites and ``phosphatase`` the free fraction of PP1. A synapse
    starts DOWN (no phosphate) with PP1 and inhibitor at rest; ``S.B13_CaMKII = 33.3*umolar`` starts it UP.
    With calcium held, only DOWN exists between 0.2196 and 0.3631 uM, only UP above 0.3739 uM; UP is stable
    at a resting calcium between 0.0924 and 0.2196 uM, so give ``SpineCalcium(rest=0.1*umolar)``.

    The bounds of ``PP1`` and of ``I1P`` hold for any course of calcium, and with them the largest ``k_10``
    from which the longest time step follows (0.11 ms).

    References
    ----------
    Graupner M, Brunel N (2007). PLoS Comput Biol 3:e221. doi:10.1371/journal.pcbi.0030221
    """

    L_1 = Parameter(0.1 * umolar, "calmodulin, first calcium", source=GRAUPNER_BRUNEL_2007)
    L_2 = Parameter(0.025 * umolar, "calmodulin, second calcium", source=GRAUPNER_BRUNEL_2007)
    L_3 = Parameter(0.32 * umolar, "calmodulin, third calcium", source=GRAUPNER_BRUNEL_2007)
    L_4 = Parameter(0.4 * umolar, "calmodulin, fourth calcium", source=GRAUPNER_BRUNEL_2007)
    CaM_total = Parameter(0.1 * umolar, "calmodulin", source=GRAUPNER_BRUNEL_2007)
    K_5 = Parameter(0.1 * umolar, "calmodulin at which half of the subunits have bound it",
                    source=GRAUPNER_BRUNEL_2007)  # fmt: skip
    B_total = Parameter(33.3 * umolar, "rings of CaMKII", source=GRAUPNER_BRUNEL_2007)
    k_6 = Parameter(6 / second, "phosphorylation of a first subunit", source=GRAUPNER_BRUNEL_2007)
    k_7 = Parameter(6 / second, "phosphorylation of a next subunit", source=GRAUPNER_BRUNEL_2007)
    k_12 = Parameter(6000 / second, "dephosphorylation by PP1", source=GRAUPNER_BRUNEL_2007)
    K_M = Parameter(0.4 * umolar, "Michaelis constant of PP1", source=GRAUPNER_BRUNEL_2007)
    PP1_total = Parameter(0.2 * umolar, "PP1, free and inhibited", source=GRAUPNER_BRUNEL_2007)
    k_11 = Parameter(500 * _PER_UM_S, "binding of inhibitor 1 to PP1", source=GRAUPNER_BRUNEL_2007)
    k_m11 = Parameter(0.1 / second, "unbinding of inhibitor 1", source=GRAUPNER_BRUNEL_2007)
    I1_total = Parameter(1 * umolar, "inhibitor 1 that is not phosphorylated", source=GRAUPNER_BRUNEL_2007)
    PKA_0 = Parameter(0.00359 / second, "phosphorylation of inhibitor 1, basal", source=GRAUPNER_BRUNEL_2007)
    PKA_1 = Parameter(100 / second, "phosphorylation of inhibitor 1 by PKA", source=GRAUPNER_BRUNEL_2007)
    K_PKA = Parameter(0.11 * umolar, "calmodulin of half activity of PKA", source=GRAUPNER_BRUNEL_2007)
    CaN_0 = Parameter(0.1 / second, "dephosphorylation of inhibitor 1, basal", source=GRAUPNER_BRUNEL_2007)
    CaN_1 = Parameter(18 / second, "dephosphorylation of inhibitor 1 by calcineurin",
                      source=GRAUPNER_BRUNEL_2007)  # fmt: skip
    K_CaN = Parameter(0.053 * umolar, "calmodulin of half activity of calcineurin",
                      source=GRAUPNER_BRUNEL_2007)  # fmt: skip

    C = define(
        CaM_total * Ca**4
        / (Ca**4 + L_4 * Ca**3 + L_3 * L_4 * Ca**2 + L_2 * L_3 * L_4 * Ca + L_1 * L_2 * L_3 * L_4),
        unit=umolar, meaning="calmodulin with four calcium ions",
    )  # fmt: skip
    gamma = define(C / (K_5 + C), meaning="fraction of subunits with calmodulin")
    PKA = define(C**8 / (K_PKA**8 + C**8), meaning="active fraction of PKA")
    CaN = define(C**3 / (K_CaN**3 + C**3), meaning="active fraction of calcineurin")
    v_PKA = define(PKA_0 + PKA_1 * PKA, unit=1 / second, meaning="phosphorylation of inhibitor 1")
    v_CaN = define(CaN_0 + CaN_1 * CaN, unit=1 / second, meaning="dephosphorylation of inhibitor 1")

    _least = PKA_0 * I1_total / (CaN_0 + CaN_1)
    I1P = states("I1P", within=(_least, None), unit=umolar, initial=v_PKA * I1_total / v_CaN,
                 meaning="phosphorylated inhibitor 1, not bound to PP1")  # fmt: skip
    PP1 = states("PP1", within=(0, k_m11 / (k_m11 + k_11 * _least)), initial=k_m11 / (k_m11 + k_11 * I1P),
                 meaning="free fraction of PP1")  # fmt: skip
    _unbound = k_m11 * (1 - PP1) - k_11 * I1P * PP1
    dPP1 = _unbound
    dI1P = PP1_total * _unbound + v_PKA * I1_total - v_CaN * I1P

    B1, B2, B3, B4, B5, B6, B7, B8, B9, B10, B11, B12, B13 = states(
        "B1 B2 B3 B4 B5 B6 B7 B8 B9 B10 B11 B12 B13", within=(0, B_total), unit=umolar
    )
    B0 = define(B_total - (B1 + B2 + B3 + B4 + B5 + B6 + B7 + B8 + B9 + B10 + B11 + B12 + B13),
                unit=umolar, meaning="rings without phosphate")  # fmt: skip
    S = define(B1 + 2 * (B2 + B3 + B4) + 3 * (B5 + B6 + B7 + B8) + 4 * (B9 + B10 + B11) + 5 * B12 + 6 * B13,
               unit=umolar, meaning="phosphorylated subunits")  # fmt: skip
    k_10 = define(k_12 * PP1_total * PP1 / (K_M + S), unit=1 / second, meaning="dephosphorylation of a site")
    first = define(k_6 * gamma**2, unit=1 / second, meaning="phosphorylation of a first subunit")
    later = define(k_7 * gamma, unit=1 / second, meaning="phosphorylation of a next subunit")

    dB1 = 6 * first * B0 - (4 * first + later + k_10) * B1 + 2 * k_10 * (B2 + B3 + B4)
    dB2 = (first + later) * B1 - (3 * first + later + 2 * k_10) * B2 + k_10 * (2 * B5 + B6 + B7)
    dB3 = 2 * first * B1 - (2 * first + 2 * later + 2 * k_10) * B3 + k_10 * (B5 + B6 + B7 + 3 * B8)
    dB4 = first * B1 - (2 * first + 2 * later + 2 * k_10) * B4 + k_10 * (B6 + B7)
    dB5 = (first + later) * B2 + later * B3 - (2 * first + later + 3 * k_10) * B5 + k_10 * (2 * B9 + B10)
    dB6 = (
        first * (B2 + B3) + 2 * later * B4 - (first + 2 * later + 3 * k_10) * B6 + k_10 * (B9 + B10 + 2 * B11)
    )
    dB7 = (
        first * B2 + later * B3 + 2 * first * B4
        - (first + 2 * later + 3 * k_10) * B7 + k_10 * (B9 + B10 + 2 * B11)
    )  # fmt: skip
    dB8 = first * B3 - (3 * later + 3 * k_10) * B8 + k_10 * B10
    dB9 = (first + later) * B5 + later * (B6 + B7) - (first + later + 4 * k_10) * B9 + 2 * k_10 * B12
    dB10 = (
        first * (B5 + B6) + later * B7 + 3 * later * B8 - (2 * later + 4 * k_10) * B10 + 2 * k_10 * B12
    )  # fmt: skip
    dB11 = later * B6 + first * B7 - (2 * later + 4 * k_10) * B11 + k_10 * B12
    dB12 = (first + later) * B9 + 2 * later * (B10 + B11) - (later + 5 * k_10) * B12 + 6 * k_10 * B13
    dB13 = later * B12 - 6 * k_10 * B13

    kinase = gives(S / (6 * B_total), meaning="Phosphorylated fraction of all subunits of CaMKII.")
    phosphatase = gives(PP1, meaning="Free fraction of PP1.")
    calcineurin = gives(CaN, meaning="Active fraction of calcineurin.")
    calmodulin = gives(C, unit=umolar, meaning="Calmodulin with four calcium ions.")

    default_label = "CaMKII"
    relaxes: ClassVar[str] = "at rest a little is phosphorylated: DOWN has S = 0.1451 uM at 0.1 uM calcium"
    summary = "CaMKII ring with PP1, calcineurin and PKA, bistable (Graupner & Brunel 2007)"


class CastellaniEnzymes(Part):
    r"""Kinases and phosphatases that follow calcium at once, as in Castellani et al. (2001).

    .. math::

        kinase = \frac{Ca^2}{K_K^2 + Ca^2} \qquad phosphatase = \frac{Ca^2}{K_P^2 + Ca^2}

    Phosphatases are activated by less calcium than kinases. With `CastellaniPhosphorylation` they depress
    up to 5.099 uM (the square root of 26) and potentiate above it. The numbers are those of the code that
    is cited; the paper was not read.
    """

    K_K = Parameter(8 * umolar, "calcium of half activity of the kinases", status="converted",
                    source=f"{CASTELLANI} (64 is its square)")  # fmt: skip
    K_P = Parameter(1 * umolar, "calcium of half activity of the phosphatases", source=CASTELLANI)

    kinase = gives(Ca**2 / (K_K**2 + Ca**2), meaning="Active fraction of the kinases.")
    phosphatase = gives(Ca**2 / (K_P**2 + Ca**2), meaning="Active fraction of the phosphatases.")

    default_label = "enzymes"
    summary = "kinases and phosphatases as Hill curves of calcium (Castellani et al. 2001)"


class GradedEnzymes(Part):
    r"""A kinase that feels the peaks of calcium, and a phosphatase that follows its slow mean.

    .. math::

        \tau_K \dot K = \frac{Ca^4}{K_K^4 + Ca^4} - K \qquad kinase = K^2 \qquad
        phosphatase = \frac{Ca_{eff}^2}{K_P^2 + Ca_{eff}^2}

    Four calcium ions activate a subunit of CaMKII through calmodulin, and a subunit is phosphorylated by a
    neighbour that is active as well: hence the fourth power and the square. The phosphatase reads the leaky
    integral ``Ca_eff`` of the pool. Neither has a threshold.

    A design choice of this package, fitted on a neuron of 200 pF and 10 nS that fires at -54 mV (30 fibres,
    0.5 nS AMPA, 0.2 nS NMDA) together with ``KinaseDrivenInsertion.preset('graded enzymes')`` and
    ``SpineCalcium(integrator=CalciumIntegrator(tau=2.8*second))``: one set of numbers for a tetanus, a theta
    burst and 900 pulses at 0.1 to 50 Hz: +61.6, +27.0, and at 1, 3, 10, 20 and 50 Hz -14, -27, +5, +70 and
    +42 %. With depression of release it fails (a tetanus gives +2 %): see `AutonomousEnzymes`.
    """

    tau_K = Parameter(0.9 * second, "activity of the kinase", status="fitted", source=_FITTED)
    K_K = Parameter(2.7 * umolar, "calcium of half activation of a subunit", status="fitted", source=_FITTED)
    K_P = Parameter(3.2 * umolar, "integrated calcium of half activity of the phosphatase", status="fitted",
                    source=_FITTED)  # fmt: skip

    _drive = Ca**4 / (K_K**4 + Ca**4)
    K = states("K", initial=_drive, meaning="active fraction of the subunits")
    dK = (_drive - K) / tau_K

    kinase = gives(K**2, meaning="Fraction of pairs of neighbours that are both active.")
    phosphatase = gives(Ca_eff**2 / (K_P**2 + Ca_eff**2), meaning="Active fraction of the phosphatase.")

    default_label = "graded"
    summary = "graded kinase and phosphatase, one rule for all protocols (design choice)"


class UnsaturatedEnzymes(Part):
    r"""A kinase that calcium hardly saturates, and a phosphatase that follows the slow mean.

    .. math::

        \tau_K \dot K = \frac{Ca^2}{K_K^2 + Ca^2} - K \qquad kinase = K^2 \qquad
        phosphatase = \frac{Ca_{eff}^2}{K_P^2 + Ca_{eff}^2}

    As `GradedEnzymes`, for synapses whose release depresses as well. With the default `TsodyksMarkram` the
    transmitter of the pulses of a 100 Hz train falls to 18 % of that of the first, at 50 Hz to 31 %, at 10 Hz
    to 78 %, and the four pulses of a theta burst release 100, 65, 36 and 25 %. A fourth power of calcium
    turns this into nothing: a tetanus that gives +61 % gives +2 %. Here half activation is near the highest
    calcium of that experiment (peaks of 34 uM in a tetanus, of 4 uM at 1 Hz; these are high), so ``kinase``
    stays graded. From 20 Hz on, and in a tetanus, a train fills all free places: the rule saturates. What is
    left, 70 to 80 % of them, is what the phosphatase spares in the seconds after the train, while ``Ca_eff``
    decays; the curve is flat there. The rule holds for this stimulus: with 20 % more fibres test pulses alone
    make the neuron fire and potentiate, with 20 % fewer a theta burst with depression gives +15 %. The curve
    crosses zero where the neuron is about to fire: 7 to 10 Hz, with depression 10 to 15 Hz.

    A design choice of this package, fitted together with `RelativeInsertion` and
    ``SpineCalcium(integrator=CalciumIntegrator(tau=3.3*second))`` on a neuron of 200 pF and 10 nS
    that fires at -54 mV, with 48 fibres of 0.5 nS AMPA and 0.45 nS NMDA, a test EPSP of 13.6 mV. With
    depression there are 79 fibres: the stimulus is set so that the test EPSP is the same. `AutonomousEnzymes`
    does not saturate and bears changes of 20 % better.
    """

    tau_K = Parameter(0.5 * second, "activity of the kinase", status="fitted", source=_FITTED_BOTH)
    K_K = Parameter(25 * umolar, "calcium of half activation of a subunit", status="fitted",
                    source=_FITTED_BOTH)  # fmt: skip
    K_P = Parameter(2.0 * umolar, "integrated calcium of half activity of the phosphatase", status="fitted",
                    source=_FITTED_BOTH)  # fmt: skip

    _drive = Ca**2 / (K_K**2 + Ca**2)
    K = states("K", initial=_drive, meaning="active fraction of the subunits")
    dK = (_drive - K) / tau_K

    kinase = gives(K**2, meaning="Fraction of pairs of neighbours that are both active.")
    phosphatase = gives(Ca_eff**2 / (K_P**2 + Ca_eff**2), meaning="Active fraction of the phosphatase.")

    default_label = "graded"
    summary = "GradedEnzymes that bear depression of release (design choice)"


class AutonomousEnzymes(Part):
    r"""A kinase that switches on within a burst and outlasts it, and a phosphatase of the slow mean.

    .. math::

        \dot K = k_{act} \left(\frac{Ca^4}{K_K^4 + Ca^4}\right)^2 (1 - K) - \frac{K}{\tau_K} \qquad
        kinase = K \qquad phosphatase = \frac{Ca_{eff}^4}{K_P^4 + Ca_{eff}^4}

    Four calcium ions activate a subunit of CaMKII through calmodulin. A subunit phosphorylates its neighbour
    if that is active as well: hence the fourth power and the square. What is phosphorylated stays active
    without calcium (it is autonomous), for ``tau_K``. The phosphatase reads the leaky integral ``Ca_eff``.

    Here the *enzyme* saturates, not the synapse. A tetanus of 1 s, a theta burst of 2 s and 18 s at 50 Hz
    phosphorylate most of the kinase, which then acts for the duration of the train and ``tau_K`` more.
    Insertion is slower than that: no train comes near to filling the places of `RelativeInsertion`, and a
    burst more or less, or a calcium peak 20 % higher or lower, changes little. LTP so develops within
    three minutes *after* a tetanus.

    In single spines CaMKII was active for about 1 min when LTP was induced (Lee et al. 2009, abstract); this
    supports the time constant, not its value. A design choice of this package, fitted together with
    ``RelativeInsertion.preset('autonomous kinase')``, 0.29 nS of NMDA conductance,
    ``SpineCalcium(integrator=CalciumIntegrator(tau=12*second))`` and the neuron of the tetanus experiment,
    with 28 fibres of 0.5 nS AMPA, a test EPSP of 7.9 mV. With depression of release there are 47 fibres: the
    stimulus is set so that the test EPSP is the same. ``docs/robustness.md`` says what a change of any one
    number by 20 % does.

    References
    ----------
    Lee SJR et al. (2009). Nature 458:299. doi:10.1038/nature07842
    """

    k_act = Parameter(80 / second, "phosphorylation in saturating calcium", status="fitted",
                      source=_FITTED_LASTING, sign="nonnegative")  # fmt: skip
    tau_K = Parameter(50 * second, "autonomous activity of the kinase", status="fitted",
                      source=_FITTED_LASTING)  # fmt: skip
    K_K = Parameter(12.5 * umolar, "calcium of half activation of a subunit", status="fitted",
                    source=_FITTED_LASTING)  # fmt: skip
    K_P = Parameter(0.23 * umolar, "integrated calcium of half activity of the phosphatase", status="fitted",
                    source=_FITTED_LASTING)  # fmt: skip

    _on = k_act * (Ca**4 / (K_K**4 + Ca**4)) ** 2
    K = states("K", initial=_on * tau_K / (1 + _on * tau_K), meaning="phosphorylated fraction")
    dK = _on * (1 - K) - K / tau_K

    kinase = gives(K, meaning="Phosphorylated fraction of the subunits.")
    phosphatase = gives(Ca_eff**4 / (K_P**4 + Ca_eff**4), meaning="Active fraction of the phosphatase.")

    default_label = "autonomous"
    summary = "a kinase that outlasts calcium: the rule of the demo (design choice)"


class CastellaniPhosphorylation(Plasticity):
    r"""Phosphorylation of AMPA receptors at two sites, as in Castellani et al. (2001).

    .. math::

        \dot p_i = k\,[EK_i (1 - p_i) - EP_i\, p_i] \qquad
        g_{mean} = A + g_{one} (A_{p1} + A_{p2}) + g_{both} A_{p1p2}

    A phosphate enlarges the conductance. The kinase acts on a site whether or not the other one is
    phosphorylated, so the four states of the scheme are products of ``p1`` (S845) and ``p2`` (S831), and in
    equilibrium those of the paper, ``A = EP1*EP2/((EK1 + EP1)*(EK2 + EP2))`` and so on. ``EK`` and ``EP``
    grow with the ports ``kinase`` and ``phosphatase``.

    The conductance of the receptor is multiplied by ``g_mean/g_rest``. A synapse starts in equilibrium with
    what the two ports give at the start, and ``g_rest`` is its ``g_mean`` there: at rest the factor is 1,
    for any enzymes (``g_mean`` itself is 2.25 without calcium). Only ratios of ``EK`` and ``EP`` are
    published; how fast it happens (``rate``) is assumed.
    """

    K_basal = Parameter(1.0, "activity of the kinases at rest", source=CASTELLANI)
    K_max = Parameter(
        100.0, "activity that calcium adds to the kinases", source=CASTELLANI, sign="nonnegative"
    )
    P_basal = Parameter(1.0, "activity of the phosphatases at rest", source=CASTELLANI)
    P_max = Parameter(30.0, "activity that calcium adds to the phosphatases", source=CASTELLANI,
                      sign="nonnegative")  # fmt: skip
    K_1 = Parameter(1.0, "relative activity of the kinases at S845", source=CASTELLANI)
    P_1 = Parameter(1.0, "relative activity of the phosphatases at S845", source=CASTELLANI)
    K_2 = Parameter(1.0, "relative activity of the kinases at S831", source=CASTELLANI)
    P_2 = Parameter(1.0, "relative activity of the phosphatases at S831", source=CASTELLANI)
    rate = Parameter(1 / second, "rate at an activity of 1", status="assumed",
                     source="that code labels the axis of EK and EP with 1/s")  # fmt: skip
    g_one = Parameter(2.0, "conductance with one phosphate, relative to none", source=CASTELLANI)
    g_both = Parameter(4.0, "conductance with two phosphates, relative to none", source=CASTELLANI)

    kinase, phosphatase = needs("kinase"), needs("phosphatase")
    EK1 = define(K_1 * (K_basal + K_max * kinase), meaning="activity of the kinases at S845")
    EP1 = define(P_1 * (P_basal + P_max * phosphatase), meaning="activity of the phosphatases at S845")
    EK2 = define(K_2 * (K_basal + K_max * kinase), meaning="activity of the kinases at S831")
    EP2 = define(P_2 * (P_basal + P_max * phosphatase), meaning="activity of the phosphatases at S831")
    p1 = states("p1", initial=EK1 / (EK1 + EP1), meaning="fraction with a phosphate at S845")
    p2 = states("p2", initial=EK2 / (EK2 + EP2), meaning="fraction with a phosphate at S831")
    dp1 = rate * (EK1 * (1 - p1) - EP1 * p1)
    dp2 = rate * (EK2 * (1 - p2) - EP2 * p2)
    A = define((1 - p1) * (1 - p2), meaning="receptors without phosphate")
    Ap1 = define(p1 * (1 - p2), meaning="receptors with a phosphate at S845 only")
    Ap2 = define((1 - p1) * p2, meaning="receptors with a phosphate at S831 only")
    Ap1p2 = define(p1 * p2, meaning="receptors with both")
    g_mean = define(A + g_one * (Ap1 + Ap2) + g_both * Ap1p2, meaning="conductance, relative to no phosphate")
    g_rest = states("g_rest", within=(0, None), initial=g_mean, meaning="conductance at the start")
    dg_rest = 0
    conductance = conductance * g_mean / g_rest

    presets: ClassVar[Mapping[str, Preset]] = {
        "norepinephrine": Preset(f"{CASTELLANI} (EK2 doubled, EP1 halved)", {"K_2": 2.0, "P_1": 0.5}),
    }
    summary = "phosphorylation of AMPA receptors at S831 and S845 (Castellani et al. 2001)"


class KinaseDrivenInsertion(Plasticity):
    r"""AMPA receptors that a kinase inserts and a phosphatase removes.

    .. math::

        \dot n = k_{ins}\, kinase\,(n_{max} - n) - k_{rem}\, phosphatase\,(n - n_{min})

    As `ReceptorInsertion`, with the ports ``kinase`` and ``phosphatase`` in place of two thresholds of
    calcium: a design choice of this package, and so are its numbers. With `GraupnerBrunel2007` the number
    of receptors follows the state of the kinase: at 0.1 uM calcium it settles near ``n_min`` (10.4) for
    DOWN and near ``n_max`` (37.8) for UP.
    """

    gamma = Parameter(25 * pS, "unitary conductance", status="assumed",
                      source="single-channel conductances of AMPA receptors are 10 to 30 pS")  # fmt: skip
    k_ins = Parameter(0.02 / second, "insertion at full activity of the kinase", status="assumed",
                      source=_FREE, sign="nonnegative")  # fmt: skip
    k_rem = Parameter(0.2 / second, "removal at full activity of the phosphatase", status="assumed",
                      source=_FREE, sign="nonnegative")  # fmt: skip
    n_min = Parameter(10.0, "receptors that always stay", status="assumed",
                      source="as in ReceptorInsertion", sign="nonnegative")  # fmt: skip
    n_max = Parameter(40.0, "places for receptors", status="assumed", source="as in ReceptorInsertion")

    kinase, phosphatase = needs("kinase"), needs("phosphatase")
    n = states("n", within=(n_min, n_max), initial=g_initial / gamma, meaning="AMPA receptors")
    dn = k_ins * kinase * (n_max - n) - k_rem * phosphatase * (n - n_min)
    conductance = n * gamma * activation
    receptors = gives(n, combine="sum", meaning="Receptors of the synapse.")

    presets: ClassVar[Mapping[str, Preset]] = {
        "graded enzymes": Preset(_FITTED, {"k_ins": 3.7 / second, "k_rem": 0.19 / second}, "fitted"),
    }
    relaxes: ClassVar[str] = "it goes to the balance of what kinase and phosphatase do at rest"
    summary = "AMPA receptors inserted by a kinase, removed by a phosphatase"


class RelativeInsertion(Plasticity):
    r"""AMPA receptors that a kinase inserts and a phosphatase removes, in proportion to the synapse.

    .. math::

        \dot r = k_{ins}\, kinase\,(1 + gain - r) - k_{rem}\, phosphatase\,(r - 1 + loss) \qquad n = r\, n_0

    `KinaseDrivenInsertion` with ``n_max = (1 + gain) n_0`` and ``n_min = (1 - loss) n_0``, where ``n_0`` is
    the number at the start: a larger synapse has more places, and one rule serves any ``gmax``. So the size
    of LTP is proportional to ``gain`` and that of LTD to ``loss``, and neither depends on ``gamma``; with
    places in absolute numbers, 20 % more of them are 60 % more LTP. A design choice of this package; its
    numbers are fitted together with `UnsaturatedEnzymes`.
    """

    gamma = Parameter(25 * pS, "unitary conductance", status="assumed",
                      source="single-channel conductances of AMPA receptors are 10 to 30 pS")  # fmt: skip
    k_ins = Parameter(50 / second, "insertion at full activity of the kinase", status="fitted",
                      source=_FITTED_BOTH, sign="nonnegative")  # fmt: skip
    k_rem = Parameter(0.023 / second, "removal at full activity of the phosphatase", status="fitted",
                      source=_FITTED_BOTH, sign="nonnegative")  # fmt: skip
    gain = Parameter(0.57, "free places, relative to the receptors at the start", status="fitted",
                     source=_FITTED_BOTH, sign="nonnegative")  # fmt: skip
    loss = Parameter(0.47, "receptors that can be removed, relative to those at the start", status="fitted",
                     source=_FITTED_BOTH, sign="fraction")  # fmt: skip

    kinase, phosphatase = needs("kinase"), needs("phosphatase")
    r = states("r", within=(1 - loss, 1 + gain), initial=1, meaning="receptors, relative to the start")
    n_0 = states("n_0", within=(0, None), initial=g_initial / gamma, meaning="AMPA receptors at the start")
    dr = k_ins * kinase * (1 + gain - r) - k_rem * phosphatase * (r - (1 - loss))
    dn_0 = 0
    n = define(r * n_0, meaning="AMPA receptors")
    conductance = n * gamma * activation
    receptors = gives(n, combine="sum", meaning="Receptors of the synapse.")

    presets: ClassVar[Mapping[str, Preset]] = {
        "autonomous kinase": Preset(
            _FITTED_LASTING,
            {"k_ins": 0.0115 / second, "k_rem": 0.009 / second, "gain": 1.0, "loss": 0.2},
            "fitted",
        ),
    }
    relaxes: ClassVar[str] = "it goes to the balance of what kinase and phosphatase do at rest"
    summary = "KinaseDrivenInsertion with bounds in proportion to the synapse"
