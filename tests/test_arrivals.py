"""What arrives at synapses, and when: spikes that coincide, other events, delays, clocks.

All forms of a model are held against the naive one (``optimize=False``) and, where the right result can be
said in one line, against that.
"""

import brian2 as b2
import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, ms, nS

from brian2_nmda import (
    BioNMDA,
    GlutamateSynapse,
    NoBlock,
    Parameter,
    Receptor,
    TwoExponentialNMDA,
    WangNMDA,
    states,
)
from brian2_nmda.equations import FirstOrderNMDA, ShouvalNMDA, StochasticRelease, WangJumpNMDA
from brian2_nmda.symbolic.part import released

CLAMPED = "v = -60*mV : volt"
#: The forms in which one model can run.
FORMS = {"default": {}, "stepped": {"tolerance": None}, "naive": {"optimize": False}}


def cause(error):
    """The innermost error."""
    found = error.value
    while found.__cause__ is not None:
        found = found.__cause__
    return found


class JumpAndDecay(Receptor):
    """One saturating jump, one exponential."""

    tau = Parameter(2 * ms, "decay")
    gmax = Parameter(1 * nS, "maximal conductance")
    s = states("s", within=(0, None))
    ds = -s / tau
    on_spike = {s: s + released * (1 - s) / 2}
    activation = s


class Remembering(Receptor):
    """What was open before a spike stays open, beside what jumps."""

    tau = Parameter(2 * ms, "decay")
    gmax = Parameter(1 * nS, "maximal conductance")
    s, last = states("s last", within=(0, None))
    ds = -s / tau
    dlast = 0 / tau
    on_spike = {last: s, s: s + released}
    activation = last


# -- copies of variables, which NumPy makes by reference


@pytest.mark.parametrize("part", [WangJumpNMDA, JumpAndDecay])
def test_one_exponential_summed_once(part):
    """With one weight and all pairs, a single amplitude is read before it decays: as the naive form."""
    found = []
    for options in ({}, {"optimize": False}):
        b2.start_scope()
        model = GlutamateSynapse(part(gmax=1 * nS))
        total = model.system.receptors[0].total
        source = SpikeGeneratorGroup(2, [0, 1, 0], [0, 1, 2.3] * ms)
        target = NeuronGroup(1, CLAMPED + model.post_equations())
        S = model.synapses(source, target, w=1.0, **options)
        S.connect()
        M = StateMonitor(target, total, record=True)
        Network(source, target, S, M).run(5 * ms)
        found.append(np.array(getattr(M, total)[0]))
    assert found[1].max() > 0 and np.max(np.abs(found[0] - found[1])) <= 1e-12 * found[1].max()


@pytest.mark.parametrize("options", [*FORMS.values(), {"delay": "per_synapse"}], ids=str)
def test_state_that_remembers_another(options):
    """``last = s; s = s + 1``: Brian2 adds in place, which must not change ``last``."""
    model = GlutamateSynapse(Remembering(gmax=1 * nS))
    total = model.system.receptors[0].total
    source = SpikeGeneratorGroup(1, [0, 0], [1, 3] * ms)
    target = NeuronGroup(1, CLAMPED + model.post_equations())
    S = model.synapses(source, target, **options)
    S.connect()
    net = Network(source, target, S)
    net.run(2.5 * ms)
    assert getattr(target, total)[0] == 0 * nS
    net.run(2 * ms)
    # s jumped to 1 at the end of the step at 1 ms, and decayed for 20 steps
    assert np.isclose(getattr(target, total)[0] / nS, np.exp(-1), rtol=1e-12)


# -- two spikes of one neuron that arrive in one time step


def coinciding(part, own, options, connect="one", compiled=False, second=True):
    """A delay of 2 ms becomes one of 1 ms, with a spike under way; ``second``: another meets it."""
    model = GlutamateSynapse(part)
    times = [1, 2, 6] if second else [1, 6]
    source = SpikeGeneratorGroup(2, [0] * len(times) + [1], [*times, 4] * ms)
    target = NeuronGroup(3, CLAMPED + model.post_equations())
    S = model.synapses(source, target, delay="per_synapse" if own else 2 * ms, **options)
    if connect == "all":
        S.connect()
    else:
        S.connect(i=[0, 0, 0, 1], j=[0, 1, 1, 2])
    if own:
        S.delay = 2 * ms
    monitor = StateMonitor(target, "g_total_NMDA", record=True)
    return S, monitor, Network(source, target, S, monitor)


def run_coinciding(S, net):
    net.run(1.5 * ms)
    S.delay = 1 * ms
    net.run(12 * ms)


KINDS = {
    "pulse": BioNMDA,
    "jump": WangNMDA,
    "linear": ShouvalNMDA,
    "linear pulse": FirstOrderNMDA,
    "two exponentials": TwoExponentialNMDA,
}


@pytest.mark.parametrize(
    ("kind", "own", "options", "connect"),
    [(kind, own, {}, "one") for kind in ("pulse", "jump", "linear") for own in (False, True)]
    + [(kind, False, {"w": 1.3}, "all") for kind in ("pulse", "linear pulse", "two exponentials")]
    + [("pulse", False, {"tolerance": None}, "one"), ("two exponentials", True, {"w": "constant"}, "one")],
)
def test_coinciding_arrivals(kind, own, options, connect):
    """As in the naive form, within the bound of the plan; not what one spike alone would do."""
    found = []
    for form, second in ((options, True), ({**options, "optimize": False}, True), (options, False)):
        b2.start_scope()
        S, monitor, net = coinciding(KINDS[kind](block=NoBlock()), own, form, connect, second=second)
        run_coinciding(S, net)
        found.append(np.array(monitor.g_total_NMDA / nS))
        if form is options:
            bound = max([f.bound for f in S.plan.relaxing.values()], default=0.0)
    sent, naive, alone = found
    off = bound + 3e-8 * (kind in ("pulse", "jump"))
    assert np.max(np.abs(sent - naive)) <= (off + 1e-11) * np.max(naive) / 0.1
    arrived = round(3.1 / 0.1)
    if "pulse" in kind:  # a pulse that begins with another one changes nothing
        assert np.max(np.abs((sent - alone)[:, : arrived + 20])) <= 1e-12 * np.max(naive)
    elif kind == "two exponentials":
        assert np.allclose(sent[:, arrived : arrived + 20], 2 * alone[:, arrived : arrived + 20], rtol=1e-10)
    else:
        assert np.max(sent - alone) > 0.1 * np.max(alone)


@pytest.mark.parametrize("own", [False, True])
def test_release_at_coinciding_arrivals(own):
    """Each synapse releases at the first spike, or else perhaps at the second, which finds it facilitated.

    ``u`` is on the presynaptic neuron if there is one delay, and would be facilitated at the first already.
    """
    u = 0.5
    model = GlutamateSynapse(BioNMDA(block=NoBlock(), gmax=1 * nS), release=StochasticRelease(U=u))
    source = SpikeGeneratorGroup(1, [0, 0], [1, 2] * ms)
    target = NeuronGroup(400, CLAMPED + model.post_equations())
    b2.seed(4)
    S = model.synapses(source, target, delay="per_synapse" if own else 2 * ms)
    S.connect()
    S.delay = 2 * ms
    net = Network(source, target, S)
    net.run(1.5 * ms)
    S.delay = 1 * ms
    if not own:
        with pytest.raises(b2.BrianObjectException) as error:
            net.run(4 * ms)
        assert "delay='per_synapse'" in str(cause(error))
        S.delay = 2.5 * ms
        net.run(4 * ms)
        return
    net.run(4 * ms)
    expected = 1 - (1 - u) * (1 - (u + u * (1 - u)))
    share = np.mean(target.g_total_NMDA / nS > 0)
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / 400)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["cython", "cpp_standalone"])
def test_coinciding_arrivals_compiled(on_target, target):
    """All forms in one program, 1e-9 of the peak of NumPy's."""
    found = []
    for where in ("numpy", target):
        directory = on_target(where, **({"build_on_run": False} if where == "cpp_standalone" else {}))
        objects, synapses, monitors = [], [], []
        for part, own, options, connect in (
            (BioNMDA, False, {}, "one"),
            (BioNMDA, True, {}, "one"),
            (WangNMDA, False, {"w": 1.3}, "all"),
            (ShouvalNMDA, True, {"optimize": False}, "one"),
        ):
            S, monitor, net = coinciding(part(block=NoBlock()), own, options, connect)
            objects += net.objects
            synapses.append(S)
            monitors.append(monitor)
        net = Network(*objects)
        net.run(1.5 * ms)
        for S in synapses:
            S.delay = 1 * ms
        net.run(12 * ms)
        if directory:
            b2.device.build(directory=directory)
        found.append([np.array(m.g_total_NMDA / nS) for m in monitors])
    for numpy, compiled in zip(*found, strict=True):
        assert np.max(numpy) > 0 and np.max(np.abs(numpy - compiled)) <= 1e-9 * np.max(numpy)
