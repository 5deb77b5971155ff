"""Messages from outside: addressed to one subscription of one instance or leg, or correlated by name and key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select

from engine.errors import NotFound, Rejected
from engine.storage.prepared import Prepared, insert_into
from engine.storage.tables.processes import subscription
from engine.storage.tables.routing import message_seen

from . import held
from .codes import require_codes
from .desk import Desk
from .instances import load
from .letters import HELD_AT_MOST, HELD_FOR, Letter
from .routing import deliver_message, hand_over

SEND = "process:message:send"
KEPT_FOR = timedelta(days=1)
"""How long the id of a message is remembered, so that the same message again is not delivered again."""

_AWAITED = Prepared(
    select(subscription.c.wait)
    .where(
        subscription.c.instance_id == bindparam("instance_id"),
        subscription.c.message == bindparam("message"),
        subscription.c.scope == bindparam("scope"),
        subscription.c.broadcast.is_(False),
    )
    .order_by(subscription.c.wait)
    .limit(1)
)
_SCOPE = Prepared(
    select(subscription.c.scope)
    .where(
        subscription.c.instance_id == bindparam("instance_id"),
        subscription.c.message == bindparam("message"),
        subscription.c.broadcast.is_(False),
    )
    .order_by(subscription.c.wait)
    .limit(1)
)


_SEEN = Prepared(select(message_seen.c.at).where(message_seen.c.message_id == bindparam("message_id")))
_SEE = insert_into(message_seen)
_FORGET = Prepared(message_seen.delete().where(message_seen.c.at < bindparam("before", type_=message_seen.c.at.type)))


def correlate(
    desk: Desk,
    name: str,
    key: str | None = None,
    payload: Mapping[str, Any] | None = None,
    *,
    message_id: str | None = None,
    held_for_s: int = int(HELD_FOR.total_seconds()),
) -> dict[str, Any]:
    """Give a message to the one instance that waits for its name and key, or to the version that begins with it.

    Where nobody waits yet it is held, for `held_for_s` seconds. The same `message_id` again within a day is ignored.
    Shape: the answer says delivered, started, held, duplicate or lost, and which instance has it.
    Raises: NotAllowed without `process:message:send` in the department of the instance, in the command centre for what
    begins one or is held; Rejected
    (`message.free_text`, `message.held_for`); whatever the step refuses.
    """
    if not 0 <= held_for_s <= HELD_AT_MOST.total_seconds():
        raise Rejected("message.held_for", f"Expected 0 s to 7 days, but got {held_for_s} s.", seconds=held_for_s)
    require_codes(payload or {}, "message.free_text", message_name=name)
    if message_id is not None:
        if desk.uow.one(_SEEN, {"message_id": message_id}) is not None:
            return {"outcome": "duplicate", "instance_id": None}
        desk.uow.run(_SEE, {"message_id": message_id, "at": desk.now})
    letter = Letter("message", name, payload or {}, key, held_for=timedelta(seconds=held_for_s))
    receipt = deliver_message(desk, letter, before=lambda instance: desk.require(SEND, instance.department_id))
    if receipt.outcome == "started" or (receipt.outcome == "held" and receipt.instance_id is None):
        desk.require(SEND, desk.city.command_centre(desk.uow) or "")  # it is the city's: anybody's instance may have it
    return receipt._asdict()


def forget_old_ids(desk: Desk) -> int:
    """Drop the ids of messages of the day before; how many."""
    return desk.uow.run(_FORGET, {"before": desk.now - KEPT_FOR})


def deliver(
    desk: Desk, instance_id: str, message: str, payload: Mapping[str, Any] | None = None, *, scope: int = 0
) -> None:
    """Deliver a message to the oldest subscription with its name in that scope of the instance.

    Shape: `scope` 0 is the instance itself, else the scope id of a multi-instance leg or sub-process.
    Raises: NotFound (`message.not_awaited`); whatever the step refuses.
    """
    if not _deliver(desk, instance_id, scope, message, payload):
        raise NotFound(
            "message.not_awaited",
            f"Expected an instance that waits for “{message}” there, but it does not.",
            instance=instance_id,
            message_name=message,
            scope=scope,
        )


def deliver_if_awaited(
    desk: Desk, instance_id: str, scope: int, message: str, payload: Mapping[str, Any] | None = None
) -> bool:
    """Deliver a message where somebody waits for it; False where nobody does. A suspended instance has it later.

    Raises: Rejected (`message.free_text`) for a payload that holds more than ids, codes and numbers: what it brings
    becomes variables, and they stand in clear (D13).
    """
    return _deliver(desk, instance_id, scope, message, payload, later=True)


def _deliver(
    desk: Desk,
    instance_id: str,
    scope: int,
    message: str,
    payload: Mapping[str, Any] | None,
    *,
    later: bool = False,
) -> bool:
    require_codes(payload or {}, "message.free_text", message_name=message)
    row = desk.uow.one(_AWAITED, {"instance_id": instance_id, "message": message, "scope": scope})
    if row is None:
        return False
    instance, letter = load(desk, instance_id), Letter("message", message, payload or {})
    if later and instance.suspended_at is not None:
        held.hold(desk, letter, instance_id=instance_id, wait=row[0])
    else:
        hand_over(desk, instance, row[0], letter)
    return True


def deliver_in_scope_that_waits(
    desk: Desk, instance_id: str, message: str, payload: Mapping[str, Any] | None = None
) -> bool:
    """Deliver a message to the oldest subscription of the instance with its name, in any scope; False without one.

    Raises: as `deliver_if_awaited`.
    """
    row = desk.uow.one(_SCOPE, {"instance_id": instance_id, "message": message})
    return row is not None and deliver_if_awaited(desk, instance_id, row[0], message, payload)
