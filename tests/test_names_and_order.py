"""What Brian2's own `Synapses` do with names in strings, and how a network lists our objects."""

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, mM, ms, scheduling_summary
from brian2.groups.group import CodeRunner

from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse, JahrStevens, ReceptorInsertion, SpineCalcium
from brian2_nmda.equations import GraupnerBrunel, TwoExponentialAMPA

FORMS = {
    "sent": {},
    "stepped": {"tolerance": None},
    "own delays": {"delay": "per_synapse"},
    "naive": {"optimize": False},
}


def joined(whole, n=3, **kwargs):
    """A network of `n` sources and targets, and its synapses, which are not connected yet."""
    source = SpikeGeneratorGroup(n, [0], [1] * ms)
    target = NeuronGroup(
        n,
        "v = -60*mV : volt\ndy/dt = -y/(1*ms) : 1" + whole.post_equations(),
        threshold="y > 1",
        reset="y = 0",
    )
    synapses = whole.synapses(source, target, **kwargs)
    return Network(source, target, synapses), synapses


@pytest.mark.parametrize("form", FORMS)
def test_names_of_the_calling_function(form):
    """The names are unknown outside this function, so the strings hold only if they are looked up here."""
    factor, offset, later = 2.0, 1, 1 * ms
    model = GlutamateSynapse([AMPA(), BioNMDA(block=JahrStevens(Mg=1 * mM))])
    _, synapses = joined(model, model="extra : 1", **FORMS[form])
    synapses.connect("i != j + offset - 1")
    i, j = np.array(synapses.i), np.array(synapses.j)
    assert len(i) == 6 and not np.any(i == j)
    synapses.w = "factor*(i + 1)"
    assert list(synapses.w) == list(factor * (i + 1))
    synapses.w["i > offset"] = "factor"
    assert list(synapses.w) == [factor if k > offset else factor * (k + 1) for k in i]
    synapses.extra = "factor*j"
    assert list(synapses.extra) == list(factor * j)
    if form == "own delays":
        synapses.delay = "later*j"
        assert np.allclose(synapses.delay / ms, later / ms * j, rtol=1e-12)


def plastic():
    return GlutamateSynapse([AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=ReceptorInsertion())


@pytest.mark.parametrize(
    ("make", "kwargs"),
    [
        *((lambda: GlutamateSynapse([AMPA(), BioNMDA()]), kwargs) for kwargs in FORMS.values()),
        (lambda: GlutamateSynapse([AMPA(), BioNMDA()]), {"w": 1.0}),
        (plastic, {}),
        (plastic, {"optimize": False}),
        (
            lambda: GlutamateSynapse(TwoExponentialAMPA(), plasticity=GraupnerBrunel()),
            {"w": "constant", "efficacy": "at_spikes"},
        ),
    ],
)
def test_scheduling_summary(make, kwargs):
    """Brian2 lists objects with orders that are whole numbers only; ours act before the target does."""
    network, synapses = joined(make(), **kwargs)
    synapses.connect()
    listed = str(scheduling_summary(network))
    assert synapses.name in listed
    ours = [o for o in network.sorted_objects if o.name.startswith(synapses.name)]
    target = synapses.target
    for o in ours:
        assert isinstance(o.order, int), o.name
        if o.when == "groups" and isinstance(o, CodeRunner):
            assert o.order < target.order, o.name
