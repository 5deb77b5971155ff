"""Messages between instances: to exactly one, once, or held; versions that begin by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from engine.bpmn.state import state_from_bytes
from engine.domain.access import SYSTEM_ACTOR
from engine.errors import NotAllowed, Rejected
from engine.services import messages, starts
from engine.services.desk import Desk
from engine.storage.tables import processes as t
from engine.storage.tables import routing as r
from tests.services.play import Play, drawing, node, path

HELLO = '<bpmn:message id="hello" name="hello"/>'
OF_HELLO = '<bpmn:messageEventDefinition id="of_hello_{id}" messageRef="hello"/>'
THROW = drawing(
    "thrower",
    node("startEvent", "s")
    + node("userTask", "think")
    + node("sendTask", "say", 'messageRef="hello"')
    + node("userTask", "rest")
    + node("endEvent", "e")
    + path("s", "think", "say", "rest", "e"),
    HELLO,
)
CATCH = drawing(
    "catcher",
    node("startEvent", "s")
    + node("receiveTask", "hear", 'messageRef="hello"')
    + node("userTask", "heard")
    + node("endEvent", "e")
    + path("s", "hear", "heard", "e"),
    HELLO,
)
LATE = drawing(
    "late",
    node("startEvent", "s")
    + node("userTask", "sleep")
    + node("receiveTask", "hear", 'messageRef="hello"')
    + node("userTask", "heard")
    + node("endEvent", "e")
    + path("s", "sleep", "hear", "heard", "e"),
    HELLO,
)
BORN = drawing(
    "born",
    node("startEvent", "begin", inner=OF_HELLO.format(id="s"))
    + node("userTask", "awake")
    + node("endEvent", "e")
    + path("begin", "awake", "e"),
    HELLO,
)
EVERY = (
    '<bpmn:timerEventDefinition id="tick"><bpmn:timeCycle xsi:type="bpmn:tFormalExpression">R3/PT1H</bpmn:timeCycle>'
    "</bpmn:timerEventDefinition>"
)
TICKING = drawing(
    "ticking",
    node("startEvent", "tick_start", inner=EVERY)
    + node("userTask", "look")
    + node("endEvent", "e")
    + path("tick_start", "look", "e"),
)


def do(city: Play, node_id: str, place: int = 0) -> None:
    """Complete an open item of a node."""
    city.complete(city.items(node_id)[place], "centre.drafter")


def correlate(city: Play, name: str = "hello", key: str | None = None, **more: Any) -> Any:
    """Give a message from outside."""
    return city.engine.command(messages.correlate, SYSTEM_ACTOR, name, key, **more)


def nodes(city: Play) -> list[str]:
    """The open items of the city."""
    return sorted(item.node_id for item in city.items())


def test_message_thrown_reaches_the_instance_that_waits_for_it(city: Play) -> None:
    """Two departments' processes hand over to each other without a clerk between them."""
    city.play(CATCH, "catcher")
    city.play(THROW, "thrower")
    do(city, "think")
    assert nodes(city) == ["heard", "rest"]
    assert city.rows(t.subscription) == city.rows(r.held_message) == []


def test_message_reaches_the_one_that_waited_longest_and_nobody_else(city: Play) -> None:
    """A message is for one: two who wait are served by two messages, in the order in which they came."""
    first = city.play(CATCH, "catcher")
    city.clock.advance(timedelta(minutes=1))
    second = city.begin("catcher")
    assert correlate(city) == {"outcome": "delivered", "instance_id": first}
    assert nodes(city) == ["heard"]
    assert correlate(city) == {"outcome": "delivered", "instance_id": second}


def test_message_nobody_waits_for_is_held_until_somebody_does(city: Play) -> None:
    """Who answers before the question is asked is heard all the same."""
    city.install(THROW, "thrower")
    city.play(LATE, "late")
    city.begin("thrower")
    do(city, "think")
    (held,) = city.rows(r.held_message)
    assert (held.name, held.kind, held.expires_at) == ("hello", "message", city.clock.now() + timedelta(hours=1))
    do(city, "sleep")
    assert nodes(city) == ["heard", "rest"]
    assert city.rows(r.held_message) == []


def test_message_held_expires_and_is_given_to_nobody(city: Play) -> None:
    """Yesterday's answer is no answer to today's question."""
    city.play(LATE, "late")
    assert correlate(city, held_for_s=60)["outcome"] == "held"
    city.wait(timedelta(seconds=61))
    assert city.rows(r.held_message) == []
    do(city, "sleep")
    assert nodes(city) == []


@pytest.mark.fast
def test_message_no_version_can_catch_is_not_held(sqlite_city: Play) -> None:
    """A city's messages to other systems do not fill the table of what waits here."""
    sqlite_city.play(THROW, "thrower")
    do(sqlite_city, "think")
    assert sqlite_city.rows(r.held_message) == []
    assert correlate(sqlite_city)["outcome"] == "lost"


def test_message_with_an_id_is_delivered_once(city: Play) -> None:
    """A sender that is not sure repeats itself; the city hears it once."""
    city.play(CATCH, "catcher")
    city.begin("catcher")
    assert correlate(city, message_id="a-1")["outcome"] == "delivered"
    assert correlate(city, message_id="a-1")["outcome"] == "duplicate"
    assert nodes(city) == ["heard"]
    city.clock.advance(timedelta(days=1, seconds=1))
    assert city.engine.command(messages.forget_old_ids, SYSTEM_ACTOR) == 1


def test_message_begins_an_instance_of_the_version_that_starts_now(city: Play) -> None:
    """A process with a message start needs nobody who presses a button, and the newest version is begun, once."""
    city.install(BORN, "born")
    city.install(BORN.replace('id="awake"', 'id="awake" name="New"'), "born")
    receipt = correlate(city, payload={"place": "bridge"})
    assert receipt["outcome"] == "started"
    (item,) = city.items("awake")
    assert (item.instance_id, item.name) == (receipt["instance_id"], "New")
    state = state_from_bytes(bytes(city.row(t.process_instance, item.instance_id).state_bytes))
    assert state.variables == {"place": "bridge"}


def test_message_somebody_waits_for_begins_nothing(city: Play) -> None:
    """Who waits comes before what could begin."""
    city.install(BORN, "born")
    city.play(CATCH, "catcher")
    assert correlate(city)["outcome"] == "delivered"
    assert nodes(city) == ["heard"]


@pytest.mark.fast
def test_message_is_refused_for_free_text_and_for_ever(sqlite_city: Play) -> None:
    """What a message brings becomes variables, which stand in clear; and nothing is held for ever."""
    sqlite_city.play(CATCH, "catcher")
    with sqlite_city.refused("message.free_text", Rejected):
        correlate(sqlite_city, payload={"said": "Mr Li of 3 Lake Road"})
    with sqlite_city.refused("message.held_for", Rejected):
        correlate(sqlite_city, held_for_s=8 * 86_400)


@pytest.mark.fast
def test_message_is_refused_from_somebody_without_the_permission_there(sqlite_city: Play) -> None:
    """A sender moves no instance of a department that is none of theirs."""
    city = sqlite_city
    city.play(CATCH, "catcher")
    with city.refused("access.not_permitted", NotAllowed):
        city.engine.command(messages.correlate, city.person("water.clerk"), "hello")


@pytest.mark.fast
def test_message_of_one_department_is_not_held_for_the_whole_city(sqlite_city: Play) -> None:
    """A sender of one bureau reaches no other by speaking before anybody there listens."""
    city = sqlite_city
    city.appoint(city.newcomer("bureau"), "water", "admin")
    city.appoint(city.newcomer("whole"), "centre", "admin")
    heard = city.play(CATCH, "catcher")
    city.engine.command(messages.correlate, SYSTEM_ACTOR, "hello")
    assert city.is_running(heard)
    with city.refused("access.not_permitted", NotAllowed):
        city.engine.command(messages.correlate, city.person("bureau"), "hello")
    assert city.engine.command(messages.correlate, city.person("whole"), "hello")["outcome"] == "held"


def test_message_its_receiver_refuses_is_tried_again_and_then_kept_as_dead(city: Play) -> None:
    """A fault of the receiver neither stops the thrower nor loses what was said."""
    deaf = drawing(
        "catcher",
        node("startEvent", "s")
        + node("receiveTask", "hear", 'messageRef="hello"')
        + node("exclusiveGateway", "turn", 'default="ahead"')
        + node("parallelGateway", "both")
        + node("endEvent", "e")
        + path("s", "hear", "turn")
        + '<bpmn:sequenceFlow id="ahead" sourceRef="turn" targetRef="both"/>'
        + '<bpmn:sequenceFlow id="aside" sourceRef="turn" targetRef="both">'
        + '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">1 == 2</bpmn:conditionExpression>'
        + "</bpmn:sequenceFlow>"
        + path("both", "e"),
        HELLO,
    )
    city.play(deaf, "catcher")
    city.play(THROW, "thrower")
    do(city, "think")
    assert nodes(city) == ["rest"]
    (held,) = city.rows(r.held_message)
    assert (held.attempts, held.error, held.state) == (1, "game.stalled", "waiting")
    for _ in range(3):
        city.wait(timedelta(minutes=5))
    (held,) = city.rows(r.held_message)
    assert (held.attempts, held.state) == (4, "dead")
    assert len(city.rows(t.subscription)) == 1


def test_timer_start_begins_an_instance_at_each_of_its_times(city: Play) -> None:
    """A round begins by the clock; a worker that was away makes up for each missed time, and the last is the last."""
    city.install(TICKING, "ticking")
    city.wait(timedelta(minutes=59))
    assert nodes(city) == []
    city.wait(timedelta(minutes=1))
    assert nodes(city) == ["look"]
    city.wait(timedelta(days=2))
    assert nodes(city) == ["look"] * 3
    assert [row.due_at for row in city.rows(r.start_trigger)] == [None]


def test_timer_start_of_a_version_that_is_replaced_is_silent(city: Play) -> None:
    """Two versions of one process never begin the same round twice."""
    city.install(TICKING, "ticking")
    city.install(TICKING.replace("R3/PT1H", "R1/PT2H"), "ticking")
    city.wait(timedelta(hours=1))
    assert nodes(city) == []
    city.wait(timedelta(hours=1))
    assert nodes(city) == ["look"]
    assert len(city.rows(r.start_trigger)) == 1


def test_cron_start_begins_an_instance_at_its_hour_of_the_city(sqlite_city: Play) -> None:
    """The morning round begins at seven in the city's time, every working day, without anybody who counts."""
    city = sqlite_city
    weekdays = '<bpmn:timeCycle xsi:type="bpmn:tFormalExpression">0 0 7 ? * MON-FRI</bpmn:timeCycle>'
    city.install(
        TICKING.replace(EVERY, f'<bpmn:timerEventDefinition id="tick">{weekdays}</bpmn:timerEventDefinition>'),
        "ticking",
    )
    (row,) = city.rows(r.start_trigger)
    assert row.due_at == datetime(2026, 3, 2, 23, 0, tzinfo=UTC)  # Tuesday, 07:00 in Shanghai
    city.wait_until(datetime(2026, 3, 9, 22, 59, tzinfo=UTC))
    assert nodes(city) == ["look"] * 5


def test_version_before_begins_again_when_the_newer_one_is_retired(city: Play) -> None:
    """Taking a version back takes its rounds back, and not those of the version that is in force again."""
    first = city.install(TICKING, "ticking")
    second = city.install(TICKING.replace("R3/PT1H", "R1/P9D"), "ticking")
    city.wait(timedelta(hours=1))
    assert [row.definition_id for row in city.rows(r.start_trigger)] == [second]

    def retire(desk: Desk) -> None:
        desk.uow.execute(update(t.definition).where(t.definition.c.id == second).values(state="retired"))
        desk.city.forget_definition(str(second))
        starts.disarm(desk, str(second))

    city.engine.command(retire, SYSTEM_ACTOR)
    assert [row.definition_id for row in city.rows(r.start_trigger)] == [first]
    city.wait(timedelta(hours=1))
    assert nodes(city) == ["look"]
