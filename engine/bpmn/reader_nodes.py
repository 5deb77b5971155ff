"""Scopes and their nodes: which element is which kind of node, and what its kind adds to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml.etree import _Element

from engine.bpmn.findings import Findings
from engine.bpmn.net import ACTIVITIES, Event, Kind
from engine.bpmn.reader_activities import DataNames, read_call, read_marks, read_multi, refuse_unusual
from engine.bpmn.reader_definitions import Definitions
from engine.bpmn.reader_draft import Draft, ScopeDraft
from engine.bpmn.reader_events import link_of, read_event
from engine.bpmn.reader_markers import read_activation, read_adhoc, read_loop
from engine.bpmn.reader_starts import check_starts
from engine.bpmn.reader_tasks import kind_of
from engine.bpmn.reader_work import with_words
from engine.bpmn.tree import EVENTS, FLOW_NODES, SUBPROCESSES, children, id_of, local

MOST_LEVELS = 5
KINDS: Mapping[str, Kind] = {
    "startEvent": Kind.START,
    "endEvent": Kind.END,
    "intermediateCatchEvent": Kind.CATCH,
    "intermediateThrowEvent": Kind.THROW,
    "boundaryEvent": Kind.BOUNDARY,
    "task": Kind.MANUAL,
    "manualTask": Kind.MANUAL,
    "userTask": Kind.USER,
    "receiveTask": Kind.RECEIVE,
    "sendTask": Kind.SEND,
    "serviceTask": Kind.SERVICE,
    "eventBasedGateway": Kind.EVENT_BASED,
    "exclusiveGateway": Kind.EXCLUSIVE,
    "parallelGateway": Kind.PARALLEL,
    "inclusiveGateway": Kind.INCLUSIVE,
    "complexGateway": Kind.COMPLEX,
    "callActivity": Kind.CALL,
}
_UNSUPPORTED: Mapping[str, tuple[str, str]] = {}
_QUIET = frozenset(
    {
        "association",
        "auditing",
        "category",
        "documentation",
        "extensionElements",
        "group",
        "incoming",
        "laneSet",
        "monitoring",
        "multiInstanceLoopCharacteristics",
        "outgoing",
        "resourceRole",
        "performer",
        "humanPerformer",
        "potentialOwner",
        "sequenceFlow",
        "standardLoopCharacteristics",
        "supports",
        "supportedInterfaceRef",
        "textAnnotation",
    }
)
_KEPT = frozenset(
    {
        "dataInputAssociation",
        "dataObject",
        "dataObjectReference",
        "dataOutputAssociation",
        "dataStoreReference",
        "ioBinding",
        "ioSpecification",
        "property",
    }
)


def read_scopes(draft: Draft, definitions: Definitions, data: DataNames, findings: Findings) -> None:
    """Fills `draft` with the scopes and nodes of its process; one level of recursion for each level of nesting."""
    _read_scope(draft.open_scope(draft.process, None, None), draft, definitions, data, findings)


def _read_scope(scope: ScopeDraft, draft: Draft, definitions: Definitions, data: DataNames, findings: Findings) -> None:
    if scope.depth == MOST_LEVELS + 1:
        message = (
            f"Expected at most {MOST_LEVELS} levels of sub-processes, but this one is deeper; call a process instead."
        )
        findings.add("scope.too_deep", "warning", scope.element, message, most=MOST_LEVELS)
    for element in children(scope.element):
        name = local(element)
        if name in FLOW_NODES:
            draft.elements[id_of(element)] = element
            draft.scope_of[id_of(element)] = scope.index
            _read_node(element, name, scope, draft, definitions, data, findings)
            _note_kept(element, findings)
        elif name in _KEPT or (name not in _QUIET and scope.node is None):
            _note_as_documentation(element, scope.element, findings)
    check_starts(scope, draft, findings)


def _note_kept(element: _Element, findings: Findings) -> None:
    if local(element) not in SUBPROCESSES:
        for each in children(element, *_KEPT):
            _note_as_documentation(each, element, findings)


def _note_as_documentation(kept: _Element, around: _Element, findings: Findings) -> None:
    on = kept if id_of(kept) else around
    if next(children(kept, "assignment", "transformation"), None) is not None:
        message = f"Expected no computed value in a {local(kept)}, but there is one. Proposed: it stays documentation."
        findings.add("data.computed", "warning", on, message, question=True, proposal="it stays documentation")
        return
    if local(kept) == "correlationSubscription":
        proposal = "messages go by their names and keys"
        message = f"Expected a key on the message itself, but it is correlated elsewhere. Proposed: {proposal}."
        findings.add("message.correlation", "warning", on, message, question=True, proposal=proposal)
        return
    message = f"The {local(kept)} is kept as documentation; values are variables of the instance."
    findings.add("kept_as_documentation", "info", on, message, kind=local(kept))


def _read_node(
    element: _Element,
    name: str,
    scope: ScopeDraft,
    draft: Draft,
    definitions: Definitions,
    data: DataNames,
    findings: Findings,
) -> None:
    if name in SUBPROCESSES:
        _read_subprocess(element, scope, draft, definitions, data, findings)
        return
    kind = kind_of(element, name, findings) or KINDS.get(name)
    if kind is None:
        construct, remedy = _UNSUPPORTED.get(name, (f"a {name}", "use the elements of a process"))
        findings.unsupported(element, construct, remedy)
        return
    more: dict[str, Any] = read_marks(element, kind, findings)
    link = link_of(element)
    if link is not None:
        throws = kind is Kind.THROW
        draft.links.append((draft.add(element, Kind.THROW, scope.index, event=Event(), **more), link, throws))
        return
    if name in EVENTS:
        event = read_event(element, definitions, findings)
        more["event"] = event
        more["interrupting"] = _interrupts(element, name, event, findings)
    if kind is Kind.RECEIVE and element.get("instantiate") == "true":
        more["instantiate"] = True
    if kind in (Kind.RECEIVE, Kind.SEND):
        message = Event("message", definitions.named_or_proposed("message", element, element, findings))
        more["event"] = with_words(message, element, element, findings)
    if kind is Kind.CALL:
        more["call"] = read_call(element, findings)
        kind = Kind.CALL if more["call"] else Kind.MANUAL
    if kind in ACTIVITIES:
        refuse_unusual(element, findings)
        more["multi"] = read_multi(element, data, findings)
        more["repeat"] = read_loop(element, findings)
    if kind is Kind.COMPLEX:
        more["activation"] = read_activation(element, findings)
    draft.add(element, kind, scope.index, **more)


def _interrupts(element: _Element, name: str, event: Event, findings: Findings) -> bool:
    """Whether a boundary or start event interrupts, which an error always does."""
    interrupts = element.get("cancelActivity" if name == "boundaryEvent" else "isInterrupting") != "false"
    kinds = {part.kind for part in event.parts or (event,)}
    if name in ("boundaryEvent", "startEvent") and "error" in kinds and not interrupts:
        message = "Expected an error to interrupt, but it is drawn as one that does not."
        findings.propose("error.not_interrupting", element, message, "it interrupts")
        return True
    return interrupts


def _read_subprocess(
    element: _Element,
    scope: ScopeDraft,
    draft: Draft,
    definitions: Definitions,
    data: DataNames,
    findings: Findings,
) -> None:
    refuse_unusual(element, findings)
    triggered = element.get("triggeredByEvent") == "true"
    kind = Kind.EVENT_SUBPROCESS if triggered else Kind.SUBPROCESS
    more = read_marks(element, kind, findings)
    more["multi"] = read_multi(element, data, findings)
    more["repeat"] = read_loop(element, findings)
    if triggered and (more["multi"] is not None or more["repeat"] is not None):
        message = "Expected an event sub-process that is not repeated, but this one is: each trigger begins it anew."
        findings.propose("multi.event_subprocess", element, message, "it is not repeated")
        more["multi"] = more["repeat"] = None
    more["transaction"] = local(element) == "transaction"
    more["adhoc"] = read_adhoc(element, findings)
    node = draft.add(element, kind, scope.index, **more)
    inside = draft.open_scope(element, node.index, scope.index)
    node.more["scope_inside"] = inside.index
    _read_scope(inside, draft, definitions, data, findings)
