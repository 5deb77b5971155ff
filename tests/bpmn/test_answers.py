"""Questions of a check and their answers: every kind of value, the proposals, and what is left open."""

from __future__ import annotations

from typing import Any

import pytest

from engine.bpmn.answers import SLOTS
from engine.bpmn.check import Report, check, report_from_json, report_to_json
from engine.bpmn.net import Expression, Kind
from engine.errors import Rejected
from tests.bpmn.drawing import END, START, chain, drawing, flow, task

pytestmark = pytest.mark.fast

MULTI = "<bpmn:multiInstanceLoopCharacteristics/>"
TIMER = "<bpmn:timerEventDefinition/>"
SEVERAL = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration><bpmn:timeCycle>R2/PT1H</bpmn:timeCycle></bpmn:timerEventDefinition>"  # noqa: E501
ERROR = '<bpmn:endEvent id="stop"><bpmn:errorEventDefinition id="d"/></bpmn:endEvent>'
SPLIT = (
    START
    + END
    + '<bpmn:exclusiveGateway id="g"/><bpmn:userTask id="a"/><bpmn:userTask id="b"/>'
    + flow("start", "g")
    + flow("g", "a")
    + flow("g", "b")
    + flow("a", "end")
    + flow("b", "end")
)
CATCH = "intermediateCatchEvent"
CASES: list[tuple[str, str, Any, str]] = [
    ("timer.unset@w", chain(task("w", TIMER, CATCH)), "PT20M", "the timer waits 20 minutes"),
    ("timer.unset@w", chain(task("w", TIMER, CATCH)), "2026-05-01T08:00:00+08:00", "a date"),
    ("timer.several@w", chain(task("w", SEVERAL, CATCH)), "PT30M", "one of the two"),
    ("call.no_process@c", chain(task("c", "", "callActivity")), "other", "the called process"),
    ("event.no_trigger@w", chain(task("w", "", CATCH)), "pump ready", "a message"),
    ("error.no_code@stop", START + ERROR + flow("start", "stop"), "BURST", "a code"),
    ("multi.no_collection@a", chain(task("a", MULTI)), "4", "a number of legs"),
    ("multi.no_collection@a", chain(task("a", MULTI)), "departments", "a collection"),
    ("gateway.no_condition@g", SPLIT, {"g-a": "x > 1", "g-b": "default"}, "conditions and the default"),
]


def asked(report: Report) -> list[str | None]:
    """The keys of the open questions."""
    return [finding.key for finding in report.findings if finding.question]


@pytest.mark.parametrize(("key", "inside", "value", "what"), CASES, ids=[case[3] for case in CASES])
def test_answer_with_a_value_ends_the_question_and_is_a_change(key: str, inside: str, value: Any, what: str) -> None:
    """What the designer says in place of the proposal stands in the net, and the file runs."""
    before = check(drawing(inside))
    assert before.grade == "answers"
    assert key in asked(before)
    after = check(drawing(inside), {key: value})
    assert (after.grade, asked(after)) == ("runs", [])
    assert [question.key for question in after.asked] == [key], "what hung on the open question is asked no more"
    assert any(change.what.startswith("answered") for change in after.changes)
    assert after.nets["p"].digest != before.nets.get("p", after.nets["p"]).digest or "several" in key
    again = check(after.normalised)
    assert (again.grade, asked(again)) == ("runs", []), "the normalised copy says the same without the answers"


def test_answers_say_in_the_net_what_was_said() -> None:
    """A value is not merely accepted: the game will wait, throw, call and decide by it."""

    def net(key: str, inside: str, value: Any) -> Any:
        return check(drawing(inside), {key: value}).nets["p"]

    waits = net("timer.unset@w", chain(task("w", TIMER, CATCH)), "PT20M").node("w").event
    assert (waits.timer_kind, waits.timer, waits.timer_literal) == ("duration", Expression("PT20M"), True)
    assert net("timer.unset@w", chain(task("w", TIMER, CATCH)), "R3/PT5M").node("w").event.timer_kind == "cycle"
    assert net("call.no_process@c", chain(task("c", "", "callActivity")), "other").node("c").call.process == "other"
    assert net("event.no_trigger@w", chain(task("w", "", CATCH)), "pump ready").node("w").event.name == "pump ready"
    stop = net("error.no_code@stop", START + ERROR + flow("start", "stop"), "BURST").node("stop")
    assert (stop.event.kind, stop.event.name) == ("error", "BURST")
    decided = net("gateway.no_condition@g", SPLIT, {"g-a": "x > 1", "g-b": "default"})
    gateway = decided.node("g")
    ways = {decided.flows[index].id: decided.flows[index].condition for index in gateway.outgoing}
    assert ways == {"g-a": Expression("x > 1"), "g-b": None}
    assert decided.flows[gateway.default].id == "g-b"


@pytest.mark.parametrize(("key", "inside", "value", "what"), CASES, ids=[case[3] for case in CASES])
def test_answer_that_accepts_the_proposal_ends_the_question(key: str, inside: str, value: Any, what: str) -> None:
    """The proposal the net was made with becomes an ordinary change; a question without one stays open."""
    before = check(drawing(inside))
    after = check(drawing(inside), {key: None})
    question = before.asked[0]
    assert after.grade == ("answers" if question.proposal is None else "runs")
    if question.proposal is not None:
        assert after.nets == before.nets
        (change,) = [change for change in after.changes if change.what.startswith("answered")]
        assert (change.element, change.after) == (question.element, question.proposal)


def test_answer_to_one_question_leaves_the_others_open() -> None:
    """A file runs only when every question is answered."""
    inside = chain(task("a", MULTI), task("w", TIMER, CATCH))
    assert asked(check(drawing(inside), {"timer.unset@w": None})) == ["multi.no_collection@a"]
    assert check(drawing(inside), {"timer.unset@w": "PT1M", "multi.no_collection@a": None}).grade == "runs"


def test_answer_to_a_question_that_is_not_asked_changes_nothing() -> None:
    """An answer kept from an earlier drawing does no harm to a later one."""
    file = drawing(chain(task("a")))
    assert check(file, {"timer.unset@gone": "PT1M"}) == check(file)


@pytest.mark.parametrize(
    ("inside", "key", "value"),
    [
        (chain(task("w", TIMER, CATCH)), "timer.unset@w", ""),
        (chain(task("w", TIMER, CATCH)), "timer.unset@w", ["PT1M"]),
        (chain(task("w", TIMER, CATCH)), "timer.unset@w", "PT1M\n<x/>"),
        (chain(task("w", TIMER, CATCH)), "timer.unset@w", "P" * 3000),
        (SPLIT, "gateway.no_condition@g", "x > 1"),
        (SPLIT, "gateway.no_condition@g", {}),
        (SPLIT, "gateway.no_condition@g", {"a-end": "x > 1"}),
        (SPLIT, "gateway.no_condition@g", {"g-a": 3}),
    ],
)
def test_answer_of_another_shape_is_refused_by_name(inside: str, key: str, value: Any) -> None:
    """An answer is one line of text, or one for each way out, and never touches another element."""
    with pytest.raises(Rejected) as refusal:
        check(drawing(inside), {key: value})
    assert refusal.value.code == "answer.invalid"


def test_answer_is_text_that_is_evaluated_only_by_our_language() -> None:
    """Code in an answer is asked about again on its element, like code in the file, and answered with a condition."""
    answers = {"gateway.no_condition@g": {"g-a": "__import__('os')", "g-b": "default"}}
    report = check(drawing(SPLIT), answers)
    assert report.grade == "answers"
    assert asked(report) == ["expression.private_name@g-a"]
    assert all("__import__" not in each.condition.source for each in report.nets["p"].flows if each.condition)
    assert [each.wants for each in report.asked if each.element == "g-a"] == [{"kind": "condition"}]


def test_questions_say_which_values_they_take() -> None:
    """A page can offer the right field, and for a gateway one for each way with its label."""
    (question,) = check(drawing(SPLIT)).asked
    assert question.wants == {"kind": "conditions", "ways": [{"id": "g-a", "label": ""}, {"id": "g-b", "label": ""}]}
    (question,) = check(drawing(chain(task("w", TIMER, CATCH)))).asked
    assert question.wants == {"kind": "time"}
    assert {slot.kind for slot in SLOTS.values()} >= {"time", "process", "operation", "conditions"}


def test_report_with_answers_survives_the_way_out_of_the_child() -> None:
    """The parent sees questions, proposals and the normalised copy as the child made them."""
    report = check(drawing(SPLIT), {"gateway.no_condition@g": None})
    assert report_from_json(report_to_json(report)) == report
    assert report.nets["p"].node("g_choice").kind is Kind.USER
