"""Timers of diagrams: each fires once, oldest first; a refused one waits without stopping the others."""

from __future__ import annotations

from datetime import timedelta

from engine.domain.access import SYSTEM_ACTOR
from engine.services import timers
from engine.storage.tables import outbox
from engine.storage.tables import processes as t
from engine.testing import START
from tests.processes.variants import shipped
from tests.services.play import Play, drawing, node, path

MINUTE = timedelta(minutes=1)


def timer(kind: str, text: str) -> str:
    """A timer definition."""
    expression = f'<bpmn:{kind} xsi:type="bpmn:tFormalExpression">{text}</bpmn:{kind}>'
    return f"<bpmn:timerEventDefinition>{expression}</bpmn:timerEventDefinition>"


def boundary(id: str, on: str, kind: str, text: str, *, interrupting: bool) -> str:
    """A boundary timer."""
    marks = f'attachedToRef="{on}" cancelActivity="{str(interrupting).lower()}"'
    return node("boundaryEvent", id, marks, timer(kind, text))


def waiting(id: str, duration: str, then: str = "userTask") -> str:
    """A process that waits, and then asks somebody or says its own name."""
    return drawing(
        id,
        node("startEvent", "s")
        + node("intermediateCatchEvent", "wait", inner=timer("timeDuration", duration))
        + node(then, "act", 'messageRef="m"' if then == "sendTask" else "")
        + node("endEvent", "e")
        + path("s", "wait", "act", "e"),
        f'<bpmn:message id="m" name="{id}"/>',
    )


def test_timer_fires_at_its_instant_and_once(city: Play) -> None:
    """Not a second early, and never twice."""
    instance = city.play(waiting("pause", "PT10M"), "pause")
    (row,) = city.rows(t.timer)
    assert (row.instance_id, row.node_id, row.due_at) == (instance, "wait", START + 10 * MINUTE)
    assert city.wait_until(START + 10 * MINUTE - timedelta(microseconds=1)) == 0
    assert city.engine.command(timers.fire_due, SYSTEM_ACTOR) == 0
    city.clock.set(START + 10 * MINUTE)
    assert city.engine.command(timers.fire_due, SYSTEM_ACTOR) == 1
    assert city.engine.command(timers.fire_due, SYSTEM_ACTOR) == 0
    assert len(city.items("act")) == 1
    assert city.rows(t.timer) == []


def test_timer_overdue_after_an_outage_fires_oldest_first(city: Play) -> None:
    """What should have happened first happens first."""
    for id_, duration in (("long", "PT20M"), ("short", "PT5M"), ("middle", "PT10M")):
        city.play(waiting(id_, duration, "sendTask"), id_)
    assert city.wait(timedelta(days=1)) == 3
    sent = sorted(city.rows(outbox.outbox), key=lambda row: row.id)
    assert [row.payload["message"] for row in sent] == ["short", "middle", "long"]


def test_clock_set_back_fires_nothing_early_and_nothing_twice(sqlite_city: Play) -> None:
    """A machine whose clock jumps does not repeat or forget."""
    city = sqlite_city
    city.play(waiting("pause", "PT10M"), "pause")
    city.wait(9 * MINUTE)
    city.clock.set(START - timedelta(hours=1))
    assert city.engine.fire_all_due() == 0
    assert city.wait_until(START + 11 * MINUTE) == 1
    city.clock.set(START)
    assert city.wait_until(START + 20 * MINUTE) == 0


def test_boundary_timer_interrupting_withdraws_the_item(city: Play) -> None:
    """Too late is too late: the item is gone and the other road taken."""
    text = drawing(
        "late",
        node("startEvent", "s")
        + node("userTask", "act")
        + boundary("over", "act", "timeDuration", "PT5M", interrupting=True)
        + node("userTask", "instead")
        + node("endEvent", "e")
        + node("endEvent", "e2")
        + path("s", "act", "e")
        + path("over", "instead", "e2"),
    )
    city.play(text, "late")
    city.wait(5 * MINUTE)
    assert [item.node_id for item in city.items()] == ["instead"]
    (history,) = city.rows(t.item_history)
    assert (history.node_id, history.how, history.actor_id) == ("act", "withdrawn", None)


def test_boundary_timer_of_a_completed_item_never_fires(city: Play) -> None:
    """Done in time means no alarm."""
    text = drawing(
        "in_time",
        node("startEvent", "s")
        + node("userTask", "act")
        + boundary("over", "act", "timeDuration", "PT5M", interrupting=True)
        + node("userTask", "then")
        + node("userTask", "instead")
        + node("endEvent", "e")
        + node("endEvent", "e2")
        + path("s", "act", "then", "e")
        + path("over", "instead", "e2"),
    )
    city.play(text, "in_time")
    (item,) = city.items("act")
    city.complete(item, "centre.drafter")
    assert city.rows(t.timer) == []
    assert city.wait(MINUTE * 10) == 0
    assert [item.node_id for item in city.items()] == ["then"]


def test_boundary_timer_in_a_cycle_fires_as_often_as_it_says(sqlite_city: Play) -> None:
    """Three reminders are three, also after an outage that covers them all."""
    city = sqlite_city
    text = drawing(
        "remind",
        node("startEvent", "s")
        + node("userTask", "act")
        + boundary("again", "act", "timeCycle", "R3/PT10M", interrupting=False)
        + node("userTask", "reminder")
        + node("endEvent", "e")
        + node("endEvent", "e2")
        + path("s", "act", "e")
        + path("again", "reminder", "e2"),
    )
    city.play(text, "remind")
    city.wait(10 * MINUTE)
    assert len(city.items("reminder")) == 1
    city.wait(timedelta(hours=5))
    assert len(city.items("reminder")) == 3
    assert city.rows(t.timer) == []


def test_timer_whose_step_is_refused_waits_and_lets_the_others_fire(sqlite_city: Play) -> None:
    """One order in a wrong state does not stop the city's time, and nothing of its step is kept."""
    city = sqlite_city
    closing = boundary("force", "draft", "timeDuration", "PT5M", interrupting=False)
    flow = '<bpmn:sequenceFlow id="forced" sourceRef="force" targetRef="end_forced"/>'
    end = node("endEvent", "end_forced", 'cl:loop="close"')
    anchor = '    <bpmn:userTask id="review"'
    text = shipped().replace(anchor, closing + end + flow + anchor, 1)
    lane = "<bpmn:flowNodeRef>draft</bpmn:flowNodeRef>"
    text = text.replace(lane, lane + "<bpmn:flowNodeRef>force</bpmn:flowNodeRef>", 1)
    city.install(text)
    order = city.order("water")
    city.play(waiting("pause", "PT6M"), "pause")
    city.clock.advance(7 * MINUTE)
    assert city.engine.command(timers.fire_due, SYSTEM_ACTOR) == 1
    assert city.state(order) == "draft"
    assert len(city.items("act")) == 1
    (kept,) = city.rows(t.timer)
    assert kept.due_at == city.clock.now() + timers.PAUSE
    assert city.actions(order) == []


def test_late_repetitions_fire_before_what_was_due_after_them(city: Play) -> None:
    """A worker that was away makes up for every reminder before the limit that ends them."""
    cycle = (
        '<bpmn:timerEventDefinition id="hourly"><bpmn:timeCycle>R3/PT1H</bpmn:timeCycle></bpmn:timerEventDefinition>'
    )
    limit = (
        '<bpmn:timerEventDefinition id="five"><bpmn:timeDuration>PT5H</bpmn:timeDuration></bpmn:timerEventDefinition>'
    )
    text = drawing(
        "reminded",
        node("startEvent", "s")
        + node("userTask", "work")
        + node("boundaryEvent", "hour", 'attachedToRef="work" cancelActivity="false"', cycle)
        + node("userTask", "remind")
        + node("boundaryEvent", "late", 'attachedToRef="work"', limit)
        + node("userTask", "repair")
        + "".join(node("endEvent", each) for each in ("e", "e2", "e3"))
        + path("s", "work", "e")
        + path("hour", "remind", "e2")
        + path("late", "repair", "e3"),
    )
    city.play(text, "reminded")
    city.wait(timedelta(hours=6))
    assert sorted(item.node_id for item in city.items()) == ["remind", "remind", "remind", "repair"]
