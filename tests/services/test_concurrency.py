"""Many processes at once on one city: one of them succeeds, the others are told so, and a deadline counts once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
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


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Eight slots for clients."""
    fleet = Fleet(CLIENTS)
    yield fleet
    fleet.close()


def _rehearsed(city: Play, fleet: Fleet, drawing: str, process_id: str, count: int) -> list[Item]:
    """The open items of so many instances, in a city that every slot has rehearsed."""
    city.install(drawing, process_id)
    begin_many(city, process_id, CLIENTS)
    fleet.rehearse(place_of(city), open_items(city))
    rehearsed = set(open_items(city))
    begin_many(city, process_id, count)
    return [item for item in open_items(city) if item not in rehearsed]


def _batches(items: list[Item], size: int) -> Iterator[list[Item]]:
    for first in range(0, len(items), size):
        yield items[first : first + size]


@pytest.mark.parametrize("count", [1_000])
def test_items_tried_by_eight_clients_at_once_are_each_completed_once(city: Play, fleet: Fleet, count: int) -> None:
    """Of eight clerks who press the button together one is told that it is done, seven that somebody was faster."""
    items = _rehearsed(city, fleet, FOUR_STEPS, "four_steps", count)
    order = random.Random(count)
    won: Counter[Item] = Counter()
    codes: Counter[str] = Counter()
    began = stopwatch()
    jobs = [Compete(f"clerk.{slot}") for slot in range(CLIENTS)]
    with fleet.at_work(range(CLIENTS), jobs) as pipes:
        for batch in _batches(items, AT_A_BARRIER):
            for pipe in pipes:
                pipe.send([(item, city.clock.now()) for item in order.sample(batch, k=len(batch))])
            for pipe in pipes:
                _, found, refused = hear(pipe)
                won.update(found)
                codes.update(refused)
    print(f"{count / (stopwatch() - began):.0f} items/s, {dict(codes)}")
    assert won == Counter(items)
    assert codes.keys() <= CLEAN
    assert codes.total() == count * (CLIENTS - 1)
    assert completions(city).total() == count + CLIENTS
    assert set(completions(city).values()) == {1}
    assert_whole(city)


def test_items_claimed_by_eight_clients_at_once_are_each_claimed_once(city: Play, fleet: Fleet) -> None:
    """Nobody is told that work is in hand when a colleague was faster, and nobody that open work does not exist."""
    items = _rehearsed(city, fleet, FOUR_STEPS, "four_steps", 100)
    people = [row.id for row in city.rows(org.person)][:CLIENTS]
    won: Counter[Item] = Counter()
    codes: Counter[str] = Counter()
    with fleet.at_work(range(CLIENTS), [Compete(person, claims=True) for person in people]) as pipes:
        for batch in _batches(items, AT_A_BARRIER):
            for pipe in pipes:
                pipe.send([(item, city.clock.now()) for item in batch])
            for pipe in pipes:
                _, found, refused = hear(pipe)
                won.update(found)
                codes.update(refused)
    assert won == Counter(items)
    assert codes == Counter({"work.stale": len(items) * (CLIENTS - 1)})
    assert_whole(city)


@pytest.mark.parametrize("count", [200, pytest.param(2_000, marks=pytest.mark.long)])
def test_deadline_and_completion_at_once_have_one_outcome(city: Play, fleet: Fleet, count: int) -> None:
    """A limit that passes while clerks answer either withdraws the item or finds it done; every rung fires once."""
    items = _rehearsed(city, fleet, RACE, "race", count)
    due_at = city.clock.now() + LIMIT
    order = random.Random(count)
    told: Counter[Item] = Counter()
    codes: Counter[str] = Counter()
    rungs = timers = 0
    jobs: list[Any] = [Fire()] * SCHEDULERS + [Compete(f"clerk.{slot}") for slot in range(CLERKS)]
    with fleet.at_work(range(CLIENTS), jobs) as pipes:
        schedulers, clerks = pipes[:SCHEDULERS], pipes[SCHEDULERS:]
        for scheduler in schedulers:
            scheduler.send(due_at)
        for number, clerk in enumerate(clerks):
            # half of them go the way the schedulers go, so that they meet; the others cross it
            way = items if number % 2 else order.sample(items, k=len(items))
            clerk.send([(item, _near(due_at, order)) for item in way])
        for clerk in clerks:
            _, found, refused = hear(clerk)
            told.update(found)
            codes.update(refused)
        for scheduler in schedulers:
            scheduler.send("stop")
            _, more_rungs, more_timers = hear(scheduler)
            rungs, timers = rungs + more_rungs, timers + more_timers
    print(f"{told.total()} done, {timers} late, {rungs} rungs, {dict(codes)}")
    assert set(told.values()) == {1}
    assert codes.keys() <= CLEAN
    assert completions(city).total() == told.total() + CLIENTS
    assert told.total() + timers == count
    assert count_of(city, "message.done") == told.total() + CLIENTS
    assert count_of(city, "message.late") == timers
    fired = Counter(row.rung for row in city.rows(clocks.escalation))
    assert fired.total() == rungs
    assert count_of(city, "message.warned") == fired[100]
    how = Counter(row.how for row in city.rows(processes.item_history))
    assert how == Counter(completed=told.total() + CLIENTS, withdrawn=timers)
    assert city.rows(processes.process_instance) == []
    assert deadlocks(city) == 0
    assert_whole(city)


def _near(instant: datetime, order: random.Random) -> datetime:
    return instant + timedelta(milliseconds=order.randint(-NEAR_MS, NEAR_MS))
