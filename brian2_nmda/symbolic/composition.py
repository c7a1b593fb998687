"""Parts put together as one model."""

from collections.abc import Iterable
from typing import Any

import sympy

from brian2_nmda.symbolic import analysis, latex
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import symbol
from brian2_nmda.symbolic.flattening import flatten
from brian2_nmda.symbolic.kinds import Calcium, Plasticity, Receptor, Release
from brian2_nmda.symbolic.part import Part
from brian2_nmda.symbolic.ports import Total
from brian2_nmda.symbolic.system import System
from brian2_nmda.symbolic.template import Pulse


class SynapseModel:
    """Receptors, a shared release, calcium, plasticity and other parts as one model.

    Use `brian2_nmda.GlutamateSynapse`, which adds the methods that make Brian2 objects.
    """

    # Set at construction, because a model is frozen.
    receptors: tuple[Receptor, ...]
    release: Release
    calcium: Calcium | None
    plasticity: tuple[Plasticity, ...]
    parts: tuple[Part, ...]
    system: System

    def __init__(
        self,
        receptors: Receptor | Iterable[Receptor],
        release: Release,
        calcium: Calcium | None = None,
        plasticity: Plasticity | Iterable[Plasticity] | None = None,
        parts: Part | Iterable[Part] | None = None,
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
        put("parts", tuple(self._parts(parts, Part, "parts")))
        put("system", flatten(self))

    name = "GlutamateSynapse"

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{self.name} is frozen; write {self.name}({name}=...) anew.")

    def __repr__(self) -> str:
        out = f"{self.name}(receptors={list(self.receptors)}, release={self.release}"
        if self.calcium is not None:
            out += f", calcium={self.calcium}"
        if self.plasticity:
            out += f", plasticity={list(self.plasticity)}"
        if self.parts:
            out += f", parts={list(self.parts)}"
        return out + ")"

    def _parts(self, given: Any, kind: type, argument: str) -> list[Any]:
        if given is None:
            return []
        one = isinstance(given, (Part, str, type))
        parts = [given] if one or not isinstance(given, Iterable) else given
        parts = [p() if isinstance(p, type) and issubclass(p, Part) else p for p in parts]
        for part in parts:
            if not isinstance(part, kind):
                write = f"; write {part}(), without quotes" if isinstance(part, str) else ""
                if isinstance(part, Receptor) and argument != "receptors":
                    write = "; several receptors are given as a list, [AMPA(), BioNMDA()]"
                raise ModelError(
                    f"{self.name}: {argument}= expects a {kind.__name__}, found {part!r}{write}."
                )
        return list(parts)

    # -- reading -----------------------------------------------------------------------------

    @property
    def equations(self) -> dict[str, sympy.Expr]:
        """Right-hand sides by name, as the user meets them in Brian2."""
        s = self.system
        out = {f"d{n}/dt": s.drawn.get(n, e) for n, e in s.rates.items()}
        out.update({n: d.expression for n, d in s.definitions.items()})
        out.update({n: Total(t.expression) for n, t in s.totals.items()})
        out.update({r.total_name: symbol("w") * r.conductance for r in s.receptors})
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
        """Return the value of each state at which all rates vanish, for constant inputs."""
        return analysis.steady_state(self._right_hand_sides(), self.name)

    def solution(self, state: str, **inputs: Any) -> sympy.Expr:
        """Closed-form solution of a state; see `Part.solution`."""
        if state not in self.system.states:
            raise ModelError(f"{self.name} has no state '{state}'; it has {', '.join(self.system.states)}.")
        return analysis.solution(self._right_hand_sides(), state, inputs, self.name)

    def latex(self) -> str:
        """Return the equations as a LaTeX ``align*`` environment."""
        return latex.latex(self)

    def _repr_latex_(self) -> str:
        return self.latex()

    difference = Part.difference
