"""Every model of the library in one network: it runs, on NumPy, in one standalone program and on Cython.

The network has one target group per model, all driven by the same spikes. Deterministic models have to
agree between targets to 1e-9 of their peak; stochastic ones have to stay within their bounds.
"""

from collections import Counter
from functools import cache
from pathlib import Path

import brian2 as b2
import numpy as np
import pytest
import sympy
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, defaultclock, mM, ms, mV, umolar

import brian2_nmda.equations as lib
from brian2_nmda import (
    GlutamateSynapse,
    ModelError,
    Parameter,
    Reaction,
    Receptor,
    T,
    models,
    occupancies,
    v,
)
from brian2_nmda.cli import main

pytestmark = pytest.mark.xdist_group(__name__)  # one process: the fixture takes long

DESTEXHE = lib.TransmitterPulse.preset("Destexhe 1998")


@cache
def library():
    """Models that together use every class of the library, by name; those that draw numbers say so."""
    ampa = lib.AMPA
    made = {
        "bio": GlutamateSynapse(
            [lib.TwoExponentialAMPA(), lib.BioNMDA(block=lib.Woodhull())],
            calcium=lib.FractionOfCurrent(),
            plasticity=lib.CoincidenceInsertion(gamma=25 * b2.psiemens),
        ),
        "insertion": GlutamateSynapse(
            [
                ampa(),
                lib.TwoExponentialNMDA.preset("GluSynapse", block=lib.MagnesiumBlock.preset("Chindemi 2022")),
            ],
            calcium=lib.SpineCalcium(integrator=lib.CalciumIntegrator()),
            plasticity=lib.ReceptorInsertion(),
        ),
        "wang": GlutamateSynapse(
            [lib.WangNMDA(label="exact"), lib.WangJumpNMDA(label="jump", block=lib.NoBlock())],
            release=lib.TsodyksMarkram(),
        ),
        "first": GlutamateSynapse(
            lib.FirstOrderNMDA.preset("GluN2B, Dainauskas 2023", coagonist=lib.GlycineSite()),
            release=DESTEXHE,
        ),
        "five": GlutamateSynapse(
            lib.FiveStateNMDA(antagonist=lib.DAP5(conc=1 * umolar), block=lib.JahrStevens()), release=DESTEXHE
        ),
        "popescu": GlutamateSynapse(lib.PopescuNMDA.preset("GluN2B"), release=DESTEXHE),
        "kampa": GlutamateSynapse(lib.KampaNMDA(), release=DESTEXHE),
        "vargas": GlutamateSynapse(lib.VargasCaballeroNMDA(), release=DESTEXHE),
        "drugs": GlutamateSynapse(
            [
                lib.BioNMDA(label="A", blocker=lib.Memantine(), coagonist=lib.SlowGlycineSite()),
                lib.WangNMDA(label="B", blocker=lib.Ketamine()),
            ],
            release=lib.TransmitterPulse(),
        ),
        "shouval": GlutamateSynapse(
            [ampa(), lib.ShouvalNMDA()], calcium=lib.ShouvalCalcium(), plasticity=lib.ShouvalPlasticity()
        ),
        "yeung": GlutamateSynapse(
            [ampa(), lib.YeungNMDA()],
            calcium=lib.YeungCalcium(),
            plasticity=[lib.YeungPlasticity(), lib.SlidingConductance()],
        ),
        "graupner": GlutamateSynapse(ampa(), plasticity=lib.GraupnerBrunel.preset("DPD", sigma=0)),
        "triplet": GlutamateSynapse(ampa(), plasticity=[lib.TripletSTDP(), lib.SynapticScaling()]),
        "nearest": GlutamateSynapse(ampa(), plasticity=lib.NearestTripletSTDP()),
        "clopath": GlutamateSynapse(ampa(), plasticity=lib.ClopathSTDP()),
        "bcm": GlutamateSynapse(ampa(), plasticity=lib.BCM()),
        "late": GlutamateSynapse(
            ampa(), plasticity=lib.LatePhase(sigma=0 * mV, theta_d=0.1), parts=lib.ProteinSynthesis()
        ),
        "early": GlutamateSynapse(ampa(), plasticity=lib.EarlyPhase()),
        "slots": GlutamateSynapse(ampa(), plasticity=lib.SlotInsertion(), parts=lib.ReceptorPool()),
        "noisy": GlutamateSynapse(ampa(), plasticity=lib.GraupnerBrunel()),
        "exponential": GlutamateSynapse([lib.ExponentialAMPA(), lib.ExponentialGABA()]),
        "inhibition": GlutamateSynapse(
            [lib.FirstOrderGABA(label="one"), lib.TwoExponentialGABA(label="two"), lib.FiveStateGABA()],
            release=DESTEXHE,
        ),
        "gates": GlutamateSynapse(
            [lib.BankeTraynelisNMDA(block=lib.HillTononiBlock()), lib.DesensitisingAMPA()], release=DESTEXHE
        ),
        "clarke": GlutamateSynapse(lib.ClarkeJohnsonNMDA.preset("CA1"), release=DESTEXHE),
        "subunits": GlutamateSynapse(
            [
                lib.MixedNMDA(label="mixed", coagonist=lib.ChlorokynurenateSite()),
                lib.SubunitNMDA(),
                lib.RamanTrussellAMPA(),
            ],
            release=lib.AmbientTransmitter(ambient=0 * umolar, duration=1 * ms),
        ),
        "kinase": GlutamateSynapse(
            [ampa(), lib.BioNMDA()],
            calcium=lib.SpineCalcium(rest=0.1 * umolar),
            plasticity=lib.KinaseDrivenInsertion(),
            parts=lib.GraupnerBrunel2007(),
        ),
        "unsaturated": GlutamateSynapse(
            [ampa(), lib.BioNMDA()],
            release=lib.TsodyksMarkram(),
            calcium=lib.SpineCalcium(),
            plasticity=lib.RelativeInsertion(),
            parts=lib.UnsaturatedEnzymes(),
        ),
        "autonomous": GlutamateSynapse(
            [ampa(), lib.BioNMDA()],
            calcium=lib.SpineCalcium(),
            plasticity=lib.RelativeInsertion.preset("autonomous kinase"),
            parts=lib.AutonomousEnzymes(),
        ),
        "phosphorylation": GlutamateSynapse(
            [ampa(), lib.BioNMDA()],
            calcium=lib.SpineCalcium(),
            plasticity=lib.CastellaniPhosphorylation(),
            parts=lib.CastellaniEnzymes(),
        ),
        "scaffold": GlutamateSynapse(
            [ampa(), lib.BioNMDA()],
            calcium=lib.SpineCalcium(),
            plasticity=lib.ScaffoldedInsertion.preset("graded enzymes"),
            parts=[lib.GradedEnzymes(), lib.Scaffold(), lib.ProteinSynthesis()],
        ),
        "failures": GlutamateSynapse(lib.BioNMDA(), release=lib.StochasticRelease(U=0.9)),
        "buffered": GlutamateSynapse(
            [ampa(), lib.BioNMDA()],
            calcium=lib.RodriguesCalcium(),
            parts=[
                lib.CalciumBuffer(),
                lib.Calmodulin(),
                lib.RTypeChannels(),
                lib.TTypeChannels(),
                lib.LTypeChannels(),
            ],
        ),
        "structure": GlutamateSynapse(
            [ampa(), lib.BioNMDA()],
            calcium=lib.BufferedCalcium(),
            plasticity=[lib.KinaseDrivenInsertion(), lib.ContactTurnover(label="contact")],
            parts=[lib.CastellaniEnzymes(), lib.SpineVolume()],
        ),
        "neck": GlutamateSynapse([ampa(), lib.BioNMDA()], calcium=lib.SpineCalcium(), parts=lib.SpineNeck()),
        "spine": GlutamateSynapse(
            lib.BioNMDA(),
            calcium=lib.RodriguesCalcium(),
            parts=[lib.CalciumBuffer(), lib.BindingEnzymes()],
        ),
        "counted_channels": GlutamateSynapse(
            lib.BioNMDA(),
            calcium=lib.RodriguesCalcium(),
            parts=[
                lib.CountedRTypeChannels(deterministic=True),
                lib.CountedTTypeChannels(deterministic=True),
                lib.CountedLTypeChannels(deterministic=True),
            ],
        ),
        "ghk": GlutamateSynapse(lib.BioNMDA(), calcium=lib.GHKCalcium()),
        "ported_pool": GlutamateSynapse(lib.BioNMDA(), calcium=lib.BufferedCalcium()),
        "costa": GlutamateSynapse(ampa(), release=lib.CostaRelease(), plasticity=lib.CostaPlasticity()),
        "rodrigues": GlutamateSynapse(
            [lib.RodriguesAMPA(), lib.RodriguesGluN2A(), lib.RodriguesGluN2B(), lib.RodriguesGABA()],
            release=DESTEXHE,
            calcium=lib.SpineCalcium(),
            plasticity=lib.RodriguesReadout(deterministic=True),
            parts=lib.RodriguesEnzymes(),
        ),
        "vesicles": GlutamateSynapse(lib.BioNMDA(), release=lib.RodriguesRelease()),
        "subunit_rule": GlutamateSynapse(
            [
                ampa(),
                lib.FirstOrderNMDA.preset("GluN2A, Dainauskas 2023", label="GluN2A"),
                lib.FirstOrderNMDA.preset("GluN2B, Dainauskas 2023", label="GluN2B"),
            ],
            release=DESTEXHE,
            plasticity=lib.SubunitSTDP(),
            parts=lib.SubunitDetector(),
        ),
        "chindemi": GlutamateSynapse(
            [
                ampa(),
                lib.TwoExponentialNMDA.preset("GluSynapse", block=lib.MagnesiumBlock.preset("Chindemi 2022")),
            ],
            calcium=lib.ChindemiCalcium(integrator=lib.ChindemiIntegrator()),
            release=lib.ChindemiRelease(),
            plasticity=lib.ChindemiPlasticity(),
        ),
        "tagtric": GlutamateSynapse(ampa(), plasticity=lib.TagTriC(), parts=lib.TriggeredProtein()),
        "counted": GlutamateSynapse(ampa(), plasticity=lib.CountedSlots()),
        "astrocyte": GlutamateSynapse(
            [ampa(), lib.BioNMDA(coagonist=lib.DSerineSite())],
            release=lib.ModulatedRelease(),
            parts=[
                lib.GChIAstrocyte(),
                lib.Gliotransmission(),
                lib.AdenosineDepression(),
                lib.DSerineRelease(),
            ],
        ),
    }
    return made, {"noisy", "early", "failures", "vesicles", "tagtric", "counted", "structure"}


def used(model):
    parts = [*model.receptors, model.release, *model.plasticity, model.calcium, *model.parts]
    for part in parts:
        if part is not None:
            yield part
            yield from (c for c in part.children.values() if c is not None)


def test_the_network_is_complete():
    made, _ = library()
    found = {type(p).__name__ for m in made.values() for p in used(m)}
    assert found | {"BackPropagatingSpike"} == set(lib.__all__)  # the fragment is in every neuron


def simulate(names=None, duration=40.0, shared=False):
    """Final values of all states by model and state, after ``duration`` ms.

    With ``shared``, objects have the same names whatever the model, so that Cython compiles once what
    models have in common (its cache goes by the text, which has the names in it).
    """
    made, _ = library()
    made = {n: m for n, m in made.items() if names is None or n in names}
    defaultclock.dt = 0.05 * ms
    b2.prefs["codegen.loop_invariant_optimisations"] = True  # as users have it; see conftest.py
    b2.seed(5)
    source = SpikeGeneratorGroup(2, [0, 1, 0, 1, 0], [1, 4, 9, 9.5, 20] * ms, name="source")
    spike = lib.BackPropagatingSpike()
    net = Network(source)
    synapses, targets, monitors = {}, {}, {}
    for name, model in made.items():
        suffix = "" if shared else f"_{name}"
        equations = (
            "dv/dt = ((-65*mV - v)*10*nS - I_syn)/(100*pF) + drive : volt\n"
            "drive = (3*mV/ms)*int(timestep(t, dt) >= 200)*int(timestep(t, dt) < 320) : volt/second"
        )
        target = NeuronGroup(
            2, equations + spike.neuron_equations() + model.post_equations(v="v_s"),
            threshold="v > -55*mV", reset="v = -62*mV\n" + spike.reset(), method="euler",
            name="target" + suffix,
        )  # fmt: skip
        target.v = -65 * mV
        places = {p: 2 for p in model.system.places if p != "neuron"}
        S = model.synapses(source, target, delay=1 * ms, name="S" + suffix, places=places)
        S.connect()
        for place in places:
            setattr(S, f"{place}_index", "j")
        totals = [r.total_name for r in model.system.receptors]
        monitors[name] = StateMonitor(target, ["v", *totals], record=True, dt=0.5 * ms, name="M" + suffix)
        synapses[name], targets[name] = S, target
        net.add(target, S, monitors[name])
    net.run(duration * ms)

    def values():
        out = {}
        for name, model in made.items():
            for state in model.system.states:
                if hasattr(synapses[name], state):
                    out[name, state] = np.array(getattr(synapses[name], state + "_")[:])
                elif state in targets[name].variables:
                    out[name, state] = np.array(getattr(targets[name], state + "_")[:])
            out[name, "v"] = np.array(monitors[name].v / mV)
            for receptor in model.system.receptors:
                out[name, receptor.total_name] = np.array(
                    getattr(monitors[name], receptor.total_name) / b2.nS
                )
        return out

    return values()


@pytest.fixture(scope="module")
def reference_values():
    """On NumPy, made once."""
    return {}


def on_numpy(cache):
    if not cache:
        cache.update(simulate())
    return cache


#: Models with many states, which take NumPy longest.
LARGE = {
    "clarke",
    "gates",
    "inhibition",
    "kinase",
    "buffered",
    "spine",
    "rodrigues",
    "popescu",
    "vargas",
    "kampa",
}


@pytest.mark.parametrize("which", ["most", pytest.param("all", marks=pytest.mark.slow)])
def test_numpy(which, reference_values):
    """Everything runs together; states are finite, within their bounds, and have been reached by spikes."""
    made, _ = library()
    if which == "most":
        made = {name: model for name, model in made.items() if name not in LARGE}
    values = simulate(made) if which == "most" else on_numpy(reference_values)
    for name, model in made.items():
        for state, s in model.system.states.items():
            if (name, state) not in values:  # summed on the target: only the total conductance is seen
                assert any(
                    state in {x.name for x in model.system.inserted(r.conductance).free_symbols}
                    for r in model.system.receptors
                ), (name, state)
                continue
            x = values[name, state]
            assert np.all(np.isfinite(x)), (name, state)
            low, high = (b if isinstance(b, (int, float)) else None for b in s.within)
            assert low is None or x.min() >= low - 1e-12, (name, state)
            assert high is None or x.max() <= high + 1e-12, (name, state)
        for receptor in model.system.receptors:
            total = values[name, receptor.total_name]
            assert np.all(np.isfinite(total)) and total.min() >= -1e-12, (name, receptor.label)
            # nothing before the first spike (1 ms, delay 1 ms) and something after it, in both targets
            assert np.all(total[:, :5] == 0), (name, receptor.label)
            assert total.max(axis=1).min() > 0, (name, receptor.label)
        # The synapses alone move the potential (the injected current comes from 10 ms on): up, but for
        # GABA that outweighs AMPA. 5e-4 mV: the weakest, 0.2 nS of a slow scheme, blocked.
        before = values[name, "v"][:, :20] + 65
        assert np.max(-before if name in ("exponential", "inhibition") else before) > 1e-4, name
    assert np.any(values["clopath", "W_AMPA"] != made["clopath"].system.initial["W_AMPA"])


def compare(values, expected, tolerance):
    _, stochastic = library()
    assert values.keys() <= expected.keys()
    for key, x in values.items():
        if key[0] in stochastic:
            assert np.all(np.isfinite(x)), key
            continue
        peak = np.max(np.abs(expected[key]))
        assert np.max(np.abs(x - expected[key])) <= tolerance * peak + 1e-300, key


@pytest.mark.slow
def test_standalone(on_target, reference_values):
    """The whole library in one C++ program agrees with NumPy to 1e-9 of each peak."""
    on_target("numpy")
    expected = dict(on_numpy(reference_values))
    on_target("cpp_standalone")
    compare(simulate(), expected, 1e-9)


@pytest.mark.slow
def test_cython(on_target, reference_values):
    """Each model on Cython agrees with NumPy to 1e-9 of each peak.

    One network for each, with the same names: what models have in common is then compiled once.
    """
    on_target("numpy")
    expected = dict(on_numpy(reference_values))
    made, _ = library()
    for name in made:
        on_target("cython")
        compare(simulate({name}, shared=True), expected, 1e-9)


# -- as Brian2 users use it -----------------------------------------------------------------------------


def pairing(rule, n=3, **options):
    """Source, target subgroup and synapses of a rule with spikes on both sides, all ready to run."""
    defaultclock.dt = 0.1 * ms
    source = NeuronGroup(
        4, "first : second\nagain : second",
        threshold="timestep(t, dt) == timestep(first, dt) or timestep(t, dt) == timestep(again, dt)",
        reset="",
    )  # fmt: skip
    source.first = [1, 1, 2, 3] * ms
    source.again = [1000, 30, 1000, 1000] * ms
    model = GlutamateSynapse(lib.FiveStateNMDA(), plasticity=rule, release=DESTEXHE)
    target = NeuronGroup(
        2 * n, "v : volt\nI = I_syn : amp\nfires : second" + model.post_equations(), method="euler",
        threshold="timestep(t, dt) == timestep(fires, dt)", reset="",
    )  # fmt: skip
    target.fires = "(5 + 10*i)*ms"
    synapses = model.synapses(source[1:4], target[n : 2 * n], **options)
    synapses.connect()
    return source, target, synapses, Network(source, target, synapses)


def test_store_and_restore():
    """A restored network repeats itself bit for bit: occupancies, traces and weights."""
    _, _, S, net = pairing(lib.TripletSTDP(target="NMDA"))
    net.run(20 * ms)
    net.store()
    seen = []
    for _ in range(2):
        net.run(60 * ms)
        seen.append([np.array(getattr(S, n)[:]) for n in ("O_NMDA", "r2_NMDA", "o1_NMDA", "W_NMDA")])
        net.restore()
    assert all(np.array_equal(a, b) for a, b in zip(*seen, strict=True))
    assert np.ptp(seen[0][3]) > 0


def test_subgroups_and_recurrence():
    """Spikes reach the synapses of their own subgroup: traces of source[1:4] and of target[3:6]."""
    _, _, S, net = pairing(lib.TripletSTDP(target="NMDA"))
    net.run(52 * ms)
    pre, post = np.array(S.i), np.array(S.j)
    r1 = sum(np.exp(-(52 - t) / 16.8) * (pre == i) for i, t in ((0, 1), (1, 2), (2, 3), (0, 30)))
    o1 = sum(np.exp(-(52 - (5 + 10 * (k + 3))) / 33.7) * (post == k) for k in (0, 1))
    # a jump comes after the decay of its step
    assert np.max(np.abs(S.r1_NMDA[:] - r1 * np.exp(0.1 / 16.8))) <= 1e-12
    assert np.max(np.abs(S.o1_NMDA[:] - o1 * np.exp(0.1 / 33.7))) <= 1e-12


def test_single_precision():
    """With float32 occupancies and weights agree to 1e-4 of their peak."""
    found = {}
    for dtype in (np.float64, np.float32):
        b2.prefs.core.default_float_dtype = dtype
        b2.start_scope()
        _, _, S, net = pairing(lib.GraupnerBrunel(target="NMDA", label="GB", sigma=0))
        net.run(60 * ms)
        assert S.O_NMDA[:].dtype == dtype
        found[dtype] = [np.array(getattr(S, n)[:], float) for n in ("O_NMDA", "c_GB", "rho_GB")]
    for a, b in zip(found[np.float64], found[np.float32], strict=True):
        assert np.max(np.abs(a - b)) <= 1e-4 * np.max(np.abs(a))
        assert np.max(np.abs(a)) > 0


def test_a_rule_needs_spikes_of_the_target():
    model = GlutamateSynapse(lib.AMPA(), plasticity=lib.TripletSTDP())
    source = SpikeGeneratorGroup(1, [0], [1] * ms)
    target = NeuronGroup(1, "v : volt\nI = I_syn : amp" + model.post_equations(), method="euler")
    with pytest.raises(ModelError, match="never spikes; give it a threshold="):
        model.synapses(source, target)


def small_target(model, **options):
    return NeuronGroup(
        2, "dv/dt = -I_syn/(1*nF) : volt" + model.post_equations(), threshold="v > 1*volt", reset="",
        method="euler", **options,
    )  # fmt: skip


def test_naive_form_refuses_a_delay_that_misses_the_latency():
    model = GlutamateSynapse(lib.AMPA(), plasticity=lib.GraupnerBrunel())
    source = SpikeGeneratorGroup(1, [0], [1] * ms)
    target = small_target(model)
    S = model.synapses(source, target, optimize=False)
    S.connect()
    S.delay = 2 * ms
    with pytest.raises(Exception) as error:
        b2.run(1 * ms)
    assert "S.late_c_AMPA.delay" in str(error.value.__cause__)
    S.late_c_AMPA.delay = 15.7 * ms
    b2.run(1 * ms)


def test_names_of_late_pathways_are_ours():
    model = GlutamateSynapse(lib.AMPA(), plasticity=lib.GraupnerBrunel())
    source = SpikeGeneratorGroup(1, [0], [1] * ms)
    target = small_target(model)
    with pytest.raises(ModelError, match="belongs to the model"):
        model.synapses(source, target, on_pre={"late_c_AMPA": "w += 1"})
    with pytest.raises(ModelError, match="follows from the latency"):
        model.synapses(source, target, delay={"late_c_AMPA": 3 * ms})


def test_values_that_the_user_gave_the_target_stay():
    model = GlutamateSynapse(lib.AMPA(), plasticity=lib.ClopathSTDP())
    source = SpikeGeneratorGroup(1, [0], [1] * ms)
    target = small_target(model)
    target.u_m_AMPA = -50 * mV
    model.synapses(source, target)
    assert np.all(target.u_m_AMPA[:] == -50 * mV)
    assert np.allclose(target.u_p_AMPA[:] / mV, -70.6, rtol=0, atol=1e-12)


def test_statements_of_a_subclass_keep_their_order():
    class Late(lib.TripletSTDP):
        _t = lib.TripletSTDP
        on_spike = {_t.r2: _t.r2 + 1, _t.W: _t.W - _t.o1 * _t.r2}

    assert list(Late().template.on_spike) == ["r1", "r2", "W"]


def test_voltage_from_the_namespace_of_the_target():
    """The synapses see names that only the target's namespace has."""
    model = GlutamateSynapse([lib.AMPA(), lib.ShouvalNMDA()], calcium=lib.ShouvalCalcium())
    course = b2.TimedArray([-60, -20] * mV, dt=1 * ms)
    equations = "v = course(t) : volt\nignored = I_syn : amp\n"
    equations += "x : 1\n" + model.post_equations()
    target = NeuronGroup(1, equations, namespace={"course": course})
    source = SpikeGeneratorGroup(1, [0], [0] * ms)
    S = model.synapses(source, target)
    S.connect()
    b2.run(2 * ms, namespace={})
    assert S.Ca[0] > 0 * umolar


# -- what a user may get wrong -------------------------------------------------------------------------


class Voltage(Receptor):
    """Reads the voltage and does not say where it starts."""

    a = Parameter(1 / (mM * ms), "binding")
    b = Parameter(0.1 / ms, "unbinding")
    v_b = Parameter(20 * mV, "sensitivity")
    C, O = occupancies("C O")
    reactions = (Reaction(C, O, a * T, b * sympy.exp(-v / v_b)),)
    activation = O


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda: lib.BioNMDA(blocker=lib.DAP5()), "expects a ChannelBlocker, found DAP5.*antagonist=DAP5"),
        (lambda: lib.BioNMDA(coagonist=lib.DAP5()), "coagonist= expects a CoAgonist"),
        (lambda: lib.BioNMDA(block="JahrStevens"), "block= expects a Block, found 'JahrStevens'"),
        (lambda: lib.BioNMDA(block=None), "block= expects a Block, found None"),
        (lambda: lib.BioNMDA().replace(release=lib.AMPA()), "release= expects a Release"),
        (lambda: lib.SpineCalcium(integrator=lib.AMPA()), "integrator= expects a CalciumIntegrator"),
        (lambda: lib.TsodyksMarkram(U=2), "'U' .* has to be between 0 and 1"),
        (lambda: lib.BioNMDA(label="syn"), "I_syn is the sum"),
        (lambda: lib.BioNMDA(label=2), "label= expects text"),
        (lambda: lib.BioNMDA(gmax=[1, 2] * b2.nS), r"per_synapse=\['gmax_<label>'\]"),
        (lambda: Reaction("C", "O", 1 / ms), "not text"),
        (lambda: GlutamateSynapse(Voltage()), r"start_at = \{v: v_start\}"),
        (
            lambda: lib.FiveStateNMDA().replace(reactions=[*lib.FiveStateNMDA.reactions] * 2),
            "more than one reaction joins|not declared",
        ),
        (
            lambda: GlutamateSynapse(lib.AMPA(), plasticity=[lib.TripletSTDP(), lib.TripletSTDP()]),
            "give one of them another label, e.g. label='B'",
        ),
    ],
)
def test_mistakes(mistake, words):
    with pytest.raises(ModelError, match=words):
        mistake()


def test_mistakes_with_synapses():
    model = GlutamateSynapse(lib.BioNMDA())
    source = SpikeGeneratorGroup(1, [0], [1] * ms)
    target = small_target(model)
    with pytest.raises(ModelError, match="Did you mean 'brainpy_state'"):
        model.synapses(source, target, method="brainpy_sate")
    with pytest.raises(ModelError, match="Did you mean 'gmax_NMDA'"):
        model.synapses(source, target, per_synapse=["gmax"])
    S = model.synapses(source, target)
    with pytest.raises(Exception) as error:
        b2.run(1 * ms)
    assert isinstance(error.value.__cause__, ModelError)
    assert "'connect' was never called" in str(error.value.__cause__)
    S.connect()
    with pytest.raises(ModelError, match=r"per_synapse=\['beta1_NMDA'\]"):
        S.beta1_NMDA = [1, 2] / ms
    with pytest.raises(ModelError, match=r"post_equations\(variable=\['Mg'\]\)"):
        S.Mg = 2 * mM
    S = model.synapses(source, target, w=0.5)
    with pytest.raises(ModelError, match="w='per_synapse'"):
        S.w = [1, 2]


def test_voltage_clamp_needs_no_current():
    """A voltage without an equation of motion is a clamp: I_syn may be left alone."""
    model = GlutamateSynapse(lib.BioNMDA())
    for equations in ("v = -20*mV : volt", "v : volt"):
        source = SpikeGeneratorGroup(1, [0], [1] * ms)
        target = NeuronGroup(1, equations + model.post_equations())
        S = model.synapses(source, target)
        S.connect()
        Network(source, target, S).run(5 * ms)
        assert S.g_NMDA[0] > 0.5


def test_magnesium_of_the_user_stays():
    model = GlutamateSynapse(lib.BioNMDA())
    target = NeuronGroup(2, "v : volt" + model.post_equations(per_neuron=["Mg"]))
    target.Mg = [0, 3] * mM
    model.synapses(SpikeGeneratorGroup(1, [0], [1] * ms), target)
    assert np.allclose(target.Mg[:] / mM, [0, 3], rtol=0, atol=1e-12)


def test_repr_shows_what_differs():
    part = lib.BioNMDA(label="B", antagonist=lib.DAP5(conc=1 * umolar))
    assert repr(part) == "BioNMDA(label='B', antagonist=DAP5(conc=1. * umolar))"
    assert repr(lib.KampaNMDA.preset("Branco 2010")) == "KampaNMDA.preset('Branco 2010')"
    assert repr(lib.BioNMDA()) == "BioNMDA()"


# -- the list, and where its numbers come from ---------------------------------------------------------------


def test_models():
    rows = models()
    assert {r["name"] for r in rows} == set(lib.__all__)
    for row in rows:
        assert row["summary"] and len(row["summary"]) <= 80 and "\n" not in row["summary"], row["name"]


def test_every_parameter_has_a_source():
    """Value, unit, meaning, source or status "assumed", for all; docs/models.md states how many of which."""
    classes = [getattr(lib, n) for n in lib.__all__]
    parameters = [p for c in classes for p in c._template.parameters.values()]
    presets = [p for c in classes for p in c.presets.values()]
    for p in parameters:
        assert p.meaning and (p.source or p.status == "assumed")
        assert p.status in ("reported", "converted", "fitted", "assumed")
    for p in presets:
        assert p.source and p.status in ("reported", "converted", "fitted", "assumed")
    count = Counter(p.status for p in parameters)
    stated = (
        f"The library has {len(parameters)} parameters: {count['reported']} reported, "
        f"{count['converted']} converted, {count['fitted']} fitted, {count['assumed']} assumed; "
        f"{sum(len(p.values) for p in presets)} more values in its presets have a source each, "
        f"{sum(len(p.values) for p in presets if p.status == 'assumed')} of them assumed."
    )
    page = " ".join((Path(__file__).parents[1] / "docs/models.md").read_text().split())
    assert stated in page, stated


def test_command_line(capsys):
    assert main(["models"]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {n} " in listed for n in lib.__all__)
    for name in lib.__all__:
        assert main(["show", name]) == 0
        text = capsys.readouterr().out
        part = getattr(lib, name)
        assert text.startswith(f"# {name}\n") and part.summary in text
        assert all(f"| {p} |" in text or f".{p} |" in text for p in part._template.parameters), name
        assert all(f"| {p} |" in text for p in part.presets)
    assert main(["show", "GraupnerBrunel", "--preset", "DPD"]) == 0
    assert "| theta_p | 1.3 |" in capsys.readouterr().out
    assert main(["show", "BioNMDAs"]) == 2
    assert "Did you mean 'BioNMDA'" in capsys.readouterr().err
    assert main(["show", "KampaNMDA", "--preset", "x"]) == 2
    assert "'Kampa 2004'" in capsys.readouterr().err
