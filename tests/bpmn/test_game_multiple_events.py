"""Multiple events: one of several triggers, or every one of them where it is parallel; a multiple throw throws all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.bpmn.effects import BroadcastSent, EscalationSent, MessageSent
from engine.bpmn.stimuli import BroadcastArrived, MessageArrived, TimerFired
from tests.bpmn.course import NOON, Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast

TRIGGERS = {"message": "mail", "signal": "flood", "timer": ["PT1H", "PT3H"], "condition": "x > 1"}


def waits(course: Course, node: str) -> list[int]:
    """The waits of one event, in the order of its parts."""
    return [wait for wait in course.state.waits if course.place(wait).split("[")[0] == node]


def happen(course: Course, wait: int) -> Course:
    """What a wait waits for happens."""
    what = course.state.waits[wait][0]
    stimulus = {1: TimerFired, 2: MessageArrived, 6: BroadcastArrived}[what]
    return course.step(stimulus(wait))


@pytest.mark.parametrize("part", [0, 1, 2, 3])
def test_multiple_catch_goes_on_with_the_first_that_happens(part):
    """Every trigger is waited for, one is enough, the rest is withdrawn."""
    course = Course(Diagram().start().catch("k", **TRIGGERS).user("a").flow("start > k > a"))
    armed = waits(course, "k")
    assert len(armed) == 5
    assert happen(course, armed[part]).open == ["a"]


def test_multiple_catch_knows_its_two_timers_apart():
    """Two timers on one event are two times (trap of the second reader: both were the first)."""
    course = Course(Diagram().start().catch("k", timer=["PT3H", "PT1H"]).user("a").flow("start > k > a"))
    assert [record[4][0] for record in course.state.waits.values()] == [
        int((NOON + timedelta(hours=hours)).timestamp() * 1_000_000) for hours in (3, 1)
    ]


def test_parallel_multiple_catch_needs_every_trigger():
    """The order does not matter, and a condition that is true has happened."""
    course = Course(Diagram().start().catch("k", every=True, **TRIGGERS).user("a").flow("start > k > a"), x=2)
    armed = waits(course, "k")
    assert len(armed) == 4
    for wait in reversed(armed[1:]):
        assert happen(course, wait).open == ["k"] * len(waits(course, "k"))
    assert happen(course, armed[0]).open == ["a"]


@pytest.mark.parametrize("interrupting", [True, False])
def test_multiple_boundary_takes_any_of_its_triggers(interrupting):
    """One that does not interrupt takes each of them, as often as it comes."""
    diagram = Diagram().start().user("work", "late").flow("start > work", "b > late")
    diagram.boundary("b", "work", interrupting=interrupting, message="mail", signal="flood")
    course = Course(diagram)
    first, second = waits(course, "b")
    happen(course, second)
    if interrupting:
        assert course.open == ["late"]
    else:
        happen(happen(course, second), first)
        assert course.open == ["b", "b", "late", "late", "late", "work"]


@pytest.mark.parametrize("interrupting", [True, False])
def test_parallel_multiple_boundary_takes_all_of_its_triggers(interrupting):
    """One that does not interrupt begins anew when all have happened."""
    diagram = Diagram().start().user("work", "late").flow("start > work", "b > late")
    diagram.boundary("b", "work", interrupting=interrupting, every=True, message="mail", signal="flood")
    course = Course(diagram)
    for rounds in range(1, 2 if interrupting else 4):
        first, second = waits(course, "b")
        assert happen(course, first).open.count("late") == rounds - 1
        assert happen(course, second).open.count("late") == rounds
    assert course.open == (["late"] if interrupting else ["b", "b", "late", "late", "late", "work"])


@pytest.mark.parametrize("interrupting", [True, False])
@pytest.mark.parametrize("every", [True, False])
def test_multiple_start_of_an_event_subprocess_in_legs(interrupting, every):
    """Each leg has its own handler with its own memory of what has happened."""
    diagram = Diagram().start().flow("start > legs")
    with diagram.subprocess("legs", times="2"):
        diagram.start("i").user("work").flow("i > work")
        with diagram.event_subprocess("h"):
            diagram.start("s", interrupting=interrupting, every=every, message="mail", signal="flood")
            diagram.user("help").flow("s > help")
    course = Course(diagram)
    one = [wait for wait in waits(course, "s") if course.place(wait) == "s[1]"]
    happen(course, one[0])
    assert ("help[1]" in course.open) is not every
    if every:
        happen(course, one[1])
    assert [place for place in course.open if place.startswith(("help", "work"))] == (
        ["help[1]", "work[2]"] if interrupting else ["help[1]", "work[1]", "work[2]"]
    )


def test_multiple_boundary_catches_errors_beside_what_it_waits_for():
    """An error or escalation is one of the triggers too."""
    for thrown, how in (("flood", lambda c: c.throw("work", "flood")), ("late", lambda c: c.escalate("work", "late"))):
        diagram = Diagram().start().user("work", "help").flow("start > work", "b > help")
        diagram.boundary("b", "work", error="flood", escalation="late", timer="PT1H")
        assert how(Course(diagram)).open == ["help"], thrown


def test_multiple_throw_throws_all_in_order():
    """Message, broadcast and escalation leave in the order of the drawing; at an end the token is consumed."""
    for draw in ("throw", "end"):
        diagram = getattr(Diagram().start(), draw)("t", signal=["s1", "s2"], escalation="late", message="mail")
        course = Course(diagram.flow("start > t"))
        told = [e for e in course.effects if isinstance(e, BroadcastSent | EscalationSent | MessageSent)]
        assert [getattr(each, "name", None) or getattr(each, "message", None) or each.code for each in told] == [
            "s1",
            "s2",
            "late",
            "mail",
        ]
        assert course.outcome == "completed"


def test_multiple_throw_that_interrupts_itself_is_thrown_to_its_end():
    """What caught the first part has cancelled the thrower: the message still leaves, the escalation does not."""
    diagram = Diagram().start().user("help", "never").flow("start > sub", "b > help", "c > never")
    with diagram.subprocess("sub"):
        diagram.start("i").throw("t", signal="s1", escalation="late", message="mail").user("x").flow("i > t > x")
    diagram.boundary("b", "sub", signal="s1").boundary("c", "sub", escalation="late", interrupting=False)
    course = Course(diagram)
    assert course.open == ["help"]
    assert (len(course.told(MessageSent)), course.told(EscalationSent)) == (1, [])


def test_multiple_end_with_an_error_throws_the_rest_first():
    """The error is what ends the scope, so it comes last."""
    diagram = Diagram().start().user("help").flow("start > sub", "b > help")
    with diagram.subprocess("sub"):
        diagram.start("i").end("bad", error="flood", message="mail").flow("i > bad")
    diagram.boundary("b", "sub", error="flood")
    course = Course(diagram)
    assert (course.open, len(course.told(MessageSent))) == (["help"], 1)


def test_multiple_start_of_a_process_is_one_way_to_begin():
    """Whatever of its triggers came, the instance begins there."""
    assert Course(Diagram().start("s", message="mail", signal="flood").user("a").flow("s > a"), "s").open == ["a"]


def test_parallel_multiple_with_a_thrown_trigger_is_asked_about():
    """An error leaves no trace that the other triggers could be added to: one is proposed to be enough."""
    diagram = Diagram().start().user("work", "help").flow("start > work", "b > help")
    diagram.boundary("b", "work", every=True, error="flood", message="mail")
    (asked,) = diagram.reading().questions
    assert asked.rule == "event.every_thrown"
    assert Course(diagram).message("b").open == ["help"]


def test_multiple_event_behind_an_event_gateway():
    """Any of its triggers wins for it; a parallel multiple needs all before it wins."""
    for every in (False, True):
        diagram = Diagram().start().event_gateway("g").catch("m", message="mail", signal="flood", every=every)
        diagram.catch("t", timer="PT1H").user("a", "b").flow("start > g > m > a", "g > t > b")
        course = Course(diagram)
        first, second = waits(course, "m")
        happen(course, first)
        if every:
            assert course.open == ["m", "t"]
            happen(course, second)
        assert course.open == ["a"]
