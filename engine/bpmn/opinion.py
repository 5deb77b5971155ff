"""The verdict of the second opinion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["agrees", "differs", "cannot"]
_GRAVITY: dict[Verdict, int] = {"agrees": 0, "cannot": 1, "differs": 2}


@dataclass(frozen=True, slots=True)
class Opinion:
    """Whether SpiffWorkflow reads and runs a process like we do; the reason says why it differs or cannot."""

    verdict: Verdict
    reason: str = ""


def gravest(opinions: Iterable[Opinion]) -> Opinion:
    """The opinion that weighs most: a difference before an inability before agreement."""
    return max(opinions, key=lambda opinion: _GRAVITY[opinion.verdict])
