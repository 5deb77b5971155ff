"""Working time: calendars by which deadlines count, either round the clock or in a weekly pattern of windows.

Windows are wall-clock times of the calendar's zone; everything handed in and out is an aware instant, counted in
UTC. So a day with a change of the offset counts the seconds that really pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from engine.errors import Rejected

SHANGHAI = "Asia/Shanghai"
NOTHING = timedelta(0)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of working time within one day, from `opens` up to `closes`."""

    opens: time
    closes: time


@dataclass(frozen=True)
class Calendar:
    """Which seconds of a week count.

    Shape: `week` holds the windows of Monday to Sunday, in order and apart; no week at all means 7×24.
    Raises: Rejected `calendar.windows` on building one with other windows.
    """

    code: str
    week: tuple[tuple[Window, ...], ...] = ()
    zone: str = SHANGHAI

    def __post_init__(self) -> None:
        if self.week and (len(self.week) != 7 or not any(self.week)):
            raise Rejected("calendar.windows", "Expected seven days with some working time, but they are not.")
        for windows in self.week:
            edges = [edge for window in windows for edge in (window.opens, window.closes)]
            if any(later <= earlier for earlier, later in pairwise(edges)):
                raise Rejected(
                    "calendar.windows",
                    f"Expected windows in order and apart, but in {self.code} they are not.",
                    calendar=self.code,
                )

    @property
    def counts_always(self) -> bool:
        """Whether every second counts (7×24)."""
        return not self.week

    def add_working(self, start: datetime, amount: timedelta) -> datetime:
        """The earliest instant by which `amount` of working time has passed since `start`."""
        if self.counts_always or amount <= NOTHING:
            return start.astimezone(UTC) + max(amount, NOTHING)
        left = amount
        for opens, closes in self._windows_from(start):
            if left <= closes - opens:
                return opens + left
            left -= closes - opens
        raise AssertionError("a calendar with working time never runs out of windows")

    def working_between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from `start` to `end`; zero when `end` is not later."""
        if end <= start:
            return NOTHING
        if self.counts_always:
            return end.astimezone(UTC) - start.astimezone(UTC)
        total = NOTHING
        for opens, closes in self._windows_from(start):
            if opens >= end:
                break
            total += min(closes, end.astimezone(UTC)) - opens
        return total

    def add_working_days(self, start: datetime, days: int) -> datetime:
        """The same working instant, `days` working days later.

        A start outside working time counts from the next opening. Where the target day is closed at that hour, the
        next opening is meant.
        """
        if self.counts_always:
            return self.add_calendar_days(start, days)
        local = self._next_working(start).astimezone(ZoneInfo(self.zone))
        day = local.date()
        for _ in range(days):
            day += DAY
            while not self.week[day.weekday()]:
                day += DAY
        return self._next_working(datetime.combine(day, local.time(), ZoneInfo(self.zone)))

    def add_calendar_days(self, start: datetime, days: int) -> datetime:
        """The same wall-clock time, `days` calendar days later."""
        local = start.astimezone(ZoneInfo(self.zone))
        return datetime.combine(local.date() + days * DAY, local.time(), ZoneInfo(self.zone)).astimezone(UTC)

    def is_working(self, at: datetime) -> bool:
        """Whether the instant lies in working time; the moment of closing no longer does."""
        return self.counts_always or self._next_working(at) == at

    def _next_working(self, at: datetime) -> datetime:
        return next(self._windows_from(at))[0]

    def _windows_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches of working time after `start`, the first one cut to begin there, in UTC, without end."""
        zone, begin = ZoneInfo(self.zone), start.astimezone(UTC)
        # One day earlier: near a change of the offset a window may end later than its date says.
        day = start.astimezone(zone).date() - DAY
        while True:
            for window in self.week[day.weekday()]:
                opens, closes = _instant(day, window.opens, zone), _instant(day, window.closes, zone)
                if closes > begin and closes > opens:
                    yield max(opens, begin), closes
            day += DAY


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, zone).astimezone(UTC)


ROUND_THE_CLOCK = Calendar("7x24")
OFFICE_HOURS = Calendar(
    "office",
    week=(
        *((Window(time(9), time(12)), Window(time(14), time(18))),) * 5,
        (),
        (),
    ),
)
