"""Small wrong versions of a model, made from the model itself: the kinds of ``reliability.md``, section 4.

``mutants(part)`` yields a kind, what was changed, and a function that makes the mutant. Making it may raise:
a mutant that the construction refuses is caught. Mutants that compute the same as the original (two
equal parameters swapped, say) are left out.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import NamedTuple

import numpy as np
import sympy
from brian2 import Quantity

from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.part import On, Reaction, T, v

mM = symbol("mM")  # as Brian2 resolves it in an equation


class Mutant(NamedTuple):
    kind: str
    what: str
    make: Callable


def rebuilt(part, checked=True, **fields):
    """``part`` with fields of its template replaced, through the checks of construction or past them."""
    new = object.__new__(type(part))
    new.__dict__.update(part.__dict__)  # the target of a rule, too: a mutant differs in one thing alone
    template = replace(part.template, **fields)
    if checked:
        new._fill(template, part.label, part.children)
    else:
        new.__dict__.update(template=template, label=part.label, children=dict(part.children))
        new.__dict__.update({n: p.value for n, p in template.parameters.items()})
        new.__dict__.update(part.children)
    return new


def with_values(part, **values):
    """``part`` with other numbers (SI), whatever their sign."""
    parameters = dict(part.template.parameters)
    for name, x in values.items():
        parameters[name] = replace(parameters[name], value=Quantity(x, dim=parameters[name].dim))
    return rebuilt(part, checked=False, parameters=parameters)


def expressions(part):
    """Rates that are not given by a table, with the field they are in."""
    t = part.template
    table = {x.name for r in t.reactions for x in (r.source, r.target)}
    return {n: e for n, e in t.rates.items() if n not in table and e != 0}


def changed(part, field, name, expression):
    """A function that makes ``part`` with one expression replaced."""
    t = part.template
    if field in ("on_spike", "on_post_spike", "on_late_spike"):
        old = getattr(t, field)[name]
        jumps = tuple(
            On(on.trigger, {**on.changes, name: expression}) if on.changes.get(name) is old else on
            for on in t.on
        )
        return lambda: rebuilt(part, on=jumps)
    return lambda: rebuilt(part, **{field: {**getattr(part.template, field), name: expression}})


def values(part) -> Iterator[Mutant]:
    numbers = {n: float(np.asarray(p.value)) for n, p in part.template.parameters.items() if p.is_number}
    for n, x in numbers.items():
        if x != 0:
            yield Mutant("value +5 %", n, lambda n=n, x=x: with_values(part, **{n: 1.05 * x}))
            yield Mutant("x1000", n, lambda n=n, x=x: with_values(part, **{n: 1000 * x}))
    dims = {n: p.dim for n, p in part.template.parameters.items()}
    for a, b in combinations(numbers, 2):
        if dims[a] is dims[b] and numbers[a] != numbers[b]:
            yield Mutant(
                "swapped",
                f"{a}, {b}",
                lambda a=a, b=b: with_values(part, **{a: numbers[b], b: numbers[a]}),
            )


def tables(part) -> Iterator[Mutant]:
    from_table = part.template.reactions

    def with_table(k, *new):
        table = [*from_table[:k], *new, *from_table[k + 1 :]]
        return lambda: part.replace(reactions=table)

    for k, r in enumerate(from_table):
        name = f"{r.source} - {r.target}"
        yield Mutant("reaction dropped", name, with_table(k))
        yield Mutant(
            "reaction reversed", name, with_table(k, Reaction(r.source, r.target, r.backward, r.forward))
        )
        rates = part.template.rates
        for a, b, flow in (
            (r.source, r.target, r.forward * r.source),
            (r.target, r.source, r.backward * r.target),
        ):
            if flow != 0 and a.name in rates:
                wrong = {**rates, a.name: rates[a.name] + flow}
                yield Mutant("outflow forgotten", f"{a} -> {b}", lambda w=wrong: rebuilt(part, rates=w))
            if flow != 0 and b.name in rates:
                wrong = {**rates, b.name: rates[b.name] - 2 * flow}
                yield Mutant("inflow sign", f"{a} -> {b}", lambda w=wrong: rebuilt(part, rates=w))
        if r.forward.has(T):
            twice = Reaction(r.source, r.target, 2 * r.forward, r.backward)
            yield Mutant("statistical factor 2", name, with_table(k, twice))
            one = Reaction(r.source, r.target, r.forward.xreplace({T: sympy.S.One}), r.backward)
            yield Mutant("transmitter forgotten", f"{name}, unit too", with_table(k, one))
            one = Reaction(r.source, r.target, r.forward.xreplace({T: mM}), r.backward)
            yield Mutant("transmitter forgotten", name, with_table(k, one))


def kinetics(part) -> Iterator[Mutant]:
    for name, rate in expressions(part).items():
        terms = sympy.Add.make_args(rate)
        for term in terms:
            yield Mutant(
                "reaction dropped", f"{term} in d{name}/dt", changed(part, "rates", name, rate - term)
            )
            yield Mutant(
                "inflow sign", f"{term} in d{name}/dt", changed(part, "rates", name, rate - 2 * term)
            )
            yield Mutant(
                "statistical factor 2", f"{term} in d{name}/dt", changed(part, "rates", name, rate + term)
            )
        if rate.has(T):
            wrong = rate.xreplace({T: sympy.S.One})
            yield Mutant(
                "transmitter forgotten", f"d{name}/dt, unit too", changed(part, "rates", name, wrong)
            )
            wrong = rate.xreplace({T: mM})
            yield Mutant("transmitter forgotten", f"d{name}/dt", changed(part, "rates", name, wrong))


def jumps(part) -> Iterator[Mutant]:
    for field in ("on_spike", "on_post_spike", "on_late_spike"):
        for name, jump in getattr(part.template, field).items():
            x = symbol(name)
            yield Mutant("jump", f"{name} {field}: forgotten", changed(part, field, name, x))
            yield Mutant("jump", f"{name} {field}: twice", changed(part, field, name, 2 * jump - x))


def block(part) -> Iterator[Mutant]:
    roles = part.template.roles
    B = roles.get("block")
    if B is None or not B.has(v):
        return
    concentrations = [symbol(n) for n in part.template.parameters if n == "Mg" or n.startswith("K")]
    exponent = next(iter(B.atoms(sympy.exp))).args[0]
    Mg, K = concentrations[:2]
    for what, wrong in {
        "sign of the exponent": B.xreplace({v: -v}),
        "1 minus": 1 - B,
        "1 + forgotten": 1 / (1 / B - 1),
        "Mg and K exchanged": B.xreplace({Mg: K, K: Mg}),
        "Mg forgotten": B.xreplace({Mg: sympy.S.One}),
        "slope forgotten": B.xreplace({exponent: -v}),
        "squared": B**2,
    }.items():
        yield Mutant("block formula", what, changed(part, "roles", "block", wrong))


def current(part) -> Iterator[Mutant]:
    roles = part.template.roles
    if not {"conductance", "current"} <= set(roles):
        return
    I, E, G, B = roles["current"], symbol("E"), symbol("conductance"), symbol("block")
    for what, wrong in {
        "v + E": I.xreplace({E: -E}),
        "E - v": -I,
        "E forgotten": I.xreplace({E: sympy.S.Zero}),
        "block forgotten": I.xreplace({B: sympy.S.One}),
        "block squared": I * B,
        "conductance squared": I * G,
    }.items():
        yield Mutant("current formula", what, changed(part, "roles", "current", wrong))


def mutants(part) -> Iterator[Mutant]:
    """All mutants of a part."""
    for kind in (values, tables, kinetics, jumps, block, current):
        yield from kind(part)
