"""What a model has that neither NMODL nor NESTML can say, in words."""

from collections.abc import Iterator
from typing import Any

import sympy
from sympy.core.function import AppliedUndef

from brian2_nmda.symbolic.composition import SynapseModel
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.system import System


def check(model: Any, function: str, language: str) -> None:
    """Refuse a model of which something would be lost.

    Parameters
    ----------
    model : object
        What was given to the function.
    function, language : str
        For the message.

    Raises
    ------
    ModelError
        With the part and the reason; of several, the first.
    """
    if not isinstance(model, SynapseModel):
        raise ModelError(
            f"{function}: {getattr(model, 'name', model)!s} is no synapse; put it into one, e.g. by "
            "GlutamateSynapse(...)."
        )
    for part, reason in reasons(model.system):
        raise ModelError(f"{function}: {part} cannot be written in {language}: {reason}.")


def reasons(system: System) -> Iterator[tuple[str, str]]:
    """Part and reason of all that cannot be written."""
    yield from _elsewhere(system)
    yield from _by_chance(system)
    for owner, event in system.events:
        names = ", ".join(event.changes)
        yield owner, f"{names} changes when a condition becomes true, which this export does not write"
    for n, p in system.parameters.items():
        if not p.is_number:
            yield _owner(system, n), f"the value of '{n}' is {p.value!r}, which only Brian2 can evaluate"


def _elsewhere(system: System) -> Iterator[tuple[str, str]]:
    for n, place in system.place.items():
        yield (
            _owner(system, n),
            f"'{n}' lives once for each {place}, and only what is on the synapse is exported",
        )
    for n, total in system.totals.items():
        yield total.owner, f"'{n}' is a sum over synapses, of which one synapse knows only its own"


def _by_chance(system: System) -> Iterator[tuple[str, str]]:
    for n in system.drawn:
        yield _owner(system, n), f"'{n}' counts molecules that react by chance"
    for what, expression in system.expressions():
        owner = _owner(system, what.removeprefix("d").removesuffix("/dt").split(" ")[0])
        if expression.free_symbols & system.noise:
            yield owner, f"{what} has white noise"
        for function in sorted(expression.atoms(AppliedUndef), key=str):
            name = function.func.__name__
            drawn = name in ("rand", "randn", "poisson", "binomial")
            why = "draws random numbers" if drawn else f"calls '{name}', a function that only Brian2 has"
            yield owner, f"{what} {why}"
        if any(
            isinstance(x, sympy.Symbol) and x.name in ("dt", "t_in_timesteps")
            for x in expression.free_symbols
        ):
            yield owner, f"{what} reads the time step"


def _owner(system: System, name: str) -> str:
    return system.owner.get(name, "the model")
