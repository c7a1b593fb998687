"""Commands about models: list, show, plan and check them."""

import argparse
from typing import Any

DEMO = "demo"  # the synapse of the experiments


def add(commands: argparse._SubParsersAction) -> None:
    """Add the commands."""
    listing = commands.add_parser("models", help="list all models, one line each")
    listing.set_defaults(command=_models)
    _add(commands, "show", _show, "equations, parameters and sources of a model")
    _add(
        commands, "plan", _plan, "where each variable of a model lives and how it is integrated, and why",
        f"Prints the plan of a synapse with the part NAME, of GlutamateSynapse, or of '{DEMO}', the synapse "
        "of the experiments.",
    )  # fmt: skip
    check = _add(
        commands, "check", _check, "test a model: its units, bounds, numbers and simulations",
        "Runs the checks that every model of the package passes and prints one line each. Takes some ten "
        "seconds for most models. Exit status 1 if a check fails.",
    )  # fmt: skip
    check.add_argument("--fast", action="store_true", help="leave out the simulations")


def _add(
    commands: argparse._SubParsersAction, name: str, command: Any, text: str, description: str | None = None
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=text, description=description)
    parser.add_argument("model", metavar="NAME", help="as listed by 'brian2-nmda models'")
    parser.add_argument("--preset", metavar="SET", help="a published set of values")
    parser.set_defaults(command=command)
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


def _found(arguments: argparse.Namespace) -> Any:
    from brian2_nmda.library import find_model

    if arguments.model == DEMO and arguments.preset is None:
        from brian2_nmda.protocols import demo_model

        return demo_model()
    return find_model(arguments.model, arguments.preset)


def _show(arguments: argparse.Namespace) -> int:
    from brian2_nmda.export.sheet import sheet

    print(sheet(_found(arguments)), end="")
    return 0


def _plan(arguments: argparse.Namespace) -> int:
    from brian2_nmda.conformance.subject import synapse_for
    from brian2_nmda.symbolic.errors import ModelError
    from brian2_nmda.symbolic.kinds import NeuronFragment
    from brian2_nmda.symbolic.part import Part

    model = _found(arguments)
    if isinstance(model, NeuronFragment):
        raise ModelError(f"{arguments.model} belongs to a neuron, not to a synapse, and has no plan.")
    print((synapse_for(model) if isinstance(model, Part) else model).plan)
    return 0


def _check(arguments: argparse.Namespace) -> int:
    from brian2_nmda.conformance import check_model

    targets = () if arguments.fast else ("numpy",)
    results = check_model(_found(arguments), targets=targets, raise_=False, report="stderr")
    for result in results:
        print(result)
    failed = sum(not r.passed for r in results)
    print(f"{len(results) - failed} of {len(results)} checks passed or do not apply.")
    return 1 if failed else 0
