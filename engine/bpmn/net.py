"""The immutable `Net`: a process as the token game plays it, and its bytes.

A `Net` holds no XML, no vendor attribute and no code. Nodes, flows and scopes are numbered by their position in the
tuples, so a state can name them by small integers. Expressions are kept as source text with their spelling and are
compiled (and cached) by whoever evaluates them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from .decisions_model import Decisions

Spelling = Literal["plain", "juel", "feel"]


class Kind(StrEnum):
    """What a node is. The value is the word used in findings and traces."""

    START = "start"  # start event; `event` says which
    END = "end"  # end event; `event` says what it throws
    CATCH = "catch"  # intermediate catch event
    THROW = "throw"  # intermediate throw event
    BOUNDARY = "boundary"  # boundary event
    USER = "user"
    MANUAL = "manual"
    RECEIVE = "receive"  # waits for `event.name`
    SEND = "send"  # throws `event.name`
    SERVICE = "service"  # asks for the registered `operation`, or offers the work of `topic` to external workers
    RULE = "rule"  # evaluates `decision` of the decisions that came with the version
    SCRIPT = "script"  # evaluates its `outputs`, expressions of ours; never code of the file
    EXCLUSIVE = "exclusive"
    PARALLEL = "parallel"
    INCLUSIVE = "inclusive"
    COMPLEX = "complex"  # `activation` says when its tokens are enough
    EVENT_BASED = "event_based"  # waits for the first of the events behind it; `parallel`: for each of them
    SUBPROCESS = "subprocess"  # embedded; `scope_inside` is its scope
    EVENT_SUBPROCESS = "event_subprocess"  # `scope_inside`; its start event carries trigger and interrupting flag
    CALL = "call"


HUMAN = frozenset({Kind.USER, Kind.MANUAL})
GATEWAYS = frozenset({Kind.EXCLUSIVE, Kind.PARALLEL, Kind.INCLUSIVE, Kind.COMPLEX, Kind.EVENT_BASED})
ACTIVITIES = HUMAN | {Kind.RECEIVE, Kind.SEND, Kind.SERVICE, Kind.RULE, Kind.SCRIPT, Kind.SUBPROCESS, Kind.CALL}


@dataclass(frozen=True, slots=True)
class Expression:
    """Source text in one of the spellings of the expression language (D7)."""

    source: str
    spelling: Spelling = "plain"


EventKind = Literal[
    "none",
    "message",
    "timer",
    "error",
    "terminate",
    "signal",
    "escalation",
    "conditional",
    "compensation",
    "cancel",
    "multiple",
]


Mappings = tuple[tuple[Expression, str], ...]
"""(expression, name that receives its value) each, in the order of the file."""


@dataclass(frozen=True, slots=True)
class Event:
    """The event definition of an event, or of a send or receive node.

    `name` is the message or signal name, the error or escalation code (None on a boundary catches every one), or the
    id of the activity to compensate (None: all of the scope). `timer_kind` duration, date or cycle with the text in
    `timer`: an ISO 8601 or cron literal (spelling "plain" and `timer_literal` true) or an expression. `condition` is
    that of a conditional event. `key` is a message's correlation key. `parts` are the definitions of a multiple event,
    which needs one of them, or with `every` all of them. `code_variable` and `text_variable` receive the code and the
    text of a caught error or escalation.
    """

    kind: EventKind = "none"
    name: str | None = None
    timer_kind: Literal["duration", "date", "cycle"] | None = None
    timer: Expression | None = None
    timer_literal: bool = False
    condition: Expression | None = None
    key: Expression | None = None
    parts: tuple[Event, ...] = ()
    every: bool = False
    code_variable: str | None = None
    text_variable: str | None = None
    waits: bool = True  # compensation that is thrown: whether its token waits until everything is undone


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
class StandardLoop:
    """Standard loop marker: again while `condition` holds (None: always), at most `most` times (None: no bound).

    `test_before` asks before the first time too (a while loop), else only after each (an until loop).
    """

    condition: Expression | None = None
    test_before: bool = False
    most: int | None = None


@dataclass(frozen=True, slots=True)
class AdHoc:
    """Ad-hoc marker of a sub-process: any of its activities without a way in may be done, in any order.

    `sequential` allows one at a time. It is done when `completion` holds after an activity (None: when nothing runs
    and every activity was done once); `cancel_rest` says whether what runs then is cancelled.
    """

    sequential: bool = False
    completion: Expression | None = None
    cancel_rest: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """A call activity: the called process id and its data mappings, (expression, target name) each.

    Empty mappings pass nothing, unless `all_in` or `all_out` pass every variable. `binding` says which version is
    called: the newest, one of the same deployment, the one with the number `version`, or the one tagged `version`.
    """

    process: str
    inputs: Mappings = ()
    outputs: Mappings = ()
    all_in: bool = False
    all_out: bool = False
    binding: Literal["latest", "deployment", "version", "tag"] = "latest"
    version: str | None = None


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
    repeat: StandardLoop | None = None
    adhoc: AdHoc | None = None
    transaction: bool = False
    for_compensation: bool = False  # reached by compensation only, never by a flow
    handler: int | None = None  # compensation boundary: the activity that compensates
    activation: Expression | None = None  # complex gateway; sees `activationCount`
    instantiate: bool = False  # event-based gateway or receive node that begins an instance
    parallel: bool = False  # event-based gateway that needs every event
    decision: str | None = None  # rule: the id of the decision; its result goes to `result`
    result: str | None = None
    topic: str | None = None  # service: external workers fetch it by this name
    retries: int | None = None  # how often a failing operation or external work is tried before it is a step failure
    inputs: Mappings = ()  # what the work of the node sees beside the variables
    outputs: Mappings = ()  # what is written when the node is done, in place of its whole result or beside it
    candidates: tuple[Expression, ...] = ()  # roles or departments that may take a human node
    due: Expression | None = None
    priority: Expression | None = None
    map_result: str | None = None  # rule: the shape of its result in the words of Camunda 7, None as DMN says
    rounds: int | None = None  # cl:rounds: completed so often by its lane, a human node is put to `exit`
    exit: str | None = None  # cl:exit: the role that decides then
    keeps_result: bool = False  # its whole result is written too, where it has outputs


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
    attributes of elements, `{element id: {name: value}}`, for people, never for the game. `decisions` are those its
    business rule nodes name (`decisions_link.py`).
    """

    id: str
    name: str
    digest: str
    nodes: tuple[Node, ...]
    flows: tuple[Flow, ...]
    scopes: tuple[Scope, ...]
    documentation: str = ""
    extensions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    decisions: tuple[Decisions, ...] = ()

    def node(self, id: str) -> Node:
        """The node with the element id `id`. Raises: KeyError."""
        for node in self.nodes:
            if node.id == id:
                return node
        raise KeyError(id)

    def starts(self) -> tuple[Node, ...]:
        """The start events of the process itself."""
        return tuple(self.nodes[i] for i in self.scopes[0].starts)

    def beginnings(self) -> tuple[Node, ...]:
        """The nodes an instance may begin at: start events, receive nodes and events of gateways that begin instances.

        Source: BPMN 2.0.2, 13.3.3 and 13.4.4.
        """
        found = list(self.starts())
        for index in self.scopes[0].nodes:
            node = self.nodes[index]
            if not node.instantiate or node.incoming:
                continue
            if node.kind is Kind.EVENT_BASED:
                found += [self.nodes[self.flows[flow].target] for flow in node.outgoing]
            else:
                found.append(node)
        return tuple(dict.fromkeys(found))


def expressions_in(held: Any) -> Iterator[Expression]:
    """Every expression that a node, a flow or any part of them holds, in the order of the declaration."""
    if isinstance(held, Expression):
        yield held
    elif isinstance(held, tuple):
        for each in held:
            yield from expressions_in(each)
    elif is_dataclass(held):
        for each in fields(held):
            yield from expressions_in(getattr(held, each.name))
