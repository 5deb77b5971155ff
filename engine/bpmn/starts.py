"""What begins an instance by itself: the messages, broadcasts and instants of the start events of a net."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from .expressions import compile_expression, evaluate
from .expressions.cron import Cron
from .net import Event, Kind, Net, Node
from .timer_texts import TimerValue, next_of_cron, timer_value

_KINDS: dict[str, Literal["message", "broadcast", "timer"]] = {
    "message": "message",
    "signal": "broadcast",
    "timer": "timer",
}


@dataclass(frozen=True, slots=True)
class Trigger:
    """One definition of a start event: `part` counts those of a multiple one. `due_at` is set for a timer alone."""

    node_id: str
    part: int
    kind: Literal["message", "broadcast", "timer"]
    name: str | None
    due_at: datetime | None = None


def triggers(net: Net, now: datetime) -> list[Trigger]:
    """What begins an instance of `net`, with timers counted from `now`.

    A start event that needs all of several definitions begins nothing by itself; neither does a condition.
    Raises: ExpressionError for a timer whose text cannot be read without variables.
    """
    found = []
    for node in net.beginnings():
        for part, event in enumerate(_parts(node)):
            kind = _KINDS.get(event.kind)
            if kind is not None:
                due_at = _first(event, now) if kind == "timer" else None
                found.append(Trigger(node.id, part, kind, event.name, due_at))
    return found


def next_due(net: Net, node_id: str, part: int, due_at: datetime, fired: int) -> datetime | None:
    """When a timer that was due at `due_at`, for the `fired`th time, is due again; None where that was the last."""
    event = _parts(net.node(node_id))[part]
    what = _value(event, due_at)[1]
    if isinstance(what, timedelta | datetime):
        return None
    if isinstance(what, Cron):
        return next_of_cron(what, due_at)
    count, interval, _ = what
    return None if count is not None and fired >= count else due_at + interval


def awaited_messages(net: Net) -> set[str]:
    """The names of the messages that an instance of `net` can wait for, or that begin one."""
    return {
        event.name
        for node in net.nodes
        if node.kind in (Kind.START, Kind.CATCH, Kind.BOUNDARY, Kind.RECEIVE)
        for event in _parts(node)
        if event.kind == "message" and event.name
    }


def _parts(node: Node) -> tuple[Event, ...]:
    event = node.event
    if event is None:
        return ()
    if event.kind != "multiple":
        return (event,)
    return () if event.every else event.parts


def _first(event: Event, now: datetime) -> datetime:
    what = _value(event, now)[1]
    if isinstance(what, timedelta):
        return now + what
    if isinstance(what, datetime):
        return what
    if isinstance(what, Cron):
        return next_of_cron(what, now)
    _, interval, start = what
    return start or now + interval


def _value(event: Event, now: datetime) -> TimerValue:
    assert event.timer is not None
    text = event.timer.source
    if not event.timer_literal:
        value = evaluate(compile_expression(text, event.timer.spelling), {}, now)
        if isinstance(value, timedelta):
            return "duration", value
        if isinstance(value, datetime):
            return "date", value
        text = str(value)
    return timer_value(str(event.timer_kind), text)
