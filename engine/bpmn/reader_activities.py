"""What an activity says beside its kind: our marks, multi-instance, call mappings, and what it may not say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml.etree import QName, _Element

from engine.bpmn.expressions import spelling_of
from engine.bpmn.findings import Findings
from engine.bpmn.net import Call, Expression, Kind, MultiInstance
from engine.bpmn.reader_tasks import read_work
from engine.bpmn.reader_texts import read_expression, read_name, read_stated
from engine.bpmn.reader_work import keeps_result, read_mappings, read_people, with_binding
from engine.bpmn.tree import CL, FLOW_NODES, VENDORS, attribute, children, descendants, id_of, text_of
from engine.domain.directive import LOOP_ROLES

MOST_LEGS = 500
PROPOSED_LEGS = "2"
_MARKS = {"loop": "loop", "action": "action", "stage": "stage", "form": "form", "exit": "exit"}
MOST_ROUNDS = 100
_KNOWN_MARKS = frozenset(_MARKS) | {
    *("assignee", "candidates", "due", "priority", "rounds"),
    *("operation", "bean", "expression", "topic", "retries", "decision", "result", "map_result"),
    *("binding", "version", "all_in", "all_out"),
}


@dataclass(frozen=True, slots=True)
class DataNames:
    """The names of data elements by id: what `loopDataInputRef` and its like mean as variable names."""

    by_id: dict[str, str]

    @classmethod
    def of(cls, root: _Element) -> DataNames:
        """The data elements of a whole file; one without a usable name is called by its id."""
        names: dict[str, str] = {}
        for kind in ("dataObject", "dataObjectReference", "dataInput", "dataOutput", "property"):
            for each in descendants(root, kind):
                name = attribute(each, "name") or ""
                names[id_of(each)] = name if name.isidentifier() else id_of(each)
        return cls(names)

    def variable(self, reference: str) -> str:
        """The variable a reference means: the data element's name, else the reference itself."""
        return self.by_id.get(reference, reference)


def _read_rounds(element: _Element, findings: Findings) -> int | None:
    """How often a step is done by its lane before `cl:exit` decides; None where no number of rounds is set."""
    text = attribute(element, "rounds", CL)
    if text is None:
        return None
    if text.isascii() and text.isdigit() and 0 < int(text) <= MOST_ROUNDS:
        return int(text)
    message = f"Expected a whole number from 1 to {MOST_ROUNDS} as cl:rounds, but it is {text!r:.80}."
    findings.error("cl.rounds", element, message, most=MOST_ROUNDS, found=text[:80])
    return None


def read_marks(element: _Element, kind: Kind, findings: Findings) -> dict[str, Any]:
    """The fields of a node that come from attributes of our namespace."""
    given: dict[str, Any] = {ours: attribute(element, name, CL) for name, ours in _MARKS.items()}
    if given["loop"] is not None and given["loop"] not in LOOP_ROLES:
        known = ", ".join(LOOP_ROLES)
        findings.error(
            "cl.loop",
            element,
            f"Expected cl:loop to be one of {known}, but it is {given['loop']!r:.80}.",
            name=given["loop"][:80],
            known=known,
        )
    given["rounds"] = _read_rounds(element, findings)
    assignee = attribute(element, "assignee", CL)
    given["assignee"] = read_expression(assignee, element, "the assignee", findings, proposal="nobody in particular")
    given |= read_people(element, kind, findings)
    given["inputs"], given["outputs"] = (read_mappings(element, way, findings) for way in ("input", "output"))
    given |= read_work(element, kind, findings)
    given["outputs"] = (*given.pop("script", ()), *given["outputs"])
    given["keeps_result"] = keeps_result(element)
    for name in element.attrib:
        tag = QName(str(name))
        if tag.namespace == CL and tag.localname not in _KNOWN_MARKS:
            findings.add(
                "cl.unknown",
                "warning",
                element,
                f"Expected a known mark, but cl:{tag.localname} is none.",
                name=tag.localname,
            )
    return given


def read_call(element: _Element, findings: Findings) -> Call | None:
    """The called process and its mappings; None, with a finding, where no process is named."""
    process = attribute(element, "calledElement")
    if process is None:
        message = "Expected calledElement to name a process, but this call activity names none."
        findings.propose("call.no_process", element, message, "a person does it")
        return None
    if spelling_of(process) != "plain":
        message = f"Expected calledElement to name a process, but it is computed: {process:.80}."
        findings.propose("call.computed", element, message, "a person does it", text=process[:80])
        return None
    root = element.getroottree().getroot()
    drawn = (each for each in descendants(root, "process") if next(children(each, *FLOW_NODES), None) is not None)
    if process not in map(id_of, drawn):
        message = f"The process {process!r:.80} is not in this file: the call waits until it is published."
        findings.add("call.elsewhere", "info", element, message, process=process[:80])
    inputs, outputs = (read_mappings(element, way, findings) for way in ("in", "out"))
    for extensions in children(element, "extensionElements"):
        for each in extensions:
            tag = QName(each)
            vendor = VENDORS.get(tag.namespace or "")
            if vendor and tag.localname in ("in", "out") and attribute(each, "businessKey") is None:
                said = f"{vendor}:{tag.localname}"
                message = f"Expected a source and a target in each mapping, but {said} has not both."
                findings.propose("call.mapping", element, message, "this mapping is left out")
    return with_binding(Call(process, inputs, outputs), element, findings)


def read_multi(element: _Element, data: DataNames, findings: Findings) -> MultiInstance | None:
    """The multi-instance marker of an activity; None where it has none or, with a finding, an unusable one."""
    loop = next(children(element, "multiInstanceLoopCharacteristics"), None)
    if loop is None:
        return None
    if attribute(loop, "behavior") not in (None, "All"):
        message = "Expected a multi-instance that throws nothing while it runs, but its behavior is not All."
        findings.propose("multi.behavior", element, message, "it throws nothing")
    cardinality, collection = _legs(loop, data, element, findings)
    completion = next(children(loop, "completionCondition"), None)
    return MultiInstance(
        sequential=loop.get("isSequential") == "true",
        cardinality=cardinality,
        collection=collection,
        element=_loop_name(loop, "element", "inputDataItem", element, findings),
        completion=None
        if completion is None
        else read_stated(
            completion, element, "the completion condition", findings, "all legs are awaited", boolean=True
        ),
        output_collection=_output_collection(loop, data, element, findings),
        output_element=_loop_name(loop, "output_element", "outputDataItem", element, findings),
    )


def _legs(
    loop: _Element, data: DataNames, element: _Element, findings: Findings
) -> tuple[Expression | None, Expression | None]:
    """The cardinality or the collection of a multi-instance: exactly one, as proposed where the file leaves it open."""
    counted = next(children(loop, "loopCardinality"), None)
    counted = counted if text_of(counted) else None
    over = _collection(loop, data)
    proposal = f"{PROPOSED_LEGS} legs"
    cardinality = collection = None
    if over is not None:
        if counted is not None:
            message = "Expected either a cardinality or a collection, but the multi-instance has both."
            findings.propose("multi.no_collection", element, message, "the collection", legs=PROPOSED_LEGS)
        collection = read_expression(over, element, "the collection", findings, proposal=proposal)
    elif counted is None:
        message = "Expected either a cardinality or a collection, but the multi-instance has neither."
        findings.propose("multi.no_collection", element, message, proposal, legs=PROPOSED_LEGS)
    elif _small_enough(text_of(counted), element, findings):
        cardinality = read_stated(counted, element, "the cardinality", findings, proposal)
    if collection is None and cardinality is None:
        cardinality = Expression(PROPOSED_LEGS)
    return cardinality, collection


def _collection(loop: _Element, data: DataNames) -> str | None:
    ours = attribute(loop, "collection", CL)
    reference = text_of(next(children(loop, "loopDataInputRef"), None))
    return ours or (data.variable(reference) if reference else None)


def _output_collection(loop: _Element, data: DataNames, element: _Element, findings: Findings) -> str | None:
    reference = text_of(next(children(loop, "loopDataOutputRef"), None))
    given = attribute(loop, "output_collection", CL) or (data.variable(reference) if reference else None)
    return read_name(given, element, "output collection", findings, proposal="nothing is collected")


def _loop_name(loop: _Element, ours: str, standard: str, element: _Element, findings: Findings) -> str | None:
    """The name our attribute gives, else the one of the standard's data item."""
    given = attribute(loop, ours, CL)
    if given is None and (item := next(children(loop, standard), None)) is not None:
        given = attribute(item, "name") or attribute(item, "id")
    where = f"{ours.replace('_', ' ')} of a multi-instance"
    return read_name(given, element, where, findings, proposal="it has no name")


def _small_enough(cardinality: str, element: _Element, findings: Findings) -> bool:
    """Whether a cardinality, where it is a number, is one the engine would run; a finding where not."""
    try:
        count = float(cardinality)
    except ValueError:
        return True
    if cardinality.isdecimal() and count <= MOST_LEGS:
        return True
    message = f"Expected a whole number of at most {MOST_LEGS} legs, but the cardinality is {cardinality:.40}."
    proposal = f"{PROPOSED_LEGS} legs"
    findings.propose("multi.cardinality", element, message, proposal, found=cardinality[:40], most=MOST_LEGS)
    return False


def refuse_unusual(element: _Element, findings: Findings) -> None:
    """Notes attributes that change how any activity runs and that the engine does not execute."""
    for name in ("startQuantity", "completionQuantity"):
        if attribute(element, name) == "0":
            message = f"Expected a {name} of at least 1, but it is 0; it is read as 1."
            findings.add("activity.quantity", "warning", element, message, name=name)
        elif attribute(element, name) not in (None, "1"):
            message = f"Expected a {name} of 1, but it is {attribute(element, name)}."
            findings.propose("activity.several_tokens", element, message, "one token is enough", name=name)
