"""What the token game derives from a `Net` once, before the first step: compiled expressions, timers, join masks."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from .effects import NodeEntered, NodeLeft
from .expressions import CompiledExpression, compile_expression
from .net import AdHoc, Event, Expression, Kind, Net, Node, Scope
from .timer_texts import TimerValue, timer_value

Arrival = Callable[[Any, Node, int], None]
ArrivalOf = Callable[[Node], Arrival]
ENDING = frozenset({"error", "terminate"})
"""The parts of an end event that end what is around it, after all else it does."""
AWAITED = frozenset({"message", "timer", "signal", "conditional"})
"""The kinds of event that are armed; an error or escalation finds what catches it when it is thrown."""
JOINING = frozenset({Kind.PARALLEL, Kind.INCLUSIVE, Kind.COMPLEX})
_LOOKING_BACK = frozenset({Kind.INCLUSIVE, Kind.COMPLEX})  # joins that ask which tokens can still come


class Program:
    """The tables of one net. `conditions` by flow, `masks` by inclusive or complex join and node, `decisions` by id.

    By scope: `begins`, the nodes it begins at, and `adhoc`, its marker. By node: `handlers` undo it, `compensated_at`
    is the event at its border that says so, `compensable` tells whether it is recorded when it is done. Of events:
    `undoes` tells whether they throw compensation, `waits_undone` whether they stay until everything is undone,
    `left_by` the boundary by which the transaction they cancel is left.
    `arrivals` says what each node does with a token, `is_join` whether it first waits for others, `brings_scope`
    whether it enters with a scope of its own, `parts` the definitions of its event, several for a multiple one,
    `awaited` which of its boundaries have to be armed, and whether as one timer: looked up once, for a net is played
    more often than compiled. `timers` are those written as literals, by node and part; `conditional` tells whether any
    condition is waited for. `entered` and `left` are the frozen effects of nodes outside any sub-process or leg, made
    once and shared by every step.
    """

    __slots__ = (
        "adhoc",
        "arrivals",
        "awaited",
        "begins",
        "brings_scope",
        "compensable",
        "compensated_at",
        "compiled",
        "conditional",
        "conditions",
        "decisions",
        "entered",
        "handlers",
        "is_join",
        "left",
        "left_by",
        "masks",
        "net",
        "parts",
        "targets",
        "timers",
        "undoes",
        "waits_undone",
    )

    def __init__(self, net: Net, arrival_of: ArrivalOf) -> None:
        self.net = net
        self.arrivals = [arrival_of(n) for n in net.nodes]
        self.is_join = [n.kind in JOINING and len(n.incoming) > 1 for n in net.nodes]
        self.brings_scope = [
            n.scope_inside is not None or n.multi is not None or n.repeat is not None for n in net.nodes
        ]
        self.entered = [NodeEntered(n.index, 0) for n in net.nodes]
        self.left = [NodeLeft(n.index, 0) for n in net.nodes]
        self.begins = [_begins(net, scope) for scope in net.scopes]
        self.adhoc: dict[int, AdHoc] = {
            n.scope_inside: n.adhoc for n in net.nodes if n.adhoc is not None and n.scope_inside is not None
        }
        self.targets = [f.target for f in net.flows]
        self.decisions = {id: graph for graph in net.decisions for id in graph.decisions}
        self.compiled: dict[Expression, CompiledExpression] = {}
        self.conditions = [None if f.condition is None else self._compile(f.condition) for f in net.flows]
        self.parts = [_parts(n.event) for n in net.nodes]
        self.undoes = [any(event.kind == "compensation" for event in parts) for parts in self.parts]
        self.waits_undone = [_waits_undone(parts) for parts in self.parts]
        self.handlers = _handlers(net)
        self.compensable = _compensable(net, self.handlers)
        self.left_by = _left_by(net)
        self.compensated_at = {
            n.attached_to: (n.index,)
            for n in net.nodes
            if n.kind is Kind.BOUNDARY and n.handler is not None and n.attached_to is not None
        }
        self.timers = [tuple(_literal_timer(part) for part in parts) for parts in self.parts]
        self.awaited = [
            tuple(
                (i, [part.kind for part in self.parts[i]] == ["timer"])
                for i in n.boundaries
                if any(part.kind in AWAITED for part in self.parts[i])
            )
            for n in net.nodes
        ]
        self.conditional = any(event.kind == "conditional" for parts in self.parts for event in parts)
        self.masks: dict[int, list[int]] = {
            n.index: _masks(net, n) for n in net.nodes if n.kind in _LOOKING_BACK and len(n.incoming) > 1
        }

    def _compile(self, expression: Expression) -> CompiledExpression:
        compiled = compile_expression(expression.source, expression.spelling)
        self.compiled[expression] = compiled
        return compiled

    def expression(self, expression: Expression) -> CompiledExpression:
        """The compiled form of `expression`, compiled on first use."""
        return self.compiled.get(expression) or self._compile(expression)


def _parts(event: Event | None) -> tuple[Event, ...]:
    if event is None:
        return ()
    return event.parts if event.kind == "multiple" else (event,)


def _literal_timer(event: Event) -> TimerValue | None:
    if event.kind != "timer" or not event.timer_literal or event.timer is None:
        return None
    return timer_value(str(event.timer_kind), event.timer.source)


def _waits_undone(parts: tuple[Event, ...]) -> bool:
    """Whether a token stays at an event until what it compensates is undone, always so before it ends its scope."""
    undoing = [event for event in parts if event.kind == "compensation"]
    return bool(undoing) and (all(event.waits for event in undoing) or any(event.kind in ENDING for event in parts))


def _begins(net: Net, scope: Scope) -> tuple[int, ...]:
    """The nodes at which a scope begins: its starts, or in an ad-hoc sub-process every node that no flow leads to."""
    if scope.node is None or net.nodes[scope.node].adhoc is None:
        return scope.starts
    never = (Kind.BOUNDARY, Kind.EVENT_SUBPROCESS)
    nodes = (net.nodes[index] for index in scope.nodes)
    return tuple(n.index for n in nodes if not n.incoming and n.kind not in never and not n.for_compensation)


def _handlers(net: Net) -> dict[int, int]:
    """What undoes an activity, by its number: the handler at its border, else its compensation event sub-process."""
    found: dict[int, int] = {}
    for node in net.nodes:
        if node.kind is Kind.EVENT_SUBPROCESS and node.scope_inside is not None:
            around = net.scopes[node.scope].node
            starts = net.scopes[node.scope_inside].starts
            kinds = {part.kind for index in starts for part in _parts(net.nodes[index].event)}
            if "compensation" in kinds and around is not None:
                found.setdefault(around, node.index)
    for node in net.nodes:
        if node.kind is Kind.BOUNDARY and node.handler is not None and node.attached_to is not None:
            found[node.attached_to] = node.handler
    return found


def _left_by(net: Net) -> dict[int, int]:
    """The cancel boundary by which a transaction is left, by the number of each cancel end event inside it."""
    found: dict[int, int] = {}
    for node in net.nodes:
        scope = net.scopes[node.scope]
        if node.kind is not Kind.END or all(part.kind != "cancel" for part in _parts(node.event)):
            continue
        while scope.node is not None and not net.nodes[scope.node].transaction:
            scope = net.scopes[scope.parent or 0]
        for index in net.nodes[scope.node].boundaries if scope.node is not None else ():
            if any(part.kind == "cancel" for part in _parts(net.nodes[index].event)):
                found.setdefault(node.index, index)
    return found


def _compensable(net: Net, handlers: dict[int, int]) -> list[bool]:
    """Which nodes are recorded when they are done: those with a handler, and what has such a node inside."""
    found = [node.index in handlers for node in net.nodes]
    for index in handlers:
        scope = net.scopes[net.nodes[index].scope]
        while scope.node is not None:
            if net.nodes[scope.node].kind is Kind.SUBPROCESS:
                found[scope.node] = True
            scope = net.scopes[scope.parent or 0]
    return found


def _masks(net: Net, join: Node) -> list[int]:
    """For each node, the incoming flows of `join` (as bits) that a token there can still reach without passing it.

    A token in an activity can also leave it through a boundary event, so those paths count.
    Source: BPMN 2.0.2, 13.4.3 (inclusive gateway, activation).
    """
    bit = {flow: 1 << position for position, flow in enumerate(join.incoming)}
    before: dict[int, list[int]] = {}
    for flow in net.flows:
        before.setdefault(flow.target, []).append(flow.source)
    masks = [0] * len(net.nodes)
    for flow_index, flag in bit.items():
        waiting = [net.flows[flow_index].source]
        seen: set[int] = set()
        while waiting:
            index = waiting.pop()
            if index in seen or index == join.index:
                continue
            seen.add(index)
            masks[index] |= flag
            node = net.nodes[index]
            waiting.extend(before.get(index, ()))
            if node.attached_to is not None:
                waiting.append(node.attached_to)
    return masks


_programs: OrderedDict[int, Program] = OrderedDict()
_pinned: dict[int, Program] = {}
_lock = Lock()
_KEPT = 256


def program_of(net: Net, arrival_of: ArrivalOf) -> Program:
    """The program of `net`, kept for the nets used last; keyed by identity, for a `Net` never changes."""
    found = _programs.get(id(net)) or _pinned.get(id(net))
    if found is not None and found.net is net:
        return found
    program = Program(net, arrival_of)
    with _lock:
        _programs[id(net)] = program
        while len(_programs) > _KEPT:
            _programs.popitem(last=False)
    return program


@contextmanager
def played_by(program: Program) -> Iterator[None]:
    """Play the net of `program`, one nobody else has, by that program and no other, as long as the block lasts."""
    _pinned[id(program.net)] = program
    try:
        yield
    finally:
        del _pinned[id(program.net)]
