"""Hours in an experiment: a longer time step between the test pulses, held against the short one.

Also `begin_rest`, by which the time step of synapses with pulses of transmitter may grow.
"""

import numpy as np
import pytest
from brian2 import Hz, Network, NeuronGroup, SpikeGeneratorGroup, ms, mV, nS, second
from brian2.core.clocks import defaultclock
from numpy.testing import assert_allclose

from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse, ModelError, Part
from brian2_nmda.equations import ClopathSTDP, ProteinSynthesis
from brian2_nmda.protocols import Experiment, Neuron, control, demo_model, pulses, switch, tetanus
from brian2_nmda.symbolic.part import Parameter, gives

NEURON = Neuron(
    "dv/dt = ((-70*mV - v)*10*nS - I_syn)/(20*pF) : volt", "v > 0*mV", "v = -70*mV", rest=-70 * mV
)
HALF_AN_HOUR = {
    "baseline": 310 * second,
    "follow_up": 1500 * second,
    "test_period": 300 * second,
    "pathways": {"A": 2},
    "dt": 0.5 * ms,
    "rest_after": 0.2 * second,
    "settling": 1 * second,
}


class Changed(Part):
    """An early change of each synapse that does not end, so that proteins are made from the start."""

    h = Parameter(10 * mV, "early change", status="assumed", source="above the threshold of synthesis")
    early_change = gives(h, unit=mV)


@pytest.fixture(autouse=True)
def the_usual_step():
    yield
    defaultclock.dt = 0.1 * ms


def test_half_an_hour_in_numpy():
    """Proteins rise with 3600 s; from ten minutes after the induction on half of the synthesis is left.

    They are linear, so the longer step costs nothing but rounding. All EPSPs are there and the same, as
    nothing else changes. About 3 s of it are stepped with the short step.
    """
    model = GlutamateSynapse(AMPA(gmax=0.5 * nS), parts=[Changed(), ProteinSynthesis()])
    half = switch("synthesis_ProteinSynthesis", 0.5, start=600 * second)
    conditions = {"made": control(), "halved": pulses(20, 100 * Hz).within(half)}
    given = {"neuron": NEURON, "weight": "p_ProteinSynthesis", "rest_step": 0.5 * second}
    experiment = Experiment(conditions, model, **HALF_AN_HOUR, **given)
    resting = sum(b - a for a, b in experiment.timeline.rests) * 0.5e-3
    assert float(experiment.timeline.end) - resting < 10
    found = experiment.run("numpy")
    t, p = np.asarray(found.weight_time / second), np.asarray(found.weight)[:, 0]
    assert t[-1] > 1800
    made = -np.expm1(-t / 3600)
    assert_allclose(p[0], made, rtol=1e-9, atol=1e-12)
    lost = 0.5 * -np.expm1(-np.maximum(t - 910, 0) / 3600)
    assert_allclose(p[1], made - lost, rtol=1e-9, atol=1e-12)
    epsp = np.asarray(found.epsp)
    assert np.isfinite(epsp).all() and found.amplitude.max() > 0.1 * mV
    assert_allclose(epsp, np.broadcast_to(epsp[0, 0, 0], epsp.shape), rtol=1e-9, atol=1e-12)


def test_a_pulse_after_a_rest():
    """Pulses are counted in time steps; after three seconds of long steps the next one is as the first.

    `BioNMDA` closes with 10/s; two Gauss points, with which it is stepped, leave (10/s * 10 ms)**4/4320.
    """
    model = GlutamateSynapse(BioNMDA(gmax=1 * nS))
    source = SpikeGeneratorGroup(1, [0, 0], [0.01, 3.51] * second)
    target = NeuronGroup(1, "v : volt" + model.post_equations(), threshold="v > 0*mV", reset="")
    S = model.synapses(source, target, tolerance=None)
    S.connect()
    network = Network(source, target, S)
    defaultclock.dt = 0.25 * ms
    with pytest.raises(ModelError, match=r"counted in time steps; write S.begin_rest\(\) before it"):
        S.coarsest_step()

    def peak():
        network.run(30 * ms)
        return float(S.g_NMDA[0])

    first = peak()
    assert first > 0.1
    network.run(0.47 * second)
    S.begin_rest()
    source.active = target.active = False
    defaultclock.dt = longest = S.coarsest_step()
    assert longest == 10 * ms
    network.run(3 * second)
    assert abs(S.g_NMDA[0]) < 1.1 * 0.1**4 / 4320
    S.end_rest()
    source.active = target.active = True
    defaultclock.dt = 0.25 * ms
    assert_allclose(peak(), first, rtol=1e-7)
    sent = model.synapses(source, target)
    with pytest.raises(ModelError, match="needs synapses that are stepped; give tolerance=None"):
        sent.begin_rest()


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"rest_step": 0.75 * ms}, "two or more time steps of 0.5 ms; found 0.75 ms"),
        ({"rest_step": 0.5 * ms}, "two or more time steps"),
        ({"rest_step": 1}, "rest_step has to be a quantity"),
        ({"rest_step": 0.2 * second, "rest_after": 299 * second}, "has 0 rests of at least 2 s"),
        ({"rest_step": 0.2 * second, "test_period": 5 * second, "follow_up": 1e4 * second}, "1 to 500"),
    ],
)
def test_refused_when_it_is_made(given, problem):
    with pytest.raises(ModelError, match=problem):
        Experiment(control(), GlutamateSynapse(AMPA()), neuron=NEURON, **(HALF_AN_HOUR | given))


def test_refused_before_it_runs():
    """A step in which an NMDA receptor cannot close, and what would stand still on the neuron."""
    given = {**HALF_AN_HOUR, "neuron": NEURON, "dt": 0.25 * ms}
    with pytest.raises(ModelError, match="for this model it is at most 10 ms; found 200 ms"):
        Experiment(control(), demo_model(), rest_step=0.2 * second, **given).run("numpy")
    voltage = GlutamateSynapse(AMPA(), plasticity=ClopathSTDP())
    with pytest.raises(ModelError, match="'u_m_AMPA' lives on the neuron, which stands still"):
        Experiment(control(), voltage, rest_step=0.2 * second, **given).run("numpy")


@pytest.mark.slow
def test_an_hour_against_the_short_step():
    """The default model through a tetanus and an hour of tests, in C++, with and without the longer step."""
    conditions = [tetanus(), control()]
    given = {"baseline": 310 * second, "follow_up": 3300 * second, "test_period": 300 * second}
    whole, rests = (
        Experiment(conditions, dt=0.25 * ms, rest_step=step, **given).run() for step in (None, 10 * ms)
    )
    n, m = (np.asarray(r.weight) for r in (whole, rests))
    slope = np.nanmax(abs(np.asarray(rests.slope) / np.asarray(whole.slope) - 1))
    print(f"{whole.run_time:.1f} s, {rests.run_time:.1f} s; {abs(m / n - 1).max():.1e}, slope {slope:.1e}")
    assert whole.change("tetanus") > 30
    assert np.isfinite(rests.slope_change("tetanus"))  # the last 5 min hold no test of A, the last one counts
    assert rests.run_time < whole.run_time / 5
    assert_allclose(m, n, rtol=1e-4)
    assert slope < 1e-4
    assert all(len(a) == len(b) for a, b in zip(whole.spikes, rests.spikes, strict=True))
