"""The whole chain on two pathways: early and late potentiation, depression, capture, and scaling.

Calcium drives a graded kinase and phosphatase, which insert, remove and phosphorylate AMPA receptors. What
was inserted fades within hours, unless the neuron makes proteins; then a scaffold keeps it. Background input
makes the cell fire; when it grows after an hour and a half, scaling brings the rate back. Pathway A is two
synapses of fifteen fibres each, pathway B one. Three hours of four neurons: about five minutes.
"""

import matplotlib.pyplot as plt
from brian2 import *
from sympy import Heaviside

from brian2_nmda import (
    AMPA,
    BackPropagatingSpike,
    BioNMDA,
    GlutamateSynapse,
    SpineCalcium,
    Total,
    post_equations,
    states,
)
from brian2_nmda.equations import (
    CalciumIntegrator,
    CastellaniPhosphorylation,
    ExponentialAMPA,
    GradedEnzymes,
    ProteinSynthesis,
    Scaffold,
    ScaffoldedInsertion,
    SynapticScaling,
)

set_device('cpp_standalone', directory=None)
defaultclock.dt = 0.25*ms
minute, hour = 60*second, 3600*second
goal, gain = 0.5*Hz, 2e-3     # of the scaling; 50 times the published gain, so that an hour shows it


class Anisomycin(ProteinSynthesis):
    """Synthesis of which an inhibitor leaves a fraction, in each neuron another one."""

    moved_by_hand = 'set before the run'
    left = states('left', initial=1, meaning='fraction of the synthesis that is left')
    dleft = 0
    dp = (left*Heaviside(Total(ProteinSynthesis.early_change) - ProteinSynthesis.theta_pro)
          - ProteinSynthesis.p)/ProteinSynthesis.tau_p


chain = GlutamateSynapse(
    [AMPA(gmax=0.5*nS), BioNMDA(gmax=0.2*nS)],
    calcium=SpineCalcium(integrator=CalciumIntegrator(tau=2.8*second)),
    plasticity=[
        ScaffoldedInsertion.preset('graded enzymes'),
        CastellaniPhosphorylation(P_max=3.0),
        SynapticScaling(a_goal=goal, p_gain=gain),
    ],
    parts=[GradedEnzymes(), Scaffold(), Anisomycin()],
)
background = GlutamateSynapse(
    ExponentialAMPA(gmax=12*nS, label='background'),
    plasticity=SynapticScaling(a_goal=goal, p_gain=gain, target='background'),
)

tetanus = arange(100)/100
strong = concatenate([k*20 + tetanus for k in range(3)]) + 300     # s; three trains, 20 s apart
weak = tetanus[:60] + 1500                                         # 0.6 s of 100 Hz
slow = arange(900)/3 + 300
conditions = {  # trains of A, trains of B, synthesis that is left
    'strong A, then weak B': (strong, weak, 1),
    'the same in anisomycin': (strong, weak, 0),
    'weak B alone': ([], weak, 1),
    'slow B': ([], slow, 1),
}

spike = BackPropagatingSpike()
neurons = NeuronGroup(
    len(conditions),
    'dv/dt = (10*nS*(-70*mV - v) - I_syn)/(200*pF) : volt (unless refractory)'
    + spike.neuron_equations() + post_equations(chain, background, v='v_s'),
    threshold='v > -54*mV', reset='v = -60*mV\n' + spike.reset(), refractory=3*ms, method='euler',
)
neurons.v = -65*mV
trains = [t for A, B, _ in conditions.values() for t in (A, A, B)]
fibres = SpikeGeneratorGroup(
    len(trains), repeat(arange(len(trains)), [len(t) for t in trains]), concatenate(trains)*second
)
synapses = chain.synapses(fibres, neurons)
synapses.connect(i=arange(len(trains)), j=arange(len(trains))//3)
synapses.w = 15
left = [x for _, _, x in conditions.values()]
synapses.left_Anisomycin = repeat(left, 3)                         # one value for each synapse of a neuron
rate = TimedArray([2, 3]*Hz, dt=1.5*hour)
noise = PoissonGroup(10, 'rate(t)')
driven = background.synapses(noise, neurons, w='constant')
driven.connect()
every = arange(len(trains))
slowly = StateMonitor(synapses, ['n_AMPA', 's_Scaffold', 'p_Anisomycin', 'k_AMPA'], record=every, dt=minute)
closely = StateMonitor(synapses, ['K_graded', 'Ca_eff', 'g_mean_AMPA'], record=[0], dt=50*ms)
spikes = SpikeMonitor(neurons)

run(3*hour)

figure, axes = plt.subplots(2, 2, figsize=(7.5, 6), layout='constrained')
shown = {  # condition, pathway: colour and line
    ('strong A, then weak B', 'A'): ('#d55e00', '-'), ('the same in anisomycin', 'A'): ('#d55e00', '--'),
    ('strong A, then weak B', 'B'): ('#0072b2', '-'), ('weak B alone', 'B'): ('#0072b2', '--'),
    ('slow B', 'B'): ('k', '-'),
}
change = {}
for (name, pathway), (colour, line) in shown.items():
    k = 3*list(conditions).index(name) + (2 if pathway == 'B' else 0)
    percent = change[name, pathway] = 100*(slowly.n_AMPA[k]/slowly.n_AMPA[k, 0] - 1)
    label = f'{pathway}: {name}'
    axes[0, 0].plot(slowly.t/hour, percent, line, color=colour, label=label)
    axes[0, 1].plot(slowly.t/hour, slowly.s_Scaffold[k], line, color=colour)
    extreme = percent[abs(percent).argmax()]
    print(f'{label:>28} {extreme:+6.1f} %, after 3 h {percent[-1]:+6.1f} %')
axes[0, 0].set(xlabel='time (h)', ylabel='change of AMPA receptors (%)', ylim=(-15, 70))
axes[0, 1].set(xlabel='time (h)', ylabel='receptors that the scaffold holds')
protein = axes[0, 1].twinx()
protein.plot(slowly.t/hour, slowly.p_Anisomycin[0], ':', color='0.4')
protein.text(0.55, 0.7, 'proteins,\nstrong A', color='0.4', fontsize=8, ha='center')
protein.set(ylim=(0, 1), ylabel='proteins (of the most)')
figure.legend(loc='outside upper center', ncols=3, fontsize=8, frameon=False)

near = (closely.t > 298*second) & (closely.t < 312*second)
time, K, Ca_eff = closely.t[near]/second - 300, closely.K_graded[0, near], closely.Ca_eff[0, near]
bigger = closely.g_mean_AMPA[0, near]/closely.g_mean_AMPA[0, 0] - 1
axes[1, 0].plot(time, K**2, color='#d55e00', label='kinase')
axes[1, 0].plot(time, Ca_eff**2/(synapses.K_P_graded**2 + Ca_eff**2), color='#0072b2', label='phosphatase')
axes[1, 0].plot(time, bigger, 'k', label='conductance of a receptor, change')
axes[1, 0].set(xlabel='time from the start of the first train (s)', ylabel='active fraction')
axes[1, 0].set_ylim(-0.15, 1.15)
axes[1, 0].legend(fontsize=8, loc='upper right', frameon=False)

bins = arange(0, 3*3600 + 1, 600)
rates = histogram(spikes.t/second, bins)[0]/600/len(conditions)
axes[1, 1].stairs(rates, bins/3600, color='k', baseline=None, label='mean rate')
axes[1, 1].axhline(goal/Hz, color='#d55e00', linestyle='--', label='goal of the scaling')
axes[1, 1].axvline(1.5, color='0.7')
axes[1, 1].text(1.52, 0.02, 'more background input', fontsize=8)
axes[1, 1].set(xlabel='time (h)', ylabel='firing rate (Hz)', ylim=(0, 0.85))
axes[1, 1].legend(fontsize=8, frameon=False, ncols=2, loc='upper center', columnspacing=1)
figure.savefig('early_and_late_ltp.png', dpi=150)
