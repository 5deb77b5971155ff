"""Rungs that come due: fired exactly once, calling whoever the department tree names at that moment.

A rung tells the process by message, where its leg waits for one, and is recorded with how late it came.
Source: architecture, trip C; domain.md B.4.
"""

from __future__ import annotations

import logging
from datetime import datetime
from heapq import heappop, heappush

from sqlalchemy import bindparam, select

from engine.domain.escalation import Recipient, next_holder
from engine.domain.events import RungReached
from engine.domain.policy import SlaPolicy
from engine.domain.sla import RungFired, apply_event, decide_fire, restore_clock
from engine.errors import EngineError
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables import clocks as t
from engine.storage.types import NEVER

from .clocks import RUNNING, append_events, events_so_far
from .desk import Desk
from .instances import load_free
from .messages import deliver_if_awaited

log = logging.getLogger(__name__)
MOST_AT_ONCE = 200
MESSAGES = {80: "sla.warn80", 100: "sla.breach", 150: "sla.breach150"}

_ESCALATION = insert_into(t.escalation)
_NEXT_RUNG = update_row(t.clock, "next_rung", "next_rung_at")
_DUE = Prepared(
    select(t.clock.c.next_rung_at, t.clock.c.id, t.clock.c.instance_id)
    .where(
        t.clock.c.state == RUNNING,
        t.clock.c.next_rung_at <= bindparam("now", type_=t.clock.c.next_rung_at.type),
    )
    .order_by(t.clock.c.next_rung_at)
    .limit(bindparam("limit"))
)
_ONE = Prepared(
    select(
        t.clock.c.subject_kind,
        t.clock.c.subject_id,
        t.clock.c.cycle,
        t.clock.c.department_id,
        t.clock.c.holder_id,
        t.clock.c.instance_id,
        t.clock.c.scope,
        t.clock.c.started_at,
        t.clock.c.next_rung,
        t.clock.c.policy_id,
    )
    .where(t.clock.c.id == bindparam("id"), t.clock.c.state == RUNNING)
    .with_for_update(skip_locked=True)
)


def fire_due(desk: Desk, limit: int = MOST_AT_ONCE) -> int:
    """Fire rungs that are due, in the order in which they fell due; how many fired.

    A batch holds the clocks that wait longest, and fires no rung that fell due after the last of them: what a clock
    further back owes comes first. A failing clock is rolled back alone and stays due.
    """
    limit = min(limit, MOST_AT_ONCE)
    waiting = desk.uow.rows(_DUE, {"now": desk.now, "limit": limit})
    horizon = waiting[-1][0] if len(waiting) == limit else desk.now
    fired = 0
    while waiting:
        _, clock_id, instance_id = heappop(waiting)
        try:
            with desk.part():
                # the instance before its clock, as a person's command takes them
                if instance_id is not None and load_free(desk, instance_id) is None:
                    continue
                next_at = _fire(desk, clock_id)
        except EngineError as error:
            if error.code == "storage.busy":
                raise
            log.warning("rung not fired", extra={"clock_id": clock_id, "code": error.code})
            continue
        fired += next_at is not None
        if next_at is not None and next_at <= horizon:
            heappush(waiting, (next_at, clock_id, instance_id))
    return fired


def _fire(desk: Desk, clock_id: str) -> datetime | None:
    """Fire the next rung of a clock; when the one after it is due (`NEVER` without one), None if none was due."""
    row = desk.uow.one(_ONE, {"id": clock_id})
    if row is None:
        return None
    kind, subject_id, cycle, department_id, holder_id, instance_id, scope, started_at, next_rung, policy_id = row
    policy = desk.city.policy_of(desk.uow, policy_id)
    clock = restore_clock(policy, desk.city.calendar(policy.calendar), started_at, next_rung)
    due = decide_fire(clock, desk.now)
    if not due:
        return None
    rung = due[0]
    events = rung.events()
    for event in events:
        clock = apply_event(clock, event)
    append_events(desk, clock_id, events_so_far(policy, next_rung) + 1, events)
    recipient = _call(desk, clock_id, cycle, department_id, holder_id, policy, rung)
    _record(desk, clock_id, f"{kind}:{subject_id}", rung, recipient)
    desk.uow.run(_NEXT_RUNG, {"id": clock_id, "next_rung": clock.next_rung, "next_rung_at": clock.next_rung_at})
    if instance_id is not None and rung.rung in MESSAGES:
        _tell_process(desk, instance_id, scope or 0, MESSAGES[rung.rung])
    return clock.next_rung_at or NEVER


def _call(
    desk: Desk,
    clock_id: str,
    cycle: int,
    department_id: str,
    holder_id: str | None,
    policy: SlaPolicy,
    rung: RungFired,
) -> Recipient:
    organisation = desk.city.organisation(desk.uow)
    recipient = next_holder(
        rung.rung,
        department_id,
        organisation.tree,
        organisation.roster,
        desk.now,
        ladder=policy.ladder,
        claimed_by=holder_id,
    )
    id_ = desk.uow.new_id()
    desk.uow.run(
        _ESCALATION,
        {
            "id": id_,
            "clock_id": clock_id,
            "rung": rung.rung,
            "cycle": cycle,
            "recipient_person_id": recipient.person_id,
            "recipient_department_id": recipient.department_id,
            "recipient_role": recipient.role,
            "fired_at": desk.now,
            "late_by_s": rung.late_by_s,
            "acknowledged_at": None,
        },
    )
    payload = {"clock_id": clock_id, "rung": rung.rung, "person_id": recipient.person_id}
    desk.send("escalation", f"escalation:{clock_id}:{rung.rung}:{cycle}", payload)
    return recipient


def _record(desk: Desk, clock_id: str, chain: str, rung: RungFired, recipient: Recipient) -> None:
    fact = RungReached(
        at=desk.now,
        subject_id=clock_id,
        rung=rung.rung,
        late_by_s=rung.late_by_s,
        role=recipient.role,
        recipient_person_id=recipient.person_id,
        recipient_department_id=recipient.department_id,
        skipped=tuple(f"{skip.department_id}:{skip.reason}" for skip in recipient.skipped),
    )
    desk.record(fact, chain)


def _tell_process(desk: Desk, instance_id: str, scope: int, message: str) -> None:
    """The message of a rung reaches the subscription of the leg the clock runs in, where there is one.

    A step that the diagram or the life cycle refuses does not take back the call to a person.
    """
    try:
        with desk.part():
            deliver_if_awaited(desk, instance_id, scope, message)
    except EngineError as error:
        if error.code == "storage.busy":
            raise
        log.warning("process not told", extra={"instance_id": instance_id, "code": error.code})
