"""A part of a synapse: states, equations, parameters and what they provide to other parts.

A part is declared as a class body that reads like the paper (see `brian2_nmda.equations`), and
changed by `Part.replace`, which returns a new part. Shipped and customised parts are the same
kind of object and take the same path from here on.
"""

import copy
import difflib
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, Self

import numpy as np
import sympy
from brian2.units import second
from brian2.units.fundamentalunits import (
    DIMENSIONLESS,
    Dimension,
    DimensionMismatchError,
    Quantity,
    get_dimensions,
)

from brian2_nmda.symbolic import analysis, latex
from brian2_nmda.symbolic.collecting import collect
from brian2_nmda.symbolic.declaring import (
    counts as counts,
    define as define,
    gives as gives,
    needs as needs,
    occupancies as occupancies,
    states as states,
)
from brian2_nmda.symbolic.editing import edited
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import check_name, dimensions_of, is_external, readable
from brian2_nmda.symbolic.parameter import Parameter as Parameter
from brian2_nmda.symbolic.ports import (
    INPUTS as INPUTS,
    NEURON as NEURON,
    Ca as Ca,
    Ca_eff as Ca_eff,
    Ca_rest as Ca_rest,
    E_open as E_open,
    G_open as G_open,
    I_Ca as I_Ca,
    T as T,
    Total as Total,
    activation as activation,
    block as block,
    conductance as conductance,
    g_initial as g_initial,
    rand as rand,
    released as released,
    v as v,
    without_totals,
    xi as xi,
)
from brian2_nmda.symbolic.template import (
    Definition as Definition,
    Event as Event,
    Later as Later,
    On as On,
    Preset as Preset,
    Pulse as Pulse,
    Reaction as Reaction,
    State as State,
    Template as Template,
    Written as Written,
    postsynaptic as postsynaptic,
    presynaptic as presynaptic,
)


def check_label(label: str, where: str) -> None:
    """Check that a label is a name, and that names may end in it."""
    if not isinstance(label, str):
        raise ModelError(f"{where}: label= expects text, found {label!r}.")
    check_name(label, where)
    if label == "syn":
        raise ModelError(f"{where}: label='syn' is taken: I_syn is the sum of all currents. Choose another.")
    check_name(f"x_{label}", f"{where}, label='{label}'")


class Part:
    """A part is one replaceable piece of a synapse; see `brian2_nmda.equations` for those that exist.

    Parameters
    ----------
    label : str, optional
        Ending of the names of its variables, ``x_<label>``.
    deterministic : bool
        Of a part with counts: whether reactions follow their mean instead of happening by chance.
    **parameters
        New values for its parameters (`Quantity`, `TimedArray`, or the name of a variable that
        you define yourself).

    Raises
    ------
    ModelError
        For an unknown parameter or an impossible value.
    DimensionMismatchError
        For a value or an equation with the wrong dimensions.

    Examples
    --------
    >>> from brian2 import ms
    >>> from brian2_nmda import BioNMDA
    >>> slow = BioNMDA(beta1=0.005/ms, label='slow')
    >>> slow.name, slow.label
    ('BioNMDA', 'slow')
    """

    _template: ClassVar[Template] = Template()
    #: Expressions that a part of this kind may provide, with their dimensions.
    _roles: ClassVar[Mapping[str, Dimension]] = {}
    #: Those without which a part of this kind means nothing, and what is missing then, in words.
    _has_to_say: ClassVar[Mapping[str, str]] = {}
    #: Names of the parts that this part contains, with their defaults, and what kind each has to be.
    _children: ClassVar[Mapping[str, Any]] = {}
    _child_kinds: ClassVar[Mapping[str, type]] = {}
    #: Which of them cannot be left out with ``None``.
    _required: ClassVar[frozenset[str]] = frozenset()
    default_label: ClassVar[str] = ""
    #: Where its states live if biology decides: ``'neuron'`` or a domain such as ``'dendrite'``.
    place: ClassVar[str] = ""
    #: Time step of the place, if it is not that of the synapses.
    dt: ClassVar[Quantity | None] = None
    #: A state without label, such as ``'Ca'``, with which its own are advanced together: of what is exchanged
    #: faster than a time step nothing may then be held over one.
    stepped_with: ClassVar[str] = ""
    #: Why its states move at rest, for a part that is meant to.
    relaxes: ClassVar[str] = ""
    #: Why it is back at rest only after half a minute or never, for what is meant to be slow or to count.
    slow: ClassVar[str] = ""
    #: Why nothing moves a state from its start, for one that a script sets.
    moved_by_hand: ClassVar[str] = ""
    #: Why ligands come or go without a rate that says so, for a scheme with reactions in one.
    lumped: ClassVar[str] = ""
    #: Why a block rises with no power of the concentration, for a block by several ions.
    cooperative: ClassVar[str] = ""
    #: Why its reactions break detailed balance, for a scheme that is meant to.
    irreversible: ClassVar[str] = ""
    #: One line for the list of models.
    summary: ClassVar[str] = ""
    #: Published sets of values, by name; see `preset`.
    presets: ClassVar[Mapping[str, Preset]] = MappingProxyType({})
    # What a part itself has; `_fill` sets it, because a part is frozen.
    template: Template
    label: str
    children: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._children = {**super(cls, cls)._children, **vars(cls).get("_children", {})}
        cls._template = collect(cls, cls._template)

    def __init__(self, *, label: str | None = None, deterministic: bool = False, **parameters: Any) -> None:
        children = {}
        for name, default in type(self)._children.items():
            child = parameters.pop(name, default)
            children[name] = child() if inspect.isclass(child) else child
        template = type(self)._template
        values = dict(template.parameters)
        for name, value in parameters.items():
            if name not in values:
                raise ModelError(self._unknown(name, [*values, *children]))
            values[name] = values[name].with_value(value, type(self).__name__, name)
        label = type(self).default_label if label is None else label
        if label:
            check_label(label, type(self).__name__)
        if deterministic and not template.counts:
            raise ModelError(f"{self.name}: deterministic=True is for parts with counts; this one has none.")
        template = replace(template, parameters=values, deterministic=deterministic)
        self._fill(template, label, children)

    @classmethod
    def preset(cls, name: str, **parameters: Any) -> Self:
        """Make the part with a published set of values.

        Parameters
        ----------
        name : str
            A key of `presets`.
        **parameters
            As for the class itself.

        Examples
        --------
        >>> from brian2_nmda.equations import MagnesiumBlock
        >>> MagnesiumBlock.preset('Chindemi 2022').K
        2.5522415 * mmolar
        """
        if name not in cls.presets:
            close = difflib.get_close_matches(name, list(cls.presets))
            raise ModelError(
                f"{cls.__name__} has no preset '{name}'; it has "
                f"{', '.join(repr(n) for n in cls.presets) or 'none'}."
                + (f" Did you mean '{close[0]}'?" if close else "")
            )
        chosen = cls.presets[name]
        part = cls(**{**chosen.values, **parameters})
        values = dict(part.template.parameters)
        for key in chosen.values:
            if key not in parameters:
                values[key] = replace(values[key], source=chosen.source, status=chosen.status)
        part.__dict__.update(template=replace(part.template, parameters=values), preset_name=name)
        return part

    def _fill(self, template: Template, label: str, children: Mapping[str, Any]) -> None:
        for name, child in children.items():
            self._check_child(name, child)
        put = self.__dict__.__setitem__
        put("template", template)
        put("label", label)
        put("children", dict(children))
        for name, value in template.parameters.items():
            put(name, value.value)
        for name, child in children.items():
            put(name, child)
        self._check()

    def _check_child(self, name: str, child: Any) -> None:
        kinds, where = type(self)._child_kinds, type(self).__name__
        kind = kinds.get(name, Part)
        if isinstance(child, kind) or (child is None and name not in type(self)._required):
            return
        fitting = [n for n, k in kinds.items() if isinstance(child, k)]
        raise ModelError(
            f"{where}: {name}= expects a {kind.__name__}, found {child!r}"
            + (f"; write {fitting[0]}={child!r}." if fitting else ".")
        )

    def _unknown(self, name: str, known: list[str]) -> str:
        close = difflib.get_close_matches(name, known)
        return f"{type(self).__name__} has no parameter '{name}'; its parameters are {', '.join(known)}." + (
            f" Did you mean '{close[0]}'?" if close else ""
        )

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(
            f"{type(self).__name__} is frozen; write {type(self).__name__}({name}=...) or "
            f".replace({name}=...), which return a new one."
        )

    def __repr__(self) -> str:
        name = type(self).__name__
        given = []
        if self.label != type(self).default_label:
            given.append(f"label={self.label!r}")
        given += [f"{n}={v.value!r}" for n, v in self.template.parameters.items() if v.status == "user"]
        for n, child in self.children.items():
            default = type(self)._children[n]
            if repr(child) != (f"{default.__name__}()" if inspect.isclass(default) else repr(default)):
                given.append(f"{n}={child!r}")
        chosen = self.__dict__.get("preset_name")
        if chosen is not None:
            return f"{name}.preset({', '.join([repr(chosen), *given])})"
        return f"{name}({', '.join(given)})"

    @property
    def name(self) -> str:
        """Name of the class."""
        return type(self).__name__

    # -- checks ------------------------------------------------------------------------------

    def expressions(self) -> Iterator[Written]:
        """Each expression of the part itself: the name under which messages show it, and its dimensions."""
        t, per_second = self.template, get_dimensions(1 / second)
        dims = {n: s.dim for n, s in t.states.items()}
        for name, rate in t.rates.items():
            dim = get_dimensions(Quantity(1, dim=dims[name]) / second) if name in dims else None
            yield Written(f"d{name}/dt", rate, dim, "rate", name)
        for name, definition in t.definitions.items():
            yield Written(name, definition.expression, definition.dim, "definition", name)
        for name, role in t.roles.items():
            yield Written(name, role, type(self)._roles.get(name), "role", name)
        for name, gift in t.gives.items():
            yield Written(name, gift.expression, gift.dim, "gift", name)
        for on in t.on:
            yield from self._expressions_of_event(on)
        for r in (*t.reactions, *t.exchanges):
            yield Written(f"rate of {r.source} -> {r.target}", r.forward, per_second, "reaction")
            yield Written(f"rate of {r.target} -> {r.source}", r.backward, per_second, "reaction")
        for name, state in t.states.items():
            yield Written(f"initial value of {name}", state.initial, state.dim, "initial", name)

    def _expressions_of_event(self, on: On) -> Iterator[Written]:
        t = self.template
        if isinstance(on.trigger, Later):
            yield Written("latency", on.trigger.latency, second.dim, "latency")
            what = "a late spike"
        elif on.is_condition:
            what = f"event {t.events.index(on) + 1}"
            yield Written(f"condition of {what}", on.trigger, DIMENSIONLESS, "condition")
        else:
            what = "a spike" if on.trigger == presynaptic else "a postsynaptic spike"
        for name, change in on.changes.items():
            dim = t.states[name].dim if name in t.states else None
            yield Written(f"{name} at {what}", change, dim, "jump", name)

    def _dimensions(self) -> dict[str, Dimension]:
        t = self.template
        dims = {name: i.dim for name, i in INPUTS.items()}
        dims.update({n: d for n, d in type(self)._roles.items() if n in t.roles})
        for kind in (t.needs, t.gives, t.parameters, t.states, t.definitions):
            dims.update({n: x.dim for n, x in kind.items()})
        return dims

    def _check(self) -> None:
        t, where = self.template, type(self).__name__
        for role, words in type(self)._has_to_say.items():
            if role not in t.roles:
                raise ModelError(f"{self.name}: {words}; add '{role} = ...' to the class body.")
        for name in t.states:
            if name not in t.rates:
                table = ", and no line of its reactions names it" if t.reactions or t.exchanges else ""
                raise ModelError(f"{where}: the state '{name}' has no equation d{name}{table}.")
        dims = self._dimensions()
        for w in self.expressions():
            what, expression, dim = w.name, w.expression, w.dim
            if w.kind == "jump" and w.of not in t.states:
                raise ModelError(f"{self.name}: '{w.of}' changes{what.removeprefix(w.of)}, but is no state.")
            self._check_known(what, expression, dims)
            if expression == 0:
                continue
            for pulse in expression.atoms(Pulse):
                self._check_pulse(pulse, dims, what)
            if expression.has(Pulse):
                expression = expression.xreplace({p: p.args[0] for p in expression.atoms(Pulse)})
            found = dimensions_of(without_totals(expression), dims, f"{where}, '{what}'")
            if dim is not None and found is not dim:
                rate = "Give the rate a factor in 1/second, or the state its unit. " if "/dt" in what else ""
                raise DimensionMismatchError(
                    f"{where}: the equation of '{what}' = {expression} has the wrong dimensions. "
                    f"{rate}Expected {readable(dim)}, found {readable(found)}."
                )

    def _check_known(self, what: str, expression: sympy.Expr, dims: Mapping[str, Dimension]) -> None:
        for s in sorted(expression.free_symbols, key=str):
            if s.name in dims or is_external(s.name):
                continue
            close = difflib.get_close_matches(s.name, sorted(dims))
            known = ", ".join(sorted({*self.template.names, *self.template.needs}))
            raise ModelError(
                f"{type(self).__name__}: '{s.name}' in the equation of '{what}' is not known; known are "
                f"{known} and the inputs {', '.join(INPUTS)}. "
                + (f"Did you mean '{close[0]}'? " if close else "")
                + f"Give a new parameter as a keyword: {s.name}=<value with unit>; what another part gives "
                f"by {s.name} = needs('<its name>')."
            )

    def _check_pulse(self, pulse: Pulse, dims: Mapping[str, Dimension], what: str) -> None:
        for name, expression, dim in zip(
            ("duration", "condition"), pulse.args[1:], (second.dim, DIMENSIONLESS), strict=False
        ):
            found = DIMENSIONLESS if expression.is_number else dimensions_of(expression, dims, what)
            if found is not dim:
                raise DimensionMismatchError(
                    f"{self.name}: the {name} of the pulse in '{what}' has the wrong dimensions. Expected "
                    f"{readable(dim)}, found {readable(found)}."
                )

    # -- customising -------------------------------------------------------------------------

    def replace(self, *equations: str, **changes: Any) -> Self:
        """Return a new part with some equations, expressions or parameters replaced or added.

        Parameters
        ----------
        *equations : str
            Brian2 equations. ``'dg/dt = ... : 1'`` replaces the equation of a state or adds a
            state, ``'B = ... : 1'`` a named or provided expression.
        **changes
            A `Quantity`, number, `TimedArray` or variable name for a parameter, old or new; a SymPy
            expression (or Brian2 text) for an expression that the part provides or ``d<state>``;
            a part for a part that it contains. ``on_spike``, ``on_post_spike``, ``on_late_spike`` (mappings
            of states to new values, put in front of which its latency may stand: ``(D, {...})``),
            ``latency``, ``events`` and ``reactions`` change what happens at once; ``initial={'x': 1}`` and
            ``within={'x': (0, 1)}`` the start and the bounds of states, also of added ones.

        Examples
        --------
        >>> from brian2 import ms
        >>> from brian2_nmda import BioNMDA
        >>> slow = BioNMDA().replace('dg/dt = alpha1*x*(1 - g)**2 - beta1*g : 1', beta1=0.005/ms)
        >>> slow.beta1
        5. * hertz
        """
        template, children = edited(
            self.template, self.children, type(self)._roles, type(self).__name__, equations, changes
        )
        new = copy.copy(self)
        new._fill(template, self.label, children)
        return new

    # -- reading -----------------------------------------------------------------------------

    @property
    def parameters(self) -> list[dict[str, Any]]:
        """Rows with ``name``, ``value``, ``meaning``, ``source`` and ``status``.

        A parameter of a contained part that has the name of one of its own is called ``part.name``.
        """
        rows = [
            dict(name=n, value=p.value, meaning=p.meaning, source=p.source, status=p.status)
            for n, p in self.template.parameters.items()
        ]
        own = set(self.template.parameters)
        for name, child in self.children.items():
            for row in child.parameters if child is not None else ():
                rows.append({**row, "name": f"{name}.{row['name']}"} if row["name"] in own else row)
        return rows

    @property
    def own_equations(self) -> dict[str, sympy.Expr]:
        """As `equations`, without those of the parts that it contains, which may use the same names."""
        t = self.template
        out = {f"d{n}/dt": e for n, e in t.rates.items()}
        out.update({n: d.expression for n, d in t.definitions.items()})
        out.update(t.roles)
        out.update({n: g.expression for n, g in t.gives.items()})
        return out

    @property
    def equations(self) -> dict[str, sympy.Expr]:
        """Right-hand sides of ``dx/dt`` by the name of the state, then the named expressions."""
        out = self.own_equations
        for child in self.children.values():
            if child is not None:
                out.update(child.equations)
        return out

    def _right_hand_sides(self) -> dict[str, sympy.Expr]:
        """Rates with the definitions inserted."""
        named = {n: d.expression for n, d in self.template.definitions.items()}
        return {n: analysis.insert(e, named) for n, e in self.template.rates.items()}

    def jacobian(self) -> sympy.Matrix:
        """Return the Jacobian of the rates with respect to the states, almost everywhere."""
        return analysis.jacobian(self._right_hand_sides())

    def steady_state(self) -> dict[str, sympy.Expr]:
        """Return the value of each state at which all rates vanish, for constant inputs."""
        return analysis.steady_state(self._right_hand_sides(), type(self).__name__)

    def solution(self, state: str, **inputs: Any) -> sympy.Expr:
        """Solve for a state in closed form, for constant (or given) inputs, as a function of t.

        Parameters
        ----------
        state : str
            Its name in the class.
        **inputs
            Time course of an input in terms of ``t`` (a SymPy expression); otherwise constant.

        Returns
        -------
        sympy.Expr
            In terms of ``t`` and the initial values ``<state>_0``.

        Raises
        ------
        ModelError
            If no closed form is known.
        """
        if state not in self.template.states:
            raise ModelError(f"{type(self).__name__} has no state '{state}'.")
        return analysis.solution(self._right_hand_sides(), state, inputs, type(self).__name__)

    def latex(self) -> str:
        """Return the equations as a LaTeX ``align*`` environment."""
        return latex.latex(self)

    def _repr_latex_(self) -> str:
        return self.latex()

    def difference(self, other: "Part") -> list[str]:
        """Say what ``self`` has that ``other`` has not, one line each, for a methods section."""
        lines = []
        mine, theirs = _said(self), _said(other)
        for name in [*mine, *(n for n in theirs if n not in mine)]:
            if mine.get(name) != theirs.get(name):
                lines.append(f"{name}: {theirs.get(name, 'absent')} -> {mine.get(name, 'absent')}")
        a = {r["name"]: r["value"] for r in self.parameters}
        b = {r["name"]: r["value"] for r in other.parameters}
        for name in [*a, *(n for n in b if n not in a)]:
            if name not in a or name not in b or not np.array_equal(a[name], b[name]):
                lines.append(f"{name}: {b.get(name, 'absent')} -> {a.get(name, 'absent')}")
        return lines


def _said(model: Any) -> dict[str, Any]:
    """Everything that a part or model says but for its parameters, by the name under which it is shown."""
    said = dict(model.equations)
    parts = [model] if isinstance(model, Part) else [*model.receptors, *model.plasticity, *model.parts]
    for part in parts:
        for w in part.expressions():
            said.setdefault(w.name if part is model else f"{part.name}: {w.name}", w.expression)
        where = "place" if part is model else f"{part.name}: place"
        if part.place:
            said[where] = part.place
    return said
