"""Incidents: the list of those a person may see, and the page of one."""

from __future__ import annotations

from flask import render_template, request

from engine.services.questions.incidents import IncidentRow, incident_list, incident_page
from webapp.cursor import decode, encode
from webapp.guard import Area, MenuItem
from webapp.session import actor, the_engine

area = Area("incidents", url_prefix="/incidents", menu=(MenuItem("incidents.incidents", "incident", 30),))
PAGE = 50
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
    engine = the_engine()
    return render_template("incidents/incident.html", case=engine.read(incident_page, engine.city, actor(), id))
