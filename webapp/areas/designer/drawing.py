"""What a designer has drawn, as it comes in: the diagram, the forms and the decision tables, each bounded."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import request

from engine.bpmn.layout import laid_out
from engine.errors import Rejected
from engine.services.draft_rows import DraftRow

_FORM = re.compile(r"\w[\w .-]{0,119}\Z")
_DMN = re.compile(r"\w[\w .-]{0,119}\.(dmn|DMN)\Z")
FILE = "drawing.bpmn"
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
    """A process as drawn: its BPMN text, its forms by name, and its DMN files by file name."""

    source: str
    forms: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    decisions: Mapping[str, str] = field(default_factory=dict)

    def files(self) -> dict[str, bytes]:
        """The drawing as an upload of its files would bring it."""
        forms = {f"{name}.json": json.dumps(form, ensure_ascii=False) for name, form in self.forms.items()}
        return {name: text.encode() for name, text in {FILE: self.source, **forms, **self.decisions}.items()}


def received() -> Drawing:
    """The drawing of this request. Raises: Rejected (`drawing.broken`) for parts that no page of ours sends."""
    return Drawing(part("source"), _parts("forms", _FORM, Mapping), _parts("decisions", _DMN, str))


def stored(row: DraftRow) -> Drawing:
    """The drawing of a version, laid out where nobody has, with forms and tables that are not right yet."""
    forms, decisions = {}, {}
    for name, content in row.beside().items():
        text = content.decode("utf-8", "replace")
        if name.lower().endswith(".dmn"):
            decisions[name] = text
        elif isinstance(form := _read(text), dict):
            forms[name.rpartition(".")[0]] = form
    source, _ = laid_out(row.source, row.process_id)
    return Drawing(source.decode("utf-8", "replace"), forms, decisions)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def part(name: str) -> str:
    """A part of the request, sent as a field or, where it may be large, as a file."""
    file = request.files.get(name)
    if file is None:
        return request.form.get(name, "")
    try:
        return str(file.read(), "utf-8")
    except UnicodeDecodeError:
        raise _broken(name) from None


def _parts(name: str, names: re.Pattern[str], kind: type) -> dict[str, Any]:
    found = _read(part(name) or "{}")
    if not isinstance(found, dict) or len(found) > MOST_PARTS:
        raise _broken(name)
    if not all(names.match(each) and isinstance(value, kind) for each, value in found.items()):
        raise _broken(name)
    return found


def _broken(name: str) -> Rejected:
    return Rejected(
        "drawing.broken",
        "Expected forms and DMN files by their names, but what came is something else. Load the page again.",
        part=name,
    )
