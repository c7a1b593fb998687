"""Protocols as data: their times against those written out by hand, and what is refused.

Nothing is simulated, but for a network of one source.
"""

import pickle

import numpy as np
import pytest
from brian2 import Hz, Network, SpikeMonitor, mM, ms, mV, nA, second, start_scope, umolar
from numpy.testing import assert_allclose

from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse, ModelError, protocols
from brian2_nmda.equations import DAP5, Memantine
from brian2_nmda.protocols import (
    Protocol,
    Span,
    Train,
    control,
    demo_model,
    drug,
    frequency_series,
    low_frequency,
    pairing_at_voltage,
    pairings,
    pulses,
    quadruplets,
    rest,
    stdp_window,
    switch,
    tetanus,
    theta_burst,
    train,
    triplets,
)
from brian2_nmda.protocols.baths import parameter_of
from brian2_nmda.protocols.timeline import Timeline

# -- the textbook ----------------------------------------------------------------------------------


def test_trains():
    assert_allclose(tetanus().times() / second, np.arange(100) / 100)
    four = tetanus(trains=4)
    assert_allclose(four.seconds("A"), np.concatenate([20 * k + np.arange(100) / 100 for k in range(4)]))
    assert (four.name, four.duration) == ("4 x tetanus", 61)
    bursts = np.concatenate([k / 5 + np.arange(4) / 100 for k in range(10)])
    assert_allclose(theta_burst().seconds("A"), bursts)
    assert theta_burst().duration == 2
    twice = theta_burst(trains=2, every=10 * second)
    assert_allclose(twice.seconds("A"), [*bursts, *(10 + bursts)])
    assert_allclose(low_frequency().seconds("A"), np.arange(900))
    assert low_frequency().duration == 900


def test_frequency_series():
    series = frequency_series()
    assert list(series) == ["0.5 Hz", "1 Hz", "3 Hz", "5 Hz", "10 Hz", "50 Hz"]
    assert all(len(p.seconds("A")) == 900 for p in series.values())
    assert_allclose(series["3 Hz"].seconds("A")[[0, 1, -1]], [0, 1 / 3, 899 / 3])
    assert series["50 Hz"].scanned == ("frequency", 50)


def test_pairs_by_sign():
    causal, anti = pairings(10 * ms, n=2, frequency=5 * Hz), pairings(-10 * ms, n=2, frequency=5 * Hz)
    assert_allclose([causal.seconds("A"), causal.forced], [[0, 0.2], [0.01, 0.21]])
    assert_allclose([anti.seconds("A"), anti.forced], [[0.01, 0.21], [0, 0.2]])
    assert len(pairings(5 * ms).forced) == 60
    assert pairings(5 * ms).duration == 60
    window = stdp_window([-10, 20] * ms)
    assert [p.scanned for p in window.values()] == [("interval", -0.01), ("interval", 0.02)]


def test_triplets_and_quadruplets():
    outer, inner = [0, 0.015, 1, 1.015], [0.005, 1.005]
    ppp = triplets(5 * ms, 10 * ms, n=2)
    assert_allclose(ppp.seconds("A"), outer)
    assert_allclose(ppp.forced, inner)
    other = triplets(5 * ms, 10 * ms, n=2, order="post-pre-post")
    assert_allclose(other.seconds("A"), inner)
    assert_allclose(other.forced, outer)
    four = quadruplets(20 * ms, within=6 * ms, n=1)  # post 0, pre 6; 20 ms later pre 20, post 26
    assert_allclose(four.seconds("A"), [0.006, 0.020])
    assert_allclose(four.forced, [0, 0.026])
    turned = quadruplets(-20 * ms, within=6 * ms, n=1)  # pre 0, post 6, post 20, pre 26
    assert_allclose(turned.seconds("A"), [0, 0.026])
    assert_allclose(turned.forced, [0.006, 0.020])


def test_voltage_clamp_pairing():
    held = pairing_at_voltage(-40 * mV, pulses=3, frequency=2 * Hz)
    assert_allclose(held.seconds("A"), [1, 1.5, 2])
    assert held.spans == (Span("clamp", 0.0, 2.5, -0.04, mV.dim),)
    assert held.name == "pairing at -40 mV"


def test_test_pulses_are_interleaved():
    tests = protocols.test_pulses(30 * second, pathways=("A", "B"))
    assert_allclose(tests.seconds("A"), [2.5, 12.5, 22.5])
    assert_allclose(tests.seconds("B"), [7.5, 17.5, 27.5])


# -- made of each other ----------------------------------------------------------------------------


def test_one_after_the_other():
    both = theta_burst() + rest(3 * second) + pulses(2, 10 * Hz)
    assert both.duration == pytest.approx(5.2)
    assert_allclose(both.seconds("A")[-2:], [5, 5.1])
    late = tetanus().within(switch("Mg", 0 * mM, start=0 * second, stop=1 * second)).delayed(2 * second)
    assert [(s.start, s.stop) for s in late.spans] == [(2, 3)]
    always = tetanus().within(drug("D-AP5")).repeated(3, every=20 * second)
    assert len(always.spans) == 1  # three trains in one bath


def test_pathways():
    weak = tetanus().with_fibres(A=8)
    both = weak.beside(tetanus().on("B"))
    assert both.pathways == ("A", "B")
    assert both.fibres == (("A", 8.0),)
    assert tetanus().on("A", "B").seconds("B").size == 100
    with pytest.raises(ModelError, match="8 and 9 fibres"):
        weak.beside(tetanus().with_fibres(A=9).delayed(2 * second))
    with pytest.raises(ModelError, match="of one pathway"):
        both.on("C")


def test_protocols_are_values():
    assert tetanus() == tetanus() != theta_burst()
    assert len({tetanus(), tetanus(), theta_burst()}) == 2
    one = pairings(5 * ms).within(drug("D-AP5")).injected(1 * nA)
    assert pickle.loads(pickle.dumps(one)) == one
    assert str(tetanus().within(drug("D-AP5"))) == "tetanus: 1 s, 100 spikes of A, D-AP5 from -inf to inf s"


# -- what is refused -------------------------------------------------------------------------------

ONE = pulses(1, 1 * Hz)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: train([3, 1] * ms), "times have to rise, but 0.001 s comes after 0.003"),
        (lambda: train([1, 1] * ms), "no two spikes at one time"),
        (lambda: train([-1, 1] * ms), "may not be negative"),
        (lambda: train([np.nan] * ms), "finite"),
        (lambda: train([1, 2]), "units of s"),
        (lambda: Train("A", (np.inf,)), "finite"),
        (lambda: tetanus(trains=0), "whole number of at least 1"),
        (lambda: pulses(2.5, 1 * Hz), "whole number"),
        (lambda: pulses(5, 1 * ms), "units of"),
        (lambda: pulses(5, 0 * Hz), "positive"),
        (lambda: tetanus().repeated(2, every=0.5 * second), "lasts 1 s and cannot be repeated every 0.5 s"),
        (lambda: pairings(1.5 * second), "do not fit into the 1 s"),
        (lambda: triplets(5 * ms, 5 * ms, order="post-post-pre"), "pre-post-pre or post-pre-post"),
        (lambda: triplets(5 * ms, -5 * ms), "positive"),
        (lambda: quadruplets(3 * ms), "the pairs overlap"),
        (lambda: pairings(5 * ms).clamped(0 * mV), "falls into a voltage clamp"),
        (lambda: ONE.clamped(0), "units of V|units of m"),
        (lambda: ONE.clamped(0 * mV).clamped(-20 * mV), "'clamp' is given from 0 to 1 s and again"),
        (lambda: ONE.within(drug("D-AP5", start=3 * second, stop=1 * second)), "has to begin before it ends"),
        (lambda: ONE.with_fibres(A=-1), "cannot have -1.0 fibres"),
        (lambda: drug("AP7"), "there is no drug 'AP7'; there are D-AP5"),
        (lambda: drug("d-ap5"), "Did you mean 'D-AP5'"),
        (lambda: drug("D-AP5", dose=50), "dose of D-AP5"),
        (lambda: switch("Mg", np.inf), "finite"),
        (lambda: Protocol("p", -1.0), "cannot last"),
        (lambda: Protocol("p", 1.0, (Train("A", (0.0,)), Train("A", (1.0,)))), "one train"),
        (lambda: ONE.delayed(-1 * second), "at least 0"),
    ],
)
def test_refused_in_words(make, problem):
    with pytest.raises(ModelError, match=problem):
        make()


def test_time_steps_that_do_not_fit():
    pulses(10, 3 * Hz).check_dt(0.1 * ms)  # 1/3 s is no multiple, and need not be
    with pytest.raises(ModelError, match="two spikes of pathway A fall into one step"):
        pulses(3, 2000 * Hz).check_dt(1 * ms)
    pairings(5 * ms, n=3).check_dt(0.25 * ms)
    with pytest.raises(ModelError, match=r"interval of 1.1 ms .* into 1 ms"):
        pairings(1.1 * ms, n=2).check_dt(0.25 * ms)
    with pytest.raises(ModelError, match="two spikes of the neuron"):
        Protocol("p", 1.0, forced=(0.5, 0.5001)).check_dt(1 * ms)
    with pytest.raises(ModelError, match="fall into one step"):
        pulses(3, 2000 * Hz).spike_generator(dt=1 * ms)


def test_drugs_find_their_part():
    assert parameter_of("D-AP5", demo_model()) == ["conc_DAP5_NMDA"]
    model = GlutamateSynapse([AMPA(), BioNMDA(antagonist=DAP5(), blocker=Memantine())])
    assert parameter_of("memantine", model) == ["conc_memantine_NMDA"]
    assert drug("D-AP5").value == pytest.approx(float(50 * umolar))
    with pytest.raises(ModelError, match=r"no receptor with ketamine; .* blocker=Ketamine"):
        parameter_of("ketamine", demo_model())
    with pytest.raises(ModelError, match=r"no parameter or state 'tau_Cas' .* did you mean tau_Ca"):
        parameter_of("tau_Cas", demo_model())


# -- for Brian2 ------------------------------------------------------------------------------------


def test_generator_in_a_script():
    start_scope()
    source = pairings(5 * ms, n=2, frequency=50 * Hz).beside(pulses(2, 100 * Hz).on("B"))
    group = source.spike_generator(["B", "A"], start=3 * ms)
    seen = SpikeMonitor(group)
    Network(group, seen).run(30 * ms)
    assert_allclose(np.sort(seen.t[seen.i == 0] / ms), [3, 13])
    assert_allclose(np.sort(seen.t[seen.i == 1] / ms), [3, 23])


# -- the timeline ----------------------------------------------------------------------------------


def timeline(conditions, pathways=("A", "B"), baseline=30.0, follow_up=30.0, **other):
    given = {"period": 10.0, "settling": 3.0, "window": (-0.002, 0.03), "dt": 1e-4, **other}
    return Timeline(conditions, pathways, baseline, follow_up, **given)


def test_tests_pause_around_the_induction():
    line = timeline({"long": pulses(20, 1 * Hz), "nothing": control()})
    assert line.end == 80
    assert_allclose(line.tests[:, :3], [[2.5, 12.5, 22.5], [7.5, 17.5, 27.5]])
    assert_allclose(line.tests[0, line.tested[0, 0]], [2.5, 12.5, 22.5, 62.5, 72.5])  # 42.5 .. 52.5 fall out
    assert_allclose(line.tests[1, line.tested[0, 1]], [7.5, 17.5, 57.5, 67.5, 77.5])  # 27.5 is too near
    assert line.tested[1].all()
    apart = timeline({"p": pulses(2, 1 * Hz).repeated(2, every=100 * second)})
    assert_allclose(apart.tests[0, ~apart.tested[0, 0]], [32.5, 132.5])  # 27 to 35 s, and 127 to 135 s
    assert_allclose(line.spikes(0, 0)[3:23], 30 + np.arange(20))
    assert line.spikes(0, 1).size == 5


def test_changes_in_order():
    bath = drug("D-AP5", start=-10 * second, stop=5 * second)
    follows = switch("Mg", 0 * mM, start=5 * second)
    line = timeline({"one": control(), "two": pulses(20, 1 * Hz).within(bath, follows)})
    assert line.changes == [
        (200_000, 1, "D-AP5", pytest.approx(float(50 * umolar))),
        (350_000, 1, "D-AP5", None),
        (350_000, 1, "Mg", 0.0),
    ]
    with pytest.raises(ModelError, match="begins 10 s before the experiment"):
        _ = timeline({"p": ONE.within(drug("D-AP5", start=-40 * second))}).changes


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"period": 0.05}, "leave less than the 0.032 s"),
        ({"baseline": 12.0}, "baseline has to last at least"),
        ({"follow_up": 12.0}, "follow_up has to last at least"),
        ({"pathways": ("B",)}, "stimulates pathway A; the experiment has B"),
        ({"dt": 2.0}, "fall into one step"),
    ],
)
def test_timelines_that_do_not_fit(given, problem):
    with pytest.raises(ModelError, match=problem):
        timeline({"p": pulses(20, 1 * Hz)}, **given)


@pytest.mark.parametrize("pathways", [("A",), ("A", "B"), ("A", "B", "C")])
def test_window_around_each_test(pathways):
    """The condition that Brian2 evaluates, in numbers, against the windows counted out."""
    line = timeline({"p": ONE}, pathways, dt=1e-3, period=0.1, baseline=5.0, follow_up=5.0)
    steps = np.arange(round(line.end / 1e-3))
    inside = np.zeros(len(steps), bool)
    for t in line.tests.ravel():
        first = round(t / 1e-3) - 2
        inside[first : first + 32] = True
    first, windows = line.window_condition().split(" and ")
    terms = [x.strip("() ").split(") % ") for x in windows.split(" or ")]
    found = np.zeros(len(steps), bool)
    for shift, rest_ in terms:
        period, length = map(int, rest_.split(" < "))
        found |= (steps + int(shift.split("+")[1])) % period < length
    found &= steps >= int(first.split(">=")[1])
    last = round(line.tests.max() / 1e-3) + 30
    assert (found == inside)[:last].all()
