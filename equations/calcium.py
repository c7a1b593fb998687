"""Calcium in the spine head: influx through NMDA receptors, one pool, and a slow memory of it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from brian2 import coulomb, mM, mole, ms, mV, nmolar, pA, second, umetre, umolar

from brian2_nmda.equations.sources import CODATA, SABATINI, SHOUVAL_CODE, WOLF, YEUNG
from brian2_nmda.symbolic.kinds import Calcium
from brian2_nmda.symbolic.part import (
    Ca as Ca_in,
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
    summary = "leaky memory of spine calcium, inside a calcium pool"


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
                         source=f"{WOLF} (ca_ratio .1)", sign="fraction")  # fmt: skip
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
    _child_kinds: ClassVar[Mapping[str, type]] = {"integrator": CalciumIntegrator}
    summary = "spine pool fed by NMDA receptors, own driving force"


class ShouvalCalcium(Calcium):
    r"""Calcium of Shouval, Bear & Cooper (2002), to go with `ShouvalNMDA`.

    .. math::

        I_{Ca} = G\,(v - E_{Ca}) \qquad
        \frac{d Ca}{dt} = -\eta\, I_{Ca} - \frac{Ca}{\tau}

    The paper has no conductance but an influx of 1/500 uM/(ms mV) with all receptors open;
    ``influx`` is that for the 1 nS of `ShouvalNMDA`. Calcium is counted above rest.

    References
    ----------
    Shouval HZ, Bear MF, Cooper LN (2002). PNAS 99:10831. doi:10.1073/pnas.152343099
    """

    influx = Parameter(0.002 * umolar / (ms * pA), "influx per calcium current", status="converted",
                       source=f"{SHOUVAL_CODE} (G = -1/500 uM/(ms mV), divided by 1 nS)")  # fmt: skip
    E = Parameter(130 * mV, "reversal potential of calcium", source=SHOUVAL_CODE, sign="real")
    tau = Parameter(50 * ms, "decay time constant of the pool", source=SHOUVAL_CODE)

    current = G_open * (v - E)
    resting = 0
    Ca = states("Ca", within=(None, None), unit=mM, bare=True, meaning="calcium above rest")
    dCa = -influx * I_Ca - Ca / tau

    summary = "calcium above rest (Shouval et al. 2002)"


class YeungCalcium(ShouvalCalcium):
    """Calcium of Yeung et al. (2004), to go with `YeungNMDA`; equations as in `ShouvalCalcium`.

    The influx is that of a conductance of 1.5e-3 uM/(ms mV), where the sliding conductance starts.

    References
    ----------
    Yeung LC, Shouval HZ, Blais BS, Cooper LN (2004). PNAS 101:14943. doi:10.1073/pnas.0405555101
    """

    influx = Parameter(0.0015 * umolar / (ms * pA), "influx per calcium current", status="converted",
                       source=f"{YEUNG} (g(0) = 1.5e-3, divided by 1 nS; calcium taken in uM)")  # fmt: skip
    E = Parameter(130 * mV, "reversal potential of calcium", source=YEUNG, sign="real")
    tau = Parameter(20 * ms, "decay time constant of the pool", source=YEUNG)

    summary = "calcium above rest (Yeung et al. 2004)"


class FractionOfCurrent(SpineCalcium):
    r"""Calcium as a constant fraction of the receptor's current.

    The influx then reverses at the receptor's reversal potential: no calcium in 0 mV pairing. That
    is why it is not the default.
    """

    current = SpineCalcium.fraction * G_open * (v - E_open)
    summary = "spine pool fed by a constant fraction of the NMDA current"
