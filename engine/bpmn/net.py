"""The immutable `Net`: a process as the token game plays it, and its bytes.

A `Net` holds no XML, no vendor attribute and no code. Nodes, flows and scopes are numbered by their position in the
tuples, so a state can name them by small integers. Expressions are kept as source text with their spelling and are
compiled (and cached) by whoever evaluates them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Spelling = Literal["plain", "juel", "feel"]


class Kind(StrEnum):
    """What a node is. The value is the word used in findings and traces."""

    START = "start"  # start event; `event` says which
    END = "end"  # end event; `event`: none, message, terminate, error
    CATCH = "catch"  # intermediate catch event; `event`: timer or message
    THROW = "throw"  # intermediate throw event; `event`: none or message
    BOUNDARY = "boundary"  # boundary event; `event`: timer, message or error
    USER = "user"
    MANUAL = "manual"
    RECEIVE = "receive"  # waits for `event.name`
    SEND = "send"  # throws `event.name`
    SERVICE = "service"  # asks for the registered `operation`
    EXCLUSIVE = "exclusive"
    PARALLEL = "parallel"
    INCLUSIVE = "inclusive"
    SUBPROCESS = "subprocess"  # embedded; `scope_inside` is its scope
    EVENT_SUBPROCESS = "event_subprocess"  # `scope_inside`; its start event carries trigger and interrupting flag
    CALL = "call"


HUMAN = frozenset({Kind.USER, Kind.MANUAL})
ACTIVITIES = frozenset({Kind.USER, Kind.MANUAL, Kind.RECEIVE, Kind.SEND, Kind.SERVICE, Kind.SUBPROCESS, Kind.CALL})


@dataclass(frozen=True, slots=True)
class Expression:
    """Source text in one of the spellings of the expression language (D7)."""

    source: str
    spelling: Spelling = "plain"


@dataclass(frozen=True, slots=True)
class Event:
    """The one event definition of an event, or of a send or receive node.

    `kind` none, message, timer, error, terminate. `name` is the message name or the error code (None on a boundary
    catches every error). `timer_kind` duration, date or cycle with the text in `timer`: an ISO 8601 literal
    (spelling "plain" and `timer_literal` true) or an expression.
    """

    kind: Literal["none", "message", "timer", "error", "terminate"] = "none"
    name: str | None = None
    timer_kind: Literal["duration", "date", "cycle"] | None = None
    timer: Expression | None = None
    timer_literal: bool = False


@dataclass(frozen=True, slots=True)
class MultiInstance:
    """Multi-instance marker. Exactly one of `cardinality` and `collection` is set.

    `element` names the variable that holds the leg's element; `output_collection` the list that receives, in leg
    order, the leg's value of `output_element` when the leg ends.
    """

    sequential: bool = False
    cardinality: Expression | None = None
    collection: Expression | None = None
    element: str | None = None
    completion: Expression | None = None
    output_collection: str | None = None
    output_element: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """A call activity: the called process id and its data mappings, (expression, target name) each.

    Empty mappings pass nothing.
    """

    process: str
    inputs: tuple[tuple[Expression, str], ...] = ()
    outputs: tuple[tuple[Expression, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One flow node. Numbers point into the tuples of the `Net`; `line` is the line of the element in the file."""

    index: int
    id: str
    kind: Kind
    scope: int
    name: str = ""
    line: int = 0
    incoming: tuple[int, ...] = ()
    outgoing: tuple[int, ...] = ()
    default: int | None = None
    event: Event | None = None
    attached_to: int | None = None  # boundary: the activity it sits on
    interrupting: bool = True  # boundary, or start event of an event sub-process
    boundaries: tuple[int, ...] = ()  # the boundary events on this activity
    scope_inside: int | None = None
    multi: MultiInstance | None = None
    call: Call | None = None
    operation: str | None = None
    form: str | None = None
    role: str | None = None  # cl:role of the lane
    lane: str | None = None  # name of the lane
    loop: str | None = None  # cl:loop
    action: str | None = None  # cl:action
    stage: str | None = None  # cl:stage
    assignee: Expression | None = None
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """One sequence flow, from node to node inside one scope."""

    index: int
    id: str
    source: int
    target: int
    name: str = ""
    condition: Expression | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Scope:
    """The process itself (number 0) or the inside of an (event) sub-process.

    `node` is the sub-process node it is the inside of (None for the process); `starts` its start events;
    `event_subprocesses` the event sub-process nodes directly in it.
    """

    index: int
    node: int | None
    parent: int | None
    nodes: tuple[int, ...] = ()
    starts: tuple[int, ...] = ()
    event_subprocesses: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Net:
    """One executable process, its nodes, flows and scopes.

    `digest` is the SHA-256 of the normalised file, so equal bytes give equal nets; `extensions` keeps unknown
    attributes of elements, `{element id: {name: value}}`, for people, never for the game.
    """

    id: str
    name: str
    digest: str
    nodes: tuple[Node, ...]
    flows: tuple[Flow, ...]
    scopes: tuple[Scope, ...]
    documentation: str = ""
    extensions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def node(self, id: str) -> Node:
        """The node with the element id `id`. Raises: KeyError."""
        for node in self.nodes:
            if node.id == id:
                return node
        raise KeyError(id)

    def starts(self) -> tuple[Node, ...]:
        """The start events of the process itself."""
        return tuple(self.nodes[i] for i in self.scopes[0].starts)
