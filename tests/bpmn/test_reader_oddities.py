"""Drawings that are odd but not without meaning: each oddity is a question, and what is left of the drawing plays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.bpmn.check import check
from engine.bpmn.expressions import ExpressionError, compile_expression, evaluate
from engine.bpmn.net import Kind
from tests.bpmn.course import NOON, Course
from tests.bpmn.drawing import END, NAMESPACES, START, chain, drawing, flow, net_of, normalised, reading, task

pytestmark = pytest.mark.fast

INNER = '<bpmn:subProcess id="s"><bpmn:startEvent id="s_s"/><bpmn:userTask id="s_u"/>' + flow("s_s", "s_u")
INNER += "</bpmn:subProcess>"
TRIGGERED = '<bpmn:subProcess id="es" triggeredByEvent="true"><bpmn:startEvent id="es_s">'
TRIGGERED += '<bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent></bpmn:subProcess>'
OTHER = '<bpmn:message id="m"/><bpmn:process id="q"><bpmn:startEvent id="q_s"/><bpmn:userTask id="q_u"/>'
OTHER += flow("q_s", "q_u") + "</bpmn:process>"


def boundary(host: str) -> str:
    """A message boundary event that says it sits on `host`."""
    return (
        f'<bpmn:boundaryEvent id="b" attachedToRef="{host}"><bpmn:messageEventDefinition messageRef="m"/>'
        "</bpmn:boundaryEvent>"
    )


@pytest.mark.parametrize(
    ("more", "rule"),
    [
        (INNER + flow("a", "s_u"), "flow.crosses_scope"),
        (flow("a", "start"), "flow.into_event"),
        (flow("end", "a"), "flow.out_of_end"),
        (TRIGGERED + flow("a", "es"), "flow.at_event_subprocess"),
        (flow("a", "q_u"), "reference.elsewhere"),
        (boundary("q_u"), "reference.elsewhere"),
        (INNER + boundary("s_u"), "reference.elsewhere"),
        ('<bpmn:parallelGateway id="g"/>' + boundary("g"), "boundary.not_on_activity"),
    ],
)
def test_oddity_is_asked_about_and_left_out(more: str, rule: str) -> None:
    """A flow or event in an impossible place takes nothing from the rest: the task is done and the process ends."""
    found = reading(chain(task("a")) + more, OTHER)
    assert rule in [question.rule for question in found.questions]
    assert all(question.proposal for question in found.questions)
    assert Course(found.nets["p"]).complete("a").outcome == "completed"


@pytest.mark.parametrize("more", [flow("a", "gone"), boundary("gone"), '<bpmn:sequenceFlow id="f" sourceRef="a"/>'])
def test_reference_to_what_the_file_has_nowhere_refuses_it(more: str) -> None:
    """Nobody can say what was meant."""
    assert check(drawing(chain(task("a")) + more, OTHER)).grade == "refused"


def test_default_that_is_no_way_out_leaves_the_conditions() -> None:
    """The gateway decides by what stands on its flows."""
    inside = START + END + '<bpmn:exclusiveGateway id="g" default="gone"/>' + task("a")[1]
    found = reading(inside + flow("start", "g") + flow("g", "a", "x > 1") + flow("g", "end", "x &lt; 2"))
    assert [question.rule for question in found.questions] == ["reference.default"]
    assert Course(found.nets["p"], x=2).open == ["a"]


def test_repeated_event_subprocess_is_asked_about() -> None:
    """Each trigger begins it anew, so a marker on it says nothing."""
    loop = "<bpmn:standardLoopCharacteristics/>"
    found = reading(chain(task("a")) + TRIGGERED.replace("<bpmn:startEvent", loop + "<bpmn:startEvent", 1), OTHER)
    assert "multi.event_subprocess" in [question.rule for question in found.questions]
    assert found.nets["p"].node("es").repeat is None


def test_multi_instance_that_throws_while_it_runs_is_asked_about() -> None:
    """The legs run; what would be thrown between them is left out."""
    loop = '<bpmn:multiInstanceLoopCharacteristics behavior="One"><bpmn:loopCardinality>2</bpmn:loopCardinality>'
    found = reading(chain(task("a", loop + "</bpmn:multiInstanceLoopCharacteristics>")))
    assert [question.rule for question in found.questions] == ["multi.behavior"]
    assert Course(found.nets["p"]).open == ["a[1]", "a[2]"]


def test_element_written_with_a_capital_is_the_element() -> None:
    """Some tools write a Task; it is read as a task, and the change is listed."""
    content = drawing(chain(task("a"))).replace(b"bpmn:userTask", b"bpmn:UserTask")
    assert [(each.what, each.after) for each in normalised(content).changes] == [("name of the element", "userTask")]
    assert check(content).nets["p"].node("a").kind is Kind.USER


def test_error_named_by_its_code_alone_is_declared_in_files_of_engines_that_allow_it() -> None:
    """Activiti and what came of it read an unknown reference as the code; in another file it is asked about."""
    end = task("e", '<bpmn:errorEventDefinition errorRef="E1"/>', "endEvent")[1]
    net = net_of(START + end + flow("start", "e"))
    assert net.node("e").event is not None
    assert net.node("e").event.name == "E1"  # type: ignore[union-attr]
    bare = NAMESPACES
    for vendor in ("camunda", "operaton", "flowable", "activiti"):
        bare = " ".join(each for each in bare.split() if not each.startswith(f"xmlns:{vendor}="))
    content = drawing(START + end + flow("start", "e")).replace(NAMESPACES.encode(), bare.encode())
    assert "reference.error" in [each.rule for each in check(content).findings if each.question]


def test_call_of_a_process_of_another_file_is_told() -> None:
    """A dry run that ends waiting for it waits for what the check named."""
    call = task("c", "", "callActivity", 'calledElement="far"')
    assert [each.element for each in reading(chain(call)).findings if each.rule == "call.elsewhere"] == ["c"]
    inside = task("c", "", "callActivity", 'calledElement="q"')
    assert "call.elsewhere" not in [each.rule for each in reading(chain(inside), OTHER).findings]


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("${dateTime().plusDays(2).toDate()}", 48),
        ("${now().minusHours(n)}", -3),
        ("${dateTime().plusWeeks(1)}", 168),
        ("${now()}", 0),
    ],
)
def test_moments_of_another_engine_are_counted_from_now(text: str, hours: int) -> None:
    """Due dates of real files: an instant moved by a whole number of units."""
    assert evaluate(compile_expression(text, "juel"), {"n": 3}, NOON) == NOON + timedelta(hours=hours)


def test_assertion_of_another_engine_gives_its_value_or_fails() -> None:
    """`assert` is a function of FEEL in Camunda 8."""
    compiled = compile_expression("= assert(x, x != null)", "feel")
    assert evaluate(compiled, {"x": True}, NOON) is True
    with pytest.raises(ExpressionError, match="assert"):
        evaluate(compiled, {"x": None}, NOON)
