"""Dead letters, batches and their progress, and the preview of a migration, for whoever tends instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from engine.bpmn.migrate import Obstacle, obstacles, plan
from engine.bpmn.state import state_from_bytes
from engine.domain.access import Actor
from engine.errors import NotFound
from engine.services.city import City
from engine.services.people import names_of
from engine.storage.tables import processes as t
from engine.storage.tables.care import batch, batch_item
from engine.storage.tables.outbox import outbox
from engine.storage.tables.routing import held_message
from engine.storage.uow import UnitOfWork

from .instances import readable

MOST = 500


@dataclass(frozen=True, slots=True)
class LetterRow:
    """A letter its receiver refused to the end."""

    id: str
    kind: str
    name: str
    instance_id: str | None
    error: str | None
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch and how far it is."""

    id: str
    act: str
    state: str
    by_name: str
    created_at: datetime
    finished_at: datetime | None
    waiting: int
    done: int
    failed: int
    wanted: Mapping[str, Any]
    reason: str

    @property
    def total(self) -> int:
        """How many instances it has."""
        return self.waiting + self.done + self.failed


@dataclass(frozen=True, slots=True)
class VersionChoice:
    """A version that instances run on or could move to."""

    id: str
    version: int
    state: str
    running: int


@dataclass(frozen=True, slots=True)
class MigrationPage:
    """Which instances of a version can move to another, and what keeps the rest."""

    process_id: str
    source: VersionChoice
    target: VersionChoice | None
    choices: tuple[VersionChoice, ...]
    movable: tuple[str, ...]
    kept: tuple[tuple[str, tuple[Obstacle, ...]], ...]
    gone: tuple[tuple[str, str], ...]
    """Nodes that instances stand at and that the other version has not: id and name."""
    places: tuple[tuple[str, str], ...]
    chosen: Mapping[str, str]


def dead_letters(uow: UnitOfWork) -> list[LetterRow]:
    """Letters nobody took, inside the city and on their way out of it, the newest first, at most so many."""
    c, o = held_message.c, outbox.c
    inside = select(c.id, c.kind, c.name, c.instance_id, c.error, c.attempts, c.created_at).where(c.state == "dead")
    out = select(o.id, o.topic, o.error, o.attempts, o.created_at).where(o.state == "dead")
    found = [LetterRow(*row) for row in uow.found(inside.order_by(c.id.desc()).limit(MOST))]
    for id_, topic, *rest in uow.found(out.order_by(o.id.desc()).limit(MOST)):
        found.append(LetterRow(f"outbox-{id_}", "outbox", topic, None, *rest))
    return sorted(found, key=lambda row: row.created_at, reverse=True)[:MOST]


def batches(uow: UnitOfWork, id: str | None = None) -> list[BatchRow]:
    """Batches, the newest first, or the one named."""
    c = batch.c
    found = select(c.id, c.act, c.state, c.by_id, c.created_at, c.finished_at, c.wanted, c.reason)
    found = found.order_by(c.id.desc()).limit(100) if id is None else found.where(c.id == id)
    rows = uow.found(found)
    people = names_of(uow, [row[3] for row in rows])
    counts: dict[str, dict[str, int]] = {}
    i = batch_item.c
    chosen = select(i.batch_id, i.state, func.count()).where(i.batch_id.in_([row[0] for row in rows]))
    for batch_id, state, count in uow.found(chosen.group_by(i.batch_id, i.state)):
        counts.setdefault(batch_id, {})[state] = count
    made = []
    for id_, act, state, by_id, created_at, finished_at, wanted, reason in rows:
        some = counts.get(id_, {})
        waiting, done, failed = (some.get(each, 0) for each in ("waiting", "done", "failed"))
        said = uow.keys.open(reason, id_) if reason else ""
        by_name = people.get(by_id or "", "")
        made.append(BatchRow(id_, act, state, by_name, created_at, finished_at, waiting, done, failed, wanted, said))
    return made


def batch_page(uow: UnitOfWork, id: str) -> tuple[BatchRow, list[tuple[str, str, int]]]:
    """One batch with the instances that failed: id, code of the refusal, tries. Raises: NotFound (`batch.unknown`)."""
    rows = batches(uow, id)
    if not rows:
        raise NotFound("batch.unknown", "Expected a batch, but there is none.", id=id)
    c = batch_item.c
    failed = select(c.instance_id, c.error, c.attempts).where(c.batch_id == id, c.state == "failed")
    return rows[0], [(row[0], row[1], row[2]) for row in uow.found(failed.order_by(c.instance_id).limit(MOST))]


def migration_page(
    uow: UnitOfWork, city: City, actor: Actor, source_id: str, target_id: str | None, chosen: Mapping[str, str]
) -> MigrationPage:
    """The preview over all instances of a version that the actor may read, at most 500.

    Raises: NotFound (`definition.unknown`); Rejected (`migrate.no_such_node`).
    """
    source = city.definition(uow, source_id)
    choices = _versions(uow, source.process_id)
    target = next((each for each in choices if each.id == target_id and each.id != source_id), None)
    here = next(each for each in choices if each.id == source_id)
    found = (
        select(t.process_instance.c.id, t.process_instance.c.state_bytes)
        .where(
            t.process_instance.c.definition_id == source_id,
            t.process_instance.c.department_id.in_(readable(uow, city, actor)),
        )
        .order_by(t.process_instance.c.id)
        .limit(MOST)
    )
    others = tuple(each for each in choices if each.state == "published" and each.id != source_id)
    if target is None:
        movable: tuple[str, ...] = ()
        return MigrationPage(source.process_id, here, None, others, movable, (), (), (), chosen)
    net = city.definition(uow, target.id).net
    road = plan(source.net, net, chosen)
    kept, can = [], []
    for id_, content in uow.found(found):
        reasons = tuple(obstacles(road, state_from_bytes(bytes(content))))
        if reasons:
            kept.append((id_, reasons))
        else:
            can.append(id_)
    ids = {each.element for _, reasons in kept for each in reasons if each.code == "migrate.gone"} | chosen.keys()
    gone = tuple((n.id, n.name or n.id) for n in source.net.nodes if n.id in ids)
    places = tuple((n.id, n.name or n.id) for n in net.nodes)
    return MigrationPage(source.process_id, here, target, others, tuple(can), tuple(kept), gone, places, chosen)


def _versions(uow: UnitOfWork, process_id: str) -> list[VersionChoice]:
    c, i = t.definition.c, t.process_instance.c
    running = select(i.definition_id, func.count().label("count")).group_by(i.definition_id).subquery()
    found = (
        select(c.id, c.version, c.state, func.coalesce(running.c.count, 0))
        .outerjoin(running, running.c.definition_id == c.id)
        .where(c.process_id == process_id)
        .order_by(c.version.desc())
    )
    return [VersionChoice(*row) for row in uow.found(found)]
