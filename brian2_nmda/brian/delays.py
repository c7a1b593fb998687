"""The delay of the transmitter, on all pathways that it moves."""

from typing import Any

import numpy as np
from brian2.devices.device import RuntimeDevice, get_device
from brian2.synapses.synapses import Synapses
from brian2.units import ms, second
from brian2.units.fundamentalunits import Quantity

from brian2_nmda.brian.checks import check_scalar_delay
from brian2_nmda.brian.internals import has_pathway, read, refer, set_in_scope, write
from brian2_nmda.brian.pathways import Pathways, own_delays
from brian2_nmda.brian.sending import ROUNDED, Sending

#: Name under which the end of a pulse sees the delay of its beginning.
_START_DELAY = "delay_of_start"


class Delays:
    """One delay, or one for each synapse, of the transmitter and of what follows it.

    Attributes
    ----------
    of_all : Quantity
        The delay, where all synapses have the same.
    """

    def __init__(self, pathways: Pathways, delay: Any) -> None:
        self.pathways, self.homes, self.assembly = pathways, pathways.homes, pathways.assembly
        self.per_synapse = isinstance(delay, str)
        self.of_all: Quantity = 0 * ms if delay is None or self.per_synapse else delay

    def first(self) -> dict[str, Quantity]:
        """Delays with which the pathways are made."""
        own = own_delays(self.assembly, self.pathways.on_post)
        return own if self.per_synapse else own | self.pathways.delays(self.of_all)

    def _carriers(self, synapses: Synapses) -> list[Any]:
        """Pathways on which the one delay of the transmitter is stored."""
        found = [] if self.homes.driver is None else [self.homes.driver.pre]
        if not self.per_synapse and has_pathway(synapses, "pre"):
            found.append(synapses.pre)
        return found

    def get(self, synapses: Synapses) -> Any:
        """The delay; of each synapse if they differ."""
        if self.per_synapse:
            return Synapses.delay.fget(synapses)
        carriers = self._carriers(synapses)
        if not carriers:
            raise AttributeError(f"{synapses.name}: no spike acts on these synapses, so they have no delay.")
        return carriers[0].delay

    def set(self, synapses: Synapses, value: Any, level: int) -> None:
        """Set it on all pathways; names in a string are those of the caller, ``level`` frames up."""
        if self.per_synapse:
            if has_pathway(synapses, "pre"):
                set_in_scope(synapses.pre, "delay", value, level + 1)
            self.set_delayed(synapses, value, level + 1)
            return
        check_scalar_delay(value, self.assembly.where)
        self.of_all = Quantity(np.asarray(value).ravel()[0], dim=second.dim)
        for pathway in self._carriers(synapses):
            write(pathway, "delay", float(self.of_all))
        self.set_delayed(synapses, self.of_all, level + 1)

    def set_delayed(self, synapses: Synapses, delay: Any, level: int = 0) -> None:
        """Set the delays of pathways that act a fixed time later than the transmitter."""
        for name, (_, latency) in self.pathways.delayed.items():
            later = f"({delay}) + {float(latency)!r}*second" if isinstance(delay, str) else delay + latency
            set_in_scope(getattr(synapses, name), "delay", later, level + 1)

    def set_ends(self, synapses: Synapses) -> None:
        """Before a run: a pulse ends its duration after it began, in whole time steps."""
        for sending in self.assembly.sent.values():
            if sending.end is None:
                continue
            if sending.on_synapse:
                _set_end_per_synapse(synapses, sending)
                continue
            later = sending.end_delay(self.of_all)
            for owner in (synapses, self.homes.driver):
                write(getattr(owner, sending.end), "delay", float(later))
            if not isinstance(get_device(), RuntimeDevice):  # as per synapse, below
                for pathway in self._carriers(synapses):
                    write(pathway, "delay", float(later - sending.duration * second))


def _set_end_per_synapse(synapses: Synapses, sending: Sending) -> None:
    end, dt, duration = getattr(synapses, sending.end), sending.dt, sending.duration
    if isinstance(get_device(), RuntimeDevice):
        # in one expression Brian2 would mistake the delays of two pathways for each other
        delays = read(synapses.pre, "delay").astype(float)
        write(end, "delay", (delays / dt + 0.5).astype(int) * dt + duration)
        return
    # whole steps for both pathways: half-way, what is compiled may round a delay in more than one way
    if _START_DELAY not in end.variables:
        refer(end, _START_DELAY, synapses.pre, "delay")
    synapses.pre.delay = f"{ROUNDED}(delay, {dt!r}*second)*({dt!r}*second)"
    end.delay = f"{_START_DELAY} + {duration!r}*second"
