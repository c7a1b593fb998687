"""Buffers that take calcium from the pool of a spine and give it back.

They change the port ``calcium_uptake`` and are stepped together with calcium, so that no ion is lost or
made: ``Ca + B`` of a closed head is constant to rounding.
"""

from typing import Any

from brian2 import mM, ms, second, umolar

from brian2_nmda.equations.sources import RODRIGUES
from brian2_nmda.symbolic.part import Ca, Parameter, Part, define, gives, needs, states

_PER_UM_MS = 1 / (umolar * ms)


def lobe(on1: Any, off1: Any, on2: Any, off2: Any) -> tuple[Any, Any]:
    """Rates at which a lobe of calmodulin binds and loses two calcium ions, with its first step in balance.

    The factor 1/2 is what Catalyst, the language of the published reactions, makes of ``2 Ca``.
    """
    after_one = off1 + on2 * Ca
    return on1 * on2 / after_one * Ca**2 / 2, off1 * off2 / after_one


class CalciumBuffer(Part):
    r"""A buffer with one site; by default the immobile buffer of Rodrigues et al. (2023).

    .. math:: \dot B = k_{on}\,(B_{total} - B)\, Ca - k_{off}\, B

    It starts in equilibrium with the calcium at the start. The pool is one with the port ``calcium_uptake``,
    such as `BufferedCalcium`; give several buffers different labels. With ``kappa=0`` these numbers need time
    steps of 0.05 ms, and smaller ones where calcium exceeds 50 uM: ``k_on Ca dt`` has to stay below 1.
    A step that is too long at the calcium of the start is refused before the run; how far calcium rises in
    the run is not known there, and beyond the bound the buffer diverges.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152. doi:10.7554/eLife.80152
    """

    total = Parameter(62 * umolar, "buffer, free and bound", source=RODRIGUES)
    k_on = Parameter(0.247 * _PER_UM_MS, "binding of calcium", source=RODRIGUES)
    k_off = Parameter(0.524 / ms, "unbinding of calcium", source=RODRIGUES)

    before = needs("calcium_uptake", mM / second, meaning="calcium that other buffers take")
    B = states("B", within=(0, total), unit=umolar, initial=total * k_on * Ca / (k_on * Ca + k_off),
               meaning="bound buffer")  # fmt: skip
    binding = define(k_on * (total - B) * Ca - k_off * B, unit=mM / second, meaning="calcium that it takes")
    dB = binding
    calcium_uptake = gives(before + binding, unit=mM / second, combine="chain")

    stepped_with = "Ca"
    default_label = "buffer"
    summary = "a buffer with one calcium site (Rodrigues et al. 2023)"


class Calmodulin(Part):
    r"""Calmodulin with two lobes, each of which binds two calcium ions in one reaction.

    .. math::

        \text{binding: } \tfrac12 f\, Ca^2, \quad f = \frac{k_1^+ k_2^+}{k_1^- + k_2^+ Ca} \qquad
        \text{unbinding: } b = \frac{k_1^- k_2^-}{k_1^- + k_2^+ Ca}

    The scheme of Rodrigues et al. (2023) without kinase and phosphatase: ``C2`` has its C lobe occupied,
    ``N2`` its N lobe, ``CN4`` both. The factor 1/2 is that of their program. Each reaction takes two
    ions from the pool, one with the port ``calcium_uptake`` such as `BufferedCalcium`. It starts in
    equilibrium with the calcium at the start.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152. doi:10.7554/eLife.80152
    """

    total = Parameter(30 * umolar, "calmodulin", source=RODRIGUES)
    kC1 = Parameter(0.005 * _PER_UM_MS, "C lobe, first calcium binds", source=RODRIGUES)
    kC1m = Parameter(0.05 / ms, "C lobe, first calcium leaves", source=RODRIGUES)
    kC2 = Parameter(0.01 * _PER_UM_MS, "C lobe, second calcium binds", source=RODRIGUES)
    kC2m = Parameter(0.01 / ms, "C lobe, second calcium leaves", source=RODRIGUES)
    kN1 = Parameter(0.1 * _PER_UM_MS, "N lobe, first calcium binds", source=RODRIGUES)
    kN1m = Parameter(2 / ms, "N lobe, first calcium leaves", source=RODRIGUES)
    kN2 = Parameter(0.2 * _PER_UM_MS, "N lobe, second calcium binds", source=RODRIGUES)
    kN2m = Parameter(0.5 / ms, "N lobe, second calcium leaves", source=RODRIGUES)

    _lobe_C, _lobe_N = lobe(kC1, kC1m, kC2, kC2m), lobe(kN1, kN1m, kN2, kN2m)
    on_C = define(_lobe_C[0], unit=1 / second, meaning="binding, C lobe")
    off_C = define(_lobe_C[1], unit=1 / second, meaning="unbinding, C lobe")
    on_N = define(_lobe_N[0], unit=1 / second, meaning="binding, N lobe")
    off_N = define(_lobe_N[1], unit=1 / second, meaning="unbinding, N lobe")

    before = needs("calcium_uptake", mM / second, meaning="calcium that other buffers take")
    _C, _N = on_C / (on_C + off_C), on_N / (on_N + off_N)
    C2 = states(
        "C2", within=(0, total), unit=umolar, initial=total * _C * (1 - _N), meaning="C lobe occupied"
    )
    N2 = states(
        "N2", within=(0, total), unit=umolar, initial=total * _N * (1 - _C), meaning="N lobe occupied"
    )
    CN4 = states("CN4", within=(0, total), unit=umolar, initial=total * _C * _N, meaning="both occupied")
    apo = define(total - C2 - N2 - CN4, unit=umolar, meaning="calmodulin without calcium")
    to_C = define(on_C * apo - off_C * C2, unit=mM / second, meaning="first the C lobe")
    to_N = define(on_N * apo - off_N * N2, unit=mM / second, meaning="first the N lobe")
    C_after = define(on_C * N2 - off_C * CN4, unit=mM / second, meaning="the C lobe last")
    N_after = define(on_N * C2 - off_N * CN4, unit=mM / second, meaning="the N lobe last")
    dC2 = to_C - N_after
    dN2 = to_N - C_after
    dCN4 = C_after + N_after
    calcium_uptake = gives(before + 2 * (to_C + to_N + C_after + N_after), unit=mM / second, combine="chain")
    calmodulin = gives(CN4, unit=umolar, meaning="Calmodulin with four calcium ions.")

    stepped_with = "Ca"
    default_label = "CaM"
    summary = "calmodulin that takes calcium with two lobes (Rodrigues et al. 2023)"
