"""Incidents: the list of those a person may see, and the page of one."""

from __future__ import annotations

from collections.abc import Mapping

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.errors import NotFound, Rejected
from engine.services.directives import draft_directive
from engine.services.evidence_files import evidence_of
from engine.services.incidents import unmerge_incident
from engine.services.questions.incidents import IncidentRow, IncidentView, incident_list, incident_page
from engine.services.questions.sight import require_incident
from webapp import names
from webapp.cursor import decode, encode
from webapp.evidence import download
from webapp.faults import sentence
from webapp.guard import Area, MenuItem, may
from webapp.session import actor, run, settings, the_engine
from webapp.text import t

area = Area("incidents", url_prefix="/incidents", menu=(MenuItem("incidents.incidents", "incident", 30),))
PAGE = 50
MERGE = "incident:case:merge"
DRAFT = "directive:draft:write"
GROUPS = {
    "open": ("reported", "accepted", "filed", "handling", "stabilised", "suspended", "feedback", "verified", "closed"),
    "done": ("evaluated", "archived", "rejected", "not_filed", "merged", "voided"),
}


@area.page("/", permission="incident:case:read")
def incidents() -> str:
    """One page of the list: what is open, what is done, or all of it."""
    engine = the_engine()
    group = request.args.get("group", "open")
    after = decode(request.args.get("after"), "moment", "text")
    rows: list[IncidentRow] = engine.read(
        incident_list, engine.city, actor(), states=GROUPS.get(group, ()), limit=PAGE, after=after
    )
    more = encode(rows[PAGE - 1].reported_at, rows[PAGE - 1].id) if len(rows) > PAGE else None
    return render_template("incidents/list.html", rows=rows[:PAGE], more=more, is_first=after is None, group=group)


@area.page("/<id>", permission="incident:case:read")
def incident(id: str) -> str:
    """One incident: facts, reports, orders and their legs, diagram, clocks, timeline."""
    return _page(id)


def _page(id: str, typed: Mapping[str, str] | None = None, said: str | None = None) -> str:
    engine = the_engine()
    case: IncidentView = engine.read(incident_page, engine.city, actor(), id)
    may_draft = case.state in ("handling", "stabilised", "feedback") and may(DRAFT)
    return render_template(
        "incidents/incident.html",
        case=case,
        may_draft=may_draft,
        may_unmerge=case.state == "merged" and may(MERGE),
        departments=names.offered() if may_draft else [],
        typed=typed or {},
        said=said,
    )


@area.page("/<id>/photos/<signal_id>/<evidence_id>", permission="incident:case:read")
def photo(id: str, signal_id: str, evidence_id: str) -> Response:
    """A photo that came with a report of the incident."""
    engine = the_engine()
    case: IncidentView = engine.read(incident_page, engine.city, actor(), id)
    if signal_id not in {report.id for report in case.reports}:
        raise NotFound("evidence.unknown", "Expected evidence of this case, but there is none.", id=evidence_id)
    return download(engine.read(evidence_of, settings().effective_evidence_folder, "signal", signal_id, evidence_id))


@area.action("/<id>/unmerge", permission=MERGE)
def unmerge(id: str) -> Response:
    """Take a case merged by mistake apart again."""
    engine = the_engine()
    engine.read(require_incident, engine.city, actor(), id)
    run(unmerge_incident, id)
    return redirect(url_for("incidents.incident", id=id))


@area.action("/<id>/orders", permission=DRAFT)
def draft(id: str) -> Response:
    """Draft one more order for a case at work; what was typed stays where it does not do."""
    engine, form = the_engine(), request.form
    engine.read(require_incident, engine.city, actor(), id)
    addressees = [(code, "lead") for code in form.getlist("lead") if code]
    addressees += [(code, "co") for code in form.getlist("co") if code]
    wording = {name: form.get(name, "").strip() for name in ("objective", "content")}
    empty = [name for name, text in wording.items() if not text]
    if empty:
        return make_response(_page(id, form, t(f"incidents.no_{empty[0]}")), 422)
    try:
        order = run(draft_directive, id, kind="dispatch", addressees=addressees, **wording)
    except Rejected as refusal:
        return make_response(_page(id, form, sentence(refusal)), 422)
    return redirect(url_for("orders.order", id=order))
