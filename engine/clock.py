"""The only place that reads the system clock (D9)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Whatever can say what time it is."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)


def stopwatch() -> float:
    """Seconds of a monotonic counter: for measuring how long something took, never for deadlines."""
    return time.perf_counter()


def cpu_seconds() -> float:
    """CPU seconds this process has used: for benches, and for work that gives up when it has used its share."""
    return time.process_time()


def pause(seconds: float) -> None:
    """Wait without work: for retries that back off outside any transaction."""
    time.sleep(seconds)


class FixedClock:
    """A clock that stands at one instant: for taking in a file as if it had come then."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The instant it stands at."""
        return self._at
