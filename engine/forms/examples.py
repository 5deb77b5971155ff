"""A valid filling of a form: what `drive` and the demo answer where nobody said what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.errors import Rejected
from engine.forms.answers import check_answers
from engine.forms.schema import Form, Schema, compile_form

_ROUNDS = 10


def example_answers(schema: Schema | str | Form, choose: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The smallest valid answers: wanted values of `choose` that the form knows, then whatever is required besides.

    A field's own `default` or first `examples` entry is used before anything is made up; of an enumeration the first
    value. Fields that a chosen value makes necessary (`if`/`then`, `dependentRequired`) are filled in too.

    Raises: Rejected `form.invalid` where a required field has a pattern and no example, or a chosen value is wrong.
    """
    form = compile_form(schema)
    answers = {name: value for name, value in (choose or {}).items() if name in form.fields}
    for name in form.schema.get("required", ()):
        answers.setdefault(name, _example(form.fields.get(name, {}), name))
    for _ in range(_ROUNDS):
        try:
            return check_answers(form, answers)
        except Rejected as refusal:
            missing = [f.field for f in refusal.findings if f.rule == "required" and f.field in form.fields]
            if not missing or any(name in answers for name in missing):
                raise
            for name in missing:
                answers[name] = _example(form.fields[name], name)
    return check_answers(form, answers)


def _example(schema: Schema, name: str) -> Any:
    """One value that fits the schema of a field."""
    for keyword in ("const", "default"):
        if keyword in schema:
            return schema[keyword]
    for keyword in ("examples", "enum"):
        if schema.get(keyword):
            return schema[keyword][0]
    kind = schema.get("type", "string")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "string":
        return _text(schema, name)
    if kind in ("integer", "number"):
        return _number(schema)
    if kind == "array":
        return [_example(schema.get("items") or {}, name) for _ in range(schema.get("minItems", 0))]
    if kind == "object":
        fields = schema.get("properties", {})
        return {inner: _example(fields.get(inner, {}), inner) for inner in schema.get("required", ())}
    return {"boolean": True, "null": None}.get(kind)


def _text(schema: Schema, name: str) -> str:
    made = {
        "date": "2026-01-01",
        "time": "08:00:00",
        "date-time": "2026-01-01T08:00:00+08:00",
        "email": "clerk@example.org",
    }.get(schema.get("format", ""), name)
    least, most = schema.get("minLength", 0), schema.get("maxLength", len(made))
    return made.ljust(least, "…") if len(made) <= most else made[:most]


def _number(schema: Schema) -> int | float:
    step: int | float = schema.get("multipleOf", 1)
    low: int | float | None = schema.get("minimum", schema.get("exclusiveMinimum"))
    high: int | float | None = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is not None:
        start = -(-low // step) * step
        return start + step if start <= schema.get("exclusiveMinimum", start - 1) else start
    if high is not None:
        start = high // step * step
        return start - step if start >= schema.get("exclusiveMaximum", start + 1) else start
    return 0
