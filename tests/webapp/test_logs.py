"""The log: a click can be followed from the answer to the ledger row, and nothing anybody wrote stands in it."""

from __future__ import annotations

import json
import logging
import re
from typing import Any, NoReturn

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from engine.domain.access import SYSTEM_ACTOR
from engine.services import accounts
from engine.services.desk import Desk
from engine.storage.tables import ledger
from tests.services.play import Play
from tests.webapp.site import Site

LOG = "cityloop.web"
FIELDS = {"request", "method", "route", "status", "ms", "person"}


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The log at its most talkative."""
    caplog.set_level(logging.DEBUG)
    return caplog


def lines(log: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """What the pages logged."""
    return [json.loads(record.getMessage()) for record in log.records if record.name == LOG]


def rows_of(city: Play, request: str | None) -> list[tuple[str, list[str]]]:
    """Subject and facts of the ledger rows of a request, or of those of none."""
    found = []
    for row in city.rows(ledger.ledger):
        content = json.loads(bytes(row.content))
        if content.get("request") == request:
            found.append((row.subject.split(":")[0], [fact[0] for fact in content["facts"]]))
    return found


def signed(site: Site) -> TestResponse:
    """A clerk signs for an order on its page."""
    client = site.client("water.clerk")
    return site.post(client, f"{site.item_path('sign')}/complete", {"revision": "1", "f-decision": "sign"})


def test_click_is_found_in_log_and_ledger(site: Site, log: pytest.LogCaptureFixture) -> None:
    """The number on the answer leads to the log line and to every ledger row that the click left, and no other."""
    site.city.issued("water")
    before = len(site.city.rows(ledger.ledger))
    answer = signed(site)
    request = answer.headers["X-Request-Id"]
    written = rows_of(site.city, request)
    assert written
    assert "directive" in {subject for subject, _ in written}
    assert "task.moved" in {code for _, codes in written for code in codes}
    # The rest was written by what opened the session, before any request.
    assert len(site.city.rows(ledger.ledger)) - before == len(written) + 1
    (line,) = [line for line in lines(log) if line["request"] == request]
    assert line["route"] == "/work/<instance_id>/<int(max=2147483647):wait>/complete"
    assert (line["method"], line["status"], line["person"]) == ("POST", 302, "water.clerk")


def test_auditor_sees_the_request_of_a_row(site: Site) -> None:
    """Who checks a row can ask for the log of the very click."""
    site.city.issued("water")
    request = signed(site).headers["X-Request-Id"]
    site.city.newcomer("one.auditor")
    site.city.appoint("one.auditor", "centre", "auditor")
    assert f"<code>{request}</code>" in site.client("one.auditor").get("/audit/").text


def test_write_of_a_program_is_found_by_its_request(site: Site) -> None:
    """The API is followed like the pages."""
    ticket = {"external_id": "T-1", "reported_at": "2026-03-02 08:30", "text": "Missing cover"}
    headers = {"Authorization": f"Bearer {site.token('centre.intake_clerk')}", "Idempotency-Key": "followed-1"}
    answer = site.visitor().post("/api/v1/hotline/tickets", json={"tickets": [ticket]}, headers=headers)
    subjects = {subject for subject, _ in rows_of(site.city, answer.headers["X-Request-Id"])}
    assert {"signal", "incident"} <= subjects


def test_what_no_click_caused_carries_no_request(site: Site) -> None:
    """A thread that answered a request does not write its number under what it does next."""
    site.city.issued("water")
    signed(site)
    before = len(rows_of(site.city, None))
    site.city.do("handle", "water")
    assert len(rows_of(site.city, None)) > before


def test_every_request_has_a_number_of_its_own_that_nobody_chooses(site: Site, log: pytest.LogCaptureFixture) -> None:
    """A caller cannot put words of theirs into the log, nor two requests under one number."""
    visitor = site.visitor()
    answers = [visitor.get(path, headers={"X-Request-Id": "chosen"}) for path in ("/", "/nowhere", "/report", "/")]
    numbers = [answer.headers["X-Request-Id"] for answer in answers]
    assert len(set(numbers)) == 4
    assert all(re.fullmatch(r"[0-9a-f]{16}", number) for number in numbers)
    assert [line["request"] for line in lines(log)] == numbers
    assert [line["route"] for line in lines(log)] == ["/", None, "/report", "/"]
    assert "chosen" not in log.text


SECRETS = {
    "text": "Cellar of Mr Zheng is full",
    "address": "12 Canal Road",
    "name": "Zheng Weiguo",
    "phone": "13700001111",
    "account": "guessed.account",
    "password": "canal-lantern-46",
    "query": "what-was-looked-for",
    "path": "what-stands-in-the-address",
    "agent": "browser-of-somebody",
}


def test_nothing_anybody_wrote_is_logged(site: Site, log: pytest.LogCaptureFixture) -> None:
    """No text, name, phone, password, code, token, cookie or address stands in the log: ids and routes only."""
    said = {name: SECRETS[name] for name in ("text", "address", "name", "phone")}
    visitor, agent = site.visitor(), {"User-Agent": SECRETS["agent"]}
    page = site.post(visitor, "/report", {"once": "key-of-the-form-1", **said}, headers=agent).text
    code = re.search(r'id="code">([^<]+)<', page)
    assert code is not None
    assert site.post(visitor, "/follow", {"code": code[1]}).status_code == 200
    site.post(visitor, "/sign-in", {name: SECRETS[name] for name in ("account", "password")})
    site.city.engine.command(accounts.set_password, SYSTEM_ACTOR, "water.clerk", SECRETS["password"])
    site.post(visitor, "/sign-in", {"account": "water.clerk", "password": SECRETS["password"]})
    cookie = visitor.get_cookie("cityloop")
    assert cookie is not None
    assert visitor.get(f"/incidents/?group=done&q={SECRETS['query']}").status_code == 200
    assert visitor.get(f"/incidents/{SECRETS['path']}").status_code == 404
    token = site.token("water.clerk")
    site.visitor().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    for line in lines(log):
        assert set(line) == FIELDS
    secrets = [*SECRETS.values(), code[1], code[1].replace("-", ""), cookie.value, token, site.csrf(visitor)]
    assert [secret for secret in secrets if secret in log.text] == []
    assert "127.0.0.1" not in log.text
    assert {line["person"] for line in lines(log)} == {None, "water.clerk"}


def test_failure_is_logged_by_kind_and_place_without_what_it_says(site: Site, log: pytest.LogCaptureFixture) -> None:
    """A bug that meets what somebody typed does not carry it into the log, nor does an error of the database."""
    typed = SECRETS["phone"]

    def wrong_statement(desk: Desk) -> None:
        desk.uow.execute(text("INSERT INTO nowhere VALUES (:phone)").bindparams(phone=typed))

    def inbox() -> NoReturn:
        with pytest.raises(OperationalError) as caught:
            site.city.engine.command(wrong_statement, SYSTEM_ACTOR)
        assert typed not in str(caught.value)
        raise ValueError(f"cannot read {typed}") from caught.value

    site.app.view_functions["inbox.inbox"] = inbox
    answer = site.client("water.clerk").get("/inbox/")
    (failed,) = [line for line in lines(log) if "failed" in line]
    assert failed["request"] == answer.headers["X-Request-Id"]
    kinds = [each["kind"] for each in failed["failed"]]
    assert kinds[:2] == ["ValueError", "OperationalError"]
    assert failed["failed"][0]["trace"][-1].endswith(" inbox")
    assert typed not in log.text


def test_quiet_log_has_failures_only(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """As installed, the log grows by what goes wrong and not by every page."""
    caplog.set_level(logging.WARNING)
    site.visitor().get("/report")
    assert lines(caplog) == []
