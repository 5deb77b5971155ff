"""Mutants of the shipped loops: one node deleted, one flow deleted, one gateway of another kind; and their judge."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from engine import shipped
from engine.bpmn.net import Net, Node
from engine.bpmn.reader import read
from engine.errors import EngineError
from engine.forms import example_answers
from engine.services.drive import Drive
from tests.bpmn.drawing import normalised
from tests.bpmn.proof_cases import library, shipped_forms

MODEL = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
GATEWAYS = ("exclusiveGateway", "parallelGateway", "inclusiveGateway")
_NODES = {
    *GATEWAYS, "startEvent", "endEvent", "userTask", "sendTask", "callActivity", "subProcess", "boundaryEvent",
    "intermediateThrowEvent",
}  # fmt: skip


def mutants(process: str) -> Iterator[tuple[str, bytes]]:
    """Every mutant of a shipped loop with its name."""
    content = (shipped.path("processes") / "loops" / process / f"{process}.bpmn").read_bytes()
    for element in etree.fromstring(content).iter():
        kind = str(element.tag).removeprefix(MODEL)
        id = element.get("id")
        if kind in _NODES:
            yield f"without {id}", _without_node(content, id)
        if kind == "sequenceFlow":
            yield f"without {id}", _without_flow(content, id)
        if kind in GATEWAYS:
            for other in GATEWAYS:
                if other != kind:
                    yield f"{id} {other}", _as_other(content, id, other)


def _named(root: Any, id: str) -> Any:
    return next(each for each in root.iter() if each.get("id") == id)


def _forget(root: Any, id: str) -> None:
    """Take out whatever names the element: its shape, its lane, its incoming and outgoing entries, a default."""
    for each in list(root.iter()):
        if (each.text or "").strip() == id or each.get("bpmnElement") == id:
            each.getparent().remove(each)
        elif each.get("default") == id:
            del each.attrib["default"]


def _without_flow(content: bytes, id: str) -> bytes:
    root = etree.fromstring(content)
    _drop(root, _named(root, id))
    return etree.tostring(root)


def _drop(root: Any, element: Any) -> None:
    element.getparent().remove(element)
    _forget(root, element.get("id"))


def _without_node(content: bytes, id: str) -> bytes:
    """The file without a node and what stands on or in it; each flow into it goes on along each flow out of it."""
    root = etree.fromstring(content)
    node = _named(root, id)
    boundaries = [each for each in root.iter(f"{MODEL}boundaryEvent") if each.get("attachedToRef") == id]
    flows = list(root.iter(f"{MODEL}sequenceFlow"))
    into = [flow for flow in flows if flow.get("targetRef") == id]
    out = [flow for flow in flows if flow.get("sourceRef") == id]
    for flow in into:
        for way in out:
            made = etree.SubElement(flow.getparent(), f"{MODEL}sequenceFlow", id=f"{flow.get('id')}_{way.get('id')}")
            made.set("sourceRef", flow.get("sourceRef"))
            made.set("targetRef", way.get("targetRef"))
            for condition in flow if len(flow) else way:
                made.append(etree.fromstring(etree.tostring(condition)))
            source = _named(root, flow.get("sourceRef"))
            if source.get("default") == flow.get("id"):
                source.set("default", made.get("id"))
    for each in [*into, *out]:
        _drop(root, each)
    for each in boundaries:
        for flow in [flow for flow in flows if flow.get("sourceRef") == each.get("id")]:
            _drop(root, flow)
        _drop(root, each)
    _drop(root, node)
    return etree.tostring(root)


def _as_other(content: bytes, id: str, kind: str) -> bytes:
    root = etree.fromstring(content)
    node = _named(root, id)
    node.tag = MODEL + kind
    if kind == "parallelGateway":
        node.attrib.pop("default", None)
    return etree.tostring(root)


def net_or_none(content: bytes, process: str) -> Net | None:
    """The net of a mutant; None where the reading asks or refuses, so that nobody could publish it."""
    try:
        reading = read(normalised(content).root, "mutant")
    except EngineError:
        return None
    if reading.questions or any(finding.severity == "error" for finding in reading.findings):
        return None
    return reading.nets.get(process)


def is_broken(net: Net, process: str, seeds: int = 4) -> str | None:
    """How a dry run of the mutant fails, as proposed or with random decisions; None where all of them complete."""
    for seed in range(-1, seeds):
        given = {"issue_mode": "oral_first" if seed % 2 else "normal", "level": 1 if seed % 3 == 0 else 3}
        driven = Drive(lambda id: net if id == process else library(id, None), _answers(process, seed)).run(net, given)
        if driven.outcome != "completed" and driven.steps < 400:
            return f"{driven.outcome} {driven.reason or driven.waits_for}"
    return None


def _answers(process: str, seed: int) -> Any:
    dice = random.Random(seed)
    left = [6]

    def form_of(net: Net, node: Node) -> Mapping[str, Any] | None:
        forms = shipped_forms(net.id) if net.id != process else shipped_forms(process)
        schema = forms.get(node.form or "")
        if schema is None:
            return None
        answers: dict[str, Any] = dict(example_answers(schema))
        options = schema["properties"].get("decision", {}).get("enum", ())
        if seed >= 0 and options and left[0]:
            left[0] -= 1
            answers |= {"decision": dice.choice(options), "reason": "because", "reply": "done"}
            if answers["decision"] == "fail":
                answers["legs"] = ["department_a"]
        return answers

    return form_of
