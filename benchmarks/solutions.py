"""What the programs of a workload should compute, and how far they are from it.

No code of `brian2_nmda` takes part, except for the values of parameters. Where all programs are of first
order in the time step (calcium, voltage-dependent schemes), the solution has steps `FINE` times smaller.
"""

import sys
from functools import cache
from pathlib import Path

import network as nw
import numpy as np
from network import Network
from scipy.linalg import expm
from workloads import Workload

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
FINE = 10


@cache
def bionmda(network: Network) -> dict[str, np.ndarray]:
    import reference  # the closed form, in mpmath

    gates = nw.bionmda_gates(network)
    error = nw.check_gates(network, gates, reference.bionmda, reference.pulse_windows)
    if error > 1e-12:
        raise RuntimeError(f"the solution differs from the closed form by {error:.1e}")
    return nw.solution(network, gates)


# -- Markov schemes (W7), in /ms and mM, as `brian2-nmda show` prints them ------------------------------

FIVE = [  # from, to, forward (True: times the transmitter), backward
    ("C0", "C1", 5.0, 0.0129, True),
    ("C1", "C2", 5.0, 0.0129, True),
    ("C2", "D", 0.0084, 0.0068, False),
    ("C2", "O", 0.0465, 0.0738, False),
]
TEN = [
    ("U", "Cl", 10.0, 0.0056, True),
    ("Cl", "O", 0.010, 0.273, False),
    ("Cl", "D1", 0.0022, 0.0016, False),
    ("D1", "D2", 0.00043, 0.0005, False),
    ("UM", "ClM", 10.0, 0.0171, True),
    ("ClM", "OM", 0.010, 0.548, False),
    ("ClM", "D1M", 0.0021, 0.00087, False),
    ("D1M", "D2M", 0.00026, 0.00042, False),
]
MAGNESIUM = {"U": (5e-5, 2.438312e-3), "Cl": (5e-5, 5.041915e-3), "D1": (5e-5, 2.98874e-3)}
MAGNESIUM |= {"D2": (5e-5, 2.953408e-3), "O": (0.05, 12.8)}


def generator(scheme: list, states: list[str], transmitter: float, v: float | None = None) -> np.ndarray:
    """Rates such that occupancies ``p`` obey ``dp/dt = p @ Q``."""
    Q = np.zeros((len(states), len(states)))
    arrows = [(a, b, f * transmitter if binds else f, r) for a, b, f, r, binds in scheme]
    if v is not None:
        on, off = np.exp(-0.064 * (v - 40)), np.exp(0.016 * (v - 40))
        arrows += [(s, f"{s}M", k * on, u * off) for s, (k, u) in MAGNESIUM.items()]
    for a, b, forward, backward in arrows:
        i, j = states.index(a), states.index(b)
        Q[i, j] += forward
        Q[j, i] += backward
    return Q - np.diag(Q.sum(1))


@cache
def five_states(network: Network) -> dict[str, np.ndarray]:
    """Exact: the scheme is linear, the transmitter constant within a step."""
    states = ["C0", "C1", "C2", "D", "O"]
    steps = [expm(generator(FIVE, states, T) * network.dt) for T in (0, 1)]
    on = nw.pulses(network)
    p = np.zeros((network.n, 5))
    p[:, 0] = 1
    gates = np.empty((network.steps, network.n))
    for k in range(network.steps):
        gates[k] = p[:, 4]
        p = np.where(on[k][:, None], p @ steps[1], p @ steps[0])
    return nw.solution(network, gates)


@cache
def ten_states(network: Network) -> dict[str, np.ndarray]:
    """Steps `FINE` times smaller: in them the voltage stands still, as the scheme sees it."""
    states = ["U", "Cl", "D1", "D2", "O", "UM", "ClM", "D1M", "D2M", "OM"]
    dt = network.dt / FINE
    on = nw.pulses(network)
    rest = np.linalg.svd(generator(TEN, states, 0, -70.0).T)[2][-1]
    out = {name: np.empty((network.steps, len(network.recorded))) for name in ("G", "v")}
    pre, post = network.synapses
    for r, neuron in enumerate(network.recorded):
        of = post == neuron
        w, sources, v = network.weights[of], pre[of], nw.E_L
        p = np.tile(rest / rest.sum(), (len(w), 1))
        for k in range(network.steps):
            pulse = on[k, sources][:, None]
            for s in range(FINE):
                G = w @ p[:, 4]
                if s == 0:
                    out["G"][k, r], out["v"][k, r] = G, v
                off, open_ = (expm(generator(TEN, states, T, v) * dt) for T in (0, 1))
                p = np.where(pulse, p @ open_, p @ off) if pulse.any() else p @ off
                v += dt / nw.C_M * (nw.G_L * (nw.E_L - v) - network.gmax * G * (v - 5))
    return out


# -- calcium and plasticity (W6) -----------------------------------------------------------------------------


@cache
def spine(network: Network, at_spikes: bool = False) -> dict[str, np.ndarray]:
    """Forward Euler of calcium, receptors and voltage with steps `FINE` times smaller; exact gates.

    ``at_spikes``: AMPA receptors have the course of two exponentials, by what a spike finds inserted.
    """
    from brian2 import mM, ms, nS, um, volt
    from brian_programs import TwoExponentialAMPA, _spine_names

    given = _spine_names(network)
    tau, tau_eff = (float(given[n] / ms) for n in ("tau", "tau_eff"))
    rest, theta_p, theta_d = (float(given[n] / mM) for n in ("rest", "theta_p", "theta_d"))
    k_ins, k_rem = (float(given[n] * ms) for n in ("k_ins", "k_rem"))
    n_min, n_max = float(given["n_min"]), float(given["n_max"])
    gamma, gmax, f_gmax = (float(given[n] / nS) for n in ("gamma", "gmax", "f_gmax"))
    E = float(given["E_Ca"] / volt) * 1e3
    alpha, beta = float(given["alpha"] * mM * ms), float(given["beta"] * ms)
    # pA to mM/ms: 1e-12/(2 F V) mol/m^3/s = 1e-15/(2 F V) mM/ms
    F, V = 96485.33212, float(given["V"] / um**3) * 1e-18
    influx = 1e-15 / (2 * F * V * (1 + float(given["kappa"])))
    dt = network.dt / FINE
    g = nw.bionmda_gates(network, FINE)
    on = nw.pulses(network)
    post = network.synapses[1]
    rise, fall = (float(getattr(TwoExponentialAMPA(), n) / ms) for n in ("tau_rise", "tau_decay"))
    peak = np.log(fall / rise) * rise * fall / (fall - rise)
    height = np.exp(-peak / fall) - np.exp(-peak / rise)
    spiked = np.zeros((network.steps + 1, network.n), bool)
    spiked[network.spikes[1] + 1, network.spikes[0]] = True  # acts from the next step on
    out: dict[str, list] = {n: [] for n in ("v", "Ca", "n")}
    for neuron in network.recorded:
        of = np.flatnonzero(post == neuron)
        sources, w = network.synapses[0][of], network.weights[of]
        Ca, Ca_eff, n, a = (np.full(len(of), x) for x in (rest, 0.0, 20.0, 0.0))
        v, here = nw.E_L, {n: [] for n in out}
        slow = quick = 0.0
        for k in range(network.steps):
            opened = (w * n) @ spiked[k, sources] / height
            slow, quick = slow + opened, quick + opened
            here["v"].append(v)
            here["Ca"].append(Ca[:5])
            here["n"].append(n[:5])
            T = on[k, sources]
            for s in range(FINE):
                x = g[k * FINE + s, sources]
                block = nw.jahr_stevens(v)
                ampa = slow - quick if at_spikes else (w * n) @ a
                current = gamma * ampa * v + gmax * (w @ x) * block * v
                drive = influx * f_gmax * block * (v - E)
                grown = k_ins * (n_max - n) * (Ca_eff > theta_p) - k_rem * (n - n_min) * (Ca_eff > theta_d)
                Ca, Ca_eff, n = (
                    Ca + dt * (-(Ca - rest) / tau - x * drive),
                    Ca_eff + dt * (Ca - Ca_eff - rest) / tau_eff,
                    n + dt * grown,
                )
                v += dt / nw.C_M * (nw.G_L * (nw.E_L - v) - current)
                slow, quick = slow * np.exp(-dt / fall), quick * np.exp(-dt / rise)
                a = a + (alpha * T / (alpha * T + beta) - a) * -np.expm1(-(alpha * T + beta) * dt)
        for name, values in here.items():
            out[name].append(np.array(values).reshape(network.steps, -1))
    return {name: np.concatenate(values, 1) for name, values in out.items()}


def spine_at_spikes(network: Network) -> dict[str, np.ndarray]:
    return spine(network, at_spikes=True)


@cache
def shouval(network: Network) -> dict[str, np.ndarray]:
    """Forward Euler of voltage, calcium and weight with steps `FINE` times smaller; gates in closed form."""
    from brian2 import mM, ms, nS, volt
    from shouval_programs import names

    given = names(network)
    tau_f, tau_s, tau, rise, fall, P_4 = (
        float(given[n] / ms) for n in ("tau_f", "tau_s", "tau", "tau_rise", "tau_decay", "P_4")
    )
    a_d, a_p = (float(given[n] / mM) for n in ("a_d", "a_p"))
    b_d, b_p = (float(given[n] * mM) for n in ("b_d", "b_p"))
    P_1, P_2 = float(given["P_1"] / (ms * mM**3)), float(given["P_2"] / mM**3)
    base, depth, W_0 = (float(given[n]) for n in ("base", "depth", "W_0"))
    P_0, I_f, height = (float(given[n]) for n in ("P_0", "I_f", "height"))
    E, influx = float(given["E"] / volt) * 1e3, float(given["influx"] / (mM / ms / volt)) * 1e-3
    gmax_A, gmax = (float(given[n] / nS) for n in ("gmax_A", "gmax"))
    dt, post = network.dt / FINE, network.synapses[1]
    spiked = np.zeros((network.steps + 1, network.n), bool)
    spiked[network.spikes[1] + 1, network.spikes[0]] = True  # acts from the next step on
    falls = [np.exp(-dt / x) for x in (tau_f, tau_s, fall, rise)]
    out: dict[str, list] = {n: [] for n in ("v", "Ca", "W")}
    for neuron in network.recorded:
        of = np.flatnonzero(post == neuron)
        sources, w = network.synapses[0][of], network.weights[of]
        N_f, N_s, Ca, W = (np.full(len(of), x) for x in (0.0, 0.0, 0.0, W_0))
        v, here = nw.E_L, {n: [] for n in out}
        slow = quick = 0.0
        for k in range(network.steps):
            now = spiked[k, sources]
            opened = now * P_0 * (1 - N_f - N_s)
            N_f, N_s = N_f + I_f * opened, N_s + (1 - I_f) * opened
            ampa = (w * W / W_0) @ now / height
            slow, quick = slow + ampa, quick + ampa
            here["v"].append(v)
            here["Ca"].append(Ca[:5])
            here["W"].append(W[:5])
            for _ in range(FINE):
                g, block = N_f + N_s, nw.jahr_stevens(v)
                current = (gmax_A * (slow - quick) + gmax * (w @ g) * block) * v
                eta = 1 / (P_1 / (P_2 + Ca**3) + P_4)
                up, down = (1 / (1 + np.exp(-b * (Ca - a))) for a, b in ((a_p, b_p), (a_d, b_d)))
                Ca, W = (
                    Ca + dt * (-Ca / tau - influx * g * block * (v - E)),
                    W + dt * eta * (base + up - depth * down - W),
                )
                v += dt / nw.C_M * (nw.G_L * (nw.E_L - v) - current)
                N_f, N_s, slow, quick = (x * y for x, y in zip((N_f, N_s, slow, quick), falls, strict=True))
        for name, values in here.items():
            out[name].append(np.array(values).reshape(network.steps, -1))
    return {name: np.concatenate(values, 1) for name, values in out.items()}


SOLUTIONS = {
    "bionmda": bionmda,
    "five_states": five_states,
    "ten_states": ten_states,
    "spine": spine,
    "spine_at_spikes": spine_at_spikes,
    "shouval": shouval,
}


# -- Graupner & Brunel 2012 (W5) -----------------------------------------------------------------------------


def efficacies(differences: np.ndarray, synapses: int, pairings: int, step: float = 0.2) -> np.ndarray:
    """rho after the pairings at each difference (ms): (synapses, differences).

    Calcium in closed form. Euler-Maruyama with a small step while it is above a threshold, and between
    such times, where only the slow double well acts, with a hundred times larger one.
    """
    from brian2 import ms

    from brian2_nmda.equations import GraupnerBrunel

    rule = GraupnerBrunel.preset("DP")
    tau_Ca, tau, D = (float(getattr(rule, n) / ms) for n in ("tau_Ca", "tau", "D"))
    names = ("Cpre", "Cpost", "theta_d", "theta_p", "gamma_d", "gamma_p", "sigma", "rho_star")
    pre, post, theta_d, theta_p, gamma_d, gamma_p, sigma, middle = (float(getattr(rule, n)) for n in names)
    rng = np.random.default_rng(1)
    out = np.empty((synapses, len(differences)))
    for p, difference in enumerate(differences):
        rho = np.arange(synapses) % 2 * 1.0
        seconds = np.arange(pairings) * 1e3 + 200
        events = sorted([(t + D, pre) for t in seconds] + [(t + difference, post) for t in seconds])
        events.append((pairings * 1e3, 0.0))
        now = c = 0.0
        for t, jump in events:
            if t > pairings * 1e3:
                break
            while now < t:
                high, low = c > theta_p, c > theta_d
                crossings = [tau_Ca * np.log(c / x) for x in (theta_d, theta_p) if c > x]
                h = min([t - now, step if low or high else 100 * step, *(x for x in crossings if x > 1e-9)])
                drift = gamma_p * high * (1 - rho) - gamma_d * low * rho - rho * (1 - rho) * (middle - rho)
                noise = rng.standard_normal(synapses) if low or high else 0.0
                rho = rho + h / tau * drift + sigma * np.sqrt((float(low) + high) * h / tau) * noise
                c *= np.exp(-h / tau_Ca)
                now += h
                if crossings and h == min(crossings):
                    c = min(c, theta_p if h == crossings[-1] and high else theta_d)
            c += jump
        out[:, p] = rho
    return out


def compare_curves(result: dict) -> dict:
    """Worst difference of the fractions of UP synapses from the solution, in standard errors."""
    synapses, points = result["rho"].shape
    expected = (efficacies(result["ms"], synapses, int(result["pairings"])) > 0.5).mean(0)
    found = (result["rho"] > 0.5).mean(0)
    # Agresti-Coull: a fraction of exactly 0 or 1 has a standard error, too
    pooled = ((found + expected) * synapses + 2) / (2 * synapses + 4)
    z = np.abs(found - expected) / np.sqrt(2 * pooled * (1 - pooled) / synapses)
    return {"standard errors, worst": f"{z.max():.1f}", "points": points}


def deviations(workload: Workload, results: list[dict]) -> list[dict]:
    """Largest differences from the solution, for each program: of the peak of G, of the range of v."""
    return [
        _deviation(workload, dict(program.network), result)
        for program, result in zip(workload.programs, results, strict=True)
    ]


def _deviation(workload: Workload, network: dict, result: dict) -> dict:
    if not result:
        return {}
    if workload.solution == "graupner_brunel":
        return compare_curves(result)
    if workload.solution == "decision":
        a, b = result["rates"]
        return {"Hz of the two populations": f"{a:.1f}, {b:.1f}"}
    exact = SOLUTIONS[workload.solution](Network(**network))
    found = {}
    for name, values in exact.items():
        if name not in result:
            continue
        scale = np.max(values) if name == "G" else np.ptp(values)
        if scale > 0:
            difference = np.max(np.abs(result[name] - values[result[f"k_{name}"]])) / scale
            found[name] = difference if name in ("G", "v") else f"{difference:.1e}"
    if "last" in result and "G" in exact:  # only the end is known
        found["G at the end"] = f"{abs(result['last'][0] / exact['G'][-1, 0] - 1):.1e}"
    return found
