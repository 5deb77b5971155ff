"""The shape of the report form."""

from __future__ import annotations

from werkzeug.datastructures import MultiDict

from engine.errors import Rejected
from engine.services.reports import Report
from webapp.session import the_engine
from webapp.text import named

MOST_PHOTOS = 3
_LONGEST = {"text": 4000, "address": 200, "name": 60, "phone": 30}


def said_from(form: MultiDict[str, str]) -> Report:
    """What was reported. Raises: Rejected (`report.place`, `report.too_long`)."""
    given = {name: form.get(name, "").strip() for name in _LONGEST}
    for name, longest in _LONGEST.items():
        if len(given[name]) > longest:
            raise Rejected("report.too_long", f"Expected at most {longest} characters in {name}, but there are more.")
    longitude, latitude = _degrees(form.get("longitude", ""), 180), _degrees(form.get("latitude", ""), 90)
    if (longitude is None) != (latitude is None):
        raise Rejected("report.place", "Expected both longitude and latitude, but one of them is missing.")
    return Report(
        key=form.get("once", ""),
        text=given["text"].replace("\r\n", "\n"),
        event_type=form.get("event_type") or None,
        address=given["address"] or None,
        longitude=longitude,
        latitude=latitude,
        name=given["name"] or None,
        phone=given["phone"] or None,
    )


def types_offered() -> list[tuple[str, str]]:
    """Code and name of the types a reporter may name."""
    types = the_engine().city.profile.event_types.values()
    return [(each.code, named(each.name_zh, each.name_en)) for each in types if each.code[0] in "256"]


def _degrees(text: str, most: int) -> float | None:
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -most <= value <= most:
        raise Rejected("report.place", f"Expected degrees between -{most} and {most}, but it is none.")
    return value
