"""The reader turns every supported construct into the net it means, and names whatever it does not read."""

from __future__ import annotations

from itertools import pairwise

import pytest

from engine.bpmn.net import Event, Expression, Kind, MultiInstance
from engine.bpmn.reader import read
from tests.bpmn.drawing import END, START, asked_of, chain, drawing, errors_of, flow, net_of, normalised, reading, task

pytestmark = pytest.mark.fast

TIMER = "<bpmn:timerEventDefinition><bpmn:{0}>{1}</bpmn:{0}></bpmn:timerEventDefinition>"
MESSAGE = '<bpmn:message id="m" name="report.sent"/>'
ERROR = '<bpmn:error id="e" name="Failure" errorCode="E1"/>'
CATCH_MESSAGE = '<bpmn:messageEventDefinition messageRef="tns:m"/>'
SPLIT = (
    '<bpmn:exclusiveGateway id="g" default="no"/><bpmn:userTask id="a"/>'
    + START
    + END
    + flow("start", "g")
    + flow("a", "end")
)


def inner(id: str, kind: str = "subProcess", more: str = "", start: str = "") -> tuple[str, str]:
    """A sub-process with one user task inside."""
    s, u, e = f"{id}_s", f"{id}_u", f"{id}_e"
    parts = f'<bpmn:startEvent id="{s}" {more}>{start}</bpmn:startEvent><bpmn:userTask id="{u}"/>'
    return id, (f'<bpmn:{kind} id="{id}">{parts}<bpmn:endEvent id="{e}"/>{flow(s, u)}{flow(u, e)}</bpmn:{kind}>')


def event_subprocess(start: str, more: str = "") -> str:
    """A user task beside an event sub-process with this start."""
    return chain(task("t")) + inner("es", more=more, start=start)[1].replace(
        'id="es"', 'id="es" triggeredByEvent="true"', 1
    )


def test_reader_simple_chain_becomes_a_net_with_lines() -> None:
    """Nodes, flows and scopes are numbered in document order, and each node keeps its line."""
    net = net_of("\n" + chain(task("a"), ("b", '\n<bpmn:manualTask id="b" name="B"/>')))
    assert [(node.id, node.kind) for node in net.nodes] == [
        ("start", Kind.START),
        ("a", Kind.USER),
        ("b", Kind.MANUAL),
        ("end", Kind.END),
    ]
    assert [node.line for node in net.nodes] == [3, 3, 4, 4]
    assert [(net.nodes[f.source].id, net.nodes[f.target].id) for f in net.flows] == [
        ("start", "a"),
        ("a", "b"),
        ("b", "end"),
    ]
    assert net.scopes[0].nodes == (0, 1, 2, 3)
    assert net.scopes[0].starts == (0,)


@pytest.mark.parametrize(
    ("element", "kind"),
    [
        ("task", Kind.MANUAL),
        ("manualTask", Kind.MANUAL),
        ("userTask", Kind.USER),
        ("receiveTask", Kind.RECEIVE),
        ("sendTask", Kind.SEND),
        ("exclusiveGateway", Kind.EXCLUSIVE),
        ("parallelGateway", Kind.PARALLEL),
        ("inclusiveGateway", Kind.INCLUSIVE),
        ("intermediateThrowEvent", Kind.THROW),
    ],
)
def test_reader_each_element_becomes_its_kind(element: str, kind: Kind) -> None:
    """A plain task counts as manual; the others are what they are called."""
    assert net_of(chain(task("n", "", element))).node("n").kind is kind


@pytest.mark.parametrize(
    ("where", "definition", "event"),
    [
        ("startEvent", CATCH_MESSAGE, Event("message", "report.sent")),
        ("startEvent", TIMER.format("timeDate", "2026-05-01T08:00:00Z"), "date"),
        ("startEvent", TIMER.format("timeCycle", "R3/PT10M"), "cycle"),
        ("endEvent", CATCH_MESSAGE, Event("message", "report.sent")),
        ("endEvent", "<bpmn:terminateEventDefinition/>", Event("terminate")),
        ("endEvent", '<bpmn:errorEventDefinition errorRef="e"/>', Event("error", "E1")),
        ("intermediateCatchEvent", CATCH_MESSAGE, Event("message", "report.sent")),
        ("intermediateCatchEvent", TIMER.format("timeDuration", "PT2H"), "duration"),
        ("intermediateThrowEvent", CATCH_MESSAGE, Event("message", "report.sent")),
    ],
)
def test_reader_supported_event_keeps_its_definition(where: str, definition: str, event: Event | str) -> None:
    """Message names, error codes and timer literals arrive in the net."""
    element = task("n", definition, where)[1]
    inside = {
        "startEvent": element + END + flow("n", "end"),
        "endEvent": START + element + flow("start", "n"),
    }.get(where, chain(("n", element)))
    read_event = net_of(inside, MESSAGE + ERROR).node("n").event
    assert read_event is not None
    if isinstance(event, Event):
        assert read_event == event
    else:
        assert (read_event.kind, read_event.timer_kind, read_event.timer_literal) == ("timer", event, True)


def test_reader_shared_event_definition_is_resolved() -> None:
    """A timer that stands beside the process and is referred to is not lost."""
    shared = '<bpmn:timerEventDefinition id="shared"><bpmn:timeDuration>PT1H</bpmn:timeDuration>'
    catch = task("n", "<bpmn:eventDefinitionRef>shared</bpmn:eventDefinitionRef>", "intermediateCatchEvent")
    event = net_of(chain(catch), shared + "</bpmn:timerEventDefinition>").node("n").event
    assert event is not None
    assert event.timer == Expression("PT1H")


@pytest.mark.parametrize(
    ("text", "spelling"),
    [("${due}", "juel"), ("due_at", "plain"), ('duration("PT1H")', "plain"), ('= duration("PT1H") * 2', "feel")],
)
def test_reader_timer_expression_is_told_from_a_literal(text: str, spelling: str) -> None:
    """What is no ISO 8601 text and compiles is an expression."""
    catch = task("n", TIMER.format("timeDuration", text), "intermediateCatchEvent")
    event = net_of(chain(catch)).node("n").event
    assert event is not None
    assert event.timer == Expression(text, spelling)  # type: ignore[arg-type]
    assert event.timer_literal is False


@pytest.mark.parametrize(
    ("text", "proposed"),
    [
        *((text, "PT1H") for text in ("-PT1H", "P", "P9999999999D", "2 hours", "0 0/5 * * * ?", "= x +")),
        ("PT0S", "PT1S"),
        ("PT0.1S", "PT1S"),
        ("P1M", "P30D"),
        ("P1Y", "P365D"),
        ("P1Y2M", "PT1H"),
    ],
)
def test_reader_impossible_timer_is_asked_about_on_its_event(text: str, proposed: str) -> None:
    """Timers other engines accept and then misread are caught at upload, with the nearest that can be kept."""
    catch = task("n", TIMER.format("timeDuration", text), "intermediateCatchEvent")
    found = reading(chain(catch))
    (question,) = found.questions
    assert question.element == "n"
    assert question.rule in ("timer.invalid", "expression.syntax")
    event = found.nets["p"].node("n").event
    assert event is not None
    assert event.timer == Expression(proposed)


REPEATING = '<bpmn:boundaryEvent id="n" attachedToRef="t" cancelActivity="false">{}</bpmn:boundaryEvent>'


@pytest.mark.parametrize(
    ("text", "proposed"),
    [
        ("R/PT1H", "R1000/PT1H"),
        ("R0/PT1H", "R1000/PT1H"),
        ("R3/PT10S", "R3/PT1M"),
        ("R1000000/PT1S", "R1000/PT1M"),
        ("0/5 0/1 * 1/1 * ?", "0 0/1 * 1/1 * ?"),
        ("R3/P1M", "R3/PT1M"),
        ("often", "PT1H"),
    ],
)
def test_reader_unbounded_or_fast_cycle_is_asked_about(text: str, proposed: str) -> None:
    """A cycle without end, or by the second, would load the worker for ever: a bound is proposed."""
    timer = TIMER.format("timeCycle", text.replace("often", "every now and then"))
    found = reading(chain(task("t")) + REPEATING.format(timer))
    assert [question.rule for question in found.questions] == ["timer.invalid"]
    event = found.nets["p"].node("n").event
    assert event is not None
    assert event.timer == Expression(proposed)


@pytest.mark.parametrize(
    ("text", "once"),
    [("R/PT1H", "PT1H"), ("R3/PT10S", "PT10S"), ("R/2036-05-01T08:00:00Z/PT1H", "2036-05-01T08:00:00Z")],
)
def test_reader_cycle_that_cannot_repeat_is_its_first_time(text: str, once: str) -> None:
    """A catching event happens once, so that a bound on its repetitions would change nothing."""
    found = reading(chain(task("n", TIMER.format("timeCycle", text), "intermediateCatchEvent")))
    assert [finding.rule for finding in found.findings] == ["timer.once"]
    event = found.nets["p"].node("n").event
    assert event is not None
    assert event.timer == Expression(once)
    assert found.rewritten == {"p"}


def test_reader_cycle_of_one_repetition_is_its_first_time_everywhere() -> None:
    """It cannot load the worker, however short its interval."""
    found = reading(chain(task("t")) + REPEATING.format(TIMER.format("timeCycle", "R1/PT2S")))
    assert [finding.rule for finding in found.findings] == ["timer.once"]


@pytest.mark.parametrize(
    ("kind", "text", "rule"),
    [
        ("timeDate", "2036-11-14T11:12:22", "city_zone"),
        ("timeDate", "2036-11-14", "city_zone"),
        ("timeCycle", "R2/2036-11-14T11:12:22/PT1H", "city_zone"),
        ("timeCycle", "0 0 8 ? * MON-FRI", "cron_zone"),
    ],
)
def test_reader_time_without_offset_is_said_to_be_the_citys(kind: str, text: str, rule: str) -> None:
    """It is told which zone is meant, where a file does not say."""
    found = reading(chain(task("n", TIMER.format(kind, text), "intermediateCatchEvent")))
    assert [(finding.rule, finding.question) for finding in found.findings] == [(f"timer.{rule}", False)]
    assert found.findings[0].params["zone"] == "Asia/Shanghai"


def test_reader_boundaries_sit_on_their_activity() -> None:
    """Several boundary events on one task keep their flags, also in the spelling 0 and 1."""
    host = task("t")[1]
    boundaries = (
        f'<bpmn:boundaryEvent id="b1" attachedToRef="t">{TIMER.format("timeDuration", "PT1H")}</bpmn:boundaryEvent>'
        f'<bpmn:boundaryEvent id="b2" attachedToRef="tns:t" cancelActivity="0">{CATCH_MESSAGE}</bpmn:boundaryEvent>'
        '<bpmn:boundaryEvent id="b3" attachedToRef="t"><bpmn:errorEventDefinition/></bpmn:boundaryEvent>'
    )
    flows = "".join(flow(f"b{n}", "end") for n in (1, 2, 3))
    net = net_of(chain(("t", boundaries + host)) + flows, MESSAGE)
    found = [net.nodes[index] for index in net.node("t").boundaries]
    assert [(node.id, node.interrupting) for node in found] == [("b1", True), ("b2", False), ("b3", True)]
    assert {node.attached_to for node in found} == {net.node("t").index}
    assert found[2].event == Event("error", None)


@pytest.mark.parametrize("flag", ["true", "false"])
def test_reader_event_subprocess_keeps_trigger_and_flag(flag: str) -> None:
    """Whether an event sub-process interrupts is written on its start event."""
    net = net_of(event_subprocess(CATCH_MESSAGE, f'isInterrupting="{flag}"'), MESSAGE)
    node = net.node("es")
    assert node.kind is Kind.EVENT_SUBPROCESS
    assert net.scopes[0].event_subprocesses == (node.index,)
    assert node.scope_inside == 1
    start = net.nodes[net.scopes[1].starts[0]]
    assert (start.event, start.interrupting) == (Event("message", "report.sent"), flag == "true")


def test_reader_nested_scopes_know_their_parents() -> None:
    """A sub-process is a node outside and a scope inside."""
    net = net_of(chain(inner("outer")))
    assert (net.scopes[1].node, net.scopes[1].parent) == (net.node("outer").index, 0)
    assert {net.nodes[index].id for index in net.scopes[1].nodes} == {"outer_s", "outer_u", "outer_e"}


def test_reader_conditions_and_default_arrive_in_document_order() -> None:
    """The first true condition wins, so their order is part of the meaning; a comment does not cut one."""
    net = net_of(SPLIT + flow("g", "a", "x &lt; <!-- why -->1", "yes") + flow("g", "end", id="no"))
    gateway = net.node("g")
    assert [net.flows[index].id for index in gateway.outgoing] == ["yes", "no"]
    assert net.flows[gateway.outgoing[0]].condition == Expression("x < 1")
    assert gateway.default == gateway.outgoing[1]


def test_reader_multi_instance_of_the_standard_is_read() -> None:
    """Cardinality, completion condition, data items and order, as the standard writes them."""
    loop = (
        '<bpmn:multiInstanceLoopCharacteristics isSequential="1"><bpmn:loopDataInputRef>legs</bpmn:loopDataInputRef>'
        '<bpmn:loopDataOutputRef>results</bpmn:loopDataOutputRef><bpmn:inputDataItem id="i" name="leg"/>'
        '<bpmn:outputDataItem id="o" name="result"/>'
        "<bpmn:completionCondition>${nrOfCompletedInstances == 2}</bpmn:completionCondition>"
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    multi = net_of(chain(task("t", loop))).node("t").multi
    assert multi is not None
    assert (multi.sequential, multi.cardinality, multi.collection) == (True, None, Expression("legs"))
    assert (multi.element, multi.output_collection, multi.output_element) == ("leg", "results", "result")
    assert multi.completion == Expression("${nrOfCompletedInstances == 2}", "juel")


@pytest.mark.parametrize("text", ["501", "1000000000", "-1"])
def test_reader_huge_cardinality_is_a_question(text: str) -> None:
    """A billion legs would never come to rest; two do until somebody says how many."""
    loop = (
        f"<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>{text}</bpmn:loopCardinality>"
        "</bpmn:multiInstanceLoopCharacteristics>"
    )
    question, net = asked_of(chain(task("t", loop)))
    assert question.rule == "multi.cardinality"
    assert net.node("t").multi == MultiInstance(cardinality=Expression("2"))


def test_reader_marks_of_the_loop_arrive_in_the_net() -> None:
    """The attributes that bind a process to its subject."""
    node = net_of(chain(task("t", more='cl:loop="verify" cl:action="act" cl:stage="st" cl:form="f"'))).node("t")
    assert (node.loop, node.action, node.stage, node.form) == ("verify", "act", "st", "f")


def test_reader_unknown_loop_mark_is_an_error() -> None:
    """A misspelt mark would silently take a step out of the loop."""
    assert [error.rule for error in errors_of(chain(task("t", more='cl:loop="verfy"')))] == ["cl.loop"]


def test_reader_service_without_operation_is_a_question_with_a_net() -> None:
    """Which operation runs can be answered later; the drawing itself is fine."""
    found = reading(chain(task("s", "", "serviceTask")))
    assert [question.rule for question in found.questions] == ["service.no_operation"]
    assert found.nets["p"].node("s").kind is Kind.MANUAL


def test_reader_nested_lanes_give_name_and_role() -> None:
    """The innermost lane names the node; a role of an outer lane holds where it has none; insides inherit."""
    lanes = (
        '<bpmn:laneSet><bpmn:lane id="l1" name="Centre" cl:role="dispatcher"><bpmn:flowNodeRef> a </bpmn:flowNodeRef>'
        "<bpmn:flowNodeRef>sub</bpmn:flowNodeRef>"
        '<bpmn:childLaneSet><bpmn:lane id="l2" name="Desk"><bpmn:flowNodeRef>a</bpmn:flowNodeRef></bpmn:lane>'
        "</bpmn:childLaneSet></bpmn:lane></bpmn:laneSet>"
    )
    net = net_of(lanes + chain(task("a"), inner("sub")))
    assert (net.node("a").lane, net.node("a").role) == ("Desk", "dispatcher")
    assert (net.node("sub_u").lane, net.node("sub_u").role) == ("Centre", "dispatcher")
    assert net.node("end").role is None


def test_reader_several_processes_give_several_nets() -> None:
    """Each pool of a file is a process of its own; an empty one is left out with a note."""
    second = '<bpmn:process id="q"><bpmn:startEvent id="s2"/></bpmn:process><bpmn:process id="empty"/>'
    found = reading(chain(task("a")), second)
    assert set(found.nets) == {"p", "q"}
    assert [finding.rule for finding in found.findings if finding.element == "empty"] == ["process.empty"]


def test_reader_error_in_one_process_leaves_the_other() -> None:
    """A fault in one pool does not hide the other pool's net."""
    second = '<bpmn:process id="q"><bpmn:startEvent id="s2"/><bpmn:choreographyTask id="x"/></bpmn:process>'
    assert set(reading(chain(task("a")), second).nets) == {"p"}


def test_reader_unknown_attributes_are_kept_and_said_to_do_nothing() -> None:
    """Nothing of a vendor is lost, and nobody believes it works."""
    listener = '<bpmn:extensionElements><camunda:executionListener class="x"/></bpmn:extensionElements>'
    found = reading(chain(task("t", listener, more='camunda:jobPriority="5"')))
    kept = found.nets["p"].extensions["t"]
    assert kept["{http://camunda.org/schema/1.0/bpmn}jobPriority"] == "5"
    assert "executionListener" in kept["extensionElements"]
    (said,) = [finding for finding in found.findings if finding.rule == "vendor.without_effect"]
    assert "camunda:jobPriority" in said.message
    (asked,) = found.questions
    assert (asked.rule, asked.params["names"]) == ("vendor.not_run", "camunda:executionListener")


@pytest.mark.parametrize(
    ("inside", "construct"),
    [
        (chain(("x", '<bpmn:choreographyTask id="x"/>')), "a choreographyTask"),
    ],
)
def test_reader_construct_outside_the_set_is_refused_by_name(inside: str, construct: str) -> None:
    """What the engine does not execute is named with a remedy, never dropped."""
    unsupported = [error for error in errors_of(inside, MESSAGE) if error.rule == "unsupported"]
    assert [error.element for error in unsupported] == ["x"]
    assert construct in unsupported[0].message
    assert unsupported[0].line is not None
    assert "; " in unsupported[0].message


@pytest.mark.parametrize(
    "inside",
    [
        START + flow("start", "nowhere"),
        START + '<bpmn:sequenceFlow id="f" sourceRef="start"/>',
        chain(task("t")) + task("b", CATCH_MESSAGE, "boundaryEvent")[1],
        chain(task("t")) + task("b", CATCH_MESSAGE, "boundaryEvent", 'attachedToRef="none"')[1],
    ],
)
def test_reader_broken_reference_is_an_error_on_its_element(inside: str) -> None:
    """A reference to nothing refuses the file and says where."""
    broken = [error for error in errors_of(inside, MESSAGE) if error.rule.startswith("reference.")]
    assert len(broken) == 1
    assert broken[0].element
    assert broken[0].line


def test_reader_file_without_a_process_is_an_error() -> None:
    """There is nothing to run."""
    assert [error.rule for error in errors_of("", MESSAGE)] == ["process.missing"]


@pytest.mark.parametrize(
    ("condition", "rule"),
    [
        ("x ==", "expression.syntax"),
        ("'text'", "expression.not_boolean"),
        ("level > 2", "expression.level_order"),
        ("${order.check()}", "expression.method"),
        ("Service Level == 'Premium'", "expression.syntax"),
    ],
)
def test_reader_condition_that_cannot_be_read_is_a_persons_choice_until_answered(condition: str, rule: str) -> None:
    """One question at the flow, none at the gateway; nothing of the text is evaluated."""
    question, net = asked_of(SPLIT + flow("g", "a", condition, "yes") + flow("g", "end", id="no"))
    assert (question.rule, question.element) == (rule, "yes")
    assert net.node("g_choice").kind is Kind.USER
    assert all(condition not in each.condition.source for each in net.flows if each.condition)


def test_reader_asks_about_a_loop_of_automatic_nodes_and_reads_it() -> None:
    """A circle in which nothing waits is a matter of publishing: the file keeps its net, and a person is asked."""
    inside = (
        START
        + '<bpmn:exclusiveGateway id="m"/><bpmn:exclusiveGateway id="g" default="no"/>'
        + END
        + flow("start", "m")
        + flow("m", "g")
        + flow("g", "m", "again", "yes")
        + flow("g", "end", id="no")
    )
    question, net = asked_of(inside)
    assert (question.rule, question.element) == ("cycle.no_wait", "m")
    assert [node.id for node in net.nodes] == ["start", "m", "g", "end"]


def test_reader_rework_loop_with_a_person_in_it_is_fine() -> None:
    """Sending work back is what the product is for."""
    net_of(SPLIT + '<bpmn:userTask id="w"/>' + flow("g", "w", "again") + flow("w", "g") + flow("g", "end", id="no"))


def test_reader_unreachable_node_is_a_warning() -> None:
    """An island is read, shown, and said never to run."""
    found = reading(chain(task("a")) + task("island")[1])
    assert [(f.rule, f.severity) for f in found.findings if f.element == "island"] == [("node.unreachable", "warning")]


def test_reader_deep_nesting_is_a_warning() -> None:
    """More than five levels are hard to follow for people, and no fault."""
    inside = START
    for depth in range(7):
        inside = f'<bpmn:startEvent id="s{depth}"/><bpmn:subProcess id="d{depth}">{inside}</bpmn:subProcess>'
    assert [f.element for f in reading(inside).findings if f.rule == "scope.too_deep"] == ["d1"]


@pytest.mark.parametrize("ring", [False, True])
def test_reader_600_nodes_in_a_row_or_ring_read_like_a_few(ring: bool) -> None:
    """The reader does not recurse along flows, where others die at 490 nodes."""
    ids = [f"n{number}" for number in range(600)]
    inside = START + flow("start", "n0") + "".join(f'<bpmn:userTask id="{id}"/>' for id in ids)
    inside += "".join(flow(source, target) for source, target in pairwise(ids))
    inside += flow("n599", "n0") if ring else END + flow("n599", "end")
    net = net_of(inside)
    assert len(net.flows) == 601
    assert len(net.nodes) == (601 if ring else 602)


def test_reader_ids_reserved_elsewhere_are_plain_here() -> None:
    """A node called Start or End is a node like any other."""
    inside = chain(task("a")).replace('"start"', '"Start"').replace('"end"', '"End"')
    assert {node.id for node in net_of(inside).nodes} == {"Start", "a", "End"}


def test_reader_implicit_split_and_merge_without_conditions_are_read() -> None:
    """Two flows out of a task run both; two into one make it run twice."""
    net = net_of(chain(task("a"), task("b")) + flow("a", "end", id="second"))
    assert len(net.node("a").outgoing) == 2
    assert len(net.node("end").incoming) == 2


def test_reader_same_bytes_give_the_same_net() -> None:
    """The digest stands for the net, so reading twice must not differ."""
    content = drawing(chain(task("a"), inner("s")))
    twice = [read(normalised(content).root, "d").nets["p"] for _ in range(2)]
    assert twice[0] == twice[1]
    assert twice[0].digest == "d"
