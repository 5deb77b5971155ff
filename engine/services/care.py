"""What an operator does to a running instance: suspend and resume, cancel, move a token, restart; each with a reason.

Every act leaves a row with its reason, sealed, and a fact in the ledger. An instance that carries an order or an
incident is never moved around its process: it ends by what its subject's table allows, and only by void beside that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from engine.bpmn.net import Net
from engine.bpmn.stimuli import Cancel, Move
from engine.domain.events import InstanceTended
from engine.errors import Conflict, InvalidMove, NotFound, Rejected
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables import processes as t
from engine.storage.tables.care import intervention
from engine.storage.tables.outbox import outbox
from engine.storage.tables.routing import held_message

from .codes import require_codes
from .desk import Desk
from .instances import Instance, load, published, suspended
from .steps import start, take_step

OPERATE = "process:instance:operate"
LONGEST_REASON = 500

_INTERVENTION = insert_into(intervention)
_SUSPEND = update_row(t.process_instance, "suspended_at")
_REVIVE = Prepared(
    held_message.update().where(held_message.c.id == bindparam("id"), held_message.c.state == "dead"),
    ("state", "attempts", "due_at"),
)
_SEND_AGAIN = Prepared(
    outbox.update().where(outbox.c.id == bindparam("id"), outbox.c.state == "dead"), ("state", "attempts", "next_at")
)
_CHILDREN = Prepared(select(t.call.c.child_instance_id).where(t.call.c.instance_id == bindparam("instance_id")))
_PAST = Prepared(
    select(
        t.instance_history.c.definition_id,
        t.instance_history.c.parent_instance_id,
        t.instance_history.c.subject_id,
        t.instance_history.c.department_id,
        t.instance_history.c.outcome,
    ).where(t.instance_history.c.id == bindparam("id"))
)


def suspend(desk: Desk, instance_id: str, reason: str, batch_id: str | None = None) -> dict[str, Any]:
    """Nothing moves the instance, or what it has called, until it is resumed; clocks of deadlines run on.

    Raises: NotFound (`instance.unknown`); NotAllowed without `process:instance:operate`; Rejected (`care.reason`);
    InvalidMove (`instance.called`); Conflict (`instance.suspended`).
    """
    instance = _at_hand(desk, instance_id, reason)
    _refuse_called(instance)
    if instance.suspended_at is not None:
        raise suspended(instance)
    for each in family(desk, instance_id):
        desk.uow.run(_SUSPEND, {"id": each, "suspended_at": desk.now})
    tended(desk, instance, "suspend", reason, batch_id=batch_id)
    return {"instance_id": instance_id}


def resume(desk: Desk, instance_id: str, reason: str, batch_id: str | None = None) -> dict[str, Any]:
    """The instance goes on; timers that came due meanwhile fire with the next heartbeat, letters arrive.

    Raises: as `suspend`; Conflict (`instance.not_suspended`).
    """
    instance = _at_hand(desk, instance_id, reason)
    _refuse_called(instance)
    if instance.suspended_at is None:
        raise Conflict("instance.not_suspended", "Expected a suspended instance, but it is running.", id=instance_id)
    for each in family(desk, instance_id):
        desk.uow.run(_SUSPEND, {"id": each, "suspended_at": None})
    tended(desk, instance, "resume", reason, batch_id=batch_id)
    return {"instance_id": instance_id}


def cancel(desk: Desk, instance_id: str, reason: str, batch_id: str | None = None) -> dict[str, Any]:
    """Call an instance off, with all it has called.

    Raises: as `suspend`; InvalidMove (`instance.bound`) where it carries an order or an incident: those end by their
    own table, or by void.
    """
    instance = _at_hand(desk, instance_id, reason)
    _refuse_called(instance)
    refuse_bound(desk, instance, "cancel")
    tended(desk, instance, "cancel", reason, batch_id=batch_id)
    take_step(desk, instance, Cancel())
    return {"instance_id": instance_id}


def move_token(
    desk: Desk, instance_id: str, wait: int, node_id: str, reason: str, batch_id: str | None = None
) -> dict[str, Any]:
    """Take the token that waits at `wait` to another node of the same scope, as if it had come there by a flow.

    What waited there is withdrawn. Raises: as `cancel`; Conflict (`instance.suspended`, `game.wait_gone`); Rejected
    (`game.move`) for a place no token can be put.
    """
    instance = _at_hand(desk, instance_id, reason)
    refuse_bound(desk, instance, "move")
    assert instance.state is not None
    record = instance.state.waits.get(wait)
    source = instance.definition.net.nodes[record[1]].id if record is not None else ""
    tended(desk, instance, "move", reason, batch_id=batch_id, wait=wait, source=source, target=node_id)
    step = take_step(desk, instance, Move(wait, node_id))
    return {"instance_id": instance_id, "ended": step.state.outcome}


def waits_at(desk: Desk, instance_id: str, node_id: str) -> list[int]:
    """The tokens that wait at a node of a running instance. Raises: NotFound (`instance.unknown`)."""
    instance = load(desk, instance_id)
    assert instance.state is not None
    nodes = instance.definition.net.nodes
    return [wait for wait, record in instance.state.waits.items() if not record[3] and nodes[record[1]].id == node_id]


def restart(
    desk: Desk,
    instance_id: str,
    variables: Mapping[str, Any],
    reason: str,
    *,
    node: str | None = None,
    batch_id: str | None = None,
) -> dict[str, Any]:
    """Begin anew what an ended instance was for, with these variables, on the version that starts now.

    The new instance names the old one in `restarted_from`. Raises: NotFound (`instance.not_ended`); NotAllowed;
    InvalidMove (`instance.bound`, `instance.called`); Rejected (`care.reason`, `care.free_text`); as `start`.
    """
    row = desk.uow.one(_PAST, {"id": instance_id})
    if row is None:
        raise NotFound("instance.not_ended", "Expected an instance that has ended, but there is none.", id=instance_id)
    definition_id, parent_id, subject_id, department_id, outcome = row
    department_id = department_id or desk.city.command_centre(desk.uow) or ""
    desk.require(OPERATE, department_id)
    check_reason(reason)
    require_codes(variables, "care.free_text")
    if subject_id is not None:
        raise _bound("restart")
    if parent_id is not None:
        raise _called()
    definition = published(desk, desk.city.definition(desk.uow, definition_id).process_id)
    begin = node or _beginning(definition.net)
    new = start(desk, definition, variables, department_id=department_id, node=begin, restarted_from=instance_id)
    tended(desk, new, "restart", reason, batch_id=batch_id, restarted_from=instance_id, outcome=outcome)
    return {"instance_id": new.id, "restarted_from": instance_id}


def require_somewhere(desk: Desk) -> None:
    """For what belongs to no one department: whoever acts may operate where they hold a post.

    Raises: NotAllowed without `process:instance:operate` there.
    """
    desk.require(OPERATE, *(holding.department_id for holding in desk.actor.holdings))


def retry_letter(desk: Desk, id: str) -> None:
    """Have a dead letter tried again by the next heartbeat; `outbox-<number>` is one on its way out of the city.

    Raises: NotFound (`letter.unknown`); NotAllowed without `process:instance:operate` anywhere.
    """
    require_somewhere(desk)
    number = id.removeprefix("outbox-")
    if number != id and number.isdecimal() and len(number) < 18:
        revived = desk.uow.run(_SEND_AGAIN, {"id": int(number), "state": "waiting", "attempts": 0, "next_at": desk.now})
    else:
        revived = desk.uow.run(_REVIVE, {"id": id, "state": "waiting", "attempts": 0, "due_at": desk.now})
    if revived != 1:
        raise NotFound("letter.unknown", "Expected a dead letter, but there is none.", id=id)


def _beginning(net: Net) -> str | None:
    """Where an operator begins a process that nobody begins by hand: at its first message, broadcast or timer."""
    if any(node.event is None or node.event.kind in ("none", "conditional") for node in net.starts()):
        return None
    return next((node.id for node in net.beginnings()), None)


# -- what all acts share ----------------------------------------------------------------------------------------------


def _at_hand(desk: Desk, instance_id: str, reason: str) -> Instance:
    """The instance an operator wants to act on. Raises: NotFound, NotAllowed, Rejected (`care.reason`)."""
    instance = load(desk, instance_id)
    desk.require(OPERATE, instance.department_id)
    check_reason(reason)
    return instance


def check_reason(reason: str) -> None:
    """Raises: Rejected (`care.reason`) for an act without a reason, or with a novel."""
    if not 1 <= len(reason.strip()) <= LONGEST_REASON:
        raise Rejected("care.reason", f"Expected a reason of 1 to {LONGEST_REASON} characters, but got another.")


def family(desk: Desk, instance_id: str) -> list[str]:
    """An instance and all that it has called, and they in turn."""
    found = [instance_id]
    for each in found:
        found += [row[0] for row in desk.uow.rows(_CHILDREN, {"instance_id": each})]
    return found


def refuse_bound(desk: Desk, instance: Instance, act: str) -> None:
    """Refuse an act on an instance that carries an order or an incident, itself or by what called it.

    Raises: InvalidMove (`instance.bound`).
    """
    while instance.subject_id is None and instance.parent_id is not None:
        instance = load(desk, instance.parent_id)
    if instance.subject_id is not None:
        raise _bound(act)


def _bound(act: str) -> InvalidMove:
    return InvalidMove(
        "instance.bound",
        "Expected an instance that carries no order or incident, but it does. Its life is moved by its process alone, "
        "and called off by withdrawal or void.",
        act=act,
    )


def _refuse_called(instance: Instance) -> None:
    if instance.parent_id is not None:
        raise _called()


def _called() -> InvalidMove:
    return InvalidMove("instance.called", "Expected an instance that nobody called, but another waits for this one.")


def tended(desk: Desk, instance: Instance, act: str, reason: str, *, batch_id: str | None = None, **detail: Any) -> str:
    """Record what an operator did to an instance, and why; the id of the record."""
    id_ = desk.uow.new_id()
    desk.uow.run(
        _INTERVENTION,
        {
            "id": id_,
            "instance_id": instance.id,
            "act": act,
            "by_id": desk.actor_id,
            "at": desk.now,
            "reason": desk.uow.keys.seal("intervention", "reason", id_, reason.strip()) if reason.strip() else None,
            "detail": detail,
            "batch_id": batch_id,
        },
    )
    fact = InstanceTended(
        at=desk.now, subject_id=instance.id, actor_id=desk.actor_id, act=act, record_id=id_, batch_id=batch_id
    )
    desk.record(fact, instance.chain)
    return id_
