"""One planted error of each kind in each of the six models of `chain_models.py`, as `check_model` says it.

Held against: the words. Each message has to name the part, the variable, and what to write or what is wrong.
Kinds: a wrong place, a missing ``Total`` (where a part sums over synapses), two givers (where a part gives
something), a wrong dimension, and a count that is not conserved (where molecules are counted).
"""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import pytest
from brian2 import ms, second, umolar

from brian2_nmda import (
    AMPA,
    GlutamateSynapse,
    ModelError,
    On,
    Parameter,
    Part,
    SpineCalcium,
    check_model,
    counts,
    gives,
    needs,
    presynaptic,
    states,
)

chain = SimpleNamespace(**run_path(str(Path(__file__).with_name("chain_models.py"))))


def kinase(*parts):
    return GlutamateSynapse(
        chain.receptors(), calcium=SpineCalcium(), plasticity=chain.KinaseInsertion(), parts=parts
    )


def pool(*parts):
    return GlutamateSynapse(chain.receptors(), plasticity=chain.PooledInsertion(), parts=parts)


def astrocyte(*parts):
    return GlutamateSynapse(chain.receptors(), release=chain.GlialRelease(), parts=parts)


def protein(*parts):
    return GlutamateSynapse(
        chain.receptors(), calcium=SpineCalcium(), plasticity=chain.LatePhase(), parts=parts
    )


def counted(rule):
    return GlutamateSynapse(AMPA(), plasticity=rule)


def edited(part, **body):
    """The class of a proof with a few names in its body changed, under its own name."""
    return type(part.__name__, (part,), {"__doc__": part.__doc__, **body})


def again(port, unit=1):
    """A second part that gives a port, or one that gives it in another unit."""
    k = Parameter(1 / second, "rate")
    level = states("level", unit=unit)
    body = {"k": k, "level": level, "dlevel": -k * level, port: gives(level, unit=unit)}
    return type("Second", (Part,), {"__doc__": "It gives a port once more.", **body})


INSERTED, TAG, RELEASED = needs("inserted", 1 / second), needs("tag"), needs("released")
Pool, Protein, Astrocyte, Counted = chain.Pool, chain.Protein, chain.Astrocyte, chain.CountedReceptors

#: (proof, kind): how it is made, and the words.
PLANTED = {
    ("kinase", "wrong place"): (
        lambda: kinase(edited(chain.Kinase, place="dendrite")()),
        r"Kinase.* at 'dendrite' reads 'Ca' in dP_Kinase/dt, which lives on each synapse; write Total",
    ),
    ("kinase", "two givers"): (
        lambda: kinase(chain.Kinase(), again("kinase")()),
        r"both Kinase.* and Second.* give 'kinase'.*combine='sum'",
    ),
    ("kinase", "wrong dimension"): (
        lambda: kinase(edited(chain.Kinase, dP=chain.Kinase.k_on * chain.Kinase.calcium)()),
        r"Kinase: the equation of 'dP/dt' = calcium\*k_on has the wrong dimensions. "
        r"Give the rate a factor in 1/second, or the state its unit. Expected 1/second, found mM/second",
    ),
    ("switch", "wrong place"): (
        lambda: kinase(chain.Switch(), edited(chain.Phosphatase, place="dendrite")()),
        r"Phosphatase.* at 'dendrite' reads 'S_Switch' in dA_Phosphatase/dt, which lives on each synapse; "
        "write Total",
    ),
    ("switch", "two givers"): (
        lambda: kinase(chain.Switch(), chain.Phosphatase(), again("phosphatase")()),
        r"both Phosphatase.* and Second.* give 'phosphatase'.*combine='sum'",
    ),
    ("switch", "wrong dimension"): (
        lambda: kinase(chain.Switch(), again("phosphatase", umolar)()),
        r"Switch.* needs 'phosphatase' with other.*than Second.*needs\('phosphatase', unit=\.\.\.\)",
    ),
    ("pool", "wrong place"): (
        lambda: pool(edited(Pool, place="")()),
        r"Pool.*'dR/dt' reads Total\(inserted\).*lives on each synapse; say where it lives, e.g. place",
    ),
    ("pool", "missing Total"): (
        lambda: pool(edited(Pool, inserted=INSERTED, dR=Pool.supply - Pool.k_loss * Pool.R - INSERTED)()),
        r"Pool.* at 'dendrite' reads 'n_AMPA' in dR_Pool/dt, which lives on each synapse; write Total",
    ),
    ("pool", "two givers"): (
        lambda: pool(Pool(), again("pool")()),
        r"both Pool.* and Second.* give 'pool'.*combine='sum'",
    ),
    ("pool", "wrong dimension"): (
        lambda: pool(again("pool", umolar)()),
        r"PooledInsertion.* needs 'pool' with other dimensions than Second.*needs\('pool', unit=\.\.\.\)",
    ),
    ("astrocyte", "wrong place"): (
        lambda: astrocyte(edited(Astrocyte, place="")()),
        r"Astrocyte.*'G at a spike' reads Total\(0.05\*released\).*lives on each synapse; say where it lives",
    ),
    ("astrocyte", "missing Total"): (
        lambda: astrocyte(
            edited(
                Astrocyte,
                released=RELEASED,
                on=On(presynaptic, {Astrocyte.G: Astrocyte.G + 0.05 * RELEASED}),
            )()
        ),
        r"'G_Astrocyte' of Astrocyte.* can only be added to: write G \+ Total",
    ),
    ("astrocyte", "two givers"): (
        lambda: astrocyte(Astrocyte(), again("gliotransmission")()),
        r"both Astrocyte.* and Second.* give 'gliotransmission'.*combine='sum'",
    ),
    ("astrocyte", "wrong dimension"): (
        lambda: astrocyte(again("gliotransmission", umolar)()),
        r"GlialRelease.* needs 'gliotransmission' with other dimensions than Second.*"
        r"needs\('gliotransmission', unit=\.\.\.\)",
    ),
    ("protein", "wrong place"): (
        lambda: protein(chain.Tag(), edited(Protein, place="dendrite")()),
        r"'p_Protein' of Protein.* lives at 'dendrite' and changes at postsynaptic spikes.*place = 'neuron'",
    ),
    ("protein", "missing Total"): (
        lambda: protein(
            chain.Tag(), edited(Protein, tag=TAG, dp=Protein.alpha * TAG - Protein.p / Protein.tau_p)()
        ),
        r"Protein.* at 'neuron' reads 'h_Tag' in dp_Protein/dt, which lives on each synapse; write Total",
    ),
    ("protein", "two givers"): (
        lambda: protein(chain.Tag(), Protein(), again("protein")()),
        r"both Protein.* and Second.* give 'protein'.*combine='sum'",
    ),
    ("protein", "wrong dimension"): (
        lambda: protein(chain.Tag(), again("protein", umolar)()),
        r"LatePhase.* needs 'protein' with other dimensions than Second.*needs\('protein', unit=\.\.\.\)",
    ),
    ("counts", "wrong place"): (
        lambda: counted(edited(Counted, n=counts("n", initial=5, place="astrocyte"))()),
        r"reaction joins 'pool_AMPA' at 'dendrite' and 'n_AMPA' at 'astrocyte'; counts are exchanged within",
    ),
    ("counts", "wrong dimension"): (
        lambda: counted(edited(Counted, k_in=Parameter(50 * ms, "insertion"))()),
        r"CountedReceptors, 'dpool/dt': .*uses inconsistent units \('\(- k_in\) \* pool' has unit s; ",
    ),
    ("counts", "a count that is not conserved"): (
        lambda: counted(edited(Counted, on_post_spike={Counted.n: Counted.n + 1})()),
        r"'n_AMPA' is a number of molecules that reactions conserve, but changes at spikes; write a reaction",
    ),
}


@pytest.mark.parametrize(("proof", "kind"), PLANTED)
def test_check_model_says_what_is_planted(proof, kind):
    """`check_model` of the function that makes the model: it fails, and says so in words."""
    make, message = PLANTED[proof, kind]
    with pytest.raises(ModelError, match=rf"(?s)check_model: the model cannot be made.*{message}"):
        check_model(make, targets=())
    (found,) = check_model(make, targets=(), raise_=False)
    assert found.name == "construction" and not found.passed


def test_every_proof_has_each_kind_that_makes_sense():
    kinds = {proof: {k for p, k in PLANTED if p == proof} for proof in chain.MODELS}
    for proof, found in kinds.items():
        assert {"wrong place", "wrong dimension"} <= found, proof
        assert ("missing Total" in found) == (proof in ("pool", "astrocyte", "protein"))
        assert ("two givers" in found) == (proof != "counts")
        assert ("a count that is not conserved" in found) == (proof == "counts")


def test_a_function_that_makes_a_sound_model_is_checked_like_the_model():
    """The same results, so the edited classes above fail by what was planted, not by how they are made."""
    found = check_model(lambda: kinase(edited(chain.Kinase)()), targets=())
    assert [(r.name, r.passed) for r in found] == [
        (r.name, r.passed) for r in check_model(chain.MODELS["kinase"](), targets=())
    ]
    assert all(r.passed for r in found) and len(found) > 5
    for make in (
        lambda: kinase(chain.Switch(), edited(chain.Phosphatase)()),
        lambda: pool(edited(Pool)()),
        lambda: astrocyte(edited(Astrocyte)()),
        lambda: protein(chain.Tag(), edited(Protein)()),
        lambda: counted(edited(Counted)()),
    ):
        make()
