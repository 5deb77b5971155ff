"""A reviewer's remarks by what they mean, and a picture for every file that has none."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml.etree import fromstring

from engine.bpmn.check import check, check_in_child
from engine.bpmn.guard import guard
from engine.bpmn.lint import lint
from engine.bpmn.normalise import normalise
from engine.bpmn.picture import picture_of, shows_everything
from engine.bpmn.remarks import OWN, WEIGHTS
from tests.bpmn.diagram import Diagram
from tests.bpmn.drawing import chain, drawing, task
from webapp.text import texts

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "bpmn"
FILES = sorted(path for path in SHARED.glob("*/**/*") if path.is_file()) if SHARED.is_dir() else []


def remarks(content: bytes) -> dict[tuple[str, str | None], str]:
    """The weight of each remark on a file, by rule and element."""
    report = check(content)
    return {(each.rule, each.element): each.weight for each in lint(fromstring(report.normalised), report.nets)}


def test_lint_says_what_breaking_a_rule_means() -> None:
    """A designer sees first what keeps a file from being published, last what is only custom."""
    diagram = Diagram().start().user("a").exclusive("x").user("b", "c").flow("start > a > x ?y? b", "x ?z? c")
    found = remarks(diagram.xml().encode())
    assert found["no-default", "x"] == "surprises"
    assert found["nobody-named", "a"] == "surprises"
    assert found["label-required", "a"] == "style"
    weights = list(found.values())
    assert weights == sorted(weights, key=("blocks", "surprises", "style").index)


def test_lint_of_flows_that_nodes_do_not_list_finds_no_false_gap() -> None:
    """Most files of engines leave `incoming` and `outgoing` out; nothing in them is disconnected."""
    found = remarks(drawing(chain(task("a"), task("b"))))
    assert not [rule for rule, _ in found if rule in ("no-disconnected", "no-implicit-start", "no-implicit-end")]
    assert remarks(drawing(chain(task("a")) + '<bpmn:userTask id="island"/>'))["no-disconnected", "island"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_rule_of_the_reviewer_is_said_in_both_languages(language: str) -> None:
    """Nobody reads a code in place of a remark."""
    rules = {f"lint.{rule.replace('-', '_')}" for rule in (*WEIGHTS, *OWN)}
    assert sorted(rules - set(texts(language))) == []


def test_picture_of_a_file_without_one_has_every_node() -> None:
    """What nobody drew is drawn, sub-processes and boundaries too, and said to be automatic."""
    diagram = Diagram().start().user("w").boundary("b", "w", timer="PT1H").user("late")
    with diagram.subprocess("s"):
        diagram.start("i").user("u").end("o").flow("i > u > o")
    made = picture_of(normalise(guard(diagram.flow("start > w > s", "b > late").xml().encode()).root).root)
    assert made.by == "automatic"
    assert shows_everything(fromstring(made.content))
    again = picture_of(normalise(guard(made.content).root).root)
    assert again.by == "drawn"


def test_picture_of_several_processes_is_ours() -> None:
    """The package draws one process; where it leaves nodes out, ours draws all of them, none on top of another."""
    content = drawing(chain(task("a"), task("b")), '<bpmn:process id="q"><bpmn:userTask id="other"/></bpmn:process>')
    made = picture_of(normalise(guard(content).root).root)
    root = fromstring(made.content)
    assert shows_everything(root)
    places = [(each.get("x"), each.get("y")) for each in root.iter("{*}Bounds")]
    assert len(places) == len(set(places)) == 5


def test_dressed_report_comes_back_from_the_child() -> None:
    """Remarks and picture are made under the limits of the check, and only where they are asked for."""
    content = drawing(chain(task("a")))
    plain, dressed = check_in_child(content), check_in_child(content, dressed=True)
    assert plain.dressing is None
    assert "lint" not in plain.to_json()
    assert dressed.dressing == check(content).dressed().dressing
    assert dressed.to_json()["layout"] == "automatic"
    assert dressed.dressing is not None
    assert dressed.dressing.picture is not None
    assert check(b"<a/>").dressed().dressing is None


@pytest.mark.shared_data
@pytest.mark.skipif(not FILES, reason="the shared files are not here")
def test_every_real_file_of_a_sample_is_dressed() -> None:
    """Files of twenty tools and three engines have remarks or none, and a picture of every node."""
    for path in FILES[::30]:
        report = check(path.read_bytes()).dressed()
        if report.dressing is not None and report.dressing.picture is not None:
            assert shows_everything(fromstring(report.dressing.picture.encode())), path.name
