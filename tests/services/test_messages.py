"""Messages: addressed to one instance or one leg, delivered to one subscription, sent after the commit."""

from __future__ import annotations

import pytest

from engine.bpmn.state import state_from_bytes
from engine.errors import NotFound, Rejected
from engine.storage.tables import outbox
from engine.storage.tables import processes as t
from tests.services.play import Play, drawing, node, path

HELLO = '<bpmn:message id="hello" name="hello"/>'
CATCH = '<bpmn:receiveTask id="{id}" messageRef="hello"/>'
EACH = '<bpmn:multiInstanceLoopCharacteristics cl:collection="places" cl:element="place"/>'
LEGS = drawing(
    "legs",
    node("startEvent", "s")
    + node(
        "subProcess",
        "leg",
        inner=EACH
        + node("startEvent", "in")
        + CATCH.format(id="hear")
        + node("userTask", "act")
        + node("endEvent", "out")
        + path("in", "hear", "act", "out"),
    )
    + node("endEvent", "e")
    + path("s", "leg", "e"),
    HELLO,
)


def leg_of(city: Play, department: str) -> int:
    """The scope of the leg of a department in the shipped loop, as a sender knows it: from an open item there."""
    return int(next(item.scope for item in city.items(department=department) if item.task_id))


def test_message_to_a_leg_reaches_that_leg_alone(city: Play) -> None:
    """A problem of one department is not put to another."""
    order = city.issued("water", "traffic")
    instance = city.order_row(order).instance_id
    city.deliver(instance, "problem.raised", {"code": "pump_broken"}, leg_of(city, "traffic"))
    (coordinate,) = city.open("coordinate")
    assert (coordinate.task_id, coordinate.department_id) == (city.tasks(order)["traffic"].id, "centre")
    city.do("coordinate", resolution="Lend one")
    assert city.open_nodes() == ["sign@traffic", "sign@water"]


def test_message_may_come_again_and_again(city: Play) -> None:
    """Progress is reported as often as there is progress, and moves nothing."""
    order = city.issued("water")
    instance = city.order_row(order).instance_id
    city.do("sign", "water", decision="sign")
    for _ in range(3):
        city.deliver(instance, "progress.report", {"kind": "interim"}, leg_of(city, "water"))
    assert city.state(order) == "executing"
    assert city.open_nodes() == ["handle@water"]


@pytest.mark.parametrize(
    ("message", "scope"), [("problem.raised", 0), ("directive.withdraw", 7), ("unheard.of", 0), ("hello", 99)]
)
def test_message_nobody_awaits_there_is_refused(sqlite_city: Play, message: str, scope: int) -> None:
    """A wrong address is an error of the sender, not a lost message."""
    city = sqlite_city
    instance = city.order_row(city.issued("water")).instance_id
    with city.refused("message.not_awaited", NotFound) as refusal:
        city.deliver(instance, message, {"reason": "x"}, scope)
    assert refusal.value.params == {"instance": instance, "message_name": message, "scope": scope}


def test_message_to_an_ended_instance_is_refused(sqlite_city: Play) -> None:
    """Nothing reaches a closed order."""
    city = sqlite_city
    order = city.issued("water")
    instance = city.order_row(order).instance_id
    city.withdraw(order)
    with city.refused("message.not_awaited", NotFound):
        city.deliver(instance, "incident.levelChanged", {"level": 1})


def test_message_payload_stays_in_its_leg(sqlite_city: Play) -> None:
    """What one leg hears the others do not know."""
    city = sqlite_city
    instance = city.play(LEGS, "legs", places=["north", "south"])
    scopes = sorted(row.scope for row in city.rows(t.subscription))
    city.deliver(instance, "hello", {"word": "one"}, scopes[1])
    (item,) = city.items("act")
    assert item.scope == scopes[1]
    state = state_from_bytes(bytes(city.row(t.process_instance, instance).state_bytes))
    assert "word" not in state.variables
    assert state.seen_from(scopes[1])["word"] == "one"
    assert "word" not in state.seen_from(scopes[0])
    city.deliver(instance, "hello", {"word": "two"}, scopes[0])
    for each in city.items("act"):
        city.complete(each, "centre.drafter")
    assert city.outcome(instance) == "completed"


def test_message_is_taken_by_the_oldest_of_two_subscriptions(sqlite_city: Play) -> None:
    """One message wakes one waiter, in the order they began to wait."""
    city = sqlite_city
    text = drawing(
        "pair",
        node("startEvent", "s")
        + node("parallelGateway", "split")
        + CATCH.format(id="first")
        + CATCH.format(id="second")
        + node("parallelGateway", "join")
        + node("endEvent", "e")
        + path("s", "split", "first", "join", "e")
        + path("split", "second", "join"),
        HELLO,
    )
    instance = city.play(text, "pair")
    assert len(city.rows(t.subscription)) == 2
    city.deliver(instance, "hello")
    assert len(city.rows(t.subscription)) == 1
    city.deliver(instance, "hello")
    assert city.outcome(instance) == "completed"


def test_message_sent_leaves_through_the_outbox_with_ids_alone(city: Play) -> None:
    """What a process says goes out after the commit and carries no variable."""
    order = city.closed("water")
    (message,) = city.rows(outbox.outbox, outbox.outbox.c.topic == "message.directive.evaluated")
    assert message.payload == {
        "instance_id": city.order_row(order).instance_id,
        "message": "directive.evaluated",
        "node_id": "feed_back",
        "subject_kind": "directive",
        "subject_id": order,
    }


def test_message_sent_twice_in_one_step_leaves_twice(sqlite_city: Play) -> None:
    """Two tokens through one node are two messages, and neither stops the step."""
    city = sqlite_city
    text = drawing(
        "twice",
        node("startEvent", "s")
        + node("parallelGateway", "split")
        + node("task", "left")
        + node("exclusiveGateway", "merge")
        + node("sendTask", "say", 'messageRef="hello"')
        + node("endEvent", "e")
        + path("s", "split", "merge", "say", "e")
        + '<bpmn:sequenceFlow id="again" sourceRef="split" targetRef="merge"/>'
        + path("split", "left", "e"),
        HELLO,
    )
    city.play(text, "twice")
    sent = city.rows(outbox.outbox, outbox.outbox.c.topic == "message.hello")
    assert len(sent) == len({message.key for message in sent}) == 2


def test_message_start_begins_an_instance_at_its_event(sqlite_city: Play) -> None:
    """A process may begin by being told something."""
    from engine.domain.access import SYSTEM_ACTOR
    from engine.services.desk import Desk
    from engine.services.steps import published, start

    city = sqlite_city
    text = drawing(
        "told",
        node("startEvent", "heard", inner='<bpmn:messageEventDefinition messageRef="hello"/>')
        + node("userTask", "act")
        + node("endEvent", "e")
        + path("heard", "act", "e"),
        HELLO,
    )
    city.install(text, "told")

    def begin(desk: Desk) -> str:
        return start(desk, published(desk, "told"), {"word": "go"}, department_id="centre", node="heard").id

    instance = city.engine.command(begin, SYSTEM_ACTOR)
    (item,) = city.items("act")
    assert item.instance_id == instance


def test_level_change_reaches_the_order_and_asks_for_confirmation(sqlite_city: Play) -> None:
    """A graver case is put before the commander while the legs go on."""
    city = sqlite_city
    order = city.issued("water")
    city.deliver(city.order_row(order).instance_id, "incident.levelChanged", {"level": 1})
    assert city.open_nodes() == ["confirm_level", "sign@water"]
    city.do("confirm_level", level=1, reason="Dam at risk")
    city.report_back("water")
    city.do("verify", decision="pass")
    city.do("evaluate", score=99)
    assert city.state(order) == "closed"


def test_message_with_text_is_refused_and_changes_nothing(city: Play) -> None:
    """What a message brings stands in clear, so words of people are kept out of it."""
    order = city.issued("water")
    instance = city.order_row(order).instance_id
    before = city.everything()
    with city.refused("message.free_text", Rejected):
        city.deliver(instance, "progress.report", {"said": "the pump runs again"}, leg_of(city, "water"))
    assert city.everything() == before
