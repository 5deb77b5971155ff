"""FEEL's functions of dates, times and durations."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from engine.bpmn.expressions.faults import fault
from engine.bpmn.expressions.feel import iso
from engine.bpmn.expressions.feel.properties import weekday
from engine.bpmn.expressions.feel.run import FeelRun
from engine.bpmn.expressions.feel.signatures import Function, function
from engine.bpmn.expressions.feel.temporal import (
    NANOS,
    Date,
    DateTime,
    DayTime,
    Time,
    YearMonths,
    date_of_number,
    day_number,
    months_between,
    new_date,
    year_months,
)
from engine.bpmn.expressions.feel.values import from_engine, number, whole

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def _day_of(value: Date | DateTime) -> Date:
    return value.date if isinstance(value, DateTime) else value


def _date(run: FeelRun, at: int, value: str | Date | DateTime) -> Date:
    return iso.parse_date(value) if isinstance(value, str) else _day_of(value)


def _date_of_parts(run: FeelRun, at: int, year: Decimal, month: Decimal, day: Decimal) -> Date:
    return new_date(whole(year), whole(month), whole(day))


def _time(run: FeelRun, at: int, value: Any) -> Time:
    if isinstance(value, str):
        return iso.parse_time(value)
    if isinstance(value, DateTime):
        return Time(value.nanos, value.zone)
    return value if isinstance(value, Time) else Time(0, 0)


def _time_of_parts(
    run: FeelRun, at: int, hour: Decimal, minute: Decimal, second: Decimal, offset: DayTime | None = None
) -> Time:
    nanos = (whole(hour) * 3_600 + whole(minute) * 60) * NANOS + int(second * NANOS)
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        raise fault("expression.time_syntax", at, found=f"{hour}:{minute}:{second}")
    if offset is not None and abs(offset.nanos) > 18 * 3_600 * NANOS:
        raise fault("expression.time_syntax", at, found=iso.format_duration(offset))
    return Time(nanos, None if offset is None else offset.nanos // NANOS)


def _date_time(run: FeelRun, at: int, text: str) -> DateTime:
    return iso.parse_date_time(text)


def _date_time_of(run: FeelRun, at: int, day: Date | DateTime, time: Time) -> DateTime:
    return DateTime(_day_of(day), time.nanos, time.zone)


def _duration(run: FeelRun, at: int, text: str) -> YearMonths | DayTime:
    return iso.parse_duration(text)


def _months(run: FeelRun, at: int, start: Date | DateTime, end: Date | DateTime) -> YearMonths:
    return year_months(months_between(_day_of(start), _day_of(end)))


def _day_of_year(run: FeelRun, at: int, value: Date | DateTime) -> Decimal:
    day = _day_of(value)
    return number(day_number(day) - day_number(Date(day.year, 1, 1)) + 1)


def _week_of_year(run: FeelRun, at: int, value: Date | DateTime) -> Decimal:
    """The week of ISO 8601: that of the Thursday beside the day."""
    day = _day_of(value)
    thursday = date_of_number(day_number(day) + 4 - weekday(day))
    return number((day_number(thursday) - day_number(Date(thursday.year, 1, 1))) // 7 + 1)


def _now(run: FeelRun, at: int) -> Any:
    return from_engine(run, run.now)


def _today(run: FeelRun, at: int) -> Any:
    return from_engine(run, run.now.date())


_DAY: Final = "date: date | date and time"

MOMENTS: Final[dict[str, Function]] = {
    "date": function(
        ("from: string | date | date and time", _date), ("year: number, month: number, day: number", _date_of_parts)
    ),
    "time": function(
        ("from: string | time | date and time | date", _time),
        (
            "hour: number, minute: number, second: number, offset?: days and time duration?",
            _time_of_parts,
        ),
    ),
    "date and time": function(("from: string", _date_time), ("date: date | date and time, time: time", _date_time_of)),
    "duration": function(("from: string", _duration)),
    "years and months duration": function(("from: date | date and time, to: date | date and time", _months)),
    "day of year": function((_DAY, _day_of_year)),
    "day of week": function((_DAY, lambda run, at, value: _WEEKDAYS[weekday(_day_of(value)) - 1])),
    "month of year": function((_DAY, lambda run, at, value: _MONTHS[_day_of(value).month - 1])),
    "week of year": function((_DAY, _week_of_year)),
    "now": function(("", _now)),
    "today": function(("", _today)),
}
