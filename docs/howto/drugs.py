"""A competitive antagonist and an open-channel blocker, washed in and out, and a co-agonist."""

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import BioNMDA, GlutamateSynapse
from brian2_nmda.equations import DAP5, GlycineSite, Memantine

prefs.codegen.target = 'numpy'
defaultclock.dt = 0.25*ms
drug = TimedArray([0, 20, 0, 0]*umolar, dt=2*second)      # washed in from 2 to 4 s
treatments = {
    'no drug': BioNMDA(),
    'D-AP5 20 µM, 2 to 4 s': BioNMDA(antagonist=DAP5(conc=drug)),
    'memantine 20 µM, 2 to 4 s: blocks open channels, leaves slowly': BioNMDA(blocker=Memantine(conc=drug)),
    'glycine 1 µM, all the time': BioNMDA(coagonist=GlycineSite(glycine=1*umolar)),
}
source = SpikeGeneratorGroup(1, zeros(16, int), (arange(16)*0.5 + 0.1)*second)
network, recorded = Network(source), {}
for name, receptor in treatments.items():
    model = GlutamateSynapse(receptor)
    clamped = NeuronGroup(1, 'v : volt\nI = I_syn : amp' + model.post_equations(), method='euler')
    clamped.v = -40*mV
    S = model.synapses(source, clamped)
    S.connect()
    monitor = StateMonitor(clamped, 'I', record=[0], dt=5*ms)
    network.add(clamped, S, monitor)
    recorded[name] = monitor
network.run(8*second)

figure, axes = plt.subplots(4, 1, sharex=True, sharey=True, figsize=(7, 6), layout='constrained')
for axis, (name, monitor) in zip(axes, recorded.items(), strict=True):
    axis.plot(monitor.t/second, monitor.I[0]/pA, 'k', linewidth=1)
    axis.set_title(name, loc='left', fontsize=10)
for axis in axes[1:3]:
    axis.axvspan(2, 4, color='0.92')
figure.supylabel('current at -40 mV (pA), inward is negative', fontsize=10)
axes[3].set_xlabel('time (s)')
figure.savefig('drugs.png', dpi=100)
