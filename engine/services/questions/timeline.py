"""What happened to a subject and to everything under it, in order, with the people who did it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from engine.services.people import names_of
from engine.storage.tables.clocks import clock
from engine.storage.tables.ledger import fact
from engine.storage.uow import UnitOfWork

_HIDDEN = frozenset({"instance.stepped", "clock.started", "clock.ended"})
"""Facts that say nothing to people on a timeline: each stands beside one that does, or in the list of clocks."""
LONGEST = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One fact: what happened to which subject, who did it; of a rung, who was told and for which stage."""

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


def timeline(uow: UnitOfWork, subject_ids: Collection[str]) -> list[Entry]:
    """The facts of these subjects and of their clocks, the oldest first; at most the last 500."""
    of_clocks = select(clock.c.id, clock.c.stage, clock.c.department_id).where(clock.c.subject_id.in_(subject_ids))
    clocks = {row[0]: (row[1], row[2]) for row in uow.found(of_clocks)}
    found = (
        select(
            fact.c.id, fact.c.at, fact.c.code, fact.c.subject_kind, fact.c.subject_id, fact.c.actor_id, fact.c.payload
        )
        .where(fact.c.subject_id.in_([*subject_ids, *clocks]), fact.c.code.not_in(_HIDDEN))
        .order_by(fact.c.id.desc())
        .limit(LONGEST)
    )
    rows = uow.found(found)[::-1]
    names = names_of(uow, [id_ for row in rows for id_ in (row[5], row[6].get("recipient_person_id"))])
    return [
        Entry(
            row[0],
            row[1],
            row[2],
            row[3],
            row[4],
            names.get(row[5] or ""),
            row[6],
            *clocks.get(row[4], (None, None)),
            recipient_name=names.get(row[6].get("recipient_person_id") or ""),
        )
        for row in rows
    ]
