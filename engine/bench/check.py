"""Bench `check`: how long the answer to an upload of a hundred elements takes, plain and with remarks and a picture.

What is timed is what the upload waits for: the child process from its start to the report that came back.
"""

from __future__ import annotations

from dataclasses import replace

from engine.bench.hostile_places import file_of
from engine.bench.result import Result, from_turns, percentile
from engine.bpmn.upload import check_upload_in_child
from engine.clock import stopwatch

RUNS = 30
PLAIN_S, DRESSED_S = 1.0, 2.0
_ROUNDS = 12


def hundred_elements() -> bytes:
    """A process of about a hundred nodes and flows: people, deadlines, conditions and ways back, without a picture."""
    parts = ['<startEvent id="start"/><endEvent id="end"/>']
    for n in range(_ROUNDS):
        before = f"way{n - 1}" if n else "start"
        parts.append(
            f'<userTask id="do{n}" name="Handle {n}"/><exclusiveGateway id="way{n}" default="to{n + 1}"/>'
            f'<boundaryEvent id="late{n}" attachedToRef="do{n}" cancelActivity="false"><timerEventDefinition>'
            f"<timeDuration>PT{n + 1}H</timeDuration></timerEventDefinition></boundaryEvent>"
            f'<sequenceFlow id="to{n}" sourceRef="{before}" targetRef="do{n}"/>'
            f'<sequenceFlow id="asked{n}" sourceRef="do{n}" targetRef="way{n}"/>'
            f'<sequenceFlow id="again{n}" sourceRef="way{n}" targetRef="do{n}"><conditionExpression>level == {n}'
            f'</conditionExpression></sequenceFlow><userTask id="tell{n}" name="Remind {n}"/>'
            f'<sequenceFlow id="told{n}" sourceRef="late{n}" targetRef="tell{n}"/>'
        )
    parts.append(f'<sequenceFlow id="to{_ROUNDS}" sourceRef="way{_ROUNDS - 1}" targetRef="end"/>')
    return file_of("".join(parts))


def run() -> Result:
    """Seconds at p95 of the plain check, and with remarks and picture as a detail."""
    plain, dressed = (_timed(dressed=dressed) for dressed in (False, True))
    return replace(plain, details=(dressed,))


def _timed(*, dressed: bool) -> Result:
    content = hundred_elements()
    seconds = []
    for _ in range(RUNS):
        began = stopwatch()
        upload = check_upload_in_child({"hundred.bpmn": content}, dressed=dressed)
        seconds.append(stopwatch() - began)
        assert not upload.is_refused
    name, most = ("check.with remarks and a picture", DRESSED_S) if dressed else ("check", PLAIN_S)
    return replace(from_turns(name, [seconds]), ratio=percentile(sorted(seconds), 95), goal=most, at_most=True)
