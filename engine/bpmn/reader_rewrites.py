"""What the standard lets a file leave out or write shorter, drawn in full with the elements the game plays.

Every rewriting keeps the meaning and is noted on its element; no answer is needed. Source: BPMN 2.0.2, 10.5.1 and
13.3.4 (no start event), 10.5.5 (link events), 13.3.1 (conditional and default flows out of an activity).
"""

from __future__ import annotations

from engine.bpmn.findings import Findings
from engine.bpmn.net import GATEWAYS, Event, Kind
from engine.bpmn.reader_definitions import name_for
from engine.bpmn.reader_draft import Draft, NodeDraft, ScopeDraft
from engine.bpmn.reader_tasks import work_before
from engine.bpmn.tree import attribute, id_of, local

_NEVER_FIRST = frozenset({Kind.BOUNDARY, Kind.EVENT_SUBPROCESS})


def rewrite(draft: Draft, findings: Findings) -> None:
    """Draws in full the links and the missing starts of all scopes of `draft`."""
    for node in list(draft.nodes):
        work_before(node, draft, findings)
    _join_links(draft, findings)
    for scope in draft.scopes:
        _imply_start(scope, draft, findings)


def split_conditional_flows(draft: Draft, findings: Findings) -> None:
    """Draws in full the splits behind activities and events whose flows have conditions or a default."""
    for node in list(draft.nodes):
        _split_activity(node, draft, findings)


def _join_links(draft: Draft, findings: Findings) -> None:
    """A flow from each throwing link event to the catching one of its name in the same scope."""
    for node, name, throws in draft.links:
        if not throws:
            continue
        targets = [
            other
            for other, wanted, throwing in draft.links
            if not throwing and wanted == name and other.scope == node.scope
        ]
        if not targets:
            message = f"Expected a catching link {name!r:.80} in the same (sub-)process, but there is none."
            findings.propose("link.target", node.element, message, "the path ends there", name=name[:80])
            continue
        if len(targets) > 1:
            ids = ", ".join(target.id for target in targets[:5])
            message = f"Expected one catching link {name!r:.80}, but there are {len(targets)}: {ids:.300}."
            findings.propose("link.targets", node.element, message, "the first is meant", name=name[:80])
        if node.outgoing:
            message = "Expected no flow out of a throwing link, but there is one."
            findings.propose("link.flow", node.element, message, "it goes along its flow, and the link leads nowhere")
        else:
            findings.add(
                "link.joined",
                "info",
                node.element,
                f"The link leads to {targets[0].id!r:.80} like a flow.",
                name=targets[0].id[:80],
            )
            draft.connect(node, targets[0])


def _split_activity(node: NodeDraft, draft: Draft, findings: Findings) -> None:
    """An inclusive split behind an activity whose flows have conditions or a default."""
    if node.kind in GATEWAYS:
        return
    default = node.more.pop("default", None)
    conditional = [i for i in node.outgoing if draft.flows[i].condition is not None or i in draft.unreadable]
    if default is None and not conditional:
        return
    split = draft.make(node, "ways", "inclusiveGateway", Kind.INCLUSIVE)
    draft.hand_over(node, split)
    draft.connect(node, split)
    if default is not None:
        split.more["default"] = default
    message = "Conditions on the flows out of the node are decided like an inclusive gateway behind it."
    findings.add("flow.activity_split", "info", node.element, message)


def _imply_start(scope: ScopeDraft, draft: Draft, findings: Findings) -> None:
    """A start for a scope in which none is drawn: at every node that no flow leads to, or for nothing at all."""
    if "startEvent" in map(local, scope.element):
        return
    triggered = scope.element.get("triggeredByEvent") == "true"
    caught_links = {node.index for node, _, throws in draft.links if not throws}
    first = [
        node
        for node in draft.nodes
        if node.scope == scope.index
        and not node.incoming
        and node.kind not in _NEVER_FIRST
        and not (node.more.get("instantiate") and not scope.index)
        and node.index not in caught_links
        and not node.more.get("for_compensation")
    ]
    if first and local(scope.element) == "adHocSubProcess":
        return  # each of them is offered
    if not first and not triggered and _begins_by_itself(scope, draft):
        return
    ring = [node for node in draft.nodes if node.scope == scope.index and node.kind not in _NEVER_FIRST]
    if not first and (ring := [node for node in ring if node.index not in caught_links]):
        message = "Expected a start event or a node that no flow leads to, but there is neither."
        begin = f"it begins at {ring[0].id!r:.80}"
        findings.propose("start.nowhere", scope.element, message, begin, name=ring[0].id[:80])
        first = ring[:1]
    if triggered:
        name = name_for(scope.element)
        message = "Expected a start event in the event sub-process, but there is none."
        findings.propose("start.no_trigger", scope.element, message, f"a message called {name!r:.80}", name=name[:80])
        start = draft.make_start(scope, Event("message", name))
        for node in first:
            draft.connect(start, node)
        return
    start = draft.make_start(scope, Event())
    for node in first:
        draft.connect(start, node)
    names = ", ".join(attribute(node.element, "name") or id_of(node.element) for node in first[:5])
    begins = f"it begins at every node that no flow leads to: {names:.300}" if first else "it is over at once"
    findings.add("start.implied", "info", scope.element, f"No start event is drawn, so {begins}.", names=names[:300])


def _begins_by_itself(scope: ScopeDraft, draft: Draft) -> bool:
    """Whether the messages of receive tasks or of an event-based gateway begin the process."""
    return not scope.index and any(node.more.get("instantiate") and not node.incoming for node in draft.nodes)
