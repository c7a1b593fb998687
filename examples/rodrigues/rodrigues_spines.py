"""Spines of Rodrigues et al. (2023) as statements that a C++ compiler makes vector code of.

All rates are those of the shipped parts. Held against an independent simulator in
`tests/test_rodrigues_experiments.py`.
"""

import numpy as np
import sympy
from brian2 import NeuronGroup, SpikeGeneratorGroup, Synapses, check_units, implementation, kelvin, mM, second
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
CHANNELS = {"R": RTypeChannels, "T": TTypeChannels, "L": LTypeChannels}
DT = symbol("h_step")


@implementation(
    "cpp",
    """
    static inline double chance(const double step, const double key, const int k)
    {   // splitmix64 of the step, the spine and the number of the draw
        uint64_t z = (uint64_t)(int64_t)step*0x9E3779B97F4A7C15ULL
            + (uint64_t)(int64_t)key*0xD1B54A32D192ED03ULL + (uint64_t)k*0x8CB92BA72F3D8DD7ULL;
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


def hops_of(both, name):
    """The next state of a receptor by chance, given its state and whether glutamate is there; 0 is unbound.

    ``both`` are affine propagators, without and with glutamate, of all states but the first.
    """
    table = []
    for matrix in both:
        for start in range(matrix.shape[1]):
            y = matrix[:, -1] + (matrix[:, start - 1] if start else 0)
            table.append(np.cumsum(np.r_[1 - y.sum(), y])[:-1])
    table, n = np.array(table), len(both[0])
    code = (
        f"static const double {name}_table[] = {{{', '.join(map(repr, table.ravel().tolist()))}}};\n"
        f"static inline double {name}(double step, double key, int k, double s, double on)\n{{\n"
        f"    if (s < 0.5 && on < 0.5) return 0.0;\n"
        f"    const double u = chance(step, key, k);\n"
        f"    const double* c = {name}_table + {n}*((int)s + {n + 1}*(int)on);\n"
        f"    return {' + '.join(f'(u > c[{k}])' for k in range(n))};\n}}"
    )

    @implementation("cpp", code, dependencies={"chance": chance})
    @check_units(step=1, key=1, k=1, s=1, on=1, result=1)
    def hop(step, key, k, s, on):
        rows = table[np.asarray(s, int) + (n + 1) * np.asarray(on, int)]
        return (chance(step, key, k)[:, None] > rows).sum(axis=1) * 1.0

    return hop


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
    right = [plain(sympy.sympify(e, strict=True)) for e in assigned.values()]
    shared, reduced = sympy.cse(right, sympy.numbered_symbols(f"{prefix}_"), order="none")
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


def model_of(s, channels=True, whole=True, NMDA=1.0):
    """The synapse in a slice; calcium channels each or their mean; ``NMDA`` is what a blocker leaves."""
    T, Ca = {"temperature": (s.T + 273.15) * kelvin}, {"Ca_o": s.Ca * mM}
    gmax = NMDA * RodriguesGluN2A().gmax
    nmda = {**T, **Ca, "age": s.age, "gmax": gmax, "block": JahrStevens(Mg=s.Mg * mM)}
    preset = "25 degC" if s.T <= 25 else "30 degC" if s.T <= 30 else None
    enzymes = BindingEnzymes.preset(preset, **T) if preset else BindingEnzymes(**T)
    copies, in_each = (3, 1.0) if whole else (1, 3.0)
    each = [(f"{k}{n}", in_each) for n in range(copies) for k in CHANNELS]
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

    ``equations`` are those of a `NeuronGroup`; ``draws`` (which would not become vector code) and then
    ``fast`` are its statements for a step of ``dt`` seconds, ``slow`` those of the readout. ``left`` is how
    long glutamate stays (s), ``since`` the time since a postsynaptic spike. With ``whole`` calcium channels
    and NMDA receptors change by chance, one by one; otherwise they follow their mean.
    """

    def __init__(self, s, dt=STEP, channels=True, whole=True, NMDA=1.0):
        self.dt, self.whole = dt, whole
        self.system = model_of(s, channels, whole, NMDA).system
        self.values = {symbol(n): number(x) for n, x in self.system.values().items()}
        self.values[symbol("v")] = symbol("V_sp")
        self.electrics = RodriguesElectrics(
            temperature=(s.T + 273.15) * kelvin, age=s.age, E_Cl=chloride_reversal(s.age)
        )
        self.start = {**self.system.initial, **self.electrics.start()}
        held = ["A_AP", "d_AP", "conducts", "left", "key", "CaMKII"]
        self.start = {n: x for n, x in self.start.items() if n not in held}
        self.counted, self.functions = {}, {"chance": chance}
        self.draws = [f"on = int(left > {0.5 * dt!r})"]
        if whole:  # as in the published program: all m closed, all h open
            self.start |= {n: float(n[0] == "h") for n in self._gates()}
            self.counted = {k: round(15 * float(self.value(symbol(f"share_{k}")))) for k in ("N2A", "N2B")}
            self.start |= {f"s{j}_{k}": 0.0 for k, n in self.counted.items() for j in range(n)}
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
            label = names[0].split("_")[-1]
            if label in self.counted:
                self._one_by_one(label, both)
                continue
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

    def _one_by_one(self, label, both):
        """Receptors whose states are drawn: 0 is unbound, the last two are open."""
        n, first = self.counted[label], 100 * (1 + list(self.counted).index(label))
        self.functions[f"hop_{label}"] = hops_of(both, f"hop_{label}")
        self.draws += [
            f"s{j}_{label} = hop_{label}(t_in_timesteps, key, {first + j}, s{j}_{label}, on)"
            for j in range(n)
        ]
        opened = " + ".join(f"int(s{j}_{label} > 4.5)" for j in range(n))
        self.draws.append(f"O1_{label} = ({opened})/{float(n)}")

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
        second = [n for n in gates if n[:2] == "O2"]
        for prefix, some in (("m", [n for n in gates if n not in second]), ("o", second)):
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


def spikes_of(times, dt):
    """A source of the spikes of each neuron, without two in a time step."""
    steps = [np.unique(np.round(np.array(t) / dt).astype(int)) for t in times]
    index = np.repeat(np.arange(len(times)), [len(t) for t in steps])
    return SpikeGeneratorGroup(len(times), index, np.concatenate(steps) * dt * second, dt=dt * second)


def network_of(spine, conditions, keys=0, start=None):
    """Spines and their conditions: times (s) of releases and postsynaptic spikes, current, length, GABA."""
    n, dt = len(conditions), spine.dt
    neurons = NeuronGroup(n, spine.equations, namespace=spine.functions, dt=dt * second)
    for name, value in (spine.start | (start or {})).items():
        getattr(neurons, name)[:] = value
    released, fired, currents, durations, conducts = zip(*conditions, strict=True)
    neurons.A_AP, neurons.d_AP = np.array(currents) * 1e-12, np.array(durations) * 1e-3
    neurons.conducts, neurons.key = np.array(conducts, float), keys + np.arange(n)
    if spine.counted:
        neurons.run_regularly("\n".join(spine.draws), dt=dt * second, order=-1)
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
