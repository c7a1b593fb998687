"""Receptors whose rates follow the ``temperature`` of the bath, by their Q10.

``temperature`` carries no label: it is one number for all receptors of a synapse that read it, and is set
like the magnesium of the bath, ``SubunitNMDA(temperature=(273.15 + 25)*kelvin)`` or ``S.temperature``.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import sympy
from brian2 import kelvin, mM, ms, mV, nS, psiemens

from brian2_nmda.equations.magnesium import JahrStevens
from brian2_nmda.equations.sources import DAINAUSKAS, MORADI, RAMAN_TRUSSELL, SYNAPSE_ELIFE
from brian2_nmda.symbolic.kinds import Receptor
from brian2_nmda.symbolic.part import Parameter, Preset, Reaction, T, define, occupancies, states

_PER_MM_MS = 1 / (mM * ms)
_DAINAUSKAS = {"2A": (0.5, 0.024), "2B": (0.1, 0.0075), "2C": (0.1, 0.002), "2D": (0.1, 0.002)}


def _faster(Q: Any, temperature: Any, reference: Any, tenth: Any) -> sympy.Expr:
    """The factor of a rate that holds at ``reference``."""
    return Q ** ((temperature - reference) * tenth)


class _AtTemperature(Receptor):
    """The temperature of the bath and that of the rates."""

    temperature = Parameter(308.15 * kelvin, "temperature of the bath", bath=True, status="assumed",
                            source="35 degC, near that of the body")  # fmt: skip
    reference = Parameter(308.15 * kelvin, "temperature at which the rates hold", status="assumed",
                          source="set by each receptor")  # fmt: skip
    tenth = Parameter(0.1 / kelvin, "one over the ten degrees to which a Q10 refers", status="assumed",
                      source="the definition of a Q10")  # fmt: skip
    activation = 0


class SubunitNMDA(_AtTemperature):
    r"""First-order NMDA receptor of one kind of GluN2 subunit, at the temperature of the bath.

    .. math::

        \dot r = Q_{on}^{(\Theta - \Theta_0)/10 K} \alpha [T] (1 - r)
               - Q_{off}^{(\Theta - \Theta_0)/10 K} \beta r

    Rates are those of Dainauskas et al. (2023) for GluN2A to GluN2D, who give 2C and 2D one set and no
    temperature; they are taken to hold at 35 degC. Q10 are those of the rising phase and of the slow decay
    of NMDA currents that Moradi et al. (2013) use; the fast decay has 3.68.

    Use it with ``TransmitterPulse.preset('Destexhe 1998')``. Two of them with labels of their own make a
    synapse with GluN2A and GluN2B; `MixedNMDA` is both in one receptor.

    References
    ----------
    Dainauskas JJ, Marie H, Migliore M, Saudargiene A (2023). Front Synaptic Neurosci.
    doi:10.3389/fnsyn.2023.1113957
    """

    alpha = Parameter(0.5 * _PER_MM_MS, "binding rate", source=DAINAUSKAS, sign="nonnegative")
    beta = Parameter(0.024 / ms, "unbinding rate", source=DAINAUSKAS)
    reference = Parameter(308.15 * kelvin, "temperature at which the rates hold", status="assumed",
                          source=f"{MORADI}, whose Q10 refer to 35 degC")  # fmt: skip
    Q_on = Parameter(2.2, "Q10 of the rise", source=f"{MORADI}, after Hestrin et al. (1990)")
    Q_off = Parameter(2.65, "Q10 of the decay", source=f"{MORADI}, after Korinek et al. (2010)")
    gmax = Parameter(0.2 * nS, "maximal conductance", status="assumed",
                     source="as for the other receptors here", sign="nonnegative")  # fmt: skip

    r = states("r", within=(0, 1))
    rise = define(_faster(Q_on, _AtTemperature.temperature, reference, _AtTemperature.tenth),
                  meaning="factor of binding")  # fmt: skip
    fall = define(_faster(Q_off, _AtTemperature.temperature, reference, _AtTemperature.tenth),
                  meaning="factor of unbinding")  # fmt: skip
    dr = rise * alpha * T * (1 - r) - fall * beta * r
    activation = r

    presets: ClassVar[Mapping[str, Preset]] = {
        f"GluN{subunit}": Preset(DAINAUSKAS, {"alpha": a * _PER_MM_MS, "beta": b / ms})
        for subunit, (a, b) in _DAINAUSKAS.items()
    }
    _children: ClassVar[Mapping[str, Any]] = {"block": JahrStevens}
    default_label = "NMDA"
    calcium_permeable = True
    summary = "first-order NMDA kinetics of GluN2A to 2D with Q10"


class MixedNMDA(_AtTemperature):
    r"""GluN2A and GluN2B side by side: the fraction ``f`` of the receptors has GluN2B.

    Each of the two has the kinetics of `SubunitNMDA`; the open fraction is ``(1 - f) r_A + f r_B``. The
    fraction falls with age: presets have it for the hippocampus of the rat, from the ratio of GluN2B to
    GluN2A of Rodrigues et al. (2023) without its scatter. Receptors with one subunit of each kind are not in
    it.

    References
    ----------
    Dainauskas JJ, Marie H, Migliore M, Saudargiene A (2023). Front Synaptic Neurosci.
    doi:10.3389/fnsyn.2023.1113957

    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152
    """

    alpha_A = Parameter(0.5 * _PER_MM_MS, "binding rate, GluN2A", source=DAINAUSKAS, sign="nonnegative")
    beta_A = Parameter(0.024 / ms, "unbinding rate, GluN2A", source=DAINAUSKAS)
    alpha_B = Parameter(0.1 * _PER_MM_MS, "binding rate, GluN2B", source=DAINAUSKAS, sign="nonnegative")
    beta_B = Parameter(0.0075 / ms, "unbinding rate, GluN2B", source=DAINAUSKAS)
    f = Parameter(0.5, "fraction of receptors with GluN2B", status="assumed", sign="fraction",
                  source=f"{DAINAUSKAS}, whose conductances are equal")  # fmt: skip
    reference = Parameter(308.15 * kelvin, "temperature at which the rates hold", status="assumed",
                          source=f"{MORADI}, whose Q10 refer to 35 degC")  # fmt: skip
    Q_on = Parameter(2.2, "Q10 of the rise", source=f"{MORADI}, after Hestrin et al. (1990)")
    Q_off = Parameter(2.65, "Q10 of the decay", source=f"{MORADI}, after Korinek et al. (2010)")
    gmax = Parameter(0.2 * nS, "maximal conductance", status="assumed",
                     source="as for the other receptors here", sign="nonnegative")  # fmt: skip

    r_A, r_B = states("r_A r_B", within=(0, 1))
    rise = define(_faster(Q_on, _AtTemperature.temperature, reference, _AtTemperature.tenth),
                  meaning="factor of binding")  # fmt: skip
    fall = define(_faster(Q_off, _AtTemperature.temperature, reference, _AtTemperature.tenth),
                  meaning="factor of unbinding")  # fmt: skip
    dr_A = rise * alpha_A * T * (1 - r_A) - fall * beta_A * r_A
    dr_B = rise * alpha_B * T * (1 - r_B) - fall * beta_B * r_B
    activation = (1 - f) * r_A + f * r_B

    #: Ratio of GluN2B to GluN2A by postnatal day.
    _ratio: ClassVar[Mapping[int, float]] = {5: 1.35770, 14: 1.23265, 21: 1.08709, 35: 0.76890, 60: 0.53613}
    presets: ClassVar[Mapping[str, Preset]] = {
        f"P{age}": Preset(SYNAPSE_ELIFE, {"f": ratio / (1 + ratio)}, status="converted")
        for age, ratio in _ratio.items()
    }
    _children: ClassVar[Mapping[str, Any]] = {"block": JahrStevens}
    default_label = "NMDA"
    calcium_permeable = True
    summary = "GluN2A and GluN2B in one receptor, by age, with Q10"


class RamanTrussellAMPA(_AtTemperature):
    r"""Six-state scheme of AMPA receptors with a fast and a slow open state (Raman & Trussell 1992).

    ``C0 - C1 - C2`` bind, ``C2`` opens to ``O1`` (fast) or ``O2`` (slow) or desensitises (``D``). All rates
    have one Q10. The rates are those that Graham and Manis use for synapses of bushy cells in the cochlear
    nucleus; their polyamine block is left out. A pulse opens .72 of the receptors at most, by which Manis
    divides the conductance, and here ``gmax`` does not.

    References
    ----------
    Raman IM, Trussell LO (1992). Neuron 9:173.
    """

    Rb = Parameter(13 * _PER_MM_MS, "binding rate, of either site", source=RAMAN_TRUSSELL)
    Ru1 = Parameter(0.3 / ms, "unbinding rate of the first", source=RAMAN_TRUSSELL)
    Ru2 = Parameter(200 / ms, "unbinding rate of the second", source=RAMAN_TRUSSELL)
    Rd = Parameter(30 / ms, "desensitisation rate", source=RAMAN_TRUSSELL)
    Rr = Parameter(0.02 / ms, "resensitisation rate", source=RAMAN_TRUSSELL)
    Ro1 = Parameter(100 / ms, "opening rate, fast", source=RAMAN_TRUSSELL)
    Rc1 = Parameter(2 / ms, "closing rate, fast", source=RAMAN_TRUSSELL)
    Ro2 = Parameter(2 / ms, "opening rate, slow", source=RAMAN_TRUSSELL)
    Rc2 = Parameter(0.25 / ms, "closing rate, slow", source=RAMAN_TRUSSELL)
    reference = Parameter(295.15 * kelvin, "temperature at which the rates hold", source=RAMAN_TRUSSELL)
    Q = Parameter(1.5, "Q10 of all rates", source=RAMAN_TRUSSELL)
    gmax = Parameter(500 * psiemens, "maximal conductance", status="assumed", sign="nonnegative",
                     source="20 receptors of 25 pS")  # fmt: skip
    E = Parameter(7 * mV, "reversal potential", source=RAMAN_TRUSSELL, sign="real")

    C0, C1, C2, D, O1, O2 = occupancies("C0 C1 C2 D O1 O2")
    faster = define(_faster(Q, _AtTemperature.temperature, reference, _AtTemperature.tenth),
                    meaning="factor of all rates")  # fmt: skip
    reactions = (
        Reaction(C0, C1, faster * Rb * T, faster * Ru1),
        Reaction(C1, C2, faster * Rb * T, faster * Ru2),
        Reaction(C2, D, faster * Rd, faster * Rr),
        Reaction(C2, O1, faster * Ro1, faster * Rc1),
        Reaction(C2, O2, faster * Ro2, faster * Rc2),
    )
    activation = O1 + O2

    default_label = "AMPA"
    summary = "six-state AMPA scheme with two open states and desensitisation, with Q10"
