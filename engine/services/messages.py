"""Messages to running instances: addressed by their sender to one subscription of one instance or leg."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from engine.bpmn.stimuli import MessageArrived
from engine.errors import NotFound, Rejected
from engine.storage.prepared import Prepared
from engine.storage.tables.processes import subscription

from .desk import Desk
from .effect_rows import drop
from .instances import load
from .steps import take_step

_CODE = re.compile(r"[A-Za-z0-9_.:@+/|-]{0,120}")
_AWAITED = Prepared(
    select(subscription.c.wait)
    .where(
        subscription.c.instance_id == bindparam("instance_id"),
        subscription.c.message == bindparam("message"),
        subscription.c.scope == bindparam("scope"),
    )
    .order_by(subscription.c.wait)
    .limit(1)
)
_SCOPE = Prepared(
    select(subscription.c.scope)
    .where(
        subscription.c.instance_id == bindparam("instance_id"),
        subscription.c.message == bindparam("message"),
    )
    .order_by(subscription.c.wait)
    .limit(1)
)
_DROP = drop(subscription)


def deliver(
    desk: Desk, instance_id: str, message: str, payload: Mapping[str, Any] | None = None, *, scope: int = 0
) -> None:
    """Deliver a message to the oldest subscription with its name in that scope of the instance.

    Shape: `scope` 0 is the instance itself, else the scope id of a multi-instance leg or sub-process.
    Raises: NotFound (`message.not_awaited`); whatever the step refuses.
    """
    if not deliver_if_awaited(desk, instance_id, scope, message, payload):
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
    """Deliver a message where somebody waits for it; False where nobody does.

    Raises: Rejected (`message.free_text`) for a payload that holds more than ids, codes and numbers: what it brings
    becomes variables, and they stand in clear (D13).
    """
    _require_codes(payload or {}, message)
    row = desk.uow.one(_AWAITED, {"instance_id": instance_id, "message": message, "scope": scope})
    if row is None:
        return False
    step = take_step(desk, load(desk, instance_id), MessageArrived(row[0], payload or {}))
    if row[0] not in step.state.waits:  # a boundary that does not interrupt goes on waiting
        desk.uow.run(_DROP, {"instance_id": instance_id, "wait": row[0]})
    return True


def deliver_in_scope_that_waits(
    desk: Desk, instance_id: str, message: str, payload: Mapping[str, Any] | None = None
) -> bool:
    """Deliver a message to the oldest subscription of the instance with its name, in any scope; False without one.

    Raises: as `deliver_if_awaited`.
    """
    row = desk.uow.one(_SCOPE, {"instance_id": instance_id, "message": message})
    return row is not None and deliver_if_awaited(desk, instance_id, row[0], message, payload)


def _require_codes(value: Any, message: str) -> None:
    if isinstance(value, Mapping):
        for each in value.values():
            _require_codes(each, message)
    elif isinstance(value, list | tuple):
        for each in value:
            _require_codes(each, message)
    elif isinstance(value, str) and not _CODE.fullmatch(value):
        raise Rejected(
            "message.free_text",
            f"Expected ids, codes and numbers in the message “{message}”, but it brings text. Record the text, "
            "and send its id.",
            message_name=message,
        )
