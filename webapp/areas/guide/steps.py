"""Where the guided first incident stands: who is next, and at which step. Everything is read from the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flask import g, request, url_for

from engine.errors import NotFound
from engine.forms import example_answers
from engine.services.questions.open_items import Candidate, candidates, open_items
from engine.services.questions.sight import lies
from webapp import names
from webapp.guard import is_mine
from webapp.session import settings, the_engine
from webapp.text import t

COOKIE = "cityloop-guide"
REPORTING = "report"
"""The cookie's value before there is an incident; afterwards it is the incident's id."""

ORDER: Mapping[str, int] = {
    "accept": 2, "file": 3, "dispatch": 4, "draft": 5, "review": 6, "issue": 7, "sign": 8, "handle": 9, "feedback": 10,
    "verify": 11, "evaluate": 12, "close": 13,
}  # fmt: skip
"""The number of the step at which an item of this node stands; the report is the first."""
LAST = 15

Where = Literal["report", "item", "done"]


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next: at which step, whose it is, and where it is done."""

    where: Where
    number: int
    title: str
    text: str
    href: str
    who: Candidate | None = None
    role: str = ""
    is_me: bool = True
    is_here: bool = False


def chosen() -> str | None:
    """What the cookie says; None outside a demo and before the guide has begun."""
    if not settings().demo:
        return None
    begun: str | None = g.get("guide_begun")
    return begun or request.cookies.get(COOKIE)


def follow_incident(incident_id: str | None) -> None:
    """Let the guide follow the incident that the guided report has opened, from this page on."""
    if chosen() == REPORTING and incident_id is not None:
        g.guide_begun = incident_id
        g.pop("guide", None)


def step() -> Step | None:
    """The next step, worked out once for a request; None where nobody is being guided."""
    if "guide" not in g:
        incident_id = chosen()
        g.guide = None if not incident_id else _report() if incident_id == REPORTING else _next(incident_id)
    found: Step | None = g.guide
    return found


def _report() -> Step:
    here = request.path == url_for("reports.form")
    return Step("report", 1, t("guide.report"), t("guide.report_text"), url_for("reports.form"), is_here=here)


def _next(incident_id: str) -> Step | None:
    engine = the_engine()
    if engine.read(lies, incident_id) is None:
        return None
    items = engine.read(open_items, incident_id)
    if not items:
        href = url_for("incidents.incident", id=incident_id)
        return Step("done", LAST, t("guide.done"), t("guide.done_text"), href, is_here=request.path == href)
    item = next((each for each in items if is_mine(each)), items[0])
    href = url_for("work.item", instance_id=item.instance_id, wait=item.wait)
    people = engine.read(candidates, item.role, item.department_id)
    return Step(
        "item",
        14 if item.node_id == "evaluate" and item.process_id != "closed_loop_command" else ORDER.get(item.node_id, 12),
        names.node(item.process_id, item.node_id, item.name),
        t(f"guide.at_{item.node_id}") if item.node_id in ORDER else t("guide.at_other"),
        href,
        people[0] if people else None,
        names.role(item.role),
        is_mine(item),
        request.path == href,
    )


def prefilled(node_id: str, incident_id: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a form of the guided incident is filled in with; nothing for any other."""
    if chosen() != incident_id:
        return {}
    said = {key: t(f"guide.say_{node_id}_{key}") for key in SAID.get(node_id, ())}
    fixed: Mapping[str, Any] = FIXED.get(node_id, {})
    try:
        return example_answers(schema, {**fixed, **said})
    except (ValueError, NotFound):
        return dict(said)


PLACE: Mapping[str, str] = {"longitude": "120.005557", "latitude": "30.067749"}
"""A crossing inside the demo city's grid."""
SAID: Mapping[str, tuple[str, ...]] = {
    "dispatch": ("objective", "content"),
    "handle": ("measures",),
    "feedback": ("text",),
    "evaluate": ("text",),
    "close": ("reply",),
}
"""Fields that the guide writes something into."""
FIXED: Mapping[str, Mapping[str, Any]] = {
    "dispatch": {"lead": ["water"], "co": ["traffic_police"]},
    "evaluate": {"score": 92},
}
