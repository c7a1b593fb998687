"""Working memory (Brunel & Wang 2001): NMDA, AMPA and GABA-A of the library in a network of 2000 neurons.

The public scripts of this network write gates and sums by hand. Here each pair of populations has one line. A
cue of 50 ms makes one of five populations fire on its own for as long as one looks; where AMPA receptors
carry the charge of the NMDA receptors, the same binary forgets. Background spikes are Brian2's.

The numbers are those of the paper as Brian2's example has them (Brunel_Wang_2001.py), with a delay of 0.5 ms.
They are for 1000 neurons, of which the memory is lost within seconds in some runs; here are twice as many,
with half the conductance each.
"""

import tempfile

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import GlutamateSynapse, WangNMDA, post_equations
from brian2_nmda.equations import ExponentialAMPA, ExponentialGABA

set_device("cpp_standalone", directory=tempfile.mkdtemp(prefix="brunel_wang_"), build_on_run=False)
defaultclock.dt = 0.1*ms
seed(1)
STRONG, WEAK, POPULATIONS, SIZE = 2.1, 1 - 0.1*1.1/0.9, 5, 160
SHARE = 0.5  # of the conductances that are published for 1000 neurons


def exciting(target):
    parts = [kind.preset(f"Brunel & Wang 2001, {target}") for kind in (ExponentialAMPA, WangNMDA)]
    return GlutamateSynapse(parts)


def inhibiting(target):
    return GlutamateSynapse(ExponentialGABA.preset(f"Brunel & Wang 2001, {target}"))


def neurons(number, models, background, **numbers):
    """Integrate-and-fire neurons; what reaches them through the models is I_syn."""
    group = NeuronGroup(number, """dv/dt = (g_L*(-70*mV - v) - g_ext*v - I_syn)/C : volt (unless refractory)
                                   dg_ext/dt = -g_ext/(2*ms) : siemens
                                   g_L : siemens (shared)
                                   C : farad (shared)
                                   label : integer (constant)""" + post_equations(*models),
                        threshold="v > -50*mV", reset="v = -55*mV", refractory=numbers.pop("rest"),
                        method="euler")  # fmt: skip
    group.v = "-70*mV + rand()*20*mV"
    for name, value in numbers.items():
        setattr(group, name, value)
    return group, PoissonInput(group, "g_ext", 800, 3*Hz, background)


onto_E, onto_I = exciting("onto pyramidal cells"), exciting("onto interneurons")
stop_E, stop_I = inhibiting("onto pyramidal cells"), inhibiting("onto interneurons")
E, noise_E = neurons(1600, [onto_E, stop_E], 2.08*nS, g_L=25*nS, C=0.5*nF, rest=2*ms)
IN, noise_IN = neurons(400, [onto_I, stop_I], 1.62*nS, g_L=20*nS, C=0.2*nF, rest=1*ms)
E.label = f"clip(i//{SIZE}, 0, {POPULATIONS})"  # 0 to 4 are selective

EE = onto_E.synapses(E, E, w="constant", delay=0.5*ms)
EE.connect("i != j")
EE.w = SHARE
EE.w[f"label_pre == label_post and label_post < {POPULATIONS}"] = SHARE*STRONG
EE.w[f"label_pre != label_post and label_post < {POPULATIONS}"] = SHARE*WEAK
EI = onto_I.synapses(E, IN, w=SHARE, delay=0.5*ms)
EI.connect()
IE = stop_E.synapses(IN, E, w=SHARE, delay=0.5*ms)
IE.connect()
II = stop_I.synapses(IN, IN, w=SHARE, delay=0.5*ms)
II.connect("i != j")

cue = TimedArray(r_[zeros(20), ones(1), zeros(100)]*2.08*nS, dt=50*ms)
to_first = PoissonInput(E[:SIZE], "g_ext", 80, 25*Hz, "cue(t)")
spikes = SpikeMonitor(E)
run(3*second)
device.build(run=False)

# Of a spike in a train of 20 Hz: how long NMDA receptors are open, and their block at v. AMPA decays in 2 ms.
v, rate = -52.5*mV, 20*Hz
opened = WangNMDA().mean_activation(rate)/rate
block = 1/(1 + exp(-0.062*v/mV)/3.57)
replaced = {}
for S, model in ((EE, onto_E), (EI, onto_I)):
    AMPA, NMDA = model.receptors
    replaced[S.gmax_NMDA] = 0*nS
    replaced[S.gmax_AMPA] = AMPA.gmax + NMDA.gmax*block*opened/(2*ms)

figure, axes = plt.subplots(2, 2, figsize=(10, 5.5), sharex=True, sharey="row", layout="constrained")
edges = arange(0, 3.01, 0.05)
conditions = {"with NMDA receptors": {}, "AMPA of equal charge": replaced}
for column, (title, run_args) in zip(axes.T, conditions.items(), strict=True):
    device.run(with_output=False, run_args=run_args)
    i, t = array(spikes.i), array(spikes.t/second)
    column[0].plot(t[i < POPULATIONS*SIZE], i[i < POPULATIONS*SIZE], ".k", markersize=1)
    for k in range(POPULATIONS)[::-1]:
        rate = histogram(t[i//SIZE == k], edges)[0]/SIZE/0.05
        column[1].plot(edges[:-1] + 0.025, rate, color="tab:red" if k == 0 else "0.6",
                       label={0: "cued", 4: "the other four"}.get(k))
        late = sum((i//SIZE == k) & (t > 2))/SIZE
        print(f"{title}, population {k}: {late:.1f} Hz in the last second")
    column[0].set_title(title)
    column[1].set_xlabel("time (s)")
    column[0].set_ylabel("neuron of five populations")
    column[1].set_ylabel("rate (Hz)")
    for axis in column:
        axis.axvspan(1, 1.05, color="tab:red", alpha=0.2, linewidth=0)
axes[1, 0].legend(frameon=False, loc="upper right")
figure.savefig("brunel_wang.png", dpi=120)
