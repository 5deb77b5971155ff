"""Shapes of API v1 about process versions."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from .v1 import PLAIN

_NAME = (validate.Length(min=1, max=200), validate.Regexp(r"^[^\x00-\x1f/\\]+$", error="Expected a file name."))
_LARGEST = 7_000_000  # characters of base64


class File(Schema):
    """A file: its name, and its bytes in base64."""

    name = fields.String(required=True, validate=_NAME)
    content = fields.String(required=True, validate=validate.Length(max=_LARGEST))


class Files(Schema):
    """BPMN files, the DMN files and forms beside them, or one zip with all of it."""

    files = fields.List(fields.Nested(File), required=True, validate=validate.Length(min=1, max=50))
    tag = fields.String(load_default=None, allow_none=True, validate=(validate.Length(min=1, max=40), PLAIN))


class Reports(Schema):
    """What the check says of each BPMN file."""

    reports = fields.List(fields.Dict(), required=True)


class UploadedVersion(Schema):
    """A version that an upload became; `new` is false where the same files were there already."""

    id = fields.String(required=True)
    process = fields.String(required=True)
    version = fields.Integer(required=True)
    grade = fields.String(required=True)
    new = fields.Boolean(required=True)


class Uploaded(Schema):
    """What became of an upload."""

    deployment = fields.String(required=True)
    versions = fields.List(fields.Nested(UploadedVersion), required=True)


class VersionRow(Schema):
    """A stored version of a process, and how many instances run on it."""

    id = fields.String(required=True)
    process_id = fields.String(required=True)
    version = fields.Integer(required=True)
    state = fields.String(required=True)
    kind = fields.String(required=True)
    shipped = fields.Boolean(required=True)
    tag = fields.String(required=True, allow_none=True)
    digest = fields.String(required=True)
    revision = fields.Integer(required=True)
    deployment_id = fields.String(required=True, allow_none=True)
    author_id = fields.String(required=True, allow_none=True)
    publisher_id = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True, allow_none=True)
    effective_from = fields.AwareDateTime(required=True, allow_none=True)
    running = fields.Integer(required=True)


class Versions(Schema):
    """One page of the library; `next` is there while there is another."""

    items = fields.List(fields.Nested(VersionRow), required=True)
    next = fields.String(required=True, allow_none=True)


class Version(VersionRow):
    """One version with everything that is known of it."""

    report = fields.Dict(required=True)
    answers = fields.Dict(required=True)
    certificate = fields.Dict(required=True)
    blockers = fields.List(fields.Dict(), required=True)
    forms = fields.List(fields.String(), required=True)
    decisions = fields.List(fields.String(), required=True)


class VersionAnswers(Schema):
    """Answers by the key of their question: null for the proposal, a text, or a text for each way out of a gateway."""

    answers = fields.Dict(keys=fields.String(validate=PLAIN), required=True, validate=validate.Length(max=500))


class Checked(Schema):
    """A draft after a change: its grade, and the keys of the questions that are open."""

    id = fields.String(required=True)
    revision = fields.Integer(required=True)
    grade = fields.String(required=True)
    open = fields.List(fields.String(), required=True)


class Return(Schema):
    """Why a version is sent back."""

    reason = fields.String(required=True, validate=(validate.Length(min=1, max=1_000), PLAIN))


class Publication(Schema):
    """From when on a version is in force; at once where nothing is said."""

    effective_from = fields.AwareDateTime(allow_none=True)


class Moved(Schema):
    """A version in its new revision."""

    revision = fields.Integer(required=True)


class Beginning(Schema):
    """For which department an instance begins, and the answers to the start form."""

    department_id = fields.String(required=True, validate=(validate.Length(min=1, max=36), PLAIN))
    answers = fields.Dict(keys=fields.String(), load_default=dict)


class Begun(Schema):
    """The instance that began."""

    instance_id = fields.String(required=True)


class Difference(Schema):
    """What was added, removed and changed between two versions."""

    added = fields.List(fields.Dict(), required=True)
    removed = fields.List(fields.Dict(), required=True)
    changed = fields.List(fields.Dict(), required=True)
