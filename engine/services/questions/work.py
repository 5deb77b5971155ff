"""A clerk's inbox, page by page, and one work item with what is needed to do it."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from engine.domain.access import Actor
from engine.errors import NotFound
from engine.services.city import City, Definition
from engine.services.people import names_of
from engine.storage.prepared import Prepared
from engine.storage.queries import inbox, inbox_after
from engine.storage.tables import processes as t
from engine.storage.tables.clocks import clock
from engine.storage.tables.directives import directive
from engine.storage.tables.incidents import incident
from engine.storage.uow import UnitOfWork

from .sight import may_work, require_subject, secrets_kept

_ITEM = Prepared(
    select(
        t.work_item.c.node_id,
        t.work_item.c.name,
        t.work_item.c.role,
        t.work_item.c.department_id,
        t.work_item.c.scope,
        t.work_item.c.subject_kind,
        t.work_item.c.subject_id,
        t.work_item.c.task_id,
        t.work_item.c.form,
        t.work_item.c.opened_at,
        t.work_item.c.due_at,
        t.work_item.c.claimed_by,
        t.work_item.c.revision,
        t.process_instance.c.definition_id,
    )
    .join_from(t.work_item, t.process_instance)
    .where(t.work_item.c.instance_id == bindparam("instance_id"), t.work_item.c.wait == bindparam("wait"))
)
_STARTED = Prepared(
    select(clock.c.started_at)
    .where(
        clock.c.instance_id == bindparam("instance_id"),
        clock.c.node_id == bindparam("node_id"),
        clock.c.scope == bindparam("scope"),
        clock.c.subject_kind == bindparam("kind"),
        clock.c.subject_id == bindparam("subject_id"),
        clock.c.state == "running",
    )
    .order_by(clock.c.cycle.desc())
    .limit(1)
)

_SUBJECT = Prepared(
    select(t.process_instance.c.subject_kind, t.process_instance.c.subject_id).where(
        t.process_instance.c.id == bindparam("id")
    )
)
_PAST_SUBJECT = Prepared(
    select(t.instance_history.c.subject_kind, t.instance_history.c.subject_id).where(
        t.instance_history.c.id == bindparam("id")
    )
)

Place = tuple[datetime, str, int]
"""Where an inbox page ends: `sort_at`, instance and wait of its last row."""


@dataclass(frozen=True, slots=True)
class About:
    """What an item is about: its order, if it has one, and the incident behind it."""

    incident_id: str
    incident_number: str
    event_type: str
    level: int | None
    grid_cell_id: str | None
    directive_id: str | None = None
    directive_number: str | None = None
    objective: str | None = None


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One open item of an inbox."""

    instance_id: str
    wait: int
    process_id: str
    node_id: str
    name: str
    role: str
    department_id: str
    opened_at: datetime
    due_at: datetime | None
    claimed_by: str | None
    claimed_by_name: str | None
    revision: int
    sort_at: datetime
    about: About | None

    @property
    def place(self) -> Place:
        """Where the page after this row begins."""
        return self.sort_at, self.instance_id, self.wait


@dataclass(frozen=True, slots=True)
class ItemView:
    """One open item with its form, and what it is about."""

    instance_id: str
    wait: int
    process_id: str
    version: int
    node_id: str
    name: str
    role: str
    department_id: str
    task_id: str | None
    opened_at: datetime
    due_at: datetime | None
    started_at: datetime | None
    claimed_by: str | None
    claimed_by_name: str | None
    revision: int
    form: str | None
    schema: Mapping[str, Any] | None
    documentation: str
    is_mine: bool
    about: About | None


@dataclass(frozen=True, slots=True)
class ItemForm:
    """What is needed to read the answers to an open item: the schema of its form, and the subject files go to."""

    schema: Mapping[str, Any] | None
    subject_kind: str | None
    subject_id: str | None


def inbox_page(
    uow: UnitOfWork, city: City, actor: Actor, *, limit: int = 50, after: Place | None = None
) -> list[InboxRow]:
    """The open items the actor may do, the most urgent first; one more than `limit` where there is another page."""
    pages = (_rows_of(uow, department, role, limit + 1, after) for role, department in _desks(uow, city, actor))
    merged = heapq.merge(*pages, key=lambda found: (found[1][11], found[1][0], found[1][1]))
    rows = [found for found, _ in zip(merged, range(limit + 1), strict=False)]
    return list(_named(uow, city, actor, rows))


def _desks(uow: UnitOfWork, city: City, actor: Actor) -> list[tuple[str, str]]:
    """Role and department of every inbox the actor works in."""
    tree = city.tree(uow)
    return sorted({(each.role, id_) for each in actor.holdings for id_ in tree.subtree(each.department_id)})


_Found = tuple[tuple[str, str], tuple[Any, ...]]


def _rows_of(uow: UnitOfWork, department_id: str, role: str, limit: int, after: Place | None) -> list[_Found]:
    values: dict[str, Any] = {"department_id": department_id, "role": role, "limit": limit}
    if after is not None:
        values |= {"sort_at": after[0], "instance_id": after[1], "wait": after[2]}
    return [((role, department_id), row) for row in uow.rows(inbox if after is None else inbox_after, values)]


def _named(uow: UnitOfWork, city: City, actor: Actor, rows: list[_Found]) -> Iterator[InboxRow]:
    processes = _processes(uow, city, {row[0] for _, row in rows})
    subjects = about(uow, [(row[4], row[5]) for _, row in rows])
    kept = secrets_kept(uow, city, actor, {each.incident_id for each in subjects.values()})
    subjects = {id_: each for id_, each in subjects.items() if each.incident_id not in kept}
    names = names_of(uow, [row[9] for _, row in rows])
    for (role, department_id), row in rows:
        yield InboxRow(
            row[0], row[1], processes[row[0]], row[2], row[3], role, department_id, row[7], row[8], row[9],
            names.get(row[9] or ""), row[10], row[11], subjects.get(row[5]),
        )  # fmt: skip


def _processes(uow: UnitOfWork, city: City, instance_ids: set[str]) -> dict[str, str]:
    """The process of each instance."""
    found = select(t.process_instance.c.id, t.process_instance.c.definition_id).where(
        t.process_instance.c.id.in_(instance_ids)
    )
    rows = uow.found(found) if instance_ids else []
    return {row[0]: city.definition(uow, row[1]).process_id for row in rows}


def about(uow: UnitOfWork, subjects: Iterable[tuple[str | None, str | None]]) -> dict[str | None, About]:
    """What each subject (kind, id) is about, by its id."""
    wanted = list(subjects)
    orders = {id_ for kind, id_ in wanted if kind == "directive"}
    cases = {id_ for kind, id_ in wanted if kind == "incident"}
    columns = (
        incident.c.id, incident.c.number, incident.c.event_type, incident.c.event_level, incident.c.grid_cell_id,
    )  # fmt: skip
    found: dict[str | None, About] = {}
    if orders:
        of_orders = (
            select(*columns, directive.c.id, directive.c.number, directive.c.objective)
            .join_from(directive, incident, directive.c.incident_id == incident.c.id)
            .where(directive.c.id.in_(orders))
        )
        found.update({row[5]: About(*row) for row in uow.found(of_orders)})
    if cases:
        of_cases = select(*columns).where(incident.c.id.in_(cases))
        found.update({row[0]: About(*row) for row in uow.found(of_cases)})
    return found


def require_instance(uow: UnitOfWork, city: City, actor: Actor, instance_id: str) -> None:
    """Refuse an instance, running or ended, about something the actor may not see. Raises: NotFound."""
    row = uow.one(_SUBJECT, {"id": instance_id}) or uow.one(_PAST_SUBJECT, {"id": instance_id})
    if row is None:
        raise NotFound("work.unknown", "Expected an open work item of yours, but there is none.")
    require_subject(uow, city, actor, *row)


def item_form(uow: UnitOfWork, city: City, actor: Actor, instance_id: str, wait: int) -> ItemForm:
    """The form of an open item, without its page. Raises: as `item_page`."""
    row, _ = _item(uow, city, actor, instance_id, wait)
    return ItemForm(_schema(city.definition(uow, row[13]), row[8]), row[5], row[6])


def _item(
    uow: UnitOfWork, city: City, actor: Actor, instance_id: str, wait: int
) -> tuple[tuple[Any, ...], About | None]:
    """The row of an open item and what it is about. Raises: as `item_page`."""
    row = uow.one(_ITEM, {"instance_id": instance_id, "wait": wait})
    if row is None or not may_work(uow, city, actor, row[2], row[3]):
        raise NotFound("work.unknown", "Expected an open work item of yours, but there is none.", wait=wait)
    of = about(uow, [(row[5], row[6])]).get(row[6])
    if of is not None and secrets_kept(uow, city, actor, {of.incident_id}):
        raise NotFound("work.unknown", "Expected an open work item of yours, but there is none.", wait=wait)
    return row, of


def _schema(definition: Definition, form: str | None) -> Mapping[str, Any] | None:
    return None if form is None or form not in definition.forms else definition.forms[form].schema


def item_page(uow: UnitOfWork, city: City, actor: Actor, instance_id: str, wait: int) -> ItemView:
    """One open item. Raises: NotFound (`work.unknown`) also for one that is not the actor's to do."""
    row, of = _item(uow, city, actor, instance_id, wait)
    node_id, name, role, department_id, scope, kind, subject_id, task_id, form = row[:9]
    definition = city.definition(uow, row[13])
    of_clock = ("task", task_id) if task_id else (kind, subject_id)
    started = uow.one(
        _STARTED,
        {"instance_id": instance_id, "node_id": node_id, "scope": scope, "kind": of_clock[0] or "instance",
         "subject_id": of_clock[1] or instance_id},
    )  # fmt: skip
    return ItemView(
        instance_id,
        wait,
        definition.process_id,
        definition.version,
        node_id,
        name,
        role,
        department_id,
        task_id,
        row[9],
        row[10],
        None if started is None else started[0],
        row[11],
        names_of(uow, [row[11]]).get(row[11] or ""),
        row[12],
        form,
        _schema(definition, form),
        definition.net.node(node_id).documentation,
        row[11] == actor.person_id,
        of,
    )
