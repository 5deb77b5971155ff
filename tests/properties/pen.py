"""Draws BPMN 2.0 XML in the product's dialect: every element with an id, no diagram, nothing but what is asked for."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import SubElement

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CITYLOOP = "urn:cityloop:bpmn:1"
ElementTree.register_namespace("bpmn", BPMN)
ElementTree.register_namespace("cl", CITYLOOP)

EMPTY = f'<bpmn:definitions xmlns:bpmn="{BPMN}" xmlns:cl="{CITYLOOP}" targetNamespace="urn:cityloop:test"/>'


class Pen:
    """One process being drawn. `scope` is the process or sub-process that new elements go into."""

    def __init__(self, process: str = "random") -> None:
        self._definitions = ElementTree.fromstring(EMPTY)
        self._definitions.set("id", "definitions")
        self._numbers: dict[str, int] = {}
        self._elements: dict[str, ElementTree.Element] = {}
        self._process = ElementTree.Element(_name("process"), {"id": process, "isExecutable": "true"})
        self.scope = self._process

    def xml(self) -> str:
        """The whole file as text."""
        self._definitions.append(self._process)
        text = ElementTree.tostring(self._definitions, encoding="unicode")
        self._definitions.remove(self._process)
        return text

    def id(self, word: str) -> str:
        """A new id made of `word` and the next number."""
        self._numbers[word] = self._numbers.get(word, 0) + 1
        return f"{word}_{self._numbers[word]}"

    def node(self, tag: str, **attributes: str) -> str:
        """Draws a flow node into the current scope and returns its id."""
        id = self.id(tag.removesuffix("Event").removesuffix("Gateway").removesuffix("Task"))
        self._elements[id] = SubElement(self.scope, _name(tag), {"id": id, **attributes})
        return id

    def set(self, node: str, **attributes: str) -> None:
        """Sets attributes of a node."""
        for name, value in attributes.items():
            self._elements[node].set(name, value)

    def service(self, operation: str) -> str:
        """A service task that asks for a registered operation."""
        return self.node("serviceTask", **{f"{{{CITYLOOP}}}operation": operation})

    def flow(self, source: str, target: str, condition: str | None = None, *, default: bool = False) -> str:
        """Draws a sequence flow, on a condition or as the default of its source, and returns its id."""
        id = self.id("flow")
        arrow = SubElement(self.scope, _name("sequenceFlow"), {"id": id, "sourceRef": source, "targetRef": target})
        if condition is not None:
            SubElement(arrow, _name("conditionExpression"), {"id": f"{id}_condition"}).text = condition
        if default:
            self._elements[source].set("default", id)
        return id

    def message(self, node: str) -> None:
        """Gives a node a message of its own: an event definition, or the attribute of a send or receive task."""
        message = f"message_{node}"
        self._definitions.append(ElementTree.Element(_name("message"), {"id": message, "name": f"msg {node}"}))
        element = self._elements[node]
        if element.tag.endswith("Task"):
            element.set("messageRef", message)
        else:
            self._definition(node, "message").set("messageRef", message)

    def timer(self, node: str, kind: str, text: str) -> None:
        """Gives an event a timer; `kind` is timeDuration, timeDate or timeCycle."""
        SubElement(self._definition(node, "timer"), _name(kind), {"id": f"{node}_{kind}"}).text = text

    def error(self, node: str, code: str | None) -> None:
        """Gives an event an error with a code, or, on a boundary, one that catches every code."""
        definition = self._definition(node, "error")
        if code is not None:
            self._declare("error", code, errorCode=code)
            definition.set("errorRef", f"error_{code}")

    def escalation(self, node: str, code: str) -> None:
        """Gives an event an escalation with a code."""
        self._declare("escalation", code, escalationCode=code)
        self._definition(node, "escalation").set("escalationRef", f"escalation_{code}")

    def signal(self, node: str, name: str) -> None:
        """Gives an event a signal with a name."""
        self._declare("signal", name, name=name)
        self._definition(node, "signal").set("signalRef", f"signal_{name}")

    def condition(self, node: str, text: str) -> None:
        """Makes an event wait for a condition."""
        SubElement(self._definition(node, "conditional"), _name("condition"), {"id": f"{node}_condition"}).text = text

    def compensation(self, node: str, activity: str | None = None) -> None:
        """Makes an event throw compensation of one activity or of all in its scope, or stand ready for it."""
        definition = self._definition(node, "compensate")
        if activity is not None:
            definition.set("activityRef", activity)

    def undone_by(self, activity: str, handler: str) -> None:
        """Lets `handler`, which no flow reaches, undo `activity`."""
        self._elements[handler].set("isForCompensation", "true")
        event = self.node("boundaryEvent", attachedToRef=activity)
        self.compensation(event)
        line = {"id": f"{event}_association", "sourceRef": event, "targetRef": handler, "associationDirection": "One"}
        SubElement(self.scope, _name("association"), line)

    def link(self, source: str, target: str) -> None:
        """Makes a throwing and a catching event the two ends of a link."""
        for node in (source, target):
            self._definition(node, "link").set("name", f"link {source}")

    def mark(self, node: str, event: str) -> None:
        """Gives an event a definition that says no more than its kind: terminate, cancel."""
        self._definition(node, event)

    def again(self, node: str, condition: str | None, *, before: bool = False, most: int | None = None) -> None:
        """Makes an activity a standard loop."""
        marker = SubElement(self._elements[node], _name("standardLoopCharacteristics"), {"id": f"{node}_loop"})
        marker.set("testBefore", "true" if before else "false")
        if most is not None:
            marker.set("loopMaximum", str(most))
        if condition is not None:
            SubElement(marker, _name("loopCondition"), {"id": f"{node}_again"}).text = condition

    def text(self, node: str, tag: str, text: str) -> None:
        """Writes an expression into a node: activationCondition, completionCondition."""
        SubElement(self._elements[node], _name(tag), {"id": f"{node}_{tag}"}).text = text

    def _declare(self, kind: str, word: str, **attributes: str) -> None:
        id = f"{kind}_{word}"
        if all(each.get("id") != id for each in self._definitions):
            self._definitions.append(ElementTree.Element(_name(kind), {"id": id, **attributes}))

    def multi(
        self,
        node: str,
        *,
        sequential: bool,
        cardinality: str | None = None,
        collection: tuple[str, str] | None = None,
        standard: bool = False,
        output: tuple[str, str] | None = None,
        completion: str | None = None,
    ) -> None:
        """Makes an activity multi-instance, over a number or over (collection, element); nothing is in it yet."""
        id = f"{node}_multi"
        marker = SubElement(
            self._elements[node],
            _name("multiInstanceLoopCharacteristics"),
            {"id": id, "isSequential": "true" if sequential else "false"},
        )
        if collection is not None and not standard:
            marker.set(f"{{{CITYLOOP}}}collection", collection[0])
            marker.set(f"{{{CITYLOOP}}}element", collection[1])
        if cardinality is not None:
            SubElement(marker, _name("loopCardinality"), {"id": f"{id}_cardinality"}).text = cardinality
        if collection is not None and standard:
            SubElement(marker, _name("loopDataInputRef")).text = collection[0]
        if output is not None:
            SubElement(marker, _name("loopDataOutputRef")).text = output[0]
        if collection is not None and standard:
            SubElement(marker, _name("inputDataItem"), {"id": f"{id}_in", "name": collection[1]})
        if output is not None:
            SubElement(marker, _name("outputDataItem"), {"id": f"{id}_out", "name": output[1]})
        if completion is not None:
            SubElement(marker, _name("completionCondition"), {"id": f"{id}_completion"}).text = completion

    def enter(self, subprocess: str) -> ElementTree.Element:
        """Goes inside a sub-process; returns the scope to come back to."""
        outside, self.scope = self.scope, self._elements[subprocess]
        return outside

    def _definition(self, node: str, event: str) -> ElementTree.Element:
        return SubElement(self._elements[node], _name(f"{event}EventDefinition"), {"id": f"{node}_{event}"})


def _name(tag: str) -> str:
    return f"{{{BPMN}}}{tag}"
