"""Write the receptors of the workloads for NEURON, ``mechanisms.py FOLDER``; needs the package."""

import sys

from brian2_nmda import BioNMDA, GlutamateSynapse, JahrStevens
from brian2_nmda.equations import FiveStateNMDA, KampaNMDA
from brian2_nmda.export import nmodl

RECEPTORS = {
    "BioNMDA": lambda: BioNMDA(block=JahrStevens()),
    "FiveState": lambda: FiveStateNMDA(block=JahrStevens()),
    "TenState": KampaNMDA,
}

if __name__ == "__main__":
    for name, receptor in RECEPTORS.items():
        print(nmodl.write(GlutamateSynapse(receptor()), sys.argv[1], name))
