"""Calcium in the spine head: influx through NMDA receptors, one pool, and a slow memory of it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from brian2 import coulomb, mM, mole, ms, mV, nmolar, second, umetre

from brian2_nmda.equations.sources import CODATA, SABATINI, SHOUVAL_CODE, WOLF
from brian2_nmda.symbolic.kinds import Calcium
from brian2_nmda.symbolic.part import Ca as Ca_in
from brian2_nmda.symbolic.part import (
    Ca_rest,
    E_open,
    G_open,
    I_Ca,
    Parameter,
    Part,
    define,
    states,
    v,
)


class CalciumIntegrator(Part):
    r"""Leaky integrator of spine calcium, the memory of kinases and phosphatases.

    .. math:: \frac{d Ca_{eff}}{dt} = \frac{(Ca - Ca_{rest}) - Ca_{eff}}{\tau}

    Without it a test pulse and one pulse of a 1 Hz train would be the same event.
    """

    tau = Parameter(2 * second, "memory of the calcium sensors", status="assumed",
                    source="chosen for the tetanus experiment; CaMKII lifetimes are seconds")  # fmt: skip

    Ca_eff = states("Ca_eff", within=(None, None), unit=mM, bare=True,
                    meaning="slowly integrated calcium")  # fmt: skip
    dCa_eff = (Ca_in - Ca_rest - Ca_eff) / tau

    default_label = "Ca_eff"


class SpineCalcium(Calcium):
    r"""Calcium of the spine head with its own driving force.

    .. math::

        I_{Ca} = f\,G\,(v - E_{Ca}) \qquad
        \frac{d Ca}{dt} = -\frac{I_{Ca}}{2 F V (1 + \kappa)} - \frac{Ca - Ca_{rest}}{\tau}

    ``G`` is the open, unblocked conductance of the permeable receptors of *one* contact (without the
    weight ``w``). ``f`` is calibrated: at ``v_cal`` calcium carries the fraction ``fraction`` of the
    receptor's current. Calcium is part of that current, not added to it.

    References
    ----------
    Sabatini BL, Oertner TG, Svoboda K (2002). Neuron 33:439. doi:10.1016/S0896-6273(02)00573-1
    """

    fraction = Parameter(0.1, "fraction of the current carried by calcium at v_cal",
                         source=f"{WOLF} (ca_ratio .1)", sign="nonnegative")  # fmt: skip
    v_cal = Parameter(-65 * mV, "potential at which the fraction holds", sign="real", status="assumed",
                      source="a resting potential; fractions were measured near it")  # fmt: skip
    E = Parameter(130 * mV, "reversal potential of calcium", source=f"{SHOUVAL_CODE} (V_r)",
                  sign="real")  # fmt: skip
    V = Parameter(0.1 * umetre**3, "volume of the spine head", status="assumed",
                  source="round; 0.087 um^3 in github:BlueBrain/neurodamus-models GluSynapse")  # fmt: skip
    kappa = Parameter(24.0, "calcium bound per free calcium", source=SABATINI, sign="nonnegative")
    tau = Parameter(14 * ms, "decay time constant of the pool", source=SABATINI)
    rest = Parameter(70 * nmolar, "resting calcium", source=SABATINI, sign="nonnegative")
    F = Parameter(96485.33212 * coulomb / mole, "Faraday constant", source=CODATA)

    f = define(fraction * (v_cal - E_open) / (v_cal - E), meaning="calibration of the influx")
    current = f * G_open * (v - E)
    resting = rest

    Ca = states("Ca", within=(None, None), unit=mM, initial=rest, bare=True,
                meaning="free calcium in the spine head")  # fmt: skip
    dCa = -I_Ca / (2 * F * V * (1 + kappa)) - (Ca - rest) / tau

    _children: ClassVar[Mapping[str, Any]] = {"integrator": CalciumIntegrator}
    summary = "spine pool fed by NMDA receptors, own driving force"


class FractionOfCurrent(SpineCalcium):
    r"""Calcium as a constant fraction of the receptor's current.

    The influx then reverses at the receptor's reversal potential: no calcium in 0 mV pairing. That
    is why it is not the default.
    """

    current = SpineCalcium.fraction * G_open * (v - E_open)
    summary = "spine pool fed by a constant fraction of the NMDA current"
