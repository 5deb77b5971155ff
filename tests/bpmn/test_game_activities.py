"""Activities of the token game: items, operations, receiving, embedded sub-processes, and what their variables are."""

from __future__ import annotations

import pytest

from engine.bpmn import stimuli as s
from engine.bpmn.effects import ItemOpened, MessageSent, NodeEntered, NodeLeft, OperationRequested
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def nested() -> Diagram:
    """A sub-process of two parallel tasks with a deadline on its border."""
    diagram = Diagram().start().user("before", "after", "late").end("end", "off")
    with diagram.subprocess("sub"):
        diagram.start("in").parallel("fork", "meet").user("a", "b").end("out")
        diagram.flow("in > fork > a > meet > out", "fork > b > meet")
    diagram.boundary("due", "sub", timer="PT1H")
    return diagram.flow("start > before > sub > after > end", "due > late > off")


def test_user_task_is_an_item_until_a_person_completes_it():
    """Entering opens one item; the answers become variables; leaving is told once."""
    course = Course(Diagram().start().user("a").end().flow("start > a > end"))
    assert course.nodes(ItemOpened) == ["a"]
    course.complete("a", decision="approve")
    assert course.variables == {"decision": "approve"}
    assert course.nodes(NodeLeft) == ["a", "end"]


def test_later_answer_overwrites_an_earlier_one():
    """A variable has one value: the last one written."""
    course = Course(Diagram().start().user("a", "b").flow("start > a > b"), reason="first")
    course.complete("a", reason="second", note="x").complete("b", reason="third")
    assert course.variables == {"reason": "third", "note": "x"}


def test_parallel_branches_share_the_variables_of_the_instance():
    """A branch sees at once what another has written; there is no copy for each token (bpmn.md 3, row 20)."""
    diagram = Diagram().start().parallel("split").user("a", "b", "yes", "no").exclusive("gate")
    diagram.flow("start > split > a", "split > b > gate ?seen == 'a'? yes", "gate ?*? no")
    course = Course(diagram, seen=None).complete("a", seen="a")
    assert course.complete("b").open == ["yes"]


def test_service_task_asks_for_its_operation_and_takes_the_result():
    """The operation sees the variables; its result is written when it is done."""
    course = Course(Diagram().start().service("locate").user("a").flow("start > locate > a"), street="Long")
    (asked,) = course.told(OperationRequested)
    assert (asked.operation, asked.variables) == ("locate", {"street": "Long"})
    course.succeed("locate", cell="C7")
    assert course.open == ["a"]
    assert course.variables == {"street": "Long", "cell": "C7"}


def test_operation_request_is_a_copy_of_the_variables():
    """Who carries an operation out cannot change the instance through what it was given."""
    course = Course(Diagram().start().service("op").flow("start > op"), x=1)
    course.told(OperationRequested)[0].variables["x"] = 2
    assert course.variables == {"x": 1}


def test_send_task_goes_on_at_once_and_receive_task_waits_for_its_message():
    """Sending does not wait; receiving takes the payload and goes on."""
    course = Course(Diagram().start().send("ask").receive("answer").end().flow("start > ask > answer > end"))
    assert [sent.message for sent in course.told(MessageSent)] == ["ask"]
    assert course.open == ["answer"]
    assert course.message("answer", ok=True).outcome == "completed"
    assert course.variables == {"ok": True}


def test_message_boundary_on_a_receive_task_is_another_subscription():
    """A reminder beside the awaited answer does not answer it."""
    diagram = (
        Diagram().start().receive("answer").user("a", "b").boundary("edge", "answer", interrupting=False, message="m")
    )
    course = Course(diagram.flow("start > answer > a", "edge > b"))
    assert course.message("edge").open == ["answer", "b", "edge"]
    assert course.message("answer").open == ["a", "b"]


def test_subprocess_is_left_when_its_last_token_is_gone():
    """What comes after waits for everything inside, and the sub-process has no variables of its own."""
    course = Course(nested()).complete("before")
    assert course.open == ["a", "b", "due"]
    assert course.complete("b", seen=1).open == ["a", "due"]
    assert course.complete("a").open == ["after"]
    assert course.variables == {"seen": 1}


def test_subprocess_is_entered_and_left_under_its_own_scope():
    """The scope that a sub-process brings is told with it, so that what starts with it can end with it."""
    course = Course(nested()).complete("before")
    entered = {course.net.nodes[effect.node].id: effect.scope for effect in course.told(NodeEntered)}
    assert entered["sub"] == entered["a"] != 0
    course.complete("a", "b")
    left = {course.net.nodes[effect.node].id: effect.scope for effect in course.told(NodeLeft)}
    assert left["sub"] == entered["sub"]


def test_interrupting_boundary_of_a_subprocess_cancels_all_that_is_in_it():
    """Waiting tokens, open items and tokens at a join inside go with it; the one around goes on once."""
    course = Course(nested()).complete("before", "a").fire("due")
    assert course.open == ["late"]
    assert course.state.joins == {}
    assert course.complete("late").outcome == "completed"


def test_subprocess_entered_again_begins_empty():
    """In the second round no token of the first is left at a join inside."""
    diagram = Diagram().start().exclusive("again", "enough").user("check").end()
    with diagram.subprocess("sub"):
        diagram.start("in").parallel("fork", "meet").user("a", "b").end("stop", terminate=True).end("out")
        diagram.exclusive("gate").flow("in > fork > a > gate ?stop? stop", "gate ?*? meet > out", "fork > b > meet")
    diagram.flow("start > again > sub > check > enough ?done? end", "enough ?*? again")
    course = Course(diagram, stop=True).complete("b", "a").complete("check", done=False, stop=False)
    assert course.complete("b").open == ["a"]
    assert course.complete("a").open == ["check"]


def test_subprocess_with_several_ends_waits_for_all_of_them():
    """Each end takes its token; the sub-process is done with the last."""
    diagram = Diagram().start().user("after")
    with diagram.subprocess("sub"):
        diagram.start("in").parallel("fork").user("a", "b").end("one", "two").flow(
            "in > fork > a > one", "fork > b > two"
        )
    course = Course(diagram.flow("start > sub > after")).complete("a")
    assert course.open == ["b"]
    assert course.complete("b").open == ["after"]


def test_two_tokens_in_one_subprocess_node_are_two_activations():
    """Entered twice, a sub-process runs twice, each with its own tokens and its own join."""
    diagram = Diagram().start().parallel("split").exclusive("merge").user("after").end()
    with diagram.subprocess("sub"):
        diagram.start("in").parallel("fork", "meet").user("a", "b").end("out")
        diagram.flow("in > fork > a > meet > out", "fork > b > meet")
    course = Course(diagram.flow("start > split > merge > sub > after > end", "split > merge"))
    assert course.open == ["a", "a", "b", "b"]
    second = {
        scope: wait for wait, (_, node, scope, _, _) in course.state.waits.items() if course.net.nodes[node].id == "b"
    }
    course.complete("a").step(s.Complete(second[max(second)]))
    assert course.open == ["a", "b"], "a of one activation does not meet b of the other"
    assert course.complete("a").open == ["after", "b"]


def test_subprocess_inside_subprocess_ends_from_the_inside_out():
    """Nesting changes nothing: each level waits for the one in it."""
    diagram = Diagram().start().user("after")
    with diagram.subprocess("outer"):
        diagram.start("o1").end("o2")
        with diagram.subprocess("middle"):
            diagram.start("m1").end("m2")
            with diagram.subprocess("inner"):
                diagram.start("i1").user("a").end("i2").flow("i1 > a > i2")
            diagram.flow("m1 > inner > m2")
        diagram.flow("o1 > middle > o2")
    course = Course(diagram.flow("start > outer > after")).complete("a")
    assert course.open == ["after"]
    assert course.state.scopes == {}
