"""The designer's page: a process is drawn, its forms and decision tables made, checked, played and kept as a draft."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

from flask import Response, jsonify, make_response, redirect, render_template, request, url_for

from engine.bpmn.drawn import Drawn, check_drawn
from engine.bpmn.net import Net
from engine.domain.lifecycle import DEFINITION
from engine.errors import EngineError, Rejected
from engine.forms import compile_form
from engine.services import drafts, limits
from engine.services.draft_rows import DraftRow, draft_row
from engine.services.tryout import Called, Forms, called_nets, drive_drawing, prove_drawing
from webapp.faults import sentence
from webapp.guard import Area
from webapp.schema_form import fields_of
from webapp.session import actor, run, the_engine
from webapp.text import t

from .answers import proved, told
from .drawing import NEW, Drawing, part, received, stored
from .offers import of_installation

area = Area("designer", url_prefix="/processes")
DRAW = "process:definition:upload"


@area.page("/draw", permission=DRAW)
def draw() -> str:
    """A new drawing; with `from` one that begins with what a stored version is."""
    begun = request.args.get("from")
    if begun:
        return _page(stored(the_engine().read(draft_row, begun)))
    return _page(Drawing(NEW.format(id=f"process_{secrets.token_hex(3)}", name=t("designer.new_process"))))


@area.action("/draw", permission=DRAW)
def save() -> Response:
    """Keep a new drawing as a draft, and go on with it."""
    limits.take(the_engine(), limits.DRAW, actor().person_id)
    kept = run(drafts.submit, drafts.check_files(the_engine(), received().files()))
    return _kept(kept["versions"][0]["id"])


@area.page("/<id>/draw", permission=DRAW)
def redraw(id: str) -> str:
    """A draft, to go on with. Raises: InvalidMove (`definition.*`) for a version that is none any more."""
    row = the_engine().read(draft_row, id)
    DEFINITION.decide(row.state, "edit")
    return _page(stored(row), row)


@area.action("/<id>/draw", permission=DRAW)
def keep(id: str) -> Response:
    """Give a draft what is drawn now. Raises: Conflict (`definition.changed`) where somebody was faster."""
    limits.take(the_engine(), limits.DRAW, actor().person_id)
    revision = part("revision")
    seen = int(revision) if revision.isascii() and revision.isdigit() else 0
    drafts.edit(the_engine(), actor(), id, seen, received().files(), is_all=True)
    return _kept(id)


def _kept(id: str) -> Response:
    """The way on: as an address for the page's scripts, else as a redirection."""
    href = url_for("designer.redraw", id=id)
    is_script = request.accept_mimetypes.best == "application/json"
    return jsonify(href=href) if is_script else make_response(redirect(href))


def _page(drawing: Drawing, draft: DraftRow | None = None) -> str:
    return render_template(
        "designer/draw.html",
        drawing=drawing,
        draft=draft,
        forms=json.dumps(drawing.forms, ensure_ascii=False),
        decisions=json.dumps(drawing.decisions, ensure_ascii=False),
        known=of_installation(),
    )


@area.action("/draw/check", permission=DRAW)
def check() -> Response:
    """What an upload of the drawing would answer, with what is wrong in its forms and tables; nothing is stored."""
    limits.take(the_engine(), limits.DRAW, actor().person_id)
    return jsonify(told(_checked(received())))


def _checked(drawing: Drawing) -> Drawn:
    return check_drawn(drawing.source, drawing.forms, drawing.decisions)


@area.action("/draw/report", permission=DRAW)
def report() -> Response:
    """The same as a page of its own, for a browser that runs no scripts."""
    limits.take(the_engine(), limits.DRAW, actor().person_id)
    found = _checked(received()).report.to_json()
    return make_response(render_template("library/report.html", reports=[(t("designer.title"), found)]))


@area.action("/draw/form", permission=DRAW)
def preview() -> Response:
    """A form as the people who fill it in will see it. Shape: `html`, the fields without the form around them."""
    schema = _schema(part("form"))
    fields = fields_of("", "", schema, {}, {}, [])
    return jsonify(html=render_template("designer/preview.html", fields=fields))


def _schema(text: str) -> Any:
    """Raises: Rejected (`form.*`) for a form that nobody can fill in."""
    return compile_form(text).schema


@area.action("/draw/drive", permission=DRAW)
def drive() -> Response:
    """A dry run of the drawing, step by step; nothing is stored."""
    try:
        driven = drive_drawing(*_runnable(), {})
    except EngineError as refusal:
        return jsonify(outcome="failed", frames=[], said=sentence(refusal))
    return jsonify({**driven, "said": _ending(driven)})


@area.action("/draw/prove", permission=DRAW)
def prove() -> Response:
    """What is proved of the drawing, with the course of each counter-example; nothing is stored."""
    try:
        return jsonify(proved(prove_drawing(*_runnable())))
    except EngineError as refusal:
        return jsonify(proved=False, rules=[], counter_examples=[], said=sentence(refusal))


def _runnable() -> tuple[Mapping[str, Net], Forms, Called]:
    """The nets of the drawing, its forms, and what it calls. Raises: Rejected (`definition.refused`)."""
    engine = the_engine()
    limits.take(engine, limits.DRAW, actor().person_id)
    drawing = received()
    report = _checked(drawing).report
    if not report.nets or report.grade == "refused":
        raise Rejected("definition.refused", f"Expected a file that runs, but the check says {report.grade}.")
    return report.nets, drawing.forms, engine.read(called_nets, report.nets)


def _ending(driven: dict[str, Any]) -> str:
    """How the dry run ended, as a sentence."""
    waits = t("list.comma").join(dict.fromkeys(each.partition(" ")[2] for each in driven["waits_for"]))
    said = t(f"designer.driven_{driven['outcome']}", steps=driven["steps"], waits=waits)
    return f"{said} {driven['reason']}" if driven["reason"] else said
