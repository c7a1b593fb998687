"""Parts put together: one flat system of named equations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import sympy
from brian2.units import amp
from brian2.units.fundamentalunits import Dimension

from brian2_nmda.symbolic import analysis, latex
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric, symbol
from brian2_nmda.symbolic.kinds import Block, Calcium, Plasticity, Receptor, Release
from brian2_nmda.symbolic.parameter import Value
from brian2_nmda.symbolic.part import (
    INPUTS,
    Definition,
    Event,
    Part,
    Pulse,
    Reaction,
    State,
    conductance,
    xi,
)


@dataclass(frozen=True)
class ReceptorTerm:
    """What a receptor contributes to the target.

    Attributes
    ----------
    label : str
    conductance : sympy.Expr
        Open conductance of one synapse of unit weight.
    current : sympy.Expr
        Current of the target in terms of ``g_total_<label>``.
    """

    label: str
    conductance: sympy.Expr
    current: sympy.Expr

    @property
    def total(self) -> str:
        """Name of the total conductance on the target."""
        return f"g_total_{self.label}"

    @property
    def current_name(self) -> str:
        """Name of the current on the target."""
        return f"I_{self.label}"


@dataclass(frozen=True)
class LateSpike:
    """What a presynaptic spike changes ``latency`` after its arrival."""

    owner: str
    latency: sympy.Expr
    changes: Mapping[str, sympy.Expr]


@dataclass(frozen=True)
class Scheme:
    """A Markov scheme, and the values of its inputs for which it starts in equilibrium."""

    reactions: tuple[Reaction, ...]
    start_at: Mapping[str, sympy.Expr]


@dataclass
class System:
    """A flat model: every name is the one that a user sees.

    ``owner`` maps a name to the part it came from; states of one part are integrated together.
    ``stepped_with`` names the part with which the states of another one are integrated. ``on_spike`` and
    the like are carried out in the order in which they are written. ``plastic`` are the labels of the
    receptors that a rule of plasticity changes, ``blocks`` the definitions by which the target multiplies
    a conductance, ``noise`` the symbols of white noise.
    """

    parameters: dict[str, Value] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)
    rates: dict[str, sympy.Expr] = field(default_factory=dict)
    definitions: dict[str, Definition] = field(default_factory=dict)
    on_spike: dict[str, sympy.Expr] = field(default_factory=dict)
    on_post_spike: dict[str, sympy.Expr] = field(default_factory=dict)
    on_late_spike: list[LateSpike] = field(default_factory=list)
    schemes: list[Scheme] = field(default_factory=list)
    events: list[tuple[str, Event]] = field(default_factory=list)
    owner: dict[str, str] = field(default_factory=dict)
    stepped_with: dict[str, str] = field(default_factory=dict)
    receptors: list[ReceptorTerm] = field(default_factory=list)
    plastic: set[str] = field(default_factory=set)
    blocks: set[str] = field(default_factory=set)
    noise: set[sympy.Symbol] = field(default_factory=set)
    initial: dict[str, float] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """All names."""
        return {*self.parameters, *self.states, *self.definitions}

    @property
    def eliminated(self) -> set[str]:
        """Occupancies that follow from the others of their scheme."""
        return {n for scheme in self.schemes for n in _names(scheme) if n in self.definitions}

    @property
    def spiked_otherwise(self) -> set[str]:
        """States that change at postsynaptic or late spikes."""
        return {*self.on_post_spike, *(n for late in self.on_late_spike for n in late.changes)}

    def dimensions(self) -> dict[str, Dimension]:
        """Dimensions of all names and inputs."""
        dims = {n: i.dim for n, i in INPUTS.items()}
        for kind in (self.parameters, self.states, self.definitions):
            dims.update({n: x.dim for n, x in kind.items()})
        return dims

    def values(self) -> dict[str, float]:
        """Parameters that are numbers, in base SI units."""
        return {n: p.base() for n, p in self.parameters.items() if p.is_number}

    def inserted(self, expression: sympy.Expr, keep: Iterable[str] = ()) -> sympy.Expr:
        """``expression`` with the definitions inserted, except those in ``keep``."""
        keep = set(keep)
        named = {n: d.expression for n, d in self.definitions.items() if n not in keep}
        return analysis.insert(expression, named)


class SynapseModel:
    """Receptors, a shared release, calcium and plasticity as one model.

    Use `brian2_nmda.GlutamateSynapse`, which adds the methods that make Brian2 objects.
    """

    def __init__(
        self,
        receptors: Receptor | Iterable[Receptor],
        release: Release,
        calcium: Calcium | None = None,
        plasticity: Plasticity | Iterable[Plasticity] | None = None,
    ) -> None:
        receptors = self._parts(receptors, Receptor, "receptors")
        if not receptors:
            raise ModelError(f"{self.name}: receptors= is empty; give at least one receptor.")
        releases = self._parts(release, Release, "release")
        if len(releases) != 1:
            raise ModelError(f"{self.name}: release= takes one part, got {len(releases)}.")
        calcium = self._parts(calcium, Calcium, "calcium")
        plasticity = self._parts(plasticity, Plasticity, "plasticity")
        if len(calcium) > 1:
            raise ModelError(f"{self.name}: calcium= takes one part, got {len(calcium)}.")
        labels = [r.label for r in receptors]
        for label in labels:
            if labels.count(label) > 1:
                raise ModelError(
                    f"{self.name}: two receptors are labelled '{label}'; give one of them another "
                    f"name, e.g. {receptors[labels.index(label)].name}(label='{label}2')."
                )
        put = self.__dict__.__setitem__
        put("receptors", tuple(receptors))
        put("release", releases[0])
        put("calcium", calcium[0] if calcium else None)
        put("plasticity", tuple(plasticity))
        put("system", _flatten(self))

    name = "GlutamateSynapse"

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{self.name} is frozen; write {self.name}({name}=...) anew.")

    def __repr__(self) -> str:
        out = f"{self.name}(receptors={list(self.receptors)}, release={self.release}"
        if self.calcium is not None:
            out += f", calcium={self.calcium}"
        if self.plasticity:
            out += f", plasticity={list(self.plasticity)}"
        return out + ")"

    def _parts(self, given: Any, kind: type, argument: str) -> list[Any]:
        if given is None:
            return []
        parts = [given] if isinstance(given, Part) or not isinstance(given, Iterable) else given
        parts = [p() if isinstance(p, type) and issubclass(p, Part) else p for p in parts]
        for part in parts:
            if not isinstance(part, kind):
                raise ModelError(f"{self.name}: {argument}= expects a {kind.__name__}, found {part!r}.")
        return list(parts)

    # -- reading -----------------------------------------------------------------------------

    @property
    def equations(self) -> dict[str, sympy.Expr]:
        """Right-hand sides by name, as the user meets them in Brian2."""
        s = self.system
        out = {f"d{n}/dt": e for n, e in s.rates.items()}
        out.update({n: d.expression for n, d in s.definitions.items()})
        out.update({r.total: symbol("w") * r.conductance for r in s.receptors})
        out.update({r.current_name: r.current for r in s.receptors})
        return out

    @property
    def parameters(self) -> list[dict[str, Any]]:
        """Rows with ``name``, ``value``, ``meaning``, ``source`` and ``status``."""
        return [
            dict(name=n, value=p.value, meaning=p.meaning, source=p.source, status=p.status)
            for n, p in self.system.parameters.items()
        ]

    def _right_hand_sides(self) -> dict[str, sympy.Expr]:
        """Rates with the definitions inserted, for a constant transmitter concentration."""
        pulses = [n for n, d in self.system.definitions.items() if d.expression.has(Pulse)]
        return {n: self.system.inserted(e, keep=pulses) for n, e in self.system.rates.items()}

    jacobian = Part.jacobian

    def steady_state(self) -> dict[str, sympy.Expr]:
        """Value of each state at which all rates vanish, for constant inputs."""
        return analysis.steady_state(self._right_hand_sides(), self.name)

    def solution(self, state: str, **inputs: Any) -> sympy.Expr:
        """Closed-form solution of a state; see `Part.solution`."""
        if state not in self.system.states:
            raise ModelError(f"{self.name} has no state '{state}'; it has {', '.join(self.system.states)}.")
        return analysis.solution(self._right_hand_sides(), state, inputs, self.name)

    def latex(self) -> str:
        """The equations as a LaTeX ``align*`` environment."""
        return latex.latex(self)

    def _repr_latex_(self) -> str:
        return self.latex()

    difference = Part.difference


def _flatten(model: SynapseModel) -> System:
    return _Flattener(model).system


class _Flattener:
    """Renames and connects the parts of one model."""

    def __init__(self, model: SynapseModel) -> None:
        self.model, self.system = model, System()
        sharing = [r for r in model.receptors if r.children["release"] is None]
        shared = self._release(model.release, model.release.label, sharing)
        terms = {r.label: self._receptor(r, shared) for r in model.receptors}
        for rule in model.plasticity:
            self._plasticity(rule, terms)
        rest = self._calcium(terms)
        if rest is not None:
            self._insert({symbol("Ca_rest"): rest})
        for label, term in terms.items():
            self.system.receptors.append(self._term(label, term))
        self._complete()
        self._initial_values()

    # Each part is entered with the names it will have in Brian2. -------------------------------

    def _enter(
        self, part: Part, label: str, inputs: Mapping[str, sympy.Expr], skip: Iterable[str] = ()
    ) -> dict[str, sympy.Expr]:
        """Add a part to the system; return what it provides."""
        t, s = part.template, self.system
        owner = _owner(part, label)
        local = {}
        for name in t.names:
            bare = (name in t.states and t.states[name].bare) or (
                name in t.parameters and t.parameters[name].bath
            )
            local[name] = name if bare or not label else f"{name}_{label}"
        rename: dict[sympy.Basic, sympy.Expr] = {symbol(a): symbol(b) for a, b in local.items()}
        rename.update({symbol(a): e for a, e in inputs.items() if a not in local})
        rename[xi] = symbol(f"xi_{label}")
        s.noise.add(rename[xi])
        # a provided expression may refer to another one that the same part provides
        for _ in t.roles:
            rename.update(
                {
                    symbol(a): e.xreplace(rename)
                    for a, e in t.roles.items()
                    if a not in local and a not in inputs
                }
            )
        flat = t.map(lambda e: e.xreplace(rename))
        for name, value in t.parameters.items():
            if name in skip:
                continue
            new = local[name]
            if new in s.parameters and value.bath:
                if not np.array_equal(s.parameters[new].value, value.value):
                    raise ModelError(
                        f"{self.model.name}: '{new}' belongs to the bath around all receptors but "
                        f"is {s.parameters[new].value!r} in one part and {value.value!r} in "
                        f"{owner}; give both the same value."
                    )
                continue
            self._claim(new, owner)
            s.parameters[new] = value
        for name, state in flat.states.items():
            new = local[name]
            self._claim(new, owner)
            s.states[new] = state
            s.rates[new] = flat.rates[name]
        s.on_spike.update({local[n]: e for n, e in flat.on_spike.items()})
        s.on_post_spike.update({local[n]: e for n, e in flat.on_post_spike.items()})
        if flat.latency is not None:
            late = {local[n]: e for n, e in flat.on_late_spike.items()}
            s.on_late_spike.append(LateSpike(owner, flat.latency, late))
        if flat.reactions:
            s.schemes.append(Scheme(flat.reactions, flat.start_at))
        for name, definition in flat.definitions.items():
            if definition.expression.has(*_PER_RECEPTOR):
                continue
            self._claim(local[name], owner)
            s.definitions[local[name]] = definition
        for event in flat.events:
            s.events.append((owner, Event(event.condition, {local[k]: e for k, e in event.changes.items()})))
        named = {
            local[n]: d.expression for n, d in flat.definitions.items() if d.expression.has(*_PER_RECEPTOR)
        }
        return {n: analysis.insert(e, named) for n, e in flat.roles.items()}

    def _insert(self, known: Mapping[sympy.Symbol, sympy.Expr]) -> None:
        """Replace symbols in everything that changes a state."""
        s = self.system

        def each(changes: Mapping[str, sympy.Expr]) -> dict[str, sympy.Expr]:
            return {n: e.xreplace(known) for n, e in changes.items()}

        s.rates, s.on_spike, s.on_post_spike = map(each, (s.rates, s.on_spike, s.on_post_spike))
        s.on_late_spike = [LateSpike(x.owner, x.latency, each(x.changes)) for x in s.on_late_spike]
        s.events = [(o, Event(e.condition.xreplace(known), each(e.changes))) for o, e in s.events]

    def _claim(self, name: str, owner: str) -> None:
        if name in self.system.owner:
            raise ModelError(
                f"{self.model.name}: both {self.system.owner[name]} and {owner} define '{name}'; "
                "give one of them another label, e.g. label='B'."
            )
        self.system.owner[name] = owner

    def _define(self, name: str, expression: sympy.Expr, dim: Dimension, owner: str) -> sympy.Expr:
        self._claim(name, owner)
        self.system.definitions[name] = Definition(expression, dim)
        return symbol(name)

    def _release(
        self, release: Release, label: str, readers: Iterable[Receptor]
    ) -> tuple[sympy.Expr, sympy.Expr]:
        """The transmitter concentration and the amount of a spike; entered only if something reads it."""
        name = "T" if label == release.default_label else label
        readers = list(readers)
        if not any(_reads(r, "T") for r in readers) and (
            release.template.roles["amount"] == 1 or not any(_reads(r, "released") for r in readers)
        ):
            return symbol(name), sympy.S.One
        roles = self._enter(release, label, {})
        if any(_reads(r, "T") for r in readers):
            self._define(name, roles["concentration"], INPUTS["T"].dim, release.name)
        return symbol(name), roles["amount"]

    def _receptor(self, receptor: Receptor, shared: tuple[sympy.Expr, sympy.Expr]) -> dict[str, Any]:
        label = receptor.label
        children = receptor.children
        own = children["release"]
        transmitter, amount = shared if own is None else self._release(own, f"T_{label}", [receptor])
        block: Block = children["block"]
        inner = self._enter(block, label, {"v": symbol("v")})["block"]
        if inner != 1:
            inner = self._define(f"block_{label}", inner, INPUTS["block"].dim, block.name)
            self.system.blocks.add(inner.name)

        def enter(name: str, **inputs: sympy.Expr) -> dict[str, sympy.Expr]:
            child = children[name]
            if child is None:
                return {}
            return self._enter(child, f"{child.default_label}_{label}", inputs)

        antagonist = enter("antagonist", T=transmitter)
        openable = enter("coagonist").get("occupancy", sympy.S.One)
        if _reads(receptor, "T"):
            transmitter = antagonist.get("transmitter", transmitter)
        else:
            openable *= antagonist.get("available", sympy.S.One)
        plastic = any(p.target == label and not _scales(p) for p in self.model.plasticity)
        roles = self._enter(
            receptor,
            label,
            {"T": transmitter, "released": amount, "block": inner},
            skip=["gmax"] if plastic else [],
        )
        opened = {"activation": roles["activation"] * openable, "block": inner, "v": symbol("v")}
        openable *= enter("blocker", **opened).get("unblocked", sympy.S.One)
        roles["activation"] *= openable
        roles["conductance"] *= openable
        return dict(receptor=receptor, roles=roles, block=inner, E=symbol(f"E_{label}"))

    def _calcium(self, terms: Mapping[str, dict[str, Any]]) -> sympy.Expr | None:
        part = self.model.calcium
        if part is None:
            return None
        permeable = [t for t in terms.values() if t["receptor"].calcium_permeable]
        if not permeable:
            raise ModelError(
                f"{self.model.name}: calcium={part!r} needs a receptor that calcium passes "
                "(calcium_permeable = True), such as BioNMDA."
            )
        roles = self._enter(part, part.label, {})
        current = sum(
            roles["current"].xreplace(
                {
                    symbol("G_open"): t["roles"]["conductance"] * t["block"],
                    symbol("E_open"): t["E"],
                }
            )
            for t in permeable
        )
        self._define("I_Ca", current, amp.dim, part.name)
        integrator = part.children.get("integrator")
        if integrator is not None:
            self._enter(integrator, integrator.label, {"Ca_rest": roles["resting"]})
            self.system.stepped_with[_owner(integrator, integrator.label)] = _owner(part, part.label)
        return roles["resting"]

    def _plasticity(self, rule: Plasticity, terms: Mapping[str, dict[str, Any]]) -> None:
        if rule.target not in terms:
            raise ModelError(
                f"{self.model.name}: {rule.name} changes the receptor '{rule.target}', but there are "
                f"only {', '.join(terms)}; write {rule.name}(target='{next(iter(terms))}')."
            )
        term = terms[rule.target]
        self.system.plastic.add(rule.target)
        if _scales(rule):
            inputs = {n: term["roles"][n] for n in ("activation", "conductance")}
            term["roles"]["conductance"] = self._enter(rule, rule.label, inputs)["conductance"]
            return
        if "plastic" in term:
            raise ModelError(
                f"{self.model.name}: both {term['plastic']} and {rule.name} change the conductance of "
                f"'{rule.target}'."
            )
        term["plastic"] = rule.name
        gmax = term["receptor"].template.parameters["gmax"]
        if not gmax.is_number:
            raise ModelError(
                f"{self.model.name}: gmax of '{rule.target}' sets the number of receptors at the start "
                f"and has to be a number, found {gmax.value!r}."
            )
        roles = self._enter(
            rule,
            rule.label,
            {
                "activation": term["roles"]["activation"],
                "g_initial": sympy.Float(gmax.base(), 17),
            },
        )
        term["roles"]["conductance"] = roles["conductance"]

    def _term(self, label: str, term: dict[str, Any]) -> ReceptorTerm:
        template = term["receptor"].template
        total = symbol(f"g_total_{label}")
        current = template.roles["current"].xreplace(
            {symbol("conductance"): total, symbol("block"): term["block"], symbol("E"): term["E"]}
        )
        others = {symbol(n): symbol(f"{n}_{label}") for n in template.parameters if n != "E"}
        current = current.xreplace(others)
        if sympy.diff(current, total).has(total):
            raise ModelError(
                f"{self.model.name}: the current of '{label}' has to be proportional to its "
                f"conductance, since the target sums conductances; found {current}."
            )
        return ReceptorTerm(label, term["roles"]["conductance"], current)

    def _complete(self) -> None:
        """Every symbol has to be provided by something."""
        s = self.system
        known = {*s.names, "v", *(r.total for r in s.receptors)}
        sources = {f"d{n}/dt": e for n, e in s.rates.items()}
        sources.update({n: d.expression for n, d in s.definitions.items()})
        sources.update({r.label: r.conductance for r in s.receptors})
        sources.update({r.current_name: r.current for r in s.receptors})
        for n, e in [*s.on_spike.items(), *s.on_post_spike.items()]:
            sources[f"{n} at a spike"] = e
        for late in s.on_late_spike:
            sources.update({f"{n} at a late spike": e for n, e in late.changes.items()})
        for number, (_, event) in enumerate(s.events, 1):
            sources[f"condition of event {number}"] = event.condition
            sources.update({f"{n} at event {number}": e for n, e in event.changes.items()})
        for what, expression in sources.items():
            for x in expression.free_symbols:
                if x.name in INPUTS and x.name not in known:
                    provided = INPUTS[x.name]
                    raise ModelError(
                        f"{self.model.name}: the equation of '{what}' uses '{x.name}' "
                        f"({provided.meaning}), which no part provides; add {provided.provider}."
                    )
        s.definitions = {n: d for n, d in s.definitions.items() if d.expression is not None}

    def _initial_values(self) -> None:
        s = self.system
        values = s.values()
        equilibrium = self._equilibrium(values)
        for name, state in s.states.items():
            if name in equilibrium:
                s.initial[name] = equilibrium[name]
                continue
            try:
                start = float(numeric(s.inserted(state.initial), [], values)())
                low, high = (
                    None if b is None else float(numeric(sympy.sympify(b, strict=True), [], values)())
                    for b in state.within
                )
            except ModelError as error:
                raise ModelError(
                    f"{self.model.name}: the value of '{name}' at the start cannot be computed "
                    f"({error}); parameters it depends on have to be numbers."
                ) from error
            if (
                not np.isfinite(start)
                or (low is not None and start < low)
                or (high is not None and start > high)
            ):
                raise ModelError(
                    f"{self.model.name}: '{name}' cannot start at {start:g}; expected a value within "
                    f"[{'-inf' if low is None else f'{low:g}'}, "
                    f"{'inf' if high is None else f'{high:g}'}]"
                    + (
                        f". It starts at gmax/gamma of {s.owner[name]}; change gmax or the bounds."
                        if state.initial.has(sympy.Float)
                        else "."
                    )
                )
            s.initial[name] = start

    def _equilibrium(self, values: Mapping[str, float]) -> dict[str, float]:
        """Occupancies of all Markov schemes without transmitter."""
        s, found = self.system, {}
        for scheme in s.schemes:
            pulses = [n for n, d in s.definitions.items() if d.expression.has(Pulse)]
            known = {**values, **dict.fromkeys(pulses, 0.0)}
            try:
                known.update({n: float(numeric(e, [], values)()) for n, e in scheme.start_at.items()})
                keep = [*pulses, *_names(scheme)]
                reactions = [r.map(lambda e, keep=keep: s.inserted(e, keep)) for r in scheme.reactions]
                found.update(analysis.equilibrium(reactions, known))
            except ModelError as error:
                reads_v = any(e.has(symbol("v")) for r in scheme.reactions for e in (r.forward, r.backward))
                if reads_v and symbol("v").name not in scheme.start_at:
                    raise ModelError(
                        f"{self.model.name}: the rates between {', '.join(_names(scheme))} read 'v', so it "
                        "has to be known at which voltage they start in equilibrium; add to the class "
                        "v_start = Parameter(-70*mV, 'voltage at the start', sign='real') and "
                        "start_at = {v: v_start}."
                    ) from error
                raise ModelError(
                    f"{self.model.name}: the occupancies of {', '.join(_names(scheme))} at the start cannot "
                    f"be computed ({error}); the rates have to be numbers without transmitter."
                ) from error
        return found


def _owner(part: Part, label: str) -> str:
    """Name of a part as it is entered."""
    return f"{part.name} ({label})" if label else part.name


def _names(scheme: Scheme) -> list[str]:
    return list(dict.fromkeys(x.name for r in scheme.reactions for x in (r.source, r.target)))


def _reads(receptor: Receptor, name: str) -> bool:
    """Whether the kinetics of a receptor read an input."""
    t = receptor.template
    kinetics = [*t.rates.values(), *t.on_spike.values(), *t.roles.values()]
    kinetics += [d.expression for d in t.definitions.values()]
    return any(e.has(symbol(name)) for e in kinetics)


def _scales(rule: Plasticity) -> bool:
    """Whether a rule multiplies the conductance instead of replacing it."""
    return rule.template.roles["conductance"].has(conductance)


_PER_RECEPTOR = (symbol("G_open"), symbol("E_open"))
