"""Objects that belong to synapses: the user has not made them, and is told nothing about them."""

from typing import Any
from weakref import proxy

from brian2.core.base import BrianObject
from brian2.groups.group import CodeRunner
from brian2.groups.neurongroup import NeuronGroup
from brian2.synapses.synapses import Synapses

from brian2_nmda.brian import schedule
from brian2_nmda.brian.internals import NamesOfModel, make_code


class _OfModel(NamesOfModel):
    """Without warnings of Brian2's that are about what a user writes or forgets.

    Names in the equations are those of the model, whatever the user's script calls by them; and an object
    that is deleted before it was in a network belonged to synapses that were refused.
    """

    def __del__(self) -> None:
        pass


class HelperGroup(_OfModel, NeuronGroup):
    """A `NeuronGroup` that stores what belongs to synapses."""


class HelperSynapses(_OfModel, Synapses):
    """Synapses that carry spikes to such a group."""


class PreparedLast(BrianObject):
    """Puts code in front of that of other objects, at the start of a run, when these have theirs."""

    def __init__(self, synapses: Synapses, name: str) -> None:
        super().__init__(when="end", order=schedule.MONITORS, name=name)
        self.synapses = proxy(synapses)
        self.runners: list[CodeRunner] = []

    def __del__(self) -> None:
        """Nothing: Brian2 would warn of an object that was in no network, which the user has not made."""

    def prepared(self, runner: CodeRunner, run_namespace: Any) -> Any:
        """The code of a runner, which this object keeps."""
        code = make_code(runner, run_namespace)
        self.runners.append(runner)
        return code
