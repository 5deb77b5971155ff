"""The public's pages: report in, follow by the code, and nothing of the reporter in clear."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from engine.services import limits
from engine.storage.evidence import EvidenceStore
from engine.storage.tables.incidents import incident
from engine.storage.tables.outbox import evidence
from engine.storage.tables.signals import signal
from tests.webapp.site import Site

TEXT = "Cellar of Mr Zheng is full,\nwater up to the knee"
WHO = {"name": "Zheng Weiguo", "phone": "13700001111"}
LANGUAGES = pytest.mark.parametrize("language", ["en", "zh"])


def photo(colour: str = "blue") -> bytes:
    """A photo with a place and a camera in its EXIF data, and something behind its end."""
    exif = Image.Exif()
    exif[0x010F] = "Camera of Mr Zheng"
    out = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(out, "JPEG", exif=exif)
    return out.getvalue() + b"<script>alert(1)</script>"


def send(site: Site, client: FlaskClient, **said: Any) -> TestResponse:
    """Send the form as it was loaded."""
    once = re.search(r'name="once" value="([^"]+)"', client.get("/report").text)
    assert once is not None
    return site.post(client, "/report", {"once": once[1], "text": TEXT, **said})


def code_of(answer: TestResponse) -> str:
    """The code on the page."""
    assert answer.status_code == 200
    found = re.search(r'id="code">([A-Z2-7]{4}-[A-Z2-7]{4}-[A-Z2-7]{4})<', answer.text)
    assert found is not None
    return found[1]


def follow(site: Site, code: str, language: str = "en", status: int = 200) -> str:
    """The page of a code."""
    answer = site.post(site.visitor(language), "/follow", {"code": code})
    assert answer.status_code == status
    return answer.text.split("<main")[1]


def test_report_becomes_a_case_where_it_happened(site: Site) -> None:
    """A few words and a pin are enough: no account, a case in its cell, a code to follow it by."""
    site.grid("cell", "water", None, 120.0)
    code_of(send(site, site.visitor(), longitude="120.005", latitude="30.005", event_type="20101"))
    (row,), (case,) = site.city.rows(signal), site.city.rows(incident)
    assert (row.channel, row.state, row.grid_cell_id, row.incident_id) == ("web", "linked", "cell", case.id)
    assert (case.event_type, case.grid_cell_id) == ("20101", "cell")


def test_reporters_words_are_kept_sealed_alone(site: Site) -> None:
    """Name, phone, address, words and code of a report stand in no table in clear."""
    code = code_of(send(site, site.visitor(), **WHO, address="12 Canal Road"))
    (row,) = site.city.rows(signal)
    keys = site.city.engine.database.keys
    assert keys.open(row.text, row.id) == TEXT
    assert keys.open(row.reporter_phone, row.id) == WHO["phone"]
    everything = repr(site.city.everything())
    for secret in (*WHO.values(), "Canal Road", "Zheng", "up to the knee", code, code.replace("-", "")):
        assert secret not in everything


REFUSED: dict[str, tuple[dict[str, str], str, str]] = {
    "no words": ({"text": " \n "}, "text", "text is empty"),
    "too many words": ({"text": "x" * 2001}, "text", "More than 2000 characters"),
    "far too many words": ({"text": "x" * 4001}, "text", "More than 4000 characters"),
    "long address": ({"address": "x" * 201}, "address", "More than 200 characters"),
    "long name": ({"name": "x" * 61}, "name", "More than 60 characters"),
    "long phone": ({"phone": "1" * 31}, "phone", "More than 30 characters"),
    "no number": ({"longitude": "here", "latitude": "30"}, "longitude", "Point at the map"),
    "not a number": ({"longitude": "120", "latitude": "nan"}, "latitude", "Point at the map"),
    "beyond the pole": ({"longitude": "120", "latitude": "91"}, "latitude", "Point at the map"),
    "half a place": ({"longitude": "120"}, "latitude", "Point at the map"),
}


@LANGUAGES
def test_refused_report_names_field_and_remedy_and_keeps_what_was_typed(site: Site, language: str) -> None:
    """Nobody writes a report twice: the form comes back as it was, the field that is not right marked and named."""
    client, before = site.visitor(language), site.city.counts()["signal"]
    for number, (typed, field, said) in enumerate(REFUSED.values()):
        where = {"REMOTE_ADDR": f"192.0.2.{number}"}
        answer = site.post(client, "/report", {"text": TEXT, "once": "k" * 20, **WHO, **typed}, environ_base=where)
        assert answer.status_code == 422, said
        assert (said in answer.text) == (language == "en"), said
        marked = re.findall(r'id="(\w+)" name="\w+" aria-invalid="true"', answer.text)
        assert marked == [field], said
        for name, value in {**WHO, **typed}.items():
            assert value.strip() in answer.text, name
        assert ("up to the knee" in answer.text) == ("text" not in typed)
    assert site.city.counts()["signal"] == before


def test_type_nobody_knows_is_refused_with_what_was_typed(site: Site) -> None:
    """A form that was tampered with, or an old one, opens nothing of a type that does not exist."""
    answer = send(site, site.visitor(), event_type="99999")
    assert (answer.status_code, "up to the knee" in answer.text) == (404, True)
    assert site.city.rows(signal) == []


def test_photo_is_stored_as_nothing_but_a_picture(site: Site) -> None:
    """What a camera writes about its owner, and whatever hides behind a picture, is gone; a file of ours is sealed."""
    sent = send(
        site, site.visitor(), photos=[(io.BytesIO(photo()), "DSC <1>.jpg"), (io.BytesIO(photo("red")), "2.jpg")]
    )
    code_of(sent)
    assert len(site.city.rows(evidence)) == 2
    for row in site.city.rows(evidence):
        store = EvidenceStore(site.settings.effective_evidence_folder, site.city.engine.database.keys, 40_000_000)
        _, content = site.city.engine.read(store.get, row.id)
        with Image.open(io.BytesIO(content)) as picture:
            assert (picture.format, picture.size, dict(picture.getexif())) == ("JPEG", (60, 40), {})
        assert b"script" not in content
    for file in site.settings.effective_evidence_folder.rglob("*"):
        assert not file.is_file() or b"JFIF" not in file.read_bytes()


def test_one_photo_too_many_or_none_at_all_is_refused_and_not_dropped(site: Site) -> None:
    """A photo is never left out silently: the report waits until the files are right."""
    visitor = site.visitor()
    four = [(io.BytesIO(photo()), f"{number}.jpg") for number in range(4)]
    assert "Send fewer" in send(site, visitor, photos=four).text
    assert "Only JPEG" in send(site, visitor, photos=[(io.BytesIO(b"<html>"), "a.jpg")]).text
    assert site.city.rows(signal) == site.city.rows(evidence) == []
    assert code_of(send(site, visitor, photos=[(io.BytesIO(b""), "")]))


def test_form_sent_twice_is_one_report_with_one_code(site: Site) -> None:
    """A double click or a shaky line makes no second case; other words in the same form are not lost silently."""
    visitor, form = site.visitor(), {"once": "key-of-one-form-17", "text": TEXT}
    first, again = (code_of(site.post(visitor, "/report", form)) for _ in range(2))
    assert first == again
    other = site.post(visitor, "/report", {**form, "text": "And now the street too"})
    assert (other.status_code, "And now the street too" in other.text) == (422, True)
    assert len(site.city.rows(incident)) == 1
    once = re.search(r'name="once" value="([^"]+)"', other.text)
    assert once is not None
    assert code_of(site.post(visitor, "/report", {"once": once[1], "text": "And now the street too"})) != first
    assert site.post(visitor, "/report", {"text": TEXT}).status_code == 422


@LANGUAGES
def test_progress_is_told_in_words_from_report_to_reply(site: Site, language: str) -> None:
    """The reporter sees where it stands, with whom and until when, and at the end the answer; nothing personal."""
    code, city = code_of(send(site, site.visitor(), **WHO, event_type="10101")), site.city
    (case,) = city.rows(incident)
    pages = [follow(site, code, language)]
    city.do("accept", decision="accept")
    pages.append(follow(site, code, language))
    city.do("file", decision="file")
    city.do("dispatch", objective="Stop it", content="Pump", lead=["water"])
    for node, answers in (("draft", {}), ("review", {"decision": "approve"}), ("issue", {})):
        city.do(node, **answers)
    pages.append(follow(site, code, language))
    city.report_back("water")
    city.do("verify", decision="pass")
    city.do("evaluate", score=90)
    city.do("close", decision="close", reply="All is dry again")
    pages.append(follow(site, code.lower().replace("-", " "), language))
    states = (["To accept", "To file", "In handling", "Closed"], ["待受理", "待立案", "处置中", "已结案"])
    words = states[language == "zh"]
    for page, word in zip(pages, words, strict=True):
        assert word in page
        assert case.number in page
        assert not [each for each in (*WHO.values(), "knee", "Stop it", "clerk") if each in page]
    assert "water" in pages[2]
    assert "All is dry again" in pages[3]
    assert "All is dry again" not in pages[2]


@LANGUAGES
def test_wrong_code_tells_nothing_and_cannot_be_guessed_fast(site: Site, language: str) -> None:
    """Codes travel in forms alone; trying many stops after twenty in a minute, with the time to wait."""
    code = code_of(send(site, site.visitor()))
    for wrong in ("", "AAAA-BBBB-CCCC", code[:-1], code + "A", "x" * 500):
        page = follow(site, wrong, language, status=404)
        assert ("no report with this code" in page) == (language == "en")
    assert "20260302" not in site.visitor().get(f"/follow?code={code}").text
    for _ in range(limits.FOLLOW.most - 5):
        limits.take(site.city.engine, limits.FOLLOW, "127.0.0.1")
    answer = site.post(site.visitor(language), "/follow", {"code": code})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")


def test_reports_of_one_address_are_limited_and_not_lost(site: Site) -> None:
    """Nobody floods the desk from one machine; who is too fast keeps the words and may send them a little later."""
    for _ in range(limits.REPORT.most):
        limits.take(site.city.engine, limits.REPORT, "127.0.0.1")
    answer = send(site, site.visitor())
    assert (answer.status_code, answer.headers["Retry-After"], TEXT in answer.text) == (429, "60", True)
    assert site.city.rows(signal) == []
