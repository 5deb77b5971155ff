"""How FEEL's operators treat values: equality, order, membership in ranges, arithmetic of numbers and time."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DecimalException
from typing import Any, Final

from engine.bpmn.expressions.faults import DEPTH_LIMIT, ExpressionError, fault
from engine.bpmn.expressions.feel import temporal
from engine.bpmn.expressions.feel.run import FeelRun, stopped
from engine.bpmn.expressions.feel.temporal import Date, DateTime, DayTime, Time, YearMonths
from engine.bpmn.expressions.feel.values import NUMBERS, UNBOUNDED, Range, built, kind_of, number

Key = Any


def key_of(value: Any) -> Key:
    """What a value of an ordered kind is compared by; None where it has no order."""
    kind = kind_of(value)
    if kind in ("number", "string"):
        return value
    if kind == "date":
        return (value.year, value.month, value.day)
    if kind == "years and months duration":
        return value.months
    if kind == "days and time duration":
        return value.nanos
    if kind == "time":
        return temporal.time_nanos(value)
    if kind == "date and time":
        instant = temporal.instant_of(value)
        return temporal.local_nanos(value) if instant is None else instant
    return None


def compare(one: Any, two: Any) -> int | None:
    """-1, 0 or 1 for two values of one ordered kind; None where they have no order between them."""
    if not _is_comparable(one, two):
        return None
    first, second = key_of(one), key_of(two)
    if first is None:
        return None
    return int(first > second) - int(first < second)


def _is_comparable(one: Any, two: Any) -> bool:
    """Whether the kinds agree; a local time has no order with one that has a zone."""
    if type(one) is not type(two):
        return False
    return not isinstance(one, Time | DateTime) or (one.zone is None) == (two.zone is None)


def equal(run: FeelRun, one: Any, two: Any, depth: int = 0) -> bool | None:
    """Whether two values are equal; None where their kinds differ and neither is null."""
    if one is None or two is None:
        return one is two
    if type(one) is not type(two):
        return None
    if depth > DEPTH_LIMIT:
        raise stopped("expression.too_deep", DEPTH_LIMIT)
    if isinstance(one, list):
        run.spend(len(one))
        return len(one) == len(two) and all(
            equal(run, left, right, depth + 1) is True for left, right in zip(one, two, strict=True)
        )
    if isinstance(one, dict):
        run.spend(len(one))
        return one.keys() == two.keys() and all(
            equal(run, value, two[key], depth + 1) is True for key, value in one.items()
        )
    if isinstance(one, Range):
        return (one.low_closed, one.high_closed) == (two.low_closed, two.high_closed) and all(
            left is right if UNBOUNDED in (left, right) else equal(run, left, right, depth + 1) is True
            for left, right in ((one.low, two.low), (one.high, two.high))
        )
    if isinstance(one, Time | DateTime):
        return compare(one, two) == 0
    return bool(one == two)


def contains(interval: Range, value: Any) -> bool | None:
    """Whether the range has the value; None where they have no order between them."""
    low = 1 if interval.low is UNBOUNDED else compare(value, interval.low)
    high = -1 if interval.high is UNBOUNDED else compare(value, interval.high)
    if low is None or high is None:
        return None
    return (low > 0 or (low == 0 and interval.low_closed)) and (high < 0 or (high == 0 and interval.high_closed))


def combined(run: FeelRun, operator: str, at: int, left: Any, right: Any) -> Any:
    """The result of `+ - * / **`, null with a fault where the kinds do not fit."""
    rule = _RULES.get((operator, type(left), type(right)))
    if rule is None:
        if left is None or right is None:
            return run.fail("expression.missing_value", at, operation=operator)
        found = f"{kind_of(left)} and {kind_of(right)}"
        return run.fail("expression.wrong_kind", at, operation=operator, wanted="fitting values", found=found)
    try:
        result = rule(left, right)
        return built(run, result) if type(result) is str else result
    except ExpressionError as refusal:
        return run.note(refusal, at)
    except ZeroDivisionError:
        return run.fail("expression.division_by_zero", at, operation=operator)
    except (DecimalException, OverflowError):
        return run.fail("expression.out_of_range", at, operation=operator)


def negated(run: FeelRun, at: int, value: Any) -> Any:
    """`-value` for numbers and durations."""
    if isinstance(value, Decimal):
        return NUMBERS.minus(value)
    if isinstance(value, YearMonths):
        return YearMonths(-value.months)
    if isinstance(value, DayTime):
        return DayTime(-value.nanos)
    wanted = "a number or duration"
    return run.fail("expression.wrong_kind", at, operation="-", wanted=wanted, found=kind_of(value))


def _quotient(left: Decimal, right: Decimal) -> Decimal:
    if right == 0:
        raise ZeroDivisionError
    return NUMBERS.divide(left, right)


def _scaled(amount: int, factor: Decimal) -> int:
    return int(NUMBERS.to_integral_value(_truncated(NUMBERS.multiply(Decimal(amount), factor))))


def _truncated(value: Decimal) -> Decimal:
    if abs(value) > Decimal(10) ** 28:
        raise fault("expression.out_of_range", operation="*")
    return Decimal(int(value))


def _shared(amount: int, divisor: Decimal) -> int:
    return int(_truncated(_quotient(Decimal(amount), divisor)))


def _moved(day: Date, nanos: int) -> Date:
    """A date and a duration of days and time: its midnight moved, without the time."""
    return temporal.from_local(temporal.day_number(day) * temporal.DAY_NANOS + nanos, None).date


def _midnight(day: Date) -> DateTime:
    return DateTime(day, 0, 0)


def _between(left: DateTime, right: DateTime) -> DayTime:
    if not _is_comparable(left, right):
        raise fault("expression.naive_instant", operation="-")
    return temporal.day_time(key_of(left) - key_of(right))


def _time_between(left: Time, right: Time) -> DayTime:
    if not _is_comparable(left, right):
        raise fault("expression.naive_instant", operation="-")
    return DayTime(temporal.time_nanos(left) - temporal.time_nanos(right))


def _turned(time: Time, nanos: int) -> Time:
    return Time((time.nanos + nanos) % temporal.DAY_NANOS, time.zone)


def _by_months(moment: DateTime, months: int) -> DateTime:
    return DateTime(temporal.plus_months(moment.date, months), moment.nanos, moment.zone)


_Rule = Callable[[Any, Any], Any]


def _turned_around(rule: _Rule) -> _Rule:
    return lambda left, right: rule(right, left)


_FORWARD: Final[dict[tuple[str, type, type], _Rule]] = {
    ("+", Decimal, Decimal): NUMBERS.add,
    ("+", str, str): lambda left, right: left + right,
    ("+", Date, YearMonths): lambda left, right: temporal.plus_months(left, right.months),
    ("+", Date, DayTime): lambda left, right: _moved(left, right.nanos),
    ("+", DateTime, YearMonths): lambda left, right: _by_months(left, right.months),
    ("+", DateTime, DayTime): lambda left, right: temporal.plus_nanos(left, right.nanos),
    ("+", Time, DayTime): lambda left, right: _turned(left, right.nanos),
    ("+", YearMonths, YearMonths): lambda left, right: temporal.year_months(left.months + right.months),
    ("+", DayTime, DayTime): lambda left, right: temporal.day_time(left.nanos + right.nanos),
    ("*", Decimal, Decimal): NUMBERS.multiply,
    ("*", YearMonths, Decimal): lambda left, right: temporal.year_months(_scaled(left.months, right)),
    ("*", DayTime, Decimal): lambda left, right: temporal.day_time(_scaled(left.nanos, right)),
}
_RULES: Final[dict[tuple[str, type, type], _Rule]] = {
    **{
        (sign, right, left): _turned_around(rule) for (sign, left, right), rule in _FORWARD.items() if left is not right
    },
    **_FORWARD,
    ("-", Decimal, Decimal): NUMBERS.subtract,
    ("-", Date, YearMonths): lambda left, right: temporal.plus_months(left, -right.months),
    ("-", Date, DayTime): lambda left, right: _moved(left, -right.nanos),
    ("-", Date, Date): lambda left, right: _between(_midnight(left), _midnight(right)),
    ("-", Date, DateTime): lambda left, right: _between(_midnight(left), right),
    ("-", DateTime, Date): lambda left, right: _between(left, _midnight(right)),
    ("-", DateTime, DateTime): _between,
    ("-", DateTime, YearMonths): lambda left, right: _by_months(left, -right.months),
    ("-", DateTime, DayTime): lambda left, right: temporal.plus_nanos(left, -right.nanos),
    ("-", Time, Time): _time_between,
    ("-", Time, DayTime): lambda left, right: _turned(left, -right.nanos),
    ("-", YearMonths, YearMonths): lambda left, right: temporal.year_months(left.months - right.months),
    ("-", DayTime, DayTime): lambda left, right: temporal.day_time(left.nanos - right.nanos),
    ("/", Decimal, Decimal): _quotient,
    ("/", YearMonths, Decimal): lambda left, right: temporal.year_months(_shared(left.months, right)),
    ("/", DayTime, Decimal): lambda left, right: temporal.day_time(_shared(left.nanos, right)),
    ("/", YearMonths, YearMonths): lambda left, right: _quotient(number(left.months), number(right.months)),
    ("/", DayTime, DayTime): lambda left, right: _quotient(Decimal(left.nanos), Decimal(right.nanos)),
    ("**", Decimal, Decimal): NUMBERS.power,
}
