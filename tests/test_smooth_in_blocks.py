"""Rules that follow calcium smoothly in blocks of time steps, ``optimize='blocks'``.

Held against the naive form, ``optimize=False``, which stores and steps everything on each synapse.
"""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest
from brian2 import Network, StateMonitor, device, mM, ms, nS, second, umolar
from numpy.testing import assert_allclose, assert_array_equal
from sympy import Max, exp, tanh

from brian2_nmda import (
    BioNMDA,
    GlutamateSynapse,
    JahrStevens,
    Parameter,
    SpineCalcium,
    TwoExponentialAMPA,
    exprel,
)
from brian2_nmda.equations import (
    CastellaniEnzymes,
    CastellaniPhosphorylation,
    RelativeInsertion,
    ShouvalCalcium,
    ShouvalNMDA,
    ShouvalPlasticity,
    UnsaturatedEnzymes,
)
from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.lowering.plan import make_plan
from brian2_nmda.symbolic.kinds import Plasticity
from brian2_nmda.symbolic.part import Ca, Ca_eff, conductance, states

networks = SimpleNamespace(**run_path(str(Path(__file__).with_name("block_networks.py"))))
several, target_of, trains = networks.several, networks.target_of, networks.trains

BLOCKS = {"optimize": "blocks", "w": "constant", "efficacy": "at_spikes"}
NAIVE = {"optimize": False}
#: Of the difference between weights, which start alike: open fraction within 1e-7, rates within 1e-6.
RTOL = 2e-6


class OwnRule(Plasticity):
    """Weights whose rates have a kink, read two states, are fast, or are steep."""

    a = Parameter(6 * umolar, "calcium of the kink, and of half activity")
    K = Parameter(0.1 * umolar, "integrated calcium of half activity")
    up = Parameter(6 / second, "potentiation")
    down = Parameter(5 / second, "depression")
    tau = Parameter(2 * ms, "of the fast weight")
    steep = Parameter(20 / umolar, "steepness")

    W = states("W", within=(None, None), initial=1)
    fast = states("fast", within=(None, None))
    slow = states("slow", within=(None, None))
    dW = up * Max(Ca / a - 1, 0) * (2 - W) - down * Ca_eff**2 / (K**2 + Ca_eff**2) * W
    dfast = (tanh(Ca / a) - fast) / tau
    dslow = down / (1 + exp(-steep * (Ca - a))) * (1 - slow)
    conductance = conductance * Max(W + 0.1 * fast + 0.1 * slow, 0)


def spine(rule, **chain):
    nmda = BioNMDA(gmax=0.3 * nS, block=JahrStevens(Mg=1 * mM))
    return GlutamateSynapse([TwoExponentialAMPA(), nmda], **chain, calcium=SpineCalcium(), plasticity=rule)


def shouval(**parameters):
    rule = ShouvalPlasticity(**parameters)
    return GlutamateSynapse([TwoExponentialAMPA(), ShouvalNMDA()], calcium=ShouvalCalcium(), plasticity=rule)


def chain():
    """Receptors that follow a kinase, which follows calcium: faster than published, and for this calcium."""
    rule = RelativeInsertion(k_rem=20 / second)
    return spine(rule, parts=UnsaturatedEnzymes(K_K=5 * umolar, K_P=0.1 * umolar, tau_K=50 * ms))


def weights(S):
    return [n for n in S.plan.in_blocks.states if n not in ("Ca", "Ca_eff")]


def assert_close(S, naive, different=True, rtol=RTOL):
    """All weights agree, within a fraction of what synapses differ by; so does calcium."""
    for name in weights(S):
        found, expected = (np.array(getattr(x, name + "_")) for x in (S, naive))
        assert_allclose(found, expected, rtol=0, atol=rtol * np.ptp(expected) + 1e-14, err_msg=name)
        assert not different or np.ptp(expected) > 1e-5, name
    assert_allclose(S.Ca_, naive.Ca_, rtol=0, atol=1e-7 * np.max(np.abs(naive.Ca_)))


@pytest.mark.parametrize(
    ("model", "options"), [(shouval, {}), (chain, {"delay": 1.3 * ms, "condition": None, "w": 2.0})]
)
def test_same_as_naive(model, options):
    """Whole blocks, one that the end of a run cuts, one that the next begins; all-to-all with one weight."""
    forms = [BLOCKS, NAIVE]
    if "w" in options:
        forms = [{**BLOCKS, "w": 2.0}, NAIVE]
    network, (S, naive) = several(model(), forms, **options)
    assert S.plan.in_blocks.smooth
    for duration in (32, 13.1, 65):
        network.run(duration * ms)
        assert_close(S, naive, different=duration == 65)


def test_own_rule_and_its_readers():
    """Monitors, the user, changed parameters and a restored state see each weight as it is now."""
    network, (S, naive) = several(spine(OwnRule()), [BLOCKS, NAIVE])
    names = weights(S)
    assert len(names) == 3
    seen = [StateMonitor(x, names, record=[0, 3], dt=0.7 * ms) for x in (S, naive)]
    network.add(seen)
    network.run(30.3 * ms)
    network.store()
    network.run(20 * ms)
    first = {n: np.array(getattr(S, n + "_")) for n in names}
    network.restore()
    network.run(20 * ms)
    for name, value in first.items():
        assert_array_equal(getattr(S, name + "_"), value)
        assert_allclose(*(np.array(getattr(m, name)) for m in seen), rtol=0, atol=RTOL)
    for x in (S, naive):
        x.a_AMPA = 4 * umolar
        x.tau_AMPA = 1 * ms
        x.W_AMPA = 1.5
    network.run(35 * ms)
    assert_close(S, naive)


def random_rule(seed):
    rng = np.random.default_rng(seed)
    half, integrated, steep = rng.uniform((1, 0.05, 5), (9, 0.15, 60))
    return OwnRule(a=half * umolar, K=integrated * umolar, steep=steep / umolar)


def test_in_standalone(on_target):
    """The compiled form uses polynomials: random rates, jumps of the voltage, two runs, any order, monitors.

    The monitor of one synapse ends the block of its source alone, that of two the block of all.
    """
    directory = on_target("cpp_standalone", build_on_run=False)
    network, pairs, monitors = Network(), [], []
    jumps = "-65*mV + 30*mV*sin(2*pi*17*Hz*t + i) + 60*mV*int((t_in_timesteps + 37*i) % 210 < 11)"
    models = (shouval(), 0.4 * ms, [13]), (spine(random_rule(1)), 0 * ms, [1, 5]), (chain(), 0 * ms, [3])
    for model, delay, record in models:
        rng = np.random.default_rng(5)
        i, j = (rng.permutation(x) for x in np.tile(np.arange(5), (2, 4)))
        pair = []
        for form in (BLOCKS, NAIVE):
            source, target = trains(9, 150), target_of(model, 8, v=jumps)
            S = model.synapses(source, target[1:7], delay=delay, **form)
            S.connect(i=i, j=j)
            name = "r_AMPA" if model is models[2][0] else "W_AMPA"
            monitors.append(StateMonitor(S, name, record=record, dt=(0.7 if delay else 10) * ms))
            network.add(monitors[-1], source, target, S)
            pair.append(S)
        pairs.append(pair)
    network.run(95.5 * ms)
    for S in pairs[0]:
        S.a_p_AMPA = 0.5 * umolar
    for S in pairs[1]:
        S.a_AMPA = 3 * umolar
    for S in pairs[2]:
        S.K_K_graded = 2 * umolar
    network.run(40 * ms)
    device.build(directory=directory)
    for S, naive in pairs:
        assert_close(S, naive)
    for found, expected in zip(monitors[::2], monitors[1::2], strict=True):
        (name,) = found.record_variables
        course, right = (np.array(getattr(m, name)) for m in (found, expected))
        assert np.ptp(right) > 1e-4
        assert_allclose(course, right, rtol=0, atol=RTOL * np.ptp(right))


# -- what is refused, visibly --------------------------------------------------------------------------


def plan_of(model, **declarations):
    given = {"w": "constant", "efficacy": "at_spikes", "tolerance": 1e-6, "in_blocks": True} | declarations
    return make_plan(model.system, Declarations(**given), 1e-4)


def why_not(plan, name):
    (row,) = [r for r in plan.table if r["variable"] == name]
    return row["why"].partition("; not in blocks: ")[2]


def test_plan():
    plan = plan_of(shouval())
    (row,) = [r for r in plan.table if r["variable"] == "W_AMPA"]
    assert "128 steps at once" in row["integrated by"] and "smooth in what it follows" in row["why"]
    assert "1e-06 (its rates)" in row["error bound"]


def test_two_sites_of_phosphorylation():
    plan = plan_of(spine(CastellaniPhosphorylation(), parts=CastellaniEnzymes()))
    assert {f.state for f in plan.in_blocks.smooth} == {"p1_AMPA", "p2_AMPA"}


def test_chain():
    """Receptors that follow a kinase that follows calcium."""
    plan = plan_of(spine(RelativeInsertion(), parts=UnsaturatedEnzymes()))
    assert [f.state for f in plan.in_blocks.smooth] == ["K_graded", "r_AMPA"]
    bounds = {r["variable"]: r["error bound"] for r in plan.table}
    assert "course of K_graded estimated" in bounds["r_AMPA"]
    assert "estimated" not in bounds["K_graded"]


class Mixed(Plasticity):
    """A rate that multiplies functions of two states."""

    k = Parameter(1 / (second * mM), "rate")
    a = Parameter(1 * umolar, "half activity")
    W = states("W", within=(None, None), initial=1)
    dW = k * Ca_eff * tanh(Ca / a) - k * a * W
    conductance = conductance * Max(W, 0)


class Circle(Plasticity):
    """Weights that read each other."""

    k = Parameter(1 / second, "rate")
    a = Parameter(1 * umolar, "half activity")
    W, X = states("W X", within=(None, None), initial=1)
    dW = k * (tanh(Ca / a) * X - W)
    dX = k * (tanh(W) - X)
    conductance = conductance * Max(W, 0)


class Exprel(Plasticity):
    """A function that is not in C++."""

    k = Parameter(1 / second, "rate")
    a = Parameter(1 * umolar, "half activity")
    W = states("W", within=(None, None), initial=1)
    dW = k * (exprel(Ca / a) - W)
    conductance = conductance * Max(W, 0)


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Mixed(), "the rate of 'W_AMPA' is not a sum of functions of one state each"),
        (Circle(), "it has no exact step"),
        (Exprel(), "'W_AMPA' contains 'exprel'"),
    ],
)
def test_reasons(rule, why):
    plan = plan_of(spine(rule))
    assert plan.in_blocks is None
    assert why in why_not(plan, "W_AMPA")
