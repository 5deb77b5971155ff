"""What a dry run gives a process that waits for no person: messages, timers and broadcasts, in an order that ends.

First what stands in the way of a token, then what could happen beside it. What repeats beside an activity without
interrupting it happens a few times only, so that a dry run is not kept busy by reports and reminders.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from engine.bpmn.net import Net
from engine.bpmn.state import BROADCAST, MESSAGE, TIMER, State, Wait, instant
from engine.bpmn.stimuli import BroadcastArrived, MessageArrived, Stimulus, TimerFired

MOST_REPORTS, MOST_REMINDERS = 2, 5
_WORDS: dict[type, str] = {MessageArrived: "message", TimerFired: "timer", BroadcastArrived: "broadcast"}
_STIMULI: dict[int, type[MessageArrived] | type[TimerFired] | type[BroadcastArrived]] = {
    MESSAGE: MessageArrived,
    TIMER: TimerFired,
    BROADCAST: BroadcastArrived,
}
_IN_THE_WAY = {MESSAGE: 0, BROADCAST: 1, TIMER: 3}
_BESIDE = {MESSAGE: 2, TIMER: 3, BROADCAST: 4}
Running = TypeVar("Running")


class Happenings:
    """What has been given so far, counted by process and node."""

    def __init__(self) -> None:
        self.given: Counter[tuple[str, str]] = Counter()

    def next(self, running: Iterable[tuple[Running, Net, State]]) -> tuple[Running, Stimulus, datetime | None] | None:
        """What happens next in which of the running processes, and the instant a timer is due; None for nothing."""
        possible = [
            (self._rank(state, record), number, wait, each, net, record)
            for number, (each, net, state) in enumerate(running)
            for wait, record in state.waits.items()
            if record[0] in _STIMULI and self._may(net, state, record)
        ]
        if not possible:
            return None
        _, _, wait, each, net, record = min(possible, key=lambda found: (found[0], found[2], found[1]))
        self.given[net.id, net.nodes[record[1]].id] += 1
        due = instant(record[4][0]) if record[0] == TIMER else None
        return each, _STIMULI[record[0]](wait), due

    def _rank(self, state: State, record: Wait) -> tuple[int, int]:
        order = _IN_THE_WAY if _in_the_way(state, record) else _BESIDE
        return order[record[0]], record[4][0] if record[0] == TIMER else 0

    def _may(self, net: Net, state: State, record: Wait) -> bool:
        node = net.nodes[record[1]]
        if _in_the_way(state, record) or node.interrupting:
            return True
        most = MOST_REMINDERS if record[0] == TIMER else MOST_REPORTS
        return self.given[net.id, node.id] < most


def _in_the_way(state: State, record: Wait) -> bool:
    return record[3] == 0 or record[3] in state.gates


def told(net: Net, before: State, stimulus: Stimulus) -> str | None:
    """The line of the trace for what happened to a wait; None for what has a line of its own."""
    word = _WORDS.get(type(stimulus))
    wait = getattr(stimulus, "wait", None)
    return None if word is None or wait is None else f"{word} {net.nodes[before.waits[wait][1]].id}"
