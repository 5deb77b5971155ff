"""The quick answer to "is this valid?": jsonschema's own keyword checks, bound once per field.

`Draft202012Validator.iter_errors` spends most of its time on finding its way through the schema. Here that way is
walked once; what is left per answer is the calls themselves. The rules stay jsonschema's, so the two cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jsonschema import Draft202012Validator

_WALKED_HERE = frozenset({"type", "properties", "additionalProperties", "items"})


def bind(validator: Draft202012Validator, schema: Mapping[str, Any]) -> Callable[[Any], bool]:
    """A predicate that is true exactly where `validator` finds nothing wrong below `schema`.

    Shape: an object in `schema` refuses unknown fields, as every object of a bounded form does.
    """
    keywords = validator.VALIDATORS
    is_type = validator.TYPE_CHECKER.is_type
    kinds = schema.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else tuple(kinds)
    checks = [
        (keywords[name], value) for name, value in schema.items() if name in keywords and name not in _WALKED_HERE
    ]
    fields = {name: bind(validator, field) for name, field in schema.get("properties", {}).items()}
    closed = "additionalProperties" in schema
    items = schema.get("items")
    entry = bind(validator, items) if isinstance(items, Mapping) else None

    def holds(value: Any) -> bool:
        if kinds and not is_type(value, kinds[0]) and not any(is_type(value, kind) for kind in kinds[1:]):
            return False
        for check, wanted in checks:
            for _ in check(validator, wanted, value, schema) or ():
                return False
        if closed and isinstance(value, dict):
            for name, inner in value.items():
                if name not in fields or not fields[name](inner):
                    return False
        elif entry is not None and isinstance(value, list):
            return all(map(entry, value))
        return items is not False or not value

    return holds
