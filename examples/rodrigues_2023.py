"""The experiments that Rodrigues et al. (2023) explain with one set of parameters, 100 repeats of each.

One neuron of Brian2 is one spine with its dendrite and soma. All rates are those of the shipped parts
(`GlutamateSynapse(...).system`, `RodriguesElectrics`); this script writes them as statements that suit
thousands of spines over quarters of an hour, in loops that the C++ compiler turns into vector code:

- receptors: glutamate is 1 mM for 1 ms or nothing, so a step is one of two constant matrix exponentials
- electrics and gates: each exactly, with the rest held; each calcium channel opens and closes by chance
- enzymes: midpoint rule, which keeps all totals; calcium and its buffer: a Rosenbrock method of order 2
- readout: every 5 ms

Releases, and the postsynaptic spikes that they evoke, do not depend on what follows and are drawn first,
from the numbers of `RodriguesRelease`. Of the published model differs: AMPA, NMDA and GABA receptors follow
their mean, and each vesicle brings the mean glutamate. The 100 agents are independent given the rates of
depression and potentiation, so they are drawn once, at the end.

    python examples/rodrigues_2023.py                   all, 100 repeats
    python examples/rodrigues_2023.py --repeats 20 --only Tigaret
    python examples/rodrigues_2023.py --quick           one protocol, cut to 20 pulses

Which nine data sets the paper counts is our reading of its figures; signs come from our fact sheet of it.
"""

import argparse
import time
from collections import namedtuple

import matplotlib.pyplot as plt
import numpy as np
import sympy
from brian2 import (
    Network,
    NeuronGroup,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    check_units,
    device,
    implementation,
    kelvin,
    mM,
    ms,
    prefs,
    second,
    set_device,
)
from scipy.linalg import expm
from sympy.printing.str import StrPrinter

from brian2_nmda import GlutamateSynapse
from brian2_nmda.brian.compiled import register
from brian2_nmda.brian.internals import on_numpy, use_template
from brian2_nmda.equations import (
    BindingEnzymes,
    CalciumBuffer,
    JahrStevens,
    LTypeChannels,
    RodriguesAMPA,
    RodriguesCalcium,
    RodriguesGABA,
    RodriguesGluN2A,
    RodriguesGluN2B,
    RodriguesReadout,
    RodriguesRelease,
    RTypeChannels,
    TransmitterPulse,
    TTypeChannels,
)
from brian2_nmda.equations.rodrigues_neuron import RodriguesElectrics
from brian2_nmda.equations.rodrigues_receptors import chloride_reversal
from brian2_nmda.symbolic.analysis import insert
from brian2_nmda.symbolic.expressions import exprel, number, numeric, symbol
from brian2_nmda.symbolic.system import occupied

STEP, READ = 1e-4, 5e-3  # s
START, TAIL = 0.5, 60.0  # s before the first and after the last pulse; `settle` adds the rest of 150 s

# -- the experiments -----------------------------------------------------------------------------------

#: A slice: temperature (degC), age (days), calcium and magnesium outside (mM).
Slice = namedtuple("Slice", "T age Ca Mg")
#: Presynaptic and postsynaptic spikes of a pulse (ms), pulses, frequency (Hz), current (pA) and duration (ms)
#: of a postsynaptic spike, whether releases evoke spikes, whether GABA receptors conduct, what was measured
#: ("-", "0", "+"; "?" if our sheet has none), the weight (%) where it has one, epochs (10 s apart), and
#: whether calcium channels conduct.
Protocol = namedtuple(
    "Protocol",
    "name slice pre post pulses f I d evoked GABA sign size epochs channels",
    defaults=("?", None, 1, True),
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


def blocked():
    return [
        p._replace(name=f"{p.name}, no VGCC", sign="0", size=None, channels=False) for p in tigaret()[4:7]
    ]


def frequencies():
    s = Slice(35, 35, 2.5, 1.5)
    rows = [(1, "0"), (3, "-"), (5, "-"), (10, "0"), (30, "+"), (50, "+")]
    return [Protocol(f"900 at {f} Hz", s, [0], [], 900, f, 1000, 2, True, True, sign) for f, sign in rows]


def ages():
    rows = [(7, "-"), (14, "-"), (35, "0")]
    return [Protocol(f"P{a}, 900 at 1 Hz", Slice(35, a, 2.5, 1.5), [0], [], 900, 1, 2000, 2, True, True, sign)
            for a, sign in rows]  # fmt: skip


def theta_bursts():
    rows = [(7, "0"), (17, "?"), (35, "+"), (60, "+")]
    return [Protocol(f"P{a}, theta bursts", Slice(35, a, 2.5, 1.5), [0, 10, 20, 30], [], 10, 1 / 0.23, 1000, 2, True,
                     True, sign, None, 4) for a, sign in rows]  # fmt: skip


def inglebert():
    rows = [(1.3, 10, "-0"), (1.8, 10, "-"), (3.0, 10, "+"), (1.8, -10, "-"), (3.0, -10, "-")]
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
    "Tigaret 2016, calcium channels blocked": blocked,
    "Dudek & Bear 1992, frequency": frequencies,
    "Dudek & Bear 1993, age": ages,
    "Dudek & Bear 1993, theta bursts": theta_bursts,
    "Inglebert 2020, calcium and timing": inglebert,
    "Meredith 2003, bursts": meredith,
    "Wittenberg & Wang 2006, timing": wittenberg,
    "Mizuno 2001, without magnesium": mizuno,
}

# -- presynaptic side ----------------------------------------------------------------------------------


def pulses_of(p):
    """Times (s) of all presynaptic and all postsynaptic spikes of a protocol."""
    onset = START + np.add.outer(10 * np.arange(p.epochs), np.arange(p.pulses) / p.f).ravel()
    return [np.sort(np.add.outer(onset, np.array(x, float) * 1e-3).ravel()) for x in (p.pre, p.post)]


def length_of(p):
    """Seconds from the start to the last pulse."""
    return START + 10 * (p.epochs - 1) + p.pulses / p.f


def releases(spikes, Ca_o, repeats, rng, step=0.02):
    """For each repeat the times (s) of releases, and of the postsynaptic spikes that they evoke.

    Between spikes the pools move in steps of at most ``step`` seconds, with rates held. A spike is evoked
    where more than 20 of 25 axons release (section 1.2 of the published code), if a vesicle is left.
    """
    r = RodriguesRelease()
    h = float(r.h_high + (r.h_low - r.h_high) / (1 + np.exp(-float(r.h_slope * (Ca_o * mM - r.h_Ca)))))
    tau_C, tau_J, delta = float(r.tau_C), float(r.tau_J), float(r.delta)
    tau_R, tau_D, tau_ref = float(r.tau_R), float(r.tau_D), float(r.tau_ref)
    D, R = np.full(repeats, int(r.D_0)), np.full(repeats, int(r.R_0))
    C, J, U, now, released, evoked = 0.0, 1.0, 0.0, 0.0, [[] for _ in D], [[] for _ in D]
    for t in spikes:
        left = t - now
        J *= np.exp(-delta * tau_C * C * (1 - np.exp(-left / tau_C)))
        J = 1 - (1 - J) * np.exp(-left / tau_J)
        C, U, now = C * np.exp(-left / tau_C), U * np.exp(-left / 0.04), t
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
        fires = (D > 0) & (rng.binomial(25, U**2 / (U**2 + h**2), D.shape) > 20)
        for k in np.flatnonzero(out):
            released[k].append(t)
        for k in np.flatnonzero(fires):
            evoked[k].append(t + 0.015)
    return released, evoked


# -- statements from the shipped parts -----------------------------------------------------------------

CHANNELS = {"R": RTypeChannels, "T": TTypeChannels, "L": LTypeChannels}
DT = symbol("h_step")


@implementation(
    "cpp",
    """
    static inline double chance(const double step, const double key, const int k)
    {   // splitmix64 of the step, the spine and the number of the draw
        uint64_t z = (uint64_t)(int64_t)step*0x9E3779B97F4A7C15ULL + (uint64_t)(int64_t)key*0xD1B54A32D192ED03ULL
            + (uint64_t)k*0x8CB92BA72F3D8DD7ULL;
        z = (z ^ (z >> 30))*0xBF58476D1CE4E5B9ULL;
        z = (z ^ (z >> 27))*0x94D049BB133111EBULL;
        return (double)(int64_t)((z ^ (z >> 31)) >> 11)*1.1102230246251565e-16;
    }
    """,
)
@check_units(step=1, key=1, k=1, result=1)
def chance(step, key, k):
    """Evenly distributed numbers between 0 and 1, the same for the same arguments."""
    return np.random.default_rng([int(step), int(k)]).random(np.size(key))


class _Text(StrPrinter):
    """Brian2's syntax without a whole number that C++ might divide by another."""

    def _print_Float(self, e):
        return repr(float(e))

    _print_Integer = _print_Rational = _print_Half = _print_One = _print_Float
    _print_Zero = _print_NegativeOne = _print_Float

    def _print_Pow(self, e, rational=False):
        base, n = f"({self._print(e.base)})", abs(int(e.exp))
        power = base if n == 1 else "*".join([base] * n) if n < 5 else f"{base}**{n}"
        return f"({power})" if e.exp > 0 else f"(1.0/({power}))"

    def _print_Heaviside(self, e):
        return f"int({self._print(e.args[0])} > 0.0)"

    def _print_Abs(self, e):
        return f"abs({self._print(e.args[0])})"


def lines(assigned, prefix):
    """Statements that assign expressions to names all at once, with what they share computed once."""
    def plain(e):
        e = e.replace(exprel, lambda z: (sympy.exp(z + 1e-9) - 1) / (z + 1e-9))
        return e.replace(sympy.Max, lambda a, b: (a + b + sympy.Abs(a - b)) / 2)

    written = _Text()
    shared, reduced = sympy.cse(
        [plain(sympy.sympify(e)) for e in assigned.values()], sympy.numbered_symbols(f"{prefix}_"), order="none"
    )
    text = [f"{s} = {written.doprint(e)}" for s, e in shared]
    text += [f"{prefix}_{n} = {written.doprint(e)}" for n, e in zip(assigned, reduced, strict=True)]
    return text + [f"{n} = {prefix}_{n}" for n in assigned]


def after(name, rate, step=DT):
    """A state after a step, exactly with all others held."""
    x = symbol(name)
    decay, rest = -sympy.diff(rate, x), rate.xreplace({x: sympy.S.Zero})
    if decay == 0:
        return x + step * rest
    return rest / decay + (x - rest / decay) * sympy.exp(-decay * step)


def model_of(s, channels=True, whole=True):
    """The synapse in a slice; calcium channels one by one, or their mean."""
    T, Ca = {"temperature": (s.T + 273.15) * kelvin}, {"Ca_o": s.Ca * mM}
    nmda = {**T, **Ca, "age": s.age, "block": JahrStevens(Mg=s.Mg * mM)}
    preset = "25 degC" if s.T <= 25 else "30 degC" if s.T <= 30 else None
    enzymes = BindingEnzymes.preset(preset, **T) if preset else BindingEnzymes(**T)
    each = [(f"{k}{n}", 1.0) for n in range(3) for k in CHANNELS] if whole else [(f"{k}0", 3.0) for k in CHANNELS]
    return GlutamateSynapse(
        [RodriguesAMPA(**T), RodriguesGluN2A(**nmda), RodriguesGluN2B(**nmda),
         RodriguesGABA(**T, E=chloride_reversal(s.age))],
        release=TransmitterPulse.preset("Destexhe 1998"),
        calcium=RodriguesCalcium(**T, **Ca),
        plasticity=RodriguesReadout(deterministic=True),
        parts=[CalciumBuffer(), enzymes, *(CHANNELS[k[0]](label=k, n=n, **T) for k, n in each if channels)],
    )  # fmt: skip


class Spine:
    """Equations, statements and start of the spines of a slice, in base SI units without dimensions.

    ``equations`` are those of a `NeuronGroup`, ``fast`` its statements for a step of ``dt`` seconds, ``slow``
    those of the readout. ``left`` is how long glutamate stays (s), ``since`` the time since a postsynaptic
    spike.
    """

    def __init__(self, s, dt=STEP, channels=True, whole=True):
        self.dt, self.whole = dt, whole
        self.system = model_of(s, channels, whole).system
        self.values = {symbol(n): number(x) for n, x in self.system.values().items()}
        self.values[symbol("v")] = symbol("V_sp")
        self.electrics = RodriguesElectrics(
            temperature=(s.T + 273.15) * kelvin, age=s.age, E_Cl=chloride_reversal(s.age)
        )
        self.start = {**self.system.initial, **self.electrics.start()}
        held = ["A_AP", "d_AP", "conducts", "left", "key", "CaMKII"]
        self.start = {n: x for n, x in self.start.items() if n not in held}
        if whole:  # as in the published program: all m closed, all h open
            self.start |= {n: float(n[0] == "h") for n in self._gates()}
        self.equations = "\n".join(f"{n} : 1" for n in (*self.start, *held))
        statements = [
            *self._receptors(), *self._electrics(), *self._channels(), *self._enzymes(), *self._calcium()
        ]  # fmt: skip
        self.fast = "\n".join(statements).replace(DT.name, repr(dt))
        self.slow = "\n".join(self._readout())

    def rate(self, name, keep=()):
        return self.system.inserted(self.system.rates[name], keep).xreplace(self.values)

    def value(self, expression, keep=()):
        return self.system.inserted(expression, keep).xreplace(self.values)

    def _gates(self):
        return [n for n in self.system.states if n.split("_")[-1][:-1] in CHANNELS]

    def propagators(self, scheme):
        """Names of a scheme, and of each state the weights of all and a constant: without, with glutamate."""
        names = [n for n in occupied(scheme) if n in self.system.states]
        rates = [self.system.inserted(self.system.rates[n], keep=["T"]) for n in names]
        function = numeric(sympy.Tuple(*rates), ["T", *names], self.system.values())
        found = []
        for T in (0.0, 1.0):
            rest = np.array(function(T, *np.zeros(len(names))), float)
            linear = np.array([np.array(function(T, *e), float) - rest for e in np.eye(len(names))]).T
            whole = np.zeros((len(names) + 1,) * 2)
            whole[:-1, :-1], whole[:-1, -1] = linear, rest
            found.append(expm(whole * self.dt)[:-1])
        return names, found

    def _receptors(self):
        text = ["on = int(left > 0.5*h_step)", "left = left - h_step"]
        for scheme in self.system.schemes:
            names, both = self.propagators(scheme)
            sums = [
                [" + ".join(f"{w!r}*{n}" for w, n in zip(map(float, row), [*names, "1.0"], strict=True)
                            if abs(w) > 1e-20) or "0.0" for row in matrix]
                for matrix in both
            ]  # fmt: skip
            for n, off, on in zip(names, *sums, strict=True):
                text.append(f"new_{n} = (1.0 - on)*({off}) + on*({on})")
            text += [f"{n} = new_{n}" for n in names]
        g = {r.label: self.value(r.conductance.xreplace({symbol("LTD_AMPA"): 0, symbol("LTP_AMPA"): 0}))
             for r in self.system.receptors}  # fmt: skip
        blocked = {k: self.value(symbol(f"block_{k}")) for k in ("N2A", "N2B")}
        G_glu = g["AMPA"] + sum(g[k] * blocked[k] for k in blocked)
        return text + lines({"G_glu": G_glu, "G_GABA": symbol("conducts") * g["GABA"]}, "g")

    def _electrics(self):
        t, text = self.electrics.template, []
        values = {symbol(n): number(p.base()) for n, p in t.parameters.items()}
        values[symbol("Ca_head")] = symbol("Ca")
        known = {n: d.expression for n, d in t.definitions.items()}
        for n, rate in t.rates.items():
            if rate != 0:
                text += lines({n: after(n, insert(rate, known).xreplace(values))}, f"e{n}")
        return text

    def _channels(self):
        gates, text = self._gates(), []
        for prefix, some in (("m", [n for n in gates if n[:2] != "O2"]), ("o", [n for n in gates if n[:2] == "O2"])):
            text += lines({f"p_{n}": after(n, self.rate(n)) for n in some}, prefix) if some else []
            for n in some:
                draw = f"int(chance(t_in_timesteps, key, {gates.index(n)}) < p_{n})"
                text.append(f"{n} = {draw if self.whole else f'p_{n}'}")
        return text

    def _enzymes(self):
        names = [n for n in self.system.states if n.endswith("_CaMKII")]
        rates = {n: self.rate(n) for n in names}
        half = {symbol(n): symbol(f"half_{n}") for n in names}
        text = lines({f"half_{n}": symbol(n) + DT / 2 * rates[n] for n in names}, "a")
        taken = self.value(symbol("binding_CaMKII")).xreplace(half)
        full = {n: symbol(n) + DT * rates[n].xreplace(half) for n in names}
        return text + lines({"taken": taken, **full}, "b")

    def _calcium(self):
        Ca, B = symbol("Ca"), symbol("B_buffer")
        take = {symbol("binding_CaMKII"): symbol("taken")}
        f = [self.rate(n.name, ["binding_CaMKII"]).xreplace(take) for n in (Ca, B)]
        J = {f"j{a}{b}": sympy.diff(f[a], y) for a in (0, 1) for b, y in enumerate((Ca, B))}
        g = repr(float(1 - 1 / np.sqrt(2)))
        text = lines({"f0": f[0], "f1": f[1], **J}, "c")
        text += [f"i{k} = {int(k[0] == k[1])}.0 - {g}*h_step*j{k}" for k in ("00", "01", "10", "11")]
        text += ["det = i00*i11 - i01*i10", "k0 = (i11*f0 - i01*f1)/det", "k1 = (i00*f1 - i10*f0)/det"]
        there = {Ca: Ca + DT * symbol("k0"), B: B + DT * symbol("k1")}
        text += lines({f"f{a}": f[a].xreplace(there) - 2 * symbol(f"k{a}") for a in (0, 1)}, "d")
        return [
            *text, "Ca = Ca + h_step*(1.5*k0 + 0.5*(i11*f0 - i01*f1)/det)",
            "B_buffer = B_buffer + h_step*(1.5*k1 + 0.5*(i00*f1 - i10*f0)/det)"
        ]  # fmt: skip

    def _readout(self):
        names = [f"{n}_AMPA" for n in ("act_D", "act_P", "NC", "LTD", "LTP")]
        stepped = {n: symbol(n) + READ * self.rate(n, ["bound_CaMKII"]) for n in names}
        bound = self.value(symbol("bound_CaMKII"))
        return lines({"CaMKII": bound}, "b") + lines(
            {n: e.xreplace({symbol("bound_CaMKII"): symbol("CaMKII")}) for n, e in stepped.items()}, "r"
        )


# -- simulation ----------------------------------------------------------------------------------------


def spikes_of(times, dt):
    """A source of the spikes of each neuron, without two in a time step."""
    steps = [np.unique(np.round(np.array(t) / dt).astype(int)) for t in times]
    index = np.repeat(np.arange(len(times)), [len(t) for t in steps])
    return SpikeGeneratorGroup(len(times), index, np.concatenate(steps) * dt * second, dt=dt * second)


def network_of(spine, conditions, keys=0, start=None):
    """Spines, each with a condition: times (s) of releases and of postsynaptic spikes, current, duration, GABA."""
    n, dt = len(conditions), spine.dt
    neurons = NeuronGroup(n, spine.equations, dt=dt * second)
    for name, value in (spine.start | (start or {})).items():
        getattr(neurons, name)[:] = value
    released, fired, currents, durations, conducts = zip(*conditions, strict=True)
    neurons.A_AP, neurons.d_AP = np.array(currents) * 1e-12, np.array(durations) * 1e-3
    neurons.conducts, neurons.key = np.array(conducts, float), keys + np.arange(n)
    fast = neurons.run_regularly(spine.fast, dt=dt * second)
    if not on_numpy():  # no spine reads what another one writes
        register()
        use_template(fast, "independent_stateupdate")
    neurons.run_regularly(spine.slow, dt=READ * second, when="end")
    # the current is half of its height at its start, so it begins a quarter of its length earlier
    early = [np.array(t) - d * 1e-3 / 4 for t, d in zip(fired, durations, strict=True)]
    objects = [neurons]
    for times, effect in ((released, "left_post = 1e-3"), (early, "since_post = -d_AP_post/4")):
        source = spikes_of(times, dt)
        S = Synapses(source, neurons, on_pre=effect, dt=dt * second)
        S.connect(i=np.arange(n), j=np.arange(n))
        objects += [source, S]
    return objects


def settle(w, rest=150 - TAIL):
    """Shares of agents (depressed, potentiated) when the activations have faded for ``rest`` seconds more."""
    R = RodriguesReadout()

    def more(act, K, b, tau):
        b, tau, K = float(b), float(tau), float(K)
        return np.log((act**2 + K**2) / (act**2 * np.exp(-2 * b * rest) + K**2)) / (2 * b * tau)

    D, P = more(w["act_D_AMPA"], R.K_D, R.b_D, R.t_D), more(w["act_P_AMPA"], R.K_P, R.b_P, R.t_P)
    L, Q = w["LTD_AMPA"], w["LTP_AMPA"]
    away = (100 - L - Q) * (1 - np.exp(-(D + P)))
    share = D / np.maximum(D + P, 1e-300)
    # what exchanges in that time between the other two is small: to first order
    return L * np.exp(-P) + away * share, Q * np.exp(-D) + away * (1 - share)


def conditions_of(p, repeats, rng):
    """Releases, postsynaptic spikes, current (pA), its duration (ms) and GABA receptors of each repeat."""
    pre, post = pulses_of(p)
    released, evoked = releases(pre, p.slice.Ca, repeats, rng)
    fired = [np.sort(np.r_[post, e if p.evoked else []]) for e in evoked]
    return [(a, b, p.I, p.d, p.GABA) for a, b in zip(released, fired, strict=True)]


def simulate(protocols, repeats, directory="rodrigues_2023", seed=2023):
    """Run protocols in one C++ program; see `Result`. Also seconds of the run and of the compiler."""
    rng = np.random.default_rng(seed)
    set_device("cpp_standalone", build_on_run=False)
    device.reinit()
    device.activate(build_on_run=False)
    prefs.codegen.loop_invariant_optimisations = False
    prefs.codegen.cpp.extra_compile_args_gcc = ["-w", "-O3", "-ffast-math", "-march=native"]
    prefs.codegen.cpp.extra_link_args = ["-ffast-math"]  # numbers too small for full precision are 0
    groups, parts = {}, []
    for p in protocols:
        groups.setdefault((p.slice, p.channels), []).append(p)
    for k, ((s, channels), some) in enumerate(groups.items()):
        spine = Spine(s, channels=channels)
        conditions = [c for p in some for c in conditions_of(p, repeats, rng)]
        objects = network_of(spine, conditions, keys=10000 * k)
        seen = StateMonitor(objects[0], ["CaN4_CaMKII", "CaMKII"], record=True, dt=1 * second)
        parts.append((some, [*objects, seen], seen))
    net = Network(*(x for _, objects, _ in parts for x in objects))
    length = max(map(length_of, protocols)) + TAIL
    net.run(length * second, report="text", report_period=60 * second)
    began = time.time()
    device.build(directory=directory, run=False)
    built = time.time()
    device.run(with_output=True)
    ran, found = time.time() - built, []
    for some, objects, seen in parts:
        names = ["act_D_AMPA", "act_P_AMPA", "LTD_AMPA", "LTP_AMPA"]
        end = {n: np.array(getattr(objects[0], n)) for n in names}
        for k, p in enumerate(some):
            of = slice(k * repeats, (k + 1) * repeats)
            shares = settle({n: x[of] for n, x in end.items()}, max(0, 150 - (length - length_of(p))))
            enzymes = [1e3 * np.array(getattr(seen, n)[of]).mean(axis=0) for n in ("CaN4_CaMKII", "CaMKII")]
            found.append(Result(p, weights(shares, rng), *enzymes))
    each = ran / (repeats * len(protocols))
    print(f"  [{len(protocols)} protocols x {repeats}: {each:.2f} s per synapse for {length:.0f} s, "
          f"{1e9 * each * STEP / length:.0f} ns a step; compiled in {built - began:.0f} s]", flush=True)  # fmt: skip
    return found, ran, built - began


#: A protocol, the weight (%) of each repeat, and the mean course (every s) of calcineurin and CaMKII (uM).
Result = namedtuple("Result", "protocol w CaN CaMKII")


def weights(shares, rng):
    """Potentiated less depressed agents of 100, each drawn."""
    depressed, potentiated = (np.clip(x, 0, 100) / 100 for x in shares)
    rest = np.clip(1 - depressed - potentiated, 0, 1)
    drawn = rng.multinomial(100, np.c_[depressed, potentiated, rest])
    return drawn[:, 1] - drawn[:, 0]


def of_equal_length(protocols):
    """Protocols in lists whose longest takes at most 1.3 times as long as the shortest."""
    lists = []
    for p in sorted(protocols, key=length_of):
        if lists and TAIL + length_of(p) < 1.3 * (TAIL + length_of(lists[-1][0])):
            lists[-1].append(p)
        else:
            lists.append([p])
    return lists


def as_measured(w, sign):
    """Whether the mean (%) has the sign; the limits (15 and 20 %) are ours. None if nothing is known."""
    met = {"+": w > 15, "-": w < -15, "0": abs(w) <= 20, "-0": w <= 15}
    return met.get(sign)


def in_order(results):
    """Whether what was depressed lies below what did not change, and that below what was potentiated."""
    of = {s: [r.w.mean() for r in results if r.protocol.sign == s] for s in ("-", "0", "+")}
    pairs = [(of[a], of[b]) for a, b in (("-", "0"), ("0", "+"), ("-", "+"))]
    return all(max(a) < min(b) for a, b in pairs if a and b)


def table(results, titles):
    """The table, as it is printed; and how many data sets have all signs and the order."""
    met = 0
    for title in titles:
        some = [r for r in results if r.protocol in SETS[title]()]
        if not some:
            continue
        verdicts = [as_measured(r.w.mean(), r.protocol.sign) for r in some]
        known = [v for v in verdicts if v is not None]
        good = bool(known) and all(known) and in_order(some)
        met += good
        print(f"\n{title}: {'met' if good else 'NOT MET' if known else 'no measured sign in our sheet'}")
        for r, verdict in zip(some, verdicts, strict=True):
            p, n = r.protocol, len(r.w)
            error = r.w.std(ddof=1) / np.sqrt(n) if n > 1 else np.nan
            size = "" if p.size is None else f" ({p.size:+d} %)"
            print(f"  {p.name:>24}  {r.w.mean():+6.1f} +- {error:4.1f} (sd {r.w.std(ddof=min(1, n - 1)):4.1f}) %"
                  f"   measured {p.sign}{size}  {'' if verdict is None else 'yes' if verdict else 'NO'}")  # fmt: skip
    return met


def draw(results):
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(11, 0.8 + 0.24 * max(10, len(results))), layout="constrained"
    )
    colours = {"+": "tab:red", "-": "tab:blue", "-0": "tab:cyan", "0": "0.4", "?": "tab:olive"}
    for k, r in enumerate(results):
        p, colour = r.protocol, colours[r.protocol.sign]
        left.plot(r.w, np.full(len(r.w), k), "o", color=colour, alpha=0.2, markersize=4)
        left.plot([r.w.mean()], [k], "|", color=colour, markersize=12, markeredgewidth=3)
        if p.size is not None:
            left.plot([p.size], [k], "kx", markersize=5)
        right.plot(r.CaN, r.CaMKII, color=colour, linewidth=0.8)
    left.axvline(0, color="0.8", zorder=0)
    left.set_yticks(range(len(results)), [r.protocol.name for r in results], fontsize=7)
    left.invert_yaxis()
    left.set(xlabel="change of the weight (%); cross: data", ylabel="protocol", xlim=(-105, 105))
    names = {"+": "measured LTP", "-": "measured LTD", "-0": "LTD or none", "0": "no change", "?": "not known"}
    for sign, colour in colours.items():
        right.plot([], [], color=colour, label=names[sign])
    right.add_patch(plt.Rectangle((6.35, 1.4), 3.65, 28.1, color="tab:red", alpha=0.12, linewidth=0))
    LTD = [(3.765, 1.4), (6.35, 1.4), (6.35, 29.5), (5.651, 29.5), (1.85, 23.25), (1.85, 11.327)]
    right.add_patch(plt.Polygon(LTD, color="tab:blue", alpha=0.12, linewidth=0))
    right.set(xlabel="calcineurin (uM), mean of repeats", ylabel="CaMKII (uM), mean of repeats",
              xlim=(0, 20), ylim=(0, 40))  # fmt: skip
    right.legend(fontsize=8, loc="upper right")
    figure.savefig("rodrigues_2023.png", dpi=150)
    return figure


def main(arguments=None):
    """Run what is asked for, print the table, draw it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=100)
    parser.add_argument("--only", default="", help="data sets whose name contains this")
    parser.add_argument("--most", type=float, default=np.inf, help="no protocols longer than this (s)")
    parser.add_argument("--quick", action="store_true", help="1Pre2Post10 alone, cut to 20 pulses, 4 repeats")
    parser.add_argument("--save", help="a file for the weights (.npz)")
    asked = parser.parse_args(arguments)
    titles = [t for t in SETS if asked.only in t]
    protocols = [p for t in titles for p in SETS[t]() if length_of(p) <= asked.most]
    if asked.quick:
        protocols, asked.repeats = [tigaret()[6]._replace(pulses=20)], 4
    found, seconds = [], 0.0
    for some in of_equal_length(protocols):
        print(f"{', '.join(p.name for p in some)}", flush=True)
        results, ran, _ = simulate(some, asked.repeats)
        found, seconds = found + results, seconds + ran
        if asked.save:
            np.savez(asked.save, **{f"{r.protocol.name}": r.w for r in found})
    found.sort(key=lambda r: protocols.index(r.protocol))
    met = table(found, titles)
    print(f"\n{met} data sets met; {seconds:.0f} s in all")
    draw(found)
    return found


if __name__ == "__main__":
    main()
