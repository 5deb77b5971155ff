"""What can happen to an instance from outside: the only reasons a token moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Start:
    """The instance begins, at the start event with this element id (None: the none start event).

    `node` may also be a receive task that begins instances, or an event behind an event-based gateway that does.
    """

    node: str | None = None
    variables: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Complete:
    """A person completed an open item with these answers."""

    wait: int
    answers: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer came due."""

    wait: int


@dataclass(frozen=True, slots=True)
class MessageArrived:
    """A message reached one subscription."""

    wait: int
    payload: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BroadcastArrived:
    """A broadcast of another instance, or from outside, reached one subscription."""

    wait: int
    payload: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OperationDone:
    """A requested operation succeeded."""

    wait: int
    result: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OperationFailed:
    """A requested operation failed: with a BPMN error code, or technically (`error` is None)."""

    wait: int
    error: str | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The child instance of a call completed with these variables."""

    wait: int
    variables: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallFailed:
    """The child instance of a call ended with an error."""

    wait: int
    error: str


@dataclass(frozen=True, slots=True)
class CallEscalated:
    """The child instance of a call sent an escalation that nothing in it caught; it goes on."""

    wait: int
    code: str | None


@dataclass(frozen=True, slots=True)
class ItemEscalated:
    """A person escalated an open item; it stays open unless what catches the escalation interrupts it."""

    wait: int
    code: str


@dataclass(frozen=True, slots=True)
class ItemThrew:
    """A person ended an open item with a BPMN error."""

    wait: int
    error: str


@dataclass(frozen=True, slots=True)
class Retry:
    """An operator repaired the variables of a step failure and tries again."""

    wait: int
    variables: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Move:
    """An operator takes the token that waits there to the node with this element id, of the same scope."""

    wait: int
    node: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """The whole instance is called off."""


Stimulus = (
    Start
    | Complete
    | TimerFired
    | MessageArrived
    | BroadcastArrived
    | OperationDone
    | OperationFailed
    | CallEnded
    | CallFailed
    | CallEscalated
    | ItemEscalated
    | ItemThrew
    | Retry
    | Move
    | Cancel
)
