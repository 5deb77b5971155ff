"""A form's schema, checked for safety and compiled once.

Position in the house: a library room beside `geo` and `sealing`; knows JSON Schema, no process and no storage.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError

from engine.errors import Rejected
from engine.forms.patterns import LONGEST_TEXT, pattern_problem
from engine.forms.quick import bind

LONGEST_LIST = 500
MOST_FIELDS = 100
DEEPEST = 6
FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,39}\Z")

_SEALING = frozenset({"x-cl-personal", "x-cl-free-text"})
_CONDITIONS = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")
_KEYWORDS = frozenset(
    (
        *("$schema", "$comment", "title", "description", "default", "examples", "readOnly"),
        *("type", "properties", "required", "additionalProperties", "dependentRequired", "enum", "const"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern", "format", "items", "minItems", "maxItems", "uniqueItems"),
        *_CONDITIONS,
    )
)
_FORMATS = frozenset({"date", "time", "date-time", "email"})

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FormFinding:
    """One thing that is wrong with a form or with what was filled in; never quotes what a person typed."""

    field: str
    rule: str
    reason: str
    remedy: str


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A schema that passed the safety check, with everything derived from it.

    Shape: `schema` is the original with our limits filled in; `personal` and `free_text` name top-level fields.
    """

    schema: Schema
    validator: Draft202012Validator
    holds: Callable[[Any], bool]
    fields: Mapping[str, Schema]
    personal: frozenset[str]
    free_text: frozenset[str]


def compile_form(schema: Schema | str | Form) -> Form:
    """The compiled form of a schema, from a cache keyed by its text.

    Raises: Rejected `form.unsafe` with a finding for every place that is not allowed.
    """
    if isinstance(schema, Form):
        return schema
    text = schema if isinstance(schema, str) else json.dumps(schema, ensure_ascii=False)
    return _compile(text)


def personal_fields(schema: Schema | str | Form) -> frozenset[str]:
    """The fields marked `x-cl-personal`: sealed by services, never in a process state in clear."""
    return compile_form(schema).personal


def free_text_fields(schema: Schema | str | Form) -> frozenset[str]:
    """The fields marked `x-cl-free-text`: what people write in their own words."""
    return compile_form(schema).free_text


def schema_findings(schema: object) -> list[FormFinding]:
    """Everything that keeps a schema from being used as a form; never raises."""
    if not isinstance(schema, Mapping) or schema.get("type") != "object":
        return [FormFinding("", "type", "a form is a schema of type object", 'write "type": "object" at its root')]
    found = list(_unsafe(schema, "", 0))
    if found:
        return found
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as problem:
        where = ".".join(str(step) for step in problem.absolute_path)
        return [FormFinding(where, "schema", problem.message[:200], "correct the keyword's value")]
    return []


@lru_cache(maxsize=512)
def _compile(text: str) -> Form:
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as problem:
        broken = FormFinding("", "json", str(problem)[:200], "write the form as one JSON object")
        raise Rejected("form.broken", "Expected a form in JSON, but it cannot be read.", findings=(broken,)) from None
    found = schema_findings(schema)
    if found:
        raise Rejected(
            "form.unsafe",
            "Expected a form that stands alone and is bounded, but this one is not.",
            findings=tuple(found),
        )
    bounded = _bounded(schema)
    fields: Mapping[str, Schema] = bounded["properties"]
    validator = Draft202012Validator(bounded, format_checker=_formats)
    return Form(
        bounded,
        validator,
        bind(validator, bounded),
        fields,
        frozenset(name for name, field in fields.items() if field.get("x-cl-personal") is True),
        frozenset(name for name, field in fields.items() if field.get("x-cl-free-text") is True),
    )


def _unsafe(schema: object, where: str, depth: int) -> Iterator[FormFinding]:
    """Findings for one schema and all below it."""
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        yield FormFinding(where, "schema", "a schema is an object", "write { … } here")
        return
    if depth > DEEPEST:
        yield FormFinding(where, "depth", f"the form is nested deeper than {DEEPEST}", "use fewer levels")
        return
    for keyword in schema:
        if keyword not in _KEYWORDS and not keyword.startswith("x-cl-"):
            yield FormFinding(where, "keyword", f"{keyword} is not used in forms", "write the field out without it")
    if depth > 1 and not _SEALING.isdisjoint(schema):
        yield FormFinding(where, "mark", "a part of a field cannot be sealed alone", "mark the whole field")
    yield from _unsafe_values(schema, where)
    properties = schema.get("properties", {})
    if isinstance(properties, Mapping):
        if len(properties) > MOST_FIELDS:
            yield FormFinding(where, "fields", f"the form has more than {MOST_FIELDS} fields", "split the step")
        for name, field in properties.items():
            inner = f"{where}.{name}" if where else name
            if not FIELD_NAME.match(name):
                yield FormFinding(inner, "name", "a field is named like reply_text", "use A-Z, a-z, 0-9, _; at most 40")
            yield from _unsafe(field, inner, depth + 1)
    if "items" in schema:
        yield from _unsafe(schema["items"], f"{where}[]", depth + 1)
    for keyword in _CONDITIONS:
        inside = schema.get(keyword, [])
        for part in inside if isinstance(inside, list) else [inside]:
            yield from _unsafe(part, where, depth + 1)


def _unsafe_values(schema: Schema, where: str) -> Iterator[FormFinding]:
    """Findings for keywords whose value decides whether a check stays cheap."""
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and (problem := pattern_problem(pattern)):
        yield FormFinding(where, "pattern", f"the pattern is not allowed: {problem}", "use a simpler pattern")
    if "format" in schema and schema["format"] not in _FORMATS:
        yield FormFinding(where, "format", "the format is not known", f"use one of {', '.join(sorted(_FORMATS))}")
    for keyword, most in (("maxLength", 5 * LONGEST_TEXT), ("maxItems", LONGEST_LIST)):
        limit = schema.get(keyword)
        if isinstance(limit, int) and limit > most:
            yield FormFinding(where, keyword, f"{keyword} is more than {most}", f"use at most {most}")
    if schema.get("additionalProperties", False) is not False:
        yield FormFinding(where, "additionalProperties", "a form refuses unknown fields", "leave the keyword out")


def _bounded(schema: Schema) -> dict[str, Any]:
    """The schema with our limits where it sets none; conditions are left alone, they only narrow."""
    bounded = dict(schema)
    kinds = schema.get("type", ())
    kinds = (kinds,) if isinstance(kinds, str) else kinds
    if "object" in kinds:
        bounded["properties"] = {name: _bounded(field) for name, field in schema.get("properties", {}).items()}
        bounded["additionalProperties"] = False
    if "array" in kinds:
        bounded.setdefault("maxItems", LONGEST_LIST)
        if isinstance(schema.get("items"), Mapping):
            bounded["items"] = _bounded(schema["items"])
    if "string" in kinds:
        bounded.setdefault("maxLength", LONGEST_TEXT)
    return bounded


_formats = FormatChecker(formats=())


@_formats.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))


@_formats.checks("time", raises=ValueError)
def _is_time(value: object) -> bool:
    return not isinstance(value, str) or time.fromisoformat(value) is not None


@_formats.checks("date-time", raises=ValueError)
def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@_formats.checks("email")
def _is_email(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"[^@\s]{1,64}@[^@\s]{1,255}", value) is not None
