"""NMDA receptors of the library under voltage clamp, and what a drug does to one of them.

Left: the unblocked open fraction after one spike, at -20 mV. Right: 10 uM memantine is washed into a
train at 5 Hz and out again while the synapse is silent: trapped blocker stays.
"""

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import GlutamateSynapse, TransmitterPulse
from brian2_nmda.equations import (
    BioNMDA,
    FirstOrderNMDA,
    FiveStateNMDA,
    Memantine,
    PopescuNMDA,
    TwoExponentialNMDA,
    WangNMDA,
)

prefs.codegen.target = 'numpy'  # many small models: compiling them would take longer than the run
release = TransmitterPulse(peak=1*mM, duration=1*ms)
receptors = [BioNMDA(), WangNMDA(), TwoExponentialNMDA(), FirstOrderNMDA(), FiveStateNMDA(), PopescuNMDA()]
spike = SpikeGeneratorGroup(1, [0], [5]*ms)
network = Network(spike)
recorded = {}
for receptor in receptors:
    model = GlutamateSynapse(receptor, release=release)
    clamped = NeuronGroup(1, 'v : volt\nI = I_syn : amp' + model.post_equations(), method='euler')
    clamped.v = -20*mV
    synapse = model.synapses(spike, clamped)
    synapse.connect()
    monitor = StateMonitor(clamped, 'I', record=True, dt=1*ms)
    network.add(clamped, synapse, monitor)
    recorded[receptor.name] = monitor
network.run(200*ms)

dose = TimedArray([0, 10, 0, 0]*umolar, dt=3*second)
defaultclock.dt = 0.5*ms
model = GlutamateSynapse(WangNMDA(blocker=Memantine(conc=dose)))
times = concatenate([arange(30)*200, 9000 + arange(15)*200])*ms
spikes = SpikeGeneratorGroup(1, zeros(45, dtype=int), times + 1*ms)
clamped = NeuronGroup(1, 'v : volt\nI = I_syn : amp' + model.post_equations(), method='euler')
clamped.v = -70*mV
synapse = model.synapses(spikes, clamped)
synapse.connect()
blocked = StateMonitor(synapse, 'b_memantine_NMDA', record=[0], dt=20*ms)
Network(spikes, clamped, synapse, blocked).run(12*second, report='text')

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout='constrained')
styles = [':', '-', '--', '-.', (0, (8, 3)), (0, (4, 1, 1, 1, 1, 1))]
for (name, monitor), style in zip(recorded.items(), styles, strict=True):
    on_top = dict(linewidth=3, zorder=3) if name == 'BioNMDA' else {}  # WangNMDA has the same decay
    left.plot(monitor.t/ms, monitor.I[0]/monitor.I[0].min(), linestyle=style, label=name, **on_top)
left.set(xlabel='time (ms)', ylabel='inward current / its peak', title='one spike, clamped at -20 mV')
left.legend(fontsize=9)
right.plot(blocked.t/second, 100*blocked.b_memantine_NMDA[0], 'k')
right.axvspan(3, 6, color='tab:orange', alpha=0.2)
for time, text in ((0.1, '5 Hz'), (3.1, '5 Hz, 10 µM\nmemantine'), (6.1, 'no spikes'), (9.1, '5 Hz again')):
    right.text(time, 10.8, text, fontsize=9, va='top')
right.set(ylim=(-0.3, 11), xlabel='time (s)',
          ylabel='blocked receptors (%)', title='trapping block at -70 mV')
figure.savefig('compare_receptors.png', dpi=100)
