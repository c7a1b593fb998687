"""What a part says, one expression after the other: the only place that knows the fields of a template."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy
from brian2.units import second
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, Quantity, get_dimensions

from brian2_nmda.symbolic import analysis
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.part import INPUTS, Part, Pulse

PER_SECOND = get_dimensions(1 / second)


@dataclass(frozen=True)
class Written:
    """One expression of a part.

    Attributes
    ----------
    name : str
        Under which a message shows it.
    expression : sympy.Expr
    dim : Dimension or None
        What it has to have; ``None`` if the part does not say.
    kind : str
        ``rate``, ``definition``, ``gift``, ``role``, ``jump``, ``condition``, ``latency``, ``reaction``,
        ``initial``, ``bound``, ``start`` or ``pulse``.
    of : str
        Name of the variable whose value, rate or change it is; empty where there is none.
    """

    name: str
    expression: sympy.Expr
    dim: Dimension | None
    kind: str
    of: str = ""


@dataclass(frozen=True)
class Jump:
    """States that change at once: when, to what, and on which condition if not at a spike."""

    when: str
    changes: Mapping[str, sympy.Expr]
    condition: sympy.Expr | None = None


def expressions(part: Part) -> Iterator[Written]:
    """Every expression of a part, with its name and its dimensions."""
    t, roles = part.template, type(part)._roles
    for name, e in t.rates.items():
        dim = get_dimensions(Quantity(1, dim=t.states[name].dim) / second) if name in t.states else None
        yield Written(f"d{name}/dt", e, dim, "rate", name)
    for name, d in t.definitions.items():
        yield Written(name, d.expression, d.dim, "definition", name)
    for name, gift in t.gives.items():
        yield Written(name, gift.expression, gift.dim, "gift", name)
    for name, e in t.roles.items():
        yield Written(name, e, roles.get(name), "role", name)
        for pulse in e.atoms(Pulse):
            for what, argument, dim in zip(
                ("duration", "condition"), pulse.args[1:], (second.dim, DIMENSIONLESS), strict=False
            ):
                yield Written(f"{what} of the pulse in {name}", argument, dim, "pulse", name)
    for jump in jumps(part):
        if jump.condition is not None:
            yield Written(f"condition of {jump.when}", jump.condition, DIMENSIONLESS, "condition")
        for name, e in jump.changes.items():
            dim = t.states[name].dim if name in t.states else None
            yield Written(f"{name} at {jump.when}", e, dim, "jump", name)
    for later in t.later:
        yield Written("latency", later.trigger.latency, second.dim, "latency")
    for r in (*t.reactions, *t.exchanges):
        yield Written(f"rate of {r.source} -> {r.target}", r.forward, PER_SECOND, "reaction")
        yield Written(f"rate of {r.target} -> {r.source}", r.backward, PER_SECOND, "reaction")
    for name, state in t.states.items():
        yield Written(f"initial value of {name}", state.initial, state.dim, "initial", name)
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
        ("a late spike", t.on_late_spike),
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
