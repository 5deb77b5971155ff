"""The process library: every stored version, one with all that is known of it, and what two of them differ in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from engine.bpmn.diff import Difference, diff_files
from engine.bpmn.layout import laid_out
from engine.bpmn.net import Net
from engine.bpmn.net_codec import net_from_bytes
from engine.errors import NotFound
from engine.services.city import City
from engine.services.draft_rows import DraftRow, draft_row
from engine.services.people import names_of
from engine.services.publishing import Blocker, blockers, reason_of
from engine.storage.prepared import Prepared
from engine.storage.tables.processes import definition, process_instance
from engine.storage.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A stored version of a process, who made and who published it, and how many instances run on it."""

    id: str
    process_id: str
    version: int
    state: str
    kind: str
    shipped: bool
    effective_from: datetime | None
    created_at: datetime | None
    digest: str
    tag: str | None
    revision: int
    deployment_id: str | None
    author_id: str | None
    publisher_id: str | None
    running: int
    author: str | None = None
    publisher: str | None = None


@dataclass(frozen=True, slots=True)
class VersionPage:
    """One version with its content, what keeps it from being published, and the other versions of its process.

    `net` is None where an error keeps the process from being one; `reason` says why it came back from review.
    """

    row: VersionRow
    draft: DraftRow
    net: Net | None
    blockers: list[Blocker]
    others: list[VersionRow]
    reason: str | None

    @property
    def report(self) -> Mapping[str, Any]:
        """What the check said; empty for what travels with the engine."""
        return self.draft.report


def _versions() -> Select[Any]:
    c = definition.c
    count = (
        select(process_instance.c.definition_id, func.count().label("running"))
        .group_by(process_instance.c.definition_id)
        .subquery()
    )
    return (
        select(c.id, c.process_id, c.version, c.state, c.kind, c.shipped, c.effective_from, c.created_at, c.digest,
               c.tag, c.revision, c.deployment_id, c.author_id, c.publisher_id, func.coalesce(count.c.running, 0))
        .outerjoin(count, count.c.definition_id == c.id)
        .order_by(c.process_id, c.version.desc())
    )  # fmt: skip


def versions(uow: UnitOfWork) -> list[VersionRow]:
    """Every version, by process, the newest first."""
    return _named(uow, [VersionRow(*row) for row in uow.found(_versions())])


def versions_of(uow: UnitOfWork, process_id: str) -> list[VersionRow]:
    """The versions of one process, the newest first."""
    found = uow.found(_versions().where(definition.c.process_id == process_id))
    return _named(uow, [VersionRow(*row) for row in found])


def _named(uow: UnitOfWork, rows: list[VersionRow]) -> list[VersionRow]:
    names = names_of(uow, [id for row in rows for id in (row.author_id, row.publisher_id)])
    return [
        replace(row, author=names.get(row.author_id or ""), publisher=names.get(row.publisher_id or "")) for row in rows
    ]


def version(uow: UnitOfWork, id: str) -> VersionRow:
    """One version. Raises: NotFound (`definition.unknown`)."""
    rows = _named(uow, [VersionRow(*row) for row in uow.found(_versions().where(definition.c.id == id))])
    if not rows:
        raise _unknown(id)
    return rows[0]


def version_page(uow: UnitOfWork, id: str) -> VersionPage:
    """One version with everything its page shows. Raises: NotFound (`definition.unknown`)."""
    row = version(uow, id)
    draft = draft_row(uow, id)
    net = net_from_bytes(draft.net) if draft.net else None
    is_open = row.state in ("draft", "in_review")
    others = [each for each in versions_of(uow, row.process_id) if each.id != id]
    found = blockers(uow, draft) if is_open else []
    return VersionPage(row, draft, net, found, others, reason_of(uow, id) if is_open else None)


def source_of(uow: UnitOfWork, id: str) -> bytes:
    """The file of a version as it was stored. Raises: NotFound (`definition.unknown`)."""
    return _bytes(uow, id)[0]


def drawn_of(uow: UnitOfWork, id: str) -> bytes:
    """The file of a version as it was read, with every id that findings name. Raises: NotFound."""
    source, normalised, _ = _bytes(uow, id)
    return normalised or source


def seen_of(uow: UnitOfWork, id: str) -> tuple[bytes, bool]:
    """The same with a layout, and whether the file has none of its own. Raises: NotFound."""
    source, normalised, process = _bytes(uow, id)
    return laid_out(normalised or source, process)


def difference(uow: UnitOfWork, before: str, after: str) -> Difference:
    """What differs between two versions, as they were read. Raises: NotFound (`definition.unknown`)."""
    return diff_files(drawn_of(uow, before), drawn_of(uow, after))


def _bytes(uow: UnitOfWork, id: str) -> tuple[bytes, bytes | None, str]:
    c = definition.c
    rows = uow.found(select(c.source, c.normalised, c.process_id).where(c.id == id))
    if not rows:
        raise _unknown(id)
    source, normalised, process = rows[0]
    return bytes(source), None if normalised is None else bytes(normalised), process


def _unknown(id: str) -> NotFound:
    return NotFound("definition.unknown", "Expected a stored version of a process, but there is none.", id=id)


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
