"""Help: for each post a person holds, what it is for, what to do next, and what to do when something does not go on."""

from __future__ import annotations

from flask import render_template, request

from engine.bpmn.elements import EVENTS, elements, patterns, semantics
from webapp.guard import PUBLIC, Area, MenuItem
from webapp.session import actor, the_engine
from webapp.text import texts

area = Area("help", url_prefix="/help", menu=(MenuItem("help.pages", "help", 90),))


@area.page("/", permission=PUBLIC)
def pages() -> str:
    """The help of one's own posts first, that of the others below."""
    known = [role for role in the_engine().city.profile.role_names if f"help.{role}_for" in texts("zh")]
    own = [role for role in known if role in actor().roles]
    wanted = request.args.get("role", "")
    first = [wanted] if wanted in known else own or ["public"]
    return render_template("help/help.html", first=first, others=[role for role in known if role not in first])


@area.page("/elements", permission=PUBLIC)
def bpmn_elements() -> str:
    """Every element of BPMN, how it is executed, and the test that shows it."""
    rows = elements()
    groups = {group: [row for row in rows if row.group == group] for group in dict.fromkeys(row.group for row in rows)}
    places = {each: [row for row in EVENTS if row.place == each] for each in dict.fromkeys(row.place for row in EVENTS)}
    return render_template(
        "help/elements.html", groups=groups, places=places, patterns=patterns(), semantics=semantics()
    )


@area.page("/drawing", permission=PUBLIC)
def drawing() -> str:
    """The manual of designers: how a process is drawn, marked, proved, played and published."""
    return render_template("help/drawing.html")
