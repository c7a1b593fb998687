"""A number of receptors that outlives them: bistable CaMKII and turnover (Graupner & Brunel 2007).

A synapse is DOWN or UP. Short pulses of calcium switch it or do not. The kinase inserts receptors and the
phosphatase removes them all the time; their number stays where the state of the kinase puts it.
"""

from typing import Any

import numpy as np
from brian2 import Network, NeuronGroup, SpikeGeneratorGroup, StateMonitor, mM, ms, mV, second, umolar
from matplotlib.figure import Figure

from brian2_nmda.equations import AMPA, BioNMDA, GraupnerBrunel2007, KinaseDrivenInsertion
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.protocols.devices import simulation
from brian2_nmda.protocols.landmark import Landmark
from brian2_nmda.protocols.weights import Weight
from brian2_nmda.symbolic.kinds import Calcium
from brian2_nmda.symbolic.part import G_open, Parameter, states, v

FILES, SOLVED = "ModelDB 114452", "the published equations, solved with SciPy"
DOWN, UP = 0.1451, 149.9831  # uM of phosphorylated subunits at 0.1 uM of calcium
REST, FASTER = 0.1, 10.0
#: Starts UP, calcium of the pulse (uM), its duration (s), ends UP.
CONDITIONS = [
    (False, REST, 1, False), (True, REST, 1, True), (False, 0.5, 1, False), (False, 0.5, 2, True),
    (False, 1.0, 1, True), (True, 0.3, 1, True), (True, 0.3, 5, False),
]  # fmt: skip
BEFORE, LONGEST = 40.0, 5.0  # s


class _Held(Calcium):
    """Calcium that stays where it is set."""

    level = Parameter(REST * umolar, "calcium at the start", status="assumed", source="resting calcium")
    Ca = states("Ca", within=(None, None), unit=mM, initial=level, bare=True)
    dCa = 0
    current = G_open * v  # seen by nothing
    resting = level


def _name(up: bool, calcium: float, duration: float) -> str:
    start = "UP" if up else "DOWN"
    return f"{start}, no pulse" if calcium == REST else f"{start}, {calcium:g} uM for {duration:g} s"


def _simulated(after: float, device: Any, directory: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Time (s), and subunits, receptors and free phosphatase of each condition."""
    n = len(CONDITIONS)
    insertion = KinaseDrivenInsertion(k_ins=0.02 * FASTER / second, k_rem=0.2 * FASTER / second)
    model = GlutamateSynapse(
        [AMPA(), BioNMDA()], calcium=_Held(), plasticity=insertion, parts=GraupnerBrunel2007()
    )
    source = SpikeGeneratorGroup(n, [], [] * second)
    target = NeuronGroup(n, "v : volt (constant)\nignored = I_syn : amp" + model.post_equations())
    target.v = -70 * mV
    synapses = model.synapses(source, target)
    synapses.connect(i=np.arange(n), j=np.arange(n))
    up = np.array([c[0] for c in CONDITIONS])
    synapses.B13_CaMKII = 33.3 * up * umolar
    synapses.n_AMPA = np.where(up, 37.8, 10.4)
    subunits = Weight(model, "S_CaMKII")
    recorded = ["n_AMPA", "PP1_CaMKII", *subunits.states]
    course = StateMonitor(synapses, recorded, record=np.arange(n), dt=500 * ms)
    network, now = Network(source, target, synapses, course), 0.0
    level, last = np.array([c[1] for c in CONDITIONS]), np.array([c[2] for c in CONDITIONS])
    for elapsed in (0.0, *np.unique(last), LONGEST + after):
        network.run((BEFORE + elapsed - now) * second, namespace={})
        now = BEFORE + elapsed
        synapses.Ca = np.where(elapsed < last, level, REST) * umolar
    device.build(directory=directory, with_output=False)
    states_of_kinase = {n: np.array(getattr(course, f"{n}_")) for n in subunits.states}
    data = {"S": subunits.values(states_of_kinase) * 1e3, "n": np.array(course.n_AMPA),
            "PP1": np.array(course.PP1_CaMKII)}  # fmt: skip
    return np.array(course.t / second), data


def landmark(short: bool = False) -> Landmark:
    """Compare the states after pulses of calcium with the published ones, and count the receptors.

    Parameters
    ----------
    short : bool
        Follow the synapses for 150 s in place of 400 s after the pulses.

    Returns
    -------
    Landmark
    """
    with simulation("cpp_standalone", 0.1 * ms) as (device, directory):
        t, data = _simulated(150.0 if short else 400.0, device, directory)
    found = Landmark(
        "A bistable number of receptors survives their turnover (Graupner & Brunel 2007)",
        "The state of the kinase is published; that it inserts receptors, and how fast, is a choice of this "
        "package, here ten times faster than its default, so that receptors turn over within minutes.",
        data={"t": t, **data},
    )
    for k, level, name in ((0, DOWN, "DOWN"), (1, UP, "UP")):
        value = data["S"][k, -1]
        found.add(f"{name}, no pulse: phosphorylated subunits (uM)", value, f"{level:.4g} (1 %)",
                  FILES if name == "UP" else SOLVED, met=abs(value / level - 1) < 0.01)  # fmt: skip
    for k, (up, calcium, duration, ends_up) in enumerate(CONDITIONS[2:], 2):
        is_up = data["S"][k, -1] > 75
        now, known = ("UP" if x else "DOWN" for x in (is_up, ends_up))
        found.add(_name(up, calcium, duration), now, known, SOLVED, met=now == known)
    low, high = data["n"][0, -1], data["n"][1, -1]
    found.add("receptors, DOWN", low, "10.4 (2 %)", "balance of the rates", met=abs(low / 10.4 - 1) < 0.02)
    found.add("receptors, UP", high, "37.8 (2 %)", "balance of the rates", met=abs(high / 37.8 - 1) < 0.02)
    quiet = t > BEFORE + LONGEST
    removed = 0.2 * FASTER * np.mean(data["PP1"][1, quiet] * (data["n"][1, quiet] - 10)) * np.ptp(t[quiet])
    drift = np.ptp(data["n"][1, quiet]) / high
    found.add("UP: receptors that were replaced, of all", removed / high, "above 1", "order only",
              met=removed > (0.5 if short else 1) * high)  # fmt: skip
    found.add("UP: change of their number meanwhile (%)", 100 * drift, "none (2 %)", "order only",
              met=drift < 0.02)  # fmt: skip
    return found


def draw(found: Landmark) -> Figure:
    """Draw phosphorylated subunits and receptors over time."""
    data, figure = found.data, Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    styles = ("-", "-", ":", "-", "--", ":", "-")
    for k, (up, calcium, duration, _) in enumerate(CONDITIONS):
        for axes, what in ((left, "S"), (right, "n")):
            axes.plot(data["t"] - BEFORE, data[what][k], styles[k], label=_name(up, calcium, duration))
    left.set(xlabel="time from the pulse (s)", ylabel="phosphorylated subunits (uM)")
    right.set(xlabel="time from the pulse (s)", ylabel="AMPA receptors", ylim=(0, 48))
    right.legend(frameon=False, fontsize=7, ncols=2, loc="lower right")
    return figure
