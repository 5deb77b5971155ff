"""The process library: every stored version, and the drawing of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from engine.errors import NotFound
from engine.services.city import City
from engine.storage.prepared import Prepared
from engine.storage.tables.processes import definition, process_instance
from engine.storage.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A stored version of a process, and how many instances run on it."""

    id: str
    process_id: str
    version: int
    state: str
    kind: str
    shipped: bool
    effective_from: datetime
    digest: str
    certificate: Mapping[str, Any]
    running: int


def versions(uow: UnitOfWork) -> list[VersionRow]:
    """Every version, by process, the newest first."""
    c = definition.c
    count = (
        select(process_instance.c.definition_id, func.count().label("running"))
        .group_by(process_instance.c.definition_id)
        .subquery()
    )
    found = (
        select(c.id, c.process_id, c.version, c.state, c.kind, c.shipped, c.effective_from, c.digest, c.certificate,
               func.coalesce(count.c.running, 0))
        .outerjoin(count, count.c.definition_id == c.id)
        .order_by(c.process_id, c.version.desc())
    )  # fmt: skip
    return [VersionRow(*row) for row in uow.found(found)]


def version(uow: UnitOfWork, id: str) -> VersionRow:
    """One version. Raises: NotFound (`definition.unknown`)."""
    for row in versions(uow):
        if row.id == id:
            return row
    raise NotFound("definition.unknown", "Expected a stored version of a process, but there is none.", id=id)


def source_of(uow: UnitOfWork, id: str) -> bytes:
    """The file of a version as it was stored. Raises: NotFound (`definition.unknown`)."""
    rows = uow.found(select(definition.c.source).where(definition.c.id == id))
    if not rows:
        raise NotFound("definition.unknown", "Expected a stored version of a process, but there is none.", id=id)
    return bytes(rows[0][0])


_NEWEST_READ = Prepared(
    select(definition.c.id)
    .where(definition.c.process_id == bindparam("process_id"), definition.c.net != b"")
    .order_by(definition.c.version.desc())
    .limit(1)
)


def drawn_name(uow: UnitOfWork, city: City, process_id: str) -> str:
    """What the newest readable version of a process is called on its drawing; empty where it says nothing."""
    row = uow.one(_NEWEST_READ, {"process_id": process_id})
    return "" if row is None else city.definition(uow, row[0]).net.name
