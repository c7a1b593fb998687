"""From calcium to AMPA receptors: the parts of `equations/kinases.py`, alone and composed.

Held against: the numbers and files of Graupner & Brunel (2007; ModelDB 114452) and of Castellani et al.
(2001) as in science.md 4.3, 4.5 and 6.9; SciPy's LSODA on the equations of `twins.py`, which share nothing
with the package; the matrix exponential of the four-state scheme of phosphorylation.
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
    mM,
    ms,
    mV,
    second,
    umolar,
)
from brian2.devices.device import reset_device
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.optimize import brentq, minimize_scalar

from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    ModelError,
    Parameter,
    Part,
    SpineCalcium,
    gives,
    states,
)
from brian2_nmda.conformance import checks_for
from brian2_nmda.equations import (
    CastellaniEnzymes,
    CastellaniPhosphorylation,
    GraupnerBrunel2007,
    KinaseDrivenInsertion,
)
from brian2_nmda.export.sheet import sheet
from brian2_nmda.symbolic.expressions import numeric, symbol
from brian2_nmda.symbolic.kinds import Calcium
from brian2_nmda.symbolic.part import G_open, v

pytestmark = pytest.mark.xdist_group(__name__)  # one process: the runs are shared

TWINS = run_path(str(Path(__file__).with_name("twins.py")))["TWINS"]
UM = 1e-3  # one uM in the unit of the package, mol/m^3
RINGS = [f"B{k}" for k in range(1, 14)]


class Clamp(Calcium):
    """Calcium that stays where it is set."""

    level = Parameter(0.1 * umolar, "calcium at the start")
    Ca = states("Ca", within=(None, None), unit=mM, initial=level, bare=True)
    dCa = 0
    current = G_open * v  # seen by nothing
    resting = level


def chain(enzymes=GraupnerBrunel2007, calcium=Clamp, **phosphorylation):
    """Calcium, enzymes, and a number and a conductance of AMPA receptors that they set."""
    return GlutamateSynapse(
        [AMPA(), BioNMDA()],
        calcium=calcium(),
        plasticity=[KinaseDrivenInsertion(), CastellaniPhosphorylation(**phosphorylation)],
        parts=enzymes(),
    )


# -- fixed points and windows, from the equations of the composed chain ------------------------------


class Held:
    """A composed chain at held calcium. Its rates are affine in all but ``S``, on which ``k_10`` depends.

    So for a given ``S`` everything else follows from linear equations, and a fixed point is a value of
    ``S`` that its rings have. Concentrations are in uM.
    """

    def __init__(self, model):
        system = model.system
        self.p = system.values()
        rest = [system.inserted(system.states[f"{n}_CaMKII"].initial) for n in ("PP1", "I1P")]
        rest[0] = system.inserted(rest[0].xreplace({symbol("I1P_CaMKII"): rest[1]}))
        self._rest = self._function(rest, ["Ca"])
        self._enzymes = self._function(
            [system.inserted(system.rates[f"{n}_CaMKII"]) for n in ("PP1", "I1P")],
            ["Ca", "PP1_CaMKII", "I1P_CaMKII"],
        )
        rings = [f"{n}_CaMKII" for n in RINGS]
        rates = [system.inserted(system.rates[n], keep={"k_10_CaMKII"}) for n in rings]
        self._rings = self._function(rates, ["Ca", "k_10_CaMKII", *rings])
        followers = ["n_AMPA", "p1_AMPA", "p2_AMPA"]
        rates = [system.inserted(system.rates[n], keep={"S_CaMKII"}) for n in followers]
        self._followers = self._function(rates, ["S_CaMKII", "PP1_CaMKII", *followers])
        self._g_mean = self._function([system.inserted(symbol("g_mean_AMPA"))], followers[1:])

    def _function(self, expressions, names):
        return numeric(sympy.Tuple(*expressions), names, self.p)

    def enzymes(self, Ca):
        """Free fraction of PP1 and the inhibitor, which a synapse starts with at this calcium."""
        PP1, I1P = self._rest(UM * Ca)
        assert np.max(np.abs(self._enzymes(UM * Ca, PP1, I1P))) < 1e-12
        return PP1, I1P / UM

    def rings(self, Ca, S):
        """``B1`` to ``B13`` in the steady state for the ``k_10`` of each ``S``."""
        S, p = np.atleast_1d(S) * UM, self.p
        k_10 = p["k_12_CaMKII"] * p["PP1_total_CaMKII"] * self.enzymes(Ca)[0] / (p["K_M_CaMKII"] + S)

        def rates(B):
            return np.array([np.broadcast_to(x, k_10.shape) for x in self._rings(UM * Ca, k_10, *B)])

        at_0 = rates(np.zeros(13))
        matrix = np.array([rates(e) - at_0 for e in np.eye(13)])  # of what, rate, point
        return np.linalg.solve(matrix.transpose(2, 1, 0), -at_0.T[..., None])[..., 0] / UM

    def excess(self, Ca, S):
        """By how much the rings have more phosphates than the ``S`` for which they are computed."""
        return self.rings(Ca, S) @ np.array([1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 6]) - S

    def branches(self, Ca):
        """All fixed points, ``S`` from small to large."""
        S = np.r_[np.logspace(-3, 1, 300), np.linspace(10.1, 199.79, 700)]
        found = self.excess(Ca, S)
        at = np.flatnonzero(found[:-1] * found[1:] < 0)
        return [brentq(lambda s: self.excess(Ca, s)[0], S[k], S[k + 1], xtol=1e-10) for k in at]

    def fold(self, calcium, between, sign):
        """Calcium at which two fixed points in a range of ``S`` meet: the extremum of the excess is 0."""

        def extremum(Ca):
            found = minimize_scalar(
                lambda s: sign * self.excess(Ca, s)[0],
                bounds=between,
                method="bounded",
                options={"xatol": 1e-9},
            )
            return found.fun

        return brentq(extremum, *calcium, xtol=1e-9)

    def receptors(self, Ca, S):
        """Their number and ``g_mean`` in the steady state."""
        at = [S * UM, self.enzymes(Ca)[0]]
        constant = np.array(self._followers(*at, 0, 0, 0), float)
        slope = np.array(self._followers(*at, 1, 1, 1), float) - constant
        n, p1, p2 = -constant / slope
        return n, float(self._g_mean(p1, p2)[0])


@cache
def held():
    return Held(chain())


def test_up_state_is_that_of_the_file():
    """At .2 uM: S = 132.396445, and the printed rings, PP1 and inhibitor of the published file."""
    S = held().branches(0.2)[-1]
    assert abs(S - 132.396445) <= 5.1e-7
    printed = [1.325911, 2.146327, 0.816472, 0.348016, 3.218889, 1.346285, 1.380859, 0.215422, 4.942081,
               2.434134, 1.284668, 8.591719, 4.727069]  # fmt: skip
    assert (
        np.max(np.abs(held().rings(0.2, S)[0] - printed)) <= 5.2e-7
    )  # B4 is .34801549: theirs was rounded up
    PP1, I1P = held().enzymes(0.2)
    assert abs(0.2 * PP1 - 0.00515738) <= 5.2e-9 and abs(I1P - 0.00755588) <= 5.1e-9
    PP1, I1P = held().enzymes(0.01)
    assert abs(0.2 * PP1 - 0.001108) <= 5.1e-7 and abs(I1P - 0.0359) <= 5.1e-5


DOWN = {0.1: 0.1451, 0.11: 0.2336, 0.12: 0.3595, 0.15: 0.8960, 0.17: 0.9992, 0.2: 0.7437, 0.25: 0.4594,
        0.28: 0.4183, 0.3: 0.4411, 0.35: 0.9665}  # fmt: skip
UP = {0.1: 149.9831, 0.12: 166.27, 0.14: 167.87, 0.16: 162.90, 0.18: 151.89, 0.4: 139.468, 0.5: 183.565,
      1.0: 199.013, 2.0: 199.643}  # fmt: skip


def test_branches():
    """Both branches at held calcium, to their printed digits; where both exist the middle one parts them."""
    for Ca, S in DOWN.items():
        assert abs(held().branches(Ca)[0] - S) <= 5.1e-5, Ca
    for Ca, S in UP.items():
        digits = len(str(S).split(".")[1])
        assert abs(held().branches(Ca)[-1] - S) <= 0.51 * 10.0**-digits, Ca
    for Ca, number in ((0.09, 1), (0.1, 3), (0.2, 3), (0.3, 1), (0.37, 3), (0.4, 1)):
        assert len(held().branches(Ca)) == number, Ca


def test_calcium_windows_of_the_chain():
    """LTD .2196 to .3631 uM, LTP above .3739: there is one state only, with few or with many receptors."""
    folds = {
        0.0923521: ((0.0921, 0.0930), (90, 130), -1),
        0.219568: ((0.2185, 0.2199), (60, 95), -1),
        0.363130: ((0.3620, 0.3640), (40, 75), -1),
        0.373918: ((0.3725, 0.3745), (3, 15), 1),
    }
    for printed, where in folds.items():
        digits = len(str(printed).split(".")[1])
        assert abs(held().fold(*where) - printed) <= 0.51 * 10.0**-digits, printed
    n_rest, g_rest = held().receptors(0.1, held().branches(0.1)[0])
    assert round(n_rest, 1) == 10.4
    n_up, g_up = held().receptors(0.1, held().branches(0.1)[-1])
    assert round(n_up, 1) == 37.8 and g_up > 1.5 * g_rest
    for Ca in (0.2196, 0.25, 0.3, 0.3631):  # LTD: fewer and smaller than even in the DOWN state at rest
        (S,) = held().branches(Ca)
        n, g = held().receptors(Ca, S)
        assert n < n_rest and g < g_rest
    for Ca in (0.374, 0.5, 1.0):
        (S,) = held().branches(Ca)
        n, g = held().receptors(Ca, S)
        assert n > 2 * n_rest and g > 1.4 * g_rest


class Enzymes:
    """``g_mean`` of the chain of `CastellaniEnzymes` at held calcium (uM), where a synapse starts."""

    def __init__(self, model):
        system = model.system
        starts = {symbol(n): s.initial for n, s in system.states.items() if n in ("p1_AMPA", "p2_AMPA")}
        whole = system.inserted(system.inserted(system.states["g_rest_AMPA"].initial).xreplace(starts))
        self._g = numeric(whole, ["Ca"], system.values())

    def __call__(self, Ca):
        return float(self._g(UM * Ca))


def test_castellani_curve():
    """2.25 without calcium, minimum 1.28769 at .8658 uM, crossing 2.25 at sqrt(26) uM, 3.11576 at the end."""
    g = Enzymes(chain(CastellaniEnzymes))
    for Ca, printed in ((0.0, 2.25), (0.1, 2.07118), (1.0, 1.29261), (10.0, 2.78461), (1e5, 3.11576)):
        assert abs(g(Ca) - printed) <= 5.1e-6, Ca
    lowest = minimize_scalar(g, bounds=(0.2, 3), method="bounded", options={"xatol": 1e-8})
    assert abs(lowest.x - 0.8658) <= 5.1e-5 and abs(lowest.fun - 1.28769) <= 5.1e-6
    assert abs(brentq(lambda Ca: g(Ca) - g(0.0), 2, 9, xtol=1e-12) - np.sqrt(26)) <= 1e-9


# -- simulations -------------------------------------------------------------------------------------

#: Start, calcium (uM), how long (s), and where the synapse ends (science.md 4.3).
PULSES = [("UP", 0.3, 1, "UP"), ("UP", 0.3, 5, "DOWN"), ("DOWN", 0.5, 1, "DOWN"), ("DOWN", 0.5, 2, "UP"),
          ("DOWN", 1.0, 1, "UP"), ("DOWN", 0.1, 5, "DOWN"), ("UP", 0.1, 5, "UP")]  # fmt: skip
#: Ends of the parts of the experiment (s); at the last one it is clear where each synapse goes.
ENDS = (0.02, 1.0, 2.0, 5.0, 50.0)
CALCIUM = np.array([[Ca if end <= length else 0.1 for end in ENDS] for _, Ca, length, _ in PULSES])


def starts():
    """Rings at the start (uM): the fixed points at rest."""
    S = held().branches(0.1)
    return np.array([held().rings(0.1, S[-1 if start == "UP" else 0])[0] for start, *_ in PULSES])


def objects(model, name, optimize=True):
    """Clamped neurons with one synapse each, two of which get spikes."""
    target = NeuronGroup(
        len(PULSES), "v : volt\nI = I_syn : amp" + model.post_equations(), name=f"{name}_target"
    )
    target.v = -20 * mV
    # one input each: a calcium that never changes lives with the presynaptic neuron
    source = SpikeGeneratorGroup(len(PULSES), [0, 1, 0], [2, 2, 8] * ms, name=f"{name}_source")
    S = model.synapses(source, target, optimize=optimize, name=f"{name}_synapses")
    S.connect(i=np.arange(len(PULSES)), j=np.arange(len(PULSES)))
    recorded = [n for n in model.system.states if n in S.variables]
    early = StateMonitor(S, recorded, record=True, dt=2 * ms, name=f"{name}_early")
    conductance = StateMonitor(target, "g_total_AMPA", record=True, dt=2 * ms, name=f"{name}_g")
    return [source, target, S, early, conductance], recorded


def network(optimize=True):
    """The bistable kinase at clamped calcium, and the enzymes of Castellani at calcium that spikes bring."""
    defaultclock.dt = 0.1 * ms
    made = {
        "kinase": objects(chain(), "kinase", optimize),
        "enzymes": objects(chain(CastellaniEnzymes, SpineCalcium), "enzymes", optimize),
    }
    net = Network(*(x for group, _ in made.values() for x in group))
    S = made["kinase"][0][2]
    for n, x in zip(RINGS, starts().T, strict=True):
        setattr(S, f"{n}_CaMKII", x * umolar)
    return net, made


def recorded(made):
    """What was recorded in the first part, by model and state."""
    found = {}
    for name, ((*_, early, conductance), names) in made.items():
        found.update({(name, n): np.array(getattr(early, n)) for n in names})
        found[name, "g_total"] = np.array(conductance.g_total_AMPA)
    return found


@cache
def first_part(optimize=True):
    """The first 20 ms on NumPy."""
    b2.prefs.codegen.target = "numpy"
    net, made = network(optimize)
    made["kinase"][0][2].Ca = CALCIUM[:, 0] * umolar
    net.run(ENDS[0] * second)
    return recorded(made)


@pytest.fixture(scope="module")
def standalone(tmp_path_factory):
    """The whole experiment in one C++ program: what was recorded first, and all states every second."""
    b2.set_device("cpp_standalone", build_on_run=False)
    b2.prefs["codegen.cpp.extra_compile_args_gcc"] = ["-w", "-O1"]
    net, made = network()
    S = made["kinase"][0][2]
    late = StateMonitor(S, made["kinase"][1], record=True, dt=1 * second, name="late")
    net.add(late)
    before = 0.0
    for k, end in enumerate(ENDS):
        S.Ca = CALCIUM[:, k] * umolar
        net.run((end - before) * second)
        before = end
        for group, _ in made.values():
            for monitor in group[3:]:
                monitor.active = False
    b2.device.build(directory=str(tmp_path_factory.mktemp("kinases") / "program"))
    found = recorded(made), {n: np.array(getattr(late, n)) for n in made["kinase"][1]}
    b2.device.reinit()
    reset_device("runtime")
    return found


def by_hand(k, times):
    """States of the kinase of a synapse over time, from `twins.py` by LSODA; tolerances of 1e-9."""
    p = {n: float(np.asarray(x.value)) for n, x in GraupnerBrunel2007().template.parameters.items()}
    names = ["PP1", "I1P", *RINGS]

    def rates(t, y, Ca):
        found = TWINS["GraupnerBrunel2007"](dict(zip(names, y, strict=True)), {"Ca": Ca * UM}, p)
        return [found[n] for n in names]

    PP1, I1P = held().enzymes(0.1)
    y, now, out = np.r_[PP1, I1P * UM, starts()[k] * UM], 0.0, []
    for Ca, end in zip(CALCIUM[k], ENDS, strict=True):
        at = times[(times >= now) & ((times < end) | (end == ENDS[-1]))]
        found = solve_ivp(rates, (now, end), y, "LSODA", np.r_[at, end], args=(Ca,), rtol=1e-9, atol=1e-15)
        out.append(found.y[:, : len(at)])
        y, now = found.y[:, -1], end
    return dict(zip(names, np.concatenate(out, axis=1), strict=True))


def phosphates(found):
    """``S`` in uM."""
    weights = (1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 6)
    return sum(k * found[f"{n}_CaMKII"] for k, n in zip(weights, RINGS, strict=True)) / UM


def test_pulses(standalone):
    """A pulse of calcium throws the switch as published; courses are those of LSODA, to 1e-6."""
    late = standalone[1]
    S, times = phosphates(late), np.arange(0.0, 50.0)
    for k, (_, Ca, length, end) in enumerate(PULSES):
        assert (S[k, -1] > 90) if end == "UP" else (S[k, -1] < 1), (Ca, length)
        expected = by_hand(k, times)
        for n, x in expected.items():
            # LSODA may be off by 1e-9 and 1e-15 (of 0.03 in all) in each of its steps
            limit = 1e-6 * np.ptp(x) + 1e-8 * np.max(x) + 1e-15
            assert np.max(np.abs(late[f"{n}_CaMKII"][k] - x)) <= limit, (n, Ca, length)
    n, g = late["n_AMPA"][:, -1], (1 + late["p1_AMPA"]) * (1 + late["p2_AMPA"])
    up = np.array([end == "UP" for *_, end in PULSES])
    assert n[up].min() > n[~up].max()  # receptors follow the kinase, in number and in conductance
    assert g[up, -1].min() > 1.4 * g[~up, -1].max()


def test_targets_agree(standalone):
    """C++ standalone and NumPy, to 1e-9 of each peak."""
    for key, x in first_part().items():
        assert np.max(np.abs(standalone[0][key] - x)) <= 1e-9 * np.max(np.abs(x)), key


def test_naive_is_optimised():
    naive, optimised = first_part(optimize=False), first_part()
    compared = [key for key in optimised if key in naive]
    assert {"n_AMPA", "p1_AMPA", "g_total"} <= {n for _, n in compared}
    for key in compared:
        assert np.max(np.abs(naive[key] - optimised[key])) <= 1e-9 * np.max(np.abs(naive[key])), key


def test_a_synapse_at_rest_has_factor_one():
    """Whatever gives the enzymes: ``g_rest`` is the ``g_mean`` of where a synapse starts."""
    for name in ("kinase", "enzymes"):
        p1, p2, g_rest = (first_part()[name, n][:, 0] for n in ("p1_AMPA", "p2_AMPA", "g_rest_AMPA"))
        assert np.max(np.abs((1 + p1) * (1 + p2) / g_rest - 1)) <= 1e-14
    at_rest = Enzymes(chain(CastellaniEnzymes))(0.07)  # the resting calcium of `SpineCalcium`
    assert np.allclose(first_part()["enzymes", "g_rest_AMPA"], at_rest, rtol=1e-12, atol=0)


def test_phosphorylation_is_that_of_four_states():
    """At held calcium the products of two sites are the four states of the scheme, by its matrix exponential.

    Without and with norepinephrine, under which the two sites differ.
    """
    defaultclock.dt = 0.25 * ms
    for phosphorylation in (CastellaniPhosphorylation(), CastellaniPhosphorylation.preset("norepinephrine")):
        model = GlutamateSynapse(
            [AMPA(), BioNMDA()], calcium=Clamp(), plasticity=phosphorylation, parts=CastellaniEnzymes()
        )
        calcium = np.array([0.0, 0.5, 2.0, 10.0])
        target = NeuronGroup(len(calcium), "v : volt\nI = I_syn : amp" + model.post_equations())
        S = model.synapses(SpikeGeneratorGroup(len(calcium), [], [] * ms), target)
        S.connect(j="i")
        S.Ca = calcium * umolar
        monitor = StateMonitor(S, ["p1_AMPA", "p2_AMPA"], record=True, dt=10 * ms)
        Network(S, target, S.source, monitor).run(60 * ms)
        p = {n: float(np.asarray(x.value)) for n, x in phosphorylation.template.parameters.items()}
        for k, Ca in enumerate(calcium):
            EK, EP = 1 + 100 * Ca**2 / (64 + Ca**2), 1 + 30 * Ca**2 / (1 + Ca**2)
            K1, P1, K2, P2 = (p["K_1"] * EK, p["P_1"] * EP, p["K_2"] * EK, p["P_2"] * EP)
            flow = np.zeros((4, 4))  # A, Ap1, Ap2, Ap1p2; column: from
            for a, b, there, back in ((0, 1, K1, P1), (2, 3, K1, P1), (0, 2, K2, P2), (1, 3, K2, P2)):
                flow[b, a], flow[a, b] = there, back
            flow -= np.diag(flow.sum(axis=0))
            p1, p2 = monitor.p1_AMPA[k], monitor.p2_AMPA[k]
            found = np.array([(1 - p1) * (1 - p2), p1 * (1 - p2), (1 - p1) * p2, p1 * p2])
            for i, t in enumerate(monitor.t / second):
                assert np.max(np.abs(found[:, i] - expm(flow * t) @ found[:, 0])) <= 1e-13
            table = np.array([P1 * P2, K1 * P2, P1 * K2, K1 * K2]) / ((K1 + P1) * (K2 + P2))
            assert np.max(np.abs(expm(flow * 100) @ found[:, 0] - table)) <= 1e-12


# -- what is refused ---------------------------------------------------------------------------------


class InMillivolt(Part):
    """Gives a kinase in mV."""

    tau = Parameter(1 * second, "decay")
    P = states("P", unit=mV)
    dP = -P / tau
    kinase = gives(P, unit=mV)
    phosphatase = gives(0.1)


def with_kinases(*parts):
    return GlutamateSynapse(
        [AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=KinaseDrivenInsertion(), parts=parts
    )


def test_ports_that_do_not_fit():
    with pytest.raises(ModelError, match=r"(?s)KinaseDrivenInsertion.*needs 'kinase', which no part gives"):
        with_kinases()
    with pytest.raises(
        ModelError, match=r"(?s)both GraupnerBrunel2007.*and CastellaniEnzymes.*give 'kinase'"
    ):
        with_kinases(GraupnerBrunel2007(), CastellaniEnzymes())
    with pytest.raises(
        b2.DimensionMismatchError, match="needs 'kinase' with other dimensions than InMillivolt"
    ):
        with_kinases(InMillivolt())
    with pytest.raises(ModelError, match=r"no part (provides; add|gives.*add) calcium="):
        GlutamateSynapse(AMPA(), parts=GraupnerBrunel2007())


def test_a_time_step_that_is_too_coarse():
    """The longest step follows from the largest ``k_10`` that the bounds of the model allow."""
    model = GlutamateSynapse(BioNMDA(), calcium=Clamp(), parts=GraupnerBrunel2007())
    defaultclock.dt = 0.125 * ms  # a multiple of which is the pulse
    target = NeuronGroup(1, "v : volt\nI = I_syn : amp" + model.post_equations())
    S = model.synapses(SpikeGeneratorGroup(1, [], [] * ms), target)
    S.connect()
    with pytest.raises(Exception) as caught:
        Network(S, target, S.source).run(1 * ms)
    assert "too coarse for 'B13_CaMKII', which relaxes within 0.111 ms" in str(caught.value.__cause__)


class Leaking(GraupnerBrunel2007):
    """A ring with six phosphates loses them into nothing."""

    _g = GraupnerBrunel2007
    dB12 = (
        (_g.first + _g.later) * _g.B9
        + 2 * _g.later * (_g.B10 + _g.B11)
        - (_g.later + 5 * _g.k_10) * _g.B12
        + 12 * _g.k_10 * _g.B13
    )


class Emptied(KinaseDrivenInsertion):
    """Receptors that always stay are removed, too."""

    _k = KinaseDrivenInsertion
    dn = _k.k_ins * _k.kinase * (_k.n_max - _k.n) - _k.k_rem * _k.phosphatase * _k.n


def passes(part, check, reference=None):
    """Whether a part passes one of the checks of `check_model`."""
    return dict(checks_for(part, targets=(), reference=reference))[check].result().passed


def test_planted_errors_are_found():
    """By the checks that pass the shipped parts in test_conformance.py."""
    assert not passes(Emptied(), "invariance")
    assert not passes(Leaking(), "reference", TWINS["GraupnerBrunel2007"])
    unscaled = CastellaniPhosphorylation().replace(conductance="conductance*g_mean")
    assert not passes(unscaled, "reference", TWINS["CastellaniPhosphorylation"])


def test_sheets():
    """Ports, parameters and sources are printed; what is assumed says so."""
    text = sheet(GraupnerBrunel2007())
    for line in (
        "Gives `kinase`.",
        "Gives `phosphatase`.",
        "github:ModelDBRepository/114452",
        "k_12",
        "doi:10.1371",
    ):
        assert line in text
    text = sheet(CastellaniPhosphorylation())
    assert "Reads `kinase` as kinase." in text and "| assumed |" in text and "factor is 1" in text
    assert sheet(KinaseDrivenInsertion()).count("| assumed |") == 5
