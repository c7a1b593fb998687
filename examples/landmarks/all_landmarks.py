"""Run all landmarks of this folder and print the value of the model beside the published one.

``python all_landmarks.py``, or ``python all_landmarks.py ../../docs/landmarks.md`` to write the table there.
Figures are written into the directory in which it is run.
"""

import runpy
import sys
from pathlib import Path

from brian2_nmda.protocols.landmark import write_table

here = Path(__file__).parent
landmarks = []
for script in sorted(here.glob("*.py")):
    if script != Path(__file__):
        print(f"-- {script.name}", flush=True)
        landmarks.append(runpy.run_path(str(script))["landmark"]())
        print(landmarks[-1], flush=True)
if len(sys.argv) > 1:
    write_table(landmarks, sys.argv[1])
