"""Where a model is tested: reference and generic parameter values, and points in the space of its states.

At reference values some errors are invisible: with ``E = 0 mV`` the wrong ``v + E`` is right. So everything
is also evaluated at *generic* values, drawn at random (seeded) within a factor of two.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import sympy
from brian2.core.namespace import DEFAULT_UNITS
from brian2.input.timedarray import TimedArray
from brian2.units import amp, coulomb, farad, joule, kelvin, metre, mole, second, siemens, volt
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, Quantity, get_dimensions

from brian2_nmda.symbolic.analysis import insert
from brian2_nmda.symbolic.composition import SynapseModel
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import int_of, numeric, symbol, value_of
from brian2_nmda.symbolic.parameter import Value
from brian2_nmda.symbolic.part import INPUTS, Part, Pulse, rand, without_totals

MOLAR, PER_VOLT = get_dimensions(mole / metre**3), get_dimensions(1 / volt)

#: The values that a model states, as messages call them: those of a paper, or of whoever wrote the model.
REFERENCE = "reference values"
#: A size of each kind of quantity, in SI units, for what has no value to start from.
TYPICAL: Mapping[Dimension, float] = {
    volt.dim: 12.3e-3,
    second.dim: 1.7e-3,
    MOLAR: 1.3e-3,
    siemens.dim: 1.1e-9,
    amp.dim: 2.3e-12,
    DIMENSIONLESS: 0.37,
    get_dimensions(1 / second): 31.0,
}

#: Sizes, in SI units, beyond which a number is a slip of units rather than physiology: from femtosiemens to
#: whole cells, from picomolar to the sea, from microseconds to months, up to diffusion-limited binding.
WINDOWS: Mapping[Dimension, tuple[float, float]] = {
    volt.dim: (1e-4, 0.3),
    second.dim: (1e-5, 1e7),
    get_dimensions(1 / second): (1e-7, 1e6),
    get_dimensions(1 / volt): (1e-2, 2000.0),
    MOLAR: (1e-7, 600.0),
    get_dimensions(metre**3 / mole): (1e-3, 1e7),
    get_dimensions(metre**3 / (mole * second)): (1e-3, 1e7),
    siemens.dim: (1e-13, 1e-5),
    amp.dim: (1e-16, 1e-6),
    farad.dim: (1e-14, 1e-8),
    metre.dim: (1e-9, 1e-2),
    get_dimensions(metre**2): (1e-15, 1e-6),
    get_dimensions(metre**3): (1e-22, 1e-13),
    kelvin.dim: (270.0, 320.0),
    get_dimensions(coulomb / mole): (9.64e4, 9.66e4),
    get_dimensions(joule / (mole * kelvin)): (8.31, 8.32),
    DIMENSIONLESS: (1e-11, 1e6),
}

#: Stand for a pulse that is on, and for a random number, in an expression that is evaluated.
ON, DRAW = symbol("pulse_on"), symbol("random_draw")

#: Provided expressions that are fractions.
FRACTIONS = ("activation", "block", "amount", "available", "occupancy", "unblocked")


def plain(expression: Any, named: Mapping[str, sympy.Expr] | None = None) -> sympy.Expr:
    """``expression`` as NumPy can evaluate it: definitions inserted, pulses and draws as inputs."""
    expression = sympy.sympify(expression, strict=True)
    if named:
        expression = insert(expression, named)
    expression = expression.replace(lambda e: isinstance(e, Pulse), lambda e: e.args[0] * ON)
    expression = expression.replace(lambda e: isinstance(e, rand), lambda e: DRAW)
    expression = without_totals(expression)  # one synapse at each place

    def condition(e: sympy.Expr) -> sympy.Expr:
        (c,) = e.args
        return sympy.Piecewise((1, c), (0, True)) if c.is_Relational or c.is_Boolean else c

    def chosen(e: sympy.Expr) -> sympy.Expr:
        better = sympy.Lt if isinstance(e, sympy.Min) else sympy.Gt
        first, *rest = e.args
        for other in rest:
            first = sympy.Piecewise((first, better(first, other)), (other, True))
        return first

    expression = expression.replace(lambda e: isinstance(e, int_of), condition)
    return expression.replace(lambda e: isinstance(e, (sympy.Min, sympy.Max)), chosen)


@lru_cache(maxsize=512)
def _compiled(written: tuple[Any, ...], named: tuple[tuple[str, Any], ...]) -> tuple[list[str], Any]:
    """What expressions read, and a NumPy function of that; compiling takes longer than evaluating."""
    flat = [plain(e, dict(named)) for e in written]
    reads = sorted({s.name for e in flat for s in e.free_symbols})
    return reads, numeric(sympy.Tuple(*flat), reads, {})


class Function:
    """Named expressions as one NumPy function of everything that they read."""

    def __init__(self, expressions: Mapping[str, Any], named: Mapping[str, sympy.Expr] | None = None) -> None:
        self.keys = list(expressions)
        self.reads, self._call = _compiled(tuple(expressions.values()), tuple((named or {}).items()))

    def __call__(self, values: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Values by name; arrays of one shape."""
        given = [values[n] if n in values else value_of(n, {}) for n in self.reads]
        shape = np.broadcast_shapes(*(np.shape(x) for x in given)) if given else ()
        given = [np.broadcast_to(np.asarray(x, float), shape) for x in given]
        with np.errstate(all="ignore"):
            found = self._call(*given)
        return {
            k: np.broadcast_to(np.asarray(x, float), shape) for k, x in zip(self.keys, found, strict=True)
        }


def dimension_of(name: str, known: Mapping[str, Dimension]) -> Dimension:
    """Dimensions of a name, of an input, or of a unit that an expression names."""
    if name in known:
        return known[name]
    if name in INPUTS:
        return INPUTS[name].dim
    if name in DEFAULT_UNITS:
        return get_dimensions(DEFAULT_UNITS[name])
    return second.dim if name in ("t", "dt") else DIMENSIONLESS


def size_of(value: Value) -> float:
    """A number to start from for a parameter, also where the user gave a course or a name."""
    if isinstance(value.value, TimedArray):
        return float(np.asarray(value.value.values).ravel()[0])
    if isinstance(value.value, str):
        return TYPICAL.get(value.dim, 1.0)
    return value.base()


def may_vanish(p: Value) -> bool:
    """Whether a parameter may be 0: its author says so by a sign; of one that a user added nobody says it."""
    added = p.status == "user" and not p.source
    return p.sign != "positive" and not added


def published(parameters: Mapping[str, Value]) -> dict[str, float]:
    """The values that the model has."""
    return {n: size_of(p) for n, p in parameters.items()}


def generic(
    parameters: Mapping[str, Value], rng: np.random.Generator, spread: float = 1.0
) -> dict[str, float]:
    """Values within a factor of two of those that the model has; what is 0 gets a typical size.

    A dimensionless number below 1 stays below 1: it may be a probability. Voltages change by a
    fifth at most. ``spread`` below 1 narrows the factor.
    """
    found = {}
    for name, p in parameters.items():
        value = size_of(p)
        # voltages stand in exponents, where a factor of two is a factor of thousands
        narrow = 0.3 if p.dim in (volt.dim, PER_VOLT) else 1.0
        factor = 2.0 ** (narrow * rng.uniform(-spread, spread))
        if value == 0:
            value = TYPICAL.get(p.dim, 1.0)
        if p.dim is DIMENSIONLESS and 0 < value < 1:
            factor = min(factor, 1 + (1 / value - 1) * rng.uniform(0.2, 0.8))
        low, high = WINDOWS.get(p.dim, (0.0, np.inf))
        within = low <= abs(value) <= high
        found[name] = value * factor
        if within:  # constants of nature and temperatures stay what they are
            found[name] = float(np.sign(value) * np.clip(abs(found[name]), low, high))
        if p.sign == "fraction":
            found[name] = min(found[name], 1.0)
    return found


def whole_numbers(template: Any, values: dict[str, float]) -> dict[str, float]:
    """Values in which those that numbers of molecules start at, or are bounded by, are whole."""
    found = dict(values)
    for name in template.counts:
        state = template.states[name]
        for e in (state.initial, *(b for b in state.within if b is not None)):
            for s in sympy.sympify(e, strict=True).free_symbols:
                if s.name in found:
                    found[s.name] = max(1.0, float(round(found[s.name])))
    return found


def with_values(part: Part, values: Mapping[str, float]) -> Part:
    """A part with new numbers (SI) for its own parameters."""
    given = {
        n: Quantity(values[n], dim=p.dim)
        for n, p in part.template.parameters.items()
        if p.is_number and n in values
    }
    return part.replace(**given) if given else part


def generic_part(
    part: Part, rng: np.random.Generator, spread: float, baths: dict[str, float], dt: float
) -> Part:
    """A part with generic values, and its children; parameters of the bath agree between parts."""
    values = whole_numbers(part.template, generic(part.template.parameters, rng, spread))
    for name, p in part.template.parameters.items():
        if p.bath:
            values[name] = baths.setdefault(name, values[name])
    named = (d.expression for d in part.template.definitions.values())
    for e in (*part.template.roles.values(), *named):
        for pulse in e.atoms(Pulse):
            for s in pulse.args[1].free_symbols:  # pulses are counted in whole time steps
                if s.name in values:
                    values[s.name] = max(1, round(values[s.name] / dt)) * dt
    new = with_values(part, values)
    children = {n: generic_part(c, rng, spread, baths, dt) for n, c in part.children.items() if c is not None}
    return new.replace(**children) if children else new


def generic_model(
    model: Any, rng: np.random.Generator, dt: float, suits: Callable[[Any], bool] = lambda model: True
) -> Any:
    """A synapse with generic values that can start and that suits; the spread narrows until it does."""
    error: ModelError | None = None
    for attempt in range(40):
        spread, baths = 0.9 ** (attempt // 4), {}
        try:
            parts = {
                "receptors": [generic_part(r, rng, spread, baths, dt) for r in model.receptors],
                "release": generic_part(model.release, rng, spread, baths, dt),
                "calcium": model.calcium and generic_part(model.calcium, rng, spread, baths, dt),
                "plasticity": [generic_part(p, rng, spread, baths, dt) for p in model.plasticity] or None,
                "parts": [generic_part(p, rng, spread, baths, dt) for p in model.parts] or None,
            }
            candidate = type(model)(**parts)
            if suits(candidate):
                return candidate
        except ModelError as problem:
            error = problem
    raise ModelError(f"no generic parameter values could be found near those of the model: {error}")


def bounds(template: Any, values: Mapping[str, float], name: str) -> tuple[float | None, float | None]:
    """The interval of a state, in SI units."""
    return tuple(
        None if b is None else float(Function({"b": b})(values)["b"]) for b in template.states[name].within
    )


def starts_inside(template: Any, values: Mapping[str, float]) -> bool:
    """Whether all states start within intervals that are not empty.

    A start that follows from an input or from what another part gives is judged where the part is used.
    """
    starts = {n: s.initial for n, s in template.states.items()}
    named = {**{n: d.expression for n, d in template.definitions.items()}, **starts}
    known = {**{n: TYPICAL.get(i.dim, 1.0) for n, i in INPUTS.items()}, **values}
    for name, state in template.states.items():
        low, high = bounds(template, known, name)
        if low is not None and high is not None and low >= high:
            return False
        whole = insert(state.initial, named)
        if any(s.name in INPUTS or s.name in template.needs for s in whole.free_symbols):
            continue
        start = float(Function({"x": whole})(known)["x"])
        if (low is not None and start < low) or (high is not None and start > high):
            return False
    return True


def generic_values(part: Part, rng: np.random.Generator) -> dict[str, float]:
    """Generic values of the parameters of one part."""
    for attempt in range(80):
        values = whole_numbers(part.template, generic(part.template.parameters, rng, 0.9 ** (attempt // 4)))
        if starts_inside(part.template, values):
            return values
    raise ModelError(f"{part.name}: no generic values for which the states start within their intervals.")


def occupied(template: Any) -> list[str]:
    """Names of the occupancies of a reaction table, the eliminated one first."""
    names = list(dict.fromkeys(x.name for r in template.reactions for x in (r.source, r.target)))
    return sorted(names, key=lambda n: n in template.states)


def draw_inputs(names: Iterable[str], rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
    """Inputs as a synapse may meet them."""
    calcium = 10 ** rng.uniform(-5, -1.7, n)
    ranges = {
        "v": rng.uniform(-0.12, 0.08, n),
        "T": np.where(rng.random(n) < 0.3, 0.0, rng.uniform(0, 3, n)),
        "Ca": calcium,
        "Ca_eff": np.where(rng.random(n) < 0.2, 0.0, 10 ** rng.uniform(-5, -1.7, n)),
        "Ca_rest": 10 ** rng.uniform(-4.5, -3.8, n),
        "I_Ca": rng.uniform(-2e-12, 1e-12, n),
        "G_open": rng.uniform(0, 1e-9, n),
        "E_open": rng.uniform(-20e-3, 20e-3, n),
        "g_initial": rng.uniform(0.1e-9, 2e-9, n),
        "block": rng.uniform(0.01, 1, n),
        "activation": rng.uniform(0, 1, n),
        "conductance": rng.uniform(0, 1e-9, n),
        "released": np.where(rng.random(n) < 0.3, 1.0, rng.uniform(0, 1, n)),
        "xi": np.zeros(n),
        ON.name: rng.integers(0, 2, n).astype(float),
        DRAW.name: rng.random(n),
        "t": rng.uniform(0, 1, n),
        "dt": np.full(n, 1e-4),
    }
    return {k: x for k, x in ranges.items() if k in names or k in ("v", "T")}


def draw_needs(
    template: Any, inputs: Mapping[str, Any], rng: np.random.Generator, n: int
) -> dict[str, np.ndarray]:
    """What other parts give: an input under another name, or a size of its dimension that is not negative.

    A part that itself gives a number to the port that it reads, for others to change, is tested with that.
    """
    found = {}
    for name, need in template.needs.items():
        own = template.gives.get(need.port)
        if own is not None and own.expression.is_number:
            found[name] = np.full(n, float(own.expression))
            continue
        size = 1.0 if need.dim is DIMENSIONLESS else 4 * TYPICAL.get(need.dim, 1.0)
        found[name] = inputs[need.port] if need.port in inputs else size * rng.random(n)
    return found


ALL_INPUTS = (*INPUTS, "conductance", ON.name, DRAW.name, "t", "dt")


def all_parts(model: Any) -> list[Part]:
    """The parts of a model and what they contain."""
    if isinstance(model, SynapseModel):
        own = [*model.receptors, model.release, model.calcium, *model.plasticity, *model.parts]
    else:
        own = [model]
    found: list[Part] = []
    for part in own:
        if part is not None:
            found += [part, *(p for c in part.children.values() if c is not None for p in all_parts(c))]
    return found
