"""A receptor of one's own: a reaction table in a class, and a string. Both take the path of a shipped one.

A class may also state its equations, as ``o, d = states("o d")`` with ``do = ...`` and ``dd = ...``; and
``check_model(Desensitising())`` of brian2_nmda says in words what is doubtful (here: that its states
circulate).
"""

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import AMPA, GlutamateSynapse, Parameter, Reaction, Receptor, T, occupancies


class Desensitising(Receptor):
    """An AMPA receptor with one desensitised state."""

    k_open = Parameter(1.1/(mM*ms), "binding and opening")
    k_close = Parameter(0.19/ms, "closing")
    k_desens = Parameter(0.1/ms, "desensitisation")
    k_recover = Parameter(0.01/ms, "recovery")

    c, o, d = occupancies("c o d")  # they sum to one; at rest all receptors are closed
    reactions = (
        Reaction(c, o, k_open*T, k_close),
        Reaction(o, d, k_desens),
        Reaction(d, c, k_recover),
    )
    activation = o


kainate = Receptor.from_string(
    "KA", "dr/dt = a*T*(1 - r) - b*r : 1", "r", a=0.5/(mM*ms), b=0.02/ms, gmax=0.2*nS
)
model = GlutamateSynapse([Desensitising(label="DES", gmax=1*nS), kainate, AMPA(gmax=1*nS)])
print(model.plan)

source = SpikeGeneratorGroup(1, [0]*5, [10, 30, 50, 70, 90]*ms)
neuron = NeuronGroup(1, "dv/dt = (10*nS*(-70*mV - v) - I_syn)/(200*pF) : volt" + model.post_equations(),
                     method="euler")  # fmt: skip
neuron.v = -70*mV
S = model.synapses(source, neuron)
S.connect()
monitor = StateMonitor(neuron, ["g_total_DES", "g_total_KA", "g_total_AMPA"], record=0)
run(150*ms)

figure, axis = plt.subplots(figsize=(7, 3.5), layout="constrained")
labels = {"AMPA": "AMPA (shipped)", "DES": "desensitising (class)", "KA": "kainate (string)"}
for (name, label), style in zip(labels.items(), ("-", "--", "-."), strict=True):
    axis.plot(monitor.t/ms, getattr(monitor, f"g_total_{name}")[0]/nS, style, label=label)
axis.set(xlabel="time (ms)", ylabel="conductance (nS)", title="Five spikes at 50 Hz")
axis.legend(frameon=False)
figure.savefig("own_receptor.png", dpi=120)
