"""Who a letter is for: the wait of a message, the waits of a broadcast, the versions that begin with it."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from engine.storage.prepared import Prepared
from engine.storage.tables.processes import definition, process_instance, subscription
from engine.storage.tables.routing import awaited_message, start_trigger

from .desk import Desk
from .letters import Letter, SubjectRef

_WAITS = (
    select(subscription.c.instance_id, subscription.c.wait)
    .join_from(subscription, process_instance)
    .where(subscription.c.message == bindparam("name"), subscription.c.broadcast.is_(False))
    .order_by(subscription.c.opened_at, subscription.c.instance_id, subscription.c.wait)
    .limit(1)
)
_BY_KEY = Prepared(_WAITS.where(subscription.c.key == bindparam("key")))
_UNBOUND = Prepared(_WAITS.where(subscription.c.key.is_(None), process_instance.c.subject_id.is_(None)))
_BY_SUBJECT = Prepared(
    _WAITS.where(
        subscription.c.key.is_(None),
        process_instance.c.subject_kind == bindparam("subject_kind"),
        process_instance.c.subject_id == bindparam("subject_id"),
    )
)
_LISTENING = Prepared(
    select(subscription.c.instance_id, subscription.c.wait)
    .where(
        subscription.c.message == bindparam("name"),
        subscription.c.broadcast.is_(True),
        subscription.c.instance_id != bindparam("sender"),
    )
    .order_by(subscription.c.instance_id, subscription.c.wait)
)
_newer = definition.alias("newer")
_STARTS = Prepared(
    select(start_trigger.c.definition_id, start_trigger.c.node_id)
    .join_from(start_trigger, definition)
    .where(
        start_trigger.c.kind == bindparam("kind"),
        start_trigger.c.name == bindparam("name"),
        definition.c.state == "published",
        definition.c.effective_from <= bindparam("now", type_=definition.c.effective_from.type),
        ~select(_newer.c.id)
        .where(
            _newer.c.process_id == definition.c.process_id,
            _newer.c.version > definition.c.version,
            _newer.c.state == "published",
            _newer.c.effective_from <= bindparam("now", type_=definition.c.effective_from.type),
        )
        .exists(),
    )
    .order_by(definition.c.process_id, start_trigger.c.node_id, start_trigger.c.part)
)
_STILL = Prepared(
    select(subscription.c.broadcast).where(
        subscription.c.instance_id == bindparam("instance_id"), subscription.c.wait == bindparam("wait")
    )
)
_CAN_BE_CAUGHT = Prepared(select(awaited_message.c.name).where(awaited_message.c.name == bindparam("name")))


def wait_for(desk: Desk, name: str, key: str | None, subject: SubjectRef) -> tuple[str, int] | None:
    """The wait a message is for, (instance, wait): the one that has waited longest; None where nobody waits."""
    kind, subject_id = subject
    if key is not None:
        row = desk.uow.one(_BY_KEY, {"name": name, "key": key})
    elif subject_id is None:
        row = desk.uow.one(_UNBOUND, {"name": name})
    else:
        row = desk.uow.one(_BY_SUBJECT, {"name": name, "subject_kind": kind, "subject_id": subject_id})
    return None if row is None else (row[0], row[1])


def listeners(desk: Desk, name: str, sender: str) -> tuple[tuple[str, int], ...]:
    """Every wait of another instance for a broadcast, instances in the order of their ids."""
    return tuple((row[0], row[1]) for row in desk.uow.rows(_LISTENING, {"name": name, "sender": sender}))


def starts_at(desk: Desk, letter: Letter) -> list[tuple[str, str]]:
    """The versions that begin with a letter, (definition, start event): of each process the one that starts now."""
    rows = desk.uow.rows(_STARTS, {"kind": letter.kind, "name": letter.name, "now": desk.now})
    return [(row[0], row[1]) for row in rows]


def still_waits(desk: Desk, instance_id: str, wait: int) -> bool:
    """Whether a wait found before is open now that its instance is locked."""
    return desk.uow.one(_STILL, {"instance_id": instance_id, "wait": wait}) is not None


def can_be_caught(desk: Desk, name: str) -> bool:
    """Whether any version can wait for a message with this name."""
    return desk.uow.one(_CAN_BE_CAUGHT, {"name": name}) is not None
