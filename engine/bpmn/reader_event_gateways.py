"""Event-based gateways: what they wait for, and what is asked where something else stands behind them.

Source: BPMN 2.0.2, 10.6.6 and 13.4.4.
"""

from __future__ import annotations

from engine.bpmn.findings import Findings
from engine.bpmn.net import Kind
from engine.bpmn.reader_draft import Draft, NodeDraft
from engine.bpmn.reader_gateways import let_a_person_choose
from engine.bpmn.tree import attribute


def settle_event_gateways(draft: Draft, findings: Findings) -> None:
    """Asks about each event-based gateway behind which something stands that is not waited for."""
    for node in list(draft.nodes):
        if node.kind is Kind.EVENT_BASED:
            _settle(node, draft, findings)


def read_event_gateway(node: NodeDraft) -> None:
    """Notes on an event-based gateway whether it needs every event and whether it begins instances."""
    node.more["parallel"] = attribute(node.element, "eventGatewayType") == "Parallel"
    node.more["instantiate"] = node.element.get("instantiate") == "true"


def _settle(node: NodeDraft, draft: Draft, findings: Findings) -> None:
    read_event_gateway(node)
    others = [target for flow in node.outgoing if not _is_awaited(target := draft.nodes[draft.flows[flow].target])]
    if not node.outgoing:
        message = "Expected events behind the event-based gateway, but there are none."
        findings.propose("gateway.no_event", node.element, message, "it lets everything through")
    elif others:
        names = ", ".join(repr(each.id)[:80] for each in others[:5])
        message = f"Expected events or receive tasks behind the event-based gateway, but there are others: {names}."
        findings.propose("gateway.not_awaited", node.element, message, "a person chooses by the labels", names=names)
    if not node.outgoing or others:
        node.kind = Kind.EXCLUSIVE
        del node.more["parallel"], node.more["instantiate"]
        if len(node.outgoing) > 1:
            let_a_person_choose(node, draft)
    elif node.more["instantiate"] and (node.incoming or node.scope):
        message = "The gateway begins no instance, since a flow leads to it or it stands in a sub-process."
        findings.add("gateway.not_first", "warning", node.element, message)
        node.more["instantiate"] = False


def _is_awaited(target: NodeDraft) -> bool:
    """Whether the gateway can wait for this node itself: a receive task on whose border nothing sits (13.4.4)."""
    if target.kind is Kind.RECEIVE:
        return not target.boundaries and not target.more.get("multi") and not target.more.get("repeat")
    return target.kind is Kind.CATCH
