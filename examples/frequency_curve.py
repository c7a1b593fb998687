"""One rule through the classical protocols, with and without short-term depression of release.

Tetanus, theta burst, and 900 pulses at 0.5 to 50 Hz; controls in D-AP5, with the cell clamped, and with test
pulses alone. One neuron for each protocol, all in one C++ program: about four minutes. With
``--robust`` each number of the rule is changed by 20 % as well, which takes a few minutes more.
"""

import sys

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import AMPA, BackPropagatingSpike, BioNMDA, GlutamateSynapse, SpineCalcium
from brian2_nmda.equations import (
    DAP5,
    AutonomousEnzymes,
    CalciumIntegrator,
    RelativeInsertion,
    TransmitterPulse,
    TsodyksMarkram,
)

set_device('cpp_standalone', directory=None)
defaultclock.dt = 0.25*ms                                          # as coarse as the figures allow
# The stimulus is set so that the test EPSP is the same, 7.9 mV: a depressing synapse at rest releases
# half of what it has (U = 0.5), so it takes more fibres that fire together.
releases = {'without depression': (TransmitterPulse(), 28), 'with depression': (TsodyksMarkram(), 47)}
rule = ['k_act_autonomous', 'tau_K_autonomous', 'K_K_autonomous', 'K_P_autonomous', 'tau_Ca_eff']
rule += ['k_ins_AMPA', 'k_rem_AMPA', 'gain_AMPA', 'loss_AMPA']
rates = [0.5, 1, 2, 3, 5, 6, 7, 10, 15, 20, 30, 50]                   # Hz

trains = {f'{f} Hz': arange(900)/f for f in rates}
trains['tetanus'] = arange(100)/100
trains['theta burst'] = concatenate([k/5 + arange(4)/100 for k in range(10)])
trains['in D-AP5'] = trains['clamped'] = trains['tetanus']
trains['30 min of tests'] = arange(180)*10.0
rows = [(name, None, 1) for name in trains]                        # protocol, number that is changed, factor
judged = ['tetanus', 'theta burst', '1 Hz', '50 Hz']
if '--robust' in sys.argv:
    rows += [(name, number, factor) for number in rule for factor in (0.8, 1.2) for name in judged]
times = [trains[name] for name, *_ in rows]
each = arange(len(rows))

spike, network, made, recorded = BackPropagatingSpike(), Network(), {}, {}
for label, (release, fibres_together) in releases.items():
    model = GlutamateSynapse(
        [AMPA(gmax=0.5*nS), BioNMDA(gmax=0.29*nS, antagonist=DAP5())],
        release=release,
        calcium=SpineCalcium(integrator=CalciumIntegrator(tau=12*second)),
        plasticity=RelativeInsertion.preset('autonomous kinase'),
        parts=AutonomousEnzymes(),
    )
    neurons = NeuronGroup(
        len(rows),
        'dv/dt = (1 - clamped)*(4.2*nS*(-70*mV - v) - I_syn)/(250*pF) : volt (unless refractory)\nclamped : 1'
        + spike.neuron_equations() + model.post_equations(v='v_s'),
        threshold='v > -58*mV', reset='v = -60*mV\n' + spike.reset(), refractory=3*ms, method='euler',
    )
    neurons.v = -70*mV
    neurons.clamped = [float(name == 'clamped') for name, *_ in rows]
    fibres = SpikeGeneratorGroup(
        len(rows), repeat(each, [len(t) for t in times]), concatenate(times)*second + 1*second
    )
    synapses = model.synapses(
        fibres, neurons, per_synapse=[*rule, 'conc_DAP5_NMDA'], model='peak_Ca : mM\npeak_r : 1'
    )
    synapses.connect(i=each, j=each)
    synapses.w = fibres_together
    dose = 50*umolar
    synapses.conc_DAP5_NMDA = [float(name == 'in D-AP5') for name, *_ in rows]*dose
    for number in rule:
        value = model.system.parameters[number]
        changed = [value.value*(factor if number == which else 1) for _, which, factor in rows]
        setattr(synapses, number, Quantity(changed, dim=getattr(synapses, number).dim))
    synapses.run_regularly(
        'peak_Ca += int(Ca > peak_Ca)*(Ca - peak_Ca)\npeak_r += int(r_AMPA > peak_r)*(r_AMPA - peak_r)',
        dt=1*ms,
    )
    made[label] = synapses
    recorded[label] = StateMonitor(synapses, 'r_AMPA', record=each, dt=10*second)
    network.add(neurons, fibres, synapses, recorded[label])
network.run(1830*second)

changes = {label: 100*(monitor.r_AMPA[:, -1] - 1) for label, monitor in recorded.items()}
change = {label: dict(zip(trains, percent, strict=False)) for label, percent in changes.items()}
calcium = {label: dict(zip(trains, synapses.peak_Ca[:]/uM, strict=False)) for label, synapses in made.items()}
filled = {k: dict(zip(trains, 100*(S.peak_r[:] - 1)/S.gain_AMPA[:], strict=False)) for k, S in made.items()}
print('change of AMPA receptors (%), peak of calcium, free places that were filled at most (%)')
print(f'{"":>20}', *(f'{label:>28}' for label in change))
for name in trains:
    rows_of = ((change[k][name], calcium[k][name], filled[k][name]) for k in change)
    print(f'{name:>20}', *('{:+13.1f} {:6.2f} uM {:4.0f}'.format(*numbers) for numbers in rows_of))

ratios = {}
for k, (name, number, factor) in enumerate(rows):
    if number:
        ratios[number, factor, name] = [changes[label][k]/change[label][name] for label in change]
if ratios:
    print('\nsize after a change of one number, relative to that before (without, with depression)')
    print(f'{"":>20}', *(f'{name:>12}' for name in judged))
    for number in rule:
        for factor in (0.8, 1.2):
            pairs = ['{:.2f} {:.2f}'.format(*ratios[number, factor, name]) for name in judged]
            print(f'{number:>14} x {factor}', *(f'{pair:>12}' for pair in pairs))

figure, axes = plt.subplots(1, 3 if ratios else 2, figsize=(14 if ratios else 9.5, 3.8), layout='constrained')
curve, bars = axes[:2]
others = ['tetanus', 'theta burst', 'in D-AP5', 'clamped', '30 min of tests']
for k, (label, mark, colour) in enumerate(zip(change, ('o-', 's--'), ('k', 'C1'), strict=True)):
    curve.semilogx(rates, [change[label][f'{f} Hz'] for f in rates], mark, color=colour, label=label)
    bars.bar(arange(5) + 0.4*k - 0.2, [change[label][name] for name in others], 0.38, color=colour)
curve.set_xticks(rates, [f'{f:g}' if f != 6 else '' for f in rates])
curve.minorticks_off()
curve.legend(frameon=False)
curve.set(ylim=(-40, 60), xlabel='frequency of 900 pulses (Hz)', ylabel='change of AMPA receptors (%)')
labels = ['tetanus', '10 theta\nbursts', 'tetanus,\nD-AP5', 'tetanus,\nclamped', '30 min\nof tests']
bars.set_xticks(arange(5), labels, fontsize=8)
bars.set(ylim=curve.get_ylim(), ylabel='change of AMPA receptors (%)')
for ax in (curve, bars):
    ax.axhline(0, color='0.7', zorder=0)
if ratios:
    robust = axes[2]
    robust.axhspan(0.5, 1.5, color='0.93')
    for (number, *_), (without, depressing) in ratios.items():
        robust.plot(rule.index(number) - 0.12, without, 'ok', markersize=4, alpha=0.6)
        robust.plot(rule.index(number) + 0.12, depressing, 'sC1', markersize=4, alpha=0.6)
    robust.axhline(1, color='0.7', zorder=0)
    robust.set_xticks(arange(len(rule)), [number.rsplit('_', 1)[0] for number in rule], rotation=45)
    robust.set(ylim=(0, 2), xlabel='number changed by 20 %', ylabel='change relative to that without')
figure.savefig('frequency_curve.png', dpi=150)
