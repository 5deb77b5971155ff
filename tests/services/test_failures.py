"""Step failures: visible, repairable by who may, on record, and never in the way of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from engine.bpmn.state import state_from_bytes
from engine.errors import NotAllowed, NotFound
from engine.services.failures import retry_failure
from engine.storage.tables import processes as t
from tests.services.play import Play, drawing, node, path


def road(id: str, to: str, condition: str) -> str:
    """A flow from the gateway with a condition."""
    inside = f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{condition}</bpmn:conditionExpression>'
    return f'<bpmn:sequenceFlow id="{id}" sourceRef="judge" targetRef="{to}">{inside}</bpmn:sequenceFlow>'


FORK = drawing(
    "fork",
    node("startEvent", "s")
    + node("parallelGateway", "split")
    + node("userTask", "beside")
    + node("exclusiveGateway", "judge")
    + node("userTask", "high")
    + node("userTask", "low")
    + node("endEvent", "e")
    + path("s", "split", "beside", "e")
    + path("split", "judge")
    + road("up", "high", "depth &gt; 100")
    + road("down", "low", "depth &lt; 50")
    + path("high", "e")
    + '<bpmn:sequenceFlow id="low_e" sourceRef="low" targetRef="e"/>',
)


@pytest.fixture
def failed(city: Play) -> tuple[Play, Any]:
    """An instance whose gateway found no road, and an operator: the city and the failure."""
    city.appoint(city.newcomer("operator"), "centre", "admin")
    city.play(FORK, "fork", depth=70)
    (failure,) = city.rows(t.step_failure)
    return city, failure


def retry(city: Play, failure: Any, person: str = "operator", **variables: Any) -> Any:
    """Try this failure again."""
    return city.engine.command(retry_failure, city.person(person), failure.instance_id, failure.wait, variables or None)


def test_failure_parks_its_token_and_lets_the_rest_go_on(failed: tuple[Play, Any]) -> None:
    """A gateway without an open road is a row with its node and reason; the other branch is open."""
    city, failure = failed
    assert (failure.node_id, failure.code) == ("judge", "game.no_way")
    assert failure.message.startswith("Expected ")
    assert [item.node_id for item in city.items()] == ["beside"]
    city.complete(city.items("beside")[0], "centre.drafter")
    assert city.is_running(failure.instance_id)


def test_failure_retried_with_a_corrected_variable_goes_on(failed: tuple[Play, Any]) -> None:
    """The operator repairs what was wrong, and who did it is on record."""
    city, failure = failed
    answer = retry(city, failure, depth=120)
    assert answer["ended"] is None
    assert city.rows(t.step_failure) == []
    assert sorted(item.node_id for item in city.items()) == ["beside", "high"]
    state = state_from_bytes(bytes(city.row(t.process_instance, failure.instance_id).state_bytes))
    assert state.variables["depth"] == 120
    (fact,) = city.facts("failure.retried")
    assert (fact.actor_id, fact.subject_id) == ("operator", failure.instance_id)
    assert fact.payload == {"wait": failure.wait, "failure": "game.no_way", "corrected": 1}
    city.engine.seal()
    assert city.engine.verify().ok


def test_failure_retried_in_vain_is_a_failure_again(failed: tuple[Play, Any]) -> None:
    """Trying again without a repair changes nothing but the record."""
    city, failure = failed
    retry(city, failure)
    (again,) = city.rows(t.step_failure)
    assert (again.node_id, again.code) == (failure.node_id, failure.code)
    assert [item.node_id for item in city.items()] == ["beside"]
    retry(city, again, depth=10)
    assert sorted(item.node_id for item in city.items()) == ["beside", "low"]


def test_failure_is_repaired_by_who_may_alone(failed: tuple[Play, Any]) -> None:
    """Changing what a process knows is nobody's everyday right."""
    city, failure = failed
    for person in ("centre.drafter", "centre.commander", "water.clerk", "nobody"):
        with city.refused("access.not_permitted", NotAllowed):
            retry(city, failure, person, depth=120)


@pytest.mark.fast
def test_failure_unknown_or_repaired_before_is_not_found(sqlite_city: Play) -> None:
    """A second operator learns that there is nothing left to repair."""
    city = sqlite_city
    city.appoint(city.newcomer("operator"), "centre", "admin")
    city.play(FORK, "fork", depth=70)
    (failure,) = city.rows(t.step_failure)
    retry(city, failure, depth=120)
    with city.refused("failure.unknown", NotFound):
        retry(city, failure, depth=10)
    with city.refused("instance.unknown", NotFound):
        city.engine.command(retry_failure, city.person("operator"), "nothing", 1)


@pytest.mark.fast
def test_failure_of_an_operation_retried_asks_for_it_again(sqlite_city: Play) -> None:
    """Once the plug-in is there, the node does its work."""
    city = sqlite_city
    city.appoint(city.newcomer("operator"), "centre", "admin")
    text = drawing(
        "ask",
        node("startEvent", "s")
        + node("serviceTask", "look_up", 'cl:operation="gauge"')
        + node("userTask", "after")
        + node("endEvent", "e")
        + path("s", "look_up", "after", "e"),
    )
    city.play(text, "ask", place="weir")
    city.engine.fire_all_due()
    (failure,) = city.rows(t.step_failure)
    city.engine.operations["gauge"] = lambda variables: {"seen": variables["place"]}
    retry(city, failure, place="bridge")
    assert [row.operation for row in city.rows(t.operation)] == ["gauge"]
    city.engine.fire_all_due()
    assert [item.node_id for item in city.items()] == ["after"]
    state = state_from_bytes(bytes(city.row(t.process_instance, failure.instance_id).state_bytes))
    assert state.variables == {"place": "bridge", "seen": "bridge"}
