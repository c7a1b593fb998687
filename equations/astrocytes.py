"""Astrocytes: calcium that synapses raise, and gliotransmitters that act back on them.

An astrocyte is a place, ``model.synapses(..., places={'astrocyte': 10})``, to which each synapse points. Its
calcium is the port ``astrocyte_calcium``; whatever is released at its crossings of a threshold reads it. What
acts on release changes the port ``release_probability`` of `ModulatedRelease`, one part after the other.
D-serine is the port ``dserine``, which `DSerineSite` reads.
"""

from collections.abc import Mapping
from typing import ClassVar

from brian2 import mM, second, umolar
from sympy import Abs, Heaviside, sign, tanh

from brian2_nmda.equations.coagonist import GlycineSite
from brian2_nmda.equations.release import TransmitterPulse
from brian2_nmda.equations.sources import STIMBERG_2, STIMBERG_3, STIMBERG_4
from brian2_nmda.symbolic.part import (
    Event,
    On,
    Parameter,
    Part,
    Preset,
    Pulse,
    Total,
    define,
    gives,
    needs,
    presynaptic,
    states,
)


class GChIAstrocyte(Part):
    r"""Glutamate, IP3 and calcium of an astrocyte: the G-ChI model of De Pitta et al. (2009).

    .. math::

        \dot\Gamma = O_N Y (1 - \Gamma) - \Omega_N \left(1 + \zeta \frac{C}{C + K_{KC}}\right) \Gamma \qquad
        \dot C = (\Omega_C m_\infty^3 h^3 + \Omega_L)(C_T - (1 + \rho_A) C) - O_P \frac{C^2}{C^2 + K_P^2}

    .. math::

        \dot I = O_\beta \Gamma + \frac{O_\delta}{1 + I/\kappa_\delta} \frac{C^2}{C^2 + K_\delta^2}
        - O_{3K} \frac{C^4}{C^4 + K_D^4} \frac{I}{I + K_{3K}} - \Omega_{5P} I + J_{ex} \qquad
        \dot h = (h_\infty - h)/\tau_h

    Each synapse adds ``rho_c Y_T`` times what it releases to the glutamate ``Y`` around the astrocyte; for
    the mean over ``n`` synapses divide ``rho_c`` by ``n``. ``J_ex`` is IP3 that another cell of
    concentration ``I_bias`` gives or takes. The channel noise of the program is left out. It is stepped by
    Runge-Kutta of order 4, which wants ``O_N Y dt`` well below 1: give many strong synapses a smaller step.

    References
    ----------
    De Pitta M, Goldberg M, Volman V, Berry H, Ben-Jacob E (2009). J Biol Phys 35:383.
    doi:10.1007/s10867-009-9155-y

    Stimberg M, Goodman DFM, Brette R, De Pitta M (2019). doi:10.1101/198366
    """

    place = "astrocyte"
    relaxes = "it starts without IP3 and calcium, as the published program does"

    rho_c = Parameter(0.001, "volume of a vesicle, of that around the synapse", source=STIMBERG_2)
    Y_T = Parameter(500 * mM, "glutamate in all vesicles", source=STIMBERG_2)
    Omega_c = Parameter(40 / second, "clearance of glutamate", source=STIMBERG_2)
    O_N = Parameter(0.3 / (umolar * second), "binding of glutamate", source=STIMBERG_2)
    Omega_N = Parameter(0.5 / second, "unbinding of glutamate", source=STIMBERG_2)
    K_KC = Parameter(0.5 * umolar, "calcium of half activation of PKC", source=STIMBERG_2)
    zeta = Parameter(10.0, "largest reduction of affinity by PKC", source=STIMBERG_2, sign="nonnegative")
    O_beta = Parameter(5 * umolar / second, "IP3 production by PLC beta", source=STIMBERG_2,
                       sign="nonnegative")  # fmt: skip
    O_delta = Parameter(0.2 * umolar / second, "IP3 production by PLC delta", source=STIMBERG_2,
                        sign="nonnegative")  # fmt: skip
    kappa_delta = Parameter(1.5 * umolar, "inhibition of PLC delta by IP3", source=STIMBERG_2)
    K_delta = Parameter(0.3 * umolar, "calcium of half activation of PLC delta", source=STIMBERG_2)
    O_3K = Parameter(4.5 * umolar / second, "IP3 degradation by IP3-3-kinase", source=STIMBERG_2,
                     sign="nonnegative")  # fmt: skip
    K_D = Parameter(0.5 * umolar, "calcium of half activation of IP3-3-kinase", source=STIMBERG_2)
    K_3K = Parameter(1 * umolar, "IP3 of half activation of IP3-3-kinase", source=STIMBERG_2)
    Omega_5P = Parameter(0.1 / second, "IP3 degradation by IP-5-phosphatase", source=STIMBERG_2,
                         sign="nonnegative")  # fmt: skip
    F_ex = Parameter(0.09 * umolar / second, "largest flow of IP3 from another cell", source=STIMBERG_2,
                     sign="nonnegative")  # fmt: skip
    I_bias = Parameter(0 * umolar, "IP3 of the other cell", source=STIMBERG_2, sign="nonnegative")
    I_Theta = Parameter(0.3 * umolar, "gradient at which the flow sets in", source=STIMBERG_2)
    omega_I = Parameter(0.05 * umolar, "width of this onset", source=STIMBERG_2)
    C_T = Parameter(2 * umolar, "calcium of the whole cell", source=STIMBERG_2)
    rho_A = Parameter(0.18, "volume of the store, of that of the cytoplasm", source=STIMBERG_2)
    Omega_C = Parameter(6 / second, "release from the store through IP3 receptors", source=STIMBERG_2,
                        sign="nonnegative")  # fmt: skip
    Omega_L = Parameter(0.1 / second, "leak from the store", source=STIMBERG_2, sign="nonnegative")
    O_P = Parameter(0.9 * umolar / second, "uptake by the pump (SERCA)", source=STIMBERG_2,
                    sign="nonnegative")  # fmt: skip
    K_P = Parameter(0.1 * umolar, "calcium of half activation of the pump", source=STIMBERG_2)
    d_1 = Parameter(0.13 * umolar, "dissociation of IP3", source=STIMBERG_2)
    d_2 = Parameter(1.05 * umolar, "dissociation of inactivating calcium", source=STIMBERG_2)
    d_3 = Parameter(0.9434 * umolar, "dissociation of IP3 when inactivated", source=STIMBERG_2)
    d_5 = Parameter(0.08 * umolar, "dissociation of activating calcium", source=STIMBERG_2)
    O_2 = Parameter(0.2 / (umolar * second), "binding of inactivating calcium", source=STIMBERG_2)
    I_0 = Parameter(0 * umolar, "IP3 at the start", source=STIMBERG_2, sign="nonnegative")
    h_0 = Parameter(0.9, "receptors that are not inactivated at the start", source=STIMBERG_2,
                    sign="fraction")  # fmt: skip

    released = needs("released")
    Y = states("Y", within=(0, None), unit=mM, meaning="glutamate outside")
    Gamma = states("Gamma", meaning="active glutamate receptors")
    I = states("I", within=(0, None), unit=umolar, initial=I_0, meaning="IP3")
    C = states("C", within=(0, C_T / (1 + rho_A)), unit=umolar, meaning="free calcium")
    h = states("h", initial=h_0, meaning="IP3 receptors that are not inactivated")

    J_delta = define(O_delta / (1 + I / kappa_delta) * C**2 / (C**2 + K_delta**2), unit=umolar / second,
                     meaning="IP3 made by PLC delta")  # fmt: skip
    J_3K = define(O_3K * C**4 / (C**4 + K_D**4) * I / (I + K_3K), unit=umolar / second,
                  meaning="IP3 phosphorylated")  # fmt: skip
    J_ex = define(-F_ex / 2 * (1 + tanh((Abs(I - I_bias) - I_Theta) / omega_I)) * sign(I - I_bias),
                  unit=umolar / second, meaning="IP3 from another cell")  # fmt: skip
    m_inf = define(I / (I + d_1) * C / (C + d_5), meaning="activation of IP3 receptors")
    Q_2 = define(d_2 * (I + d_1) / (I + d_3), unit=umolar, meaning="calcium of half inactivation")

    dY = -Omega_c * Y
    dGamma = O_N * Y * (1 - Gamma) - Omega_N * (1 + zeta * C / (C + K_KC)) * Gamma
    dI = O_beta * Gamma + J_delta - J_3K - Omega_5P * I + J_ex
    dC = (Omega_C * m_inf**3 * h**3 + Omega_L) * (C_T - (1 + rho_A) * C) - O_P * C**2 / (C**2 + K_P**2)
    dh = O_2 * (Q_2 * (1 - h) - C * h)
    on = On(presynaptic, {Y: Y + Total(rho_c * Y_T * released)})
    astrocyte_calcium = gives(C, unit=umolar, meaning="free calcium in the astrocyte")

    _changed: ClassVar[Mapping[str, object]] = {
        "K_P": 0.05 * umolar, "O_delta": 0.6 * umolar / second, "K_delta": 0.1 * umolar,
        "Omega_5P": 0.05 / second, "K_D": 0.7 * umolar, "F_ex": 2 * umolar / second, "rho_c": 0.005,
    }  # fmt: skip
    presets: ClassVar[Mapping[str, Preset]] = {
        "Stimberg 2019, open loop": Preset(
            STIMBERG_3,
            {**_changed, "O_beta": 0 * umolar / second, "I_bias": 0.8 * umolar, "I_0": 0.4 * umolar},
        ),
        "Stimberg 2019, closed loop": Preset(STIMBERG_4, {**_changed, "O_beta": 3.2 * umolar / second}),
    }
    default_label = "astro"
    summary = "glutamate, IP3 and calcium of an astrocyte (G-ChI)"


class _Exocytosis(Part):
    """Release of a gliotransmitter each time the calcium of the astrocyte rises above a threshold."""

    place = "astrocyte"

    C_Theta = Parameter(0.5 * umolar, "calcium above which vesicles are released")
    U_A = Parameter(0.6, "fraction of the vesicles that is released", sign="fraction")
    Omega_A = Parameter(0.6 / second, "refilling of vesicles")
    rho_e = Parameter(6.5e-4, "volume of the vesicles, of that outside", sign="nonnegative")
    G_T = Parameter(200 * mM, "concentration in all vesicles", sign="nonnegative")
    Omega_e = Parameter(60 / second, "clearance")

    calcium = needs("astrocyte_calcium", umolar)
    x = states("x", initial=1, meaning="vesicles available")
    G = states("G", within=(0, None), unit=mM, meaning="concentration outside")
    armed = states("armed", initial=1, meaning="1 when calcium has been below the threshold")
    dx = Omega_A * (1 - x)
    dG = -Omega_e * G
    darmed = 0
    events = (
        Event(
            armed * Heaviside(calcium - C_Theta), {G: G + rho_e * G_T * U_A * x, x: (1 - U_A) * x, armed: 0}
        ),
        Event(Heaviside(C_Theta - calcium), {armed: 1}),
    )


class Gliotransmission(_Exocytosis):
    r"""Glutamate of an astrocyte changes the release probability (De Pitta & Brunel 2016).

    .. math::

        C > C_\Theta: \; G \to G + \rho_e G_T U_A x, \; x \to (1 - U_A) x \qquad
        \dot G = -\Omega_e G \qquad \dot x = \Omega_A (1 - x)

    .. math::

        \dot\Gamma = O_G G (1 - \Gamma) - \Omega_G \Gamma \qquad U_0 = (1 - \Gamma) U_0^* + \alpha \Gamma

    ``Gamma`` is the fraction of presynaptic receptors that are active, the same at all synapses of an
    astrocyte; ``alpha`` is 0 where they lower the release, 1 where they raise it. One crossing of the
    threshold is one release: calcium has to fall below it in between.

    References
    ----------
    De Pitta M, Brunel N (2016). Neural Plast 2016:7607924. doi:10.1155/2016/7607924

    Stimberg M, Goodman DFM, Brette R, De Pitta M (2019). doi:10.1101/198366
    """

    relaxes = "it follows the calcium of the astrocyte"

    C_Theta = Parameter(0.5 * umolar, "calcium above which vesicles are released", source=STIMBERG_3)
    U_A = Parameter(0.6, "fraction of the vesicles that is released", source=STIMBERG_3, sign="fraction")
    Omega_A = Parameter(0.6 / second, "refilling of vesicles", source=STIMBERG_3)
    rho_e = Parameter(6.5e-4, "volume of the vesicles, of that outside", source=STIMBERG_3,
                      sign="nonnegative")  # fmt: skip
    G_T = Parameter(200 * mM, "glutamate in all vesicles", source=STIMBERG_3, sign="nonnegative")
    Omega_e = Parameter(60 / second, "clearance of glutamate", source=STIMBERG_3)
    O_G = Parameter(1.5 / (umolar * second), "binding to presynaptic receptors", source=STIMBERG_3)
    Omega_G = Parameter(0.5 / (60 * second), "unbinding from presynaptic receptors", source=STIMBERG_3)
    alpha = Parameter(0.0, "release probability at full activation", source=STIMBERG_3, sign="fraction")

    before = needs("release_probability", meaning="release probability without this astrocyte")
    Gamma = states("Gamma", meaning="active presynaptic receptors")
    dGamma = O_G * _Exocytosis.G * (1 - Gamma) - Omega_G * Gamma
    release_probability = gives((1 - Gamma) * before + alpha * Gamma, combine="chain")

    default_label = "glio"
    summary = "glutamate of an astrocyte changes release (De Pitta & Brunel 2016)"


class AdenosineDepression(_Exocytosis):
    r"""ATP of an astrocyte becomes adenosine, which lowers release; a design choice, not a published model.

    .. math::

        \dot A = \Omega_e G - \Omega_{Ad} A \qquad
        U_0 = U_0^* \left(1 - \delta \frac{A}{A + K_{Ad}}\right)

    The ATP ``G`` is released as in `Gliotransmission`; what is cleared of it becomes adenosine ``A``, which
    acts on A1 receptors at equilibrium. No public model of it was found: all values are orders of magnitude.
    """

    relaxes = "it follows the calcium of the astrocyte"

    _choice = "a design choice of this package: no published model was found"
    C_Theta = Parameter(0.5 * umolar, "calcium above which vesicles are released", status="assumed",
                        source=_choice)  # fmt: skip
    U_A = Parameter(0.6, "fraction of the vesicles that is released", status="assumed", source=_choice,
                    sign="fraction")  # fmt: skip
    Omega_A = Parameter(0.6 / second, "refilling of vesicles", status="assumed", source=_choice)
    rho_e = Parameter(6.5e-4, "volume of the vesicles, of that outside", status="assumed", source=_choice,
                      sign="nonnegative")  # fmt: skip
    G_T = Parameter(10 * mM, "ATP in all vesicles", status="assumed", source=_choice, sign="nonnegative")
    Omega_e = Parameter(5 / second, "conversion of ATP into adenosine", status="assumed", source=_choice)
    Omega_Ad = Parameter(0.1 / second, "clearance of adenosine", status="assumed", source=_choice)
    K_Ad = Parameter(1 * umolar, "adenosine of half activation of A1 receptors", status="assumed",
                     source=_choice)  # fmt: skip
    delta = Parameter(0.6, "largest fraction by which release is lowered", status="assumed", source=_choice,
                      sign="fraction")  # fmt: skip

    before = needs("release_probability", meaning="release probability without adenosine")
    A = states("A", within=(0, None), unit=umolar, meaning="adenosine outside")
    dA = Omega_e * _Exocytosis.G - Omega_Ad * A
    release_probability = gives(before * (1 - delta * A / (A + K_Ad)), combine="chain")

    default_label = "adenosine"
    summary = "adenosine of an astrocyte lowers release (design choice)"


class DSerineRelease(_Exocytosis):
    r"""D-serine of an astrocyte, the co-agonist of NMDA receptors; a design choice, not a published model.

    It is released as in `Gliotransmission` and read by `DSerineSite`. No public model of it was found: all
    values are orders of magnitude.
    """

    relaxes = "it follows the calcium of the astrocyte"

    _choice = "a design choice of this package: no published model was found"
    C_Theta = Parameter(0.5 * umolar, "calcium above which vesicles are released", status="assumed",
                        source=_choice)  # fmt: skip
    U_A = Parameter(0.6, "fraction of the vesicles that is released", status="assumed", source=_choice,
                    sign="fraction")  # fmt: skip
    Omega_A = Parameter(0.6 / second, "refilling of vesicles", status="assumed", source=_choice)
    rho_e = Parameter(6.5e-4, "volume of the vesicles, of that outside", status="assumed", source=_choice,
                      sign="nonnegative")  # fmt: skip
    G_T = Parameter(5 * mM, "D-serine in all vesicles", status="assumed", source=_choice,
                    sign="nonnegative")  # fmt: skip
    Omega_e = Parameter(1 / second, "uptake of D-serine", status="assumed", source=_choice)

    dserine = gives(_Exocytosis.G, unit=umolar, meaning="D-serine of the astrocyte")

    default_label = "dserine"
    summary = "D-serine of an astrocyte (design choice)"


class DSerineSite(GlycineSite):
    r"""The sites of `GlycineSite`, which also see the D-serine of an astrocyte.

    .. math:: q = \left(\frac{G/K_G + (S + S_a)/K_S}{1 + G/K_G + (S + S_a)/K_S}\right)^2

    ``S_a`` is the port ``dserine``, which `DSerineRelease` gives. With ``glycine=0*mM`` the receptor opens
    only where the astrocyte is active.
    """

    of_astrocyte = needs("dserine", umolar)
    _s = GlycineSite
    bound = define(_s.glycine / _s.K_G + (_s.dserine + of_astrocyte) / _s.K_S,
                   meaning="ligands in units of their constants")  # fmt: skip
    occupancy = (bound / (1 + bound)) ** 2

    summary = "glycine, and D-serine of an astrocyte, at two sites"


class ModulatedRelease(TransmitterPulse):
    r"""Facilitation and depression of release whose probability other parts may change.

    .. math::

        \dot u = -\Omega_f u, \quad u \to u + U (1 - u) \qquad
        \dot R = \Omega_d (1 - R), \quad R \to R (1 - u)

    ``U`` is the port ``release_probability``: ``U_0`` as `Gliotransmission`, `AdenosineDepression` or parts
    of yours change it, in the order of ``parts=[...]``. By itself it is `TsodyksMarkram` with
    ``tau_f = 1/Omega_f`` and ``tau_d = 1/Omega_d``.

    References
    ----------
    Stimberg M, Goodman DFM, Brette R, De Pitta M (2019). doi:10.1101/198366
    """

    U_0 = Parameter(0.6, "release probability without gliotransmitter", source=STIMBERG_3, sign="fraction")
    Omega_f = Parameter(3.33 / second, "decay of facilitation", source=STIMBERG_3)
    Omega_d = Parameter(2 / second, "recovery from depression", source=STIMBERG_3)

    U = needs("release_probability", meaning="release probability of a rested synapse")
    u, emitted = states("u emitted", within=(0, 1))
    R = states("R", within=(0, 1), initial=1, meaning="fraction of vesicles available")
    du = -Omega_f * u
    dR = Omega_d * (1 - R)
    demitted = 0
    on_spike = {u: u + U * (1 - u), emitted: u * R, R: R - emitted}
    amount = emitted
    concentration = Pulse(TransmitterPulse.peak * emitted, TransmitterPulse.duration, emitted)
    release_probability = gives(U_0, combine="chain")

    presets: ClassVar[Mapping[str, Preset]] = {}
    summary = "facilitation and depression, with a probability that others change"
