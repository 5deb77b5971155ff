"""Uploads: zips within bounds, forms and decisions beside the drawing, and the bounded child for all of it."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from engine.bpmn.unzip import LARGEST_ALL, MOST_FILES
from engine.bpmn.upload import check_upload, check_upload_in_child, upload_from_json, upload_to_json
from engine.errors import Rejected
from tests.bpmn.drawing import chain, drawing, task

FILE = drawing(chain(task("a", more='cl:form="note"')))
FORM = json.dumps({"type": "object", "properties": {"text": {"type": "string"}}}).encode()
DMN = (
    b'<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">'
    b'<decision id="level" name="level"><literalExpression id="l"><text>1 + 1</text></literalExpression></decision>'
    b"</definitions>"
)
fast = pytest.mark.fast


def packed(**files: bytes) -> bytes:
    """A zip of files; `__` in a name stands for a dot."""
    return zipped({name.replace("__", "."): content for name, content in files.items()})


def zipped(files: dict[str, bytes], *, pack: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip of files by name."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", pack) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def rules(content: bytes) -> list[str]:
    """The rules of what is found in one uploaded file or zip."""
    upload = check_upload({"up": content}, {})
    return [finding.rule for report in upload.reports.values() for finding in report.findings]


@fast
def test_upload_of_a_zip_reads_drawings_forms_and_decisions_together() -> None:
    """What belongs together arrives together: the form is there, the decision is kept, a readme is named."""
    other = drawing(chain(task("b"))).replace(b'"p"', b'"q"')
    content = zipped({"loop/a.bpmn": FILE, "loop/b.bpmn": other, "note.json": FORM, "t.dmn": DMN, "README.md": b"x"})
    upload = check_upload({"all.zip": content}, {})
    assert {name: report.grade for name, report in upload.reports.items()} == {"a.bpmn": "runs", "b.bpmn": "runs"}
    assert upload.sources["a.bpmn"] == FILE
    assert (list(upload.forms), list(upload.decisions), upload.ignored) == (["note"], ["t.dmn"], ("README.md",))
    assert upload_from_json(upload_to_json(upload)) == upload


@fast
@pytest.mark.parametrize(
    ("form", "rule"),
    [(None, "form.missing"), (b"{", "form.broken"), (b'{"type": "string"}', "form.broken"), (b"\xff", "form.broken")],
)
def test_upload_with_a_missing_or_broken_form_asks_on_the_step_that_uses_it(form: bytes | None, rule: str) -> None:
    """The designer sees which step suffers; accepting to go without takes the form out of the net."""
    files = {"a.bpmn": FILE} if form is None else {"a.bpmn": FILE, "note.json": form}
    (question,) = check_upload({"a.zip": zipped(files)}, {}).reports["a.bpmn"].asked
    assert (question.rule, question.element, question.key) == (rule, "a", f"{rule}@a")
    accepted = check_upload({"a.zip": zipped(files)}, {"a.bpmn": {f"{rule}@a": None}}).reports["a.bpmn"]
    assert accepted.grade == "runs"
    assert accepted.nets["p"].node("a").form is None


@fast
@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (zipped({"../a.bpmn": FILE}), "upload.path"),
        (zipped({"/a.bpmn": FILE}), "upload.path"),
        (zipped({"C:\\a.bpmn": FILE}), "upload.path"),
        (zipped({"x/a.bpmn": FILE, "y/a.bpmn": FILE}), "upload.twice"),
        (zipped({"a.bpmn": FILE, "b.bpmn": FILE}), "upload.process_twice"),
        (zipped({"a.bpmn": FILE, "in.zip": zipped({"b.bpmn": FILE})}), "upload.nested"),
        (zipped({f"{n}.json": FORM for n in range(MOST_FILES + 1)}), "upload.too_many"),
        (zipped({"a.bpmn": b" " * (LARGEST_ALL // 4)}), "upload.ratio"),
        (zipped({"readme.md": b"x"}), "upload.nothing"),
        (zipped({"a.bpmn": FILE})[:60], "upload.broken"),
        (b"PK\x03\x04" + b"\0" * 6_000_000, "upload.too_large"),
    ],
    ids=["up", "root", "drive", "twice", "process", "nested", "many", "ratio", "nothing", "broken", "large"],
)
def test_upload_of_a_zip_outside_the_bounds_is_refused_by_name(content: bytes, rule: str) -> None:
    """No path out, no bomb, no nesting; the report says which bound it was."""
    assert rule in rules(content)


@fast
def test_upload_counts_what_it_unpacks_and_not_what_the_zip_says() -> None:
    """A zip that lies about its sizes is stopped by the bytes that come out."""
    import os

    part = os.urandom(1_500_000)
    honest = zipped({f"{n}.json": part for n in range(3)}, pack=zipfile.ZIP_STORED)
    assert "upload.too_large" not in rules(honest)
    repeating = zipped({f"{n}.json": os.urandom(30_000) * 90 for n in range(5)})
    assert {"upload.too_large", "upload.ratio"} & set(rules(repeating))


def test_upload_in_the_child_says_the_same_and_names_a_wrong_answer() -> None:
    """The bounded process changes nothing about the report, and a refusal of an answer comes through by its code."""
    content = zipped({"a.bpmn": FILE, "note.json": FORM})
    assert check_upload_in_child({"a.zip": content}) == check_upload({"a.zip": content}, {})
    timer = drawing(chain(task("w", "<bpmn:timerEventDefinition/>", "intermediateCatchEvent")))
    answered = check_upload_in_child({"w.bpmn": timer}, {"w.bpmn": {"timer.unset@w": "PT5M"}})
    assert answered.reports["w.bpmn"].grade == "runs"
    with pytest.raises(Rejected) as refusal:
        check_upload_in_child({"w.bpmn": timer}, {"w.bpmn": {"timer.unset@w": ""}})
    assert refusal.value.code == "answer.invalid"


def test_upload_in_the_child_beyond_its_limits_is_a_refused_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that eats memory ends its child, never the server, and reads as refused."""
    monkeypatch.setattr("engine.bpmn.upload.MEMORY_BYTES", 30 * 1024 * 1024)
    report = check_upload_in_child({"a.bpmn": FILE}).reports["a.bpmn"]
    assert (report.grade, report.findings[0].rule) in {("refused", "check.limit"), ("refused", "check.failed")}
