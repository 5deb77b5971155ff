"""The public: report something in under a minute, and follow it by its code. No account."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, make_response, render_template, request

from engine.domain.access import SYSTEM_ACTOR
from engine.errors import NotFound, Rejected
from engine.services import limits
from engine.services.questions.grid import cells as grid_cells
from engine.services.reports import Progress, follow, report
from webapp.areas.guide.steps import PLACE, REPORTING, chosen, follow_incident
from webapp.faults import sentence, status_of
from webapp.guard import PUBLIC, Area
from webapp.session import settings, the_engine
from webapp.text import t

from .forms import photos_from, said_from, types_offered

area = Area("reports")


@area.page("/report", permission=PUBLIC)
def form() -> str:
    """The form; filled in for whoever is being guided."""
    guided = chosen() == REPORTING
    said = {"text": t("guide.say_report_text"), "address": t("guide.say_report_address"), **PLACE} if guided else {}
    return _form(said, None)


@area.action("/report", permission=PUBLIC)
def send() -> Response:
    """Receive a report; what was typed comes back where something is not right."""
    engine = the_engine()
    limits.take(engine, limits.REPORT, request.remote_addr or "")
    try:
        said = said_from(request.form)
        photos = photos_from(request.files)
        code = engine.command(report, SYSTEM_ACTOR, said, photos, settings().effective_evidence_folder)
    except (Rejected, NotFound) as refusal:
        wrong = refusal.params.get("field")
        said_of = f"{t(f'reports.{wrong}')}: {sentence(refusal)}" if wrong else sentence(refusal)
        return make_response(_form(request.form, said_of, wrong), status_of(refusal))
    if chosen() == REPORTING:
        follow_incident(engine.read(follow, code).incident_id)
    return make_response(render_template("reports/received.html", code=code))


@area.page("/follow", permission=PUBLIC)
def follow_form() -> str:
    """Ask for the code."""
    return _progress("", None, None)


@area.action("/follow", permission=PUBLIC)
def progress() -> Response:
    """How far the report of a code has come. The code travels in the form, never in an address."""
    engine = the_engine()
    limits.take(engine, limits.FOLLOW, request.remote_addr or "")
    code = request.form.get("code", "").strip()[:40]
    try:
        found = engine.read(follow, code)
    except NotFound as refusal:
        return make_response(_progress(code, None, sentence(refusal)), status_of(refusal))
    return make_response(_progress(code, found, None))


@area.page("/cells.geojson", permission=PUBLIC)
def cells() -> Response:
    """The grid as GeoJSON, for maps without tiles: codes and outlines, nothing else."""
    return jsonify(the_engine().read(grid_cells))


def _form(typed: Any, said: str | None, wrong: str | None = None) -> str:
    return render_template("reports/form.html", typed=typed, said=said, wrong=wrong, types=types_offered())


def _progress(code: str, found: Progress | None, said: str | None) -> str:
    return render_template("reports/follow.html", code=code, progress=found, said=said)
