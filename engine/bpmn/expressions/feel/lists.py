"""FEEL's functions from lists to lists, and what looks for an element."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cmp_to_key
from typing import Any, Final

from engine.bpmn.expressions.faults import fault
from engine.bpmn.expressions.feel import operators
from engine.bpmn.expressions.feel.run import FeelRun
from engine.bpmn.expressions.feel.signatures import Function, function
from engine.bpmn.expressions.feel.values import FeelFunction, bounded, kind_of, number, whole


def _has(run: FeelRun, values: list[Any], wanted: Any) -> bool:
    return any(operators.equal(run, item, wanted) is True for item in values)


def _contains(run: FeelRun, at: int, values: list[Any], wanted: Any) -> bool:
    run.spend(len(values))
    return _has(run, values, wanted)


def _place(at: int, values: list[Any], position: Decimal, *, end: int = 0) -> int:
    """The index of a position counted from 1, or from the end by -1. Raises: ExpressionError where there is none."""
    place = whole(position)
    if 1 <= place <= len(values) + end:
        return place - 1
    if -len(values) <= place <= -1:
        return len(values) + place
    raise fault("expression.index", at, found=str(position))


def _sublist(run: FeelRun, at: int, values: list[Any], start: Decimal, length: Decimal | None = None) -> list[Any]:
    first = _place(at, values, start)
    if length is not None and not 1 <= whole(length) <= len(values) - first:
        raise fault("expression.index", at, found=str(length))
    run.spend(len(values) // 10)
    return values[first:] if length is None else values[first : first + whole(length)]


def _concatenate(run: FeelRun, at: int, *lists: list[Any]) -> Any:
    run.spend(sum(map(len, lists)) // 2)
    return bounded([item for values in lists for item in values])


def _append(run: FeelRun, at: int, values: list[Any], *items: Any) -> Any:
    return _concatenate(run, at, values, list(items))


def _insert(run: FeelRun, at: int, values: list[Any], position: Decimal, item: Any) -> Any:
    place = _place(at, values, position, end=1)
    return _concatenate(run, at, values[:place], [item], values[place:])


def _remove(run: FeelRun, at: int, values: list[Any], position: Decimal) -> Any:
    place = _place(at, values, position)
    return _concatenate(run, at, values[:place], values[place + 1 :])


def _replace_at(run: FeelRun, at: int, values: list[Any], position: Decimal, item: Any) -> Any:
    place = _place(at, values, position)
    return _concatenate(run, at, values[:place], [item], values[place + 1 :])


def _replace_where(run: FeelRun, at: int, values: list[Any], match: FeelFunction, item: Any) -> list[Any]:
    if len(match.parameters) != 2:
        raise fault("expression.arguments", at, name="match", wanted="2 parameters", found=len(match.parameters))
    verdicts = [match.call(run, at, [value, item]) for value in values]
    if not all(isinstance(verdict, bool) for verdict in verdicts):
        raise fault("expression.not_boolean", at, found="match")
    return [item if verdict else value for value, verdict in zip(values, verdicts, strict=True)]


def _index_of(run: FeelRun, at: int, values: list[Any], wanted: Any) -> list[Decimal]:
    run.spend(len(values))
    return [number(place) for place, item in enumerate(values, 1) if operators.equal(run, item, wanted) is True]


def _distinct(run: FeelRun, at: int, values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        run.spend(len(found) // 4 + 1)
        if not _has(run, found, value):
            found.append(value)
    return found


def _union(run: FeelRun, at: int, *lists: list[Any]) -> list[Any]:
    return _distinct(run, at, _concatenate(run, at, *lists))


def _flattened(run: FeelRun, values: list[Any]) -> Iterator[Any]:
    """The elements that are no lists, of any depth; never recurses."""
    waiting = [iter(values)]
    while waiting:
        for item in waiting[-1]:
            run.spend(1)
            if isinstance(item, list):
                waiting.append(iter(item))
                break
            yield item
        else:
            waiting.pop()


def _flatten(run: FeelRun, at: int, values: list[Any]) -> Any:
    return bounded(list(_flattened(run, values)))


def _sort(run: FeelRun, at: int, values: list[Any], precedes: FeelFunction | None = None) -> list[Any]:
    def order(one: Any, two: Any) -> int:
        run.spend(1)
        if precedes is None:
            found = operators.compare(one, two)
            if found is None:
                raise fault("expression.wrong_kind", at, operation="sort", wanted="one kind", found=kind_of(one))
            return found
        if precedes.call(run, at, [one, two]) is True:
            return -1
        return 1 if precedes.call(run, at, [two, one]) is True else 0

    return sorted(values, key=cmp_to_key(order))


LISTS: Final[dict[str, Function]] = {
    "list contains": function(("list: list, element: any", _contains)),
    "sublist": function(("list: list, start position: number, length?: number", _sublist)),
    "append": function(("list: list, *item: any", _append)),
    "concatenate": function(("*list: list", _concatenate)),
    "insert before": function(("list: list, position: number, newItem: any", _insert)),
    "remove": function(("list: list, position: number", _remove)),
    "list replace": function(
        ("list: list, position: number, newItem: any", _replace_at),
        ("list: list, match: function, newItem: any", _replace_where),
    ),
    "reverse": function(("list: list", lambda run, at, values: values[::-1])),
    "index of": function(("list: list, match: any", _index_of)),
    "union": function(("*list: list", _union)),
    "distinct values": function(("list: list", _distinct)),
    "flatten": function(("list: list", _flatten)),
    "sort": function(("list: list, precedes?: function", _sort)),
}
