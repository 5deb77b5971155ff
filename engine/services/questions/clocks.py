"""The clocks of subjects: what runs, until when, and who holds it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from engine.services.people import names_of
from engine.storage.tables.clocks import clock
from engine.storage.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class ClockView:
    """A clock as people see it. It is overdue when it runs and `due_at` has passed."""

    id: str
    subject_kind: str
    subject_id: str
    stage: str
    cycle: int
    department_id: str
    holder_name: str | None
    state: str
    started_at: datetime
    due_at: datetime | None
    stopped_at: datetime | None


def clocks_of(uow: UnitOfWork, subject_ids: Collection[str], *, only_running: bool = False) -> list[ClockView]:
    """The clocks of these subjects in the order they were started."""
    found = (
        select(
            clock.c.id,
            clock.c.subject_kind,
            clock.c.subject_id,
            clock.c.stage,
            clock.c.cycle,
            clock.c.department_id,
            clock.c.holder_id,
            clock.c.state,
            clock.c.started_at,
            clock.c.due_at,
            clock.c.stopped_at,
        )
        .where(clock.c.subject_id.in_(subject_ids))
        .order_by(clock.c.started_at, clock.c.id)
    )
    if only_running:
        found = found.where(clock.c.state == "running")
    rows = uow.found(found) if subject_ids else []
    names = names_of(uow, [row[6] for row in rows])
    return [ClockView(*(*row[:6], names.get(row[6] or ""), *row[7:])) for row in rows]
