"""What can happen at a marking: every stimulus of everything that is waited for, grouped by what it is an answer to.

A group holds the stimuli of one thing that goes on by itself: an activity with its own boundaries, an event, an
event-based gateway. What disturbs others, as the end of a scope or an event sub-process does, stands alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from engine.bpmn.net import Kind, Node
from engine.bpmn.proof_model import Model
from engine.bpmn.state import (
    ARMED_FOR_SCOPE,
    BROADCAST,
    CALL,
    ITEM,
    MESSAGE,
    OPERATION,
    TIMER,
    State,
)
from engine.bpmn.stimuli import (
    BroadcastArrived,
    CallEnded,
    CallEscalated,
    CallFailed,
    Complete,
    ItemEscalated,
    ItemThrew,
    MessageArrived,
    OperationDone,
    OperationFailed,
    Start,
    Stimulus,
    TimerFired,
)

_HAPPENED = {TIMER: TimerFired, MESSAGE: MessageArrived, BROADCAST: BroadcastArrived}


@dataclass(frozen=True, slots=True)
class Happening:
    """One stimulus; `end` is how a called process ended, as its proof says: outcome, error code, state of its subject.

    `again` tells that the event can happen over and over; `node` is where. `moved` stands for no stimulus at all: the
    instance was at this marking when it was moved here.
    """

    stimulus: Stimulus
    node: Node
    again: bool = False
    end: tuple[str, str, str] | None = None
    moved: bool = False


@dataclass(slots=True)
class Group:
    """What can happen to one thing that is waited for, and the waits that are its own."""

    waits: set[int] = field(default_factory=set)
    happenings: list[Happening] = field(default_factory=list)


@dataclass(frozen=True, slots=True, order=True)
class Called:
    """What a caller knows of a called process: how it can end, what it escalates, and whether orders run in it."""

    ends: tuple[tuple[str, str, str], ...] = (("completed", "", ""),)
    escalates: tuple[str, ...] = ()
    subject: str | None = None
    issues: bool = False


CalledAt = Callable[[Node], Called]


def groups_of(state: State, model: Model, called: CalledAt) -> tuple[list[Group], list[Happening]]:
    """The groups of a marking in the order they were begun, and what disturbs from outside any of them."""
    groups: dict[int, Group] = {}
    disturbing: list[Happening] = []
    for wait, (what, index, _, host, _) in state.waits.items():
        node = model.net.nodes[index]
        own = list(_answers(wait, what, node, model, called))
        holder = wait if host == 0 else host if host in state.waits or host in state.gates else 0
        if holder:
            group = groups.setdefault(holder, Group())
            group.waits.add(wait)
            group.happenings += own
        else:
            disturbing += own
        if host == ARMED_FOR_SCOPE and holder:
            raise AssertionError(node.id)
    return list(groups.values()), disturbing


def _answers(wait: int, what: int, node: Node, model: Model, called: CalledAt) -> Iterator[Happening]:
    if what in _HAPPENED:
        again = not node.interrupting and node.kind in (Kind.BOUNDARY, Kind.START)
        yield Happening(_HAPPENED[what](wait), node, again)
    elif what == ITEM:
        for answers in model.answers_of[node.index] or ({},):
            yield Happening(Complete(wait, answers), node)
        for code in model.errors[node.index]:
            yield Happening(ItemThrew(wait, code), node)
        for code in model.escalations[node.index]:
            yield Happening(ItemEscalated(wait, code), node, again=True)
    elif what == OPERATION:
        yield Happening(OperationDone(wait), node)
        for code in model.errors[node.index]:
            yield Happening(OperationFailed(wait, code), node)
    elif what == CALL:
        yield from _ends_of_call(wait, node, called(node))


def _ends_of_call(wait: int, node: Node, child: Called) -> Iterator[Happening]:
    for end in child.ends:
        failed = end[0] == "error"
        yield Happening(CallFailed(wait, end[1]) if failed else CallEnded(wait, {}), node, end=end)
    for code in child.escalates:
        yield Happening(CallEscalated(wait, code), node, again=True)


def starts_of(model: Model) -> list[Start]:
    """Every way an instance can begin."""
    net = model.net
    starts = net.starts()
    plain = [start for start in starts if start.event is None or start.event.kind == "none"]
    ways = [Start(None)] if len(plain) == 1 or not starts else []
    ways += [Start(start.id) for start in starts if start not in plain or len(plain) > 1]
    for node in net.nodes:
        if node.instantiate and node.kind is Kind.RECEIVE:
            ways.append(Start(node.id))
        elif node.instantiate and node.kind is Kind.EVENT_BASED:
            ways += [Start(net.nodes[net.flows[flow].target].id) for flow in node.outgoing]
    return [Start(way.node, model.begins_with()) for way in ways]
