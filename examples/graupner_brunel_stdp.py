"""Spike-timing-dependent plasticity of bistable, noisy synapses (Graupner & Brunel 2012, parameters DP).

60 pairs of spikes at 1 Hz, for 41 time differences and 2000 synapses each. Half of the synapses are UP
before; what is plotted is the mean strength afterwards, where a synapse is UP if its efficacy rho exceeds
1/2. A spike opens AMPA receptors according to the efficacy it finds (efficacy='at_spikes'), so nothing else
needs rho, and the plan advances it at spikes only: the 82000 synapses take seconds, most of them
for the compiler. Compared is with the approximation of the paper, for the mean time above each threshold.
"""

import tempfile
from math import erf

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import GlutamateSynapse, TwoExponentialAMPA
from brian2_nmda.equations import GraupnerBrunel

set_device("cpp_standalone", directory=tempfile.mkdtemp(prefix="graupner_brunel_"))
prefs.devices.cpp_standalone.extra_make_args_unix = ["-j2"]
seed(1)
differences = arange(-100, 101, 5)*ms  # postsynaptic minus presynaptic spike
synapses = 2000  # for each of them
pairs = 60

rule = GraupnerBrunel.preset("DP")
model = GlutamateSynapse(TwoExponentialAMPA(), plasticity=rule)
first = 200*ms
pre = SpikeGeneratorGroup(1, zeros(pairs, int), first + arange(pairs)*second)
# the rule needs spikes only, so the voltage stands still
post = NeuronGroup(len(differences), """v = -65*mV : volt
                   ignored = I_syn : amp
                   t_spike : second (constant)""" + model.post_equations(),
                   threshold="timestep(t, dt) % timestep(1*second, dt) == timestep(t_spike, dt)", reset="")
post.t_spike = first + differences
S = model.synapses(pre, post, w=1.0, efficacy="at_spikes", multisynaptic_index="k")
S.connect(n=synapses)
S.rho_AMPA = "k % 2"
run(pairs*second)
print(S.plan)

b = float(rule.b)
is_up, target, started = array(S.rho_AMPA) > 0.5, array(S.j), array(S.k) % 2
ups = array([[mean(is_up[(target == k) & (started == s)]) for k in range(len(differences))] for s in (0, 1)])
up = ups.mean(axis=0)
change = (1 + (b - 1)*up)/((1 + b)/2)
error = (b - 1)*sqrt(up*(1 - up)/synapses)/((1 + b)/2)


def expected(difference):
    """Fractions UP (of those DOWN, UP before) if rho were an Ornstein-Uhlenbeck process with mean rates."""
    jumps = sorted([(rule.D % second, rule.Cpre), (difference % second, rule.Cpost)])
    (t1, c1), (t2, c2) = [(float(t), float(c)) for t, c in jumps]
    tau_Ca, tau = float(rule.tau_Ca), float(rule.tau)
    at = array([c1 + c2*exp((t2 - t1 - 1)/tau_Ca), c2 + c1*exp((t1 - t2)/tau_Ca)])  # after the jumps
    gaps = array([t2 - t1, 1 - t2 + t1])
    d, p = (minimum(tau_Ca*log(maximum(at/theta, 1)), gaps).sum()  # time above, per second
            for theta in (float(rule.theta_d), float(rule.theta_p)))
    rate = (rule.gamma_p*p + rule.gamma_d*d)/tau
    level, left = rule.gamma_p*p/tau/rate, exp(-rate*pairs)
    spread = sqrt(rule.sigma**2*(d + p)/tau/rate*(1 - left**2))
    return [(1 + erf((level + (start - level)*left - 0.5)/spread))/2 for start in (0, 1)]


figure, (above, below) = plt.subplots(2, 1, sharex=True, figsize=(7, 5.5), layout="constrained")
theory = array([expected(d) for d in differences]).T
above.plot(differences/ms, (1 + (b - 1)*theory.mean(axis=0))/((1 + b)/2), color="gray",
           label="approximation in the paper")
above.errorbar(differences/ms, change, error, fmt="o", markersize=4, capsize=2, label=f"{synapses} synapses")
above.axhline(1, color="gray", linestyle=":")
above.set(ylabel="strength after / before", title=f"{pairs} pairs at 1 Hz, parameters DP")
above.legend(frameon=False, loc="upper left")
for start, colour, label in ((1, "tab:red", "UP before"), (0, "tab:blue", "DOWN before")):
    below.plot(differences/ms, theory[start], color="gray")
    below.plot(differences/ms, ups[start], "o", color=colour, markersize=4, label=label)
below.set(xlabel="time of post minus pre (ms)", ylabel="fraction UP afterwards", ylim=(-0.05, 1.35),
          yticks=(0, 0.5, 1))
below.legend(frameon=False, loc="upper right", ncols=2)
figure.savefig("graupner_brunel_stdp.png", dpi=120)
