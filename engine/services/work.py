"""Commands on work items: claim, release, complete. Trip B of the architecture."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from engine.bpmn import coupling
from engine.bpmn.play import leg_and_element
from engine.bpmn.stimuli import Complete
from engine.domain.access import holds_role
from engine.errors import Conflict, NotAllowed, NotFound
from engine.forms import Form, check_answers, free_text_fields, personal_fields
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables import processes as t
from engine.storage.tables.directives import directive
from engine.storage.types import canonical_json

from . import clocks
from .bound import BoundDirective
from .desk import Desk
from .effect_rows import past_item
from .evidence_files import require_evidence
from .instances import INSTANCE_COLUMNS, from_row, node_of
from .steps import take_step

_ITEM = Prepared(
    select(
        t.work_item.c.node_id,
        t.work_item.c.role,
        t.work_item.c.department_id,
        t.work_item.c.scope,
        t.work_item.c.form,
        t.work_item.c.opened_at,
        t.work_item.c.claimed_by,
        t.work_item.c.revision,
        t.work_item.c.changed_by,
        t.work_item.c.changed_at,
        *INSTANCE_COLUMNS,
    )
    .join_from(t.work_item, t.process_instance)
    .where(t.work_item.c.instance_id == bindparam("instance_id"), t.work_item.c.wait == bindparam("wait"))
    .with_for_update(of=t.process_instance)
)
"""An open item with its instance. The instance is locked first, as the heartbeat does it; the item by its revision."""
_DONE = Prepared(
    select(t.item_history.c.how, t.item_history.c.actor_id, t.item_history.c.ended_at)
    .where(t.item_history.c.instance_id == bindparam("instance_id"), t.item_history.c.wait == bindparam("wait"))
    .limit(1)
)
_TAKE = Prepared(
    t.work_item.delete().where(
        t.work_item.c.instance_id == bindparam("instance_id"),
        t.work_item.c.wait == bindparam("wait"),
        t.work_item.c.revision == bindparam("seen_revision"),
    )
)
_CLAIM = update_row(t.work_item, "claimed_by", "changed_by", "changed_at", where=("instance_id", "wait", "revision"))
_PERSONAL = insert_into(t.personal_answer)
_WORDING = update_row(directive, "objective", "content", "drafter_id")


def complete(desk: Desk, instance_id: str, wait: int, revision: int, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Complete a work item with these answers: permission, duties, form, step, moves, clocks, facts — all or nothing.

    Shape: `revision` is the one the person saw; the answer names the instance and whether it ended.
    Raises: NotFound (`work.unknown`); Conflict (`work.done`, `work.stale`, `work.claimed`) naming who and when;
    NotAllowed (`work.not_yours`, `access.duties_not_separate`); Rejected for answers the form refuses; InvalidMove
    from the subject's table.
    """
    row = _open_item(desk, instance_id, wait, revision)
    node_id, _role, _department_id, scope, form, opened_at, _claimed_by = row[:7]
    if desk.uow.run(_TAKE, {"instance_id": instance_id, "wait": wait, "seen_revision": revision}) != 1:
        raise _gone(desk, instance_id, wait, revision)
    desk.uow.failpoint("after_claim")
    instance = from_row(desk, instance_id, row[10:])
    node = node_of(instance, node_id)
    schema = instance.definition.forms.get(form) if form else None
    given = dict(answers) if schema is None else dict(check_answers(schema, answers))
    if schema is not None:
        require_evidence(desk, schema.schema, given, instance.subject_kind or "", instance.subject_id or "")
    kept = given if schema is None else sealed_aside(desk, instance_id, node_id, schema, given)
    past_item(desk, instance_id, wait, node_id, opened_at, "completed", kept)
    bound = instance.bound
    if isinstance(bound, BoundDirective):
        duty = coupling.duty(node)
        if duty is not None:
            bound.take_duty(duty)
        assert instance.state is not None
        element = leg_and_element(instance.definition.net, instance.state, scope)[1]
        if node.loop == "draft":
            _reword(desk, bound.id, given)
        coupling.completed(bound, node, element if isinstance(element, str) else None, given)
    elif bound is not None:
        coupling.completed_for_incident(bound, node, given)
    step = take_step(desk, instance, Complete(wait, kept), given)
    return {"instance_id": instance_id, "wait": wait, "ended": step.state.outcome}


def _open_item(desk: Desk, instance_id: str, wait: int, revision: int) -> tuple[Any, ...]:
    """The item as it was seen, for whoever may do it; what has become of it is told to nobody else."""
    row = desk.uow.one(_ITEM, {"instance_id": instance_id, "wait": wait})
    if row is None:
        raise _gone(desk, instance_id, wait, revision)
    _check_role(desk, row[1], row[2])
    if row[7] != revision:
        raise _gone(desk, instance_id, wait, revision)
    if row[6] is not None and row[6] != desk.actor.person_id:
        raise Conflict(
            "work.claimed",
            "Expected an item that is free or yours, but a colleague has it.",
            by=row[6],
            at=_iso(row[9]),
        )
    return row


def _gone(desk: Desk, instance_id: str, wait: int, revision: int) -> Conflict | NotFound:
    """Why the item is not there as it was seen: changed, done, or never opened."""
    row = desk.uow.one(_ITEM, {"instance_id": instance_id, "wait": wait})
    if row is not None:
        return Conflict(
            "work.stale",
            "Expected the item as you saw it, but somebody changed it meanwhile. Look at it again.",
            seen=revision,
            revision=row[7],
            claimed_by=row[6],
            by=row[8],
            at=_iso(row[9]),
        )
    done = desk.uow.one(_DONE, {"instance_id": instance_id, "wait": wait})
    if done is None:
        return NotFound("work.unknown", "Expected an open work item, but there is none.", wait=wait)
    how, actor_id, ended_at = done
    return Conflict(
        "work.done",
        f"Expected an open work item, but it was {how} at {ended_at.isoformat()}.",
        how=how,
        by=actor_id,
        at=ended_at.isoformat(),
    )


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _check_role(desk: Desk, role: str, department_id: str) -> None:
    actor = desk.actor
    if role and not holds_role(actor, {role}, desk.subject(department_id)):
        raise NotAllowed(
            "work.not_yours",
            f"Expected somebody who is {role} there, but {actor.person_id} is not.",
            role=role,
            department=department_id,
        )


def sealed_aside(desk: Desk, instance_id: str, node_id: str, schema: Form, given: Mapping[str, Any]) -> dict[str, Any]:
    """The answers as the state keeps them: personal and free text sealed aside (D13)."""
    kept = dict(given)
    for name in sorted((personal_fields(schema) | free_text_fields(schema)) & kept.keys()):
        kept[name] = _seal_aside(desk, instance_id, node_id, name, kept[name])
    return kept


def _seal_aside(desk: Desk, instance_id: str, node_id: str, field: str, value: Any) -> str:
    """The id under which the value, as JSON where it is no text, is sealed."""
    text = value if isinstance(value, str) else canonical_json(value)
    id_ = desk.uow.new_id()
    desk.uow.run(
        _PERSONAL,
        {
            "id": id_,
            "instance_id": instance_id,
            "node_id": node_id,
            "field": field,
            "value": desk.uow.keys.seal("personal_answer", "value", id_, text),
            "at": desk.now,
        },
    )
    return id_


def _reword(desk: Desk, directive_id: str, answers: Mapping[str, Any]) -> None:
    """What the drafter wrote becomes the wording of the order, as long as it is not issued."""
    if answers.get("objective") and answers.get("content"):
        desk.uow.run(
            _WORDING,
            {
                "id": directive_id,
                "objective": answers["objective"],
                "content": answers["content"],
                "drafter_id": desk.actor.person_id,
            },
        )


def claim(desk: Desk, instance_id: str, wait: int, revision: int) -> dict[str, Any]:
    """Take an open item into hand, so that colleagues leave it alone and rung 50 calls the right person.

    Raises: as `complete`.
    """
    row = _open_item(desk, instance_id, wait, revision)
    return _hold(desk, instance_id, wait, revision, row[3], desk.actor.person_id)


def release(desk: Desk, instance_id: str, wait: int, revision: int) -> dict[str, Any]:
    """Give an item in hand back to the department. Raises: as `complete`."""
    row = _open_item(desk, instance_id, wait, revision)
    return _hold(desk, instance_id, wait, revision, row[3], None)


def _hold(desk: Desk, instance_id: str, wait: int, revision: int, scope: int, person_id: str | None) -> dict[str, Any]:
    place = {"instance_id": instance_id, "wait": wait, "seen_revision": revision}
    changed = {"claimed_by": person_id, "changed_by": desk.actor_id, "changed_at": desk.now}
    if desk.uow.run(_CLAIM, {**place, **changed}) != 1:
        raise _gone(desk, instance_id, wait, revision)
    clocks.hold(desk, instance_id, scope, person_id)
    return {"instance_id": instance_id, "wait": wait, "revision": revision + 1}
