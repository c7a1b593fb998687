"""What arrives at synapses, and when: spikes that coincide, other events, delays, clocks.

All forms of a model are held against the naive one (``optimize=False``) and, where the right result can be
said in one line, against that.
"""

import brian2 as b2
import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, ms, nS, second

from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    ModelError,
    NoBlock,
    Parameter,
    Receptor,
    TwoExponentialNMDA,
    WangNMDA,
    states,
)
from brian2_nmda.equations import (
    DAP5,
    FirstOrderNMDA,
    ShouvalNMDA,
    StochasticRelease,
    TripletSTDP,
    WangJumpNMDA,
)
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
        total = model.system.receptors[0].total_name
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
    total = model.system.receptors[0].total_name
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


def coinciding(part, own, options, connect="one", meets=True):
    """A delay of 2 ms becomes one of 1 ms, with a spike under way; ``meets``: another meets it."""
    model = GlutamateSynapse(part)
    times = [1, 2, 6] if meets else [1, 6]
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
    for form, meets in ((options, True), ({**options, "optimize": False}, True), (options, False)):
        b2.start_scope()
        S, monitor, net = coinciding(KINDS[kind](block=NoBlock()), own, form, connect, meets=meets)
        run_coinciding(S, net)
        found.append(np.array(monitor.g_total_NMDA / nS))
        if form is options:
            bound = max([f.bound for f in S.plan.sent.values()], default=0.0)
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


# -- transmitter that is released at an event of the user's


def bursting(n=2):
    """Spikes at 20 ms, bursts at 10 ms."""
    return NeuronGroup(
        n,
        "",
        events={"burst": "t > 9.95*ms and t < 10.05*ms"},
        threshold="t > 19.95*ms and t < 20.05*ms",
        reset="",
        refractory=False,
    )


@pytest.mark.parametrize(
    ("on_event", "options"),
    [({"pre": "burst"}, o) for o in [*FORMS.values(), {"delay": "per_synapse"}, {"w": 1.3}]]
    + [("burst", {}), ("burst", {"optimize": False}), ({"mine": "burst"}, {})],
    ids=str,
)
def test_own_event(on_event, options):
    """Pulses and jumps begin at the event that the user names for ``pre``, and nothing else begins then."""
    model = GlutamateSynapse([BioNMDA(), TwoExponentialNMDA(label="L")])
    source, target = bursting(), NeuronGroup(2, CLAMPED + model.post_equations())
    own = dict(model="seen : second", on_pre={"mine": "seen = t"}) if "mine" in on_event else {}
    S = model.synapses(source, target, on_event=on_event, **options, **own)
    S.connect()
    monitor = StateMonitor(target, ["g_total_NMDA", "g_total_L"], record=True)
    Network(source, target, S, monitor).run(30 * ms)
    first = 20 if "mine" in on_event else 10
    for total in (monitor.g_total_NMDA, monitor.g_total_L):
        opened = monitor.t[np.flatnonzero(total[0] > 0)[0]] / ms
        assert first < opened < first + 0.5
        assert np.all(np.diff(total[0][int(first * 10) + 150 :]) < 0)  # no further pulse
    if own:
        assert np.allclose(S.seen / ms, 10)


def test_event_that_does_not_exist():
    """The source has to have the event; the target, where a rule changes at its spikes."""
    model = GlutamateSynapse(BioNMDA())
    source, target = bursting(), NeuronGroup(2, CLAMPED + model.post_equations())
    with pytest.raises(ModelError, match="has no event 'bust'; give it events="):
        model.synapses(source, target, on_event={"pre": "bust"})
    silent = NeuronGroup(2, "", events={"burst": "t > 1*ms"})
    with pytest.raises(ModelError, match="never spikes; give it threshold="):
        model.synapses(silent, target)
    model.synapses(silent, target, on_event={"pre": "burst"}).connect()
    rule = GlutamateSynapse(AMPA(), plasticity=TripletSTDP())
    group = NeuronGroup(2, CLAMPED + rule.post_equations(), threshold="v > 0*mV", reset="")
    with pytest.raises(ModelError, match=r"'neurongroup.*' has no event 'burst'"):
        rule.synapses(silent, group, on_event="burst")
    rule.synapses(silent, group, on_event={"pre": "burst"}).connect()


# -- clocks


@pytest.mark.parametrize("dt", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("options", [{}, {"w": 1.3}, {"delay": "per_synapse"}], ids=str)
def test_timed_drug_with_another_time_step(dt, options):
    """A drug is washed in at the time of the synapses, as in the naive form, not at that of the target."""
    found = []
    for form in ({}, {"optimize": False}):
        b2.start_scope()
        drug = b2.TimedArray([0, 1, 0.3] * b2.umolar, dt=3 * ms)
        receptor = TwoExponentialNMDA(block=NoBlock(), antagonist=DAP5(conc=drug))
        model = GlutamateSynapse(receptor)
        source = SpikeGeneratorGroup(1, [0], [1] * ms)
        target = NeuronGroup(1, CLAMPED + model.post_equations())
        S = model.synapses(source, target, dt=dt * ms, **options, **form)
        S.connect()
        monitor = StateMonitor(target, "g_total_NMDA", record=True)
        Network(source, target, S, monitor).run(10 * ms)
        found.append(np.array(monitor.g_total_NMDA[0] / nS))
    sent, naive = found
    assert np.sum(np.abs(np.diff(naive)) > 0.3 * naive[1:]) >= 2  # it is washed in, and partly out
    assert np.max(np.abs(sent - naive)) <= 1e-12 * np.max(naive)


# -- delays

BAD_DELAYS = (-0.1 * ms, np.nan * ms, np.inf * ms, 1e300 * second)


def with_delay(delay, options=None, connect=True):
    model = GlutamateSynapse([BioNMDA(), TwoExponentialNMDA(label="L")])
    source = SpikeGeneratorGroup(1, [0], [1] * ms)
    target = NeuronGroup(3, CLAMPED + model.post_equations())
    S = model.synapses(source, target, delay=delay, **(options or {}))
    if connect:
        S.connect()
    return S, Network(source, target, S)


@pytest.mark.parametrize(
    ("delay", "options"),
    [(delay, {}) for delay in BAD_DELAYS] + [(np.nan * ms, FORMS["stepped"]), (-1 * ms, FORMS["naive"])],
    ids=str,
)
def test_bad_delays(delay, options):
    """Given at once, given later, by array or by string: an error before the run."""
    message = "has to be 0 ms or more and at most 1000 s, found"
    with pytest.raises(ModelError, match=message):
        with_delay(delay, options, connect=False)
    for one_by_one in (False, True):
        S, net = with_delay("per_synapse", options)
        if one_by_one:
            S.delay[1] = delay
        else:
            S.delay = f"{float(delay)!r}*second" if np.isfinite(delay) else delay
        with pytest.raises(b2.BrianObjectException) as error:
            net.run(1 * ms)
        assert message in str(cause(error)) and "_pre'" in str(cause(error))
    S, net = with_delay(1 * ms, options)
    if options == {"optimize": False}:
        S.delay = delay
        with pytest.raises(b2.BrianObjectException) as error:
            net.run(1 * ms)
        assert message in str(cause(error))
    else:
        with pytest.raises(ModelError, match=message):
            S.delay = delay


def test_bad_delay_of_a_pathway_of_the_users():
    """Also of statements that the user adds, before and after the first run."""
    mine = dict(model="seen : second", on_pre={"mine": "seen = t"})
    S, net = with_delay("per_synapse", mine)
    net.run(0.1 * ms)
    S.mine.delay[2] = -1 * ms
    with pytest.raises(b2.BrianObjectException) as error:
        net.run(1 * ms)
    assert "S_mine' has to be 0 ms or more".removeprefix("S_") in str(cause(error))


@pytest.mark.slow
def test_bad_delays_stop_the_binary(on_target, capfd):
    """Drawn in the binary, where alone they are known."""
    for options in ({}, {"optimize": False}):
        on_target("cpp_standalone")
        S, net = with_delay("per_synapse", options)
        S.delay = "-(1 + i)*ms*rand()"
        with pytest.raises(RuntimeError, match="run failed"):
            net.run(1 * ms)
        message = "has to be 0 ms or more and at most 1000 s, found -"
        assert message in capfd.readouterr().err


@pytest.mark.slow
def test_weights_by_run_args(on_target):
    """One binary, several weights, by ``run_args``; by assignment after the first run they stay refused."""
    directory = on_target("cpp_standalone", build_on_run=False)
    S, net = with_delay("per_synapse")
    monitor = StateMonitor(S.target, "g_total_NMDA", record=True)
    net.add(monitor)
    net.run(5 * ms)
    for assign in (lambda: setattr(S, "w", 2), lambda: S.w.__setitem__(0, 2)):
        with pytest.raises(ModelError, match="after the first"):
            assign()
    b2.device.build(directory=directory, run=False)
    found = []
    for w in (1.0, 2.0):
        b2.device.run(run_args={S.w: w})
        found.append(np.array(monitor.g_total_NMDA / nS))
    assert np.max(found[0]) > 0 and np.allclose(found[1], 2 * found[0], rtol=1e-12)
