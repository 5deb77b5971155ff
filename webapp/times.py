"""Instants and durations as people read them: the city's local time, and how long it is still or has been."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Flask

from engine.domain.calendar import SHANGHAI
from engine.storage.types import NEVER

from .session import now
from .text import language, t, texts

_ZONE = ZoneInfo(SHANGHAI)


def local(instant: datetime) -> datetime:
    """The instant in the city's time."""
    return instant.astimezone(_ZONE)


def from_local(text: str) -> datetime | None:
    """The instant of a field of date and time, in the city's time; None for an empty field or what is no instant."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=_ZONE) if text else None
    except ValueError:
        return None


def when(instant: datetime | str | None, *, seconds: bool = False) -> str:
    """An instant in the city's time: the hour alone today, with the day otherwise; a dash for none."""
    if isinstance(instant, str):
        instant = datetime.fromisoformat(instant)
    if instant is None or instant >= NEVER:
        return "–"
    there, today = local(instant), local(now())
    hour = "%H:%M:%S" if seconds else "%H:%M"
    if there.date() == today.date():
        return there.strftime(hour)
    return there.strftime(f"%m-%d {hour}" if there.year == today.year else f"%Y-%m-%d {hour}")


def span(duration: timedelta) -> str:
    """A duration in its two largest units, e.g. 2 h 5 min; its sign is left to the sentence around it."""
    seconds = abs(int(duration.total_seconds()))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "days"), (hours, "hours"), (minutes, "minutes"), (seconds, "seconds")]
    first = next((place for place, (count, _) in enumerate(parts) if count), 3)
    shown = [t(f"times.{unit}", count=count) for count, unit in parts[first : first + 2] if count]
    return " ".join(shown) or t("times.seconds", count=0)


@dataclass(frozen=True, slots=True)
class Deadline:
    """How a running clock stands: the share used in percent (more than 100 when overdue), and in words."""

    due_at: datetime
    percent: int
    text: str
    started_at: datetime | None = None

    @property
    def mood(self) -> str:
        """ok, soon or over: for the colour beside the text."""
        return "over" if self.percent > 100 else "soon" if self.percent >= 80 else "ok"

    @property
    def bucket(self) -> int:
        """The share in steps of ten, at most 100: for the bar."""
        return min(100, self.percent // 10 * 10)


def deadline(due_at: datetime | None, started_at: datetime | None = None) -> Deadline | None:
    """The clock that runs to `due_at`; None where nothing is due. Without a start only its sign is known."""
    if due_at is None or due_at >= NEVER:
        return None
    left = due_at - now()
    if started_at is None or started_at >= due_at:
        percent = 101 if left < timedelta() else 50
    else:
        percent = int((now() - started_at) / (due_at - started_at) * 100)
        if left < timedelta():
            percent = max(101, percent)
    text = t("times.over", span=span(left)) if left < timedelta() else t("times.left", span=span(left))
    return Deadline(due_at, percent, text, started_at)


def clock_words() -> dict[str, str]:
    """The words a page needs to let its clocks run on, with their `{places}` unfilled."""
    return {
        name: texts(language())[f"times.{name}"] for name in ("left", "over", "days", "hours", "minutes", "seconds")
    }


def install(app: Flask) -> None:
    """Make them known to templates."""
    app.jinja_env.globals.update(when=when, span=span, deadline=deadline, now=now, clock_words=clock_words)
