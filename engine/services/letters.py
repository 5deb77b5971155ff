"""What an instance sends to others of the same city: a message for one of them, a broadcast for everyone who waits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

HELD_FOR = timedelta(hours=1)
"""How long a message that nobody waits for is held, unless its sender says otherwise."""
HELD_AT_MOST = timedelta(days=7)

SubjectRef = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class Letter:
    """A message or a broadcast on its way.

    Shape: a message with a `key` is for a wait with an equal key; one without is for a wait without, of an instance
    with the same subject. `receivers` are the waits (instance, wait) that a broadcast found when it was sent.
    """

    kind: Literal["message", "broadcast"]
    name: str
    payload: Mapping[str, Any]
    key: str | None = None
    subject: SubjectRef = (None, None)
    department_id: str | None = None
    receivers: tuple[tuple[str, int], ...] = ()
    held_for: timedelta = HELD_FOR


@dataclass(frozen=True, slots=True)
class Opened:
    """A wait for a message that has just been opened."""

    instance_id: str
    wait: int
    name: str
    key: str | None
    subject: SubjectRef
