"""Brian2 programs: ours as a user writes it, and two hand-written forms of what `network` describes.

Each function builds one program and returns ``run() -> seconds`` and ``result() -> arrays``; `worker` calls
it in a process of its own. Compiler flags are Brian2's preferences, the same for all.
"""

import tempfile
import time
from pathlib import Path

import brian2 as b2
import numpy as np
from brian2 import mM, ms, mV, nS, pF, second
from brian2.devices.device import runtime_device
from network import PULSE, Network

from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    JahrStevens,
    ReceptorInsertion,
    SpineCalcium,
    TwoExponentialAMPA,
)
from brian2_nmda.equations import FiveStateNMDA, GraupnerBrunel, KampaNMDA

#: What a user passes to `GlutamateSynapse.synapses` for each plan of ours.
PLANS = {
    "default": {},
    "exact": {"w": "constant", "tolerance": None},
    "plastic": {},
    "optimize=False": {"optimize": False},
}
RECEPTORS = {
    "BioNMDA": lambda gmax: BioNMDA(gmax=gmax, block=JahrStevens(Mg=1 * mM)),
    "five states": lambda gmax: FiveStateNMDA(gmax=gmax, block=JahrStevens(Mg=1 * mM)),
    "Kampa": lambda gmax: KampaNMDA(gmax=gmax),
}
MEMBRANE = "dv/dt = (10*nS*(-70*mV - v) - I_syn)/(200*pF) : volt"
HAND = {
    "alpha1": 2 / ms,
    "beta1": 0.01 / ms,
    "alpha2": 1 / (mM * ms),
    "beta2": 0.5 / ms,
    "on": PULSE + 1,
    "nS": nS,
    "pF": pF,
    "mV": mV,
    "mM": mM,
}
#: Of the hand-written forms; `rk4` is slower per synapse, and as fast where the gate is per neuron.
GATE = """dg/dt = alpha1*x*(1 - g) - beta1*g : 1 {flag}
          dx/dt = alpha2*T*(1 - x) - beta2*x : 1 {flag}
          T = int(t_in_timesteps < k_off)*mM : mmolar
          k_off : integer"""
POST = (
    MEMBRANE
    + """
    I_syn = gmax*G*v/(1 + exp(-0.062*v/mV)/3.57) : amp
    G : 1"""
)


def _start(target: str, threads: int) -> None:
    if target == "cython":
        b2.prefs.codegen.target = "cython"
        return
    b2.prefs["devices.cpp_standalone.extra_make_args_unix"] = ["-j2"]
    b2.prefs.devices.cpp_standalone.openmp_threads = threads if threads > 1 else 0
    directory = tempfile.mkdtemp(prefix="benchmark_")
    b2.set_device("cpp_standalone", directory=directory, build_on_run=False)


def _compile(net: b2.Network, seconds: float):
    """``run`` of a network that is complete."""
    if b2.get_device() is runtime_device:
        net.store()
        net.run(b2.defaultclock.dt)

        def run() -> float:
            net.restore()
            started = time.perf_counter()
            net.run(seconds * second)
            return time.perf_counter() - started

        return run
    net.run(seconds * second)
    return _build()


def _build():
    """Compile the standalone project; ``run`` returns the seconds of the simulation as the binary reports."""
    directory = b2.get_device().build_options["directory"]
    b2.device.build(directory=directory, compile=True, run=False)

    def run() -> float:
        b2.device.run(directory, with_output=False, run_args=[])
        return float((Path(directory) / "results" / "last_run_info.txt").read_text().split()[0])

    return run


def _source(network: Network) -> b2.SpikeGeneratorGroup:
    b2.defaultclock.dt = network.dt * ms
    neuron, step = network.spikes
    return b2.SpikeGeneratorGroup(network.n, neuron, step * network.dt * ms)


def _connect(synapses: b2.Synapses, network: Network) -> None:
    if network.p == 1:
        synapses.connect()
    else:
        pre, post = network.synapses
        synapses.connect(i=pre, j=post)
    synapses.w = network.weights
    if network.delays:
        synapses.delay = network.delay_steps * network.dt * ms


def _record(neurons: b2.NeuronGroup, conductance: str, network: Network):
    """A monitor, and what it shows: G is one step behind, as Brian2's summed variables are."""
    monitor = b2.StateMonitor(neurons, ["v", conductance], record=network.recorded, dt=1 * ms)
    every = round(1 / network.dt)

    def result() -> dict[str, np.ndarray]:
        v = np.asarray(monitor.v / mV).T
        G = np.asarray(getattr(monitor, conductance)).T
        if conductance != "G":
            G = G / (network.gmax * 1e-9)
        k = np.arange(len(v)) * every
        return {"k_v": k, "v": v, "k_G": k[1:] - 1, "G": G[1:]}

    return monitor, result


def ours(
    plan: str = "default",
    receptor: str = "BioNMDA",
    target: str = "standalone",
    threads: int = 1,
    **network,
):
    network = Network(**network)
    _start(target, threads)
    source = _source(network)
    model = GlutamateSynapse(RECEPTORS[receptor](network.gmax * nS))
    neurons = b2.NeuronGroup(network.n, MEMBRANE + model.post_equations(), method="euler")
    neurons.v = -70 * mV
    delay = "per_synapse" if network.delays else None
    synapses = model.synapses(source, neurons, delay=delay, **PLANS[plan])
    _connect(synapses, network)
    monitor, result = _record(neurons, "g_total_NMDA", network)
    return _compile(b2.Network(source, neurons, synapses, monitor), network.seconds), result


def naive(method: str = "exponential_euler", target: str = "standalone", threads: int = 1, **network):
    """Gates on each synapse, summed; the block is the target's."""
    network = Network(**network)
    _start(target, threads)
    source = _source(network)
    names = {**HAND, "gmax": network.gmax * nS}
    neurons = b2.NeuronGroup(network.n, POST, method="euler", namespace=names)
    neurons.v = -70 * mV
    synapses = b2.Synapses(
        source,
        neurons,
        GATE.format(flag="(clock-driven)") + "\nw : 1\nG_post = w*g : 1 (summed)",
        on_pre="k_off = t_in_timesteps + on",
        method=method,
        namespace=names,
    )
    _connect(synapses, network)
    monitor, result = _record(neurons, "G", network)
    return _compile(b2.Network(source, neurons, synapses, monitor), network.seconds), result


def _gates(source: b2.SpikeGeneratorGroup, equations: str, names: dict) -> tuple:
    gates = b2.NeuronGroup(len(source), equations, method="rk4", namespace=names)
    driver = b2.Synapses(source, gates, on_pre="k_off_post = t_in_timesteps + on", namespace=names)
    driver.connect(j="i")
    return gates, driver


def expert(target: str = "standalone", threads: int = 1, **network):
    """Gates once per presynaptic neuron, one multiply-add per synapse and step."""
    network = Network(**network)
    _start(target, threads)
    source = _source(network)
    names = {**HAND, "gmax": network.gmax * nS}
    gates, driver = _gates(source, GATE.format(flag=""), names)
    neurons = b2.NeuronGroup(network.n, POST, method="euler", namespace=names)
    neurons.v = -70 * mV
    synapses = b2.Synapses(gates, neurons, "w : 1\nG_post = w*g_pre : 1 (summed)", namespace=names)
    _connect(synapses, network)
    monitor, result = _record(neurons, "G", network)
    net = b2.Network(source, gates, driver, neurons, synapses, monitor)
    return _compile(net, network.seconds), result


# -- calcium and plasticity on each synapse (W6) -----------------------------------------------------------

CALCIUM = """
    dCa/dt = -(Ca - rest)/tau - {I_Ca}/(2*F*V*(1 + kappa)) : mmolar (clock-driven)
    dCa_eff/dt = (Ca - Ca_eff - rest)/tau_eff : mmolar (clock-driven)
    dn/dt = inserted - k_rem*(n - n_min)*int(Ca_eff > theta_d) : 1 (clock-driven)
    inserted = k_ins*(n_max - n)*int(Ca_eff > theta_p) : hertz
    w : 1"""
AMPA_GATE = "\ndg_A/dt = alpha*T*(1 - g_A) - beta*g_A : 1 {flag}"
SUMS = "\nG_post = w*g{pre} : 1 (summed)\nG_A_post = w*n*g_A{pre} : 1 (summed)"


def _spine(network: Network) -> tuple:
    """Parts of ours: 10 nS of NMDA and 2 nS of AMPA conductance for all synapses of a neuron together."""
    unit = 10 * nS / (network.n * network.p)
    rule = ReceptorInsertion(gamma=unit / 100)
    receptors = AMPA(gmax=unit / 5), BioNMDA(gmax=unit, block=JahrStevens(Mg=1 * mM))
    return *receptors, SpineCalcium(), rule


def _spine_names(network: Network) -> dict:
    """The values of these parts for the hand-written forms."""
    ampa, nmda, calcium, rule = _spine(network)
    names = {n: getattr(calcium, n) for n in ("V", "kappa", "tau", "rest", "F")}
    names |= {
        n: getattr(rule, n) for n in ("k_ins", "k_rem", "theta_p", "theta_d", "n_min", "n_max", "gamma")
    }
    fraction = calcium.fraction * calcium.v_cal / (calcium.v_cal - calcium.E)  # the receptor reverses at 0 mV
    names |= {"E_Ca": calcium.E, "tau_eff": calcium.integrator.tau, "f_gmax": fraction * nmda.gmax}
    return {**HAND, **names, "alpha": ampa.alpha, "beta": ampa.beta, "gmax": nmda.gmax}


def _spine_neurons(network: Network, names: dict, hoisted: bool) -> b2.NeuronGroup:
    drive = "drive = block*(v - E_Ca) : volt (constant over dt)" if hoisted else ""
    equations = f"""{MEMBRANE}
        I_syn = gamma*G_A*v + gmax*G*block*v : amp
        block = 1/(1 + exp(-0.062*v/mV)/3.57) : 1
        {drive}
        G_A : 1
        G : 1"""
    neurons = b2.NeuronGroup(network.n, equations, method="euler", namespace=names)
    neurons.v = -70 * mV
    return neurons


def _spine_start(synapses: b2.Synapses, names: dict, network: Network) -> None:
    _connect(synapses, network)
    synapses.Ca = names["rest"]
    synapses.n = 20


def _spine_finish(
    objects: tuple, neurons, synapses, network: Network, n: str = "n", dt: float = 1.0, called: str = "n"
):
    """Record calcium and the state ``n``, which is ``called`` so in the result, every ``dt`` ms."""
    _, post = network.synapses
    recorded = np.concatenate([np.flatnonzero(post == r)[:5] for r in network.recorded])
    v = b2.StateMonitor(neurons, "v", record=network.recorded, dt=1 * ms)
    spine = b2.StateMonitor(synapses, ["Ca", n], record=recorded, dt=dt * ms)

    def result() -> dict[str, np.ndarray]:
        values = {"v": v.v / mV, "Ca": spine.Ca / mM, called: getattr(spine, n)}
        steps = {"v": round(1 / network.dt), "Ca": round(dt / network.dt), called: round(dt / network.dt)}
        at = {f"k_{n}": np.arange(x.shape[1]) * steps[n] for n, x in values.items()}
        return {**at, **{n: np.asarray(x).T for n, x in values.items()}}

    net = b2.Network(*objects, neurons, synapses, v, spine)
    return _compile(net, network.seconds), result


def spine_ours(threads: int = 1, **network):
    network = Network(**network)
    _start("standalone", threads)
    source = _source(network)
    ampa, nmda, calcium, rule = _spine(network)
    model = GlutamateSynapse([ampa, nmda], calcium=calcium, plasticity=rule)
    neurons = b2.NeuronGroup(network.n, MEMBRANE + model.post_equations(), method="euler")
    neurons.v = -70 * mV
    synapses = model.synapses(source, neurons, **PLANS["plastic"])
    _connect(synapses, network)
    return _spine_finish((source,), neurons, synapses, network, "n_AMPA")


def spine_at_spikes(optimize: bool | str = True, threads: int = 1, **network):
    """The same where a spike opens what it finds inserted, so that nothing reads calcium at each step.

    What is recorded of the synapses ends a block: it is recorded every 10 ms.
    """
    network = Network(**network)
    _start("standalone", threads)
    source = _source(network)
    ampa, nmda, calcium, rule = _spine(network)
    ampa = TwoExponentialAMPA(gmax=ampa.gmax)
    model = GlutamateSynapse([ampa, nmda], calcium=calcium, plasticity=rule)
    neurons = b2.NeuronGroup(network.n, MEMBRANE + model.post_equations(), method="euler")
    neurons.v = -70 * mV
    synapses = model.synapses(source, neurons, w="constant", efficacy="at_spikes", optimize=optimize)
    _connect(synapses, network)
    return _spine_finish((source,), neurons, synapses, network, "n_AMPA", 10.0)


def spine_naive(threads: int = 1, **network):
    network = Network(**network)
    _start("standalone", threads)
    source = _source(network)
    names = _spine_names(network)
    neurons = _spine_neurons(network, names, hoisted=False)
    flag = "(clock-driven)"
    current = "f_gmax*g*(v_post - E_Ca)/(1 + exp(-0.062*v_post/mV)/3.57)"
    synapses = b2.Synapses(
        source,
        neurons,
        CALCIUM.format(I_Ca=current) + "\n" + (GATE + AMPA_GATE).format(flag=flag) + SUMS.format(pre=""),
        on_pre="k_off = t_in_timesteps + on",
        method="euler",
        namespace=names,
    )
    _spine_start(synapses, names, network)
    return _spine_finish((source,), neurons, synapses, network)


def spine_expert(threads: int = 1, **network):
    """Gates per presynaptic neuron, the driving force per target: the synapse has calcium and receptors."""
    network = Network(**network)
    _start("standalone", threads)
    source = _source(network)
    names = _spine_names(network)
    gates, driver = _gates(source, (GATE + AMPA_GATE).format(flag=""), names)
    neurons = _spine_neurons(network, names, hoisted=True)
    equations = CALCIUM.format(I_Ca="f_gmax*g_pre*drive_post") + SUMS.format(pre="_pre")
    synapses = b2.Synapses(gates, neurons, equations, method="euler", namespace=names)
    _spine_start(synapses, names, network)
    return _spine_finish((source, gates, driver), neurons, synapses, network)


# -- Graupner & Brunel 2012, the curve of spike-timing-dependent plasticity (W5) --


def graupner_brunel(points: int, synapses: int, pairings: int = 60, dt: float = 0.1, threads: int = 1):
    """Pairs of spikes at 1 Hz for each time difference, half of the synapses UP before."""
    _start("standalone", threads)
    b2.defaultclock.dt = dt * ms
    b2.seed(1)
    model = GlutamateSynapse(TwoExponentialAMPA(), plasticity=GraupnerBrunel.preset("DP"))
    second_steps, lead = round(1e3 / dt), round(200 / dt)
    differences = np.rint(np.linspace(-80, 80, points) / dt).astype(int)
    pre = b2.NeuronGroup(
        synapses, threshold=f"t_in_timesteps % {second_steps} == {lead}", reset="", model="unused : 1"
    )
    post = b2.NeuronGroup(
        points,
        "v = -65*mV : volt\nignored = I_syn : amp\nk_spike : integer (constant)" + model.post_equations(),
        threshold=f"t_in_timesteps % {second_steps} == k_spike",
        reset="",
    )
    post.k_spike = lead + differences
    S = model.synapses(pre, post, w=1.0, efficacy="at_spikes")
    S.connect()
    S.rho_AMPA = "i % 2"
    run = _compile(b2.Network(pre, post, S), float(pairings))

    def result() -> dict[str, np.ndarray]:
        return {
            "rho": np.asarray(S.rho_AMPA).reshape(synapses, points),
            "ms": differences * dt,
            "pairings": pairings,
        }

    return run, result
