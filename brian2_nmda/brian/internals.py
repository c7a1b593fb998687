"""Every use that this package makes of Brian2's internals, each a small function with a name.

What is here is no documented interface of Brian2, so a new version may change it:
``tests/test_brian2_contract.py`` holds each function against Brian2 and says which one no longer works.
"""

import re
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np
from brian2.codegen.codeobject import CodeObject
from brian2.codegen.cpp_prefs import get_compiler_and_args
from brian2.codegen.runtime.numpy_rt.numpy_rt import NumpyCodeObject
from brian2.core.base import BrianObject
from brian2.core.clocks import Clock
from brian2.core.network import Network
from brian2.core.variables import ArrayVariable, DynamicArrayVariable, VariableView
from brian2.devices.cpp_standalone.codeobject import CPPStandaloneCodeObject
from brian2.devices.cpp_standalone.device import CPPStandaloneDevice
from brian2.devices.device import RuntimeDevice, get_device
from brian2.equations.equations import Expression
from brian2.groups.group import CodeRunner, Group, VariableOwner
from brian2.groups.neurongroup import NeuronGroup
from brian2.groups.subgroup import Subgroup
from brian2.input.poissoninput import PoissonInput
from brian2.monitors.statemonitor import StateMonitor
from brian2.stateupdaters.base import StateUpdateMethod
from brian2.synapses.synapses import SummedVariableUpdater, Synapses, SynapticPathway

from brian2_nmda.symbolic.errors import ModelError

# -- variables ---------------------------------------------------------------------------------


def read(group: Any, name: str) -> np.ndarray:
    """The values of a variable without units; of what is stored, not a copy."""
    return group.variables[name].get_value()


def write(group: Any, name: str, value: Any) -> None:
    """Set a variable without units, also one that refuses it to the user, or has no synapse yet."""
    group.variables[name].set_value(value)


def value_of(variable: Any) -> np.ndarray:
    """Give the values of a variable object without units; relies on ``ArrayVariable.get_value``, no copy."""
    return variable.get_value()


def set_value_of(variable: Any, value: Any) -> None:
    """Set a variable object without units, whatever protects it; relies on ``ArrayVariable.set_value``."""
    variable.set_value(value)


def array_in_binary(variable: Any) -> str:
    """Name the vector of a variable in the source of C++ standalone; relies on ``device.get_array_name``."""
    return get_device().get_array_name(variable, access_data=False)


def known_value(var: Any) -> Any:
    """The value of a variable, or ``None`` where only the binary knows it."""
    if not isinstance(var, ArrayVariable):
        return None
    device = get_device()
    return var.get_value() if isinstance(device, RuntimeDevice) else device.array_cache.get(var)


def stored_as(group: Any, name: str) -> str | None:
    """The name of the array in which a group sees a variable, as the binary of C++ standalone calls it."""
    variable = group.variables.get(name)
    return f"{variable.owner.name}.{variable.name}" if isinstance(variable, ArrayVariable) else None


def stop_in_binary(variable: Any, low: float, high: float, message: str, unit: str) -> None:
    """Let C++ standalone stop before a run if a value that is stored is not within an interval."""
    device = get_device()
    if isinstance(device, RuntimeDevice) or not hasattr(device, "insert_code"):
        return
    if not isinstance(variable, ArrayVariable):  # an expression
        return
    array = array_in_binary(variable)
    if isinstance(variable, DynamicArrayVariable):
        each = f"for (const auto value : {array})"
    else:
        each = f"for (size_t k = 0; k < {variable.size}; k++) for (const auto value : {{{array}[k]}})"
    device.insert_code(
        "main",
        f"{each} if (!(value >= {low!r} && value <= {high!r})) "
        f'{{ std::cerr << "{message}, found " << value << " {unit}" << std::endl; std::exit(1); }}',
    )


def apply_arguments() -> None:
    """Let a binary take its arguments now, not when its first run begins, so that they can be checked."""
    device = get_device()
    if isinstance(device, CPPStandaloneDevice) and not device.run_args_applied:
        device.apply_run_args()


def protect(group: Any, name: str, protected: bool = True) -> None:
    """Refuse assignments by the user (and ``run_args``), or allow them again."""
    group.variables[name].read_only = protected


def is_protected(group: Any, name: str) -> bool:
    """Whether a variable refuses assignments."""
    return bool(getattr(group.variables[name], "read_only", False))


def refer(group: Any, name: str, to: Any, variable: str | None = None, index: str | None = None) -> None:
    """Let a group see a variable of another one under a name; ``index`` says which element."""
    group.variables.add_reference(name, to, variable, index=index)


def refer_one_to_one(group: Any, name: str, to: Any, variable: str) -> None:
    """Let element k of a group see element k of another group."""
    group.variables.add_reference(name, to, variable, index=group.variables.default_index)


def add_array(group: Any, name: str, size: int, dtype: Any) -> None:
    """Give a group an array without units that is not one value per element."""
    group.variables.add_array(name, size=size, dtype=dtype)


def set_in_scope(group: Any, name: str, value: Any, level: int = 0) -> None:
    """``group.name = value``, with the names in a string from ``level`` frames above the caller."""
    Group.__setattr__(group, name, value, level=level + 1)


def set_where(group: Any, name: str, condition: str, value: float) -> None:
    """Set a variable without units where a condition holds, also in C++ standalone."""
    view = getattr(group, name + "_")
    view.set_with_expression_conditional(condition, repr(value), run_namespace={}, check_units=False)


def index_name(group: Any, name: str) -> str:
    """Name the variable that says which element of a variable an element of the group has."""
    return str(group.variables.indices[name])


class NamesOfModel(Group):
    """A group in whose equations some names are not the user's; ``_is_users`` is its one hook.

    Brian2 warns of a name of the user's that hides a variable of the group.
    """

    def _is_users(self, name: str) -> bool:
        """Whether the user has written a name; none if a class says nothing else."""
        return False

    def _resolve(
        self, identifier: str, run_namespace: Any, user_identifier: bool = True, *args: Any, **kwargs: Any
    ) -> Any:
        user_identifier = user_identifier and self._is_users(identifier)
        return super()._resolve(identifier, run_namespace, user_identifier, *args, **kwargs)


class _CheckedView(VariableView):
    """A view that looks at text before Brian2 reads it."""

    _check: Callable[[str], None]

    def get_item(self, item: Any, level: int = 0, namespace: Any = None) -> Any:
        self._check_all(item)
        return super().get_item(item, level=level + 1, namespace=namespace)

    def set_item(self, item: Any, value: Any, level: int = 0, namespace: Any = None) -> None:
        self._check_all(item, value)
        super().set_item(item, value, level=level + 1, namespace=namespace)

    def _check_all(self, *given: Any) -> None:
        for text in given:
            if isinstance(text, str):
                self._check(text)


class _CheckedViewOfDelays(_CheckedView):
    """Brian2 calls a delay by another name in ``run_args`` than in the binary, which then knows of none."""

    def __hash__(self) -> int:
        if not isinstance(get_device(), RuntimeDevice):
            raise ModelError(
                f"'{self.group_name}': run_args cannot set a delay; set S.delay before the run and build the "
                "binary for each delay."
            )
        return super().__hash__()


def check_text(view: Any, check: Callable[[str], None], of_delays: bool = False) -> Any:
    """A view such as ``S.w`` that calls ``check`` with each text by which it is indexed or set."""
    if isinstance(view, VariableView):
        view.__class__ = _CheckedViewOfDelays if of_delays else _CheckedView
        view._check = check
    return view


# -- time --------------------------------------------------------------------------------------


def running() -> bool:
    """Whether a simulation runs at this moment."""
    return bool(Network._globally_running)


@contextmanager
def outside_magic() -> Iterator[None]:
    """Let no `run` of the user's find objects made inside; relies on the scope that each object is given."""
    scope = BrianObject._scope_current_key
    BrianObject._scope_current_key = -1
    try:
        yield
    finally:
        BrianObject._scope_current_key = scope


def time_step(clock: Clock) -> int:
    """The number of the present time step."""
    return round(float(np.asarray(clock.variables["t"].get_value()).item()) / float(clock.dt))


def last_step(clock: Clock) -> int:
    """The number of the time step in which the last ``run`` ends."""
    return clock._i_end


# -- synapses ----------------------------------------------------------------------------------


def connected(synapses: Synapses) -> bool:
    """Whether ``connect`` has been called."""
    return synapses._connect_called


def has_pathway(synapses: Synapses, name: str) -> bool:
    """Whether synapses have a pathway of this name."""
    return name in synapses._synaptic_updaters


def one_to_one(synapses: Synapses) -> None:
    """Promise that no two synapses have the same target, so that their order does not matter."""
    synapses.variables["_synaptic_post"].unique = True


def pathways(synapses: Synapses) -> list[SynapticPathway]:
    """The pathways of synapses."""
    return [getattr(synapses, name) for name in synapses._synaptic_updaters]


def sources_now(pathway: SynapticPathway) -> np.ndarray:
    """Sources whose events act in this time step through a one-to-one pathway, as elements of their group."""
    return pathway.spikes_start + np.unique(pathway.queue.peek())


def on_numpy() -> bool:
    """Whether code that is made now will run on NumPy."""
    return get_device().code_object_class() is NumpyCodeObject


def adding_to(base: Any, variables: Iterable[str], apart_from: Any) -> Iterator[tuple[str, str]]:
    """Objects of the user's that change variables of a group at events or by Poisson input."""
    variables = list(variables)
    for reference in list(PoissonInput.__instances__()):
        found = reference()
        if found is not None and _is_of(found._group, base) and found.target_var in variables:
            yield found.name, found.target_var
    for reference in list(Synapses.__instances__()):
        found = reference()
        if found is None or found is apart_from or not _is_of(found.target, base):
            continue
        for pathway in pathways(found):
            for name in variables:
                if re.search(rf"\b{name}(_post)?\s*[-+*/]?=(?!=)", statements(pathway)):
                    yield found.name, name


def _is_of(group: Any, base: Any) -> bool:
    """Whether a group is ``base`` or a subgroup of it."""
    # a subgroup knows its group by a weak reference only, so the groups themselves are not comparable
    whole = group.source if isinstance(group, Subgroup) else group
    try:
        return whole.variables is base.variables
    except ReferenceError:  # the group of an object that a script has left behind no longer exists
        return False


def set_statements(runner: CodeRunner, text: str) -> None:
    """Give a pathway, or what runs regularly, other statements from the next run on."""
    if isinstance(runner, SynapticPathway):
        runner.code = text
    else:
        runner.abstract_code = text


def statements(runner: CodeRunner) -> str:
    """The statements of a pathway, or of what runs regularly."""
    return runner.code if isinstance(runner, SynapticPathway) else runner.abstract_code


def summed_updaters(synapses: Synapses) -> Iterable[CodeRunner]:
    """What computes the variables of the synapses that are declared as ``(summed)``."""
    return synapses.summed_updaters.values()


def sum_over_synapses(
    synapses: Synapses,
    summand: Expression,
    variable: str,
    target: NeuronGroup,
    size: str,
    index: str = "_synaptic_post",
) -> CodeRunner:
    """What sums an expression over the synapses of each target, or of each element of another group.

    Parameters
    ----------
    variable : str
        Of the synapses, which refers to that of the target.
    size : str
        Variable of the synapses that holds the number of targets.
    index : str
        Variable of the synapses that holds the number of the target.
    """
    return SummedVariableUpdater(summand, variable, synapses, target, target_size_name=size, index_var=index)


class SynapsesOfModel(NamesOfModel, Synapses):
    """Synapses with variables of their own and with something beside these that `Network.store` keeps.

    The hooks are ``_own_types`` and ``_add_own_variables``, which ``Synapses.__init__`` calls, and
    ``_stored_beside`` and ``_restore_beside``.
    """

    def _own_types(self) -> dict[str, Any]:
        """Types of variables in the equations that are not the default one."""
        return {}

    def _add_own_variables(self) -> None:
        """Add variables that are not in the equations."""

    def _stored_beside(self) -> Any:
        """What is stored with the variables."""

    def _restore_beside(self, stored: Any) -> None:
        """Take it back, after the variables."""

    def _create_variables(self, equations: Any, user_dtype: Any = None) -> None:
        types = self._own_types()
        if types:
            user_dtype = {**(user_dtype or {}), **types}
        super()._create_variables(equations, user_dtype=user_dtype)
        self._add_own_variables()

    def _full_state(self) -> dict[str, Any]:
        state = super()._full_state()
        state["_sent"] = self._stored_beside()
        return state

    def _restore_from_full_state(self, state: dict[str, Any]) -> None:
        stored = state.pop("_sent")  # Brian2 takes each entry for a variable
        super()._restore_from_full_state(state)
        state["_sent"] = stored
        self._restore_beside(stored)


def contain(synapses: Synapses, helpers: Iterable[Any]) -> None:
    """Let a network that contains synapses contain their helpers as well."""
    synapses.contained_objects.extend(helpers)


# -- what is compiled --------------------------------------------------------------------------


def add_templates(package: str) -> None:
    """Let C++ standalone and NumPy look for templates in a package as well."""
    for kind in (CPPStandaloneCodeObject, NumpyCodeObject):
        if package not in kind.templater.package_names:
            kind.templater = kind.templater.derive(package)


def use_template(runner: CodeRunner, name: str, **keywords: Any) -> None:
    """Make the code of an object from another template."""
    runner.template = name
    if keywords:
        runner.template_kwds = {**(runner.template_kwds or {}), **keywords}


def compiler_name() -> str:
    """Name the kind of C++ compiler that Brian2 would call, ``unix`` or ``msvc``."""
    return str(get_compiler_and_args()[0])


def declare_to_device(synapses: Synapses) -> None:
    """C++ standalone declares the Synapses of a `Network`, but not those that they contain."""
    device = get_device()
    if hasattr(device, "synapses"):
        device.synapses.add(synapses)


def run_after(code_object: CodeObject) -> None:
    """Run code once now, or in C++ standalone after the present run of the binary."""
    device = get_device()
    if isinstance(device, RuntimeDevice):
        code_object()
    else:
        device.main_queue.append(("run_code_object", (code_object,)))


def code_of(runner: CodeRunner) -> Any:
    """Give what a runner was compiled to for the last run, or ``None``; relies on ``codeobj``."""
    return runner.codeobj


def has_code(thing: Any) -> bool:
    """Tell whether an object has code to run at each of its steps; relies on ``code_objects``."""
    return bool(len(thing.code_objects))


def replace_code(thing: Any, code: Iterable[Any]) -> None:
    """Let an object run other code at its steps, until the next run begins; relies on ``code_objects``."""
    thing.code_objects[:] = code


def drop_code(thing: Any) -> None:
    """Let an object run nothing at its steps, until the next run begins; its code can be run elsewhere."""
    replace_code(thing, [])


def make_code(runner: CodeRunner, run_namespace: Any) -> Any:
    """Compile what a runner does, outside a network; gives a weak reference to what it is compiled to."""
    runner.before_run(run_namespace)
    return runner.code_objects[0]


def make_default_code(runner: CodeRunner, run_namespace: Any) -> Any:
    """Compile the statements of a runner alone, of a pathway without its queue; gives a weak reference."""
    return weakref.proxy(runner.create_default_code_object(run_namespace))


class OwnCode(CodeRunner):
    """A runner that makes its code in another way than Brian2: ``prepare_code`` is its one hook."""

    def prepare_code(self, run_namespace: Any) -> None:
        """Make the code of the next run; as Brian2 does if a class says nothing else."""
        super().create_code_objects(run_namespace)

    def create_code_objects(self, run_namespace: Any) -> None:
        """As Brian2 calls it."""
        self.prepare_code(run_namespace)


def keep_code_of(runner: CodeRunner, key: Callable[[CodeRunner], Any]) -> None:
    """Let later runs use the code of a runner that has some, made once for each value of ``key(runner)``."""
    if has_code(runner) and "create_code_objects" not in vars(runner):
        runner.create_code_objects = _Kept(runner, key)  # type: ignore[method-assign]


class _Kept:
    """Stands for the method by which an object makes its code."""

    def __init__(self, runner: CodeRunner, key: Callable[[CodeRunner], Any]) -> None:
        self.runner = weakref.ref(runner)
        self.key = key
        self.create = type(runner).create_code_objects
        self.found = {key(runner): (runner.codeobj, list(runner.code_objects))}

    def __call__(self, run_namespace: Any) -> None:
        runner = self.runner()
        if runner is None:  # it calls this itself
            return
        key = self.key(runner)
        if key in self.found:
            runner.codeobj, runner.code_objects[:] = self.found[key]
        else:
            self.create(runner, run_namespace)
            self.found[key] = (runner.codeobj, list(runner.code_objects))


def state_updaters() -> Mapping[str, Any]:
    """The state updaters that Brian2 knows by a name."""
    return StateUpdateMethod.stateupdaters


# -- words for what Brian2 refuses ----------------------------------------------------------------


def advise_on_unknown_names(advice: Callable[[NeuronGroup, str], str | None]) -> None:
    """Let an error that a neuron group has no such variable say what ``advice(group, name)`` knows of it.

    A target is the user's own `NeuronGroup`, so this can only be told where Brian2 refuses the assignment.
    Nothing changes but the words of that error, and these only for groups of which the advice knows.
    """
    assign = NeuronGroup.__setattr__

    @wraps(assign)
    def assign_or_advise(self: NeuronGroup, key: str, value: Any, level: int = 0) -> None:
        try:
            assign(self, key, value, level=level + 1)
        except AttributeError as error:
            found = advice(self, key)
            if found is None:
                raise
            raise AttributeError(found) from error

    NeuronGroup.__setattr__ = assign_or_advise  # type: ignore[method-assign]


def advise_on_recording(advice: Callable[[Group, str], str | None]) -> None:
    """The same for what a `StateMonitor` cannot record: ``advice(group, name)`` of each of its names."""
    prepare = StateMonitor.__init__

    @wraps(prepare)
    def prepare_or_advise(self: StateMonitor, source: Group, variables: Any, *args: Any, **more: Any) -> None:
        try:
            prepare(self, source, variables, *args, **more)
        except (KeyError, TypeError) as error:
            names = [variables] if isinstance(variables, str) else list(variables)
            if isinstance(error, KeyError):  # one of them does not exist: not the others are to blame
                names = [n for n in names if n == error.args[0]]
            found = next(filter(None, (advice(source, n) for n in names)), None)
            if found is None:
                raise
            raise ModelError(found) from error

    StateMonitor.__init__ = prepare_or_advise  # type: ignore[method-assign]


# -- monitors ----------------------------------------------------------------------------------


def monitors() -> list[StateMonitor]:
    """All state monitors that exist."""
    found = (reference() for reference in StateMonitor.__instances__())
    return [m for m in found if m is not None]


def recorded(monitor: StateMonitor, group: Any) -> Iterator[str]:
    """Variables of a group that a monitor records."""
    for name, variable in group.variables.items():
        if monitor.variables.get(f"_source_{name}") is variable:
            yield name


def others_that_refer(synapses: Synapses, variables: Iterable[Any]) -> bool:
    """Whether objects other than synapses, their pathways and monitors have one of their variables.

    They may change it: other synapses onto these, or a group with a variable that is linked.
    """
    wanted = {id(v) for v in variables}
    # a runner has a proxy of its group
    own = {id(group.variables) for group in (synapses, *pathways(synapses))}
    for reference in list(VariableOwner.__instances__()):
        other = reference()
        known = None if isinstance(other, StateMonitor) else getattr(other, "variables", None)
        if known is not None and id(known) not in own and any(id(v) in wanted for v in known.values()):
            return True
    return False


def indices_of(monitor: StateMonitor) -> np.ndarray:
    """Elements that a monitor records."""
    return np.array(monitor.variables["_indices"].get_value())


def indices_in_binary(monitor: StateMonitor) -> str:
    """The array that holds them, as the binary of C++ standalone calls it."""
    return str(get_device().get_array_name(monitor.variables["_indices"], access_data=False))


def run_before_statements(pathway: SynapticPathway, code_object: Any) -> None:
    """Run code before the statements of a pathway, when its queue knows the events of the step."""
    pathway.code_objects.insert(len(pathway.code_objects) - 1, code_object)


class InPlaceOfCode:
    """A function that Brian2 calls as a code object, outside C++ standalone."""

    def __init__(self, function: Callable[[], None]) -> None:
        self.function = function

    def __call__(self) -> None:
        """Call it."""
        self.function()

    def before_run(self) -> None:
        """Nothing has to be prepared."""

    def after_run(self) -> None:
        """Nothing is left."""


def run_before(monitor: StateMonitor, code_object: CodeObject) -> None:
    """Run code before each recording of a monitor that has its own code."""
    monitor.code_objects.insert(0, code_object)
