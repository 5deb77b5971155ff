"""The incident 事件: its number, whom it is dispatched to, and which moves the facts of its directives allow."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.domain.calendar import SHANGHAI
from engine.domain.event_type import TERRITORY, EventType
from engine.domain.level import Level, at_least
from engine.errors import InvalidMove, Rejected

DISTRICT = "990100"
"""The division code of the demo city 示例市 (fictitious)."""


def number(opened_at: datetime, sequence: int, *, district: str = DISTRICT, zone: str = SHANGHAI) -> str:
    """The number of a case: `YYYYMMDD-<district>-<sequence>` by the local date, e.g. 20260301-990100-000001."""
    return f"{opened_at.astimezone(ZoneInfo(zone)):%Y%m%d}-{district}-{sequence:06d}"


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Whom an incident goes to, by department code, and from which rules that follows (codes, in order)."""

    lead: str
    co: tuple[str, ...]
    why: tuple[str, ...]


def decide_dispatch(
    event_type: EventType,
    *,
    territory: str | None,
    fallback: str,
    existing: Collection[str],
) -> Dispatch:
    """The lead and co-handling departments proposed for an incident of this type.

    `territory` is the department that answers for the grid cell, where the place lies in one; it stands in for
    `@territory` in the table. Departments the city does not have are left out; when that leaves no lead, the territory
    leads, and without one the `fallback` (the command centre) does.
    """
    why: list[str] = []

    def resolved(code: str) -> str | None:
        if code == TERRITORY:
            return territory
        return code if code in existing else None

    lead = resolved(event_type.lead)
    if lead is None:
        lead = territory or fallback
        why.append("lead_is_territory" if territory else "lead_is_fallback")
    else:
        why.append("lead_by_territory" if event_type.lead == TERRITORY else "lead_by_type")
    co: list[str] = []
    for code in event_type.co:
        department = resolved(code)
        if department is None:
            why.append(f"left_out:{code}")
        elif department != lead and department not in co:
            co.append(department)
    return Dispatch(lead, tuple(co), tuple(why))


SETTLED: frozenset[str] = frozenset({"rejected", "not_filed", "merged", "voided", "evaluated", "archived"})
"""States in which the process of an incident may end."""

_NOT_COUNTED = frozenset({"withdrawn", "superseded", "voided", "expired"})
_ANSWERED = frozenset({"feedback", "accepted", "evaluated", "closed"})
_VERIFIED = frozenset({"accepted", "evaluated", "closed"})


def moves_allowed_by_directives(state: str, directive_states: Iterable[str]) -> tuple[str, ...]:
    """The incident's own moves that follow from its directives now, in the order to make them.

    All that count are answered: receive_feedback. All are verified: verify_pass. One is at work again: verify_fail.
    Withdrawn, superseded, voided and expired directives do not count; without any other nothing follows.
    """
    counted = [each for each in directive_states if each not in _NOT_COUNTED]
    if not counted:
        return ()
    answered, verified = _ANSWERED.issuperset(counted), _VERIFIED.issuperset(counted)
    if state in ("handling", "stabilised") and answered:
        return ("receive_feedback", "verify_pass") if verified else ("receive_feedback",)
    if state == "feedback":
        return ("verify_pass",) if verified else () if answered else ("verify_fail",)
    return ()


def check_evaluation(directive_states: Iterable[str]) -> None:
    """Refuses to evaluate an incident with a directive whose loop is open.

    Raises: InvalidMove `incident.open_directive`.
    """
    open_states = sorted({state for state in directive_states if state not in _NOT_COUNTED and state != "closed"})
    if open_states:
        raise InvalidMove(
            "incident.open_directive",
            f"Expected every directive closed, but there are some in {', '.join(open_states)}.",
            states=open_states,
        )


def is_loop_closed(state: str, directive_states: Iterable[str]) -> bool:
    """Whether the incident counts as a closed loop: evaluated (or archived since) with every directive closed."""
    counted = [each for each in directive_states if each not in _NOT_COUNTED]
    return state in ("evaluated", "archived") and bool(counted) and all(each == "closed" for each in counted)


def check_stabilise(level: Level) -> None:
    """Refuses to call an incident stabilised that is not graded I to III.

    Raises: Rejected `incident.not_graded`.
    """
    if not at_least(level, "III"):
        raise Rejected("incident.not_graded", "Expected an event of level I to III, but it is not.", level=level)


def move_on_source_cancel(state: str) -> str | None:
    """The move when the source cancels the alert an incident came from; None where a person has to decide.

    Before filing nobody has acted on it yet; afterwards orders may be out, and only people call those back.
    """
    return {"reported": "reject", "accepted": "decline"}.get(state)
