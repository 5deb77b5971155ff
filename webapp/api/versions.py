"""API v1: the life of process versions — uploading, questions, review, publishing, comparing, starting."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from typing import Any

from engine.bpmn.upload import check_upload_in_child
from engine.errors import Rejected
from engine.services import by_hand, drafts, limits, publishing
from engine.services.draft_rows import UPLOAD
from engine.services.questions.library import VersionPage, VersionRow, difference, version_page, versions
from webapp.cursor import decode
from webapp.schemas import v1 as s
from webapp.schemas import versions as shapes
from webapp.session import actor, the_engine

from .v1 import _page, _seen, area, command, route

READ = ("process:definition:read", UPLOAD)
PUBLISH = "process:definition:publish"
SCOPE = "definitions"
Body = Any


@route("/process-versions", "GET", READ, "read")
@area.arguments(s.Page, location="query")
@area.response(200, shapes.Versions)
def list_versions(page: dict[str, Any]) -> Body:
    """The versions of every process, by process, the newest first."""
    after = decode(page.get("after"), "text", "number")
    rows = the_engine().read(versions)
    if after is not None:
        rows = [row for row in rows if (row.process_id, -row.version) > (after[0], -after[1])]
    return _page(rows[: page["limit"] + 1], page["limit"], lambda row: (row.process_id, row.version))


@route("/process-versions", "POST", UPLOAD, SCOPE)
@area.arguments(s.Write, location="headers")
@area.arguments(shapes.Files)
@area.response(201, shapes.Uploaded)
def upload_versions(headers: dict[str, Any], body: dict[str, Any]) -> Body:
    """Keep files as drafts, all of them or none; the same files again name the versions that are there."""
    engine = the_engine()
    limits.take(engine, limits.IMPORT, actor().person_id)

    def keep() -> dict[str, Any]:
        checked = drafts.check_files(engine, _files(body))
        return engine.command(drafts.submit, actor(), checked, body.get("tag"))

    return engine.once_in_parts(headers["key"], "upload_versions", actor(), body, keep)


@route("/process-versions/check", "POST", UPLOAD, SCOPE)
@area.arguments(shapes.Files)
@area.response(200, shapes.Reports)
def check_versions(body: dict[str, Any]) -> Body:
    """What an upload would answer, as `cityloop check --json` prints it; nothing is kept."""
    limits.take(the_engine(), limits.IMPORT, actor().person_id)
    reports = check_upload_in_child(_files(body)).reports
    return {"reports": [{"file": name, **report.to_json()} for name, report in reports.items()]}


def _files(body: dict[str, Any]) -> dict[str, bytes]:
    """The files of a request by name. Raises: Rejected (`upload.broken`) for what is no base64, (`upload.twice`)."""
    found: dict[str, bytes] = {}
    for file in body["files"]:
        name = file["name"]
        if name in found:
            raise Rejected("upload.twice", f"Expected names to differ, but two files are {name!r:.80}.", name=name)
        try:
            found[name] = b64decode(file["content"], validate=True)
        except (NotBase64, ValueError):
            raise Rejected("upload.encoding", f"Expected base64 in {name!r:.80}, but it is none.", name=name) from None
    return found


@route("/process-versions/<id>", "GET", READ, "read")
@area.response(200, shapes.Version)
def version_of(id: str) -> Body:
    """One version with its report, its questions and answers, its certificate and what keeps it from publishing."""
    found = the_engine().read(version_page, id)
    return _told(found), 200, {"ETag": f'"{found.row.revision}"'}


def _told(found: VersionPage) -> dict[str, Any]:
    row: VersionRow = found.row
    return {
        **{name: getattr(row, name) for name in VersionRow.__slots__},
        "report": {name: value for name, value in found.report.items() if name != "broken"},
        "answers": {key: {"value": each["value"], "by": each["by"]} for key, each in found.draft.answers.items()},
        "certificate": dict(found.draft.certificate),
        "blockers": [{"code": each.code, "message": each.message, "element": each.element} for each in found.blockers],
        "forms": sorted(found.draft.forms),
        "decisions": sorted(found.draft.decisions),
    }


@route("/process-versions/<id>/answers", "POST", UPLOAD, SCOPE)
@area.arguments(s.SeenWrite, location="headers")
@area.arguments(shapes.VersionAnswers)
@area.response(200, shapes.Checked)
def answer_version(headers: dict[str, Any], body: dict[str, Any], id: str) -> Body:
    """Answer questions of a draft: null takes the proposal, `withdrawn` opens a question again."""
    engine, seen = the_engine(), _seen(headers["if_match"])
    limits.take(engine, limits.DRAW, actor().person_id)

    def answer() -> dict[str, Any]:
        return drafts.answer_questions(engine, actor(), id, seen, body["answers"])

    return engine.once_in_parts(headers["key"], "answer_version", actor(), [id, seen, body], answer)


@route("/process-versions/<id>/review", "POST", UPLOAD, SCOPE)
@area.arguments(s.SeenWrite, location="headers")
@area.response(200, shapes.Moved)
def review_version(headers: dict[str, Any], id: str) -> Body:
    """Hand a draft to a second person."""
    return _moved(command(headers["key"], publishing.submit_for_review, id, _seen(headers["if_match"])))


@route("/process-versions/<id>/return", "POST", PUBLISH, SCOPE)
@area.arguments(s.SeenWrite, location="headers")
@area.arguments(shapes.Return)
@area.response(200, shapes.Moved)
def return_version(headers: dict[str, Any], body: dict[str, Any], id: str) -> Body:
    """Give a version in review back, with the reason."""
    seen = _seen(headers["if_match"])
    return _moved(command(headers["key"], publishing.return_for_revision, id, seen, body["reason"]))


@route("/process-versions/<id>/publish", "POST", PUBLISH, SCOPE)
@area.arguments(s.SeenWrite, location="headers")
@area.arguments(shapes.Publication)
@area.response(200, shapes.Moved)
def publish_version(headers: dict[str, Any], body: dict[str, Any], id: str) -> Body:
    """Put a version of somebody else into force."""
    since = body.get("effective_from")
    given = None if since is None else since.isoformat()
    return _moved(command(headers["key"], publishing.publish, id, _seen(headers["if_match"]), given))


@route("/process-versions/<id>/retire", "POST", PUBLISH, SCOPE)
@area.arguments(s.SeenWrite, location="headers")
@area.response(200, shapes.Moved)
def retire_version(headers: dict[str, Any], id: str) -> Body:
    """Begin nothing on a version any more."""
    return _moved(command(headers["key"], publishing.retire, id, _seen(headers["if_match"])))


def _moved(revision: int) -> Body:
    return {"revision": revision}, 200, {"ETag": f'"{revision}"'}


@route("/process-versions/<id>/start", "POST", by_hand.START, SCOPE)
@area.arguments(s.Write, location="headers")
@area.arguments(shapes.Beginning)
@area.response(201, shapes.Begun)
def start_version(headers: dict[str, Any], body: dict[str, Any], id: str) -> Body:
    """Begin an instance of a published plain version by hand."""
    given = (body["department_id"], body["answers"])
    return {"instance_id": command(headers["key"], by_hand.start_process, id, *given)}


@route("/process-versions/<id>/difference/<other>", "GET", READ, "read")
@area.response(200, shapes.Difference)
def compare_versions(id: str, other: str) -> Body:
    """What differs between an earlier version `other` and this one."""
    return the_engine().read(difference, other, id).to_json()
