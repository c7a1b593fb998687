"""SymPy as NMODL text, and quantities in NEURON's units.

NEURON computes in ms, mV, nA, uS and mM. With um for lengths and attomole for amounts these units are
coherent: equations keep their form, only the values of parameters change, by powers of ten.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import reduce

import sympy
from brian2.core.namespace import DEFAULT_UNITS
from brian2.units.fundamentalunits import Dimension
from sympy.core.relational import Relational
from sympy.printing.precedence import PRECEDENCE, precedence
from sympy.printing.str import StrPrinter

from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import base_powers, clip, exprel, int_of

#: Powers of ten of NEURON's metre, kilogram, second, ampere, kelvin, mole and candela.
_POWERS = (-6, -9, -3, -9, 0, -18, 0)
_UNITS = {"V": "mV", "A": "nA", "S": "uS", "M": "mM", "m": "um", "s": "ms", "K": "degC"}
#: Names that mean something else in NMODL, in hoc or in the C++ that NEURON makes of it.
RESERVED = frozenset(
    """t dt v w i area diam celsius secondorder flag weight fabs floor ceil exp log log10 pow sqrt sin cos tan
    tanh if else while for from to with by method using steadystate sens start depend sweep stepped forall
    exprel signum values states scheme E PI GAMMA DEG PHI FARADAY R
    L Ra cm nseg rallbranch x3d gates streams known""".split()  # noqa: SIM905
)
#: What is defined in each file that uses it.
FUNCTIONS = {
    "signum": """FUNCTION signum(x) {
  if (x > 0) { signum = 1 } else { if (x < 0) { signum = -1 } else { signum = 0 } }
}""",
    "exprel": """FUNCTION exprel(z) {
  if (fabs(z) < 0.01) {
    exprel = 1 + z/2*(1 + z/3*(1 + z/4*(1 + z/5*(1 + z/6))))
  } else {
    exprel = (exp(z) - 1)/z
  }
}""",
}
_WIDTH = 100


def power_of(dim: Dimension, powers: Sequence[int] = _POWERS) -> int:
    """The power of ten by which a simulator's unit exceeds the SI unit; NEURON's by default."""
    power = sum(p * d for p, d in zip(powers, base_powers(dim), strict=True))
    if power != int(power):
        raise ModelError(f"{dim!r} has no unit of which the export knows.")
    return int(power)


def in_neuron(value: float, dim: Dimension) -> float:
    """A value in base SI units as NEURON has it, to 15 digits."""
    return scaled(value, power_of(dim))


def scaled(value: float, power: int) -> float:
    """A value in a unit that is ``10**power`` as large, to 15 digits."""
    return float(Decimal(f"{float(value):.15g}").scaleb(-power))


def exponents(dim: Dimension) -> dict[str, float]:
    """The powers of volt, ampere, siemens, molar, metre, second and kelvin of which a dimension is made."""
    by_base = dict(zip(("m", "kg", "s", "A", "K", "mol", "cd"), base_powers(dim), strict=True))
    kg, amount = by_base["kg"], by_base["mol"]
    # volt = m2 kg s-3 A-1, molar = mol m-3
    volt, length = kg, by_base["m"] - 2 * kg + (3 * amount if amount else 0)
    current, second = by_base["A"] + volt, by_base["s"] + 3 * volt
    siemens = 0.0
    if current and current == -volt:  # siemens = ampere per volt
        siemens, current, volt = current, 0, 0
    return {
        "V": volt, "A": current, "S": siemens, "M": amount, "m": length, "s": second, "K": by_base["K"]
    }  # fmt: skip


def unit_of(dim: Dimension) -> str:
    """NEURON's unit as NMODL spells it, e.g. ``(/mM-ms)``."""
    powers = {_UNITS[n]: p for n, p in exponents(dim).items()}
    above = [_power(n, p) for n, p in powers.items() if p > 0]
    below = [_power(n, -p) for n, p in powers.items() if p < 0]
    if not above and not below:
        return "(1)"
    return "(" + "-".join(above) + ("/" + "-".join(below) if below else "") + ")"


def _power(unit: str, power: float) -> str:
    return unit if power == 1 else f"{unit}{power:g}"


def plain(text: str) -> str:
    """Text in ASCII on one line, for comments."""
    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(ascii_only.split())


class NmodlPrinter(StrPrinter):
    """Writes expressions as NMODL.

    Parameters
    ----------
    names : mapping of str to str
        Names that NMODL cannot have, and what they are called there.
    """

    simulator = "NEURON"

    def __init__(self, names: Mapping[str, str], known: Iterable[str]) -> None:
        super().__init__({"order": "none"})
        self.names, self.known = names, set(known)
        self.used: set[str] = set()

    def text(self, expression: sympy.Expr) -> str:
        """One expression, over several lines if it is long."""
        return folded(self.doprint(expression))

    def _call(self, function: str, *arguments: sympy.Basic) -> str:
        if function in FUNCTIONS:
            self.used.add(function)
        return f"{function}({', '.join(map(self._print, arguments))})"

    def _print_Symbol(self, e: sympy.Symbol) -> str:
        if e.name in self.known:
            return self.names.get(e.name, e.name)
        unit = DEFAULT_UNITS.get(e.name)
        if unit is None:
            raise ModelError(f"'{e.name}' has no value in {self.simulator}.")
        return self._quantity(float(unit), unit.dim)

    def _quantity(self, value: float, dim: Dimension) -> str:
        return f"{in_neuron(value, dim)!r}{unit_of(dim)}"

    _print_Dummy = _print_Symbol

    def _print_Float(self, e: sympy.Float) -> str:
        return f"{float(e)!r}"

    def _print_Rational(self, e: sympy.Rational) -> str:
        if e.q == 1:
            return str(e.p)
        value = float(e)
        return f"{value!r}" if sympy.Rational(repr(value)) == e else f"({e.p}/{e.q})"

    _print_Half = _print_Rational

    def _print_Pow(self, e: sympy.Pow, rational: bool = False) -> str:
        if e.exp == sympy.Rational(1, 2):
            return self._call("sqrt", e.base)
        if e.exp.is_number and e.exp.is_negative:
            return f"1/{self.parenthesize(e.base ** (-e.exp), PRECEDENCE['Pow'])}"
        if e.exp.is_Integer and e.exp <= 40:  # a product keeps its unit
            return f"({'*'.join([self.parenthesize(e.base, PRECEDENCE['Pow'])] * int(e.exp))})"
        return self._call("pow", e.base, e.exp)

    def _print_Mul(self, e: sympy.Mul) -> str:
        sign, numbers, above, below = "", sympy.S.One, [], []
        for f in e.args:
            if f.is_number and f.is_Rational:
                numbers *= f
            elif f.is_Pow and f.exp.could_extract_minus_sign():
                below.append(f.base ** (-f.exp))
            else:
                above.append(f)
        if numbers.is_negative:
            sign, numbers = "-", -numbers
        if numbers.p != 1 or not above:
            above.insert(0, sympy.Integer(numbers.p))
        if numbers.q != 1:
            below.insert(0, sympy.Integer(numbers.q))
        level = precedence(e) if not sign else PRECEDENCE["Mul"]
        top = "*".join(self.parenthesize(f, level) for f in above)
        return sign + top + "".join(f"/{self.parenthesize(f, PRECEDENCE['Pow'])}" for f in below)

    def _print_Heaviside(self, e: sympy.Expr) -> str:
        return self._compared(*_sides(e.args[0]))

    def _compared(self, larger: sympy.Basic, smaller: sympy.Basic) -> str:
        """1 where the first is larger, else 0; both have the same unit."""
        level = PRECEDENCE["Add"]
        return f"({self.parenthesize(larger, level)} > {self.parenthesize(smaller, level)})"

    def _print_int_of(self, e: int_of) -> str:
        return self._flag(e.args[0])

    def _flag(self, e: sympy.Basic) -> str:
        """1 where a condition holds, else 0; on the border a strict comparison is false."""
        if isinstance(e, sympy.And):
            return "*".join(f"({self._flag(a)})" for a in e.args)
        if isinstance(e, sympy.Or):
            return "(1 - " + "*".join(f"(1 - {self._flag(a)})" for a in e.args) + ")"
        if isinstance(e, sympy.Not):
            return f"(1 - {self._flag(e.args[0])})"
        if isinstance(e, (sympy.StrictGreaterThan, sympy.StrictLessThan)):
            return self._compared(e.gts, e.lts)
        if isinstance(e, (sympy.GreaterThan, sympy.LessThan)):
            return f"(1 - {self._compared(e.lts, e.gts)})"
        if isinstance(e, Relational) or not isinstance(e, sympy.Expr):
            raise ModelError(f"the condition '{e}' cannot be written in NMODL.")
        return self._call("floor", e)

    def _print_Min(self, e: sympy.Min) -> str:
        first, *others = sorted(map(self._print, e.args))
        return reduce(_smaller, others, first)

    def _print_Max(self, e: sympy.Max) -> str:
        first, *others = sorted(map(self._print, e.args))
        return reduce(_larger, others, first)

    def _print_clip(self, e: clip) -> str:
        x, low, high = e.args
        text = self._print(x)
        if low not in (-sympy.oo, x):
            text = _larger(text, self._print(low))
        return text if high in (sympy.oo, x) else _smaller(text, self._print(high))

    def _print_exprel(self, e: exprel) -> str:
        return self._call("exprel", *e.args)

    def _print_Function(self, e: sympy.Function) -> str:
        name = _NAMES.get(type(e).__name__)
        if name is None:
            raise ModelError(f"'{e}' cannot be written in NMODL: it has no function '{type(e).__name__}'.")
        return self._call(name, *e.args)

    def _print_exp(self, e: sympy.exp) -> str:
        return self._call("exp", *e.args)

    def _print_log(self, e: sympy.log) -> str:
        return self._call("log", *e.args)

    def _print_Abs(self, e: sympy.Abs) -> str:
        return self._call("fabs", *e.args)


_NAMES = {n: n for n in ("exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "floor")}
_NAMES |= {"ceiling": "ceil", "sign": "signum"}


def _larger(a: str, b: str) -> str:
    """The larger of two expressions; a FUNCTION of NMODL would take numbers without a unit alone."""
    return f"(({a})*(({a}) > ({b})) + ({b})*(({a}) <= ({b})))"


def _smaller(a: str, b: str) -> str:
    return f"(({a})*(({a}) < ({b})) + ({b})*(({a}) >= ({b})))"


def _sides(difference: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
    """``a`` and ``b`` of ``a - b``, so that each side of ``a > b`` keeps its unit."""
    terms = sympy.Add.make_args(difference)
    negative = [x for x in terms if x.could_extract_minus_sign()]
    return sympy.Add(*(x for x in terms if x not in negative)), -sympy.Add(*negative)


def folded(text: str) -> str:
    """A long statement over several lines, broken after an operator."""
    lines = []
    while len(text) > _WIDTH:
        cut = max(text.rfind(op, 0, _WIDTH) + len(op) for op in (" + ", " - ", "*", "/", ", "))
        if cut < _WIDTH // 3:
            break
        lines.append(text[:cut].rstrip())
        text = text[cut:]
    return "\n      ".join([*lines, text])
