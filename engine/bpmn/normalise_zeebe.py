"""What Zeebe (Camunda 8) says in extension elements, written in words of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from lxml.etree import _Element

from engine.bpmn.expressions import spelling_of
from engine.bpmn.normalise_mappings import remove
from engine.bpmn.tree import CL, VENDORS, attribute, local
from engine.bpmn.vendor_words import DOCUMENTATION, fate_of

Adopted = tuple[str, str | None, str | None]

_ZEEBE = next(namespace for namespace, vendor in VENDORS.items() if vendor == "zeebe")
_BINDINGS = {"latest": "latest", "deployment": "deployment", "versionTag": "tag"}
_BUNDLED = "camunda-forms:bpmn:"  # a form that stands in the file itself
_SAID: Mapping[str, Mapping[str, str]] = {
    "loopCharacteristics": {
        "inputCollection": "collection",
        "inputElement": "element",
        "outputCollection": "output_collection",
        "outputElement": "output_element",
    },
    "assignmentDefinition": {"assignee": "assignee", "candidateGroups": "candidates", "candidateUsers": "candidates"},
    "taskSchedule": {"dueDate": "due"},
    "priorityDefinition": {"priority": "priority"},
    "formDefinition": {"formId": "form", "formKey": "form", "externalReference": "form"},
    "taskDefinition": {"type": "topic", "retries": "retries"},
    "calledDecision": {"decisionId": "decision", "resultVariable": "result"},
    "script": {"expression": "expression", "resultVariable": "result"},
    "subscription": {"correlationKey": "key"},
    "calledElement": {"bindingType": "binding", "versionTag": "version"},
}
_CONSTANTS = frozenset({"assignee", "due", "priority"})
_NAMES = frozenset({"output_element", "topic", "retries", "decision", "form"})  # ours are words, not expressions


def adopt(element: _Element, name: str) -> Iterator[Adopted]:
    """Writes what the extension elements of Zeebe in `element` say in ours: (what, before, after) for each."""
    if name == "callActivity":
        yield from _adopt_called(element)
    for holder in [child for child in element if local(child) == "extensionElements"]:
        for theirs in list(holder.iter(f"{{{_ZEEBE}}}*")):
            word = str(theirs.tag).rpartition("}")[2]
            if word in _SAID and fate_of(_ZEEBE, word, name) is not DOCUMENTATION:
                yield from _carry(element, theirs, word)


def _carry(element: _Element, theirs: _Element, word: str) -> Iterator[Adopted]:
    for said, ours in _SAID[word].items():
        value = attribute(theirs, said)
        after = None if value is None else _value(ours, value)
        if after is None or element.get(f"{{{CL}}}{ours}") is not None:
            continue
        element.set(f"{{{CL}}}{ours}", after)
        del theirs.attrib[said]
        yield f"zeebe:{word}@{said} as cl:{ours}", value, after
    if not theirs.attrib and not len(theirs):
        remove(theirs)


def _value(ours: str, value: str) -> str | None:
    """The value of a word of ours for a text of Zeebe; None for one that ours cannot say."""
    if ours == "binding":
        return _BINDINGS.get(value)
    if ours in _CONSTANTS:
        return value if spelling_of(value) != "plain" else json.dumps(value, ensure_ascii=False)
    if ours not in _NAMES or not value.startswith("="):
        return value.removeprefix(_BUNDLED) if ours == "form" else value
    return _constant(value) if ours != "output_element" else value.removeprefix("=").strip()


def _constant(feel: str) -> str | None:
    """The text of a FEEL expression that is one literal."""
    try:
        found = json.loads(feel.removeprefix("=").strip())
    except ValueError:
        return None
    return str(found) if isinstance(found, str | int) else None


def _adopt_called(call: _Element) -> Iterator[Adopted]:
    """The called process, and whether it gets and gives back every variable, which in Zeebe it does unless told."""
    for holder in [child for child in call if local(child) == "extensionElements"]:
        for called in list(holder.iter(f"{{{_ZEEBE}}}calledElement")):
            process = attribute(called, "processId")
            if process and call.get("calledElement") is None:
                call.set("calledElement", process)
                del called.attrib["processId"]
                yield "zeebe:calledElement@processId as calledElement", process, process
            for said, ours in (("propagateAllParentVariables", "in"), ("propagateAllChildVariables", "out")):
                stated = called.attrib.pop(said, None)
                every = "false" if stated == "false" or (ours == "out" and _has_outputs(holder)) else "true"
                if call.get(f"{{{CL}}}all_{ours}") is None:
                    call.set(f"{{{CL}}}all_{ours}", every)
                    yield f"zeebe:calledElement@{said} as cl:all_{ours}", None if stated is None else str(stated), every
            if not called.attrib and not len(called):
                remove(called)


def _has_outputs(holder: _Element) -> bool:
    """Whether the file names what comes back, in which case nothing else does."""
    return next(holder.iter(f"{{{_ZEEBE}}}output"), None) is not None
