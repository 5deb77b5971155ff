"""A process drawn in a few lines next to the assertion about it, written as BPMN XML and read by the real reader.

    diagram = Diagram().start().parallel("split", "join").user("a", "b").end()
    diagram.flow("start > split > a > join > end", "split > b > join")

Flows are paths of node ids. `gateway ?level > 2? a` is a flow on a condition, `gateway ?*? a` the default flow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from engine.bpmn.guard import guard
from engine.bpmn.net import Net
from engine.bpmn.normalise import normalise
from engine.bpmn.reader import Reading, read

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CITYLOOP = "urn:cityloop:bpmn:1"
ElementTree.register_namespace("bpmn", BPMN)
ElementTree.register_namespace("cl", CITYLOOP)

_STEP = re.compile(r"\s*(?:>|\?(?P<condition>.+?)\?)\s*(?P<target>\w+)")
_TIMERS = {"timer": "timeDuration", "cycle": "timeCycle", "date": "timeDate"}
_CODED = {"error": "errorCode", "escalation": "escalationCode"}


def _tag(name: str) -> str:
    return f"{{{BPMN}}}{name}"


def _mark(name: str) -> str:
    return f"{{{CITYLOOP}}}{name}"


Event = str | bool | list[str]


class Diagram:
    """One process. Every drawing method returns the diagram."""

    def __init__(self, process: str = "process") -> None:
        self._whole = Element(_tag("definitions"), {"id": "definitions", "targetNamespace": "urn:cityloop:test"})
        self._process = SubElement(self._whole, _tag("process"), {"id": process, "isExecutable": "true"})
        self._scope = self._process
        self._nodes: dict[str, Element] = {}
        self._flows = 0

    # -- nodes ---------------------------------------------------------------------------------------------------------
    #
    # `event` is what an event waits for or throws: timer=, cycle=, date=, message=, signal=, escalation=, error=,
    # condition= or terminate=True; several make a multiple event, `every` one that needs all of them, and a list
    # several of one kind. Errors and escalations without a code (error="") catch every one.

    def start(self, id: str = "start", *, interrupting: bool = True, every: bool = False, **event: Event) -> Diagram:
        """A start event; `interrupting` is for one of an event sub-process."""
        return self._event("startEvent", id, event, {} if interrupting else {"isInterrupting": "false"}, every)

    def end(self, *ids: str, **event: Event) -> Diagram:
        """End events, `end` if no id is given."""
        for id in ids or ("end",):
            self._event("endEvent", id, event, {})
        return self

    def catch(self, id: str, *, every: bool = False, **event: Event) -> Diagram:
        """An intermediate event that waits."""
        return self._event("intermediateCatchEvent", id, event, {}, every)

    def throw(self, id: str, **event: Event) -> Diagram:
        """An intermediate event that throws, or passes."""
        return self._event("intermediateThrowEvent", id, event, {})

    def boundary(self, id: str, on: str, *, interrupting: bool = True, every: bool = False, **event: Event) -> Diagram:
        """An event on the border of an activity."""
        more = {"attachedToRef": on} | ({} if interrupting else {"cancelActivity": "false"})
        return self._event("boundaryEvent", id, event, more, every)

    def event_gateway(self, id: str, *, parallel: bool = False, instantiate: bool = False) -> Diagram:
        """An event-based gateway."""
        more = {"eventGatewayType": "Parallel"} if parallel else {}
        self._add("eventBasedGateway", id, more | ({"instantiate": "true"} if instantiate else {}))
        return self

    def user(self, *ids: str, **multi: Any) -> Diagram:
        """User tasks; `multi` makes them multi-instance (see `_multi`)."""
        return self._nodes_of("userTask", ids, multi)

    def service(self, *ids: str, **multi: Any) -> Diagram:
        """Service tasks whose operation has the name of the node."""
        for id in ids:
            self._nodes_of("serviceTask", [id], multi)
            self._nodes[id].set(_mark("operation"), id)
        return self

    def receive(self, *ids: str, instantiate: bool = False, **multi: Any) -> Diagram:
        """Receive tasks whose message has the name of the node."""
        self._message_tasks("receiveTask", ids, multi)
        for id in ids if instantiate else ():
            self._nodes[id].set("instantiate", "true")
        return self

    def send(self, *ids: str, **multi: Any) -> Diagram:
        """Send tasks whose message has the name of the node."""
        return self._message_tasks("sendTask", ids, multi)

    def call(
        self,
        id: str,
        process: str,
        inputs: Mapping[str, str] | None = None,
        outputs: Mapping[str, str] | None = None,
        **multi: Any,
    ) -> Diagram:
        """A call activity with its mappings, {target: source}."""
        self._add("callActivity", id, {"calledElement": process})
        extensions = SubElement(self._nodes[id], _tag("extensionElements"))
        for way, mapping in (("in", inputs or {}), ("out", outputs or {})):
            for target, source in mapping.items():
                SubElement(extensions, _mark(way), {"source": source, "target": target})
        if multi:
            self._multi(id, **multi)
        return self

    def exclusive(self, *ids: str) -> Diagram:
        """Exclusive gateways."""
        return self._nodes_of("exclusiveGateway", ids, {})

    def parallel(self, *ids: str) -> Diagram:
        """Parallel gateways."""
        return self._nodes_of("parallelGateway", ids, {})

    def complex(self, id: str, activation: str | None = None) -> Diagram:
        """A complex gateway with its activation condition."""
        element = self._add("complexGateway", id, {})
        if activation is not None:
            SubElement(element, _tag("activationCondition"), {"id": f"{id}_activation"}).text = activation
        return self

    def inclusive(self, *ids: str) -> Diagram:
        """Inclusive gateways."""
        return self._nodes_of("inclusiveGateway", ids, {})

    @contextmanager
    def subprocess(self, id: str, **multi: Any) -> Iterator[Diagram]:
        """Draws into an embedded sub-process while the block lasts."""
        self._nodes_of("subProcess", [id], multi)
        with self._inside(id):
            yield self

    @contextmanager
    def transaction(self, id: str, **multi: Any) -> Iterator[Diagram]:
        """Draws into a transaction while the block lasts."""
        self._nodes_of("transaction", [id], multi)
        with self._inside(id):
            yield self

    @contextmanager
    def adhoc(
        self, id: str, until: str | None = None, *, sequential: bool = False, rest: bool = True, **multi: Any
    ) -> Iterator[Diagram]:
        """Draws into an ad-hoc sub-process while the block lasts; `rest` tells whether what still runs is cancelled."""
        self._nodes_of("adHocSubProcess", [id], multi)
        self._nodes[id].set("ordering", "Sequential" if sequential else "Parallel")
        self._nodes[id].set("cancelRemainingInstances", "true" if rest else "false")
        with self._inside(id):
            yield self
        if until is not None:
            SubElement(self._nodes[id], _tag("completionCondition"), {"id": f"{id}_until"}).text = until

    @contextmanager
    def event_subprocess(self, id: str) -> Iterator[Diagram]:
        """Draws into an event sub-process while the block lasts."""
        self._add("subProcess", id, {"triggeredByEvent": "true"})
        with self._inside(id):
            yield self

    def undo(self, boundary: str, handler: str) -> Diagram:
        """Associates a compensation boundary with the activity that undoes."""
        self._nodes[handler].set("isForCompensation", "true")
        ends = {"sourceRef": boundary, "targetRef": handler}
        SubElement(self._scope, _tag("association"), {"id": f"{boundary}_{handler}", **ends})
        return self

    def keyed(self, message: str, key: str) -> Diagram:
        """The correlation key of a message."""
        next(each for each in self._whole if each.get("id") == f"message_{message}").set(_mark("key"), key)
        return self

    def caught(self, id: str, *, code: str | None = None, text: str | None = None) -> Diagram:
        """The variables that take the code and the text of an error or escalation that an event catches."""
        for definition in self._nodes[id]:
            if definition.tag in (_tag("errorEventDefinition"), _tag("escalationEventDefinition")):
                for mark, name in (("code_variable", code), ("text_variable", text)):
                    if name is not None:
                        definition.set(_mark(mark), name)
        return self

    def writes(self, id: str, **outputs: str) -> Diagram:
        """What an event or activity writes when it is done, {name: expression}, in place of its whole result."""
        extensions = SubElement(self._nodes[id], _tag("extensionElements"))
        for target, source in outputs.items():
            SubElement(extensions, _mark("output"), {"source": source, "target": target})
        return self

    # -- flows and reading -----------------------------------------------------------------------------------------

    def flow(self, *paths: str) -> Diagram:
        """Flows along each path; see the module."""
        for path in paths:
            source, rest = re.split(r"(?=[\s>?])", path.strip(), maxsplit=1)
            steps = list(_STEP.finditer(rest))
            assert "".join(step.group(0) for step in steps) == rest, f"not a path: {path}"
            for step in steps:
                self._flow(source, step["target"], step["condition"])
                source = step["target"]
        return self

    def xml(self) -> str:
        """The file."""
        return ElementTree.tostring(self._whole, encoding="unicode")

    def reading(self) -> Reading:
        """What the reader makes of the file."""
        return read(normalise(guard(self.xml().encode()).root).root, "digest")

    def net(self) -> Net:
        """The net. Raises: AssertionError with the reader's errors where it refuses."""
        reading = self.reading()
        errors = [finding for finding in reading.findings if finding.severity == "error"]
        assert not errors, errors
        (net,) = reading.nets.values()
        return net

    # -- inside ----------------------------------------------------------------------------------------------------

    def _add(self, tag: str, id: str, attributes: Mapping[str, str]) -> Element:
        assert id not in self._nodes, f"{id} is drawn twice"
        self._nodes[id] = SubElement(self._scope, _tag(tag), {"id": id, **attributes})
        return self._nodes[id]

    def _nodes_of(self, tag: str, ids: Iterable[str], multi: Mapping[str, Any]) -> Diagram:
        for id in ids:
            self._add(tag, id, {})
            if multi:
                self._multi(id, **multi)
        return self

    def _message_tasks(self, tag: str, ids: Iterable[str], multi: Mapping[str, Any]) -> Diagram:
        self._nodes_of(tag, ids, multi)
        for id in ids:
            self._nodes[id].set("messageRef", self._declare("message", id, "name"))
        return self

    def _event(
        self, tag: str, id: str, event: Mapping[str, Event], attributes: Mapping[str, str], every: bool = False
    ) -> Diagram:
        element = self._add(tag, id, {**attributes, **({"parallelMultiple": "true"} if every else {})})
        parts = [(kind, each) for kind, text in event.items() for each in (text if isinstance(text, list) else [text])]
        for number, (kind, text) in enumerate(parts):
            name = {**dict.fromkeys(_TIMERS, "timer"), "condition": "conditional"}.get(kind, kind)
            about = {"id": f"{id}_event{number or ''}"}
            definition = SubElement(element, _tag(f"{name}EventDefinition"), about)
            if kind in _TIMERS:
                SubElement(definition, _tag(_TIMERS[kind]), {"id": f"{id}_text{number or ''}"}).text = str(text)
            elif kind == "compensate":
                self._compensation(definition, str(text))
            elif kind == "condition":
                SubElement(definition, _tag("condition"), {"id": f"{id}_text{number or ''}"}).text = str(text)
            elif kind != "terminate" and text:
                definition.set(f"{kind}Ref", self._declare(kind, str(text), _CODED.get(kind, "name")))
        return self

    def _compensation(self, definition: Element, text: str) -> None:
        """Compensation of the activity `text`, of all where it is empty, without waiting where it ends in "!"."""
        if text.endswith("!"):
            definition.set("waitForCompletion", "false")
        if activity := text.rstrip("!"):
            definition.set("activityRef", activity)

    def _declare(self, what: str, name: str, attribute: str) -> str:
        id = f"{what}_{name}"
        if all(each.get("id") != id for each in self._whole):
            self._whole.insert(0, Element(_tag(what), {"id": id, attribute: name}))
        return id

    def _loop(self, id: str, repeat: str | None, before: bool, most: int | None) -> None:
        """A standard loop while `repeat` holds, asked before each round or after it, at most so many rounds."""
        about = {"id": f"{id}_loop", "testBefore": "true" if before else "false"}
        if most is not None:
            about["loopMaximum"] = str(most)
        marker = SubElement(self._nodes[id], _tag("standardLoopCharacteristics"), about)
        if repeat is not None:
            SubElement(marker, _tag("loopCondition"), {"id": f"{id}_condition"}).text = repeat

    def _multi(
        self,
        id: str,
        *,
        repeat: str | None = None,
        before: bool = False,
        most: int | None = None,
        over: str | None = None,
        element: str | None = None,
        times: str | None = None,
        sequential: bool = False,
        until: str | None = None,
        outputs: tuple[str, str] | None = None,
    ) -> None:
        """Multi-instance over a list (`over`, `element`) or `times`; `outputs` is (collection, leg's variable).

        Or a standard loop: `repeat`, `before`, `most`.
        """
        if repeat is not None or most is not None:
            self._loop(id, repeat, before, most)
            return
        about = {"id": f"{id}_multi", "isSequential": "true" if sequential else "false"}
        marker = SubElement(self._nodes[id], _tag("multiInstanceLoopCharacteristics"), about)
        collection, leg_variable = outputs or (None, None)
        given = {"collection": over, "element": element}
        given |= {"output_collection": collection, "output_element": leg_variable}
        for name, value in given.items():
            if value is not None:
                marker.set(_mark(name), value)
        for name, value in (("loopCardinality", times), ("completionCondition", until)):
            if value is not None:
                SubElement(marker, _tag(name), {"id": f"{id}_{name}"}).text = value

    @contextmanager
    def _inside(self, id: str) -> Iterator[None]:
        outside, self._scope = self._scope, self._nodes[id]
        yield
        self._scope = outside

    def _flow(self, source: str, target: str, condition: str | None) -> None:
        self._flows += 1
        id = f"flow_{self._flows}"
        arrow = SubElement(self._scope, _tag("sequenceFlow"), {"id": id, "sourceRef": source, "targetRef": target})
        if condition == "*":
            self._nodes[source].set("default", id)
        elif condition is not None:
            SubElement(arrow, _tag("conditionExpression"), {"id": f"{id}_condition"}).text = condition
