"""What vendors say of people, work, calls and data becomes words of ours; what it says beyond them changes no net."""

from __future__ import annotations

from dataclasses import replace
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn.check import check
from engine.bpmn.net import Expression, Kind, Net
from engine.bpmn.tree import VENDORS
from engine.bpmn.vendor_words import DOCUMENTATION, WORDS, fate_of
from engine.services.drive import Drive
from tests.bpmn.course import Course
from tests.bpmn.drawing import asked_of, chain, drawing, net_of, normalised, reading, task

pytestmark = pytest.mark.fast

ENGINES = ("camunda", "operaton", "flowable", "activiti")
CALL = 'calledElement="other"'


def extended(inside: str) -> str:
    """Extension elements."""
    return f"<bpmn:extensionElements>{inside}</bpmn:extensionElements>"


@pytest.mark.parametrize("vendor", ENGINES)
def test_vendor_people_and_times_of_a_human_task_are_ours(vendor: str) -> None:
    """Who may take an item, by when and how urgently is understood from each engine alike."""
    words = {"candidateGroups": "police, ${team}", "candidateUsers": "wang", "dueDate": "PT2H", "priority": "42"}
    node = net_of(chain(task("t", more=" ".join(f'{vendor}:{k}="{v}"' for k, v in words.items())))).node("t")
    assert node.candidates == (Expression('"police"'), Expression("${team}", "juel"), Expression('"wang"'))
    assert (node.due, node.priority) == (Expression('"PT2H"'), Expression('"42"'))


def test_vendor_people_and_times_of_zeebe_are_ours() -> None:
    """Zeebe writes the same in elements, with FEEL behind an equals sign."""
    inside = (
        '<zeebe:assignmentDefinition assignee="=chief" candidateGroups="=teams"/><zeebe:taskSchedule dueDate="=due"/>'
        '<zeebe:priorityDefinition priority="50"/><zeebe:formDefinition formKey="camunda-forms:bpmn:f1"/>'
    )
    node = net_of(chain(task("t", extended(inside)))).node("t")
    assert node.assignee == Expression("=chief", "feel")
    assert node.candidates == (Expression("=teams", "feel"),)
    assert (node.due, node.priority, node.form) == (Expression("=due", "feel"), Expression('"50"'), "f1")


@pytest.mark.parametrize(
    ("kind", "inside", "more"),
    [
        ("serviceTask", "", 'camunda:type="external" camunda:topic="mail"'),
        ("sendTask", "", 'operaton:type="external" operaton:topic="mail"'),
        ("serviceTask", extended('<zeebe:taskDefinition type="mail" retries="5"/>'), ""),
        ("scriptTask", extended('<zeebe:taskDefinition type="=&quot;mail&quot;"/>'), ""),
        ("businessRuleTask", extended('<zeebe:taskDefinition type="mail"/>'), ""),
    ],
)
def test_vendor_topic_is_work_for_external_workers_without_a_question(kind: str, inside: str, more: str) -> None:
    """A worker outside fetches it; nothing has to be registered here."""
    found = reading(chain(task("t", inside, kind, more)))
    assert found.questions == ()
    node = found.nets["p"].node("t")
    assert (node.kind, node.topic) == (Kind.SERVICE, "mail")
    assert node.retries == (5 if "retries" in inside else None)


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ('camunda:class="org.x.ArchiveService"', "ArchiveService"),
        ('activiti:delegateExpression="#{archiveService}"', "archiveService"),
        ('flowable:expression="${mailer.send(order, 5)}"', "mailer.send"),
        ('activiti:type="mail"', "mail"),
        ('implementation="##WebService" operationRef="getStock"', "getStock"),
    ],
)
def test_vendor_program_is_asked_about_with_the_operation_of_its_name(more: str, name: str) -> None:
    """A program of the file never runs here; the answer that is nearest is proposed."""
    question, net = asked_of(chain(task("t", "", "serviceTask", more)))
    assert (question.rule, question.element) == ("service.program", "t")
    assert name in str(question.proposal)
    assert net.node("t").operation == name


def test_vendor_send_task_that_a_program_does_sends_no_message() -> None:
    """No message is made up for a task that says who does it."""
    found = normalised(drawing(chain(task("t", "", "sendTask", 'camunda:class="a.Mailer"'))))
    assert "message named" not in [change.what for change in found.changes]


def test_vendor_retries_are_read_from_a_cycle_or_a_number() -> None:
    """How often failing work is tried again."""
    for text, retries in (("R5/PT1M", 5), ("3", 3), ("PT1M,PT2M", None)):
        cycle = extended(f"<camunda:failedJobRetryTimeCycle>{text}</camunda:failedJobRetryTimeCycle>")
        more = 'camunda:type="external" camunda:topic="t"'
        assert net_of(chain(task("t", cycle, "serviceTask", more))).node("t").retries == retries


@pytest.mark.parametrize(
    ("more", "inside", "binding", "version"),
    [
        ("", "", "latest", None),
        ('camunda:calledElementBinding="deployment"', "", "deployment", None),
        ('camunda:calledElementBinding="version" camunda:calledElementVersion="2"', "", "version", "2"),
        ('operaton:calledElementBinding="versionTag" operaton:calledElementVersionTag="v1"', "", "tag", "v1"),
        ('flowable:sameDeployment="true"', "", "deployment", None),
        ("", extended('<zeebe:calledElement processId="q" bindingType="versionTag" versionTag="v1"/>'), "tag", "v1"),
    ],
)
def test_vendor_call_says_which_version(more: str, inside: str, binding: str, version: str | None) -> None:
    """A call is bound as the file says, to the newest where it says nothing."""
    call = net_of(chain(task("c", inside, "callActivity", f"{CALL} {more}"))).node("c").call
    assert call is not None
    assert (call.binding, call.version) == (binding, version)


def test_vendor_call_bound_to_a_computed_version_is_asked_about() -> None:
    """Which version a call runs must not hang on data."""
    more = f'{CALL} camunda:calledElementBinding="version" camunda:calledElementVersion="${{v}}"'
    question, net = asked_of(chain(task("c", "", "callActivity", more)))
    call = net.node("c").call
    assert (question.rule, call and call.binding) == ("call.version", "latest")


def test_vendor_call_with_all_variables_gives_and_takes_every_one() -> None:
    """`variables="all"` hands over what the caller sees, and takes back what the called process ended with."""
    mappings = extended('<camunda:in variables="all"/><camunda:out variables="all"/><camunda:in businessKey="${k}"/>')
    course = Course(net_of(chain(task("c", mappings, "callActivity", CALL), task("t"))), x=1)
    (call,) = [effect for effect in course.effects if type(effect).__name__ == "CallStarted"]
    assert call.variables == {"x": 1}
    course.return_from("c", x=2, y=3)
    assert course.variables == {"x": 2, "y": 3}


def test_vendor_error_variables_and_key_reach_the_event() -> None:
    """What was caught is kept under the names the file gives; a message finds the instance with its key."""
    inside = task("t")[1] + (
        '<bpmn:boundaryEvent id="b" attachedToRef="t"><bpmn:errorEventDefinition errorRef="e" '
        'camunda:errorCodeVariable="code" camunda:errorMessageVariable="text"/></bpmn:boundaryEvent>'
    )
    beside = (
        '<bpmn:error id="e" errorCode="7"/><bpmn:message id="m" name="paid">'
        + extended('<zeebe:subscription correlationKey="=orderId"/>')
        + "</bpmn:message>"
    )
    net = net_of(chain(("t", inside), task("r", "", "receiveTask", 'messageRef="m"')), beside)
    caught, received = net.node("b").event, net.node("r").event
    assert caught is not None
    assert received is not None
    assert (caught.code_variable, caught.text_variable) == ("code", "text")
    assert received.key == Expression("=orderId", "feel")


def test_vendor_mapping_without_a_target_is_left_out_with_a_question() -> None:
    """Half a mapping passes nothing; somebody has to say what it should."""
    mapping = extended('<camunda:in source="a"/>')
    question, net = asked_of(chain(task("c", mapping, "callActivity", CALL)))
    call = net.node("c").call
    assert (question.rule, call and call.inputs) == ("call.mapping", ())


def test_vendor_word_outside_its_element_is_documentation() -> None:
    """A word means something only where its engine reads it."""
    camunda = next(namespace for namespace, vendor in VENDORS.items() if vendor == "camunda")
    assert fate_of(camunda, "assignee", "userTask").ours == "assignee"
    assert fate_of(camunda, "assignee", "endEvent") is DOCUMENTATION
    assert fate_of("urn:nobody", "assignee", "userTask") is DOCUMENTATION


KNOWN = {name for words in WORDS.values() for name in words} | {"calledElementType"}
NAMES = st.from_regex(r"[a-z][A-Za-z]{3,15}", fullmatch=True).filter(lambda name: name not in KNOWN)
VALUES = st.sampled_from(["true", "${x.y()}", "=1", "text", "5", "PT1H", "R3/PT1M"])
SUBJECT = chain(
    task("u", '<bpmn:extensionElements id="on_u"/>'),
    task("s", "", "serviceTask", 'cl:operation="o"'),
    task("c", "", "callActivity", CALL),
    task(
        "w",
        '<bpmn:timerEventDefinition id="d"><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>',
        "intermediateCatchEvent",
    ),
)


def _bare(net: Net) -> Net:
    return replace(net, extensions={})


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*ENGINES, "zeebe", "drools"]), st.sampled_from("uscw"), NAMES, VALUES)
def test_vendor_unknown_words_never_change_the_net(vendor: str, on: str, name: str, value: str) -> None:
    """What we do not know is kept for people and does nothing, on whatever element it stands."""
    attribute = SUBJECT.replace(f'id="{on}"', f'id="{on}" {vendor}:{name}="{value}"')
    element = SUBJECT.replace('<bpmn:extensionElements id="on_u"/>', extended(f'<{vendor}:{name} x="{value}"/>'))
    plain = _bare(net_of(SUBJECT))
    assert _bare(net_of(attribute)) == plain
    assert _bare(net_of(element)) == plain


ODD = st.sampled_from(
    [
        "",
        "a b",
        "${a.b(1)}",
        "=a +",
        "${",
        "-3",
        "R3/PT1M",
        "true",
        "a,b,${c(1,2)}",
        "all",
        "'",
        "external",
        "_p",
        "9" * 12,
    ]
)
PLACES = [
    "userTask",
    "serviceTask",
    "sendTask",
    "scriptTask",
    "businessRuleTask",
    "callActivity",
    "startEvent",
    "endEvent",
]


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_vendor_known_words_with_odd_values_are_read_or_asked_about(data: st.DataObject) -> None:
    """Whatever stands in a word we know, on whatever element, the check gives a report and a dry run ends."""
    vendor = data.draw(st.sampled_from(ENGINES))
    words = data.draw(st.dictionaries(st.sampled_from(sorted(WORDS["engine"])), ODD, max_size=4))
    on = " ".join(f"{vendor}:{word}={quoteattr(value)}" for word, value in words.items())
    inner = data.draw(st.dictionaries(st.sampled_from(sorted(WORDS["zeebe"])), ODD, max_size=3))
    inside = "".join(
        f"<zeebe:{word} {attribute}={quoteattr(value)} source={quoteattr(value)} target='x'/>"
        for word, value in inner.items()
        for attribute in ("type", "formId")
    )
    drawn = task("t", extended(inside), data.draw(st.sampled_from(PLACES)), on)
    report = check(drawing(chain(drawn)))
    assert report.grade in ("runs", "answers")
    for net in report.nets.values():
        Drive(lambda _: None, lambda _, __: None).run(net, {})


JBPM = (
    '<bpmn:ioSpecification><bpmn:dataInput id="in_g" name="GroupId"/><bpmn:dataInput id="in_a" name="ActorId"/>'
    '<bpmn:dataInput id="in_p" name="Priority"/><bpmn:dataInput id="in_n" name="NodeName"/></bpmn:ioSpecification>'
)
JBPM += "".join(
    f"<bpmn:dataInputAssociation><bpmn:targetRef>{to}</bpmn:targetRef><bpmn:assignment><bpmn:from>{value}</bpmn:from>"
    f"<bpmn:to>{to}</bpmn:to></bpmn:assignment></bpmn:dataInputAssociation>"
    for to, value in (("in_g", "responders"), ("in_a", "#{chief}"), ("in_p", "5"))
)


def test_vendor_inputs_of_jbpm_say_who_takes_a_task() -> None:
    """jBPM keeps groups, actors and priority in data inputs with agreed names; what is carried over asks nothing."""
    found = reading(chain(task("t", JBPM, more='drools:taskName="x"')))
    node = found.nets["p"].node("t")
    assert node.candidates == (Expression('"responders"'),)
    assert (node.assignee, node.priority) == (Expression("#{chief}", "juel"), Expression('"5"'))
    assert found.questions == ()
