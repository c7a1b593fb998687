"""Networks in which forms of one model are compared: the voltage of their targets is given."""

import numpy as np
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, ms


def trains(sources, duration, rate=40, seed=3):
    """A source for all objects: neurons and times, at most one spike per neuron and step."""
    rng = np.random.default_rng(seed)
    step, neuron = np.nonzero(rng.random((round(duration * 10), sources)) < rate * 1e-4)
    return SpikeGeneratorGroup(sources, neuron, step * 0.1 * ms)


def target_of(model, number, v="-65*mV + 45*mV*sin(2*pi*17*Hz*t + i)"):
    """Neurons with a given voltage."""
    equations = f"u = {v} : volt\nignored = I_syn : amp"
    return NeuronGroup(number, equations + model.post_equations(v="u"), threshold="False", reset="")


def several(model, forms, network=None, condition="(i + j) % 3 != 0", **options):
    """One synapse object for each form, between neurons of their own, in one network."""
    network, found = network or Network(), []
    for form in forms:
        source, target = trains(5, 150), target_of(model, 4)
        S = model.synapses(source, target, **{**options, **form})
        S.connect(condition=condition)
        network.add(source, target, S)
        found.append(S)
    return network, found
