"""Forms are ours: the value belongs to its session, the browser's word on where a request comes from is believed.

That every unsafe route asks for the value at all is held by `tests/whole/test_routes.py`.
"""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from engine.domain.roles import DEPARTMENT_ROLES, ROLES
from engine.storage.tables.directives import directive
from engine.storage.tables.processes import definition
from tests.webapp.site import Site

CLERK = "water.clerk"
ENDLESS = {"live.stream"}
"""Streams without an end."""
SEEN = {"session"}
"""A session notes that it is used; nothing else may change when a page is looked at."""


def claim(site: Site, client: FlaskClient, value: str, **headers: str) -> int:
    """Try to take an item into hand; the status."""
    path = f"{site.item_path('sign', 'water')}/claim"
    return client.post(path, data={"csrf": value, "revision": "1"}, headers=headers).status_code


@pytest.fixture
def issued(site: Site) -> Site:
    """Pages of a city in which an order waits to be signed for."""
    site.city.issued("water")
    return site


def test_value_belongs_to_its_session(issued: Site) -> None:
    """What an attacker reads on a page of their own, or of another browser, opens nothing here."""
    mine, other, attacker = issued.client(CLERK), issued.client(CLERK), issued.client("traffic.clerk")
    values = [issued.csrf(client) for client in (mine, other, attacker)]
    assert len(set(values)) == 3
    assert [claim(issued, mine, value) for value in (*values[1:], "", values[0][:-1], values[0] + "x")] == [400] * 5
    assert issued.city.open("sign")[0].claimed_by is None
    assert claim(issued, mine, values[0]) == 302


def test_value_from_before_signing_in_is_over(issued: Site) -> None:
    """A form cookie that somebody planted before the sign-in does not speak for the session that follows."""
    client = issued.client(CLERK)
    client.set_cookie("cityloop-form", "planted")
    assert claim(issued, client, "planted") == 400
    value = issued.csrf(client)
    issued.post(client, "/sign-out")
    assert client.post("/language", data={"csrf": value, "language": "zh"}).status_code == 400


def test_visitor_has_a_value_of_their_own(site: Site) -> None:
    """People without an account are protected too: the form must carry what the browser's cookie holds."""
    visitor, other = site.visitor(), site.visitor()
    data = {"language": "zh"}
    assert visitor.post("/language", data={"csrf": "", **data}).status_code == 400
    kept = site.csrf(visitor)
    assert kept in visitor.get("/report").text
    assert len(kept) == 32
    assert other.post("/language", data={"csrf": kept, **data}).status_code == 400
    assert visitor.post("/language", data={"csrf": site.csrf(other), **data}).status_code == 400
    assert visitor.post("/language", data={"csrf": kept, **data}).status_code == 302


def test_value_may_come_in_a_header(issued: Site) -> None:
    """What scripts of our pages send carries it there; a wrong one is as bad as none."""
    client = issued.client(CLERK)
    assert claim(issued, client, "", **{"X-CSRF": "wrong"}) == 400
    assert claim(issued, client, "", **{"X-CSRF": issued.csrf(client)}) == 302


ELSEWHERE = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:8001"},
    {"Origin": "http://["},
    {"Referer": "http://evil.example/page"},
    {"Referer": "http://evil.example/?http://localhost/"},
    {"Referer": "http://["},
    {"Origin": "http://evil.example", "Referer": "http://localhost/"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]
OURS = [
    {},
    {"Origin": "http://localhost"},
    {"Referer": "http://localhost/inbox/"},
    {"Origin": "http://localhost", "Referer": "http://localhost/inbox/"},
    {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
    {"Sec-Fetch-Site": "none"},
]


def test_request_from_elsewhere_is_refused_although_it_knows_the_value(issued: Site) -> None:
    """A value that leaked is not enough: the request has to come from our pages, as the browser says."""
    client = issued.client(CLERK)
    value, before = issued.csrf(client), issued.city.everything()
    for headers in ELSEWHERE:
        assert claim(issued, client, value, **headers) == 400, headers
    assert issued.city.everything() == before


def test_request_from_our_pages_is_carried_out(site: Site) -> None:
    """Whatever a browser says or leaves out, our own forms work."""
    visitor = site.visitor()
    for headers in OURS:
        assert site.post(visitor, "/language", {"language": "en"}, headers=headers).status_code == 302, headers


def test_refused_form_keeps_what_was_typed_and_says_what_to_do(issued: Site) -> None:
    """Whose page was too old does not lose a report: it stands on the refusal, in their language."""
    answers = []
    for language in ("en", "zh"):
        client = issued.client(CLERK, language)
        data = {"csrf": "old", "f-reason": "Line 1\nLine 2"}
        answers.append(client.post(f"{issued.item_path('sign')}/complete", data=data))
        assert "Line 1\nLine 2" in answers[-1].text
        assert "old" not in answers[-1].text.split("<main")[1].split("too old")[0]
    assert "Open it again" in answers[0].text
    assert "Open it again" not in answers[1].text


def test_looking_at_pages_changes_nothing(issued: Site) -> None:
    """A link, a picture or a prefetching browser never acts: no page of GET writes anything."""
    site, city = issued, issued.city
    city.newcomer("one.everything")
    for role in ROLES:
        city.appoint("one.everything", "water" if role in DEPARTMENT_ROLES else "centre", role)
    (order,) = city.rows(directive)
    item = city.open("sign")[0]
    client, visitor = site.client("one.everything"), site.visitor()
    values = {
        "id": order.incident_id, "instance_id": item.instance_id, "wait": item.wait, "filename": "app.css",
        "signal_id": "none", "evidence_id": "none",
    }  # fmt: skip
    process = city.rows(definition)[0].id
    before = {name: rows for name, rows in city.everything().items() if name not in SEEN}
    asked = set()
    for rule in site.app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint in ENDLESS:
            continue
        own = {"id": order.id} if rule.endpoint.startswith(("orders.", "v1.order")) else {}
        own |= {"id": process, "place": 0} if rule.endpoint.startswith("library.") else {}
        own |= {"id": process, "other": process} if rule.endpoint.endswith(("_versions", "version_of")) else {}
        path = site.app.url_map.bind("").build(rule.endpoint, {k: {**values, **own}[k] for k in rule.arguments})
        for browser in (client, visitor):
            answer = browser.get(path)
            assert answer.status_code < 500, path
            answer.close()
        asked.add(rule.endpoint)
    assert {"work.item", "orders.order", "incidents.incident", "guide.go", "reports.form"} <= asked
    assert {name: rows for name, rows in city.everything().items() if name not in SEEN} == before
