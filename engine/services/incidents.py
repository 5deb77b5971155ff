"""Commands on incidents: from a signal to accepted, filed, dispatched, closed, evaluated and archived."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, func, select

from engine.domain.calendar import SHANGHAI
from engine.domain.event_type import event_type_named
from engine.domain.events import IncidentOpened
from engine.domain.incident import DISTRICT, check_evaluation, check_stabilise, decide_dispatch, number
from engine.domain.lifecycle import INCIDENT
from engine.domain.reason import check_reason_code
from engine.errors import NotFound, Rejected
from engine.storage.prepared import Prepared, insert_into
from engine.storage.tables.incidents import incident

from .clocks import Place, start_clock, stop_stage_clock
from .desk import Desk
from .incident_moves import IncidentRow, directive_states, load_incident, move_incident

_NEW = insert_into(incident)
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
    case_number = _next_number(desk)
    desk.uow.run(
        _NEW,
        {
            **dict.fromkeys(column.name for column in incident.columns),
            "id": id_,
            "number": case_number,
            "state": INCIDENT.start,
            "revision": 1,
            "category": event_type_named(desk.city.profile.event_types, opening.event_type).category,
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
            "created_by": desk.actor_id,
            "created_at": desk.now,
        },
    )
    chain = f"incident:{id_}"
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
        chain,
    )
    start_clock(desk, "acceptance", Place("incident", id_, centre), opening.event_type, opening.level, chain)
    return id_


def _next_number(desk: Desk) -> str:
    day = desk.now.astimezone(ZoneInfo(SHANGHAI))
    row = desk.uow.one(_LAST_NUMBER, {"like": f"{day:%Y%m%d}-{DISTRICT}-%"})
    last = 0 if row is None or row[0] is None else int(row[0].rsplit("-", 1)[1])
    return number(desk.now, last + 1)


def _next_stage(desk: Desk, row: IncidentRow, ended: str, begun: str) -> None:
    stop_stage_clock(desk, "incident", row.id, ended, row.chain)
    place = Place("incident", row.id, row.lead_centre_id)
    start_clock(desk, begun, place, row.event_type, row.event_level, row.chain)


def accept_incident(desk: Desk, id: str) -> None:
    """受理: the report is a case of the city."""
    row = load_incident(desk, id)
    move_incident(desk, row, "accept", accepted_at=desk.now)
    _next_stage(desk, row, "acceptance", "filing")


def reject_incident(desk: Desk, id: str, reason_code: str) -> None:
    """不予受理, for a reason of the city's list. Raises: Rejected (`reason.not_a_code`)."""
    row = load_incident(desk, id)
    move_incident(desk, row, "reject", {"reason"}, closed_reason=check_reason_code(reason_code))
    stop_stage_clock(desk, "incident", id, "acceptance", row.chain)


def decline_incident(desk: Desk, id: str, reason_code: str) -> None:
    """不予立案, for a reason of the city's list. Raises: Rejected (`reason.not_a_code`)."""
    row = load_incident(desk, id)
    move_incident(desk, row, "decline", {"reason"}, closed_reason=check_reason_code(reason_code))
    stop_stage_clock(desk, "incident", id, "filing", row.chain)


def file_incident(desk: Desk, id: str, *, event_type: str | None = None, level: int | None = None) -> None:
    """立案: type and level are settled (as suggested, unless given) and a lead department is proposed.

    Raises: NotFound (`event_type.unknown`); Rejected (`incident.level`) for a level on a type that has none.
    """
    row = load_incident(desk, id)
    kind = event_type_named(desk.city.profile.event_types, event_type or row.event_type)
    settled = row.event_level if level is None else level
    if not kind.is_graded:
        if level is not None:
            raise Rejected("incident.level", f"Expected no level, because type {kind.code} has none.", level=level)
        settled = None
    row.event_type, row.event_level = kind.code, settled
    tree = desk.city.tree(desk.uow)
    territory = desk.city.territory(desk.uow, row.grid_cell_id)
    proposal = decide_dispatch(
        kind,
        territory=territory,
        fallback=tree.department(row.lead_centre_id).code,
        existing=desk.city.department_codes(desk.uow),
    )
    lead = tree.by_code(proposal.lead)
    move_incident(
        desk,
        row,
        "file",
        event_type=kind.code,
        category=kind.category,
        event_level=settled,
        lead_department_id=None if lead is None else lead.id,
        filed_at=desk.now,
    )
    _next_stage(desk, row, "filing", "issue")


def dispatch_incident(desk: Desk, id: str) -> IncidentRow:
    """派遣: the case goes to departments; its directives are drafted next (`directives.draft_directive`)."""
    row = load_incident(desk, id)
    move_incident(desk, row, "dispatch", dispatched_at=desk.now)
    stop_stage_clock(desk, "incident", id, "issue", row.chain)
    return row


def stabilise_incident(desk: Desk, id: str) -> None:
    """基本控制: a graded case is under control. Raises: Rejected (`incident.not_graded`)."""
    row = load_incident(desk, id)
    check_stabilise(row.event_level)
    move_incident(desk, row, "stabilise")


def close_incident(desk: Desk, id: str, reply: str) -> None:
    """结案: verified, and the reporter's reply is recorded. The evaluation clock starts.

    Raises: InvalidMove (`incident.reply_missing`, `incident.not_verified`).
    """
    row = load_incident(desk, id)
    sealed = desk.uow.keys.seal("incident", "reply", id, reply) if reply.strip() else None
    move_incident(desk, row, "close", {"reply"} if sealed else (), closed_at=desk.now, reply=sealed)
    place = Place("incident", id, row.lead_centre_id)
    start_clock(desk, "evaluation", place, row.event_type, row.event_level, row.chain)


def evaluate_incident(desk: Desk, id: str, score: int, text: str = "") -> None:
    """评价: the loop of an incident closes; every directive must be closed.

    Raises: InvalidMove (`incident.open_directive`); Rejected (`incident.score`).
    """
    if not 0 <= score <= 100:
        raise Rejected("incident.score", f"Expected a score from 0 to 100, but it is {score}.", score=score)
    row = load_incident(desk, id)
    check_evaluation(directive_states(desk, id))
    move_incident(
        desk,
        row,
        "evaluate",
        {"evaluation"},
        evaluated_at=desk.now,
        evaluation_score=score,
        evaluator_id=desk.actor_id,
        evaluation=desk.uow.keys.seal("incident", "evaluation", id, text) if text else None,
    )
    stop_stage_clock(desk, "incident", id, "evaluation", row.chain)


def archive_incident(desk: Desk, id: str) -> None:
    """归档: after evaluation nothing changes any more."""
    move_incident(desk, load_incident(desk, id), "archive")
