"""A draft as its row holds it: what an upload becomes for one process, and the files it is checked again from."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from engine.bpmn.check import grade_of
from engine.bpmn.net import Net
from engine.bpmn.net_codec import net_to_bytes
from engine.bpmn.proof_terms import ProofKind
from engine.bpmn.upload import Upload
from engine.domain.access import require as require_permission
from engine.errors import Conflict, NotAllowed, NotFound
from engine.storage.prepared import Prepared
from engine.storage.tables.processes import definition
from engine.storage.types import canonical_json
from engine.storage.uow import UnitOfWork

from .desk import Desk

UPLOAD = "process:definition:upload"

_COLUMNS = (
    *("id", "process_id", "version", "state", "kind", "digest", "source", "file_name", "forms", "decisions", "report"),
    *("answers", "certificate", "tag", "revision", "author_id", "publisher_id", "deployment_id", "shipped", "net"),
    "effective_from",
)
_ROW = Prepared(select(*(definition.c[name] for name in _COLUMNS)).where(definition.c.id == bindparam("id")))


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A stored version with its content, whatever its state."""

    id: str
    process_id: str
    version: int
    state: str
    kind: ProofKind
    digest: str
    source: bytes
    file_name: str
    forms: Mapping[str, Any]
    decisions: Mapping[str, str]
    report: Mapping[str, Any]
    answers: Mapping[str, Any]
    certificate: Mapping[str, Any]
    tag: str | None
    revision: int
    author_id: str | None
    publisher_id: str | None
    deployment_id: str | None
    shipped: bool
    net: bytes
    effective_from: datetime | None

    @property
    def given(self) -> dict[str, Any]:
        """The answers by key, as the check takes them."""
        return {key: answer["value"] for key, answer in self.answers.items()}

    def beside(self) -> dict[str, bytes]:
        """The forms and decisions as files, those that are broken too."""
        files = {f"{name}.json": json.dumps(form, ensure_ascii=False).encode() for name, form in self.forms.items()}
        files.update({name: text.encode() for name, text in self.decisions.items()})
        files.update({name: b64decode(content) for name, content in (self.report.get("broken") or {}).items()})
        return files


def draft_row(uow: UnitOfWork, id: str) -> DraftRow:
    """The version with this id. Raises: NotFound (`definition.unknown`)."""
    row = uow.one(_ROW, {"id": id})
    if row is None:
        raise NotFound("definition.unknown", "Expected a stored version of a process, but there is none.", id=id)
    values = dict(zip(_COLUMNS, row, strict=True))
    values |= {"source": bytes(values["source"]), "net": bytes(values["net"]), "report": values["report"] or {}}
    return DraftRow(**{**values, "file_name": values["file_name"] or f"{values['process_id']}.bpmn"})


def content_of(upload: Upload, file: str, process: str) -> dict[str, Any]:
    """The columns that the content of a version fills: one process of one file, with all that came beside it."""
    report = upload.reports[file]
    mine = [finding for finding in report.findings if finding.process in (None, process)]
    asked = [question for question in report.asked if question.process in (None, process)]
    net = report.nets.get(process)
    return {
        "digest": digest_of(upload.sources[file], upload.forms, upload.decisions),
        "kind": "plain" if net is None or not is_marked(net) else "loop",
        "source": upload.sources[file],
        "net": b"" if net is None else net_to_bytes(net),
        "forms": dict(upload.forms),
        "decisions": dict(upload.decisions),
        "normalised": report.normalised,
        "file_name": file,
        "report": {
            **{name: value for name, value in report.to_json().items() if name != "picture"},
            "grade": grade_of(mine),
            "findings": [finding.to_json() for finding in mine],
            "asked": [question.to_json() for question in asked],
            "broken": {name: b64encode(content).decode() for name, content in upload.broken.items()},
        },
    }


def is_marked(net: Net) -> bool:
    """Whether a net says of its steps what they do in a loop, or which moves of a subject they make."""
    return any(node.loop or node.action for node in net.nodes)


def digest_of(content: bytes, forms: Mapping[str, Any], decisions: Mapping[str, str]) -> str:
    """SHA-256 over the bytes, the forms and, where there are some, the decisions, in hex."""
    parts = hashlib.sha256(content)
    parts.update(canonical_json({name: dict(form) for name, form in forms.items()}).encode())
    if decisions:
        parts.update(canonical_json(dict(decisions)).encode())
    return parts.hexdigest()


def changed(draft: DraftRow) -> Conflict:
    """The refusal of a change of a version that somebody else changed since it was read."""
    message = f"Expected version {draft.version} as you saw it, but it was changed since."
    return Conflict("definition.changed", message, id=draft.id, revision=draft.revision)


def require(desk: Desk, permission: str) -> None:
    """Refuse an actor who has the permission nowhere; a person must act. Raises: NotAllowed."""
    if desk.actor_id is None:
        raise NotAllowed("definition.nobody", "Expected a person to act on a version, but it is the engine itself.")
    require_permission(desk.actor, permission, None, desk.city.profile.rights)
