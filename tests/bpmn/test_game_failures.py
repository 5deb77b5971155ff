"""Step failures in the token game: what cannot be carried out waits for repair at its node, and nothing is lost."""

from __future__ import annotations

import pytest

from engine.bpmn.effects import FailureCleared, ItemOpened, NodeEntered, StepFailed
from engine.errors import Rejected
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def test_step_failure_names_its_node_and_reason():
    """The operator reads where it stands and what was expected."""
    course = Course(
        Diagram().start().exclusive("gate").user("a", "b").flow("start > gate ?x > 1? a", "gate ?*? b"), x="y"
    )
    (failed,) = course.told(StepFailed)
    assert course.net.nodes[failed.node].id == "gate"
    assert failed.code == "expression.wrong_kind"
    assert failed.message.startswith("Expected")


def test_branches_beside_a_step_failure_go_on():
    """Only the token that failed waits."""
    diagram = Diagram().start().parallel("split", "join").catch("wait", timer="limit").user("a", "after")
    course = Course(diagram.flow("start > split > wait > join > after", "split > a > join"), limit="never").complete(
        "a"
    )
    assert course.open == ["wait"]
    course.retry("wait", limit="PT1H")
    assert course.told(FailureCleared)
    assert course.fire("wait").open == ["after"]


def test_step_failure_holds_an_inclusive_join():
    """A token that waits for repair can still come."""
    diagram = Diagram().start().inclusive("split", "join").catch("wait", timer="limit").user("a", "after")
    diagram.flow("start > split ?true? wait > join > after", "split ?true? a > join")
    course = Course(diagram, limit="never").complete("a")
    assert course.open == ["wait"]
    assert course.retry("wait", limit="PT1H").fire("wait").open == ["after"]


def test_retry_that_fails_again_waits_again():
    """A repair that repairs nothing is a new failure with the new reason; its variables stay."""
    diagram = Diagram().start().catch("wait", timer="limit").end().flow("start > wait > end")
    course = Course(diagram, limit="never").retry("wait", limit=3)
    assert course.open == ["wait"]
    assert course.variables == {"limit": 3}
    assert course.retry("wait", limit="PT1H").fire("wait").outcome == "completed"


def test_retry_enters_nothing_a_second_time():
    """A node that failed was entered; trying again is not entering again, so no clock starts twice."""
    diagram = Diagram().start().catch("wait", timer="limit").end().flow("start > wait > end")
    assert Course(diagram, limit="never").retry("wait", limit="PT1H").nodes(NodeEntered) == []


def test_repair_writes_where_the_failed_node_writes():
    """In a leg the repaired variables belong to the leg."""
    diagram = Diagram().start().user("after")
    with diagram.subprocess("leg", over="units", element="unit"):
        diagram.start("in").exclusive("gate").user("a", "b").flow("in > gate ?go == 1? a", "gate ?go == 2? b")
    course = Course(diagram.flow("start > leg > after"), units=["x", "y"], go=0).retry("gate[2]", go=2)
    assert course.open == ["b[2]", "gate[1]"]
    assert course.variables["go"] == 0


def test_subprocess_that_cannot_arm_its_handlers_is_parked_before_it_begins():
    """Nothing inside starts without the deadline that was drawn for it; cancelling it leaves nothing behind."""
    diagram = Diagram().start().user("after").end()
    with diagram.subprocess("sub"):
        diagram.start("in").user("a").end("out").flow("in > a > out")
        with diagram.event_subprocess("late"):
            diagram.start("l1", timer="limit").user("b").end("l2").flow("l1 > b > l2")
    diagram.flow("start > sub > after > end")
    course = Course(diagram, limit="soon")
    assert course.open == ["sub"]
    assert course.state.scopes == {}
    assert course.retry("sub", limit="PT1H").open == ["a", "l1"]
    assert Course(diagram, limit="soon").cancel().outcome == "cancelled"


def test_leg_that_cannot_begin_is_parked_alone():
    """Of three departments the one with bad data waits for repair; the others work."""
    diagram = Diagram().start().user("after").end()
    with diagram.subprocess("leg", over="units", element="unit"):
        diagram.start("in").user("a").end("out").flow("in > a > out")
        with diagram.event_subprocess("late"):
            diagram.start("l1", timer="unit.limit").user("b").end("l2").flow("l1 > b > l2")
    diagram.flow("start > leg > after > end")
    course = Course(diagram, units=[{"limit": "PT1H"}, {"limit": "soon"}])
    assert course.open == ["a[1]", "l1[1]", "leg[2]"]
    assert course.complete("a[1]").open == ["leg[2]"]
    assert course.retry("leg[2]", unit={"limit": "PT2H"}).open == ["a[2]", "l1[2]"]
    assert course.complete("a[2]").open == ["after"]
    assert Course(diagram, units=[{"limit": "soon"}]).cancel().outcome == "cancelled"


def test_call_in_a_leg_that_cannot_begin_is_parked_alone():
    """The same where the leg is a single activity."""
    diagram = Diagram().start().call("sub", "child", {"x": "unit.name + 1"}, over="units", element="unit").user("after")
    course = Course(diagram.flow("start > sub > after"), units=[{"name": 1}, {"name": "x"}])
    assert len(course.told(StepFailed)) == 1
    assert course.return_from("sub[1]").retry("sub[2]", unit={"name": 2}).return_from("sub[2]").open == ["after"]


def test_boundary_that_interrupts_takes_a_step_failure_inside_along():
    """A failure nobody repairs does not outlive the sub-process it is in."""
    diagram = Diagram().start().user("late").end()
    with diagram.subprocess("sub"):
        diagram.start("in").exclusive("gate").user("a").end("out").flow("in > gate ?false? a > out", "gate ?x? out")
    diagram.boundary("due", "sub", timer="PT1H").flow("start > sub > end", "due > late")
    course = Course(diagram, x=False)
    assert course.open == ["due", "gate"]
    assert course.fire("due").open == ["late"]
    assert len(course.told(FailureCleared)) == 1


def test_condition_that_yields_nothing_counts_as_false_and_other_kinds_fail():
    """Missing data decides for the default flow; text or a number is no answer to a condition."""
    diagram = Diagram().start().exclusive("gate").user("a", "b").flow("start > gate ?ok? a", "gate ?*? b")
    assert Course(diagram, ok=None).open == ["b"]
    for value in ("yes", 1, []):
        course = Course(diagram, ok=value)
        assert course.told(StepFailed)[0].code == "expression.not_boolean"
        assert course.retry("gate", ok=True).nodes(ItemOpened) == ["a"]


def test_bad_timer_of_an_instance_handler_refuses_the_start():
    """An instance whose own deadline cannot be armed does not begin, rather than begin without it."""
    diagram = Diagram().start().user("a").end().flow("start > a > end")
    with diagram.event_subprocess("late"):
        diagram.start("l1", timer="limit").user("b").end("l2").flow("l1 > b > l2")
    with pytest.raises(Rejected) as refusal:
        Course(diagram, limit="soon")
    assert refusal.value.code.startswith("expression.")
    assert Course(diagram, limit="PT1H").open == ["a", "l1"]
