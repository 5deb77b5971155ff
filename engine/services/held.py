"""Letters that are held: messages nobody waits for yet, and what a receiver has still to take.

The heartbeat gives them to whoever waits by now, oldest first, lets messages expire, and keeps a letter that its
receiver refused four times as a dead letter, until an operator has it tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, or_, select

from engine.bpmn.state import values_from_bytes, values_to_bytes
from engine.errors import EngineError
from engine.storage.prepared import Prepared, insert_into
from engine.storage.tables.processes import process_instance, subscription
from engine.storage.tables.routing import held_message as t

from .addressing import still_waits
from .desk import Desk
from .instances import Instance, load, load_free
from .letters import Letter, Opened

log = logging.getLogger(__name__)
MOST_AT_ONCE = 200
MOST_ATTEMPTS = 4
HandOver = Callable[[Desk, Instance, int, Letter], None]
Begin = Callable[[Desk, str, str, Letter], str]
Find = Callable[[Desk, str], Instance | None]

_NEW = insert_into(t)
_LETTER = (t.c.kind, t.c.name, t.c.payload, t.c.key, t.c.subject_kind, t.c.subject_id, t.c.department_id)
_NOW = bindparam("now", type_=t.c.due_at.type)
_IS_HELD = t.c.state == "waiting"
_FREE = and_(_IS_HELD, t.c.kind == "message", t.c.instance_id.is_(None), t.c.definition_id.is_(None))
_ANY = Prepared(select(t.c.id).where(_IS_HELD).limit(1))
_HELD = select(t.c.id, t.c.attempts, *_LETTER).where(_FREE, t.c.due_at <= _NOW, t.c.name == bindparam("name"))
_HELD = _HELD.order_by(t.c.created_at, t.c.id).limit(1)
_BY_KEY = Prepared(_HELD.where(t.c.key == bindparam("key")))
_UNBOUND = Prepared(_HELD.where(t.c.key.is_(None), t.c.subject_id.is_(None)))
_BY_SUBJECT = Prepared(
    _HELD.where(
        t.c.key.is_(None),
        t.c.subject_kind == bindparam("subject_kind"),
        t.c.subject_id == bindparam("subject_id"),
    )
)
_AWAITED = Prepared(
    select(t.c.id, subscription.c.instance_id, subscription.c.wait, t.c.attempts, *_LETTER)
    .join_from(t, subscription, and_(subscription.c.message == t.c.name, subscription.c.broadcast.is_(False)))
    .join(process_instance, process_instance.c.id == subscription.c.instance_id)
    .where(
        _FREE,
        t.c.due_at <= _NOW,
        process_instance.c.suspended_at.is_(None),
        or_(
            subscription.c.key == t.c.key,
            and_(
                subscription.c.key.is_(None),
                t.c.key.is_(None),
                or_(
                    and_(t.c.subject_id.is_(None), process_instance.c.subject_id.is_(None)),
                    and_(
                        t.c.subject_id == process_instance.c.subject_id,
                        t.c.subject_kind == process_instance.c.subject_kind,
                    ),
                ),
            ),
        ),
    )
    .order_by(t.c.created_at, t.c.id, subscription.c.opened_at, subscription.c.instance_id)
    .limit(bindparam("limit"))
)
_ADDRESSED = Prepared(
    select(t.c.id, t.c.instance_id, t.c.wait, t.c.definition_id, t.c.node_id, t.c.attempts, *_LETTER)
    .join_from(t, process_instance, process_instance.c.id == t.c.instance_id, isouter=True)
    .where(
        _IS_HELD,
        t.c.due_at <= _NOW,
        or_(t.c.instance_id.is_not(None), t.c.definition_id.is_not(None)),
        process_instance.c.suspended_at.is_(None),
    )
    .order_by(t.c.due_at, t.c.id)
    .limit(bindparam("limit"))
)
_TAKE = Prepared(t.delete().where(t.c.id == bindparam("id"), _IS_HELD))
_AGAIN = Prepared(t.update().where(t.c.id == bindparam("id"), _IS_HELD), ("attempts", "error", "due_at", "state"))
_FREE_AGAIN = Prepared(t.update().where(t.c.id == bindparam("id"), _IS_HELD), ("instance_id", "wait", "expires_at"))
_EXPIRE = Prepared(t.delete().where(_FREE, t.c.expires_at <= _NOW))


def hold(
    desk: Desk,
    letter: Letter,
    *,
    instance_id: str | None = None,
    wait: int | None = None,
    definition_id: str | None = None,
    node_id: str | None = None,
    due_at: datetime | None = None,
    expires_at: datetime | None = None,
    attempts: int = 0,
    error: str | None = None,
) -> None:
    """Keep a letter: for one receiver if one is named, else for whoever waits for it until `expires_at`."""
    if letter.kind == "message" and instance_id is None and definition_id is None and expires_at is None:
        expires_at = desk.now + letter.held_for
    desk.uow.run(
        _NEW,
        {
            "id": desk.uow.new_id(),
            "kind": letter.kind,
            "name": letter.name,
            "key": letter.key,
            "payload": values_to_bytes(dict(letter.payload)),
            "instance_id": instance_id,
            "wait": wait,
            "definition_id": definition_id,
            "node_id": node_id,
            "subject_kind": letter.subject[0],
            "subject_id": letter.subject[1],
            "department_id": letter.department_id,
            "created_at": desk.now,
            "due_at": due_at or desk.now,
            "expires_at": expires_at,
            "attempts": attempts,
            "error": error,
            "state": "waiting",
        },
    )


def again_at(desk: Desk, attempts: int) -> datetime:
    """When a refused letter is tried again: after 1, 2 and 4 minutes."""
    return desk.now + timedelta(minutes=2 ** min(attempts - 1, 6))


def give_to_opened(desk: Desk, hand_over: HandOver) -> None:
    """Give each wait that was just opened the oldest message held for it."""
    opened = list(desk.opened)
    desk.opened.clear()
    if desk.uow.one(_ANY) is None:
        return
    for each in opened:
        row = _held_for(desk, each)
        if row is not None:
            _give(desk, hand_over, load, row[0], (each.instance_id, each.wait), _letter(row[2:]), row[1])


def _held_for(desk: Desk, opened: Opened) -> Any:
    kind, subject_id = opened.subject
    if opened.key is not None:
        return desk.uow.one(_BY_KEY, {"now": desk.now, "name": opened.name, "key": opened.key})
    if subject_id is None:
        return desk.uow.one(_UNBOUND, {"now": desk.now, "name": opened.name})
    place = {"subject_kind": kind, "subject_id": subject_id}
    return desk.uow.one(_BY_SUBJECT, {"now": desk.now, "name": opened.name, **place})


def deliver_due(desk: Desk, hand_over: HandOver, begin: Begin, limit: int = MOST_AT_ONCE) -> int:
    """Give held letters to whoever waits for them by now; how many were given. Messages past their time expire."""
    desk.uow.run(_EXPIRE, {"now": desk.now})
    if desk.uow.one(_ANY) is None:
        return 0
    given, seen = 0, set()
    for id_, instance_id, wait, attempts, *found in desk.uow.rows(_AWAITED, {"now": desk.now, "limit": limit}):
        if id_ not in seen:  # the first row of a message names the wait that has been open longest
            seen.add(id_)
            given += _give(desk, hand_over, load_free, id_, (instance_id, wait), _letter(found), attempts)
    for row in desk.uow.rows(_ADDRESSED, {"now": desk.now, "limit": limit}):
        id_, instance_id, wait, definition_id, node_id, attempts, *rest = row
        letter = _letter(rest)
        if instance_id is None:
            given += _begin(desk, begin, id_, (definition_id, node_id), letter, attempts)
        elif still_waits(desk, instance_id, wait):
            given += _give(desk, hand_over, load_free, id_, (instance_id, wait), letter, attempts)
        elif letter.kind == "broadcast":  # who went on meanwhile no longer listens
            desk.uow.run(_TAKE, {"id": id_})
        else:
            free = {"instance_id": None, "wait": None, "expires_at": desk.now + letter.held_for}
            desk.uow.run(_FREE_AGAIN, {"id": id_, **free})
    return given


def _give(
    desk: Desk, hand_over: HandOver, find: Find, id_: str, to: tuple[str, int], letter: Letter, attempts: int
) -> int:
    """Give a held letter to one wait. The instance is locked first, as everybody does it; the letter after."""
    try:
        with desk.part():
            instance = find(desk, to[0])
            if instance is None or not still_waits(desk, *to) or desk.uow.run(_TAKE, {"id": id_}) != 1:
                return 0
            hand_over(desk, instance, to[1], letter)
            return 1
    except EngineError as error:
        _refused(desk, id_, attempts, error)
        return 0


def _begin(desk: Desk, begin: Begin, id_: str, at: tuple[str, str], letter: Letter, attempts: int) -> int:
    try:
        with desk.part():
            if desk.uow.run(_TAKE, {"id": id_}) == 1:
                begin(desk, *at, letter)
                return 1
    except EngineError as error:
        _refused(desk, id_, attempts, error)
    return 0


def _refused(desk: Desk, id_: str, attempts: int, error: EngineError) -> None:
    if error.code == "storage.busy":
        raise error
    attempts += 1
    log.warning("letter refused", extra={"letter_id": id_, "attempt": attempts, "code": error.code})
    state = "dead" if attempts >= MOST_ATTEMPTS else "waiting"
    values = {"id": id_, "attempts": attempts, "error": error.code, "due_at": again_at(desk, attempts), "state": state}
    desk.uow.run(_AGAIN, values)


def _letter(row: Any) -> Letter:
    kind, name, payload, key, subject_kind, subject_id, department_id = row
    values = values_from_bytes(bytes(payload))
    return Letter(kind, name, values, key, (subject_kind, subject_id), department_id)
