"""What an incident waits for people to do: the open items of its process and of its orders' loops."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, func, or_, select

from engine.domain.access import Actor, holds_role
from engine.services.city import City
from engine.storage.prepared import Prepared
from engine.storage.tables.accounts import credential
from engine.storage.tables.directives import directive
from engine.storage.tables.org import person, post, post_holding
from engine.storage.tables.processes import definition, process_instance, work_item
from engine.storage.uow import UnitOfWork

_ITEM = (
    select(
        work_item.c.instance_id,
        work_item.c.wait,
        definition.c.process_id,
        work_item.c.node_id,
        work_item.c.name,
        work_item.c.role,
        work_item.c.department_id,
        work_item.c.claimed_by,
        person.c.name,
        work_item.c.opened_at,
        work_item.c.due_at,
    )
    .join_from(work_item, process_instance)
    .join(definition)
    .outerjoin(person, person.c.id == work_item.c.claimed_by)
    .order_by(work_item.c.opened_at, work_item.c.instance_id, work_item.c.wait)
)
_OPEN = Prepared(
    _ITEM.where(
        or_(
            and_(work_item.c.subject_kind == "incident", work_item.c.subject_id == bindparam("incident_id")),
            and_(
                work_item.c.subject_kind == "directive",
                work_item.c.subject_id.in_(
                    select(directive.c.id).where(directive.c.incident_id == bindparam("incident_id"))
                ),
            ),
        )
    )
)
_OF_ORDER = Prepared(
    _ITEM.where(work_item.c.subject_kind == "directive", work_item.c.subject_id == bindparam("directive_id"))
)


@dataclass(frozen=True, slots=True)
class OpenItem:
    """One open item of an incident: whose it is, and since when."""

    instance_id: str
    wait: int
    process_id: str
    node_id: str
    name: str
    role: str
    department_id: str
    claimed_by: str | None
    claimed_by_name: str | None
    opened_at: datetime
    due_at: datetime | None


def open_items(uow: UnitOfWork, incident_id: str) -> list[OpenItem]:
    """The open items of an incident and its orders, the oldest first."""
    return [OpenItem(*row) for row in uow.rows(_OPEN, {"incident_id": incident_id})]


def open_items_of_order(uow: UnitOfWork, directive_id: str) -> list[OpenItem]:
    """The open items of one order, the oldest first."""
    return [OpenItem(*row) for row in uow.rows(_OF_ORDER, {"directive_id": directive_id})]


def is_for(uow: UnitOfWork, city: City, actor: Actor, item: OpenItem) -> bool:
    """Whether an item is the actor's to do now: of a role they hold there, and in no colleague's hands."""
    if item.claimed_by is not None and item.claimed_by != actor.person_id:
        return False
    return holds_role(actor, {item.role}, city.tree(uow).subject(item.department_id))


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody with a password who holds a role in a department."""

    id: str
    account: str
    name: str


def candidates(uow: UnitOfWork, role: str, department_id: str) -> list[Candidate]:
    """Those who can sign in and hold the role there now; who holds most posts comes first."""
    held, others = post_holding.c, post_holding.alias()
    posts = select(func.count()).select_from(others).where(others.c.person_id == person.c.id).scalar_subquery()
    found = (
        select(person.c.id, person.c.account, person.c.name)
        .join_from(person, credential, credential.c.person_id == person.c.id)
        .join(post_holding, held.person_id == person.c.id)
        .join(post, post.c.id == held.post_id)
        .where(
            post.c.role == role,
            post.c.department_id == department_id,
            person.c.status == "active",
            held.valid_from <= uow.now,
            or_(held.valid_to.is_(None), held.valid_to > uow.now),
        )
        .order_by(posts.desc(), person.c.account)
    )
    return [Candidate(*row) for row in uow.found(found)]
