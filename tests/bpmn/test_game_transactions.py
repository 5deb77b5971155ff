"""Transactions (BPMN 2.0.2, 10.3.5): success, cancelling with everything undone, and errors out of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram
from tests.bpmn.test_game_compensation import rules, undoable

pytestmark = pytest.mark.fast


def booking(**multi: Any) -> Diagram:
    """A transaction of two steps and a decision, left by success, by cancelling or by an error."""
    diagram = Diagram().start().user("after", "off", "help")
    with diagram.transaction("booking", **multi):
        undoable(diagram.start("in"), "hotel", "flight").user("check").exclusive("gate")
        diagram.end("ok").end("no", cancel="").end("bad", error="broken")
        diagram.flow("in > hotel > flight > check > gate ?way == 'ok'? ok", "gate ?way == 'no'? no", "gate ?*? bad")
    diagram.boundary("cancelled", "booking", cancel="").boundary("broken", "booking", error="broken")
    return diagram.flow("start > booking > after", "cancelled > off", "broken > help")


def test_transaction_that_succeeds_goes_on_like_a_subprocess():
    """Without a cancel end event it is an embedded sub-process."""
    assert Course(booking()).complete("hotel", "flight").complete("check", way="ok").open == ["after"]


def test_cancel_end_undoes_everything_and_then_leaves_by_the_cancel_boundary():
    """The cancel path begins when all that was done is undone, in reverse order."""
    course = Course(booking()).complete("hotel", "flight").complete("check", way="no")
    assert course.open == ["undo_flight"]
    assert course.complete("undo_flight").open == ["undo_hotel"]
    course.complete("undo_hotel")
    assert (course.open, course.state.scopes, course.state.done) == (["off"], {}, {})
    assert course.complete("off").outcome == "completed"


def test_error_out_of_a_transaction_undoes_nothing():
    """A hazard: the error boundary is taken, what was done stays done."""
    course = Course(booking()).complete("hotel", "flight").complete("check", way="bad")
    assert (course.open, course.state.done) == (["help"], {})


def test_cancelling_with_nothing_done_leaves_at_once():
    """No records, no waiting."""
    diagram = Diagram().start().user("after", "off")
    with diagram.transaction("t"):
        diagram.start("in").user("a").end("no", cancel="").flow("in > a > no")
    course = Course(diagram.boundary("c", "t", cancel="").flow("start > t > after", "c > off")).complete("a")
    assert (course.open, course.state.scopes) == (["off"], {})


def test_cancelling_stops_what_runs_inside_and_undoes_what_was_done_in_it():
    """Open items go; what was done in a sub-process that still runs, and in finished legs, is undone too."""
    diagram = Diagram().start().user("after", "off")
    with diagram.transaction("t"):
        undoable(diagram.start("in").parallel("split"), "a")
        undoable(diagram, "pay", times="2")
        with diagram.subprocess("sub"):
            undoable(diagram.start("s1"), "b").user("open").flow("s1 > b > open")
        diagram.user("stop").end("no", cancel="")
        diagram.flow("in > split > a > stop > no", "split > sub", "split > pay")
    diagram.boundary("c", "t", cancel="").boundary("due", "t", timer="PT1H").user("late")
    course = Course(diagram.flow("start > t > after", "c > off", "due > late"))
    course.complete("b", "pay[1]", "a").complete("stop")
    for id in ("undo_a", "undo_pay[1]", "undo_b"):
        assert course.open == [id], "also the deadline of the transaction is over"
        course.complete(id)
    assert (course.open, course.state.scopes, course.state.done) == (["off"], {}, {})


def test_deadline_takes_a_transaction_without_undoing():
    """Only the cancel end event undoes; an interrupting boundary cancels."""
    diagram = booking().user("late").boundary("due", "booking", timer="PT1H").flow("due > late")
    course = Course(diagram).complete("hotel").fire("due")
    assert (course.open, course.state.done) == (["late"], {})


def test_cancel_in_a_nested_subprocess_cancels_the_transaction_around_it():
    """The nearest transaction outwards is cancelled."""
    diagram = Diagram().start().user("after", "off")
    with diagram.transaction("t"):
        undoable(diagram.start("in"), "a")
        with diagram.subprocess("sub"):
            undoable(diagram.start("s1"), "b").end("no", cancel="").flow("s1 > b > no")
        diagram.flow("in > a > sub")
    diagram.boundary("c", "t", cancel="").flow("start > t > after", "c > off")
    course = Course(diagram).complete("a", "b")
    assert course.open == ["undo_b"]
    assert course.complete("undo_b").complete("undo_a").open == ["off"]


def test_transaction_inside_a_transaction_is_cancelled_alone():
    """The outer one goes on by the cancel boundary of the inner one."""
    diagram = Diagram().start().user("after", "off")
    with diagram.transaction("outer"):
        undoable(diagram.start("o1"), "a").user("retry")
        with diagram.transaction("inner"):
            undoable(diagram.start("i1"), "b").end("no", cancel="").flow("i1 > b > no")
        diagram.boundary("ci", "inner", cancel="").end("all", cancel="")
        diagram.flow("o1 > a > inner", "ci > retry > all")
    diagram.boundary("co", "outer", cancel="").flow("start > outer > after", "co > off")
    course = Course(diagram).complete("a", "b").complete("undo_b")
    assert course.open == ["retry"]
    assert course.complete("retry").open == ["undo_a"]
    assert course.complete("undo_a").open == ["off"]


def test_cancel_in_one_leg_cancels_and_undoes_the_activity_as_a_whole():
    """The border is that of all legs, so all of them are cancelled, and each is undone with its own variables."""
    course = Course(booking(over="units", element="unit"), units=["x", "y", "z"])
    course.complete("hotel[1]", "hotel[2]", "flight[2]", "hotel[3]", "flight[3]").complete("check[3]", way="ok")
    course.complete("check[2]", way="no")
    undone = []
    while course.open != ["off"]:
        (id,) = course.open
        undone.append((id, course.seen(id)["unit"]))
        course.complete(id)
    assert [unit for _, unit in undone] == ["z", "z", "y", "y", "x"]
    assert [id for id, _ in undone] == [
        "undo_flight[3]",
        "undo_hotel[3]",
        "undo_flight[2]",
        "undo_hotel[2]",
        "undo_hotel[1]",
    ]
    assert (course.state.scopes, course.state.bodies, course.state.done) == ({}, {}, {})


def test_finished_transaction_can_be_undone_from_outside():
    """A transaction that succeeded is compensated like any other sub-process."""
    diagram = booking().throw("back", compensate="").user("gone").flow("after > back > gone")
    course = Course(diagram).complete("hotel", "flight").complete("check", way="ok").complete("after")
    assert course.complete("undo_flight").complete("undo_hotel").open == ["gone"]


def test_inclusive_join_waits_for_a_transaction_that_is_being_undone():
    """Its token is still to come, by the cancel boundary."""
    diagram = Diagram().start().inclusive("split", "join").user("b", "after")
    with diagram.transaction("t"):
        undoable(diagram.start("in"), "a").end("no", cancel="").flow("in > a > no")
    diagram.boundary("c", "t", cancel="").flow(
        "start > split ?true? t > join > after", "c > join", "split ?true? b > join"
    )
    course = Course(diagram).complete("a", "b")
    assert course.open == ["undo_a"]
    assert course.complete("undo_a").open == ["after"]


def test_cancel_events_where_no_transaction_is_are_asked_about():
    """Outside a transaction a cancel end is an end; a border without one never happens; a missing border is made."""
    outside = Diagram().start().user("a").end("no", cancel="").flow("start > a > no")
    assert rules(outside) == {"cancel.outside"}
    assert Course(outside).complete("a").outcome == "completed"
    border = Diagram().start().user("a", "b").boundary("c", "a", cancel="").flow("start > a", "c > b")
    assert "cancel.no_transaction" in rules(border)
    missing = Diagram().start().user("after").end()
    with missing.transaction("t"):
        undoable(missing.start("in"), "a").end("no", cancel="").flow("in > a > no")
    missing.flow("start > t > after > end")
    assert rules(missing) == {"cancel.no_boundary"}
    assert Course(missing).complete("a").complete("undo_a").outcome == "completed"
