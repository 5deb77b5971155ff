"""The shape of the report form."""

from __future__ import annotations

from werkzeug.datastructures import FileStorage, MultiDict

from engine.errors import Rejected
from engine.evidence_child import clean_in_child
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
            message = f"Expected at most {longest} characters in {name}, but there are more."
            raise Rejected("report.too_long", message, field=name, most=longest)
    longitude, latitude = _degrees(form, "longitude", 180), _degrees(form, "latitude", 90)
    if (longitude is None) != (latitude is None):
        missing = "longitude" if longitude is None else "latitude"
        raise Rejected("report.place", f"Expected both longitude and latitude, but {missing} is empty.", field=missing)
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


def photos_from(files: MultiDict[str, FileStorage]) -> list[bytes]:
    """The photos that came with it, harmless. Raises: Rejected (`evidence.…`)."""
    photos = [file for file in files.getlist("photos") if file.filename]
    if len(photos) > MOST_PHOTOS:
        message = f"Expected at most {MOST_PHOTOS} photos, but there are {len(photos)}."
        raise Rejected("evidence.too_many", message, field="photos")
    return [clean_in_child(photo.read()) for photo in photos]


def _degrees(form: MultiDict[str, str], name: str, most: int) -> float | None:
    text = form.get(name, "")
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not -most <= value <= most:
        raise Rejected("report.place", f"Expected degrees between -{most} and {most}, but it is none.", field=name)
    return value
