"""Errors in the token game: where a thrown error goes, what it cancels, and what happens when nobody catches it."""

from __future__ import annotations

import pytest

from engine.bpmn.effects import InstanceEnded, ItemWithdrawn, NodeLeft, StepFailed
from engine.bpmn.stimuli import OperationFailed
from engine.errors import Rejected
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def throwing(**borders: str) -> Diagram:
    """A sub-process in which one branch may throw `flood` while another works; `borders` catch, by code."""
    diagram = Diagram().start().user("after").end()
    with diagram.subprocess("sub"):
        diagram.start("in").parallel("fork").user("a", "b").end("thrown", error="flood").end("out")
        diagram.flow("in > fork > a > thrown", "fork > b > out")
    for id, code in borders.items():
        diagram.boundary(id, "sub", error=code).user(f"by_{id}").flow(f"{id} > by_{id}")
    return diagram.flow("start > sub > after > end")


def test_error_end_is_caught_on_the_border_of_its_subprocess():
    """The sub-process is cancelled with what runs beside the error; the token goes on from the border."""
    course = Course(throwing(edge="flood")).complete("a")
    assert course.open == ["by_edge"]
    assert len(course.told(ItemWithdrawn)) == 1
    assert course.complete("by_edge").outcome == "completed"


def test_error_is_caught_by_its_code_before_a_border_that_catches_all():
    """The border that names the code comes first wherever it is drawn; another code is not caught."""
    assert Course(throwing(every="", edge="flood")).complete("a").open == ["by_edge"]
    assert Course(throwing(edge="flood", every="")).complete("a").open == ["by_edge"]
    assert Course(throwing(other="fire", every="")).complete("a").open == ["by_every"]


def test_error_that_nobody_catches_ends_the_instance():
    """An uncaught error is an end with its code, and nothing stays open."""
    course = Course(throwing(other="fire")).complete("a")
    assert course.outcome == "error"
    assert course.told(InstanceEnded) == [InstanceEnded("error", "flood")]
    assert course.open == []


def test_error_goes_out_until_it_finds_a_border_that_catches_it():
    """The innermost catching border wins; everything between is cancelled."""
    diagram = Diagram().start().user("far", "near").end("e1", "e2", "e3")
    with diagram.subprocess("outer"):
        diagram.start("o1").parallel("fork").user("beside").end("o2", "o3")
        with diagram.subprocess("inner"):
            diagram.start("i1").user("a").exclusive("which").end("red", error="red").end("blue", error="blue")
            diagram.flow("i1 > a > which ?color == 'red'? red", "which ?*? blue")
        diagram.boundary("catches_red", "inner", error="red").user("red_work").end("o4")
        diagram.flow("catches_red > red_work > o4", "o1 > fork > inner > o2", "fork > beside > o3")
    diagram.boundary("outer_red", "outer", error="red").boundary("outer_blue", "outer", error="blue")
    diagram.flow("start > outer > e1", "outer_red > near > e2", "outer_blue > far > e3")
    assert Course(diagram).complete("a", color="red").open == ["beside", "red_work"]
    assert Course(diagram).complete("a", color="blue").open == ["far"]


def test_error_in_one_leg_cancels_the_whole_multi_instance():
    """The border sits on the activity, not on a leg (13.3.7)."""
    diagram = Diagram().start().user("after", "handled").end()
    with diagram.subprocess("leg", over="units", element="unit"):
        diagram.start("in").user("a").exclusive("gate").end("thrown", error="flood").end("out")
        diagram.flow("in > a > gate ?bad? thrown", "gate ?*? out")
    diagram.boundary("edge", "leg", error="flood").flow("start > leg > after > end", "edge > handled")
    course = Course(diagram, units=["x", "y", "z"]).complete("a[1]", bad=False).complete("a[2]", bad=True)
    assert course.open == ["handled"]
    assert course.state.scopes == course.state.bodies == {}


def test_error_end_in_an_event_subprocess_leaves_through_the_border_of_the_subprocess_around_it():
    """What handles an event inside a sub-process may give up on the whole sub-process."""
    diagram = Diagram().start().user("handled").end()
    with diagram.subprocess("sub"):
        diagram.start("in").user("a").end("out").flow("in > a > out")
        with diagram.event_subprocess("trouble"):
            diagram.start("t1", message="trouble", interrupting=False).user("look").end("give_up", error="flood")
            diagram.flow("t1 > look > give_up")
    diagram.boundary("edge", "sub", error="flood").flow("start > sub > end", "edge > handled")
    course = Course(diagram).message("t1").complete("look")
    assert course.open == ["handled"]
    assert {course.net.nodes[n.node].id for n in course.told(NodeLeft) if n.how == "cancelled"} == {
        "a",
        "sub",
        "trouble",
    }


def test_error_end_in_an_event_subprocess_of_the_instance_ends_it():
    """Without anything around it, the error is uncaught."""
    diagram = Diagram().start().user("a").end().flow("start > a > end")
    with diagram.event_subprocess("trouble"):
        diagram.start("t1", message="trouble").end("give_up", error="flood").flow("t1 > give_up")
    course = Course(diagram).message("t1")
    assert course.told(InstanceEnded) == [InstanceEnded("error", "flood")]


def test_person_ends_an_item_with_an_error():
    """What a border catches, a person may throw; the item is gone and the border's way is taken."""
    diagram = Diagram().start().user("a", "b").end("end").boundary("edge", "a", error="no_access")
    diagram.boundary("due", "a", timer="PT1H", interrupting=False).flow("start > a > end", "edge > b", "due > b")
    course = Course(diagram).throw("a", "no_access")
    assert course.open == ["b"]
    assert next((n.how, course.net.nodes[n.node].id) for n in course.told(NodeLeft)) == ("cancelled", "a")


def test_person_cannot_throw_an_error_that_nobody_catches():
    """A mistyped code does not end the instance; it is refused and the item stays."""
    diagram = Diagram().start().user("a", "b").boundary("edge", "a", error="no_access").flow("start > a", "edge > b")
    course = Course(diagram)
    with pytest.raises(Rejected) as refusal:
        course.throw("a", "typo")
    assert refusal.value.code == "game.error_uncaught"
    assert course.open == ["a"]


def test_person_throws_from_within_a_leg_to_the_border_further_out():
    """From a multi-instance task inside a sub-process, the innermost catching border wins and all legs go."""
    diagram = Diagram().start().user("handled").end()
    with diagram.subprocess("sub"):
        diagram.start("in").user("leg", times="3").end("out").flow("in > leg > out")
    diagram.boundary("edge", "sub", error="").flow("start > sub > end", "edge > handled")
    course = Course(diagram).throw("leg[2]", "anything")
    assert course.open == ["handled"]
    assert len(course.told(ItemWithdrawn)) == 2


def test_person_throws_at_a_border_of_the_multi_instance_task_itself():
    """The border of a multi-instance task catches what one leg throws, and cancels the others."""
    diagram = Diagram().start().user("leg", times="3").user("handled").end().boundary("edge", "leg", error="flood")
    course = Course(diagram.flow("start > leg > end", "edge > handled")).throw("leg[3]", "flood")
    assert course.open == ["handled"]
    assert course.state.bodies == {}


def test_operation_error_is_caught_on_its_border_and_disarms_the_others():
    """A registered operation that answers with a business error takes the drawn way."""
    diagram = Diagram().start().service("op").user("a", "b").boundary("edge", "op", error="not_found")
    diagram.boundary("due", "op", timer="PT1H").flow("start > op > a", "edge > b", "due > b")
    assert Course(diagram).fail("op", "not_found").open == ["b"]


@pytest.mark.parametrize(("error", "code"), [("other", "game.error_uncaught"), (None, "game.operation_failed")])
def test_operation_that_fails_uncaught_is_a_step_failure_and_asks_again(error, code):
    """The instance is not lost: the operator repairs and the operation is asked for again, its deadline running on."""
    diagram = Diagram().start().service("op").user("a", "b").boundary("edge", "op", error="not_found")
    diagram.boundary("due", "op", timer="PT1H").flow("start > op > a", "edge > b", "due > b")
    course = Course(diagram)
    due = course.wait("due")
    course.fail("op", error)
    assert course.told(StepFailed)[0].code == code
    assert course.open == ["due", "op"]
    course.retry("op", street="Long")
    assert (course.open, course.wait("due")) == (["due", "op"], due)
    assert course.succeed("op").open == ["a"]


def test_deadline_of_a_failed_operation_still_interrupts():
    """A step failure that nobody repairs does not stop the clock of its activity."""
    diagram = Diagram().start().service("op").user("a", "b").boundary("due", "op", timer="PT1H")
    course = Course(diagram.flow("start > op > a", "due > b")).fail("op").fire("due")
    assert course.open == ["b"]


def test_error_leaves_tokens_of_non_interrupting_borders_alone():
    """What a reminder started outside the sub-process goes on when the sub-process fails."""
    diagram = throwing(edge="flood").boundary("hint", "sub", message="hint", interrupting=False).user("remind")
    course = Course(diagram.flow("hint > remind")).message("hint").complete("a")
    assert course.open == ["by_edge", "remind"]


def test_code_and_text_of_what_was_caught_become_variables():
    """The event that catches may name a variable for each; they are written where it goes on."""
    diagram = Diagram().start().service("w").user("help", "more").flow("start > w", "b > help", "x > more")
    diagram.boundary("b", "w", error="flood").boundary("x", "w", interrupting=False, escalation="")
    diagram.caught("b", code="code", text="text").caught("x", code="late")
    course = Course(diagram)
    course.step(OperationFailed(course.wait("w"), "flood", "It rains"))
    assert course.variables == {"code": "flood", "text": "It rains"}
    diagram = Diagram().start().user("go").throw("t", escalation="late").user("a").flow("start > go > t > a")
    with diagram.event_subprocess("h"):
        diagram.start("s", interrupting=False, escalation="", message="mail").user("help").flow("s > help")
    diagram.caught("s", code="code")
    assert Course(diagram).complete("go").variables == {"code": "late"}
