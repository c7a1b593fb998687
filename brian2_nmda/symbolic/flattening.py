"""From the parts of a model to one flat system: names, ports, places, values at the start."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import sympy
from brian2.input.timedarray import TimedArray
from brian2.units import amp, second
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

from brian2_nmda.symbolic import analysis
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric, symbol
from brian2_nmda.symbolic.heads import V_HEAD, give_head
from brian2_nmda.symbolic.joining import Ports
from brian2_nmda.symbolic.kinds import Block, Head, Plasticity, Receptor, Release
from brian2_nmda.symbolic.part import Part
from brian2_nmda.symbolic.placing import check_places, name_totals
from brian2_nmda.symbolic.ports import INPUTS, OF_RECEPTOR, SYNAPSE, conductance, port_of, xi
from brian2_nmda.symbolic.system import LaterChanges, ReceptorTerm, Scheme, System, occupied
from brian2_nmda.symbolic.template import Definition, Pulse, Template, presynaptic

#: Inputs that every part may read by their symbols, once for the synapse.
_SHARED = ("T", "released", "Ca_rest", "I_Ca")
_PER_RECEPTOR = (symbol("G_open"), symbol("E_open"))


def flatten(model: Any) -> System:
    """The system of a model.

    Raises
    ------
    ModelError
        If the parts do not fit together.
    """
    return _Flattener(model).system


class _Receptor:
    """What a receptor has become of its parts so far."""

    def __init__(self, receptor: Receptor, block: sympy.Expr, roles: dict[str, sympy.Expr]) -> None:
        self.receptor, self.block, self.roles = receptor, block, roles
        self.E = symbol(f"E_{receptor.label}")
        self.replaced_by = ""  # the rule that counts its receptors


class _Flattener:
    """Renames and connects the parts of one model."""

    def __init__(self, model: Any) -> None:
        self.model, self.system = model, System()
        self.ports = Ports(model.name)
        #: Whether the value of a parameter of the bath was chosen, not left to a part.
        self.chosen: dict[str, bool] = {}
        others = (*model.plasticity, *model.parts)
        heads = [p for p in model.parts if isinstance(p, Head)]
        if len(heads) > 1:
            raise ModelError(f"{model.name}: parts= has {len(heads)} spine necks; leave one of them.")
        #: What the parts of a synapse read as ``v``, and the resistance and name of the neck before it.
        self.v = symbol(V_HEAD if heads else "v")
        self.neck: tuple[sympy.Expr, str] | None = None
        sharing = [r for r in model.receptors if r.children["release"] is None]
        shared = self._release(model.release, model.release.label, [*sharing, *others])
        self.terms: dict[str, _Receptor] = {}
        for receptor in model.receptors:
            self.terms[receptor.label] = self._receptor(receptor, shared)
        for rule in model.plasticity:
            self._plasticity(rule)
        self._calcium()
        for part in model.parts:
            self._part(part, part.label or part.name)
        for label, term in self.terms.items():
            self._offer_receptor(label, term)
            self.system.receptors.append(self._term(label, term))
        solved = self.ports.solved()
        self.system.rewrite(lambda e: e.xreplace(solved))
        if self.neck is not None:
            resistance, owner = self.neck
            blocks = {label: t.block for label, t in self.terms.items()}
            give_head(self.system, resistance.xreplace(solved), owner, blocks, model.name, self._define)
        self._complete()
        check_places(self.system, model.name)
        self._initial_values()

    # Each part is entered with the names it will have in Brian2. -------------------------------

    def _enter(
        self,
        part: Part,
        label: str,
        inputs: Mapping[str, sympy.Expr],
        skip: Iterable[str] = (),
    ) -> dict[str, sympy.Expr]:
        """Add a part to the system; return what it provides."""
        t, s = part.template, self.system
        owner = _owner(part, label)
        local = self._local_names(t, label)
        rename = self._renaming(part, label, local, inputs, owner)
        flat = name_totals(t.map(lambda e: e.xreplace(rename)), part, label, owner, s, self._claim)
        self._enter_parameters(part, local, owner, skip)
        self._enter_states(part, flat, local, owner)
        for on in flat.on:
            changes = {local[n]: e for n, e in on.changes.items()}
            if on.is_condition:
                s.events.append((owner, type(on)(on.trigger, changes)))
            elif on.trigger == presynaptic:
                s.on_spike.update(changes)
            elif on in flat.later:
                s.later.append(LaterChanges(owner, on.trigger.latency, changes))
            else:
                s.on_post_spike.update(changes)
        if flat.reactions:
            s.schemes.append(Scheme(flat.reactions, flat.start_at))
        per_receptor = {}
        for name, definition in flat.definitions.items():
            if definition.expression.has(*_PER_RECEPTOR):
                per_receptor[local[name]] = definition.expression
                continue
            self._claim(local[name], owner)
            s.definitions[local[name]] = definition
            if part.place:
                s.place[local[name]] = part.place
        for name, gift in flat.gives.items():
            self.ports.offer(name, gift.expression, gift.dim, owner, gift.combine)
        return {n: analysis.insert(e, per_receptor) for n, e in flat.roles.items()}

    def _local_names(self, t: Template, label: str) -> dict[str, str]:
        """The name in the system of each name of a part."""

        def bare(name: str) -> bool:
            return (name in t.states and t.states[name].bare) or (
                name in t.parameters and t.parameters[name].bath
            )

        return {n: n if bare(n) or not label else f"{n}_{label}" for n in t.names}

    def _renaming(
        self,
        part: Part,
        label: str,
        local: Mapping[str, str],
        inputs: Mapping[str, sympy.Expr],
        owner: str,
    ) -> dict[sympy.Basic, sympy.Expr]:
        """What each symbol of a part becomes."""
        t = part.template
        rename: dict[sympy.Basic, sympy.Expr] = {symbol(a): symbol(b) for a, b in local.items()}
        if "v" not in local and part.place in ("", SYNAPSE) and not isinstance(part, Head):
            rename[symbol("v")] = self.v
        for name in _SHARED:
            if name not in local and name not in inputs and _reads(part, name):
                rename[symbol(name)] = self.ports.read(name, INPUTS[name].dim, owner)
        rename.update({symbol(a): e for a, e in inputs.items() if a not in local})
        for name, need in t.needs.items():
            rename[symbol(name)] = self.ports.read(need.port, need.dim, owner)
        rename[xi] = symbol(f"xi_{label}")
        self.system.noise.add(rename[xi])
        # a provided expression may refer to another one that the same part provides
        provided = {
            **{n: g.expression for n, g in t.gives.items() if n not in t.needs},
            **{n: e for n, e in t.roles.items() if n not in inputs},
        }
        for _ in provided:
            rename.update({symbol(a): e.xreplace(rename) for a, e in provided.items() if a not in local})
        return rename

    def _enter_parameters(
        self, part: Part, local: Mapping[str, str], owner: str, skip: Iterable[str]
    ) -> None:
        s, t = self.system, part.template
        for name, value in t.parameters.items():
            if name in skip:
                continue
            new = local[name]
            if new in s.parameters and value.bath:
                self._share_bath(part, name, new, owner)
                continue
            self._claim(new, owner)
            s.parameters[new] = value
            if value.bath:
                self.chosen[new] = _is_chosen(part, name)

    def _share_bath(self, part: Part, name: str, new: str, owner: str) -> None:
        """Give a part the value that another one has for the bath; what was chosen replaces a default."""
        s, value = self.system, part.template.parameters[name]
        chosen = _is_chosen(part, name)
        if np.array_equal(s.parameters[new].value, value.value):
            self.chosen[new] |= chosen
            return
        if chosen == self.chosen[new]:
            raise ModelError(
                f"{self.model.name}: '{new}' belongs to the bath around all receptors but is "
                f"{s.parameters[new].value!r} in one part and {value.value!r} in {owner}; give both the "
                f"same value{'' if chosen else ', or one of them the value of all'}."
            )
        if chosen:
            s.parameters[new], self.chosen[new] = value, True

    def _enter_states(self, part: Part, flat: Template, local: Mapping[str, str], owner: str) -> None:
        s = self.system
        by_chance = bool(flat.exchanges) and not flat.deterministic
        for name, state in flat.states.items():
            new = local[name]
            self._claim(new, owner)
            place = state.place or part.place
            s.states[new] = state
            s.rates[new] = flat.rates[name]
            if state.count and by_chance:
                s.drawn[new] = flat.rates[name]
                s.rates[new] = sympy.S.Zero
            if place and place != SYNAPSE:
                s.place[new] = place
        if by_chance:
            s.exchanges += flat.exchanges
        if part.dt is not None and part.place in ("", SYNAPSE):
            raise ModelError(
                f"{self.model.name}: {owner} has a time step of its own, dt = {part.dt}, but lives on each "
                "synapse; say where it lives, e.g. place = 'neuron', or give one time step to all that the "
                "synapses have, model.synapses(..., dt=...)."
            )
        if part.dt is not None and s.steps.setdefault(part.place, part.dt) != part.dt:
            raise ModelError(
                f"{self.model.name}: '{part.place}' has a time step of {s.steps[part.place]} in one part "
                f"and of {part.dt} in {owner}; a place has one."
            )

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

    # The parts, in the order in which they are entered. -----------------------------------------

    def _part(self, part: Part, label: str) -> None:
        """A part that meets others through ports only."""
        roles = self._enter(part, label, {})
        if isinstance(part, Head):
            self.neck = roles["resistance"], _owner(part, label)
        if not part.stepped_with:
            return
        if part.stepped_with not in self.system.states:
            raise ModelError(
                f"{self.model.name}: {_owner(part, label)} is stepped together with the state "
                f"'{part.stepped_with}', which no part has; add {_provider(part.stepped_with)}."
            )
        self.system.stepped_with[_owner(part, label)] = self.system.owner[part.stepped_with]

    def _release(
        self, release: Release, label: str, readers: Iterable[Part]
    ) -> tuple[sympy.Expr, sympy.Expr]:
        """The transmitter concentration and the amount of a spike; entered only if something reads it."""
        name = "T" if label == release.default_label else label
        readers = list(readers)
        reads_T = any(_reads(r, "T") for r in readers)
        reads_amount = any(_reads(r, "released") for r in readers)
        shared = name == "T"
        if not reads_T and not (reads_amount and release.template.roles["amount"] != 1):
            if shared:
                self.ports.offer("released", sympy.S.One, DIMENSIONLESS, release.name)
            return symbol(name), sympy.S.One
        roles = self._enter(release, label, {})
        if reads_T:
            self._define(name, roles["concentration"], INPUTS["T"].dim, release.name)
        if shared:
            if reads_T:
                self.ports.offer("T", symbol(name), INPUTS["T"].dim, release.name)
            self.ports.offer("released", roles["amount"], DIMENSIONLESS, release.name)
        return symbol(name), roles["amount"]

    def _receptor(self, receptor: Receptor, shared: tuple[sympy.Expr, sympy.Expr]) -> _Receptor:
        """A receptor with its block, drugs and co-agonist, whose effects on the opening are multiplied."""
        label, children = receptor.label, receptor.children
        own = children["release"]
        transmitter, amount = shared if own is None else self._release(own, f"T_{label}", [receptor])
        block: Block = children["block"]
        inner = self._enter(block, label, {})["block"]
        if inner != 1:
            inner = self._define(f"block_{label}", inner, INPUTS["block"].dim, block.name)
            self.system.blocks.add(inner.name)
        opening = f"opening_{label}"

        def enter(name: str, provides: str = "", **inputs: sympy.Expr) -> dict[str, sympy.Expr]:
            child = children[name]
            if child is None:
                return {}
            found = self._enter(child, f"{child.default_label}_{label}", inputs)
            if provides:
                self.ports.offer(opening, found[provides], DIMENSIONLESS, child.name, "product")
            return found

        binds = _reads(receptor, "T")
        antagonist = enter("antagonist", "" if binds else "available", T=transmitter)
        enter("coagonist", "occupancy")
        if binds:
            transmitter = antagonist.get("transmitter", transmitter)
        plastic = any(p.target == label and not _scales(p) for p in self.model.plasticity)
        inputs = {"T": transmitter, "released": amount, "block": inner}
        roles = self._enter(receptor, label, inputs, skip=["gmax"] if plastic else [])
        before = self.ports.joined(opening)
        open_now = roles["activation"] * (sympy.S.One if before is None else before)
        enter("blocker", "unblocked", activation=open_now, block=inner)
        openable = self.ports.joined(opening)
        if openable is not None:
            roles["activation"] *= openable
            roles["conductance"] *= openable
        return _Receptor(receptor, inner, roles)

    def _calcium(self) -> None:
        part = self.model.calcium
        if part is None:
            return
        permeable = [t for t in self.terms.values() if t.receptor.calcium_permeable]
        if not permeable:
            raise ModelError(
                f"{self.model.name}: calcium={part!r} needs a receptor that calcium passes "
                "(calcium_permeable = True), such as BioNMDA."
            )
        roles = self._enter(part, part.label, {})
        for t in permeable:
            of_one = {symbol("G_open"): t.roles["conductance"] * t.block, symbol("E_open"): t.E}
            current = roles["current"].xreplace(of_one)
            self.ports.offer("calcium_current", current, amp.dim, t.receptor.name, "sum")
        every = self.ports.read("calcium_current", amp.dim, part.name)  # parts entered later add theirs
        total = self._define("I_Ca", every, amp.dim, part.name)
        self.ports.offer("I_Ca", total, amp.dim, part.name)
        self.ports.offer("Ca_rest", roles["resting"], INPUTS["Ca_rest"].dim, part.name)
        integrator = part.children.get("integrator")
        if integrator is not None:
            self._enter(integrator, integrator.label, {"Ca_rest": roles["resting"]})
            self.system.stepped_with[_owner(integrator, integrator.label)] = _owner(part, part.label)

    def _plasticity(self, rule: Plasticity) -> None:
        """A rule, in the chain of those that change the conductance of its receptor."""
        if rule.target not in self.terms:
            raise ModelError(
                f"{self.model.name}: {rule.name} changes the receptor '{rule.target}', but there are "
                f"only {', '.join(self.terms)}; write {rule.name}(target='{next(iter(self.terms))}')."
            )
        term = self.terms[rule.target]
        self.system.plastic.add(rule.target)
        if _scales(rule):
            inputs = {n: term.roles[n] for n in ("activation", "conductance")}
            term.roles["conductance"] = self._enter(rule, rule.label, inputs)["conductance"]
            return
        if term.replaced_by:
            raise ModelError(
                f"{self.model.name}: both {term.replaced_by} and {rule.name} change the conductance of "
                f"'{rule.target}'."
            )
        term.replaced_by = rule.name
        gmax = term.receptor.template.parameters["gmax"]
        if not gmax.is_number:
            raise ModelError(
                f"{self.model.name}: gmax of '{rule.target}' sets the number of receptors at the start "
                f"and has to be a number, found {gmax.value!r}."
            )
        inputs = {"activation": term.roles["activation"], "g_initial": sympy.Float(gmax.base(), 17)}
        term.roles["conductance"] = self._enter(rule, rule.label, inputs)["conductance"]

    def _offer_receptor(self, label: str, term: _Receptor) -> None:
        """What other parts may read of a receptor."""
        name = term.receptor.name
        given = {**term.roles, "block": sympy.sympify(term.block, strict=True)}
        for what, dim in OF_RECEPTOR.items():
            self.ports.offer(port_of(what, label), given[what], dim, name)
        if label == next(reversed(self.terms)):  # once, after all parts have their names
            self.ports.offer("v", self.v, INPUTS["v"].dim, "the target")
            for n in ("Ca", "Ca_eff"):
                if n in self.system.states:
                    self.ports.offer(n, symbol(n), INPUTS[n].dim, self.system.owner[n])

    def _term(self, label: str, term: _Receptor) -> ReceptorTerm:
        template = term.receptor.template
        total = symbol(f"g_total_{label}")
        current = template.roles["current"].xreplace(
            {symbol("conductance"): total, symbol("block"): term.block, symbol("E"): term.E}
        )
        others = {symbol(n): symbol(f"{n}_{label}") for n in template.parameters if n != "E"}
        current = current.xreplace(others)
        if sympy.diff(current, total).has(total):
            raise ModelError(
                f"{self.model.name}: the current of '{label}' has to be proportional to its "
                f"conductance, since the target sums conductances; found {current}."
            )
        return ReceptorTerm(label, term.roles["conductance"], current)

    def _complete(self) -> None:
        """Check that every symbol is provided by something."""
        s = self.system
        known = {*s.names, "v", *(r.total_name for r in s.receptors)}
        for what, expression in s.expressions():
            for x in expression.free_symbols:
                if x.name in INPUTS and x.name not in known and not what.startswith("initial value"):
                    provided = INPUTS[x.name]
                    raise ModelError(
                        f"{self.model.name}: the equation of '{what}' uses '{x.name}' "
                        f"({provided.meaning}), which no part provides; add {provided.provider}."
                    )
        for name, definition in s.definitions.items():
            s.inserted(definition.expression, keep=[name])  # refuses circles

    # Values at the start. ------------------------------------------------------------------------

    def _initial_values(self) -> None:
        s = self.system
        values = {**s.values(), **self._timed_values()}
        equilibrium = self._equilibrium(values)
        starts = {symbol(n): state.initial for n, state in s.states.items()}
        for name, state in s.states.items():
            if name in equilibrium:
                s.initial[name] = equilibrium[name]
                continue
            try:
                start = float(numeric(self._start(state.initial, starts), [], values)())
                low, high = (
                    None if b is None else float(numeric(sympy.sympify(b, strict=True), [], values)())
                    for b in state.within
                )
            except ModelError as error:
                raise ModelError(
                    f"{self.model.name}: the value of '{name}' at the start cannot be computed "
                    f"({error}); parameters it depends on have to be numbers."
                ) from error
            self._check_start(name, state, start, low, high)
            s.initial[name] = start

    def _timed_values(self) -> dict[str, float]:
        """Parameters that change in time, as they are at the start."""
        timed = {n: p.value for n, p in self.system.parameters.items() if isinstance(p.value, TimedArray)}
        return {n: float(value(0 * second)) for n, value in timed.items() if value.values.ndim == 1}

    def _start(self, initial: sympy.Expr, starts: Mapping[sympy.Symbol, sympy.Expr]) -> sympy.Expr:
        """An initial value in terms of parameters; states in it stand for their own initial values."""
        expression = self.system.inserted(initial)
        for _ in starts:
            if not expression.free_symbols & set(starts):
                break
            expression = self.system.inserted(expression.xreplace(dict(starts)))
        return expression

    def _check_start(self, name: str, state: Any, start: float, low: Any, high: Any) -> None:
        outside = (low is not None and start < low) or (high is not None and start > high)
        if not np.isfinite(start) or outside:
            raise ModelError(
                f"{self.model.name}: '{name}' cannot start at {start:g}; expected a value within "
                f"[{'-inf' if low is None else f'{low:g}'}, {'inf' if high is None else f'{high:g}'}]"
                + (
                    f". It starts at gmax/gamma of {self.system.owner[name]}; change gmax or the bounds."
                    if state.initial.has(sympy.Float)
                    else "."
                )
            )
        if state.count and name in self.system.drawn and start != int(start):
            raise ModelError(
                f"{self.model.name}: '{name}' is a number of molecules and cannot start at {start:g}; give a "
                "whole number, or deterministic=True for the mean."
            )

    def _equilibrium(self, values: Mapping[str, float]) -> dict[str, float]:
        """Occupancies of all Markov schemes without transmitter."""
        s, found = self.system, {}
        for scheme in s.schemes:
            names = ", ".join(occupied(scheme))
            pulses = [n for n, d in s.definitions.items() if d.expression.has(Pulse)]
            known = {**values, **dict.fromkeys(pulses, 0.0)}
            try:
                known.update({n: float(numeric(e, [], values)()) for n, e in scheme.start_at.items()})
                if "v" in known:  # with all channels closed, that of a spine head as well
                    known.update(dict.fromkeys(s.held, known["v"]))
                keep = [*pulses, *occupied(scheme), *s.held]
                reactions = [r.map(lambda e, keep=keep: s.inserted(e, keep)) for r in scheme.reactions]
                found.update(analysis.equilibrium(reactions, known))
            except ModelError as error:
                reads_v = any(e.has(symbol("v")) for r in scheme.reactions for e in (r.forward, r.backward))
                if reads_v and symbol("v").name not in scheme.start_at:
                    raise ModelError(
                        f"{self.model.name}: the rates between {names} read 'v', so it has to be known at "
                        "which voltage they start in equilibrium; add to the class "
                        "v_start = Parameter(-70*mV, 'voltage at the start', sign='real') and "
                        "start_at = {v: v_start}."
                    ) from error
                raise ModelError(
                    f"{self.model.name}: the occupancies of {names} at the start cannot be computed "
                    f"({error}); the rates have to be numbers without transmitter."
                ) from error
        return found


def _owner(part: Part, label: str) -> str:
    """Name of a part as it is entered."""
    return f"{part.name} ({label})" if label else part.name


def _is_chosen(part: Part, name: str) -> bool:
    """Whether the user or a preset gave a parameter its value, not the class of the part."""
    value, default = part.template.parameters[name], type(part)._template.parameters.get(name)
    changed = default is not None and not np.array_equal(value.value, default.value)
    return value.status == "user" or changed


def _provider(name: str) -> str:
    """What to write so that a synapse has a state."""
    return INPUTS[name].provider if name in INPUTS else f"a part with bare=True for '{name}'"


def _reads(part: Part, name: str) -> bool:
    """Whether the equations of a part read an input, by its symbol or as a port."""
    t = part.template
    if any(need.port == name for need in t.needs.values()):
        return True
    x = symbol(name)
    return name not in t.names and any(e.has(x) for e in t.expressions())


def _scales(rule: Plasticity) -> bool:
    """Whether a rule multiplies the conductance instead of replacing it."""
    return rule.template.roles["conductance"].has(conductance)
