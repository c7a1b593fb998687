"""Rules that follow calcium smoothly in blocks of time steps, ``optimize='blocks'``.

Held against the naive form, ``optimize=False``, which stores and steps everything on each synapse.
"""

from pathlib import Path
from runpy import run_path
from types import SimpleNamespace

import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, device, mM, ms, mV, nS, second, umolar
from numpy.testing import assert_allclose, assert_array_equal
from sympy import Max, exp, tanh

from brian2_nmda import BioNMDA, GlutamateSynapse, JahrStevens, Parameter, SpineCalcium, TwoExponentialAMPA
from brian2_nmda.equations import (
    CastellaniEnzymes,
    CastellaniPhosphorylation,
    RelativeInsertion,
    ShouvalCalcium,
    ShouvalNMDA,
    ShouvalPlasticity,
    UnsaturatedEnzymes,
)
from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.lowering.plan import make_plan
from brian2_nmda.symbolic.kinds import Plasticity
from brian2_nmda.symbolic.part import Ca, Ca_eff, conductance, states

networks = SimpleNamespace(**run_path(str(Path(__file__).with_name("block_networks.py"))))
several, target_of, trains = networks.several, networks.target_of, networks.trains

BLOCKS = {"optimize": "blocks", "w": "constant", "efficacy": "at_spikes"}
NAIVE = {"optimize": False}
#: Of the difference between weights, which start alike: the open fraction is within 1e-7, the rates within 1e-6.
RTOL = 2e-6


class OwnRule(Plasticity):
    """Weights whose rates have a kink, read two states, are fast, or are steep."""

    a = Parameter(0.3 * umolar, "calcium of the kink, and of half activity")
    K = Parameter(0.02 * umolar, "integrated calcium of half activity")
    up = Parameter(6 / second, "potentiation")
    down = Parameter(5 / second, "depression")
    tau = Parameter(2 * ms, "of the fast weight")
    steep = Parameter(400 / umolar, "steepness")

    W = states("W", within=(None, None), initial=1)
    fast = states("fast", within=(None, None))
    slow = states("slow", within=(None, None))
    dW = up * Max(Ca / a - 1, 0) * (2 - W) - down * Ca_eff**2 / (K**2 + Ca_eff**2) * W
    dfast = (tanh(Ca / a) - fast) / tau
    dslow = down / (1 + exp(-steep * (Ca - a))) * (1 - slow)
    conductance = conductance * Max(W + 0.1 * fast + 0.1 * slow, 0)


def spine(rule, *others):
    nmda = BioNMDA(gmax=0.3 * nS, block=JahrStevens(Mg=1 * mM))
    return GlutamateSynapse([TwoExponentialAMPA(), nmda], *others, calcium=SpineCalcium(), plasticity=rule)


def shouval(**parameters):
    rule = ShouvalPlasticity(**parameters)
    return GlutamateSynapse(
        [TwoExponentialAMPA(), ShouvalNMDA()], calcium=ShouvalCalcium(), plasticity=rule
    )


def weights(S):
    return [n for n in S.plan.in_blocks.states if n not in ("Ca", "Ca_eff")]


def assert_close(S, naive, different=True, rtol=RTOL):
    """All weights agree, within a fraction of what synapses differ by; so does calcium."""
    for name in weights(S):
        found, expected = (np.array(getattr(x, name + "_")) for x in (S, naive))
        assert_allclose(found, expected, rtol=0, atol=rtol * np.ptp(expected) + 1e-14, err_msg=name)
        assert not different or np.ptp(expected) > 1e-5, name
    assert_allclose(S.Ca_, naive.Ca_, rtol=0, atol=1e-7 * np.max(np.abs(naive.Ca_)))


@pytest.mark.parametrize("options", [{}, {"delay": 1.3 * ms, "condition": None, "w": 2.0}])
def test_shouval(options):
    """Whole blocks, one that the end of a run cuts, one that the next begins; all-to-all with one weight."""
    forms = [BLOCKS, NAIVE]
    if "w" in options:
        forms = [{**BLOCKS, "w": 2.0}, NAIVE]
    network, (S, naive) = several(shouval(), forms, **options)
    assert [f.state for f in S.plan.in_blocks.smooth] == ["W_AMPA"]
    for duration in (32, 13.1, 65):
        network.run(duration * ms)
        assert_close(S, naive, different=duration == 65)


def test_own_rule_and_its_readers():
    """Monitors, the user, changed parameters and a restored state see each weight as it is now."""
    network, (S, naive) = several(spine(OwnRule()), [BLOCKS, NAIVE])
    names = weights(S)
    assert len(names) == 3
    seen = [StateMonitor(x, names, record=[0, 3], dt=0.7 * ms) for x in (S, naive)]
    network.add(seen)
    network.run(30.3 * ms)
    network.store()
    network.run(20 * ms)
    first = {n: np.array(getattr(S, n + "_")) for n in names}
    network.restore()
    network.run(20 * ms)
    for name, value in first.items():
        assert_array_equal(getattr(S, name + "_"), value)
        assert_allclose(*(np.array(getattr(m, name)) for m in seen), rtol=0, atol=RTOL)
    for x in (S, naive):
        x.a_AMPA = 0.1 * umolar
        x.tau_AMPA = 1 * ms
        x.W_AMPA = 1.5
    network.run(35 * ms)
    assert_close(S, naive)
