"""Plays one instance of a `Net` by the names of its nodes and legs, saving and reloading the state at every step.

With a scratch directive it also makes the moves the nodes propose, so a move the life cycle refuses shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.bpmn.effects import (
    Effect,
    InstanceEnded,
    ItemOpened,
    ItemWithdrawn,
    NodeEntered,
    NodeLeft,
    SubscriptionClosed,
    SubscriptionOpened,
    TimerArmed,
    TimerDisarmed,
)
from engine.bpmn.game import advance
from engine.bpmn.net import Kind, Net
from engine.bpmn.state import State, state_from_bytes, state_to_bytes
from engine.bpmn.stimuli import Complete, MessageArrived, Start, Stimulus, TimerFired
from engine.services.coupling import completed, entered
from engine.services.drive import ScratchDirective


@dataclass
class Player:
    """One instance being played; `element` is the variable that names a leg, `subject` the directive it moves."""

    net: Net
    element: str = "department"
    subject: ScratchDirective | None = None
    now: datetime = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    state: State | None = None
    items: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    messages: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    timers: dict[int, datetime] = field(default_factory=dict)
    entered: list[str] = field(default_factory=list)
    flows: set[str] = field(default_factory=set)
    sent: list[str] = field(default_factory=list)
    ended: InstanceEnded | None = None

    def start(self, given: Mapping[str, Any]) -> None:
        """Begins the instance with the variables `given`."""
        self._step(Start(None, given))

    def complete(self, node: str, leg: str | None = None, answers: Mapping[str, Any] | None = None) -> None:
        """Completes the open item of `node`, in the leg of department `leg` where one is named."""
        wait = self._wait(self.items, node, leg)
        if self.subject is not None:
            completed(self.subject, self.net.node(node), leg, answers or {})
        self._step(Complete(wait, answers or {}))

    def deliver(self, message: str, leg: str | None = None, payload: Mapping[str, Any] | None = None) -> None:
        """Delivers a message to the instance or to one leg; a reason in it is on record for the move it leads to."""
        if self.subject is not None and "reason" in (payload or {}):
            self.subject.recorded.add("reason")
        self._step(MessageArrived(self._wait(self.messages, message, leg), payload or {}))

    def advance_clock(self, by: timedelta) -> None:
        """Moves the clock on and fires what comes due on the way, earliest first."""
        until = self.now + by
        while due := sorted((at, wait) for wait, at in self.timers.items() if at <= until):
            self.now, wait = due[0]
            del self.timers[wait]
            self._step(TimerFired(wait))
        self.now = until

    def open_items(self) -> list[str]:
        """The open items as `node` or `node@department`, sorted."""
        return sorted(node if leg is None else f"{node}@{leg}" for node, leg in self.items.values())

    def _wait(self, waits: Mapping[int, tuple[str, str | None]], name: str, leg: str | None) -> int:
        found = [wait for wait, what in waits.items() if what == (name, leg)]
        assert len(found) == 1, f"{name} of leg {leg} is waited for {len(found)} times; open: {sorted(waits.values())}"
        return found[0]

    def _step(self, stimulus: Stimulus) -> None:
        step = advance(self.net, self.state, stimulus, self.now)
        self.state = state_from_bytes(state_to_bytes(step.state))
        if isinstance(stimulus, Complete):
            del self.items[stimulus.wait]
        for effect in step.effects:
            self._take(effect)
            if self.subject is not None and isinstance(effect, NodeEntered):
                entered(self.subject, self.net.nodes[effect.node], step.legs.get(effect.scope, (0, None))[1])
        self.flows |= self._flows_taken(step.effects)

    def _take(self, effect: Effect) -> None:
        nodes = self.net.nodes
        match effect:
            case ItemOpened(wait, node, scope):
                self.items[wait] = nodes[node].id, self._leg(scope)
            case ItemWithdrawn(wait):
                del self.items[wait]
            case SubscriptionOpened(wait, _, scope, message):
                self.messages[wait] = message, self._leg(scope)
            case SubscriptionClosed(wait):
                self.messages.pop(wait, None)
            case TimerArmed(wait, _, _, due_at):
                self.timers[wait] = due_at
            case TimerDisarmed(wait):
                self.timers.pop(wait, None)
            case NodeEntered(node, _):
                self.entered.append(nodes[node].id)
            case InstanceEnded():
                self.ended = effect

    def _leg(self, scope: int) -> str | None:
        assert self.state is not None
        if scope not in self.state.scopes:
            return None
        return self.state.seen_from(scope).get(self.element) if self.state.leg_of(scope) else None

    def _flows_taken(self, effects: tuple[Effect, ...]) -> set[str]:
        """The flows from a node left in this step to one that was entered in it, or to a join that holds the token."""
        assert self.state is not None
        left = {e.node for e in effects if isinstance(e, NodeLeft) and e.how == "done"}
        reached = {e.node for e in effects if isinstance(e, NodeEntered)}
        held = {flow for tokens in self.state.joins.values() for flow in tokens}
        return {
            flow.id for flow in self.net.flows if flow.source in left and (flow.target in reached or flow.index in held)
        }


def ends_of(net: Net) -> set[str]:
    """The ids of all end events."""
    return {node.id for node in net.nodes if node.kind is Kind.END}
