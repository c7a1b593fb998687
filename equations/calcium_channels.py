"""Voltage-gated calcium channels of the spine, whose gates follow their mean.

They give their current to ``calcium_current``, which the calcium pool sums with that of the receptors, and
read from the pool what drives calcium (``calcium_drive``: `GHKCalcium`, `RodriguesCalcium`,
`BufferedCalcium`). All spines of a neuron see its voltage, so the gates live once per neuron. The currents
are not part of ``I_syn``: three channels of 20 pS carry far less than the receptors.
"""

from typing import ClassVar

from brian2 import amp, kelvin, ms, mV, psiemens, volt
from sympy import Expr, exp

from brian2_nmda.equations.sources import RODRIGUES
from brian2_nmda.symbolic.part import Parameter, Part, Reaction, counts, define, gives, needs, states, v

_LOGISTIC = f"{RODRIGUES} (logistic of the temperature, in degC there)"
_V_START = "a resting potential, at which the gates start in equilibrium"


def _rises(x: Expr, half: Expr, slope: Expr) -> Expr:
    return 1 / (1 + exp((half - x) / slope))


def _balance(x: Expr, forward: Expr, backward: Expr) -> Expr:
    return x * forward / (x * forward + (1 - x) * backward)


class _Channels(Part):
    """Numbers that the channels share: temperature, conductance, drive."""

    place = "neuron"
    n = Parameter(3.0, "channels of a spine", source=RODRIGUES, sign="nonnegative")
    temperature = Parameter(308.15 * kelvin, "temperature of the bath", bath=True,
                            source=f"{RODRIGUES} (35 degC)")  # fmt: skip
    f_a = Parameter(1.0485098341579628 / kelvin, "opening: slope", source=_LOGISTIC, sign="real")
    f_b = Parameter((30.66869198447378 + 273.15) * kelvin, "opening: midpoint", source=_LOGISTIC,
                    status="converted")  # fmt: skip
    f_c = Parameter(-0.3040010721391852, "opening: change", source=_LOGISTIC, sign="real")
    f_d = Parameter(2.5032059559264357, "opening: limit", source=_LOGISTIC)
    b_a = Parameter(-0.3302682317933842 / kelvin, "closing: slope", source=_LOGISTIC, sign="real")
    b_b = Parameter((36.279019647221226 + 273.15) * kelvin, "closing: midpoint", source=_LOGISTIC,
                    status="converted")  # fmt: skip
    b_c = Parameter(3.2259761593440155, "closing: change", source=_LOGISTIC, sign="real")
    b_d = Parameter(0.7298285671937866, "closing: limit", source=_LOGISTIC)

    drive = needs("calcium_drive", volt, meaning="voltage that drives calcium through a channel")
    rho_f = define(f_d + f_c / (1 + exp(f_a * (temperature - f_b))), meaning="temperature factor, opening")
    rho_b = define(b_d + b_c / (1 + exp(b_a * (temperature - b_b))), meaning="temperature factor, closing")


class _MeanChannels(_Channels):
    """Channels by their mean, which start in equilibrium."""

    v_start = Parameter(-70 * mV, "voltage at the start", status="assumed", source=_V_START, sign="real")


class RTypeChannels(_MeanChannels):
    r"""R-type calcium channels of Rodrigues et al. (2023), at the temperature of the experiment.

    .. math::

        \dot m = \rho_f \frac{m_\infty}{\tau_m}(1 - m) - \rho_b \frac{1 - m_\infty}{\tau_m} m \qquad
        I = n\, \gamma\, m\, h\, \Phi

    ``h`` likewise. The two gates of a channel are independent, so the mean of their four-state scheme is
    the product. As the two factors differ, the steady state changes with the temperature:
    ``m = m_inf rho_f/(m_inf rho_f + (1 - m_inf) rho_b)``. The fast gate needs time steps up to 0.05 ms.
    The gates start in equilibrium at ``v_start``, in the program with all ``m`` closed and ``h`` open. The
    table of the paper has another ``tau_m`` (40 in place of 2.5 per ms).

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152. doi:10.7554/eLife.80152
    """

    gamma = Parameter(17 * psiemens, "conductance of one channel", source=RODRIGUES)
    v_m = Parameter(3 * mV, "half activation", source=RODRIGUES, sign="real")
    k_m = Parameter(8 * mV, "slope of the activation", source=RODRIGUES)
    tau_m = Parameter(0.117689 * ms, "activation", status="converted",
                      source=f"{RODRIGUES} ((1 - m*)/2.5, m* = 1/(1 + exp(-7/8)))")  # fmt: skip
    v_h = Parameter(-39 * mV, "half inactivation", source=RODRIGUES, sign="real")
    k_h = Parameter(9.2 * mV, "slope of the inactivation", source=RODRIGUES)
    tau_h = Parameter(100 * ms, "inactivation", source=RODRIGUES)

    _c = _MeanChannels
    m_inf = define(_rises(v, v_m, k_m), meaning="activation without temperature factors")
    h_inf = define(_rises(-v, -v_h, k_h), meaning="the same of the inactivation")
    _m0 = _balance(_rises(_c.v_start, v_m, k_m), _c.rho_f, _c.rho_b)
    _h0 = _balance(_rises(-_c.v_start, -v_h, k_h), _c.rho_f, _c.rho_b)
    m = states("m", initial=_m0, meaning="activated")
    h = states("h", initial=_h0, meaning="not inactivated")
    dm = _c.rho_f * m_inf / tau_m * (1 - m) - _c.rho_b * (1 - m_inf) / tau_m * m
    dh = _c.rho_f * h_inf / tau_h * (1 - h) - _c.rho_b * (1 - h_inf) / tau_h * h
    calcium_current = gives(_c.n * gamma * m * h * _c.drive, unit=amp, combine="sum")

    default_label = "R_type"
    summary = "R-type calcium channels of a spine (Rodrigues et al. 2023)"


class TTypeChannels(RTypeChannels):
    """T-type calcium channels of Rodrigues et al. (2023); equations as in `RTypeChannels`.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152. doi:10.7554/eLife.80152
    """

    gamma = Parameter(12 * psiemens, "conductance of one channel", source=RODRIGUES)
    v_m = Parameter(-32 * mV, "half activation", source=RODRIGUES, sign="real")
    k_m = Parameter(7 * mV, "slope of the activation", source=RODRIGUES)
    tau_m = Parameter(0.152598 * ms, "activation", source=f"{RODRIGUES} (1 - 1/(1 + exp(-12/7)))",
                      status="converted")  # fmt: skip
    v_h = Parameter(-70 * mV, "half inactivation", source=RODRIGUES, sign="real")
    k_h = Parameter(6.5 * mV, "slope of the inactivation", source=RODRIGUES)
    tau_h = Parameter(50 * ms, "inactivation", source=RODRIGUES)

    default_label = "T_type"
    summary = "T-type calcium channels of a spine (Rodrigues et al. 2023)"


class LTypeChannels(_MeanChannels):
    r"""L-type calcium channels of Rodrigues et al. (2023): one closed and two open states.

    .. math:: I = n\, \gamma\, (O_1 + O_2)\, \Phi

    Both open states are entered at the same rate and left at different ones; opening is multiplied by
    ``rho_f``, closing by ``rho_b``. They start in equilibrium at ``v_start``, in the program closed.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152. doi:10.7554/eLife.80152
    """

    gamma = Parameter(27 * psiemens, "conductance of one channel", source=RODRIGUES)
    alpha_0 = Parameter(0.83 / ms, "opening", source=RODRIGUES)
    v_a = Parameter(13.7 * mV, "half of it", source=RODRIGUES, sign="real")
    k_a = Parameter(6.1 * mV, "its slope", source=RODRIGUES)
    beta_1 = Parameter(0.53 / ms, "closing of the first open state", source=RODRIGUES)
    v_1 = Parameter(11.5 * mV, "half of it", source=RODRIGUES, sign="real")
    k_1 = Parameter(6.4 * mV, "its slope", source=RODRIGUES)
    beta_2 = Parameter(1.86 / ms, "closing of the second open state", source=RODRIGUES)
    v_2 = Parameter(18.8 * mV, "half of it", source=RODRIGUES, sign="real")
    k_2 = Parameter(6.17 * mV, "its slope", source=RODRIGUES)

    _c = _MeanChannels
    opening = define(_c.rho_f * alpha_0 * _rises(v, v_a, k_a), unit=1 / ms, meaning="rate of opening")
    closing_1 = define(_c.rho_b * beta_1 * _rises(-v, -v_1, k_1), unit=1 / ms, meaning="closing, first")
    closing_2 = define(
        _c.rho_b * beta_2 * _rises(-v, -v_2, k_2), unit=1 / ms, meaning="closing of the second"
    )
    _start = _c.rho_f * alpha_0 * _rises(_c.v_start, v_a, k_a) / _c.rho_b
    _first = _start / (beta_1 * _rises(-_c.v_start, -v_1, k_1))
    _second = _start / (beta_2 * _rises(-_c.v_start, -v_2, k_2))
    O1 = states("O1", initial=_first / (1 + _first + _second), meaning="in the first open state")
    O2 = states("O2", initial=_second / (1 + _first + _second), meaning="in the second")
    dO1 = opening * (1 - O1 - O2) - closing_1 * O1
    dO2 = opening * (1 - O1 - O2) - closing_2 * O2
    calcium_current = gives(_c.n * gamma * (O1 + O2) * _c.drive, unit=amp, combine="sum")

    default_label = "L_type"
    summary = "L-type calcium channels of a spine (Rodrigues et al. 2023)"


class CountedRTypeChannels(_Channels):
    r"""R-type calcium channels as whole channels that open by chance, in a spine of their own.

    .. math::

        m_0 h_0 \rightleftharpoons m_1 h_0, \quad m_0 h_1 \rightleftharpoons m_1 h_1, \quad
        m_0 h_0 \rightleftharpoons m_0 h_1, \quad m_1 h_0 \rightleftharpoons m_1 h_1 \qquad
        I = \gamma\, m_1 h_1\, \Phi

    The scheme of which `RTypeChannels` is the mean, with its numbers. A single channel raises calcium by
    some uM, so spines fluctuate, and what is steep in calcium (calcineurin) is more active than at the mean.
    The gates are drawn as relaxations of two states: exact at a held voltage, whatever the time step.

    As in the published program all channels start in ``m0h1``.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152. doi:10.7554/eLife.80152
    """

    place = ""
    gamma = Parameter(RTypeChannels().gamma, "conductance of one channel", source=RODRIGUES)
    v_m = Parameter(RTypeChannels().v_m, "half activation", source=RODRIGUES, sign="real")
    k_m = Parameter(RTypeChannels().k_m, "slope of the activation", source=RODRIGUES)
    tau_m = Parameter(RTypeChannels().tau_m, "activation", source=RODRIGUES, status="converted")
    v_h = Parameter(RTypeChannels().v_h, "half inactivation", source=RODRIGUES, sign="real")
    k_h = Parameter(RTypeChannels().k_h, "slope of the inactivation", source=RODRIGUES)
    tau_h = Parameter(RTypeChannels().tau_h, "inactivation", source=RODRIGUES)

    _c = _Channels
    m_inf = define(_rises(v, v_m, k_m), meaning="activation without temperature factors")
    h_inf = define(_rises(-v, -v_h, k_h), meaning="the same of the inactivation")
    m0h0, m1h0, m1h1 = counts("m0h0 m1h0 m1h1", within=(0, _c.n), meaning="channels with these gates")
    m0h1 = counts("m0h1", initial=_c.n, within=(0, _c.n), meaning="channels ready to open")
    _opens, _closes = _c.rho_f * m_inf / tau_m, _c.rho_b * (1 - m_inf) / tau_m
    _recovers, _inactivates = _c.rho_f * h_inf / tau_h, _c.rho_b * (1 - h_inf) / tau_h
    reactions = (
        Reaction(m0h0, m1h0, _opens, _closes, gate=True),
        Reaction(m0h1, m1h1, _opens, _closes, gate=True),
        Reaction(m0h0, m0h1, _recovers, _inactivates, gate=True),
        Reaction(m1h0, m1h1, _recovers, _inactivates, gate=True),
    )
    calcium_current = gives(gamma * m1h1 * _c.drive, unit=amp, combine="sum")

    relaxes: ClassVar[str] = "channels open by chance at rest, too, and all start in one state"
    default_label = "R_type"
    summary = "whole R-type calcium channels, opened by chance (Rodrigues et al. 2023)"


class CountedTTypeChannels(CountedRTypeChannels):
    """T-type calcium channels as whole channels; otherwise as `CountedRTypeChannels`.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152. doi:10.7554/eLife.80152
    """

    gamma = Parameter(TTypeChannels().gamma, "conductance of one channel", source=RODRIGUES)
    v_m = Parameter(TTypeChannels().v_m, "half activation", source=RODRIGUES, sign="real")
    k_m = Parameter(TTypeChannels().k_m, "slope of the activation", source=RODRIGUES)
    tau_m = Parameter(TTypeChannels().tau_m, "activation", source=RODRIGUES, status="converted")
    v_h = Parameter(TTypeChannels().v_h, "half inactivation", source=RODRIGUES, sign="real")
    k_h = Parameter(TTypeChannels().k_h, "slope of the inactivation", source=RODRIGUES)
    tau_h = Parameter(TTypeChannels().tau_h, "inactivation", source=RODRIGUES)

    default_label = "T_type"
    summary = "whole T-type calcium channels, opened by chance (Rodrigues et al. 2023)"


class CountedLTypeChannels(_Channels):
    """L-type calcium channels as whole channels; the scheme of `LTypeChannels`, whose mean that is.

    As in the published program all start closed.

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152. doi:10.7554/eLife.80152
    """

    place = ""
    gamma = Parameter(LTypeChannels().gamma, "conductance of one channel", source=RODRIGUES)
    alpha_0 = Parameter(LTypeChannels().alpha_0, "opening", source=RODRIGUES)
    v_a = Parameter(LTypeChannels().v_a, "half of it", source=RODRIGUES, sign="real")
    k_a = Parameter(LTypeChannels().k_a, "its slope", source=RODRIGUES)
    beta_1 = Parameter(LTypeChannels().beta_1, "closing of the first open state", source=RODRIGUES)
    v_1 = Parameter(LTypeChannels().v_1, "half of it", source=RODRIGUES, sign="real")
    k_1 = Parameter(LTypeChannels().k_1, "its slope", source=RODRIGUES)
    beta_2 = Parameter(LTypeChannels().beta_2, "closing of the second open state", source=RODRIGUES)
    v_2 = Parameter(LTypeChannels().v_2, "half of it", source=RODRIGUES, sign="real")
    k_2 = Parameter(LTypeChannels().k_2, "its slope", source=RODRIGUES)

    _c = _Channels
    C = counts("C", initial=_c.n, within=(0, _c.n), meaning="closed channels")
    O1, O2 = counts("O1 O2", within=(0, _c.n), meaning="open channels")
    _opens = _c.rho_f * alpha_0 * _rises(v, v_a, k_a)
    reactions = (
        Reaction(C, O1, _opens, _c.rho_b * beta_1 * _rises(-v, -v_1, k_1), gate=True),
        Reaction(C, O2, _opens, _c.rho_b * beta_2 * _rises(-v, -v_2, k_2), gate=True),
    )
    calcium_current = gives(gamma * (O1 + O2) * _c.drive, unit=amp, combine="sum")

    relaxes: ClassVar[str] = "channels open by chance at rest, too, and all start in one state"
    default_label = "L_type"
    summary = "whole L-type calcium channels, opened by chance (Rodrigues et al. 2023)"
