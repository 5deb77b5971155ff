"""Compensation (BPMN 2.0.2, 10.7 and 13.5.5): what is recorded, what undoes it, in which order, and who waits."""

from __future__ import annotations

from typing import Any

import pytest

from engine.bpmn.effects import NodeEntered, NodeLeft
from engine.bpmn.play import leg_and_element
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def undoable(diagram: Diagram, *ids: str, **multi: Any) -> Diagram:
    """User tasks, each with a handler: `a` is undone by `undo_a`."""
    for id in ids:
        diagram.user(id, **multi).user(f"undo_{id}").boundary(f"c_{id}", id, compensate="").undo(
            f"c_{id}", f"undo_{id}"
        )
    return diagram


def trip(target: str = "") -> Diagram:
    """Two steps that can be undone, one that cannot, and then everything, or `target`, is undone."""
    diagram = undoable(Diagram().start(), "hotel", "flight").user("plain", "after").end()
    diagram.throw("back", compensate=target)
    return diagram.flow("start > hotel > flight > plain > back > after > end")


def done(diagram: Diagram, **variables: Any) -> Course:
    """The trip, done up to the event that undoes it."""
    return Course(diagram, **variables).complete("hotel", "flight", "plain")


def test_handlers_run_one_after_the_other_in_reverse_order_and_the_throw_waits():
    """The last that was done is undone first; the token goes on when everything is undone."""
    course = done(trip())
    assert course.open == ["undo_flight"]
    assert course.nodes(NodeEntered) == ["back", "c_flight", "undo_flight"]
    assert course.complete("undo_flight").open == ["undo_hotel"]
    course.complete("undo_hotel")
    assert (course.open, course.nodes(NodeLeft)) == (["after"], ["undo_hotel", "back"])
    assert (course.state.scopes, course.state.done) == ({}, {})
    assert course.complete("after").outcome == "completed"


def test_throw_that_names_an_activity_undoes_that_one_only():
    """The others stay done, and can be undone later."""
    course = done(trip("hotel"))
    assert course.open == ["undo_hotel"]
    assert course.complete("undo_hotel").open == ["after"]
    assert [course.net.nodes[record[0]].id for record in course.state.done[0]] == ["flight"]


def test_throw_with_nothing_to_undo_goes_on_at_once():
    """Where nothing was done, or nothing that can be undone, compensation is nothing."""
    diagram = trip("hotel").flow("start > after")
    assert Course(diagram).complete("after").open == ["hotel"]
    diagram = (
        undoable(Diagram().start().exclusive("which", "merge"), "hotel").user("after").throw("back", compensate="")
    )
    diagram.flow("start > which ?book? hotel > merge > back > after", "which ?*? merge")
    assert Course(diagram, book=False).open == ["after"]


def test_what_is_undone_once_is_not_undone_again():
    """A record is used once; what was done a second time is recorded a second time."""
    diagram = undoable(Diagram().start().exclusive("again", "more"), "hotel").user("ask").end()
    diagram.throw("back", compensate="").flow("start > again > hotel > back > ask > more ?done? end", "more ?*? again")
    course = Course(diagram).complete("hotel").complete("undo_hotel").complete("ask", done=False).complete("hotel")
    assert course.open == ["undo_hotel"]
    assert course.complete("undo_hotel").complete("ask", done=True).outcome == "completed"


def test_activity_done_twice_is_undone_twice():
    """Each completion in a loop is a record of its own."""
    diagram = undoable(Diagram().start().exclusive("again", "more"), "hotel").user("after")
    diagram.throw("back", compensate="").flow("start > again > hotel > more ?n >= 2? back > after", "more ?*? again")
    course = Course(diagram, n=1).complete("hotel").complete("hotel", n=2)
    assert course.complete("undo_hotel").open == ["undo_hotel"]
    assert course.complete("undo_hotel").open == ["after"]


def test_activity_that_is_not_done_or_was_cancelled_is_not_undone():
    """Neither an open activity nor one that its deadline took is recorded."""
    diagram = undoable(Diagram().start().parallel("split"), "a", "b", "c").user("after", "late")
    diagram.throw("back", compensate="").boundary("due", "b", timer="PT1H")
    diagram.flow("start > split > a > back > after", "split > b", "split > c", "due > late")
    course = Course(diagram).fire("due").complete("a")
    assert course.open == ["c", "late", "undo_a"]
    assert course.complete("undo_a").open == ["after", "c", "late"]
    course.complete("c")
    assert [course.net.nodes[record[0]].id for record in course.state.done[0]] == ["c"]


def test_end_event_undoes_and_then_consumes_its_token():
    """A compensation end event waits too; the process is over when everything is undone."""
    diagram = undoable(Diagram().start(), "a", "b").end(compensate="").flow("start > a > b > end")
    course = Course(diagram).complete("a", "b").complete("undo_b")
    assert course.open == ["undo_a"]
    assert course.complete("undo_a").outcome == "completed"


def test_throw_that_does_not_wait_goes_on_beside_the_undoing():
    """With waitForCompletion=false the token goes on at once, and the process is over only with the undoing."""
    diagram = undoable(Diagram().start(), "a", "b").user("after").end().throw("back", compensate="!")
    course = Course(diagram.flow("start > a > b > back > after > end")).complete("a", "b")
    assert course.open == ["after", "undo_b"]
    assert course.complete("after").outcome is None
    assert course.complete("undo_b").open == ["undo_a"]
    assert course.complete("undo_a").outcome == "completed"


def test_undoing_beside_a_token_does_not_hold_an_inclusive_join():
    """What is undone without being waited for leads nowhere, so no join waits for it."""
    diagram = (
        undoable(Diagram().start().inclusive("split", "join"), "a").user("b", "after").throw("back", compensate="!")
    )
    diagram.flow("start > split ?true? a > back > join > after", "split ?true? b > join")
    course = Course(diagram).complete("a")
    assert course.open == ["b", "undo_a"]
    assert course.complete("b").open == ["after", "undo_a"]


def test_throw_that_waits_holds_an_inclusive_join():
    """Its token is still to come, so the join waits until everything is undone."""
    diagram = (
        undoable(Diagram().start().inclusive("split", "join"), "a").user("b", "after").throw("back", compensate="")
    )
    diagram.flow("start > split ?true? a > back > join > after", "split ?true? b > join")
    course = Course(diagram).complete("a", "b")
    assert course.open == ["undo_a"]
    assert course.complete("undo_a").open == ["after"]


# -- sub-processes ---------------------------------------------------------------------------------------------------


def nested(handler: str = "") -> Diagram:
    """A sub-process of two steps that can be undone, with `handler` "event" or "boundary" or none, then undone."""
    diagram = undoable(Diagram().start(), "first").user("after").throw("back", compensate="")
    with diagram.subprocess("sub"):
        undoable(diagram.start("in"), "a", "b").end("out").flow("in > a > b > out")
        if handler == "event":
            with diagram.event_subprocess("undo"):
                diagram.start("u1", compensate="").user("tell").throw("u2", compensate="").user("told")
                diagram.flow("u1 > tell > u2 > told")
    if handler == "boundary":
        diagram.user("undo_sub").boundary("c_sub", "sub", compensate="").undo("c_sub", "undo_sub")
    return diagram.flow("start > first > sub > back > after")


def test_completed_subprocess_is_undone_by_undoing_what_was_done_in_it():
    """Default compensation: what is inside in reverse order, then what was done before the sub-process."""
    course = Course(nested()).complete("first", "a", "b")
    for id in ("undo_b", "undo_a", "undo_first"):
        assert course.open == [id]
        course.complete(id)
    assert (course.open, course.state.scopes, course.state.done) == (["after"], {}, {})


def test_subprocess_with_a_handler_is_undone_by_it_alone():
    """A handler takes the place of what is inside."""
    course = Course(nested("boundary")).complete("first", "a", "b")
    assert course.open == ["undo_sub"]
    assert course.complete("undo_sub").open == ["undo_first"]
    assert course.complete("undo_first").open == ["after"]


def test_compensation_event_subprocess_decides_and_may_undo_what_is_inside():
    """It runs when its sub-process is undone; a throw in it undoes what was done in that sub-process."""
    course = Course(nested("event")).complete("first", "a", "b")
    assert course.open == ["tell"]
    course.complete("tell")
    assert course.open == ["undo_b"]
    course.complete("undo_b", "undo_a")
    assert course.open == ["told"]
    assert course.complete("told").open == ["undo_first"]
    course.complete("undo_first")
    assert (course.open, course.state.scopes, course.state.done) == (["after"], {}, {})


def test_compensation_event_subprocess_does_not_run_while_its_scope_does():
    """It is armed for nothing: a throw in the running sub-process undoes the steps, not the sub-process."""
    diagram = Diagram().start().user("after")
    with diagram.subprocess("sub"):
        undoable(diagram.start("in"), "a").throw("back", compensate="").user("b").flow("in > a > back > b")
        with diagram.event_subprocess("undo"):
            diagram.start("u1", compensate="").user("tell").flow("u1 > tell")
    course = Course(diagram.flow("start > sub > after")).complete("a")
    assert course.open == ["undo_a"]
    assert course.complete("undo_a").open == ["b"]
    assert course.complete("b").open == ["after"]


def test_undoing_goes_two_levels_deep():
    """A sub-process in a sub-process is undone from the inside, in the order of completion over all levels."""
    diagram = Diagram().start().user("after").throw("back", compensate="outer")
    with diagram.subprocess("outer"):
        undoable(diagram.start("o1"), "x", "z")
        with diagram.subprocess("inner"):
            undoable(diagram.start("i1"), "y").flow("i1 > y")
        diagram.flow("o1 > x > inner > z")
    course = Course(diagram.flow("start > outer > back > after")).complete("x", "y", "z")
    for id in ("undo_z", "undo_y", "undo_x"):
        assert course.open == [id]
        course.complete(id)
    assert course.open == ["after"]


def test_subprocess_that_was_cancelled_is_not_undone():
    """What was done in a scope that its deadline took is dropped with it."""
    diagram = undoable(Diagram().start(), "first").user("after", "more").throw("back", compensate="")
    with diagram.subprocess("sub"):
        undoable(diagram.start("in"), "a").user("b").flow("in > a > b")
    diagram.boundary("due", "sub", timer="PT1H").flow("start > first > sub > more", "due > back > after")
    course = Course(diagram).complete("first", "a").fire("due")
    assert course.open == ["undo_first"]
    assert course.complete("undo_first").open == ["after"]


def test_error_event_subprocess_undoes_what_was_done_in_its_scope():
    """The usual way: an error interrupts the scope, and its event sub-process undoes what the scope had done."""
    diagram = Diagram().start().user("after")
    with diagram.subprocess("sub"):
        undoable(diagram.start("in"), "a", "b").user("c").end("bad", error="broken").flow("in > a > b > c > bad")
        with diagram.event_subprocess("rescue"):
            diagram.start("r1", error="broken").throw("back", compensate="").user("told").flow("r1 > back > told")
    course = Course(diagram.flow("start > sub > after")).complete("a", "b", "c")
    assert course.open == ["undo_b"]
    course.complete("undo_b").complete("undo_a")
    assert course.open == ["told"]
    assert course.complete("told").open == ["after"]


def test_undoing_is_cancelled_with_the_scope_it_runs_in():
    """A deadline on the sub-process takes the handlers with it, also those that were still to come."""
    diagram = Diagram().start().user("after", "late")
    with diagram.subprocess("sub"):
        undoable(diagram.start("in"), "a", "b").throw("back", compensate="").user("c").flow("in > a > b > back > c")
    diagram.boundary("due", "sub", timer="PT1H").flow("start > sub > after", "due > late")
    course = Course(diagram).complete("a", "b").fire("due")
    assert (course.open, course.state.scopes, course.state.done) == (["late"], {}, {})
    assert course.complete("late").outcome == "completed"


def test_cancelling_an_instance_that_is_being_undone_leaves_nothing():
    """Nothing of compensation outlives its instance."""
    course = Course(nested("event")).complete("first", "a", "b", "tell").cancel()
    assert (course.outcome, course.state.done, course.state.scopes) == ("cancelled", {}, {})


# -- legs and loops --------------------------------------------------------------------------------------------------


def test_legs_are_undone_each_with_its_own_variables():
    """A multi-instance activity is undone once for each completed leg, newest first, with its element in sight."""
    diagram = (
        undoable(Diagram().start(), "pay", over="units", element="unit").user("after").throw("back", compensate="")
    )
    course = Course(diagram.flow("start > pay > back > after"), units=["x", "y"])
    course.complete("pay[1]", ref=1).complete("pay[2]", ref=2)
    assert course.open == ["undo_pay[2]"]
    assert course.seen("undo_pay[2]") | {"unit": "y", "ref": 2, "loopCounter": 2} == course.seen("undo_pay[2]")
    course.complete("undo_pay[2]", ref=None, undone=2)
    assert course.seen("undo_pay[1]") | {"unit": "x", "ref": 1, "undone": 2} == course.seen("undo_pay[1]")
    course.complete("undo_pay[1]")
    assert (course.open, course.variables["undone"], course.variables["ref"]) == (["after"], 2, None)


def test_handler_of_a_leg_is_addressed_to_the_department_of_the_leg():
    """The undoing of a leg counts as that leg for whoever asks which one it is."""
    diagram = undoable(Diagram().start(), "pay", over="units", element="unit").throw("back", compensate="")
    course = Course(diagram.flow("start > pay > back"), units=["x", "y"]).complete("pay[1]", "pay[2]")
    scope = course.state.waits[course.wait("undo_pay[2]")][2]
    assert leg_and_element(course.net, course.state, scope)[1] == "y"


def test_legs_of_a_multi_instance_that_was_cancelled_are_not_undone():
    """An activity that is not done as a whole is not undone, though some of its legs were done."""
    diagram = undoable(Diagram().start(), "pay", times="2").user("after", "more").throw("back", compensate="")
    diagram.boundary("due", "pay", timer="PT1H").flow("start > pay > more", "due > back > after")
    course = Course(diagram).complete("pay[1]").fire("due")
    assert (course.open, course.state.done) == (["after"], {})


def test_legs_of_a_subprocess_are_undone_from_the_inside():
    """What was done in a leg is undone with the variables of that leg."""
    diagram = Diagram().start().user("after").throw("back", compensate="")
    with diagram.subprocess("leg", over="units", element="unit", sequential=True):
        undoable(diagram.start("in"), "a", "b").flow("in > a > b")
    course = Course(diagram.flow("start > leg > back > after"), units=["x", "y"])
    course.complete("a[1]", "b[1]", "a[2]", "b[2]")
    for id, unit in (("undo_b[2]", "y"), ("undo_a[2]", "y"), ("undo_b[1]", "x"), ("undo_a[1]", "x")):
        assert (course.open, course.seen(id)["unit"]) == ([id], unit)
        course.complete(id)
    assert course.open == ["after"]


def test_throw_in_a_leg_undoes_what_was_done_in_that_leg():
    """Each leg has records of its own."""
    diagram = Diagram().start().user("after")
    with diagram.subprocess("leg", times="2"):
        undoable(diagram.start("in"), "a").user("b").throw("back", compensate="").flow("in > a > b > back")
    course = Course(diagram.flow("start > leg > after")).complete("a[1]", "a[2]", "b[2]")
    assert course.open == ["b[1]", "undo_a[2]"]
    assert course.complete("undo_a[2]").open == ["b[1]"]


def test_rounds_of_a_loop_are_undone_each():
    """A standard loop is undone once for each of its rounds."""
    diagram = undoable(Diagram().start(), "a", most=2).user("after").throw("back", compensate="")
    course = Course(diagram.flow("start > a > back > after")).complete("a").complete("a")
    assert course.complete("undo_a").open == ["undo_a"]
    assert course.complete("undo_a").open == ["after"]


# -- handlers --------------------------------------------------------------------------------------------------------


def test_handler_may_be_a_subprocess_with_a_deadline_of_its_own():
    """What undoes is an activity like any other: with work inside, boundaries and errors."""
    diagram = Diagram().start().user("a", "after", "late").throw("back", compensate="")
    with diagram.subprocess("undo"):
        diagram.start("u1").user("x", "y").flow("u1 > x > y")
    diagram.boundary("c", "a", compensate="").undo("c", "undo").boundary("due", "undo", timer="PT1H")
    diagram.flow("start > a > back > after", "due > late")
    course = Course(diagram).complete("a")
    assert course.open == ["due", "x"]
    assert course.fire("due").open == ["late"]
    assert course.complete("late").open == ["after"]


def test_handler_may_be_an_operation_that_fails_and_is_repaired():
    """A failing handler waits for its repair; what comes after it waits too."""
    diagram = undoable(Diagram().start(), "b").user("a", "after").service("undo_a").throw("back", compensate="")
    diagram.boundary("c", "a", compensate="").undo("c", "undo_a").flow("start > b > a > back > after")
    course = Course(diagram).complete("b", "a").fail("undo_a").retry("undo_a").succeed("undo_a")
    assert course.open == ["undo_b"]


def test_error_in_a_handler_travels_outwards_from_the_throw():
    """An error while undoing is caught where the throwing event stands, not by what was done before."""
    diagram = Diagram().start().user("after", "help")
    with diagram.subprocess("sub"):
        diagram.start("in").user("a").service("undo_a").throw("back", compensate="").user("never")
        diagram.boundary("c", "a", compensate="").undo("c", "undo_a").boundary("no", "a", error="broken")
        diagram.flow("in > a > back", "no > never")
    diagram.boundary("edge", "sub", error="broken").flow("start > sub > after", "edge > help")
    course = Course(diagram).complete("a").fail("undo_a", "broken")
    assert (course.open, course.state.scopes, course.state.done) == (["help"], {}, {})


def test_multiple_event_throws_its_message_and_undoes():
    """Each part of a multiple event is thrown; the token waits for what is undone."""
    diagram = undoable(Diagram().start(), "a").user("after").throw("back", message="m", compensate="")
    course = Course(diagram.flow("start > a > back > after")).complete("a")
    assert course.open == ["undo_a"]
    assert course.complete("undo_a").open == ["after"]


def test_call_is_undone_by_its_handler():
    """A called process that has ended is undone by what the caller draws for it."""
    diagram = (
        Diagram().start().call("c", "child").call("undo_c", "undo_child").user("after").throw("back", compensate="")
    )
    diagram.boundary("edge", "c", compensate="").undo("edge", "undo_c").flow("start > c > back > after")
    course = Course(diagram).return_from("c")
    assert course.open == ["undo_c"]
    assert course.return_from("undo_c").open == ["after"]


# -- reading ---------------------------------------------------------------------------------------------------------


def rules(diagram: Diagram) -> set[str]:
    """The rules of the questions and warnings on compensation of a diagram."""
    return {f.rule for f in diagram.reading().findings if f.rule.startswith(("compensation", "cancel"))}


def test_boundary_without_a_handler_is_proposed_as_a_persons_work():
    """A compensation event that leads nowhere is asked about and can be played."""
    diagram = Diagram().start().user("a", "after").boundary("c", "a", compensate="").throw("back", compensate="")
    diagram.flow("start > a > back > after")
    assert rules(diagram) == {"compensation.no_handler"}
    assert Course(diagram).complete("a").open == ["c_undo"]


def test_flow_out_of_a_compensation_event_is_read_as_its_association():
    """Files that draw a flow to the handler mean the association; the handler is not reached in any other way."""
    diagram = Diagram().start().user("a", "undo_a", "after").boundary("c", "a", compensate="")
    diagram.throw("back", compensate="").flow("start > a > back > after", "c > undo_a")
    assert rules(diagram) == {"compensation.flow"}
    assert Course(diagram).complete("a").complete("undo_a").open == ["after"]


def test_throw_at_something_that_is_not_there_undoes_the_scope_and_is_asked_about():
    """A wrong reference is a question; one to what cannot be undone a warning."""
    diagram = undoable(Diagram().start(), "a").user("plain", "after").throw("back", compensate="nowhere")
    diagram.flow("start > a > plain > back > after")
    assert rules(diagram) == {"compensation.activity"}
    assert Course(diagram).complete("a", "plain").open == ["undo_a"]
    assert "compensation.nothing" in rules(trip("plain"))


def test_flow_out_of_a_handler_is_asked_about_and_not_followed():
    """What undoes has no way on."""
    diagram = trip().user("never").flow("undo_hotel > never")
    assert "compensation.handler_flow" in rules(diagram)
    assert done(diagram).complete("undo_flight").complete("undo_hotel").open == ["after"]


@pytest.mark.parametrize("waits", ["", "!"])
@pytest.mark.parametrize("done_before", [True, False])
@pytest.mark.parametrize(("last", "after"), [({"error": "flood"}, "help"), ({"terminate": ""}, "after")])
def test_end_that_undoes_and_ends_its_scope_does_both(waits, done_before, last, after):
    """The error or terminate comes when everything is undone, and ends what still runs beside it."""
    diagram = Diagram().start().user("help", "after").flow("start > sub > after", "b > help")
    with diagram.subprocess("sub"):
        undoable(diagram.start("i").parallel("p").user("beside"), "hotel").user("go")
        diagram.end("bad", compensate="hotel" + waits, **last).flow("i > p > go > bad", "p > hotel > beside")
    course = Course(diagram.boundary("b", "sub", error="flood"))
    if done_before:
        course.complete("hotel", "go")
        assert course.open == ["beside", "undo_hotel"]
        course.complete("undo_hotel")
    else:
        course.complete("go")
    assert course.open == [after]
