"""How the demo's rule bears a change of any one number by 20 %: the table of `docs/robustness.md`.

Each row of the table is one number of the rule, the synapse, the release, the neuron or the stimulus, 20 %
lower and 20 % higher. Each change has its own neuron for each protocol; all of them run side by
side in one C++ program, with and without short-term depression of release: some six minutes.
Without the two protocols of 15 min it is a minute.

    python benchmarks/robustness.py [--markdown FILE]
    python benchmarks/robustness.py --protocols tetanus "theta burst" "50 Hz"

Sizes are relative to those without a change; the bar is 0.5 to 1.5. Of the test pulses, which have to change
nothing, it is the change in percent that is given; the bar is 0.5 % in 15 min.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np
from brian2 import ms, mV, nS, pF, second

from brian2_nmda import AMPA, BackPropagatingSpike, BioNMDA, GlutamateSynapse, SpineCalcium
from brian2_nmda.equations import (
    AutonomousEnzymes,
    CalciumIntegrator,
    RelativeInsertion,
    TransmitterPulse,
    TsodyksMarkram,
)
from brian2_nmda.protocols.devices import keep_code

FACTORS = (0.8, 1.2)
BAR = (0.5, 1.5)  # relative size
DRIFT = 0.5  # percent
SHORT, LONG = 240.0, 1020.0  # s, in which the protocols are over and the kinase is off
TRAINS = {
    "tetanus": np.arange(100) / 100,
    "theta burst": np.concatenate([k / 5 + np.arange(4) / 100 for k in range(10)]),
    "1 Hz": np.arange(900.0),
    "50 Hz": np.arange(900) / 50,
    "tests": np.arange(90) * 10.0,
}
LASTING = ("1 Hz", "tests")  # the others are over after SHORT

#: What is changed, and in words: parameters of the synapse,
SYNAPSE = {
    "k_act_autonomous": "rule: phosphorylation of the kinase",
    "tau_K_autonomous": "rule: lifetime of the kinase",
    "K_K_autonomous": "rule: half activation of the kinase",
    "K_P_autonomous": "rule: half activation of the phosphatase",
    "tau_Ca_eff": "rule: memory of calcium",
    "k_ins_AMPA": "rule: insertion",
    "k_rem_AMPA": "rule: removal",
    "gain_AMPA": "rule: free places",
    "loss_AMPA": "rule: receptors that can go",
    "fraction_Ca": "calcium fraction of the current",
    "V_Ca": "volume of the spine",
    "kappa_Ca": "buffering of calcium",
    "tau_Ca": "decay of calcium",
    "rest_Ca": "calcium at rest",
    "E_Ca": "reversal of calcium",
    "gmax_NMDA": "NMDA conductance",
    "alpha1_NMDA": "NMDA: opening",
    "beta1_NMDA": "NMDA: closing",
    "alpha2_NMDA": "NMDA: binding",
    "beta2_NMDA": "NMDA: unbinding",
    "alpha_AMPA": "AMPA: binding",
    "beta_AMPA": "AMPA: unbinding",
    "peak_T": "transmitter of a pulse",
}
RELEASE = {"U_T": "release: use", "tau_f_T": "release: facilitation", "tau_d_T": "release: recovery"}
#: of the block, which lives on the neuron,
BLOCK = {"Mg": "magnesium", "K_NMDA": "block: affinity", "k_NMDA": "block: voltage dependence"}
#: and variables of the neurons below.
NEURON = {
    "C_m": ("capacitance", 250 * pF),
    "g_L": ("leak", 4.2 * nS),
    "span": ("threshold above rest", 12 * mV),
    "back": ("height of the back-propagating spike", 1.0),
    "pause": ("refractory time", 3 * ms),
}
WEIGHTS = {"fibres": "number of fibres", "n_0_AMPA": "AMPA conductance"}
#: The stimulus has the same test EPSP with and without depression.
RELEASES = {"without": (TransmitterPulse(), 28), "with": (TsodyksMarkram(), 47)}
EQUATIONS = """
dv/dt = (g_L*(-70*mV - v) - I_syn)/C_m : volt (unless refractory)
C_m : farad
g_L : siemens
span : volt
back : 1
pause : second
v_s = v + back*(A_fast + A_slow) : volt
"""


def words() -> dict[str, str]:
    """All that is changed, and what it is."""
    neuron = {n: text for n, (text, _) in NEURON.items()}
    return SYNAPSE | BLOCK | neuron | WEIGHTS | RELEASE


def rows(numbers: list[str], protocols: list[str], lasting: bool) -> list[tuple[str, str | None, float]]:
    """Protocol, number that is changed, and factor, of each neuron."""
    protocols = [p for p in protocols if (p in LASTING) == lasting]
    plain = [(p, None, 1.0) for p in protocols]
    return plain + [(p, n, f) for n in numbers for f in FACTORS for p in protocols]


def build(
    depression: str, numbers: list[str], chosen: list[tuple[str, str | None, float]]
) -> tuple[list[Any], Any]:
    """Neurons, fibres and synapses of the chosen rows: the objects, and the synapses."""
    release, fibres = RELEASES[depression]
    model = GlutamateSynapse(
        [AMPA(gmax=0.5 * nS), BioNMDA(gmax=0.29 * nS)],
        release=release,
        calcium=SpineCalcium(integrator=CalciumIntegrator(tau=12 * second)),
        plasticity=RelativeInsertion.preset("autonomous kinase"),
        parts=AutonomousEnzymes(),
    )
    n, spike = len(chosen), BackPropagatingSpike()
    neurons = b2.NeuronGroup(
        n,
        EQUATIONS
        + spike.neuron_equations(name="v_unscaled")
        + model.post_equations(v="v_s", per_neuron=list(BLOCK)),
        threshold="v > -70*mV + span",
        reset="v = -60*mV\n" + spike.reset(),
        refractory="pause",
        method="euler",
    )

    def varied(name: str, value: Any) -> Any:
        return np.array([factor if number == name else 1.0 for _, number, factor in chosen]) * value

    neurons.v = -70 * mV
    for name, (_, value) in NEURON.items():
        setattr(neurons, name, varied(name, value))
    for name in BLOCK:
        setattr(neurons, name, varied(name, model.system.parameters[name].value))
    times = [TRAINS[p] for p, *_ in chosen]
    source = b2.SpikeGeneratorGroup(
        n, np.repeat(np.arange(n), [len(t) for t in times]), np.concatenate(times) * second + 1 * second
    )
    own = [x for x in [*SYNAPSE, *RELEASE] if x in numbers]
    synapses = model.synapses(source, neurons, per_synapse=own)
    synapses.connect(i=np.arange(n), j=np.arange(n))
    for name in own:
        setattr(synapses, name, varied(name, model.system.parameters[name].value))
    synapses.w = varied("fibres", fibres)
    synapses.n_0_AMPA = varied("n_0_AMPA", 20.0)
    return [neurons, source, synapses], synapses


def changes(
    chosen_numbers: list[str], protocols: list[str]
) -> dict[str, dict[tuple[str, str | None, float], float]]:
    """Change of the receptors in percent, by depression and row, of one C++ program."""
    b2.set_device("cpp_standalone", build_on_run=False)
    b2.defaultclock.dt = 0.25 * ms
    network, made, brief = b2.Network(), [], []
    for depression in RELEASES:
        numbers = [n for n in chosen_numbers if depression == "with" or n not in RELEASE]
        for lasting in (False, True):
            chosen = rows(numbers, protocols, lasting)
            if not chosen:
                continue
            objects, synapses = build(depression, numbers, chosen)
            network.add(objects)
            made.append((depression, synapses, chosen))
            brief += [] if lasting else objects
    network.run(SHORT * second, namespace={})
    keep_code(network)
    for one in brief:
        one.active = False
    if set(protocols) & set(LASTING):
        network.run((LONG - SHORT) * second, namespace={})
    b2.device.build(directory=None)
    found: dict[str, dict[tuple[str, str | None, float], float]] = {d: {} for d in RELEASES}
    for depression, synapses, chosen in made:
        percent = 100 * (np.array(synapses.r_AMPA[:]) - 1)
        found[depression] |= dict(zip(chosen, percent, strict=True))
    return found


def table(found: dict[str, dict], numbers: list[str], protocols: list[str]) -> Iterator[str]:
    """Markdown: a line for each number and factor; what misses its bar is bold."""
    pairs = [(p, d) for p in protocols for d in RELEASES]
    yield "| changed | by | " + " | ".join(protocols) + " |"
    yield "|---|---|" + "---|" * len(protocols)
    plain = [" ".join(f"{found[d][p, None, 1.0]:+.1f}" for d in RELEASES) for p in protocols]
    yield "| nothing: change in % | | " + " | ".join(plain) + " |"
    for number in numbers:
        text = words()[number]
        for factor in FACTORS:
            cells = [cell(found, p, d, number, factor) for p, d in pairs]
            joined = [" ".join(cells[k : k + 2]) for k in range(0, len(cells), 2)]
            yield f"| {text} | {100 * (factor - 1):+.0f} % | " + " | ".join(joined) + " |"


def cell(found: dict, protocol: str, depression: str, number: str, factor: float) -> str:
    """Relative size, or the drift in percent."""
    key = (protocol, number, factor)
    if key not in found[depression]:
        return "-"
    value = found[depression][key]
    if protocol == "tests":
        text, met = f"{value:+.1f}", abs(value) <= DRIFT
    else:
        value /= found[depression][protocol, None, 1.0]
        text, met = f"{value:.2f}", BAR[0] <= value <= BAR[1]
    return text if met else f"**{text}**"


def summary(found: dict[str, dict], numbers: list[str], protocols: list[str]) -> Iterator[str]:
    """How many changes miss each bar, and of which numbers."""
    for p in protocols:
        for d in RELEASES:
            keys = [(n, f) for n in numbers for f in FACTORS if (p, n, f) in found[d]]
            missed = [f"{n} x {f}" for n, f in keys if "**" in cell(found, p, d, n, f)]
            yield f"{p}, {d} depression: {len(missed)} of {len(keys)} missed {', '.join(missed)}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", nargs="+", metavar="NUMBER", default=list(words()), choices=list(words()))
    parser.add_argument("--protocols", nargs="+", default=list(TRAINS), choices=list(TRAINS))
    parser.add_argument("--markdown", metavar="FILE", help="write the table to this file as well")
    arguments = parser.parse_args()
    asked = arguments.only, arguments.protocols
    result = changes(*asked)
    lines = list(table(result, *asked))
    print("\n".join([*lines, "", *summary(result, *asked)]))
    if arguments.markdown:
        Path(arguments.markdown).write_text("\n".join(lines) + "\n")
