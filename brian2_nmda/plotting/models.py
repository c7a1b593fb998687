"""Figures of models: current-voltage curve, block, and the rule of plasticity against calcium."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from brian2 import Quantity, mM, mV, nS, pA, umolar
from matplotlib.axes import Axes

from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.plotting.style import axes_or_new, colour
from brian2_nmda.protocols.data import in_unit
from brian2_nmda.protocols.weights import Weight, weight_of
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.expressions import numeric

_MG = (0, 1) * mM
_V = np.linspace(-90, 60, 301) * mV


def plot_block(
    model: GlutamateSynapse, label: str = "NMDA", Mg: Quantity = _MG, axes: Axes | None = None
) -> Axes:
    """Fraction of a receptor that magnesium leaves unblocked, against voltage.

    Parameters
    ----------
    model : GlutamateSynapse
        The model that holds the receptor.
    label : str
        Of the receptor.
    Mg : Quantity
        Concentrations, one line each.
    axes : matplotlib.axes.Axes, optional
        By default those of a new figure.

    Raises
    ------
    ModelError
        If the receptor has no block that depends on voltage and Mg alone.

    Examples
    --------
    >>> from brian2_nmda import BioNMDA, GlutamateSynapse
    >>> from brian2_nmda.plotting import plot_block
    >>> plot_block(GlutamateSynapse(BioNMDA())).get_ylabel()
    'unblocked fraction of NMDA'
    """
    block = _block(model, label)
    axes = axes_or_new(axes)
    for k, level in enumerate(np.atleast_1d(Mg)):
        values = block(np.asarray(_V), in_unit(level, mM, "Mg", 0))
        axes.plot(_V / mV, values + 0 * np.asarray(_V), color=colour(k), label=f"{level / mM:g} mM Mg")
    axes.set(xlabel="voltage (mV)", ylabel=f"unblocked fraction of {label}", ylim=(0, 1.05))
    axes.legend(frameon=False)
    return axes


def plot_iv(
    model: GlutamateSynapse,
    label: str = "NMDA",
    Mg: Quantity = _MG,
    g: Quantity = 1 * nS,
    axes: Axes | None = None,
) -> Axes:
    """Current of a receptor against voltage at a fixed open conductance, with the axes through zero.

    Parameters
    ----------
    model : GlutamateSynapse
        The model that holds the receptor.
    label : str
        Of the receptor.
    Mg : Quantity
        Concentrations, one line each.
    g : Quantity
        Open conductance without magnesium.
    axes : matplotlib.axes.Axes, optional
        By default those of a new figure.

    Raises
    ------
    ModelError
        If the receptor is not there, its block is no curve of the voltage, or it has no reversal potential.

    Examples
    --------
    >>> from brian2_nmda import BioNMDA, GlutamateSynapse
    >>> from brian2_nmda.plotting import plot_iv
    >>> plot_iv(GlutamateSynapse(BioNMDA())).get_ylabel()
    'current of NMDA at 1 nS (pA)'
    """
    block, reversal = _block(model, label), model.system.parameters.get(f"E_{label}")
    if reversal is None or not reversal.is_number:
        raise ModelError(f"the receptor '{label}' has no reversal potential E_{label}.")
    conductance = in_unit(g, nS, "g", 0)
    axes = axes_or_new(axes)
    v = np.asarray(_V)
    axes.axhline(0, color="0.7", linewidth=0.8)
    axes.axvline(0, color="0.7", linewidth=0.8)
    for k, level in enumerate(np.atleast_1d(Mg)):
        current = conductance * block(v, in_unit(level, mM, "Mg", 0)) * (v - reversal.base())
        axes.plot(v * 1e3, current / float(pA), color=colour(k), label=f"{level / mM:g} mM Mg")
    axes.set(xlabel="voltage (mV)", ylabel=f"current of {label} at {g / nS:g} nS (pA)")
    axes.legend(frameon=False)
    return axes


def _block(model: GlutamateSynapse, label: str) -> Any:
    system = model.system
    name = f"block_{label}"
    if name not in system.definitions:
        receptors = ", ".join(r.label for r in system.receptors)
        raise ModelError(f"there is no '{name}' in this model; its receptors are {receptors}.")
    expression = system.inserted(system.definitions[name].expression)
    left = {s.name for s in expression.free_symbols} - set(system.parameters) - {"v_syn", "v", "Mg"}
    if left:
        raise ModelError(f"'{name}' depends on {', '.join(sorted(left))} as well, so it is no curve.")
    return numeric(expression, ["v", "Mg"], system.values())


def plot_rule(
    model: GlutamateSynapse,
    marks: Mapping[str, Quantity] | None = None,
    weight: str | None = None,
    others: Mapping[str, float] | None = None,
    calcium: Sequence[str] = ("Ca", "Ca_eff"),
    axes: Axes | None = None,
) -> Axes:
    """Rate of change of the weight against steady calcium, with protocols marked.

    Parameters
    ----------
    model : GlutamateSynapse
        With a rule that calcium drives.
    marks : mapping of str to Quantity, optional
        Names and calcium that protocols reach.
    weight : str, optional
        By default the state of the model's rule.
    others : mapping of str to float, optional
        Values in base units of other states that the rate depends on; states that follow calcium alone,
        such as a kinase, take their steady value.
    calcium : sequence of str
        What is set to the calcium of the axis: the pool, and its integrator above rest.
    axes : matplotlib.axes.Axes, optional
        By default those of a new figure.

    Raises
    ------
    ModelError
        If the rate depends on a state that is neither given nor settled by calcium.

    Examples
    --------
    >>> from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse, ReceptorInsertion, SpineCalcium
    >>> from brian2_nmda.plotting import plot_rule
    >>> model = GlutamateSynapse(
    ...     [AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=ReceptorInsertion()
    ... )
    >>> plot_rule(model).get_ylabel()
    'dn_AMPA/dt (1/min)'
    """
    system = model.system
    name = weight_of(model) if weight is None else weight
    if name is None or (name in system.states and name not in system.rates):
        raise ModelError("plot_rule: the model has no rule whose weight changes in time; name it by weight=.")
    settled = _settled(Weight(model, name), calcium, others or {})
    rate = numeric(settled, ["Ca_axis"], system.values() | dict(system.initial) | dict(others or {}))
    axes = axes_or_new(axes)
    Ca = np.geomspace(0.05, 20, 600)
    values = 60 * rate(Ca * float(umolar)) + 0 * Ca
    axes.axhline(0, color="0.7", linewidth=0.8)
    axes.semilogx(Ca, values, color=colour(1))
    for k, (text, level) in enumerate((marks or {}).items()):
        x = in_unit(level, umolar, f"marks['{text}']", 0) / float(umolar)
        y = float(60 * rate(x * float(umolar)))
        axes.plot(x, y, "o", color=colour(k + 2))
        axes.annotate(text, (x, y), xytext=(4, 6), textcoords="offset points", fontsize=8)
    axes.set_yscale("symlog", linthresh=1)
    axes.set(xlabel="steady calcium (µM)", ylabel=f"d{name}/dt (1/min)")
    return axes


def _settled(weight: Weight, calcium: Sequence[str], others: Mapping[str, float]) -> Any:
    """The rate with calcium as ``Ca_axis`` and with the steady values of what follows calcium alone."""
    import sympy

    from brian2_nmda.symbolic.expressions import symbol

    system, axis = weight.model.system, symbol("Ca_axis")
    known: dict[Any, Any] = {symbol(c): axis for c in calcium}
    rate = weight.rate.xreplace(known)
    for _ in range(5):
        left = {s.name for s in rate.free_symbols if s.name in system.states}
        left -= {*weight.states, *others}
        if not left:
            return rate
        for state in left:
            x, flow = symbol(state), system.inserted(system.rates[state]).xreplace(known)
            open_names = {s.name for s in flow.free_symbols if s.name in system.states} - {state, *others}
            steady = sympy.solve(flow, x) if sympy.Poly(flow, x).degree() == 1 else []
            if not steady or open_names:
                raise ModelError(
                    f"plot_rule: give others={{'{state}': ...}}; calcium alone does not settle it."
                )
            rate = rate.xreplace({x: steady[0]})
    raise ModelError(f"plot_rule: the rate of '{weight.name}' depends on too many states; give others=.")
