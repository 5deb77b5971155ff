"""Clocks as rows: started with a node and stopped with it; `escalations` fires their rungs.

Source: architecture D2 and trip C; domain.md B.4.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, insert, literal_column, select

from engine.domain.escalation import BREACH
from engine.domain.events import ClockEnded, ClockStarted
from engine.domain.policy import SlaPolicy
from engine.domain.sla import ClockEvent, ClockState, apply_event, decide_stop
from engine.domain.sla import start_clock as begin_clock
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables import clocks as t

from .desk import Desk

RUNNING: ColumnElement[str] = literal_column("'running'")
"""In the text and no parameter: a partial index hangs on it, and SQLite plans again whenever such a parameter is bound
(38 µs for a read that takes 7)."""

_earlier = t.clock.alias()
_NEXT_CYCLE = (
    select(func.coalesce(func.max(_earlier.c.cycle), 0) + 1)
    .where(
        _earlier.c.subject_kind == bindparam("of_kind"),
        _earlier.c.subject_id == bindparam("of_id"),
        _earlier.c.stage == bindparam("of_stage"),
    )
    .scalar_subquery()
)
_NEW = Prepared(
    insert(t.clock).values(cycle=_NEXT_CYCLE).returning(t.clock.c.cycle),
    [column.name for column in t.clock.columns if column.name != "cycle"],
)
_EVENT = insert_into(t.clock_event, "clock_id", "seq", "kind", "at", "actor_id", "cause", "detail")
_STOPPABLE = (t.clock.c.id, t.clock.c.started_at, t.clock.c.due_at, t.clock.c.next_rung, t.clock.c.policy_id)
_OF_NODE = Prepared(
    select(*_STOPPABLE)
    .where(
        t.clock.c.subject_kind == bindparam("subject_kind"),
        t.clock.c.subject_id == bindparam("subject_id"),
        t.clock.c.stage == bindparam("stage"),
        t.clock.c.state == RUNNING,
        t.clock.c.instance_id == bindparam("instance_id"),
        t.clock.c.node_id == bindparam("node_id"),
        t.clock.c.scope == bindparam("scope"),
    )
    .order_by(t.clock.c.cycle.desc())
    .limit(literal_column("1"))  # the newest cycle is the one that runs: found without reading the earlier ones
)
_DUE_OF_TASK = Prepared(
    select(func.min(t.clock.c.due_at)).where(
        t.clock.c.subject_kind == "task", t.clock.c.subject_id == bindparam("task_id"), t.clock.c.state == RUNNING
    )
)
_STOP = update_row(t.clock, "state", "stopped_at", "next_rung", "next_rung_at")
_HOLDER = Prepared(
    t.clock.update().where(
        t.clock.c.state == RUNNING,
        t.clock.c.instance_id == bindparam("instance_id"),
        t.clock.c.scope == bindparam("scope"),
    ),
    ("holder_id",),
)


@dataclass(frozen=True, slots=True)
class Place:
    """What a clock is for, and where: the node of an instance, in one of its scopes."""

    subject_kind: str
    subject_id: str
    department_id: str
    instance_id: str
    node_id: str
    scope: int


def start_clock(
    desk: Desk, stage: str, place: Place, event_type: str, level: int | None, chain: str
) -> datetime | None:
    """Start the clock of a stage, in its next cycle; when it is due, None where the profile gives no budget."""
    policy = desk.city.policy(desk.uow, stage, event_type, level)
    if policy is None:
        return None
    clock = begin_clock(policy, desk.city.calendar(policy.calendar), desk.now)
    id_ = desk.uow.new_id()
    row = desk.uow.one(
        _NEW,
        {
            "id": id_,
            "subject_kind": place.subject_kind,
            "of_kind": place.subject_kind,
            "subject_id": place.subject_id,
            "of_id": place.subject_id,
            "stage": stage,
            "of_stage": stage,
            "policy_id": desk.city.policy_id(desk.uow, policy),
            "department_id": place.department_id,
            "holder_id": None,
            "instance_id": place.instance_id,
            "node_id": place.node_id,
            "scope": place.scope,
            "state": clock.state,
            "started_at": desk.now,
            "due_at": clock.due_at,
            "next_rung": clock.next_rung,
            "next_rung_at": clock.next_rung_at,
            "stopped_at": None,
        },
    )
    assert row is not None
    cycle = row[0]
    append_events(desk, id_, 1, [ClockEvent("started", desk.now, actor_id=desk.actor_id, cause="stage_began")])
    fact = ClockStarted(at=desk.now, subject_id=id_, actor_id=desk.actor_id, stage=stage, policy=policy.id, cycle=cycle)
    desk.record(fact, chain)
    return clock.due_at


def stop_node_clock(desk: Desk, stage: str, place: Place, how: str, chain: str) -> None:
    """Stop the clock that runs for an open node; cancel it where the node was cancelled."""
    where = {
        "subject_kind": place.subject_kind,
        "subject_id": place.subject_id,
        "stage": stage,
        "instance_id": place.instance_id,
        "node_id": place.node_id,
        "scope": place.scope,
    }
    for row in desk.uow.rows(_OF_NODE, where):
        _stop(desk, row, how, chain)


def _stop(desk: Desk, row: tuple[Any, ...], how: str, chain: str) -> None:
    id_, started_at, due_at, next_rung, policy_id = row
    breached = next_rung is None or next_rung > BREACH
    clock = ClockState("running", started_at, due_at, (), next_rung, due_at if breached else None)
    if how == "cancelled":
        events: tuple[ClockEvent, ...] = (ClockEvent("cancelled", desk.now, actor_id=desk.actor_id),)
    else:
        events = decide_stop(clock, desk.now, actor_id=desk.actor_id, cause="stage_done")
    for event in events:
        clock = apply_event(clock, event)
    append_events(desk, id_, events_so_far(desk.city.policy_of(desk.uow, policy_id), next_rung) + 1, events)
    desk.uow.run(
        _STOP,
        {"id": id_, "state": clock.state, "stopped_at": desk.now, "next_rung": next_rung, "next_rung_at": None},
    )
    desk.record(ClockEnded(at=desk.now, subject_id=id_, actor_id=desk.actor_id, state=clock.state), chain)


def events_so_far(policy: SlaPolicy, next_rung: int | None) -> int:
    """How many events a running clock has: its start, each rung that fired, and the breach that comes with rung 100."""
    fired = [rung for rung in policy.rungs if next_rung is None or rung < next_rung]
    return 1 + len(fired) + (BREACH in fired)


def append_events(desk: Desk, clock_id: str, seq: int, events: Iterable[ClockEvent]) -> None:
    """Write events of a clock, numbered from `seq`."""
    rows = [
        {
            "clock_id": clock_id,
            "seq": seq + offset,
            "kind": event.kind,
            "at": event.at,
            "actor_id": event.actor_id,
            "cause": event.cause or event.kind,
            "detail": None if event.rung is None else {"rung": event.rung},
        }
        for offset, event in enumerate(events)
    ]
    desk.uow.run_many(_EVENT, rows)


def due_of_task(desk: Desk, task_id: str | None) -> datetime | None:
    """The earliest instant at which a running clock of the task is due."""
    if task_id is None:
        return None
    row = desk.uow.one(_DUE_OF_TASK, {"task_id": task_id})
    return None if row is None else row[0]


def hold(desk: Desk, instance_id: str, scope: int, person_id: str | None) -> None:
    """Say who has the work a clock runs for in hand: rung 50 calls that person."""
    desk.uow.run(_HOLDER, {"instance_id": instance_id, "scope": scope, "holder_id": person_id})
