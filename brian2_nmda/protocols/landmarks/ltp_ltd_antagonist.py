"""LTP by high and LTD by low frequency, pairing at 0 mV, and their block by D-AP5.

One graded rule and one set of numbers: `AutonomousEnzymes` with `RelativeInsertion`, on the neuron of
`brian2_nmda.protocols`. All conditions run side by side in one C++ program.
"""

import numpy as np
from brian2 import Hz, ms, mV, second
from matplotlib.figure import Figure

from brian2_nmda.protocols.baths import drug
from brian2_nmda.protocols.data import Protocol
from brian2_nmda.protocols.experiment import FIBRES, Experiment, demo_model
from brian2_nmda.protocols.landmark import Landmark
from brian2_nmda.protocols.textbook import control, low_frequency, pairing_at_voltage, tetanus

HFS, LFS, PAIRING = "100 Hz, 1 s", "1 Hz", "2 Hz, paired with 0 mV"
AT_40, AT_70, ALONE = "1 Hz, paired with -40 mV", "2 Hz, held at -70 mV", "test pulses alone"
IN_AP5 = ", in D-AP5"
MULKEY = "Mulkey & Malenka 1992, abstract, PMID 1419003"


def _conditions(short: bool) -> dict[str, Protocol]:
    slow, paired = (200, 30) if short else (900, 100)
    made = {
        HFS: tetanus(),
        LFS: low_frequency(slow),
        PAIRING: pairing_at_voltage(0 * mV, paired, 2 * Hz),
    }
    blocked = {name + IN_AP5: protocol.within(drug("D-AP5")) for name, protocol in made.items()}
    held = {
        AT_70: pairing_at_voltage(-70 * mV, paired, 2 * Hz),
        AT_40: pairing_at_voltage(-40 * mV, paired, 1 * Hz),
        ALONE: control(),
    }
    return {**made, **blocked, **held}


def landmark(short: bool = False) -> Landmark:
    """Compare what the classical inductions do with and without D-AP5.

    Parameters
    ----------
    short : bool
        Give 200 pulses at 1 Hz in place of 900 and 30 in place of 100 when clamped.

    Returns
    -------
    Landmark
    """
    result = Experiment(
        _conditions(short),
        demo_model(),
        pathways={"A": FIBRES},
        baseline=60 * second,
        follow_up=120 * second,
        weight="r_AMPA",
        dt=0.25 * ms,
    ).run()
    change = {name: result.change(name) for name in result.conditions}
    found = Landmark(
        "LTP by 100 Hz, LTD by 1 Hz, pairing at 0 mV, and their block by D-AP5",
        "Changes are of the number of AMPA receptors. Sizes differ between studies; signs are compared. "
        "The rule follows calcium alone: pairing with -40 mV lets in enough for LTP, where slices had LTD.",
    )
    textbook = "textbook, sign only (unverified)"
    found.add(f"{HFS} (%)", change[HFS], "above +20", textbook, met=change[HFS] > 20)
    found.add(f"{LFS} x {200 if short else 900} (%)", change[LFS], "below 0 (-15)",
              "Dudek & Bear 1992 (unverified)", met=change[LFS] < -3)  # fmt: skip
    found.add(f"{PAIRING} (%)", change[PAIRING], "above +20", textbook, met=change[PAIRING] > 20)
    for name in (HFS, LFS, PAIRING):
        source = MULKEY if name == LFS else textbook
        found.add(f"{name}{IN_AP5} 50 uM (%)", change[name + IN_AP5], "no change (1 %)", source,
                  met=abs(change[name + IN_AP5]) < 1)  # fmt: skip
    found.add(f"{AT_70} (%)", change[AT_70], "no LTP (1 %)", textbook, met=change[AT_70] < 1)
    found.add(
        f"{AT_40} (%)",
        change[AT_40],
        "below 0",
        "PMC6772550, legend of figure 4 (in 5 mM Ca)",
        met=change[AT_40] < 0,
    )
    found.add(f"{ALONE} (%)", change[ALONE], "no change (1 %)", "none needed", met=abs(change[ALONE]) < 1)
    start = float(result.start)
    found.data = {
        "minutes": (np.array(result.weight_time) - start) / 60,
        "course": {n: 100 * np.array(result.weight)[k, 0] for k, n in enumerate(result.conditions)},
        "change": change,
    }
    return found


def draw(found: Landmark) -> Figure:
    """Draw the number of receptors over time, and the change under each condition."""
    data, figure = found.data, Figure(figsize=(11, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, colour in ((HFS, "tab:red"), (LFS, "tab:blue"), (PAIRING, "tab:green")):
        left.plot(data["minutes"], data["course"][name], color=colour, label=name)
        left.plot(data["minutes"], data["course"][name + IN_AP5], "--", color=colour, alpha=0.7)
    left.plot([], [], "k--", label="in D-AP5 (all three lie at 100 %)")
    left.set(xlabel="time from the start of the induction (min)", ylabel="AMPA receptors (% of the start)")
    left.legend(frameon=False, fontsize=8)
    names = list(data["change"])[::-1]
    values = [data["change"][name] for name in names]
    right.barh(names, values, color=["tab:red" if x > 0 else "tab:blue" for x in values])
    for k, x in enumerate(values):
        right.text(max(x, 0) + 1, k, f"{x:+.1f}", va="center", fontsize=8)
    right.axvline(0, color="gray", linewidth=0.8)
    right.margins(x=0.2)
    right.set(xlabel="change of AMPA receptors (%)", ylabel="induction")
    return figure
