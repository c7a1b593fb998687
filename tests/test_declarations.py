"""Random combinations of what a user declares and does: the default form against the naive one.

Each seed draws a receptor, who meets whom, weights, delays, clocks, a drug, an event, subgroups and changes
between runs, and plays them with and without ``optimize=False`` on NumPy. The totals on the target may differ
by the bounds that the plan states for open fractions, and by rounding (1e-9 of the peak) where it says so.
"""

import brian2 as b2
import numpy as np
import pytest
from brian2 import Network, NeuronGroup, StateMonitor, TimedArray, ms, nS

from brian2_nmda import BioNMDA, GlutamateSynapse, TwoExponentialNMDA, WangNMDA
from brian2_nmda.equations import (
    DAP5,
    FirstOrderNMDA,
    FiveStateNMDA,
    KampaNMDA,
    ShouvalNMDA,
    TsodyksMarkram,
    WangJumpNMDA,
)

RECEPTORS = {
    "pulse": BioNMDA,
    "depressing": BioNMDA,
    "jump": WangNMDA,
    "saturating jump": WangJumpNMDA,
    "modes": ShouvalNMDA,
    "linear": TwoExponentialNMDA,
    "linear pulse": FirstOrderNMDA,
    "Markov": FiveStateNMDA,
    "voltage-dependent": KampaNMDA,
}
#: Of integrators in the naive form, at a time step of 0.1 ms: see STEPPED in ``test_events.py``.
INTEGRATORS = 1e-7
VOLTAGE = "v = -60*mV + 25*mV*sin(2*pi*t/(7*ms)) : volt"
SOURCES, TARGETS, STEPS = 4, 5, 260


class Case:
    """What one seed draws."""

    def __init__(self, seed):
        self.rng = rng = np.random.default_rng(seed)
        self.kind = rng.choice(list(RECEPTORS))
        self.connect = rng.choice(["all", "i != j", "some"])
        self.layout = rng.choice(["plain", "subgroups", "recurrent"])
        self.w = rng.choice(["per_synapse", "shared", "constant"])
        self.delay = rng.choice(["none", "uniform", "per_synapse"])
        self.changes = [c for c in ("delay", "w", "gmax") if rng.random() < 0.5]
        self.objects = 1 + (rng.random() < 0.3)
        self.dt = rng.choice([None, 0.25, 0.05], p=[0.7, 0.15, 0.15])
        if self.kind == "voltage-dependent" and self.dt == 0.25:  # too coarse
            self.dt = None
        self.drug = rng.random() < 0.25
        self.event = rng.choice(["spike", "burst"], p=[0.75, 0.25])
        n = SOURCES + 3
        self.raster = rng.random((STEPS, n)) < (0.15 if self.kind == "jump" else 0.03)
        if self.kind == "jump":  # holds up to x = 4
            self.raster[np.arange(STEPS) % 12 != 0] = False
        self.other = rng.random((STEPS, n)) < 0.03
        self.numbers = rng.uniform(0, 1, (2, 2, 2, 64))  # by change, object, and weights or delays

    def __repr__(self):
        known = ("kind", "connect", "layout", "w", "delay", "changes", "objects", "dt", "drug", "event")
        return ", ".join(f"{n}={getattr(self, n)}" for n in known)

    def model(self):
        drug = dict(antagonist=DAP5(conc=TimedArray([0, 1, 0.2] * b2.umolar, dt=9 * ms))) if self.drug else {}
        release = dict(release=TsodyksMarkram()) if self.kind == "depressing" else {}
        return GlutamateSynapse(RECEPTORS[self.kind](gmax=1 * nS, **drug), **release)

    def declared(self):
        options = {"w": 1.3 if self.w == "shared" else str(self.w)}
        if self.delay != "none":
            options["delay"] = "per_synapse" if self.delay == "per_synapse" else 0.7 * ms
        if self.dt is not None:
            options["dt"] = float(self.dt) * ms
        if self.event == "burst":
            options["on_event"] = {"pre": "burst"}
        return options

    def set(self, S, number, change, what):
        """Set weights or delays before the first run, or later."""
        weights, delays = self.numbers[change, number]
        if (what == "w" and self.w != "constant") or not change:
            if self.w == "shared":
                S.w = 2 * weights[0]
            else:
                S.w = 2 * weights[: len(S)]
        if what == "delay" and self.delay == "uniform":
            S.delay = 3 * delays[0] * ms
        elif what == "delay" and self.delay == "per_synapse":
            S.delay = 3 * delays[: len(S)] * ms

    def play(self, objects, **form):
        """Totals on the target in nS, the plans, and the largest sum of weights onto one neuron."""
        b2.start_scope()
        fires, others = (TimedArray(x.astype(float), dt=0.1 * ms) for x in (self.raster, self.other))
        namespace = {"fires": fires, "others": others}
        model = self.model()
        wanted, unwanted = "fires(t, i) > 0.5", "others(t, i) > 0.5"
        spiking = dict(threshold=wanted, reset="")
        if self.event == "burst":
            spiking = dict(events={"burst": wanted, "spike": unwanted})
        n = TARGETS + 2 * (self.layout == "subgroups")
        target = NeuronGroup(n, VOLTAGE + model.post_equations(), namespace=namespace, **spiking)
        groups = [target]
        if self.layout == "recurrent":
            pre = post = target
        elif self.layout == "plain":
            pre, post = NeuronGroup(SOURCES, "", namespace=namespace, **spiking), target
            groups.append(pre)
        else:
            whole = NeuronGroup(SOURCES + 3, "", namespace=namespace, **spiking)
            pre, post = whole[2 : SOURCES + 2], target[1 : TARGETS + 1]
            groups.append(whole)
        made = {}
        for number in objects:
            S = model.synapses(pre, post, **self.declared(), **form)
            if self.connect == "some":
                kept = np.random.default_rng(number).random((len(pre), len(post))) < 0.5
                i, j = np.nonzero(kept)
                S.connect(i=i, j=j)
            else:
                S.connect(condition=None if self.connect == "all" else "i != j")
            for what in ("w", "delay"):
                self.set(S, number, 0, what)
            made[number] = S
        total = model.system.receptors[0].total_name
        monitor = StateMonitor(target, total, record=True)
        net = Network(*groups, *made.values(), monitor)
        net.run(12 * ms)
        for number, S in made.items():
            for what in self.changes:
                if what == "gmax":
                    setattr(S, f"gmax_{model.system.receptors[0].label}", 0.6 * nS)
                else:
                    self.set(S, number, 1, what)
        net.run(12 * ms)
        plans = [S.plan for S in made.values()]
        return np.array(getattr(monitor, total) / nS), plans, len(made) * len(pre) * 2.0


def agrees(seed):
    case = Case(seed)
    sent, plans, most = case.play(range(case.objects))
    # Brian2 sums one object over a target
    naive = sum(case.play([number], optimize=False)[0] for number in range(case.objects))
    bound = max((form.bound for plan in plans for form in plan.sent.values()), default=0.0)
    peak = np.max(np.abs(naive))
    assert peak > 0.01, case
    allowed = 1e-9 * peak + (most * (1.1 * bound + INTEGRATORS) if bound else 0.0)
    off = np.abs(sent - naive)
    first = np.min(np.nonzero(off > allowed)[1], initial=STEPS) / 10
    assert np.all(off <= allowed), f"{case}: off by {np.max(off):.1e} of {peak:.2g}, first at {first:g} ms"


#: Each value of each thing that is drawn is in one of them, and each receptor in one that fits all synapses.
SEEDS = (0, 1, 4, 8, 11, 12, 34, 36, 52, 54, 59, 146)


def test_seeds_cover_all_that_is_drawn():
    drawn = ("kind", "connect", "layout", "w", "delay", "objects", "dt", "drug", "event")
    every = [Case(seed) for seed in range(150)]
    for name in drawn:
        assert {str(getattr(c, name)) for c in every} == {str(getattr(Case(s), name)) for s in SEEDS}, name


@pytest.mark.parametrize("seed", SEEDS)
def test_declarations(seed):
    """A dozen combinations."""
    agrees(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", sorted({*range(150)} - {*SEEDS}))
def test_more_declarations(seed):
    """Many combinations."""
    agrees(seed)
