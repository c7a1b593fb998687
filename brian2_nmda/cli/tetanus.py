"""``brian2-nmda ltp``: the tetanus experiment with its controls and acceptance bars."""

import argparse
import sys


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    ltp = commands.add_parser(
        "ltp",
        help="long-term potentiation by a tetanus, with its controls and acceptance bars",
        description="Tetanise one of two pathways (100 Hz, 1 s), also with D-AP5, with the neuron "
        "clamped at -70 mV, with weak input, with strong input beside it, and without magnesium; a theta "
        "burst; and 900 pulses at 1 to 50 Hz, the frequency curve. All conditions run side by side with one "
        "rule. Prints a table with acceptance bars and writes a figure. Needs a C++ compiler.",
    )
    ltp.add_argument(
        "--no-curve", action="store_true", help="leave out the frequency curve, half of the simulation"
    )
    ltp.add_argument("--save", metavar="FILE", help="recordings, as FILE.npz or FILE.csv")
    ltp.add_argument("--out", default="ltp.png", metavar="FILE", help="figure (default: %(default)s)")
    ltp.add_argument(
        "--baseline", type=float, default=10.0, metavar="MIN",
        help="minutes of test pulses before the train (default: %(default)g)",
    )  # fmt: skip
    ltp.add_argument(
        "--follow-up", type=float, default=20.0, metavar="MIN",
        help="minutes of test pulses after a tetanus, at most 5 after longer trains (default: %(default)g)",
    )  # fmt: skip
    ltp.set_defaults(command=_ltp)


def _ltp(arguments: argparse.Namespace) -> int:
    from brian2 import second  # late: --help need not wait for Brian2

    from brian2_nmda.plotting import check_figure_file, plot_ltp
    from brian2_nmda.protocols.ltp import run_ltp
    from brian2_nmda.protocols.saving import check_file, write_whole

    check_figure_file(arguments.out)  # before, not after, minutes of simulation
    check_file(arguments.out)
    if arguments.save is not None:
        check_file(arguments.save, (".npz", ".csv"))
    print("Compiling takes 3 to 15 s, the simulation 10 to 60 s.", file=sys.stderr, flush=True)
    result = run_ltp(
        baseline=60 * arguments.baseline * second,
        follow_up=60 * arguments.follow_up * second,
        curve=not arguments.no_curve,
        report="text",
    )
    print(result.table())
    print(f"Compiled in {result.build_time:.0f} s, simulated in {result.run_time:.0f} s.")
    if arguments.save is not None:
        save = result.to_csv if arguments.save.lower().endswith(".csv") else result.to_npz
        print(f"Recordings: {save(arguments.save)}")
    figure = plot_ltp(result)
    kind = arguments.out.rpartition(".")[2] if "." in arguments.out else "png"
    write_whole(arguments.out, lambda path: figure.savefig(path, dpi=100, format=kind))
    print(f"Figure: {arguments.out}")
    return 0 if result.met else 1
