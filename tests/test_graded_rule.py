"""The rules that bear depression of release: `AutonomousEnzymes`, `UnsaturatedEnzymes`, `RelativeInsertion`.

Held against: the equations of `twins.py`, which share nothing with the package, and the analytic course of
the receptors between fixed enzymes. What the rule gives on the neuron of the tetanus experiment is held
against a hand-written C++ program in the slow test of `test_examples.py`.
"""

from pathlib import Path
from runpy import run_path

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, defaultclock, mM, ms, nS, second
from numpy.testing import assert_allclose

from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse, Part, gives
from brian2_nmda.conformance import checks_for
from brian2_nmda.equations import (
    AutonomousEnzymes,
    CalciumIntegrator,
    RelativeInsertion,
    SpineCalcium,
    UnsaturatedEnzymes,
)

TWINS = run_path(str(Path(__file__).with_name("twins.py")))["TWINS"]
KINASE, PHOSPHATASE = 0.004, 0.6


class Held(Part):
    """Enzymes that stay."""

    kinase = gives(KINASE)
    phosphatase = gives(PHOSPHATASE)


@pytest.mark.parametrize("gmax", [0.5, 4.0])
def test_receptors_between_fixed_enzymes(gmax):
    """The exponential to the balance of both, relative to the start: the same for a synapse of any size."""
    defaultclock.dt = 0.5 * ms
    model = GlutamateSynapse(AMPA(gmax=gmax * nS), plasticity=RelativeInsertion(), parts=Held())
    target = NeuronGroup(1, "v : volt\nI = I_syn : amp" + model.post_equations())
    S = model.synapses(SpikeGeneratorGroup(1, [], [] * ms), target)
    S.connect()
    start = float(S.n_AMPA[0])
    assert_allclose(start, gmax / 0.025)
    Network(S, target, S.source).run(1 * second)
    into, out = 50 * KINASE, 0.023 * PHOSPHATASE
    rest = (into * 1.57 + out * 0.53) / (into + out)
    assert_allclose(S.n_AMPA[0] / start, rest + (1 - rest) * np.exp(-(into + out)), rtol=1e-9)


def test_the_kinase_outlasts_calcium_and_insertion_stays_below_the_bound():
    """50 ms of saturating calcium: K is 1 - exp(-80*0.05) of the kinase, then decays for 50 s.

    The receptors follow in closed form: of the free places exp(-k_ins*(integral of K)) stay free.
    """
    defaultclock.dt = 0.25 * ms
    model = GlutamateSynapse(
        [AMPA(), BioNMDA()],
        calcium=SpineCalcium(integrator=CalciumIntegrator(tau=12 * second), tau=1 * ms, rest=0 * mM),
        plasticity=RelativeInsertion.preset("autonomous kinase", k_rem=0 / second),
        parts=AutonomousEnzymes(),
    )
    target = NeuronGroup(1, "v : volt\nI = I_syn : amp" + model.post_equations())
    S = model.synapses(SpikeGeneratorGroup(1, [], [] * ms), target)
    S.connect()
    S.K_autonomous = on = 1 - np.exp(-80 * 0.05)
    Network(S, target, S.source).run(0.5 * second)
    assert_allclose(S.K_autonomous[0], on * np.exp(-0.5 / 50), rtol=1e-6)
    area = on * 50 * (1 - np.exp(-0.5 / 50))
    assert_allclose(S.r_AMPA[0] - 1, 1 - np.exp(-0.0115 * area), rtol=1e-5)


class Emptied(RelativeInsertion):
    """Receptors that should stay are removed, too."""

    _p = RelativeInsertion
    dr = _p.k_ins * _p.kinase * (1 + _p.gain - _p.r) - _p.k_rem * _p.phosphatase * _p.r


def failed(part, reference):
    """The checks that a part fails."""
    checks = checks_for(part, targets=(), reference=reference)
    return {name for name, check in checks if not check.result().passed}


def test_equations_and_planted_errors():
    assert not failed(UnsaturatedEnzymes(), TWINS["UnsaturatedEnzymes"])
    assert not failed(RelativeInsertion(), TWINS["RelativeInsertion"])
    assert "reference" in failed(Emptied(), TWINS["RelativeInsertion"])
    assert not failed(AutonomousEnzymes(), TWINS["AutonomousEnzymes"])
    single = AutonomousEnzymes().replace(dK="k_act*Ca**4/(K_K**4 + Ca**4)*(1 - K) - K/tau_K")
    assert "reference" in failed(single, TWINS["AutonomousEnzymes"])
    fourth = UnsaturatedEnzymes().replace(kinase="K**4")
    assert "reference" in failed(fourth, TWINS["UnsaturatedEnzymes"])
