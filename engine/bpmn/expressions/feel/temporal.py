"""Dates, times and durations as FEEL has them: years to ±999,999,999, nanoseconds, offsets or named zones.

Python's own types end at the year 9999 and at microseconds and know no duration in months, so these are plain numbers
with the arithmetic of the proleptic Gregorian calendar. A zone is None (local), an offset in seconds, or an IANA name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from engine.bpmn.expressions.faults import fault

Zone = int | str | None

NANOS: Final = 1_000_000_000
DAY_NANOS: Final = 86_400 * NANOS
YEAR_LIMIT: Final = 999_999_999
_MOST_NANOS: Final = 10**28
_MOST_MONTHS: Final = 10**15
_DAYS_TO_1970: Final = 719_468
_DAYS_IN_ERA: Final = 146_097


@dataclass(frozen=True, slots=True)
class YearMonths:
    """A duration of years and months."""

    months: int


@dataclass(frozen=True, slots=True)
class DayTime:
    """A duration of days and time."""

    nanos: int


@dataclass(frozen=True, slots=True)
class Date:
    """A calendar day."""

    year: int
    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day."""

    nanos: int
    zone: Zone = None


@dataclass(frozen=True, slots=True)
class DateTime:
    """A time of a day: an instant where it has a zone, a local one else."""

    date: Date
    nanos: int
    zone: Zone = None


def year_months(months: int) -> YearMonths:
    """The duration of so many months. Raises: ExpressionError out of range."""
    if abs(months) > _MOST_MONTHS:
        raise fault("expression.out_of_range", operation="duration")
    return YearMonths(months)


def day_time(nanos: int) -> DayTime:
    """The duration of so many nanoseconds. Raises: ExpressionError out of range."""
    if abs(nanos) > _MOST_NANOS:
        raise fault("expression.out_of_range", operation="duration")
    return DayTime(nanos)


def days_in_month(year: int, month: int) -> int:
    """How many days a month has."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def new_date(year: int, month: int, day: int) -> Date:
    """The date. Raises: ExpressionError where the calendar has none."""
    if not -YEAR_LIMIT <= year <= YEAR_LIMIT or not 1 <= month <= 12 or not 1 <= day <= days_in_month(year, month):
        raise fault("expression.no_such_day", found=f"{year}-{month}-{day}")
    return Date(year, month, day)


def day_number(date: Date) -> int:
    """Days since 1970-01-01, by eras of 400 years that start in March."""
    year = date.year - (date.month <= 2)
    era, year_of_era = divmod(year, 400)
    day_of_year = (153 * ((date.month + 9) % 12) + 2) // 5 + date.day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * _DAYS_IN_ERA + day_of_era - _DAYS_TO_1970


def date_of_number(number: int) -> Date:
    """The date so many days after 1970-01-01. Raises: ExpressionError beyond the last year."""
    era, day_of_era = divmod(number + _DAYS_TO_1970, _DAYS_IN_ERA)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    march_month = (5 * day_of_year + 2) // 153
    month = (march_month + 2) % 12 + 1
    day = day_of_year - (153 * march_month + 2) // 5 + 1
    year = era * 400 + year_of_era + (month <= 2)
    if abs(year) > YEAR_LIMIT:
        raise fault("expression.out_of_range", operation="date")
    return Date(year, month, day)


def plus_months(date: Date, months: int) -> Date:
    """The same day so many months later, or the last day of that month where it is shorter."""
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    if abs(year) > YEAR_LIMIT:
        raise fault("expression.out_of_range", operation="date")
    return Date(year, month + 1, min(date.day, days_in_month(year, month + 1)))


def months_between(start: Date, end: Date) -> int:
    """Whole months from `start` to `end`, negative where `end` is earlier."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and end.day < start.day:
        return months - 1
    if months < 0 and end.day > start.day:
        return months + 1
    return months


@lru_cache(maxsize=1_024)
def known_zone(name: str) -> ZoneInfo | None:
    """The zone of that IANA name, None where there is none."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return None


def offset_of(zone: Zone, date: Date, nanos: int) -> int | None:
    """The offset in seconds at a local time; a year Python cannot write borrows the rules of one 400 years away."""
    if not isinstance(zone, str):
        return zone
    return _seconds_east(_borrowed(date, nanos).replace(tzinfo=_rules(zone)))


def _offset_at(zone: str, instant: int) -> int:
    """The offset in seconds at an instant."""
    days, rest = divmod(instant, DAY_NANOS)
    return _seconds_east(_borrowed(date_of_number(days), rest).replace(tzinfo=UTC).astimezone(_rules(zone)))


def _rules(zone: str) -> ZoneInfo:
    rules = known_zone(zone)
    if rules is None:
        raise fault("expression.no_such_day", found=zone)
    return rules


def _borrowed(date: Date, nanos: int) -> datetime:
    year = date.year if 1 < date.year < 9_999 else 2_000 + date.year % 400
    # The caller says at once which zone the clock is in.
    return datetime(year, date.month, date.day) + timedelta(seconds=nanos // NANOS)  # noqa: DTZ001


def _seconds_east(moment: datetime) -> int:
    offset = moment.utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def instant_of(moment: DateTime) -> int | None:
    """Nanoseconds since 1970-01-01T00:00Z; None for a local time, which is no instant."""
    offset = offset_of(moment.zone, moment.date, moment.nanos)
    return None if offset is None else local_nanos(moment) - offset * NANOS


def local_nanos(moment: DateTime) -> int:
    """Nanoseconds since 1970-01-01T00:00 on the clock of its own place."""
    return day_number(moment.date) * DAY_NANOS + moment.nanos


def from_local(nanos: int, zone: Zone) -> DateTime:
    """The time at `nanos` on the local clock."""
    days, rest = divmod(nanos, DAY_NANOS)
    return DateTime(date_of_number(days), rest, zone)


def plus_nanos(moment: DateTime, nanos: int) -> DateTime:
    """So much later; in a named zone by real time, so an hour is an hour across a clock change."""
    if not isinstance(moment.zone, str):
        return from_local(local_nanos(moment) + nanos, moment.zone)
    instant = (instant_of(moment) or 0) + nanos
    return from_local(instant + _offset_at(moment.zone, instant) * NANOS, moment.zone)


def time_nanos(time: Time) -> int:
    """Nanoseconds from midnight UTC; a named zone counts with its offset of 1 January 1970."""
    offset = offset_of(time.zone, Date(1970, 1, 1), time.nanos)
    return time.nanos - (offset or 0) * NANOS
