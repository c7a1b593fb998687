"""Calcium and threshold rules in blocks of time steps, ``optimize='blocks'``.

Held against the naive form, ``optimize=False``, which stores and steps everything on each synapse. The
voltage of the targets is given, so that all forms see the same; what is left is the error of the open
fraction that is sent.
"""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    StateMonitor,
    device,
    mM,
    ms,
    mV,
    network_operation,
    nS,
    prefs,
    umolar,
)
from numpy.testing import assert_allclose, assert_array_equal

from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    JahrStevens,
    ModelError,
    ReceptorInsertion,
    SpineCalcium,
    TwoExponentialAMPA,
)
from brian2_nmda.equations import FiveStateNMDA, ShouvalCalcium, ShouvalNMDA
from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.lowering.in_blocks import LENGTH
from brian2_nmda.lowering.plan import make_plan

networks = SimpleNamespace(**run_path(str(Path(__file__).with_name("block_networks.py"))))
several, target_of, trains = networks.several, networks.target_of, networks.trains

AT_SPIKES = {"w": "constant", "efficacy": "at_spikes"}
BLOCKS = {"optimize": "blocks"}
#: Of the peak: the bound of the open fraction is below 1e-7.
RTOL = 1e-7


def nmda(**parameters):
    return BioNMDA(gmax=0.3 * nS, block=JahrStevens(Mg=1 * mM), **parameters)


def insertion():
    """Thresholds that calcium passes in both directions within some hundred ms."""
    rule = ReceptorInsertion(theta_p=0.2 * umolar, theta_d=0.15 * umolar)
    return GlutamateSynapse([TwoExponentialAMPA(), nmda()], calcium=SpineCalcium(), plasticity=rule)


def calcium(receptor=None, pool=None):
    return GlutamateSynapse(receptor or nmda(), calcium=pool or SpineCalcium())


def states(S):
    return [n for n in ("Ca", "Ca_eff", "n_AMPA") if n in S.variables]


def assert_close(S, naive, rtol=RTOL, different=True):
    """All states agree; in the end synapses differ, since something has happened."""
    for name in states(naive):
        found, expected = (np.array(getattr(x, name + "_")) for x in (S, naive))
        assert_allclose(found, expected, rtol=0, atol=rtol * np.max(np.abs(expected)), err_msg=name)
        assert not different or np.ptp(expected) > 1e-3 * np.max(np.abs(expected)), name


# -- the same as the naive form ---------------------------------------------------------------------


@pytest.mark.parametrize("delay", [0.0, 1.3])
def test_insertion(delay):
    """Whole blocks, one that the end of the run cuts, and one that the next run begins; spikes within all."""
    network, (S, naive) = several(insertion(), [BLOCKS | AT_SPIKES, {"optimize": False}], delay=delay * ms)
    for duration in (2.5 * LENGTH * 0.1, 13.1, 65):
        network.run(duration * ms)
        assert_close(S, naive, different=duration == 65)
        assert_allclose(S.n_AMPA, naive.n_AMPA, rtol=1e-12)  # every threshold is passed in the same step


@pytest.mark.parametrize(
    "model",
    [calcium(FiveStateNMDA(gmax=0.3 * nS)), calcium(ShouvalNMDA(), ShouvalCalcium())],
    ids=["five states", "Shouval"],
)
def test_calcium_alone(model):
    network, (S, naive) = several(model, [BLOCKS, {"optimize": False}])
    network.run(70 * ms)
    assert {*S.plan.in_blocks.linear} == {*states(S)}
    assert_close(S, naive)


def test_two_receptors():
    """Each has exponentials of its own; they share a pulse, and one weight that is sent for all targets."""
    model = GlutamateSynapse([nmda(label="a"), nmda(label="b", beta1=0.1 / ms)], calcium=SpineCalcium())
    network, (S, naive) = several(model, [BLOCKS, {"optimize": False}], condition=None, w=2.0)
    network.run(50 * ms)
    assert len(S.plan.in_blocks.drives) == 2
    assert_close(S, naive)


def test_voltage_that_follows_the_synapses():
    """The same course of the voltage and of what spikes open as step by step, within the tolerance."""
    model = insertion()
    network, targets, found = Network(), [], []
    for optimize in ("blocks", True):
        source = trains(5, 100, rate=100)
        equations = "dv/dt = (5*nS*(-65*mV - v) - I_syn)/(100*pF) : volt" + model.post_equations()
        target = NeuronGroup(3, equations, method="euler")
        target.v = -65 * mV
        S = model.synapses(source, target, optimize=optimize, **AT_SPIKES)
        S.connect()
        network.add(source, target, S)
        targets.append(target)
        found.append(S)
    network.run(100 * ms)
    assert_allclose(targets[0].v / mV, targets[1].v / mV, rtol=1e-6)
    assert np.all(targets[1].v > -64 * mV)
    assert_close(*found, rtol=1e-6, different=False)


# -- what a user does ---------------------------------------------------------------------------------


def test_monitors_and_readers_within_a_block():
    """Whoever reads sees the present value, at any time step; the block then begins anew."""
    network, (S, naive) = several(insertion(), [BLOCKS | AT_SPIKES, {"optimize": False}])
    seen = [StateMonitor(x, ["Ca", "Ca_eff", "n_AMPA"], record=[0, 3], dt=0.7 * ms) for x in (S, naive)]
    late = [StateMonitor(x, "Ca", record=True, dt=1.1 * ms, when="end") for x in (S, naive)]
    read = []

    @network_operation(dt=2.3 * ms, when="end")
    def look():
        read.append([np.array(x.Ca_) for x in (S, naive)])

    network.add(seen, late, look)
    network.run(40 * ms)
    for name in ("Ca", "Ca_eff", "n_AMPA"):
        found, expected = (np.array(getattr(m, name)) for m in seen)
        assert_allclose(found, expected, rtol=0, atol=RTOL * np.max(expected))
    assert_allclose(late[0].Ca, late[1].Ca, rtol=0, atol=RTOL * np.max(late[1].Ca))
    found, expected = np.swapaxes(read, 0, 1)
    assert_allclose(found, expected, rtol=0, atol=RTOL * np.max(expected))


def test_runs_changes_and_restore():
    """Parameters and values that change between runs, and a run from a stored state."""
    network, (S, naive) = several(insertion(), [BLOCKS | AT_SPIKES, {"optimize": False}])
    network.run(30.3 * ms)
    network.store()
    network.run(20 * ms)
    first = {n: np.array(getattr(S, n + "_")) for n in states(S)}
    network.restore()
    network.run(20 * ms)
    for name, value in first.items():
        assert_array_equal(getattr(S, name + "_"), value)
    for x in (S, naive):
        x.tau_Ca = 25 * ms
        x.theta_p_AMPA = 0.5 * umolar
        x.n_AMPA = 30
        x.Ca_eff[2] = 1 * umolar
    network.run(35 * ms)
    assert_close(S, naive)


def test_in_standalone(on_target):
    """The compiled form sums exponentials: two runs, monitors, synapses in any order, a subgroup.

    The monitor of one synapse ends the block of its source alone, that of two the block of all.
    """
    directory = on_target("cpp_standalone", build_on_run=False)
    network, pairs, monitors = Network(), [], []
    model = insertion()
    for options, forms in (
        ({"delay": 0.4 * ms}, [BLOCKS | AT_SPIKES, {"optimize": False}]),
        ({}, [BLOCKS | AT_SPIKES, {"optimize": False}]),
    ):
        rng = np.random.default_rng(5)
        i, j = (rng.permutation(x) for x in np.tile(np.arange(5), (2, 4)))
        pair = []
        for form in forms:
            source, target = trains(9, 150), target_of(model, 8)
            within = target[1:7] if options else target
            S = model.synapses(source, within, **{**options, **form})
            if options:
                S.connect(i=i, j=j)
                record, dt = [13], 0.7 * ms
            else:
                S.connect(condition="i != j")
                record, dt = [1, 5], 10 * ms
            monitors.append(StateMonitor(S, ["Ca", "n_AMPA"], record=record, dt=dt))
            network.add(monitors[-1])
            network.add(source, target, S)
            pair.append(S)
        pairs.append(pair)
    network.run(95.5 * ms)
    network.run(40 * ms)
    device.build(directory=directory)
    for S, naive in pairs:
        assert_close(S, naive)
        assert_allclose(S.n_AMPA, naive.n_AMPA, rtol=1e-11)
    for found, expected in (monitors[:2], monitors[2:]):
        assert np.max(expected.Ca) > 2 * np.min(expected.Ca)
        assert_allclose(found.Ca, expected.Ca, rtol=0, atol=RTOL * np.max(expected.Ca))
        assert_allclose(found.n_AMPA, expected.n_AMPA, rtol=1e-11)


# -- what is refused, visibly --------------------------------------------------------------------------


def plan_of(model, **declarations):
    given = {"w": "constant", "efficacy": "at_spikes", "tolerance": 1e-6, "in_blocks": True} | declarations
    return make_plan(model.system, Declarations(**given), 1e-4)


def reason(plan, name):
    (row,) = [r for r in plan.table if r["variable"] == name]
    return row["why"].partition("; not in blocks: ")[2]


@pytest.mark.parametrize(
    ("declarations", "name", "why"),
    [
        ({"efficacy": "now"}, "n_AMPA", "read by g_total_AMPA at each step"),
        ({"efficacy": "now"}, "Ca_eff", "read by n_AMPA at each step"),
        ({"efficacy": "now"}, "Ca", "read by Ca_eff at each step"),
        ({"tolerance": None}, "Ca", "tolerance=None"),
        ({"method": "rk4"}, "Ca", "method='rk4'"),
        ({"same_steps": False}, "Ca", "different time steps"),
        ({"single_precision": True}, "Ca", "float32"),
        ({"delay": "per_synapse"}, "Ca", "each synapse has a delay of its own"),
        ({"read_by_user": frozenset({"Ca_eff"})}, "Ca_eff", "read by your model= at each step"),
        ({"read_at_post": frozenset({"n_AMPA"})}, "n_AMPA", "read by your on_pre= or on_post= at spikes"),
        ({"per_synapse": frozenset({"tau_Ca"})}, "Ca", "'tau_Ca' differs between synapses"),
    ],
)
def test_reasons(declarations, name, why):
    plan = plan_of(insertion(), **declarations)
    assert why in reason(plan, name)
    if plan.in_blocks is None:  # then everything is as if it had not been asked for
        before = plan_of(insertion(), **declarations, in_blocks=False).table
        assert [{**r, "why": r["why"].partition("; not in blocks")[0]} for r in plan.table] == before


def test_pulses_of_what_is_scaled_do_not_matter_to_calcium():
    """AMPA() cannot be scaled at spikes, so it reads ``n`` at each step; without a rule calcium is free."""
    model = GlutamateSynapse([AMPA(), nmda()], calcium=SpineCalcium())
    plan = plan_of(model, efficacy="now")
    assert plan.in_blocks.linear == ("Ca", "Ca_eff")
    assert f"{LENGTH} steps at once" in str(plan)
    assert plan_of(model, efficacy="now", in_blocks=False).in_blocks is None


def test_float32_keeps_its_steps():
    prefs.core.default_float_dtype = np.float32
    network, (S, step) = several(calcium(), [BLOCKS, {}], w="constant")
    assert S.plan.in_blocks is None
    network.run(20 * ms)
    assert_array_equal(S.Ca, step.Ca)
    assert np.ptp(S.Ca_) > 0


def test_words():
    model = insertion()
    source, target = trains(2, 10), target_of(model, 2)
    with pytest.raises(ModelError, match="True, False or 'blocks', found 'block'"):
        model.synapses(source, target, optimize="block")
    S = model.synapses(source, target, **BLOCKS, **AT_SPIKES)
    with pytest.raises(ModelError, match="run_regularly reads or changes what is advanced in blocks"):
        S.run_regularly("n_AMPA = 10", dt=5 * ms)
