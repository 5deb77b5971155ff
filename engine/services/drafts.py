"""Commands on drafts: uploading, editing, answering questions. Files are checked in the bounded child, outside of any
transaction; what is stored is what the check said, under the revision it was asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from engine.bpmn.check import Report
from engine.bpmn.findings import Finding
from engine.bpmn.proof import MOST_SECONDS
from engine.bpmn.proof_terms import ProofKind
from engine.bpmn.upload import Upload, check_upload_in_child
from engine.clock import cpu_seconds
from engine.domain.access import Actor
from engine.domain.events import DefinitionStored
from engine.domain.lifecycle import DEFINITION
from engine.errors import Rejected
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables.processes import definition, deployment

from .desk import Desk
from .draft_rows import UPLOAD, DraftRow, changed, content_of, draft_row, is_marked, require
from .engine import Engine
from .proving import certificate

LONGEST_TAG = 40
MOST_ANSWERS = 500
WITHDRAWN = "withdrawn"
"""In place of a value: the question is open again."""

_DEPLOY = insert_into(deployment)
_NEW = insert_into(definition)
_NEWEST = Prepared(
    select(definition.c.id, definition.c.version, definition.c.digest, definition.c.state)
    .where(definition.c.process_id == bindparam("process_id"))
    .order_by(definition.c.version.desc())
    .limit(1)
)
_CONTENT = ("digest", "kind", "source", "net", "forms", "decisions", "normalised", "file_name", "report", "answers")
_KEEP = update_row(definition, *_CONTENT, "certificate", where=("id", "revision"))


@dataclass(frozen=True, slots=True)
class Checked:
    """An upload that was checked, ready to be stored; `name` is what it was called."""

    name: str
    digest: str
    upload: Upload
    certificates: Mapping[str, Mapping[str, Any]]


def check_files(engine: Engine, files: Mapping[str, bytes], seconds: float = MOST_SECONDS) -> Checked:
    """What the check says of files that came together, and what is proved of their processes; nothing is stored.

    No proof begins after so many seconds of CPU: the rest is not proved, and may be by itself later.
    """
    digest = hashlib.sha256(b"".join(files.values())).hexdigest()
    upload = check_upload_in_child(files, dressed=True)
    until = cpu_seconds() + seconds
    certificates = (
        {}
        if upload.is_refused
        else {
            process: prove_content(engine, upload, file, process, None, is_in_time=cpu_seconds() < until)
            for file, report in upload.reports.items()
            for process in report.processes
        }
    )
    return Checked(next(iter(files), ""), digest, upload, certificates)


def prove_content(
    engine: Engine, upload: Upload, file: str, process: str, deployment_id: str | None, *, is_in_time: bool = True
) -> dict[str, Any]:
    """The certificate of one process of an upload, as the kind its marks say; nothing is proved out of time."""
    report = upload.reports[file]
    net = report.nets.get(process)
    drawn = {id: (each, upload.forms) for one in upload.reports.values() for id, each in one.nets.items()}
    mine = [finding for finding in report.findings if finding.process in (None, process)]
    kind: ProofKind = "loop" if net is not None and is_marked(net) else "plain"
    tried = net if is_in_time else None
    return certificate(engine, tried, kind, drawn=drawn, findings=mine, deployment_id=deployment_id)


def submit(desk: Desk, checked: Checked, tag: str | None = None) -> dict[str, Any]:
    """Store every process of an upload as the next version of its own, a draft; what was stored.

    The same files and forms as the newest version of a process are not stored again: that version is named.

    Raises: NotAllowed; Rejected (`definition.refused`) with the findings, (`definition.tag`).
    """
    require(desk, UPLOAD)
    _require_accepted(checked.upload)
    if tag is not None and not (tag.isprintable() and 0 < len(tag.strip()) <= LONGEST_TAG):
        raise Rejected("definition.tag", f"Expected a tag of 1 to {LONGEST_TAG} characters, but got another.")
    id = desk.uow.new_id()
    row = {"id": id, "name": checked.name[:200], "digest": checked.digest, "author_id": desk.actor_id, "at": desk.now}
    desk.uow.run(_DEPLOY, row)
    versions = [
        _store(desk, checked, file, process, id, tag)
        for file, report in checked.upload.reports.items()
        for process in report.processes
    ]
    return {"deployment": id, "versions": versions}


def _require_accepted(upload: Upload) -> None:
    if upload.is_refused:
        findings = tuple(f for report in upload.reports.values() for f in report.findings if f.severity == "error")
        message = "Expected files that can be read, but the check refuses at least one of them."
        raise Rejected("definition.refused", message, findings=findings)


def _store(
    desk: Desk, checked: Checked, file: str, process: str, deployment_id: str, tag: str | None
) -> dict[str, Any]:
    content = content_of(checked.upload, file, process)
    newest = desk.uow.one(_NEWEST, {"process_id": process})
    grade = content["report"]["grade"]
    if newest is not None and newest[2] == content["digest"]:
        return {"id": newest[0], "process": process, "version": newest[1], "grade": grade, "new": False}
    id, version = desk.uow.new_id(), 1 if newest is None else newest[1] + 1
    values = {
        **{"id": id, "process_id": process, "version": version, "state": DEFINITION.start, "tag": tag, **content},
        **{"certificate": checked.certificates[process], "answers": {}, "deployment_id": deployment_id, "revision": 1},
        **{"shipped": False, "author_id": desk.actor_id, "publisher_id": None, "created_at": desk.now},
        **{"effective_from": None, "published_at": None, "return_reason": None},
    }
    desk.uow.run(_NEW, values)
    _record(desk, id, version, deployment_id, content, 0)
    return {"id": id, "process": process, "version": version, "grade": grade, "new": True}


def edit(
    engine: Engine, actor: Actor, id: str, revision: int, files: Mapping[str, bytes], *, is_all: bool = False
) -> dict[str, Any]:
    """Give a draft new bytes, new forms or new decisions; a file that is not given stays, unless these `is_all`.

    Shape: a BPMN file takes the place of the draft's whatever it is called, a form or DMN file that of its name.

    Raises: InvalidMove (`definition.not_draft`); Conflict (`definition.changed`); Rejected (`definition.refused`),
    (`definition.other_process`) where the process of the draft is not in the new file.
    """
    draft = engine.read(draft_row, id)
    beside = {name: content for name, content in files.items() if name.lower().endswith((".json", ".form", ".dmn"))}
    drawings = [content for name, content in files.items() if name not in beside] or [draft.source]
    whole = beside if is_all else {**draft.beside(), **beside}
    return _check_and_keep(engine, actor, draft, revision, drawings[0], whole, draft.answers)


def answer_questions(
    engine: Engine, actor: Actor, id: str, revision: int, answers: Mapping[str, Any]
) -> dict[str, Any]:
    """Answer questions of a draft and check it again.

    Shape: by key of the question, None for the proposal, `WITHDRAWN`, or a value as `engine.bpmn.answers` says.

    Raises: as `edit`; Rejected (`answer.unknown`) for a question that is not asked, (`answer.no_proposal`),
    (`answer.invalid`, `answer.not_taken`), (`answer.does_not_fit`) with the findings it leads to.
    """
    draft = engine.read(draft_row, id)
    asked = {question["key"]: question for question in draft.report.get("asked", ())}
    kept = dict(draft.answers)
    for key, value in list(answers.items())[:MOST_ANSWERS]:
        if key not in asked:
            raise Rejected("answer.unknown", f"Expected a question of this version, but {key!r:.80} is none.", key=key)
        if value is None and asked[key]["proposal"] is None:
            message = f"Expected an answer of your own to {key!r:.80}, but there is none and no proposal to take."
            raise Rejected("answer.no_proposal", message, key=key, element=asked[key]["element"])
        if value == WITHDRAWN:
            kept.pop(key, None)
        else:
            kept[key] = {"value": value, "by": actor.person_id, "at": engine.clock.now().isoformat()}
    return _check_and_keep(engine, actor, draft, revision, draft.source, draft.beside(), kept, is_answer=True)


def _check_and_keep(
    engine: Engine,
    actor: Actor,
    draft: DraftRow,
    revision: int,
    content: bytes,
    beside: Mapping[str, bytes],
    answers: Mapping[str, Any],
    *,
    is_answer: bool = False,
) -> dict[str, Any]:
    """Check a draft as it would be, and store it where nobody changed it meanwhile."""
    DEFINITION.decide(draft.state, "answer" if is_answer else "edit")
    if draft.revision != revision:  # what is checked is made from what was read here, so it must be what they saw
        raise changed(draft)
    file = draft.file_name
    given = {key: answer["value"] for key, answer in answers.items()}
    upload = check_upload_in_child({file: content, **beside}, {file: given}, dressed=True)
    wrong = _wrong_answers(draft, given, upload.reports[file]) if is_answer else ()
    if wrong:
        message = "Expected an answer that the file runs with, but this one leads to another finding."
        raise Rejected("answer.does_not_fit", message, findings=wrong, element=wrong[0].element)
    _require_accepted(upload)
    if draft.process_id not in upload.reports[file].processes:
        message = f"Expected the process “{draft.process_id}” in the file, but it is not there."
        raise Rejected("definition.other_process", message, process=draft.process_id)
    columns = content_of(upload, file, draft.process_id)
    asked = {question["key"] for question in columns["report"]["asked"]}
    columns["answers"] = {key: answer for key, answer in answers.items() if key in asked}
    columns["certificate"] = prove_content(engine, upload, file, draft.process_id, draft.deployment_id)
    return engine.command(_keep, actor, draft.id, revision, columns, "answer" if is_answer else "edit")


def _wrong_answers(draft: DraftRow, given: Mapping[str, Any], report: Report) -> tuple[Finding, ...]:
    """What answers of people's own lead to: errors, and new questions where they stand."""
    asked = {question["key"]: question["element"] for question in draft.report.get("asked", ())}
    answered = {asked.get(key) for key, value in given.items() if value is not None}
    errors = (each for each in report.findings if each.severity == "error" and not each.question)
    again = (each for each in report.findings if each.question and each.key not in asked and each.element in answered)
    return (*errors, *again)


def _keep(desk: Desk, id: str, revision: int, columns: dict[str, Any], action: str) -> dict[str, Any]:
    require(desk, UPLOAD)
    draft = draft_row(desk.uow, id)
    DEFINITION.decide(draft.state, action)
    values = {"id": id, "seen_revision": revision, **columns}
    if desk.uow.run(_KEEP, values) != 1:
        raise changed(draft)
    _record(desk, id, draft.version, draft.deployment_id or "", columns, len(columns["answers"]))
    open_now = [each["key"] for each in columns["report"]["findings"] if each.get("question")]
    return {"id": id, "revision": revision + 1, "grade": columns["report"]["grade"], "open": open_now}


def _record(desk: Desk, id: str, version: int, deployment_id: str, content: Mapping[str, Any], answered: int) -> None:
    stored = DefinitionStored(
        at=desk.now,
        subject_id=id,
        actor_id=desk.actor_id,
        deployment_id=deployment_id,
        version=version,
        digest=content["digest"],
        grade=content["report"]["grade"],
        answered=answered,
    )
    desk.record(stored, f"definition:{id}")
