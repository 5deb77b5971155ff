"""ISO 8601 texts of timers: durations, instants, dates and cycles, with bounds a city can live with.

Durations go from 1 second to 366 days and know no years or months, whose length varies; instants carry an offset and
lie in 2000 to 2099; cycles are counted. Everything else is refused by name.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from fractions import Fraction
from typing import Final, NamedTuple

from engine.bpmn.expressions.faults import fault

SHORTEST: Final = timedelta(seconds=1)
LONGEST: Final = timedelta(days=366)
SHORTEST_INTERVAL: Final = timedelta(seconds=60)
MOST_REPETITIONS: Final = 1_000
YEARS: Final = range(2000, 2100)

_NUMBER = r"([0-9]{1,9}(?:[.,][0-9]{1,9})?)"
_DURATION = re.compile(rf"P(?:{_NUMBER}W|(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?)", re.ASCII)
_CALENDAR = re.compile(r"P[0-9.,]+[YM]|P[0-9.,YM]*[0-9.,]+[YM]", re.ASCII)
_UNITS_IN_SECONDS: Final = (604_800, 86_400, 3_600, 60, 1)
_INSTANT = re.compile(
    r"([0-9]{4})-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r"(Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?",
    re.ASCII,
)
_DATE = re.compile(r"([0-9]{4})-[0-9]{2}-[0-9]{2}", re.ASCII)
_CYCLE = re.compile(r"R(-?[0-9]{0,9})/(?:([^/]{1,40})/)?([^/]{1,60})", re.ASCII)


class Cycle(NamedTuple):
    """How often, in what interval and from when on (None: from the moment of arming)."""

    repetitions: int
    interval: timedelta
    start: datetime | None


def parse_duration(text: str) -> timedelta:
    """The duration `text` says, from 1 second to 366 days. Raises: ExpressionError."""
    if text.startswith("-"):
        raise fault("expression.duration_negative", found=text)
    match = _DURATION.fullmatch(text[:120])
    if match is None:
        code = "expression.duration_calendar" if _CALENDAR.match(text[:120]) else "expression.duration_syntax"
        raise fault(code, found=text)
    given = [(number, unit) for number, unit in zip(match.groups(), _UNITS_IN_SECONDS, strict=True) if number]
    if not given:
        raise fault("expression.duration_empty", found=text)
    if text.endswith("T") or any("." in number or "," in number for number, _ in given[:-1]):
        raise fault("expression.duration_syntax", found=text)
    seconds = sum((Fraction(number.replace(",", ".")) * unit for number, unit in given), Fraction(0))
    if seconds > LONGEST.total_seconds():
        raise fault("expression.duration_range", found=text)
    return bounded_duration(timedelta(microseconds=round(seconds * 1_000_000)))


def bounded_duration(duration: timedelta) -> timedelta:
    """`duration` itself. Raises: ExpressionError when it is not from 1 second to 366 days."""
    if duration < timedelta(0):
        raise fault("expression.duration_negative", found=str(duration))
    if not SHORTEST <= duration <= LONGEST:
        raise fault("expression.duration_range", found=str(duration))
    return duration


def format_duration(duration: timedelta) -> str:
    """`duration` as ISO 8601 in days, hours, minutes and seconds, such as P1DT30M; PT0S for none."""
    sign, rest = ("-", -duration) if duration < timedelta(0) else ("", duration)
    minutes, seconds = divmod(rest.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{rest.microseconds:06d}".rstrip("0") if rest.microseconds else ""
    days = f"{rest.days}D" if rest.days else ""
    parts = [f"{number}{unit}" for number, unit in ((hours, "H"), (minutes, "M")) if number]
    if seconds or fraction:
        parts.append(f"{seconds}{fraction}S")
    if not days and not parts:
        parts.append("0S")
    return f"{sign}P{days}{'T' if parts else ''}{''.join(parts)}"


def parse_datetime(text: str, zone: tzinfo | None = None) -> datetime:
    """The instant `text` says, in UTC; without offset it is one of `zone`, where that is given.

    Raises: ExpressionError without either, outside 2000–2099, off the calendar.
    """
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise fault("expression.instant_syntax", found=text)
    year, offset = match.groups()
    if offset is None and zone is None:
        raise fault("expression.instant_offset", found=text)
    _refuse_year(year)
    try:
        instant = datetime.fromisoformat(text)
        return (instant if offset is not None else instant.replace(tzinfo=zone)).astimezone(UTC)
    except ValueError:
        raise fault("expression.no_such_day", found=text) from None


def format_instant(instant: datetime) -> str:
    """`instant` as ISO 8601 in UTC with Z. Raises: ExpressionError when it carries no offset."""
    if instant.tzinfo is None:
        raise fault("expression.naive_instant", operation="${…}")
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_date(text: str) -> date:
    """The date `text` says. Raises: ExpressionError outside 2000–2099 or off the calendar."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise fault("expression.date_syntax", found=text)
    _refuse_year(match.group(1))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise fault("expression.no_such_day", found=text) from None


def parse_cycle(text: str, zone: tzinfo | None = None) -> Cycle:
    """The cycle `text` says: 1 to 1000 times, at least a minute apart; `zone` as in `parse_datetime`.

    Raises: ExpressionError.
    """
    match = _CYCLE.fullmatch(text)
    if match is None:
        raise fault("expression.cycle_syntax", found=text)
    count, start, interval = match.groups()
    if not count or count.startswith("-"):
        raise fault("expression.cycle_unbounded", found=text)
    if not 1 <= int(count) <= MOST_REPETITIONS:
        raise fault("expression.cycle_count", found=count)
    begin = parse_datetime(start, zone) if start is not None else None
    duration = parse_duration(interval)
    if duration < SHORTEST_INTERVAL:
        raise fault("expression.cycle_interval", found=interval)
    return Cycle(int(count), duration, begin)


def _refuse_year(year: str) -> None:
    if int(year) not in YEARS:
        raise fault("expression.year_range", found=year)
