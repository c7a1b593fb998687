"""What can be recorded, and under which name: gates, calcium, totals, currents."""

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse, SpineCalcium

prefs.codegen.target = 'numpy'
model = GlutamateSynapse([AMPA(gmax=0.5*nS), BioNMDA(gmax=0.3*nS)], calcium=SpineCalcium())
source = SpikeGeneratorGroup(2, [0, 0, 1], [10, 30, 60]*ms)
neuron = NeuronGroup(1, 'dv/dt = (10*nS*(-50*mV - v) - I_syn)/(200*pF) : volt' + model.post_equations(),
                     method='euler')
neuron.v = -50*mV
S = model.synapses(source, neuron)
S.connect()

print(S.plan)                                                    # which variables there are, and where
at_synapses = StateMonitor(S, ['g_NMDA', 'Ca'], record=[0, 1])   # one line per synapse
at_neuron = StateMonitor(neuron, ['v', 'g_total_NMDA', 'block_NMDA', 'I_NMDA', 'I_syn'], record=[0])
run(120*ms)
print(S.g_NMDA[:], S.I_Ca[:])                                    # now; I_Ca cannot be given to a monitor

figure, axes = plt.subplots(3, 1, sharex=True, figsize=(7, 5.5), layout='constrained')
for k, style in enumerate(['-', '--']):
    axes[0].plot(at_synapses.t/ms, at_synapses.g_NMDA[k], style, label=f'synapse {k}')
    axes[1].plot(at_synapses.t/ms, at_synapses.Ca[k]/umolar, style)
axes[2].plot(at_neuron.t/ms, at_neuron.I_NMDA[0]/pA, label='I_NMDA')
axes[2].plot(at_neuron.t/ms, at_neuron.I_syn[0]/pA, ':', label='I_syn, with AMPA')
axes[0].set(ylabel='open fraction')
axes[1].set(ylabel='calcium (µM)')
axes[2].set(xlabel='time (ms)', ylabel='current (pA)')
axes[0].legend()
axes[2].legend()
figure.savefig('recording.png', dpi=100)
