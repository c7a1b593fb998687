"""Receptors and release of Rodrigues et al. (2023): `equations/rodrigues_receptors.py`.

Held against: the golden numbers of an own simulator of the paper's model (matrix exponentials and LSODA; 400
Monte-Carlo runs of the release), which shares nothing with this package; the factors of temperature, age and
calcium that the published code computes; SciPy's gamma distribution.
"""

from functools import cache

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
    mV,
    nS,
    psiemens,
    second,
)
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.stats import gamma, kstest

from brian2_nmda import GlutamateSynapse, ModelError, Plasticity, Reaction, conductance, counts, states
from brian2_nmda.conformance import checks_for
from brian2_nmda.equations import (
    NoBlock,
    PopescuNMDA,
    RodriguesAMPA,
    RodriguesGABA,
    RodriguesGluN2A,
    RodriguesGluN2B,
    RodriguesRelease,
    TransmitterPulse,
    TwoExponentialAMPA,
)
from brian2_nmda.equations.rodrigues_receptors import chloride_reversal
from brian2_nmda.symbolic.expressions import numeric
from brian2_nmda.symbolic.part import Parameter

pytestmark = pytest.mark.xdist_group(__name__)  # one process: the runs are shared

PULSE = TransmitterPulse.preset("Destexhe 1998")  # 1 mM for 1 ms


def at(temperature):
    return {"temperature": (temperature + 273.15) * kelvin}


class Scheme:
    """The rates of a receptor, which are affine in its occupancies, as matrices per ms; all start unbound."""

    def __init__(self, receptor):
        system, label = GlutamateSynapse(receptor, release=PULSE).system, receptor.label
        names = [n for n in system.states if n in system.rates]
        rates = [system.inserted(system.rates[n], keep=["T"]) for n in names]
        self.names = [n.removesuffix(f"_{label}") for n in names]
        function = numeric(sympy.Tuple(*rates), ["T", *names], system.values())
        self.matrix = {}
        for T in (0.0, 1.0):
            rest = np.array(function(T, *np.zeros(len(names))), float)
            linear = np.array([np.array(function(T, *e), float) - rest for e in np.eye(len(names))]).T
            whole = np.zeros((len(names) + 1,) * 2)
            whole[:-1, :-1], whole[:-1, -1] = linear * 1e-3, rest * 1e-3
            self.matrix[T] = whole
        self._conductance = numeric(system.inserted(system.receptors[0].conductance), names, system.values())

    def course(self, step, duration, start=None):
        """Times (ms) and occupancies by row; a pulse of 1 ms."""
        on, off = (expm(self.matrix[T] * step) for T in (1.0, 0.0))
        y = np.r_[np.zeros(len(self.names)) if start is None else start, 1.0]
        found = [y]
        for k in range(round(duration / step)):
            y = (on if k * step < 1 - 1e-9 else off) @ y
            found.append(y)
        return step * np.arange(len(found)), np.array(found).T[:-1]

    def open(self, y):
        return sum(y[k] for k, n in enumerate(self.names) if n.startswith("O"))

    def conductance(self, y):
        """In nS."""
        return np.array(self._conductance(*y)) / float(nS)


def same(found, printed, digits):
    return abs(found - printed) <= 0.5001 * 10.0**-digits


#: Receptor and temperature: largest open fraction, when (ms), at the end of the pulse, when half is left,
#: and the fraction at later times.
OPEN = {
    (RodriguesGluN2A, 35): (0.548771, 3.41, 0.290596, 22.44, {10: 0.440190, 50: 0.096207, 100: 0.014377}),
    (RodriguesGluN2B, 35): (0.488625, 14.20, 0.034297, 118.07,
                            {50: 0.390482, 100: 0.276690, 200: 0.138924, 500: 0.017584}),
    (RodriguesAMPA, 35): (0.745477, 0.146, 0.550280, 1.256, {2: 0.107877, 3: 0.018907, 5: 0.000498}),
    (RodriguesGABA, 35): (0.880450, 1.03, 0.878424, 4.80, {5: 0.424051, 10: 0.169118, 20: 0.026899}),
    (RodriguesGluN2A, 25): (0.560746, 4.45, 0.232489, 34.10, {50: 0.190775, 100: 0.056873}),
    (RodriguesGABA, 25): (0.900397, 1.04, 0.898156, 8.835, {10: 0.408570, 20: 0.177748}),
}  # fmt: skip


#: The printed times are those of a grid (ms): the peak, and the first point below half of it.
GRID = {RodriguesAMPA: 0.002, RodriguesGABA: 0.005}


@pytest.mark.parametrize(("cls", "temperature"), OPEN)
def test_open_fraction(cls, temperature):
    """Table 4.4, every printed digit: peak, its time, end of the pulse, half of the peak, later times."""
    peak, when, end, half, later = OPEN[cls, temperature]
    step = GRID.get(cls, 0.01)
    scheme = Scheme(cls(**at(temperature)))
    times, y = scheme.course(step, max([*later, 1.2 * half]))
    found = scheme.open(y)
    assert same(found.max(), peak, 6)
    top = found.argmax()
    assert abs(times[top] - when) < 1e-9
    assert same(found[round(1 / step)], end, 6)
    assert abs(times[top + np.flatnonzero(found[top:] < found.max() / 2)[0]] - half) < 1e-9
    for t, number in later.items():
        assert same(found[round(t / step)], number, 6), t


def test_conductance_of_ampa_receptors():
    """2.63466 nS at 35 degC, 1.33742 nS at 25 degC: three conductances, weighted by what is open."""
    for temperature, peak, when in ((35, 2.63466, 0.156), (25, 1.33742, 0.450)):
        scheme = Scheme(RodriguesAMPA(**at(temperature)))
        times, y = scheme.course(0.002, 1.0)
        found = scheme.conductance(y)
        assert same(found.max(), peak, 5)
        assert abs(times[found.argmax()] - when) < 1e-9


def test_the_scheme_of_popescu_has_the_same_rates():
    """`PopescuNMDA`, whose preset for 35 degC has the factors as five-digit numbers."""
    ours, theirs = Scheme(RodriguesGluN2A()), Scheme(PopescuNMDA.preset("GluN2A, 35 degC"))
    for T in (0.0, 1.0):
        np.testing.assert_allclose(ours.matrix[T], theirs.matrix[T], rtol=1e-5, atol=1e-9)


#: Forward and backward factors of NMDA and AMPA receptors, and that of GABA receptors (sheet, 1.1).
FACTORS = {25: (6.0184, 3.6701, 0.40777, 0.96796, 0.45), 30: (6.9486, 4.1127, 3.1473, 3.0438, 0.7),
           35: (7.5137, 4.8642, 8.4770, 4.6274, 1.0)}  # fmt: skip


def value(part, name):
    """A definition of a part that follows from its parameters."""
    system = GlutamateSynapse(part, release=PULSE).system
    return float(
        numeric(system.inserted(sympy.Symbol(f"{name}_{part.label}", real=True)), [], system.values())()
    )


def test_factors_of_temperature():
    for temperature, printed in FACTORS.items():
        parts = [RodriguesGluN2A, RodriguesGluN2A, RodriguesAMPA, RodriguesAMPA, RodriguesGABA]
        names = ["rho_f", "rho_b", "rho_f", "rho_b", "rho"]
        for cls, name, number in zip(parts, names, printed, strict=True):
            assert abs(value(cls(**at(temperature)), name) / number - 1) < 1.7e-5, (cls, temperature)
    assert value(RodriguesGluN2A(**at(5)), "rho_f") == 0.01  # where the published curve is negative


def test_receptors_by_age():
    """Numbers of both kinds, r, and the reversal potential of chloride (by hand -82.545 mV at 35 days)."""
    for age, r, N2A, N2B, E in ((5, 1.35770, 6, 9, 5.41), (14, 1.23265, 7, 8, -37.05),
                                (21, 1.08709, 7, 8, -59.81), (35, 0.76890, 8, 7, -82.54),
                                (60, 0.53613, 10, 5, -91.58)):  # fmt: skip
        A, B = RodriguesGluN2A(age=age), RodriguesGluN2B(age=age)
        assert same(value(A, "ratio"), r, 5)
        assert abs(15 * value(A, "share") - N2A) < 1e-12 and abs(15 * value(B, "share") - N2B) < 1e-12
        assert same(chloride_reversal(age) / mV, E, 2)
        assert chloride_reversal(age) == RodriguesGABA.preset(f"{age} days").E
    # at 35 days the random part of r decides
    assert round(15 * value(RodriguesGluN2A(age=35, deviation=-0.05), "share")) == 9
    assert round(15 * value(RodriguesGluN2A(age=35, deviation=0.05), "share")) == 8


def test_conductance_in_calcium():
    """Of one channel: 92.31 pS in 1 mM calcium, 46.10 in 3 mM."""
    for Ca_o, number in ((1.0, 92.31), (1.3, 92.23), (1.8, 91.32), (2.5, 75.48), (3.0, 46.10)):
        part = RodriguesGluN2A(Ca_o=Ca_o * mM)
        assert same(value(part, "in_calcium") * part.gmax / (15 * psiemens), number, 2)


@pytest.mark.slow
def test_in_brian2():
    """All four in one synapse, sent at spikes: conductances of a spike by the matrix exponential."""
    defaultclock.dt = 0.05 * ms
    receptors = [RodriguesAMPA(), RodriguesGluN2A(block=NoBlock()), RodriguesGluN2B(block=NoBlock()),
                 RodriguesGABA()]  # fmt: skip
    model = GlutamateSynapse(receptors, release=PULSE)
    target = NeuronGroup(1, "v = -60*mV : volt" + model.post_equations())
    S = model.synapses(SpikeGeneratorGroup(1, [0], [1] * ms), target, delay=0 * ms)
    S.connect()
    totals = [r.total_name for r in model.system.receptors]
    monitor = StateMonitor(target, totals, record=True, when="end")
    Network(S, target, S.source, monitor).run(20 * ms)
    # AMPA receptors conduct as soon as the pulse is there
    first = np.flatnonzero(np.array(getattr(monitor, totals[0])[0]) > 0)[0]
    assert 0.9 < monitor.t[first] / ms < 1.11
    for receptor, total in zip(receptors, totals, strict=True):
        scheme, found = Scheme(receptor), np.array(getattr(monitor, total)[0] / nS)
        start = [model.system.initial[f"{n}_{receptor.label}"] for n in scheme.names]
        _, y = scheme.course(0.05, 19.0, start)
        expected = scheme.conductance(y)
        n = min(len(found) - first, len(expected) - 1)
        error = np.max(np.abs(found[first : first + n] - expected[1 : n + 1]))
        assert error <= 1e-6 * expected.max(), receptor


# -- release -----------------------------------------------------------------------------------------


@cache
def chances(rate, spikes):
    """The probability of a release at each spike of a regular train, of the equations of the package."""
    part = RodriguesRelease()
    system = GlutamateSynapse(TwoExponentialAMPA(), release=part).system
    states = ["C_T", "J_T"]
    rates = numeric(sympy.Tuple(*(system.inserted(system.rates[n]) for n in states)), states, system.values())
    p = numeric(system.inserted(system.definitions["p_T"].expression), ["C_T"], system.values())
    jump = numeric(system.inserted(system.on_spike["C_T"]), states, system.values())
    y, found = np.array([0.0, 1.0]), []
    for _ in range(spikes):
        y[0] = jump(*y)
        found.append(float(p(y[0])))
        y = solve_ivp(lambda t, y: rates(*y), (0, 1 / rate), y, "LSODA", rtol=1e-9, atol=1e-12).y[:, -1]
    return found


def test_chance_of_a_release():
    """Table 4.6, every printed digit, at 2.5 mM calcium; and the factor of calcium outside."""
    printed = {
        5: (0.671141, 0.667652, 0.641203, 0.587417, 0.497947, 0.468780),
        50: (0.671141, 0.791252, 0.818878, 0.774134, 0.629944, 0.406846),
        1: (0.671141, 0.667770, 0.646548, 0.622080, 0.612346, 0.612233),
    }
    for rate, numbers in printed.items():
        for pulse, number in zip((1, 2, 10, 30, 100, 300), numbers, strict=True):
            assert same(chances(rate, 300)[pulse - 1], number, 6), (rate, pulse)
    for Ca_o, number in ((1.0, 1.9396), (1.3, 1.8), (1.8, 1.2), (2.5, 0.7), (3.0, 0.65975)):
        system = GlutamateSynapse(TwoExponentialAMPA(), release=RodriguesRelease(Ca_o=Ca_o * mM)).system
        h = numeric(system.inserted(system.definitions["h_T"].expression), [], system.values())()
        assert abs(h / number - 1) < 3e-5


class Counted(RodriguesRelease):
    """Releases are counted, and the pools noted."""

    n = states("n", within=(0, None), bare=True)
    dn = 0
    on_spike = {n: n + RodriguesRelease.emitted}


@cache
def trains(copies=300):
    """The number of releases, the last height and the pools after 300 spikes at 5 Hz and 900 at 50 Hz."""
    defaultclock.dt = 5 * ms
    b2.seed(20230325)
    model = GlutamateSynapse(TwoExponentialAMPA(), release=Counted(duration=5 * ms))
    times = np.r_[0.005 + np.arange(300) / 5, 0.005 + np.arange(900) / 50]
    source = SpikeGeneratorGroup(2, np.repeat([0, 1], [300, 900]), times * second)
    target = NeuronGroup(copies, "v = -60*mV : volt" + model.post_equations())
    S = model.synapses(source, target, delay=0 * ms)
    S.connect()
    net = Network(S, source, target)
    found = []
    for duration in (18, 42.02):
        net.run(duration * second)
        found.append(
            {k: np.array(getattr(S, k)) for k in ("n", "D_T", "R_T", "height_T")} | {"i": np.array(S.i)}
        )
    return found


@pytest.mark.slow
def test_releases_of_a_train():
    """81.6 (sd 4.5) of 300 spikes at 5 Hz, 64.5 (3.2) of 900 at 50 Hz: 3 standard errors of both runs."""
    for (mean, sd), when, source in (((81.6, 4.5), 1, 0), ((64.5, 3.2), 0, 1)):
        found = trains()[when]
        n = found["n"][found["i"] == source]
        # the printed mean has one digit
        assert abs(n.mean() - mean) <= 3 * sd * np.sqrt(1 / len(n) + 1 / 400) + 0.05, (n.mean(), n.std())
        assert abs(n.std(ddof=1) / sd - 1) <= 3 * np.sqrt(1 / (2 * len(n)) + 1 / 800) + 0.05 / sd
    for found in trains():
        for name, most in (("D_T", 25), ("R_T", 30)):
            assert np.array_equal(found[name], np.round(found[name]))
            assert found[name].min() >= 0 and found[name].max() <= most


@pytest.mark.slow
def test_heights_are_gamma_distributed():
    """The last pulse of each synapse: shape 4, mean 1."""
    assert kstest(trains()[1]["height_T"], gamma(4, scale=0.25).cdf).pvalue > 1e-3


# -- what is refused ---------------------------------------------------------------------------------


class Unsaid(Plasticity):
    """A spike takes a molecule, and the declaration does not say so."""

    k = Parameter(1 / second, "rate")
    a, b = counts("a b", initial=10)
    reactions = (Reaction(a, b, k, k),)
    on_spike = {a: a - 1}
    conductance = conductance * a / 10


class Leaking(RodriguesGluN2A):
    """An open state that nothing enters."""

    _c = RodriguesGluN2A
    activation = _c.O1 + 2 * _c.O2


def test_planted_errors_are_found():
    """A count that changes at spikes without saying so; more open channels than there are."""
    with pytest.raises(ModelError, match=r"changes at spikes.*counts\(\.\.\., at_spikes=True\)"):
        GlutamateSynapse(TwoExponentialAMPA(), plasticity=Unsaid())
    found = dict(checks_for(Leaking(), targets=()))["invariance"].result()
    assert not found.passed and "activation" in found.message
