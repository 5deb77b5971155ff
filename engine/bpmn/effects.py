"""What a step of the token game asks of the world: a closed set of frozen facts, turned into rows by `services` alone.

`node` is a position in `net.nodes`. `wait` is the id, unique in its instance, of something that is waited for.
`scope` is the scope instance a node runs in (0 is the instance itself; a sub-process and a multi-instance leg bring
one of their own, and their own entering and leaving carry that new scope).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class ItemOpened:
    """A human node waits for a person."""

    wait: int
    node: int
    scope: int


@dataclass(frozen=True, slots=True)
class ItemWithdrawn:
    """An open item was cancelled by the process."""

    wait: int


@dataclass(frozen=True, slots=True)
class TimerArmed:
    """A timer waits for `due_at`."""

    wait: int
    node: int
    scope: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class TimerDisarmed:
    """A timer is no longer waited for."""

    wait: int


@dataclass(frozen=True, slots=True)
class SubscriptionOpened:
    """A message with this name is waited for; senders address (instance, scope)."""

    wait: int
    node: int
    scope: int
    message: str


@dataclass(frozen=True, slots=True)
class SubscriptionClosed:
    """A message is no longer waited for."""

    wait: int


@dataclass(frozen=True, slots=True)
class MessageSent:
    """A node threw a message."""

    node: int
    scope: int
    message: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BroadcastSent:
    """A node threw a BPMN signal (a *signal* is a domain word here)."""

    node: int
    scope: int
    name: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CallStarted:
    """A call activity asks for a child instance of `process` with these variables."""

    wait: int
    node: int
    scope: int
    process: str
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CallCancelled:
    """The child instance of a call is no longer wanted."""

    wait: int


@dataclass(frozen=True, slots=True)
class OperationRequested:
    """A service node asks for a registered operation with the variables it sees."""

    wait: int
    node: int
    scope: int
    operation: str
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OperationCancelled:
    """The result of an operation is no longer wanted."""

    wait: int


@dataclass(frozen=True, slots=True)
class NodeEntered:
    """A token entered a node."""

    node: int
    scope: int


@dataclass(frozen=True, slots=True)
class NodeLeft:
    """A token left a node, because it was done or because it was cancelled."""

    node: int
    scope: int
    how: Literal["done", "cancelled"] = "done"


@dataclass(frozen=True, slots=True)
class InstanceEnded:
    """The instance is over."""

    outcome: Literal["completed", "terminated", "error", "cancelled"]
    error: str | None = None


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A node could not be carried out; its token waits for an operator's repair."""

    wait: int
    node: int
    scope: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class FailureCleared:
    """A step failure was retried or cancelled."""

    wait: int


Effect = (
    ItemOpened
    | ItemWithdrawn
    | TimerArmed
    | TimerDisarmed
    | SubscriptionOpened
    | SubscriptionClosed
    | MessageSent
    | BroadcastSent
    | CallStarted
    | CallCancelled
    | OperationRequested
    | OperationCancelled
    | NodeEntered
    | NodeLeft
    | InstanceEnded
    | StepFailed
    | FailureCleared
)
