"""Whole receptors in whole slots: the reactions of Triesch, Vo & Hafner (2018).

Held against: SciPy's LSODA on the published equations (mean); the birth-death theory of independent slots
(variance) where the pool is so large that it stands still; exact conservation of slots and receptors.
"""

import brian2 as b2
import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, ms, mV, second
from scipy.integrate import solve_ivp

import brian2_nmda.equations as lib
from brian2_nmda import (
    GlutamateSynapse,
    ModelError,
    Parameter,
    Plasticity,
    Reaction,
    conductance,
    counts,
    states,
)
from brian2_nmda.brian.exchanges import MOST_PER_STEP, Exchanges

pytestmark = pytest.mark.xdist_group(__name__)

K_OFF, DELTA, PHI, EACH = 1 / 43, 1 / (14 * 60), 2.67, 3


def build(dendrites, dt, each=EACH, deterministic=False, **parameters):
    b2.defaultclock.dt = dt * second
    b2.seed(20261128)
    rule = lib.CountedSlots(deterministic=deterministic, **parameters)
    model = GlutamateSynapse(lib.TwoExponentialAMPA(), plasticity=rule)
    target = NeuronGroup(1, "v : volt" + model.post_equations())
    target.v = -65 * mV
    source = SpikeGeneratorGroup(dendrites * each, [], [] * second)
    S = model.synapses(source, target, places={"dendrite": dendrites}, delay=0 * ms)
    S.connect()
    S.dendrite_index = f"i // {each}"
    return Network(source, target, S), S


def mean(t, pool, slots=60.0, each=EACH):
    """Receptors of a synapse and of the pool, from half filled slots, by the published equations."""
    total = slots * each
    k = K_OFF / (PHI * 180 * 0.5)

    def rates(_, y):
        n, p = y
        entering = k * p * (slots - n) - K_OFF * n
        return [entering, DELTA * 0.5 * 180 * PHI - DELTA * p - each * entering]

    assert total == 180
    return solve_ivp(rates, (0, t), [slots / 2, pool], rtol=1e-10, atol=1e-10).y[:, -1]


@pytest.mark.parametrize("deterministic", [True, False])
def test_mean_is_that_of_the_equations(deterministic):
    """The pool is doubled: 10,000 synapses against SciPy; without chance the error falls with the step."""
    exact, errors = mean(60.0, 480.0), []
    for dt in (1.0, 0.5):
        dendrites = 4 if deterministic else 3334
        net, S = build(dendrites, dt, deterministic=deterministic, pool_0=480.0)
        net.run(60 * second)
        n, pool = np.array(S.n_AMPA), np.array(S.pool_AMPA)[::EACH]
        if not deterministic:
            assert np.array_equal(n, np.round(n)) and np.array_equal(pool, np.round(pool))
            assert np.all(n + S.free_AMPA[:] == 60) and n.min() >= 0 and pool.min() >= 0
            of = n.reshape(-1, EACH).mean(axis=1)
            error = of.std(ddof=1) / np.sqrt(dendrites)
            assert abs(of.mean() - exact[0]) < 3 * error + 0.05 * dt
            break
        errors.append(abs(n[0] - exact[0]))
    if deterministic:
        assert errors[0] < 0.05 and 1.6 < errors[0] / errors[1] < 2.5


def test_variance_is_that_of_birth_and_death():
    """Slots of one synapse per dendrite with a pool that nothing empties: binomial at all times."""
    # a pool of 1e6 receptors, each of which binds that much less often
    big = 1_000_000
    chance = big / (PHI * 1e6 * 0.5 * 2)  # binding over unbinding
    net, S = build(10_000, 0.5, each=1, all_slots=1e6 * 2, pool_0=float(big), delta=0 / second)
    net.run(40 * second)
    rate = K_OFF * (1 + chance)
    end = chance / (1 + chance)
    full, empty = end + (1 - end) * np.exp(-40 * rate), end * (1 - np.exp(-40 * rate))
    expected = 30 * full + 30 * empty
    variance = 30 * full * (1 - full) + 30 * empty * (1 - empty)
    n = np.array(S.n_AMPA)
    step = K_OFF * 0.5  # what is drawn in a step does not return in it: half of this
    assert abs(n.mean() - expected) < 3 * np.sqrt(variance / n.size) + step * abs(expected - 30)
    assert abs(n.var(ddof=1) / variance - 1) < 3 * np.sqrt(2 / n.size) + step


def test_receptors_and_slots_are_conserved_exactly():
    """Without synthesis, and with a pool that is too small for all free slots."""
    net, S = build(50, 1.0, delta=0 / second, pool_0=20.0, a=40.0, n_ref=30.0)
    for _ in range(4):
        net.run(10 * second)
        n, free, pool = (np.array(getattr(S, f"{x}_AMPA")) for x in ("n", "free", "pool"))
        assert np.all(n + free == 60) and n.min() >= 0 and free.min() >= 0 and pool.min() >= 0
        assert np.all(n.reshape(-1, EACH).sum(axis=1) + pool[::EACH] == 110)
    assert np.ptp(n) > 0


def test_steps_that_are_too_coarse():
    """The bound is on a free slot, which may not fill with more than 10 % in a step."""
    net, _ = build(1, 5.0)
    with pytest.raises(Exception) as caught:
        net.run(5 * second)
    text, error = "", caught.value
    while error is not None:
        text, error = text + str(error), error.__cause__
    assert "a molecule of 'n_AMPA' reacts with probability 0.11" in text or "of 'free_AMPA'" in text, text
    assert MOST_PER_STEP == 0.1


def test_what_cannot_be_a_partner():
    with pytest.raises(ModelError, match="has to be at a place that synapses share"):

        class Here(Plasticity):
            """All three on the synapse."""

            k = Parameter(1 / second, "a rate")
            a, b, c = counts("a b c", initial=3)
            reactions = (Reaction(a, b, k, 0, partner=c),)
            conductance = conductance

    with pytest.raises(ModelError, match="used up by one reaction only"):

        class Twice(Plasticity):
            """Its partner leaves by a second way."""

            k = Parameter(1 / second, "a rate")
            p = counts("p", initial=3, place="dendrite")
            b, c, d = counts("b c d", initial=3)
            reactions = (Reaction(p, b, k, 0, partner=c), Reaction(c, d, k))
            conductance = conductance


class Driven(Plasticity):
    """Agents that react at a rate which a state sets."""

    k = Parameter(1 / ms, "rate at a drive of 1")
    drive = states("drive", within=(0, None), initial=3, meaning="drive")
    ddrive = -0.1 * k * drive
    off = counts("off", initial=10, within=(0, 10), meaning="agents at rest")
    on_ = counts("on_", within=(0, 10), meaning="agents that reacted")
    reactions = (Reaction(off, on_, k * drive, k / 100),)
    conductance = conductance * on_


def test_rates_that_states_set_are_checked_at_their_start():
    """3/ms: a step of 0.04 ms is one of 0.12, refused; 0.03 ms is accepted."""
    system = GlutamateSynapse(lib.TwoExponentialAMPA(), plasticity=Driven()).system
    flows = Exchanges(system)
    flows.check_step(system.values(), 3e-5, "here")
    with pytest.raises(ModelError, match=r"a molecule of 'off_AMPA' reacts with\s+probability 0.11"):
        flows.check_step(system.values(), 4e-5, "here")
