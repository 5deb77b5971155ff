"""What values are and how operators treat them.

Kinds: null, boolean, number, text, list, record, instant, date, duration. A boolean is not a number. Two values are
compared or added only within one kind; anything else is a named error rather than a quiet false. Null takes part in
`==` and `!=` only: it has no order and no sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from math import fmod, isfinite
from operator import add, ge, gt, le, lt, mod, mul, sub, truediv
from typing import Any, Final

from engine.bpmn.expressions import iso
from engine.bpmn.expressions.faults import INTEGER_LIMIT, LIST_LIMIT, STEP_LIMIT, TEXT_LIMIT, fault

_KINDS: Final[dict[type, str]] = {
    type(None): "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "text",
    list: "list",
    tuple: "list",
    dict: "record",
    datetime: "instant",
    date: "date",
    timedelta: "duration",
}
_ORDERED: Final = frozenset({"number", "text", "instant", "date", "duration"})
_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


class Run:
    """One evaluation: its instant, and the steps it has left for lists."""

    __slots__ = ("_left", "now")

    def __init__(self, now: datetime) -> None:
        self.now = now
        self._left = STEP_LIMIT

    def spend(self, steps: int) -> None:
        """Take `steps` off the budget. Raises: ExpressionError when it is used up."""
        self._left -= steps
        if self._left < 0:
            raise fault("expression.too_many_steps", limit=STEP_LIMIT)


def kind_of(value: object) -> str:
    """The kind of `value`. Raises: ExpressionError for a value the language does not know."""
    kind = _KINDS.get(type(value))
    if kind is None:
        raise fault("expression.foreign_value", found=type(value).__name__)
    return kind


def equal(run: Run, at: int, left: object, right: object) -> bool:
    """Whether two values are equal. Raises: ExpressionError when neither is null and their kinds differ."""
    kind, other = kind_of(left), kind_of(right)
    if kind == other:
        return same(run, left, right)
    if left is None or right is None:
        return False
    raise fault(
        "expression.wrong_kind", at, operation="==", wanted="two values of one kind", found=f"{kind} and {other}"
    )


def same(run: Run, left: object, right: object) -> bool:
    """Whether two values are of one kind and equal, lists and records by their content. Never recurses."""
    waiting: list[Iterable[tuple[Any, Any]]] = [((left, right),)]
    while waiting:
        for one, two in waiting.pop():
            kind = _KINDS.get(type(one))
            if kind != _KINDS.get(type(two)) or kind is None:
                return False
            if kind != "list" and kind != "record":
                if one != two:
                    return False
            elif len(one) != len(two):
                return False
            else:
                run.spend(len(one))
                waiting.append(zip(one, two, strict=True) if kind == "list" else _paired(one, two))
    return True


def _paired(one: Mapping[Any, Any], two: Mapping[Any, Any]) -> Iterator[tuple[Any, Any]]:
    """The values of two records of one size under each key; a key that only one has is paired with no value at all."""
    return ((value, two.get(key, Ellipsis)) for key, value in one.items())


def ordered(operator: str, at: int, left: object, right: object) -> bool:
    """Whether `left operator right` holds."""
    kind, other = kind_of(left), kind_of(right)
    if kind == "null" or other == "null":
        raise fault("expression.missing_value", at, operation=operator)
    if kind != other or kind not in _ORDERED:
        wanted = "two numbers, texts, instants, dates or durations"
        raise fault("expression.wrong_kind", at, operation=operator, wanted=wanted, found=f"{kind} and {other}")
    try:
        return _ORDERS[operator](left, right)
    except TypeError:
        raise fault("expression.naive_instant", at, operation=operator) from None


def contained(run: Run, at: int, item: object, container: object) -> bool:
    """Whether `container` has `item`: an element of a list, a part of a text, a key of a record."""
    kind = kind_of(container)
    bounded(container, at)
    if isinstance(container, list | tuple):
        run.spend(len(container))
        wanted = kind_of(item)
        if wanted == "list" or wanted == "record":
            return any(same(run, item, element) for element in container)
        return any(_KINDS.get(type(element)) == wanted and element == item for element in container)
    if kind == "null":
        raise fault("expression.missing_value", at, operation="in")
    if isinstance(container, str | dict) and isinstance(item, str):
        return item in container
    wanted = "a list, or a text in a text or record"
    raise fault("expression.wrong_kind", at, operation="in", wanted=wanted, found=f"{kind_of(item)} and {kind}")


def item_of(at: int, container: object, key: object) -> Any:
    """The element of a list or the value of a record; null where there is none or the container is null."""
    if container is None:
        return None
    if isinstance(container, dict):
        if not isinstance(key, str):
            raise fault("expression.wrong_kind", at, operation="[…]", wanted="a text as key", found=kind_of(key))
        if key.startswith("_"):
            raise fault("expression.private_name", at, name=key)
        return container.get(key)
    if isinstance(container, list | tuple):
        if type(key) is not int or key < 0:
            raise fault("expression.index", at, found=str(key))
        return container[key] if key < len(container) else None
    raise fault("expression.wrong_kind", at, operation="[…]", wanted="a list or record", found=kind_of(container))


def combined(run: Run, operator: str, at: int, left: Any, right: Any) -> Any:
    """The result of `left operator right` for `+ - * / % rem`."""
    kind, other = kind_of(left), kind_of(right)
    if kind == "null" or other == "null":
        raise fault("expression.missing_value", at, operation=operator)
    rule = _ARITHMETIC.get((operator, kind, other))
    if rule is None:
        found = f"{kind} and {other}"
        raise fault("expression.wrong_kind", at, operation=operator, wanted="fitting values", found=found)
    if kind == "list":
        run.spend(len(left) + len(right))
    try:
        return bounded(rule(left, right), at)
    except ZeroDivisionError:
        raise fault("expression.division_by_zero", at, operation=operator) from None
    except OverflowError:
        raise fault("expression.out_of_range", at, operation=operator) from None
    except TypeError:
        raise fault("expression.naive_instant", at, operation=operator) from None


def bounded(value: Any, at: int | None = None) -> Any:
    """`value` itself. Raises: ExpressionError when a number, text or list is larger than the language allows."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        if not -INTEGER_LIMIT <= value <= INTEGER_LIMIT:
            raise fault("expression.number_too_large", at)
    elif isinstance(value, float):
        if not isfinite(value):
            raise fault("expression.number_too_large", at)
    elif isinstance(value, str):
        if len(value) > TEXT_LIMIT:
            raise fault("expression.text_too_long", at, limit=TEXT_LIMIT, found=len(value))
    elif isinstance(value, list | tuple) and len(value) > LIST_LIMIT:
        raise fault("expression.list_too_long", at, limit=LIST_LIMIT, found=len(value))
    return value


def text_of(value: Any, at: int) -> str:
    """`value` inside a text with holes: null as nothing, durations and instants in ISO 8601."""
    kind = kind_of(value)
    if kind == "null":
        return ""
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "number":
        return str(int(value)) if bounded(value, at) == int(value) else repr(value)
    if kind == "duration":
        return iso.format_duration(value)
    if kind == "instant":
        return iso.format_instant(value)
    if kind == "text" or kind == "date":
        return str(value)
    raise fault("expression.wrong_kind", at, operation="${…}", wanted="a single value", found=kind)


def _quotient(left: int | float, right: int | float) -> int | float:
    """Division that stays whole where it is exact, so a third of nine instances counts as three."""
    if isinstance(left, int) and isinstance(right, int) and right != 0 and left % right == 0:
        return left // right
    return left / right


def _remainder(left: int | float, right: int | float) -> int | float:
    """The remainder with the sign of the dividend, as JUEL has it."""
    if isinstance(left, int) and isinstance(right, int):
        return abs(left) % abs(right) * (1 if left >= 0 else -1)
    if right == 0:
        raise ZeroDivisionError
    return fmod(left, right)


_RULES: Final[tuple[tuple[str, str, str, str, Callable[[Any, Any], Any]], ...]] = (
    ("+", "number", "number", "number", add),
    ("-", "number", "number", "number", sub),
    ("*", "number", "number", "number", mul),
    ("/", "number", "number", "number", _quotient),
    ("%", "number", "number", "number", mod),
    ("rem", "number", "number", "number", _remainder),
    ("+", "text", "text", "text", add),
    ("+", "list", "list", "list", lambda left, right: [*left, *right]),
    ("+", "instant", "duration", "instant", add),
    ("+", "duration", "instant", "instant", add),
    ("-", "instant", "duration", "instant", sub),
    ("-", "instant", "instant", "duration", sub),
    ("+", "date", "duration", "date", add),
    ("-", "date", "duration", "date", sub),
    ("-", "date", "date", "duration", sub),
    ("+", "duration", "duration", "duration", add),
    ("-", "duration", "duration", "duration", sub),
    ("*", "duration", "number", "duration", mul),
    ("*", "number", "duration", "duration", mul),
    ("/", "duration", "number", "duration", truediv),
    ("/", "duration", "duration", "number", truediv),
)
_ARITHMETIC: Final = {(operator, left, right): rule for operator, left, right, _, rule in _RULES}
RESULT_KINDS: Final = {(operator, left, right): result for operator, left, right, result, _ in _RULES}
