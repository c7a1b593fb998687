"""The command ``brian2-nmda``."""

import argparse
import sys
from collections.abc import Sequence

from brian2_nmda.export_command import _add_export


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        By default the arguments of the process.

    Returns
    -------
    int
        Exit status: 0, 1 if a result missed its acceptance bar, 2 for wrong input.
    """
    arguments = _parser().parse_args(argv)
    return arguments.command(arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="brian2-nmda", description="Experiments with NMDA receptors and plasticity in Brian2."
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    _add_ltp(commands)
    _add_export(commands)
    listing = commands.add_parser("models", help="list all models, one line each")
    listing.set_defaults(command=_models)
    show = commands.add_parser("show", help="equations, parameters and sources of a model")
    show.add_argument("name", metavar="NAME", help="as listed by 'brian2-nmda models'")
    show.add_argument("--preset", metavar="SET", help="a published set of values")
    show.set_defaults(command=_show)
    return parser


def _models(arguments: argparse.Namespace) -> int:
    from brian2_nmda.library import models

    rows = models()
    width = max(len(r["name"]) for r in rows)
    for kind in dict.fromkeys(r["kind"] for r in rows):
        print(kind)
        for row in rows:
            if row["kind"] == kind:
                print(f"  {row['name']:<{width}}  {row['summary']}")
    print("\nEquations, parameters, presets and sources of one: brian2-nmda show NAME")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from brian2_nmda.export.sheet import sheet
    from brian2_nmda.library import find_model
    from brian2_nmda.symbolic.errors import ModelError

    try:
        part = find_model(arguments.name, arguments.preset)
    except ModelError as error:
        print(f"brian2-nmda show: {error}", file=sys.stderr)
        return 2
    print(sheet(part), end="")
    return 0


def _add_ltp(commands: argparse._SubParsersAction) -> None:
    ltp = commands.add_parser(
        "ltp",
        help="long-term potentiation by a tetanus, with its controls",
        description="Tetanise one of two pathways (100 Hz, 1 s), also with D-AP5, with the neuron "
        "clamped at -70 mV, with weak input, with strong input beside it, and without magnesium. "
        "Prints a table with acceptance bars and writes a figure. Needs a C++ compiler.",
    )
    ltp.add_argument("--lfs", action="store_true", help="add 900 pulses at 1 Hz (15 min more)")
    ltp.add_argument("--out", default="ltp.png", metavar="FILE", help="figure (default: %(default)s)")
    ltp.add_argument(
        "--baseline", type=float, default=10.0, metavar="MIN",
        help="minutes of test pulses before the train (default: %(default)g)",
    )  # fmt: skip
    ltp.add_argument(
        "--follow-up", type=float, default=20.0, metavar="MIN",
        help="minutes of test pulses after the longest train (default: %(default)g)",
    )  # fmt: skip
    ltp.set_defaults(command=_ltp)


def _ltp(arguments: argparse.Namespace) -> int:
    from brian2 import second  # late: --help need not wait for Brian2

    from brian2_nmda.plotting import check_figure_file, plot_ltp
    from brian2_nmda.protocols.ltp import run_ltp
    from brian2_nmda.symbolic.errors import ModelError

    try:
        check_figure_file(arguments.out)  # before, not after, a minute of simulation
        result = run_ltp(
            baseline=60 * arguments.baseline * second,
            follow_up=60 * arguments.follow_up * second,
            lfs=arguments.lfs,
            report="text",
        )
    except ModelError as error:
        print(f"brian2-nmda ltp: {error}", file=sys.stderr)
        return 2
    print(result.table())
    print(f"Compiled in {result.build_time:.0f} s, simulated in {result.run_time:.0f} s.")
    plot_ltp(result).savefig(arguments.out, dpi=100)
    print(f"Figure: {arguments.out}")
    return 0 if all(row.met for row in result.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
