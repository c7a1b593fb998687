"""One C++ program, built once, run with several values of two parameters."""

import tempfile

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import BioNMDA, GlutamateSynapse

folder = tempfile.mkdtemp(prefix='sweep_')
set_device('cpp_standalone', directory=folder, build_on_run=False)
model = GlutamateSynapse(BioNMDA())
source = SpikeGeneratorGroup(1, [0]*5, [10, 20, 30, 40, 50]*ms)
neuron = NeuronGroup(1, 'dv/dt = (10*nS*(-60*mV - v) - I_syn)/(200*pF) : volt'
                     + model.post_equations(variable=['Mg']), method='euler')
neuron.v = -60*mV
S = model.synapses(source, neuron)
S.connect()
monitor = StateMonitor(neuron, 'v', record=[0])
run(150*ms)
device.build(directory=folder, run=False)       # the compiler runs once, here
print(*S.binary_names(), sep='\n')              # what the binary can set

peaks = {}
strengths = [0.5, 1, 2, 4, 8]*nS
for magnesium in (0, 0.5, 1)*mM:
    for gmax in strengths:
        device.run(run_args={S.gmax_NMDA: gmax, neuron.Mg: magnesium})
        peaks.setdefault(f'{magnesium/mM:g} mM Mg', []).append(monitor.v[0].max()/mV)

figure, axis = plt.subplots(figsize=(6, 3.5), layout='constrained')
for (label, values), marker in zip(peaks.items(), 'os^', strict=True):
    axis.semilogx(strengths/nS, values, f'{marker}-', label=label)
axis.set_xticks(strengths/nS, [f'{g:g}' for g in strengths/nS])
axis.minorticks_off()
axis.set(xlabel='gmax (nS)', ylabel='peak of v (mV)', title='15 runs of one program')
axis.legend()
figure.savefig('sweep.png', dpi=100)
