"""Pools and message flows: whose the steps of a pool are, and what its messages say of the correlation.

A pool is no node and a message flow moves no token; both say what two processes mean by each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml.etree import _Element

from engine.bpmn.findings import Findings
from engine.bpmn.net import HUMAN, Event, Kind, Net, Node
from engine.bpmn.reader_lanes import Lane
from engine.bpmn.tree import CL, attribute, children, id_of
from engine.domain.roles import ROLE_PERMISSIONS

_THROWS = frozenset({Kind.SEND, Kind.THROW, Kind.END})


def pool_of(process: _Element) -> Lane | None:
    """What the pool of a process says of its steps; None where it has none or the pool names nobody."""
    for pool in _pools(process.getroottree().getroot()):
        role, department = attribute(pool, "role", CL), attribute(pool, "department", CL)
        if attribute(pool, "processRef") == id_of(process) and (role or department):
            return Lane(attribute(pool, "name") or id_of(pool), role, department)
    return None


def read_collaborations(root: _Element, nets: Mapping[str, Net], findings: Findings) -> None:
    """Notes pools without their process, lanes that name nobody, and message flows between unlike messages."""
    known = {id_of(process): process for process in children(root, "process")}
    for pool in _pools(root):
        reference = attribute(pool, "processRef")
        if reference is not None and reference not in known:
            message = f"Expected the process {reference!r:.80} of a pool, but the file has none."
            findings.add("reference.pool", "warning", pool, message, name=reference[:80])
    for net in nets.values():
        if net.id in known:
            _note_lanes(net, known[net.id], findings)
    for collaboration in children(root, "collaboration"):
        for flow in children(collaboration, "messageFlow"):
            _note_flow(flow, nets, findings)


def _pools(root: _Element) -> Iterator[_Element]:
    for collaboration in children(root, "collaboration"):
        yield from children(collaboration, "participant")


def _note_lanes(net: Net, process: _Element, findings: Findings) -> None:
    """Once for each lane: that nobody in particular has its steps, with the role that is called like it."""
    unowned = dict.fromkeys(
        node.lane
        for node in net.nodes
        if node.kind in HUMAN and node.lane and not (node.role or node.candidates or node.assignee)
    )
    lanes = {attribute(lane, "name") or id_of(lane): lane for lane in process.iter("{*}lane")}
    for name in unowned:
        code = "_".join((name or "").lower().split())
        likely = f"; perhaps cl:role is {code}" if code in ROLE_PERMISSIONS else ""
        message = f"Expected cl:role or cl:department, but the lane {name!r:.80} names neither{likely}."
        findings.add("lane.nobody", "warning", lanes.get(name or "", process), message, name=(name or "")[:80])


def _note_flow(flow: _Element, nets: Mapping[str, Net], findings: Findings) -> None:
    """What a message flow between two nodes means: one message, by the same name, to the instance with the same key."""
    ends = [_node(nets, attribute(flow, which)) for which in ("sourceRef", "targetRef")]
    source, target = ends
    if source is None or target is None or source.kind not in _THROWS:
        return
    sent, awaited = _message(source.event), _message(target.event)
    if sent is None or awaited is None or target.kind in _THROWS:
        return
    if sent.name != awaited.name:
        message = f"The flow draws one message, but {sent.name!r:.80} is sent and {awaited.name!r:.80} awaited."
        names = (sent.name or "", awaited.name or "")
        findings.add("message.unlike", "warning", flow, message, sent=names[0][:80], awaited=names[1][:80])
    elif target.kind is not Kind.START and awaited.key is None:
        message = f"The message {sent.name!r:.80} finds its instance by nothing: a cl:key on it would say by what."
        findings.add("message.no_key", "info", flow, message, name=(sent.name or "")[:80])


def _node(nets: Mapping[str, Net], id: str | None) -> Node | None:
    return next((node for net in nets.values() for node in net.nodes if node.id == id), None)


def _message(event: Event | None) -> Event | None:
    parts = () if event is None else event.parts or (event,)
    return next((part for part in parts if part.kind == "message"), None)
