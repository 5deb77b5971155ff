"""FEEL in a file: which texts are FEEL, and that the game decides, waits and makes legs by what they say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.bpmn.check import check
from engine.bpmn.effects import StepFailed
from engine.bpmn.net import Expression
from engine.bpmn.normalise import Change
from tests.bpmn.course import Course
from tests.bpmn.drawing import END, START, asked_of, chain, drawing, flow, net_of, normalised, reading, task

pytestmark = pytest.mark.fast

FEEL = "https://www.omg.org/spec/DMN/20191111/FEEL/"
WAYS = START + END + '<bpmn:exclusiveGateway id="g" default="no"/><bpmn:userTask id="a"/>' + flow("start", "g")
WAYS += flow("a", "end") + flow("g", "end", id="no")
BODY = '<bpmn:conditionExpression language="{}">{}</bpmn:conditionExpression>'
TIMER = "<bpmn:timerEventDefinition><bpmn:timeDuration{}>{}</bpmn:timeDuration></bpmn:timerEventDefinition>"


def stated(language: str, text: str) -> str:
    """A way to `a` on a condition that names its language."""
    return flow("g", "a", "@", "yes").replace(
        "<bpmn:conditionExpression>@</bpmn:conditionExpression>", BODY.format(language, text)
    )


@pytest.mark.parametrize(
    ("way", "spelling"),
    [
        (flow("g", "a", '= kind = "fire"', "yes"), "feel"),
        (stated(FEEL, 'kind = "fire"'), "feel"),
        (stated("feel", 'kind = "fire"'), "feel"),
        (stated("http://www.w3.org/1999/XPath", "kind == 'fire'"), "plain"),
        (stated("juel", "${kind == 'fire'}"), "juel"),
    ],
)
def test_feel_in_files_condition_decides_the_way(way: str, spelling: str) -> None:
    """A leading `=` or a named language makes a condition FEEL; the token goes where it says."""
    net = net_of(WAYS + way)
    condition = next(each.condition for each in net.flows if each.id == "yes")
    assert condition is not None
    assert condition.spelling == spelling
    assert Course(net, kind="fire").open == ["a"]
    assert Course(net, kind="flood").outcome == "completed"


def test_feel_in_files_language_of_the_whole_file_holds_where_nothing_else_is_said() -> None:
    """Modellers of DMN tools write the language once, on top; a hole `${…}` still shows JUEL."""
    content = drawing(WAYS + flow("g", "a", 'Approval Status = "yes"', "yes") + flow("g", "a", "${b}", "juel"))
    content = content.replace(b"<bpmn:definitions", f'<bpmn:definitions expressionLanguage="{FEEL}"'.encode(), 1)
    net = check(content).nets["p"]
    assert [each.condition.spelling for each in net.flows if each.condition] == ["feel", "juel"]


@pytest.mark.parametrize("text", ["= kind =", "= not_a_function(kind)", "= _private"])
def test_feel_in_files_fault_is_a_question_on_its_flow(text: str) -> None:
    """What does not compile is asked about, as in the other spellings; a person decides until it is answered."""
    question, net = asked_of(WAYS + flow("g", "a", text, "yes"))
    assert question.element == "yes"
    assert question.rule.startswith("expression.")
    assert Course(net).open == ["g_choice"]


def test_feel_in_files_missing_value_is_a_failure_and_not_the_other_way() -> None:
    """FEEL answers a comparison of unlike kinds with null; the gateway does not take the default for it."""
    net = net_of(WAYS + flow("g", "a", "= amount &gt; 5", "yes"))
    assert Course(net, amount=6).open == ["a"]
    assert [failure.node for failure in Course(net, amount="six").told(StepFailed)] == [net.node("g").index]


@pytest.mark.parametrize(
    ("inside", "hours"), [(("", '= duration("PT1H") * n'), 3), ((f' language="{FEEL}"', "PT2H"), 2)]
)
def test_feel_in_files_timer_is_due_when_it_says(inside: tuple[str, str], hours: int) -> None:
    """A FEEL duration is evaluated when the timer is armed; an ISO literal stays one in a FEEL file."""
    net = net_of(chain(task("wait", TIMER.format(*inside), "intermediateCatchEvent")))
    course = Course(net, n=3)
    assert course.due("wait") == course.now + timedelta(hours=hours)


def test_feel_in_files_zeebe_loop_makes_legs_and_collects() -> None:
    """Zeebe's multi-instance runs over its FEEL list, and each change to it is reported."""
    zeebe = 'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    loop = (
        f"<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements><zeebe:loopCharacteristics {zeebe} "
        'inputCollection="= for i in 1..3 return i * 2" inputElement="item" outputCollection="results" '
        'outputElement="= result"/></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>'
    )
    inside = chain(task("t", loop))
    net = net_of(inside)
    multi = net.node("t").multi
    assert multi is not None
    assert (multi.collection, multi.element) == (Expression("= for i in 1..3 return i * 2", "feel"), "item")
    changes = normalised(drawing(inside)).changes
    assert any(change.what == "zeebe:loopCharacteristics@outputElement as cl:output_element" for change in changes)
    course = Course(net)
    assert [course.seen(place)["item"] for place in course.open] == [2, 4, 6]
    for leg in (1, 2, 3):
        course.complete(f"t[{leg}]", result=leg)
    assert course.variables["results"] == [1, 2, 3]


def test_feel_in_files_zeebe_call_names_process_and_mappings() -> None:
    """The process and the FEEL mappings of a Zeebe call are ours; a target that is no name stays a note."""
    zeebe = 'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"'
    inside = (
        f'<bpmn:extensionElements {zeebe}><zeebe:calledElement processId="other"/><zeebe:ioMapping>'
        '<zeebe:input source="= a + 1" target="x"/><zeebe:input source="= a" target="deep.name"/>'
        '<zeebe:output source="= r" target="z"/></zeebe:ioMapping></bpmn:extensionElements>'
    )
    drawn = START + task("c", inside, "callActivity")[1]
    call = net_of(drawn).node("c").call
    assert call is not None
    assert (call.process, call.inputs) == ("other", ((Expression("= a + 1", "feel"), "x"),))
    assert call.outputs == ((Expression("= r", "feel"), "z"),)
    assert (
        Change("c", "zeebe:calledElement@processId as calledElement", "other", "other")
        in normalised(drawing(drawn)).changes
    )
    assert "vendor.not_run" in [finding.rule for finding in reading(drawn).questions]
