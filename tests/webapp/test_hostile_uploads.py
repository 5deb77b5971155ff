"""Hostile files that several people hand in at once hold up nobody who reads a page."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from engine.bench.hostile import trap
from engine.bench.hostile_files import hostile_files
from engine.bench.hostile_xml import bombs
from engine.clock import stopwatch
from tests.webapp.site import Site
from webapp.turnstile import Turnstile, waits_outside

SLOWEST_ALLOWED_S = 5.0
PAGES = 25


def test_hostile_uploads_leave_the_pages_answering(site: Site) -> None:
    """While files that would eat time, memory or the machine are checked, pages come as if nobody uploaded."""
    for number in range(4):
        site.city.appoint(site.city.newcomer(f"designer.{number}"), "centre", "process_designer")
    site.app.wsgi_app = Turnstile(site.app.wsgi_app, 2, waits=waits_outside)  # type: ignore[method-assign]
    with trap() as places, ThreadPoolExecutor(4) as pool:
        chosen = [*islice(hostile_files(*places), 3, None, 700), *islice(bombs(), 0, None, 12)]

        def upload(number: int, file: tuple[str, bytes, str]) -> int:
            client = site.client(f"designer.{number % 4}")
            sent = {"file": (io.BytesIO(file[1]), "hostile.bpmn"), "only_check": "yes"}
            return site.post(client, checking, sent, content_type="multipart/form-data").status_code

        paths = {rule.rule for rule in site.app.url_map.iter_rules()}
        checking = next(path for path in ("/processes/check", "/processes/upload") if path in paths)
        answers = [pool.submit(upload, *each) for each in enumerate(chosen)]
        seconds = []
        for _ in range(PAGES):
            began = stopwatch()
            assert site.visitor().get("/help/").status_code == 200
            seconds.append(stopwatch() - began)
        assert {answer.result() for answer in answers} <= {200, 422, 503}
    assert max(seconds) < SLOWEST_ALLOWED_S
