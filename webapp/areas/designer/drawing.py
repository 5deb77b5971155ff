"""What a designer has drawn, as it comes in: the diagram, the forms and the decision tables, each bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import request

from engine.errors import Rejected

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
MOST_PARTS = 50

NEW = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" \
xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" \
xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:cl="urn:cityloop:bpmn:1" id="definitions_{id}" \
targetNamespace="urn:cityloop:drawn">
  <bpmn:process id="{id}" name="{name}" isExecutable="true">
    <bpmn:startEvent id="start" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram">
    <bpmndi:BPMNPlane id="plane" bpmnElement="{id}">
      <bpmndi:BPMNShape id="start_shape" bpmnElement="start">
        <dc:Bounds x="180" y="160" width="36" height="36" />
      </bpmndi:BPMNShape>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""
"""The drawing a designer begins with."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A process as drawn: its BPMN text, its forms and its decision files by name."""

    source: str
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    decisions: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The bytes of the BPMN file."""
        return self.source.encode()


def received() -> Drawing:
    """The drawing of this request. Raises: Rejected (`drawing.broken`) for parts that no page of ours sends."""
    return Drawing(part("source"), _parts("forms", Mapping), _parts("decisions", str))


def part(name: str) -> str:
    """A part of the request, sent as a field or, where it may be large, as a file."""
    file = request.files.get(name)
    if file is None:
        return request.form.get(name, "")
    try:
        return str(file.read(), "utf-8")
    except UnicodeDecodeError:
        raise _broken(name) from None


def _parts(name: str, kind: type) -> dict[str, Any]:
    try:
        found = json.loads(part(name) or "{}")
    except (ValueError, RecursionError):
        raise _broken(name) from None
    if not isinstance(found, dict) or len(found) > MOST_PARTS:
        raise _broken(name)
    if not all(_NAME.match(each) and isinstance(value, kind) for each, value in found.items()):
        raise _broken(name)
    return found


def _broken(name: str) -> Rejected:
    return Rejected(
        "drawing.broken",
        "Expected forms and decisions by names of a-z, 0-9 and _, but what came is none. Load the page again.",
        part=name,
    )
