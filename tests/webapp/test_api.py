"""API v1: its description, its tokens, its refusals, and what a program can do with it."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from engine.storage.tables.accounts import api_token
from engine.storage.tables.signals import signal
from tests.webapp.site import Site

DESCRIPTION = Path(__file__).with_name("openapi.json")


class Program:
    """A program with a token."""

    def __init__(self, site: Site, person: str, *scopes: str) -> None:
        self.site = site
        self.token = site.token(person, *scopes)
        self.count = 0

    def get(self, path: str, **headers: str) -> TestResponse:
        """Ask."""
        given = {"Authorization": f"Bearer {self.token}", **headers}
        return self.site.visitor().get(f"/api/v1{path}", headers=given)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        """Act, under a new key unless one is given."""
        self.count += 1
        given = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": f"program-{self.count:04}"}
        more = {} if body is None else {"json": body}
        return self.site.visitor().post(f"/api/v1{path}", headers={**given, **headers}, **more)


def test_description_is_the_one_that_is_kept(site: Site) -> None:
    """What programs rely on changes only on purpose: run with CITYLOOP_WRITE_OPENAPI=1 and look at the difference."""
    found = site.visitor().get("/api/v1/openapi.json").json
    if os.environ.get("CITYLOOP_WRITE_OPENAPI"):
        DESCRIPTION.write_text(json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n", "utf-8")
    assert found == json.loads(DESCRIPTION.read_text("utf-8"))
    assert found["openapi"].startswith("3.1")


def test_program_works_an_item_to_its_end(site: Site) -> None:
    """Inbox, item with form and ETag, claim, complete: what a page does, a program does."""
    city = site.city
    city.issued("water")
    clerk = Program(site, "water.clerk")
    (row,) = clerk.get("/inbox").json["items"]
    path = f"/work-items/{row['instance_id']}/{row['wait']}"
    item = clerk.get(path)
    assert item.json["schema"]["properties"]["decision"]["enum"] == ["sign", "return"]
    held = clerk.post(f"{path}/claim", **{"If-Match": item.headers["ETag"]})
    assert held.json["revision"] == 2
    stale = clerk.post(f"{path}/complete", {"answers": {"decision": "sign"}}, **{"If-Match": item.headers["ETag"]})
    assert (stale.status_code, stale.json["code"]) == (409, "work.stale")
    done = clerk.post(f"{path}/complete", {"answers": {"decision": "sign"}}, **{"If-Match": '"2"'})
    assert (done.status_code, done.json["ended"]) == (200, None)
    assert city.open_nodes() == ["handle@water"]


def test_write_repeated_under_its_key_is_carried_out_once(site: Site) -> None:
    """A program that never heard the answer asks again and gets it; the same key with another body is refused."""
    city = site.city
    city.issued("water")
    clerk = Program(site, "water.clerk")
    item = city.open("sign")[0]
    path = f"/work-items/{item.instance_id}/{item.wait}/complete"
    key = {"Idempotency-Key": "delivery-0001", "If-Match": '"1"'}
    first = clerk.post(path, {"answers": {"decision": "sign"}}, **key)
    before = city.everything()
    again = clerk.post(path, {"answers": {"decision": "sign"}}, **key)
    assert (again.status_code, again.json) == (200, first.json)
    other = clerk.post(path, {"answers": {"decision": "return"}}, **key)
    assert (other.status_code, other.json["code"]) == (422, "idempotency.key_reused")
    assert city.everything() == before


def test_refusal_is_a_problem_document_with_code_findings_and_request(site: Site) -> None:
    """A program can tell what is wrong, where, and which log line it is."""
    site.city.issued("water")
    clerk = Program(site, "water.clerk")
    item = site.city.open("sign")[0]
    path = f"/work-items/{item.instance_id}/{item.wait}/complete"
    answer = clerk.post(path, {"answers": {"decision": "return"}}, **{"If-Match": '"1"'})
    assert answer.mimetype == "application/problem+json"
    assert (answer.status_code, answer.json["code"]) == (422, "form.invalid")
    assert {finding["field"] for finding in answer.json["findings"]} == {"reason", "reason_code"}
    assert answer.json["request"] == answer.headers["X-Request-Id"]
    missing = clerk.post(path, {"answers": {}})
    assert (missing.status_code, missing.json["code"]) == (422, "http.422")


def test_token_speaks_within_its_scopes_until_it_ends(site: Site) -> None:
    """A token for reading does not act; one that is revoked, too old or made up does nothing; none stands in clear."""
    city = site.city
    reader = Program(site, "centre.intake_clerk", "read")
    assert reader.get("/me").json["scopes"] == ["read"]
    refused = reader.post("/hotline/tickets", {"tickets": [{}]})
    assert (refused.status_code, refused.json["code"]) == (403, "api.token_scope")
    assert reader.token not in repr(city.everything())
    city.clock.advance(timedelta(days=31))
    assert reader.get("/me").status_code == 401
    other = Program(site, "water.clerk")
    assert other.get("/me").status_code == 200
    client = site.client("water.clerk")
    (row,) = [row for row in city.rows(api_token) if row.person_id == "water.clerk"]
    assert site.post(client, f"/account/tokens/{row.id}/revoke").status_code == 302
    assert other.get("/me").status_code == 401
    other.token = "clt_" + "x" * 43
    assert other.get("/me").status_code == 401


def test_cookie_does_not_speak_for_a_browser_at_the_api(site: Site) -> None:
    """No other site can use somebody's session against the API."""
    client = site.client("centre.intake_clerk")
    assert client.get("/api/v1/me").status_code == 401
    assert client.post("/api/v1/hotline/tickets", json={"tickets": [{}]}).status_code == 401


def test_hotline_delivery_is_answered_row_by_row_and_known_again(site: Site) -> None:
    """One bad ticket does not hold up the others; a delivery sent again makes nothing twice."""
    program = Program(site, "centre.intake_clerk")
    good = {"external_id": "T-1", "reported_at": "2026-03-02 08:30", "text": "井盖缺失", "address": "人民路"}
    tickets = [good, {**good, "external_id": "T-2", "reported_at": "yesterday"}, {**good, "external_id": "T-3"}]
    answer = program.post("/hotline/tickets", {"tickets": tickets})
    assert [row["external_id"] for row in answer.json["received"]] == ["T-1", "T-3"]
    assert [finding["path"] for finding in answer.json["findings"]] == ["ticket[2]/reported_at"]
    again = program.post("/hotline/tickets", {"tickets": tickets})
    assert {row["repeated"] for row in again.json["received"]} == {True}
    assert len(site.city.rows(signal)) == 2


def test_further_order_and_its_withdrawal(site: Site) -> None:
    """A program drafts one more order for a case at work, and the commander's calls one back."""
    city = site.city
    incident = city.order_row(city.issued("water")).incident_id
    dispatcher, commander = Program(site, "centre.dispatcher"), Program(site, "centre.commander")
    body = {"objective": "Close the road", "content": "At once", "lead": "traffic"}
    drafted = dispatcher.post(f"/incidents/{incident}/orders", body)
    assert drafted.status_code == 201
    assert dispatcher.get(f"/orders/{drafted.json['id']}").json["state"] == "draft"
    first = next(row["id"] for row in dispatcher.get(f"/incidents/{incident}").json["orders"])
    assert commander.post(f"/orders/{first}/withdraw", {"reason_code": "not_needed"}).status_code == 204
    assert city.state(first) == "withdrawn"
