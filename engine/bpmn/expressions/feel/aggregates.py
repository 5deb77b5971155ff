"""FEEL's functions from a list to one value."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DecimalException
from functools import reduce
from typing import Any, Final

from engine.bpmn.expressions.faults import fault
from engine.bpmn.expressions.feel import operators
from engine.bpmn.expressions.feel.run import FeelRun
from engine.bpmn.expressions.feel.signatures import Function, over_list
from engine.bpmn.expressions.feel.temporal import DayTime, YearMonths
from engine.bpmn.expressions.feel.values import NUMBERS, kind_of, number

_OverList = Callable[[FeelRun, int, list[Any]], Any]


def _extreme(sign: int) -> _OverList:
    """The least or greatest of values of one ordered kind."""

    def choose(run: FeelRun, at: int, values: list[Any]) -> Any:
        best = values[0] if values else None
        for value in values:
            order = operators.compare(value, best)
            if order is None:
                raise fault("expression.wrong_kind", at, operation="min/max", wanted="one kind", found=kind_of(value))
            if order == sign:
                best = value
        return best

    return choose


def _numbers(at: int, values: list[Any]) -> list[Decimal]:
    for value in values:
        if not isinstance(value, Decimal):
            raise fault("expression.wrong_kind", at, operation="list", wanted="numbers", found=kind_of(value))
    return values


def _sum(run: FeelRun, at: int, values: list[Any]) -> Any:
    if not values:
        return None
    if isinstance(values[0], YearMonths | DayTime):
        total = values[0]
        for value in values[1:]:
            total = operators.combined(run, "+", at, total, value)
        return total
    return _counted(at, lambda: reduce(NUMBERS.add, _numbers(at, values)))


def _product(run: FeelRun, at: int, values: list[Any]) -> Decimal:
    if not values:
        raise fault("expression.missing_value", at, operation="product")
    return _counted(at, lambda: reduce(NUMBERS.multiply, _numbers(at, values)))


def _mean(run: FeelRun, at: int, values: list[Any]) -> Decimal | None:
    return _average(at, _numbers(at, values)) if values else None


def _average(at: int, values: list[Decimal]) -> Decimal:
    return _counted(at, lambda: NUMBERS.divide(reduce(NUMBERS.add, values), Decimal(len(values))))


def _counted(at: int, do: Any) -> Decimal:
    try:
        result: Decimal = do()
    except DecimalException:
        raise fault("expression.out_of_range", at, operation="list") from None
    return result


def _median(run: FeelRun, at: int, values: list[Any]) -> Decimal | None:
    ordered = sorted(_numbers(at, values))
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else _average(at, ordered[middle - 1 : middle + 1])


def _deviation(run: FeelRun, at: int, values: list[Any]) -> Decimal:
    """The standard deviation of a sample."""
    if len(_numbers(at, values)) < 2:
        raise fault("expression.missing_value", at, operation="stddev")
    mean = _average(at, values)

    def spread() -> Decimal:
        squares = [NUMBERS.power(NUMBERS.subtract(value, mean), Decimal(2)) for value in values]
        return NUMBERS.sqrt(NUMBERS.divide(reduce(NUMBERS.add, squares), Decimal(len(values) - 1)))

    return _counted(at, spread)


def _mode(run: FeelRun, at: int, values: list[Any]) -> list[Decimal]:
    counts: dict[Decimal, int] = {}
    for value in _numbers(at, values):
        counts[value] = counts.get(value, 0) + 1
    most = max(counts.values(), default=0)
    return sorted(value for value, count in counts.items() if count == most)


def _judged(decisive: bool) -> _OverList:
    """`all` and `any` in three values."""

    def judge(run: FeelRun, at: int, values: list[Any]) -> bool | None:
        verdict: bool | None = not decisive
        for value in values:
            if value is decisive:
                return value is True
            if value is None:
                verdict = None
            elif not isinstance(value, bool):
                raise fault("expression.wrong_kind", at, operation="all/any", wanted="booleans", found=kind_of(value))
        return verdict

    return judge


AGGREGATES: Final[dict[str, Function]] = {
    "count": over_list(lambda run, at, values: number(len(values))),
    "min": over_list(_extreme(-1)),
    "max": over_list(_extreme(1)),
    "sum": over_list(_sum),
    "mean": over_list(_mean),
    "product": over_list(_product),
    "median": over_list(_median),
    "stddev": over_list(_deviation),
    "mode": over_list(_mode),
    "all": over_list(_judged(False)),
    "any": over_list(_judged(True)),
}
