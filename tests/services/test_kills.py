"""kill -9: what a client was told stands, what it was not told it can ask again, and nothing is ever half done."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine.clock import stopwatch
from engine.storage.failpoints import POINTS
from engine.storage.tables import processes
from engine.storage.tables.outbox import idempotency
from tests.services.crowd import (
    FOUR_STEPS,
    assert_whole,
    begin_many,
    completions,
    count_of,
    open_items,
    place_of,
)
from tests.services.fleet import ANSWER_WITHIN_S, Answer, Fleet, Item, Try, Work, hear, hear_any, kill
from tests.services.play import Play

WRITERS = 4
SHORTEST_LIFE_S, LONGEST_LIFE_S = 0.010, 0.120
DIE_YOUNG = 0.2
"""The share of lives that is counted from the fork; the others' from the first look at the database."""
KILLED = -9
KILLS_AT_A_POINT = 25
CLEAN = {"work.done", "work.stale", "work.unknown"}


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Four slots for writers."""
    fleet = Fleet(WRITERS)
    yield fleet
    fleet.close()


@pytest.fixture
def four_steps(city: Play, fleet: Fleet) -> Play:
    """A city with the process installed, which every slot has rehearsed."""
    city.install(FOUR_STEPS, "four_steps")
    begin_many(city, "four_steps", WRITERS)
    fleet.rehearse(place_of(city), open_items(city))
    return city


@dataclass
class Writer:
    """What the parent knows of one writer: its present life, what it was told, what it had no answer to."""

    slot: int
    life: int = 0
    pid: int = 0
    dies_at: float | None = None
    unanswered: dict[str, Try] = field(default_factory=dict)
    done: dict[str, Item] = field(default_factory=dict)

    @property
    def client(self) -> str:
        """Its name as an actor."""
        return f"clerk.{self.slot}"

    def take(self, word: tuple[Any, ...]) -> None:
        """Note a word about a try."""
        match word:
            case ("tries", asked):
                self.unanswered[asked.key] = asked
            case ("refused", key, code):
                assert code in CLEAN
                del self.unanswered[key]
            case ("done", key, _):
                self.done[key] = self.unanswered.pop(key).item


class Slaughter:
    """Writers at work, killed at random moments and born again; new work whenever they run dry."""

    def __init__(self, city: Play, fleet: Fleet, kills: int) -> None:
        self.city = city
        self.fleet = fleet
        self.writers = [Writer(slot) for slot in range(WRITERS)]
        self.lives_left = kills
        self.killed = self.struck = 0  # struck: killed with a try under way
        self._random = random.Random(kills)

    def run(self) -> None:
        """Kill every life there is, then let every writer ask for the answers it has not got."""
        alive = {id(self.fleet.pipes[writer.slot]): writer for writer in self.writers if self._bear(writer)}
        while alive:
            pipes = [self.fleet.pipes[writer.slot] for writer in alive.values()]
            moments = [writer.dies_at for writer in alive.values() if writer.dies_at is not None]
            for pipe in hear_any(pipes, min(moments) - stopwatch() if moments else ANSWER_WITHIN_S):
                if not self._listen(alive[id(pipe)], hear(pipe)):
                    del alive[id(pipe)]
            for writer in alive.values():
                if writer.dies_at is not None and stopwatch() >= writer.dies_at:
                    kill(writer.pid)
                    writer.dies_at = None
        for writer in self.writers:
            words, ended = self.fleet.answer(Answer(writer.client, tuple(writer.unanswered.values())), writer.slot)
            assert ended == 0
            for word in words:
                writer.take(word)
            assert writer.unanswered == {}

    def told(self) -> Counter[tuple[str, int, str]]:
        """How often each item was acknowledged, to whom."""
        return Counter((item[0], item[1], writer.client) for writer in self.writers for item in writer.done.values())

    def _bear(self, writer: Writer) -> bool:
        """Begin the writer's next life, which first asks again; False when no life is left."""
        if not self.lives_left:
            return False
        self.lives_left -= 1
        writer.life += 1
        job = Work(writer.client, writer.life, tuple(writer.unanswered.values()))
        self.fleet.pipes[writer.slot].send(job)
        return True

    def _doom(self, writer: Writer) -> None:
        """Choose the moment of the writer's death."""
        writer.dies_at = stopwatch() + self._random.uniform(SHORTEST_LIFE_S, LONGEST_LIFE_S)

    def _listen(self, writer: Writer, word: tuple[Any, ...]) -> bool:
        """Act on a word; False when it was the writer's last."""
        match word:
            case ("began", pid):
                writer.pid = pid
                if self._random.random() < DIE_YOUNG:
                    self._doom(writer)
            case ("ready",):
                if writer.dies_at is None:
                    self._doom(writer)
            case ("dry",):
                begin_many(self.city, "four_steps", 100)
            case ("ended", how):
                assert how == KILLED
                self.killed += 1
                self.struck += bool(writer.unanswered)
                return self._bear(writer)
            case _:
                writer.take(word)
        return True


@pytest.mark.parametrize("kills", [500, pytest.param(5_000, marks=pytest.mark.long)])
def test_writers_killed_at_random_lose_and_double_nothing(four_steps: Play, fleet: Fleet, kills: int) -> None:
    """What a clerk was told is done is done, once; what the clerk was not told can be asked again under its key."""
    city = four_steps
    slaughter = Slaughter(city, fleet, kills)
    began = stopwatch()
    slaughter.run()
    seconds = stopwatch() - began
    told = slaughter.told()
    print(f"{kills / seconds:.1f} kills/s, {slaughter.struck} in a command, {told.total()} completions")
    assert slaughter.killed == kills
    assert set(told.values()) == {1}
    assert completions(city) == told + Counter({key: 1 for key in completions(city) if key[2] == "rehearsal"})
    assert len(city.rows(idempotency)) == told.total()
    assert count_of(city, "message.filed") == len(city.rows(processes.instance_history))
    assert_whole(city)
    assert slaughter.struck > kills // 4, "hardly any kill struck a command under way"


@pytest.mark.parametrize("point", POINTS)
def test_writer_killed_at_a_named_point_leaves_the_state_before(four_steps: Play, fleet: Fleet, point: str) -> None:
    """A transaction cut at any of its stages has not happened; asked again it happens once, and again it is known."""
    city = four_steps
    for number in range(KILLS_AT_A_POINT):
        if not open_items(city):
            begin_many(city, "four_steps", 1)
        before = city.everything()
        asked = Try(f"{point}:{number}", open_items(city)[0])
        assert fleet.answer(Answer("clerk", (asked,), point)) == ([], KILLED)
        assert city.everything() == before
        words, ended = fleet.answer(Answer("clerk", (asked, asked)))
        assert words == [("done", asked.key, words[0][2])] * 2
        assert ended == 0
    assert set(completions(city).values()) == {1}
    assert completions(city).total() == KILLS_AT_A_POINT + WRITERS
    assert_whole(city)
