"""What `value.name` reads: the entry of a context, the parts of dates, times, durations and ranges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from engine.bpmn.expressions.feel.iso import format_zone
from engine.bpmn.expressions.feel.run import FeelRun
from engine.bpmn.expressions.feel.temporal import (
    DAY_NANOS,
    NANOS,
    Date,
    DateTime,
    DayTime,
    Time,
    YearMonths,
    Zone,
    day_number,
    offset_of,
)
from engine.bpmn.expressions.feel.values import NUMBERS, UNBOUNDED, Range, kind_of, number

_Read = Callable[[Any], Any]


def weekday(date: Date) -> int:
    """The day of the week, Monday as 1."""
    return (day_number(date) + 3) % 7 + 1


def _toward_zero(amount: int, divisor: int, modulus: int | None = None) -> Decimal:
    part = abs(amount) // divisor
    part = part if modulus is None else part % modulus
    return number(-part if amount < 0 else part)


def _seconds(nanos: int) -> Decimal:
    rest = abs(nanos) % (60 * NANOS)
    return NUMBERS.divide(Decimal(-rest if nanos < 0 else rest), Decimal(NANOS))


def _offset(zone: Zone, date: Date, nanos: int) -> DayTime | None:
    offset = offset_of(zone, date, nanos)
    return None if offset is None else DayTime(offset * NANOS)


def _end(value: Any) -> Any:
    return None if value is UNBOUNDED else value


def _on_its_date(read: _Read) -> _Read:
    return lambda value: read(value.date)


_DATE: Final[dict[str, _Read]] = {
    "year": lambda value: number(value.year),
    "month": lambda value: number(value.month),
    "day": lambda value: number(value.day),
    "weekday": lambda value: number(weekday(value)),
}
_CLOCK: Final[dict[str, _Read]] = {
    "hour": lambda value: _toward_zero(value.nanos, 3_600 * NANOS),
    "minute": lambda value: _toward_zero(value.nanos, 60 * NANOS, 60),
    "second": lambda value: _seconds(value.nanos),
    "timezone": lambda value: value.zone if isinstance(value.zone, str) else format_zone(value.zone) or None,
}
_PROPERTIES: Final[Mapping[type, Mapping[str, _Read]]] = {
    Date: _DATE,
    Time: {**_CLOCK, "time offset": lambda value: _offset(value.zone, Date(1970, 1, 1), value.nanos)},
    DateTime: {
        **{name: _on_its_date(read) for name, read in _DATE.items()},
        **_CLOCK,
        "time offset": lambda value: _offset(value.zone, value.date, value.nanos),
    },
    YearMonths: {
        "years": lambda value: _toward_zero(value.months, 12),
        "months": lambda value: _toward_zero(value.months, 1, 12),
    },
    DayTime: {
        "days": lambda value: _toward_zero(value.nanos, DAY_NANOS),
        "hours": lambda value: _toward_zero(value.nanos, 3_600 * NANOS, 24),
        "minutes": lambda value: _toward_zero(value.nanos, 60 * NANOS, 60),
        "seconds": lambda value: _seconds(value.nanos),
    },
    Range: {
        "start": lambda value: _end(value.low),
        "start included": lambda value: value.low_closed,
        "end": lambda value: _end(value.high),
        "end included": lambda value: value.high_closed,
    },
}


def property_of(run: FeelRun, at: int, value: Any, name: str) -> Any:
    """The property; null with a fault where the value has none of that name."""
    if isinstance(value, dict) and name in value:
        return value[name]
    read = _PROPERTIES.get(type(value), {}).get(name)
    if read is None:
        return run.fail("expression.no_property", at, name=name, found=kind_of(value))
    return read(value)
