"""Calcium and its followers in blocks of time steps, as Brian2 objects; see `brian2_nmda.lowering.in_blocks`.

At each step the factors of the targets are noted. The synapses of a neuron are brought up to date before it
spikes (and before a pulse of it ends), at the end of a block, before a `StateMonitor` records any of them,
when the user asks for them, and at the end of a run. In C++ standalone all that is one template, which sums
exponentials for sources without a spike; elsewhere NumPy repeats the steps. A monitor of few synapses ends
the block for the synapses of their sources only.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from typing import Any

import numpy as np
import sympy
from brian2.devices.device import RuntimeDevice, get_device

from brian2_nmda.brian import schedule
from brian2_nmda.brian.assembly import Assembly
from brian2_nmda.brian.helpers import InTemplate, PreparedLast
from brian2_nmda.brian.internals import (
    InPlaceOfCode,
    add_array,
    has_code,
    indices_in_binary,
    indices_of,
    monitors,
    read,
    recorded,
    refer,
    replace_code,
    run_after,
    run_before,
    run_before_statements,
    sources_now,
)
from brian2_nmda.lowering.in_blocks import LENGTH, NEGLIGIBLE, Blocks
from brian2_nmda.lowering.smooth import FAR, FLOOR, ORDER, SUM, TOGETHER, TOLERANCE
from brian2_nmda.symbolic.expressions import numeric, symbol

#: Variables of the totals and of the gate: steps that are noted, the first of them, and how many of them the
#: synapses of a source have behind them.
NOTED, FIRST, BEHIND = "blocks_noted", "blocks_first", "blocks_behind"
#: Places from the history of one target to the next; at a power of two all would share few lines of a cache.
STRIDE = LENGTH + 8
#: A monitor of fewer synapses than this part of the number of sources ends the block for these alone.
FEW = 1 / 8


def history(name: str) -> str:
    """The variable that holds a factor of the targets at each step of a block."""
    return f"{name}_history"


def lowest(name: str) -> str:
    """The variable that holds its lowest value in the block, or zero."""
    return f"{name}_lowest"


def highest(name: str) -> str:
    """The variable that holds its highest value in the block, or zero."""
    return f"{name}_highest"


class InBlocks(InTemplate):
    """Notes the factors of the targets at each step, and advances the synapses.

    Parameters
    ----------
    synapses : NMDASynapses
    assembly : Assembly
    homes : Homes
    name : str
    """

    template, at_end = "in_blocks", "flush"

    def __init__(self, synapses: Any, assembly: Assembly, homes: Any, name: str) -> None:
        self.assembly, self.homes = assembly, homes
        self.blocks: Blocks = assembly.plan.in_blocks
        self.sendings = [assembly.sent[n] for n in self.blocks.labels]
        self._declare(synapses)
        super().__init__(
            synapses,
            self.template,
            clock=synapses.clock,
            when="groups",
            order=assembly.base.order + schedule.STATES,
            needed_variables=self._needed(),
            template_kwds=self.keywords("step"),
            name=name,
        )

    def _declare(self, synapses: Any) -> None:
        totals, gate = self.homes.totals.group, self.homes.gate.group
        for drive in self.blocks.drives:
            name = history(drive.name)
            add_array(totals, name, STRIDE * len(totals), np.float64)
            refer(synapses, name, totals, index="0")
            for extreme in self._extremes(drive.name):
                add_array(totals, extreme, len(totals), np.float64)
                refer(synapses, extreme, totals, index="0")
        for name, dtype in ((NOTED, np.int32), (FIRST, np.int64)):
            add_array(totals, name, 1, dtype)
            refer(synapses, name, totals, index="0")
        add_array(gate, BEHIND, len(gate), np.int32)
        refer(synapses, BEHIND, gate, index="_presynaptic_idx")

    def _extremes(self, name: str) -> list[str]:
        """Variables that tell the sign of a factor in the block, which only followers ask for."""
        return [lowest(name), highest(name)] if self.blocks.followers else []

    def _needed(self) -> list[str]:
        sent = [n for s in self.sendings for n in (*s.sent(), s.when_sent)]
        inputs = [n for d in self.blocks.drives for n in (d.name, history(d.name), *self._extremes(d.name))]
        return [
            *self.blocks.states,
            *self.assembly.coefficients.names,
            *sent,
            *inputs,
            *(NOTED, FIRST, BEHIND, "_synaptic_pre", "_synaptic_post", "N", "t_in_timesteps", "dt"),
        ]

    def keywords(self, mode: str, driver: Any = None, monitor: Any = None) -> dict[str, Any]:
        """What the template is told."""
        blocks = self.blocks
        labels = list(blocks.labels)
        return {
            "mode": mode,
            "driver": driver,
            "blocks": blocks,
            "length": LENGTH,
            "stride": STRIDE,
            "n_targets": len(self.homes.totals.group),
            "n_sources": len(self.homes.gate.group),
            "receptor_of": [labels.index(d.label) for d in blocks.drives],
            "rates": [list(map(repr, s.form.rates)) for s in self.sendings],
            "sent": [s.sent() for s in self.sendings],
            "when_sent": [s.when_sent for s in self.sendings],
            "negligible": repr(NEGLIGIBLE * self.assembly.tolerance),
            "history": history,
            "lowest": lowest,
            "highest": highest,
            "recorded": None if monitor is None else indices_in_binary(monitor),
            "n_recorded": 0 if monitor is None else len(indices_of(monitor)),
            "known": set(self.assembly.coefficients.names),
            "tables": self._tables(),
            "table_limits": [repr(x) for x in (TOLERANCE, FLOOR, SUM, ORDER, FAR)],
            "together": TOGETHER,
        }

    def _tables(self) -> list[dict[str, Any]]:
        """For each state that smooth followers read: its name in C++, and their rates in it.

        ``of`` has, by the number of a follower, the place of its slope; that of its rest is the next one.
        ``follower`` is the number of the state if it is a smooth follower itself.
        """
        blocks = self.blocks
        states = {n: f"z_{k}" for k, n in enumerate(blocks.linear)}
        states |= {f.state: f"y_{k}" for k, f in enumerate(blocks.smooth)}
        known = {symbol(n): f"_x_{text}" for n, text in states.items()}
        known |= {symbol(n): f"_of.given[{k}]" for k, n in enumerate(blocks.given)}
        names = {x: sympy.Symbol(text, real=True) for x, text in known.items()}
        numbers = {f.state: k for k, f in enumerate(blocks.smooth)}
        found: dict[str, dict[str, Any]] = {}
        for number, follower in enumerate(blocks.smooth):
            for term in follower.terms:
                new = {"v": states[term.state], "follower": numbers.get(term.state), "rates": [], "of": {}}
                table = found.setdefault(term.state, new)
                table["of"][number] = len(table["rates"])
                table["rates"] += [sympy.ccode(e.xreplace(names)) for e in (term.slope, term.rest)]
        return list(found.values())

    @cached_property
    def _seen(self) -> set[str]:
        """The states, and the definitions that read one."""
        states = set(map(symbol, self.blocks.states))
        system = self.assembly.system
        known = system.definitions.items()
        read = (n for n, d in known if states & system.inserted(d.expression).free_symbols)
        return {*self.blocks.states, *read}

    def reads(self, names: Iterable[str]) -> bool:
        """Whether a state that is advanced in blocks, or a definition that reads one, is among variables."""
        return not self._seen.isdisjoint(names)

    # -- called by the network ---------------------------------------------------------------

    def prepare_code(self, run_namespace: Any) -> None:
        """Of C++ standalone; elsewhere NumPy does it."""
        if isinstance(get_device(), RuntimeDevice):
            replace_code(self, [InPlaceOfCode(self._step)])
            return
        super().prepare_code(run_namespace)

    def after_run(self) -> None:
        """Bring everything up to date."""
        super().after_run()
        if self.finish is None:
            run_after(InPlaceOfCode(self.now))

    def now(self) -> None:
        """Bring everything up to date for a user who reads, also in the middle of a run."""
        if not isinstance(get_device(), RuntimeDevice):
            return
        noted = self._value(NOTED)
        if noted[0]:
            self._advance(np.arange(len(self.group)), int(noted[0]))
            self._value(BEHIND)[:] = 0
            noted[0] = 0

    # -- on NumPy ------------------------------------------------------------------------------

    def _value(self, name: str) -> np.ndarray:
        return read(self.group, name)

    def _number(self, name: str) -> float:
        if name not in self.assembly.coefficients.expressions:
            return 0.0
        return float(np.asarray(self._value(name)).ravel()[0])

    def _step(self) -> None:
        noted = self._value(NOTED)
        if noted[0] == 0:
            self._value(FIRST)[0] = int(np.asarray(self._value("t_in_timesteps")).ravel()[0])
        for drive in self.blocks.drives:
            self._value(history(drive.name)).reshape(-1, STRIDE)[:, noted[0]] = self._value(drive.name)
        noted[0] += 1
        if noted[0] == LENGTH:
            self.now()

    def before_events(self, pathway: Any) -> None:
        """Bring the synapses up to date whose neurons have an event in this pathway of the driver."""
        self._bring(sources_now(pathway))

    def before_recording(self, monitor: Any) -> None:
        """Bring the synapses up to date whose sources have a synapse that a monitor records."""
        self._bring(self._value("_synaptic_pre")[indices_of(monitor)])

    def _bring(self, sources: np.ndarray) -> None:
        """Bring the synapses of sources up to date."""
        noted = int(self._value(NOTED)[0])
        if len(sources) and noted:
            self._advance(np.flatnonzero(np.isin(self._value("_synaptic_pre"), sources)), noted)
            self._value(BEHIND)[sources] = noted

    def _advance(self, which: np.ndarray, end: int) -> None:
        """Repeat the steps of some synapses."""
        blocks = self.blocks
        pre, post = (self._value(n)[which] for n in ("_synaptic_pre", "_synaptic_post"))
        begin = self._value(BEHIND)[pre]
        z = [self._value(n)[which] for n in blocks.linear]
        y = [self._value(f.state)[which] for f in blocks.followers]
        drives = [self._value(history(d.name)).reshape(-1, STRIDE) for d in blocks.drives]
        smooth = [self._value(f.state)[which] for f in blocks.smooth]
        labels, size = list(blocks.labels), range(len(z))
        for m in range(int(begin.min(initial=end)), end):
            on = begin <= m
            g = [self._open(s, m)[pre] for s in self.sendings]
            u = [g[labels.index(d.label)] * h[post, m] for d, h in zip(blocks.drives, drives, strict=True)]
            y = [np.where(on, self._followed(k, value, z), value) for k, value in enumerate(y)]
            smooth = [
                np.where(on, self._relaxed(k, value, [*z, *smooth]), value) for k, value in enumerate(smooth)
            ]
            new = [
                self._number(f"blocks_shift_{k}")
                + sum(self._number(f"blocks_carry_{k}_{i}") * z[i] for i in size)
                + sum(self._number(f"blocks_gain_{k}_{i}") * x for i, x in enumerate(u))
                for k in size
            ]
            z = [np.where(on, new[k], z[k]) for k in size]
        for name, value in zip(blocks.states, [*z, *y, *smooth], strict=True):
            self._value(name)[which] = value

    def _open(self, sending: Any, m: int) -> np.ndarray:
        """The open fraction that each source has at a step of the block."""
        gate = self.homes.gate.group
        step = int(self._value(FIRST)[0]) + m
        gap = np.maximum(step - read(gate, sending.when_sent), 0) * float(self.group.clock.dt)
        pairs = zip(sending.sent(), sending.form.rates, strict=True)
        return sum(read(gate, n) * np.exp(-rate * gap) for n, rate in pairs)

    def _followed(self, k: int, y: np.ndarray, z: list[np.ndarray]) -> np.ndarray:
        """A follower after one step."""
        follower, dt = self.blocks.followers[k], float(self.group.clock.dt)
        case = np.zeros(len(y), int)
        for bit, t in enumerate(follower.thresholds):
            theta = self._number(f"blocks_theta_{k}_{bit}")
            case += (z[t.state] > theta if t.above else z[t.state] < theta).astype(int) << bit
        numbers = range(len(follower.cases))
        slope = np.array([self._number(f"blocks_slope_{k}_{c}") for c in numbers])
        rest = np.array([self._number(f"blocks_rest_{k}_{c}") for c in numbers])
        decay = np.exp(-slope * dt)
        share = np.where(slope == 0, dt, -np.expm1(-slope * dt) / np.where(slope == 0, 1, slope))
        return y * decay[case] + (rest * share)[case]

    @cached_property
    def _smooth_rates(self) -> list[list[Any]]:
        """Slope and rest of each smooth follower as functions of states and of parameters."""
        blocks, found = self.blocks, []
        names = [*blocks.linear, *(f.state for f in blocks.smooth), *blocks.given]
        for follower in blocks.smooth:
            rates = (
                sympy.Add(*parts) for parts in zip(*((t.slope, t.rest) for t in follower.terms), strict=True)
            )
            found.append([numeric(e, names, {}) for e in rates])
        return found

    def _relaxed(self, k: int, y: np.ndarray, z: list[np.ndarray]) -> np.ndarray:
        """A smooth follower after one step."""
        given = [self._number(f"blocks_given_{i}") for i in range(len(self.blocks.given))]
        slope, rest = (np.asarray(f(*z, *given), float) for f in self._smooth_rates[k])
        dt = float(self.group.clock.dt)
        share = np.where(slope == 0, dt, -np.expm1(-slope * dt) / np.where(slope == 0, 1, slope))
        return y * np.exp(-slope * dt) + rest * share


class BesideOthers(PreparedLast):
    """Brings synapses up to date before events of the driver and before monitors record."""

    def __init__(self, runner: InBlocks, synapses: Any, name: str) -> None:
        super().__init__(synapses, name)
        self.runner = runner

    def before_run(self, run_namespace: Any) -> None:
        """Put what brings up to date in front of the code of the others."""
        self.runners, runner = [], self.runner
        runtime = isinstance(get_device(), RuntimeDevice)
        for number, pathway in enumerate(self._drivers()):
            if runtime:
                run_before_statements(pathway, InPlaceOfCode(partial(runner.before_events, pathway)))
            else:
                brought = runner.runner("events", f"{self.name}_{number}", driver=pathway)
                run_before_statements(pathway, self.prepared(brought, run_namespace))
        for number, monitor in enumerate(sorted(monitors(), key=lambda m: m.name)):
            if not (runner.reads(recorded(monitor, self.synapses)) and has_code(monitor)):
                continue
            if runtime:
                run_before(monitor, InPlaceOfCode(partial(runner.before_recording, monitor)))
                continue
            few = len(indices_of(monitor)) < FEW * len(runner.homes.gate.group)
            about = {"monitor": monitor, "mode": "recorded"} if few else {"mode": "flush"}
            brought = runner.runner(name=f"{self.name}_monitor_{number}", **about)
            run_before(monitor, self.prepared(brought, run_namespace))

    def _drivers(self) -> Iterator[Any]:
        driver = self.runner.homes.driver
        ends = {s.end: None for s in self.runner.sendings if s.end is not None}
        yield from (getattr(driver, name) for name in ("pre", *ends))
