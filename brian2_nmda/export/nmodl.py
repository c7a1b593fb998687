"""A model as a point process of the NEURON simulator, in its language NMODL."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import sympy
from brian2.units.fundamentalunits import DIMENSIONLESS

from brian2_nmda.export import flat, nmodl_refusals, nmodl_shared
from brian2_nmda.export.nmodl_text import (
    FUNCTIONS,
    RESERVED,
    NmodlPrinter,
    folded,
    in_neuron,
    plain,
    unit_of,
)
from brian2_nmda.lowering.statements import Add, Assign, Statement, When
from brian2_nmda.symbolic import analysis
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import clip, dimensions_of, int_of, numeric, symbol
from brian2_nmda.symbolic.system import System, occupied
from brian2_nmda.symbolic.template import Definition

__all__ = ["to_nmodl", "write"]

METHODS = ("cnexp", "derivimplicit", "sparse")
#: Below this, in ms, two times are the same.
_AT_ONCE = "1e-9"
#: Flags of what is sent to itself: the end of pulse k has flag k, the late spike k this and k.
_LATE = 100
#: Functions that are no arithmetic, which NEURON could not differentiate.
_CONDITIONS = (sympy.Heaviside, int_of, sympy.Min, sympy.Max, clip, sympy.sign)
#: What CVODE's absolute tolerance is multiplied with: the size of a quantity in NEURON's units.
_SIZES = {"(mM)": "1e-3", "(uS)": "1e-3"}
#: The derivative of the current by the voltage.
_SLOPE = "dI_dv"


def to_nmodl(model: Any, name: str | None = None, method: str | None = None) -> str:
    """Return the text of a file that defines the model as a ``POINT_PROCESS`` of NEURON.

    One point process is one synapse. It has one set of gates, which all `NetCon` that end on it drive:
    they are one presynaptic axon, and have to have the same weight, which is ``w`` of Brian2 (a weight
    that is changed in a run counts from the next spike of that connection on). Gates that saturate have
    no sum over axons, so a second axon takes a second point process; ``streams`` counts the `NetCon` that
    have brought spikes, and NEURON prints a line when a second one does. A `NetCon` with a negative
    weight brings the spikes of the postsynaptic neuron to rules that need them.

    Parameters
    ----------
    model : GlutamateSynapse
        Shipped or of your own; what NMODL cannot say is refused.
    name : str, optional
        Of the point process, by default that of its first receptor's class.
    method : {'cnexp', 'derivimplicit', 'sparse'}, optional
        By which NEURON integrates with a fixed step. By default ``cnexp`` where each equation is linear and
        none depends on itself through others, ``sparse`` (a ``KINETIC`` block) for a reaction table and
        nothing else, ``derivimplicit`` otherwise. CVODE has its own.

    Returns
    -------
    str
        NMODL. Variables have the names that they have in Brian2, in ms, mV, nA, uS and mM.

    Raises
    ------
    ModelError
        If something in the model has no form in NMODL: random numbers, other places than the synapse, events
        at a condition, functions and texts of the user's. It says which part and why.

    Examples
    --------
    >>> from brian2_nmda import BioNMDA, GlutamateSynapse
    >>> text = GlutamateSynapse(BioNMDA()).to_nmodl()
    >>> "POINT_PROCESS BioNMDA" in text, "SOLVE states METHOD cnexp" in text
    (True, True)
    """
    if method is not None and method not in METHODS:
        raise ModelError(f"to_nmodl: method= has to be one of {', '.join(METHODS)}, found {method!r}.")
    return Mechanism(model, name, method).text()


def write(model: Any, folder: str | Path, name: str | None = None, method: str | None = None) -> Path:
    """Write the file of `to_nmodl` into a folder, which is made if it is missing.

    Parameters
    ----------
    model, name, method
        As for `to_nmodl`.
    folder : path
        Where the file is put. A file of that name is replaced.

    Returns
    -------
    Path
        The file, ``<name>.mod``.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from brian2_nmda import AMPA, GlutamateSynapse
    >>> from brian2_nmda.export import nmodl
    >>> nmodl.write(GlutamateSynapse(AMPA()), mkdtemp()).name
    'AMPA.mod'
    """
    text = to_nmodl(model, name, method)
    path = Path(folder) / f"{name or default_name(model)}.mod"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")
    return path


def default_name(model: Any) -> str:
    """Name of the point process if none is given."""
    several = len(model.receptors) > 1 or model.plasticity or model.calcium or model.parts
    return model.name if several else type(model.receptors[0]).__name__


class Mechanism:
    """The blocks of one file."""

    def __init__(self, model: Any, name: str | None, method: str | None) -> None:
        nmodl_refusals.check(model, "to_nmodl", "NMODL")
        self.model, self.name = model, name or default_name(model)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", self.name):
            raise ModelError(f"to_nmodl: '{self.name}' cannot name a point process: letters, digits and _.")
        self.original: System = model.system
        self.pulses, self.system = flat.with_flags(self.original)
        self._name_conditions()
        self.parameters = flat.parameters(self.original, in_neuron)
        self.starts, self.start_locals = flat.starts(model, in_neuron, self.parameters, "to_nmodl")
        self.method = self._method(method)
        self._rename()

    # -- what the file has ---------------------------------------------------------------------

    def _name_conditions(self) -> None:
        """Conditions in rates get names: NEURON takes derivatives of rates, and knows none of a relation."""
        s = self.system
        steps = sorted({x for e in s.rates.values() for x in e.atoms(*_CONDITIONS)}, key=str)
        outer = [x for x in steps if not any(x in y.atoms(*_CONDITIONS) - {y} for y in steps)]
        named = {x: symbol(f"step_{k}") for k, x in enumerate(outer, 1)}
        if set(map(str, named.values())) & s.names:
            raise ModelError(f"to_nmodl: names such as step_1 are needed for conditions; rename {s.names}.")
        s.rates = {n: e.xreplace(named) for n, e in s.rates.items()}
        dims = s.dimensions()
        own = {
            n.name: Definition(x, dimensions_of(x, dims, "to_nmodl"), "a condition") for x, n in named.items()
        }
        s.definitions = {**s.definitions, **own}

    @property
    def moving(self) -> list[str]:
        """States that change between events."""
        return [n for n, e in self.system.rates.items() if e != 0]

    @property
    def states(self) -> list[str]:
        """What is declared as STATE; of a reaction table also the occupancy that follows from the others."""
        if self.is_kinetic:
            return [n for s in self.original.schemes for n in occupied(s)]
        return self.moving

    @property
    def is_kinetic(self) -> bool:
        """Whether the states are those of reaction tables."""
        return self.method == "sparse"

    def _method(self, wanted: str | None) -> str:
        cnexp = self._is_triangular()
        tables = {n for s in self.original.schemes for n in occupied(s)}
        kinetic = bool(tables) and set(self.moving) <= tables
        if wanted == "cnexp" and not cnexp:
            raise ModelError(
                "to_nmodl: method='cnexp' needs equations that are linear, each with a decay of its own, and "
                "do not depend on each other in a circle."
            )
        if wanted == "sparse" and not kinetic:
            raise ModelError("to_nmodl: method='sparse' needs a model whose states are a reaction table.")
        return wanted or ("cnexp" if cnexp else "sparse" if kinetic else "derivimplicit")

    def _is_triangular(self) -> bool:
        rates = {n: self.system.inserted(self.system.rates[n]) for n in self.moving}
        if any(len(group) > 1 for group in analysis.strongly_connected(rates)):
            return False
        linear = [analysis.linear_in(e, n) for n, e in rates.items()]
        return all(x is not None and (x[0] == 0 or self._decays(x[0])) for x in linear)

    def _decays(self, slope: sympy.Expr) -> bool:
        """Whether a rate of decay has a part that is there all the time: NEURON divides by it."""
        values = self.system.values()
        known = [x for x in sympy.Add.make_args(slope) if {s.name for s in x.free_symbols} <= set(values)]
        return sum(float(numeric(x, [], values)()) for x in known) > 0

    def _rename(self) -> None:
        s = self.system
        self.definitions = [
            n for n in flat.in_order(s) if not (self.is_kinetic and n in self.original.eliminated)
        ]
        own = [*self.parameters, *s.states, *s.definitions, *self.pulses, *self.start_locals]
        own += [x for r in s.receptors for x in (r.total_name, r.current_name)]
        taken = {*RESERVED, *FUNCTIONS, self.name, *(f"{n}0" for n in s.states)}
        names = {n: f"{n}_" for n in own if n in taken}
        self.print = NmodlPrinter(names, [*own, "v", "w", "t"])
        self.names = names

    def called(self, name: str) -> str:
        """The name in the file."""
        return self.names.get(name, name)

    # -- text ----------------------------------------------------------------------------------

    def text(self) -> str:
        """The whole file."""
        body = [self._initial(), self._breakpoint(), self._equations(), self._values(), self._net_receive()]
        functions = [FUNCTIONS[n] for n in FUNCTIONS if n in self.print.used]
        head = [
            self._title(),
            self._neuron(),
            self._units(),
            self._parameters(),
            self._assigned(),
            self._state(),
        ]
        return "\n".join([*head, *filter(None, body), *functions]) + "\n"

    def _title(self) -> str:
        text = plain(repr(self.model)).replace("COMMENT", "comment")
        method = {"sparse": "a reaction table, sparse"}.get(self.method, self.method)
        return "\n".join(
            [
                f"TITLE {self.name}",
                "",
                "COMMENT",
                "Written by brian2_nmda from the model",
                *re.findall(r".{1,100}(?:\s|$)", text),
                f"Fixed step: {method}. One point process is one synapse: one set of gates, for all",
                "NetCon that end on it. Their weight is the weight w of the synapse.",
                "A later spike prolongs a pulse."
                + (" A NetCon of negative weight brings postsynaptic spikes." if self._post() else ""),
                "Values in ms, mV, nA, uS, mM; outward currents are positive.",
                "ENDCOMMENT",
                "",
            ]
        )

    def _post(self) -> bool:
        return bool(self.system.on_post_spike)

    def _neuron(self) -> str:
        names = [self.called(n) for n in (*self.parameters, *self.definitions, *self._outputs())]
        names += [self.called(n) for n in self.system.states if n not in self.states]
        lines = ["NEURON {", "  THREADSAFE", f"  POINT_PROCESS {self.name}", "  NONSPECIFIC_CURRENT i"]
        names += ["w", "streams"]
        lines += [f"  RANGE {', '.join(names[k : k + 8])}" for k in range(0, len(names), 8)]
        return "\n".join([*lines, "}"])

    def _units(self) -> str:
        return (
            "UNITS {\n  (nA) = (nanoamp)\n  (mV) = (millivolt)\n  (uS) = (microsiemens)\n"
            "  (mM) = (milli/liter)\n  (um) = (micron)\n}"
        )

    def _parameters(self) -> str:
        lines = [
            f"  {self.called(n)} = {value!r} {unit_of(dim)} : {plain(note)}"
            for n, (value, dim, note) in self.parameters.items()
        ]
        return "\n".join(["PARAMETER {", *lines, "}"])

    def _outputs(self) -> list[str]:
        return [x for r in self.system.receptors for x in (r.total_name, r.current_name)]

    def _assigned(self) -> str:
        s = self.system
        lines = ["  v (mV)", "  i (nA)", "  w (1) : weight, of the NetCon that brought the last spike"]
        lines.append("  streams (1) : NetCon that have brought presynaptic spikes")
        for n in self.definitions:
            meaning = s.definitions[n].meaning
            lines.append(
                f"  {self.called(n)} {unit_of(s.definitions[n].dim)}"
                + (f" : {plain(meaning)}" * bool(meaning))
            )
        for r in s.receptors:
            lines += [f"  {self.called(r.total_name)} (uS)", f"  {self.called(r.current_name)} (nA)"]
        for n in s.states:
            if n not in self.states:
                lines.append(f"  {self.called(n)} {unit_of(s.states[n].dim)} : changes at events alone")
        for n in self.pulses:
            lines += [f"  {n} (1)", f"  until_{n} (ms)"]
        return "\n".join(["ASSIGNED {", *lines, "}"])

    def _state(self) -> str:
        if not self.states:
            return ""
        lines = []
        for n in self.states:
            state = self.system.states.get(n)
            unit = unit_of(DIMENSIONLESS if state is None else state.dim)
            size = f" <{_SIZES[unit]}>" if unit in _SIZES else ""
            meaning = "" if state is None else plain(state.meaning)
            lines.append(f"  {self.called(n)} {unit}{size}" + f" : {meaning}" * bool(meaning))
        return "\n".join(["STATE {", *lines, "}"])

    def _lines(self, statements: Iterable[Statement], indent: str = "  ") -> list[str]:
        lines = []
        for x in statements:
            if isinstance(x, When):
                condition = x.condition
                sides = f"{self.print.text(condition.gts)} > {self.print.text(condition.lts)}"
                lines += [
                    f"{indent}if ({sides}) {{",
                    *self._lines(x.statements, indent + "  "),
                    f"{indent}}}",
                ]
                continue
            name = self.called(x.name)
            value = self.print.doprint(x.value)
            if isinstance(x, Add):
                value = f"{name} + {value}"
            lines.append(indent + folded(f"{name} = {value}"))
        return lines

    def _initial(self) -> str:
        lines = (
            [folded(f"  LOCAL {', '.join(map(self.called, self.start_locals))}")] if self.start_locals else []
        )
        lines += self._all_digits()
        lines += ["  w = 1", "  streams = 0", *(f"  {n} = 0\n  until_{n} = -1e9" for n in self.pulses)]
        lines += self._lines(self.starts)
        if self.is_kinetic:
            eliminated = [n for n in self.states if n in self.original.eliminated]
            own = {n: self.system.definitions[n].expression for n in eliminated}
            lines += self._lines(Assign(n, e) for n, e in own.items())
        return "\n".join(["INITIAL {", *lines, *(["  values()"] if self._for_rates() else []), "}"])

    def _all_digits(self) -> list[str]:
        """Defaults in full: NEURON keeps six digits of a PARAMETER, but all digits of a number in a block."""
        lines = []
        for n, (value, dim, _) in self.parameters.items():
            kept, unit = float(f"{value:g}"), unit_of(dim)
            if kept != value:
                name = self.called(n)
                lines.append(f"  if ({name} == {kept!r}{unit}) {{ {name} = {value!r}{unit} }}")
        return lines

    def _for_rates(self) -> list[str]:
        """Definitions that the equations read."""
        used: list[sympy.Expr] = [self.system.rates[n] for n in self.moving]
        if self.is_kinetic:
            used = [e for s in self.system.schemes for r in s.reactions for e in (r.forward, r.backward)]
        found: set[str] = set()
        while used:
            for x in used.pop().free_symbols:
                if x.name in self.definitions and x.name not in found:
                    found.add(x.name)
                    used.append(self.system.definitions[x.name].expression)
        return [n for n in self.definitions if n in found]

    def _define(self, names: Iterable[str]) -> list[Assign]:
        return [Assign(n, self.system.definitions[n].expression) for n in names]

    def _breakpoint(self) -> str:
        first = self._for_rates()
        outputs = self._define(n for n in self.definitions if n not in first)
        for r in self.system.receptors:
            outputs.append(Assign(r.total_name, symbol("w") * r.conductance))
            outputs.append(Assign(r.current_name, r.current))
        slope, name = self._slope(), _SLOPE
        while name in self.print.known | set(self.names.values()):
            name += "_"
        if slope is not None:
            outputs.append(Assign(name, slope))
        local, outputs = self._shared(outputs, [x.name for x in outputs])
        lines = self._local([*local, *([] if slope is None else [name])])
        lines += [] if slope is None else [f"  CONDUCTANCE {name}"]
        lines += [f"  SOLVE states METHOD {self.method}"] if self.states else []
        lines += ["  values()"] if first else []
        lines += self._lines([*(Assign(n, e) for n, e in local.items()), *outputs])
        total = sympy.Add(*(symbol(r.current_name) for r in self.system.receptors), evaluate=False)
        lines.append(f"  i = {self.print.text(total)}")
        return "\n".join(["BREAKPOINT {", *lines, "}"])

    def _slope(self) -> sympy.Expr | None:
        """Of the current, by the voltage; without it NEURON computes the current twice in each step."""
        s = self.system
        known = {n: s.definitions[n].expression for n in self.definitions}
        for r in s.receptors:
            known |= {r.total_name: symbol("w") * r.conductance, r.current_name: r.current}
        total = sympy.Add(*(symbol(r.current_name) for r in s.receptors))
        return nmodl_shared.slope(total, known, list(known))

    def _shared(
        self, statements: Iterable[Assign], without: Iterable[str]
    ) -> tuple[dict[str, sympy.Expr], list[Assign]]:
        """Function calls that occur more than once, and the statements without them."""
        statements = list(statements)
        values = [x.value for x in statements]
        local, values = nmodl_shared.shared(values, set(without), self.print.known | set(self.names.values()))
        self.print.known |= set(local)
        return local, [Assign(x.name, e) for x, e in zip(statements, values, strict=True)]

    def _local(self, names: Iterable[str]) -> list[str]:
        text = ", ".join(map(self.called, names))
        return [folded(f"  LOCAL {text}")] if text else []

    def _equations(self) -> str:
        if not self.states:
            return ""
        if self.is_kinetic:
            block, lines = "KINETIC", self._reactions()
        else:
            rate = self._linear_rate if self.method == "cnexp" else self.system.rates.__getitem__
            local, rates = self._shared((Assign(n, rate(n)) for n in self.moving), self.system.states)
            block, lines = "DERIVATIVE", self._first(local)
            texts = (f"{self.called(x.name)}' = {self.print.doprint(x.value)}" for x in rates)
            lines += [f"  {folded(text)}" for text in texts]
        return "\n".join([f"{block} states {{", *lines, "}"])

    def _first(self, local: dict[str, sympy.Expr]) -> list[str]:
        """What the equations read is computed before them."""
        lines = [*self._local(local), *(["  values()"] if self._for_rates() else [])]
        return lines + self._lines(Assign(n, e) for n, e in local.items())

    def _linear_rate(self, n: str) -> sympy.Expr:
        """A rate for which NEURON solves: definitions that depend on the state itself are inserted."""
        keep = [d for d in self.definitions if not self.system.inserted(symbol(d)).has(symbol(n))]
        return self.system.inserted(self.system.rates[n], keep)

    def _reactions(self) -> list[str]:
        reactions = [r for s in self.system.schemes for r in s.reactions]
        both = [Assign(r.source.name, x) for r in reactions for x in (r.forward, r.backward)]
        local, both = self._shared(both, self.states)
        lines = self._first(local)
        for r, forward, backward in zip(reactions, both[::2], both[1::2], strict=True):
            # nocmodl multiplies the text of a rate by the state: a sum needs brackets of its own
            ends = (self.called(x.name) for x in (r.source, r.target))
            rates = (self.print.doprint(x.value) for x in (forward, backward))
            lines.append("  " + folded("~ {} <-> {} (({}), ({}))".format(*ends, *rates)))
        return lines

    def _values(self) -> str:
        first = self._for_rates()
        if not first:
            return ""
        local, values = self._shared(self._define(first), first)
        lines = [*self._local(local), *self._lines([*(Assign(n, e) for n, e in local.items()), *values])]
        return "\n".join(["PROCEDURE values() {", *lines, "}"])

    def _net_receive(self) -> str:
        """What happens at spikes, and at what the process has sent to itself."""
        s = self.system
        late = {_LATE + k: event for k, event in enumerate(s.later)}
        pre = [*self._counted(), "      w = weight", *self._jumps(s.on_spike, "      ")]
        for k, (n, (_, duration, *condition)) in enumerate(self.pulses.items(), 1):
            length = self.print.text(s.inserted(duration))
            start = [f"{n} = 1", f"until_{n} = t + {length}", f"net_send({length}, {k})"]
            if condition:
                test = self.print.text(s.inserted(condition[0]))
                start = [f"if ({test} > 0) {{", *(f"  {x}" for x in start), "}"]
            pre += [f"      {x}" for x in start]
        for flag, event in late.items():
            pre.append(f"      net_send({self.print.text(s.inserted(event.latency))}, {flag})")
        lines = ["  if (flag == 0) {", "    if (weight >= 0) {", *pre]
        if self._post():
            lines += ["    } else {", *self._jumps(s.on_post_spike, "      ")]
        lines += ["    }", "  }"]
        for k, n in enumerate(self.pulses, 1):
            lines += [f"  if (flag == {k}) {{", f"    if (t > until_{n} - {_AT_ONCE}) {{ {n} = 0 }}", "  }"]
        for flag, event in late.items():
            lines += [f"  if (flag == {flag}) {{", *self._jumps(event.changes, "    "), "  }"]
        return "\n".join(
            [
                "NET_RECEIVE (weight, known) {",
                "  INITIAL {",
                "    known = 0",
                "    if (weight >= 0) { w = weight }",
                "  }",
                *lines,
                "}",
            ]
        )

    def _counted(self) -> list[str]:
        """A second axon on the same gates is no mistake that anybody would see in a trace, so it is said."""
        said = f"{self.name}: two NetCon drive one set of gates, as if they were one axon"
        return [
            "      if (known == 0) {",
            "        known = 1",
            "        streams = streams + 1",
            f'        if (streams == 2) {{ printf("{said}\\n") }}',
            "      }",
        ]

    def _jumps(self, changes: Any, indent: str) -> list[str]:
        """One after the other: each sees what those before it have changed."""
        return self._lines((Assign(n, self.system.inserted(e)) for n, e in changes.items()), indent)
