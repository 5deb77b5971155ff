"""What a person sees: role × department subtree × grid cell × secrecy, for an incident and everything that hangs on it.

An incident lies on its leading centre, its lead department, every department its orders address, and the owner of its
grid cell. A grid officer sees the cells that are theirs.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import bindparam, select

from engine.domain.access import Actor, Subject, holds_role, permits
from engine.errors import NotFound
from engine.services.city import City
from engine.storage.prepared import Prepared
from engine.storage.tables.directives import directive, receipt
from engine.storage.tables.grid import grid_cell
from engine.storage.tables.incidents import incident
from engine.storage.uow import UnitOfWork

READ = "incident:case:read"
GRID_OFFICER = "grid_officer"

_PLACE = Prepared(
    select(
        incident.c.lead_centre_id,
        incident.c.lead_department_id,
        grid_cell.c.owner_department_id,
        grid_cell.c.officer_person_id,
        incident.c.sensitive,
    )
    .select_from(incident.outerjoin(grid_cell, incident.c.grid_cell_id == grid_cell.c.id))
    .where(incident.c.id == bindparam("id"))
)
_ADDRESSED = Prepared(
    select(receipt.c.department_id)
    .join_from(receipt, directive, receipt.c.directive_id == directive.c.id)
    .where(directive.c.incident_id == bindparam("id"))
    .distinct()
)
_INCIDENT_OF = Prepared(select(directive.c.incident_id).where(directive.c.id == bindparam("id")))


@dataclass(frozen=True, slots=True)
class Lies:
    """Where an incident lies: its departments, and the officer of its cell.

    A secret one lies with its leading centre and the departments its orders address, and with nobody above or beside.
    """

    department_ids: tuple[str, ...]
    officer_id: str | None
    is_secret: bool = False


def lies(uow: UnitOfWork, incident_id: str) -> Lies | None:
    """Where the incident lies; None where there is none."""
    row = uow.one(_PLACE, {"id": incident_id})
    if row is None:
        return None
    addressed = [found[0] for found in uow.rows(_ADDRESSED, {"id": incident_id})]
    if row[4]:
        return Lies(tuple(dict.fromkeys([row[0], *addressed])), None, is_secret=True)
    return Lies(tuple(id_ for id_ in dict.fromkeys([row[0], row[1], row[2], *addressed]) if id_), row[3])


def sees(uow: UnitOfWork, city: City, actor: Actor, place: Lies) -> bool:
    """Whether the actor may read an incident that lies there."""
    if place.is_secret and not actor.is_system:
        return permits(actor, READ, Subject(frozenset(place.department_ids)), city.profile.rights)
    subject = city.tree(uow).subject(*place.department_ids)
    if not permits(actor, READ, subject, city.profile.rights):
        return False
    if actor.is_system or place.officer_id == actor.person_id:
        return True
    others = Actor(actor.person_id, tuple(each for each in actor.holdings if each.role != GRID_OFFICER))
    return permits(others, READ, subject, city.profile.rights)


def secrets_kept(uow: UnitOfWork, city: City, actor: Actor, incident_ids: Collection[str]) -> set[str]:
    """Those of these incidents that are secret and not the actor's to see: lists name nothing of them."""
    found = select(incident.c.id).where(incident.c.id.in_(incident_ids), incident.c.sensitive)
    places = {row[0]: lies(uow, row[0]) for row in (uow.found(found) if incident_ids else ())}
    return {id_ for id_, place in places.items() if place is None or not sees(uow, city, actor, place)}


def require_incident(uow: UnitOfWork, city: City, actor: Actor, incident_id: str) -> Lies:
    """Where the incident lies. Raises: NotFound (`incident.unknown`) also for one the actor may not see."""
    place = lies(uow, incident_id)
    if place is None or not sees(uow, city, actor, place):
        raise NotFound("incident.unknown", "Expected an incident that you may see, but there is none.", id=incident_id)
    return place


def require_directive(uow: UnitOfWork, city: City, actor: Actor, directive_id: str) -> str:
    """The incident of a directive. Raises: NotFound (`directive.unknown`) also for one the actor may not see."""
    row = uow.one(_INCIDENT_OF, {"id": directive_id})
    place = lies(uow, row[0]) if row is not None else None
    if row is None or place is None or not sees(uow, city, actor, place):
        raise NotFound("directive.unknown", "Expected an order that you may see, but there is none.", id=directive_id)
    return str(row[0])


def require_subject(uow: UnitOfWork, city: City, actor: Actor, kind: str | None, id: str | None) -> None:
    """Refuse a subject of a process that the actor may not see. Raises: NotFound."""
    if kind == "directive" and id is not None:
        require_directive(uow, city, actor, id)
    else:
        require_incident(uow, city, actor, id or "")


def may_work(uow: UnitOfWork, city: City, actor: Actor, role: str, department_id: str) -> bool:
    """Whether an item of this role there is the actor's to do."""
    return holds_role(actor, {role}, city.tree(uow).subject(department_id))
