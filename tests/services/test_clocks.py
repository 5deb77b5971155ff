"""Clocks of the services: each stage starts one and stops it, and every row can be computed again from its events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.domain.sla import ClockEvent, ClockState, replay
from engine.services import work
from engine.storage.tables import clocks as t
from tests.services.play import Play

MINUTE = timedelta(minutes=1)


def clocks(city: Play, stage: str, subject_kind: str | None = None) -> list[Any]:
    """The clocks of a stage, oldest cycle first."""
    where = [t.clock.c.stage == stage]
    if subject_kind:
        where.append(t.clock.c.subject_kind == subject_kind)
    return sorted(city.rows(t.clock, *where), key=lambda row: (row.department_id, row.cycle))


def events(city: Play, clock_id: str) -> list[Any]:
    """The events of a clock, in order."""
    return sorted(city.rows(t.clock_event, t.clock_event.c.clock_id == clock_id), key=lambda row: row.seq)


def replayed(city: Play, row: Any) -> ClockState:
    """The clock that the events of a row make."""
    with city.engine.database.read(city.clock.now()) as uow:
        policy = city.engine.city.policy_of(uow, row.policy_id)
    told = [ClockEvent(e.kind, e.at, (e.detail or {}).get("rung"), e.actor_id, e.cause) for e in events(city, row.id)]
    return replay(told, policy, city.engine.city.calendar(policy.calendar))


def test_clock_of_each_stage_starts_with_its_node_and_stops_met(city: Play) -> None:
    """A loop done in time leaves a met clock for every stage it went through and none that runs."""
    city.closed("water")
    city.do("close", decision="close", reply="Done")
    city.do("evaluate", score=80)
    stages = {(row.subject_kind, row.stage) for row in city.rows(t.clock)}
    assert stages == {
        *(("incident", stage) for stage in ("acceptance", "filing", "issue", "closing", "evaluation")),
        *(("directive", stage) for stage in ("draft", "review", "issue", "verification", "evaluation")),
        *(("task", stage) for stage in ("sign_in", "handling", "feedback")),
    }
    assert {row.state for row in city.rows(t.clock)} == {"met"}
    assert {row.next_rung_at for row in city.rows(t.clock)} == {None}


def test_clocks_of_a_played_loop_equal_the_replay_of_their_events(city: Play) -> None:
    """State is a pure function of the event list: met, missed, breached, cancelled and running clocks alike."""
    first = city.issued("water", "traffic")
    city.wait(9 * MINUTE)
    city.report_back("water")
    city.do("sign", "traffic", decision="sign")
    city.clock.advance(timedelta(hours=13))
    city.do("handle", "traffic")
    city.wait(MINUTE)
    city.do("feedback", "traffic", text="done")
    city.do("supervise", opinion="Hurry")
    while city.open("supervise"):
        city.do("supervise", opinion="Hurry")
    city.do("verify", decision="fail", reason="No", legs=["water"])
    city.withdraw(city.issued("fire"))
    city.wait(3 * MINUTE)
    rows = city.rows(t.clock)
    assert {row.state for row in rows} == {"met", "missed", "cancelled", "running"}
    for row in rows:
        state = replayed(city, row)
        shown = (row.state, row.started_at, row.due_at, row.next_rung, row.next_rung_at, row.stopped_at)
        told = (state.state, state.started_at, state.due_at, state.next_rung, state.next_rung_at, state.stopped_at)
        assert shown == told, row.stage
        assert [e.seq for e in events(city, row.id)] == list(range(1, len(events(city, row.id)) + 1))
    assert city.state(first) == "executing"


@pytest.mark.fast
def test_clock_of_a_rework_round_is_a_new_cycle_and_the_old_one_stays(sqlite_city: Play) -> None:
    """Each round has its own budget; the first round's record is not touched."""
    city = sqlite_city
    city.issued("water")
    city.report_back("water")
    (before,) = clocks(city, "sign_in")
    city.clock.advance(MINUTE)
    city.do("verify", decision="fail", reason="No", legs=["water"])
    first, second = clocks(city, "sign_in")
    assert first == before
    assert (first.cycle, second.cycle) == (1, 2)
    assert (second.state, second.started_at) == ("running", city.clock.now())


@pytest.mark.fast
def test_clock_passed_unnoticed_is_recorded_as_a_breach_when_its_stage_ends(sqlite_city: Play) -> None:
    """A worker that slept does not turn a late answer into a timely one."""
    city = sqlite_city
    city.issued("water")
    city.clock.advance(timedelta(hours=1))
    city.do("sign", "water", decision="sign")
    (row,) = clocks(city, "sign_in")
    assert row.state == "missed"
    assert [e.kind for e in events(city, row.id)] == ["started", "breached", "stopped"]
    assert events(city, row.id)[1].at == row.due_at
    assert city.wait(timedelta(0)) == 0


@pytest.mark.fast
def test_breach_recorded_is_never_erased(sqlite_city: Play) -> None:
    """Work that comes after its deadline ends missed, and the breach stays on record through the rest of the loop."""
    city = sqlite_city
    city.issued("water")
    city.wait(6 * MINUTE)
    (row,) = clocks(city, "sign_in")
    breach = [e for e in events(city, row.id) if e.kind == "breached"]
    city.report_back("water")
    city.do("verify", decision="pass")
    city.do("evaluate", score=50)
    (row,) = clocks(city, "sign_in")
    assert row.state == "missed"
    assert [e for e in events(city, row.id) if e.kind == "breached"] == breach
    assert len(breach) == 1
    assert breach[0].at == row.due_at


@pytest.mark.fast
def test_clock_of_withdrawn_work_is_cancelled_and_calls_nobody(sqlite_city: Play) -> None:
    """Nobody is chased for an order that is no more."""
    city = sqlite_city
    order = city.issued("water")
    city.withdraw(order)
    running = [row.stage for row in city.rows(t.clock) if row.state == "running"]
    assert running == ["closing"]
    assert {row.state for row in clocks(city, "sign_in")} == {"cancelled"}
    (cancelled,) = clocks(city, "sign_in")
    city.wait(timedelta(days=2))
    assert cancelled.id not in {row.clock_id for row in city.rows(t.escalation)}


@pytest.mark.fast
def test_clock_of_a_claimed_item_has_its_holder_until_it_is_released(sqlite_city: Play) -> None:
    """The board shows who has the work in hand."""
    city = sqlite_city
    city.issued("water")
    (item,) = city.open("sign")
    person = city.person("water.clerk")
    city.engine.command(work.claim, person, item.instance_id, item.wait, item.revision)
    assert clocks(city, "sign_in")[0].holder_id == "water.clerk"
    city.engine.command(work.release, person, item.instance_id, item.wait, item.revision + 1)
    assert clocks(city, "sign_in")[0].holder_id is None


@pytest.mark.fast
def test_item_in_the_inbox_is_due_when_its_clock_is(sqlite_city: Play) -> None:
    """The list is sorted by what is due first; a step without a clock of its own is due with its leg."""
    city = sqlite_city
    city.issued("water")
    (sign,) = city.open("sign")
    assert sign.due_at == sign.sort_at == clocks(city, "sign_in")[0].due_at
    city.do("sign", "water", decision="sign")
    (handle,) = city.open("handle")
    assert handle.due_at == clocks(city, "handling")[0].due_at


@pytest.mark.fast
def test_clocks_of_an_incident_follow_its_stages(sqlite_city: Play) -> None:
    """Acceptance, filing and issue each have their time; a rejected case waits for nothing."""
    city = sqlite_city
    ids = [city.city.incident(level=2) for _ in range(3)]
    city.do("accept", of=ids[0], decision="reject", reason_code="not_ours")
    for id_ in ids[1:]:
        city.do("accept", of=id_, decision="accept")
    city.do("file", of=ids[1], decision="decline", reason_code="settled")
    states = {(row.subject_id, row.stage): row.state for row in city.rows(t.clock)}
    assert states == {
        (ids[0], "acceptance"): "met",
        (ids[1], "acceptance"): "met",
        (ids[1], "filing"): "met",
        (ids[2], "acceptance"): "met",
        (ids[2], "filing"): "running",
    }


@pytest.mark.fast
def test_clock_budget_depends_on_level_and_type(sqlite_city: Play) -> None:
    """The graver the event, the less time there is; municipal work counts working hours."""
    city = sqlite_city
    budgets = {}
    for level in (1, 2, 3, 4):
        order = city.order("water", level=level)
        (row,) = (c for c in clocks(city, "draft") if c.subject_id == order)
        budgets[level] = row.due_at - row.started_at
    assert budgets == {1: 5 * MINUTE, 2: 5 * MINUTE, 3: 10 * MINUTE, 4: 15 * MINUTE}
