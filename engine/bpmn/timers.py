"""Timers of the token game: when they are due, and how a repeated one is armed again."""

from __future__ import annotations

from datetime import datetime, timedelta

from .effects import TimerArmed
from .expressions.cron import Cron, parse_cron
from .net import Node
from .play import Play
from .state import TIMER, instant, microseconds
from .timer_texts import next_of_cron, timer_value

Due = tuple[datetime, int, timedelta | str]
"""When a timer is due, how often it repeats after that and at which interval; -1 and the text for cron, without end."""
_WITHOUT_END = -1
_MICROSECOND = timedelta(microseconds=1)


def due(play: Play, node: Node, part: int, scope: int) -> Due:
    """When the timer that is the given part of the event of `node` is due. Raises: Rejected for a text that is none."""
    value = play.program.timers[node.index][part]
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
    if isinstance(what, Cron):
        return next_of_cron(what, play.now), _WITHOUT_END, what.text
    count, interval, start = what
    return (start or play.now + interval), (count or 1) - 1, interval


def wait_for_timer(play: Play, node: Node, part: int, scope: int, host: int, due: Due) -> None:
    """Arm the timer that is the given part of the event of `node`."""
    due_at, repeats, interval = due
    wait = play.new_id()
    kept: int | str = 0
    if repeats:
        kept = interval // _MICROSECOND if isinstance(interval, timedelta) else interval
    timed = (microseconds(due_at), repeats, kept)
    play.state.waits[wait] = (TIMER, node.index, scope, host, (*timed, part) if part else timed)
    play.effects.append(TimerArmed(wait, node.index, scope, due_at))


def arm_again(play: Play, wait: int) -> None:
    """Arm the next repetition of a timer that fired, counted from when it was due, so a late one catches up."""
    _, index, scope, host, (due, repeats, interval, *part) = play.state.waits.pop(wait)
    if not repeats:
        return
    if isinstance(interval, str):
        next_due: Due = (next_of_cron(parse_cron(interval), instant(due)), _WITHOUT_END, interval)
    else:
        next_due = (instant(due + interval), repeats - 1, timedelta(microseconds=interval))
    wait_for_timer(play, play.net.nodes[index], part[0] if part else 0, scope, host, next_due)
