"""Processes that tests can kill: one program with everything imported, a slot for each process, a pipe for each slot.

The program (`killed_writer.py`) forks a life for every job, so that being born again costs milliseconds. A life says
`began` with its process id, then what it does; whatever it had said before it ended arrives before `ended`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

ANSWER_WITHIN_S = 90
"""Longer than any life may take to say its next word."""

Item = tuple[str, int, int]
"""An open work item as a client saw it: instance, wait, revision."""


@dataclass(frozen=True)
class Place:
    """Where the city of a test is."""

    database_url: str
    keys_file: Path
    seal_file: Path
    now: datetime


@dataclass(frozen=True)
class Try:
    """What a client asks for: this item, under its key."""

    key: str
    item: Item


@dataclass(frozen=True)
class Rehearse:
    """Complete one item in the slot itself, so that its lives begin with compiled statements and read caches."""

    place: Place
    item: Item


@dataclass(frozen=True)
class Answer:
    """Make these tries and end; with `failpoint`, die there."""

    client: str
    tries: tuple[Try, ...]
    failpoint: str = ""


@dataclass(frozen=True)
class Work:
    """Make these tries, then complete whatever is open, until killed."""

    client: str
    life: int
    tries: tuple[Try, ...]


@dataclass(frozen=True)
class Compete:
    """Wait for batches of items and try to complete, or to claim, every one of them."""

    client: str
    claims: bool = False


@dataclass(frozen=True)
class Fire:
    """Wait for instants and fire what is due by them, a few at a time, until told to stop."""


class Fleet:
    """The slots and their pipes."""

    def __init__(self, size: int) -> None:
        pairs = [Pipe() for _ in range(size)]
        far = [pair[1].fileno() for pair in pairs]
        self.pipes: list[Connection] = [pair[0] for pair in pairs]
        self._program = subprocess.Popen(
            [sys.executable, "-m", "tests.services.killed_writer", *map(str, far)],
            pass_fds=far,
            cwd=Path(__file__).parents[2],
            env={name: value for name, value in os.environ.items() if not name.startswith("CITYLOOP_")},
        )
        for pair in pairs:
            pair[1].close()

    def rehearse(self, place: Place, items: Sequence[Item]) -> None:
        """Open the city in the first `len(items)` slots; each completes one of the items."""
        for pipe, item in zip(self.pipes, items, strict=False):
            pipe.send(Rehearse(place, item))
        for pipe in self.pipes[: len(items)]:
            assert hear(pipe)[0] == "rehearsed"

    def answer(self, job: Answer, slot: int = 0) -> tuple[list[tuple[Any, ...]], int]:
        """Have one slot make tries; what it said, and how it ended (minus the signal that killed it)."""
        pipe = self.pipes[slot]
        pipe.send(job)
        said: list[tuple[Any, ...]] = []
        while (word := hear(pipe))[0] != "ended":
            said.append(word)
        return [word for word in said if word[0] in ("done", "refused")], word[1]

    @contextmanager
    def at_work(self, slots: range, jobs: Sequence[Any]) -> Iterator[list[Connection]]:
        """The pipes of these slots while each works on its job; afterwards all have stopped by themselves."""
        pipes = [self.pipes[slot] for slot in slots]
        for pipe, job in zip(pipes, jobs, strict=True):
            pipe.send(job)
        for pipe in pipes:
            assert hear(pipe)[0] == "began"
        yield pipes
        for pipe in pipes:
            pipe.send(None)
        for pipe in pipes:
            assert hear(pipe) == ("ended", 0)

    def close(self) -> None:
        """End the program and see that it ends well."""
        for pipe in self.pipes:
            pipe.close()
        assert self._program.wait(ANSWER_WITHIN_S) == 0


def hear(pipe: Connection) -> tuple[Any, ...]:
    """The next word of a slot. Raises: AssertionError for a life that failed, or none in time."""
    assert pipe.poll(ANSWER_WITHIN_S), "no word from a slot"
    word: tuple[Any, ...] = pipe.recv()
    assert word[0] != "failed", word[1]
    return word


def hear_any(pipes: Sequence[Connection], within_s: float) -> list[Connection]:
    """The pipes on which a word waits, after at most so many seconds."""
    found = wait(pipes, max(0.0, within_s))
    return [pipe for pipe in pipes if pipe in found]


def kill(pid: int) -> None:
    """kill -9; nothing for one that has ended by itself, whose last word says why."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
