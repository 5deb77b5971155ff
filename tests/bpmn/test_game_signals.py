"""Broadcasts (the signals of BPMN): whoever waits for the name at that moment is reached, nobody later (10.5.6)."""

from __future__ import annotations

import pytest

from engine.bpmn.effects import BroadcastSent, SubscriptionClosed, SubscriptionOpened
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def beside(*waiting: str) -> Diagram:
    """A branch that throws `flood` when `go` is done, beside branches to draw with these first nodes."""
    diagram = Diagram().start().parallel("split").user("go").throw("t", signal="flood").user("after")
    diagram.flow("start > split > go > t > after")
    return diagram.flow(*(f"split > {node}" for node in waiting)) if waiting else diagram


def test_broadcast_reaches_every_catch_of_its_name_in_the_instance():
    """All that wait for the name go on in the same step, others stay; the thrower goes on too."""
    diagram = beside().catch("one", signal="flood").catch("two", signal="flood").catch("three", signal="fire")
    diagram.user("a", "b", "c").flow("split > one > a", "split > two > b", "split > three > c")
    course = Course(diagram, x=1)
    assert [(o.message, o.kind) for o in course.told(SubscriptionOpened)] == [
        ("flood", "broadcast"),
        ("flood", "broadcast"),
        ("fire", "broadcast"),
    ]
    assert course.complete("go").open == ["a", "after", "b", "three"]
    assert len(course.told(SubscriptionClosed)) == 2
    assert [(sent.name, sent.payload) for sent in course.told(BroadcastSent)] == [("flood", {"x": 1})]


def test_broadcast_is_not_kept_for_whoever_waits_later():
    """A catch that is reached after the throw waits for the next one (WCP-23, transient trigger)."""
    diagram = Diagram().start().throw("t", signal="flood").catch("k", signal="flood").user("a")
    course = Course(diagram.flow("start > t > k > a"))
    assert course.open == ["k"]
    assert course.broadcast("k").open == ["a"]


def test_broadcast_from_outside_brings_its_values():
    """What another instance sent becomes variables where it is caught."""
    diagram = Diagram().start().catch("k", signal="flood").user("a").flow("start > k > a")
    assert Course(diagram).broadcast("k", level=3).variables == {"level": 3}


def test_broadcast_end_throws_and_ends_its_token():
    """The end event throws; the branch that caught it lives on."""
    diagram = Diagram().start().parallel("split").user("go").end(signal="flood").catch("k", signal="flood").user("a")
    course = Course(diagram.flow("start > split > go > end", "split > k > a")).complete("go")
    assert (course.open, course.outcome) == (["a"], None)
    assert course.complete("a").outcome == "completed"


@pytest.mark.parametrize(
    ("interrupting", "after"), [(True, ["after", "late"]), (False, ["after", "b", "late", "work"])]
)
def test_broadcast_boundary_interrupts_or_runs_beside(interrupting, after):
    """An interrupting boundary ends the activity, another one starts its path beside it and stays armed."""
    diagram = beside("work").user("work", "late").boundary("b", "work", interrupting=interrupting, signal="flood")
    course = Course(diagram.flow("b > late")).complete("go")
    assert course.open == after
    if not interrupting:
        assert course.broadcast("b").open == ["after", "b", "late", "late", "work"]


@pytest.mark.parametrize("interrupting", [True, False])
def test_broadcast_start_of_an_event_subprocess(interrupting):
    """Where it interrupts, the thrower's own token dies with its scope; else both go on (WCP-20, WCP-19)."""
    diagram = beside()
    with diagram.event_subprocess("h"):
        diagram.start("s", interrupting=interrupting, signal="flood").user("help").flow("s > help")
    course = Course(diagram).complete("go")
    assert course.open == (["help"] if interrupting else ["after", "help", "s"])
    while course.outcome is None:
        course.complete(next(place for place in course.open if place != "s"))
    assert course.outcome == "completed"


@pytest.mark.parametrize("interrupting", [True, False])
def test_broadcast_start_two_levels_deep(interrupting):
    """A handler inside a sub-process of a sub-process concerns its own scope only."""
    diagram = beside("outer").user("then")
    with diagram.subprocess("outer"):
        diagram.start("o").flow("o > inner > mid").user("mid")
        with diagram.subprocess("inner"):
            diagram.start("i").user("work").flow("i > work")
            with diagram.event_subprocess("h"):
                diagram.start("s", interrupting=interrupting, signal="flood").user("help").flow("s > help")
    course = Course(diagram.flow("outer > then")).complete("go")
    assert course.open == (["after", "help"] if interrupting else ["after", "help", "s", "work"])
    course.complete("help")
    assert course.open == (["after", "mid"] if interrupting else ["after", "s", "work"])


def test_broadcast_out_of_the_last_token_of_a_scope_is_caught_before_the_scope_ends():
    """A sub-process that ends with a broadcast its own boundary waits for takes the boundary."""
    diagram = Diagram().start().user("normal", "late").end()
    with diagram.subprocess("sub"):
        diagram.start("i").end("out", signal="flood").flow("i > out")
    diagram.boundary("b", "sub", signal="flood").flow("start > sub > normal", "b > late")
    assert Course(diagram).open == ["late"]


@pytest.mark.parametrize("sequential", [False, True])
def test_broadcast_inside_legs_reaches_the_waits_of_every_leg(sequential):
    """A leg that throws reaches the boundaries in all legs that are open, its own included."""
    diagram = Diagram().start().user("then").flow("start > legs > then")
    with diagram.subprocess("legs", times="3", sequential=sequential):
        diagram.start("i").user("go", "late").throw("t", signal="flood").user("work").parallel("split")
        diagram.boundary("b", "work", signal="flood").flow("i > split > go > t", "split > work", "b > late")
    course = Course(diagram)
    first = course.open[0]
    assert first == "b[1]"
    course.complete("go[1]")
    assert [place for place in course.open if place.startswith("late")] == (
        ["late[1]"] if sequential else ["late[1]", "late[2]", "late[3]"]
    )


def test_broadcast_boundary_on_legs_cancels_all_of_them():
    """The boundary sits on the whole multi-instance activity."""
    diagram = beside("work").user("work", times="2").user("late").boundary("b", "work", signal="flood")
    assert Course(diagram.flow("b > late")).complete("go").open == ["after", "late"]


def test_thrower_that_interrupts_itself_is_gone():
    """A throw in an activity's scope whose boundary waits for it leaves by the boundary only."""
    diagram = Diagram().start().user("never", "late")
    with diagram.subprocess("sub"):
        diagram.start("i").throw("t", signal="flood").user("inside").flow("i > t > inside")
    diagram.boundary("b", "sub", signal="flood").flow("start > sub > never", "b > late")
    assert Course(diagram).open == ["late"]


def test_instance_begins_at_the_signal_start_that_is_named():
    """A broadcast from outside begins a process at its signal start event."""
    diagram = Diagram().start().start("s", signal="flood").user("a", "b").flow("start > a", "s > b")
    assert Course(diagram, "s", level=1).open == ["b"]


def test_broadcast_wait_alone_does_not_keep_a_stuck_instance():
    """A handler that may never be called is nothing to wait for, as a message's is not (no silent stall)."""
    diagram = Diagram().start().user("a").end().flow("start > a > end")
    with diagram.event_subprocess("h"):
        diagram.start("s", signal="flood").user("help").flow("s > help")
    course = Course(diagram)
    assert course.complete("a").outcome == "completed"


def test_broadcast_whose_catcher_cannot_take_it_is_thrown_all_the_same():
    """An output that fails is the catcher's fault and waits there; the thrower goes on, and others are told."""
    diagram = beside("k").catch("k", signal="flood").user("a").flow("k > a").writes("k", total="x + 1")
    course = Course(diagram, x="no number").complete("go")
    assert course.open == ["after", "k"]
    assert len(course.told(BroadcastSent)) == 1
    assert course.retry("k", x=1).open == ["a", "after"]
    assert course.variables == {"x": "no number", "total": 2}
