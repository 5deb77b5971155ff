"""The day of the demo city as data: what comes in when, which orders follow, and how each of their legs goes.

Nothing runs here; `engine.demo` plays the script through the services. The words stand in `day.toml`; instants,
places, reporters and paces are worked out from the city, the date and the seed.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from engine.demo import lattice
from engine.demo.alerts import Alert
from engine.demo.city import SEED, ZONE, cell_code, cell_corner, row_id, territory_codes
from engine.demo.departments import COMMUNITIES, DISTRICTS, STREETS
from engine.demo.names import number, reporter
from engine.domain.signal import Signal

ENDS_AT = time(23, 0)
"""When the day is over; what is open then stays open."""

STREET = "@street"
_SIGN_LIMIT_MIN = {1: 2, 2: 3, 3: 5, 4: 10, None: 10}
"""The sign-in limits of the default profile, to pace the signatures by; a test holds them against the profile."""
_FIRST_OF_DESKS = 201
"""The number of the first scene on the desks: past those of any day."""
_OF_INCIDENT = frozenset({"accept", "file", "dispatch", "assign", "call_back", "close"})
"""Nodes of an incident's own process; all others belong to an order's loop."""
_LATE = 1.7
"""Share of the limit after which a late department signs: past the rung of 150 %, short of the one of 200 %."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Something that comes in. `signal` is None for an alert, whose `content` the CAP source reads.

    `reason` says why it opens no incident of its own, None if it does.
    """

    at: datetime
    source: str
    content: bytes
    signal: Signal | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Leg:
    """How one department goes about an order.

    Shape: it signs `sign_after` the order reaches it (`is_late`: past one and a half times the limit), after sending
    it back once where `is_returned`, and reports `work_for` later; the verifier sends it back once where `is_rework`.
    """

    department: str
    role: str
    sign_after: timedelta
    work_for: timedelta
    is_late: bool
    is_returned: bool
    is_rework: bool


@dataclass(frozen=True, slots=True)
class Order:
    """One directive: drafted `draft_after` the incident is filed, back to the drafter once where `is_revised`.

    `waits_at` is the node (review, sign, handle, verify, evaluate) at which it still is when the day ends; at sign
    and handle it is its last leg that waits.
    """

    kind: str
    objective: str
    content: str
    issue_mode: str
    legs: tuple[Leg, ...]
    draft_after: timedelta
    is_revised: bool
    waits_at: str | None


@dataclass(frozen=True, slots=True)
class Scene:
    """One incident: what reports it, as what a clerk confirms it, and the orders that follow.

    `waits_at` is the node of the incident's own process at which it still is when the day ends.
    """

    number: int
    arrival: Arrival
    event_type: str
    level: int | None
    cell_id: str
    orders: tuple[Order, ...]
    waits_at: str | None = None

    @property
    def is_closed(self) -> bool:
        """Whether its loop is closed before the day ends."""
        return self.waits_at is None and all(order.waits_at is None for order in self.orders)


@dataclass(frozen=True, slots=True)
class Day:
    """The whole script; `others` come in without opening an incident."""

    begins_at: datetime
    ends_at: datetime
    scenes: tuple[Scene, ...]
    others: tuple[Arrival, ...]


def build_day(today: date, seed: int = SEED) -> Day:
    """The script of `today` for the city of the same seed."""
    script = tomllib.loads(Path(__file__).with_name("day.toml").read_text("utf-8"))
    at = partial(_instant, today)
    scenes = tuple(_scene(n, each, at(each["at"]), seed) for n, each in enumerate(script["incident"], 1))
    others = tuple(
        _other(n, each, script["incident"], scenes, today, seed) for n, each in enumerate(script["other"], 1)
    )
    return Day(scenes[0].arrival.at, _instant(today, ENDS_AT), scenes, others)


def build_desks(begins_at: datetime, ends_at: datetime, seed: int = SEED) -> Day:
    """The script of the hours before people sign in: work at every step of the loop that is left on their desks.

    Shape: `before` of a scene counts the minutes before `ends_at`; what would lie before `begins_at` comes in then.
    """
    script = tomllib.loads(Path(__file__).with_name("desks.toml").read_text("utf-8"))["incident"]
    instants = [max(begins_at, ends_at - timedelta(minutes=each["before"])) for each in script]
    scenes = tuple(
        _scene(n, each, at, seed) for n, (each, at) in enumerate(zip(script, instants, strict=True), _FIRST_OF_DESKS)
    )
    return Day(min(instants), ends_at, scenes, ())


def _instant(today: date, at: str | time) -> datetime:
    return datetime.combine(today, time.fromisoformat(at) if isinstance(at, str) else at, ZONE)


def _scene(n: int, script: dict[str, Any], at: datetime, seed: int) -> Scene:
    """The incident numbered `n`."""
    district, street, _, _ = place = tuple(script["place"])
    if script["from"] == "cap":
        alert = _alert(n, script, at, seed)
        arrival = Arrival(alert.sent, "cap", alert.to_bytes())
    else:
        arrival = _report(n, script, at, seed)
    street_code = territory_codes(district, street, 1)[1]
    orders = script["orders"]
    make = partial(_order, n, script, street_code, seed)
    return Scene(
        number=n,
        arrival=arrival,
        event_type=script["type"],
        level=script.get("level"),
        cell_id=row_id("cell", cell_code(*place), seed),
        orders=tuple(make(m, order, is_last=m == len(orders)) for m, order in enumerate(orders, 1)),
        waits_at=waits_at if (waits_at := script.get("waits_at")) in _OF_INCIDENT else None,
    )


def _order(
    n: int, script: dict[str, Any], street_code: str, seed: int, m: int, order: dict[str, Any], *, is_last: bool
) -> Order:
    """The m-th order of an incident."""
    level = script.get("level")
    limit = timedelta(minutes=_SIGN_LIMIT_MIN[level])
    legs = []
    for place, name in enumerate(order["to"]):
        is_late = name in order.get("late", ())
        share = _LATE if is_late else 0.2 + number(seed, f"sign/{n}/{m}/{name}", 50) / 100
        legs.append(
            Leg(
                department=street_code if name == STREET else name,
                role="co" if place else "lead",
                sign_after=timedelta(seconds=round(limit.total_seconds() * share)),
                work_for=timedelta(minutes=20 + number(seed, f"work/{n}/{m}/{name}", 60)),
                is_late=is_late,
                is_returned=name in order.get("returned", ()),
                is_rework=name in order.get("rework", ()),
            )
        )
    return Order(
        kind=order.get("kind", "dispatch"),
        objective=order["goal"],
        content=f"请立即{order['goal']}，处置情况及时反馈。主办单位牵头，协办单位配合。",
        issue_mode=order.get("mode", "normal"),
        legs=tuple(legs),
        draft_after=timedelta(minutes=1 + 4 * (m - 1)),
        is_revised=order.get("revised", False),
        waits_at=waits_at if is_last and (waits_at := script.get("waits_at")) not in _OF_INCIDENT else None,
    )


def _address(place: list[int]) -> str:
    district, street, community, cell = place
    return (
        f"示例市{DISTRICTS[district - 1][0]}{STREETS[(district - 1) * 4 + street - 1][0]}街道"
        f"{COMMUNITIES[community - 1][0]}社区第{cell}网格"
    )


def _alert(n: int, script: dict[str, Any], at: datetime, seed: int) -> Alert:
    """The warning that reports an incident, about the cell it lies in."""
    column, row = cell_corner(*script["place"])
    corners = ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))
    return Alert(
        identifier=f"990100-{at:%Y%m%d}-{n:04}",
        sent=at,
        event_type=script["type"],
        event=script["event"],
        text=script["text"],
        level=script["level"],
        area=_address(script["place"]),
        ring=tuple(lattice.corner(seed, column + right, row + up) for right, up in corners),
    )


def _report(n: int, script: dict[str, Any], at: datetime, seed: int) -> Arrival:
    """The call, message or reading that reports an incident; a sensor has no name and no phone."""
    channel = script["from"]
    longitude, latitude = lattice.middle(seed, *cell_corner(*script["place"]))
    name, phone = reporter(seed, n) if channel != "sensor" else (None, None)
    signal = Signal(
        source=channel,
        external_id=f"{channel}-{at:%Y%m%d}-{n:04}",
        channel=channel,
        kind="report",
        reported_at=at,
        reporter_name=name,
        reporter_phone=phone,
        text=script["text"],
        address=_address(script["place"]),
        longitude=longitude,
        latitude=latitude,
    )
    fields = ("external_id", "reporter_name", "reporter_phone", "text", "address", "longitude", "latitude")
    said = {"reported_at": at.isoformat(), **{field: getattr(signal, field) for field in fields}}
    return Arrival(at, channel, json.dumps(said, ensure_ascii=False).encode(), signal)


def _other(
    n: int, script: dict[str, Any], incidents: list[dict[str, Any]], scenes: tuple[Scene, ...], today: date, seed: int
) -> Arrival:
    """A signal that opens no incident of its own; `reason` as the signal's, or `update` and `duplicate`."""
    at = _instant(today, script["at"])
    of: int = script.get("of", 1)
    if script["kind"] == "repeat":
        return replace(scenes[of - 1].arrival, at=at, reason="duplicate")
    first = _alert(of, incidents[of - 1], _instant(today, incidents[of - 1]["at"]), seed)
    alert = replace(first, identifier=f"990100-{today:%Y%m%d}-{9000 + n}", sent=at)
    match script["kind"]:
        case "exercise" | "test" as status:
            alert = replace(alert, status=status.capitalize())
        case "expired":
            alert = replace(alert, sent=at - timedelta(hours=20))
        case "update":
            alert = replace(alert, msg_type="Update", references=first.reference)
        case "unknown_reference":
            unknown = replace(first, identifier="990100-19990101-0001")
            alert = replace(alert, msg_type="Cancel", references=unknown.reference)
    return Arrival(at, "cap", alert.to_bytes(), reason=script["kind"])
