"""Volume of the spine head, loss and creation of contacts.

Held against closed forms: exponential approach of the volume, calcium in proportion to one over the volume,
exponential waiting times with binomial errors (three standard errors), and the mean-field solution.
"""

import brian2 as b2
import numpy as np
import pytest
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    defaultclock,
    ms,
    mV,
    second,
)
from sympy import Max

from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    ModelError,
    Parameter,
    Plasticity,
    SpineCalcium,
    conductance,
    gives,
    states,
)
from brian2_nmda.conformance import check_model
from brian2_nmda.equations import BufferedCalcium, ContactTurnover, SpineVolume, TwoExponentialAMPA

pytestmark = pytest.mark.xdist_group(__name__)


class Number(Plasticity):
    """Receptors that stay as many as they are set."""

    n_0 = Parameter(20.0, "receptors at the start")
    n = states("n", within=(0, None), initial=n_0)
    dn = 0
    on_post_spike = {n: Max(n, 0)}  # so it lives on the synapse; there are no spikes
    conductance = conductance * n / n_0
    receptors = gives(n, combine="sum")


def run(model, n, duration, dt, spikes=(), record=(), start=None):
    """``n`` synapses onto one clamped neuron each."""
    defaultclock.dt = dt
    source = SpikeGeneratorGroup(1, np.zeros(len(spikes), int), np.array(spikes) * ms)
    target = NeuronGroup(n, "v : volt" + model.post_equations(), threshold="v > 1*volt", reset="")
    target.v = -40 * mV
    S = model.synapses(source, target)
    S.connect()
    for name, value in (start or {}).items():
        setattr(S, name, value)
    M = StateMonitor(S, record, record=True)
    net = Network(source, target, S, M)
    net.run(duration)
    return S, M


def with_volume(**options):
    return GlutamateSynapse(
        [AMPA(), BioNMDA()], calcium=BufferedCalcium(), plasticity=Number(), parts=SpineVolume(**options)
    )


def test_volume_approaches_the_receptors():
    """``s = n/n_ref`` at the start; after a change of ``n`` exponentially; not below ``s_min``."""
    model = with_volume(tau=0.02 * second)
    assert model.system.initial["s_spine"] == 1
    _, M = run(model, 3, 60 * ms, 0.1 * ms, record=["s_spine"], start={"n_AMPA": [40.0, 10.0, 0.0]})
    t = M.t / second
    for s, goal in zip(np.array(M.s_spine), (2.0, 0.5, 0.1), strict=True):
        assert np.max(np.abs(s - (goal + (1 - goal) * np.exp(-t / 0.02)))) <= 1e-12


def test_calcium_falls_with_the_volume():
    """One spike at a clamped voltage: what calcium rises by is in proportion to one over the volume."""
    start = {"n_AMPA": [5.0, 20.0, 80.0], "s_spine": [0.25, 1.0, 4.0]}
    _, M = run(with_volume(tau=1e9 * second), 3, 60 * ms, 0.1 * ms, [1.0], ["Ca"], start)
    Ca = np.array(M.Ca)
    rise = Ca - Ca[:, :1]
    assert rise[1].max() > 1e-4  # mM
    for s, x in zip((0.25, 4.0), rise[[0, 2]], strict=True):
        assert np.max(np.abs(s * x - rise[1])) <= 1e-12 * rise[1].max()


N, RATE = 4000, 20.0  # synapses; losses and creations per second


def turnover(**options):
    return GlutamateSynapse(
        TwoExponentialAMPA(),
        plasticity=[Number(), ContactTurnover(label="contact", k_loss=RATE / second, **options)],
    )


def test_loss_and_creation_are_exponential():
    """Survival of weak contacts, of strong ones, and return of lost ones, to three standard errors."""
    b2.seed(11)
    lost = turnover(creation=0 / second)
    n = np.repeat([5.0, 20.0], N)
    _, M = run(
        lost, 2 * N, 100 * ms, 1 * ms, record=["present_contact", "absent_contact"], start={"n_AMPA": n}
    )
    present = np.array(M.present_contact)
    assert np.all(present + np.array(M.absent_contact) == 1) and np.all(present[N:] == 1)
    assert set(np.unique(present)) == {0, 1} and np.all(np.diff(present, axis=1) <= 0)
    for k in (10, 30, 50, 99):
        p = np.exp(-RATE * M.t[k] / second)
        assert abs(present[:N, k].mean() - p) <= 3 * np.sqrt(p * (1 - p) / N), k
    duration = present[:N].sum(axis=1)  # steps until it is lost, cut at the end
    q, steps = np.exp(-RATE * 1e-3), present.shape[1]
    mean = (1 - q**steps) / (1 - q)
    assert abs(duration.mean() - mean) <= 3 * duration.std() / np.sqrt(N)

    back = turnover(creation=2 * RATE / second)
    start = {"n_AMPA": np.full(N, 20.0), "present_contact": 0, "absent_contact": 1}
    _, M = run(back, N, 50 * ms, 1 * ms, record=["present_contact"], start=start)
    for k in (5, 20, 49):
        p = 1 - np.exp(-2 * RATE * M.t[k] / second)
        assert abs(np.mean(M.present_contact[:, k]) - p) <= 3 * np.sqrt(p * (1 - p) / N), k


def test_mean_field():
    """The probability of being present, of a weak contact that is lost and comes back."""
    model = turnover(creation=5 / second, deterministic=True)
    _, M = run(model, 1, 100 * ms, 0.1 * ms, record=["present_contact"], start={"n_AMPA": 5.0})
    total = RATE + 5
    exact = 5 / total + RATE / total * np.exp(-total * M.t / second)
    assert np.max(np.abs(M.present_contact[0] - exact)) <= 1e-9


def test_lost_contacts_are_silent():
    """The conductance of a lost contact is exactly 0, that of a present one as without the part."""
    model = turnover(creation=0 / second)
    source = SpikeGeneratorGroup(1, [0], [1] * ms)
    target = NeuronGroup(2, "v : volt" + model.post_equations(), threshold="v > 1*volt", reset="")
    S = model.synapses(source, target)
    S.connect()
    S.present_contact, S.absent_contact = [0, 1], [1, 0]
    M = StateMonitor(target, "g_total_AMPA", record=True)
    Network(source, target, S, M).run(5 * ms)
    assert np.all(M.g_total_AMPA[0] == 0) and M.g_total_AMPA[1].max() > 0


def test_planted_errors_are_found():
    """A volume that runs away from the receptors, and one below its bound; what does not fit."""

    class Away(SpineVolume):
        """The sign of the relaxation is wrong."""

        ds = (SpineVolume.s - SpineVolume.receptors / SpineVolume.n_ref) / SpineVolume.tau

    with pytest.raises(ModelError, match="'s'"):
        check_model(Away, targets=())
    with pytest.raises(ModelError, match="changes 'spine_size', but no part before it gives"):
        GlutamateSynapse(
            [AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=Number(), parts=SpineVolume()
        )
    with pytest.raises(ModelError, match=r"SpineVolume.*needs 'receptors', which no part gives"):
        GlutamateSynapse([AMPA(), BioNMDA()], calcium=BufferedCalcium(), parts=SpineVolume())
