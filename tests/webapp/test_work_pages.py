"""The pages of a work item: taking, giving back and completing it, each once and only as it was seen."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from engine.storage.tables.outbox import evidence
from engine.storage.tables.processes import item_history, personal_answer
from tests.webapp.site import Site

CLERK, SECOND = "water.clerk", "water.second"


@pytest.fixture
def issued(site: Site) -> Site:
    """Pages of a city in which two clerks of a department have an order to sign for."""
    site.city.appoint(site.city.newcomer(SECOND), "water", "department_clerk")
    site.city.issued("water")
    return site


def open_form(client: FlaskClient, path: str) -> dict[str, str]:
    """The hidden fields of the item's form as the page has them."""
    page = client.get(path)
    assert page.status_code == 200
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.text.split("<main")[1]))
    assert set(fields) >= {"csrf", "once", "revision"}
    return fields


def press(client: FlaskClient, path: str, action: str, form: dict[str, str], **answers: Any) -> TestResponse:
    """Press a button of the form, with answers filled in."""
    return client.post(f"{path}/{action}", data={**form, **{f"f-{name}": value for name, value in answers.items()}})


def test_item_is_taken_given_back_and_completed(issued: Site) -> None:
    """The buttons follow what may be done now: take, give back, complete; the item is the person's meanwhile."""
    path, client = issued.item_path("sign"), issued.client(CLERK)
    assert press(client, path, "claim", open_form(client, path)).headers["Location"] == path
    assert issued.city.open("sign")[0].claimed_by == CLERK
    page = client.get(path).text
    assert (f"{path}/release" in page, f"{path}/claim" in page) == (True, False)
    assert press(client, path, "release", open_form(client, path)).headers["Location"] == path
    assert issued.city.open("sign")[0].claimed_by is None
    done = press(client, path, "complete", open_form(client, path), decision="sign")
    assert done.headers["Location"] == "/inbox/?done=yes"
    assert issued.city.open_nodes() == ["handle@water"]
    assert client.get(path).status_code == 404


def test_item_in_a_colleagues_hands_cannot_be_taken_or_completed(issued: Site) -> None:
    """The page names who has it and offers nothing; whoever sends the form all the same is refused."""
    path, first, second = issued.item_path("sign"), issued.client(SECOND), issued.client(CLERK)
    press(first, path, "claim", open_form(first, path))
    page = second.get(path).text
    assert SECOND in page
    assert re.search(r"main-action\"\s+disabled", page)
    assert f"{path}/claim" not in page
    form, before = open_form(second, path), issued.city.everything()
    for action in ("claim", "release", "complete"):
        answer = press(second, path, action, form, decision="sign")
        assert (answer.status_code, SECOND in answer.text) == (409, True), action
    assert issued.city.everything() == before


def test_page_that_is_older_than_the_item_acts_on_nothing(issued: Site) -> None:
    """Every button of an old page is refused as stale, also for the person who changed it in another window."""
    path, client = issued.item_path("sign"), issued.client(CLERK)
    old = open_form(client, path)
    press(client, path, "claim", open_form(client, path))
    before = issued.city.everything()
    for action in ("claim", "release", "complete"):
        assert press(client, path, action, old, decision="sign").status_code == 409
    for revision in ("", "x", "²", "-1", "1" * 12):
        answer = press(client, path, "complete", {**old, "revision": revision}, decision="sign")
        assert (answer.status_code, "incomplete" in answer.text) == (422, True), revision
    assert issued.city.everything() == before


def test_form_sent_twice_acts_once_and_is_answered_alike(issued: Site) -> None:
    """A double click neither acts twice nor tells the person that somebody else was faster."""
    path, client = issued.item_path("sign"), issued.client(CLERK)
    form = open_form(client, path)
    taken = [press(client, path, "claim", form).headers["Location"] for _ in range(2)]
    assert taken == [path, path]
    assert issued.city.open("sign")[0].revision == 2
    form = open_form(client, path)
    first = press(client, path, "complete", form, decision="sign")
    before = issued.city.everything()
    again = press(client, path, "complete", form, decision="sign")
    assert (again.status_code, again.headers["Location"]) == (302, first.headers["Location"])
    assert issued.city.everything() == before
    assert len(issued.city.rows(item_history, item_history.c.node_id == "sign")) == 1
    stranger = press(issued.client(SECOND), path, "complete", {**form, "csrf": "x"}, decision="sign")
    assert stranger.status_code == 400


def test_second_click_on_another_item_is_not_taken_for_the_first(issued: Site) -> None:
    """A key speaks for its own item: sent for another that is done, it is refused, and what was typed stays."""
    path, client = issued.item_path("sign"), issued.client(CLERK)
    form = open_form(client, path)
    press(client, path, "complete", form, decision="sign")
    handle = issued.item_path("handle")
    issued.city.do("handle", "water", by=SECOND)
    answer = press(client, handle, "complete", form, measures="Pumped")
    assert (answer.status_code, "Pumped" in answer.text) == (422, True)


def test_return_needs_a_reason_and_keeps_what_was_typed(issued: Site) -> None:
    """An order goes back with a reason in words and a code, or not at all; the fields are named and marked."""
    for language in ("en", "zh"):
        path, client = issued.item_path("sign"), issued.client(CLERK, language)
        answer = press(client, path, "complete", open_form(client, path), decision="return", reason_code="duplicate")
        assert answer.status_code == 422
        assert ("has to be filled in" in answer.text) == (language == "en")
        assert re.search(r'name="f-reason"[^>]*aria-invalid="true"', answer.text)
        assert not re.search(r'name="f-reason_code"[^>]*aria-invalid="true"', answer.text)
        assert re.search(r'value="return"[^>]*checked', answer.text)
    form = open_form(client, path)
    sent = press(client, path, "complete", form, decision="return", reason_code="duplicate", reason="两单重复")
    assert sent.status_code == 302
    assert "decide_return" in issued.city.open_nodes()[0]
    (kept,) = issued.city.rows(personal_answer, personal_answer.c.field == "reason")
    assert issued.city.engine.database.keys.open(kept.value, kept.id) == "两单重复"


def test_evidence_field_takes_photos_with_the_form(issued: Site) -> None:
    """Photos come with the answers and lie with the order; an empty file field is no file."""
    issued.city.do("sign", "water", decision="sign")
    path, client = issued.item_path("handle"), issued.client(CLERK)
    page = client.get(path).text
    assert re.search(r'type="file"[^>]*name="f-evidence"|name="f-evidence"[^>]*type="file"', page)
    pictures = []
    for colour in ("red", "blue"):
        out = io.BytesIO()
        Image.new("RGB", (9, 9), colour).save(out, "PNG")
        pictures.append((io.BytesIO(out.getvalue()), f"{colour}.png"))
    form = open_form(client, path)
    assert press(client, path, "complete", form, measures="Pumped", evidence=pictures).status_code == 302
    rows = issued.city.rows(evidence)
    assert {(row.subject_kind, row.media_type) for row in rows} == {("directive", "image/png")}
    assert len(rows) == 2
    feedback = issued.item_path("feedback")
    nothing = press(
        client, feedback, "complete", open_form(client, feedback), text="Dry", evidence=[(io.BytesIO(b""), "")]
    )
    assert nothing.status_code == 302
    assert len(issued.city.rows(evidence)) == 2


def test_item_of_another_department_or_case_is_not_there(issued: Site) -> None:
    """Whoever may not do it gets no form and cannot act on it, whatever they send."""
    path = issued.item_path("sign")
    before = {name: rows for name, rows in issued.city.everything().items() if name != "session"}
    for person in ("traffic.clerk", "centre.dispatcher", "centre.verifier"):
        client = issued.client(person)
        form = {"csrf": issued.csrf(client), "revision": "1", "once": "k" * 20}
        statuses = {client.get(path).status_code}
        statuses |= {press(client, path, each, form, decision="sign").status_code for each in ("claim", "complete")}
        assert statuses <= {403, 404}, person
    after = {name: rows for name, rows in issued.city.everything().items() if name != "session"}
    assert {name for name in after if after[name] != before[name]} <= {"fact", "ledger"}
    assert issued.city.open("sign")[0].revision == 1


def test_page_says_until_when_and_how_long_overdue(issued: Site) -> None:
    """The item shows its deadline; past that it is overdue, in words and not by colour alone."""
    path = issued.item_path("sign")
    said = []
    for later in (timedelta(minutes=1), timedelta(days=3)):
        issued.city.clock.advance(later)
        said += re.findall(r'<span class="clock-text">([^<]+)<', issued.client(CLERK).get(path).text)
    assert ["overdue" in each for each in said] == [False, True]
