"""The normaliser writes what files say in many ways in one way, and lists each change."""

from __future__ import annotations

import pytest

from engine.bpmn.tree import CL, MODEL
from tests.bpmn.drawing import END, START, drawing, net_of, normalised, task

pytestmark = pytest.mark.fast


def changes(inside: str, beside: str = "") -> list[tuple[str, str, str | None, str | None]]:
    """The changes made to a process, as tuples."""
    found = normalised(drawing(inside, beside)).changes
    return [(each.element, each.what, each.before, each.after) for each in found]


def test_normalise_clean_file_changes_nothing() -> None:
    """A file in our own spelling passes unchanged."""
    assert changes(START + END + '<bpmn:sequenceFlow id="f" sourceRef="start" targetRef="end"/>') == []


def test_normalise_missing_ids_are_made_without_collision() -> None:
    """Flows without id are legal; they must not be lost, nor take an id that exists."""
    made = changes('<bpmn:task id="sequenceFlow_1"/><bpmn:sequenceFlow/><bpmn:sequenceFlow/>')
    assert made == [
        ("sequenceFlow_2", "id", None, "sequenceFlow_2"),
        ("sequenceFlow_3", "id", None, "sequenceFlow_3"),
    ]


@pytest.mark.parametrize(("before", "after"), [("1", "true"), ("0", "false"), (" true ", "true")])
def test_normalise_booleans_of_the_schema_become_words(before: str, after: str) -> None:
    """`1` is true in XML schema; other engines read it as false."""
    assert changes(f'<bpmn:task id="t" isForCompensation="{before}"/>') == [("t", "isForCompensation", before, after)]


def test_normalise_prefixed_references_lose_the_prefix() -> None:
    """A qualified reference means the id behind the colon."""
    flow = '<bpmn:sequenceFlow id="f" sourceRef="tns:start" targetRef="other:end"/>'
    lane = '<bpmn:laneSet id="s"><bpmn:lane id="l"><bpmn:flowNodeRef> tns:start </bpmn:flowNodeRef></bpmn:lane>'
    assert changes(START + END + flow + lane + "</bpmn:laneSet>") == [
        ("f", "sourceRef", "tns:start", "start"),
        ("l", "flowNodeRef", "tns:start", "start"),
    ]


def test_normalise_process_marked_not_executable_becomes_executable() -> None:
    """Nearly every modelling tool writes isExecutable=false; that is a change to show, not a refusal."""
    content = drawing(START).replace(b'isExecutable="true"', b'isExecutable="0"')
    assert [(each.what, each.after) for each in normalised(content).changes] == [
        ("isExecutable", "false"),
        ("made executable", "true"),
    ]


@pytest.mark.parametrize("vendor", ["camunda", "operaton"])
def test_normalise_vendor_collection_becomes_ours(vendor: str) -> None:
    """A multi-instance given by vendor attributes alone runs like the standard's."""
    loop = f'<bpmn:multiInstanceLoopCharacteristics id="m" {vendor}:collection="legs" {vendor}:elementVariable="leg"/>'
    root = normalised(drawing(START + task("t", loop)[1])).root
    marked = next(root.iter(f"{{{MODEL}}}multiInstanceLoopCharacteristics"))
    assert (marked.get(f"{{{CL}}}collection"), marked.get(f"{{{CL}}}element")) == ("legs", "leg")


@pytest.mark.parametrize(("given", "ours"), [("${boss}", "${boss}"), ('k "m" it', '"k \\"m\\" it"')])
def test_normalise_vendor_assignee_becomes_an_expression(given: str, ours: str) -> None:
    """A vendor's plain assignee is a constant, ours is an expression, so it is quoted."""
    written = given.replace('"', "&quot;")
    assert ("t", "camunda:assignee as cl:assignee", given, ours) in changes(
        START + task("t", more=f'camunda:assignee="{written}"')[1]
    )


def test_normalise_vendor_mappings_become_ours_in_order() -> None:
    """What a called process gets and gives back is kept, in the order of the file."""
    mappings = (
        '<bpmn:extensionElements><camunda:in source="a" target="x"/><camunda:in sourceExpression="${b}" target="y"/>'
        '<camunda:out source="r" target="z"/></bpmn:extensionElements>'
    )
    net = net_of(START + task("c", mappings, "callActivity", 'calledElement="other"')[1])
    call = net.node("c").call
    assert call is not None
    assert [(source.source, source.spelling, target) for source, target in call.inputs] == [
        ("a", "plain", "x"),
        ("${b}", "juel", "y"),
    ]
    assert [(source.source, target) for source, target in call.outputs] == [("r", "z")]


def test_normalise_event_without_a_message_gets_one_of_its_own() -> None:
    """A message that nobody named is called like the node that waits for it."""
    made = changes('<bpmn:receiveTask id="wait"/>')
    assert made == [("wait", "message named", None, "wait")]
