"""Complex gateways (BPMN 2.0.2, 13.4.5): discriminators and partial joins, their rounds, and their splits."""

from __future__ import annotations

import pytest

from engine.bpmn.effects import NodeEntered
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def voting(activation: str | None) -> Diagram:
    """Three branches into a complex gateway."""
    diagram = Diagram().start().parallel("split").user("a", "b", "c", "after").complex("enough", activation).end()
    return diagram.flow("start > split > a > enough > after > end", "split > b > enough", "split > c > enough")


def test_discriminator_goes_on_with_the_first_and_takes_in_the_others():
    """The first of three branches goes on, once; the later ones are work that is still done and then absorbed."""
    course = Course(voting("activationCount >= 1")).complete("b")
    assert course.open == ["a", "after", "c"]
    course.complete("a")
    assert (course.open, course.nodes(NodeEntered)) == (["after", "c"], [])
    assert course.complete("after").outcome is None, "the process is not over while a branch is open"
    assert course.complete("c").outcome == "completed"


def test_partial_join_waits_for_as_many_as_its_condition_says():
    """Two of three are enough."""
    course = Course(voting("activationCount >= 2")).complete("c")
    assert course.open == ["a", "b"]
    assert course.complete("a").open == ["after", "b"]
    assert course.complete("b", "after").outcome == "completed"


def test_without_a_condition_every_way_in_is_needed():
    """Like a parallel join."""
    course = Course(voting(None)).complete("a", "b")
    assert course.open == ["c"]
    assert course.complete("c").open == ["after"]


def test_condition_may_read_variables_and_is_asked_again_when_they_change():
    """A join that was not enough becomes enough by what another branch writes."""
    diagram = Diagram().start().parallel("split").user("a", "b", "c", "boss", "after")
    diagram.complex("enough", "activationCount >= 2 or urgent").end()
    diagram.flow("start > split > a > enough > after > end", "split > b > enough", "split > c > enough")
    course = Course(diagram.flow("split > boss"), urgent=False).complete("a")
    assert course.open == ["b", "boss", "c"]
    assert course.complete("boss", urgent=True).open == ["after", "b", "c"]


def test_next_round_begins_when_all_of_the_last_one_have_come():
    """In a rework loop the gateway decides anew in each round, and an early bird of the next round is kept for it."""
    diagram = Diagram().start().exclusive("again", "more").parallel("split").user("a", "b", "check").end()
    diagram.complex("enough", "activationCount >= 1")
    diagram.flow("start > again > split > a > enough > check > more ?done? end", "split > b > enough")
    course = Course(diagram.flow("more ?*? again")).complete("a").complete("check", done=False)
    assert course.open == ["a", "b", "b"]
    assert course.complete("a").open == ["b", "b"], "the gateway has gone on in this round: a waits for the next"
    assert course.complete("b").open == ["b", "check"], "b of the first round ended it, and a opens the second"
    assert course.complete("b").open == ["check"]
    assert course.complete("check", done=True).outcome == "completed"
    assert course.state.joins == {}


def test_round_ends_when_nothing_can_come_any_more():
    """Where a branch took another way, the gateway does not wait for it to be complete."""
    diagram = (
        Diagram().start().exclusive("again", "more", "gate").parallel("split").user("a", "b", "check").end("end", "off")
    )
    diagram.complex("enough", "activationCount >= 1")
    diagram.flow("start > again > split > a > enough > check > more ?done? end", "more ?*? again")
    diagram.flow("split > b > gate ?join? enough", "gate ?*? off")
    course = (
        Course(diagram, join=True)
        .complete(
            "a",
        )
        .complete("b", join=False)
    )
    assert (course.open, course.state.joins) == (["check"], {})
    course.complete("check", done=False).complete("a")
    assert course.open == ["b", "check"]


def test_complex_split_takes_every_way_whose_condition_holds():
    """As a split it is an inclusive one, with a default."""
    diagram = Diagram().start().complex("ways").user("a", "b", "c")
    diagram.flow("start > ways ?x > 1? a", "ways ?x > 2? b", "ways ?*? c")
    assert Course(diagram, x=3).open == ["a", "b"]
    assert Course(diagram, x=2).open == ["a"]
    assert Course(diagram, x=0).open == ["c"]


def test_condition_that_cannot_be_decided_is_repaired_with_the_tokens_where_they_were():
    """A step failure at the gateway keeps every token; after the repair they count as before."""
    course = Course(voting("activationCount >= needed")).complete("a")
    assert course.open == ["b", "c", "enough"]
    course.complete("b")
    assert course.open == ["c", "enough", "enough"]
    course.retry("enough", needed=3)
    assert course.open == ["c", "enough"]
    course.retry("enough")
    assert course.open == ["c"]
    assert course.complete("c").open == ["after"]


def test_failed_decision_in_a_cancelled_subprocess_leaves_nothing():
    """A boundary takes the tokens of a gateway that could not be decided on with it."""
    diagram = Diagram().start().user("late", "after")
    with diagram.subprocess("sub"):
        diagram.start("in").parallel("split").user("a", "b").complex("enough", "activationCount >= needed").end("out")
        diagram.flow("in > split > a > enough > out", "split > b > enough")
    diagram.boundary("due", "sub", timer="PT1H").flow("start > sub > after", "due > late")
    course = Course(diagram).complete("a").fire("due")
    assert (course.open, course.state.joins, course.state.scopes) == (["late"], {}, {})


def test_scope_ends_while_a_round_is_not_over():
    """What is left of a round goes with its sub-process, also by terminate; entered again, it begins anew."""
    diagram = Diagram().start().exclusive("again", "more").user("check").end()
    with diagram.subprocess("sub"):
        diagram.start("in").parallel("split").user("a", "b").complex("enough", "activationCount >= 1")
        diagram.user("inside").end("stop", terminate=True)
        diagram.flow("in > split > a > enough > inside > stop", "split > b > enough")
    diagram.flow("start > again > sub > check > more ?done? end", "more ?*? again")
    course = Course(diagram).complete("a").complete("inside")
    assert (course.open, course.state.joins) == (["check"], {})
    assert course.complete("check", done=False).complete("b").open == ["a", "inside"]


def test_legs_have_gateways_of_their_own():
    """In each leg the gateway counts what came in that leg."""
    diagram = Diagram().start().user("after")
    with diagram.subprocess("leg", times="2"):
        diagram.start("in").parallel("split").user("a", "b", "then").complex("enough", "activationCount >= 1")
        diagram.flow("in > split > a > enough > then", "split > b > enough")
    course = Course(diagram.flow("start > leg > after")).complete("a[1]")
    assert course.open == ["a[2]", "b[1]", "b[2]", "then[1]"]
    assert course.complete("b[1]", "then[1]", "a[2]", "b[2]", "then[2]").open == ["after"]


def test_boundary_of_an_activity_before_the_gateway_can_still_come():
    """A token at an activity whose boundary leads to the gateway keeps the round open."""
    diagram = Diagram().start().parallel("split").user("a", "b", "c", "after").complex("enough", "activationCount >= 1")
    diagram.boundary("due", "b", timer="PT1H").flow(
        "start > split > a > enough > after", "split > b > c", "due > enough"
    )
    course = Course(diagram).complete("a")
    assert course.state.joins != {}
    course.fire("due")
    assert (course.open, course.state.joins) == (["after"], {})
