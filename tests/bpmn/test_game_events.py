"""Events of the token game: starts, ends, timers and messages, between activities and on their borders."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.bpmn import stimuli as s
from engine.bpmn.effects import (
    InstanceEnded,
    ItemWithdrawn,
    MessageSent,
    NodeEntered,
    NodeLeft,
    SubscriptionClosed,
    SubscriptionOpened,
    TimerArmed,
    TimerDisarmed,
)
from engine.errors import Conflict, Rejected
from tests.bpmn.course import NOON, Course
from tests.bpmn.diagram import Diagram

pytestmark = pytest.mark.fast


def bordered(interrupting: bool = True, **event: str) -> Diagram:
    """A task with one event on its border."""
    diagram = (
        Diagram().start().user("a", "b").end("end", "off").boundary("edge", "a", interrupting=interrupting, **event)
    )
    return diagram.flow("start > a > end", "edge > b > off")


def test_starts_of_several_kinds_are_begun_one_at_a_time_by_name():
    """Who starts an instance says by which start; without a name it is the one that nothing triggers."""
    diagram = (
        Diagram().start().start("by_message", message="report").start("daily", cycle="R3/PT24H").user("a", "b", "c")
    )
    diagram.flow("start > a", "by_message > b", "daily > c")
    assert Course(diagram).open == ["a"]
    assert Course(diagram, "by_message").open == ["b"]
    assert Course(diagram, "daily").open == ["c"]
    with pytest.raises(Rejected) as refusal:
        Course(diagram, "nowhere")
    assert refusal.value.code == "game.no_start"


def test_start_without_a_name_needs_exactly_one_none_start():
    """The game never picks a start event by chance."""
    with pytest.raises(Rejected, match="one, two") as refusal:
        Course(Diagram().start("one").start("two").user("a").flow("one > a", "two > a"))
    assert refusal.value.code == "game.no_start"


def test_instance_ends_when_its_last_token_is_consumed():
    """An end event ends its token, not the instance, while another token lives (13.5.6)."""
    diagram = (
        Diagram()
        .start()
        .parallel("split")
        .user("a", "b")
        .end("one", "two")
        .flow("start > split > a > one", "split > b > two")
    )
    course = Course(diagram).complete("a")
    assert course.outcome is None
    assert course.complete("b").outcome == "completed"
    assert course.told(InstanceEnded) == [InstanceEnded("completed", None)]


def test_node_without_a_way_on_is_an_implicit_end():
    """A drawing without end events comes to its end too."""
    assert Course(Diagram().start().user("a").flow("start > a")).complete("a").outcome == "completed"


def test_terminate_end_cancels_everything_in_the_instance():
    """Items, timers and messages elsewhere are withdrawn in the same step, and nothing goes on."""
    diagram = Diagram().start().parallel("split").user("a", "b").catch("wait", timer="PT1H").catch("mail", message="m")
    diagram.boundary("late", "b", timer="PT2H").end(terminate=True).end("e2", "e3", "e4", "e5")
    diagram.flow("start > split > a > end", "split > b > e2", "split > wait > e3", "split > mail > e4", "late > e5")
    course = Course(diagram).complete("a")
    assert course.outcome == "terminated"
    assert len(course.told(ItemWithdrawn)) == 1
    assert len(course.told(TimerDisarmed)) == 2
    assert len(course.told(SubscriptionClosed)) == 1
    left = {course.net.nodes[left.node].id for left in course.told(NodeLeft) if left.how == "cancelled"}
    assert left == {"b", "wait", "mail"}


def test_terminate_end_in_a_subprocess_ends_only_that_subprocess():
    """The tokens beside it in the sub-process die; the sub-process is left and the one around it goes on."""
    diagram = Diagram().start().parallel("split", "join").user("outside", "after").end()
    with diagram.subprocess("sub"):
        diagram.start("in").parallel("fork").user("a", "b").end("stop", terminate=True).end("out")
        diagram.flow("in > fork > a > stop", "fork > b > out")
    diagram.flow("start > split > sub > join > after > end", "split > outside > join")
    course = Course(diagram).complete("a")
    assert course.open == ["outside"]
    assert course.complete("outside").open == ["after"]


def test_message_end_and_throw_send_what_their_place_sees():
    """A message thrown by an event carries the variables seen there and does not wait."""
    diagram = Diagram().start().throw("tell", message="told").throw("pass").end(message="done")
    course = Course(diagram.flow("start > tell > pass > end"), x=1)
    assert course.outcome == "completed"
    assert [(sent.message, sent.payload) for sent in course.told(MessageSent)] == [
        ("told", {"x": 1}),
        ("done", {"x": 1}),
    ]


def test_catch_timer_is_armed_at_its_duration_and_goes_on_when_fired():
    """A wait in the drawing becomes a timer due at the right instant."""
    course = Course(Diagram().start().catch("wait", timer="PT90M").user("a").flow("start > wait > a"))
    assert course.told(TimerArmed)[0].due_at == NOON + timedelta(minutes=90)
    assert course.fire("wait").open == ["a"]


def test_catch_timer_with_a_date_or_an_expression_is_due_when_it_says():
    """A date is taken as it stands; an expression is evaluated when the token arrives."""
    diagram = Diagram().start().catch("date", date="2026-03-05T08:00:00+08:00").catch("asked", timer="wait")
    diagram.catch("span", timer="${duration('PT10M')}").user("a").flow("start > date > asked > span > a")
    course = Course(diagram, wait="P1D")
    assert course.due("date").isoformat() == "2026-03-05T00:00:00+00:00"
    assert course.fire("date").due("asked") == course.now + timedelta(days=1)
    assert course.fire("asked").due("span") == course.now + timedelta(minutes=10)


def test_catch_message_takes_its_payload_into_the_variables():
    """What a message brings is there for the next decision; the subscription is over."""
    diagram = Diagram().start().catch("mail", message="report").user("a").flow("start > mail > a")
    course = Course(diagram)
    assert [opened.message for opened in course.told(SubscriptionOpened)] == ["report"]
    assert course.message("mail", water_cm=40).open == ["a"]
    assert course.variables == {"water_cm": 40}


def test_two_catch_events_for_one_message_are_answered_apart():
    """A message is addressed to one subscription; the other goes on waiting."""
    diagram = Diagram().start().parallel("split").catch("one", message="m").catch("two", message="m").user("a", "b")
    diagram.flow("start > split > one > a", "split > two > b")
    assert Course(diagram).message("two").open == ["b", "one"]


def test_interrupting_boundary_timer_cancels_its_activity():
    """The overdue task is withdrawn and the token goes on from the border."""
    course = Course(bordered(timer="PT1H"))
    assert course.open == ["a", "edge"]
    assert course.fire("edge").open == ["b"]
    assert len(course.told(ItemWithdrawn)) == 1
    assert course.nodes(NodeEntered) == ["edge", "b"]
    assert course.complete("b").outcome == "completed"


def test_boundary_is_disarmed_when_its_activity_is_done():
    """A deadline that was met never fires."""
    course = Course(bordered(timer="PT1H"))
    late = course.wait("edge")
    assert course.complete("a").outcome == "completed"
    assert late in [disarmed.wait for disarmed in course.told(TimerDisarmed)]


def test_boundary_is_armed_anew_each_time_its_activity_is_entered():
    """In the second round of a loop the deadline counts from the second round."""
    diagram = Diagram().start().exclusive("again", "enough").user("a", "late").end("end", "off")
    diagram.boundary("edge", "a", timer="PT1H").flow("edge > late > off")
    diagram.flow("start > again > a > enough ?done? end", "enough ?*? again")
    course = Course(diagram).pass_time(minutes=50).complete("a", done=False)
    assert course.due("edge") == NOON + timedelta(minutes=110)


def test_boundary_that_loops_back_to_its_own_activity_gives_it_anew():
    """An interrupting boundary may lead back to the activity it sits on: a new item, a new deadline."""
    diagram = Diagram().start().exclusive("again").user("a").end().boundary("edge", "a", timer="PT1H")
    course = Course(diagram.flow("start > again > a > end", "edge > again"))
    before = course.wait("a")
    assert course.fire("edge").open == ["a", "edge"]
    assert course.wait("a") > before
    assert course.complete("a").outcome == "completed"


def test_non_interrupting_boundary_timer_fires_once_beside_its_activity():
    """A reminder leaves the work alone, and the instance waits for both."""
    course = Course(bordered(interrupting=False, timer="PT1H")).fire("edge")
    assert course.open == ["a", "b"]
    assert course.complete("a").outcome is None
    assert course.complete("b").outcome == "completed"


def test_cycle_on_a_boundary_fires_exactly_as_often_as_it_says():
    """R3/PT10M is three reminders, ten minutes apart, and no fourth."""
    course = Course(bordered(interrupting=False, cycle="R3/PT10M"))
    dues = []
    while "edge" in course.open:
        dues.append((course.due("edge") - NOON) / timedelta(minutes=1))
        course.fire("edge")
    assert dues == [10, 20, 30]
    assert course.open == ["a", "b", "b", "b"]


def test_late_cycle_catches_up_from_when_it_was_due():
    """A worker that was away an hour fires all that came due, and the times do not drift."""
    course = Course(bordered(interrupting=False, cycle="R3/PT10M")).pass_time(hours=1)
    assert course.fire("edge").due("edge") == NOON + timedelta(minutes=20)
    assert course.fire("edge").due("edge") == NOON + timedelta(minutes=30)
    assert course.fire("edge").open == ["a", "b", "b", "b"]


def test_cycle_stops_with_its_activity():
    """After the work is done there are no further reminders."""
    course = Course(bordered(interrupting=False, cycle="R3/PT10M")).fire("edge").complete("a")
    assert course.open == ["b"]
    assert course.complete("b").outcome == "completed"


def test_cycle_with_a_start_begins_there():
    """R2/start/interval counts from the start it names."""
    course = Course(bordered(interrupting=False, cycle="R2/2026-03-02T13:00:00Z/PT10M"))
    assert course.due("edge") == NOON + timedelta(hours=1)
    assert course.fire("edge").due("edge") == NOON + timedelta(minutes=70)
    assert "edge" not in course.fire("edge").open


def test_interrupting_cycle_fires_once():
    """What it would repeat on is gone."""
    assert Course(bordered(cycle="R3/PT10M")).fire("edge").open == ["b"]


def test_non_interrupting_message_boundary_takes_every_message():
    """Progress reports arrive many times while the work goes on (bpmn.md 3, row 9)."""
    course = Course(bordered(interrupting=False, message="progress"))
    for number in range(1, 6):
        course.message("edge", last=number)
        assert course.open == ["a", *["b"] * number, "edge"]
    assert course.variables == {"last": 5}
    assert course.complete("a").open == ["b"] * 5
    assert course.complete(*["b"] * 5).outcome == "completed"


def test_interrupting_message_boundary_is_closed_after_the_first_message():
    """A second message finds nobody waiting and says so."""
    course = Course(bordered(message="stop"))
    edge = course.wait("edge")
    assert course.message("edge", why="rain").open == ["b"]
    assert course.variables == {"why": "rain"}
    assert edge not in course.state.waits


def test_interrupting_boundary_takes_the_other_boundaries_along():
    """Of several deadlines on one task the first that interrupts ends the others."""
    diagram = bordered(timer="PT2H").boundary("soon", "a", interrupting=False, timer="PT1H")
    diagram.boundary("stop", "a", message="stop").user("c", "d").flow("soon > c", "stop > d")
    course = Course(diagram)
    assert course.open == ["a", "edge", "soon", "stop"]
    assert course.fire("soon").open == ["a", "c", "edge", "stop"]
    assert course.message("stop").open == ["c", "d"]


def test_boundary_timer_whose_text_is_no_timer_parks_the_activity_before_anything_is_armed():
    """A bad deadline is a step failure to repair, not a task without its deadline."""
    course = Course(bordered(timer="limit"), limit="soon")
    assert course.open == ["a"]
    assert course.told(TimerArmed) == []
    assert course.retry("a", limit="PT1H").open == ["a", "edge"]


@pytest.mark.parametrize("kind", ["send", "throw"])
def test_boundaries_of_an_activity_that_is_over_at_once_withdraw_nothing_else(kind):
    """A send task that carries a deadline does not take the open items of the instance along."""
    diagram = Diagram().start().parallel("split").user("a", "c").catch("wait", timer="PT1H").end()
    if kind == "send":
        diagram.send("tell").boundary("late", "tell", timer="PT1H").flow("late > c")
    else:
        diagram.throw("tell", message="tell")
    diagram.flow("start > split > a > end", "split > wait > tell > c")
    course = Course(diagram).fire("wait")
    assert course.open == ["a", "c"]
    assert len(course.told(MessageSent)) == 1


def test_answer_to_a_wait_that_is_over_is_a_conflict():
    """A clerk who was overtaken by a timer hears so, and nothing moves twice."""
    course = Course(bordered(timer="PT1H"))
    item, timer = course.wait("a"), course.wait("edge")
    course.fire("edge")
    for stimulus in (
        s.Complete(item),
        s.TimerFired(timer),
        s.MessageArrived(item),
        s.OperationDone(item),
        s.Retry(item),
    ):
        with pytest.raises(Conflict) as refusal:
            course.step(stimulus)
        assert refusal.value.code == "game.wait_gone"


def test_stimulus_of_another_kind_than_the_wait_is_a_conflict():
    """A timer cannot be completed and an item cannot come due."""
    course = Course(bordered(timer="PT1H"))
    with pytest.raises(Conflict):
        course.step(s.Complete(course.wait("edge")))
    with pytest.raises(Conflict):
        course.step(s.TimerFired(course.wait("a")))
    assert course.open == ["a", "edge"]


def test_cancel_withdraws_everything_and_ends_the_instance():
    """Calling an instance off leaves nothing open, however deep it stands."""
    diagram = Diagram().start().parallel("split", "join").user("a").user("legs", times="2").end()
    diagram.boundary("late", "a", timer="PT1H", interrupting=False).user("c").flow("late > c")
    with diagram.subprocess("sub"):
        diagram.start("in").catch("wait", message="m").service("op").end("out").flow("in > wait > op > out")
    diagram.flow("start > split > a > join > end", "split > sub > join", "split > legs > join")
    course = Course(diagram).message("wait").complete("legs[1]").cancel()
    assert course.outcome == "cancelled"
    assert course.open == []
    assert course.told(InstanceEnded) == [InstanceEnded("cancelled", None)]


def test_stimulus_after_the_end_is_a_conflict():
    """An instance that has ended stays as it is."""
    course = Course(bordered(timer="PT1H")).cancel()
    for stimulus in (s.Cancel(), s.Start(), s.Complete(1)):
        with pytest.raises(Conflict) as refusal:
            course.step(stimulus)
        assert refusal.value.code == "game.ended"


def test_second_start_of_a_running_instance_is_a_conflict():
    """Nobody puts a second token on the start of an order that is under way."""
    with pytest.raises(Conflict) as refusal:
        Course(bordered(timer="PT1H")).step(s.Start())
    assert refusal.value.code == "game.started"
