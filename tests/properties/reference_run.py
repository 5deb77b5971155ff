"""What lies on the board of the reference game: variables, activations, scopes, and what they wait for."""

from __future__ import annotations

from dataclasses import dataclass
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


class Activity:
    """One activation of an activity or of a waiting event, one leg of it, or one run of an event sub-process."""

    def __init__(self, element: Element, scope: Scope, layer: Layer, number: int) -> None:
        self.element = element
        self.scope = scope
        self.layer = layer
        self.number = number
        self.armed: dict[str, int | None] = {}  # boundary event id -> how often it may still fire
        self.inside: Scope | None = None
        self.leg_of: Activity | None = None
        self.leg = 0
        self.legs: list[Activity] = []
        self.elements: list[Any] = []  # one per leg, begun or not
        self.outputs: list[Any] = []
        self.ended_legs = 0
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
        self.armed: dict[str, int | None] = {}  # event sub-process id -> how often it may still start


@dataclass(frozen=True)
class Open:
    """Something the instance waits for: where it is drawn, and in which legs (outermost first, counted from 1).

    `order` numbers the activities around it, outermost first, in the order they began.
    """

    kind: str  # item, operation, timer, subscription
    node: str
    legs: tuple[int, ...]
    order: tuple[int, ...]
    scope: Scope
    activity: Activity | None  # None: the start of an event sub-process

    @property
    def key(self) -> tuple[str, str, tuple[int, ...]]:
        """What both games must agree on."""
        return self.kind, self.node, self.legs


def use_up(armed: dict[str, int | None], id: str) -> None:
    """One firing less for the armed event `id`; the last one disarms it."""
    left = armed[id]
    if left == 1:
        del armed[id]
    elif left is not None:
        armed[id] = left - 1
