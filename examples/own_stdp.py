"""STDP of one's own on top of a synapse of the library: the rule of Brian2's tutorial, added by ``model=``.

What is given as ``model``, ``on_pre`` and ``on_post`` is added to what the synapse does; ``w`` is its weight.
One hundred pairs of neurons fire at fixed differences, five times each.
"""

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse

prefs.codegen.target = "numpy"
defaultclock.dt = 0.25*ms
PAIRS, NUMBER = 5, 100
difference = linspace(-50, 50, NUMBER).round()  # post minus pre, in ms
times = 60 + 200*arange(PAIRS)


def forced(shift):
    return SpikeGeneratorGroup(NUMBER, tile(arange(NUMBER), PAIRS), (times[:, None] + shift).ravel()*ms)


before, after = forced(zeros(NUMBER)), forced(difference)
model = GlutamateSynapse([AMPA(gmax=0.1*nS), BioNMDA(gmax=0.05*nS)])
neurons = NeuronGroup(NUMBER, "dv/dt = (10*nS*(-70*mV - v) - I_syn)/(200*pF) : volt" + model.post_equations(),
                      threshold="v > -30*mV", reset="v = -70*mV", method="euler")  # fmt: skip
neurons.v = -70*mV
fire = Synapses(after, neurons, on_pre="v_post = 0*mV")
fire.connect(j="i")

S = model.synapses(
    before, neurons,
    model="""dapre/dt = -apre/(20*ms) : 1 (event-driven)
             dapost/dt = -apost/(20*ms) : 1 (event-driven)""",
    on_pre="""apre += 0.010
              w = clip(w + apost, 0, 2)""",
    on_post="""apost -= 0.0105
               w = clip(w + apre, 0, 2)""",
)
S.connect(j="i")
monitor = StateMonitor(S, "w", record=[60, 40], dt=1*ms)
run(1.1*second)
print(S.plan)

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
for k, (style, index) in enumerate((("-", 60), ("--", 40))):
    left.plot(monitor.t/ms, monitor.w[k], style, label=f"post minus pre {difference[index]:+.0f} ms")
left.set(xlabel="time (ms)", ylabel="weight", title="Two of the synapses")
left.legend(frameon=False)
right.plot(difference, 100*(array(S.w) - 1), "k.")
right.axhline(0, color="gray", linewidth=0.8)
right.set(xlabel="post minus pre (ms)", ylabel="change of weight (%)", title=f"{PAIRS} pairs at 5 Hz")
figure.savefig("own_stdp.png", dpi=120)
