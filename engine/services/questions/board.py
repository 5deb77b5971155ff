"""The supervisor's board: what is overdue, who holds it, since when, and whom it has been called to."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select, true, tuple_

from engine.domain.access import Actor
from engine.services.city import City
from engine.services.clocks import RUNNING
from engine.services.people import names_of
from engine.storage.tables.clocks import clock, escalation
from engine.storage.tables.directives import task
from engine.storage.uow import UnitOfWork

from .sight import GRID_OFFICER, secrets_kept
from .work import About, about

BOARD = "supervision:board:read"
SOON = timedelta(hours=2)
Place = tuple[datetime, str]


@dataclass(frozen=True, slots=True)
class Told:
    """The last call of a clock's ladder: the rung in percent, and who was told when."""

    rung: int
    name: str | None
    role: str
    department_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A running clock on the board: overdue, or due within two hours."""

    clock_id: str
    subject_kind: str
    stage: str
    cycle: int
    department_id: str
    holder_name: str | None
    started_at: datetime
    due_at: datetime
    told: Told | None
    about: About | None

    @property
    def place(self) -> Place:
        """Where the page after this row begins."""
        return self.due_at, self.clock_id


@dataclass(frozen=True, slots=True)
class Counts:
    """How the running clocks of the actor's reach stand now."""

    overdue: int
    soon: int
    running: int


def board_page(
    uow: UnitOfWork, city: City, actor: Actor, *, limit: int = 50, after: Place | None = None
) -> list[BoardRow]:
    """The running clocks of the actor's reach, the longest overdue first; one more than `limit` if there are more."""
    c = clock.c
    columns = (
        c.id, c.subject_kind, c.subject_id, c.stage, c.cycle, c.department_id, c.holder_id, c.started_at, c.due_at,
    )  # fmt: skip
    found = (
        select(*columns)
        .where(c.state == RUNNING, c.due_at < uow.now + SOON, _in_reach(uow, city, actor))
        .order_by(c.due_at, c.id)
        .limit(limit + 1)
    )
    if after is not None:
        found = found.where(tuple_(c.due_at, c.id) > after)
    rows = uow.found(found)
    told = _told(uow, [row[0] for row in rows])
    names = names_of(uow, [row[6] for row in rows])
    subjects = _seen(uow, city, actor, _about(uow, [(row[1], row[2]) for row in rows]))
    return [
        BoardRow(*(*row[:2], *row[3:6], names.get(row[6] or ""), *row[7:], told.get(row[0]), subjects.get(row[2])))
        for row in rows
    ]


def board_counts(uow: UnitOfWork, city: City, actor: Actor) -> Counts:
    """How many clocks of the actor's reach are overdue, due soon, and running at all."""
    due, now = clock.c.due_at, uow.now
    running = select(
        func.count().filter(due < now), func.count().filter(due >= now, due < now + SOON), func.count()
    ).where(clock.c.state == RUNNING, _in_reach(uow, city, actor))
    return Counts(*uow.found(running)[0])


def board_rights(actor: Actor) -> Hashable:
    """What of the actor a board depends on: two actors for whom this is the same see the same board."""
    is_officer = any(each.role == GRID_OFFICER for each in actor.holdings)
    return frozenset(actor.holdings), actor.person_id if is_officer else None


def _in_reach(uow: UnitOfWork, city: City, actor: Actor) -> ColumnElement[bool]:
    """Clocks of the departments the actor oversees: those whose long overdue work the ladder brings to them."""
    tree, rights = city.tree(uow), city.profile.rights
    posts = [each for each in actor.holdings if BOARD in rights.permissions.get(each.role, ())]
    reach = {id_ for each in posts for id_ in tree.overseen(each.department_id)}
    return true() if len(reach) == len(tree.all()) else clock.c.department_id.in_(reach)


def _seen(uow: UnitOfWork, city: City, actor: Actor, subjects: dict[str, About]) -> dict[str, About]:
    """The subjects without those of secret incidents that the actor may not see: their clocks stand there unnamed."""
    hidden = secrets_kept(uow, city, actor, {each.incident_id for each in subjects.values()})
    return {id_: each for id_, each in subjects.items() if each.incident_id not in hidden}


def _told(uow: UnitOfWork, clock_ids: list[str]) -> dict[str, Told]:
    """The last call of each clock."""
    c = escalation.c
    rows = uow.found(
        select(c.clock_id, c.rung, c.recipient_person_id, c.recipient_role, c.recipient_department_id, c.fired_at)
        .where(c.clock_id.in_(clock_ids))
        .order_by(c.cycle, c.rung)
    )
    names = names_of(uow, [row[2] for row in rows])
    return {row[0]: Told(row[1], names.get(row[2] or ""), row[3], row[4], row[5]) for row in rows}


def _about(uow: UnitOfWork, subjects: list[tuple[str, str]]) -> dict[str, About]:
    """What each clock is about, by the id of its subject; a task stands for its order."""
    tasks = [id_ for kind, id_ in subjects if kind == "task"]
    of_tasks = select(task.c.id, task.c.directive_id).where(task.c.id.in_(tasks))
    orders = {row[0]: row[1] for row in uow.found(of_tasks)} if tasks else {}
    wanted = [("directive", orders[id_]) if id_ in orders else (kind, id_) for kind, id_ in subjects]
    found = about(uow, wanted)
    return {
        id_: known
        for (_, id_), (_, subject_id) in zip(subjects, wanted, strict=True)
        if (known := found.get(subject_id)) is not None
    }
