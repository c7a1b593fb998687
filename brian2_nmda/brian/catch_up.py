"""Rules that are advanced at spikes, as Brian2 objects; see `brian2_nmda.lowering.piecewise`.

The variables of such a rule are stored as of the last update. Updating at any time does not change the
law of what follows, so whoever reads them updates first: statements at spikes, ``run_regularly`` and
`StateMonitor` by the same statements in front of their own, a user who asks these synapses for a variable
during a run by running them, and after a run because each run ends with an update.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from brian2.core.clocks import Clock
from brian2.devices.device import RuntimeDevice, get_device
from brian2.groups.group import CodeRunner
from brian2.units import second
from brian2.utils.stringtools import get_identifiers

from brian2_nmda.brian import schedule
from brian2_nmda.brian.helpers import PreparedLast
from brian2_nmda.brian.internals import (
    code_of,
    drop_code,
    has_code,
    monitors,
    recorded,
    run_after,
    run_before,
    running,
    time_step,
)
from brian2_nmda.lowering.piecewise import ThresholdRule

#: Pathway that updates before the pathway ``pre``.
UPDATE = "update_pre"
#: Slots of a time step in which the states have not been advanced yet.
_BEFORE = ("before_start", "start", "after_start", "before_groups")


def present(when: str, order: float, states: float) -> str:
    """The time step to which an update in this slot leads; states are advanced at order ``states``."""
    early = when in _BEFORE or (when == "groups" and order <= states)
    return "t_in_timesteps" if early else "t_in_timesteps + 1"


def updates(rules: Iterable[ThresholdRule], code: str, now: str) -> list[str]:
    """Statements that update what ``code`` mentions."""
    names = get_identifiers(code)
    return [x for rule in rules if names & set(rule.states) for x in rule.statements(now)]


def update_before(rules: Iterable[ThresholdRule], code: Any) -> dict[str, str]:
    """A pathway of its own that updates what the pathway ``pre`` mentions, which may send to neurons.

    Random numbers in a pathway that changes neurons would keep NumPy from treating all synapses at once.
    """
    text = code if isinstance(code, str) else (code or {}).get("pre", "")
    lines = updates(rules, text, "timestep(t_pre, dt) + 1")
    return {UPDATE: "\n".join(lines)} if lines else {}


def updating(rules: Iterable[ThresholdRule], code: Any, side: str) -> Any:
    """Statements of the pathways of one ``side``, with updates in front where they are needed."""
    rules = list(rules)
    if code is None or not rules:
        return code
    pathways = code if isinstance(code, Mapping) else {side: code}
    # a spike acts at the end of the step of its neuron, whose clock may be another one
    now = f"timestep(t_{side}, dt) + 1"
    return {
        n: text if n in ("pre", UPDATE) else "\n".join([*updates(rules, text, now), text])
        for n, text in pathways.items()
    }


class CatchUp(CodeRunner):
    """Updates all synapses at the end of each run, and within it where the error needs that."""

    def __init__(self, synapses: Any, rules: Iterable[ThresholdRule], name: str) -> None:
        self.rules = list(rules)
        windows = [rule.window for rule in self.rules if rule.window is not None]
        super().__init__(
            synapses,
            "stateupdate",
            code="\n".join(x for rule in self.rules for x in rule.statements("t_in_timesteps")),
            clock=Clock(min(windows) * second, name=f"{name}_clock") if windows else synapses.clock,
            when="start",
            order=schedule.CATCH_UP,
            name=name,
        )
        self.repeats = bool(windows)

    def before_run(self, run_namespace: Any) -> None:
        """What is stored holds now, whatever happened since the last run."""
        step = time_step(self.group.clock)
        for rule in self.rules:
            setattr(self.group, f"{rule.updated}_", step)
        super().before_run(run_namespace)
        if not self.repeats:
            drop_code(self)  # only after the run

    def now(self) -> None:
        """Update for a user who reads in the middle of a run, as in a `NetworkOperation`."""
        code = code_of(self)
        if running() and isinstance(get_device(), RuntimeDevice) and code is not None:
            code()

    def after_run(self) -> None:
        """Update to the end of the run."""
        super().after_run()
        run_after(code_of(self))


class UpdateForMonitors(PreparedLast):
    """Lets each `StateMonitor` of the synapses update what it records, before it records."""

    def __init__(self, synapses: Any, rules: Iterable[ThresholdRule], name: str) -> None:
        super().__init__(synapses, name)
        self.rules = list(rules)

    def before_run(self, run_namespace: Any) -> None:
        """Put the update in front of the code of the monitors."""
        self.runners = []
        for number, monitor in enumerate(sorted(monitors(), key=lambda m: m.name)):
            now = present(monitor.when, monitor.order, self.synapses.order)
            code = updates(self.rules, " ".join(recorded(monitor, self.synapses)), now)
            if code and has_code(monitor):
                runner = CodeRunner(
                    self.synapses, "stateupdate", code="\n".join(code), name=f"{self.name}_{number}"
                )
                run_before(monitor, self.prepared(runner, run_namespace))
