"""Six models that need ports and places, each a class or two; `test_chain.py` holds them against SciPy."""

from brian2 import ms, nS, second, umolar

from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    On,
    Parameter,
    Part,
    Plasticity,
    Pulse,
    Reaction,
    SpineCalcium,
    Total,
    TransmitterPulse,
    TwoExponentialAMPA,
    conductance,
    counts,
    define,
    gives,
    needs,
    postsynaptic,
    presynaptic,
    states,
)


# 1. A kinase that an insertion rule reads.
class Kinase(Part):
    """Calcium activates a kinase with a Hill curve."""

    relaxes = "resting calcium keeps a little of the kinase active"

    k_on = Parameter(40 / second, "activation")
    k_off = Parameter(5 / second, "inactivation")
    K = Parameter(0.4 * umolar, "half activation")
    calcium = needs("Ca", umolar)
    P = states("P", meaning="active fraction")
    dP = k_on * calcium**4 / (K**4 + calcium**4) * (1 - P) - k_off * P
    kinase = gives(P)


class KinaseInsertion(Plasticity):
    """Receptors are inserted in proportion to the active kinase."""

    relaxes = "it follows the kinase"

    k_in = Parameter(50 / second, "insertion at full activity")
    k_out = Parameter(0.5 / second, "removal")
    active = needs("kinase")
    n = states("n", within=(0, None), initial=20, meaning="receptors")
    dn = k_in * active - k_out * (n - 20)
    conductance = conductance * n / 20


# 2. Kinase against phosphatase: each inhibits the other's substrate, so the pair is bistable.
class Switch(Part):
    """A kinase that activates itself and a phosphatase that it has to overcome."""

    relaxes = "resting calcium phosphorylates a little"

    k_auto = Parameter(8 / second, "autophosphorylation")
    k_on = Parameter(20 / second, "phosphorylation by calcium")
    v_p = Parameter(1.2 / second, "dephosphorylation at full phosphatase activity")
    K = Parameter(0.1, "Michaelis constant")
    theta = Parameter(0.5 * umolar, "calcium of half activation")
    calcium = needs("Ca", umolar)
    phosphatase = needs("phosphatase")
    S = states("S", meaning="phosphorylated fraction")
    dS = (
        k_auto * S**2 / (S**2 + 1) * (1 - S)
        + k_on * calcium**4 / (theta**4 + calcium**4) * (1 - S)
        - v_p * phosphatase * S / (K + S)
    )
    kinase = gives(S)


class Phosphatase(Part):
    """Calcium activates it at once, the kinase inactivates it slowly."""

    relaxes = "it follows the kinase"

    tau = Parameter(0.2 * second, "relaxation")
    kinase = needs("kinase")
    A = states("A", initial=1, meaning="active fraction")
    dA = (1 / (1 + 4 * kinase**2) - A) / tau
    phosphatase = gives(A)


# 3. A pool of receptors that the synapses of a dendrite share.
class Pool(Part):
    """Receptors in the dendrite, which exchange with all of its synapses."""

    relaxes = "the start is not the balance of insertion and removal"

    place = "dendrite"
    supply = Parameter(20 / second, "synthesis")
    k_loss = Parameter(0.2 / second, "degradation")
    inserted = needs("inserted", 1 / second)
    R = states("R", within=(0, None), initial=100, meaning="receptors in the pool")
    dR = supply - k_loss * R - Total(inserted)
    pool = gives(R)


class PooledInsertion(Plasticity):
    """Insertion takes receptors from the pool."""

    relaxes = "the start is not the balance of insertion and removal"

    k_in = Parameter(0.02 / second, "insertion per receptor of the pool")
    k_out = Parameter(0.1 / second, "removal")
    available = needs("pool")
    n = states("n", within=(0, None), initial=10, meaning="receptors")
    flow = define(k_in * available - k_out * n, unit=1 / second, meaning="net insertion")
    dn = flow
    inserted = gives(flow, unit=1 / second)
    conductance = conductance * n / 10


# 4. An astrocyte that hears the release of its synapses and lowers it.
class Astrocyte(Part):
    """Glutamate of all its synapses raises a signal, which acts on their release."""

    place = "astrocyte"
    tau_G = Parameter(100 * ms, "clearance of glutamate")
    tau_A = Parameter(500 * ms, "signal")
    released = needs("released")
    G = states("G", within=(0, None), meaning="glutamate")
    A = states("A", within=(0, None), meaning="signal")
    dG = -G / tau_G
    dA = (G - A) / tau_A
    on = On(presynaptic, {G: G + Total(0.05 * released)})
    gliotransmission = gives(A)


class GlialRelease(TransmitterPulse):
    """A spike releases less while the astrocyte is active."""

    a = needs("gliotransmission")
    emitted = states("emitted", meaning="released fraction")
    demitted = 0
    on_spike = {emitted: 1 / (1 + a)}
    amount = emitted
    concentration = Pulse(TransmitterPulse.peak * emitted, TransmitterPulse.duration, emitted)


# 5. A protein of the neuron, made when tags ask for it, which the tagged synapses use.
class Tag(Part):
    """A tag that calcium sets."""

    relaxes = "resting calcium sets it a little"

    k_tag = Parameter(30 / second, "setting")
    tau = Parameter(3 * second, "lifetime of the tag")
    theta = Parameter(0.3 * umolar, "calcium of half activation")
    calcium = needs("Ca", umolar)
    h = states("h", meaning="tag")
    dh = k_tag * calcium**4 / (theta**4 + calcium**4) * (1 - h) - h / tau
    tag = gives(h)


class Protein(Part):
    """Made in the soma in proportion to all tags and to the neuron's own spikes."""

    relaxes = "it follows the tags"

    place = "neuron"
    alpha = Parameter(0.5 / second, "synthesis per tag")
    tau_p = Parameter(2 * second, "lifetime")
    tag = needs("tag")
    p = states("p", within=(0, None), meaning="protein")
    dp = alpha * Total(tag) - p / tau_p
    on = On(postsynaptic, {p: p + 0.01})
    protein = gives(p)


class LatePhase(Plasticity):
    """Tagged synapses capture protein."""

    relaxes = "it follows tags and protein"

    k = Parameter(1 / second, "capture")
    tag, protein = needs("tag"), needs("protein")
    z = states("z", within=(0, None), meaning="late change")
    dz = k * tag * protein * (1 - z)
    conductance = conductance * (1 + z)


# 6. Whole receptors that exchange with a finite pool.
class CountedReceptors(Plasticity):
    """Each receptor of a dendrite is in its pool or in one of the slots of a synapse."""

    k_in = Parameter(0.05 / second, "insertion of one receptor of the pool into a synapse")
    k_out = Parameter(1 / second, "removal of one receptor")
    pool = counts("pool", initial=200, place="dendrite", meaning="receptors in the pool")
    n = counts("n", initial=5, meaning="receptors in the synapse")
    reactions = (Reaction(pool, n, k_in, k_out),)
    conductance = conductance * n / 5


def receptors():
    """A receptor to change, and one that calcium passes."""
    return [AMPA(gmax=0.5 * nS), BioNMDA(gmax=0.3 * nS)]


MODELS = {
    "kinase": lambda: GlutamateSynapse(
        receptors(), calcium=SpineCalcium(), plasticity=KinaseInsertion(), parts=Kinase()
    ),
    "switch": lambda: GlutamateSynapse(
        receptors(), calcium=SpineCalcium(), plasticity=KinaseInsertion(), parts=[Switch(), Phosphatase()]
    ),
    "pool": lambda: GlutamateSynapse(receptors(), plasticity=PooledInsertion(), parts=Pool()),
    "astrocyte": lambda: GlutamateSynapse(receptors(), release=GlialRelease(), parts=Astrocyte()),
    "protein": lambda: GlutamateSynapse(
        receptors(), calcium=SpineCalcium(), plasticity=LatePhase(), parts=[Tag(), Protein()]
    ),
    "counts": lambda deterministic=False: GlutamateSynapse(
        TwoExponentialAMPA(gmax=0.5 * nS), plasticity=CountedReceptors(deterministic=deterministic)
    ),
}
