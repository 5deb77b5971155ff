"""What a file leaves open is asked with a proposed answer: the question is there, and the answer can be played."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.bpmn.check import check
from engine.bpmn.choices import choice_at
from engine.bpmn.findings import Finding
from engine.bpmn.net import Event, Expression, Kind, Net
from tests.bpmn.course import Course
from tests.bpmn.drawing import END, START, chain, drawing, flow, reading, task

pytestmark = pytest.mark.fast

AFTER = '<bpmn:userTask id="a" name="Go on"/><bpmn:userTask id="b"/>' + flow("a", "end") + flow("b", "end")


def split(kind: str, *ways: str, more: str = "") -> str:
    """A gateway `g` behind the start, with the tasks `a` and `b` to go to."""
    return (
        START + END + AFTER + f'<bpmn:{kind}Gateway id="g" name="Well?" {more}/>' + flow("start", "g") + "".join(ways)
    )


def way(target: str, name: str, id: str = "") -> str:
    """A flow from the gateway with a label and no condition."""
    return f'<bpmn:sequenceFlow id="{id or target}_way" name="{name}" sourceRef="g" targetRef="{target}"/>'


def proposed(inside: str) -> tuple[Net, Finding]:
    """The net that was made with the one proposed answer, and the question."""
    found = reading(inside)
    (question,) = found.questions
    assert question.severity == "warning"
    assert "Proposed: " in question.message
    assert found.rewritten == {"p"}
    return found.nets["p"], question


def test_proposal_for_gateway_without_conditions_is_a_persons_choice() -> None:
    """A person is asked at the gateway, with the labels of the ways, and the token goes where the person says."""
    net, question = proposed(split("exclusive", way("a", "yes"), way("b", "no")))
    assert (question.rule, question.element) == ("gateway.no_condition", "g")
    for label, target in (("yes", "a"), ("no", "b")):
        course = Course(net)
        assert course.open == ["g_choice"]
        asked = choice_at(net, net.node("g_choice"))
        assert asked is not None
        assert (asked.variable, asked.labels, asked.several) == ("choice_g", ("yes", "no"), False)
        assert course.complete("g_choice", choice_g=label).open == [target]


def test_proposal_for_inclusive_gateway_takes_every_way_that_is_chosen() -> None:
    """Several labels open several ways; a join with several flows in stays in front of the question."""
    net, _ = proposed(split("inclusive", way("a", "police"), way("b", "fire")))
    assert Course(net).complete("g_choice", choice_g=["fire"]).open == ["b"]
    assert sorted(Course(net).complete("g_choice", choice_g=["police", "fire"]).open) == ["a", "b"]


def test_proposal_choice_is_asked_again_in_each_round() -> None:
    """An answer of the last round does not decide this one."""
    inside = START + END + '<bpmn:exclusiveGateway id="g"/><bpmn:userTask id="a"/>' + flow("start", "a")
    net, _ = proposed(inside + flow("a", "g") + way("a", "again") + way("end", "enough"))
    course = Course(net).complete("a").complete("g_choice", choice_g="again").complete("a")
    assert course.open == ["g_choice"]
    assert course.complete("g_choice", choice_g="enough").outcome == "completed"


def test_proposal_choice_stands_in_the_lane_and_scope_of_its_gateway() -> None:
    """The question goes to the people in whose lane the gateway is drawn."""
    lanes = '<bpmn:laneSet><bpmn:lane id="l" name="Desk" xmlns:cl="urn:cityloop:bpmn:1" cl:role="dispatcher">'
    lanes += "<bpmn:flowNodeRef>g</bpmn:flowNodeRef></bpmn:lane></bpmn:laneSet>"
    net, _ = proposed(lanes + split("exclusive", way("a", "yes"), way("b", "no")))
    assert (net.node("g_choice").role, net.node("g_choice").lane) == ("dispatcher", "Desk")
    assert net.node("g_choice").name == "Well?"


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (("same", "same"), ("same", "same (b_way)")),
        (("", ""), ("Go on", "b_way")),
        (("say &quot;no&quot; \\", "two&#10;  lines"), ('say "no" \\', "two lines")),
        (("${x} or 1", "') or ('"), ("${x} or 1", "') or ('")),
    ],
)
def test_proposal_labels_are_told_apart_and_are_only_text(names: tuple[str, str], labels: tuple[str, str]) -> None:
    """Each way has a label of its own, which is compared and never evaluated."""
    net, _ = proposed(split("exclusive", way("a", names[0]), way("b", names[1])))
    asked = choice_at(net, net.node("g_choice"))
    assert asked is not None
    assert asked.labels == labels
    for label, target in zip(labels, ("a", "b"), strict=True):
        assert Course(net).complete("g_choice", choice_g=label).open == [target]


def test_proposal_for_one_way_without_condition_is_the_default() -> None:
    """Beside ways that have conditions, the one that has none is what remains."""
    net, question = proposed(split("exclusive", flow("g", "a", "x > 1"), way("b", "else")))
    assert question.rule == "gateway.no_condition"
    assert Course(net, x=2).open == ["a"]
    assert Course(net, x=1).open == ["b"]


def test_proposal_beside_a_default_replaces_conditions_by_the_choice() -> None:
    """Where a default is drawn and another way is undecided, the person chooses among all of them."""
    net, _ = proposed(split("exclusive", way("a", "yes"), way("b", "no"), more='default="b_way"'))
    assert Course(net).complete("g_choice", choice_g="no").open == ["b"]


@pytest.mark.parametrize(
    ("element", "rule", "kind"),
    [
        (task("x", "", "callActivity"), "call.no_process", Kind.MANUAL),
        (task("x", "<bpmn:script>import os</bpmn:script>", "scriptTask"), "task.script", Kind.MANUAL),
        (task("x", "", "businessRuleTask"), "task.decision", Kind.MANUAL),
    ],
)
def test_proposal_for_work_nobody_named_is_a_persons(element: tuple[str, str], rule: str, kind: Kind) -> None:
    """A call of nothing, a script and a decision that is not here are done by a person until somebody says more."""
    net, question = proposed(chain(element))
    assert (question.rule, question.element, net.node("x").kind) == (rule, "x", kind)
    assert Course(net).complete("x").outcome == "completed"


def test_proposal_is_not_needed_where_a_script_names_its_operation() -> None:
    """An administrator's operation takes the place of the script."""
    found = reading(chain(task("x", "", "scriptTask", 'cl:operation="sum"')))
    assert not found.questions
    assert (found.nets["p"].node("x").kind, found.nets["p"].node("x").operation) == (Kind.SERVICE, "sum")


def test_proposal_for_unset_timer_is_an_hour() -> None:
    """A timer without a time waits for an hour until somebody says how long."""
    net, question = proposed(chain(task("n", "<bpmn:timerEventDefinition/>", "intermediateCatchEvent")))
    assert question.rule == "timer.unset"
    course = Course(net)
    assert course.due("n") == course.now + timedelta(hours=1)


@pytest.mark.parametrize(("kind", "name"), [("intermediateCatchEvent", "Call back"), ("boundaryEvent", "Called off")])
def test_proposal_for_event_without_trigger_is_a_message_of_its_name(kind: str, name: str) -> None:
    """An event that says nothing of what it waits for waits for a message called like it."""
    on_a_task = kind == "boundaryEvent"
    _, event = task("n", "", kind, f'name="{name}" ' + 'attachedToRef="t"' * on_a_task)
    inside = chain(task("t")) + event + flow("n", "end") if on_a_task else chain(task("t"), ("n", event))
    net, question = proposed(inside)
    assert (question.rule, net.node("n").event) == ("event.no_trigger", Event("message", name))


def test_proposal_for_error_without_code_is_its_own_id() -> None:
    """An error that names no code is thrown under the id of its event, so a boundary for any error catches it."""
    net, question = proposed(START + task("n", "<bpmn:errorEventDefinition/>", "endEvent")[1] + flow("start", "n"))
    assert (question.rule, net.node("n").event) == ("error.no_code", Event("error", "n"))
    assert Course(net).outcome == "error"


def test_proposal_for_multi_instance_over_nothing_is_two_legs() -> None:
    """A marker that says neither how many nor over what is played with two."""
    loop = '<bpmn:multiInstanceLoopCharacteristics id="m"/>'
    net, question = proposed(chain(task("t", loop)))
    assert question.rule == "multi.no_collection"
    assert Course(net).complete("t[1]").complete("t[2]").outcome == "completed"


def test_proposal_for_multi_instance_over_both_is_the_collection() -> None:
    """Where a number and a list are given, the list is proposed."""
    loop = '<bpmn:multiInstanceLoopCharacteristics id="m"><bpmn:loopCardinality>5</bpmn:loopCardinality>'
    loop += "<bpmn:loopDataInputRef>legs</bpmn:loopDataInputRef></bpmn:multiInstanceLoopCharacteristics>"
    net, _ = proposed(chain(task("t", loop)))
    multi = net.node("t").multi
    assert multi is not None
    assert (multi.cardinality, multi.collection) == (None, Expression("legs"))


def test_proposal_makes_the_grade_answers_and_leaves_the_second_reader_out() -> None:
    """A file that was played with proposals is not published, and nobody claims another engine reads it alike."""
    report = check(drawing(split("exclusive", way("a", "yes"), way("b", "no"))))
    assert (report.grade, report.opinion.verdict) == ("answers", "cannot")
    assert set(report.nets) == {"p"}


@pytest.mark.parametrize(
    ("element", "definition", "rule", "kind"),
    [
        ("endEvent", "timer", "event.not_thrown", "none"),
        ("intermediateThrowEvent", "error", "event.not_thrown", "none"),
        ("intermediateThrowEvent", "cancel", "event.not_thrown", "none"),
        ("intermediateCatchEvent", "escalation", "event.not_awaited", "message"),
        ("startEvent", "cancel", "event.not_awaited", "message"),
    ],
)
def test_proposal_for_an_event_that_cannot_be_at_its_place(element: str, definition: str, rule: str, kind: str) -> None:
    """Table 10.93 of the standard says what may stand where; the rest is asked about and never played as drawn."""
    inside = START + task("x", f"<bpmn:{definition}EventDefinition/>", element)[1]
    net, question = proposed(inside + (flow("start", "x") if element != "startEvent" else ""))
    assert (question.rule, question.element) == (rule, "x")
    event = net.node("x").event
    assert event is not None
    assert event.kind == kind


def test_proposal_for_what_repeats_or_throws_in_its_own_way() -> None:
    """An event sub-process runs once for each trigger, and no events are thrown by a multi-instance."""
    loop = '<bpmn:multiInstanceLoopCharacteristics behavior="None"><bpmn:loopCardinality>2</bpmn:loopCardinality>'
    loop += "</bpmn:multiInstanceLoopCharacteristics>"
    net, question = proposed(chain(task("a", loop)))
    assert question.rule == "multi.behavior"
    assert net.node("a").multi is not None
    handler = '<bpmn:subProcess id="h" triggeredByEvent="true">' + loop.replace(' behavior="None"', "")
    handler += '<bpmn:startEvent id="s"><bpmn:messageEventDefinition/></bpmn:startEvent></bpmn:subProcess>'
    net, question = proposed(chain(task("a")) + handler)
    assert question.rule == "multi.event_subprocess"
    assert net.node("h").multi is None
