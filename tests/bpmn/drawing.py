"""Small BPMN files for the tests of the reading: what stands in a process is given, the frame around it is here."""

from __future__ import annotations

from itertools import pairwise

from engine.bpmn.findings import Finding
from engine.bpmn.guard import guard
from engine.bpmn.net import Net
from engine.bpmn.normalise import Normalised, normalise
from engine.bpmn.reader import Reading, read

NAMESPACES = (
    'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:cl="urn:cityloop:bpmn:1" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:operaton="http://operaton.org/schema/1.0/bpmn" '
    'xmlns:flowable="http://flowable.org/bpmn" '
    'xmlns:activiti="http://activiti.org/bpmn" '
    'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:drools="http://www.jboss.org/drools" '
    'xmlns:tns="urn:test" targetNamespace="urn:test"'
)
START = '<bpmn:startEvent id="start"/>'
END = '<bpmn:endEvent id="end"/>'


def drawing(inside: str, beside: str = "") -> bytes:
    """A file with one process `p` that holds `inside`; `beside` stands before it."""
    text = (
        f'<bpmn:definitions {NAMESPACES}>{beside}\n<bpmn:process id="p" isExecutable="true">{inside}</bpmn:process>'
        "</bpmn:definitions>"
    )
    return text.encode()


def flow(source: str, target: str, condition: str = "", id: str = "") -> str:
    """A sequence flow, called `source-target` unless `id` says otherwise."""
    stated = f"<bpmn:conditionExpression>{condition}</bpmn:conditionExpression>" if condition else ""
    name = id or f"{source}-{target}"
    return f'<bpmn:sequenceFlow id="{name}" sourceRef="{source}" targetRef="{target}">{stated}</bpmn:sequenceFlow>'


def chain(*nodes: tuple[str, str]) -> str:
    """Nodes (id, element text) one after the other between `start` and `end`."""
    ids = ["start", *(id for id, _ in nodes), "end"]
    flows = "".join(flow(source, target) for source, target in pairwise(ids))
    return START + "".join(text for _, text in nodes) + END + flows


def task(id: str, inside: str = "", kind: str = "userTask", more: str = "") -> tuple[str, str]:
    """A task for `chain`."""
    return id, f'<bpmn:{kind} id="{id}" {more}>{inside}</bpmn:{kind}>'


def normalised(content: bytes) -> Normalised:
    """The file after guard and normaliser."""
    return normalise(guard(content).root)


def reading(inside: str, beside: str = "") -> Reading:
    """What the reader says of a process."""
    return read(normalised(drawing(inside, beside)).root, "digest")


def net_of(inside: str, beside: str = "") -> Net:
    """The net of a process without errors. Raises: AssertionError with the findings."""
    found = reading(inside, beside)
    errors = [finding for finding in found.findings if finding.severity == "error"]
    assert not errors, errors
    return found.nets["p"]


def asked_of(inside: str, beside: str = "") -> tuple[Finding, Net]:
    """The one question about a process, and the net that was made with its proposal. Raises: AssertionError."""
    found = reading(inside, beside)
    (question,) = found.questions
    assert question.proposal, question
    return question, found.nets["p"]


def errors_of(inside: str, beside: str = "") -> list[Finding]:
    """The errors of a process that therefore has no net."""
    found = reading(inside, beside)
    assert "p" not in found.nets
    return [finding for finding in found.findings if finding.severity == "error"]
