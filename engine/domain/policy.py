"""SLA policies: how much time a stage has, in which unit and calendar, and which policy fits a case best."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from engine.domain.calendar import ROUND_THE_CLOCK, Calendar
from engine.domain.escalation import DEFAULT_LADDER, Ladder
from engine.domain.level import Level, roman
from engine.errors import NotFound, Rejected

Unit = Literal["minute", "clock_hour", "working_hour", "working_day", "calendar_day"]
UNITS: tuple[Unit, ...] = ("minute", "clock_hour", "working_hour", "working_day", "calendar_day")

STAGES: tuple[str, ...] = (
    "acceptance", "filing", "draft", "review", "issue", "sign_in", "handling", "feedback", "redispatch", "first_report",
    "verification", "evaluation", "closing", "supervision",
)  # fmt: skip
"""The stages a clock can run for; `cl:stage` of a node is one of them."""


@dataclass(frozen=True)
class SlaPolicy:
    """How long one stage may take for the cases it fits; never changed once used, only followed by a new version.

    `unit`: a minute and a working hour count in the calendar, a clock hour round the clock, a working day leads to
    the same working instant of a later working day, a calendar day to the same wall-clock time.
    Shape: `event_type` is a prefix of the type code, '' fits every type. `levels` holds 1-4, or 0 for a case without
    a level; empty fits every level.
    Raises: Rejected `sla.policy` on building one that makes no sense.
    """

    code: str
    version: int
    stage: str
    amount: int
    unit: Unit
    calendar: str = ROUND_THE_CLOCK.code
    ladder: Ladder = DEFAULT_LADDER
    event_type: str = ""
    levels: frozenset[int] = frozenset()
    priority: int = 0

    def __post_init__(self) -> None:
        wrong = (
            (self.stage not in STAGES and f"the stage {self.stage!r}")
            or (self.unit not in UNITS and f"the unit {self.unit!r}")
            or (self.amount <= 0 and f"the amount {self.amount}")
            or (self.version <= 0 and f"the version {self.version}")
            or (not self.levels <= frozenset(range(5)) and f"the levels {sorted(self.levels)}")
        )
        if wrong:
            raise Rejected("sla.policy", f"Expected a sound policy, but {self.code!r} has {wrong}.", policy=self.code)

    @property
    def id(self) -> str:
        """The name of this very version."""
        return f"{self.code}.v{self.version}"

    @property
    def rungs(self) -> tuple[int, ...]:
        """The rungs of its ladder, in per cent of the budget."""
        return self.ladder.rungs

    def fits(self, event_type: str, level: Level) -> bool:
        """Whether the policy applies to a case of this type and level."""
        return event_type.startswith(self.event_type) and (not self.levels or (level or 0) in self.levels)

    def due_at(self, started_at: datetime, calendar: Calendar) -> datetime:
        """When the budget of a clock started then is used up."""
        match self.unit:
            case "minute":
                return calendar.add_working(started_at, timedelta(minutes=self.amount))
            case "clock_hour":
                return ROUND_THE_CLOCK.add_working(started_at, timedelta(hours=self.amount))
            case "working_hour":
                return calendar.add_working(started_at, timedelta(hours=self.amount))
            case "working_day":
                return calendar.add_working_days(started_at, self.amount)
            case "calendar_day":
                return calendar.add_calendar_days(started_at, self.amount)

    def counting_calendar(self, calendar: Calendar) -> Calendar:
        """The calendar in which elapsed time and rungs are counted: its own, or none for wall-clock units."""
        return ROUND_THE_CLOCK if self.unit in ("clock_hour", "calendar_day") else calendar

    def rung_instants(self, started_at: datetime, calendar: Calendar) -> tuple[tuple[int, datetime], ...]:
        """When each rung of the ladder is reached by a clock started then; 100 is the due instant itself."""
        due_at = self.due_at(started_at, calendar)
        counting = self.counting_calendar(calendar)
        budget = counting.working_between(started_at, due_at)
        return tuple(
            (rung, due_at if rung == 100 else counting.add_working(started_at, budget * rung / 100))
            for rung in self.rungs
        )


@dataclass(frozen=True, slots=True)
class PolicyMatch:
    """The policy that fits best, and why in words: the match, and what it was preferred to."""

    policy: SlaPolicy
    why: str


def match_policy(policies: Iterable[SlaPolicy], *, event_type: str, level: Level, stage: str) -> PolicyMatch:
    """The most specific policy of the stage for the type and level; the newest version of each counts.

    A longer type prefix outweighs a level, a named level outweighs none, then the higher priority decides, then the
    code, so that the answer is always the same.
    Raises: NotFound `sla.no_policy`.
    """
    newest: dict[str, SlaPolicy] = {}
    for policy in policies:
        if policy.stage == stage and (policy.code not in newest or newest[policy.code].version < policy.version):
            newest[policy.code] = policy
    fitting = [policy for policy in newest.values() if policy.fits(event_type, level)]
    fitting.sort(key=lambda p: (-len(p.event_type), not p.levels, -p.priority, p.code))
    if not fitting:
        raise NotFound(
            "sla.no_policy",
            f"Expected a policy for stage {stage}, type {event_type} and level {roman(level) or 'none'}, "
            "but the profile has none.",
            stage=stage,
            event_type=event_type,
            level=level,
        )
    best, *others = fitting
    by_type = f"type prefix {best.event_type}" if best.event_type else "every type"
    by_level = f"level {roman(level) or 'none'}" if best.levels else "every level"
    over = f"; preferred to {', '.join(policy.id for policy in others)}" if others else ""
    return PolicyMatch(best, f"{best.id} fits {by_type} and {by_level}{over}")
