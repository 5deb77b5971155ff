"""Pools, lanes and message flows: whose steps they are, and whether both ends mean the same message."""

from __future__ import annotations

import pytest

from engine.bpmn.net import Expression
from tests.bpmn.drawing import END, START, chain, flow, reading, task

pytestmark = pytest.mark.fast

LANES = (
    '<bpmn:laneSet><bpmn:lane id="l1" name="Department Clerk"><bpmn:flowNodeRef>a</bpmn:flowNodeRef></bpmn:lane>'
    '<bpmn:lane id="l2" name="Desk" cl:role="dispatcher"><bpmn:flowNodeRef>b</bpmn:flowNodeRef></bpmn:lane>'
    "</bpmn:laneSet>"
)
THREE = chain(task("a"), task("b"), task("c"))
POOL = '<bpmn:collaboration id="co"><bpmn:participant id="po" name="Water" processRef="p" {}/>{}</bpmn:collaboration>'
OTHER = (
    '<bpmn:message id="m1" name="ask"/><bpmn:message id="m2" name="answer"/><bpmn:process id="q">'
    '<bpmn:startEvent id="q_s"/>'
    + task("q_w", '<bpmn:messageEventDefinition messageRef="{}"/>', "intermediateCatchEvent")[1].replace("{}", "m2")
    + flow("q_s", "q_w")
    + "</bpmn:process>"
)
MESSAGE_FLOW = '<bpmn:messageFlow id="mf" sourceRef="send" targetRef="q_w"/>'


def said(rule: str, inside: str, beside: str) -> list[str | None]:
    """The elements a rule is noted on."""
    return [each.element for each in reading(inside, beside).findings if each.rule == rule]


def test_pool_gives_its_role_and_department_to_what_lies_in_no_lane() -> None:
    """A lane's own role wins; a step outside every lane is the pool's."""
    found = reading(LANES + THREE, POOL.format('cl:role="reviewer" cl:department="water"', ""))
    net = found.nets["p"]
    assert [net.node(id).role for id in "abc"] == ["reviewer", "dispatcher", "reviewer"]
    assert net.node("c").candidates == (Expression('"water"'),)
    assert net.node("c").lane == "Water"


def test_lane_that_names_nobody_is_said_once_with_the_role_called_like_it() -> None:
    """A designer sees which lanes still belong to nobody; the file runs all the same."""
    found = reading(LANES + THREE, POOL.format("", ""))
    (finding,) = [each for each in found.findings if each.rule == "lane.nobody"]
    assert (finding.element, finding.question) == ("l1", False)
    assert "department_clerk" in finding.message


def test_pool_of_a_process_that_is_not_there_is_said() -> None:
    """A black box is drawn without a process; one that names a missing process is a mistake."""
    missing = '<bpmn:participant id="gone" processRef="nothing"/><bpmn:participant id="box"/>'
    assert said("reference.pool", THREE, POOL.format("", missing)) == ["gone"]


@pytest.mark.parametrize(("message", "rule"), [("m1", "message.unlike"), ("m2", "message.no_key")])
def test_message_flow_is_compared_with_what_its_ends_say(message: str, rule: str) -> None:
    """Two names for one message never meet; one without a key meets any instance."""
    inside = START + task("send", "", "sendTask", f'messageRef="{message}"')[1] + END
    inside += flow("start", "send") + flow("send", "end")
    assert said(rule, inside, POOL.format("", MESSAGE_FLOW) + OTHER) == ["mf"]


def test_message_flow_between_pools_says_nothing() -> None:
    """Most drawings connect the pools themselves; that is a picture, not a message."""
    between = '<bpmn:messageFlow id="mf" sourceRef="po" targetRef="q_w"/>'
    assert said("message.unlike", THREE, POOL.format("", between) + OTHER) == []
