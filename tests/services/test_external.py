"""Work for programs outside: fetched once, held by a lock that ends, answered by whoever holds it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from engine.bpmn.state import state_from_bytes
from engine.errors import Conflict, NotFound, Rejected
from engine.services import care, external
from engine.services.failures import retry_failure
from engine.storage.tables import processes as t
from engine.storage.tables import routing as r
from tests.services.play import Play, drawing, node, path
from tests.services.test_broadcasts import together

BROKEN = '<bpmn:error id="broken" name="broken" errorCode="broken"/>'
GAUGE = drawing(
    "gauge",
    node("startEvent", "s")
    + node("serviceTask", "measure", 'cl:topic="gauge" cl:retries="3"')
    + node("boundaryEvent", "caught", 'attachedToRef="measure"', '<bpmn:errorEventDefinition errorRef="broken"/>')
    + node("userTask", "look")
    + node("userTask", "repair")
    + node("endEvent", "e")
    + node("endEvent", "e2")
    + path("s", "measure", "look", "e")
    + path("caught", "repair", "e2"),
    BROKEN,
)


@pytest.fixture
def gauge(city: Play) -> Play:
    """A city whose process waits for a gauge, with a program that may read it."""
    city.appoint(city.newcomer("program"), "centre", "admin")
    city.install(GAUGE, "gauge")
    city.begin("gauge", place="bridge", secret=7)
    return city


def act(city: Play, what: Any, *args: Any) -> Any:
    """Act as the program."""
    return city.engine.command(what, city.person("program"), *args)


def fetch(city: Play, worker: str = "one", most: int = 10, lock_s: int = 60, **topic: Any) -> list[dict[str, Any]]:
    """What a program fetches."""
    found: list[dict[str, Any]] = act(
        city, external.fetch_and_lock, worker, [{"topic": "gauge", "lock_s": lock_s, **topic}], most
    )
    return found


def nodes(city: Play) -> list[str]:
    """The open items of the city."""
    return sorted(item.node_id for item in city.items())


def test_work_is_fetched_with_what_it_asks_for_and_goes_on_with_its_result(gauge: Play) -> None:
    """A program outside reads a gauge as a clerk reads a form, and sees no more than it asks for."""
    (job,) = fetch(gauge, variables=["place"])
    assert (job["topic"], job["node_id"], job["variables"], job["retries"]) == (
        "gauge",
        "measure",
        {"place": "bridge"},
        3,
    )
    assert fetch(gauge, "two") == []
    act(gauge, external.complete, job["id"], "one", {"level_cm": 210})
    (item,) = gauge.items("look")
    state = state_from_bytes(bytes(gauge.row(t.process_instance, item.instance_id).state_bytes))
    assert state.variables == {"place": "bridge", "secret": 7, "level_cm": 210}
    assert gauge.rows(r.external_job) == []


def test_lock_that_ended_is_another_programs_and_the_first_is_told(gauge: Play) -> None:
    """A program that slept too long changes nothing any more; one that held on longer keeps its work."""
    (job,) = fetch(gauge)
    gauge.clock.advance(timedelta(seconds=50))
    act(gauge, external.extend_lock, job["id"], "one", 60)
    gauge.clock.advance(timedelta(seconds=50))
    assert fetch(gauge, "two") == []
    gauge.clock.advance(timedelta(seconds=11))
    (again,) = fetch(gauge, "two")
    assert again["id"] == job["id"]
    for what in (
        (external.complete, {}),
        (external.extend_lock, 60),
        (external.fail, "late"),
        (external.throw_error, "x"),
    ):
        with gauge.refused("external.lock_lost", Conflict):
            act(gauge, what[0], job["id"], "one", what[1])
    act(gauge, external.unlock, job["id"], "two")
    assert [each["id"] for each in fetch(gauge, "three")] == [job["id"]]


def test_error_of_the_work_takes_its_boundary(gauge: Play) -> None:
    """What is wrong with the river is drawn in the process, not in the program."""
    (job,) = fetch(gauge)
    act(gauge, external.throw_error, job["id"], "one", "broken")
    assert nodes(gauge) == ["repair"]
    assert gauge.rows(r.external_job) == []


def test_work_that_fails_is_tried_again_later_and_then_repaired_by_an_operator(gauge: Play) -> None:
    """After one minute, after two; then it is a step failure, and tried again it is offered again."""
    for pause in (1, 2):
        (job,) = fetch(gauge)
        answer = act(gauge, external.fail, job["id"], "one", "no_signal")
        assert answer["due_at"] == (gauge.clock.now() + timedelta(minutes=pause)).isoformat()
        assert fetch(gauge) == []
        gauge.clock.advance(timedelta(minutes=pause))
    (job,) = fetch(gauge)
    act(gauge, external.fail, job["id"], "one", "no_signal")
    (failure,) = gauge.rows(t.step_failure)
    assert (failure.node_id, failure.code) == ("measure", "game.operation_failed")
    assert gauge.rows(r.external_job) == []
    act(gauge, retry_failure, failure.instance_id, failure.wait)
    assert len(fetch(gauge)) == 1


def test_work_of_a_cancelled_or_suspended_instance_is_not_fetched(gauge: Play) -> None:
    """Nobody measures for a case that is off; one that is suspended waits."""
    (row,) = gauge.rows(t.process_instance)
    act(gauge, care.suspend, row.id, "audit")
    assert fetch(gauge) == []
    act(gauge, care.resume, row.id, "audit done")
    (job,) = fetch(gauge)
    act(gauge, care.cancel, row.id, "not needed")
    with gauge.refused("external.unknown", NotFound):
        act(gauge, external.complete, job["id"], "one", {})


@pytest.mark.fast
def test_work_is_fetched_and_answered_by_who_may_there(sqlite_city: Play) -> None:
    """A program of the water authority reads no gauge of the centre, and nobody brings free text into variables."""
    city = sqlite_city
    city.appoint(city.newcomer("program"), "water", "admin")
    city.install(GAUGE, "gauge")
    city.begin("gauge")
    assert fetch(city) == []
    city.appoint("program", "centre", "admin")
    (job,) = fetch(city)
    with city.refused("external.free_text", Rejected):
        act(city, external.complete, job["id"], "one", {"said": "Mr Li of 3 Lake Road"})
    with city.refused("external.lock", Rejected):
        fetch(city, lock_s=100_000)


def test_work_fetched_by_many_programs_at_once_is_each_done_once(gauge: Play) -> None:
    """Two programs that race for the same work share it; every piece is done by one of them."""
    for _ in range(11):
        gauge.begin("gauge", place="bridge")

    def program(name: str) -> int:
        done = 0
        while jobs := fetch(gauge, name, most=3):
            for job in jobs:
                act(gauge, external.complete, job["id"], name, {"level_cm": 1})
                done += 1
        return done

    shares = together([lambda: program("one"), lambda: program("two"), lambda: program("three")])
    while left := program("last"):
        shares.append(left)
    assert sum(shares) == 12
    assert Counter(nodes(gauge)) == {"look": 12}
    assert gauge.rows(r.external_job) == []
