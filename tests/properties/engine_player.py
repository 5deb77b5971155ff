"""The engine's token game as a player that can be held against the reference game.

Its state goes through bytes after every step, and the rows that its effects ask for must be the waits in its state.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from engine.bpmn.effects import (
    BroadcastSent,
    CallCancelled,
    CallStarted,
    ConditionArmed,
    ConditionDisarmed,
    Effect,
    FailureCleared,
    InstanceEnded,
    ItemOpened,
    ItemWithdrawn,
    MessageSent,
    OperationCancelled,
    OperationRequested,
    StepFailed,
    SubscriptionClosed,
    SubscriptionOpened,
    TimerArmed,
    TimerDisarmed,
)
from engine.bpmn.game import advance
from engine.bpmn.guard import guard
from engine.bpmn.net import Kind, Net
from engine.bpmn.normalise import normalise
from engine.bpmn.reader import read
from engine.bpmn.state import BODY, LEG, PARENT, State, state_from_bytes, state_to_bytes
from engine.bpmn.stimuli import (
    BroadcastArrived,
    CallEnded,
    CallFailed,
    Complete,
    ItemThrew,
    MessageArrived,
    OperationDone,
    OperationFailed,
    Start,
    Stimulus,
    TimerFired,
)
from tests.properties.walks import Key, Move

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KINDS = {
    ItemOpened: "item",
    OperationRequested: "operation",
    TimerArmed: "timer",
    SubscriptionOpened: "subscription",
    ConditionArmed: "condition",
    CallStarted: "call",
    StepFailed: "failure",
}
CLOSING = (
    *(ItemWithdrawn, OperationCancelled, TimerDisarmed, SubscriptionClosed),
    *(ConditionDisarmed, CallCancelled, FailureCleared),
)
DONE: dict[str, Callable[..., Stimulus]] = {"item": Complete, "operation": OperationDone, "call": CallEnded}
FAILED: dict[str, Callable[..., Stimulus]] = {"item": ItemThrew, "operation": OperationFailed, "call": CallFailed}


def read_net(xml: str) -> Net:
    """The net of the only process of a file. Raises: AssertionError with the findings where the reader refuses."""
    reading = read(normalise(guard(xml.encode()).root).root, "digest")
    errors = [finding for finding in reading.findings if finding.severity == "error"]
    assert not errors, errors
    (net,) = reading.nets.values()
    return net


class EnginePlayer:
    """One instance in the engine's game. `size` is the number of bytes of its state after the last step."""

    def __init__(self, net: Net, variables: Mapping[str, Any]) -> None:
        self.net = net
        self.now = NOON
        self.size = 0
        self._state: State | None = None
        self._rows: dict[int, Any] = {}  # wait -> the effect that opened it
        self._effects: tuple[Effect, ...] = ()
        self._step(Start(None, variables))

    @property
    def state(self) -> State:
        """The state as it came back from its bytes."""
        assert self._state is not None
        return self._state

    def move(self, move: Move) -> None:
        """Makes the move."""
        kind = move.key[0]
        wait = [wait for key, _, wait in self._waits() if key == move.key][move.place]
        if move.what == "throws":
            self._step(FAILED[kind](wait, move.code))
        elif move.what == "done":
            self._step(DONE[kind](wait, move.values))
        elif kind == "timer":
            self.now = max(self.now, self._rows[wait].due_at)
            self._step(TimerFired(wait))
        else:
            self._step((BroadcastArrived if kind == "broadcast" else MessageArrived)(wait, move.values))

    def facts(self) -> Mapping[str, Any]:
        """What can be seen after a move; effect and state must say the same about the end."""
        ended = [effect.outcome for effect in self._effects if isinstance(effect, InstanceEnded)]
        assert ended == [self.state.outcome] * (self.state.outcome is not None)
        sent, called_out = (
            sorted(self.net.nodes[effect.node].id for effect in self._effects if isinstance(effect, kind))
            for kind in (MessageSent, BroadcastSent)
        )
        return {
            "outcome": self.state.outcome,
            "open": [key for key, _, _ in self._waits()],
            "sent": sent,
            "called_out": called_out,
            "variables": self.state.variables,
        }

    def _step(self, stimulus: Stimulus) -> None:
        step = advance(self.net, self._state, stimulus, self.now)
        stored = state_to_bytes(step.state)
        self.size = len(stored)
        self._state = state_from_bytes(stored)
        assert state_to_bytes(self._state) == stored, "a state that is read back and written again has other bytes"
        self._effects = step.effects
        self._keep_rows(stimulus)

    def _keep_rows(self, stimulus: Stimulus) -> None:
        """What `services` does with the effects. The stimulated wait is over unless the state still holds it."""
        for effect in self._effects:
            if type(effect) in KINDS:
                self._rows[effect.wait] = effect
            elif isinstance(effect, CLOSING):
                del self._rows[effect.wait]
        stimulated = getattr(stimulus, "wait", None)
        if stimulated in self._rows and stimulated not in self.state.waits:
            del self._rows[stimulated]
        assert self._rows.keys() == self.state.waits.keys(), "rows of the effects are not the waits of the state"

    def _waits(self) -> list[tuple[Key, list[int], int]]:
        """(key, ids of what is around it, wait) of everything open, sorted."""
        found = []
        for wait, effect in self._rows.items():
            legs, order = self._around(effect.scope)
            kind = KINDS[type(effect)]
            if isinstance(effect, SubscriptionOpened) and effect.kind == "broadcast":
                kind = "broadcast"
            found.append(((kind, self._drawn_at(effect.node), legs), order, wait))
        return sorted(found)

    def _drawn_at(self, node: int) -> str:
        """The id of the node, or of the start event where the node is an event sub-process."""
        drawn = self.net.nodes[node]
        if drawn.kind is Kind.EVENT_SUBPROCESS:
            assert drawn.scope_inside is not None
            drawn = self.net.nodes[self.net.scopes[drawn.scope_inside].starts[0]]
        return drawn.id

    def _around(self, scope: int) -> tuple[tuple[int, ...], list[int]]:
        """The legs around a wait, and the ids of the activations around it; outermost first."""
        legs: list[int] = []
        order: list[int] = []
        while scope:
            record = self.state.scopes[scope]
            if record[LEG]:  # a round of a standard loop is no leg
                legs.insert(0, record[LEG])
            order[:0] = [record[BODY], scope]
            scope = record[PARENT]
        return tuple(legs), order
