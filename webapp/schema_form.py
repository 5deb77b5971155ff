"""A process's form as a page: its JSON Schema as fields to fill in, and what was filled in back as answers.

The check of the answers is the engine's (`engine.forms`); here a field only becomes the kind of value its schema asks
for, so that a number typed wrong reaches the check as it was typed and is named there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

from werkzeug.datastructures import MultiDict

from engine.errors import Rejected

from . import names
from .text import named, t, t_or

Control = Literal[
    "radios",
    "select",
    "checkbox",
    "text",
    "area",
    "number",
    "date",
    "department",
    "departments",
    "evidence",
    "lines",
    "moment",
    "place",
]
_MOST_RADIOS = 4
_SHORT_TEXT = 120


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a field."""

    value: str
    text: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form, ready to be drawn, with what was typed and what is wrong with it.

    `shown_for` holds the decisions under which the field is asked for, where the schema says so, and `asked_by` how
    the form calls them.
    """

    name: str
    label: str
    control: Control
    required: bool
    value: Any
    error: str | None
    choices: tuple[Choice, ...] = ()
    least: float | None = None
    most: float | None = None
    longest: int | None = None
    shown_for: tuple[str, ...] = ()
    asked_by: tuple[str, ...] = ()


def fields_of(
    process_id: str,
    form: str,
    schema: Mapping[str, Any],
    values: Mapping[str, Any],
    errors: Mapping[str, str],
    departments: Iterable[str] = (),
) -> list[Field]:
    """The fields of a form in the order of its schema.

    Shape: `values` are answers as the engine takes them; `departments` are the codes a department field offers, the
    likely ones first.
    """
    texts = names.form_texts(process_id, form)
    labels, choices = texts.get("fields", {}), texts.get("choices", {})
    required = set(schema.get("required", ()))
    conditional = _conditional(schema)
    found = []
    # A stored schema has lost the order it was written in; the texts of the process still have it, or its fields do.
    written = {name: place for place, name in enumerate(labels)}
    written |= {name: kind["x-cl-order"] for name, kind in schema["properties"].items() if "x-cl-order" in kind}
    for name, kind in sorted(schema["properties"].items(), key=lambda field: written.get(field[0], len(written))):
        options = choices.get(name) or {value: _said(label) for value, label in kind.get("x-cl-choices", {}).items()}
        found.append(
            Field(
                name,
                labels.get(name) or _said(kind.get("x-cl-title", {})) or kind.get("title") or name,
                _control(kind),
                name in required,
                values.get(name, kind.get("default")),
                errors.get(name),
                _choices(kind, options, departments),
                kind.get("minimum"),
                kind.get("maximum"),
                kind.get("maxLength"),
                conditional.get(name, ()),
                tuple(choices.get("decision", {}).get(each, each) for each in conditional.get(name, ())),
            )
        )
    return found


def _said(label: Mapping[str, Any]) -> str:
    """What a drawn form calls something, in the reader's language."""
    return named(label.get("zh"), label.get("en"))


def _control(kind: Mapping[str, Any]) -> Control:
    if kind.get("x-cl-departments"):
        return "department" if kind.get("maxItems") == 1 else "departments"
    if kind.get("x-cl-event-type"):
        return "select"
    if kind.get("x-cl-evidence"):
        return "evidence"
    if "enum" in kind:
        return "radios" if len(kind["enum"]) <= _MOST_RADIOS else "select"
    types = kind.get("type", "string")
    types = [types] if isinstance(types, str) else list(types)
    if "boolean" in types:
        return "checkbox"
    if "integer" in types or "number" in types:
        return "number"
    if "array" in types:
        return "lines"
    if "longitude" in kind.get("properties", ()):
        return "place"
    if kind.get("format") in ("date", "date-time"):
        return "date" if kind["format"] == "date" else "moment"
    # What follows a pattern is a number or a code: one line, however long the schema lets it be.
    is_long = kind.get("maxLength", 0) > _SHORT_TEXT and "pattern" not in kind
    return "area" if kind.get("x-cl-free-text") or is_long else "text"


def _choices(kind: Mapping[str, Any], options: Mapping[str, str], departments: Iterable[str]) -> tuple[Choice, ...]:
    if kind.get("x-cl-departments"):
        return tuple(Choice(code, names.department(code)) for code in departments)
    if kind.get("x-cl-event-type"):
        return tuple(Choice(code, f"{code} {names.event_type(code)}") for code in names.event_types())
    return tuple(Choice(str(value), options.get(str(value), str(value))) for value in kind.get("enum", ()))


def _conditional(schema: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Fields that are required only under some decision: the decisions, by field."""
    found: dict[str, tuple[str, ...]] = {}
    for part in (schema, *schema.get("allOf", ())):
        decision = part.get("if", {}).get("properties", {}).get("decision", {})
        values = tuple(str(each) for each in decision.get("enum", [decision.get("const")]) if each is not None)
        for name in part.get("then", {}).get("required", ()):
            found[name] = (*found.get(name, ()), *values)
    return found


def answers_from(schema: Mapping[str, Any], form: MultiDict[str, str]) -> dict[str, Any]:
    """What was filled in, as answers; fields left empty are left out.

    Shape: a field's inputs carry its name with `f-` before it.
    """
    answers = {}
    for name, kind in schema["properties"].items():
        value = _value(kind, form.getlist(f"f-{name}"))
        if value is not None:
            answers[name] = value
    return answers


def _value(kind: Mapping[str, Any], given: list[str]) -> Any:
    filled = [each.strip() for each in given if each.strip()]
    control = _control(kind)
    if control == "checkbox":
        return True if filled else None
    if not filled:
        return None
    if control in ("department", "departments", "evidence"):
        return filled
    if control == "place":
        return _place(filled[0])
    if control == "lines":
        return [line.strip() for line in filled[0].splitlines() if line.strip()]
    if control == "number" or (control in ("radios", "select") and "integer" in str(kind.get("type"))):
        return _number(filled[0])
    return filled[0].replace("\r\n", "\n")


def _place(text: str) -> Any:
    """The place two numbers name, latitude first as maps write it; the text itself for the check to refuse."""
    numbers = [_number(part) for part in text.replace("，", ",").split(",")]
    if len(numbers) != 2 or any(isinstance(each, str) for each in numbers):
        return text
    return {"latitude": numbers[0], "longitude": numbers[1]}


def _number(text: str) -> Any:
    """The number a text spells; the text itself where it spells none, for the check to refuse."""
    for spell in (int, float):
        try:
            number = spell(text)
        except ValueError:
            continue
        return number if abs(number) < inf else text  # no limit of a schema holds back what is no number
    return text


def errors_of(refusal: Rejected) -> dict[str, str]:
    """What is wrong, by field, in the reader's language."""
    found = {}
    for finding in refusal.findings:
        name = str(getattr(finding, "field", "")).split(".")[0].split("[")[0].strip("/").split("/")[0]
        rule = getattr(finding, "rule", "")
        found[name] = t_or(f"form.rule_{rule}", getattr(finding, "reason", t("form.wrong")))
    return found
