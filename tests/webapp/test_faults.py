"""What a refusal looks like: the status, the reason in the reader's language, what was typed, and no detail of ours."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any, NoReturn

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.webapp.site import Site

TYPED = "Line one\nLine <two>\n\n第三行"
SHOWN = "Line one\nLine &lt;two&gt;\n\n第三行"
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


@pytest.fixture
def issued(site: Site) -> Site:
    """Pages of a city in which two clerks of a department have an order to sign for."""
    site.city.appoint(site.city.newcomer("second"), "water", "department_clerk")
    site.city.issued("water")
    return site


def sign(site: Site, client: FlaskClient, path: str, **more: str) -> TestResponse:
    """Send the form of a department that returns an order, with its reason."""
    typed = {"revision": "1", "f-decision": "return", "f-reason": TYPED, "f-reason_code": "not_ours", **more}
    return site.post(client, f"{path}/complete", typed)


def facts(page: str) -> str:
    """What the page says of who did what and when."""
    return page.split('<dl class="facts">')[1].split("</dl>")[0]


@LANGUAGES
def test_done_by_a_colleague_names_who_and_when(issued: Site, language: str) -> None:
    """Who comes second is told who was first and when, and loses nothing of what they wrote."""
    path, slow = issued.item_path("sign"), issued.client("water.clerk", language)
    issued.city.clock.advance(timedelta(minutes=13))
    issued.city.do("sign", "water", decision="sign", by="second")
    answer = sign(issued, slow, path)
    assert answer.status_code == 409
    assert "second" in facts(answer.text)
    assert "09:13" in facts(answer.text)
    assert SHOWN in answer.text
    assert ("done already" in answer.text) == (language == "en")


@LANGUAGES
def test_taken_or_given_back_by_a_colleague_names_who_and_when(issued: Site, language: str) -> None:
    """A page that is older than what a colleague did says so, whether they took the item or gave it back."""
    path, slow, fast = issued.item_path("sign"), issued.client("water.clerk", language), issued.client("second")
    issued.city.clock.advance(timedelta(minutes=7))
    assert issued.post(fast, f"{path}/claim", {"revision": "1"}).status_code == 302
    stale, claimed = sign(issued, slow, path), sign(issued, slow, path, revision="2")
    issued.city.clock.advance(timedelta(minutes=4))
    assert issued.post(fast, f"{path}/release", {"revision": "2"}).status_code == 302
    given_back = sign(issued, slow, path, revision="2")
    for answer, at in ((stale, "09:07"), (claimed, "09:07"), (given_back, "09:11")):
        assert answer.status_code == 409
        assert "second" in facts(answer.text)
        assert at in facts(answer.text)
        assert SHOWN in answer.text


def test_refused_form_comes_back_as_it_was_filled_in(site: Site) -> None:
    """Lines, ticks and choices of several stay; the field that is not right says why, in the reader's language."""
    site.city.city.incident()
    site.city.do("accept", decision="accept")
    site.city.do("file", decision="file")
    data = {"revision": "1", "f-content": TYPED, "f-lead": "water", "f-co": ["fire", "traffic"]}
    pages = []
    for language in ("en", "zh"):
        answer = site.post(site.client("centre.dispatcher", language), f"{site.item_path('dispatch')}/complete", data)
        assert answer.status_code == 422
        assert SHOWN in answer.text
        marked = [part.split(">")[0] for part in answer.text.split("<input")[1:] if " checked" in part.split(">")[0]]
        marked += [part.split(">")[0] for part in answer.text.split("<option")[1:] if " selected" in part.split(">")[0]]
        assert sorted(v for v in ("water", "fire", "traffic") for part in marked if f'"{v}"' in part) == [
            "fire", "traffic", "water",
        ]  # fmt: skip
        assert 'aria-invalid="true"' in answer.text
        pages.append(answer.text)
    assert "What you typed is kept" in pages[0]
    assert "What you typed is kept" not in pages[1]


def test_page_of_a_refusal_keeps_every_value_of_a_field(issued: Site) -> None:
    """Of several departments that were chosen none is dropped, and no value of ours is shown."""
    data = {"csrf": "old", "once": "key-of-ours", "revision": "1", "f-co": ["fire", "traffic"], "password": "secret"}
    page = issued.client("water.clerk").post(f"{issued.item_path('sign')}/complete", data=data).text
    shown = page.split("<main")[1]
    assert [each for each in ("fire", "traffic") if f">{each}</textarea>" in shown] == ["fire", "traffic"]
    assert not [each for each in (">old<", "key-of-ours", "secret") if each in shown]


def test_who_was_signed_out_meanwhile_keeps_what_was_typed(issued: Site) -> None:
    """A session that ended over a long report does not take the report with it."""
    path, client = issued.item_path("sign"), issued.client("water.clerk")
    value = issued.csrf(client)
    issued.city.clock.advance(timedelta(hours=1))
    answer = client.post(f"{path}/complete", data={"csrf": value, "revision": "1", "f-reason": TYPED})
    assert answer.status_code == 401
    assert SHOWN in answer.text
    assert value not in answer.text


@LANGUAGES
def test_what_is_too_large_is_refused_before_it_is_read(issued: Site, language: str) -> None:
    """A body, a field, or a form of too many parts ends in a sentence, not in a failure or a full memory."""
    client, path = issued.client("water.clerk", language), f"{issued.item_path('sign')}/complete"
    form = "multipart/form-data; boundary=b"
    part = b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\n%s\r\n'
    bodies = [part % (b"x" * 41_000_000), part % (b"x" * 1_100_000), part % b"x" * 501]
    for body in bodies:
        answer = client.post(path, data=body + b"--b--\r\n", content_type=form)
        assert (answer.status_code, len(answer.headers["X-Request-Id"])) == (413, 16)
        assert ("too much to send" in answer.text) == (language == "en")
    api = issued.visitor(language).post(
        "/api/v1/hotline/tickets",
        data=b" " * 41_000_000,
        content_type="application/json",
        headers={"Authorization": f"Bearer {issued.token('centre.intake_clerk')}", "Idempotency-Key": "too-large"},
    )
    assert (api.status_code, api.json["code"]) == (413, "http.413")


def test_broken_body_is_refused(issued: Site) -> None:
    """What is no form at all is refused like any request that is not ours."""
    client, path = issued.client("water.clerk"), f"{issued.item_path('sign')}/complete"
    for kind in ("multipart/form-data", "multipart/form-data; boundary=b", "text/plain", "application/json"):
        assert client.post(path, data=b"--b\r\n\xff\x00garbage", content_type=kind).status_code == 400


def test_character_that_no_database_holds_is_refused_at_the_door(issued: Site) -> None:
    """A NUL in address, query, form or API ends in a refusal, also where the database would take it."""
    client, path = issued.client("water.clerk"), issued.item_path("sign")
    for where in ("/work/%00/1", "/incidents/%00", "/orders/%00", "/incidents/?group=%00"):
        assert client.get(where).status_code == 400, where
    assert client.get("/api/v1/incidents/%00").status_code == 404  # as its description says
    forms = {"/sign-in": "account", "/report": "once", "/account/tokens": "name", f"{path}/complete": "f-reason"}
    for where, name in forms.items():
        answer = issued.post(client, where, {name: "a\0b", "f-content": TYPED})
        assert (answer.status_code, SHOWN in answer.text) == (400, True), where
    headers = {"Authorization": f"Bearer {issued.token('centre.dispatcher')}", "Idempotency-Key": "with-nul-1"}
    draft = {"objective": "a\0b", "content": "b\0", "lead": "\0", "co": ["\0"]}
    refused = issued.visitor().post("/api/v1/incidents/none/orders", json=draft, headers=headers)
    assert refused.status_code == 422
    assert set(refused.json["findings"][0]["said"]) == set(draft)


@LANGUAGES
def test_unknown_address_and_wrong_method(site: Site, language: str) -> None:
    """The way on stands on the page, and what the address does take in the header."""
    client = site.client("water.clerk", language)
    nowhere, wrong = client.get("/nowhere"), client.get("/sign-out")
    assert (nowhere.status_code, wrong.status_code) == (404, 405)
    assert set(wrong.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}
    assert ("There is no such page" in nowhere.text) == (language == "en")
    assert ("cannot be used like that" in wrong.text) == (language == "en")
    for answer in (nowhere, wrong):
        assert answer.headers["X-Request-Id"] in answer.text
        assert "<nav" in answer.text


def broken() -> NoReturn:
    """A view with a bug whose message holds what nobody should read."""
    raise RuntimeError("SELECT phone FROM signal -- 13700001111")


@LANGUAGES
def test_failure_is_told_by_its_number_and_logged_with_its_place(
    site: Site, language: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A bug shows a number to report and nothing of our inside; under that number the log says where."""
    for endpoint in ("inbox.inbox", "v1.me"):
        site.app.view_functions[endpoint] = broken
    token = site.token("water.clerk")
    page = site.client("water.clerk", language).get("/inbox/")
    api = site.visitor(language).get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert (api.status_code, api.json["code"], api.mimetype) == (500, "fault", "application/problem+json")
    for answer in (page, api):
        assert answer.status_code == 500
        assert answer.headers["X-Request-Id"] in answer.text
        assert not [each for each in ("SELECT", "13700001111", "RuntimeError", "Traceback") if each in answer.text]
        errors = [record for record in caplog.records if record.levelno == logging.ERROR]
        (record,) = [each for each in errors if answer.headers["X-Request-Id"] in each.msg]
        (failed,) = json.loads(record.msg)["failed"]
        assert failed["kind"] == "RuntimeError"
        assert failed["trace"][-1].endswith(" broken")
    assert ("Something failed here" in page.text) == ("Something failed here" in api.json["title"])
    assert ("Something failed here" in page.text) == (language == "en")


PROBLEM = {"type", "title", "status", "code", "params", "element", "request"}


@LANGUAGES
def test_problem_of_the_api_has_one_shape_whatever_went_wrong(site: Site, language: str) -> None:
    """A program reads every refusal in the same way, and a person reads its title in their language."""
    visitor = site.visitor(language)
    headers = {"Authorization": f"Bearer {site.token('centre.intake_clerk')}", "Idempotency-Key": "problem-1"}
    where: list[tuple[str, str, dict[str, Any], int]] = [
        ("GET", "/nowhere", {}, 404), ("PUT", "/me", {}, 405), ("GET", "/incidents/none", {}, 404),
        ("GET", "/incidents?limit=x", {}, 422), ("GET", "/board?after=x", {}, 403),
        ("POST", "/hotline/tickets", {"data": b"{", "content_type": "application/json"}, 400),
        ("POST", "/hotline/tickets", {"json": {}}, 422),
    ]  # fmt: skip
    for method, path, more, status in where:
        answer = visitor.open(f"/api/v1{path}", method=method, headers=headers, **more)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), path
        problem = answer.json
        assert set(problem) - {"findings"} == PROBLEM, path
        assert (problem["status"], problem["request"]) == (status, answer.headers["X-Request-Id"])
        assert problem["type"] == f"urn:cityloop:error:{problem['code']}"
        assert problem["title"].isascii() == (language == "en"), problem
    assert visitor.get("/api/v1/me").json["code"] == "session.none"
