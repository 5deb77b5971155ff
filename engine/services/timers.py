"""Timers of diagrams that came due: each fires once, oldest first (D4)."""

from __future__ import annotations

import logging

from sqlalchemy import bindparam, select

from engine.bpmn.stimuli import TimerFired
from engine.errors import EngineError
from engine.storage.prepared import Prepared
from engine.storage.tables.processes import timer

from .desk import Desk
from .steps import load, take_step

log = logging.getLogger(__name__)
MOST_AT_ONCE = 200

_DUE = Prepared(
    select(timer.c.instance_id, timer.c.wait)
    .where(timer.c.due_at <= bindparam("now", type_=timer.c.due_at.type))
    .order_by(timer.c.due_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_STILL_DUE = Prepared(
    select(timer.c.wait).where(timer.c.instance_id == bindparam("instance_id"), timer.c.wait == bindparam("wait"))
)
_TAKE = Prepared(
    timer.delete().where(timer.c.instance_id == bindparam("instance_id"), timer.c.wait == bindparam("wait"))
)


def fire_due(desk: Desk, limit: int = MOST_AT_ONCE) -> int:
    """Fire the timers that are due, oldest first; how many fired. A failing one is rolled back alone and stays due."""
    fired = 0
    for instance_id, wait in desk.uow.rows(_DUE, {"now": desk.now, "limit": min(limit, MOST_AT_ONCE)}):
        place = {"instance_id": instance_id, "wait": wait}
        try:
            with desk.uow.savepoint():
                if desk.uow.one(_STILL_DUE, place) is None:
                    continue  # an earlier firing of this batch disarmed it
                desk.uow.run(_TAKE, place)
                take_step(desk, load(desk, instance_id), TimerFired(wait))
                fired += 1
        except EngineError as error:
            if error.code == "storage.busy":
                raise
            log.warning("timer not fired", extra={"instance_id": instance_id, "wait": wait, "code": error.code})
    return fired
