"""Names in a BPMN tree and the few questions every reading step asks of it."""

from __future__ import annotations

from collections.abc import Iterator

from lxml.etree import QName, _Element

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
CL = "urn:cityloop:bpmn:1"
VENDORS = {
    "http://camunda.org/schema/1.0/bpmn": "camunda",
    "http://operaton.org/schema/1.0/bpmn": "operaton",
    "http://flowable.org/bpmn": "flowable",
    "http://activiti.org/bpmn": "activiti",
    "http://camunda.org/schema/zeebe/1.0": "zeebe",
    "http://www.camunda.com/fox": "fox",
    "http://www.operaton.com/fox": "fox",
    "http://www.jboss.org/drools": "drools",
    "http://spiffworkflow.org/bpmn/schema/1.0/core": "spiff",
}

TASKS = frozenset(
    {"task", "userTask", "manualTask", "receiveTask", "sendTask", "serviceTask", "scriptTask", "businessRuleTask"}
)
SUBPROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway", "complexGateway"})
EVENTS = frozenset({"startEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "boundaryEvent"})
CHOREOGRAPHY = frozenset({"choreographyTask", "subChoreography", "callChoreography", "implicitThrowEvent"})
FLOW_NODES = TASKS | SUBPROCESSES | GATEWAYS | EVENTS | CHOREOGRAPHY | {"callActivity", "event"}
EVENT_DEFINITIONS = frozenset(
    f"{kind}EventDefinition"
    for kind in (
        "message",
        "timer",
        "error",
        "terminate",
        "signal",
        "escalation",
        "compensate",
        "conditional",
        "cancel",
        "link",
    )
)


def local(element: _Element) -> str:
    """The local name of a BPMN element, empty for an element of another namespace."""
    name = QName(element)
    return name.localname if name.namespace == MODEL else ""


def children(element: _Element, *names: str) -> Iterator[_Element]:
    """The BPMN children of `element` in document order; only those called one of `names`, where given."""
    for child in element:
        name = local(child)
        if name and (not names or name in names):
            yield child


def descendants(root: _Element, name: str) -> Iterator[_Element]:
    """All BPMN elements called `name`, in document order."""
    return root.iter(f"{{{MODEL}}}{name}")


def text_of(element: _Element | None) -> str:
    """The stripped text of `element`, its elements' texts included; empty for None."""
    return "" if element is None else "".join(element.itertext(with_tail=False)).strip()


def attribute(element: _Element, name: str, namespace: str | None = None) -> str | None:
    """The stripped value of an attribute, None where it is absent or blank."""
    value = element.get(f"{{{namespace}}}{name}" if namespace else name)
    return value.strip() or None if value is not None else None


def id_of(element: _Element) -> str:
    """The id of `element`, empty where it has none."""
    return attribute(element, "id") or ""


def documentation_of(element: _Element) -> str:
    """The texts of the `documentation` elements directly in `element`, one paragraph each."""
    return "\n".join(text for child in children(element, "documentation") if (text := text_of(child)))
