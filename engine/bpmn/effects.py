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
    """A message or a broadcast with this name is waited for; senders of messages address (instance, scope).

    `key` is the correlation key of a message, evaluated when it is armed: with one, only a message with an equal key
    is for this subscription. A broadcast has none.
    """

    wait: int
    node: int
    scope: int
    message: str
    kind: Literal["message", "broadcast"] = "message"
    key: str | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionClosed:
    """A message or a broadcast is no longer waited for."""

    wait: int


@dataclass(frozen=True, slots=True)
class ConditionArmed:
    """A condition over the variables is waited for; the game itself looks at it at the end of each step."""

    wait: int
    node: int
    scope: int


@dataclass(frozen=True, slots=True)
class ConditionDisarmed:
    """A condition is no longer waited for."""

    wait: int


@dataclass(frozen=True, slots=True)
class MessageSent:
    """A node threw a message; `key` is the correlation key of the event, None where it has none."""

    node: int
    scope: int
    message: str
    payload: Mapping[str, Any]
    key: str | None = None


@dataclass(frozen=True, slots=True)
class BroadcastSent:
    """A node threw a BPMN signal (a *signal* is a domain word here).

    Whoever waited for it in the same instance has it already. It is still to reach every other running instance that
    waits for the name, and every published process that begins with it.
    """

    node: int
    scope: int
    name: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EscalationSent:
    """An escalation that nothing in its instance caught: it goes to the call activity of the caller, if there is one.

    `node` threw it, or is the call or human node from which it came. Where nobody catches it, nothing happens.
    """

    node: int
    scope: int
    code: str | None


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
    """A service node asks for a registered operation with the variables it sees.

    With a `topic`, its work is for external workers, who fetch it by that name.
    """

    wait: int
    node: int
    scope: int
    operation: str
    variables: Mapping[str, Any]
    topic: str | None = None


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
    | ConditionArmed
    | ConditionDisarmed
    | MessageSent
    | BroadcastSent
    | EscalationSent
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
