"""What connects nodes: sequence flows inside a scope, default flows, boundary events on their activities."""

from __future__ import annotations

from lxml.etree import _Element

from engine.bpmn.findings import Findings
from engine.bpmn.net import ACTIVITIES, Event, Expression, Flow, Kind
from engine.bpmn.reader_draft import Draft, NodeDraft
from engine.bpmn.reader_texts import read_stated
from engine.bpmn.tree import FLOW_NODES, attribute, children, id_of, local, text_of

_DECIDING = ACTIVITIES | {Kind.EXCLUSIVE, Kind.INCLUSIVE, Kind.COMPLEX}
_LEFT_OUT, _NEVER_HAPPENS = "the flow is left out", "it never happens"
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


def _read_flow(element: _Element, draft: Draft, findings: Findings) -> Flow | None:
    """The flow, None where an end is missing (a finding) or became no node (it has one already)."""
    ends: list[NodeDraft | None] = []
    references = [attribute(element, "sourceRef"), attribute(element, "targetRef")]
    for reference, which in zip(references, ("source", "target"), strict=True):
        if reference is None or reference not in draft.elements:
            _note_missing(element, reference, f"a node as {which} of the flow", _LEFT_OUT, draft, findings)
            return None
        ends.append(draft.by_id.get(reference))
    if len({draft.scope_of[reference] for reference in references if reference}) > 1:
        message = "Expected both ends of the flow in one sub-process, but it crosses a border."
        findings.propose("flow.crosses_scope", element, message, _LEFT_OUT)
        return None
    source, target = ends
    if source is None or target is None or _is_misplaced(element, source, target, findings):
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


def _note_missing(
    element: _Element, reference: str | None, wanted: str, proposal: str, draft: Draft, findings: Findings
) -> bool:
    """Notes a reference to nothing, which leaves the drawing without meaning; one to another place is a question.

    Whether it is one: what the file has in another process or sub-process is left out until it is drawn anew.
    """
    nodes = (each for each in draft.process.getroottree().getroot().iter() if local(each) in FLOW_NODES)
    if reference is not None and any(id_of(each) == reference for each in nodes):
        message = f"Expected {wanted}, but {reference!r:.80} stands in another process or sub-process."
        findings.propose("reference.elsewhere", element, message, proposal, name=reference[:80])
        return True
    found = "it names none" if reference is None else f"there is no {reference!r:.80} in this process"
    findings.error("reference.broken", element, f"Expected {wanted}, but {found}.", name=(reference or "")[:80])
    return False


def _is_misplaced(element: _Element, source: NodeDraft, target: NodeDraft, findings: Findings) -> bool:
    """Whether a flow leads where none may: into a start or boundary event, out of an end, to an event sub-process."""
    if Kind.EVENT_SUBPROCESS in (source.kind, target.kind):
        rule, message = "flow.at_event_subprocess", "Expected no flow at an event sub-process, but there is one."
    elif target.kind in (Kind.START, Kind.BOUNDARY):
        rule, message = "flow.into_event", "Expected no flow into this event, but there is one."
    elif source.kind is Kind.END:
        rule, message = "flow.out_of_end", "Expected no flow out of an end event, but there is one."
    else:
        return False
    findings.propose(rule, element, message, _LEFT_OUT)
    return True


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
        findings.propose("reference.default", node.element, message, "no way is the default", name=reference[:80])
    elif node.kind in _DECIDING and (node.kind not in ACTIVITIES or len(node.outgoing) > 1):
        node.more["default"] = index


def read_boundaries(draft: Draft, findings: Findings) -> None:
    """Attaches the boundary events of `draft` to their activities; also those that became no node must sit on one."""
    for id, element in draft.elements.items():
        if local(element) != "boundaryEvent":
            continue
        reference = attribute(element, "attachedToRef")
        host, node = draft.by_id.get(reference or ""), draft.by_id.get(id)
        if reference not in draft.elements or draft.scope_of[reference] != draft.scope_of[id]:
            wanted = "an activity of the same scope to sit on"
            if _note_missing(element, reference, wanted, _NEVER_HAPPENS, draft, findings) and node is not None:
                _let_go(node)
        elif host is not None and host.kind not in ACTIVITIES:
            message = f"Expected an activity to sit on, but {reference!r:.80} is a {local(host.element)}."
            findings.propose("boundary.not_on_activity", element, message, _NEVER_HAPPENS, name=id_of(host.element))
            if node is not None:
                _let_go(node)
        elif host is not None and node is not None:
            node.more["attached_to"] = host.index
            host.boundaries.append(node.index)


def _let_go(node: NodeDraft) -> None:
    """A boundary event that sits on nothing becomes an event that no token comes to."""
    node.kind = Kind.THROW
    node.more["event"] = Event()
