"""First values of new synapses."""

from brian2.synapses.synapses import Synapses

from brian2_nmda.brian.assembly import MARKER, Assembly
from brian2_nmda.brian.internals import connected, read as read_values, set_where


class Filler:
    """Gives new synapses their first values after each ``connect``."""

    def __init__(self, assembly: Assembly) -> None:
        self.values, self.marker, self.done = assembly.first_values(), assembly.marker, 0
        self.connected = 0

    def before(self, synapses: Synapses) -> None:
        """Mark the synapses that exist already."""
        self.connected += 1
        if self.marker and connected(synapses):
            setattr(synapses, MARKER, True)

    def after(self, synapses: Synapses) -> None:
        """Fill the new ones."""
        if not self.marker:
            new = slice(self.done, len(synapses))
            for name, value in self.values.items():
                read_values(synapses, name)[new] = value
            self.done = len(synapses)
        elif self.done:
            for name, value in self.values.items():
                set_where(synapses, name, f"not {MARKER}", value)
        else:
            for name, value in self.values.items():
                setattr(synapses, name + "_", value)
            self.done = 1
