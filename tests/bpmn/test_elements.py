"""The table of the elements of BPMN: it is complete, names tests that exist, and the game does what it says."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from engine.bpmn.check import check
from engine.bpmn.elements import EVENTS, elements, patterns, semantics
from engine.bpmn.inventory import EXPRESSIONS
from engine.bpmn.proof import prove
from engine.bpmn.tree import EVENT_DEFINITIONS, FLOW_NODES
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram
from tests.bpmn.drawing import chain, drawing, task
from webapp.text import texts

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[2]
_NAMES = """
adHocSubProcess assignment association auditing boundaryEvent businessRuleTask callActivity category categoryValue
childLaneSet collaboration completionCondition complexGateway correlationKey correlationProperty
correlationPropertyBinding correlationPropertyRetrievalExpression correlationSubscription dataInput
dataInputAssociation dataObject dataObjectReference dataOutput dataOutputAssociation dataState dataStore
dataStoreReference documentation endEvent endPoint error escalation eventBasedGateway exclusiveGateway extension
extensionElements formalExpression globalBusinessRuleTask globalManualTask globalScriptTask globalTask globalUserTask
group humanPerformer import inclusiveGateway inputDataItem inputSet interface intermediateCatchEvent
intermediateThrowEvent ioBinding ioSpecification itemDefinition lane laneSet loopCardinality loopCondition
loopDataInputRef loopDataOutputRef manualTask message messageFlow monitoring multiInstanceLoopCharacteristics
operation outputDataItem outputSet parallelGateway participant participantMultiplicity performer potentialOwner
process property receiveTask relationship resource resourceAssignmentExpression resourceParameter resourceRole
scriptTask sendTask sequenceFlow serviceTask signal standardLoopCharacteristics startEvent subProcess task text
textAnnotation transaction transformation userTask
"""
PROCESS_PART = frozenset(_NAMES.split())
"""The elements of BPMN 2.0.2, clauses 8 and 10, event definitions apart; written down from the schema, not from us."""
OUTSIDE = {"callChoreography", "choreographyTask", "event", "implicitThrowEvent", "subChoreography"}


@cache
def functions_of(file: str) -> frozenset[str]:
    """The names of the test functions of a file."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_table_names_tests_that_exist() -> None:
    """Nobody reads that something is shown by a test that was renamed or never written."""
    named = [test for row in (*elements(), *patterns(), *semantics()) for test in row.tests]
    named += [row.test for row in EVENTS]
    assert len(named) > 200
    missing = []
    for test in named:
        file, _, name = test.partition("::")
        if not (ROOT / file).is_file() or re.sub(r"\[.*\]", "", name) not in functions_of(file):
            missing.append(test)
    assert missing == []


def test_table_lists_every_element_of_the_process_part() -> None:
    """No element a designer can draw is left out of the manual's page."""
    listed = {tag for row in elements() for tag in row.tags}
    events = {"boundaryEvent", "endEvent", "intermediateCatchEvent", "intermediateThrowEvent", "startEvent"}
    assert sorted(PROCESS_PART - listed - events) == []
    assert FLOW_NODES - events - OUTSIDE <= listed
    assert EXPRESSIONS - listed <= {"condition", "expression", "timeCycle", "timeDate", "timeDuration"}
    kinds = {row.definition for row in EVENTS}
    drawn = {each.removesuffix("EventDefinition").replace("compensate", "compensation") for each in EVENT_DEFINITIONS}
    assert drawn <= kinds


def test_every_row_has_a_fate_a_test_or_a_reason() -> None:
    """A row that shows nothing is no row."""
    assert {row.fate for row in elements()} == {"executed", "rewritten", "documentation", "asked"}
    assert all(row.tests for row in elements())
    assert [row.number for row in patterns()] == list(range(1, 44))
    assert all(row.tests or (row.reason and row.reason_zh) for row in (*patterns(), *semantics()))
    assert len(EVENTS) == len({row.test for row in EVENTS}) == 63


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_row_is_said_in_both_languages(language: str) -> None:
    """A designer reads how an element is executed in her own language."""
    keys = {f"elements.{what}_{row.key}" for row in elements() for what in ("name", "how")}
    keys |= {f"elements.group_{row.group}" for row in elements()} | {f"elements.fate_{row.fate}" for row in elements()}
    keys |= {f"elements.place_{row.place}" for row in EVENTS} | {
        f"elements.definition_{row.definition}" for row in EVENTS
    }
    assert sorted(keys - set(texts(language))) == []


def test_element_that_is_documentation_leaves_the_run_alone() -> None:
    """What is only shown changes neither the grade nor a single step."""
    shown = (
        '<bpmn:dataObject id="o"/><bpmn:dataObjectReference id="r" dataObjectRef="o"/><bpmn:dataStoreReference id="s"/>'
        '<bpmn:property id="y" name="y"/><bpmn:textAnnotation id="n"><bpmn:text>why</bpmn:text></bpmn:textAnnotation>'
        '<bpmn:association id="l" sourceRef="a" targetRef="n"/><bpmn:group id="q"/><bpmn:monitoring/><bpmn:auditing/>'
        "<bpmn:documentation>how</bpmn:documentation>"
    )
    beside = (
        '<bpmn:itemDefinition id="i" structureRef="x"/><bpmn:interface id="f" name="f"><bpmn:operation id="g" name="g">'
        '<bpmn:inMessageRef>m</bpmn:inMessageRef></bpmn:operation></bpmn:interface><bpmn:message id="m" name="m"/>'
        '<bpmn:collaboration id="c"><bpmn:participant id="b" processRef="p"/><bpmn:participant id="d"/>'
        '<bpmn:messageFlow id="e" sourceRef="d" targetRef="a"/></bpmn:collaboration><bpmn:dataStore id="w" name="w"/>'
        '<bpmn:category id="z"/>'
    )
    report = check(drawing(chain(task("a")) + shown, beside))
    assert report.grade == "runs"
    course = Course(report.nets["p"])
    assert course.open == ["a"]
    assert course.complete("a").outcome == "completed"


def test_value_computed_in_a_data_association_is_asked_about() -> None:
    """A designer who computes there learns that it does not run, before anybody relies on it."""
    computed = (
        "<bpmn:dataInputAssociation><bpmn:targetRef>x</bpmn:targetRef><bpmn:assignment><bpmn:from>a + 1</bpmn:from>"
        "<bpmn:to>x</bpmn:to></bpmn:assignment></bpmn:dataInputAssociation>"
    )
    report = check(drawing(chain(task("a", computed))))
    assert [finding.rule for finding in report.findings if finding.question] == ["data.computed"]
    assert report.grade == "answers"


def test_global_task_is_called_like_a_process_of_one_task() -> None:
    """A global task is a callable element: its call opens its one task, with its name and in its lane of people."""
    call = task("c", "", "callActivity", 'calledElement="G"')
    report = check(drawing(chain(call), '<bpmn:globalUserTask id="G" name="Look at it"/>'))
    assert set(report.nets) == {"p", "G"}
    assert any(change.what == "global task as a process" for change in report.changes)
    called = Course(report.nets["G"])
    (item,) = called.open
    assert report.nets["G"].node(item).name == "Look at it"
    assert called.complete(item).outcome == "completed"


def test_join_that_can_never_be_complete_is_found() -> None:
    """One of two ways is taken, but the join waits for both: found before anybody waits for ever."""
    diagram = Diagram().start().exclusive("x").user("a", "b").parallel("j").end()
    diagram.flow("start > x ?ready? a > j > end", "x ?*? b > j")
    proof = prove(diagram.net(), "plain", inputs=["ready"])
    assert any(result.rule == "CL-10" and result.verdict == "refused" for result in proof.rules)
