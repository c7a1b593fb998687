"""Stages of one's own between calcium and receptors: a kinase, a shared pool, and insertion."""

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import (
    AMPA,
    BioNMDA,
    GlutamateSynapse,
    Parameter,
    Part,
    Plasticity,
    SpineCalcium,
    Total,
    check_model,
    conductance,
    gives,
    needs,
    states,
)

prefs.codegen.target = 'numpy'


class Kinase(Part):                                # no place is stated: it lives on each synapse
    """Calcium activates a kinase."""

    relaxes = 'resting calcium keeps some of it active'    # for check_model: why it moves without spikes
    k_on, k_off = Parameter(40/second, 'activation'), Parameter(5/second, 'inactivation')
    K = Parameter(0.4*umolar, 'calcium of half the rate')
    calcium = needs('Ca', umolar)                  # given by calcium=SpineCalcium()
    P = states('P', meaning='active fraction')
    dP = k_on*calcium**4/(K**4 + calcium**4)*(1 - P) - k_off*P
    kinase = gives(P)                              # any other part may need 'kinase'


class Pool(Part):
    """Receptors in a dendrite, shared by its synapses."""

    place = 'dendrite'
    relaxes = 'it fills from its supply'
    supply = Parameter(20/second, 'synthesis')
    inserted = needs('inserted', 1/second)
    R = states('R', within=(0, None), initial=100)
    dR = supply - Total(inserted)
    pool = gives(R)


class Insertion(Plasticity):
    """The kinase takes receptors from the pool."""

    relaxes = 'it follows kinase and pool'
    k_in, k_out = Parameter(0.1/second, 'insertion'), Parameter(0.1/second, 'removal')
    active, available = needs('kinase'), needs('pool')
    n = states('n', within=(0, None), initial=10)
    dn = k_in*active*available - k_out*(n - 10)
    inserted = gives(k_in*active*available - k_out*(n - 10), unit=1/second)
    conductance = conductance*n/10


model = GlutamateSynapse([AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=Insertion(),
                         parts=[Kinase(), Pool()])
inputs = PoissonGroup(40, rates=20*Hz)
neuron = NeuronGroup(1, 'dv/dt = (10*nS*(-65*mV - v) - I_syn)/(200*pF) : volt'
                     + model.post_equations(), method='euler')
S = model.synapses(inputs, neuron, places={'dendrite': 4})
S.connect()
S.dendrite_index = 'i % 4'                         # which dendrite each synapse belongs to
neuron.v = -65*mV
monitor = StateMonitor(S, ['n_AMPA', 'P_Kinase', 'R_Pool'], record=[0, 1], dt=1*ms)
run(1*second)
print(S.n_AMPA, S.R_Pool)       # for each synapse its receptors and the pool of its dendrite
print(*check_model(model, targets=()), sep='\n')         # without runs; check_model(model) has them

figure, axes = plt.subplots(3, 1, sharex=True, figsize=(7, 5), layout='constrained')
for axis, name, label in zip(axes, ['P_Kinase', 'R_Pool', 'n_AMPA'],
                             ['active kinase', 'pool of the dendrite', 'receptors'], strict=True):
    for k, style in enumerate(['-', '--']):
        axis.plot(monitor.t/ms, getattr(monitor, name)[k], style, label=f'synapse {k}')
    axis.set(ylabel=label)
axes[0].legend()
axes[2].set(xlabel='time (ms)')
figure.savefig('own_stage.png', dpi=100)
