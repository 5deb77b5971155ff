"""A net survives its bytes, and nothing but the known version is read."""

from __future__ import annotations

import msgpack
import pytest

from engine.bpmn.net_codec import VERSION, net_from_bytes, net_to_bytes
from engine.errors import Rejected
from tests.bpmn.drawing import chain, net_of, task

pytestmark = pytest.mark.fast

EVERYTHING = chain(
    task(
        "legs",
        '<bpmn:multiInstanceLoopCharacteristics id="m" isSequential="true" cl:collection="departments" cl:element="d" '
        'cl:output_collection="results" cl:output_element="result">'
        "<bpmn:completionCondition>nrOfCompletedInstances == 2</bpmn:completionCondition>"
        "</bpmn:multiInstanceLoopCharacteristics>",
        more='cl:loop="execute" cl:stage="handling" cl:form="f" cl:assignee="d" name="指令" camunda:priority="5"',
    ),
    task(
        "call",
        '<bpmn:extensionElements><cl:in source="a + 1" target="b"/></bpmn:extensionElements>',
        "callActivity",
        'calledElement="other"',
    ),
    task("operate", "", "serviceTask", 'cl:operation="notify"'),
    task(
        "inside",
        '<bpmn:startEvent id="is"/><bpmn:userTask id="iu"/><bpmn:endEvent id="ie"/>'
        '<bpmn:sequenceFlow id="i1" sourceRef="is" targetRef="iu"/>'
        '<bpmn:sequenceFlow id="i2" sourceRef="iu" targetRef="ie"/>'
        '<bpmn:boundaryEvent id="late" attachedToRef="iu" cancelActivity="false"><bpmn:timerEventDefinition id="td">'
        "<bpmn:timeDuration>PT2H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>",
        "subProcess",
    ),
)


def test_net_codec_net_of_every_part_comes_back_equal() -> None:
    """A running process plays exactly what was read at upload."""
    net = net_of(EVERYTHING)
    content = net_to_bytes(net)
    assert net_from_bytes(content) == net
    assert net_to_bytes(net_from_bytes(content)) == content


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "net.broken"),
        (b"\xc1", "net.broken"),
        (msgpack.packb("net"), "net.broken"),
        (msgpack.packb([VERSION + 1, []]), "net.version"),
        (msgpack.packb([VERSION, []]), "net.broken"),
        (msgpack.packb([VERSION, ["p", "", "", [["x"]], [], [], "", {}]]), "net.broken"),
    ],
)
def test_net_codec_foreign_bytes_are_refused_by_code(content: bytes, code: str) -> None:
    """Bytes of another version, or damaged ones, are named and never half read."""
    with pytest.raises(Rejected) as refused:
        net_from_bytes(content)
    assert refused.value.code == code
