"""Workflow control-flow patterns that events express, by their numbers in the catalogue of van der Aalst and others."""

from __future__ import annotations

import pytest

from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def test_wcp_11_implicit_termination():
    """An instance is over when nothing is left to do, though a handler is still armed."""
    diagram = Diagram().start().user("a").flow("start > a")
    with diagram.event_subprocess("h"):
        diagram.start("s", signal="flood").user("help").flow("s > help")
    assert Course(diagram).complete("a").outcome == "completed"


def test_wcp_16_deferred_choice():
    """The world chooses, at the moment the first of the events happens."""
    diagram = Diagram().start().event_gateway("g").catch("m", message="mail").catch("t", timer="P1D").user("a", "b")
    course = Course(diagram.flow("start > g > m > a", "g > t > b"))
    assert course.open == ["m", "t"]
    assert course.fire("t").open == ["b"]


def test_wcp_18_milestone():
    """A task may be done only while a state lasts: its offer ends with the state."""
    diagram = Diagram().start().user("done").flow("start > open_phase > done")
    with diagram.subprocess("open_phase"):
        diagram.start("i").event_gateway("g").catch("asked", message="ask").catch("closed", message="close")
        diagram.exclusive("again").user("answer").end("e")
        diagram.flow("i > again > g > asked > answer > again", "g > closed > e")
    course = Course(diagram).message("asked").complete("answer")
    assert course.open == ["asked", "closed"]
    assert course.message("closed").open == ["done"]


def test_wcp_19_cancel_activity():
    """One activity is withdrawn by an event on its border, what runs beside goes on."""
    diagram = Diagram().start().parallel("split").user("a", "b").boundary("x", "a", signal="stop")
    assert Course(diagram.flow("start > split > a", "split > b")).broadcast("x").open == ["b"]


def test_wcp_20_cancel_case():
    """The whole instance is withdrawn by an interrupting handler that only ends it."""
    diagram = Diagram().start().parallel("split").user("a", "b").flow("start > split > a", "split > b")
    with diagram.event_subprocess("h"):
        diagram.start("s", message="withdraw").end("e", terminate=True).flow("s > e")
    assert Course(diagram).message("s").outcome == "completed"


def test_wcp_25_cancel_region():
    """Part of an instance, whatever stands in it, is withdrawn; the rest goes on."""
    diagram = Diagram().start().parallel("split").user("outside", "after").flow("start > split > region")
    with diagram.subprocess("region"):
        diagram.start("i").parallel("fork", "meet").user("a", "b").catch("k", timer="PT1H")
        diagram.flow("i > fork > a > meet", "fork > b > meet", "fork > k > meet")
    diagram.boundary("x", "region", message="stop").flow("split > outside", "x > after")
    assert Course(diagram).complete("a").message("x").open == ["after", "outside"]


def test_wcp_26_27_cancel_and_complete_multiple_instances():
    """An event on the border withdraws all legs that are open; a completion condition counts them as done."""
    for until, open_ in ((None, ["late"]), ("nrOfCompletedInstances >= 1", ["then"])):
        diagram = Diagram().start().user("work", times="3", until=until).user("then", "late")
        diagram.boundary("x", "work", signal="stop").flow("start > work > then", "x > late")
        course = Course(diagram)
        assert (course.broadcast("x") if until is None else course.complete("work[2]")).open == open_


def test_wcp_23_transient_trigger():
    """A broadcast is lost where nobody waits for it at that moment."""
    diagram = Diagram().start().parallel("split").user("go", "before").throw("t", signal="flood")
    diagram.catch("k", signal="flood").user("a").flow("start > split > go > t", "split > before > k > a")
    assert Course(diagram).complete("go").complete("before").open == ["k"]
    assert Course(diagram).complete("before").complete("go").open == ["a"]


def test_wcp_24_persistent_trigger():
    """A condition that came true is still true for whoever begins to wait for it later."""
    diagram = Diagram().start().parallel("split").user("go", "before").catch("k", condition="flooded").user("a")
    course = Course(diagram.flow("start > split > go", "split > before > k > a"))
    assert course.complete("go", flooded=True).open == ["before"]
    assert course.complete("before").open == ["a"]


def test_wcp_33_and_16_with_persistent_trigger_choose_at_once():
    """A choice between events, one of which has come true already, is made on arrival."""
    diagram = Diagram().start().event_gateway("g").catch("m", message="mail").catch("k", condition="flooded")
    diagram.user("a", "b").flow("start > g > m > a", "g > k > b")
    assert Course(diagram, flooded=True).open == ["b"]


def test_wcp_43_explicit_termination():
    """A terminate end ends everything, also what waits for events."""
    diagram = Diagram().start().parallel("split").user("go").catch("k", signal="flood").end(terminate=True)
    assert Course(diagram.flow("start > split > go > end", "split > k")).complete("go").outcome == "terminated"


def test_resource_escalation_of_a_laggard_is_a_pattern_of_events():
    """A deadline that does not interrupt calls a supervisor, the work goes on, and its end withdraws the rest."""
    diagram = (
        Diagram().start().user("handle", "supervise", "done").flow("start > handle > done", "b > tell > supervise")
    )
    diagram.boundary("b", "handle", interrupting=False, cycle="R2/PT4H").throw("tell", message="late")
    course = Course(diagram).fire("b").fire("b")
    assert course.open == ["handle", "supervise", "supervise"]
    assert course.complete("handle").open == ["done", "supervise", "supervise"]
