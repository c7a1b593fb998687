"""Reading Brian2 text into SymPy, printing SymPy as Brian2 text, checking dimensions.

Text is only ever read with Brian2's own parser, never with ``sympify`` or ``eval``.
All symbols carry ``real=True``, as Brian2's do, so that expressions written by a user in SymPy,
read from text, or taken from the library are the same objects.
"""

import keyword
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import sympy
from brian2.core.functions import DEFAULT_CONSTANTS, DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Constant, Variable
from brian2.equations.equations import EquationError, Equations
from brian2.parsing.expressions import parse_expression_dimensions
from brian2.parsing.sympytools import str_to_sympy, sympy_to_str
from brian2.units import amp, coulomb, farad, ohm, siemens, volt
from brian2.units.fundamentalunits import (
    DIMENSIONLESS,
    Dimension,
    DimensionMismatchError,
    Quantity,
    get_dimensions,
    get_unit,
)
from sympy.core.relational import Relational
from sympy.core.sympify import converter as _converter
from sympy.logic.boolalg import Boolean

from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.text import check_equations, check_expression

#: Names that pass Brian2's own check and work in NumPy and Cython, but fail to compile in C++.
CPP_KEYWORDS = frozenset(
    """alignas alignof and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class
    compl concept const consteval constexpr constinit const_cast continue co_await co_return co_yield decltype
    default delete do double dynamic_cast else enum explicit export extern false float for friend goto if
    inline int long mutable namespace new noexcept not_eq nullptr operator or_eq private protected public
    register reinterpret_cast requires return short signed sizeof static static_assert static_cast struct
    switch template this thread_local throw true try typedef typeid typename union unsigned using virtual
    void volatile wchar_t while xor xor_eq""".split()  # noqa: SIM905
)

_RESERVED = frozenset(
    ("t", "dt", "i", "j", "N", "xi", "lastupdate", "t_in_timesteps", "delay", "not_refractory", "w")
)


class exprel(sympy.Function):
    """``exprel(z)`` is ``(exp(z) - 1)/z``, regular at 0, as Brian2's function of that name.

    Brian2's own SymPy class rewrites ``exprel(log(q))`` as ``(q - 1)/log(q)``, which is singular at 1.

    Examples
    --------
    >>> from brian2_nmda import exprel
    >>> exprel(1).evalf(5)
    1.7183
    """

    nargs = 1

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """First derivative."""
        (z,) = self.args
        return (sympy.exp(z) - exprel(z)) / z

    def _eval_rewrite_as_exp(self, z: sympy.Expr, **kwargs: object) -> sympy.Expr:
        return (sympy.exp(z) - 1) / z

    def _eval_evalf(self, prec: int) -> sympy.Expr:
        z = self.args[0].evalf(prec)
        return sympy.S.One if z.is_zero else ((sympy.exp(z) - 1) / z)._eval_evalf(prec)


def _from_quantity(value: Quantity) -> sympy.Expr:
    """What SymPy makes of a Brian2 quantity; by itself it would recurse until it fails."""
    if value.dim is DIMENSIONLESS:
        return sympy.Float(float(value), 17)
    raise ModelError(
        f"'{value!r}' stands in an expression: a number with units is a Parameter with a name, a value and "
        "a source; declare it and use its name."
    )


_converter[Quantity] = _from_quantity


def symbol(name: str) -> sympy.Symbol:
    """The one symbol that stands for ``name`` everywhere in this package."""
    return sympy.Symbol(name, real=True)


def check_name(name: str, where: str) -> str:
    """Return ``name`` if it can be a variable in every Brian2 target.

    Raises
    ------
    ModelError
        If it is not an ASCII identifier, or is reserved by Python, C++ or Brian2.
    """
    reason = None
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,59}", name):
        reason = "it has to be an ASCII identifier that begins with a letter"
    elif keyword.iskeyword(name):
        reason = "it is a Python keyword"
    elif name in CPP_KEYWORDS:
        reason = "it is a C++ keyword, so the model would not compile in cpp_standalone"
    elif name in _RESERVED or name in DEFAULT_FUNCTIONS:
        reason = "Brian2 or this package already uses it"
    elif name in DEFAULT_UNITS:
        reason = "it is the name of a unit"
    elif name.endswith(("_pre", "_post")):
        reason = "Brian2 reserves the endings _pre and _post"
    if reason:
        raise ModelError(f"{where}: '{name}' cannot name a variable: {reason}. Rename it.")
    return name


def read(text: str, where: str) -> sympy.Expr:
    """Read an expression written in Brian2's syntax: the one way by which a user's text reaches SymPy."""
    check_expression(text, where)
    try:
        return _as_steps(parse(text))
    except (SyntaxError, NotImplementedError, RecursionError) as error:
        raise ModelError(f"{where}: cannot read '{text}': {error}") from error


def _as_steps(expression: sympy.Expr) -> sympy.Expr:
    """Conditions and bounds as the library writes them: what `to_text` has printed reads as it was."""

    def step(e: sympy.Expr) -> sympy.Expr:
        return sympy.Heaviside(e.args[0].gts - e.args[0].lts)

    def bounded(e: sympy.Expr) -> sympy.Expr:
        value, low, high = e.args
        if e.args[0].has(clip, sympy.Min, sympy.Max):
            return e  # SymPy takes long for bounds in bounds
        if low in (value, -sympy.oo):
            return sympy.Min(value, high)
        return sympy.Max(value, low) if high in (value, sympy.oo) else e

    expression = expression.replace(
        lambda e: isinstance(e, int_of) and isinstance(e.args[0], (sympy.Gt, sympy.Lt)), step
    )
    return expression.replace(lambda e: isinstance(e, clip), bounded)


def parse(text: str) -> sympy.Expr:
    """Read Brian2 text of our own, without letting Brian2 rewrite ``exprel``; see `exprel`."""
    return normalise(str_to_sympy(re.sub(r"\bexprel\b", "_exprel", text)))


def normalise(expression: object) -> sympy.Expr:
    """A SymPy expression in which every symbol is the real symbol of its name.

    Brian2's opaque names for the standard functions become SymPy's, so that they can be
    differentiated and solved.
    """
    if isinstance(expression, bool) or not isinstance(
        expression, (sympy.Basic, int, float, np.integer, np.floating)
    ):
        raise TypeError(f"expected a SymPy expression or a number, got {expression!r}")
    expression = sympy.sympify(expression, strict=True)
    expression = expression.xreplace({s: symbol(s.name) for s in expression.free_symbols})
    return expression.replace(
        lambda e: isinstance(e, sympy.core.function.AppliedUndef) and e.func.__name__ in _OPAQUE,
        lambda e: _OPAQUE[e.func.__name__](*e.args),
    )


class int_of(sympy.Function):
    """Brian2's ``int(condition)``, as a function that is printed but never evaluated."""

    nargs = 1

    @classmethod
    def eval(cls, condition: sympy.Basic) -> sympy.Expr | None:
        """A condition that is known."""
        return {sympy.true: sympy.S.One, sympy.false: sympy.S.Zero}.get(condition)

    def _eval_derivative(self, s: sympy.Symbol) -> sympy.Expr:
        return sympy.S.Zero  # a condition has no derivative to multiply with

    def _eval_is_real(self) -> bool:
        return True

    _eval_is_extended_real = _eval_is_real


class clip(sympy.Function):
    """``clip(x, low, high)`` keeps x within two limits, as Brian2's function of that name.

    Examples
    --------
    >>> from brian2_nmda import clip
    >>> clip(5, 0, 1)
    1
    """

    nargs = 3

    @classmethod
    def eval(cls, x: sympy.Expr, low: sympy.Expr, high: sympy.Expr) -> sympy.Expr | None:
        """Evaluate for numbers."""
        known = all(e.is_number and e.is_comparable for e in (x, low, high))
        return sympy.Min(sympy.Max(x, low), high) if known else None

    def _eval_is_real(self) -> bool:
        return True

    _eval_is_extended_real = _eval_is_real


#: Functions that Brian2 has under another name.
_RENAMED = frozenset(("Abs", "ceiling"))
_OPAQUE = {"int_": int_of, "sqrt": sympy.sqrt, "exp": sympy.exp, "log": sympy.log}
_OPAQUE |= {"clip": clip, "exprel": exprel, "_exprel": exprel}


def to_text(expression: sympy.Expr) -> str:
    """Print a SymPy expression in Brian2's syntax.

    ``Heaviside(x)`` becomes ``int(x > 0)``; ``Min`` and ``Max`` become sums of products with
    ``int``, or ``clip`` where that would put a condition into a condition, which Brian2 cannot read;
    functions that Brian2 does not have are refused.
    """
    expression = without_piecewise(sympy.sympify(expression, strict=True))
    for function in expression.atoms(sympy.Function):
        name = function.func.__name__
        if isinstance(function, (sympy.exp, sympy.log, exprel, int_of, clip)):
            continue
        known = name in DEFAULT_FUNCTIONS or name.lower() in DEFAULT_FUNCTIONS or name in _RENAMED
        if not known and not isinstance(function, sympy.core.function.AppliedUndef):
            raise ModelError(f"'{function}' cannot be written in Brian2: it has no function '{name}'.")
    return sympy_to_str(expression).replace("int_of(", "int(")


#: What becomes a condition in text, or may hold one.
_WITH_CONDITION = (sympy.Heaviside, int_of, sympy.Min, sympy.Max)
#: Conditions within one condition whose values are all written down.
_MOST_NESTED = 4


def without_piecewise(expression: sympy.Expr) -> sympy.Expr:
    """With ``int`` of conditions that hold no ``int`` themselves, and ``clip``."""
    if not expression.has(*_WITH_CONDITION):
        return expression
    if not expression.args:
        return expression
    if isinstance(expression, (sympy.Min, sympy.Max)):
        lower = isinstance(expression, sympy.Min)
        arguments = [without_piecewise(a) for a in expression.args]
        if any(a.has(int_of, clip) for a in arguments):
            return _clipped(arguments, lower)
        first, *rest = arguments
        for other in rest:
            if first.has(int_of):  # of three and more
                return _clipped(arguments, lower)
            better = int_of((sympy.Lt if lower else sympy.Gt)(first, other))
            first = first * better + other * (1 - better)
        return first
    if isinstance(expression, sympy.Heaviside):
        return _by_cases(without_piecewise(expression.args[0]), lambda e: int_of(_positive(e)))
    if isinstance(expression, int_of):
        condition = expression.args[0]
        if not isinstance(condition, (Relational, Boolean)):
            return int_of(without_piecewise(condition))
        sides = condition.func(*map(without_piecewise, condition.args), evaluate=False)
        return _by_cases(sides, int_of)
    return expression.func(*map(without_piecewise, expression.args))


def _by_cases(condition: sympy.Basic, flag: Callable[[sympy.Basic], sympy.Expr]) -> sympy.Expr:
    """``flag(condition)`` with the flags in the condition taken out: their values are gone through."""
    inner = sorted((f for f in condition.atoms(int_of) if _is_truth(f.args[0])), key=str)
    if not inner:
        return flag(condition)
    if len(inner) > _MOST_NESTED:
        raise ModelError(
            f"'{condition}' holds {len(inner)} conditions within a condition, more than {_MOST_NESTED}; give "
            "some of them a name of their own."
        )
    total = sympy.S.Zero
    for values in product((0, 1), repeat=len(inner)):
        here = flag(condition.xreplace(dict(zip(inner, map(sympy.Integer, values), strict=True))))
        total += here * sympy.Mul(*(f if v else 1 - f for f, v in zip(inner, values, strict=True)))
    return total


def _is_truth(expression: sympy.Basic) -> bool:
    return isinstance(expression, (Relational, Boolean))


def _clipped(arguments: Iterable[sympy.Expr], lower: bool) -> sympy.Expr:
    """The smallest (or largest) of some expressions as ``clip``, which keeps a NaN of the longest."""
    value, *bounds = sorted(arguments, key=lambda e: (-e.count_ops(), str(e)))
    for bound in bounds:
        free = (-sympy.oo if lower else sympy.oo) if bound.is_number else value
        value = clip(value, free, bound) if lower else clip(value, bound, free)
    return value


def _positive(expression: sympy.Expr) -> sympy.Expr:
    """``a - b > 0`` as ``a > b``, so that both sides keep their dimensions."""
    terms = sympy.Add.make_args(expression)
    negative = [x for x in terms if x.as_coeff_Mul()[0].is_negative]
    if not negative and len(terms) > 1:  # a + 50*mV > 0
        negative = [min(terms, key=lambda x: (not _is_constant(x), str(x)))]
    positive = [x for x in terms if x not in negative]
    if not positive and len(terms) > 1:
        positive = [min(terms, key=lambda x: (not _is_constant(x), str(x)))]
        negative = [x for x in terms if x not in positive]
    return sympy.Gt(sympy.Add(*positive), -sympy.Add(*negative))


def _is_constant(expression: sympy.Expr) -> bool:
    """Whether it is made of numbers and units."""
    return all(s.name in DEFAULT_UNITS for s in expression.free_symbols)


def is_external(name: str) -> bool:
    """Whether Brian2 resolves ``name`` by itself: a unit or the time."""
    return name in DEFAULT_UNITS or name in ("t", "dt", "t_in_timesteps", "inf", "pi", "e")


@cache
def _units_and_constants() -> dict[str, object]:
    """What a name stands for if nothing else has it."""
    found: dict[str, object] = dict(DEFAULT_CONSTANTS)
    found |= {n: Constant(n, float(u), dimensions=get_dimensions(u)) for n, u in DEFAULT_UNITS.items()}
    return found


@cache
def _time() -> dict[str, object]:
    """The time and its step."""
    found: dict[str, object] = {n: Variable(n, dimensions=_SECOND) for n in ("t", "dt")}
    return {**found, "t_in_timesteps": Variable("t_in_timesteps", dimensions=DIMENSIONLESS)}


@cache
def _read_dimensions(expression: sympy.Expr, own: frozenset[tuple[str, Dimension]]) -> Dimension:
    """As Brian2 finds them. Remembered: every part that is made has its equations checked."""
    variables = {n: Variable(n, dimensions=dim) for n, dim in own}
    known = {**_units_and_constants(), **variables, **_time(), **DEFAULT_FUNCTIONS}
    # SymPy reorders sums and may write a sum of quantities with different dimensions as it was
    # entered, so the text is what Brian2 will see.
    return parse_expression_dimensions(to_text(expression), known)


def dimensions_of(expression: sympy.Expr, dimensions: Mapping[str, Dimension], where: str) -> Dimension:
    """Dimensions of ``expression``, checked by Brian2.

    Raises
    ------
    DimensionMismatchError
        If a sum, an exponent or a function argument is inconsistent.
    """
    for function in expression.atoms(sympy.core.function.AppliedUndef):
        if function.func.__name__ not in DEFAULT_FUNCTIONS:
            raise ModelError(f"{where}: unknown function '{function.func.__name__}'.")
    names = {s.name for s in expression.free_symbols} & dimensions.keys()
    try:
        return _read_dimensions(expression, frozenset((n, dimensions[n]) for n in names))
    except DimensionMismatchError as error:
        raise DimensionMismatchError(f"{where}: {error.desc}", *error.dims) from error
    except (SyntaxError, TypeError, ValueError) as error:
        raise ModelError(f"{where}: {error}") from error


_BASE = ("metre", "kilogram", "second", "amp", "kelvin", "mole", "candle")
_SECOND = get_dimensions(DEFAULT_UNITS["second"])


def base_powers(dim: Dimension) -> tuple[float, ...]:
    """Give the powers of metre, kilogram, second, ampere, kelvin, mole and candela in a dimension."""
    return tuple(dim.get_dimension(d) for d in ("m", "kg", "s", "A", "K", "mol", "cd"))


def unit_text(dim: Dimension) -> str:
    """Name of the base unit of ``dim`` as Brian2 equations spell it."""
    if dim.is_dimensionless:
        return "1"
    text = repr(get_unit(dim))
    try:
        Equations(f"x : {text}")
    except (SyntaxError, ValueError, EquationError):  # Brian2 reads neither (mM*s)**-1 nor metre3
        text = "*".join(f"{u}**{p:g}" for u, p in zip(_BASE, base_powers(dim), strict=True) if p)
    return text


def readable(dim: Dimension) -> str:
    """A dimension as modellers write it, in volt, ampere, mM and seconds: for messages.

    >>> from brian2 import get_dimensions, mV, mM, ms
    >>> readable(get_dimensions(1/(mM*ms)))
    '1/(mM*second)'
    """
    for unit in (volt, amp, siemens, ohm, farad, coulomb):
        if dim is unit.dim:
            return repr(unit)
    power = dict(zip(_BASE, base_powers(dim), strict=True))
    volts, molar = power.pop("kilogram"), power.pop("mole")
    power = {"volt": volts, "mM": molar, **power}
    power["amp"] += volts  # kg = V A s^3/m^2
    power["second"] += 3 * volts
    power["metre"] += 3 * molar - 2 * volts

    def factors(sign: int) -> list[str]:
        found = ((n, sign * p) for n, p in power.items() if sign * p > 0)
        return [n if p == 1 else f"{n}**{p:g}" for n, p in found]

    above, below = "*".join(factors(1)), factors(-1)
    if not below:
        return above or "no unit"
    return f"{above or 1}/{below[0] if len(below) == 1 else '(' + '*'.join(below) + ')'}"


def unit_symbol(dim: Dimension) -> sympy.Expr:
    """The base unit of ``dim`` as a product of the symbols that Brian2 resolves."""
    factors = [symbol(u) ** sympy.nsimplify(p) for u, p in zip(_BASE, base_powers(dim), strict=True) if p]
    return sympy.Mul(*factors)


def number(value: object) -> sympy.Float:
    """A value in base SI units as a literal that reads back to the same float."""
    text = repr(float(np.asarray(value)))
    return sympy.Float(text, max(15, sum(c.isdigit() for c in text)))


def numeric(
    expression: sympy.Expr, arguments: Iterable[str], values: Mapping[str, float]
) -> Callable[..., Any]:
    """A NumPy function of ``arguments``; all other symbols take their ``values`` (base SI).

    Symbols are replaced by anonymous ones first: no name reaches ``lambdify``. They are real and have plain
    names: those of SymPy's own are complex, and each ``Heaviside`` then looks for its imaginary part.
    """
    arguments = list(arguments)
    anonymous = [sympy.Symbol(f"argument_{i:03}", real=True) for i in range(len(arguments))]
    replacement = {symbol(n): d for n, d in zip(arguments, anonymous, strict=True)}
    for s in expression.free_symbols - set(replacement):
        replacement[s] = number(value_of(s.name, values))
    expression = expression.xreplace(replacement)
    modules = [
        {
            "exprel": lambda z: np.where(np.abs(z) < 1e-16, 1.0, np.expm1(z) / np.where(z == 0, 1.0, z)),
            "Heaviside": lambda z, *_: (np.asarray(z) > 0) * 1.0,
            "int_of": lambda z: np.asarray(z).astype(int) * 1.0,
            "clip": lambda z, low, high: np.minimum(np.maximum(z, low), high),
        },
        "numpy",
    ]
    return sympy.lambdify(anonymous, expression, modules=modules)


def value_of(name: str, values: Mapping[str, float]) -> float:
    """The number behind ``name``: a given value or a Brian2 unit."""
    if name in values:
        return float(values[name])
    if name in DEFAULT_UNITS:
        return float(DEFAULT_UNITS[name])
    raise ModelError(f"no value for '{name}'")


def parse_equations(text: str, where: str) -> Equations:
    """Parse a block of Brian2 equations, with ``where`` in front of Brian2's message."""
    check_equations(text, where)
    try:
        return Equations(text)
    except (SyntaxError, ValueError, EquationError, DimensionMismatchError) as error:
        raise ModelError(f"{where}: cannot read the equations\n{text}\n{error}") from error
