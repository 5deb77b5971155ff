"""The second reader agrees where it can read, finds what ours would get wrong, and names what it cannot do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from engine.bpmn.check import check
from engine.bpmn.net import Event, Expression, Flow, Kind, Net, Node
from engine.bpmn.portability import unportable
from engine.bpmn.reader import read
from engine.bpmn.second_opinion import second_opinion
from tests.bpmn.diagram import Diagram
from tests.bpmn.drawing import END, START, chain, drawing, flow, normalised, task

pytestmark = pytest.mark.fast

MESSAGE = '<bpmn:message id="m" name="report.sent"/>'
TIMER = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT2H</bpmn:timeDuration></bpmn:timerEventDefinition>"
REVIEW = (
    START
    + END
    + '<bpmn:userTask id="draft"/><bpmn:userTask id="review"/><bpmn:exclusiveGateway id="g" default="no"/>'
    + '<bpmn:boundaryEvent id="late" attachedToRef="review" cancelActivity="false">'
    + TIMER
    + '</bpmn:boundaryEvent><bpmn:userTask id="remind"/><bpmn:endEvent id="reminded"/>'
    + flow("start", "draft")
    + flow("draft", "review")
    + flow("review", "g")
    + flow("g", "draft", "again", "yes")
    + flow("g", "end", id="no")
    + flow("late", "remind")
    + flow("remind", "reminded")
)
BLOCK = (
    START
    + END
    + '<bpmn:{0}Gateway id="split"/><bpmn:userTask id="a"/><bpmn:userTask id="b"/><bpmn:{0}Gateway id="join"/>'
    + flow("start", "split")
    + flow("split", "a")
    + flow("split", "b")
    + flow("a", "join")
    + flow("b", "join")
    + flow("join", "end")
)
LEGS = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>3</bpmn:loopCardinality>{}"
MULTI = chain(task("legs", LEGS.format("</bpmn:multiInstanceLoopCharacteristics>")))
INSIDE = chain(
    (
        "sub",
        '<bpmn:subProcess id="sub"><bpmn:startEvent id="s"/><bpmn:userTask id="u"/><bpmn:endEvent id="e">'
        '<bpmn:errorEventDefinition errorRef="err"/></bpmn:endEvent>'
        + flow("s", "u")
        + flow("u", "e")
        + "</bpmn:subProcess>"
        '<bpmn:boundaryEvent id="failed" attachedToRef="sub"><bpmn:errorEventDefinition errorRef="err"/>'
        "</bpmn:boundaryEvent>" + flow("failed", "end"),
    )
)
ERROR = '<bpmn:error id="err" errorCode="E1"/>'
WAITS = chain(
    task("receive", "", "receiveTask", 'messageRef="m"'),
    task("catch", TIMER, "intermediateCatchEvent"),
)
PORTABLE = {
    "review": REVIEW,
    "parallel": BLOCK.format("parallel"),
    "multi": MULTI,
    "inside": INSIDE,
    "waits": WAITS,
}


def read_both(inside: str) -> tuple[object, Net]:
    """The normalised tree and the net of a process."""
    root = normalised(drawing(inside, MESSAGE + ERROR)).root
    return root, read(root, "digest").nets["p"]


@pytest.mark.parametrize("name", PORTABLE)
def test_second_opinion_portable_model_agrees(name: str) -> None:
    """What SpiffWorkflow executes rightly, it reads and plays like our game."""
    root, net = read_both(PORTABLE[name])
    opinion = second_opinion(root, net)  # type: ignore[arg-type]
    assert (opinion.verdict, opinion.reason) == ("agrees", "")


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        (chain(task("a", "", "serviceTask", 'cl:operation="o"')), "a service node (a)"),
        (chain(task("a", "", "callActivity", 'calledElement="q"')), "a call node (a)"),
        (chain(task("a", "", "sendTask", 'messageRef="m"')), "a send node (a)"),
        (chain(task("a"), task("b")) + flow("a", "end", id="more"), "an implicit split (a)"),
        (START + task("a")[1] + flow("start", "a"), "a path without an end event (a)"),
        (
            BLOCK.format("parallel") + '<bpmn:userTask id="extra"/>' + flow("split", "extra") + flow("extra", "end"),
            "a parallel block without its own join (split)",
        ),
        (chain(task("a")).replace('"start"', '"Start"'), "the id 'Start' is the name of a task of its own"),
        (
            chain(task("a"))
            + '<bpmn:subProcess id="es" triggeredByEvent="true"><bpmn:startEvent id="s">'
            + '<bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent><bpmn:endEvent id="e"/>'
            + flow("s", "e")
            + "</bpmn:subProcess>",
            "an interrupting event sub-process (s)",
        ),
    ],
)
def test_second_opinion_other_construct_is_named_and_blocks_nothing(inside: str, reason: str) -> None:
    """The portability statement says which construct keeps a model from running elsewhere."""
    root, net = read_both(inside)
    opinion = second_opinion(root, net)  # type: ignore[arg-type]
    assert opinion.verdict == "cannot"
    assert reason in opinion.reason


def test_second_opinion_join_on_a_cycle_is_not_portable() -> None:
    """The library lets such a join fire early in the second round, which is the core shape of the product."""
    again = (
        BLOCK.format("parallel").replace(flow("start", "split"), "").replace(flow("join", "end"), "")
        + '<bpmn:exclusiveGateway id="merge"/><bpmn:exclusiveGateway id="g" default="no"/>'
        + flow("start", "merge")
        + flow("merge", "split")
        + flow("join", "g")
        + flow("g", "merge", "again", "yes")
        + flow("g", "end", id="no")
    )
    _, net = read_both(again)
    assert unportable(net) == "a join on a cycle (join)"


def test_second_opinion_chain_too_long_for_the_library_is_cannot() -> None:
    """A crash of the library is its limit, not a difference."""
    root, net = read_both(chain(*(task(f"n{number}") for number in range(600))))
    opinion = second_opinion(root, net)  # type: ignore[arg-type]
    assert opinion.verdict == "cannot"
    assert "RecursionError" in opinion.reason


def test_second_opinion_hostile_condition_is_never_evaluated() -> None:
    """The library would run a condition as Python; it gets an answer from the scenario instead."""
    hostile = '__import__("os").abort()'
    root, net = read_both(REVIEW)
    for condition in root.iter("{*}conditionExpression"):  # type: ignore[attr-defined]
        condition.text = hostile
    flows = tuple(replace(f, condition=Expression(hostile)) if f.condition else f for f in net.flows)
    assert second_opinion(root, replace(net, flows=flows)).verdict == "agrees"  # type: ignore[arg-type]


def _with_flow(net: Net, index: int, flow: Flow) -> Net:
    return replace(net, flows=(*net.flows[:index], flow, *net.flows[index + 1 :]))


def _with_node(net: Net, node: Node) -> Net:
    return replace(net, nodes=(*net.nodes[: node.index], node, *net.nodes[node.index + 1 :]))


def _retargeted(net: Net) -> Iterator[Net]:
    for each in net.flows:
        for node in net.nodes:
            if node.kind is not Kind.START and node.index != each.target:
                yield _with_flow(net, each.index, replace(each, target=node.index))


def _without_a_flow(net: Net) -> Iterator[Net]:
    for node in net.nodes:
        if node.outgoing:
            yield _with_node(net, replace(node, outgoing=node.outgoing[1:]))


def _other_condition(net: Net) -> Iterator[Net]:
    for each in net.flows:
        condition = None if each.condition else Expression("x")
        yield _with_flow(net, each.index, replace(each, condition=condition))


def _other_kind(net: Net) -> Iterator[Net]:
    for node in net.nodes:
        if node.kind in (Kind.USER, Kind.PARALLEL, Kind.EXCLUSIVE, Kind.RECEIVE, Kind.CATCH):
            yield _with_node(net, replace(node, kind=Kind.MANUAL))


def _other_event(net: Net) -> Iterator[Net]:
    for node in net.nodes:
        if node.event is not None:
            yield _with_node(net, replace(node, event=Event("message", "another")))


def _other_boundary(net: Net) -> Iterator[Net]:
    for node in net.nodes:
        if node.attached_to is not None:
            yield _with_node(net, replace(node, interrupting=not node.interrupting))


def _other_loop(net: Net) -> Iterator[Net]:
    for node in net.nodes:
        if node.multi is not None:
            yield _with_node(net, replace(node, multi=None))
            yield _with_node(net, replace(node, multi=replace(node.multi, sequential=True)))
            yield _with_node(net, replace(node, multi=replace(node.multi, cardinality=Expression("4"))))
        elif node.kind is Kind.USER:
            yield _with_node(net, replace(node, id=f"{node.id}_renamed"))


FAULTS: tuple[Callable[[Net], Iterator[Net]], ...] = (
    _retargeted,
    _without_a_flow,
    _other_condition,
    _other_kind,
    _other_event,
    _other_boundary,
    _other_loop,
)


@pytest.mark.parametrize("name", PORTABLE)
@pytest.mark.parametrize("fault", FAULTS)
def test_second_opinion_fault_of_our_reader_is_found(name: str, fault: Callable[[Net], Iterator[Net]]) -> None:
    """A reader that lost or bent one node, flow, event or flag is contradicted every time."""
    root, net = read_both(PORTABLE[name])
    for faulty in fault(net):
        opinion = second_opinion(root, faulty)  # type: ignore[arg-type]
        assert opinion.verdict == "differs"
        assert opinion.reason


@pytest.mark.parametrize(("above", "below", "verdict"), [("a", "b", "agrees"), ("b", "a", "cannot")])
def test_second_opinion_order_of_the_layout_is_no_difference(above: str, below: str, verdict: str) -> None:
    """The library tries conditions from top to bottom of the picture; the file's order counts, and nobody is blamed."""
    shape = '<di:BPMNShape bpmnElement="{}"><dc:Bounds x="0" y="{}" width="9" height="9"/></di:BPMNShape>'
    beside = (
        '<di:BPMNDiagram xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI" '
        'xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"><di:BPMNPlane bpmnElement="p">'
        + shape.format(above, 100)
        + shape.format(below, 200)
        + "</di:BPMNPlane></di:BPMNDiagram>"
    )
    inside = START + END + '<bpmn:exclusiveGateway id="g"/>' + task("a")[1] + task("b")[1] + flow("start", "g")
    inside += flow("g", "a", "= x &lt; 2") + flow("g", "b", "= x &gt; 1") + flow("a", "end") + flow("b", "end")
    report = check(drawing(inside, beside))
    assert (report.grade, report.opinion.verdict) == ("runs", verdict)
    assert ("order of the layout" in report.opinion.reason) == (verdict == "cannot")


@pytest.mark.parametrize(
    "diagram",
    [
        Diagram().start().throw("t", signal="s").flow("start > t"),
        Diagram().start().end(signal="s").flow("start > end"),
        Diagram().start().throw("t", escalation="e").flow("start > t"),
        Diagram().start().catch("k", condition="x > 1").flow("start > k"),
        Diagram().start().catch("k", message="m", signal="s").flow("start > k"),
        Diagram().start().event_gateway("g", parallel=True).catch("m", message="m").flow("start > g > m"),
        Diagram().event_gateway("g", instantiate=True).catch("m", message="m").flow("g > m"),
        Diagram().receive("r", instantiate=True).user("a").flow("r > a"),
        Diagram().start("s", signal="s").user("a").flow("s > a"),
        Diagram().start().user("a").boundary("b", "a", interrupting=False, signal="s").flow("start > a"),
    ],
)
def test_second_opinion_says_that_it_cannot_judge_events_it_gets_wrong(diagram: Diagram) -> None:
    """What the library drops, mixes up or does not have is never compared, so that no false alarm or praise comes."""
    assert check(diagram.xml().encode()).opinion.verdict == "cannot"


@pytest.mark.parametrize("event", [{"signal": "s"}, {"escalation": "e"}])
def test_second_opinion_finds_another_name_on_events_it_reads(event: dict[str, str]) -> None:
    """Where the library reads an event rightly, a name of ours that is not the file's shows."""
    found = Diagram().start().user("a").boundary("b", "a", **event).flow("start > a")
    net = found.net()
    node = net.node("b")
    wrong = replace(net, nodes=tuple(replace(n, event=Event(n.event.kind, "x")) if n is node else n for n in net.nodes))
    root = normalised(found.xml().encode()).root
    assert second_opinion(root, net).verdict == "cannot"
    assert second_opinion(root, wrong).verdict == "differs"


@pytest.mark.parametrize(
    ("inside", "beside"),
    [
        (chain(task("c", '<bpmn:signalEventDefinition signalRef="s"/>', "intermediateCatchEvent")), "signal"),
        (
            chain(
                task(
                    "c",
                    "<bpmn:conditionalEventDefinition><bpmn:condition>ready</bpmn:condition>"
                    "</bpmn:conditionalEventDefinition>",
                    "intermediateCatchEvent",
                )
            ),
            "",
        ),
        (
            chain(task("c", '<bpmn:escalationEventDefinition escalationRef="x"/>', "intermediateThrowEvent")),
            "escalation",
        ),
    ],
)
def test_second_opinion_reads_the_events_it_would_run_otherwise(inside: str, beside: str) -> None:
    """What the library reads but does not run rightly is no difference, while a wrong reading of it is one."""
    declared = {"signal": '<bpmn:signal id="s" name="alarm"/>', "escalation": '<bpmn:escalation id="x" name="up"/>'}
    root = normalised(drawing(inside, declared.get(beside, ""))).root
    net = read(root, "digest").nets["p"]
    assert second_opinion(root, net).verdict == "cannot"
    wrong = tuple(
        replace(node, event=replace(node.event, name="else", condition=Expression("else")))
        if node.id == "c" and node.event
        else node
        for node in net.nodes
    )
    assert second_opinion(root, replace(net, nodes=wrong)).verdict == "differs"


def test_second_opinion_takes_a_task_for_what_its_words_make_of_it() -> None:
    """A service task that is an expression of ours, or a send task of workers, is no other reading of the file."""
    worker = task("t", more='camunda:type="external" camunda:topic="pump" messageRef="m"', kind="sendTask")
    assert check(drawing(chain(worker), MESSAGE)).opinion.verdict == "cannot"
    root, net = read_both(chain(worker))
    wrong = tuple(replace(node, kind=Kind.USER) if node.id == "t" else node for node in net.nodes)
    assert second_opinion(root, replace(net, nodes=wrong)).verdict == "differs"  # type: ignore[arg-type]


def test_second_opinion_stops_where_our_game_finds_a_loop_without_end() -> None:
    """A loop in which nothing waits would keep the library busy for ever, so it is not asked to play it."""
    ways = flow("start", "m") + flow("m", "g") + flow("g", "m", "again", "yes") + flow("g", "end", id="no")
    report = check(
        drawing(START + END + '<bpmn:exclusiveGateway id="m"/><bpmn:exclusiveGateway id="g" default="no"/>' + ways)
    )
    assert (report.grade, report.opinion.verdict) == ("answers", "cannot")
    assert "game.too_many_steps" in report.opinion.reason
