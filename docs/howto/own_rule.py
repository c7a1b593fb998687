"""A plasticity rule of one's own: calcium above a threshold slowly raises the efficacy of AMPA receptors."""

import matplotlib.pyplot as plt
from brian2 import *
from sympy import Heaviside

from brian2_nmda import (
    AMPA,
    BackPropagatingSpike,
    BioNMDA,
    Ca,
    GlutamateSynapse,
    Parameter,
    Plasticity,
    SpineCalcium,
    check_model,
    conductance,
    states,
)

prefs.codegen.target = 'numpy'


class Threshold(Plasticity):
    """Efficacy grows towards 2 while calcium is high, and falls towards 1 otherwise."""

    relaxes = 'it falls towards 1'                        # for check_model: what brings it back
    theta = Parameter(0.3*umolar, 'threshold')
    up, down = Parameter(1/second, 'growth'), Parameter(0.05/second, 'decay')
    rho = states('rho', within=(1, 2), initial=1, meaning='efficacy')
    drho = up*Heaviside(Ca - theta)*(2 - rho) - down*(rho - 1)
    conductance = conductance*rho                         # what the rule makes of the receptor


model = GlutamateSynapse([AMPA(gmax=0.5*nS), BioNMDA(gmax=0.3*nS)],
                         calcium=SpineCalcium(), plasticity=Threshold())
print(*check_model(model, targets=()), sep='\n')    # without runs; check_model(model) has them

bap = BackPropagatingSpike()                              # the spine sees the spikes of the neuron
neuron = NeuronGroup(
    1,
    'dv/dt = (10*nS*(-70*mV - v) - I_syn)/(200*pF) : volt'
    + bap.neuron_equations() + model.post_equations(v='v_s'),
    threshold='v > -54*mV', reset='v = -60*mV\n' + bap.reset(), method='euler',
)
neuron.v = -70*mV
source = SpikeGeneratorGroup(2, [0]*20 + [1]*2, concatenate([0.2 + arange(20)*0.02, [0.2, 1]])*second)
S = model.synapses(source, neuron)
S.connect()
S.w = 20                                                  # each stands for 20 fibres
monitor = StateMonitor(S, ['Ca', 'rho_AMPA'], record=True, dt=1*ms)
run(2*second)

print(f'calcium: {monitor.Ca.min()/umolar:.3f} to {monitor.Ca.max()/umolar:.2f} uM')
figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(7, 4.5), layout='constrained')
for k, name in enumerate(['20 spikes at 50 Hz', 'two spikes']):
    above.semilogy(monitor.t/ms, monitor.Ca[k]/umolar, label=name)
    below.plot(monitor.t/ms, monitor.rho_AMPA[k])
above.axhline(0.3, color='gray', linestyle=':')
above.text(1990, 0.32, 'threshold', ha='right', color='gray')
above.set(ylabel='calcium (µM)')
above.legend()
below.set(xlabel='time (ms)', ylabel='efficacy')
figure.savefig('own_rule.png', dpi=100)
