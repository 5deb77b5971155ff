"""The pure functions an expression may call. There are no others, and none can be added from a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any, Final

from engine.bpmn.expressions import iso
from engine.bpmn.expressions.faults import fault
from engine.bpmn.expressions.values import Run, bounded, contained, kind_of

_LEVELS: Final = {"I": 1, "II": 2, "III": 3, "IV": 4}
_MOST_DIGITS: Final = 9


@dataclass(frozen=True, slots=True)
class Function:
    """A listed function: what it does, how many arguments it takes, their kinds and the kind of its result.

    `kinds` has one entry for each argument, the last standing for all further ones; an empty set accepts any kind.
    `result` is None where it depends on the arguments.
    """

    do: Callable[..., Any]
    least: int
    most: int | None
    kinds: tuple[frozenset[str], ...]
    result: str | None

    def refuse_count(self, name: str, count: int, at: int) -> None:
        """Nothing. Raises: ExpressionError when `count` arguments are too few or too many."""
        if count < self.least or (self.most is not None and count > self.most):
            if self.most is None:
                wanted = f"at least {self.least} argument(s)"
            elif self.least == self.most:
                wanted = f"{self.least} argument(s)"
            else:
                wanted = f"{self.least} to {self.most} arguments"
            raise fault("expression.arguments", at, name=name, wanted=wanted, found=count)

    def kinds_at(self, position: int) -> frozenset[str]:
        """The kinds the argument at `position` may have; empty for any."""
        return self.kinds[min(position, len(self.kinds) - 1)] if self.kinds else frozenset()


def level_number(level: object) -> int | None:
    """The number of a level given as I–IV or 1–4, None for an absent one. Raises: ExpressionError."""
    if level is None:
        return None
    if type(level) is int and 1 <= level <= 4:
        return level
    if isinstance(level, str) and level in _LEVELS:
        return _LEVELS[level]
    raise fault("expression.level", found=str(level))


def _at_least(run: Run, at: int, level: object, bar: object) -> bool:
    """Whether `level` is as grave as `bar` or graver; an absent level is not."""
    limit = level_number(bar)
    if limit is None:
        raise fault("expression.missing_value", at, operation="at_least")
    number = level_number(level)
    return number is not None and number <= limit


def _is_empty(run: Run, at: int, value: Any) -> bool:
    return value is None or (isinstance(value, str | list | tuple | dict) and len(value) == 0)


def _size(run: Run, at: int, value: Any) -> int:
    return len(value)


def _lower(run: Run, at: int, text: str) -> Any:
    return bounded(text.lower(), at)


def _upper(run: Run, at: int, text: str) -> Any:
    return bounded(text.upper(), at)


def _trim(run: Run, at: int, text: str) -> str:
    return text.strip()


def _contains(run: Run, at: int, container: object, item: object) -> bool:
    return contained(run, at, item, container)


def _starts_with(run: Run, at: int, text: str, start: str) -> bool:
    return text.startswith(start)


def _ends_with(run: Run, at: int, text: str, end: str) -> bool:
    return text.endswith(end)


def _listed(run: Run, at: int, name: str, arguments: tuple[Any, ...]) -> tuple[Sequence[Any], str]:
    """The one list that was given, or the arguments themselves, with their kind. Raises: ExpressionError if mixed."""
    values = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list | tuple) else arguments
    run.spend(len(values))
    kinds = {kind_of(value) for value in values}
    if "null" in kinds:
        raise fault("expression.missing_value", at, operation=name)
    if len(kinds) > 1 or not kinds <= _SUMMABLE | _ORDERABLE:
        found = " and ".join(sorted(kinds))
        raise fault("expression.wrong_kind", at, operation=name, wanted="values of one kind", found=found)
    return values, kinds.pop() if kinds else "null"


def _min(run: Run, at: int, *arguments: Any) -> Any:
    return _extreme(run, at, "min", min, arguments)


def _max(run: Run, at: int, *arguments: Any) -> Any:
    return _extreme(run, at, "max", max, arguments)


def _extreme(run: Run, at: int, name: str, choose: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """The least or greatest value; null where there is none."""
    values, _ = _listed(run, at, name, arguments)
    try:
        return choose(values, default=None)
    except TypeError:
        raise fault("expression.naive_instant", at, operation=name) from None


def _sum(run: Run, at: int, *arguments: Any) -> Any:
    values, kind = _listed(run, at, "sum", arguments)
    if kind not in _SUMMABLE and values:
        raise fault("expression.wrong_kind", at, operation="sum", wanted="numbers or durations", found=kind)
    try:
        return bounded(sum(values, timedelta(0)) if kind == "duration" else sum(values), at)
    except OverflowError:
        raise fault("expression.out_of_range", at, operation="sum") from None


def _all(run: Run, at: int, values: Sequence[Any]) -> bool | None:
    """Whether every element is true; null where that hangs on a missing one."""
    return _judged(run, at, "all", values, decisive=False)


def _any(run: Run, at: int, values: Sequence[Any]) -> bool | None:
    """Whether an element is true; null where that hangs on a missing one."""
    return _judged(run, at, "any", values, decisive=True)


def _judged(run: Run, at: int, name: str, values: Sequence[object], *, decisive: bool) -> bool | None:
    run.spend(len(values))
    verdict: bool | None = not decisive
    for value in values:
        if value is decisive:
            return decisive
        if value is None:
            verdict = None
        elif not isinstance(value, bool):
            raise fault("expression.wrong_kind", at, operation=name, wanted="true or false", found=kind_of(value))
    return verdict


def _abs(run: Run, at: int, value: Any) -> Any:
    return abs(value)


def _round(run: Run, at: int, value: int | float, digits: int = 0) -> int | float:
    """`value` with `digits` decimal places, halves away from zero; whole without places."""
    if type(digits) is not int or not 0 <= digits <= _MOST_DIGITS:
        raise fault("expression.wrong_kind", at, operation="round", wanted="0 to 9 places", found=str(digits))
    if isinstance(value, int):
        return value
    if abs(bounded(value, at)) >= 2**53:
        return value if digits else int(bounded(int(value), at))
    rounded = Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return float(rounded) if digits else int(rounded)


def _floor(run: Run, at: int, value: int | float) -> int:
    if isinstance(value, int):
        return value
    whole = int(Decimal(bounded(value, at)).to_integral_value(ROUND_FLOOR))
    return int(bounded(whole, at))


def _duration(run: Run, at: int, text: str) -> timedelta:
    return iso.parse_duration(text)


def _datetime(run: Run, at: int, text: str) -> datetime:
    return iso.parse_datetime(text)


def _date(run: Run, at: int, text: str) -> date:
    return iso.parse_date(text)


def _now(run: Run, at: int) -> datetime:
    return run.now


def _coalesce(run: Run, at: int, *values: Any) -> Any:
    return next((value for value in values if value is not None), None)


_ANY: Final[frozenset[str]] = frozenset()
_TEXT: Final = frozenset({"text"})
_NUMBER: Final = frozenset({"number"})
_LIST: Final = frozenset({"list"})
_SIZED: Final = frozenset({"text", "list", "record"})
_LEVEL: Final = frozenset({"null", "number", "text"})
_SUMMABLE: Final = frozenset({"number", "duration"})
_ORDERABLE: Final = frozenset({"number", "text", "instant", "date", "duration"})
_LISTABLE: Final = _ORDERABLE | {"list"}

FUNCTIONS: Final[dict[str, Function]] = {
    "abs": Function(_abs, 1, 1, (_SUMMABLE,), None),
    "all": Function(_all, 1, 1, (_LIST,), "boolean"),
    "any": Function(_any, 1, 1, (_LIST,), "boolean"),
    "at_least": Function(_at_least, 2, 2, (_LEVEL,), "boolean"),
    "coalesce": Function(_coalesce, 1, None, (_ANY,), None),
    "contains": Function(_contains, 2, 2, (_SIZED, _ANY), "boolean"),
    "date": Function(_date, 1, 1, (_TEXT,), "date"),
    "datetime": Function(_datetime, 1, 1, (_TEXT,), "instant"),
    "duration": Function(_duration, 1, 1, (_TEXT,), "duration"),
    "ends_with": Function(_ends_with, 2, 2, (_TEXT,), "boolean"),
    "floor": Function(_floor, 1, 1, (_NUMBER,), "number"),
    "is_empty": Function(_is_empty, 1, 1, (_ANY,), "boolean"),
    "len": Function(_size, 1, 1, (_SIZED,), "number"),
    "lower": Function(_lower, 1, 1, (_TEXT,), "text"),
    "max": Function(_max, 1, None, (_LISTABLE,), None),
    "min": Function(_min, 1, None, (_LISTABLE,), None),
    "now": Function(_now, 0, 0, (), "instant"),
    "round": Function(_round, 1, 2, (_NUMBER,), "number"),
    "size": Function(_size, 1, 1, (_SIZED,), "number"),
    "starts_with": Function(_starts_with, 2, 2, (_TEXT,), "boolean"),
    "sum": Function(_sum, 1, None, (_LISTABLE,), None),
    "trim": Function(_trim, 1, 1, (_TEXT,), "text"),
    "upper": Function(_upper, 1, 1, (_TEXT,), "text"),
}
