"""What may stand in the body of a `Part` class: states, occupancies, counts, definitions, ports."""

from typing import Any

import numpy as np
import sympy
from brian2.units.fundamentalunits import Quantity, get_dimensions

from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.parameter import Placeholder
from brian2_nmda.symbolic.ports import COMBINE, Gift, Need
from brian2_nmda.symbolic.template import Definition, State


def states(
    names: str,
    *,
    within: tuple[Any, Any] = (0, 1),
    unit: Any = 1,
    initial: Any = 0,
    meaning: str = "",
    bare: bool = False,
    place: str = "",
) -> Any:
    """Declare states in the body of a `Part` class.

    Parameters
    ----------
    names : str
        Names separated by blanks; one name gives one symbol, several a tuple.
    within : pair
        Interval that the solution never leaves (numbers in ``unit``, parameters or ``None``).
    unit : Quantity
        Any quantity with the dimensions of the states.
    initial : number or expression
        Value at the start; a number only of a dimensionless state, else 0 or a parameter.
    meaning : str
        What it is, in words; it stands on the sheet of the part.
    bare : bool
        Whether its name on the synapses is without the label of the part.
    place : str
        Where it lives, if not where the part does: ``'synapse'``, ``'neuron'`` or a domain of yours.

    Examples
    --------
    >>> from brian2_nmda import states
    >>> x, g = states('x g', within=(0, 1))
    """
    size = float(np.asarray(unit))  # of the unit in base units

    def scaled(value: Any) -> Any:
        return value * size if isinstance(value, (int, float)) and value and size != 1 else value

    state = State(
        get_dimensions(unit),
        (scaled(within[0]), scaled(within[1])),
        sympy.sympify(initial, strict=True),
        meaning,
        bare,
        place,
    )
    return _several(names, state)


def counts(
    names: str,
    *,
    initial: Any = 0,
    within: tuple[Any, Any] = (0, None),
    meaning: str = "",
    place: str = "",
    at_spikes: bool = False,
) -> Any:
    """Declare numbers of molecules in the body of a `Part` class.

    The ``reactions`` of the class change them one by one, by chance, and conserve their sum; with
    ``deterministic=True`` the part follows their mean instead.

    Parameters
    ----------
    names : str
        Names separated by blanks; one name gives one symbol, several a tuple.
    initial : number or expression
        Number at the start.
    within : pair
        Smallest and largest number, if there is one.
    meaning : str
        What it is, in words; it stands on the sheet of the part.
    place : str
        Where they are, if not where the part is.
    at_spikes : bool
        Whether ``on_spike`` or ``on_post_spike`` changes them, too, as a release takes a vesicle. What they
        add or take then has to be a whole number, and the sum is conserved between spikes only.

    Raises
    ------
    ModelError
        If the initial number is not whole.

    Examples
    --------
    >>> from brian2_nmda import counts
    >>> free, bound = counts('free bound', initial=10)
    """
    initial = sympy.sympify(initial, strict=True)
    if initial.is_number and initial != int(initial):
        raise ModelError(f"counts('{names}'): a number of molecules is whole, found initial={initial}.")
    state = State(get_dimensions(1), within, initial, meaning, False, place, count=True, at_spikes=at_spikes)
    return _several(names, state)


def _several(names: str, state: State) -> Any:
    made = tuple(Placeholder(state=state, expected=name) for name in names.split())
    return made if len(made) > 1 else made[0]


def occupancies(names: str) -> tuple[Placeholder, ...]:
    """Declare the states of a Markov scheme in the body of a `Part` class.

    They sum to one: the first is eliminated (it becomes ``1 - ...``), the equations of the others
    follow from the ``reactions`` of the class body.

    Parameters
    ----------
    names : str
        Names separated by blanks.

    Examples
    --------
    >>> from brian2_nmda import occupancies
    >>> C, O = occupancies('C O')
    """
    first, *others = names.split()
    return (Placeholder(first=first), *(states(n, within=(0, 1)) for n in others))


def define(expression: Any, unit: Any = 1, meaning: str = "") -> Placeholder:
    """Name an expression in the body of a `Part` class, so that it is printed by that name.

    Parameters
    ----------
    expression : sympy.Expr or number
        In terms of names of the class body.
    unit : Quantity
        A quantity with its dimensions, such as ``1/second`` or ``umolar``; the size does not matter.
    meaning : str
        What it is, in words; it stands on the sheet of the part.

    Examples
    --------
    >>> from brian2 import second
    >>> from brian2_nmda import Ca, Parameter, define
    >>> k = Parameter(1/second, 'rate')
    >>> doubled = define(2*k, unit=1/second, meaning='twice the rate')
    """
    _no_quantity(expression, "define")
    return Placeholder(
        definition=Definition(sympy.sympify(expression, strict=True), get_dimensions(unit), meaning)
    )


def needs(port: str, unit: Any = 1, meaning: str = "") -> Placeholder:
    """Read in the body of a `Part` class what another part gives under the name ``port``.

    Parameters
    ----------
    port : str
        What another part gives by ``port = gives(...)``, or one of those that always exist: ``v``, ``T``,
        ``released``, ``Ca``, ``Ca_eff``, ``Ca_rest``, ``I_Ca``, and ``activation_<label>`` and
        ``conductance_<label>`` of a receptor.
    unit : Quantity
        A quantity with its dimensions, such as ``1/second`` or ``umolar``; the size does not matter.
    meaning : str
        What it is, in words; it stands on the sheet of the part.

    Raises
    ------
    ModelError
        If ``port`` is no name.

    Examples
    --------
    >>> from brian2 import umolar
    >>> from brian2_nmda import needs
    >>> calcium = needs('Ca', umolar)
    """
    if not isinstance(port, str) or not port.isidentifier():
        raise ModelError(f"needs({port!r}): expected the name of a port as text, e.g. needs('Ca', umolar).")
    return Placeholder(need=Need(port, get_dimensions(unit), meaning))


def gives(expression: Any, unit: Any = 1, *, combine: str = "one", meaning: str = "") -> Placeholder:
    """Give an expression to other parts, under the name to which it is assigned.

    Parameters
    ----------
    expression : sympy.Expr or number
        In terms of names of the class body.
    unit : Quantity
        A quantity with its dimensions, such as ``1/second`` or ``umolar``; the size does not matter.
    combine : {'one', 'sum', 'product', 'chain'}
        What happens if several parts give this port: an error that names both, their sum, their product,
        or each one reads (by ``needs`` of the same port) what those before it in ``parts=[...]`` give.
    meaning : str
        What it is, in words; it stands on the sheet of the part.

    Raises
    ------
    ModelError
        If ``combine`` is not one of the four, or the expression has a unit of its own.

    Examples
    --------
    >>> from brian2_nmda import gives, states
    >>> P = states('P', meaning='active fraction')
    >>> kinase = gives(P)
    """
    _no_quantity(expression, "gives")
    if combine not in COMBINE:
        raise ModelError(f"gives(..., combine={combine!r}): expected one of {', '.join(COMBINE)}.")
    gift = Gift(sympy.sympify(expression, strict=True), get_dimensions(unit), combine, meaning)
    return Placeholder(gift=gift)


def _no_quantity(expression: Any, call: str) -> None:
    if isinstance(expression, Quantity):
        raise ModelError(f"{call}({expression!r}): a number with units is a Parameter.")
