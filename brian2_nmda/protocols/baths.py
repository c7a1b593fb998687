"""What is in the bath, and when: drugs, magnesium, inhibition, temperature, inhibitors of synthesis."""

import difflib
import math
from typing import Any

from brian2 import Quantity, mM, second
from brian2.units.fundamentalunits import get_dimensions

from brian2_nmda.equations import DAP5, Ketamine, Memantine
from brian2_nmda.protocols.data import Span, in_unit
from brian2_nmda.symbolic.composition import SynapseModel
from brian2_nmda.symbolic.errors import ModelError

#: Drugs by name: the part that states them.
DRUGS: dict[str, type[DAP5 | Memantine | Ketamine]] = {
    "D-AP5": DAP5,
    "memantine": Memantine,
    "ketamine": Ketamine,
}


def drug(
    name: str, dose: Quantity | None = None, start: Quantity | None = None, stop: Quantity | None = None
) -> Span:
    """Wash a drug into the bath, from ``start`` to ``stop``.

    Parameters
    ----------
    name : {'D-AP5', 'memantine', 'ketamine'}
        Which drug is washed in.
    dose : Quantity, optional
        By default the concentration that the drug's part of the library states.
    start, stop : Quantity, optional
        After the start of the induction (negative: in the baseline). By default from the first moment, and to
        the last.

    Raises
    ------
    ModelError
        If there is no such drug.

    Examples
    --------
    >>> from brian2 import second
    >>> from brian2_nmda.protocols import drug, tetanus
    >>> washed = tetanus().within(drug('D-AP5', start=-300*second, stop=60*second))
    >>> print(washed)
    tetanus: 1 s, 100 spikes of A, D-AP5 from -300 to 60 s
    """
    if name not in DRUGS:
        close = difflib.get_close_matches(name.lower(), [d.lower() for d in DRUGS], 1)
        hint = f" Did you mean '{next(d for d in DRUGS if d.lower() == close[0])}'?" if close else ""
        raise ModelError(
            f"there is no drug '{name}'; there are {', '.join(DRUGS)}.{hint} Anything else that is a "
            "parameter of your model can be changed by switch('its name', value)."
        )
    value = DRUGS[name]().conc if dose is None else dose
    return Span(name, *_interval(start, stop), in_unit(value, mM, f"the dose of {name}", 0), mM.dim)


def switch(name: str, value: Any, start: Quantity | None = None, stop: Quantity | None = None) -> Span:
    """Give a parameter of the model another value from ``start`` to ``stop``.

    Parameters
    ----------
    name : str
        A parameter or a state that the model's ``plan`` lists, such as ``'Mg'``; or ``'inhibition'``, which
        is 1 where the experiment has inhibition, and 0 in its blocker.
    value : Quantity or float
        What it is set to, in its own unit.
    start, stop : Quantity, optional
        As for `drug`.

    Raises
    ------
    ModelError
        If the value is not finite, or ``start`` or ``stop`` is no time.

    Examples
    --------
    >>> from brian2 import mM, second
    >>> from brian2_nmda.protocols import switch, tetanus
    >>> free = tetanus().within(switch('Mg', 0*mM, start=0*second, stop=1*second))
    """
    number = float(value)
    if not math.isfinite(number):
        raise ModelError(f"switch('{name}'): the value has to be finite; found {value!r}.")
    return Span(name, *_interval(start, stop), number, get_dimensions(value))


def _interval(start: Any, stop: Any) -> tuple[float, float]:
    begin = -math.inf if start is None else in_unit(start, second, "start")
    return begin, math.inf if stop is None else in_unit(stop, second, "stop")


def parameter_of(what: str, model: SynapseModel) -> list[str]:
    """Names in a model of what is switched; a ModelError says what the model lacks."""
    system = model.system
    if what not in DRUGS:
        if what in system.parameters or what in system.states:
            return [what]
        known = [*system.parameters, *system.states]
        close = difflib.get_close_matches(what, known, 3)
        raise ModelError(
            f"the model has no parameter or state '{what}' that could be switched"
            + (f"; did you mean {' or '.join(close)}?" if close else f"; it has {', '.join(known)}.")
        )
    part = DRUGS[what].__name__
    found = [n for n in system.parameters if n.startswith("conc_") and system.owner[n].startswith(f"{part} ")]
    if not found:
        role = "antagonist" if part == "DAP5" else "blocker"
        raise ModelError(
            f"the model has no receptor with {what}; give its NMDA receptor {role}={part}(conc=0*mM)."
        )
    return found
