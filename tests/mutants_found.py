"""How many planted errors of equations `check_model` finds by itself, without a reference and a run.

``python tests/mutants_found.py`` prints the number over the library, ``python tests/mutants_found.py 12`` of
every twelfth planted error. Errors of numbers are left out: only a table of values can know them. Nor can a
check know an error that makes the same equations with other numbers (`other_numbers.py`), such as twice a
rate constant: the figure is printed with these and without.
"""

import sys
from collections import Counter
from pathlib import Path
from runpy import run_path

import brian2 as b2

from brian2_nmda import ModelError
from brian2_nmda.conformance import checks_for

tests = run_path(str(Path(__file__).with_name("test_conformance.py")))
numbers_for = run_path(str(Path(__file__).with_name("other_numbers.py")))["numbers_for"]
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


def finder(part, mutant, allowed):
    """What finds a planted error (construction, check, nothing), and numbers that explain it, if any."""
    try:
        wrong = mutant.make()
    except (ModelError, b2.DimensionMismatchError):
        return "construction", None
    by = next(failing(wrong, allowed), "")
    return by, None if by else numbers_for(part, wrong)


def _planted(every):
    """Each shipped model with every so-manieth planted error of its equations."""
    number = 0
    for name, part in tests["SHIPPED"].items():
        if ":" in name:
            continue
        chosen = []
        for mutant in tests["mutations"].mutants(part):
            if mutant.kind not in NUMBERS:
                number += 1
                if number % every == 0:
                    chosen.append(mutant)
        yield name, part, chosen


def main(every):
    found, other, all_of = Counter(), Counter(), Counter()
    for name, part, chosen in _planted(every):
        allowed = set(failing(part)) if chosen else ()
        for mutant in chosen:
            by, numbers = finder(part, mutant, allowed)
            all_of[mutant.kind] += 1
            found[mutant.kind] += bool(by)
            other[mutant.kind] += numbers is not None
            explained = "" if numbers is None else f" (the same with other numbers: {numbers})"
            print(f"{name}: {mutant.kind}, {mutant.what}: {by or 'not found'}{explained}", flush=True)
    for kind in all_of:
        print(
            f"{kind}: {found[kind]} of {all_of[kind]}, {other[kind]} others are the same with other numbers"
        )
    n, same = sum(all_of.values()), sum(other.values())
    print(
        f"found {sum(found.values())} of {n} planted errors of equations; {same} of the others are the same "
        f"equations with other numbers: {sum(found.values())} of {n - same} without these"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
