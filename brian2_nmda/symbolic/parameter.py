"""Numbers with their provenance."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy
from brian2.core.namespace import DEFAULT_UNITS
from brian2.input.timedarray import TimedArray
from brian2.units.fundamentalunits import (
    Dimension,
    DimensionMismatchError,
    Quantity,
    get_dimensions,
)
from sympy.core.function import AppliedUndef

from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import dimensions_of, numeric, read, readable
from brian2_nmda.symbolic.text import check_expression

STATUSES = ("reported", "converted", "fitted", "assumed", "user")
SIGNS = ("positive", "nonnegative", "fraction", "real")


@dataclass(frozen=True)
class Value:
    """A parameter of a model: a number, its unit, its meaning and where it comes from.

    Attributes
    ----------
    value : Quantity, float, TimedArray or str
        A string names a variable or an expression that the user defines where the parameter is
        used.
    dim : Dimension
    meaning, source, status : str
        ``status`` is one of ``reported``, ``converted``, ``fitted``, ``assumed`` or ``user``.
    sign : str
        ``positive``, ``nonnegative``, ``fraction`` (0 to 1) or ``real``.
    bath : bool
        A property of the solution around all receptors: it carries no label.
    """

    value: Any
    dim: Dimension
    meaning: str
    source: str
    status: str
    sign: str = "positive"
    bath: bool = False

    @property
    def is_number(self) -> bool:
        """Whether the value is known before the run."""
        return not isinstance(self.value, (str, TimedArray))

    def base(self) -> float:
        """The value in base SI units."""
        return float(np.asarray(self.value))

    def with_value(self, value: Any, where: str, name: str) -> "Value":
        """The same parameter with a value chosen by the user.

        Raises
        ------
        DimensionMismatchError
            If the dimensions differ.
        ModelError
            If the value is not one finite number of the required sign.
        """
        if isinstance(value, str):
            value = _constant(value, where, name)
        checked = replace(self, value=value, source="set by the user", status="user")
        checked.check(where, name)
        return checked

    def check(self, where: str, name: str) -> None:
        """Check dimensions, size, finiteness and sign."""
        if isinstance(self.value, str):
            check_expression(self.value, f"{where}, '{name}'")
            return
        if isinstance(self.value, TimedArray):
            numbers, dim = self.value.values, self.value.dim
        else:
            if isinstance(self.value, bool) or not isinstance(
                self.value, (int, float, np.number, np.ndarray)
            ):
                raise ModelError(
                    f"{where}: '{name}' has to be a number with units, a TimedArray or the name "
                    f"of a variable, got {self.value!r}."
                )
            numbers, dim = np.asarray(self.value), get_dimensions(self.value)
            if numbers.size != 1:
                raise ModelError(
                    f"{where}: '{name}' has to be a single value, got shape {numbers.shape}. For values that "
                    f"differ declare per_synapse=['{name}_<label>'] in .synapses() and set S.{name}_<label>."
                )
        if dim is not self.dim:
            raise DimensionMismatchError(
                f"{where}: '{name}' ({self.meaning}) has the wrong dimensions. Expected "
                f"{readable(self.dim)}, found {self.value!r} ({readable(dim)})."
            )
        if not np.all(np.isfinite(numbers)):
            raise ModelError(f"{where}: '{name}' has to be finite, found {self.value!r}.")
        if self.refuses(numbers):
            hint = "" if self.status == "user" else " (Parameter(..., sign='real') allows any value)"
            raise ModelError(
                f"{where}: '{name}' ({self.meaning}) has to be {self.required}, found {self.value!r}{hint}."
            )

    @property
    def required(self) -> str:
        """What the sign requires, in words."""
        return "between 0 and 1" if self.sign == "fraction" else self.sign

    @property
    def allowed(self) -> tuple[float, float]:
        """The smallest and the largest number of this sign."""
        low = {"positive": np.nextafter(0.0, 1.0), "real": -np.inf}.get(self.sign, 0.0)
        return low, 1.0 if self.sign == "fraction" else np.inf

    def refuses(self, numbers: Any) -> bool:
        """Whether some of the numbers have the wrong sign or size."""
        low, high = self.allowed
        numbers = np.asarray(numbers, float)
        return bool(np.any((numbers < low) | (numbers > high)))


def _constant(text: str, where: str, name: str) -> Any:
    """The value of a text such as ``'0.1*nS'``, which names nothing but units; other texts as they are."""
    expression = read(text, f"{where}, parameter '{name}'")
    if not all(x.name in DEFAULT_UNITS for x in expression.free_symbols) or expression.atoms(AppliedUndef):
        return text
    dim = dimensions_of(expression, {}, f"{where}, parameter '{name}'")
    return Quantity(float(numeric(expression, [], {})()), dim=dim)


class Placeholder(sympy.Dummy):
    """A symbol in a class body, before it knows its name."""

    def __new__(cls, **fields: Any) -> "Placeholder":  # noqa: D102
        self = sympy.Dummy.__new__(cls, "unnamed", real=True)
        self.fields = fields
        return self


def Parameter(
    value: Any,
    meaning: str,
    *,
    source: str = "",
    status: str = "reported",
    sign: str = "positive",
    bath: bool = False,
) -> Placeholder:
    """Declare a parameter in the body of a `Part` class.

    Parameters
    ----------
    value : Quantity or float
        Default value; its dimensions are those of the parameter.
    meaning : str
        What it is, in words.
    source : str
        DOI, or repository and path, with table or line. Without one, ``status`` is ``assumed``.
    status : {'reported', 'converted', 'fitted', 'assumed'}
        Whether the source states the number, or it was calculated from it, adjusted to data, or chosen.
    sign : {'positive', 'nonnegative', 'fraction', 'real'}
        Which values are accepted; a fraction lies between 0 and 1.
    bath : bool
        A property of the solution around all receptors, such as [Mg]: it carries no label.

    Raises
    ------
    ModelError
        If ``status`` or ``sign`` is not one of those.

    Examples
    --------
    >>> from brian2 import ms
    >>> from brian2_nmda import Parameter
    >>> tau = Parameter(3*ms, 'decay', source='doi:10.1000/example, table 1')
    """
    if status not in STATUSES:
        raise ModelError(f"status has to be one of {', '.join(STATUSES)}, got '{status}'.")
    if sign not in SIGNS:
        raise ModelError(f"sign has to be one of {', '.join(SIGNS)}, got '{sign}'.")
    if not source:
        status = "assumed"
    record = Value(value, get_dimensions(value), meaning, source, status, sign, bath)
    return Placeholder(parameter=record)
