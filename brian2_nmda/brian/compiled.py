"""What Brian2's targets are given by this package: templates for passes over the synapses, and a makefile."""

import re
import shlex
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.preferences import prefs
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import get_device
from brian2.equations.equations import Expression, SingleEquation
from brian2.groups.group import CodeRunner
from brian2.groups.neurongroup import NeuronGroup
from brian2.synapses.synapses import Synapses, SynapticPathway

from brian2_nmda.brian.internals import (
    OwnCode,
    add_templates,
    make_default_code,
    on_numpy,
    pathways,
    replace_code,
    sum_over_synapses,
    use_template,
)
from brian2_nmda.symbolic.errors import ModelError

#: The package in which Brian2 is to look for templates as well.
_HERE = "brian2_nmda.brian"
#: What may stand before a bracket and is no function.
_KEYWORDS = {"and", "or", "not"}
#: Variable of the synapses that holds the number of targets.
NUMBER_OF_TARGETS = "_n_targets"


def register() -> None:
    """Make the templates known to Brian2, once."""
    add_templates(_HERE)


def _compiled() -> bool:
    """Whether the templates are used: devices that derive from C++ standalone have their own."""
    return type(get_device()) is CPPStandaloneDevice


def has_tables() -> bool:
    """Whether propagators can be taken from tables."""
    return _compiled()


def shorten_builds() -> None:
    """Give ``make`` the makefile ``standalone.mk`` as well, which takes less time for the same program.

    ``make`` is told by a preference of Brian2; if that already asks for other makefiles, they are used.
    """
    arguments = prefs["devices.cpp_standalone.extra_make_args_unix"]
    if _compiled() and "-f" not in arguments:
        ours = shlex.quote(str(Path(__file__).with_name("standalone.mk")))
        python = f"BRIAN2_NMDA_PYTHON={shlex.quote(sys.executable or '')}"
        prefs["devices.cpp_standalone.extra_make_args_unix"] = [
            *arguments, "-f", "makefile", "-f", ours, python
        ]  # fmt: skip


def let_vectorise(synapses: Synapses, own: Mapping[str, SingleEquation]) -> None:
    """Tell the compiler that no synapse reads what the update of another writes.

    Random numbers and functions of the user's may have a state of their own: with these, and with other
    devices, Brian2's template stays.

    Parameters
    ----------
    synapses : Synapses
    own : mapping of str to SingleEquation
        The equations that the user added, which may call such functions.
    """
    updater = synapses.state_updater
    if updater is not None and _compiled() and not (synapses.equations.is_stochastic or _with_state(own)):
        use_template(updater, "independent_stateupdate")


def _with_state(equations: Mapping[str, SingleEquation]) -> bool:
    """Whether equations call anything but functions of Brian2's that depend on their arguments alone."""
    texts = [e.expr.code for e in equations.values() if e.expr is not None]
    called = {name for text in texts for name in re.findall(r"([A-Za-z_]\w*)\s*\(", text)}
    return any(not getattr(DEFAULT_FUNCTIONS.get(name), "stateless", False) for name in called - _KEYWORDS)


def let_vectorise_targets(runner: CodeRunner) -> None:
    """Tell the compiler that each target has statements of its own."""
    if _compiled():
        use_template(runner, "independent_stateupdate")


def let_vectorise_events(
    pathway: SynapticPathway, changed: Iterable[str], read: Iterable[str], added: Iterable[str]
) -> None:
    """Advance many synapses at once in a pathway whose statements are independent of each other.

    Parameters
    ----------
    pathway : SynapticPathway
    changed, read : iterable of str
        Variables of the synapses that the statements change, and only read.
    added : iterable of str
        Variables of the target, which the statements only add to.
    """
    if _compiled() and prefs.devices.cpp_standalone.openmp_threads == 0:
        variables = pathway.synapses.variables
        lists = {"changed": changed, "read": read, "added": added}
        use_template(
            pathway, "independent_events", **{k: [variables[n] for n in names] for k, names in lists.items()}
        )


def send_from_gate(pathway: SynapticPathway, driver: SynapticPathway) -> None:
    """Let a pathway of pure additions to the target take its events from that of the driver.

    Parameters
    ----------
    pathway : SynapticPathway
        Its statements add to the target what the synapse and its source have, which they do not change.
    driver : SynapticPathway
        Acts before it with the same delay; its synapse k belongs to source k.
    """
    if _compiled():
        use_template(pathway, "sent_by_gate", driver=driver)
        pathway.__class__ = PathwayOfGate  # the Synapses has made it


def take_in_turn(synapses: Synapses) -> None:
    """Let synapses have one event after the other also where several arrive in one time step.

    NumPy would start all of them from the same values.
    """
    for pathway in pathways(synapses):
        if type(pathway) is SynapticPathway:
            pathway.__class__ = PathwayInTurn


class PathwayInTurn(OwnCode, SynapticPathway):
    """A pathway that treats coinciding events of a synapse one after the other."""

    def prepare_code(self, run_namespace: Any) -> None:
        """Choose the template for the present target."""
        if self.template in ("synapses", "synapses_in_turn"):
            self.template = "synapses_in_turn" if on_numpy() else "synapses"
        super().prepare_code(run_namespace)


class PathwayOfGate(OwnCode, SynapticPathway):
    """A pathway without a queue."""

    def __setattr__(self, name: str, value: Any) -> None:
        """As for any group, but for the delay: it is that of the driver."""
        if name == "delay":
            raise ModelError(
                f"'{self.name}' acts when the transmitter does; set the delay of '{self.synapses.name}', "
                "which changes both."
            )
        super().__setattr__(name, value)

    def prepare_code(self, run_namespace: Any) -> None:
        """Make only what acts on the target."""
        replace_code(self, [make_default_code(self, run_namespace)])


def summed(synapses: Synapses, totals: NeuronGroup, summands: Mapping[str, Expression]) -> list[CodeRunner]:
    """What sums over the synapses of each target, in one pass if it can be."""
    if len(summands) > 1 and _compiled():
        return [SumsInOnePass(summands, synapses, totals, NUMBER_OF_TARGETS, "_synaptic_post")]
    return [sum_over_synapses(synapses, e, n, totals, NUMBER_OF_TARGETS) for n, e in summands.items()]


class SumsInOnePass(CodeRunner):
    """Several summed variables.

    Parameters
    ----------
    summands : mapping of str to Expression
        By variable of the target.
    synapses : Synapses
    target : NeuronGroup
    target_size_name, index_var : str
        As in Brian2's ``SummedVariableUpdater``.
    """

    def __init__(
        self,
        summands: Mapping[str, Expression],
        synapses: Synapses,
        target: NeuronGroup,
        target_size_name: str,
        index_var: str,
    ) -> None:
        keywords: dict[str, Any] = {
            "_target_vars": [synapses.variables[n] for n in summands],
            "_target_size_name": target_size_name,
            "_index_var": synapses.variables[index_var],
        }
        super().__init__(
            synapses,
            "sums",
            code="\n".join(f"_summand_{k} = {e}" for k, e in enumerate(summands.values())),
            needed_variables=[*summands, target_size_name, index_var],
            clock=target.clock,
            when="groups",
            name=f"{synapses.name}_sums",
            template_kwds=keywords,
        )
