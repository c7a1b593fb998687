"""Working memory: a cued population stays active, and not with AMPA in place of NMDA (Brunel & Wang 2001)."""

import numpy as np
from brian2 import Hz, PoissonInput, TimedArray, ms, nS, second, seed
from matplotlib.figure import Figure

from brian2_nmda.equations import WangNMDA
from brian2_nmda.protocols.devices import simulation
from brian2_nmda.protocols.landmark import Landmark
from brian2_nmda.protocols.landmarks.selective import BRUNEL_WANG, Selective

SLOW = "Wang 1999, abstract, doi:10.1523/JNEUROSCI.19-21-09587.1999"
#: Between threshold and reset, where the block is taken, in mV; and the rate for which the charge is equal.
VOLTAGE, RATE = -52.5, 20 * Hz
CUE = 1.0  # s
BIN = 0.05  # s


def equal_charge(net: Selective) -> dict:
    """Values of a run in which AMPA receptors carry the charge that NMDA receptors carry at 20 Hz."""
    opened = WangNMDA().mean_activation(RATE) / RATE
    block = 1 / (1 + np.exp(-0.062 * VOLTAGE) / 3.57)
    found = {}
    for key, model in net.exciting.items():
        S = net.synapses["E" + key]
        AMPA, NMDA = model.receptors
        found[S.gmax_NMDA] = 0 * nS
        found[S.gmax_AMPA] = AMPA.gmax + NMDA.gmax * block * opened / AMPA.tau  # type: ignore[attr-defined]
    return found


def landmark(short: bool = False) -> Landmark:
    """Cue one of five populations for 50 ms, with NMDA receptors and with AMPA receptors of equal charge.

    Parameters
    ----------
    short : bool
        Look for one second after the cue in place of three.

    Returns
    -------
    Landmark
    """
    length = CUE + (1 if short else 3)
    bins = np.arange(0, length + BIN / 2, BIN)
    found = Landmark(
        "Working memory: persistent activity needs NMDA receptors (Brunel & Wang 2001)",
        "The AMPA receptors that replace NMDA receptors carry their charge at 20 Hz and -52.5 mV. With the "
        "charge of a single spike, which does not saturate, all neurons fire at 476 Hz without a cue (seen "
        "once). The network has 2000 neurons with half the conductance each: with the 1000 of the paper and "
        "time steps of 0.1 ms the memory was lost within two seconds in some runs.",
    )
    with simulation("cpp_standalone", 0.1 * ms) as (device, directory):
        seed(1)
        net = Selective(BRUNEL_WANG)
        steps = np.arange(0, length, BIN)
        cue = TimedArray((np.abs(steps - CUE) < BIN / 2) * net.jump, dt=BIN * second, name="cue")
        net.network.add(PoissonInput(net.E[: BRUNEL_WANG.size], "g_ext", 80, 25 * Hz, "cue(t)"))
        net.network.run(length * second, namespace={"cue": cue})
        device.build(directory=directory, run=False)
        for name, run_args in {"NMDA": {}, "AMPA": equal_charge(net)}.items():
            device.run(directory, with_output=False, run_args=run_args)
            found.data[name] = net.rates(bins)
    found.data["t"] = bins[:-1] + BIN / 2
    _rows(found)
    return found


def _rows(found: Landmark) -> None:
    t = found.data["t"]
    early, late = (t > 0.3) & (t < CUE), t > t[-1] - 0.5
    with_, without = found.data["NMDA"], found.data["AMPA"]
    rest, kept = with_[:, early].mean(), with_[0, late].mean()
    found.add("rate before the cue (Hz)", rest, "3, of the background as well (unverified)",
              "Brunel & Wang 2001", met=1 < rest < 5)  # fmt: skip
    found.add("cued population, last 0.5 s (Hz)", kept, "10 to 50", SLOW, met=10 < kept < 50)
    found.add("the other four, last 0.5 s (Hz)", with_[1:, late].mean(), "as before the cue, within 2",
              "order only", met=abs(with_[1:, late].mean() - rest) < 2)  # fmt: skip
    lost = without[0, late].mean() - without[1:, late].mean()
    found.add("AMPA of equal charge: cued minus the others (Hz)", lost, "0: a slow component is needed", SLOW,
              met=abs(lost) < 2)  # fmt: skip


def draw(found: Landmark) -> Figure:
    """Draw the rates of the five populations, with NMDA receptors and with AMPA receptors."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    titles = {"NMDA": "with NMDA receptors", "AMPA": "AMPA receptors of equal charge"}
    for axis, (name, title) in zip(axes, titles.items(), strict=True):
        for k in range(BRUNEL_WANG.selective)[::-1]:
            axis.plot(found.data["t"], found.data[name][k], color="tab:red" if k == 0 else "0.6",
                      label={0: "cued", 4: "the other four"}.get(k))  # fmt: skip
        axis.axvspan(CUE, CUE + BIN, color="tab:red", alpha=0.2, linewidth=0)
        axis.set(xlabel="time (s)", ylabel="rate (Hz)", title=title)
    axes[0].legend(frameon=False)
    return figure
