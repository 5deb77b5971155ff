"""Conditional events: they happen when their condition is true on arming, or becomes true by a later step (10.5.6)."""

from __future__ import annotations

import pytest

from engine.bpmn.effects import ConditionArmed, ConditionDisarmed
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def beside(node: str) -> Diagram:
    """Two tasks to write variables with, beside a branch that begins with `node`."""
    return (
        Diagram().start().parallel("split").user("w1", "w2").flow("start > split > w1", "split > w2", f"split > {node}")
    )


def test_condition_that_holds_on_arming_happens_at_once():
    """A catch whose condition is true lets the token through in the same step."""
    diagram = Diagram().start().catch("k", condition="x > 1").user("a").flow("start > k > a")
    course = Course(diagram, x=2)
    assert course.open == ["a"]
    assert (len(course.told(ConditionArmed)), len(course.told(ConditionDisarmed))) == (1, 1)


def test_condition_that_becomes_true_happens_in_the_step_that_made_it_true():
    """It is looked at after each step, and a variable that is not there yet makes it false, not faulty."""
    diagram = beside("k").catch("k", condition="x > 1").user("a").flow("k > a")
    course = Course(diagram)
    assert course.open == ["k", "w1", "w2"]
    assert course.complete("w1", x=1).open == ["k", "w2"]
    assert course.complete("w2", x=2).open == ["a"]


def test_conditions_happen_one_at_a_time_oldest_first():
    """What the first one leads to can make the second one false again."""
    diagram = beside("k1").catch("k1", condition="x == 1").exclusive("end_it").throw("t")
    diagram.user("a").flow("k1 > a")
    with diagram.event_subprocess("h"):
        diagram.start("s", condition="x == 1").user("help").flow("s > help")
    course = Course(diagram).complete("w1", x=1)
    assert course.open == ["help"]  # the handler was armed before the catch, and what it cancels does not happen


@pytest.mark.parametrize("interrupting", [True, False])
def test_condition_boundary(interrupting):
    """An interrupting one ends its activity, another runs beside it."""
    diagram = beside("work").user("work", "late").boundary("b", "work", interrupting=interrupting, condition="x > 1")
    course = Course(diagram.flow("b > late")).complete("w1", x=2)
    assert course.open == (["late", "w2"] if interrupting else ["b", "late", "w2", "work"])


def test_condition_that_does_not_interrupt_happens_at_each_change_to_true():
    """While it stays true nothing happens again; false and true again is a new change (the edge)."""
    diagram = Diagram().start().parallel("split").user("w1", "w2", "w3", "w4", "work", "late")
    diagram.flow("start > split > work", *(f"split > w{n}" for n in range(1, 5)))
    diagram.boundary("b", "work", interrupting=False, condition="x > 1").flow("b > late")
    course = Course(diagram)
    lates = [course.complete(f"w{n}", x=x).open.count("late") for n, x in enumerate([2, 3, 0, 4], 1)]
    assert lates == [1, 1, 1, 2]


@pytest.mark.parametrize("interrupting", [True, False])
def test_condition_start_of_an_event_subprocess_two_levels_deep(interrupting):
    """It concerns the scope it is drawn in."""
    diagram = beside("outer")
    with diagram.subprocess("outer"):
        diagram.start("o").flow("o > inner > mid").user("mid")
        with diagram.subprocess("inner"):
            diagram.start("i").user("work").flow("i > work")
            with diagram.event_subprocess("h"):
                diagram.start("s", interrupting=interrupting, condition="x > 1").user("help").flow("s > help")
    course = Course(diagram).complete("w1", x=2)
    assert course.open == (["help", "w2"] if interrupting else ["help", "s", "w2", "work"])
    assert course.complete("help").open == (["mid", "w2"] if interrupting else ["s", "w2", "work"])


def test_condition_in_a_leg_sees_the_variables_of_the_leg():
    """What one leg writes makes only its own condition true."""
    diagram = Diagram().start().user("then").flow("start > legs > then")
    with diagram.subprocess("legs", over="[1, 2]", element="n"):
        diagram.start("i").parallel("split").user("write", "a").catch("k", condition="done and n > 0")
        diagram.flow("i > split > write", "split > k > a")
    course = Course(diagram).complete("write[2]", done=True)
    assert course.open == ["a[2]", "k[1]", "write[1]"]


def test_condition_boundary_of_legs_sees_what_the_legs_have_left():
    """The boundary of the whole looks at the variables around it."""
    diagram = Diagram().start().user("work", times="2").user("late").flow("start > work", "b > late")
    diagram.boundary("b", "work", condition="enough")
    assert Course(diagram).complete("work[1]", enough=True).open == ["late"]


def test_condition_is_disarmed_with_its_activity():
    """What was done in time never happens."""
    diagram = beside("work").user("work", "late").boundary("b", "work", condition="x > 1").flow("b > late")
    course = Course(diagram).complete("work")
    assert len(course.told(ConditionDisarmed)) == 1
    assert course.complete("w1", x=2).open == ["w2"]


def test_process_with_a_conditional_start_is_begun_by_hand():
    """Nothing looks at its condition before there is an instance."""
    diagram = Diagram().start("s", condition="x > 1").user("a").flow("s > a")
    assert Course(diagram).open == ["a"]
    assert [(f.rule, f.severity) for f in diagram.reading().findings] == [("start.conditional", "info")]
    both = Diagram().start().start("s", condition="x > 1").user("a", "b").flow("start > a", "s > b")
    assert Course(both).open == ["a"]
    assert Course(both, "s").open == ["b"]


def test_condition_that_was_written_by_a_broadcast_in_the_same_step():
    """The look comes when all has come to rest, so what a step leads to counts as a whole."""
    diagram = beside("k").catch("k", condition="x > 1").user("a").flow("k > a").catch("m", message="m")
    diagram.flow("split > m").user("b").flow("m > b")
    assert Course(diagram).message("m", x=5).open == ["a", "b", "w1", "w2"]
