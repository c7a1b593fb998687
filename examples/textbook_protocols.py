"""The classical experiments, each in a few lines, and their figures in one.

Theta burst, four tetani, D-AP5 washed in before a tetanus, pairing under voltage clamp, the frequency curve
of Dudek & Bear, and the spike-timing window of Bi & Poo: one model, one neuron, one set of numbers. Each
experiment is a C++ program of its own, with all its conditions side by side; about four minutes in all.

The rule follows calcium alone and was fitted to trains of pulses. Where it differs from what is known: where
the postsynaptic spike comes 5 to 20 ms first, the sign is wrong: the EPSP on top of it makes the neuron fire
again, which potentiates (+30 %); pairing at -40 mV potentiates, half as much as at 0 mV. In the figure the
baseline of the experiment with D-AP5 includes test pulses in the drug, so the slope without it is 101 %; the
colours of the 60 pairs are the order of the spikes, not the pathways.
"""

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda.plotting import plot_frequency_curve, plot_over_time, plot_stdp_window, plot_summary
from brian2_nmda.protocols import (
    Experiment,
    control,
    drug,
    frequency_series,
    pairing_at_voltage,
    stdp_window,
    tetanus,
    theta_burst,
)

figure, axes = plt.subplots(3, 2, figsize=(11, 10), layout='constrained')

# Theta burst, and nothing
burst = Experiment([theta_burst(), control()], dt=0.25*ms).run()
print(burst.table())
plot_over_time(burst, 'theta burst', axes=axes[0, 0])

# Four trains of 100 Hz, 20 s apart, beside one
tetani = Experiment([tetanus(), tetanus(trains=4)], dt=0.25*ms).run()
print(tetani.table())
plot_over_time(tetani, '4 x tetanus', axes=axes[0, 1])

# D-AP5 is washed in 2 min before a tetanus and out 5 min after it; ten minutes after the first comes another
twice = tetanus().repeated(2, every=600*second).within(drug('D-AP5', start=-120*second, stop=300*second))
washed = Experiment({'tetanus in D-AP5, then without': twice}, dt=0.25*ms).run()
print(washed.table())
plot_over_time(washed, 'tetanus in D-AP5, then without', axes=axes[1, 0])

# Pulses at 2 Hz while the neuron is clamped
held = Experiment([pairing_at_voltage(v) for v in (-70, -40, 0)*mV], dt=0.25*ms).run()
print(held.table())
plot_summary(held, axes=axes[1, 1])

# 900 pulses at 0.5 to 50 Hz
curve = Experiment(frequency_series(), pathways={'A': 28}, dt=0.25*ms).run()
print(curve.table())
plot_frequency_curve(curve, axes=axes[2, 0])

# 60 pairs of a presynaptic and a forced postsynaptic spike, 1 Hz
window = Experiment(stdp_window(), pathways={'A': 28}, dt=0.25*ms).run()
print(window.table())
plot_stdp_window(window, axes=axes[2, 1])

figure.savefig('textbook_protocols.png', dpi=150)
