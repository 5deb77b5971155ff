"""A token moved by hand: from a wait to a node of its scope, as if it had come by a flow, and nowhere else."""

from __future__ import annotations

import pytest

from engine.bpmn.effects import ItemWithdrawn, NodeLeft, TimerDisarmed
from engine.bpmn.stimuli import Move
from engine.errors import Conflict, Rejected
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def move(course: Course, place: str, target: str) -> Course:
    """Move the token that waits there."""
    return course.step(Move(course.wait(place), target))


def two_branches() -> Diagram:
    """Two branches that join."""
    diagram = Diagram().start().parallel("split", "join").user("a", "b", "c", "after").end()
    return diagram.flow("start > split > a > c > join > after > end", "split > b > join")


def test_token_moved_withdraws_its_item_and_boundaries_and_leaves_the_rest():
    """One branch is moved on; the other, and the join, count as before."""
    diagram = two_branches().boundary("limit", "a", timer="PT1H").user("late").flow("limit > late")
    course = move(Course(diagram), "a", "c")
    assert course.open == ["b", "c"]
    assert len(course.told(ItemWithdrawn)) == len(course.told(TimerDisarmed)) == 1
    assert [e.how for e in course.told(NodeLeft)] == ["cancelled"]
    assert course.complete("c", "b").open == ["after"]


def test_token_of_a_step_failure_moved_is_repaired_by_it():
    """A gateway that found no way is passed by hand."""
    diagram = Diagram().start().exclusive("gate").user("a", "b").end()
    diagram.flow("start > gate ?x > 1? a > end", "gate ?x == 0? b > end")
    course = Course(diagram, x=-1)
    assert course.open == ["gate"]
    assert move(course, "gate", "b").open == ["b"]


def test_token_moved_to_the_end_ends_the_instance():
    """An end is a place like another."""
    course = move(Course(Diagram().start().user("a").end().flow("start > a > end")), "a", "end")
    assert course.outcome == "completed"


def test_token_inside_a_sub_process_stays_inside():
    """A scope knows how many tokens it holds."""
    diagram = Diagram().start()
    with diagram.subprocess("sub"):
        diagram.start("s").user("x", "y").flow("s > x > y")
    diagram.user("a").end().flow("start > sub > a > end")
    course = Course(diagram)
    for target in ("a", "start", "sub"):
        with pytest.raises(Rejected, match=r"game\.move"):
            move(course, "x", target)
    assert move(course, "x", "y").complete("y").open == ["a"]


def test_what_is_no_token_of_its_own_is_not_moved():
    """A leg, a boundary, one of several events, and what is over."""
    legs = Course(Diagram().start().user("a", times="2").user("b").end().flow("start > a > b > end"))
    with pytest.raises(Rejected, match=r"game\.move"):
        move(legs, "a[1]", "b")
    diagram = Diagram().start().event_gateway("first").catch("m", message="m").catch("t", timer="PT1H").end()
    events = Course(diagram.flow("start > first > m > end", "first > t > end"))
    with pytest.raises(Rejected, match=r"game\.move"):
        move(events, "m", "end")
    course = Course(two_branches())
    gone = course.wait("a")
    course.complete("a")
    with pytest.raises(Conflict, match=r"game\.wait_gone"):
        course.step(Move(gone, "after"))
    with pytest.raises(Rejected, match=r"game\.move"):
        move(course, "c", "join")
