"""Events that happened but cannot go on: their tokens wait as step failures, and no step is refused for them."""

from __future__ import annotations

import pytest

from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def late(*, interrupting: bool = True, boundary: bool = True) -> Diagram:
    """A task with a deadline, on its border or in an event sub-process beside it, whose output needs `x`."""
    diagram = Diagram().start().user("work", "after").flow("start > work > after")
    if boundary:
        diagram.user("help").boundary("b", "work", interrupting=interrupting, timer="PT1H").flow("b > help")
    else:
        with diagram.event_subprocess("h"):
            diagram.start("b", interrupting=interrupting, timer="PT1H").user("help").flow("b > help")
    return diagram.writes("b", total="x + 1")


@pytest.mark.parametrize("boundary", [True, False])
@pytest.mark.parametrize("interrupting", [True, False])
def test_output_of_a_boundary_or_start_that_fails_waits_where_it_happened(boundary, interrupting):
    """A deadline has passed whether or not its mapping is right: it is not refused again and again."""
    course = Course(late(interrupting=interrupting, boundary=boundary)).fire("b")
    assert course.open == (["b"] if interrupting else ["b", "work"])
    assert course.retry("b", y=1).open == (["b"] if interrupting else ["b", "work"])
    course.retry("b", x=1)
    assert course.open == (["help"] if interrupting else ["help", "work"])
    assert course.variables == {"total": 2}
    course.complete("help")
    assert (course.outcome == "completed") is interrupting


@pytest.mark.parametrize("boundary", [True, False])
def test_failed_event_is_cancelled_with_its_scope(boundary):
    """What waits to be repaired belongs to the scope it happened in."""
    assert Course(late(boundary=boundary)).fire("b").cancel().outcome == "cancelled"


def test_output_of_an_event_behind_a_gate_that_fails_has_chosen():
    """The first event has won; the token waits at it, and the others are withdrawn."""
    diagram = Diagram().start().event_gateway("g").catch("m", message="mail").catch("t", timer="PT1H").user("a", "b")
    diagram.flow("start > g > m > a", "g > t > b").writes("m", total="n + x")
    course = Course(diagram).message("m", n=1)
    assert (course.open, course.variables) == (["m"], {})
    assert course.retry("m", x=2).open == ["a"]
    assert course.variables == {"total": 3}


def test_output_of_a_multiple_catch_that_fails_has_chosen():
    """The same for one event with several triggers, whose gate is its own."""
    diagram = Diagram().start().catch("k", message="mail", timer="PT1H").user("a").flow("start > k > a")
    course = Course(diagram.writes("k", total="n + x")).message("k", n=1)
    assert course.open == ["k"]
    assert course.retry("k", x=2).open == ["a"]


@pytest.mark.parametrize("interrupting", [True, False])
def test_condition_whose_output_fails_does_not_refuse_the_step_it_became_true_by(interrupting):
    """Whoever set the variable is not told that somebody else's mapping is wrong."""
    diagram = Diagram().start().parallel("p").user("work", "help", "other", "end").flow("start > p > work")
    diagram.flow("p > other > end").boundary("b", "work", interrupting=interrupting, condition="ready").flow("b > help")
    course = Course(diagram.writes("b", total="x + 1"), ready=False).complete("other", ready=True)
    assert course.open == sorted(["b", "end"] if interrupting else ["b", "b", "end", "work"])


def anew(*, boundary: bool) -> Diagram:
    """What needs a keyed message and a broadcast, begins anew each time, and hears the broadcast from inside."""
    diagram = Diagram().start().user("after")
    event = {"interrupting": False, "every": True, "message": "mail", "signal": "flood"}
    with diagram.subprocess("sub"):
        diagram.start("i").user("go").throw("t", signal="flood").user("x").flow("i > go > t > x")
        if not boundary:
            with diagram.event_subprocess("h"):
                diagram.start("b", **event).user("help").flow("b > help")
    if boundary:
        diagram.boundary("b", "sub", **event).user("help").flow("b > help")
    return diagram.flow("start > sub > after").keyed("mail", "k")


@pytest.mark.parametrize("boundary", [True, False])
def test_parallel_multiple_that_cannot_begin_anew_waits_beside_what_completed_it(boundary):
    """The thrower of the broadcast that completed it goes on once, and so does what it completed, when repaired."""
    course = Course(anew(boundary=boundary), k="bridge").message("b", n=1).complete("go", k="")
    assert course.open == ["b", "x"]
    assert course.variables == {"k": "", "n": 1}
    assert course.retry("b").open == ["b", "x"]
    assert course.retry("b", k="dam").open == ["b", "b", "help", "x"]


def test_parallel_multiple_is_not_begun_anew_where_its_activity_is_over():
    """Repaired too late, the event still goes on; nothing is left to arm it for."""
    course = Course(anew(boundary=True), k="bridge").message("b").complete("go", k="").complete("x")
    assert course.open == ["after", "b"]
    assert course.retry("b", k="dam").open == ["after", "help"]


def test_outputs_of_a_parallel_multiple_see_what_all_of_it_brought():
    """They are evaluated once, when everything has happened."""
    diagram = Diagram().start().catch("k", every=True, message="mail", signal="flood").user("a").flow("start > k > a")
    course = Course(diagram.writes("k", total="m + s")).message("k", m=1).broadcast("k", s=2)
    assert (course.open, course.variables) == (["a"], {"m": 1, "s": 2, "total": 3})
