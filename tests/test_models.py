"""The equations of `brian2_nmda.equations` against closed forms and the fact sheet's printed numbers.

Symbolic results are evaluated by SymPy and mpmath, simulations run on Brian2's NumPy target. A printed
number is compared to half a unit of its last digit.
"""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import brian2 as b2
import numpy as np
import pytest
import sympy
from brian2 import (
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    defaultclock,
    mM,
    ms,
    mV,
    nS,
    run,
    umetre,
)
from scipy.integrate import quad, solve_ivp
from scipy.optimize import brentq, minimize_scalar
from scipy.special import exprel

import brian2_nmda.equations
from brian2_nmda import (
    AMPA,
    BackPropagatingSpike,
    BioNMDA,
    CalciumIntegrator,
    FractionOfCurrent,
    GlutamateSynapse,
    JahrStevens,
    NoBlock,
    ReceptorInsertion,
    SpineCalcium,
    TransmitterPulse,
    TwoExponentialAMPA,
    TwoExponentialNMDA,
)
from brian2_nmda.equations import WangNMDA

ref = SimpleNamespace(**run_path(str(Path(__file__).with_name("reference.py"))))

t = sympy.Symbol("t", real=True)
PARTS = [getattr(brian2_nmda.equations, n) for n in brian2_nmda.equations.__all__]
ids = {"ids": lambda x: getattr(x, "__name__", None)}


def values_of(part):
    """Values of the parameters in base SI units, by the symbol that stands for them.

    Of a part, its own only: the parts that it contains may use the same names.
    """
    own = part.parameters if isinstance(part, GlutamateSynapse) else [
        r for r in part.parameters if r["name"] in part.template.parameters
    ][: len(part.template.parameters)]  # fmt: skip
    return {sympy.Symbol(r["name"], real=True): float(np.asarray(r["value"])) for r in own}


def at(expression, part, **given):
    """A NumPy function of ``t`` (or a number) after inserting the parameters and ``given``."""
    known = {**values_of(part), **{sympy.Symbol(n, real=True): x for n, x in given.items()}}
    expression = expression.subs(known)
    modules = [{"exprel": exprel, "Heaviside": lambda z, *_: np.where(z > 0, 1.0, 0.0)}, "numpy"]
    function = sympy.lambdify([t], expression, modules=modules)
    return function if expression.has(t) else float(function(0.0))


# -- two exponentials ----------------------------------------------------------------------------------

#: tau_rise, tau_decay, printed time to peak, factor and area (ms).
TWO_EXPONENTIAL = {
    "Blue Brain cortex NMDA": (0.29, 43, "1.459575", "1.04155068", "44.48463"),
    "Blue Brain hippocampus NMDA": (9, 61, "20.203720", "1.63368578", "84.95166"),
    "GluSynapse NMDA": (0.29, 70, "1.597666", "1.02734239", "71.61604"),
    "Blue Brain AMPA": (0.2, 1.7, ".485082", "1.50757937", "2.26137"),
    "Wang-like linear": (2, 100, "7.983720", "1.10521503", "108.31107"),
    "NEST ht_neuron NMDA": (4, 40, "10.233712", "1.43505518", "51.66199"),
    "NeuroML example": (1, 13.3333, "2.800287", "1.33373566", "16.44936"),
    "Polsky 2004": (5, 90, "15.301968", "1.25505611", "106.67977"),
    "Durstewitz & Gabriel 2006": (2.3, 95, "8.770566", "1.12392853", "104.18817"),
    "Wolf": (5.63, 320, "23.153752", "1.09429009", "344.01198"),
}


def agrees(value, printed):
    """Whether ``value`` rounds to the printed number."""
    return abs(value - float(printed)) <= 0.51 * 10.0 ** -len(printed.split(".")[1])


@pytest.mark.parametrize("preset", TWO_EXPONENTIAL)
def test_two_exponential_closed_form(preset):
    """Peak, time to peak and area of ``.solution('g')``: printed digits, and 1e-9 of `reference`."""
    rise, decay, *printed = TWO_EXPONENTIAL[preset]
    receptor = TwoExponentialNMDA(tau_rise=rise * ms, tau_decay=decay * ms)
    solution = receptor.solution("g")
    g = at(solution, receptor, s_0=1.0, g_0=0.0)
    slope = at(sympy.diff(solution, t), receptor, s_0=1.0, g_0=0.0)
    peak, f, area = ref.two_exponential_peak(rise, decay)
    found = brentq(slope, 0.2 * peak * 1e-3, 3 * peak * 1e-3, xtol=1e-15, rtol=1e-14) * 1e3
    assert abs(found - peak) <= 1e-9 * peak and agrees(found, printed[0])
    assert abs(g(found * 1e-3) - 1) <= 1e-12
    factor = g(40 * decay * 1e-3) * np.exp(40)  # far out only the decay is left
    assert abs(factor - f) <= 1e-9 * f and agrees(factor, printed[1])
    edges = [0, found, 5 * found, decay, 5 * decay, 20 * decay, 45 * decay]
    pieces = [
        quad(lambda x: float(g(x * 1e-3)), a, b, epsabs=1e-13, epsrel=1e-13)[0]
        for a, b in zip(sorted(edges), sorted(edges)[1:], strict=False)
    ]
    assert abs(sum(pieces) - area) <= 1e-9 * area and agrees(sum(pieces), printed[2])


@pytest.mark.parametrize("kind", [TwoExponentialNMDA, TwoExponentialAMPA], **ids)
def test_two_exponential_simulation(kind):
    """One spike in a simulation, at every sample, against the closed form: 1e-12 of the peak.

    Spike in step k: the conductance starts from sample k + 1.
    """
    dt, k, n = 0.05, 4, 2000
    defaultclock.dt = dt * ms
    cases = [(r, d) for r, d, *_ in TWO_EXPONENTIAL.values()] + [(3.0, 3.0), (3.0, 3.0 * (1 + 1e-9))]
    model = GlutamateSynapse(kind())
    label = model.receptors[0].label
    source = SpikeGeneratorGroup(1, [0], [k * dt] * ms)
    target = NeuronGroup(len(cases), "dv/dt = -I_syn/(1*nF) : volt" + model.post_equations(), method="euler")
    names = [f"tau_rise_{label}", f"tau_decay_{label}"]
    synapses = model.synapses(source, target, per_synapse=names)
    synapses.connect()
    for name, column in zip(names, zip(*cases, strict=True), strict=True):
        setattr(synapses, name, np.array(column) * ms)
    monitor = StateMonitor(synapses, f"g_{label}", record=True)
    run(n * dt * ms)
    got = getattr(monitor, f"g_{label}")
    assert not np.any(got[:, : k + 2])
    for row, (rise, decay) in zip(got, cases, strict=True):
        exact = ref.two_exponential((np.arange(k + 1, n) - k - 1) * dt, rise, decay)
        assert np.max(np.abs(row[k + 1 :] - exact)) <= 1e-12, (rise, decay)


# -- BioNMDA ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("T", [0.0, 0.3, 1.0])
def test_bionmda_closed_form(T):
    """``.solution`` of x and g for constant transmitter against `reference`, to 1e-12."""
    receptor = BioNMDA()
    x_0, g_0 = 0.4, 0.15
    times = np.array([0.05, 0.5, 3.0, 40.0])
    windows = [(0.0, 1e9)] if T else []
    expected = ref.bionmda(times, windows, T=T, x0=x_0, g0=g_0)
    # a concentration in base units is mol/m^3, which is mM
    known = {sympy.Symbol(n, real=True): v for n, v in dict(T=T, x_0=x_0, g_0=g_0).items()}
    for row, state in zip(expected, "xg", strict=True):
        solution = receptor.solution(state).subs({**values_of(receptor), **known})
        got = [float(solution.subs(t, sympy.Float(s * 1e-3, 30)).evalf(20)) for s in times]
        assert np.max(np.abs(np.array(got) - row)) <= 1e-12


# -- Wang's gate ------------------------------------------------------------------------------------------

WANG = dict(alpha1=0.5, beta1=0.01, alpha2=0.0, beta2=0.5)  # BioNMDA's g after x was set to 1


def test_wang_closed_form():
    """One spike: peak of the gate, its time, and its late amplitude, against the printed goldens."""
    receptor = WangNMDA()
    solution = receptor.solution("s").subs(
        {**values_of(receptor), sympy.Symbol("x_0", real=True): 1, sympy.Symbol("s_0", real=True): 0}
    )

    def s(time):
        return float(solution.subs(t, sympy.Float(time * 1e-3, 30)).evalf(25))

    peak = 7.0809220804
    assert abs(s(peak) - 0.5918363626533588) <= 1e-13
    assert s(peak) > max(s(peak - 1e-3), s(peak + 1e-3))
    assert abs(s(200.0) * np.exp(2.0) - 0.6484167391163257) <= 1e-12
    times = [0.1, 1.0, 5.0, 30.0]
    exact = ref.bionmda(times, [], **WANG, x0=1.0)[1]
    assert np.max(np.abs([s(x) for x in times] - exact)) <= 1e-13


def test_wang_simulation():
    """One spike in a simulation at 0.1 ms: x exact, s of order 4; from sample k + 1 as other jumps."""
    k, n = 5, 500
    defaultclock.dt = 0.1 * ms
    model = GlutamateSynapse(WangNMDA())
    source = SpikeGeneratorGroup(1, [0], [k * 0.1] * ms)
    target = NeuronGroup(1, "dv/dt = -I_syn/(1*nF) : volt" + model.post_equations(), method="euler")
    synapses = model.synapses(source, target, tolerance=None)
    synapses.connect()
    monitor = StateMonitor(synapses, ["x_NMDA", "s_NMDA"], record=[0])
    run(n * 0.1 * ms)
    times = (np.arange(k + 1, n) - k - 1) * 0.1
    x, s = ref.bionmda(times, [], **WANG, x0=1.0)
    assert np.max(np.abs(monitor.x_NMDA[0, k + 1 :] - x)) <= 1e-13
    assert np.max(np.abs(monitor.s_NMDA[0, k + 1 :] - s)) <= 1e-10


# -- block --------------------------------------------------------------------------------------------

#: K (mM), k (1/mV), Mg (mM); printed half-voltage, voltage of the largest inward current, and B at
#: -70, -65, -40, 0 and 40 mV.
BLOCKS = {
    "Jahr & Stevens": (3.57, 0.062, 1.0, "-20.5253", "-26.955", ".04447 .05967 .23016 .78118 .97708"),
    "1.2 mM": (3.57, 0.062, 1.2, "-17.5846", "-25.813", ".03734 .05022 .19945 .74843 .97262"),
    "0.5 mM": (3.57, 0.062, 0.5, "-31.7050", "-31.983", ".08515 .11262 .37419 .87715 .98841"),
    "2 mM": (3.57, 0.062, 2.0, "-9.3455", "-23.033", ".02274 .03075 .13004 .64093 .95519"),
    "Blue Brain hippocampus": (2.62, 0.062, 1.0, "-15.5351", "-25.063", ".03303 .0445 .17993 .72376 .96903"),
    "Chindemi": (2.5522415, 0.07207477, 1.0, "-13.0000", "-21.431", ".01617 .02302 .12499 .71849 .97854"),
    "NeuroML": (1.92054, 1 / 16.129, 1.2, "-7.5852", "-22.519", ".02044 .02766 .11819 .61545 .95028"),
    "Doron": (7.51, 0.1, 1.0, "-20.1624", "-20.081", ".0068 .01116 .12092 .88249 .99757"),
}  # fmt: skip


@pytest.mark.parametrize("variant", BLOCKS)
def test_block(variant):
    """Half-voltage, voltage of the largest inward current, values: printed digits; 1e-14 of `reference`."""
    K, k, Mg, half, largest, printed = BLOCKS[variant]
    part = JahrStevens(K=K * mM, k=k / mV, Mg=Mg * mM)
    expression = part.equations["block"].subs(sympy.Symbol("v", real=True), t)  # v in volt, not time
    B = at(expression, part)
    grid = np.linspace(-120, 60, 181)
    assert np.max(np.abs(B(grid * 1e-3) - ref.block(grid, Mg, K, k))) <= 1e-14
    found = brentq(lambda v: B(v * 1e-3) - 0.5, -100, 50, xtol=1e-12)
    assert abs(found - np.log(Mg / K) / k) <= 1e-10 and agrees(found, half)
    steepest = brentq(lambda v: k * (1 - B(v * 1e-3)) * (0 - v) - 1, -60, -5, xtol=1e-12)
    lowest = minimize_scalar(lambda v: v * B(v * 1e-3), bounds=(-60, -5), method="bounded").x
    assert abs(lowest - steepest) < 1e-3 and agrees(steepest, largest)
    for v, number in zip((-70, -65, -40, 0, 40), printed.split(), strict=True):
        assert agrees(B(v * 1e-3), number)


def test_block_in_a_simulation():
    """``block_NMDA`` of the target against the formula; without magnesium it is exactly 1."""
    v = np.linspace(-100, 50, 31)
    for Mg in (1.3, 0.0):
        model = GlutamateSynapse(BioNMDA(block=JahrStevens(Mg=Mg * mM)))
        source = SpikeGeneratorGroup(1, [], [] * ms)
        target = NeuronGroup(len(v), "dv/dt = -I_syn/(1*nF) : volt" + model.post_equations(), method="euler")
        target.v = v * mV
        synapses = model.synapses(source, target)
        synapses.connect()
        run(0 * ms)
        got = target.block_NMDA[:]
        assert np.max(np.abs(got - ref.block(v, Mg, 3.57, 0.062))) <= 1e-14
        if Mg == 0:
            assert np.all(got == 1)
        b2.start_scope()
    assert NoBlock().equations["block"] == 1


# -- currents -----------------------------------------------------------------------------------------


def test_current_reverses_at_E_with_the_right_sign():
    """A membrane with nothing but open NMDA receptors goes to E = 12.3 mV from both sides.

    A wrong sign would drive it away; E = 0 would hide a forgotten E.
    """
    model = GlutamateSynapse(
        BioNMDA(E=12.3 * mV, gmax=50 * nS, block=JahrStevens(Mg=0 * mM)),
        release=TransmitterPulse(duration=50 * ms),
    )
    source = SpikeGeneratorGroup(1, [0], [0] * ms)
    target = NeuronGroup(
        3, "dv/dt = -I_syn/(20*pF) : volt" + model.post_equations(), method="exponential_euler"
    )
    target.v = np.array([-70, 12.3, 80]) * mV
    synapses = model.synapses(source, target)
    synapses.connect()
    monitor = StateMonitor(target, ["v", "I_NMDA"], record=True)
    run(40 * ms)
    assert np.all(monitor.I_NMDA[0, 3:20] < 0) and np.all(monitor.I_NMDA[2, 3:20] > 0)
    v = np.asarray(monitor.v)
    assert np.all(np.diff(v[0]) >= -1e-15) and np.all(np.diff(v[2]) <= 1e-15)
    assert np.max(np.abs(target.v / mV - 12.3)) < 1e-6
    assert np.max(np.abs(monitor.v[1] / mV - 12.3)) < 1e-12


@pytest.mark.parametrize("fraction, v_cal", [(0.1, -65.0), (0.073, -58.7)])
def test_calcium_fraction_is_calibrated(fraction, v_cal):
    """I_Ca/I_NMDA is ``fraction`` at ``v_cal``, for a generic E, whatever is open; 1e-14."""
    model = GlutamateSynapse(BioNMDA(E=12.3 * mV), calcium=SpineCalcium(fraction=fraction, v_cal=v_cal * mV))
    system = model.system
    (receptor,) = system.receptors
    total = sympy.Symbol(receptor.total_name, real=True)
    nmda = system.inserted(receptor.current).subs(total, receptor.conductance)
    calcium = system.inserted(system.definitions["I_Ca"].expression)
    ratio = sympy.lambdify(
        [t], (calcium / nmda).subs(values_of(model)).subs(sympy.Symbol("v", real=True), t)
        .subs(sympy.Symbol("g_NMDA", real=True), 0.37), "numpy",
    )  # fmt: skip
    assert abs(ratio(v_cal * 1e-3) - fraction) <= 1e-14
    # elsewhere the driving forces decide
    for v in (-80.0, -20.0, 30.0):
        expected = fraction * (v_cal - 12.3) / (v_cal - 130) * (v - 130) / (v - 12.3)
        assert abs(ratio(v * 1e-3) - expected) <= 1e-13 * abs(expected)


def test_fraction_of_current_reverses_with_the_receptor():
    """`FractionOfCurrent` is the fraction at every voltage, symbolically."""
    model = GlutamateSynapse(BioNMDA(), calcium=FractionOfCurrent())
    system = model.system
    (receptor,) = system.receptors
    nmda = receptor.current.subs(sympy.Symbol(receptor.total_name, real=True), receptor.conductance)
    difference = system.definitions["I_Ca"].expression - sympy.Symbol("fraction_Ca", real=True) * nmda
    assert sympy.simplify(difference) == 0


# -- calcium pool ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "volume, printed",
    [(0.01, "518.21348"), (0.03, "172.73783"), (0.05, "103.64270"), (0.065, "79.72515"),
     (0.087, "59.56477"), (0.1, "51.82135"), (0.5, "10.36427"), (1.0, "5.18213")],
)  # fmt: skip
def test_current_to_concentration(volume, printed):
    """uM/ms for 1 pA inward, unbuffered: printed digits, and kappa divides it by 1 + kappa."""
    for kappa in (0.0, 24.0):
        pool = SpineCalcium(V=volume * umetre**3, kappa=kappa)
        rate = at(pool.equations["dCa/dt"], pool, I_Ca=-1e-12, Ca=70e-6)
        assert abs(rate - ref.influx(volume, kappa)) <= 1e-13 * rate
        if kappa == 0:
            assert agrees(rate, printed)


def response(course, tau=20.0, **start):
    """Concentration above rest (uM) of the pool to an influx ``course`` (uM/ms) of time in ms."""
    pool = SpineCalcium(tau=tau * ms)
    names = sympy.symbols("F V kappa", real=True)
    F, V, kappa = names
    current = -2 * F * V * (1 + kappa) * course.subs(t, 1000 * t)
    solution = pool.solution("Ca", I_Ca=current)
    start = at(sympy.Symbol("rest", real=True), pool)
    function = at(solution - sympy.Symbol("rest", real=True), pool, Ca_0=start)
    return lambda time: 1e3 * function(np.asarray(time, float) * 1e-3)


TIMES = np.array([0.5, 3.0, 10.0, 20.0, 30.0, 75.0])


def test_pool_response_to_constant_current():
    """``.solution('Ca')`` for a constant current against ``tau (1 - exp(-t/tau))``: 1e-9."""
    got = response(sympy.Float(1))(TIMES)
    expected = ref.pool_constant(TIMES, 20.0)
    assert np.max(np.abs(got - expected)) <= 1e-9 * expected.max()


@pytest.mark.parametrize("tau_i", [2.0, 14.5, 100.0])
def test_pool_response_to_exponential_current(tau_i):
    """Exponential current against the closed form (1e-9), with its peak where that says."""
    got = response(sympy.exp(-t / tau_i))
    expected = ref.pool_exponential(TIMES, 20.0, tau_i)
    assert np.max(np.abs(got(TIMES) - expected)) <= 1e-9 * expected.max()
    peak = np.log(20.0 / tau_i) * 20 * tau_i / (20 - tau_i)
    assert got(peak) > max(got(peak * 0.999), got(peak * 1.001))


def test_pool_response_to_alpha_current():
    """Alpha current, tau_c 20 ms and tau_a 5 ms: the printed values, and the closed form to 1e-9."""
    got = response(t / 5 * sympy.exp(1 - t / 5))
    expected = ref.pool_alpha(TIMES, 20.0, 5.0)
    assert np.max(np.abs(got(TIMES) - expected)) <= 1e-9 * expected.max()
    for time, printed in ((10, "6.4802"), (20, "7.1187"), (30, "5.0620")):
        assert agrees(got(time), printed)


def test_pool_response_to_difference_of_exponentials():
    """NMDA-like current (2 and 100 ms) into a pool of 20 ms: the printed values."""
    got = response(sympy.exp(-t / 100) - sympy.exp(-t / 2))
    for time, printed in ((10, "6.12480"), (20, "10.45387"), (30, "12.44636")):
        assert agrees(got(time), printed)


def test_pool_in_a_simulation():
    """Calcium and its integrator under voltage clamp, against DOP853 of the whole system.

    The pool holds the conductance over a step: order 1. So the errors at 0.1 and 0.05 ms halve, and
    their extrapolation is within 1e-4 of the peak.
    """
    model = GlutamateSynapse(BioNMDA(), calcium=SpineCalcium())
    p = {k.name: v for k, v in values_of(model).items()}
    k, v, end = 9, -30e-3, 60.0
    B = 1 / (1 + p["Mg"] / p["K_NMDA"] * np.exp(-p["k_NMDA"] * v))
    f = p["fraction_Ca"] * (p["v_cal_Ca"] - p["E_NMDA"]) / (p["v_cal_Ca"] - p["E_Ca"])

    def right(time, y, T):
        x, g, Ca, slow = y
        I_Ca = f * p["gmax_NMDA"] * g * B * (v - p["E_Ca"])
        return [
            p["alpha2_NMDA"] * T * (1 - x) - p["beta2_NMDA"] * x,
            p["alpha1_NMDA"] * x * (1 - g) - p["beta1_NMDA"] * g,
            -I_Ca / (2 * p["F_Ca"] * p["V_Ca"] * (1 + p["kappa_Ca"])) - (Ca - p["rest_Ca"]) / p["tau_Ca"],
            (Ca - p["rest_Ca"] - slow) / p["tau_Ca_eff"],
        ]  # fmt: skip

    errors = []
    common = np.arange(0, end, 0.1)
    for dt, spike in ((0.1, k), (0.05, 2 * k + 1)):  # the same t_{k+1}
        b2.start_scope()
        defaultclock.dt = dt * ms
        source = SpikeGeneratorGroup(1, [0], [spike * dt] * ms)
        target = NeuronGroup(1, "dv/dt = 0*I_syn/(1*nF) : volt" + model.post_equations(), method="euler")
        target.v = v * 1e3 * mV
        synapses = model.synapses(source, target)
        synapses.connect()
        monitor = StateMonitor(synapses, ["Ca", "Ca_eff"], record=True)
        run(end * ms)
        every = round(0.1 / dt)
        errors.append(np.array([monitor.Ca[0, ::every], monitor.Ca_eff[0, ::every]]))
    on = (k + 1) * 0.1e-3
    y, exact = np.array([0, 0, p["rest_Ca"], 0]), np.empty((2, len(common)))
    for a, b, T in ((0, on, 0), (on, on + 0.5e-3, p["peak_T"]), (on + 0.5e-3, end * 1e-3, 0)):
        here = (common * 1e-3 >= a - 1e-9) & (common * 1e-3 < b - 1e-9)
        solved = solve_ivp(right, (a, b), y, "DOP853", args=(T,), rtol=1e-12, atol=1e-18, dense_output=True)
        exact[:, here] = solved.sol(common[here] * 1e-3)[2:]
        y = solved.y[:, -1]
    for i, name in enumerate(("Ca", "Ca_eff")):
        size = np.max(np.abs(exact[i]))
        coarse, fine = (np.max(np.abs(e[i] - exact[i])) / size for e in errors)
        extrapolated = np.max(np.abs(2 * errors[1][i] - errors[0][i] - exact[i])) / size
        report = f"{name}: {coarse:.2e}, {fine:.2e}, extrapolated {extrapolated:.2e}"
        print(report)
        assert coarse < 1e-2 and abs(np.log2(coarse / fine) - 1) < 0.2, report
        assert extrapolated < 1e-4, report


# -- what every model has -------------------------------------------------------------------------------


def composed():
    """A model with everything."""
    return GlutamateSynapse([AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=ReceptorInsertion())


def right_hand_sides(part):
    """Rates as text-book functions of named values, and the names of the states."""
    equations = part.equations
    rates = {n[1:-3]: e for n, e in equations.items() if n.startswith("d") and n.endswith("/dt")}
    if isinstance(part, GlutamateSynapse):
        named, own = part.system.definitions, list(rates)
        rates = {n: part.system.inserted(e, keep=[m for m in named if m == "T"]) for n, e in rates.items()}
    else:  # a part contains other parts, but its Jacobian is of its own states
        own = [n for n in rates if n in part.template.states]
        named = {n: d.expression for n, d in part.template.definitions.items()}
        rates = {n: rates[n].subs({sympy.Symbol(m, real=True): e for m, e in named.items()}) for n in own}
    return {n: rates[n] for n in own}


MODELS = [
    AMPA,
    BioNMDA,
    TwoExponentialNMDA,
    WangNMDA,
    SpineCalcium,
    CalciumIntegrator,
    ReceptorInsertion,
    BackPropagatingSpike,
    composed,
]


@pytest.mark.parametrize("make", MODELS, **ids)
def test_jacobian(make):
    """``.jacobian()`` against central differences of the equations, away from thresholds."""
    part = make()
    rates = right_hand_sides(part)
    rng = np.random.default_rng(1)
    scale = {"Ca": 2e-3, "Ca_eff": 3e-3, "n": 25.0, "n_AMPA": 25.0, "A_fast": 0.05, "A_slow": 0.05}
    point = {n: scale.get(n, 1.0) * rng.uniform(0.8, 1.0) for n in rates}
    inputs = {"T": 0.7, "v": -0.03, "Ca": 2e-3, "Ca_eff": 3e-3, "Ca_rest": 7e-5, "I_Ca": -3e-13}
    given = {n: v for n, v in inputs.items() if n not in point}
    jacobian = part.jacobian()
    assert jacobian.shape == (len(rates), len(rates))

    def evaluate(expression, values):
        return at(expression, part, **given, **values)

    for j, state in enumerate(rates):
        h = 1e-5 * point[state]
        up, down = ({**point, state: point[state] + s * h} for s in (1, -1))
        for i, rate in enumerate(rates.values()):
            numeric = (evaluate(rate, up) - evaluate(rate, down)) / (2 * h)
            exact = evaluate(jacobian[i, j], point)
            size = abs(evaluate(rate, point)) + abs(numeric * point[state])
            assert abs(exact - numeric) * point[state] <= 1e-9 * size, (state, list(rates)[i])


@pytest.mark.parametrize(
    "part, inputs",
    [
        (AMPA(), {"T": 0.4}),
        (BioNMDA(), {"T": 0.4}),
        (TwoExponentialNMDA(), {}),
        (SpineCalcium(), {"I_Ca": -2e-13}),
        (CalciumIntegrator(), {"Ca": 1e-3, "Ca_rest": 7e-5}),
        (ReceptorInsertion(), {"Ca_eff": 1e-3}),
        (ReceptorInsertion(), {"Ca_eff": 5e-3}),
        (BackPropagatingSpike(), {}),
    ],
    ids=lambda x: type(x).__name__ if not isinstance(x, dict) else "",
)
def test_steady_state_is_the_late_solution(part, inputs):
    """``.steady_state()`` against ``.solution()`` after 60 of the slowest time constants, and f = 0."""
    steady = part.steady_state()
    own = list(part.template.states)
    assert set(steady) == set(own)
    values = {n: at(e, part, **inputs) for n, e in steady.items()}
    known = {sympy.Symbol(n, real=True): x for n, x in inputs.items()}
    for state in own:
        rate = right_hand_sides(part)[state]
        slope = abs(at(sympy.diff(rate, sympy.Symbol(state, real=True)), part, **inputs, **values))
        size = max(abs(values[state]), 1e-12)
        assert abs(at(rate, part, **inputs, **values)) <= 1e-12 * slope * size
        late = part.solution(state).subs({**values_of(part), **known})
        late = late.subs({sympy.Symbol(f"{n}_0", real=True): 1e-3 * (i + 1) for i, n in enumerate(own)})
        slowest = min(
            abs(at(sympy.diff(r, sympy.Symbol(n, real=True)), part, **inputs, **values))
            for n, r in right_hand_sides(part).items()
        )
        number = sympy.lambdify([t], late, modules=[{"exprel": lambda z: float(exprel(float(z)))}, "mpmath"])
        assert abs(float(number(60 / slowest)) - values[state]) <= 1e-12 * max(size, 1e-3)


@pytest.mark.parametrize("kind", PARTS, **ids)
def test_latex(kind):
    """Every shipped part typesets itself, with balanced braces and every state's derivative."""
    part = kind()
    text = part.latex()
    assert text.startswith("\\begin{align*}") and text.endswith("\\end{align*}")
    assert text.count("{") == text.count("}")
    assert text.count("}{dt}") >= len(part.template.states)
    assert part._repr_latex_() == text


@pytest.mark.parametrize("kind", PARTS, **ids)
def test_every_number_has_meaning_and_provenance(kind):
    """Each parameter says what it is, and where it comes from unless it is marked as assumed."""
    for row in kind().parameters:
        assert row["meaning"].strip(), row
        assert row["source"].strip() or row["status"] == "assumed", row
        assert row["status"] in ("reported", "converted", "fitted", "assumed"), row
        assert np.isfinite(np.asarray(row["value"])), row
    assert len({r["name"] for r in kind().parameters}) >= len(kind().template.parameters)


def test_seed_parameters():
    """The defaults of BioNMDA and its pulse are those of BrainPy's code (not of its docstring)."""
    receptor, pulse = BioNMDA(), TransmitterPulse()
    assert float(receptor.alpha1 * ms) == pytest.approx(2, abs=1e-15)
    assert float(receptor.beta1 * ms) == pytest.approx(0.01, abs=1e-17)
    assert float(receptor.alpha2 * mM * ms) == pytest.approx(1, abs=1e-15)
    assert float(receptor.beta2 * ms) == pytest.approx(0.5, abs=1e-15)
    assert float(pulse.peak / mM) == 1 and float(pulse.duration / ms) == 0.5
