"""Cron texts of timers: what they mean, in which zone, and what is refused."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bpmn.expressions.cron import looks_like_cron, parse_cron
from engine.bpmn.expressions.faults import ExpressionError

pytestmark = pytest.mark.fast

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")


def times(text: str, start: str, count: int = 3, zone: ZoneInfo = SHANGHAI) -> list[str]:
    """The first times after a wall-clock time of the zone, as wall-clock times."""
    cron, at, found = parse_cron(text), datetime.fromisoformat(start).replace(tzinfo=zone).astimezone(UTC), []
    for _ in range(count):
        at = cron.after(at, zone)
        found.append(f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}")
    return found


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("0 0/5 * * * ?", "2026-03-02T12:02:10", "2026-03-02 12:05:00, 2026-03-02 12:10:00, 2026-03-02 12:15:00"),
        ("*/20 8-9 * * *", "2026-03-02T09:30", "2026-03-02 09:40:00, 2026-03-03 08:00:00, 2026-03-03 08:20:00"),
        ("15 30 8 ? * MON-FRI", "2026-03-06T09:00", "2026-03-09 08:30:15, 2026-03-10 08:30:15, 2026-03-11 08:30:15"),
        ("0 0 8 ? * 2", "2026-03-01T00:00", "2026-03-02 08:00:00, 2026-03-09 08:00:00, 2026-03-16 08:00:00"),
        ("0 8 * * 1", "2026-03-01T00:00", "2026-03-02 08:00:00, 2026-03-09 08:00:00, 2026-03-16 08:00:00"),
        ("0 8 * * 7", "2026-03-01T00:00", "2026-03-01 08:00:00, 2026-03-08 08:00:00, 2026-03-15 08:00:00"),
        ("0 0 0 L * ?", "2026-01-31T12:00", "2026-02-28 00:00:00, 2026-03-31 00:00:00, 2026-04-30 00:00:00"),
        ("0 0 0 L-2 2 ?", "2026-01-01T00:00", "2026-02-26 00:00:00, 2027-02-26 00:00:00, 2028-02-27 00:00:00"),
        ("0 0 9 15W * ?", "2026-02-01T00:00", "2026-02-16 09:00:00, 2026-03-16 09:00:00, 2026-04-15 09:00:00"),
        ("0 0 9 1W * ?", "2026-07-15T00:00", "2026-08-03 09:00:00, 2026-09-01 09:00:00, 2026-10-01 09:00:00"),
        ("0 0 9 LW * ?", "2026-01-01T00:00", "2026-01-30 09:00:00, 2026-02-27 09:00:00, 2026-03-31 09:00:00"),
        ("0 0 9 ? * 6L", "2026-01-01T00:00", "2026-01-30 09:00:00, 2026-02-27 09:00:00, 2026-03-27 09:00:00"),
        ("0 0 9 ? * MON#1", "2026-03-01T00:00", "2026-03-02 09:00:00, 2026-04-06 09:00:00, 2026-05-04 09:00:00"),
        ("0 0 9 ? * FRI-MON", "2026-03-05T00:00", "2026-03-06 09:00:00, 2026-03-07 09:00:00, 2026-03-08 09:00:00"),
        ("0 0 12 29 2 ?", "2026-01-01T00:00", "2028-02-29 12:00:00, 2032-02-29 12:00:00, 2036-02-29 12:00:00"),
        (
            "0 0 0 1 JAN,JUL ? 2026-2027",
            "2026-02-01T00:00",
            "2026-07-01 00:00:00, 2027-01-01 00:00:00, 2027-07-01 00:00:00",
        ),
        ("0 0 13 * 5", "2026-03-09T00:00", "2026-03-13 00:00:00, 2026-03-20 00:00:00, 2026-03-27 00:00:00"),
        ("@daily", "2026-03-02T12:00", "2026-03-03 00:00:00, 2026-03-04 00:00:00, 2026-03-05 00:00:00"),
        ("@weekly", "2026-03-02T12:00", "2026-03-08 00:00:00, 2026-03-15 00:00:00, 2026-03-22 00:00:00"),
    ],
)
def test_cron_text_happens_when_it_says(text: str, start: str, expected: str) -> None:
    """Both families of cron, with their own count of the days of the week."""
    assert times(text, start) == expected.split(", ")


def test_cron_either_day_will_do_in_unix_both_in_quartz() -> None:
    """Where both days are stated the two families differ."""
    assert times("0 0 10 * 1", "2026-03-07T00:00", 2) == ["2026-03-09 00:00:00", "2026-03-10 00:00:00"]
    assert times("0 0 0 9 * 2", "2026-03-01T00:00", 2) == ["2026-03-09 00:00:00", "2026-11-09 00:00:00"]


def test_cron_goes_by_the_clocks_of_its_zone_over_their_changes() -> None:
    """A time that the clocks leave out is left out; one they repeat happens once."""
    assert times("0 30 2 * * ?", "2026-03-28T00:00", 2, BERLIN) == ["2026-03-28 02:30:00", "2026-03-30 02:30:00"]
    assert times("0 30 2 * * ?", "2026-10-24T12:00", 2, BERLIN) == ["2026-10-25 02:30:00", "2026-10-26 02:30:00"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0/5 0/1 * 1/1 * ?", "cron_too_often"),
        ("* * * * * ?", "cron_too_often"),
        ("60 * * * *", "cron_syntax"),
        ("0 0 24 * * ?", "cron_syntax"),
        ("0 0 0 32 * ?", "cron_syntax"),
        ("0 0 0 ? * NEV", "cron_syntax"),
        ("0 0/0 * * * ?", "cron_syntax"),
        ("0 0 0 ? * MON#6", "cron_syntax"),
        ("1 2 3 4", "cron_syntax"),
        ("@fortnightly", "cron_syntax"),
        ("0 0 * * * " + "1," * 60 + "1", "cron_syntax"),
    ],
)
def test_cron_text_that_is_none_or_too_frequent_is_refused(text: str, code: str) -> None:
    """Nothing wakes the worker by the second, and no typing error becomes another time."""
    with pytest.raises(ExpressionError) as refusal:
        parse_cron(text)
    assert refusal.value.code == f"expression.{code}"


@pytest.mark.parametrize("text", ["0 0 0 30 2 ?", "0 0 0 1 1 ? 2020"])
def test_cron_text_that_never_happens_is_refused_when_asked(text: str) -> None:
    """It would wait for ever, or search for ever."""
    with pytest.raises(ExpressionError) as refusal:
        parse_cron(text).after(datetime(2026, 1, 1, tzinfo=UTC), SHANGHAI)
    assert refusal.value.code == "expression.cron_never"


def test_cron_is_told_from_iso_and_expressions() -> None:
    """What is an ISO text, a name or a sum is not taken for cron."""
    assert looks_like_cron("0 0/5 * * * ?")
    assert looks_like_cron("@daily")
    for text in ("R3/PT10M", "PT1H", "due", "1 + 2", "a b c d e", "${cron}", "2026-05-01T08:00:00Z"):
        assert not looks_like_cron(text), text


@given(st.text(alphabet="0123456789*?/,-LW#@ MONFRIJA", max_size=40))
def test_any_text_as_cron_is_read_or_refused(text: str) -> None:
    """No text breaks the reader, and what it reads has a next time or says that it has none."""
    with suppress(ExpressionError):
        cron = parse_cron(text)
        assert cron.after(datetime(2026, 1, 1, tzinfo=UTC), SHANGHAI) > datetime(2026, 1, 1, tzinfo=UTC)
