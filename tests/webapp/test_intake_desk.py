"""The intake desk: what waits with what it may repeat, the clerk's decisions, and tables of tickets dropped here."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engine.domain.access import SYSTEM_ACTOR
from engine.domain.signal import Signal
from engine.services.signals import receive_signal
from engine.storage.tables.incidents import incident
from engine.storage.tables.signals import signal
from tests.webapp.site import Site

CLERK = "centre.intake_clerk"
HEAD = "工单编号,来电时间,诉求内容,事发地址,来电人,联系电话,经度,纬度"
ROW = "T-1,2026-03-02 08:30,人民路井盖缺失,人民路 5 号,郑为国,13700001111,120.005,30.005"


def report(site: Site, number: int, text: str, **more: Any) -> Any:
    """A report that came in just now; the row of its incident."""
    said = {"event": "内涝", "longitude": 120.005, "latitude": 30.005, **more}
    at = site.city.clock.now()
    received = Signal(source="hotline", external_id=f"call-{number}", channel="12345", kind="report",
                      reported_at=at, text=text, **said)  # fmt: skip
    found = site.city.engine.command(receive_signal, SYSTEM_ACTOR, received, b"raw")
    assert found.incident_id is not None
    return site.city.row(incident, found.incident_id)


def rows_of(page: str) -> list[str]:
    """The rows of the desk's list."""
    return re.findall(r"<tr>\n<th scope=\"row\".*?</tr>", page, re.S)


def decide(site: Site, client: FlaskClient, case: Any, **answers: str) -> TestResponse:
    """Send the form of the case's acceptance."""
    item = next(item for item in site.city.open("accept") if item.subject_id == case.id)
    data = {"revision": "1", **{f"f-{name}": value for name, value in answers.items()}}
    return site.post(client, f"/work/{item.instance_id}/{item.wait}/complete", data)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_desk_shows_type_level_cell_and_likely_duplicates(site: Site, language: str) -> None:
    """What the clerk needs to decide stands on the desk: what, how grave, where, and what it may repeat."""
    site.grid("cell_one", "water", None, 120.0)
    first = report(site, 1, "Canal Road is under water")
    site.city.clock.advance(timedelta(minutes=4))
    second = report(site, 2, "Canal Road is all under water", longitude=120.006)
    far = report(site, 3, "A tree fell onto the hill path", longitude=120.9, latitude=30.9)
    page = site.client(CLERK, language).get("/intake/").text
    kind = site.city.engine.city.profile.event_types[first.event_type]
    rows = rows_of(page)
    by_number = {
        each.number: next(row for row in rows if f"{each.number}</span>" in row) for each in (first, second, far)
    }
    assert (kind.name_en if language == "en" else kind.name_zh) in by_number[first.number]
    assert "cell_one" in by_number[first.number]
    assert "Canal Road is under water" in by_number[first.number]
    assert second.number in by_number[first.number]
    assert "96" in by_number[first.number]  # metres apart
    assert first.number in by_number[second.number]
    assert first.number not in by_number[far.number]


def test_duplicates_are_weighed_by_type_place_time_and_words(site: Site) -> None:
    """Another matter comes after the same one; another street with other words, or another day, is no duplicate."""
    one = report(site, 1, "Canal Road is under water near the bridge")
    texts = "Canal Road is under water near the bridge"
    same = report(site, 2, texts)
    other = report(site, 3, texts, event="森林火灾")
    report(site, 4, "quite different words altogether", longitude=120.05)
    item = next(item for item in site.city.open("accept") if item.subject_id == one.id)
    page = site.client(CLERK).get(f"/work/{item.instance_id}/{item.wait}").text
    section = page.split('id="alike-title"')[1].split("</section>")[0]
    assert re.findall(r">(\d{8}-\d{6}-\d{6})<", section) == [same.number, other.number]
    site.city.clock.advance(timedelta(hours=25))
    late = report(site, 5, texts)
    item = next(item for item in site.city.open("accept") if item.subject_id == late.id)
    assert "alike-title" not in site.client(CLERK).get(f"/work/{item.instance_id}/{item.wait}").text


def test_report_is_accepted_declined_or_answered(site: Site) -> None:
    """Each decision leads the case on; a decision without what it needs is refused with what was typed."""
    cases = [report(site, number, f"Water in street {number}") for number in range(3)]
    client = site.client(CLERK)
    for incomplete in ("reject", "answer", "merge"):
        assert decide(site, client, cases[0], decision=incomplete).status_code == 422
    assert decide(site, client, cases[0], decision="accept").status_code == 302
    assert decide(site, client, cases[1], decision="reject", reason_code="false_report").status_code == 302
    assert decide(site, client, cases[2], decision="answer", reply="The pump is on its way").status_code == 302
    states = [site.city.row(incident, case.id).state for case in cases]
    assert states[:2] == ["accepted", "rejected"]
    assert states[2] in ("rejected", "closed", "evaluated")
    assert rows_of(client.get("/intake/").text) == []


def test_duplicate_is_merged_and_taken_apart_again(site: Site) -> None:
    """A case merged by mistake is a case of its own again; nothing merges into itself, nothing, or what is over."""
    one, two, three = (report(site, number, f"Water in street {number}") for number in range(3))
    client = site.client(CLERK)
    decide(site, client, three, decision="reject", reason_code="false_report")
    for into in (two.number, "20260302-990100-999999", three.number, "x"):
        answer = decide(site, client, two, decision="merge", into=into)
        assert (answer.status_code, f'value="{into}"' in answer.text) == (422, True), into
    assert decide(site, client, two, decision="merge", into=one.number).status_code == 302
    merged = site.city.row(incident, two.id)
    assert (merged.state, merged.merged_into_id) == ("merged", one.id)
    assert f"/incidents/{two.id}/unmerge" in client.get(f"/incidents/{two.id}").text
    assert site.post(client, f"/incidents/{one.id}/unmerge").status_code == 409
    assert site.post(site.client("centre.verifier"), f"/incidents/{two.id}/unmerge").status_code == 403
    assert site.post(client, f"/incidents/{two.id}/unmerge").status_code == 302
    apart = site.city.row(incident, two.id)
    assert (apart.state, apart.merged_into_id) == ("reported", None)
    assert decide(site, client, two, decision="accept").status_code == 302


def preview(site: Site, client: FlaskClient, content: bytes) -> TestResponse:
    """Drop a file, as the bytes a browser sends."""
    head = f'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{site.csrf(client)}\r\n--b\r\n'
    head += 'Content-Disposition: form-data; name="table"; filename="tickets.csv"\r\n\r\n'
    body = head.encode() + content + b"\r\n--b--\r\n"
    return client.post("/intake/preview", data=body, content_type="multipart/form-data; boundary=b")


def take(site: Site, client: FlaskClient, page: str, **columns: str) -> TestResponse:
    """Take the previewed table in by the columns as proposed, or as said otherwise."""
    content = re.search(r'name="content" value="([^"]*)"', page)
    assert content is not None
    form = {"content": content[1]}
    for select in re.findall(r'<select[^>]*name="(column-\w+)".*?</select>', page, re.S):
        chosen = re.search(rf'name="{select}".*?</select>', page, re.S)
        assert chosen is not None
        place = re.search(r'value="(\d+)" selected', chosen[0])
        form[select] = place[1] if place else ""
    return site.post(client, "/intake/take", {**form, **columns})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_table_in_each_encoding_is_previewed_and_taken_in(site: Site, encoding: str) -> None:
    """As hotlines export it: the columns are proposed by their names, nothing is taken in before it was looked at."""
    client = site.client(CLERK)
    shown = preview(site, client, f"{HEAD}\r\n{ROW}\r\n".encode(encoding))
    assert (shown.status_code, site.city.rows(signal)) == (200, [])
    assert ("GB18030" if encoding == "gb18030" else "UTF-8") in shown.text
    assert "人民路井盖缺失" in shown.text
    assert len(re.findall(r'value="\d" selected', shown.text)) == 8
    assert take(site, client, shown.text).status_code == 200
    (row,) = site.city.rows(signal)
    keys = site.city.engine.database.keys
    assert (row.external_id, row.longitude, keys.open(row.text, row.id)) == ("T-1", 120.005, "人民路井盖缺失")
    assert row.reported_at.isoformat() == "2026-03-02T00:30:00+00:00"


def test_rows_that_do_not_do_are_named_and_the_others_go_through(site: Site) -> None:
    """Each refused row stands under its number in the file, empty rows and lines in quotes included."""
    client = site.client(CLERK)
    lines = [
        HEAD, ROW, "", 'T-2,2026-03-02 08:31,"Two lines,\r\n""quoted"" and a comma",,,,,', ",,,,,,,",
        "T-3,yesterday,No time,,,,,", ",2026-03-02 08:32,No number,,,,200,", "T-4,2026/3/2 8:33,short row",
        "T-5,2026-03-02 08:34,=HYPERLINK(\"http://evil.example\"),@SUM(1),+1,-1,,,more,columns,than,named",
    ]  # fmt: skip
    page = take(site, client, preview(site, client, "\r\n".join(lines).encode()).text).text
    refused = re.findall(r"<li>Row (\d+) · (.*?)</li>", page)
    assert [(number, said.split(":")[0]) for number, said in refused] == [
        ("6", "Time of the call"), ("7", "Ticket number"), ("7", "Longitude"),
    ]  # fmt: skip
    kept = {row.external_id: row for row in site.city.rows(signal)}
    assert set(kept) == {"T-1", "T-2", "T-4", "T-5"}
    keys = site.city.engine.database.keys
    assert keys.open(kept["T-2"].text, kept["T-2"].id) == 'Two lines,\r\n"quoted" and a comma'
    assert keys.open(kept["T-5"].text, kept["T-5"].id) == '=HYPERLINK("http://evil.example")'
    assert '<a href="http://evil' not in site.client(CLERK).get("/intake/").text


def test_same_file_again_changes_nothing(site: Site) -> None:
    """A file dropped twice, or pressed twice, opens no case twice and says so."""
    client = site.client(CLERK)
    shown = preview(site, client, f"{HEAD}\n{ROW}\n".encode()).text
    take(site, client, shown)
    before = {name: rows for name, rows in site.city.everything().items() if name != "rate_window"}
    again = take(site, client, preview(site, client, f"{HEAD}\n{ROW}\n".encode("gb18030")).text)
    assert "Known before" in again.text
    assert {name: rows for name, rows in site.city.everything().items() if name != "rate_window"} == before


def test_columns_are_matched_by_hand_where_their_names_say_nothing(site: Site) -> None:
    """A table of strangers is taken in by whoever says what its columns are; what is missing is named."""
    client = site.client(CLERK)
    shown = preview(site, client, b"a,b,c\nT-9,2026-03-02 08:30,Cover missing\n").text
    wrong = take(site, client, shown)
    assert wrong.status_code == 422
    assert "These columns are needed: Ticket number, Time of the call, What was said" in wrong.text
    for odd in ("3", "99", "-1", "²", "9" * 5000, "x"):
        columns = {"column-external_id": odd, "column-reported_at": "1", "column-text": "2"}
        assert take(site, client, shown, **columns).status_code == 422, odd[:9]
    assert site.city.rows(signal) == []
    site.city.clock.advance(timedelta(minutes=1))
    columns = {"column-external_id": "0", "column-reported_at": "1", "column-text": "2"}
    assert take(site, client, wrong.text, **columns).status_code == 200
    assert [row.external_id for row in site.city.rows(signal)] == ["T-9"]


BROKEN = {
    "nothing": (b"", "header and at least one row"), "a header alone": (HEAD.encode(), "header and at least one row"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "neither UTF-8 nor GB18030|no table of text"),
    "no encoding": (b"a,b\n\xff\xff\xff,1\n", "neither UTF-8 nor GB18030"),
    "one endless field": (b'a,b\n"' + b"x" * 200_000 + b'",1\n', "broken"),
    "10,000 rows": (HEAD.encode() + b"\n" + b"T,2026-03-02 08:30,x,,,,,\n" * 10_000, "too large"),
    "a megabyte": (b"a,b\n" + b"x" * 1_000_000, "too large"),
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
def test_file_that_is_no_table_is_refused_with_the_way_out(site: Site, language: str) -> None:
    """Whatever is dropped ends in a sentence in the clerk's language, and nothing of it is taken in."""
    client = site.client(CLERK, language)
    for name, (content, said) in BROKEN.items():
        answer = preview(site, client, content)
        assert answer.status_code == 422, name
        alert = re.search(r'role="alert">([^<]+)<', answer.text)
        assert alert is not None, name
        assert bool(re.search(said, alert[1])) == (language == "en"), (name, alert[1])
        assert alert[1].isascii() == (language == "en"), name
    for lost in ("", "no base64!", "eA=="):
        assert site.post(client, "/intake/take", {"content": lost}).status_code == 422
    assert site.city.rows(signal) == []
