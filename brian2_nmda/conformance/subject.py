"""What is tested: a part or a whole synapse, and what the checks share about it."""

import inspect
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import Quantity

from brian2_nmda.conformance import points
from brian2_nmda.conformance.reading import reads
from brian2_nmda.equations.calcium import ShouvalCalcium, SpineCalcium
from brian2_nmda.equations.influx import BufferedCalcium
from brian2_nmda.equations.receptors import AMPA, BioNMDA, WangNMDA
from brian2_nmda.model import GlutamateSynapse
from brian2_nmda.symbolic.composition import SynapseModel
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.kinds import (
    Antagonist,
    Block,
    Calcium,
    ChannelBlocker,
    CoAgonist,
    NeuronFragment,
    Plasticity,
    Receptor,
    Release,
)
from brian2_nmda.symbolic.part import INPUTS, Parameter, Part, gives, rand
from brian2_nmda.symbolic.ports import OF_RECEPTOR, port_of

#: All random numbers of the checks come from here, so that a failure repeats.
SEED = 20261121


class NotApplicable(Exception):
    """A check has nothing to say about this model; the text says why."""


class Subject:
    """A model under test.

    Attributes
    ----------
    given : Part or GlutamateSynapse
    parts : list of Part
        The parts that are tested one by one.
    """

    def __init__(self, model: Any) -> None:
        if inspect.isclass(model) and issubclass(model, Part):
            model = model()
        if not isinstance(model, (Part, SynapseModel)):
            raise ModelError(f"check_model expects a part, its class or a GlutamateSynapse, found {model!r}.")
        self.given = model
        self.parts = points.all_parts(model)

    @property
    def name(self) -> str:
        """Name for messages."""
        return self.given.name

    @property
    def is_fragment(self) -> bool:
        """Whether the model belongs to a neuron, not to a synapse."""
        return isinstance(self.given, NeuronFragment)

    def of_kind(self, kind: type) -> list[Any]:
        """The parts of one kind."""
        return [p for p in self.parts if isinstance(p, kind)]

    @cached_property
    def model(self) -> GlutamateSynapse:
        """The model, or the smallest synapse in which the part can be tested."""
        if self.is_fragment:
            raise NotApplicable("equations of a neuron, not of a synapse")
        return synapse_for(self.given) if isinstance(self.given, Part) else self.given

    @cached_property
    def stochastic(self) -> bool:
        """Whether a run depends on random numbers."""
        system = self.model.system
        if system.drawn:  # molecules that react one by one
            return True
        expressions = [*system.rates.values(), *system.on_spike.values(), *system.on_post_spike.values()]
        expressions += [e for event in system.later for e in event.changes.values()]
        expressions += [d.expression for d in system.definitions.values()]
        return any(e.has(rand) or any(s.name.startswith("xi") for s in e.free_symbols) for e in expressions)

    def rng(self) -> np.random.Generator:
        """A new generator with the one seed."""
        return np.random.default_rng(SEED)


def synapse_for(part: Part) -> GlutamateSynapse:
    """The smallest synapse in which a part does its work."""
    if isinstance(part, Receptor):
        return GlutamateSynapse(part)
    if isinstance(part, Block):
        return GlutamateSynapse(BioNMDA(block=part))
    if isinstance(part, Release):
        receptors = [BioNMDA(), WangNMDA(label="jump")]
        return GlutamateSynapse(receptors, release=part, parts=_givers(part, receptors))
    if isinstance(part, Antagonist):
        return GlutamateSynapse([BioNMDA(antagonist=part), WangNMDA(label="jump", antagonist=part)])
    if isinstance(part, CoAgonist):
        receptor = BioNMDA(coagonist=part)
        return GlutamateSynapse(receptor, parts=_givers(part, [receptor]))
    if isinstance(part, ChannelBlocker):
        return GlutamateSynapse(BioNMDA(blocker=part))
    if isinstance(part, Calcium):
        return GlutamateSynapse(BioNMDA(), calcium=part)
    if isinstance(part, Plasticity):
        target = AMPA(label=part.label)
        if part.label == BioNMDA.default_label:
            target, others = BioNMDA(label=part.label), []
        else:
            others = [BioNMDA()]
        calcium: Calcium | None = None
        if reads(part, "Ca_eff", "Ca_rest", "I_Ca"):
            calcium = SpineCalcium()
        elif reads(part, "Ca"):
            # such rules count calcium above rest; a rule that does not can be given in a whole synapse
            calcium = ShouvalCalcium()
        receptors = [target] if calcium is None else [target, *others]
        return GlutamateSynapse(receptors, calcium=calcium, plasticity=part, parts=_givers(part, receptors))
    if "Ca_eff" in part.template.states:
        return GlutamateSynapse(BioNMDA(), calcium=SpineCalcium(integrator=part))
    receptors = [AMPA(), BioNMDA()]
    pool = BufferedCalcium()
    if not any(need.port in pool.template.gives for need in part.template.needs.values()):
        pool = SpineCalcium()
    givers = _givers(part, receptors, pool.template.gives)
    return GlutamateSynapse(receptors, calcium=pool, parts=[*givers, part])


def _givers(part: Part, receptors: list[Receptor], given: Iterable[str] = ()) -> list[Part]:
    """Parts that give constants to the ports that nothing else gives in a synapse.

    Where the part itself gives what it reads, it changes what others give before it.
    """
    standing = {*INPUTS, *given, *(port_of(what, r.label) for what in OF_RECEPTOR for r in receptors)}
    if isinstance(part, Release):
        standing |= set(part.template.gives)  # of the first that gives
    found: dict[str, Part] = {}
    for need in part.template.needs.values():
        if need.port not in standing and need.port not in found:
            unit = Quantity(1, dim=need.dim)
            level = Parameter(points.TYPICAL.get(need.dim, 1.0) * unit, "a constant", sign="real")
            own = part.template.gives.get(need.port)
            port = gives(level, unit=unit, combine="one" if own is None else own.combine)
            body = {"level": level, need.port: port, "__doc__": "It gives a constant."}
            found[need.port] = type(f"Given{len(found)}", (Part,), body)()
    return list(found.values())
