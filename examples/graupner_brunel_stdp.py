"""Spike-timing-dependent plasticity of bistable, noisy synapses (Graupner & Brunel 2012, parameters DP).

60 pairs of spikes at 1 Hz, for several time differences. Half of the synapses are UP before; what is
plotted is the mean strength afterwards, where a synapse is UP if its efficacy rho exceeds 1/2.
"""

import tempfile

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import GlutamateSynapse, TwoExponentialAMPA
from brian2_nmda.equations import GraupnerBrunel

set_device("cpp_standalone", directory=tempfile.mkdtemp(prefix="graupner_brunel_"))
defaultclock.dt = 1*ms  # the delay D of 13.7 ms becomes 14 ms
seed(1)
differences = arange(-80, 81, 10)*ms  # postsynaptic minus presynaptic spike
synapses = 250  # for each of them

rule = GraupnerBrunel.preset("DP")
model = GlutamateSynapse(TwoExponentialAMPA(tau_rise=2*ms, tau_decay=5*ms), plasticity=rule)
once_a_second = "timestep(t, dt) % timestep(1*second, dt) == timestep(t_spike, dt)"
pre = NeuronGroup(synapses, "t_spike = 200*ms : second", threshold=once_a_second, reset="")
# the rule needs spikes only, so the voltage stands still
post = NeuronGroup(len(differences), """v = -65*mV : volt
                   ignored = I_syn : amp
                   t_spike : second (constant)""" + model.post_equations(),
                   threshold=once_a_second, reset="")  # fmt: skip
post.t_spike = 200*ms + differences
S = model.synapses(pre, post)
S.connect()
S.rho_AMPA = "i % 2"
run(60*second)

efficacy = array(S.rho_AMPA).reshape(synapses, len(differences))
up = mean(efficacy > 0.5, axis=0)
b = float(rule.b)
change = (1 + (b - 1)*up)/((1 + b)/2)
error = (b - 1)*sqrt(up*(1 - up)/synapses)/((1 + b)/2)

figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(7, 5.5), layout="constrained")
above.errorbar(differences/ms, change, error, fmt="o-", capsize=2)
above.axhline(1, color="gray", linestyle="--")
above.set(ylabel="strength after / before", title="60 pairs at 1 Hz, parameters DP")
below.plot(repeat(differences/ms, synapses), efficacy.T.ravel(), ".", color="tab:blue", alpha=0.1)
below.axhline(0.5, color="gray", linestyle="--")
below.set(xlabel="time of post minus pre (ms)", ylabel="efficacy rho of each synapse")
figure.savefig("graupner_brunel_stdp.png", dpi=120)
