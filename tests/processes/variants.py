"""Copies of the shipped loop with one step less or one step more, made by editing its XML as a designer would."""

from __future__ import annotations

import re

from engine.shipped import path

SHIPPED = path("processes") / "loops" / "closed_loop_command" / "closed_loop_command.bpmn"


def shipped() -> str:
    """The text of the shipped loop."""
    return SHIPPED.read_text(encoding="utf-8")


def without_evaluate() -> str:
    """The shipped loop without its `evaluate` node: the join leads straight to filing."""
    text = _drop(shipped(), r'\n *<bpmn:userTask id="evaluate".*?</bpmn:userTask>')
    text = _drop(text, r"\n *<bpmn:flowNodeRef>evaluate</bpmn:flowNodeRef>")
    text = _drop(text, r'\n *<bpmn:sequenceFlow id="flow_evaluated"[^>]*/>')
    text = _drop(text, r'\n *<bpmndi:BPMNShape id="evaluate_di".*?</bpmndi:BPMNShape>')
    text = _drop(text, r'\n *<bpmndi:BPMNEdge id="flow_evaluated_di".*?</bpmndi:BPMNEdge>')
    text = _swap(text, 'sourceRef="join" targetRef="evaluate"', 'sourceRef="join" targetRef="feed_back"')
    return _swap(text, "<bpmn:incoming>flow_evaluated</bpmn:incoming>", "<bpmn:incoming>flow_evaluate</bpmn:incoming>")


def with_second_review() -> str:
    """The shipped loop with a second review after the first: `review_again`, returned to the draft like the first."""
    text = _swap(
        shipped(),
        "<bpmn:flowNodeRef>gw_review</bpmn:flowNodeRef>",
        "<bpmn:flowNodeRef>gw_review</bpmn:flowNodeRef>\n"
        "        <bpmn:flowNodeRef>review_again</bpmn:flowNodeRef>\n"
        "        <bpmn:flowNodeRef>gw_review_again</bpmn:flowNodeRef>",
    )
    text = _swap(text, 'sourceRef="gw_review" targetRef="gw_level"', 'sourceRef="gw_review" targetRef="review_again"')
    text = _swap(
        text,
        "<bpmn:incoming>flow_review_approved</bpmn:incoming>",
        "<bpmn:incoming>flow_review_again_approved</bpmn:incoming>",
    )
    text = _swap(
        text,
        "<bpmn:incoming>flow_review_returned</bpmn:incoming>",
        "<bpmn:incoming>flow_review_returned</bpmn:incoming>\n"
        "      <bpmn:incoming>flow_review_again_returned</bpmn:incoming>",
    )
    first_gateway = '    <bpmn:exclusiveGateway id="gw_level"'
    return _swap(text, first_gateway, _SECOND_REVIEW.strip("\n") + "\n" + first_gateway)


_SECOND_REVIEW = """
    <bpmn:userTask id="review_again" name="复审" cl:loop="review" cl:stage="review" cl:form="review">
      <bpmn:incoming>flow_review_approved</bpmn:incoming>
      <bpmn:outgoing>flow_reviewed_again</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:exclusiveGateway id="gw_review_again" name="复审结论" default="flow_review_again_returned">
      <bpmn:incoming>flow_reviewed_again</bpmn:incoming>
      <bpmn:outgoing>flow_review_again_returned</bpmn:outgoing>
      <bpmn:outgoing>flow_review_again_approved</bpmn:outgoing>
    </bpmn:exclusiveGateway>
    <bpmn:sequenceFlow id="flow_reviewed_again" sourceRef="review_again" targetRef="gw_review_again" />
    <bpmn:sequenceFlow id="flow_review_again_returned" sourceRef="gw_review_again" targetRef="merge_draft" />
    <bpmn:sequenceFlow id="flow_review_again_approved" sourceRef="gw_review_again" targetRef="gw_level">
      <bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">decision == "approve"</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
"""


def _swap(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{old} stands {text.count(old)} times in the shipped loop"
    return text.replace(old, new)


def _drop(text: str, pattern: str) -> str:
    text, found = re.subn(pattern, "", text, flags=re.DOTALL)
    assert found == 1, f"{pattern} stands {found} times in the shipped loop"
    return text
