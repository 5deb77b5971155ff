"""What an operator does to an instance: by who may, with a reason on record, and never past the life of an order."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.bpmn.state import state_from_bytes
from engine.errors import Conflict, InvalidMove, NotAllowed, Rejected
from engine.services import care, messages
from engine.storage.tables import care as c
from engine.storage.tables import processes as t
from tests.services.play import Play, drawing, node, path

HELLO = '<bpmn:message id="hello" name="hello"/>'
LIMIT = (
    '<bpmn:timerEventDefinition id="hour"><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">PT1H</bpmn:timeDuration>'
    "</bpmn:timerEventDefinition>"
)
WORK = drawing(
    "work",
    node("startEvent", "s")
    + node("userTask", "first")
    + node("boundaryEvent", "limit", 'attachedToRef="first"', LIMIT)
    + node("userTask", "late")
    + node("subProcess", "inner", inner=node("startEvent", "is") + node("userTask", "deep") + path("is", "deep"))
    + node("parallelGateway", "split")
    + node("parallelGateway", "join")
    + node("userTask", "a")
    + node("userTask", "b")
    + node("receiveTask", "hear", 'messageRef="hello"')
    + node("endEvent", "e")
    + node("endEvent", "e2")
    + path("s", "first", "split", "a", "join", "inner", "hear", "e")
    + path("split", "b", "join")
    + path("limit", "late", "e2"),
    HELLO,
)


@pytest.fixture
def at_work(city: Play) -> tuple[Play, str]:
    """An instance at its first task, and an operator of the centre."""
    city.appoint(city.newcomer("operator"), "centre", "admin")
    return city, city.play(WORK, "work", depth=7)


def act(city: Play, what: Any, *args: Any, person: str = "operator", **more: Any) -> Any:
    """Act on an instance."""
    return city.engine.command(what, city.person(person), *args, **more)


def nodes(city: Play) -> list[str]:
    """The open items of the city."""
    return sorted(item.node_id for item in city.items())


def done(city: Play, *ids: str) -> None:
    """Complete the open items of these nodes."""
    for node_id in ids:
        city.complete(city.items(node_id)[0], "centre.drafter")


def test_suspended_instance_is_moved_by_nothing_and_goes_on_when_resumed(at_work: tuple[Play, str]) -> None:
    """Commands are refused in words, timers and messages wait, and fire when the instance is resumed."""
    city, instance = at_work
    act(city, care.suspend, instance, "wrong map")
    with city.refused("instance.suspended", Conflict):
        city.complete(city.items("first")[0], "centre.drafter")
    assert city.wait(timedelta(hours=2)) == 0
    assert nodes(city) == ["first"]
    act(city, care.resume, instance, "map corrected")
    city.engine.fire_all_due()
    assert nodes(city) == ["late"]
    assert [(row.act, row.by_id) for row in city.rows(c.intervention)] == [
        ("suspend", "operator"),
        ("resume", "operator"),
    ]
    assert [fact.payload["act"] for fact in city.facts("instance.tended")] == ["suspend", "resume"]


def test_message_for_a_suspended_instance_arrives_when_it_is_resumed(at_work: tuple[Play, str]) -> None:
    """What was said meanwhile is not lost."""
    city, instance = at_work
    done(city, "first", "a", "b", "deep")
    act(city, care.suspend, instance, "audit")
    assert act(city, messages.correlate, "hello")["outcome"] == "held"
    city.wait(timedelta(hours=3))
    assert city.is_running(instance)
    act(city, care.resume, instance, "audit done")
    city.engine.fire_all_due()
    assert city.outcome(instance) == "completed"


def test_cancelled_instance_is_over_with_its_reason_sealed(at_work: tuple[Play, str]) -> None:
    """Who called work off, and why, is on record; the words are not in clear."""
    city, instance = at_work
    act(city, care.cancel, instance, "Mr Li asked for it")
    assert city.outcome(instance) == "cancelled"
    (row,) = city.rows(c.intervention)
    assert city.engine.database.keys.open(row.reason, row.id) == "Mr Li asked for it"
    assert "Mr Li" not in repr(city.everything())


def test_token_moved_leaves_its_wait_and_goes_on_from_the_new_place(at_work: tuple[Play, str]) -> None:
    """A step that can never be done is skipped: its item and its limit are withdrawn, the next one opens."""
    city, instance = at_work
    (item,) = city.items("first")
    act(city, care.move_token, instance, item.wait, "inner", "no map needed")
    assert nodes(city) == ["deep"]
    assert city.rows(t.timer) == []
    assert [(row.node_id, row.how) for row in city.rows(t.item_history)] == [("first", "withdrawn")]
    (row,) = city.rows(c.intervention)
    assert row.detail == {"wait": item.wait, "source": "first", "target": "inner"}


@pytest.mark.fast
@pytest.mark.parametrize("target", ["deep", "limit", "join", "nowhere", "s"])
def test_token_is_not_moved_where_no_token_comes_by_itself(sqlite_city: Play, target: str) -> None:
    """Into another scope, on a boundary, a start or a join a token would stand where the standard knows none."""
    city = sqlite_city
    city.appoint(city.newcomer("operator"), "centre", "admin")
    instance = city.play(WORK, "work")
    (item,) = city.items("first")
    with city.refused("game.move", Rejected):
        act(city, care.move_token, instance, item.wait, target, "try")
    (timer,) = city.rows(t.timer)
    with city.refused("game.move", Rejected):
        act(city, care.move_token, instance, timer.wait, "hear", "a limit is no token")


@pytest.mark.fast
def test_instance_is_tended_by_who_may_and_with_a_reason(sqlite_city: Play) -> None:
    """Nobody without the permission, and nobody without saying why."""
    city = sqlite_city
    city.appoint(city.newcomer("operator"), "centre", "admin")
    instance = city.play(WORK, "work")
    for what in (care.suspend, care.cancel):
        with city.refused("access.not_permitted", NotAllowed):
            act(city, what, instance, "why not", person="centre.dispatcher")
        with city.refused("care.reason", Rejected):
            act(city, what, instance, "  ")


@pytest.mark.fast
def test_instance_that_carries_an_order_is_neither_moved_nor_cancelled(sqlite_city: Play) -> None:
    """The loop cannot be opened by an operator: an order ends by its own process, by withdrawal or by void."""
    city = sqlite_city
    city.appoint(city.newcomer("operator"), "centre", "admin")
    order = city.issued("water")
    (item,) = city.open("sign")
    root = next(r.id for r in city.rows(t.process_instance) if r.parent_instance_id is None)
    assert city.order_row(order).instance_id == item.instance_id
    with city.refused("instance.bound", InvalidMove):
        act(city, care.move_token, item.instance_id, item.wait, "handle", "faster")
    with city.refused("instance.called", InvalidMove):
        act(city, care.cancel, item.instance_id, "faster")
    with city.refused("instance.bound", InvalidMove):
        act(city, care.cancel, root, "faster")


def test_deadline_of_a_suspended_order_is_still_recorded(city: Play) -> None:
    """Suspending hides no breach: rungs climb on time; the process hears of them when it goes on."""
    city.appoint(city.newcomer("operator"), "centre", "admin")
    order = city.issued("water")
    root = next(r.id for r in city.rows(t.process_instance) if r.parent_instance_id is None)
    act(city, care.suspend, root, "audit")
    before = len(city.city.escalations())
    city.wait(timedelta(days=30))
    assert len(city.city.escalations()) > before
    with city.refused("instance.suspended", Conflict):
        city.do("sign", "water", decision="sign")
    act(city, care.resume, root, "audit done")
    city.engine.fire_all_due()
    city.do("sign", "water", decision="sign")
    assert city.tasks(order)["water"].state == "in_progress"


def test_instance_restarted_names_the_one_it_follows(at_work: tuple[Play, str]) -> None:
    """Work that was called off by mistake begins anew, with chosen values, and the line between both is kept."""
    city, instance = at_work
    act(city, care.cancel, instance, "mistake")
    answer = act(city, care.restart, instance, {"depth": 9}, "was needed after all")
    row = city.row(t.process_instance, answer["instance_id"])
    assert row.restarted_from == instance
    assert state_from_bytes(bytes(row.state_bytes)).variables == {"depth": 9}
    act(city, care.cancel, row.id, "enough")
    assert city.row(t.instance_history, row.id).restarted_from == instance
    with city.refused("care.free_text", Rejected):
        act(city, care.restart, instance, {"said": "Mr Li of 3 Lake Road"}, "again")


@pytest.mark.fast
def test_instance_that_began_by_a_message_is_restarted_without_one(sqlite_city: Play) -> None:
    """Nobody has to send the message again to make good for what was called off by mistake."""
    city = sqlite_city
    city.appoint(city.newcomer("operator"), "centre", "admin")
    born = drawing(
        "born",
        node("startEvent", "begin", inner='<bpmn:messageEventDefinition id="of" messageRef="hello"/>')
        + node("userTask", "awake")
        + node("endEvent", "e")
        + path("begin", "awake", "e"),
        HELLO,
    )
    city.install(born, "born")
    instance = act(city, messages.correlate, "hello")["instance_id"]
    act(city, care.cancel, instance, "mistake")
    act(city, care.restart, instance, {"case": 7}, "needed after all")
    assert nodes(city) == ["awake"]
