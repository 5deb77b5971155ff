"""What an attacker tries who knows the product: secret cases by detours, files and addresses made to break it."""

from __future__ import annotations

import base64
import io
import json
import re
import zlib
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import update

from engine.domain.access import SYSTEM_ACTOR
from engine.errors import Rejected
from engine.evidence_check import MOST_SCANS, clean
from engine.evidence_child import clean_in_child
from engine.services import accounts
from engine.services.desk import Desk
from engine.services.questions.similar import similar
from engine.services.questions.work import inbox_page
from engine.storage.tables.incidents import incident
from engine.storage.tables.outbox import evidence
from engine.storage.tables.processes import work_item
from tests.services.play import Play
from tests.webapp.site import Site
from tests.webapp.test_safe import pdf, picture

# -- secret cases by detours -------------------------------------------------------------------------------------------


def hide(city: Play, *incident_ids: str, centre: str = "centre") -> None:
    """Make cases secret, and let a centre lead them."""

    def make_secret(desk: Desk) -> None:
        chosen = update(incident).where(incident.c.id.in_(incident_ids))
        desk.uow.execute(chosen.values(sensitive=True, lead_centre_id=centre))

    city.engine.command(make_secret, SYSTEM_ACTOR)


def number(city: Play, incident_id: str) -> str:
    """The number of a case."""
    return str(city.row(incident, incident_id).number)


def test_duplicates_do_not_name_what_one_may_not_see(site: Site) -> None:
    """The list of similar cases is no way to a secret one of another centre, nor to its number by guessing."""
    city = site.city
    mine, other = city.city.incident(), city.city.incident()
    clerk = city.person("centre.intake_clerk")
    assert [each.id for each in city.engine.read(similar, city.engine.city, clerk, mine)] == [other]
    hide(city, other, centre="water")
    assert city.engine.read(similar, city.engine.city, clerk, mine) == []
    client, secret = site.client("centre.intake_clerk"), number(city, other)
    assert secret not in client.get("/intake/").text
    (item,) = [each for each in city.open("accept") if each.subject_id == mine]
    path = f"/work/{item.instance_id}/{item.wait}"
    assert secret not in client.get(path).text
    answers = [
        site.post(client, f"{path}/complete", {"revision": "1", "f-decision": "merge", "f-into": into})
        for into in (secret, secret[:-1] + "9")
    ]
    assert [each.status_code for each in answers] == [422, 422]
    said = [re.sub(r'(csrf|once)" value="[^"]+"|X-Request-Id', "", each.text) for each in answers]
    assert said[0].replace(secret, "") == said[1].replace(secret[:-1] + "9", "")
    assert city.row(incident, mine).state == "reported"


def test_item_of_a_secret_case_is_nothing_to_who_stands_above(site: Site) -> None:
    """The same role in a department above reaches the item, but a secret case is nobody's above its centre."""
    city = site.city
    city.newcomer("above")
    city.appoint("above", "city", "drafter")
    order = city.order("water")
    (item,) = city.open("draft")
    path, above = f"/work/{item.instance_id}/{item.wait}", site.client("above")
    bearer = {"Authorization": f"Bearer {site.token('above')}"}
    assert above.get(path).status_code == 200
    assert "Stop the flood" in above.get("/inbox/").text
    hide(city, city.order_row(order).incident_id)
    assert "Stop the flood" not in above.get("/inbox/").text
    listed = city.engine.read(inbox_page, city.engine.city, city.person("above"))
    assert [row.about for row in listed] == [None]
    assert above.get(path).status_code == 404
    assert above.get(f"/api/v1{path.replace('/work/', '/work-items/')}", headers=bearer).status_code == 404
    before = city.everything()
    data = {"revision": "1", "f-objective": "Mine", "f-content": "Mine"}
    assert site.post(above, f"{path}/complete", data).status_code == 404
    assert city.everything()["directive"] == before["directive"]
    assert "Stop the flood" in site.client("centre.drafter").get("/inbox/").text


# -- evidence that is none ---------------------------------------------------------------------------------------------


def test_evidence_of_another_case_or_of_none_is_not_taken(site: Site) -> None:
    """A form's hidden field holds ids: those of another order, made-up ones and plain words are refused."""
    city = site.city
    city.issued("water")
    city.do("sign", "water", decision="sign")
    data = {"revision": "1", "f-evidence": (io.BytesIO(picture()), "x.png")}
    assert site.post(site.client("water.clerk"), f"{site.item_path('handle')}/complete", data).status_code == 302
    (foreign,) = [row.id for row in city.rows(evidence)]
    city.issued("traffic")
    city.do("sign", "traffic", decision="sign")
    client, path = site.client("traffic.clerk"), site.item_path("handle", "traffic")
    before = city.everything()["work_item"]
    for given in (foreign, "00000000-0000-4000-8000-000000000000", "call 13800000000"):
        answer = site.post(client, f"{path}/complete", {"revision": "1", "f-evidence": given})
        assert answer.status_code == 422
    assert city.everything()["work_item"] == before
    (item,) = city.rows(work_item, work_item.c.node_id == "handle")
    bearer = {
        "Authorization": f"Bearer {site.token('traffic.clerk')}",
        "Idempotency-Key": "attack-1",
        "If-Match": '"1"',
    }
    at = f"/api/v1/work-items/{item.instance_id}/{item.wait}/complete"
    refused = client.post(at, json={"answers": {"evidence": [foreign]}}, headers=bearer)
    assert (refused.status_code, refused.get_json()["code"]) == (422, "evidence.unknown_here")


# -- files made to cost ------------------------------------------------------------------------------------------------


def many_scans(scans: int) -> bytes:
    """A small progressive JPEG whose last pass is repeated: each pass is work over all of the picture."""
    out = io.BytesIO()
    Image.new("L", (64, 64), 128).save(out, "JPEG", progressive=True)
    content = out.getvalue()
    last = content.rindex(b"\xff\xda")
    return content[:-2] + content[last:-2] * scans + b"\xff\xd9"


def unfolding(streams: int, size: int) -> bytes:
    """A PDF whose objects lie in compressed streams of `size` bytes each."""
    out, places = b"%PDF-1.5\n", {}

    def add(number: int, body: bytes) -> None:
        nonlocal out
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)

    held = b" ".join(b"%d 0 R" % (10 + streams + each) for each in range(streams))
    add(1, b"<</Type/Catalog/Pages 2 0 R/X [%s]>>" % held)
    add(2, b"<</Type/Pages/Kids[3 0 R]/Count 1>>")
    add(3, b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>")
    stream = b"<</Type/%s/Filter/FlateDecode/Length %d%s>>stream\n%s\nendstream"
    for each in range(streams):
        head = b"%d 0 " % (10 + streams + each)
        body = zlib.compress(head + b"[]" + b" " * size, 9)
        add(10 + each, stream % (b"ObjStm", len(body), b"/N 1/First %d" % len(head), body))
    last = 10 + 2 * streams
    rows = b"".join(
        b"\1" + places[each].to_bytes(4) + b"\0\0" if each in places
        else b"\2" + (each - streams).to_bytes(4) + b"\0\0" if each >= 10 + streams
        else b"\0" * 7
        for each in range(last)
    )  # fmt: skip
    start = len(out)
    body = zlib.compress(rows, 9)
    add(6, stream % (b"XRef", len(body), b"/Size %d/W[1 4 2]/Root 1 0 R" % last, body))
    return out + b"startxref\n%d\n%%%%EOF\n" % start


def test_jpeg_in_endless_passes_is_refused_before_it_is_decoded() -> None:
    """A pass takes sixty bytes and the work of a whole picture: ten megabytes of them would hold a core for an hour."""
    assert clean(many_scans(20)).startswith(b"\xff\xd8")
    with pytest.raises(Rejected) as caught:
        clean(many_scans(MOST_SCANS))
    assert caught.value.code == "evidence.broken"


@pytest.mark.parametrize("hidden", [b"\xff\xfe\x00\x04\xff\xd9", b"\xff\xe1\x00\x06\xff\xda\xff\xda"])
def test_passes_are_counted_behind_what_looks_like_an_end(hidden: bytes) -> None:
    """An end, or the pass of a preview, inside a comment is neither."""
    content = many_scans(MOST_SCANS)
    with pytest.raises(Rejected):
        clean(content[:2] + hidden + content[2:])
    assert clean(many_scans(1)[:2] + hidden * 40 + many_scans(1)[2:]).startswith(b"\xff\xd8")


def test_document_that_unfolds_is_refused_within_limits() -> None:
    """A file of some kilobytes whose parts unfold to gigabytes costs a child its limits, and the server nothing."""
    limits = {"memory_bytes": 200 * 1024 * 1024, "cpu_s": 5}
    assert clean_in_child(unfolding(2, 100), **limits).startswith(b"%PDF-")
    with pytest.raises(Rejected) as caught:
        clean_in_child(unfolding(12, 40_000_000), **limits)
    assert caught.value.code == "evidence.broken"


def test_child_says_what_the_check_says() -> None:
    """What the check takes or refuses, it takes and refuses in its child too, with the same code."""
    assert clean_in_child(picture()) == clean(picture())
    assert clean_in_child(pdf(script=False)) == pdf(script=False)
    for content in (b"", b"GIF89a", picture()[:40], pdf(script=True), b"\0" * 10_000_001):
        with pytest.raises(Rejected) as here:
            clean(content)
        with pytest.raises(Rejected) as there:
            clean_in_child(content)
        assert (there.value.code, dict(there.value.params)) == (here.value.code, dict(here.value.params))


# -- addresses made to break -------------------------------------------------------------------------------------------

BROKEN = {
    "/audit/": ["[Infinity]", "[1e999]", "[" * 20_000, "[-1]", "[null]", "{}", "\ud800"],
    "/board/": [
        '["0001-01-01T00:00:00+23:59", "a"]',
        '["9999-12-31T23:59:59-23:59", "a"]',
        '["2026-01-01T00:00:00+00:00", "\\ud800"]',
        '["2026-01-01T00:00:00", "a"]',
    ],
}


@pytest.mark.parametrize("path", BROKEN)
def test_page_of_a_list_that_is_none_is_not_found(site: Site, path: str) -> None:
    """Whatever stands in the address of a page, it is the address of one or it is not found: nothing breaks."""
    city = site.city
    city.newcomer("one.auditor")
    city.appoint("one.auditor", "centre", "auditor")
    client = site.client("one.auditor" if path == "/audit/" else "centre.supervisor")
    for said in BROKEN[path]:
        after = base64.urlsafe_b64encode(said.encode(errors="surrogatepass")).decode().rstrip("=")
        assert client.get(path, query_string={"after": after}).status_code == 404, said[:40]
    sound = base64.urlsafe_b64encode(json.dumps([7] if path == "/audit/" else ["2026-01-01T00:00:00Z", "a"]).encode())
    assert client.get(path, query_string={"after": sound.decode()}).status_code == 200


def test_password_change_ends_what_was_let_in_with_the_old_one(site: Site) -> None:
    """Whoever stole a session or a token has nothing after the owner has changed the password."""
    city = site.city
    browser, token = site.client("water.clerk"), site.token("water.clerk")
    city.engine.command(accounts.set_password, city.person("water.clerk"), "water.clerk", "another long word")
    assert browser.get("/inbox/").status_code == 302
    answer = site.visitor().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_form_with_more_text_than_anybody_types_is_refused(site: Site) -> None:
    """Decoding megabytes of nothing for a visitor would keep clerks waiting."""
    visitor = site.visitor()
    assert site.post(visitor, "/report", {"text": "%" * 250_000}).status_code == 413


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example"])
def test_demo_answers_to_this_machine_alone(sqlite_city: Play, tmp_path: Path, host: str) -> None:
    """A name that another site points here reaches no page of a demo, whose guide asks for no password."""
    visitor = Site(sqlite_city, tmp_path, demo=True).visitor()
    assert visitor.get("/", headers={"Host": "localhost:8000"}).status_code == 200
    refused = visitor.get("/", headers={"Host": host})
    assert refused.status_code == 400
    assert refused.headers["X-Content-Type-Options"] == "nosniff"
    assert visitor.post("/guide/begin", headers={"Host": host}).status_code == 400
