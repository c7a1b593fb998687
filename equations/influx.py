"""Calcium pools of the spine head whose influx, buffers and volume other parts may change.

Channels (`RTypeChannels` and others) add to the port ``calcium_current`` and read ``calcium_drive``, the
voltage that drives calcium through an open channel; buffers (`CalciumBuffer`, `Calmodulin`) change
``calcium_uptake``, and `SpineVolume` changes ``spine_size``.
"""

from brian2 import coulomb, joule, kelvin, mM, mole, ms, mV, nmolar, nS, second, umetre, volt
from sympy import Expr, Max

from brian2_nmda.equations.sources import CODATA, RODRIGUES, SABATINI, SHOUVAL_CODE, WOLF
from brian2_nmda.symbolic.expressions import exprel
from brian2_nmda.symbolic.kinds import Calcium
from brian2_nmda.symbolic.part import E_open, G_open, I_Ca, Parameter, define, gives, needs, states, v

_SIZE = "round; 0.087 um^3 in github:BlueBrain/neurodamus-models GluSynapse"


class _SpinePool(Calcium):
    """What the pools of this module share."""

    V = Parameter(0.1 * umetre**3, "volume of the spine head", status="assumed", source=_SIZE)
    kappa = Parameter(24.0, "calcium bound per free calcium, by buffers that are no parts", source=SABATINI,
                      sign="nonnegative")  # fmt: skip
    tau = Parameter(14 * ms, "decay time constant of the pool", source=SABATINI)
    rest = Parameter(70 * nmolar, "resting calcium", source=SABATINI, sign="nonnegative")
    F = Parameter(96485.33212 * coulomb / mole, "Faraday constant", source=CODATA)

    uptake = needs("calcium_uptake", mM / second, meaning="calcium that buffers take")
    size = needs("spine_size", meaning="volume, relative to V")
    calcium_uptake = gives(0, unit=mM / second, combine="chain", meaning="Calcium that buffers take.")
    spine_size = gives(1, combine="chain", meaning="Volume of the head, relative to V.")
    resting = rest

    Ca = states("Ca", within=(None, None), unit=mM, initial=rest, bare=True,
                meaning="free calcium in the spine head")  # fmt: skip
    influx = define(-I_Ca / (2 * F * V * size), unit=mM / second, meaning="calcium that flows in")
    dCa = (influx - uptake) / (1 + kappa) - (Ca - rest) / tau


class BufferedCalcium(_SpinePool):
    r"""Calcium of the spine head that buffers, channels and a change of its volume act on.

    .. math::

        \frac{d Ca}{dt} = \frac{1}{1 + \kappa}\left(-\frac{\sum I_{Ca}}{2 F V s} - \sum U\right)
        - \frac{Ca - Ca_{rest}}{\tau}

    As `SpineCalcium`, with ports: calcium currents of channels are added to those of the receptors, ``U`` is
    what buffers take (`CalciumBuffer`, `Calmodulin`), ``s`` the volume relative to ``V`` (`SpineVolume`).
    ``kappa`` is for fast buffers that are no part of their own: 0 if all are. The port
    ``calcium_drive`` is ``v - E``.
    """

    fraction = Parameter(0.1, "fraction of the current carried by calcium at v_cal",
                         source=f"{WOLF} (ca_ratio .1)", sign="fraction")  # fmt: skip
    v_cal = Parameter(-65 * mV, "potential at which the fraction holds", sign="real", status="assumed",
                      source="a resting potential; fractions were measured near it")  # fmt: skip
    E = Parameter(130 * mV, "reversal potential of calcium", source=f"{SHOUVAL_CODE} (V_r)",
                  sign="real")  # fmt: skip

    f = define(fraction * (v_cal - E_open) / (v_cal - E), meaning="calibration of the influx")
    current = f * G_open * (v - E)
    calcium_drive = gives(v - E, unit=volt, meaning="Voltage that drives calcium through a channel.")

    summary = "spine pool with ports for buffers, calcium channels and its volume"


def _ghk(x: Expr, Ca: Expr, Ca_o: Expr | int) -> Expr:
    """Concentration that drives calcium outwards; ``x/(1 - exp(-x))`` is ``1/exprel(-x)``, regular at 0."""
    return Ca / exprel(-x) - Ca_o / exprel(x)


class _GHK(_SpinePool):
    """A pool with calcium outside."""

    Ca_o = Parameter(
        2 * mM, "calcium outside", status="assumed", source="1.2 to 2.5 mM are in use", bath=True
    )
    temperature = Parameter(308.15 * kelvin, "temperature of the bath", bath=True,
                            source=f"{RODRIGUES} (35 degC)")  # fmt: skip
    R = Parameter(8.314462618 * joule / (mole * kelvin), "gas constant", source=CODATA)

    Ca = _SpinePool.Ca
    x = define(2 * _SpinePool.F * v / (R * temperature), meaning="voltage in units of RT/2F")


class GHKCalcium(_GHK):
    r"""Calcium that enters by the Goldman-Hodgkin-Katz equation, without a reversal potential to choose.

    .. math::

        \Phi = \frac{RT}{2F}\, x\, \frac{Ca/Ca_o - e^{-x}}{1 - e^{-x}}, \quad x = \frac{2 F v}{RT}
        \qquad I_{Ca} = f\, G\, \Phi

    ``Phi`` (the port ``calcium_drive``) vanishes at the Nernst potential of what is inside and outside, is
    ``RT/2F (Ca/Ca_o - 1)`` at 0 mV, and approaches ``v`` at strongly negative potentials. A channel
    of conductance ``G`` has the permeability ``G RT/(4 F^2 Ca_o)``. As in `SpineCalcium`, calcium carries at
    ``v_cal`` and at rest the fraction ``fraction`` of the current of the receptors, which sets ``f``. The
    rest is as in `BufferedCalcium`.
    """

    fraction = Parameter(0.1, "fraction of the current carried by calcium at v_cal",
                         source=f"{WOLF} (ca_ratio .1)", sign="fraction")  # fmt: skip
    v_cal = Parameter(-65 * mV, "potential at which the fraction holds", sign="real", status="assumed",
                      source="a resting potential; fractions were measured near it")  # fmt: skip

    _p = _GHK
    _unit = _p.R * _p.temperature / (2 * _p.F)
    drive = define(_unit * _ghk(_p.x, _p.Ca / _p.Ca_o, 1), unit=volt, meaning="driving force of calcium")
    at_v_cal = define(
        _unit * _ghk(v_cal / _unit, _p.rest / _p.Ca_o, 1), unit=volt, meaning="the same at v_cal"
    )
    f = define(fraction * (v_cal - E_open) / at_v_cal, meaning="calibration of the influx")
    current = f * G_open * drive
    calcium_drive = gives(drive, unit=volt, meaning="Voltage that drives calcium through a channel.")

    summary = "spine pool fed by the Goldman-Hodgkin-Katz equation"


class RodriguesCalcium(_GHK):
    r"""Spine calcium of Rodrigues et al. (2023): GHK influx, extrusion, diffusion into the dendrite.

    .. math::

        \frac{d Ca}{dt} = -\frac{\sum I_{Ca}}{2 F V s} - \sum U - \frac{Ca - Ca_{rest}}{\tau}
        - \frac{Ca - \max(Ca_{rest}, Ca/3)}{\tau_D}, \quad
        I_{Ca} = f\, G\, 2 F P\, x\, \frac{Ca - Ca_o e^{-x}}{1 - e^{-x}}

    ``P`` is the permeability of an open channel per conductance. The published program has a dimensionless
    ``p`` of 11/240 instead and divides by the surface of the head; what enters is the same:
    ``P = p V/A``, for the head of 0.03 um^3. It also writes 23.2102 per mV and K for ``2 F/R``, which is
    23.2090. Add its buffer with `CalciumBuffer` and its channels with `RTypeChannels`, `TTypeChannels`
    and `LTypeChannels`; the pool alone needs time steps of 0.1 ms, with buffer and channels of 0.05 ms.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152. doi:10.7554/eLife.80152
    """

    V = Parameter(0.03 * umetre**3, "volume of the spine head", source=RODRIGUES)
    kappa = Parameter(0.0, "calcium bound per free calcium, by buffers that are no parts", source=RODRIGUES,
                      sign="nonnegative")  # fmt: skip
    tau = Parameter(10 * ms, "extrusion", source=RODRIGUES)
    rest = Parameter(50 * nmolar, "resting calcium", source=RODRIGUES, sign="nonnegative")
    Ca_o = Parameter(2.5 * mM, "calcium outside", source=f"{RODRIGUES} (Tigaret protocols)", bath=True)
    fraction = Parameter(0.1, "calcium permeability of NMDA receptors, relative to that of calcium channels",
                         source=RODRIGUES, sign="fraction")  # fmt: skip
    permeability = Parameter(
        11 / 240 * 0.03 / 0.466908 * umetre**3 / (ms * nS), "permeability per conductance",
        status="converted", source=f"{RODRIGUES} (p = 11/240, volume 0.03 um^3, surface 0.466908 um^2)",
    )  # fmt: skip
    tau_D = Parameter(0.509287 * ms, "diffusion into the dendrite", status="converted",
                      source=f"{RODRIGUES} (V/(2*0.3338*0.1) + 0.04/(2*0.3338))")  # fmt: skip
    share = Parameter(1 / 3, "calcium of the dendrite, relative to that of the head", source=RODRIGUES,
                      sign="fraction")  # fmt: skip

    _p = _GHK
    drive = define(2 * _p.F * permeability * _ghk(_p.x, _p.Ca, Ca_o), unit=volt,
                   meaning="driving force of calcium")  # fmt: skip
    current = fraction * G_open * drive
    resting = rest
    dCa = (
        (_p.influx - _p.uptake) / (1 + kappa) - (_p.Ca - rest) / tau
        - (_p.Ca - Max(rest, share * _p.Ca)) / tau_D
    )  # fmt: skip
    calcium_drive = gives(drive, unit=volt, meaning="Voltage that drives calcium through a channel.")

    summary = "calcium with GHK influx and diffusion from the spine (Rodrigues et al. 2023)"
