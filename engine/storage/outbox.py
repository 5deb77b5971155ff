"""Messages that leave after the commit: written in the transaction, claimed with a lease, tried again with back-off.

A receiver may get a message twice (a worker can die after sending), never zero times; it tells repeats by the key.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, literal_column, or_, select, update

from engine.storage.prepared import Prepared, insert_into
from engine.storage.tables.outbox import outbox
from engine.storage.uow import UnitOfWork

MOST_ATTEMPTS = 10
LONGEST_PAUSE = timedelta(minutes=60)

_put = insert_into(outbox)
_DUE = (
    outbox.c.state == literal_column("'waiting'"),
    outbox.c.next_at <= bindparam("now"),
    or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= bindparam("now")),
)
_claim = Prepared(
    update(outbox)
    .where(
        outbox.c.id.in_(
            select(outbox.c.id)
            .where(*_DUE)
            .order_by(outbox.c.next_at, outbox.c.id)
            .limit(bindparam("limit"))
            .with_for_update(skip_locked=True)
        )
    )
    .returning(outbox.c.id, outbox.c.topic, outbox.c.key, outbox.c.payload, outbox.c.attempts),
    ("leased_until",),
)
_done = Prepared(delete(outbox).where(outbox.c.id == bindparam("message_id")))
_failed = Prepared(
    update(outbox).where(outbox.c.id == bindparam("message_id")),
    ("state", "attempts", "next_at", "leased_until", "error"),
)


@dataclass(frozen=True, slots=True)
class Message:
    """A claimed message; `attempts` is how often it was tried before."""

    id: int
    topic: str
    key: str
    payload: Any
    attempts: int


def put(uow: UnitOfWork, topic: str, key: str, payload: Any) -> None:
    """Adds a message that becomes visible to workers with the commit. `key` is unique for good reason: one effect, one
    key. The payload holds ids and codes, never personal data."""
    uow.run(
        _put,
        {
            "topic": topic,
            "key": key,
            "payload": payload,
            "state": "waiting",
            "attempts": 0,
            "created_at": uow.now,
            "next_at": uow.now,
            "leased_until": None,
            "error": None,
        },
    )


def claim(uow: UnitOfWork, limit: int, lease: timedelta) -> list[Message]:
    """Up to `limit` due messages, oldest first, that no other worker gets before the lease ends."""
    values = {"now": uow.now, "limit": limit, "leased_until": uow.now + lease}
    found = [Message(*row) for row in uow.rows(_claim, values)]
    return sorted(found, key=lambda message: message.id)


def done(uow: UnitOfWork, message: Message) -> None:
    """Removes a delivered message."""
    uow.run(_done, {"message_id": message.id})


def failed(uow: UnitOfWork, message: Message, error: str, most_attempts: int = MOST_ATTEMPTS) -> bool:
    """Puts a message back for a later try, or among the dead ones after the last; returns whether it is dead.

    `error` is a code, not the receiver's text.
    Unit: pauses of 1, 2, 4 … 60 minutes.
    """
    attempts = message.attempts + 1
    is_dead = attempts >= most_attempts
    pause = min(timedelta(minutes=2 ** min(message.attempts, 10)), LONGEST_PAUSE)
    uow.run(
        _failed,
        {
            "message_id": message.id,
            "state": "dead" if is_dead else "waiting",
            "attempts": attempts,
            "next_at": uow.now + pause,
            "leased_until": None,
            "error": error,
        },
    )
    return is_dead
