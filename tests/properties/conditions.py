"""The tiny condition language of the random models, and its own evaluator.

`name op literal`, joined by `and` (binds tighter) and `or`; no brackets. Every text of it is also a text of the
product's expression language in plain spelling, so the two evaluators can be held against each other.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

_COMPARISON = re.compile(r"\s*(\w+)\s*(==|!=|<=|>=|<|>)\s*('[^']*'|-?\d+|true|false)\s*")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def literal(text: str) -> Any:
    """The value a literal stands for."""
    if text.startswith("'"):
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    return int(text)


def holds(condition: str, read: Callable[[str], Any]) -> bool:
    """Whether the condition is true for the variables that `read` returns. Raises: ValueError for other texts."""
    return any(all(_compare(part, read) for part in either.split(" and ")) for either in condition.split(" or "))


def _compare(text: str, read: Callable[[str], Any]) -> bool:
    found = _COMPARISON.fullmatch(text)
    if found is None:
        raise ValueError(f"not a comparison of the tiny language: {text!r}")
    name, sign, value = found.groups()
    return _OPERATORS[sign](read(name), literal(value))
