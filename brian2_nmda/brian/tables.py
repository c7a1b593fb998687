"""Propagators from tables as Brian2 objects, in C++ standalone; see `brian2_nmda.lowering.tables`.

Within a run, the template keeps the states of a scheme sorted by target, so that all synapses of a target
are multiplied by its propagator one after the other. They are in the variables of the synapses at the end of
a run, where a `StateMonitor` records them, and at each step as far as anything else reads them. What others
may change is taken from there at each step. A table is made at the start of each run, from the parameters and
the time step that then hold.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from brian2_nmda.brian import schedule
from brian2_nmda.brian.assembly import TABLE_VOLTAGE, Assembly, counter
from brian2_nmda.brian.helpers import InTemplate, PreparedLast
from brian2_nmda.brian.internals import (
    has_code,
    indices_in_binary,
    indices_of,
    monitors,
    others_that_refer,
    recorded,
    run_before,
)
from brian2_nmda.brian.target import base_group
from brian2_nmda.lowering.integrators import update_code
from brian2_nmda.lowering.places import PRE
from brian2_nmda.lowering.tables import HALVINGS, POINTS, RANGE, WIDEST, Table
from brian2_nmda.symbolic.expressions import symbol


class Propagators(InTemplate):
    """Advances the synapses of one scheme.

    Parameters
    ----------
    synapses : NMDASynapses
    assembly : Assembly
    homes : Homes
    table : Table
    number : int
        Of the table, if the synapses have several.
    """

    template, at_end = "propagators", "finish"

    def __init__(self, synapses: Any, assembly: Assembly, homes: Any, table: Table, number: int) -> None:
        self.assembly, self.homes, self.table = assembly, homes, table
        self.key = f"{synapses.name}_{number}"
        self.changed_by_others = self._named_in_statements()
        super().__init__(
            synapses,
            self.template,
            code=self._code(),
            clock=synapses.clock,
            when="groups",
            order=assembly.base.order + schedule.PROPAGATORS,
            needed_variables=self._needed(),
            template_kwds=self.keywords("step"),
            check_units=False,
            name=f"{synapses.name}_propagators_{number}",
        )

    def _code(self) -> str:
        """The step of the exact series, in terms of the variables of the synapses."""
        voltage = {symbol("v"): symbol(TABLE_VOLTAGE)}
        rates = {n: e.xreplace(voltage) for n, e in self.table.rates.items()}
        return update_code(rates, [self.table.states], self.assembly.plan.terms)

    def _needed(self) -> list[str]:
        counters = map(counter, self.table.pulses)
        names = [*self.table.states, *counters, TABLE_VOLTAGE, "_synaptic_pre", "_synaptic_post", "N"]
        return [*names, "t_in_timesteps"]

    def keywords(self, mode: str, monitor: Any = None) -> dict[str, Any]:
        """What the template is told."""
        table, place = self.table, self.assembly.plan.place
        return {
            "mode": mode,
            "key": self.key,
            "states": table.states,
            "columns": table.columns,
            "counters": [(counter(p), place[p] == PRE) for p in table.pulses],
            "voltage": TABLE_VOLTAGE,
            "error": repr(table.error),
            "low": repr(RANGE[0]),
            "high": repr(RANGE[1]),
            "widest": repr(WIDEST),
            "halvings": HALVINGS,
            "points": POINTS,
            "weights": [repr(w) for w in _denominators()],
            "shown": list(table.states) if self.changed_by_others else self._read_each_step(),
            "exchange": self.changed_by_others,
            "n_targets": len(self.homes.totals.group),
            "n_sources": len(base_group(self.assembly.source)),
            "recorded": None if monitor is None else indices_in_binary(monitor),
            "n_recorded": 0 if monitor is None else len(indices_of(monitor)),
        }

    # -- who reads ---------------------------------------------------------------------------

    @cached_property
    def _seen(self) -> dict[str, set[str]]:
        """The states that are read by the name of a state or of a definition."""
        system, states = self.assembly.system, set(self.table.states)
        found = {n: {n} for n in states}
        for n, d in system.definitions.items():
            read = {x.name for x in system.inserted(d.expression).free_symbols} & states
            if read:
                found[n] = read
        return found

    def _named_in_statements(self) -> bool:
        """Whether statements of the user's at spikes name a state, which they may change."""
        declared = self.assembly.plan.declarations
        return self.reads(declared.read_at_pre | declared.read_at_post)

    def reads(self, names: Iterable[str]) -> bool:
        """Whether a state, or a definition that reads one, is among variables."""
        return not set(self._seen).isdisjoint(names)

    def _read_each_step(self) -> list[str]:
        """The states that anything but their own equations reads."""
        system, states = self.assembly.system, set(self.table.states)
        read = [e for n, e in system.rates.items() if n not in states]
        read += [r.conductance for r in system.receptors]
        read += [*system.on_spike.values(), *system.on_post_spike.values()]
        read += [e for event in system.later for e in event.changes.values()]
        read += [e for _, event in system.events for e in (event.condition, *event.changes.values())]
        read += [t.expression for t in system.totals.values()]
        read += [e for f in self.assembly.exchanges.flows for e in (f.hazard, f.rate)]
        read += self.assembly.plan.efficacy.values()
        names = {x.name for e in read for x in system.inserted(e).free_symbols} & states
        for n in self.assembly.plan.declarations.read_by_user:
            names |= self._seen.get(n, set())
        return [n for n in self.table.states if n in names]

    # -- called by the network ---------------------------------------------------------------

    def prepare_code(self, run_namespace: Any) -> None:
        """As others may change states in this run or not."""
        variables = [self.group.variables[n] for n in self.table.states]
        if others_that_refer(self.group, variables):
            self.changed_by_others = True
        super().prepare_code(run_namespace)


class RecordedPropagators(PreparedLast):
    """Gives the variables of the synapses their values before monitors record them."""

    def __init__(self, runners: list[Propagators], synapses: Any, name: str) -> None:
        super().__init__(synapses, name)
        self.propagators = runners

    def before_run(self, run_namespace: Any) -> None:
        """Put what gives the values in front of the code of the monitors."""
        self.runners = []
        for number, monitor in enumerate(sorted(monitors(), key=lambda m: m.name)):
            for k, runner in enumerate(self.propagators):
                if runner.changed_by_others:  # the variables are what holds
                    continue
                if has_code(monitor) and runner.reads(recorded(monitor, self.synapses)):
                    shown = runner.runner("recorded", f"{self.name}_{number}_{k}", monitor=monitor)
                    run_before(monitor, self.prepared(shown, run_namespace))


def _denominators() -> list[float]:
    """Denominators of the weights of a polynomial through ``POINTS`` equidistant nodes."""
    nodes = range(POINTS)
    found = []
    for q in nodes:
        product = 1.0
        for p in nodes:
            product *= q - p if p != q else 1
        found.append(1 / product)
    return found
