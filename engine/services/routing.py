"""Letters between instances reach whom they are for, in the transaction of the command that sent them.

A message goes to exactly one: the wait that has been open longest, else a version that begins with it, else it is held
until somebody waits or it expires. A broadcast goes to everyone who waited when it was sent, once each. A receiver that
refuses undoes its own part only; its letter is tried again and then kept as a dead letter. After `MOST_AT_ONCE` letters
the rest wait for the heartbeat, so instances that answer each other for ever never hold up a transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from engine.bpmn.stimuli import BroadcastArrived, MessageArrived
from engine.errors import EngineError, NotFound
from engine.storage.tables.processes import subscription

from . import held
from .addressing import can_be_caught, starts_at, still_waits, wait_for
from .desk import Desk
from .effect_rows import drop
from .instances import Instance, load
from .letters import Letter
from .steps import start, take_step

log = logging.getLogger(__name__)
MOST_AT_ONCE = 200

_DROP = drop(subscription)


class Receipt(NamedTuple):
    """What became of a message: delivered, started, held, duplicate or lost; and the instance that has it."""

    outcome: str
    instance_id: str | None = None


def route(desk: Desk) -> None:
    """Bring the letters of a command to their receivers, and messages that were held to the waits it opened."""
    given = 0
    while desk.letters or desk.opened:
        if desk.opened:
            held.give_to_opened(desk, hand_over)
            continue
        letter = desk.letters.pop(0)
        if letter.kind == "broadcast":
            given += broadcast(desk, letter, MOST_AT_ONCE - given)
        elif given < MOST_AT_ONCE:
            _send(desk, letter)
            given += 1
        else:
            held.hold(desk, letter, due_at=desk.now)


def hand_over(desk: Desk, instance: Instance, wait: int, letter: Letter) -> None:
    """Carry a letter through the instance it reached. Raises: whatever the step refuses."""
    arrived = BroadcastArrived if letter.kind == "broadcast" else MessageArrived
    step = take_step(desk, instance, arrived(wait, letter.payload))
    if wait not in step.state.waits:  # a boundary that does not interrupt goes on waiting
        desk.uow.run(_DROP, {"instance_id": instance.id, "wait": wait})


def deliver_message(desk: Desk, letter: Letter, before: Callable[[Instance], None] | None = None) -> Receipt:
    """Give a message to exactly one wait or version; hold it where nobody waits yet and somebody could.

    Shape: `before` may refuse the instance that would have it.
    Raises: whatever the receiver's step refuses.
    """
    while (found := wait_for(desk, letter.name, letter.key, letter.subject)) is not None:
        instance_id, wait = found
        try:
            instance = load(desk, instance_id)
        except NotFound:
            continue  # it ended while its row was waited for
        if not still_waits(desk, instance_id, wait):
            continue
        if before is not None:
            before(instance)
        if instance.suspended_at is not None:
            held.hold(desk, letter, instance_id=instance_id, wait=wait)
            return Receipt("held", instance_id)
        hand_over(desk, instance, wait, letter)
        return Receipt("delivered", instance_id)
    for definition_id, node_id in starts_at(desk, letter)[:1]:
        return Receipt("started", begin(desk, definition_id, node_id, letter))
    if not can_be_caught(desk, letter.name) or not letter.held_for:
        return Receipt("lost")
    held.hold(desk, letter, expires_at=desk.now + letter.held_for)
    return Receipt("held")


def begin(desk: Desk, definition_id: str, node_id: str, letter: Letter) -> str:
    """Start an instance of a version at the start event a letter, or an instant, has triggered; its id.

    Raises: NotFound (`definition.no_department`) where nobody says to whom it belongs; whatever its step refuses.
    """
    department_id = letter.department_id or desk.city.command_centre(desk.uow)
    if department_id is None:
        raise NotFound("definition.no_department", "Expected a command centre to begin it for, but there is none.")
    definition = desk.city.definition(desk.uow, definition_id)
    return start(desk, definition, letter.payload, department_id=department_id, node=node_id).id


def broadcast(desk: Desk, letter: Letter, room: int) -> int:
    """Give a broadcast to its receivers and starts, at most `room` of them now; how many were given."""
    given = 0
    for instance_id, wait in letter.receivers:
        if given < room:
            _give(desk, letter, instance_id, wait)
            given += 1
        else:
            held.hold(desk, letter, instance_id=instance_id, wait=wait, due_at=desk.now)
    for definition_id, node_id in starts_at(desk, letter):
        if given < room:
            try_to_begin(desk, letter, definition_id, node_id)
            given += 1
        else:
            held.hold(desk, letter, definition_id=definition_id, node_id=node_id, due_at=desk.now)
    return given


def _send(desk: Desk, letter: Letter) -> None:
    """Deliver a message that an instance threw; a refusal of the receiver is none of the thrower."""
    try:
        with desk.part():
            deliver_message(desk, letter)
    except EngineError as error:
        _keep_refused(desk, letter, error)


def _give(desk: Desk, letter: Letter, instance_id: str, wait: int) -> None:
    try:
        with desk.part():
            instance = load(desk, instance_id)
            if instance.suspended_at is not None:
                held.hold(desk, letter, instance_id=instance_id, wait=wait, due_at=desk.now)
            elif still_waits(desk, instance_id, wait):
                hand_over(desk, instance, wait, letter)
    except EngineError as error:
        if error.code != "instance.unknown":  # it ended before the broadcast came
            _keep_refused(desk, letter, error, instance_id=instance_id, wait=wait)


def try_to_begin(desk: Desk, letter: Letter, definition_id: str, node_id: str) -> bool:
    """Begin an instance as `begin` does; whether it began. What is refused is held and tried again."""
    try:
        with desk.part():
            begin(desk, definition_id, node_id, letter)
        return True
    except EngineError as error:
        _keep_refused(desk, letter, error, definition_id=definition_id, node_id=node_id)
        return False


def _keep_refused(desk: Desk, letter: Letter, error: EngineError, **to: Any) -> None:
    if error.code == "storage.busy":
        raise error
    log.warning("letter refused", extra={"letter": letter.name, "code": error.code})
    held.hold(desk, replace(letter, receivers=()), error=error.code, attempts=1, due_at=held.again_at(desk, 1), **to)
