"""The ways of a net, scopes and boundaries included: which nodes can come after which.

Over-approximates what a token can do: every way a token can go is there, also through the events that interrupt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from engine.bpmn.net import Kind, Net, Node


class Graph:
    """Who comes after whom in a net; all by the position of nodes."""

    def __init__(self, net: Net) -> None:
        self.net = net

    @cached_property
    def after(self) -> list[tuple[int, ...]]:
        """For each node, the nodes that a token at it, or the scope around it, can go to next."""
        return [tuple(dict.fromkeys(self._after(node))) for node in self.net.nodes]

    @cached_property
    def before(self) -> list[tuple[int, ...]]:
        """For each node, the nodes that can come right before it."""
        found: list[list[int]] = [[] for _ in self.net.nodes]
        for index, targets in enumerate(self.after):
            for target in targets:
                found[target].append(index)
        return [tuple(each) for each in found]

    def _after(self, node: Node) -> Iterable[int]:
        net = self.net
        yield from (net.flows[flow].target for flow in node.outgoing)
        if node.scope_inside is not None:
            yield from self.begins(node.scope_inside)
        if node.scope_inside is None or not self.begins(node.scope_inside):
            yield from self.ends(node)
        yield from self.disturbances(node)
        if node.handler is not None:
            yield node.handler

    def begins(self, scope: int) -> tuple[int, ...]:
        """Where a token begins in a scope: its starts, or the nodes of an ad-hoc one that no flow leads to."""
        net = self.net
        return net.scopes[scope].starts or tuple(
            index
            for index in net.scopes[scope].nodes
            if not net.nodes[index].incoming
            and net.nodes[index].kind not in (Kind.BOUNDARY, Kind.EVENT_SUBPROCESS)
            and not net.nodes[index].for_compensation
        )

    def ends(self, node: Node) -> Iterable[int]:
        """Where the token goes when that of `node` was the last of its scope: on behind the sub-process around."""
        net = self.net
        if node.outgoing and node.kind is not Kind.END:
            return
        around = net.scopes[node.scope].node
        while around is not None:
            outer = net.nodes[around]
            yield from (net.flows[flow].target for flow in outer.outgoing)
            if outer.outgoing:
                return
            around = net.scopes[outer.scope].node

    def disturbances(self, node: Node) -> Iterable[int]:
        """The boundaries of a node and of every activity around it, and the starts of event sub-processes there."""
        net = self.net
        yield from node.boundaries
        scope: int | None = node.scope
        while scope is not None:
            inside = net.scopes[scope]
            for event_subprocess in inside.event_subprocesses:
                if event_subprocess != node.index:
                    yield from net.scopes[int(net.nodes[event_subprocess].scope_inside or 0)].starts
            if inside.node is not None:
                yield from net.nodes[inside.node].boundaries
            scope = inside.parent

    def around(self, node: Node) -> Iterable[Node]:
        """The sub-processes that `node` stands in, innermost first."""
        inside = self.net.scopes[node.scope]
        while inside.node is not None:
            yield self.net.nodes[inside.node]
            inside = self.net.scopes[self.net.nodes[inside.node].scope]

    def reachable(self, begin: Iterable[int], *, passes: Callable[[int], bool] = lambda _: True) -> set[int]:
        """The nodes that can be reached from `begin`, through nodes that `passes` lets through; those included."""
        seen = set(begin)
        waiting = list(seen)
        while waiting:
            index = waiting.pop()
            if passes(index):
                fresh = [target for target in self.after[index] if target not in seen]
                seen.update(fresh)
                waiting.extend(fresh)
        return seen

    def path(self, begin: int, goal: Callable[[int], bool]) -> tuple[int, ...] | None:
        """A shortest way from `begin` to a node that `goal` accepts, both included; None where there is none."""
        came: dict[int, int] = {begin: -1}
        queue = [begin]
        for index in queue:
            if goal(index):
                way = [index]
                while came[way[-1]] >= 0:
                    way.append(came[way[-1]])
                return tuple(reversed(way))
            for target in self.after[index]:
                if target not in came:
                    came[target] = index
                    queue.append(target)
        return None
