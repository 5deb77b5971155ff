"""Tickets of a hotline over the API: each delivery once, each ticket with its answer, each token within its bounds."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update
from werkzeug.test import TestResponse

from engine.domain.access import SYSTEM_ACTOR
from engine.services import limits, tokens
from engine.services.desk import Desk
from engine.storage.tables import org
from engine.storage.tables.accounts import api_token
from engine.storage.tables.incidents import incident
from engine.storage.tables.outbox import idempotency
from engine.storage.tables.signals import signal
from tests.webapp.site import Site

CLERK = "centre.intake_clerk"
GOOD = {"external_id": "T-1", "reported_at": "2026-03-02 08:30", "text": "井盖缺失", "address": "人民路"}


@pytest.fixture
def token(site: Site) -> str:
    """The token of a hotline's program."""
    return site.token(CLERK, "intake")


def deliver(site: Site, token: str, *tickets: Any, key: str = "delivery-1", **more: Any) -> TestResponse:
    """Send tickets."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key}
    body = more or {"json": {"tickets": list(tickets)}}
    return site.visitor().post("/api/v1/hotline/tickets", headers=headers, **body)


def test_delivery_repeated_under_its_key_gets_the_same_answer(site: Site, token: str) -> None:
    """A program that never heard the answer asks again: the same words come back, and nothing happens twice."""
    bad = {**GOOD, "external_id": "T-2", "reported_at": "yesterday"}
    first = deliver(site, token, GOOD, bad)
    before = {name: rows for name, rows in site.city.everything().items() if name != "rate_window"}
    again = deliver(site, token, GOOD, bad)
    assert (again.status_code, again.json) == (200, first.json)
    assert [row["repeated"] for row in again.json["received"]] == [False]
    assert {name: rows for name, rows in site.city.everything().items() if name != "rate_window"} == before


def test_same_key_with_another_body_is_refused(site: Site, token: str) -> None:
    """A program that counts its keys wrong is told so, and its tickets are not mistaken for others."""
    deliver(site, token, GOOD)
    other = deliver(site, token, {**GOOD, "external_id": "T-9"})
    assert (other.status_code, other.json["code"]) == (422, "idempotency.key_reused")
    assert len(site.city.rows(signal)) == 1
    of_another_person = site.token("centre.supervisor", "intake")
    assert deliver(site, of_another_person, GOOD).status_code in (200, 403)
    site.city.clock.advance(timedelta(hours=25))
    site.city.engine.forget_old_answers()
    assert deliver(site, token, {**GOOD, "external_id": "T-9"}).status_code == 200


def test_delivery_that_was_cut_off_is_brought_to_its_end(site: Site, token: str) -> None:
    """A server that dies in the middle of a delivery leaves whole tickets; the repeat takes in the rest."""
    deliver(site, token, GOOD, key="delivery-0")
    tickets = [GOOD, {**GOOD, "external_id": "T-2"}]
    deliver(site, token, *tickets)

    def cut_off(desk: Desk) -> None:
        desk.uow.execute(update(idempotency).where(idempotency.c.key == "delivery-1").values(result=None))

    site.city.engine.command(cut_off, SYSTEM_ACTOR)
    answer = deliver(site, token, *tickets)
    assert [(row["external_id"], row["repeated"]) for row in answer.json["received"]] == [("T-1", True), ("T-2", True)]
    assert deliver(site, token, *tickets).json == answer.json


@pytest.mark.parametrize("key", ["", "short", "x" * 65, "with space", "umläut-key-1"])
def test_write_without_a_proper_key_is_refused(site: Site, token: str, key: str) -> None:
    """Nothing is taken in that a repeat could not be told from."""
    assert deliver(site, token, GOOD, key=key).status_code == 422
    assert site.city.rows(signal) == []


BAD: dict[str, tuple[dict[str, Any], set[tuple[str, str]]]] = {
    "empty": ({"external_id": " ", "text": None}, {("missing", "external_id"), ("missing", "text")}),
    "no number": ({"external_id": {"a": 1}}, {("no_text", "external_id")}),
    "too long": ({"text": "x" * 4001, "address": "x" * 201}, {("too_long", "text"), ("too_long", "address")}),
    "no time": ({"reported_at": "2026-02-30 08:00"}, {("no_time", "reported_at")}),
    "year 1": ({"reported_at": "0001-01-01 00:00"}, {("no_time", "reported_at")}),
    "year 9999": ({"reported_at": "9999-12-31T23:59:59-12:00"}, {("no_time", "reported_at")}),
    "half a place": ({"longitude": 120}, {("half_a_place", "longitude")}),
    "no place": ({"longitude": 181, "latitude": "north"}, {("no_place", "longitude"), ("no_place", "latitude")}),
    "a bell": ({"text": "a\u0007b", "external_id": "T\u0000"}, {("characters", "text"), ("characters", "external_id")}),
}


def test_each_ticket_has_its_own_answer_and_the_good_ones_go_through(site: Site, token: str) -> None:
    """Good and bad mixed in any order: every bad one is named by place, field and reason; none holds up the others."""
    tickets: list[dict[str, Any]] = [GOOD]
    wanted = set()
    for place, (changes, found) in enumerate(BAD.values(), 2):
        tickets.append({**GOOD, "external_id": f"B-{place}", **changes})
        wanted |= {(f"ticket.{rule}", f"ticket[{place}]/{field}") for rule, field in found}
    tickets.append({**GOOD, "external_id": "T-last", "longitude": "120.5", "latitude": 30.5, "reporter_phone": 137000})
    answer = deliver(site, token, *tickets)
    assert [row["external_id"] for row in answer.json["received"]] == ["T-1", "T-last"]
    assert {(finding["rule"], finding["path"]) for finding in answer.json["findings"]} == wanted
    assert {row.external_id for row in site.city.rows(signal)} == {"T-1", "T-last"}
    assert all(row["incident_id"] for row in answer.json["received"])


def test_unknown_fields_are_refused_in_the_delivery_and_not_kept_of_a_ticket(site: Site, token: str) -> None:
    """A delivery in another shape is not half understood; what a hotline's ticket has beyond ours is left behind."""
    wrong = deliver(site, token, json={"tickets": [GOOD], "mode": "test"})
    assert (wrong.status_code, wrong.json["findings"]) == (422, [{"in": "json", "said": {"mode": ["Unknown field."]}}])
    assert deliver(site, token, {**GOOD, "state": "closed", "agent": "Operator Nine"}).status_code == 200
    (row,) = site.city.rows(signal)
    kept = site.city.engine.database.keys.open_bytes(row.payload, row.id)
    assert row.state == "linked"
    assert b"Operator Nine" not in kept


BROKEN = [
    b"", b"{", b"\xff\xfe", b"[]", b'{"tickets": {}}', b'{"tickets": []}', b'{"tickets": [1]}', b'{"tickets": "x"}',
    b'{"tickets": [{"external_id": NaN}]}', b'{"tickets": [{"external_id": ' + b"9" * 5000 + b"}]}",
    b'{"tickets": [{"external_id": "\\ud800"}]}', b'{"tickets": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
]  # fmt: skip


def test_broken_delivery_is_refused_whole(site: Site, token: str) -> None:
    """What no other program would read as JSON, or is no list of tickets, ends in a refusal and never in a failure."""
    for number, body in enumerate(BROKEN):
        answer = deliver(site, token, key=f"broken-{number:04}", data=body, content_type="application/json")
        assert answer.status_code in (400, 422), body[:60]
        assert answer.mimetype == "application/problem+json"
    many = deliver(site, token, *[{**GOOD, "external_id": f"T-{number}"} for number in range(501)])
    assert many.status_code == 422
    assert site.city.rows(signal) == site.city.rows(incident) == []


def test_deliveries_of_one_program_are_limited(site: Site, token: str) -> None:
    """A program that runs wild is slowed down and told for how long; the others go on."""
    for _ in range(limits.DELIVERY.most):
        limits.take(site.city.engine, limits.DELIVERY, CLERK)
    answer = deliver(site, token, GOOD)
    assert (answer.status_code, answer.headers["Retry-After"], answer.json["code"]) == (429, "60", "limit.reached")
    site.city.clock.advance(timedelta(minutes=1))
    assert deliver(site, token, GOOD).status_code == 200


def test_token_is_shown_once_and_kept_as_a_hash(site: Site) -> None:
    """The page that makes a token is the only place where it ever stands."""
    client = site.client(CLERK)
    form = {"name": "Hotline <1>", "scopes": ["intake", "read"], "days": "30"}
    made = site.post(client, "/account/tokens", form)
    shown = re.findall(r"clt_[\w-]{43}", made.text)
    assert len(shown) == 1
    assert "Hotline &lt;1&gt;" in made.text
    assert shown[0] not in client.get("/account/tokens").text
    assert shown[0] not in repr(site.city.everything())
    (row,) = site.city.rows(api_token)
    assert (row.scopes, row.expires_at - site.city.clock.now()) == (["intake", "read"], timedelta(days=30))
    assert deliver(site, shown[0], GOOD).status_code == 200


def test_token_that_is_not_right_is_refused_with_what_was_typed(site: Site) -> None:
    """Name, scopes and days stay on the page; nothing is made."""
    client = site.client(CLERK)
    for wrong in (
        {"days": "366"},
        {"days": "²"},
        {"days": ""},
        {"scopes": ["admin", "read"]},
        {"scopes": []},
        {"name": " "},
    ):
        form = {"name": "Hotline", "scopes": ["read"], "days": "30", **wrong}
        answer = site.post(client, "/account/tokens", form)
        assert answer.status_code == 422, wrong
        assert f'value="{form["name"]}"' in answer.text
        assert f'value="{form["days"]}"' in answer.text
        checked = re.findall(r'name="scopes" value="(\w+)" checked', answer.text)
        assert checked == [scope for scope in form["scopes"] if scope in tokens.SCOPES]
    assert site.city.rows(api_token) == []


def test_token_ends_with_its_day_its_owner_and_its_posts(site: Site, token: str) -> None:
    """Expired, or of somebody who left, it is none; of somebody without the post it may do nothing any more."""

    def settle(statement: Any) -> None:
        def command(desk: Desk) -> None:
            desk.uow.execute(statement)
            desk.city.forget()

        site.city.engine.command(command, SYSTEM_ACTOR)

    def status(key: str) -> int:
        return deliver(site, token, GOOD, key=key).status_code

    assert [deliver(site, other, GOOD).status_code for other in ("", "x", token[:-1], token.upper())] == [401] * 4
    assert deliver(site, site.token(CLERK, "read", "work", "orders"), GOOD).json["code"] == "api.token_scope"
    holding = org.post_holding.c.person_id == CLERK
    settle(update(org.post_holding).where(holding).values(valid_to=site.city.clock.now()))
    assert status("without-post") == 403
    settle(update(org.post_holding).where(holding).values(valid_to=None))
    settle(update(org.person).where(org.person.c.id == CLERK).values(status="disabled"))
    assert status("disabled") == 401
    settle(update(org.person).where(org.person.c.id == CLERK).values(status="active"))
    site.city.clock.advance(timedelta(days=30, seconds=-1))
    assert status("last-second") == 200
    site.city.clock.advance(timedelta(seconds=1))
    assert status("too-late") == 401


def test_nobody_ends_the_token_of_somebody_else(site: Site, token: str) -> None:
    """Tokens are one's own: another person's is not even there."""
    (row,) = site.city.rows(api_token)
    other = site.client("centre.supervisor")
    assert site.post(other, f"/account/tokens/{row.id}/revoke").status_code == 404
    assert deliver(site, token, GOOD).status_code == 200
    assert site.post(site.client(CLERK), f"/account/tokens/{row.id}/revoke").status_code == 302
    assert deliver(site, token, GOOD).status_code == 401
