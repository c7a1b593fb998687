"""One rule through the classical protocols: tetanus, theta burst, and 900 pulses at 1 to 50 Hz.

A kinase that feels the peaks of calcium inserts AMPA receptors, a phosphatase that follows its slow mean
removes them. One neuron for each protocol, all in one C++ program: about a minute with the build.
"""

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import AMPA, BackPropagatingSpike, BioNMDA, GlutamateSynapse, SpineCalcium
from brian2_nmda.equations import CalciumIntegrator, GradedEnzymes, KinaseDrivenInsertion

set_device('cpp_standalone', directory=None)
defaultclock.dt = 0.25*ms                                          # 0.1 ms gives the same to 1 %
model = GlutamateSynapse(
    [AMPA(gmax=0.5*nS), BioNMDA(gmax=0.2*nS)],
    calcium=SpineCalcium(integrator=CalciumIntegrator(tau=2.8*second)),
    plasticity=KinaseDrivenInsertion.preset('graded enzymes'),
    parts=GradedEnzymes(),
)
rates = [1, 2, 3, 5, 7, 10, 15, 20, 30, 50]                        # Hz
trains = {f'{f} Hz': arange(900)/f for f in rates}
trains['tetanus'] = arange(100)/100
trains['theta burst'] = concatenate([k/5 + arange(4)/100 for k in range(10)])
trains['30 min of tests'] = arange(180)*10.0

spike = BackPropagatingSpike()
neurons = NeuronGroup(
    len(trains),
    'dv/dt = (10*nS*(-70*mV - v) - I_syn)/(200*pF) : volt (unless refractory)'
    + spike.neuron_equations() + model.post_equations(v='v_s'),
    threshold='v > -54*mV', reset='v = -60*mV\n' + spike.reset(), refractory=3*ms, method='euler',
)
neurons.v = -70*mV
fibres = SpikeGeneratorGroup(
    len(trains), repeat(arange(len(trains)), [len(t) for t in trains.values()]),
    concatenate([*trains.values()])*second + 1*second,
)
synapses = model.synapses(fibres, neurons)
synapses.connect(i=arange(len(trains)), j=arange(len(trains)))
synapses.w = 30                                                    # fibres that fire together
recorded = StateMonitor(synapses, 'n_AMPA', record=arange(len(trains)), dt=10*second)
run(1830*second)

n = recorded.n_AMPA
change = dict(zip(trains, 100*(n[:, -1]/n[:, 0] - 1), strict=True))
for name, percent in change.items():
    print(f'{name:>16} {percent:+6.1f} %')

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), width_ratios=[2, 1], layout='constrained')
left.axhline(0, color='0.7')
left.semilogx(rates, [change[f'{f} Hz'] for f in rates], 'o-k')
left.set_xticks(rates, [f'{f}' for f in rates])
left.minorticks_off()
left.set(xlabel='frequency of 900 pulses (Hz)', ylabel='change of AMPA receptors (%)')
others = ['tetanus', 'theta burst', '30 min of tests']
labels = ['100 Hz,\n1 s', '10 bursts\nof 4', '0.1 Hz,\n30 min']
right.bar(labels, [change[name] for name in others], color='0.4')
right.axhline(0, color='0.7')
right.set(ylim=left.get_ylim(), ylabel='change of AMPA receptors (%)')
figure.savefig('frequency_curve.png', dpi=150)
