"""What lies on the board of the reference game: variables, activations, scopes, and what they wait for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.properties.reference_drawing import Element


class Layer:
    """The variables of the instance, or those of one leg of a multi-instance activity on top of the outer ones."""

    def __init__(self, outer: Layer | None = None, leg: Activity | None = None, **values: Any) -> None:
        self.outer = outer
        self.leg = leg
        self.values: dict[str, Any] = values

    def read(self, name: str) -> Any:
        """The innermost value of a name. Raises: KeyError."""
        if name in self.values:
            return self.values[name]
        if self.leg is not None and self.leg.leg_of is not None and name in self.leg.leg_of.counts():
            return self.leg.leg_of.counts()[name]
        if self.outer is None:
            raise KeyError(name)
        return self.outer.read(name)


@dataclass
class Armed:
    """One event that stands ready beside an activity or for a scope: what of it has happened already.

    `left` is how often it may still fire, None for as often as it likes. `got` holds the numbers of the parts of a
    parallel multiple event that have come; `was_true` what its condition was at the last look.
    """

    element: Element
    left: int | None
    got: set[int] = field(default_factory=set)
    was_true: bool = False


@dataclass
class Record:
    """An activity that was completed and can be undone; `inner` are those completed inside a sub-process."""

    element: Element
    inner: list[Record]


class Activity:
    """One activation of an activity or of a waiting event, one leg of it, or one run of an event sub-process."""

    def __init__(self, element: Element, scope: Scope, layer: Layer, number: int) -> None:
        self.element = element
        self.scope = scope
        self.layer = layer
        self.number = number
        self.armed: dict[str, Armed] = {}  # its boundary events, or the events an event-based gateway waits for
        self.own: Armed | None = None  # a catching event: itself
        self.inside: Scope | None = None
        self.leg_of: Activity | None = None
        self.leg = 0
        self.legs: list[Activity] = []
        self.elements: list[Any] = []  # one per leg, begun or not
        self.outputs: list[Any] = []
        self.ended_legs = 0
        self.rounds = 0  # of a standard loop
        self.to_offer: list[Element] = []  # what an ad-hoc sub-process has not offered yet
        self.is_closing = False  # its completion condition has held
        self.to_undo: list[Record] = []  # what a compensation has still to do, next first
        self.undoes_for: Activity | None = None  # the compensation that this handler works for
        self.over = False

    def counts(self) -> dict[str, int]:
        """The attributes of table 10.31 for a multi-instance activity."""
        return {
            "nrOfInstances": len(self.elements),
            "nrOfActiveInstances": len(self.legs),
            "nrOfCompletedInstances": self.ended_legs,
        }


class Scope:
    """One run of the process or of a sub-process: its tokens, its activities, its armed event sub-processes."""

    def __init__(self, id: str, layer: Layer, owner: Activity | None) -> None:
        self.id = id
        self.layer = layer
        self.owner = owner
        self.tokens: list[str] = []
        self.activities: list[Activity] = []
        self.armed: dict[str, Armed] = {}  # event sub-process id -> its start event
        self.passed: dict[str, set[str]] = {}  # complex gateways that have fired: the flows that have delivered
        self.records: list[Record] = []

    def clear(self) -> None:
        """Forgets everything that runs or waits in it."""
        self.tokens.clear()
        self.activities.clear()
        self.passed.clear()


@dataclass(frozen=True)
class Open:
    """Something the instance waits for: where it is drawn, and in which legs (outermost first, counted from 1).

    `order` numbers the activities around it, outermost first, in the order they began.
    """

    kind: str  # item, operation, call, timer, subscription, broadcast, condition
    node: str
    legs: tuple[int, ...]
    order: tuple[int, ...]
    scope: Scope
    activity: Activity | None  # None: the start of an event sub-process
    armed: Armed | None = None  # None: the work of an activity
    part: int = 0

    @property
    def key(self) -> tuple[str, str, tuple[int, ...]]:
        """What both games must agree on."""
        return self.kind, self.node, self.legs

    @property
    def is_in_the_flow(self) -> bool:
        """Whether a token stands there, so that answering it leads on."""
        return self.activity is not None and (self.armed is None or self.armed.element.attached_to is None)


def use_up(armed: dict[str, Armed], id: str) -> None:
    """One firing less for the armed event `id`; the last one disarms it."""
    event = armed[id]
    event.got.clear()
    if event.left == 1:
        del armed[id]
    elif event.left is not None:
        event.left -= 1
