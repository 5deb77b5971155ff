"""Running and ended instances for whoever tends them: lists, and one with its tokens, variables, failures and line.

Only instances of departments the actor may read in. Of the variables ids, codes and numbers are shown; of what is
personal, free text, or of a secret case it is said that it is there. Whoever tends a process reads no case by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from engine.bpmn.net import Node
from engine.bpmn.state import BROADCAST, CALL, CONDITION, FAILURE, ITEM, MESSAGE, OPERATION, TIMER, state_from_bytes
from engine.domain.access import Actor, permits
from engine.errors import NotFound
from engine.services.city import City, Definition
from engine.services.codes import are_codes
from engine.services.effect_rows import plain
from engine.services.people import names_of
from engine.storage.tables import processes as t
from engine.storage.tables.care import intervention
from engine.storage.tables.directives import directive
from engine.storage.tables.incidents import incident
from engine.storage.tables.routing import external_job
from engine.storage.uow import UnitOfWork

from .tokens import Diagram, diagram_of

READ = "process:instance:read"
_KINDS = {
    ITEM: "item",
    TIMER: "timer",
    MESSAGE: "message",
    CALL: "call",
    OPERATION: "work",
    FAILURE: "failure",
    BROADCAST: "broadcast",
    CONDITION: "condition",
}
_i, _h = t.process_instance.c, t.instance_history.c


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """An instance in a list. `open` are the nodes it waits at: id and name."""

    id: str
    process_id: str
    version: int
    department_id: str
    subject_kind: str | None
    started_at: datetime
    suspended_at: datetime | None
    failures: int
    open: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class WaitRow:
    """Something an instance waits for; `is_token`: it can be moved."""

    wait: int
    kind: str
    node_id: str
    name: str
    due_at: datetime | None
    is_token: bool


@dataclass(frozen=True, slots=True)
class FailureRow:
    """A node that could not go on."""

    instance_id: str
    wait: int
    process_id: str
    node_id: str
    code: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ActRow:
    """What an operator did to it, and why."""

    act: str
    by_name: str
    at: datetime
    reason: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InstancePage:
    """One instance, running or ended, with where it came from and what it called."""

    id: str
    definition_id: str
    process_id: str
    version: int
    department_id: str | None
    subject_kind: str | None
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    suspended_at: datetime | None
    caller: str | None
    called: tuple[str, ...]
    restarted_from: str | None
    restarted_as: tuple[str, ...]
    diagram: Diagram | None
    waits: tuple[WaitRow, ...]
    variables: Mapping[str, Any]
    hidden: tuple[str, ...]
    failures: tuple[FailureRow, ...]
    acts: tuple[ActRow, ...]
    places: tuple[tuple[str, str], ...]
    """Where a token can be moved to: id and name."""


def readable(uow: UnitOfWork, city: City, actor: Actor) -> list[str]:
    """The departments whose instances the actor may read."""
    tree, rights = city.tree(uow), city.profile.rights
    return [each.id for each in tree.all() if permits(actor, READ, tree.subject(each.id), rights)]


def instance_list(
    uow: UnitOfWork,
    city: City,
    actor: Actor,
    *,
    definition_id: str | None = None,
    which: str = "running",
    limit: int = 50,
    after: tuple[str] | None = None,
) -> list[InstanceRow]:
    """Running instances, the newest first, one more than `limit` where there are more.

    Shape: `which` is running, suspended, or failed (those with step failures).
    """
    failures = (
        select(t.step_failure.c.instance_id, func.count().label("count"))
        .group_by(t.step_failure.c.instance_id)
        .subquery()
    )
    count = func.coalesce(failures.c.count, 0)
    found = (
        select(_i.id, _i.definition_id, _i.department_id, _i.subject_kind, _i.started_at, _i.suspended_at, count,
               _i.state_bytes)
        .outerjoin(failures, failures.c.instance_id == _i.id)
        .where(_i.department_id.in_(readable(uow, city, actor)))
        .order_by(_i.id.desc())
        .limit(limit + 1)
    )  # fmt: skip
    if definition_id is not None:
        found = found.where(_i.definition_id == definition_id)
    if which == "suspended":
        found = found.where(_i.suspended_at.is_not(None))
    elif which == "failed":
        found = found.where(count > 0)
    if after is not None:
        found = found.where(_i.id < after[0])
    rows = []
    for id_, definition, department_id, kind, started_at, suspended_at, failed, content in uow.found(found):
        version = city.definition(uow, definition)
        nodes = version.net.nodes
        waits = state_from_bytes(bytes(content)).waits.values()
        standing = dict.fromkeys((nodes[r[1]].id, nodes[r[1]].name or nodes[r[1]].id) for r in waits if not r[3])
        rows.append(
            InstanceRow(
                id_, version.process_id, version.version, department_id, kind, started_at, suspended_at, failed,
                tuple(standing),
            )
        )  # fmt: skip
    return rows


def instance_page(uow: UnitOfWork, city: City, actor: Actor, id: str) -> InstancePage:
    """One instance. Raises: NotFound (`instance.unknown`), also for one the actor may not read."""
    running = uow.found(
        select(_i.definition_id, _i.department_id, _i.subject_kind, _i.started_at, _i.suspended_at,
               _i.parent_instance_id, _i.restarted_from, _i.state_bytes, _i.subject_id)
        .where(_i.id == id)
    )  # fmt: skip
    ended = uow.found(
        select(_h.definition_id, _h.department_id, _h.subject_kind, _h.started_at, _h.parent_instance_id,
               _h.restarted_from, _h.ended_at, _h.outcome)
        .where(_h.id == id)
    )  # fmt: skip
    allowed = set(readable(uow, city, actor))
    rows = running or ended
    if not rows or (rows[0][1] or city.command_centre(uow)) not in allowed:
        raise NotFound("instance.unknown", "Expected an instance that you may read, but there is none.", id=id)
    found = rows[0]
    version = city.definition(uow, found[0])
    if running:
        definition_id, department_id, kind, started_at, suspended_at, caller, restarted_from, content, subject_id = (
            found
        )
        ended_at, outcome = None, None
        waits, variables, hidden = _inside(uow, version, id, bytes(content), _is_secret(uow, kind, subject_id, caller))
    else:
        definition_id, department_id, kind, started_at, caller, restarted_from, ended_at, outcome = found
        suspended_at, waits, variables, hidden = None, (), {}, ()
    return InstancePage(
        id, definition_id, version.process_id, version.version, department_id, kind, started_at, ended_at, outcome,
        suspended_at, caller, _called(uow, id), restarted_from, _restarted(uow, id), diagram_of(uow, city, id), waits,
        variables, hidden, tuple(failures(uow, city, actor, id)), _acts(uow, id), _places(version.net.nodes),
    )  # fmt: skip


def _inside(
    uow: UnitOfWork, version: Definition, id: str, content: bytes, is_secret: bool
) -> tuple[tuple[WaitRow, ...], dict[str, Any], tuple[str, ...]]:
    """What a running instance waits for, and its variables: those shown, and the names of those that are personal."""
    state = state_from_bytes(content)
    due = dict(uow.found(select(t.timer.c.wait, t.timer.c.due_at).where(t.timer.c.instance_id == id)))
    outside = {row[0] for row in uow.found(select(external_job.c.wait).where(external_job.c.instance_id == id))}
    nodes = version.net.nodes
    waits = tuple(
        WaitRow(
            wait,
            "outside" if wait in outside else _KINDS[what],
            nodes[index].id,
            nodes[index].name or nodes[index].id,
            due.get(wait),
            not host,
        )
        for wait, (what, index, _, host, _) in state.waits.items()
    )
    sealed = {row[0] for row in uow.found(select(t.personal_answer.c.id).where(t.personal_answer.c.instance_id == id))}
    shown = {
        name: plain(value)
        for name, value in state.variables.items()
        if not is_secret and not (isinstance(value, str) and value in sealed) and are_codes(plain(value))
    }
    return waits, shown, tuple(name for name in state.variables if name not in shown)


def _is_secret(uow: UnitOfWork, kind: str | None, subject_id: str | None, caller: str | None) -> bool:
    """Whether an instance carries an incident that must stay secret, or an order of one, or was called by such.

    No value of it is shown then: what a caller knows is handed to whom it calls.
    """
    while subject_id is None and caller is not None:
        above = uow.found(select(_i.subject_kind, _i.subject_id, _i.parent_instance_id).where(_i.id == caller))
        kind, subject_id, caller = above[0] if above else (None, None, None)
    if subject_id is None:
        return False
    found = select(incident.c.sensitive)
    if kind == "incident":
        found = found.where(incident.c.id == subject_id)
    else:
        found = found.join(directive, directive.c.incident_id == incident.c.id).where(directive.c.id == subject_id)
    return any(row[0] for row in uow.found(found))


def _called(uow: UnitOfWork, id: str) -> tuple[str, ...]:
    running = uow.found(select(_i.id).where(_i.parent_instance_id == id).order_by(_i.id))
    ended = uow.found(select(_h.id).where(_h.parent_instance_id == id).order_by(_h.id))
    return tuple(row[0] for row in (*running, *ended))


def _restarted(uow: UnitOfWork, id: str) -> tuple[str, ...]:
    running = uow.found(select(_i.id).where(_i.restarted_from == id))
    ended = uow.found(select(_h.id).where(_h.restarted_from == id))
    return tuple(row[0] for row in (*running, *ended))


def _acts(uow: UnitOfWork, id: str) -> tuple[ActRow, ...]:
    c = intervention.c
    rows = uow.found(
        select(c.id, c.act, c.by_id, c.at, c.reason, c.detail).where(c.instance_id == id).order_by(c.at, c.id)
    )
    people = names_of(uow, [row[2] for row in rows])
    return tuple(
        ActRow(act, people.get(by_id or "", ""), at, uow.keys.open(reason, id_) if reason else "", detail)
        for id_, act, by_id, at, reason, detail in rows
    )


def _places(nodes: tuple[Node, ...]) -> tuple[tuple[str, str], ...]:
    """Every node a token can be put on, somewhere: what the scope allows is said when it is tried."""
    skipped = ("boundary", "start", "event_subprocess")
    return tuple((n.id, n.name or n.id) for n in nodes if n.kind.value not in skipped and not n.for_compensation)


def failures(uow: UnitOfWork, city: City, actor: Actor, instance_id: str | None = None) -> list[FailureRow]:
    """Step failures where the actor may read, the newest first, at most 200; of one instance, if it is named."""
    c = t.step_failure.c
    found = (
        select(c.instance_id, c.wait, _i.definition_id, c.node_id, c.code, c.message, c.at)
        .join_from(t.step_failure, t.process_instance)
        .where(_i.department_id.in_(readable(uow, city, actor)))
        .order_by(c.at.desc(), c.instance_id, c.wait)
        .limit(200)
    )
    if instance_id is not None:
        found = found.where(c.instance_id == instance_id)
    return [
        FailureRow(id_, wait, city.definition(uow, definition).process_id, *rest)
        for id_, wait, definition, *rest in uow.found(found)
    ]
