"""Checks on a whole net that keep a run from turning in circles or from leaving parts of the drawing unused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.bpmn.findings import Findings
from engine.bpmn.net import Event, Kind, Net, Node
from engine.bpmn.reader_draft import Draft

_WAITING = frozenset({Kind.USER, Kind.MANUAL, Kind.RECEIVE, Kind.SERVICE, Kind.CATCH, Kind.CALL, Kind.EVENT_BASED})
_NEVER_AWAITED = frozenset({"error", "escalation", "compensation", "cancel"})


def check_net(net: Net, draft: Draft, findings: Findings) -> None:
    """Asks about loops without a wait, and about nodes that no start reaches.

    Such a loop may still come to an end by its data; one that need not is refused by the proof (CL-10), not by the
    reading.
    """
    for circle in circles_without_wait(net):
        names = ", ".join(net.nodes[index].name or net.nodes[index].id for index in circle[:5])
        proposal = "it stays as drawn and fails if it does not end"
        message = f"Expected a waiting node in every loop, but this one has none: {names:.300}. Proposed: {proposal}."
        at = draft.nodes[circle[0]].element
        findings.add("cycle.no_wait", "warning", at, message, question=True, proposal=proposal, names=names[:300])
    reached = reachable(net)
    for node in net.nodes:
        if node.index not in reached:
            message = (
                "Expected a path from a start to this node, but there is none. Proposed: it never runs, as it is drawn."
            )
            at = draft.nodes[node.index].element
            findings.add("node.unreachable", "warning", at, message, question=True, proposal="it never runs")


def check_calls(processes: Sequence[tuple[Net, Draft]], findings: Findings) -> None:
    """Asks about calls that lead, from process to process of one file, back to where they began."""
    called = {net.id: {node.call.process for node in net.nodes if node.call} for net, _ in processes}
    for net, draft in processes:
        for node in net.nodes:
            if node.call is not None and net.id in _all_called(node.call.process, called):
                message = f"Expected calls that end, but {node.call.process!r:.80} leads back to its caller."
                proposal = "the call is refused at the eighth level"
                at = draft.nodes[node.index].element
                sentence = f"{message} Proposed: {proposal}."
                findings.add("call.circle", "warning", at, sentence, question=True, proposal=proposal)


def _all_called(first: str, called: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [first]
    while waiting:
        process = waiting.pop()
        if process not in found:
            found.add(process)
            waiting.extend(called.get(process, ()))
    return found


def successors(net: Net, node: Node) -> Iterable[int]:
    """The nodes a token can get to from `node` in one step of its own scope, boundary events included."""
    yield from (net.flows[flow].target for flow in node.outgoing)
    yield from node.boundaries
    if node.handler is not None:
        yield node.handler


def reachable(net: Net) -> set[int]:
    """The nodes some start of the process, or of an event sub-process in a reached scope, leads to."""
    reached: set[int] = set()
    waiting = [*(node.index for node in net.beginnings()), *net.scopes[0].event_subprocesses]
    waiting += [node.index for node in net.nodes if node.instantiate and not node.incoming]
    while waiting:
        index = waiting.pop()
        if index in reached:
            continue
        reached.add(index)
        node = net.nodes[index]
        waiting.extend(successors(net, node))
        if node.scope_inside is not None:
            inside = net.scopes[node.scope_inside]
            waiting.extend((*inside.starts, *inside.event_subprocesses))
            if node.adhoc is not None:
                waiting.extend(i for i in inside.nodes if not net.nodes[i].incoming and _is_offered(net.nodes[i]))
    return reached


def _is_offered(node: Node) -> bool:
    """Whether a node that no flow leads to is one an ad-hoc sub-process offers."""
    return node.kind is not Kind.BOUNDARY and not node.for_compensation


def circles_without_wait(net: Net) -> list[list[int]]:
    """Groups of nodes that lie on, or between, loops in which nothing ever waits, each in order of index."""
    waits = _waiting_nodes(net)
    automatic = [node.index for node in net.nodes if node.index not in waits]
    after = {i: [t for t in successors(net, net.nodes[i]) if t not in waits] for i in automatic}
    before: dict[int, list[int]] = {i: [] for i in automatic}
    for source, targets in after.items():
        for target in targets:
            before[target].append(source)
    left = _peel(_peel(set(automatic), before, after), after, before)
    groups: list[list[int]] = []
    while left:
        waiting, group = [min(left)], set[int]()
        while waiting:
            index = waiting.pop()
            if index in left:
                left.discard(index)
                group.add(index)
                waiting.extend((*after[index], *before[index]))
        groups.append(sorted(group))
    return groups


def _waiting_nodes(net: Net) -> set[int]:
    """Nodes at which a token comes to rest, sub-processes with such a node anywhere inside included."""
    waits = {
        node.index
        for node in net.nodes
        if node.kind in _WAITING
        or (node.kind is Kind.BOUNDARY and node.event is not None and not _may_be_thrown(node.event))
    }
    for index in list(waits):
        scope = net.scopes[net.nodes[index].scope]
        while scope.node is not None and scope.parent is not None:
            waits.add(scope.node)
            scope = net.scopes[scope.parent]
    return waits


def _may_be_thrown(event: Event) -> bool:
    """Whether an event can come out of the activity it sits on without anything being waited for."""
    return any(part.kind in _NEVER_AWAITED for part in event.parts or (event,))


def _peel(nodes: set[int], before: dict[int, list[int]], after: dict[int, list[int]]) -> set[int]:
    """`nodes` without those that no loop among them leads to: Kahn's topological sort."""
    degree = {index: sum(source in nodes for source in before[index]) for index in nodes}
    free = [index for index, count in degree.items() if not count]
    left = set(nodes)
    while free:
        index = free.pop()
        left.discard(index)
        for target in after[index]:
            if target in left:
                degree[target] -= 1
                if not degree[target]:
                    free.append(target)
    return left
