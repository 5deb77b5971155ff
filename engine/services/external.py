"""Work for programs outside: fetched by topic under a lock, then done, failed, or given back.

A program holds a job until its lock ends; then another may fetch it. Whoever lost the lock is told so (409) and changes
nothing. What a program gives back becomes variables, so it holds ids, codes and numbers only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select, tuple_

from engine.bpmn.stimuli import OperationDone, OperationFailed, Stimulus
from engine.domain.access import Actor, permits
from engine.errors import Conflict, NotFound, Rejected
from engine.storage.prepared import Prepared, update_row
from engine.storage.tables.processes import definition, process_instance
from engine.storage.tables.routing import external_job as t
from engine.storage.uow import UnitOfWork

from .city import City
from .codes import require_codes
from .desk import Desk
from .effect_rows import MOST_TRIES
from .instances import load
from .steps import take_step

FETCH = "process:work:fetch"
LONGEST_LOCK = timedelta(hours=24)
MOST_JOBS = 100
MOST_PAGES = 10
"""How often a fetch looks further when jobs lie where the program has no permission."""

_BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)
_NOW = bindparam("now", type_=t.c.due_at.type)
_FREE = or_(t.c.locked_until.is_(None), t.c.locked_until <= _NOW)
_DUE = Prepared(
    select(
        t.c.id,
        t.c.instance_id,
        t.c.node_id,
        t.c.variables,
        t.c.retries,
        process_instance.c.department_id,
        process_instance.c.subject_kind,
        process_instance.c.subject_id,
        definition.c.process_id,
        definition.c.version,
        t.c.due_at,
    )
    .join_from(t, process_instance, process_instance.c.id == t.c.instance_id)
    .join(definition, definition.c.id == process_instance.c.definition_id)
    .where(t.c.topic == bindparam("topic"), t.c.due_at <= _NOW, _FREE, process_instance.c.suspended_at.is_(None))
    .where(tuple_(t.c.due_at, t.c.id) > tuple_(bindparam("after_at", type_=t.c.due_at.type), bindparam("after_id")))
    .order_by(t.c.due_at, t.c.id)
    .limit(bindparam("limit"))
    .with_for_update(of=t, skip_locked=True)
)
_DUE_AT = Prepared(
    select(process_instance.c.department_id)
    .join_from(t, process_instance, process_instance.c.id == t.c.instance_id)
    .where(t.c.topic == bindparam("topic"), t.c.due_at <= _NOW, _FREE, process_instance.c.suspended_at.is_(None))
    .distinct()
)
_LOCK = Prepared(t.update().where(t.c.id == bindparam("id"), _FREE), ("worker", "locked_until"))
_JOB = Prepared(
    select(t.c.instance_id, t.c.wait, t.c.worker, t.c.retries, process_instance.c.department_id)
    .join_from(t, process_instance, process_instance.c.id == t.c.instance_id)
    .where(t.c.id == bindparam("id"))
)
_HELD = Prepared(select(t.c.worker).where(t.c.id == bindparam("id")).with_for_update())
_EXTEND = update_row(t, "locked_until")
_GIVE_BACK = update_row(t, "worker", "locked_until", "due_at", "retries", "error")
_UNLOCK = update_row(t, "worker", "locked_until")
_TAKE = Prepared(t.delete().where(t.c.id == bindparam("id"), t.c.worker == bindparam("worker")))


def fetch_and_lock(desk: Desk, worker: str, topics: Sequence[Mapping[str, Any]], most: int) -> list[dict[str, Any]]:
    """At most so many jobs of these topics that nobody holds, the longest due first of each, locked for this program.

    Shape: a topic is {topic, lock_s, variables}. Only jobs of departments the actor may fetch for.
    Raises: Rejected (`external.lock`, `external.worker`).
    """
    name = _worker(desk, worker)
    jobs: list[dict[str, Any]] = []
    for topic in topics:
        until = desk.now + _lock(topic["lock_s"])
        for row in _free(desk, topic["topic"], min(most, MOST_JOBS) - len(jobs)):
            if desk.uow.run(_LOCK, {"id": row[0], "now": desk.now, "worker": name, "locked_until": until}) == 1:
                jobs.append(_job(topic["topic"], row, until, topic.get("variables")))
    return jobs


def _free(desk: Desk, topic: str, most: int) -> list[tuple[Any, ...]]:
    """At most so many jobs of a topic that nobody holds and the actor may fetch."""
    found: list[tuple[Any, ...]] = []
    place = {"topic": topic, "now": desk.now, "limit": most, "after_at": _BEFORE_ALL, "after_id": ""}
    for _ in range(MOST_PAGES):
        page = desk.uow.rows(_DUE, place) if len(found) < most else []
        found += [row for row in page if desk.may(FETCH, row[5])]
        if len(page) < most:
            break
        place |= {"after_at": page[-1][10], "after_id": page[-1][0]}
    return found[:most]


def _job(topic: str, row: Sequence[Any], until: datetime, wanted: Sequence[str] | None) -> dict[str, Any]:
    id_, instance_id, node_id, variables, retries, department_id, kind, subject_id, process_id, version, _ = row
    return {
        "id": id_,
        "topic": topic,
        "instance_id": instance_id,
        "process_id": process_id,
        "version": version,
        "node_id": node_id,
        "department_id": department_id,
        "subject_kind": kind,
        "subject_id": subject_id,
        "retries": retries,
        "locked_until": until.isoformat(),
        "variables": variables if wanted is None else {k: v for k, v in variables.items() if k in wanted},
    }


def is_any_due(uow: UnitOfWork, city: City, actor: Actor, topics: Sequence[str]) -> bool:
    """Whether the actor could fetch work of one of these topics now: a look that locks nothing."""
    places = (row[0] for each in topics for row in uow.rows(_DUE_AT, {"topic": each, "now": uow.now}))
    tree, rights = city.tree(uow), city.profile.rights
    return any(permits(actor, FETCH, tree.subject(place), rights) for place in places)


def extend_lock(desk: Desk, job_id: str, worker: str, lock_s: int) -> dict[str, Any]:
    """Hold a job for so long from now. Raises: NotFound (`external.unknown`); Conflict (`external.lock_lost`)."""
    _held(desk, job_id, worker)
    until = desk.now + _lock(lock_s)
    desk.uow.run(_EXTEND, {"id": job_id, "locked_until": until})
    return {"id": job_id, "locked_until": until.isoformat()}


def unlock(desk: Desk, job_id: str, worker: str) -> dict[str, Any]:
    """Give a job back untouched, for whoever fetches next. Raises: as `extend_lock`."""
    _held(desk, job_id, worker)
    desk.uow.run(_UNLOCK, {"id": job_id, "worker": None, "locked_until": None})
    return {"id": job_id}


def complete(desk: Desk, job_id: str, worker: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The work is done, with these results. Raises: as `extend_lock`; Rejected (`external.free_text`); the step's."""
    require_codes(variables, "external.free_text")
    return _answer(desk, job_id, worker, lambda wait: OperationDone(wait, dict(variables)))


def throw_error(desk: Desk, job_id: str, worker: str, code: str) -> dict[str, Any]:
    """The work ended with a BPMN error: its boundary catches it, or it is a step failure. Raises: as `complete`."""
    return _answer(desk, job_id, worker, lambda wait: OperationFailed(wait, code))


def fail(
    desk: Desk, job_id: str, worker: str, error: str, retries: int | None = None, retry_in_s: int | None = None
) -> dict[str, Any]:
    """The work failed for a technical reason, a code: it is tried again later, or is a step failure when tried enough.

    Shape: `retries` is how often it may still be tried, one less than before unless given; without `retry_in_s` it
    waits 1, 2, 4 … minutes.
    Raises: as `complete`; Rejected (`external.free_text`) for an error that is no code.
    """
    require_codes(error, "external.free_text")
    row = _held(desk, job_id, worker)
    left = row[3] - 1 if retries is None else retries
    if left <= 0:
        message = f"Expected the external work to succeed, but it failed for good: {error}."
        return _answer(desk, job_id, worker, lambda wait: OperationFailed(wait, None, message))
    pause = (
        timedelta(minutes=2 ** max(0, MOST_TRIES - 1 - left)) if retry_in_s is None else timedelta(seconds=retry_in_s)
    )
    values = {"worker": None, "locked_until": None, "due_at": desk.now + pause, "retries": left, "error": error}
    desk.uow.run(_GIVE_BACK, {"id": job_id, **values})
    return {"id": job_id, "retries": left, "due_at": (desk.now + pause).isoformat()}


def _answer(desk: Desk, job_id: str, worker: str, stimulus: Any) -> dict[str, Any]:
    """Take the job away and let its instance go on. The instance is locked first, as everybody does it."""
    row = _job_row(desk, job_id)
    instance = load(desk, row[0])
    _held(desk, job_id, worker)
    if desk.uow.run(_TAKE, {"id": job_id, "worker": _worker(desk, worker)}) != 1:
        raise _lost(job_id)
    given: Stimulus = stimulus(row[1])
    step = take_step(desk, instance, given)
    return {"id": job_id, "instance_id": instance.id, "ended": step.state.outcome}


def _job_row(desk: Desk, job_id: str) -> tuple[Any, ...]:
    row = desk.uow.one(_JOB, {"id": job_id})
    if row is None or not desk.may(FETCH, row[4]):
        raise NotFound("external.unknown", "Expected external work that is open, but there is none.", id=job_id)
    return row


def _held(desk: Desk, job_id: str, worker: str) -> tuple[Any, ...]:
    """The job, held by this program. Raises: NotFound (`external.unknown`); Conflict (`external.lock_lost`)."""
    row = _job_row(desk, job_id)
    held = desk.uow.one(_HELD, {"id": job_id})
    if held is None or held[0] != _worker(desk, worker):
        raise _lost(job_id)
    return row


def _lost(job_id: str) -> Conflict:
    return Conflict(
        "external.lock_lost", "Expected work that you hold, but its lock ended and it is free or another's.", id=job_id
    )


def _worker(desk: Desk, worker: str) -> str:
    """Who holds a job: the person whose token it is, and the name the program gives itself."""
    require_codes(worker, "external.worker")
    return f"{desk.actor.person_id}/{worker}"


def _lock(seconds: int) -> timedelta:
    duration = timedelta(seconds=seconds)
    if not timedelta(seconds=1) <= duration <= LONGEST_LOCK:
        raise Rejected("external.lock", f"Expected a lock of 1 s to 24 h, but got {seconds} s.", seconds=seconds)
    return duration
