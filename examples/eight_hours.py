"""Early and late phase over eight hours, in about a minute: the time step grows when calcium is at rest.

Luboeinski & Tetzlaff (2021): one of the 100 synapses of each neuron is stimulated, strongly (three trains of
1 s at 100 Hz, ten minutes apart) or weakly (0.2 s). The trains, with what follows them within a second, are
stepped with 0.2 ms. In the pauses the early phase decays linearly, stepped without an error; proteins
and late phase are of first order in the step, 6e-5 of their time constant. One C++ program holds all phases.
"""

from time import perf_counter

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import GlutamateSynapse
from brian2_nmda.equations import LatePhase, ProteinSynthesis, TwoExponentialAMPA

began = perf_counter()
set_device('cpp_standalone', build_on_run=False)
seed(1)
defaultclock.dt = fine = 0.2*ms
hour, minute = 3600*second, 60*second

model = GlutamateSynapse(TwoExponentialAMPA(gmax=0.1*nS), plasticity=LatePhase(), parts=ProteinSynthesis())
train = arange(100)/100
strong, weak = concatenate([600*k + train for k in range(3)]), train[:21]     # s
stimulus = SpikeGeneratorGroup(                                               # the third is silent
    3, [0]*len(strong) + [1]*len(weak), concatenate([strong, weak])*second
)
neurons = NeuronGroup(
    2, 'dv/dt = (10*nS*(-65*mV - v) - I_syn)/(100*pF) : volt (unless refractory)' + model.post_equations(),
    threshold='v > -55*mV', reset='v = -70*mV', refractory=2*ms, method='euler',
)
neurons.v = -65*mV
synapses = model.synapses(stimulus, neurons, delay=3*ms)
synapses.connect(i=[0] + 99*[2] + [1] + 99*[2], j=repeat([0, 1], 100))
monitor = StateMonitor(synapses, ['h_AMPA', 'z_AMPA', 'p_ProteinSynthesis'], record=[0, 100], dt=minute)

coarse = synapses.coarsest_step()                  # 0.2 s
for k in range(3):
    neurons.active, stimulus.active, defaultclock.dt = True, True, fine
    run(2*second)
    neurons.active, stimulus.active, defaultclock.dt = False, False, coarse
    run(10*minute - 2*second if k < 2 else 8*hour - 20*minute - 2*second)
device.build(directory=None)
print(f'8 h in {perf_counter() - began:.0f} s, with the build; a step of {coarse} in the pauses')

h_0 = model.system.values()['h_0_AMPA']
figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout='constrained')
for k, (ax, title) in enumerate(zip(axes, ['three strong trains', 'a weak train'], strict=True)):
    early, late = monitor.h_AMPA[k]/volt/h_0 - 1, monitor.z_AMPA[k]
    ax.plot(monitor.t/hour, 100*(1 + early + late), 'k', lw=2, label='weight')
    ax.plot(monitor.t/hour, 100*(1 + early), color='tab:red', ls=':', label='early phase alone')
    ax.plot(monitor.t/hour, 100*(1 + late), color='tab:blue', label='late phase alone')
    ax.plot(monitor.t/hour, 100*monitor.p_ProteinSynthesis[k], color='tab:green', ls='--',
            label='proteins (% of their most)')
    ax.set(xlabel='time (h)', ylabel='weight (% of that at rest)', title=title)
    print(f'{title:>20}: early {100*early.max():+.0f} % at most, late {100*late[-1]:+.1f} % after 8 h')
axes[1].legend(fontsize=8)
figure.savefig('eight_hours.png', dpi=150)
