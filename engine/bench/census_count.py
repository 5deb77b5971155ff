"""An independent count of what a BPMN file holds: expat events and rules written anew, nothing of the product.

It knows the namespaces and names of the standard, not how we read them. A thing is (path, kind, name): the path is
the positions among brother elements from the root down, so the two sides can be compared thing by thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.parsers import expat

Thing = tuple[str, str, str]

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
UNCOUNTED = {
    BPMN,
    "http://www.omg.org/spec/BPMN/20100524/DI",
    "http://www.omg.org/spec/DD/20100524/DC",
    "http://www.omg.org/spec/DD/20100524/DI",
    "http://www.w3.org/2001/XMLSchema-instance",
    "http://www.w3.org/XML/1998/namespace",
    "urn:cityloop:bpmn:1",
}
NODES = (
    *("task", "userTask", "manualTask", "serviceTask", "scriptTask", "sendTask", "receiveTask", "businessRuleTask"),
    *("callActivity", "subProcess", "transaction", "adHocSubProcess", "exclusiveGateway", "inclusiveGateway"),
    *("parallelGateway", "complexGateway", "eventBasedGateway", "startEvent", "endEvent", "intermediateCatchEvent"),
    *("intermediateThrowEvent", "implicitThrowEvent", "boundaryEvent", "event"),
    *("choreographyTask", "subChoreography", "callChoreography"),
)
EVENTS = (
    *("cancel", "compensate", "conditional", "error", "escalation"),
    *("link", "message", "signal", "terminate", "timer"),
)
TEXTS = (
    *("conditionExpression", "condition", "timeDate", "timeDuration", "timeCycle", "loopCardinality", "loopCondition"),
    *("completionCondition", "activationCondition", "messagePath", "dataPath", "from", "to", "transformation"),
    *("script", "expression", "formalExpression"),
)


def census(content: bytes) -> list[Thing]:
    """Everything in the file that must have a fate. Raises: expat.ExpatError for broken XML."""
    counter = _Counter()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = counter.start
    parser.EndElementHandler = counter.end
    parser.CharacterDataHandler = counter.text
    parser.Parse(content, True)
    return counter.things


class _Counter:
    def __init__(self) -> None:
        self.things: list[Thing] = []
        self.positions: list[int] = []  # of each open element; its own children are counted in `children`
        self.children: list[int] = [0]
        self.texts: list[tuple[str, list[str]] | None] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element opens."""
        self.positions.append(self.children[-1])
        self.children[-1] += 1
        self.children.append(0)
        path = "/".join(map(str, self.positions[1:]))
        space, local = _split(name)
        self.things.extend((path, *found) for found in _things_of(space, local, attributes))
        waits = space == BPMN and local in TEXTS
        self.texts.append((local, []) if waits else None)

    def text(self, text: str) -> None:
        """Text stands in every open element around it."""
        for waiting in self.texts:
            if waiting is not None:
                waiting[1].append(text)

    def end(self, name: str) -> None:
        """An element closes: now its text is known."""
        waiting = self.texts.pop()
        if waiting is not None and "".join(waiting[1]).strip():
            self.things.append(("/".join(map(str, self.positions[1:])), "expression", waiting[0]))
        self.positions.pop()
        self.children.pop()


def _things_of(space: str, local: str, attributes: dict[str, str]) -> Iterator[tuple[str, str]]:
    foreign = space not in UNCOUNTED
    spelled = f"{{{space}}}{local}" if space else local
    if space == BPMN and local in NODES:
        yield "node", local
    elif space == BPMN and local == "sequenceFlow":
        yield "flow", local
    elif space == BPMN and local.removesuffix("EventDefinition") in EVENTS and local.endswith("EventDefinition"):
        yield "event", local
    elif foreign:
        yield "element", spelled
    for name in attributes:
        of, word = _split(name)
        if of and of not in UNCOUNTED:
            yield "attribute", f"{{{of}}}{word}"
        elif foreign and not of:
            yield "attribute", f"{spelled}@{word}"


def _split(name: str) -> tuple[str, str]:
    space, _, local = name.rpartition(" ")
    return space, local
