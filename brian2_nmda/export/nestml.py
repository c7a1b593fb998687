"""A model as a neuron of the NEST simulator, in its language NESTML."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import sympy
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

from brian2_nmda.export import flat, nmodl_refusals
from brian2_nmda.export.nestml_text import NestmlPrinter, in_nest, literal, taken, type_of
from brian2_nmda.export.nmodl import default_name
from brian2_nmda.export.nmodl_text import plain
from brian2_nmda.lowering.statements import When
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import dimensions_of, exprel, symbol
from brian2_nmda.symbolic.system import System
from brian2_nmda.symbolic.template import Definition

__all__ = ["to_nestml", "write"]

#: The neuron around the synapses: values of the pyramidal cells of Brunel & Wang (2001).
MEMBRANE = (
    ("C_m", "pF", 500.0, "capacitance of the membrane", "C_m > 0 pF"),
    ("g_L", "nS", 25.0, "leak conductance", "g_L >= 0 nS"),
    ("E_L", "mV", -70.0, "potential at rest", ""),
    ("V_th", "mV", -50.0, "threshold", ""),
    ("V_reset", "mV", -55.0, "potential after a spike", ""),
    ("refr_T", "ms", 2.0, "refractory time", "refr_T >= 0 ms"),
    ("I_e", "pA", 0.0, "constant current into the neuron", ""),
)
_MEMBRANE_SOURCE = "doi:10.1023/A:1011204814320, pyramidal cells; reported"
_INDENT = "    "
_EXPREL = ["if abs(z) < 1e-8:", f"{_INDENT}return 1 + z/2", "return expm1(z)/z"]


def to_nestml(model: Any, name: str | None = None, ports: int = 1) -> str:
    """Return the text of a NESTML file that defines a neuron with the model's synapses on its membrane.

    The neuron is leaky integrate-and-fire. Each spike port has a set of gates of its own: one port is one
    presynaptic axon. What arrives at a port within one time step counts as one spike, whose weights are
    added and become ``w`` of Brian2. Pulses last a whole number of time steps. The neuron's own spikes are
    the postsynaptic ones of rules that need them.

    NESTML has to be told ``solver: numeric``, as `brian2_nmda.export.nest_run.build` does: its default, the
    analytic solver, takes a flag of the transmitter for a constant and is then wrong without saying so.

    Parameters
    ----------
    model : GlutamateSynapse
        Shipped or of your own; what NESTML cannot say is refused.
    name : str, optional
        Of the neuron, by default that of the first receptor's class and ``_neuron``.
    ports : int
        How many axons end on it. With more than one, names of states end in the number of their port.

    Returns
    -------
    str
        NESTML. Variables have the names that they have in Brian2, in ms, mV, pA, nS and mol/m3 (mM).

    Raises
    ------
    ModelError
        If something in the model has no form in NESTML. It says which part and why.

    Examples
    --------
    >>> from brian2_nmda import BioNMDA, GlutamateSynapse
    >>> text = GlutamateSynapse(BioNMDA()).to_nestml()
    >>> "model BioNMDA_neuron:" in text, "x_NMDA' = " in text
    (True, True)
    """
    if not isinstance(ports, int) or isinstance(ports, bool) or ports < 1:
        raise ModelError(f"to_nestml: ports has to be a whole number of at least 1, found {ports!r}.")
    return NestmlNeuron(model, name, ports).text()


def write(model: Any, folder: str | Path, name: str | None = None, ports: int = 1) -> Path:
    """Write the file of `to_nestml` into a folder, which is made if it is missing.

    Parameters
    ----------
    model, name, ports
        As for `to_nestml`.
    folder : path
        Where the file is put. A file of that name is replaced.

    Returns
    -------
    Path
        The file, ``<name>.nestml``.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from brian2_nmda import AMPA, GlutamateSynapse
    >>> from brian2_nmda.export import nestml
    >>> nestml.write(GlutamateSynapse(AMPA()), mkdtemp()).name
    'AMPA_neuron.nestml'
    """
    text = to_nestml(model, name, ports)
    path = Path(folder) / f"{name or _default_name(model)}.nestml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")
    return path


def _default_name(model: Any) -> str:
    return f"{default_name(model)}_neuron"


class NestmlNeuron:
    """The blocks of one file."""

    def __init__(self, model: Any, name: str | None, ports: int = 1) -> None:
        nmodl_refusals.check(model, "to_nestml", "NESTML")
        self.model, self.name, self.ports = model, name or _default_name(model), ports
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", self.name):
            raise ModelError(f"to_nestml: '{self.name}' cannot name a neuron: letters, digits and _.")
        self.original: System = model.system
        for part, reason in _reasons(self.original):
            raise ModelError(f"to_nestml: {part} cannot be written in NESTML: {reason}.")
        self.parameters = flat.parameters(self.original, in_nest)
        starts, _ = flat.starts(model, in_nest, self.parameters, "to_nestml")
        self.pulses, self.system = flat.with_flags(self.original)
        self.internals, self.initial = self._derived(starts)
        self._name_constants()
        self.definitions = flat.in_order(self.system)
        self.of_port = self._of_port()

    def _derived(self, starts: list[Any]) -> tuple[dict[str, Definition], dict[str, sympy.Expr]]:
        """Variables that are constant in a run, each with one value, and the states in terms of them."""
        now: dict[sympy.Symbol, sympy.Expr] = {}
        found: dict[str, Definition] = {}
        dims = self.original.dimensions()
        dims |= {n: dim for n, (_, dim, _) in self.parameters.items()}

        def keep(name: str, value: sympy.Expr) -> None:
            latest = symbol(f"{name}_{len(found)}")
            first = value.args[0][0] if isinstance(value, sympy.Piecewise) else value
            dims[latest.name] = dimensions_of(first, dims, "to_nestml")
            found[latest.name] = Definition(value, dims[latest.name])
            now[symbol(name)] = latest

        for line in starts:
            if isinstance(line, When):
                condition = line.condition.xreplace(now)
                for x in line.statements:
                    old, new = now[symbol(x.name)], x.value.xreplace(now)
                    keep(x.name, sympy.Piecewise((new, condition), (old, True), evaluate=False))
            elif line.name in self.original.states or line.value.is_Number:
                now[symbol(line.name)] = line.value.xreplace(now)
            else:
                keep(line.name, line.value.xreplace(now))
        initial = {n: now[symbol(n)] for n in self.original.states}
        waiting, used = list(initial.values()), set()
        while waiting:
            for x in waiting.pop().free_symbols:
                if x.name in found and x.name not in used:
                    used.add(x.name)
                    waiting.append(found[x.name].expression)
        return {n: d for n, d in found.items() if n in used}, initial

    def _name_constants(self) -> None:
        """``exprel`` of parameters is an internal variable: equations call no function of the file."""
        found = sorted({x for _, e in self.system.expressions() for x in e.atoms(exprel)}, key=str)
        constant = [x for x in found if {s.name for s in x.free_symbols} <= set(self.parameters)]
        named = {x: symbol(f"exprel_{k}") for k, x in enumerate(constant, 1)}
        self.internals |= {n.name: Definition(x, DIMENSIONLESS) for x, n in named.items()}
        self.system.rewrite(lambda e: e.xreplace(named))

    def _of_port(self) -> set[str]:
        """Names that every port has for itself."""
        own = {*self.system.states, *self.pulses, "w"}
        for n in self.definitions:
            if {x.name for x in self.system.definitions[n].expression.free_symbols} & own:
                own.add(n)
        return own | {x for r in self.system.receptors for x in (r.total_name, r.current_name)}

    # -- names ---------------------------------------------------------------------------------

    def called(self, name: str, port: int = 1) -> str:
        """The name in the file."""
        if name == "w":
            name = "weight"
        elif name in ("v", "t"):
            return {"v": "V_m"}.get(name, name)
        elif taken(name):
            name = f"{name}_syn"
        own = name == "weight" or name.removesuffix("_syn") in self.of_port or name in self.of_port
        return f"{name}_{port}" if own and self.ports > 1 else name

    def _printer(self, port: int = 1, **names: str) -> NestmlPrinter:
        known = [*self.parameters, *self.system.states, *self.system.definitions, *self.pulses]
        known += [x for r in self.system.receptors for x in (r.total_name, r.current_name)]
        known += [*self.internals, "v", "w", "t"]
        return NestmlPrinter({n: self.called(n, port) for n in known} | names, known)

    def _each(self) -> Iterator[tuple[int, NestmlPrinter]]:
        return ((port, self._printer(port)) for port in range(1, self.ports + 1))

    def _suffix(self, port: int) -> str:
        return f"_{port}" if self.ports > 1 else ""

    @property
    def moving(self) -> list[str]:
        """States that change between events."""
        return [n for n, e in self.system.rates.items() if e != 0]

    # -- text ----------------------------------------------------------------------------------

    def text(self) -> str:
        """The whole file."""
        calls = any(d.expression.has(exprel) for d in self.internals.values())
        blocks = {
            "state": self._state(),
            "equations": self._equations(),
            "parameters": self._parameters(),
            "internals": self._internals(),
            "input": self._input(),
            "output": ["spike"],
            "update": self._update(),
            **{f"onReceive(spikes{self._suffix(k)})": self._receive(k, p) for k, p in self._each()},
            "onCondition(V_m >= V_th)": self._spike(),
            "function exprel(z real) real": _EXPREL if calls else [],
        }  # fmt: skip
        lines = [*self._title(), f"model {self.name}:"]
        for title, body in blocks.items():
            if body:
                lines += [f"{_INDENT}{title}:", *(f"{_INDENT * 2}{x}" for x in body), ""]
        return "\n".join(lines[:-1]) + "\n"

    def _title(self) -> list[str]:
        text = plain(repr(self.model))
        said = [
            self.name,
            "#" * len(self.name),
            "",
            "Written by brian2_nmda from the model",
            *re.findall(r".{1,100}(?:\s|$)", text),
            "",
            "Generate it with codegen_opts={'solver': 'numeric'}: the analytic solver takes the flags on_...",
            "of transmitter for constants. Each spike port is one axon with gates of its own; a later spike",
            "prolongs a pulse. Values in ms, mV, pA, nS, mol/m**3 (mM); outward currents are positive.",
        ]
        return [f"# {x}".rstrip() for x in said]

    def _state(self) -> list[str]:
        lines = [
            "V_m mV = E_L  # membrane potential",
            "refr_t ms = 0 ms  # what is left of the refractory time",
        ]
        for port, printer in self._each():
            for n, state in self.system.states.items():
                start = self.initial[n]
                value = literal(float(start), state.dim) if start.is_Number else printer.text(start)
                lines.append(
                    f"{self.called(n, port)} {type_of(state.dim)} = {value}"
                    + self._guard(printer, self.called(n, port), state.within, state.dim)
                    + f"  # {plain(state.meaning)}" * bool(state.meaning)
                )
            weight = self.called("w", port)
            lines.append(f"{weight} real = 1  # of the spike that came last")
            for n in self.pulses:
                flag = self.called(n, port)
                lines += [
                    f"{flag} real = 0  # 1 while a pulse lasts",
                    f"left_{flag} ms = 0 ms  # of the pulse",
                ]
        return lines

    def _guard(self, printer: NestmlPrinter, name: str, within: Any, dim: Dimension) -> str:
        """The invariant interval, which NEST checks whenever values are set."""
        found = []
        for bound, sign in zip(within, (">=", "<="), strict=True):
            if bound is None:
                continue
            bound = sympy.sympify(bound, strict=True)
            if bound.is_number:
                found.append(f"{name} {sign} {literal(in_nest(float(bound), dim), dim)}")
            elif {x.name for x in bound.free_symbols} <= set(self.parameters):
                found.append(f"{name} {sign} {printer.text(bound)}")
        return f" [[{' and '.join(found)}]]" if found else ""

    def _equations(self) -> list[str]:
        first = self._printer()
        lines = self._inlines(first, (n for n in self.definitions if n not in self.of_port))
        for port, printer in self._each():
            lines += self._inlines(printer, (n for n in self.definitions if n in self.of_port))
            for r in self.system.receptors:
                total, current = self.called(r.total_name, port), self.called(r.current_name, port)
                conductance = printer.text(symbol("w") * r.conductance)
                lines.append(f"recordable inline {total} nS = {conductance}")
                lines.append(f"recordable inline {current} pA = {printer.text(r.current)}")
            lines += [f"{self.called(n, port)}' = {printer.text(self.system.rates[n])}" for n in self.moving]
        currents = [self.called(r.current_name, k) for k, _ in self._each() for r in self.system.receptors]
        lines.append(f"inline I_syn pA = {' + '.join(currents)}")
        return [*lines, "V_m' = (-g_L*(V_m - E_L) - I_syn + I_e + I_stim)/C_m", "refr_t' = -1"]

    def _inlines(self, printer: NestmlPrinter, names: Iterable[str]) -> list[str]:
        own = self.system.definitions
        return [
            f"inline {printer.doprint(symbol(n))} {type_of(own[n].dim)} = {printer.text(own[n].expression)}"
            for n in names
        ]

    def _parameters(self) -> list[str]:
        lines = []
        for n, (value, dim, note) in self.parameters.items():
            name = self.called(n)
            p = self.system.parameters.get(n)
            guard = {
                "positive": "{0} > {1}",
                "nonnegative": "{0} >= {1}",
                "fraction": "{0} >= {1} and {0} <= 1",
            }
            sign = guard.get("nonnegative" if p is None else p.sign, "").format(name, literal(0.0, dim))
            lines.append(
                f"{name} {type_of(dim)} = {literal(value, dim)}"
                + f" [[{sign}]]" * bool(sign)
                + f"  # {plain(note)}"
            )
        for n, unit, value, meaning, limits in MEMBRANE:
            note = meaning if n == "I_e" else f"{meaning}; {_MEMBRANE_SOURCE}"
            lines.append(f"{n} {unit} = {value!r} {unit}" + f" [[{limits}]]" * bool(limits) + f"  # {note}")
        return lines

    def _internals(self) -> list[str]:
        printer = self._printer(v="E_L")
        printer.may_call = True

        def written(x: sympy.Expr, dim: Dimension) -> str:
            return literal(float(x), dim) if x.is_Number else printer.text(x)

        lines = []
        for n, d in self.internals.items():
            value = d.expression
            if isinstance(value, sympy.Piecewise):
                (new, condition), (old, _) = value.args
                zero = literal(0.0, self.internals[condition.gts.name].dim)  # it is a rate
                test = f"({printer.doprint(condition.gts)} > {zero})"
                text = f"{test} ? {written(new, d.dim)} : {written(old, d.dim)}"
            else:
                text = written(value, d.dim)
            lines.append(f"{n} {type_of(d.dim)} = {text}")
        return lines

    def _input(self) -> list[str]:
        return [*(f"spikes{self._suffix(k)} <- spike" for k, _ in self._each()), "I_stim pA <- continuous"]

    def _update(self) -> list[str]:
        gates = [self.called(n, port) for port, _ in self._each() for n in self.moving]
        lines = [
            "if refr_t > timestep()/2:",
            f"{_INDENT}integrate_odes({', '.join([*gates, 'refr_t'])})",
            "else:",
            f"{_INDENT}integrate_odes({', '.join([*gates, 'V_m'])})",
        ]
        for port, _ in self._each():
            for n in self.pulses:
                flag = self.called(n, port)
                lines += [
                    f"if {flag} > 0:",
                    f"{_INDENT}left_{flag} -= timestep()",
                    f"{_INDENT}if left_{flag} < timestep()/2:",
                    f"{_INDENT * 2}{flag} = 0",
                ]
        return lines

    def _receive(self, port: int, printer: NestmlPrinter) -> list[str]:
        lines = [f"{self.called('w', port)} = spikes{self._suffix(port)}*1 s"]
        lines += self._jumps(self.system.on_spike, port, printer)
        for n, (_, duration, *condition) in self.pulses.items():
            flag, length = self.called(n, port), self.system.inserted(duration)
            start = [f"{flag} = 1", f"left_{flag} = {printer.text(length)}"]
            if condition:
                test = printer.larger(self.system.inserted(condition[0]), sympy.S.Zero)
                start = [f"if {test}:", *(_INDENT + x for x in start)]
            lines += start
        return lines

    def _jumps(self, changes: Any, port: int, printer: NestmlPrinter) -> list[str]:
        """One after the other: each sees what those before it have changed."""
        return [
            f"{self.called(n, port)} = {printer.text(self.system.inserted(e))}" for n, e in changes.items()
        ]

    def _spike(self) -> list[str]:
        lines = ["refr_t = refr_T", "V_m = V_reset"]
        for port, printer in self._each():
            lines += self._jumps(self.system.on_post_spike, port, printer)
        return [*lines, "emit_spike()"]


def _reasons(system: System) -> Iterator[tuple[str, str]]:
    """Part and reason of what NMODL can say, but this export to NESTML does not."""
    for late in system.later:
        names = ", ".join(late.changes)
        yield late.owner, f"{names} changes later than a spike by a latency, which this export does not write"
