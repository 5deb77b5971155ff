"""The process library: versions with their diagrams, and what the check says of a file before anything is stored."""

from __future__ import annotations

from flask import Response, make_response, render_template, request

from engine.bpmn.check import Report, check_in_child
from engine.bpmn.findings import Finding
from engine.errors import EngineError
from engine.services import limits
from engine.services.questions.library import source_of, version, versions
from webapp.guard import SIGNED_IN, Area, MenuItem
from webapp.session import actor, the_engine

area = Area("library", url_prefix="/processes", menu=(MenuItem("library.library", "library", 50),))
READ = ("process:definition:read", "process:definition:upload")


@area.page("/", permission=READ)
def library() -> str:
    """Every version of every process."""
    return render_template("library/library.html", rows=the_engine().read(versions))


@area.page("/<id>", permission=READ)
def process(id: str) -> str:
    """One version: its diagram, its certificate, its steps with role, form and clock."""
    engine = the_engine()
    row = engine.read(version, id)
    net = engine.read(engine.city.definition, id).net
    return render_template("library/process.html", row=row, net=net)


@area.page("/<id>/source", permission=SIGNED_IN)
def source(id: str) -> Response:
    """The file of a version, for the diagram on pages and for a modeller."""
    headers = {
        "Content-Disposition": f'attachment; filename="{id}.bpmn"',
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Response(the_engine().read(source_of, id), mimetype="application/xml", headers=headers)


@area.action("/check", permission="process:definition:upload")
def check() -> Response:
    """What would happen with a file, element by element; nothing is stored."""
    limits.take(the_engine(), limits.IMPORT, actor().person_id)
    file = request.files.get("file")
    name = file.filename if file is not None and file.filename else ""
    report = _checked(file.read() if file is not None else b"")
    return make_response(render_template("library/report.html", name=name, report=report.to_json()))


def _checked(content: bytes) -> Report:
    try:
        return check_in_child(content, dressed=True)
    except EngineError as error:
        return Report("refused", findings=(Finding(error.code, "error", error.element, None, error.message),))
