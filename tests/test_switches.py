"""What a protocol changes at a time: temperature, magnesium, inhibition, an inhibitor of protein synthesis.

One condition has the switch, one has not; both see the same test pulses. Until the switch begins they are the
same to the last bit, and from its first pulse on they differ by what the equations say, written out here.
"""

import numpy as np
import pytest
from brian2 import NeuronGroup, SpikeGeneratorGroup, kelvin, mM, ms, mV, nS, second
from brian2.core.clocks import defaultclock
from numpy.testing import assert_allclose, assert_array_equal

from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse, ModelError, Part
from brian2_nmda.equations import LatePhase, ProteinSynthesis, SubunitNMDA, TwoExponentialAMPA
from brian2_nmda.protocols import Experiment, Neuron, control, switch
from brian2_nmda.symbolic.part import Parameter, gives, states

#: Ten tests, 0.1 s apart; the first at 0.05 s. What is switched is so from 0.32 to 0.62 s.
SHORT = {
    "baseline": 0.5 * second,
    "follow_up": 0.5 * second,
    "test_period": 0.1 * second,
    "settling": 0.02 * second,
    "dt": 0.25 * ms,
    "pathways": {"A": 2},
    "window": (2, 40) * ms,
}
DURING = {"start": -0.18 * second, "stop": 0.12 * second}  # after the induction, which begins at 0.5 s
BEFORE, INSIDE, AFTER = slice(0, 3), slice(3, 6), slice(6, 9)  # numbers of test pulses
NEURON = Neuron(
    "dv/dt = ((-70*mV - v)*10*nS - I_syn - g_inhibition*(v + 75*mV))/(20*pF) : volt\n"
    "dg_inhibition/dt = -g_inhibition/(10*ms) : siemens\ninhibition : 1",
    "v > 0*mV",
    "v = -70*mV",
    rest=-70 * mV,
)


class Changed(Part):
    """An early change of each synapse that does not end: proteins are made from the start."""

    h = Parameter(10 * mV, "early change", status="assumed", source="above the threshold of synthesis")
    early_change = gives(h, unit=mV)


class Proteins(Part):
    """Proteins of each neuron, which relax towards what an inhibitor leaves of their synthesis."""

    place = "neuron"
    moved_by_hand = "switched by the protocol"
    tau = Parameter(100 * ms, "time constant", status="assumed", source="short")
    left = states("left", initial=1, meaning="fraction of the synthesis that is left")
    p = states("p", within=(None, None), initial=1, meaning="proteins")
    dleft = 0
    dp = (left - p) / tau


def run(model, span, **given):
    """Results of two conditions, without and with the switch."""
    conditions = {"without": control(), "with": control().within(span)}
    try:
        return Experiment(conditions, model, neuron=NEURON, **(SHORT | given)).run("numpy")
    finally:
        defaultclock.dt = 0.1 * ms


def same_until_the_switch(epsp):
    """Of the two conditions; the tests inside it differ."""
    assert_array_equal(epsp[1, 0, BEFORE], epsp[0, 0, BEFORE])
    differ = np.abs(epsp[1, 0, INSIDE] - epsp[0, 0, INSIDE]).max(axis=-1)
    assert (differ > 0.02 * epsp[0, 0, INSIDE].max(axis=-1)).all()


def test_magnesium():
    """Without it the block is 1; at -70 mV and 1 mM 1/(1 + exp(.062*70)/3.57) is left. Then it is back."""
    model = GlutamateSynapse(BioNMDA(gmax=0.02 * nS))
    found = run(model, switch("Mg", 0 * mM, **DURING))
    epsp = np.asarray(found.epsp)
    same_until_the_switch(epsp)
    blocked, free = np.asarray(found.amplitude)[:, 0]
    # the free EPSP is 0.2 mV, which lessens the driving force and the block by less than 1 %
    assert_allclose(free[INSIDE] / blocked[INSIDE], 1 + np.exp(0.062 * 70) / 3.57, rtol=1e-2)
    assert_allclose(free[AFTER], blocked[AFTER], rtol=1e-3)


def test_temperature():
    """Ten degrees below 35 degC the decay, .024/ms, is slower by its Q10, 2.65; and then as before.

    Of one exponential, differences of the EPSP over 10 ms fall by a factor that tells its rate.
    """
    found = run(
        GlutamateSynapse(SubunitNMDA(gmax=0.02 * nS)), switch("temperature", 298.15 * kelvin, **DURING)
    )
    epsp = np.asarray(found.epsp)
    same_until_the_switch(epsp)
    t = np.asarray(found.epsp_time / ms)
    early, middle, late = (epsp[1, 0, :, np.argmin(abs(t - x))] for x in (17, 27, 37))
    rate = np.log((early - middle) / (middle - late)) / 10
    assert_allclose(rate[BEFORE], 0.024, rtol=1e-2)
    assert_allclose(rate[INSIDE], 0.024 / 2.65, rtol=2e-2)
    assert_allclose(rate[AFTER], 0.024, rtol=1e-2)


def test_inhibition_off_and_on():
    """While it is off, the EPSP is that of a neuron without; else that of one that has it."""
    conditions = {
        "without": control(),
        "with": control().within(switch("inhibition", 0, **DURING)),
        "never": control().within(switch("inhibition", 0)),
    }
    model = GlutamateSynapse(AMPA(gmax=0.5 * nS))
    try:
        found = Experiment(conditions, model, neuron=NEURON, inhibition=0.5 * nS, **SHORT).run("numpy")
    finally:
        defaultclock.dt = 0.1 * ms
    epsp, amplitude = np.asarray(found.epsp), np.asarray(found.amplitude)[:, 0]
    same_until_the_switch(epsp)
    assert (amplitude[2] > 1.02 * amplitude[0]).all()
    assert_allclose(amplitude[1, INSIDE], amplitude[2, INSIDE], rtol=1e-3)
    assert_allclose(amplitude[1, AFTER], amplitude[0, AFTER], rtol=1e-3)


def test_an_inhibitor_as_a_state_of_a_part():
    """Proteins of its neuron decay from the time of the inhibitor on, and are made again from its end on.

    A state of the neuron is switched, as for the part `Anisomycin` of ``examples/early_and_late_ltp.py``.
    """
    model = GlutamateSynapse(AMPA(gmax=0.5 * nS), parts=Proteins())
    found = run(model, switch("left_Proteins", 0, **DURING), weight="p_Proteins")
    t, p = np.asarray(found.weight_time / second), np.asarray(found.weight)[:, 0]
    assert_allclose(p[0], 1, rtol=1e-12)
    decayed = np.exp(-(np.clip(t, 0.32, 0.62) - 0.32) / 0.1)
    expected = 1 - (1 - decayed) * np.exp(-(np.maximum(t, 0.62) - 0.62) / 0.1)
    assert_allclose(p[1], expected, rtol=1e-3)


def test_inhibitor_of_protein_synthesis():
    """`ProteinSynthesis` itself: its ``synthesis`` has one value per neuron, and half of it is left.

    They are made from the start, and follow exponentials.
    """
    parts = [Changed(), ProteinSynthesis(tau_p=100 * ms)]
    model = GlutamateSynapse(AMPA(gmax=0.5 * nS), parts=parts)
    name = "synthesis_ProteinSynthesis"
    found = run(model, switch(name, 0.5, **DURING), weight="p_ProteinSynthesis")
    t, p = np.asarray(found.weight_time / second), np.asarray(found.weight)[:, 0]
    whole = 1 - np.exp(-t / 0.1)
    assert_allclose(p[0], whole, rtol=1e-9, atol=1e-12)
    lost = 0.5 * (1 - np.exp(-(np.clip(t, 0.32, 0.62) - 0.32) / 0.1))
    assert_allclose(p[1], whole - lost * np.exp(-(np.maximum(t, 0.62) - 0.62) / 0.1), rtol=1e-9, atol=1e-12)


def test_where_a_parameter_of_the_neuron_is_set():
    """`post_equations` declares it; a number of that name beside it, or one per synapse, is refused."""
    part = ProteinSynthesis()
    model = GlutamateSynapse(TwoExponentialAMPA(), plasticity=LatePhase(), parts=part)
    name = "synthesis_ProteinSynthesis"
    source = SpikeGeneratorGroup(1, [], [] * ms)

    def target(more="", **given):
        equations = "v : volt" + model.post_equations(**given) + more
        return NeuronGroup(2, equations, threshold="v > 0*mV", reset="")

    neurons = target(per_neuron=[name])
    S = model.synapses(source, neurons)
    S.connect(i=0, j=[0, 1])
    assert_array_equal(neurons.synthesis_ProteinSynthesis[:], [1, 1])
    neurons.synthesis_ProteinSynthesis = [1, 0]
    assert_array_equal(S.synthesis_ProteinSynthesis[:], [1, 0])
    both = target(model.equations_at("neuron"), per_neuron=[name])
    with pytest.raises(ModelError, match="as a number; leave places="):
        model.synapses(source, both, places={"neuron": both})
    with pytest.raises(ModelError, match=r"per neuron: post_equations\(per_neuron=\['synthesis"):
        model.synapses(source, target(), per_synapse=[name])
    with pytest.raises(ModelError, match=f"those are .*{name}"):
        model.post_equations(per_neuron=["synthesis"])
