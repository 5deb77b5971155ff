"""ISO 8601 texts: what a timer may say, what it may not, and that written is what was read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bpmn.expressions import ExpressionError, iso

pytestmark = pytest.mark.fast

DURATIONS = [
    ("PT1S", timedelta(seconds=1)),
    ("PT90M", timedelta(minutes=90)),
    ("P2DT3H4M5.5S", timedelta(days=2, hours=3, minutes=4, seconds=5.5)),
    ("PT0,5H", timedelta(minutes=30)),
    ("P1.5D", timedelta(hours=36)),
    ("P52W", timedelta(weeks=52)),
    ("P366D", timedelta(days=366)),
    ("PT31622400S", timedelta(days=366)),
    ("P0DT10M", timedelta(minutes=10)),
]
REFUSED_DURATIONS = [
    ("", "syntax"),
    ("2 hours", "syntax"),
    ("0 0 * * *", "syntax"),
    ("PT1H ", "syntax"),
    ("pt1h", "syntax"),
    ("PT1H30", "syntax"),
    ("PT1M1H", "syntax"),
    ("P1DT", "syntax"),
    ("P1W2D", "syntax"),
    ("PT1.5H30M", "syntax"),
    ("PT١H", "syntax"),
    ("+PT1H", "syntax"),
    ("PT1e3S", "syntax"),
    ("PT" + "9" * 5_000 + "S", "syntax"),
    ("P", "empty"),
    ("PT", "empty"),
    ("-PT1H", "negative"),
    ("P1M", "calendar"),
    ("P1Y", "calendar"),
    ("P1Y2M3DT4H", "calendar"),
    ("P9999999999M", "calendar"),
    ("PT0S", "range"),
    ("PT0.5S", "range"),
    ("P367D", "range"),
    ("P366DT1S", "range"),
    ("P999999999W", "range"),
]


@pytest.mark.parametrize(("text", "expected"), DURATIONS)
def test_duration_within_bounds_is_read(text: str, expected: timedelta) -> None:
    """Weeks, days, hours, minutes, seconds and a fraction of the smallest part are durations."""
    assert iso.parse_duration(text) == expected


@pytest.mark.parametrize(("text", "code"), REFUSED_DURATIONS)
def test_duration_that_could_hang_or_mislead_is_refused_by_name(text: str, code: str) -> None:
    """A negative, empty, calendar, tiny or endless duration never arms a timer."""
    with pytest.raises(ExpressionError) as refusal:
        iso.parse_duration(text)
    assert refusal.value.code == f"expression.duration_{code}"


def test_duration_computed_outside_the_bounds_is_refused() -> None:
    """A duration that an expression computed obeys the same bounds as a written one."""
    assert iso.bounded_duration(timedelta(days=366)) == timedelta(days=366)
    for duration in (timedelta(0), timedelta(seconds=-1), timedelta(days=366, seconds=1)):
        with pytest.raises(ExpressionError):
            iso.bounded_duration(duration)


INSTANTS = [
    ("2026-05-01T08:00:00Z", datetime(2026, 5, 1, 8, tzinfo=UTC)),
    ("2026-05-01T08:00+08:00", datetime(2026, 5, 1, 0, tzinfo=UTC)),
    ("2028-02-29T23:59:59.25-05:30", datetime(2028, 3, 1, 5, 29, 59, 250_000, tzinfo=UTC)),
]
REFUSED: list[tuple[Callable[[str], object], str, str]] = [
    (iso.parse_datetime, "2026-05-01T08:00:00", "instant_offset"),
    (iso.parse_datetime, "2026-05-01", "instant_syntax"),
    (iso.parse_datetime, "2026-05-01 08:00:00Z", "instant_syntax"),
    (iso.parse_datetime, "2026-05-01T08:00:00+15:00", "instant_syntax"),
    (iso.parse_datetime, "10000-05-01T08:00:00Z", "instant_syntax"),
    (iso.parse_datetime, "1999-12-31T23:59:59Z", "year_range"),
    (iso.parse_datetime, "0001-01-01T00:00:00+08:00", "year_range"),
    (iso.parse_datetime, "2100-01-01T00:00:00Z", "year_range"),
    (iso.parse_datetime, "2026-02-30T08:00:00Z", "no_such_day"),
    (iso.parse_datetime, "2026-02-28T24:00:00Z", "no_such_day"),
    (iso.parse_date, "2026-02-29", "no_such_day"),
    (iso.parse_date, "26-02-01", "date_syntax"),
    (iso.parse_date, "1999-02-01", "year_range"),
    (iso.parse_cycle, "R/PT10M", "cycle_unbounded"),
    (iso.parse_cycle, "R-1/PT10M", "cycle_unbounded"),
    (iso.parse_cycle, "R0/PT10M", "cycle_count"),
    (iso.parse_cycle, "R1001/PT10M", "cycle_count"),
    (iso.parse_cycle, "R3/PT59S", "cycle_interval"),
    (iso.parse_cycle, "R3/PT0S", "duration_range"),
    (iso.parse_cycle, "R3/P1M", "duration_calendar"),
    (iso.parse_cycle, "R3/2026-05-01T08:00:00/PT10M", "instant_offset"),
    (iso.parse_cycle, "0 0/5 * * * ?", "cycle_syntax"),
    (iso.parse_cycle, "PT10M", "cycle_syntax"),
]


@pytest.mark.parametrize(("text", "expected"), INSTANTS)
def test_instant_with_offset_is_read_in_utc(text: str, expected: datetime) -> None:
    """The written offset decides the instant, whatever zone the machine is in."""
    assert iso.parse_datetime(text) == expected
    assert iso.parse_datetime(text).tzinfo is UTC


@pytest.mark.parametrize(("parse", "text", "code"), REFUSED)
def test_text_that_names_no_usable_time_is_refused_by_name(
    parse: Callable[[str], object], text: str, code: str
) -> None:
    """An instant without offset, a day that does not exist or an endless cycle is found at upload."""
    with pytest.raises(ExpressionError) as refusal:
        parse(text)
    assert refusal.value.code == f"expression.{code}"


def test_cycle_with_and_without_start_is_read() -> None:
    """A cycle says how often, how far apart and, where written, from when on."""
    assert iso.parse_cycle("R3/PT10M") == (3, timedelta(minutes=10), None)
    start = datetime(2026, 5, 1, 8, tzinfo=UTC)
    assert iso.parse_cycle("R1000/2026-05-01T08:00:00Z/P1D") == (1000, timedelta(days=1), start)


@given(st.timedeltas(timedelta(seconds=1), timedelta(days=366)))
def test_duration_written_and_read_again_is_the_same(duration: timedelta) -> None:
    """What is written into a text with holes arms the very timer that was meant."""
    assert iso.parse_duration(iso.format_duration(duration)) == duration


@given(
    st.datetimes(datetime(2000, 1, 2), datetime(2099, 12, 30)),  # noqa: DTZ001 - the zone is drawn apart
    st.integers(-14 * 60, 14 * 60),
)
def test_instant_written_and_read_again_is_the_same(wall: datetime, offset: int) -> None:
    """An instant survives being written and read, in UTC and with its own offset."""
    instant = wall.replace(tzinfo=timezone(timedelta(minutes=offset)))
    assert iso.parse_datetime(iso.format_instant(instant)) == instant
    assert iso.parse_datetime(instant.isoformat()) == instant


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_date_written_and_read_again_is_the_same(day: date) -> None:
    """A date survives being written and read."""
    assert iso.parse_date(day.isoformat()) == day


@given(st.text(alphabet="PTRYMWDHSZ0123456789.,-+:/ ", max_size=40))
def test_any_text_as_time_is_read_or_refused(text: str) -> None:
    """No text breaks the readers: each is a value or an expression error."""
    for parse in (iso.parse_duration, iso.parse_datetime, iso.parse_date, iso.parse_cycle):
        with suppress(ExpressionError):
            parse(text)
