"""Escalations: they go outwards to what catches them, and whoever escalated goes on unless interrupted (10.5.6)."""

from __future__ import annotations

import pytest

from engine.bpmn.effects import CallCancelled, EscalationSent
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def escalating(code: str = "late", *, end: bool = False) -> Diagram:
    """A sub-process `sub` that escalates when `go` is done, and its way on to `then`."""
    diagram = Diagram().start().user("then", "help").flow("start > sub > then")
    with diagram.subprocess("sub"):
        diagram.start("i").user("go", "beside").parallel("split").flow("i > split > go > t", "split > beside")
        if end:
            diagram.end("t", escalation=code)
        else:
            diagram.throw("t", escalation=code).user("inside").flow("t > inside")
    return diagram


@pytest.mark.parametrize("end", [False, True])
@pytest.mark.parametrize("interrupting", [False, True])
def test_escalation_is_caught_by_the_boundary_of_its_subprocess(interrupting, end):
    """A boundary that does not interrupt helps beside the work, one that does takes the work over."""
    diagram = escalating(end=end).boundary("b", "sub", interrupting=interrupting, escalation="late").flow("b > help")
    course = Course(diagram).complete("go")
    going_on = ["beside"] if end else ["beside", "inside"]
    assert course.open == (["help"] if interrupting else sorted([*going_on, "help"]))
    assert course.told(EscalationSent) == []


@pytest.mark.parametrize("interrupting", [False, True])
@pytest.mark.parametrize("end", [False, True])
def test_escalation_is_caught_by_an_event_subprocess_of_its_scope_first(interrupting, end):
    """The handler inside comes before the boundary outside."""
    diagram = Diagram().start().user("then", "never").flow("start > sub > then")
    with diagram.subprocess("sub"):
        diagram.start("i").user("go").flow("i > go > t")
        diagram.end("t", escalation="late") if end else diagram.throw("t", escalation="late").user("inside").flow(
            "t > inside"
        )
        with diagram.event_subprocess("h"):
            diagram.start("s", interrupting=interrupting, escalation="late").user("help").flow("s > help")
    diagram.boundary("b", "sub", escalation="late").flow("b > never")
    course = Course(diagram).complete("go")
    assert course.open == (["help"] if interrupting or end else ["help", "inside"])
    course.complete(*course.open)
    assert course.open == ["then"]


def test_escalation_start_waits_for_nothing_and_does_not_run_by_itself():
    """A handler of escalations never begins with the instance."""
    diagram = Diagram().start().user("a").end().flow("start > a > end")
    with diagram.event_subprocess("h"):
        diagram.start("s", escalation="late").user("help").flow("s > help")
    assert Course(diagram).open == ["a"]


def test_escalation_prefers_the_code_then_the_catcher_of_all_then_goes_outwards():
    """The boundary that names the code wins; another code passes by; one without a code takes any."""
    for codes, taken in ((("late", ""), "b0"), (("other", ""), "b1"), (("other",), None)):
        diagram = escalating()
        for number, code in enumerate(codes):
            diagram.user(f"h{number}").boundary(f"b{number}", "sub", interrupting=False, escalation=code)
            diagram.flow(f"b{number} > h{number}")
        course = Course(diagram).complete("go")
        assert [place for place in course.open if place.startswith("h")] == ([f"h{taken[1]}"] if taken else [])


def test_escalation_nobody_catches_changes_nothing_and_is_told_to_the_caller():
    """The token goes on; whoever called the process hears of it."""
    course = Course(Diagram().start().throw("t", escalation="late").user("a").flow("start > t > a"))
    assert course.open == ["a"]
    assert [(sent.code, course.net.nodes[sent.node].id) for sent in course.told(EscalationSent)] == [("late", "t")]


@pytest.mark.parametrize("interrupting", [False, True])
def test_escalation_out_of_a_call_reaches_its_boundary(interrupting):
    """The called process goes on, unless the boundary of the call interrupts: then it is called off."""
    diagram = Diagram().start().call("c", "other").user("then", "help").flow("start > c > then", "b > help")
    diagram.boundary("b", "c", interrupting=interrupting, escalation="late")
    course = Course(diagram).escalated_call("c", "late")
    assert course.open == (["help"] if interrupting else ["c", "help"])
    assert len(course.told(CallCancelled)) == interrupting
    if not interrupting:
        assert course.escalated_call("c", "late").return_from("c").open == ["help", "help", "then"]


def test_escalation_out_of_a_call_goes_further_out():
    """What the call itself does not catch is caught around it, else it is told to the next caller."""
    diagram = Diagram().start().user("help").flow("start > sub")
    with diagram.subprocess("sub"):
        diagram.start("i").call("c", "other").flow("i > c")
    diagram.boundary("b", "sub", interrupting=False, escalation="").flow("b > help")
    assert Course(diagram).escalated_call("c", "late").open == ["c", "help"]
    alone = Course(Diagram().start().call("c", "other").flow("start > c")).escalated_call("c", "late")
    assert alone.open == ["c"]
    assert [sent.code for sent in alone.told(EscalationSent)] == ["late"]


def test_person_escalates_an_item():
    """An escalation boundary of a human node is reached by its person; uncaught it leaves the item open."""
    for interrupting in (False, True):
        diagram = Diagram().start().user("a", "help").flow("start > a", "b > help")
        diagram.boundary("b", "a", interrupting=interrupting, escalation="late")
        assert Course(diagram).escalate("a", "late").open == (["help"] if interrupting else ["a", "help"])
    assert Course(Diagram().start().user("a").flow("start > a")).escalate("a", "late").open == ["a"]


@pytest.mark.parametrize("interrupting", [False, True])
def test_escalation_in_a_leg_reaches_the_boundary_of_the_whole(interrupting):
    """One leg escalates: the boundary on the activity cancels all legs, or helps beside them."""
    diagram = Diagram().start().user("then", "help").flow("start > legs > then", "b > help")
    with diagram.subprocess("legs", times="2"):
        diagram.start("i").user("go").throw("t", escalation="late").user("more").flow("i > go > t > more")
    diagram.boundary("b", "legs", interrupting=interrupting, escalation="late")
    course = Course(diagram).complete("go[2]")
    assert course.open == (["help"] if interrupting else ["go[1]", "help", "more[2]"])


@pytest.mark.parametrize("interrupting", [False, True])
def test_escalation_in_legs_of_calls_and_of_items(interrupting):
    """Legs of simple activities have their boundaries on the whole activity as well."""
    for draw, happen in (
        (lambda d: d.call("w", "other", times="2"), lambda c: c.escalated_call("w[1]", "late")),
        (lambda d: d.user("w", times="2"), lambda c: c.escalate("w[1]", "late")),
    ):
        diagram = draw(Diagram().start()).user("help").flow("start > w", "b > help")
        diagram.boundary("b", "w", interrupting=interrupting, escalation="late")
        assert happen(Course(diagram)).open == (["help"] if interrupting else ["help", "w[1]", "w[2]"])


@pytest.mark.parametrize("interrupting", [False, True])
def test_escalation_of_a_handler_is_not_caught_by_itself(interrupting):
    """A handler that escalates further reaches the level around, not itself again."""
    diagram = Diagram().start().user("far").flow("start > sub", "b > far")
    with diagram.subprocess("sub"):
        diagram.start("i").user("work").throw("t", escalation="late").flow("i > t > work")
        with diagram.event_subprocess("h"):
            diagram.start("s", interrupting=interrupting, escalation="late").throw("up", escalation="late")
            diagram.user("help").flow("s > up > help")
    diagram.boundary("b", "sub", interrupting=False, escalation="late")
    assert Course(diagram).open == (["far", "help"] if interrupting else ["far", "help", "work"])


def test_escalation_two_levels_deep_passes_a_level_that_does_not_catch_it():
    """It is caught at the innermost level that has a catcher for its code."""
    diagram = Diagram().start().user("help").flow("start > outer")
    with diagram.subprocess("outer"):
        diagram.start("o").user("wrong").flow("o > inner", "x > wrong")
        with diagram.subprocess("inner"):
            diagram.start("i").throw("t", escalation="late").user("work").flow("i > t > work")
        diagram.boundary("x", "inner", escalation="other")
        with diagram.event_subprocess("h"):
            diagram.start("s", interrupting=False, escalation="late").user("inner_help").flow("s > inner_help")
    diagram.boundary("b", "outer", escalation="late").flow("b > help")
    assert Course(diagram).open == ["inner_help", "work"]
