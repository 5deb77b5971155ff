"""Incidents that may be the same matter as another: by type, distance, time and what was said."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select

from engine.domain.access import Actor
from engine.domain.incident import SETTLED
from engine.geo import distance_m
from engine.services.city import City
from engine.storage.tables.incidents import incident
from engine.storage.tables.signals import signal
from engine.storage.uow import UnitOfWork

from .sight import lies, sees

NEAR_M = 1_000
WITHIN = timedelta(hours=24)
MOST_COMPARED = 200
_WEIGHTS = {"type": 0.35, "place": 0.3, "time": 0.1, "text": 0.25}
_ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Similar:
    """An incident that may be the same matter.

    Unit: `distance_m` in metres, None where one of them has no place; `apart` between the reports; `alike` is the
    share of what was said that both have, and `score` the weighted sum, both 0 to 1.
    """

    id: str
    number: str
    state: str
    event_type: str
    level: int | None
    reported_at: datetime
    distance_m: int | None
    apart: timedelta
    alike: float
    score: float


def similar(uow: UnitOfWork, city: City, actor: Actor, incident_id: str, *, limit: int = 5) -> list[Similar]:
    """The open incidents most like this one that the actor may see, the likest first; none below half of the weight."""
    c = incident.c
    columns = (c.id, c.number, c.state, c.event_type, c.event_level, c.reported_at, c.longitude, c.latitude)
    one = uow.found(select(*columns).where(c.id == incident_id))
    if not one:
        return []
    _, _, _, kind, _, at, longitude, latitude = one[0]
    others = uow.found(
        select(*columns)
        .where(
            c.id != incident_id,
            c.state.not_in(SETTLED),
            c.reported_at.between(at - WITHIN, at + WITHIN),
            c.category == city.profile.event_types[kind].category,
        )
        .order_by(c.reported_at.desc())
        .limit(MOST_COMPARED)
    )
    said = _said(uow, [incident_id, *(row[0] for row in others)])
    found = []
    for id_, number, state, other, level, reported_at, east, north in others:
        known = None not in (longitude, latitude, east, north)
        metres = round(distance_m(longitude, latitude, east, north)) if known else None
        apart = abs(reported_at - at)
        alike = _alike(said[incident_id], said[id_])
        score = (
            _WEIGHTS["type"] * (1.0 if other == kind else 0.4)
            + _WEIGHTS["place"] * (0.3 if metres is None else max(0.0, 1 - metres / NEAR_M))
            + _WEIGHTS["time"] * (1 - apart / WITHIN)
            + _WEIGHTS["text"] * alike
        )
        if score >= _ENOUGH:
            found.append(Similar(id_, number, state, other, level, reported_at, metres, apart, alike, score))
    likest = sorted(found, key=lambda each: (-each.score, each.number))
    seen = (each for each in likest if (place := lies(uow, each.id)) is not None and sees(uow, city, actor, place))
    return list(islice(seen, limit))


def _said(uow: UnitOfWork, ids: list[str]) -> dict[str, set[str]]:
    """The pairs of characters in what the reports of each incident say."""
    pairs: dict[str, set[str]] = defaultdict(set)
    rows = uow.found(select(signal.c.id, signal.c.incident_id, signal.c.text).where(signal.c.incident_id.in_(ids)))
    for id_, incident_id, sealed in rows:
        text = "" if sealed is None else "".join(uow.keys.open(sealed, id_).lower().split())
        pairs[incident_id].update(text[place : place + 2] for place in range(len(text) - 1))
    return pairs


def _alike(first: set[str], second: set[str]) -> float:
    """The share of pairs that both have."""
    return len(first & second) / len(first | second) if first and second else 0.0
