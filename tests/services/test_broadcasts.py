"""Broadcasts across instances, keys of messages, escalations of called processes; and all of it by many at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from engine.bpmn.state import state_from_bytes
from engine.domain.access import SYSTEM_ACTOR
from engine.errors import Conflict, EngineError
from engine.services import messages, routing
from engine.storage.tables import processes as t
from engine.storage.tables import routing as r
from tests.services.play import Play, drawing, node, path

ALARM = '<bpmn:signal id="alarm" name="alarm"/>'
OF_ALARM = '<bpmn:signalEventDefinition id="{id}_of" signalRef="alarm"/>'
WITH_PLACE = '<bpmn:extensionElements><cl:input source="place" target="where"/></bpmn:extensionElements>'
SIREN = drawing(
    "siren",
    node("startEvent", "s")
    + node("userTask", "press")
    + node("intermediateThrowEvent", "sound", inner=WITH_PLACE + OF_ALARM.format(id="sound"))
    + node("endEvent", "e")
    + path("s", "press", "sound", "e"),
    ALARM,
)
GUARD = drawing(
    "guard",
    node("startEvent", "s")
    + node("userTask", "patrol")
    + node("boundaryEvent", "heard", 'attachedToRef="patrol"', OF_ALARM.format(id="heard"))
    + node("userTask", "run")
    + node("endEvent", "e")
    + node("endEvent", "e2")
    + path("s", "patrol", "e")
    + path("heard", "run", "e2"),
    ALARM,
)
CREW = drawing(
    "crew",
    node("startEvent", "called", inner=OF_ALARM.format(id="called"))
    + node("userTask", "turn_out")
    + node("endEvent", "e")
    + path("called", "turn_out", "e"),
    ALARM,
)
REPLY = '<bpmn:message id="reply" name="reply" cl:key="case"/>'
ASK = drawing(
    "ask",
    node("startEvent", "s")
    + node("receiveTask", "hear", 'messageRef="reply"')
    + node("userTask", "heard")
    + node("endEvent", "e")
    + path("s", "hear", "heard", "e"),
    REPLY,
)
ANSWER = drawing(
    "answer",
    node("startEvent", "s")
    + node("sendTask", "say", 'messageRef="reply"')
    + node("endEvent", "e")
    + path("s", "say", "e"),
    REPLY,
)


def nodes(city: Play) -> Counter[str]:
    """How many items are open of each node."""
    return Counter(item.node_id for item in city.items())


def variables(city: Play, instance_id: str) -> dict[str, Any]:
    """What an instance knows."""
    return dict(state_from_bytes(bytes(city.row(t.process_instance, instance_id).state_bytes)).variables)


def together(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """What these calls answer or refuse, all begun at once."""
    barrier = Barrier(len(calls))

    def one(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call()
        except EngineError as error:
            return error.code

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def press(city: Play) -> None:
    """Sound the alarm."""
    city.complete(city.items("press")[0], "centre.drafter")


def test_broadcast_reaches_everyone_who_listens_and_begins_what_begins_with_it(city: Play) -> None:
    """One alarm: every guard runs, the crew turns out once, and the thrower's own variables stay its own."""
    city.install(CREW, "crew")
    guards = [city.play(GUARD, "guard")] + [city.begin("guard") for _ in range(2)]
    city.play(SIREN, "siren", place="bridge", secret=7)
    press(city)
    assert nodes(city) == {"run": 3, "turn_out": 1}
    assert [variables(city, guard) for guard in guards] == [{"where": "bridge"}] * 3
    (crew,) = city.items("turn_out")
    assert variables(city, crew.instance_id) == {"where": "bridge"}
    assert city.rows(t.subscription) == []


def test_broadcast_is_over_when_it_is_over(city: Play) -> None:
    """Who begins to listen afterwards hears nothing."""
    city.play(SIREN, "siren", place="bridge")
    press(city)
    city.play(GUARD, "guard")
    city.engine.fire_all_due()
    assert nodes(city) == {"patrol": 1}
    assert city.rows(r.held_message) == []


def test_broadcast_to_more_than_a_transaction_takes_is_brought_to_its_end(
    city: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand who listen hold nobody up: some hear at once, the rest from the heartbeat, each once."""
    monkeypatch.setattr(routing, "MOST_AT_ONCE", 2)
    city.install(CREW, "crew")
    city.install(GUARD, "guard")
    for _ in range(5):
        city.begin("guard")
    city.play(SIREN, "siren", place="bridge")
    press(city)
    assert nodes(city) == {"run": 2, "patrol": 3}
    city.engine.fire_all_due()
    assert nodes(city) == {"run": 5, "turn_out": 1}
    assert city.rows(r.held_message) == []


def test_message_with_a_key_reaches_the_instance_with_the_same_key(city: Play) -> None:
    """The reply to case 2 is not read in case 1; one nobody waits for yet is held for its key alone."""
    city.install(ANSWER, "answer")
    one, two = city.play(ASK, "ask", case="1"), city.begin("ask", case="2")
    city.begin("answer", case="2")
    assert [item.instance_id for item in city.items()] == [two]
    city.begin("answer", case="3")
    assert [(row.name, row.key) for row in city.rows(r.held_message)] == [("reply", "3")]
    three = city.begin("ask", case="3")
    assert {item.instance_id for item in city.items()} == {two, three}
    assert city.is_running(one)


def test_escalation_of_a_called_process_reaches_its_caller(city: Play) -> None:
    """A called process tells its caller that it is late and goes on; a caller that interrupts overtakes its end."""
    late = '<bpmn:escalation id="late" name="late" escalationCode="late"/>'
    of_late = '<bpmn:escalationEventDefinition id="{id}_of" escalationRef="late"/>'
    city.install(
        drawing(
            "child",
            node("startEvent", "s")
            + node("userTask", "work")
            + node("intermediateThrowEvent", "say", inner=of_late.format(id="say"))
            + node("userTask", "more")
            + node("endEvent", "e", inner=of_late.format(id="e"))
            + path("s", "work", "say", "more", "e"),
            late,
        ),
        "child",
    )

    def parent(interrupting: str) -> str:
        return drawing(
            "parent",
            node("startEvent", "s")
            + node("callActivity", "call", 'calledElement="child"')
            + node(
                "boundaryEvent",
                "heard",
                f'attachedToRef="call" cancelActivity="{interrupting}"',
                of_late.format(id="heard"),
            )
            + node("userTask", "help")
            + node("userTask", "after")
            + node("endEvent", "e")
            + node("endEvent", "e2")
            + path("s", "call", "after", "e")
            + path("heard", "help", "e2"),
            late,
        )

    city.play(parent("false"), "parent")
    for step in ("work", "more"):
        city.complete(city.items(step)[0], "centre.drafter")
    assert nodes(city) == {"help": 2, "after": 1}
    for item in city.items():
        city.complete(item, "centre.drafter")
    city.play(parent("true"), "parent")
    city.complete(city.items("work")[0], "centre.drafter")
    assert nodes(city) == {"help": 1}
    assert city.rows(t.call) == []


# -- many at once -----------------------------------------------------------------------------------------------------


def test_messages_of_many_senders_at_once_reach_one_subscription_once(city: Play) -> None:
    """Eight senders, one who waits: one is heard now, seven are held, and each of those is heard once later."""
    city.play(ASK, "ask", case="1")
    sent = together(
        [lambda: city.engine.command(messages.correlate, SYSTEM_ACTOR, "reply", "1")["outcome"] for _ in range(8)]
    )
    assert Counter(sent) == {"delivered": 1, "held": 7}
    assert nodes(city) == {"heard": 1}
    together([lambda: city.begin("ask", case="1") for _ in range(7)])
    city.engine.fire_all_due()
    assert nodes(city) == {"heard": 8}
    assert city.rows(r.held_message) == []


def test_same_message_sent_twice_at_once_is_heard_once(city: Play) -> None:
    """A sender whose line broke repeats itself while the first is still on its way."""
    for _ in range(2):
        city.play(ASK, "ask", case="1")
    sent = together(
        [
            lambda: city.engine.command(messages.correlate, SYSTEM_ACTOR, "reply", "1", message_id="m")["outcome"]
            for _ in range(6)
        ]
    )
    assert Counter(sent) == {"delivered": 1, "duplicate": 5}
    assert nodes(city) == {"heard": 1}


def test_broadcast_while_its_listeners_complete_is_heard_or_too_late(city: Play) -> None:
    """Each guard either runs or had finished the patrol; nobody does both, nobody neither, nothing is left over."""
    city.play(SIREN, "siren", place="bridge")
    city.install(GUARD, "guard")
    for _ in range(6):
        city.begin("guard")
    patrols = city.items("patrol")

    def finish(item: Any) -> Callable[[], Any]:
        return lambda: city.complete(item, "centre.drafter")

    answers = together([lambda: press(city), *map(finish, patrols)])
    finished = sum(isinstance(answer, dict) for answer in answers[1:])
    refused = Counter(answer for answer in answers[1:] if isinstance(answer, str))
    assert nodes(city) == Counter({"run": 6 - finished}) + Counter()
    assert refused.total() == 6 - finished
    assert set(refused) <= {"work.done", "work.stale", "work.unknown"}, Conflict
    assert city.rows(t.subscription) == city.rows(r.held_message) == []
    assert len(city.rows(t.process_instance)) == 6 - finished
