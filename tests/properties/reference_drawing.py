"""A BPMN file as the reference game sees it: elements and sequence flows under their ids, nothing compiled.

Read with the standard library alone and without any code of the engine, so a mistake of the engine's reader shows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree import ElementTree

_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_CITYLOOP = "{urn:cityloop:bpmn:1}"
_NODES = ("Event", "Gateway", "task", "Task", "subProcess", "SubProcess", "transaction", "callActivity")
SUBPROCESSES = ("subProcess", "transaction", "adHocSubProcess")
TASKS = ("userTask", "manualTask", "task", "serviceTask", "receiveTask", "sendTask", "callActivity", *SUBPROCESSES)


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
class Again:
    """A standard loop marker as drawn."""

    condition: str | None
    before: bool
    most: int | None


@dataclass
class Part:
    """One event definition. `name` is a signal, an error or escalation code, a link or the activity to compensate."""

    kind: str
    name: str | None = None
    condition: str | None = None
    fires: int | None = 1  # how often a timer fires; None for what may come as often as it likes


@dataclass
class Element:
    """One flow node; `within` is the id of the process or sub-process that contains it."""

    id: str
    tag: str
    within: str
    parts: list[Part] = field(default_factory=list)
    every: bool = False  # a parallel multiple event
    attached_to: str | None = None
    interrupting: bool = True
    by_event: bool = False
    default: str | None = None
    multi: Multi | None = None
    again: Again | None = None
    handler: str | None = None  # compensation boundary: the activity that compensates
    activation: str | None = None  # complex gateway
    ordered: bool = False  # ad-hoc: one after the other
    completion: str | None = None  # ad-hoc
    cancels_rest: bool = True  # ad-hoc
    compensates: bool = False
    incoming: list[str] = field(default_factory=list)
    outgoing: list[str] = field(default_factory=list)

    @property
    def event(self) -> str:
        """The kind of its one event definition, `none` without any, `multiple` with several."""
        return "multiple" if len(self.parts) > 1 else self.parts[0].kind if self.parts else "none"

    @property
    def name(self) -> str | None:
        """The name in its one event definition."""
        return self.parts[0].name

    @property
    def fires(self) -> int | None:
        """How often it fires while it is armed."""
        return self.parts[0].fires if len(self.parts) == 1 else None


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
        self._names = {one.get("id"): one.get("errorCode") for one in root.iter(f"{_BPMN}error")}
        self._names |= {one.get("id"): one.get("escalationCode") for one in root.iter(f"{_BPMN}escalation")}
        self._names |= {one.get("id"): one.get("name") for one in root.iter(f"{_BPMN}signal")}
        process = root.find(f"{_BPMN}process")
        assert process is not None
        self.process = process.attrib["id"]
        self._read_content(process)
        for arrow in self.arrows.values():
            self.elements[arrow.source].outgoing.append(arrow.id)
            self.elements[arrow.target].incoming.append(arrow.id)
        for line in root.iter(f"{_BPMN}association"):
            source = self.elements.get(line.attrib["sourceRef"])
            if source is not None and source.event == "compensation":
                source.handler = line.attrib["targetRef"]

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

    def compensation_of(self, activity: str) -> Element | None:
        """The activity that compensates another, as its boundary event says."""
        for event in self.boundaries(activity):
            if event.handler is not None:
                return self.elements[event.handler]
        return None

    def landing_of(self, link: Element) -> Element:
        """The catching link event that belongs to a throwing one."""
        (landing,) = [
            other
            for other in self.inside(link.within)
            if other.tag == "intermediateCatchEvent" and other.event == "link" and other.name == link.name
        ]
        return landing

    def _read_content(self, container: ElementTree.Element) -> None:
        scope = container.attrib["id"]
        for child in container:
            tag = child.tag.removeprefix(_BPMN)
            if tag == "sequenceFlow":
                condition = child.findtext(f"{_BPMN}conditionExpression")
                arrow = Arrow(child.attrib["id"], child.attrib["sourceRef"], child.attrib["targetRef"], condition)
                self.arrows[arrow.id] = arrow
            elif tag.endswith(_NODES):
                self._read_element(child, tag, scope)
                if tag in SUBPROCESSES:
                    self._read_content(child)

    def _read_element(self, child: ElementTree.Element, tag: str, scope: str) -> None:
        element = Element(child.attrib["id"], tag, scope, default=child.get("default"))
        element.attached_to = child.get("attachedToRef")
        element.by_event = child.get("triggeredByEvent") == "true"
        element.compensates = child.get("isForCompensation") == "true"
        flag = "cancelActivity" if tag == "boundaryEvent" else "isInterrupting"
        element.interrupting = child.get(flag, "true") == "true"
        element.every = child.get("parallelMultiple") == "true"
        element.activation = child.findtext(f"{_BPMN}activationCondition")
        element.ordered = child.get("ordering") == "Sequential"
        element.cancels_rest = child.get("cancelRemainingInstances", "true") == "true"
        if tag == "adHocSubProcess":
            element.completion = child.findtext(f"{_BPMN}completionCondition")
        for part in child:
            kind = part.tag.removeprefix(_BPMN)
            if kind.endswith("EventDefinition"):
                word = kind.removesuffix("EventDefinition")
                element.parts.append(self._read_part(part, "compensation" if word == "compensate" else word))
        marker = child.find(f"{_BPMN}multiInstanceLoopCharacteristics")
        element.multi = None if marker is None else _read_multi(marker)
        marker = child.find(f"{_BPMN}standardLoopCharacteristics")
        element.again = None if marker is None else _read_again(marker)
        self.elements[element.id] = element

    def _read_part(self, part: ElementTree.Element, kind: str) -> Part:
        reference = part.get(f"{kind}Ref") or part.get("activityRef")
        name = part.get("name") if kind == "link" else self._names.get(reference, reference)
        repeats = re.match(r"R(\d+)/", part.findtext(f"{_BPMN}timeCycle", ""))
        once = kind == "timer"
        fires = int(repeats.group(1)) if repeats else 1 if once else None
        return Part(kind, name, part.findtext(f"{_BPMN}condition"), fires)


def _read_again(marker: ElementTree.Element) -> Again:
    most = marker.get("loopMaximum")
    condition = marker.findtext(f"{_BPMN}loopCondition")
    return Again(condition, marker.get("testBefore") == "true", None if most is None else int(most))


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
