"""Which statements run at which event, and in which order.

Statements of the model stand in front of the user's own in the pathways ``pre`` and ``post``. Pathways of
the model's own are those that act some time after a presynaptic spike: at the end of a pulse, or later by a
latency of the model; and one that updates rules before ``pre``.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from brian2.units import second
from brian2.units.fundamentalunits import Quantity

from brian2_nmda.brian import schedule
from brian2_nmda.brian.assembly import Assembly
from brian2_nmda.brian.catch_up import UPDATE, update_before, updating
from brian2_nmda.brian.checks import event_of
from brian2_nmda.brian.compiled import let_vectorise_events, send_from_gate
from brian2_nmda.brian.given_code import merge_code
from brian2_nmda.brian.homes import Homes
from brian2_nmda.brian.internals import set_statements, statements
from brian2_nmda.brian.sending import Sending


class Pathways:
    """The pathways of a synapse object, and of the driver of its gates.

    Attributes
    ----------
    delayed : dict of str to tuple
        Statements and latency of the pathways that act a fixed time after the transmitter (or with it).
    on_pre, on_post : None, str or dict of str to str
        As for `Synapses`.
    """

    def __init__(self, assembly: Assembly, homes: Homes, on_pre: Any, on_post: Any) -> None:
        self.assembly, self.homes = assembly, homes
        self.given = on_pre, on_post
        self.delayed: dict[str, tuple[str, Quantity]] = dict(assembly.delayed)
        self.on_pre, self.on_post = self._statements()

    @property
    def ends(self) -> list[str]:
        """Pathways at the end of a pulse."""
        return list({s.end: None for s in self.assembly.sent.values() if s.end is not None})

    def _statements(self) -> tuple[Any, Any]:
        """Statements at presynaptic and at postsynaptic spikes."""
        assembly = self.assembly
        on_pre, on_post = self.given
        if assembly.sent and assembly.plan.declarations.jumping_w:
            on_pre, on_post = assembly.corrected(on_pre, "pre"), assembly.corrected(on_post, "post")
        ours = assembly.jumps(assembly.states, "") + assembly.pulse_starts(assembly.synapse_pulses, "")
        ours += assembly.summed_jumps()
        at_end: dict[str, list[str]] = {}
        for sending in assembly.sent.values():
            if self.homes.summed_for_all(sending):
                continue
            for name, lines in sending.pathways(assembly.weight is None).items():
                if name == "pre":
                    ours += lines
                else:  # receptors that share a pulse share its end
                    at_end.setdefault(name, []).extend(lines)
        rules = assembly.plan.rules
        update = update_before(rules, merge_code(ours, on_pre, "pre"))
        self.delayed.update({n: (text, 0 * second) for n, text in update.items()})
        others = {n: text for n, (text, _) in self.delayed.items()}
        others |= {n: "\n".join(lines) for n, lines in at_end.items()}
        return (
            updating(rules, merge_code(ours, on_pre, "pre", others), "pre"),
            updating(rules, merge_code(assembly.post_jumps(), on_post, "post"), "post"),
        )

    def delays(self, delay: Quantity) -> dict[str, Quantity]:
        """Delays of our pathways for one delay of the transmitter."""
        ends = [s for s in self.assembly.sent.values() if s.end is not None]
        return first_delays(self.on_pre, delay, self.delayed) | {s.end: s.end_delay(delay) for s in ends}

    def arrange(self, synapses: Any) -> None:
        """Set the orders, and let the compiler treat many synapses at once where that is possible."""
        if self.assembly.sent:
            synapses.pre.order = schedule.SENT_AT_SPIKE
        for name in self.ends:
            getattr(synapses, name).order = schedule.SENT_AT_END
        if UPDATE in self.delayed:
            getattr(synapses, UPDATE).order = schedule.UPDATE_RULES
        for name, sent in self._sent_alone().items():
            pathway = getattr(synapses, name)
            if not any(s.on_synapse for s in sent):
                send_from_gate(pathway, getattr(self.homes.driver, name))
            elif all(s.on_synapse and s.vectorises for s in sent):
                let_vectorise_events(
                    pathway,
                    changed=[n for s in sent for n in (*s.reals, *s.sent(), *s.integers)],
                    read=["w"] if self.assembly.weight is None else [],
                    added=[n for s in sent for n in s.received()],
                )

    def _sent_alone(self) -> dict[str, list[Sending]]:
        """Pathways that do nothing but send conductances, and which they send."""
        assembly = self.assembly
        alone: dict[str, list[Sending]] = {}
        for sending in assembly.sent.values():
            for name in ("pre", sending.end):
                if name is not None:
                    alone.setdefault(name, []).append(sending)
        others = assembly.states or assembly.summed_states or assembly.synapse_pulses or assembly.plan.rules
        on_pre, _ = self.given
        if others or on_pre is not None:
            alone.pop("pre", None)
        return alone

    def rewrite(self, synapses: Any) -> None:
        """Give all pathways, and what is added to the target at each step, their statements again."""
        homes = self.homes
        self.on_pre, self.on_post = self._statements()
        for given, default in ((self.on_pre, "pre"), (self.on_post, "post")):
            given = {default: given} if isinstance(given, str) else given or {}
            for name, text in given.items():
                set_statements(getattr(synapses, name), text)
        if homes.driver is not None:
            for name, text in homes.gate.driver_statements(homes).items():
                set_statements(getattr(homes.driver, name), text)
        set_statements(homes.totals.addition, homes.totals.addition_code(homes))
        if homes.population is not None:
            homes.population.rewrite()

    def sum_for_all(self, synapses: Any, args: Any, kwargs: Mapping[str, Any], first: bool) -> bool:
        """After ``connect``: send once for all targets if every source meets every target.

        Returns
        -------
        bool
            Whether that has changed.
        """
        population = self.homes.population
        before = population.form
        population.connected(args, kwargs, first=first)
        if population.form == before:
            return False
        pathways = [getattr(synapses, name) for name in ("pre", *self.ends)]
        for pathway in pathways:
            set_statements(pathway, "")
        self.rewrite(synapses)
        for pathway in pathways:  # no statements are left, or they are there again
            pathway.active = bool(statements(pathway))
        return True


def first_delays(
    on_pre: Any, delay: Quantity, delayed: Mapping[str, tuple[str, Quantity]]
) -> dict[str, Quantity]:
    """Delays of the transmitter's pathway, if there is one, and of those that act a fixed time later."""
    delays = {name: delay + latency for name, (_, latency) in delayed.items()}
    if isinstance(on_pre, str) or (on_pre and "pre" in on_pre):
        delays["pre"] = delay
    return delays


def own_delays(assembly: Assembly, on_post: Any) -> dict[str, Quantity]:
    """Delays that the user gave; that of ``'post'`` may concern what lives once per neuron alone."""
    given = dict(assembly.own_delays)
    on_synapses = isinstance(on_post, str) or "post" in (on_post or ())
    if not on_synapses and assembly.system.on_post_spike:
        given.pop("post", None)
    return given


def with_events(kwargs: dict[str, Any], ours: Iterable[str]) -> dict[str, Any]:
    """Arguments of `Synapses` in which our pathways act at the event at which transmitter is released."""
    on_event = kwargs.get("on_event", "spike")
    if isinstance(on_event, str):  # of all pathways
        return kwargs
    return {**kwargs, "on_event": {**dict.fromkeys(ours, event_of(on_event, "pre")), **on_event}}
