"""What undoes what: handlers of compensation boundaries, what compensation is thrown at, and transactions that cancel.

Source: BPMN 2.0.2, 10.3.5, 10.5.6 and 10.7.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from engine.bpmn.findings import Findings
from engine.bpmn.net import ACTIVITIES, Event, Kind
from engine.bpmn.reader_draft import Draft, NodeDraft
from engine.bpmn.tree import attribute, descendants

_THROWING = frozenset({Kind.THROW, Kind.END})


def read_compensation(draft: Draft, findings: Findings) -> None:
    """Settles the compensation and cancel events of `draft`, whose boundaries and flows are read."""
    associated = dict(_associations(draft))
    for node in draft.nodes:
        if node.element.get("isForCompensation") == "true" and not node.incoming:
            node.more["for_compensation"] = True
    for node in list(draft.nodes):
        kinds = {part.kind for part in _parts(node)}
        if node.kind is Kind.BOUNDARY and "compensation" in kinds:
            _connect_handler(node, associated.get(node.id), draft, findings)
        elif node.kind in _THROWING and "compensation" in kinds:
            _check_target(node, draft, findings)
        elif node.kind is Kind.END and "cancel" in kinds:
            _check_cancel(node, draft, findings)
        elif node.kind is Kind.BOUNDARY and "cancel" in kinds:
            _check_cancel_boundary(node, draft, findings)


def _parts(node: NodeDraft) -> tuple[Event, ...]:
    event: Event | None = node.more.get("event")
    return () if event is None else event.parts or (event,)


def _associations(draft: Draft) -> Iterator[tuple[str, NodeDraft]]:
    """Each boundary event that is associated with an activity, by its id, with that activity."""
    for association in descendants(draft.process.getroottree().getroot(), "association"):
        ends = [draft.by_id.get(attribute(association, name) or "") for name in ("sourceRef", "targetRef")]
        for one, other in (ends, ends[::-1]):
            if one is not None and other is not None and one.kind is Kind.BOUNDARY and other.kind in ACTIVITIES:
                yield one.id, other


def _connect_handler(boundary: NodeDraft, handler: NodeDraft | None, draft: Draft, findings: Findings) -> None:
    """Gives a compensation boundary the activity that is associated with it, or the one a flow leads to."""
    if handler is None:
        targets = [draft.nodes[draft.flows[index].target] for index in boundary.outgoing]
        handler = next((node for node in targets if node.kind in ACTIVITIES), None)
        if handler is not None:
            message = "The flow out of a compensation event is read as the association with its handler."
            findings.add("compensation.flow", "info", boundary.element, message)
    if handler is None:
        message = "Expected an activity associated with the compensation event, but there is none."
        findings.propose("compensation.no_handler", boundary.element, message, "a person undoes it")
        handler = draft.make(boundary, "undo", "userTask", Kind.USER, attribute(boundary.element, "name") or "")
    if handler.outgoing:
        message = "Expected no flow out of an activity that compensates, but there is one."
        findings.propose("compensation.handler_flow", handler.element, message, "it is not followed")
    for node in (boundary, handler):
        _cut(node, draft)
    boundary.more["handler"] = handler.index
    handler.more["for_compensation"] = True


def _cut(node: NodeDraft, draft: Draft) -> None:
    """Takes the flows out of `node` away from both of their ends."""
    for index in node.outgoing:
        draft.nodes[draft.flows[index].target].incoming.remove(index)
    node.outgoing.clear()


def _check_target(node: NodeDraft, draft: Draft, findings: Findings) -> None:
    """Sees that what compensation is thrown at is an activity that is undone from here."""
    parts: list[Event] = []
    for part in _parts(node):
        name = part.name
        if part.kind != "compensation" or name is None:
            parts.append(part)
            continue
        target = draft.by_id.get(name)
        if target is None or target.scope != _scope_undone(node, draft) or target.kind not in ACTIVITIES:
            message = f"Expected an activity of the scope around to compensate, but {name!r:.80} is none."
            proposal = "all that is done there is compensated"
            findings.propose("compensation.activity", node.element, message, proposal, name=name[:80])
            part = replace(part, name=None)  # what is read of the part
        elif not _can_be_undone(target, draft):
            message = f"Nothing is drawn that undoes {name!r:.80}: this event does nothing."
            findings.add("compensation.nothing", "warning", node.element, message, name=name[:80])
        parts.append(part)
    event: Event = node.more["event"]
    node.more["event"] = replace(event, parts=tuple(parts)) if event.parts else parts[0]


def _scope_undone(node: NodeDraft, draft: Draft) -> int:
    """The scope whose activities a throwing event undoes: of an event sub-process, the one around it."""
    around = draft.scopes[node.scope].node
    if around is not None and draft.nodes[around].kind is Kind.EVENT_SUBPROCESS:
        return draft.nodes[around].scope
    return node.scope


def _can_be_undone(target: NodeDraft, draft: Draft) -> bool:
    boundaries = (draft.nodes[index] for index in target.boundaries)
    return target.kind is Kind.SUBPROCESS or any(
        part.kind == "compensation" for boundary in boundaries for part in _parts(boundary)
    )


# -- transactions ----------------------------------------------------------------------------------------------------


def _check_cancel(node: NodeDraft, draft: Draft, findings: Findings) -> None:
    """Sees that a cancel end event stands in a transaction that is left by a cancel boundary."""
    scope = draft.scopes[node.scope]
    while scope.node is not None and not draft.nodes[scope.node].more.get("transaction"):
        scope = draft.scopes[scope.parent or 0]
    if scope.node is None:
        message = "Expected a transaction around the cancel end event, but there is none."
        findings.propose("cancel.outside", node.element, message, "it is an end like any other")
        node.more["event"] = Event()
        return
    transaction = draft.nodes[scope.node]
    boundaries = [draft.nodes[index] for index in transaction.boundaries]
    if not any(part.kind == "cancel" for boundary in boundaries for part in _parts(boundary)):
        message = "Expected a cancel event at the border of the transaction, but there is none."
        findings.propose("cancel.no_boundary", transaction.element, message, "nothing follows a cancelled transaction")
        more: dict[str, Any] = {"event": Event("cancel"), "attached_to": transaction.index}
        made = draft.make(transaction, "cancelled", "boundaryEvent", Kind.BOUNDARY, **more)
        transaction.boundaries.append(made.index)


def _check_cancel_boundary(node: NodeDraft, draft: Draft, findings: Findings) -> None:
    host = node.more.get("attached_to")
    if host is not None and not draft.nodes[host].more.get("transaction"):
        message = "Expected a transaction under the cancel event, but this is none."
        findings.propose("cancel.no_transaction", node.element, message, "it never happens")
