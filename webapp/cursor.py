"""The place where a page of a list ends, as an opaque text in an address."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from engine.errors import NotFound

_READ: Mapping[str, Callable[[Any], Any]] = {"moment": datetime.fromisoformat, "text": str, "number": int}


def encode(*place: datetime | str | int) -> str:
    """The place as a text."""
    parts = [each.isoformat() if isinstance(each, datetime) else each for each in place]
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode(text: str | None, *kinds: Literal["moment", "text", "number"]) -> Any:
    """The place a text names, of these kinds; None without a text. Raises: NotFound (`list.bad_cursor`)."""
    if not text:
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        place = tuple(_READ[kind](part) for kind, part in zip(kinds, parts, strict=True))
    except (ValueError, TypeError, OverflowError, RecursionError) as problem:
        raise NotFound("list.bad_cursor", "Expected the address of a page of this list, but it is none.") from problem
    if not all(_is_sound(part) for part in place):
        raise NotFound("list.bad_cursor", "Expected the address of a page of this list, but it is none.")
    return place


def _is_sound(part: datetime | str | int) -> bool:
    """Whether the database can compare it: an instant is one in UTC too, a number fits, a text has no zero byte."""
    try:
        if isinstance(part, datetime):
            return part.utcoffset() is not None and part.astimezone(UTC) is not None
        return 0 <= part < 2**31 if isinstance(part, int) else b"\x00" not in part.encode()
    except (OverflowError, UnicodeEncodeError):  # before the first year or after the last; half of a character
        return False
