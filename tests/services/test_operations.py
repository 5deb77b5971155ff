"""Registered operations: asked for in one transaction, carried out in another; every way to fail has its place."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from engine.bpmn.state import state_from_bytes
from engine.domain.access import SYSTEM_ACTOR
from engine.services import operations
from engine.services.operations import BpmnError
from engine.storage.tables import processes as t
from tests.processes.variants import shipped
from tests.services.play import Play, drawing, node, path

ERROR = '<bpmn:error id="closed" name="closed" errorCode="closed"/>'
ASK = drawing(
    "ask",
    node("startEvent", "s")
    + node("serviceTask", "look_up", 'cl:operation="gauge"')
    + node("boundaryEvent", "caught", 'attachedToRef="look_up"', '<bpmn:errorEventDefinition errorRef="closed"/>')
    + node("userTask", "after")
    + node("userTask", "instead")
    + node("endEvent", "e")
    + node("endEvent", "e2")
    + path("s", "look_up", "after", "e")
    + path("caught", "instead", "e2"),
    ERROR,
)


class Gauge:
    """An operation that does what it is told to, and counts."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Mapping[str, Any]] = []

    def __call__(self, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """The next answer, raised where it is an exception."""
        self.asked.append(variables)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[no-any-return]


def carry_out(city: Play) -> int:
    """One batch of operations; how many were answered."""
    return city.engine.command(operations.carry_out_due, SYSTEM_ACTOR, city.engine.operations)


def open_nodes(city: Play) -> list[str]:
    """The open items by node."""
    return [item.node_id for item in city.items()]


def test_operation_answers_into_the_variables(city: Play) -> None:
    """It sees what its node sees, and the process goes on with what it gives."""
    gauge = city.engine.operations["gauge"] = Gauge({"level_cm": 310})
    instance = city.play(ASK, "ask", place="bridge")
    assert [row.operation for row in city.rows(t.operation)] == ["gauge"]
    assert open_nodes(city) == []
    assert carry_out(city) == 1
    assert carry_out(city) == 0
    assert gauge.asked == [{"place": "bridge"}]
    assert open_nodes(city) == ["after"]
    state = state_from_bytes(bytes(city.row(t.process_instance, instance).state_bytes))
    assert state.variables == {"place": "bridge", "level_cm": 310}
    assert city.rows(t.operation) == []


def test_operation_error_takes_its_boundary(city: Play) -> None:
    """A known no is a road in the drawing, not a fault."""
    city.engine.operations["gauge"] = Gauge(BpmnError("closed"))
    city.play(ASK, "ask")
    assert carry_out(city) == 1
    assert open_nodes(city) == ["instead"]
    assert city.rows(t.operation) == city.rows(t.step_failure) == []


def test_operation_error_nobody_catches_is_a_step_failure(sqlite_city: Play) -> None:
    """An unknown no is put before an operator."""
    city = sqlite_city
    city.engine.operations["gauge"] = Gauge(BpmnError("other"))
    city.play(ASK, "ask")
    assert carry_out(city) == 1
    (failure,) = city.rows(t.step_failure)
    assert (failure.node_id, failure.code) == ("look_up", "game.error_uncaught")


def test_operation_fault_is_tried_again_with_pauses_then_left_to_an_operator(city: Play, caplog: Any) -> None:
    """After 1, 2 and 4 minutes it has failed for good; nothing of the process is lost."""
    caplog.set_level(logging.CRITICAL)
    gauge = city.engine.operations["gauge"] = Gauge(OSError("no line"))
    instance = city.play(ASK, "ask")
    for attempt, pause in enumerate((1, 2, 4), start=1):
        assert carry_out(city) == 0
        (row,) = city.rows(t.operation)
        assert (row.attempts, row.due_at) == (attempt, city.clock.now() + timedelta(minutes=pause))
        city.clock.set(row.due_at - timedelta(seconds=1))
        assert carry_out(city) == 0
        assert len(gauge.asked) == attempt
        city.clock.set(row.due_at)
    assert carry_out(city) == 1
    assert len(gauge.asked) == operations.MOST_ATTEMPTS
    (failure,) = city.rows(t.step_failure)
    assert (failure.instance_id, failure.node_id, failure.code) == (instance, "look_up", "game.operation_failed")
    assert city.rows(t.operation) == []
    assert city.is_running(instance)


@pytest.mark.fast
def test_operation_that_recovers_goes_on(sqlite_city: Play, caplog: Any) -> None:
    """A short outage is nobody's work."""
    caplog.set_level(logging.CRITICAL)
    city = sqlite_city
    city.engine.operations["gauge"] = Gauge(OSError("no line"), OSError("no line"), {"level_cm": 1})
    city.play(ASK, "ask")
    assert carry_out(city) == 0
    city.wait(timedelta(minutes=1))
    city.wait(timedelta(minutes=2))
    assert open_nodes(city) == ["after"]


@pytest.mark.fast
def test_operation_unknown_is_a_step_failure_at_once(sqlite_city: Play) -> None:
    """A missing plug-in is no reason to wait seven minutes; its name is in the message."""
    city = sqlite_city
    city.play(ASK, "ask")
    assert carry_out(city) == 1
    (failure,) = city.rows(t.step_failure)
    assert failure.code == "game.operation_failed"
    assert "gauge" in failure.message


@pytest.mark.fast
@pytest.mark.parametrize("junk", [None, 7, {"x": object()}, {"x": {1, 2}}], ids=["nothing", "number", "object", "set"])
def test_operation_that_answers_junk_fails_alone(sqlite_city: Play, junk: Any, caplog: Any) -> None:
    """What no state can hold is a fault of the operation; the others of the batch are answered."""
    caplog.set_level(logging.CRITICAL)
    city = sqlite_city
    city.engine.operations.update(gauge=Gauge(junk), other=Gauge({}))
    city.play(ASK, "ask")
    city.play(ASK.replace('"ask"', '"ask_other"').replace('"gauge"', '"other"'), "ask_other")
    assert carry_out(city) == 1
    assert open_nodes(city) == ["after"]
    for _ in range(3):
        city.wait(timedelta(minutes=5))
    (failure,) = city.rows(t.step_failure)
    assert failure.code == "game.operation_failed"


@pytest.mark.fast
def test_operation_of_a_cancelled_node_is_not_carried_out(sqlite_city: Play) -> None:
    """Nobody is called for what was called off."""
    city = sqlite_city
    gauge = city.engine.operations["gauge"] = Gauge({})
    stop = '<bpmn:message id="stop" name="stop"/>'
    text = ASK.replace(ERROR, ERROR + stop).replace(
        '<bpmn:errorEventDefinition errorRef="closed"/>', '<bpmn:messageEventDefinition messageRef="stop"/>'
    )
    instance = city.play(text, "ask")
    city.deliver(instance, "stop")
    assert city.rows(t.operation) == []
    assert carry_out(city) == 0
    assert gauge.asked == []
    assert open_nodes(city) == ["instead"]


@pytest.mark.fast
def test_operation_whose_step_is_refused_is_tried_later_and_lets_the_others_go(sqlite_city: Play, caplog: Any) -> None:
    """An order in the wrong state does not stop the city's operations."""
    caplog.set_level(logging.CRITICAL)
    city = sqlite_city
    city.engine.operations["gauge"] = Gauge({})
    text = shipped().replace(
        '<bpmn:sendTask id="feed_back" name="反馈归档" messageRef="message_evaluated">',
        '<bpmn:serviceTask id="feed_back" name="反馈归档" cl:operation="gauge">',
    )
    text = text.replace(
        '</bpmn:sendTask>\n    <bpmn:endEvent id="end_closed"',
        '</bpmn:serviceTask>\n    <bpmn:endEvent id="end_closed"',
    )
    text = text.replace('name="办结" cl:loop="close"', 'name="办结" cl:loop="draft"')
    city.install(text)
    order = city.closed("water")
    city.play(ASK, "ask")
    assert carry_out(city) == 1
    assert city.state(order) == "evaluated"
    (row,) = city.rows(t.operation)
    assert row.due_at > city.clock.now()


@pytest.mark.fast
@pytest.mark.parametrize("tries", [1, 2, 6])
def test_operation_is_tried_as_often_as_its_node_says(sqlite_city: Play, caplog: Any, tries: int) -> None:
    """Work that must not be done twice, or that may take its time, says so in the drawing."""
    caplog.set_level(logging.CRITICAL)
    city = sqlite_city
    gauge = city.engine.operations["gauge"] = Gauge(OSError("no line"))
    city.play(ASK.replace('cl:operation="gauge"', f'cl:operation="gauge" cl:retries="{tries}"'), "ask")
    for _ in range(tries - 1):
        assert carry_out(city) == 0
        (row,) = city.rows(t.operation)
        city.clock.set(row.due_at)
    assert carry_out(city) == 1
    assert len(gauge.asked) == tries
    assert len(city.rows(t.step_failure)) == 1
