"""FEEL's functions of strings, and how values become strings and numbers."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from engine.bpmn.expressions.faults import DEPTH_LIMIT, fault
from engine.bpmn.expressions.feel import iso, patterns
from engine.bpmn.expressions.feel.run import FeelRun, stopped
from engine.bpmn.expressions.feel.signatures import Function, function
from engine.bpmn.expressions.feel.values import NUMBERS, UNBOUNDED, bounded, built, kind_of, number, whole

_NUMBER = re.compile(r"-?(?:[0-9]{1,400}(?:\.[0-9]{1,400})?|\.[0-9]{1,400})(?:[eE][+-]?[0-9]{1,4})?")


def format_number(value: Decimal) -> str:
    """The number without exponent and without zeros that say nothing."""
    shown = format(value, "f")
    return shown.rstrip("0").rstrip(".") if "." in shown else shown


def format_value(run: FeelRun, value: Any, depth: int = 0) -> str:
    """A value as FEEL writes it; strings in quotation marks."""
    run.spend(1)
    if depth > DEPTH_LIMIT:
        raise stopped("expression.too_deep", DEPTH_LIMIT)
    kind = kind_of(value)
    if kind == "string":
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return built(run, f'"{escaped}"')
    if kind == "list":
        return built(run, f"[{', '.join(format_value(run, item, depth + 1) for item in value)}]")
    if kind == "context":
        parts = (f"{key}: {format_value(run, item, depth + 1)}" for key, item in value.items())
        return built(run, f"{{{', '.join(parts)}}}")
    if kind == "range":
        low = "" if value.low is UNBOUNDED else format_value(run, value.low, depth + 1)
        high = "" if value.high is UNBOUNDED else format_value(run, value.high, depth + 1)
        return f"{'[' if value.low_closed else '('}{low}..{high}{']' if value.high_closed else ')'}"
    return _format_single(kind, value)


def _format_single(kind: str, value: Any) -> str:
    if kind == "number":
        return format_number(value)
    if kind == "date":
        return iso.format_date(value)
    if kind == "time":
        return iso.format_time(value)
    if kind == "date and time":
        return iso.format_date_time(value)
    if kind.endswith("duration"):
        return iso.format_duration(value)
    return {None: "null", True: "true", False: "false"}.get(value, "function") if kind != "function" else "function"


def _string(run: FeelRun, at: int, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return built(run, format_value(run, value))


def _number(run: FeelRun, at: int, text: str, grouping: str | None = None, point: str | None = None) -> Decimal:
    """The number in a text with the given grouping and decimal signs."""
    if grouping not in (None, " ", ",", ".") or point not in (None, ",", ".") or (grouping and grouping == point):
        raise fault("expression.number_syntax", at, found=f"{grouping} {point}")
    plain = text.replace(grouping, "") if grouping else text
    plain = plain.replace(point, ".") if point else plain
    if not _NUMBER.fullmatch(plain) or (point == "," and "." in (text.replace(grouping, "") if grouping else text)):
        raise fault("expression.number_syntax", at, found=text)
    value = Decimal(plain)
    if value and not NUMBERS.Emin <= value.adjusted() <= NUMBERS.Emax:
        raise fault("expression.number_too_large", at)
    return NUMBERS.plus(value)


def _substring(run: FeelRun, at: int, text: str, start: Decimal, length: Decimal | None = None) -> str:
    first = whole(start)
    if first == 0 or abs(first) > len(text) or (length is not None and whole(length) < 1):
        raise fault("expression.index", at, found=str(first))
    begin = first - 1 if first > 0 else len(text) + first
    return text[begin:] if length is None else text[begin : begin + whole(length)]


def _before(run: FeelRun, at: int, text: str, match: str) -> str:
    head, found, _ = text.partition(match) if match else ("", "", "")
    return head if found else ""


def _after(run: FeelRun, at: int, text: str, match: str) -> str:
    return text.partition(match)[2] if match else text


def _join(run: FeelRun, at: int, values: list[Any], delimiter: str | None = None) -> str:
    run.spend(len(values))
    if not all(value is None or isinstance(value, str) for value in values):
        raise fault("expression.wrong_kind", at, operation="string join", wanted="strings", found="others")
    parts = [value for value in values if value is not None]
    length = sum(map(len, parts)) + len(delimiter or "") * len(parts)
    if length > 10**6:
        bounded("x" * 10**6)
    return built(run, (delimiter or "").join(parts))


_MATCH: Final = "string: string, match: string"

TEXTS: Final[dict[str, Function]] = {
    "string": function(("from: any", _string)),
    "number": function(("from: string, grouping separator?: string?, decimal separator?: string?", _number)),
    "substring": function(("string: string, start position: number, length?: number", _substring)),
    "string length": function(("string: string", lambda run, at, text: number(len(text)))),
    "upper case": function(("string: string", lambda run, at, text: built(run, text.upper()))),
    "lower case": function(("string: string", lambda run, at, text: built(run, text.lower()))),
    "substring before": function((_MATCH, _before)),
    "substring after": function((_MATCH, _after)),
    "contains": function((_MATCH, lambda run, at, text, match: match in text)),
    "starts with": function((_MATCH, lambda run, at, text, match: text.startswith(match))),
    "ends with": function((_MATCH, lambda run, at, text, match: text.endswith(match))),
    "string join": function(("list: list, delimiter?: string?", _join)),
    "matches": function(("input: string, pattern: string, flags?: string?", patterns.matches)),
    "replace": function(
        ("input: string, pattern: string, replacement: string, flags?: string?", patterns.replace),
    ),
    "split": function(("string: string, delimiter: string", patterns.split)),
}
