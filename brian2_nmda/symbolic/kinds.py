"""The kinds of part that a synapse is made of, and what each has to provide."""

from collections.abc import Mapping
from typing import Any, ClassVar

import sympy
from brian2.units import amp, mV, nS, ohm, siemens, volt
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension

from brian2_nmda.symbolic.expressions import (
    check_name,
    number,
    symbol,
    to_text,
    unit_symbol,
    unit_text,
)
from brian2_nmda.symbolic.part import Parameter, Part, v
from brian2_nmda.symbolic.ports import MOLAR


class Release(Part):
    """A release sets the time course of the transmitter in the cleft.

    Provides ``concentration`` for receptors that bind transmitter and ``amount``, the fraction of a
    full release that a spike releases (by default 1), for receptors that jump at spikes.

    Examples
    --------
    >>> from brian2_nmda import BioNMDA, GlutamateSynapse
    >>> from brian2_nmda.equations import TsodyksMarkram
    >>> GlutamateSynapse(BioNMDA(), release=TsodyksMarkram()).release.name
    'TsodyksMarkram'
    """

    amount = 1

    _roles: ClassVar[Mapping[str, Dimension]] = {"concentration": MOLAR, "amount": DIMENSIONLESS}
    _has_to_say: ClassVar[Mapping[str, str]] = {"concentration": "a release has to say what is in the cleft"}
    default_label: ClassVar[str] = "T"


class Block(Part):
    """A voltage-dependent block provides ``block``, the fraction of open channels that conducts.

    Examples
    --------
    >>> from brian2 import mV
    >>> from brian2_nmda import Block, Parameter, v
    >>> from sympy import exp
    >>> class Steep(Block):
    ...     '''It opens at one voltage.'''
    ...     k = Parameter(5*mV, 'slope')
    ...     block = 1/(1 + exp(-v/k))
    >>> Steep().name
    'Steep'
    """

    _roles: ClassVar[Mapping[str, Dimension]] = {"block": DIMENSIONLESS}
    _has_to_say: ClassVar[Mapping[str, str]] = {"block": "a block has to say which fraction conducts"}


class NoBlock(Block):
    """No block: every open channel conducts."""

    block = 1
    summary = "no block"


class Antagonist(Part):
    """A competitive antagonist keeps the transmitter from the receptor.

    Provides ``transmitter``, the effective concentration for receptors that bind ``T``, and
    ``available``, the fraction of receptors free of it, for receptors that jump at spikes.

    Examples
    --------
    >>> from brian2_nmda.equations import BioNMDA, DAP5
    >>> BioNMDA(antagonist=DAP5()).antagonist.name
    'DAP5'
    """

    _roles: ClassVar[Mapping[str, Dimension]] = {"transmitter": MOLAR, "available": DIMENSIONLESS}


class CoAgonist(Part):
    """A co-agonist is a ligand without which the channel cannot open; it provides ``occupancy``.

    Examples
    --------
    >>> from brian2_nmda.equations import BioNMDA, GlycineSite
    >>> BioNMDA(coagonist=GlycineSite()).coagonist.name
    'GlycineSite'
    """

    _roles: ClassVar[Mapping[str, Dimension]] = {"occupancy": DIMENSIONLESS}
    _has_to_say: ClassVar[Mapping[str, str]] = {"occupancy": "a co-agonist has to say what it occupies"}
    #: Concentrations that compete with the ligand for its sites.
    competing: ClassVar[tuple[str, ...]] = ()


class ChannelBlocker(Part):
    """A channel blocker is a drug that blocks open channels; it provides ``unblocked``.

    It may read ``activation``, ``block`` and ``v``.

    Examples
    --------
    >>> from brian2_nmda.equations import BioNMDA, Memantine
    >>> BioNMDA(blocker=Memantine()).blocker.name
    'Memantine'
    """

    _roles: ClassVar[Mapping[str, Dimension]] = {"unblocked": DIMENSIONLESS}
    _has_to_say: ClassVar[Mapping[str, str]] = {"unblocked": "a blocker has to say what it leaves"}


class Receptor(Part):
    """A receptor is a ligand-gated channel; it provides ``activation``, the open fraction.

    Subclasses declare kinetics (states and their derivatives, in terms of the transmitter ``T`` or
    of ``on_spike``) and ``activation``. Conductance and current follow:
    ``I = gmax*activation*block*(v - E)``, outward positive.

    Parameters
    ----------
    gmax : Quantity
        Maximal conductance.
    E : Quantity
        Reversal potential.
    block : Block
        Voltage-dependent block, by default none.
    release : Release, optional
        A release of its own instead of the one that all receptors of the synapse share.
    coagonist : CoAgonist, optional
        By default saturating.
    antagonist : Antagonist, optional
        A drug that competes with the transmitter, by default none.
    blocker : ChannelBlocker, optional
        A drug that blocks open channels, by default none.

    Examples
    --------
    >>> from brian2 import ms
    >>> from brian2_nmda import Parameter, Receptor, states
    >>> class Fast(Receptor):
    ...     '''One exponential, to which a spike adds one.'''
    ...     tau = Parameter(3*ms, 'decay')
    ...     s = states('s', within=(0, None))
    ...     ds = -s/tau
    ...     on_spike = {s: s + 1}
    ...     activation = s
    >>> Fast(label='fast').label
    'fast'
    """

    gmax = Parameter(1 * nS, "maximal conductance", sign="nonnegative")
    E = Parameter(
        0 * mV,
        "reversal potential",
        sign="real",
        status="reported",
        source="github:brainpy/BrainPy brainpy/dyn/outs/outputs.py (MgBlock, E = 0 mV)",
    )
    conductance = gmax * symbol("activation")
    current = symbol("conductance") * symbol("block") * (v - E)

    _roles: ClassVar[Mapping[str, Dimension]] = {
        "activation": DIMENSIONLESS,
        "conductance": siemens.dim,
        "current": amp.dim,
    }
    _has_to_say: ClassVar[Mapping[str, str]] = {"activation": "a receptor has to say what is open"}
    _children: ClassVar[Mapping[str, Any]] = {
        "block": NoBlock,
        "release": None,
        "coagonist": None,
        "antagonist": None,
        "blocker": None,
    }
    _child_kinds: ClassVar[Mapping[str, type]] = {
        "block": Block,
        "release": Release,
        "coagonist": CoAgonist,
        "antagonist": Antagonist,
        "blocker": ChannelBlocker,
    }
    _required: ClassVar[frozenset[str]] = frozenset({"block"})
    default_label: ClassVar[str] = "receptor"
    #: Whether calcium passes; the calcium part then sees the open conductance.
    calcium_permeable: ClassVar[bool] = False

    @classmethod
    def from_string(
        cls,
        label: str,
        equations: str,
        activation: str,
        *,
        block: Block | None = None,
        within: Mapping[str, tuple[Any, Any]] | None = None,
        initial: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> "Receptor":
        """Make a receptor from Brian2 equations.

        Parameters
        ----------
        label : str
            Ending of the names of its variables.
        equations : str
            Differential equations of its states, in terms of the transmitter ``T``.
        activation : str
            Expression for the open fraction.
        block : Block, optional
        within : mapping of str to pair, optional
            Interval that a state never leaves, by its name; ``None`` is no bound. The text of an equation
            cannot say it, and without it `check_model` cannot check it.
        initial : mapping of str to number, optional
            Value of a state at the start, by default 0.
        **parameters
            ``gmax``, ``E`` and a value for each parameter that the equations use; ``on_spike`` and all else
            that `replace` takes.

        Examples
        --------
        >>> from brian2 import ms, mM, nS
        >>> from brian2_nmda import Receptor
        >>> kainate = Receptor.from_string(
        ...     'KA', 'dr/dt = a*T*(1 - r) - b*r : 1', 'r', within={'r': (0, 1)},
        ...     a=1/(mM*ms), b=0.05/ms, gmax=0.1*nS)
        >>> kainate.label
        'KA'
        """
        base = type(label, (Receptor,), {"activation": sympy.S.Zero, "__doc__": f"{label}."})
        kinetics = {n: parameters.pop(n) for n in list(parameters) if n not in ("gmax", "E")}
        receptor = base(label=label, block=block or NoBlock(), **parameters)
        bounds = {"within": within or {}, "initial": initial or {}}
        return receptor.replace(equations, activation=activation, **bounds, **kinetics)


class Calcium(Part):
    """Calcium in the spine.

    Provides ``current``, the calcium current of one permeable receptor type, and ``resting``.

    Examples
    --------
    >>> from brian2_nmda import BioNMDA, GlutamateSynapse, SpineCalcium
    >>> GlutamateSynapse(BioNMDA(), calcium=SpineCalcium()).calcium.name
    'SpineCalcium'
    """

    _roles: ClassVar[Mapping[str, Dimension]] = {"current": amp.dim, "resting": MOLAR}
    _has_to_say: ClassVar[Mapping[str, str]] = {
        "current": "calcium has to say what enters",
        "resting": "calcium has to say where it rests",
    }
    default_label: ClassVar[str] = "Ca"


class Head(Part):
    """A spine head with a voltage of its own; provides ``resistance``, that of the neck to the dendrite.

    In ``parts=`` of a synapse. Receptors, block, calcium and all other parts on the synapse then read the
    voltage of the head as ``v``; see `brian2_nmda.symbolic.heads`.

    Examples
    --------
    >>> from brian2_nmda import AMPA, GlutamateSynapse
    >>> from brian2_nmda.equations import SpineNeck
    >>> 'v_head' in GlutamateSynapse(AMPA(), parts=SpineNeck()).equations
    True
    """

    _roles: ClassVar[Mapping[str, Dimension]] = {"resistance": ohm.dim}
    _has_to_say: ClassVar[Mapping[str, str]] = {"resistance": "a spine head has to say how it is connected"}
    default_label: ClassVar[str] = "neck"


class Plasticity(Part):
    """A rule of plasticity changes a receptor; it provides the receptor's ``conductance``.

    A rule whose ``conductance`` reads ``conductance`` scales what the receptor and the rules before it
    in ``plasticity=[...]`` provide.

    Parameters
    ----------
    target : str
        Label of the receptor that it changes.
    label : str
        Ending of the names of its variables, by default that of the receptor.
    **parameters
        As for `Part`.

    Examples
    --------
    >>> from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse, ReceptorInsertion, SpineCalcium
    >>> model = GlutamateSynapse(
    ...     [AMPA(), BioNMDA()], calcium=SpineCalcium(), plasticity=ReceptorInsertion()
    ... )
    >>> model.plasticity[0].target
    'AMPA'
    """

    _roles: ClassVar[Mapping[str, Dimension]] = {"conductance": siemens.dim}
    _has_to_say: ClassVar[Mapping[str, str]] = {
        "conductance": "a rule has to say what the receptors conduct (what only computes something is a Part)"
    }
    default_label: ClassVar[str] = "AMPA"

    def __init__(self, *, target: str | None = None, label: str | None = None, **parameters: Any) -> None:
        target = type(self).default_label if target is None else target
        self.__dict__["target"] = target
        super().__init__(label=target if label is None else label, **parameters)


class NeuronFragment(Part):
    """Equations to add to an integrate-and-fire neuron; provides ``voltage``."""

    _roles: ClassVar[Mapping[str, Dimension]] = {"voltage": volt.dim}
    _has_to_say: ClassVar[Mapping[str, str]] = {"voltage": "a fragment has to say which voltage it gives"}

    def _numbers(self) -> dict[sympy.Symbol, sympy.Expr]:
        parameters = self.template.parameters
        return {symbol(n): number(p.base()) * unit_symbol(p.dim) for n, p in parameters.items()}

    def neuron_equations(self, v: str = "v", name: str = "v_s") -> str:
        """Brian2 equations of the fragment.

        Parameters
        ----------
        v : str
            Name of the membrane potential in the neuron's own equations.
        name : str
            Name under which the voltage at the synapse is defined.

        Returns
        -------
        str
            To be added to the neuron's equations.
        """
        check_name(name, self.name)
        given = {**self._numbers(), symbol("v"): symbol(v)}
        t = self.template
        lines = [
            f"d{n}/dt = {to_text(e.xreplace(given))} : {unit_text(t.states[n].dim)}"
            for n, e in t.rates.items()
        ]
        lines.append(f"{name} = {to_text(t.roles['voltage'].xreplace(given))} : volt")
        return "\n" + "\n".join(lines) + "\n"

    def reset(self) -> str:
        """Statements to append to the neuron's ``reset``."""
        given = self._numbers()
        return "\n".join(f"{n} = {to_text(e.xreplace(given))}" for n, e in self.template.on_spike.items())
