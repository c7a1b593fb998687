"""``brian2-nmda ltp``: the tetanus experiment with its controls and acceptance bars."""

import argparse
import sys


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    ltp = commands.add_parser(
        "ltp",
        help="long-term potentiation by a tetanus, with its controls and acceptance bars",
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

    check_figure_file(arguments.out)  # before, not after, a minute of simulation
    print("Compiling takes about 20 to 40 s, the simulation about a minute.", file=sys.stderr, flush=True)
    result = run_ltp(
        baseline=60 * arguments.baseline * second,
        follow_up=60 * arguments.follow_up * second,
        lfs=arguments.lfs,
        report="text",
    )
    print(result.table())
    print(f"Compiled in {result.build_time:.0f} s, simulated in {result.run_time:.0f} s.")
    plot_ltp(result).savefig(arguments.out, dpi=100)
    print(f"Figure: {arguments.out}")
    return 0 if all(row.met for row in result.rows) else 1
