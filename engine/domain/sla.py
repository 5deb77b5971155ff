"""Clocks: the running time of one stage, as a list of events from which its row can be computed again at any time.

A clock is started, its rungs fire, it may be breached, and it ends stopped or cancelled. Overdue is computed, a breach
is an event that nothing erases. Version 1 knows no pause and no extension.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from engine.domain.calendar import Calendar
from engine.domain.escalation import BREACH
from engine.domain.policy import SlaPolicy
from engine.errors import InvalidMove

EventKind = Literal["started", "rung_fired", "breached", "stopped", "cancelled"]
EVENT_KINDS: tuple[EventKind, ...] = ("started", "rung_fired", "breached", "stopped", "cancelled")
ClockStatus = Literal["running", "met", "missed", "cancelled"]
CLOCK_STATES: tuple[ClockStatus, ...] = ("running", "met", "missed", "cancelled")


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """What happened to a clock at an instant. `rung` is set for rung_fired alone; `cause` is a code."""

    kind: EventKind
    at: datetime
    rung: int | None = None
    actor_id: str | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True)
class ClockState:
    """A clock as its row shows it.

    `state`: running; met (stopped without a breach); missed (stopped after one); cancelled.
    Shape: `rung_at` holds every rung of its ladder with the instant it is reached, rising.
    """

    state: ClockStatus
    started_at: datetime
    due_at: datetime
    rung_at: tuple[tuple[int, datetime], ...]
    next_rung: int | None
    breached_at: datetime | None = None
    stopped_at: datetime | None = None

    @property
    def next_rung_at(self) -> datetime | None:
        """When the next rung is due; None when the clock no longer runs or none is left."""
        if self.state != "running":
            return None
        return next((at for rung, at in self.rung_at if rung == self.next_rung), None)

    @property
    def fired(self) -> tuple[int, ...]:
        """The rungs that have fired, rising."""
        rungs = tuple(rung for rung, _ in self.rung_at)
        return rungs if self.next_rung is None else rungs[: rungs.index(self.next_rung)]

    def is_overdue(self, now: datetime) -> bool:
        """Whether the clock still runs and its due instant has passed."""
        return self.state == "running" and self.due_at < now


@dataclass(frozen=True, slots=True)
class RungFired:
    """A rung that is due and now fires: when it was due, and how many seconds late it is."""

    rung: int
    due_at: datetime
    fired_at: datetime
    late_by_s: float

    @property
    def is_breach(self) -> bool:
        """Whether this is the rung at which the deadline passes."""
        return self.rung == BREACH

    def events(self) -> tuple[ClockEvent, ...]:
        """The events to append: the firing, and the breach that comes with rung 100."""
        fired = ClockEvent("rung_fired", self.fired_at, rung=self.rung)
        # A breach happened when the time was up, however late the worker noticed.
        return (fired, ClockEvent("breached", self.due_at)) if self.is_breach else (fired,)


def start_clock(policy: SlaPolicy, calendar: Calendar, at: datetime) -> ClockState:
    """A clock that starts running at this instant."""
    rung_at = policy.rung_instants(at, calendar)
    return ClockState("running", at, dict(rung_at)[BREACH], rung_at, rung_at[0][0])


def restore_clock(policy: SlaPolicy, calendar: Calendar, started_at: datetime, next_rung: int | None) -> ClockState:
    """The running clock that a row describes, without reading its events again."""
    clock = start_clock(policy, calendar, started_at)
    breached = next_rung is None or next_rung > BREACH
    return replace(clock, next_rung=next_rung, breached_at=clock.due_at if breached else None)


def apply_event(clock: ClockState, event: ClockEvent) -> ClockState:
    """The clock after the event.

    Raises: InvalidMove `clock.not_running`, `clock.started_twice`, `clock.rung_out_of_order`, `clock.breached_twice`.
    """
    if event.kind == "started":
        raise _refused("started_twice", "a clock that has not started", clock)
    if clock.state != "running":
        raise _refused("not_running", "a running clock", clock)
    match event.kind:
        case "rung_fired":
            if event.rung is None or event.rung != clock.next_rung:
                raise _refused("rung_out_of_order", f"rung {clock.next_rung} next", clock)
            later = [rung for rung, _ in clock.rung_at if rung > event.rung]
            return replace(clock, next_rung=later[0] if later else None)
        case "breached":
            if clock.breached_at is not None:
                raise _refused("breached_twice", "a clock without a breach", clock)
            return replace(clock, breached_at=event.at)
        case "stopped":
            return replace(clock, state="missed" if clock.breached_at else "met", stopped_at=event.at)
        case "cancelled":
            return replace(clock, state="cancelled", stopped_at=event.at)


def _refused(code: str, expected: str, clock: ClockState) -> InvalidMove:
    return InvalidMove(f"clock.{code}", f"Expected {expected}, but it is {clock.state}.", state=clock.state)


def replay(events: Iterable[ClockEvent], policy: SlaPolicy, calendar: Calendar) -> ClockState:
    """The clock that these events make, the same every time: the first one starts it.

    Raises: InvalidMove `clock.not_started`, and whatever `apply_event` refuses.
    """
    remaining = iter(events)
    first = next(remaining, None)
    if first is None or first.kind != "started":
        raise InvalidMove("clock.not_started", "Expected the first event to start the clock, but it does not.")
    clock = start_clock(policy, calendar, first.at)
    for event in remaining:
        clock = apply_event(clock, event)
    return clock


def decide_fire(clock: ClockState, now: datetime) -> tuple[RungFired, ...]:
    """Every rung that is due by `now` and has not fired yet, in the order they fell due; each is given once only."""
    if clock.state != "running" or clock.next_rung is None:
        return ()
    return tuple(
        RungFired(rung, at, now, (now - at).total_seconds())
        for rung, at in clock.rung_at
        if rung >= clock.next_rung and at <= now
    )


def decide_stop(
    clock: ClockState, now: datetime, *, actor_id: str | None = None, cause: str | None = None
) -> tuple[ClockEvent, ...]:
    """The events that end a running clock because its stage is done.

    A deadline that passed unnoticed is recorded as a breach; rungs that had not fired call nobody any more.
    """
    events: list[ClockEvent] = []
    if clock.is_overdue(now) and clock.breached_at is None:
        events.append(ClockEvent("breached", clock.due_at))
    events.append(ClockEvent("stopped", now, actor_id=actor_id, cause=cause))
    return tuple(events)


def elapsed(clock: ClockState, policy: SlaPolicy, calendar: Calendar, now: datetime) -> timedelta:
    """How much of its budget the clock has used, in counted time; an ended clock counts no further."""
    end = clock.stopped_at or now
    return policy.counting_calendar(calendar).working_between(clock.started_at, end)
