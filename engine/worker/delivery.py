"""Delivery of the outbox: messages leave after their commit, at least once, under a key the receiver knows them by."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta

from engine.domain.access import SYSTEM_ACTOR
from engine.services.desk import Desk
from engine.services.engine import Engine
from engine.storage import outbox

log = logging.getLogger(__name__)
LEASE = timedelta(minutes=1)
BATCH = 200

Channel = Callable[[outbox.Message], None]


def in_app(message: outbox.Message) -> None:
    """Delivered by being written: pages read escalations and receipts from their own rows."""


CHANNELS: Mapping[str, Channel] = {}
"""Channels by topic; what has none is delivered in the application itself."""


def deliver_waiting(engine: Engine, channels: Mapping[str, Channel] = CHANNELS, batch: int = BATCH) -> int:
    """Deliver one batch; how many arrived. A channel that fails leaves its message for a later, longer pause."""

    def claim(desk: Desk) -> list[outbox.Message]:
        return outbox.claim(desk.uow, batch, LEASE)

    delivered: list[outbox.Message] = []
    failed: list[tuple[outbox.Message, str]] = []
    for message in engine.command(claim, SYSTEM_ACTOR):
        try:
            channels.get(message.topic, in_app)(message)
            delivered.append(message)
        except Exception as fault:
            log.warning("message not delivered", extra={"topic": message.topic, "key": message.key}, exc_info=fault)
            failed.append((message, type(fault).__name__))

    def settle(desk: Desk) -> None:
        for message in delivered:
            outbox.done(desk.uow, message)
        for message, error in failed:
            outbox.failed(desk.uow, message, error)

    if delivered or failed:
        engine.command(settle, SYSTEM_ACTOR)
    return len(delivered)
