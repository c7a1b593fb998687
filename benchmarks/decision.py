"""The decision network of Wang (2002) (W4): ours, Brian2's public example and NEST's.

``python benchmarks/decision.py`` compares the decisions of both forms of ours and of Brian2's example over
many trials.

The public scripts are no part of this project. Put `Wang_2002.py` (github.com/brian-team/brian2,
examples/frompapers) and `wang_decision_making.py` (github.com/nest/nest-simulator, pynest/examples) into the
folder ``public`` beside the environments of `peers`. Spikes are random and differ; the time is compared.
"""

import argparse
import os
import runpy
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PUBLIC = Path(os.environ.get("BENCHMARK_PEERS", "/tmp/peers")) / "public"


def _rates(first, second, seconds: float):
    """Rates of the two selective populations while the stimulus is on, in Hz, from spike times in s."""

    def result() -> dict[str, np.ndarray]:
        window = (1.5, min(3.0, seconds))
        found = [np.sum((t() > window[0]) & (t() <= window[1])) for t in (first, second)]
        return {"rates": np.array(found) / 240 / max(window[1] - window[0], 1e-9)}

    return result


def brian_public(seconds: float, coherence: float = 12.8):
    """Brian2's example, its plots and its profiling left out."""
    import brian2 as b2
    from brian_programs import _build, _start

    _start("standalone", 1)
    text = (PUBLIC / "Wang_2002.py").read_text().split("# Show results")[0]
    for old, new in {
        "runtime = 4000 * ms": f"runtime = {seconds}*second",
        "coh = 12.8": f"coh = {coherence}",
        "run(runtime, report='stdout', profile=True)": "run(runtime)",
        "print(profiling_summary())": "",
    }.items():
        if old not in text:
            raise RuntimeError(f"the example has changed: no line {old}")
        text = text.replace(old, new)
    script = Path(tempfile.mkdtemp(prefix="benchmark_")) / "wang_2002.py"
    script.write_text(text)
    names = runpy.run_path(str(script))
    run = _build()
    monitors = names["SME1"], names["SME2"]
    return run, _rates(*(lambda m=m: np.asarray(m.t / b2.second) for m in monitors), seconds)


def nest_public(seconds: float):
    """NEST's example, for one coherence; its plots are left out. It builds its network anew in each run."""
    os.environ["MPLBACKEND"] = "Agg"
    text = (PUBLIC / "wang_decision_making.py").read_text().split("coherences = [")[0]
    text = text.replace("print_time=True", "print_time=False").replace("nest.Simulate(4000.0)", "simulate()")
    script = Path(tempfile.mkdtemp(prefix="benchmark_")) / "wang_decision_making.py"
    script.write_text(text)
    last = {}

    def simulate() -> None:
        started = time.perf_counter()
        names["nest"].Simulate(seconds * 1e3)
        last["seconds"] = time.perf_counter() - started

    names = runpy.run_path(str(script), {"simulate": simulate})

    def run() -> float:
        last["spikes"] = names["run_sim"](12.8)
        return last["seconds"]

    # the example records times in steps
    spikes = [
        lambda p=p: np.asarray(last["spikes"][p]) * names["dt"] / 1e3 for p in ("selective1", "selective2")
    ]
    return run, _rates(*spikes, seconds)


NEURON = """dv/dt = (g_L*(-70*mV - v) - g_A*v - g_G*(v + 70*mV) - I_syn)/C : volt (unless refractory)
dg_A/dt = -g_A/(2*ms) : siemens
dg_G/dt = -g_G/(5*ms) : siemens
"""


def ours(seconds: float, shared: bool = False, coherence: float = 12.8):
    """Written plainly: two models of the receptor, and the weights as the paper has them.

    With ``shared`` each pair of populations is a `Synapses` of its own with one weight, else the weights of
    all excitatory pairs are an array that was declared constant.
    """
    import brian2 as b2
    from brian2 import Hz, ms, mV, nF, nS, second
    from brian_programs import PLANS, _build, _start

    from brian2_nmda import GlutamateSynapse
    from brian2_nmda.equations import WangNMDA

    _start("standalone", 1)
    b2.defaultclock.dt = 0.1 * ms
    strong, weak, delay = 1.7, 1 - 0.15 * 0.7 / 0.85, 0.5 * ms
    onto_E, onto_I = (GlutamateSynapse(WangNMDA(gmax=g * nS)) for g in (0.165, 0.13))
    cell = {"threshold": "v > -50*mV", "reset": "v = -55*mV", "method": "euler"}
    E = b2.NeuronGroup(
        1600,
        NEURON + "label : integer (constant)" + onto_E.post_equations(),
        refractory=2 * ms,
        namespace={"g_L": 25 * nS, "C": 0.5 * nF},
        **cell,
    )
    I_ = b2.NeuronGroup(
        400,
        NEURON + onto_I.post_equations(),
        refractory=1 * ms,
        namespace={"g_L": 20 * nS, "C": 0.2 * nF},
        **cell,
    )
    E.v = I_.v = -52 * mV
    E.label = "int(i >= 240) + int(i >= 480)"
    populations = [E[:240], E[240:480], E[480:]]

    def weight(a: int, b: int) -> float:
        return 1.0 if b == 2 else strong if a == b else weak

    objects = [E, I_]
    if shared:
        for b, target in enumerate(populations):
            for a, source in enumerate(populations):
                S = onto_E.synapses(source, target, delay=delay, w=weight(a, b))
                S.connect()
                objects.append(S)
    else:
        S = onto_E.synapses(E, E, delay=delay, **PLANS["default"])
        S.connect()
        S.w["label_pre == label_post and label_pre < 2"] = strong
        S.w["label_pre != label_post and label_post < 2"] = weak
        objects.append(S)
    S = onto_I.synapses(E, I_, delay=delay, w=1.0)
    S.connect()
    objects.append(S)
    fast = b2.Synapses(E, E, "w : siemens", on_pre="g_A += w", delay=delay)
    fast.connect()
    fast.w = 0.05 * nS
    fast.w["label_pre == label_post and label_pre < 2"] = 0.05 * strong * nS
    fast.w["label_pre != label_post and label_post < 2"] = 0.05 * weak * nS
    objects.append(fast)
    for source, target, code in [
        (E, I_, "g_A += 0.04*nS"),
        (I_, E, "g_G += 1.3*nS"),
        (I_, I_, "g_G += 1*nS"),
    ]:
        S = b2.Synapses(source, target, on_pre=code, delay=delay)
        S.connect()
        objects.append(S)
    objects += [b2.PoissonInput(group, "g_A", 1000, 2.4 * Hz, g * nS) for group, g in [(E, 2.1), (I_, 1.62)]]
    on = "int(t > 1*second and t < 3*second)"
    for population, sign in zip(populations[:2], "+-", strict=True):
        stimulus = b2.PoissonGroup(240, rates=0 * Hz)
        rate = f"rates = {on}*(40*Hz*(1 {sign} {coherence / 100}) + 4*Hz*randn())"
        stimulus.run_regularly(rate, dt=50 * ms)
        S = b2.Synapses(stimulus, population, on_pre="g_A += 2.1*nS")
        S.connect(j="i")
        objects += [stimulus, S]
    monitors = [b2.SpikeMonitor(p) for p in populations[:2]]
    b2.Network(*objects, *monitors).run(seconds * second)
    return _build(), _rates(*(lambda m=m: np.asarray(m.t / second) for m in monitors), seconds)


# -- decisions ---------------------------------------------------------------------------------------------


def trials(form: str, number: int, coherence: float) -> np.ndarray:
    """Rates (Hz) of the two populations from 1.5 to 3 s, one row per run of one binary."""
    from tqdm import tqdm

    programs = {"ours": ours, "shared": lambda *a, **k: ours(*a, shared=True, **k), "example": brian_public}
    run, result = programs[form](3.0, coherence=coherence)
    found = []
    for _ in tqdm(range(number), desc=form):
        run()
        found.append(result()["rates"])
    return np.array(found)


def compare(number: int, coherence: float) -> None:
    """Which population wins, how often, and at which rate."""
    from scipy import stats

    rates = {}
    for form in ("ours", "shared", "example"):  # each in a process of its own
        path = Path(tempfile.mkdtemp(prefix="benchmark_")) / "rates.npy"
        here = [sys.executable, __file__, "--form", form, "--save", str(path)]
        subprocess.run([*here, "--trials", str(number), "--coherence", str(coherence)], check=True)
        rates[form] = np.load(path)
        first, second = rates[form].T
        wins, winner, loser = np.sum(first > second), rates[form].max(axis=1), rates[form].min(axis=1)
        print(
            f"{form}: favoured population wins {wins} of {number}; winner {winner.mean():.1f} +- "
            f"{winner.std(ddof=1):.1f} Hz, loser {loser.mean():.1f} +- {loser.std(ddof=1):.1f} Hz"
        )
    example = rates.pop("example")
    for form, found in rates.items():
        wins = [int(np.sum(r[:, 0] > r[:, 1])) for r in (found, example)]
        fisher = stats.fisher_exact([[w, number - w] for w in wins]).pvalue
        winner = stats.ks_2samp(found.max(axis=1), example.max(axis=1)).pvalue
        loser = stats.ks_2samp(found.min(axis=1), example.min(axis=1)).pvalue
        print(
            f"{form} and example: p-values of wins {fisher:.2f} (Fisher), winner {winner:.2f}, loser "
            f"{loser:.2f} (Kolmogorov-Smirnov)"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=compare.__doc__)
    parser.add_argument("--trials", type=int, default=50)
    parser.add_argument("--coherence", type=float, default=6.4, help="in percent")
    parser.add_argument("--form", choices=["ours", "shared", "example"], help="run one of them only")
    parser.add_argument("--save", help="where its rates are written")
    given = parser.parse_args()
    if given.form:
        np.save(given.save, trials(given.form, given.trials, given.coherence))
    else:
        compare(given.trials, given.coherence)
