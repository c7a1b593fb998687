"""What a user writes or changes in a part: jumps, events, starts, and errors for what nothing reads."""

import brian2 as b2
import numpy as np
import pytest
from brian2 import ms, nS, psiemens, second, umolar

from brian2_nmda import (
    AMPA,
    BioNMDA,
    Ca,
    Ca_rest,
    GlutamateSynapse,
    Later,
    ModelError,
    On,
    Parameter,
    Part,
    Plasticity,
    SpineCalcium,
    activation,
    conductance,
    define,
    g_initial,
    presynaptic,
    states,
)
from brian2_nmda.equations import CoincidenceInsertion, GraupnerBrunel, TripletSTDP
from brian2_nmda.export.sheet import sheet
from brian2_nmda.symbolic.expressions import symbol


def test_a_role_as_text_is_read():
    class Squared(BioNMDA):
        """Opens with the square of g."""

        activation = "g**2"

    assert Squared().equations["activation"] == symbol("g") ** 2
    assert Squared().difference(BioNMDA())


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("on_spikes", {BioNMDA.g: BioNMDA.g + 1}, "Did you mean 'on_spike'"),
        ("activatoin", "g**2", "Did you mean 'activation'"),
        ("event", (On(BioNMDA.g, {}),), "Did you mean 'events'"),
        ("offset", 3, "begins with '_'"),
    ],
)
def test_what_nothing_reads_is_refused(name, value, hint):
    """A misspelt field of a class body would be ignored."""
    with pytest.raises(ModelError, match=f"(?s)'{name}' is not the derivative.*nothing reads it.*{hint}"):
        type("Own", (BioNMDA,), {name: value, "__doc__": "Own."})


def test_replace_changes_everything_that_happens_at_once():
    r1 = symbol("r1")
    triplet = TripletSTDP()
    changed = triplet.replace(on_spike={"r1": "r1 + 2"}, on_post_spike={"o1": 1})
    assert changed.template.on_spike["r1"] == r1 + 2
    assert list(changed.template.on_spike) == list(triplet.template.on_spike)  # in the same order
    assert changed.template.on_post_spike["o1"] == 1
    assert any(line.startswith("r1 at a spike") for line in changed.difference(triplet))
    late = GraupnerBrunel().replace(on_late_spike={"c": "c + 2*Cpre"})
    assert late.template.on_late_spike["c"] == symbol("c") + 2 * symbol("Cpre")
    assert late.template.latency == symbol("D")
    later = GraupnerBrunel().replace(on_late_spike=("2*D", {"c": "c + Cpre"}))
    assert later.template.latency == 2 * symbol("D")
    assert GraupnerBrunel().replace(latency="3*D").template.latency == 3 * symbol("D")
    one = CoincidenceInsertion().replace(events=[On("armed*int(Ca_eff > theta_p)", {"armed": 0})])
    assert len(one.template.events) == 1


def test_replace_gives_starts_and_bounds_to_states():
    """Also to a state that it adds: ``initial=``, ``within=``."""
    part = BioNMDA().replace(
        "dh/dt = (1 - h)/tau_h : 1", activation="g*h", tau_h=100 * ms, initial={"h": 1}, within={"h": (0, 1)}
    )
    model = GlutamateSynapse(part)
    assert model.system.initial["h_NMDA"] == 1
    assert [float(b) for b in model.system.states["h_NMDA"].within] == [0, 1]
    with pytest.raises(ModelError, match="'h' is not a parameter; its value at the start is initial"):
        BioNMDA().replace("dh/dt = (1 - h)/tau_h : 1", tau_h=100 * ms, h=1)
    with pytest.raises(ModelError, match="cannot start at 2"):
        GlutamateSynapse(part.replace(initial={"h": 2}))
    with pytest.raises(ModelError, match="'q' is no state"):
        BioNMDA().replace(initial={"q": 1})


def test_inputs_in_definitions_and_starts():
    """Resting calcium in a named expression, calcium as the value at the start."""

    class Rule(Plasticity):
        """Grows with calcium above rest."""

        c_0 = Parameter(1 * umolar, "scale")
        k = Parameter(1 / second, "rate")
        drive = define((Ca - Ca_rest) / c_0, meaning="calcium above rest")
        W = states("W", within=(None, None), initial=1)
        seen = states("seen", within=(0, None), unit=umolar, initial=Ca)
        dW = k * drive
        dseen = k * (Ca - seen)
        conductance = conductance * W

    model = GlutamateSynapse([AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=Rule())
    assert model.system.definitions["drive_AMPA"].expression.has(symbol("rest_Ca"))
    assert model.system.initial["seen_AMPA"] == model.system.initial["Ca"] > 0


def test_a_state_under_a_second_name():
    """``dn = flow`` hands out a definition; it declares nothing anew."""

    class Flow(Part):
        """A named rate."""

        k = Parameter(1 / second, "rate")
        n = states("n")
        flow = define(-k * n, unit=1 / second)
        dn = flow

    assert Flow().equations["dn/dt"] == symbol("flow")


class TwiceLater(Part):
    """Counts spikes at two later times."""

    tau = Parameter(10 * second, "decay", status="assumed", source="chosen for this test")
    soon = Parameter(1 * ms, "latency", status="assumed", source="chosen for this test")
    next = Parameter(2 * ms, "latency", status="assumed", source="chosen for this test")
    c = states("c", within=(0, None))
    dc = -c / tau
    on = (On(Later(soon), {c: c + 1}), On(Later(next), {c: c + 10}))


@pytest.mark.parametrize("optimize", [True, False])
def test_each_later_change_happens(optimize):
    """Both changes of one state, each at its time, less the decay of 10 s: closed form."""
    model = GlutamateSynapse(AMPA(), parts=[TwiceLater()])
    assert "Later than a presynaptic spike by next" in sheet(TwiceLater())
    source = b2.SpikeGeneratorGroup(1, [0], [1] * ms)
    target = b2.NeuronGroup(1, "v : volt\nI = I_syn : amp" + model.post_equations(), method="euler")
    S = model.synapses(source, target, optimize=optimize)
    S.connect()
    (name,) = [n for n in model.system.states if n.startswith("c")]
    monitor = b2.StateMonitor(S, name, record=True)
    b2.Network(source, target, S, monitor).run(5 * ms)
    at = {k: getattr(monitor, name)[0][round(k / 0.1)] for k in (1.9, 2.1, 3.1, 4.9)}
    assert at[1.9] == 0
    assert at[2.1] == 1
    assert at[3.1] == pytest.approx(np.exp(-1e-4) + 10, rel=1e-12)
    assert at[4.9] == pytest.approx(np.exp(-2.8e-4) + 10 * np.exp(-1.8e-4), rel=1e-12)


def test_two_changes_of_a_state_at_one_spike_are_refused():
    """The second would silently replace the first."""
    with pytest.raises(ModelError, match="'c' changes twice at a presynaptic spike"):

        class Twice(Part):
            tau = Parameter(10 * second, "decay", status="assumed", source="chosen for this test")
            c = states("c", within=(0, None))
            dc = -c / tau
            on_spike = {c: c + 1}
            on = (On(presynaptic, {c: c + 10}),)


def test_a_rule_of_ones_own_replaces_the_conductance():
    """As the shipped rules do it, with names from the top level alone."""

    class Sites(Plasticity):
        gamma = Parameter(10 * psiemens, "of one receptor", status="assumed", source="chosen for this test")
        tau = Parameter(1 * second, "removal", status="assumed", source="chosen for this test")
        n = states("n", within=(0, None), initial=g_initial / gamma)
        dn = -n / tau
        conductance = n * gamma * activation

    model = GlutamateSynapse(AMPA(gmax=0.5 * nS), plasticity=Sites())
    (receptor,) = model.system.receptors
    assert {x.name for x in receptor.conductance.free_symbols} == {"n_AMPA", "g_AMPA", "gamma_AMPA"}
    assert model.system.initial["n_AMPA"] == pytest.approx(50)


class CountsSpikes(Part):
    """Nothing in it depends on the target, so that it lives once per presynaptic neuron."""

    tau = Parameter(10 * second, "decay", status="assumed", source="chosen for this test")
    c = states("c", within=(0, None))
    dc = -c / tau
    on_spike = {c: c + 1}


def test_different_values_of_what_synapses_share_are_refused():
    """The last value would silently hold for all synapses of a presynaptic neuron."""
    model = GlutamateSynapse(AMPA(), parts=[CountsSpikes()])
    source = b2.SpikeGeneratorGroup(2, [0], [1] * ms)
    target = b2.NeuronGroup(3, "v : volt\nI = I_syn : amp" + model.post_equations(), method="euler")
    S = model.synapses(source, target)
    S.connect()
    (name,) = [n for n in model.system.states if n.startswith("c")]
    setattr(S, name, [1, 1, 1, 2, 2, 2])
    assert list(getattr(S, name)) == [1, 1, 1, 2, 2, 2]
    with pytest.raises(ModelError, match=r"lives on the presynaptic neuron, .* is given different values"):
        setattr(S, name, [1, 2, 3, 4, 5, 6])
