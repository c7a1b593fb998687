"""Changing an equation: NMDA receptors that calcium closes, and a steeper block written in SymPy."""

import matplotlib.pyplot as plt
import sympy
from brian2 import *

from brian2_nmda import BioNMDA, GlutamateSynapse, JahrStevens, SpineCalcium

Mg, K, k, v = sympy.symbols("Mg K k v")
shipped = BioNMDA(gmax=0.5*nS)
inactivating = shipped.replace(
    "dg/dt = alpha1*x*(1 - g) - beta1*g*(1 + Ca/K_Ca) : 1",  # a toy: calcium speeds up closing
    K_Ca=1*umolar,
    block=JahrStevens().replace(block=1/(1 + Mg/K*sympy.exp(-k*v))**2),
)
print("\n".join(inactivating.difference(shipped)))

figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(7, 4.5), layout="constrained")
for name, receptor in {"shipped": shipped, "replaced": inactivating}.items():
    model = GlutamateSynapse(receptor, calcium=SpineCalcium())
    source = SpikeGeneratorGroup(1, [0]*5, [20, 40, 60, 80, 100]*ms)
    neuron = NeuronGroup(1, "dv/dt = (10*nS*(-50*mV - v) - I_syn)/(200*pF) : volt"
                         + model.post_equations(), method="euler")  # fmt: skip
    neuron.v = -50*mV
    S = model.synapses(source, neuron)
    S.connect()
    monitor = StateMonitor(S, ["g_NMDA", "Ca"], record=[0])
    Network(source, neuron, S, monitor).run(300*ms)
    above.plot(monitor.t/ms, monitor.g_NMDA[0], label=name)
    below.plot(monitor.t/ms, monitor.Ca[0]/umolar, label=name)
above.set(ylabel="open fraction g", title="Calcium-dependent closing and a squared block")
below.set(xlabel="time (ms)", ylabel="spine calcium (µM)")
above.legend(frameon=False)
figure.savefig("customise_equation.png", dpi=120)
