"""What happens between two runs, where conductances are sent at spikes.

What has been sent depends on kinetics, time step, delays and weights. Before a run it is brought up to date
with those that have changed; what cannot be brought up to date is refused. Weights that may not change while
a simulation runs are protected.
"""

import zlib
from typing import Any

import numpy as np
from brian2.devices.device import RuntimeDevice, get_device

from brian2_nmda.brian.delays import Delays
from brian2_nmda.brian.internals import last_step, protect, read, running, time_step, write
from brian2_nmda.brian.pathways import Pathways
from brian2_nmda.brian.sending import Sending
from brian2_nmda.brian.target import base_group
from brian2_nmda.symbolic.errors import ModelError


class BetweenRuns:
    """Checks and changes of a synapse object between runs.

    Attributes
    ----------
    connections : int
        How often ``connect`` has been called.
    """

    def __init__(self, synapses: Any, pathways: Pathways, delays: Delays) -> None:
        self.synapses, self.pathways, self.delays = synapses, pathways, delays
        self.assembly, self.homes = pathways.assembly, pathways.homes
        self.where = self.assembly.where
        self.connections = 0
        self.fixed_in_binary = False  # weights that may not change any more, but for run_args
        self._simulated, self._connections_then = False, 0
        self._weights: int | None = None  # a checksum of those at the end of the last run
        self._until = 0  # the time step at the end of the last run in which the synapses were active

    # -- before a run ------------------------------------------------------------------------

    def prepare(self, values: dict[str, float]) -> None:
        """Bring what was sent up to date with kinetics, time step and weights that have changed."""
        sent = self.assembly.sent
        if not sent:
            return
        runtime = isinstance(get_device(), RuntimeDevice)
        self._check_clocks()
        changed = self._refit(values, runtime)
        if changed:
            self.pathways.rewrite(self.synapses)
            self.set_view_constants()
        self.delays.set_ends(self.synapses)
        if self._simulated and self.connections != self._connections_then:
            raise ModelError(
                f"{self.where}: synapses cannot be added between two runs while conductances are sent at "
                "spikes; give tolerance=None."
            )
        paused = self._simulated and self._now() != self._until
        if paused and not runtime:
            raise ModelError(
                f"{self.where}: in standalone, synapses whose conductance is sent at spikes cannot be "
                "inactive in a run between two others; give tolerance=None."
            )
        if self._simulated and runtime:
            for sending, states, step in changed:
                sending.restart(self._keeper(sending).variables, states, step, values, self.where)
            if changed or paused or self._checksum() != self._weights:
                for sending in sent.values():
                    self._send_again(sending)
        if runtime:
            self._weights = self._checksum()
        self._simulated, self._connections_then = True, self.connections

    def _check_clocks(self) -> None:
        clock = self.synapses.clock
        for group in (base_group(self.assembly.source), self.assembly.base):
            if float(group.clock.dt) != float(clock.dt):
                raise ModelError(
                    f"{self.where}: '{group.name}' has a time step of {group.clock.dt}, the synapses of "
                    f"{clock.dt}, but conductances are sent at spikes; set both before you make the "
                    "synapses, or give tolerance=None."
                )

    def _refit(self, values: dict[str, float], runtime: bool) -> list[tuple[Sending, Any, int]]:
        """Fit to changed kinetics; what was refitted, with its states and the time step until then."""
        dt, changed = float(self.synapses.clock.dt), []
        for sending in self.assembly.sent.values():
            form = sending.refitted(values, dt, self.where)
            if form is None:
                continue
            if self._simulated and (dt != sending.dt or not sending.same_pulse(values)):
                raise ModelError(
                    f"{self.where}: the time step and the duration of a pulse cannot change between two "
                    f"runs while the conductance of '{sending.label}' is sent at spikes; give "
                    "tolerance=None."
                )
            if self._simulated and not runtime:
                raise ModelError(
                    f"{self.where}: in standalone the kinetics of '{sending.label}' cannot change "
                    "between two runs while its conductance is sent at spikes; give tolerance=None."
                )
            step = self._now() if self._simulated else 0
            states = sending.now(self._keeper(sending).variables, step) if self._simulated else None
            sending.use(form, values, dt)
            changed.append((sending, states, step))
        return changed

    def set_view_constants(self) -> None:
        """Numbers of the kinetics in what is recorded."""
        for sending in self.assembly.sent.values():
            for name, value in sending.view_constants().items():
                write(self._keeper(sending), name, value)

    def _keeper(self, sending: Sending) -> Any:
        """The group that stores what is known of the last event."""
        return self.synapses if sending.on_synapse else self.homes.gate.group

    def _now(self) -> int:
        return time_step(self.synapses.clock)

    def _send_again(self, sending: Sending) -> None:
        """Sum again what all synapses have sent, with the weights that they have now."""
        keeper, totals = self._keeper(sending), self.homes.totals.group
        i, j = (read(self.synapses, n) for n in ("_synaptic_pre", "_synaptic_post"))
        i = slice(None) if sending.on_synapse else i
        w = read(self.synapses, "w") if self.assembly.weight is None else 1.0
        gap = (self._now() - read(keeper, sending.when_sent)) * sending.dt
        for rate, sent, total in zip(sending.form.rates, sending.sent(), sending.received(), strict=True):
            now = read(keeper, sent) * np.exp(-rate * gap)
            if self.homes.summed_for_all(sending):
                self.homes.population.send_anew(totals, total, now)
                continue
            amplitudes = np.zeros(len(totals))
            np.add.at(amplitudes, j, w * now[i])
            write(totals, total, amplitudes)

    # -- weights -----------------------------------------------------------------------------

    @property
    def weights_are_fixed(self) -> bool:
        """Whether weights may not change during a run."""
        declared = self.assembly.plan.declarations
        return declared.w == "constant" or (
            bool(self.assembly.sent) and declared.w == "per_synapse" and not declared.jumping_w
        )

    def fixed_weights(self) -> ModelError:
        """The error if they are to change nevertheless."""
        if self.assembly.plan.declarations.w == "constant":
            why = "were declared constant (w='constant') and a simulation has run; leave w= out"
        else:
            why = (
                "may not change during a run (in standalone: after the first) while conductances are "
                "sent at spikes; change them in on_pre= or on_post=, or give tolerance=None"
            )
        return ModelError(f"{self.where}: the weights {why} if they have to change.")

    def protect_weights(self) -> None:
        """Protect the weights at the start of a run.

        A binary may still be told weights by ``run_args``, which Brian2 refuses for what is protected.
        """
        if not self.weights_are_fixed:
            return
        if isinstance(get_device(), RuntimeDevice):
            protect(self.synapses, "w")
        else:
            self.fixed_in_binary = True

    def release_weights(self) -> None:
        """Let the user assign to protected weights, since a run may have been refused before it began."""
        constant = self.assembly.plan.declarations.w == "constant"
        if constant or running() or not isinstance(get_device(), RuntimeDevice):
            raise self.fixed_weights()
        protect(self.synapses, "w", False)

    def _checksum(self) -> int:
        """A number of the weights that tells whether they have changed since the last run."""
        if self.assembly.weight is not None:
            return 0
        return zlib.crc32(np.ascontiguousarray(read(self.synapses, "w")).data)

    # -- after a run -------------------------------------------------------------------------

    def finish(self) -> None:
        """Allow the weights to change again, and check that what was sent held."""
        assembly, runtime = self.assembly, isinstance(get_device(), RuntimeDevice)
        if assembly.sent:
            self._until = self._now() if runtime else last_step(self.synapses.clock)
        if assembly.sent and runtime:
            before, self._weights = self._weights, self._checksum()
            if self.weights_are_fixed and self._weights != before:
                raise self.fixed_weights()  # as by synapses onto these synapses
            if assembly.plan.declarations.w == "per_synapse":
                protect(self.synapses, "w", False)
            for sending in assembly.sent.values():
                sending.check(self._keeper(sending).variables, self.where)
        if not runtime:
            self._hide_internals()

    def _hide_internals(self) -> None:
        """Before the binary is built: ``run_args`` cannot set what only these objects write.

        Each variable that it can set is a branch of one C++ function, on which the compiler spends more
        than in proportion: nearly half of the build of ten such objects.
        """
        system = self.assembly.system
        settable = {"w", "delay", *system.parameters, *system.states}
        for group in self.homes.groups:
            for name, variable in group.variables.items():
                if getattr(variable.owner, "name", None) == group.name and name not in settable:
                    protect(group, name)
        for name in () if self.assembly.coefficients is None else self.assembly.coefficients.names:
            protect(self.synapses, name)
        for s in self.assembly.sent_by_synapse:
            for name in (*s.reals, *s.sent(), *s.integers, *s.constants):
                protect(self.synapses, name)

    # -- store and restore -------------------------------------------------------------------

    def stored(self) -> Any:
        """What `store` keeps beside the variables."""
        return self._until, {label: s.kinetics for label, s in self.assembly.sent.items()}

    def restore(self, stored: Any) -> None:
        """Go back to what `store` kept; the variables have been restored."""
        self._until, kinetics = stored
        for label, fitted in kinetics.items():
            self.assembly.sent[label].kinetics = fitted
        if kinetics:
            self.pathways.rewrite(self.synapses)
            self.set_view_constants()
            self._weights = self._checksum()
