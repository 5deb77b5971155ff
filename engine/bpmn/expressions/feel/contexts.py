"""FEEL's functions of contexts, and `is` and `not`."""

from __future__ import annotations

from typing import Any, Final

from engine.bpmn.expressions.faults import LIST_LIMIT, fault
from engine.bpmn.expressions.feel import operators
from engine.bpmn.expressions.feel.run import FeelRun
from engine.bpmn.expressions.feel.signatures import Function, function
from engine.bpmn.expressions.feel.temporal import DateTime, Time
from engine.bpmn.expressions.feel.values import kind_of


def _value(run: FeelRun, at: int, context: dict[str, Any], key: str) -> Any:
    if key not in context:
        raise fault("expression.no_property", at, name=key, found="context")
    return context[key]


def _deep_value(run: FeelRun, at: int, context: dict[str, Any], keys: list[Any]) -> Any:
    value: Any = context
    for key in keys:
        run.spend(1)
        if not isinstance(value, dict) or not isinstance(key, str) or key not in value:
            raise fault("expression.no_property", at, name=str(key), found=kind_of(value))
        value = value[key]
    return value


def _entries(run: FeelRun, at: int, context: dict[str, Any]) -> list[dict[str, Any]]:
    run.spend(len(context))
    return [{"key": key, "value": value} for key, value in context.items()]


def _made(run: FeelRun, at: int, entries: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    run.spend(len(entries))
    for entry in entries:
        if not isinstance(entry, dict) or not isinstance(entry.get("key"), str) or "value" not in entry:
            raise fault("expression.wrong_kind", at, operation="context", wanted="key and value", found=kind_of(entry))
        if entry["key"] in found:
            raise fault("expression.duplicate_key", at, name=entry["key"])
        found[_public(at, entry["key"])] = entry["value"]
    return found


def _public(at: int, key: str) -> str:
    if key.startswith("_"):
        raise fault("expression.private_name", at, name=key)
    return key


def _put(run: FeelRun, at: int, context: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    run.spend(len(context) // 4 + 1)
    if len(context) >= LIST_LIMIT:
        raise fault("expression.list_too_long", at, limit=LIST_LIMIT, found=len(context))
    return {**context, _public(at, key): value}


def _put_deep(run: FeelRun, at: int, context: dict[str, Any], keys: list[Any], value: Any) -> dict[str, Any]:
    """The context with `value` at the end of the path; every context on the way is a copy."""
    if not keys or not all(isinstance(key, str) for key in keys):
        raise fault("expression.wrong_kind", at, operation="context put", wanted="strings", found="other keys")
    levels = [context]
    for key in keys[:-1]:
        inner = levels[-1].get(key)
        if not isinstance(inner, dict):
            raise fault("expression.no_property", at, name=key, found=kind_of(inner))
        levels.append(inner)
    for level, key in zip(reversed(levels), reversed(keys), strict=True):
        value = _put(run, at, level, key, value)
    return dict(value)


def _merged(run: FeelRun, at: int, contexts: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for context in contexts:
        if not isinstance(context, dict):
            kind = kind_of(context)
            raise fault("expression.wrong_kind", at, operation="context merge", wanted="contexts", found=kind)
        run.spend(len(context) // 4 + 1)
        found.update(context)
        if len(found) > LIST_LIMIT:
            raise fault("expression.list_too_long", at, limit=LIST_LIMIT, found=len(found))
    return found


def _is(run: FeelRun, at: int, one: Any = None, two: Any = None) -> bool:
    """Whether two values are the same in kind and every part, zone and offset included."""
    if type(one) is not type(two):
        return False
    if isinstance(one, Time | DateTime):
        return bool(one == two)
    return operators.equal(run, one, two) is True


def _assert(run: FeelRun, at: int, value: Any, condition: Any, cause: Any = None) -> Any:
    """The value where the condition holds, else null with a fault. Source: FEEL of Camunda 8."""
    if condition is not True:
        raise fault("expression.missing_value", at, operation="assert")
    return value


def _or_else(run: FeelRun, at: int, value: Any, default: Any) -> Any:
    return default if value is None else value


CONTEXTS: Final[dict[str, Function]] = {
    "get value": function(("m: context, key: string", _value), ("context: context, keys: list", _deep_value)),
    "get entries": function(("m: context", _entries)),
    "context": function(("entries: list", _made)),
    "context put": function(
        ("context: context, key: string, value: any", _put),
        ("context: context, keys: list, value: any", _put_deep),
    ),
    "context merge": function(("contexts: list", _merged)),
    "is": function(("value1?: any, value2?: any", _is)),
    "not": function(("negand: boolean?", lambda run, at, value: None if value is None else not value)),
    "assert": function(("value: any, condition: any", _assert), ("value: any, condition: any, cause: any", _assert)),
    "get or else": function(("value: any, default: any", _or_else)),
}
