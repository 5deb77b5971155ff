"""How scopes begin: which starts a process, a sub-process and an event sub-process may have.

Source: BPMN 2.0.2, 10.5.2.
"""

from __future__ import annotations

from engine.bpmn.findings import Findings
from engine.bpmn.net import Event, Kind
from engine.bpmn.reader_definitions import name_for
from engine.bpmn.reader_draft import Draft, NodeDraft, ScopeDraft
from engine.bpmn.tree import children, id_of

_THROWN = frozenset({"error", "escalation", "compensation"})


def check_starts(scope: ScopeDraft, draft: Draft, findings: Findings) -> None:
    """Settles the starts of a scope that does not begin in the way its kind has to."""
    starts = [draft.by_id[id_of(each)] for each in children(scope.element, "startEvent") if id_of(each) in draft.by_id]
    around = None if scope.node is None else draft.nodes[scope.node]
    if around is None:
        for start in starts:
            _check_start_of_process(start, findings)
    elif around.kind is Kind.EVENT_SUBPROCESS:
        if len(starts) > 1:
            names = ", ".join(start.id for start in starts)
            message = f"Expected one start event in an event sub-process, but it has {len(starts)}: {names:.300}."
            findings.propose("start.several", scope.element, message, "the first is its start", count=len(starts))
            for start in starts[1:]:
                start.kind = Kind.THROW
                start.more["event"] = Event()
        for start in starts[:1]:
            if _kinds(start) == {"none"}:
                _propose_message(start, "start.no_trigger", findings)
    else:
        for start in starts:
            if _kinds(start) != {"none"}:
                message = "Expected a start without a trigger in a sub-process, but it has one."
                findings.propose("start.trigger_inside", start.element, message, "it begins without waiting")
                start.more["event"] = Event()


def _check_start_of_process(start: NodeDraft, findings: Findings) -> None:
    if _kinds(start) & _THROWN:
        _propose_message(start, "start.thrown", findings)
    elif "conditional" in _kinds(start):
        message = "Nothing looks at the condition before there is an instance: it is begun by hand."
        findings.add("start.conditional", "info", start.element, message)


def _kinds(start: NodeDraft) -> set[str]:
    event: Event = start.more["event"]
    return {part.kind for part in event.parts or (event,)}


def _propose_message(start: NodeDraft, rule: str, findings: Findings) -> None:
    name = name_for(start.element)
    kinds = " or ".join(sorted(_kinds(start)))
    message = f"Expected a start by something that can come to it, but this is a start by {kinds}."
    findings.propose(rule, start.element, message, f"a message called {name!r:.80}", name=name[:80])
    start.more["event"] = Event("message", name)
