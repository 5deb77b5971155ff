"""Event-based gateways: the first event goes on (deferred choice, WCP-16); parallel and instantiating ones (13.4.4)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.bpmn.choices import choice_at
from engine.bpmn.effects import NodeEntered, NodeLeft, SubscriptionClosed, TimerDisarmed
from tests.bpmn.course import NOON, Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def choice(**how: bool) -> Diagram:
    """A gateway in front of a message, timer, broadcast, condition and receive task, each with a task behind it."""
    diagram = Diagram().start().event_gateway("g", **how).user("a", "b", "c", "d", "e")
    diagram.catch("m", message="mail").catch("t", timer="PT1H").catch("s", signal="flood").catch("k", condition="x > 1")
    diagram.receive("r")
    return diagram.flow("start > g > m > a", "g > t > b", "g > s > c", "g > k > d", "g > r > e")


HAPPENS = {
    "m": lambda course: course.message("m", y=1),
    "t": lambda course: course.fire("t"),
    "s": lambda course: course.broadcast("s"),
    "r": lambda course: course.message("r"),
}


@pytest.mark.parametrize(("event", "after"), [("m", "a"), ("t", "b"), ("s", "c"), ("r", "e")])
def test_first_event_behind_the_gateway_wins_and_the_others_are_withdrawn(event, after):
    """Exactly one way is gone, and nobody is waited for any more."""
    course = HAPPENS[event](Course(choice()))
    assert course.open == [after]
    assert len(course.told(TimerDisarmed)) == (event != "t")
    assert course.nodes(NodeLeft) == ["g", event]
    assert course.nodes(NodeEntered) == [event, after]
    assert course.complete(after).outcome == "completed"


def test_condition_behind_the_gateway_wins_when_it_becomes_or_is_true():
    """It competes like any other event; one that is true already leaves no choice."""
    assert Course(choice(), x=2).open == ["d"]
    diagram = Diagram().start().parallel("split").user("write", "a", "b").event_gateway("g")
    diagram.catch("m", message="mail").catch("k", condition="x > 1")
    diagram.flow("start > split > write", "split > g > m > a", "g > k > b")
    assert Course(diagram).complete("write", x=2).open == ["b"]


def test_events_behind_the_gateway_are_not_entered_before_they_happen():
    """The token stands at the gateway: clocks and moves of what stands behind it do not begin."""
    course = Course(choice())
    assert course.nodes(NodeEntered) == ["start", "g"]
    assert course.due("t") == NOON + timedelta(hours=1)


def test_gateway_in_a_rework_loop_waits_anew():
    """Each round arms every event again."""
    diagram = Diagram().start().event_gateway("g").catch("m", message="mail").catch("t", timer="PT1H").user("a", "b")
    diagram.exclusive("back").flow("start > back > g > m > a > back", "g > t > b")
    course = Course(diagram)
    for _ in range(3):
        assert course.message("m").complete("a").open == ["m", "t"]
    assert course.fire("t").open == ["b"]


def test_gateway_in_a_cancelled_scope_is_withdrawn():
    """A boundary around it leaves none of its events waiting."""
    diagram = Diagram().start().user("late").flow("start > sub", "x > late")
    with diagram.subprocess("sub"):
        diagram.start("i").event_gateway("g").catch("m", message="mail").catch("t", timer="PT2H")
        diagram.flow("i > g > m", "g > t")
    diagram.boundary("x", "sub", timer="PT1H")
    course = Course(diagram).fire("x")
    assert course.open == ["late"]
    assert (len(course.told(SubscriptionClosed)), len(course.told(TimerDisarmed))) == (1, 1)
    assert ("g", "cancelled") in [(course.net.nodes[left.node].id, left.how) for left in course.told(NodeLeft)]


def test_gateway_in_legs_chooses_in_each_leg():
    """One leg's choice is its own."""
    diagram = Diagram().start().user("then").flow("start > legs > then")
    with diagram.subprocess("legs", times="2"):
        diagram.start("i").event_gateway("g").catch("m", message="mail").catch("t", timer="PT2H").user("a", "b")
        diagram.flow("i > g > m > a", "g > t > b")
    course = Course(diagram).message("m[1]")
    assert course.open == ["a[1]", "m[2]", "t[2]"]
    assert course.fire("t[2]").complete("a[1]", "b[2]").open == ["then"]


def test_inclusive_join_waits_for_the_token_at_the_gateway():
    """A token that can still come out of the gateway is waited for, and what it chose decides."""
    diagram = Diagram().start().inclusive("split", "join").user("a", "after").event_gateway("g").end("out")
    diagram.catch("m", message="mail").catch("t", timer="PT1H")
    diagram.flow("start > split ?true? a > join > after", "split ?true? g > m > join", "g > t > out")
    course = Course(diagram).complete("a")
    assert course.open == ["m", "t"]
    assert course.fire("t").open == ["after"]


def test_broadcast_thrown_beside_the_gateway_is_its_event():
    """Inside one instance too."""
    diagram = Diagram().start().parallel("split").user("go", "a", "b").throw("w", signal="flood").event_gateway("g")
    diagram.catch("m", message="mail").catch("s", signal="flood")
    diagram.flow("start > split > go > w", "split > g > m > a", "g > s > b")
    assert Course(diagram).complete("go").open == ["b"]


def test_parallel_gateway_needs_every_event_and_each_goes_its_own_way():
    """The others go on waiting; the scope is over when all ways are."""
    course = Course(choice(parallel=True), x=2)
    assert course.open == ["d", "m", "r", "s", "t"]
    assert course.message("m").open == ["a", "d", "r", "s", "t"]
    course.fire("t").broadcast("s").message("r")
    assert course.open == ["a", "b", "c", "d", "e"]
    assert course.complete(*course.open).outcome == "completed"


def test_inclusive_join_behind_a_parallel_gateway_waits_for_what_has_not_happened():
    """What has happened already cannot come once more."""
    diagram = Diagram().start().event_gateway("g", parallel=True).inclusive("join").user("after", "far")
    diagram.catch("m", message="mail").catch("t", timer="PT1H").catch("s", signal="flood")
    diagram.flow("start > g > m > join > after", "g > t > join", "g > s > far")
    course = Course(diagram).message("m")
    assert course.open == ["s", "t"]
    assert course.fire("t").open == ["after", "s"]


def beginning(**how: bool) -> Diagram:
    """A process that begins with an event of a gateway."""
    diagram = Diagram().event_gateway("g", instantiate=True, **how).catch("m", message="mail").receive("r")
    return diagram.user("a", "b").parallel("join").flow("g > m > a", "g > r > b")


def test_message_behind_an_instantiating_gateway_begins_the_instance():
    """The winner is gone through, the other is never waited for."""
    course = Course(beginning(), "m", y=1)
    assert (course.open, course.variables) == (["a"], {"y": 1})
    assert course.nodes(NodeEntered) == ["g", "m", "a"]
    assert Course(beginning(), "r").complete("b").outcome == "completed"


def test_parallel_instantiating_gateway_waits_for_the_other_messages():
    """One message begins the instance, the others reach the same instance later."""
    course = Course(beginning(parallel=True), "r")
    assert course.open == ["b", "m"]
    assert course.message("m").open == ["a", "b"]
    assert course.complete("a", "b").outcome == "completed"


def test_receive_task_that_begins_instances():
    """Its message begins the instance behind it; handlers of the instance are armed."""
    diagram = Diagram().receive("r", instantiate=True).user("a").flow("r > a")
    with diagram.event_subprocess("h"):
        diagram.start("s", message="stop").user("help").flow("s > help")
    course = Course(diagram, "r", y=1)
    assert (course.open, course.variables) == (["a", "s"], {"y": 1})
    assert [node.id for node in course.net.beginnings()] == ["r"]
    assert not diagram.reading().findings


def test_gateway_before_what_cannot_be_waited_for_is_a_persons_choice():
    """Modellers draw tasks behind it: a person says by the labels which way it went."""
    diagram = Diagram().start().event_gateway("g").user("a").catch("m", message="mail").user("b")
    diagram.flow("start > g > a", "g > m > b")
    (asked,) = diagram.reading().questions
    assert (asked.rule, asked.element) == ("gateway.not_awaited", "g")
    choice = choice_at(diagram.net(), diagram.net().node("g_choice"))
    assert choice is not None
    for label, place in zip(choice.labels, ["a", "m"], strict=True):
        assert Course(diagram).complete("g_choice", choice_g=label).open == [place]


def test_gateway_before_a_receive_task_with_a_boundary_is_asked_about():
    """Such a task cannot be waited for before it is entered (13.4.4)."""
    diagram = Diagram().start().event_gateway("g").receive("r").catch("m", message="mail").user("b")
    diagram.boundary("x", "r", timer="PT1H").flow("start > g > r", "g > m", "x > b")
    assert [asked.rule for asked in diagram.reading().questions] == ["gateway.not_awaited"]


def test_gateway_with_no_event_behind_lets_through_and_is_asked_about():
    """It would wait for ever."""
    diagram = Diagram().start().event_gateway("g").flow("start > g")
    assert [asked.rule for asked in diagram.reading().questions] == ["gateway.no_event"]
    assert Course(diagram).outcome == "completed"
