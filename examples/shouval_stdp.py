"""Calcium control of plasticity (Shouval, Bear & Cooper 2002): voltage clamp, and pairs of spikes.

One hundred presynaptic spikes at 1 Hz. In the first experiment the postsynaptic potential is held, in the
second it is at rest but for a back-propagating spike (EPSPs are left out). Calcium through the NMDA
receptors decides.
"""

import tempfile

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import AMPA, BackPropagatingSpike, GlutamateSynapse
from brian2_nmda.equations import ShouvalCalcium, ShouvalNMDA, ShouvalPlasticity

set_device("cpp_standalone", directory=tempfile.mkdtemp(prefix="shouval_"))
model = GlutamateSynapse([AMPA(), ShouvalNMDA()], calcium=ShouvalCalcium(), plasticity=ShouvalPlasticity())
once_a_second = "timestep(t, dt) % timestep(1*second, dt) == timestep(t_spike, dt)"
pre = NeuronGroup(1, "t_spike = 300*ms : second", threshold=once_a_second, reset="")

# -- voltage clamp --
potentials = arange(-65, 1, 2.5)*mV
clamped = NeuronGroup(len(potentials), """v : volt (constant)
                      command = I_syn : amp  # what the amplifier has to supply""" + model.post_equations())
clamped.v = potentials
held = model.synapses(pre, clamped)
held.connect()

# -- pairs; the spike reaches the spine 2 ms late --
differences = arange(-100, 151, 5)*ms
spike = BackPropagatingSpike()
paired = NeuronGroup(len(differences), """v = -65*mV : volt
                     ignored = I_syn : amp
                     t_spike : second (constant)""" + spike.neuron_equations()
                     + model.post_equations(v="v_s"),
                     threshold=once_a_second, reset=spike.reset(), method="exact")  # fmt: skip
paired.t_spike = 302*ms + differences
pairs = model.synapses(pre, paired)
pairs.connect()
run(100*second)

figure, (left, right) = plt.subplots(1, 2, sharey=True, figsize=(9, 3.5), layout="constrained")
left.plot(potentials/mV, held.W_AMPA/0.25, ".-")
left.set(xlabel="clamp potential (mV)", ylabel="weight after / before", title="Voltage clamp")
right.plot(differences/ms, pairs.W_AMPA/0.25, ".-")
right.set(xlabel="time of post minus pre (ms)", ylabel="weight after / before", title="Pairs at 1 Hz")
for axis in (left, right):
    axis.axhline(1, color="gray", linestyle="--")
figure.savefig("shouval_stdp.png", dpi=120)
