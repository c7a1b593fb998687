"""Hours of rest with a longer time step: Luboeinski & Tetzlaff (2021) over eight hours.

Held against the solution of their equations after the induction, when calcium is at rest: the early weight
decays exponentially, so the times at which it passes the thresholds of synthesis and tag are known.
"""

import os

import brian2 as b2
import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, ms, mV, second
from brian2.devices.device import reset_device

from brian2_nmda import BioNMDA, GlutamateSynapse, ModelError
from brian2_nmda.equations import LatePhase, ProteinSynthesis, TwoExponentialAMPA

H_0, TAU_H, TAU, THETA_PRO, THETA_TAG = 4.20075, 6884.0, 3600.0, 2.10037, 0.840149


def network(number, fine, spikes):
    """One clamped neuron whose first synapse is stimulated with 100 Hz, and others that are silent."""
    b2.defaultclock.dt = fine
    rule = LatePhase(sigma=0 * mV)
    model = GlutamateSynapse(TwoExponentialAMPA(), plasticity=rule, parts=ProteinSynthesis())
    source = SpikeGeneratorGroup(2, np.zeros(spikes, int), np.arange(spikes) / 100 * second)
    target = NeuronGroup(1, "v : volt" + model.post_equations(), threshold="v > 0*mV", reset="")
    target.v = -65 * mV
    S = model.synapses(source, target, delay=0 * ms)
    S.connect(i=[0] + [1] * (number - 1), j=0)
    return source, target, S


def processor_time():
    """Of this process and of those that it has waited for."""
    return sum(os.times()[:4])


def at_rest(t, h, p, z, theta_pro=THETA_PRO, theta_tag=THETA_TAG):
    """Early weight, protein and late weight at times after the induction, from their values at its end."""
    change = h - H_0
    last, tagged = (TAU_H * np.log(change / x) for x in (theta_pro, theta_tag))
    top = 1 + (p - 1) * np.exp(-last / TAU)

    def protein(x):
        return np.where(x <= last, 1 + (p - 1) * np.exp(-x / TAU), top * np.exp(-(x - last) / TAU))

    def amount(x):  # integral of the protein over TAU
        x_1 = np.minimum(x, last)
        made = x_1 / TAU + (p - 1) * -np.expm1(-x_1 / TAU)
        return made + top * -np.expm1(-np.maximum(x - last, 0) / TAU)

    return (
        H_0 + change * np.exp(-t / TAU_H),
        protein(t),
        1 + (z - 1) * np.exp(-amount(np.minimum(t, tagged))),
    )


def errors(M, start, **thresholds):
    """Largest errors of the first synapse after the induction."""
    t = M.t / second
    after = t >= start
    found = [x[0][after] for x in (M.h_AMPA / mV, M.p_ProteinSynthesis, M.z_AMPA)]
    exact = at_rest(t[after] - t[after][0], *(x[0] for x in found), **thresholds)
    return [np.max(np.abs(x - y)) for x, y in zip(found, exact, strict=True)], found


def test_a_step_of_seconds_after_the_induction():
    """Steps of 0.2 s after 1 s at 0.5 ms; both thresholds are passed within the quarter of an hour."""
    source, target, S = network(2, 0.5 * ms, 30)
    M = StateMonitor(S, ["h_AMPA", "z_AMPA", "p_ProteinSynthesis"], record=True, dt=1 * second)
    net = Network(source, target, S, M)
    net.run(1 * second)
    assert S.c_AMPA[0] < 1e-3  # at rest
    change = S.h_AMPA[0] / mV - H_0
    assert change > THETA_TAG
    pro, tag = 0.95 * change, 0.9 * change
    S.theta_pro_ProteinSynthesis, S.theta_tag_AMPA = pro * mV, tag * mV
    coarse = S.coarsest_step()
    assert coarse == 0.2 * second  # the early weight would relax within 0.35 s at high calcium
    b2.defaultclock.dt, source.active = coarse, False
    net.run(15 * 60 * second)
    (h, p, z), found = errors(M, 1, theta_pro=pro, theta_tag=tag)
    assert TAU_H * np.log(1 / 0.9) < 15 * 60
    assert h < 1e-11 * H_0  # linear, with a constant rate: rounding
    assert max(p, z) < 2 * float(coarse) / TAU  # the sum is a step old, a threshold is passed within one
    assert found[1].max() > 0.09 and found[2][-1] > 0.01
    assert np.all(M.h_AMPA[1] == M.h_AMPA[1, 0]) and np.all(M.z_AMPA[1] == 0)


def test_what_does_not_allow_a_longer_step():
    """Conductances that are sent, pulses that are counted."""
    model = GlutamateSynapse(BioNMDA())
    source = SpikeGeneratorGroup(1, [], [] * ms)
    target = NeuronGroup(1, "v : volt" + model.post_equations())
    S = model.synapses(source, target)
    S.connect()
    with pytest.raises(ModelError, match=r"cannot grow between two runs, since the conductance of 'NMDA'"):
        S.coarsest_step()
    stepped = model.synapses(source, target, tolerance=None)
    stepped.connect()
    with pytest.raises(ModelError, match=r"since the pulse 'T' is counted in time steps"):
        stepped.coarsest_step()
    net = Network(source, target, stepped)
    b2.defaultclock.dt = 0.1 * ms
    net.run(0.2 * ms)
    b2.defaultclock.dt = 0.05 * ms  # shorter is allowed
    net.run(0.2 * ms)
    b2.defaultclock.dt = 0.1 * ms
    with pytest.raises(b2.BrianObjectException) as failure:
        net.run(0.2 * ms)
    assert isinstance(failure.value.__cause__, ModelError)
    assert "was 0.05 ms in an earlier run and is now 0.1 ms" in str(failure.value.__cause__)


@pytest.mark.slow
def test_eight_hours_of_a_hundred_synapses(tmp_path):
    """Issue 11: one neuron, 100 synapses, 8 h in C++ standalone in less than a minute with the build.

    Of processor time, the compiler's included; on an idle machine that is about the time that passes.
    """
    began = processor_time()
    b2.set_device("cpp_standalone", directory=str(tmp_path), build_on_run=False)
    try:
        source, target, S = network(100, 0.2 * ms, 100)
        M = StateMonitor(S, ["h_AMPA", "z_AMPA", "p_ProteinSynthesis"], record=[0, 1], dt=60 * second)
        net = Network(source, target, S, M)
        net.run(2 * second)
        coarse = S.coarsest_step()
        b2.defaultclock.dt, source.active = coarse, False
        net.run((8 * 3600 - 2) * second)
        b2.device.build(directory=str(tmp_path))
        took = processor_time() - began
        (h, p, z), found = errors(M, 60)
        print(f"8 h in {took:.1f} s of processor time; errors of h, p, z: {h:.1e} mV, {p:.1e}, {z:.1e}")
        assert h < 1e-9 and max(p, z) < 2 * float(coarse) / TAU
        assert found[0][0] > 1.8 * H_0 and found[2][-1] > 0.4
        assert np.all(M.z_AMPA[1] == 0)
    finally:
        b2.device.reinit()
        reset_device("runtime")
    assert took < 60
