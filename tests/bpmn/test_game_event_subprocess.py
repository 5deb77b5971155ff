"""Event sub-processes in the token game: armed with their scope, interrupting or beside it, at every depth."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.bpmn.effects import ItemWithdrawn, NodeLeft, StepFailed, SubscriptionClosed, TimerDisarmed
from tests.bpmn.course import NOON, Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def with_event(diagram: Diagram, *, interrupting: bool = True, id: str = "event", **event: str) -> Diagram:
    """An event sub-process with one task, drawn into the current scope."""
    with diagram.event_subprocess(id):
        diagram.start(f"{id}_start", interrupting=interrupting, **event).user(f"{id}_task").end(f"{id}_end")
        diagram.flow(f"{id}_start > {id}_task > {id}_end")
    return diagram


def order() -> Diagram:
    """Two tasks in a row."""
    return Diagram().start().user("a", "b").end().flow("start > a > b > end")


def test_event_subprocess_that_is_never_triggered_does_not_hold_the_instance():
    """An armed start is disarmed when its scope ends."""
    course = Course(with_event(order(), message="stand_down"))
    assert course.open == ["a", "event_start"]
    course.complete("a", "b")
    assert course.outcome == "completed"
    assert len(course.told(SubscriptionClosed)) == 1


def test_interrupting_event_subprocess_cancels_all_beside_it_and_ends_the_instance():
    """Standing down withdraws the work; the end of the handling is the end (bpmn.md 3, row 3)."""
    course = Course(with_event(order(), message="stand_down")).message("event_start", why="false alarm")
    assert course.open == ["event_task"]
    assert len(course.told(ItemWithdrawn)) == 1
    assert course.variables == {"why": "false alarm"}
    assert course.complete("event_task").outcome == "completed"


def test_interrupting_event_subprocess_disarms_the_others_of_its_scope():
    """After the scope was interrupted, its other handlers can no longer start."""
    diagram = with_event(with_event(order(), message="stop"), id="tick", timer="PT1H", interrupting=False)
    course = Course(diagram)
    assert course.open == ["a", "event_start", "tick_start"]
    assert course.message("event_start").open == ["event_task"]
    assert len(course.told(TimerDisarmed)) == 1


def test_interrupting_event_subprocess_takes_tokens_at_joins_along():
    """No token of the cancelled work is left to meet another later."""
    diagram = Diagram().start().parallel("fork", "meet").user("a", "b").end()
    with_event(diagram.flow("start > fork > a > meet > end", "fork > b > meet"), message="stop")
    course = Course(diagram).complete("a").message("event_start")
    assert course.open == ["event_task"]
    assert course.state.joins == {}
    assert course.complete("event_task").outcome == "completed"


def test_non_interrupting_event_subprocess_runs_beside_and_is_waited_for():
    """The instance is over when both the work and the handling are."""
    course = Course(with_event(order(), interrupting=False, message="level")).message("event_start")
    assert course.open == ["a", "event_start", "event_task"]
    course.complete("a", "b")
    assert course.outcome is None
    assert course.complete("event_task").outcome == "completed"


def test_non_interrupting_event_subprocess_starts_once_for_each_message():
    """Three messages are three handlings at the same time."""
    course = Course(with_event(order(), interrupting=False, message="level"))
    for level in (3, 2, 1):
        course.message("event_start", level=level)
    assert course.open == ["a", "event_start", *["event_task"] * 3]
    assert course.variables == {"level": 1}


def test_non_interrupting_event_subprocess_may_start_while_only_another_handling_runs():
    """The scope is open as long as anything in it is."""
    course = Course(with_event(order(), interrupting=False, message="level")).message("event_start").complete("a", "b")
    assert course.message("event_start").open == ["event_start", "event_task", "event_task"]
    assert course.complete("event_task", "event_task").outcome == "completed"


def test_timer_event_subprocess_fires_when_due_and_in_cycles_as_often_as_it_says():
    """R3/PT10M starts three handlings from the moment the scope began."""
    course = Course(with_event(order(), interrupting=False, cycle="R3/PT10M"))
    dues = []
    while "event_start" in course.open:
        dues.append(course.due("event_start") - NOON)
        course.fire("event_start")
    assert dues == [timedelta(minutes=10 * n) for n in (1, 2, 3)]
    assert course.open == ["a", *["event_task"] * 3]


def test_interrupting_timer_event_subprocess_fires_once():
    """A deadline on the whole instance."""
    assert Course(with_event(order(), timer="PT1H")).fire("event_start").open == ["event_task"]


def test_event_subprocess_in_a_subprocess_interrupts_only_that_one():
    """Its end is the end of the sub-process, and the flow after it goes on (bpmn.md 3, row 4)."""
    diagram = Diagram().start().parallel("fork", "meet").user("beside", "after").end()
    with diagram.subprocess("sub"):
        with_event(diagram.start("in").user("a").end("out").flow("in > a > out"), message="stop")
    course = Course(diagram.flow("start > fork > sub > meet > after > end", "fork > beside > meet"))
    course.message("event_start")
    assert course.open == ["beside", "event_task"]
    assert course.complete("event_task", "beside").open == ["after"]


def test_boundary_of_an_interrupted_subprocess_stays_armed():
    """The deadline is on the sub-process, which is not over while its event sub-process handles the event."""
    diagram = Diagram().start().user("late").end()
    with diagram.subprocess("sub"):
        with_event(diagram.start("in").user("a").end("out").flow("in > a > out"), message="stop")
    diagram.boundary("due", "sub", timer="PT1H").flow("start > sub > end", "due > late")
    course = Course(diagram).message("event_start")
    assert course.open == ["due", "event_task"]
    assert course.fire("due").open == ["late"]


def test_interrupting_event_subprocess_in_a_subprocess_in_a_leg_stays_in_its_leg():
    """Interrupting one department's inner work touches neither the rest of its leg nor the other legs."""
    diagram = Diagram().start().user("after").end()
    with diagram.subprocess("leg", over="units", element="unit"):
        diagram.start("in").parallel("fork", "meet").user("log", "sum").end("out")
        with diagram.subprocess("work"):
            with_event(diagram.start("w1").user("a").end("w2").flow("w1 > a > w2"), message="stop")
        diagram.flow("in > fork > work > meet > sum > out", "fork > log > meet")
    course = Course(diagram.flow("start > leg > after > end"), units=["x", "y"]).message("event_start[2]", why="fire")
    assert course.open == ["a[1]", "event_start[1]", "event_task[2]", "log[1]", "log[2]"]
    assert (course.seen("log[2]")["why"], "why" in course.seen("log[1]")) == ("fire", False)
    course.complete("event_task[2]", "log[2]", "sum[2]", "log[1]", "a[1]", "sum[1]")
    assert course.open == ["after"]


def test_interrupting_event_subprocess_of_a_leg_ends_that_leg_with_it():
    """The leg counts as done when its handling is, and the activity when all legs are."""
    diagram = Diagram().start().user("after").end()
    with diagram.subprocess("leg", over="units", element="unit", outputs=("found", "result")):
        with_event(diagram.start("in").user("a").end("out").flow("in > a > out"), message="stop")
    course = Course(diagram.flow("start > leg > after > end"), units=["x", "y"]).message("event_start[1]")
    course.complete("event_task[1]", result="stopped").complete("a[2]", result="done")
    assert course.open == ["after"]
    assert course.variables["found"] == ["stopped", "done"]


def test_event_subprocess_in_an_event_subprocess_lives_with_it():
    """A deadline on the handling is armed when the handling begins."""
    diagram = order()
    with diagram.event_subprocess("outer"):
        diagram.start("o1", message="level", interrupting=False).user("confirm").end("o2").flow("o1 > confirm > o2")
        with_event(diagram, timer="PT5M", id="late")
    course = Course(diagram)
    assert course.open == ["a", "o1"]
    assert course.message("o1").open == ["a", "confirm", "late_start", "o1"]
    assert course.fire("late_start").open == ["a", "late_task", "o1"]
    assert course.complete("late_task").open == ["a", "o1"]


def test_handler_that_cannot_arm_its_own_deadline_is_a_step_failure_to_repair():
    """A bad text inside the handling does not make the message that starts it bounce."""
    diagram = order()
    with diagram.event_subprocess("outer"):
        diagram.start("o1", message="level").user("confirm").end("o2").flow("o1 > confirm > o2")
        with_event(diagram, timer="limit", id="late")
    course = Course(diagram, limit="soon").message("o1")
    assert course.open == ["outer"]
    assert course.told(StepFailed)[0].code.startswith("expression.")
    assert course.retry("outer", limit="PT5M").open == ["confirm", "late_start"]
    assert course.complete("confirm").outcome == "completed"


def test_terminate_end_in_an_event_subprocess_ends_only_the_handling():
    """The work beside it goes on (13.5.6: a terminate end ends the sub-process it is in)."""
    diagram = order()
    with diagram.event_subprocess("event"):
        diagram.start("e1", message="m", interrupting=False).parallel("fork").user("x", "y").end("stop", terminate=True)
        diagram.end("e2").flow("e1 > fork > x > stop", "fork > y > e2")
    course = Course(diagram).message("e1").complete("x")
    assert course.open == ["a", "e1"]
    assert course.complete("a", "b").outcome == "completed"


def test_terminate_end_of_the_instance_takes_running_handlings_along():
    """Terminated is terminated."""
    diagram = Diagram().start().user("a").end(terminate=True).flow("start > a > end")
    course = Course(with_event(diagram, interrupting=False, message="m")).message("event_start").complete("a")
    assert course.outcome == "terminated"
    assert "event" in [course.net.nodes[left.node].id for left in course.told(NodeLeft)]


def test_running_handling_does_not_hold_an_inclusive_join_of_its_parent():
    """No flow leads from an event sub-process into the scope around it."""
    diagram = Diagram().start().inclusive("split", "join").user("a", "b", "after").end()
    diagram.flow("start > split ?true? a > join > after > end", "split ?true? b > join")
    course = Course(with_event(diagram, interrupting=False, message="m")).message("event_start").complete("a", "b")
    assert course.open == ["after", "event_start", "event_task"]


def test_event_subprocess_of_the_instance_arms_at_every_kind_of_start():
    """An instance that a message begins can be stood down like any other."""
    diagram = Diagram().start().start("other", message="go").user("a").end().flow("start > a > end", "other > a")
    assert Course(with_event(diagram, message="stop"), "other").open == ["a", "event_start"]
