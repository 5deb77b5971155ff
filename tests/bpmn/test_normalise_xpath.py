"""XPath that asks for data, as the standard's own example files write it, decides like the same in our spelling."""

from __future__ import annotations

import pytest

from engine.bpmn.check import check
from tests.bpmn.course import Course
from tests.bpmn.drawing import END, START, asked_of, drawing, flow, normalised, task

pytestmark = pytest.mark.fast

DATA = '<bpmn:dataObject id="d_1" name="clarified"/><bpmn:dataObject id="d_2" name="not a name"/>'
SPLIT = START + END + DATA + '<bpmn:exclusiveGateway id="g" default="no"/>' + task("a")[1]
SPLIT += flow("start", "g") + flow("a", "end") + flow("g", "end", id="no")


@pytest.mark.parametrize(
    ("text", "ours", "given"),
    [
        ("bpmn:getDataObject('clarified') = 'yes'", "clarified == 'yes'", {"clarified": "yes"}),
        ("not(bpmn:getDataObject('clarified'))", "not(clarified)", {"clarified": False}),
        ("getDataObject('d_2') != 'a = b'", "d_2 != 'a = b'", {"d_2": "c"}),
        ('tns:getDataInput("d_1") >= 3 and getDataObject("other") = 2', "clarified >= 3 and other == 2",
         {"clarified": 3, "other": 2}),
    ],
)  # fmt: skip
def test_xpath_for_data_is_an_expression_of_ours(text: str, ours: str, given: dict[str, object]) -> None:
    """The data element's name, or its id, is the variable; the change is listed with the text before and after."""
    content = drawing(SPLIT + flow("g", "a", text.replace("<", "&lt;"), "yes"))
    changed = [(each.element, each.before, each.after) for each in normalised(content).changes]
    assert ("yes", text, ours) in changed
    report = check(content)
    assert report.grade == "runs"
    assert Course(report.nets["p"], **given).open == ["a"]


@pytest.mark.parametrize("text", ["getDataObject('a b') = 1", "count(//order) = 3", "getDataObject(concat('a','b'))"])
def test_other_xpath_is_asked_about(text: str) -> None:
    """What has no equal here is a person's choice until somebody writes it anew."""
    question, net = asked_of(SPLIT + flow("g", "a", text, "yes"))
    assert question.rule.startswith("expression.")
    assert Course(net).open == ["g_choice"]
