"""How many planted errors of equations `check_model` finds by itself, without a reference and a run.

``python tests/mutants_found.py`` prints the number over the library, ``python tests/mutants_found.py 12`` of
every twelfth planted error. Errors of numbers are left out: only a table of values can know them.
"""

import sys
from collections import Counter
from pathlib import Path
from runpy import run_path

import brian2 as b2

from brian2_nmda import ModelError
from brian2_nmda.conformance import checks_for

tests = run_path(str(Path(__file__).with_name("test_conformance.py")))
NUMBERS = ("value +5 %", "x1000", "swapped")


def _bites(check):
    """Whether a check says what is wrong; one that stops by an error of Python has found nothing."""
    found = check.result()
    return not found.passed and not any(
        e in found.message for e in ("AttributeError", "TypeError", "KeyError")
    )


def failing(part, allowed=()):
    """Names of the checks that fail, each when it is asked for."""
    return (n for n, check in checks_for(part, targets=()) if n not in allowed and _bites(check))


def finder(mutant, allowed):
    """What finds a planted error: the construction or a check; empty if nothing does."""
    try:
        part = mutant.make()
    except (ModelError, b2.DimensionMismatchError):
        return "construction"
    return next(failing(part, allowed), "")


def main(every):
    found, all_of, number = Counter(), Counter(), 0
    for name, part in tests["SHIPPED"].items():
        if ":" in name:
            continue
        chosen = []
        for mutant in tests["mutations"].mutants(part):
            if mutant.kind not in NUMBERS:
                number += 1
                if number % every == 0:
                    chosen.append(mutant)
        allowed = set(failing(part)) if chosen else ()
        for mutant in chosen:
            by = finder(mutant, allowed)
            all_of[mutant.kind] += 1
            found[mutant.kind] += bool(by)
            print(f"{name}: {mutant.kind}, {mutant.what}: {by or 'not found'}", flush=True)
    for kind in all_of:
        print(f"{kind}: {found[kind]} of {all_of[kind]}")
    print(f"found {sum(found.values())} of {sum(all_of.values())} planted errors of equations")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
