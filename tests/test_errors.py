"""Bad input: an exception before the run that names model, variable, what was expected, and a fix."""

import re

import numpy as np
import pytest
import sympy
from brian2 import (
    BrianObjectException,
    Clock,
    DimensionMismatchError,
    Equations,
    Network,
    NeuronGroup,
    PoissonGroup,
    PoissonInput,
    Soma,
    SpatialNeuron,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    cm,
    defaultclock,
    mM,
    ms,
    mV,
    network_operation,
    nS,
    second,
    uF,
    um,
    umolar,
)

from brian2_nmda import (
    AMPA,
    BioNMDA,
    Ca,
    GlutamateSynapse,
    JahrStevens,
    ModelError,
    Parameter,
    Plasticity,
    Receptor,
    ReceptorInsertion,
    SpineCalcium,
    TransmitterPulse,
    TwoExponentialNMDA,
    post_equations,
    states,
    v,
)

MEMBRANE = "dv/dt = (10*nS*(-70*mV - v) - I_syn)/(200*pF) : volt"
MODEL = GlutamateSynapse(BioNMDA())


@pytest.fixture
def source():
    return SpikeGeneratorGroup(2, [0], [1] * ms)


def target(model=MODEL, membrane=MEMBRANE, **kwargs):
    return NeuronGroup(2, membrane + model.post_equations(**kwargs), method="euler")


def refuses(network, *words):
    """Brian2 wraps what an object raises before a run and names the object."""
    with pytest.raises(BrianObjectException) as caught:
        network.run(1 * ms)
    assert isinstance(caught.value.__cause__, ModelError)
    for word in words:
        assert word in str(caught.value.__cause__)


def connected(model, source, neurons, **kwargs):
    synapses = model.synapses(source, neurons, **kwargs)
    synapses.connect()
    return synapses


# -- the model ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (
            lambda: BioNMDA(beta1=1 * mV),
            DimensionMismatchError,
            ["BioNMDA", "beta1", "closing rate"],
        ),
        (lambda: BioNMDA(beta3=1 / ms), ModelError, ["BioNMDA", "beta3", "Did you mean 'beta"]),
        (lambda: BioNMDA(beta1=float("nan") / ms), ModelError, ["beta1", "finite", "nan"]),
        (lambda: BioNMDA(beta1=[1, 2] / ms), ModelError, ["beta1", "single value", "per_synapse"]),
        (lambda: BioNMDA(beta1=0 / ms), ModelError, ["beta1", "positive"]),
        (lambda: BioNMDA(beta1=None), ModelError, ["beta1", "number with units", "None"]),
        (lambda: JahrStevens(Mg=-1 * mM), ModelError, ["JahrStevens", "Mg", "nonnegative"]),
        (lambda: TransmitterPulse(peak=-1 * mM), ModelError, ["peak", "nonnegative"]),
        (lambda: BioNMDA(label="2x"), ModelError, ["2x", "identifier"]),
        (lambda: BioNMDA(label="pre_post"), ModelError, ["_post"]),
        (
            lambda: BioNMDA().replace("dg/dt = alpha1*x*(1-g) - beta7*g : 1"),
            ModelError,
            ["BioNMDA", "beta7", "dg/dt", "Did you mean 'beta"],
        ),
        (
            lambda: BioNMDA().replace("dg/dt = alpha1*x*(1-g) - beta1*v : 1"),
            DimensionMismatchError,
            ["BioNMDA", "dg/dt"],
        ),
        (
            lambda: BioNMDA().replace("dg/dt = alpha1*x*(1-g) - g : 1"),
            DimensionMismatchError,
            ["BioNMDA", "dg/dt"],
        ),
        (
            lambda: BioNMDA().replace("dg/dt = alpha1*x*( : 1"),
            ModelError,
            ["BioNMDA", "cannot read"],
        ),
        (lambda: BioNMDA().replace(gg=1), ModelError, ["gg", "used by no equation"]),
        (
            lambda: BioNMDA().replace("dnew/dt = -beta1*new : 1"),
            ModelError,
            ["new", "C++ keyword", "Rename"],
        ),
        (lambda: GlutamateSynapse([]), ModelError, ["receptors=", "at least one"]),
        (lambda: GlutamateSynapse([AMPA(), AMPA()]), ModelError, ["AMPA", "label="]),
        (lambda: GlutamateSynapse(JahrStevens()), ModelError, ["receptors=", "JahrStevens"]),
        (
            lambda: GlutamateSynapse(AMPA(), calcium=SpineCalcium()),
            ModelError,
            ["calcium", "BioNMDA"],
        ),
        (
            lambda: GlutamateSynapse(BioNMDA(), plasticity=ReceptorInsertion()),
            ModelError,
            ["AMPA", "target='NMDA'"],
        ),
        (
            lambda: GlutamateSynapse([AMPA(), BioNMDA()], plasticity=ReceptorInsertion()),
            ModelError,
            ["Ca_eff", "calcium="],
        ),
        (
            lambda: GlutamateSynapse(
                BioNMDA().replace("dg/dt = alpha1*x*(1-g) - beta1*g*(1 + Ca/K_Ca) : 1", K_Ca=1 * umolar)
            ),
            ModelError,
            ["Ca", "dg_NMDA/dt", "calcium="],
        ),
        (
            lambda: GlutamateSynapse(
                [AMPA(gmax=2 * nS), BioNMDA()],
                calcium=SpineCalcium(),
                plasticity=ReceptorInsertion(),
            ),
            ModelError,
            ["n_AMPA", "80", "[10, 40]"],
        ),
        (
            lambda: GlutamateSynapse(
                [
                    BioNMDA(block=JahrStevens(Mg=1 * mM)),
                    BioNMDA(label="N2", block=JahrStevens(Mg=2 * mM)),
                ]
            ),
            ModelError,
            ["Mg", "bath"],
        ),
    ],
)
def test_models(make, error, words):
    with pytest.raises(error) as caught:
        make()
    for word in words:
        assert word in str(caught.value)


def test_typos_in_a_class_body():
    with pytest.raises(ModelError, match=r"'activaton'.*activation"):

        class Typo(Receptor):
            r = states("r")
            rate = Parameter(1 / ms, "a rate")
            dr = -rate * r
            activaton = 2 * r

    with pytest.raises(NameError):

        class Unknown(Receptor):
            r = states("r")
            dr = -ratee * r  # noqa: F821
            activation = r

    class NoEquation(Receptor):
        r = states("r")
        activation = r

    with pytest.raises(ModelError, match="'r' has no equation dr"):
        NoEquation()

    class Silent(Receptor):
        pass

    with pytest.raises(ModelError, match="what is open"):
        Silent()


def test_frozen():
    with pytest.raises(AttributeError, match="replace"):
        BioNMDA().beta1 = 0.1 / ms
    with pytest.raises(AttributeError, match="frozen"):
        MODEL.calcium = SpineCalcium()


# -- the target --------------------------------------------------------------------------------


def test_target_without_our_equations(source):
    neurons = NeuronGroup(2, "dv/dt = -v/(10*ms) : volt")
    with pytest.raises(ModelError, match=r"g_total_NMDA.*post_equations"):
        MODEL.synapses(source, neurons)


def test_target_that_never_uses_the_current(source):
    neurons = NeuronGroup(2, "dv/dt = -v/(10*ms) : volt" + MODEL.post_equations())
    with pytest.raises(ModelError, match="never uses 'I_syn'"):
        MODEL.synapses(source, neurons)


def test_target_without_the_voltage(source):
    membrane = "du/dt = (-70*mV - u)/(10*ms) - I_syn/(200*pF) : volt"
    neurons = NeuronGroup(2, membrane + MODEL.post_equations())
    with pytest.raises(ModelError, match=r"no voltage 'v'.*post_equations\(v="):
        MODEL.synapses(source, neurons)


def test_target_with_another_model(source):
    neurons = target(GlutamateSynapse(BioNMDA(E=5 * mV)))
    with pytest.raises(ModelError, match=r"'I_NMDA'.*this model"):
        MODEL.synapses(source, neurons)


def test_voltage_with_wrong_dimensions(source):
    neurons = NeuronGroup(2, "dv/dt = -v/(10*ms) + 0*I_syn/amp/second: 1" + MODEL.post_equations())
    with pytest.raises(DimensionMismatchError, match=r"'v' of the target.*voltage"):
        MODEL.synapses(source, neurons)


def test_point_current(source):
    morphology = Soma(diameter=20 * um)
    equations = "Im = 1e-4*siemens/cm**2*(-70*mV - v) : amp/meter**2"
    ours = MODEL.post_equations(block="frozen")
    lines = [
        f"{n} = {e.expr.code} : {'amp (point current)' if n == 'I_syn' else 'amp'}"
        for n, e in ours.items()
        if n.startswith("I_")
    ]
    rest = Equations([e for n, e in ours.items() if not n.startswith("I_")])
    flagged = Equations(equations) + rest + Equations("\n".join(lines))
    neuron = SpatialNeuron(morphology, flagged, Cm=1 * uF / cm**2)
    with pytest.raises(ModelError, match="wrong sign"):
        MODEL.synapses(source, neuron)


def test_current_of_the_wrong_sign(source):
    neurons = target(membrane=MEMBRANE.replace("- I_syn", "+ I_syn"))
    with pytest.raises(ModelError, match=r"wrong sign.*Subtract"):
        MODEL.synapses(source, neurons)


def test_labels_that_clash_on_one_target():
    with pytest.raises(ModelError, match=r"label 'NMDA'.*model 1.*model 2"):
        post_equations(MODEL, GlutamateSynapse(TwoExponentialNMDA()))


def test_post_equations_arguments():
    with pytest.raises(ModelError, match="fresh"):
        MODEL.post_equations(block="stale")
    with pytest.raises(ModelError, match="Mgg"):
        MODEL.post_equations(variable=["Mgg"])
    with pytest.raises(ModelError, match="list"):
        MODEL.post_equations(variable="Mg")
    with pytest.raises(ModelError, match="at least one"):
        post_equations()


# -- the synapses ------------------------------------------------------------------------------


def test_wrong_source_and_target(source):
    neurons = target()
    with pytest.raises(TypeError, match="source has to be"):
        MODEL.synapses(PoissonInput(neurons, "v", 1, 1 / second, 1 * mV), neurons)
    with pytest.raises(TypeError, match="target has to be"):
        MODEL.synapses(source, PoissonGroup(2, 1 / second))
    with pytest.raises(TypeError, match="target has to be"):
        MODEL.synapses(source, Synapses(source, neurons))
    with pytest.raises(ModelError, match=r"never spikes.*threshold"):
        MODEL.synapses(target(), neurons)


@pytest.mark.parametrize("optimize", [True, False])
def test_names_of_the_user(source, optimize):
    neurons = target(membrane=MEMBRANE + "\nw : 1")
    with pytest.raises(ModelError, match=r"target.*'w'"):
        MODEL.synapses(source, neurons, optimize=optimize)
    neurons = target(membrane=MEMBRANE + "\ng_NMDA : 1")
    with pytest.raises(ModelError, match=r"target.*'g_NMDA'.*label="):
        MODEL.synapses(source, neurons, optimize=optimize)
    with pytest.raises(ModelError, match="your model= defines w"):
        MODEL.synapses(source, target(), model="w : 1", optimize=optimize)


def test_declarations(source):
    neurons = target()
    for wrong, words in [
        (dict(delay="rand()*ms"), "per_synapse"),
        (dict(delay=[1, 2] * ms), "delay='per_synapse'"),
        (dict(delay=-1 * ms), "0 ms or more"),
        (dict(w="big"), "shared weight"),
        (dict(w=np.nan), "finite"),
        (dict(w=[1, 2]), "per synapse"),
        (dict(per_synapse="gmax_NMDA"), "list"),
        (dict(per_synapse=["gmax"]), "no such parameter"),
        (dict(per_synapse=["Mg"]), "per_neuron"),
        (dict(dt=0.1 * ms, clock=neurons.clock), "not both"),
        (dict(order=1), "order"),
    ]:
        with pytest.raises(ModelError, match=words):
            MODEL.synapses(source, neurons, **wrong)
    with pytest.raises(DimensionMismatchError):
        MODEL.synapses(source, neurons, delay=1 * mV)
    with pytest.raises((ModelError, DimensionMismatchError)):
        MODEL.synapses(source, neurons, w=1 * nS)


def test_delay_array_after_construction(source):
    synapses = connected(MODEL, source, target())
    for wrong in ("rand()*ms", [1, 2, 3, 4] * ms):
        with pytest.raises(ModelError, match="delay='per_synapse'"):
            synapses.delay = wrong
    synapses.delay = 2 * ms
    assert np.all(np.asarray(synapses.delay[:]) == 0.002)


def test_delay_of_one_pathway(source, on_target):
    """The gates would not see it: refused at the start of the run, in standalone at once."""
    neurons = target()
    synapses = connected(MODEL, source, neurons)
    synapses.pre.delay = 3 * ms
    refuses(Network(source, neurons, synapses), "3 ms, that of the transmitter 0 ms", "set S.delay")
    on_target("cpp_standalone", build_on_run=False)
    synapses = connected(MODEL, SpikeGeneratorGroup(4, [0], [1] * ms), target())
    with pytest.raises(ModelError, match="set the delay of 'synapses"):
        synapses.pre.delay = 3 * ms


def test_constant_weight_is_protected_after_a_run(source):
    model = GlutamateSynapse(TwoExponentialNMDA())
    neurons = target(model)
    synapses = connected(model, source, neurons, w="constant")
    synapses.w = 2
    Network(source, neurons, synapses).run(1 * ms)
    with pytest.raises(ModelError, match="declared constant"):
        synapses.w = 3
    with pytest.raises(TypeError, match="read-only"):
        synapses.w[:] = 3


# -- the run -----------------------------------------------------------------------------------


@pytest.mark.parametrize("optimize", [True, False])
@pytest.mark.parametrize(
    ("duration", "dt", "words"),
    [
        (
            0.5 * ms,
            0.2 * ms,
            "2.5 time steps of 0.2 ms; choose a time step of which it is a multiple, e.g. 0.1 ms",
        ),
        (0.05 * ms, 0.1 * ms, "less than one time step"),
        (1 * ms, 1 * ms, "too coarse for 'g_NMDA'"),
    ],
)
def test_time_step(source, optimize, duration, dt, words):
    model = GlutamateSynapse(BioNMDA(), release=TransmitterPulse(duration=duration))
    neurons = target(model)
    synapses = connected(model, source, neurons, optimize=optimize, tolerance=None)
    before = defaultclock.dt
    defaultclock.dt = dt
    try:
        refuses(Network(source, neurons, synapses), words)
    finally:
        defaultclock.dt = before


@pytest.mark.parametrize("tolerance", [None, 1e-6])
def test_values_at_the_start_of_a_run(source, tolerance):
    neurons = target()
    synapses = connected(MODEL, source, neurons, tolerance=tolerance)
    network = Network(source, neurons, synapses)
    synapses.beta1_NMDA = -1 / ms
    refuses(network, "beta1_NMDA", "positive")
    synapses.beta1_NMDA = 0.01 / ms
    synapses.w = "1/(i - i)"
    refuses(network, "weights")
    synapses.w = 2  # a run that was refused protects nothing
    network.run(1 * ms)


@pytest.mark.parametrize("of", ["source", "target", "synapses"])
def test_time_steps_that_differ_while_conductances_are_sent(of):
    """Found out at the start of a run, if the time step was changed after the synapses were made."""
    clocks = {n: Clock(0.1 * ms) for n in ("source", "target", "synapses")}
    relay = NeuronGroup(2, "x : 1", threshold="x > 1", reset="", clock=clocks["source"])
    neurons = NeuronGroup(
        2, MEMBRANE + MODEL.post_equations(), method="euler", clock=clocks["target"], name="cells"
    )
    synapses = connected(MODEL, relay, neurons, clock=clocks["synapses"])
    assert synapses.plan.sent
    network = Network(relay, neurons, synapses)
    network.run(1 * ms)
    clocks[of].dt = 0.05 * ms
    refuses(network, "time step", "sent at spikes", "tolerance=None")
    clocks[of].dt = 0.1 * ms
    network.run(1 * ms)


def test_kinetics_that_cannot_be_sent(source):
    """Changed between two runs to what the exponentials of the plan cannot follow."""
    neurons = target()
    synapses = connected(MODEL, source, neurons)
    network = Network(source, neurons, synapses)
    network.run(1 * ms)
    synapses.beta1_NMDA = synapses.beta2_NMDA  # the closed form is singular there
    refuses(network, "'NMDA'", "tolerance=None")
    synapses.beta1_NMDA = 0.02 / ms
    network.run(1 * ms)


@pytest.mark.parametrize("w", ["per_synapse", "constant"])
def test_weights_may_not_change_during_a_run(source, w):
    """Neither by a network operation nor by `run_regularly`, which would not reach what was sent."""
    neurons = target()
    synapses = connected(MODEL, source, neurons, w=w)

    @network_operation(dt=0.5 * ms)
    def change():
        synapses.w = 2

    network = Network(source, neurons, synapses, change)
    with pytest.raises(Exception, match=r"may not change during a run|declared constant") as caught:
        network.run(1 * ms)
    assert "tolerance=None" in str(caught.value) or w == "constant"
    synapses = connected(MODEL, source, neurons)
    with pytest.raises(Exception) as caught:
        synapses.run_regularly("w = 2", dt=0.5 * ms)
        Network(source, neurons, synapses).run(1 * ms)
    assert re.search(r"may not change|read-only", f"{caught.value} {caught.value.__cause__}")


def test_exponential_euler_on_a_rule_that_can_stand_still(source):
    model = GlutamateSynapse([AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=ReceptorInsertion())
    with pytest.raises(ModelError, match=r"n_AMPA.*NaN"):
        model.synapses(source, target(model), method="exponential_euler")


def test_what_is_summed_on_the_target_is_not_looked_for_on_the_synapses(source):
    """The plan, the synapses and a monitor say where to find the value."""
    model = GlutamateSynapse([TwoExponentialNMDA(), BioNMDA(label="slow")], calcium=SpineCalcium())
    assert "no synapse has one" not in str(model.plan)
    synapses = connected(model, source, target(model), w="constant")
    assert "no synapse has one" not in str(synapses.plan)  # calcium reads the current of each synapse
    model = GlutamateSynapse([TwoExponentialNMDA(), BioNMDA(label="slow")])
    synapses = connected(model, source, target(model), w="constant")
    assert "s_NMDA, g_NMDA: summed over the synapses" in str(synapses.plan)
    for get in (lambda: synapses.g_NMDA, lambda: synapses.g_NMDA_):
        with pytest.raises(AttributeError, match=r"Read g_total_NMDA of the target.*w='per_synapse'"):
            get()
    with pytest.raises(ModelError, match="Read g_total_NMDA of the target"):
        StateMonitor(synapses, "s_NMDA", record=True)
    with pytest.raises(AttributeError, match="No attribute with name nothing"):
        _ = synapses.nothing
    naive = connected(model, source, target(model), optimize=False)
    assert np.all(naive.g_NMDA[:] == 0)
    assert "no synapse has one" not in str(naive.plan)


def test_units_of_a_wrong_block_are_readable():
    with pytest.raises(DimensionMismatchError, match="Expected no unit, found volt\\*mM") as error:
        JahrStevens().replace(block=JahrStevens.Mg * v)
    assert "kg" not in str(error.value)
    with pytest.raises(DimensionMismatchError, match=r"Expected siemens, found 3. \* mvolt \(volt\)"):
        AMPA(gmax=3 * mV)


def test_python_cannot_decide_a_condition_of_a_class():
    """`if`, a conditional expression and a chain: the class, the line and what to write."""

    def branch():
        class Rule(Plasticity):
            theta = Parameter(1 * umolar, "threshold")
            if Ca > theta:  # line 3 of the function
                pass

    def choice():
        class Rule(Plasticity):
            theta = Parameter(1 * umolar, "threshold")
            high = 1 if 2 * Ca >= theta else 0

    def chain():
        class Rule(Plasticity):
            theta = Parameter(1 * umolar, "threshold")
            between = theta < Ca < 2 * theta

    for make, condition in ((branch, "theta < Ca"), (choice, "2*Ca >= theta"), (chain, "theta < Ca")):
        with pytest.raises(ModelError) as error:
            make()
        text = str(error.value)
        assert f"'{condition}' has no value before the run" in text
        assert f"Piecewise((a, {condition}), (b, True))" in text
        assert f"Rule, line {make.__code__.co_firstlineno + 3} of {__file__}" in text
        assert isinstance(error.value, TypeError)
    assert "Heaviside(2*Ca - theta)" in explained(choice)


def test_two_conditions_are_not_decided_either():
    """Python takes an object without a truth value for true."""

    def both():
        class Rule(Plasticity):
            W = states("W")
            dW = 1 / second if (Ca > 1) & (Ca < 2) else 0

    assert "'(Ca > 1) & (Ca < 2)' has no value before the run" in explained(both)
    x = sympy.Symbol("x")
    assert bool((x > 1) & (x < 2))  # SymPy's own stay as they are

    class Between(Plasticity):  # what the message says
        low, high = Parameter(1 * umolar, "from"), Parameter(2 * umolar, "to")
        k = Parameter(1 / second, "rate")
        W = states("W")
        dW = sympy.Piecewise((k, (Ca > low) & (Ca < high)), (0 * k, True))


def test_a_condition_as_a_factor():
    """What Brian2's users write for a condition in an equation."""

    def factor():
        class Rule(Plasticity):
            W = states("W")
            dW = 3 * (Ca > 2) * (1 - W) / second

    def integer():
        class Rule(Plasticity):
            W = states("W")
            dW = int(Ca > 2) * (1 - W) / second

    for make in (factor, integer):
        assert "Heaviside(Ca - 2)" in explained(make)
    with pytest.raises(TypeError, match="unsupported operand"):
        2 * (sympy.Symbol("x") > 1)


def explained(make):
    with pytest.raises(ModelError) as error:
        make()
    return str(error.value)


def test_a_condition_of_others_is_refused_as_ever():
    with pytest.raises(TypeError, match="cannot determine truth value") as error:

        class Other:
            x = sympy.Symbol("x_of_another_package")
            if x > 0:
                pass

    assert not isinstance(error.value, ModelError)
    with pytest.raises(TypeError, match="cannot determine truth value"):
        bool(Ca > 0)
