"""Plays one instance of a `Net` by the names of its nodes and legs, saving and reloading the state at every step.

With a scratch subject it also makes the moves the nodes propose, so a move the life cycle refuses shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.bpmn.coupling import completed, completed_for_incident, entered, entered_for_incident
from engine.bpmn.effects import (
    CallStarted,
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
from engine.bpmn.net import Kind, Net, Node
from engine.bpmn.state import State, state_from_bytes, state_to_bytes
from engine.bpmn.stimuli import CallEnded, Complete, MessageArrived, Start, Stimulus, TimerFired
from engine.services.drive import ScratchDirective, ScratchIncident


@dataclass
class Player:
    """One instance being played; `element` is the variable that names a leg, `subject` what it moves."""

    net: Net
    element: str = "department"
    subject: ScratchDirective | ScratchIncident | None = None
    now: datetime = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    state: State | None = None
    items: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    messages: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    timers: dict[int, datetime] = field(default_factory=dict)
    calls: dict[int, str] = field(default_factory=dict)
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
        if isinstance(self.subject, ScratchDirective):
            completed(self.subject, self.net.node(node), leg, answers or {})
        elif self.subject is not None:
            completed_for_incident(self.subject, self.net.node(node), answers or {})
        self._step(Complete(wait, answers or {}))

    def deliver(self, message: str, leg: str | None = None, payload: Mapping[str, Any] | None = None) -> None:
        """Delivers a message to the instance or to one leg; a reason in it is on record for the move it leads to."""
        if isinstance(self.subject, ScratchDirective) and "reason" in (payload or {}):
            self.subject.recorded.add("reason")
        self._step(MessageArrived(self._wait(self.messages, message, leg), payload or {}))

    def call_ended(self, node: str, directive_state: str | None = None) -> None:
        """Ends the process that a call activity called; `directive_state` is where the order it played ended."""
        wait = next(wait for wait, called in self.calls.items() if called == node)
        del self.calls[wait]
        if isinstance(self.subject, ScratchIncident) and directive_state is not None:
            self.subject.order_ended(directive_state)
        self._step(CallEnded(wait, {}))

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
        found = [wait for wait, what in waits.items() if what[0] == name and (leg is None or what[1] == leg)]
        assert len(found) == 1, f"{name} of leg {leg} is waited for {len(found)} times; open: {sorted(waits.values())}"
        return found[0]

    def _step(self, stimulus: Stimulus) -> None:
        step = advance(self.net, self.state, stimulus, self.now)
        self.state = state_from_bytes(state_to_bytes(step.state))
        if isinstance(stimulus, Complete):
            del self.items[stimulus.wait]
        for effect in step.effects:
            self._take(effect)
            if isinstance(effect, NodeEntered):
                self._entered(self.net.nodes[effect.node], step.legs.get(effect.scope, (0, None))[1], stimulus)
        self.flows |= self._flows_taken(step.effects)

    def _entered(self, node: Node, leg: str | None, stimulus: Stimulus) -> None:
        if isinstance(self.subject, ScratchDirective):
            entered(self.subject, node, leg)
        elif self.subject is not None:
            entered_for_incident(self.subject, node, stimulus.answers if isinstance(stimulus, Complete) else {})

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
            case CallStarted(wait, node):
                self.calls[wait] = nodes[node].id
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
