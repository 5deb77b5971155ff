"""The incident's row and its moves by the table, and what follows for it when one of its directives moves."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from engine.domain.events import IncidentMoved
from engine.domain.incident import moves_allowed_by_directives
from engine.domain.lifecycle import INCIDENT, SYSTEM
from engine.errors import Conflict, NotFound
from engine.storage.prepared import Prepared, move_row
from engine.storage.tables.directives import directive
from engine.storage.tables.incidents import incident

from .bound import BoundDirective
from .desk import Desk

_INCIDENT = Prepared(
    select(
        incident.c.id,
        incident.c.number,
        incident.c.state,
        incident.c.event_type,
        incident.c.event_level,
        incident.c.grid_cell_id,
        incident.c.lead_centre_id,
        incident.c.lead_department_id,
        incident.c.rework_count,
        incident.c.instance_id,
    )
    .where(incident.c.id == bindparam("id"))
    .with_for_update()
)
_DIRECTIVES = Prepared(select(directive.c.state).where(directive.c.incident_id == bindparam("incident_id")))
_FOLLOWED = frozenset({"receive_feedback", "pass", "fail", "rework", "withdraw", "supersede", "void", "expire"})


@dataclass(slots=True)
class IncidentRow:
    """An incident as commands work with it."""

    id: str
    number: str
    state: str
    event_type: str
    event_level: int | None
    grid_cell_id: str | None
    lead_centre_id: str
    lead_department_id: str | None
    rework_count: int
    instance_id: str | None

    @property
    def chain(self) -> str:
        """Its ledger chain."""
        return f"incident:{self.id}"


def load_incident(desk: Desk, id: str) -> IncidentRow:
    """The incident with this id. Raises: NotFound (`incident.unknown`)."""
    row = desk.uow.one(_INCIDENT, {"id": id})
    if row is None:
        raise NotFound("incident.unknown", "Expected an existing incident, but there is none.", id=id)
    return IncidentRow(*row)


def directive_states(desk: Desk, incident_id: str) -> list[str]:
    """The states of the incident's directives."""
    return [row[0] for row in desk.uow.rows(_DIRECTIVES, {"incident_id": incident_id})]


def move_incident(desk: Desk, row: IncidentRow, action: str, given: Collection[str] = (), **columns: Any) -> None:
    """Move an incident by its table and write `columns` with it.

    Raises: InvalidMove from the table; NotAllowed without the move's permission at the leading centre.
    """
    move = INCIDENT.decide(row.state, action, given)
    if move.permission != SYSTEM:
        desk.require(move.permission, row.lead_centre_id)
    values = {"id": row.id, "state": move.target, "seen_state": move.source, **columns}
    if desk.uow.run(move_row(incident, *columns), values) != 1:
        raise Conflict("incident.moved_meanwhile", "Expected the incident as you saw it, but it has moved.")
    row.state = move.target
    moved = IncidentMoved(
        at=desk.now,
        subject_id=row.id,
        actor_id=desk.actor_id,
        action=action,
        source=move.source,
        target=move.target,
    )
    desk.record(moved, row.chain)


def follow_directive(desk: Desk, bound: BoundDirective) -> None:
    """Move the incident as the facts of its directives allow, after one of them moved."""
    if not _FOLLOWED.intersection(bound.moved):
        return
    has_failed = "fail" in bound.moved
    bound.moved.clear()
    row = load_incident(desk, bound.incident_id)
    for action in moves_allowed_by_directives(row.state, directive_states(desk, row.id)):
        if action == "verify_fail":
            row.rework_count += has_failed  # an order drafted since reopens the handling too, but is no rework
            move_incident(desk, row, action, rework_count=row.rework_count)
        else:
            move_incident(desk, row, action, {"feedback", "verification"})
