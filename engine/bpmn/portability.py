"""Whether SpiffWorkflow would run a net as the standard says: the first construct that it would not, by name.

The library executes rightly: exclusive gateways with default, parallel and inclusive blocks off any cycle, interrupting
boundary timers and counted cycles, boundary errors, multi-instance over a number or a variable, message and timer
catches, non-interrupting event sub-processes of the process itself, terminate, several starts. What is not in this
list is not portable.
Source: bpmn.md 3, trust.md 0 (findings 1 to 3).
"""

from __future__ import annotations

import re

from engine.bpmn.expressions.cron import looks_like_cron
from engine.bpmn.net import Event, Kind, Net, Node
from engine.bpmn.reader_checks import successors

RIGHT_NODES = frozenset(
    {
        Kind.START,
        Kind.END,
        Kind.CATCH,
        Kind.THROW,
        Kind.BOUNDARY,
        Kind.USER,
        Kind.MANUAL,
        Kind.RECEIVE,
        Kind.EXCLUSIVE,
        Kind.PARALLEL,
        Kind.INCLUSIVE,
        Kind.SUBPROCESS,
        Kind.EVENT_SUBPROCESS,
    }
)
RIGHT_EVENTS = {
    Kind.START: frozenset({"none", "message", "timer"}),
    Kind.END: frozenset({"none", "terminate", "error"}),
    Kind.CATCH: frozenset({"message", "timer"}),
    Kind.THROW: frozenset({"none"}),
    Kind.BOUNDARY: frozenset({"timer", "error"}),
    Kind.RECEIVE: frozenset({"message"}),
}
MOST_BLOCKS = 6  # parallel blocks of one scope: its prediction doubles with each
_JOINING = frozenset({Kind.PARALLEL, Kind.INCLUSIVE})


def unportable(net: Net) -> str | None:
    """The first construct of `net` outside the list, with its element; None where there is none."""
    for node in net.nodes:
        if reason := _unportable_node(net, node):
            return f"{reason} ({node.id})"
    for scope in net.scopes:
        nodes = [net.nodes[index] for index in scope.nodes]
        if reason := _unportable_shape(net, nodes):
            return reason
    return None


def _unportable_node(net: Net, node: Node) -> str | None:
    if node.kind not in RIGHT_NODES:
        return f"a {node.kind.value} node"
    event = node.event or Event()
    if event.kind not in RIGHT_EVENTS.get(node.kind, {"none"}):
        return f"{'an' if event.kind[0] in 'aeiou' else 'a'} {event.kind} {node.kind.value} event"
    if node.for_compensation:
        return "an activity that compensates"
    if node.instantiate:
        return f"a {node.kind.value} node that begins instances"
    if event.timer is not None and event.timer_literal and _is_own_timer(event):
        return "a timer by cron or without offset"
    if event.key is not None:
        return "a message with a correlation key"
    if node.kind is Kind.EVENT_SUBPROCESS and net.scopes[node.scope].node is not None:
        return "an event sub-process inside a sub-process"
    if node.kind is Kind.START and _is_event_start(net, node) and node.interrupting:
        return "an interrupting event sub-process"
    if not node.outgoing and node.kind not in (Kind.END, Kind.EVENT_SUBPROCESS):
        return "a path without an end event"
    deciding = node.kind in (Kind.EXCLUSIVE, Kind.INCLUSIVE)
    if len(node.outgoing) > 1 and not deciding and node.kind is not Kind.PARALLEL:
        return "an implicit split"
    if node.inputs or node.outputs:
        return "a node with input or output mappings"
    if node.transaction:
        return "a transaction"
    if node.adhoc is not None:
        return "an ad-hoc sub-process"
    if node.repeat is not None:
        return "a standard loop"
    if node.multi is not None and node.multi.collection is not None and not node.multi.collection.source.isidentifier():
        return "a multi-instance over an expression"
    return None


def _is_own_timer(event: Event) -> bool:
    text = event.timer.source if event.timer is not None else ""
    return looks_like_cron(text) or (event.timer_kind == "date" and re.search(r"(?:Z|[+-]\d\d:\d\d)$", text) is None)


def _is_event_start(net: Net, node: Node) -> bool:
    around = net.scopes[node.scope].node
    return around is not None and net.nodes[around].kind is Kind.EVENT_SUBPROCESS


def _unportable_shape(net: Net, nodes: list[Node]) -> str | None:
    """What is wrong with the parallel and inclusive blocks of one scope."""
    joins = [node for node in nodes if node.kind in _JOINING and len(node.incoming) > 1]
    splits = [node for node in nodes if node.kind in _JOINING and len(node.outgoing) > 1]
    for join in joins:
        if join.index in _after(net, join.index):
            return f"a join on a cycle ({join.id})"
    if len(splits) > MOST_BLOCKS:
        return f"more than {MOST_BLOCKS} parallel blocks in one scope"
    unmatched = {join.index for join in joins}
    for split in splits:
        own = _matching_join(net, split, joins)
        if own is None:
            return f"a parallel block without its own join ({split.id})"
        unmatched.discard(own.index)
    return f"a join without its own split ({net.nodes[min(unmatched)].id})" if unmatched else None


def _matching_join(net: Net, split: Node, joins: list[Node]) -> Node | None:
    """The join of the same kind that each branch of `split` must reach, and that nothing else reaches."""
    for join in joins:
        if join.kind is not split.kind or len(join.incoming) != len(split.outgoing):
            continue
        inside = _after(net, split.index, stop=join.index)
        ends = [index for index in inside if index != join.index and not list(successors(net, net.nodes[index]))]
        sources = {net.flows[flow].source for flow in join.incoming}
        entries = {
            net.flows[flow].source
            for index in inside
            for flow in net.nodes[index].incoming
            if net.flows[flow].source not in inside
        }
        if not ends and sources <= inside | {split.index} and entries <= {split.index} and split.index not in inside:
            return join
    return None


def _after(net: Net, start: int, stop: int | None = None) -> set[int]:
    """The nodes a path from `start` leads to, not looking past `stop`."""
    found: set[int] = set()
    waiting = list(successors(net, net.nodes[start]))
    while waiting:
        index = waiting.pop()
        if index not in found:
            found.add(index)
            if index != stop:
                waiting.extend(successors(net, net.nodes[index]))
    return found
