"""FEEL's functions that compare points and ranges, as Allen's interval algebra has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from engine.bpmn.expressions.faults import fault
from engine.bpmn.expressions.feel import operators
from engine.bpmn.expressions.feel.run import FeelRun
from engine.bpmn.expressions.feel.signatures import Form, Function, function
from engine.bpmn.expressions.feel.values import UNBOUNDED, Range, kind_of

_Test = Callable[[Range, Range], bool]


def _as_range(value: Any) -> Range:
    if isinstance(value, Range):
        return value
    if value is None:
        raise fault("expression.missing_value", operation="range")
    return Range(value, True, value, True)


def _order(one: Any, two: Any, side: int) -> int:
    """How two ends stand; an end that is missing lies beyond all others on its side."""
    if one is UNBOUNDED or two is UNBOUNDED:
        return 0 if one is two else side if one is UNBOUNDED else -side
    order = operators.compare(one, two)
    if order is None:
        found = f"{kind_of(one)} and {kind_of(two)}"
        raise fault("expression.wrong_kind", operation="range", wanted="one ordered kind", found=found)
    return order


def _before(one: Range, two: Range) -> bool:
    if one.high is UNBOUNDED or two.low is UNBOUNDED:
        return False
    order = _order(one.high, two.low, 1)
    return order < 0 or (order == 0 and not (one.high_closed and two.low_closed))


def _meets(one: Range, two: Range) -> bool:
    if one.high is UNBOUNDED or two.low is UNBOUNDED:
        return False
    return _order(one.high, two.low, 1) == 0 and one.high_closed and two.low_closed


def _starts_no_later(one: Range, two: Range) -> bool:
    order = _order(one.low, two.low, -1)
    return order < 0 or (order == 0 and (one.low_closed or not two.low_closed))


def _ends_no_earlier(one: Range, two: Range) -> bool:
    order = _order(one.high, two.high, 1)
    return order > 0 or (order == 0 and (one.high_closed or not two.high_closed))


def _includes(one: Range, two: Range) -> bool:
    return _starts_no_later(one, two) and _ends_no_earlier(one, two)


def _overlaps(one: Range, two: Range) -> bool:
    return not _before(one, two) and not _before(two, one)


def _overlaps_before(one: Range, two: Range) -> bool:
    return _overlaps(one, two) and not _starts_no_later(two, one) and _ends_no_earlier(two, one)


def _starts(one: Range, two: Range) -> bool:
    same = _order(one.low, two.low, -1) == 0 and one.low_closed is two.low_closed
    return same and _ends_no_earlier(two, one)


def _finishes(one: Range, two: Range) -> bool:
    same = _order(one.high, two.high, 1) == 0 and one.high_closed is two.high_closed
    return same and _starts_no_later(two, one)


def _coincides(one: Range, two: Range) -> bool:
    return _starts(one, two) and _finishes(one, two)


def _relation(test: _Test, *, turned: bool = False) -> Function:
    """The function of two points or ranges; `turned` is the same with the two exchanged."""

    def judge(run: FeelRun, at: int, first: Any, second: Any) -> bool:
        one, two = _as_range(first), _as_range(second)
        return test(two, one) if turned else test(one, two)

    names = ("point1", "point2"), ("point", "range"), ("range", "point"), ("range1", "range2")
    return Function(*(Form(f"{one}: any, {two}: any", judge) for one, two in names))


def _read(run: FeelRun, at: int, text: str) -> Any:
    """The range a text says: two literals of one kind, in order. Raises: ExpressionError."""
    # The grammar knows the names of all functions, this one too, so it can only be fetched when it is needed.
    from engine.bpmn.expressions.feel.language import literal_range

    found = literal_range(run, text)
    if not isinstance(found, Range) or operators.compare(found.low, found.high) not in (-1, 0):
        raise fault("expression.range_syntax", at, found=text)
    return found


RANGES: Final[dict[str, Function]] = {
    "before": _relation(_before),
    "after": _relation(_before, turned=True),
    "meets": _relation(_meets),
    "met by": _relation(_meets, turned=True),
    "overlaps": _relation(_overlaps),
    "overlaps before": _relation(_overlaps_before),
    "overlaps after": _relation(_overlaps_before, turned=True),
    "finishes": _relation(_finishes),
    "finished by": _relation(_finishes, turned=True),
    "includes": _relation(_includes),
    "during": _relation(_includes, turned=True),
    "starts": _relation(_starts),
    "started by": _relation(_starts, turned=True),
    "coincides": _relation(_coincides),
    "range": function(("from: string", _read)),
}
