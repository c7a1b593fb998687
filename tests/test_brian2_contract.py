"""What this package takes for granted in Brian2 beyond its documentation.

Each function of `brian2_nmda.brian.internals` is held against Brian2 alone. A test that fails with a new
Brian2 names the one function to mend.
"""

import ast
import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from brian2 import (
    Clock,
    Hz,
    Network,
    NeuronGroup,
    PoissonInput,
    SpikeGeneratorGroup,
    StateMonitor,
    Synapses,
    defaultclock,
    mM,
    ms,
    network_operation,
    prefs,
    run,
    siemens,
    volt,
)
from brian2.codegen.templates import Templater
from brian2.core.variables import Subexpression
from brian2.devices.device import get_device
from brian2.equations.equations import Expression
from brian2.groups.group import CodeRunner
from brian2.synapses.synapses import SynapticPathway
from brian2.utils.logger import catch_logs

from brian2_nmda import ModelError
from brian2_nmda.brian import internals
from brian2_nmda.symbolic.expressions import base_powers


@pytest.fixture
def pair():
    """Sources that spike at 1 ms, targets, and synapses from one to the other."""
    source = SpikeGeneratorGroup(2, [0, 1], [1, 1] * ms)
    target = NeuronGroup(3, "x : 1\ny : 1\nz : 1 (shared)")
    synapses = Synapses(source, target, "w : 1", on_pre="x_post += w", on_post={})
    return source, target, synapses


def all_pairs(synapses):
    synapses.connect()
    synapses.w = 1
    return synapses


# -- variables ---------------------------------------------------------------------------------


def test_read_and_write(pair):
    _, target, _ = pair
    internals.write(target, "x", np.array([1.0, 2.0, 3.0]))
    assert list(target.x) == [1, 2, 3]
    internals.read(target, "x")[1] = 5  # what is stored, not a copy
    assert target.x[1] == 5


def test_value_of_and_set_value_of(pair):
    _, target, _ = pair
    variable = target.variables["x"]
    variable.read_only = True
    internals.set_value_of(variable, np.array([1.0, 2.0, 3.0]))  # also where the user may not
    assert list(target.x) == [1, 2, 3]
    internals.value_of(variable)[1] = 5  # what is stored, not a copy
    assert target.x[1] == 5


def test_base_powers():
    """Of the public API, but in the order of Brian2's own tuple."""
    assert base_powers((siemens / mM).dim) == (siemens / mM).dim._dims
    assert base_powers(volt.dim) == (2, 1, -3, -1, 0, 0, 0)


def test_write_one_delay_that_is_refused_to_the_user():
    group = NeuronGroup(1, "x : 1", threshold="x > 1")
    synapses = Synapses(group, group, on_pre="x += 1", delay=1 * ms)
    internals.write(synapses.pre, "delay", 0.002)
    assert float(synapses.pre.delay_[:].item()) == 0.002


def test_known_value(pair, on_target):
    _, target, _ = pair
    target.x = 2
    assert list(internals.known_value(target.variables["x"])) == [2, 2, 2]
    group = NeuronGroup(1, "v = 1 : 1")
    assert isinstance(group.variables["v"], Subexpression)
    assert internals.known_value(group.variables["v"]) is None


def test_known_value_of_a_binary(on_target):
    on_target("cpp_standalone")
    group = NeuronGroup(2, "x : 1")
    group.x = [1, 2]
    assert list(internals.known_value(group.variables["x"])) == [1, 2]
    group.x = "rand()"
    assert internals.known_value(group.variables["x"]) is None


def test_array_in_binary(on_target):
    on_target("cpp_standalone", build_on_run=False)
    group = NeuronGroup(2, "x : 1", name="named")
    assert internals.array_in_binary(group.variables["x"]) == "_array_named_x"


def test_stop_in_binary(on_target):
    group = NeuronGroup(1, "x : 1")
    internals.stop_in_binary(group.variables["x"], 0.0, 2.0, "x is too large", "")
    on_target("cpp_standalone", build_on_run=False)
    group = NeuronGroup(1, "x : 1", name="held_within")
    internals.stop_in_binary(group.variables["x"], 0.0, 2.0, "x is too large", "mV")
    (kind, arguments) = get_device().main_queue[-1]
    assert kind == "insert_code" and "x is too large, found" in arguments
    assert "k < 1;" in arguments and "_array_held_within_x[k]" in arguments
    synapses = Synapses(group, group, "y : 1", name="held_too")
    internals.stop_in_binary(synapses.variables["y"], 0.0, 2.0, "y is too large", "mV")
    assert "for (const auto value : _dynamic_array_held_too_y)" in get_device().main_queue[-1][1]


def test_apply_arguments(on_target):
    internals.apply_arguments()  # where there is no binary, nothing
    on_target("cpp_standalone", build_on_run=False)
    internals.apply_arguments()
    assert get_device().main_queue[-1] == ("insert_code", "set_from_command_line(args);")
    length = len(get_device().main_queue)
    internals.apply_arguments()
    assert len(get_device().main_queue) == length and get_device().run_args_applied


def test_protect(pair):
    _, target, _ = pair
    internals.protect(target, "x")
    assert internals.is_protected(target, "x")
    with pytest.raises(TypeError, match="read-only"):
        target.x = 1
    internals.protect(target, "x", False)
    target.x = 1
    assert not internals.is_protected(target, "x")


def test_refer(pair):
    _, target, synapses = pair
    other = NeuronGroup(3, "a : 1\nb : 1 (shared)")
    other.a, other.b = [1, 2, 3], 4
    internals.refer(synapses, "a_there", other, "a", "_postsynaptic_idx")
    internals.refer(synapses, "b", other, index="0")
    internals.refer_one_to_one(target, "a_here", other, "a")
    all_pairs(synapses)
    assert list(synapses.a_there) == [1, 2, 3, 1, 2, 3]
    assert synapses.b == 4
    assert list(target.a_here) == [1, 2, 3]


def test_refer_by_an_index_of_the_synapses(pair):
    """As a synapse refers to its dendrite, also in statements at spikes."""
    source, target, _ = pair
    dendrites = NeuronGroup(2, "a : 1")
    synapses = Synapses(source, target, "dendrite : integer", on_pre="x_post += 1", name="with_dendrites")
    internals.refer(synapses, "a", dendrites, "a", "dendrite")
    synapses.connect()
    synapses.dendrite = [0, 1, 1, 0, 1, 1]
    dendrites.a = [10, 20]
    assert list(synapses.a) == [10, 20, 20, 10, 20, 20]


def test_index_name(pair):
    _, target, synapses = pair
    other = NeuronGroup(3, "a : 1")
    internals.refer(synapses, "a", other, index="_postsynaptic_idx")
    internals.refer_one_to_one(target, "a", other, "a")
    assert internals.index_name(synapses, "a") == "_postsynaptic_idx"
    assert internals.index_name(target, "a") == "_idx"


class _Named(internals.NamesOfModel, NeuronGroup):
    """The user wrote one of its names."""

    def _is_users(self, name):
        return name == "of_user"


def test_names_of_model():
    """Brian2 warns only of a name of the user's that stands for something else in the script, too."""
    group = _Named(1, "of_user : 1\nof_model : 1")
    group.run_regularly("of_user += 1; of_model += 1")
    with catch_logs() as logs:
        Network(group).run(0.1 * ms, namespace={"of_user": 5, "of_model": 5})
    (message,) = [text for _, name, text in logs if "resolution_conflict" in name]
    assert "of_user" in message and "of_model" not in message
    assert (group.of_user[0], group.of_model[0]) == (1, 1)


@pytest.mark.parametrize("level", [0, 1])
def test_set_in_scope(pair, level):
    _, target, _ = pair

    def caller():
        if level == 0:
            factor = 3  # noqa: F841
        internals.set_in_scope(target, "x", "factor*2", level)

    if level == 1:
        factor = 5  # noqa: F841
    caller()
    assert list(target.x) == [6 + 4 * level] * 3


def test_time_of_a_clock(pair):
    """A group refers to the time of another clock than its own."""
    _, target, _ = pair
    clock = Clock(0.2 * ms)
    internals.refer(target, "t_there", clock, "t")
    target.run_regularly("x = t_there/ms", when="end")
    Network(target).run(0.1 * ms)
    assert list(target.x) == [0, 0, 0]


def test_set_where(pair):
    _, target, _ = pair
    target.y = [0, 1, 2]
    internals.set_where(target, "x", "y > 0", 7.5)
    assert list(target.x) == [0, 7.5, 7.5]


# -- time --------------------------------------------------------------------------------------


def test_running_and_time_steps(pair):
    seen = []

    @network_operation(when="end")
    def look():
        seen.append((internals.running(), internals.time_step(defaultclock)))

    network = Network(look)
    assert not internals.running()
    network.run(0.3 * ms)
    assert seen == [(True, 0), (True, 1), (True, 2)]
    assert not internals.running() and internals.time_step(defaultclock) == 3


def test_outside_magic():
    """A run of the user's neither advances what is made inside nor is confused by it."""
    with pytest.raises(KeyError), internals.outside_magic():
        hidden = NeuronGroup(1, "dx/dt = 1/second : 1")
        raise KeyError  # afterwards all is as before
    seen = NeuronGroup(1, "dx/dt = 1/second : 1")
    run(1 * ms)
    assert hidden.x[0] == 0 and seen.x[0] == pytest.approx(1e-3)
    Network(hidden).run(1 * ms)
    assert hidden.x[0] == pytest.approx(1e-3)


def test_last_step(on_target):
    on_target("cpp_standalone", build_on_run=False)
    group = NeuronGroup(1, "x : 1")
    network = Network(group)
    network.run(0.3 * ms)
    network.run(0.2 * ms)
    assert internals.last_step(group.clock) == 5


# -- synapses ----------------------------------------------------------------------------------


def test_connected_and_pathways(pair):
    _, _, synapses = pair
    assert not internals.connected(synapses)
    synapses.connect()
    assert internals.connected(synapses)
    assert internals.has_pathway(synapses, "pre") and not internals.has_pathway(synapses, "post")


def test_list_of_pathways():
    group = NeuronGroup(1, "x : 1", threshold="x > 1")
    synapses = Synapses(group, group, on_pre={"pre": "x += 1", "later": "x += 2"}, on_post="x += 1")
    assert {p.name for p in internals.pathways(synapses)} == {
        synapses.pre.name,
        synapses.later.name,
        synapses.post.name,
    }


def test_adding_to(pair):
    source, target, synapses = pair
    other = Synapses(source, target[1:], on_pre="y += 2", name="adds_to_y")
    constant = PoissonInput(target, "x", 1, 1 * Hz, weight=1)
    reading = Synapses(source, target, "q : 1", on_pre="q = x_post", name="only_reads")
    found = set(internals.adding_to(target, ["x", "y"], apart_from=None))
    assert found == {(synapses.name, "x"), (other.name, "y"), (constant.name, "x")}
    assert reading.name not in {name for name, _ in found}
    assert (synapses.name, "x") not in set(internals.adding_to(target, ["x"], apart_from=synapses))


def test_orders_of_pathways():
    group = NeuronGroup(1, "x : 1", threshold="x > 1")
    synapses = Synapses(group, group, on_pre={"pre": "x += 1", "later": "x += 1"}, on_post="x += 1")
    assert (synapses.pre.order, synapses.later.order, synapses.post.order) == (-1, -1, 1)


def test_one_to_one(pair):
    source, target, _ = pair
    synapses = Synapses(source, target, on_pre="x_post = rand()", name="ones")
    synapses.connect(j="i")
    assert not synapses.variables["_synaptic_post"].unique
    internals.one_to_one(synapses)
    assert synapses.variables["_synaptic_post"].unique
    Network(source, target, synapses).run(2 * ms)  # without a warning that the order matters
    assert 0 < target.x[0] < 1 and target.x[2] == 0


def test_statements_of_a_pathway(pair):
    source, target, synapses = pair
    all_pairs(synapses)
    network = Network(source, target, synapses)
    assert internals.statements(synapses.pre) == "x_post += w"
    network.run(0.5 * ms)
    internals.set_statements(synapses.pre, "x_post += 10*w")
    network.run(1 * ms)
    assert list(target.x) == [20, 20, 20]


def test_statements_that_run_regularly(pair):
    _, target, _ = pair
    runner = target.run_regularly("x += 1")
    network = Network(target)
    network.run(0.2 * ms)
    internals.set_statements(runner, "x += 10")
    network.run(0.2 * ms)
    assert internals.statements(runner) == "x += 10" and list(target.x) == [22, 22, 22]


def test_summed_updaters(pair):
    source, target, _ = pair
    synapses = Synapses(source, target, "y_post = 2.0 : 1 (summed)", name="summing")
    (updater,) = internals.summed_updaters(synapses)
    assert updater.order == target.order - 1
    assert updater in synapses.contained_objects


def test_sum_over_synapses(pair):
    source, target, synapses = pair
    totals = NeuronGroup(3, "total : 1")
    internals.refer(synapses, "total", totals, "total", "_postsynaptic_idx")
    internals.refer(synapses, "n_totals", totals, "N", "0")
    updater = internals.sum_over_synapses(synapses, Expression("3*w"), "total", totals, "n_totals")
    internals.contain(synapses, [updater, totals])
    all_pairs(synapses)
    Network(source, target, synapses).run(0.1 * ms)
    assert list(totals.total) == [6, 6, 6]


class _Counting(internals.SynapsesOfModel):
    """Counts in long whole numbers, adds a variable, and keeps a number beside its variables."""

    beside = 0

    def _own_types(self):
        return {"count": np.int64}

    def _add_own_variables(self):
        internals.add_array(self, "added", 2, np.int32)

    def _stored_beside(self):
        return self.beside

    def _restore_beside(self, stored):
        self.beside = stored


def test_synapses_of_model(pair):
    source, target, _ = pair
    plain = internals.SynapsesOfModel(source, target, "count : integer", name="plain")
    assert plain.variables["count"].dtype == np.int32
    synapses = _Counting(
        source, target, "count : integer\nother : integer", on_pre="count += 1", name="counting"
    )
    synapses.connect(j="i")
    assert synapses.variables["count"].dtype == np.int64
    assert synapses.variables["other"].dtype == np.int32
    network = Network(source, target, synapses)
    synapses.beside = 3
    internals.write(synapses, "added", [1, 2])
    network.store()
    for _ in range(2):  # what is stored stays whole
        network.run(2 * ms)
        synapses.beside = 4
        internals.write(synapses, "added", [0, 0])
        assert list(synapses.count) == [1, 1]
        network.restore()
        assert list(synapses.count) == [0, 0] and synapses.beside == 3
        assert list(internals.read(synapses, "added")) == [1, 2]


def test_contain(pair):
    source, target, synapses = pair
    helper = NeuronGroup(1, "dx/dt = 1/second : 1")
    internals.contain(synapses, [helper])
    all_pairs(synapses)
    Network(source, target, synapses).run(1 * ms)
    assert helper.x[0] == pytest.approx(1e-3)


# -- what is compiled --------------------------------------------------------------------------


def test_templates(pair):
    internals.add_templates("brian2_nmda.brian")
    templater = internals.CPPStandaloneCodeObject.templater
    assert isinstance(templater, Templater) and "brian2_nmda.brian" in templater.package_names
    internals.add_templates("brian2_nmda.brian")
    assert internals.CPPStandaloneCodeObject.templater is templater  # known already
    numpy = internals.NumpyCodeObject.templater
    assert "brian2_nmda.brian" in numpy.package_names
    for name in ("independent_stateupdate", "independent_events", "sent_by_gate", "sums"):
        assert callable(getattr(templater, name))
    _, _, synapses = pair
    assert synapses.pre.template == "synapses" and synapses.pre.template_kwds == {"pathway": synapses.pre}
    internals.use_template(synapses.pre, "sent_by_gate", driver=synapses)
    assert synapses.pre.template == "sent_by_gate"
    assert synapses.pre.template_kwds == {"pathway": synapses.pre, "driver": synapses}


def test_on_numpy(on_target):
    assert internals.on_numpy()
    on_target("cpp_standalone", build_on_run=False)
    assert not internals.on_numpy()


def test_compiler_name(monkeypatch):
    assert internals.compiler_name() in ("unix", "msvc")
    monkeypatch.setitem(prefs, "codegen.cpp.compiler", "unix")
    assert internals.compiler_name() == "unix"


def test_declare_to_device(on_target):
    on_target("cpp_standalone", build_on_run=False)
    group = NeuronGroup(1, "x : 1", threshold="x > 1")
    synapses = Synapses(group, group, on_pre="x += 1")
    internals.declare_to_device(synapses)
    assert synapses in get_device().synapses


def test_run_after(pair, on_target):
    _, target, _ = pair
    runner = CodeRunner(target, "stateupdate", code="x += 1")
    runner.before_run({})
    internals.run_after(runner.codeobj)
    assert list(target.x) == [1, 1, 1]
    on_target("cpp_standalone", build_on_run=False)
    target = NeuronGroup(1, "x : 1")
    runner = CodeRunner(target, "stateupdate", code="x += 1")
    runner.before_run({})
    internals.run_after(runner.codeobj)
    assert get_device().main_queue[-1] == ("run_code_object", (runner.codeobj,))


def test_code_of_a_runner(pair):
    """It is made for each run anew, and may be run elsewhere than at the steps of its object."""
    _, target, _ = pair
    runner = CodeRunner(target, "stateupdate", code="x += 1")
    assert internals.code_of(runner) is None and not internals.has_code(runner)

    class Twice(CodeRunner):
        def before_run(self, run_namespace):
            super().before_run(run_namespace)
            made.append(internals.make_code(runner, run_namespace))
            internals.replace_code(self, [*self.code_objects, made[-1]])

    made = []
    network = Network(target, Twice(target, "stateupdate", code="y += 1", name="twice"))
    network.run(0.2 * ms)
    assert list(target.x) == list(target.y) == [2, 2, 2]
    assert internals.has_code(runner) and made[0] == internals.code_of(runner)
    internals.code_of(runner)()
    assert list(target.x) == [3, 3, 3]


def test_drop_code(pair):
    _, target, _ = pair

    class OnlyAfter(CodeRunner):
        def before_run(self, run_namespace):
            super().before_run(run_namespace)
            internals.drop_code(self)

    runner = OnlyAfter(target, "stateupdate", code="x += 1")
    Network(target, runner).run(0.2 * ms)
    assert not internals.has_code(runner) and list(target.x) == [0, 0, 0]
    internals.code_of(runner)()
    assert list(target.x) == [1, 1, 1]


class _Own(internals.OwnCode, SynapticPathway):
    """Runs its statements, but no queue."""

    made = 0

    def prepare_code(self, run_namespace):
        self.made += 1
        if self.made == 1:
            super().prepare_code(run_namespace)
        else:
            internals.replace_code(self, [internals.make_default_code(self, run_namespace)])


def test_own_code_of_a_pathway(pair):
    """The class of a pathway that Brian2 has made may be changed; its first code is what Brian2 makes."""
    source, target, synapses = pair
    all_pairs(synapses)
    synapses.pre.__class__ = _Own
    network = Network(source, target, synapses)
    network.run(0.5 * ms)
    assert synapses.pre.made == 1 and len(synapses.pre.code_objects) == 2  # the queue and the statements
    network.run(1 * ms)
    assert synapses.pre.made == 2 and len(synapses.pre.code_objects) == 1
    assert list(target.x) == [0, 0, 0]  # nothing has told of the spikes


def test_keep_code_of(pair):
    _, target, _ = pair
    runner = target.run_regularly("x += 1")
    network = Network(target)
    steps = []

    def step(which):
        steps.append(float(which.clock.dt))
        return steps[-1]

    internals.keep_code_of(runner, step)  # has none yet
    network.run(0.1 * ms)
    first = internals.code_of(runner)
    assert steps == []
    for _ in range(2):  # the second time it is kept already
        internals.keep_code_of(runner, step)
    network.run(0.1 * ms)
    assert internals.code_of(runner) is first and len(steps) == 2
    runner.clock.dt = 0.2 * ms
    network.run(0.2 * ms)
    assert internals.code_of(runner) is not first
    runner.clock.dt = 0.1 * ms
    network.run(0.1 * ms)
    assert internals.code_of(runner) is first and list(target.x) == [4, 4, 4]


def test_state_updaters():
    assert {"euler", "exact", "integrating_factor", "brainpy_dyn"} <= set(internals.state_updaters())


def test_stored_as(pair):
    _, target, synapses = pair
    assert internals.stored_as(target, "x") == f"{target.name}.x"
    assert internals.stored_as(synapses, "x_post") == f"{target.name}.x"
    assert internals.stored_as(target, "nothing") is None
    view = target.x
    assert internals.stored_as(target, "x") == f"{view.group_name}.{view.name}"


def test_check_text(pair, on_target):
    """Text is shown to the check, then read by Brian2 with the names of its caller."""
    synapses = all_pairs(pair[2])
    seen, number_of_mine = [], 4
    internals.check_text(synapses.w, seen.append)["j > 0"] = "number_of_mine*j"
    assert seen == ["j > 0", "number_of_mine*j"] and number_of_mine
    assert list(internals.check_text(synapses.w, seen.append)["i == 0"]) == [1, 4, 8]
    assert internals.check_text(3, seen.append) == 3
    view = internals.check_text(synapses.w, seen.append, of_delays=True)
    assert view in {view}
    on_target("cpp_standalone")
    with pytest.raises(ModelError, match="run_args cannot set a delay"):
        hash(view)  # as for a key of run_args


# -- words for what Brian2 refuses ----------------------------------------------------------------


def test_advise_on_unknown_names(pair, monkeypatch):
    """Only the words of the error change; names in a string are still those of the caller."""
    _, target, _ = pair
    monkeypatch.setattr(NeuronGroup, "__setattr__", NeuronGroup.__setattr__)  # to be put back
    internals.advise_on_unknown_names(lambda group, name: f"{name} of {group.N}" if name == "q" else None)
    with pytest.raises(AttributeError, match="q of 3"):
        target.q = 1
    with pytest.raises(AttributeError, match="Could not find a state variable"):
        target.r = 1
    number_of_mine = 2
    target.x = "number_of_mine*i"
    assert list(target.x) == [0, 2, 4] and number_of_mine


def test_advise_on_recording(pair, monkeypatch):
    _, target, _ = pair
    monkeypatch.setattr(StateMonitor, "__init__", StateMonitor.__init__)
    internals.advise_on_recording(lambda group, name: f"{name} of {group.N}" if name == "q" else None)
    with pytest.raises(ModelError, match="q of 3"):
        StateMonitor(target, ["x", "q"], record=True)
    with pytest.raises(KeyError):
        StateMonitor(target, "r", record=True)
    assert StateMonitor(target, "x", record=True, dt=1 * ms).record_variables == ["x"]


# -- monitors ----------------------------------------------------------------------------------


def test_monitors(pair):
    _, target, _ = pair
    monitor = StateMonitor(target, ["y", "x"], record=True)
    assert monitor in internals.monitors()
    assert set(internals.recorded(monitor, target)) == {"x", "y"}
    runner = CodeRunner(target, "stateupdate", code="x += 1")

    class BeforeTheMonitor(CodeRunner):
        def before_run(self, run_namespace):
            runner.before_run(run_namespace)
            internals.run_before(monitor, runner.code_objects[0])

    last = BeforeTheMonitor(target, "stateupdate", code="y = y", when="end", order=10)
    Network(target, monitor, last).run(0.3 * ms)
    assert list(monitor.x[0]) == [1, 2, 3]


def test_what_a_monitor_records(pair, on_target):
    """The numbers are known, in C++ standalone as an array of the binary, too."""
    _, target, _ = pair
    monitor = StateMonitor(target, "x", record=[1])
    assert list(internals.indices_of(monitor)) == [1]
    on_target("cpp_standalone", build_on_run=False)
    group = NeuronGroup(3, "x : 1")
    monitor = StateMonitor(group, "x", record=[0, 2])
    assert list(internals.indices_of(monitor)) == [0, 2]
    name = internals.indices_in_binary(monitor)
    assert name in get_device().arrays.values()


def test_others_that_refer(pair):
    source, _, synapses = pair
    monitor = StateMonitor(all_pairs(synapses), "w", record=[0])
    variables = [synapses.variables["w"]]
    assert not internals.others_that_refer(synapses, variables)
    onto = Synapses(source, synapses, on_pre="w_post += 1", name="onto")
    assert internals.others_that_refer(synapses, variables)
    assert {onto.name, monitor.name}


def test_before_the_statements_of_a_pathway(pair):
    """The queue then knows the events of the step, also without a delay; functions may stand for code."""
    source, target, synapses = pair
    all_pairs(synapses)
    seen = []

    class BeforeThePathway(CodeRunner):
        def before_run(self, run_namespace):
            look = internals.InPlaceOfCode(
                lambda: seen.append((list(internals.sources_now(synapses.pre)), float(target.x[0])))
            )
            internals.run_before_statements(synapses.pre, look)

    last = BeforeThePathway(target, "stateupdate", code="y = y", when="end", order=10)
    Network(source, target, synapses, last).run(1.2 * ms)
    assert seen[-2] == ([0, 1, 2, 3, 4, 5], 0.0) and seen[-1] == ([], 2.0)


def test_arrays_of_any_size(pair):
    _, target, _ = pair
    internals.add_array(target, "kept", 7, np.int32)
    internals.read(target, "kept")[:] = 4
    assert internals.read(target, "kept").tolist() == [4] * 7
    assert "kept" in target._full_state()


# -- methods of Brian2 that are overridden -----------------------------------------------------


@pytest.mark.parametrize(
    ("owner", "method", "parameters"),
    [
        (Synapses, "_create_variables", ["self", "equations", "user_dtype"]),
        (Synapses, "before_run", ["self", "run_namespace"]),
        (Synapses, "after_run", ["self"]),
        (Synapses, "state", ["self", "name", "use_units", "level"]),
        (Synapses, "__setattr__", ["self", "key", "value", "level"]),
        (Synapses, "check_variable_write", ["self", "variable"]),
        (Synapses, "_full_state", ["self"]),
        (Synapses, "_restore_from_full_state", ["self", "state"]),
        (SynapticPathway, "create_code_objects", ["self", "run_namespace"]),
        (SynapticPathway, "create_default_code_object", ["self", "run_namespace"]),
        (CodeRunner, "before_run", ["self", "run_namespace"]),
        (CodeRunner, "after_run", ["self"]),
    ],
)
def test_overridden(owner, method, parameters):
    assert list(inspect.signature(getattr(owner, method)).parameters) == parameters


def test_arguments_of_connect_and_run_regularly():
    connect = inspect.signature(Synapses.connect).parameters
    assert {"condition", "i", "j", "p", "n", "namespace", "level"} <= set(connect)
    regularly = inspect.signature(Synapses.run_regularly).parameters
    assert {"code", "dt", "clock", "when", "order"} <= set(regularly)


def test_every_function_is_held():
    """A new use of Brian2's internals comes with a test of its own."""
    here = Path(__file__).read_text()
    functions = [
        (n, "[(,]" if isinstance(f, type) else r"\(")  # a class may stand among the bases of another
        for n, f in vars(internals).items()
        if getattr(f, "__module__", "") == internals.__name__ and not n.startswith("_")
    ]
    assert functions and [n for n, end in functions if not re.search(rf"internals\.{n}{end}", here)] == []


#: Names of Brian2's that only `internals` may use, as attributes, by import or as methods to override.
PRIVATE = (
    "_dims",
    "get_array_name",
    "get_value",
    "set_value",
    "_synaptic_updaters",
    "_globally_running",
    "_connect_called",
    "_contained_objects",
    "_create_variables",
    "_full_state",
    "_i_end",
    "_resolve",
    "_restore_from_full_state",
    "_scope_current_key",
    "add_reference",
    "array_cache",
    "code_objects",
    "codeobj",
    "create_code_objects",
    "create_default_code_object",
    "get_compiler_and_args",
    "main_queue",
    "read_only",
    "stateupdaters",
    "templater",
    "unique",
)
#: The same for an attribute of an attribute, where the name alone says too little.
PRIVATE_OF = ("variables.indices",)


def private_names(text):
    """Names of `PRIVATE` and `PRIVATE_OF` that a text uses, imports, overrides; ``np.unique`` is NumPy's."""
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and not (
            isinstance(node.value, ast.Name) and node.value.id == "np"
        ):
            found.add(node.attr)
            if isinstance(node.value, ast.Attribute):
                found.add(f"{node.value.attr}.{node.attr}")
        elif isinstance(node, ast.ImportFrom):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.FunctionDef):
            found.add(node.name)
    return found & {*PRIVATE, *PRIVATE_OF}


def test_internals_are_used_in_one_module():
    package = Path(internals.__file__).parents[1]
    root = Path(__file__).parents[1]
    files = [*package.rglob("*.py"), *(root / "equations").rglob("*.py"), *(root / "examples").rglob("*.py")]
    used = {path: private_names(path.read_text()) for path in files}
    assert {path: found for path, found in used.items() if found}.keys() == {Path(internals.__file__)}


@pytest.mark.parametrize("name", PRIVATE)
def test_a_planted_use_is_found(name):
    assert private_names(f"def f(thing):\n    return thing.{name}") == {name}
    assert private_names(f"from brian2 import {name} as other") == {name}
    assert private_names(f"class A:\n    def {name}(self):\n        pass") == {name}
    assert private_names(f"np.{name}") == set()


@pytest.mark.parametrize("name", PRIVATE_OF)
def test_a_planted_use_of_a_part_is_found(name):
    assert private_names(f"thing.{name}") == {name}
    assert private_names(f"{name.split('.')[1]} = thing.{name.split('.')[1]}") == set()
