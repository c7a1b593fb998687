"""The model of a glutamate synapse, with the methods that make Brian2 objects from it."""

from collections.abc import Iterable, Mapping
from typing import Any

from brian2.core.clocks import Clock
from brian2.equations.equations import Equations
from brian2.synapses.synapses import Synapses
from brian2.units.fundamentalunits import Quantity

from brian2_nmda.brian import places as _places, target as _target
from brian2_nmda.brian.synapses import build_synapses
from brian2_nmda.equations.release import TransmitterPulse
from brian2_nmda.export.nestml import to_nestml
from brian2_nmda.export.nmodl import to_nmodl
from brian2_nmda.lowering.declarations import Declarations
from brian2_nmda.lowering.plan import Plan, make_plan
from brian2_nmda.symbolic.composition import SynapseModel
from brian2_nmda.symbolic.kinds import Calcium, Plasticity, Receptor, Release
from brian2_nmda.symbolic.part import Part


class GlutamateSynapse(SynapseModel):
    """Put receptors into one cleft, and optionally add calcium, plasticity and further parts.

    Parameters
    ----------
    receptors : Receptor or list of Receptor
        The receptors in the membrane. Two of one kind need different labels (``label=``).
    release : Release, optional
        The time course of the transmitter, which all receptors share; by default `TransmitterPulse`.
    calcium : Calcium, optional
        The calcium pool of the spine. It takes the calcium current of all receptors.
    plasticity : Plasticity or list of Plasticity, optional
        Rules that change the conductance of a receptor, by default of the AMPA receptor.
    parts : Part or list of Part, optional
        Parts that read quantities of others and give some of their own (`needs`, `gives`).

    Raises
    ------
    ModelError
        If parts do not fit together: labels or names clash, an input is not provided, a state
        cannot start where it is told to.

    Examples
    --------
    >>> from brian2 import mM, nS
    >>> from brian2_nmda import AMPA, BioNMDA, GlutamateSynapse, JahrStevens
    >>> model = GlutamateSynapse([AMPA(gmax=0.5*nS), BioNMDA(block=JahrStevens(Mg=1*mM))])
    >>> [row['variable'] for row in model.plan.table][:3]
    ['g_AMPA', 'x_NMDA', 'g_NMDA']
    """

    def __init__(
        self,
        receptors: Receptor | Iterable[Receptor],
        release: Release | None = None,
        calcium: Calcium | None = None,
        plasticity: Plasticity | Iterable[Plasticity] | None = None,
        parts: Part | Iterable[Part] | None = None,
    ) -> None:
        release = TransmitterPulse() if release is None else release
        super().__init__(receptors, release, calcium, plasticity, parts)

    @property
    def plan(self) -> Plan:
        """Show the plan for default arguments of `synapses` at 0.1 ms; ``S.plan`` is that of one object."""
        return make_plan(self.system, Declarations(tolerance=1e-6), 1e-4)

    def post_equations(
        self,
        v: str = "v",
        block: str = "fresh",
        variable: Iterable[str] = (),
        per_neuron: Iterable[str] = (),
    ) -> Equations:
        """Return the equations that the target needs; see `post_equations` for several models."""
        return post_equations(self, v=v, block=block, variable=variable, per_neuron=per_neuron)

    def to_nmodl(self, name: str | None = None, method: str | None = None) -> str:
        """Write the model as a point process of NEURON; see `brian2_nmda.export.nmodl.to_nmodl`."""
        return to_nmodl(self, name, method)

    def to_nestml(self, name: str | None = None, ports: int = 1) -> str:
        """Write the model on a neuron of NEST; see `brian2_nmda.export.nestml.to_nestml`."""
        return to_nestml(self, name, ports)

    # Longer than 60 lines because it documents all its arguments; it does nothing but pass them on.
    def synapses(
        self,
        source: Any,
        target: Any = None,
        *,
        delay: Quantity | str | Mapping[str, Quantity] | None = None,
        w: str | float = "per_synapse",
        per_synapse: Iterable[str] = (),
        method: str | None = None,
        optimize: bool | str = True,
        tolerance: float | None = 1e-6,
        efficacy: str = "now",
        model: str | Equations | None = None,
        on_pre: str | Mapping[str, str] | None = None,
        on_post: str | Mapping[str, str] | None = None,
        namespace: Mapping[str, Any] | None = None,
        name: str = "synapses*",
        dt: Quantity | None = None,
        clock: Clock | None = None,
        places: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> Synapses:
        """Make the synapses of this model between two groups.

        While they are inactive, or after they are removed from a network, the target keeps the last total
        conductance; set ``target.g_total_<label> = 0*nS`` if that is not wanted.

        Parameters
        ----------
        source : NeuronGroup, Subgroup, PoissonGroup or SpikeGeneratorGroup
            The group whose spikes release transmitter.
        target : NeuronGroup, Subgroup or SpatialNeuron, optional
            Its equations contain `post_equations`. By default the source.
        delay : Quantity or 'per_synapse', optional
            One delay for all synapses (a scalar, may be changed later by ``S.delay = 2*ms``), or
            delays that are set by ``S.delay`` after ``connect``. A mapping gives delays to your own
            pathways as in `Synapses`; the transmitter takes that of ``'pre'``, and what the model does at
            postsynaptic spikes that of ``'post'``.
        w : 'per_synapse', 'constant' or float
            Weight that multiplies the open conductance. Per synapse it starts at 1. A number is shared
            by all synapses. ``'constant'``: per synapse, but fixed once a simulation has run.
        per_synapse : list of str
            Parameters that get one value per synapse.
        method : str, optional
            A state updater registered with Brian2, such as ``'brainpy_dyn'``, instead of the default.
        optimize : bool or 'blocks'
            How far the synapses may be rearranged to be faster. ``True``: as the plan says. ``False``: not at
            all; everything is computed for each synapse, by a plain `Synapses`. ``'blocks'``: calcium and
            what follows from it are, besides, advanced many time steps at once, where nothing reads them in
            between (``efficacy='at_spikes'`` helps). The steps themselves stay what they are. Monitors and
            ``S.<name>`` read values that are up to date (in C++ standalone ``S.<name>`` only after a run).
            Each reading ends a block, so record rarely or few synapses. Your own statements and other objects
            cannot read these states.
        tolerance : float or None
            How far the open fraction of a receptor may be off so that its conductance can be sent at spikes,
            as a sum of exponentials. Weights may then change only between runs and in your statements at
            spikes. ``None``: nothing is sent; gates are stepped, and summed at each step. You are warned if
            a stepped gate has a larger error bound (than 1e-6 with ``None``). The tolerance also bounds two
            other errors: of splitting off a double well (1e-5 with ``None``), and in C++ standalone of
            tabulated propagators where rates read the voltage (1e-6 of it in a step).
        efficacy : {'now', 'at_spikes'}
            What a rule of plasticity multiplies. ``'now'``: what is open now. ``'at_spikes'``: what a
            presynaptic spike opens, with the efficacy that it finds; what is open already keeps its size.
            This needs a receptor with linear kinetics and ``w='constant'`` or a number. Nothing then reads
            the rule between spikes, so rules with calcium thresholds, such as `GraupnerBrunel`, are advanced
            at spikes alone. Their variables are brought up to date whenever a monitor, ``run_regularly``,
            your own statements or ``S.<name>`` read them.
        places : mapping of str to int or NeuronGroup, optional
            For each place of the model's parts, how many elements it has, or a group of yours with
            `equations_at` in its equations. After ``connect`` set ``S.<place>_index``, by which each synapse
            says to which element it belongs; that of ``'neuron'`` is known.
        model, on_pre, on_post, namespace, name, dt, clock, **kwargs
            As for `Synapses`; equations and statements are added to the model's own.

        Returns
        -------
        Synapses
            ``S.plan`` explains where each variable lives.

        Raises
        ------
        ModelError
            If the groups or the declarations do not suit the model; the message says what to write.
        DimensionMismatchError
            If a quantity has the wrong dimensions.
        TypeError
            If there is no such argument.
        """
        return build_synapses(
            self,
            source,
            target,
            delay=delay,
            w=w,
            per_synapse=per_synapse,
            method=method,
            optimize=optimize,
            tolerance=tolerance,
            efficacy=efficacy,
            own_model=model,
            on_pre=on_pre,
            on_post=on_post,
            namespace=namespace,
            name=name,
            dt=dt,
            clock=clock,
            places=places,
            **kwargs,
        )

    def equations_at(self, place: str) -> Equations:
        """Return equations for a group of yours that stands for a place, and can be shared.

        Parameters
        ----------
        place : str
            ``'neuron'`` (then they belong into the equations of the target) or a domain of the model.

        Returns
        -------
        Equations
            The states of the place, and the sums over its synapses that they read, with parameters as
            numbers. Give the group as ``places={place: group}``.

        Raises
        ------
        ModelError
            If no part of the model lives there.

        Examples
        --------
        >>> from brian2 import second
        >>> from brian2_nmda import AMPA, GlutamateSynapse, Parameter, Part, Total, needs, states
        >>> class Astrocyte(Part):
        ...     '''It adds up what its synapses release.'''
        ...     place = 'astrocyte'
        ...     tau = Parameter(1*second, 'decay')
        ...     open_now = needs('activation_AMPA')
        ...     G = states('G', within=(0, None))
        ...     dG = Total(open_now)/tau - G/tau
        >>> model = GlutamateSynapse(AMPA(), parts=Astrocyte())
        >>> sorted(model.equations_at('astrocyte').names)
        ['G_Astrocyte', 'total_activation_AMPA_Astrocyte']
        """
        return _places.equations_at([self], place)


def post_equations(
    *models: GlutamateSynapse,
    v: str = "v",
    block: str = "fresh",
    variable: Iterable[str] = (),
    per_neuron: Iterable[str] = (),
) -> Equations:
    """Return the equations that the target of one or several models needs.

    Parameters
    ----------
    *models : GlutamateSynapse
        Their labels have to differ.
    v : str
        Name of the voltage that the receptors see.
    block : {'fresh', 'frozen'}
        ``'frozen'`` holds the block over a time step, which makes ``method='exact'`` possible and is
        needed on a `SpatialNeuron`.
    variable : list of str
        Parameters of the target, such as ``'Mg'``, that become shared variables of the group,
        initialised when the first synapses are attached. Those of parts that live once per neuron, such as
        ``'synthesis_ProteinSynthesis'``, are accepted as well.
    per_neuron : list of str
        The same with one value per neuron.

    Returns
    -------
    Equations
        Total conductances ``g_total_<label>``, blocks ``block_<label>``, currents ``I_<label>`` and their
        sum ``I_syn`` (outward positive: subtract it).

    Examples
    --------
    >>> from brian2_nmda import BioNMDA, GlutamateSynapse, post_equations
    >>> sorted(post_equations(GlutamateSynapse(BioNMDA())).names)
    ['I_NMDA', 'I_syn', 'block_NMDA', 'g_total_NMDA', 'v_syn']
    """
    return _target.post_equations(models, v=v, block=block, variable=variable, per_neuron=per_neuron)
