"""A standalone C++ project: two runs, built once, then run again with another parameter.

`build_on_run=False` collects both runs before compiling. Parameters of the synapses are variables, so the
same binary runs with other values (`run_args`) without compiling again. What is sent at spikes is fitted to
the kinetics when the binary is built; for other kinetics, here the closing rate, ask for `tolerance=None`.

The folder can be given to someone who has a C++ compiler but no Python: ``HOW_TO_RUN.txt`` in it says how.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
from brian2 import *

from brian2_nmda import BioNMDA, GlutamateSynapse, JahrStevens

directory = tempfile.mkdtemp(prefix="nmda_project_")
set_device("cpp_standalone", directory=directory, build_on_run=False)

model = GlutamateSynapse(BioNMDA(gmax=1*nS, block=JahrStevens(Mg=1*mM)))
inputs = SpikeGeneratorGroup(1, [0, 0], [20, 220]*ms)
neuron = NeuronGroup(1, "dv/dt = (10*nS*(-60*mV - v) - I_syn)/(200*pF) : volt"
                     + model.post_equations(variable=["Mg"]), method="euler")  # fmt: skip
neuron.v = -60*mV
S = model.synapses(inputs, neuron, tolerance=None)
S.connect()
monitor = StateMonitor(neuron, "v", record=[0])
run(200*ms)
neuron.Mg = 0*mM  # wash the magnesium out before the second pulse
run(200*ms)
device.build(directory=directory, run=False)
recorded = Path(device.get_array_filename(monitor.variables["v"])).name
Path(directory, "HOW_TO_RUN.txt").write_text(f"""Needs make and a C++ compiler, no Python.

make
mkdir -p results
./main --results_dir results/ {S.binary_names()["beta1_NMDA"]}=30

The last argument is a value in SI units (here 30/s) and may be left out or repeated with other names:
{", ".join(sorted(S.binary_names().values()))}

results/{recorded} has v in volt, as 8-byte floating-point numbers, one for each step of 0.1 ms.
""")
print(f"The C++ project is in {directory}")

figure, axis = plt.subplots(figsize=(7, 3.5), layout="constrained")
for beta1 in (0.01/ms, 0.03/ms):
    device.run(run_args={S.beta1_NMDA: beta1})
    axis.plot(monitor.t/ms, monitor.v[0]/mV, label=f"closing rate {beta1*ms:g} /ms")
axis.axvline(200, color="gray", linestyle="--")
axis.text(205, 0.95, "0 Mg", transform=axis.get_xaxis_transform(), va="top", color="gray")
axis.set(xlabel="time (ms)", ylabel="v (mV)", title="One binary, two closing rates")
axis.legend(frameon=False, loc="upper left")
figure.savefig("standalone_project.png", dpi=120)
