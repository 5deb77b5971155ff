"""The process library: versions of every process, uploading, and what the check says before anything is stored."""

from __future__ import annotations

from itertools import groupby

from flask import Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from engine.bpmn.upload import Upload, check_upload_in_child
from engine.errors import Rejected
from engine.services import drafts, limits
from engine.services.draft_rows import UPLOAD
from engine.services.questions.library import difference, seen_of, source_of, version, versions, versions_of
from webapp.guard import SIGNED_IN, Area, MenuItem
from webapp.session import actor, the_engine

area = Area("library", url_prefix="/processes", menu=(MenuItem("library.library", "library", 50),))
READ = ("process:definition:read", UPLOAD)
MOST_FILES = 50


@area.page("/", permission=READ)
def library() -> str:
    """Every version of every process, grouped by process, the newest first."""
    rows = the_engine().read(versions)
    groups = [(process, list(found)) for process, found in groupby(rows, key=lambda row: row.process_id)]
    return render_template("library/library.html", groups=groups, uploaded=request.args.get("uploaded"))


@area.page("/<id>/source", permission=SIGNED_IN)
def source(id: str) -> Response:
    """The file of a version as it came, for the diagram on pages and for a modeller."""
    return _file(id, the_engine().read(source_of, id))


@area.page("/<id>/drawn", permission=READ)
def drawn(id: str) -> Response:
    """The file of a version as it was read, laid out where nobody has: for the diagrams of pages."""
    return _file(id, the_engine().read(seen_of, id)[0])


def _file(id: str, content: bytes) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{id}.bpmn"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(content, mimetype="application/xml", headers=headers)


@area.page("/<id>/compare", permission=READ)
def compare(id: str) -> str:
    """Two versions side by side, with what differs; beside the one before, unless one is named."""
    engine = the_engine()
    after = engine.read(version, id)
    others = [row for row in engine.read(versions_of, after.process_id) if row.id != id]
    chosen = request.args.get("with") or next((row.id for row in others if row.version < after.version), None)
    before = next((row for row in others if row.id == chosen), None)
    found = None if before is None else engine.read(difference, before.id, after.id).to_json()
    return render_template("library/compare.html", after=after, before=before, others=others, found=found)


def _report(upload: Upload, status: int) -> Response:
    shown = [(name, report.to_json()) for name, report in upload.reports.items()]
    return make_response(render_template("library/report.html", reports=shown), status)


@area.action("/upload", permission=UPLOAD)
def upload() -> AnyResponse:
    """Keep files as drafts: one becomes a page, several the library; what is refused is told and not kept.

    A form with `only_check` is told what would happen, element by element, and nothing is kept.
    """
    limits.take(the_engine(), limits.IMPORT, actor().person_id)
    engine, files = the_engine(), _files()
    if "only_check" in request.form:
        return _report(check_upload_in_child(files, dressed=True), 200)
    checked = drafts.check_files(engine, files)
    if checked.upload.is_refused:
        return _report(checked.upload, 422)
    tag = request.form.get("tag", "").strip() or None
    kept = engine.command(drafts.submit, actor(), checked, tag)
    if len(kept["versions"]) == 1:
        return redirect(url_for("library.process", id=kept["versions"][0]["id"]))
    return redirect(url_for("library.library", uploaded=kept["deployment"]))


def _files() -> dict[str, bytes]:
    """The uploaded files by name. Raises: Rejected (`upload.too_many`, `upload.twice`)."""
    given = [file for file in request.files.getlist("file") if file.filename]
    if len(given) > MOST_FILES:
        raise Rejected("upload.too_many", f"Expected at most {MOST_FILES} files, but there are more.", limit=MOST_FILES)
    found: dict[str, bytes] = {}
    for file in given:
        name = (file.filename or "").replace("\\", "/").rpartition("/")[2][:200]
        if name in found:
            raise Rejected("upload.twice", f"Expected names to differ, but two files are {name!r:.80}.", name=name[:80])
        found[name] = file.read()
    return found or {"": b""}
