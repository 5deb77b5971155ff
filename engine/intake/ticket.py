"""A caller's report as hotlines hand it on, field by field: what makes a signal, and what is said of what does not."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.domain.calendar import SHANGHAI
from engine.domain.signal import Signal
from engine.intake.source import Finding

SOURCE = "hotline"
FIELDS: Mapping[str, int] = {
    "external_id": 80, "reported_at": 40, "text": 4000, "address": 200, "reporter_name": 60, "reporter_phone": 30,
    "longitude": 24, "latitude": 24,
}  # fmt: skip
"""The fields of a ticket, and how long each may be."""
REQUIRED = ("external_id", "reported_at", "text")
_YEARS = range(1990, 2100)
_SHAPES = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M")


def judge_ticket(given: Mapping[str, str], path: str, line: int | None) -> tuple[Signal | None, list[Finding]]:
    """The signal of one ticket, or every reason why it gives none. Times without an offset are Shanghai's."""
    found: list[Finding] = []

    def refuse(rule: str, field: str, message: str) -> None:
        found.append(Finding(f"ticket.{rule}", "error", f"{path}/{field}", line, message))

    said = {name: str(given.get(name) or "").strip() for name in FIELDS}
    for name in REQUIRED:
        if not said[name]:
            refuse("missing", name, f"Expected {name}, but it is empty. Fill it in and send the row again.")
    for name, longest in FIELDS.items():
        if len(said[name]) > longest:
            refuse("too_long", name, f"Expected at most {longest} characters, but there are {len(said[name])}.")
        if not _is_plain(said[name]):
            refuse("characters", name, "Expected plain text, but it holds control characters. Write it anew.")
    reported_at = _instant(said["reported_at"])
    if said["reported_at"] and reported_at is None:
        refuse("no_time", "reported_at", "Expected a time such as 2026-11-23 08:30, but it cannot be read.")
    longitude, latitude = _degrees(said["longitude"], 180), _degrees(said["latitude"], 90)
    for name, value in (("longitude", longitude), ("latitude", latitude)):
        if said[name] and value is None:
            refuse("no_place", name, "Expected degrees such as 120.01, but it cannot be read.")
    if not found and (longitude is None) != (latitude is None):
        refuse("half_a_place", "longitude", "Expected both longitude and latitude, or neither.")
    if found or reported_at is None:
        return None, found
    signal = Signal(
        source=SOURCE,
        external_id=said["external_id"],
        channel="12345",
        kind="report",
        reported_at=reported_at,
        reporter_name=said["reporter_name"] or None,
        reporter_phone=said["reporter_phone"] or None,
        text=said["text"],
        address=said["address"] or None,
        longitude=longitude,
        latitude=latitude,
    )
    return signal, []


def _is_plain(text: str) -> bool:
    """Whether every database and every page can hold it: lines and tabs, no other control character, no half of one."""
    return not any(unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\r\t" for each in text)


def _instant(text: str) -> datetime | None:
    at = _read(text)
    if at is None or at.year not in _YEARS:
        return None
    return at if at.utcoffset() is not None else at.replace(tzinfo=ZoneInfo(SHANGHAI))


def _read(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        pass
    for shape in _SHAPES:
        try:
            return datetime.strptime(text, shape).replace(tzinfo=ZoneInfo(SHANGHAI))
        except ValueError:
            continue
    return None


def _degrees(text: str, most: int) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if -most <= value <= most else None
