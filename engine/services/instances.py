"""Running instances as read from their rows, and which version of a process starts now."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from engine.bpmn.net import Node
from engine.bpmn.state import State, state_from_bytes
from engine.errors import Conflict, NotFound
from engine.storage.prepared import Prepared
from engine.storage.tables import processes as t

from .bound import BoundDirective
from .bound_incident import BoundIncident
from .city import Definition
from .desk import Desk

INSTANCE_COLUMNS = (
    t.process_instance.c.definition_id,
    t.process_instance.c.parent_instance_id,
    t.process_instance.c.parent_wait,
    t.process_instance.c.subject_kind,
    t.process_instance.c.subject_id,
    t.process_instance.c.department_id,
    t.process_instance.c.state_bytes,
    t.process_instance.c.revision,
    t.process_instance.c.started_at,
    t.process_instance.c.suspended_at,
    t.process_instance.c.restarted_from,
)
_INSTANCE = Prepared(select(*INSTANCE_COLUMNS).where(t.process_instance.c.id == bindparam("id")).with_for_update())
_FREE_INSTANCE = Prepared(
    select(*INSTANCE_COLUMNS).where(t.process_instance.c.id == bindparam("id")).with_for_update(skip_locked=True)
)
_PUBLISHED = Prepared(
    select(t.definition.c.id)
    .where(
        t.definition.c.process_id == bindparam("process_id"),
        t.definition.c.state == "published",
        t.definition.c.effective_from <= bindparam("now", type_=t.definition.c.effective_from.type),
    )
    .order_by(t.definition.c.version.desc())
    .limit(1)
)


@dataclass(slots=True)
class Instance:
    """A running instance as read from its row; `revision` 0 means it has no row yet."""

    id: str
    definition: Definition
    parent_id: str | None
    parent_wait: int | None
    subject_kind: str | None
    subject_id: str | None
    department_id: str
    state: State | None
    revision: int
    started_at: datetime
    suspended_at: datetime | None = None
    restarted_from: str | None = None
    bound: BoundDirective | BoundIncident | None = None
    due: dict[tuple[int, int], datetime] = field(default_factory=dict)  # clocks started in this step, by node and scope

    @property
    def chain(self) -> str:
        """The ledger chain its steps belong to: that of the subject, else its own."""
        return f"{self.subject_kind}:{self.subject_id}" if self.subject_id else f"instance:{self.id}"


def load(desk: Desk, instance_id: str) -> Instance:
    """The running instance with this id. Raises: NotFound (`instance.unknown`)."""
    row = desk.uow.one(_INSTANCE, {"id": instance_id})
    if row is None:
        raise NotFound("instance.unknown", "Expected a running instance, but there is none.", id=instance_id)
    return from_row(desk, instance_id, row)


def load_free(desk: Desk, instance_id: str) -> Instance | None:
    """The running instance with this id, None while another transaction works on it (or it has ended).

    For the heartbeat: it takes instances first and their clocks and timers after, like a person's command does, and
    never waits for one.
    """
    row = desk.uow.one(_FREE_INSTANCE, {"id": instance_id})
    return None if row is None else from_row(desk, instance_id, row)


def from_row(desk: Desk, instance_id: str, row: tuple[Any, ...]) -> Instance:
    """The instance whose `INSTANCE_COLUMNS` were read, with the subject it is bound to."""
    definition_id, parent_id, parent_wait, kind, subject_id, department_id, content, revision, *times = row
    instance = Instance(
        instance_id,
        desk.city.definition(desk.uow, definition_id),
        parent_id,
        parent_wait,
        kind,
        subject_id,
        department_id,
        state_from_bytes(bytes(content)),
        revision,
        *times,
    )
    instance.bound = bind(desk, kind, subject_id)
    return instance


def bind(desk: Desk, kind: str | None, subject_id: str | None) -> BoundDirective | BoundIncident | None:
    """The rows an instance moves; None for one that is bound to nothing."""
    if subject_id is None:
        return None
    return BoundIncident(desk, subject_id) if kind == "incident" else BoundDirective(desk, subject_id)


def published(desk: Desk, process_id: str) -> Definition:
    """The version of a process that starts now. Raises: NotFound (`definition.not_published`)."""
    row = desk.uow.one(_PUBLISHED, {"process_id": process_id, "now": desk.now})
    if row is None:
        raise NotFound(
            "definition.not_published",
            f"Expected a published version of “{process_id}”, but there is none. Run “cityloop migrate”.",
            process=process_id,
        )
    return desk.city.definition(desk.uow, row[0])


def node_of(instance: Instance, node_id: str) -> Node:
    """The node of an instance's process with this element id."""
    return instance.definition.net.node(node_id)


def depth_of(desk: Desk, instance: Instance, most: int) -> int:
    """How many callers stand above an instance, itself counted; counting stops beyond `most`."""
    depth, parent = 1, instance.parent_id
    while parent is not None and depth <= most:
        row = desk.uow.one(_INSTANCE, {"id": parent})
        parent = None if row is None else row[1]
        depth += 1
    return depth


def suspended(instance: Instance) -> Conflict:
    """Why nothing moves a suspended instance."""
    assert instance.suspended_at is not None
    return Conflict(
        "instance.suspended",
        "Expected a running instance, but it is suspended. Resume it first.",
        id=instance.id,
        at=instance.suspended_at.isoformat(),
    )
