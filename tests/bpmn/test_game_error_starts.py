"""Event sub-processes with an error start: which error reaches them, what they cancel, where their own errors go.

Source: BPMN 2.0.2, 10.5.6 and 13.5.4.
"""

from __future__ import annotations

import pytest

from engine.bpmn.check import check
from engine.bpmn.effects import ItemWithdrawn, StepFailed
from engine.bpmn.stimuli import CallFailed
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def handler(diagram: Diagram, id: str, error: str, *, throws: str | None = None) -> Diagram:
    """An event sub-process with one task that catches `error`, and may end with an error itself."""
    with diagram.event_subprocess(id):
        diagram.start(f"{id}_start", error=error).user(f"{id}_task")
        diagram.end(f"{id}_end", **({"error": throws} if throws else {}))
        diagram.flow(f"{id}_start > {id}_task > {id}_end")
    return diagram


def throwing(**handlers: str) -> Diagram:
    """A process in which one branch throws `flood` while another works, with handlers by code."""
    diagram = Diagram().start().parallel("fork").user("a", "b").end("thrown", error="flood").end("out")
    for id, error in handlers.items():
        handler(diagram, id, error)
    return diagram.flow("start > fork > a > thrown", "fork > b > out")


def test_error_start_takes_over_its_scope_and_ends_it():
    """The rest of the scope is cancelled, the handler runs, and its end is the end."""
    course = Course(throwing(h="flood"))
    assert course.open == ["a", "b"]
    assert course.complete("a").open == ["h_task"]
    assert len(course.told(ItemWithdrawn)) == 1
    assert course.complete("h_task").outcome == "completed"


def test_error_start_that_is_never_reached_holds_nothing():
    """Without an error the handler is no reason to stay open."""
    diagram = handler(Diagram().start().user("a").end().flow("start > a > end"), "h", "flood")
    assert Course(diagram).complete("a").outcome == "completed"


def test_error_start_that_names_the_code_comes_before_one_for_any():
    """As on borders; an error that no start names goes to the one for any, or ends the instance."""
    assert Course(throwing(every="", named="flood")).complete("a").open == ["named_task"]
    assert Course(throwing(every="", other="fire")).complete("a").open == ["every_task"]
    assert Course(throwing(other="fire")).complete("a").outcome == "error"


def in_subprocess(*, throws: str | None = None, **multi: object) -> Diagram:
    """A sub-process with a handler inside, a border that catches the same error, and work after it."""
    diagram = Diagram().start().user("after", "by_edge").end()
    with diagram.subprocess("sub", **multi):
        diagram.start("in").user("a").end("thrown", error="flood").flow("in > a > thrown")
        handler(diagram, "h", "flood", throws=throws)
    return diagram.boundary("edge", "sub", error="").flow("start > sub > after > end", "edge > by_edge")


def test_error_start_inside_comes_before_the_border_around():
    """The handler of the scope is nearer than the border; when it is done the sub-process goes on as usual."""
    course = Course(in_subprocess()).complete("a")
    assert course.open == ["h_task"]
    assert course.complete("h_task").open == ["after"]


def test_error_out_of_a_handler_leaves_the_scope_it_handles():
    """A handler does not catch its own error, which goes to the border around."""
    assert Course(in_subprocess(throws="flood")).complete("a", "h_task").open == ["by_edge"]


def test_error_start_in_a_leg_takes_over_that_leg_alone():
    """The other departments work on."""
    course = Course(in_subprocess(times="2"))
    course.complete(course.open[0])
    handling, working = sorted(course.open, key=lambda place: "h_task" not in place)
    assert "h_task" in handling
    assert "h_task" not in working
    course.complete(handling).complete(working)
    assert "h_task" in course.open[0]
    assert course.complete(course.open[0]).open == ["after"]


def test_error_from_beside_a_handler_that_does_not_interrupt_is_caught():
    """A message handler runs beside the work, so an error in it is an error in the scope."""
    diagram = handler(Diagram().start().user("a").end().flow("start > a > end"), "h", "flood")
    with diagram.event_subprocess("news"):
        diagram.start("n", message="news", interrupting=False).end("bad", error="flood").flow("n > bad")
    assert Course(diagram).message("n").open == ["h_task"]


def test_error_out_of_an_interrupting_handler_finds_the_others_gone():
    """What interrupted the scope disarmed every other handler in it."""
    diagram = handler(Diagram().start().user("a").end().flow("start > a > end"), "h", "flood")
    with diagram.event_subprocess("stop"):
        diagram.start("n", message="stop").end("bad", error="flood").flow("n > bad")
    assert Course(diagram).message("n").outcome == "error"


def test_error_of_an_operation_a_call_and_a_person_reaches_the_start():
    """Whoever goes wrong with a code is handled by the scope; without a handler it is repaired where it is."""
    for draw, gone_wrong in (
        (lambda d: d.service("w"), lambda c: c.fail("w", "flood")),
        (lambda d: d.call("w", "other"), lambda c: c.step(CallFailed(c.wait("w"), "flood"))),
        (lambda d: d.user("w"), lambda c: c.throw("w", "flood")),
    ):
        diagram = draw(Diagram().start()).user("beside").end().flow("start > w > end", "start > beside")
        assert gone_wrong(Course(handler(diagram, "h", "flood"))).open == ["h_task"]
    other = handler(Diagram().start().service("w").end().flow("start > w > end"), "h", "fire")
    assert len(Course(other).fail("w", "flood").told(StepFailed)) == 1


def test_error_start_outside_an_event_subprocess_is_asked_about():
    """No error can start a process: a message of the start's name is proposed."""
    (asked,) = Diagram().start(error="flood").end().flow("start > end").reading().questions
    assert (asked.rule, asked.element) == ("start.thrown", "start")


def test_error_start_that_does_not_interrupt_is_proposed_to_interrupt():
    """An error always interrupts, whatever the drawing says of it."""
    diagram = Diagram().start().user("a").flow("start > a")
    with diagram.event_subprocess("h"):
        diagram.start("s", error="flood", interrupting=False).end("e").flow("s > e")
    assert [finding.rule for finding in diagram.reading().findings] == ["error.not_interrupting"]
    assert diagram.net().node("s").interrupting


def test_error_start_is_nothing_the_second_reader_can_read():
    """It takes the start for one without a trigger, which is its fault and no difference of ours."""
    report = check(throwing(h="flood").xml().encode())
    assert (report.grade, report.opinion.verdict) == ("runs", "cannot")
