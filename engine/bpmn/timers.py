"""Timers of the token game: when they are due, and how a repeated one is armed again."""

from __future__ import annotations

from datetime import datetime, timedelta

from .effects import TimerArmed
from .net import Node
from .play import Play
from .program import timer_value
from .state import TIMER, instant, microseconds

Due = tuple[datetime, int, timedelta]
"""When a timer is due, how often it repeats after that, and at which interval."""
_MICROSECOND = timedelta(microseconds=1)


def due(play: Play, node: Node, part: int, scope: int) -> Due:
    """When the timer that is the given part of the event of `node` is due. Raises: Rejected for a text that is none."""
    value = play.program.timers.get((node.index, part))
    if value is None:
        event = play.program.parts[node.index][part]
        assert event.timer is not None
        text = play.value(event.timer, scope)
        if isinstance(text, timedelta):
            value = ("duration", text)
        elif isinstance(text, datetime):
            value = ("date", text)
        else:
            value = timer_value(str(event.timer_kind), str(text))
    what = value[1]
    if isinstance(what, timedelta):
        return play.now + what, 0, what
    if isinstance(what, datetime):
        return what, 0, timedelta()
    count, interval, start = what
    return (start or play.now + interval), (count or 1) - 1, interval


def wait_for_timer(play: Play, node: Node, part: int, scope: int, host: int, due: Due) -> None:
    """Arm the timer that is the given part of the event of `node`."""
    due_at, repeats, interval = due
    wait = play.new_id()
    timed = (microseconds(due_at), repeats, interval // _MICROSECOND if repeats else 0)
    play.state.waits[wait] = (TIMER, node.index, scope, host, (*timed, part) if part else timed)
    play.effects.append(TimerArmed(wait, node.index, scope, due_at))


def arm_again(play: Play, wait: int) -> None:
    """Arm the next repetition of a timer that fired, counted from when it was due, so a late one catches up."""
    _, node, scope, host, (due, repeats, interval, *part) = play.state.waits.pop(wait)
    if repeats:
        next_due = (instant(due + interval), repeats - 1, timedelta(microseconds=interval))
        wait_for_timer(play, play.net.nodes[node], part[0] if part else 0, scope, host, next_due)
