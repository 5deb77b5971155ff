"""Forms: what a schema may hold, what an answer may be, and what it costs to say so."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Rejected
from engine.forms import check_answers, compile_form, example_answers, personal_fields, schema_findings

pytestmark = pytest.mark.fast

REVIEW: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["decision"],
    "properties": {
        "decision": {"type": "string", "enum": ["approve", "return_for_revision"]},
        "reason": {"type": "string", "maxLength": 20, "x-cl-free-text": True},
        "phone": {"type": "string", "pattern": r"^\d{3,4}-?\d{7,8}$", "x-cl-personal": True},
        "due": {"type": "string", "format": "date-time"},
        "legs": {"type": "array", "items": {"type": "string"}, "maxItems": 3, "uniqueItems": True},
        "score": {"type": "integer", "minimum": 0, "maximum": 100, "default": 60},
        "place": {"type": "object", "required": ["lon"], "properties": {"lon": {"type": "number"}}},
    },
    "if": {"required": ["decision"], "properties": {"decision": {"const": "return_for_revision"}}},
    "then": {"required": ["reason"]},
}


def refused(answers: dict[str, Any]) -> list[tuple[str, str]]:
    """Field and rule of each finding the answers are refused with."""
    with pytest.raises(Rejected) as caught:
        check_answers(REVIEW, answers)
    assert caught.value.code == "form.invalid"
    assert all(finding.reason and finding.remedy for finding in caught.value.findings)
    return [(finding.field, finding.rule) for finding in caught.value.findings]


def test_answers_valid_are_trimmed_and_completed():
    """What a person types is stored without stray blanks, empty fields vanish and defaults are set."""
    cleaned = check_answers(REVIEW, {"decision": " approve ", "reason": "  ", "due": None})
    assert cleaned == {"decision": "approve", "score": 60}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, [("decision", "required")]),
        ({"decision": "maybe"}, [("decision", "enum")]),
        ({"decision": "approve", "hidden": 1}, [("hidden", "unknown")]),
        ({"decision": "approve", "reason": "x" * 21}, [("reason", "maxLength")]),
        ({"decision": "return_for_revision"}, [("reason", "required")]),
        ({"decision": "approve", "phone": "12"}, [("phone", "pattern")]),
        ({"decision": "approve", "due": "2026-01-01T08:00:00"}, [("due", "format")]),
        ({"decision": "approve", "legs": ["a", 1]}, [("legs[1]", "type")]),
        ({"decision": "approve", "legs": ["a", "a"]}, [("legs", "uniqueItems")]),
        ({"decision": "approve", "score": True}, [("score", "type")]),
        ({"decision": "approve", "score": float("nan")}, [("score", "number")]),
        ({"decision": "approve", "score": 10**400}, [("score", "number")]),
        ({"decision": "approve", "place": {}}, [("place.lon", "required")]),
        ({"decision": "approve", "place": {"lon": 1, "lat": 2}}, [("place", "unknown")]),
        ({"decision": "approve", "reason": "a\x00b"}, [("reason", "characters")]),
        ({"decision": "approve", "reason": "\ud800"}, [("reason", "characters")]),
        ({"decision": "approve", "reason": object()}, [("reason", "type")]),
    ],
)
def test_answers_invalid_are_refused_with_field_and_rule(answers, expected):
    """Every refusal names the field a person has to look at and why."""
    assert refused(answers) == expected


def test_answers_refused_do_not_quote_what_was_typed():
    """A finding may reach a log, so it must not carry a reporter's words."""
    with pytest.raises(Rejected) as caught:
        check_answers(REVIEW, {"decision": "approve", "phone": "secret-13900000000"})
    assert "13900000000" not in repr(caught.value.findings)


def test_marks_personal_and_free_text_name_their_fields():
    """Services seal by these sets, so a marked field must be in them."""
    form = compile_form(REVIEW)
    assert personal_fields(REVIEW) == {"phone"}
    assert form.free_text == {"reason"}


@pytest.mark.parametrize(
    ("field", "rule"),
    [
        ({"$ref": "https://example.org/schema.json"}, "keyword"),
        ({"$ref": "#/properties/a"}, "keyword"),
        ({"$dynamicRef": "#x"}, "keyword"),
        ({"patternProperties": {"a*": {}}}, "keyword"),
        ({"type": "string", "pattern": "(a+)+$"}, "pattern"),
        ({"type": "string", "pattern": "^(?:a|aa){1,50}$"}, "pattern"),
        ({"type": "string", "pattern": "^a*a*a*b$"}, "pattern"),
        ({"type": "string", "pattern": r"(.)\1"}, "pattern"),
        ({"type": "string", "pattern": "^(?=a)"}, "pattern"),
        ({"type": "string", "pattern": "x" * 201}, "pattern"),
        ({"type": "string", "maxLength": 10**9}, "maxLength"),
        ({"type": "array", "maxItems": 10**9}, "maxItems"),
        ({"type": "string", "format": "regex"}, "format"),
        ({"type": "object", "additionalProperties": True}, "additionalProperties"),
        ({"type": "strange"}, "schema"),
        (7, "schema"),
    ],
)
def test_schema_unsafe_is_refused_by_rule(field, rule):
    """An uploaded form cannot fetch, loop, blow up the matcher or take unlimited text."""
    findings = schema_findings({"type": "object", "properties": {"a": field}})
    assert [finding.rule for finding in findings][:1] == [rule]
    with pytest.raises(Rejected):
        compile_form({"type": "object", "properties": {"a": field}})


@pytest.mark.parametrize("name", ["1a", "a-b", "a" * 41, "名", "__class__", ""])
def test_schema_field_name_outside_the_grammar_is_refused(name):
    """Field names become variable names and must stay plain."""
    assert [f.rule for f in schema_findings({"type": "object", "properties": {name: {}}})] == ["name"]


def test_schema_deeply_nested_or_broken_is_refused():
    """Depth and broken JSON end in a finding, never in a recursion error."""
    deep: dict[str, Any] = {"type": "object"}
    for _ in range(50):
        deep = {"type": "object", "properties": {"a": deep}}
    assert [f.rule for f in schema_findings(deep)] == ["depth"]
    for text in ("{", "[" * 100_000, '"text"'):
        with pytest.raises(Rejected):
            compile_form(text)


@pytest.mark.parametrize("pattern", [r"^[a-z][a-z0-9_]{0,39}$", r"^\d{15}$", "^(?:I|II|III|IV)$", "^[^\\]]+$"])
def test_pattern_plain_is_allowed(pattern):
    """The patterns forms really need pass the safety check."""
    assert schema_findings({"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}}) == []


@given(
    st.dictionaries(
        st.sampled_from([*REVIEW["properties"], "other"]),
        st.none()
        | st.booleans()
        | st.integers(-5, 200)
        | st.sampled_from(["approve", "return_for_revision", "a" * 30])
        | st.lists(st.sampled_from(["a", "b", 1]), max_size=5)
        | st.dictionaries(st.just("lon"), st.integers(0, 3)),
    )
)
def test_quick_check_agrees_with_jsonschema(answers):
    """The bound checks accept exactly what the library accepts, on any answer."""
    form = compile_form(REVIEW)
    assert form.holds(answers) == (not list(form.validator.iter_errors(answers)))


def test_example_follows_the_choice_and_fills_what_it_needs():
    """Drive and demo get valid answers for either decision without knowing the form."""
    assert example_answers(REVIEW) == {"decision": "approve", "score": 60}
    returned = example_answers(REVIEW, {"decision": "return_for_revision", "other": 1})
    assert returned == {"decision": "return_for_revision", "reason": "reason", "score": 60}


def test_example_of_every_kind_is_valid():
    """Each kind of required field gets a value that passes its own check."""
    fields: dict[str, Any] = {
        "text": {"type": "string", "minLength": 8},
        "short": {"type": "string", "maxLength": 2},
        "day": {"type": "string", "format": "date"},
        "at": {"type": "string", "format": "date-time"},
        "clock": {"type": "string", "format": "time"},
        "mail": {"type": "string", "format": "email"},
        "count": {"type": "integer", "exclusiveMinimum": 4, "multipleOf": 2},
        "below": {"type": "integer", "exclusiveMaximum": 4},
        "share": {"type": "number", "minimum": 0.5},
        "done": {"type": "boolean"},
        "list": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": ["water"]}},
        "place": {"type": "object", "required": ["lon"], "properties": {"lon": {"type": "number"}}},
        "code": {"type": "string", "pattern": "^[0-9]{6}$", "examples": ["990100"]},
    }
    answers = example_answers({"type": "object", "required": list(fields), "properties": fields})
    assert set(answers) == set(fields)


def test_example_of_a_pattern_without_example_is_refused():
    """A value that cannot be made up is asked for, not guessed."""
    form = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "pattern": "^[0-9]{6}$"}}}
    with pytest.raises(Rejected):
        example_answers(form)
