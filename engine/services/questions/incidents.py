"""An incident as its page shows it, and the list of those a person may see."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, or_, select, tuple_

from engine.domain.access import Actor, permits
from engine.errors import NotFound
from engine.services.city import City
from engine.storage.tables import directives as d
from engine.storage.tables.clocks import clock
from engine.storage.tables.grid import grid_cell
from engine.storage.tables.incidents import incident
from engine.storage.tables.outbox import evidence
from engine.storage.tables.signals import signal
from engine.storage.uow import UnitOfWork

from .clocks import ClockView, clocks_of
from .open_items import OpenItem, open_items
from .sight import GRID_OFFICER, READ, require_incident
from .timeline import Entry, timeline
from .tokens import Diagram, diagram_of

PERSONAL = "signal:report:read_personal"


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report behind an incident; name and phone only for those who may read them."""

    id: str
    state: str
    channel: str
    reported_at: datetime
    received_at: datetime
    suggested_type: str | None
    suggested_level: int | None
    longitude: float | None
    latitude: float | None
    text: str
    address: str
    reporter_name: str | None
    reporter_phone: str | None
    photos: tuple[str, ...] = ()
    """Ids of the evidence that came with it."""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order of an incident, in one line."""

    id: str
    number: str
    kind: str
    state: str
    objective: str
    legs: tuple[tuple[str, str, str | None], ...]
    """Department id, role and state of the task, of each addressee."""


@dataclass(frozen=True, slots=True)
class IncidentView:
    """An incident with everything its page shows."""

    id: str
    number: str
    state: str
    revision: int
    category: str
    event_type: str
    level: int | None
    longitude: float | None
    latitude: float | None
    grid_cell_id: str | None
    grid_cell_code: str | None
    owner_department_id: str | None
    lead_centre_id: str | None
    lead_department_id: str | None
    occurred_at: datetime | None
    reported_at: datetime
    closed_reason: str | None
    reply: str
    evaluation: str
    evaluation_score: int | None
    rework_count: int
    merged_into_id: str | None
    merged_into_number: str | None
    sensitive: bool
    reports: tuple[ReportView, ...]
    orders: tuple[OrderRow, ...]
    waiting: tuple[OpenItem, ...]
    """What somebody has to do next."""
    clocks: tuple[ClockView, ...]
    timeline: tuple[Entry, ...]
    diagram: Diagram | None


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """An incident in a list, with its most urgent running clock."""

    id: str
    number: str
    state: str
    event_type: str
    level: int | None
    grid_cell_code: str | None
    lead_department_id: str | None
    reported_at: datetime
    due_at: datetime | None = None
    started_at: datetime | None = None
    stage: str | None = None


Place = tuple[datetime, str]
"""Where a page of the list ends: `reported_at` and id of its last row."""

_ROW = (
    incident.c.id,
    incident.c.number,
    incident.c.state,
    incident.c.event_type,
    incident.c.event_level,
    grid_cell.c.code,
    incident.c.lead_department_id,
    incident.c.reported_at,
)


def incident_list(
    uow: UnitOfWork,
    city: City,
    actor: Actor,
    *,
    states: Sequence[str] = (),
    limit: int = 50,
    after: Place | None = None,
) -> list[IncidentRow]:
    """The incidents the actor may see, the newest first; one more than `limit` where there is another page."""
    found: Select[*tuple[Any, ...]] = select(*_ROW).outerjoin(grid_cell, incident.c.grid_cell_id == grid_cell.c.id)
    found = _seen_by(found, uow, city, actor).order_by(incident.c.reported_at.desc(), incident.c.id.desc())
    if states:
        found = found.where(incident.c.state.in_(states))
    if after is not None:
        found = found.where(tuple_(incident.c.reported_at, incident.c.id) < after)
    rows = uow.found(found.limit(limit + 1))
    due = _most_urgent(uow, [row[0] for row in rows])
    return [IncidentRow(*row, *due.get(row[0], ())) for row in rows]


def _seen_by(found: Select[*tuple[Any, ...]], uow: UnitOfWork, city: City, actor: Actor) -> Select[*tuple[Any, ...]]:
    """Narrow a list of incidents to what `sight.sees` lets the actor see, in the database."""
    tree, rights = city.tree(uow), city.profile.rights
    reading = [each for each in actor.holdings if READ in rights.permissions.get(each.role, ())]
    below = {id_ for each in reading if each.role != GRID_OFFICER for id_ in tree.subtree(each.department_id)}
    own = {id_ for each in reading if each.role == GRID_OFFICER for id_ in tree.subtree(each.department_id)}
    addressed = (
        select(d.directive.c.incident_id)
        .join_from(d.directive, d.receipt, d.directive.c.id == d.receipt.c.directive_id)
        .where(d.receipt.c.department_id.in_(below))
    )
    held = {each.department_id for each in reading}
    addressed_to_theirs = (
        select(d.directive.c.incident_id)
        .join_from(d.directive, d.receipt, d.directive.c.id == d.receipt.c.directive_id)
        .where(d.receipt.c.department_id.in_(held))
    )
    known = or_(incident.c.lead_centre_id.in_(held), incident.c.id.in_(addressed_to_theirs))
    return found.where(
        or_(incident.c.sensitive.is_(False), known),
        or_(
            incident.c.lead_centre_id.in_(below),
            incident.c.lead_department_id.in_(below),
            grid_cell.c.owner_department_id.in_(below),
            incident.c.id.in_(addressed),
            and_(grid_cell.c.officer_person_id == actor.person_id, grid_cell.c.owner_department_id.in_(own)),
        ),
    )


def _most_urgent(uow: UnitOfWork, ids: Sequence[str]) -> dict[str, tuple[datetime, datetime, str]]:
    """Due and start instant and stage of the first clock to run out, of each incident and its orders."""
    of_tasks = (
        select(d.task.c.id.label("subject_id"), d.directive.c.incident_id)
        .join_from(d.task, d.directive, d.task.c.directive_id == d.directive.c.id)
        .where(d.directive.c.incident_id.in_(ids))
    )
    of_orders = select(d.directive.c.id, d.directive.c.incident_id).where(d.directive.c.incident_id.in_(ids))
    subjects = {id_: id_ for id_ in ids}
    subjects.update((row[0], row[1]) for row in uow.found(of_tasks.union_all(of_orders)))
    running = (
        select(clock.c.subject_id, clock.c.due_at, clock.c.started_at, clock.c.stage)
        .where(clock.c.subject_id.in_(subjects), clock.c.state == "running", clock.c.due_at.is_not(None))
        .order_by(clock.c.due_at.desc())
    )
    return {subjects[row[0]]: (row[1], row[2], row[3]) for row in uow.found(running)}


def incident_page(uow: UnitOfWork, city: City, actor: Actor, incident_id: str) -> IncidentView:
    """The incident with this id. Raises: NotFound (`incident.unknown`) also for one the actor may not see."""
    place = require_incident(uow, city, actor, incident_id)
    row = uow.execute(
        select(incident, grid_cell.c.code.label("cell_code"), grid_cell.c.owner_department_id)
        .outerjoin(grid_cell, incident.c.grid_cell_id == grid_cell.c.id)
        .where(incident.c.id == incident_id)
    ).mappings().one()  # fmt: skip
    orders = _orders(uow, incident_id)
    may_read = permits(actor, PERSONAL, city.tree(uow).subject(*place.department_ids), city.profile.rights)
    reports = _reports(uow, incident_id, may_read)
    of_orders = select(d.task.c.id).where(d.task.c.directive_id.in_([order.id for order in orders]))
    subjects = [incident_id, *(order.id for order in orders), *(row[0] for row in uow.found(of_orders))]
    merged = row["merged_into_id"]

    def opened(column: str) -> str:
        return "" if row[column] is None else uow.keys.open(row[column], incident_id)

    return IncidentView(
        id=row["id"],
        number=row["number"],
        state=row["state"],
        revision=row["revision"],
        category=row["category"],
        event_type=row["event_type"],
        level=row["event_level"],
        longitude=row["longitude"],
        latitude=row["latitude"],
        grid_cell_id=row["grid_cell_id"],
        grid_cell_code=row["cell_code"],
        owner_department_id=row["owner_department_id"],
        lead_centre_id=row["lead_centre_id"],
        lead_department_id=row["lead_department_id"],
        occurred_at=row["occurred_at"],
        reported_at=row["reported_at"],
        closed_reason=row["closed_reason"],
        reply=opened("reply"),
        evaluation=opened("evaluation"),
        evaluation_score=row["evaluation_score"],
        rework_count=row["rework_count"],
        merged_into_id=merged,
        merged_into_number=None if merged is None else number_of(uow, merged),
        sensitive=row["sensitive"],
        reports=reports,
        orders=orders,
        waiting=tuple(open_items(uow, incident_id)),
        clocks=tuple(clocks_of(uow, subjects)),
        timeline=tuple(timeline(uow, [*subjects, *(report.id for report in reports)])),
        diagram=diagram_of(uow, city, row.get("instance_id")),
    )


def number_of(uow: UnitOfWork, incident_id: str) -> str:
    """The number of an incident. Raises: NotFound (`incident.unknown`)."""
    found = uow.execute(select(incident.c.number).where(incident.c.id == incident_id)).scalar()
    if found is None:
        raise NotFound("incident.unknown", "Expected an existing incident, but there is none.", id=incident_id)
    return str(found)


def _orders(uow: UnitOfWork, incident_id: str) -> tuple[OrderRow, ...]:
    c = d.directive.c
    rows = uow.found(
        select(c.id, c.number, c.kind, c.state, c.objective).where(c.incident_id == incident_id).order_by(c.number)
    )
    legs = uow.found(
        select(d.receipt.c.directive_id, d.receipt.c.department_id, d.receipt.c.role, d.task.c.state)
        .outerjoin(
            d.task,
            and_(
                d.task.c.directive_id == d.receipt.c.directive_id, d.task.c.department_id == d.receipt.c.department_id
            ),
        )
        .where(d.receipt.c.directive_id.in_([row[0] for row in rows]))
        .order_by(d.receipt.c.role.desc(), d.receipt.c.department_id)
    )
    return tuple(OrderRow(*(*row, tuple(leg[1:] for leg in legs if leg[0] == row[0]))) for row in rows)


def _reports(uow: UnitOfWork, incident_id: str, may_read_personal: bool) -> tuple[ReportView, ...]:
    rows = uow.execute(
        select(signal).where(signal.c.incident_id == incident_id).order_by(signal.c.received_at)
    ).mappings().all()  # fmt: skip
    photos: dict[str, list[str]] = defaultdict(list)
    of_reports = select(evidence.c.subject_id, evidence.c.id).where(
        evidence.c.subject_kind == "signal", evidence.c.subject_id.in_([row["id"] for row in rows])
    )
    for signal_id, evidence_id in uow.found(of_reports):
        photos[signal_id].append(evidence_id)

    def opened(row: Any, column: str) -> str:
        return "" if row[column] is None else uow.keys.open(row[column], row["id"])

    return tuple(
        ReportView(
            row["id"],
            row["state"],
            row["channel"],
            row["reported_at"],
            row["received_at"],
            row["suggested_type"],
            row["suggested_level"],
            row["longitude"],
            row["latitude"],
            opened(row, "text"),
            opened(row, "address"),
            opened(row, "reporter_name") if may_read_personal else None,
            opened(row, "reporter_phone") if may_read_personal else None,
            tuple(photos.get(row["id"], ())),
        )
        for row in rows
    )
