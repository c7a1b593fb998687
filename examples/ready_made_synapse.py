"""A ready-made NMDA synapse: AMPA and NMDA conductance of one neuron driven by 60 Poisson inputs."""

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse

seed(1)
model = GlutamateSynapse([AMPA(gmax=0.5*nS), BioNMDA(gmax=0.4*nS)])
inputs = PoissonGroup(60, rates=30*Hz)
neuron = NeuronGroup(1, "dv/dt = (10*nS*(-70*mV - v) - I_syn)/(200*pF) : volt" + model.post_equations(),
                     threshold="v > -50*mV", reset="v = -60*mV", method="euler")  # fmt: skip
neuron.v = -70*mV
S = model.synapses(inputs, neuron)
S.connect()
monitor = StateMonitor(neuron, ["v", "g_total_AMPA", "g_total_NMDA"], record=0)
spikes = SpikeMonitor(neuron)
run(500*ms)

figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(7, 4.5), layout="constrained")
above.plot(monitor.t/ms, monitor.g_total_NMDA[0]/nS, label="NMDA, before the Mg block")
above.plot(monitor.t/ms, monitor.g_total_AMPA[0]/nS, label="AMPA")
above.set(ylabel="conductance (nS)", title="60 inputs at 30 Hz")
above.set_ylim(0, 1.3*monitor.g_total_NMDA[0].max()/nS)
above.legend(frameon=False, loc="upper right", ncols=2)
below.plot(monitor.t/ms, monitor.v[0]/mV, color="black")
below.vlines(spikes.t/ms, -50, -30, color="black")  # an integrate-and-fire neuron has no spike to plot
below.axhline(-50, color="gray", linestyle=":")
below.text(500, -49, "threshold", ha="right", color="gray")
below.set(xlabel="time (ms)", ylabel="v (mV)")
figure.savefig("ready_made_synapse.png", dpi=120)
