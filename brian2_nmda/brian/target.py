"""What a model adds to the equations of its target."""

import weakref
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import sympy
from brian2.equations.equations import DIFFERENTIAL_EQUATION, PARAMETER, SUBEXPRESSION, Equations
from brian2.groups.subgroup import Subgroup
from brian2.input.timedarray import TimedArray
from brian2.units import volt
from brian2.units.fundamentalunits import DimensionMismatchError, get_dimensions

from brian2_nmda.brian.internals import known_value
from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.lowering.places import NEURON, POST, sides_of
from brian2_nmda.symbolic import analysis
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import (
    check_name,
    int_of,
    number,
    read,
    symbol,
    to_text,
    unit_symbol,
    unit_text,
)
from brian2_nmda.symbolic.parameter import Value
from brian2_nmda.symbolic.system import System

#: The voltage that the receptors see, whatever the user calls it.
VOLTAGE = "v_syn"


class TargetEquations(Equations):
    """Brian2 equations that can stand on either side of ``+`` beside a string.

    Attributes
    ----------
    elsewhere : dict of str to str
        Names of the model that are no variables of the target, and what to write instead.
    """

    elsewhere: Mapping[str, str] = MappingProxyType({})

    def __radd__(self, other: str | Equations) -> "TargetEquations":
        if isinstance(other, str):
            other = Equations(other)
        return self._with([*other.values(), *self.values()], other)

    def _with(self, equations: list[Any], other: Equations) -> "TargetEquations":
        both = TargetEquations(equations)
        both.elsewhere = {**getattr(other, "elsewhere", {}), **self.elsewhere}
        return both

    def __add__(self, other: str | Equations) -> "TargetEquations":
        if isinstance(other, str):
            other = Equations(other)
        both = sorted(set(self) & set(other))
        if both and isinstance(other, TargetEquations):
            raise ModelError(
                f"the equations of two models for one target both define {', '.join(both)}; write "
                "post_equations(a, b) instead of a.post_equations() + b.post_equations()."
            )
        return self._with([*self.values(), *other.values()], other)


def target_names(system: System) -> set[str]:
    """Parameters that act on the target."""
    used: set[str] = set()
    expressions = [r.current for r in system.receptors]
    constants = _constants(system)
    for e in (
        *(system.definitions[n].expression for n in _post_definitions(system)),
        *(system.rates[n] for n in _post_states(system)),
    ):
        expressions.append(analysis.insert(e, constants))
    for e in expressions:
        used |= {x.name for x in e.free_symbols}
    return {n for n in system.parameters if n in used}


def neuron_names(system: System) -> set[str]:
    """Parameters that act on what the model states once per neuron, and are no parameters of the target."""
    states = [n for n in system.states if system.place.get(n) == NEURON]
    names = {x.name for e in system.evaluated_at(NEURON, states) for x in e.free_symbols}
    return (names & set(system.parameters)) - target_names(system)


def _post_definitions(system: System) -> list[str]:
    sides = sides_of(system, Declarations())
    # A block of constant value (say of a Mg-free bath) belongs to the target as well.
    return [n for n in system.definitions if sides[n] == {POST} or n in system.blocks]


def _constants(system: System) -> dict[str, sympy.Expr]:
    """Definitions made of parameters alone, which the equations of the target have written out."""
    sides = sides_of(system, Declarations())
    return {n: d.expression for n, d in system.definitions.items() if not sides[n] and n not in system.blocks}


def _post_states(system: System) -> list[str]:
    sides = sides_of(system, Declarations())
    return [n for n in system.states if sides[n] == {POST}]


def post_equations(
    models: Iterable[Any],
    *,
    v: str = "v",
    block: str = "fresh",
    variable: Iterable[str] = (),
    per_neuron: Iterable[str] = (),
) -> TargetEquations:
    """Equations that the target of some models needs; see `GlutamateSynapse.post_equations`."""
    models = list(models)
    if not models:
        raise ModelError("post_equations() needs at least one model.")
    if block not in ("fresh", "frozen"):
        raise ModelError(f"post_equations: block has to be 'fresh' or 'frozen', found {block!r}.")
    if v != VOLTAGE:
        check_name(v, "post_equations, v=")
    variable, per_neuron = _names(variable, "variable"), _names(per_neuron, "per_neuron")
    lines = [] if v == VOLTAGE else [f"{VOLTAGE} = {v} : volt"]
    owners: dict[str, int] = {}
    declared: dict[str, Value] = {}
    currents = []
    for number_, model in enumerate(models, 1):
        if any(model is m for m in models[: number_ - 1]):
            continue
        system: System = model.system
        for receptor in system.receptors:
            if receptor.label in owners:
                first = models[owners[receptor.label] - 1]
                raise ModelError(
                    f"post_equations: the label '{receptor.label}' is used by model "
                    f"{owners[receptor.label]}, {first!r}, and by model {number_}, {model!r}. Give "
                    f"one receptor another label=; for the same model twice write it once."
                )
            owners[receptor.label] = number_
        asked = {*variable, *per_neuron}
        lines += _model_lines(system, block, asked & target_names(system), set(per_neuron), declared)
        for name in sorted(asked & neuron_names(system)):
            lines += _variable(name, system.parameters[name], set(per_neuron), declared)
        currents += [r.current_name for r in system.receptors]
    for name in (*variable, *per_neuron):
        if name not in declared:
            systems = [m.system for m in models]
            everything = sorted(set().union(*(target_names(s) | neuron_names(s) for s in systems)))
            raise ModelError(
                f"post_equations: '{name}' is not a parameter of the target; those are "
                f"{', '.join(everything)}."
            )
    lines.append(f"I_syn = {' + '.join(currents)} : amp")
    equations = TargetEquations("\n".join(lines))
    equations.elsewhere = {n: text for m in models for n, text in _elsewhere(m.system) if n not in equations}
    return equations


def _elsewhere(system: System) -> Iterator[tuple[str, str]]:
    """Names of a model that a user might look for on the target, and where they are to be found."""
    on_target, of_neuron = target_names(system), neuron_names(system)
    for n, p in system.parameters.items():
        if n in on_target:
            text = (
                f"It is {p.value} in the equations; make it a variable of the group by "
                f"post_equations(variable=['{n}']), or with one value per neuron by per_neuron=['{n}']."
            )
        else:
            text = f"It is a parameter of the synapses S that the model makes: write S.{n} = ..."
            if n in of_neuron:
                text += f", or give it one value per neuron by post_equations(per_neuron=['{n}'])."
        yield n, text
    for n in (*system.states, *system.definitions):
        yield n, f"It is a variable of the synapses S that the model makes: write S.{n}."


def _names(given: Iterable[str], argument: str) -> tuple[str, ...]:
    if isinstance(given, str):
        raise ModelError(f"post_equations: {argument} expects a list of names, e.g. ['{given}'].")
    return tuple(given)


def _model_lines(
    system: System,
    block: str,
    variable: set[str],
    per_neuron: set[str],
    declared: dict[str, Value],
) -> list[str]:
    lines = []
    values = {symbol("v"): symbol(VOLTAGE)}
    for name in sorted(target_names(system)):
        p = system.parameters[name]
        if name in variable:
            lines += _variable(name, p, per_neuron, declared)
        elif isinstance(p.value, TimedArray):
            if name not in declared:
                declared[name] = p
                lines.append(f"{name} = {timed_name(name)}(t) : {unit_text(p.dim)} (shared)")
        elif isinstance(p.value, str):
            values[symbol(name)] = read(p.value, f"parameter '{name}'")
        else:
            values[symbol(name)] = number(p.base()) * unit_symbol(p.dim)

    constants = _constants(system)

    def text(expression: sympy.Expr) -> str:
        return to_text(analysis.insert(expression, constants).xreplace(values))

    frozen = " (constant over dt)" if block == "frozen" else ""
    for name in _post_states(system):
        lines.append(f"d{name}/dt = {text(system.rates[name])} : {unit_text(system.states[name].dim)}")
    for name in _post_definitions(system):
        d = system.definitions[name]
        flag = frozen if name in system.blocks else ""
        lines.append(f"{name} = {text(d.expression)} : {unit_text(d.dim)}{flag}")
    for receptor in system.receptors:
        lines.append(f"{receptor.total_name} : siemens")
        lines.append(f"{receptor.current_name} = {text(receptor.current)} : amp")
    return lines


def _variable(name: str, p: Value, per_neuron: set[str], declared: dict[str, Value]) -> list[str]:
    """The line that declares a parameter, unless another model has declared it."""
    if name in declared:
        if declared[name].value != p.value:
            raise ModelError(
                f"post_equations: '{name}' is {declared[name].value!r} in one model and "
                f"{p.value!r} in another; one variable cannot be both."
            )
        return []
    declared[name] = p
    flags = "constant" if name in per_neuron else "shared, constant"
    return [f"{name} : {unit_text(p.dim)} ({flags})"]


def timed_name(parameter: str) -> str:
    """Name under which the TimedArray of a parameter is known to the equations."""
    return f"{parameter}_timed"


def base_group(group: Any) -> Any:
    """The whole group behind a subgroup."""
    return group.source if isinstance(group, Subgroup) else group


def check_target(model: Any, target: Any, where: str) -> None:
    """Check that the target has been given this model's equations.

    Raises
    ------
    ModelError
        Naming what is missing or different, and what to write.
    """
    base, system = base_group(target), model.system
    # Brian2 turns "(constant over dt)" expressions into parameters of ``equations``
    equations = base.user_equations
    expected = post_equations(
        [model],
        v=VOLTAGE,
        variable=[n for n in target_names(system) if _is_parameter(equations, n)],
    )
    advice = "add '+ model.post_equations()' to the equations of the target"
    missing = sorted({*expected.names, VOLTAGE} - set(equations.names) - {"I_syn"})
    if missing:
        raise ModelError(f"{where}: the target '{base.name}' has no variable {', '.join(missing)}; {advice}.")
    seen = equations[VOLTAGE]
    _check_voltage(base, equations, where)
    for name, eq in expected.items():
        if name == "I_syn" or eq.type == PARAMETER:
            continue
        if name in system.blocks and equations[name].type == PARAMETER:
            continue  # a frozen block on a SpatialNeuron, whose expression Brian2 keeps elsewhere
        if equations[name].type != eq.type or _text(equations[name]) != _text(eq):
            raise ModelError(
                f"{where}: the target '{base.name}' defines '{name}' as "
                f"'{_text(equations[name])}', this model as '{_text(eq)}'. Build the target's "
                "equations from this model (or give the receptor another label=)."
            )
    if "I_syn" not in equations or equations["I_syn"].type != SUBEXPRESSION:
        raise ModelError(f"{where}: the target '{base.name}' has no current 'I_syn'; {advice}.")
    used = {s for e in equations.values() if e.expr is not None for s in e.identifiers}
    apart_from_sum = {
        s for n, e in equations.items() if e.expr is not None and n != "I_syn" for s in e.identifiers
    }
    clamped = "Im" not in equations and not any(
        equations[n].type == DIFFERENTIAL_EQUATION for n in seen.identifiers if n in equations
    )
    if not clamped and not apart_from_sum & {"I_syn", *(r.current_name for r in system.receptors)}:
        raise ModelError(
            f"{where}: the target '{base.name}' never uses 'I_syn'; subtract it in the membrane "
            "equation, e.g. dv/dt = (g_L*(E_L - v) - I_syn)/C_m, on a SpatialNeuron Im = ... - I_syn/area."
        )
    _check_sign(base, [r.current_name for r in system.receptors], where)
    missing = [r.label for r in system.receptors if r.current_name not in used]
    if missing:
        raise ModelError(
            f"{where}: 'I_syn' of the target '{base.name}' does not contain "
            f"{', '.join('I_' + m for m in missing)}; use post_equations(model1, model2, ...) for "
            "several models."
        )


def _check_voltage(base: Any, equations: Equations, where: str) -> None:
    """Check that what the receptors are to see as the voltage exists, and is one."""
    for name in sorted(equations[VOLTAGE].identifiers):
        if name not in base.variables:
            raise ModelError(
                f"{where}: the target '{base.name}' has no voltage '{name}'; its variables are "
                f"{', '.join(sorted(equations.names))}. Write model.post_equations(v='<its name>')."
            )
        if base.variables[name].dim is not volt.dim:
            raise DimensionMismatchError(
                f"{where}: '{name}' of the target '{base.name}' has to be a voltage in volt; "
                "found and expected are",
                base.variables[name].dim,
                volt.dim,
            )


def _check_sign(base: Any, currents: list[str], where: str) -> None:
    """The currents are outward positive: the membrane equation subtracts them."""
    for name, eq in base.equations.items():
        if eq.expr is None or not (eq.type == DIFFERENTIAL_EQUATION or name == "Im"):
            continue
        expression = read(eq.expr.code, where)
        for current in ("I_syn", *currents):
            if _sign(sympy.diff(expression, symbol(current))) > 0:
                raise ModelError(
                    f"{where}: '{name}' of the target '{base.name}' adds '{current}', which is outward "
                    "positive: the wrong sign. Subtract it: 'dv/dt = (... - I_syn)/C_m', on a "
                    "SpatialNeuron 'Im = ... - I_syn/area'. A (point current) flag adds it, too: remove it."
                )


def _sign(coefficient: sympy.Expr) -> float:
    """Sign of a coefficient for plausible values (positive, below 1); 0 if it cannot be told."""
    value = coefficient.replace(sympy.DiracDelta, lambda *_: sympy.S.Zero)
    value = value.replace(lambda e: isinstance(e, (int_of, sympy.Heaviside)), lambda e: sympy.S.One)
    value = value.xreplace({s: sympy.Rational(1, 2) for s in value.free_symbols})
    return float(sympy.sign(value)) if value.is_number and value.is_real else 0.0


def _is_parameter(equations: Equations, name: str) -> bool:
    return name in equations and equations[name].type == PARAMETER


def _text(equation: Any) -> str:
    return "" if equation.expr is None else equation.expr.code


#: Variables of a target that have had their first value: a second synapse object leaves them alone.
_initialised: weakref.WeakSet = weakref.WeakSet()


def initialise_target(model: Any, target: Any) -> None:
    """Give the variables that ``post_equations(variable=...)`` declared their first values."""
    base, system = base_group(target), model.system
    on_target = target_names(system)
    for name in sorted(on_target | neuron_names(system)):
        p = system.parameters[name]
        if isinstance(p.value, TimedArray) and name in on_target:
            base.namespace.setdefault(timed_name(name), p.value)
        elif _is_parameter(base.equations, name) and p.is_number:
            var = base.variables[name]
            if var in _initialised or _was_set(var):
                _initialised.add(var)
                continue
            if get_dimensions(p.value) is not var.dim:
                raise DimensionMismatchError(
                    f"'{name}' of '{base.name}' and of the model", var.dim, get_dimensions(p.value)
                )
            setattr(base, name, p.value)
            _initialised.add(var)
    for name in _post_states(system):
        var = base.variables[name]
        if var not in _initialised and system.initial[name] != 0 and not _was_set(var):
            setattr(base, name + "_", system.initial[name])
        _initialised.add(var)


def _was_set(var: Any) -> bool:
    """Whether the user has given a variable values already, as far as that is known here."""
    values = known_value(var)
    return values is None or bool(np.any(values))
