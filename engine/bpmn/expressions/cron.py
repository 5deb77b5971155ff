"""Cron texts of timers: Quartz with six or seven fields, unix with five, and the usual @words.

Quartz: second, minute, hour, day of month, month, day of week (1 is Sunday), year; `?`, `L`, `W` and `#` as there.
Unix: minute, hour, day of month, month, day of week (0 and 7 are Sunday); where both days are stated, either will do.
All times are wall-clock times of one zone: those that a change of its clocks leaves out are left out, those it repeats
happen once. Nothing happens more often than once a minute.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NoReturn
from zoneinfo import ZoneInfo

from engine.bpmn.expressions.faults import fault

_WORDS: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LOOKS_LIKE_CRON: Final = re.compile(r"@[a-z]+|[0-9*?][^ ]*(?: +[^ ]+){4,6}", re.ASCII)
_ITEM: Final = re.compile(r"(?:(\*|\?)|([0-9]{1,4}|[A-Z]{3})(?:-([0-9]{1,4}|[A-Z]{3}))?)(?:/([0-9]{1,4}))?", re.ASCII)
_NEAREST: Final = re.compile(r"(?:([0-9]{1,2})|L)W", re.ASCII)
_FROM_LAST: Final = re.compile(r"L(?:-([0-9]{1,2}))?", re.ASCII)
_LAST_DAY: Final = re.compile(r"([0-9]|[A-Z]{3})L", re.ASCII)
_NTH_DAY: Final = re.compile(r"([0-9]|[A-Z]{3})#([1-5])", re.ASCII)
_FARTHEST: Final = timedelta(days=366 * 9)  # a 29th of February may be eight years away
_DayTest = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron text that was read; `after` says when it happens next."""

    text: str
    times: tuple[time, ...]
    month: frozenset[int]
    years: frozenset[int]
    is_day: _DayTest

    def after(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """The first instant after `instant` at which it happens, in UTC. Raises: ExpressionError where none is left."""
        local = instant.astimezone(zone)
        day = local.date()
        while day - local.date() <= _FARTHEST:
            if day.month in self.month and day.year in self.years and self.is_day(day):
                for at in self.times:
                    wall = datetime.combine(day, at, zone)
                    found = wall.astimezone(UTC)
                    if found > instant and found.astimezone(zone).replace(fold=0) == wall:
                        return found
            day += timedelta(days=1)
        raise fault("expression.cron_never", found=self.text)


def looks_like_cron(text: str) -> bool:
    """Whether a text of a cycle is meant as cron."""
    return _LOOKS_LIKE_CRON.fullmatch(text[:200]) is not None


@lru_cache(maxsize=512)
def parse_cron(text: str) -> Cron:
    """The cron text. Raises: ExpressionError for one that is none, or that happens more often than once a minute."""
    fields = _WORDS.get(text, text).upper().split()
    if len(text) > 120 or len(fields) not in (5, 6, 7):
        _refuse(text)
    unix = len(fields) == 5
    if unix:
        fields = ["0", *fields]
    seconds = _numbers(fields[0], 0, 59, text)
    if len(seconds) != 1:
        raise fault("expression.cron_too_often", found=text)
    minutes, hours = _numbers(fields[1], 0, 59, text), _numbers(fields[2], 0, 23, text)
    return Cron(
        text,
        tuple(time(hour, minute, min(seconds)) for hour in sorted(hours) for minute in sorted(minutes)),
        _numbers(fields[4], 1, 12, text, _MONTHS, 1),
        _numbers(fields[6], 2000, 2099, text) if len(fields) == 7 else frozenset(range(2000, 2100)),
        _days(fields[3], fields[5], text, unix=unix),
    )


def _days(of_month: str, of_week: str, text: str, *, unix: bool) -> _DayTest:
    in_month, in_week = _day_of_month(of_month, text), _day_of_week(of_week, text, unix=unix)
    if in_month is None or in_week is None:
        return in_month or in_week or (lambda day: True)
    if unix:
        return lambda day: in_month(day) or in_week(day)
    return lambda day: in_month(day) and in_week(day)


def _day_of_month(field: str, text: str) -> _DayTest | None:
    """The test of a day of the month, None where any will do."""
    if field in ("*", "?"):
        return None
    if found := _NEAREST.fullmatch(field):
        wanted = found.group(1)
        return lambda day: day == _nearest_weekday(day, int(wanted) if wanted else _last(day))
    if found := _FROM_LAST.fullmatch(field):
        back = int(found.group(1) or 0)
        return lambda day: day.day == _last(day) - back
    numbers = _numbers(field, 1, 31, text)
    return lambda day: day.day in numbers


def _day_of_week(field: str, text: str, *, unix: bool) -> _DayTest | None:
    """The test of a day of the week, None where any will do; days are counted from Sunday, 0."""
    if field in ("*", "?"):
        return None
    first = 0 if unix else 1
    if field == "L":
        return lambda day: _weekday(day) == 6
    if found := _LAST_DAY.fullmatch(field):
        (wanted,) = _weekdays(found.group(1), first, text)
        return lambda day: _weekday(day) == wanted and day.day > _last(day) - 7
    if found := _NTH_DAY.fullmatch(field):
        (wanted,), nth = _weekdays(found.group(1), first, text), int(found.group(2))
        return lambda day: _weekday(day) == wanted and (day.day - 1) // 7 == nth - 1
    numbers = _weekdays(field, first, text)
    return lambda day: _weekday(day) in numbers


def _weekdays(field: str, first: int, text: str) -> frozenset[int]:
    return frozenset((number - first) % 7 for number in _numbers(field, first, 7, text, _DAYS, first))


def _numbers(
    field: str, low: int, high: int, text: str, names: tuple[str, ...] = (), first_name: int = 0
) -> frozenset[int]:
    """The numbers of one field: lists of `*`, numbers, names and ranges, each with a step."""
    found: set[int] = set()
    for item in field.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            _refuse(text)
        anything, begin, end, step = match.groups()
        start = low if anything else _number(begin, names, first_name, text)
        stop = high if anything or (step and end is None) else _number(end or begin, names, first_name, text)
        if not (low <= start <= high and low <= stop <= high) or (step and int(step) == 0):
            _refuse(text)
        if stop < start:  # FRI-MON goes round
            stop += high - low + 1
        found.update((number - low) % (high - low + 1) + low for number in range(start, stop + 1, int(step or 1)))
    return frozenset(found)


def _number(word: str, names: tuple[str, ...], first_name: int, text: str) -> int:
    if word.isdecimal():
        return int(word)
    if word not in names:
        _refuse(text)
    return names.index(word) + first_name


def _weekday(day: date) -> int:
    return day.isoweekday() % 7


def _last(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _nearest_weekday(day: date, wanted: int) -> date | None:
    """The working day next to the wanted day of the month of `day`, in the same month; None where it has no such."""
    if not 1 <= wanted <= _last(day):
        return None
    there = day.replace(day=wanted)
    move = {6: -1, 7: 1}.get(there.isoweekday(), 0)
    if move and there.replace(day=1) <= there + timedelta(days=move) <= there.replace(day=_last(day)):
        return there + timedelta(days=move)
    return there + timedelta(days=-2 * move) if move else there


def _refuse(text: str) -> NoReturn:
    raise fault("expression.cron_syntax", found=text)
