"""Calcium and the rule of Shouval et al. (2002) on each synapse (W6c): ours, and written by hand.

A spike opens AMPA receptors in proportion to the weight that it finds, and NMDA receptors. So nothing of a
synapse is read at each step but its calcium, by its weight.
"""

from collections.abc import Callable

import brian2 as b2
import numpy as np
from brian2 import ms, mV, nS
from brian_programs import MEMBRANE, _connect, _source, _spine_finish, _start
from network import Network

from brian2_nmda import GlutamateSynapse, TwoExponentialAMPA
from brian2_nmda.equations import ShouvalCalcium, ShouvalNMDA, ShouvalPlasticity

#: By an expert: two sigmoids and a time constant for each synapse and step.
RULE = """
    dCa/dt = -Ca/tau - influx*g_pre*drive_post : mmolar (clock-driven)
    dW/dt = eta*(Omega - W) : 1 (clock-driven)
    eta = 1/(P_1/(P_2 + Ca**3) + P_4) : hertz
    Omega = base + 1/(1 + exp(-b_p*(Ca - a_p))) - depth/(1 + exp(-b_d*(Ca - a_d))) : 1
    w : 1"""
GATES = """
    dN_f/dt = -N_f/tau_f : 1
    dN_s/dt = -N_s/tau_s : 1
    g = N_f + N_s : 1 (constant over dt)
    opened = P_0*(1 - N_f - N_s) : 1
    k_spike : integer"""
NEURONS = (
    MEMBRANE
    + """
    I_syn = (gmax_A*(slow - quick) + gmax*G*block)*v : amp
    G = G_f + G_s : 1
    block = 1/(1 + exp(-0.062*v/mV)/3.57) : 1
    drive = block*(v - E) : volt (constant over dt)
    dG_f/dt = -G_f/tau_f : 1
    dG_s/dt = -G_s/tau_s : 1
    dslow/dt = -slow/tau_decay : 1
    dquick/dt = -quick/tau_rise : 1"""
)
AT_SPIKES = """
    slow_post += w*W/W_0/height
    quick_post += w*W/W_0/height
    G_f_post += w*I_f*opened_pre
    G_s_post += w*(1 - I_f)*opened_pre"""


def parts(network: Network) -> tuple:
    """10 nS of NMDA and 5 nS of AMPA conductance for all synapses of a neuron; calcium as in the paper."""
    unit = 10 * nS / (network.n * network.p)
    pool = ShouvalCalcium(influx=ShouvalCalcium().influx * (1 * nS / unit))
    return TwoExponentialAMPA(gmax=unit / 2), ShouvalNMDA(gmax=unit), pool, ShouvalPlasticity()


def names(network: Network) -> dict:
    """The values of these parts for the hand-written form."""
    ampa, nmda, pool, rule = parts(network)
    found = {n: getattr(ampa, n) for n in ("tau_rise", "tau_decay")}
    found |= {n: getattr(nmda, n) for n in ("P_0", "I_f", "tau_f", "tau_s", "gmax")}
    found |= {n: getattr(rule, n) for n in ("a_d", "a_p", "b_d", "b_p", "base", "depth", "W_0")}
    found |= {n: getattr(rule, n) for n in ("P_1", "P_2", "P_4")}
    rise, fall = (float(found[n] / ms) for n in ("tau_rise", "tau_decay"))
    peak = np.log(fall / rise) * rise * fall / (fall - rise)
    height = np.exp(-peak / fall) - np.exp(-peak / rise)
    found |= {"tau": pool.tau, "E": pool.E, "influx": pool.influx * nmda.gmax, "height": height}
    return {**found, "gmax_A": ampa.gmax, "nS": nS, "mV": mV}


def _finish(objects: tuple, neurons, synapses, network: Network, W: str) -> tuple[Callable, Callable]:
    """What is recorded of synapses ends a block: every 10 ms."""
    return _spine_finish(objects, neurons, synapses, network, W, dt=10, called="W")


def ours(optimize: bool | str = True, threads: int = 1, **network):
    network = Network(**network)
    _start("standalone", threads)
    source = _source(network)
    ampa, nmda, pool, rule = parts(network)
    model = GlutamateSynapse([ampa, nmda], calcium=pool, plasticity=rule)
    neurons = b2.NeuronGroup(network.n, MEMBRANE + model.post_equations(), method="euler")
    neurons.v = -70 * mV
    synapses = model.synapses(source, neurons, w="constant", efficacy="at_spikes", optimize=optimize)
    _connect(synapses, network)
    return _finish((source,), neurons, synapses, network, "W_AMPA")


def expert(threads: int = 1, **network):
    """Gates per presynaptic neuron; what a spike opens is added on the target, with its driving force.

    ``W_0`` is where the weight starts.
    """
    network = Network(**network)
    _start("standalone", threads)
    source, given = _source(network), names(network)
    gates = b2.NeuronGroup(
        network.n,
        GATES,
        method="exact",
        threshold="k_spike == t_in_timesteps",
        reset="now = opened\nN_f += I_f*now\nN_s += (1 - I_f)*now",
        namespace=given,
    )
    gates.k_spike = -1
    driver = b2.Synapses(source, gates, on_pre="k_spike_post = t_in_timesteps")
    driver.connect(j="i")
    driver.pre.when, driver.pre.order = "thresholds", 1  # so that the gates spike in the same step
    gates.thresholder["spike"].order = 2
    neurons = b2.NeuronGroup(network.n, NEURONS, method="euler", namespace=given)
    neurons.v = -70 * mV
    synapses = b2.Synapses(gates, neurons, RULE, on_pre=AT_SPIKES, method="euler", namespace=given)
    _connect(synapses, network)
    synapses.W = given["W_0"]
    return _finish((source, gates, driver), neurons, synapses, network, "W")
