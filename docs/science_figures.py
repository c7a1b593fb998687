"""Figures of the page "The science in pictures": ``python docs/science_figures.py`` (NumPy, seconds)."""

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse, JahrStevens
from brian2_nmda.equations import GradedEnzymes

prefs.codegen.target = 'numpy'

# The block, and the coincidence of glutamate and depolarisation
model = GlutamateSynapse([AMPA(gmax=0.5*nS), BioNMDA(gmax=0.5*nS)])
cases = {'neither': (0, -70), 'glutamate alone': (1, -70), 'depolarisation alone': (0, -20), 'both': (1, -20)}
source = SpikeGeneratorGroup(2, [1], [20]*ms)
clamped = NeuronGroup(len(cases), 'v : volt' + model.post_equations(), method='euler')
clamped.v = [v for _, v in cases.values()]*mV
S = model.synapses(source, clamped)
S.connect(i=[i for i, _ in cases.values()], j=arange(len(cases)))
monitor = StateMonitor(clamped, ['I_AMPA', 'I_NMDA'], record=True)
run(200*ms)

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout='constrained')
v = linspace(-90, 50, 200)*mV
for Mg, style in ((0.1, '--'), (1, '-'), (2, ':')):
    values = JahrStevens(Mg=Mg*mM).parameters
    K, k = (next(r['value'] for r in values if r['name'] == n) for n in ('K', 'k'))
    left.plot(v/mV, 1/(1 + Mg*mM/K*exp(-k*v)), style, label=f'{Mg:g} mM Mg')
left.set(xlabel='voltage (mV)', ylabel='fraction of channels that conducts', title='magnesium block')
left.legend()
styles = ((0, (2, 4)), '--', '-', '-')                # told apart without colour, too
for k, (name, color) in enumerate(zip(cases, ('black', 'tab:orange', '0.7', 'tab:blue'), strict=True)):
    right.plot(monitor.t/ms, monitor.I_NMDA[k]/pA, label=name, color=color, linestyle=styles[k],
               linewidth=3 if k == 2 else 1.7, zorder=3 if k == 0 else 2)
right.set(xlabel='time (ms)', ylabel='NMDA current (pA)', title='coincidence')
right.legend()
figure.savefig('science_coincidence.png', dpi=100)

# A fast and a slow current
figure, axis = plt.subplots(figsize=(6, 3), layout='constrained')
for name, style in (('AMPA', '-'), ('NMDA', '--')):
    current = getattr(monitor, f'I_{name}')[3]
    axis.plot(monitor.t/ms, current/current.min(), style, label=name)
axis.set(xlabel='time (ms)', ylabel='inward current / its peak', title='one spike, at -20 mV')
axis.legend()
figure.savefig('science_fast_slow.png', dpi=100)

# Kinase against phosphatase, at steady calcium
given = {r['name']: r['value'] for r in GradedEnzymes().parameters}
Ca = logspace(-1, 1.5, 200)*umolar
kinase = (Ca**4/(given['K_K']**4 + Ca**4))**2
phosphatase = Ca**2/(given['K_P']**2 + Ca**2)
figure, axis = plt.subplots(figsize=(6, 3.2), layout='constrained')
axis.semilogx(Ca/umolar, kinase, label='kinase: peaks of calcium')
axis.semilogx(Ca/umolar, phosphatase, '--', label='phosphatase: slow mean of calcium')
axis.set(xlabel='calcium, or its slow mean (µM)', ylabel='active fraction', title='at steady calcium')
axis.legend()
figure.savefig('science_enzymes.png', dpi=100)
