"""The designer's page answers: the check of a drawing with its forms and tables, a preview, a dry run in frames."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

import webapp
from engine.bpmn.vocabulary import names
from engine.storage.tables.processes import definition
from tests.services.play import drawing, node, path
from tests.webapp.site import Site

STEP = node("userTask", "a", 'name="Look" xmlns:cl="urn:cityloop:bpmn:1" cl:form="look"')
DRAWN = drawing("tiny", node("startEvent", "s") + STEP + node("endEvent", "e") + path("s", "a", "e"))
FOREIGN = {"bean", "expression"}
"""Words for programs of other engines, which come with their files and are answered, never drawn."""
RIGHT = node("startEvent", "s") + node("userTask", "a") + node("endEvent", "e") + path("s", "a", "e")
FORM = {
    "type": "object",
    "properties": {
        "seen_on": {"type": "string", "format": "date", "x-cl-order": 2, "x-cl-title": {"zh": "日期", "en": "Seen on"}},
        "kind": {
            "type": "string",
            "enum": ["hole", "flood"],
            "x-cl-order": 1,
            "x-cl-title": {"zh": "类别", "en": "Kind"},
            "x-cl-choices": {"hole": {"zh": "塌陷", "en": "Hole"}, "flood": {"zh": "积水", "en": "Flood"}},
        },
    },
    "required": ["kind"],
}
TABLE = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="d">
<decision id="urgent" name="urgent"><decisionTable id="t" hitPolicy="UNIQUE">
<input id="i"><inputExpression id="x" typeRef="number"><text>level</text></inputExpression></input>
<output id="o" name="result" typeRef="string"/>
<rule id="r"><inputEntry id="cell"><text>&gt;= </text></inputEntry>
<outputEntry id="out"><text>"yes"</text></outputEntry>
</rule></decisionTable></decision></definitions>"""


@pytest.fixture
def designer(site: Site) -> Any:
    """A browser of somebody who draws processes."""
    site.city.newcomer("one.designer")
    site.city.appoint("one.designer", "centre", "process_designer")
    return site.client("one.designer")


def sent(site: Site, client: Any, path_: str, **parts: str) -> TestResponse:
    """Send parts of a drawing as the page does."""
    files = {name: (io.BytesIO(text.encode()), name) for name, text in parts.items()}
    return site.post(client, path_, files, content_type="multipart/form-data")


def test_page_hands_over_the_words_and_the_marks_the_engine_reads(site: Site, designer: Any) -> None:
    """The panel offers what the reader executes, with a role, a stage and a process of this installation."""
    page = designer.get("/processes/draw").get_data(as_text=True)
    known = json.loads(page.partition('id="designer-data">')[2].partition("</script>")[0])
    assert set(known["marks"]) == names()
    assert ["department_clerk", "Department clerk"] in known["offers"]["role"]
    assert "closed_loop_command" in [id for id, _ in known["offers"]["process"]]
    assert known["words"]["append"] == "Append"


def test_panel_has_a_field_for_every_word_the_reader_executes() -> None:
    """A new word of the engine that no field of the panel writes is found here."""
    folder = Path(webapp.__file__).parent / "static" / "designer"
    text = "".join(file.read_text("utf-8") for file in folder.glob("panel*.js"))
    written = set(re.findall(r"\"cl:(\w+)\"", text)) | set(re.findall(r"word\(\"(\w+)\"", text))
    written |= {"code_variable", "text_variable"} if '["code_variable", "text_variable"]' in text else set()
    assert names() - written == FOREIGN


def test_check_names_a_missing_form_at_its_element(site: Site, designer: Any) -> None:
    """A step that asks for a form nobody made is a question on that step; with the form the drawing runs."""
    without = sent(site, designer, "/processes/draw/check", source=DRAWN).get_json()
    (finding,) = [each for each in without["findings"] if each["element"] == "a"]
    assert (without["grade"], finding["weight"]) == ("answers", "question")
    assert "look" in finding["text"]
    whole = sent(site, designer, "/processes/draw/check", source=DRAWN, forms=json.dumps({"look": FORM})).get_json()
    assert (whole["grade"], whole["forms"]) == ("runs", {"look": []})


def test_check_names_the_cell_of_a_table_and_the_field_of_a_form(site: Site, designer: Any) -> None:
    """What is wrong stands where it was typed."""
    bad = {"type": "object", "properties": {"size": {"type": "string", "format": "colour"}}}
    parts = {"forms": json.dumps({"look": bad}), "decisions": json.dumps({"urgent.dmn": TABLE})}
    answer = sent(site, designer, "/processes/draw/check", source=DRAWN, **parts).get_json()
    assert [each["element"] for each in answer["decisions"]["urgent.dmn"]] == ["cell"]
    assert [(each["field"], each["text"]) for each in answer["forms"]["look"]] == [
        ("size", "This format is not known.")
    ]


def test_check_says_it_in_chinese(site: Site, designer: Any) -> None:
    """A designer in a Chinese office reads Chinese."""
    designer.set_cookie("cityloop-language", "zh")
    parts = {"decisions": json.dumps({"urgent.dmn": TABLE})}
    answer = sent(site, designer, "/processes/draw/check", source="no XML", **parts).get_json()
    assert answer["grade"] == "refused"
    assert answer["findings"][0]["weight_text"] == "错误"
    assert not answer["findings"][0]["text"].isascii()


@pytest.mark.parametrize("forms", ["[]", "no JSON", '{"../look": {}}', '{"look": 3}'])
def test_check_refuses_parts_that_the_page_never_sends(site: Site, designer: Any, forms: str) -> None:
    """What is no map of names to forms is refused, not half read."""
    assert sent(site, designer, "/processes/draw/check", source=DRAWN, forms=forms).status_code == 422


def test_preview_shows_fields_in_their_order_with_their_names(site: Site, designer: Any) -> None:
    """The preview is the page the clerk will see: order, names, choices and kinds as drawn."""
    html = sent(site, designer, "/processes/draw/form", form=json.dumps(FORM)).get_json()["html"]
    assert html.index("Kind") < html.index("Flood") < html.index("Seen on")
    assert 'type="date"' in html
    designer.set_cookie("cityloop-language", "zh")
    assert "积水" in sent(site, designer, "/processes/draw/form", form=json.dumps(FORM)).get_json()["html"]


def test_drive_tells_every_step_and_fills_in_the_drawn_form(site: Site, designer: Any) -> None:
    """A dry run of what nobody has stored: frames for the player, answers that the form takes."""
    parts = {"source": DRAWN, "forms": json.dumps({"look": FORM})}
    answer = sent(site, designer, "/processes/draw/drive", **parts).get_json()
    assert (answer["outcome"], [frame["cause"] for frame in answer["frames"]]) == ("completed", ["start", "complete"])
    assert answer["frames"][1]["answers"]["kind"] in ("hole", "flood")
    assert "2 steps" in answer["said"]


def test_drive_fills_in_the_form_the_process_begins_with(site: Site, designer: Any) -> None:
    """What a person says when they start it is there for the conditions of the drawing."""
    start = node("startEvent", "s", 'xmlns:cl="urn:cityloop:bpmn:1" cl:form="look"')
    test = node("conditionExpression", "t", inner="kind == 'hole'")
    body = start + node("exclusiveGateway", "x", 'default="x_e"') + node("endEvent", "e") + node("endEvent", "f")
    body += path("s", "x", "e") + node("sequenceFlow", "x_f", 'sourceRef="x" targetRef="f"', test)
    parts = {"source": drawing("begun", body), "forms": json.dumps({"look": FORM})}
    answer = sent(site, designer, "/processes/draw/drive", **parts).get_json()
    assert (answer["outcome"], answer["frames"][0]["flows"]) == ("completed", ["s_x", "x_f"])


def test_drive_plays_what_a_published_process_does_when_called(site: Site, designer: Any) -> None:
    """A call resolves to what the installation has published."""
    call = node("callActivity", "c", 'calledElement="closed_loop_command"')
    body = node("startEvent", "s") + call + node("endEvent", "e") + path("s", "c", "e")
    answer = sent(site, designer, "/processes/draw/drive", source=drawing("caller", body)).get_json()
    assert {frame["process"] for frame in answer["frames"]} == {"caller", "closed_loop_command"}


def test_drive_of_what_cannot_run_says_why(site: Site, designer: Any) -> None:
    """A refused drawing is an answer, not a failure of the page."""
    answer = sent(site, designer, "/processes/draw/drive", source="no XML").get_json()
    assert (answer["outcome"], answer["frames"]) == ("failed", [])
    assert "cannot run" in answer["said"]


def test_proof_says_what_each_rule_finds_and_how_it_comes_to_it(site: Site, designer: Any) -> None:
    """A join that waits for a branch that never comes: the rule, the element, and the course of a counter-example."""
    split = node("exclusiveGateway", "x", 'default="x_a"') + node("parallelGateway", "j", 'name="Both"')
    test = "<bpmn:conditionExpression>1 == 1</bpmn:conditionExpression>"
    body = node("startEvent", "s") + split + node("userTask", "a") + node("userTask", "b") + node("endEvent", "e")
    body += (
        path("s", "x", "a", "j", "e") + path("b", "j") + node("sequenceFlow", "f", 'sourceRef="x" targetRef="b"', test)
    )
    answer = sent(site, designer, "/processes/draw/prove", source=drawing("stuck", body)).get_json()
    verdicts = {each["rule"]: each["verdict"] for each in answer["rules"]}
    assert (answer["proved"], verdicts["CL-10"], verdicts["CL-12"]) == (False, "refused", "passed")
    course = answer["counter_examples"][0]
    assert "Both" in course["said"]
    assert [frame["cause"] for frame in course["frames"]] == ["start", "complete"]
    assert sent(site, designer, "/processes/draw/prove", source=drawing("fine", RIGHT)).get_json()["proved"] is True


def test_report_answers_a_browser_without_scripts(site: Site, designer: Any) -> None:
    """The page's one form leads to the report on the text in it."""
    answer = site.post(designer, "/processes/draw/report", {"source": DRAWN, "forms": "{}", "decisions": "{}"})
    assert answer.status_code == 200
    assert "look" in answer.get_data(as_text=True)


def saved(site: Site, client: Any, path_: str = "/processes/draw", **parts: str) -> TestResponse:
    """Save a drawing as the page's script does."""
    files = {name: (io.BytesIO(text.encode()), name) for name, text in parts.items()}
    accepts = {"Accept": "application/json"}
    return site.post(client, path_, files, content_type="multipart/form-data", headers=accepts)


def test_saved_drawing_is_a_draft_of_whoever_drew_it(site: Site, designer: Any) -> None:
    """What was drawn is stored with its form and its table, and is there to go on with."""
    parts = {"forms": json.dumps({"look": FORM}), "decisions": json.dumps({"urgent.dmn": TABLE.replace("&gt;= ", "3")})}
    href = saved(site, designer, source=DRAWN, **parts).get_json()["href"]
    row = site.city.row(definition, href.split("/")[2])
    assert (row.state, row.author_id, row.process_id) == ("draft", "one.designer", "tiny")
    assert set(row.forms) == {"look"}
    assert set(row.decisions) == {"urgent.dmn"}
    page = designer.get(href).get_data(as_text=True)
    assert "x-cl-choices" in page
    assert "decisionTable" in page


def test_saved_again_takes_the_place_of_the_draft_and_loses_what_was_removed(site: Site, designer: Any) -> None:
    """A form that was deleted on the page is gone, and the revision that was seen guards others' work."""
    forms = json.dumps({"look": FORM, "other": FORM})
    href = saved(site, designer, source=DRAWN, forms=forms).get_json()["href"]
    again = {"source": DRAWN.replace("Look", "Look again"), "forms": json.dumps({"look": FORM})}
    assert saved(site, designer, href, revision="1", **again).get_json()["href"] == href
    row = site.city.row(definition, href.split("/")[2])
    assert (set(row.forms), row.revision) == ({"look"}, 2)
    assert b"Look again" in row.source
    assert saved(site, designer, href, revision="1", **again).status_code == 409


def test_form_that_is_not_right_yet_is_kept_with_the_draft(site: Site, designer: Any) -> None:
    """Nobody loses a form because one of its fields is half made."""
    half = {"type": "object", "properties": {"size": {"type": "string", "format": "colour"}}}
    href = saved(site, designer, source=DRAWN, forms=json.dumps({"look": half})).get_json()["href"]
    assert "colour" in designer.get(href).get_data(as_text=True)


def test_draft_without_positions_is_laid_out_for_the_modeler(site: Site, designer: Any) -> None:
    """A file that says nothing of positions opens as a drawing too; what is stored stays as it came."""
    href = saved(site, designer, source=DRAWN, forms=json.dumps({"look": FORM})).get_json()["href"]
    assert b"BPMNShape" not in site.city.row(definition, href.split("/")[2]).source
    assert "BPMNShape" in designer.get(href).get_data(as_text=True)


def test_published_version_is_drawn_on_as_a_new_one(site: Site, designer: Any) -> None:
    """What is published does not change: it is opened as the beginning of a new drawing."""
    (row,) = site.city.rows(definition, definition.c.process_id == "closed_loop_command")
    assert designer.get(f"/processes/{row.id}/draw").status_code == 409
    page = designer.get(f"/processes/draw?from={row.id}").get_data(as_text=True)
    assert "lane_reviewer" in page
    assert 'data-draft="new"' in page


def test_page_without_scripts_saves_too(site: Site, designer: Any) -> None:
    """The form of the page is an ordinary one."""
    answer = site.post(designer, "/processes/draw", {"source": DRAWN, "forms": "{}", "decisions": "{}"})
    assert (answer.status_code, answer.location.endswith("/draw")) == (302, True)
