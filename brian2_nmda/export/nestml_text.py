"""SymPy as NESTML text, and quantities in NEST's units.

NEST computes in ms, mV, pA, nS and pF. With mol/m3 (which is mM) for concentrations, um for lengths and
attomole for amounts these units are coherent, as those of `nmodl_text` are.
"""

import sympy
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension
from sympy.printing.precedence import PRECEDENCE

from brian2_nmda.export.nmodl_text import NmodlPrinter, exponents, power_of, scaled
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import clip

#: Powers of ten of NEST's metre, kilogram, second, ampere, kelvin, mole and candela.
_POWERS = (-6, -12, -3, -12, 0, -18, 0)
#: NESTML's own names; those of units, which are short, are no names either (see `taken`).
RESERVED = frozenset(
    """e t pi inf weight spikes V_m E_L C_m g_L V_th V_reset refr_T refr_t I_e I_stim exp ln log10 min max abs
    clip floor ceil round pow sin cos tan sinh cosh tanh erf erfc expm1 steps resolution timestep state
    equations parameters internals input output update function real integer boolean string void true
    false and or not if else elif for while return model inline recordable kernel spike continuous
    convolve delta""".split()  # noqa: SIM905
)
_FUNCTIONS = {n: n for n in ("exp", "sin", "cos", "tan", "sinh", "cosh", "tanh", "floor")}
_FUNCTIONS |= {"ceiling": "ceil", "log": "ln"}


def in_nest(value: float, dim: Dimension) -> float:
    """A value in base SI units as NEST has it, to 15 digits."""
    return scaled(value, power_of(dim, _POWERS))


def taken(name: str) -> bool:
    """Whether a name means something else: NESTML knows all units of astropy, ``g`` and ``Mg`` among them."""
    return name in RESERVED or ("_" not in name and len(name) <= 4)


def _factors(dim: Dimension) -> list[tuple[str, int]]:
    powers = exponents(dim)
    named = {"mV": "V", "pA": "A", "nS": "S", "um": "m", "ms": "s", "K": "K"}
    found = [(unit, powers[n]) for unit, n in named.items()]
    found += [("mol", powers["M"]), ("m", -3 * powers["M"])]
    if any(p != int(p) for _, p in found):
        raise ModelError(f"{dim!r} has no unit in NESTML: it has a power that is no whole number.")
    return [(unit, int(p)) for unit, p in found if p]


def type_of(dim: Dimension) -> str:
    """NESTML's type of a dimension, e.g. ``ms**-1*mol**-1*m**3``; ``real`` without one."""
    return "*".join(u if p == 1 else f"{u}**{p}" for u, p in _factors(dim)) or "real"


def literal(value: float, dim: Dimension = DIMENSIONLESS) -> str:
    """A number with its unit, e.g. ``0.062 / 1 mV``: ``0.062 mV**-1`` would be the reciprocal of 0.062 mV."""
    factors = _factors(dim)
    if len(factors) == 1 and factors[0][1] == 1:
        return f"{value!r} {factors[0][0]}"
    text = repr(value)
    for unit, p in factors:
        text += f" {'*' if p > 0 else '/'} 1 {unit}" + (f"**{abs(p)}" if abs(p) != 1 else "")
    return text


class NestmlPrinter(NmodlPrinter):
    """Writes expressions as NESTML.

    Attributes
    ----------
    may_call : bool
        Whether functions of the file may be called, which equations may not.
    """

    simulator = "NEST"
    may_call = False

    def _call(self, function: str, *arguments: sympy.Basic) -> str:
        return f"{function}({', '.join(map(self._print, arguments))})"

    def text(self, expression: sympy.Expr) -> str:
        """One expression on one line: NESTML has no lines that go on."""
        return self.doprint(expression)

    def _quantity(self, value: float, dim: Dimension) -> str:
        return f"({literal(in_nest(value, dim), dim)})"

    def _print_Rational(self, e: sympy.Rational) -> str:
        return str(e.p) if e.q == 1 else f"{float(e)!r}"  # 1/2 of two whole numbers might become 0 in C++

    _print_Half = _print_Rational

    def _print_Pow(self, e: sympy.Pow, rational: bool = False) -> str:
        if e.exp.is_number and e.exp.is_negative:
            return f"1/{self.parenthesize(e.base ** (-e.exp), PRECEDENCE['Pow'])}"
        level = PRECEDENCE["Pow"]
        return f"{self.parenthesize(e.base, level)}**{self.parenthesize(e.exp, level)}"

    def _compared(self, larger: sympy.Basic, smaller: sympy.Basic) -> str:
        return f"({self.larger(larger, smaller)} ? 1.0 : 0.0)"

    def larger(self, larger: sympy.Basic, smaller: sympy.Basic) -> str:
        """The condition that the first is larger."""
        level = PRECEDENCE["Add"]
        return f"{self.parenthesize(larger, level)} > {self.parenthesize(smaller, level)}"

    def _print_Min(self, e: sympy.Min) -> str:
        return self._nested("min", e)

    def _print_Max(self, e: sympy.Max) -> str:
        return self._nested("max", e)

    def _nested(self, function: str, e: sympy.Expr) -> str:
        first, *others = sorted(map(self._print, e.args))
        for other in others:
            first = f"{function}({first}, {other})"
        return first

    def _print_clip(self, e: clip) -> str:
        x, low, high = e.args
        text = self._print(x)
        if low not in (-sympy.oo, x):
            text = f"max({text}, {self._print(low)})"
        return text if high in (sympy.oo, x) else f"min({text}, {self._print(high)})"

    def _print_exprel(self, e: sympy.Expr) -> str:
        if self.may_call:
            return self._call("exprel", *e.args)
        raise ModelError(f"'{e}' cannot be written in NESTML, whose equations call no function of the file.")

    def _print_log(self, e: sympy.log) -> str:
        return self._call("ln", *e.args)

    def _print_Abs(self, e: sympy.Abs) -> str:
        return self._call("abs", *e.args)

    def _print_Function(self, e: sympy.Function) -> str:
        name = _FUNCTIONS.get(type(e).__name__)
        if name is None:
            raise ModelError(f"'{e}' cannot be written in NESTML: it has no function '{type(e).__name__}'.")
        return self._call(name, *e.args)
