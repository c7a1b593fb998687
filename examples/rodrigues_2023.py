"""The experiments that Rodrigues et al. (2023) explain, as one composition of shipped parts.

NOT YET RUN TO THE END: the program builds and a few pairings were simulated; no data set was. A synapse takes
12 us a time step, 10 of them for AMPA and NMDA receptors, so 0.23 s for each second of the experiment. Which
nine experiments the paper counts, and signs by age and number of pulses, are our reading of a summary of its
figures; "?" stands where there was none.

One neuron is one spine with its dendrite and soma (`RodriguesElectrics`), whose head is the voltage of the
synapse. Releases, and the postsynaptic spikes that they evoke, do not depend on what follows and are drawn
first, from the numbers of `RodriguesRelease`. Conditions of about the same length, and all their repeats,
run side by side in one C++ program:

    python examples/rodrigues_2023.py            all, with 100 repeats
    python examples/rodrigues_2023.py Tigaret    those whose name begins so
    REPEATS=4 MOST=60 TAIL=60 python ...         fewer repeats, protocols of at most 60 s, 60 s afterwards

Of the published model differs: receptors follow their mean (calcium channels open one by one), each vesicle
brings the mean glutamate of 1 mM for 1 ms, NMDA receptors bind it in 40 instead of 4 us (far shorter than
1 ms), agents follow their mean, and the 150 s after the last pulse are cut to 60 s (`settle` adds the rest).
"""

# ruff: noqa: E501
import os
import sys
import time
from collections import namedtuple

import matplotlib.pyplot as plt
import numpy as np
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    defaultclock,
    device,
    kelvin,
    mM,
    ms,
    pA,
    prefs,
    second,
    seed,
    set_device,
)

from brian2_nmda import GlutamateSynapse, conductance
from brian2_nmda.equations import (
    BindingEnzymes,
    CalciumBuffer,
    CountedLTypeChannels,
    CountedRTypeChannels,
    CountedTTypeChannels,
    JahrStevens,
    RodriguesAMPA,
    RodriguesCalcium,
    RodriguesGABA,
    RodriguesGluN2A,
    RodriguesGluN2B,
    RodriguesReadout,
    RodriguesRelease,
    TransmitterPulse,
)
from brian2_nmda.equations.rodrigues_neuron import RodriguesElectrics
from brian2_nmda.equations.rodrigues_receptors import chloride_reversal

REPEATS = int(os.environ.get("REPEATS", 100))
DT = 0.05 * ms
START, TAIL = 0.5, float(os.environ.get("TAIL", 60))  # s

#: A slice: temperature (degC), age (days), calcium and magnesium outside (mM).
Slice = namedtuple("Slice", "T age Ca Mg")
#: Presynaptic and postsynaptic spikes of a pulse (ms), pulses, frequency (Hz), current (pA) and duration (ms)
#: of a postsynaptic spike, whether releases evoke spikes, whether GABA receptors conduct, what was measured
#: ('-', '0', '+', or '?' if the sheet has no number) and the weight (%) where the data have one.
Protocol = namedtuple(
    "Protocol", "name slice pre post pulses f I d evoked GABA sign size", defaults=("?", None)
)


def tigaret():
    s = Slice(35, 60, 2.5, 1.3)
    rows = [("1Pre", [0], [], 300, 5, 1000, "0", 5), ("2Pre10", [0, 10], [], 300, 5, 1000, "0", 5),
            ("2Pre50", [0, 50], [], 900, 3, 1000, "-", -50),
            ("2Post1Pre50", [50], [0, 10], 300, 5, 2000, "0", 0),
            ("2Post1Pre20", [20], [0, 10], 300, 5, 2000, "+", 25),
            ("1Pre2Post50", [0], [50, 60], 300, 5, 2000, "+", 50),
            ("1Pre2Post10", [0], [10, 20], 300, 5, 2000, "+", 75),
            ("1Pre1Post10", [0], [10], 300, 5, 1000, "0", 10)]  # fmt: skip
    return [
        Protocol(n, s, a, b, k, f, current, 2, False, False, sign, size)
        for n, a, b, k, f, current, sign, size in rows
    ]


def frequencies():
    s = Slice(35, 35, 2.5, 1.5)
    rows = [(1, "0"), (3, "-"), (10, "0"), (30, "+"), (50, "+")]
    return [Protocol(f"900 at {f} Hz", s, [0], [], 900, f, 1000, 2, True, True, sign) for f, sign in rows]


def ages():
    rows = [(7, "-"), (14, "-"), (35, "0")]
    return [Protocol(f"P{a}, 900 at 1 Hz", Slice(35, a, 2.5, 1.5), [0], [], 900, 1, 2000, 2, True, True, sign)
            for a, sign in rows]  # fmt: skip


def theta_bursts():
    return [Protocol(f"P{a}, theta bursts", Slice(34, a, 2.5, 1.5), [0, 10, 20, 30], [], 10, 1 / 0.23, 1000, 2, True,
                     True, "+" if a > 20 else "0") for a in (7, 17, 60)]  # fmt: skip


def inglebert():
    rows = [(1.3, 10, "-"), (1.8, 10, "-"), (3.0, 10, "+"), (1.8, -10, "-"), (3.0, -10, "-")]
    return [Protocol(f"{Ca} mM, {d:+d} ms", Slice(30.45 if d > 0 else 30, 21 if d > 0 else 14, Ca, Ca / 1.5),
                     [max(0, -d)], [max(0, d)], 100 if d > 0 else 150, 0.3, 500, 6, False, True, sign)
            for Ca, d, sign in rows]  # fmt: skip


def meredith():
    rows = [(12, 1, 24.5), (12, 4, 28), (40, 1, 25), (40, 4, 27)]
    return [Protocol(f"P{a}, {k} spikes", Slice(T, a, 2, 2), [0], [10 + 10 * j for j in range(k)], 30, 0.2, 1000,
                     4 if k > 1 else 2, True, True) for a, k, T in rows]  # fmt: skip


def wittenberg():
    return [Protocol("single, +10 ms", Slice(22.75, 21, 2, 1), [0], [10], 100, 5, 1800, 3, False, True),
            Protocol("bursts, +10 ms", Slice(25, 14, 2, 1), [0], [0, 10], 100, 5, 1800, 3, False, True),
            Protocol("bursts, -30 ms", Slice(22, 21, 2, 1), [30], [0, 10], 100, 5, 1200, 3, False, True)]  # fmt: skip


def mizuno():
    rows = [(10, 26.5, "0"), (100, 26.5, "+"), (100, 31, "0"), (900, 31, "-")]
    return [Protocol(f"{k} pulses, {T} degC", Slice(T, 12, 2.4, 1e-4), [0], [], k, 1, 3000, 2, True, True, sign)
            for k, T, sign in rows]  # fmt: skip


SETS = {
    "Tigaret 2016, spike timing": tigaret,
    "Tigaret 2016, calcium channels blocked": lambda: [
        p._replace(name=f"{p.name}, blocked", sign="0", size=None) for p in tigaret()[5:7]
    ],
    "Dudek & Bear 1992, frequency": frequencies,
    "Dudek & Bear 1993, age": ages,
    "Dudek & Bear 1993, theta bursts": theta_bursts,
    "Inglebert 2020, calcium and timing": inglebert,
    "Meredith 2003, bursts": meredith,
    "Wittenberg & Wang 2006, timing": wittenberg,
    "Mizuno 2001, without magnesium": mizuno,
}


class Reading(RodriguesReadout):
    """As the published program: what is read does not act back on the receptors."""

    conductance = conductance
    summary = "weight that is read from CaMKII and calcineurin, without effect"


def pulses_of(p):
    """Times (s) of all presynaptic and all postsynaptic spikes of a protocol."""
    onset = START + np.arange(p.pulses) / p.f
    return [np.sort(np.add.outer(onset, np.array(x, float) * 1e-3).ravel()) for x in (p.pre, p.post)]


def evoked_or_not(D, U, Ca_o, rng):
    """Whether more than 20 of 25 axons drive the neuron (section 1.2 of the published code), if D > 0."""
    h = h_of(Ca_o)
    return (D > 0) & (rng.binomial(25, U**2 / (U**2 + h**2), D.shape) > 20)


def h_of(Ca_o):
    r = RodriguesRelease()
    return float(r.h_high + (r.h_low - r.h_high) / (1 + np.exp(-float(r.h_slope * (Ca_o * mM - r.h_Ca)))))


def releases(spikes, Ca_o, repeats, rng, step=0.01):
    """For each repeat the times (s) of releases, and of the postsynaptic spikes that they evoke.

    Between spikes the pools move in steps of at most ``step`` seconds, with rates held.
    """
    r, h = RodriguesRelease(), h_of(Ca_o)
    tau_C, tau_J, delta = float(r.tau_C), float(r.tau_J), float(r.delta)
    tau_R, tau_D, tau_ref = float(r.tau_R), float(r.tau_D), float(r.tau_ref)
    D, R = np.full(repeats, int(r.D_0)), np.full(repeats, int(r.R_0))
    C, J, U, now, released, evoked = 0.0, 1.0, 0.0, 0.0, [[] for _ in D], [[] for _ in D]
    for t in spikes:
        left = t - now
        J *= np.exp(-delta * tau_C * C * (1 - np.exp(-left / tau_C)))
        J, C, U, now = (
            1 - (1 - J) * np.exp(-left / tau_J),
            C * np.exp(-left / tau_C),
            U * np.exp(-left / 0.04),
            t,
        )
        n = max(1, int(np.ceil(left / step)))
        for _ in range(n):
            dt = left / n
            away = rng.binomial(D, 1 - np.exp(-np.maximum(r.R_0 - R, 0) * dt / tau_R))
            back = rng.binomial(R, 1 - np.exp(-np.maximum(r.D_0 - D, 0) * dt / tau_D))
            fresh = rng.poisson(np.maximum(r.R_0 - R, 0) * dt / tau_ref)
            D, R = D - away + back, R + away - back + fresh
        C, U = C + J, U + 1
        out = (rng.random(repeats) < C**2 / (C**2 + h**2)) & (D > 0)
        D = D - out
        fires = evoked_or_not(D, U, Ca_o, rng)
        for k in range(repeats):
            if out[k]:
                released[k].append(t)
            if fires[k]:
                evoked[k].append(t + 0.015)
    return released, evoked


def model_of(s, channels=True):
    """The synapse in a slice."""
    T, Ca = {"temperature": (s.T + 273.15) * kelvin}, {"Ca_o": s.Ca * mM}
    block = JahrStevens(Mg=s.Mg * mM)
    nmda = {**T, **Ca, "age": s.age, "block": block}
    slow = {"k_a": 3.4 / (mM * ms), "k_b": 1.7 / (mM * ms)}
    counted = (CountedRTypeChannels(**T), CountedTTypeChannels(**T), CountedLTypeChannels(**T))
    preset = {"preset": "25 degC"} if s.T <= 25 else {"preset": "30 degC"} if s.T <= 30 else {}
    enzymes = BindingEnzymes.preset(preset["preset"], **T) if preset else BindingEnzymes(**T)
    return GlutamateSynapse(
        [RodriguesAMPA(**T), RodriguesGluN2A(**nmda, **slow), RodriguesGluN2B(**nmda, **slow),
         RodriguesGABA(**T, E=chloride_reversal(s.age))],
        release=TransmitterPulse.preset("Destexhe 1998"),
        calcium=RodriguesCalcium(**T, **Ca),
        plasticity=Reading(deterministic=True),
        parts=[CalciumBuffer(), enzymes, *(counted if channels else ())],
    )  # fmt: skip


def spikes_of(times, dt=DT):
    """A source of the spikes of each neuron, without two in a time step."""
    steps = [np.unique(np.round(np.array(t) * second / dt).astype(int)) for t in times]
    index = np.repeat(np.arange(len(times)), [len(t) for t in steps])
    return SpikeGeneratorGroup(len(times), index, np.concatenate(steps) * dt)


def neurons_of(s, model, n):
    """Neurons that are spine, dendrite and soma, in a slice."""
    E = RodriguesElectrics(temperature=(s.T + 273.15) * kelvin, age=s.age, E_Cl=chloride_reversal(s.age))
    inputs = """
    G_glu = g_total_AMPA + block_N2A*g_total_N2A + block_N2B*g_total_N2B : siemens
    G_GABA = conducts*g_total_GABA : siemens
    conducts : 1 (constant)
    Ca_head : mmolar"""
    neurons = NeuronGroup(n, E.variables() + model.post_equations(v="V_sp") + inputs)
    for name, value in E.start().items():
        getattr(neurons, f"{name}_")[:] = value
    neurons.run_regularly(E.statements(), dt=DT)
    return neurons


def network_of(s, protocols, repeats, rng, channels=True):
    """All repeats of protocols in one slice."""
    model = model_of(s, channels)
    neurons = neurons_of(s, model, len(protocols) * repeats)
    released, fired = [], []
    for p in protocols:
        pre, post = pulses_of(p)
        a, b = releases(pre, s.Ca, repeats, rng)
        released += a
        # the current is half of its height at its start, so it begins a quarter of its length earlier
        fired += [np.r_[post, x if p.evoked else []] - p.d * 1e-3 / 4 for x in b]
    for name, unit in (("I", pA), ("d", ms), ("GABA", 1)):
        of = np.repeat([float(getattr(p, name)) for p in protocols], repeats)
        setattr(neurons, {"I": "A_AP", "d": "d_AP", "GABA": "conducts"}[name], of * unit)
    axons, spikes = spikes_of(released), spikes_of(fired)
    S = model.synapses(axons, neurons, delay=0 * ms, model="Ca_head_post = Ca : mmolar (summed)")
    S.connect(j="i")
    inject = Synapses(spikes, neurons, on_pre="since_post = -d_AP_post/4")
    inject.connect(j="i")
    seen = StateMonitor(S, ["act_D_AMPA", "act_P_AMPA", "LTD_AMPA", "LTP_AMPA", "CaN4_CaMKII", "bound_CaMKII"],
                        record=np.arange(len(protocols) * repeats), dt=500 * ms)  # fmt: skip
    return [neurons, axons, spikes, S, inject, seen], S, seen


def settle(seen, rest=150 - TAIL):
    """Weights (%) at the end, and when the activations have faded for ``rest`` seconds more."""
    R = RodriguesReadout()

    def more(act, K, b, tau):
        b, tau = float(b), float(tau)
        return np.log((act**2 + K**2) / (act**2 * np.exp(-2 * b * rest) + K**2)) / (2 * b * tau)

    D = more(np.array(seen.act_D_AMPA[:, -1]), float(R.K_D), R.b_D, R.t_D)
    P = more(np.array(seen.act_P_AMPA[:, -1]), float(R.K_P), R.b_P, R.t_P)
    L, Q = np.array(seen.LTD_AMPA[:, -1]), np.array(seen.LTP_AMPA[:, -1])
    N = 100 - L - Q
    both = np.exp(-(D + P))
    share = np.where(D + P > 0, D / np.where(D + P > 0, D + P, 1), 0.5)
    # NC leaves to LTD by D and to LTP by P; the rest exchanges with NC (small by then, so to first order)
    left = N * (1 - both)
    w = (Q - L) + left * (1 - 2 * share) + L * (1 - np.exp(-P)) - Q * (1 - np.exp(-D))
    return Q - L, w


def simulate(name, protocols, repeats, project):
    """Weights of each protocol by repeat, what was seen of enzymes, and seconds of computing and compiling."""
    rng = np.random.default_rng(2023)
    set_device("cpp_standalone", build_on_run=False)
    device.reinit()
    device.activate(build_on_run=False)
    prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O2", "-ffast-math", "-march=native"]
    defaultclock.dt = DT
    seed(2023)
    groups, parts = {}, []
    for p in protocols:
        groups.setdefault(p.slice, []).append(p)
    for s, some in groups.items():
        objects, _, seen = network_of(s, some, repeats, rng, channels="blocked" not in some[0].name)
        parts.append((some, objects, seen))
    net = Network(*(x for _, objects, _ in parts for x in objects))
    length = START + max(p.pulses / p.f for p in protocols) + TAIL
    net.run(length * second)
    begin = time.time()
    device.build(directory=project, run=False)
    built = time.time()
    device.run(with_output=False)
    ran = time.time() - built
    found = {}
    for some, _, seen in parts:
        _, w = settle(seen)
        for k, p in enumerate(some):
            of = slice(k * repeats, (k + 1) * repeats)
            enzymes = np.array(seen.CaN4_CaMKII[of]) * 1e3, np.array(seen.bound_CaMKII[of]) * 1e3
            found[p.name] = w[of], np.array(seen.t), enzymes
    return found, length, ran, built - begin


def of_equal_length(protocols):
    """Protocols in lists whose longest takes at most 1.5 times as long as the shortest."""
    lists = []
    for p in sorted(protocols, key=lambda p: p.pulses / p.f):
        if lists and TAIL + p.pulses / p.f < 1.5 * (TAIL + lists[-1][0].pulses / lists[-1][0].f):
            lists[-1].append(p)
        else:
            lists.append([p])
    return lists


def as_measured(w, sign):
    """Whether the mean has the sign; the limits (15 and 20 %) are ours."""
    return {"+": w > 15, "-": w < -15, "0": abs(w) <= 20}.get(sign)


def main(repeats=REPEATS, which="", most=np.inf):
    """Run the sets, print the table, draw it."""
    rows = []
    for title, make in SETS.items():
        if not title.startswith(which):
            continue
        print(title, flush=True)
        for protocols in of_equal_length(make()):
            if protocols[0].pulses / protocols[0].f > most:
                print(f"  left out, longer than {most:g} s: {', '.join(p.name for p in protocols)}")
                continue
            found, length, ran, built = simulate(title, protocols, repeats, "rodrigues_2023")
            each = ran / (repeats * len(protocols))
            for p in protocols:
                w, t, enzymes = found[p.name]
                right = as_measured(w.mean(), p.sign)
                print(f"  {p.name:>24}: {w.mean():+6.1f} (sd {w.std(ddof=min(1, len(w) - 1)):4.1f}) %, measured {p.sign}"
                      f"{'' if p.size is None else f' {p.size:+d}'}, {'' if right is None else 'yes' if right else 'NO'}"
                      f"   [{each:.1f} s per synapse for {length:.0f} s; compiled in {built:.0f} s]", flush=True)  # fmt: skip
                rows.append((title, p, w, t, enzymes))
    return rows


def draw(rows):
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(11, 0.6 + 0.3 * max(8, len(rows))), layout="constrained"
    )
    for k, (_, p, w, _t, (CaN, CaMKII)) in enumerate(rows):
        colour = {"+": "tab:red", "-": "tab:blue", "0": "0.4"}.get(p.sign, "tab:olive")
        left.plot(w, np.full(len(w), k), "o", color=colour, alpha=0.3, markersize=4)
        left.plot([w.mean()], [k], "|", color=colour, markersize=14, markeredgewidth=3)
        if p.size is not None:
            left.plot([p.size], [k], "kx")
        right.plot(CaN.mean(axis=0), CaMKII.mean(axis=0), color=colour, linewidth=0.8)
    left.axvline(0, color="0.8")
    left.set_yticks(range(len(rows)), [p.name for _, p, *_ in rows], fontsize=8)
    left.invert_yaxis()
    left.set(
        xlabel="change of the weight (%); x: data; colour: measured sign", ylabel="protocol", xlim=(-105, 105)
    )
    right.add_patch(plt.Rectangle((6.35, 1.4), 3.65, 28.1, color="tab:red", alpha=0.15))
    LTD = [(3.765, 1.4), (6.35, 1.4), (6.35, 29.5), (5.651, 29.5), (1.85, 23.25), (1.85, 11.327)]
    right.add_patch(plt.Polygon(LTD, color="tab:blue", alpha=0.15))
    right.set(xlabel="calcineurin (uM)", ylabel="CaMKII (uM)", xlim=(0, 20), ylim=(0, 40))
    figure.savefig("rodrigues_2023.png", dpi=150)


if __name__ == "__main__":
    draw(main(which=sys.argv[1] if len(sys.argv) > 1 else "", most=float(os.environ.get("MOST", "inf"))))
