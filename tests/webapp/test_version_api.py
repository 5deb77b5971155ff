"""The life of a version over API v1: uploading, answering, reviewing, publishing, comparing, starting."""

from __future__ import annotations

import json
from base64 import b64encode
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from tests.bpmn.drawing import chain, drawing, task
from tests.webapp.site import Site
from webapp.cli import main

TIMER = task("w", "<bpmn:timerEventDefinition/>", "intermediateCatchEvent")
PLAIN = drawing(chain(task("a", more='name="Look"')))
ASKS = drawing(chain(TIMER))
KEYS = count()
V = "/api/v1/process-versions"


class Program:
    """A program that speaks for a designer."""

    def __init__(self, site: Site, name: str) -> None:
        site.city.appoint(site.city.newcomer(name), "centre", "process_designer")
        self.client: FlaskClient = site.app.test_client()
        self.token = site.token(name)

    def get(self, path: str) -> Any:
        """Ask for something."""
        return self.client.get(V + path, headers={"Authorization": f"Bearer {self.token}"})

    def post(self, path: str, body: Any = None, seen: int | None = None, key: str | None = None) -> Any:
        """Do something."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key or f"key-{next(KEYS):08}"}
        if seen is not None:
            headers["If-Match"] = f'"{seen}"'
        return self.client.post(V + path, json=body, headers=headers)

    def upload(self, content: bytes, **more: Any) -> Any:
        """Upload one file."""
        return self.post("", {"files": [{"name": "p.bpmn", "content": b64encode(content).decode()}], **more})


@pytest.fixture
def author(site: Site) -> Program:
    """A designer's program."""
    return Program(site, "first")


@pytest.fixture
def colleague(site: Site) -> Program:
    """Another designer's program."""
    return Program(site, "second")


def test_version_lives_over_the_api(site: Site, author: Program, colleague: Program) -> None:
    """A build server uploads and answers, a person publishes, and both see the same version."""
    kept = author.upload(ASKS, tag="v1")
    assert kept.status_code == 201
    (version,) = kept.json["versions"]
    assert (version["process"], version["grade"], version["new"]) == ("p", "answers", True)
    id = version["id"]
    shown = author.get(f"/{id}")
    assert (shown.headers["ETag"], shown.json["state"], shown.json["tag"]) == ('"1"', "draft", "v1")
    assert [question["key"] for question in shown.json["report"]["asked"]] == ["timer.unset@w"]
    answered = author.post(f"/{id}/answers", {"answers": {"timer.unset@w": "PT20M"}}, 1)
    assert answered.json == {"id": id, "revision": 2, "grade": "runs", "open": []}
    assert author.post(f"/{id}/review", None, 2).json == {"revision": 3}
    assert author.post(f"/{id}/publish", {}, 3).json["code"] == "definition.same_person"
    assert colleague.post(f"/{id}/return", {"reason": "Too late"}, 3).status_code == 200
    author.post(f"/{id}/review", None, 4)
    published = colleague.post(f"/{id}/publish", {"effective_from": "2026-03-01T08:00:00+08:00"}, 5)
    assert published.status_code == 200
    assert author.post(f"/{id}/start", {"department_id": "centre"}).status_code == 201
    assert author.post(f"/{id}/start", {"department_id": "water"}).status_code == 403
    assert colleague.post(f"/{id}/retire", None, 6).status_code == 200


def test_same_request_again_is_answered_alike(author: Program) -> None:
    """A program that asks twice under one key has one version and one answer."""
    body = {"files": [{"name": "p.bpmn", "content": b64encode(PLAIN).decode()}]}
    first, again = (author.post("", body, key="the-same-key") for _ in range(2))
    assert first.json == again.json
    assert len([row for row in author.get("").json["items"] if row["process_id"] == "p"]) == 1


def test_refused_upload_names_its_findings(author: Program) -> None:
    """What is wrong with a file comes as findings, with rule, line and element."""
    refused = author.upload(b"<no")
    assert (refused.status_code, refused.json["code"]) == (422, "definition.refused")
    assert refused.json["findings"][0]["rule"] == "xml.broken"
    broken = author.post("", {"files": [{"name": "p.bpmn", "content": "no base64"}]})
    assert broken.json["code"] == "upload.encoding"


def test_conflict_over_the_api_names_what_was_seen(author: Program) -> None:
    """A revision that is over is a conflict."""
    id = author.upload(ASKS).json["versions"][0]["id"]
    author.post(f"/{id}/answers", {"answers": {"timer.unset@w": None}}, 1)
    late = author.post(f"/{id}/answers", {"answers": {"timer.unset@w": "PT5M"}}, 1)
    assert (late.status_code, late.json["code"]) == (409, "definition.changed")


def test_library_is_paged_by_process_and_version(author: Program) -> None:
    """No version is left out and none told twice, however small the pages."""
    author.upload(PLAIN)
    author.upload(drawing(chain(task("b"))))
    whole = [(row["process_id"], row["version"]) for row in author.get("").json["items"]]
    paged, after = [], ""
    while after is not None:
        page = author.get(f"?limit=1{'&after=' + after if after else ''}").json
        paged += [(row["process_id"], row["version"]) for row in page["items"]]
        after = page["next"]
    assert paged == whole
    assert whole == sorted(whole, key=lambda row: (row[0], -row[1]))


def test_difference_is_told_over_the_api(author: Program) -> None:
    """Two versions are compared without a page."""
    one, other = (author.upload(content).json["versions"][0]["id"] for content in (PLAIN, ASKS))
    found = author.get(f"/{other}/difference/{one}").json
    assert [each["id"] for each in found["added"]] == ["w", "start-w", "w-end"]


@pytest.mark.parametrize("content", [PLAIN, ASKS, b"<no"], ids=["runs", "asks", "refused"])
def test_api_and_command_give_the_same_answer(author: Program, content: bytes, tmp_path: Path) -> None:
    """What `cityloop check --json` prints is what the API answers."""
    file = tmp_path / "p.bpmn"
    file.write_bytes(content)
    said = json.loads(CliRunner().invoke(main, ["check", "--json", str(file)]).stdout)
    (told,) = author.post("/check", {"files": [{"name": "p.bpmn", "content": b64encode(content).decode()}]}).json[
        "reports"
    ]
    for each in (said, told):
        del each["file"]
    del said["proof"]
    assert told == said


def test_token_without_the_scope_may_look_and_not_touch(site: Site, author: Program) -> None:
    """A program that reads is not one that publishes."""
    author.token = site.token("first", "read")
    assert author.get("").status_code == 200
    assert author.upload(PLAIN).json["code"] == "api.token_scope"
