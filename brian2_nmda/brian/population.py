"""One sum for all targets, where every source meets every target with one weight.

What is sent is the same for all targets then, so it is added once per event instead of once per synapse.
Where no neuron connects to itself (``condition='i != j'``), each target takes its own part off.
"""

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import sympy
from brian2.core.clocks import Clock
from brian2.groups.neurongroup import NeuronGroup
from brian2.groups.subgroup import Subgroup
from brian2.synapses.synapses import Synapses

from brian2_nmda.brian.helpers import HelperGroup
from brian2_nmda.brian.internals import refer, set_statements, write
from brian2_nmda.brian.sending import Sending, set_to
from brian2_nmda.brian.target import base_group
from brian2_nmda.symbolic.expressions import symbol

#: Prefixes of the sum for all targets and of a neuron's own part in statements of the driver.
_ALL, _OWN = "all_", "own_"
_INDEX, MEMBER = "index_of_all", "is_target"


class PopulationSum:
    """Amplitudes that are the same for all targets.

    Parameters
    ----------
    sent : iterable of Sending
        Conductances that are sent by presynaptic gates.
    source, target : NeuronGroup, Subgroup, ...
    clock : Clock
        Of the target.
    order : int
        When they are summed, in the slot ``groups``.
    name : str

    Attributes
    ----------
    form : {None, 'all', 'others'}
        Who meets whom: not all pairs, all, or all but each neuron with itself.
    """

    #: Variables of the driver.
    equations = f"{_INDEX} : integer (constant)"

    def __init__(
        self, sent: Iterable[Sending], source: Any, target: Any, clock: Clock, order: int, name: str
    ) -> None:
        self.sent, self.source, self.target = list(sent), source, target
        self.form: str | None = None
        lines = [f"{n} : 1" for r in self.sent for n in [*r.received(), self._open(r)]]
        self.group = HelperGroup(1, "\n".join(lines), clock=clock, order=order, name=name)
        self._sum = self.group.run_regularly(
            self.sum_code(), when="groups", order=order, clock=clock, name=f"{name}_sum"
        )
        self._sum.active = False

    @staticmethod
    def _open(sending: Sending) -> str:
        return f"all_sent_{sending.label}"

    @property
    def same_neurons(self) -> bool:
        """Whether source and target are the same neurons."""
        if base_group(self.source) is not base_group(self.target):
            return False
        ranges = [(getattr(g, "start", 0), len(g)) for g in (self.source, self.target)]
        return ranges[0] == ranges[1]

    def refer(self, driver: Synapses, totals: NeuronGroup) -> None:
        """Make the amplitudes known to those that send and read them."""
        for sending in self.sent:
            for n in sending.received():
                refer(driver, _ALL + n, self.group, n, index=_INDEX)
                if self.same_neurons:
                    refer(driver, _OWN + n, totals, n, index="_postsynaptic_idx")
            n = self._open(sending)
            refer(totals, n, self.group, n, index="0")
        if isinstance(self.target, Subgroup):
            members = np.zeros(len(totals))
            members[self.target.start : self.target.stop] = 1
            write(totals, MEMBER, members)

    def connected(self, args: tuple[Any, ...], kwargs: Mapping[str, Any], first: bool) -> None:
        """Find out who meets whom from the arguments of ``connect``, and whether it was the first call."""
        self.form = self._form_of(args, kwargs) if first else None
        self._sum.active = self.form is not None

    def _form_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str | None:
        signature = inspect.signature(Synapses.connect)
        given = signature.bind(None, *args, **kwargs).arguments
        condition = given.pop("condition", None)
        for name in given.keys() - {"self", "namespace", "level"}:
            if not _same(given[name], signature.parameters[name].default):
                return None
        text = re.sub(r"\s", "", condition) if isinstance(condition, str) else condition
        if text is None or text is True or text == "True":
            return "all"
        return "others" if text in ("i!=j", "j!=i") and self.same_neurons else None

    # -- statements --------------------------------------------------------------------------

    def sum_code(self) -> str:
        """Each step: what is open now, and its decay."""
        lines = []
        for r in self.sent:
            lines += [set_to(self._open(r), " + ".join(r.received())), *r.decay_code()]
        return "\n".join(lines)

    def rewrite(self) -> None:
        """Take over other kinetics."""
        set_statements(self._sum, self.sum_code())

    def driver_code(self) -> dict[str, list[str]]:
        """Statements of the driver after it knows what is sent, by pathway."""
        found: dict[str, list[str]] = {}
        for r in self.sent:
            parts = [r.additions(_ALL, at_once=True)]
            if self.form == "others":
                parts.append(r.additions(_OWN, factor="-", at_once=True))
            for part in parts:
                for name, lines in part.items():
                    found.setdefault(name, []).extend(lines)
        return found

    def amplitudes(self, sending: Sending) -> sympy.Expr:
        """The sum of the amplitudes that reach a target."""
        whole = symbol(self._open(sending))
        if self.form == "others":
            whole += sympy.Add(*map(symbol, sending.received()))
        return whole * symbol(MEMBER) if isinstance(self.target, Subgroup) else whole

    def decays_on_target(self, sending: Sending) -> list[str]:
        """Decay of each neuron's own part."""
        return sending.decay_code() if self.form == "others" else []

    def send_anew(self, totals: NeuronGroup, total: str, now: np.ndarray) -> None:
        """Sum again what the gates have sent, given for the whole group to which the source belongs."""
        first = getattr(self.source, "start", 0)
        sends = np.zeros(len(now))
        sends[first : first + len(self.source)] = now[first : first + len(self.source)]
        write(self.group, total, np.array([np.sum(sends)]))
        if self.form == "others":
            write(totals, total, -sends)


def _same(value: Any, default: Any) -> bool:
    numbers = isinstance(value, (int, float)) and isinstance(default, (int, float))
    return value is default or (numbers and value == default)
