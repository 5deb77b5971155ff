"""The library's pages: upload, the report as the stored draft, questions in place, publishing by a second person."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from engine.services.draft_rows import draft_row
from engine.storage.tables import processes as t
from tests.bpmn.drawing import END, START, chain, drawing, flow, task
from tests.webapp.site import Site
from webapp.cli import main

NOTE = json.dumps({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}).encode()
TIMER = task("w", "<bpmn:timerEventDefinition/>", "intermediateCatchEvent")
SPLIT = (
    START
    + END
    + '<bpmn:exclusiveGateway id="g"/><bpmn:userTask id="a" name="Yes"/><bpmn:userTask id="b" name="No"/>'
    + "".join(flow(*ends) for ends in (("start", "g"), ("g", "a"), ("g", "b"), ("a", "end"), ("b", "end")))
)
PLAIN = drawing(chain(task("a", more='name="Look"')))


@pytest.fixture
def author(site: Site) -> FlaskClient:
    """A browser of a designer."""
    return designer(site, "first")


@pytest.fixture
def colleague(site: Site) -> FlaskClient:
    """A browser of another designer."""
    return designer(site, "second")


def designer(site: Site, name: str) -> FlaskClient:
    """A browser of a new designer."""
    site.city.appoint(site.city.newcomer(name), "centre", "process_designer")
    return site.client(name)


def upload(site: Site, client: FlaskClient, files: dict[str, bytes], **more: str) -> Any:
    """What the upload answers."""
    given = [(io.BytesIO(content), name) for name, content in files.items()]
    return site.post(client, "/processes/upload", {"file": given, **more}, content_type="multipart/form-data")


def uploaded(site: Site, client: FlaskClient, content: bytes, **beside: bytes) -> str:
    """The id of the version a file became."""
    files = {"p.bpmn": content, **{name.replace("__", "."): each for name, each in beside.items()}}
    answer = upload(site, client, files)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return str(answer.location.rpartition("/")[2])


def act(site: Site, client: FlaskClient, id: str, action: str, **data: str) -> Any:
    """Press a button on the page of a version."""
    revision = str(site.city.engine.read(draft_row, id).revision)
    return site.post(client, f"/processes/{id}/{action}", {"revision": revision, **data})


def shown(client: FlaskClient, path: str) -> str:
    """The text of a page."""
    page = client.get(path)
    assert page.status_code == 200
    return str(page.get_data(as_text=True))


def test_upload_becomes_a_draft_with_its_report(site: Site, author: FlaskClient) -> None:
    """The page after the upload is the stored draft: what was found, with element and weight."""
    id = uploaded(site, author, drawing(chain(TIMER)))
    page = shown(author, f"/processes/{id}")
    assert "timer.unset@w" in page
    assert 'id="e-w"' in page
    assert 'id="to-review"' in page
    assert "Questions not answered yet: 1." in page


def test_upload_that_is_refused_is_told_and_not_kept(site: Site, author: FlaskClient) -> None:
    """Nobody has to guess why a file was not taken, and nothing is left of it."""
    before = site.city.counts()["definition"]
    answer = upload(site, author, {"no.bpmn": b"<no"})
    assert answer.status_code == 422
    assert "xml.broken" in answer.get_data(as_text=True)
    assert site.city.counts()["definition"] == before


def test_upload_of_several_files_marks_them_in_the_library(site: Site, author: FlaskClient) -> None:
    """What came together is shown together."""
    other = drawing(chain(task("b"))).replace(b'"p"', b'"q"')
    answer = upload(site, author, {"a.bpmn": PLAIN, "b.bpmn": other, "note.json": NOTE}, tag="v1")
    page = shown(author, answer.location)
    assert page.count('class="is-new"') == 2
    assert page.count("v1") >= 2


def test_only_checking_keeps_nothing(site: Site, author: FlaskClient) -> None:
    """A designer may ask what would happen."""
    before = site.city.counts()["definition"]
    answer = upload(site, author, {"p.bpmn": PLAIN}, only_check="yes")
    assert answer.status_code == 200
    assert "It runs" in answer.get_data(as_text=True)
    assert site.city.counts()["definition"] == before


def test_questions_are_answered_in_place(site: Site, author: FlaskClient) -> None:
    """A value, a proposal and conditions for each way; what is left open stays a question."""
    id = uploaded(site, author, drawing(chain(TIMER)))
    answer = act(site, author, id, "answers", **{"key-0": "timer.unset@w", "how-0": "own", "own-0": "PT25M"})
    assert answer.status_code == 302
    row = site.city.engine.read(draft_row, id)
    assert (row.answers["timer.unset@w"]["value"], row.report["grade"]) == ("PT25M", "runs")
    assert 'value="PT25M"' in shown(author, f"/processes/{id}")
    act(site, author, id, "answers", **{"key-0": "timer.unset@w", "how-0": "open"})
    assert site.city.engine.read(draft_row, id).answers == {}
    act(site, author, id, "answers", accept_all="yes")
    assert site.city.engine.read(draft_row, id).answers["timer.unset@w"]["value"] is None


def test_questions_about_a_gateway_ask_for_each_way(site: Site, author: FlaskClient) -> None:
    """The labels of the ways stand at the fields for their conditions."""
    id = uploaded(site, author, drawing(SPLIT))
    page = shown(author, f"/processes/{id}")
    assert "Condition of the way to “Yes”" in page
    given = {"key-0": "gateway.no_condition@g", "how-0": "own", "own-0-g-a": "x == 1", "own-0-g-b": "default"}
    act(site, author, id, "answers", **given)
    assert site.city.engine.read(draft_row, id).report["grade"] == "runs"


def test_answer_that_does_not_do_comes_back_at_its_question(site: Site, author: FlaskClient) -> None:
    """What was typed stays, with what is wrong with it, and the draft is as it was."""
    id = uploaded(site, author, drawing(chain(TIMER)))
    answer = act(site, author, id, "answers", **{"key-0": "timer.unset@w", "how-0": "own", "own-0": "soon enough"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert 'value="soon enough"' in page
    assert 'aria-invalid="true"' in page
    assert site.city.engine.read(draft_row, id).answers == {}


def test_life_of_a_version_over_its_pages(site: Site, author: FlaskClient, colleague: FlaskClient) -> None:
    """Reviewed, sent back with a reason, published by a second person, started by hand, retired."""
    started = PLAIN.replace(b'<bpmn:startEvent id="start"/>', b'<bpmn:startEvent id="start" cl:form="note"/>')
    id = uploaded(site, author, started, note__json=NOTE)
    act(site, author, id, "review")
    assert "Ask another designer" in shown(author, f"/processes/{id}")
    assert 'id="publish"' in shown(colleague, f"/processes/{id}")
    assert act(site, author, id, "publish").status_code == 403
    act(site, colleague, id, "return", reason="The second step has no deadline")
    assert "The second step has no deadline" in shown(author, f"/processes/{id}")
    act(site, author, id, "review")
    assert act(site, colleague, id, "publish").status_code == 302
    assert 'id="retire"' in shown(colleague, f"/processes/{id}")
    assert 'name="f-text"' in shown(author, f"/processes/{id}/start")
    assert site.post(author, f"/processes/{id}/start", {}).status_code == 422
    assert "A new instance was started." in shown(
        author, site.post(author, f"/processes/{id}/start", {"f-text": "pump 3"}).location
    )
    assert site.city.counts()["process_instance"] == 1
    act(site, colleague, id, "retire")
    assert 'id="start"' not in shown(author, f"/processes/{id}")


def test_certificate_shows_each_rule_and_plays_its_counter_example(site: Site, author: FlaskClient) -> None:
    """A refusal of the proof comes with the course that shows it, as sentences and as frames."""
    stuck = (
        START + END + '<bpmn:exclusiveGateway id="g" default="g-a"/><bpmn:userTask id="a"/><bpmn:userTask id="b"/>'
        '<bpmn:parallelGateway id="j"/>' + flow("g", "b", "true")
    )
    stuck += "".join(flow(*ends) for ends in (("start", "g"), ("g", "a"), ("a", "j"), ("b", "j"), ("j", "end")))
    id = uploaded(site, author, drawing(stuck))
    page = shown(author, f"/processes/{id}")
    assert "This version is not proved yet" in page
    assert "verdict-refused" in page
    path = re.search(r'data-play="([^"]+)"', page)
    assert path is not None
    played = author.get(path[1]).json
    assert {"frames", "steps", "said", "outcome"} <= set(played)
    assert played["steps"][0].keys() == {"element", "what"}
    assert author.get(f"/processes/{id}/counter-example/99").status_code == 404
    act(site, author, id, "prove", kind="loop")
    assert site.city.engine.read(draft_row, id).kind == "loop"


def test_two_versions_are_compared(site: Site, author: FlaskClient) -> None:
    """What a reviewer must look at is listed, and both drawings are there."""
    uploaded(site, author, PLAIN)
    id = uploaded(site, author, drawing(chain(task("a", more='name="Look twice"'), task("b"))))
    page = shown(author, f"/processes/{id}/compare")
    assert "3 added, 1 removed, 1 changed." in page
    assert "<del>Look</del>" in page
    assert page.count("data-compared=") == 2


SAMPLES = {
    "runs": PLAIN,
    "asks": drawing(chain(TIMER)),
    "gateway": drawing(SPLIT),
    "refused": b"<no",
    "form": drawing(chain(task("a", more='cl:form="gone"'))),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_page_and_command_give_the_same_answer(site: Site, author: FlaskClient, name: str, tmp_path: Path) -> None:
    """What `cityloop check` prints is what the page of the draft is made of."""
    file = tmp_path / "p.bpmn"
    file.write_bytes(SAMPLES[name])
    said = json.loads(CliRunner().invoke(main, ["check", "--json", str(file)]).stdout)
    proofs = said.pop("proof")
    del said["file"]
    answer = upload(site, author, {"p.bpmn": SAMPLES[name]})
    if said["grade"] == "refused":
        assert answer.status_code == 422
        assert all(finding["rule"] in answer.get_data(as_text=True) for finding in said["findings"])
        return
    row = site.city.engine.read(draft_row, answer.location.rpartition("/")[2])
    stored = dict(row.report)
    for own in ("asked", "broken", "lint", "layout"):
        del stored[own]
    assert stored == said
    assert row.certificate["rules"] == proofs["p"][row.kind]["rules"]


def test_pages_are_for_designers(site: Site, author: FlaskClient) -> None:
    """A clerk neither sees nor moves a version."""
    id = uploaded(site, author, PLAIN)
    clerk = site.client("water.clerk")
    assert clerk.get(f"/processes/{id}").status_code == 403
    assert act(site, clerk, id, "review").status_code == 403
    assert upload(site, clerk, {"p.bpmn": PLAIN}).status_code == 403
    assert site.city.rows(t.definition, t.definition.c.id == id)[0].state == "draft"


def test_every_page_speaks_chinese(site: Site, author: FlaskClient) -> None:
    """The whole report reads in the language of the office."""
    id = uploaded(site, author, drawing(chain(TIMER)))
    page = shown(site.client("first", "zh"), f"/processes/{id}")
    assert "定时器没有写时间。建议：时长 PT1H。" in page
    assert "采用建议" in page
