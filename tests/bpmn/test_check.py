"""The report on a file: its grade, its shape for the command line, and the bounds of the child process."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from engine.bpmn.check import Report, check, check_in_child
from engine.errors import Rejected
from tests.bpmn.drawing import START, chain, drawing, flow, task

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "bpmn"
FILES = sorted(path for path in SHARED.glob("*/**/*") if path.is_file()) if SHARED.is_dir() else []
EXPECTED = SHARED / "EXPECTED.tsv"


@pytest.mark.fast
@pytest.mark.parametrize(
    ("inside", "grade"),
    [
        (chain(task("a")), "runs"),
        (chain(task("a", "", "serviceTask")), "answers"),
        (chain(task("a", "<bpmn:timerEventDefinition/>", "intermediateCatchEvent")), "answers"),
        (chain(task("a", "", "scriptTask")), "answers"),
        (chain(task("a", "", "choreographyTask")), "refused"),
        (chain(task("a", more='messageRef="none"', kind="sendTask")), "answers"),
        (START + flow("start", "nowhere"), "refused"),
        ("", "refused"),
    ],
)
def test_check_grade_says_what_an_upload_needs(inside: str, grade: str) -> None:
    """Clean files run, questions want answers, faults refuse."""
    report = check(drawing(inside))
    assert report.grade == grade
    assert bool(report.nets) == (grade != "refused")


@pytest.mark.fast
def test_check_unsafe_file_is_a_report_with_the_line() -> None:
    """Whoever uploads gets an answer, never a crash."""
    report = check(b"<a>\n<!ENTITY x>")
    assert report.grade == "refused"
    assert [(finding.rule, finding.line) for finding in report.findings] == [("xml.broken", 2)]


@pytest.mark.fast
def test_check_report_as_json_has_the_shape_of_the_command_line() -> None:
    """Scripts of operators read exactly these keys."""
    shown = check(drawing(chain(task("a", more='isForCompensation="0"')))).to_json()
    assert json.loads(json.dumps(shown)) == {
        "grade": "runs",
        "second_opinion": {"verdict": "agrees", "reason": ""},
        "changes": [{"element": "a", "what": "isForCompensation", "before": "0", "after": "false"}],
        "findings": [],
        "processes": ["p"],
        "fates": {"executed": 5, "rewritten": 0, "documentation": 0, "asked": 0, "refused": 0},
    }


@pytest.mark.fast
def test_check_schema_fault_is_a_warning_with_a_line() -> None:
    """A departure from the schema that hides no meaning does not refuse the file."""
    report = check(drawing('\n<bpmn:startEvent id="start" wrong="1"/>'))
    assert report.grade == "runs"
    (finding,) = [each for each in report.findings if each.rule == "schema"]
    assert (finding.severity, finding.line) == ("warning", 3)
    assert "wrong" in finding.message


@pytest.mark.fast
def test_check_digest_follows_the_normalised_file() -> None:
    """Equal bytes give equal nets; another drawing gives another digest."""
    one, same, other = (check(drawing(chain(task(id)))).nets["p"] for id in ("a", "a", "b"))
    assert one == same
    assert one.digest != other.digest


def test_check_in_child_gives_the_same_report() -> None:
    """The bounded process hands over everything, nets included."""
    content = drawing(chain(task("a"), task("b", "", "serviceTask")))
    assert check_in_child(content) == check(content)


@pytest.mark.parametrize("limit", [{"memory_bytes": 40_000_000}, {"wall_s": 0.01}])
def test_check_in_child_over_a_limit_is_a_clear_refusal(limit: dict[str, Any]) -> None:
    """A file that eats memory or time costs its own process, and the answer says so."""
    with pytest.raises(Rejected) as refused:
        check_in_child(drawing(chain(*(task(f"n{number}") for number in range(3_000)))), **limit)
    assert refused.value.code == "check.limit"


def _expected() -> dict[str, str]:
    rows = (line.split("\t") for line in EXPECTED.read_text(encoding="utf-8").splitlines()[1:])
    return {row[0]: row[1] for row in rows}


REFUSING = {"reference.broken", "process.missing", "bpmn.root", "bpmn.duplicate_id", "xml.broken"}


def _check_files(files: list[Path]) -> Counter[str]:
    """The grades of `files`; what must be refused is, and nobody contradicts our reader."""
    expected = _expected()
    grades: Counter[str] = Counter()
    for path in files:
        report: Report = check(path.read_bytes())
        grades[report.grade] += 1
        name = str(path.relative_to(SHARED))
        if expected[name] == "refuse":
            assert {finding.rule for finding in report.findings} & REFUSING, name
            assert report.grade == "refused"
        assert report.opinion.verdict != "differs", (name, report.opinion.reason)
        assert all(finding.line or finding.rule.startswith("xml.") for finding in report.findings), name
    return grades


@pytest.mark.shared_data
@pytest.mark.skipif(not FILES, reason="the shared files are not here")
def test_check_sample_of_real_files_never_raises() -> None:
    """Files of twenty tools and three engines: each gets a report, and the broken ones are refused."""
    expected = _expected()
    broken = [path for path in FILES if expected[str(path.relative_to(SHARED))] == "refuse"]
    grades = _check_files([*FILES[::20], *broken])
    assert grades["runs"] > 0


@pytest.mark.long
@pytest.mark.shared_data
@pytest.mark.skipif(not FILES, reason="the shared files are not here")
def test_check_every_real_file_never_raises() -> None:
    """The same over all of them."""
    grades = _check_files(FILES)
    assert grades.total() == len(FILES)
    assert grades["runs"] >= 335
    assert grades["runs"] + grades["answers"] >= 650
