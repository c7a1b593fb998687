"""Calcium of the spine: GHK influx, voltage-gated channels, buffers.

Held against: the golden numbers of Rodrigues et al. (2023), sections 4.5 and 4.7 of the fact sheet, which
were made by two independent integrators; Nernst potentials of section 3.2 of the science sheet; SciPy's Radau
on equations that are written out here; and conservation of calcium in a closed head.
"""

from functools import cache
from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    defaultclock,
    joule,
    kelvin,
    mM,
    mole,
    ms,
    mV,
    second,
    umolar,
)
from scipy.integrate import solve_ivp

from brian2_nmda import BioNMDA, GlutamateSynapse, ModelError, SpineCalcium
from brian2_nmda.conformance import check_model
from brian2_nmda.equations import (
    BindingEnzymes,
    BufferedCalcium,
    CalciumBuffer,
    Calmodulin,
    GHKCalcium,
    LTypeChannels,
    RodriguesCalcium,
    RTypeChannels,
    TTypeChannels,
)
from brian2_nmda.symbolic.expressions import numeric, symbol

pytestmark = pytest.mark.xdist_group(__name__)

TWINS = run_path(str(Path(__file__).with_name("twins.py")))["TWINS"]
UM = 1e-3  # one uM in the unit of the package, mol/m^3
F = 96485.33212
#: The published program has 23.2102 per mV and K for 2F/R; with this R, so has the package.
R_PUBLISHED = 2 * F / 23210.2 * joule / (mole * kelvin)
CHANNELS = {"R_type": RTypeChannels, "T_type": TTypeChannels, "L_type": LTypeChannels}


def spine(parts=(), calcium=RodriguesCalcium):
    return GlutamateSynapse(BioNMDA(), calcium=calcium(), parts=list(parts))


def function(expression, system, *arguments):
    """A number of voltage and calcium (SI) from an expression of a composed synapse."""
    return numeric(system.inserted(expression), list(arguments), {**system.values()})


# -- GHK --------------------------------------------------------------------------------------------


def influx_of_one(label, gamma, V=0.03e-18):
    """Influx (uM/ms) per open channel of conductance ``gamma`` at a voltage (mV) and .05 uM."""
    model = GlutamateSynapse(BioNMDA(), calcium=RodriguesCalcium(R=R_PUBLISHED), parts=[CHANNELS[label]()])
    drive = function(symbol("drive_Ca"), model.system, "v", "Ca")
    return lambda v: -gamma * float(drive(v * 1e-3, 0.05 * UM)) / (2 * F * V)


@pytest.mark.parametrize(
    ("label", "published"),
    [
        ("R_type", (22.110, 13.219, 4.1719)),
        ("T_type", (15.607, 9.3312, 2.9448)),
        ("L_type", (35.116, 20.995, 6.6259)),
    ],
)
def test_influx_through_an_open_channel(label, published):
    """Golden 4.5: uM/ms per open channel at -70, -40 and 0 mV, to the printed digits; at 0 mV the limit."""
    gamma = float(CHANNELS[label]().gamma)
    influx = influx_of_one(label, gamma)
    for v, expected in zip((-70.0, -40.0, 0.0), published, strict=True):
        last = 10.0 ** (np.floor(np.log10(expected)) - 4)  # five digits are printed
        assert abs(influx(v) - expected) <= 0.51 * last, v


def test_influx_through_an_open_nmda_receptor():
    """Golden 4.5: .3393, 1.0974, 1.3579 uM/ms at -70, -40 and 0 mV; block at 1.3 mM, 75.48 pS at 2.5 mM."""
    system = GlutamateSynapse(BioNMDA(), calcium=RodriguesCalcium(R=R_PUBLISHED)).system
    current = system.inserted(symbol("I_Ca"), keep=["block_NMDA"])
    current = numeric(current, ["v", "Ca", "g_NMDA", "block_NMDA", "gmax_NMDA"], system.values())
    for v, expected in ((-70, 0.3393), (-40, 1.0974), (0, 1.3579)):
        block = 1 / (1 + 1.3 / 3.57 * np.exp(-0.062 * v))
        found = -float(current(v * 1e-3, 0.05 * UM, 1.0, block, 75.48e-12)) / (2 * F * 0.03e-18)
        assert abs(found - expected) <= 1.5e-4, v  # 75.48 has four digits


@pytest.mark.parametrize(
    ("inside", "outside", "celsius", "E"),
    [(70e-6, 2.0, 34, 135.7837), (50e-6, 2.5, 35, 143.6559), (50e-6, 2.0, 37, 141.6063)],
)
def test_ghk_vanishes_at_the_nernst_potential(inside, outside, celsius, E):
    """Section 3.2; and at 0 mV it is RT/2F (Ca/Ca_o - 1), continuously."""
    T = celsius + 273.15
    pool = GHKCalcium(Ca_o=outside * mM, temperature=T * kelvin)
    drive = function(symbol("drive_Ca"), GlutamateSynapse(BioNMDA(), calcium=pool).system, "v", "Ca")
    unit = 8.314462618 * T / (2 * F)
    low, high = float(drive((E - 1e-4) * 1e-3, inside)), float(drive((E + 1e-4) * 1e-3, inside))
    assert low < 0 < high
    limit = unit * (inside / outside - 1)
    assert abs(float(drive(0.0, inside)) - limit) <= 1e-14 * unit
    for v in (1e-16, -1e-16, 1e-9, -1e-9, 1e-6):
        # the slope at 0 is (1 + Ca/Ca_o)/2; the next term is v^2/(12 unit)
        expected = limit + v * (1 + inside / outside) / 2
        assert abs(float(drive(v, inside)) - expected) <= v**2 / (6 * unit) + 1e-14 * unit
    assert abs(float(drive(-1.0, inside)) + 1) < 1e-14 + inside / outside  # a conductance, far below 0


def test_ghk_carries_the_fraction_at_v_cal():
    """At -65 mV and at rest a tenth of the receptor's current is calcium, as in `SpineCalcium`."""
    for pool in (GHKCalcium(), BufferedCalcium()):
        system = GlutamateSynapse(BioNMDA(), calcium=pool).system
        current = function(symbol("I_Ca"), system, "v", "Ca", "g_NMDA")
        receptor = system.receptors[0]
        whole = receptor.current.xreplace({symbol(receptor.total_name): symbol("gmax_NMDA")})
        whole = function(whole, system, "v")
        assert np.isclose(float(current(-0.065, 70e-6, 1.0)), 0.1 * float(whole(-0.065)), rtol=1e-12)


# -- channels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "published"),
    [("R_type", ("1.320e-4", "3.334e-3", "8.138e-3")), ("T_type", ("3.016e-3", "3.462e-3", "2.60e-5")),
     ("L_type", ("2.75e-6", "3.765e-4", "0.21467"))],
)  # fmt: skip
def test_open_probability_at_rest(label, published):
    """Golden 4.5: steady open probabilities at -70, -40 and 0 mV, 35 degrees, from the rates."""
    part = CHANNELS[label]()
    rates = {n: e for n, e in part.equations.items() if n.startswith("d")}
    states = [n[1:-3] for n in rates]
    values = {n: float(p.base()) for n, p in part.template.parameters.items()}
    named = {symbol(n): d.expression for n, d in part.template.definitions.items()}
    for v, expected in zip((-0.07, -0.04, 0.0), published, strict=True):
        at = [numeric(e.subs(named).subs(named), ["v", *states], values) for e in rates.values()]
        zero = np.array([float(f(v, *[0.0] * len(states))) for f in at])
        unit = np.eye(len(states))
        slope = np.array([[float(f(v, *x)) for x in unit] for f in at]) - zero[:, None]
        found = np.linalg.solve(slope, -zero)
        open_ = np.prod(found) if label != "L_type" else np.sum(found)
        digits = len(expected.split("e")[0].replace(".", "").lstrip("0"))
        last = 10.0 ** (np.floor(np.log10(float(expected))) - digits + 1)
        assert abs(open_ - float(expected)) <= 0.51 * last, (v, open_)


@pytest.mark.parametrize(
    ("celsius", "forward", "backward"), [(25, 2.2, 0.80578), (30, 2.3, 1.0901), (35, 2.5, 2.0071)]
)
def test_temperature_factors(celsius, forward, backward):
    """The table of 1.1, to its digits."""
    system = spine([RTypeChannels(temperature=(celsius + 273.15) * kelvin)]).system
    assert abs(float(function(symbol("rho_f_R_type"), system)()) - forward) < 5e-5
    assert abs(float(function(symbol("rho_b_R_type"), system)()) - backward) < 5e-5


# -- in Brian2 --------------------------------------------------------------------------------------


def simulate(model, dt, duration, start=None, held=-70, every=None):
    """Course of all states of one synapse whose target is clamped."""
    defaultclock.dt = dt * ms
    source = SpikeGeneratorGroup(1, [], [] * ms)
    target = NeuronGroup(1, "v : volt" + model.post_equations(), threshold="v > 1*volt", reset="")
    target.v = held * mV
    S = model.synapses(source, target)
    S.connect()
    for name, value in (start or {}).items():
        setattr(S, name, value)
    M = StateMonitor(S, list(model.system.states), record=True, dt=(every or dt) * ms)
    net = Network(source, target, S, M)
    net.run(duration * ms)
    return M.t / ms, {n: np.array(getattr(M, n))[0] for n in model.system.states}


AT = (1, 2, 5, 10, 20, 50)
NO_BUFFER = {1: 1.224595, 2: 0.301951, 5: 0.050581, 10: 0.05, 20: 0.05, 50: 0.05}
BUFFER = {1: 0.190497, 2: 0.181286, 5: 0.156623, 10: 0.125564, 20: 0.088890, 50: 0.055662}


@pytest.mark.parametrize(("parts", "golden"), [((), NO_BUFFER), ((CalciumBuffer,), BUFFER)])
def test_calcium_without_and_with_buffer(parts, golden):
    """Golden 4.7: calcium starts at 5 uM, the buffer in equilibrium with .05 uM; no influx."""
    model = spine([p() for p in parts])
    assert not parts or abs(model.system.initial["B_buffer"] / UM - 1.4276) < 5e-5
    errors = {}
    for dt in (0.05, 0.025):
        t, x = simulate(model, dt, 50.1, {"Ca": 5 * umolar})
        found = [x["Ca"][np.argmin(np.abs(t - at))] / UM for at in AT]
        errors[dt] = np.max(np.abs(np.array(found) - [golden[at] for at in AT]))
    assert errors[0.025] <= 2e-6, errors  # six digits are printed; Ca/3 = rest is passed within a step
    assert errors[0.05] <= 1e-4, errors


@cache
def closed(dt):
    """A head with buffer and calmodulin, without extrusion, diffusion and influx."""
    pool = RodriguesCalcium(tau=1e12 * second, tau_D=1e12 * second)
    model = spine([CalciumBuffer(), Calmodulin()], lambda: pool)
    return simulate(model, dt, 50, {"Ca": 5 * umolar}, every=1)


#: The same with what calmodulin, CaMKII and calcineurin take, from their steady state at 0.05 uM.
CHEMISTRY = {1: 0.188619, 2: 0.179654, 5: 0.155385, 10: 0.124747, 20: 0.088505, 50: 0.055695}
REST = {
    "CaM0": 27.0124, "CaM2C": 6.51281e-3, "CaM2N": 6.71638e-4, "CaM4": 9.95323e-8, "K": 65.3875,
    "K0": 1.05566, "K2N": 1.36075e-3, "K2C": 0.0554205, "K4": 7.03414e-5,
    "P0": 1.77081, "P2C": 0.0929646, "P2N": 2.28259e-3,
    "P4": 1.17994e-4, "P": 0.905646, "P2": 0.728144, "CaN4": 0.001742,
}  # fmt: skip


def test_calcium_that_enzymes_take():
    """Golden 4.7 with the chemistry; its start is printed to six digits (4.1)."""
    model = spine([CalciumBuffer(), BindingEnzymes()])
    start = {f"{n}_CaMKII": x * umolar for n, x in REST.items() if f"{n}_CaMKII" in model.system.states}
    assert len(start) >= 14
    t, x = simulate(model, 0.025, 50.1, {"Ca": 5 * umolar, **start})
    found = [x["Ca"][np.argmin(np.abs(t - at))] / UM for at in AT]
    np.testing.assert_allclose(found, [CHEMISTRY[at] for at in AT], atol=5e-6)


def test_calcium_is_conserved_in_a_closed_head():
    """Every ion that leaves the pool is bound, to rounding, with buffer and calmodulin."""
    _, x = closed(0.02)
    total = x["Ca"] + x["B_buffer"] + 2 * (x["C2_CaM"] + x["N2_CaM"]) + 4 * x["CN4_CaM"]
    assert np.ptp(total) <= 1e-12 * total[0]
    assert x["Ca"][-1] < 0.1 * x["Ca"][0] and x["CN4_CaM"][-1] > 10 * x["CN4_CaM"][0]


def two_lobed(t, y):
    """Buffer and calmodulin of a closed head in uM and ms, written out."""
    Ca, B, c, n, both = y
    apo = 30 - c - n - both
    fC, bC = 0.005 * 0.01 / (0.05 + 0.01 * Ca), 0.05 * 0.01 / (0.05 + 0.01 * Ca)
    fN, bN = 0.1 * 0.2 / (2 + 0.2 * Ca), 2 * 0.5 / (2 + 0.2 * Ca)
    one = fC / 2 * Ca**2 * apo - bC * c
    two = fN / 2 * Ca**2 * apo - bN * n
    three = fC / 2 * Ca**2 * n - bC * both
    four = fN / 2 * Ca**2 * c - bN * both
    bound = 0.247 * (62 - B) * Ca - 0.524 * B
    return [-bound - 2 * (one + two + three + four), bound, one - four, two - three, three + four]


def test_calmodulin_against_radau():
    """A closed head, from 5 uM; both start in equilibrium with .05 uM. Order 4 in the step."""
    names, errors = ["Ca", "B_buffer", "C2_CaM", "N2_CaM", "CN4_CaM"], {}
    for dt in (0.02, 0.01):
        t, x = closed(dt)
        start = [x[n][0] / UM for n in names]
        assert np.max(np.abs(two_lobed(0, [0.05, *start[1:]]))) < 1e-12  # in equilibrium before
        exact = solve_ivp(two_lobed, (0, 50), start, "Radau", t_eval=t, rtol=1e-10, atol=1e-14).y
        size = np.max(exact, axis=1)[:, None]
        errors[dt] = np.max(np.abs(np.array([x[n] for n in names]) / UM - exact) / size, axis=1)
    assert np.max(errors[0.01]) <= 1e-4 and np.all(errors[0.02] <= 32 * errors[0.01]), errors
    assert errors[0.02][-1] >= 10 * errors[0.01][-1], errors


def test_kappa_and_buffers_share():
    """``kappa`` free buffers slow an explicit one down: (1 + kappa) Ca + B is conserved."""
    pool = BufferedCalcium(tau=1e12 * second, kappa=10.0)
    _, x = simulate(
        GlutamateSynapse(BioNMDA(), calcium=pool, parts=CalciumBuffer()), 0.05, 20, {"Ca": 2 * umolar}
    )
    total = 11 * x["Ca"] + x["B_buffer"]
    assert np.ptp(total) <= 1e-12 * total[0] and x["B_buffer"][-1] > 2 * x["B_buffer"][0]


def test_channels_feed_the_pool():
    """At a clamped voltage: gates relax exponentially from their start, and calcium to its balance."""
    model = spine([c() for c in CHANNELS.values()])
    t, x = simulate(model, 0.01, 40, held=-20)
    system = model.system
    for name in ("m_R_type", "h_R_type", "m_T_type", "h_T_type"):
        rate = function(system.rates[name], system, "v", name)
        slope = float(rate(-0.02, 1.0)) - float(rate(-0.02, 0.0))
        end = -float(rate(-0.02, 0.0)) / slope
        exact = end + (system.initial[name] - end) * np.exp(slope * t * 1e-3)
        assert np.max(np.abs(x[name] - exact)) <= 1e-9, name
    influx = -function(symbol("I_Ca"), system, "v", "Ca", *(n for n in system.states if n != "Ca"))(
        -0.02, x["Ca"], *(x[n] for n in system.states if n != "Ca")
    ) / (2 * F * 0.03e-18)
    rate = np.gradient(x["Ca"], t * 1e-3)
    dendrite = np.maximum(0.05 * UM, x["Ca"] / 3)
    balance = influx - (x["Ca"] - 0.05 * UM) / 0.01 - (x["Ca"] - dendrite) / 0.509287e-3
    late = t > 2
    assert np.max(np.abs(rate - balance)[late][1:-1]) <= 1e-3 * np.max(influx)
    assert x["Ca"].max() > 10 * 0.05 * UM


# -- conformance and words --------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [RTypeChannels, TTypeChannels])
def test_channels_agree_with_their_twins(cls):
    check_model(cls, reference=TWINS[cls.__name__], targets=())


def test_planted_errors_are_found():
    """A buffer that makes calcium by binding it; an influx with the wrong sign."""

    class Wrong(CalciumBuffer):
        """It binds more than there is."""

        dB = CalciumBuffer.k_on * (2 * CalciumBuffer.total - CalciumBuffer.B) * symbol("Ca")

    with pytest.raises(ModelError, match=r"the rate of 'B|'B'.*upper bound"):
        check_model(Wrong, targets=())

    class Outwards(BufferedCalcium):
        """Calcium flows out at rest."""

        current = -BufferedCalcium.f * symbol("G_open") * BufferedCalcium.calcium_drive

    with pytest.raises(ModelError, match="no influx"):
        check_model(Outwards, targets=())


def test_what_does_not_fit_is_said():
    with pytest.raises(ModelError, match="changes 'calcium_uptake', but no part before it gives"):
        GlutamateSynapse(BioNMDA(), calcium=SpineCalcium(), parts=CalciumBuffer())
    with pytest.raises(ModelError, match=r"RTypeChannels.*needs 'calcium_drive', which no part gives"):
        GlutamateSynapse(BioNMDA(), calcium=SpineCalcium(), parts=RTypeChannels())
    with pytest.raises(ModelError, match=r"stepped together with the state 'Ca'.*add calcium="):
        GlutamateSynapse(BioNMDA(), parts=CalciumBuffer())
