"""The heartbeat of a worker process: one thread that says, again and again, "claim what is due" (D4).

APScheduler keeps the beat and nothing else: no job store, missed beats are one beat, late ones are never dropped.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import bindparam

from engine.domain.access import SYSTEM_ACTOR
from engine.services.accounts import forget_old_sessions
from engine.services.batches import run_batches
from engine.services.desk import Desk
from engine.services.engine import Engine
from engine.services.limits import forget_old_windows
from engine.services.messages import forget_old_ids
from engine.storage.prepared import Prepared, insert_into
from engine.storage.tables.outbox import worker_heartbeat

from .delivery import deliver_waiting

log = logging.getLogger(__name__)
BEAT_S = 1.0
SEAL_S = 5.0
TIDY_S = 3600.0

_BEAT_AGAIN = Prepared(worker_heartbeat.update().where(worker_heartbeat.c.worker == bindparam("name")), ("at",))
_FIRST_BEAT = insert_into(worker_heartbeat)


def beat(engine: Engine, name: str) -> int:
    """One beat: a sign of life, what is due, a piece of every running batch, then the outbox; how much was done."""

    def sign_of_life(desk: Desk) -> None:
        if not desk.uow.run(_BEAT_AGAIN, {"name": name, "at": desk.now}):
            desk.uow.run(_FIRST_BEAT, {"worker": name, "at": desk.now})

    engine.command(sign_of_life, SYSTEM_ACTOR)
    return engine.fire_all_due() + run_batches(engine) + deliver_waiting(engine)


def tidy(engine: Engine) -> None:
    """Drop what nobody asks for any more: old answers, sessions that are over, rate windows, ids of messages."""
    engine.forget_old_answers()
    engine.command(forget_old_sessions, SYSTEM_ACTOR)
    engine.command(forget_old_windows, SYSTEM_ACTOR)
    engine.command(forget_old_ids, SYSTEM_ACTOR)


def run_worker(engine: Engine, *, until: threading.Event | None = None) -> None:
    """Beat until told to stop (SIGTERM, SIGINT or `until`); a beat that fails is logged, the next one tries again."""
    stop = until or threading.Event()
    if until is None:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: stop.set())
    name = f"{socket.gethostname()}:{os.getpid()}"
    scheduler = BackgroundScheduler(
        executors={"default": ThreadPoolExecutor(1)},
        job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        timezone="UTC",
    )
    for seconds, job in (
        (BEAT_S, lambda: beat(engine, name)),
        (SEAL_S, engine.seal),
        (TIDY_S, lambda: tidy(engine)),
    ):
        scheduler.add_job(_guarded(job), "interval", seconds=seconds)
    scheduler.start()
    log.info("worker started", extra={"worker": name})
    try:
        stop.wait()
    finally:
        scheduler.shutdown(wait=True)
        engine.seal()
        log.info("worker stopped", extra={"worker": name})


def _guarded(job: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        try:
            job()
        except Exception:
            log.exception("beat failed; the next one tries again")

    return run
