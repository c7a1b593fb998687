"""What integrators say before it is text: what the Brian2 printer makes of it, executed by Brian2 itself."""

import brian2 as b2
import numpy as np
import pytest
import sympy

from brian2_nmda.lowering.integrators import update, update_code
from brian2_nmda.lowering.statements import Add, Assign, Brian2Printer, When
from brian2_nmda.symbolic.expressions import symbol

x, y = map(symbol, "xy")


@pytest.fixture(autouse=True)
def numpy_target():
    b2.prefs.codegen.target = "numpy"


def run(statements):
    """x and y of three elements that start with x = 0, 1, 2 and y = 10 after the statements."""
    group = b2.NeuronGroup(3, "x : 1\ny : 1")
    group.x, group.y = [0, 1, 2], 10
    group.run_regularly(Brian2Printer().text(statements))
    b2.Network(group).run(b2.defaultclock.dt)
    return np.array(group.x), np.array(group.y)


def test_assignments_happen_in_their_order():
    found = run([Assign("new", x + 1), Assign("y", symbol("new") * y), Add("x", y)])
    np.testing.assert_array_equal(found, [[10, 21, 32], [10, 20, 30]])


def test_a_condition_is_the_one_at_the_start():
    """The first statement makes the condition false where it was true; the second happens all the same."""
    found = run([When(sympy.Gt(x, 0), (Assign("x", -x), Add("y", x + 5)))])
    np.testing.assert_array_equal(found, [[0, -1, -2], [10, 14, 13]])


def test_a_condition_may_be_a_flag():
    found = run([Assign("late", 1 - sympy.Heaviside(x)), When(symbol("late"), (Assign("y", x + 3 - y),))])
    np.testing.assert_array_equal(found, [[0, 1, 2], [-7, 10, 10]])


def test_two_conditions_do_not_share_a_name():
    statements = [When(sympy.Gt(x, 1), (Add("y", x),)), When(sympy.Lt(x, 1), (Assign("y", -y),))]
    np.testing.assert_array_equal(run(statements)[1], [-10, 10, 12])


def test_the_text_of_an_integrator_is_that_of_its_statements():
    """A saturating gate, by an integrating factor: what a later printer is fed with is all there is."""
    rates = {"x": -x / 5, "y": x * (1 - y) - y / 100}
    statements = update(rates, [["x", "y"]])
    assert {type(s) for s in statements} == {Assign}
    assert [s.name for s in statements][-2:] == ["x", "y"]
    assert Brian2Printer().text(statements) == update_code(rates, [["x", "y"]])
