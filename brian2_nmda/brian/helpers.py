"""Groups that belong to synapses: the user has not made them, and is told nothing about them."""

from typing import Any

from brian2.groups.neurongroup import NeuronGroup
from brian2.synapses.synapses import Synapses


class _OfModel:
    """Without warnings of Brian2's that are about what a user writes or forgets.

    Names in the equations are those of the model, whatever the user's script calls by them; and an object
    that is deleted before it was in a network belonged to synapses that were refused.
    """

    def _resolve(
        self, identifier: str, run_namespace: Any, user_identifier: bool = True, *args: Any, **kwargs: Any
    ) -> Any:
        return super()._resolve(identifier, run_namespace, False, *args, **kwargs)  # type: ignore[misc]

    def __del__(self) -> None:
        pass


class HelperGroup(_OfModel, NeuronGroup):
    """A `NeuronGroup` that stores what belongs to synapses."""


class HelperSynapses(_OfModel, Synapses):
    """Synapses that carry spikes to such a group."""
