"""What a part reads of others and gives to others.

A *port* is a quantity with a name, a dimension and a rule for several givers. What every synapse has (the
voltage, the transmitter, calcium) are the ports of `INPUTS`, which a part reads by their symbols; any
other port is read by ``needs`` and given by ``gives`` (see `brian2_nmda.symbolic.declaring`).

A *place* is where something exists once: on each synapse (the default), on each ``neuron``, or in a domain
of the user's (a dendrite, an astrocyte), to which an index of each synapse points. Towards a coarser
place reading is by name; from a coarser place what the synapses have is summed, written `Total`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sympy
from brian2.units import amp, metre, mole, second, siemens, volt
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension, get_dimensions

from brian2_nmda.symbolic.expressions import symbol

MOLAR = get_dimensions(mole / metre**3)

#: What every receptor gives to other parts, and its dimensions; the port ends in the label of the receptor.
OF_RECEPTOR: Mapping[str, Dimension] = MappingProxyType(
    {"activation": DIMENSIONLESS, "conductance": siemens.dim, "block": DIMENSIONLESS}
)


def port_of(what: str, label: str) -> str:
    """The port by which the receptor with this label gives a quantity of `OF_RECEPTOR`."""
    return f"{what}_{label}"


#: How a port joins what several parts give: an error, their sum, their product, or each changes what the
#: ones before it give, in the order in which they are written.
COMBINE = ("one", "sum", "product", "chain")

#: Places that every model has: what depends on one side alone, each synapse, and the postsynaptic
#: neuron, to which every synapse points by itself.
PRE, POST, SYNAPSE, NEURON = "pre", "post", "synapse", "neuron"
#: Groups that we make for them: the states of presynaptic neurons, the states that are summed over the
#: synapses of a target, and the conductances of targets. `brian2_nmda.brian.homes` builds them.
GATE, KINETICS, TOTALS = "gate", "kinetics", "totals"


@dataclass(frozen=True)
class Input:
    """A port that exists without being declared.

    Attributes
    ----------
    dim : Dimension
    meaning : str
    provider : str
        What to write so that something gives it.
    """

    dim: Dimension
    meaning: str
    provider: str


#: What a part may read without declaring it, and who provides it.
INPUTS: Mapping[str, Input] = MappingProxyType(
    {
        "v": Input(volt.dim, "voltage at the receptor", "the target"),
        "T": Input(MOLAR, "transmitter in the cleft", "release="),
        "Ca": Input(MOLAR, "free calcium in the spine", "calcium="),
        "Ca_eff": Input(MOLAR, "slowly integrated calcium", "calcium=SpineCalcium() (with its integrator)"),
        "Ca_rest": Input(MOLAR, "resting calcium", "calcium="),
        "I_Ca": Input(amp.dim, "calcium current of the receptors", "receptors="),
        "G_open": Input(siemens.dim, "open conductance of one receptor type", "receptors="),
        "E_open": Input(volt.dim, "reversal potential of that receptor type", "receptors="),
        "g_initial": Input(siemens.dim, "conductance at the start", "the receptor it changes"),
        "block": Input(DIMENSIONLESS, "fraction of open channels that conducts", "block="),
        "activation": Input(DIMENSIONLESS, "open fraction", "the receptor it changes"),
        "released": Input(DIMENSIONLESS, "fraction of a full release of this spike", "release="),
        "xi": Input(get_dimensions(second**-0.5), "white noise", "Brian2"),
    }
)

v, T, Ca, Ca_eff, Ca_rest, I_Ca, G_open, E_open = map(
    symbol, ("v", "T", "Ca", "Ca_eff", "Ca_rest", "I_Ca", "G_open", "E_open")
)
g_initial, block, activation, released, xi = map(
    symbol, ("g_initial", "block", "activation", "released", "xi")
)
#: What the receptor and earlier rules provide, in a rule that scales it.
conductance = symbol("conductance")
#: A number drawn uniformly from [0, 1) each time it is evaluated.
rand = sympy.Function("rand")


@dataclass(frozen=True)
class Need:
    """A port that a part reads under a name of its own."""

    port: str
    dim: Dimension
    meaning: str = ""


@dataclass(frozen=True)
class Gift:
    """What a part gives to a port, and how the port joins several gifts."""

    expression: sympy.Expr
    dim: Dimension
    combine: str = "one"
    meaning: str = ""


class Total(sympy.Function):
    """``Total(expression)`` sums over the synapses of one element of a coarser place, such as a dendrite.

    Examples
    --------
    >>> from sympy import Symbol
    >>> from brian2_nmda import Total
    >>> Total(Symbol('inserted'))
    Total(inserted)
    """

    nargs = 1

    def _eval_is_real(self) -> bool:
        return True

    _eval_is_extended_real = _eval_is_real

    def _eval_derivative(self, s: sympy.Symbol) -> sympy.Expr:
        # a state of the coarser place changes what the synapses do only through a sum of its own
        return Total(sympy.diff(self.args[0], s)) if self.args[0].has(s) else sympy.S.Zero

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\sum_{{\mathrm{{synapses}}}} {printer.parenthesize(self.args[0], 100)}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


def without_totals(expression: sympy.Expr) -> sympy.Expr:
    """``expression`` with each sum replaced by what is summed, which has the same dimensions."""
    return expression.replace(lambda e: isinstance(e, Total), lambda e: e.args[0])
