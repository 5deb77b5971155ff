"""Rungs: each fires once, calls whom the tree names at that moment, tells the leg it concerns, and says how late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from engine.domain.access import SYSTEM_ACTOR
from engine.errors import NotFound
from engine.services import escalations, work
from engine.services.desk import Desk
from engine.storage.tables import clocks as t
from engine.storage.tables import org, outbox
from engine.testing import START
from tests.services.play import Play

MINUTE = timedelta(minutes=1)
LADDER = [
    (50, "department_clerk", "water.clerk"),
    (80, "duty_officer", "water.head"),
    (100, "department_head", "water.head"),
    (150, "supervisor", "centre.supervisor"),
    (200, "supervisor", "centre.supervisor"),
]


def fired(city: Play, stage: str = "sign_in", department: str = "water") -> list[Any]:
    """The escalations of the clocks of a stage and department, by rung."""
    ids = {row.id for row in city.rows(t.clock) if (row.stage, row.department_id) == (stage, department)}
    return sorted((row for row in city.rows(t.escalation) if row.clock_id in ids), key=lambda row: row.rung)


def test_rungs_climb_from_holder_to_supervisor_once_each(city: Play) -> None:
    """The ladder of the product: holder, duty officer, head, supervising centre, and there again."""
    city.issued("water")
    steps = {2.5: 1, 4.0: 1, 5.0: 1, 7.5: 1, 10.0: 1}
    for minutes, count in steps.items():
        assert city.wait_until(START + timedelta(minutes=minutes, seconds=-1)) == 0
        assert city.wait_until(START + timedelta(minutes=minutes)) == count
    rows = fired(city)
    assert [(row.rung, row.recipient_role, row.recipient_person_id) for row in rows] == LADDER
    assert {row.late_by_s for row in rows} == {0.0}
    assert len(city.open("supervise")) == 1
    assert city.wait(timedelta(days=1)) > 0  # the clock of the leg
    assert len(fired(city)) == len(LADDER)


def test_fire_due_twice_fires_nothing_twice(city: Play) -> None:
    """However often the heartbeat beats, a rung calls once."""
    city.issued("water", "traffic")
    city.clock.advance(6 * MINUTE)
    first = city.engine.command(escalations.fire_due, SYSTEM_ACTOR)
    assert first == 6
    before = city.everything()
    assert city.engine.command(escalations.fire_due, SYSTEM_ACTOR) == 0
    assert city.everything() == before


def test_outage_is_caught_up_in_order_and_marked_late(city: Play) -> None:
    """A worker that comes back fires every rung of every clock in the order they fell due, and says how late it is."""
    city.issued("water")
    city.clock.advance(MINUTE)
    city.issued("traffic")
    city.wait_until(START + timedelta(minutes=21))
    facts = city.facts("clock.rung_reached")
    water, traffic = fired(city), fired(city, department="traffic")
    assert [row.rung for row in water] == [row.rung for row in traffic] == [50, 80, 100, 150, 200]
    assert [row.late_by_s / 60 for row in water] == [18.5, 17.0, 16.0, 13.5, 11.0]
    assert [row.late_by_s / 60 for row in traffic] == [17.5, 16.0, 15.0, 12.5, 10.0]
    told = [(fact.subject_id, fact.payload["rung"]) for fact in facts]
    due = {(row.clock_id, row.rung): row.late_by_s for row in (*water, *traffic)}
    assert told == sorted(due, key=lambda called: -due[called])
    assert {row.fired_at for row in water} == {city.clock.now()}


def test_rung_leaves_fact_ledger_row_and_message(city: Play) -> None:
    """An escalation is on record, and somebody is told."""
    city.issued("water")
    city.wait(timedelta(minutes=2, seconds=40))
    (row,) = fired(city)
    (fact,) = city.facts("clock.rung_reached")
    assert fact.payload["late_by_s"] == row.late_by_s == 10.0
    assert (fact.subject_id, fact.payload["recipient_person_id"]) == (row.clock_id, "water.clerk")
    (message,) = city.rows(outbox.outbox, outbox.outbox.c.topic == "escalation")
    assert message.payload == {"clock_id": row.clock_id, "person_id": "water.clerk", "rung": 50}
    city.engine.seal()
    assert city.engine.verify().ok


def test_rung_150_opens_a_supervisors_item_in_the_late_leg_alone(sqlite_city: Play) -> None:
    """Only the leg that is late gets a supervisor."""
    city = sqlite_city
    city.issued("water", "traffic")
    city.do("sign", "traffic", decision="sign")
    city.wait(8 * MINUTE)
    assert city.open_nodes() == ["handle@traffic", "sign@water", "supervise@water"]
    city.do("supervise", opinion="Now")
    city.report_back("water")
    assert city.open_nodes() == ["handle@traffic"]


def test_rung_50_calls_who_has_claimed_the_work(sqlite_city: Play) -> None:
    """Not any clerk of the bureau is called, but the one who has it in hand."""
    city = sqlite_city
    city.appoint(city.newcomer("second"), "water", "department_clerk")
    city.issued("water")
    (item,) = city.open("sign")
    city.engine.command(work.claim, city.person("second"), item.instance_id, item.wait, item.revision)
    city.wait(3 * MINUTE)
    assert fired(city)[0].recipient_person_id == "second"


def test_rung_climbs_over_a_vacant_post_and_says_so(sqlite_city: Play) -> None:
    """A bureau without a head or anybody on duty is passed over on the way up, resolved when the rung fires."""
    city = sqlite_city

    def empty(desk: Desk) -> None:
        held = update(org.post_holding).where(org.post_holding.c.person_id == "water.head")
        desk.uow.execute(held.values(valid_to=START + MINUTE))
        off = update(org.duty_shift).where(org.duty_shift.c.department_id == "water")
        desk.uow.execute(off.values(on_to=START + MINUTE))
        desk.city.forget()

    city.issued("water")
    city.appoint(city.newcomer("mayor"), "city", "department_head")
    city.engine.command(empty, SYSTEM_ACTOR)
    city.wait(6 * MINUTE)
    rows = {row.rung: (row.recipient_person_id, row.recipient_department_id) for row in fired(city)}
    assert rows == {50: ("water.clerk", "water"), 80: (None, "city"), 100: ("mayor", "city")}
    skipped = {f.payload["rung"]: f.payload["skipped"] for f in city.facts("clock.rung_reached")}
    assert skipped[80] == ["water:nobody_on_shift", "city:nobody_on_shift"]
    assert skipped[100] == ["water:post_vacant"]


def test_rung_calls_who_is_on_duty_when_it_fires(sqlite_city: Play) -> None:
    """A shift that changed after the work began is the shift that is called."""
    city = sqlite_city
    city.issued("water")
    city.newcomer("night")

    def relieve(desk: Desk) -> None:
        desk.uow.execute(
            update(org.duty_shift).where(org.duty_shift.c.department_id == "water").values(on_to=START + MINUTE)
        )
        shift = {"id": "night", "department_id": "water", "post_kind": "duty_officer", "person_id": "night"}
        on = {"on_from": START + MINUTE, "on_to": START + timedelta(days=1)}
        desk.uow.execute(insert(org.duty_shift), [{**shift, **on}])
        desk.city.forget()

    city.engine.command(relieve, SYSTEM_ACTOR)
    city.wait(4 * MINUTE)
    assert fired(city)[1].recipient_person_id == "night"


def test_rung_that_fails_is_rolled_back_alone_and_tried_again(
    sqlite_city: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One broken clock does not silence the others, and is caught up when it is repaired."""
    city = sqlite_city
    city.issued("water", "traffic")
    working = escalations.next_holder

    def broken(rung: int, department_id: str, *rest: Any, **more: Any) -> Any:
        if department_id == "water":
            raise NotFound("org.unknown_department", "Expected a department, but there is none.")
        return working(rung, department_id, *rest, **more)

    monkeypatch.setattr(escalations, "next_holder", broken)
    city.clock.advance(6 * MINUTE)
    assert city.engine.fire_all_due() == 3
    assert fired(city) == []
    assert [row.rung for row in fired(city, department="traffic")] == [50, 80, 100]
    monkeypatch.undo()
    assert city.engine.fire_all_due() == 3
    assert [row.rung for row in fired(city)] == [50, 80, 100]


def test_rung_of_an_incident_calls_the_centre(sqlite_city: Play) -> None:
    """A case nobody accepts climbs as well."""
    from engine.services import incidents

    city = sqlite_city
    opening = incidents.Opening("signal", "10101", 1, None, None, None, START)
    city.engine.command(incidents.open_incident, SYSTEM_ACTOR, opening)
    city.wait(2 * MINUTE)
    rows = fired(city, "acceptance", "centre")
    assert [row.rung for row in rows] == [50, 80, 100, 150, 200]
    assert {row.recipient_person_id for row in rows if row.rung >= 150} == {"centre.supervisor"}
