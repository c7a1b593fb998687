"""Receptors as Markov schemes, written as reaction tables.

``Reaction(A, B, forward, backward)`` is one line of a scheme. The occupancies sum to one; the first is
eliminated. A synapse starts with the occupancies of a receptor that has seen no transmitter.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from brian2 import mM, ms, mV, nS, psiemens
from sympy import exp

from brian2_nmda.equations.magnesium import JahrStevens
from brian2_nmda.equations.sources import (
    BRANCO,
    DESTEXHE_AMPA5,
    FIVE_STATE_MOD,
    KAMPA,
    VARGAS_CABALLERO,
    VARGAS_CABALLERO_2005,
    VARGAS_CABALLERO_CA1,
)
from brian2_nmda.symbolic.kinds import Receptor
from brian2_nmda.symbolic.part import Parameter, Preset, Reaction, T, occupancies, v

_PER_MM_MS = 1 / (mM * ms)
RODRIGUES = "eLife 12:e80152 (2023) Table 7; values as in github:rveltz/SynapseElife src/ParamsSynapse.jl"
_AT_35 = f"{RODRIGUES}, times its functions of temperature at 35 degC"


def _rates(unit: Any, **values: float) -> dict[str, Any]:
    return {name: value * unit for name, value in values.items()}


def _five_state(source: str, *rates: float, sites: float = 1.0) -> Preset:
    names = ("Ru", "Rd", "Rr", "Ro", "Rc")
    values = {"Rb": 5 * _PER_MM_MS, **{n: 1e-3 * r / ms for n, r in zip(names, rates, strict=True)}}
    return Preset(f"{FIVE_STATE_MOD} ({source})", {**values, "sites": sites})


class FiveStateNMDA(Receptor):
    r"""Five-state scheme of Lester & Jahr (1992), with a table of published rate sets.

    ``C0 - C1 - C2 - O`` with desensitisation ``C2 - D``. ``sites`` is the statistical factor of two
    equal binding sites: 1 in Destexhe's original file, 2 in later copies (binding ``2 Rb``, ``Rb``;
    unbinding ``Ru``, ``2 Ru``). With 2 the current decays in 50 to 70 % of the time, so state which you use.
    The preset of Lester & Jahr has 2, since their model has two equal and independent sites (with 1 it
    would decay in 262 instead of 130 ms); the others have the 1 of the file whose table they are from,
    and were not checked against the papers.

    References
    ----------
    Lester RA, Jahr CE (1992). J Neurosci 12:635. doi:10.1523/JNEUROSCI.12-02-00635.1992

    Destexhe A, Mainen ZF, Sejnowski TJ (1998). Kinetic models of synaptic transmission. In: Methods in
    Neuronal Modeling, 2nd ed., MIT Press, pp. 1-25.
    """

    Rb = Parameter(5 * _PER_MM_MS, "binding rate", source=FIVE_STATE_MOD)
    Ru = Parameter(12.9e-3 / ms, "unbinding rate", source=FIVE_STATE_MOD)
    Rd = Parameter(8.4e-3 / ms, "desensitisation rate", source=FIVE_STATE_MOD)
    Rr = Parameter(6.8e-3 / ms, "resensitisation rate", source=FIVE_STATE_MOD)
    Ro = Parameter(46.5e-3 / ms, "opening rate", source=FIVE_STATE_MOD)
    Rc = Parameter(73.8e-3 / ms, "closing rate", source=FIVE_STATE_MOD)
    sites = Parameter(1.0, "statistical factor of binding, 1 or 2", source=FIVE_STATE_MOD)
    gmax = Parameter(0.5 * nS, "maximal conductance", source=FIVE_STATE_MOD, sign="nonnegative")

    C0, C1, C2, D, O = occupancies("C0 C1 C2 D O")
    reactions = (
        Reaction(C0, C1, sites * Rb * T, Ru),
        Reaction(C1, C2, Rb * T, sites * Ru),
        Reaction(C2, D, Rd, Rr),
        Reaction(C2, O, Ro, Rc),
    )
    activation = O

    presets: ClassVar[Mapping[str, Preset]] = {
        "Destexhe 1996": _five_state("Destexhe, Mainen & Sejnowski 1996", 12.9, 8.4, 6.8, 46.5, 73.8),
        "Clements 1992": _five_state("Clements et al. 1992, Hessler et al. 1993", 9.5, 16, 13, 25, 59),
        "Clements & Westbrook 1991": _five_state("Clements & Westbrook 1991", 5, 4.0, 0.3, 10, 322),
        "Edmonds & Colquhoun 1992": _five_state("Edmonds & Colquhoun 1992", 4.7, 8.4, 1.8, 46.5, 91.6),
        "Lester & Jahr 1992": _five_state(
            "Lester & Jahr 1992; two equal sites: its abstract", 6.7, 15.2, 9.4, 83.8, 83.8, sites=2.0
        ),
    }
    _children: ClassVar[Mapping[str, Any]] = {"block": JahrStevens}
    default_label = "NMDA"
    calcium_permeable = True
    summary = "five-state Markov scheme; five published rate sets"


class KampaNMDA(Receptor):
    r"""Ten-state scheme with magnesium binding in every state (Kampa et al. 2004): slow unblock.

    Magnesium binds with ``exp(-k_on (v - v_0))`` and leaves with ``exp(k_off (v - v_0))``. The file sets
    the unbound receptor to 1 at the start, but at -70 mV with 1 mM Mg 99.3 % of it carries
    magnesium; here a synapse starts in equilibrium at ``v_start``. The paper draws two binding
    steps of glutamate, its file (and this class) has one.

    References
    ----------
    Kampa BM, Clements J, Jonas P, Stuart GJ (2004). Kinetics of Mg2+ unblock of NMDA receptors:
    implications for spike-timing dependent synaptic plasticity. J Physiol 556:337.
    """

    Mg = Parameter(1 * mM, "extracellular magnesium", source=KAMPA, sign="nonnegative", bath=True)
    Rb = Parameter(10 * _PER_MM_MS, "binding rate", source=KAMPA)
    Ru = Parameter(5.6e-3 / ms, "unbinding rate", source=KAMPA)
    Ro = Parameter(10e-3 / ms, "opening rate", source=KAMPA)
    Rc = Parameter(273e-3 / ms, "closing rate", source=KAMPA)
    Rd1 = Parameter(2.2e-3 / ms, "first desensitisation rate", source=KAMPA)
    Rr1 = Parameter(1.6e-3 / ms, "first resensitisation rate", source=KAMPA)
    Rd2 = Parameter(0.43e-3 / ms, "second desensitisation rate", source=KAMPA)
    Rr2 = Parameter(0.5e-3 / ms, "second resensitisation rate", source=KAMPA)
    RbM = Parameter(10 * _PER_MM_MS, "binding rate with Mg", source=KAMPA)
    RuM = Parameter(17.1e-3 / ms, "unbinding rate with Mg", source=KAMPA)
    RoM = Parameter(10e-3 / ms, "opening rate with Mg", source=KAMPA)
    RcM = Parameter(548e-3 / ms, "closing rate with Mg", source=KAMPA)
    Rd1M = Parameter(2.1e-3 / ms, "first desensitisation rate with Mg", source=KAMPA)
    Rr1M = Parameter(0.87e-3 / ms, "first resensitisation rate with Mg", source=KAMPA)
    Rd2M = Parameter(0.26e-3 / ms, "second desensitisation rate with Mg", source=KAMPA)
    Rr2M = Parameter(0.42e-3 / ms, "second resensitisation rate with Mg", source=KAMPA)
    mb_O = Parameter(0.05 * _PER_MM_MS, "Mg binding, open", source=KAMPA)
    mu_O = Parameter(12.8 / ms, "Mg unbinding, open", source=KAMPA)
    mb = Parameter(5e-5 * _PER_MM_MS, "Mg binding, closed and desensitised", source=KAMPA)
    mu_U = Parameter(2.438312e-3 / ms, "Mg unbinding, no transmitter", source=KAMPA)
    mu_Cl = Parameter(5.041915e-3 / ms, "Mg unbinding, closed", source=KAMPA)
    mu_D1 = Parameter(2.98874e-3 / ms, "Mg unbinding, first desensitised", source=KAMPA)
    mu_D2 = Parameter(2.953408e-3 / ms, "Mg unbinding, second desensitised", source=KAMPA)
    k_on = Parameter(0.064 / mV, "voltage sensitivity of binding: 2*0.8/25 mV", source=KAMPA)
    k_off = Parameter(0.016 / mV, "voltage sensitivity of unbinding: 2*0.2/25 mV", source=KAMPA)
    v_0 = Parameter(40 * mV, "potential at which the Mg rates hold", source=KAMPA, sign="real")
    v_start = Parameter(-70 * mV, "potential at which a synapse starts in equilibrium", sign="real",
                        status="assumed", source="a resting potential")  # fmt: skip
    E = Parameter(5 * mV, "reversal potential", source=KAMPA, sign="real")
    gmax = Parameter(500 * psiemens, "maximal conductance", source=KAMPA, sign="nonnegative")

    U, Cl, D1, D2, O, UM, ClM, D1M, D2M, OM = occupancies("U Cl D1 D2 O UM ClM D1M D2M OM")
    _on = Mg * exp(-k_on * (v - v_0))
    _off = exp(k_off * (v - v_0))
    reactions = (
        Reaction(U, Cl, Rb * T, Ru),
        Reaction(Cl, O, Ro, Rc),
        Reaction(Cl, D1, Rd1, Rr1),
        Reaction(D1, D2, Rd2, Rr2),
        Reaction(UM, ClM, RbM * T, RuM),
        Reaction(ClM, OM, RoM, RcM),
        Reaction(ClM, D1M, Rd1M, Rr1M),
        Reaction(D1M, D2M, Rd2M, Rr2M),
        Reaction(U, UM, mb * _on, mu_U * _off),
        Reaction(Cl, ClM, mb * _on, mu_Cl * _off),
        Reaction(D1, D1M, mb * _on, mu_D1 * _off),
        Reaction(D2, D2M, mb * _on, mu_D2 * _off),
        Reaction(O, OM, mb_O * _on, mu_O * _off),
    )
    start_at = {v: v_start}
    activation = O

    presets: ClassVar[Mapping[str, Preset]] = {
        "Kampa 2004": Preset(KAMPA, {}),
        "Branco 2010": Preset(
            BRANCO,
            _rates(1 / ms, Ru=0.02016, Ro=0.0465, Rc=0.0916, Rd1=0.02266, Rr1=0.00736, Rd2=0.004429,
                   Rr2=0.0023, mu_U=0.06, mu_Cl=0.06, mu_D1=0.06, mu_D2=0.06, RuM=0.06156, RoM=0.0465,
                   RcM=0.0916, Rd1M=0.02163, Rr1M=0.004002, Rd2M=0.002678, Rr2M=0.001932),
        ),
    }  # fmt: skip
    #: Why the scheme circulates in equilibrium.
    irreversible: ClassVar[str] = (
        "the published rates do not obey detailed balance: its four cycles are off by factors of 1.48, 0.96, "
        "1.41 and 0.79"
    )
    default_label = "NMDA"
    calcium_permeable = True
    summary = "ten-state scheme with Mg binding in every state: slow unblock"


class VargasCaballeroNMDA(Receptor):
    r"""Asymmetric trapping block of Vargas-Caballero & Robinson (2004): slow unblock.

    ``C0 - C1 - C2 - O - OB - B2 - B1 - B0`` with desensitisation ``C2 - D`` and ``B2 - DB``. The blocked
    channel closes three times faster than the open one, and magnesium leaves only through ``OB``; without
    this asymmetry the slow unblock disappears. The chain has no cycle, so it obeys detailed balance.
    It starts unblocked, as the transmitter-free blocked states cannot be reached at rest.

    References
    ----------
    Vargas-Caballero M, Robinson HP (2004). Fast and slow voltage-dependent dynamics of magnesium block in
    the NMDA receptor: the asymmetric trapping block model. J Neurosci 24:6171.
    """

    Mg = Parameter(1 * mM, "extracellular magnesium", source=VARGAS_CABALLERO, sign="nonnegative",
                   bath=True)  # fmt: skip
    Rb = Parameter(5 * _PER_MM_MS, "binding rate", source=VARGAS_CABALLERO)
    Ru = Parameter(5.5e-3 / ms, "unbinding rate", source=VARGAS_CABALLERO)
    Rd = Parameter(8.4e-3 / ms, "desensitisation rate", source=VARGAS_CABALLERO)
    Rr = Parameter(1.8e-3 / ms, "resensitisation rate", source=VARGAS_CABALLERO)
    Ro = Parameter(46.5e-3 / ms, "opening rate", source=VARGAS_CABALLERO)
    Rc = Parameter(91.6e-3 / ms, "closing rate", source=VARGAS_CABALLERO)
    closing = Parameter(3.0, "closing rate of the blocked channel over that of the open one",
                        source=VARGAS_CABALLERO)  # fmt: skip
    opening = Parameter(1.0, "opening rate of the blocked channel over that of the free one",
                        source=VARGAS_CABALLERO)  # fmt: skip
    mb = Parameter(0.61 * _PER_MM_MS, "Mg binding at 0 mV (Ascher & Nowak 1988)", source=VARGAS_CABALLERO)
    mu = Parameter(5.4 / ms, "Mg unbinding at 0 mV (Ascher & Nowak 1988)", source=VARGAS_CABALLERO)
    v_b = Parameter(17 * mV, "voltage sensitivity of binding", source=VARGAS_CABALLERO)
    v_u = Parameter(47 * mV, "voltage sensitivity of unbinding", source=VARGAS_CABALLERO)
    v_start = Parameter(-70 * mV, "potential at which a synapse starts in equilibrium", sign="real",
                        status="assumed", source="a resting potential")  # fmt: skip
    E = Parameter(-0.7 * mV, "reversal potential", source=VARGAS_CABALLERO, sign="real")
    gmax = Parameter(50 * psiemens, "maximal conductance", source=VARGAS_CABALLERO, sign="nonnegative")

    C0, C1, C2, D, O, OB, B2, B1, B0, DB = occupancies("C0 C1 C2 D O OB B2 B1 B0 DB")
    reactions = (
        Reaction(C0, C1, 2 * Rb * T, Ru),
        Reaction(C1, C2, Rb * T, 2 * Ru),
        Reaction(C2, D, Rd, Rr),
        Reaction(C2, O, Ro, Rc),
        Reaction(O, OB, mb * Mg * exp(-v / v_b), mu * exp(v / v_u)),
        Reaction(OB, B2, closing * Rc, opening * Ro),
        Reaction(B2, DB, Rd, Rr),
        Reaction(B2, B1, 2 * Ru, Rb * T),
        Reaction(B1, B0, Ru, 2 * Rb * T),
    )
    start_at = {v: v_start}
    activation = O

    presets: ClassVar[Mapping[str, Preset]] = {
        "Moradi 2013 port": Preset(VARGAS_CABALLERO, {}),
        "CA1 refit": Preset(
            VARGAS_CABALLERO_CA1,
            {"Rb": 2.83 * _PER_MM_MS}
            | _rates(1 / ms, Ru=0.0381, Rd=4.7161, Rr=0.16116, Ro=0.099631, Rc=0.056999),
        ),
        "authors' file of 2005": Preset(
            VARGAS_CABALLERO_2005, {"Ru": 82e-3 / ms, "closing": 2.5, "opening": 0.9, "E": -3 * mV}
        ),
    }
    default_label = "NMDA"
    calcium_permeable = True
    summary = "asymmetric trapping block: slow unblock"


class PopescuNMDA(Receptor):
    r"""Linear scheme of Popescu et al. (2004) with two open states, as used by Rodrigues et al. (2023).

    ``A0 - A1 - A2`` bind glutamate, ``A2 - A3 - A4`` are conformational steps, ``O1`` and ``O2`` conduct.
    There are no desensitised states. GluN2B has 25 % of the forward and 23 % of the backward rates of GluN2A.
    Rodrigues et al. never use the rates as they stand in their table: they multiply all forward rates by one
    function of temperature and all backward rates by another one, 7.51 and 4.86 at 35 degC, where they
    simulate. The presets for 35 degC have these factors.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). A stochastic model of hippocampal
    synaptic plasticity with geometrical readout of enzyme dynamics. eLife 12:e80152, Table 7.
    """

    ka = Parameter(34 * _PER_MM_MS, "first binding", source=RODRIGUES)
    kb = Parameter(17 * _PER_MM_MS, "second binding", source=RODRIGUES)
    kc = Parameter(0.127 / ms, "first conformational step", source=RODRIGUES)
    kd = Parameter(0.580 / ms, "second conformational step", source=RODRIGUES)
    ke = Parameter(2.508 / ms, "opening", source=RODRIGUES)
    kf = Parameter(3.449 / ms, "to the second open state", source=RODRIGUES)
    ra = Parameter(0.060 / ms, "first unbinding", source=RODRIGUES)
    rb = Parameter(0.120 / ms, "second unbinding", source=RODRIGUES)
    rc = Parameter(0.161 / ms, "first conformational step back", source=RODRIGUES)
    rd = Parameter(2.610 / ms, "second conformational step back", source=RODRIGUES)
    re = Parameter(2.167 / ms, "closing", source=RODRIGUES)
    rf = Parameter(0.662 / ms, "from the second open state", source=RODRIGUES)
    forward = Parameter(1.0, "factor of all forward rates: subunit, temperature", source=RODRIGUES)
    backward = Parameter(1.0, "factor of all backward rates: subunit, temperature", source=RODRIGUES)
    gmax = Parameter(0.2 * nS, "maximal conductance", status="assumed",
                     source="as for the other receptors here", sign="nonnegative")  # fmt: skip

    A0, A1, A2, A3, A4, O1, O2 = occupancies("A0 A1 A2 A3 A4 O1 O2")
    reactions = (
        Reaction(A0, A1, forward * ka * T, backward * ra),
        Reaction(A1, A2, forward * kb * T, backward * rb),
        Reaction(A2, A3, forward * kc, backward * rc),
        Reaction(A3, A4, forward * kd, backward * rd),
        Reaction(A4, O1, forward * ke, backward * re),
        Reaction(O1, O2, forward * kf, backward * rf),
    )
    activation = O1 + O2

    presets: ClassVar[Mapping[str, Preset]] = {
        "GluN2A": Preset(RODRIGUES, {}),
        "GluN2B": Preset(RODRIGUES, {"forward": 0.25, "backward": 0.23}),
        "GluN2A, 35 degC": Preset(_AT_35, {"forward": 7.5137, "backward": 4.8642}, status="converted"),
        "GluN2B, 35 degC": Preset(
            _AT_35, {"forward": 0.25 * 7.5137, "backward": 0.23 * 4.8642}, status="converted"
        ),
    }
    _children: ClassVar[Mapping[str, Any]] = {"block": JahrStevens}
    default_label = "NMDA"
    calcium_permeable = True
    summary = "seven-state linear scheme with two open states; GluN2A, GluN2B, 35 degC"


class DesensitisingAMPA(Receptor):
    r"""Six-state scheme of AMPA receptors that desensitise, after Patneau & Mayer (1991).

    ``C0 - C1 - C2 - O`` with desensitisation of the receptor with one ligand (``C1 - D1``) and with two
    (``C2 - D2``), fitted by Destexhe et al. to currents in hippocampal slices. There is no way between
    ``D1`` and ``D2``. A pulse of 1 mM for 1 ms opens 17 %. The published rates let receptors recover very
    slowly: transmitter leaves ``C1`` with 5.9 per second and most wait in ``D1``, so that 90 % of the
    response are gone for 2.5 s (of two pulses 100 ms apart the second opens 14 % of what the first does),
    where recombinant receptors recover within 6 to 150 ms (PMC2964903, Table 16). Use it for the response to
    one spike.

    References
    ----------
    Destexhe A, Mainen ZF, Sejnowski TJ (1998). Kinetic models of synaptic transmission. In: Methods in
    Neuronal Modeling, 2nd ed., MIT Press, pp. 1-25.
    """

    Rb = Parameter(13 * _PER_MM_MS, "binding rate, of either site", source=DESTEXHE_AMPA5)
    Ru1 = Parameter(5.9e-3 / ms, "unbinding rate of the first", source=DESTEXHE_AMPA5)
    Ru2 = Parameter(86 / ms, "unbinding rate of the second", source=DESTEXHE_AMPA5)
    Rd = Parameter(0.9 / ms, "desensitisation rate", source=DESTEXHE_AMPA5)
    Rr = Parameter(0.064 / ms, "resensitisation rate", source=DESTEXHE_AMPA5)
    Ro = Parameter(2.7 / ms, "opening rate", source=DESTEXHE_AMPA5)
    Rc = Parameter(0.2 / ms, "closing rate", source=DESTEXHE_AMPA5)
    gmax = Parameter(500 * psiemens, "maximal conductance", source=DESTEXHE_AMPA5, sign="nonnegative")

    C0, C1, C2, D1, D2, O = occupancies("C0 C1 C2 D1 D2 O")
    reactions = (
        Reaction(C0, C1, Rb * T, Ru1),
        Reaction(C1, C2, Rb * T, Ru2),
        Reaction(C1, D1, Rd, Rr),
        Reaction(C2, D2, Rd, Rr),
        Reaction(C2, O, Ro, Rc),
    )
    activation = O

    default_label = "AMPA"
    summary = "six-state AMPA scheme with desensitisation (Destexhe's fit of Patneau & Mayer)"
