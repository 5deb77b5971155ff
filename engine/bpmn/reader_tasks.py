"""Who does the work of a task: an operation, workers outside, a decision, an expression of ours, or a person.

A program of the file, which is not here, is asked about with a proposal: the registered operation of its name. What
the file does not say, or says in a script, is proposed as a person's. No script of a file ever runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lxml.etree import _Element

from engine.bpmn.expressions import check_expression, spelling_of
from engine.bpmn.findings import Findings
from engine.bpmn.net import Event, Expression, Kind, Spelling
from engine.bpmn.reader_draft import Draft, NodeDraft
from engine.bpmn.reader_texts import read_name
from engine.bpmn.tree import CL, attribute, children, id_of, text_of

MOST_RETRIES = 1_000
SHAPES = ("singleEntry", "singleResult", "collectEntries", "resultList")
WORKING = frozenset({"businessRuleTask", "scriptTask", "sendTask", "serviceTask"})
_OUTSIDE = ("operation", "topic", "bean")
_OPEN: Mapping[str, tuple[str, str]] = {
    "serviceTask": ("service.no_operation", "a registered operation"),
    "scriptTask": ("task.script", "a registered operation for the script, which never runs here"),
    "businessRuleTask": ("task.decision", "a registered operation for the decision"),
}
_OUR_SCRIPTS: Mapping[str, Spelling] = {"feel": "feel", "juel": "juel", "plain": "plain"}


def kind_of(element: _Element, name: str, findings: Findings) -> Kind | None:
    """What a task is by who does its work; None for a task that says so by its own name."""
    if name not in WORKING:
        return None
    if any(attribute(element, word, CL) for word in _OUTSIDE):
        return Kind.SERVICE
    if name == "businessRuleTask" and (decision := attribute(element, "decision", CL)) is not None:
        if spelling_of(decision) == "plain":
            return Kind.RULE
        message = f"Expected cl:decision to name a decision, but it is computed: {decision:.80}."
        findings.propose("task.decision_computed", element, message, "a person does it", text=decision[:80])
        return Kind.MANUAL
    if _expression(element) is not None:
        return Kind.SCRIPT
    if attribute(element, "expression", CL) or (name == "serviceTask" and attribute(element, "operationRef")):
        return Kind.SERVICE
    if name not in _OPEN:
        return None
    rule, wanted = _OPEN[name]
    findings.propose(rule, element, f"Expected cl:operation to name {wanted}, but it names none.", "a person does it")
    return Kind.MANUAL


def read_work(element: _Element, kind: Kind, findings: Findings) -> dict[str, Any]:
    """The fields of a node that say what its work is; nothing for kinds without such."""
    if kind is Kind.SERVICE:
        return _read_service(element, findings)
    if kind is Kind.RULE:
        shape = attribute(element, "map_result", CL)
        return {
            "decision": attribute(element, "decision", CL),
            "result": _result(element, findings),
            "map_result": shape if shape in SHAPES else None,
        }
    if kind is Kind.SCRIPT:
        expression, result = _expression(element), _result(element, findings)
        return {"script": ((expression, result),) if expression and result else ()}
    return {}


def work_before(node: NodeDraft, draft: Draft, findings: Findings) -> None:
    """Draws the work that sends the message of a throwing event: workers, a program or an expression of ours.

    An engine that says so for an event does the work in place of sending; here it stands before the event, which then
    throws nothing.
    """
    event = node.more.get("event")
    if node.kind not in (Kind.THROW, Kind.END) or event is None or event.kind != "message":
        return
    for said in (node.element, *children(node.element, "messageEventDefinition")):
        if not any(attribute(said, word, CL) for word in (*_OUTSIDE, "expression")):
            continue
        kind = Kind.SERVICE if any(attribute(said, word, CL) for word in _OUTSIDE) else Kind.SCRIPT
        kind = kind if kind is Kind.SERVICE or _expression(said) is not None else Kind.SERVICE
        more = read_work(said, kind, findings)
        more["outputs"] = more.pop("script", ())
        name = attribute(node.element, "name") or ""
        draft.put_before(node, draft.make(node, "work", "serviceTask", kind, name, **more))
        node.more["event"] = Event()
        findings.add("event.work", "info", node.element, "The work that sends the message stands before the event.")
        return


def _result(element: _Element, findings: Findings) -> str | None:
    return read_name(attribute(element, "result", CL), element, "cl:result", findings, proposal="it is not kept")


def _expression(element: _Element) -> Expression | None:
    """The work of a task that is one expression of ours, without side effects; None for anything else.

    A bare name whose value nobody keeps would do nothing: in a file it stands for a program.
    """
    text, spelling = attribute(element, "expression", CL), None
    if text is None:
        spelling = _OUR_SCRIPTS.get((attribute(element, "scriptFormat") or "").lower())
        text = text_of(next(children(element, "script"), None)) if spelling else ""
    if not text:
        return None
    spelling = spelling or spelling_of(text)
    bare = text.strip("=${#} \n\t").isidentifier() and text.strip("=${#} \n\t") not in ("true", "false", "null")
    if check_expression(text, spelling, None) or (bare and attribute(element, "result", CL) is None):
        return None
    return Expression(text, spelling)


def _read_service(element: _Element, findings: Findings) -> dict[str, Any]:
    """What a service node calls: a registered operation, a topic of external workers, or a program to ask about."""
    found: dict[str, Any] = {"operation": attribute(element, "operation", CL)}
    found["topic"] = topic = attribute(element, "topic", CL)
    retries = attribute(element, "retries", CL)
    if retries is not None and retries.isdecimal() and int(retries) <= MOST_RETRIES:
        found["retries"] = int(retries)
    if found["operation"] is not None or topic is not None:
        return found
    program = program_of(element)[:80]
    message = f"Expected a registered operation, but the file calls the program {program!r:.80}, which is not here."
    proposal = f"the registered operation {program!r:.80}"
    findings.propose("service.program", element, message, proposal, program=program)
    found["operation"] = program
    return found


def program_of(element: _Element) -> str:
    """The name of the program of another engine, or of the operation of a web service, that does the work."""
    if (called := attribute(element, "expression", CL)) is not None:
        return re.sub(r"\s*\(.*", "", called.strip("${#} \n\t"), flags=re.DOTALL)
    return attribute(element, "bean", CL) or attribute(element, "operationRef") or id_of(element)
