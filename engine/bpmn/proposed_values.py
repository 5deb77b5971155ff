"""Data for a dry run: values of the names that a net reads, taken from what its expressions compare them with.

Nothing is evaluated and nothing is known of the world: `amount > 500` proposes 501, then 499, `kind == "fire"` that
text, `order.items` a record with a list. Each name has several values in turn, so that every way can be tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice, product
from typing import Any

from engine.bpmn.expressions import ExpressionError, compile_expression
from engine.bpmn.net import Event, Expression, Mappings, Net, Node
from engine.bpmn.proposed_wishes import EITHER, LISTS, SOMETHING, TIMES, Path, Values, Wishes, path_of


class ProposedValues:
    """What a dry run may give the names of a net."""

    def __init__(self, net: Net) -> None:
        self._wishes = Wishes()
        self._by_node: dict[int, frozenset[str]] = {}
        for node in net.nodes:
            self._by_node[node.index] = frozenset(self._read(uses_of(net, node)))
        for node in net.nodes:
            if node.multi is not None and node.multi.collection is not None and node.multi.element is not None:
                self._shape_elements(node.multi.collection, node.multi.element)

    def _read(self, uses: Iterable[tuple[Expression, Values]]) -> Iterator[str]:
        for expression, values in uses:
            try:
                compiled = compile_expression(expression.source, expression.spelling)
            except ExpressionError:
                continue
            self._wishes.want(compiled.tree, values)
            yield from compiled.names

    def _shape_elements(self, collection: Expression, element: str) -> None:
        """Lets the elements of a collection have what the legs read of theirs."""
        compiled = compile_expression(collection.source, collection.spelling)
        path = path_of(self._wishes, compiled.tree)
        if path is not None:
            for inner in [each for each in self._wishes.found if each[0] == element]:
                self._wishes.note((*path, 0, *inner[1:]), self._wishes.found[inner])

    def values(self, turn: int = 0) -> dict[str, Any]:
        """A value for each name that is read; `turn` counts through the values of each."""
        return {name: self._value((name,), turn) for name in self._names()}

    def _names(self) -> list[str]:
        return list(dict.fromkeys(str(path[0]) for path in self._wishes.found))

    def tries(self, node: Node, most: int) -> Iterator[dict[str, Any]]:
        """The combinations of values of the names that `node` reads, `most` at most."""
        names = [name for name in self._names() if name in self._by_node[node.index]]
        turns = [range(max(1, self._count(name))) for name in names]
        for chosen in islice(product(*turns), most):
            yield {name: self._value((name,), turn) for name, turn in zip(names, chosen, strict=True)}

    def _count(self, name: str) -> int:
        return max((len(values) for path, values in self._wishes.found.items() if path[0] == name), default=0)

    def _value(self, path: Path, turn: int) -> Any:
        """The value of a path: a record or a list where something inside it is read."""
        depth = len(path)
        inside = list(
            dict.fromkeys(each[depth] for each in self._wishes.found if len(each) > depth and each[:depth] == path)
        )
        if any(isinstance(part, int) for part in inside):
            longest = max(part for part in inside if isinstance(part, int))
            return [self._value((*path, part if part in inside else 0), turn) for part in range(max(2, longest + 1))]
        if inside:
            return {str(part): self._value((*path, part), turn) for part in inside}
        values = self._wishes.found.get(path) or SOMETHING
        return values[turn % len(values)]


def uses_of(net: Net, node: Node) -> Iterator[tuple[Expression, Values]]:
    """The expressions that a token at `node` may evaluate, each with the values it should have."""
    for flow in (net.flows[index] for index in node.outgoing):
        if flow.condition is not None:
            yield flow.condition, EITHER
    for each in (node, *(net.nodes[index] for index in node.boundaries)):
        if each.event is not None:
            yield from _of_event(each.event)
    if node.multi is not None:
        wanted = ((node.multi.collection, LISTS), (node.multi.cardinality, (2,)), (node.multi.completion, EITHER))
        yield from ((expression, values) for expression, values in wanted if expression is not None)
    repeat = None if node.repeat is None else node.repeat.condition
    completion = None if node.adhoc is None else node.adhoc.completion
    conditions: tuple[Expression | None, ...] = (node.activation, repeat, completion)
    yield from ((condition, EITHER) for condition in conditions if condition is not None)
    of_call: Mappings = () if node.call is None else (*node.call.inputs, *node.call.outputs)
    yield from ((source, SOMETHING) for source, _ in (*node.inputs, *node.outputs, *of_call))
    yield from ((each, SOMETHING) for each in (node.assignee, node.due, node.priority, *node.candidates) if each)


def _of_event(event: Event) -> Iterator[tuple[Expression, Values]]:
    if event.timer is not None and not event.timer_literal:
        yield event.timer, TIMES[event.timer_kind or "duration"]
    if event.condition is not None:
        yield event.condition, EITHER
    if event.key is not None:
        yield event.key, ("key",)
    for part in event.parts:
        yield from _of_event(part)
