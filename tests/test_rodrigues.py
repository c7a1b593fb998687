"""Enzymes and readout of Rodrigues et al. (2023): `equations/rodrigues.py`, alone and together.

Held against: the golden numbers of an own NumPy/SciPy simulator of the paper's model, which shares nothing
with this package (stoichiometry matrices and BDF, and hand-written equations and LSODA, which agree to 1e-8);
closed forms of the readout; the printed starts of the published code.
"""

from functools import cache
from pathlib import Path
from runpy import run_path

import brian2 as b2
import numpy as np
import pytest
import sympy
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    defaultclock,
    kelvin,
    mM,
    ms,
    second,
    umolar,
)
from brian2.devices.device import reset_device
from scipy.integrate import solve_ivp
from scipy.optimize import root

from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    Parameter,
    Part,
    conductance,
    define,
    gives,
    needs,
    states,
)
from brian2_nmda.conformance import checks_for
from brian2_nmda.equations import (
    RodriguesEnzymes,
    RodriguesReadout,
    TwoExponentialAMPA,
    TwoExponentialNMDA,
)
from brian2_nmda.symbolic.expressions import numeric
from brian2_nmda.symbolic.kinds import Calcium
from brian2_nmda.symbolic.part import Ca, G_open, v

pytestmark = pytest.mark.xdist_group(__name__)  # one process: the runs are shared

TWINS = run_path(str(Path(__file__).with_name("twins.py")))["TWINS"]
UM = 1e-3  # one uM in the unit of the package, mol/m^3
FORMS = ["K0", "K2C", "K2N", "K4", "P0", "P2C", "P2N", "P4"]
#: Calmodulin, CaMKII and calcineurin in each state.
TOTALS = {
    30: ["CaM0", "CaM2C", "CaM2N", "CaM4", "CaN4", *FORMS],
    70: ["K", "P", "P2", *FORMS],
}
#: Calcium ions in each state.
IONS = {"CaM2C": 2, "CaM2N": 2, "CaM4": 4, "CaN4": 4, "K2C": 2, "K2N": 2, "K4": 4, "P2C": 2, "P2N": 2,
        "P4": 4}  # fmt: skip


class Clamp(Calcium):
    """Calcium that stays where it is set."""

    level = Parameter(0.05 * umolar, "calcium at the start")
    Ca = states("Ca", within=(None, None), unit=mM, initial=level, bare=True)
    dCa = 0
    current = G_open * v  # seen by nothing
    resting = level


# -- the chemistry -----------------------------------------------------------------------------------


class Chemistry:
    """The rates of the package as functions of calcium and the 16 states, in uM and ms."""

    def __init__(self, enzymes=None):
        model = GlutamateSynapse([AMPA(), BioNMDA()], calcium=Clamp(), parts=enzymes or RodriguesEnzymes())
        system = model.system
        self.names = [n.removesuffix("_CaMKII") for n in system.states if n.endswith("_CaMKII")]
        states = [f"{n}_CaMKII" for n in self.names]
        rates = [system.inserted(system.rates[n]) for n in states]
        self._rates = numeric(sympy.Tuple(*rates), ["Ca", *states], system.values())
        self.start = np.array([system.initial[n] for n in states]) / UM

    def rates(self, t, y, calcium):
        """Per ms."""
        return np.array(self._rates(UM * calcium(t), *(UM * y)), float) / UM * 1e-3

    def all_apo(self):
        return np.array([{"CaM0": 30.0, "K": 70.0}.get(n, 0.0) for n in self.names])

    def after(self, y, calcium, times, longest=50.0):
        """States at ``times`` (ms), which begin with the start."""
        found = solve_ivp(self.rates, (times[0], times[-1]), y, "LSODA", times, args=(calcium,), rtol=1e-10,
                          atol=1e-13, max_step=longest)  # fmt: skip
        return found.y

    def steady(self, Ca):
        """The steady state at held calcium, by integration and then Newton's method on rates and totals."""
        y = self.after(self.all_apo(), lambda t: Ca, [0, 2e6], np.inf)[:, -1]

        def excess(y):
            rates = self.rates(0, y, lambda t: Ca)
            kept = [i for i, n in enumerate(self.names) if n not in ("K", "CaM0")]
            totals = [sum(y[self.names.index(n)] for n in TOTALS[total]) / total - 1 for total in TOTALS]
            return np.r_[rates[kept] * 1e3, totals]

        found = root(excess, y, tol=1e-13)
        assert np.max(np.abs(excess(found.x))) < 1e-9
        assert np.max(np.abs(found.x - y)) < 1e-5 * np.max(y)
        return found.x

    def read(self, y):
        """CaMKII and CaN."""
        bound = sum(y[self.names.index(n)] for n in [*FORMS, "P", "P2"])
        return bound, y[self.names.index("CaN4")]


@cache
def chemistry(temperature=35.0):
    return Chemistry(RodriguesEnzymes(temperature=(temperature + 273.15) * kelvin))


@cache
def at_rest():
    return chemistry().steady(0.05)


def same(found, printed, digits):
    return abs(found - printed) <= 0.5001 * 10.0**-digits


#: Calcium: steady CaMKII and CaN at 35 degC, both after 1 s from all apo and from the steady state at 0.05
#: uM, and steady at 25 degC.
HELD = {
    0.05: (4.612484, 0.001742, 1.576061, 0.000011, 4.612484, 0.001742, 15.811888, 0.003017),
    0.1: (5.787555, 0.027167, 1.710021, 0.000164, 4.746291, 0.001931, 17.640401, 0.045744),
    0.5: (20.093174, 5.697917, 4.805525, 0.061904, 7.803798, 0.062756, 30.914311, 6.861206),
    2: (24.505795, 15.641043, 23.061227, 2.481057, 24.966530, 2.388480, 30.611247, 15.790994),
    10: (23.798981, 16.652036, 29.169537, 6.524702, 30.579164, 6.380339, 29.296439, 16.728365),
}


def test_held_calcium():
    """Table 4.1, every printed digit: steady states at 35 and 25 degC, and 1 s from two starts."""
    for level, printed in HELD.items():
        found = [*chemistry().read(chemistry().steady(level))]
        for start in (chemistry().all_apo(), at_rest()):
            found += chemistry().read(chemistry().after(start, lambda t, x=level: x, [0, 1000])[:, -1])
        found += chemistry(25.0).read(chemistry(25.0).steady(level))
        for x, number in zip(found, printed, strict=True):
            assert same(x, number, 6), (level, found)


def test_steady_state_at_rest():
    """All states at 0.05 uM and 35 degC, to the printed digits."""
    printed = {"CaM0": 27.0124, "CaM2C": 6.51281e-3, "CaM2N": 6.71638e-4, "CaM4": 9.95323e-8, "K": 65.3875,
               "K0": 1.05566, "K2N": 1.36075e-3, "K2C": 0.0554205, "K4": 7.03414e-5, "P0": 1.77081,
               "P2C": 0.0929646, "P2N": 2.28259e-3, "P4": 1.17994e-4, "P": 0.905646,
               "P2": 0.728144}  # fmt: skip
    for name, number in printed.items():
        assert abs(at_rest()[chemistry().names.index(name)] / number - 1) < 5.1e-6 * (1 + 1 / 9.9), name


#: Peak of a calcium pulse: largest CaMKII, when, and at 50, 100, 1000, 10000 ms; the same for CaN.
PULSES = {
    1: (4.78045, 203, (4.74407, 4.77062, 4.73581, 4.65442), 0.002442, 4285,
        (0.002201, 0.002281, 0.002389, 0.002400)),
    5: (6.76071, 89.2, (6.65014, 6.75802, 6.13387, 5.12928), 0.103607, 2935,
        (0.088680, 0.094895, 0.101405, 0.095192)),
    20: (16.12923, 65.4, (16.01511, 15.89428, 14.07943, 7.74368), 1.879105, 3430,
         (1.621251, 1.695699, 1.810070, 1.737920)),
}  # fmt: skip


def test_calcium_pulses():
    """Table 4.2: the course of both enzymes after one pulse that decays with 20 ms."""
    times = np.r_[np.arange(0, 400, 0.1), np.arange(400, 10001, 1.0)]
    for peak, (top, at, course, top_N, at_N, course_N) in PULSES.items():
        y = chemistry().after(at_rest(), lambda t, p=peak: 0.05 + (p - 0.05) * np.exp(-t / 20), times)
        for x, largest, when, printed, digits in zip(
            chemistry().read(y), (top, top_N), (at, at_N), (course, course_N), (5, 6), strict=True
        ):
            assert same(x.max(), largest, digits), peak
            assert abs(times[x.argmax()] - when) <= (0.6 if when < 1000 else 6), peak
            for t, number in zip((50, 100, 1000, 10000), printed, strict=True):
                assert same(x[np.searchsorted(times, t - 1e-6)], number, digits), (peak, t)


def test_starts_are_those_of_the_code():
    """The printed free calmodulin and CaMKII follow from the totals; CaMKII as the sheet adds it up."""
    printed = {"25 degC": (18.4224, 47.9435, 22.057, 1.392), "30 degC": (19.9021, 49.6584, 20.342, 0.527),
               None: (25.1469, 62.3236, 7.676, 0.134)}  # fmt: skip
    for name, (CaM0, K, CaMKII, CaN) in printed.items():
        made = Chemistry(RodriguesEnzymes() if name is None else RodriguesEnzymes.preset(name))
        for total, among in TOTALS.items():
            assert abs(sum(made.start[made.names.index(n)] for n in among) - total) <= 1e-13 * total
        # the starts have six digits, so the rest, up to 11 of them, is off by a few in the last one
        assert abs(made.start[made.names.index("CaM0")] - CaM0) < 1e-4
        assert abs(made.start[made.names.index("K")] - K) < 1e-4
        assert np.allclose(made.read(made.start), (CaMKII, CaN), rtol=0, atol=5.1e-4)


# -- the readout, with both enzymes held ---------------------------------------------------------------


class Held(Part):
    """Both enzymes as they are set."""

    CaN_is = states("CaN_is", within=(0, None), unit=umolar)
    CaMKII_is = states("CaMKII_is", within=(0, None), unit=umolar)
    dCaN_is = 0
    dCaMKII_is = 0
    moved_by_hand = "a script sets them"
    CaN = gives(CaN_is, unit=umolar)
    CaMKII = gives(CaMKII_is, unit=umolar)


MEMBERS = {
    (8, 15): (0, 1), (10, 29.5): (0, 1), (6.35, 15): (1, 1), (5, 15): (1, 0), (2, 12): (1, 0),
    (2.5, 8): (1, 0), (3, 25): (1, 0), (2.4, 8): (0, 0), (3, 25.3): (0, 0), (8, 29.6): (0, 0),
    (10.1, 15): (0, 0), (5, 1.3): (0, 0), (1.84, 15): (0, 0), (11, 21): (0, 0), (1.85, 15): (1, 0),
    (6.35, 1.4): (1, 1), (6.35, 29.5): (1, 1), (1.85, 23.25): (1, 0), (10, 1.4): (0, 1),
    (6.350001, 15): (0, 1), (6.349999, 15): (1, 0), (4, 29.5): (0, 0), (3.7, 1.4): (0, 0), (3.8, 1.4): (1, 0),
}  # fmt: skip


def test_membership():
    """The list of the sheet, closed edges and corners, and points on both sides of an edge."""
    system = GlutamateSynapse(AMPA(), plasticity=RodriguesReadout(), parts=Held()).system
    inside = [system.inserted(system.definitions[f"inside_{k}_AMPA"].expression) for k in "DP"]
    function = numeric(sympy.Tuple(*inside), ["CaN_is_Held", "CaMKII_is_Held"], system.values())
    for (CaN, CaMKII), expected in MEMBERS.items():
        found = function(float(CaN * umolar), float(CaMKII * umolar))
        assert tuple(float(x) for x in found) == expected, (CaN, CaMKII)


#: Seconds at (8, 15), the activation at their end, the weight then and after 150 s outside; and at (5, 15).
LTP = {5: (1000, 0.0756, 0.3020), 10: (2000, 0.5966, 1.4870), 30: (6000, 13.5543, 19.7423),
       60: (12000, 58.8640, 67.5454), 120: (24000, 97.8909, 98.8079)}  # fmt: skip
LTD = {60: (6000, -0.6210, -1.3903), 180: (18000, -15.1090, -20.7227), 300: (30000, -51.3882, -59.4877),
       600: (60000, -99.1202, -99.5258), 900: (90000, -99.9996, -99.9999)}  # fmt: skip
OUTSIDE, IN_P, IN_D = (11, 21), (8, 15), (5, 15)
#: Pieces of each course: a point in the plane and how long (s).
COURSES = [
    *([(IN_P, t), (OUTSIDE, 150)] for t in LTP),
    *([(IN_D, t), (OUTSIDE, 150)] for t in LTD),
    [(IN_D, 300), (IN_P, 30), (OUTSIDE, 150)],
    [(IN_P, 30), (IN_D, 300), (OUTSIDE, 150)],
    [(OUTSIDE, 150)],
]
TIMES = sorted({0.0, *(float(t) for c in COURSES for t in np.cumsum([s for _, s in c]))})


def courses(deterministic, copies=1, dt=250 * ms, until=TIMES[-1]):
    """Activations and agents of each course at `TIMES`; a synapse for each course and copy."""
    defaultclock.dt = dt
    b2.seed(20230324)
    model = GlutamateSynapse(
        TwoExponentialAMPA(), plasticity=RodriguesReadout(deterministic=deterministic), parts=Held()
    )
    n = len(COURSES) * copies
    target = NeuronGroup(n, "v : volt\nI = I_syn : amp" + model.post_equations())
    S = model.synapses(SpikeGeneratorGroup(n, [], [] * ms), target, delay=0 * ms)
    S.connect(j="i")
    net, found = Network(S, target, S.source), {}
    for start, end in zip(TIMES, [*TIMES[1:], None], strict=True):
        found[start] = {k: np.array(getattr(S, f"{k}_AMPA")).reshape(copies, -1)
                        for k in ("act_D", "act_P", "NC", "LTD", "LTP")}  # fmt: skip
        if end is None or end > until:
            return found
        points = []
        for course in COURSES:
            ends = np.cumsum([s for _, s in course])
            k = int(np.searchsorted(ends, start, side="right"))
            points.append(course[min(k, len(course) - 1)][0])
        CaN, CaMKII = np.tile(np.array(points).T, copies)
        S.CaN_is_Held, S.CaMKII_is_Held = CaN * umolar, CaMKII * umolar
        net.run((end - start) * second)


@cache
def mean_field():
    return courses(True)


def test_mean_field_of_the_readout():
    """Table 4.3, every printed digit: weights while enzymes are inside, after 150 s outside, and in a row."""
    for k, (region, course) in enumerate(
        [*(("P", (t, *x)) for t, x in LTP.items()), *(("D", (t, *x)) for t, x in LTD.items())]
    ):
        seconds, activation, inside, after = course
        found = mean_field()
        for t, weight in ((seconds, inside), (seconds + 150, after)):
            w = found[float(t)]["LTP"][0, k] - found[float(t)]["LTD"][0, k]
            assert same(w, weight, 4), (region, t, w)
        assert abs(found[float(seconds)][f"act_{region}"][0, k] / activation - 1) < 1e-12
    end = mean_field()[480.0]
    for k, printed in ((-3, (42.4602, 48.4396, 9.1002)),):
        for name, number in zip(("NC", "LTD", "LTP"), printed, strict=True):
            assert same(end[name][0, k], number, 4), name
    assert same(end["LTP"][0, -2] - end["LTD"][0, -2], -44.2629, 4)
    assert end["NC"][0, -1] == 100
    for state in mean_field().values():
        assert np.max(np.abs(state["NC"] + state["LTD"] + state["LTP"] - 100)) < 1e-11


def test_agents_follow_the_mean():
    """A hundred agents of 400 synapses for each course: their mean, and a binomial variance."""
    copies, dt = 400, 0.1
    counted = courses(False, copies, dt * second, until=120.0)
    for t, state in counted.items():
        assert np.all(state["NC"] + state["LTD"] + state["LTP"] == 100)
        expected = mean_field()[t]
        for name in ("NC", "LTD", "LTP"):
            share = expected[name][0] / 100
            variance = 100 * share * (1 - share)  # all begin in one state, and do not know of each other
            # the rate of a step is that at its start: dt/2 late, of a course that takes tens of seconds
            late = dt / 2 * 100 / 13
            error = np.abs(state[name].mean(axis=0) - expected[name][0])
            assert np.all(error <= 3 * np.sqrt(variance / copies) + late * (variance > 1e-9)), (t, name)
            large = variance > 1
            spread = state[name].var(axis=0, ddof=1)[large] / variance[large]
            assert np.all(np.abs(spread - 1) < 4 * np.sqrt(2 / (copies - 1)) + 0.02), (t, name)


# -- all together --------------------------------------------------------------------------------------


class Bound(Calcium):
    """A closed spine: a buffer, and what the chemistry takes."""

    k_on = Parameter(0.247 / (umolar * ms), "binding")
    k_off = Parameter(0.524 / ms, "unbinding")
    total = Parameter(62 * umolar, "buffer")
    taken = needs("calcium_binding", umolar / second)
    Ca = states("Ca", within=(None, None), unit=mM, bare=True)
    B = states("B", within=(0, total), unit=mM, bare=True)
    dB = k_on * (total - B) * Ca - k_off * B
    dCa = -k_on * (total - B) * Ca + k_off * B - taken
    current = G_open * v  # seen by nothing
    resting = 0


def test_calcium_that_is_bound_is_conserved():
    """What `calcium_binding` takes is in the states: table 4.7, a closed spine after 100 ms."""
    model = GlutamateSynapse([AMPA(), BioNMDA()], calcium=Bound(), parts=RodriguesEnzymes())
    system = model.system
    names = ["Ca", "B", *(f"{n}_CaMKII" for n in chemistry().names)]
    rates = numeric(sympy.Tuple(*(system.inserted(system.rates[n]) for n in names)), names, system.values())

    def per_ms(t, y):
        return np.array(rates(*(UM * y)), float) / UM * 1e-3

    start = np.r_[5.0, 62 * 0.247 * 0.05 / (0.247 * 0.05 + 0.524), at_rest()]  # 1.4276 uM of the buffer
    ions = np.array([1, 1, *(IONS.get(n, 0) for n in chemistry().names)])
    y = solve_ivp(per_ms, (0, 100), start, "BDF", rtol=1e-10, atol=1e-13).y[:, -1]
    assert same(ions @ start, 6.753759, 6)
    assert abs(ions @ y - ions @ start) <= 1e-9 * (ions @ start)
    assert same(y[0], 0.218713, 6)


class Pulses(Calcium):
    """Each spike adds calcium, which decays with 20 ms."""

    rest = Parameter(0.05 * umolar, "resting calcium")
    tau = Parameter(20 * ms, "decay")
    added = states("added", within=(None, None), unit=mM, bare=True)
    Ca = states("Ca", within=(None, None), unit=mM, initial=rest, bare=True)
    dadded = 0
    dCa = -(Ca - rest) / tau
    on_spike = {Ca: Ca + added}
    current = G_open * v  # seen by nothing
    resting = rest


#: Peak of a pulse (uM): enzymes at the end of 300 pulses at 5 Hz, and agents 150 s later.
TRAINS = {
    2: (17.6470, 2.9514, (99.418, 0.582, 0.0)),
    5: (23.1074, 11.7702, (83.068, 0.360, 16.572)),
    10: (24.1246, 14.7770, (86.891, 0.357, 12.751)),
}


def train(dt, name):
    """Three synapses whose pulses differ; enzymes and agents every second."""
    start = dict(zip(chemistry().names, at_rest(), strict=True))
    enzymes = RodriguesEnzymes(
        start_4=start["CaM4"] / 30,
        **{f"start_{n}": start[n] * umolar for n in ("CaN4", *FORMS, "P", "P2")},
        start_2C=start["CaM2C"] * umolar,
        start_2N=start["CaM2N"] * umolar,
    )
    model = GlutamateSynapse(
        [TwoExponentialAMPA(), TwoExponentialNMDA()],
        calcium=Pulses(),
        plasticity=RodriguesReadout(deterministic=True),
        parts=enzymes,
    )
    # an input each: what no spike changes lives with the presynaptic neuron
    spikes = np.repeat(np.arange(300) / 5, 3) * second
    source = SpikeGeneratorGroup(3, np.tile(np.arange(3), 300), spikes, dt=dt, name=f"{name}_source")
    target = NeuronGroup(
        3, "v : volt\nI = I_syn : amp" + model.post_equations(), dt=dt, name=f"{name}_target"
    )
    S = model.synapses(source, target, delay=0 * ms, dt=dt, name=name)
    S.connect(i=np.arange(3), j=np.arange(3))
    # what the chemistry holds over a step is calcium in the middle of it: then order 2, (dt/20 ms)**2
    S.added = (np.array(list(TRAINS)) - 0.05) * np.exp(-float(dt / ms) / 40) * umolar
    read = [n for n in model.system.states if n.endswith(("_CaMKII", "_AMPA"))]
    read = [n for n in read if n in S.variables]
    return [source, target, S, StateMonitor(S, read, record=True, dt=1 * second, name=f"{name}_m")]


@pytest.mark.slow
def test_train_of_pulses(tmp_path):
    """Chemistry and readout in one C++ program: table 4.2, w -0.582, +16.211 and +12.394.

    The sheet was computed at steps of 0.05 ms, and its two routes agree within 0.01 in w.
    """
    b2.set_device("cpp_standalone", build_on_run=False)
    b2.prefs["codegen.cpp.extra_compile_args_gcc"] = ["-w", "-O2"]
    try:
        objects = train(0.1 * ms, "train")
        Network(*objects).run(211 * second)
        b2.device.build(directory=str(tmp_path / "program"))
        monitor = objects[-1]
        x = {n: np.array(getattr(monitor, n)) for n in monitor.record_variables}
    finally:
        b2.device.reinit()
        reset_device("runtime")
    for total, among in TOTALS.items():
        assert np.max(np.abs(sum(x[f"{n}_CaMKII"] for n in among) / UM - total)) < 1e-9
    for k, (CaMKII, CaN, printed) in enumerate(TRAINS.values()):
        for found, number in zip(_enzymes_of(x, k), (CaMKII, CaN), strict=True):
            assert abs(found - number) < 2e-4 * number
        agents = np.array([x[f"{n}_AMPA"][k, 210] for n in ("NC", "LTD", "LTP")])
        assert np.max(np.abs(agents - printed)) < 0.015, agents


def _enzymes_of(x, k):
    """CaMKII and CaN of a synapse at 60 s, in uM."""
    yield sum(x[f"{n}_CaMKII"][k, 60] for n in [*FORMS, "P", "P2"]) / UM
    yield x["CaN4_CaMKII"][k, 60] / UM


# -- what is refused -----------------------------------------------------------------------------------


class Twice(RodriguesEnzymes):
    """Two calcium ions bind with all of `f Ca^2`: the factor 1/2 was forgotten."""

    _e = RodriguesEnzymes
    bind_N = define(
        _e.on1_N * _e.on2_N / (_e.off1_N + _e.on2_N * Ca) * Ca**2,
        unit=1 / ms,
        meaning="two calcium ions to the N lobe",
    )


class Negative(RodriguesEnzymes):
    """Phosphorylation that does not ask whether there is anything left to phosphorylate."""

    _e = RodriguesEnzymes
    dK4 = (
        _e.on_4 * _e.CaM4 * _e.K + _e.bind_KN * _e.K2C + _e.bind_KC * _e.K2N - _e.phosphorylation * _e.K_total
    )


class Mirrored(RodriguesReadout):
    """Potentiation and depression are exchanged."""

    _r = RodriguesReadout
    conductance = conductance * (1 - (_r.LTP - _r.LTD) / _r.agents)


def test_planted_errors_are_found():
    """A forgotten factor, a state that becomes negative, a weight with the wrong sign."""
    for part, check in ((Twice(), "reference"), (Negative(), "invariance"), (Mirrored(), "reference")):
        reference = TWINS[type(part).__mro__[1].__name__]
        found = dict(checks_for(part, targets=(), reference=reference))[check].result()
        assert not found.passed and found.message, part
