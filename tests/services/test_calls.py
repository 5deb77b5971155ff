"""Calls: a child instance of its own, with what is mapped in and out, its error for the caller, its end with it."""

from __future__ import annotations

import pytest

from engine.bpmn.state import state_from_bytes
from engine.errors import NotFound, Rejected
from engine.storage.tables import processes as t
from tests.services.play import Play, drawing, node, path

ERROR = '<bpmn:error id="broken" name="broken" errorCode="broken"/>'
STOP = '<bpmn:message id="stop" name="stop"/>'
CHILD = drawing(
    "child",
    node("startEvent", "s")
    + node("userTask", "work")
    + node("exclusiveGateway", "judge", 'default="good"')
    + node("endEvent", "e")
    + node("endEvent", "bad", inner='<bpmn:errorEventDefinition errorRef="broken"/>')
    + path("s", "work", "judge")
    + '<bpmn:sequenceFlow id="good" sourceRef="judge" targetRef="e"/>'
    + '<bpmn:sequenceFlow id="no" sourceRef="judge" targetRef="bad">'
    + '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">fails</bpmn:conditionExpression>'
    + "</bpmn:sequenceFlow>",
    ERROR,
)
MAPPING = (
    "<bpmn:extensionElements>"
    '<cl:in source="amount + 1" target="given"/><cl:out source="answer" target="got"/>'
    "</bpmn:extensionElements>"
)
PARENT = drawing(
    "parent",
    node("startEvent", "s")
    + node("callActivity", "call", 'calledElement="child"', MAPPING)
    + node("boundaryEvent", "caught", 'attachedToRef="call"', '<bpmn:errorEventDefinition errorRef="broken"/>')
    + node("boundaryEvent", "off", 'attachedToRef="call"', '<bpmn:messageEventDefinition messageRef="stop"/>')
    + node("userTask", "after")
    + node("userTask", "repair")
    + node("userTask", "stopped")
    + node("endEvent", "e")
    + node("endEvent", "e2")
    + node("endEvent", "e3")
    + path("s", "call", "after", "e")
    + path("caught", "repair", "e2")
    + path("off", "stopped", "e3"),
    ERROR + STOP,
)


def variables(city: Play, instance_id: str) -> dict[str, object]:
    """What a running instance knows."""
    return dict(state_from_bytes(bytes(city.row(t.process_instance, instance_id).state_bytes)).variables)


@pytest.fixture
def called(city: Play) -> tuple[Play, str, str]:
    """A parent that waits for its child: the city, the parent and the child."""
    city.install(CHILD, "child")
    parent = city.play(PARENT, "parent", amount=1, secret="kept")
    (item,) = city.items("work")
    return city, parent, item.instance_id


def test_call_starts_a_child_that_knows_what_is_mapped_in_alone(called: tuple[Play, str, str]) -> None:
    """A module sees its interface, not its caller's whole mind."""
    city, parent, child = called
    (call,) = city.rows(t.call)
    assert (call.instance_id, call.child_instance_id) == (parent, child)
    row = city.row(t.process_instance, child)
    assert (row.parent_instance_id, row.parent_wait) == (parent, call.wait)
    assert variables(city, child) == {"given": 2}


def test_call_completed_gives_what_is_mapped_out_alone(called: tuple[Play, str, str]) -> None:
    """The caller goes on with the answer and nothing else of the child."""
    city, parent, child = called
    city.complete(city.items("work")[0], "centre.drafter", answer=5, fails=False, extra="dropped")
    assert [item.node_id for item in city.items()] == ["after"]
    assert variables(city, parent) == {"amount": 1, "secret": "kept", "got": 5}
    assert city.outcome(child) == "completed"
    assert city.rows(t.call) == []


def test_call_ended_with_an_error_takes_the_callers_boundary(called: tuple[Play, str, str]) -> None:
    """A failed module is its caller's business, by the error's code."""
    city, _, child = called
    city.complete(city.items("work")[0], "centre.drafter", answer=5, fails=True)
    assert [item.node_id for item in city.items()] == ["repair"]
    assert city.outcome(child) == "error"
    assert city.rows(t.call) == []


def test_call_cancelled_with_its_caller_calls_the_child_off(called: tuple[Play, str, str]) -> None:
    """Nobody goes on working for a caller that has gone on."""
    city, parent, child = called
    city.deliver(parent, "stop")
    assert [item.node_id for item in city.items()] == ["stopped"]
    assert city.outcome(child) == "cancelled"
    assert not city.is_running(child)
    assert city.rows(t.call) == []
    history = city.rows(t.item_history, t.item_history.c.instance_id == child)
    assert [(row.node_id, row.how) for row in history] == [("work", "withdrawn")]


@pytest.mark.fast
def test_call_uncaught_error_becomes_a_step_failure_of_the_caller(sqlite_city: Play) -> None:
    """An error nobody draws a road for does not vanish."""
    city = sqlite_city
    city.install(CHILD, "child")
    text = drawing(
        "careless",
        node("startEvent", "s")
        + node("callActivity", "call", 'calledElement="child"')
        + node("endEvent", "e")
        + path("s", "call", "e"),
    )
    parent = city.play(text, "careless")
    city.complete(city.items("work")[0], "centre.drafter", answer=1, fails=True)
    (failure,) = city.rows(t.step_failure)
    assert (failure.instance_id, failure.node_id, failure.code) == (parent, "call", "game.error_uncaught")
    assert city.items() == []


@pytest.mark.fast
def test_call_that_ends_at_once_answers_in_the_same_step(sqlite_city: Play) -> None:
    """A module without a wait leaves no row behind, three in a row."""
    city = sqlite_city
    city.install(drawing("quick", node("startEvent", "s") + node("endEvent", "e") + path("s", "e")), "quick")
    text = drawing(
        "hasty",
        node("startEvent", "s")
        + "".join(node("callActivity", f"call{n}", 'calledElement="quick"') for n in range(3))
        + node("userTask", "after")
        + node("endEvent", "e")
        + path("s", "call0", "call1", "call2", "after", "e"),
    )
    parent = city.play(text, "hasty")
    assert [item.node_id for item in city.items()] == ["after"]
    assert city.rows(t.call) == []
    children = city.rows(t.instance_history)
    assert [(row.outcome, row.parent_instance_id) for row in children] == [("completed", parent)] * 3


@pytest.mark.fast
def test_call_for_each_element_has_a_child_for_each(sqlite_city: Play) -> None:
    """Several children run at once, each for its leg."""
    city = sqlite_city
    city.install(CHILD, "child")
    inner = (
        '<bpmn:extensionElements><cl:in source="place" target="given"/><cl:out source="answer" target="got"/>'
        "</bpmn:extensionElements>"
        '<bpmn:multiInstanceLoopCharacteristics cl:collection="places" cl:element="place" '
        'cl:output_collection="answers" cl:output_element="got"/>'
    )
    text = drawing(
        "many",
        node("startEvent", "s")
        + node("callActivity", "call", 'calledElement="child"', inner)
        + node("userTask", "after")
        + node("endEvent", "e")
        + path("s", "call", "after", "e"),
    )
    parent = city.play(text, "many", places=["north", "south", "west"])
    items = city.items("work")
    assert sorted(str(variables(city, item.instance_id)["given"]) for item in items) == ["north", "south", "west"]
    for item in reversed(items):
        place = variables(city, item.instance_id)["given"]
        city.complete(item, "centre.drafter", answer=f"{place} done", fails=False)
    assert variables(city, parent)["answers"] == ["north done", "south done", "west done"]


@pytest.mark.fast
def test_call_of_a_process_that_is_not_published_is_refused_whole(sqlite_city: Play) -> None:
    """A caller does not start to wait for nothing."""
    city = sqlite_city
    city.install(PARENT, "parent")
    with city.refused("definition.not_published", NotFound):
        city.begin("parent", amount=1)


@pytest.mark.fast
def test_calls_in_a_circle_end_at_the_deepest_call(sqlite_city: Play) -> None:
    """Processes that call each other for ever are refused, not followed until memory ends."""
    city = sqlite_city
    for name, other in (("mirror", "echo"), ("echo", "mirror")):
        nodes = node("startEvent", "s") + node("callActivity", "call", f'calledElement="{other}"')
        city.install(drawing(name, nodes + node("endEvent", "e") + path("s", "call", "e")), name)
    with city.refused("process.call_too_deep", Rejected) as refusal:
        city.begin("mirror")
    assert refusal.value.element == "call"
