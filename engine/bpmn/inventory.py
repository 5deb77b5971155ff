"""What a file holds that must have a fate, noted before the first change to it is made.

Flow nodes, sequence flows, event definitions, texts that are evaluated, and every word of another namespace. The path
of a thing is the positions of its element and of those around it among their brothers, so another library finds it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from lxml.etree import QName, _Element

from engine.bpmn.tree import CL, EVENT_DEFINITIONS, FLOW_NODES, MODEL, local, text_of

ThingKind = Literal["node", "flow", "event", "expression", "attribute", "element"]

EXPRESSIONS = frozenset(
    {
        "activationCondition",
        "completionCondition",
        "condition",
        "conditionExpression",
        "dataPath",
        "expression",
        "formalExpression",
        "from",
        "loopCardinality",
        "loopCondition",
        "messagePath",
        "script",
        "timeCycle",
        "timeDate",
        "timeDuration",
        "to",
        "transformation",
    }
)
"""The elements of the standard whose text is evaluated."""
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XML = "http://www.w3.org/XML/1998/namespace"
DRAWING = frozenset(
    {
        "http://www.omg.org/spec/BPMN/20100524/DI",
        "http://www.omg.org/spec/DD/20100524/DC",
        "http://www.omg.org/spec/DD/20100524/DI",
    }
)
_OWN = DRAWING | {MODEL, CL}
_OWN_ATTRIBUTES = _OWN | {_XSI, _XML}


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing of a file. `owner` is the flow node, flow or process it belongs to, else the root's child around it.

    `name` is the local name of an element of the standard, else `{namespace}name`; an attribute of a vendor's element
    is called `{namespace}name@attribute`.
    """

    element: _Element
    owner: _Element
    path: str
    line: int
    kind: ThingKind
    name: str
    text: str = ""


def take_inventory(root: _Element) -> tuple[Thing, ...]:
    """Every thing of the tree in document order; the guard bounds the depth."""
    return tuple(_walk(root, root, ""))


def _walk(element: _Element, owner: _Element, path: str) -> Iterator[Thing]:
    name = local(element)
    if name in FLOW_NODES or name in ("sequenceFlow", "process") or "/" not in path:
        owner = element
    yield from _own_things(element, owner, path, name)
    for position, child in enumerate(element):
        yield from _walk(child, owner, f"{path}/{position}" if path else str(position))


def _own_things(element: _Element, owner: _Element, path: str, name: str) -> Iterator[Thing]:
    line = element.sourceline or 0
    tag = QName(element)
    is_vendors = (tag.namespace or "") not in _OWN
    if name in FLOW_NODES:
        yield Thing(element, owner, path, line, "node", name)
    elif name == "sequenceFlow":
        yield Thing(element, owner, path, line, "flow", name)
    elif name in EVENT_DEFINITIONS:
        yield Thing(element, owner, path, line, "event", name)
    elif name in EXPRESSIONS and (text := text_of(element)):
        yield Thing(element, owner, path, line, "expression", name, text)
    elif is_vendors:
        yield Thing(element, owner, path, line, "element", tag.text, text_of(element))
    for attribute, value in element.attrib.items():
        named = QName(str(attribute))
        if named.namespace and named.namespace not in _OWN_ATTRIBUTES:
            yield Thing(element, owner, path, line, "attribute", named.text, str(value))
        elif is_vendors and not named.namespace:
            yield Thing(element, owner, path, line, "attribute", f"{tag.text}@{named.text}", str(value))
