"""The intake desk: the incidents that wait for acceptance, each with its first report and what it may repeat."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from engine.domain.access import Actor
from engine.services.city import City
from engine.storage.tables.grid import grid_cell
from engine.storage.tables.signals import signal
from engine.storage.uow import UnitOfWork

from .similar import Similar, similar
from .work import About, InboxRow, inbox_page

NODE = "accept"
"""The step at which every incident process begins."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A case that waits for acceptance: its item, what was said first and where, and the likeliest duplicates."""

    item: InboxRow
    about: About
    text: str
    address: str
    channel: str
    cell_code: str | None
    alike: tuple[Similar, ...]


def waiting_for_acceptance(uow: UnitOfWork, city: City, actor: Actor, *, limit: int = 50) -> list[Waiting]:
    """What the actor may accept now, the most urgent first, among the first `limit` of their inbox."""
    items = inbox_page(uow, city, actor, limit=limit)[:limit]
    found = [(item, item.about) for item in items if item.node_id == NODE and item.about is not None]
    first = _first_reports(uow, [about.incident_id for _, about in found])
    cells = _cell_codes(uow, {about.grid_cell_id for _, about in found if about.grid_cell_id})
    return [
        Waiting(
            item,
            about,
            *first.get(about.incident_id, ("", "", "")),
            cells.get(about.grid_cell_id or ""),
            tuple(similar(uow, city, actor, about.incident_id, limit=2)),
        )
        for item, about in found
    ]


def _first_reports(uow: UnitOfWork, incident_ids: list[str]) -> dict[str, tuple[str, str, str]]:
    """Text, address and channel of the first report of each incident."""
    c = signal.c
    rows = uow.found(
        select(c.incident_id, c.id, c.text, c.address, c.channel)
        .where(c.incident_id.in_(incident_ids))
        .order_by(c.received_at.desc())
    )
    return {
        incident_id: (*("" if sealed is None else uow.keys.open(sealed, id_) for sealed in (text, address)), channel)
        for incident_id, id_, text, address, channel in rows
    }


def _cell_codes(uow: UnitOfWork, ids: set[str]) -> dict[str, str]:
    return dict(uow.found(select(grid_cell.c.id, grid_cell.c.code).where(grid_cell.c.id.in_(ids)))) if ids else {}
