"""What tests of the engine, ours and others', stand on: a clock that moves only when told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class ManualClock:
    """A clock that stands still until it is moved.

    Raises: ValueError for an instant without an offset.
    """

    def __init__(self, start: datetime) -> None:
        self._now = _aware(start)

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Moves on by a duration; returns the new instant."""
        self._now += by
        return self._now

    def set(self, instant: datetime) -> None:
        """Moves to an instant, also back."""
        self._now = _aware(instant)


def _aware(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError(f"Expected an instant with an offset, but {instant!r} has none.")
    return instant.astimezone(UTC)
