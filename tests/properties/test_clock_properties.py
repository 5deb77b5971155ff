"""Clocks whose worker sleeps, dies and comes back: every rung fires once, and the events alone give the row."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.calendar import OFFICE_HOURS, ROUND_THE_CLOCK, Calendar
from engine.domain.escalation import DEFAULT_LADDER
from engine.domain.policy import UNITS, SlaPolicy
from engine.domain.sla import (
    ClockEvent,
    ClockState,
    apply_event,
    decide_fire,
    decide_stop,
    elapsed,
    replay,
    restore_clock,
    start_clock,
)

pytestmark = pytest.mark.fast

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
CALENDARS = {calendar.code: calendar for calendar in (ROUND_THE_CLOCK, OFFICE_HOURS)}

policies = st.builds(
    lambda amount, unit, calendar: SlaPolicy("drawn", 1, "handling", amount, unit, calendar),
    st.integers(1, 20),
    st.sampled_from(UNITS),
    st.sampled_from(sorted(CALENDARS)),
)
starts = st.integers(0, 14 * 24 * 3600).map(lambda count: FIRST + timedelta(seconds=count))
# Between two wake-ups of the worker lie moments or months.
gaps = st.lists(st.integers(0, 60 * 24 * 3600), max_size=12)


def _calendar(policy: SlaPolicy) -> Calendar:
    return CALENDARS[policy.calendar]


def _fire(clock: ClockState, events: list[ClockEvent], now: datetime) -> ClockState:
    for fired in decide_fire(clock, now):
        for event in fired.events():
            events.append(event)
            clock = apply_event(clock, event)
    return clock


@settings(max_examples=150, deadline=None)
@given(policy=policies, start=starts, sleeps=gaps, restarts=st.booleans())
def test_rungs_under_any_wake_ups_fire_exactly_once_in_order(
    policy: SlaPolicy, start: datetime, sleeps: list[int], restarts: bool
) -> None:
    """However seldom or often the worker looks, and though it restarts in between, no rung is lost or doubled."""
    calendar = _calendar(policy)
    events = [ClockEvent("started", start)]
    clock, now = start_clock(policy, calendar, start), start
    for sleep in [*sleeps, 400 * 24 * 3600]:
        now += timedelta(seconds=sleep)
        clock = _fire(clock, events, now)
        assert decide_fire(clock, now) == ()
        if restarts:
            clock = restore_clock(policy, calendar, start, clock.next_rung)
    assert [event.rung for event in events if event.kind == "rung_fired"] == list(DEFAULT_LADDER.rungs)
    assert [event.kind for event in events].count("breached") == 1
    assert replay(events, policy, calendar) == clock


@settings(max_examples=150, deadline=None)
@given(policy=policies, start=starts, sleeps=gaps, ending=st.sampled_from(["stopped", "cancelled", None]))
def test_clock_replayed_from_its_events_is_the_identical_row(
    policy: SlaPolicy, start: datetime, sleeps: list[int], ending: str | None
) -> None:
    """The state is a pure function of the event list and the calendar."""
    calendar = _calendar(policy)
    events = [ClockEvent("started", start)]
    clock, now = start_clock(policy, calendar, start), start
    for sleep in sleeps:
        now += timedelta(seconds=sleep)
        clock = _fire(clock, events, now)
    closing = decide_stop(clock, now) if ending == "stopped" else ()
    closing = (ClockEvent("cancelled", now),) if ending == "cancelled" else closing
    for event in closing:
        events.append(event)
        clock = apply_event(clock, event)
    assert replay(events, policy, calendar) == clock
    if ending is not None:
        assert decide_fire(clock, now + timedelta(days=999)) == ()
        assert clock.next_rung_at is None
        assert not clock.is_overdue(now + timedelta(days=999))


@settings(max_examples=150, deadline=None)
@given(policy=policies, start=starts, late_s=st.integers(0, 30 * 24 * 3600))
def test_clock_stopped_after_its_due_instant_is_missed_even_if_no_worker_ran(
    policy: SlaPolicy, start: datetime, late_s: int
) -> None:
    """A deadline that passed unnoticed is recorded as a breach at the due instant; in time is met."""
    clock = start_clock(policy, _calendar(policy), start)
    now = clock.due_at + timedelta(seconds=late_s)
    for event in decide_stop(clock, now):
        clock = apply_event(clock, event)
    assert clock.state == ("missed" if late_s else "met")
    assert clock.breached_at == (clock.due_at if late_s else None)


@settings(max_examples=150, deadline=None)
@given(policy=policies, start=starts)
def test_rung_instants_rise_and_pass_the_due_instant_at_100(policy: SlaPolicy, start: datetime) -> None:
    """Rungs are reached in order, each when its share of the budget is used in counted time."""
    calendar = _calendar(policy)
    clock = start_clock(policy, calendar, start)
    instants = [at for _, at in clock.rung_at]
    assert instants == sorted(instants)
    assert dict(clock.rung_at)[100] == clock.due_at > start
    budget = elapsed(clock, policy, calendar, clock.due_at)
    for rung, at in clock.rung_at:
        assert elapsed(clock, policy, calendar, at) == budget * rung / 100


@settings(max_examples=150, deadline=None)
@given(policy=policies, start=starts, more=st.integers(1, 10))
def test_due_instant_with_a_larger_budget_is_never_earlier(policy: SlaPolicy, start: datetime, more: int) -> None:
    """The due instant is monotone in the target."""
    longer = replace(policy, amount=policy.amount + more)
    assert policy.due_at(start, _calendar(policy)) < longer.due_at(start, _calendar(policy))
