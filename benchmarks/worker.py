"""One program of the benchmark in its own process: it builds, then runs when it is told to.

``python worker.py MODULE FUNCTION JSON`` calls ``MODULE.FUNCTION(**arguments)``, which builds a program and
returns ``run() -> seconds`` and ``result() -> {name: array}``. It answers each line that it reads with one
line of JSON: ``run``, and ``end FILE``, which saves the results and leaves.
"""

import importlib
import json
import os
import resource
import sys
import time

import numpy as np


def main() -> None:
    module, function, text = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the simulators print

    def answer(**what) -> None:
        answers.write(json.dumps(what) + "\n")
        answers.flush()

    started = time.perf_counter()
    run, result = getattr(importlib.import_module(module), function)(**json.loads(text))
    answer(build=time.perf_counter() - started)
    for line in sys.stdin:
        word, *rest = line.split()
        if word == "run":
            answer(seconds=run())
        else:
            np.savez(rest[0], **result())
            answer(MiB=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            return


if __name__ == "__main__":
    main()
