"""What connects nodes: sequence flows inside a scope, default flows, boundary events on their activities."""

from __future__ import annotations

from lxml.etree import _Element

from engine.bpmn.findings import Findings
from engine.bpmn.net import ACTIVITIES, Expression, Flow, Kind
from engine.bpmn.reader_draft import Draft, NodeDraft
from engine.bpmn.reader_texts import read_stated
from engine.bpmn.tree import attribute, children, id_of, local, text_of

_DECIDING = ACTIVITIES | {Kind.EXCLUSIVE, Kind.INCLUSIVE, Kind.COMPLEX}
_TAKING_ALL = frozenset({Kind.PARALLEL, Kind.EVENT_BASED})


def read_flows(draft: Draft, findings: Findings) -> None:
    """Fills `draft` with the sequence flows of all scopes, in document order within each, and with default flows."""
    flow_ids: dict[str, int] = {}
    for scope in draft.scopes:
        for element in children(scope.element, "sequenceFlow"):
            flow = _read_flow(element, draft, findings)
            if flow is not None:
                flow_ids[flow.id] = flow.index
                draft.flows.append(flow)
                draft.nodes[flow.source].outgoing.append(flow.index)
                draft.nodes[flow.target].incoming.append(flow.index)
                if not text_of(next(children(element, "conditionExpression"), None)):
                    draft.undecided.add(flow.index)
                elif flow.condition is None and element.get("id") != draft.nodes[flow.source].element.get("default"):
                    draft.unreadable.add(flow.index)
    for node in draft.nodes:
        _read_default(node, draft, flow_ids, findings)
        _check_ends(node, findings)


def _read_flow(element: _Element, draft: Draft, findings: Findings) -> Flow | None:
    """The flow, None where an end is missing (a finding) or became no node (it has one already)."""
    ends: list[NodeDraft | None] = []
    references = [attribute(element, "sourceRef"), attribute(element, "targetRef")]
    for reference, which in zip(references, ("source", "target"), strict=True):
        if reference is None or reference not in draft.elements:
            found = "names none" if reference is None else f"there is no {reference!r:.80} in this process"
            findings.error(
                "reference.broken",
                element,
                f"Expected a node as {which} of the flow, but {found}.",
                name=(reference or "")[:80],
            )
            return None
        ends.append(draft.by_id.get(reference))
    if len({draft.scope_of[reference] for reference in references if reference}) > 1:
        message = "Expected both ends of the flow in one sub-process, but it crosses a border."
        findings.error("flow.crosses_scope", element, message)
        return None
    source, target = ends
    if source is None or target is None:
        return None
    return Flow(
        index=len(draft.flows),
        id=id_of(element),
        source=source.index,
        target=target.index,
        name=attribute(element, "name") or "",
        condition=_read_condition(element, source, findings),
        line=element.sourceline or 0,
    )


def _read_condition(element: _Element, source: NodeDraft, findings: Findings) -> Expression | None:
    stated = next(children(element, "conditionExpression"), None)
    text = text_of(stated)
    if stated is None or not text:
        return None
    if source.kind in _TAKING_ALL:
        message = "Expected no condition on a flow out of this gateway, but there is one; it is not evaluated."
        findings.add("flow.ignored_condition", "warning", element, message)
        return None
    if source.element.get("default") == id_of(element):
        findings.add(
            "flow.default_condition",
            "warning",
            element,
            "Expected no condition on a default flow, but there is one; it is not evaluated.",
        )
        return None
    return read_stated(stated, element, "the condition", findings, "a person chooses by the labels", boolean=True)


def _read_default(node: NodeDraft, draft: Draft, flow_ids: dict[str, int], findings: Findings) -> None:
    reference = attribute(node.element, "default")
    if reference is None:
        return
    index = flow_ids.get(reference)
    if index is None or draft.flows[index].source != node.index:
        message = f"Expected one of its own flows as default, but {reference!r:.80} is none."
        findings.ask("reference.default", node.element, message, name=reference[:80])
    elif node.kind in _DECIDING and (node.kind not in ACTIVITIES or len(node.outgoing) > 1):
        node.more["default"] = index


def _check_ends(node: NodeDraft, findings: Findings) -> None:
    """Notes flows where no flow may be."""
    if node.incoming and node.kind in (Kind.START, Kind.BOUNDARY):
        findings.error("flow.into_event", node.element, "Expected no flow into this event, but there is one.")
    if node.outgoing and node.kind is Kind.END:
        findings.error("flow.out_of_end", node.element, "Expected no flow out of an end event, but there is one.")
    if node.kind is Kind.EVENT_SUBPROCESS and (node.incoming or node.outgoing):
        message = "Expected no flow at an event sub-process, but there is one."
        findings.error("flow.at_event_subprocess", node.element, message)


def read_boundaries(draft: Draft, findings: Findings) -> None:
    """Attaches the boundary events of `draft` to their activities; also those that became no node must sit on one."""
    for id, element in draft.elements.items():
        if local(element) != "boundaryEvent":
            continue
        reference = attribute(element, "attachedToRef")
        host, node = draft.by_id.get(reference or ""), draft.by_id.get(id)
        if reference not in draft.elements or draft.scope_of[reference] != draft.scope_of[id]:
            message = f"Expected an activity of the same scope to sit on, but there is no {reference!r:.80}."
            findings.error("reference.broken", element, message, name=(reference or "")[:80])
        elif host is not None and host.kind not in ACTIVITIES:
            message = f"Expected an activity to sit on, but {reference!r:.80} is a {local(host.element)}."
            findings.error("boundary.not_on_activity", element, message, name=id_of(host.element))
        elif host is not None and node is not None:
            node.more["attached_to"] = host.index
            host.boundaries.append(node.index)
