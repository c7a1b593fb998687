"""Voltage of spine head, dendrite and soma of Rodrigues et al. (2023), which a neuron of the user's carries.

Here one neuron is one spine with its dendrite and soma. The head is the voltage that the parts of the synapse
read. Receptors and release are in `rodrigues_receptors`, the chemistry is in `rodrigues`.
"""

from typing import ClassVar

import sympy
from brian2 import kelvin, mM, ms, mV, nS, pA, pF, umolar
from sympy import Max, exp

from brian2_nmda.equations.rodrigues import CELSIUS, logistic
from brian2_nmda.equations.sources import RODRIGUES_PARAMETERS as VALUES
from brian2_nmda.symbolic.analysis import insert
from brian2_nmda.symbolic.expressions import exprel, number, symbol, to_text, unit_symbol, unit_text
from brian2_nmda.symbolic.part import Parameter, Part, define, states

_SUM = f"{VALUES} (sum of two numbers of its logistic curve)"
_SHAPE = f"{VALUES} (from volume, surface and resistance)"


def _boltzmann(rate: sympy.Expr, x: sympy.Expr, slope: sympy.Expr) -> sympy.Expr:
    """``rate x/(1 - exp(-x/slope))``, regular at 0."""
    return rate * slope / exprel(-x / slope)


# fmt: off
class RodriguesElectrics(Part):
    r"""Spine head, dendrite and soma, with an action potential that fades on its way back.

    .. math::

        C_{sp} \dot V_{sp} &= G_{glu}(E_{glu} - V_{sp}) + g_{SK} S (E_K - V_{sp}) + g_n (V_d - V_{sp})
        + g_{sp}(E_L - V_{sp}) \\
        C_d \dot V_d &= g_n (V_{sp} - V_d) + G_{GABA}(E_{Cl} - V_d) + g_d(E_L - V_d) + g_a (V_s - V_d) \\
        C_s \dot V_s &= (I_{AP} + I_{Na}) \lambda_{age} + I_K + g_s (E_L - V_s) + g_a (V_d - V_s),
        \quad g_a = \lambda\, \varphi\, g_{ds}

    A postsynaptic spike is a pulse of current into the soma (``I_AP`` of height ``A_AP`` and duration
    ``d_AP``, from ``since = 0``), which evokes an action potential. Each one attenuates the next:
    ``lam`` is the coupling to the dendrite, ``lam_age`` that of the soma. ``S`` opens SK channels with the
    calcium of the head, at most by 2.12 at 35 degC, as in the published code.

    ``inputs`` are defined by the neuron: ``G_glu`` (what AMPA and NMDA receptors conduct, with their block),
    ``G_GABA`` on the dendrite, ``Ca_head``. Calcium currents are left out of ``V_sp``: one open
    channel changes it by less than 1 uV (2 fA over the 3.9 nS of the neck).

    `variables` gives the equations and `statements` what advances them, line after line: gates, soma,
    dendrite, head, each exactly with all others held. With 0.05 ms the peak of the dendrite is off by
    0.05 mV. The head follows within 1 us, so it is in balance at each step.

    Examples
    --------
    >>> from brian2_nmda.equations.rodrigues_neuron import RodriguesElectrics
    >>> RodriguesElectrics().statements().splitlines()[0]
    'since = since + dt'

    References
    ----------
    Rodrigues YE, Tigaret CM, Marie H, O'Donnell C, Veltz R (2023). eLife 12:e80152.
    doi:10.7554/eLife.80152
    """

    temperature = Parameter(308.15 * kelvin, "temperature", source=f"{VALUES} (35 degC)")
    age = Parameter(60.0, "age of the rat in days", source=VALUES)
    distance = Parameter(200.0, "distance of the spine from the soma, in um", source=VALUES)
    E_L = Parameter(-70 * mV, "reversal of the leaks", source=VALUES, sign="real")
    E_glu = Parameter(0 * mV, "reversal of AMPA and NMDA receptors", source=VALUES, sign="real")
    E_Cl = Parameter(-91.58 * mV, "reversal of GABA receptors, at 60 days", source=VALUES, sign="real",
                     status="converted")
    E_Na = Parameter(50 * mV, "reversal of sodium", source=VALUES, sign="real")
    E_K = Parameter(-90 * mV, "reversal of potassium", source=VALUES, sign="real")
    C_sp = Parameter(2.80145e-3 * pF, "capacitance of the head", source=_SHAPE, status="converted")
    C_d = Parameter(52.7788 * pF, "capacitance of the dendrite", source=_SHAPE, status="converted")
    C_s = Parameter(16.9646 * pF, "capacitance of the soma", source=_SHAPE, status="converted")
    g_n = Parameter(3.92699 * nS, "conductance of the neck", source=_SHAPE, status="converted")
    g_sp = Parameter(4e-6 * nS, "leak of the head", source=VALUES)
    g_d = Parameter(0.0351858 * nS, "leak of the dendrite", source=_SHAPE, status="converted")
    g_s = Parameter(15 * nS, "leak of the soma", source=VALUES)
    g_ds = Parameter(50 * nS, "between soma and dendrite, nearby", source=VALUES)
    g_Na = Parameter(800 * nS, "sodium channels of the soma", source=VALUES)
    g_K = Parameter(40 * nS, "potassium channels of the soma", source=VALUES)
    g_SK = Parameter(0.15 * nS, "SK channels of the head", source=f"{VALUES} (15 of 10 pS)",
                     status="converted")
    phi_low = Parameter(0.10406540965358434, "coupling, far", source=VALUES)
    phi_high = Parameter(1.5354464127429111, "coupling, near", source=_SUM, status="converted")
    phi_half = Parameter(230.3206470553394, "distance half way, in um", source=VALUES)
    phi_slope = Parameter(0.019719018173341547, "slope, per um", source=VALUES)
    delta_max = Parameter(5.564691354645679, "loss of the somatic spike, when young", source=VALUES)
    delta_age = Parameter(16.482800452454164, "age half way, in days", source=VALUES)
    delta_slope = Parameter(0.13525468256031167, "slope, per day", source=VALUES)
    delta_1 = Parameter(2.5e-5 / (ms * pA), "loss of the somatic spike, per current", source=VALUES)
    tau_lam = Parameter(2000 * ms, "recovery of the coupling", source=VALUES)
    tau_age = Parameter(500 * ms, "recovery of the somatic spike", source=VALUES)
    k_lam = Parameter(1.7279e-5 / (ms * pA), "loss of coupling", source=VALUES)
    k_x = Parameter(2.304e-5 / (ms * pA), "growth of that loss", source=VALUES)
    K_SK = Parameter(0.333 * umolar, "calcium at half opening of SK channels", source=VALUES)
    f_SK = Parameter(0.005904170174699533, "opening of SK channels in the cold", source=VALUES)
    f_high = Parameter(2.2111193261588188, "opening in the heat", source=_SUM, status="converted")
    f_half = Parameter((25.590920461511878 + CELSIUS) * kelvin, "temperature half way", source=VALUES)
    f_slope = Parameter(0.334167923607112 / kelvin, "slope at half way", source=VALUES)
    b_hot = Parameter(149.37767054612135, "time of SK channels in the heat, by extrapolation", source=VALUES)
    b_cold = Parameter(1.76097526735231, "time of SK channels in the cold", source=_SUM, status="converted")
    b_half = Parameter((98.85165844770867 + CELSIUS) * kelvin, "temperature half way", source=VALUES)
    b_slope = Parameter(0.09391588258147192 / kelvin, "slope at half way", source=VALUES)
    tau_SK = Parameter(6.3 * ms, "time constant of SK channels", source=VALUES)
    a_m = Parameter(0.4 / (ms * mV), "activation of sodium", source=VALUES)
    b_m = Parameter(0.124 / (ms * mV), "its reverse", source=VALUES)
    v_m = Parameter(-30 * mV, "its voltage", source=VALUES, sign="real")
    k_m = Parameter(7.2 * mV, "its slope", source=VALUES)
    a_h = Parameter(0.01 / (ms * mV), "recovery of sodium", source=VALUES)
    b_h = Parameter(0.03 / (ms * mV), "inactivation of sodium", source=VALUES)
    v_h = Parameter(-45 * mV, "its voltage", source=VALUES, sign="real")
    k_h = Parameter(1.5 * mV, "its slope", source=VALUES)
    v_n = Parameter(13 * mV, "half activation of potassium", source=VALUES, sign="real")
    k_n = Parameter(0.11 / mV, "its slope", source=VALUES)
    k_b = Parameter(0.08 / mV, "slope of its time", source=VALUES)
    tau_n = Parameter(50 * ms, "its time constant", source=VALUES)
    tau_least = Parameter(2 * ms, "its least time constant", source=VALUES)
    duration = Parameter(2 * ms, "duration of the current of a postsynaptic spike", source=VALUES)
    far = Parameter(1e6 * ms, "time since the last spike, before the first", status="assumed",
                    source="any time that is long")

    inputs: ClassVar[tuple[str, ...]] = ("G_glu", "G_GABA", "Ca_head")
    G_glu, G_GABA = states("G_glu G_GABA", within=(0, None), unit=nS, meaning="what receptors conduct")
    Ca_head = states("Ca_head", within=(0, None), unit=mM, meaning="calcium of the head")
    A_AP = states("A_AP", within=(0, None), unit=pA, meaning="current of a postsynaptic spike")
    d_AP = states("d_AP", within=(0, None), unit=ms, initial=duration, meaning="its duration")
    dG_glu, dG_GABA, dCa_head, dA_AP, dd_AP = 0, 0, 0, 0, 0

    since = states("since", within=(None, None), unit=ms, initial=far, meaning="time since a spike")
    m = states("m", within=(0, 1), initial=0.0123, meaning="activation of sodium")
    h = states("h", within=(0, 1), initial=0.9999998, meaning="inactivation of sodium")
    n = states("n", within=(0, 1), initial=1.083e-4, meaning="gate of potassium")
    V_s, V_d, V_sp = states("V_s V_d V_sp", within=(None, None), unit=mV, initial=E_L,
                            meaning="voltage of soma, dendrite, head")
    lam, lam_x, lam_age = states("lam lam_x lam_age", within=(0, 1), initial=1, meaning="attenuation")
    S = states("S", within=(0, None), meaning="SK channels")

    phi = define(logistic(distance, phi_high, phi_low, phi_half, phi_slope), meaning="coupling")
    ages = define(delta_1 * delta_max / (1 + exp(delta_slope * (age - delta_age))), unit=1 / (ms * pA),
                  meaning="loss of the somatic spike")
    rho_f = define(logistic(temperature, f_SK, f_high, f_half, f_slope), meaning="opening of SK channels")
    rho_b = define(logistic(temperature, b_cold, b_hot, b_half, b_slope), meaning="their time")
    _x = (since - d_AP / 2) / (d_AP / 2)
    I_AP = define(A_AP / (1 + _x**20), unit=pA, meaning="current of a postsynaptic spike")
    _g = lam * phi * g_ds
    _a_m, _b_m = _boltzmann(a_m, V_s - v_m, k_m), _boltzmann(b_m, -(V_s - v_m), k_m)
    _a_h, _b_h = _boltzmann(a_h, -(V_s - v_h), k_h), _boltzmann(b_h, V_s - v_h, k_h)
    _n = 1 / (1 + exp(-k_n * (V_s - v_n)))
    _slow = Max(tau_n * exp(-k_b * (V_s - v_n)) * _n, tau_least)
    dsince = 1
    dm = _a_m * (1 - m) - _b_m * m
    dh = _a_h * (1 - h) - _b_h * h
    dn = (_n - n) / _slow
    dV_s = ((I_AP + g_Na * m**3 * h * (E_Na - V_s)) * lam_age + g_K * n * (E_K - V_s) + g_s * (E_L - V_s)
            + _g * (V_d - V_s)) / C_s
    dV_d = (g_n * (V_sp - V_d) + G_GABA * (E_Cl - V_d) + g_d * (E_L - V_d) + _g * (V_s - V_d)) / C_d
    dV_sp = (G_glu * (E_glu - V_sp) + g_SK * S * (E_K - V_sp) + g_n * (V_d - V_sp)
             + g_sp * (E_L - V_sp)) / C_sp
    dlam = (1 - lam) / tau_lam - k_lam / lam_x * lam * I_AP
    dlam_x = (1 - lam_x) / tau_lam - k_x * lam_x * I_AP
    dlam_age = (1 - lam_age) / tau_age - ages * lam_age * I_AP
    dS = (rho_f * Ca_head**6 / (Ca_head**6 + K_SK**6) - S) / (tau_SK * rho_b)

    relaxes: ClassVar[str] = "voltages, gates and channels start at rounded values"
    moved_by_hand: ClassVar[str] = "the neuron defines the inputs and a script sets the currents"
    default_label = "electrics"
    summary = "spine head, dendrite and soma with action potentials (Rodrigues et al. 2023)"
# fmt: on

    def _rates(self) -> dict[str, sympy.Expr]:
        """The rates with numbers in place of definitions and parameters."""
        t = self.template
        values = {symbol(n): number(p.base()) * unit_symbol(p.dim) for n, p in t.parameters.items()}
        known = {n: d.expression for n, d in t.definitions.items()}
        return {n: insert(rate, known).xreplace(values) for n, rate in t.rates.items()}

    def variables(self) -> str:
        """The variables, as equations of a `NeuronGroup`; the inputs are left to the neuron."""
        states = self.template.states.items()
        return "".join(f"\n{n} : {unit_text(s.dim)}" for n, s in states if n not in self.inputs)

    def start(self) -> dict[str, float]:
        """Value of each variable at the start, in base units."""
        t = self.template
        values = {symbol(n): number(p.base()) for n, p in t.parameters.items()}
        return {
            n: float(sympy.sympify(s.initial, strict=True).xreplace(values))
            for n, s in t.states.items()
            if n not in self.inputs
        }

    def statements(self) -> str:
        """What advances the variables by ``dt``, for ``run_regularly``: each exactly with the rest held."""
        lines = []
        for name, rate in self._rates().items():
            x = symbol(name)
            if rate == 0:
                continue
            decay, rest = -sympy.diff(rate, x), rate.xreplace({x: sympy.S.Zero})
            if decay == 0:
                step = "dt" if rest == 1 else f"dt*({to_text(rest)})"
                lines.append(f"{name} = {name} + {step}")
                continue
            lines += [
                f"decay_{name} = {to_text(decay)}",
                f"rest_{name} = ({to_text(rest)})/decay_{name}",
                f"{name} = rest_{name} + ({name} - rest_{name})*exp(-decay_{name}*dt)",
            ]
        return "\n".join(lines)
