"""What new users met and was silent or cryptic: each is refused in words, before the run, or works."""

import gc
import re
import sys
from pathlib import Path

import brian2 as b2
import numpy as np
import pytest
from brian2 import (
    Cylinder,
    Network,
    NeuronGroup,
    PoissonInput,
    SpatialNeuron,
    SpikeGeneratorGroup,
    Synapses,
    TimedArray,
    defaultclock,
    ms,
    nS,
    um,
    umolar,
)

import brian2_nmda
from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse, ModelError, SpineCalcium, WangNMDA
from brian2_nmda.equations import DAP5
from brian2_nmda.symbolic.expressions import _RESERVED, check_name

CALCIUM = ["fraction_Ca", "gmax_NMDA", "E_Ca", "v_cal_Ca", "E_NMDA"]


def words(error):
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error)


def made(model=None, connected=True, **kwargs):
    model = model or GlutamateSynapse(BioNMDA())
    source = SpikeGeneratorGroup(2, [0, 1], [1, 2] * ms)
    target = NeuronGroup(2, "v = -60*mV : volt\nI = I_syn : amp" + model.post_equations())
    S = model.synapses(source, target, **kwargs)
    if connected:
        S.connect()
    return Network(source, target, S), S, target


def refused(net, duration=1 * ms):
    with pytest.raises(Exception) as caught:
        net.run(duration)
    return words(caught.value)


@pytest.mark.parametrize(("name", "declared"), [("w", {"w": 1.0}), ("gmax_NMDA", {})])
@pytest.mark.parametrize("text", ["rand()", "0.1*i", "1 + v_post/mV"])
def test_one_value_for_all_is_not_set_by_text_for_each(name, declared, text):
    _, S, _ = made(**declared)
    text = text if name == "w" else f"({text})*nS"
    with pytest.raises(ModelError, match=f"'{name}' is one value for all synapses"):
        setattr(S, name, text)
    setattr(S, name, "2*0.5" if name == "w" else "2*nS")  # the same for all


def test_negative_weights():
    with pytest.raises(ModelError, match=r"may not be negative, found -1.*another reversal potential"):
        made(w=-1.0)
    net, S, _ = made()
    S.w = [1, -0.5, 1, 1]
    assert "may not be negative, found -0.5" in refused(net)


def test_what_others_add_to_our_totals():
    """It would be overwritten at each step."""
    net, _, target = made()
    extra = PoissonInput(target, "g_total_NMDA", 10, 5 * b2.Hz, 1 * nS)
    net.add(extra)
    assert f"'{extra.name}' changes 'g_total_NMDA'" in refused(net)
    net, _, target = made()
    relay = SpikeGeneratorGroup(1, [0], [1] * ms)
    by_hand = Synapses(relay, target, on_pre="g_total_NMDA_post += 1*nS")
    by_hand.connect()
    net.add(relay, by_hand)
    assert f"'{by_hand.name}' changes 'g_total_NMDA'" in refused(net)


def test_a_pulse_shorter_than_the_time_step():
    defaultclock.dt = 1 * ms
    assert "the pulse 'T' lasts 0.5 ms, less than one time step of 1 ms" in refused(made()[0])
    made(GlutamateSynapse(WangNMDA()))[0].run(2 * ms)  # has no pulse


def test_misspelt_arguments():
    with pytest.raises(TypeError, match=r"'tolerence'\. Did you mean 'tolerance'"):
        made(tolerence=1e-3)


def test_a_spatial_neuron_that_forgets_the_current():
    model = GlutamateSynapse(BioNMDA())
    equations = "Im = 1e-4*siemens/cm**2*(-70*mV - v) : amp/meter**2"
    equations += model.post_equations(block="frozen")
    neuron = SpatialNeuron(Cylinder(length=10 * um, diameter=1 * um), equations)
    with pytest.raises(ModelError, match=r"never uses 'I_syn'.*Im = ... - I_syn/area"):
        model.synapses(SpikeGeneratorGroup(1, [0], [1] * ms), neuron)


def test_text_that_is_a_number():
    """Its conductance is sent at spikes like that of a number."""
    model = GlutamateSynapse(BioNMDA(gmax="0.1*nS"))
    assert abs(model.receptors[0].gmax / nS - 0.1) < 1e-15
    assert "sent at spikes" in str(made(model)[1].plan)
    with pytest.raises(b2.DimensionMismatchError):
        BioNMDA(gmax="0.1*mV")
    assert isinstance(BioNMDA(gmax="g_of_mine").gmax, str)


def test_the_plan_of_a_model_is_that_of_its_synapses():
    model = GlutamateSynapse(BioNMDA())
    assert model.plan.table == made(model)[1].plan.table


def test_states_at_postsynaptic_spikes_refuse_a_delay_that_they_would_not_see():
    from brian2_nmda import AMPA
    from brian2_nmda.equations import TripletSTDP

    model = GlutamateSynapse(AMPA(), plasticity=TripletSTDP())
    source = SpikeGeneratorGroup(1, [0], [1] * ms)
    target = NeuronGroup(
        1, "v = -60*mV : volt\nI = I_syn : amp" + model.post_equations(), threshold="v > 0*mV", reset=""
    )
    S = model.synapses(source, target)
    S.connect()
    S.post.delay = 1 * ms
    assert "was given a delay, but o1_AMPA, o2_AMPA live once per neuron" in refused(
        Network(source, target, S)
    )


def test_names_that_the_target_does_not_have():
    """Where each is to be set; a name that nobody knows is Brian2's."""
    _, S, target = made()
    with pytest.raises(AttributeError, match=r"no variable 'Mg'. It is 1\. mM.*variable=\['Mg'\]"):
        target.Mg = 2 * b2.mM
    with pytest.raises(AttributeError, match=r"parameter of the synapses S.*S\.beta1_NMDA"):
        target.beta1_NMDA = 0.01 / ms
    with pytest.raises(AttributeError, match="Could not find a state variable"):
        target.nothing_of_that_name = 1
    with pytest.raises(ModelError, match=r"no variable 'g_NMDA'.*S\.g_NMDA"):
        b2.StateMonitor(target, "g_NMDA", record=True)
    with pytest.raises(ModelError, match=r"'neurongroup\w*' has no variable 'Mg'.*variable=\['Mg'\]"):
        b2.StateMonitor(S, "Mg", record=True)
    with pytest.raises(KeyError):
        b2.StateMonitor(S, "nothing_of_that_name", record=True)


@pytest.mark.parametrize("optimize", [True, False])
def test_recording_an_expression_of_the_synapses(optimize):
    """What the message tells one to write works: the current is that of gate, block and driving force."""
    model = GlutamateSynapse(BioNMDA(), calcium=SpineCalcium())
    equations = "dv/dt = (-60*mV - v)/(10*ms) - I_syn/(100*pF) : volt" + model.post_equations()
    target = NeuronGroup(1, equations, method="euler")
    target.v = -60 * b2.mV
    source = SpikeGeneratorGroup(1, [0], [1] * ms)
    own = "I_Ca_seen = I_Ca : amp (constant over dt)"
    S = model.synapses(source, target, model=own, optimize=optimize)
    S.connect()
    with pytest.raises(ModelError, match=rf"model='{re.escape(own)}'\), and record 'I_Ca_seen'"):
        b2.StateMonitor(S, "I_Ca", record=True)
    with pytest.raises(KeyError, match="nothing_of_that_name"):  # the other one is not to blame
        b2.StateMonitor(S, ["nothing_of_that_name", "I_Ca"], record=True)
    with pytest.raises(ModelError, match="no variable 'I_ca_seen'"):
        b2.StateMonitor(S, "I_ca_seen", record=True)
    seen = b2.StateMonitor(S, ["I_Ca_seen", "g_NMDA"], record=True)
    neuron = b2.StateMonitor(target, ["v", "block_NMDA"], record=True)
    Network(source, target, S, seen, neuron).run(5 * ms)
    v, p = (
        neuron.v[0],
        {n: value[0] if np.ndim(value) else value for n, value in S.get_states(CALCIUM).items()},
    )
    expected = neuron.block_NMDA[0] * p["fraction_Ca"] * seen.g_NMDA[0] * p["gmax_NMDA"] * (v - p["E_Ca"])
    expected *= (p["v_cal_Ca"] - p["E_NMDA"]) / (p["v_cal_Ca"] - p["E_Ca"])
    assert np.max(abs(expected)) > 1e-14 * b2.amp
    np.testing.assert_allclose(seen.I_Ca_seen[0] / b2.amp, expected / b2.amp, rtol=1e-12)


@pytest.mark.parametrize("delay", [2 * ms, "per_synapse"], ids=str)
def test_delays_in_run_args(on_target, delay):
    """Brian2 names it otherwise than its binary, which would stop at an unknown variable."""
    on_target("cpp_standalone", build_on_run=False)
    _, S, _ = made(delay=delay)
    with pytest.raises(ModelError, match=r"run_args cannot set a delay; set S\.delay before the run"):
        b2.device.run(run_args={S.delay: 3 * ms})


@pytest.mark.parametrize(
    ("name", "value", "bounds"),
    [
        ("g_NMDA", 5, "at least 0.0 and at most 1.0"),
        ("g_NMDA", np.nan, "at least 0.0 and at most 1.0"),
        ("Ca", np.nan * umolar, "a finite number"),
        ("n_AMPA", -5, "at least 0.0."),
    ],
)
def test_states_far_outside_their_bounds(name, value, bounds):
    """Rounding and time steps are forgiven, wrong signs and units are not."""
    model = GlutamateSynapse(
        [AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=brian2_nmda.ReceptorInsertion()
    )
    net, S, _ = made(model, tolerance=None)
    setattr(S, name, value)
    with pytest.raises(Exception) as error:
        net.run(1 * ms)
    assert re.search(f"'{name}' .* at the start of the run; expected {bounds}", words(error.value))


def test_a_rule_without_a_conductance():
    class Forgetful(brian2_nmda.Plasticity):
        W = brian2_nmda.states("W", within=(0, None), initial=1)
        dW = (1 - W) * brian2_nmda.Parameter(1 * b2.Hz, "rate")

    with pytest.raises(ModelError, match=r"Forgetful: a rule has to say .* add 'conductance = \.\.\.'"):
        Forgetful()


@pytest.mark.parametrize("kind, role", [
    ("Block", "block"), ("Release", "concentration"), ("CoAgonist", "occupancy"),
    ("ChannelBlocker", "unblocked"), ("Calcium", "current"), ("Receptor", "activation"),
])  # fmt: skip
def test_parts_that_do_not_give_what_their_kind_is_for(kind, role):
    forgetful = type("Forgetful", (getattr(brian2_nmda, kind),), {})
    with pytest.raises(ModelError, match=rf"Forgetful: .*has to say .*; add '{role} = \.\.\.'"):
        forgetful()


def test_names_of_the_binary():
    """As Brian2 builds them from ``run_args={S.gmax_NMDA: ...}``."""
    _, S, target = made(GlutamateSynapse(BioNMDA()))
    names = S.binary_names()
    for n in ("w", "gmax_NMDA", "beta1_NMDA", "duration_T"):
        view = getattr(S, n)
        assert names[n] == f"{view.group_name}.{view.name}"
    assert "Mg" not in names and f"{target.name}.v" not in names.values()


def test_no_warnings_about_what_the_user_has_not_made():
    """A script may have a ``tau_x_NMDA`` of its own, and a refused run speaks of no helper object."""
    tau_x_NMDA = 3 * ms  # noqa: F841
    with b2.utils.logger.catch_logs() as logs:
        net, *_ = made(GlutamateSynapse([WangNMDA(), AMPA()]), tolerance=None)
        net.run(1 * ms)
        net, S, target = made()
        helpers = [o.name for o in S.contained_objects if o.name.startswith(f"{S.name}_")]
        S.w = np.nan
        assert "not finite" in refused(net)
        del net, S, target
        gc.collect()
    assert helpers
    texts = [text for _, _, text in logs]
    assert not [t for t in texts if "tau_x_NMDA" in t or any(f"'{n}'" in t for n in helpers)], texts


def drugged(conc, **kwargs):
    """Open conductance (S) in D-AP5 at 70 ms; a number becomes 20 uM at 50 ms."""
    source = SpikeGeneratorGroup(1, [0, 0], [1, 61] * ms)
    model = GlutamateSynapse(BioNMDA(antagonist=DAP5(conc=conc)))
    target = NeuronGroup(1, "v : volt" + model.post_equations(), method="euler")
    target.v = -40 * b2.mV
    S = model.synapses(source, target, **kwargs)
    S.connect()
    net = Network(source, target, S)
    net.run(50 * ms)
    if not isinstance(conc, TimedArray):
        S.conc_DAP5_NMDA = 20 * umolar
    net.run(20 * ms)
    return float(np.array(target.g_total_NMDA)[0])


def test_a_drug_is_washed_in_by_either_way_of_the_page():
    """The three ways of the drugs page, held against each other."""
    timed = drugged(TimedArray([0, 20] * umolar, dt=50 * ms))
    assert timed > 0
    assert drugged(0 * umolar, tolerance=None) == pytest.approx(timed, rel=1e-12)
    assert drugged(0 * umolar) == pytest.approx(timed, abs=1e-6 * nS / b2.siemens)


def test_what_cannot_be_sent_names_the_value_and_the_way_out():
    net, S, _ = made(GlutamateSynapse(BioNMDA(antagonist=DAP5())))
    net.run(1 * ms)
    S.conc_DAP5_NMDA = 0 * umolar
    with pytest.raises(Exception) as error:
        net.run(1 * ms)
    for said in ("'conc_DAP5_NMDA' = 0 (the model has 0.05;", "TimedArray", "tolerance=None"):
        assert said in words(error.value)
    assert "time step" not in words(error.value)


@pytest.mark.parametrize("kind", ["ours", "found by Brian2", "not ours"])
def test_an_uncaught_model_error_stands_last_and_alone(kind, capsys, monkeypatch):
    # it would keep the files of this session
    monkeypatch.setattr(b2.utils.logger.BrianLogger, "exception_occured", False)
    with pytest.raises(Exception) as found:
        if kind == "found by Brian2":
            made(connected=False)[0].run(1 * ms)
        raise ModelError("what is wrong") if kind == "ours" else ValueError("what is wrong")
    with b2.utils.logger.catch_logs(log_level="ERROR") as logs:
        sys.excepthook(found.type, found.value, found.tb)
    said = capsys.readouterr().err
    assert ("unexpected error" in logs[0][2]) == (kind == "not ours")
    if kind != "not ours":
        assert "ModelError: " in said.splitlines()[-1]
    if kind == "found by Brian2":
        assert said.splitlines()[-1].endswith("Call it before the run.")


def test_parts_are_found_in_both_places():
    assert brian2_nmda.DAP5 is DAP5
    assert not hasattr(brian2_nmda, "BioNmda")
    with pytest.raises(ImportError, match="cannot import name 'BioNmda'"):
        exec("from brian2_nmda import BioNmda")  # noqa: S102
    from brian2_nmda import export  # a room is found as before

    assert export.__all__


def test_the_page_of_rules_states_the_names_that_are_taken():
    page = (Path(__file__).parents[1] / "docs/howto/own_rule.md").read_text()
    line = page[page.index("Names that your parameters") :].split(";")[0]
    assert set(re.findall(r"`(\w+)`", line)) == set(_RESERVED)
    with pytest.raises(ModelError, match="'w' cannot name a variable"):
        check_name("w", "here")
