"""The command ``brian2-nmda``."""

import argparse
import os
import sys
from collections.abc import Sequence

from brian2_nmda.cli import experiments, export, landmarks, models, tetanus

_DESCRIPTION = """\
Experiments with NMDA receptors and plasticity, in Brian2.

A first figure (two minutes):   brian2-nmda theta-burst
What models there are:          brian2-nmda models
One of them in full:            brian2-nmda show BioNMDA
"""
_EPILOG = """\
Each command explains itself: brian2-nmda COMMAND --help.
Exit status: 0 all went well, 1 a result missed its bar or a check failed, 2 wrong input, 130 interrupted.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        By default the arguments of the process.

    Returns
    -------
    int
        Exit status: 0, 1 if a result missed its acceptance bar or a check failed, 2 for wrong input, 130 if
        the user interrupts.
    """
    arguments = _parser().parse_args(argv)
    from brian2_nmda.symbolic.errors import model_error_in

    try:
        status = arguments.command(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # as in "brian2-nmda models | head"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        print(f"brian2-nmda {arguments.name}: interrupted; nothing was written.", file=sys.stderr)
        return 130
    except Exception as error:
        found = model_error_in(error)
        if found is None:
            raise
        print(f"brian2-nmda {arguments.name}: {found}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="brian2-nmda",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the versions and exit")
    commands = parser.add_subparsers(required=True, metavar="command", dest="name")
    tetanus.add(commands)
    experiments.add(commands)
    landmarks.add(commands)
    models.add(commands)
    export.add(commands)
    return parser


class _Version(argparse.Action):
    """Versions of this package and of Brian2, looked up only when asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        import brian2_nmda

        print(f"brian2-nmda {brian2_nmda.__version__} (Brian2 {version('brian2')})")
        parser.exit(0)
