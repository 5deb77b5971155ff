"""Who does the work of a task: decisions, expressions of ours, programs and people, by what the file says."""

from __future__ import annotations

import pytest

from engine.bpmn.net import Event, Expression, Kind
from tests.bpmn.course import Course
from tests.bpmn.drawing import asked_of, chain, flow, net_of, reading, task
from tests.bpmn.test_normalise_vendor import extended

pytestmark = pytest.mark.fast

CAMUNDA_RULE = 'camunda:decisionRef="level" camunda:resultVariable="r" camunda:mapDecisionResult="singleEntry"'
JUEL = Expression("${a + 1}", "juel")
FEEL = Expression("=a + 1", "feel")
SCRIPT = "<bpmn:script>{}</bpmn:script>"


@pytest.mark.parametrize(
    ("inside", "more", "shape"),
    [
        (
            "",
            'camunda:decisionRef="level" camunda:resultVariable="r" camunda:mapDecisionResult="singleEntry"',
            "singleEntry",
        ),
        (extended('<zeebe:calledDecision decisionId="level" resultVariable="r"/>'), "", None),
        ("", 'cl:decision="level" cl:result="r"', None),
    ],
)
def test_task_of_a_decision_is_a_business_rule(inside: str, more: str, shape: str | None) -> None:
    """The decision is named with the variable that takes its result, and with the shape an engine gives it."""
    node = net_of(chain(task("t", inside, "businessRuleTask", more))).node("t")
    assert (node.kind, node.decision, node.result, node.map_result) == (Kind.RULE, "level", "r", shape)


def test_task_of_a_computed_decision_is_a_persons_until_it_is_named() -> None:
    """Which decision is asked must not hang on data."""
    question, net = asked_of(chain(task("t", "", "businessRuleTask", 'camunda:decisionRef="${which}"')))
    assert (question.rule, net.node("t").kind) == ("task.decision_computed", Kind.MANUAL)


@pytest.mark.parametrize(
    ("kind", "inside", "more", "expression"),
    [
        (
            "serviceTask",
            "",
            'operaton:expression="${a + 1}" operaton:resultVariable="r"',
            Expression("${a + 1}", "juel"),
        ),
        (
            "scriptTask",
            extended('<zeebe:script expression="=a + 1" resultVariable="r"/>'),
            "",
            Expression("=a + 1", "feel"),
        ),
        (
            "scriptTask",
            SCRIPT.format("${a + 1}"),
            'scriptFormat="juel" camunda:resultVariable="r"',
            Expression("${a + 1}", "juel"),
        ),
        ("scriptTask", SCRIPT.format("a + 1"), 'scriptFormat="FEEL" cl:result="r"', Expression("a + 1", "feel")),
    ],
)
def test_task_that_is_one_expression_is_evaluated(kind: str, inside: str, more: str, expression: Expression) -> None:
    """An expression of ours has no side effects, so it runs here and its value is kept under the name given."""
    net = net_of(chain(task("t", inside, kind, more), task("u")))
    assert net.node("t").kind is Kind.SCRIPT
    assert net.node("t").outputs == ((expression, "r"),)
    assert Course(net, a=1).variables["r"] == 2


@pytest.mark.parametrize("text", ["${starter}", "${mailer.send(1)}", "#{a =}"])
def test_task_whose_expression_is_a_program_is_asked_about(text: str) -> None:
    """A bare name that keeps nothing stands for a program, as does a method; neither runs."""
    question, net = asked_of(chain(task("t", "", "serviceTask", f'camunda:expression="{text}"')))
    assert (question.rule, net.node("t").kind) == ("service.program", Kind.SERVICE)


@pytest.mark.parametrize("language", ["groovy", "javascript", "python", ""])
def test_task_with_a_script_is_a_persons_and_the_script_never_runs(language: str) -> None:
    """Even one that looks like an expression of ours: another language may mean another thing."""
    drawn = chain(task("t", SCRIPT.format("1 + 1"), "scriptTask", f'scriptFormat="{language}"'))
    question, net = asked_of(drawn)
    assert (question.rule, net.node("t").kind, net.node("t").outputs) == ("task.script", Kind.MANUAL, ())


@pytest.mark.parametrize(
    ("kind", "inside", "more"),
    [
        ("endEvent", "<bpmn:messageEventDefinition/>" + extended('<zeebe:taskDefinition type="mail"/>'), ""),
        ("intermediateThrowEvent", '<bpmn:messageEventDefinition camunda:type="external" camunda:topic="mail"/>', ""),
        ("endEvent", '<bpmn:messageEventDefinition camunda:class="org.x.Mail"/>', ""),
    ],
)
def test_work_that_sends_the_message_of_an_event_stands_before_it(kind: str, inside: str, more: str) -> None:
    """An engine lets workers or a program do a throwing event; the work is asked for and no message is made up."""
    drawn = chain(("t", f'<bpmn:{kind} id="t" {more}>{inside}</bpmn:{kind}>'))
    net = reading(drawn if kind != "endEvent" else drawn.replace(flow("t", "end"), "")).nets["p"]
    assert (net.node("t_work").kind, net.node("t").event) == (Kind.SERVICE, Event())
    assert (net.node("t_work").topic or net.node("t_work").operation or "").lower() == "mail"
    course = Course(net)
    assert course.open == ["t_work"]
    assert course.succeed("t_work").outcome == "completed"
