"""The naive form: a plain `Synapses` in which everything is stored and computed for each synapse."""

from typing import Any

from brian2.core.clocks import Clock
from brian2.synapses.synapses import Synapses
from brian2.units import ms

from brian2_nmda.brian import schedule
from brian2_nmda.brian.assembly import Assembly
from brian2_nmda.brian.checks import BeforeRun, event_of
from brian2_nmda.brian.compiled import take_in_turn
from brian2_nmda.brian.filling import Filler
from brian2_nmda.brian.given_code import merge_code
from brian2_nmda.brian.homes import Setting
from brian2_nmda.brian.internals import contain, summed_updaters, write
from brian2_nmda.brian.pathways import first_delays, own_delays, with_events
from brian2_nmda.brian.places import bring_together, homes_of
from brian2_nmda.symbolic.errors import ModelError
from brian2_nmda.symbolic.ports import SYNAPSE
from brian2_nmda.symbolic.text import check_connection


def naive_synapses(
    assembly: Assembly,
    delay: Any,
    own_model: Any,
    on_pre: Any,
    on_post: Any,
    namespace: Any,
    name: str,
    clock: Clock | None,
    kwargs: dict[str, Any],
) -> Synapses:
    """Make a plain `Synapses` for a model."""
    homes = homes_of(assembly)
    events = (event_of(kwargs.get("on_event", "spike"), side) for side in ("pre", "post"))
    homes.build(Setting(name, clock, assembly.namespace(namespace), 0 * ms, *events))
    ours = assembly.jumps(assembly.states, "") + assembly.pulse_starts(assembly.synapse_pulses, "")
    if assembly.delayed and isinstance(delay, str):
        raise ModelError(
            f"{assembly.where}: optimize=False cannot combine delay='per_synapse' with the latency of "
            f"{assembly.system.later[0].owner}; give one delay, or leave out optimize=False."
        )
    code = merge_code(ours, on_pre, "pre", {n: text for n, (text, _) in assembly.delayed.items()})
    on_post = merge_code(assembly.post_jumps(), on_post, "post")
    delays = own_delays(assembly, on_post)
    if not isinstance(delay, str):
        delays |= first_delays(code, 0 * ms if delay is None else delay, assembly.delayed)
    synapses = Synapses(
        assembly.source,
        assembly.target,
        model=assembly.synapse_equations(own_model),
        on_pre=code,
        on_post=on_post,
        delay=delays,
        namespace=assembly.namespace(namespace),
        method=assembly.updater(),
        clock=clock,
        order=assembly.base.order + schedule.STATES,
        name=name,
        **with_events(kwargs, assembly.delayed),
    )
    take_in_turn(synapses)
    for reference in homes.references():
        reference.add_to(synapses)
    for updater in summed_updaters(synapses):
        # a Subgroup has another order than its group: Brian2 would sum after the target's step
        updater.order = assembly.base.order + schedule.SUM
    contain(synapses, [*homes.helpers, *bring_together(synapses, assembly, homes)])
    homes.initialise()
    assembly.set_parameters(synapses, assembly.parameters_of[SYNAPSE])
    if assembly.weight is not None:
        write(synapses, "w", assembly.weight)
    code = assembly.event_code()
    if code:
        synapses.run_regularly(code, when="groups", order=assembly.base.order + schedule.EVENTS)
    _fill_after_connect(synapses, assembly)
    synapses.add_attribute("plan")
    synapses.plan = assembly.plan
    contain(synapses, [BeforeRun(synapses, assembly, f"{name}_checks", homes)])
    return synapses


def _fill_after_connect(synapses: Synapses, assembly: Assembly) -> None:
    """Let ``connect`` give new synapses their first values."""
    filler = Filler(assembly)
    connect = synapses.connect

    def connect_and_fill(*args: Any, **kw: Any) -> None:
        check_connection([*args, *kw.values()], f"{assembly.where}, connect")
        kw["level"] = kw.get("level", 0) + 1
        filler.before(synapses)
        connect(*args, **kw)
        filler.after(synapses)

    connect_and_fill.__doc__ = connect.__doc__
    synapses.connect = connect_and_fill
