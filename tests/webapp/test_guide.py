"""The guided first incident over HTTP: only in a demo, only as whoever is next, never as anybody else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert

from engine.domain.access import SYSTEM_ACTOR
from engine.domain.roles import ROLES
from engine.services.desk import Desk
from engine.storage.tables import org
from engine.storage.tables.accounts import credential, session
from engine.storage.tables.incidents import incident
from tests.services.play import Play
from tests.webapp.site import Site

GUIDE = "cityloop-guide"
ASIDE = ("admin", "auditor", "process_designer")
"""Roles that have no part in the loop."""


@pytest.fixture
def demo(sqlite_city: Play, tmp_path: Path) -> Site:
    """The pages of a tiny city that is a demo, in which everybody has an account, also who administers and audits."""
    for role in ASIDE:
        sqlite_city.appoint(sqlite_city.newcomer(f"one.{role}"), "centre", role)

    def give_accounts(desk: Desk) -> None:
        kept = {"password_hash": "none", "changed_at": desk.now, "failures": 0}
        people = [row.id for row in sqlite_city.rows(org.person)]
        desk.uow.execute(insert(credential), [{"person_id": id_, **kept} for id_ in people])

    sqlite_city.engine.command(give_accounts, SYSTEM_ACTOR)
    return Site(sqlite_city, tmp_path, demo=True)


def begun(site: Site, **said: Any) -> tuple[FlaskClient, str]:
    """A browser whose guided report has opened an incident; the incident's id."""
    client = site.visitor()
    assert site.post(client, "/guide/begin").headers["Location"] == "/report"
    once = re.search(r'name="once" value="([^"]+)"', client.get("/report").text)
    assert once is not None
    form = {"once": once[1], "text": "A main has burst", "event_type": "10101", **said}
    assert site.post(client, "/report", form).status_code == 200
    (case,) = site.city.rows(incident)
    cookie = client.get_cookie(GUIDE)
    assert cookie is not None
    assert cookie.value == case.id
    return client, case.id


def next_person(client: FlaskClient) -> str:
    """Whom the bar offers to go on as."""
    found = re.search(r'name="person" value="([^"]+)"', client.get("/guide/next").text)
    assert found is not None
    return found[1]


def who(site: Site) -> set[str]:
    """Everybody who is signed in somewhere."""
    return {row.person_id for row in site.city.rows(session)}


def test_outside_a_demo_there_is_no_guide(site: Site) -> None:
    """An installation that serves a city has none of it: no page, no button, no way in without a password."""
    site.city.city.incident()
    (case,) = site.city.rows(incident)
    client = site.visitor()
    client.set_cookie(GUIDE, case.id)
    for path in ("/guide/begin", "/guide/stop", "/guide/as"):
        assert site.post(client, path, {"person": "centre.intake_clerk"}).status_code == 404
    assert client.get("/guide/next").status_code == 404
    assert who(site) == set()
    for path in ("/", "/report", "/sign-in"):
        assert "/guide/" not in client.get(path).text
    clerk = site.client("centre.intake_clerk")
    clerk.set_cookie(GUIDE, case.id)
    assert "/guide/" not in clerk.get(site.item_path("accept")).text


def test_guide_begins_with_a_report_that_is_filled_in(demo: Site) -> None:
    """A stranger presses two buttons, and the case that follows is theirs to follow."""
    visitor = demo.visitor()
    assert "A water main has burst" not in visitor.get("/report").text
    demo.post(visitor, "/guide/begin")
    assert "A water main has burst" in visitor.get("/report").text
    assert "/guide/stop" in visitor.get("/report").text
    begun(demo)


def test_one_goes_on_as_whoever_is_next_alone(demo: Site) -> None:
    """No name but that of the person who is next opens a session, whatever the form says."""
    client, _ = begun(demo)
    assert next_person(client) == "centre.intake_clerk"
    others = ["one.admin", "one.auditor", "centre.commander", "water.clerk", "nobody", "", "centre.intake_clerk "]
    for other in others:
        assert demo.post(client, "/guide/as", {"person": other}).status_code == 404, other
    assert who(demo) == set()
    answer = demo.post(client, "/guide/as", {"person": "centre.intake_clerk"})
    assert answer.headers["Location"] == demo.item_path("accept")
    assert who(demo) == {"centre.intake_clerk"}
    assert client.get(demo.item_path("accept")).status_code == 200


def test_whole_way_never_leads_to_who_administers(demo: Site) -> None:
    """From the report to the evaluation the guide hands on to those who work the loop, and to nobody else."""
    client, _ = begun(demo)
    seen = []
    steps: list[tuple[str, dict[str, Any]]] = [
        ("accept", {"decision": "accept"}), ("file", {"decision": "file"}),
        ("dispatch", {"objective": "a", "content": "b", "lead": ["water"]}), ("draft", {}),
        ("review", {"decision": "approve"}), ("issue", {}), ("sign", {"decision": "sign"}), ("handle", {}),
        ("feedback", {"text": "done"}), ("verify", {"decision": "pass"}), ("evaluate", {"score": 90}),
        ("close", {"decision": "close", "reply": "Done"}), ("evaluate", {"score": 90}),
    ]  # fmt: skip
    for node, answers in steps:
        person = next_person(client)
        seen.append(person)
        assert demo.city.open(node), node
        assert demo.post(client, "/guide/as", {"person": "one.admin"}).status_code == 404
        demo.city.do(node, by=person, **answers)
    assert not [person for person in seen if person.removeprefix("one.") in ASIDE]
    assert {person.split(".")[1] for person in seen} <= {*ROLES, "clerk", "head"}
    assert len(set(seen)) >= 8
    done = client.get("/guide/next")
    assert 'name="person"' not in done.text
    assert demo.post(client, "/guide/as", {"person": seen[-1]}).status_code == 404
    assert who(demo) == set()


def test_guide_without_an_incident_opens_nothing(demo: Site) -> None:
    """A cookie that somebody wrote themselves names no case, and so nobody to go on as."""
    client = demo.visitor()
    for value in ("nothing", "report", "00000000-0000-7000-8000-000000000000", "' OR 1=1 --", "x" * 4000):
        client.set_cookie(GUIDE, value)
        for person in ("centre.intake_clerk", "", "report"):
            assert demo.post(client, "/guide/as", {"person": person}).status_code == 404, value
        assert client.get("/guide/next").status_code in (200, 302)
    assert who(demo) == set()


def test_going_on_needs_the_value_of_a_form_of_ours(demo: Site) -> None:
    """No other site can sign a stranger in, not even into a demo."""
    client, _ = begun(demo)
    for data in ({}, {"csrf": "wrong"}):
        assert client.post("/guide/as", data={"person": "centre.intake_clerk", **data}).status_code == 400
    assert who(demo) == set()


def test_guide_can_be_stopped(demo: Site) -> None:
    """Whoever wants to look around alone is left alone from then on."""
    client, _ = begun(demo)
    assert "/guide/stop" in client.get("/").text
    demo.post(client, "/guide/stop")
    assert client.get_cookie(GUIDE) is None
    assert "/guide/stop" not in client.get("/").text
    assert demo.post(client, "/guide/as", {"person": "centre.intake_clerk"}).status_code == 404


def test_report_outside_the_guide_is_not_followed(demo: Site) -> None:
    """A report of somebody who is not guided begins no guide."""
    visitor = demo.visitor()
    form = {"once": "k" * 20, "text": "A main has burst", "event_type": "10101"}
    assert demo.post(visitor, "/report", form).status_code == 200
    assert visitor.get_cookie(GUIDE) is None
