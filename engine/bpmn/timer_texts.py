"""What the text of a timer means: durations, instants and cycles of ISO 8601, and cron.

A time zone that a text leaves open is that of the city: of an instant or a day without offset, and of every cron text.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from ..domain.calendar import SHANGHAI
from .expressions.cron import Cron, looks_like_cron, parse_cron
from .expressions.iso import parse_cycle, parse_datetime, parse_duration

CITY = ZoneInfo(SHANGHAI)
_A_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
TimerValue = tuple[str, timedelta | datetime | Cron | tuple[int | None, timedelta, datetime | None]]


def timer_value(kind: str, text: str) -> TimerValue:
    """The timer a text means. Raises: ExpressionError for anything but the forms `iso` and `cron` read."""
    if kind == "duration":
        return kind, parse_duration(text)
    if kind == "date":
        return kind, parse_datetime(f"{text}T00:00:00" if _A_DAY.fullmatch(text) else text, CITY)
    if looks_like_cron(text):
        return kind, parse_cron(text)
    return kind, parse_cycle(text, CITY)


def next_of_cron(cron: Cron, instant: datetime) -> datetime:
    """When a cron text happens next after `instant`, by the clocks of the city. Raises: ExpressionError."""
    return cron.after(instant, CITY)
