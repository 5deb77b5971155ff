"""The reference workload: one model in two dialects, its data, and how our reader compiles it.

The model has seven completions on its happy path, a review that may return, two departments in parallel and two
timers that are armed and cancelled. The dialects differ in the text of conditions and timers alone.
Source: performance.md 1.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.bpmn.net import Net

PROCESS = "reference"
NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
HAPPY_PATH = ("draft", "review", "issue", "department_a", "department_b", "feedback", "evaluate")
"""The nodes in the order they are completed."""
HUMAN = (*HAPPY_PATH, "supervisor")

START = {
    "incident_id": "0199a3c0-7d11-7c2a-9b39-3a52f0c4de01",
    "number": "20260105990100000042",
    "event_type": "10101",
    "level": 3,
    "grid_cell": "990100001002003",
    "address": "示例市东城区解放路 128 号地下通道北口",
    "longitude": 113.264385,
    "latitude": 23.129112,
    "departments": ["department_a", "department_b"],
    "reported_at": "2026-01-05T07:58:12+08:00",
    "summary": "Underpass flooded after heavy rain, water 40 cm deep and rising, two cars stopped inside, nobody hurt. "
    "Pumps and a road closure are needed, the nearest pump station reports that one of its two pumps is out of order.",
    "channels": ["12345", "patrol"],
}
"""Start data of about 0.6 KB."""


ANSWERS: dict[str, Any] = {
    "decision": "approve",
    "by": "0199a3c0-7d11-7c2a-9b39-3a52f0c4de77",
    "note": "Checked on the spot, pump set up at the north entrance, lane closed until the water is gone.",
    "evidence": ["0199a3c0-7d11-7c2a-9b39-3a52f0c4de99"],
}
"""What a person sends at every node: about 0.2 KB."""
_TEXT = {"type": "string", "maxLength": 500}
FORM: dict[str, Any] = {
    "type": "object",
    "properties": {
        "decision": {"type": "string", "enum": ["approve", "again"]},
        "by": _TEXT,
        "note": _TEXT,
        "evidence": {"type": "array", "items": _TEXT, "maxItems": 20},
    },
    "required": ["decision"],
}


def ours(*, rounds: bool = False, marked: bool = False) -> bytes:
    """The model in our dialect.

    With `rounds` the evaluation may send everything back to the draft. With `marked` every human node has a role, a
    form and a clock, so that a service has all its duties.
    """
    text = (Path(__file__).parent / "reference.bpmn").read_text(encoding="utf-8")
    if rounds:
        once = '<bpmn:sequenceFlow id="flow_end" sourceRef="evaluate" targetRef="end" />'
        assert once in text
        text = text.replace(once, _ROUNDS.strip())
    if marked:
        text = text.replace('id="definitions_reference"', 'xmlns:cl="urn:cityloop:bpmn:1" id="definitions_reference"')
        text = text.replace('<bpmn:startEvent id="start"', _LANE + '\n    <bpmn:startEvent id="start"')
        for node in HUMAN:
            text = text.replace(f'<bpmn:userTask id="{node}"', f'<bpmn:userTask id="{node}" {_MARKS}')
    return text.encode()


def spiff(*, rounds: bool = False) -> bytes:
    """The same model as SpiffWorkflow reads it: texts are Python expressions, so a duration is a quoted string."""
    return ours(rounds=rounds).replace(b">PT24H<", b'>"PT24H"<')


def net(*, rounds: bool = False) -> Net:
    """The model as our game plays it."""
    from engine.bpmn.guard import guard
    from engine.bpmn.normalise import normalise
    from engine.bpmn.reader import read

    return read(normalise(guard(ours(rounds=rounds)).root).root, "").nets[PROCESS]


_ROUNDS = """
    <bpmn:exclusiveGateway id="evaluated" name="Again?" default="flow_end" />
    <bpmn:sequenceFlow id="flow_evaluated" sourceRef="evaluate" targetRef="evaluated" />
    <bpmn:sequenceFlow id="flow_again" sourceRef="evaluated" targetRef="to_draft">
      <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">decision == "again"</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="flow_end" sourceRef="evaluated" targetRef="end" />
"""
_LANE = f"""<bpmn:laneSet id="lanes">
      <bpmn:lane id="lane" name="Clerks" cl:role="department_clerk">
        {" ".join(f"<bpmn:flowNodeRef>{node}</bpmn:flowNodeRef>" for node in HUMAN)}
      </bpmn:lane>
    </bpmn:laneSet>"""
_MARKS = 'cl:form="work" cl:stage="handling"'
