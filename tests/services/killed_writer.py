"""The program behind `fleet.Fleet`: serves each pipe it is given with a process of its own, each job with a fork.

A life ends by itself after `LIFE_S` seconds at the latest, a slot when its pipe is closed, the program with its slots.
"""

from __future__ import annotations

import importlib
import os
import random
import signal
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any

from sqlalchemy import bindparam, select

from engine.domain.access import SYSTEM_ACTOR, Actor, Holding
from engine.errors import EngineError
from engine.sealing import load_keys
from engine.services import escalations, timers, work
from engine.services.engine import Engine
from engine.storage import failpoints
from engine.storage.prepared import Prepared
from engine.storage.tables.processes import work_item
from engine.storage.uow import Database
from engine.testing import ManualClock
from tests.services.fleet import Answer, Compete, Fire, Item, Place, Rehearse, Try, Work

LIFE_S = 180
MOST_SEEN = 24
FEW = 2
"""So few are fired in one transaction that others get in between."""

_OPEN = Prepared(
    select(work_item.c.instance_id, work_item.c.wait, work_item.c.revision)
    .order_by(work_item.c.instance_id, work_item.c.wait)
    .limit(bindparam("limit"))
)


class Slot:
    """One slot: its pipe and, once rehearsed, its engine without an open connection."""

    def __init__(self, pipe: Connection) -> None:
        self.pipe = pipe
        self.engine: Engine
        self.clock: ManualClock

    def serve(self) -> None:
        """Take jobs until the pipe is closed."""
        while True:
            try:
                job = self.pipe.recv()
            except (EOFError, ConnectionError):
                return
            if isinstance(job, Rehearse):
                self.rehearse(job)
                continue
            pid = os.fork()
            if pid == 0:
                live(self, job)
            self.pipe.send(("ended", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))

    def rehearse(self, job: Rehearse) -> None:
        """Open the city and complete one item; no connection stays open, for a fork must not share one."""
        self.clock = ManualClock(job.place.now)
        self.engine = _open(job.place, self.clock)
        self.engine.command(work.complete, _clerk("rehearsal"), *job.item, {})
        self.engine.database.close()
        self.pipe.send(("rehearsed",))


def _open(place: Place, clock: ManualClock) -> Engine:
    return Engine(Database(place.database_url, load_keys(place.keys_file)), clock=clock, seal_file=place.seal_file)


def _clerk(name: str) -> Actor:
    return Actor(name, holdings=(Holding("department_clerk", "water"),))


def live(slot: Slot, job: Any) -> None:
    """Do one job and end the process, well or with the traceback as last word."""
    signal.alarm(LIFE_S)
    slot.pipe.send(("began", os.getpid()))
    try:
        _JOBS[type(job)](slot, job)
        slot.engine.database.close()
        os._exit(0)
    except BaseException:
        with suppress(OSError):
            slot.pipe.send(("failed", traceback.format_exc()))
        os._exit(1)


def answer(slot: Slot, job: Answer) -> None:
    """Make the tries, dying where the failpoint says."""
    if job.failpoint:
        os.environ["CITYLOOP_FAILPOINT"] = job.failpoint
        importlib.reload(failpoints)
    for each in job.tries:
        _make(slot, job.client, each)


def work_until_killed(slot: Slot, job: Work) -> None:
    """Ask again what had no answer, then complete open items at random."""
    with slot.engine.database.read():
        slot.pipe.send(("ready",))
    for each in job.tries:
        _make(slot, job.client, each)
    made = 0
    while True:
        with slot.engine.database.read() as uow:
            seen = uow.rows(_OPEN, {"limit": MOST_SEEN})
        if not seen:
            slot.pipe.send(("dry",))
            slot.pipe.recv()  # nothing comes: death, or the end of the pipe
        for item in random.sample(seen, k=min(4, len(seen))):
            made += 1
            next_try = Try(f"{job.life}:{made}", (item[0], item[1], item[2]))
            slot.pipe.send(("tries", next_try))
            _make(slot, job.client, next_try)


def _make(slot: Slot, client: str, each: Try) -> None:
    """One try, and its answer to whoever asked: only after the command has returned."""
    try:
        found = slot.engine.once(each.key, work.complete, _clerk(client), *each.item, {})
    except EngineError as refusal:
        slot.pipe.send(("refused", each.key, refusal.code))
    else:
        slot.pipe.send(("done", each.key, found))


def compete(slot: Slot, job: Compete) -> None:
    """Try every item of each batch, in the order given and at the instant given with it; say who was told what."""
    while (batch := slot.pipe.recv()) is not None:
        codes: Counter[str] = Counter()
        won: list[Item] = []
        for item, at in batch:
            slot.clock.set(at)
            try:
                if job.claims:
                    slot.engine.command(work.claim, _clerk(job.client), *item)
                else:
                    slot.engine.command(work.complete, _clerk(job.client), *item, {})
            except EngineError as refusal:
                codes[refusal.code] += 1
            else:
                won.append(item)
        slot.pipe.send(("tried", won, codes))


def fire(slot: Slot, job: Fire) -> None:
    """For each instant received, fire what is due by it over and over until told to stop; say how much it was."""
    rungs = fired = 0
    while (at := slot.pipe.recv()) is not None:
        assert isinstance(at, datetime)
        slot.clock.set(at)
        while not slot.pipe.poll():
            rungs += slot.engine.command(escalations.fire_due, SYSTEM_ACTOR, FEW)
            fired += slot.engine.command(timers.fire_due, SYSTEM_ACTOR, FEW)
        assert slot.pipe.recv() == "stop"
        slot.pipe.send(("fired", rungs, fired))
        rungs = fired = 0


_JOBS: dict[type, Callable[[Slot, Any], None]] = {
    Answer: answer,
    Work: work_until_killed,
    Compete: compete,
    Fire: fire,
}


def main(numbers: list[int]) -> None:
    """Fork a slot for each pipe, close them here, and wait until all have ended."""
    slots = []
    for number in numbers:
        pid = os.fork()
        if pid == 0:
            for other in numbers:
                if other != number:
                    os.close(other)
            Slot(Connection(number)).serve()
            os._exit(0)
        slots.append(pid)
    for number in numbers:
        os.close(number)
    for pid in slots:
        os.waitpid(pid, 0)


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]])
