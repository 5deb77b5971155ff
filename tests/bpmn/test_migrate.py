"""A state on another version: every reason why it cannot move, and what arms and goes when it does."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.bpmn.effects import SubscriptionOpened, TimerArmed, TimerDisarmed
from engine.bpmn.game import advance
from engine.bpmn.migrate import migrate, obstacles, plan
from engine.bpmn.state import state_to_bytes
from engine.bpmn.stimuli import Complete
from engine.errors import Rejected
from tests.bpmn.course import NOON, Course
from tests.bpmn.diagram import Diagram
from tests.bpmn.test_game_compensation import done, trip, undoable

pytestmark = pytest.mark.fast


def road(*, before: str = "", marks: bool = False) -> Diagram:
    """Two tasks in a row; with `before`, another node is drawn first."""
    diagram = Diagram()
    if before:
        diagram.user(before)
    return diagram.start().user("a", "b").end().flow("start > a > b > end")


def found(course: Course, diagram: Diagram, **chosen: str) -> list[tuple[str, str]]:
    """The obstacles for this instance on the way to that diagram."""
    return [tuple(each) for each in obstacles(plan(course.net, diagram.net(), chosen), course.state)]


def test_state_on_the_same_net_is_the_same_state():
    """A move to nowhere changes no byte and arms nothing."""
    course = Course(road())
    moved = migrate(plan(course.net, course.net), course.state, NOON)
    assert state_to_bytes(moved.state) == state_to_bytes(course.state)
    assert moved.effects == ()


def test_token_whose_node_is_gone_stays_unless_another_is_chosen():
    """Nobody's work vanishes because a box was deleted."""
    course = Course(road())
    other = Diagram().start().user("first", "b").end().flow("start > first > b > end")
    assert found(course, other) == [("a", "migrate.gone")]
    assert found(course, other, a="first") == []
    with pytest.raises(Rejected, match=r"migrate\.obstacles"):
        migrate(plan(course.net, other.net()), course.state, NOON)


def test_token_stays_where_its_node_is_of_another_kind_or_elsewhere():
    """A person's step is no message, a step of the process none of a sub-process, one step none for each element."""
    course = Course(road())
    assert found(course, Diagram().start().receive("a").user("b").end().flow("start > a > b > end")) == [
        ("a", "migrate.kind")
    ]
    inside = Diagram().start()
    with inside.subprocess("sub"):
        inside.start("s").user("a").flow("s > a")
    inside.user("b").end().flow("start > sub > b > end")
    assert found(course, inside) == [("a", "migrate.place")]
    many = Diagram().start().user("a", times="2").user("b").end()
    assert found(course, many.flow("start > a > b > end")) == [("a", "migrate.marker")]


def test_token_that_waits_for_an_event_stays_where_the_event_is_another():
    """Who waits for a report is not moved to wait for an hour."""
    course = Course(Diagram().start().catch("hear", message="report").end().flow("start > hear > end"))
    assert found(course, Diagram().start().catch("hear", timer="PT1H").end().flow("start > hear > end")) == [
        ("hear", "migrate.event")
    ]
    other = Diagram().start().catch("hear", message="other").end().flow("start > hear > end")
    assert found(course, other) == [("hear", "migrate.event")]


def test_tokens_at_a_join_stay_where_it_has_other_ways_in():
    """A join that waits for two is not made to wait for three, or to have been ready long ago."""
    two = Diagram().start().parallel("split", "join").user("a", "b").end()
    two.flow("start > split > a > join > end", "split > b > join")
    course = Course(two).complete("a")
    three = Diagram().start().parallel("split", "join").user("a", "b", "c").end()
    three.flow("start > split > a > join > end", "split > b > join", "split > c > join")
    assert found(course, three) == [("join", "migrate.join")]


def test_token_stays_where_the_marks_of_its_node_differ():
    """What a node moves in the life of an order cannot change under the order."""
    course = Course(road())
    marked = road()
    marked._nodes["a"].set("{urn:cityloop:bpmn:1}stage", "handling")
    assert found(course, marked) == [("a", "migrate.mark")]


def test_boundaries_and_starts_that_are_new_are_armed_and_old_ones_withdrawn():
    """The new limit counts from the move; the old one fires no more; one on both sides keeps its instant."""
    old = road().boundary("limit", "a", timer="PT1H").user("late").flow("limit > late")
    old.boundary("kept", "a", interrupting=False, timer="PT2H").flow("kept > late")
    course = Course(old)
    new = road(before="late").boundary("kept", "a", interrupting=False, timer="PT9H").flow("kept > late")
    new.boundary("soon", "a", interrupting=False, timer="PT5M").flow("soon > late")
    with new.event_subprocess("stop"):
        new.start("stopped", message="stop").user("tidy").flow("stopped > tidy")
    net = new.net()
    moved = migrate(plan(course.net, net), course.state, NOON + timedelta(minutes=30))
    armed = {net.nodes[effect.node].id: effect.due_at for effect in moved.effects if isinstance(effect, TimerArmed)}
    assert armed == {"soon": NOON + timedelta(minutes=35)}
    assert [net.nodes[e.node].id for e in moved.effects if isinstance(e, SubscriptionOpened)] == ["stopped"]
    assert [e.wait for e in moved.effects if isinstance(e, TimerDisarmed)] == [course.wait("limit")]
    assert moved.state.waits[course.wait("kept")][4] == course.state.waits[course.wait("kept")][4]


def test_what_can_be_undone_is_undone_on_the_new_version():
    """What was done before the move is undone after it, newest first; a handler that is gone keeps the instance."""
    course = done(trip())
    assert course.open == ["undo_flight"]
    other = undoable(Diagram().user("else_"), "flight", "hotel").start().user("after", "plain").end()
    other.throw("back", compensate="").flow("start > hotel > flight > plain > back > after > end")
    net = other.net()
    for stop in (Course(trip()).complete("hotel", "flight"), course):
        moved = migrate(plan(stop.net, net), stop.state, NOON)
        assert moved.effects == ()
        back = migrate(plan(net, stop.net), moved.state, NOON)
        assert state_to_bytes(back.state) == state_to_bytes(stop.state)
    state = migrate(plan(course.net, net), course.state, NOON).state
    for undone in ("undo_flight", "undo_hotel"):
        (wait,) = state.waits
        assert net.nodes[state.waits[wait][1]].id == undone
        state = advance(net, state, Complete(wait), NOON).state
    assert [net.nodes[record[1]].id for record in state.waits.values()] == ["after"]
    without = Diagram().start().user("hotel", "flight", "plain", "after").end().throw("back", compensate="")
    without.flow("start > hotel > flight > plain > back > after > end")
    assert ("hotel", "migrate.compensation") in found(course, without)
