"""Shapes of what programs say to processes: messages by name and key, and work fetched by topic."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from .v1 import PLAIN

_NAME = (validate.Length(min=1, max=120), PLAIN)
_WORKER = validate.Regexp(r"^[A-Za-z0-9_.:@+-]{1,80}$")
_IS_CODE = validate.Regexp(r"^[A-Za-z0-9_.:@+/|-]{1,120}$")
_SECONDS = validate.Range(1, 86_400)
MOST_JOBS = 100
MOST_TOPICS = 20
LONGEST_WAIT_S = 30


_CODE = re.compile(r"[A-Za-z0-9_.:@+/|-]{0,120}")
_LARGEST = 2**53
_ONE: list[dict[str, Any]] = [
    {"type": "string", "pattern": r"^[A-Za-z0-9_.:@+/|-]{0,120}$"},
    {"type": "number", "minimum": -_LARGEST, "maximum": _LARGEST},
    {"type": "boolean"},
    {"type": "null"},
]


def _is_one(value: Any) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str):
        return bool(_CODE.fullmatch(value))
    return isinstance(value, int | float) and -_LARGEST <= value <= _LARGEST


def _check(value: Any) -> None:
    if not all(_is_one(each) for each in (value if isinstance(value, list) else [value])):
        raise ValidationError("Expected a code, a number, true, false, null or a list of those.")


class Value(fields.Raw):
    """A value that may become a variable: a code, a number, true, false, null, or a list of those; no free text."""

    def __init__(self) -> None:
        shapes = [*_ONE, {"type": "array", "items": {"anyOf": _ONE}}]
        super().__init__(allow_none=True, validate=_check, metadata={"anyOf": shapes})


class Message(Schema):
    """A message: it goes to the one instance that waits for its name and key, or begins one, or is held so long."""

    name = fields.String(required=True, validate=_NAME)
    key = fields.String(load_default=None, allow_none=True, validate=_NAME)
    message_id = fields.String(load_default=None, allow_none=True, validate=_NAME)
    payload = fields.Dict(keys=fields.String(), values=Value(), load_default=dict)
    held_for_s = fields.Integer(load_default=3_600, validate=validate.Range(0, 604_800))


class Receipt(Schema):
    """What became of a message, and which instance has it."""

    outcome = fields.String(
        required=True, validate=validate.OneOf(("delivered", "started", "held", "duplicate", "lost"))
    )
    instance_id = fields.String(required=True, allow_none=True)


class Topic(Schema):
    """Work to fetch: of this topic, locked for so long, with these variables or all."""

    topic = fields.String(required=True, validate=_NAME)
    lock_s = fields.Integer(load_default=60, validate=_SECONDS)
    variables = fields.List(
        fields.String(validate=_NAME), load_default=None, allow_none=True, validate=validate.Length(max=200)
    )


class Fetch(Schema):
    """Fetch at most so much work, and wait at most so long for some."""

    worker = fields.String(required=True, validate=_WORKER)
    topics = fields.List(fields.Nested(Topic), required=True, validate=validate.Length(1, MOST_TOPICS))
    most = fields.Integer(load_default=10, validate=validate.Range(1, MOST_JOBS))
    wait_s = fields.Integer(load_default=0, validate=validate.Range(0, LONGEST_WAIT_S))


class Job(Schema):
    """A piece of work, locked for whoever fetched it."""

    id = fields.String(required=True)
    topic = fields.String(required=True)
    instance_id = fields.String(required=True)
    process_id = fields.String(required=True)
    version = fields.Integer(required=True)
    node_id = fields.String(required=True)
    department_id = fields.String(required=True)
    subject_kind = fields.String(required=True, allow_none=True)
    subject_id = fields.String(required=True, allow_none=True)
    retries = fields.Integer(required=True)
    locked_until = fields.String(required=True)
    variables = fields.Dict(required=True)


class Jobs(Schema):
    """What was fetched."""

    jobs = fields.List(fields.Nested(Job), required=True)


class WorkHolding(Schema):
    """Who holds the work."""

    worker = fields.String(required=True, validate=_WORKER)


class WorkExtension(WorkHolding):
    """Hold it for so long from now."""

    lock_s = fields.Integer(required=True, validate=_SECONDS)


class WorkExtended(Schema):
    """Until when it is held."""

    id = fields.String(required=True)
    locked_until = fields.String(required=True)


class WorkResults(WorkHolding):
    """The work is done, with these results."""

    variables = fields.Dict(keys=fields.String(), values=Value(), load_default=dict)


class WorkError(WorkHolding):
    """The work ended with a BPMN error."""

    code = fields.String(required=True, validate=_IS_CODE)


class WorkFailure(WorkHolding):
    """The work failed: why (a code), how often it may still be tried, and when again."""

    error = fields.String(required=True, validate=_IS_CODE)
    retries = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(0, 100))
    retry_in_s = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(0, 604_800))


class WorkAnswered(Schema):
    """What became of the instance."""

    id = fields.String(required=True)
    instance_id = fields.String(required=True)
    ended = fields.String(required=True, allow_none=True)


class WorkFailed(Schema):
    """When the work is tried again; with no tries left, what became of the instance."""

    id = fields.String(required=True)
    retries = fields.Integer()
    due_at = fields.String()
    instance_id = fields.String()
    ended = fields.String(allow_none=True)
