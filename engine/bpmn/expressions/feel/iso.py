"""The texts of FEEL's dates, times and durations, read and written; strict, as XML Schema has them."""

from __future__ import annotations

import re
from typing import Final

from engine.bpmn.expressions.faults import ExpressionError, fault
from engine.bpmn.expressions.feel.temporal import (
    DAY_NANOS,
    NANOS,
    Date,
    DateTime,
    DayTime,
    Time,
    YearMonths,
    Zone,
    date_of_number,
    day_number,
    day_time,
    known_zone,
    new_date,
    year_months,
)

_DATE = re.compile(r"(-?(?:[1-9][0-9]{3,8}|0[0-9]{3}))-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,20}))?"
    r"(?:(Z|z)|([+-])([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?|@([A-Za-z][A-Za-z0-9_+/-]{0,60}))?"
)
_MONTHS = re.compile(r"(-?)P(?:([0-9]{1,15})Y)?(?:([0-9]{1,15})M)?")
_DAYS = re.compile(
    r"(-?)P(?:([0-9]{1,15})D)?"
    r"(?:T(?:([0-9]{1,15})H)?(?:([0-9]{1,15})M)?(?:([0-9]{1,15})(?:\.([0-9]{0,20}))?S)?)?"
)
_LONGEST_TEXT: Final = 120
_LARGEST_OFFSET: Final = 18 * 3_600


def parse_date(text: str) -> Date:
    """The date `text` says. Raises: ExpressionError."""
    match = _DATE.fullmatch(text)
    if match is None:
        raise fault("expression.date_syntax", found=text)
    year, month, day = (int(part) for part in match.groups())
    return new_date(year, month, day)


def parse_time(text: str) -> Time:
    """The time of day `text` says; 24:00:00 is midnight. Raises: ExpressionError."""
    nanos, zone = _time_of(text)
    return Time(nanos % DAY_NANOS, zone)


def parse_date_time(text: str) -> DateTime:
    """The date and time `text` says; a date alone is its midnight. Raises: ExpressionError."""
    day, separator, rest = text.partition("T")
    date = parse_date(day)
    if not separator:
        return DateTime(date, 0)
    nanos, zone = _time_of(rest)
    if nanos == DAY_NANOS:
        return DateTime(date_of_number(day_number(date) + 1), 0, zone)
    return DateTime(date, nanos, zone)


def parse_duration(text: str) -> YearMonths | DayTime:
    """The duration `text` says, of years and months or of days and time. Raises: ExpressionError."""
    if len(text) <= _LONGEST_TEXT and text[-1:] not in ("P", "T"):
        if match := _MONTHS.fullmatch(text):
            sign, years, months = match.groups()
            total = int(years or 0) * 12 + int(months or 0)
            return year_months(-total if sign else total)
        if match := _DAYS.fullmatch(text):
            sign, days, hours, minutes, seconds, fraction = match.groups()
            whole = int(days or 0) * 86_400 + int(hours or 0) * 3_600 + int(minutes or 0) * 60 + int(seconds or 0)
            nanos = whole * NANOS + _fraction(fraction)
            return day_time(-nanos if sign else nanos)
    raise fault("expression.duration_syntax", found=text)


def parse_literal(text: str, at: int) -> Date | Time | DateTime | YearMonths | DayTime:
    """The value of `@"…"`. Raises: ExpressionError."""
    try:
        if text.startswith(("P", "-P")):
            return parse_duration(text)
        plain = text.partition("@")[0]
        if "T" in plain:
            return parse_date_time(text)
        return parse_time(text) if ":" in plain else parse_date(text)
    except ExpressionError as refusal:
        raise refusal.located(at) from None


def format_date(date: Date) -> str:
    """The date as FEEL writes it."""
    sign = "-" if date.year < 0 else ""
    return f"{sign}{abs(date.year):04d}-{date.month:02d}-{date.day:02d}"


def format_time(time: Time) -> str:
    """The time as FEEL writes it, with its offset or zone."""
    seconds, fraction = divmod(time.nanos, NANOS)
    shown = f"{seconds // 3_600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{_decimals(fraction)}"
    return shown + format_zone(time.zone)


def format_zone(zone: Zone) -> str:
    """The suffix of an offset or zone."""
    if zone is None:
        return ""
    if isinstance(zone, str):
        return f"@{zone}"
    if zone == 0:
        return "Z"
    seconds = abs(zone)
    tail = f":{seconds % 60:02d}" if seconds % 60 else ""
    return f"{'-' if zone < 0 else '+'}{seconds // 3_600:02d}:{seconds // 60 % 60:02d}{tail}"


def format_date_time(moment: DateTime) -> str:
    """The date and time as FEEL writes it."""
    return f"{format_date(moment.date)}T{format_time(Time(moment.nanos, moment.zone))}"


def format_duration(duration: YearMonths | DayTime) -> str:
    """The duration as FEEL writes it; P0M and PT0S for none."""
    if isinstance(duration, YearMonths):
        years, months = divmod(abs(duration.months), 12)
        parts = f"{years}Y" * bool(years) + f"{months}M" * bool(months)
        return f"{'-' if duration.months < 0 else ''}P{parts or '0M'}"
    days, rest = divmod(abs(duration.nanos), DAY_NANOS)
    seconds, fraction = divmod(rest, NANOS)
    hours, minutes, seconds = seconds // 3_600, seconds // 60 % 60, seconds % 60
    clock = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes)
    if seconds or fraction:
        clock += f"{seconds}{_decimals(fraction)}S"
    if not days and not clock:
        clock = "0S"
    return f"{'-' if duration.nanos < 0 else ''}P{f'{days}D' * bool(days)}{f'T{clock}' if clock else ''}"


def _time_of(text: str) -> tuple[int, Zone]:
    match = _TIME.fullmatch(text)
    if match is None:
        raise fault("expression.time_syntax", found=text)
    hour, minute, second, fraction, zulu, sign, off_hours, off_minutes, off_seconds, name = match.groups()
    nanos = (int(hour) * 3_600 + int(minute) * 60 + int(second)) * NANOS + _fraction(fraction)
    if int(minute) > 59 or int(second) > 59 or nanos > DAY_NANOS:
        raise fault("expression.time_syntax", found=text)
    zone: Zone = 0 if zulu else None
    if sign:
        offset = int(off_hours) * 3_600 + int(off_minutes) * 60 + int(off_seconds or 0)
        if offset > _LARGEST_OFFSET or int(off_minutes) > 59 or int(off_seconds or 0) > 59:
            raise fault("expression.time_syntax", found=text)
        zone = -offset if sign == "-" else offset
    elif name:
        if known_zone(name) is None:
            raise fault("expression.time_syntax", found=text)
        zone = name
    return nanos, zone


def _fraction(digits: str | None) -> int:
    return int((digits or "")[:9].ljust(9, "0"))


def _decimals(nanos: int) -> str:
    return f".{nanos:09d}".rstrip("0") if nanos else ""
