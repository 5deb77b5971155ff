"""Published versions that begin by themselves: armed when published, fired when due, gone with the next version."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from engine.bpmn.net import Net
from engine.bpmn.starts import awaited_messages, next_due, triggers
from engine.errors import NotFound
from engine.storage.prepared import Prepared, insert_into
from engine.storage.tables.processes import definition
from engine.storage.tables.routing import awaited_message, start_trigger

from .addressing import can_be_caught
from .city import Definition
from .desk import Desk
from .instances import published
from .letters import Letter
from .routing import try_to_begin

MOST_AT_ONCE = 200

_ARM = insert_into(start_trigger)
_DISARM = Prepared(start_trigger.delete().where(start_trigger.c.definition_id == bindparam("definition_id")))
_IS_ARMED = Prepared(
    select(start_trigger.c.node_id).where(start_trigger.c.definition_id == bindparam("definition_id")).limit(1)
)
_KNOW = insert_into(awaited_message)
_place = ("definition_id", "node_id", "part")
_DUE = Prepared(
    select(
        start_trigger.c.definition_id,
        start_trigger.c.node_id,
        start_trigger.c.part,
        start_trigger.c.due_at,
        start_trigger.c.fired,
        definition.c.process_id,
    )
    .join_from(start_trigger, definition)
    .where(
        start_trigger.c.due_at <= bindparam("now", type_=start_trigger.c.due_at.type),
        definition.c.effective_from <= bindparam("now", type_=definition.c.effective_from.type),
    )
    .order_by(start_trigger.c.due_at, start_trigger.c.definition_id)
    .limit(bindparam("limit"))
)
_MOVE_ON = Prepared(
    start_trigger.update().where(
        *(start_trigger.c[name] == bindparam(name) for name in _place),
        start_trigger.c.fired == bindparam("seen_fired"),
        start_trigger.c.due_at == bindparam("seen_due_at", type_=start_trigger.c.due_at.type),
    ),
    ("due_at", "fired"),
)


def arm(desk: Desk, definition_id: str, net: Net, begins_at: datetime | None = None) -> int:
    """Arm what begins instances of a version that is published now; how many triggers.

    Shape: its timers count from `begins_at`, the instant it takes effect (None: now).

    A version that moves an order or an incident is begun for its subject alone and never by itself. The triggers of
    the version before stay until this one takes effect: a letter finds the version that starts now, and a timer of
    another is dropped when it is due.
    Raises: ExpressionError for a timer that cannot be read.
    """
    for name in sorted(awaited_messages(net)):
        if not can_be_caught(desk, name):
            desk.uow.run(_KNOW, {"name": name})
    if any(node.loop or node.action for node in net.nodes):
        return 0
    armed = triggers(net, begins_at or desk.now)
    for each in armed:
        desk.uow.run(
            _ARM,
            {
                "definition_id": definition_id,
                "node_id": each.node_id,
                "part": each.part,
                "kind": each.kind,
                "name": each.name,
                "due_at": each.due_at,
                "fired": 0,
            },
        )
    return len(armed)


def disarm(desk: Desk, definition_id: str) -> None:
    """Nothing begins this version by itself any more; the version before it does again, where it is still published."""
    desk.uow.run(_DISARM, {"definition_id": definition_id})
    process_id = desk.city.definition(desk.uow, definition_id).process_id
    version = _starts_now(desk, process_id)
    if version is not None and desk.uow.one(_IS_ARMED, {"definition_id": version.id}) is None:
        arm(desk, version.id, version.net)


def fire_due(desk: Desk, limit: int = MOST_AT_ONCE) -> int:
    """Begin the instances whose start timers are due, in due order, each missed time too; how many began.

    A time at which the version could not begin is held and tried again like a refused letter; the timer goes on.
    """
    begun = 0
    for definition_id, node_id, part, due_at, fired, process_id in desk.uow.rows(
        _DUE, {"now": desk.now, "limit": min(limit, MOST_AT_ONCE)}
    ):
        version = _starts_now(desk, process_id)
        if version is None or version.id != definition_id:
            desk.uow.run(_DISARM, {"definition_id": definition_id})
            continue
        later = next_due(version.net, node_id, part, due_at, fired + 1)
        place = {"definition_id": definition_id, "node_id": node_id, "part": part}
        seen = {"seen_fired": fired, "seen_due_at": due_at}
        if desk.uow.run(_MOVE_ON, {**place, **seen, "due_at": later, "fired": fired + 1}) == 1:
            begun += try_to_begin(desk, Letter("message", node_id, {}), definition_id, node_id)
    return begun


def _starts_now(desk: Desk, process_id: str) -> Definition | None:
    try:
        return published(desk, process_id)
    except NotFound:
        return None
