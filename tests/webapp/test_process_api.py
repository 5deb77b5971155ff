"""What programs say to processes over API v1: messages, and work they fetch, hold and answer."""

from __future__ import annotations

import json

import pytest

from engine.storage.tables import routing as r
from tests.services.play import Play
from tests.services.test_broadcasts import ASK
from tests.services.test_external import GAUGE
from tests.webapp.site import Site
from tests.webapp.test_api import Program
from webapp.api.process import _when_there_is_some
from webapp.live import MOST_OF_ONE, Live

FETCH = {"worker": "one", "topics": [{"topic": "gauge"}]}


@pytest.fixture
def program(site: Site) -> Program:
    """A program that speaks for a process administrator of the centre."""
    site.city.appoint(site.city.newcomer("robot"), "centre", "admin")
    return Program(site, "robot")


def test_message_goes_to_the_instance_with_its_key(program: Program) -> None:
    """Another system answers a case by name and key, without knowing any number of ours; a repeat changes nothing."""
    city = program.site.city
    instance = city.play(ASK, "ask", case="7")
    body = {"name": "reply", "key": "7", "message_id": "m-1", "payload": {"ok": True}}
    sent = program.post("/messages", body)
    assert sent.json == {"outcome": "delivered", "instance_id": instance}
    assert program.post("/messages", body).json["outcome"] == "duplicate"
    assert program.post("/messages", {"name": "reply", "key": "8"}).json["outcome"] == "held"
    assert program.post("/messages", {"name": "reply", "payload": {"said": "Mr Li, 3 Lake Road"}}).status_code == 422


def test_program_does_work_and_another_is_told_that_it_has_lost_it(program: Program) -> None:
    """Fetch, extend, complete; whoever does not hold the work gets 409 and whoever invents some 404."""
    city = program.site.city
    city.play(GAUGE, "gauge", place="bridge")
    (job,) = program.post("/external-work/fetch-and-lock", FETCH).json["jobs"]
    assert (job["process_id"], job["variables"], job["retries"]) == ("gauge", {"place": "bridge"}, 3)
    path = f"/external-work/{job['id']}"
    lost = program.post(f"{path}/complete", {"worker": "two"})
    assert (lost.status_code, lost.json["code"]) == (409, "external.lock_lost")
    assert program.post("/external-work/nothing/unlock", {"worker": "one"}).status_code == 404
    assert program.post(f"{path}/extend", {"worker": "one", "lock_s": 600}).json["id"] == job["id"]
    assert program.post(f"{path}/fail", {"worker": "one", "error": "no_signal", "retry_in_s": 0}).json["retries"] == 2
    (again,) = program.post("/external-work/fetch-and-lock", FETCH).json["jobs"]
    assert program.post(f"{path}/complete", {"worker": "one", "variables": {"level_cm": 210}}).json["ended"] is None
    assert again["id"] == job["id"]
    assert [item.node_id for item in city.items()] == ["look"]


def test_program_without_the_permission_or_scope_is_refused(site: Site) -> None:
    """A clerk's program fetches nothing, and neither does a token that is for something else."""
    assert Program(site, "water.clerk").post("/external-work/fetch-and-lock", FETCH).status_code == 403
    site.city.appoint(site.city.newcomer("robot"), "centre", "admin")
    refused = Program(site, "robot", "read").post("/messages", {"name": "reply"})
    assert (refused.status_code, refused.json["code"]) == (403, "api.token_scope")


def test_fetch_that_waits_answers_when_there_is_work(sqlite_city: Play) -> None:
    """The line stays open without a place among the requests at work, and the answer comes with the work."""
    city = sqlite_city
    city.appoint(city.newcomer("robot"), "centre", "admin")
    city.install(GAUGE, "gauge")
    live = Live(city.engine, looks_every_s=0.01)
    body = {"worker": "one", "topics": [{"topic": "gauge", "lock_s": 60}], "most": 10, "wait_s": 30}
    answer = _when_there_is_some(city.engine, live, city.person("robot"), "key-0001", body)
    assert next(answer) == " "
    assert live.streams == 1
    instance = city.begin("gauge", place="bridge")
    (job,) = json.loads("".join(answer))["jobs"]
    assert job["instance_id"] == instance
    assert live.streams == 0
    assert [row.worker for row in city.rows(r.external_job)] == ["robot/one"]


def test_fetch_that_finds_no_room_to_wait_answers_at_once(sqlite_city: Play) -> None:
    """Programs never take the threads that pages need: beyond so many, the answer is what is there now."""
    city = sqlite_city
    city.appoint(city.newcomer("robot"), "centre", "admin")
    live = Live(city.engine, looks_every_s=3_600)
    waiting = [live.stream("robot") for _ in range(MOST_OF_ONE)]
    for each in waiting:
        next(each)
    body = {"worker": "one", "topics": [{"topic": "gauge", "lock_s": 60}], "most": 10, "wait_s": 30}
    answer = _when_there_is_some(city.engine, live, city.person("robot"), "key-0001", body)
    assert json.loads("".join(answer)) == {"jobs": []}
    for each in waiting:
        each.close()
