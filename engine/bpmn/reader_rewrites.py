"""What the standard lets a file leave out or write shorter, drawn in full with the elements the game plays.

Every rewriting keeps the meaning and is noted on its element; no answer is needed. Source: BPMN 2.0.2, 10.5.1 and
13.3.4 (no start event), 10.5.5 (link events), 13.3.1 (conditional and default flows out of an activity).
"""

from __future__ import annotations

from engine.bpmn.findings import Findings
from engine.bpmn.net import ACTIVITIES, Event, Kind
from engine.bpmn.reader_draft import Draft, NodeDraft, ScopeDraft
from engine.bpmn.tree import attribute, id_of, local

_NEVER_FIRST = frozenset({Kind.BOUNDARY, Kind.EVENT_SUBPROCESS})


def rewrite(draft: Draft, findings: Findings) -> None:
    """Draws in full the links, the split flows of activities and the missing starts of all scopes of `draft`."""
    _join_links(draft, findings)
    for node in list(draft.nodes):
        _split_activity(node, draft, findings)
    for scope in draft.scopes:
        _imply_start(scope, draft, findings)


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
        if len(targets) != 1:
            message = (
                f"Expected one catching link {name!r:.80} in the same (sub-)process, but there are {len(targets)}."
            )
            findings.error("link.target", node.element, message, name=name[:80], count=len(targets))
        elif node.outgoing:
            findings.error("link.flow", node.element, "Expected no flow out of a throwing link, but there is one.")
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
    if node.kind not in ACTIVITIES:
        return
    default = node.more.pop("default", None)
    if default is None and all(draft.flows[index].condition is None for index in node.outgoing):
        return
    split = draft.make(node, "ways", "inclusiveGateway", Kind.INCLUSIVE)
    draft.hand_over(node, split)
    draft.connect(node, split)
    if default is not None:
        split.more["default"] = default
    message = "Conditions on the flows out of the activity are decided like an inclusive gateway behind it."
    findings.add("flow.activity_split", "info", node.element, message)


def _imply_start(scope: ScopeDraft, draft: Draft, findings: Findings) -> None:
    """A start for a scope in which none is drawn: at every node that no flow leads to, or for nothing at all."""
    if "startEvent" in map(local, scope.element) or local(scope.element) == "adHocSubProcess":
        return
    triggered = scope.element.get("triggeredByEvent") == "true"
    first = [
        node
        for node in draft.nodes
        if node.scope == scope.index
        and not node.incoming
        and node.kind not in _NEVER_FIRST
        and node.element.get("isForCompensation") != "true"
    ]
    if triggered or (not first and scope.index in draft.scope_of.values()):
        remedy = "draw one and connect it"
        findings.unsupported(
            scope.element, "a (sub-)process without a start event in which no node comes first", remedy
        )
        return
    start = draft.make_start(scope, Event())
    for node in first:
        draft.connect(start, node)
    names = ", ".join(attribute(node.element, "name") or id_of(node.element) for node in first[:5])
    begins = f"it begins at every node that no flow leads to: {names:.300}" if first else "it is over at once"
    findings.add("start.implied", "info", scope.element, f"No start event is drawn, so {begins}.", names=names[:300])
