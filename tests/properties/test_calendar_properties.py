"""Working time against a counter that looks at every single minute."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.domain.calendar import OFFICE_HOURS, ROUND_THE_CLOCK, Calendar, Window

pytestmark = pytest.mark.fast

MINUTE = timedelta(minutes=1)
# Berlin and New York change their offset by night, inside the week drawn here and outside any window.
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kathmandu")
FIRST = datetime(2026, 3, 1, tzinfo=UTC)


@st.composite
def _calendars(draw: st.DrawFn) -> Calendar:
    if draw(st.integers(0, 5)) == 0:
        return ROUND_THE_CLOCK
    days = []
    for _ in range(7):
        edges = sorted(draw(st.sets(st.integers(4 * 60, 23 * 60 + 59), max_size=4)))
        edges = edges[: len(edges) // 2 * 2]
        times = [time(edge // 60, edge % 60) for edge in edges]
        days.append(tuple(Window(*pair) for pair in zip(times[::2], times[1::2], strict=True)))
    if not any(days):
        days[0] = (Window(time(9), time(12)),)
    return Calendar("drawn", tuple(days), draw(st.sampled_from(ZONES)))


instants = st.integers(0, 45 * 24 * 60).map(lambda minutes: FIRST + minutes * MINUTE)
seconds = st.integers(0, 45 * 24 * 3600).map(lambda count: FIRST + timedelta(seconds=count))
amounts = st.integers(0, 60 * 60 * 40).map(lambda count: timedelta(seconds=count))


def _counted(calendar: Calendar, start: datetime, end: datetime) -> timedelta:
    """The working minutes between two instants, looked at one by one on the wall clock of the zone."""
    total = 0
    at = start
    zone = ZoneInfo(calendar.zone)
    while at < end:
        local = at.astimezone(zone)
        clock = local.time()
        windows = calendar.week[local.weekday()] if calendar.week else ()
        if calendar.counts_always or any(window.opens <= clock < window.closes for window in windows):
            total += 1
        at += MINUTE
    return total * MINUTE


@settings(max_examples=60, deadline=None)
@given(calendar=_calendars(), start=instants, length=st.integers(0, 5 * 24 * 60))
def test_working_between_any_two_minutes_equals_the_counted_minutes(
    calendar: Calendar, start: datetime, length: int
) -> None:
    """Elapsed time never counts a minute outside the windows and never misses one inside them, in any zone."""
    end = start + length * MINUTE
    assert calendar.working_between(start, end) == _counted(calendar, start, end)


@settings(max_examples=200, deadline=None)
@given(calendar=_calendars(), start=seconds, amount=amounts)
def test_add_working_any_amount_is_the_earliest_instant_by_which_it_has_passed(
    calendar: Calendar, start: datetime, amount: timedelta
) -> None:
    """A deadline leaves exactly its budget of working time, and no earlier instant does."""
    end = calendar.add_working(start, amount)
    assert calendar.working_between(start, end) == amount
    if amount:
        assert calendar.working_between(start, end - timedelta(microseconds=1)) < amount


@settings(max_examples=200, deadline=None)
@given(calendar=_calendars(), start=seconds, amount=amounts, more=amounts)
def test_add_working_in_two_steps_equals_one_step(
    calendar: Calendar, start: datetime, amount: timedelta, more: timedelta
) -> None:
    """Adding a budget in parts leads to the same deadline, and a longer budget never to an earlier one."""
    between = calendar.add_working(start, amount)
    assert between <= calendar.add_working(start, amount + more)
    if amount and more:
        assert calendar.add_working(between, more) == calendar.add_working(start, amount + more)


@settings(max_examples=200, deadline=None)
@given(calendar=_calendars(), first=seconds, second=seconds, third=seconds)
def test_working_between_over_a_middle_instant_adds_up(
    calendar: Calendar, first: datetime, second: datetime, third: datetime
) -> None:
    """Time is counted once: cutting a stretch anywhere changes nothing."""
    a, b, c = sorted((first, second, third))
    assert calendar.working_between(a, b) + calendar.working_between(b, c) == calendar.working_between(a, c)


@settings(max_examples=100, deadline=None)
@given(calendar=_calendars(), start=seconds, days=st.integers(1, 25))
def test_add_working_days_any_start_lands_in_working_time_and_in_order(
    calendar: Calendar, start: datetime, days: int
) -> None:
    """Working days end in working time, never earlier for a day more (days may open at other hours)."""
    end = calendar.add_working_days(start, days)
    assert calendar.is_working(end)
    assert start < end <= calendar.add_working_days(start, days + 1)


@cache
def _office(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-03-06T10:00", 1, "2026-03-09T10:00"),  # Friday to Monday
        ("2026-03-07T10:00", 1, "2026-03-10T09:00"),  # a Saturday counts from Monday's opening
        ("2026-03-04T13:00", 1, "2026-03-05T14:00"),  # the noon break counts from the afternoon
        ("2026-03-02T17:30", 5, "2026-03-09T17:30"),
    ],
)
def test_add_working_days_in_office_hours_keeps_the_working_instant(start: str, days: int, end: str) -> None:
    """One working day later is the next working day at the same working instant."""
    assert OFFICE_HOURS.add_working_days(_office(start), days) == _office(end)
