"""What people with bad intentions send: script in every text, and files that are something else than they say."""

from __future__ import annotations

import io
import re
import struct
import zlib

import pytest
from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from engine.storage.evidence import EvidenceStore
from engine.storage.tables.directives import directive
from engine.storage.tables.outbox import evidence
from tests.services.play import drawing, node, path
from tests.webapp.site import Site

SCRIPT = '<script>alert("x")</script>'
ATTRIBUTE = '" onmouseover="alert(1)" x="'
TEMPLATE = "{{ 7 * 7 }}{% raw %}"
EVIL = f"{SCRIPT}{ATTRIBUTE}{TEMPLATE}<img src=x onerror=alert(1)>"


def as_text(page: str) -> None:
    """The page shows what was typed as text and runs none of it."""
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert not re.search(r'<[^>]*"\s+onmouseover="alert', page)
    assert "49{%" not in page


def test_script_in_every_text_is_shown_as_text(site: Site) -> None:
    """From the report to the evaluation, whatever people write appears on every page as they wrote it."""
    visitor = site.visitor()
    page = visitor.get("/report").text
    once = re.search(r'name="once" value="([^"]+)"', page)
    assert once is not None
    said = {"once": once[1], "text": EVIL, "address": EVIL[:190], "name": EVIL[:60], "phone": "13800000000"}
    assert site.post(visitor, "/report", said).status_code == 200
    city = site.city
    city.do("accept", decision="accept")
    wording = {"objective": EVIL, "content": EVIL, "lead": ["water"]}
    if city.open("file"):
        city.do("file", decision="file")
        city.do("dispatch", **wording)
    else:
        city.do("assign", **wording)
    city.do("draft")
    city.do("review", decision="return_for_revision", reason=EVIL)
    city.do("draft")
    city.do("review", decision="approve")
    city.do("issue")
    city.do("sign", "water", decision="sign")
    city.do("handle", "water")
    city.do("feedback", "water", text=EVIL)
    city.do("verify", decision="fail", reason=EVIL, legs=["water"])
    (order,) = city.rows(directive)
    seen = 0
    for person in ("centre.intake_clerk", "centre.dispatcher", "centre.supervisor", "water.clerk", "centre.verifier"):
        for language in ("zh", "en"):
            client = site.client(person, language)
            for where in (f"/incidents/{order.incident_id}", f"/orders/{order.id}", "/inbox/", "/incidents/"):
                answer = client.get(where)
                assert answer.status_code == 200, where
                as_text(answer.text)
                seen += "alert" in answer.text
    assert seen > 10


def test_script_in_what_is_refused_is_shown_as_text(site: Site) -> None:
    """What comes back to be corrected comes back as text too."""
    site.city.issued("water")
    client = site.client("water.clerk")
    answer = site.post(
        client, f"{site.item_path('sign')}/complete", {"revision": "1", "f-decision": "return", "f-reason": EVIL}
    )
    assert answer.status_code == 422
    as_text(answer.text)
    assert "alert" in answer.text
    wrong = site.post(site.visitor(), "/sign-in", {"account": EVIL, "password": "x"})
    as_text(wrong.text)
    as_text(site.post(site.visitor(), "/follow", {"code": EVIL}).text)


def test_script_in_a_process_is_shown_as_text(site: Site) -> None:
    """A drawing's names and findings are somebody else's words."""
    city = site.city
    city.newcomer("one.designer")
    city.appoint("one.designer", "centre", "process_designer")
    evil = "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"
    file = drawing(
        "evil",
        node("startEvent", "s", f'name="{evil}"') + node("userTask", "a", f'name="{evil}" foo="1"') + path("s", "a"),
    )
    data = {"file": (io.BytesIO(file.encode()), f"{SCRIPT}.bpmn")}
    answer = site.post(site.client("one.designer"), "/processes/upload", {**data, "only_check": "yes"})
    assert answer.status_code == 200
    as_text(answer.text)


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 8)) -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind)
    return out.getvalue()


def bomb() -> bytes:
    """A PNG of 30,000 × 30,000 pixels in a few hundred kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 30_001 * 3_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def pdf(script: bool) -> bytes:
    """A page without anything, with or without a script that runs when it is opened."""
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    if script:
        runs = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(runs)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


HOSTILE = {
    "photo.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "page.jpg": b"<!doctype html><script>alert(1)</script>",
    "cut.jpg": picture("JPEG")[:40],
    "nothing.png": b"",
    "bomb.png": bomb(),
    "script.pdf": pdf(script=True),
    "archive.zip": b"PK\x03\x04" + b"\0" * 100,
    "gif.gif": picture("GIF"),
    "broken.pdf": b"%PDF-1.7\n<script>alert(1)</script>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_file_is_refused_with_a_sentence_and_nothing_is_stored(site: Site, name: str) -> None:
    """What is no plain photo or PDF does not come in, whatever it is called; what was typed stays."""
    city = site.city
    city.issued("water")
    city.do("sign", "water", decision="sign")
    clerk = site.client("water.clerk")
    before = city.everything()
    data = {
        "revision": "1",
        "f-measures": "Pumped it dry",
        "f-evidence": (io.BytesIO(HOSTILE[name]), name if name != "page.jpg" else f"{SCRIPT}.jpg"),
    }
    answer = site.post(clerk, f"{site.item_path('handle')}/complete", data)
    assert answer.status_code == 422
    assert "Pumped it dry" in answer.text
    as_text(answer.text)
    assert city.everything() == before


@pytest.mark.parametrize("hidden", [b"<script>alert(1)</script>", b"PK\x03\x04<?php evil ?>", b"%PDF-1.4 /JS"])
def test_picture_is_stored_re_encoded_and_served_as_a_closed_attachment(site: Site, hidden: bytes) -> None:
    """Whatever hides behind or inside a picture is gone; what is left is never opened as a page."""
    city = site.city
    order = city.issued("water")
    city.do("sign", "water", decision="sign")
    data = {"revision": "1", "f-evidence": (io.BytesIO(picture("JPEG") + hidden), "x.jpg")}
    answer = site.post(site.client("water.clerk"), f"{site.item_path('handle')}/complete", data)
    assert answer.status_code == 302
    (row,) = city.rows(evidence)
    served = site.client("centre.verifier").get(f"/orders/{order}/evidence/{row.id}")
    assert hidden not in served.data
    assert Image.open(io.BytesIO(served.data)).format == "JPEG"
    assert served.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in served.headers["Content-Security-Policy"]
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    kept = EvidenceStore(site.settings.effective_evidence_folder, city.engine.database.keys, 10_000_000)
    with city.engine.database.read(city.clock.now()) as uow:
        assert kept.get(uow, row.id)[1] == served.data


def test_plain_pdf_is_kept_and_served_as_a_closed_attachment(site: Site) -> None:
    """A written order's scan comes in, and no browser opens it in the city's name."""
    city = site.city
    order = city.issued("water")
    city.do("sign", "water", decision="sign")
    data = {"revision": "1", "f-evidence": (io.BytesIO(pdf(script=False)), "order.pdf")}
    assert site.post(site.client("water.clerk"), f"{site.item_path('handle')}/complete", data).status_code == 302
    (row,) = city.rows(evidence)
    served = site.client("centre.verifier").get(f"/orders/{order}/evidence/{row.id}")
    assert served.mimetype == "application/pdf"
    assert served.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in served.headers["Content-Security-Policy"]
