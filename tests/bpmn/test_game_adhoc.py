"""Ad-hoc sub-processes (BPMN 2.0.2, 13.3.5; workflow pattern interleaved routing): what is offered, in which order, and
when it was enough."""

from __future__ import annotations

from typing import Any

import pytest

from engine.bpmn.effects import ItemOpened, ItemWithdrawn
from engine.errors import Rejected
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def plan(until: str | None = None, **how: Any) -> Diagram:
    """Three measures in any order, and what comes after."""
    diagram = Diagram().start().user("after").end()
    with diagram.adhoc("plan", until, **how):
        diagram.user("a", "b", "c")
    return diagram.flow("start > plan > after > end")


def test_parallel_offers_everything_at_once_and_is_done_when_all_were_done():
    """Each activity is done once, in whichever order people take them up."""
    course = Course(plan())
    assert course.nodes(ItemOpened) == ["a", "b", "c"]
    course.complete("c", "a")
    assert course.open == ["b"]
    assert course.complete("b").complete("after").outcome == "completed"


def test_sequential_offers_one_after_the_other_in_the_order_of_the_file():
    """No two run at the same time (interleaved routing)."""
    course = Course(plan(sequential=True))
    for id in ("a", "b", "c"):
        assert course.open == [id]
        course.complete(id)
    assert course.open == ["after"]


def test_condition_is_looked_at_after_each_activity_and_cancels_the_rest():
    """Enough is enough: what is still open is withdrawn."""
    course = Course(plan("enough"), enough=False).complete("b")
    assert course.open == ["a", "c"]
    course.complete("a", enough=True)
    assert (course.open, len(course.told(ItemWithdrawn))) == (["after"], 1)


def test_condition_that_does_not_cancel_awaits_what_runs_and_begins_nothing_new():
    """With cancelRemainingInstances=false open work is finished; what follows it inside is not begun."""
    diagram = Diagram().start().user("after")
    with diagram.adhoc("plan", "enough", rest=False):
        diagram.user("a", "b", "then").flow("b > then")
    course = Course(diagram.flow("start > plan > after"), enough=False).complete("a", enough=True)
    assert course.open == ["b"]
    assert course.complete("b").open == ["after"]


def test_while_the_condition_does_not_hold_everything_is_offered_anew():
    """When all were done and it is not enough, all may be done again; a sequential one begins from the front."""
    course = Course(plan("enough"), enough=False).complete("a", "b", "c")
    assert course.open == ["a", "b", "c"]
    assert course.complete("b", enough=True).open == ["after"]
    course = Course(plan("enough", sequential=True), enough=False).complete("a").complete("b").complete("c")
    assert course.open == ["a"]
    assert course.complete("a", enough=True).open == ["after"]


def test_condition_may_count_what_was_written():
    """A condition sees the variables as the activity left them."""
    assert Course(plan("a_done and b_done"), a_done=False, b_done=False).complete("a", a_done=True).open == ["b", "c"]


def test_flows_inside_are_followed():
    """Only what no flow leads to is offered; the rest is reached by flows, through gateways too."""
    diagram = Diagram().start().user("after")
    with diagram.adhoc("plan"):
        diagram.user("a", "b", "x", "y").exclusive("gate").flow("a > gate ?big? x", "gate ?*? y")
    course = Course(diagram.flow("start > plan > after"), big=True)
    assert course.open == ["a", "b"]
    assert course.complete("a").open == ["b", "x"]
    assert course.complete("x", "b").open == ["after"]


def test_sequential_waits_for_what_follows_before_it_offers_the_next():
    """One thing at a time: a chain inside is finished first."""
    diagram = Diagram().start().user("after")
    with diagram.adhoc("plan", sequential=True):
        diagram.user("a", "then", "b").flow("a > then")
    course = Course(diagram.flow("start > plan > after")).complete("a")
    assert course.open == ["then"]
    assert course.complete("then").open == ["b"]


def test_subprocesses_and_legs_inside_are_one_activity_each():
    """The condition is looked at when a sub-process, a multi-instance activity or a loop is done as a whole."""
    diagram = Diagram().start().user("after")
    with diagram.adhoc("plan", "n == 3"):
        with diagram.subprocess("sub"):
            diagram.start("s1").user("a", "b").flow("s1 > a > b")
        diagram.user("pay", times="2").user("again", most=2)
    course = Course(diagram.flow("start > plan > after"), n=0).complete("a", n=3)
    assert course.open == ["again", "b", "pay[1]", "pay[2]"], "a is no activity of the ad-hoc sub-process itself"
    course.complete("pay[1]", n=3).complete("again", n=3)
    assert course.open == ["again", "b", "pay[2]"]
    assert course.complete("b").open == ["after"]


def test_deadline_takes_an_adhoc_subprocess_with_all_that_is_offered():
    """Its border is that of any sub-process."""
    diagram = plan().user("late").boundary("due", "plan", timer="PT1H").flow("due > late")
    course = Course(diagram).complete("a").fire("due")
    assert (course.open, course.state.scopes) == (["late"], {})


@pytest.mark.parametrize("sequential", [False, True])
def test_interrupting_event_subprocess_offers_nothing_anew(sequential: bool):
    """What interrupts the scope is its end, though not everything was done and the condition does not hold."""
    diagram = Diagram().start().user("after")
    with diagram.adhoc("plan", "false", sequential=sequential):
        diagram.user("a", "b")
        with diagram.event_subprocess("news"):
            diagram.start("n1", message="stop").user("tell").flow("n1 > tell")
    course = Course(diagram.flow("start > plan > after")).message("n1")
    assert course.open == ["tell"]
    assert course.complete("tell").open == ["after"]


def test_event_subprocess_that_does_not_interrupt_runs_beside_it():
    """It neither counts as an activity nor ends the scope."""
    diagram = Diagram().start().user("after")
    with diagram.adhoc("plan", sequential=True):
        diagram.user("a", "b")
        with diagram.event_subprocess("news"):
            diagram.start("n1", message="news", interrupting=False).user("read").flow("n1 > read")
    course = Course(diagram.flow("start > plan > after")).message("n1").complete("read")
    assert course.open == ["a", "n1"]
    assert course.complete("a").complete("b").open == ["after"]


def test_terminate_inside_is_the_end_of_it():
    """Terminate ends the scope: nothing else is offered."""
    diagram = Diagram().start().user("after")
    with diagram.adhoc("plan", "false"):
        diagram.user("a", "b").end("stop", terminate=True).flow("a > stop")
    assert Course(diagram.flow("start > plan > after")).complete("a").open == ["after"]


def test_error_inside_takes_the_border():
    """An error in an ad-hoc sub-process cancels it like any other."""
    diagram = plan().user("repair").boundary("edge", "plan", error="broken").flow("edge > repair")
    assert Course(diagram).throw("b", "broken").open == ["repair"]


def test_condition_that_cannot_be_decided_is_repaired_with_the_answers_kept():
    """The activity stays done; with the missing variable the condition is asked again."""
    course = Course(plan("enough")).complete("a", note=1)
    assert (course.open, course.variables) == (["a", "b", "c"], {"note": 1})
    assert course.retry("a", enough=False).open == ["b", "c"]
    assert course.complete("b").open == ["c"]


def test_failed_condition_is_cancelled_with_its_scope():
    """A deadline takes the parked decision too."""
    diagram = plan("enough").user("late").boundary("due", "plan", timer="PT1H").flow("due > late")
    assert Course(diagram).complete("a").fire("due").open == ["late"]


def test_each_leg_and_round_has_an_adhoc_of_its_own():
    """Multi-instance and loops begin it anew, with everything on offer."""
    course = Course(plan(times="2")).complete("a[1]", "b[1]", "c[1]")
    assert course.open == ["a[2]", "b[2]", "c[2]"]
    assert course.complete("a[2]", "b[2]", "c[2]").open == ["after"]
    course = Course(plan(sequential=True, most=2)).complete("a").complete("b").complete("c")
    assert course.open == ["a"]


def test_adhoc_inside_adhoc_counts_as_one_activity():
    """The inner one is done as a whole before the outer one offers the next."""
    diagram = Diagram().start().user("after")
    with diagram.adhoc("outer", sequential=True):
        with diagram.adhoc("inner"):
            diagram.user("a", "b")
        diagram.user("c")
    course = Course(diagram.flow("start > outer > after"))
    assert course.open == ["a", "b"]
    assert course.complete("b", "a").open == ["c"]


def test_what_was_done_in_it_can_be_undone():
    """An ad-hoc sub-process is compensated like any other, in the order in which things were done."""
    diagram = Diagram().start().user("after").throw("back", compensate="")
    with diagram.adhoc("plan"):
        for id in ("a", "b"):
            diagram.user(id, f"undo_{id}").boundary(f"c_{id}", id, compensate="").undo(f"c_{id}", f"undo_{id}")
    course = Course(diagram.flow("start > plan > back > after"))
    assert course.open == ["a", "b"], "what undoes is not offered"
    assert course.complete("b", "a").open == ["undo_a"]
    assert course.complete("undo_a").complete("undo_b").open == ["after"]


def test_empty_adhoc_subprocess_is_over_at_once():
    """There is nothing to offer."""
    diagram = Diagram().start().user("after")
    with diagram.adhoc("plan", "false"):
        pass
    assert Course(diagram.flow("start > plan > after")).open == ["after"]


def test_automatic_work_offered_for_ever_is_refused():
    """A condition that never holds over work that is over at once does not hang the engine."""
    diagram = Diagram().start().user("after")
    with diagram.adhoc("plan", "false"):
        diagram.send("ping")
    with pytest.raises(Rejected, match=r"^game\.too_many_steps"):
        Course(diagram.flow("start > plan > after"))
