"""What a random model is, which constructs it may have, and where in it a block is being drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

WORDS = ("fire", "flood", "power")
VARIABLES: dict[str, tuple[Any, ...]] = {
    "n1": (0, 1, 2, 3),
    "n2": (0, 1, 2, 3),
    "s1": WORDS,
    "s2": WORDS,
    "b1": (True, False),
    "b2": (True, False),
}
SIGNALS = ("S1", "S2", "S3")
LISTS = ("units", "centres")  # collections; "teams" is a number of legs


@dataclass(frozen=True)
class Write:
    """A variable that completing a node sets; `last` is the value that leaves a loop."""

    name: str
    values: tuple[Any, ...]
    last: Any = None


@dataclass(frozen=True)
class Model:
    """A drawn process, the variables it starts with, and what its nodes may be answered with."""

    seed: int
    xml: str
    variables: dict[str, Any]
    writes: dict[str, tuple[Write, ...]]
    codes: dict[str, tuple[str, ...]]  # node -> codes of BPMN errors that somebody around it catches


@dataclass(frozen=True)
class Style:
    """Which constructs a model may have, by weight, and how large it grows."""

    blocks: dict[str, float] = field(
        default_factory=lambda: {
            "task": 6,
            "exclusive": 2,
            "parallel": 2,
            "inclusive": 2,
            "loop": 1.5,
            "subprocess": 1,
            "multi": 2,
            "guarded": 2.5,
            "abort": 0.7,
        }
    )
    more: dict[str, float] = field(
        default_factory=lambda: {
            "event_choice": 1,
            "broadcast": 0.7,
            "escalate": 0.7,
            "several": 0.7,
            "compensated": 0.8,
            "transaction": 0.7,
            "complex": 0.8,
            "adhoc": 0.8,
            "looped": 0.8,
            "link": 0.4,
            "forked": 0.7,
            "called": 0.5,
        }
    )
    tasks: dict[str, float] = field(
        default_factory=lambda: {
            "user": 6,
            "manual": 1,
            "service": 1,
            "send": 1,
            "receive": 1,
            "catch_message": 1,
            "catch_timer": 1,
            "throw_none": 0.3,
            "throw_message": 0.5,
        }
    )
    budget: int = 22
    depth: int = 4
    event_subprocesses: float = 0.2  # chance for each scope
    unstructured: float = 0  # weight of joins on cycles that are no blocks
    spiff: bool = False  # only what SpiffWorkflow runs rightly: own data per split, no joins on cycles, no counters


@dataclass(frozen=True)
class Place:
    """Where a block is being drawn."""

    depth: int = 0
    codes: tuple[str, ...] = ()  # errors caught around here
    escalations: tuple[str, ...] = ()  # escalations caught around here
    names: tuple[tuple[str, tuple[Any, ...]], ...] = ()  # readable here beside the global variables
    simple: bool = False  # several tokens may run here at once: no joins, no boundary events in this scope
    looping: bool = False  # on a cycle of this scope
    calm: bool = (
        False  # in what may be begun several times at once, by a signal too: one thrown here would go on for ever
    )
    in_leg: bool = False  # inside a multi-instance sub-process
    in_inclusive: bool = False  # in a branch of an inclusive split of this scope

    def deeper(self, **changes: Any) -> Place:
        """The same place one block further in."""
        return Place(**{**self.__dict__, "depth": self.depth + 1, **changes})

    def inside(self, *codes: str, escalations: tuple[str, ...] = (), **changes: Any) -> Place:
        """The inside of a sub-process drawn here."""
        inner = {"simple": False, "looping": False, "in_inclusive": False, **changes}
        return self.deeper(codes=self.codes + codes, escalations=self.escalations + escalations, **inner)


SPIFF_STYLE = Style(
    tasks={"user": 6, "manual": 1, "receive": 1, "catch_message": 1, "send": 0.5, "throw_message": 0.5},
    event_subprocesses=0,
    more={},
    spiff=True,
)
