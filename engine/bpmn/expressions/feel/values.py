"""What FEEL's values are: their kinds, and the way between them and the values of the engine.

null, boolean, number (decimal, 34 digits), string, list, context, date, time, date and time, the two durations, range
and function. Variables of the engine become these when they are read; private names and values of the host language
never do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any, Final

from engine.bpmn.expressions.faults import DEPTH_LIMIT, INTEGER_LIMIT, LIST_LIMIT, TEXT_LIMIT, fault
from engine.bpmn.expressions.feel import temporal
from engine.bpmn.expressions.feel.run import FeelRun, stopped

NUMBERS: Final = Context(
    prec=34,
    rounding=ROUND_HALF_EVEN,
    Emin=-6_143,
    Emax=6_144,
    traps=[InvalidOperation, DivisionByZero, Overflow],
)
"""Decimal128, in which DMN counts."""

UNBOUNDED: Final = Ellipsis
"""The end a range like `(< 10)` does not have."""


@dataclass(frozen=True, slots=True)
class Range:
    """Values between two ends; `low_closed` and `high_closed` say whether the ends belong to it."""

    low: Any
    low_closed: bool
    high: Any
    high_closed: bool


@dataclass(frozen=True, slots=True, eq=False)
class FeelFunction:
    """A function value: its parameters, and what calls it."""

    parameters: tuple[str, ...]
    call: Callable[[FeelRun, int, list[Any]], Any]


_KINDS: Final[dict[type, str]] = {
    type(None): "null",
    bool: "boolean",
    Decimal: "number",
    str: "string",
    list: "list",
    dict: "context",
    temporal.Date: "date",
    temporal.Time: "time",
    temporal.DateTime: "date and time",
    temporal.YearMonths: "years and months duration",
    temporal.DayTime: "days and time duration",
    Range: "range",
    FeelFunction: "function",
}


def kind_of(value: object) -> str:
    """The kind of a FEEL value."""
    return _KINDS[type(value)]


def from_engine(run: FeelRun, value: Any, depth: int = 0) -> Any:
    """The FEEL value of a variable, private keys left out. Raises: ExpressionError for values of the host language."""
    kind = type(value)
    if kind is int or kind is float:
        number = Decimal(value) if kind is int else Decimal(repr(value))
        if not number.is_finite():
            raise fault("expression.number_too_large")
        return NUMBERS.plus(number)
    if kind is list or kind is tuple:
        _refuse_depth(depth)
        bounded(value)
        run.spend(len(value) // 4)
        return [from_engine(run, item, depth + 1) for item in value]
    if kind is dict:
        _refuse_depth(depth)
        run.spend(len(value) // 4)
        return {
            key: from_engine(run, item, depth + 1)
            for key, item in value.items()
            if type(key) is str and not key.startswith("_")
        }
    if kind in _KINDS:
        return bounded(value)
    return _temporal_from_engine(value)


def _temporal_from_engine(value: Any) -> Any:
    if type(value) is datetime:
        offset = value.utcoffset()
        day = temporal.Date(value.year, value.month, value.day)
        seconds = value.hour * 3_600 + value.minute * 60 + value.second
        zone = None if offset is None else int(offset.total_seconds())
        return temporal.DateTime(day, seconds * temporal.NANOS + value.microsecond * 1_000, zone)
    if type(value) is date:
        return temporal.Date(value.year, value.month, value.day)
    if type(value) is timedelta:
        return temporal.DayTime((value // timedelta(microseconds=1)) * 1_000)
    raise fault("expression.foreign_value", found=type(value).__name__)


def to_engine(run: FeelRun, value: Any, depth: int = 0) -> Any:
    """The engine's value for a result. Raises: ExpressionError for kinds that the engine has no variable for."""
    kind = kind_of(value)
    if kind in ("null", "boolean", "string"):
        return value
    if kind == "number":
        return _number_to_engine(value)
    if kind == "list":
        _refuse_depth(depth)
        run.spend(len(value) // 4 + 1)
        return [to_engine(run, item, depth + 1) for item in value]
    if kind == "context":
        _refuse_depth(depth)
        run.spend(len(value) // 4 + 1)
        return {key: to_engine(run, item, depth + 1) for key, item in value.items()}
    return _temporal_to_engine(kind, value)


def _number_to_engine(value: Decimal) -> int | float:
    if abs(value) > INTEGER_LIMIT:
        raise fault("expression.number_too_large")
    return int(value) if value == value.to_integral_value() else float(value)


def _temporal_to_engine(kind: str, value: Any) -> Any:
    try:
        if kind == "date":
            return date(value.year, value.month, value.day)
        if kind == "days and time duration":
            return timedelta(microseconds=value.nanos // 1_000)
        if kind == "date and time" and (instant := temporal.instant_of(value)) is not None:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant // 1_000)
    except (ValueError, OverflowError):
        raise fault("expression.out_of_range", operation=kind) from None
    if kind == "date and time":
        raise fault("expression.naive_instant", operation="date and time")
    raise fault("expression.foreign_value", found=kind)


def _refuse_depth(depth: int) -> None:
    if depth > DEPTH_LIMIT:
        raise stopped("expression.too_deep", DEPTH_LIMIT)


def bounded(value: Any) -> Any:
    """`value` itself. Raises: ExpressionError when a string or list is longer than the language allows."""
    if isinstance(value, str):
        if len(value) > TEXT_LIMIT:
            raise fault("expression.text_too_long", limit=TEXT_LIMIT, found=len(value))
    elif isinstance(value, list | tuple) and len(value) > LIST_LIMIT:
        raise fault("expression.list_too_long", limit=LIST_LIMIT, found=len(value))
    return value


def built(run: FeelRun, text: str) -> str:
    """A new string, its length taken off the budget. Raises: ExpressionError."""
    run.spend(len(text) // 100)
    bounded(text)
    return text


def number(value: int) -> Decimal:
    """A whole number as a FEEL value."""
    return NUMBERS.plus(Decimal(value))


def whole(value: Decimal) -> int:
    """The number without its fraction. Raises: ExpressionError beyond 10^18, so that no digits pile up."""
    if abs(value) > INTEGER_LIMIT:
        raise fault("expression.number_too_large")
    return int(value)
