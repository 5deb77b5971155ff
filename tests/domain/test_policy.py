"""Which time limit fits, in units that count differently, and clocks by the event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.domain.calendar import OFFICE_HOURS, ROUND_THE_CLOCK, Calendar, Window
from engine.domain.policy import SlaPolicy, match_policy
from engine.domain.sla import ClockEvent, apply_event, decide_fire, replay, start_clock
from engine.errors import InvalidMove, NotFound, Rejected

pytestmark = pytest.mark.fast

SHANGHAI = ZoneInfo("Asia/Shanghai")
FRIDAY_17 = datetime(2026, 3, 6, 17, tzinfo=SHANGHAI)
HOUR = SlaPolicy("h", 1, "handling", 1, "clock_hour")
START = datetime(2026, 3, 1, tzinfo=UTC)

POLICIES = [
    SlaPolicy("any", 1, "handling", 7, "calendar_day"),
    SlaPolicy("grave", 1, "handling", 2, "clock_hour", levels=frozenset({1})),
    SlaPolicy("city", 1, "handling", 1, "working_day", "office", event_type="5"),
    SlaPolicy("ungraded", 1, "handling", 8, "clock_hour", levels=frozenset({0})),
    SlaPolicy("cover", 1, "handling", 9, "clock_hour", event_type="50201"),
    SlaPolicy("cover", 2, "handling", 2, "clock_hour", event_type="50201"),
    SlaPolicy("cover-urgent", 1, "handling", 1, "clock_hour", event_type="50201", priority=5),
    SlaPolicy("sign", 1, "sign_in", 10, "minute"),
]


@pytest.mark.parametrize(
    ("event_type", "level", "expected"),
    [
        ("10101", 1, "grave.v1"),
        ("10101", 3, "any.v1"),
        ("40102", None, "ungraded.v1"),
        ("50101", None, "city.v1"),  # the type outweighs the level
        ("50201", None, "cover-urgent.v1"),  # the priority decides between equals
    ],
)
def test_match_takes_the_most_specific_policy(event_type: str, level: int | None, expected: str) -> None:
    """The longer type prefix wins, then a named level, then the priority; the answer says why."""
    match = match_policy(POLICIES, event_type=event_type, level=level, stage="handling")
    assert match.policy.id == expected
    assert match.why.startswith(expected)


def test_match_counts_only_the_newest_version_of_a_policy() -> None:
    """An old version stays for running clocks and is not chosen for new ones."""
    match = match_policy(POLICIES[:-2], event_type="50201", level=None, stage="handling")
    assert match.policy.id == "cover.v2"
    assert "city.v1" in match.why


def test_match_without_any_policy_is_refused_by_name() -> None:
    """A stage nobody has limited is an error, not an endless clock."""
    with pytest.raises(NotFound, match=r"sla\.no_policy"):
        match_policy(POLICIES, event_type="10101", level=1, stage="review")


@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [
        (90, "minute", "2026-03-09T09:30"),  # one hour on Friday, then Monday morning
        (2, "clock_hour", "2026-03-06T19:00"),
        (2, "working_hour", "2026-03-09T10:00"),
        (1, "working_day", "2026-03-09T17:00"),
        (1, "calendar_day", "2026-03-07T17:00"),
    ],
)
def test_due_instant_counts_in_the_unit_of_the_policy(amount: int, unit: str, expected: str) -> None:
    """Working units stop over the weekend, clock and calendar units do not."""
    policy = SlaPolicy("p", 1, "handling", amount, unit, "office")  # type: ignore[arg-type]
    assert policy.due_at(FRIDAY_17, OFFICE_HOURS) == datetime.fromisoformat(expected).replace(tzinfo=SHANGHAI)


def test_rungs_of_a_working_time_clock_fall_into_working_time() -> None:
    """80 % of two working hours begun on Friday at five is Monday at 9:36, not Friday night."""
    policy = SlaPolicy("p", 1, "handling", 2, "working_hour", "office")
    rungs = dict(policy.rung_instants(FRIDAY_17, OFFICE_HOURS))
    assert rungs[50] == FRIDAY_17 + timedelta(hours=1)
    assert rungs[80] == datetime(2026, 3, 9, 9, 36, tzinfo=SHANGHAI)
    assert rungs[200] == datetime(2026, 3, 9, 12, tzinfo=SHANGHAI)


def test_fire_after_a_long_sleep_gives_all_rungs_with_their_lateness() -> None:
    """A worker that was down fires in due order on return, each marked late by what it is late."""
    clock = start_clock(HOUR, ROUND_THE_CLOCK, START)
    fired = decide_fire(clock, START + timedelta(minutes=100))
    assert [(each.rung, each.late_by_s) for each in fired] == [(50, 70 * 60), (80, 52 * 60), (100, 40 * 60), (150, 600)]
    assert [each.is_breach for each in fired] == [False, False, True, False]


def test_overdue_is_computed_from_the_running_clock() -> None:
    """At the due instant a clock is not overdue yet, a moment later it is."""
    clock = start_clock(HOUR, ROUND_THE_CLOCK, START)
    assert not clock.is_overdue(clock.due_at)
    assert clock.is_overdue(clock.due_at + timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([], "not_started"),
        ([ClockEvent("stopped", START)], "not_started"),
        ([ClockEvent("started", START), ClockEvent("started", START)], "started_twice"),
        ([ClockEvent("started", START), ClockEvent("rung_fired", START, rung=80)], "rung_out_of_order"),
        ([ClockEvent("started", START), *[ClockEvent("rung_fired", START, rung=50)] * 2], "rung_out_of_order"),
        ([ClockEvent("started", START), *[ClockEvent("breached", START)] * 2], "breached_twice"),
        ([ClockEvent("started", START), *[ClockEvent("cancelled", START)] * 2], "not_running"),
    ],
)
def test_events_that_cannot_follow_are_refused(events: list[ClockEvent], code: str) -> None:
    """The event list of a clock is a life of its own: nothing happens twice, out of order or after the end."""
    with pytest.raises(InvalidMove, match=rf"clock\.{code}"):
        replay(events, HOUR, ROUND_THE_CLOCK)


def test_breach_recorded_is_never_met() -> None:
    """Stopping after a breach leaves the clock missed."""
    clock = start_clock(HOUR, ROUND_THE_CLOCK, START)
    clock = apply_event(clock, ClockEvent("breached", clock.due_at))
    assert apply_event(clock, ClockEvent("stopped", clock.due_at)).state == "missed"


@pytest.mark.parametrize(
    "wrong", [{"stage": "nap"}, {"unit": "moment"}, {"amount": 0}, {"version": 0}, {"levels": frozenset({5})}]
)
def test_policy_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    """A policy is checked when it is made, so no clock ever runs on a broken one."""
    sound: dict[str, object] = {"code": "p", "version": 1, "stage": "handling", "amount": 1, "unit": "minute"}
    with pytest.raises(Rejected, match=r"sla\.policy"):
        SlaPolicy(**(sound | wrong))  # type: ignore[arg-type]


def test_calendar_with_overlapping_windows_or_without_any_is_refused() -> None:
    """Working time is never counted twice, and a calendar without any would never reach a deadline."""
    nine, ten = OFFICE_HOURS.week[0][0].opens, OFFICE_HOURS.week[0][0].closes
    for week in (((Window(nine, ten), Window(nine, ten)), *((),) * 6), ((),) * 7, ((Window(nine, ten),),)):
        with pytest.raises(Rejected, match=r"calendar\.windows"):
            Calendar("bad", week)
