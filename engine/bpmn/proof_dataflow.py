"""CL-09: every name that is read is written on every path before — a must-analysis over the ways of the net.

At a join of parallel branches everything that one of them wrote is there, at every other meeting only what all wrote.
An activity that may be left before it is done (a boundary, an error) has written nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from engine.bpmn.choices import choice_at
from engine.bpmn.expressions.language import compile_expression
from engine.bpmn.net import HUMAN, Event, Expression, Kind, Net, Node
from engine.bpmn.proof_found import Found, label
from engine.bpmn.proof_graph import Graph
from engine.bpmn.proof_path import frames_of_path
from engine.bpmn.proof_terms import Schema
from engine.errors import EngineError

_LEG = ("loopCounter", "nrOfInstances", "nrOfActiveInstances", "nrOfCompletedInstances")


@dataclass(frozen=True, slots=True)
class Use:
    """A name read at a node; `leaving` says that it is read when the node is done."""

    node: Node
    name: str
    what: str
    leaving: bool = False


class DataFlow:
    """Which names are surely written when a token is at a node, and when it leaves it."""

    def __init__(
        self,
        net: Net,
        forms: Mapping[str, Schema],
        given: Collection[str],
        names_of_decision: Callable[[str], Collection[str]] = lambda decision: (),
        names_of_call: Callable[[Node], Collection[str] | None] = lambda node: None,
    ) -> None:
        self.net, self.forms, self.given = net, forms, frozenset(given)
        self.names_of_decision, self.names_of_call = names_of_decision, names_of_call
        self.graph = Graph(net)
        self.uses = list(self._uses())
        self.universe = frozenset(use.name for use in self.uses)
        self.arriving = [self.universe] * len(net.nodes)
        self.leaving = [self.universe] * len(net.nodes)
        self._solve()

    def breaches(self) -> list[Found]:
        """A finding for each name that some path does not write before it is read, with such a path."""
        found: dict[tuple[str, str], Found] = {}
        for use in self.uses:
            there = self.leaving if use.leaving else self.arriving
            if use.name in there[use.node.index] or (use.node.id, use.name) in found:
                continue
            way = self._way_without(use)
            message = f"Expected “{use.name}” to be written before “{label(use.node)}” reads it, but a path does not."
            params = {"name": use.name, "node": label(use.node), "what": use.what}
            course = frames_of_path(self.net, way)
            found[use.node.id, use.name] = Found("CL-09", "cl_09_undefined", use.node, message, params, course)
        return list(found.values())

    # -- the analysis ----------------------------------------------------------------------------------------------

    def _solve(self) -> None:
        nodes = self.net.nodes
        waiting = deque(range(len(nodes)))
        queued = set(waiting)
        while waiting:
            index = waiting.popleft()
            queued.discard(index)
            node = nodes[index]
            arriving = self._arriving(node)
            leaving = self._leaving(node, arriving)
            if (arriving, leaving) != (self.arriving[index], self.leaving[index]):
                self.arriving[index], self.leaving[index] = arriving, leaving
                for other in self._touched(node):
                    if other not in queued:
                        queued.add(other)
                        waiting.append(other)

    def _arriving(self, node: Node) -> frozenset[str]:
        sources = self._sources(node)
        if not sources:
            return self.given & self.universe
        if node.kind is Kind.PARALLEL and len(node.incoming) > 1:
            return frozenset.union(*(there for _, there in sources))
        return frozenset.intersection(*(there for _, there in sources))

    def _sources(self, node: Node) -> list[tuple[int, frozenset[str]]]:
        """What can come right before a node, and what is surely written then."""
        net = self.net
        found = [(net.flows[flow].source, self.leaving[net.flows[flow].source]) for flow in node.incoming]
        if node.attached_to is not None:
            found.append((node.attached_to, self.arriving[node.attached_to]))
        for host in self._compensated.get(node.index, ()):
            found.append((host, self.leaving[host]))
        around = net.scopes[node.scope].node
        if around is not None and not node.incoming and node.attached_to is None and not node.for_compensation:
            found.append((around, self.arriving[around] | self._brought(net.nodes[around])))
        if node.kind is Kind.EVENT_SUBPROCESS and around is None:
            return []
        return found

    @cached_property
    def _compensated(self) -> Mapping[int, list[int]]:
        found: dict[int, list[int]] = {}
        for node in self.net.nodes:
            if node.handler is not None and node.attached_to is not None:
                found.setdefault(node.handler, []).append(node.attached_to)
        return found

    def _leaving(self, node: Node, arriving: frozenset[str]) -> frozenset[str]:
        if node.scope_inside is None:
            return arriving | self._writes(node) & self.universe
        if node.multi is not None:
            return arriving | ({node.multi.output_collection or ""} & self.universe)
        inner = [self.leaving[each] for each in self._last_of(node.scope_inside)]
        return (
            arriving | (frozenset.intersection(*inner) if inner else frozenset()) | self._writes(node) & self.universe
        )

    def _last_of(self, scope: int) -> Iterator[int]:
        """The nodes with which a scope can be over; those of event sub-processes that take it over included."""
        for index in self.net.scopes[scope].nodes:
            node = self.net.nodes[index]
            if self._is_last(node) and (node.kind is not Kind.EVENT_SUBPROCESS or self._takes_over(node)):
                yield index

    def _is_last(self, node: Node) -> bool:
        return not node.outgoing and not node.for_compensation and node.handler is None

    def _takes_over(self, node: Node) -> bool:
        starts = self.net.scopes[int(node.scope_inside or 0)].starts
        return any(self.net.nodes[start].interrupting for start in starts)

    def _touched(self, node: Node) -> Iterator[int]:
        net = self.net
        yield from (net.flows[flow].target for flow in node.outgoing)
        yield from node.boundaries
        if node.scope_inside is not None:
            yield from net.scopes[node.scope_inside].nodes
        around = net.scopes[node.scope].node
        if around is not None:
            yield around
        for handler, hosts in self._compensated.items():
            if node.index in hosts:
                yield handler

    # -- what is written -------------------------------------------------------------------------------------------

    def _brought(self, node: Node) -> frozenset[str]:
        """What a leg or a round of a sub-process brings with it."""
        if node.multi is None:
            return frozenset(("loopCounter",) if node.repeat is not None else ())
        return frozenset((*_LEG, *((node.multi.element,) if node.multi.element else ())))

    def _writes(self, node: Node) -> frozenset[str]:
        """What is surely written by the time a node is done."""
        names = {target for _, target in node.outputs}
        if node.result is not None:
            names.add(node.result)
        if node.multi is not None:
            return frozenset({node.multi.output_collection} if node.multi.output_collection else ())
        if node.kind in HUMAN:
            choice = choice_at(self.net, node)
            names |= {choice.variable} if choice is not None else set()
            names |= set() if node.outputs else self._required(node)
        if node.kind is Kind.START and node.form is not None:
            names |= self._required(node)
        if node.call is not None:
            names |= {target for _, target in node.call.outputs}
            names |= set(self.names_of_call(node) or ()) if node.call.all_out else set()
        for event in _events(node.event):
            names |= {name for name in (event.code_variable, event.text_variable) if name}
        return frozenset(names)

    def _required(self, node: Node) -> set[str]:
        return set(self.forms.get(node.form or "", {}).get("required", ()))

    # -- what is read ----------------------------------------------------------------------------------------------

    def _uses(self) -> Iterator[Use]:
        for node in self.net.nodes:
            own = self._brought(node) if node.multi is not None or node.repeat is not None else frozenset()
            for expression, what, leaving, hidden in self._expressions(node):
                for name in sorted(_names(expression) - hidden - (own if what != "collection" else frozenset())):
                    yield Use(node, name, what, leaving)
            if node.kind is Kind.RULE and node.decision is not None and not node.inputs:
                for name in self.names_of_decision(node.decision):
                    yield Use(node, name, "decision input")

    def _expressions(self, node: Node) -> Iterator[tuple[Expression, str, bool, frozenset[str]]]:
        none: frozenset[str] = frozenset()
        for flow in node.outgoing:
            if (condition := self.net.flows[flow].condition) is not None:
                yield condition, "condition", True, frozenset({"activationCount"})
        multi = node.multi
        if multi is not None:
            for each in (multi.collection, multi.cardinality):
                if each is not None:
                    yield each, "collection", False, none
            if multi.completion is not None:
                yield multi.completion, "completion", False, self._left_by_legs(node)
        if node.repeat is not None and node.repeat.condition is not None:
            yield node.repeat.condition, "condition", not node.repeat.test_before, none
        if node.adhoc is not None and node.adhoc.completion is not None:
            yield node.adhoc.completion, "completion", True, none
        if node.activation is not None:
            yield node.activation, "condition", False, frozenset({"activationCount"})
        for each in (node.assignee, node.due, node.priority, *node.candidates):
            if each is not None:
                yield each, "assignee", False, none
        for each, _ in (*node.inputs, *(node.call.inputs if node.call is not None else ())):
            yield each, "mapping", False, none
        if node.kind is Kind.SCRIPT:
            for each, _ in node.outputs:
                yield each, "mapping", False, frozenset(target for _, target in node.outputs)
        for event in _events(node.event):
            for each in (event.timer if not event.timer_literal else None, event.condition, event.key):
                if each is not None:
                    yield each, "event", False, none

    def _left_by_legs(self, node: Node) -> frozenset[str]:
        """Names that a leg surely leaves behind, which its completion condition sees."""
        if node.scope_inside is None:
            return frozenset(self._required(node))
        inside = self.net.scopes[node.scope_inside].nodes
        return frozenset().union(*(self._writes(self.net.nodes[index]) for index in inside))

    # -- a path that does not write --------------------------------------------------------------------------------

    def _way_without(self, use: Use) -> list[int]:
        """The shortest way from a start to the node on which nothing writes the name."""
        came: dict[int, int] = {use.node.index: -1}
        queue = [use.node.index]
        for index in queue:
            sources = self._sources(self.net.nodes[index])
            lacking = [source for source, there in sources if use.name not in there]
            if not sources:
                way = [index]
                while came[way[-1]] >= 0:
                    way.append(came[way[-1]])
                return way
            for source in lacking:
                if source not in came:
                    came[source] = index
                    queue.append(source)
        return [use.node.index]


def _events(event: Event | None) -> Iterator[Event]:
    if event is not None:
        yield event
        yield from event.parts


def _names(expression: Expression) -> frozenset[str]:
    try:
        return compile_expression(expression.source, expression.spelling).names
    except EngineError:
        return frozenset()
