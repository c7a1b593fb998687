"""Join the files of a C++ project so that the compiler sees few of them, with the same result.

``standalone.mk`` runs this file as a program in the folder of a project. A compiler reads and prepares the
same headers and templates for each file, which takes longer than the few lines that a file of Brian2 adds.
So files that need the same optimisation are included one after the other in one *unit*, each in a namespace
of its own, because Brian2 writes the same helper functions into all of them.

A file stays alone if that could change what it means: if it includes a header that is not known here, defines
a macro of its own, or declares more than functions without arguments.
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

FOLDER = "units"
#: Files that only set out, or prepare queues once for a run: no loops over time or over what a step visits.
COLD = re.compile(r"^(main|network|run)\.cpp$|^code_objects/(before|after)_run_")
#: Headers of the project that each unit includes first.
SHARED = ("objects.h", "synapses_classes.h", "brianlib/common_math.h", "brianlib/stdint_compat.h")
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([^>"]+)[>"]', re.M)
_DEFINE = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(\w+)", re.M)
_DECLARATION = re.compile(r"void (\w+)\(\);")


def functions_of(header: str) -> list[str] | None:
    """Names of the functions that a header declares, or None if it does anything else."""
    lines = [line.strip() for line in header.splitlines()]
    lines = [line for line in lines if line and not re.match(r"#(ifndef|define|endif)\b", line)]
    found = [_DECLARATION.fullmatch(line) for line in lines]
    return None if None in found else [m[1] for m in found if m]


def may_join(source: str, known: Sequence[str], own: str) -> bool:
    """Whether a file means the same within a namespace and after others; ``known`` headers come before."""
    headers = {h for h in _INCLUDE.findall(source) if h not in known and h != own}
    macros = {m for m in _DEFINE.findall(source) if not m.startswith("_brian_")}
    return not headers and not macros and "namespace brian" not in source.replace("using namespace brian", "")


def unit_of(files: Sequence[str]) -> str:
    """The text of a unit."""
    generated = [f for f in files if f.startswith("code_objects/")]
    lines = [f'#include "{h}"' for h in (*SHARED, *(f[:-3] + "h" for f in generated))]
    lines += [f'#include "{f}"' for f in files if f not in generated]
    for k, file in enumerate(generated):
        lines += [f"namespace file_{k} {{", f'#include "{file}"', "}"]
        functions = functions_of(Path(file[:-3] + "h").read_text()) or []
        lines += [f"void {name}() {{ file_{k}::{name}(); }}" for name in functions]
    return "\n".join(lines) + "\n"


def of_equal_size(files: Sequence[str], number: int) -> list[list[str]]:
    """Files in lists of about the same length in bytes."""
    lists: list[list[str]] = [[] for _ in range(number)]
    sizes = [0] * number
    for file in sorted(files, key=lambda f: (-Path(f).stat().st_size, f)):
        k = sizes.index(min(sizes))
        lists[k].append(file)
        sizes[k] += Path(file).stat().st_size
    return [sorted(some) for some in lists if some]


def joined(sources: Sequence[str], known: Sequence[str]) -> Iterator[str]:
    """The files that may share a unit."""
    for file in sources:
        if file.startswith("code_objects/") and file.endswith(".cpp"):
            own = file[:-3] + "h"
            known_here = [*known, *SHARED, own]
            if functions_of(Path(own).read_text()) and may_join(Path(file).read_text(), known_here, own):
                yield file
        elif COLD.search(file):
            yield file


def write_units(sources: Sequence[str], standard: Path, cores: int) -> str:
    """Write the units of a project, and give the text of a makefile that names them."""
    files = list(joined(sources, _INCLUDE.findall(standard.read_text())))
    cold = [f for f in files if COLD.search(f)]
    hot = [f for f in files if f not in cold]
    # `objects.cpp` and the cold unit keep one core busy.
    units = {f"hot_{k}": some for k, some in enumerate(of_equal_size(hot, max(1, cores - 1)))}
    units["cold"] = sorted(cold)
    Path(FOLDER).mkdir(exist_ok=True)
    for name, some in units.items():
        file, text = Path(FOLDER, f"{name}.cpp"), unit_of(some)
        if not file.exists() or file.read_text() != text:  # the compiler runs again where a file is new
            file.write_text(text)
    objects = " ".join(f"{FOLDER}/{name}.o" for name in units)
    return f"UNITS := {objects}\nMEMBERS := {' '.join(f[:-3] + 'o' for f in files)}\n"


if __name__ == "__main__":
    header, *names = sys.argv[1:]
    text = write_units(names, Path(header), os.cpu_count() or 1)
    Path(FOLDER, "units.mk").write_text(text)
