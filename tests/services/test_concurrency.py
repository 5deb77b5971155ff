"""Many processes at once on one city: one of them succeeds, the others are told so, and a deadline counts once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from typing import Any

import pytest

from engine.clock import stopwatch
from engine.storage.tables import clocks, org, processes
from tests.services.crowd import (
    FOUR_STEPS,
    RACE,
    assert_whole,
    begin_many,
    completions,
    count_of,
    deadlocks,
    open_items,
    place_of,
)
from tests.services.fleet import Compete, Fire, Fleet, Item, hear
from tests.services.play import Play

CLIENTS = 8
SCHEDULERS = 2
CLERKS = CLIENTS - SCHEDULERS
AT_A_BARRIER = 10
CLEAN = {"work.done", "work.stale", "work.unknown"}
LIMIT = timedelta(hours=2)
NEAR_MS = 50
ORDER = random.Random(2)


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Eight slots for clients."""
    fleet = Fleet(CLIENTS)
    yield fleet
    fleet.close()


class Tally:
    """Who was told what: how often each item was won, and how often each refusal was heard."""

    def __init__(self) -> None:
        self.won: Counter[Item] = Counter()
        self.codes: Counter[str] = Counter()

    def barrier(self, pipes: Sequence[Connection], batch: Sequence[Item], at: Callable[[], datetime]) -> None:
        """Give a batch to everybody at once, to each in an order of its own, and wait for all."""
        for pipe in pipes:
            pipe.send([(item, at()) for item in ORDER.sample(batch, k=len(batch))])
        for pipe in pipes:
            _, won, refused = hear(pipe)
            self.won.update(won)
            self.codes.update(refused)


def _rehearse(city: Play, fleet: Fleet, drawing: str, process_id: str) -> None:
    """Install a process and let every slot complete one item of it."""
    city.install(drawing, process_id)
    fleet.rehearse(place_of(city), _opened(city, process_id, CLIENTS))


def _opened(city: Play, process_id: str, count: int) -> list[Item]:
    """The items of so many new instances."""
    before = set(open_items(city))
    begin_many(city, process_id, count)
    return [item for item in open_items(city) if item not in before]


def _batches(items: list[Item]) -> Iterator[list[Item]]:
    for first in range(0, len(items), AT_A_BARRIER):
        yield items[first : first + AT_A_BARRIER]


def test_items_tried_by_eight_clients_at_once_are_each_completed_once(city: Play, fleet: Fleet) -> None:
    """Of eight clerks who press the button together one is told that it is done, seven that somebody was faster."""
    _rehearse(city, fleet, FOUR_STEPS, "four_steps")
    items = _opened(city, "four_steps", 1_000)
    tally = Tally()
    began = stopwatch()
    with fleet.at_work(range(CLIENTS), [Compete(f"clerk.{slot}") for slot in range(CLIENTS)]) as pipes:
        for batch in _batches(items):
            tally.barrier(pipes, batch, city.clock.now)
    print(f"{len(items) / (stopwatch() - began):.0f} items/s, {dict(tally.codes)}")
    assert tally.won == Counter(items)
    assert tally.codes.keys() <= CLEAN
    assert tally.codes.total() == len(items) * (CLIENTS - 1)
    assert completions(city).total() == len(items) + CLIENTS
    assert set(completions(city).values()) == {1}
    assert_whole(city)


def test_items_claimed_by_eight_clients_at_once_are_each_claimed_once(city: Play, fleet: Fleet) -> None:
    """Nobody is told that work is in hand when a colleague was faster, and nobody that open work does not exist."""
    _rehearse(city, fleet, FOUR_STEPS, "four_steps")
    items = _opened(city, "four_steps", 100)
    people = [row.id for row in city.rows(org.person)][:CLIENTS]
    tally = Tally()
    with fleet.at_work(range(CLIENTS), [Compete(person, claims=True) for person in people]) as pipes:
        for batch in _batches(items):
            tally.barrier(pipes, batch, city.clock.now)
    assert tally.won == Counter(items)
    assert tally.codes == Counter({"work.stale": len(items) * (CLIENTS - 1)})
    assert_whole(city)


@pytest.mark.parametrize("count", [200, pytest.param(2_000, marks=pytest.mark.long)])
def test_deadline_and_completion_at_once_have_one_outcome(city: Play, fleet: Fleet, count: int) -> None:
    """A limit that passes while clerks answer either withdraws the item or finds it done; every rung fires once."""
    _rehearse(city, fleet, RACE, "race")
    batches = []
    for _ in range(count // AT_A_BARRIER):
        city.clock.advance(timedelta(seconds=1))  # so that each batch has an instant of its own at which it is due
        batches.append((city.clock.now() + LIMIT, _opened(city, "race", AT_A_BARRIER)))
    tally, rungs, late = Tally(), 0, 0
    jobs: list[Any] = [Fire()] * SCHEDULERS + [Compete(f"clerk.{slot}") for slot in range(CLERKS)]
    with fleet.at_work(range(CLIENTS), jobs) as pipes:
        schedulers, clerks = pipes[:SCHEDULERS], pipes[SCHEDULERS:]
        for due_at, batch in batches:
            for scheduler in schedulers:
                scheduler.send(due_at)
            tally.barrier(clerks, batch, partial(_near, due_at))
            for scheduler in schedulers:
                scheduler.send("stop")
            for scheduler in schedulers:
                _, more_rungs, more_late = hear(scheduler)
                rungs, late = rungs + more_rungs, late + more_late
    done = tally.won.total()
    print(f"{done} done, {late} late, {rungs} rungs, {dict(tally.codes)}")
    assert set(tally.won.values()) == {1}
    assert tally.codes.keys() <= CLEAN
    assert done + late == count
    assert Counter(row.how for row in city.rows(processes.item_history)) == {
        "completed": done + CLIENTS,
        "withdrawn": late,
    }
    assert count_of(city, "message.done") == done + CLIENTS
    assert count_of(city, "message.late") == late
    fired = Counter(row.rung for row in city.rows(clocks.escalation))
    assert fired.total() == rungs
    assert count_of(city, "message.warned") == fired[100]
    assert city.rows(processes.process_instance) == []
    assert deadlocks(city) == 0
    assert_whole(city)


def _near(instant: datetime) -> datetime:
    """An instant within 50 ms around this one."""
    return instant + timedelta(milliseconds=ORDER.randint(-NEAR_MS, NEAR_MS))
