"""Call activities in the token game: what a child instance gets, what it gives back, and how it is called off."""

from __future__ import annotations

import pytest

from engine.bpmn import stimuli as s
from engine.bpmn.effects import CallCancelled, CallStarted, MessageSent, StepFailed, SubscriptionOpened
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def calling(inputs: dict[str, str] | None = None, outputs: dict[str, str] | None = None, **multi: object) -> Diagram:
    """A call of `child` with one task after it."""
    diagram = Diagram().start().call("sub", "child", inputs, outputs, **multi).user("after").end()
    return diagram.flow("start > sub > after > end")


def test_call_passes_what_its_mappings_say_and_nothing_else():
    """A department's process sees what it is given and no more (bpmn.md 3, row 19)."""
    course = Course(calling({"street": "place", "twice": "2 * n"}), place="Long", n=4, secret="x")
    (started,) = course.told(CallStarted)
    assert (started.process, started.variables) == ("child", {"street": "Long", "twice": 8})
    assert course.open == ["sub"]


def test_call_without_mappings_passes_nothing_either_way():
    """No mapping is no data, not all data."""
    course = Course(calling(), x=1)
    assert course.told(CallStarted)[0].variables == {}
    assert course.return_from("sub", x=2, y=3).variables == {"x": 1}


def test_call_takes_back_what_its_mappings_say():
    """Results are evaluated over the child's variables and written here under their names."""
    course = Course(calling({}, {"report": "text", "high": "depth >= 2"}), text="mine")
    course.return_from("sub", text="wet", depth=3, own=True)
    assert course.variables == {"text": "mine", "report": "wet", "high": True}
    assert course.open == ["after"]


def test_results_of_a_call_in_a_leg_go_to_the_leg():
    """Two departments' children do not overwrite each other's results."""
    diagram = Diagram().start().user("after").end()
    with diagram.subprocess("leg", over="units", element="unit", outputs=("all", "report")):
        diagram.start("in").call("sub", "child", {"who": "unit"}, {"report": "text"}).user("check").end("out")
        diagram.flow("in > sub > check > out")
    course = Course(diagram.flow("start > leg > after > end"), units=["x", "y"])
    assert [started.variables for started in course.told(CallStarted)] == [{"who": "x"}, {"who": "y"}]
    course.return_from("sub[2]", text="b").return_from("sub[1]", text="a")
    assert [course.seen(f"check[{n}]")["report"] for n in (1, 2)] == ["a", "b"]
    course.complete("check[2]", "check[1]")
    assert course.variables["all"] == ["a", "b"]


def test_interrupting_boundary_on_a_call_calls_the_child_off():
    """A deadline on a called process cancels the child instance."""
    course = Course(calling().boundary("due", "sub", timer="PT1H").user("late").flow("due > late"))
    child = course.wait("sub")
    assert course.fire("due").open == ["late"]
    assert course.told(CallCancelled) == [CallCancelled(child)]


def test_non_interrupting_boundaries_on_a_call_leave_the_child_running():
    """Reminders and reports beside a called process arrive while it runs."""
    diagram = calling().boundary("due", "sub", cycle="R2/PT10M", interrupting=False)
    diagram.boundary("news", "sub", message="news", interrupting=False).user("read").flow("due > read", "news > read")
    course = Course(diagram).fire("due").message("news").message("news").fire("due")
    assert course.open == ["news", *["read"] * 4, "sub"]
    assert course.return_from("sub").open == ["after", *["read"] * 4]


def test_error_of_a_child_is_caught_on_the_border_of_the_call():
    """An uncaught error end of the child is an error of the call activity."""
    course = Course(calling().boundary("edge", "sub", error="flood").user("handled").flow("edge > handled"))
    course.step(s.CallFailed(course.wait("sub"), "flood"))
    assert course.open == ["handled"]


def test_error_of_a_child_goes_out_to_the_next_border():
    """From a call inside a sub-process the error is thrown on, outwards."""
    diagram = Diagram().start().user("handled").end()
    with diagram.subprocess("outer"):
        diagram.start("in").call("sub", "child").end("out").flow("in > sub > out")
    diagram.boundary("edge", "outer", error="flood").flow("start > outer > end", "edge > handled")
    course = Course(diagram)
    assert course.step(s.CallFailed(course.wait("sub"), "flood")).open == ["handled"]


def test_uncaught_error_of_a_child_is_a_step_failure_that_calls_again():
    """The caller is not lost with its child; the operator's retry starts a new one."""
    course = Course(calling({"x": "n"}), n=1)
    course.step(s.CallFailed(course.wait("sub"), "flood"))
    assert course.told(StepFailed)[0].code == "game.error_uncaught"
    course.retry("sub", n=2)
    assert [started.variables for started in course.told(CallStarted)] == [{"x": 2}]
    assert course.return_from("sub").open == ["after"]


def test_call_whose_input_cannot_be_evaluated_starts_no_child():
    """Bad data stops before the call, where it can be repaired."""
    course = Course(calling({"x": "missing_name"}))
    assert course.told(CallStarted) == []
    assert course.told(StepFailed)[0].code == "expression.unknown_name"
    assert course.retry("sub", missing_name=1).told(CallStarted)[0].variables == {"x": 1}


def test_call_whose_results_do_not_fit_keeps_them_for_repair():
    """The child's work is done and is not thrown away: its variables are repaired, then mapped again."""
    diagram = calling({}, {"report": "text", "score": "points + 1"}).boundary("due", "sub", timer="PT1H").user("late")
    course = Course(diagram.flow("due > late")).return_from("sub", text="wet")
    assert course.told(StepFailed)[0].code == "expression.unknown_name"
    assert course.open == ["due", "sub"]
    assert course.retry("sub", points="many").open == ["due", "sub"]
    assert course.retry("sub", points=4).open == ["after"]
    assert course.variables == {"report": "wet", "score": 5}


def test_call_in_a_leg_whose_results_do_not_fit_fails_in_its_leg():
    """The other legs go on."""
    course = Course(calling({}, {"report": "text"}, times="2")).return_from("sub[1]")
    assert course.return_from("sub[2]", text="b").open == ["sub[1]"]
    assert course.retry("sub[1]", text="a").open == ["after"]


def test_correlation_key_is_evaluated_where_it_is_armed_and_where_it_is_thrown():
    """A subscription says its key, a thrown message its own; a key that is no text or number is a step failure."""
    diagram = Diagram().start().throw("tell", message="case").catch("k", message="case").user("a")
    diagram.keyed("case", "number").flow("start > tell > k > a")
    course = Course(diagram, number=12)
    assert [(o.message, o.key) for o in course.told(SubscriptionOpened)] == [("case", "12")]
    assert [sent.key for sent in course.told(MessageSent)] == ["12"]
    assert course.message("k").open == ["a"]
    bad = Course(diagram, number=["x"])
    assert bad.told(StepFailed)[0].code == "message.key"
    assert bad.retry("tell", number="x-1").told(SubscriptionOpened)[0].key == "x-1"


def test_correlation_key_of_a_boundary_and_of_a_receive_task():
    """Both say it as well; what cannot be keyed is not begun."""
    diagram = Diagram().start().receive("r").user("late").boundary("b", "r", message="stop")
    diagram.keyed("r", "number").keyed("stop", "number + 1").flow("start > r", "b > late")
    course = Course(diagram, number=1)
    assert {(o.message, o.key) for o in course.told(SubscriptionOpened)} == {("r", "1"), ("stop", "2")}
    assert Course(diagram, number=[]).told(StepFailed)[0].code in ("message.key", "expression.wrong_kind")
