"""What a user writes or changes in a part: jumps, events, starts, and errors for what nothing reads."""

import pytest
from brian2 import ms, second, umolar

from brian2_nmda import (
    AMPA,
    BioNMDA,
    Ca,
    Ca_rest,
    GlutamateSynapse,
    ModelError,
    On,
    Parameter,
    Part,
    Plasticity,
    SpineCalcium,
    conductance,
    define,
    states,
)
from brian2_nmda.equations import CoincidenceInsertion, GraupnerBrunel, TripletSTDP
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
