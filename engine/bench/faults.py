"""Faults that a reader could have: small changes to a net that was read rightly, each of which must be found.

Every fault keeps the net a net: nodes that are dropped take their flows along, so that only the reading is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from engine.bpmn.net import ACTIVITIES, Event, Expression, Flow, Kind, Net, Node
from engine.bpmn.reader_checks import reachable

Fault = Callable[[Net, int], Net | None]
"""A net with a fault at the node or flow of this number; None where there is nothing to get wrong."""

_SWAPPED = {
    Kind.USER: Kind.MANUAL,
    Kind.MANUAL: Kind.USER,
    Kind.EXCLUSIVE: Kind.INCLUSIVE,
    Kind.INCLUSIVE: Kind.PARALLEL,
    Kind.PARALLEL: Kind.EXCLUSIVE,
    Kind.SERVICE: Kind.USER,
    Kind.RECEIVE: Kind.USER,
    Kind.SEND: Kind.USER,
    Kind.CALL: Kind.USER,
    Kind.CATCH: Kind.THROW,
    Kind.THROW: Kind.CATCH,
}


def _with_node(net: Net, node: Node) -> Net:
    return replace(net, nodes=tuple(node if each.index == node.index else each for each in net.nodes))


def _with_flow(net: Net, flow: Flow) -> Net:
    return replace(net, flows=tuple(flow if each.index == flow.index else each for each in net.flows))


def drop_flow(net: Net, number: int) -> Net | None:
    """A flow that was not read."""
    flow = net.flows[number]
    source = net.nodes[flow.source]
    less = replace(source, outgoing=tuple(each for each in source.outgoing if each != number))
    target = net.nodes[flow.target]
    without = _with_node(net, less)
    target = without.nodes[target.index]
    return _with_node(without, replace(target, incoming=tuple(each for each in target.incoming if each != number)))


def turn_flow(net: Net, number: int) -> Net | None:
    """A flow that leads to another node of its scope."""
    flow = net.flows[number]
    scope = net.scopes[net.nodes[flow.source].scope]
    known = {net.flows[each].target for each in net.nodes[flow.source].outgoing}
    free = [n for n in scope.nodes if n not in known and net.nodes[n].kind not in (Kind.START, Kind.BOUNDARY)]
    return _with_flow(net, replace(flow, target=free[number % len(free)])) if free else None


def drop_condition(net: Net, number: int) -> Net | None:
    """A condition that was not read."""
    flow = net.flows[number]
    return _with_flow(net, replace(flow, condition=None)) if flow.condition else None


def change_condition(net: Net, number: int) -> Net | None:
    """A condition that was read as another."""
    flow = net.flows[number]
    return (
        _with_flow(net, replace(flow, condition=Expression(f"not ({flow.condition.source})")))
        if flow.condition
        else None
    )


def swap_kind(net: Net, number: int) -> Net | None:
    """A node that was read as another kind."""
    node = net.nodes[number]
    return _with_node(net, replace(node, kind=_SWAPPED[node.kind])) if node.kind in _SWAPPED else None


def turn_flag(net: Net, number: int) -> Net | None:
    """A boundary event that interrupts where it should not, or the other way round."""
    node = net.nodes[number]
    return _with_node(net, replace(node, interrupting=not node.interrupting)) if node.kind is Kind.BOUNDARY else None


def drop_boundary(net: Net, number: int) -> Net | None:
    """A boundary event that was not read."""
    node = net.nodes[number]
    if node.kind is not Kind.BOUNDARY or node.attached_to is None:
        return None
    host = net.nodes[node.attached_to]
    return _with_node(net, replace(host, boundaries=tuple(each for each in host.boundaries if each != number)))


def move_boundary(net: Net, number: int) -> Net | None:
    """A boundary event that was read on another activity."""
    node = net.nodes[number]
    others = [each.index for each in net.nodes if each.kind in ACTIVITIES and each.index != node.attached_to]
    others = [each for each in others if net.nodes[each].scope == node.scope and each in reachable(net)]
    if node.kind is not Kind.BOUNDARY or not others:
        return None
    return _with_node(net, replace(node, attached_to=others[number % len(others)]))


def change_event(net: Net, number: int) -> Net | None:
    """An event that was read with another definition, name or time."""
    node = net.nodes[number]
    event = node.event
    if event is None or node.kind in (Kind.EVENT_BASED, Kind.SEND):
        return None
    if event.kind == "timer" and event.timer is not None:
        return _with_node(net, replace(node, event=replace(event, timer=Expression("PT777H"))))
    if event.kind in ("message", "signal", "error", "escalation"):
        return _with_node(net, replace(node, event=replace(event, name="another name")))
    other = Event("terminate") if node.kind is Kind.END and event.kind == "none" else Event("message", "made up")
    return _with_node(net, replace(node, event=other))


def drop_multi(net: Net, number: int) -> Net | None:
    """A multi-instance marker that was not read."""
    node = net.nodes[number]
    return _with_node(net, replace(node, multi=None)) if node.multi else None


def rename(net: Net, number: int) -> Net | None:
    """A node under another id."""
    node = net.nodes[number]
    return _with_node(net, replace(node, id=f"{node.id}_"))


def change_call(net: Net, number: int) -> Net | None:
    """A call of another process."""
    node = net.nodes[number]
    return _with_node(net, replace(node, call=replace(node.call, process="another"))) if node.call else None


ON_FLOWS: tuple[Fault, ...] = (drop_flow, turn_flow, drop_condition, change_condition)
ON_NODES: tuple[Fault, ...] = (
    *(swap_kind, turn_flag, drop_boundary, move_boundary, change_event, drop_multi, rename, change_call),
)


def faulty(net: Net) -> Iterator[tuple[str, Net, str]]:
    """Every fault of every reachable node and flow of `net`: what is wrong, the net, and the id of the element."""
    reached = reachable(net)
    for flow in net.flows:
        if flow.source in reached:
            yield from _made(net, ON_FLOWS, flow.index, flow.id)
    for index in sorted(reached):
        yield from _made(net, ON_NODES, index, net.nodes[index].id)


def _made(net: Net, faults: tuple[Fault, ...], number: int, id: str) -> Iterator[tuple[str, Net, str]]:
    for fault in faults:
        wrong = fault(net, number)
        if wrong is not None:
            yield f"{fault.__name__} {number}", wrong, id
