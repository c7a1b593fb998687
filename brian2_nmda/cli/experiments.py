"""One command per protocol, and ``standalone``, which writes one as a C++ project."""

import argparse
import sys
from typing import Any

_COMMON = """\
Two pathways A and B of {fibres} fibres converge on one integrate-and-fire neuron; A gets the protocol, single
pulses test both before and after it. The synapse is the one of 'brian2-nmda plan demo': a kinase inserts
AMPA receptors and a phosphatase removes them. In Python:

    {python}
"""
_PYTHON = "from brian2_nmda.protocols import *; result = Experiment({}).run()"
DEFAULT_BASELINE, DEFAULT_FOLLOW_UP = 5.0, 10.0  # min
FIBRES = 28  # as protocols.experiment, which is not imported for --help
_INTERVALS = [-80, -40, -20, -10, -5, 5, 10, 20, 40, 80]  # ms


def add(commands: argparse._SubParsersAction) -> None:
    """Add the commands."""
    _add_tetanus(commands)
    _add_theta(commands)
    _add_frequency(commands)
    _add_stdp(commands)
    _add_pairing(commands)
    _add_standalone(commands)


def _command(
    commands: argparse._SubParsersAction, name: str, text: str, python: str, protocols: Any
) -> argparse.ArgumentParser:
    """A command that runs an experiment, with the options that all share."""
    parser = commands.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.\n\n"
        + _COMMON.format(fibres=FIBRES, python=_PYTHON.format(python)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", default=f"{name}.png", metavar="FILE", help="figure (default: %(default)s)")
    parser.add_argument("--save", metavar="FILE", help="recordings, as FILE.npz or FILE.csv")
    parser.add_argument(
        "--baseline", type=float, default=DEFAULT_BASELINE, metavar="MIN",
        help="minutes of test pulses before the protocol (default: %(default)g)",
    )  # fmt: skip
    parser.add_argument(
        "--follow-up", type=float, default=DEFAULT_FOLLOW_UP, metavar="MIN",
        help="minutes of test pulses after it (default: %(default)g)",
    )  # fmt: skip
    parser.add_argument(
        "--dt", type=float, default=0.1, metavar="MS", help="time step (default: %(default)g)"
    )
    parser.add_argument(
        "--target", default="cpp_standalone", choices=("cpp_standalone", "cython", "numpy"),
        help="C++ needs a compiler; the others are some hundred times slower (default: %(default)s)",
    )  # fmt: skip
    parser.set_defaults(command=_run, protocols=protocols)
    return parser


def _number(
    parser: argparse.ArgumentParser,
    option: str,
    default: float,
    text: str,
    kind: Any = float,
    metavar: str = "N",
) -> None:
    parser.add_argument(
        option, type=kind, default=default, metavar=metavar, help=f"{text} (default: %(default)g)"
    )


# -- the protocols ---------------------------------------------------------------------------------


def _add_tetanus(commands: argparse._SubParsersAction) -> None:
    parser = _command(
        commands, "tetanus", "high-frequency tetanus, one train or several, with and without a drug",
        "[tetanus(), tetanus(trains=4)]", _tetanus,
    )  # fmt: skip
    _number(parser, "--trains", 1, "trains, 20 s apart", int)
    _number(parser, "--pulses", 100, "pulses of a train", int)
    _number(parser, "--frequency", 100, "of a train", metavar="HZ")
    parser.add_argument("--drug", metavar="NAME", help="a second neuron has this in its bath, as D-AP5")


def _tetanus(a: argparse.Namespace) -> Any:
    from brian2 import Hz

    from brian2_nmda.protocols import control, drug, tetanus

    chosen = [tetanus(a.trains, a.pulses, a.frequency * Hz)]
    if a.drug is not None:
        chosen.append(chosen[0].within(drug(a.drug)).named(f"the same in {a.drug}"))
    return [*chosen, control()]


def _add_theta(commands: argparse._SubParsersAction) -> None:
    parser = _command(
        commands, "theta-burst", "theta burst: 10 bursts of 4 pulses at 100 Hz, 5 bursts a second",
        "theta_burst()", _theta,
    )  # fmt: skip
    _number(parser, "--bursts", 10, "bursts of a train", int)
    _number(parser, "--pulses", 4, "pulses of a burst", int)
    _number(parser, "--trains", 1, "trains, 20 s apart", int)


def _theta(a: argparse.Namespace) -> Any:
    from brian2_nmda.protocols import control, theta_burst

    return [theta_burst(a.bursts, a.pulses, trains=a.trains), control()]


def _add_frequency(commands: argparse._SubParsersAction) -> None:
    parser = _command(
        commands, "frequency-curve", "900 pulses at 0.5 to 50 Hz (Dudek & Bear 1992)",
        "frequency_series()", _frequency,
    )  # fmt: skip
    parser.add_argument(
        "--frequencies", type=float, nargs="+", default=[0.5, 1, 3, 5, 10, 50], metavar="HZ",
        help="(default: 0.5 1 3 5 10 50)",
    )  # fmt: skip
    _number(parser, "--pulses", 900, "pulses at each frequency", int)


def _frequency(a: argparse.Namespace) -> Any:
    from brian2 import Hz

    from brian2_nmda.protocols import frequency_series

    return frequency_series(a.frequencies * Hz, a.pulses)


def _add_stdp(commands: argparse._SubParsersAction) -> None:
    parser = _command(
        commands, "stdp", "60 pairs of a presynaptic and a forced postsynaptic spike (Bi & Poo 1998)",
        "stdp_window()", _stdp,
    )  # fmt: skip
    parser.add_argument(
        "--intervals", type=float, nargs="+", default=_INTERVALS, metavar="MS",
        help="post minus pre (default: -80 -40 -20 -10 -5 5 10 20 40 80)",
    )  # fmt: skip
    _number(parser, "--pairs", 60, "pairs", int)
    _number(parser, "--frequency", 1, "of the pairs", metavar="HZ")


def _stdp(a: argparse.Namespace) -> Any:
    from brian2 import Hz, ms

    from brian2_nmda.protocols import stdp_window

    return stdp_window(a.intervals * ms, a.pairs, a.frequency * Hz)


def _add_pairing(commands: argparse._SubParsersAction) -> None:
    parser = _command(
        commands, "pairing", "presynaptic pulses while the neuron is clamped at several voltages",
        "[pairing_at_voltage(v) for v in (-70, -40, 0)*mV]", _pairing,
    )  # fmt: skip
    parser.add_argument(
        "--voltages", type=float, nargs="+", default=[-70, -40, 0], metavar="MV", help="(default: -70 -40 0)"
    )
    _number(parser, "--pulses", 100, "pulses", int)
    _number(parser, "--frequency", 2, "of the pulses", metavar="HZ")


def _pairing(a: argparse.Namespace) -> Any:
    from brian2 import Hz, mV

    from brian2_nmda.protocols import pairing_at_voltage

    return [pairing_at_voltage(v * mV, a.pulses, a.frequency * Hz) for v in dict.fromkeys(a.voltages)]


# -- running them ----------------------------------------------------------------------------------


def _experiment(arguments: argparse.Namespace) -> Any:
    from brian2 import ms, second

    from brian2_nmda.protocols import Experiment

    return Experiment(
        arguments.protocols(arguments),
        baseline=60 * arguments.baseline * second,
        follow_up=60 * arguments.follow_up * second,
        dt=arguments.dt * ms,
    )


def _run(arguments: argparse.Namespace) -> int:
    from brian2_nmda.plotting import check_figure_file
    from brian2_nmda.protocols.saving import check_file, write_whole

    check_figure_file(arguments.out)  # before, not after, minutes of simulation
    check_file(arguments.out)
    if arguments.save is not None:
        check_file(arguments.save, (".npz", ".csv"))
    experiment = _experiment(arguments)
    minutes, n = experiment.timeline.end / 60, len(experiment.conditions)
    print(f"{n} conditions side by side, {minutes:.1f} min each.", file=sys.stderr, flush=True)
    result = experiment.run(arguments.target, report=True)
    print(result.table())
    print(f"Compiled in {result.build_time:.0f} s, simulated in {result.run_time:.0f} s.")
    if arguments.save is not None:
        save = result.to_csv if arguments.save.lower().endswith(".csv") else result.to_npz
        print(f"Recordings: {save(arguments.save)}")
    figure = result.plot()
    kind = arguments.out.rpartition(".")[2] if "." in arguments.out else "png"
    write_whole(arguments.out, lambda path: figure.savefig(path, dpi=120, format=kind))
    print(f"Figure: {arguments.out}")
    return 0


def _add_standalone(commands: argparse._SubParsersAction) -> None:
    experiments = {n: p for n, p in commands.choices.items() if p.get_default("protocols") is not None}
    parser = commands.add_parser(
        "standalone",
        help="write a protocol as a C++ project that needs no Python, and compile it",
        description="Writes the experiment of another command as a C++ project to a new folder and compiles "
        "it. Run it by DIR/main; the recordings are then in DIR/results. '--no-compile' only writes it: "
        "'make' in DIR compiles it.",
    )
    parser.add_argument("directory", metavar="DIR", help="a new or empty folder")
    parser.add_argument(
        "--protocol", default="theta-burst", choices=sorted(experiments), help="(default: %(default)s)"
    )
    parser.add_argument("--no-compile", action="store_true", help="write the project, do not compile it")
    parser.set_defaults(command=_standalone, experiments=experiments)


def _standalone(arguments: argparse.Namespace) -> int:
    from brian2_nmda.protocols.devices import check_compiler, check_directory

    if not arguments.no_compile:
        check_compiler()
    check_directory(arguments.directory)
    experiment = _experiment(arguments.experiments[arguments.protocol].parse_args([]))
    print("Writing the project; compiling it takes 3 to 15 s ...", file=sys.stderr, flush=True)
    path = experiment.build(arguments.directory, make=not arguments.no_compile)
    print(f"The C++ project is in {path}; run it by: cd {path} && ./main")
    return 0
