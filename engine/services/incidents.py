"""Commands on incidents beside their process: opened for a signal, called stabilised, taken apart again, archived.

Everything between opening and evaluation is a step of the process (`bound_incident`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select

from engine.domain.calendar import SHANGHAI
from engine.domain.event_type import event_type_named
from engine.domain.events import IncidentOpened
from engine.domain.incident import DISTRICT, check_stabilise, number
from engine.domain.lifecycle import INCIDENT
from engine.errors import NotFound
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables.incidents import incident

from .desk import Desk
from .incident_moves import load_incident, move_incident
from .instances import published
from .steps import start

RESPONSE = "incident_response"
HOTLINE = "hotline_request"
_NEW = insert_into(incident)
_BIND = update_row(incident, "instance_id")
_LAST_NUMBER = Prepared(select(func.max(incident.c.number)).where(incident.c.number.like(bindparam("like"))))


@dataclass(frozen=True, slots=True)
class Opening:
    """What an incident is opened with."""

    signal_id: str
    event_type: str
    level: int | None
    longitude: float | None
    latitude: float | None
    occurred_at: datetime | None
    reported_at: datetime


def command_centre(desk: Desk) -> str:
    """The id of the command centre, to which everything outside the grid belongs. Raises: NotFound."""
    centre = desk.city.command_centre(desk.uow)
    if centre is None:
        raise NotFound(
            "org.no_command_centre",
            "Expected a command centre among the departments, but there is none. Set one up first.",
        )
    return centre


def open_incident(desk: Desk, opening: Opening) -> str:
    """Open an incident for a signal; its id. It lies in the cell of its point, or nowhere and with the centre."""
    id_ = desk.uow.new_id()
    cell = desk.city.cell_at(desk.uow, opening.longitude, opening.latitude)
    centre = command_centre(desk)
    kind = event_type_named(desk.city.profile.event_types, opening.event_type)
    case_number = _next_number(desk)
    desk.uow.run(
        _NEW,
        {
            **dict.fromkeys(column.name for column in incident.columns),
            "id": id_,
            "number": case_number,
            "state": INCIDENT.start,
            "revision": 1,
            "category": kind.category,
            "event_type": opening.event_type,
            "event_level": opening.level,
            "longitude": opening.longitude,
            "latitude": opening.latitude,
            "grid_cell_id": None if cell is None else cell.id,
            "lead_centre_id": centre,
            "occurred_at": opening.occurred_at,
            "reported_at": opening.reported_at,
            "rework_count": 0,
            "reopen_count": 0,
            "sensitive": False,
            "created_by": desk.actor_id,
            "created_at": desk.now,
        },
    )
    desk.record(
        IncidentOpened(
            at=desk.now,
            subject_id=id_,
            actor_id=desk.actor_id,
            number=case_number,
            signal_id=opening.signal_id,
            event_type=opening.event_type,
            level=opening.level,
            grid_cell_id=None if cell is None else cell.id,
        ),
        f"incident:{id_}",
    )
    _begin_process(desk, id_, kind.category, centre)
    return id_


def _begin_process(desk: Desk, id: str, category: str, centre: str) -> None:
    """Start the process that carries the incident from here on: requests have their own."""
    process = published(desk, HOTLINE if category == "public_request" else RESPONSE)
    instance = start(desk, process, {"incident_id": id}, department_id=centre, subject=("incident", id))
    desk.uow.run(_BIND, {"id": id, "instance_id": instance.id})


def _next_number(desk: Desk) -> str:
    day = desk.now.astimezone(ZoneInfo(SHANGHAI))
    row = desk.uow.one(_LAST_NUMBER, {"like": f"{day:%Y%m%d}-{DISTRICT}-%"})
    last = 0 if row is None or row[0] is None else int(row[0].rsplit("-", 1)[1])
    return number(desk.now, last + 1)


def unmerge_incident(desk: Desk, id: str) -> None:
    """拆分: a case merged by mistake is a case of its own again, from its acceptance on."""
    row = load_incident(desk, id)
    move_incident(desk, row, "unmerge", merged_into_id=None)
    kind = event_type_named(desk.city.profile.event_types, row.event_type)
    _begin_process(desk, id, kind.category, row.lead_centre_id)


def stabilise_incident(desk: Desk, id: str) -> None:
    """基本控制: a graded case is under control. Raises: Rejected (`incident.not_graded`)."""
    row = load_incident(desk, id)
    check_stabilise(row.event_level)
    move_incident(desk, row, "stabilise")


def archive_incident(desk: Desk, id: str) -> None:
    """归档: after evaluation nothing changes any more."""
    move_incident(desk, load_incident(desk, id), "archive")
