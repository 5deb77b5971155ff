"""One act over many instances: listed first, then done by the worker, a few at a time, each in its own transaction.

An instance is marked done in the transaction that acts on it, so a worker that dies in the middle leaves no instance
half done and none is done twice. Whoever ordered the batch acts: their permission is asked for every instance.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, func, select

from engine.domain.access import SYSTEM_ACTOR
from engine.errors import Conflict, EngineError, NotFound, Rejected
from engine.storage.prepared import Prepared, insert_into
from engine.storage.tables.care import batch, batch_item
from engine.storage.tables.processes import step_failure

from . import care
from .desk import Desk
from .failures import retry_failure
from .migration import migrate_instance

if TYPE_CHECKING:
    from .engine import Engine

log = logging.getLogger(__name__)
AT_ONCE = 20
"""Instances of one batch between two looks at what else is due."""
MOST = 10_000

_NEW = insert_into(batch)
_NEW_ITEM = insert_into(batch_item)
_BATCH = Prepared(
    select(batch.c.act, batch.c.wanted, batch.c.reason, batch.c.by_id, batch.c.state).where(
        batch.c.id == bindparam("id")
    )
)
_RUNNING = Prepared(select(batch.c.id, batch.c.by_id).where(batch.c.state == "running").order_by(batch.c.created_at))
_SET_STATE = Prepared(
    batch.update().where(batch.c.id == bindparam("id"), batch.c.state == bindparam("seen_state")),
    ("state", "finished_at"),
)
_WAITING = Prepared(
    select(batch_item.c.instance_id)
    .where(batch_item.c.batch_id == bindparam("batch_id"), batch_item.c.state == "waiting")
    .order_by(batch_item.c.instance_id)
    .limit(bindparam("limit"))
)
_TAKE = Prepared(
    batch_item.update().where(
        batch_item.c.batch_id == bindparam("batch_id"),
        batch_item.c.instance_id == bindparam("instance_id"),
        batch_item.c.state == "waiting",
    ),
    ("state", "error", "attempts", "at"),
)
_COUNTS = Prepared(
    select(batch_item.c.state, func.count())
    .where(batch_item.c.batch_id == bindparam("batch_id"))
    .group_by(batch_item.c.state)
)
_AGAIN = Prepared(
    batch_item.update().where(batch_item.c.batch_id == bindparam("batch_id"), batch_item.c.state == "failed"),
    ("state", "error"),
)
_FAILURES = Prepared(
    select(step_failure.c.wait)
    .where(step_failure.c.instance_id == bindparam("instance_id"))
    .order_by(step_failure.c.wait)
)

Wanted = Mapping[str, Any]
Act = Callable[[Desk, str, Wanted, str, str], object]


def order_batch(desk: Desk, act: str, instance_ids: Sequence[str], reason: str, wanted: Wanted | None = None) -> str:
    """Order an act over these instances; the worker does it. The id of the batch.

    Shape: `wanted` holds what the act needs: `target_id` and `chosen` for migrate, `source` and `target` node for
    move, `variables` for retry and restart.
    The permission is asked again for each instance.
    Raises: NotAllowed without `process:instance:operate`; Rejected (`batch.act`, `batch.size`, `care.reason`).
    """
    care.require_somewhere(desk)
    care.check_reason(reason)
    if act not in _ACTS:
        raise Rejected("batch.act", f"Expected one of {', '.join(_ACTS)}, but got “{act}”.", act=act)
    chosen = sorted(set(instance_ids))
    if not 1 <= len(chosen) <= MOST:
        raise Rejected("batch.size", f"Expected 1 to {MOST} instances, but got {len(chosen)}.", count=len(chosen))
    id_ = desk.uow.new_id()
    desk.uow.run(
        _NEW,
        {
            "id": id_,
            "act": act,
            "wanted": dict(wanted or {}),
            "reason": desk.uow.keys.seal("batch", "reason", id_, reason.strip()),
            "by_id": desk.actor_id,
            "created_at": desk.now,
            "finished_at": None,
            "state": "running",
        },
    )
    rows = [{"batch_id": id_, "instance_id": each, "state": "waiting", "error": None} for each in chosen]
    desk.uow.run_many(_NEW_ITEM, [{**row, "attempts": 0, "at": None} for row in rows])
    return id_


def pause_batch(desk: Desk, id: str) -> None:
    """Leave the rest of a batch for later. Raises: NotFound (`batch.unknown`); Conflict (`batch.not_running`)."""
    _change(desk, id, "running", "paused")


def resume_batch(desk: Desk, id: str) -> None:
    """Go on with a paused batch. Raises: as `pause_batch`."""
    _change(desk, id, "paused", "running")


def try_failed_again(desk: Desk, id: str) -> int:
    """Try what failed once more; how many instances. Raises: as `pause_batch`."""
    _change(desk, id, "done", "running")
    return desk.uow.run(_AGAIN, {"batch_id": id, "state": "waiting", "error": None})


def _change(desk: Desk, id: str, source: str, target: str) -> None:
    row = desk.uow.one(_BATCH, {"id": id})
    if row is None:
        raise NotFound("batch.unknown", "Expected a batch, but there is none.", id=id)
    care.require_somewhere(desk)
    if desk.uow.run(_SET_STATE, {"id": id, "seen_state": source, "state": target, "finished_at": None}) != 1:
        raise Conflict("batch.not_running", f"Expected a batch that is {source}, but it is {row[4]}.", state=row[4])


def progress(desk: Desk, id: str) -> dict[str, int]:
    """How many instances of a batch are waiting, done and failed."""
    counts = {row[0]: row[1] for row in desk.uow.rows(_COUNTS, {"batch_id": id})}
    return {state: counts.get(state, 0) for state in ("waiting", "done", "failed")}


def run_batches(engine: Engine, at_once: int = AT_ONCE) -> int:
    """Do a few instances of every running batch; how many were done or failed."""
    done = 0
    for batch_id, by_id in engine.command(lambda desk: desk.uow.rows(_RUNNING), SYSTEM_ACTOR):
        actor = SYSTEM_ACTOR if by_id is None else engine.actor(by_id)
        waiting = engine.command(_next, SYSTEM_ACTOR, batch_id, at_once)
        for instance_id in waiting:
            try:
                done += engine.command(_do, actor, batch_id, instance_id)
            except EngineError as error:
                if error.code == "storage.busy":
                    continue  # it still waits; the next beat tries again
                log.info("batch item failed", extra={"batch_id": batch_id, "code": error.code})
                done += engine.command(_fail, SYSTEM_ACTOR, batch_id, instance_id, error.code)
        if not waiting:
            engine.command(_finish, SYSTEM_ACTOR, batch_id)
    return done


def _next(desk: Desk, batch_id: str, limit: int) -> list[str]:
    return [row[0] for row in desk.uow.rows(_WAITING, {"batch_id": batch_id, "limit": limit})]


def _do(desk: Desk, batch_id: str, instance_id: str) -> int:
    """Act on one instance and mark it done, in one transaction."""
    row = desk.uow.one(_BATCH, {"id": batch_id})
    assert row is not None
    act, wanted, reason, _, state = row
    if state != "running" or _mark(desk, batch_id, instance_id, "done", None) != 1:
        return 0  # paused meanwhile, or another worker was faster
    _ACTS[act](desk, instance_id, wanted, desk.uow.keys.open(reason, batch_id), batch_id)
    return 1


def _fail(desk: Desk, batch_id: str, instance_id: str, code: str) -> int:
    return _mark(desk, batch_id, instance_id, "failed", code)


def _mark(desk: Desk, batch_id: str, instance_id: str, state: str, error: str | None) -> int:
    place = {"batch_id": batch_id, "instance_id": instance_id}
    return desk.uow.run(_TAKE, {**place, "state": state, "error": error, "attempts": 1, "at": desk.now})


def _finish(desk: Desk, batch_id: str) -> None:
    desk.uow.run(_SET_STATE, {"id": batch_id, "seen_state": "running", "state": "done", "finished_at": desk.now})


# -- the acts ---------------------------------------------------------------------------------------------------------


def _migrate(desk: Desk, instance_id: str, wanted: Wanted, reason: str, batch_id: str) -> object:
    return migrate_instance(desk, instance_id, wanted["target_id"], reason, wanted.get("chosen"), batch_id)


def _restart(desk: Desk, instance_id: str, wanted: Wanted, reason: str, batch_id: str) -> object:
    return care.restart(desk, instance_id, wanted.get("variables") or {}, reason, batch_id=batch_id)


def _move(desk: Desk, instance_id: str, wanted: Wanted, reason: str, batch_id: str) -> object:
    """Every token that waits at the one node goes to the other."""
    for wait in care.waits_at(desk, instance_id, wanted["source"]):
        care.move_token(desk, instance_id, wait, wanted["target"], reason, batch_id)
    return None


def _retry(desk: Desk, instance_id: str, wanted: Wanted, reason: str, batch_id: str) -> object:
    """Every step failure of the instance is tried again."""
    for (wait,) in desk.uow.rows(_FAILURES, {"instance_id": instance_id}):
        retry_failure(desk, instance_id, wait, wanted.get("variables"), reason, batch_id)
    return None


_ACTS: Mapping[str, Act] = {
    "suspend": lambda desk, instance_id, wanted, reason, batch_id: care.suspend(desk, instance_id, reason, batch_id),
    "resume": lambda desk, instance_id, wanted, reason, batch_id: care.resume(desk, instance_id, reason, batch_id),
    "cancel": lambda desk, instance_id, wanted, reason, batch_id: care.cancel(desk, instance_id, reason, batch_id),
    "move": _move,
    "restart": _restart,
    "retry": _retry,
    "migrate": _migrate,
}
