"""Answers to the questions of a check: values are written into the normalised tree, accepted proposals are settled.

Pure. Shape: an answer is None for "take the proposal", else a value as JSON holds it: a text, or for the ways out of a
gateway a text by flow id. A value takes the place of what the file left out, so the reading after it does not ask
again; a proposal is what the net was made with already, so accepting it only ends the question. Both are changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lxml.etree import SubElement, _Element

from engine.bpmn.findings import Finding
from engine.bpmn.normalise import Change
from engine.bpmn.tree import CL, MODEL, attribute, children, descendants, id_of, local
from engine.errors import Rejected

Answers = Mapping[str, Any]
NO_ANSWERS: Answers = {}
LONGEST = 2_000
DEFAULT_WAY = "default"
"""The answer, for a way out of a gateway, that makes it the default."""
_ACCEPTED = "answered"
_TIMES = ("timeDuration", "timeDate", "timeCycle")


@dataclass(frozen=True, slots=True)
class _Slot:
    """What a question takes as a value: the kind a page asks for, and how it is written into the element."""

    kind: str
    write: Callable[[_Element, _Element, Any], None]


def apply(root: _Element, questions: Iterable[Finding], answers: Answers) -> tuple[Change, ...]:
    """Writes the values among `answers` into `root`; what was changed.

    Raises: Rejected `answer.not_taken` where a question takes no value of its own, `answer.invalid` for one that does
    not fit its kind.
    """
    by_id = {id_of(element): element for element in root.iter(f"{{{MODEL}}}*")}
    changes = []
    for question in questions:
        value = answers.get(question.key or "")
        if value is None or question.element is None:
            continue
        element = by_id.get(question.element)
        slot = None if element is None else _slot_of(question.rule, element)
        if slot is None or element is None:
            raise _refusal("answer.not_taken", "a question that takes a value", question)
        slot.write(root, element, _checked(slot, value, question))
        changes.append(Change(question.element, f"{_ACCEPTED}: {question.rule}", None, _shown(value)))
    return tuple(changes)


def settle(findings: Iterable[Finding], answers: Answers) -> tuple[list[Finding], tuple[Change, ...]]:
    """The findings with the accepted proposals no longer questions, and each of these as a change."""
    settled, changes = [], []
    for finding in findings:
        accepted = finding.question and finding.proposal is not None and finding.key in answers
        if accepted and answers[finding.key or ""] is None:
            changes.append(Change(finding.element or "", f"{_ACCEPTED}: {finding.rule}", None, finding.proposal))
            finding = replace(finding, severity="info", question=False)
        settled.append(finding)
    return settled, tuple(changes)


def wants(root: _Element, question: Finding) -> dict[str, Any] | None:
    """What value a question takes: its kind, and for the ways out of a gateway each way; None where it takes none."""
    element = next((each for each in root.iter(f"{{{MODEL}}}*") if id_of(each) == question.element), root)
    slot = _slot_of(question.rule, element)
    if slot is None:
        return None
    if slot.kind != "conditions":
        return {"kind": slot.kind}
    names = {id_of(each): attribute(each, "name") or "" for each in root.iter(f"{{{MODEL}}}*")}
    ways = [flow for flow in descendants(root, "sequenceFlow") if attribute(flow, "sourceRef") == question.element]
    listed = [
        {"id": id_of(flow), "label": attribute(flow, "name") or names.get(attribute(flow, "targetRef") or "", "")}
        for flow in ways
    ]
    return {"kind": slot.kind, "ways": listed}


def _checked(slot: _Slot, value: Any, question: Finding) -> Any:
    """`value`, stripped, where it has the shape its slot takes."""
    texts = value if slot.kind == "conditions" else {"": value}
    if not isinstance(texts, Mapping) or not texts:
        raise _refusal("answer.invalid", "a condition for each way", question)
    for text in texts.values():
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST or not text.isprintable():
            raise _refusal("answer.invalid", f"a line of text of at most {LONGEST} characters", question)
    stripped = {name: text.strip() for name, text in texts.items()}
    return stripped if slot.kind == "conditions" else stripped[""]


def _refusal(code: str, wanted: str, question: Finding) -> Rejected:
    message = f"Expected {wanted}, but the answer to “{question.key}” is none."
    return Rejected(code, message, element=question.element, key=question.key, rule=question.rule)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{way}: {text}" for way, text in value.items())[:LONGEST]
    return str(value)


# -- how each kind of value is written ---------------------------------------------------------------------------------


def _free_id(root: _Element, wanted: str) -> str:
    known = {id_of(each) for each in root.iter(f"{{{MODEL}}}*")}
    while wanted in known:
        wanted += "_"
    return wanted


def _make(parent: _Element, name: str, **attributes: str) -> _Element:
    return SubElement(parent, f"{{{MODEL}}}{name}", attributes)


def _definition_in(element: _Element, name: str) -> _Element:
    """The event definition of that kind in `element`, made where there is none."""
    found = next(children(element, name), None)
    return _make(element, name, id=f"{id_of(element)}_{name}") if found is None else found


def _declare(root: _Element, kind: str, **attributes: str) -> None:
    root.insert(0, root.makeelement(f"{{{MODEL}}}{kind}", attributes))


def _write_time(_: _Element, element: _Element, text: str) -> None:
    definition = _definition_in(element, "timerEventDefinition")
    for old in list(children(definition, *_TIMES)):
        definition.remove(old)
    name = "timeDuration"
    if re.match(r"R\d*/|[\d*?]+\s", text):
        name = "timeCycle"
    elif re.match(r"\d{4}-", text):
        name = "timeDate"
    _make(definition, name).text = text


def _attribute(name: str) -> Callable[[_Element, _Element, Any], None]:
    return lambda _, element, text: element.set(name, text)


def _write_message(root: _Element, element: _Element, name: str) -> None:
    id = _free_id(root, f"message_{id_of(element)}")
    _declare(root, "message", id=id, name=name)
    if local(element) in ("sendTask", "receiveTask"):
        element.set("messageRef", id)
    else:
        _definition_in(element, "messageEventDefinition").set("messageRef", id)


def _declared(kind: str, attribute: str) -> Callable[[_Element, _Element, Any], None]:
    """A signal, error or escalation declared beside the processes, which the event of the element refers to."""

    def write(root: _Element, element: _Element, text: str) -> None:
        id = _free_id(root, f"{kind}_{id_of(element)}")
        _declare(root, kind, **{"id": id, attribute: text})
        _definition_in(element, f"{kind}EventDefinition").set(f"{kind}Ref", id)

    return write


def _write_condition(_: _Element, element: _Element, text: str) -> None:
    definition = _definition_in(element, "conditionalEventDefinition")
    for old in list(children(definition, "condition")):
        definition.remove(old)
    _make(definition, "condition").text = text


def _write_legs(_: _Element, element: _Element, text: str) -> None:
    """A number of legs, or the collection they run over."""
    loop = next(children(element, "multiInstanceLoopCharacteristics"))
    for old in list(children(loop, "loopCardinality", "loopDataInputRef")):
        loop.remove(old)
    loop.attrib.pop(f"{{{CL}}}collection", None)
    if text.isdecimal():
        _make(loop, "loopCardinality").text = text
    else:
        loop.set(f"{{{CL}}}collection", text)


def _write_conditions(root: _Element, element: _Element, conditions: Mapping[str, str]) -> None:
    own = {id_of(flow): flow for flow in descendants(root, "sequenceFlow")}
    for id, text in conditions.items():
        flow = own.get(id)
        if flow is None or attribute(flow, "sourceRef") != id_of(element):
            message = f"Expected one of the ways out of “{id_of(element)}”, but {id!r:.80} is none."
            raise Rejected("answer.invalid", message, element=id_of(element), key=id, rule="gateway.no_condition")
        for old in list(children(flow, "conditionExpression")):
            flow.remove(old)
        if text == DEFAULT_WAY:
            element.set("default", id)
        else:
            _make(flow, "conditionExpression").text = text


def _write_way(_: _Element, flow: _Element, text: str) -> None:
    """The condition of one way, in place of one that could not be read."""
    for old in list(children(flow, "conditionExpression")):
        flow.remove(old)
    _make(flow, "conditionExpression").text = text


def _slot_of(rule: str, element: _Element) -> _Slot | None:
    """What a question on `element` takes; any fault of a condition is answered with another condition."""
    if rule.startswith("expression.") and local(element) == "sequenceFlow":
        return WAY
    return SLOTS.get(rule)


WAY = _Slot("condition", _write_way)
SLOTS: Mapping[str, _Slot] = {
    "timer.unset": _Slot("time", _write_time),
    "timer.several": _Slot("time", _write_time),
    "call.no_process": _Slot("process", _attribute("calledElement")),
    "service.no_operation": _Slot("operation", _attribute(f"{{{CL}}}operation")),
    "service.program": _Slot("operation", _attribute(f"{{{CL}}}operation")),
    "call.computed": _Slot("process", _attribute("calledElement")),
    "call.version": _Slot("version", _attribute(f"{{{CL}}}version")),
    "multi.cardinality": _Slot("legs", _write_legs),
    "task.script": _Slot("operation", _attribute(f"{{{CL}}}operation")),
    "task.decision": _Slot("operation", _attribute(f"{{{CL}}}operation")),
    "event.no_trigger": _Slot("message", _write_message),
    "reference.message": _Slot("message", _write_message),
    "message.unnamed": _Slot("message", _write_message),
    "signal.unnamed": _Slot("signal", _declared("signal", "name")),
    "error.no_code": _Slot("error", _declared("error", "errorCode")),
    "reference.error": _Slot("error", _declared("error", "errorCode")),
    "escalation.no_code": _Slot("escalation", _declared("escalation", "escalationCode")),
    "condition.unset": _Slot("condition", _write_condition),
    "reference.default": _Slot("flow", _attribute("default")),
    "multi.no_collection": _Slot("legs", _write_legs),
    "gateway.no_condition": _Slot("conditions", _write_conditions),
}
"""What a value answers, by the rule of the question; a rule that is not here takes its proposal only."""
