"""Timers of diagrams that came due: each fires once, oldest first (D4)."""

from __future__ import annotations

import logging
from datetime import timedelta
from heapq import heappop, heappush

from sqlalchemy import bindparam, select

from engine.bpmn.effects import TimerArmed
from engine.bpmn.stimuli import TimerFired
from engine.errors import EngineError
from engine.storage.prepared import Prepared, update_row
from engine.storage.tables.processes import process_instance, timer

from .desk import Desk
from .instances import load_free
from .steps import take_step

log = logging.getLogger(__name__)
MOST_AT_ONCE = 200
PAUSE = timedelta(minutes=1)

_DUE = Prepared(
    select(timer.c.instance_id, timer.c.wait, timer.c.due_at)
    .join_from(timer, process_instance)
    .where(process_instance.c.suspended_at.is_(None), timer.c.due_at <= bindparam("now", type_=timer.c.due_at.type))
    .order_by(timer.c.due_at)
    .limit(bindparam("limit"))
)
_LATER = update_row(timer, "due_at", where=("instance_id", "wait"))
_TAKE = Prepared(
    timer.delete().where(timer.c.instance_id == bindparam("instance_id"), timer.c.wait == bindparam("wait"))
)


def fire_due(desk: Desk, limit: int = MOST_AT_ONCE) -> int:
    """Fire the timers that are due, oldest first; how many fired. A refused one is rolled back and tried again.

    Those of a suspended instance fire when it is resumed.
    """
    fired, most = 0, min(limit, MOST_AT_ONCE)
    due = [(row[2], row[0], row[1]) for row in desk.uow.rows(_DUE, {"now": desk.now, "limit": most})]
    for _ in range(most):
        if not due:
            break
        _, instance_id, wait = heappop(due)
        place = {"instance_id": instance_id, "wait": wait}
        try:
            with desk.part():
                instance = load_free(desk, instance_id)
                if instance is None or desk.uow.run(_TAKE, place) != 1:
                    continue  # somebody works on the instance, or an earlier firing of this batch disarmed it
                step = take_step(desk, instance, TimerFired(wait))
                fired += 1
            for effect in step.effects:  # a repetition that is late too comes before what was due after it
                if isinstance(effect, TimerArmed) and effect.due_at <= desk.now:
                    heappush(due, (effect.due_at, instance_id, effect.wait))
        except EngineError as error:
            if error.code == "storage.busy":
                raise
            # its row waits a minute, so that refused ones never crowd out the others; the state keeps the true instant
            desk.uow.run(_LATER, {**place, "due_at": desk.now + PAUSE})
            log.warning("timer not fired", extra={"instance_id": instance_id, "wait": wait, "code": error.code})
    return fired
