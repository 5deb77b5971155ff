"""People as actors: who somebody is at this moment, from the posts they hold now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, select

from engine.domain.access import Actor
from engine.errors import NotFound
from engine.storage.prepared import Prepared
from engine.storage.tables.org import person
from engine.storage.uow import UnitOfWork

from .city import City

_PERSON = Prepared(select(person.c.id, person.c.status).where(person.c.account == bindparam("account")))


def actor_of(city: City, uow: UnitOfWork, person_id: str, at: datetime) -> Actor:
    """The person as an actor, with the roles of the posts held at that instant."""
    return Actor(person_id, city.roster(uow).holdings_of(person_id, at))


def person_named(uow: UnitOfWork, account: str) -> str:
    """The id of the active person with this account. Raises: NotFound (`person.unknown`)."""
    row = uow.one(_PERSON, {"account": account})
    if row is None or row[1] != "active":
        raise NotFound("person.unknown", "Expected an active account, but there is none.", account=account)
    return str(row[0])


def names_of(uow: UnitOfWork, ids: Collection[str | None]) -> dict[str, str]:
    """The names of these people by id; nobody where an id is none of a person."""
    wanted = {id for id in ids if id}
    if not wanted:
        return {}
    return dict(uow.found(select(person.c.id, person.c.name).where(person.c.id.in_(wanted))))
