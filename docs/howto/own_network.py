"""A recurrent network: 80 excitatory and 20 inhibitory neurons, three synapse objects."""

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import BioNMDA, GlutamateSynapse, post_equations
from brian2_nmda.equations import AMPA, FirstOrderGABA

prefs.codegen.target = 'numpy'                  # a short run: compiling would take longer
seed(2)
exciting = GlutamateSynapse([AMPA(gmax=0.4*nS), BioNMDA(gmax=0.1*nS)])
inhibiting = GlutamateSynapse(FirstOrderGABA(gmax=1*nS))
background = GlutamateSynapse(AMPA(gmax=1.8*nS, label='background'))

# One set of equations for all that arrives at a neuron; I_syn is the sum of the three.
neurons = NeuronGroup(
    100,
    'dv/dt = (10*nS*(-70*mV - v) - I_syn)/(200*pF) : volt (unless refractory)'
    + post_equations(exciting, inhibiting, background),
    threshold='v > -50*mV', reset='v = -60*mV', refractory=2*ms, method='euler',
)
neurons.v = -65*mV
E, I = neurons[:80], neurons[80:]               # subgroups of Brian2
noise = PoissonGroup(400, rates=20*Hz)

from_E = exciting.synapses(E, neurons, delay=1*ms)        # one delay for all
from_E.connect(p=0.2)
from_E.w = 'rand()*2'                                     # one weight per synapse
from_I = inhibiting.synapses(I, neurons, w=2)             # one shared weight
from_I.connect(p=0.2)
from_noise = background.synapses(noise, neurons, w='constant')
from_noise.connect(p=0.1)

spikes = SpikeMonitor(neurons)
run(300*ms)
print(f'{spikes.num_spikes/100/0.3:.1f} Hz')
print(from_E.plan)

figure, axis = plt.subplots(figsize=(7, 3), layout='constrained')
axis.plot(spikes.t/ms, spikes.i, '.k', markersize=3)
axis.axhline(79.5, color='tab:blue', linewidth=1)
axis.set(xlabel='time (ms)', ylabel='neuron', title='80 excitatory neurons below, 20 inhibitory above')
figure.savefig('own_network.png', dpi=100)
