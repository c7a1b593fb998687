"""Synapses on the dendrite of a neuron with compartments."""

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse

prefs.codegen.target = 'numpy'
model = GlutamateSynapse([AMPA(gmax=0.5*nS), BioNMDA(gmax=0.5*nS)])
morphology = Soma(20*um)
morphology.dendrite = Cylinder(length=200*um, diameter=2*um, n=5)
neuron = SpatialNeuron(
    morphology,
    'Im = (0.1*msiemens/cm**2)*(-70*mV - v) - I_syn/area : amp/meter**2'   # I_syn is a current: divide
    + model.post_equations(block='frozen'),                   # the block of the start of the step
    Cm=1*uF/cm**2, Ri=150*ohm*cm, method='exponential_euler',
)
neuron.v = -70*mV
source = SpikeGeneratorGroup(1, [0]*5, [10, 20, 30, 40, 50]*ms)
S = model.synapses(source, neuron.dendrite)                   # a part of the neuron, as with Brian2
S.connect(i=0, j=4)                                           # the last compartment of the dendrite
S.w = 4
monitor = StateMonitor(neuron, ['v', 'g_total_NMDA'], record=True)
run(150*ms)

figure, axis = plt.subplots(figsize=(7, 3.5), layout='constrained')
axis.plot(monitor.t/ms, monitor.v[-1]/mV, label='end of the dendrite')
axis.plot(monitor.t/ms, monitor.v[0]/mV, label='soma')
axis.set(xlabel='time (ms)', ylabel='v (mV)')
axis.legend()
figure.savefig('spatial_neuron.png', dpi=100)
