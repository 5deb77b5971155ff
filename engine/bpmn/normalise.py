"""The second step of an upload: one spelling for what files write in many, each change listed.

Missing ids are made, prefixes leave references, booleans become true and false, processes become executable, and the
simple vendor attributes become ours. No meaning changes; what cannot be said without a choice is left to the reader.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml.etree import _Element

from engine.bpmn import (
    normalise_forms,
    normalise_globals,
    normalise_jbpm,
    normalise_people,
    normalise_vendor,
    normalise_xpath,
)
from engine.bpmn.tree import CL, EVENT_DEFINITIONS, FLOW_NODES, MODEL, descendants, id_of, local
from engine.bpmn.vendor_words import family_of

IDENTIFIED = (
    FLOW_NODES
    | EVENT_DEFINITIONS
    | {
        "collaboration",
        "error",
        "escalation",
        "lane",
        "laneSet",
        "childLaneSet",
        "message",
        "messageFlow",
        "multiInstanceLoopCharacteristics",
        "participant",
        "process",
        "sequenceFlow",
        "signal",
        "standardLoopCharacteristics",
    }
)
BOOLEANS = (
    "cancelActivity",
    "cancelRemainingInstances",
    "instantiate",
    "isExecutable",
    "isForCompensation",
    "isInterrupting",
    "isSequential",
    "parallelMultiple",
    "testBefore",
    "triggeredByEvent",
    "waitForCompletion",
)
REFERENCES = (
    "activityRef",
    "attachedToRef",
    "calledElement",
    "default",
    "errorRef",
    "escalationRef",
    "itemSubjectRef",
    "messageRef",
    "operationRef",
    "processRef",
    "signalRef",
    "sourceRef",
    "targetRef",
)
TEXT_REFERENCES = frozenset(
    {
        "eventDefinitionRef",
        "flowNodeRef",
        "incoming",
        "loopDataInputRef",
        "loopDataOutputRef",
        "outgoing",
        "sourceRef",
        "targetRef",
    }
)
_MESSAGING = frozenset({"messageEventDefinition", "receiveTask", "sendTask"})
_WORK = ("operation", "topic", "bean", "expression")  # a task that says who does its work sends no message
_PREFIXED = re.compile(r"([^\W\d][\w.-]*):([^\s:]+)")


@dataclass(frozen=True, slots=True)
class Change:
    """One change made to a file on reading: on which element, what, and the text before and after."""

    element: str
    what: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Normalised:
    """The normalised tree, every change that was made, and the forms that the file draws itself, as schemas by name."""

    root: _Element
    changes: tuple[Change, ...] = ()
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def normalise(root: _Element) -> Normalised:
    """The tree of `root`, changed in place, with the list of changes."""
    changes: list[Change] = []
    unnamed: list[_Element] = []
    numbers: Counter[str] = Counter()
    forms: dict[str, Mapping[str, Any]] = {}
    data = normalise_xpath.data_names(root)
    known = {id for element in root.iter(f"{{{MODEL}}}*") if (id := id_of(element))}
    for id, was, inside in normalise_globals.draw_global_tasks(root, known):
        changes.append(Change(id, "global task as a process", was, inside))
    for element in root.iter(f"{{{MODEL}}}*"):
        name = _spelt(element, changes)
        if name in IDENTIFIED:
            _identify(element, name, known, numbers, changes)
        _unprefix(element, name, known, changes)
        for attribute in BOOLEANS:
            _settle_boolean(element, attribute, changes)
        if name == "process" and element.get("isExecutable") == "false":
            element.set("isExecutable", "true")
            changes.append(Change(id_of(element), "made executable", "false", "true"))
        _name(element, name, changes)
        if name in _MESSAGING and element.get("messageRef") is None:
            unnamed.append(element)
        adopted = (*normalise_vendor.adopt(element), *normalise_people.adopt(element, name))
        adopted = (*adopted, *normalise_jbpm.adopt(element, name))
        adopted = (*adopted, *normalise_forms.adopt(element, name, forms), *normalise_xpath.adopt(element, data))
        for what, before, after in adopted:
            changes.append(Change(_nearest_id(element), what, before, after))
    _declare_errors(root, known, changes)
    for element in unnamed:
        if local(element) != "sendTask" or not any(element.get(f"{{{CL}}}{word}") for word in _WORK):
            changes.append(_declare_message(root, element, known))
    return Normalised(root, tuple(changes), forms)


def _spelt(element: _Element, changes: list[Change]) -> str:
    """The name of an element; one of a flow node or flow that begins with a capital letter is written small."""
    name = local(element)
    small = name[:1].lower() + name[1:]
    if name != small and small in IDENTIFIED:
        element.tag = f"{{{MODEL}}}{small}"
        changes.append(Change(_nearest_id(element), "name of the element", name, small))
    return local(element)


def _declare_errors(root: _Element, known: set[str], changes: list[Change]) -> None:
    """Declares an error that is referred to by its code alone, as the family of Activiti lets files do."""
    if not any(family_of(namespace) == "engine" for namespace in root.nsmap.values()):
        return
    codes = {value for each in descendants(root, "error") for value in (each.get("errorCode"), each.get("name"))}
    for definition in list(descendants(root, "errorEventDefinition")):
        code = (definition.get("errorRef") or "").strip()
        if code and code not in known and code not in codes:
            known.add(code)
            root.insert(0, root.makeelement(f"{{{MODEL}}}error", id=code, errorCode=code))
            changes.append(Change(_nearest_id(definition), "error declared", None, code))


def _identify(element: _Element, name: str, known: set[str], numbers: Counter[str], changes: list[Change]) -> None:
    """Gives an element without id the next free one of its kind; strips the id it has."""
    before = element.get("id")
    id = id_of(element)
    while not id:
        numbers[name] += 1
        numbered = f"{name}_{numbers[name]}"
        id = "" if numbered in known else numbered
    if id != before:
        known.add(id)
        element.set("id", id)
        changes.append(Change(id, "id", before, id))


def _unprefix(element: _Element, name: str, known: set[str], changes: list[Change]) -> None:
    """Strips the namespace prefix from references, where the prefix is declared and no id is called so."""

    def bare(reference: str) -> str:
        found = _PREFIXED.fullmatch(reference)
        return found.group(2) if found and reference not in known and found.group(1) in element.nsmap else reference

    for attribute in REFERENCES:
        value = element.get(attribute)
        if value is not None and (after := bare(value.strip())) != value:
            element.set(attribute, after)
            changes.append(Change(_nearest_id(element), attribute, value, after))
    if name in TEXT_REFERENCES and element.text and len(element) == 0:
        stripped = element.text.strip()
        element.text = bare(stripped)
        if element.text != stripped:
            changes.append(Change(_nearest_id(element), name, stripped, element.text))


def _settle_boolean(element: _Element, attribute: str, changes: list[Change]) -> None:
    """Writes an xs:boolean as true or false."""
    before = element.get(attribute)
    if before is None:
        return
    stripped = before.strip()
    after = {"1": "true", "0": "false"}.get(stripped, stripped)
    if after != before:
        element.set(attribute, after)
        changes.append(Change(id_of(element), attribute, before, after))


def _name(element: _Element, name: str, changes: list[Change]) -> None:
    """Gives a message its id as name, and an error or escalation its name or id as code, where the file gives none."""
    attribute = {"message": "name", "error": "errorCode", "escalation": "escalationCode"}.get(name)
    if attribute is None or (element.get(attribute) or "").strip():
        return
    after = (element.get("name") or "").strip() or id_of(element)
    changes.append(Change(id_of(element), attribute, element.get(attribute), after))
    element.set(attribute, after)


def _declare_message(root: _Element, element: _Element, known: set[str]) -> Change:
    """Declares a message, called like the node, for a message event or task that names none."""
    inside_an_event = local(element) == "messageEventDefinition"
    node = element.getparent() if inside_an_event else element
    name = id_of(element if node is None or node is root else node)
    id = f"message_{name}"
    while id in known:
        id += "_"
    known.add(id)
    root.insert(0, root.makeelement(f"{{{MODEL}}}message", id=id, name=name))
    element.set("messageRef", id)
    return Change(name, "message named", None, name)


def _nearest_id(element: _Element) -> str:
    """The id of `element` or of the nearest element around it that has one."""
    at: _Element | None = element
    while at is not None and not id_of(at):
        at = at.getparent()
    return "" if at is None else id_of(at)
