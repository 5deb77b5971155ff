"""What happened to a subject and to everything under it, the newest first, with the people who did it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine.services.people import names_of
from engine.storage.tables.clocks import clock
from engine.storage.tables.directives import task
from engine.storage.tables.ledger import fact
from engine.storage.uow import UnitOfWork

_HIDDEN = frozenset(
    {"instance.stepped", "clock.started", "clock.ended", "feedback.submitted", "verification.recorded",
     "evaluation.recorded"}
)  # fmt: skip
"""Facts that say nothing to people on a timeline: each stands beside one that does, or in the list of clocks."""
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened to which subject, who did it; of a rung, who was told and for which stage.

    Shape: `department_id` is whose clock or leg it is; `with_departments` are those of the other legs to which the
    same was done by the same person in the same step.
    """

    id: int
    at: datetime
    code: str
    subject_kind: str
    subject_id: str
    actor_name: str | None
    payload: Mapping[str, Any]
    stage: str | None = None
    department_id: str | None = None
    recipient_name: str | None = None
    with_departments: tuple[str, ...] = ()


def timeline(uow: UnitOfWork, subject_ids: Collection[str]) -> list[Entry]:
    """The facts of these subjects and of their clocks, the newest first; at most the last 500."""
    of_clocks = select(clock.c.id, clock.c.stage, clock.c.department_id).where(clock.c.subject_id.in_(subject_ids))
    places: dict[str, tuple[str | None, str]] = {row[0]: (row[1], row[2]) for row in uow.found(of_clocks)}
    clock_ids = list(places)
    of_legs = select(task.c.id, task.c.department_id).where(task.c.id.in_(subject_ids))
    places.update({row[0]: (None, row[1]) for row in uow.found(of_legs)})
    found = (
        select(
            fact.c.id, fact.c.at, fact.c.code, fact.c.subject_kind, fact.c.subject_id, fact.c.actor_id, fact.c.payload
        )
        .where(fact.c.subject_id.in_([*subject_ids, *clock_ids]), fact.c.code.not_in(_HIDDEN))
        .order_by(fact.c.id.desc())
        .limit(LONGEST)
    )
    rows = uow.found(found)
    names = names_of(uow, [id_ for row in rows for id_ in (row[5], row[6].get("recipient_person_id"))])
    return _merged(_entry(row, places.get(row[4], (None, None)), names) for row in rows)


def _entry(row: tuple[Any, ...], place: tuple[str | None, str | None], names: Mapping[str, str]) -> Entry:
    id_, at, code, kind, subject_id, actor_id, payload = row
    told = names.get(payload.get("recipient_person_id") or "")
    return Entry(id_, at, code, kind, subject_id, names.get(actor_id or ""), payload, *place, told)


def _merged(entries: Iterable[Entry]) -> list[Entry]:
    """The entries, with what one step did to several legs said once."""
    merged: list[Entry] = []
    for entry in entries:
        last = merged[-1] if merged else None
        if last is not None and entry.code == "task.moved" and _is_same(last, entry):
            assert entry.department_id is not None
            merged[-1] = replace(last, with_departments=(*last.with_departments, entry.department_id))
        else:
            merged.append(entry)
    return merged


def _is_same(one: Entry, other: Entry) -> bool:
    return (one.at, one.code, one.actor_name, one.payload.get("action")) == (
        other.at, other.code, other.actor_name, other.payload.get("action"),
    )  # fmt: skip
