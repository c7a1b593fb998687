"""The rule of Dainauskas et al. (2023) for a given voltage of the dendrite.

Held against a Runge-Kutta solution of the published equations, which shares nothing with the package, and
against the signs that the authors' code (ModelDB 267680, run unchanged) prints for their Figure 2: four
pairings of a presynaptic with two postsynaptic spikes at 5 Hz give 1.03990 at +10 ms and 0.99213 at -10 ms.
"""

import brian2 as b2
import numpy as np
import pytest
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, TimedArray, ms, mV

import brian2_nmda.equations as lib
from brian2_nmda import GlutamateSynapse
from brian2_nmda.conformance import checks_for

pytestmark = pytest.mark.xdist_group(__name__)  # one process: the runs are shared

FINE = 0.05  # ms, the samples of the voltage


def pairing(interval):
    """Presynaptic spikes and voltage (mV): two dendritic spikes, the second ``interval`` after one of them.

    The first is 10 ms earlier; twice, 100 ms apart. A dendritic spike is 60 mV and decays with 4 ms, on an
    afterdepolarisation of 2 mV with 30 ms; an EPSP of 3 mV begins at a presynaptic spike. Rest is -70 mV.
    """
    t = np.arange(0, 180, FINE)
    pre = np.array([20.0, 120.0])
    v = np.full(t.size, -70.0)
    for spike in pre:
        since = np.clip(t - spike, 0, None)
        v += 3 * (t > spike) * (np.exp(-since / 15) - np.exp(-since / 2))
        for k in (-10, 0):
            since = np.clip(t - spike - interval - k, 0, None)
            v += (t >= spike + interval + k) * (60 * np.exp(-since / 4) + 2 * np.exp(-since / 30))
    return pre, v


def rates(y, v, on, x):
    """Published equations in ms and mV: both receptors, their traces, thresholds, depolarisations, weight."""
    A, B, q, Q, theta, Theta, u, U, W = y
    block = 1 / (1 + np.exp(-0.062 * v) / 3.57)
    dA, dB = 0.5 * on * (1 - A) - 0.024 * A, 0.1 * on * (1 - B) - 0.0075 * B
    high = max(q**4 / (0.11**4 + q**4) - theta, 0.0)
    low = max(Q**2 / (0.09**2 + Q**2) - Theta, 0.0)
    return np.array([
        dA, dB, ((0.2 * A + 0.8 * B) * block - q) / 20, ((0.8 * A + 0.2 * B) * block - Q) / 1000,
        (10 * low - theta) / 100, (1000 * high - Theta) / 100, (max(v + 65, 0) - u) / 10,
        (max(v + 67, 0) - U) / 10, high * u * (2 - W) - 100 * low * U * x * (W - 0.4),
    ])  # fmt: skip


def solved(pre, v, h=FINE):
    """Weight, thresholds and a trace at the samples of the voltage, which is constant between them."""
    steps = set(np.round(pre / h).astype(int))
    y, x, until, found = np.array([0.0] * 8 + [1.0]), 0.0, -1, []
    fall = np.exp(-h / 2 / 15)
    for k, level in enumerate(v):
        found.append(y[[8, 4, 5, 2]])
        if k in steps:
            x, until = x + 0.1 / 15, k + round(1 / h)
        on = float(k < until)
        k1 = rates(y, level, on, x)
        k2 = rates(y + h / 2 * k1, level, on, x * fall)
        k3 = rates(y + h / 2 * k2, level, on, x * fall)
        x *= fall**2
        k4 = rates(y + h * k3, level, on, x)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.array(found).T


NAMES = ["W_AMPA", "theta_LTP_subunits", "theta_LTD_subunits", "q_LTP_subunits"]


def simulated(pre, v, dt, scale=1.0):
    """``scale``: what is left of GluN2B."""
    b2.defaultclock.dt = dt * ms
    kinds = ("GluN2A", "GluN2B")
    a, b = (lib.FirstOrderNMDA.preset(f"{k}, Dainauskas 2023", label=k) for k in kinds)
    model = GlutamateSynapse(
        [lib.AMPA(), a, b.replace(gmax=scale * b.gmax)],
        release=lib.TransmitterPulse.preset("Destexhe 1998"),
        plasticity=lib.SubunitSTDP(),
        parts=lib.SubunitDetector(),
    )
    source = SpikeGeneratorGroup(1, np.zeros(pre.size, int), pre * ms)
    target = NeuronGroup(1, "v = course(t) : volt" + model.post_equations(), method="euler")
    S = model.synapses(source, target, delay=0 * ms)
    S.connect()
    M = StateMonitor(S, NAMES, record=True)
    Network(source, target, S, M).run(
        v.size * FINE * ms, namespace={"course": TimedArray(v * mV, dt=FINE * ms)}
    )
    return np.array([getattr(M, n)[0] for n in NAMES])


@pytest.mark.parametrize("interval", [10, -10])
def test_pairings(interval):
    """Pre before post potentiates, post before pre depresses; the course is that of the equations."""
    pre, v = pairing(interval)
    exact, errors, found = solved(pre, v), {}, {}
    size = np.maximum(np.ptp(exact, axis=1), 1e-9)  # a threshold that stays at 1e-24 counts as 0
    for dt in (0.05, 0.025):
        found[dt] = simulated(pre, v, dt)[:, :: round(FINE / dt)]
        errors[dt] = np.max(np.abs(found[dt] - exact), axis=1) / size
    change, expected = found[0.025][0, -1] - 1, exact[0, -1] - 1
    assert np.sign(change) == np.sign(expected) == np.sign(interval)
    seen = errors[0.05] > 1e-9
    ratio = errors[0.05][seen] / errors[0.025][seen]
    assert np.all((ratio > 1.8) & (ratio < 2.2)), errors  # what is held over a step: order 1
    extrapolated = np.max(np.abs(2 * found[0.025] - found[0.05] - exact), axis=1) / size
    assert np.all(errors[0.025] < 0.1)
    smooth = [0, 2, 3]  # the threshold of potentiation peaks where its drive begins, in a corner
    assert np.all((extrapolated < 0.1 * errors[0.025] + 1e-9)[smooth]), extrapolated


def test_hypofunction_of_glun2b():
    """With a tenth of GluN2B the same pairing potentiates less: the drive is mostly that of GluN2B."""
    pre, v = pairing(10)
    assert 0 < simulated(pre, v, 0.1, 0.1)[0, -1] - 1 < 0.5 * (simulated(pre, v, 0.1)[0, -1] - 1)


class Forgetful(lib.SubunitSTDP):
    """Depression goes to 0, below the smallest weight."""

    _r = lib.SubunitSTDP
    dW = _r.D_LTP * _r.u_LTP * (_r.W_max - _r.W) - _r.D_LTD * _r.u_LTD * _r.x * _r.W


def test_a_planted_error_is_found():
    """By the check that the shipped rule passes."""
    check = "invariance"
    assert dict(checks_for(lib.SubunitSTDP(), targets=()))[check].result().passed
    found = dict(checks_for(Forgetful(), targets=()))[check].result()
    assert not found.passed and "W" in found.message
