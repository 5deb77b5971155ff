"""What an activity says beside its kind: our marks, multi-instance, call mappings, and what it may not say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml.etree import QName, _Element

from engine.bpmn.expressions import spelling_of
from engine.bpmn.findings import Findings
from engine.bpmn.net import Call, Expression, Kind, MultiInstance, Spelling
from engine.bpmn.reader_texts import read_expression, read_name, stated_spelling
from engine.bpmn.tree import CL, SUBPROCESSES, VENDORS, attribute, children, descendants, id_of, local, text_of
from engine.domain.directive import LOOP_ROLES

MOST_LEGS = 500
PROPOSED_LEGS = "2"
_MARKS = {"loop": "loop", "action": "action", "stage": "stage", "form": "form"}
_KNOWN_MARKS = frozenset(_MARKS) | {"assignee", "operation"}


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
    given["assignee"] = read_expression(attribute(element, "assignee", CL), element, "the assignee", findings)
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
    if kind is Kind.SERVICE:
        given["operation"] = attribute(element, "operation", CL)
        if given["operation"] is None:
            message = "Expected cl:operation to name a registered operation, but this service task names none."
            findings.add("service.no_operation", "warning", element, message, question=True)
    return given


def read_call(element: _Element, findings: Findings) -> Call | None:
    """The called process and its mappings; None, with a finding, where no process is named."""
    process = attribute(element, "calledElement")
    if process is None:
        message = "Expected calledElement to name a process, but this call activity names none."
        findings.propose("call.no_process", element, message, "a person does it")
        return None
    if spelling_of(process) != "plain":
        findings.unsupported(element, "a call whose process is computed", "name the process itself")
        return None
    inputs: list[tuple[Expression, str]] = []
    outputs: list[tuple[Expression, str]] = []
    for extensions in children(element, "extensionElements"):
        for each in extensions:
            tag = QName(each)
            if tag.localname not in ("in", "out"):
                continue
            if tag.namespace == CL:
                _read_mapping(each, element, inputs if tag.localname == "in" else outputs, findings)
            elif tag.namespace in VENDORS and attribute(each, "businessKey") is None:
                mapping = f"the mapping {VENDORS[tag.namespace]}:{tag.localname} without source or target"
                findings.unsupported(element, mapping, "name each variable with cl:in or cl:out")
    return Call(process, tuple(inputs), tuple(outputs))


def _read_mapping(mapping: _Element, element: _Element, into: list[tuple[Expression, str]], findings: Findings) -> None:
    source, target = attribute(mapping, "source"), attribute(mapping, "target")
    if source is None or target is None:
        findings.error("call.mapping", element, "Expected source and target in each mapping, but one is missing.")
        return
    expression = read_expression(source, element, f"the mapping to {target!r:.80}", findings)
    name = read_name(target, element, "target of a mapping", findings)
    if expression and name:
        into.append((expression, name))


def read_multi(element: _Element, data: DataNames, findings: Findings) -> MultiInstance | None:
    """The multi-instance marker of an activity; None where it has none or, with a finding, an unusable one."""
    loop = next(children(element, "multiInstanceLoopCharacteristics"), None)
    if loop is None:
        return None
    if attribute(loop, "behavior") not in (None, "All"):
        findings.unsupported(element, "a multi-instance that throws events while it runs", "leave its behavior at All")
        return None
    cardinality, counted_in = _stated_text(loop, "loopCardinality", element, findings)
    completion, completed_in = _stated_text(loop, "completionCondition", element, findings)
    collection = _collection(loop, data)
    if (cardinality is None) == (collection is None):
        what, proposal = ("neither", f"{PROPOSED_LEGS} legs") if collection is None else ("both", "the collection")
        message = f"Expected either a cardinality or a collection, but the multi-instance has {what}."
        findings.propose("multi.no_collection", element, message, proposal, legs=PROPOSED_LEGS)
        cardinality, counted_in = (PROPOSED_LEGS, "plain") if collection is None else (None, None)
    if cardinality is not None and not _small_enough(cardinality, element, findings):
        return None
    before = findings.errors()
    multi = MultiInstance(
        sequential=loop.get("isSequential") == "true",
        cardinality=read_expression(cardinality, element, "the cardinality", findings, spelling=counted_in),
        collection=read_expression(collection, element, "the collection", findings),
        element=_loop_name(loop, "element", "inputDataItem", element, findings),
        completion=read_expression(
            completion, element, "the completion condition", findings, spelling=completed_in, boolean=True
        ),
        output_collection=_output_collection(loop, data, element, findings),
        output_element=_loop_name(loop, "output_element", "outputDataItem", element, findings),
    )
    return multi if findings.errors() == before else None


def _stated_text(
    loop: _Element, name: str, element: _Element, findings: Findings
) -> tuple[str, Spelling] | tuple[None, None]:
    """The text of a child of the marker with its spelling; nothing where there is none or it is foreign."""
    stated = next(children(loop, name), None)
    text = text_of(stated)
    if stated is None or not text:
        return None, None
    spelling = stated_spelling(stated, text, element, findings)
    return (text, spelling) if spelling else (None, None)


def _collection(loop: _Element, data: DataNames) -> str | None:
    ours = attribute(loop, "collection", CL)
    reference = text_of(next(children(loop, "loopDataInputRef"), None))
    return ours or (data.variable(reference) if reference else None)


def _output_collection(loop: _Element, data: DataNames, element: _Element, findings: Findings) -> str | None:
    reference = text_of(next(children(loop, "loopDataOutputRef"), None))
    given = attribute(loop, "output_collection", CL) or (data.variable(reference) if reference else None)
    return read_name(given, element, "output collection", findings)


def _loop_name(loop: _Element, ours: str, standard: str, element: _Element, findings: Findings) -> str | None:
    """The name our attribute gives, else the one of the standard's data item."""
    given = attribute(loop, ours, CL)
    if given is None and (item := next(children(loop, standard), None)) is not None:
        given = attribute(item, "name") or attribute(item, "id")
    return read_name(given, element, f"{ours.replace('_', ' ')} of a multi-instance", findings)


def _small_enough(cardinality: str, element: _Element, findings: Findings) -> bool:
    """Whether a cardinality, where it is a number, is one the engine would run; a finding where not."""
    try:
        count = float(cardinality)
    except ValueError:
        return True
    if cardinality.isdecimal() and count <= MOST_LEGS:
        return True
    message = f"Expected a whole number of at most {MOST_LEGS} legs, but the cardinality is {cardinality:.40}."
    findings.error("multi.cardinality", element, message, found=cardinality[:40], most=MOST_LEGS)
    return False


def refuse_unusual(element: _Element, findings: Findings) -> None:
    """Notes attributes that change how any activity runs and that the engine does not execute."""
    if element.get("isForCompensation") == "true":
        findings.unsupported(element, "a compensation handler", "draw what is to be undone as a path of its own")
    for name in ("startQuantity", "completionQuantity"):
        if attribute(element, name) == "0":
            message = f"Expected a {name} of at least 1, but it is 0; it is read as 1."
            findings.add("activity.quantity", "warning", element, message, name=name)
        elif attribute(element, name) not in (None, "1"):
            findings.unsupported(element, f"a {name} other than 1", "use a gateway or a multi-instance")
    if local(element) in SUBPROCESSES and local(element) != "subProcess":
        kind = "a transaction" if local(element) == "transaction" else "an ad-hoc sub-process"
        findings.unsupported(element, kind, "use an embedded sub-process")
