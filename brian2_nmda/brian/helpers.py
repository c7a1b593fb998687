"""Objects that belong to synapses: the user has not made them, and is told nothing about them."""

from abc import abstractmethod
from typing import Any, ClassVar
from weakref import proxy

from brian2.core.base import BrianObject
from brian2.groups.group import CodeRunner
from brian2.groups.neurongroup import NeuronGroup
from brian2.synapses.synapses import Synapses

from brian2_nmda.brian import schedule
from brian2_nmda.brian.internals import NamesOfModel, OwnCode, code_of, make_code, run_after


class _OfModel(NamesOfModel):
    """Without warnings of Brian2's that are about what a user writes or forgets.

    Names in the equations are those of the model, whatever the user's script calls by them; and an object
    that is deleted before it was in a network belonged to synapses that were refused.
    """

    def __del__(self) -> None:
        pass


class HelperGroup(_OfModel, NeuronGroup):
    """A `NeuronGroup` that stores what belongs to synapses."""


class HelperSynapses(_OfModel, Synapses):
    """Synapses that carry spikes to such a group."""


class InTemplate(OwnCode):
    """A runner of one template, which does other things at other times, the last at the end of a run."""

    template: ClassVar[str]
    #: What the template is told to do at the end of a run.
    at_end: ClassVar[str]
    finish: CodeRunner | None = None

    @abstractmethod
    def keywords(self, mode: str) -> dict[str, Any]:
        """What the template is told."""

    def runner(self, mode: str, name: str, **about: Any) -> CodeRunner:
        """What does a part of this at other times."""
        return CodeRunner(
            self.group,
            self.template,
            needed_variables=self.needed_variables,
            template_kwds=self.keywords(mode, **about),
            name=name,
        )

    def prepare_code(self, run_namespace: Any) -> None:
        """Make the code of the step, and of what ends a run."""
        self.template_kwds = self.keywords("step")
        super().prepare_code(run_namespace)
        self.finish = self.runner(self.at_end, f"{self.name}_finish")
        self.finish.before_run(run_namespace)

    def after_run(self) -> None:
        """Let the end of a run do its part."""
        super().after_run()
        if self.finish is not None:
            run_after(code_of(self.finish))


class PreparedLast(BrianObject):
    """Puts code in front of that of other objects, at the start of a run, when these have theirs."""

    def __init__(self, synapses: Synapses, name: str) -> None:
        super().__init__(when="end", order=schedule.MONITORS, name=name)
        self.synapses = proxy(synapses)
        self.runners: list[CodeRunner] = []

    def __del__(self) -> None:
        """Nothing: Brian2 would warn of an object that was in no network, which the user has not made."""

    def prepared(self, runner: CodeRunner, run_namespace: Any) -> Any:
        """The code of a runner, which this object keeps."""
        code = make_code(runner, run_namespace)
        self.runners.append(runner)
        return code
