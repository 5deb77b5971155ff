"""What every kind of source gives: signals in one shape, and findings that say what was wrong and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from engine.domain.signal import Signal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with what came in.

    Shape: an `error` means that the alert or file at `path` gave no signal; a `warning` was tolerated. `path` is like
    `alert/info[1]/urgency`, empty for the whole file; `line` counts from 1 and is None where the file has no lines.
    """

    rule: str
    severity: Severity
    path: str
    line: int | None
    message: str


class Source(Protocol):
    """A kind of source: knows how to read what its senders send."""

    def __call__(self, content: bytes) -> tuple[list[Signal], list[Finding]]:
        """The signals in `content` and every finding; never raises for content."""
        ...
