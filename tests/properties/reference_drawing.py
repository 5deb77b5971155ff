"""A BPMN file as the reference game sees it: elements and sequence flows under their ids, nothing compiled.

Read with the standard library alone and without any code of the engine, so a mistake of the engine's reader shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree import ElementTree

_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_CITYLOOP = "{urn:cityloop:bpmn:1}"
_EVENT_DEFINITIONS = ("message", "timer", "error", "terminate")


@dataclass
class Multi:
    """A multi-instance marker as drawn; every text is a name, a number or a condition."""

    sequential: bool
    cardinality: str | None = None
    collection: str | None = None
    element: str | None = None
    completion: str | None = None
    output_collection: str | None = None
    output_element: str | None = None


@dataclass
class Element:
    """One flow node; `within` is the id of the process or sub-process that contains it."""

    id: str
    tag: str
    within: str
    event: str = "none"
    error_code: str | None = None
    fires: int | None = 1  # how often a timer fires; None for a message, which may come as often as it likes
    attached_to: str | None = None
    interrupting: bool = True
    by_event: bool = False
    default: str | None = None
    multi: Multi | None = None
    incoming: list[str] = field(default_factory=list)
    outgoing: list[str] = field(default_factory=list)


@dataclass
class Arrow:
    """One sequence flow."""

    id: str
    source: str
    target: str
    condition: str | None


class Drawing:
    """All elements and arrows of the first process of a BPMN file."""

    def __init__(self, xml: str) -> None:
        root = ElementTree.fromstring(xml)
        self.elements: dict[str, Element] = {}
        self.arrows: dict[str, Arrow] = {}
        self._error_codes = {error.get("id"): error.get("errorCode") for error in root.iter(f"{_BPMN}error")}
        process = root.find(f"{_BPMN}process")
        assert process is not None
        self.process = process.attrib["id"]
        self._read_content(process)
        for arrow in self.arrows.values():
            self.elements[arrow.source].outgoing.append(arrow.id)
            self.elements[arrow.target].incoming.append(arrow.id)

    def inside(self, scope: str) -> list[Element]:
        """The elements drawn directly in a process or sub-process."""
        return [element for element in self.elements.values() if element.within == scope]

    def boundaries(self, activity: str) -> list[Element]:
        """The boundary events on an activity."""
        return [element for element in self.elements.values() if element.attached_to == activity]

    def start_of(self, scope: str) -> Element:
        """The one start event of a process or sub-process."""
        (start,) = [element for element in self.inside(scope) if element.tag == "startEvent"]
        return start

    def event_subprocesses(self, scope: str) -> list[Element]:
        """The event sub-processes drawn directly in a process or sub-process."""
        return [element for element in self.inside(scope) if element.by_event]

    def _read_content(self, container: ElementTree.Element) -> None:
        scope = container.attrib["id"]
        for child in container:
            tag = child.tag.removeprefix(_BPMN)
            if tag == "sequenceFlow":
                condition = child.findtext(f"{_BPMN}conditionExpression")
                arrow = Arrow(child.attrib["id"], child.attrib["sourceRef"], child.attrib["targetRef"], condition)
                self.arrows[arrow.id] = arrow
            elif tag.endswith(("Event", "Gateway", "task", "Task", "subProcess")):
                self._read_element(child, tag, scope)
                if tag == "subProcess":
                    self._read_content(child)

    def _read_element(self, child: ElementTree.Element, tag: str, scope: str) -> None:
        element = Element(child.attrib["id"], tag, scope, default=child.get("default"))
        element.attached_to = child.get("attachedToRef")
        element.by_event = child.get("triggeredByEvent") == "true"
        flag = "cancelActivity" if tag == "boundaryEvent" else "isInterrupting"
        element.interrupting = child.get(flag, "true") == "true"
        for event in _EVENT_DEFINITIONS:
            definition = child.find(f"{_BPMN}{event}EventDefinition")
            if definition is not None:
                element.event = event
                element.error_code = self._error_codes.get(definition.get("errorRef"))
                repeats = re.match(r"R(\d+)/", definition.findtext(f"{_BPMN}timeCycle", ""))
                element.fires = int(repeats.group(1)) if repeats else None if event == "message" else 1
        marker = child.find(f"{_BPMN}multiInstanceLoopCharacteristics")
        if marker is not None:
            element.multi = _read_multi(marker)
        self.elements[element.id] = element


def _read_multi(marker: ElementTree.Element) -> Multi:
    def name_of(item: str) -> str | None:
        found = marker.find(f"{_BPMN}{item}")
        return None if found is None else found.get("name")

    return Multi(
        sequential=marker.get("isSequential") == "true",
        cardinality=marker.findtext(f"{_BPMN}loopCardinality"),
        collection=marker.get(f"{_CITYLOOP}collection") or marker.findtext(f"{_BPMN}loopDataInputRef"),
        element=marker.get(f"{_CITYLOOP}element") or name_of("inputDataItem"),
        completion=marker.findtext(f"{_BPMN}completionCondition"),
        output_collection=marker.findtext(f"{_BPMN}loopDataOutputRef"),
        output_element=name_of("outputDataItem"),
    )
