"""What a part says, one expression after the other, and what changes at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy
from brian2.units import second
from brian2.units.fundamentalunits import DIMENSIONLESS

from brian2_nmda.symbolic import analysis
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.part import INPUTS, Part, Pulse
from brian2_nmda.symbolic.template import Written


@dataclass(frozen=True)
class Jump:
    """States that change at once: when, to what, and on which condition if not at a spike."""

    when: str
    changes: Mapping[str, sympy.Expr]
    condition: sympy.Expr | None = None


def expressions(part: Part) -> Iterator[Written]:
    """Every expression of a part: those that construction checks, then pulses, bounds and where it starts."""
    t = part.template
    yield from part.expressions()
    for name, e in t.roles.items():
        for pulse in e.atoms(Pulse):
            for what, argument, dim in zip(
                ("duration", "condition"), pulse.args[1:], (second.dim, DIMENSIONLESS), strict=False
            ):
                yield Written(f"{what} of the pulse in {name}", argument, dim, "pulse", name)
    for name, state in t.states.items():
        for side, b in zip(("lower", "upper"), state.within, strict=True):
            if b is not None:
                b = sympy.sympify(b, strict=True)
                yield Written(f"{side} bound of {name}", b, state.dim, "bound", name)
    for name, e in t.start_at.items():
        yield Written(f"{name} at which it starts", e, None, "start", name)


def jumps(part: Part) -> Iterator[Jump]:
    """What changes at spikes and at other events."""
    t = part.template
    for when, changes in (
        ("a spike", t.on_spike),
        ("a postsynaptic spike", t.on_post_spike),
        *(("some time after a spike", on.changes) for on in t.later),
    ):
        if changes:
            yield Jump(when, changes)
    for number, event in enumerate(t.events, 1):
        yield Jump(f"event {number}", event.changes, event.condition)


def written(part: Part) -> dict[str, sympy.Expr]:
    """The expressions that a run evaluates, by name; of a pulse its role stands for its arguments."""
    return {w.name: w.expression for w in expressions(part) if w.kind not in ("bound", "start", "pulse")}


def reads(part: Part, *names: str) -> bool:
    """Whether a part reads one of the names."""
    return any(e.has(*map(symbol, names)) for e in written(part).values())


def named(part: Part) -> dict[str, Any]:
    """Definitions of a part and what it gives, for insertion."""
    t = part.template
    return {n: d.expression for n, d in (*t.gives.items(), *t.definitions.items())}


def needed(part: Part, expression: sympy.Expr) -> set[str]:
    """Ports of other parts that an expression reads."""
    t = part.template
    read = {s.name for s in analysis.insert(sympy.sympify(expression, strict=True), named(part)).free_symbols}
    return {n for n in read if n in t.needs and t.needs[n].port not in INPUTS}
