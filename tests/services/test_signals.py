"""Signals: received once, opened where they lie, called off or raised by their source, sealed where personal."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from engine.domain.access import SYSTEM_ACTOR, Actor
from engine.domain.signal import Signal
from engine.errors import NotAllowed
from engine.services.desk import Desk
from engine.services.signals import Received, receive_signal
from engine.storage.tables import clocks, grid
from engine.storage.tables import incidents as incident_tables
from engine.storage.tables import signals as t
from engine.testing import START
from tests.services.play import Play

SQUARE = "POLYGON ((120 30, 120.1 30, 120.1 30.1, 120 30.1, 120 30))"
REPORT = Signal(
    source="hotline",
    external_id="call-1",
    channel="12345",
    kind="report",
    reported_at=START,
    reporter_name="Zheng Weiguo",
    reporter_phone="13700001111",
    text="Street under water, cellar of Mr Zheng is full",
    address="12 Canal Road, 3rd floor",
    longitude=120.05,
    latitude=30.05,
    event="内涝",
)
ALERT = Signal(
    source="cap",
    external_id="met,1",
    channel="cap",
    kind="alert",
    reported_at=START,
    expires_at=START + timedelta(days=1),
    event="暴雨",
    severity="Moderate",
    category="Met",
)


def cell(city: Play, id: str = "cell", *, wkt: str = SQUARE, **more: Any) -> None:
    """A grid cell that belongs to the water bureau."""
    values = {
        "id": id,
        "code": id,
        "level": 4,
        "parent_id": None,
        "polygon_wkt": wkt,
        "owner_department_id": "water",
        "officer_person_id": "water.clerk",
        "valid_from": START - timedelta(days=1),
        "valid_to": None,
        **more,
    }

    def settle(desk: Desk) -> None:
        desk.uow.execute(insert(grid.grid_cell), [values])
        desk.city.forget()

    city.engine.command(settle, SYSTEM_ACTOR)


def receive(city: Play, signal: Signal, actor: Actor = SYSTEM_ACTOR) -> Received:
    """Take in a signal."""
    return city.engine.command(receive_signal, actor, signal, b"<raw>Zheng</raw>")


def incident(city: Play, id: str | None) -> Any:
    """The row of an incident."""
    assert id is not None
    return city.row(incident_tables.incident, id)


def test_report_opens_an_incident_in_its_cell(city: Play) -> None:
    """A call becomes a case where it happened, with a type, a clock and a number."""
    cell(city)
    received = receive(city, REPORT)
    row = incident(city, received.incident_id)
    assert (received.state, row.state, row.grid_cell_id) == ("linked", "reported", "cell")
    assert (row.lead_centre_id, row.number) == ("centre", "20260302-990100-000001")
    (clock,) = city.rows(clocks.clock)
    assert (clock.stage, clock.subject_id, clock.state) == ("acceptance", row.id, "running")
    assert [fact.code for fact in city.facts("signal.received")] == ["signal.received"]
    assert city.actions(received.id) == ["triage", "link"]


def test_report_personal_parts_are_sealed_in_every_table(city: Play) -> None:
    """Name, phone, words, address and raw text are readable with the key alone; a phone is found by its index."""
    receive(city, REPORT)
    (row,) = city.rows(t.signal)
    keys = city.engine.database.keys
    assert keys.open(row.reporter_name, row.id) == REPORT.reporter_name
    assert keys.open(row.address, row.id) == REPORT.address
    assert keys.open_bytes(row.payload, row.id) == b"<raw>Zheng</raw>"
    assert row.phone_index == keys.blind_index("signal", "reporter_phone", "13700001111")
    everything = repr(city.everything())
    for secret in ("Zheng", "13700001111", "Canal Road", "Street under water"):
        assert secret not in everything


def test_signal_received_again_changes_nothing(city: Play) -> None:
    """A repeat gets the first answer; another text under the same identifier is told apart and not taken."""
    first = receive(city, REPORT)
    before = city.everything()
    again = receive(city, REPORT)
    assert again == replace(first, repeated=True)
    changed = receive(city, replace(REPORT, text="Something else"))
    assert (changed.repeated, changed.reason, changed.incident_id) == (True, "changed_repeat", first.incident_id)
    assert city.everything() == before


@pytest.mark.fast
def test_same_identifier_from_another_source_is_another_signal(sqlite_city: Play) -> None:
    """Identifiers are unique within their source."""
    city = sqlite_city
    assert receive(city, REPORT).id != receive(city, replace(REPORT, source="app")).id


@pytest.mark.fast
@pytest.mark.parametrize(
    "where", [{"longitude": 121.0}, {"longitude": None, "latitude": None}, {"latitude": -30.05}], ids=repr
)
def test_report_outside_the_grid_has_no_cell_and_belongs_to_the_centre(
    sqlite_city: Play, where: dict[str, float | None]
) -> None:
    """What lies nowhere is nobody's but the command centre's."""
    city = sqlite_city
    cell(city)
    row = incident(city, receive(city, replace(REPORT, **where)).incident_id)
    assert (row.grid_cell_id, row.lead_centre_id) == (None, "centre")
    city.do("accept", decision="accept")
    city.do("file", decision="file")


@pytest.mark.fast
def test_report_lies_in_the_cell_that_is_valid_then(sqlite_city: Play) -> None:
    """Borders move; a case lies in the grid of its day."""
    city = sqlite_city
    cell(city, "old", valid_to=START - timedelta(hours=1))
    cell(city, "new", valid_from=START - timedelta(hours=1))
    cell(city, "coming", valid_from=START + timedelta(days=9))
    assert incident(city, receive(city, REPORT).incident_id).grid_cell_id == "new"


def test_alert_cancelled_before_anybody_acted_declines_its_incident(city: Play) -> None:
    """The source called it off, so nobody has to."""
    opened = receive(city, ALERT)
    cancel = replace(ALERT, external_id="met,2", msg_type="Cancel", references=("met,1",))
    called_off = receive(city, cancel)
    row = incident(city, opened.incident_id)
    assert (row.state, row.closed_reason) == ("rejected", "source_cancelled")
    assert (called_off.state, called_off.incident_id) == ("linked", row.id)
    assert {clock.state for clock in city.rows(clocks.clock)} == {"cancelled"}
    assert city.items() == []


@pytest.mark.fast
def test_alert_cancelled_after_dispatch_is_left_to_people(sqlite_city: Play) -> None:
    """Orders are out: only people call those back."""
    city = sqlite_city
    id_ = receive(city, ALERT).incident_id
    assert id_ is not None
    city.do("accept", decision="accept")
    city.do("file", decision="file")
    city.do("dispatch", objective="a", content="b", lead=["water"])
    receive(city, replace(ALERT, external_id="met,2", msg_type="Cancel", references=("met,1",)))
    assert incident(city, id_).state == "handling"


@pytest.mark.fast
def test_alert_update_raises_the_level_until_it_is_filed(sqlite_city: Play) -> None:
    """Before filing the level follows the source; afterwards it takes a change request."""
    city = sqlite_city
    id_ = receive(city, ALERT).incident_id
    assert id_ is not None
    assert incident(city, id_).event_level == 3
    update = replace(
        ALERT, external_id="met,2", msg_type="Update", references=("met,1",), severity="Extreme",
        reported_at=START + timedelta(minutes=5),
    )  # fmt: skip
    receive(city, update)
    assert incident(city, id_).event_level == 1
    city.do("accept", decision="accept")
    city.do("file", decision="file")
    later = replace(update, external_id="met,3", severity="Minor", reported_at=START + timedelta(minutes=9))
    receive(city, later)
    assert incident(city, id_).event_level == 1


@pytest.mark.fast
def test_update_and_cancel_before_their_alert_act_when_it_comes(sqlite_city: Play) -> None:
    """Messages overtake each other; the end is the same."""
    city = sqlite_city
    cancel = replace(ALERT, external_id="met,2", msg_type="Cancel", references=("met,1",))
    waiting = receive(city, cancel)
    assert (waiting.state, waiting.reason, waiting.incident_id) == ("triaged", "unknown_reference", None)
    opened = receive(city, ALERT)
    assert incident(city, opened.incident_id).state == "rejected"
    assert city.row(t.signal, waiting.id).state == "linked"


@pytest.mark.fast
@pytest.mark.parametrize("person", ["water.clerk", "centre.drafter", "centre.verifier", "nobody"])
def test_signal_is_taken_in_by_who_may(sqlite_city: Play, person: str) -> None:
    """Opening cases is the intake's work."""
    city = sqlite_city
    with city.refused("access.not_permitted", NotAllowed):
        receive(city, REPORT, city.person(person))
    assert receive(city, REPORT, city.person("centre.intake_clerk")).state == "linked"
