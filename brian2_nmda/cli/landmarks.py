"""The command ``brian2-nmda landmarks``."""

import argparse
import sys
import time
from functools import partial
from pathlib import Path


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "landmarks",
        help="results of the literature: value of the model beside the published value",
        description="Simulates results of the literature with models of this package and prints each value "
        "beside what was published, where it was, and whether they agree. Rows that do not agree say NO; why "
        "is told below them. All together take up to half an hour; some compile a C++ program. Exit status 0 "
        "even if some rows do not agree.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="landmarks to run (default: all)")
    parser.add_argument("--list", action="store_true", help="print their names and what they are, run none")
    parser.add_argument("--out", metavar="FILE.md", help="write the table to this file as Markdown")
    parser.add_argument("--figures", metavar="DIR", help="an existing folder: write NAME.png of each to it")
    parser.add_argument(
        "--short", action="store_true",
        help="fewer points and spikes, as in the tests; some rows then do not agree",
    )  # fmt: skip
    parser.set_defaults(command=_landmarks)


def _landmarks(arguments: argparse.Namespace) -> int:
    from brian2_nmda.protocols.landmark import Landmark, write_table
    from brian2_nmda.protocols.landmarks import LANDMARKS
    from brian2_nmda.protocols.saving import check_file, write_whole
    from brian2_nmda.symbolic.errors import ModelError

    if arguments.list:
        width = max(map(len, LANDMARKS))
        for name, module in LANDMARKS.items():
            print(f"{name:<{width}}  {(module.__doc__ or '').splitlines()[0]}")
        return 0
    unknown = [name for name in arguments.names if name not in LANDMARKS]
    if unknown:
        raise ModelError(f"there is no landmark '{unknown[0]}'; there are {', '.join(LANDMARKS)}.")
    chosen = dict.fromkeys(arguments.names) or LANDMARKS
    if arguments.out is not None:
        check_file(arguments.out, (".md",))  # before, not after, minutes of simulation
    folder = None if arguments.figures is None else Path(arguments.figures)
    if folder is not None:
        for name in chosen:
            check_file(folder / f"{name}.png")
    done: list[Landmark] = []
    for k, name in enumerate(chosen, 1):
        print(f"{k} of {len(chosen)}: {name} ...", file=sys.stderr, flush=True)
        begin = time.perf_counter()
        found = LANDMARKS[name].landmark(arguments.short)
        print(found, flush=True)
        if folder is not None:
            figure = LANDMARKS[name].draw(found)
            write_whole(folder / f"{name}.png", partial(figure.savefig, dpi=120))
        print(f"{name} took {time.perf_counter() - begin:.0f} s.", file=sys.stderr, flush=True)
        done.append(found)
    rows = [row for found in done for row in found.rows]
    print(f"{sum(row.met for row in rows)} of {len(rows)} rows agree with what was published.")
    if arguments.out is not None:
        write_table(done, arguments.out)
        print(f"Table: {arguments.out}")
    return 0
